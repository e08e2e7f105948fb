// SPDX-License-Identifier: GPL-2.0
/*
 * A window in configuration space to the registers of a virtio PCI device
 *
 * Virtio 1.4, "PCI configuration access capability": the driver writes BAR, offset
 * and length of a register into the capability, and from then on accesses the
 * register when it accesses the data in the capability. Firmware does so where it
 * cannot reach a BAR, hence Memory Space Enable does not matter.
 *
 * What is not in the SDI's page, or not an aligned access of 1, 2 or 4 bytes, does
 * nothing: the data keeps what it held.
 */

#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/unaligned.h>
#include <uapi/linux/pci_regs.h>
#include <uapi/linux/virtio_pci.h>

#include "private.h"

#define DATA_OFFSET	offsetof(struct virtio_pci_cfg_cap, pci_cfg_data)
#define DATA_SIZE	sizeof_field(struct virtio_pci_cfg_cap, pci_cfg_data)

/* A register that the user has chosen */
struct target {
	u8 bar;
	u32 offset;
	u32 length;
	u8 *data;
};

static struct target get_target(struct virtio_vfio_siov *v, u8 *cfg)
{
	u8 *cap = cfg + v->window;

	return (struct target) {
		.bar	= cap[VIRTIO_PCI_CAP_BAR],
		.offset	= get_unaligned_le32(cap + VIRTIO_PCI_CAP_OFFSET),
		.length	= get_unaligned_le32(cap + VIRTIO_PCI_CAP_LENGTH),
		.data	= cap + DATA_OFFSET,
	};
}

/**
 * virtio_vfio_siov_window_read() - &vfio_siov_core_ops.trap_read
 * @core: the device
 * @cfg: configuration space
 */
void virtio_vfio_siov_window_read(struct vfio_siov_core_device *core, u8 *cfg)
{
	struct target t = get_target(to_virtio_vfio_siov(core), cfg);

	/* The core checks all of it */
	vfio_siov_core_read_pages(core, t.bar, t.offset, t.data, t.length);
}

/**
 * virtio_vfio_siov_window_written() - &vfio_siov_core_ops.trap_written
 * @core: the device
 * @cfg: configuration space
 */
void virtio_vfio_siov_window_written(struct vfio_siov_core_device *core,
				     u8 *cfg)
{
	struct target t = get_target(to_virtio_vfio_siov(core), cfg);

	vfio_siov_core_write_pages(core, t.bar, t.offset, t.data, t.length);
}

/**
 * virtio_vfio_siov_add_window() - Add the capability
 * @v: the device, not yet registered
 *
 * Return: 0, -ENOSPC or -ENOMEM.
 */
int virtio_vfio_siov_add_window(struct virtio_vfio_siov *v)
{
	const struct virtio_pci_cfg_cap cap = {
		.cap.cap_len	= sizeof(cap),
		.cap.cfg_type	= VIRTIO_PCI_CAP_PCI_CFG,
	};
	const struct virtio_pci_cfg_cap wmask = {
		.cap.bar	= U8_MAX,
		.cap.offset	= cpu_to_le32(U32_MAX),
		.cap.length	= cpu_to_le32(U32_MAX),
		.pci_cfg_data	= { U8_MAX, U8_MAX, U8_MAX, U8_MAX },
	};
	int pos;

	pos = vfio_siov_core_add_cap(&v->core, PCI_CAP_ID_VNDR,
				     (const u8 *)&cap, (const u8 *)&wmask,
				     sizeof(cap));
	if (pos < 0)
		return pos;

	v->window = pos;
	vfio_siov_core_trap_config(&v->core, pos + DATA_OFFSET, DATA_SIZE);
	return 0;
}
