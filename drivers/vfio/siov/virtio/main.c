// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-vfio-siov: give a Scalable Device Interface (SDI) of a virtio PCI device to
 * a user, as the modern virtio PCI device that guests have drivers for
 *
 * An SDI has the registers of such a device in a page of its own, so the user maps
 * them. Configuration space is composed: IDs, and capabilities that say where the
 * registers are.
 *
 * What the user sees is the same for any PF with such an SDI, see
 * include/linux/vfio_siov_core.h:
 *
 * 0x88		virtio: common configuration
 * 0x98		virtio: notifications
 * 0xac		virtio: ISR
 * 0xbc		virtio: configuration of the type of device, if it has any
 * 0xcc		virtio: window to all of them
 * BAR 4	the SDI's page
 * BAR 5	MSI-X
 *
 * There are two drivers, so that the operator decides which function a user
 * gets, and not what the PF can do at the moment: virtio-vfio-siov is for the
 * modern one. virtio-vfio-siov-trans is for a transitional one, which has other
 * IDs, and:
 *
 * BAR 0	128 ports: legacy registers
 */

#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/pci-siov.h>
#include <linux/vfio.h>
#include <linux/vfio_siov_core.h>

#include "private.h"

/* Of a device that has no legacy interface; virtio 1.4, "PCI Device Discovery" */
#define MODERN_REVISION		1
#define MODERN_SUBSYSTEM	0x40

static const struct vfio_siov_core_ops virtio_vfio_siov_core_ops = {
	.reset_done	= virtio_vfio_siov_reset_done,
	.trap_read	= virtio_vfio_siov_window_read,
	.trap_written	= virtio_vfio_siov_window_written,
};

static struct pci_sdi_driver virtio_vfio_siov_trans_driver;

static bool is_transitional(const struct vfio_siov_core_device *core)
{
	return IS_ENABLED(CONFIG_VIRTIO_VFIO_SIOV_LEGACY) &&
	       core->sdi->dev.driver == &virtio_vfio_siov_trans_driver.driver;
}

static void set_ids(struct vfio_siov_core_device *core)
{
	struct pci_sdi_ids ids = core->sdi->ids;

	ids.revision = MODERN_REVISION;
	ids.subsystem_device = max(ids.subsystem_device, MODERN_SUBSYSTEM);
	vfio_siov_core_set_ids(core, &ids);
}

/*
 * Registers that are read have side effects, so they are not prefetchable, and hence
 * they are below 4 GiB.
 */
static int set_bar(struct vfio_siov_core_device *core)
{
	const struct vfio_siov_slice page = {
		.len	= core->sdi->region[0].size,
	};
	int ret;

	ret = vfio_siov_core_set_bar(core, VIRTIO_VFIO_SIOV_BAR, 0,
				     roundup_pow_of_two(page.len));

	return ret ?: vfio_siov_core_add_slice(core, VIRTIO_VFIO_SIOV_BAR,
					       &page);
}

static int virtio_vfio_siov_init_dev(struct vfio_device *vdev)
{
	struct vfio_siov_core_device *core =
		container_of(vdev, struct vfio_siov_core_device, vdev);
	int ret;

	ret = vfio_siov_core_init_dev(vdev);
	if (ret)
		return ret;

	core->ops = &virtio_vfio_siov_core_ops;
	set_ids(core);

	ret = set_bar(core) ?:
	      virtio_vfio_siov_add_caps(to_virtio_vfio_siov(core)) ?:
	      virtio_vfio_siov_init_migration(to_virtio_vfio_siov(core));
	if (!ret && is_transitional(core))
		ret = virtio_vfio_siov_add_legacy(to_virtio_vfio_siov(core));
	if (ret)
		vfio_siov_core_release_dev(vdev);

	return ret;
}

static const struct vfio_device_ops virtio_vfio_siov_ops = {
	.name			= "virtio-vfio-siov",
	.init			= virtio_vfio_siov_init_dev,
	.release		= vfio_siov_core_release_dev,
	.bind_iommufd		= vfio_iommufd_physical_bind,
	.unbind_iommufd		= vfio_iommufd_physical_unbind,
	.attach_ioas		= vfio_iommufd_physical_attach_ioas,
	.detach_ioas		= vfio_iommufd_physical_detach_ioas,
	.open_device		= virtio_vfio_siov_open_device,
	.close_device		= virtio_vfio_siov_close_device,
	.read			= vfio_siov_core_read,
	.write			= vfio_siov_core_write,
	.ioctl			= vfio_siov_core_ioctl,
	.device_feature		= vfio_siov_core_ioctl_feature,
	.get_region_info_caps	= vfio_siov_core_get_region_info,
	.mmap			= vfio_siov_core_mmap,
	.request		= vfio_siov_core_request,
};

static int virtio_vfio_siov_probe(struct pci_sdi *sdi)
{
	struct virtio_vfio_siov *v;
	int ret;

	v = vfio_alloc_device(virtio_vfio_siov, core.vdev, &sdi->dev,
			      &virtio_vfio_siov_ops);
	if (PTR_ERR_OR_ZERO(v) == -ENODEV)
		dev_err(&sdi->dev, "%s is not driven by virtio-pci, so its SDIs are no virtio devices; vfio-siov takes any\n",
			pci_name(sdi->pf));
	if (IS_ERR(v))
		return PTR_ERR(v);

	ret = vfio_siov_core_register_device(&v->core);
	if (ret)
		vfio_put_device(&v->core.vdev);

	return ret;
}

static void virtio_vfio_siov_remove(struct pci_sdi *sdi)
{
	struct vfio_siov_core_device *core = dev_get_drvdata(&sdi->dev);

	vfio_siov_core_unregister_device(core);
	vfio_put_device(&core->vdev);
}

/* Binds by driver_override only: the operator decides who uses an SDI */
static const struct pci_sdi_device_id virtio_vfio_siov_ids[] = {
	{ PCI_SDI_DEVICE_DRIVER_OVERRIDE(PCI_VENDOR_ID_REDHAT_QUMRANET,
					 PCI_SDI_ANY_ID,
					 PCI_SDI_ID_F_VFIO_DRIVER_OVERRIDE) },
	{ }
};
MODULE_DEVICE_TABLE(pci_sdi, virtio_vfio_siov_ids);

#define VIRTIO_VFIO_SIOV_DRIVER(_name)				\
	.id_table		= virtio_vfio_siov_ids,		\
	.probe			= virtio_vfio_siov_probe,	\
	.remove			= virtio_vfio_siov_remove,	\
	.reset_prepare		= vfio_siov_core_reset_prepare,	\
	.reset_done		= vfio_siov_core_reset_done,	\
	.error			= vfio_siov_core_error,		\
	.request		= vfio_siov_core_want_back,	\
	.driver_managed_dma	= true,				\
	.driver = {						\
		.name		= _name,			\
	}

static struct pci_sdi_driver virtio_vfio_siov_driver = {
	VIRTIO_VFIO_SIOV_DRIVER("virtio-vfio-siov"),
};

static struct pci_sdi_driver virtio_vfio_siov_trans_driver = {
	VIRTIO_VFIO_SIOV_DRIVER("virtio-vfio-siov-trans"),
};

static int __init virtio_vfio_siov_init(void)
{
	int ret;

	ret = pci_sdi_register_driver(&virtio_vfio_siov_driver);
	if (ret || !IS_ENABLED(CONFIG_VIRTIO_VFIO_SIOV_LEGACY))
		return ret;

	ret = pci_sdi_register_driver(&virtio_vfio_siov_trans_driver);
	if (ret)
		pci_sdi_unregister_driver(&virtio_vfio_siov_driver);

	return ret;
}
module_init(virtio_vfio_siov_init);

static void __exit virtio_vfio_siov_exit(void)
{
	if (IS_ENABLED(CONFIG_VIRTIO_VFIO_SIOV_LEGACY))
		pci_sdi_unregister_driver(&virtio_vfio_siov_trans_driver);
	pci_sdi_unregister_driver(&virtio_vfio_siov_driver);
}
module_exit(virtio_vfio_siov_exit);

MODULE_DESCRIPTION("VFIO for SIOV Scalable Device Interfaces of virtio");
MODULE_LICENSE("GPL");
