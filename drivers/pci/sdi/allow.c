// SPDX-License-Identifier: GPL-2.0
/*
 * Software assigned Routing IDs: the RID allowlist
 *
 * Where a device takes its SDIs' Routing IDs from software, somebody has to know
 * which ones are safe. How the specification computes that set is not public.
 * This is a conservative policy, made of rules that already hold for every
 * requester:
 *
 * 1. the bus number is in the range of the Downstream Port above the PF, as
 *    completions are routed by it and ACS Source Validation checks it; a PF
 *    without such a port has its own bus only
 * 2. it is not below the number of the PF's own bus
 * 3. no function has the Routing ID, and no bridge has the bus
 * 4. no VF of any PF reaches it with its TotalVFs
 * 5. no other PF's strided SDI has it
 * 6. no function can send requests with it as an alias or a Phantom Function
 *
 * The list is a function of what enumeration has found, and computed anew when
 * that changes. A Routing ID that a live SDI of the PF has stays in the list, since
 * a device may stop the SDI otherwise. It goes when the SDI goes. Devices with a
 * list of their own then get the new one by a work item. Nothing depends on that
 * being quick: each SDI's claim looks at the functions once more (claim.c).
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/bitmap.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

#include "../pci.h"
#include "sdi.h"

/* PFs in software assigned mode */
static LIST_HEAD(software_pfs);
static DEFINE_MUTEX(software_lock);

/* A bit for each Routing ID of the bus numbers that lead to the PF */
struct rid_map {
	const struct pci_dev *pf;
	u32 first;
	u32 last;
	bool kept;
	unsigned long *allowed;
};

static void forbid(struct rid_map *map, u32 first, u32 last)
{
	first = max(first, map->first);
	last = min(last, map->last);
	if (first <= last)
		bitmap_clear(map->allowed, first - map->first,
			     last - first + 1);
}

static void forbid_aliases(struct rid_map *map, struct pci_dev *dev)
{
	unsigned int devfn;
	u32 rid;

	if (dev->dma_alias_mask)
		for_each_set_bit(devfn, dev->dma_alias_mask, MAX_NR_DEVFNS) {
			rid = PCI_DEVID(dev->bus->number, devfn);
			forbid(map, rid, rid);
		}

	/*
	 * Device Control says whether Phantom Functions are turned on, but the
	 * device may be in a reset or without power. So leave them out if the
	 * device supports them.
	 */
	rid = pci_dev_id(dev);
	if (!dev->is_virtfn && dev->devcap & PCI_EXP_DEVCAP_PHANTOM)
		forbid(map, rid & ~0x7, rid | 0x7);
}

#ifdef CONFIG_PCI_IOV
/*
 * Offset and stride may depend on how many VFs are enabled. Where they are
 * others than now, sriov_enable() finds the conflict by its claim.
 */
static void forbid_vfs(struct rid_map *map, const struct pci_dev *dev)
{
	struct pci_rid_range vfs;
	u32 i, rid;

	if (!pci_is_sriov_physfn(dev) || !dev->sriov->offset)
		return;

	pci_rid_range_init(&vfs, dev, dev->sriov->offset, dev->sriov->stride,
			   dev->sriov->total_VFs);
	for (i = 0; i < vfs.count; i++) {
		rid = pci_rid_range_nth(&vfs, i);
		forbid(map, rid, rid);
	}
}
#else
static void forbid_vfs(struct rid_map *map, const struct pci_dev *dev) { }
#endif

static void forbid_strided_sdis(struct rid_map *map, const struct pci_dev *dev)
{
	struct pci_rid_range sdis = pci_siov_rids(dev);
	u32 i, rid;

	if (dev == map->pf || !pci_is_siov_physfn(dev) ||
	    dev->siov->rid_mode != PCI_SIOV_RID_STRIDED)
		return;

	for (i = 0; i < sdis.count; i++) {
		rid = pci_rid_range_nth(&sdis, i);
		forbid(map, rid, rid);
	}
}

static void forbid_bus(struct rid_map *map, const struct pci_bus *bus)
{
	const struct pci_bus *child;
	struct pci_dev *dev;

	list_for_each_entry(dev, &bus->devices, bus_list) {
		forbid(map, pci_dev_id(dev), pci_dev_id(dev));
		forbid_aliases(map, dev);
		forbid_vfs(map, dev);
		forbid_strided_sdis(map, dev);
	}

	/* Buses made for VFs have no bridge, and are as good as the PF's own */
	list_for_each_entry(child, &bus->children, node) {
		if (child->self)
			forbid(map, PCI_DEVID(child->busn_res.start, 0),
			       PCI_DEVID(child->busn_res.end, 0xff));
		else
			forbid_bus(map, child);
	}
}

/* No function or VF gets these while the SDI has them */
static void keep_claimed(struct rid_map *map)
{
	struct xarray *claims = &pci_find_host_bridge(map->pf->bus)->rid_claims;
	unsigned long rid;
	void *entry;

	xa_for_each_range(claims, rid, entry, map->first, map->last)
		if (pci_rid_claimed_by(map->pf, rid) &&
		    !__test_and_set_bit(rid - map->first, map->allowed))
			map->kept = true;
}

static int map_to_spans(const struct rid_map *map, struct pci_rid_span **spans)
{
	unsigned long bits = map->last - map->first + 1;
	unsigned long begin, end;
	struct pci_rid_span *s;
	int n = 0;

	for_each_set_bitrange(begin, end, map->allowed, bits)
		n++;

	s = kcalloc(max(n, 1), sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;

	*spans = s;
	for_each_set_bitrange(begin, end, map->allowed, bits) {
		s->first = map->first + begin;
		s->last = map->first + end - 1;
		s++;
	}

	return n;
}

static int compute_list(struct pci_dev *pf, struct pci_rid_span **spans,
			bool *kept)
{
	struct rid_map map = {
		.pf = pf,
		.first = PCI_DEVID(pf->bus->number, 0),
	};
	unsigned long *allowed __free(bitmap) = NULL;

	scoped_guard(rwsem_read, &pci_bus_sem) {
		map.last = PCI_DEVID(pci_is_root_bus(pf->bus) ?
				     pf->bus->number : pf->bus->busn_res.end,
				     0xff);
		allowed = bitmap_alloc(map.last - map.first + 1, GFP_KERNEL);
		if (!allowed)
			return -ENOMEM;

		bitmap_fill(allowed, map.last - map.first + 1);
		map.allowed = allowed;
		forbid_bus(&map, pf->bus);
	}

	keep_claimed(&map);
	*kept = map.kept;
	return map_to_spans(&map, spans);
}

/**
 * pci_siov_allowlist() - Compute the Routing IDs that SDIs of a PF may use
 * @pf: the PF
 * @spans: set to the list, in rising order; the caller frees it with kfree()
 *
 * Policy, see the head of this file.
 *
 * Context: takes pci_bus_sem; reads no register.
 *
 * Return: number of elements of @spans, -ENOMEM.
 */
int pci_siov_allowlist(struct pci_dev *pf, struct pci_rid_span **spans)
{
	bool kept;

	return compute_list(pf, spans, &kept);
}

/* The PF is resumed, as it is for as long as software assigns Routing IDs */
static int tell_device(struct pci_siov_pf *spf, const struct pci_rid_span *spans,
		       unsigned int n)
{
	struct pci_dev *pf = spf->pf;

	lockdep_assert_held(&spf->tell_lock);

	return pf->driver->siov_ops->rid_allow(pf, spans, n);
}

static void set_list(struct pci_siov_pf *spf, struct pci_rid_span *spans, int n)
{
	lockdep_assert_held(&spf->allow_lock);
	lockdep_assert_held(&spf->tell_lock);

	kfree(spf->allow);
	spf->allow = spans;
	spf->nr_allow = n;
}

static int renew_list(struct pci_siov_pf *spf)
{
	struct pci_rid_span *spans __free(kfree) = NULL;
	bool kept;
	int n, ret;

	lockdep_assert_held(&spf->allow_lock);

	n = compute_list(spf->pf, &spans, &kept);
	if (n < 0)
		return n;

	WRITE_ONCE(spf->allow_kept, kept);

	if (spf->allow && n == spf->nr_allow &&
	    !memcmp(spans, spf->allow, n * sizeof(*spans)))
		return 0;

	guard(mutex)(&spf->tell_lock);
	ret = pci_siov_pf_check(spf, PCI_SIOV_PF_ALLOW) ?:
	      tell_device(spf, spans, n);
	if (!ret)
		set_list(spf, no_free_ptr(spans), n);

	return ret;
}

static void allow_work(struct work_struct *work)
{
	struct pci_siov_pf *spf = container_of(work, struct pci_siov_pf, allow_work);
	int ret;

	guard(mutex)(&spf->allow_lock);
	if (spf->pf->siov->rid_mode != PCI_SIOV_RID_SOFTWARE)
		return;

	/* The end of a reset comes back here */
	ret = renew_list(spf);
	if (ret && ret != -EAGAIN)
		pci_warn(spf->pf, "could not renew the RID allowlist: %d\n",
			 ret);
}

/**
 * pci_siov_bus_changed() - Functions, VFs or buses have come or gone
 * @bus: where; the lists of functions and buses are up to date
 *
 * Context: any lock of the PCI core but pci_bus_sem may be held.
 */
void pci_siov_bus_changed(struct pci_bus *bus)
{
	struct pci_host_bridge *bridge;
	struct pci_siov_pf *spf;

	/* Read without the lock: who is added later computes its list later */
	if (list_empty(&software_pfs))
		return;

	bridge = pci_find_host_bridge(bus);
	guard(mutex)(&software_lock);
	list_for_each_entry(spf, &software_pfs, software_node)
		if (spf->bridge == bridge)
			schedule_work(&spf->allow_work);
}

static void list_pf(struct pci_siov_pf *spf)
{
	guard(mutex)(&software_lock);
	list_add(&spf->software_node, &software_pfs);
}

static void unlist_pf(struct pci_siov_pf *spf)
{
	guard(mutex)(&software_lock);
	list_del_init(&spf->software_node);
}

/* Without power the device could forget the list, and nobody would notice */
static int start_software_mode(struct pci_siov_pf *spf)
{
	int ret;

	ret = pm_runtime_resume_and_get(&spf->pf->dev);
	if (ret)
		return ret;

	list_pf(spf);
	ret = renew_list(spf);
	if (!ret)
		return 0;

	unlist_pf(spf);
	pm_runtime_put(&spf->pf->dev);
	return ret;
}

/* A device that does not answer has lost the list when it answers again */
static void stop_software_mode(struct pci_siov_pf *spf, bool answers)
{
	unlist_pf(spf);

	scoped_guard(mutex, &spf->tell_lock) {
		/* Whoever freezes the PF waits for tell_lock after that */
		if (answers && READ_ONCE(spf->state) != PCI_SIOV_PF_FROZEN &&
		    READ_ONCE(spf->state) != PCI_SIOV_PF_SHUT)
			tell_device(spf, NULL, 0);
		set_list(spf, NULL, 0);
	}

	pm_runtime_put(&spf->pf->dev);
}

/**
 * pci_siov_set_rid_mode() - Choose who assigns the SDIs' Routing IDs
 * @pf: the PF
 * @mode: the mode
 *
 * Return: 0, -ENODEV without a driver that can create SDIs, -EOPNOTSUPP if the
 * device or its driver takes no Routing IDs from software, -EBUSY while SDIs or
 * IDE streams exist, -EAGAIN while @pf is reset.
 */
int pci_siov_set_rid_mode(struct pci_dev *pf, enum pci_siov_rid_mode mode)
{
	struct pci_siov_pf *spf = pci_siov_pf(pf);
	int ret = 0;

	guard(mutex)(&spf->allow_lock);
	if (pf->siov->rid_mode == mode)
		return 0;

	/* Pin the driver, and let no SDI or IDE stream be added meanwhile */
	scoped_guard(mutex, &spf->lock) {
		ret = pci_siov_pf_event(spf, PCI_SIOV_PF_CREATE);
		if (ret)
			return ret;
		if (!spf->ops->rid_allow)
			return -EOPNOTSUPP;
		if (spf->users || spf->streams)
			return -EBUSY;
		spf->users++;
		spf->mode_change = true;
	}

	if (mode == PCI_SIOV_RID_SOFTWARE)
		ret = start_software_mode(spf);
	else
		stop_software_mode(spf, true);

	scoped_guard(mutex, &spf->lock) {
		if (!ret)
			pf->siov->rid_mode = mode;
		spf->mode_change = false;
		WRITE_ONCE(spf->users, spf->users - 1);
	}
	wake_up_all(&spf->idle);

	/* Others must leave out strided Routing IDs of this PF, and only those */
	if (!ret)
		pci_siov_bus_changed(pf->bus);

	return ret;
}

/**
 * pci_sdi_claim_allowed_rid() - Claim a Routing ID of the allowlist
 * @sdi: SDI of a PF in software assigned mode
 * @rid: the Routing ID, or %PCI_SDI_ANY_RID
 *
 * Return: 0, -ENXIO if @rid is not in the list, -EBUSY if it is not free or
 * none is, -ENOMEM.
 */
int pci_sdi_claim_allowed_rid(struct pci_sdi *sdi, u32 rid)
{
	struct pci_siov_pf *spf = pci_siov_pf(sdi->pf);
	const struct pci_rid_span *span;
	int ret;

	guard(mutex)(&spf->allow_lock);

	for (span = spf->allow; span < spf->allow + spf->nr_allow; span++) {
		if (rid == PCI_SDI_ANY_RID) {
			ret = pci_sdi_claim_rid_between(sdi, span->first,
							span->last);
			if (ret != -EBUSY)
				return ret;
		} else if (rid >= span->first && rid <= span->last) {
			return pci_sdi_claim_rid(sdi, rid, false);
		}
	}

	if (rid == PCI_SDI_ANY_RID)
		pci_info_ratelimited(sdi->pf, "SDI %u: no Routing ID of the allowlist is free\n",
				     sdi->index);
	else
		pci_info_ratelimited(sdi->pf, "SDI %u cannot have Routing ID %02x:%02x.%x: it is not in rid_allowlist\n",
				     sdi->index, PCI_BUS_NUM(rid),
				     PCI_SLOT(rid), PCI_FUNC(rid));

	return rid == PCI_SDI_ANY_RID ? -EBUSY : -ENXIO;
}

/**
 * pci_siov_allow_restore() - Give a device its allowlist after a reset
 * @spf: the SDIs of a PF
 *
 * Context: &pci_siov_pf.reset_lock is held.
 */
void pci_siov_allow_restore(struct pci_siov_pf *spf)
{
	guard(mutex)(&spf->tell_lock);
	/* There is one in software assigned mode only */
	if (!spf->allow)
		return;

	if (tell_device(spf, spf->allow, spf->nr_allow))
		pci_warn(spf->pf, "could not restore the RID allowlist\n");
}

/**
 * pci_siov_allow_sync() - Wait until &pci_siov_ops.rid_allow has returned
 * @spf: a PF that was just frozen or shut down
 */
void pci_siov_allow_sync(struct pci_siov_pf *spf)
{
	mutex_lock(&spf->tell_lock);
	mutex_unlock(&spf->tell_lock);
}

/**
 * pci_siov_allow_renew() - Make up for changes of the bus during a reset
 * @spf: the PF
 */
void pci_siov_allow_renew(struct pci_siov_pf *spf)
{
	if (spf->pf->siov->rid_mode == PCI_SIOV_RID_SOFTWARE)
		schedule_work(&spf->allow_work);
}

/**
 * pci_siov_allow_release() - An SDI has given back its Routing ID
 * @spf: the PF
 *
 * The list may have had it for the sake of this SDI alone.
 *
 * Context: &pci_siov_pf.lock is held, and the SDI still counts as a user.
 */
void pci_siov_allow_release(struct pci_siov_pf *spf)
{
	if (READ_ONCE(spf->allow_kept))
		pci_siov_allow_renew(spf);
}

/**
 * pci_siov_allow_init() - Prepare a PF for software assigned Routing IDs
 * @spf: the SDIs of the PF
 */
void pci_siov_allow_init(struct pci_siov_pf *spf)
{
	mutex_init(&spf->allow_lock);
	mutex_init(&spf->tell_lock);
	INIT_LIST_HEAD(&spf->software_node);
	INIT_WORK(&spf->allow_work, allow_work);
}

/**
 * pci_siov_allow_end() - Go back to strided mode as the PF's driver goes
 * @spf: the PF; it has no SDI any more
 * @answers: the device answers and can be told
 */
void pci_siov_allow_end(struct pci_siov_pf *spf, bool answers)
{
	scoped_guard(mutex, &spf->allow_lock) {
		if (spf->pf->siov->rid_mode == PCI_SIOV_RID_SOFTWARE) {
			stop_software_mode(spf, answers);
			spf->pf->siov->rid_mode = PCI_SIOV_RID_STRIDED;
			pci_siov_bus_changed(spf->pf->bus);
		}
	}

	cancel_work_sync(&spf->allow_work);
}
