/*
 * QTest testcase for virtio-net-siov-pci: a driver of the PF and one of an SDI
 *
 * The machine is that of siov-test. The driver of an SDI has its rings and its
 * buffers in memory of its own, one packet a buffer, and polls.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VIRTIO_SIOV_TEST_H
#define TESTS_VIRTIO_SIOV_TEST_H

#include "hw/virtio/virtio-net-siov-pci.h"
#include "siov-test.h"

#define BASE_MAC        "56:54:00:00:01:00"

#define QUEUE_SIZE      16
#define NET_HDR         12      /* struct virtio_net_hdr_v1 */
#define PACKET          64
#define RX              0
#define TX              1

/**
 * struct Nic - driver of one NIC
 * @qts: the machine
 * @n: index of the SDI
 * @page: its page
 * @mem: where its rings and buffers are
 * @bus: what the NIC takes for @mem
 * @avail: next entry of the available ring, for each queue
 * @used: entries of the used ring that were looked at
 */
typedef struct Nic {
    QTestState *qts;
    uint32_t n;
    uint64_t page;
    uint64_t mem;
    uint64_t bus;
    uint16_t avail[2];
    uint16_t used[2];
} Nic;

/* Of the PF */
QTestState *vsdi_machine(const char *machine, const char *props,
                         const char *more);
QTestState *vsdi_new(const char *props);
void vsdi_flr(QTestState *qts);
uint32_t hdr_readl(QTestState *qts, uint32_t reg);
uint64_t vsdi_counter(QTestState *qts, uint32_t n);
uint32_t block_readl(QTestState *qts, uint32_t n, uint32_t reg);
void block_writel(QTestState *qts, uint32_t n, uint32_t reg, uint32_t val);
uint32_t block_error(QTestState *qts, uint32_t n);
void vsdi_enable(QTestState *qts, uint32_t n);
void vsdi_message(QTestState *qts, uint32_t n, uint32_t v, uint64_t addr,
                  uint32_t data, bool mask);

/* Of an SDI */
uint64_t vsdi_page(uint32_t n);
uint8_t common_readb(QTestState *qts, uint64_t page, uint32_t reg);
uint16_t common_readw(QTestState *qts, uint64_t page, uint32_t reg);
uint32_t common_readl(QTestState *qts, uint64_t page, uint32_t reg);
void common_writeb(QTestState *qts, uint64_t page, uint32_t reg, uint8_t val);
void common_writew(QTestState *qts, uint64_t page, uint32_t reg, uint16_t val);
void common_writel(QTestState *qts, uint64_t page, uint32_t reg, uint32_t val);
uint64_t features_of(QTestState *qts, uint64_t page);
/* Returns device_status after FEATURES_OK was written */
uint8_t negotiate(QTestState *qts, uint64_t page, uint64_t features);
void setup_queue(Nic *nic, uint16_t q, uint16_t vector);
void ring(Nic *nic, uint16_t q);

/* Of a NIC */
uint64_t rx_buffer(const Nic *nic, int i);
/* @n counts for its address and its memory */
Nic nic_start_page(QTestState *qts, uint32_t n, uint64_t page, uint64_t bus);
Nic nic_start_at(QTestState *qts, uint32_t n, uint64_t bus);
Nic nic_start(QTestState *qts, uint32_t n);
Nic nic_new(QTestState *qts, uint32_t n);
void nic_give_buffers(Nic *nic, int num);
/* @packet has PACKET bytes */
void nic_send_packet(Nic *nic, const uint8_t *packet);
void nic_send(Nic *nic, const uint8_t *dst, uint8_t tag);
bool nic_has_sent(Nic *nic);
/* The tag of the next packet that has come, or -1 */
int nic_receive(Nic *nic);
/* No packet has come */
void assert_nothing(Nic *nic);
void mac_of(uint32_t n, uint8_t *mac);

/* The administration queue, without a delay; see virtio-siov-parts.c */
#define ADMIN_RING      0x00700000ull
#define ADMIN_ANSWER    (ADMIN_RING + 0x8000)

void pf_start(QTestState *qts);
/* Returns status and qualifier; the result is at ADMIN_ANSWER + 8 */
uint32_t command(QTestState *qts, uint16_t opcode, uint16_t group,
                 uint64_t member, const void *data, size_t len, size_t room);
/* Bytes of it */
uint32_t result_len(void);
/* Agree to all commands that a group has */
void use_group(QTestState *qts, uint16_t group);

/* A disk: read a sector of zeroes, by the first request of its queue */
void blk_submit(Nic *disk, uint64_t sector);
void blk_finish(Nic *disk);

void vsdi_add_register_tests(void);
void vsdi_add_nic_tests(void);
void vsdi_add_fault_tests(void);
void vsdi_add_parts_tests(void);
void vsdi_add_vf_tests(void);

#endif /* TESTS_VIRTIO_SIOV_TEST_H */
