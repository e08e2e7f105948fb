/*
 * QTest testcase for virtio-net-siov-pci: the function, blocks and pages
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_ids.h"
#include "standard-headers/linux/virtio_net.h"
#include "standard-headers/linux/virtio_pci.h"
#include "virtio-siov-test.h"

#define MSG             0x00300000ull   /* what messages write to */

/* The function */

static uint8_t find_vendor_cap(QTestState *qts)
{
    uint8_t pos = cfg_readb(qts, PF_RID, PCI_CAPABILITY_LIST);

    while (pos && (cfg_readb(qts, PF_RID, pos) != PCI_CAP_ID_VNDR ||
                   cfg_readb(qts, PF_RID, pos + 3) != VSDI_CAP_CFG_TYPE)) {
        pos = cfg_readb(qts, PF_RID, pos + PCI_CAP_LIST_NEXT);
    }
    return pos;
}

static void test_capabilities(void)
{
    QTestState *qts = vsdi_new("total-sdis=100,sdi-offset=0x100,sdi-stride=2");
    uint8_t pos = find_vendor_cap(qts);
    uint32_t siov = find_siov(qts);

    g_assert_cmphex(cfg_readl(qts, PF_RID, 0), ==, 0x10411af4);
    g_assert_cmphex(pos, !=, 0);
    g_assert_cmpuint(cfg_readb(qts, PF_RID, pos + 2), ==, VSDI_CAP_LEN);
    g_assert_cmphex(cfg_readw(qts, PF_RID, pos + VSDI_CAP_VENDOR_ID), ==,
                    0x1af4);
    g_assert_cmpuint(cfg_readb(qts, PF_RID, pos + VSDI_CAP_BAR), ==, 0);
    g_assert_cmpuint(cfg_readb(qts, PF_RID, pos + VSDI_CAP_VERSION), ==, 1);
    g_assert_cmpuint(cfg_readl(qts, PF_RID, pos + VSDI_CAP_OFFSET), ==, 0);
    g_assert_cmphex(cfg_readl(qts, PF_RID, pos + VSDI_CAP_LENGTH), ==, 0x100);
    g_assert_cmphex(siov, ==, VSDI_SIOV_OFFSET);
    g_assert_cmpuint(cfg_readw(qts, PF_RID, siov + SIOV_CAP_TOTAL_SDIS), ==,
                     100);
    g_assert_cmphex(block_readl(qts, 3, VSDI_BLK_RID), ==,
                    VSDI_BLK_RID_VALID | 0x206);
    qtest_quit(qts);
}

static void test_header(void)
{
    QTestState *qts = vsdi_new("total-sdis=100,page-size=65536,sdi-vectors=9");

    g_assert_cmphex(hdr_readl(qts, VSDI_HDR_MAGIC), ==, VSDI_MAGIC_VALUE);
    g_assert_cmphex(hdr_readl(qts, VSDI_HDR_VERSION), ==, 0xff380001);
    g_assert_cmpuint(hdr_readl(qts, VSDI_HDR_TOTAL), ==, 100);
    g_assert_cmphex(hdr_readl(qts, VSDI_HDR_FEATURES), ==, 3);
    g_assert_cmphex(hdr_readl(qts, VSDI_HDR_CTRL_OFFSET), ==, VSDI_BLOCKS);
    g_assert_cmphex(hdr_readl(qts, VSDI_HDR_CTRL_STRIDE), ==, 0x100);
    g_assert_cmphex(hdr_readl(qts, VSDI_HDR_SDI_STRIDE), ==, 0x10000);
    g_assert_cmpuint(hdr_readl(qts, VSDI_HDR_VECTORS), ==, 9);
    g_assert_cmpuint(block_readl(qts, 99, VSDI_BLK_VECTORS), ==, 4);
    g_assert_cmphex(block_readl(qts, 99, VSDI_BLK_DEVICE), ==, 0x30001);
    /* Past the last one, and what may not be written */
    g_assert_cmphex(block_readl(qts, 100, VSDI_BLK_VECTORS), ==, 0);
    qtest_writel(qts, BAR_CTRL + VSDI_HDR_TOTAL, 1);
    g_assert_cmpuint(hdr_readl(qts, VSDI_HDR_TOTAL), ==, 100);
    /* The pages are as far apart as that says */
    vsdi_enable(qts, 1);
    g_assert_cmphex(qtest_readb(qts, BAR_PAGES + 0x10000 +
                                VIRTIO_PCI_COMMON_STATUS), ==, 0);
    g_assert_cmphex(qtest_readb(qts, BAR_PAGES + 0x1000 +
                                VIRTIO_PCI_COMMON_STATUS), ==, 0xff);
    qtest_quit(qts);
}

static void test_d3hot(void)
{
    QTestState *qts = vsdi_new("");
    uint8_t pm = find_cap(qts, PF_RID, PCI_CAP_ID_PM);

    vsdi_enable(qts, 0);
    cfg_writew(qts, PF_RID, pm + PCI_PM_CTRL, 3);
    g_assert_cmphex(hdr_readl(qts, VSDI_HDR_MAGIC), !=, VSDI_MAGIC_VALUE);
    cfg_writew(qts, PF_RID, pm + PCI_PM_CTRL, 0);
    setup_function(qts, PF_RID);
    g_assert_cmphex(hdr_readl(qts, VSDI_HDR_MAGIC), ==, VSDI_MAGIC_VALUE);
    qtest_quit(qts);
}

/* 65,535 of them cost nothing before they are used */
static void test_many(void)
{
    int64_t begin = g_get_monotonic_time();
    QTestState *qts = vsdi_new("total-sdis=65535,sdi-offset=1");

    g_assert_cmpuint(hdr_readl(qts, VSDI_HDR_TOTAL), ==, 65535);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 30 * G_USEC_PER_SEC);
    qtest_quit(qts);
}

/* Blocks */

static void test_enable(void)
{
    QTestState *qts = vsdi_new("");
    uint64_t page = vsdi_page(7);

    g_assert_cmphex(common_readl(qts, page, 0), ==, 0xffffffff);
    g_assert_cmphex(block_readl(qts, 7, VSDI_BLK_CTRL), ==, 0);
    g_assert_cmphex(cap_status(qts), ==, 0);

    vsdi_enable(qts, 7);
    g_assert_cmphex(block_readl(qts, 7, VSDI_BLK_CTRL), ==,
                    VSDI_BLK_CTRL_ENABLE | VSDI_BLK_CTRL_MASTER);
    g_assert_cmphex(cap_status(qts), ==, SIOV_CAP_STATUS_ENABLED);
    g_assert_cmpuint(hdr_readl(qts, VSDI_HDR_NUM_ENABLED), ==, 1);
    g_assert_cmpuint(block_readl(qts, 7, VSDI_BLK_GENERATION), ==, 1);
    g_assert_cmphex(common_readb(qts, page, VIRTIO_PCI_COMMON_STATUS), ==, 0);
    g_assert_cmpuint(common_readw(qts, page, VIRTIO_PCI_COMMON_NUMQ), ==, 3);
    g_assert_cmphex(common_readl(qts, vsdi_page(6), 0), ==, 0xffffffff);

    block_writel(qts, 7, VSDI_BLK_CTRL, 0);
    g_assert_cmphex(block_readl(qts, 7, VSDI_BLK_STATUS), ==, 0);
    g_assert_cmphex(common_readl(qts, page, 0), ==, 0xffffffff);
    g_assert_cmphex(cap_status(qts), ==, 0);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_ENABLE), ==, 1);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_DISABLE), ==, 1);
    qtest_quit(qts);
}

static void test_rid(void)
{
    QTestState *qts = vsdi_new("rid-mode=software");

    block_writel(qts, 0, VSDI_BLK_CTRL, VSDI_BLK_CTRL_ENABLE);
    g_assert_cmpuint(block_error(qts, 0), ==, VSDI_ERR_NO_RID);
    block_writel(qts, 0, VSDI_BLK_RID, VSDI_BLK_RID_SOFTWARE | 0x234);
    g_assert_cmphex(block_readl(qts, 0, VSDI_BLK_RID), ==,
                    VSDI_BLK_RID_SOFTWARE | VSDI_BLK_RID_VALID | 0x234);
    vsdi_enable(qts, 0);
    block_writel(qts, 0, VSDI_BLK_RID, VSDI_BLK_RID_SOFTWARE | 0x235);
    g_assert_cmpuint(block_error(qts, 0), ==, VSDI_ERR_ENABLED);
    block_writel(qts, 0, VSDI_BLK_CTRL, 0);
    g_assert_cmphex(block_readl(qts, 0, VSDI_BLK_RID), ==, 0);
    qtest_quit(qts);

    qts = vsdi_new("rid-mode=strided");
    g_assert_cmphex(hdr_readl(qts, VSDI_HDR_FEATURES), ==, VSDI_FEAT_STRIDED);
    block_writel(qts, 0, VSDI_BLK_RID, VSDI_BLK_RID_SOFTWARE | 0x234);
    g_assert_cmpuint(block_error(qts, 0), ==, VSDI_ERR_UNSUPPORTED);
    qtest_quit(qts);
}

static bool is_clean(QTestState *qts, uint32_t n)
{
    return block_readl(qts, n, VSDI_BLK_MSG(1) + VSDI_MSG_DATA) == 0 &&
           block_readl(qts, n, VSDI_BLK_MSG(1) + VSDI_MSG_CTRL) ==
           VSDI_MSG_CTRL_MASK &&
           common_readb(qts, vsdi_page(n), VIRTIO_PCI_COMMON_STATUS) == 0;
}

/* RESET takes all but the RID; a reset by the driver takes the page alone */
static void test_reset(void)
{
    QTestState *qts = vsdi_new("");
    uint64_t page = vsdi_page(2);

    nic_new(qts, 2);
    vsdi_message(qts, 2, 1, MSG, 0x77, false);
    common_writeb(qts, page, VIRTIO_PCI_COMMON_STATUS, 0);
    g_assert_cmphex(common_readb(qts, page, VIRTIO_PCI_COMMON_STATUS), ==, 0);
    common_writew(qts, page, VIRTIO_PCI_COMMON_Q_SELECT, 0);
    g_assert_cmpuint(common_readw(qts, page, VIRTIO_PCI_COMMON_Q_ENABLE), ==,
                     0);
    g_assert_cmphex(common_readw(qts, page, VIRTIO_PCI_COMMON_Q_MSIX), ==,
                    0xffff);
    g_assert_cmphex(block_readl(qts, 2, VSDI_BLK_MSG(1) + VSDI_MSG_DATA), ==,
                    0x77);
    g_assert_true(block_readl(qts, 2, VSDI_BLK_CTRL) & VSDI_BLK_CTRL_MASTER);

    nic_start(qts, 2);
    g_assert_false(is_clean(qts, 2));
    block_writel(qts, 2, VSDI_BLK_CTRL,
                 VSDI_BLK_CTRL_ENABLE | VSDI_BLK_CTRL_RESET);
    g_assert_cmphex(block_readl(qts, 2, VSDI_BLK_CTRL), ==,
                    VSDI_BLK_CTRL_ENABLE);
    g_assert_true(is_clean(qts, 2));
    g_assert_cmphex(block_readl(qts, 2, VSDI_BLK_RID), ==,
                    VSDI_BLK_RID_VALID | (PF_RID + 10));
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SDI_RESET), ==, 1);
    qtest_quit(qts);
}

/* An FLR takes the SDIs, a reset of the PF's virtio device does not */
static void test_pf_reset(void)
{
    QTestState *qts = vsdi_new("");

    nic_new(qts, 1);
    qtest_writeb(qts, BAR_BLOCKS + VIRTIO_PCI_COMMON_STATUS, 1);
    qtest_writeb(qts, BAR_BLOCKS + VIRTIO_PCI_COMMON_STATUS, 0);
    g_assert_cmphex(common_readb(qts, vsdi_page(1), VIRTIO_PCI_COMMON_STATUS) &
                    VIRTIO_CONFIG_S_DRIVER_OK, !=, 0);

    vsdi_flr(qts);
    g_assert_cmpuint(hdr_readl(qts, VSDI_HDR_NUM_ENABLED), ==, 0);
    g_assert_cmphex(cap_status(qts), ==, 0);
    g_assert_cmphex(common_readl(qts, vsdi_page(1), 0), ==, 0xffffffff);
    g_assert_cmpuint(block_readl(qts, 1, VSDI_BLK_GENERATION), ==, 1);
    vsdi_enable(qts, 1);
    g_assert_true(is_clean(qts, 1));

    qtest_writel(qts, BAR_CTRL + VSDI_HDR_CTRL, VSDI_HDR_CTRL_RESET);
    g_assert_cmpuint(hdr_readl(qts, VSDI_HDR_NUM_ENABLED), ==, 0);
    qtest_writel(qts, BAR_CTRL + VSDI_HDR_CTRL, VSDI_HDR_CTRL_CLEAR);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_ENABLE), ==, 0);
    qtest_quit(qts);
}

/* A reset of the machine while there are many */
static void test_machine_reset(void)
{
    QTestState *qts = vsdi_new("");

    for (uint32_t n = 0; n < 64; n++) {
        vsdi_enable(qts, n);
    }
    g_assert_cmpuint(hdr_readl(qts, VSDI_HDR_NUM_ENABLED), ==, 64);
    qtest_system_reset(qts);
    enable_ecam(qts);
    setup_port(qts);
    setup_function(qts, PF_RID);
    g_assert_cmpuint(hdr_readl(qts, VSDI_HDR_NUM_ENABLED), ==, 0);
    nic_new(qts, 63);
    qtest_quit(qts);
}

/* Pages */

static void test_widths(void)
{
    QTestState *qts = vsdi_new("");
    uint64_t page = vsdi_page(0);

    vsdi_enable(qts, 0);
    g_assert_cmpuint(common_readw(qts, page, VIRTIO_PCI_COMMON_NUMQ), ==, 3);
    g_assert_cmpuint(common_readb(qts, page, VIRTIO_PCI_COMMON_NUMQ), ==, 0);
    g_assert_cmphex(common_readl(qts, page, VIRTIO_PCI_COMMON_MSIX), ==, 0);
    common_writew(qts, page, VIRTIO_PCI_COMMON_STATUS, 1);
    g_assert_cmphex(common_readb(qts, page, VIRTIO_PCI_COMMON_STATUS), ==, 0);
    g_assert_cmphex(common_readw(qts, page, VIRTIO_PCI_COMMON_ADM_Q_IDX), ==,
                    0);
    g_assert_cmphex(qtest_readl(qts, page + 0x200), ==, 0);
    qtest_quit(qts);
}

static void test_features(void)
{
    QTestState *qts = vsdi_new("");
    uint64_t page = vsdi_page(0), features;
    uint8_t status;

    vsdi_enable(qts, 0);
    features = features_of(qts, page);
    g_assert_true(features & BIT_ULL(VIRTIO_F_VERSION_1));
    g_assert_true(features & BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
    g_assert_true(features & BIT_ULL(VIRTIO_F_RING_RESET));
    g_assert_true(features & BIT_ULL(VIRTIO_NET_F_MAC));
    g_assert_false(features & BIT_ULL(VIRTIO_F_ADMIN_VQ));
    g_assert_false(features & BIT_ULL(VIRTIO_F_SR_IOV));
    g_assert_false(features & BIT_ULL(VIRTIO_F_NOTIFICATION_DATA));
    g_assert_false(features & BIT_ULL(VIRTIO_NET_F_CSUM));

    /* Who would go past the IOMMU gets nowhere */
    status = negotiate(qts, page, BIT_ULL(VIRTIO_F_VERSION_1));
    g_assert_false(status & VIRTIO_CONFIG_S_FEATURES_OK);
    status = negotiate(qts, page, BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
    g_assert_false(status & VIRTIO_CONFIG_S_FEATURES_OK);
    status = negotiate(qts, page, BIT_ULL(VIRTIO_F_VERSION_1) |
                       BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
    g_assert_true(status & VIRTIO_CONFIG_S_FEATURES_OK);
    qtest_quit(qts);
}

static void test_vectors(void)
{
    QTestState *qts = vsdi_new("");
    uint64_t page = vsdi_page(0);

    vsdi_enable(qts, 0);
    common_writew(qts, page, VIRTIO_PCI_COMMON_MSIX, 3);
    g_assert_cmphex(common_readw(qts, page, VIRTIO_PCI_COMMON_MSIX), ==, 3);
    common_writew(qts, page, VIRTIO_PCI_COMMON_MSIX, 4);
    g_assert_cmphex(common_readw(qts, page, VIRTIO_PCI_COMMON_MSIX), ==,
                    0xffff);
    common_writew(qts, page, VIRTIO_PCI_COMMON_Q_MSIX, 4);
    g_assert_cmphex(common_readw(qts, page, VIRTIO_PCI_COMMON_Q_MSIX), ==,
                    0xffff);
    qtest_quit(qts);
}

static void test_mac(void)
{
    QTestState *qts = vsdi_new("");
    uint8_t want[6], got[6];

    for (uint32_t n = 0; n < 64; n += 63) {
        vsdi_enable(qts, n);
        mac_of(n, want);
        qtest_memread(qts, vsdi_page(n) + VSDI_PG_DEVICE, got, 6);
        g_assert_cmpmem(want, 6, got, 6);
    }
    qtest_quit(qts);
}

void vsdi_add_register_tests(void)
{
    qtest_add_func("/virtio-siov/capabilities", test_capabilities);
    qtest_add_func("/virtio-siov/header", test_header);
    qtest_add_func("/virtio-siov/d3hot", test_d3hot);
    qtest_add_func("/virtio-siov/many", test_many);
    qtest_add_func("/virtio-siov/enable", test_enable);
    qtest_add_func("/virtio-siov/rid", test_rid);
    qtest_add_func("/virtio-siov/reset", test_reset);
    qtest_add_func("/virtio-siov/pf-reset", test_pf_reset);
    qtest_add_func("/virtio-siov/machine-reset", test_machine_reset);
    qtest_add_func("/virtio-siov/widths", test_widths);
    qtest_add_func("/virtio-siov/features", test_features);
    qtest_add_func("/virtio-siov/vectors", test_vectors);
    qtest_add_func("/virtio-siov/mac", test_mac);
}
