/*
 * QTest testcase for siov-testdev: what software must not do
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "siov-test.h"

/* No bridge forwards what it might not send itself */
static void test_bridges(void)
{
    QTestState *qts = machine_new("");
    uint64_t page = sdi_page(0);

    sdi_enable(qts, 0);
    qtest_writel(qts, RAM_DST, 0);
    set_message(qts, 0, 0, RAM_DST, 0x4041, false);
    cfg_writew(qts, DEVFN_PORT, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmphex(fill(qts, page, RAM_DST, 4, 1), ==,
                    dropped(SIOV_DROP_BRIDGE));
    g_assert_cmphex(run(qts, page, SIOV_PG_CMD_OP_MSI), ==,
                    dropped(SIOV_DROP_BRIDGE));
    g_assert_cmphex(fill(qts, pf_page, RAM_DST, 4, 1), ==,
                    dropped(SIOV_DROP_BRIDGE));
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0);
    g_assert_cmpuint(counter(qts, SIOV_CNT_DROP(SIOV_DROP_BRIDGE)), ==, 3);
    g_assert_cmphex(ctrl_readl(qts, SIOV_LAST_DROP), ==, SIOV_DROP_BRIDGE);
    g_assert_cmpuint(blk_readl(qts, 0, SIOV_BLK_DROP_COUNT), ==, 2);

    setup_port(qts);
    g_assert_cmphex(fill(qts, page, RAM_DST, 4, 1), ==, SIOV_RESULT_OK);
    qtest_quit(qts);

    /* Two of them on the way up: the far one counts as well */
    qts = qtest_init(MACHINE PORT
        "-device x3130-upstream,id=up,bus=rp0 "
        "-device xio3130-downstream,id=down,bus=up,chassis=2,slot=2 "
        "-device siov-testdev,bus=down");
    enable_ecam(qts);
    setup_port(qts);
    setup_bridge(qts, 0x100, 1, 2, LAST_BUS);
    setup_bridge(qts, 0x200, 2, 3, LAST_BUS);
    setup_function(qts, 0x300);
    sdi_enable(qts, 0);
    g_assert_cmphex(fill(qts, page, RAM_DST, 4, 2), ==, SIOV_RESULT_OK);
    cfg_writew(qts, 0x100, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmphex(fill(qts, page, RAM_DST, 4, 2), ==,
                    dropped(SIOV_DROP_BRIDGE));
    qtest_quit(qts);
}

static void test_rid_dup_sdis(void)
{
    QTestState *qts = machine_new("x-rid-dup=5");

    g_assert_cmphex(sdi_rid(qts, 5), ==, SIOV_BLK_RID_VALID | (PF_RID + 12));
    sdi_enable(qts, 4);
    sdi_enable(qts, 6);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 0);
    sdi_enable(qts, 5);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 1);

    /* Once for each that is found to have it */
    g_assert_cmpuint(fill(qts, sdi_page(5), RAM_DST, 4, 1), ==, SIOV_RESULT_OK);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 1);
    g_assert_cmpuint(fill(qts, sdi_page(4), RAM_DST, 4, 1), ==, SIOV_RESULT_OK);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 2);
    g_assert_cmpuint(fill(qts, sdi_page(6), RAM_DST, 4, 1), ==, SIOV_RESULT_OK);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 2);

    /* Alone again */
    blk_writel(qts, 4, SIOV_BLK_CTRL, 0);
    blk_writel(qts, 5, SIOV_BLK_CTRL, 0);
    sdi_enable(qts, 5);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 2);
    flr(qts);
    sdi_enable(qts, 4);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 2);
    qtest_writel(qts, BAR_CTRL + SIOV_CTRL, SIOV_CTRL_CLEAR);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 0);
    qtest_quit(qts);

    /* Given by software, and strided */
    qts = machine_new("");
    sdi_set_rid(qts, 1, PF_RID + 8 + 7);
    sdi_enable(qts, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 0);
    sdi_enable(qts, 7);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 1);
    qtest_quit(qts);

    qts = machine_new("sdi-stride=0");
    sdi_enable(qts, 0);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 0);
    sdi_enable(qts, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 1);
    qtest_quit(qts);
}

static void test_rid_dup_functions(void)
{
    QTestState *qts = machine_new("sriov-vfs=4,sriov-offset=0x10");
    uint32_t cap = find_ext_cap(qts, PF_RID, PCI_EXT_CAP_ID_SRIOV, 0x100);

    /* Its own PF, which may send or not */
    sdi_set_rid(qts, 0, PF_RID);
    cfg_writew(qts, PF_RID, PCI_COMMAND, PCI_COMMAND_MEMORY);
    sdi_enable(qts, 0);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 0);
    cfg_writew(qts, PF_RID, PCI_COMMAND,
               PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    g_assert_cmpuint(fill(qts, sdi_page(0), RAM_DST, 4, 1), ==, SIOV_RESULT_OK);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 1);
    blk_writel(qts, 0, SIOV_BLK_CTRL, 0);

    /* Another function of the segment */
    sdi_set_rid(qts, 0, DEVFN_PORT);
    sdi_enable(qts, 0);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 2);
    blk_writel(qts, 0, SIOV_BLK_CTRL, 0);

    /* VFs that come when the SDI is there: SDI 9 is at 0x11, as is VF 1 */
    sdi_enable(qts, 9);
    cfg_writew(qts, PF_RID, cap + PCI_SRIOV_NUM_VF, 1);
    cfg_writew(qts, PF_RID, cap + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 2);
    cfg_writew(qts, PF_RID, cap + PCI_SRIOV_CTRL, 0);
    cfg_writew(qts, PF_RID, cap + PCI_SRIOV_NUM_VF, 2);
    cfg_writew(qts, PF_RID, cap + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 3);
    cfg_writew(qts, PF_RID, cap + PCI_SRIOV_CTRL, 0);
    blk_writel(qts, 9, SIOV_BLK_CTRL, 0);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 3);

    /* And SDIs that come when the VF is there */
    cfg_writew(qts, PF_RID, cap + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE);
    sdi_enable(qts, 10);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 3);
    sdi_enable(qts, 9);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 4);
    qtest_quit(qts);
}

/* Two PFs, whose SDIs reach into each other's range */
static void test_rid_dup_pfs(void)
{
    QTestState *qts = qtest_init(MACHINE PORT
        "-device siov-testdev,bus=rp0,addr=0.0,multifunction=on "
        "-device siov-testdev,bus=rp0,addr=0.1");
    const uint64_t ctrl = BAR_CTRL + 0x10000;
    const uint64_t blocks = BAR_BLOCKS + 0x100000;

    enable_ecam(qts);
    setup_port(qts);
    setup_function(qts, PF_RID);
    cfg_writel(qts, PF_RID + 1, PCI_BASE_ADDRESS_0, ctrl);
    cfg_writel(qts, PF_RID + 1, PCI_BASE_ADDRESS_2, BAR_PAGES + 0x100000);
    cfg_writel(qts, PF_RID + 1, PCI_BASE_ADDRESS_4, blocks);
    cfg_writew(qts, PF_RID + 1, PCI_COMMAND,
               PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    sdi_enable(qts, 5);
    qtest_writel(qts, blocks + SIOV_BLOCK(5) + SIOV_BLK_CTRL,
                 SIOV_BLK_CTRL_ENABLE);
    g_assert_cmpuint(qtest_readq(qts, ctrl + SIOV_COUNTER(SIOV_CNT_RID_DUP)),
                     ==, 0);
    qtest_writel(qts, blocks + SIOV_BLOCK(4) + SIOV_BLK_CTRL,
                 SIOV_BLK_CTRL_ENABLE);
    g_assert_cmpuint(qtest_readq(qts, ctrl + SIOV_COUNTER(SIOV_CNT_RID_DUP)),
                     ==, 1);
    qtest_quit(qts);
}

static void test_time_enable(void)
{
    QTestState *qts = machine_new("x-enable-us=3000,x-disable-us=2000,"
                                  "x-enable-fail-at=9,x-enable-hang-at=10");
    uint64_t page = sdi_page(0);

    blk_writel(qts, 0, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE);
    g_assert_cmphex(blk_status(qts, 0), ==, SIOV_BLK_STATUS_CHANGING);
    g_assert_cmphex(qtest_readl(qts, page + SIOV_PG_STATUS), ==,
                    SIOV_BLK_STATUS_CHANGING);
    g_assert_cmphex(blk_readl(qts, 0, SIOV_BLK_CTRL), ==, SIOV_BLK_CTRL_ENABLE);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_NUM_ENABLED), ==, 0);
    qtest_clock_step(qts, 2 * MS);
    g_assert_cmphex(blk_status(qts, 0), ==, SIOV_BLK_STATUS_CHANGING);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, 0);
    qtest_clock_step(qts, 1 * MS);
    g_assert_cmphex(blk_status(qts, 0), ==, SIOV_BLK_STATUS_ENABLED);
    g_assert_cmphex(cap_status(qts), ==, SIOV_CAP_STATUS_ENABLED);
    /* MASTER takes no time */
    blk_writel(qts, 0, SIOV_BLK_CTRL,
               SIOV_BLK_CTRL_ENABLE | SIOV_BLK_CTRL_MASTER);
    g_assert_cmpuint(fill(qts, page, RAM_DST, 4, 1), ==, SIOV_RESULT_OK);

    /* It goes on until it is disabled */
    blk_writel(qts, 0, SIOV_BLK_CTRL, 0);
    g_assert_cmphex(blk_status(qts, 0), ==,
                    SIOV_BLK_STATUS_ENABLED | SIOV_BLK_STATUS_CHANGING);
    g_assert_cmphex(blk_readl(qts, 0, SIOV_BLK_CTRL), ==, SIOV_BLK_CTRL_MASTER);
    qtest_clock_step(qts, 2 * MS);
    g_assert_cmphex(blk_status(qts, 0), ==, 0);
    g_assert_cmphex(cap_status(qts), ==, 0);
    g_assert_cmpuint(counter(qts, SIOV_CNT_REFUSED), ==, 0);

    /* The error comes at the end */
    blk_writel(qts, 9, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE);
    g_assert_cmphex(blk_status(qts, 9), ==, SIOV_BLK_STATUS_CHANGING);
    qtest_clock_step(qts, 3 * MS);
    g_assert_cmphex(blk_status(qts, 9), ==, SIOV_ERR_FAILED << 8);
    g_assert_cmpuint(counter(qts, SIOV_CNT_REFUSED), ==, 1);

    /* And this one never, unless it is taken back */
    blk_writel(qts, 10, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE);
    qtest_clock_step(qts, 10000ll * MS);
    g_assert_cmphex(blk_status(qts, 10), ==, SIOV_BLK_STATUS_CHANGING);
    blk_writel(qts, 10, SIOV_BLK_CTRL, 0);
    qtest_clock_step(qts, 2 * MS);
    g_assert_cmphex(blk_status(qts, 10), ==, 0);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, 0);

    /* A reset of the function does not wait */
    blk_writel(qts, 1, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE);
    flr(qts);
    g_assert_cmphex(blk_status(qts, 1), ==, 0);
    qtest_clock_step(qts, 10 * MS);
    g_assert_cmphex(blk_status(qts, 1), ==, 0);
    qtest_quit(qts);
}

static void test_time_reset(void)
{
    QTestState *qts = machine_new("x-reset-us=5000");
    uint32_t ctrl = SIOV_BLK_CTRL_ENABLE | SIOV_BLK_CTRL_MASTER |
                    SIOV_BLK_CTRL_RESET;

    dirty(qts, 2);      /* writes in a millisecond */
    blk_writel(qts, 2, SIOV_BLK_CTRL, ctrl);
    g_assert_cmphex(blk_readl(qts, 2, SIOV_BLK_CTRL), ==, ctrl);
    g_assert_cmphex(blk_status(qts, 2), ==, SIOV_BLK_STATUS_ENABLED |
                    SIOV_BLK_STATUS_BUSY | SIOV_BLK_STATUS_CHANGING);
    qtest_clock_step(qts, 2 * MS);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x600d);
    g_assert_cmpuint(qtest_readl(qts, sdi_page(2) + SIOV_PG_SCRATCH(3)), ==,
                     77);
    qtest_clock_step(qts, 3 * MS);
    g_assert_cmphex(blk_readl(qts, 2, SIOV_BLK_CTRL), ==, SIOV_BLK_CTRL_ENABLE);
    assert_clean(qts, 2);
    g_assert_cmpuint(counter(qts, SIOV_CNT_SDI_RESET), ==, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, 0);
    qtest_quit(qts);
}

/* Who does not wait is caught, and gets nothing */
static void test_time_too_early(void)
{
    QTestState *qts = machine_new("x-enable-us=1000,x-disable-us=1000,"
                                  "x-reset-us=1000,regions=2");
    const uint32_t on = SIOV_BLK_CTRL_ENABLE | SIOV_BLK_CTRL_MASTER;
    uint32_t expect = 0;

    blk_writel(qts, 0, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE);
    blk_writel(qts, 0, SIOV_BLK_CTRL, on);
    g_assert_cmpuint(blk_error(qts, 0), ==, SIOV_ERR_BUSY);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, ++expect);
    sdi_set_rid(qts, 0, 0x2a5);
    g_assert_cmpuint(blk_error(qts, 0), ==, SIOV_ERR_BUSY);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, ++expect);
    qtest_writel(qts, sdi_page(0) + SIOV_PG_LEN, 4);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, ++expect);
    qtest_clock_step(qts, 1 * MS);
    g_assert_cmphex(sdi_rid(qts, 0), ==, SIOV_BLK_RID_VALID | (PF_RID + 8));

    blk_writel(qts, 0, SIOV_BLK_CTRL, on | SIOV_BLK_CTRL_RESET);
    qtest_writel(qts, sdi_page(0) + SIOV_PG_LEN, 4);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, ++expect);
    qtest_writel(qts, BAR_BLOCKS + 0x2000 + SIOV_DB_RING, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, ++expect);
    set_message(qts, 0, 0, RAM_DST, 1, false);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, expect);
    g_assert_cmphex(blk_readl(qts, 0, SIOV_BLK_MSG(0)), ==, 0);
    qtest_clock_step(qts, 1 * MS);
    g_assert_cmphex(qtest_readl(qts, sdi_page(0) + SIOV_PG_LEN), ==, 0);

    blk_writel(qts, 0, SIOV_BLK_CTRL, 0);
    blk_writel(qts, 0, SIOV_BLK_CTRL, on);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, ++expect);
    qtest_clock_step(qts, 1 * MS);
    g_assert_cmphex(blk_status(qts, 0) & SIOV_BLK_STATUS_ENABLED, ==, 0);
    qtest_quit(qts);
}

static void start_flr(QTestState *qts)
{
    cfg_writew(qts, PF_RID, EXP + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
}

static void test_time_flr(void)
{
    QTestState *qts = machine_new("x-flr-ms=150,x-flr-quiet-ms=100");

    sdi_enable(qts, 0);
    start_flr(qts);
    qtest_clock_step(qts, 100 * MS);
    g_assert_cmphex(cfg_readl(qts, PF_RID, 0), ==, 0xffffffff);
    g_assert_cmphex(cfg_readw(qts, PF_RID, PCI_COMMAND), ==, 0xffff);
    setup_function(qts, PF_RID);
    qtest_clock_step(qts, 50 * MS);
    g_assert_cmphex(cfg_readl(qts, PF_RID, 0), ==, 0x51071234);
    g_assert_cmphex(cfg_readw(qts, PF_RID, PCI_COMMAND), ==, 0);
    setup_function(qts, PF_RID);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, 0);
    sdi_enable(qts, 0);

    start_flr(qts);
    qtest_clock_step(qts, 50 * MS);
    g_assert_cmphex(cfg_readl(qts, PF_RID, 0), ==, 0xffffffff);
    cfg_writew(qts, PF_RID, PCI_COMMAND, PCI_COMMAND_MEMORY);
    qtest_clock_step(qts, 100 * MS);
    setup_function(qts, PF_RID);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, 2);
    qtest_quit(qts);

    /* Fast, and all the same nobody may know */
    qts = machine_new("x-flr-ms=1,x-flr-quiet-ms=100");
    start_flr(qts);
    qtest_clock_step(qts, 2 * MS);
    setup_function(qts, PF_RID);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), >=, 4);
    qtest_quit(qts);
}

void siov_add_rules_tests(void)
{
    qtest_add_func("/siov/bridges", test_bridges);
    qtest_add_func("/siov/rid/dup/sdis", test_rid_dup_sdis);
    qtest_add_func("/siov/rid/dup/functions", test_rid_dup_functions);
    qtest_add_func("/siov/rid/dup/pfs", test_rid_dup_pfs);
    qtest_add_func("/siov/time/enable", test_time_enable);
    qtest_add_func("/siov/time/reset", test_time_reset);
    qtest_add_func("/siov/time/too-early", test_time_too_early);
    qtest_add_func("/siov/time/flr", test_time_flr);
}
