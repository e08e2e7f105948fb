/*
 * virtio-net with Scalable Device Interfaces: the PCI function
 *
 * A virtio-net-admin-pci with the SIOV capability. BAR 0 is for the driver of
 * the PF, BAR 2 has a page for each SDI. docs/specs/virtio-net-siov-pci.rst
 * says what is in them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pci_bus.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "standard-headers/linux/virtio_pci.h"
#include "virtio-sdi.h"
#include "trace.h"

/* BAR 0: header */

static uint32_t header_features(const VirtIONetSIOVPCI *pf)
{
    switch (pf->rid_mode) {
    case VIRTIO_SDI_RIDS_STRIDED:
        return VSDI_FEAT_STRIDED;
    case VIRTIO_SDI_RIDS_SOFTWARE:
        return VSDI_FEAT_SOFTWARE;
    }
    return VSDI_FEAT_STRIDED | VSDI_FEAT_SOFTWARE;
}

static uint32_t read_header(const VirtIONetSIOVPCI *pf, uint32_t reg)
{
    switch (reg) {
    case VSDI_HDR_MAGIC:
        return VSDI_MAGIC_VALUE;
    case VSDI_HDR_VERSION:
        return VSDI_VERSION_VALUE |
               (uint32_t)VSDI_GROUP_TYPE << VSDI_GROUP_TYPE_SHIFT;
    case VSDI_HDR_TOTAL:
        return pf->total_sdis;
    case VSDI_HDR_FEATURES:
        return header_features(pf);
    case VSDI_HDR_CTRL_OFFSET:
        return VSDI_BLOCKS;
    case VSDI_HDR_CTRL_STRIDE:
        return pf->block_size;
    case VSDI_HDR_SDI_BAR:
        return VSDI_BAR_PAGES;
    case VSDI_HDR_SDI_STRIDE:
        return pf->page_size;
    case VSDI_HDR_VECTORS:
        return pf->sdi_vectors;
    case VSDI_HDR_COMMON_OFFSET:
        return VSDI_PG_COMMON;
    case VSDI_HDR_COMMON_LENGTH:
        return VSDI_PG_COMMON_LENGTH;
    case VSDI_HDR_ISR_OFFSET:
        return VSDI_PG_ISR;
    case VSDI_HDR_DEVICE_OFFSET:
        return VSDI_PG_DEVICE;
    case VSDI_HDR_DEVICE_LENGTH:
        return VSDI_PG_DEVICE_LENGTH;
    case VSDI_HDR_NOTIFY_OFFSET:
        return VSDI_PG_NOTIFY;
    case VSDI_HDR_NOTIFY_LENGTH:
        return VSDI_PG_NOTIFY_LENGTH;
    case VSDI_HDR_NOTIFY_MULTIPLIER:
        return VSDI_PG_NOTIFY_MULTIPLIER;
    case VSDI_HDR_NUM_ENABLED:
        return pf->siov.num_enabled;
    }
    return 0;
}

static void disable_all(VirtIONetSIOVPCI *pf)
{
    for (uint32_t n = 0; n < pf->total_sdis; n++) {
        if (pf->sdis[n]) {
            virtio_sdi_disable(pf->sdis[n]);
        }
    }
    pcie_siov_reset(&pf->siov);
}

static void write_header_ctrl(VirtIONetSIOVPCI *pf, uint32_t val)
{
    if (val & VSDI_HDR_CTRL_RESET) {
        disable_all(pf);
    }
    if (val & VSDI_HDR_CTRL_CLEAR) {
        memset(pf->counters, 0, sizeof(pf->counters));
        pf->siov.config_reads = 0;
        pf->siov.config_writes = 0;
        pf->siov.rid_dups = 0;
    }
}

/* BAR 0: counters */

static uint64_t counter_value(const VirtIONetSIOVPCI *pf, uint32_t n)
{
    switch (n) {
    case VSDI_CNT_CFG_SDI:
        return pf->siov.config_reads + pf->siov.config_writes;
    case VSDI_CNT_RID_DUP:
        return pf->siov.rid_dups;
    }
    return n < VSDI_NUM_COUNTERS ? pf->counters[n] : 0;
}

static uint32_t read_counter(const VirtIONetSIOVPCI *pf, uint32_t reg)
{
    return counter_value(pf, reg / 8) >> (reg % 8 * 8);
}

/* BAR 0: control blocks */

static uint32_t read_status(const VirtIONetSIOVPCI *pf, const VirtIOSDI *sdi)
{
    uint32_t val = 0;

    if (!sdi) {
        return 0;
    }
    if (virtio_sdi_enabled(sdi)) {
        val |= VSDI_BLK_STATUS_ENABLED;
    }
    if (sdi->change != VIRTIO_SDI_STEADY) {
        val |= VSDI_BLK_STATUS_CHANGING;
    }
    return val | sdi->error << VSDI_BLK_STATUS_ERROR_SHIFT;
}

static uint32_t read_rid(const VirtIONetSIOVPCI *pf, uint32_t n)
{
    uint32_t val = 0;
    uint16_t rid;

    if (pcie_siov_sdi_rid(&pf->siov, n, &rid)) {
        val = rid | VSDI_BLK_RID_VALID;
    }
    if (test_bit(n, pf->siov.has_rid)) {
        val |= VSDI_BLK_RID_SOFTWARE;
    }
    return val;
}

static bool has_message(const VirtIONetSIOVPCI *pf, uint32_t n, uint32_t reg)
{
    const VirtIOSDI *sdi = pf->sdis[n];

    return sdi && virtio_sdi_enabled(sdi) &&
           reg / VSDI_MSG_SIZE < sdi->num_msgs;
}

static uint32_t read_message(const VirtIONetSIOVPCI *pf, uint32_t n,
                             uint32_t reg)
{
    if (has_message(pf, n, reg)) {
        return virtio_sdi_read_message(pf->sdis[n], reg);
    }
    return reg / VSDI_MSG_SIZE < virtio_sdi_vectors(pf, n) &&
           reg % VSDI_MSG_SIZE == VSDI_MSG_CTRL ? VSDI_MSG_CTRL_MASK : 0;
}

/* What there is to read even if the SDI was never used */
static uint32_t read_identity(const VirtIONetSIOVPCI *pf, uint32_t n,
                              uint32_t reg)
{
    switch (reg) {
    case VSDI_BLK_RID:
        return read_rid(pf, n);
    case VSDI_BLK_VECTORS:
        return virtio_sdi_vectors(pf, n);
    case VSDI_BLK_DEVICE:
        return virtio_sdi_kind(pf, n);
    }
    return 0;
}

static uint32_t read_block(const VirtIONetSIOVPCI *pf, uint32_t n, uint32_t reg)
{
    const VirtIOSDI *sdi = pf->sdis[n];

    if (reg >= VSDI_BLK_MSG(0)) {
        return read_message(pf, n, reg - VSDI_BLK_MSG(0));
    }
    switch (reg) {
    case VSDI_BLK_CTRL:
        return sdi ? virtio_sdi_read_ctrl(sdi) : 0;
    case VSDI_BLK_STATUS:
        return read_status(pf, sdi);
    case VSDI_BLK_GENERATION:
        return sdi ? sdi->generation : 0;
    case VSDI_BLK_DMA_COUNT:
        return sdi ? sdi->dma_count : 0;
    case VSDI_BLK_FAULT_COUNT:
        return sdi ? sdi->fault_count : 0;
    case VSDI_BLK_MSI_COUNT:
        return sdi ? sdi->msi_count : 0;
    case VSDI_BLK_DROP_COUNT:
        return sdi ? sdi->drop_count : 0;
    }
    return read_identity(pf, n, reg);
}

/* What is written during a change is lost */
static void write_message(VirtIONetSIOVPCI *pf, uint32_t n, uint32_t reg,
                          uint32_t val)
{
    if (has_message(pf, n, reg) && pf->sdis[n]->change == VIRTIO_SDI_STEADY) {
        virtio_sdi_write_message(pf->sdis[n], reg, val);
    }
}

static VirtIOSDI *get_sdi(VirtIONetSIOVPCI *pf, uint32_t n)
{
    if (!pf->sdis[n]) {
        pf->sdis[n] = virtio_sdi_new(pf, n, &error_abort);
    }
    return pf->sdis[n];
}

static void write_block(VirtIONetSIOVPCI *pf, uint32_t n, uint32_t reg,
                        uint32_t val)
{
    VirtIOSDI *sdi;

    if (reg >= VSDI_BLK_MSG(0)) {
        write_message(pf, n, reg - VSDI_BLK_MSG(0), val);
        return;
    }
    if (reg != VSDI_BLK_CTRL && reg != VSDI_BLK_RID) {
        return;
    }
    sdi = get_sdi(pf, n);
    if (reg == VSDI_BLK_CTRL) {
        virtio_sdi_control(sdi, val);
    } else {
        virtio_sdi_set_rid(sdi, val);
    }
    trace_virtio_sdi_block(n, reg, val, sdi->error);
}

/* BAR 0 */

static uint32_t read_reg(const VirtIONetSIOVPCI *pf, hwaddr addr)
{
    uint64_t n;

    if (addr < VSDI_COUNTERS) {
        return read_header(pf, addr);
    }
    if (addr < VSDI_BLOCKS) {
        return read_counter(pf, addr - VSDI_COUNTERS);
    }
    n = (addr - VSDI_BLOCKS) / pf->block_size;
    return n < pf->total_sdis ? read_block(pf, n, addr % pf->block_size) : 0;
}

static uint64_t ctrl_read(void *opaque, hwaddr addr, unsigned size)
{
    VirtIONetSIOVPCI *pf = opaque;

    if (!pf->present) {
        return UINT64_MAX;
    }
    return extract32(read_reg(pf, addr & ~3ull), addr % 4 * 8, size * 8);
}

static void ctrl_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    VirtIONetSIOVPCI *pf = opaque;
    uint64_t n;

    if (size != 4 || !pf->present) {
        return;
    }
    if (addr == VSDI_HDR_CTRL) {
        write_header_ctrl(pf, val);
    }
    if (addr < VSDI_BLOCKS) {
        return;
    }
    n = (addr - VSDI_BLOCKS) / pf->block_size;
    if (n < pf->total_sdis) {
        write_block(pf, n, addr % pf->block_size, val);
    }
}

static const MemoryRegionOps ctrl_ops = {
    .read = ctrl_read,
    .write = ctrl_write,
    .impl = {
        .min_access_size = 1,
        .max_access_size = 4,
    },
    .endianness = DEVICE_LITTLE_ENDIAN,
};

/* The group: a member is an SDI that is enabled */

static bool group_exists(VirtIOAdmin *admin)
{
    return true;
}

/* LEGACY_NOTIFY_INFO is optional */
static uint64_t group_commands(const VirtIONetSIOVPCI *pf)
{
    return pf->legacy_notify ? VIRTIO_ADMIN_LEGACY_COMMANDS :
           VIRTIO_ADMIN_LEGACY_COMMANDS &
           ~BIT_ULL(VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO);
}

static void *group_find(VirtIOAdmin *admin, uint64_t id)
{
    VirtIONetSIOVPCI *pf = VIRTIO_NET_SIOV_PCI_BASE(admin->opaque);

    return id && id <= pf->total_sdis &&
           pcie_siov_sdi_enabled(&pf->siov, id - 1) ? pf->sdis[id - 1] : NULL;
}

/* The function */

static void init_bars(VirtIONetSIOVPCI *pf)
{
    uint64_t room = pow2ceil(MAX(pf->total_sdis, 1));
    PCIDevice *pdev = PCI_DEVICE(pf);

    memory_region_init_io(&pf->ctrl, OBJECT(pf), &ctrl_ops, pf,
                          "virtio-siov-ctrl",
                          pow2ceil(VSDI_BLOCKS + room * pf->block_size));
    pci_register_bar(pdev, VSDI_BAR_CTRL, PCI_BASE_ADDRESS_SPACE_MEMORY,
                     &pf->ctrl);
    memory_region_init_io(&pf->pages, OBJECT(pf), &virtio_sdi_page_ops, pf,
                          "virtio-siov-pages", room * pf->page_size);
    pci_register_bar(pdev, VSDI_BAR_PAGES, PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &pf->pages);
}

static bool init_vendor_cap(PCIDevice *pdev, Error **errp)
{
    int pos = pci_add_capability(pdev, PCI_CAP_ID_VNDR, 0, VSDI_CAP_LEN, errp);
    uint8_t *cap = pdev->config + pos;

    if (pos < 0) {
        return false;
    }
    pci_set_byte(cap + PCI_CAP_FLAGS, VSDI_CAP_LEN);
    pci_set_byte(cap + PCI_CAP_FLAGS + 1, VSDI_CAP_CFG_TYPE);
    pci_set_word(cap + VSDI_CAP_VENDOR_ID, PCI_VENDOR_ID_REDHAT_QUMRANET);
    pci_set_byte(cap + VSDI_CAP_BAR, VSDI_BAR_CTRL);
    pci_set_byte(cap + VSDI_CAP_VERSION, VSDI_CAP_VERSION_VALUE);
    pci_set_long(cap + VSDI_CAP_OFFSET, 0);
    pci_set_long(cap + VSDI_CAP_LENGTH, VSDI_HDR_SIZE);
    return true;
}

static bool init_siov(VirtIONetSIOVPCI *pf, Error **errp)
{
    const PCIESIOVConfig cfg = {
        .total_sdis = pf->total_sdis,
        .first_offset = pf->sdi_offset,
        .stride = pf->sdi_stride,
        .version = PCIE_SIOV_CAP_VER,
        .size = PCIE_SIOV_CAP_SIZEOF,
        .strided = pf->rid_mode != VIRTIO_SDI_RIDS_SOFTWARE,
    };

    return pcie_siov_init(PCI_DEVICE(pf), &pf->siov, VSDI_SIOV_OFFSET, &cfg,
                          errp);
}

static bool check_properties(VirtIONetSIOVPCI *pf, Error **errp)
{
    if (!pci_is_express(PCI_DEVICE(pf))) {
        error_setg(errp, "the function is not PCI Express here, put it behind a"
                   " root port");
        return false;
    }
    if (pf->page_size != VSDI_PAGE_BYTES &&
        pf->page_size != VSDI_PAGE_BYTES_LARGE) {
        error_setg(errp, "page-size is %d or %d", VSDI_PAGE_BYTES,
                   VSDI_PAGE_BYTES_LARGE);
        return false;
    }
    if (pf->sdi_vectors < 1 || pf->sdi_vectors > VSDI_BLK_MAX_VECTORS) {
        error_setg(errp, "sdi-vectors is 1 to %d", VSDI_BLK_MAX_VECTORS);
        return false;
    }
    pf->block_size = MAX(pow2ceil(VSDI_BLK_MSG(pf->sdi_vectors)),
                         VSDI_BLOCK_BYTES);
    return true;
}

static void choose_mac(VirtIONetSIOVPCI *pf)
{
    static const MACAddr zero;
    NICConf *conf = &VIRTIO_NET_ADMIN_PCI_BASE(pf)->vdev.nic_conf;

    if (memcmp(&pf->sdi_mac, &zero, sizeof(zero))) {
        return;
    }
    qemu_macaddr_default_if_unset(&conf->macaddr);
    pf->sdi_mac = conf->macaddr;
    pf->sdi_mac.a[0] ^= 4;
}

/* Those that the user may plug a device into */
static bool init_sdi_buses(VirtIONetSIOVPCI *pf, Error **errp)
{
    qbus_init(&pf->sdi_bus, sizeof(pf->sdi_bus), TYPE_VIRTIO_SDI_PARENT_BUS,
              DEVICE(pf), "sdis");
    for (uint32_t n = 0; n < MIN(pf->sdi_buses, pf->total_sdis); n++) {
        pf->sdis[n] = virtio_sdi_new(pf, n, errp);
        if (!pf->sdis[n]) {
            return false;
        }
    }
    return true;
}

/* Members of their group as SDIs are of theirs */
static bool init_vfs(VirtIONetSIOVPCI *pf, Error **errp)
{
    VirtIONetAdminPCI *d = VIRTIO_NET_ADMIN_PCI_BASE(pf);
    VirtIOAdminGroup *group = &d->admin.group[VIRTIO_ADMIN_GROUP_SRIOV];

    if (!d->vfs) {
        return true;
    }
    virtio_siov_vf_init_bars(pf);
    for (uint32_t n = 0; n < d->vfs; n++) {
        if (!virtio_siov_vf_init_device(pf, n, errp)) {
            return false;
        }
    }
    group->supported |= group_commands(pf) | VIRTIO_ADMIN_PARTS_COMMANDS;
    group->member = virtio_siov_vf_member;
    group->legacy = &virtio_sdi_legacy_ops;
    group->parts = &virtio_sdi_parts_ops;
    return true;
}

static bool init_sdis(VirtIONetSIOVPCI *pf, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(pf);

    if (!init_vendor_cap(pdev, errp)) {
        return false;
    }
    if (!pdev->exp.sriov_cap) {
        pcie_ari_init(pdev, virtio_net_admin_ari_offset(pdev));
    }
    if (!init_siov(pf, errp)) {
        return false;
    }
    pf->sdis = g_new0(VirtIOSDI *, MAX(pf->total_sdis, 1));
    init_bars(pf);
    pf->present = true;
    return init_sdi_buses(pf, errp) && init_vfs(pf, errp);
}

static void siov_pci_realize(VirtIOPCIProxy *proxy, Error **errp)
{
    VirtIONetSIOVPCIClass *sc = VIRTIO_NET_SIOV_PCI_BASE_GET_CLASS(proxy);
    VirtIONetSIOVPCI *pf = VIRTIO_NET_SIOV_PCI_BASE(proxy);
    ERRP_GUARD();

    if (!check_properties(pf, errp)) {
        return;
    }
    choose_mac(pf);
    pf->sw = virtio_switch_new(pf, errp);
    if (!pf->sw) {
        return;
    }
    VIRTIO_NET_ADMIN_PCI_BASE(pf)->admin.group[VIRTIO_ADMIN_GROUP_SIOV] =
        (VirtIOAdminGroup) {
            .type = VSDI_GROUP_TYPE,
            .supported = group_commands(pf) | VIRTIO_ADMIN_PARTS_COMMANDS,
            .exists = group_exists,
            .member = group_find,
            .legacy = &virtio_sdi_legacy_ops,
            .parts = &virtio_sdi_parts_ops,
        };
    VIRTIO_NET_ADMIN_PCI_BASE(pf)->admin.get_limit = pf->parts_objects;
    VIRTIO_NET_ADMIN_PCI_BASE(pf)->admin.set_limit = pf->parts_objects;
    sc->parent_realize(proxy, errp);
    if (*errp) {
        g_clear_pointer(&pf->sw, virtio_switch_free);
        return;
    }
    if (!init_sdis(pf, errp)) {
        PCI_DEVICE_GET_CLASS(pf)->exit(PCI_DEVICE(pf));
    }
}

static void siov_pci_exit(PCIDevice *pdev)
{
    VirtIONetSIOVPCI *pf = VIRTIO_NET_SIOV_PCI_BASE(pdev);

    pf->present = false;
    pcie_siov_exit(&pf->siov);
    g_clear_pointer(&pf->sdis, g_free);
    g_clear_pointer(&pf->sw, virtio_switch_free);
    VIRTIO_NET_SIOV_PCI_BASE_GET_CLASS(pdev)->parent_exit(pdev);
}

/* Of the function; a reset of the virtio device is none */
static void siov_pci_reset_hold(Object *obj, ResetType type)
{
    VirtIONetSIOVPCIClass *sc = VIRTIO_NET_SIOV_PCI_BASE_GET_CLASS(obj);
    VirtIONetSIOVPCI *pf = VIRTIO_NET_SIOV_PCI_BASE(obj);
    PCIDevice *pdev = PCI_DEVICE(obj);
    bool flr = pci_get_word(pdev->config + pdev->exp.exp_cap +
                            PCI_EXP_DEVCTL) & PCI_EXP_DEVCTL_BCR_FLR;

    if (!flr || !pf->x_flr_keeps_sdis) {
        disable_all(pf);
    }
    sc->parent_phases.hold(obj, type);
}

/* Properties */

static const QEnumLookup sdi_rids = {
    .array = (const char *const[]) {
        [VIRTIO_SDI_RIDS_BOTH] = "both",
        [VIRTIO_SDI_RIDS_STRIDED] = "strided",
        [VIRTIO_SDI_RIDS_SOFTWARE] = "software",
    },
    .size = 3,
};

static int get_rid_mode(Object *obj, Error **errp)
{
    return VIRTIO_NET_SIOV_PCI_BASE(obj)->rid_mode;
}

static void set_rid_mode(Object *obj, int val, Error **errp)
{
    VIRTIO_NET_SIOV_PCI_BASE(obj)->rid_mode = val;
}

static const Property siov_pci_properties[] = {
    DEFINE_PROP_UINT16("total-sdis", VirtIONetSIOVPCI, total_sdis, 64),
    DEFINE_PROP_UINT16("sdi-offset", VirtIONetSIOVPCI, sdi_offset, 8),
    DEFINE_PROP_UINT16("sdi-stride", VirtIONetSIOVPCI, sdi_stride, 1),
    DEFINE_PROP_SIZE32("page-size", VirtIONetSIOVPCI, page_size,
                       VSDI_PAGE_BYTES),
    DEFINE_PROP_UINT32("sdi-buses", VirtIONetSIOVPCI, sdi_buses, 16),
    DEFINE_PROP_UINT32("sdi-vectors", VirtIONetSIOVPCI, sdi_vectors,
                       VSDI_BLK_NUM_VECTORS),
    DEFINE_PROP_MACADDR("sdi-mac", VirtIONetSIOVPCI, sdi_mac),
    DEFINE_PROP_UINT32("queue-len", VirtIONetSIOVPCI, queue_len, 4096),
    DEFINE_PROP_BOOL("legacy-notify", VirtIONetSIOVPCI, legacy_notify, true),
    DEFINE_PROP_UINT8("parts-objects", VirtIONetSIOVPCI, parts_objects, 16),
    DEFINE_PROP_UINT32("x-reset-hang-at", VirtIONetSIOVPCI, x_reset_hang_at,
                       VIRTIO_SDI_NONE),
    DEFINE_PROP_UINT32("x-enable-fail-at", VirtIONetSIOVPCI, x_enable_fail_at,
                       VIRTIO_SDI_NONE),
    DEFINE_PROP_UINT32("x-enable-us", VirtIONetSIOVPCI, x_enable_us, 0),
    DEFINE_PROP_UINT32("x-reset-us", VirtIONetSIOVPCI, x_reset_us, 0),
    DEFINE_PROP_BOOL("x-sdi-dma-as-pf", VirtIONetSIOVPCI, x_sdi_dma_as_pf,
                     false),
    DEFINE_PROP_BOOL("x-msi-as-pf", VirtIONetSIOVPCI, x_msi_as_pf, false),
    DEFINE_PROP_UINT32("x-drop-every", VirtIONetSIOVPCI, x_drop_every, 0),
    DEFINE_PROP_BOOL("x-flr-keeps-sdis", VirtIONetSIOVPCI, x_flr_keeps_sdis,
                     false),
};

static void siov_pci_class_init(ObjectClass *klass, void *data)
{
    VirtIONetSIOVPCIClass *sc = VIRTIO_NET_SIOV_PCI_BASE_CLASS(klass);
    VirtioPCIClass *vc = VIRTIO_PCI_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    VIRTIO_NET_ADMIN_PCI_BASE_CLASS(klass)->vf_type = TYPE_VIRTIO_NET_SIOV_VF;
    VIRTIO_NET_ADMIN_PCI_BASE_CLASS(klass)->vf_device_id = VSDI_VF_DEVICE_ID;
    sc->parent_realize = vc->realize;
    vc->realize = siov_pci_realize;
    sc->parent_exit = k->exit;
    k->exit = siov_pci_exit;
    resettable_class_set_parent_phases(RESETTABLE_CLASS(klass), NULL,
                                       siov_pci_reset_hold, NULL,
                                       &sc->parent_phases);
    device_class_set_props(DEVICE_CLASS(klass), siov_pci_properties);
    object_class_property_add_enum(klass, "rid-mode", "VirtIOSDIRids",
                                   &sdi_rids, get_rid_mode, set_rid_mode);
}

static const VirtioPCIDeviceTypeInfo siov_pci_info = {
    .base_name = TYPE_VIRTIO_NET_SIOV_PCI_BASE,
    .parent = TYPE_VIRTIO_NET_ADMIN_PCI_BASE,
    .non_transitional_name = TYPE_VIRTIO_NET_SIOV_PCI,
    .instance_size = sizeof(VirtIONetSIOVPCI),
    .class_size = sizeof(VirtIONetSIOVPCIClass),
    .class_init = siov_pci_class_init,
};

static void siov_pci_register_types(void)
{
    virtio_pci_types_register(&siov_pci_info);
}

type_init(siov_pci_register_types)
