/*
 * QTest testcase for virtio-net-siov-pci: the drivers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_pci.h"
#include "standard-headers/linux/virtio_ring.h"
#include "virtio-siov-test.h"

#define MEM             0x01000000ull
#define MEM_SIZE        0x10000
#define RING_BYTES      0x3000  /* descriptors, available and used ring */
#define TX_BUFFERS      0x6000
#define RX_BUFFERS      0x8000
#define BUFFER          0x100
#define NO_VECTOR       0xffff

/* The PF */

QTestState *vsdi_machine(const char *machine, const char *props,
                         const char *more)
{
    QTestState *qts = qtest_initf("%s " PORT
                                  "-netdev hubport,id=net,hubid=0 "
                                  "-device virtio-net-siov-pci,id=pf,bus=rp0,"
                                  "netdev=net,romfile=,sdi-mac=" BASE_MAC
                                  "%s%s %s", machine, *props ? "," : "", props,
                                  more);

    enable_ecam(qts);
    setup_port(qts);
    setup_function(qts, PF_RID);
    return qts;
}

QTestState *vsdi_new(const char *props)
{
    return vsdi_machine(MACHINE, props, "");
}

void vsdi_flr(QTestState *qts)
{
    uint8_t exp = find_cap(qts, PF_RID, PCI_CAP_ID_EXP);
    uint16_t val = cfg_readw(qts, PF_RID, exp + PCI_EXP_DEVCTL);

    cfg_writew(qts, PF_RID, exp + PCI_EXP_DEVCTL, val | PCI_EXP_DEVCTL_BCR_FLR);
    setup_function(qts, PF_RID);
}

uint32_t hdr_readl(QTestState *qts, uint32_t reg)
{
    return qtest_readl(qts, BAR_CTRL + reg);
}

uint64_t vsdi_counter(QTestState *qts, uint32_t n)
{
    return qtest_readq(qts, BAR_CTRL + VSDI_COUNTER(n));
}

static uint64_t block(QTestState *qts, uint32_t n)
{
    return BAR_CTRL + VSDI_BLOCKS + n * hdr_readl(qts, VSDI_HDR_CTRL_STRIDE);
}

uint32_t block_readl(QTestState *qts, uint32_t n, uint32_t reg)
{
    return qtest_readl(qts, block(qts, n) + reg);
}

void block_writel(QTestState *qts, uint32_t n, uint32_t reg, uint32_t val)
{
    qtest_writel(qts, block(qts, n) + reg, val);
}

uint32_t block_error(QTestState *qts, uint32_t n)
{
    return (block_readl(qts, n, VSDI_BLK_STATUS) & VSDI_BLK_STATUS_ERROR) >>
           VSDI_BLK_STATUS_ERROR_SHIFT;
}

void vsdi_enable(QTestState *qts, uint32_t n)
{
    block_writel(qts, n, VSDI_BLK_CTRL, VSDI_BLK_CTRL_ENABLE);
    g_assert_cmphex(block_readl(qts, n, VSDI_BLK_STATUS), ==,
                    VSDI_BLK_STATUS_ENABLED);
    block_writel(qts, n, VSDI_BLK_CTRL, VSDI_BLK_CTRL_ENABLE |
                 VSDI_BLK_CTRL_MASTER);
}

void vsdi_message(QTestState *qts, uint32_t n, uint32_t v, uint64_t addr,
                  uint32_t data, bool mask)
{
    block_writel(qts, n, VSDI_BLK_MSG(v) + VSDI_MSG_ADDR_LO, addr);
    block_writel(qts, n, VSDI_BLK_MSG(v) + VSDI_MSG_ADDR_HI, addr >> 32);
    block_writel(qts, n, VSDI_BLK_MSG(v) + VSDI_MSG_DATA, data);
    block_writel(qts, n, VSDI_BLK_MSG(v) + VSDI_MSG_CTRL, mask);
}

/* An SDI */

uint64_t vsdi_page(uint32_t n)
{
    return BAR_PAGES + (uint64_t)n * VSDI_PAGE_BYTES;
}

uint8_t common_readb(QTestState *qts, uint64_t page, uint32_t reg)
{
    return qtest_readb(qts, page + VSDI_PG_COMMON + reg);
}

uint16_t common_readw(QTestState *qts, uint64_t page, uint32_t reg)
{
    return qtest_readw(qts, page + VSDI_PG_COMMON + reg);
}

uint32_t common_readl(QTestState *qts, uint64_t page, uint32_t reg)
{
    return qtest_readl(qts, page + VSDI_PG_COMMON + reg);
}

void common_writeb(QTestState *qts, uint64_t page, uint32_t reg, uint8_t val)
{
    qtest_writeb(qts, page + VSDI_PG_COMMON + reg, val);
}

void common_writew(QTestState *qts, uint64_t page, uint32_t reg, uint16_t val)
{
    qtest_writew(qts, page + VSDI_PG_COMMON + reg, val);
}

void common_writel(QTestState *qts, uint64_t page, uint32_t reg, uint32_t val)
{
    qtest_writel(qts, page + VSDI_PG_COMMON + reg, val);
}

static void common_writeq(QTestState *qts, uint64_t page, uint32_t reg,
                          uint64_t val)
{
    common_writel(qts, page, reg, val);
    common_writel(qts, page, reg + 4, val >> 32);
}

uint64_t features_of(QTestState *qts, uint64_t page)
{
    uint64_t features;

    common_writel(qts, page, VIRTIO_PCI_COMMON_DFSELECT, 0);
    features = common_readl(qts, page, VIRTIO_PCI_COMMON_DF);
    common_writel(qts, page, VIRTIO_PCI_COMMON_DFSELECT, 1);
    return features |
           (uint64_t)common_readl(qts, page, VIRTIO_PCI_COMMON_DF) << 32;
}

uint8_t negotiate(QTestState *qts, uint64_t page, uint64_t features)
{
    const uint8_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

    common_writeb(qts, page, VIRTIO_PCI_COMMON_STATUS, 0);
    g_assert_cmphex(common_readb(qts, page, VIRTIO_PCI_COMMON_STATUS), ==, 0);
    common_writeb(qts, page, VIRTIO_PCI_COMMON_STATUS, status);
    common_writel(qts, page, VIRTIO_PCI_COMMON_GFSELECT, 0);
    common_writel(qts, page, VIRTIO_PCI_COMMON_GF, features);
    common_writel(qts, page, VIRTIO_PCI_COMMON_GFSELECT, 1);
    common_writel(qts, page, VIRTIO_PCI_COMMON_GF, features >> 32);
    common_writeb(qts, page, VIRTIO_PCI_COMMON_STATUS,
                  status | VIRTIO_CONFIG_S_FEATURES_OK);
    return common_readb(qts, page, VIRTIO_PCI_COMMON_STATUS);
}

void setup_queue(Nic *nic, uint16_t q, uint16_t vector)
{
    uint64_t base = nic->bus + q * RING_BYTES;
    QTestState *qts = nic->qts;

    qtest_memset(qts, nic->mem + q * RING_BYTES, 0, RING_BYTES);
    common_writew(qts, nic->page, VIRTIO_PCI_COMMON_Q_SELECT, q);
    common_writew(qts, nic->page, VIRTIO_PCI_COMMON_Q_SIZE, QUEUE_SIZE);
    common_writew(qts, nic->page, VIRTIO_PCI_COMMON_Q_MSIX, vector);
    common_writeq(qts, nic->page, VIRTIO_PCI_COMMON_Q_DESCLO, base);
    common_writeq(qts, nic->page, VIRTIO_PCI_COMMON_Q_AVAILLO, base + 0x1000);
    common_writeq(qts, nic->page, VIRTIO_PCI_COMMON_Q_USEDLO, base + 0x2000);
    common_writew(qts, nic->page, VIRTIO_PCI_COMMON_Q_ENABLE, 1);
}

void ring(Nic *nic, uint16_t q)
{
    qtest_writew(nic->qts, nic->page + VSDI_PG_NOTIFY +
                 q * VSDI_PG_NOTIFY_MULTIPLIER, q);
}

/* A NIC */

static uint64_t tx_buffer(const Nic *nic, int i)
{
    return nic->mem + TX_BUFFERS + i * BUFFER;
}

uint64_t rx_buffer(const Nic *nic, int i)
{
    return nic->mem + RX_BUFFERS + i * BUFFER;
}

Nic nic_start_page(QTestState *qts, uint32_t n, uint64_t page, uint64_t bus)
{
    Nic nic = {
        .qts = qts,
        .n = n,
        .page = page,
        .mem = MEM + n * MEM_SIZE,
    };
    uint8_t status;

    nic.bus = bus ? bus : nic.mem;
    status = negotiate(qts, nic.page, BIT_ULL(VIRTIO_F_VERSION_1) |
                       BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
    g_assert_true(status & VIRTIO_CONFIG_S_FEATURES_OK);
    common_writew(qts, nic.page, VIRTIO_PCI_COMMON_MSIX, 0);
    setup_queue(&nic, RX, 1);
    setup_queue(&nic, TX, 2);
    common_writeb(qts, nic.page, VIRTIO_PCI_COMMON_STATUS,
                  status | VIRTIO_CONFIG_S_DRIVER_OK);
    return nic;
}

Nic nic_start_at(QTestState *qts, uint32_t n, uint64_t bus)
{
    return nic_start_page(qts, n, vsdi_page(n), bus);
}

Nic nic_start(QTestState *qts, uint32_t n)
{
    return nic_start_at(qts, n, 0);
}

Nic nic_new(QTestState *qts, uint32_t n)
{
    vsdi_enable(qts, n);
    return nic_start(qts, n);
}

static void submit(Nic *nic, uint16_t q, uint64_t addr, uint32_t len,
                   uint16_t flags)
{
    uint64_t base = nic->mem + q * RING_BYTES;
    int i = nic->avail[q] % QUEUE_SIZE;

    qtest_writeq(nic->qts, base + 16 * i, addr - nic->mem + nic->bus);
    qtest_writel(nic->qts, base + 16 * i + 8, len);
    qtest_writew(nic->qts, base + 16 * i + 12, flags);
    qtest_writew(nic->qts, base + 0x1000 + 4 + 2 * i, i);
    qtest_writew(nic->qts, base + 0x1000 + 2, ++nic->avail[q]);
}

static bool is_used(Nic *nic, uint16_t q)
{
    uint64_t used = nic->mem + q * RING_BYTES + 0x2000;

    return qtest_readw(nic->qts, used + 2) != nic->used[q];
}

void nic_give_buffers(Nic *nic, int num)
{
    while (num--) {
        submit(nic, RX, rx_buffer(nic, nic->avail[RX] % QUEUE_SIZE), BUFFER,
               VRING_DESC_F_WRITE);
    }
    ring(nic, RX);
}

void mac_of(uint32_t n, uint8_t *mac)
{
    const uint8_t base[] = { 0x56, 0x54, 0x00, 0x00, 0x01, 0x00 };

    memcpy(mac, base, 6);
    mac[5] += n;
}

void nic_send_packet(Nic *nic, const uint8_t *packet)
{
    uint64_t buf = tx_buffer(nic, nic->avail[TX] % QUEUE_SIZE);

    qtest_memset(nic->qts, buf, 0, NET_HDR);
    qtest_memwrite(nic->qts, buf + NET_HDR, packet, PACKET);
    submit(nic, TX, buf, NET_HDR + PACKET, 0);
    ring(nic, TX);
}

/* A packet of zeroes, but for the addresses, and @tag behind them */
void nic_send(Nic *nic, const uint8_t *dst, uint8_t tag)
{
    uint8_t packet[PACKET] = { };

    memcpy(packet, dst, 6);
    mac_of(nic->n, packet + 6);
    packet[14] = tag;
    nic_send_packet(nic, packet);
}

bool nic_has_sent(Nic *nic)
{
    for (int i = 0; i < 1000 && !is_used(nic, TX); i++) {
        qtest_clock_step(nic->qts, MS);
    }
    if (!is_used(nic, TX)) {
        return false;
    }
    nic->used[TX]++;
    return true;
}

int nic_receive(Nic *nic)
{
    uint64_t used = nic->mem + RX * RING_BYTES + 0x2000;
    uint32_t id;

    if (!is_used(nic, RX)) {
        return -1;
    }
    id = qtest_readl(nic->qts, used + 4 + 8 * (nic->used[RX] % QUEUE_SIZE));
    nic->used[RX]++;
    return qtest_readb(nic->qts, rx_buffer(nic, id) + NET_HDR + 14);
}

void assert_nothing(Nic *nic)
{
    g_assert_false(is_used(nic, RX));
}
