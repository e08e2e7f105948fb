/*
 * QTest testcase for siov-testdev
 *
 * The device is behind a root port, or wherever a test puts it. There is no
 * firmware: machine_new() numbers the buses and places the BARs. Configuration
 * space is reached through ECAM, as libqos knows 256 bytes of it only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "hw/misc/siov-testdev.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_regs.h"

#define ECAM            0xb0000000ull
#define BAR_CTRL        0xe0000000ull
#define BAR_BLOCKS      0xc0000000ull
#define BAR_PAGES       0xd0000000ull
#define RAM_SRC         0x00100000ull
#define RAM_DST         0x00300000ull
#define CAP             0x200
#define EXP             0x80            /* the device's PCIe capability */
#define AER             0x100
#define PORT_AER        0x100
#define BUS             1               /* the device's bus */
#define PF_RID          (BUS << 8)
#define DEVFN_PORT      PCI_DEVFN(1, 0)
#define LAST_BUS        4               /* the port's subordinate bus */

/* Configuration space */

static uint64_t ecam(uint16_t rid, uint32_t offset)
{
    return ECAM + ((uint64_t)rid << 12) + offset;
}

static uint32_t cfg_readl(QTestState *qts, uint16_t rid, uint32_t offset)
{
    return qtest_readl(qts, ecam(rid, offset));
}

static uint16_t cfg_readw(QTestState *qts, uint16_t rid, uint32_t offset)
{
    return qtest_readw(qts, ecam(rid, offset));
}

static uint8_t cfg_readb(QTestState *qts, uint16_t rid, uint32_t offset)
{
    return qtest_readb(qts, ecam(rid, offset));
}

static void cfg_writel(QTestState *qts, uint16_t rid, uint32_t offset,
                       uint32_t val)
{
    qtest_writel(qts, ecam(rid, offset), val);
}

static void cfg_writew(QTestState *qts, uint16_t rid, uint32_t offset,
                       uint16_t val)
{
    qtest_writew(qts, ecam(rid, offset), val);
}

static uint8_t find_cap(QTestState *qts, uint16_t rid, uint8_t id)
{
    uint8_t pos = cfg_readb(qts, rid, PCI_CAPABILITY_LIST);

    while (pos && cfg_readb(qts, rid, pos) != id) {
        pos = cfg_readb(qts, rid, pos + PCI_CAP_LIST_NEXT);
    }
    return pos;
}

static void enable_ecam(QTestState *qts)
{
    qtest_outl(qts, 0xcf8, 0x80000060);
    qtest_outl(qts, 0xcfc, ECAM | 1);
}

static void set_buses(QTestState *qts, uint8_t sec, uint8_t sub)
{
    cfg_writel(qts, DEVFN_PORT, PCI_PRIMARY_BUS, sec << 8 | sub << 16);
}

static void setup_function(QTestState *qts, uint16_t rid)
{
    cfg_writel(qts, rid, PCI_BASE_ADDRESS_0, BAR_CTRL);
    cfg_writel(qts, rid, PCI_BASE_ADDRESS_2, BAR_PAGES);
    cfg_writel(qts, rid, PCI_BASE_ADDRESS_4, BAR_BLOCKS);
    cfg_writew(qts, rid, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void setup_port(QTestState *qts)
{
    set_buses(qts, BUS, LAST_BUS);
    cfg_writel(qts, DEVFN_PORT, PCI_MEMORY_BASE, 0xe000e000);
    cfg_writel(qts, DEVFN_PORT, PCI_PREF_MEMORY_BASE, 0xdff1c001);
    cfg_writew(qts, DEVFN_PORT, PCI_COMMAND,
               PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

#define PORT "-device pcie-root-port,id=rp0,chassis=1,addr=1.0 "
#define MACHINE "-M q35 -m 128 -nodefaults "
#define MACHINE_VTD "-M q35,kernel-irqchip=split -m 128 -nodefaults " \
                    "-device intel-iommu,intremap=on "

static QTestState *machine_start(const char *machine, const char *props)
{
    QTestState *qts = qtest_initf("%s " PORT "-device siov-testdev,id=pf,"
                                  "bus=rp0%s%s", machine, *props ? "," : "",
                                  props);

    enable_ecam(qts);
    setup_port(qts);
    setup_function(qts, PF_RID);
    return qts;
}

static QTestState *machine_new(const char *props)
{
    return machine_start(MACHINE, props);
}

static void flr(QTestState *qts)
{
    uint16_t val = cfg_readw(qts, PF_RID, EXP + PCI_EXP_DEVCTL);

    cfg_writew(qts, PF_RID, EXP + PCI_EXP_DEVCTL, val | PCI_EXP_DEVCTL_BCR_FLR);
    setup_function(qts, PF_RID);
}

/* The device */

static uint32_t ctrl_readl(QTestState *qts, uint32_t reg)
{
    return qtest_readl(qts, BAR_CTRL + reg);
}

static uint64_t counter(QTestState *qts, uint32_t n)
{
    return qtest_readq(qts, BAR_CTRL + SIOV_COUNTER(n));
}

static uint32_t blk_readl(QTestState *qts, uint32_t n, uint32_t reg)
{
    return qtest_readl(qts, BAR_BLOCKS + SIOV_BLOCK(n) + reg);
}

static void blk_writel(QTestState *qts, uint32_t n, uint32_t reg, uint32_t val)
{
    qtest_writel(qts, BAR_BLOCKS + SIOV_BLOCK(n) + reg, val);
}

static uint32_t blk_error(QTestState *qts, uint32_t n)
{
    return (blk_readl(qts, n, SIOV_BLK_STATUS) & SIOV_BLK_STATUS_ERROR) >>
           SIOV_BLK_STATUS_ERROR_SHIFT;
}

static uint32_t sdi_rid(QTestState *qts, uint32_t n)
{
    return blk_readl(qts, n, SIOV_BLK_RID);
}

static void sdi_set_rid(QTestState *qts, uint32_t n, uint16_t rid)
{
    blk_writel(qts, n, SIOV_BLK_RID, rid | SIOV_BLK_RID_SOFTWARE);
}

static void sdi_enable(QTestState *qts, uint32_t n)
{
    blk_writel(qts, n, SIOV_BLK_CTRL,
               SIOV_BLK_CTRL_ENABLE | SIOV_BLK_CTRL_MASTER);
    g_assert_cmpuint(blk_error(qts, n), ==, SIOV_ERR_NONE);
    g_assert_true(blk_readl(qts, n, SIOV_BLK_STATUS) &
                  SIOV_BLK_STATUS_ENABLED);
}

static uint64_t sdi_page(uint32_t n)
{
    return BAR_PAGES + SIOV_PAGE(n);
}

static const uint64_t pf_page = BAR_CTRL + SIOV_PF_ENGINE;

static void start(QTestState *qts, uint64_t page, uint32_t cmd)
{
    qtest_writel(qts, page + SIOV_PG_CMD, cmd);
}

static uint32_t finish(QTestState *qts, uint64_t page)
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

static uint32_t run(QTestState *qts, uint64_t page, uint32_t cmd)
{
    start(qts, page, cmd);
    return finish(qts, page);
}

static void prepare_fill(QTestState *qts, uint64_t page, uint64_t dst,
                         uint32_t len, uint32_t pattern)
{
    qtest_writeq(qts, page + SIOV_PG_DST_LO, dst);
    qtest_writel(qts, page + SIOV_PG_LEN, len);
    qtest_writel(qts, page + SIOV_PG_PATTERN, pattern);
}

static uint32_t fill(QTestState *qts, uint64_t page, uint64_t dst,
                     uint32_t len, uint32_t pattern)
{
    prepare_fill(qts, page, dst, len, pattern);
    return run(qts, page, SIOV_PG_CMD_OP_FILL);
}

static uint32_t dropped(uint32_t cause)
{
    return SIOV_RESULT_DROPPED | cause << SIOV_PG_RESULT_CAUSE_SHIFT;
}

/* Capability */

static uint32_t find_ext_cap(QTestState *qts, uint16_t rid, uint16_t id,
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

static uint32_t find_siov(QTestState *qts)
{
    return find_ext_cap(qts, PF_RID, SIOV_CAP_ID, 0x100);
}

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

/* SDIs */

static uint8_t cap_status(QTestState *qts)
{
    return cfg_readb(qts, PF_RID, CAP + SIOV_CAP_STATUS);
}

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

/* Routing IDs */

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

/* Engine */

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

/* Errors */

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

/* Messages */

static void set_message(QTestState *qts, uint32_t n, uint32_t v, uint64_t addr,
                        uint32_t data, bool mask)
{
    uint64_t msg = BAR_BLOCKS + SIOV_BLOCK(n) + SIOV_BLK_MSG(v);

    qtest_writel(qts, msg + SIOV_MSG_ADDR_LO, addr);
    qtest_writel(qts, msg + SIOV_MSG_ADDR_HI, addr >> 32);
    qtest_writel(qts, msg + SIOV_MSG_DATA, data);
    qtest_writel(qts, msg + SIOV_MSG_CTRL, mask);
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

/* Reset */

static void dirty(QTestState *qts, uint32_t n)
{
    sdi_enable(qts, n);
    set_message(qts, n, 0, RAM_DST, 1, false);
    prepare_fill(qts, sdi_page(n), RAM_DST, 4, 0x600d);
    qtest_writel(qts, sdi_page(n) + SIOV_PG_SCRATCH(3), 77);
    qtest_writel(qts, sdi_page(n) + SIOV_PG_DELAY, 1000);
    qtest_writel(qts, RAM_DST, 0);
    start(qts, sdi_page(n), SIOV_PG_CMD_OP_FILL);
}

static void assert_clean(QTestState *qts, uint32_t n)
{
    for (uint32_t reg = SIOV_PG_SRC_LO; reg < SIOV_PAGE_BYTES; reg += 4) {
        g_assert_cmphex(qtest_readl(qts, sdi_page(n) + reg), ==, 0);
    }
    for (uint32_t reg = SIOV_BLK_MSG(0); reg < SIOV_BLOCK_BYTES; reg += 4) {
        g_assert_cmphex(blk_readl(qts, n, reg), ==,
                        reg % 0x10 == SIOV_MSG_CTRL ? SIOV_MSG_CTRL_MASK : 0);
    }
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

/* Translation by the VT-d model, legacy mode */

#define VTD             0xfed90000ull
#define VTD_GCMD        0x18
#define VTD_RTADDR      0x20
#define VTD_CCMD        0x28
#define VTD_FSTS        0x34
#define VTD_FRCD_HI     0x228
#define VTD_TE          0x80000000u
#define VTD_SRTP        0x40000000u
#define VTD_ROOT        0x00400000ull
#define VTD_CONTEXT     0x00410000ull   /* 4 KiB a bus */
#define VTD_TABLES      0x00600000ull   /* 16 KiB a domain */
#define IOVA            0x00010000ull

/* Let @rid write to @phys by IOVA, and to nothing else */
static void vtd_map(QTestState *qts, uint16_t rid, uint16_t domain,
                    uint64_t phys)
{
    uint64_t context = VTD_CONTEXT + 0x1000 * (rid >> 8);
    uint64_t table = VTD_TABLES + 0x4000 * domain;

    qtest_writeq(qts, VTD_ROOT + 16 * (rid >> 8), context | 1);
    qtest_writeq(qts, context + 16 * (rid & 0xff), table | 1);
    qtest_writeq(qts, context + 16 * (rid & 0xff) + 8, domain << 8 | 2);
    qtest_writeq(qts, table, (table + 0x1000) | 3);
    qtest_writeq(qts, table + 0x1000, (table + 0x2000) | 3);
    qtest_writeq(qts, table + 0x2000, (table + 0x3000) | 3);
    qtest_writeq(qts, table + 0x3000 + 8 * (IOVA >> 12), phys | 3);
}

static void vtd_gcmd(QTestState *qts, uint32_t val)
{
    qtest_writel(qts, VTD + VTD_GCMD, val);
}

static void vtd_on(QTestState *qts)
{
    qtest_memset(qts, VTD_ROOT, 0, 0x1000);
    qtest_memset(qts, VTD_CONTEXT, 0, 0x100000);
    qtest_memset(qts, VTD_TABLES, 0, 0x100000);
    qtest_writeq(qts, VTD + VTD_RTADDR, VTD_ROOT);
    vtd_gcmd(qts, VTD_SRTP);
    vtd_gcmd(qts, VTD_TE);
}

static void vtd_flush_contexts(QTestState *qts)
{
    qtest_writeq(qts, VTD + VTD_CCMD, 0xa000000000000000);
}

/* Source of the recorded fault, and forget it */
static uint32_t vtd_fault(QTestState *qts)
{
    uint64_t val = qtest_readq(qts, VTD + VTD_FRCD_HI);

    qtest_writel(qts, VTD + VTD_FRCD_HI + 4, 0x80000000);
    qtest_writel(qts, VTD + VTD_FSTS, 0x7f);
    return val >> 63 ? val & 0xffff : 0xffffffff;
}

static void test_vtd_rids(void)
{
    QTestState *qts = machine_start(MACHINE_VTD, "total-sdis=600,"
                                    "sdi-offset=0x100");

    vtd_on(qts);
    vtd_map(qts, 0x205, 1, RAM_DST);
    vtd_map(qts, 0x32b, 2, RAM_DST + 0x1000);
    sdi_enable(qts, 5);
    sdi_enable(qts, 6);
    sdi_enable(qts, 299);

    g_assert_cmpuint(fill(qts, sdi_page(5), IOVA, 4, 0x55), ==,
                     SIOV_RESULT_OK);
    g_assert_cmpuint(fill(qts, sdi_page(299), IOVA, 4, 0x99), ==,
                     SIOV_RESULT_OK);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x55);
    g_assert_cmphex(qtest_readl(qts, RAM_DST + 0x1000), ==, 0x99);
    g_assert_cmphex(vtd_fault(qts), ==, 0xffffffff);

    /* No context, and no mapping: the fault names the SDI */
    g_assert_cmpuint(fill(qts, sdi_page(6), IOVA, 4, 0x66), ==,
                     SIOV_RESULT_FAULT);
    g_assert_cmphex(vtd_fault(qts), ==, 0x206);
    g_assert_cmpuint(fill(qts, sdi_page(299), IOVA + 0x1000, 4, 1), ==,
                     SIOV_RESULT_FAULT);
    g_assert_cmphex(vtd_fault(qts), ==, 0x32b);
    g_assert_cmpuint(fill(qts, pf_page, IOVA, 4, 1), ==, SIOV_RESULT_FAULT);
    g_assert_cmphex(vtd_fault(qts), ==, PF_RID);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x55);
    g_assert_cmpuint(counter(qts, SIOV_CNT_FAULT), ==, 3);
    g_assert_cmpuint(blk_readl(qts, 299, SIOV_BLK_FAULT_COUNT), ==, 1);
    g_assert_cmpuint(counter(qts, SIOV_CNT_FORGED), ==, 0);
    qtest_quit(qts);
}

static void test_vtd_renumber(void)
{
    QTestState *qts = machine_start(MACHINE_VTD, "sdi-offset=0x100");

    vtd_on(qts);
    vtd_map(qts, 0x205, 1, RAM_DST);
    sdi_enable(qts, 5);
    g_assert_cmpuint(fill(qts, sdi_page(5), IOVA, 4, 1), ==, SIOV_RESULT_OK);

    set_buses(qts, 3, 5);
    vtd_flush_contexts(qts);
    g_assert_cmpuint(fill(qts, sdi_page(5), IOVA, 4, 1), ==,
                     SIOV_RESULT_FAULT);
    g_assert_cmphex(vtd_fault(qts), ==, 0x405);
    qtest_quit(qts);
}

/* A RID that belongs to a real function translates as that one does */
static void test_vtd_real_bus(void)
{
    QTestState *qts = qtest_init(MACHINE_VTD PORT
        "-device pcie-root-port,id=rp1,chassis=2,addr=2.0 "
        "-device siov-testdev,bus=rp0,sdi-offset=0x100,x-check-bus-range=off "
        "-device siov-testdev,bus=rp1");

    enable_ecam(qts);
    setup_port(qts);
    set_buses(qts, 1, 1);
    cfg_writel(qts, PCI_DEVFN(2, 0), PCI_PRIMARY_BUS, 0x00020200);
    setup_function(qts, PF_RID);
    vtd_on(qts);
    vtd_map(qts, 0x200, 1, RAM_DST);
    sdi_enable(qts, 0);
    sdi_enable(qts, 1);
    g_assert_cmphex(sdi_rid(qts, 0), ==, SIOV_BLK_RID_VALID | 0x200);
    g_assert_cmpuint(fill(qts, sdi_page(0), IOVA, 4, 1), ==, SIOV_RESULT_OK);
    g_assert_cmpuint(fill(qts, sdi_page(1), IOVA, 4, 1), ==,
                     SIOV_RESULT_FAULT);
    g_assert_cmphex(vtd_fault(qts), ==, 0x201);
    qtest_quit(qts);
}

static void test_vtd_wrong_rid(void)
{
    QTestState *qts = machine_start(MACHINE_VTD, "sdi-offset=0x100,"
                                    "x-sdi-dma-as-pf=on");

    vtd_on(qts);
    vtd_map(qts, 0x205, 1, RAM_DST);
    sdi_enable(qts, 5);
    g_assert_cmpuint(fill(qts, sdi_page(5), IOVA, 4, 1), ==,
                     SIOV_RESULT_FAULT);
    g_assert_cmphex(vtd_fault(qts), ==, PF_RID);
    g_assert_cmpuint(counter(qts, SIOV_CNT_FORGED), ==, 1);
    qtest_quit(qts);

    qts = machine_start(MACHINE_VTD, "sdi-offset=0x100,x-forge=on");
    vtd_on(qts);
    vtd_map(qts, 0x205, 1, RAM_DST);
    sdi_enable(qts, 6);
    qtest_writel(qts, sdi_page(6) + SIOV_PG_AS_RID, SIOV_PG_AS_RID_ON | 0x205);
    g_assert_cmpuint(fill(qts, sdi_page(6), IOVA, 4, 0x66), ==,
                     SIOV_RESULT_OK);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x66);
    qtest_writel(qts, sdi_page(6) + SIOV_PG_AS_RID, SIOV_PG_AS_RID_ON | 0x399);
    g_assert_cmpuint(fill(qts, sdi_page(6), IOVA, 4, 0x66), ==,
                     SIOV_RESULT_FAULT);
    g_assert_cmphex(vtd_fault(qts), ==, 0x399);
    qtest_quit(qts);
}

/* Interrupt remapping */

#define VTD_IRTA        0xb8
#define VTD_SIRTP       0x01000000u
#define VTD_IRE         0x02000000u
#define VTD_IR_TABLE    0x00500000ull
#define IR_HANDLE       5
#define FAULT_IR_SID    0x26

static uint8_t vtd_fault_reason(QTestState *qts)
{
    return qtest_readq(qts, VTD + VTD_FRCD_HI) >> 32;
}

/* Entry IR_HANDLE: a fixed interrupt for @rid only */
static void vtd_ir_on(QTestState *qts, uint16_t rid)
{
    uint64_t irte = VTD_IR_TABLE + 16 * IR_HANDLE;

    qtest_writeq(qts, irte, 0x00410001);        /* present, vector 0x41 */
    qtest_writeq(qts, irte + 8, 1 << 18 | rid); /* all bits of the source */
    qtest_writeq(qts, VTD + VTD_IRTA, VTD_IR_TABLE | 7);
    vtd_gcmd(qts, VTD_SIRTP);
    vtd_gcmd(qts, VTD_IRE);
}

static void send_remappable(QTestState *qts, uint32_t n)
{
    sdi_enable(qts, n);
    set_message(qts, n, 0, 0xfee00010 | IR_HANDLE << 5, 0, false);
    run(qts, sdi_page(n), SIOV_PG_CMD_OP_MSI);
}

static void test_vtd_msi(void)
{
    QTestState *qts = machine_start(MACHINE_VTD, "sdi-offset=0x100");

    vtd_ir_on(qts, 0x205);
    send_remappable(qts, 5);
    g_assert_cmphex(vtd_fault(qts), ==, 0xffffffff);
    send_remappable(qts, 6);
    g_assert_cmphex(vtd_fault_reason(qts), ==, FAULT_IR_SID);
    g_assert_cmphex(vtd_fault(qts), ==, 0x206);
    qtest_quit(qts);

    qts = machine_start(MACHINE_VTD, "sdi-offset=0x100,x-msi-rid=0x277");
    vtd_ir_on(qts, 0x205);
    send_remappable(qts, 5);
    g_assert_cmphex(vtd_fault(qts), ==, 0x277);
    g_assert_cmpuint(counter(qts, SIOV_CNT_FORGED), ==, 1);
    qtest_quit(qts);
}

static void test_vtd_many(void)
{
    QTestState *qts = machine_start(MACHINE_VTD, "total-sdis=4096,"
                                    "x-check-bus-range=off");
    int64_t begin = g_get_monotonic_time();

    vtd_on(qts);
    for (uint32_t n = 0; n < 4096; n++) {
        blk_writel(qts, n, SIOV_BLK_CTRL,
                   SIOV_BLK_CTRL_ENABLE | SIOV_BLK_CTRL_MASTER);
    }
    g_assert_cmpuint(ctrl_readl(qts, SIOV_NUM_ENABLED), ==, 4096);
    g_test_message("4096 SDIs enabled in %" PRId64 " ms",
                   (g_get_monotonic_time() - begin) / 1000);
    for (int i = 0; i < 10; i++) {
        vtd_gcmd(qts, 0);
        vtd_gcmd(qts, VTD_TE);
    }
    vtd_map(qts, PF_RID + 8 + 4095, 1, RAM_DST);
    g_assert_cmpuint(fill(qts, sdi_page(4095), IOVA, 4, 0x77), ==,
                     SIOV_RESULT_OK);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x77);
    /* 5 s on a busy machine; minutes if each SDI visits all the others */
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 90 * G_USEC_PER_SEC);
    qtest_quit(qts);
}

/* Topologies */

static void test_wrap(void)
{
    QTestState *qts = qtest_init(MACHINE_VTD
        "-device pxb-pcie,id=pxb,bus_nr=253 "
        "-device pcie-root-port,id=rp0,chassis=1,bus=pxb "
        "-device siov-testdev,bus=rp0,total-sdis=1024,x-check-bus-range=off");
    const uint16_t port = 0xfd00;
    const uint16_t pf = 0xfe00;

    enable_ecam(qts);
    cfg_writel(qts, port, PCI_PRIMARY_BUS, 0x00fffefd);
    cfg_writel(qts, port, PCI_MEMORY_BASE, 0xe000e000);
    cfg_writel(qts, port, PCI_PREF_MEMORY_BASE, 0xdff1c001);
    cfg_writew(qts, port, PCI_COMMAND,
               PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    setup_function(qts, pf);
    g_assert_cmphex(ctrl_readl(qts, SIOV_PF_RID), ==, pf);
    g_assert_cmphex(sdi_rid(qts, 300), ==, SIOV_BLK_RID_VALID | 0xff34);
    g_assert_cmphex(sdi_rid(qts, 504), ==, 0);
    vtd_on(qts);
    vtd_map(qts, 0xff34, 1, RAM_DST);
    sdi_enable(qts, 300);
    sdi_enable(qts, 301);
    g_assert_cmpuint(fill(qts, sdi_page(300), IOVA, 4, 1), ==, SIOV_RESULT_OK);
    g_assert_cmpuint(fill(qts, sdi_page(301), IOVA, 4, 1), ==,
                     SIOV_RESULT_FAULT);
    g_assert_cmphex(vtd_fault(qts), ==, 0xff35);
    qtest_quit(qts);
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

/* Away with it while an SDI streams, and back: the slot does the handshake */
static void test_unplug(void)
{
    QTestState *qts = machine_start(MACHINE_VTD "-global ICH9-LPC."
        "acpi-pci-hotplug-with-bridge-support=off ", "sdi-offset=0x100");
    uint32_t sltctl = find_cap(qts, DEVFN_PORT, PCI_CAP_ID_EXP) +
                      PCI_EXP_SLTCTL;

    vtd_on(qts);
    vtd_map(qts, 0x205, 1, RAM_DST);
    dirty(qts, 5);
    qtest_qmp_device_del_send(qts, "pf");
    cfg_writew(qts, DEVFN_PORT, sltctl,
               PCI_EXP_SLTCTL_PIC | PCI_EXP_SLTCTL_PCC);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    g_assert_cmphex(cfg_readl(qts, PF_RID, 0), ==, 0xffffffff);
    qtest_clock_step(qts, 10 * 1000 * 1000);
    vtd_flush_contexts(qts);
    vtd_gcmd(qts, 0);

    qtest_qmp_device_add(qts, "siov-testdev", "pf",
                         "{'bus': 'rp0', 'sdi-offset': 256}");
    cfg_writew(qts, DEVFN_PORT, sltctl, PCI_EXP_SLTCTL_PWR_IND_ON);
    setup_function(qts, PF_RID);
    vtd_gcmd(qts, VTD_TE);
    sdi_enable(qts, 5);
    g_assert_cmpuint(fill(qts, sdi_page(5), IOVA, 4, 3), ==, SIOV_RESULT_OK);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 3);
    qtest_quit(qts);
}

/* No access may bring QEMU down */
static void test_fuzz(void)
{
    QTestState *qts = machine_new("total-sdis=32,allowlist=on,x-forge=on,"
                                  "x-dma-after-reset=on,sriov-vfs=4");

    for (int i = 0; i < 20000; i++) {
        uint32_t val = g_test_rand_int();
        uint32_t n = g_test_rand_int_range(0, 40);
        uint32_t reg = g_test_rand_int_range(0, 0x20) * 4;

        switch (g_test_rand_int_range(0, 8)) {
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
        }
    }
    flr(qts);
    cfg_writew(qts, PF_RID, 0x40 + PCI_PM_CTRL, 0);
    g_assert_cmphex(ctrl_readl(qts, SIOV_MAGIC), ==, SIOV_MAGIC_VALUE);
    g_assert_cmphex(cap_status(qts), ==, 0);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    if (!qtest_has_device("siov-testdev")) {
        g_test_skip("siov-testdev is not in this QEMU");
        return 0;
    }
    qtest_add_func("/siov/cap/bytes", test_cap);
    qtest_add_func("/siov/cap/cut", test_cap_cut);
    qtest_add_func("/siov/cap/lies", test_cap_lies);
    qtest_add_func("/siov/ident", test_ident);
    qtest_add_func("/siov/narrow", test_narrow);
    qtest_add_func("/siov/no-sdis", test_no_sdis);
    qtest_add_func("/siov/sriov", test_sriov);
    qtest_add_func("/siov/siblings", test_siblings);
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
    qtest_add_func("/siov/rcie", test_rcie);
    qtest_add_func("/siov/fuzz", test_fuzz);
    if (qtest_has_device("intel-iommu")) {
        qtest_add_func("/siov/vtd/rids", test_vtd_rids);
        qtest_add_func("/siov/vtd/renumber", test_vtd_renumber);
        qtest_add_func("/siov/vtd/real-bus", test_vtd_real_bus);
        qtest_add_func("/siov/vtd/wrong-rid", test_vtd_wrong_rid);
        qtest_add_func("/siov/vtd/msi", test_vtd_msi);
        qtest_add_func("/siov/vtd/many", test_vtd_many);
        qtest_add_func("/siov/vtd/unplug", test_unplug);
    }
    if (qtest_has_device("pxb-pcie") && qtest_has_device("intel-iommu")) {
        qtest_add_func("/siov/vtd/wrap", test_wrap);
    }
    return g_test_run();
}
