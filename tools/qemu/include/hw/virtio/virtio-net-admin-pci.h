/*
 * virtio-net-admin-pci, for devices that are one and more
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VIRTIO_NET_ADMIN_PCI_H
#define HW_VIRTIO_NET_ADMIN_PCI_H

#include "hw/pci/pci_device.h"
#include "hw/pci/pcie_regs.h"
#include "hw/virtio/virtio-admin.h"
#include "hw/virtio/virtio-net.h"
#include "hw/virtio/virtio-pci.h"

#define TYPE_VIRTIO_NET_ADMIN_PCI       "virtio-net-admin-pci"
#define TYPE_VIRTIO_NET_ADMIN_PCI_BASE  "virtio-net-admin-pci-base"

OBJECT_DECLARE_TYPE(VirtIONetAdminPCI, VirtIONetAdminPCIClass,
                    VIRTIO_NET_ADMIN_PCI_BASE)

struct VirtIONetAdminPCI {
    VirtIOPCIProxy parent_obj;

    VirtIONet vdev;
    VirtIOAdmin admin;
    uint16_t vfs;
    uint16_t vf_offset;
    uint16_t vf_stride;
};

struct VirtIONetAdminPCIClass {
    VirtioPCIClass parent_class;

    /* Type of a VF, and what Linux is told that it is */
    const char *vf_type;
    uint16_t vf_device_id;
    PCIUnregisterFunc *parent_exit;
};

/* The first extended capability but AER, which virtio-pci puts in front */
static inline uint16_t virtio_net_admin_ari_offset(const PCIDevice *pdev)
{
    return PCI_CONFIG_SPACE_SIZE + (pdev->exp.aer_cap ? PCI_ERR_SIZEOF : 0);
}

#endif /* HW_VIRTIO_NET_ADMIN_PCI_H */
