/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scalable Device Interfaces (SDIs) of a virtio PCI device, for their drivers
 */

#ifndef _LINUX_VIRTIO_PCI_SIOV_H
#define _LINUX_VIRTIO_PCI_SIOV_H

#include <linux/types.h>

struct pci_sdi;

/**
 * struct virtio_sdi_layout - where the registers are in the page of an SDI
 * @common: struct virtio_pci_modern_common_cfg
 * @common_len: its length
 * @isr: a byte that says what a message was about
 * @device: configuration that is specific to the type of device
 * @device_len: its length, 0 if there is none
 * @notify: notifications of queues
 * @notify_len: their length
 * @notify_multiplier: distance of two of them, in bytes
 */
struct virtio_sdi_layout {
	u32 common;
	u32 common_len;
	u32 isr;
	u32 device;
	u32 device_len;
	u32 notify;
	u32 notify_len;
	u32 notify_multiplier;
};

const struct virtio_sdi_layout *virtio_pci_sdi_layout(const struct pci_sdi *sdi);

#endif /* _LINUX_VIRTIO_PCI_SIOV_H */
