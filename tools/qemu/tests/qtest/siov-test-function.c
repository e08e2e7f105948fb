/*
 * QTest testcase for siov-testdev: the function: capabilities and BARs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "siov-test.h"

static void test_cap(void)
{
    QTestState *qts = machine_new("total-sdis=600,sdi-offset=0x100,"
                                  "sdi-stride=3,siov-caps=0x89abcdef");
    static const uint8_t expect[SIOV_CAP_SIZEOF] = {
        0x38, 0x00, 0x01, 0x00, 0xef, 0xcd, 0xab, 0x89,
        0x58, 0x02, 0x00, 0x00, 0x00, 0x01, 0x03, 0x00,
    };

    g_assert_cmphex(cfg_readl(qts, PF_RID, 0), ==, 0x51071234);
    g_assert_cmphex(cfg_readl(qts, PF_RID, PCI_CLASS_REVISION), ==,
                    0x00ff0001);
    g_assert_cmphex(find_siov(qts), ==, CAP);
    g_assert_cmpuint(find_ext_cap(qts, PF_RID, PCI_EXT_CAP_ID_ARI, 0x100),
                     !=, 0);
    for (int i = 0; i < SIOV_CAP_SIZEOF; i++) {
        g_assert_cmphex(cfg_readb(qts, PF_RID, CAP + i), ==, expect[i]);
    }
    for (int i = 0; i < SIOV_CAP_SIZEOF; i += 4) {
        cfg_writel(qts, PF_RID, CAP + i, 0xffffffff);
        cfg_writel(qts, PF_RID, CAP + i, 0);
    }
    for (int i = 0; i < SIOV_CAP_SIZEOF; i++) {
        g_assert_cmphex(cfg_readb(qts, PF_RID, CAP + i), ==, expect[i]);
    }
    qtest_quit(qts);
}

static void test_ident(void)
{
    QTestState *qts = machine_new("total-sdis=5,allowlist=on,x-forge=on");

    g_assert_cmphex(ctrl_readl(qts, SIOV_MAGIC), ==, SIOV_MAGIC_VALUE);
    g_assert_cmphex(ctrl_readl(qts, SIOV_VERSION), ==, SIOV_VERSION_VALUE);
    g_assert_cmphex(ctrl_readl(qts, SIOV_FEATURES), ==, 0x7f);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_TOTAL), ==, 5);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_VECTORS), ==, 4);
    g_assert_cmphex(ctrl_readl(qts, SIOV_PF_RID), ==, PF_RID);
    g_assert_cmphex(ctrl_readl(qts, SIOV_PAGE_SIZE), ==, SIOV_PAGE_BYTES);
    g_assert_cmphex(ctrl_readl(qts, SIOV_BLOCK_SIZE), ==, SIOV_BLOCK_BYTES);
    for (uint32_t n = 0; n < 5; n++) {
        g_assert_cmphex(qtest_readl(qts, sdi_page(n) + SIOV_PG_ID), ==,
                        SIOV_PG_ID_VALUE);
        g_assert_cmpuint(qtest_readl(qts, sdi_page(n) + SIOV_PG_INDEX), ==, n);
    }
    /* 8 pages, 5 SDIs */
    g_assert_cmphex(qtest_readl(qts, sdi_page(5) + SIOV_PG_ID), ==, 0);
    g_assert_cmphex(blk_readl(qts, 7, SIOV_BLK_RID), ==, 0);
    g_assert_cmphex(qtest_readl(qts, pf_page + SIOV_PG_INDEX), ==,
                    SIOV_PG_INDEX_PF);
    qtest_quit(qts);
}

static void test_narrow(void)
{
    QTestState *qts = machine_new("total-sdis=1");
    uint64_t id = sdi_page(0) + SIOV_PG_ID;
    uint64_t dst = pf_page + SIOV_PG_DST_LO;

    g_assert_cmphex(qtest_readb(qts, id), ==, SIOV_PG_ID_VALUE & 0xff);
    g_assert_cmphex(qtest_readb(qts, id + 3), ==, SIOV_PG_ID_VALUE >> 24);
    g_assert_cmphex(qtest_readw(qts, id + 2), ==, SIOV_PG_ID_VALUE >> 16);

    qtest_writeq(qts, dst, 0x1122334455667788);
    qtest_writeb(qts, dst + 1, 0xff);
    qtest_writew(qts, dst + 4, 0xffff);
    g_assert_cmphex(qtest_readq(qts, dst), ==, 0x1122334455667788);
    g_assert_cmphex(qtest_readb(qts, dst + 1), ==, 0x77);
    g_assert_cmphex(qtest_readw(qts, dst + 6), ==, 0x1122);
    qtest_quit(qts);
}

static void test_cap_cut(void)
{
    QTestState *qts = machine_new("x-cap-offset=0xff8");

    g_assert_cmphex(find_siov(qts), ==, 0xff8);
    /* Status is not there, so nothing may be written past the end */
    sdi_enable(qts, 0);
    qtest_quit(qts);

    qts = machine_new("x-cap-offset=0xffc");
    g_assert_cmphex(find_siov(qts), ==, 0xffc);
    sdi_enable(qts, 0);
    qtest_quit(qts);

    qts = machine_new("x-cap-size=8,siov-caps=0x1234");
    g_assert_cmphex(cfg_readl(qts, PF_RID, CAP + 4), ==, 0x1234);
    g_assert_cmphex(cfg_readl(qts, PF_RID, CAP + 8), ==, 0);
    sdi_enable(qts, 0);
    g_assert_cmphex(cfg_readl(qts, PF_RID, CAP + 8), ==, 0);
    qtest_quit(qts);
}

static void test_cap_lies(void)
{
    QTestState *qts = machine_new("x-cap-version=7,x-cap-next=0x200,"
                                  "x-cap-second=on,total-sdis=4");

    g_assert_cmphex(cfg_readl(qts, PF_RID, CAP), ==, 0x20070038);
    g_assert_cmphex(cfg_readl(qts, PF_RID, CAP + 0x40) & 0xffff, ==,
                    SIOV_CAP_ID);
    g_assert_cmpuint(cfg_readw(qts, PF_RID, CAP + 0x48), ==, 5);
    qtest_quit(qts);

    qts = machine_new("x-cap-second=on");
    g_assert_cmphex(find_ext_cap(qts, PF_RID, SIOV_CAP_ID, CAP), ==, CAP);
    g_assert_cmphex(PCI_EXT_CAP_NEXT(cfg_readl(qts, PF_RID, CAP)), ==,
                    CAP + 0x40);
    qtest_quit(qts);

    qts = machine_new("x-cap-raw=3800fe1fdeadbeefffff00a5");
    g_assert_cmphex(cfg_readl(qts, PF_RID, CAP), ==, 0x1ffe0038);
    g_assert_cmphex(cfg_readl(qts, PF_RID, CAP + 4), ==, 0xefbeadde);
    g_assert_cmphex(cfg_readl(qts, PF_RID, CAP + 8), ==, 0xa500ffff);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_TOTAL), ==, 64);
    qtest_quit(qts);

    qts = machine_new("x-config=0x34:fc/0xfc:03800000");
    g_assert_cmphex(cfg_readl(qts, PF_RID, 0x34) & 0xff, ==, 0xfc);
    g_assert_cmphex(cfg_readl(qts, PF_RID, 0xfc), ==, 0x8003);
    qtest_quit(qts);
}

static void test_no_sdis(void)
{
    QTestState *qts = machine_new("total-sdis=0");

    g_assert_cmpuint(cfg_readw(qts, PF_RID, CAP + SIOV_CAP_TOTAL_SDIS), ==, 0);
    blk_writel(qts, 0, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE);
    start(qts, sdi_page(0), SIOV_PG_CMD_OP_FILL);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_NUM_ENABLED), ==, 0);
    qtest_quit(qts);

    qts = machine_new("siov=off");
    g_assert_cmphex(find_siov(qts), ==, 0);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_TOTAL), ==, 0);
    g_assert_cmphex(cfg_readl(qts, PF_RID, PCI_BASE_ADDRESS_2), ==, 0);
    g_assert_cmpuint(fill(qts, pf_page, RAM_DST, 4, 1), ==, SIOV_RESULT_OK);
    qtest_quit(qts);
}

static void test_sriov(void)
{
    QTestState *qts = machine_new("sriov-vfs=4,sriov-offset=0x10");
    uint32_t cap = find_ext_cap(qts, PF_RID, PCI_EXT_CAP_ID_SRIOV, 0x100);

    g_assert_cmphex(cap, !=, 0);
    g_assert_cmphex(cfg_readb(qts, PF_RID, cap + PCI_SRIOV_FUNC_LINK), ==, 0);
    g_assert_cmphex(find_siov(qts), ==, CAP);
    g_assert_cmpuint(cfg_readw(qts, PF_RID, cap + PCI_SRIOV_TOTAL_VF), ==, 4);
    g_assert_cmphex(cfg_readw(qts, PF_RID, cap + PCI_SRIOV_VF_DID), ==, 0x5108);
    cfg_writew(qts, PF_RID, cap + PCI_SRIOV_NUM_VF, 3);
    cfg_writew(qts, PF_RID, cap + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE);
    g_assert_cmphex(cfg_readl(qts, PF_RID + 0x12, PCI_EXP_DEVCAP), !=,
                    0xffffffff);
    g_assert_cmphex(cfg_readl(qts, PF_RID + 0x13, 0x34), ==, 0xffffffff);
    sdi_enable(qts, 0);
    flr(qts);
    g_assert_cmpuint(cfg_readw(qts, PF_RID, cap + PCI_SRIOV_CTRL), ==, 0);
    qtest_quit(qts);
}

static void test_siblings(void)
{
    QTestState *qts = qtest_init(MACHINE PORT
        "-device siov-testdev,bus=rp0,addr=0.0,multifunction=on "
        "-device siov-testdev,bus=rp0,addr=0.3,siov=off,sriov-vfs=2");

    enable_ecam(qts);
    setup_port(qts);
    g_assert_cmphex(find_siov(qts), ==, CAP);
    /* The list of functions that software follows with ARI */
    g_assert_cmphex(cfg_readw(qts, PF_RID, 0x150 + PCI_ARI_CAP), ==, 0x0300);
    g_assert_cmphex(cfg_readw(qts, PF_RID + 3, 0x150 + PCI_ARI_CAP), ==, 0);
    g_assert_cmphex(cfg_readb(qts, PF_RID + 3, 0x160 + PCI_SRIOV_FUNC_LINK), ==,
                    3);
    g_assert_cmphex(find_ext_cap(qts, PF_RID + 3, SIOV_CAP_ID, 0x100), ==, 0);
    qtest_quit(qts);
}

static void test_regions(void)
{
    QTestState *qts = machine_new("regions=2,total-sdis=16");
    const uint64_t bell = BAR_BLOCKS + 0x1000 + 7 * SIOV_PAGE_BYTES;

    g_assert_cmpuint(ctrl_readl(qts, SIOV_REGIONS), ==, 2);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_DOORBELLS), ==, 1);
    g_assert_cmphex(qtest_readl(qts, bell + SIOV_DB_ID), ==, SIOV_DB_ID_VALUE);
    g_assert_cmpuint(qtest_readl(qts, bell + SIOV_DB_INDEX), ==, 7);

    qtest_writel(qts, bell + SIOV_DB_RING, SIOV_PG_CMD_OP_FILL);
    g_assert_cmpuint(counter(qts, SIOV_CNT_DOORBELL), ==, 0);
    sdi_enable(qts, 7);
    qtest_writel(qts, RAM_DST, 0);
    prepare_fill(qts, sdi_page(7), RAM_DST, 4, 0xbe11);
    qtest_writel(qts, bell + SIOV_DB_RING, SIOV_PG_CMD_OP_FILL);
    g_assert_cmpuint(finish(qts, sdi_page(7)), ==, SIOV_RESULT_OK);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0xbe11);
    g_assert_cmpuint(qtest_readl(qts, bell + SIOV_DB_COUNT), ==, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_DOORBELL), ==, 1);
    g_assert_cmpuint(qtest_readl(qts, bell - SIOV_PAGE_BYTES + SIOV_DB_COUNT),
                     ==, 0);
    blk_writel(qts, 7, SIOV_BLK_CTRL,
               SIOV_BLK_CTRL_ENABLE | SIOV_BLK_CTRL_RESET);
    g_assert_cmpuint(qtest_readl(qts, bell + SIOV_DB_COUNT), ==, 0);
    qtest_quit(qts);

    qts = machine_new("");
    g_assert_cmpuint(ctrl_readl(qts, SIOV_REGIONS), ==, 1);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_DOORBELLS), ==, 0);
    qtest_quit(qts);
}

static void test_page_size(void)
{
    QTestState *qts = machine_new("page-size=64K,regions=2,total-sdis=4");
    const uint64_t page = BAR_PAGES + 3 * 0x10000;
    const uint64_t bell = BAR_BLOCKS + 0x10000 + 3 * 0x10000;

    g_assert_cmphex(ctrl_readl(qts, SIOV_PAGE_SIZE), ==, 0x10000);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_DOORBELLS), ==, 1);
    g_assert_cmpuint(qtest_readl(qts, page + SIOV_PG_INDEX), ==, 3);
    g_assert_cmpuint(qtest_readl(qts, bell + SIOV_DB_INDEX), ==, 3);
    g_assert_cmphex(qtest_readl(qts, page + 0x1000 + SIOV_PG_ID), ==, 0);
    sdi_enable(qts, 3);
    g_assert_cmpuint(fill(qts, page, RAM_DST, 4, 3), ==, SIOV_RESULT_OK);
    qtest_quit(qts);
}

static void test_vectors(void)
{
    QTestState *qts = machine_new("vectors=1,x-vectors-step=32,total-sdis=16");
    uint32_t cmd = SIOV_PG_CMD_OP_MSI | 32 << SIOV_PG_CMD_VECTOR_SHIFT;
    uint64_t block = BAR_BLOCKS + 9 * 0x1000;
    const uint64_t msg = block + SIOV_BLK_MSG(32);

    g_assert_cmpuint(ctrl_readl(qts, SIOV_VECTORS), ==, 1);
    /* 1 + 7 * 32 messages of 16 bytes */
    g_assert_cmphex(ctrl_readl(qts, SIOV_BLOCK_SIZE), ==, 0x1000);
    g_assert_cmpuint(qtest_readl(qts, block + SIOV_BLK_VECTORS), ==, 33);
    g_assert_cmpuint(qtest_readl(qts, block - 0x1000 + SIOV_BLK_VECTORS), ==,
                     1);
    qtest_writel(qts, block + SIOV_BLK_CTRL,
                 SIOV_BLK_CTRL_ENABLE | SIOV_BLK_CTRL_MASTER);
    g_assert_cmphex(qtest_readl(qts, msg + SIOV_MSG_CTRL), ==,
                    SIOV_MSG_CTRL_MASK);
    qtest_writel(qts, RAM_DST, 0);
    qtest_writel(qts, msg + SIOV_MSG_ADDR_LO, RAM_DST);
    qtest_writel(qts, msg + SIOV_MSG_DATA, 0x4142);
    qtest_writel(qts, msg + SIOV_MSG_CTRL, 0);
    g_assert_cmpuint(run(qts, sdi_page(9), cmd), ==, SIOV_RESULT_OK);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x4142);

    /* No message 33 */
    cmd = SIOV_PG_CMD_OP_MSI | 33 << SIOV_PG_CMD_VECTOR_SHIFT;
    g_assert_cmpuint(run(qts, sdi_page(9), cmd), ==, SIOV_RESULT_BAD_CMD);
    qtest_writel(qts, msg + 0x10 + SIOV_MSG_DATA, 1);
    g_assert_cmphex(qtest_readl(qts, msg + 0x10 + SIOV_MSG_DATA), ==, 0);
    qtest_quit(qts);

    qts = machine_new("vectors=0");
    g_assert_cmphex(ctrl_readl(qts, SIOV_BLOCK_SIZE), ==, SIOV_BLOCK_BYTES);
    sdi_enable(qts, 0);
    g_assert_cmphex(blk_readl(qts, 0, SIOV_BLK_MSG(0) + SIOV_MSG_CTRL), ==, 0);
    g_assert_cmpuint(run(qts, sdi_page(0), SIOV_PG_CMD_OP_MSI), ==,
                     SIOV_RESULT_BAD_CMD);
    qtest_quit(qts);
}

static void test_acs(void)
{
    const uint16_t redirect = PCI_ACS_RR | PCI_ACS_CR;
    QTestState *qts = machine_new("acs=on");
    uint32_t cap = find_ext_cap(qts, PF_RID, PCI_EXT_CAP_ID_ACS, 0x100);

    g_assert_cmphex(cap, !=, 0);
    g_assert_cmphex(find_siov(qts), ==, CAP);
    g_assert_cmphex(cfg_readw(qts, PF_RID, cap + PCI_ACS_CAP), ==, redirect);
    cfg_writew(qts, PF_RID, cap + PCI_ACS_CTRL, 0xffff);
    g_assert_cmphex(cfg_readw(qts, PF_RID, cap + PCI_ACS_CTRL), ==, redirect);
    qtest_quit(qts);

    qts = machine_new("acs=stuck");
    g_assert_cmphex(cfg_readw(qts, PF_RID, cap + PCI_ACS_CAP), ==, redirect);
    cfg_writew(qts, PF_RID, cap + PCI_ACS_CTRL, 0xffff);
    g_assert_cmphex(cfg_readw(qts, PF_RID, cap + PCI_ACS_CTRL), ==, 0);
    qtest_quit(qts);

    qts = machine_new("");
    g_assert_cmphex(find_ext_cap(qts, PF_RID, PCI_EXT_CAP_ID_ACS, 0x100), ==,
                    0);
    qtest_quit(qts);
}

/* Properties that cannot be */
static void test_bad_properties(void)
{
    static const char *const bad[] = {
        "rid-mode=odd", "acs=maybe", "page-size=8192", "vectors=257",
        "regions=0", "regions=3", "x-cap-offset=0x1a0", "x-msi-rid=0x10000",
        "x-cap-raw=123", "x-cap-next=0x1000",
    };

    QTestState *qts = qtest_init(MACHINE PORT);
    g_autofree char *good = qtest_hmp(qts, "device_add siov-testdev,bus=rp0,"
                                      "id=pf,acs=on,rid-mode=strided");

    g_assert_cmpstr(good, ==, "");
    qtest_quit(qts);
    for (int i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *reply = NULL;

        qts = qtest_init(MACHINE PORT);
        reply = qtest_hmp(qts, "device_add siov-testdev,bus=rp0,%s", bad[i]);
        g_assert_nonnull(strstr(reply, "Error"));
        qtest_quit(qts);
    }
}

static void test_rcie(void)
{
    QTestState *qts = qtest_init(MACHINE "-device siov-testdev,addr=5.0,"
                                 "sdi-offset=0x100,sdi-stride=1");
    const uint16_t pf = PCI_DEVFN(5, 0);

    enable_ecam(qts);
    setup_function(qts, pf);
    g_assert_cmphex(cfg_readw(qts, pf, EXP + PCI_EXP_FLAGS) & 0xf0,
                    ==, PCI_EXP_TYPE_RC_END << 4);
    g_assert_cmphex(find_ext_cap(qts, pf, SIOV_CAP_ID, 0x100), ==, CAP);
    g_assert_cmphex(sdi_rid(qts, 3), ==, SIOV_BLK_RID_VALID | 0x12b);
    sdi_enable(qts, 3);
    g_assert_cmpuint(fill(qts, sdi_page(3), RAM_DST, 4, 1), ==,
                     SIOV_RESULT_OK);
    qtest_quit(qts);
}

void siov_add_function_tests(void)
{
    qtest_add_func("/siov/cap/bytes", test_cap);
    qtest_add_func("/siov/ident", test_ident);
    qtest_add_func("/siov/narrow", test_narrow);
    qtest_add_func("/siov/cap/cut", test_cap_cut);
    qtest_add_func("/siov/cap/lies", test_cap_lies);
    qtest_add_func("/siov/no-sdis", test_no_sdis);
    qtest_add_func("/siov/sriov", test_sriov);
    qtest_add_func("/siov/siblings", test_siblings);
    qtest_add_func("/siov/layout/regions", test_regions);
    qtest_add_func("/siov/layout/page-size", test_page_size);
    qtest_add_func("/siov/layout/vectors", test_vectors);
    qtest_add_func("/siov/acs", test_acs);
    qtest_add_func("/siov/bad-properties", test_bad_properties);
    qtest_add_func("/siov/rcie", test_rcie);
}
