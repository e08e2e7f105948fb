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
#include <linux/if_ether.h>
#include <pthread.h>

#include "../kselftest_harness.h"
#include "pci_siov_log.h"
#include "pci_siov_virtio_legacy.h"
/* The modern driver, for what a transitional device is as well */
#include "pci_siov_virtio_user.h"

#define TRANS_DRIVER	"virtio-vfio-siov-trans"
/* ABI */
#define PORTS		128

#define RX		0
#define TX		1
#define CONFIG_VECTOR	0
#define RX_VECTOR	1
#define TX_VECTOR	2
#define NIC_VECTORS	4
#define NR_NICS		3

/* Without VIRTIO_NET_F_MRG_RXBUF; a descriptor of its own */
#define NET_HEADER	10
#define ETHERTYPE	0x88b5
#define MIN_FRAME	60
#define MAX_FRAME	1514
#define NR_RX		8

#define NIC_IOVA(n)	(0x10000000ULL * ((n) + 1))

struct nic {
	struct legacy l;
	uint8_t mac[ETH_ALEN];
	int irq[NIC_VECTORS];
};

static int open_trans(const struct pf *pf, unsigned int index, struct legacy *l,
		      uint64_t iova)
{
	char buf[256];
	int ret;

	ret = create_sdi(pf, index, "driver_override=" TRANS_DRIVER);
	if (ret)
		return ret;
	ret = user_open(&l->user, MODE_CDEV, sdi_name(pf, index, buf, sizeof(buf)));

	return ret ?: legacy_begin(l, iova);
}

/* As for any driver, the layout follows */
static int msix_on(struct legacy *l, const int *irq, unsigned int nr)
{
	l->msix = true;
	return set_eventfds(&l->user, VFIO_PCI_MSIX_IRQ_INDEX, 0, nr, irq);
}

static int msix_off(struct legacy *l)
{
	l->msix = false;
	return disable_irqs(&l->user, VFIO_PCI_MSIX_IRQ_INDEX);
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

/* ---- NICs ---- */

static void offer_buffer(struct nic *nic, unsigned int i)
{
	legacy_offer(&nic->l, RX, 2 * i);
}

static void offer_all(struct nic *nic)
{
	unsigned int i, pos;

	for (i = 0; i < NR_RX; i++) {
		pos = LEGACY_BUFFER(i);
		legacy_desc(&nic->l, RX, 2 * i, pos, NET_HEADER,
			    VRING_DESC_F_WRITE | VRING_DESC_F_NEXT);
		legacy_desc(&nic->l, RX, 2 * i + 1, pos + NET_HEADER, MAX_FRAME,
			    VRING_DESC_F_WRITE);
		offer_buffer(nic, i);
	}
	legacy_notify(&nic->l, RX);
}

/* From a reset to where packets come and go */
static int start_nic(struct nic *nic)
{
	struct legacy *l = &nic->l;
	unsigned int i;
	int ret;

	ret = legacy_negotiate(l, 1 << VIRTIO_NET_F_MAC);
	if (ret)
		return ret;

	for (i = 0; i < ETH_ALEN; i++)
		nic->mac[i] = port_in(l, legacy_config(l) + i, 1);

	if (l->msix)
		port_out(l, VIRTIO_MSI_CONFIG_VECTOR, 2, CONFIG_VECTOR);
	ret = legacy_setup_queue(l, RX, RX_VECTOR) ?:
	      legacy_setup_queue(l, TX, TX_VECTOR);
	if (ret)
		return ret;

	legacy_add_status(l, VIRTIO_CONFIG_S_DRIVER_OK);
	ret = set_command(&l->user, PCI_COMMAND_MASTER, 0);
	if (!ret)
		offer_all(nic);

	return ret;
}

static uint8_t pattern(unsigned int seed, unsigned int i)
{
	return seed * 31 + i * 7 + (i >> 8);
}

static void fill_packet(uint8_t *mem, const struct nic *from,
			const struct nic *to, unsigned int seed, unsigned int len)
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

static int post(struct nic *from, const struct nic *to, unsigned int seed,
		unsigned int len)
{
	unsigned int i = seed % NR_RX, pos = LEGACY_BUFFER(NR_RX + i);

	fill_packet(from->l.mem + pos, from, to, seed, len);
	legacy_desc(&from->l, TX, 2 * i, pos, NET_HEADER, VRING_DESC_F_NEXT);
	legacy_desc(&from->l, TX, 2 * i + 1, pos + NET_HEADER, len, 0);
	legacy_offer(&from->l, TX, 2 * i);
	return legacy_notify(&from->l, TX);
}

static bool is_packet(const uint8_t *mem, const struct nic *from,
		      const struct nic *to, unsigned int seed, unsigned int len)
{
	uint8_t wanted[NET_HEADER + MAX_FRAME];

	fill_packet(wanted, from, to, seed, len);
	return !memcmp(mem + NET_HEADER, wanted + NET_HEADER, len);
}

/* Wait for the packet. Others may come, from whoever is on the switch */
static int receive(struct nic *nic, const struct nic *from, unsigned int seed,
		   unsigned int len)
{
	double end = now() + 5;
	uint32_t got;
	uint8_t *mem;
	bool found;
	int i;

	do {
		i = legacy_wait_used(&nic->l, RX, 1000, &got);
		if (i == -ETIMEDOUT)
			continue;
		if (i < 0 || i % 2 || i / 2 >= NR_RX)
			return -EPROTO;
		mem = nic->l.mem + LEGACY_BUFFER(i / 2);
		found = got == NET_HEADER + len &&
			is_packet(mem, from, nic, seed, len);
		memset(mem, 0, PAGE);
		offer_buffer(nic, i / 2);
		legacy_notify(&nic->l, RX);
		if (found)
			return 0;
	} while (now() < end);

	return -ETIMEDOUT;
}

/* One packet, all the way */
static int transfer(struct nic *from, struct nic *to, unsigned int seed,
		    unsigned int len)
{
	uint32_t used;
	int ret;

	ret = post(from, to, seed, len) ?: receive(to, from, seed, len);
	if (ret)
		return ret;

	ret = legacy_wait_used(&from->l, TX, 1000, &used);
	return ret < 0 ? ret : 0;
}

static int exchange(struct nic *a, struct nic *b, unsigned int seed)
{
	return transfer(a, b, seed, MIN_FRAME) ?:
	       transfer(b, a, seed, MAX_FRAME);
}

FIXTURE(virtio_legacy)
{
	struct pf pf;
	struct nic nic[NR_NICS];
};

FIXTURE_SETUP(virtio_legacy)
{
	const char *reason;
	unsigned int i, j;

	for (i = 0; i < NR_NICS; i++)
		user_init(&self->nic[i].l.user, MODE_CDEV);
	reason = no_trans_nic(&self->pf);
	if (reason)
		SKIP(return, "%s", reason);

	delete_all(&self->pf);
	allow_unsafe(!remapping_is_on());
	for (i = 0; i < NR_NICS; i++) {
		ASSERT_EQ(0, open_trans(&self->pf, i, &self->nic[i].l,
					NIC_IOVA(i)));
		for (j = 0; j < NIC_VECTORS; j++)
			self->nic[i].irq[j] = eventfd(0, EFD_NONBLOCK);
	}
}

FIXTURE_TEARDOWN_PARENT(virtio_legacy)
{
	delete_all(&self->pf);
}

/* What a legacy driver binds to, and that a modern one finds the rest */
TEST_F(virtio_legacy, function)
{
	const struct user *u = &self->nic[0].l.user;
	struct virtio v = { .user = *u };
	struct vfio_region_info info;
	uint8_t mac[ETH_ALEN];
	unsigned int i;
	uint32_t val;

	EXPECT_EQ(VIRTIO_VENDOR, cfg_read(u, PCI_VENDOR_ID, 2));
	EXPECT_EQ(0x1000, cfg_read(u, PCI_DEVICE_ID, 2));
	EXPECT_EQ(0x02000000, cfg_read(u, PCI_CLASS_REVISION, 4));
	EXPECT_EQ(VIRTIO_VENDOR, cfg_read(u, PCI_SUBSYSTEM_VENDOR_ID, 2));
	EXPECT_EQ(VIRTIO_ID_NET, cfg_read(u, PCI_SUBSYSTEM_ID, 2));

	ASSERT_EQ(0, region_info(u, PORTS_BAR, &info));
	EXPECT_EQ(PORTS, info.size);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
		  info.flags);
	ASSERT_EQ(0, cfg_write(u, PCI_BASE_ADDRESS_0, ~0u, 4));
	EXPECT_EQ((-PORTS & 0xffffffff) | PCI_BASE_ADDRESS_SPACE_IO,
		  cfg_read(u, PCI_BASE_ADDRESS_0, 4));

	/* I/O Space Enable gates the ports, and nothing else does */
	ASSERT_EQ(0, set_command(u, 0, PCI_COMMAND_IO));
	EXPECT_EQ(-EIO, region_read(u, PORTS_BAR, 0, &val, 4));
	EXPECT_EQ(-EIO, region_write(u, PORTS_BAR, 0x12, &val, 1));
	ASSERT_EQ(0, set_command(u, PCI_COMMAND_IO, PCI_COMMAND_MEMORY));
	EXPECT_EQ(4, region_read(u, PORTS_BAR, 0, &val, 4));
	EXPECT_EQ(-EINVAL, region_read(u, PORTS_BAR, PORTS, &val, 1));
	ASSERT_EQ(0, set_command(u, PCI_COMMAND_MEMORY, 0));

	/* What a modern device has is where it would be without */
	ASSERT_EQ(0, virtio_find(&v, NIC_IOVA(7)));
	EXPECT_EQ(0x88, v.place[VIRTIO_PCI_CAP_COMMON_CFG].cap);
	EXPECT_EQ(0xcc, v.place[VIRTIO_PCI_CAP_PCI_CFG].cap);
	EXPECT_EQ(4, v.place[VIRTIO_PCI_CAP_COMMON_CFG].bar);
	EXPECT_EQ(5, cfg_read(u, 0x7c + PCI_MSIX_TABLE, 4));
	EXPECT_EQ(0, negotiate(&v, MUST_HAVE | BIT64(VIRTIO_NET_F_MAC)));
	for (i = 0; i < ETH_ALEN; i++)
		mac[i] = get((uint8_t *)at(&v, VIRTIO_PCI_CAP_DEVICE_CFG, i));

	/* It is one device: both see the same */
	EXPECT_EQ(0xb, port_in(&self->nic[0].l, VIRTIO_PCI_STATUS, 1));
	for (i = 0; i < ETH_ALEN; i++)
		EXPECT_EQ(mac[i], port_in(&self->nic[0].l, 0x14 + i, 1));
	EXPECT_EQ(0, virtio_reset(&v));
	EXPECT_EQ(0, port_in(&self->nic[0].l, VIRTIO_PCI_STATUS, 1));
}

TEST_F(virtio_legacy, registers)
{
	struct legacy *l = &self->nic[0].l;
	uint32_t features;

	ASSERT_EQ(0, msix_on(l, self->nic[0].irq, NIC_VECTORS));
	ASSERT_EQ(0, legacy_reset(l));
	features = port_in(l, VIRTIO_PCI_HOST_FEATURES, 4);
	EXPECT_TRUE(features & 1 << VIRTIO_NET_F_MAC);
	EXPECT_EQ(0, port_in(l, VIRTIO_PCI_GUEST_FEATURES, 4));
	ASSERT_EQ(0, legacy_negotiate(l, 1 << VIRTIO_NET_F_MAC));
	EXPECT_EQ(1 << VIRTIO_NET_F_MAC,
		  port_in(l, VIRTIO_PCI_GUEST_FEATURES, 4));
	EXPECT_EQ(3, port_in(l, VIRTIO_PCI_STATUS, 1));

	/* Each queue has its own, and there is no fourth one */
	ASSERT_EQ(0, legacy_setup_queue(l, TX, TX_VECTOR));
	ASSERT_EQ(0, legacy_setup_queue(l, RX, RX_VECTOR));
	EXPECT_EQ(NIC_IOVA(0) >> 12, port_in(l, VIRTIO_PCI_QUEUE_PFN, 4));
	ASSERT_EQ(0, port_out(l, VIRTIO_PCI_QUEUE_SEL, 2, TX));
	EXPECT_EQ(TX, port_in(l, VIRTIO_PCI_QUEUE_SEL, 2));
	EXPECT_EQ(TX_VECTOR, port_in(l, VIRTIO_MSI_QUEUE_VECTOR, 2));
	EXPECT_EQ((NIC_IOVA(0) + LEGACY_QUEUE_BYTES) >> 12,
		  port_in(l, VIRTIO_PCI_QUEUE_PFN, 4));
	ASSERT_EQ(0, port_out(l, VIRTIO_PCI_QUEUE_SEL, 2, 3));
	EXPECT_EQ(0, port_in(l, VIRTIO_PCI_QUEUE_NUM, 2));

	/* There is no such vector */
	ASSERT_EQ(0, port_out(l, VIRTIO_MSI_CONFIG_VECTOR, 2, NIC_VECTORS - 1));
	EXPECT_EQ(NIC_VECTORS - 1, port_in(l, VIRTIO_MSI_CONFIG_VECTOR, 2));
	ASSERT_EQ(0, port_out(l, VIRTIO_MSI_CONFIG_VECTOR, 2, NIC_VECTORS));
	EXPECT_EQ(VIRTIO_MSI_NO_VECTOR, port_in(l, VIRTIO_MSI_CONFIG_VECTOR, 2));

	/* Ignored, and no error */
	EXPECT_EQ(0, port_out(l, VIRTIO_PCI_HOST_FEATURES, 4, ~0u));
	EXPECT_EQ(0, port_out(l, VIRTIO_PCI_QUEUE_NUM, 2, 1));
	EXPECT_EQ(0, port_out(l, VIRTIO_PCI_ISR, 1, 1));
	EXPECT_EQ(features, port_in(l, VIRTIO_PCI_HOST_FEATURES, 4));

	ASSERT_EQ(0, legacy_reset(l));
	EXPECT_EQ(0, port_in(l, VIRTIO_PCI_GUEST_FEATURES, 4));
	ASSERT_EQ(0, port_out(l, VIRTIO_PCI_QUEUE_SEL, 2, RX));
	EXPECT_EQ(0, port_in(l, VIRTIO_PCI_QUEUE_PFN, 4));
	EXPECT_EQ(VIRTIO_MSI_NO_VECTOR, port_in(l, VIRTIO_MSI_QUEUE_VECTOR, 2));
}

/* ---- Accesses that are not those of a field ---- */

/* By whole fields, and bytes of the configuration */
static void read_ports(const struct legacy *l, uint8_t ports[PORTS])
{
	static const unsigned int width[] = { 4, 4, 4, 2, 2, 2, 1, 1, 2, 2 };
	unsigned int i, pos = 0;
	uint32_t val;

	for (i = 0; pos < legacy_config(l); pos += width[i++]) {
		val = port_in(l, pos, width[i]);
		memcpy(ports + pos, &val, width[i]);
	}
	for (; pos < PORTS; pos++)
		ports[pos] = port_in(l, pos, 1);
}

/* Bytes are in the same place however they are read: whatever width, from anywhere */
static void read_in_all_widths(struct __test_metadata *_metadata,
			       const struct legacy *l)
{
	uint8_t ports[PORTS], buf[PORTS];
	unsigned int pos, size;
	ssize_t wanted;

	read_ports(l, ports);
	for (size = 1; size <= PORTS; size += size < 9 ? 1 : 17) {
		for (pos = 0; pos < PORTS; pos++) {
			memset(buf, 0xa5, sizeof(buf));
			wanted = size < PORTS - pos ? size : PORTS - pos;
			ASSERT_EQ(wanted, region_read(&l->user, PORTS_BAR, pos,
						      buf, size));
			ASSERT_EQ(0, memcmp(ports + pos, buf, wanted)) {
				TH_LOG("%u bytes at %#x, MSI-X %s", size, pos,
				       l->msix ? "on" : "off");
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
	ASSERT_EQ(0, msix_on(&nic->l, nic->irq, NIC_VECTORS));
	ASSERT_EQ(0, start_nic(nic));
	port_in(&nic->l, VIRTIO_PCI_ISR, 1);
	read_in_all_widths(_metadata, &nic->l);

	ASSERT_EQ(0, msix_off(&nic->l));
	read_in_all_widths(_metadata, &nic->l);
}

/* The configuration makes way for two registers while MSI-X is enabled */
TEST_F(virtio_legacy, msix_moves_the_configuration)
{
	struct nic *nic = &self->nic[0];
	struct legacy *l = &nic->l;
	uint32_t mac = port_in(l, 0x14, 4);
	unsigned int i;

	/* The capability alone does nothing, as with vfio-pci */
	ASSERT_EQ(0, cfg_write(&l->user, 0x7c + PCI_MSIX_FLAGS,
			       PCI_MSIX_FLAGS_ENABLE, 2));
	EXPECT_EQ(mac, port_in(l, 0x14, 4));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, msix_on(l, nic->irq, 1 + i));
		EXPECT_EQ(0xffffffff, port_in(l, 0x14, 4));
		EXPECT_EQ(mac, port_in(l, 0x18, 4));
		ASSERT_EQ(0, msix_off(l));
		EXPECT_EQ(mac, port_in(l, 0x14, 4));
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
	struct legacy *l = &nic->l;
	uint8_t before[PORTS], after[PORTS];
	unsigned int i;

	ASSERT_EQ(0, msix_on(l, nic->irq, NIC_VECTORS));
	ASSERT_EQ(0, start_nic(nic));
	port_in(l, VIRTIO_PCI_ISR, 1);
	read_ports(l, before);
	for (i = 0; i < ARRAY_SIZE(half); i++) {
		EXPECT_EQ(-EINVAL, port_out(l, half[i].pos, half[i].size, 2)) {
			TH_LOG("%u bytes at %#x", half[i].size, half[i].pos);
		}
		read_ports(l, after);
		EXPECT_EQ(0, memcmp(before, after, PORTS));
	}
}

/* Several fields at once are as many accesses, and so are those beside them */
TEST_F(virtio_legacy, writes_of_several_fields)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	struct legacy *l = &a->l;
	uint8_t mac[8];

	ASSERT_EQ(0, legacy_negotiate(l, 0));
	ASSERT_EQ(0, port_out(l, 0x0, 8, BIT64(32 + VIRTIO_NET_F_MAC) | 0xffff));
	EXPECT_EQ(1 << VIRTIO_NET_F_MAC, port_in(l, 0x4, 4));
	ASSERT_EQ(0, port_out(l, 0xc, 4, 1 << 16 | 0x7777));
	EXPECT_EQ(1, port_in(l, VIRTIO_PCI_QUEUE_SEL, 2));

	/* Notification, status, ISR, and what comes then */
	ASSERT_EQ(0, port_out(l, 0x10, 4, 0xff000000 | 7 << 16));
	EXPECT_EQ(7, port_in(l, VIRTIO_PCI_STATUS, 1));
	EXPECT_EQ(0, port_in(l, VIRTIO_PCI_ISR, 1));
	ASSERT_EQ(0, legacy_reset(l));
	ASSERT_EQ(0, port_out(l, 0x10, 8, 0x7766554400030000));
	EXPECT_EQ(3, port_in(l, VIRTIO_PCI_STATUS, 1));
	EXPECT_EQ(0x77665544, port_in(l, 0x14, 4));
	ASSERT_EQ(8, region_read(&l->user, PORTS_BAR, 0x10, mac, 8));
	EXPECT_EQ(3, mac[2]);
	EXPECT_EQ(0x44, mac[4]);
	EXPECT_EQ(0x77, mac[7]);

	/* A notification counts in whatever access it comes */
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	fill_packet(a->l.mem + LEGACY_BUFFER(NR_RX), a, b, 1, MIN_FRAME);
	legacy_desc(l, TX, 0, LEGACY_BUFFER(NR_RX), NET_HEADER,
		    VRING_DESC_F_NEXT);
	legacy_desc(l, TX, 1, LEGACY_BUFFER(NR_RX) + NET_HEADER, MIN_FRAME, 0);
	legacy_offer(l, TX, 0);
	ASSERT_EQ(0, port_out(l, 0xe, 4, TX << 16 | RX));
	EXPECT_EQ(0, receive(b, a, 1, MIN_FRAME));
	EXPECT_EQ(RX, port_in(l, VIRTIO_PCI_QUEUE_SEL, 2));
}

/* The one place where a legacy driver writes the configuration */
TEST_F(virtio_legacy, mac_address)
{
	static const uint8_t mac[ETH_ALEN] = { 0x52, 1, 2, 3, 4, 5 };
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	unsigned int i, base;

	ASSERT_EQ(0, msix_on(&a->l, a->irq, NIC_VECTORS));
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	base = legacy_config(&a->l);
	for (i = 0; i < ETH_ALEN; i++)
		ASSERT_EQ(0, port_out(&a->l, base + i, 1, mac[i]));
	for (i = 0; i < ETH_ALEN; i += 2)
		EXPECT_EQ(mac[i] | mac[i + 1] << 8, port_in(&a->l, base + i, 2));
	ASSERT_EQ(ETH_ALEN, region_write(&a->l.user, PORTS_BAR, base, mac,
					 ETH_ALEN));
	EXPECT_EQ(mac[0], port_in(&a->l, base, 1));
	EXPECT_EQ(mac[5], port_in(&a->l, base + 5, 1));

	/* Past the end nothing is, and nothing is an error */
	EXPECT_EQ(0, port_out(&a->l, PORTS - 8, 8, 0));
	EXPECT_EQ(0xffffffff, port_in(&a->l, PORTS - 8, 4));
	EXPECT_EQ(mac[0], port_in(&a->l, base, 1));

	/* It is the one that packets are for */
	EXPECT_NE(0, memcmp(mac, a->mac, ETH_ALEN));
	memcpy(a->mac, mac, ETH_ALEN);
	EXPECT_EQ(0, exchange(a, b, 1));
}

/* What the device refuses is the user's doing, and not for the host's log to be full of */
TEST_F(virtio_legacy, log_is_not_filled)
{
	unsigned int i, lines = 0;
	char line[2048];
	int log;

	log = log_open();
	ASSERT_LE(0, log);
	for (i = 0; i < 300; i++)
		port_in(&self->nic[0].l, PORTS - 4, 4);
	while (log_next(log, now(), line, sizeof(line)))
		lines++;
	TH_LOG("%u lines", lines);
	EXPECT_LE(lines, 100);
	close(log);
}

/* ---- Traffic ---- */

TEST_F(virtio_legacy, packets)
{
	static const unsigned int len[] = {
		MIN_FRAME, 61, 127, 512, 1000, MAX_FRAME,
	};
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	unsigned int i, seed = 0;

	ASSERT_EQ(0, msix_on(&a->l, a->irq, NIC_VECTORS));
	ASSERT_EQ(0, msix_on(&b->l, b->irq, NIC_VECTORS));
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_NE(0, memcmp(a->mac, b->mac, ETH_ALEN));
	for (i = 0; i < 10 * ARRAY_SIZE(len); i++) {
		ASSERT_EQ(0, transfer(a, b, seed++, len[i % ARRAY_SIZE(len)]));
		ASSERT_EQ(0, transfer(b, a, seed++, len[i % ARRAY_SIZE(len)]));
	}

	/* And each was announced, by the vector that the driver has chosen */
	EXPECT_LE(1, events(b->irq[RX_VECTOR], 1000));
	EXPECT_LE(1, events(b->irq[TX_VECTOR], 1000));
	EXPECT_LE(1, events(a->irq[RX_VECTOR], 1000));
	EXPECT_EQ(0, events(a->irq[CONFIG_VECTOR], 0));
	EXPECT_TRUE(legacy_guard_is_intact(&a->l));
	EXPECT_TRUE(legacy_guard_is_intact(&b->l));
}

/* A driver that polls, as firmware does; ISR says what is new, once */
TEST_F(virtio_legacy, without_msix)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	port_in(&b->l, VIRTIO_PCI_ISR, 1);
	ASSERT_EQ(0, transfer(a, b, 1, MIN_FRAME));
	EXPECT_EQ(1, port_in(&b->l, VIRTIO_PCI_ISR, 1));
	EXPECT_EQ(0, port_in(&b->l, VIRTIO_PCI_ISR, 1));
	ASSERT_EQ(0, transfer(a, b, 2, MAX_FRAME));
	EXPECT_EQ(1, port_in(&b->l, 0x10, 4) >> 24);
	EXPECT_EQ(0, port_in(&b->l, VIRTIO_PCI_ISR, 1));
	EXPECT_EQ(0, exchange(a, b, 3));
}

/* Nothing leaves the device while Bus Master Enable is clear */
TEST_F(virtio_legacy, bus_master)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	uint32_t len;

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, set_command(&a->l.user, 0, PCI_COMMAND_MASTER));
	ASSERT_EQ(0, post(a, b, 1, MIN_FRAME));
	EXPECT_EQ(-ETIMEDOUT, legacy_wait_used(&b->l, RX, 300, &len));
	ASSERT_EQ(0, set_command(&a->l.user, PCI_COMMAND_MASTER, 0));
	ASSERT_EQ(0, legacy_notify(&a->l, TX));
	EXPECT_EQ(0, receive(b, a, 1, MIN_FRAME));
}

/* ---- Resets ---- */

static bool is_as_new(const struct legacy *l)
{
	unsigned int n;

	if (port_in(l, VIRTIO_PCI_STATUS, 1) ||
	    port_in(l, VIRTIO_PCI_GUEST_FEATURES, 4))
		return false;

	for (n = 0; n < LEGACY_QUEUES; n++) {
		port_out(l, VIRTIO_PCI_QUEUE_SEL, 2, n);
		if (port_in(l, VIRTIO_PCI_QUEUE_PFN, 4))
			return false;
	}

	return true;
}

TEST_F(virtio_legacy, reset_by_the_user)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, exchange(a, b, 1));
	ASSERT_EQ(0, ioctl(b->l.user.device, VFIO_DEVICE_RESET));
	EXPECT_TRUE(is_as_new(&b->l));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(a, b, 2));
}

/* The next owner finds nothing of the one before, and the ports off */
TEST_F(virtio_legacy, closed_and_opened)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	char buf[256];

	ASSERT_EQ(0, msix_on(&b->l, b->irq, NIC_VECTORS));
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, post(a, b, 1, MAX_FRAME));
	user_close(&b->l.user);
	memset(&b->l, 0, sizeof(b->l));
	ASSERT_EQ(0, user_open(&b->l.user, MODE_CDEV,
			       sdi_name(&self->pf, 1, buf, sizeof(buf))));
	EXPECT_EQ(0, cfg_read(&b->l.user, PCI_COMMAND, 2) & PCI_COMMAND_IO);
	ASSERT_EQ(0, legacy_begin(&b->l, NIC_IOVA(1)));
	EXPECT_TRUE(is_as_new(&b->l));
	EXPECT_EQ(b->mac[0], port_in(&b->l, 0x14, 1));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(a, b, 2));
}

/* Accesses without end while something happens to the SDI, or to its PF */
struct storm {
	pthread_t thread;
	const struct legacy *l;
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
	const struct user *u = &s->l->user;
	uint32_t val;
	ssize_t n;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		n = region_read(u, PORTS_BAR, VIRTIO_PCI_HOST_FEATURES, &val, 4);
		storm_count(s, n < 0 ? n : 0);
		n = region_read(u, PORTS_BAR, 0x18, &val, 4);
		storm_count(s, n < 0 ? n : 0);
		storm_count(s, port_out(s->l, VIRTIO_PCI_QUEUE_SEL, 2, TX));
		storm_count(s, legacy_notify(s->l, TX));
	}

	return NULL;
}

static void storm_start(struct storm *s, const struct legacy *l)
{
	*s = (struct storm) { .l = l };
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

TEST_F(virtio_legacy, resets_while_registers_are_accessed)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	struct storm one, two;
	unsigned int i;

	storm_start(&one, &a->l);
	storm_start(&two, &a->l);
	for (i = 0; i < RESETS; i++) {
		ASSERT_EQ(0, ioctl(a->l.user.device, VFIO_DEVICE_RESET));
		EXPECT_TRUE(storm_goes_on(&one));
	}
	storm_stop(&one);
	storm_stop(&two);
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
	storm_start(&one, &a->l);
	storm_start(&two, &a->l);
	for (i = 0; i < RESETS; i++) {
		ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
		EXPECT_NE(0xdeadbeef, port_in(&b->l, 0, 4));
		EXPECT_TRUE(is_as_new(&b->l));
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
	EXPECT_EQ(-EIO, region_read(&a->l.user, PORTS_BAR, 0, &val, 4));
	EXPECT_EQ(-EIO, region_read(&a->l.user, PORTS_BAR, 0x14, &val, 4));
	EXPECT_EQ(-EIO, port_out(&a->l, VIRTIO_PCI_QUEUE_SEL, 2, 1));
	EXPECT_EQ(-EIO, port_out(&a->l, 0x14, 1, 1));
	/* The SDIs themselves do not need it, nor does a notification */
	EXPECT_EQ(0, exchange(a, b, 1));

	/* There is nobody to ask for another one */
	create_sdi(&self->pf, NR_NICS, "driver_override=" TRANS_DRIVER);
	EXPECT_FALSE(exists(sdi_path(&self->pf, NR_NICS, "driver")));
	delete_sdi(&self->pf, NR_NICS);

	ASSERT_EQ(0, bus_write("virtio", "virtio_net", "bind", owner));
	EXPECT_EQ(7, port_in(&a->l, VIRTIO_PCI_STATUS, 1));
	EXPECT_EQ(0, exchange(a, b, 2));
	ASSERT_EQ(0, create_sdi(&self->pf, NR_NICS,
				"driver_override=" TRANS_DRIVER));
	EXPECT_TRUE(exists(sdi_path(&self->pf, NR_NICS, "driver")));
}

/* ---- Garbage ---- */

#define FUZZ_SECONDS	2
#define FUZZ_BATCH	30

static uint32_t random_state;

static uint32_t any(uint32_t below)
{
	/* Numerical Recipes, "An Even Quicker Generator" */
	random_state = random_state * 1664525 + 1013904223;
	return (uint64_t)random_state * below >> 32;
}

static uint64_t any_value(const struct legacy *l)
{
	switch (any(4)) {
	case 0:
		return any(0x10);
	case 1:
		return (l->iova + any(LEGACY_MEMORY)) >> 12;
	default:
		return (uint64_t)any(0xffffffff) << 32 | any(0xffffffff);
	}
}

static void fuzz_once(struct nic *nic)
{
	unsigned int pos = any(4) ? any(0x20) : any(PORTS + 8);
	struct legacy *l = &nic->l;
	uint8_t buf[64];

	switch (any(16)) {
	case 0:
		msix_on(l, nic->irq, 1 + any(NIC_VECTORS));
		break;
	case 1:
		msix_off(l);
		break;
	case 2:
		legacy_add_status(l, any(8));
		break;
	case 3 ... 6:
		region_read(&l->user, PORTS_BAR, pos, buf, 1 + any(64));
		break;
	case 7:
		region_write(&l->user, PORTS_BAR, pos, buf, 1 + any(64));
		break;
	default:
		port_out(l, pos, 1 << any(4), any_value(l));
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
	EXPECT_TRUE(legacy_guard_is_intact(&b->l));
	EXPECT_TRUE(legacy_guard_is_intact(&c->l));
	ASSERT_EQ(0, ioctl(a->l.user.device, VFIO_DEVICE_RESET));
	ASSERT_EQ(0, msix_off(&a->l));
	EXPECT_TRUE(is_as_new(&a->l));
	ASSERT_EQ(0, start_nic(a));
	EXPECT_EQ(0, exchange(a, b, 1));
}

/* ---- Other types of devices ---- */

#define SECTOR		512
#define BLK_QUEUE	0
#define BLK_VECTOR	1
#define BLK_REQUEST	LEGACY_BUFFER(0)
#define BLK_DATA	LEGACY_BUFFER(1)
#define BLK_STATUS	LEGACY_BUFFER(2)

FIXTURE(virtio_legacy_other)
{
	struct pf pf;
	struct legacy l;
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

	user_init(&self->l.user, MODE_CDEV);
	if (index < 0)
		SKIP(return, "%s does not say which SDI", variant->index);
	reason = no_trans_nic(&self->pf);
	if (reason)
		SKIP(return, "%s", reason);

	delete_all(&self->pf);
	allow_unsafe(!remapping_is_on());
	ASSERT_EQ(0, open_trans(&self->pf, index, &self->l, NIC_IOVA(0)));
	self->irq[0] = eventfd(0, EFD_NONBLOCK);
	self->irq[1] = eventfd(0, EFD_NONBLOCK);
	ASSERT_EQ(0, msix_on(&self->l, self->irq, 2));
}

FIXTURE_TEARDOWN_PARENT(virtio_legacy_other)
{
	delete_all(&self->pf);
}

static int start_device(struct legacy *l)
{
	int ret;

	ret = legacy_negotiate(l, 0) ?: legacy_setup_queue(l, 0, BLK_VECTOR);
	if (ret)
		return ret;

	legacy_add_status(l, VIRTIO_CONFIG_S_DRIVER_OK);
	return set_command(&l->user, PCI_COMMAND_MASTER, 0);
}

/* Its status, or a negative number */
static int blk_request(struct legacy *l, uint32_t type, uint64_t sector,
		       uint32_t len)
{
	struct virtio_blk_outhdr *hdr = (void *)(l->mem + BLK_REQUEST);
	uint16_t in = type == VIRTIO_BLK_T_OUT ? 0 : VRING_DESC_F_WRITE;
	uint32_t used;
	int ret;

	*hdr = (struct virtio_blk_outhdr) { .type = type, .sector = sector };
	l->mem[BLK_STATUS] = 0xff;
	legacy_desc(l, BLK_QUEUE, 0, BLK_REQUEST, sizeof(*hdr),
		    VRING_DESC_F_NEXT);
	legacy_desc(l, BLK_QUEUE, 1, BLK_DATA, len, VRING_DESC_F_NEXT | in);
	legacy_desc(l, BLK_QUEUE, 2, BLK_STATUS, 1, VRING_DESC_F_WRITE);
	legacy_offer(l, BLK_QUEUE, 0);
	legacy_notify(l, BLK_QUEUE);
	ret = legacy_wait_used(l, BLK_QUEUE, 5000, &used);

	return ret < 0 ? ret : l->mem[BLK_STATUS];
}

static void check_disk(struct __test_metadata *_metadata, struct legacy *l,
		       const int *irq)
{
	uint8_t config[60], capacity[8], *data = l->mem + BLK_DATA;
	struct virtio v = { .user = l->user };
	unsigned int i, sector;
	uint64_t sectors;

	EXPECT_EQ(0x1001, cfg_read(&l->user, PCI_DEVICE_ID, 2));
	EXPECT_EQ(0x01000000, cfg_read(&l->user, PCI_CLASS_REVISION, 4));
	EXPECT_EQ(VIRTIO_ID_BLOCK, cfg_read(&l->user, PCI_SUBSYSTEM_ID, 2));

	/* Little endian, whatever the width */
	sectors = port_in(l, 0x18, 4) | (uint64_t)port_in(l, 0x1c, 4) << 32;
	EXPECT_EQ(layout("SIOV_DISK_SECTORS", -1), (int)sectors);
	ASSERT_EQ(8, region_read(&l->user, PORTS_BAR, 0x18, capacity, 8));
	for (i = 0; i < 8; i++)
		EXPECT_EQ((uint8_t)(sectors >> 8 * i), capacity[i]);

	/* All that is in the modern registers */
	ASSERT_EQ(0, virtio_find(&v, NIC_IOVA(7)));
	ASSERT_EQ(60, region_read(&l->user, PORTS_BAR, 0x18, config, 60));
	for (i = 0; i < 60; i++)
		EXPECT_EQ(get((uint8_t *)at(&v, VIRTIO_PCI_CAP_DEVICE_CFG, i)),
			  config[i]);

	ASSERT_EQ(0, start_device(l));
	for (sector = 0; sector < 64; sector += 7) {
		for (i = 0; i < SECTOR; i++)
			data[i] = pattern(sector, i);
		ASSERT_EQ(VIRTIO_BLK_S_OK, blk_request(l, VIRTIO_BLK_T_OUT,
						       sector, SECTOR));
	}
	EXPECT_LE(1, events(irq[BLK_VECTOR], 1000));

	ASSERT_EQ(0, ioctl(l->user.device, VFIO_DEVICE_RESET));
	ASSERT_EQ(0, start_device(l));
	for (sector = 0; sector < 64; sector += 7) {
		memset(data, 0, SECTOR);
		ASSERT_EQ(VIRTIO_BLK_S_OK, blk_request(l, VIRTIO_BLK_T_IN,
						       sector, SECTOR));
		for (i = 0; i < SECTOR; i++)
			ASSERT_EQ(pattern(sector, i), data[i]);
	}
	EXPECT_EQ(VIRTIO_BLK_S_IOERR,
		  blk_request(l, VIRTIO_BLK_T_IN, sectors, SECTOR));
}

static void check_rng(struct __test_metadata *_metadata, struct legacy *l,
		      const int *irq)
{
	uint32_t used;

	EXPECT_EQ(0x1005, cfg_read(&l->user, PCI_DEVICE_ID, 2));
	EXPECT_EQ(VIRTIO_ID_RNG, cfg_read(&l->user, PCI_SUBSYSTEM_ID, 2));
	/* It has no configuration */
	EXPECT_EQ(0xffffffff, port_in(l, 0x18, 4));
	EXPECT_EQ(0, port_out(l, 0x18, 4, 0));
	ASSERT_EQ(0, start_device(l));
	legacy_desc(l, 0, 0, LEGACY_BUFFER(0), 64, VRING_DESC_F_WRITE);
	legacy_offer(l, 0, 0);
	ASSERT_EQ(0, legacy_notify(l, 0));
	EXPECT_EQ(0, legacy_wait_used(l, 0, 5000, &used));
	EXPECT_NE(0, used);
	EXPECT_LE(1, events(irq[BLK_VECTOR], 1000));
}

TEST_F(virtio_legacy_other, works)
{
	if (!strcmp(variant->index, "SIOV_DISK"))
		check_disk(_metadata, &self->l, self->irq);
	else
		check_rng(_metadata, &self->l, self->irq);

	EXPECT_TRUE(legacy_guard_is_intact(&self->l));
}

TEST_HARNESS_MAIN
