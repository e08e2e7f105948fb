/*
 * QTest testcase for siov-testdev: translation by the VT-d model
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "siov-test.h"

#define VTD_IRTA        0xb8
#define VTD_SIRTP       0x01000000u
#define VTD_IRE         0x02000000u
#define VTD_IR_TABLE    0x00500000ull
#define IR_HANDLE       5
#define FAULT_IR_SID    0x26

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

/* The tables of scalable mode for one RID, by way of its PASID 0 */
typedef struct Scalable {
    uint64_t context;
    uint64_t directory;
    uint64_t entry;
} Scalable;

#define VTD_RTADDR_SMT          (1ull << 10)
#define VTD_PASID_TABLES        0x00580000ull
#define PASID_PRESENT           1ull
#define PASID_SECOND_STAGE      (2ull << 6)
#define PASID_FOUR_LEVELS       (2ull << 2)
#define FAULT_PASID_ENTRY_P     0x59
#define VTD_IOTLB               0xf8
#define IOTLB_ALL               0x9000000000000000ull

static Scalable vtd_scalable_map(QTestState *qts, uint16_t rid, uint16_t domain,
                                 uint64_t phys)
{
    Scalable t = {
        .context = VTD_CONTEXT + 32 * (rid & 0x7f),
        .directory = VTD_PASID_TABLES,
        .entry = VTD_PASID_TABLES + 0x1000,
    };

    /* Legacy mode's tables of the same domain, without its context */
    vtd_map(qts, rid, domain, phys);
    qtest_memset(qts, VTD_CONTEXT + 0x1000 * (rid >> 8), 0, 0x1000);
    qtest_memset(qts, VTD_PASID_TABLES, 0, 0x2000);

    qtest_writeq(qts, t.entry, (VTD_TABLES + 0x4000 * domain) |
                 PASID_SECOND_STAGE | PASID_FOUR_LEVELS | PASID_PRESENT);
    qtest_writeq(qts, t.entry + 8, domain);
    qtest_writeq(qts, t.directory, t.entry | 1);
    qtest_writeq(qts, t.context, t.directory | 1);
    qtest_writeq(qts, VTD_ROOT + 16 * (rid >> 8), VTD_CONTEXT | 1);
    return t;
}

/*
 * Linux clears the present bit of a PASID entry, invalidates, and clears the
 * rest. Nothing may be translated after the first step, and nothing of it kept.
 */
static void test_vtd_pasid_not_present(void)
{
    QTestState *qts = machine_start(MACHINE_VTD_SCALABLE, "sdi-offset=0x100");
    Scalable t;

    vtd_on(qts);
    t = vtd_scalable_map(qts, 0x205, 1, RAM_DST);
    qtest_writeq(qts, VTD + VTD_RTADDR, VTD_ROOT | VTD_RTADDR_SMT);
    vtd_gcmd(qts, VTD_SRTP | VTD_TE);
    sdi_enable(qts, 5);
    g_assert_cmpuint(fill(qts, sdi_page(5), IOVA, 4, 0x55), ==,
                     SIOV_RESULT_OK);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x55);

    qtest_writeb(qts, t.entry, qtest_readb(qts, t.entry) & ~PASID_PRESENT);
    qtest_writeq(qts, VTD + VTD_IOTLB, IOTLB_ALL);
    g_assert_cmpuint(fill(qts, sdi_page(5), IOVA, 4, 0x66), ==,
                     SIOV_RESULT_FAULT);
    g_assert_cmphex(vtd_fault_reason(qts), ==, FAULT_PASID_ENTRY_P);
    g_assert_cmphex(vtd_fault(qts), ==, 0x205);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x55);

    /* The next owner of the entry has other memory at the same address */
    vtd_map_page(qts, 1, 0, RAM_DST + 0x1000);
    qtest_writeb(qts, t.entry, qtest_readb(qts, t.entry) | PASID_PRESENT);
    g_assert_cmpuint(fill(qts, sdi_page(5), IOVA, 4, 0x77), ==,
                     SIOV_RESULT_OK);
    g_assert_cmphex(qtest_readl(qts, RAM_DST), ==, 0x55);
    g_assert_cmphex(qtest_readl(qts, RAM_DST + 0x1000), ==, 0x77);
    qtest_quit(qts);
}

void siov_add_vtd_tests(void)
{
    if (!qtest_has_device("intel-iommu")) {
        return;
    }
    qtest_add_func("/siov/vtd/rids", test_vtd_rids);
    qtest_add_func("/siov/vtd/renumber", test_vtd_renumber);
    qtest_add_func("/siov/vtd/real-bus", test_vtd_real_bus);
    qtest_add_func("/siov/vtd/wrong-rid", test_vtd_wrong_rid);
    qtest_add_func("/siov/vtd/msi", test_vtd_msi);
    qtest_add_func("/siov/vtd/many", test_vtd_many);
    qtest_add_func("/siov/vtd/pasid-not-present", test_vtd_pasid_not_present);
    qtest_add_func("/siov/vtd/unplug", test_unplug);
    if (qtest_has_device("pxb-pcie")) {
        qtest_add_func("/siov/vtd/wrap", test_wrap);
    }
}
