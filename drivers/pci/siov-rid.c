// SPDX-License-Identifier: GPL-2.0
/*
 * Routing IDs of Scalable I/O Virtualization (SIOV)
 *
 * A Routing ID has 16 bits, but the registers that Routing IDs are computed
 * from describe numbers of nearly 32. So all arithmetic here is done in u32,
 * and a progression is cut at 0xffff before anything else looks at it.
 *
 * What a device may use of a progression is policy, made of rules that hold
 * for every requester. Completions are routed by bus number, and ACS Source
 * Validation drops requests from outside of a port's bus range, so a bus number
 * has to lead to the PF: it lies in the range of the bus the PF is on, and not
 * in the range of another bridge, on that bus or beside those above it. And no
 * function has the Routing ID.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/lockdep.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include "pci.h"

#define PCI_MAX_RID		0xffff

/**
 * pci_rid_range_init() - Set up the Routing IDs that a PF gives by stride
 * @range: the progression to set up
 * @dev: the PF
 * @offset: distance of the first Routing ID from the PF's
 * @stride: distance between neighbours
 * @total: number of Routing IDs asked for
 *
 * @range gets those of them that fit in 16 bits. With a @stride of 0 there
 * is at most one.
 */
void pci_rid_range_init(struct pci_rid_range *range, const struct pci_dev *dev,
			u16 offset, u16 stride, u16 total)
{
	range->first = pci_nth_rid(dev, offset, stride, 0);
	range->stride = stride;

	if (!total || range->first > PCI_MAX_RID)
		range->count = 0;
	else if (!stride)
		range->count = 1;
	else
		range->count = min_t(u32, total,
				     (PCI_MAX_RID - range->first) / stride + 1);
}

/**
 * pci_rid_range_nth() - Routing ID of the n-th member
 * @range: the progression
 * @n: number of the member, below the range's count
 *
 * Return: the Routing ID.
 */
u32 pci_rid_range_nth(const struct pci_rid_range *range, u32 n)
{
	return range->first + range->stride * n;
}

/**
 * pci_rid_range_last() - Highest Routing ID of a progression
 * @range: the progression, not empty
 *
 * Return: the Routing ID.
 */
u32 pci_rid_range_last(const struct pci_rid_range *range)
{
	return pci_rid_range_nth(range, range->count - 1);
}

/**
 * pci_rid_range_count() - Count the members between two Routing IDs
 * @range: the progression
 * @low: lowest Routing ID to count
 * @high: highest Routing ID to count
 *
 * Return: the number of members from @low to @high, both included.
 */
u32 pci_rid_range_count(const struct pci_rid_range *range, u32 low, u32 high)
{
	u32 begin = 0, end;

	if (!range->count || low > high || high < range->first ||
	    low > pci_rid_range_last(range))
		return 0;

	/* More than one member, so the stride is not 0 */
	if (low > range->first)
		begin = DIV_ROUND_UP(low - range->first, range->stride);

	end = range->count;
	if (high < pci_rid_range_last(range))
		end = (high - range->first) / range->stride + 1;

	return end - begin;
}

/**
 * pci_rid_range_has() - Tell whether a Routing ID is in a progression
 * @range: the progression
 * @rid: the Routing ID
 *
 * Return: true if it is.
 */
bool pci_rid_range_has(const struct pci_rid_range *range, u32 rid)
{
	return pci_rid_range_count(range, rid, rid);
}

/**
 * pci_siov_rids() - The Routing IDs that a PF's SDIs have by stride
 * @pf: any function
 *
 * Return: a copy, as a reset may make all of them invalid at any time; empty
 * if it has, or if @pf is no SIOV PF.
 */
struct pci_rid_range pci_siov_rids(const struct pci_dev *pf)
{
	if (!pci_is_siov_physfn(pf) || READ_ONCE(pf->siov->changed))
		return (struct pci_rid_range) {};

	return pf->siov->rids;
}

/*
 * Is @busnr behind a bridge that is not above @bus? Windows that firmware has
 * set may overlap, and then it is not known where a number leads.
 * Buses made for VFs have no bridge.
 */
static bool bus_behind_another(const struct pci_bus *bus, u32 busnr)
{
	const struct pci_bus *child, *way = NULL;

	for (; bus; way = bus, bus = bus->parent)
		list_for_each_entry(child, &bus->children, node)
			if (child != way && child->self &&
			    busnr >= child->busn_res.start &&
			    busnr <= child->busn_res.end)
				return true;

	return false;
}

/**
 * pci_siov_bus_routed() - Tell whether a bus number leads to a PF
 * @pf: the PF
 * @busnr: the bus number
 *
 * Policy, see the head of this file. The answer holds until buses are added,
 * removed or renumbered.
 *
 * Context: the caller holds pci_bus_sem.
 *
 * Return: true if Routing IDs with @busnr can be used by SDIs of @pf.
 */
bool pci_siov_bus_routed(const struct pci_dev *pf, u32 busnr)
{
	const struct pci_bus *bus = pf->bus;

	lockdep_assert_held(&pci_bus_sem);

	return busnr >= bus->number && busnr <= bus->busn_res.end &&
	       !bus_behind_another(bus, busnr);
}

/* How many members of @range are taken by the functions on @bus */
static u32 functions_in_range(const struct pci_bus *bus,
			      const struct pci_rid_range *range)
{
	const struct pci_dev *dev;
	u32 n = 0;

	list_for_each_entry(dev, &bus->devices, bus_list)
		n += pci_rid_range_has(range, PCI_DEVID(bus->number, dev->devfn));

	return n;
}

static const struct pci_bus *find_bridgeless_child(const struct pci_bus *parent,
						   u32 busnr)
{
	const struct pci_bus *child;

	list_for_each_entry(child, &parent->children, node)
		if (!child->self && child->number == busnr)
			return child;

	return NULL;
}

/**
 * pci_siov_usable_sdis() - Count the SDIs that can work now
 * @pf: the PF
 *
 * Of the strided Routing IDs, count those that lead to @pf and that no
 * function has. Bus numbers change when a port's range is grown and when
 * devices come and go, so the number is computed anew each time. The cost is
 * that of the bus numbers and functions in reach, not of the SDIs.
 *
 * Context: takes pci_bus_sem.
 *
 * Return: the number of SDIs, 0 if @pf is no SIOV PF or if its SDIs could not
 * be isolated.
 */
u32 pci_siov_usable_sdis(const struct pci_dev *pf)
{
	struct pci_rid_range range = pci_siov_rids(pf);
	const struct pci_bus *bus;
	u32 busnr, last, usable = 0;

	if (!range.count || pf->siov->refused)
		return 0;

	last = PCI_BUS_NUM(pci_rid_range_last(&range));
	guard(rwsem_read)(&pci_bus_sem);

	for (busnr = PCI_BUS_NUM(range.first); busnr <= last; busnr++) {
		if (!pci_siov_bus_routed(pf, busnr))
			continue;

		usable += pci_rid_range_count(&range, PCI_DEVID(busnr, 0),
					      PCI_DEVID(busnr, 0xff));
		bus = busnr == pf->bus->number ? pf->bus :
			find_bridgeless_child(pf->bus, busnr);
		if (bus)
			usable -= functions_in_range(bus, &range);
	}

	return usable;
}

static bool bus_has_function(const struct pci_bus *bus, u32 rid)
{
	const struct pci_dev *dev;

	list_for_each_entry(dev, &bus->devices, bus_list)
		if (PCI_DEVID(bus->number, dev->devfn) == rid)
			return true;

	return false;
}

/**
 * pci_siov_owns_rid() - Tell whether a Routing ID can be that of a PF's SDI
 * @pf: the PF
 * @rid: the Routing ID
 *
 * Context: the caller holds pci_bus_sem.
 *
 * Return: true if @pf is a SIOV PF, @rid is among the strided Routing IDs of
 * its SDIs, leads to it and is not that of a function.
 */
bool pci_siov_owns_rid(const struct pci_dev *pf, u32 rid)
{
	struct pci_rid_range range = pci_siov_rids(pf);
	const struct pci_bus *bus;
	u32 busnr = PCI_BUS_NUM(rid);

	if (!pci_rid_range_has(&range, rid) || !pci_siov_bus_routed(pf, busnr))
		return false;

	bus = busnr == pf->bus->number ? pf->bus :
		find_bridgeless_child(pf->bus, busnr);

	return !bus || !bus_has_function(bus, rid);
}

/**
 * pci_siov_last_rid() - Highest Routing ID that an SDI of a PF can have
 * @pf: the PF
 *
 * Return: the highest strided Routing ID in the bus range of @pf's bus, or
 * the Routing ID of @pf if there is none or if @pf is no SIOV PF.
 */
u32 pci_siov_last_rid(const struct pci_dev *pf)
{
	struct pci_rid_range range = pci_siov_rids(pf);
	u32 top = PCI_DEVID(pf->bus->busn_res.end, 0xff);
	u32 n = pci_rid_range_count(&range, 0, top);

	return n ? pci_rid_range_nth(&range, n - 1) :
		PCI_DEVID(pf->bus->number, pf->devfn);
}
