/*
 * virtio-net-admin-pci: a NIC with an administration virtqueue
 *
 * A virtio-net PCI function that owns groups of devices: itself, and SR-IOV VFs
 * if asked for. docs/specs/virtio-net-admin-pci.rst says what it can do.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"
#include "hw/qdev-properties.h"
#include "hw/virtio/virtio-net-admin-pci.h"
#include "migration/vmstate.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_pci.h"

#define TYPE_VIRTIO_NET_ADMIN_VF        "virtio-net-admin-vf"

/* Far above the queues of any NIC, so that their number may change */
#define ADMIN_QUEUE             (VIRTIO_QUEUE_MAX - 1)
#define ADMIN_QUEUE_SIZE        64

/* Behind ARI */
#define ADMIN_SRIOV_OFFSET      0x10
#define ADMIN_VF_DEVICE_ID      0x10f7

/* The groups */

static bool admin_self_exists(VirtIOAdmin *admin)
{
    return true;
}

static void *admin_self_member(VirtIOAdmin *admin, uint64_t id)
{
    return id == 0 ? admin : NULL;
}

static bool admin_sriov_exists(VirtIOAdmin *admin)
{
    PCIDevice *pdev = admin->opaque;
    uint16_t cap = pdev->exp.sriov_cap;

    return cap && pci_get_word(pdev->config + cap + PCI_SRIOV_CTRL) &
                  PCI_SRIOV_CTRL_VFE;
}

static void *admin_sriov_member(VirtIOAdmin *admin, uint64_t id)
{
    PCIDevice *pdev = admin->opaque;

    return id && id <= pcie_sriov_num_vfs(pdev) ?
           pcie_sriov_get_vf_at_index(pdev, id - 1) : NULL;
}

static void admin_init_groups(VirtIOAdmin *admin)
{
    admin->group[VIRTIO_ADMIN_GROUP_SELF] = (VirtIOAdminGroup) {
        .type = VIRTIO_ADMIN_GROUP_SELF,
        .supported = BIT_ULL(VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY) |
                     BIT_ULL(VIRTIO_ADMIN_CMD_DEVICE_CAP_GET) |
                     BIT_ULL(VIRTIO_ADMIN_CMD_DRIVER_CAP_SET),
        .exists = admin_self_exists,
        .member = admin_self_member,
    };
    admin->group[VIRTIO_ADMIN_GROUP_SRIOV] = (VirtIOAdminGroup) {
        .type = VIRTIO_ADMIN_GROUP_TYPE_SRIOV,
        .exists = admin_sriov_exists,
        .member = admin_sriov_member,
    };
}

static void admin_handle_output(VirtIODevice *vdev, VirtQueue *vq)
{
    BusState *bus = qdev_get_parent_bus(DEVICE(vdev));

    virtio_admin_handle(&VIRTIO_NET_ADMIN_PCI_BASE(bus->parent)->admin);
}

/* The function */

static void admin_pci_init_sriov(VirtIONetAdminPCI *d, Error **errp)
{
    VirtIONetAdminPCIClass *ac = VIRTIO_NET_ADMIN_PCI_BASE_GET_CLASS(d);
    PCIDevice *pdev = PCI_DEVICE(d);
    uint16_t ari = virtio_net_admin_ari_offset(pdev);

    if (!d->vfs) {
        return;
    }
    if (!pci_is_express(pdev)) {
        error_setg(errp, "vfs: the function is not PCI Express here,"
                   " put it behind a root port");
        return;
    }
    pcie_ari_init(pdev, ari);
    if (!pcie_sriov_pf_init(pdev, ari + ADMIN_SRIOV_OFFSET,
                            ac->vf_type, ac->vf_device_id, d->vfs, d->vfs,
                            d->vf_offset, d->vf_stride, errp)) {
        return;
    }
    virtio_add_feature(&VIRTIO_DEVICE(&d->vdev)->host_features,
                       VIRTIO_F_SR_IOV);
}

static void admin_pci_realize(VirtIOPCIProxy *proxy, Error **errp)
{
    VirtIONetAdminPCI *d = VIRTIO_NET_ADMIN_PCI_BASE(proxy);
    VirtIODevice *vdev = VIRTIO_DEVICE(&d->vdev);
    ERRP_GUARD();

    if (proxy->nvectors == DEV_NVECTORS_UNSPECIFIED) {
        proxy->nvectors = 2 * MAX(d->vdev.nic_conf.peers.queues, 1) +
                          3; /* configuration, control queue, admin queue */
    }
    /* Commands are answered before the write that notifies them returns */
    proxy->flags &= ~VIRTIO_PCI_FLAG_USE_IOEVENTFD;
    proxy->admin_queue_index = ADMIN_QUEUE;
    proxy->admin_queue_num = 1;

    virtio_add_feature(&vdev->host_features, VIRTIO_F_ADMIN_VQ);
    admin_pci_init_sriov(d, errp);
    if (*errp) {
        return;
    }
    virtio_net_set_netclient_name(&d->vdev, DEVICE(d)->id,
                                  object_get_typename(OBJECT(d)));
    if (!qdev_realize(DEVICE(vdev), BUS(&proxy->bus), errp)) {
        return;
    }
    d->admin.opaque = d;
    admin_init_groups(&d->admin);
    virtio_admin_init(&d->admin, vdev, ADMIN_QUEUE, ADMIN_QUEUE_SIZE,
                      admin_handle_output);
}

static void admin_pci_reset(VirtIOPCIProxy *proxy)
{
    virtio_admin_reset(&VIRTIO_NET_ADMIN_PCI_BASE(proxy)->admin);
}

static void admin_pci_exit(PCIDevice *pdev)
{
    VirtIONetAdminPCI *d = VIRTIO_NET_ADMIN_PCI_BASE(pdev);

    virtio_admin_exit(&d->admin);
    pcie_sriov_pf_exit(pdev);
    VIRTIO_NET_ADMIN_PCI_BASE_GET_CLASS(pdev)->parent_exit(pdev);
}

static const Property admin_pci_properties[] = {
    DEFINE_PROP_UINT32("vectors", VirtIOPCIProxy, nvectors,
                       DEV_NVECTORS_UNSPECIFIED),
    DEFINE_PROP_UINT16("vfs", VirtIONetAdminPCI, vfs, 0),
    DEFINE_PROP_UINT16("vf-offset", VirtIONetAdminPCI, vf_offset, 0x80),
    DEFINE_PROP_UINT16("vf-stride", VirtIONetAdminPCI, vf_stride, 1),
    DEFINE_PROP_UINT32("x-delay-ms", VirtIONetAdminPCI, admin.x_delay_ms, 0),
    DEFINE_PROP_UINT32("x-mute-at", VirtIONetAdminPCI, admin.x_mute_at,
                       VIRTIO_ADMIN_NEVER),
    DEFINE_PROP_UINT32("x-short", VirtIONetAdminPCI, admin.x_short, UINT32_MAX),
    DEFINE_PROP_UINT32("x-again", VirtIONetAdminPCI, admin.x_again, 0),
    DEFINE_PROP_UINT32("x-no-group", VirtIONetAdminPCI, admin.x_no_group,
                       UINT32_MAX),
    DEFINE_PROP_BOOL("x-one-list", VirtIONetAdminPCI, admin.x_one_list, false),
};

/* A fixture for one run: its state is not worth moving */
static const VMStateDescription admin_pci_vmstate = {
    .name = TYPE_VIRTIO_NET_ADMIN_PCI,
    .unmigratable = 1,
};

static void admin_pci_class_init(ObjectClass *klass, void *data)
{
    VirtIONetAdminPCIClass *ac = VIRTIO_NET_ADMIN_PCI_BASE_CLASS(klass);
    VirtioPCIClass *vc = VIRTIO_PCI_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);
    DeviceClass *dc = DEVICE_CLASS(klass);

    ac->vf_type = TYPE_VIRTIO_NET_ADMIN_VF;
    ac->vf_device_id = ADMIN_VF_DEVICE_ID;
    ac->parent_exit = k->exit;
    k->exit = admin_pci_exit;
    k->vendor_id = PCI_VENDOR_ID_REDHAT_QUMRANET;
    k->device_id = PCI_DEVICE_ID_VIRTIO_NET;
    k->revision = VIRTIO_PCI_ABI_VERSION;
    k->class_id = PCI_CLASS_NETWORK_ETHERNET;
    vc->realize = admin_pci_realize;
    vc->reset = admin_pci_reset;
    dc->vmsd = &admin_pci_vmstate;
    device_class_set_props(dc, admin_pci_properties);
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
}

static void admin_pci_instance_init(Object *obj)
{
    VirtIONetAdminPCI *d = VIRTIO_NET_ADMIN_PCI_BASE(obj);

    virtio_instance_init_common(obj, &d->vdev, sizeof(d->vdev),
                                TYPE_VIRTIO_NET);
}

static const VirtioPCIDeviceTypeInfo admin_pci_info = {
    .base_name = TYPE_VIRTIO_NET_ADMIN_PCI_BASE,
    .non_transitional_name = TYPE_VIRTIO_NET_ADMIN_PCI,
    .instance_size = sizeof(VirtIONetAdminPCI),
    .instance_init = admin_pci_instance_init,
    .class_size = sizeof(VirtIONetAdminPCIClass),
    .class_init = admin_pci_class_init,
};

/* Its VFs have an identity and FLR, and no registers */

static void admin_vf_realize(PCIDevice *pdev, Error **errp)
{
    if (pcie_endpoint_cap_init(pdev, 0) < 0) {
        error_setg(errp, "no room for the PCI Express capability");
        return;
    }
    pcie_cap_flr_init(pdev);
    pcie_ari_init(pdev, PCI_CONFIG_SPACE_SIZE);
}

static void admin_vf_config_write(PCIDevice *pdev, uint32_t addr, uint32_t val,
                                  int len)
{
    pci_default_write_config(pdev, addr, val, len);
    pcie_cap_flr_write_config(pdev, addr, val, len);
}

static void admin_vf_exit(PCIDevice *pdev)
{
    pcie_cap_exit(pdev);
}

static const VMStateDescription admin_vf_vmstate = {
    .name = TYPE_VIRTIO_NET_ADMIN_VF,
    .unmigratable = 1,
};

static void admin_vf_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    k->realize = admin_vf_realize;
    k->exit = admin_vf_exit;
    k->config_write = admin_vf_config_write;
    k->vendor_id = PCI_VENDOR_ID_REDHAT_QUMRANET;
    k->device_id = ADMIN_VF_DEVICE_ID;
    k->class_id = PCI_CLASS_OTHERS;
    dc->vmsd = &admin_vf_vmstate;
    dc->user_creatable = false;
}

static const TypeInfo admin_vf_info = {
    .name = TYPE_VIRTIO_NET_ADMIN_VF,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(PCIDevice),
    .class_init = admin_vf_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

static void admin_pci_register_types(void)
{
    virtio_pci_types_register(&admin_pci_info);
    type_register_static(&admin_vf_info);
}

type_init(admin_pci_register_types)
