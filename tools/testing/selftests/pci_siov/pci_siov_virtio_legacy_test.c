// SPDX-License-Identifier: GPL-2.0
/*
 * SDIs of a virtio PCI device in the hands of a user that has but a legacy driver:
 * virtio-vfio-siov-trans
 *
 * Needs a virtio PF that answers for legacy registers of SDIs, a driver of its NIC,
 * CONFIG_VIRTIO_VFIO_SIOV_LEGACY and SIOV_PF_DRIVER=virtio-pci in the environment, skips
 * where they are absent. SIOV_DISK is the index of an SDI that is a disk, SIOV_RNG of one
 * that makes random numbers. SDIs that exist are destroyed.
 */
#include <pthread.h>

#include "../kselftest_harness.h"
#include "pci_siov_log.h"
#include "pci_siov_virtio_dev.h"
#include "pci_siov_virtio_legacy.h"

#define TRANS_DRIVER	"virtio-vfio-siov-trans"
/* ABI */
#define PORTS		128

#define NR_NICS		3

static int open_trans(const struct pf *pf, unsigned int index, struct virtio *v,
		      uint64_t iova)
{
	return user_create(pf, index, &v->user, TRANS_DRIVER) ?:
	       legacy_find(v, iova);
}

static const char *no_trans_nic(struct pf *pf)
{
	if (strcmp(pf_driver(), "virtio-pci"))
		return "no virtio PF is meant";
	if (!find_pf(pf))
		return "no PF with driver virtio-pci";
	if (!exists("/sys/bus/pci_sdi/drivers/" TRANS_DRIVER))
		return "no driver " TRANS_DRIVER;
	if (!expected("isolated"))
		return "SDIs are not said to be apart";

	return NULL;
}

FIXTURE(virtio_legacy)
{
	struct pf pf;
	struct nic nic[NR_NICS];
};

FIXTURE_SETUP(virtio_legacy)
{
	const char *reason;
	unsigned int i;

	for (i = 0; i < NR_NICS; i++)
		user_init(&self->nic[i].v.user, MODE_CDEV);
	reason = no_trans_nic(&self->pf);
	if (reason)
		SKIP(return, "%s", reason);

	delete_all(&self->pf);
	allow_unsafe(!remapping_is_on());
	for (i = 0; i < NR_NICS; i++) {
		ASSERT_EQ(0, open_trans(&self->pf, i, &self->nic[i].v,
					NIC_IOVA(i)));
		make_events(&self->nic[i]);
	}
}

FIXTURE_TEARDOWN_PARENT(virtio_legacy)
{
	delete_all(&self->pf);
}

static int device_feature(const struct user *u, uint32_t flags)
{
	struct {
		struct vfio_device_feature head;
		uint64_t data;
	} arg = { .head = { .argsz = sizeof(arg), .flags = flags } };

	return ioctl(u->device, VFIO_DEVICE_FEATURE, &arg) ? -errno : 0;
}

/* What a legacy driver binds to, and that a modern one finds the rest */
TEST_F(virtio_legacy, function)
{
	const struct user *u = &self->nic[0].v.user;
	struct virtio modern = { .user = *u };
	uint8_t mac[ETH_ALEN];
	unsigned int i;
	uint32_t val;

	check_legacy_function(_metadata, u, PORTS);
	/* It gates writes as well, and nothing else gates either */
	ASSERT_EQ(0, set_command(u, 0, PCI_COMMAND_IO));
	EXPECT_EQ(-EIO, region_write(u, PORTS_BAR, 0x12, &val, 1));
	ASSERT_EQ(0, set_command(u, PCI_COMMAND_IO, PCI_COMMAND_MEMORY));
	EXPECT_EQ(4, region_read(u, PORTS_BAR, 0, &val, 4));
	EXPECT_EQ(-EINVAL, region_read(u, PORTS_BAR, PORTS, &val, 1));
	ASSERT_EQ(0, set_command(u, PCI_COMMAND_MEMORY, 0));

	/* What a legacy driver has set up does not move with it */
	EXPECT_EQ(-ENOTTY, device_feature(u, VFIO_DEVICE_FEATURE_GET |
					  VFIO_DEVICE_FEATURE_MIGRATION));

	/* What a modern device has is where it would be without */
	ASSERT_EQ(0, virtio_find(&modern, NIC_IOVA(7)));
	EXPECT_EQ(0x88, modern.place[VIRTIO_PCI_CAP_COMMON_CFG].cap);
	EXPECT_EQ(0xcc, modern.place[VIRTIO_PCI_CAP_PCI_CFG].cap);
	EXPECT_EQ(4, modern.place[VIRTIO_PCI_CAP_COMMON_CFG].bar);
	EXPECT_EQ(5, cfg_read(u, 0x7c + PCI_MSIX_TABLE, 4));
	EXPECT_EQ(0, negotiate(&modern, MUST_HAVE | BIT64(VIRTIO_NET_F_MAC)));
	for (i = 0; i < ETH_ALEN; i++)
		mac[i] = modern_config(&modern, i);

	/* It is one device: both see the same */
	EXPECT_EQ(0xb, port_in(&self->nic[0].v, VIRTIO_PCI_STATUS, 1));
	for (i = 0; i < ETH_ALEN; i++)
		EXPECT_EQ(mac[i], port_in(&self->nic[0].v, 0x14 + i, 1));
	EXPECT_EQ(0, virtio_reset(&modern));
	EXPECT_EQ(0, port_in(&self->nic[0].v, VIRTIO_PCI_STATUS, 1));
}

TEST_F(virtio_legacy, registers)
{
	struct virtio *v = &self->nic[0].v;
	uint32_t features;

	ASSERT_EQ(0, msix_on(v, self->nic[0].irq, NIC_VECTORS));
	ASSERT_EQ(0, legacy_reset(v));
	features = port_in(v, VIRTIO_PCI_HOST_FEATURES, 4);
	EXPECT_TRUE(features & 1 << VIRTIO_NET_F_MAC);
	EXPECT_EQ(0, port_in(v, VIRTIO_PCI_GUEST_FEATURES, 4));
	ASSERT_EQ(0, legacy_negotiate(v, 1 << VIRTIO_NET_F_MAC));
	EXPECT_EQ(1 << VIRTIO_NET_F_MAC,
		  port_in(v, VIRTIO_PCI_GUEST_FEATURES, 4));
	EXPECT_EQ(3, port_in(v, VIRTIO_PCI_STATUS, 1));

	/* Each queue has its own, and there is no fourth one */
	ASSERT_EQ(0, legacy_setup_queue(v, TX, TX_VECTOR));
	ASSERT_EQ(0, legacy_setup_queue(v, RX, RX_VECTOR));
	EXPECT_EQ(NIC_IOVA(0) >> 12, port_in(v, VIRTIO_PCI_QUEUE_PFN, 4));
	ASSERT_EQ(0, port_out(v, VIRTIO_PCI_QUEUE_SEL, 2, TX));
	EXPECT_EQ(TX, port_in(v, VIRTIO_PCI_QUEUE_SEL, 2));
	EXPECT_EQ(TX_VECTOR, port_in(v, VIRTIO_MSI_QUEUE_VECTOR, 2));
	EXPECT_EQ((NIC_IOVA(0) + QUEUE_BYTES) >> 12,
		  port_in(v, VIRTIO_PCI_QUEUE_PFN, 4));
	ASSERT_EQ(0, port_out(v, VIRTIO_PCI_QUEUE_SEL, 2, 3));
	EXPECT_EQ(0, port_in(v, VIRTIO_PCI_QUEUE_NUM, 2));

	/* There is no such vector */
	ASSERT_EQ(0, port_out(v, VIRTIO_MSI_CONFIG_VECTOR, 2, NIC_VECTORS - 1));
	EXPECT_EQ(NIC_VECTORS - 1, port_in(v, VIRTIO_MSI_CONFIG_VECTOR, 2));
	ASSERT_EQ(0, port_out(v, VIRTIO_MSI_CONFIG_VECTOR, 2, NIC_VECTORS));
	EXPECT_EQ(VIRTIO_MSI_NO_VECTOR, port_in(v, VIRTIO_MSI_CONFIG_VECTOR, 2));

	/* Ignored, and no error */
	EXPECT_EQ(0, port_out(v, VIRTIO_PCI_HOST_FEATURES, 4, ~0u));
	EXPECT_EQ(0, port_out(v, VIRTIO_PCI_QUEUE_NUM, 2, 1));
	EXPECT_EQ(0, port_out(v, VIRTIO_PCI_ISR, 1, 1));
	EXPECT_EQ(features, port_in(v, VIRTIO_PCI_HOST_FEATURES, 4));

	ASSERT_EQ(0, legacy_reset(v));
	EXPECT_EQ(0, port_in(v, VIRTIO_PCI_GUEST_FEATURES, 4));
	ASSERT_EQ(0, port_out(v, VIRTIO_PCI_QUEUE_SEL, 2, RX));
	EXPECT_EQ(0, port_in(v, VIRTIO_PCI_QUEUE_PFN, 4));
	EXPECT_EQ(VIRTIO_MSI_NO_VECTOR, port_in(v, VIRTIO_MSI_QUEUE_VECTOR, 2));
}

/* ---- Accesses that are not those of a field ---- */

/* By whole fields, and bytes of the configuration */
static void read_ports(const struct virtio *v, uint8_t ports[PORTS])
{
	static const unsigned int width[] = { 4, 4, 4, 2, 2, 2, 1, 1, 2, 2 };
	unsigned int i, pos = 0;
	uint32_t val;

	for (i = 0; pos < legacy_config_base(v); pos += width[i++]) {
		val = port_in(v, pos, width[i]);
		memcpy(ports + pos, &val, width[i]);
	}
	for (; pos < PORTS; pos++)
		ports[pos] = port_in(v, pos, 1);
}

/* Bytes are in the same place however they are read: whatever width, from anywhere */
static void read_in_all_widths(struct __test_metadata *_metadata,
			       const struct virtio *v)
{
	uint8_t ports[PORTS], buf[PORTS];
	unsigned int pos, size;
	ssize_t wanted;

	read_ports(v, ports);
	for (size = 1; size <= PORTS; size += size < 9 ? 1 : 17) {
		for (pos = 0; pos < PORTS; pos++) {
			memset(buf, 0xa5, sizeof(buf));
			wanted = size < PORTS - pos ? size : PORTS - pos;
			ASSERT_EQ(wanted, region_read(&v->user, PORTS_BAR, pos,
						      buf, size));
			ASSERT_EQ(0, memcmp(ports + pos, buf, wanted)) {
				TH_LOG("%u bytes at %#x, MSI-X %s", size, pos,
				       v->msix ? "on" : "off");
			}
		}
	}

	/* Past the end of the configuration */
	for (pos = PORTS - 16; pos < PORTS; pos++)
		EXPECT_EQ(0xff, ports[pos]);
}

TEST_F(virtio_legacy, reads_of_any_width)
{
	struct nic *nic = &self->nic[0];

	/* Something that is neither all zeroes nor all ones */
	ASSERT_EQ(0, msix_on(&nic->v, nic->irq, NIC_VECTORS));
	ASSERT_EQ(0, start_nic(nic));
	port_in(&nic->v, VIRTIO_PCI_ISR, 1);
	read_in_all_widths(_metadata, &nic->v);

	ASSERT_EQ(0, msix_off(&nic->v));
	read_in_all_widths(_metadata, &nic->v);
}

/* The configuration makes way for two registers while MSI-X is enabled */
TEST_F(virtio_legacy, msix_moves_the_configuration)
{
	struct nic *nic = &self->nic[0];
	struct virtio *v = &nic->v;
	uint32_t mac = port_in(v, 0x14, 4);
	unsigned int i;

	/* The capability alone does nothing, as with vfio-pci */
	ASSERT_EQ(0, cfg_write(&v->user, 0x7c + PCI_MSIX_FLAGS,
			       PCI_MSIX_FLAGS_ENABLE, 2));
	EXPECT_EQ(mac, port_in(v, 0x14, 4));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, msix_on(v, nic->irq, 1 + i));
		EXPECT_EQ(0xffffffff, port_in(v, 0x14, 4));
		EXPECT_EQ(mac, port_in(v, 0x18, 4));
		ASSERT_EQ(0, msix_off(v));
		EXPECT_EQ(mac, port_in(v, 0x14, 4));
	}
}

/* Half a field is refused, and nothing of the access is done */
TEST_F(virtio_legacy, writes_of_half_a_field)
{
	static const struct {
		unsigned int pos, size;
	} half[] = {
		{ 0x4, 1 }, { 0x4, 2 }, { 0x6, 2 }, { 0x7, 1 }, { 0x8, 2 },
		{ 0xa, 2 }, { 0xc, 1 }, { 0xd, 1 }, { 0xe, 1 }, { 0xf, 1 },
		{ 0x10, 1 }, { 0x11, 1 }, { 0x14, 1 }, { 0x15, 1 },
		{ 0x16, 1 }, { 0x17, 1 },
	};
	struct nic *nic = &self->nic[0];
	struct virtio *v = &nic->v;
	uint8_t before[PORTS], after[PORTS];
	unsigned int i;

	ASSERT_EQ(0, msix_on(v, nic->irq, NIC_VECTORS));
	ASSERT_EQ(0, start_nic(nic));
	port_in(v, VIRTIO_PCI_ISR, 1);
	read_ports(v, before);
	for (i = 0; i < ARRAY_SIZE(half); i++) {
		EXPECT_EQ(-EINVAL, port_out(v, half[i].pos, half[i].size, 2)) {
			TH_LOG("%u bytes at %#x", half[i].size, half[i].pos);
		}
		read_ports(v, after);
		EXPECT_EQ(0, memcmp(before, after, PORTS));
	}
}

/* Several fields at once are as many accesses, and so are those beside them */
TEST_F(virtio_legacy, writes_of_several_fields)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	struct virtio *v = &a->v;
	uint8_t mac[8];

	ASSERT_EQ(0, legacy_negotiate(v, 0));
	ASSERT_EQ(0, port_out(v, 0x0, 8, BIT64(32 + VIRTIO_NET_F_MAC) | 0xffff));
	EXPECT_EQ(1 << VIRTIO_NET_F_MAC, port_in(v, 0x4, 4));
	ASSERT_EQ(0, port_out(v, 0xc, 4, 1 << 16 | 0x7777));
	EXPECT_EQ(1, port_in(v, VIRTIO_PCI_QUEUE_SEL, 2));

	/* Notification, status, ISR, and what comes then */
	ASSERT_EQ(0, port_out(v, 0x10, 4, 0xff000000 | 7 << 16));
	EXPECT_EQ(7, port_in(v, VIRTIO_PCI_STATUS, 1));
	EXPECT_EQ(0, port_in(v, VIRTIO_PCI_ISR, 1));
	ASSERT_EQ(0, legacy_reset(v));
	ASSERT_EQ(0, port_out(v, 0x10, 8, 0x7766554400030000));
	EXPECT_EQ(3, port_in(v, VIRTIO_PCI_STATUS, 1));
	EXPECT_EQ(0x77665544, port_in(v, 0x14, 4));
	ASSERT_EQ(8, region_read(&v->user, PORTS_BAR, 0x10, mac, 8));
	EXPECT_EQ(3, mac[2]);
	EXPECT_EQ(0x44, mac[4]);
	EXPECT_EQ(0x77, mac[7]);

	/* A notification counts in whatever access it comes */
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	fill_packet(v->mem + BUFFER_OFFSET(TX, 0), a, b, 1, MIN_FRAME);
	set_packet(a, TX, 0, v->iova + BUFFER_OFFSET(TX, 0), MIN_FRAME, 0);
	offer(v, TX, head_of(a, 0));
	ASSERT_EQ(0, port_out(v, 0xe, 4, TX << 16 | RX));
	EXPECT_EQ(0, receive(b, a, 1, MIN_FRAME));
	EXPECT_EQ(RX, port_in(v, VIRTIO_PCI_QUEUE_SEL, 2));
}

/* The one place where a legacy driver writes the configuration */
TEST_F(virtio_legacy, mac_address)
{
	static const uint8_t mac[ETH_ALEN] = { 0x52, 1, 2, 3, 4, 5 };
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	unsigned int i, base;

	ASSERT_EQ(0, msix_on(&a->v, a->irq, NIC_VECTORS));
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	base = legacy_config_base(&a->v);
	for (i = 0; i < ETH_ALEN; i++)
		ASSERT_EQ(0, port_out(&a->v, base + i, 1, mac[i]));
	for (i = 0; i < ETH_ALEN; i += 2)
		EXPECT_EQ(mac[i] | mac[i + 1] << 8, port_in(&a->v, base + i, 2));
	ASSERT_EQ(ETH_ALEN, region_write(&a->v.user, PORTS_BAR, base, mac,
					 ETH_ALEN));
	EXPECT_EQ(mac[0], port_in(&a->v, base, 1));
	EXPECT_EQ(mac[5], port_in(&a->v, base + 5, 1));

	/* Past the end nothing is, and nothing is an error */
	EXPECT_EQ(0, port_out(&a->v, PORTS - 8, 8, 0));
	EXPECT_EQ(0xffffffff, port_in(&a->v, PORTS - 8, 4));
	EXPECT_EQ(mac[0], port_in(&a->v, base, 1));

	/* It is the one that packets are for */
	EXPECT_NE(0, memcmp(mac, a->mac, ETH_ALEN));
	memcpy(a->mac, mac, ETH_ALEN);
	EXPECT_EQ(0, exchange(a, b, 1));
}

/* Accesses that the device refuses must not flood the host's log */
TEST_F(virtio_legacy, log_is_not_filled)
{
	unsigned int i, lines = 0;
	char line[2048];
	int log;

	log = log_open();
	ASSERT_LE(0, log);
	for (i = 0; i < 300; i++)
		port_in(&self->nic[0].v, PORTS - 4, 4);
	while (log_next(log, now(), line, sizeof(line)))
		lines++;
	TH_LOG("%u lines", lines);
	EXPECT_LE(lines, 100);
	close(log);
}

/* ---- Traffic ---- */

TEST_F(virtio_legacy, packets)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];

	ASSERT_EQ(0, msix_on(&a->v, a->irq, NIC_VECTORS));
	ASSERT_EQ(0, msix_on(&b->v, b->irq, NIC_VECTORS));
	check_packets(_metadata, a, b);
}

/* A driver that polls, as firmware does; ISR says what is new, once */
TEST_F(virtio_legacy, without_msix)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	port_in(&b->v, VIRTIO_PCI_ISR, 1);
	ASSERT_EQ(0, transfer(a, b, 1, MIN_FRAME));
	EXPECT_EQ(1, port_in(&b->v, VIRTIO_PCI_ISR, 1));
	EXPECT_EQ(0, port_in(&b->v, VIRTIO_PCI_ISR, 1));
	ASSERT_EQ(0, transfer(a, b, 2, MAX_FRAME));
	EXPECT_EQ(1, port_in(&b->v, 0x10, 4) >> 24);
	EXPECT_EQ(0, port_in(&b->v, VIRTIO_PCI_ISR, 1));
	EXPECT_EQ(0, exchange(a, b, 3));
}

/* Nothing leaves the device while Bus Master Enable is clear */
TEST_F(virtio_legacy, bus_master)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	uint32_t len;

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, set_command(&a->v.user, 0, PCI_COMMAND_MASTER));
	ASSERT_EQ(0, post(a, b, 1, MIN_FRAME));
	EXPECT_EQ(-ETIMEDOUT, wait_used(&b->v, RX, 300, &len));
	ASSERT_EQ(0, set_command(&a->v.user, PCI_COMMAND_MASTER, 0));
	ASSERT_EQ(0, legacy_notify(&a->v, TX));
	EXPECT_EQ(0, receive(b, a, 1, MIN_FRAME));
}

/* ---- Resets ---- */

TEST_F(virtio_legacy, reset_by_the_user)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, exchange(a, b, 1));
	ASSERT_EQ(0, ioctl(b->v.user.device, VFIO_DEVICE_RESET));
	EXPECT_TRUE(is_as_new(&b->v));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(a, b, 2));
}

/* The next owner finds nothing of the one before, and the ports off */
TEST_F(virtio_legacy, closed_and_opened)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	char buf[256];

	ASSERT_EQ(0, msix_on(&b->v, b->irq, NIC_VECTORS));
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, post(a, b, 1, MAX_FRAME));
	user_close(&b->v.user);
	memset(&b->v, 0, sizeof(b->v));
	ASSERT_EQ(0, user_open(&b->v.user, MODE_CDEV,
			       sdi_name(&self->pf, 1, buf, sizeof(buf))));
	EXPECT_EQ(0, cfg_read(&b->v.user, PCI_COMMAND, 2) & PCI_COMMAND_IO);
	ASSERT_EQ(0, legacy_find(&b->v, NIC_IOVA(1)));
	EXPECT_TRUE(is_as_new(&b->v));
	EXPECT_EQ(b->mac[0], port_in(&b->v, 0x14, 1));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(a, b, 2));
}

/* Accesses without end while something happens to the SDI, or to its PF */
struct storm {
	pthread_t thread;
	const struct virtio *v;
	bool stop;
	unsigned int done;
	unsigned int failed;
	int wrong;
};

static void storm_count(struct storm *s, int ret)
{
	if (!ret)
		__atomic_add_fetch(&s->done, 1, __ATOMIC_RELAXED);
	else if (ret == -EIO)
		s->failed++;
	else
		s->wrong = ret;
}

static void *storm_run(void *data)
{
	struct storm *s = data;
	const struct user *u = &s->v->user;
	uint32_t val;
	ssize_t n;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		n = region_read(u, PORTS_BAR, VIRTIO_PCI_HOST_FEATURES, &val, 4);
		storm_count(s, n < 0 ? n : 0);
		/* Half of the MAC address is in there */
		n = region_read(u, PORTS_BAR, 0x18, &val, 4);
		storm_count(s, n < 0 ? n : val == 0xffffffff ? -ENXIO : 0);
		storm_count(s, port_out(s->v, VIRTIO_PCI_QUEUE_SEL, 2, TX));
		storm_count(s, legacy_notify(s->v, TX));
	}

	return NULL;
}

static void storm_start(struct storm *s, const struct virtio *v)
{
	*s = (struct storm) { .v = v };
	pthread_create(&s->thread, NULL, storm_run, s);
}

/* They go on, or begin to again */
static bool storm_goes_on(struct storm *s)
{
	unsigned int before = __atomic_load_n(&s->done, __ATOMIC_RELAXED);
	double end = now() + 5;

	while (__atomic_load_n(&s->done, __ATOMIC_RELAXED) < before + 20)
		if (now() > end)
			return false;

	return true;
}

static void storm_stop(struct storm *s)
{
	__atomic_store_n(&s->stop, true, __ATOMIC_RELAXED);
	pthread_join(s->thread, NULL);
}

#define RESETS	10

/* An access waits until the reset is over, and finds what is there then */
TEST_F(virtio_legacy, resets_while_registers_are_accessed)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	struct storm one, two;
	unsigned int i;

	storm_start(&one, &a->v);
	storm_start(&two, &a->v);
	for (i = 0; i < RESETS; i++) {
		ASSERT_EQ(0, ioctl(a->v.user.device, VFIO_DEVICE_RESET));
		EXPECT_TRUE(storm_goes_on(&one));
	}
	storm_stop(&one);
	storm_stop(&two);
	EXPECT_EQ(0, one.failed + two.failed);
	EXPECT_EQ(0, one.wrong);
	EXPECT_EQ(0, two.wrong);
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(a, b, 1));
}

/* Nobody waits for good, and it all works at once when the reset is over */
TEST_F(virtio_legacy, pf_resets_while_registers_are_accessed)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	struct storm one, two;
	unsigned int i;

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	storm_start(&one, &a->v);
	storm_start(&two, &a->v);
	for (i = 0; i < RESETS; i++) {
		ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
		EXPECT_NE(0xdeadbeef, port_in(&b->v, 0, 4));
		EXPECT_TRUE(is_as_new(&b->v));
		EXPECT_TRUE(storm_goes_on(&one));
	}
	storm_stop(&one);
	storm_stop(&two);
	EXPECT_EQ(0, one.wrong);
	EXPECT_EQ(0, two.wrong);
	TH_LOG("%u accesses, %u failed", one.done + two.done,
	       one.failed + two.failed);
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(a, b, 1));
}

/* ---- A PF whose NIC has no driver ---- */

static bool find_owner(const struct pf *pf, char *name, size_t size)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	dir = opendir(pf_path(pf, ""));
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		found = !strncmp(entry->d_name, "virtio", 6);
		if (found)
			snprintf(name, size, "%.20s", entry->d_name);
	}
	closedir(dir);
	return found;
}

/* Who asks for the registers has gone: no access waits, and it comes back */
TEST_F(virtio_legacy, owner_without_driver)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	char owner[32];
	uint32_t val;

	ASSERT_TRUE(find_owner(&self->pf, owner, sizeof(owner)));
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, bus_write("virtio", "virtio_net", "unbind", owner));
	EXPECT_EQ(-EIO, region_read(&a->v.user, PORTS_BAR, 0, &val, 4));
	EXPECT_EQ(-EIO, region_read(&a->v.user, PORTS_BAR, 0x14, &val, 4));
	EXPECT_EQ(-EIO, port_out(&a->v, VIRTIO_PCI_QUEUE_SEL, 2, 1));
	EXPECT_EQ(-EIO, port_out(&a->v, 0x14, 1, 1));
	/* The SDIs themselves do not need it, nor does a notification */
	EXPECT_EQ(0, exchange(a, b, 1));

	/* There is nobody to ask for another one */
	create_sdi(&self->pf, NR_NICS, "driver_override=" TRANS_DRIVER);
	EXPECT_FALSE(exists(sdi_path(&self->pf, NR_NICS, "driver")));
	delete_sdi(&self->pf, NR_NICS);

	ASSERT_EQ(0, bus_write("virtio", "virtio_net", "bind", owner));
	EXPECT_EQ(7, port_in(&a->v, VIRTIO_PCI_STATUS, 1));
	EXPECT_EQ(0, exchange(a, b, 2));
	ASSERT_EQ(0, create_sdi(&self->pf, NR_NICS,
				"driver_override=" TRANS_DRIVER));
	EXPECT_TRUE(exists(sdi_path(&self->pf, NR_NICS, "driver")));
}

/* ---- Garbage ---- */

#define FUZZ_SECONDS	2
#define FUZZ_BATCH	30

static uint64_t any_value(const struct virtio *v)
{
	switch (any(4)) {
	case 0:
		return any(0x10);
	case 1:
		return (v->iova + any(MEMORY_SIZE)) >> 12;
	default:
		return (uint64_t)any(0xffffffff) << 32 | any(0xffffffff);
	}
}

static void fuzz_once(struct nic *nic)
{
	unsigned int pos = any(4) ? any(0x20) : any(PORTS + 8);
	struct virtio *v = &nic->v;
	uint8_t buf[64];

	switch (any(16)) {
	case 0:
		msix_on(v, nic->irq, 1 + any(NIC_VECTORS));
		break;
	case 1:
		msix_off(v);
		break;
	case 2:
		legacy_add_status(v, any(8));
		break;
	case 3 ... 6:
		region_read(&v->user, PORTS_BAR, pos, buf, 1 + any(64));
		break;
	case 7:
		region_write(&v->user, PORTS_BAR, pos, buf, 1 + any(64));
		break;
	default:
		port_out(v, pos, 1 << any(4), any_value(v));
	}
}

/* Whatever the owner of one does, others and the next owner do not notice */
TEST_F(virtio_legacy, garbage)
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
		start_nic(a);
		for (i = 0; i < FUZZ_BATCH; i++)
			fuzz_once(a);
		ASSERT_EQ(0, exchange(b, c, rounds++));
	} while (now() < end);

	TH_LOG("%u rounds", rounds);
	EXPECT_TRUE(guard_is_intact(&b->v));
	EXPECT_TRUE(guard_is_intact(&c->v));
	ASSERT_EQ(0, ioctl(a->v.user.device, VFIO_DEVICE_RESET));
	ASSERT_EQ(0, msix_off(&a->v));
	EXPECT_TRUE(is_as_new(&a->v));
	ASSERT_EQ(0, start_nic(a));
	EXPECT_EQ(0, exchange(a, b, 1));
}

/* ---- Other types of devices ---- */

FIXTURE(virtio_legacy_other)
{
	struct pf pf;
	struct virtio v;
	int irq[2];
};

FIXTURE_VARIANT(virtio_legacy_other)
{
	const char *index;
};

FIXTURE_VARIANT_ADD(virtio_legacy_other, disk)
{
	.index = "SIOV_DISK",
};

FIXTURE_VARIANT_ADD(virtio_legacy_other, rng)
{
	.index = "SIOV_RNG",
};

FIXTURE_SETUP(virtio_legacy_other)
{
	int index = layout(variant->index, -1);
	const char *reason;

	user_init(&self->v.user, MODE_CDEV);
	if (index < 0)
		SKIP(return, "%s does not say which SDI", variant->index);
	reason = no_trans_nic(&self->pf);
	if (reason)
		SKIP(return, "%s", reason);

	delete_all(&self->pf);
	allow_unsafe(!remapping_is_on());
	ASSERT_EQ(0, open_trans(&self->pf, index, &self->v, NIC_IOVA(0)));
	self->irq[0] = eventfd(0, EFD_NONBLOCK);
	self->irq[1] = eventfd(0, EFD_NONBLOCK);
	ASSERT_EQ(0, msix_on(&self->v, self->irq, 2));
}

FIXTURE_TEARDOWN_PARENT(virtio_legacy_other)
{
	delete_all(&self->pf);
}

static void check_disk(struct __test_metadata *_metadata, struct virtio *v,
		       const int *irq)
{
	uint8_t config[60], capacity[8];
	struct virtio modern = { .user = v->user };
	unsigned int i;
	uint64_t sectors;

	EXPECT_EQ(0x1001, cfg_read(&v->user, PCI_DEVICE_ID, 2));
	EXPECT_EQ(0x01000000, cfg_read(&v->user, PCI_CLASS_REVISION, 4));
	EXPECT_EQ(VIRTIO_ID_BLOCK, cfg_read(&v->user, PCI_SUBSYSTEM_ID, 2));

	/* Little endian, whatever the width */
	sectors = port_in(v, 0x18, 4) | (uint64_t)port_in(v, 0x1c, 4) << 32;
	EXPECT_EQ(layout("SIOV_DISK_SECTORS", -1), (int)sectors);
	ASSERT_EQ(8, region_read(&v->user, PORTS_BAR, 0x18, capacity, 8));
	for (i = 0; i < 8; i++)
		EXPECT_EQ((uint8_t)(sectors >> 8 * i), capacity[i]);

	/* All that is in the modern registers */
	ASSERT_EQ(0, virtio_find(&modern, NIC_IOVA(7)));
	ASSERT_EQ(60, region_read(&v->user, PORTS_BAR, 0x18, config, 60));
	for (i = 0; i < 60; i++)
		EXPECT_EQ(modern_config(&modern, i),
			  config[i]);

	ASSERT_EQ(0, start_device(v));
	ASSERT_EQ(0, write_sectors(v, 7));
	EXPECT_LE(1, events(irq[BLK_VECTOR], 1000));

	ASSERT_EQ(0, ioctl(v->user.device, VFIO_DEVICE_RESET));
	ASSERT_EQ(0, start_device(v));
	EXPECT_EQ(0, check_sectors(v, 7));
	EXPECT_EQ(VIRTIO_BLK_S_IOERR,
		  blk_request(v, VIRTIO_BLK_T_IN, sectors, SECTOR));
}

static void check_rng(struct __test_metadata *_metadata, struct virtio *v,
		      const int *irq)
{
	uint32_t used;

	EXPECT_EQ(0x1005, cfg_read(&v->user, PCI_DEVICE_ID, 2));
	EXPECT_EQ(VIRTIO_ID_RNG, cfg_read(&v->user, PCI_SUBSYSTEM_ID, 2));
	/* It has no configuration */
	EXPECT_EQ(0xffffffff, port_in(v, 0x18, 4));
	EXPECT_EQ(0, port_out(v, 0x18, 4, 0));
	ASSERT_EQ(0, start_device(v));
	set_desc(v, 0, 0, v->iova + BUFFER_OFFSET(0, 0), 64,
		 VRING_DESC_F_WRITE);
	offer(v, 0, 0);
	ASSERT_EQ(0, legacy_notify(v, 0));
	EXPECT_EQ(0, wait_used(v, 0, 5000, &used));
	EXPECT_NE(0, used);
	EXPECT_LE(1, events(irq[BLK_VECTOR], 1000));
}

TEST_F(virtio_legacy_other, works)
{
	if (!strcmp(variant->index, "SIOV_DISK"))
		check_disk(_metadata, &self->v, self->irq);
	else
		check_rng(_metadata, &self->v, self->irq);

	EXPECT_TRUE(guard_is_intact(&self->v));
}

TEST_HARNESS_MAIN
