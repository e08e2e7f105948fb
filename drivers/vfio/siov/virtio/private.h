/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFIO for Scalable Device Interfaces (SDIs) of virtio: what the files share
 */

#ifndef VIRTIO_VFIO_SIOV_PRIVATE_H
#define VIRTIO_VFIO_SIOV_PRIVATE_H

#include <linux/types.h>
#include <linux/vfio_siov_core.h>
#include <linux/virtio_pci_admin.h>

#include "../../virtio/migrate.h"

struct virtio_vfio_siov_legacy;

/* The BAR that QEMU uses for modern registers: some users assume it */
#define VIRTIO_VFIO_SIOV_BAR	4

/**
 * struct virtio_vfio_siov - an SDI in the hands of a user
 * @core: for vfio-siov-core
 * @window: where the capability %VIRTIO_PCI_CAP_PCI_CFG is
 * @legacy: legacy registers, NULL if the function is not a transitional one
 * @member: the SDI in its group
 * @mig: migration of the SDI
 */
struct virtio_vfio_siov {
	struct vfio_siov_core_device core;
	unsigned int window;
	struct virtio_vfio_siov_legacy *legacy;
	struct virtio_admin_member member;
	struct virtiovf_migration mig;
};

static inline struct virtio_vfio_siov *
to_virtio_vfio_siov(struct vfio_siov_core_device *core)
{
	return container_of(core, struct virtio_vfio_siov, core);
}

/* Modern IDs are %VIRTIO_ID_* and this */
#define VIRTIO_VFIO_SIOV_MODERN_ID	0x1040

static inline u16 virtio_vfio_siov_type(const struct vfio_siov_core_device *core)
{
	return core->sdi->ids.device - VIRTIO_VFIO_SIOV_MODERN_ID;
}

/* caps.c */
int virtio_vfio_siov_add_caps(struct virtio_vfio_siov *v);

/* window.c */
int virtio_vfio_siov_add_window(struct virtio_vfio_siov *v);
void virtio_vfio_siov_window_read(struct vfio_siov_core_device *core, u8 *cfg);
void virtio_vfio_siov_window_written(struct vfio_siov_core_device *core,
				     u8 *cfg);

/* legacy.c */
int virtio_vfio_siov_add_legacy(struct virtio_vfio_siov *v);

/**
 * struct virtio_legacy_part - what a part of an access to legacy registers is for
 * @config: the device's configuration, which is accessed in any width
 * @field: where the field begins in BAR 0, or this part if @config
 * @width: bytes of it
 * @skip: bytes of it that come before this part
 * @len: bytes of this part
 * @read_only: the field ignores writes
 */
struct virtio_legacy_part {
	bool config;
	u8 field;
	u8 width;
	u8 skip;
	u8 len;
	bool read_only;
};

/* legacy_part.c */
u16 virtio_legacy_device_id(u16 type);
struct virtio_legacy_part virtio_legacy_part(bool msix, u64 pos, size_t count);
bool virtio_legacy_is_whole(bool msix, u64 pos, size_t count);

/* migrate.c */
int virtio_vfio_siov_init_migration(struct virtio_vfio_siov *v);
int virtio_vfio_siov_open_device(struct vfio_device *vdev);
void virtio_vfio_siov_close_device(struct vfio_device *vdev);
void virtio_vfio_siov_reset_done(struct vfio_siov_core_device *core);

#endif /* VIRTIO_VFIO_SIOV_PRIVATE_H */
