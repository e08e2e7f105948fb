/*
 * QTest testcase for siov-testdev: the personality that firmware manages
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "siov-test.h"

#define MSG_ADDR        RAM_DST
#define MSG_DATA        0x77
#define EVENT_ADDR      (RAM_SRC + 0x40)
#define EVENT_DATA      0xe7

static const uint64_t clock_page = BAR_CTRL + SIOV_CLOCK;

static uint64_t doorbell(QTestState *qts, uint32_t n)
{
    return BAR_BLOCKS + (uint64_t)(ctrl_readl(qts, SIOV_DOORBELLS) + n) *
           SIOV_PAGE_BYTES;
}

static void enable(QTestState *qts, uint32_t pos, uint32_t n, uint32_t type,
                   uint32_t vectors, uint32_t error)
{
    queue_put(qts, pos, SIOV_CMD_OP_ENABLE | type << SIOV_CMD_TYPE_SHIFT, n, 0);
    qtest_writel(qts, ring_entry(pos) + SIOV_CMD_ARG0, vectors);
    queue_ring(qts, pos);
    assert_answer(qts, pos, error);
}

static void store(QTestState *qts, uint32_t pos, uint32_t n, uint32_t vector,
                  bool masked, uint32_t error)
{
    uint32_t op = SIOV_CMD_OP_STORE | vector << SIOV_CMD_VECTOR_SHIFT |
                  (masked ? SIOV_CMD_MASKED : 0);

    queue_put(qts, pos, op, n, MSG_DATA);
    qtest_writel(qts, ring_entry(pos) + SIOV_CMD_ARG0, MSG_ADDR);
    qtest_writel(qts, ring_entry(pos) + SIOV_CMD_ARG1, 0);
    queue_ring(qts, pos);
    assert_answer(qts, pos, error);
}

static uint32_t raise_message(QTestState *qts, uint32_t n, uint32_t vector)
{
    qtest_writel(qts, MSG_ADDR, 0);
    run(qts, sdi_page(n), SIOV_PG_CMD_OP_MSI |
        vector << SIOV_PG_CMD_VECTOR_SHIFT);
    return qtest_readl(qts, MSG_ADDR);
}

static void set_master(QTestState *qts, uint32_t n)
{
    blk_writel(qts, n, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE |
               SIOV_BLK_CTRL_MASTER);
    g_assert_cmpuint(blk_error(qts, n), ==, SIOV_ERR_NONE);
}

static void test_types(void)
{
    QTestState *qts = machine_new("managed=on");
    uint32_t pos = 0;

    g_assert_cmphex(cfg_readw(qts, PF_RID, PCI_DEVICE_ID), ==,
                    SIOV_TESTDEV_MANAGED_DEVICE_ID);
    g_assert_true(ctrl_readl(qts, SIOV_FEATURES) & SIOV_FEAT_MANAGED);
    g_assert_true(ctrl_readl(qts, SIOV_FEATURES) & SIOV_FEAT_QUEUE);
    queue_on(qts);

    enable(qts, pos++, 0, SIOV_TYPE_PLAIN, 3, SIOV_ERR_BAD_COMMAND);
    enable(qts, pos++, 0, SIOV_TYPE_BELL, 5, SIOV_ERR_BAD_COMMAND);
    enable(qts, pos++, 0, SIOV_TYPE_BELL + 1, 1, SIOV_ERR_BAD_COMMAND);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_NUM_ENABLED), ==, 0);
    enable(qts, pos++, 0, SIOV_TYPE_PLAIN, 2, SIOV_ERR_NONE);
    enable(qts, pos++, 1, SIOV_TYPE_BELL, 4, SIOV_ERR_NONE);
    enable(qts, pos++, 1, SIOV_TYPE_PLAIN, 1, SIOV_ERR_ENABLED);

    /* Only one of them has a doorbell */
    g_assert_cmphex(qtest_readl(qts, doorbell(qts, 0) + SIOV_DB_ID), ==, 0);
    g_assert_cmphex(qtest_readl(qts, doorbell(qts, 1) + SIOV_DB_ID), ==,
                    SIOV_DB_ID_VALUE);
    qtest_writel(qts, doorbell(qts, 0) + SIOV_DB_RING, 0);
    g_assert_cmpuint(counter(qts, SIOV_CNT_DOORBELL), ==, 0);
    qtest_writel(qts, doorbell(qts, 1) + SIOV_DB_RING, 0);
    g_assert_cmpuint(counter(qts, SIOV_CNT_DOORBELL), ==, 1);
    qtest_quit(qts);
}

static void test_messages(void)
{
    QTestState *qts = machine_new("managed=on");
    uint32_t pos = 0;

    queue_on(qts);
    store(qts, pos++, 2, 0, false, SIOV_ERR_BAD_COMMAND);
    enable(qts, pos++, 2, SIOV_TYPE_BELL, 3, SIOV_ERR_NONE);
    set_master(qts, 2);

    /* By a command and by nothing else */
    set_message(qts, 2, 2, MSG_ADDR, MSG_DATA, false);
    g_assert_cmphex(raise_message(qts, 2, 2), ==, 0);
    store(qts, pos++, 2, 3, false, SIOV_ERR_BAD_COMMAND);
    store(qts, pos++, 2, 2, true, SIOV_ERR_NONE);
    g_assert_cmphex(raise_message(qts, 2, 2), ==, 0);

    /* What was held back is sent when the mask goes */
    store(qts, pos++, 2, 2, false, SIOV_ERR_NONE);
    g_assert_cmphex(qtest_readl(qts, MSG_ADDR), ==, MSG_DATA);
    g_assert_cmphex(raise_message(qts, 2, 2), ==, MSG_DATA);
    g_assert_cmpuint(counter(qts, SIOV_CNT_STORE), ==, 2);

    queue_run(qts, pos++, SIOV_CMD_OP_RESET, 2, 0, SIOV_ERR_NONE);
    set_master(qts, 2);
    g_assert_cmphex(raise_message(qts, 2, 2), ==, 0);
    qtest_quit(qts);

    /* Another device knows no such command */
    qts = machine_new("command-queue=on");
    queue_on(qts);
    queue_run(qts, 0, SIOV_CMD_OP_ENABLE, 2, 0, SIOV_ERR_NONE);
    store(qts, 1, 2, 0, false, SIOV_ERR_BAD_COMMAND);
    qtest_quit(qts);
}

static void set_event_vector(QTestState *qts)
{
    const uint64_t entry = BAR_CTRL + SIOV_PF_MSIX_TABLE +
                           SIOV_EVENT_VECTOR * 16;

    qtest_writel(qts, entry, EVENT_ADDR);
    qtest_writel(qts, entry + 4, 0);
    qtest_writel(qts, entry + 8, EVENT_DATA);
    qtest_writel(qts, entry + 12, 0);
    qtest_writel(qts, EVENT_ADDR, 0);
}

static void test_restart(void)
{
    QTestState *qts = machine_new("managed=on,x-firmware-ms=20");
    uint32_t pos = 0;

    g_assert_cmphex(ctrl_readl(qts, SIOV_FIRMWARE), ==, SIOV_FIRMWARE_UP);
    queue_on(qts);
    set_event_vector(qts);
    enable(qts, pos++, 7, SIOV_TYPE_BELL, 4, SIOV_ERR_NONE);

    ctrl_writel(qts, SIOV_FIRMWARE, SIOV_FIRMWARE_RESTART);
    g_assert_cmphex(qtest_readl(qts, EVENT_ADDR), ==, EVENT_DATA);
    g_assert_cmphex(ctrl_readl(qts, SIOV_FIRMWARE), ==, 0);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_NUM_ENABLED), ==, 0);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_QUEUE_SIZE), ==, 0);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RESTART), ==, 1);

    /* Once more does not make it longer, and nobody may be too early */
    qtest_writel(qts, EVENT_ADDR, 0);
    qtest_clock_step(qts, 15 * MS);
    ctrl_writel(qts, SIOV_FIRMWARE, SIOV_FIRMWARE_RESTART);
    queue_on(qts);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_QUEUE_SIZE), ==, 0);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TOO_EARLY), ==, 1);
    g_assert_cmphex(qtest_readl(qts, EVENT_ADDR), ==, 0);

    qtest_clock_step(qts, 6 * MS);
    g_assert_cmphex(qtest_readl(qts, EVENT_ADDR), ==, EVENT_DATA);
    g_assert_cmphex(ctrl_readl(qts, SIOV_FIRMWARE), ==, SIOV_FIRMWARE_UP);
    queue_on(qts);
    enable(qts, 0, 7, SIOV_TYPE_BELL, 4, SIOV_ERR_NONE);
    g_assert_cmpuint(counter(qts, SIOV_CNT_RESTART), ==, 1);

    /* A reset of the function ends it */
    ctrl_writel(qts, SIOV_FIRMWARE, SIOV_FIRMWARE_RESTART);
    flr(qts);
    g_assert_cmphex(ctrl_readl(qts, SIOV_FIRMWARE), ==, SIOV_FIRMWARE_UP);
    qtest_quit(qts);
}

static void test_clock(void)
{
    QTestState *qts = machine_new("managed=on");
    uint32_t before;

    g_assert_cmphex(qtest_readl(qts, clock_page + SIOV_CLOCK_ID), ==,
                    SIOV_CLOCK_ID_VALUE);
    before = qtest_readl(qts, clock_page + SIOV_CLOCK_LO);
    qtest_clock_step(qts, MS);
    g_assert_cmpuint(qtest_readl(qts, clock_page + SIOV_CLOCK_LO), >=,
                     before + MS);
    qtest_writel(qts, clock_page + SIOV_CLOCK_ID, 0);
    g_assert_cmphex(qtest_readl(qts, clock_page + SIOV_CLOCK_ID), ==,
                    SIOV_CLOCK_ID_VALUE);
    g_assert_cmpuint(counter(qts, SIOV_CNT_CLOCK_WRITE), ==, 1);
    qtest_quit(qts);

    qts = machine_new("command-queue=on");
    g_assert_cmphex(qtest_readl(qts, clock_page + SIOV_CLOCK_ID), ==, 0);
    qtest_quit(qts);
}

/* An SDI asks for translations unless it was enabled with the order not to */
static void test_translation(void)
{
    QTestState *qts = machine_new("managed=on,ats=on");
    uint32_t ats = find_ext_cap(qts, PF_RID, PCI_EXT_CAP_ID_ATS, 0x100);
    uint32_t pos = 0;

    g_assert_cmphex(ats, !=, 0);
    g_assert_true(ctrl_readl(qts, SIOV_FEATURES) & SIOV_FEAT_ATS);
    queue_on(qts);
    enable(qts, pos++, 1, SIOV_TYPE_BELL, 4, SIOV_ERR_NONE);
    queue_run(qts, pos++, SIOV_CMD_OP_ENABLE | SIOV_CMD_NO_ATS, 2, 0,
              SIOV_ERR_NONE);
    set_master(qts, 1);
    set_master(qts, 2);

    fill(qts, sdi_page(1), RAM_DST, 4, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TRANSLATION), ==, 0);
    cfg_writew(qts, PF_RID, ats + PCI_ATS_CTRL, PCI_ATS_CTRL_ENABLE);
    fill(qts, sdi_page(2), RAM_DST, 4, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TRANSLATION), ==, 0);
    fill(qts, sdi_page(1), RAM_DST, 4, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_TRANSLATION), ==, 1);
    qtest_quit(qts);
}

void siov_add_managed_tests(void)
{
    qtest_add_func("/siov/managed/types", test_types);
    qtest_add_func("/siov/managed/messages", test_messages);
    qtest_add_func("/siov/managed/restart", test_restart);
    qtest_add_func("/siov/managed/clock", test_clock);
    qtest_add_func("/siov/managed/translation", test_translation);
}
