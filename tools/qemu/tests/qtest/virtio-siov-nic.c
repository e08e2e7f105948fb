/*
 * QTest testcase for virtio-net-siov-pci: NICs, the switch and other devices
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "standard-headers/linux/virtio_blk.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_ids.h"
#include "standard-headers/linux/virtio_pci.h"
#include "standard-headers/linux/virtio_ring.h"
#include "qobject/qdict.h"
#include "virtio-siov-test.h"

#define MSG             0x00300000ull   /* what messages write to */

static const uint8_t broadcast[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void send_to(Nic *from, uint32_t n, uint8_t tag)
{
    uint8_t mac[6];

    mac_of(n, mac);
    nic_send(from, mac, tag);
    g_assert_true(nic_has_sent(from));
}

/* Two NICs talk, and the third hears nothing of it */
static void test_unicast(void)
{
    QTestState *qts = vsdi_new("");
    Nic a = nic_new(qts, 0), b = nic_new(qts, 5), c = nic_new(qts, 63);

    nic_give_buffers(&a, 4);
    nic_give_buffers(&b, 4);
    nic_give_buffers(&c, 4);
    send_to(&a, 5, 0x11);
    g_assert_cmphex(nic_receive(&b), ==, 0x11);
    send_to(&b, 0, 0x22);
    g_assert_cmphex(nic_receive(&a), ==, 0x22);
    assert_nothing(&a);
    assert_nothing(&b);
    assert_nothing(&c);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SWITCH_IN), ==, 2);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SWITCH_OUT), ==, 2);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_DROP), ==, 0);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_CFG_SDI), ==, 0);
    qtest_quit(qts);
}

static void test_broadcast(void)
{
    QTestState *qts = vsdi_new("");
    Nic a = nic_new(qts, 0), b = nic_new(qts, 1), c = nic_new(qts, 2);

    nic_give_buffers(&a, 4);
    nic_give_buffers(&b, 4);
    nic_give_buffers(&c, 4);
    nic_send(&a, broadcast, 0x33);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmphex(nic_receive(&b), ==, 0x33);
    g_assert_cmphex(nic_receive(&c), ==, 0x33);
    assert_nothing(&a);
    /* The uplink's waits, as nobody else is on the hub; the PF has none */
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SWITCH_OUT), ==, 2);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SWITCH_HELD), ==, 1);
    qtest_quit(qts);
}

/* Another function with SDIs on the same network: out here and in there */
static void test_uplink(void)
{
    QTestState *qts = vsdi_machine(MACHINE, "",
        "-netdev hubport,id=other,hubid=0 "
        "-device pcie-root-port,id=rp1,chassis=2,addr=2.0 "
        "-device virtio-net-siov-pci,bus=rp1,netdev=other,romfile=");
    const uint8_t stranger[] = { 0x52, 0x54, 0, 9, 9, 9 };
    Nic a = nic_new(qts, 0), b = nic_new(qts, 1);

    nic_give_buffers(&b, 4);
    nic_send(&a, stranger, 0x44);
    g_assert_true(nic_has_sent(&a));
    assert_nothing(&b);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SWITCH_OUT), ==, 1);
    qtest_quit(qts);
}

#ifdef CONFIG_SLIRP
/* Who has 10.0.2.2? The user-mode network has, and says so to who asks */
static void test_outside(void)
{
    QTestState *qts = vsdi_machine(MACHINE, "", "-netdev user,id=out "
                                   "-netdev hubport,id=hub,hubid=0,netdev=out");
    Nic a = nic_new(qts, 0), b = nic_new(qts, 1);
    uint8_t packet[PACKET] = {
        [12] = 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 6, 4, 0, 1,
        [28] = 10, 0, 2, 15,
        [38] = 10, 0, 2, 2,
    };

    memset(packet, 0xff, 6);
    mac_of(0, packet + 6);
    mac_of(0, packet + 22);
    nic_give_buffers(&a, 4);
    nic_give_buffers(&b, 4);
    nic_send_packet(&a, packet);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmpint(nic_receive(&a), ==, 0);
    qtest_memread(qts, rx_buffer(&a, 0) + NET_HDR, packet, PACKET);
    g_assert_cmpuint(packet[21], ==, 2);        /* a reply */
    g_assert_cmphex(ldl_be_p(packet + 28), ==, 0x0a000202);
    /* The question has come to all, the answer to one */
    g_assert_cmpint(nic_receive(&b), ==, 0);
    assert_nothing(&b);
    qtest_quit(qts);
}
#endif

/* Let one of two root ports forward, so both functions can have our BARs */
static void use_port(QTestState *qts, uint8_t devfn, uint8_t other, uint8_t bus)
{
    cfg_writew(qts, other, PCI_COMMAND, PCI_COMMAND_MASTER);
    setup_bridge(qts, devfn, 0, bus, bus);
    setup_function(qts, bus << 8);
}

/* Two functions have nothing to do with each other, even without names */
static void test_two_functions(void)
{
    QTestState *qts = qtest_init(MACHINE
        "-device pcie-root-port,id=rp0,chassis=1,addr=1.0 "
        "-device pcie-root-port,id=rp1,chassis=2,addr=2.0 "
        "-device virtio-net-siov-pci,bus=rp0,romfile=,sdi-mac=" BASE_MAC " "
        "-device virtio-net-siov-pci,bus=rp1,romfile=,sdi-mac=" BASE_MAC);
    const uint8_t rp0 = PCI_DEVFN(1, 0), rp1 = PCI_DEVFN(2, 0);
    Nic a, b;

    enable_ecam(qts);
    use_port(qts, rp1, rp0, 2);
    a = nic_new(qts, 0);
    b = nic_new(qts, 5);
    nic_give_buffers(&b, 4);

    use_port(qts, rp0, rp1, 1);
    vsdi_enable(qts, 5);
    block_writel(qts, 5, VSDI_BLK_CTRL, 0);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_DISABLE), ==, 1);

    use_port(qts, rp1, rp0, 2);
    send_to(&a, 5, 0x31);
    g_assert_cmphex(nic_receive(&b), ==, 0x31);
    qtest_quit(qts);
}

/* Packets wait for a buffer, in order, and none is lost */
static void test_held(void)
{
    QTestState *qts = vsdi_new("");
    Nic a = nic_new(qts, 0), b = nic_new(qts, 1);

    for (int i = 0; i < 12; i++) {
        send_to(&a, 1, i);
    }
    assert_nothing(&b);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SWITCH_HELD), ==, 12);
    nic_give_buffers(&b, 4);
    for (int i = 0; i < 4; i++) {
        g_assert_cmpint(nic_receive(&b), ==, i);
    }
    assert_nothing(&b);
    nic_give_buffers(&b, 12);
    for (int i = 4; i < 12; i++) {
        g_assert_cmpint(nic_receive(&b), ==, i);
    }
    assert_nothing(&b);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SWITCH_OUT), ==, 12);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SWITCH_DROP), ==, 0);
    qtest_quit(qts);
}

static void test_overflow(void)
{
    QTestState *qts = vsdi_new("queue-len=3");
    Nic a = nic_new(qts, 0), b = nic_new(qts, 1);

    for (int i = 0; i < 5; i++) {
        send_to(&a, 1, i);
    }
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SWITCH_HELD), ==, 3);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SWITCH_DROP), ==, 2);
    nic_give_buffers(&b, 8);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(nic_receive(&b), ==, i);
    }
    assert_nothing(&b);
    /* There is room again */
    send_to(&a, 1, 0x55);
    g_assert_cmphex(nic_receive(&b), ==, 0x55);
    qtest_quit(qts);
}

/* What waited for the last owner of an SDI is not for the next one */
static void test_held_reset(void)
{
    QTestState *qts = vsdi_new("");
    Nic a = nic_new(qts, 0), b = nic_new(qts, 1);

    send_to(&a, 1, 0x66);
    block_writel(qts, 1, VSDI_BLK_CTRL,
                 VSDI_BLK_CTRL_ENABLE | VSDI_BLK_CTRL_RESET);
    block_writel(qts, 1, VSDI_BLK_CTRL,
                 VSDI_BLK_CTRL_ENABLE | VSDI_BLK_CTRL_MASTER);
    b = nic_start(qts, 1);
    nic_give_buffers(&b, 4);
    assert_nothing(&b);

    /* The same if it was disabled and another one comes */
    block_writel(qts, 1, VSDI_BLK_CTRL, 0);
    b = nic_new(qts, 1);
    send_to(&a, 1, 0x67);
    block_writel(qts, 1, VSDI_BLK_CTRL, 0);
    b = nic_new(qts, 1);
    nic_give_buffers(&b, 4);
    assert_nothing(&b);
    send_to(&a, 1, 0x68);
    g_assert_cmphex(nic_receive(&b), ==, 0x68);
    qtest_quit(qts);
}

/* NICs come and go while two others talk */
static void test_churn(void)
{
    QTestState *qts = vsdi_new("");
    Nic a = nic_new(qts, 0), b = nic_new(qts, 1);

    for (int i = 0; i < 100; i++) {
        nic_new(qts, 2 + i % 62);
        nic_give_buffers(&b, 1);
        send_to(&a, 1, i);
        g_assert_cmpint(nic_receive(&b), ==, i);
        if (i >= 30) {
            block_writel(qts, 2 + (i - 30) % 62, VSDI_BLK_CTRL, 0);
        }
    }
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_SWITCH_DROP), ==, 0);
    g_assert_cmpuint(hdr_readl(qts, VSDI_HDR_NUM_ENABLED), ==, 32);
    qtest_quit(qts);
}

/* Messages */

static void test_messages(void)
{
    QTestState *qts = vsdi_new("");
    Nic a = nic_new(qts, 0), b = nic_new(qts, 1);

    qtest_memset(qts, MSG, 0, 16);
    vsdi_message(qts, 1, 1, MSG, 0x1111, false);
    vsdi_message(qts, 1, 2, MSG + 4, 0x2222, true);
    nic_give_buffers(&b, 4);
    send_to(&a, 1, 1);
    g_assert_cmphex(qtest_readl(qts, MSG), ==, 0x1111);
    g_assert_cmpuint(qtest_readb(qts, b.page + VSDI_PG_ISR), ==, 1);
    g_assert_cmpuint(qtest_readb(qts, b.page + VSDI_PG_ISR), ==, 0);
    g_assert_cmpuint(block_readl(qts, 1, VSDI_BLK_MSI_COUNT), ==, 1);

    /* Masked: it waits, and comes once */
    send_to(&b, 0, 2);
    g_assert_cmphex(qtest_readl(qts, MSG + 4), ==, 0);
    g_assert_cmphex(block_readl(qts, 1, VSDI_BLK_MSG(2) + VSDI_MSG_CTRL), ==,
                    VSDI_MSG_CTRL_MASK | VSDI_MSG_CTRL_PENDING);
    block_writel(qts, 1, VSDI_BLK_MSG(2) + VSDI_MSG_CTRL, 0);
    g_assert_cmphex(qtest_readl(qts, MSG + 4), ==, 0x2222);
    g_assert_cmphex(block_readl(qts, 1, VSDI_BLK_MSG(2) + VSDI_MSG_CTRL), ==,
                    0);
    g_assert_cmpuint(block_readl(qts, 1, VSDI_BLK_MSI_COUNT), ==, 2);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_MSI), ==, 2);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_MSI_HELD), >=, 1);
    qtest_quit(qts);
}

/* Without MASTER nothing is taken, and nothing is lost for good */
static void test_master(void)
{
    QTestState *qts = vsdi_new("");
    Nic a = nic_new(qts, 0), b = nic_new(qts, 1);
    uint8_t mac[6];

    nic_give_buffers(&b, 4);
    block_writel(qts, 0, VSDI_BLK_CTRL, VSDI_BLK_CTRL_ENABLE);
    mac_of(1, mac);
    nic_send(&a, mac, 0x77);
    g_assert_false(nic_has_sent(&a));
    assert_nothing(&b);
    g_assert_cmpuint(block_readl(qts, 0, VSDI_BLK_DMA_COUNT), ==, 0);
    block_writel(qts, 0, VSDI_BLK_CTRL,
                 VSDI_BLK_CTRL_ENABLE | VSDI_BLK_CTRL_MASTER);
    ring(&a, TX);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmphex(nic_receive(&b), ==, 0x77);
    qtest_quit(qts);
}

static void test_queue_reset(void)
{
    QTestState *qts = vsdi_new("");
    Nic a = nic_new(qts, 0), b = nic_new(qts, 1);
    Nic again = b;

    nic_give_buffers(&b, 4);
    common_writew(qts, b.page, VIRTIO_PCI_COMMON_Q_SELECT, RX);
    common_writew(qts, b.page, VIRTIO_PCI_COMMON_Q_RESET, 1);
    g_assert_cmpuint(common_readw(qts, b.page, VIRTIO_PCI_COMMON_Q_RESET), ==,
                     0);
    g_assert_cmpuint(common_readw(qts, b.page, VIRTIO_PCI_COMMON_Q_ENABLE), ==,
                     0);
    send_to(&a, 1, 0x78);
    assert_nothing(&b);
    setup_queue(&again, RX, 1);
    nic_give_buffers(&again, 4);
    send_to(&a, 1, 0x79);
    g_assert_cmphex(nic_receive(&again), ==, 0x78);
    g_assert_cmphex(nic_receive(&again), ==, 0x79);
    qtest_quit(qts);
}

/* Other devices */

void blk_submit(Nic *disk, uint64_t sector)
{
    const uint64_t base = disk->mem;
    const uint64_t req = disk->mem + 0x6000;
    static const struct {
        uint32_t offset, len;
        uint16_t flags;
    } desc[] = {
        { 0, 16, VRING_DESC_F_NEXT },
        { 0x100, 512, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE },
        { 0x400, 1, VRING_DESC_F_WRITE },
    };

    qtest_memset(disk->qts, req, 0xa5, 0x500);
    qtest_writel(disk->qts, req, VIRTIO_BLK_T_IN);
    qtest_writel(disk->qts, req + 4, 0);
    qtest_writeq(disk->qts, req + 8, sector);
    for (int i = 0; i < 3; i++) {
        qtest_writeq(disk->qts, base + 16 * i, req + desc[i].offset);
        qtest_writel(disk->qts, base + 16 * i + 8, desc[i].len);
        qtest_writew(disk->qts, base + 16 * i + 12, desc[i].flags);
        qtest_writew(disk->qts, base + 16 * i + 14, i + 1);
    }
    qtest_writew(disk->qts, base + 0x1000 + 4, 0);
    qtest_writew(disk->qts, base + 0x1000 + 2, 1);
    ring(disk, 0);
}

void blk_finish(Nic *disk)
{
    const uint64_t used = disk->mem + 0x2002;
    const uint64_t req = disk->mem + 0x6000;

    for (int i = 0; i < 1000 && !qtest_readw(disk->qts, used); i++) {
        g_usleep(1000);
    }
    g_assert_cmpuint(qtest_readw(disk->qts, used), ==, 1);
    g_assert_cmpuint(qtest_readb(disk->qts, req + 0x400), ==, VIRTIO_BLK_S_OK);
    g_assert_cmphex(qtest_readl(disk->qts, req + 0x100), ==, 0);
}

/* A disk in the place of a NIC, and a NIC beside it */
static void test_blk(void)
{
    QTestState *qts = vsdi_machine(MACHINE, "",
        "-blockdev null-co,node-name=d0,size=1048576,read-zeroes=on "
        "-device virtio-blk-device,bus=pf.3,drive=d0");
    Nic disk = { .qts = qts, .n = 3, .page = vsdi_page(3), .mem = 0x02000000 };
    uint8_t status;

    disk.bus = disk.mem;
    g_assert_cmphex(block_readl(qts, 3, VSDI_BLK_DEVICE), ==,
                    1 << VSDI_BLK_DEVICE_QUEUES_SHIFT | VIRTIO_ID_BLOCK);
    g_assert_cmpuint(block_readl(qts, 3, VSDI_BLK_VECTORS), ==, 2);
    vsdi_enable(qts, 3);
    g_assert_true(features_of(qts, disk.page) &
                  BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
    g_assert_cmpuint(qtest_readl(qts, disk.page + VSDI_PG_DEVICE), ==, 2048);
    status = negotiate(qts, disk.page, BIT_ULL(VIRTIO_F_VERSION_1) |
                       BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
    qtest_memset(qts, MSG, 0, 16);
    vsdi_message(qts, 3, 1, MSG, 0x1234, false);
    setup_queue(&disk, 0, 1);
    common_writeb(qts, disk.page, VIRTIO_PCI_COMMON_STATUS,
                  status | VIRTIO_CONFIG_S_DRIVER_OK);
    blk_submit(&disk, 1);
    blk_finish(&disk);
    g_assert_cmphex(qtest_readl(qts, MSG), ==, 0x1234);
    g_assert_cmpuint(block_readl(qts, 3, VSDI_BLK_DMA_COUNT), >, 0);

    /* It is still there after its owner has gone */
    block_writel(qts, 3, VSDI_BLK_CTRL, 0);
    vsdi_enable(qts, 3);
    g_assert_cmpuint(qtest_readl(qts, disk.page + VSDI_PG_DEVICE), ==, 2048);
    nic_new(qts, 4);
    qtest_quit(qts);
}

/* A bus takes one device, and only while its SDI is not in use */
static void test_plug(void)
{
    QTestState *qts = vsdi_machine(MACHINE, "x-enable-us=1000",
        "-object rng-builtin,id=rng0 -object rng-builtin,id=rng1");
    const uint32_t enable = VSDI_BLK_CTRL_ENABLE;
    QDict *rsp;

    block_writel(qts, 0, VSDI_BLK_CTRL, enable);
    rsp = qtest_qmp(qts, "{'execute': 'device_add', 'arguments': {"
                    "'driver': 'virtio-rng-device', 'bus': 'pf.0',"
                    "'rng': 'rng0', 'id': 'r'}}");
    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
    qtest_qmp_device_add(qts, "virtio-rng-device", "r",
                         "{'bus': 'pf.1', 'rng': 'rng1'}");
    g_assert_cmphex(block_readl(qts, 1, VSDI_BLK_DEVICE), ==,
                    1 << VSDI_BLK_DEVICE_QUEUES_SHIFT | VIRTIO_ID_RNG);
    block_writel(qts, 1, VSDI_BLK_CTRL, enable);
    qtest_clock_step(qts, MS);
    g_assert_cmphex(common_readb(qts, vsdi_page(1), VIRTIO_PCI_COMMON_STATUS),
                    ==, 0);
    rsp = qtest_qmp(qts, "{'execute': 'device_del', 'arguments': {"
                    "'id': 'r'}}");
    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
    block_writel(qts, 1, VSDI_BLK_CTRL, 0);
    qtest_qmp_assert_success(qts, "{'execute': 'device_del', 'arguments': {"
                             "'id': 'r'}}");
    g_assert_cmphex(block_readl(qts, 1, VSDI_BLK_DEVICE), ==,
                    3 << VSDI_BLK_DEVICE_QUEUES_SHIFT | VIRTIO_ID_NET);
    qtest_quit(qts);
}

void vsdi_add_nic_tests(void)
{
    qtest_add_func("/virtio-siov/unicast", test_unicast);
    qtest_add_func("/virtio-siov/broadcast", test_broadcast);
    qtest_add_func("/virtio-siov/uplink", test_uplink);
#ifdef CONFIG_SLIRP
    qtest_add_func("/virtio-siov/outside", test_outside);
#endif
    qtest_add_func("/virtio-siov/two-functions", test_two_functions);
    qtest_add_func("/virtio-siov/held", test_held);
    qtest_add_func("/virtio-siov/overflow", test_overflow);
    qtest_add_func("/virtio-siov/held-reset", test_held_reset);
    qtest_add_func("/virtio-siov/churn", test_churn);
    qtest_add_func("/virtio-siov/messages", test_messages);
    qtest_add_func("/virtio-siov/master", test_master);
    qtest_add_func("/virtio-siov/queue-reset", test_queue_reset);
    qtest_add_func("/virtio-siov/blk", test_blk);
    qtest_add_func("/virtio-siov/plug", test_plug);
}
