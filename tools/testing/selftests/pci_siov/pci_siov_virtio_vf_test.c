// SPDX-License-Identifier: GPL-2.0
/*
 * VFs of a virtio PCI device in the hands of users: virtio_vfio_pci
 *
 * As the modern functions that they are, and with the registers of a legacy device,
 * for which the PF's driver asks by administration commands. The users are the drivers
 * that the tests of SDIs have. Needs a virtio PF with VFs that answers for legacy
 * registers, a driver of its NIC, CONFIG_VIRTIO_VFIO_PCI_ADMIN_LEGACY and
 * SIOV_PF_DRIVER=virtio-pci in the environment, skips where they are absent. VFs that exist
 * are removed. pci_siov_virtio_migrate_test moves VFs.
 */
#include "../kselftest_harness.h"
#include "pci_siov_virtio_dev.h"
#include "pci_siov_virtio_legacy.h"
#include "pci_siov_virtio_vf.h"

/* What a legacy NIC has: registers, those of MSI-X, its address and its status */
#define PORTS		32
#define NR_NICS		3
#define NO_IOVA		0x70000000ULL

FIXTURE(vf)
{
	struct pf pf;
	struct nic nic[NR_NICS];
};

FIXTURE_VARIANT(vf)
{
	int (*find)(struct virtio *v, uint64_t iova);
};

FIXTURE_VARIANT_ADD(vf, modern)
{
	.find = virtio_find,
};

FIXTURE_VARIANT_ADD(vf, legacy)
{
	.find = legacy_find,
};

FIXTURE_SETUP(vf)
{
	const char *reason;
	unsigned int i;

	for (i = 0; i < NR_NICS; i++)
		user_init(&self->nic[i].v.user, MODE_CDEV);
	reason = vf_missing(&self->pf);
	if (reason)
		SKIP(return, "%s", reason);

	allow_unsafe(!remapping_is_on());
	ASSERT_EQ(0, vf_create_all(&self->pf, NR_NICS));
	for (i = 0; i < NR_NICS; i++) {
		struct virtio *v = &self->nic[i].v;

		ASSERT_EQ(0, vf_open(&self->pf, i, &v->user));
		ASSERT_EQ(0, variant->find(v, NIC_IOVA(i)));
		make_events(&self->nic[i]);
	}
}

FIXTURE_TEARDOWN_PARENT(vf)
{
	vf_remove_all(&self->pf);
}

static int all_vectors(struct nic *nic)
{
	return msix_on(&nic->v, nic->irq, NIC_VECTORS);
}

/* What drivers bind to: a legacy one, and a modern one beside it */
TEST_F(vf, function)
{
	const struct user *u = &self->nic[0].v.user;
	struct virtio modern = { .user = *u };

	check_legacy_function(_metadata, u, PORTS);
	/* The VF itself has no such bit */
	EXPECT_EQ(PCI_COMMAND_IO, cfg_read(u, PCI_COMMAND, 2) & PCI_COMMAND_IO);

	/* It is one device: both see the same */
	ASSERT_EQ(0, virtio_find(&modern, NIC_IOVA(7)));
	EXPECT_EQ(0, negotiate(&modern, MUST_HAVE | BIT64(VIRTIO_NET_F_MAC)));
	EXPECT_EQ(0xb, port_in(&self->nic[0].v, VIRTIO_PCI_STATUS, 1));
	EXPECT_EQ(0, virtio_reset(&modern));
	EXPECT_EQ(0, port_in(&self->nic[0].v, VIRTIO_PCI_STATUS, 1));
}

/* ---- Traffic ---- */

TEST_F(vf, packets)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];

	ASSERT_EQ(0, all_vectors(a));
	ASSERT_EQ(0, all_vectors(b));
	check_packets(_metadata, a, b);
}

TEST_F(vf, without_msix)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(a, b, 1));
}

/* Memory of another VF is none of its business: the device finds nothing there */
TEST_F(vf, foreign_memory)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1], *c = &self->nic[2];
	const uint64_t from[] = { b->v.iova + BUFFER_OFFSET(TX, 0), NO_IOVA };
	unsigned int i;
	uint32_t len;

	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, start_nic(c));
	for (i = 0; i < ARRAY_SIZE(from); i++) {
		ASSERT_EQ(0, start_nic(a));
		fill_packet(b->v.mem + BUFFER_OFFSET(TX, 0), a, b, 1, MIN_FRAME);
		send_from(a, 0, from[i], MIN_FRAME);
		EXPECT_EQ(-ETIMEDOUT, wait_used(&b->v, RX, 200, &len));
		EXPECT_EQ(0, exchange(b, c, i));
	}
	ASSERT_EQ(0, start_nic(a));
	EXPECT_EQ(0, exchange(a, b, 1));
	EXPECT_TRUE(guard_is_intact(&b->v));
}

/* Nothing leaves the device while Bus Master Enable is clear */
TEST_F(vf, bus_master)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	uint32_t len;

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, set_command(&a->v.user, 0, PCI_COMMAND_MASTER));
	ASSERT_EQ(0, post(a, b, 1, MIN_FRAME));
	EXPECT_EQ(-ETIMEDOUT, wait_used(&b->v, RX, 300, &len));
	ASSERT_EQ(0, set_command(&a->v.user, PCI_COMMAND_MASTER, 0));
	ASSERT_EQ(0, notify(&a->v, TX));
	EXPECT_EQ(0, receive(b, a, 1, MIN_FRAME));
}

/* ---- Resets ---- */

static void reset_nic(struct __test_metadata *_metadata, const struct pf *pf,
		      struct nic *a, struct nic *b,
		      int (*reset)(const struct pf *pf, struct nic *nic))
{
	ASSERT_EQ(0, all_vectors(b));
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, exchange(a, b, 1));
	ASSERT_EQ(0, reset(pf, b));
	/* The ports are off after it, as those of a real device */
	ASSERT_EQ(0, set_command(&b->v.user, PCI_COMMAND_IO, 0));
	EXPECT_TRUE(is_as_new(&b->v));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(a, b, 2));
}

TEST_F(vf, reset_by_ioctl)
{
	reset_nic(_metadata, &self->pf, &self->nic[0], &self->nic[1],
		  reset_by_ioctl);
}

TEST_F(vf, reset_by_flr)
{
	reset_nic(_metadata, &self->pf, &self->nic[0], &self->nic[1],
		  reset_by_flr);
}

/* The next owner finds nothing of the one before, and the ports off */
TEST_F(vf, closed_and_opened)
{
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	char buf[256];

	ASSERT_EQ(0, all_vectors(b));
	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	ASSERT_EQ(0, post(a, b, 1, MAX_FRAME));
	if (b->v.bar)
		munmap(b->v.bar, b->v.bar_size);
	user_close(&b->v.user);
	memset(&b->v, 0, sizeof(b->v));
	ASSERT_EQ(0, user_open_at(&b->v.user, MODE_CDEV, PCI_DEVICES,
				  vf_name(&self->pf, 1, buf, sizeof(buf))));
	EXPECT_EQ(0, cfg_read(&b->v.user, PCI_COMMAND, 2) & PCI_COMMAND_IO);
	ASSERT_EQ(0, variant->find(&b->v, NIC_IOVA(1)));
	EXPECT_TRUE(is_as_new(&b->v));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(a, b, 2));
}

/* ---- Registers of a legacy device ---- */

FIXTURE(ports)
{
	struct pf pf;
	struct nic nic[2];
};

FIXTURE_SETUP(ports)
{
	const char *reason;
	unsigned int i;

	for (i = 0; i < 2; i++)
		user_init(&self->nic[i].v.user, MODE_CDEV);
	reason = vf_missing(&self->pf);
	if (reason)
		SKIP(return, "%s", reason);

	allow_unsafe(!remapping_is_on());
	ASSERT_EQ(0, vf_create_all(&self->pf, 2));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, vf_open(&self->pf, i, &self->nic[i].v.user));
		ASSERT_EQ(0, legacy_find(&self->nic[i].v, NIC_IOVA(i)));
		make_events(&self->nic[i]);
	}
}

FIXTURE_TEARDOWN_PARENT(ports)
{
	vf_remove_all(&self->pf);
}

TEST_F(ports, registers)
{
	struct virtio *v = &self->nic[0].v;

	ASSERT_EQ(0, all_vectors(&self->nic[0]));
	ASSERT_EQ(0, legacy_negotiate(v, 1 << VIRTIO_NET_F_MAC));
	EXPECT_EQ(1 << VIRTIO_NET_F_MAC,
		  port_in(v, VIRTIO_PCI_GUEST_FEATURES, 4));
	EXPECT_EQ(3, port_in(v, VIRTIO_PCI_STATUS, 1));
	ASSERT_EQ(0, legacy_setup_queue(v, TX, TX_VECTOR));
	ASSERT_EQ(0, legacy_setup_queue(v, RX, RX_VECTOR));
	EXPECT_EQ(NIC_IOVA(0) >> 12, port_in(v, VIRTIO_PCI_QUEUE_PFN, 4));
	ASSERT_EQ(0, port_out(v, VIRTIO_PCI_QUEUE_SEL, 2, TX));
	EXPECT_EQ(TX_VECTOR, port_in(v, VIRTIO_MSI_QUEUE_VECTOR, 2));
	EXPECT_EQ((NIC_IOVA(0) + QUEUE_BYTES) >> 12,
		  port_in(v, VIRTIO_PCI_QUEUE_PFN, 4));
	ASSERT_EQ(0, port_out(v, VIRTIO_MSI_CONFIG_VECTOR, 2, NIC_VECTORS));
	EXPECT_EQ(VIRTIO_MSI_NO_VECTOR, port_in(v, VIRTIO_MSI_CONFIG_VECTOR, 2));
	/* The other one has not noticed */
	EXPECT_EQ(0, port_in(&self->nic[1].v, VIRTIO_PCI_STATUS, 1));
	ASSERT_EQ(0, legacy_reset(v));
	EXPECT_EQ(0, port_in(v, VIRTIO_PCI_GUEST_FEATURES, 4));
}

/* The configuration makes way for two registers while MSI-X is enabled */
TEST_F(ports, msix_moves_the_configuration)
{
	struct nic *nic = &self->nic[0];
	uint32_t mac = port_in(&nic->v, 0x14, 4);

	ASSERT_EQ(0, msix_on(&nic->v, nic->irq, 1));
	EXPECT_EQ(mac, port_in(&nic->v, 0x18, 4));
	EXPECT_EQ(VIRTIO_MSI_NO_VECTOR,
		  port_in(&nic->v, VIRTIO_MSI_CONFIG_VECTOR, 2));
	ASSERT_EQ(0, msix_off(&nic->v));
	EXPECT_EQ(mac, port_in(&nic->v, 0x14, 4));
}

/* The one place where a legacy driver writes the configuration */
TEST_F(ports, mac_address)
{
	static const uint8_t mac[ETH_ALEN] = { 0x52, 1, 2, 3, 4, 5 };
	struct nic *a = &self->nic[0], *b = &self->nic[1];
	unsigned int i;

	ASSERT_EQ(0, start_nic(a));
	ASSERT_EQ(0, start_nic(b));
	for (i = 0; i < ETH_ALEN; i++)
		ASSERT_EQ(0, port_out(&a->v, 0x14 + i, 1, mac[i]));
	for (i = 0; i < ETH_ALEN; i += 2)
		EXPECT_EQ(mac[i] | mac[i + 1] << 8, port_in(&a->v, 0x14 + i, 2));
	EXPECT_NE(0, memcmp(mac, a->mac, ETH_ALEN));
	memcpy(a->mac, mac, ETH_ALEN);
	EXPECT_EQ(0, exchange(a, b, 1));
}

/* What is no field, and what the device answers to that, is the user's to see */
TEST_F(ports, errors)
{
	static const struct {
		unsigned int pos, size;
	} bad[] = {
		{ VIRTIO_PCI_QUEUE_NUM, 1 }, { VIRTIO_PCI_STATUS, 2 },
		{ VIRTIO_PCI_HOST_FEATURES, 2 }, { VIRTIO_PCI_QUEUE_PFN + 1, 1 },
		{ VIRTIO_PCI_QUEUE_NOTIFY, 1 }, { VIRTIO_PCI_QUEUE_NOTIFY, 4 },
		{ PORTS - 2, 4 }, { PORTS, 1 },
	};
	const struct user *u = &self->nic[0].v.user;
	uint32_t val = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, region_read(u, PORTS_BAR, bad[i].pos, &val,
					       bad[i].size)) {
			TH_LOG("read %u at %#x", bad[i].size, bad[i].pos);
		}
		EXPECT_EQ(-EINVAL, region_write(u, PORTS_BAR, bad[i].pos, &val,
						bad[i].size)) {
			TH_LOG("write %u at %#x", bad[i].size, bad[i].pos);
		}
	}
	EXPECT_EQ(0, port_in(&self->nic[0].v, VIRTIO_PCI_STATUS, 1));
}

TEST_HARNESS_MAIN
