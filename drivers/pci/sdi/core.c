// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces (SDIs) of SIOV Physical Functions
 *
 * An SDI has a Routing ID and nothing else of a PCI function: no configuration
 * space, no BARs, no capabilities. So it is no struct pci_dev but a device on
 * a bus of its own, and the Routing ID is what the IOMMU and interrupt
 * remapping need to know of it.
 *
 * SDIs are created and destroyed one at a time. Creation does all that can fail
 * before it lets anybody see or bind the SDI. Destruction cannot fail. Neither
 * looks at another SDI or sleeps a fixed time.
 *
 * Isolation fails closed. Where the PF is behind an IOMMU, an SDI that is not
 * translated by it is not created. DMA is off until the SDI's driver turns it
 * on, and an SDI is reset whenever a driver lets go of it. An SDI that cannot
 * be stopped is never given to anybody else.
 *
 * The locks are described with struct pci_siov_pf.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/dma-mapping.h>
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/lockdep.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "../pci.h"
#include "sdi.h"

/* "sdi" and a u32 */
#define SDI_LINK_LEN	14

static struct kmem_cache *sdi_cache;
static struct lock_class_key device_key;

static const char *sdi_rid_name(const struct pci_sdi *sdi,
				char name[PCI_RID_NAME_LEN])
{
	return pci_rid_name(sdi->pf, sdi->rid, name);
}

/* Allocation: index, Routing ID, and what goes with them */

static void pci_sdi_free(struct device *dev)
{
	struct pci_sdi_core *core = to_sdi_core(to_pci_sdi(dev));

	pci_dev_put(core->sdi.pf);
	mutex_destroy(&core->lock);
	mutex_destroy(&core->notify_lock);
	kmem_cache_free(sdi_cache, core);
}

static const struct device_type pci_sdi_type = {
	.name = "pci_sdi",
	.release = pci_sdi_free,
};

static struct pci_sdi_core *pci_sdi_alloc(struct pci_dev *pf)
{
	struct pci_sdi_core *core = kmem_cache_zalloc(sdi_cache, GFP_KERNEL);
	struct pci_sdi *sdi = &core->sdi;

	if (!core)
		return NULL;

	device_initialize(&sdi->dev);
	lockdep_set_class(&sdi->dev.mutex, &device_key);
	mutex_init(&core->notify_lock);
	mutex_init(&core->lock);
	sdi->pf = pci_dev_get(pf);
	sdi->ids = (struct pci_sdi_ids) {
		.vendor = pf->vendor,
		.device = pf->device,
		.subsystem_vendor = pf->subsystem_vendor,
		.subsystem_device = pf->subsystem_device,
		.class = pf->class,
		.revision = pf->revision,
	};

	sdi->dev.parent = &pf->dev;
	sdi->dev.bus = &pci_sdi_bus_type;
	sdi->dev.type = &pci_sdi_type;
	core->dma_mask = DMA_BIT_MASK(32);
	sdi->dev.dma_mask = &core->dma_mask;
	sdi->dev.coherent_dma_mask = DMA_BIT_MASK(32);
	sdi->dev.dma_parms = &core->dma_parms;
	dma_set_max_seg_size(&sdi->dev, SZ_64K);
	dma_set_seg_boundary(&sdi->dev, DMA_BIT_MASK(32));
	/* The PF is awake while it has SDIs: five files less in each of them */
	pm_runtime_no_callbacks(&sdi->dev);

	return core;
}

/*
 * Take index @sdi->index, or the first free one from there on if @any. The PF's
 * driver stays for as long as the SDI has an index.
 */
static int take_index(struct pci_sdi_core *core, bool any)
{
	struct pci_sdi *sdi = &core->sdi;
	struct pci_siov_pf *spf = pci_siov_pf(sdi->pf);
	u32 last = sdi->pf->siov->total_sdis - 1;
	int ret;

	guard(mutex)(&spf->lock);
	ret = pci_siov_pf_event(spf, PCI_SIOV_PF_CREATE);
	if (ret)
		return ret;
	if (spf->mode_change)
		return -EAGAIN;
	if (sdi->index > last)
		return any ? -ENOSPC : -ERANGE;

	if (any)
		ret = xa_alloc(&spf->sdi, &sdi->index, core,
			       XA_LIMIT(sdi->index, last), GFP_KERNEL);
	else
		ret = xa_insert(&spf->sdi, sdi->index, core, GFP_KERNEL);
	if (ret)
		return any && ret == -EBUSY ? -ENOSPC : ret;

	core->ops = spf->ops;
	sdi->generation = ++spf->generation;
	spf->users++;

	return 0;
}

static void drop_user(struct pci_siov_pf *spf)
{
	lockdep_assert_held(&spf->lock);

	WRITE_ONCE(spf->users, spf->users - 1);
	wake_up_all(&spf->idle);
}

/*
 * Give index and Routing ID to others, or keep both from them until the PF is
 * reset.
 */
static void put_identity(struct pci_sdi_core *core)
{
	struct pci_sdi *sdi = &core->sdi;
	struct pci_siov_pf *spf = pci_siov_pf(sdi->pf);

	guard(mutex)(&spf->lock);

	if (READ_ONCE(core->state) == PCI_SDI_QUARANTINE) {
		pci_sdi_quarantine_rid(sdi);
		xa_store(&spf->sdi, sdi->index, xa_mk_value(sdi->rid),
			 GFP_KERNEL);
	} else {
		pci_sdi_release_rid(sdi);
		xa_erase(&spf->sdi, sdi->index);
	}

	pci_siov_allow_release(spf);
	drop_user(spf);
}

/* As put_identity(), of an SDI that has got no Routing ID */
static void put_index(struct pci_sdi_core *core)
{
	struct pci_siov_pf *spf = pci_siov_pf(core->sdi.pf);

	guard(mutex)(&spf->lock);
	xa_erase(&spf->sdi, core->sdi.index);
	drop_user(spf);
}

/* A strided Routing ID follows from the index */
static int claim_strided_rid(struct pci_sdi *sdi, u32 rid, bool quiet)
{
	struct pci_rid_range rids = pci_siov_rids(sdi->pf);
	u32 nth;

	if (sdi->index >= rids.count) {
		if (!quiet)
			pci_info_ratelimited(sdi->pf, "SDI %u has no Routing ID, %s\n",
					     sdi->index, rids.count ?
					     "it would lie past bus ff" :
					     "the capability has changed");
		return -ENXIO;
	}

	nth = pci_rid_range_nth(&rids, sdi->index);
	if (rid != PCI_SDI_ANY_RID && rid != nth) {
		pci_info_ratelimited(sdi->pf, "SDI %u has Routing ID %02x:%02x.%x and no other in strided mode\n",
				     sdi->index, PCI_BUS_NUM(nth),
				     PCI_SLOT(nth), PCI_FUNC(nth));
		return -EINVAL;
	}

	if (!pci_sdis_stream_covers(pci_siov_pf(sdi->pf), nth)) {
		if (!quiet)
			pci_info_ratelimited(sdi->pf, "SDI %u has Routing ID %02x:%02x.%x, that an older IDE stream does not cover\n",
					     sdi->index, PCI_BUS_NUM(nth),
					     PCI_SLOT(nth), PCI_FUNC(nth));
		return -ENXIO;
	}

	return pci_sdi_claim_rid(sdi, nth, quiet);
}

static void report_index(const struct pci_sdi *sdi, bool any, int ret)
{
	struct pci_dev *pf = sdi->pf;

	switch (ret) {
	case -ENODEV:
		pci_info_ratelimited(pf, "no driver that can create SDIs is bound\n");
		break;
	case -EBUSY:
		pci_info_ratelimited(pf, "SDI %u exists, or never stopped and waits for a reset of this function\n",
				     sdi->index);
		break;
	case -ERANGE:
		pci_info_ratelimited(pf, "there is no SDI %u, the last is %u\n",
				     sdi->index, pf->siov->total_sdis - 1);
		break;
	case -ENOSPC:
		pci_info_ratelimited(pf, "no SDI is free, or none whose Routing ID can be used (see usable_sdis)\n");
		break;
	}
}

/*
 * The next index to try where that of @sdi has a Routing ID that cannot be
 * used. Where the bus number is the reason, it is for all on that bus.
 */
static u32 next_index(const struct pci_sdi *sdi, int ret)
{
	struct pci_rid_range rids = pci_siov_rids(sdi->pf);
	u32 next_bus;

	if (sdi->index >= rids.count)
		return sdi->pf->siov->total_sdis;
	if (ret != -ENXIO || !rids.stride)
		return sdi->index + 1;

	next_bus = pci_rid_range_nth(&rids, sdi->index) | 0xff;
	return (next_bus - rids.first) / rids.stride + 1;
}

/* In strided mode a Routing ID says which SDI is wanted */
static u32 wanted_index(const struct pci_dev *pf,
			const struct pci_sdi_params *params)
{
	struct pci_rid_range rids = pci_siov_rids(pf);
	u32 index;

	if (params->index != PCI_SDI_ANY_INDEX ||
	    params->rid == PCI_SDI_ANY_RID || params->rid < rids.first ||
	    pf->siov->rid_mode == PCI_SIOV_RID_SOFTWARE)
		return params->index;

	index = rids.stride ? (params->rid - rids.first) / rids.stride : 0;
	if (index >= rids.count ||
	    pci_rid_range_nth(&rids, index) != params->rid)
		return params->index;

	return index;
}

/*
 * Index and Routing ID. In strided mode, one whose Routing ID cannot be used is
 * passed over if the caller takes any. Those in the way are as many as the
 * VFs, functions and buses in reach.
 */
static int take_identity(struct pci_sdi_core *core,
			 const struct pci_sdi_params *params)
{
	u32 index = wanted_index(core->sdi.pf, params);
	bool any = index == PCI_SDI_ANY_INDEX;
	struct pci_sdi *sdi = &core->sdi;
	bool software, quiet;
	int ret;

	sdi->index = any ? 0 : index;

	for (;;) {
		ret = take_index(core, any);
		if (ret) {
			report_index(sdi, any, ret);
			return ret;
		}

		/* The mode stays while an index is taken */
		software = sdi->pf->siov->rid_mode == PCI_SIOV_RID_SOFTWARE;
		quiet = any && params->rid == PCI_SDI_ANY_RID;
		if (software)
			ret = pci_sdi_claim_allowed_rid(sdi, params->rid);
		else
			ret = claim_strided_rid(sdi, params->rid, quiet);
		if (!ret)
			return 0;

		put_index(core);
		if (software || !quiet || (ret != -EBUSY && ret != -ENXIO))
			return ret;
		sdi->index = next_index(sdi, ret);
	}
}

/* Creation */

static int sdi_start(struct pci_sdi_core *core)
{
	struct pci_sdi *sdi = &core->sdi;
	int ret;

	guard(mutex)(&core->lock);

	ret = pci_sdi_event(core, PCI_SDI_INIT);
	if (ret) {
		pci_warn(sdi->pf, "SDI %u: the PF's driver could not enable it: %d\n",
			 sdi->index, ret);
		return ret;
	}

	ret = pci_sdi_claim_regions(sdi);
	if (ret)
		pci_sdi_event(core, PCI_SDI_RELEASE);

	return ret;
}

/* Does the PF answer, or did it when its driver began to go? */
static bool release_event(const struct pci_sdi *sdi, enum pci_sdi_event *event)
{
	struct pci_siov_pf *spf = pci_siov_pf(sdi->pf);

	guard(mutex)(&spf->lock);
	*event = PCI_SDI_RELEASE;
	if (spf->state != PCI_SIOV_PF_LEAVING)
		return spf->state == PCI_SIOV_PF_READY;
	if (!spf->answers)
		*event = PCI_SDI_LEAVE;
	return spf->answers;
}

/* Is the SDI still frozen after a reset that has stopped it for sure? */
static bool was_stopped(const struct pci_sdi_core *core)
{
	return core->state == PCI_SDI_FROZEN &&
	       pci_sdi_thaw_event(core) == PCI_SDI_THAW;
}

/*
 * After a reset of the PF the SDI may not have been brought back yet. That need
 * not be done if the reset has stopped it for sure. If the PF does not answer,
 * the SDI becomes an orphan, and is released when the PF thaws or loses its
 * driver.
 */
static void sdi_release(struct pci_sdi_core *core)
{
	enum pci_sdi_event event;
	bool answers, stopped;

	lockdep_assert_held(&core->lock);
	answers = release_event(&core->sdi, &event);
	stopped = was_stopped(core);
	if (answers && !stopped && pci_sdi_is_frozen(core))
		pci_sdi_event(core, pci_sdi_thaw_event(core));
	core->may_hang = pci_sdi_may_send(core->state);
	pci_sdi_event(core, event);
	if (answers && stopped)
		pci_sdi_event(core, PCI_SDI_THAW);
}

/*
 * Take the SDI from the device. Where the PF does not answer, whoever thaws or
 * leaves the PF does it, and finishes what is begun here.
 *
 * Return: true if the caller is to finish it.
 */
static bool sdi_stop(struct pci_sdi_core *core)
{
	guard(mutex)(&core->lock);

	/* It may have become possible since */
	if (core->state == PCI_SDI_RUNNING || core->state == PCI_SDI_STUCK)
		pci_sdi_event(core, PCI_SDI_RESET);
	sdi_release(core);
	return core->state != PCI_SDI_ORPHAN;
}

/* Is the SDI as isolated as the PF is? */
static bool sdi_is_translated(struct pci_sdi *sdi)
{
	return device_iommu_mapped(&sdi->dev) ||
	       !device_iommu_mapped(&sdi->pf->dev);
}

static void link_name(const struct pci_sdi *sdi, char name[SDI_LINK_LEN])
{
	scnprintf(name, SDI_LINK_LEN, "sdi%u", sdi->index);
}

static int add_links(struct pci_sdi *sdi)
{
	struct kobject *pf = &sdi->pf->dev.kobj;
	struct kobject *kobj = &sdi->dev.kobj;
	char name[SDI_LINK_LEN];
	int ret;

	ret = sysfs_create_link(kobj, pf, "physfn");
	if (ret)
		return ret;

	link_name(sdi, name);
	ret = sysfs_add_link_to_group(pf, "siov", kobj, name);
	if (ret)
		sysfs_remove_link(kobj, "physfn");

	return ret;
}

static void remove_links(struct pci_sdi *sdi)
{
	char name[SDI_LINK_LEN];

	link_name(sdi, name);
	sysfs_remove_link_from_group(&sdi->pf->dev.kobj, "siov", name);
	sysfs_remove_link(&sdi->dev.kobj, "physfn");
}

/*
 * Make the device known. No driver is matched before sdi_publish(), and no
 * uevent is sent.
 */
static int sdi_add(struct pci_sdi *sdi)
{
	int ret;

	dev_set_uevent_suppress(&sdi->dev, true);
	/* Where the PF's interrupts are remapped the SDI's are */
	dev_set_msi_domain(&sdi->dev, dev_get_msi_domain(&sdi->pf->dev));

	ret = device_add(&sdi->dev);
	if (ret)
		return ret;

	/* device_add() does not say whether the IOMMU took the device */
	if (!sdi_is_translated(sdi)) {
		pci_warn(sdi->pf, "SDI %u: the IOMMU of this function does not translate Routing ID %s\n",
			 sdi->index, dev_name(&sdi->dev));
		device_del(&sdi->dev);
		return -ENODEV;
	}

	ret = add_links(sdi);
	if (ret)
		device_del(&sdi->dev);

	return ret;
}

/*
 * The point of no return, unless the PF's driver has begun to go. Who destroys
 * the SDI from here on waits for the lock, so that its uevents come in order.
 */
static int sdi_publish(struct pci_sdi_core *core)
{
	struct pci_sdi *sdi = &core->sdi;
	struct pci_siov_pf *spf = pci_siov_pf(sdi->pf);
	bool warn;

	guard(mutex)(&core->lock);

	/* A reset may have hidden the PF's ACS, so the group may be wrong */
	if (pci_sdi_is_frozen(core))
		return -EAGAIN;
	/* It may have failed before device_add(), and then is not blocked */
	if (pci_sdi_may_send(core->state))
		return -EIO;

	scoped_guard(mutex, &spf->lock) {
		if (pci_siov_pf_check(spf, PCI_SIOV_PF_CREATE) == -ENODEV)
			return -ENODEV;

		xa_set_mark(&spf->sdi, sdi->index, PCI_SDI_LIVE);
		sdi->pf->siov->num_sdis++;
		warn = !spf->warned && !device_iommu_mapped(&sdi->dev);
		spf->warned |= warn;
	}

	if (warn)
		pci_warn(sdi->pf, "no IOMMU: the SDIs of this function are not isolated from anything\n");

	dev_set_uevent_suppress(&sdi->dev, false);
	kobject_uevent(&sdi->dev.kobj, KOBJ_ADD);
	return 0;
}

static void sdi_remove(struct pci_sdi *sdi)
{
	remove_links(sdi);
	device_del(&sdi->dev);
}

static int sdi_bring_up(struct pci_sdi_core *core)
{
	int ret;

	ret = sdi_add(&core->sdi);
	if (ret)
		return ret;

	ret = sdi_publish(core);
	if (ret)
		sdi_remove(&core->sdi);

	return ret;
}

/* The PF's driver may want to name the SDI in a message */
static int sdi_prepare(struct pci_sdi *sdi, const struct pci_sdi_params *params)
{
	char name[PCI_RID_NAME_LEN];
	int ret;

	ret = pci_sdi_take_params(sdi, params) ?:
	      dev_set_name(&sdi->dev, "%s", sdi_rid_name(sdi, name));
	if (ret || !params->driver_override)
		return ret;

	return device_set_driver_override(&sdi->dev, params->driver_override);
}

/*
 * Give back what an SDI holds while it exists: the PF's runtime PM reference,
 * its index and Routing ID, and the reference that keeps it. The caller has
 * dealt with its device and with the PF's driver.
 */
static void sdi_finish(struct pci_sdi_core *core)
{
	pm_runtime_put(&core->sdi.pf->dev);
	/* Only now does the IOMMU block the Routing ID */
	put_identity(core);
	pci_sdi_put(&core->sdi);
}

/**
 * pci_sdi_finish() - End what destroying an SDI has begun
 * @core: an SDI that the PF's driver has released
 *
 * Drops the reference of the SDI's existence.
 */
void pci_sdi_finish(struct pci_sdi_core *core)
{
	struct pci_sdi *sdi = &core->sdi;

	if (READ_ONCE(core->state) == PCI_SDI_QUARANTINE)
		dev_warn(&sdi->dev, "could not be stopped; SDI %u and its Routing ID are out of use until %s is reset\n",
			 sdi->index, pci_name(sdi->pf));
	pci_sdi_release_regions(sdi);
	sdi_finish(core);
}

static int sdi_create(struct pci_sdi_core *core,
		      const struct pci_sdi_params *params)
{
	struct device *pf = &core->sdi.pf->dev;
	int ret;

	ret = take_identity(core, params);
	if (ret)
		return ret;

	ret = sdi_prepare(&core->sdi, params) ?: pm_runtime_resume_and_get(pf);
	if (ret) {
		put_identity(core);
		return ret;
	}

	/* That of the SDI's existence; the first one is the caller's */
	pci_sdi_get(&core->sdi);

	ret = sdi_start(core);
	core->sdi.create_data = NULL;
	if (ret) {
		sdi_finish(core);
		return ret;
	}

	ret = sdi_bring_up(core);
	if (ret && sdi_stop(core))
		pci_sdi_finish(core);

	return ret;
}

static int refuse_pf(struct pci_dev *pf)
{
	const char *why = pci_siov_pf(pf)->refused;

	if (!why)
		return 0;

	pci_info_ratelimited(pf, "no SDIs on this function: %s\n", why);
	return -EPERM;
}

/**
 * pci_sdi_create() - Create one SDI
 * @pf: the PF, bound to a driver with &struct pci_siov_ops
 * @params: which SDI, and how
 *
 * Not possible in the probe and remove functions of the PF's driver. There is
 * no need to hold a lock of the PF.
 *
 * Context: process context, sleeps. The caller may hold locks, device_lock() of @pf
 * among them, but none that a function of &struct pci_siov_ops, or the probe function of
 * a driver of SDIs, takes.
 *
 * Return: the SDI, with a reference that the caller drops by pci_sdi_put().
 * The administrator may destroy the SDI at any time. Or an ERR_PTR(): -ENODEV
 * if @pf has no driver that can, or the IOMMU that covers @pf does not cover
 * the SDI; -EPERM if SDIs could not be isolated on @pf; -EBUSY if the index or
 * the Routing ID is taken, or SDIs of an earlier owner run; -ERANGE and -ENOSPC
 * if there is no such SDI or no free one; -ENXIO if the Routing ID cannot be
 * used; -EAGAIN while @pf is reset; -EINVAL; -ENOMEM; or an error of the PF's
 * driver.
 */
struct pci_sdi *pci_sdi_create(struct pci_dev *pf,
			       const struct pci_sdi_params *params)
{
	struct pci_sdi *sdi __free(pci_sdi_put) = NULL;
	struct pci_sdi_core *core;
	int ret;

	if (!pci_is_siov_physfn(pf) || !pci_siov_pf(pf))
		return ERR_PTR(-ENODEV);

	ret = refuse_pf(pf) ?: pci_rid_check_left_over(pf);
	if (ret)
		return ERR_PTR(ret);

	core = pci_sdi_alloc(pf);
	if (!core)
		return ERR_PTR(-ENOMEM);

	sdi = &core->sdi;
	lock_map_acquire_read(&pci_siov_pf(pf)->users_map);
	ret = sdi_create(core, params);
	lock_map_release(&pci_siov_pf(pf)->users_map);
	if (ret)
		return ERR_PTR(ret);

	device_initial_probe(&sdi->dev);
	return no_free_ptr(sdi);
}
EXPORT_SYMBOL_GPL(pci_sdi_create);

/* Destruction */

/**
 * pci_sdi_condemn() - Decide who destroys an SDI
 * @core: the SDI
 *
 * Context: &pci_siov_pf.lock is held.
 *
 * Return: true if the caller is to do it.
 */
bool pci_sdi_condemn(struct pci_sdi_core *core)
{
	struct pci_siov_pf *spf = pci_siov_pf(core->sdi.pf);

	lockdep_assert_held(&spf->lock);

	if (xa_load(&spf->sdi, core->sdi.index) != core ||
	    !xa_get_mark(&spf->sdi, core->sdi.index, PCI_SDI_LIVE))
		return false;

	xa_clear_mark(&spf->sdi, core->sdi.index, PCI_SDI_LIVE);
	xa_clear_mark(&spf->sdi, core->sdi.index, PCI_SDI_DEFERRED);
	core->sdi.pf->siov->num_sdis--;
	return true;
}

/**
 * __pci_sdi_destroy() - Destroy an SDI
 * @core: the SDI, for which pci_sdi_condemn() returned true
 *
 * Waits for the SDI's driver, and so maybe for its user. Drops the reference
 * of the SDI's existence.
 *
 * Context: sleeps.
 */
void __pci_sdi_destroy(struct pci_sdi_core *core)
{
	struct pci_siov_pf *spf = pci_siov_pf(core->sdi.pf);

	lock_map_acquire_read(&spf->users_map);
	/* sdi_publish() may not be through */
	mutex_lock(&core->lock);
	mutex_unlock(&core->lock);

	sdi_remove(&core->sdi);
	if (sdi_stop(core))
		pci_sdi_finish(core);
	else
		wake_up_all(&spf->idle);
	lock_map_release(&spf->users_map);
}

/* Nobody finds the SDI any more, and its device is gone from the bus */
static bool is_destroyed(struct pci_sdi_core *core)
{
	struct pci_siov_pf *spf = pci_siov_pf(core->sdi.pf);

	return READ_ONCE(core->state) == PCI_SDI_ORPHAN ||
	       xa_load(&spf->sdi, core->sdi.index) != core;
}

/**
 * pci_sdi_destroy() - Destroy an SDI
 * @sdi: the SDI, to which the caller has a reference
 *
 * Cannot fail. Unbinds the SDI's driver, which may wait for its user. Where
 * somebody else destroys it already, wait for that. While the PF is being reset
 * its driver is told of it when that is over, and until then nobody gets the
 * index and the Routing ID.
 *
 * Context: process context, sleeps; not from a function of the SDI's driver.
 */
void pci_sdi_destroy(struct pci_sdi *sdi)
{
	struct pci_siov_pf *spf = pci_siov_pf(sdi->pf);
	struct pci_sdi_core *core = to_sdi_core(sdi);
	bool mine;

	scoped_guard(mutex, &spf->lock)
		mine = pci_sdi_condemn(core);

	if (mine)
		__pci_sdi_destroy(core);
	else
		wait_event(spf->idle, is_destroyed(core));
}
EXPORT_SYMBOL_GPL(pci_sdi_destroy);

/**
 * pci_sdi_find() - Find the next SDI
 * @spf: the PF
 * @index: where to begin; set to the index of the SDI
 *
 * Passes over the indices of those that never stopped.
 *
 * Context: &pci_siov_pf.lock is held.
 *
 * Return: the SDI, NULL if there is none from there on.
 */
struct pci_sdi_core *pci_sdi_find(struct pci_siov_pf *spf,
				  unsigned long *index)
{
	void *entry;

	xa_for_each_start(&spf->sdi, *index, entry, *index)
		if (!xa_is_value(entry))
			return entry;

	return NULL;
}

/**
 * pci_sdi_get_by_index() - Find an SDI
 * @pf: the PF
 * @index: the SDI
 *
 * Return: the SDI, with a reference that the caller drops by pci_sdi_put(), or
 * NULL if there is none.
 */
struct pci_sdi *pci_sdi_get_by_index(struct pci_dev *pf, u32 index)
{
	struct pci_siov_pf *spf = pci_siov_pf(pf);
	struct pci_sdi_core *core;

	if (!spf)
		return NULL;

	guard(mutex)(&spf->lock);
	if (!xa_get_mark(&spf->sdi, index, PCI_SDI_LIVE))
		return NULL;

	core = xa_load(&spf->sdi, index);
	return pci_sdi_get(&core->sdi);
}
EXPORT_SYMBOL_GPL(pci_sdi_get_by_index);

/**
 * pci_sdi_delete() - Destroy an SDI on behalf of the administrator
 * @pf: the PF
 * @index: the SDI
 *
 * Return: 0, -ENODEV if there is none, or if another one is at it.
 */
int pci_sdi_delete(struct pci_dev *pf, u32 index)
{
	struct pci_sdi *sdi __free(pci_sdi_put) =
		pci_sdi_get_by_index(pf, index);

	if (!sdi)
		return -ENODEV;

	scoped_guard(mutex, &pci_siov_pf(pf)->lock)
		if (!pci_sdi_condemn(to_sdi_core(sdi)))
			return -ENODEV;

	__pci_sdi_destroy(to_sdi_core(sdi));
	return 0;
}

/**
 * pci_sdi_cache_init() - Prepare to allocate SDIs
 *
 * Context: before the first device is found.
 */
void __init pci_sdi_cache_init(void)
{
	sdi_cache = KMEM_CACHE(pci_sdi_core, SLAB_PANIC);
}
