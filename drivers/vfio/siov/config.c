// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration space and MSI-X table that the user of an SDI reads and writes
 *
 * An SDI has neither. All of it is memory here, and a mask tells which bits the
 * user can write. Two registers do something: Command gates access to the BARs
 * and DMA, and Initiate Function Level Reset resets the SDI. A driver may have more
 * of them in a capability of its own. Nothing that the user writes reaches the
 * device's configuration space.
 */

#include <linux/cleanup.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "private.h"

/* A user's access is cut into pieces of this size at most */
#define CFG_CHUNK		64

/* ---- Open and close ---- */

static u8 *new_msix_table(unsigned int nr_vectors)
{
	unsigned int i;
	u8 *table;

	table = kvcalloc(nr_vectors, PCI_MSIX_ENTRY_SIZE, GFP_KERNEL_ACCOUNT);
	for (i = 0; table && i < nr_vectors; i++)
		table[i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;

	return table;
}

/**
 * vfio_siov_config_open() - Show the user the function as it was composed
 * @v: the device
 *
 * Return: 0 or -ENOMEM.
 */
int vfio_siov_config_open(struct vfio_siov_core_device *v)
{
	u8 *cfg __free(kfree) = kmemdup(v->cfg_init, v->cfg_size,
					GFP_KERNEL_ACCOUNT);
	if (!cfg)
		return -ENOMEM;

	if (v->nr_vectors) {
		v->msix_table = new_msix_table(v->nr_vectors);
		if (!v->msix_table)
			return -ENOMEM;
	}

	v->cfg = no_free_ptr(cfg);
	return 0;
}

/**
 * vfio_siov_config_close() - Undo vfio_siov_config_open()
 * @v: the device, whose BARs and DMA are off
 */
void vfio_siov_config_close(struct vfio_siov_core_device *v)
{
	kvfree(v->msix_table);
	v->msix_table = NULL;
	kfree(v->cfg);
	v->cfg = NULL;
}

/* ---- Access ---- */

u16 vfio_siov_command(const struct vfio_siov_core_device *v)
{
	/* Closed */
	if (!v->cfg)
		return 0;

	return get_unaligned_le16(&v->cfg[PCI_COMMAND]);
}

void vfio_siov_clear_command(struct vfio_siov_core_device *v, u16 bits)
{
	if (v->cfg)
		put_unaligned_le16(vfio_siov_command(v) & ~bits,
				   &v->cfg[PCI_COMMAND]);
}

/*
 * If DMA cannot be turned on or off, Bus Master Enable keeps its old value and
 * the write fails.
 */
static int command_written(struct vfio_siov_core_device *v, u16 old)
{
	u16 new = vfio_siov_command(v);
	int ret = 0;

	if ((old ^ new) & PCI_COMMAND_MASTER)
		ret = pci_sdi_set_master(v->sdi, new & PCI_COMMAND_MASTER);
	if (ret) {
		new ^= PCI_COMMAND_MASTER;
		put_unaligned_le16(new, &v->cfg[PCI_COMMAND]);
	}

	if ((old ^ new) & (PCI_COMMAND_MEMORY | PCI_COMMAND_IO))
		vfio_siov_update_access(v);

	return ret;
}

/* The bit reads as zero */
static bool flr_written(struct vfio_siov_core_device *v)
{
	u8 *devctl = &v->cfg[VFIO_SIOV_CFG_EXP + PCI_EXP_DEVCTL];
	u16 val = get_unaligned_le16(devctl);

	put_unaligned_le16(val & ~PCI_EXP_DEVCTL_BCR_FLR, devctl);
	return val & PCI_EXP_DEVCTL_BCR_FLR;
}

/* Is one of the bytes trapped by the driver? */
static bool is_trapped(const struct vfio_siov_core_device *v, unsigned int pos,
		       size_t count)
{
	return pos < v->trap_pos + v->trap_len && v->trap_pos < pos + count;
}

static int config_write_chunk(struct vfio_siov_core_device *v, unsigned int pos,
			      const u8 *buf, size_t count)
{
	bool trapped = is_trapped(v, pos, count);
	u16 old;
	int ret;

	/* Wait for a reset of the PF: its end would turn DMA off again */
	ACQUIRE(vfio_siov_awake, user)(v);
	ret = ACQUIRE_ERR(vfio_siov_awake, &user);
	if (ret)
		return ret;

	old = vfio_siov_command(v);

	for (; count && pos < v->cfg_size; count--, pos++, buf++)
		v->cfg[pos] = (v->cfg[pos] & ~v->wmask[pos]) |
			      (*buf & v->wmask[pos]);

	ret = command_written(v, old);
	if (trapped)
		v->ops->trap_written(v, v->cfg);
	if (flr_written(v) && !ret)
		ret = vfio_siov_reset(v);

	return ret;
}

static void copy_config(const struct vfio_siov_core_device *v, unsigned int pos,
			u8 *buf, size_t count)
{
	for (; count; count--, pos++)
		*buf++ = pos < v->cfg_size ? v->cfg[pos] : 0;
}

/* The driver accesses the SDI, so a reset of the PF has to be over */
static int config_read_trapped(struct vfio_siov_core_device *v,
			       unsigned int pos, u8 *buf, size_t count)
{
	int ret;

	ACQUIRE(vfio_siov_awake, user)(v);
	ret = ACQUIRE_ERR(vfio_siov_awake, &user);
	if (ret)
		return ret;

	v->ops->trap_read(v, v->cfg);
	copy_config(v, pos, buf, count);
	return 0;
}

static int config_read_chunk(struct vfio_siov_core_device *v, unsigned int pos,
			     u8 *buf, size_t count)
{
	int ret;

	if (is_trapped(v, pos, count))
		return config_read_trapped(v, pos, buf, count);

	ACQUIRE(vfio_siov_kill, user)(v);
	ret = ACQUIRE_ERR(vfio_siov_kill, &user);
	if (!ret)
		copy_config(v, pos, buf, count);

	return ret;
}

static size_t config_clip(size_t count, u64 pos)
{
	return min_t(u64, count, PCI_CFG_SPACE_EXP_SIZE - pos);
}

ssize_t vfio_siov_config_read(struct vfio_siov_core_device *v, char __user *buf,
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

ssize_t vfio_siov_config_write(struct vfio_siov_core_device *v,
			       const char __user *buf, size_t count, u64 pos)
{
	unsigned int pf_resets;
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

		/* As with a PCI function, a write waits for a reset of the PF */
		do {
			pf_resets = READ_ONCE(v->pf_resets);
			ret = config_write_chunk(v, pos + done, chunk, n);
		} while (vfio_siov_try_again(v, ret, pf_resets));
		if (ret)
			return ret;
	}

	return done;
}

/* ---- MSI-X table ---- */

static u8 msix_wmask(const struct vfio_siov_core_device *v, u64 pos)
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

int vfio_siov_msix_read(struct vfio_siov_core_device *v, u64 pos, u8 *buf,
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

int vfio_siov_msix_write(struct vfio_siov_core_device *v, u64 pos, const u8 *buf,
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
