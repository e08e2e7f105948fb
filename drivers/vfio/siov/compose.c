// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI function that the user of an SDI sees, as its driver composes it
 *
 * Where things are is ABI, see include/linux/vfio_siov_core.h.
 */

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "private.h"

#define CFG_EXP			VFIO_SIOV_CFG_EXP
#define CFG_EXP_SIZE		(PCI_EXP_SLTSTA2 + 2)
#define CFG_MSIX		(CFG_EXP + CFG_EXP_SIZE)

#define MSIX_MAX_VECTORS	(PCI_MSIX_FLAGS_QSIZE + 1)

/* What PCI Express wants of a memory BAR at least */
#define MIN_BAR_SIZE		128

/**
 * struct vfio_siov_cap - a capability
 * @id: %PCI_CAP_ID_*
 * @pos: where it is in configuration space
 * @len: its bytes
 */
struct vfio_siov_cap {
	u8 id;
	u8 pos;
	u8 len;
};

/* ---- Registers ---- */

static void set8(struct vfio_siov_core_device *v, unsigned int pos, u8 val,
		 u8 mask)
{
	v->cfg_init[pos] = val;
	v->wmask[pos] = mask;
}

static void set16(struct vfio_siov_core_device *v, unsigned int pos, u16 val,
		  u16 mask)
{
	put_unaligned_le16(val, &v->cfg_init[pos]);
	put_unaligned_le16(mask, &v->wmask[pos]);
}

static void set32(struct vfio_siov_core_device *v, unsigned int pos, u32 val,
		  u32 mask)
{
	put_unaligned_le32(val, &v->cfg_init[pos]);
	put_unaligned_le32(mask, &v->wmask[pos]);
}

static void set_bytes(struct vfio_siov_core_device *v, unsigned int pos,
		      const u8 *bytes, const u8 *wmask, size_t len)
{
	memcpy(v->cfg_init + pos, bytes, len);
	if (wmask)
		memcpy(v->wmask + pos, wmask, len);
	else
		memset(v->wmask + pos, 0, len);
}

static u8 *grown(u8 *old, size_t old_size, size_t size)
{
	u8 *new = krealloc(old, size, GFP_KERNEL);

	if (new)
		memset(new + old_size, 0, size - old_size);

	return new;
}

/* Most functions have no extended capability, and need no room for one */
static int grow_config(struct vfio_siov_core_device *v, unsigned int size)
{
	u8 *new;

	if (size <= v->cfg_size)
		return 0;

	new = grown(v->cfg_init, v->cfg_size, size);
	if (!new)
		return -ENOMEM;
	v->cfg_init = new;

	new = grown(v->wmask, v->cfg_size, size);
	if (!new)
		return -ENOMEM;
	v->wmask = new;
	v->cfg_size = size;

	return 0;
}

/* ---- Capabilities ---- */

static unsigned int caps_end(const struct vfio_siov_core_device *v)
{
	const struct vfio_siov_cap *last;

	if (!v->nr_caps)
		return CFG_EXP;

	last = &v->cap[v->nr_caps - 1];
	return ALIGN(last->pos + last->len, sizeof(u32));
}

static int append_cap(struct vfio_siov_core_device *v, u8 id, size_t len)
{
	unsigned int pos = caps_end(v);
	struct vfio_siov_cap *cap;

	if (len > PCI_CFG_SPACE_SIZE - pos)
		return -ENOSPC;

	cap = krealloc_array(v->cap, v->nr_caps + 1, sizeof(*cap), GFP_KERNEL);
	if (!cap)
		return -ENOMEM;

	v->cap = cap;
	cap[v->nr_caps++] = (struct vfio_siov_cap) { id, pos, len };

	return pos;
}

/**
 * vfio_siov_core_add_cap() - Add a capability
 * @core: the device, not yet registered
 * @id: %PCI_CAP_ID_*
 * @bytes: the capability from its first byte on; the core sets ID and Next
 * @wmask: bits of it that the user can write, NULL if there are none. What is
 *	written does nothing but stay until the device is closed
 * @len: its bytes, at least 2
 *
 * Return: where it is; -ENOSPC if no room is left; -EINVAL; or -ENOMEM.
 */
int vfio_siov_core_add_cap(struct vfio_siov_core_device *core, u8 id,
			   const u8 *bytes, const u8 *wmask, size_t len)
{
	int pos;

	if (len < PCI_CAP_SIZEOF)
		return -EINVAL;

	pos = append_cap(core, id, len);
	if (pos < 0)
		return pos;

	set_bytes(core, pos, bytes, wmask, len);
	set8(core, pos + PCI_CAP_LIST_ID, id, 0);
	set8(core, pos + PCI_CAP_LIST_NEXT, 0, 0);

	return pos;
}
EXPORT_SYMBOL_GPL(vfio_siov_core_add_cap);

/**
 * vfio_siov_core_trap_config() - Tell the driver of accesses to a few registers
 * @core: the device, not yet registered
 * @pos: where they are in configuration space; in a capability of the driver's
 * @len: their bytes
 *
 * The driver has &vfio_siov_core_ops.trap_read and
 * &vfio_siov_core_ops.trap_written. There is one such place in a function.
 */
void vfio_siov_core_trap_config(struct vfio_siov_core_device *core,
				unsigned int pos, unsigned int len)
{
	core->trap_pos = pos;
	core->trap_len = len;
}
EXPORT_SYMBOL_GPL(vfio_siov_core_trap_config);

static unsigned int last_ext_cap(const struct vfio_siov_core_device *v)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE, next;

	for (;;) {
		next = PCI_EXT_CAP_NEXT(get_unaligned_le32(&v->cfg_init[pos]));
		if (!next)
			return pos;
		pos = next;
	}
}

/**
 * vfio_siov_core_add_ext_cap() - Add an extended capability
 * @core: the device, not yet registered
 * @id: %PCI_EXT_CAP_ID_*
 * @version: its version
 * @bytes: the capability from its first byte on; the core sets the header
 * @wmask: as for vfio_siov_core_add_cap()
 * @len: its bytes, at least 4
 *
 * Return: where it is; -ENOSPC if no room is left; -EINVAL; or -ENOMEM.
 */
int vfio_siov_core_add_ext_cap(struct vfio_siov_core_device *core, u16 id,
			       u8 version, const u8 *bytes, const u8 *wmask,
			       size_t len)
{
	unsigned int pos = core->ext_end ?: PCI_CFG_SPACE_SIZE, last;
	int ret;

	if (len < sizeof(u32))
		return -EINVAL;
	if (len > PCI_CFG_SPACE_EXP_SIZE - pos)
		return -ENOSPC;

	ret = grow_config(core, ALIGN(pos + len, sizeof(u32)));
	if (ret)
		return ret;

	set_bytes(core, pos, bytes, wmask, len);
	set32(core, pos, id | version << 16, 0);
	if (core->ext_end) {
		last = last_ext_cap(core);
		set32(core, last, get_unaligned_le32(&core->cfg_init[last]) |
				  pos << 20, 0);
	}
	core->ext_end = ALIGN(pos + len, sizeof(u32));

	return pos;
}
EXPORT_SYMBOL_GPL(vfio_siov_core_add_ext_cap);

/* ---- BARs ---- */

/**
 * vfio_siov_core_set_bar() - Say what a BAR is
 * @core: the device, not yet registered
 * @bar: 0 to 5
 * @type: %PCI_BASE_ADDRESS_SPACE_IO, or %PCI_BASE_ADDRESS_MEM_PREFETCH and
 *	%PCI_BASE_ADDRESS_MEM_TYPE_64, or neither
 * @size: a power of two
 *
 * Return: 0, -EBUSY if there is one, -EINVAL.
 */
int vfio_siov_core_set_bar(struct vfio_siov_core_device *core, unsigned int bar,
			   u32 type, u64 size)
{
	if (bar >= ARRAY_SIZE(core->bar) || !is_power_of_2(size) ||
	    size > BIT_ULL(VFIO_SIOV_OFFSET_SHIFT))
		return -EINVAL;
	if (type & PCI_BASE_ADDRESS_SPACE_IO) {
		if (type != PCI_BASE_ADDRESS_SPACE_IO || size < 4 || size > 256)
			return -EINVAL;
	} else if (size < MIN_BAR_SIZE) {
		return -EINVAL;
	}
	if (core->bar[bar].size)
		return -EBUSY;

	core->bar[bar].type = type;
	core->bar[bar].size = size;
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_siov_core_set_bar);

static bool slice_has_backing(const struct vfio_siov_core_device *v,
			      const struct vfio_siov_slice *slice)
{
	u64 size;

	if (slice->ops)
		return slice->ops->read && slice->ops->write;
	if (slice->region >= ARRAY_SIZE(v->sdi->region))
		return false;

	size = v->sdi->region[slice->region].size;
	return slice->region_offset <= size &&
	       slice->len <= size - slice->region_offset;
}

/**
 * vfio_siov_core_add_slice() - Say what is in a part of a BAR
 * @core: the device, not yet registered
 * @bar: 0 to 5, see vfio_siov_core_set_bar()
 * @slice: what and where; copied. Pages of an SDI can be mapped by the user if they
 *	are whole pages of the host, else only read and written
 *
 * Return: 0, -EBUSY if something is there already, -EINVAL or -ENOMEM.
 */
int vfio_siov_core_add_slice(struct vfio_siov_core_device *core,
			     unsigned int bar,
			     const struct vfio_siov_slice *slice)
{
	struct vfio_siov_slice *new;
	struct vfio_siov_bar *b;
	int i;

	if (bar >= ARRAY_SIZE(core->bar) || !slice_has_backing(core, slice))
		return -EINVAL;

	b = &core->bar[bar];
	if (vfio_siov_is_port(b) && !slice->ops)
		return -EINVAL;

	i = vfio_siov_place_slice(b, slice);
	if (i < 0)
		return i;

	new = krealloc_array(b->slice, b->nr_slices + 1, sizeof(*new),
			     GFP_KERNEL);
	if (!new)
		return -ENOMEM;

	memmove(new + i + 1, new + i, (b->nr_slices - i) * sizeof(*new));
	new[i] = *slice;
	b->slice = new;
	b->nr_slices++;

	return 0;
}
EXPORT_SYMBOL_GPL(vfio_siov_core_add_slice);

static int add_region(struct vfio_siov_core_device *v, unsigned int i)
{
	const struct pci_sdi_region *region = &v->sdi->region[i];
	const struct vfio_siov_slice slice = {
		.len	= region->size,
		.region	= i,
	};
	u32 type = 0;
	int ret;

	if (region->flags & IORESOURCE_PREFETCH)
		type |= PCI_BASE_ADDRESS_MEM_PREFETCH;
	/* What the PF has is what the device's drivers are used to */
	if (region->flags & IORESOURCE_MEM_64)
		type |= PCI_BASE_ADDRESS_MEM_TYPE_64;

	ret = vfio_siov_core_set_bar(v, i, type,
				     max_t(u64, MIN_BAR_SIZE,
					   roundup_pow_of_two(region->size)));

	return ret ?: vfio_siov_core_add_slice(v, i, &slice);
}

/**
 * vfio_siov_core_add_regions() - Show region n of the SDI as BAR n
 * @core: the device, not yet registered
 *
 * An SDI may have more regions than there are BARs: those are for a driver that
 * knows them.
 *
 * Return: 0, -EBUSY if the driver has used one of these BARs, -EINVAL or -ENOMEM.
 */
int vfio_siov_core_add_regions(struct vfio_siov_core_device *core)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(core->bar); i++)
		if (core->sdi->region[i].size)
			ret = add_region(core, i);

	return ret;
}
EXPORT_SYMBOL_GPL(vfio_siov_core_add_regions);

/* ---- The rest ---- */

/**
 * vfio_siov_core_set_ids() - Say what the function is
 * @core: the device, not yet registered
 * @ids: in place of those of the SDI
 */
void vfio_siov_core_set_ids(struct vfio_siov_core_device *core,
			    const struct pci_sdi_ids *ids)
{
	core->ids = *ids;
}
EXPORT_SYMBOL_GPL(vfio_siov_core_set_ids);

static bool has_ports(const struct vfio_siov_core_device *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v->bar); i++)
		if (v->bar[i].size && vfio_siov_is_port(&v->bar[i]))
			return true;

	return false;
}

/* Sizing works because the low bits cannot be written */
static void compose_bar(struct vfio_siov_core_device *v, unsigned int i)
{
	const struct vfio_siov_bar *bar = &v->bar[i];
	unsigned int pos = PCI_BASE_ADDRESS_0 + 4 * i;
	u32 low = lower_32_bits(-bar->size);

	if (!bar->size)
		return;

	low &= vfio_siov_is_port(bar) ? (u32)PCI_BASE_ADDRESS_IO_MASK :
					(u32)PCI_BASE_ADDRESS_MEM_MASK;
	set32(v, pos, bar->type, low);
	if (!vfio_siov_is_port(bar) && bar->type & PCI_BASE_ADDRESS_MEM_TYPE_64)
		set32(v, pos + 4, 0, upper_32_bits(-bar->size));
}

/*
 * Memory space is enabled from the start, as vfio-pci has it, so that users who
 * map BARs first and look at Command later find what they expect.
 */
static void compose_header(struct vfio_siov_core_device *v)
{
	const struct pci_sdi_ids *ids = &v->ids;
	unsigned int i;

	set16(v, PCI_VENDOR_ID, ids->vendor, 0);
	set16(v, PCI_DEVICE_ID, ids->device, 0);
	set16(v, PCI_COMMAND, PCI_COMMAND_MEMORY,
	      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
	      PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE |
	      (has_ports(v) ? PCI_COMMAND_IO : 0));
	set16(v, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
	set32(v, PCI_CLASS_REVISION, ids->class << 8 | ids->revision, 0);
	set8(v, PCI_CACHE_LINE_SIZE, 0, 0xff);
	set8(v, PCI_HEADER_TYPE, PCI_HEADER_TYPE_NORMAL, 0);
	for (i = 0; i < ARRAY_SIZE(v->bar); i++)
		compose_bar(v, i);
	set16(v, PCI_SUBSYSTEM_VENDOR_ID, ids->subsystem_vendor, 0);
	set16(v, PCI_SUBSYSTEM_ID, ids->subsystem_device, 0);
	set8(v, PCI_INTERRUPT_LINE, 0, 0xff);
}

/* The link is that of the PF, as drivers think about it; a port has none to show */
static void compose_link(struct vfio_siov_core_device *v)
{
	u32 cap = 0;
	u16 status = 0;

	pcie_capability_read_dword(v->sdi->pf, PCI_EXP_LNKCAP, &cap);
	pcie_capability_read_word(v->sdi->pf, PCI_EXP_LNKSTA, &status);
	cap &= PCI_EXP_LNKCAP_SLS | PCI_EXP_LNKCAP_MLW;
	status &= PCI_EXP_LNKSTA_CLS | PCI_EXP_LNKSTA_NLW;
	/* Zero: the PF has no link. All ones: it is being reset */
	if (!cap || !status ||
	    cap == (PCI_EXP_LNKCAP_SLS | PCI_EXP_LNKCAP_MLW)) {
		cap = PCI_EXP_LNKCAP_SLS_2_5GB |
		      FIELD_PREP(PCI_EXP_LNKCAP_MLW, 1);
		status = PCI_EXP_LNKSTA_CLS_2_5GB | PCI_EXP_LNKSTA_NLW_X1;
	}

	set32(v, CFG_EXP + PCI_EXP_LNKCAP, cap, 0);
	set16(v, CFG_EXP + PCI_EXP_LNKSTA, status, 0);
}

/* An endpoint with FLR */
static void compose_express(struct vfio_siov_core_device *v)
{
	set16(v, CFG_EXP + PCI_EXP_FLAGS,
	      2 | FIELD_PREP(PCI_EXP_FLAGS_TYPE, PCI_EXP_TYPE_ENDPOINT), 0);
	set32(v, CFG_EXP + PCI_EXP_DEVCAP,
	      PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR |
	      FIELD_PREP(PCI_EXP_DEVCAP_PAYLOAD, v->sdi->pf->pcie_mpss), 0);
	set16(v, CFG_EXP + PCI_EXP_DEVCTL, 0,
	      PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE |
	      PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE |
	      PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_PAYLOAD |
	      PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ |
	      PCI_EXP_DEVCTL_BCR_FLR);
	compose_link(v);
}

static void compose_msix(struct vfio_siov_core_device *v)
{
	if (!v->nr_vectors)
		return;

	set16(v, CFG_MSIX + PCI_MSIX_FLAGS, v->nr_vectors - 1,
	      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	set32(v, CFG_MSIX + PCI_MSIX_TABLE, v->msix_bar, 0);
	set32(v, CFG_MSIX + PCI_MSIX_PBA, v->pba | v->msix_bar, 0);
}

/* All but MSI-X where no BAR was left for its table */
static void chain_caps(struct vfio_siov_core_device *v)
{
	unsigned int i, link = PCI_CAPABILITY_LIST;

	for (i = 0; i < v->nr_caps; i++) {
		if (v->cap[i].pos == CFG_MSIX && !v->nr_vectors)
			continue;

		set8(v, link, v->cap[i].pos, 0);
		set8(v, v->cap[i].pos + PCI_CAP_LIST_ID, v->cap[i].id, 0);
		link = v->cap[i].pos + PCI_CAP_LIST_NEXT;
	}
}

static int layout(struct vfio_siov_core_device *v)
{
	unsigned int bad, nr;
	int i;

	nr = min_t(unsigned int, v->sdi->nr_irqs, MSIX_MAX_VECTORS);
	i = vfio_siov_layout(v->bar, nr, &bad);
	if (i == -EINVAL) {
		dev_err(&v->sdi->dev, "BAR %u needs 64 bits, and BAR %u is taken\n",
			bad, bad + 1);
		return -EINVAL;
	}
	if (i < 0) {
		if (nr)
			dev_warn(&v->sdi->dev, "no interrupts for the user: all BARs are taken, none is left for the MSI-X table\n");
		return 0;
	}

	v->nr_vectors = nr;
	v->msix_bar = i;
	v->pba = vfio_siov_msix_table_size(nr);
	return 0;
}

/**
 * vfio_siov_compose_begin() - Begin with what all functions have
 * @v: the device
 *
 * Return: 0 or -ENOMEM, and then nothing is left.
 */
int vfio_siov_compose_begin(struct vfio_siov_core_device *v)
{
	int ret;

	BUILD_BUG_ON(CFG_EXP != 0x40 || CFG_MSIX != 0x7c);

	v->ids = v->sdi->ids;
	ret = grow_config(v, PCI_CFG_SPACE_SIZE);
	if (!ret)
		ret = append_cap(v, PCI_CAP_ID_EXP, CFG_EXP_SIZE);
	if (ret >= 0 && v->sdi->nr_irqs)
		ret = append_cap(v, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF);
	if (ret < 0)
		vfio_siov_compose_free(v);

	return min(ret, 0);
}

/**
 * vfio_siov_compose_end() - Put the parts together
 * @v: the device
 *
 * Return: 0 or -EINVAL if they do not fit into a PCI function.
 */
int vfio_siov_compose_end(struct vfio_siov_core_device *v)
{
	int ret;

	ret = layout(v);
	if (ret)
		return ret;

	compose_header(v);
	compose_express(v);
	compose_msix(v);
	chain_caps(v);
	return 0;
}

/**
 * vfio_siov_compose_free() - Free what a function is made of
 * @v: the device
 */
void vfio_siov_compose_free(struct vfio_siov_core_device *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v->bar); i++)
		kfree(v->bar[i].slice);
	kfree(v->cap);
	kfree(v->wmask);
	kfree(v->cfg_init);
}
