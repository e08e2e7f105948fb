/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small driver of legacy virtio PCI devices in user space, over VFIO
 *
 * It knows what virtio 0.9.5 says, and neither capabilities nor SDIs: registers in
 * I/O BAR 0, whole queues at a page, their sizes the device's choice. Byte order is
 * that of the machine, little endian.
 */
#ifndef PCI_SIOV_VIRTIO_LEGACY_H
#define PCI_SIOV_VIRTIO_LEGACY_H

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#include "pci_siov_vfio.h"

#define PORTS_BAR		0
#define LEGACY_QUEUES		2
#define LEGACY_MAX_SIZE		1024
#define LEGACY_QUEUE_BYTES	(8 * PAGE)

/* Memory of a device: its queues, then buffers of a page each */
#define LEGACY_NR_BUFFERS	32
#define LEGACY_BUFFER(i)	(LEGACY_QUEUES * LEGACY_QUEUE_BYTES + (i) * PAGE)
#define LEGACY_GUARD		LEGACY_BUFFER(LEGACY_NR_BUFFERS)
#define LEGACY_MEMORY		(LEGACY_GUARD + PAGE)
#define LEGACY_GUARD_BYTE	0x5a

struct legacy_queue {
	struct vring vring;
	uint16_t seen;
};

struct legacy {
	struct user user;
	bool msix;
	uint8_t *mem;
	uint64_t iova;
	struct legacy_queue queue[LEGACY_QUEUES];
};

/* ---- Registers ---- */

static inline uint32_t port_in(const struct legacy *l, unsigned int pos,
			       size_t size)
{
	uint32_t val = 0;

	if (region_read(&l->user, PORTS_BAR, pos, &val, size) != (ssize_t)size)
		return 0xdeadbeef;

	return val;
}

static inline int port_out(const struct legacy *l, unsigned int pos, size_t size,
			   uint64_t val)
{
	ssize_t n = region_write(&l->user, PORTS_BAR, pos, &val, size);

	return n < 0 ? n : n == (ssize_t)size ? 0 : -EIO;
}

/* Where the configuration of the type of device begins */
static inline unsigned int legacy_config(const struct legacy *l)
{
	return VIRTIO_PCI_CONFIG_OFF(l->msix);
}

static inline void legacy_add_status(const struct legacy *l, uint8_t bits)
{
	port_out(l, VIRTIO_PCI_STATUS, 1, port_in(l, VIRTIO_PCI_STATUS, 1) | bits);
}

/* ---- Initialization ---- */

/* @l has an open device and may use memory at @iova for DMA */
static inline int legacy_begin(struct legacy *l, uint64_t iova)
{
	l->iova = iova;
	l->mem = user_dma_map(&l->user, iova, LEGACY_MEMORY);
	if (!l->mem)
		return -ENOMEM;

	memset(l->mem + LEGACY_GUARD, LEGACY_GUARD_BYTE, PAGE);
	return set_command(&l->user, PCI_COMMAND_IO, 0);
}

static inline bool legacy_guard_is_intact(const struct legacy *l)
{
	unsigned int i;

	for (i = 0; i < PAGE; i++)
		if (l->mem[LEGACY_GUARD + i] != LEGACY_GUARD_BYTE)
			return false;

	return true;
}

static inline int legacy_reset(const struct legacy *l)
{
	double end = now() + 2;

	port_out(l, VIRTIO_PCI_STATUS, 1, 0);
	while (port_in(l, VIRTIO_PCI_STATUS, 1))
		if (now() > end)
			return -ETIMEDOUT;

	return 0;
}

/* -EPROTO if the device does not have them */
static inline int legacy_negotiate(const struct legacy *l, uint32_t features)
{
	int ret = legacy_reset(l);

	if (ret)
		return ret;

	legacy_add_status(l, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	legacy_add_status(l, VIRTIO_CONFIG_S_DRIVER);
	if (features & ~port_in(l, VIRTIO_PCI_HOST_FEATURES, 4))
		return -EPROTO;

	return port_out(l, VIRTIO_PCI_GUEST_FEATURES, 4, features);
}

static inline int legacy_setup_queue(struct legacy *l, unsigned int n,
				     uint16_t vector)
{
	struct legacy_queue *q = &l->queue[n];
	uint8_t *mem = l->mem + n * LEGACY_QUEUE_BYTES;
	uint32_t pfn = (l->iova + n * LEGACY_QUEUE_BYTES) >>
		       VIRTIO_PCI_QUEUE_ADDR_SHIFT;
	unsigned int num;

	port_out(l, VIRTIO_PCI_QUEUE_SEL, 2, n);
	num = port_in(l, VIRTIO_PCI_QUEUE_NUM, 2);
	if (!num || num > LEGACY_MAX_SIZE)
		return -ENOSPC;
	if (port_in(l, VIRTIO_PCI_QUEUE_PFN, 4))
		return -EBUSY;

	memset(mem, 0, LEGACY_QUEUE_BYTES);
	vring_init(&q->vring, num, mem, VIRTIO_PCI_VRING_ALIGN);
	q->seen = 0;
	port_out(l, VIRTIO_PCI_QUEUE_PFN, 4, pfn);
	if (port_in(l, VIRTIO_PCI_QUEUE_PFN, 4) != pfn)
		return -EIO;
	if (!l->msix)
		return 0;

	port_out(l, VIRTIO_MSI_QUEUE_VECTOR, 2, vector);
	return port_in(l, VIRTIO_MSI_QUEUE_VECTOR, 2) == vector ? 0 : -EBUSY;
}

/* ---- Queues ---- */

static inline void legacy_desc(struct legacy *l, unsigned int n, unsigned int i,
			       unsigned int offset, uint32_t len, uint16_t flags)
{
	l->queue[n].vring.desc[i] = (struct vring_desc) {
		.addr = l->iova + offset,
		.len = len,
		.flags = flags,
		.next = i + 1,
	};
}

static inline void legacy_offer(struct legacy *l, unsigned int n,
				unsigned int head)
{
	struct vring *vring = &l->queue[n].vring;

	vring->avail->ring[vring->avail->idx % vring->num] = head;
	__sync_synchronize();
	__atomic_store_n(&vring->avail->idx, vring->avail->idx + 1,
			 __ATOMIC_RELAXED);
	__sync_synchronize();
}

static inline int legacy_notify(const struct legacy *l, unsigned int n)
{
	return port_out(l, VIRTIO_PCI_QUEUE_NOTIFY, 2, n);
}

/* The head of what the device has used, -ETIMEDOUT if it has not for @ms */
static inline int legacy_wait_used(struct legacy *l, unsigned int n, int ms,
				   uint32_t *len)
{
	struct legacy_queue *q = &l->queue[n];
	struct vring_used_elem *elem;
	double end = now() + ms / 1000.0;

	while (__atomic_load_n(&q->vring.used->idx, __ATOMIC_RELAXED) == q->seen) {
		if (now() > end)
			return -ETIMEDOUT;
		usleep(100);
	}

	__sync_synchronize();
	elem = &q->vring.used->ring[q->seen++ % q->vring.num];
	*len = elem->len;
	return elem->id;
}

#endif /* PCI_SIOV_VIRTIO_LEGACY_H */
