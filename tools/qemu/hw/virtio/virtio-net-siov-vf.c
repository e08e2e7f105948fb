/*
 * virtio-net with Scalable Device Interfaces: SR-IOV VFs beside them
 *
 * A VF is the PCI function around what an SDI has a control block for: BARs,
 * MSI-X, Bus Master Enable, and a function level reset. Its virtio device, its
 * page of registers and what administration commands do with it are those of an
 * SDI.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qemu/range.h"
#include "qapi/error.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"
#include "migration/vmstate.h"
#include "standard-headers/linux/virtio_pci.h"
#include "virtio-sdi.h"

#define VF_BAR_MSIX             4
#define VF_BAR_MSIX_BYTES       0x1000

OBJECT_DECLARE_SIMPLE_TYPE(VirtIONetSIOVVF, VIRTIO_NET_SIOV_VF)

/**
 * struct VirtIONetSIOVVF - a VF; there as long as the PF, enabled or not
 * @page: the registers of its virtio device
 * @sdi: the device; NULL until the PF is complete
 * @window: offset of the capability by which configuration space shows @page
 */
struct VirtIONetSIOVVF {
    PCIDevice parent_obj;

    MemoryRegion page;
    VirtIOSDI *sdi;
    uint8_t window;
};

static VirtIONetSIOVPCI *pf_of(VirtIONetSIOVVF *vf)
{
    return VIRTIO_NET_SIOV_PCI_BASE(pcie_sriov_get_pf(PCI_DEVICE(vf)));
}

/* What the device asks about its function */

static bool vf_enabled(const VirtIOSDI *sdi)
{
    return sdi->vf->enabled;
}

static bool vf_is_master(const VirtIOSDI *sdi)
{
    return pci_get_word(sdi->vf->config + PCI_COMMAND) & PCI_COMMAND_MASTER;
}

static bool vf_may_send(VirtIOSDI *sdi, bool is_msi, uint16_t *rid)
{
    *rid = pci_requester_id(sdi->vf);
    return virtio_sdi_enabled(sdi) &&
           pcie_siov_pf_may_send(sdi->vf) == PCIE_SIOV_SENT;
}

static void vf_send(VirtIOSDI *sdi, uint16_t vector)
{
    msix_notify(sdi->vf, vector);
}

static uint64_t vf_page_offset(const VirtIOSDI *sdi)
{
    return 0;
}

static const VirtIOSDIOps vf_ops = {
    .enabled = vf_enabled,
    .is_master = vf_is_master,
    .may_send = vf_may_send,
    .send = vf_send,
    .page_owner = VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_OWNER_MEM,
    .page_offset = vf_page_offset,
};

/* The page in a BAR */

static uint64_t vf_page_read(void *opaque, hwaddr addr, unsigned size)
{
    VirtIONetSIOVVF *vf = opaque;

    return virtio_sdi_read_page(vf->sdi, addr, size);
}

static void vf_page_write(void *opaque, hwaddr addr, uint64_t val,
                          unsigned size)
{
    VirtIONetSIOVVF *vf = opaque;

    virtio_sdi_write_page(vf->sdi, addr, val, size);
}

static const MemoryRegionOps vf_page_ops = {
    .read = vf_page_read,
    .write = vf_page_write,
    .impl = {
        .min_access_size = 1,
        .max_access_size = 4,
    },
    .endianness = DEVICE_LITTLE_ENDIAN,
};

/* Configuration space */

static int vf_add_place(PCIDevice *pdev, uint8_t type, uint8_t len,
                        uint32_t offset, uint32_t length, Error **errp)
{
    int pos = pci_add_capability(pdev, PCI_CAP_ID_VNDR, 0, len, errp);
    uint8_t *cap = pdev->config + pos;

    if (pos < 0) {
        return pos;
    }
    pci_set_byte(cap + VIRTIO_PCI_CAP_LEN, len);
    pci_set_byte(cap + VIRTIO_PCI_CAP_CFG_TYPE, type);
    pci_set_byte(cap + VIRTIO_PCI_CAP_BAR, VSDI_BAR_PAGES);
    pci_set_long(cap + VIRTIO_PCI_CAP_OFFSET, offset);
    pci_set_long(cap + VIRTIO_PCI_CAP_LENGTH, length);
    return pos;
}

static bool vf_add_window(VirtIONetSIOVVF *vf, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vf);
    int pos = vf_add_place(pdev, VIRTIO_PCI_CAP_PCI_CFG,
                           sizeof(struct virtio_pci_cfg_cap), 0, 0, errp);

    if (pos < 0) {
        return false;
    }
    vf->window = pos;
    pci_set_byte(pdev->wmask + pos + VIRTIO_PCI_CAP_BAR, 0xff);
    pci_set_long(pdev->wmask + pos + VIRTIO_PCI_CAP_OFFSET, ~0u);
    pci_set_long(pdev->wmask + pos + VIRTIO_PCI_CAP_LENGTH, ~0u);
    pci_set_long(pdev->wmask + pos +
                 offsetof(struct virtio_pci_cfg_cap, pci_cfg_data), ~0u);
    return true;
}

static bool vf_add_places(VirtIONetSIOVVF *vf, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vf);
    int notify;

    if (vf_add_place(pdev, VIRTIO_PCI_CAP_COMMON_CFG,
                     sizeof(struct virtio_pci_cap), VSDI_PG_COMMON,
                     VSDI_PG_COMMON_LENGTH, errp) < 0 ||
        vf_add_place(pdev, VIRTIO_PCI_CAP_ISR_CFG,
                     sizeof(struct virtio_pci_cap), VSDI_PG_ISR, 1,
                     errp) < 0 ||
        vf_add_place(pdev, VIRTIO_PCI_CAP_DEVICE_CFG,
                     sizeof(struct virtio_pci_cap), VSDI_PG_DEVICE,
                     VSDI_PG_DEVICE_LENGTH, errp) < 0) {
        return false;
    }
    notify = vf_add_place(pdev, VIRTIO_PCI_CAP_NOTIFY_CFG,
                          sizeof(struct virtio_pci_notify_cap), VSDI_PG_NOTIFY,
                          VSDI_PG_NOTIFY_LENGTH, errp);
    if (notify < 0) {
        return false;
    }
    pci_set_long(pdev->config + notify + VIRTIO_PCI_NOTIFY_CAP_MULT,
                 VSDI_PG_NOTIFY_MULTIPLIER);
    return vf_add_window(vf, errp);
}

/*
 * Does an access to configuration space reach the data of the window, and does
 * that show a register? Then that is @reg, and @len is its width.
 */
static bool vf_window(VirtIONetSIOVVF *vf, uint32_t addr, int size,
                      uint32_t *reg, uint32_t *len)
{
    const uint8_t *cap = PCI_DEVICE(vf)->config + vf->window;
    uint32_t data = vf->window +
                    offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);

    *reg = pci_get_long(cap + VIRTIO_PCI_CAP_OFFSET);
    *len = pci_get_long(cap + VIRTIO_PCI_CAP_LENGTH);
    return ranges_overlap(addr, size, data, 4) &&
           pci_get_byte(cap + VIRTIO_PCI_CAP_BAR) == VSDI_BAR_PAGES &&
           (*len == 1 || *len == 2 || *len == 4) && *reg % *len == 0 &&
           *reg < pf_of(vf)->page_size;
}

static uint8_t *vf_window_data(VirtIONetSIOVVF *vf)
{
    return PCI_DEVICE(vf)->config + vf->window +
           offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);
}

static uint32_t vf_config_read(PCIDevice *pdev, uint32_t addr, int size)
{
    VirtIONetSIOVVF *vf = VIRTIO_NET_SIOV_VF(pdev);
    uint32_t reg, len, val;

    if (vf_window(vf, addr, size, &reg, &len)) {
        stn_le_p(vf_window_data(vf), len,
                 virtio_sdi_read_page(vf->sdi, reg, len));
    }
    val = pci_default_read_config(pdev, addr, size);
    return addr == PCI_COMMAND ? val & ~PCI_COMMAND_MEMORY : val;
}

static void vf_config_write(PCIDevice *pdev, uint32_t addr, uint32_t val,
                            int size)
{
    VirtIONetSIOVVF *vf = VIRTIO_NET_SIOV_VF(pdev);
    uint32_t reg, len;

    pci_default_write_config(pdev, addr, val, size);
    if (vf_window(vf, addr, size, &reg, &len)) {
        virtio_sdi_write_page(vf->sdi, reg, ldn_le_p(vf_window_data(vf), len),
                              len);
    }
    pcie_cap_flr_write_config(pdev, addr, val, size);
    if (vf->sdi) {
        virtio_sdi_update_access(vf->sdi);
    }
}

/* Its life: it is reset when it is enabled and when it is disabled, too */
static void vf_reset_hold(Object *obj, ResetType type)
{
    VirtIONetSIOVVF *vf = VIRTIO_NET_SIOV_VF(obj);
    PCIDevice *pdev = PCI_DEVICE(obj);

    if (!vf->sdi) {
        return;
    }
    virtio_sdi_clear(vf->sdi);
    if (!pdev->enabled) {
        virtio_admin_member_gone(&VIRTIO_NET_ADMIN_PCI_BASE(pf_of(vf))->admin,
                                 VIRTIO_ADMIN_GROUP_TYPE_SRIOV,
                                 pcie_sriov_vf_number(pdev) + 1);
    }
}

static void vf_realize(PCIDevice *pdev, Error **errp)
{
    VirtIONetSIOVVF *vf = VIRTIO_NET_SIOV_VF(pdev);
    VirtIONetSIOVPCI *pf = pf_of(vf);
    uint32_t vectors = MIN(VIRTIO_SDI_NIC_QUEUES + 1, pf->sdi_vectors);

    memory_region_init_io(&vf->page, OBJECT(vf), &vf_page_ops, vf,
                          "virtio-siov-vf-page", pf->page_size);
    pci_register_bar(pdev, VSDI_BAR_PAGES, PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &vf->page);
    if (pcie_endpoint_cap_init(pdev, 0) < 0) {
        error_setg(errp, "no room for the PCI Express capability");
        return;
    }
    pcie_cap_flr_init(pdev);
    pcie_ari_init(pdev, PCI_CONFIG_SPACE_SIZE);
    if (!vf_add_places(vf, errp) ||
        msix_init_exclusive_bar(pdev, vectors, VF_BAR_MSIX, errp) < 0) {
        return;
    }
    for (uint32_t v = 0; v < vectors; v++) {
        msix_vector_use(pdev, v);
    }
    /* QEMU maps BARs by a bit that VFs do not have: nobody sees or clears it */
    pci_word_test_and_clear_mask(pdev->wmask + PCI_COMMAND, PCI_COMMAND_MEMORY);
    pci_word_test_and_set_mask(pdev->config + PCI_COMMAND, PCI_COMMAND_MEMORY);
}

static void vf_exit(PCIDevice *pdev)
{
    VIRTIO_NET_SIOV_VF(pdev)->sdi = NULL;
    msix_unuse_all_vectors(pdev);
    msix_uninit_exclusive_bar(pdev);
    pcie_cap_exit(pdev);
}

static const VMStateDescription vf_vmstate = {
    .name = TYPE_VIRTIO_NET_SIOV_VF,
    .unmigratable = 1,
};

static void vf_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    k->realize = vf_realize;
    k->exit = vf_exit;
    k->config_read = vf_config_read;
    k->config_write = vf_config_write;
    k->vendor_id = PCI_VENDOR_ID_REDHAT_QUMRANET;
    k->device_id = VSDI_VF_DEVICE_ID;
    k->revision = 1;
    k->class_id = PCI_CLASS_NETWORK_ETHERNET;
    RESETTABLE_CLASS(klass)->phases.hold = vf_reset_hold;
    dc->vmsd = &vf_vmstate;
    dc->user_creatable = false;
}

static const TypeInfo vf_info = {
    .name = TYPE_VIRTIO_NET_SIOV_VF,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(VirtIONetSIOVVF),
    .class_init = vf_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

/* For the PF */

void virtio_siov_vf_init_bars(VirtIONetSIOVPCI *pf)
{
    PCIDevice *pdev = PCI_DEVICE(pf);

    pcie_sriov_pf_init_vf_bar(pdev, VSDI_BAR_PAGES,
                              PCI_BASE_ADDRESS_MEM_TYPE_64 |
                              PCI_BASE_ADDRESS_MEM_PREFETCH, pf->page_size);
    pcie_sriov_pf_init_vf_bar(pdev, VF_BAR_MSIX, PCI_BASE_ADDRESS_SPACE_MEMORY,
                              VF_BAR_MSIX_BYTES);
}

bool virtio_siov_vf_init_device(VirtIONetSIOVPCI *pf, uint32_t n, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(pf)->exp.sriov_pf.vf[n];

    VIRTIO_NET_SIOV_VF(pdev)->sdi = virtio_sdi_new_vf(pf, n, pdev, &vf_ops,
                                                      errp);
    return VIRTIO_NET_SIOV_VF(pdev)->sdi;
}

void *virtio_siov_vf_member(VirtIOAdmin *admin, uint64_t id)
{
    PCIDevice *pdev = admin->opaque;

    if (!id || id > pcie_sriov_num_vfs(pdev)) {
        return NULL;
    }
    return VIRTIO_NET_SIOV_VF(pcie_sriov_get_vf_at_index(pdev, id - 1))->sdi;
}

static void vf_register_types(void)
{
    type_register_static(&vf_info);
}

type_init(vf_register_types)
