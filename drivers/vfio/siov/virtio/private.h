/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFIO for Scalable Device Interfaces (SDIs) of virtio: what the files share
 */

#ifndef VIRTIO_VFIO_SIOV_PRIVATE_H
#define VIRTIO_VFIO_SIOV_PRIVATE_H

#include <linux/vfio_siov_core.h>

/* Where QEMU has the registers of a modern device: some users do not ask */
#define VIRTIO_VFIO_SIOV_BAR	4

/**
 * struct virtio_vfio_siov - an SDI in the hands of a user
 * @core: for vfio-siov-core
 * @window: where the capability %VIRTIO_PCI_CAP_PCI_CFG is
 */
struct virtio_vfio_siov {
	struct vfio_siov_core_device core;
	unsigned int window;
};

static inline struct virtio_vfio_siov *
to_virtio_vfio_siov(struct vfio_siov_core_device *core)
{
	return container_of(core, struct virtio_vfio_siov, core);
}

/* caps.c */
int virtio_vfio_siov_add_caps(struct virtio_vfio_siov *v);

/* window.c */
int virtio_vfio_siov_add_window(struct virtio_vfio_siov *v);
void virtio_vfio_siov_window_read(struct vfio_siov_core_device *core, u8 *cfg);
void virtio_vfio_siov_window_written(struct vfio_siov_core_device *core,
				     u8 *cfg);

#endif /* VIRTIO_VFIO_SIOV_PRIVATE_H */
