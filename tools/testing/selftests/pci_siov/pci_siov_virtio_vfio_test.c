// SPDX-License-Identifier: GPL-2.0
/*
 * SDIs of a virtio PCI device in the hands of a user: virtio-vfio-siov
 *
 * The user is a driver of virtio PCI devices like any guest's, and knows nothing of
 * SDIs. Needs a virtio PF, CONFIG_VIRTIO_VFIO_SIOV and SIOV_PF_DRIVER=virtio-pci in
 * the environment, skips where they are absent. SIOV_DISK is the index of an SDI
 * that is a disk. SDIs that exist are destroyed.
 */
#include "../kselftest_harness.h"
#include "pci_siov_virtio_dev.h"

#define NR_NICS		3
#define NO_IOVA		0x70000000ULL

FIXTURE(virtio_vfio)
{
	struct pf pf;
	struct nic nic[NR_NICS];
};

FIXTURE_SETUP(virtio_vfio)
{
	unsigned int i;

	for (i = 0; i < NR_NICS; i++)
		user_init(&self->nic[i].v.user, MODE_CDEV);
	if (strcmp(pf_driver(), "virtio-pci"))
		SKIP(return, "no virtio PF is meant");
	if (!find_pf(&self->pf))
		SKIP(return, "no PF with driver virtio-pci");
	if (!exists("/sys/bus/pci_sdi/drivers/" VIRTIO_VFIO_DRIVER))
		SKIP(return, "no driver " VIRTIO_VFIO_DRIVER);
	if (!expected("isolated"))
		SKIP(return, "SDIs are not said to be apart");

	delete_all(&self->pf);
	allow_unsafe(!remapping_is_on());
	for (i = 0; i < NR_NICS; i++) {
		ASSERT_EQ(0, open_sdi(&self->pf, i, &self->nic[i].v,
				      NIC_IOVA(i)));
		ASSERT_EQ(0, request_vectors(&self->nic[i]));
	}
}

FIXTURE_TEARDOWN_PARENT(virtio_vfio)
{
	delete_all(&self->pf);
}

/* What a guest's driver binds to, and how it finds the registers */
TEST_F(virtio_vfio, capabilities)
{
	static const unsigned int where[] = {
		[VIRTIO_PCI_CAP_COMMON_CFG] = 0x88,
		[VIRTIO_PCI_CAP_NOTIFY_CFG] = 0x98,
		[VIRTIO_PCI_CAP_ISR_CFG] = 0xac,
		[VIRTIO_PCI_CAP_DEVICE_CFG] = 0xbc,
		[VIRTIO_PCI_CAP_PCI_CFG] = 0xcc,
	};
	struct virtio *v = &self->nic[0].v;
	const struct user *u = &v->user;
	unsigned int type;

	EXPECT_EQ(VIRTIO_VENDOR, cfg_read(u, PCI_VENDOR_ID, 2));
	EXPECT_EQ(VIRTIO_DEVICE(VIRTIO_ID_NET), cfg_read(u, PCI_DEVICE_ID, 2));
	EXPECT_EQ(0x02000001, cfg_read(u, PCI_CLASS_REVISION, 4));
	EXPECT_LE(0x40, cfg_read(u, PCI_SUBSYSTEM_ID, 2));
	EXPECT_EQ(0x40, cfg_find_cap(u, PCI_CAP_ID_EXP));
	EXPECT_EQ(0x7c, cfg_find_cap(u, PCI_CAP_ID_MSIX));
	EXPECT_EQ(NIC_VECTORS - 1, cfg_read(u, 0x7c + PCI_MSIX_FLAGS, 2));
	EXPECT_EQ(5, cfg_read(u, 0x7c + PCI_MSIX_TABLE, 4));

	for (type = 1; type <= MAX_CFG_TYPE; type++) {
		const struct place *p = &v->place[type];

		/* Where things are is ABI */
		EXPECT_EQ(where[type], p->cap);
		if (type == VIRTIO_PCI_CAP_PCI_CFG)
			continue;
		EXPECT_EQ(4, p->bar);
		EXPECT_NE(0, p->length);
		EXPECT_LE(p->offset + p->length, v->bar_size);
	}

	EXPECT_EQ(20, cfg_read(u, 0x98 + VIRTIO_PCI_CAP_LEN, 1));
	EXPECT_EQ(20, cfg_read(u, 0xcc + VIRTIO_PCI_CAP_LEN, 1));
	EXPECT_LE(2, v->multiplier);
	EXPECT_LE(sizeof(struct virtio_pci_common_cfg),
		  v->place[VIRTIO_PCI_CAP_COMMON_CFG].length);

	/* The layout cannot be written */
	ASSERT_EQ(0, cfg_write(u, 0x88 + VIRTIO_PCI_CAP_OFFSET, ~0u, 4));
	ASSERT_EQ(0, cfg_write(u, 0x98 + VIRTIO_PCI_NOTIFY_CAP_MULT, ~0u, 4));
	EXPECT_EQ(v->place[VIRTIO_PCI_CAP_COMMON_CFG].offset,
		  cfg_read(u, 0x88 + VIRTIO_PCI_CAP_OFFSET, 4));
	EXPECT_EQ(v->multiplier,
		  cfg_read(u, 0x98 + VIRTIO_PCI_NOTIFY_CAP_MULT, 4));

	/* Sizing of the BAR: 32 bits, not prefetchable */
	ASSERT_EQ(0, cfg_write(u, PCI_BASE_ADDRESS_4, ~0u, 4));
	EXPECT_EQ(-v->bar_size & 0xffffffff, cfg_read(u, PCI_BASE_ADDRESS_4, 4));
}

TEST_F(virtio_vfio, features)
{
	struct virtio *v = &self->nic[0].v;

	EXPECT_EQ(MUST_HAVE, device_features(v) & MUST_HAVE);
	EXPECT_EQ(0, negotiate(v, MUST_HAVE));
	EXPECT_EQ(0, negotiate(v, device_features(v)));
	/* The device cannot be kept from the IOMMU, nor be a legacy one */
	EXPECT_EQ(-EPROTO, negotiate(v, BIT64(VIRTIO_F_VERSION_1)));
	EXPECT_EQ(-EPROTO, negotiate(v, BIT64(VIRTIO_F_ACCESS_PLATFORM)));
	EXPECT_EQ(0, virtio_reset(v));
}

TEST_F(virtio_vfio, packets)
{
	check_packets(_metadata, &self->nic[0], &self->nic[1]);
	EXPECT_EQ(0, events(self->nic[2].irq[RX_VECTOR], 0));
}

/* One packet, one interrupt, of the vector that the driver has chosen */
TEST_F(virtio_vfio, interrupts)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	const struct user *u = &b->v.user;
	struct vfio_irq_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
	};

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, ioctl(u->device, VFIO_DEVICE_GET_IRQ_INFO, &info));
	EXPECT_EQ(NIC_VECTORS, info.count);
	EXPECT_FALSE(info.flags & VFIO_IRQ_INFO_NORESIZE);

	events(b->irq[RX_VECTOR], 0);
	ASSERT_EQ(0, transfer(a, b, 1, MIN_FRAME));
	EXPECT_EQ(1, events(b->irq[RX_VECTOR], 1000));
	EXPECT_EQ(0, events(b->irq[TX_VECTOR], 0));

	/* A vector goes and comes while the others stay */
	ASSERT_EQ(0, disable_irqs(u, VFIO_PCI_MSIX_IRQ_INDEX));
	ASSERT_EQ(0, transfer(a, b, 2, MIN_FRAME));
	EXPECT_EQ(0, events(b->irq[RX_VECTOR], 200));
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, b->irq));
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, RX_VECTOR, 1,
				  &b->irq[RX_VECTOR]));
	/* What came while there was none may be told of now */
	events(b->irq[RX_VECTOR], 200);
	ASSERT_EQ(0, transfer(a, b, 3, MIN_FRAME));
	EXPECT_EQ(1, events(b->irq[RX_VECTOR], 1000));

	/* There is no vector of that number */
	common_put16(&b->v, VIRTIO_PCI_COMMON_MSIX, NIC_VECTORS);
	EXPECT_EQ(NO_VECTOR, common_get16(&b->v, VIRTIO_PCI_COMMON_MSIX));
}

/* Nothing leaves the device while Bus Master Enable is clear */
TEST_F(virtio_vfio, bus_master)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	uint32_t len;

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, set_command(&a->v.user, 0, PCI_COMMAND_MASTER));
	post(a, b, 1, MIN_FRAME);
	EXPECT_EQ(-ETIMEDOUT, wait_used(&b->v, RX, 300, &len));
	EXPECT_EQ(0, a->v.queue[TX].vring.used->idx);

	ASSERT_EQ(0, set_command(&a->v.user, PCI_COMMAND_MASTER, 0));
	notify(&a->v, TX);
	EXPECT_EQ(0, receive(b, a, 1, MIN_FRAME));
}

/* ---- Memory that is not the device's ---- */

/* The device says that it cannot go on, and a reset is what mends it */
static int broken_by_fault(struct nic *nic)
{
	double end = now() + 2;

	while (!(virtio_status(&nic->v) & VIRTIO_CONFIG_S_NEEDS_RESET))
		if (now() > end)
			return -ETIMEDOUT;

	return events(nic->irq[CONFIG_VECTOR], 1000) ? 0 : -ENOMSG;
}

/* A packet from memory of another SDI, and from where there is none */
TEST_F(virtio_vfio, reads_of_foreign_memory)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1], *c = &self->nic[2];
	const uint64_t from[] = {
		b->v.iova + BUFFER_OFFSET(TX, 0), NO_IOVA,
		/* What is mapped ends within the packet */
		a->v.iova + MEMORY_SIZE - a->v.transport->net_header -
			MIN_FRAME / 2,
	};
	unsigned int i;
	uint32_t len;

	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, start_nic(c));
	fill_packet(b->v.mem + BUFFER_OFFSET(TX, 0), a, b, 1, MIN_FRAME);
	for (i = 0; i < ARRAY_SIZE(from); i++) {
		ASSERT_EQ(0, start_nic(a));
		send_from(a, 0, from[i], MIN_FRAME);
		EXPECT_EQ(-ETIMEDOUT, wait_used(&b->v, RX, 200, &len));
		EXPECT_EQ(0, broken_by_fault(a));

		/* Nobody else notices */
		EXPECT_EQ(0, exchange(b, c, i));
	}

	ASSERT_EQ(0, start_nic(a));
	EXPECT_EQ(0, exchange(a, b, 1));
}

/* A buffer for packets in memory of another SDI, and where there is none */
TEST_F(virtio_vfio, writes_to_foreign_memory)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1], *c = &self->nic[2];
	const uint64_t to[] = { a->v.iova + GUARD_OFFSET, NO_IOVA };
	unsigned int i;

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(c));
	for (i = 0; i < ARRAY_SIZE(to); i++) {
		ASSERT_EQ(0, start_nic(b));
		set_desc(&b->v, RX, 0, to[i], VIRTIO_BUFFER_SIZE,
			 VRING_DESC_F_WRITE);
		post(a, b, i, MIN_FRAME);
		EXPECT_EQ(0, broken_by_fault(b));
		EXPECT_EQ(0, b->v.queue[RX].vring.used->idx);
		EXPECT_TRUE(guard_is_intact(&a->v));
		EXPECT_EQ(0, exchange(a, c, i));
	}

	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(a, b, 1));
}

/* ---- Resets ---- */

/* Time for an interrupt that the device has sent to become an event */
#define SETTLE_US	100000

/* @a and @b work, and the device has been told of packets from @a to @b */
static int start_traffic(struct nic *a, struct nic *b)
{
	unsigned int i;
	int ret;

	ret = start_nic(a) ?: start_nic(b) ?: exchange(a, b, 0);
	for (i = 0; !ret && i < QUEUE_SIZE; i++)
		post(a, b, i, MAX_FRAME);

	return ret;
}

static void reset_in_traffic(struct __test_metadata *_metadata,
			     const struct pf *pf, struct nic *a, struct nic *b,
			     int (*reset)(const struct pf *pf, struct nic *nic))
{
	static uint8_t before[MEMORY_SIZE];
	struct virtio *v = &b->v;
	unsigned int i;

	ASSERT_EQ(0, start_traffic(a, b));
	ASSERT_EQ(0, reset(pf, b));
	EXPECT_TRUE(is_as_new(v));

	/*
	 * It is over: nothing is written and nothing is announced any more, but
	 * what was on its way to another CPU
	 */
	memcpy(before, v->mem, MEMORY_SIZE);
	usleep(SETTLE_US);
	for (i = 0; i < NIC_VECTORS; i++)
		events(b->irq[i], 0);
	if (virtio_status(&a->v))
		post(a, b, 1, MAX_FRAME);
	usleep(200000);
	EXPECT_EQ(0, memcmp(before, v->mem, MEMORY_SIZE));
	for (i = 0; i < NIC_VECTORS; i++)
		EXPECT_EQ(0, events(b->irq[i], 0));

	/* And it can begin anew, with the interrupts that it had */
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(a, b, 2));
	EXPECT_LE(1, events(b->irq[RX_VECTOR], 1000));
}

TEST_F(virtio_vfio, reset_in_traffic_by_ioctl)
{
	reset_in_traffic(_metadata, &self->pf, &self->nic[0], &self->nic[1],
			 reset_by_ioctl);
}

TEST_F(virtio_vfio, reset_in_traffic_by_flr)
{
	reset_in_traffic(_metadata, &self->pf, &self->nic[0], &self->nic[1],
			 reset_by_flr);
}

TEST_F(virtio_vfio, reset_in_traffic_by_pf)
{
	reset_in_traffic(_metadata, &self->pf, &self->nic[0], &self->nic[1],
			 reset_by_pf);
}

/* The next owner finds nothing of the one before */
TEST_F(virtio_vfio, closed_in_traffic)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	char buf[256];

	ASSERT_EQ(0, start_traffic(a, b));
	munmap(b->v.bar, b->v.bar_size);
	user_close(&b->v.user);
	memset(&b->v, 0, sizeof(b->v));
	ASSERT_EQ(0, user_open(&b->v.user, MODE_CDEV,
			       sdi_name(&self->pf, 1, buf, sizeof(buf))));
	ASSERT_EQ(0, virtio_find(&b->v, NIC_IOVA(1)));
	EXPECT_TRUE(is_as_new(&b->v));
	ASSERT_EQ(0, request_vectors(b));
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(a, b, 1));
}

/* ---- The window in configuration space ---- */

static void aim(const struct virtio *v, unsigned int bar, uint32_t offset,
		uint32_t length)
{
	unsigned int cap = v->place[VIRTIO_PCI_CAP_PCI_CFG].cap;

	cfg_write(&v->user, cap + VIRTIO_PCI_CAP_BAR, bar, 1);
	cfg_write(&v->user, cap + VIRTIO_PCI_CAP_OFFSET, offset, 4);
	cfg_write(&v->user, cap + VIRTIO_PCI_CAP_LENGTH, length, 4);
}

static unsigned int window_data(const struct virtio *v)
{
	return v->place[VIRTIO_PCI_CAP_PCI_CFG].cap +
	       offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);
}

static uint32_t window_read(const struct virtio *v, uint32_t offset,
			    uint32_t length)
{
	aim(v, v->place[VIRTIO_PCI_CAP_COMMON_CFG].bar, offset, length);
	return cfg_read(&v->user, window_data(v), length);
}

static int window_write(const struct virtio *v, uint32_t offset,
			uint32_t length, uint32_t val)
{
	aim(v, v->place[VIRTIO_PCI_CAP_COMMON_CFG].bar, offset, length);
	return cfg_write(&v->user, window_data(v), val, length);
}

static uint32_t bar_read(const struct virtio *v, uint32_t offset,
			 uint32_t length)
{
	uint32_t val = 0;

	if (region_read(&v->user, v->place[VIRTIO_PCI_CAP_COMMON_CFG].bar,
			offset, &val, length) != (ssize_t)length)
		return 0xdeadbeef;

	return val;
}

/* Of the first that differs the offset, -1 if there is none */
static int differs(const struct virtio *v, const struct place *p)
{
	uint32_t offset, width;

	for (width = 1; width <= 4; width *= 2)
		for (offset = p->offset; offset + width <= p->offset + p->length;
		     offset += width)
			if (window_read(v, offset, width) !=
			    bar_read(v, offset, width))
				return offset;

	return -1;
}

TEST_F(virtio_vfio, window_shows_the_registers)
{
	struct virtio *v = &self->nic[0].v;
	uint32_t offset = v->place[VIRTIO_PCI_CAP_COMMON_CFG].offset;

	ASSERT_EQ(0, start_nic(&self->nic[0]));
	EXPECT_EQ(-1, differs(v, &v->place[VIRTIO_PCI_CAP_COMMON_CFG]));
	EXPECT_EQ(-1, differs(v, &v->place[VIRTIO_PCI_CAP_ISR_CFG]));
	EXPECT_EQ(-1, differs(v, &v->place[VIRTIO_PCI_CAP_DEVICE_CFG]));

	/* There is something to see */
	EXPECT_EQ(virtio_status(v),
		  window_read(v, offset + VIRTIO_PCI_COMMON_STATUS, 1));
	EXPECT_EQ(0xf, virtio_status(v));
	EXPECT_EQ(3, window_read(v, offset + VIRTIO_PCI_COMMON_NUMQ, 2));
	EXPECT_NE(0, window_read(v, v->place[VIRTIO_PCI_CAP_DEVICE_CFG].offset,
				 4));
}

/* A device that is started by the window alone, as firmware does it */
TEST_F(virtio_vfio, window_writes_the_registers)
{
	struct virtio *v = &self->nic[0].v;
	uint32_t common = v->place[VIRTIO_PCI_CAP_COMMON_CFG].offset;
	uint32_t val;

	ASSERT_EQ(0, virtio_reset(v));
	ASSERT_EQ(0, window_write(v, common + VIRTIO_PCI_COMMON_STATUS, 1, 3));
	EXPECT_EQ(3, virtio_status(v));
	ASSERT_EQ(0, window_write(v, common + VIRTIO_PCI_COMMON_Q_SELECT, 2, 1));
	EXPECT_EQ(1, common_get16(v, VIRTIO_PCI_COMMON_Q_SELECT));
	ASSERT_EQ(0, window_write(v, common + VIRTIO_PCI_COMMON_Q_DESCLO, 4,
				  0x12345000));
	EXPECT_EQ(0x12345000, common_get32(v, VIRTIO_PCI_COMMON_Q_DESCLO));
	/* The neighbours have not been written */
	EXPECT_EQ(0, common_get32(v, VIRTIO_PCI_COMMON_Q_DESCHI));
	EXPECT_EQ(0, common_get16(v, VIRTIO_PCI_COMMON_Q_ENABLE));

	/* It is for who cannot reach the BAR */
	ASSERT_EQ(0, set_command(&v->user, 0, PCI_COMMAND_MEMORY));
	EXPECT_EQ(-EIO, region_read(&v->user, 4, common, &val, 4));
	EXPECT_EQ(3, window_read(v, common + VIRTIO_PCI_COMMON_STATUS, 1));
	ASSERT_EQ(0, window_write(v, common + VIRTIO_PCI_COMMON_STATUS, 1, 0));
	EXPECT_EQ(0, window_read(v, common + VIRTIO_PCI_COMMON_STATUS, 1));

	/* A reset of the PF does not turn it off for good */
	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
	EXPECT_EQ(0, window_read(v, common + VIRTIO_PCI_COMMON_STATUS, 1));
	EXPECT_EQ(3, window_read(v, common + VIRTIO_PCI_COMMON_NUMQ, 2));
}

/* What is no register: nothing is written, and the data stays what it was */
TEST_F(virtio_vfio, window_refuses)
{
	static const struct {
		uint32_t bar, offset, length;
	} bad[] = {
		{ 4, 0x14, 0 }, { 4, 0x14, 3 }, { 4, 0x14, 5 }, { 4, 0x10, 8 },
		{ 4, 0x10, 0xffffffff }, { 4, 0x10, 0x80000004 },
		{ 4, 0x15, 2 }, { 4, 0x16, 4 }, { 4, 0x11, 4 },
		{ 4, 0x10000, 4 }, { 4, 0xffffffff, 1 }, { 4, 0xfffffffc, 4 },
		{ 0, 0x14, 4 }, { 3, 0x14, 4 }, { 5, 0, 4 }, { 6, 0x14, 4 },
		{ 0x84, 0x14, 4 }, { 255, 0x14, 4 },
	};
	struct virtio *v = &self->nic[0].v;
	uint8_t before[64], after[64];
	uint32_t table, val;
	unsigned int i;

	ASSERT_EQ(0, start_nic(&self->nic[0]));
	ASSERT_EQ(64, region_read(&v->user, 4, 0, before, 64));
	ASSERT_EQ(4, region_read(&v->user, 5, 0, &table, 4));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		val = 0xa5a50000 + i;
		aim(v, bad[i].bar, bad[i].offset, bad[i].length);
		ASSERT_EQ(0, cfg_write(&v->user, window_data(v), val, 4));
		EXPECT_EQ(val, cfg_read(&v->user, window_data(v), 4)) {
			TH_LOG("BAR %u, %#x, %#x bytes", bad[i].bar,
			       bad[i].offset, bad[i].length);
		}
		ASSERT_EQ(64, region_read(&v->user, 4, 0, after, 64));
		EXPECT_EQ(0, memcmp(before, after, 64));
	}

	/* Past the page, wherever that ends */
	aim(v, 4, v->bar_size, 4);
	ASSERT_EQ(0, cfg_write(&v->user, window_data(v), 0x5a5a5a5a, 4));
	EXPECT_EQ(0x5a5a5a5a, cfg_read(&v->user, window_data(v), 4));
	ASSERT_EQ(4, region_read(&v->user, 5, 0, &val, 4));
	EXPECT_EQ(table, val);
}

/* ---- Garbage ---- */

#define FUZZ_SECONDS	2
#define FUZZ_BATCH	200

static uint32_t any_word(void)
{
	return any(0x10000) << 16 | any(0x10000);
}

/* Where something may happen rather than anywhere */
static uint64_t any_pos(const struct virtio *v, unsigned int index)
{
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return any(4) ? 0x40 + any(0xa0) : any(0x1000);

	return any(2) ? any(0x40) : any(v->bar_size);
}

static uint32_t any_value(const struct virtio *v)
{
	switch (any(4)) {
	case 0:
		return any(0x10);
	case 1:
		return v->iova + (any(MEMORY_SIZE) & ~0xfu);
	default:
		return any_word();
	}
}

static void fuzz_once(struct virtio *v)
{
	static const unsigned int index[] = {
		4, 4, 4, 5, VFIO_PCI_CONFIG_REGION_INDEX,
		VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_ROM_REGION_INDEX, 0,
	};
	unsigned int i = index[any(ARRAY_SIZE(index))];
	unsigned int size = 1 << any(4), bytes = any(8) ? size : any(64);
	uint8_t buf[64];
	uint32_t val[2] = { any_value(v), any(2) ? 0 : any_word() };

	switch (any(8)) {
	case 0:
		region_read(&v->user, i, any_pos(v, i), buf, bytes);
		break;
	case 1:
		aim(v, any(8) ? 4 : any(256), any_pos(v, 4), 1 << any(4));
		cfg_write(&v->user, window_data(v), any_value(v), 4);
		break;
	default:
		region_write(&v->user, i, any_pos(v, i), val, size);
	}
}

/* A queue that points anywhere, and a device that is told to look at it */
static void fuzz_queues(struct virtio *v)
{
	unsigned int i;

	negotiate(v, MUST_HAVE);
	setup_queue(v, RX, any(8));
	setup_queue(v, TX, any(8));
	add_status(v, VIRTIO_CONFIG_S_DRIVER_OK);
	for (i = 0; i < QUEUE_BYTES; i++)
		if (!any(4))
			v->mem[TX * QUEUE_BYTES + i] = any(256);
	notify(v, TX);
}

/* Whatever the owner of one does, others and the next owner do not notice */
TEST_F(virtio_vfio, garbage)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1], *c = &self->nic[2];
	unsigned int i, rounds = 0;
	double end;

	random_state = layout("SIOV_SEED", 1);
	TH_LOG("SIOV_SEED=%u", random_state);
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, start_nic(c));
	end = now() + FUZZ_SECONDS;
	do {
		/* The BAR has to be on for who has it mapped */
		ASSERT_EQ(0, set_command(&a->v.user, PCI_COMMAND_MEMORY |
					 PCI_COMMAND_MASTER, 0));
		fuzz_queues(&a->v);
		for (i = 0; i < FUZZ_BATCH; i++)
			fuzz_once(&a->v);
		ASSERT_EQ(0, exchange(b, c, rounds++));
	} while (now() < end);

	TH_LOG("%u rounds", rounds);
	EXPECT_TRUE(guard_is_intact(&b->v));
	EXPECT_TRUE(guard_is_intact(&c->v));
	ASSERT_EQ(0, ioctl(a->v.user.device, VFIO_DEVICE_RESET));
	ASSERT_EQ(0, set_command(&a->v.user, PCI_COMMAND_MEMORY, 0));
	EXPECT_TRUE(is_as_new(&a->v));
	ASSERT_EQ(0, start_nic(a));
	EXPECT_EQ(0, exchange(a, b, 1));
}

/* ---- A disk ---- */

FIXTURE(virtio_disk)
{
	struct pf pf;
	struct virtio v;
	int irq;
};

FIXTURE_SETUP(virtio_disk)
{
	int index = layout("SIOV_DISK", -1);

	user_init(&self->v.user, MODE_CDEV);
	if (strcmp(pf_driver(), "virtio-pci") || index < 0)
		SKIP(return, "no disk is meant");
	if (!find_pf(&self->pf))
		SKIP(return, "no PF with driver virtio-pci");

	delete_all(&self->pf);
	allow_unsafe(!remapping_is_on());
	ASSERT_EQ(0, open_sdi(&self->pf, index, &self->v, NIC_IOVA(0)));
	self->irq = eventfd(0, EFD_NONBLOCK);
	ASSERT_EQ(0, set_eventfds(&self->v.user, VFIO_PCI_MSIX_IRQ_INDEX,
				  BLK_VECTOR, 1, &self->irq));
}

FIXTURE_TEARDOWN_PARENT(virtio_disk)
{
	delete_all(&self->pf);
}

TEST_F(virtio_disk, keeps_what_is_written)
{
	struct virtio *v = &self->v;
	const struct user *u = &v->user;
	uint32_t capacity;

	EXPECT_EQ(VIRTIO_DEVICE(VIRTIO_ID_BLOCK),
		  cfg_read(u, PCI_DEVICE_ID, 2));
	EXPECT_EQ(0x01000001, cfg_read(u, PCI_CLASS_REVISION, 4));
	ASSERT_EQ(0, start_device(v));
	capacity = get((uint32_t *)at(v, VIRTIO_PCI_CAP_DEVICE_CFG, 0));
	ASSERT_LE(64, capacity);
	ASSERT_EQ(0, write_sectors(v, 7));
	EXPECT_LE(1, events(self->irq, 1000));

	/* A reset in between takes nothing from it */
	ASSERT_EQ(0, ioctl(u->device, VFIO_DEVICE_RESET));
	ASSERT_EQ(0, start_device(v));
	EXPECT_EQ(0, check_sectors(v, 7));

	EXPECT_EQ(VIRTIO_BLK_S_IOERR,
		  blk_request(v, VIRTIO_BLK_T_IN, capacity, SECTOR));
	EXPECT_EQ(VIRTIO_BLK_S_UNSUPP, blk_request(v, 0x7777, 0, SECTOR));
	EXPECT_TRUE(guard_is_intact(v));
}

/* ---- SDIs of other devices ---- */

/* The driver knows nothing of their registers, and says so */
TEST(sdis_that_are_not_virtio)
{
	const char *name = getenv("SIOV_OTHER_PF");
	struct pf pf = { };
	char buf[256];

	if (!name)
		SKIP(return, "SIOV_OTHER_PF does not name another PF");

	snprintf(pf.name, sizeof(pf.name), "%s", name);
	ASSERT_TRUE(exists(pf_path(&pf, "siov/sdi_new")));
	delete_all(&pf);
	create_sdi(&pf, 0, "driver_override=" VIRTIO_VFIO_DRIVER);
	EXPECT_FALSE(exists(sdi_path(&pf, 0, "driver")));
	delete_all(&pf);
	ASSERT_EQ(0, create_sdi(&pf, 0, "driver_override=" VFIO_DRIVER));
	EXPECT_STREQ(VFIO_DRIVER, link_target(sdi_path(&pf, 0, "driver"), buf,
					      sizeof(buf)));
	delete_all(&pf);
}

TEST_HARNESS_MAIN
