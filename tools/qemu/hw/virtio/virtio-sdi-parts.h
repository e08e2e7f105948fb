/*
 * virtio-net with Scalable Device Interfaces: the parts of an SDI
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VIRTIO_SDI_PARTS_H
#define HW_VIRTIO_SDI_PARTS_H

#include "virtio-sdi.h"

/* Types of parts, virtio 1.4, and of those of a NIC */
#define VIRTIO_DEV_PART_DEV_FEATURES    0x100
#define VIRTIO_DEV_PART_DRV_FEATURES    0x101
#define VIRTIO_DEV_PART_PCI_COMMON_CFG  0x102
#define VIRTIO_DEV_PART_DEVICE_STATUS   0x103
#define VIRTIO_DEV_PART_VQ_CFG          0x104
#define VIRTIO_DEV_PART_VQ_NOTIFY_CFG   0x105
#define VIRTIO_NET_DEV_PART_CVQ_CFG     0x200

/* Provisional: virtio 1.4 has the name, and no number and no layout */
#define VIRTIO_SDI_PART_DEV_CFG         0x1f8

#define VIRTIO_SDI_NUM_RX_MODES         6

/* What a full table of addresses and one of VLANs add to empty ones */
#define VIRTIO_SDI_NET_PARTS_GROW       (MAC_TABLE_ENTRIES * ETH_ALEN + \
                                         MAX_VLAN * sizeof(uint16_t))

/**
 * struct VirtIOSDINetState - what the control queue of a NIC has been told
 * @mac: address of the NIC
 * @mode: VIRTIO_NET_CTRL_RX_*
 * @macs: addresses that it receives, unicast ones first
 * @num_macs: number of those
 * @first_multi: number of unicast ones
 * @vlans: a bit for each VLAN
 */
typedef struct VirtIOSDINetState {
    uint8_t mac[ETH_ALEN];
    uint8_t mode[VIRTIO_SDI_NUM_RX_MODES];
    uint8_t macs[MAC_TABLE_ENTRIES][ETH_ALEN];
    uint32_t num_macs;
    uint32_t first_multi;
    uint32_t vlans[MAX_VLAN / 32];
} VirtIOSDINetState;

typedef struct VirtIOSDIPartQueue {
    VirtIOSDIQueue ring;
    uint16_t vector;
    uint16_t max;
} VirtIOSDIPartQueue;

/**
 * struct VirtIOSDIState - state of an SDI
 * @offered: features that the device has
 * @allowed: and those that only a legacy driver is offered
 * @features: features that the driver has accepted
 * @dfselect: device_feature_select
 * @gfselect: driver_feature_select
 * @config_vector: config_msix_vector
 * @queue_select: queue_select
 * @generation: config_generation
 * @status: device_status
 * @num_vectors: messages that there are
 * @num_queues: number of queues
 * @queue: queues, those with a max of 0 do not exist
 * @is_net: it is a NIC
 * @net: state of the NIC
 * @is_blk: it is a disk
 * @writeback: whether the disk has a write cache
 */
typedef struct VirtIOSDIState {
    uint64_t offered;
    uint64_t allowed;
    uint64_t features;
    uint32_t dfselect;
    uint32_t gfselect;
    uint16_t config_vector;
    uint16_t queue_select;
    uint8_t generation;
    uint8_t status;
    uint32_t num_vectors;
    uint32_t num_queues;
    VirtIOSDIPartQueue queue[VIRTIO_SDI_MAX_QUEUES];
    bool is_net;
    VirtIOSDINetState net;
    bool is_blk;
    uint8_t writeback;
} VirtIOSDIState;

void virtio_sdi_add_part(GByteArray *parts, uint16_t type, uint8_t flags,
                         uint64_t selector, const void *value, uint32_t len);

/* virtio-sdi-parts-net.c: those of a NIC */

void virtio_sdi_net_save(const VirtIONet *n, VirtIOSDINetState *s);
void virtio_sdi_net_load(VirtIONet *n, const VirtIOSDINetState *s);
void virtio_sdi_net_write(const VirtIOSDINetState *s, GByteArray *parts);
bool virtio_sdi_net_read(VirtIOSDINetState *s, uint64_t selector,
                         const uint8_t *value, uint32_t len);

/* virtio-sdi-parts-blk.c: that of a disk */

void virtio_sdi_blk_save(VirtIODevice *vdev, VirtIOSDIState *s);
void virtio_sdi_blk_load(VirtIODevice *vdev, const VirtIOSDIState *s);
void virtio_sdi_blk_write(const VirtIOSDIState *s, GByteArray *parts);
bool virtio_sdi_blk_read(VirtIOSDIState *s, uint64_t selector,
                         const uint8_t *value, uint32_t len);

#endif /* HW_VIRTIO_SDI_PARTS_H */
