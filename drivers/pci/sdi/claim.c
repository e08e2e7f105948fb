// SPDX-License-Identifier: GPL-2.0
/*
 * Who owns a Routing ID
 *
 * Nothing in the fabric stops two functions below one port from using the
 * same Routing ID: ACS Source Validation looks at the bus number only. So
 * whoever gets a Routing ID without being found by enumeration claims it first,
 * in one table for each host bridge: an SDI before its device is told of it,
 * and the VFs of a PF before VF Enable is set. Functions found by enumeration
 * are on the list of their bus, and are looked up there.
 *
 * An SDI gives its Routing ID back only when the IOMMU blocks it. One whose
 * device could not be stopped leaves it behind in quarantine, until the PF is
 * reset or unplugged. That outlives the PF's struct pci_dev: removing the PF and
 * finding it again does not stop anything.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/xarray.h>

#include "../pci.h"
#include "sdi.h"

/*
 * Tags of the entries in the table of claims. The claim of an SDI is a pointer
 * to the SDI, without a tag. The claim of a VF is a pointer to its PF. A claim
 * in quarantine holds the Routing ID of the PF, as the PF may be removed and
 * found again meanwhile. A claim for the user of a PF holds the same and
 * OF_USER. Tag 2 is used by the XArray itself.
 */
#define CLAIM_SDI		0
#define CLAIM_VF		1
#define CLAIM_QUARANTINE	3

/* In what CLAIM_QUARANTINE holds: a user has the PF, and so all of its SDIs */
#define OF_USER			BIT(16)

/* Finds those in quarantine without a walk over all */
#define MARK_QUARANTINE		XA_MARK_1

/* Length of what is said about an owner */
#define OWNER_LEN		64

static struct xarray *rid_claims(const struct pci_dev *dev)
{
	return &pci_find_host_bridge(dev->bus)->rid_claims;
}

void pci_rid_claims_init(struct pci_host_bridge *bridge)
{
	xa_init_flags(&bridge->rid_claims, XA_FLAGS_ALLOC);
}

void pci_rid_claims_destroy(struct pci_host_bridge *bridge)
{
	xa_destroy(&bridge->rid_claims);
}

/**
 * pci_rid_name() - Write a Routing ID as the address of a PCI function
 * @pf: function in the same segment
 * @rid: the Routing ID
 * @name: where to
 *
 * Return: @name.
 */
const char *pci_rid_name(const struct pci_dev *pf, u16 rid,
			 char name[PCI_RID_NAME_LEN])
{
	scnprintf(name, PCI_RID_NAME_LEN, "%04x:%02x:%02x.%x",
		  pci_domain_nr(pf->bus), PCI_BUS_NUM(rid), PCI_SLOT(rid),
		  PCI_FUNC(rid));
	return name;
}

static void *quarantine_of(u16 pf)
{
	return xa_tag_pointer((void *)((unsigned long)pf << 2),
			      CLAIM_QUARANTINE);
}

/* The PF's Routing ID, or a value above 0xffff if a user has the PF */
static unsigned long quarantined_pf(void *entry)
{
	return (unsigned long)xa_untag_pointer(entry) >> 2;
}

static void *user_of(const struct pci_dev *pf)
{
	unsigned long value = PCI_DEVID(pf->bus->number, pf->devfn) | OF_USER;

	return xa_tag_pointer((void *)(value << 2), CLAIM_QUARANTINE);
}

/* Is @entry of an SDI of @pf, live or in quarantine, or of the user of @pf? */
static bool is_sdi_of(void *entry, const struct pci_dev *pf)
{
	if (xa_pointer_tag(entry) == CLAIM_SDI)
		return ((struct pci_sdi *)entry)->pf == pf;

	return entry == quarantine_of(PCI_DEVID(pf->bus->number, pf->devfn)) ||
	       entry == user_of(pf);
}

static void describe_claim(const struct pci_dev *asks, void *entry,
			   char owner[OWNER_LEN])
{
	unsigned long value = (unsigned long)entry >> 2;
	char name[PCI_RID_NAME_LEN];
	struct pci_sdi *sdi;

	switch (xa_pointer_tag(entry)) {
	case CLAIM_SDI:
		sdi = entry;
		scnprintf(owner, OWNER_LEN, "SDI %u of %s", sdi->index,
			  pci_name(sdi->pf));
		break;
	case CLAIM_VF:
		scnprintf(owner, OWNER_LEN, "a VF of %s",
			  pci_name(xa_untag_pointer(entry)));
		break;
	case CLAIM_QUARANTINE:
		pci_rid_name(asks, value, name);
		scnprintf(owner, OWNER_LEN, value & OF_USER ?
			  "the user of %s" :
			  "an SDI that never stopped (reset %s)", name);
		break;
	}
}

/**
 * pci_rid_check_left_over() - May a function on this bus be given Routing IDs?
 * @pf: the function
 *
 * An SDI that an earlier kernel, or a driver that is gone, has left enabled may
 * have any Routing ID that leads to its PF's bus: where software assigns them,
 * only its device knows which. Until a reset has stopped it, whoever got the
 * same one would have its DMA.
 *
 * Return: 0, or -EBUSY and a message that names the function to reset.
 */
int pci_rid_check_left_over(struct pci_dev *pf)
{
	struct pci_dev *dev;

	guard(rwsem_read)(&pci_bus_sem);
	list_for_each_entry(dev, &pf->bus->devices, bus_list) {
		if (!pci_is_siov_physfn(dev) || !READ_ONCE(dev->siov->left_over))
			continue;

		pci_info_ratelimited(pf, "SDIs of an earlier owner are enabled; first: echo 1 > /sys/bus/pci/devices/%s/reset\n",
				     pci_name(dev));
		return -EBUSY;
	}

	return 0;
}

/* Claim @rid for @entry, or say who has it */
static int claim(const struct pci_dev *pf, u16 rid, void *entry,
		 char owner[OWNER_LEN])
{
	struct xarray *claims = rid_claims(pf);
	void *old;
	int ret;

	xa_lock(claims);
	ret = __xa_insert(claims, rid, entry, GFP_KERNEL);
	if (ret == -EBUSY) {
		old = xa_load(claims, rid);
		if (old)
			describe_claim(pf, old, owner);
		else
			scnprintf(owner, OWNER_LEN, "another device");
	}
	xa_unlock(claims);

	return ret;
}

static bool function_uses_rid(struct pci_dev *dev, u16 rid)
{
	if (pci_dev_id(dev) == rid)
		return true;

	return dev->dma_alias_mask && dev->bus->number == PCI_BUS_NUM(rid) &&
	       test_bit(rid & 0xff, dev->dma_alias_mask);
}

static int check_functions(const struct pci_bus *bus, u16 rid,
			   char owner[OWNER_LEN])
{
	struct pci_dev *dev;

	list_for_each_entry(dev, &bus->devices, bus_list) {
		if (!function_uses_rid(dev, rid))
			continue;

		scnprintf(owner, OWNER_LEN, "function %s", pci_name(dev));
		return -EBUSY;
	}

	return 0;
}

/*
 * Can an SDI of @pf have @rid, as far as the bus is concerned? The number of
 * functions and buses in reach is bounded and has nothing to do with that of
 * the SDIs.
 */
static int check_bus(const struct pci_dev *pf, u16 rid, char owner[OWNER_LEN])
{
	const struct pci_bus *child;
	int ret;

	guard(rwsem_read)(&pci_bus_sem);

	if (!pci_siov_bus_routed(pf, PCI_BUS_NUM(rid)))
		return -ENXIO;

	if (PCI_BUS_NUM(rid) == pf->bus->number)
		return check_functions(pf->bus, rid, owner);

	/* A bus without a bridge, made for VFs */
	list_for_each_entry(child, &pf->bus->children, node) {
		if (child->number != PCI_BUS_NUM(rid))
			continue;

		ret = check_functions(child, rid, owner);
		if (ret)
			return ret;
	}

	return 0;
}

/* What helps depends on why the bus number does not lead to the PF */
static void report_unrouted(const struct pci_sdi *sdi)
{
	const struct pci_bus *bus = sdi->pf->bus;
	u32 busnr = PCI_BUS_NUM(sdi->rid);
	char name[PCI_RID_NAME_LEN];

	pci_rid_name(sdi->pf, sdi->rid, name);
	if (busnr <= bus->busn_res.end)
		pci_info_ratelimited(sdi->pf, "SDI %u cannot have Routing ID %s: bus %02x is behind another bridge\n",
				     sdi->index, name, busnr);
	else if (busnr - bus->number > pci_siov_max_buses())
		pci_info_ratelimited(sdi->pf, "SDI %u cannot have Routing ID %s: bus %02x is past pci=siovbus=%u\n",
				     sdi->index, name, busnr,
				     pci_siov_max_buses());
	else
		pci_info_ratelimited(sdi->pf, "SDI %u cannot have Routing ID %s: bus %02x does not lead here; more may come from %s\n",
				     sdi->index, name, busnr,
				     pci_siov_remedy(sdi->pf->bus));
}

/**
 * pci_sdi_claim_rid() - Make an SDI the owner of a Routing ID
 * @sdi: the SDI; its index is set
 * @rid: the Routing ID
 * @quiet: do not log why it cannot be had
 *
 * The claim is made before the functions are looked at, and a function that
 * appears is put on the list of its bus before pci_rid_reserved() is asked for
 * the last time. So one of the two sees the other.
 *
 * Return: 0 and &pci_sdi.rid is set, -EBUSY if @rid has another owner, -ENXIO
 * if its bus number does not lead to the PF, -ENOMEM.
 */
int pci_sdi_claim_rid(struct pci_sdi *sdi, u32 rid, bool quiet)
{
	char name[PCI_RID_NAME_LEN], owner[OWNER_LEN] = "";
	struct pci_dev *pf = sdi->pf;
	int ret;

	sdi->rid = rid;
	ret = claim(pf, rid, sdi, owner);
	if (!ret) {
		ret = check_bus(pf, rid, owner);
		if (ret)
			xa_erase(rid_claims(pf), rid);
	}

	if (ret == -EBUSY && !quiet)
		pci_info_ratelimited(pf, "SDI %u cannot have Routing ID %s: %s has it\n",
				     sdi->index, pci_rid_name(pf, rid, name),
				     owner);
	else if (ret == -ENXIO && !quiet)
		report_unrouted(sdi);

	return ret;
}

/**
 * pci_sdi_claim_rid_between() - Make an SDI the owner of any free Routing ID
 * @sdi: the SDI; its index is set
 * @first: first Routing ID to try
 * @last: last Routing ID to try
 *
 * Return: 0 and &pci_sdi.rid is set, -EBUSY if none is free, -ENOMEM.
 */
int pci_sdi_claim_rid_between(struct pci_sdi *sdi, u32 first, u32 last)
{
	struct xarray *claims = rid_claims(sdi->pf);
	char owner[OWNER_LEN];
	int ret;
	u32 rid;

	while (first <= last) {
		ret = xa_alloc(claims, &rid, sdi, XA_LIMIT(first, last),
			       GFP_KERNEL);
		if (ret)
			return ret;

		sdi->rid = rid;
		if (!check_bus(sdi->pf, rid, owner))
			return 0;

		/* The bus has changed and the allowlist is about to */
		xa_erase(claims, rid);
		first = rid + 1;
	}

	return -EBUSY;
}

/**
 * pci_sdi_release_rid() - Give an SDI's Routing ID back
 * @sdi: the SDI; device_del() is done or device_add() never was
 */
void pci_sdi_release_rid(struct pci_sdi *sdi)
{
	xa_erase(rid_claims(sdi->pf), sdi->rid);
}

/**
 * pci_sdi_quarantine_rid() - Keep a Routing ID from all others
 * @sdi: an SDI that goes although its device may still send requests
 *
 * Cannot fail: the table has the entry already.
 */
void pci_sdi_quarantine_rid(struct pci_sdi *sdi)
{
	struct xarray *claims = rid_claims(sdi->pf);

	xa_lock(claims);
	__xa_store(claims, sdi->rid, quarantine_of(pci_dev_id(sdi->pf)),
		   GFP_ATOMIC);
	__xa_set_mark(claims, sdi->rid, MARK_QUARANTINE);
	xa_unlock(claims);
}

/**
 * pci_rid_in_quarantine() - May a device still send with a Routing ID?
 * @bridge: the host bridge that the device is below
 * @pf: Routing ID of the PF
 *
 * Return: true if an SDI of a PF with this Routing ID was never seen to stop,
 * whether it is the same struct pci_dev or an earlier one.
 */
bool pci_rid_in_quarantine(struct pci_host_bridge *bridge, u16 pf)
{
	unsigned long rid;
	void *entry;

	xa_for_each_marked(&bridge->rid_claims, rid, entry, MARK_QUARANTINE)
		if (entry == quarantine_of(pf))
			return true;

	return false;
}

/**
 * pci_rid_quarantine_is_lost() - May a device in quarantine have another bus number?
 * @bridge: the host bridge
 *
 * A port that was removed may get another number, and then its devices are found
 * with other Routing IDs, which nobody can tell from new devices.
 *
 * Context: sleeps; not under &pci_bus_sem.
 *
 * Return: true if there is no bus any more for a PF with Routing IDs in quarantine.
 */
bool pci_rid_quarantine_is_lost(struct pci_host_bridge *bridge)
{
	int domain = pci_domain_nr(bridge->bus);
	unsigned long rid;
	void *entry;

	xa_for_each_marked(&bridge->rid_claims, rid, entry, MARK_QUARANTINE)
		if (!pci_find_bus(domain, PCI_BUS_NUM(quarantined_pf(entry))))
			return true;

	return false;
}

static void end_quarantine_between(struct pci_host_bridge *bridge, u16 first,
				   u16 last)
{
	struct xarray *claims = &bridge->rid_claims;
	unsigned long rid, pf;
	void *entry;

	xa_lock(claims);
	xa_for_each_marked(claims, rid, entry, MARK_QUARANTINE) {
		pf = quarantined_pf(entry);
		if (pf >= first && pf <= last)
			__xa_erase(claims, rid);
	}
	xa_unlock(claims);
}

/**
 * pci_rid_end_quarantine() - Let Routing IDs be used again
 * @bridge: the host bridge that the device is below
 * @pf: Routing ID of the PF, which was reset or is not there any more
 */
void pci_rid_end_quarantine(struct pci_host_bridge *bridge, u16 pf)
{
	end_quarantine_between(bridge, pf, pf);
}

/**
 * pci_siov_slot_off() - A slot has lost its power
 * @bus: the bus with the slot
 * @first: lowest Routing ID of what may have been in the slot
 * @last: highest one
 *
 * What was in the slot sends nothing any more. If it comes back, then as after
 * a reset. So its Routing IDs in quarantine are free again.
 *
 * Context: what was in the slot has been removed.
 */
void pci_siov_slot_off(struct pci_bus *bus, u16 first, u16 last)
{
	end_quarantine_between(pci_find_host_bridge(bus), first, last);
}

/**
 * pci_rid_reserved() - Is this Routing ID reserved for an SDI?
 * @bus: a bus
 * @devfn: device and function on it
 *
 * An SDI answers no configuration request. Where one has the Routing ID, a
 * function that appears at the same address would share the SDI's IOMMU
 * domain, so it is left alone, and found by a rescan when the SDI is gone.
 *
 * Return: true if an SDI owns the Routing ID.
 */
bool pci_rid_reserved(struct pci_bus *bus, int devfn)
{
	struct xarray *claims = &pci_find_host_bridge(bus)->rid_claims;
	void *entry = xa_load(claims, PCI_DEVID(bus->number, devfn));

	return entry && xa_pointer_tag(entry) != CLAIM_VF;
}

/**
 * pci_rid_report_reserved() - Say that a function is left alone
 * @bus: a bus
 * @devfn: device and function on it, for which pci_rid_reserved() is true
 *
 * Says nothing where there is no function, as is normal.
 */
void pci_rid_report_reserved(struct pci_bus *bus, int devfn)
{
	u32 id;

	if (!pci_bus_read_dev_vendor_id(bus, devfn, &id, 0))
		return;

	dev_info(&bus->dev, "function %02x.%d not used: an SDI has its Routing ID; rescan when the SDI is gone\n",
		 PCI_SLOT(devfn), PCI_FUNC(devfn));
}

/**
 * pci_rid_conflicts() - Does an SDI send with a Routing ID of this function?
 * @dev: a function that was just put on the list of its bus
 *
 * Its own Routing ID may have been claimed since pci_rid_reserved() was asked. And
 * it may use others as aliases, which nobody knew before it was found.
 *
 * Return: true if so, with a message.
 */
bool pci_rid_conflicts(struct pci_dev *dev)
{
	int devfn = dev->devfn;
	bool conflict;

	conflict = pci_rid_reserved(dev->bus, devfn);
	if (!conflict && dev->dma_alias_mask)
		for_each_set_bit(devfn, dev->dma_alias_mask, MAX_NR_DEVFNS) {
			conflict = pci_rid_reserved(dev->bus, devfn);
			if (conflict)
				break;
		}

	if (conflict)
		pci_info(dev, "not used: its Routing ID or alias %02x.%d belongs to an SDI; rescan when the SDI is gone\n",
			 PCI_SLOT(devfn), PCI_FUNC(devfn));
	return conflict;
}

/**
 * pci_rid_bus_claimed() - Does an SDI use this bus number?
 * @bus: any bus below the same host bridge
 * @busnr: the bus number
 *
 * Return: true if a Routing ID on bus @busnr belongs to an SDI.
 */
bool pci_rid_bus_claimed(struct pci_bus *bus, int busnr)
{
	struct xarray *claims = &pci_find_host_bridge(bus)->rid_claims;
	unsigned long rid;
	void *entry;

	xa_for_each_range(claims, rid, entry, PCI_DEVID(busnr, 0),
			  PCI_DEVID(busnr, 0xff))
		if (xa_pointer_tag(entry) != CLAIM_VF)
			return true;

	return false;
}

/**
 * pci_rid_claimed_by() - Does a live SDI of this PF have the Routing ID?
 * @pf: the PF
 * @rid: the Routing ID
 *
 * Return: true if so; false of one in quarantine.
 */
bool pci_rid_claimed_by(const struct pci_dev *pf, u16 rid)
{
	struct xarray *claims = rid_claims(pf);
	bool claimed;
	void *entry;

	/* The lock keeps the SDI */
	xa_lock(claims);
	entry = xa_load(claims, rid);
	claimed = entry && xa_pointer_tag(entry) == CLAIM_SDI &&
		  is_sdi_of(entry, pf);
	xa_unlock(claims);

	return claimed;
}

/**
 * pci_rid_owned_by() - Does a PF own this Routing ID through an SDI?
 * @pf: a function
 * @rid: Requester ID of a message from below the same host bridge
 *
 * One look-up, however many SDIs there are. Where nobody has claimed @rid, the
 * capability says whose SDI may have been left running by an earlier kernel.
 *
 * Context: the caller holds pci_bus_sem.
 *
 * Return: true if so.
 */
bool pci_rid_owned_by(struct pci_dev *pf, u16 rid)
{
	struct xarray *claims = rid_claims(pf);
	bool owned;
	void *entry;

	/* The lock keeps the SDI */
	xa_lock(claims);
	entry = xa_load(claims, rid);
	owned = entry && is_sdi_of(entry, pf);
	xa_unlock(claims);

	return owned || (!entry && pci_siov_owns_rid(pf, rid));
}

static bool is_routed(const struct pci_dev *pf, u16 rid)
{
	guard(rwsem_read)(&pci_bus_sem);
	return pci_siov_bus_routed(pf, PCI_BUS_NUM(rid));
}

/* Its own VFs are the user's as well, and stay what they are */
static int claim_for_user(struct pci_dev *pf, u16 rid, char owner[OWNER_LEN])
{
	int ret;

	ret = claim(pf, rid, user_of(pf), owner);
	if (ret != -EBUSY)
		return ret;

	return xa_load(rid_claims(pf), rid) == xa_tag_pointer(pf, CLAIM_VF) ?
	       0 : ret;
}

/**
 * pci_siov_claim_for_user() - Give the user of a PF the Routing IDs of its SDIs
 * @pf: any function
 *
 * For drivers that give a PF as a whole to somebody else, as vfio-pci does. How its
 * SDIs are started is then up to the user, so nobody else may get a strided Routing
 * ID of theirs: no VF of another PF, and no function that appears. What the port
 * above does not let through is left out.
 *
 * Context: process context, in the driver's probe; device_lock() of @pf is held.
 *
 * Return: 0, -EBUSY with a message if somebody has one of them, -ENOMEM.
 */
int pci_siov_claim_for_user(struct pci_dev *pf)
{
	char name[PCI_RID_NAME_LEN], owner[OWNER_LEN] = "";
	struct pci_rid_range rids;
	int ret;
	u32 i;

	if (!pci_siov_pf(pf))
		return 0;

	pci_siov_pf(pf)->of_user = true;
	rids = pci_siov_rids(pf);
	for (i = 0; i < rids.count; i++) {
		u16 rid = pci_rid_range_nth(&rids, i);

		if (!is_routed(pf, rid))
			continue;

		ret = claim_for_user(pf, rid, owner);
		if (!ret)
			continue;

		if (ret == -EBUSY)
			pci_warn(pf, "its user cannot have Routing ID %s of SDI %u: %s has it\n",
				 pci_rid_name(pf, rid, name), i, owner);
		pci_siov_release_from_user(pf);
		return ret;
	}

	return 0;
}
EXPORT_SYMBOL_GPL(pci_siov_claim_for_user);

/**
 * pci_siov_release_from_user() - Undo pci_siov_claim_for_user()
 * @pf: any function
 *
 * Context: process context, in the driver's remove; device_lock() of @pf is
 * held. The user has closed the function, and its VFs are gone.
 */
void pci_siov_release_from_user(struct pci_dev *pf)
{
	struct xarray *claims = rid_claims(pf);
	unsigned long rid;
	void *entry;

	if (!pci_siov_pf(pf))
		return;

	pci_siov_pf(pf)->of_user = false;
	/* The range may have changed with the firmware meanwhile */
	xa_for_each_range(claims, rid, entry, PCI_DEVID(pf->bus->number, 0),
			  U16_MAX)
		if (entry == user_of(pf))
			xa_cmpxchg(claims, rid, entry, NULL, GFP_KERNEL);
}
EXPORT_SYMBOL_GPL(pci_siov_release_from_user);

#ifdef CONFIG_PCI_IOV

static int claim_vf(struct pci_dev *pf, u16 rid, char owner[OWNER_LEN])
{
	void *vf = xa_tag_pointer(pf, CLAIM_VF), *old = user_of(pf);
	int ret;

	ret = claim(pf, rid, vf, owner);
	if (ret != -EBUSY)
		return ret;

	/* The VF and the SDI are the same user's */
	return xa_cmpxchg(rid_claims(pf), rid, old, vf, GFP_KERNEL) == old ?
	       0 : ret;
}

/**
 * pci_iov_claim_rids() - Make VFs the owners of their Routing IDs
 * @pf: SR-IOV PF, NumVFs written and VF Enable not yet set
 * @n: number of VFs
 *
 * Return: 0, -EBUSY if an SDI has one of the Routing IDs or may have, -ENOMEM.
 */
int pci_iov_claim_rids(struct pci_dev *pf, int n)
{
	char name[PCI_RID_NAME_LEN], owner[OWNER_LEN] = "";
	int i, ret;
	u16 rid;

	ret = pci_rid_check_left_over(pf);
	if (ret)
		return ret;

	for (i = 0; i < n; i++) {
		rid = PCI_DEVID(pci_iov_virtfn_bus(pf, i),
				pci_iov_virtfn_devfn(pf, i));
		ret = claim_vf(pf, rid, owner);
		if (!ret)
			continue;

		if (ret == -EBUSY)
			pci_err(pf, "VF %d cannot have Routing ID %s: %s has it\n",
				i, pci_rid_name(pf, rid, name), owner);
		pci_iov_release_rids(pf, i);
		return ret;
	}

	return 0;
}

/* Who gets a Routing ID when the VF has gone that had it */
static void *next_owner(struct pci_dev *pf, u16 rid)
{
	struct pci_siov_pf *spf = pci_siov_pf(pf);
	struct pci_rid_range rids;

	if (!spf || !spf->of_user)
		return NULL;

	rids = pci_siov_rids(pf);
	return pci_rid_range_has(&rids, rid) ? user_of(pf) : NULL;
}

/**
 * pci_iov_release_rids() - Give the Routing IDs of VFs back
 * @pf: SR-IOV PF, VF Enable clear and NumVFs not yet changed
 * @n: number of VFs
 */
void pci_iov_release_rids(struct pci_dev *pf, int n)
{
	u16 rid;
	int i;

	/* Also called where nothing was claimed: leave what others have */
	for (i = 0; i < n; i++) {
		rid = PCI_DEVID(pci_iov_virtfn_bus(pf, i),
				pci_iov_virtfn_devfn(pf, i));
		xa_cmpxchg(rid_claims(pf), rid, xa_tag_pointer(pf, CLAIM_VF),
			   next_owner(pf, rid), GFP_KERNEL);
	}
}

#endif /* CONFIG_PCI_IOV */
