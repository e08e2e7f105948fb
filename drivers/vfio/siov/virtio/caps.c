// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities by which the driver of a virtio PCI device finds its registers
 *
 * Virtio 1.4, "Virtio Structure PCI Capabilities". Their order is ABI: with it
 * goes where they are in configuration space.
 */

#include <linux/errno.h>
#include <linux/types.h>
#include <linux/virtio_pci_siov.h>
#include <uapi/linux/pci_regs.h>
#include <uapi/linux/virtio_pci.h>

#include "private.h"

/* @cap: the capability, or what it begins with; @len: all of it */
static int add_cap(struct virtio_vfio_siov *v, struct virtio_pci_cap *cap,
		   size_t len, u8 type, u32 offset, u32 length)
{
	int pos;

	cap->cap_len = len;
	cap->cfg_type = type;
	cap->bar = VIRTIO_VFIO_SIOV_BAR;
	cap->offset = cpu_to_le32(offset);
	cap->length = cpu_to_le32(length);

	pos = vfio_siov_core_add_cap(&v->core, PCI_CAP_ID_VNDR, (u8 *)cap, NULL,
				     len);
	return min(pos, 0);
}

static int add_plain(struct virtio_vfio_siov *v, u8 type, u32 offset,
		     u32 length)
{
	struct virtio_pci_cap cap = {};

	return add_cap(v, &cap, sizeof(cap), type, offset, length);
}

static int add_notify(struct virtio_vfio_siov *v,
		      const struct virtio_sdi_layout *layout)
{
	struct virtio_pci_notify_cap notify = {
		.notify_off_multiplier = cpu_to_le32(layout->notify_multiplier),
	};

	return add_cap(v, &notify.cap, sizeof(notify),
		       VIRTIO_PCI_CAP_NOTIFY_CFG, layout->notify,
		       layout->notify_len);
}

/**
 * virtio_vfio_siov_add_caps() - Say where the registers are
 * @v: the device, not yet registered
 *
 * Return: 0; -ENODEV if that is not known; -ENOSPC; or -ENOMEM.
 */
int virtio_vfio_siov_add_caps(struct virtio_vfio_siov *v)
{
	const struct virtio_sdi_layout *layout =
		virtio_pci_sdi_layout(v->core.sdi);
	int ret;

	if (!layout)
		return -ENODEV;

	ret = add_plain(v, VIRTIO_PCI_CAP_COMMON_CFG, layout->common,
			layout->common_len);
	if (!ret)
		ret = add_notify(v, layout);
	if (!ret)
		ret = add_plain(v, VIRTIO_PCI_CAP_ISR_CFG, layout->isr,
				sizeof(u8));
	if (!ret && layout->device_len)
		ret = add_plain(v, VIRTIO_PCI_CAP_DEVICE_CFG, layout->device,
				layout->device_len);

	return ret ?: virtio_vfio_siov_add_window(v);
}
