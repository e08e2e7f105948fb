// SPDX-License-Identifier: GPL-2.0
/*
 * A PCI hierarchy in RAM for KUnit tests of the PCI core
 *
 * Registers behave as RAM under a mask of writable bits, which is all that BAR
 * sizing, bridge windows and bus numbers need. Three things are modelled
 * because the tests depend on them: requests are routed by the bridges' bus
 * numbers, SR-IOV's First VF Offset and VF Stride follow ARI Capable Hierarchy
 * of the device's lowest-numbered PF, and an FLR clears what software wrote.
 */
#include <linux/bitfield.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <kunit/test.h>

#include "fake_host.h"

/* Any vendor ID without a driver or a quirk */
#define FAKE_VENDOR		0x1d0f
#define FAKE_DEVICE_PORT	0xfa01
#define FAKE_DEVICE_EP		0xfa02
#define FAKE_DEVICE_VF		0xfa03

#define FAKE_PCIE_CAP		0x40
#define FAKE_EA_CAP		0x90
#define FAKE_BAR_SIZE		SZ_64K
#define FAKE_VF_BAR_SIZE	SZ_64K

#define FAKE_LOG_MAX		32768

/**
 * struct fake_pci_host - host bridge over the fake hierarchy
 * @test: test that owns it
 * @bridge: the core's host bridge, NULL before the scan and after the removal
 * @fns: functions, in the order they were added
 * @busn: bus numbers
 * @mem: MMIO window
 * @pref: prefetchable 64-bit MMIO window
 * @domain: PCI domain number
 * @busn_guessed: @busn is a guess
 * @released: the core dropped its last reference to @bridge
 * @logging: accesses are being recorded
 * @log: accesses
 * @nr_log: how many of them
 * @out_of_bounds: accesses that go past the end of configuration space
 * @sd: what x86 wants to find in a bus's sysdata
 */
struct fake_pci_host {
	struct kunit *test;
	struct pci_host_bridge *bridge;
	struct list_head fns;
	struct resource busn;
	struct resource mem;
	struct resource pref;
	int domain;
	bool busn_guessed;
	bool released;
	bool logging;
	struct fake_pci_access *log;
	unsigned int nr_log;
	unsigned int out_of_bounds;
#ifdef CONFIG_X86
	struct pci_sysdata sd;
#endif
};

u8 fake_pci_get8(struct fake_pci_fn *fn, u16 where)
{
	return fn->cfg[where];
}

u16 fake_pci_get16(struct fake_pci_fn *fn, u16 where)
{
	return get_unaligned_le16(&fn->cfg[where]);
}

u32 fake_pci_get32(struct fake_pci_fn *fn, u16 where)
{
	return get_unaligned_le32(&fn->cfg[where]);
}

void fake_pci_put8(struct fake_pci_fn *fn, u16 where, u8 value)
{
	fn->cfg[where] = value;
}

void fake_pci_put16(struct fake_pci_fn *fn, u16 where, u16 value)
{
	put_unaligned_le16(value, &fn->cfg[where]);
}

void fake_pci_put32(struct fake_pci_fn *fn, u16 where, u32 value)
{
	put_unaligned_le32(value, &fn->cfg[where]);
}

static void fake_wmask16(struct fake_pci_fn *fn, u16 where, u16 mask)
{
	put_unaligned_le16(mask, &fn->wmask[where]);
}

static void fake_wmask32(struct fake_pci_fn *fn, u16 where, u32 mask)
{
	put_unaligned_le32(mask, &fn->wmask[where]);
}

static bool fake_is_bridge(struct fake_pci_fn *fn)
{
	u8 type = fn->cfg[PCI_HEADER_TYPE] & PCI_HEADER_TYPE_MASK;

	/* Both have their bus numbers at the same place */
	return type == PCI_HEADER_TYPE_BRIDGE ||
	       type == PCI_HEADER_TYPE_CARDBUS;
}

u8 fake_pci_secondary(struct fake_pci_fn *port)
{
	return port->cfg[PCI_SECONDARY_BUS];
}

u8 fake_pci_subordinate(struct fake_pci_fn *port)
{
	return port->cfg[PCI_SUBORDINATE_BUS];
}

/*
 * All functions below one port are one device, and only the lowest-numbered PF
 * of a device implements ARI Capable Hierarchy, for all of them.
 */
static struct fake_pci_fn *fake_lowest_pf(struct fake_pci_fn *fn)
{
	struct fake_pci_fn *pf, *lowest = NULL;

	list_for_each_entry(pf, &fn->host->fns, node) {
		if (!pf->sriov || pf->parent != fn->parent)
			continue;
		if (!lowest || pf->devfn < lowest->devfn)
			lowest = pf;
	}

	return lowest;
}

static bool fake_sriov_ari(struct fake_pci_fn *fn)
{
	struct fake_pci_fn *pf = fake_lowest_pf(fn);

	return fake_pci_get16(pf, pf->sriov + PCI_SRIOV_CTRL) &
		PCI_SRIOV_CTRL_ARI;
}

static void fake_sriov_update(struct fake_pci_fn *fn)
{
	bool idle = !fake_pci_get16(fn, fn->sriov + PCI_SRIOV_NUM_VF);
	bool ari = fake_sriov_ari(fn);

	fake_pci_put16(fn, fn->sriov + PCI_SRIOV_VF_OFFSET,
		       idle && fn->vf_offset_idle ? fn->vf_offset_idle :
						    fn->vf_offset[ari]);
	fake_pci_put16(fn, fn->sriov + PCI_SRIOV_VF_STRIDE, fn->vf_stride[ari]);
}

static bool fake_vf_answers(struct fake_pci_fn *fn, u8 pf_bus, u16 rid)
{
	u16 offset, stride, num;
	int delta;

	if (!fn->sriov || !(fake_pci_get16(fn, fn->sriov + PCI_SRIOV_CTRL) &
			    PCI_SRIOV_CTRL_VFE))
		return false;

	offset = fake_pci_get16(fn, fn->sriov + PCI_SRIOV_VF_OFFSET);
	stride = fake_pci_get16(fn, fn->sriov + PCI_SRIOV_VF_STRIDE);
	num = fake_pci_get16(fn, fn->sriov + PCI_SRIOV_NUM_VF);
	delta = rid - PCI_DEVID(pf_bus, fn->devfn) - offset;
	if (delta < 0)
		return false;
	if (!stride)
		return num && !delta;

	return delta % stride == 0 && delta / stride < num;
}

/* The function among the children of @parent that decodes @busnr below it */
static struct fake_pci_fn *fake_next_hop(struct fake_pci_host *host,
					 struct fake_pci_fn *parent, u8 busnr)
{
	struct fake_pci_fn *fn;

	list_for_each_entry(fn, &host->fns, node) {
		if (fn->parent != parent || fn->absent || !fake_is_bridge(fn) ||
		    !fake_pci_secondary(fn))
			continue;
		if (busnr >= fake_pci_secondary(fn) &&
		    busnr <= fake_pci_subordinate(fn))
			return fn;
	}

	return NULL;
}

/* Follow the bus number; @parent is the last bridge that forwards it */
static u8 fake_descend(struct fake_pci_host *host, u8 busnr,
		       struct fake_pci_fn **parent)
{
	u8 level = host->busn.start;
	struct fake_pci_fn *hop;

	*parent = NULL;
	while (level != busnr) {
		hop = fake_next_hop(host, *parent, busnr);
		if (!hop)
			break;
		*parent = hop;
		level = fake_pci_secondary(hop);
	}

	return level;
}

/* The function that answers at this address now, or NULL */
struct fake_pci_fn *fake_pci_route(struct fake_pci_host *host, u8 busnr,
				   u8 devfn)
{
	struct fake_pci_fn *fn, *parent;
	u8 level;

	if (busnr < host->busn.start || busnr > host->busn.end)
		return NULL;

	level = fake_descend(host, busnr, &parent);
	list_for_each_entry(fn, &host->fns, node) {
		if (fn->parent != parent || fn->absent)
			continue;
		if (level == busnr && fn->devfn == devfn)
			return fn;
		if (fake_vf_answers(fn, level, PCI_DEVID(busnr, devfn)))
			return fn->vf;
	}

	return NULL;
}

/**
 * fake_pci_rid_is_free() - Tell whether a Routing ID leads to a function's bus
 * @fn: function
 * @rid: Routing ID
 *
 * What the fabric's registers say now, whatever the core believes.
 *
 * Return: true if a completion for @rid reaches @fn's link and no function
 * there has it.
 */
bool fake_pci_rid_is_free(struct fake_pci_fn *fn, u16 rid)
{
	struct fake_pci_host *host = fn->host;
	struct fake_pci_fn *parent;
	u8 busnr = PCI_BUS_NUM(rid);

	if (busnr < host->busn.start || busnr > host->busn.end)
		return false;

	fake_descend(host, busnr, &parent);
	return parent == fn->parent && !fake_pci_route(host, busnr, rid & 0xff);
}

static void fake_log(struct fake_pci_host *host, struct fake_pci_fn *fn,
		     u16 rid, u16 where, u8 size, bool write, u32 value)
{
	if (!host->logging)
		return;

	/* One entry too many marks the overflow, see fake_pci_log() */
	if (host->nr_log < FAKE_LOG_MAX)
		host->log[host->nr_log] = (struct fake_pci_access) {
			.fn = fn, .rid = rid, .where = where, .size = size,
			.write = write, .value = value,
		};
	host->nr_log++;
}

static bool fake_in_bounds(struct fake_pci_host *host, int where, int size)
{
	if (where >= 0 && where + size <= PCI_CFG_SPACE_EXP_SIZE)
		return true;

	host->out_of_bounds++;
	return false;
}

static struct fake_pci_host *fake_host_of(struct pci_bus *bus)
{
	struct fake_pci_host **priv;

	priv = pci_host_bridge_priv(pci_find_host_bridge(bus));
	return *priv;
}

static int fake_read(struct pci_bus *bus, unsigned int devfn, int where,
		     int size, u32 *val)
{
	struct fake_pci_host *host = fake_host_of(bus);
	struct fake_pci_fn *fn = fake_pci_route(host, bus->number, devfn);
	u32 value;
	int i;

	if (!fn || !fake_in_bounds(host, where, size)) {
		PCI_SET_ERROR_RESPONSE(val);
		return PCIBIOS_DEVICE_NOT_FOUND;
	}

	for (value = 0, i = size - 1; i >= 0; i--)
		value = value << 8 | fn->cfg[where + i];

	fake_log(host, fn, PCI_DEVID(bus->number, devfn), where, size, false,
		 value);
	*val = value;
	return PCIBIOS_SUCCESSFUL;
}

/* A Function Level Reset leaves nothing of what software wrote */
static void fake_flr(struct fake_pci_fn *fn)
{
	int i;

	for (i = 0; i < PCI_CFG_SPACE_EXP_SIZE; i++)
		fn->cfg[i] &= ~fn->wmask[i];
	if (fn->flr)
		fn->flr(fn);
}

static void fake_write_effects(struct fake_pci_fn *fn)
{
	struct fake_pci_fn *pf;

	if (fn->cfg[FAKE_PCIE_CAP] == PCI_CAP_ID_EXP &&
	    fake_pci_get16(fn, FAKE_PCIE_CAP + PCI_EXP_DEVCTL) &
	    PCI_EXP_DEVCTL_BCR_FLR && !fake_is_bridge(fn))
		fake_flr(fn);

	if (!fn->sriov)
		return;

	list_for_each_entry(pf, &fn->host->fns, node)
		if (pf->sriov && pf->parent == fn->parent)
			fake_sriov_update(pf);
}

static int fake_write(struct pci_bus *bus, unsigned int devfn, int where,
		      int size, u32 val)
{
	struct fake_pci_host *host = fake_host_of(bus);
	struct fake_pci_fn *fn = fake_pci_route(host, bus->number, devfn);
	int i;

	if (!fn || !fake_in_bounds(host, where, size))
		return PCIBIOS_DEVICE_NOT_FOUND;

	fn->writes++;
	fake_log(host, fn, PCI_DEVID(bus->number, devfn), where, size, true,
		 val);

	for (i = where; i < where + size; i++, val >>= 8)
		fn->cfg[i] = (fn->cfg[i] & ~fn->wmask[i]) |
			     (val & fn->wmask[i]);

	fake_write_effects(fn);
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops fake_ops = {
	.read = fake_read,
	.write = fake_write,
};

/**
 * fake_pci_log_start() - Record the accesses from here on
 * @host: host bridge
 *
 * What was recorded before is dropped.
 */
void fake_pci_log_start(struct fake_pci_host *host)
{
	if (!host->log)
		host->log = kvzalloc_objs(*host->log, FAKE_LOG_MAX);
	KUNIT_ASSERT_NOT_NULL(host->test, host->log);
	host->nr_log = 0;
	host->logging = true;
}

void fake_pci_log_stop(struct fake_pci_host *host)
{
	host->logging = false;
}

/**
 * fake_pci_log() - The accesses recorded
 * @host: host bridge
 * @nr: how many there are
 *
 * A log that overflowed fails the test: what is not in it proves nothing.
 *
 * Return: the accesses, in the order they came.
 */
const struct fake_pci_access *fake_pci_log(struct fake_pci_host *host,
					   unsigned int *nr)
{
	KUNIT_ASSERT_LE(host->test, host->nr_log, FAKE_LOG_MAX);
	*nr = host->nr_log;
	return host->log;
}

static struct fake_pci_fn *fake_alloc_fn(struct fake_pci_host *host,
					 struct fake_pci_fn *parent, u8 devfn,
					 u16 device, u32 class, u8 hdr_type)
{
	struct fake_pci_fn *fn;

	fn = kzalloc_obj(*fn);
	KUNIT_ASSERT_NOT_NULL(host->test, fn);
	INIT_LIST_HEAD(&fn->node);
	fn->host = host;
	fn->parent = parent;
	fn->devfn = devfn;
	fn->next_ext = PCI_CFG_SPACE_SIZE;

	fake_pci_put16(fn, PCI_VENDOR_ID, FAKE_VENDOR);
	fake_pci_put16(fn, PCI_DEVICE_ID, device);
	fake_pci_put32(fn, PCI_CLASS_REVISION, class << 8);
	fake_pci_put8(fn, PCI_HEADER_TYPE, hdr_type);
	fake_wmask16(fn, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		     PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
		     PCI_COMMAND_INTX_DISABLE);
	return fn;
}

/* PCI Express capability, version 2, 2.5 GT/s x1 so that nothing is printed */
static void fake_add_pcie(struct fake_pci_fn *fn, int type)
{
	u16 pos = FAKE_PCIE_CAP;

	fake_pci_put16(fn, PCI_STATUS, PCI_STATUS_CAP_LIST);
	fake_pci_put8(fn, PCI_CAPABILITY_LIST, pos);
	fake_pci_put8(fn, pos, PCI_CAP_ID_EXP);
	fake_pci_put16(fn, pos + PCI_EXP_FLAGS,
		       2 | FIELD_PREP(PCI_EXP_FLAGS_TYPE, type));
	fake_pci_put32(fn, pos + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER);
	fake_wmask16(fn, pos + PCI_EXP_DEVCTL, 0xffff);
	fake_pci_put32(fn, pos + PCI_EXP_LNKCAP, 0x11);
	fake_pci_put16(fn, pos + PCI_EXP_LNKSTA, 0x11);
	fake_pci_put32(fn, pos + PCI_EXP_LNKCAP2, PCI_EXP_LNKCAP2_SLS_2_5GB);
}

static void fake_add_bar64(struct fake_pci_fn *fn, u16 where, u32 size)
{
	fake_pci_put32(fn, where, PCI_BASE_ADDRESS_MEM_TYPE_64 |
		       PCI_BASE_ADDRESS_MEM_PREFETCH);
	fake_wmask32(fn, where, ~(size - 1));
	fake_wmask32(fn, where + 4, ~0u);
}

/*
 * A function whose device has a further function says so in function 0. Under
 * an ARI port it is the ARI capability that leads to the others.
 */
static void fake_update_multifunction(struct fake_pci_fn *fn)
{
	struct fake_pci_fn *other;
	bool found = false;

	list_for_each_entry(other, &fn->host->fns, node) {
		if (other->parent != fn->parent || other == fn ||
		    PCI_SLOT(other->devfn) != PCI_SLOT(fn->devfn))
			continue;
		other->cfg[PCI_HEADER_TYPE] |= PCI_HEADER_TYPE_MFD;
		found = true;
	}

	if (found)
		fn->cfg[PCI_HEADER_TYPE] |= PCI_HEADER_TYPE_MFD;
}

static void fake_plug(struct fake_pci_fn *fn)
{
	list_add_tail(&fn->node, &fn->host->fns);
	fake_update_multifunction(fn);
}

static struct fake_pci_fn *fake_add_type0(struct fake_pci_host *host,
					  struct fake_pci_fn *parent, u8 devfn)
{
	struct fake_pci_fn *fn;

	fn = fake_alloc_fn(host, parent, devfn, FAKE_DEVICE_EP, 0x00ff00,
			   PCI_HEADER_TYPE_NORMAL);
	fake_add_bar64(fn, PCI_BASE_ADDRESS_0, FAKE_BAR_SIZE);
	return fn;
}

/**
 * fake_pci_add_endpoint() - Add a PCI Express Endpoint
 * @host: host bridge
 * @parent: port above
 * @devfn: device and function number
 *
 * The endpoint has a 64-bit BAR and can do FLR.
 *
 * Return: the function.
 */
struct fake_pci_fn *fake_pci_add_endpoint(struct fake_pci_host *host,
					  struct fake_pci_fn *parent, u8 devfn)
{
	struct fake_pci_fn *fn = fake_add_type0(host, parent, devfn);

	fake_add_pcie(fn, PCI_EXP_TYPE_ENDPOINT);
	fake_pci_put32(fn, FAKE_PCIE_CAP + PCI_EXP_DEVCAP,
		       PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR);
	fake_plug(fn);
	return fn;
}

/* A Root Complex Integrated Endpoint sits on the root bus, below no port */
struct fake_pci_fn *fake_pci_add_rciep(struct fake_pci_host *host, u8 devfn)
{
	struct fake_pci_fn *fn = fake_add_type0(host, NULL, devfn);

	fake_add_pcie(fn, PCI_EXP_TYPE_RC_END);
	fake_pci_put32(fn, FAKE_PCIE_CAP + PCI_EXP_DEVCAP,
		       PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR);
	fake_plug(fn);
	return fn;
}

/* A function without PCI Express capability */
struct fake_pci_fn *fake_pci_add_conventional(struct fake_pci_host *host,
					      struct fake_pci_fn *parent,
					      u8 devfn)
{
	struct fake_pci_fn *fn = fake_add_type0(host, parent, devfn);

	fake_plug(fn);
	return fn;
}

/**
 * fake_pci_add_port() - Add a Root Port or a port of a switch
 * @host: host bridge
 * @parent: port above, NULL for the root bus
 * @devfn: device and function number
 * @type: PCI_EXP_TYPE_ROOT_PORT, _UPSTREAM or _DOWNSTREAM
 *
 * Ports that lead downwards can forward ARI. Without fake_pci_set_buses() the
 * port comes unnumbered, as out of reset.
 *
 * Return: the port.
 */
struct fake_pci_fn *fake_pci_add_port(struct fake_pci_host *host,
				      struct fake_pci_fn *parent, u8 devfn,
				      int type)
{
	struct fake_pci_fn *fn;

	fn = fake_alloc_fn(host, parent, devfn, FAKE_DEVICE_PORT, 0x060400,
			   PCI_HEADER_TYPE_BRIDGE);
	fake_wmask32(fn, PCI_PRIMARY_BUS, 0x00ffffff);
	fake_wmask16(fn, PCI_BRIDGE_CONTROL, 0x0fff);
	fake_wmask32(fn, PCI_MEMORY_BASE, 0xfff0fff0);
	fake_pci_put32(fn, PCI_PREF_MEMORY_BASE, 0x00010001);
	fake_wmask32(fn, PCI_PREF_MEMORY_BASE, 0xfff0fff0);
	fake_wmask32(fn, PCI_PREF_BASE_UPPER32, ~0u);
	fake_wmask32(fn, PCI_PREF_LIMIT_UPPER32, ~0u);

	fake_add_pcie(fn, type);
	if (type != PCI_EXP_TYPE_UPSTREAM) {
		fake_pci_put32(fn, FAKE_PCIE_CAP + PCI_EXP_DEVCAP2,
			       PCI_EXP_DEVCAP2_ARI);
		fake_wmask16(fn, FAKE_PCIE_CAP + PCI_EXP_DEVCTL2,
			     PCI_EXP_DEVCTL2_ARI);
	}
	fake_plug(fn);
	return fn;
}

/* A CardBus bridge, which is a conventional PCI function on the root bus */
struct fake_pci_fn *fake_pci_add_cardbus(struct fake_pci_host *host, u8 devfn)
{
	struct fake_pci_fn *fn;

	fn = fake_alloc_fn(host, NULL, devfn, FAKE_DEVICE_PORT,
			   PCI_CLASS_BRIDGE_CARDBUS << 8,
			   PCI_HEADER_TYPE_CARDBUS);
	fake_wmask32(fn, PCI_PRIMARY_BUS, ~0u);
	fake_wmask16(fn, PCI_CB_BRIDGE_CONTROL, 0x07ef);
	fake_plug(fn);
	return fn;
}

/* A port with a hot-plug capable slot gets spare bus numbers from the core */
void fake_pci_set_hotplug(struct fake_pci_fn *port)
{
	u16 flags = fake_pci_get16(port, FAKE_PCIE_CAP + PCI_EXP_FLAGS);

	fake_pci_put16(port, FAKE_PCIE_CAP + PCI_EXP_FLAGS,
		       flags | PCI_EXP_FLAGS_SLOT);
	fake_pci_put32(port, FAKE_PCIE_CAP + PCI_EXP_SLTCAP,
		       PCI_EXP_SLTCAP_HPC);
}

/* The function sends requests with unused function numbers of its device, too */
void fake_pci_set_phantom(struct fake_pci_fn *fn)
{
	fake_pci_put16(fn, FAKE_PCIE_CAP + PCI_EXP_DEVCTL,
		       PCI_EXP_DEVCTL_PHANTOM);
}

/* Number the port as a firmware does that knows nothing of virtual functions */
void fake_pci_set_buses(struct fake_pci_fn *port, u8 primary, u8 secondary,
			u8 subordinate)
{
	fake_pci_put8(port, PCI_PRIMARY_BUS, primary);
	fake_pci_put8(port, PCI_SECONDARY_BUS, secondary);
	fake_pci_put8(port, PCI_SUBORDINATE_BUS, subordinate);
}

/**
 * fake_pci_fix_buses() - Give a port fixed bus numbers by Enhanced Allocation
 * @port: the port
 * @secondary: fixed secondary bus number
 * @subordinate: fixed subordinate bus number
 */
void fake_pci_fix_buses(struct fake_pci_fn *port, u8 secondary, u8 subordinate)
{
	fake_pci_put8(port, FAKE_PCIE_CAP + PCI_CAP_LIST_NEXT, FAKE_EA_CAP);
	fake_pci_put8(port, FAKE_EA_CAP, PCI_CAP_ID_EA);
	fake_pci_put8(port, FAKE_EA_CAP + PCI_EA_FIRST_ENT, secondary);
	fake_pci_put8(port, FAKE_EA_CAP + PCI_EA_FIRST_ENT + 1, subordinate);
}

/**
 * fake_pci_add_ext_cap() - Append an extended capability
 * @fn: function
 * @id: capability ID
 * @version: capability version
 * @len: bytes to keep free for it
 *
 * A gap of 16 bytes follows each capability, so that an access past its end
 * does not end in the next one.
 *
 * Return: its position.
 */
u16 fake_pci_add_ext_cap(struct fake_pci_fn *fn, u16 id, u8 version, u16 len)
{
	u16 pos = fn->next_ext;

	KUNIT_ASSERT_LE(fn->host->test, pos + len, PCI_CFG_SPACE_EXP_SIZE);
	fake_pci_put32(fn, pos, id | version << 16);
	if (fn->last_ext)
		fake_pci_put32(fn, fn->last_ext,
			       (fake_pci_get32(fn, fn->last_ext) & 0xfffff) |
			       pos << 20);
	fn->last_ext = pos;
	fn->next_ext = pos + len + 16;
	return pos;
}

u16 fake_pci_add_ari(struct fake_pci_fn *fn, u8 next_fn)
{
	u16 pos = fake_pci_add_ext_cap(fn, PCI_EXT_CAP_ID_ARI, 1, 8);

	fake_pci_put16(fn, pos + PCI_ARI_CAP, next_fn << 8);
	return pos;
}

/* VFs carry 0xffff in their ID registers, the core must not look at these */
static struct fake_pci_fn *fake_alloc_vf(struct fake_pci_fn *pf)
{
	struct fake_pci_fn *vf;

	vf = fake_alloc_fn(pf->host, pf->parent, 0, 0xffff, 0x00ff00,
			   PCI_HEADER_TYPE_NORMAL);
	fake_pci_put16(vf, PCI_VENDOR_ID, 0xffff);
	fake_add_pcie(vf, PCI_EXP_TYPE_ENDPOINT);
	return vf;
}

/**
 * fake_pci_add_sriov() - Make a function an SR-IOV PF
 * @fn: function
 * @sriov: the figures
 *
 * The VFs have one 64-bit BAR.
 *
 * Return: position of the capability.
 */
u16 fake_pci_add_sriov(struct fake_pci_fn *fn,
		       const struct fake_pci_sriov *sriov)
{
	u16 pos = fake_pci_add_ext_cap(fn, PCI_EXT_CAP_ID_SRIOV, 1,
				       PCI_EXT_CAP_SRIOV_SIZEOF);

	fn->sriov = pos;
	memcpy(fn->vf_offset, sriov->offset, sizeof(fn->vf_offset));
	memcpy(fn->vf_stride, sriov->stride, sizeof(fn->vf_stride));
	fn->vf = fake_alloc_vf(fn);

	fake_wmask16(fn, pos + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE |
		     PCI_SRIOV_CTRL_MSE);
	if (fake_lowest_pf(fn) == fn)
		fake_wmask16(fn, pos + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE |
			     PCI_SRIOV_CTRL_MSE | PCI_SRIOV_CTRL_ARI);
	fake_pci_put16(fn, pos + PCI_SRIOV_INITIAL_VF, sriov->total);
	fake_pci_put16(fn, pos + PCI_SRIOV_TOTAL_VF, sriov->total);
	fake_wmask16(fn, pos + PCI_SRIOV_NUM_VF, 0xffff);
	fake_pci_put8(fn, pos + PCI_SRIOV_FUNC_LINK, fn->devfn);
	fake_pci_put16(fn, pos + PCI_SRIOV_VF_DID, FAKE_DEVICE_VF);
	fake_pci_put32(fn, pos + PCI_SRIOV_SUP_PGSIZE, 0x553);
	fake_wmask32(fn, pos + PCI_SRIOV_SYS_PGSIZE, ~0u);
	fake_add_bar64(fn, pos + PCI_SRIOV_BAR, FAKE_VF_BAR_SIZE);
	fake_sriov_update(fn);
	return pos;
}

/**
 * fake_pci_add_siov() - Make a function a SIOV PF
 * @fn: function
 * @siov: the figures
 *
 * No bit of the capability can be written, by the specification.
 *
 * Return: position of the capability.
 */
u16 fake_pci_add_siov(struct fake_pci_fn *fn, const struct fake_pci_siov *siov)
{
	u16 pos = fake_pci_add_ext_cap(fn, 0x38, 1, 0x10);

	fake_pci_put32(fn, pos + 0x04, siov->caps);
	fake_pci_put16(fn, pos + 0x08, siov->total);
	fake_pci_put8(fn, pos + 0x0b, siov->status);
	fake_pci_put16(fn, pos + 0x0c, siov->offset);
	fake_pci_put16(fn, pos + 0x0e, siov->stride);
	return pos;
}

static void fake_host_release(struct pci_host_bridge *bridge)
{
	struct fake_pci_host **priv = pci_host_bridge_priv(bridge);

	(*priv)->released = true;
}

/*
 * Every device and bus holds a reference to its parent, so the bridge is only
 * released if none of them has leaked. If one has, its configuration space
 * must outlive it.
 */
static void fake_host_destroy(void *data)
{
	struct fake_pci_host *host = data;
	struct fake_pci_fn *fn, *next;

	KUNIT_EXPECT_EQ_MSG(host->test, host->out_of_bounds, 0,
			    "configuration accesses out of bounds");

	if (host->bridge && !fake_pci_remove(host)) {
		KUNIT_FAIL(host->test, "a PCI device or bus has leaked");
		return;
	}

	list_for_each_entry_safe(fn, next, &host->fns, node) {
		kfree(fn->vf);
		kfree(fn);
	}
	kvfree(host->log);
	kfree(host);
}

/**
 * fake_pci_host_create() - Create an empty hierarchy
 * @test: test that owns it; it is removed and freed when the test ends
 * @first_bus: root bus number
 * @last_bus: last bus number the host bridge forwards
 *
 * Return: the hierarchy.
 */
struct fake_pci_host *fake_pci_host_create(struct kunit *test, u8 first_bus,
					   u8 last_bus)
{
	struct fake_pci_host *host;

	host = kzalloc_obj(*host);
	KUNIT_ASSERT_NOT_NULL(test, host);
	host->test = test;
	INIT_LIST_HEAD(&host->fns);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   fake_host_destroy,
							   host));

	host->busn = DEFINE_RES_NAMED(first_bus, last_bus - first_bus + 1,
				      "fake PCI busn", IORESOURCE_BUS);
	host->mem = DEFINE_RES_NAMED(0xc0000000, SZ_256M, "fake PCI mem",
				     IORESOURCE_MEM);
	host->pref = DEFINE_RES_NAMED(0x4000000000ULL, 0x4000000000ULL,
				      "fake PCI pref",
				      IORESOURCE_MEM | IORESOURCE_MEM_64 |
				      IORESOURCE_PREFETCH);
	return host;
}

/* As if firmware did not say which bus numbers are the host bridge's */
void fake_pci_guess_buses(struct fake_pci_host *host)
{
	host->busn_guessed = true;
}

/* Remove the hierarchy before the test ends */
void fake_pci_host_free(struct fake_pci_host *host)
{
	kunit_release_action(host->test, fake_host_destroy, host);
}

/**
 * fake_pci_scan() - Let the PCI core enumerate the hierarchy
 * @host: host bridge
 *
 * Numbers buses, assigns resources and adds the devices.
 */
void fake_pci_scan(struct fake_pci_host *host)
{
	struct pci_host_bridge *bridge;
	int ret;

	KUNIT_ASSERT_NULL(host->test, host->bridge);
	bridge = pci_alloc_host_bridge(sizeof(host));
	KUNIT_ASSERT_NOT_NULL(host->test, bridge);

	*(struct fake_pci_host **)pci_host_bridge_priv(bridge) = host;
	host->released = false;
	bridge->release_fn = fake_host_release;
	bridge->ops = &fake_ops;
	bridge->busn_guessed = host->busn_guessed;

	/* The core gives the number back with the bridge */
	host->domain = pci_bus_find_emul_domain_nr(0, 0x10000, INT_MAX);
	bridge->domain_nr = host->domain;
#ifdef CONFIG_X86
	host->sd = (struct pci_sysdata) {
		.domain = host->domain,
		.node = NUMA_NO_NODE,
	};
	bridge->sysdata = &host->sd;
#endif
	pci_add_resource(&bridge->windows, &host->busn);
	pci_add_resource(&bridge->windows, &host->mem);
	pci_add_resource(&bridge->windows, &host->pref);

	ret = pci_host_probe(bridge);
	if (ret)
		pci_free_host_bridge(bridge);
	KUNIT_ASSERT_EQ(host->test, 0, ret);
	host->bridge = bridge;
}

/**
 * fake_pci_remove() - Take the hierarchy away from the PCI core
 * @host: host bridge
 *
 * Return: true if the core let go of everything.
 */
bool fake_pci_remove(struct fake_pci_host *host)
{
	struct pci_host_bridge *bridge = host->bridge;

	host->bridge = NULL;
	pci_lock_rescan_remove();
	pci_stop_root_bus(bridge->bus);
	pci_remove_root_bus(bridge->bus);
	pci_unlock_rescan_remove();
	pci_free_host_bridge(bridge);
	return host->released;
}

/* As "echo 1 > /sys/bus/pci/rescan" */
void fake_pci_rescan(struct fake_pci_host *host)
{
	pci_lock_rescan_remove();
	pci_rescan_bus(host->bridge->bus);
	pci_unlock_rescan_remove();
}

/* As a write to sriov_numvfs, without what the driver does */
int fake_pci_enable_vfs(struct pci_dev *pf, int nr)
{
	int ret;

	pci_lock_rescan_remove();
	ret = pci_enable_sriov(pf, nr);
	pci_unlock_rescan_remove();
	return ret;
}

void fake_pci_disable_vfs(struct pci_dev *pf)
{
	pci_lock_rescan_remove();
	pci_disable_sriov(pf);
	pci_unlock_rescan_remove();
}

struct pci_bus *fake_pci_root(struct fake_pci_host *host)
{
	return host->bridge->bus;
}

int fake_pci_domain(struct fake_pci_host *host)
{
	return host->domain;
}

/*
 * A reference that a test held until its end would look like a leak to
 * fake_host_destroy(), so none is kept: the hierarchy only changes when the
 * test says so.
 */
struct pci_dev *fake_pci_find(struct fake_pci_host *host, u8 busnr, u8 devfn)
{
	struct pci_dev *pdev;

	pdev = pci_get_domain_bus_and_slot(host->domain, busnr, devfn);
	pci_dev_put(pdev);
	return pdev;
}

/**
 * fake_pci_dev() - The core's device for a function
 * @fn: function
 *
 * Return: the device, good until the test removes it, or NULL.
 */
struct pci_dev *fake_pci_dev(struct fake_pci_fn *fn)
{
	struct fake_pci_host *host = fn->host;
	u8 busnr = host->busn.start;

	if (fn->parent)
		busnr = fake_pci_secondary(fn->parent);

	return fake_pci_find(host, busnr, fn->devfn);
}

struct pci_bus *fake_pci_bus(struct fake_pci_host *host, u8 busnr)
{
	return pci_find_bus(host->domain, busnr);
}

/**
 * fake_kmsg_mark() - Remember how far the kernel log goes
 * @mark: where to remember it
 */
void fake_kmsg_mark(struct kmsg_dump_iter *mark)
{
	kmsg_dump_rewind(mark);
	mark->cur_seq = mark->next_seq;
}

/**
 * fake_kmsg_count() - Count messages in the kernel log
 * @mark: count from here on
 * @level: count this loglevel and more serious ones
 * @what: text the message has in it
 * @and_what: text it has in it too, or NULL
 *
 * The log is read synchronously from the ring buffer, so that no console
 * thread's timing matters.
 *
 * Return: number of messages.
 */
unsigned int fake_kmsg_count(const struct kmsg_dump_iter *mark, int level,
			     const char *what, const char *and_what)
{
	struct kmsg_dump_iter iter = *mark;
	static char line[1024];
	unsigned int count = 0;
	size_t len;

	while (kmsg_dump_get_line(&iter, true, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		/* "<4>[    0.1] text": the level is in the low bits */
		if (line[0] != '<' || ((line[1] - '0') & 7) > level)
			continue;
		if (strstr(line, what) && (!and_what || strstr(line, and_what)))
			count++;
	}

	return count;
}

static int fake_loud_level;

static void fake_restore_loglevel(void *unused)
{
	console_loglevel = fake_loud_level;
}

/**
 * fake_kmsg_quiet() - Keep what follows off the consoles
 * @test: test whose end ends it, if fake_kmsg_loud() does not
 *
 * A hundred enumerations print what nobody wants to read. The messages still
 * go to the log and can be counted. KUnit ends its lines without a newline, and
 * such a line is only printed when the next one comes: so one comes here, before
 * it is too late for the result of the last test.
 */
void fake_kmsg_quiet(struct kunit *test)
{
	pr_info("fake PCI: what follows is in the log only\n");
	fake_loud_level = console_loglevel;
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action(test, fake_restore_loglevel, NULL));
	console_loglevel = LOGLEVEL_WARNING;
}

void fake_kmsg_loud(struct kunit *test)
{
	kunit_release_action(test, fake_restore_loglevel, NULL);
}
