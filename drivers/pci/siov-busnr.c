// SPDX-License-Identifier: GPL-2.0
/*
 * Bus numbers for Scalable I/O Virtualization (SIOV)
 *	PCI Express Base Specification r7.0
 *
 * The Routing IDs of SDIs start at that of their PF and run on into the bus
 * numbers after it. Those numbers have no bridge and no struct pci_bus, so
 * whoever hands out bus numbers has to be told to leave them alone. As VFs
 * start at the same PF, a bus needs the maximum of what VFs and SDIs reach,
 * not the sum.
 *
 * How many numbers are kept is policy: 65,535 SDIs could use all there are,
 * but every bus kept is one that a bridge cannot have. So there is a limit for
 * each bus, "pci=siovbus=", a number is left for each bridge on the bus, and
 * bridges that get their numbers later are left an equal share, or what firmware
 * gave them if that is more.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/bitfield.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/string.h>
#include "pci.h"

/* 256 Routing IDs each, so about 2,000 SDIs of one PF */
#define SIOV_DEFAULT_BUSES	8

static u8 siov_max_buses = SIOV_DEFAULT_BUSES;

/**
 * pci_setup_siov - parse the SIOV options of "pci="
 * @str: the option
 *
 * Return: 0 if @str is one of ours, or -ENOENT.
 */
int __init pci_setup_siov(char *str)
{
	if (strncmp(str, "siovbus=", 8))
		return -ENOENT;

	if (kstrtou8(str + 8, 0, &siov_max_buses))
		pr_err("PCI/SIOV: siovbus= takes a number up to 255, not '%s'\n",
		       str + 8);

	return 0;
}

/**
 * pci_siov_max_buses - the limit that policy sets
 *
 * Return: how many bus numbers after its own a bus may keep for SDIs.
 */
unsigned int pci_siov_max_buses(void)
{
	return siov_max_buses;
}

/**
 * pci_siov_last_bus - last bus number that policy lets a PF's SDIs have
 * @pf: the PF
 *
 * What the bus the PF is on has room for is not looked at.
 *
 * Return: the bus number, that of @pf itself if it needs no other.
 */
u32 pci_siov_last_bus(const struct pci_dev *pf)
{
	const struct pci_rid_range *range;
	u32 bus = pf->bus->number;

	if (!pci_is_siov_physfn(pf) || !pf->siov->rids.count)
		return bus;

	range = &pf->siov->rids;
	return min3(PCI_BUS_NUM(pci_rid_range_last(range)), bus + siov_max_buses,
		    0xffU);
}

/* Last bus number that SDIs use now, as far as the PF itself can tell */
static u32 siov_last_live_bus(struct pci_dev *pf)
{
	u8 status;

	/* A PF that does not answer has no SDIs that work */
	if (!pci_is_siov_physfn(pf) || pci_siov_status(pf, &status) ||
	    !(status & PCI_SIOV_STATUS_ENABLED))
		return pf->bus->number;

	return PCI_BUS_NUM(pci_siov_last_rid(pf));
}

/**
 * pci_siov_live_bus_range - bus numbers that SDIs of PFs on a bus use now
 * @bus: the bus
 *
 * Context: the caller holds pci_rescan_remove_lock. May read a status register
 * of each SIOV PF on @bus, and resume it for that.
 *
 * Return: the number of bus numbers in use, without that of @bus.
 */
u32 pci_siov_live_bus_range(struct pci_bus *bus)
{
	struct pci_dev *dev;
	u32 last = bus->number;

	list_for_each_entry(dev, &bus->devices, bus_list)
		last = max(last, siov_last_live_bus(dev));

	return last - bus->number;
}

/**
 * pci_siov_note_buses - remember how many bus numbers a bridge has had
 * @bridge: the bridge
 * @buses: its bus number registers, before the kernel clears them
 *
 * What firmware gave is the best guess at what is below.
 *
 * Context: enumeration of @bridge.
 */
void pci_siov_note_buses(struct pci_dev *bridge, u32 buses)
{
	u8 primary = FIELD_GET(PCI_PRIMARY_BUS_MASK, buses);
	u8 sec = FIELD_GET(PCI_SECONDARY_BUS_MASK, buses);
	u8 sub = FIELD_GET(PCI_SUBORDINATE_BUS_MASK, buses);

	if (!bridge->subordinate && sec > primary && sub >= sec)
		bridge->old_buses = sub - sec + 1;
}

/*
 * A bus that is being scanned for the first time has all numbers up to the last
 * of the bus above, though the bridges beside the one that leads to it may wait
 * for theirs. These need what they had under firmware, or at least one, but as
 * firmware may not have been there, nobody knows.
 */
static u32 siov_bus_room(struct pci_bus *bus)
{
	u32 end = bus->busn_res.end, sharers = 1, needed = 0, room;
	struct pci_dev *bridge;
	struct pci_bus *b;

	if (end <= bus->number)
		return 0;

	for (b = bus->parent; b && b->busn_res.end == end; b = b->parent) {
		for_each_pci_bridge(bridge, b) {
			if (bridge->subordinate)
				continue;
			needed += max(bridge->old_buses, 1);
			sharers++;
		}
	}

	room = end - bus->number;

	return min(room - min(needed, room), room / sharers);
}

/**
 * pci_siov_bus_range - bus numbers to keep for SDIs of PFs on a bus
 * @bus: the bus
 *
 * Policy: not more than the limit and not more than the bus range of @bus has.
 * While bridges beside those above @bus wait for numbers, no more than an equal
 * share and none that firmware gave those. And none that would be missing for
 * a bridge on @bus, except where SDIs use it.
 *
 * Context: the caller holds pci_rescan_remove_lock, or enumerates at boot.
 *
 * Return: the number of bus numbers, without that of @bus.
 */
u32 pci_siov_bus_range(struct pci_bus *bus)
{
	u32 last = bus->number, room = siov_bus_room(bus), bridges = 0, want;
	struct pci_dev *dev;

	list_for_each_entry(dev, &bus->devices, bus_list) {
		last = max(last, pci_siov_last_bus(dev));
		bridges += pci_is_bridge(dev);
	}

	want = min(last - bus->number, room);
	if (want + bridges <= room)
		return want;

	return max(room - min(bridges, room), pci_siov_live_bus_range(bus));
}

static int siov_note_pf(struct pci_dev *dev, void *found)
{
	if (!pci_is_siov_physfn(dev))
		return 0;

	*(bool *)found = true;
	return 1;
}

/**
 * pci_siov_bus_taken - tell whether a bus number may be that of an SDI
 * @parent: bus that a bridge needs a bus number on
 * @busnr: the bus number
 *
 * A bridge above a PF has bus numbers that no bus has, for its SDIs. They do not
 * look used, but a second bridge must not have them.
 *
 * Context: the caller holds pci_rescan_remove_lock.
 *
 * Return: true if @busnr leads to a bridge on @parent with a SIOV PF below.
 */
bool pci_siov_bus_taken(struct pci_bus *parent, int busnr)
{
	struct pci_bus *child;
	bool found = false;

	list_for_each_entry(child, &parent->children, node)
		if (child->self && busnr >= child->busn_res.start &&
		    busnr <= child->busn_res.end)
			pci_walk_bus(child, siov_note_pf, &found);

	return found;
}
