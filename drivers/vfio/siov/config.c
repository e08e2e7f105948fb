// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI function that the user of an SDI sees: configuration space, BAR
 * layout and MSI-X table
 *
 * An SDI has none of these. All of it is memory here, and a mask tells which
 * bits the user can write. Two registers do something: Command gates access to
 * the regions and DMA, and Initiate Function Level Reset resets the SDI. Nothing
 * that the user writes reaches the device's configuration space.
 */

#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "private.h"

/* Where the capabilities are */
#define CFG_EXP		PCI_STD_HEADER_SIZEOF
#define CFG_MSIX	(CFG_EXP + PCI_EXP_SLTSTA2 + 2)

#define MSIX_MAX_VECTORS	(PCI_MSIX_FLAGS_QSIZE + 1)

/* A user's access is cut into pieces of this size at most */
#define CFG_CHUNK		64

/* ---- Layout ---- */

static void layout_regions(struct vfio_siov_device *v)
{
	const struct pci_sdi_region *region;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v->bar); i++) {
		region = &v->sdi->region[i];
		if (!region->size)
			continue;

		v->bar[i].start = region->start;
		v->bar[i].len = region->size;
		v->bar[i].size = roundup_pow_of_two(region->size);
		if (region->flags & IORESOURCE_PREFETCH)
			v->bar[i].type = PCI_BASE_ADDRESS_MEM_PREFETCH;
	}
}

/* The table and the pending bits have a BAR to themselves, half each */
static void layout_msix(struct vfio_siov_device *v)
{
	unsigned int nr = min_t(unsigned int, v->sdi->nr_irqs,
				MSIX_MAX_VECTORS);
	int i = ARRAY_SIZE(v->bar) - 1;

	while (i >= 0 && v->bar[i].size)
		i--;

	if (!nr)
		return;
	if (i < 0) {
		dev_warn(&v->sdi->dev, "no interrupts for the user: all BARs are regions of the SDI, none is left for the MSI-X table\n");
		return;
	}

	v->nr_vectors = nr;
	v->msix_bar = i;
	v->pba = roundup_pow_of_two(nr * PCI_MSIX_ENTRY_SIZE);
	v->bar[i].size = max_t(u64, PAGE_SIZE, 2 * v->pba);
}

/*
 * A BAR can be 64 bits wide if the one after it is free. The width of the
 * PF's BAR says no more than what the device's drivers are used to.
 */
static int layout_width(struct vfio_siov_device *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v->bar); i++) {
		if (!v->bar[i].size)
			continue;

		if (v->sdi->region[i].flags & IORESOURCE_MEM_64 &&
		    i + 1 < ARRAY_SIZE(v->bar) && !v->bar[i + 1].size) {
			v->bar[i].type |= PCI_BASE_ADDRESS_MEM_TYPE_64;
			/* Its upper half */
			i++;
		} else if (v->bar[i].size > SZ_2G) {
			dev_err(&v->sdi->dev, "region %u needs a 64-bit BAR, and BAR %u is taken\n",
				i, i + 1);
			return -EINVAL;
		}
	}

	return 0;
}

/**
 * vfio_siov_layout() - Decide on the BARs
 * @v: the device
 *
 * Region n of the SDI becomes BAR n.
 *
 * Return: 0 or -EINVAL if they do not fit into a PCI function.
 */
int vfio_siov_layout(struct vfio_siov_device *v)
{
	layout_regions(v);
	layout_msix(v);
	return layout_width(v);
}

/* ---- Composition ---- */

static void set8(struct vfio_siov_device *v, unsigned int pos, u8 val, u8 mask)
{
	v->cfg[pos] = val;
	v->wmask[pos] = mask;
}

static void set16(struct vfio_siov_device *v, unsigned int pos, u16 val,
		  u16 mask)
{
	put_unaligned_le16(val, &v->cfg[pos]);
	put_unaligned_le16(mask, &v->wmask[pos]);
}

static void set32(struct vfio_siov_device *v, unsigned int pos, u32 val,
		  u32 mask)
{
	put_unaligned_le32(val, &v->cfg[pos]);
	put_unaligned_le32(mask, &v->wmask[pos]);
}

static void compose_bars(struct vfio_siov_device *v)
{
	unsigned int i, pos;

	for (i = 0; i < ARRAY_SIZE(v->bar); i++) {
		if (!v->bar[i].size)
			continue;

		/* Sizing works because the low bits cannot be written */
		pos = PCI_BASE_ADDRESS_0 + 4 * i;
		set32(v, pos, v->bar[i].type,
		      lower_32_bits(-v->bar[i].size) &
		      (u32)PCI_BASE_ADDRESS_MEM_MASK);
		if (v->bar[i].type & PCI_BASE_ADDRESS_MEM_TYPE_64)
			set32(v, pos + 4, 0, upper_32_bits(-v->bar[i].size));
	}
}

/*
 * Memory space is enabled from the start, as vfio-pci has it, so that users who
 * map BARs first and look at Command later find what they expect.
 */
static void compose_header(struct vfio_siov_device *v)
{
	const struct pci_sdi_ids *ids = &v->sdi->ids;

	set16(v, PCI_VENDOR_ID, ids->vendor, 0);
	set16(v, PCI_DEVICE_ID, ids->device, 0);
	set16(v, PCI_COMMAND, PCI_COMMAND_MEMORY,
	      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
	      PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	set16(v, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
	set32(v, PCI_CLASS_REVISION, ids->class << 8 | ids->revision, 0);
	set8(v, PCI_CACHE_LINE_SIZE, 0, 0xff);
	set8(v, PCI_HEADER_TYPE, PCI_HEADER_TYPE_NORMAL, 0);
	compose_bars(v);
	set16(v, PCI_SUBSYSTEM_VENDOR_ID, ids->subsystem_vendor, 0);
	set16(v, PCI_SUBSYSTEM_ID, ids->subsystem_device, 0);
	set8(v, PCI_CAPABILITY_LIST, CFG_EXP, 0);
	set8(v, PCI_INTERRUPT_LINE, 0, 0xff);
}

/* An endpoint with FLR. The link is the slowest there is: it is no real one */
static void compose_express(struct vfio_siov_device *v)
{
	set8(v, CFG_EXP + PCI_CAP_LIST_ID, PCI_CAP_ID_EXP, 0);
	set8(v, CFG_EXP + PCI_CAP_LIST_NEXT, v->nr_vectors ? CFG_MSIX : 0, 0);
	set16(v, CFG_EXP + PCI_EXP_FLAGS,
	      2 | FIELD_PREP(PCI_EXP_FLAGS_TYPE, PCI_EXP_TYPE_ENDPOINT), 0);
	set32(v, CFG_EXP + PCI_EXP_DEVCAP,
	      PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR, 0);
	set16(v, CFG_EXP + PCI_EXP_DEVCTL, 0,
	      PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE |
	      PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE |
	      PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_PAYLOAD |
	      PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ |
	      PCI_EXP_DEVCTL_BCR_FLR);
	set32(v, CFG_EXP + PCI_EXP_LNKCAP,
	      PCI_EXP_LNKCAP_SLS_2_5GB | FIELD_PREP(PCI_EXP_LNKCAP_MLW, 1), 0);
	set16(v, CFG_EXP + PCI_EXP_LNKSTA,
	      PCI_EXP_LNKSTA_CLS_2_5GB | PCI_EXP_LNKSTA_NLW_X1, 0);
}

static void compose_msix(struct vfio_siov_device *v)
{
	if (!v->nr_vectors)
		return;

	set8(v, CFG_MSIX + PCI_CAP_LIST_ID, PCI_CAP_ID_MSIX, 0);
	set16(v, CFG_MSIX + PCI_MSIX_FLAGS, v->nr_vectors - 1,
	      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	set32(v, CFG_MSIX + PCI_MSIX_TABLE, v->msix_bar, 0);
	set32(v, CFG_MSIX + PCI_MSIX_PBA, v->pba | v->msix_bar, 0);
}

/**
 * vfio_siov_config_open() - Compose what the user will see
 * @v: the device
 *
 * Return: 0 or -ENOMEM.
 */
int vfio_siov_config_open(struct vfio_siov_device *v)
{
	unsigned int i;

	BUILD_BUG_ON(CFG_MSIX + PCI_CAP_MSIX_SIZEOF > PCI_CFG_SPACE_SIZE);

	memset(v->cfg, 0, sizeof(v->cfg));
	memset(v->wmask, 0, sizeof(v->wmask));
	compose_header(v);
	compose_express(v);
	compose_msix(v);
	if (!v->nr_vectors)
		return 0;

	v->msix_table = kvcalloc(v->nr_vectors, PCI_MSIX_ENTRY_SIZE,
				 GFP_KERNEL_ACCOUNT);
	if (!v->msix_table)
		return -ENOMEM;

	for (i = 0; i < v->nr_vectors; i++)
		v->msix_table[i * PCI_MSIX_ENTRY_SIZE +
			      PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;

	return 0;
}

void vfio_siov_config_close(struct vfio_siov_device *v)
{
	vfio_siov_clear_command(v, U16_MAX);
	kvfree(v->msix_table);
	v->msix_table = NULL;
}

/* ---- Access ---- */

u16 vfio_siov_command(const struct vfio_siov_device *v)
{
	return get_unaligned_le16(&v->cfg[PCI_COMMAND]);
}

void vfio_siov_clear_command(struct vfio_siov_device *v, u16 bits)
{
	put_unaligned_le16(vfio_siov_command(v) & ~bits, &v->cfg[PCI_COMMAND]);
}

/*
 * If DMA cannot be turned on or off, Command goes on saying what is so and the
 * write fails.
 */
static int command_written(struct vfio_siov_device *v, u16 old)
{
	u16 new = vfio_siov_command(v);
	int ret = 0;

	if ((old ^ new) & PCI_COMMAND_MASTER)
		ret = pci_sdi_set_master(v->sdi, new & PCI_COMMAND_MASTER);
	if (ret) {
		new ^= PCI_COMMAND_MASTER;
		put_unaligned_le16(new, &v->cfg[PCI_COMMAND]);
	}

	if ((old ^ new) & PCI_COMMAND_MEMORY)
		vfio_siov_update_memory(v);

	return ret;
}

/* The bit reads as zero */
static bool flr_written(struct vfio_siov_device *v)
{
	u8 *devctl = &v->cfg[CFG_EXP + PCI_EXP_DEVCTL];
	u16 val = get_unaligned_le16(devctl);

	put_unaligned_le16(val & ~PCI_EXP_DEVCTL_BCR_FLR, devctl);
	return val & PCI_EXP_DEVCTL_BCR_FLR;
}

static int config_write_chunk(struct vfio_siov_device *v, unsigned int pos,
			      const u8 *buf, size_t count)
{
	u16 old;
	int ret;

	/* Otherwise DMA that is turned on in a reset would be off at its end */
	ACQUIRE(vfio_siov_awake, user)(v);
	ret = ACQUIRE_ERR(vfio_siov_awake, &user);
	if (ret)
		return ret;

	old = vfio_siov_command(v);

	for (; count && pos < sizeof(v->cfg); count--, pos++, buf++)
		v->cfg[pos] = (v->cfg[pos] & ~v->wmask[pos]) |
			      (*buf & v->wmask[pos]);

	ret = command_written(v, old);
	if (flr_written(v) && !ret)
		ret = vfio_siov_reset(v);

	return ret;
}

static int config_read_chunk(struct vfio_siov_device *v, unsigned int pos,
			     u8 *buf, size_t count)
{
	int ret;

	ACQUIRE(vfio_siov_kill, user)(v);
	ret = ACQUIRE_ERR(vfio_siov_kill, &user);
	if (ret)
		return ret;

	for (; count; count--, pos++)
		*buf++ = pos < sizeof(v->cfg) ? v->cfg[pos] : 0;

	return 0;
}

static size_t config_clip(size_t count, u64 pos)
{
	return min_t(u64, count, PCI_CFG_SPACE_EXP_SIZE - pos);
}

ssize_t vfio_siov_config_read(struct vfio_siov_device *v, char __user *buf,
			      size_t count, u64 pos)
{
	u8 chunk[CFG_CHUNK];
	size_t done, n;
	int ret;

	if (pos >= PCI_CFG_SPACE_EXP_SIZE)
		return -EINVAL;

	count = config_clip(count, pos);
	for (done = 0; done < count; done += n) {
		n = min(count - done, sizeof(chunk));
		ret = config_read_chunk(v, pos + done, chunk, n);
		if (ret)
			return ret;
		if (copy_to_user(buf + done, chunk, n))
			return done ? done : -EFAULT;
	}

	return done;
}

ssize_t vfio_siov_config_write(struct vfio_siov_device *v,
			       const char __user *buf, size_t count, u64 pos)
{
	u8 chunk[CFG_CHUNK];
	size_t done, n;
	int ret;

	if (pos >= PCI_CFG_SPACE_EXP_SIZE)
		return -EINVAL;

	count = config_clip(count, pos);
	for (done = 0; done < count; done += n) {
		n = min(count - done, sizeof(chunk));
		if (copy_from_user(chunk, buf + done, n))
			return done ? done : -EFAULT;

		ret = config_write_chunk(v, pos + done, chunk, n);
		if (ret)
			return ret;
	}

	return done;
}

/* ---- MSI-X table ---- */

static u8 msix_wmask(const struct vfio_siov_device *v, u64 pos)
{
	if (pos >= v->nr_vectors * PCI_MSIX_ENTRY_SIZE)
		return 0;

	switch (pos % PCI_MSIX_ENTRY_SIZE) {
	case PCI_MSIX_ENTRY_LOWER_ADDR:
		/* Messages are four bytes and aligned */
		return 0xfc;
	case PCI_MSIX_ENTRY_VECTOR_CTRL:
		return PCI_MSIX_ENTRY_CTRL_MASKBIT;
	case PCI_MSIX_ENTRY_VECTOR_CTRL + 1 ... PCI_MSIX_ENTRY_SIZE - 1:
		return 0;
	default:
		return 0xff;
	}
}

int vfio_siov_msix_read(struct vfio_siov_device *v, u64 pos, u8 *buf,
			size_t count)
{
	int ret;

	ACQUIRE(mutex_kill, user)(&v->user_lock);
	ret = ACQUIRE_ERR(mutex_kill, &user);
	if (ret)
		return ret;

	for (; count; count--, pos++)
		*buf++ = pos < v->nr_vectors * PCI_MSIX_ENTRY_SIZE ?
			 v->msix_table[pos] : 0;

	return 0;
}

int vfio_siov_msix_write(struct vfio_siov_device *v, u64 pos, const u8 *buf,
			 size_t count)
{
	u8 mask;
	int ret;

	ACQUIRE(mutex_kill, user)(&v->user_lock);
	ret = ACQUIRE_ERR(mutex_kill, &user);
	if (ret)
		return ret;

	for (; count; count--, pos++, buf++) {
		mask = msix_wmask(v, pos);
		if (mask)
			v->msix_table[pos] = (v->msix_table[pos] & ~mask) |
					     (*buf & mask);
	}

	return 0;
}
