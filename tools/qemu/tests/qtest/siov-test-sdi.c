/*
 * QTest testcase for siov-testdev: the life of an SDI
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "siov-test.h"

static void test_enable(void)
{
    QTestState *qts = machine_new("x-enable-fail-at=9");

    g_assert_cmphex(cap_status(qts), ==, 0);
    sdi_enable(qts, 3);
    sdi_enable(qts, 4);
    g_assert_cmphex(cap_status(qts), ==, SIOV_CAP_STATUS_ENABLED);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_NUM_ENABLED), ==, 2);
    g_assert_cmphex(qtest_readl(qts, sdi_page(3) + SIOV_PG_STATUS), ==,
                    SIOV_BLK_STATUS_ENABLED);

    blk_writel(qts, 3, SIOV_BLK_CTRL, 0);
    g_assert_cmphex(cap_status(qts), ==, SIOV_CAP_STATUS_ENABLED);
    blk_writel(qts, 4, SIOV_BLK_CTRL, 0);
    g_assert_cmphex(cap_status(qts), ==, 0);

    sdi_enable(qts, 3);
    g_assert_cmpuint(blk_readl(qts, 3, SIOV_BLK_GENERATION), ==, 2);

    blk_writel(qts, 9, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE);
    g_assert_cmpuint(blk_error(qts, 9), ==, SIOV_ERR_FAILED);
    g_assert_cmpuint(counter(qts, SIOV_CNT_REFUSED), ==, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_ENABLE), ==, 3);
    g_assert_cmpuint(counter(qts, SIOV_CNT_DISABLE), ==, 2);
    qtest_quit(qts);
}

static void test_status_stuck(void)
{
    QTestState *qts = machine_new("x-status-stuck=on");

    sdi_enable(qts, 0);
    flr(qts);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_NUM_ENABLED), ==, 0);
    g_assert_cmphex(cap_status(qts), ==, SIOV_CAP_STATUS_ENABLED);
    qtest_quit(qts);
}

static void test_status_at_boot(void)
{
    QTestState *qts = machine_new("x-status-at-boot=2,x-boot-dma=0x300000");

    g_assert_cmphex(cap_status(qts), ==, SIOV_CAP_STATUS_ENABLED);
    qtest_memset(qts, RAM_DST, 0xff, 4);
    qtest_clock_step(qts, 20 * 1000 * 1000);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), <, 2);
    flr(qts);
    g_assert_cmphex(cap_status(qts), ==, 0);
    qtest_memset(qts, RAM_DST, 0xff, 4);
    qtest_clock_step(qts, 20 * 1000 * 1000);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0xffffffff);
    qtest_quit(qts);
}

static void test_rid_strided(void)
{
    QTestState *qts = machine_new("total-sdis=600,sdi-offset=0xfe,"
                                  "sdi-stride=1");

    g_assert_cmphex(sdi_rid(qts, 0), ==, SIOV_BLK_RID_VALID | 0x1fe);
    g_assert_cmphex(sdi_rid(qts, 2), ==, SIOV_BLK_RID_VALID | 0x200);
    g_assert_cmphex(sdi_rid(qts, 599), ==, SIOV_BLK_RID_VALID | 0x455);
    /* They follow the numbers of the buses */
    set_buses(qts, 7, 10);
    g_assert_cmphex(cfg_readw(qts, 0x700, PCI_DEVICE_ID), ==, 0x5107);
    g_assert_cmphex(sdi_rid(qts, 2), ==, SIOV_BLK_RID_VALID | 0x800);
    g_assert_cmphex(ctrl_readl(qts, SIOV_PF_RID), ==, 0x700);
    qtest_quit(qts);
}

static void test_rid_past_end(void)
{
    QTestState *qts = machine_new("total-sdis=65535,sdi-stride=1");
    uint32_t last = 0xffff - PF_RID - 8;

    g_assert_cmphex(sdi_rid(qts, last), ==, SIOV_BLK_RID_VALID | 0xffff);
    g_assert_cmphex(sdi_rid(qts, last + 1), ==, 0);
    blk_writel(qts, last + 1, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE);
    g_assert_cmpuint(blk_error(qts, last + 1), ==, SIOV_ERR_NO_RID);
    g_assert_cmphex(cap_status(qts), ==, 0);
    qtest_quit(qts);

    qts = machine_new("total-sdis=65535,sdi-offset=0xffff,sdi-stride=0xffff");
    g_assert_cmphex(sdi_rid(qts, 65534), ==, 0);
    qtest_quit(qts);

    /* All of them collide, with each other and with the PF */
    qts = machine_new("sdi-offset=0,sdi-stride=0");
    g_assert_cmphex(sdi_rid(qts, 63), ==, SIOV_BLK_RID_VALID | PF_RID);
    sdi_enable(qts, 0);
    sdi_enable(qts, 63);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RID_DUP), ==, 2);
    qtest_quit(qts);
}

static void test_rid_software(void)
{
    QTestState *qts = machine_new("rid-mode=software");

    g_assert_cmphex(sdi_rid(qts, 1), ==, 0);
    blk_writel(qts, 1, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE);
    g_assert_cmpuint(blk_error(qts, 1), ==, SIOV_ERR_NO_RID);
    sdi_set_rid(qts, 1, 0x2a5);
    g_assert_cmphex(sdi_rid(qts, 1), ==,
                    SIOV_BLK_RID_SOFTWARE | SIOV_BLK_RID_VALID | 0x2a5);
    sdi_enable(qts, 1);
    sdi_set_rid(qts, 1, 0x2a6);
    g_assert_cmpuint(blk_error(qts, 1), ==, SIOV_ERR_ENABLED);
    blk_writel(qts, 1, SIOV_BLK_CTRL, 0);
    g_assert_cmphex(sdi_rid(qts, 1), ==, 0);
    qtest_quit(qts);

    qts = machine_new("rid-mode=strided");
    sdi_set_rid(qts, 1, 0x2a5);
    g_assert_cmpuint(blk_error(qts, 1), ==, SIOV_ERR_UNSUPPORTED);
    g_assert_cmphex(sdi_rid(qts, 1), ==, SIOV_BLK_RID_VALID | (PF_RID + 9));
    qtest_quit(qts);
}

static void test_rid_allowlist(void)
{
    QTestState *qts = machine_new("allowlist=on");
    uint64_t word = BAR_CTRL + SIOV_ALLOWLIST + 0x2a0 / 8;

    sdi_set_rid(qts, 1, 0x2a5);
    g_assert_cmpuint(blk_error(qts, 1), ==, SIOV_ERR_NOT_ALLOWED);
    qtest_writel(qts, word, 1 << 5);
    g_assert_cmphex(qtest_readl(qts, word), ==, 1 << 5);
    sdi_set_rid(qts, 1, 0x2a5);
    sdi_enable(qts, 1);
    g_assert_cmpuint(fill(qts, sdi_page(1), RAM_DST, 4, 1), ==,
                     SIOV_RESULT_OK);
    qtest_writel(qts, word, 0);
    g_assert_cmpuint(fill(qts, sdi_page(1), RAM_DST, 4, 1), ==,
                     dropped(SIOV_DROP_ALLOWLIST));
    g_assert_cmpuint(counter(qts, SIOV_CNT_DROP(SIOV_DROP_ALLOWLIST)), ==, 1);
    qtest_writel(qts, word, 1 << 5);
    flr(qts);
    g_assert_cmphex(qtest_readl(qts, word), ==, 0);
    qtest_quit(qts);
}

static void test_config_miss(void)
{
    QTestState *qts = machine_new("sdi-offset=0x100");

    g_assert_cmphex(cfg_readl(qts, 0x205, 0), ==, 0xffffffff);
    g_assert_cmpuint(counter(qts, SIOV_CNT_CFG_READ_SDI), ==, 0);
    sdi_enable(qts, 5);
    g_assert_cmphex(cfg_readl(qts, 0x205, 0), ==, 0xffffffff);
    cfg_writel(qts, 0x205, 4, 7);
    g_assert_cmphex(cfg_readl(qts, 0x206, 0), ==, 0xffffffff);
    g_assert_cmpuint(counter(qts, SIOV_CNT_CFG_READ_SDI), ==, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_CFG_WRITE_SDI), ==, 1);
    qtest_quit(qts);
}

static void test_engine(void)
{
    QTestState *qts = machine_new("");
    uint64_t page = sdi_page(7);
    uint8_t buf[0x2345];
    uint64_t sum = 0;

    sdi_enable(qts, 7);
    for (int i = 0; i < sizeof(buf); i++) {
        buf[i] = i * 7 + i / 256;
        sum += buf[i];
    }
    qtest_memwrite(qts, RAM_SRC + 0x801, buf, sizeof(buf));
    qtest_writeq(qts, page + SIOV_PG_SRC_LO, RAM_SRC + 0x801);
    qtest_writeq(qts, page + SIOV_PG_DST_LO, RAM_DST + 0x333);
    qtest_writel(qts, page + SIOV_PG_LEN, sizeof(buf));
    g_assert_cmpuint(run(qts, page, SIOV_PG_CMD_OP_COPY), ==, SIOV_RESULT_OK);
    g_assert_cmpuint(qtest_readl(qts, page + SIOV_PG_BYTES), ==, sizeof(buf));
    g_assert_cmpuint(qtest_readq(qts, page + SIOV_PG_SUM_LO), ==, sum);
    g_assert_cmpuint(run(qts, page, SIOV_PG_CMD_OP_SUM), ==, SIOV_RESULT_OK);
    g_assert_cmpuint(qtest_readq(qts, page + SIOV_PG_SUM_LO), ==, sum);
    for (int i = 0; i < sizeof(buf); i += 97) {
        g_assert_cmphex(qtest_readb(qts, RAM_DST + 0x333 + i), ==, buf[i]);
    }

    g_assert_cmpuint(fill(qts, page, RAM_DST, 6, 0x11223344), ==,
                     SIOV_RESULT_OK);
    g_assert_cmphex(qtest_readq(qts, RAM_DST) & 0xffffffffffff, ==,
                    0x334411223344);
    g_assert_cmpuint(qtest_readl(qts, page + SIOV_PG_COUNT), ==, 3);

    qtest_writel(qts, page + SIOV_PG_LEN, SIOV_PG_LEN_MAX + 1);
    g_assert_cmpuint(run(qts, page, SIOV_PG_CMD_OP_FILL), ==,
                     SIOV_RESULT_BAD_CMD);
    g_assert_cmpuint(run(qts, page, 0xf), ==, SIOV_RESULT_BAD_CMD);
    g_assert_cmpuint(run(qts, page, SIOV_PG_CMD_OP_MSI | 4 << 8), ==,
                     SIOV_RESULT_BAD_CMD);

    /* Its own BARs: no request that ends in the device that sent it */
    g_assert_cmpuint(fill(qts, page, BAR_PAGES, 4, 0), ==, SIOV_RESULT_FAULT);
    g_assert_cmpuint(fill(qts, page, 0xfffffffffffffffc, 8, 0), ==,
                     SIOV_RESULT_FAULT);
    qtest_quit(qts);
}

static void test_engine_rounds(void)
{
    QTestState *qts = machine_new("");
    uint64_t page = sdi_page(0);

    sdi_enable(qts, 0);
    prepare_fill(qts, page, RAM_DST, 4, 1);
    qtest_writel(qts, page + SIOV_PG_DELAY, 1000);
    qtest_writel(qts, page + SIOV_PG_REPEAT, SIOV_PG_REPEAT_FOREVER);
    start(qts, page, SIOV_PG_CMD_OP_FILL);
    g_assert_cmpuint(qtest_readl(qts, page + SIOV_PG_RESULT), ==,
                     SIOV_RESULT_BUSY);
    g_assert_cmphex(qtest_readl(qts, page + SIOV_PG_STATUS), ==,
                    SIOV_BLK_STATUS_ENABLED | SIOV_BLK_STATUS_BUSY);
    g_assert_cmphex(ctrl_readl(qts, SIOV_STATUS), ==,
                    SIOV_STATUS_ENABLED | SIOV_STATUS_BUSY);
    for (int i = 1; i <= 3; i++) {
        qtest_clock_step(qts, 1000 * 1000);
        g_assert_cmpuint(qtest_readl(qts, page + SIOV_PG_COUNT), ==, i);
    }
    qtest_writel(qts, page + SIOV_PG_PATTERN, 2);       /* ignored */
    start(qts, page, SIOV_PG_CMD_OP_STOP);
    g_assert_cmpuint(finish(qts, page), ==, SIOV_RESULT_ABORTED);
    g_assert_cmpuint(qtest_readl(qts, page + SIOV_PG_PATTERN), ==, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_ABORTED), ==, 1);
    g_assert_cmphex(ctrl_readl(qts, SIOV_STATUS), ==, SIOV_STATUS_ENABLED);

    /* Drain lets the round end and no other begin */
    start(qts, page, SIOV_PG_CMD_OP_FILL);
    blk_writel(qts, 0, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE |
               SIOV_BLK_CTRL_MASTER | SIOV_BLK_CTRL_DRAIN);
    g_assert_true(blk_readl(qts, 0, SIOV_BLK_CTRL) & SIOV_BLK_CTRL_DRAIN);
    qtest_clock_step(qts, 1000 * 1000);
    g_assert_false(blk_readl(qts, 0, SIOV_BLK_CTRL) & SIOV_BLK_CTRL_DRAIN);
    g_assert_cmpuint(finish(qts, page), ==, SIOV_RESULT_OK);
    g_assert_cmpuint(qtest_readl(qts, page + SIOV_PG_COUNT), ==, 4);
    qtest_quit(qts);
}

static void test_drops(void)
{
    QTestState *qts = machine_new("total-sdis=1024");
    uint64_t page = sdi_page(0);

    sdi_enable(qts, 0);
    qtest_writel(qts, RAM_DST, 0);

    cfg_writew(qts, PF_RID, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmphex(fill(qts, page, RAM_DST, 4, 1), ==, dropped(SIOV_DROP_BME));
    g_assert_cmphex(fill(qts, pf_page, RAM_DST, 4, 1), ==,
                    dropped(SIOV_DROP_BME));
    cfg_writew(qts, PF_RID, PCI_COMMAND,
               PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);

    blk_writel(qts, 0, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE);
    g_assert_cmphex(fill(qts, page, RAM_DST, 4, 1), ==,
                    dropped(SIOV_DROP_MASTER));

    /* RIDs 108..507: the last ones are past the port's subordinate bus */
    sdi_enable(qts, 1023);
    g_assert_cmphex(fill(qts, sdi_page(1023), RAM_DST, 4, 1), ==,
                    dropped(SIOV_DROP_WINDOW));
    g_assert_cmphex(ctrl_readl(qts, SIOV_LAST_DROP), ==, SIOV_DROP_WINDOW);
    g_assert_cmphex(ctrl_readl(qts, SIOV_LAST_DROP_RID), ==,
                    SIOV_BLK_RID_VALID | 0x507);
    g_assert_cmpuint(blk_readl(qts, 1023, SIOV_BLK_DROP_COUNT), ==, 1);
    set_buses(qts, BUS, LAST_BUS + 1);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0);
    g_assert_cmphex(fill(qts, sdi_page(1023), RAM_DST, 4, 1), ==,
                    SIOV_RESULT_OK);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 1);

    g_assert_cmpuint(counter(qts, SIOV_CNT_DROP(SIOV_DROP_BME)), ==, 2);
    g_assert_cmpuint(counter(qts, SIOV_CNT_DROP(SIOV_DROP_MASTER)), ==, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_DROP(SIOV_DROP_WINDOW)), ==, 1);
    qtest_writel(qts, BAR_CTRL + SIOV_CTRL, SIOV_CTRL_CLEAR);
    g_assert_cmpuint(counter(qts, SIOV_CNT_DROP(SIOV_DROP_WINDOW)), ==, 0);
    qtest_quit(qts);
}

static void test_power(void)
{
    QTestState *qts = machine_new("");

    sdi_enable(qts, 0);
    prepare_fill(qts, sdi_page(0), RAM_DST, 4, 1);
    qtest_writel(qts, sdi_page(0) + SIOV_PG_DELAY, 1000);
    start(qts, sdi_page(0), SIOV_PG_CMD_OP_FILL);
    cfg_writew(qts, PF_RID, 0x40 + PCI_PM_CTRL, 3);
    qtest_clock_step(qts, 1000 * 1000);
    cfg_writew(qts, PF_RID, 0x40 + PCI_PM_CTRL, 0);
    g_assert_cmphex(finish(qts, sdi_page(0)), ==, dropped(SIOV_DROP_POWER));
    qtest_quit(qts);
}

/* Returns who has reported an error, to the port above */
static uint16_t error_source(QTestState *qts, uint32_t shift)
{
    return cfg_readl(qts, DEVFN_PORT, PORT_AER + PCI_ERR_ROOT_ERR_SRC) >> shift;
}

static void test_errors(void)
{
    const uint16_t report = PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE |
                            PCI_EXP_DEVCTL_FERE;
    QTestState *qts = machine_new("sdi-offset=0x100,x-forge=on");
    uint64_t page = sdi_page(5);

    sdi_enable(qts, 5);
    qtest_writel(qts, page + SIOV_PG_PATTERN, SIOV_PG_ERROR_CORRECTABLE);
    g_assert_cmpuint(run(qts, page, SIOV_PG_CMD_OP_ERROR), ==, SIOV_RESULT_OK);
    /* Recorded, and not reported before software wants it */
    g_assert_cmphex(cfg_readl(qts, PF_RID, AER + PCI_ERR_COR_STATUS), ==,
                    PCI_ERR_COR_RCVR);
    g_assert_cmphex(cfg_readl(qts, DEVFN_PORT, PORT_AER + PCI_ERR_ROOT_STATUS),
                    ==, 0);

    cfg_writew(qts, PF_RID, EXP + PCI_EXP_DEVCTL, report);
    cfg_writew(qts, DEVFN_PORT, find_cap(qts, DEVFN_PORT, PCI_CAP_ID_EXP) +
               PCI_EXP_DEVCTL, report);
    cfg_writew(qts, DEVFN_PORT, PCI_BRIDGE_CONTROL, PCI_BRIDGE_CTL_SERR);
    g_assert_cmpuint(run(qts, page, SIOV_PG_CMD_OP_ERROR), ==, SIOV_RESULT_OK);
    g_assert_cmphex(error_source(qts, 0), ==, 0x205);

    qtest_writel(qts, page + SIOV_PG_PATTERN, SIOV_PG_ERROR_NONFATAL);
    qtest_writel(qts, page + SIOV_PG_AS_RID, SIOV_PG_AS_RID_ON | 0x333);
    g_assert_cmpuint(run(qts, page, SIOV_PG_CMD_OP_ERROR), ==, SIOV_RESULT_OK);
    g_assert_cmphex(error_source(qts, 16), ==, 0x333);
    g_assert_cmphex(cfg_readl(qts, PF_RID, AER + PCI_ERR_UNCOR_STATUS), ==,
                    PCI_ERR_UNC_COMP_ABORT);

    /* The first is kept until software has seen it */
    qtest_writel(qts, page + SIOV_PG_AS_RID, 0);
    qtest_writel(qts, page + SIOV_PG_PATTERN, SIOV_PG_ERROR_FATAL);
    g_assert_cmpuint(run(qts, page, SIOV_PG_CMD_OP_ERROR), ==, SIOV_RESULT_OK);
    g_assert_cmphex(error_source(qts, 16), ==, 0x333);
    g_assert_cmphex(cfg_readl(qts, DEVFN_PORT, PORT_AER + PCI_ERR_ROOT_STATUS) &
                    (PCI_ERR_ROOT_NONFATAL_RCV | PCI_ERR_ROOT_FATAL_RCV), ==,
                    PCI_ERR_ROOT_NONFATAL_RCV | PCI_ERR_ROOT_FATAL_RCV);

    qtest_writel(qts, page + SIOV_PG_PATTERN, SIOV_PG_ERROR_FATAL + 1);
    g_assert_cmpuint(run(qts, page, SIOV_PG_CMD_OP_ERROR), ==,
                     SIOV_RESULT_BAD_CMD);
    qtest_writel(qts, pf_page + SIOV_PG_PATTERN, SIOV_PG_ERROR_FATAL);
    cfg_writew(qts, PF_RID, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmphex(run(qts, pf_page, SIOV_PG_CMD_OP_ERROR), ==,
                    dropped(SIOV_DROP_BME));
    qtest_quit(qts);
}

static void test_messages(void)
{
    QTestState *qts = machine_new("");
    uint32_t ctrl = SIOV_BLK_MSG(2) + SIOV_MSG_CTRL;
    uint32_t cmd = SIOV_PG_CMD_OP_MSI | 2 << SIOV_PG_CMD_VECTOR_SHIFT;

    g_assert_cmphex(blk_readl(qts, 1, ctrl), ==, SIOV_MSG_CTRL_MASK);
    set_message(qts, 1, 2, RAM_DST, 0x4041, false);     /* not enabled yet */
    g_assert_cmphex(blk_readl(qts, 1, ctrl), ==, SIOV_MSG_CTRL_MASK);

    sdi_enable(qts, 1);
    qtest_writel(qts, RAM_DST, 0);
    set_message(qts, 1, 2, RAM_DST, 0x4041, true);
    g_assert_cmpuint(run(qts, sdi_page(1), cmd), ==, SIOV_RESULT_OK);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0);
    g_assert_cmphex(blk_readl(qts, 1, ctrl), ==,
                    SIOV_MSG_CTRL_MASK | SIOV_MSG_CTRL_PENDING);
    blk_writel(qts, 1, ctrl, 0);
    g_assert_cmphex(blk_readl(qts, 1, ctrl), ==, 0);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x4041);

    /* At the end of a command */
    qtest_writel(qts, RAM_DST, 0);
    prepare_fill(qts, sdi_page(1), RAM_DST + 8, 4, 1);
    cmd = SIOV_PG_CMD_OP_FILL | SIOV_PG_CMD_INTR |
          2 << SIOV_PG_CMD_VECTOR_SHIFT;
    g_assert_cmpuint(run(qts, sdi_page(1), cmd), ==, SIOV_RESULT_OK);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x4041);
    g_assert_cmpuint(counter(qts, SIOV_CNT_SDI_MSI), ==, 2);
    g_assert_cmpuint(counter(qts, SIOV_CNT_MSI_HELD), ==, 1);
    g_assert_cmpuint(blk_readl(qts, 1, SIOV_BLK_MSI_COUNT), ==, 2);

    blk_writel(qts, 1, SIOV_BLK_CTRL, 0);
    sdi_enable(qts, 1);
    g_assert_cmphex(blk_readl(qts, 1, ctrl), ==, SIOV_MSG_CTRL_MASK);
    g_assert_cmphex(blk_readl(qts, 1, SIOV_BLK_MSG(2)), ==, 0);
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = machine_new("");

    dirty(qts, 2);
    blk_writel(qts, 2, SIOV_BLK_CTRL,
               SIOV_BLK_CTRL_ENABLE | SIOV_BLK_CTRL_RESET);
    g_assert_cmphex(blk_readl(qts, 2, SIOV_BLK_CTRL), ==, SIOV_BLK_CTRL_ENABLE);
    assert_clean(qts, 2);
    qtest_clock_step(qts, 10 * 1000 * 1000);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0);

    dirty(qts, 2);
    blk_writel(qts, 2, SIOV_BLK_CTRL, 0);
    sdi_enable(qts, 2);
    assert_clean(qts, 2);

    dirty(qts, 2);
    dirty(qts, 3);
    qtest_writel(qts, BAR_CTRL + SIOV_CTRL, SIOV_CTRL_RESET);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_NUM_ENABLED), ==, 0);
    g_assert_cmphex(cap_status(qts), ==, 0);

    dirty(qts, 2);
    flr(qts);
    g_assert_cmpuint(counter(qts, SIOV_CNT_FLR), ==, 1);
    g_assert_cmphex(cap_status(qts), ==, 0);
    sdi_enable(qts, 2);
    assert_clean(qts, 2);
    qtest_clock_step(qts, 10 * 1000 * 1000);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0);

    /* Secondary bus reset */
    dirty(qts, 2);
    cfg_writew(qts, DEVFN_PORT, PCI_BRIDGE_CONTROL, PCI_BRIDGE_CTL_BUS_RESET);
    cfg_writew(qts, DEVFN_PORT, PCI_BRIDGE_CONTROL, 0);
    setup_function(qts, PF_RID);
    g_assert_cmphex(cap_status(qts), ==, 0);
    g_assert_cmpuint(counter(qts, SIOV_CNT_FLR), ==, 1);
    qtest_quit(qts);
}

static void test_hang(void)
{
    QTestState *qts = machine_new("x-dma-hang=on");
    uint32_t val = SIOV_BLK_CTRL_ENABLE | SIOV_BLK_CTRL_RESET;

    dirty(qts, 0);
    qtest_clock_step(qts, 2 * 1000 * 1000);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x600d);
    blk_writel(qts, 0, SIOV_BLK_CTRL, val);
    qtest_clock_step(qts, 100 * 1000 * 1000);
    g_assert_cmphex(blk_readl(qts, 0, SIOV_BLK_CTRL), ==, val);
    blk_writel(qts, 0, SIOV_BLK_CTRL, val);
    g_assert_cmpuint(blk_error(qts, 0), ==, SIOV_ERR_BUSY);
    blk_writel(qts, 0, SIOV_BLK_CTRL, 0);
    g_assert_cmphex(blk_readl(qts, 0, SIOV_BLK_STATUS), ==,
                    SIOV_BLK_STATUS_BUSY);
    blk_writel(qts, 0, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE);
    g_assert_cmpuint(blk_error(qts, 0), ==, SIOV_ERR_BUSY);
    flr(qts);
    g_assert_cmphex(blk_readl(qts, 0, SIOV_BLK_STATUS), ==, 0);
    sdi_enable(qts, 0);
    assert_clean(qts, 0);
    qtest_quit(qts);
}

static void test_bad_reset(void)
{
    QTestState *qts = machine_new("x-dma-after-reset=on");

    dirty(qts, 0);
    blk_writel(qts, 0, SIOV_BLK_CTRL, 0);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0);
    qtest_clock_step(qts, 1000 * 1000);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x600d);
    g_assert_cmpuint(counter(qts, SIOV_CNT_FORGED), ==, 1);
    qtest_quit(qts);

    qts = machine_new("x-reset-keeps-state=on");
    dirty(qts, 0);
    blk_writel(qts, 0, SIOV_BLK_CTRL,
               SIOV_BLK_CTRL_ENABLE | SIOV_BLK_CTRL_RESET);
    g_assert_cmpuint(qtest_readl(qts, sdi_page(0) + SIOV_PG_SCRATCH(3)), ==,
                     77);
    qtest_quit(qts);

    qts = machine_new("x-flr-keeps-sdis=on");
    dirty(qts, 0);
    flr(qts);
    g_assert_cmphex(cap_status(qts), ==, SIOV_CAP_STATUS_ENABLED);
    qtest_clock_step(qts, 1000 * 1000);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x600d);
    qtest_quit(qts);
}

void siov_add_sdi_tests(void)
{
    qtest_add_func("/siov/enable", test_enable);
    qtest_add_func("/siov/status/stuck", test_status_stuck);
    qtest_add_func("/siov/status/boot", test_status_at_boot);
    qtest_add_func("/siov/rid/strided", test_rid_strided);
    qtest_add_func("/siov/rid/past-end", test_rid_past_end);
    qtest_add_func("/siov/rid/software", test_rid_software);
    qtest_add_func("/siov/rid/allowlist", test_rid_allowlist);
    qtest_add_func("/siov/config-miss", test_config_miss);
    qtest_add_func("/siov/engine/commands", test_engine);
    qtest_add_func("/siov/engine/rounds", test_engine_rounds);
    qtest_add_func("/siov/drops", test_drops);
    qtest_add_func("/siov/power", test_power);
    qtest_add_func("/siov/errors", test_errors);
    qtest_add_func("/siov/messages", test_messages);
    qtest_add_func("/siov/reset/good", test_reset);
    qtest_add_func("/siov/reset/hang", test_hang);
    qtest_add_func("/siov/reset/bad", test_bad_reset);
}
