/*
 * SIOV test device: the PCI function
 *
 * A PCI Express function with the SIOV capability and with SDIs behind it, as
 * strict as hardware and wrong on purpose where a property says so. The
 * register map is docs/specs/siov-testdev.rst.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/host-utils.h"
#include "qemu/module.h"
#include "qemu/range.h"
#include "qapi/error.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pcie_sriov.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "siov-testdev-int.h"
#include "trace.h"

#define SIOV_PM_OFFSET                  0x40
#define SIOV_MSIX_OFFSET                0x50
#define SIOV_EXP_OFFSET                 0x80
#define SIOV_AER_OFFSET                 0x100
#define SIOV_ARI_OFFSET                 0x150
#define SIOV_SRIOV_OFFSET               0x160
#define SIOV_ACS_OFFSET                 0x1a0
#define SIOV_ATS_OFFSET                 0x1b0
#define SIOV_EXT_CAPS_END               0x1c0
#define SIOV_SECOND_CAP                 0x40

#define SIOV_VF_BAR_SIZE                0x1000
#define SIOV_BOOT_DMA_PERIOD_US         10000
#define SIOV_PAGE_BYTES_LARGE           0x10000

/* Configuration space */

/*
 * With ARI, software finds the functions of a device by following a list. QEMU
 * learns who the neighbours are only after we were realized.
 */
static void siov_testdev_update_ari(SIOVTestdev *d)
{
    PCIDevice *pdev = PCI_DEVICE(d);
    PCIBus *bus = pci_get_bus(pdev);
    int end = pci_bus_is_root(bus) ? PCI_DEVFN(PCI_SLOT(pdev->devfn) + 1, 0) :
                                     PCI_DEVFN_MAX;
    uint8_t next = 0;

    for (int devfn = pdev->devfn + 1; devfn < end; devfn++) {
        if (bus->devices[devfn] && !pci_is_vf(bus->devices[devfn])) {
            next = pci_bus_is_root(bus) ? PCI_FUNC(devfn) : devfn;
            break;
        }
    }
    pci_set_byte(pdev->config + d->ari_cap + PCI_ARI_CAP + 1, next);
}

/*
 * Is a function level reset over? Until then the function does not answer, and
 * for a while nobody may ask.
 */
static bool siov_testdev_answers(SIOVTestdev *d, uint32_t addr)
{
    g_autofree char *what = NULL;
    int64_t since;

    if (d->flr_at < 0) {
        return true;
    }
    since = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - d->flr_at;
    if (since < (int64_t)d->x_flr_quiet_ms * SCALE_MS) {
        what = g_strdup_printf("configuration request to 0x%" PRIx32
                               " %" PRId64 " ms after FLR", addr,
                               since / SCALE_MS);
        siov_too_early(d, what, SIOV_PG_INDEX_PF);
    }
    return since >= (int64_t)d->x_flr_ms * SCALE_MS;
}

static uint32_t siov_testdev_config_read(PCIDevice *pdev, uint32_t addr,
                                         int len)
{
    SIOVTestdev *d = SIOV_TESTDEV(pdev);

    d->counters[SIOV_CNT_CFG_READ_PF]++;
    if (!siov_testdev_answers(d, addr)) {
        return UINT32_MAX;
    }
    if (d->ari_cap && ranges_overlap(addr, len, d->ari_cap, PCI_ARI_SIZEOF)) {
        siov_testdev_update_ari(d);
    }
    return pci_default_read_config(pdev, addr, len);
}

static void siov_testdev_config_write(PCIDevice *pdev, uint32_t addr,
                                      uint32_t val, int len)
{
    SIOVTestdev *d = SIOV_TESTDEV(pdev);

    d->counters[SIOV_CNT_CFG_WRITE_PF]++;
    if (!siov_testdev_answers(d, addr)) {
        return;
    }
    pci_default_write_config(pdev, addr, val, len);
    pcie_aer_write_config(pdev, addr, val, len);
    pcie_cap_flr_write_config(pdev, addr, val, len);
    /* VFs may have come */
    if (d->sriov_vfs && ranges_overlap(addr, len, SIOV_SRIOV_OFFSET,
                                       PCI_EXT_CAP_SRIOV_SIZEOF)) {
        pcie_siov_check_rids();
    }
}

/* Pairs of hex digits, up to @size bytes of them */
static int siov_testdev_parse_hex(const char *prop, const char *hex,
                                  uint8_t *buf, size_t size, Error **errp)
{
    size_t len = strlen(hex);

    if (len > 2 * size || len % 2) {
        error_setg(errp, "%s wants up to %zu pairs of hex digits", prop, size);
        return -1;
    }
    for (size_t i = 0; i < len; i += 2) {
        int hi = g_ascii_xdigit_value(hex[i]);
        int lo = g_ascii_xdigit_value(hex[i + 1]);

        if (hi < 0 || lo < 0) {
            error_setg(errp, "%s has a character that is no hex digit", prop);
            return -1;
        }
        buf[i / 2] = hi << 4 | lo;
    }
    return len / 2;
}

/* OFFSET:HEX, more of them after slashes: bytes of configuration space */
static bool siov_testdev_override_config(SIOVTestdev *d, Error **errp)
{
    uint8_t *config = PCI_DEVICE(d)->config;
    g_auto(GStrv) pokes = g_strsplit(d->x_config ? d->x_config : "", "/", -1);

    for (char **poke = pokes; *poke; poke++) {
        const char *hex;
        unsigned long offset;

        if (qemu_strtoul(*poke, &hex, 0, &offset) || *hex != ':' ||
            offset >= PCIE_CONFIG_SPACE_SIZE) {
            error_setg(errp, "x-config wants OFFSET:HEX[/OFFSET:HEX...]");
            return false;
        }
        if (siov_testdev_parse_hex("x-config", hex + 1, config + offset,
                                   PCIE_CONFIG_SPACE_SIZE - offset, errp) < 0) {
            return false;
        }
    }
    return true;
}

static bool siov_testdev_override_cap(SIOVTestdev *d, Error **errp)
{
    uint8_t *cap = PCI_DEVICE(d)->config + d->x_cap_offset;
    uint8_t buf[SIOV_CAP_SIZEOF];
    int len;

    if (d->x_cap_next != SIOV_OFF32) {
        if (d->x_cap_next >= PCIE_CONFIG_SPACE_SIZE) {
            error_setg(errp, "x-cap-next has 12 bits");
            return false;
        }
        pci_set_word(cap + 2, deposit32(pci_get_word(cap + 2), 4, 12,
                                        d->x_cap_next));
    }
    if (d->x_cap_raw) {
        len = siov_testdev_parse_hex("x-cap-raw", d->x_cap_raw, buf,
                                     sizeof(buf), errp);
        if (len < 0) {
            return false;
        }
        memcpy(cap, buf, MIN(len, PCIE_CONFIG_SPACE_SIZE - d->x_cap_offset));
    }
    return true;
}

static bool siov_testdev_init_siov(SIOVTestdev *d, Error **errp)
{
    PCIESIOVConfig cfg = {
        .total_sdis = d->total_sdis,
        .first_offset = d->sdi_offset,
        .stride = d->sdi_stride,
        .caps = d->siov_caps,
        .version = d->x_cap_version,
        .size = d->x_cap_size,
        .strided = d->strided,
        .allowlist = d->allowlist && !d->x_rid_unchecked,
        .ignore_window = !d->x_check_bus_range,
        .sticky_status = d->x_status_stuck,
        .fixed_status = d->x_cap_raw &&
                        strlen(d->x_cap_raw) > 2 * SIOV_CAP_STATUS,
        .borrower = d->x_rid_dup,
    };
    PCIDevice *pdev = PCI_DEVICE(d);

    if (!pcie_siov_init(pdev, &d->siov, d->x_cap_offset, &cfg, errp)) {
        return false;
    }
    d->sdis = g_new0(SIOVSdi *, MAX(d->total_sdis, 1));
    if (d->x_cap_second) {
        cfg.total_sdis++;
        if (!pcie_siov_add_capability(pdev, d->x_cap_offset + SIOV_SECOND_CAP,
                                      &cfg, errp)) {
            return false;
        }
    }
    return siov_testdev_override_cap(d, errp);
}

static bool siov_testdev_init_sriov(SIOVTestdev *d, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(d);

    if (!d->sriov_vfs) {
        return true;
    }
    if (!pcie_sriov_pf_init(pdev, SIOV_SRIOV_OFFSET, TYPE_SIOV_TESTDEV_VF,
                            SIOV_TESTDEV_VF_DEVICE_ID, d->sriov_vfs,
                            d->sriov_vfs, d->sriov_offset, d->sriov_stride,
                            errp)) {
        return false;
    }
    /* A PF whose VFs need no other PF's names itself */
    pci_set_byte(pdev->config + SIOV_SRIOV_OFFSET + PCI_SRIOV_FUNC_LINK,
                 pdev->devfn);
    pcie_sriov_pf_init_vf_bar(pdev, 0, PCI_BASE_ADDRESS_MEM_TYPE_64 |
                              PCI_BASE_ADDRESS_MEM_PREFETCH, SIOV_VF_BAR_SIZE);
    return true;
}

static void siov_init_pm(PCIDevice *pdev)
{
    /* Cannot fail: the offset is free */
    pci_pm_init(pdev, SIOV_PM_OFFSET, &error_abort);
    pci_set_word(pdev->config + SIOV_PM_OFFSET + PCI_PM_PMC,
                 PCI_PM_CAP_VER_1_2);
    pci_set_word(pdev->config + SIOV_PM_OFFSET + PCI_PM_CTRL,
                 PCI_PM_CTRL_NO_SOFT_RESET);
    pci_set_word(pdev->wmask + SIOV_PM_OFFSET + PCI_PM_CTRL,
                 PCI_PM_CTRL_STATE_MASK);
}

/* What a function of many requesters says about peer-to-peer requests */
static void siov_testdev_init_acs(SIOVTestdev *d)
{
    const uint16_t redirect = PCI_ACS_RR | PCI_ACS_CR;
    PCIDevice *pdev = PCI_DEVICE(d);

    if (d->acs == SIOV_ACS_OFF) {
        return;
    }
    pcie_add_capability(pdev, PCI_EXT_CAP_ID_ACS, PCI_ACS_VER, SIOV_ACS_OFFSET,
                        PCI_ACS_SIZEOF);
    pci_set_word(pdev->config + SIOV_ACS_OFFSET + PCI_ACS_CAP, redirect);
    pci_set_word(pdev->wmask + SIOV_ACS_OFFSET + PCI_ACS_CTRL,
                 d->acs == SIOV_ACS_ON ? redirect : 0);
}

/*
 * A link that is not the narrowest and slowest there is, which the driver shows
 * to a user of an SDI whose PF has none.
 */
static void siov_init_link(PCIDevice *pdev)
{
    uint8_t *exp = pdev->config + pdev->exp.exp_cap;

    pci_long_test_and_clear_mask(exp + PCI_EXP_LNKCAP,
                                 PCI_EXP_LNKCAP_SLS | PCI_EXP_LNKCAP_MLW);
    pci_long_test_and_set_mask(exp + PCI_EXP_LNKCAP,
                               QEMU_PCI_EXP_LNKCAP_MLS(QEMU_PCI_EXP_LNK_5GT) |
                               QEMU_PCI_EXP_LNKCAP_MLW(QEMU_PCI_EXP_LNK_X4));
    pci_word_test_and_clear_mask(exp + PCI_EXP_LNKSTA,
                                 PCI_EXP_LNKSTA_CLS | PCI_EXP_LNKSTA_NLW);
    pci_word_test_and_set_mask(exp + PCI_EXP_LNKSTA,
                               QEMU_PCI_EXP_LNKSTA_CLS(QEMU_PCI_EXP_LNK_5GT) |
                               QEMU_PCI_EXP_LNKSTA_NLW(QEMU_PCI_EXP_LNK_X4));
}

static bool siov_testdev_init_caps(SIOVTestdev *d, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(d);

    siov_init_pm(pdev);
    if (msix_init(pdev, SIOV_PF_MSIX_VECTORS, &d->ctrl, SIOV_BAR_CTRL,
                  SIOV_PF_MSIX_TABLE, &d->ctrl, SIOV_BAR_CTRL,
                  SIOV_PF_MSIX_PBA, SIOV_MSIX_OFFSET, errp) < 0) {
        return false;
    }
    for (int v = 0; v < SIOV_PF_MSIX_VECTORS; v++) {
        msix_vector_use(pdev, v);
    }
    if (pcie_endpoint_cap_init(pdev, SIOV_EXP_OFFSET) < 0) {
        error_setg(errp, "no room for the PCI Express capability");
        return false;
    }
    siov_init_link(pdev);
    pcie_cap_deverr_init(pdev);
    pcie_cap_flr_init(pdev);
    if (pcie_aer_init(pdev, PCI_ERR_VER, SIOV_AER_OFFSET, PCI_ERR_SIZEOF,
                      errp) < 0) {
        return false;
    }
    if (d->ari) {
        pcie_ari_init(pdev, SIOV_ARI_OFFSET);
        d->ari_cap = SIOV_ARI_OFFSET;
    }
    siov_testdev_init_acs(d);
    if (d->ats) {
        pcie_ats_init(pdev, SIOV_ATS_OFFSET, true);
    }
    if (!siov_testdev_init_sriov(d, errp)) {
        return false;
    }
    if (d->has_siov && !siov_testdev_init_siov(d, errp)) {
        return false;
    }
    return siov_testdev_override_config(d, errp);
}

/* BARs */

static void siov_testdev_init_bars(SIOVTestdev *d)
{
    const uint8_t pref = PCI_BASE_ADDRESS_MEM_TYPE_64 |
                         PCI_BASE_ADDRESS_MEM_PREFETCH;
    uint64_t room = pow2ceil(MAX(d->total_sdis, 1));
    uint64_t blocks = ROUND_UP(room * d->block_size, d->page_size);
    PCIDevice *pdev = PCI_DEVICE(d);

    memory_region_init_io(&d->ctrl, OBJECT(d), &siov_ctrl_ops, d,
                          "siov-testdev-ctrl", SIOV_BAR_CTRL_SIZE);
    pci_register_bar(pdev, SIOV_BAR_CTRL, PCI_BASE_ADDRESS_MEM_TYPE_64,
                     &d->ctrl);
    if (!d->has_siov) {
        return;
    }
    memory_region_init_io(&d->pages, OBJECT(d), &siov_pages_ops, d,
                          "siov-testdev-pages", room * d->page_size);
    pci_register_bar(pdev, SIOV_BAR_PAGES, pref, &d->pages);
    if (d->regions > 1) {
        d->doorbells = blocks / d->page_size;
        blocks += room * d->page_size;
    }
    memory_region_init_io(&d->blocks, OBJECT(d), &siov_blocks_ops, d,
                          "siov-testdev-blocks", pow2ceil(blocks));
    pci_register_bar(pdev, SIOV_BAR_BLOCKS, pref, &d->blocks);
}

/* Life */

static bool siov_testdev_check_layout(SIOVTestdev *d, Error **errp)
{
    uint64_t most = d->vectors + 7ull * d->x_vectors_step;

    if (d->page_size != SIOV_PAGE_BYTES &&
        d->page_size != SIOV_PAGE_BYTES_LARGE) {
        error_setg(errp, "page-size is 4096 or 65536");
        return false;
    }
    if (d->vectors > SIOV_BLK_MAX_VECTORS) {
        error_setg(errp, "vectors is %d at most", SIOV_BLK_MAX_VECTORS);
        return false;
    }
    if (d->regions < 1 || d->regions > 2) {
        error_setg(errp, "regions is 1 or 2");
        return false;
    }
    most = MIN(most, SIOV_BLK_MAX_VECTORS);
    d->block_size = MAX(pow2ceil(SIOV_BLK_MSG(most)), SIOV_BLOCK_BYTES);
    return true;
}

static bool siov_testdev_check(SIOVTestdev *d, Error **errp)
{
    d->strided = d->rid_mode != SIOV_RIDS_SOFTWARE;
    d->software = d->rid_mode != SIOV_RIDS_STRIDED;

    if (!siov_testdev_check_layout(d, errp)) {
        return false;
    }
    if (d->x_cap_offset < SIOV_EXT_CAPS_END) {
        error_setg(errp, "x-cap-offset 0x%x: other capabilities are below 0x%x",
                   d->x_cap_offset, SIOV_EXT_CAPS_END);
        return false;
    }
    if (d->x_msi_rid != SIOV_OFF32 && d->x_msi_rid > UINT16_MAX) {
        error_setg(errp, "x-msi-rid has 16 bits");
        return false;
    }
    if (!d->has_siov) {
        d->total_sdis = 0;
    }
    return true;
}

static void siov_testdev_exit(PCIDevice *pdev)
{
    SIOVTestdev *d = SIOV_TESTDEV(pdev);

    for (uint32_t n = 0; d->sdis && n < d->total_sdis; n++) {
        if (d->sdis[n]) {
            siov_sdi_free(d->sdis[n]);
        }
    }
    g_clear_pointer(&d->sdis, g_free);
    siov_queue_exit(d);
    siov_managed_exit(d);
    siov_engines_exit(d);

    pcie_siov_exit(&d->siov);
    pcie_sriov_pf_exit(pdev);
    if (pdev->exp.aer_log.log) {
        pcie_aer_exit(pdev);
    }
    if (pdev->exp.exp_cap) {
        pcie_cap_exit(pdev);
    }
    if (msix_present(pdev)) {
        msix_unuse_all_vectors(pdev);
        msix_uninit(pdev, &d->ctrl, &d->ctrl);
    }
}

static void siov_testdev_realize(PCIDevice *pdev, Error **errp)
{
    SIOVTestdev *d = SIOV_TESTDEV(pdev);

    if (!siov_testdev_check(d, errp)) {
        return;
    }
    pci_config_set_class(pdev->config, d->x_class);
    d->flr_at = -1;
    siov_engines_init(d);
    siov_queue_init(d);
    siov_managed_init(d);
    siov_testdev_init_bars(d);
    if (!siov_testdev_init_caps(d, errp)) {
        siov_testdev_exit(pdev);
    }
}

/* What an earlier owner, a firmware or a kernel before kexec, left enabled */
static void siov_testdev_boot_sdis(SIOVTestdev *d)
{
    uint32_t num = MIN(d->x_status_at_boot, d->total_sdis);

    for (uint32_t n = 0; n < num; n++) {
        if (siov_sdi_enable(d, n) && d->x_boot_dma) {
            pcie_siov_sdi_set_master(&d->siov, n, true);
            siov_engine_stream(&d->sdis[n]->engine, d->x_boot_dma,
                               SIOV_BOOT_DMA_PERIOD_US);
        }
    }
}

static void siov_testdev_let_sdis_run(SIOVTestdev *d)
{
    for (uint32_t n = 0; n < d->total_sdis; n++) {
        if (d->sdis[n]) {
            d->sdis[n]->engine.sticky = true;
        }
    }
}

static void siov_testdev_reset_hold(Object *obj, ResetType type)
{
    SIOVTestdev *d = SIOV_TESTDEV(obj);
    PCIDevice *pdev = PCI_DEVICE(obj);
    bool flr = pci_get_word(pdev->config + pdev->exp.exp_cap +
                            PCI_EXP_DEVCTL) & PCI_EXP_DEVCTL_BCR_FLR;

    trace_siov_testdev_reset(pdev->name, flr);
    pcie_cap_deverr_reset(pdev);
    siov_engine_kill(&d->pf_engine);
    d->scratch = 0;
    d->counters[SIOV_CNT_FLR] += flr;
    d->flr_at = flr && d->x_flr_ms ? qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) : -1;
    siov_queue_stop(d);
    siov_managed_reset(d);
    if (!d->has_siov) {
        return;
    }
    if (flr && d->x_flr_keeps_sdis) {
        siov_testdev_let_sdis_run(d);
        return;
    }
    siov_testdev_disable_all(d);
    pcie_siov_reset(&d->siov);
    if (!flr) {
        siov_testdev_boot_sdis(d);
    }
}

static const Property siov_testdev_properties[] = {
    DEFINE_PROP_BOOL("siov", SIOVTestdev, has_siov, true),
    DEFINE_PROP_UINT16("total-sdis", SIOVTestdev, total_sdis, 64),
    DEFINE_PROP_UINT16("sdi-offset", SIOVTestdev, sdi_offset, 8),
    DEFINE_PROP_UINT16("sdi-stride", SIOVTestdev, sdi_stride, 1),
    DEFINE_PROP_UINT32("siov-caps", SIOVTestdev, siov_caps, 0),
    DEFINE_PROP_BOOL("allowlist", SIOVTestdev, allowlist, false),
    DEFINE_PROP_UINT16("sriov-vfs", SIOVTestdev, sriov_vfs, 0),
    DEFINE_PROP_UINT16("sriov-offset", SIOVTestdev, sriov_offset, 0x80),
    DEFINE_PROP_UINT16("sriov-stride", SIOVTestdev, sriov_stride, 1),
    DEFINE_PROP_BOOL("ari", SIOVTestdev, ari, true),
    DEFINE_PROP_SIZE32("page-size", SIOVTestdev, page_size, SIOV_PAGE_BYTES),
    DEFINE_PROP_UINT32("vectors", SIOVTestdev, vectors, SIOV_BLK_NUM_VECTORS),
    DEFINE_PROP_UINT8("regions", SIOVTestdev, regions, 1),
    DEFINE_PROP_BOOL("command-queue", SIOVTestdev, command_queue, false),
    DEFINE_PROP_BOOL("managed", SIOVTestdev, managed, false),
    DEFINE_PROP_BOOL("ats", SIOVTestdev, ats, false),

    DEFINE_PROP_UINT16("x-cap-offset", SIOVTestdev, x_cap_offset, 0x200),
    DEFINE_PROP_UINT8("x-cap-size", SIOVTestdev, x_cap_size, SIOV_CAP_SIZEOF),
    DEFINE_PROP_UINT8("x-cap-version", SIOVTestdev, x_cap_version,
                      SIOV_CAP_VERSION),
    DEFINE_PROP_UINT32("x-cap-next", SIOVTestdev, x_cap_next, SIOV_OFF32),
    DEFINE_PROP_STRING("x-cap-raw", SIOVTestdev, x_cap_raw),
    DEFINE_PROP_STRING("x-config", SIOVTestdev, x_config),
    DEFINE_PROP_BOOL("x-cap-second", SIOVTestdev, x_cap_second, false),
    DEFINE_PROP_UINT16("x-class", SIOVTestdev, x_class, PCI_CLASS_OTHERS),
    DEFINE_PROP_UINT32("x-status-at-boot", SIOVTestdev, x_status_at_boot, 0),
    DEFINE_PROP_UINT64("x-boot-dma", SIOVTestdev, x_boot_dma, 0),
    DEFINE_PROP_BOOL("x-status-stuck", SIOVTestdev, x_status_stuck, false),
    DEFINE_PROP_BOOL("x-check-bus-range", SIOVTestdev, x_check_bus_range, true),
    DEFINE_PROP_BOOL("x-sdi-dma-as-pf", SIOVTestdev, x_sdi_dma_as_pf, false),
    DEFINE_PROP_UINT32("x-msi-rid", SIOVTestdev, x_msi_rid, SIOV_OFF32),
    DEFINE_PROP_BOOL("x-dma-hang", SIOVTestdev, x_dma_hang, false),
    DEFINE_PROP_BOOL("x-dma-after-reset", SIOVTestdev, x_dma_after_reset,
                     false),
    DEFINE_PROP_BOOL("x-flr-keeps-sdis", SIOVTestdev, x_flr_keeps_sdis, false),
    DEFINE_PROP_BOOL("x-reset-keeps-state", SIOVTestdev, x_reset_keeps_state,
                     false),
    DEFINE_PROP_UINT32("x-enable-fail-at", SIOVTestdev, x_enable_fail_at,
                       SIOV_OFF32),
    DEFINE_PROP_BOOL("x-rid-unchecked", SIOVTestdev, x_rid_unchecked, false),
    DEFINE_PROP_BOOL("x-forge", SIOVTestdev, x_forge, false),
    DEFINE_PROP_UINT32("x-rid-dup", SIOVTestdev, x_rid_dup, 0),
    DEFINE_PROP_UINT32("x-vectors-step", SIOVTestdev, x_vectors_step, 0),
    DEFINE_PROP_UINT32("x-enable-us", SIOVTestdev, x_enable_us, 0),
    DEFINE_PROP_UINT32("x-disable-us", SIOVTestdev, x_disable_us, 0),
    DEFINE_PROP_UINT32("x-reset-us", SIOVTestdev, x_reset_us, 0),
    DEFINE_PROP_UINT32("x-flr-ms", SIOVTestdev, x_flr_ms, 0),
    DEFINE_PROP_UINT32("x-flr-quiet-ms", SIOVTestdev, x_flr_quiet_ms, 0),
    DEFINE_PROP_UINT32("x-enable-hang-at", SIOVTestdev, x_enable_hang_at,
                       SIOV_OFF32),
    DEFINE_PROP_UINT32("x-command-lost-at", SIOVTestdev, x_command_lost_at,
                       SIOV_OFF32),
    DEFINE_PROP_UINT32("x-firmware-ms", SIOVTestdev, x_firmware_ms, 5),
};

/* Properties with a name for each value */

static const QEnumLookup siov_rid_modes = {
    .array = (const char *const[]) {
        [SIOV_RIDS_BOTH] = "both",
        [SIOV_RIDS_STRIDED] = "strided",
        [SIOV_RIDS_SOFTWARE] = "software",
    },
    .size = 3,
};

static const QEnumLookup siov_acs_values = {
    .array = (const char *const[]) {
        [SIOV_ACS_OFF] = "off",
        [SIOV_ACS_ON] = "on",
        [SIOV_ACS_STUCK] = "stuck",
    },
    .size = 3,
};

static int siov_testdev_get_rid_mode(Object *obj, Error **errp)
{
    return SIOV_TESTDEV(obj)->rid_mode;
}

static void siov_testdev_set_rid_mode(Object *obj, int val, Error **errp)
{
    SIOV_TESTDEV(obj)->rid_mode = val;
}

static int siov_testdev_get_acs(Object *obj, Error **errp)
{
    return SIOV_TESTDEV(obj)->acs;
}

static void siov_testdev_set_acs(Object *obj, int val, Error **errp)
{
    SIOV_TESTDEV(obj)->acs = val;
}

/* A fixture for one run: its state is not worth moving */
static const VMStateDescription siov_testdev_vmstate = {
    .name = TYPE_SIOV_TESTDEV,
    .unmigratable = 1,
};

static void siov_testdev_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    pc->realize = siov_testdev_realize;
    pc->exit = siov_testdev_exit;
    pc->config_read = siov_testdev_config_read;
    pc->config_write = siov_testdev_config_write;
    pc->vendor_id = SIOV_TESTDEV_VENDOR_ID;
    pc->device_id = SIOV_TESTDEV_DEVICE_ID;
    pc->revision = 1;
    pc->class_id = PCI_CLASS_OTHERS;

    rc->phases.hold = siov_testdev_reset_hold;

    dc->desc = "SIOV test device";
    dc->vmsd = &siov_testdev_vmstate;
    device_class_set_props(dc, siov_testdev_properties);
    object_class_property_add_enum(klass, "rid-mode", "SIOVRidMode",
                                   &siov_rid_modes, siov_testdev_get_rid_mode,
                                   siov_testdev_set_rid_mode);
    object_class_property_add_enum(klass, "acs", "SIOVAcs", &siov_acs_values,
                                   siov_testdev_get_acs, siov_testdev_set_acs);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

/* Its VFs have an identity, a BAR and FLR. They do nothing */

OBJECT_DECLARE_SIMPLE_TYPE(SIOVTestdevVF, SIOV_TESTDEV_VF)

struct SIOVTestdevVF {
    PCIDevice parent_obj;

    MemoryRegion bar;
};

static uint32_t siov_testdev_vf_read_reg(PCIDevice *pdev, hwaddr addr)
{
    switch (addr) {
    case SIOV_MAGIC:
        return SIOV_MAGIC_VALUE;
    case SIOV_PF_RID:
        return pci_requester_id(pcie_sriov_get_pf(pdev));
    }
    return 0;
}

static uint64_t siov_testdev_vf_read(void *opaque, hwaddr addr, unsigned size)
{
    PCIDevice *pdev = PCI_DEVICE(opaque);

    return siov_lanes(siov_testdev_vf_read_reg(pdev, siov_reg(addr)), addr,
                      size);
}

static void siov_testdev_vf_write(void *opaque, hwaddr addr, uint64_t val,
                                  unsigned size)
{
}

static const MemoryRegionOps siov_testdev_vf_ops = {
    .read = siov_testdev_vf_read,
    .write = siov_testdev_vf_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};

static void siov_testdev_vf_realize(PCIDevice *pdev, Error **errp)
{
    SIOVTestdevVF *vf = SIOV_TESTDEV_VF(pdev);

    memory_region_init_io(&vf->bar, OBJECT(vf), &siov_testdev_vf_ops, vf,
                          "siov-testdev-vf", SIOV_VF_BAR_SIZE);
    pci_register_bar(pdev, 0, PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &vf->bar);
    if (pcie_endpoint_cap_init(pdev, SIOV_EXP_OFFSET) < 0) {
        error_setg(errp, "no room for the PCI Express capability");
        return;
    }
    pcie_cap_flr_init(pdev);
    pcie_ari_init(pdev, PCI_CONFIG_SPACE_SIZE);
}

static void siov_testdev_vf_config_write(PCIDevice *pdev, uint32_t addr,
                                         uint32_t val, int len)
{
    pci_default_write_config(pdev, addr, val, len);
    pcie_cap_flr_write_config(pdev, addr, val, len);
}

static void siov_testdev_vf_exit(PCIDevice *pdev)
{
    pcie_cap_exit(pdev);
}

static const VMStateDescription siov_testdev_vf_vmstate = {
    .name = TYPE_SIOV_TESTDEV_VF,
    .unmigratable = 1,
};

static void siov_testdev_vf_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    pc->realize = siov_testdev_vf_realize;
    pc->exit = siov_testdev_vf_exit;
    pc->config_write = siov_testdev_vf_config_write;
    pc->vendor_id = SIOV_TESTDEV_VENDOR_ID;
    pc->device_id = SIOV_TESTDEV_VF_DEVICE_ID;
    pc->revision = 1;
    pc->class_id = PCI_CLASS_OTHERS;

    dc->desc = "SIOV test device, SR-IOV Virtual Function";
    dc->vmsd = &siov_testdev_vf_vmstate;
    dc->user_creatable = false;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo siov_testdev_types[] = {
    {
        .name = TYPE_SIOV_TESTDEV,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(SIOVTestdev),
        .class_init = siov_testdev_class_init,
        .interfaces = (InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { }
        },
    },
    {
        .name = TYPE_SIOV_TESTDEV_VF,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(SIOVTestdevVF),
        .class_init = siov_testdev_vf_class_init,
        .interfaces = (InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { }
        },
    },
};

DEFINE_TYPES(siov_testdev_types)
