/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LINUX_DEVICE_ID_PCI_SDI_H
#define LINUX_DEVICE_ID_PCI_SDI_H

#ifdef __KERNEL__
#include <linux/types.h>
#endif

#define PCI_SDI_ANY_ID (0xFFFF)

enum {
	PCI_SDI_ID_F_VFIO_DRIVER_OVERRIDE = 1,
};

/**
 * struct pci_sdi_device_id - Scalable Device Interface identifier
 * @vendor: Vendor ID (or PCI_SDI_ANY_ID)
 * @device: Device ID (or PCI_SDI_ANY_ID)
 * @subvendor: Subsystem vendor ID (or PCI_SDI_ANY_ID)
 * @subdevice: Subsystem device ID (or PCI_SDI_ANY_ID)
 * @class: 24-bit class code, compared under @class_mask
 * @class_mask: bits of @class that matter, 0 for any class
 * @driver_data: data private to the driver
 * @override_only: the entry counts only where driver_override names the driver;
 *	PCI_SDI_ID_F_VFIO_DRIVER_OVERRIDE for drivers that give the SDI to a user,
 *	which userspace finds by the aliases "vfio_pci_sdi:"
 *
 * An SDI has no configuration space. The driver of its Physical Function says
 * what the SDI is, and these are the IDs that it says.
 */
struct pci_sdi_device_id {
	__u16 vendor;
	__u16 device;
	__u16 subvendor;
	__u16 subdevice;
	__u32 class;
	__u32 class_mask;
	__u32 driver_data;
	__u32 override_only;
};

#endif /* ifndef LINUX_DEVICE_ID_PCI_SDI_H */
