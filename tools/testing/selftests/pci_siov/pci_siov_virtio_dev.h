/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drivers of NICs and disks in user space, over VFIO
 *
 * A NIC exchanges packets with others and knows each by its contents. A disk reads
 * and writes sectors. Both wait for what the device uses, and need no interrupt. By
 * which registers they are driven makes no difference here.
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

#define ETHERTYPE	0x88b5
#define MIN_FRAME	60
#define MAX_FRAME	1514

#define NIC_IOVA(n)	(0x10000000ULL * ((n) + 1))

struct nic {
	struct virtio v;
	uint8_t mac[ETH_ALEN];
	int irq[NIC_VECTORS];
};

/* An SDI in the hands of this process, by the driver of that name */
static inline int user_create(const struct pf *pf, unsigned int index,
			      struct user *u, const char *driver)
{
	char override[64], buf[256];
	int ret;

	snprintf(override, sizeof(override), "driver_override=%s", driver);
	ret = create_sdi(pf, index, override);

	return ret ?: user_open(u, MODE_CDEV,
				sdi_name(pf, index, buf, sizeof(buf)));
}

static inline int open_sdi(const struct pf *pf, unsigned int index,
			   struct virtio *v, uint64_t iova)
{
	return user_create(pf, index, &v->user, VIRTIO_VFIO_DRIVER) ?:
	       virtio_find(v, iova);
}

/* ---- What is sent and written: each place has its own, and so has each @seed ---- */

static inline void fill_pattern(uint8_t *mem, unsigned int seed,
				unsigned int from, unsigned int to)
{
	unsigned int i;

	for (i = from; i < to; i++)
		mem[i] = seed * 31 + i * 7 + (i >> 8);
}

static inline void fill_frame(uint8_t *mem, const uint8_t *from,
			      const uint8_t *to, unsigned int seed,
			      unsigned int len)
{
	memcpy(mem, to, ETH_ALEN);
	memcpy(mem + ETH_ALEN, from, ETH_ALEN);
	mem[2 * ETH_ALEN] = ETHERTYPE >> 8;
	mem[2 * ETH_ALEN + 1] = ETHERTYPE & 0xff;
	fill_pattern(mem, seed, ETH_HLEN, len);
}

static inline bool is_frame(const uint8_t *mem, const uint8_t *from,
			    const uint8_t *to, unsigned int seed,
			    unsigned int len)
{
	uint8_t wanted[MAX_FRAME];

	fill_frame(wanted, from, to, seed, len);
	return !memcmp(mem, wanted, len);
}

/* ---- NICs ---- */

static inline void make_events(struct nic *nic)
{
	unsigned int i;

	for (i = 0; i < NIC_VECTORS; i++)
		nic->irq[i] = eventfd(0, EFD_NONBLOCK);
}

static inline int request_vectors(struct nic *nic)
{
	make_events(nic);
	return set_eventfds(&nic->v.user, VFIO_PCI_MSIX_IRQ_INDEX, 0,
			    NIC_VECTORS, nic->irq);
}

/* The first descriptor of packet @i */
static inline unsigned int head_of(const struct nic *nic, unsigned int i)
{
	return nic->v.transport->header_apart ? 2 * i : i;
}

/* Packet @i of queue @n, of @len bytes behind its header, is at @iova, or goes there */
static inline void set_packet(struct nic *nic, unsigned int n, unsigned int i,
			      uint64_t iova, uint32_t len, uint16_t flags)
{
	uint32_t header = nic->v.transport->net_header;
	unsigned int head = head_of(nic, i);

	if (!nic->v.transport->header_apart) {
		set_desc(&nic->v, n, head, iova, header + len, flags);
		return;
	}

	set_desc(&nic->v, n, head, iova, header, flags | VRING_DESC_F_NEXT);
	set_desc(&nic->v, n, head + 1, iova + header, len, flags);
}

static inline void offer_buffer(struct nic *nic, unsigned int i)
{
	offer(&nic->v, RX, head_of(nic, i));
}

static inline void offer_all(struct nic *nic)
{
	unsigned int i;

	for (i = 0; i < QUEUE_SIZE; i++) {
		set_packet(nic, RX, i, nic->v.iova + BUFFER_OFFSET(RX, i),
			   VIRTIO_BUFFER_SIZE - nic->v.transport->net_header,
			   VRING_DESC_F_WRITE);
		offer_buffer(nic, i);
	}
	notify(&nic->v, RX);
}

/* From a reset to where packets come and go */
static inline int start_nic(struct nic *nic)
{
	struct virtio *v = &nic->v;
	unsigned int i;
	int ret;

	ret = negotiate(v, v->transport->must_have | BIT64(VIRTIO_NET_F_MAC));
	if (ret)
		return ret;

	for (i = 0; i < ETH_ALEN; i++)
		nic->mac[i] = v->transport->config(v, i);

	v->transport->set_config_vector(v, CONFIG_VECTOR);
	ret = setup_queue(v, RX, RX_VECTOR) ?: setup_queue(v, TX, TX_VECTOR);
	if (ret)
		return ret;

	add_status(v, VIRTIO_CONFIG_S_DRIVER_OK);
	ret = set_command(&v->user, PCI_COMMAND_MASTER, 0);
	if (!ret)
		offer_all(nic);

	return ret;
}

static inline void fill_packet(uint8_t *mem, const struct nic *from,
			       const struct nic *to, unsigned int seed,
			       unsigned int len)
{
	unsigned int header = from->v.transport->net_header;

	memset(mem, 0, header);
	fill_frame(mem + header, from->mac, to->mac, seed, len);
}

/* Tell the device of packet @i, which is at @iova */
static inline int send_from(struct nic *nic, unsigned int i, uint64_t iova,
			    unsigned int len)
{
	set_packet(nic, TX, i, iova, len, 0);
	offer(&nic->v, TX, head_of(nic, i));
	return notify(&nic->v, TX);
}

static inline int post(struct nic *from, const struct nic *to,
		       unsigned int seed, unsigned int len)
{
	unsigned int i = seed % QUEUE_SIZE;
	unsigned int pos = BUFFER_OFFSET(TX, i);

	fill_packet(from->v.mem + pos, from, to, seed, len);
	return send_from(from, i, from->v.iova + pos, len);
}

/* Wait for the packet. Others may come, from whoever is on the switch */
static inline int receive(struct nic *nic, const struct nic *from,
			  unsigned int seed, unsigned int len)
{
	unsigned int header = nic->v.transport->net_header;
	double end = now() + 5;
	uint32_t got;
	uint8_t *mem;
	bool found;
	int i;

	do {
		i = wait_used(&nic->v, RX, 1000, &got);
		if (i == -ETIMEDOUT)
			continue;
		if (i < 0 || i % head_of(nic, 1) || i >= (int)head_of(nic, QUEUE_SIZE))
			return -EPROTO;

		i /= head_of(nic, 1);
		mem = nic->v.mem + BUFFER_OFFSET(RX, i);
		found = got == header + len &&
			is_frame(mem + header, from->mac, nic->mac, seed, len);
		memset(mem, 0, VIRTIO_BUFFER_SIZE);
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

	ret = post(from, to, seed, len) ?: receive(to, from, seed, len);
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

/* Packets of several lengths, to and fro, and each is announced */
static inline void check_packets(struct __test_metadata *_metadata,
				 struct nic *a, struct nic *b)
{
	static const unsigned int len[] = {
		MIN_FRAME, 61, 64, 127, 512, 1000, 1499, MAX_FRAME,
	};
	unsigned int i, seed = 0;

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_NE(0, memcmp(a->mac, b->mac, ETH_ALEN));
	for (i = 0; i < 5 * ARRAY_SIZE(len); i++) {
		ASSERT_EQ(0, transfer(a, b, seed++, len[i % ARRAY_SIZE(len)]));
		ASSERT_EQ(0, transfer(b, a, seed++, len[i % ARRAY_SIZE(len)]));
	}

	/* By the vectors that the driver has chosen */
	EXPECT_LE(1, events(b->irq[RX_VECTOR], 1000));
	EXPECT_LE(1, events(b->irq[TX_VECTOR], 1000));
	EXPECT_LE(1, events(a->irq[RX_VECTOR], 1000));
	EXPECT_EQ(0, events(a->irq[CONFIG_VECTOR], 0));
	EXPECT_TRUE(guard_is_intact(&a->v));
	EXPECT_TRUE(guard_is_intact(&b->v));
}

/* ---- Resets ---- */

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
/* Of any device that has but one */
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

/* Of one queue, from a reset to where requests are done */
static inline int start_device_with(struct virtio *v, uint64_t features)
{
	int ret;

	ret = negotiate(v, v->transport->must_have | features) ?:
	      setup_queue(v, BLK_QUEUE, BLK_VECTOR);
	if (ret)
		return ret;

	add_status(v, VIRTIO_CONFIG_S_DRIVER_OK);
	return set_command(&v->user, PCI_COMMAND_MASTER, 0);
}

static inline int start_device(struct virtio *v)
{
	return start_device_with(v, 0);
}

static inline void fill_sector(struct virtio *v, unsigned int seed)
{
	fill_pattern(v->mem + BLK_DATA, seed, 0, SECTOR);
}

static inline bool is_sector(const struct virtio *v, unsigned int seed)
{
	uint8_t wanted[SECTOR];

	fill_pattern(wanted, seed, 0, SECTOR);
	return !memcmp(v->mem + BLK_DATA, wanted, SECTOR);
}

/* Every @step sectors one, each with its own; 0, a status or a negative number */
static inline int write_sectors(struct virtio *v, unsigned int step)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < 64; i += step) {
		fill_sector(v, i);
		ret = blk_request(v, VIRTIO_BLK_T_OUT, i, SECTOR);
	}

	return ret;
}

/* -EILSEQ if they are others */
static inline int check_sectors(struct virtio *v, unsigned int step)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < 64; i += step) {
		memset(v->mem + BLK_DATA, 0, SECTOR);
		ret = blk_request(v, VIRTIO_BLK_T_IN, i, SECTOR);
		if (!ret && !is_sector(v, i))
			ret = -EILSEQ;
	}

	return ret;
}

/* ---- Garbage, the same for the same SIOV_SEED ---- */

static uint32_t random_state;

static inline uint32_t any(uint32_t below)
{
	/* Numerical Recipes, "An Even Quicker Generator" */
	random_state = random_state * 1664525 + 1013904223;
	return (uint64_t)random_state * below >> 32;
}

#endif /* PCI_SIOV_VIRTIO_DEV_H */
