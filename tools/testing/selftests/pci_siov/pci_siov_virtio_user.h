/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small driver of virtio PCI devices in user space, over VFIO: memory and queues, for
 * whatever registers there are, and the registers of a modern device
 *
 * It knows what virtio 1.4 says and nothing of SDIs: it finds the registers as a
 * guest does, by capabilities. Byte order is that of the machine, little endian.
 */
#ifndef PCI_SIOV_VIRTIO_USER_H
#define PCI_SIOV_VIRTIO_USER_H

#include <stddef.h>

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#include "pci_siov_vfio.h"

#define VIRTIO_VFIO_DRIVER	"virtio-vfio-siov"
#define VIRTIO_VENDOR		0x1af4
#define VIRTIO_DEVICE(type)	(0x1040 + (type))
#define MAX_CFG_TYPE		VIRTIO_PCI_CAP_PCI_CFG
#define NO_VECTOR		0xffff
#define MAX_QUEUES		3

#define BIT64(n)		(1ULL << (n))
#define MUST_HAVE		(BIT64(VIRTIO_F_VERSION_1) | \
				 BIT64(VIRTIO_F_ACCESS_PLATFORM))

/* A legacy device says how large its queues are. Of those no more is used */
#define QUEUE_SIZE		16
#define MAX_QUEUE_SIZE		1024
/* Memory of a device: its queues, with room for the largest, and its buffers */
#define QUEUE_BYTES		(8 * PAGE)
#define AVAIL_OFFSET		PAGE
#define USED_OFFSET		(2 * PAGE)
#define BUFFERS_OFFSET		(MAX_QUEUES * QUEUE_BYTES)
#define VIRTIO_BUFFER_SIZE	2048
/* Of the queue @q, descriptor @i */
#define BUFFER_OFFSET(q, i)	(BUFFERS_OFFSET + \
				 ((q) * QUEUE_SIZE + (i)) * VIRTIO_BUFFER_SIZE)
/* Nothing of the device is in there: whoever writes it is wrong */
#define GUARD_OFFSET		BUFFER_OFFSET(MAX_QUEUES, 0)
#define GUARD_SIZE		PAGE
#define MEMORY_SIZE		(GUARD_OFFSET + GUARD_SIZE)
#define GUARD_BYTE		0x5a

/* What a capability says of a structure; @cap is 0 if there is none */
struct place {
	unsigned int cap;
	unsigned int bar;
	uint32_t offset;
	uint32_t length;
};

struct queue {
	struct vring vring;
	uint16_t seen;
	uint16_t notify_off;
};

struct virtio;

/* By which registers a device is driven, and what differs with them */
struct transport {
	/* Features that have to be accepted */
	uint64_t must_have;
	/* Bytes before a packet, and whether they need a descriptor of their own */
	unsigned int net_header;
	bool header_apart;
	/* From a reset to where queues can be set up. -EPROTO: not with these features */
	int (*negotiate)(const struct virtio *v, uint64_t features);
	/* A byte of the configuration of the type of device */
	uint8_t (*config)(const struct virtio *v, unsigned int offset);
	int (*setup_queue)(struct virtio *v, unsigned int n, uint16_t vector);
	void (*set_config_vector)(const struct virtio *v, uint16_t vector);
	void (*add_status)(const struct virtio *v, uint8_t bits);
	int (*notify)(const struct virtio *v, unsigned int n);
	/* Nothing of an earlier owner is left */
	bool (*is_as_new)(const struct virtio *v);
};

struct virtio {
	struct user user;
	const struct transport *transport;
	/* Of a legacy device */
	bool msix;
	/* Of a modern one */
	struct place place[MAX_CFG_TYPE + 1];
	uint32_t multiplier;
	uint8_t *bar;
	uint64_t bar_size;
	uint8_t *mem;
	uint64_t iova;
	struct queue queue[MAX_QUEUES];
};

/* One access each: the device writes there, too, and reads have effects */
#define get(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define put(p, val)	__atomic_store_n(p, val, __ATOMIC_RELAXED)

/* ---- Whatever the registers are ---- */

static inline int negotiate(const struct virtio *v, uint64_t features)
{
	return v->transport->negotiate(v, features);
}

static inline int setup_queue(struct virtio *v, unsigned int n, uint16_t vector)
{
	return v->transport->setup_queue(v, n, vector);
}

static inline void add_status(const struct virtio *v, uint8_t bits)
{
	v->transport->add_status(v, bits);
}

static inline int notify(const struct virtio *v, unsigned int n)
{
	return v->transport->notify(v, n);
}

static inline bool is_as_new(const struct virtio *v)
{
	return v->transport->is_as_new(v);
}

/* ---- Memory ---- */

/* What the device may use is at @iova */
static inline int map_memory(struct virtio *v, uint64_t iova)
{
	v->iova = iova;
	v->mem = user_dma_map(&v->user, iova, MEMORY_SIZE);
	if (!v->mem)
		return -ENOMEM;

	memset(v->mem + GUARD_OFFSET, GUARD_BYTE, GUARD_SIZE);
	return 0;
}

static inline bool guard_is_intact(const struct virtio *v)
{
	unsigned int i;

	for (i = 0; i < GUARD_SIZE; i++)
		if (v->mem[GUARD_OFFSET + i] != GUARD_BYTE)
			return false;

	return true;
}

/* ---- Queues ---- */

static inline void set_desc(struct virtio *v, unsigned int n, unsigned int i,
			    uint64_t iova, uint32_t len, uint16_t flags)
{
	v->queue[n].vring.desc[i] = (struct vring_desc) {
		.addr = iova,
		.len = len,
		.flags = flags,
		.next = i + 1,
	};
}

static inline void offer(struct virtio *v, unsigned int n, unsigned int head)
{
	struct vring *vring = &v->queue[n].vring;
	struct vring_avail *avail = vring->avail;

	avail->ring[avail->idx % vring->num] = head;
	__sync_synchronize();
	put(&avail->idx, avail->idx + 1);
	__sync_synchronize();
}

/* The head of what the device has used, -ETIMEDOUT if it has not for @ms */
static inline int wait_used(struct virtio *v, unsigned int n, int ms,
			    uint32_t *len)
{
	struct queue *q = &v->queue[n];
	struct vring_used_elem *elem;
	double end = now() + ms / 1000.0;

	while (get(&q->vring.used->idx) == q->seen) {
		if (now() > end)
			return -ETIMEDOUT;
		usleep(100);
	}

	__sync_synchronize();
	elem = &q->vring.used->ring[q->seen++ % q->vring.num];
	*len = elem->len;
	return elem->id;
}

/* ---- Registers of a modern device ---- */

static inline void *at(const struct virtio *v, unsigned int type,
		       unsigned int offset)
{
	return v->bar + v->place[type].offset + offset;
}

/* Of the common configuration */
static inline uint8_t common_get8(const struct virtio *v, unsigned int offset)
{
	return get((uint8_t *)at(v, VIRTIO_PCI_CAP_COMMON_CFG, offset));
}

static inline uint16_t common_get16(const struct virtio *v, unsigned int offset)
{
	return get((uint16_t *)at(v, VIRTIO_PCI_CAP_COMMON_CFG, offset));
}

static inline uint32_t common_get32(const struct virtio *v, unsigned int offset)
{
	return get((uint32_t *)at(v, VIRTIO_PCI_CAP_COMMON_CFG, offset));
}

static inline void common_put8(const struct virtio *v, unsigned int offset,
			       uint8_t val)
{
	put((uint8_t *)at(v, VIRTIO_PCI_CAP_COMMON_CFG, offset), val);
}

static inline void common_put16(const struct virtio *v, unsigned int offset,
				uint16_t val)
{
	put((uint16_t *)at(v, VIRTIO_PCI_CAP_COMMON_CFG, offset), val);
}

static inline void common_put32(const struct virtio *v, unsigned int offset,
				uint32_t val)
{
	put((uint32_t *)at(v, VIRTIO_PCI_CAP_COMMON_CFG, offset), val);
}

static inline uint8_t virtio_status(const struct virtio *v)
{
	return common_get8(v, VIRTIO_PCI_COMMON_STATUS);
}

static inline void modern_add_status(const struct virtio *v, uint8_t bits)
{
	common_put8(v, VIRTIO_PCI_COMMON_STATUS, virtio_status(v) | bits);
}

static inline uint8_t modern_config(const struct virtio *v, unsigned int offset)
{
	return get((uint8_t *)at(v, VIRTIO_PCI_CAP_DEVICE_CFG, offset));
}

static inline void modern_put_config(const struct virtio *v, unsigned int offset,
				     uint8_t val)
{
	put((uint8_t *)at(v, VIRTIO_PCI_CAP_DEVICE_CFG, offset), val);
}

static inline void modern_set_config_vector(const struct virtio *v,
					    uint16_t vector)
{
	common_put16(v, VIRTIO_PCI_COMMON_MSIX, vector);
}

static inline int modern_notify(const struct virtio *v, unsigned int n)
{
	uint16_t *reg = at(v, VIRTIO_PCI_CAP_NOTIFY_CFG,
			   v->queue[n].notify_off * v->multiplier);

	put(reg, n);
	return 0;
}

static inline uint64_t device_features(const struct virtio *v)
{
	uint64_t low;

	common_put32(v, VIRTIO_PCI_COMMON_DFSELECT, 0);
	low = common_get32(v, VIRTIO_PCI_COMMON_DF);
	common_put32(v, VIRTIO_PCI_COMMON_DFSELECT, 1);
	return low | (uint64_t)common_get32(v, VIRTIO_PCI_COMMON_DF) << 32;
}

/* ---- Capabilities ---- */

static inline void read_place(struct virtio *v, unsigned int cap,
			      struct place *place)
{
	const struct user *u = &v->user;

	*place = (struct place) {
		.cap = cap,
		.bar = cfg_read(u, cap + VIRTIO_PCI_CAP_BAR, 1),
		.offset = cfg_read(u, cap + VIRTIO_PCI_CAP_OFFSET, 4),
		.length = cfg_read(u, cap + VIRTIO_PCI_CAP_LENGTH, 4),
	};
}

/* Of each type the first, as the specification wants it */
static inline void find_places(struct virtio *v)
{
	unsigned int pos = cfg_read(&v->user, PCI_CAPABILITY_LIST, 1), type;
	int ttl = 48;

	for (; pos >= 0x40 && ttl--; pos = cfg_read(&v->user, pos + 1, 1)) {
		if (cfg_read(&v->user, pos, 1) != PCI_CAP_ID_VNDR)
			continue;
		type = cfg_read(&v->user, pos + VIRTIO_PCI_CAP_CFG_TYPE, 1);
		if (type && type <= MAX_CFG_TYPE && !v->place[type].cap)
			read_place(v, pos, &v->place[type]);
	}

	if (v->place[VIRTIO_PCI_CAP_NOTIFY_CFG].cap)
		v->multiplier =
			cfg_read(&v->user, v->place[VIRTIO_PCI_CAP_NOTIFY_CFG].cap +
				 VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
}

/* Everything is in one BAR, which is mapped */
static inline int map_registers(struct virtio *v)
{
	unsigned int bar = v->place[VIRTIO_PCI_CAP_COMMON_CFG].bar;
	struct vfio_region_info info;
	int ret;

	ret = region_info(&v->user, bar, &info);
	if (ret)
		return ret;
	if (!(info.flags & VFIO_REGION_INFO_FLAG_MMAP))
		return -ENODEV;

	v->bar_size = info.size;
	v->bar = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->user.device, info.offset);
	return v->bar == MAP_FAILED ? -errno : 0;
}

/* ---- Initialization, in the order of the specification ---- */

static inline int virtio_reset(const struct virtio *v)
{
	double end = now() + 2;

	common_put8(v, VIRTIO_PCI_COMMON_STATUS, 0);
	while (virtio_status(v))
		if (now() > end)
			return -ETIMEDOUT;

	return 0;
}

static inline int modern_negotiate(const struct virtio *v,
				   uint64_t features)
{
	int ret = virtio_reset(v);

	if (ret)
		return ret;

	modern_add_status(v, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	modern_add_status(v, VIRTIO_CONFIG_S_DRIVER);
	common_put32(v, VIRTIO_PCI_COMMON_GFSELECT, 0);
	common_put32(v, VIRTIO_PCI_COMMON_GF, features);
	common_put32(v, VIRTIO_PCI_COMMON_GFSELECT, 1);
	common_put32(v, VIRTIO_PCI_COMMON_GF, features >> 32);
	modern_add_status(v, VIRTIO_CONFIG_S_FEATURES_OK);

	return virtio_status(v) & VIRTIO_CONFIG_S_FEATURES_OK ? 0 : -EPROTO;
}

static inline void set_address(const struct virtio *v, unsigned int offset,
			       uint64_t iova)
{
	common_put32(v, offset, iova);
	common_put32(v, offset + 4, iova >> 32);
}

static inline void clear_queue(struct virtio *v, unsigned int n)
{
	uint8_t *mem = v->mem + n * QUEUE_BYTES;

	memset(mem, 0, QUEUE_BYTES);
	v->queue[n] = (struct queue) {
		.vring = {
			.num = QUEUE_SIZE,
			.desc = (void *)mem,
			.avail = (void *)(mem + AVAIL_OFFSET),
			.used = (void *)(mem + USED_OFFSET),
		},
	};
}

static inline int modern_setup_queue(struct virtio *v, unsigned int n,
				     uint16_t vector)
{
	uint64_t iova = v->iova + n * QUEUE_BYTES;

	clear_queue(v, n);
	common_put16(v, VIRTIO_PCI_COMMON_Q_SELECT, n);
	if (common_get16(v, VIRTIO_PCI_COMMON_Q_SIZE) < QUEUE_SIZE)
		return -ENOSPC;

	common_put16(v, VIRTIO_PCI_COMMON_Q_SIZE, QUEUE_SIZE);
	common_put16(v, VIRTIO_PCI_COMMON_Q_MSIX, vector);
	if (common_get16(v, VIRTIO_PCI_COMMON_Q_MSIX) != vector)
		return -EBUSY;

	set_address(v, VIRTIO_PCI_COMMON_Q_DESCLO, iova);
	set_address(v, VIRTIO_PCI_COMMON_Q_AVAILLO, iova + AVAIL_OFFSET);
	set_address(v, VIRTIO_PCI_COMMON_Q_USEDLO, iova + USED_OFFSET);
	v->queue[n].notify_off = common_get16(v, VIRTIO_PCI_COMMON_Q_NOFF);
	common_put16(v, VIRTIO_PCI_COMMON_Q_ENABLE, 1);
	return 0;
}

static inline bool modern_is_as_new(const struct virtio *v)
{
	unsigned int n;

	if (virtio_status(v) ||
	    common_get16(v, VIRTIO_PCI_COMMON_MSIX) != NO_VECTOR)
		return false;

	for (n = 0; n < MAX_QUEUES; n++) {
		common_put16(v, VIRTIO_PCI_COMMON_Q_SELECT, n);
		if (common_get16(v, VIRTIO_PCI_COMMON_Q_ENABLE) ||
		    common_get32(v, VIRTIO_PCI_COMMON_Q_DESCLO) ||
		    common_get16(v, VIRTIO_PCI_COMMON_Q_MSIX) != NO_VECTOR)
			return false;
	}

	return true;
}

static const struct transport modern_transport = {
	.must_have = MUST_HAVE,
	/* struct virtio_net_hdr_mrg_rxbuf, whatever was negotiated */
	.net_header = sizeof(struct virtio_net_hdr_mrg_rxbuf),
	.negotiate = modern_negotiate,
	.config = modern_config,
	.setup_queue = modern_setup_queue,
	.set_config_vector = modern_set_config_vector,
	.add_status = modern_add_status,
	.notify = modern_notify,
	.is_as_new = modern_is_as_new,
};

/* @v has an open device and may use memory at @iova for DMA */
static inline int virtio_find(struct virtio *v, uint64_t iova)
{
	int ret;

	find_places(v);
	if (!v->place[VIRTIO_PCI_CAP_COMMON_CFG].cap ||
	    !v->place[VIRTIO_PCI_CAP_NOTIFY_CFG].cap ||
	    !v->place[VIRTIO_PCI_CAP_ISR_CFG].cap)
		return -ENODEV;

	v->transport = &modern_transport;
	ret = map_registers(v);

	return ret ?: map_memory(v, iova);
}

#endif /* PCI_SIOV_VIRTIO_USER_H */
