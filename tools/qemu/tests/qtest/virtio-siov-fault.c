/*
 * QTest testcase for virtio-net-siov-pci: IOMMU, faults on purpose, removal
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_ids.h"
#include "standard-headers/linux/virtio_pci.h"
#include "qapi/error.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "virtio-siov-test.h"

#define MSG             0x00300000ull   /* what messages write to */
#define FAR             0x00800000ull   /* a page that is nobody's */
#define NIC_PAGES       16

static uint8_t status_of(QTestState *qts, uint32_t n)
{
    return common_readb(qts, vsdi_page(n), VIRTIO_PCI_COMMON_STATUS);
}

static void send_to(Nic *from, uint32_t n, uint8_t tag)
{
    uint8_t mac[6];

    mac_of(n, mac);
    nic_send(from, mac, tag);
}

/* The IOMMU: SDI n has the RID 0x200 + n */

static QTestState *vtd_machine(const char *props)
{
    g_autofree char *all = g_strdup_printf("sdi-offset=0x100%s%s",
                                           *props ? "," : "", props);
    QTestState *qts = vsdi_machine(MACHINE_VTD, all, "");

    vtd_on(qts);
    return qts;
}

static Nic vtd_nic(QTestState *qts, uint32_t n)
{
    vsdi_enable(qts, n);
    return nic_start_at(qts, n, IOVA);
}

static void test_vtd(void)
{
    QTestState *qts = vtd_machine("");
    Nic a = vtd_nic(qts, 5), b = vtd_nic(qts, 6);

    vtd_map_pages(qts, 0x205, 1, a.mem, NIC_PAGES);
    vtd_map_pages(qts, 0x206, 2, b.mem, NIC_PAGES);
    nic_give_buffers(&b, 4);
    send_to(&a, 6, 0x11);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmphex(nic_receive(&b), ==, 0x11);
    g_assert_cmphex(vtd_fault(qts), ==, 0xffffffff);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_FAULT), ==, 0);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_FORGED), ==, 0);
    qtest_quit(qts);
}

/* An SDI without a mapping: the fault names it, and a reset mends it */
static void test_vtd_fault(void)
{
    QTestState *qts = vtd_machine("");
    Nic a = vtd_nic(qts, 5), b = vtd_nic(qts, 6);

    vtd_map_pages(qts, 0x206, 2, b.mem, NIC_PAGES);
    nic_give_buffers(&b, 4);
    qtest_memset(qts, MSG, 0, 4);
    vsdi_message(qts, 5, 0, 0xfee00000, 0x41, true);
    send_to(&a, 6, 0x11);
    g_assert_false(nic_has_sent(&a));
    assert_nothing(&b);
    g_assert_cmphex(vtd_fault(qts), ==, 0x205);
    g_assert_true(status_of(qts, 5) & VIRTIO_CONFIG_S_NEEDS_RESET);
    g_assert_true(block_readl(qts, 5, VSDI_BLK_MSG(0) + VSDI_MSG_CTRL) &
                  VSDI_MSG_CTRL_PENDING);
    g_assert_cmpuint(block_readl(qts, 5, VSDI_BLK_FAULT_COUNT), >, 0);
    g_assert_cmpuint(block_readl(qts, 6, VSDI_BLK_FAULT_COUNT), ==, 0);
    g_assert_cmphex(status_of(qts, 6) & VIRTIO_CONFIG_S_NEEDS_RESET, ==, 0);

    vtd_map_pages(qts, 0x205, 1, a.mem, NIC_PAGES);
    vtd_flush_contexts(qts);
    a = nic_start_at(qts, 5, IOVA);
    send_to(&a, 6, 0x12);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmphex(nic_receive(&b), ==, 0x12);
    qtest_quit(qts);
}

/* The first entry of a used ring begins in one page and ends in the next */
static void test_vtd_used_in_two_pages(void)
{
    const uint64_t used = (NIC_PAGES - 1) * 0x1000 - 8;
    QTestState *qts = vtd_machine("");
    Nic a = vtd_nic(qts, 5), b = vtd_nic(qts, 6);

    vtd_map_pages(qts, 0x205, 1, a.mem, NIC_PAGES);
    vtd_map_pages(qts, 0x206, 2, b.mem, NIC_PAGES);
    vtd_map_page(qts, 2, NIC_PAGES - 1, FAR);
    qtest_memset(qts, b.mem + used, 0, 8);
    qtest_writel(qts, b.mem + used + 8, 0xaaaaaaaa);
    qtest_writel(qts, FAR, 0);

    common_writew(qts, b.page, VIRTIO_PCI_COMMON_Q_SELECT, RX);
    common_writel(qts, b.page, VIRTIO_PCI_COMMON_Q_USEDLO, b.bus + used);
    common_writew(qts, b.page, VIRTIO_PCI_COMMON_Q_ENABLE, 1);
    nic_give_buffers(&b, 1);
    send_to(&a, 6, 0x11);
    g_assert_true(nic_has_sent(&a));

    g_assert_cmphex(qtest_readw(qts, b.mem + used + 2), ==, 1);
    g_assert_cmphex(qtest_readl(qts, FAR), ==, NET_HDR + PACKET);
    g_assert_cmphex(qtest_readl(qts, b.mem + used + 8), ==, 0xaaaaaaaa);
    g_assert_cmphex(vtd_fault(qts), ==, 0xffffffff);
    qtest_quit(qts);
}

/* Without Bus Master Enable of the function nothing leaves */
static void test_bus_master(void)
{
    QTestState *qts = vsdi_new("");
    Nic a = nic_new(qts, 0);

    cfg_writew(qts, PF_RID, PCI_COMMAND, PCI_COMMAND_MEMORY);
    send_to(&a, 1, 1);
    g_assert_false(nic_has_sent(&a));
    g_assert_cmpuint(block_readl(qts, 0, VSDI_BLK_DMA_COUNT), ==, 0);
    g_assert_cmpuint(block_readl(qts, 0, VSDI_BLK_DROP_COUNT), >, 0);
    g_assert_true(status_of(qts, 0) & VIRTIO_CONFIG_S_NEEDS_RESET);
    qtest_quit(qts);
}

/* A RID past the window of the bridge does not get through */
static void test_window(void)
{
    QTestState *qts = vsdi_new("sdi-offset=0x300");
    Nic a = nic_new(qts, 0);

    send_to(&a, 1, 1);
    g_assert_true(nic_has_sent(&a));
    set_buses(qts, 1, 3);
    send_to(&a, 1, 1);
    g_assert_false(nic_has_sent(&a));
    g_assert_cmpuint(block_readl(qts, 0, VSDI_BLK_DROP_COUNT), >, 0);
    qtest_quit(qts);
}

/* Faults on purpose */

static void test_dma_as_pf(void)
{
    QTestState *qts = vtd_machine("x-sdi-dma-as-pf=on");
    Nic a = vtd_nic(qts, 5);

    vtd_map_pages(qts, 0x205, 1, a.mem, NIC_PAGES);
    send_to(&a, 6, 1);
    g_assert_false(nic_has_sent(&a));
    g_assert_cmphex(vtd_fault(qts), ==, PF_RID);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_FORGED), >, 0);
    qtest_quit(qts);
}

static void test_msi_as_pf(void)
{
    QTestState *qts = vsdi_new("x-msi-as-pf=on");
    Nic a = nic_new(qts, 0);

    qtest_memset(qts, MSG, 0, 4);
    vsdi_message(qts, 0, 2, MSG, 0x99, false);
    send_to(&a, 1, 1);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmphex(qtest_readl(qts, MSG), ==, 0x99);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_FORGED), ==, 1);
    qtest_quit(qts);
}

static void test_reset_hangs(void)
{
    QTestState *qts = vsdi_new("x-reset-hang-at=1");
    const uint32_t reset = VSDI_BLK_CTRL_ENABLE | VSDI_BLK_CTRL_RESET;

    nic_new(qts, 0);
    vsdi_enable(qts, 1);
    common_writeb(qts, vsdi_page(1), VIRTIO_PCI_COMMON_STATUS, 3);
    common_writeb(qts, vsdi_page(1), VIRTIO_PCI_COMMON_STATUS, 0);
    g_assert_cmphex(status_of(qts, 1), ==, 3);
    block_writel(qts, 1, VSDI_BLK_CTRL, reset);
    qtest_clock_step(qts, 10000 * (int64_t)MS);
    g_assert_cmphex(block_readl(qts, 1, VSDI_BLK_CTRL), ==, reset);
    g_assert_cmphex(block_readl(qts, 1, VSDI_BLK_STATUS), ==,
                    VSDI_BLK_STATUS_ENABLED | VSDI_BLK_STATUS_CHANGING);
    g_assert_cmphex(status_of(qts, 1), ==, 0xff);
    block_writel(qts, 1, VSDI_BLK_CTRL, reset);
    g_assert_cmpuint(block_error(qts, 1), ==, VSDI_ERR_BUSY);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_TOO_EARLY), ==, 1);
    /* The others go on, and it can be given up */
    nic_start(qts, 0);
    block_writel(qts, 1, VSDI_BLK_CTRL, 0);
    g_assert_cmphex(block_readl(qts, 1, VSDI_BLK_STATUS), ==, 0);
    qtest_quit(qts);
}

static void test_enable_fails(void)
{
    QTestState *qts = vsdi_new("x-enable-fail-at=1");

    block_writel(qts, 1, VSDI_BLK_CTRL, VSDI_BLK_CTRL_ENABLE);
    g_assert_cmpuint(block_error(qts, 1), ==, VSDI_ERR_FAILED);
    g_assert_cmphex(block_readl(qts, 1, VSDI_BLK_CTRL), ==, 0);
    vsdi_enable(qts, 2);
    qtest_quit(qts);
}

static void test_slow(void)
{
    QTestState *qts = vsdi_new("x-enable-us=2000,x-reset-us=3000");
    const uint32_t on = VSDI_BLK_CTRL_ENABLE | VSDI_BLK_CTRL_MASTER;

    block_writel(qts, 0, VSDI_BLK_CTRL, on);
    g_assert_cmphex(block_readl(qts, 0, VSDI_BLK_STATUS), ==,
                    VSDI_BLK_STATUS_CHANGING);
    g_assert_cmphex(status_of(qts, 0), ==, 0xff);
    qtest_clock_step(qts, 2 * MS);
    g_assert_cmphex(block_readl(qts, 0, VSDI_BLK_STATUS), ==,
                    VSDI_BLK_STATUS_ENABLED);
    g_assert_cmphex(block_readl(qts, 0, VSDI_BLK_CTRL), ==, on);
    g_assert_cmphex(status_of(qts, 0), ==, 0);

    block_writel(qts, 0, VSDI_BLK_CTRL, VSDI_BLK_CTRL_ENABLE |
                 VSDI_BLK_CTRL_RESET);
    qtest_clock_step(qts, 2 * MS);
    g_assert_true(block_readl(qts, 0, VSDI_BLK_CTRL) & VSDI_BLK_CTRL_RESET);
    qtest_clock_step(qts, 1 * MS);
    g_assert_cmphex(block_readl(qts, 0, VSDI_BLK_CTRL), ==,
                    VSDI_BLK_CTRL_ENABLE);

    /* An enable that is taken back */
    block_writel(qts, 1, VSDI_BLK_CTRL, on);
    block_writel(qts, 1, VSDI_BLK_CTRL, 0);
    qtest_clock_step(qts, 5 * MS);
    g_assert_cmphex(block_readl(qts, 1, VSDI_BLK_STATUS), ==, 0);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_ENABLE), ==, 1);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SDI_RESET), ==, 1);
    qtest_quit(qts);
}

static void test_flr_keeps(void)
{
    QTestState *qts = vsdi_new("x-flr-keeps-sdis=on");

    vsdi_enable(qts, 0);
    vsdi_flr(qts);
    g_assert_cmpuint(hdr_readl(qts, VSDI_HDR_NUM_ENABLED), ==, 1);
    qtest_quit(qts);
}

/* Away with it while NICs have a driver and packets wait, and back */
static void test_unplug(void)
{
    QTestState *qts = vsdi_machine(MACHINE " -global ICH9-LPC."
        "acpi-pci-hotplug-with-bridge-support=off ", "",
        "-blockdev null-co,node-name=d0,size=1048576 "
        "-device virtio-blk-device,bus=pf.3,drive=d0");
    uint32_t sltctl = find_cap(qts, DEVFN_PORT, PCI_CAP_ID_EXP) +
                      PCI_EXP_SLTCTL;
    Nic a = nic_new(qts, 0), b = nic_new(qts, 20);

    nic_new(qts, 1);
    block_writel(qts, 1, VSDI_BLK_CTRL, 0);
    vsdi_enable(qts, 3);
    send_to(&a, 20, 1);
    g_assert_true(nic_has_sent(&a));
    assert_nothing(&b);
    qtest_qmp_device_del_send(qts, "pf");
    cfg_writew(qts, DEVFN_PORT, sltctl,
               PCI_EXP_SLTCTL_PIC | PCI_EXP_SLTCTL_PCC);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    g_assert_cmphex(cfg_readl(qts, PF_RID, 0), ==, 0xffffffff);
    qtest_clock_step(qts, 10 * MS);

    qtest_qmp_device_add(qts, "virtio-net-siov-pci", "pf",
                         "{'bus': 'rp0', 'netdev': 'net', 'romfile': '',"
                         " 'sdi-mac': '" BASE_MAC "'}");
    cfg_writew(qts, DEVFN_PORT, sltctl, PCI_EXP_SLTCTL_PWR_IND_ON);
    setup_function(qts, PF_RID);
    g_assert_cmphex(block_readl(qts, 3, VSDI_BLK_DEVICE) & VSDI_BLK_DEVICE_ID,
                    ==, VIRTIO_ID_NET);
    a = nic_new(qts, 0);
    b = nic_new(qts, 20);
    nic_give_buffers(&b, 1);
    send_to(&a, 20, 2);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmpint(nic_receive(&b), ==, 2);
    qtest_quit(qts);
}

/* A function that cannot be made takes nothing with it */
static void test_not_realized(void)
{
    QTestState *qts = vsdi_machine(MACHINE, "",
        "-netdev hubport,id=other,hubid=0 "
        "-device pcie-root-port,id=rp1,chassis=2,addr=2.0 ");
    static const char *const props[] = {
        "'bus': 'rp1', 'page-size': 5000",
        "'bus': 'rp1', 'sdi-vectors': 0",
        "'bus': 'rp1', 'vfs': 4, 'vf-offset': 0",
        "'bus': 'pcie.0', 'addr': '5'",
    };

    for (int i = 0; i < ARRAY_SIZE(props); i++) {
        g_autofree char *cmd = g_strdup_printf(
            "{'execute': 'device_add', 'arguments': {"
            "'driver': 'virtio-net-siov-pci', 'id': 'x', 'netdev': 'other',"
            "'romfile': '', %s}}", props[i]);
        QDict *rsp = qtest_qmp(qts, "%p", qobject_from_json(cmd, &error_abort));

        g_assert_true(qdict_haskey(rsp, "error"));
        qobject_unref(rsp);
    }
    qtest_qmp_device_add(qts, "virtio-net-siov-pci", "x",
                         "{'bus': 'rp1', 'netdev': 'other', 'romfile': ''}");
    nic_new(qts, 0);
    qtest_quit(qts);
}

void vsdi_add_fault_tests(void)
{
    if (qtest_has_device("intel-iommu")) {
        qtest_add_func("/virtio-siov/vtd", test_vtd);
        qtest_add_func("/virtio-siov/vtd-fault", test_vtd_fault);
        qtest_add_func("/virtio-siov/vtd-used-in-two-pages",
                       test_vtd_used_in_two_pages);
        qtest_add_func("/virtio-siov/dma-as-pf", test_dma_as_pf);
    }
    qtest_add_func("/virtio-siov/bus-master", test_bus_master);
    qtest_add_func("/virtio-siov/window", test_window);
    qtest_add_func("/virtio-siov/msi-as-pf", test_msi_as_pf);
    qtest_add_func("/virtio-siov/reset-hangs", test_reset_hangs);
    qtest_add_func("/virtio-siov/enable-fails", test_enable_fails);
    qtest_add_func("/virtio-siov/slow", test_slow);
    qtest_add_func("/virtio-siov/flr-keeps", test_flr_keeps);
    qtest_add_func("/virtio-siov/unplug", test_unplug);
    qtest_add_func("/virtio-siov/not-realized", test_not_realized);
}
