/*
 * QTest testcase for siov-testdev: the machine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "siov-test.h"

static uint64_t ecam(uint16_t rid, uint32_t offset)
{
    return ECAM + ((uint64_t)rid << 12) + offset;
}

uint32_t cfg_readl(QTestState *qts, uint16_t rid, uint32_t offset)
{
    return qtest_readl(qts, ecam(rid, offset));
}

uint16_t cfg_readw(QTestState *qts, uint16_t rid, uint32_t offset)
{
    return qtest_readw(qts, ecam(rid, offset));
}

uint8_t cfg_readb(QTestState *qts, uint16_t rid, uint32_t offset)
{
    return qtest_readb(qts, ecam(rid, offset));
}

void cfg_writel(QTestState *qts, uint16_t rid, uint32_t offset,
                uint32_t val)
{
    qtest_writel(qts, ecam(rid, offset), val);
}

void cfg_writew(QTestState *qts, uint16_t rid, uint32_t offset,
                uint16_t val)
{
    qtest_writew(qts, ecam(rid, offset), val);
}

uint8_t find_cap(QTestState *qts, uint16_t rid, uint8_t id)
{
    uint8_t pos = cfg_readb(qts, rid, PCI_CAPABILITY_LIST);

    while (pos && cfg_readb(qts, rid, pos) != id) {
        pos = cfg_readb(qts, rid, pos + PCI_CAP_LIST_NEXT);
    }
    return pos;
}

void enable_ecam(QTestState *qts)
{
    qtest_outl(qts, 0xcf8, 0x80000060);
    qtest_outl(qts, 0xcfc, ECAM | 1);
}

void set_buses(QTestState *qts, uint8_t sec, uint8_t sub)
{
    cfg_writel(qts, DEVFN_PORT, PCI_PRIMARY_BUS, sec << 8 | sub << 16);
}

void setup_function(QTestState *qts, uint16_t rid)
{
    cfg_writel(qts, rid, PCI_BASE_ADDRESS_0, BAR_CTRL);
    cfg_writel(qts, rid, PCI_BASE_ADDRESS_2, BAR_PAGES);
    cfg_writel(qts, rid, PCI_BASE_ADDRESS_4, BAR_BLOCKS);
    cfg_writew(qts, rid, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

void setup_bridge(QTestState *qts, uint16_t rid, uint8_t pri,
                  uint8_t sec, uint8_t sub)
{
    cfg_writel(qts, rid, PCI_PRIMARY_BUS, pri | sec << 8 | sub << 16);
    cfg_writel(qts, rid, PCI_MEMORY_BASE, 0xe000e000);
    cfg_writel(qts, rid, PCI_PREF_MEMORY_BASE, 0xdff1c001);
    cfg_writew(qts, rid, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

void setup_port(QTestState *qts)
{
    setup_bridge(qts, DEVFN_PORT, 0, BUS, LAST_BUS);
}

QTestState *machine_start(const char *machine, const char *props)
{
    QTestState *qts = qtest_initf("%s " PORT "-device siov-testdev,id=pf,"
                                  "bus=rp0%s%s", machine, *props ? "," : "",
                                  props);

    enable_ecam(qts);
    setup_port(qts);
    setup_function(qts, PF_RID);
    return qts;
}

QTestState *machine_new(const char *props)
{
    return machine_start(MACHINE, props);
}

void flr(QTestState *qts)
{
    uint16_t val = cfg_readw(qts, PF_RID, EXP + PCI_EXP_DEVCTL);

    cfg_writew(qts, PF_RID, EXP + PCI_EXP_DEVCTL, val | PCI_EXP_DEVCTL_BCR_FLR);
    setup_function(qts, PF_RID);
}

uint32_t ctrl_readl(QTestState *qts, uint32_t reg)
{
    return qtest_readl(qts, BAR_CTRL + reg);
}

uint64_t counter(QTestState *qts, uint32_t n)
{
    return qtest_readq(qts, BAR_CTRL + SIOV_COUNTER(n));
}

uint32_t blk_readl(QTestState *qts, uint32_t n, uint32_t reg)
{
    return qtest_readl(qts, BAR_BLOCKS + SIOV_BLOCK(n) + reg);
}

void blk_writel(QTestState *qts, uint32_t n, uint32_t reg, uint32_t val)
{
    qtest_writel(qts, BAR_BLOCKS + SIOV_BLOCK(n) + reg, val);
}

uint32_t blk_error(QTestState *qts, uint32_t n)
{
    return (blk_readl(qts, n, SIOV_BLK_STATUS) & SIOV_BLK_STATUS_ERROR) >>
           SIOV_BLK_STATUS_ERROR_SHIFT;
}

uint32_t sdi_rid(QTestState *qts, uint32_t n)
{
    return blk_readl(qts, n, SIOV_BLK_RID);
}

void sdi_set_rid(QTestState *qts, uint32_t n, uint16_t rid)
{
    blk_writel(qts, n, SIOV_BLK_RID, rid | SIOV_BLK_RID_SOFTWARE);
}

void sdi_enable(QTestState *qts, uint32_t n)
{
    blk_writel(qts, n, SIOV_BLK_CTRL,
               SIOV_BLK_CTRL_ENABLE | SIOV_BLK_CTRL_MASTER);
    g_assert_cmpuint(blk_error(qts, n), ==, SIOV_ERR_NONE);
    g_assert_true(blk_readl(qts, n, SIOV_BLK_STATUS) &
                  SIOV_BLK_STATUS_ENABLED);
}

uint64_t sdi_page(uint32_t n)
{
    return BAR_PAGES + SIOV_PAGE(n);
}

void start(QTestState *qts, uint64_t page, uint32_t cmd)
{
    qtest_writel(qts, page + SIOV_PG_CMD, cmd);
}

uint32_t finish(QTestState *qts, uint64_t page)
{
    uint32_t result;

    for (int i = 0; i < 1000; i++) {
        result = qtest_readl(qts, page + SIOV_PG_RESULT);
        if (result != SIOV_RESULT_BUSY) {
            return result;
        }
        g_usleep(100);
    }
    return SIOV_RESULT_BUSY;
}

uint32_t run(QTestState *qts, uint64_t page, uint32_t cmd)
{
    start(qts, page, cmd);
    return finish(qts, page);
}

void prepare_fill(QTestState *qts, uint64_t page, uint64_t dst,
                  uint32_t len, uint32_t pattern)
{
    qtest_writeq(qts, page + SIOV_PG_DST_LO, dst);
    qtest_writel(qts, page + SIOV_PG_LEN, len);
    qtest_writel(qts, page + SIOV_PG_PATTERN, pattern);
}

uint32_t fill(QTestState *qts, uint64_t page, uint64_t dst,
              uint32_t len, uint32_t pattern)
{
    prepare_fill(qts, page, dst, len, pattern);
    return run(qts, page, SIOV_PG_CMD_OP_FILL);
}

uint32_t dropped(uint32_t cause)
{
    return SIOV_RESULT_DROPPED | cause << SIOV_PG_RESULT_CAUSE_SHIFT;
}

void set_message(QTestState *qts, uint32_t n, uint32_t v, uint64_t addr,
                 uint32_t data, bool mask)
{
    uint64_t msg = BAR_BLOCKS + SIOV_BLOCK(n) + SIOV_BLK_MSG(v);

    qtest_writel(qts, msg + SIOV_MSG_ADDR_LO, addr);
    qtest_writel(qts, msg + SIOV_MSG_ADDR_HI, addr >> 32);
    qtest_writel(qts, msg + SIOV_MSG_DATA, data);
    qtest_writel(qts, msg + SIOV_MSG_CTRL, mask);
}

uint32_t find_ext_cap(QTestState *qts, uint16_t rid, uint16_t id,
                      uint32_t pos)
{
    for (int ttl = 0; pos && ttl < 1024; ttl++) {
        uint32_t header = cfg_readl(qts, rid, pos);

        if (PCI_EXT_CAP_ID(header) == id) {
            return pos;
        }
        pos = PCI_EXT_CAP_NEXT(header);
    }
    return 0;
}

uint32_t find_siov(QTestState *qts)
{
    return find_ext_cap(qts, PF_RID, SIOV_CAP_ID, 0x100);
}

uint8_t cap_status(QTestState *qts)
{
    return cfg_readb(qts, PF_RID, CAP + SIOV_CAP_STATUS);
}

void dirty(QTestState *qts, uint32_t n)
{
    sdi_enable(qts, n);
    set_message(qts, n, 0, RAM_DST, 1, false);
    prepare_fill(qts, sdi_page(n), RAM_DST, 4, 0x600d);
    qtest_writel(qts, sdi_page(n) + SIOV_PG_SCRATCH(3), 77);
    qtest_writel(qts, sdi_page(n) + SIOV_PG_DELAY, 1000);
    qtest_writel(qts, RAM_DST, 0);
    start(qts, sdi_page(n), SIOV_PG_CMD_OP_FILL);
}

void assert_clean(QTestState *qts, uint32_t n)
{
    for (uint32_t reg = SIOV_PG_SRC_LO; reg < SIOV_PAGE_BYTES; reg += 4) {
        g_assert_cmphex(qtest_readl(qts, sdi_page(n) + reg), ==, 0);
    }
    for (uint32_t reg = SIOV_BLK_MSG(0); reg < SIOV_BLOCK_BYTES; reg += 4) {
        g_assert_cmphex(blk_readl(qts, n, reg), ==,
                        reg % 0x10 == SIOV_MSG_CTRL ? SIOV_MSG_CTRL_MASK : 0);
    }
}

uint32_t blk_status(QTestState *qts, uint32_t n)
{
    return blk_readl(qts, n, SIOV_BLK_STATUS);
}

void ctrl_writel(QTestState *qts, uint32_t reg, uint32_t val)
{
    qtest_writel(qts, BAR_CTRL + reg, val);
}
