/*
 * virtio-net-admin-pci, for devices that are one and more
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VIRTIO_NET_ADMIN_PCI_H
#define HW_VIRTIO_NET_ADMIN_PCI_H

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

    PCIUnregisterFunc *parent_exit;
};

#endif /* HW_VIRTIO_NET_ADMIN_PCI_H */
