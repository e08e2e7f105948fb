/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drivers of NICs and disks in user space, over VFIO
 *
 * A NIC exchanges packets with others and knows each by its contents. A disk reads
 * and writes sectors. Both wait for what the device uses, and need no interrupt.
 */
#ifndef PCI_SIOV_VIRTIO_DEV_H
#define PCI_SIOV_VIRTIO_DEV_H

#include <linux/if_ether.h>

#include "pci_siov_virtio_user.h"

#define CONFIG_VECTOR	0
#define RX		0
#define TX		1
#define RX_VECTOR	1
#define TX_VECTOR	2
#define NIC_VECTORS	4

/* struct virtio_net_hdr_mrg_rxbuf: all devices without a legacy interface have it */
#define NET_HEADER	12
#define ETHERTYPE	0x88b5
#define MIN_FRAME	60
#define MAX_FRAME	1514
#define HEAD_SIZE	(NET_HEADER + ETH_HLEN)

#define NIC_IOVA(n)	(0x10000000ULL * ((n) + 1))

struct nic {
	struct virtio v;
	uint8_t mac[ETH_ALEN];
	int irq[NIC_VECTORS];
};

/* ---- NICs ---- */

static inline int open_sdi(const struct pf *pf, unsigned int index,
			   struct virtio *v, uint64_t iova)
{
	char buf[256];
	int ret;

	ret = create_sdi(pf, index, "driver_override=" VIRTIO_VFIO_DRIVER);
	if (ret)
		return ret;
	ret = user_open(&v->user, MODE_CDEV,
			sdi_name(pf, index, buf, sizeof(buf)));

	return ret ?: virtio_find(v, iova);
}

static inline int request_vectors(struct nic *nic)
{
	unsigned int i;

	for (i = 0; i < NIC_VECTORS; i++)
		nic->irq[i] = eventfd(0, EFD_NONBLOCK);

	return set_eventfds(&nic->v.user, VFIO_PCI_MSIX_IRQ_INDEX, 0,
			    NIC_VECTORS, nic->irq);
}

static inline void offer_buffer(struct nic *nic, unsigned int i)
{
	offer(&nic->v, RX, i);
}

static inline void offer_all(struct nic *nic)
{
	unsigned int i;

	for (i = 0; i < QUEUE_SIZE; i++) {
		set_desc(&nic->v, RX, i, nic->v.iova + BUFFER_OFFSET(RX, i),
			 VIRTIO_BUFFER_SIZE, VRING_DESC_F_WRITE);
		offer_buffer(nic, i);
	}
	notify(&nic->v, RX);
}

/* From a reset to where packets come and go */
static inline int start_nic(struct nic *nic)
{
	struct virtio *v = &nic->v;
	uint8_t *mac = at(v, VIRTIO_PCI_CAP_DEVICE_CFG,
			  offsetof(struct virtio_net_config, mac));
	unsigned int i;
	int ret;

	ret = negotiate(v, MUST_HAVE | BIT64(VIRTIO_NET_F_MAC));
	if (ret)
		return ret;

	for (i = 0; i < ETH_ALEN; i++)
		nic->mac[i] = get(mac + i);

	common_put16(v, VIRTIO_PCI_COMMON_MSIX, CONFIG_VECTOR);
	ret = setup_queue(v, RX, RX_VECTOR) ?: setup_queue(v, TX, TX_VECTOR);
	if (ret)
		return ret;

	add_status(v, VIRTIO_CONFIG_S_DRIVER_OK);
	ret = set_command(&v->user, PCI_COMMAND_MASTER, 0);
	if (!ret)
		offer_all(nic);

	return ret;
}

static inline uint8_t pattern(unsigned int seed, unsigned int i)
{
	return seed * 31 + i * 7 + (i >> 8);
}

static inline void fill_packet(uint8_t *mem, const struct nic *from,
			       const struct nic *to, unsigned int seed,
			       unsigned int len)
{
	unsigned int i;

	memset(mem, 0, NET_HEADER);
	mem += NET_HEADER;
	memcpy(mem, to->mac, ETH_ALEN);
	memcpy(mem + ETH_ALEN, from->mac, ETH_ALEN);
	mem[2 * ETH_ALEN] = ETHERTYPE >> 8;
	mem[2 * ETH_ALEN + 1] = ETHERTYPE & 0xff;
	for (i = ETH_HLEN; i < len; i++)
		mem[i] = pattern(seed, i);
}

static inline bool is_packet(const uint8_t *mem, const struct nic *from,
			     const struct nic *to, unsigned int seed,
			     unsigned int len)
{
	uint8_t wanted[NET_HEADER + MAX_FRAME];

	fill_packet(wanted, from, to, seed, len);
	return !memcmp(mem + NET_HEADER, wanted + NET_HEADER, len);
}

/* Tell the device of a packet at @iova, in the descriptor @i */
static inline void send_from(struct nic *nic, unsigned int i, uint64_t iova,
			     unsigned int len)
{
	set_desc(&nic->v, TX, i, iova, NET_HEADER + len, 0);
	offer(&nic->v, TX, i);
	notify(&nic->v, TX);
}

static inline void post(struct nic *from, const struct nic *to,
			unsigned int seed, unsigned int len)
{
	unsigned int i = seed % QUEUE_SIZE;
	unsigned int pos = BUFFER_OFFSET(TX, i);

	fill_packet(from->v.mem + pos, from, to, seed, len);
	send_from(from, i, from->v.iova + pos, len);
}

/* Wait for the packet. Others may come, from whoever is on the switch */
static inline int receive(struct nic *nic, const struct nic *from,
			  unsigned int seed, unsigned int len)
{
	double end = now() + 5;
	uint32_t got;
	bool found;
	int i;

	do {
		i = wait_used(&nic->v, RX, 1000, &got);
		if (i == -ETIMEDOUT)
			continue;
		if (i < 0 || i >= QUEUE_SIZE)
			return -EPROTO;
		found = got == NET_HEADER + len &&
			is_packet(nic->v.mem + BUFFER_OFFSET(RX, i), from, nic,
				  seed, len);
		memset(nic->v.mem + BUFFER_OFFSET(RX, i), 0,
		       VIRTIO_BUFFER_SIZE);
		offer_buffer(nic, i);
		notify(&nic->v, RX);
		if (found)
			return 0;
	} while (now() < end);

	return -ETIMEDOUT;
}

/* One packet, all the way */
static inline int transfer(struct nic *from, struct nic *to, unsigned int seed,
			   unsigned int len)
{
	uint32_t used;
	int ret;

	post(from, to, seed, len);
	ret = receive(to, from, seed, len);
	if (ret)
		return ret;

	ret = wait_used(&from->v, TX, 1000, &used);
	return ret < 0 ? ret : 0;
}

static inline int exchange(struct nic *a, struct nic *b, unsigned int seed)
{
	return transfer(a, b, seed, MIN_FRAME) ?:
	       transfer(b, a, seed, MAX_FRAME);
}

/* ---- Resets ---- */

static inline bool is_as_new(const struct virtio *v)
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

static inline int reset_by_ioctl(const struct pf *pf, struct nic *nic)
{
	return ioctl(nic->v.user.device, VFIO_DEVICE_RESET) ? -errno : 0;
}

static inline int reset_by_flr(const struct pf *pf, struct nic *nic)
{
	const struct user *u = &nic->v.user;
	unsigned int pos = cfg_find_cap(u, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;

	return cfg_write(u, pos, cfg_read(u, pos, 2) | PCI_EXP_DEVCTL_BCR_FLR,
			 2);
}

static inline int reset_by_pf(const struct pf *pf, struct nic *nic)
{
	return pf_put(pf, "reset", "1");
}

/* ---- Disks ---- */

#define SECTOR		512
#define BLK_QUEUE	0
#define BLK_VECTOR	1
#define BLK_REQUEST	BUFFER_OFFSET(BLK_QUEUE, 0)
#define BLK_DATA	BUFFER_OFFSET(BLK_QUEUE, 1)
#define BLK_STATUS	BUFFER_OFFSET(BLK_QUEUE, 2)

/* Tell the device of the only request there is */
static inline void blk_submit(struct virtio *v, uint32_t type, uint64_t sector,
			      uint32_t len)
{
	struct virtio_blk_outhdr *hdr = (void *)(v->mem + BLK_REQUEST);
	uint16_t in = type == VIRTIO_BLK_T_OUT ? 0 : VRING_DESC_F_WRITE;

	*hdr = (struct virtio_blk_outhdr) { .type = type, .sector = sector };
	v->mem[BLK_STATUS] = 0xff;
	set_desc(v, BLK_QUEUE, 0, v->iova + BLK_REQUEST, sizeof(*hdr),
		 VRING_DESC_F_NEXT);
	set_desc(v, BLK_QUEUE, 1, v->iova + BLK_DATA, len,
		 VRING_DESC_F_NEXT | in);
	set_desc(v, BLK_QUEUE, 2, v->iova + BLK_STATUS, 1, VRING_DESC_F_WRITE);
	offer(v, BLK_QUEUE, 0);
	notify(v, BLK_QUEUE);
}

/* Its status, or a negative number */
static inline int blk_request(struct virtio *v, uint32_t type, uint64_t sector,
			      uint32_t len)
{
	uint32_t used;
	int ret;

	blk_submit(v, type, sector, len);
	ret = wait_used(v, BLK_QUEUE, 5000, &used);

	return ret < 0 ? ret : v->mem[BLK_STATUS];
}

static inline int start_disk(struct virtio *v)
{
	int ret;

	ret = negotiate(v, MUST_HAVE) ?: setup_queue(v, BLK_QUEUE, BLK_VECTOR);
	if (ret)
		return ret;

	add_status(v, VIRTIO_CONFIG_S_DRIVER_OK);
	return set_command(&v->user, PCI_COMMAND_MASTER, 0);
}

static inline void fill_sector(struct virtio *v, unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < SECTOR; i++)
		v->mem[BLK_DATA + i] = pattern(seed, i);
}

static inline bool is_sector(const struct virtio *v, unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < SECTOR; i++)
		if (v->mem[BLK_DATA + i] != pattern(seed, i))
			return false;

	return true;
}

#endif /* PCI_SIOV_VIRTIO_DEV_H */
