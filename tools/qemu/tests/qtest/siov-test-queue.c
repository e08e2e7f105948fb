/*
 * QTest testcase for siov-testdev: commands in memory, and any nonsense
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "siov-test.h"

#define MSIX_DATA       0x4d

uint64_t ring_entry(uint32_t n)
{
    return RING + n % RING_SIZE * SIOV_CMD_BYTES;
}

/* Vector 2 of the PF writes MSIX_DATA to RAM_SRC */
void queue_on(QTestState *qts)
{
    const uint64_t entry = BAR_CTRL + SIOV_PF_MSIX_TABLE + 2 * 16;
    uint8_t msix = find_cap(qts, PF_RID, PCI_CAP_ID_MSIX);

    cfg_writew(qts, PF_RID, msix + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE);
    qtest_writel(qts, entry, RAM_SRC);
    qtest_writel(qts, entry + 4, 0);
    qtest_writel(qts, entry + 8, MSIX_DATA);
    qtest_writel(qts, entry + 12, 0);
    ctrl_writel(qts, SIOV_QUEUE_BASE_LO, RING);
    ctrl_writel(qts, SIOV_QUEUE_BASE_HI, 0);
    ctrl_writel(qts, SIOV_QUEUE_VECTOR, 2);
    ctrl_writel(qts, SIOV_QUEUE_SIZE, RING_SIZE);
    qtest_memset(qts, RING, 0, RING_SIZE * SIOV_CMD_BYTES);
    qtest_writel(qts, RAM_SRC, 0);
}

void queue_put(QTestState *qts, uint32_t pos, uint32_t op, uint32_t sdi,
               uint32_t rid)
{
    uint64_t entry = ring_entry(pos);

    qtest_memset(qts, entry, 0, SIOV_CMD_BYTES);
    qtest_writel(qts, entry + SIOV_CMD_OP, op);
    qtest_writel(qts, entry + SIOV_CMD_SDI, sdi);
    qtest_writel(qts, entry + SIOV_CMD_RID, rid);
    qtest_writel(qts, entry + SIOV_CMD_TAG, 0x1000 + pos);
}

void queue_ring(QTestState *qts, uint32_t pos)
{
    ctrl_writel(qts, SIOV_QUEUE_TAIL, (pos + 1) % RING_SIZE);
    qtest_clock_step(qts, 1);
}

void assert_answer(QTestState *qts, uint32_t pos, uint32_t error)
{
    uint64_t entry = ring_entry(pos);

    /* The device works on it between two of our requests, or later */
    for (int i = 0; i < 1000 && qtest_readl(qts, RAM_SRC) != MSIX_DATA; i++) {
        g_usleep(100);
    }
    g_assert_cmphex(qtest_readl(qts, entry + SIOV_CMD_ANSWER), ==,
                    SIOV_CMD_ANSWER_DONE |
                    error << SIOV_CMD_ANSWER_ERROR_SHIFT);
    g_assert_cmphex(qtest_readl(qts, entry + SIOV_CMD_ANSWER_TAG), ==,
                    0x1000 + pos);
    g_assert_cmphex(qtest_readl(qts, RAM_SRC), ==, MSIX_DATA);
    qtest_writel(qts, RAM_SRC, 0);
}

static void assert_no_answer(QTestState *qts, uint32_t pos)
{
    g_assert_cmphex(qtest_readl(qts, ring_entry(pos) + SIOV_CMD_ANSWER), ==, 0);
    g_assert_cmphex(qtest_readl(qts, RAM_SRC), ==, 0);
}

void queue_run(QTestState *qts, uint32_t pos, uint32_t op, uint32_t sdi,
               uint32_t rid, uint32_t error)
{
    queue_put(qts, pos, op, sdi, rid);
    queue_ring(qts, pos);
    assert_answer(qts, pos, error);
}

static void test_queue(void)
{
    QTestState *qts = machine_new("command-queue=on,x-enable-fail-at=9");
    const uint32_t on = SIOV_BLK_CTRL_ENABLE | SIOV_BLK_CTRL_MASTER;
    uint32_t pos = 0;

    g_assert_true(ctrl_readl(qts, SIOV_FEATURES) & SIOV_FEAT_QUEUE);
    g_assert_cmphex(ctrl_readl(qts, SIOV_QUEUE_STATUS), ==, 0);
    queue_on(qts);
    g_assert_cmphex(ctrl_readl(qts, SIOV_QUEUE_STATUS), ==,
                    SIOV_QUEUE_STATUS_ON);

    queue_run(qts, pos++, SIOV_CMD_OP_ENABLE, 3,
              SIOV_BLK_RID_SOFTWARE | 0x2a5, SIOV_ERR_NONE);
    g_assert_cmphex(sdi_rid(qts, 3), ==, SIOV_BLK_RID_SOFTWARE |
                    SIOV_BLK_RID_VALID | 0x2a5);
    queue_run(qts, pos++, SIOV_CMD_OP_ENABLE, 4, 0, SIOV_ERR_NONE);
    g_assert_cmphex(sdi_rid(qts, 4), ==, SIOV_BLK_RID_VALID | (PF_RID + 12));
    g_assert_cmpuint(ctrl_readl(qts, SIOV_NUM_ENABLED), ==, 2);

    /* Registers do the rest, and no more */
    blk_writel(qts, 3, SIOV_BLK_CTRL, on);
    g_assert_cmpuint(blk_error(qts, 3), ==, SIOV_ERR_NONE);
    g_assert_cmpuint(fill(qts, sdi_page(3), RAM_DST, 4, 1), ==, SIOV_RESULT_OK);
    blk_writel(qts, 3, SIOV_BLK_CTRL, 0);
    g_assert_cmpuint(blk_error(qts, 3), ==, SIOV_ERR_UNSUPPORTED);
    blk_writel(qts, 3, SIOV_BLK_CTRL, on | SIOV_BLK_CTRL_RESET);
    g_assert_cmpuint(blk_error(qts, 3), ==, SIOV_ERR_UNSUPPORTED);
    blk_writel(qts, 5, SIOV_BLK_CTRL, SIOV_BLK_CTRL_ENABLE);
    g_assert_cmpuint(blk_error(qts, 5), ==, SIOV_ERR_UNSUPPORTED);
    sdi_set_rid(qts, 5, 0x2a6);
    g_assert_cmpuint(blk_error(qts, 5), ==, SIOV_ERR_UNSUPPORTED);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_NUM_ENABLED), ==, 2);

    qtest_writel(qts, sdi_page(3) + SIOV_PG_SCRATCH(0), 5);
    queue_run(qts, pos++, SIOV_CMD_OP_RESET, 3, 0, SIOV_ERR_NONE);
    assert_clean(qts, 3);
    g_assert_cmphex(blk_readl(qts, 3, SIOV_BLK_CTRL), ==, SIOV_BLK_CTRL_ENABLE);
    queue_run(qts, pos++, SIOV_CMD_OP_DISABLE, 3, 0, SIOV_ERR_NONE);
    g_assert_cmphex(blk_readl(qts, 3, SIOV_BLK_STATUS), ==, 0);

    queue_run(qts, pos++, SIOV_CMD_OP_ENABLE, 9, 0, SIOV_ERR_FAILED);
    queue_run(qts, pos++, SIOV_CMD_OP_ENABLE, 4, SIOV_BLK_RID_SOFTWARE | 1,
              SIOV_ERR_ENABLED);
    queue_run(qts, pos++, SIOV_CMD_OP_RESET, 3, 0, SIOV_ERR_BAD_COMMAND);
    queue_run(qts, pos++, SIOV_CMD_OP_ENABLE, 64, 0, SIOV_ERR_BAD_COMMAND);
    queue_run(qts, pos++, 77, 3, 0, SIOV_ERR_BAD_COMMAND);

    /* Three at once */
    queue_put(qts, pos, SIOV_CMD_OP_ENABLE, 20, 0);
    queue_put(qts, pos + 1, SIOV_CMD_OP_ENABLE, 21, 0);
    queue_put(qts, pos + 2, SIOV_CMD_OP_DISABLE, 20, 0);
    queue_ring(qts, pos + 2);
    assert_answer(qts, pos + 2, SIOV_ERR_NONE);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_NUM_ENABLED), ==, 2);
    g_assert_cmpuint(counter(qts, SIOV_CNT_COMMAND), ==, pos + 3);
    g_assert_cmpuint(counter(qts, SIOV_CNT_PF_MSI), ==, pos + 3);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_QUEUE_HEAD), ==,
                     (pos + 3) % RING_SIZE);

    flr(qts);
    g_assert_cmphex(ctrl_readl(qts, SIOV_QUEUE_STATUS), ==, 0);
    qtest_quit(qts);

    qts = machine_new("");
    queue_on(qts);
    g_assert_cmphex(ctrl_readl(qts, SIOV_QUEUE_STATUS), ==, 0);
    qtest_quit(qts);
}

static void test_queue_time(void)
{
    QTestState *qts = machine_new("command-queue=on,x-enable-us=3000,"
                                  "x-command-lost-at=7,x-enable-hang-at=8,"
                                  "x-enable-fail-at=9");

    queue_on(qts);
    queue_put(qts, 0, SIOV_CMD_OP_ENABLE, 1, 0);
    queue_put(qts, 1, SIOV_CMD_OP_ENABLE, 9, 0);
    queue_ring(qts, 1);
    assert_no_answer(qts, 0);
    g_assert_cmphex(blk_status(qts, 1), ==, SIOV_BLK_STATUS_CHANGING);
    qtest_clock_step(qts, 3 * MS);
    assert_answer(qts, 0, SIOV_ERR_NONE);
    assert_no_answer(qts, 1);
    qtest_clock_step(qts, 3 * MS);
    assert_answer(qts, 1, SIOV_ERR_FAILED);

    queue_put(qts, 2, SIOV_CMD_OP_ENABLE, 7, 0);
    queue_ring(qts, 2);
    qtest_clock_step(qts, 100 * MS);
    assert_no_answer(qts, 2);
    g_assert_cmphex(blk_status(qts, 7), ==, SIOV_BLK_STATUS_ENABLED);
    queue_run(qts, 3, SIOV_CMD_OP_DISABLE, 1, 0, SIOV_ERR_NONE);

    /* What nobody waits for any more does not happen later */
    queue_put(qts, 4, SIOV_CMD_OP_ENABLE, 8, 0);
    queue_ring(qts, 4);
    qtest_clock_step(qts, 100 * MS);
    assert_no_answer(qts, 4);
    ctrl_writel(qts, SIOV_QUEUE_SIZE, 0);
    g_assert_cmphex(blk_status(qts, 8), ==, 0);
    queue_on(qts);
    queue_run(qts, 0, SIOV_CMD_OP_DISABLE, 8, 0, SIOV_ERR_NONE);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_NUM_ENABLED), ==, 1);

    /* A reset in the middle of a command */
    queue_put(qts, 1, SIOV_CMD_OP_ENABLE, 1, 0);
    queue_ring(qts, 1);
    flr(qts);
    qtest_clock_step(qts, 100 * MS);
    assert_no_answer(qts, 1);
    g_assert_cmphex(blk_status(qts, 1), ==, 0);
    qtest_quit(qts);
}

static void test_queue_fails(void)
{
    QTestState *qts = machine_new("command-queue=on");

    queue_on(qts);
    queue_put(qts, 0, SIOV_CMD_OP_ENABLE, 1, 0);
    cfg_writew(qts, PF_RID, PCI_COMMAND, PCI_COMMAND_MEMORY);
    queue_ring(qts, 0);
    g_assert_cmphex(ctrl_readl(qts, SIOV_QUEUE_STATUS), ==,
                    SIOV_QUEUE_STATUS_ON | SIOV_QUEUE_STATUS_FAILED);
    cfg_writew(qts, PF_RID, PCI_COMMAND,
               PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    queue_ring(qts, 0);
    assert_no_answer(qts, 0);
    ctrl_writel(qts, SIOV_QUEUE_SIZE, 0);
    queue_on(qts);
    queue_run(qts, 0, SIOV_CMD_OP_ENABLE, 1, 0, SIOV_ERR_NONE);

    /* Not a power of two, too many; and nothing moves while it is on */
    ctrl_writel(qts, SIOV_QUEUE_SIZE, 3);
    ctrl_writel(qts, SIOV_QUEUE_SIZE, 512);
    ctrl_writel(qts, SIOV_QUEUE_SIZE, 1);
    ctrl_writel(qts, SIOV_QUEUE_BASE_LO, RAM_DST);
    ctrl_writel(qts, SIOV_QUEUE_TAIL, RING_SIZE);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_QUEUE_SIZE), ==, RING_SIZE);
    g_assert_cmphex(ctrl_readl(qts, SIOV_QUEUE_BASE_LO), ==, RING);
    g_assert_cmpuint(ctrl_readl(qts, SIOV_QUEUE_TAIL), ==, 1);
    queue_run(qts, 1, SIOV_CMD_OP_ENABLE, 2, 0, SIOV_ERR_NONE);
    qtest_quit(qts);
}

static void fuzz_queue(QTestState *qts, uint32_t n, uint32_t val)
{
    switch (val % 8) {
    case 0:
        queue_on(qts);
        break;
    case 1:
        ctrl_writel(qts, SIOV_QUEUE_BASE_LO + 4 * (n % 8), val >> 8);
        break;
    case 2:
        qtest_writel(qts, RING + 4 * (n % 32), val);
        break;
    default:
        queue_put(qts, n, val >> 8 & 3, val >> 16 & 0x1f, val & ~0xff);
        queue_ring(qts, n);
        break;
    }
}

/* No access may bring QEMU down */
static void fuzz(const char *props)
{
    QTestState *qts = machine_new(props);

    for (int i = 0; i < 20000; i++) {
        uint32_t val = g_test_rand_int();
        uint32_t n = g_test_rand_int_range(0, 40);
        uint32_t reg = g_test_rand_int_range(0, 0x20) * 4;

        switch (g_test_rand_int_range(0, 10)) {
        case 0:
            blk_writel(qts, n, SIOV_BLK_CTRL, val & 0xf);
            break;
        case 1:
            blk_writel(qts, n, reg, val);
            break;
        case 2:
        case 3:
            qtest_writel(qts, sdi_page(n) + reg, val & 0xffff);
            break;
        case 4:
            qtest_writel(qts, sdi_page(n) + reg, val);
            break;
        case 5:
            start(qts, n < 4 ? pf_page : sdi_page(n), val & 0x3ff);
            break;
        case 6:
            qtest_writel(qts, BAR_CTRL + g_test_rand_int_range(0, 0x2000) * 4,
                         val);
            break;
        case 7:
            if (n == 0) {
                flr(qts);
            } else if (n == 1) {
                cfg_writel(qts, PF_RID, g_test_rand_int_range(0x10, 0x400) * 4,
                           val);
                setup_function(qts, PF_RID);
            } else {
                qtest_clock_step(qts, 1 + val % (100 * 1000));
            }
            break;
        case 8:
            fuzz_queue(qts, n, val);
            break;
        case 9:
            qtest_writel(qts, BAR_BLOCKS + (val & 0xfffff & ~3u), val >> 20);
            break;
        }
    }
    flr(qts);
    cfg_writew(qts, PF_RID, 0x40 + PCI_PM_CTRL, 0);
    g_assert_cmphex(ctrl_readl(qts, SIOV_MAGIC), ==, SIOV_MAGIC_VALUE);
    g_assert_cmphex(cap_status(qts), ==, 0);
    qtest_quit(qts);
}

static void test_fuzz(void)
{
    fuzz("total-sdis=32,allowlist=on,x-forge=on,x-dma-after-reset=on,"
         "sriov-vfs=4");
}

static void test_fuzz_slow(void)
{
    fuzz("total-sdis=32,x-forge=on,x-dma-hang=on,sriov-vfs=4,regions=2,"
         "vectors=1,x-vectors-step=1,x-enable-us=20,x-disable-us=10,"
         "x-reset-us=30,x-rid-dup=3");
}

static void test_fuzz_queue(void)
{
    fuzz("total-sdis=32,x-forge=on,x-dma-after-reset=on,regions=2,"
         "command-queue=on,x-enable-us=20,x-reset-us=30,x-command-lost-at=5,"
         "x-enable-hang-at=6,x-enable-fail-at=7");
}

void siov_add_queue_tests(void)
{
    qtest_add_func("/siov/queue/commands", test_queue);
    qtest_add_func("/siov/queue/time", test_queue_time);
    qtest_add_func("/siov/queue/fails", test_queue_fails);
    qtest_add_func("/siov/fuzz/plain", test_fuzz);
    qtest_add_func("/siov/fuzz/slow", test_fuzz_slow);
    qtest_add_func("/siov/fuzz/queue", test_fuzz_queue);
}
