// SPDX-License-Identifier: GPL-2.0
/*
 * More bus numbers for Scalable I/O Virtualization (SIOV)
 *	PCI Express Base Specification r7.0
 *
 * Firmware that does not know of SDIs gives the port above a PF one bus number.
 * The kernel keeps such numbers, so the Routing IDs of SDIs beyond the PF's own
 * bus do not lead to the PF. Where the bus numbers after those of the port are
 * free, this raises the subordinate bus numbers of all bridges from the port up
 * to the root bus, far enough for the SDIs and not beyond what
 * "pci=siovbus=" allows. Nothing that works is touched: no number is taken from
 * anyone, no bus gets another number, and each bridge forwards what it did.
 *
 * A number is free if it is in the range of the root bus, no bus has it, no
 * bridge beside those above the PF claims it by its registers, and no PF on one
 * of the buses above needs it for its own VFs or SDIs. As elsewhere where the
 * kernel gives out bus numbers, devices that no bridge leads to are not looked
 * for.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/bitfield.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include "pci.h"

static bool siov_may_renumber(struct pci_bus *bus)
{
	return !pci_has_flag(PCI_PROBE_ONLY) &&
	       !pci_find_host_bridge(bus)->preserve_config;
}

/* Bridges that failed to get a struct pci_bus still decode what firmware set */
static u32 siov_avoid_bridges(struct pci_bus *bus, u32 last)
{
	u32 buses, end = bus->busn_res.end;
	struct pci_dev *bridge;
	u8 sec, sub;

	for_each_pci_bridge(bridge, bus->parent) {
		if (bridge == bus->self)
			continue;

		pci_config_pm_runtime_get(bridge);
		pci_read_config_dword(bridge, PCI_PRIMARY_BUS, &buses);
		pci_config_pm_runtime_put(bridge);
		if (PCI_POSSIBLE_ERROR(buses))
			return end;

		sec = FIELD_GET(PCI_SECONDARY_BUS_MASK, buses);
		sub = FIELD_GET(PCI_SUBORDINATE_BUS_MASK, buses);
		if (sub > end && sec <= last)
			last = max_t(u32, end, sec ? sec - 1 : 0);
	}

	return last;
}

static u32 siov_avoid_buses(struct pci_bus *bus, u32 last)
{
	const struct resource *next = bus->busn_res.sibling;
	u32 busnr, end = bus->busn_res.end;

	if (next)
		last = min_t(u32, last, next->start - 1);

	for (busnr = end + 1; busnr <= last; busnr++)
		if (pci_find_bus(pci_domain_nr(bus), busnr))
			return busnr - 1;

	return last;
}

/* VFs and SDIs of a PF beside the bridge may use the numbers after it */
static bool siov_needed_above(struct pci_bus *bus)
{
	struct pci_bus *parent = bus->parent;
	u32 range = max_t(u32, pci_iov_bus_range(parent),
			  pci_siov_bus_range(parent));

	return parent->number + range > bus->busn_res.end;
}

/* How far up to @last the range of one bus can go, if all above can */
static u32 siov_bus_limit(struct pci_bus *bus, u32 last)
{
	u32 end = bus->busn_res.end;
	u8 sec, sub;

	if (end >= last)
		return last;

	if (!bus->self || pci_is_cardbus_bridge(bus->self) ||
	    !bus->busn_res.parent || pci_ea_fixed_busnrs(bus->self, &sec, &sub) ||
	    siov_needed_above(bus))
		return end;

	return siov_avoid_bridges(bus, siov_avoid_buses(bus, last));
}

static u32 siov_window_limit(struct pci_bus *bus, u32 last)
{
	for (; !pci_is_root_bus(bus); bus = bus->parent)
		last = siov_bus_limit(bus, last);

	return min_t(u32, last, bus->busn_res.end);
}

static int siov_grow_bus(struct pci_bus *bus, u32 last)
{
	struct pci_dev *bridge = bus->self;
	u8 old = bus->busn_res.end, sub;
	int ret;

	ret = pci_bus_update_busn_res_end(bus, last);
	if (ret)
		return ret;

	pci_write_config_byte(bridge, PCI_SUBORDINATE_BUS, last);
	pci_read_config_byte(bridge, PCI_SUBORDINATE_BUS, &sub);
	if (sub != last) {
		pci_write_config_byte(bridge, PCI_SUBORDINATE_BUS, old);
		pci_bus_update_busn_res_end(bus, old);
		return -EIO;
	}

	/* Saved when the bridge was added, restored when a port recovers */
	FIELD_MODIFY(PCI_SUBORDINATE_BUS_MASK,
		     &bridge->saved_config_space[PCI_PRIMARY_BUS / 4], last);
	pci_info(bridge, "subordinate bus number raised from %02x to %02x for SDIs\n",
		 old, sub);

	return 0;
}

/* The bus next to the root whose range does not reach @last, or NULL */
static struct pci_bus *siov_topmost_short(struct pci_bus *bus, u32 last)
{
	struct pci_bus *found = NULL;

	for (; !pci_is_root_bus(bus); bus = bus->parent)
		if (bus->busn_res.end < last)
			found = bus;

	return found;
}

/* From the root down, as a range has to lie within that of the bus above */
static void siov_grow_to(struct pci_bus *bus, u32 last)
{
	struct pci_bus *b;
	int ret = 0;

	while (!ret && (b = siov_topmost_short(bus, last))) {
		pm_runtime_get_sync(&b->self->dev);
		ret = siov_grow_bus(b, last);
		pm_runtime_put(&b->self->dev);
	}
}

/* Bus numbers of a root bus that other numbering could give to a PF below it */
static u32 siov_free_buses(struct pci_bus *bus)
{
	const struct resource *child;
	struct pci_bus *root = bus;
	u32 unused;

	while (!pci_is_root_bus(root))
		root = root->parent;

	unused = resource_size(&root->busn_res) - 1;
	for (child = root->busn_res.child; child; child = child->sibling)
		unused -= min_t(u32, unused, resource_size(child));

	return unused;
}

/* The parameter that gives the next boot of this machine more bus numbers */
static const char *siov_remedy(struct pci_bus *bus)
{
	bool hotplug = bus->self && bus->self->is_hotplug_bridge;

	if (pci_has_flag(PCI_PROBE_ONLY) || pci_find_host_bridge(bus)->preserve_config)
		return "the firmware, which wants its bus numbers kept";
	if (!siov_free_buses(bus))
		return "a host bridge with more of them";
	if (pcibios_assign_all_busses())
		return hotplug ? "pci=hpbussize=" : "a host bridge with more of them";
	if (IS_ENABLED(CONFIG_X86))
		return hotplug ? "pci=assign-busses,hpbussize=" :
			"pci=assign-busses";

	return "the firmware";
}

/* One line on what is missing and what helps */
static void siov_report_shortage(struct pci_dev *pf)
{
	const struct pci_rid_range *rids = &pf->siov->rids;
	u32 usable = pci_siov_usable_sdis(pf), number = pf->bus->number, last;

	if (usable >= rids->count)
		return;

	last = PCI_BUS_NUM(pci_rid_range_last(rids));
	if (pf->bus->busn_res.end < pci_siov_last_bus(pf))
		pci_info(pf, "only %u of %u SDIs are usable, the others need bus numbers up to %02x and %pR has none left to grow into; more may come from %s\n",
			 usable, pf->siov->total_sdis, last, &pf->bus->busn_res,
			 siov_remedy(pf->bus));
	else if (pf->bus->busn_res.end < last)
		pci_info(pf, "only %u of %u SDIs are usable, the others need bus numbers up to %02x; more may come from pci=siovbus=%u\n",
			 usable, pf->siov->total_sdis, last, last - number);
	else
		pci_info(pf, "only %u of %u SDIs are usable, the Routing IDs of the others are those of other functions or lead to bridges on %pR\n",
			 usable, pf->siov->total_sdis, &pf->bus->busn_res);
}

/**
 * pci_siov_grow_window - get a PF the bus numbers its SDIs need
 * @pf: the function
 *
 * Policy, see the head of this file; "pci=siovbus=0" turns it off. If numbers
 * are missing in the end a message says so.
 *
 * Context: the caller holds pci_rescan_remove_lock. All buses have their
 * numbers, and no driver has been bound to @pf.
 */
void pci_siov_grow_window(struct pci_dev *pf)
{
	u32 last, limit;

	if (!pci_is_siov_physfn(pf))
		return;

	last = pci_siov_last_bus(pf);
	if (last > pf->bus->busn_res.end && siov_may_renumber(pf->bus)) {
		limit = siov_window_limit(pf->bus, last);
		if (limit > pf->bus->busn_res.end)
			siov_grow_to(pf->bus, limit);
	}

	siov_report_shortage(pf);
}
