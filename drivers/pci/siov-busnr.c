// SPDX-License-Identifier: GPL-2.0
/*
 * Bus numbers for Scalable I/O Virtualization (SIOV)
 *
 * The Routing IDs of SDIs start at that of their PF and run on into the bus
 * numbers after it.  Such a number has no struct pci_bus; it only has to be in
 * the range of the bridge above the PF.
 *
 * SDIs get what nobody else needs.  The scan numbers all buses as if there were
 * no SDIs, and then what is left is handed out, up to "pci=siovbus=" numbers
 * for each bus with PFs:
 *
 * - Windows grow.  Where the numbers that follow a window are free, the
 *   subordinate bus numbers of the bridges above the PF are raised, just before
 *   the PF is offered to drivers.  See pci_siov_grow_window().
 * - Numbers are given out again.  Bridges that the kernel has numbered follow
 *   each other without a gap, so only the last one could grow.  As long as no
 *   driver is bound to them they can move: a plan shares the rest of the numbers
 *   between the PFs, and a second scan numbers the bridges by it.  See
 *   siov_make_plan().
 * - A reservation yields.  If a later scan finds a bridge that is left without
 *   a number, all windows shrink to what they were without SIOV (or to the last
 *   number that an SDI uses), the new bridges are numbered again, and then the
 *   windows grow again.  See siov_yield().
 *
 * No bus that a driver may be using ever gets another number.  A grown window
 * stays as it is when the PF goes: the next PF below it may need it, and a bridge
 * that needs it gets it.  When its bridge goes, it is what it was without SIOV, as
 * far as SDIs do not keep numbers: see pci_siov_give_back().
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/bitfield.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "pci.h"

/* 256 Routing IDs each, so about 2,000 SDIs of one PF */
#define SIOV_DEFAULT_BUSES	8

#define SIOV_MAX_BUSES		256

static u8 siov_max_buses = SIOV_DEFAULT_BUSES;

/**
 * struct siov_planned - bus numbers that a bridge is to get
 * @primary: number of the bus that the bridge is on, itself as planned
 * @devfn: the bridge
 * @secondary: number of the bus behind it
 * @subordinate: last number of its range
 * @spare: how many numbers at the end of the range are there for SDIs
 */
struct siov_planned {
	u8 primary;
	u8 devfn;
	u8 secondary;
	u8 subordinate;
	u8 spare;
};

/**
 * struct pci_siov_plan - how bridges are numbered by the second scan
 * @missing: numbers that the PFs on a bus lack, by the bus number now
 * @extra: numbers that they get
 * @nr: number of bridges
 * @bridges: the bridges
 */
struct pci_siov_plan {
	u8 missing[SIOV_MAX_BUSES];
	u8 extra[SIOV_MAX_BUSES];
	unsigned int nr;
	struct siov_planned bridges[SIOV_MAX_BUSES];
};

/**
 * pci_setup_siov() - Parse the SIOV options of "pci="
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
 * pci_siov_max_buses() - The limit that policy sets
 *
 * Return: how many bus numbers after its own a bus may keep for SDIs.
 */
unsigned int pci_siov_max_buses(void)
{
	return siov_max_buses;
}

/**
 * pci_siov_last_bus() - Last bus number that policy lets a PF's SDIs have
 * @pf: the PF
 *
 * What the bus the PF is on has room for is not looked at.
 *
 * Return: the bus number, that of @pf itself if it needs no other.
 */
u32 pci_siov_last_bus(const struct pci_dev *pf)
{
	struct pci_rid_range range = pci_siov_rids(pf);
	u32 bus = pf->bus->number;

	if (!range.count || pf->siov->refused)
		return bus;

	return min3(PCI_BUS_NUM(pci_rid_range_last(&range)), bus + siov_max_buses,
		    0xffU);
}

/* Last number that SDIs of the PFs on @bus ask for, at least that of @bus */
static u32 siov_wanted_bus(struct pci_bus *bus)
{
	struct pci_dev *dev;
	u32 last = bus->number;

	list_for_each_entry(dev, &bus->devices, bus_list)
		last = max(last, pci_siov_last_bus(dev));

	return last;
}

/* A range that is a guess may have buses of host bridges that are found later */
static bool siov_may_renumber(struct pci_bus *bus)
{
	struct pci_host_bridge *host = pci_find_host_bridge(bus);

	return !pci_has_flag(PCI_PROBE_ONLY) && !host->preserve_config &&
	       !host->busn_guessed;
}

static struct pci_bus *siov_root(struct pci_bus *bus)
{
	while (!pci_is_root_bus(bus))
		bus = bus->parent;

	return bus;
}

/* The register may not take @last. Recovery of a port restores the saved one */
static int siov_write_subordinate(struct pci_dev *bridge, u8 last)
{
	u8 sub;

	pci_write_config_byte(bridge, PCI_SUBORDINATE_BUS, last);
	pci_read_config_byte(bridge, PCI_SUBORDINATE_BUS, &sub);
	if (sub != last)
		return -EIO;

	FIELD_MODIFY(PCI_SUBORDINATE_BUS_MASK,
		     &bridge->saved_config_space[PCI_PRIMARY_BUS / 4], last);
	return 0;
}

/*
 * Growing
 *
 * A number is free if it is in the range of the root bus, no bus has it, no
 * bridge beside those above the PF claims it by its registers, no SDI uses it,
 * and no PF on one of the buses above needs it for its own VFs or SDIs.  As
 * elsewhere where the kernel gives out bus numbers, devices that no bridge leads
 * to are not looked for.
 */

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
		if (pci_find_bus(pci_domain_nr(bus), busnr) ||
		    pci_rid_bus_claimed(bus, busnr))
			return busnr - 1;

	return last;
}

/* VFs and SDIs of a PF beside the bridge may use the numbers after it */
static bool siov_needed_above(struct pci_bus *bus)
{
	struct pci_bus *parent = bus->parent;
	u32 last = max_t(u32, parent->number + pci_iov_bus_range(parent),
			 siov_wanted_bus(parent));

	return last > bus->busn_res.end;
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

/* The root bus is next to those of other host bridges in the same segment */
static u32 siov_window_limit(struct pci_bus *bus, u32 last)
{
	const struct resource *next;

	for (; !pci_is_root_bus(bus); bus = bus->parent)
		last = siov_bus_limit(bus, last);

	next = bus->busn_res.sibling;
	if (next)
		last = min_t(u32, last, next->start - 1);

	return min_t(u32, last, bus->busn_res.end);
}

static int siov_grow_bus(struct pci_bus *bus, u32 last)
{
	u8 old = bus->busn_res.end;
	int ret;

	/* An SDI may use what is in the range at once, so the hardware goes first */
	ret = siov_write_subordinate(bus->self, last);
	if (!ret)
		ret = pci_bus_update_busn_res_end(bus, last);
	if (ret) {
		siov_write_subordinate(bus->self, old);
		return ret;
	}

	bus->siov_spare += last - old;
	pci_info(bus->self, "subordinate bus number raised from %02x to %02x for SDIs\n",
		 old, last);

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

static void siov_grow(struct pci_dev *pf)
{
	u32 last = pci_siov_last_bus(pf), limit;

	if (last <= pf->bus->busn_res.end || !siov_may_renumber(pf->bus))
		return;

	limit = siov_window_limit(pf->bus, last);
	if (limit > pf->bus->busn_res.end)
		siov_grow_to(pf->bus, limit);
}

/* Once more, for the PFs that have been offered to drivers before */
static void siov_grow_again(struct pci_bus *bus)
{
	struct pci_dev *dev;

	list_for_each_entry(dev, &bus->devices, bus_list) {
		if (pci_dev_is_added(dev))
			siov_grow(dev);
		if (dev->subordinate)
			siov_grow_again(dev->subordinate);
	}
}

/* Bus numbers of a root bus that other numbering could give to a PF below it */
static u32 siov_free_buses(struct pci_bus *root)
{
	const struct resource *child;
	u32 unused;

	unused = resource_size(&root->busn_res) - 1;
	for (child = root->busn_res.child; child; child = child->sibling)
		unused -= min_t(u32, unused, resource_size(child));

	return unused;
}

/**
 * pci_siov_remedy() - What gives a bus more bus numbers
 * @bus: bus with a SIOV PF on it
 *
 * Return: a noun phrase, such as the parameter for the next boot.
 */
const char *pci_siov_remedy(struct pci_bus *bus)
{
	bool hotplug = bus->self && bus->self->is_hotplug_bridge;

	if (!siov_may_renumber(bus))
		return "other firmware settings";
	if (!siov_free_buses(siov_root(bus)))
		return "a host bridge with more";
	if (pcibios_assign_all_busses())
		return hotplug ? "pci=hpbussize=N" : "a host bridge with more";
	if (IS_ENABLED(CONFIG_X86))
		return hotplug ? "pci=assign-busses,hpbussize=N" :
			"pci=assign-busses";

	return "other firmware settings";
}

/* One line on what is missing and what helps */
static void siov_report_shortage(struct pci_dev *pf)
{
	struct pci_rid_range rids = pci_siov_rids(pf);
	u32 usable = pci_siov_usable_sdis(pf), number = pf->bus->number;
	u32 total = pf->siov->total_sdis, end = pf->bus->busn_res.end, last;

	if (pf->siov->refused) {
		pci_info(pf, "no SDIs: %s\n", pf->siov->refused);
		return;
	}

	if (usable >= rids.count)
		return;

	last = PCI_BUS_NUM(pci_rid_range_last(&rids));
	if (end < pci_siov_last_bus(pf))
		pci_info(pf, "only %u of %u SDIs usable, need bus %02x, have %02x; try %s\n",
			 usable, total, last, end, pci_siov_remedy(pf->bus));
	else if (end < last)
		pci_info(pf, "only %u of %u SDIs usable, need bus %02x, have %02x; try pci=siovbus=%u\n",
			 usable, total, last, end, last - number);
	else
		pci_info(pf, "only %u of %u SDIs usable, other functions have the rest of the Routing IDs\n",
			 usable, total);
}

/**
 * pci_siov_grow_window() - Get a PF the bus numbers its SDIs need
 * @pf: the function
 *
 * Policy, see the head of this file; "pci=siovbus=0" turns it off.  If numbers
 * are missing in the end a message says so.
 *
 * Context: all buses have their numbers, and no driver has been bound to @pf.
 * If @pf is a SIOV PF that can have SDIs, the caller holds
 * pci_rescan_remove_lock, so that no bus or function comes or goes.
 */
void pci_siov_grow_window(struct pci_dev *pf)
{
	if (!pci_is_siov_physfn(pf))
		return;

	pci_siov_report(pf);
	if (!pf->siov->refused) {
		lockdep_assert_held(&pci_rescan_remove_lock);
		siov_grow(pf);
	}

	siov_report_shortage(pf);
}

/*
 * Yielding
 */

/* Last number of @bus that is needed by others or used by an SDI now */
static u32 siov_needed_end(struct pci_bus *bus)
{
	u32 end = bus->busn_res.end, needed = end - min(bus->siov_spare, end);
	struct pci_bus *child;

	needed = max_t(u32, needed, bus->number + pci_iov_bus_range(bus));
	list_for_each_entry(child, &bus->children, node)
		needed = max_t(u32, needed, child->busn_res.end);

	while (end > needed && !pci_rid_bus_claimed(bus, end))
		end--;

	return max(needed, end);
}

/*
 * An SDI claims its Routing ID first and looks at the range of the bus, under
 * the semaphore, afterwards.  So either the claim is seen here or the new range
 * is seen there.
 */
static int siov_cut_range(struct pci_bus *bus, u32 *last)
{
	struct resource *res = &bus->busn_res;

	guard(rwsem_write)(&pci_bus_sem);

	*last = siov_needed_end(bus);
	if (*last >= res->end)
		return -EBUSY;

	bus->siov_spare -= res->end - *last;
	return adjust_resource(res, res->start, *last - res->start + 1);
}

static void siov_shrink(struct pci_bus *bus)
{
	u32 old = bus->busn_res.end, last;

	if (!bus->self || !bus->siov_spare || siov_cut_range(bus, &last))
		return;

	pm_runtime_get_sync(&bus->self->dev);
	siov_write_subordinate(bus->self, last);
	pm_runtime_put(&bus->self->dev);
	pci_siov_bus_changed(bus);
	pci_info(bus->self, "subordinate bus number lowered from %02x to %02x\n",
		 old, last);
}

/* Give back what is reserved below @bus and not used */
static void siov_yield(struct pci_bus *bus)
{
	struct pci_bus *child;

	list_for_each_entry(child, &bus->children, node) {
		siov_yield(child);
		siov_shrink(child);
	}
}

/**
 * pci_siov_give_back() - Let a bridge keep no numbers that were for SDIs
 * @bus: the bus behind it, which is about to be removed
 *
 * What is left in its registers would be taken for numbers that firmware gave when
 * the bridge is found again, and then would yield to nobody.
 *
 * Context: the caller holds pci_rescan_remove_lock, if windows have grown. All
 * below @bus has been removed.
 */
void pci_siov_give_back(struct pci_bus *bus)
{
	if (bus->self && !pci_dev_is_disconnected(bus->self))
		siov_shrink(bus);
}

static bool siov_reaches(const struct pci_bus *bus, u8 first, u8 last)
{
	return bus->siov_spare && bus->busn_res.start <= last &&
	       bus->busn_res.end >= first;
}

/**
 * pci_siov_make_room() - Give numbers back to a bridge that comes again
 * @bus: the bus that the bridge is on
 * @first: secondary bus number in its registers
 * @last: subordinate bus number
 *
 * Somebody has removed it, and windows have grown meanwhile.
 *
 * Context: the caller holds pci_rescan_remove_lock, if windows have grown.
 *
 * Return: false if an SDI uses one of the numbers: the bridge needs others.
 */
bool pci_siov_make_room(struct pci_bus *bus, u8 first, u8 last)
{
	struct pci_bus *child;
	bool room = true;

	list_for_each_entry(child, &bus->children, node) {
		if (!siov_reaches(child, first, last))
			continue;

		siov_yield(child);
		siov_shrink(child);
		if (siov_reaches(child, first, last))
			room = false;
	}

	return room;
}

static bool siov_has_spare(struct pci_bus *bus)
{
	struct pci_bus *child;

	list_for_each_entry(child, &bus->children, node)
		if (child->siov_spare || siov_has_spare(child))
			return true;

	return false;
}

/* A bus that the kernel has numbered and no driver uses yet can be moved */
static bool siov_is_new(const struct pci_bus *bus)
{
	return bus->self && bus->busn_assigned && !pci_dev_is_added(bus->self);
}

/* A bridge without a number, or a new slot, which is to get all numbers left */
static int siov_wants_room(struct pci_dev *dev, void *found)
{
	if (!pci_is_bridge(dev) ||
	    (dev->subordinate && !(dev->is_hotplug_bridge &&
				   siov_is_new(dev->subordinate))))
		return 0;

	*(bool *)found = true;
	return 1;
}

static bool siov_lacks_room(struct pci_bus *bus)
{
	bool found = false;

	pci_walk_bus(bus, siov_wants_room, &found);
	return found;
}

/* The functions below @bus are found again by the next scan */
static void siov_tear_down(struct pci_bus *bus)
{
	struct pci_dev *bridge = bus->self, *dev, *next;
	u32 buses;

	list_for_each_entry_safe_reverse(dev, next, &bus->devices, bus_list) {
		if (dev->subordinate)
			siov_tear_down(dev->subordinate);
		pci_stop_and_remove_bus_device(dev);
	}

	/* All of its numbers are taken from it below */
	bus->siov_spare = 0;
	pci_remove_bus(bus);
	bridge->subordinate = NULL;
	pci_read_config_dword(bridge, PCI_PRIMARY_BUS, &buses);
	pci_write_config_dword(bridge, PCI_PRIMARY_BUS,
			       buses & PCI_SEC_LATENCY_TIMER_MASK);
}

static void siov_tear_down_new(struct pci_bus *bus)
{
	struct pci_bus *child, *next;

	list_for_each_entry_safe(child, next, &bus->children, node) {
		if (siov_is_new(child))
			siov_tear_down(child);
		else
			siov_tear_down_new(child);
	}
}

/*
 * Planning
 */

static bool siov_can_move(struct pci_dev *bridge)
{
	u8 sec, sub;

	return !pci_is_cardbus_bridge(bridge) &&
	       !pci_ea_fixed_busnrs(bridge, &sec, &sub);
}

/*
 * Are the buses below @bus where the kernel puts them: those that keep their
 * numbers first, then the new ones, one after the other and all within @bus?
 */
static bool siov_is_packed(struct pci_bus *bus, bool new)
{
	u32 last = bus->number;
	struct pci_dev *bridge;
	struct pci_bus *child;

	for_each_pci_bridge(bridge, bus)
		if (!bridge->subordinate ||
		    (siov_is_new(bridge->subordinate) && !siov_can_move(bridge)))
			return false;

	list_for_each_entry(child, &bus->children, node)
		if (!siov_is_new(child)) {
			if (new)
				return false;
			last = max_t(u32, last, child->busn_res.end);
		}

	list_for_each_entry(child, &bus->children, node) {
		if (!siov_is_new(child))
			continue;
		if (child->busn_res.start <= last ||
		    child->busn_res.end < child->busn_res.start ||
		    child->busn_res.end > bus->busn_res.end ||
		    !siov_is_packed(child, true))
			return false;
		last = child->busn_res.end;
	}

	return true;
}

/* Numbers after that of @bus itself that no bridge on it has */
static u32 siov_own_end(struct pci_bus *bus)
{
	u32 end = bus->busn_res.end;
	struct pci_bus *child;

	list_for_each_entry(child, &bus->children, node)
		if (child->self)
			end = min_t(u32, end, child->busn_res.start - 1);

	return end;
}

static void siov_note_missing(struct pci_siov_plan *plan, struct pci_bus *bus)
{
	u32 wanted = siov_wanted_bus(bus), end = siov_own_end(bus);
	struct pci_bus *child;

	plan->missing[bus->number] = wanted > end ? wanted - end : 0;
	list_for_each_entry(child, &bus->children, node)
		siov_note_missing(plan, child);
}

/* One number at a time, until none is left or none is missing */
static u32 siov_share_out(struct pci_siov_plan *plan, u32 left)
{
	u32 given, sum = 0;
	int nr;

	do {
		given = 0;
		for (nr = 0; nr < SIOV_MAX_BUSES && left; nr++) {
			if (!plan->missing[nr])
				continue;
			plan->missing[nr]--;
			plan->extra[nr]++;
			left--;
			given++;
		}
		sum += given;
	} while (given);

	return sum;
}

/*
 * @shift: how many numbers are inserted before @bus.  Return: how many are
 * inserted before the end of its range.
 */
static u32 siov_place(struct pci_siov_plan *plan, struct pci_bus *bus,
		      u8 primary, u32 shift)
{
	struct siov_planned *bridge = &plan->bridges[plan->nr++], *below;
	struct pci_bus *child;

	bridge->primary = primary;
	bridge->devfn = bus->self->devfn;
	bridge->secondary = bus->number + shift;

	shift += plan->extra[bus->number];
	if (list_empty(&bus->children))
		bridge->spare = plan->extra[bus->number];

	list_for_each_entry(child, &bus->children, node) {
		below = &plan->bridges[plan->nr];
		shift = siov_place(plan, child, bridge->secondary, shift);
		if (child->busn_res.end == bus->busn_res.end)
			bridge->spare = below->spare;
	}

	bridge->subordinate = bus->busn_res.end + shift;

	return shift;
}

/* The last number of @bus from @first on before one that SDIs use */
static u32 siov_unclaimed_end(struct pci_bus *bus, u32 first)
{
	u32 busnr;

	for (busnr = first; busnr <= bus->busn_res.end; busnr++)
		if (pci_rid_bus_claimed(bus, busnr))
			return busnr - 1;

	return bus->busn_res.end;
}

/* Plan the new bridges on @bus, which itself keeps its numbers */
static void siov_plan_bus(struct pci_siov_plan *plan, struct pci_bus *bus)
{
	u32 last = bus->number + pci_iov_bus_range(bus), new = 0, old = 0, shift = 0;
	u32 first = bus->busn_res.end, end;
	struct pci_bus *child;

	list_for_each_entry(child, &bus->children, node) {
		last = max_t(u32, last, child->busn_res.end);
		if (siov_is_new(child)) {
			first = min_t(u32, first, child->busn_res.start);
			new++;
		} else {
			old++;
		}
	}

	/* Bridges that move up must not get to numbers that SDIs use */
	end = siov_unclaimed_end(bus, first);
	if (!new || last >= end || !siov_is_packed(bus, false))
		return;

	/* What is missing below another bus cannot come from this one */
	memset(plan->missing, 0, sizeof(plan->missing));
	list_for_each_entry(child, &bus->children, node)
		if (siov_is_new(child))
			siov_note_missing(plan, child);

	/* No bridge that keeps its numbers is between a PF on @bus and the new ones */
	if (!old && siov_wanted_bus(bus) > siov_own_end(bus))
		plan->missing[bus->number] = siov_wanted_bus(bus) - siov_own_end(bus);

	if (!siov_share_out(plan, end - last))
		return;

	shift = plan->extra[bus->number];
	list_for_each_entry(child, &bus->children, node)
		if (siov_is_new(child))
			shift = siov_place(plan, child, bus->number, shift);
}

static void siov_plan_below(struct pci_siov_plan *plan, struct pci_bus *bus)
{
	struct pci_bus *child;

	siov_plan_bus(plan, bus);
	list_for_each_entry(child, &bus->children, node)
		if (!siov_is_new(child))
			siov_plan_below(plan, child);
}

/* Return: NULL if there is nothing to gain */
static struct pci_siov_plan *siov_make_plan(struct pci_bus *bus)
{
	struct pci_siov_plan *plan;

	if (!siov_may_renumber(bus))
		return NULL;

	plan = kzalloc_obj(*plan);
	if (!plan)
		return NULL;

	siov_plan_below(plan, bus);
	if (!plan->nr) {
		kfree(plan);
		return NULL;
	}

	dev_info(&bus->dev, "bus numbers are given out again, with some for SDIs\n");
	return plan;
}

/* The scan is over: note in each bus how many numbers are for SDIs */
static void siov_end_plan(struct pci_host_bridge *host)
{
	struct pci_siov_plan *plan = host->siov_plan;
	struct pci_bus *bus;
	unsigned int i;

	for (i = 0; i < plan->nr; i++) {
		bus = pci_find_bus(pci_domain_nr(host->bus),
				   plan->bridges[i].secondary);
		if (bus && bus->busn_res.end == plan->bridges[i].subordinate)
			bus->siov_spare = plan->bridges[i].spare;
	}

	host->siov_plan = NULL;
	kfree(plan);
}

/**
 * pci_siov_planned_busnrs() - Read the bus numbers that a bridge is to get
 * @bridge: bridge without a bus
 * @sec: number of the bus behind it
 * @sub: last number of its range
 *
 * Return: true if there is a plan and it has numbers for @bridge.
 */
bool pci_siov_planned_busnrs(struct pci_dev *bridge, u8 *sec, u8 *sub)
{
	struct pci_siov_plan *plan = pci_find_host_bridge(bridge->bus)->siov_plan;
	unsigned int i;

	if (!plan)
		return false;

	for (i = 0; i < plan->nr; i++) {
		if (plan->bridges[i].primary != bridge->bus->number ||
		    plan->bridges[i].devfn != bridge->devfn)
			continue;
		*sec = plan->bridges[i].secondary;
		*sub = plan->bridges[i].subordinate;
		return true;
	}

	return false;
}

/**
 * pci_siov_yield() - Give back bus numbers that new bridges may need
 * @bus: bus that has been scanned, with bridges on it that have no bus yet
 *
 * For those who number bridges without pci_scan_child_bus(). They call
 * pci_siov_grow_windows() when that is done.
 *
 * Context: the caller holds pci_rescan_remove_lock.
 */
void pci_siov_yield(struct pci_bus *bus)
{
	if (pci_find_host_bridge(bus)->has_siov && siov_lacks_room(bus))
		siov_yield(bus);
}

/**
 * pci_siov_grow_windows() - Get PFs the bus numbers their SDIs need
 * @bus: any bus of the hierarchy
 *
 * As pci_siov_grow_window(), for the PFs that have been offered to drivers
 * before.
 *
 * Context: the caller holds pci_rescan_remove_lock.
 */
void pci_siov_grow_windows(struct pci_bus *bus)
{
	struct pci_host_bridge *host = pci_find_host_bridge(bus);

	if (host->has_siov)
		siov_grow_again(host->bus);
}

/**
 * pci_siov_rearrange() - Hand out the bus numbers that a scan has left
 * @bus: bus that has been scanned, with all below
 *
 * New bridges may have to move for SDIs, or may need what SDIs do not use.  They
 * lose their buses then, and the caller has to scan them again.
 *
 * Context: the caller holds pci_rescan_remove_lock, if there are SIOV PFs that
 * can have SDIs below the host bridge.
 *
 * Return: true if the caller has to scan again, and then to call again.
 */
bool pci_siov_rearrange(struct pci_bus *bus)
{
	struct pci_host_bridge *host = pci_find_host_bridge(bus);

	if (!host->has_siov)
		return false;

	lockdep_assert_held(&pci_rescan_remove_lock);

	if (host->siov_plan) {
		siov_end_plan(host);
	} else {
		/* The new buses first, as they may be in what is reserved */
		if (!host->siov_yielded && siov_has_spare(bus) &&
		    siov_lacks_room(bus)) {
			siov_tear_down_new(bus);
			siov_yield(bus);
			host->siov_yielded = true;
			return true;
		}

		host->siov_plan = siov_make_plan(bus);
		if (host->siov_plan) {
			siov_tear_down_new(bus);
			return true;
		}
	}

	host->siov_yielded = false;
	siov_grow_again(host->bus);
	return false;
}
