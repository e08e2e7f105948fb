// SPDX-License-Identifier: GPL-2.0
/*
 * Migration of an SDI of virtio, by device parts
 *
 * Virtio 1.4, "Device parts", by administration commands to the PF. What is in the
 * stream and how it is read is shared with VFs, see drivers/vfio/virtio/.
 *
 * A command is never sent where a reset of the PF would have to wait for its
 * answer: not by the probe, and not when a reset is over. So the first open
 * finds out whether the PF can do it, and a reset is handled by the user's next
 * call.
 */

#include <linux/vfio.h>
#include <linux/vfio_siov_core.h>

#include "private.h"

static struct virtio_vfio_siov *to_virtio(struct vfio_device *vdev)
{
	return container_of(vdev, struct virtio_vfio_siov, core.vdev);
}

/*
 * After a reset of the PF, the migration state is stale until the driver has
 * been told. No command that follows from it may reach the SDI, which is as
 * new.
 */
static struct file *set_state(struct vfio_device *vdev,
			      enum vfio_device_mig_state new_state)
{
	int ret = vfio_siov_core_wait_awake(&to_virtio(vdev)->core);

	if (ret)
		return ERR_PTR(ret);

	return virtiovf_set_device_state(&to_virtio(vdev)->mig, new_state);
}

static int get_state(struct vfio_device *vdev,
		     enum vfio_device_mig_state *state)
{
	return virtiovf_get_device_state(&to_virtio(vdev)->mig, state);
}

static int get_data_size(struct vfio_device *vdev, unsigned long *size)
{
	int ret = vfio_siov_core_wait_awake(&to_virtio(vdev)->core);

	if (ret)
		return ret;

	return virtiovf_get_data_size(&to_virtio(vdev)->mig, size);
}

static const struct vfio_migration_ops migration_ops = {
	.migration_set_state		= set_state,
	.migration_get_state		= get_state,
	.migration_get_data_size	= get_data_size,
};

/**
 * virtio_vfio_siov_init_migration() - Part of &vfio_device_ops.init
 * @v: the device
 *
 * Return: 0, or -ENODEV if the SDI is no virtio device.
 */
int virtio_vfio_siov_init_migration(struct virtio_vfio_siov *v)
{
	int ret;

	ret = virtio_pci_admin_member(&v->core.sdi->dev, &v->member);
	if (ret)
		return ret;

	virtiovf_init_migration(&v->mig, &v->core.vdev, &v->member);
	v->mig.all_parts = true;
	return 0;
}

/**
 * virtio_vfio_siov_open_device() - &vfio_device_ops.open_device
 * @vdev: the device
 *
 * Return: as vfio_siov_core_open_device().
 */
int virtio_vfio_siov_open_device(struct vfio_device *vdev)
{
	struct virtio_vfio_siov *v = to_virtio(vdev);
	int ret;

	ret = vfio_siov_core_open_device(vdev);
	if (ret)
		return ret;

	/*
	 * Early enough: users query features after the open. Device parts do
	 * not cover what a legacy driver has set up, so transitional devices
	 * cannot be migrated.
	 */
	if (!vdev->mig_ops && !v->legacy &&
	    virtio_pci_admin_has_dev_parts(&v->member))
		vdev->mig_ops = &migration_ops;
	virtiovf_open_migration(&v->mig);
	return 0;
}

/**
 * virtio_vfio_siov_close_device() - &vfio_device_ops.close_device
 * @vdev: the device
 *
 * A stopped SDI runs again after the reset by vfio_siov_core_close_device().
 */
void virtio_vfio_siov_close_device(struct vfio_device *vdev)
{
	virtiovf_close_migration(&to_virtio(vdev)->mig);
	vfio_siov_core_close_device(vdev);
}

/**
 * virtio_vfio_siov_reset_done() - &vfio_siov_core_ops.reset_done
 * @core: the device
 */
void virtio_vfio_siov_reset_done(struct vfio_siov_core_device *core)
{
	virtiovf_migration_reset_later(&to_virtio_vfio_siov(core)->mig);
}
