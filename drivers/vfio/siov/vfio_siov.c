// SPDX-License-Identifier: GPL-2.0
/*
 * vfio-siov: give any Scalable Device Interface (SDI) of a SIOV Physical Function
 * to a user
 *
 * Region n of the SDI is BAR n of the function that the user sees; all else is as
 * vfio-siov-core has it. An SDI that needs more has a driver of its own beside this
 * one.
 */

#include <linux/module.h>
#include <linux/pci-siov.h>
#include <linux/vfio.h>
#include <linux/vfio_siov_core.h>

static int vfio_siov_init_dev(struct vfio_device *vdev)
{
	struct vfio_siov_core_device *core =
		container_of(vdev, struct vfio_siov_core_device, vdev);
	int ret;

	ret = vfio_siov_core_init_dev(vdev);
	if (ret)
		return ret;

	ret = vfio_siov_core_add_regions(core);
	if (ret)
		vfio_siov_core_release_dev(vdev);

	return ret;
}

static const struct vfio_device_ops vfio_siov_ops = {
	.name			= "vfio-siov",
	.init			= vfio_siov_init_dev,
	.release		= vfio_siov_core_release_dev,
	.bind_iommufd		= vfio_iommufd_physical_bind,
	.unbind_iommufd		= vfio_iommufd_physical_unbind,
	.attach_ioas		= vfio_iommufd_physical_attach_ioas,
	.detach_ioas		= vfio_iommufd_physical_detach_ioas,
	.open_device		= vfio_siov_core_open_device,
	.close_device		= vfio_siov_core_close_device,
	.read			= vfio_siov_core_read,
	.write			= vfio_siov_core_write,
	.ioctl			= vfio_siov_core_ioctl,
	.device_feature		= vfio_siov_core_ioctl_feature,
	.get_region_info_caps	= vfio_siov_core_get_region_info,
	.mmap			= vfio_siov_core_mmap,
	.request		= vfio_siov_core_request,
};

static int vfio_siov_probe(struct pci_sdi *sdi)
{
	struct vfio_siov_core_device *core;
	int ret;

	core = vfio_alloc_device(vfio_siov_core_device, vdev, &sdi->dev,
				 &vfio_siov_ops);
	if (IS_ERR(core))
		return PTR_ERR(core);

	ret = vfio_siov_core_register_device(core);
	if (ret)
		vfio_put_device(&core->vdev);

	return ret;
}

static void vfio_siov_remove(struct pci_sdi *sdi)
{
	struct vfio_siov_core_device *core = dev_get_drvdata(&sdi->dev);

	vfio_siov_core_unregister_device(core);
	vfio_put_device(&core->vdev);
}

/* Any SDI, where driver_override says so */
static const struct pci_sdi_device_id vfio_siov_ids[] = {
	{ PCI_SDI_DEVICE_DRIVER_OVERRIDE(PCI_SDI_ANY_ID, PCI_SDI_ANY_ID,
					 PCI_SDI_ID_F_VFIO_DRIVER_OVERRIDE) },
	{ }
};
MODULE_DEVICE_TABLE(pci_sdi, vfio_siov_ids);

static struct pci_sdi_driver vfio_siov_driver = {
	.id_table		= vfio_siov_ids,
	.probe			= vfio_siov_probe,
	.remove			= vfio_siov_remove,
	.reset_prepare		= vfio_siov_core_reset_prepare,
	.reset_done		= vfio_siov_core_reset_done,
	.error			= vfio_siov_core_error,
	.request		= vfio_siov_core_want_back,
	.driver_managed_dma	= true,
	.driver = {
		.name		= "vfio-siov",
	},
};
module_pci_sdi_driver(vfio_siov_driver);

MODULE_DESCRIPTION("VFIO for SIOV Scalable Device Interfaces");
MODULE_LICENSE("GPL");
