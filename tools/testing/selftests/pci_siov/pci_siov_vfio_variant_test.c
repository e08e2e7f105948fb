// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver can make of an SDI for its user: vfio-siov-core by the example of
 * vfio-siov-test
 *
 * Needs the emulated SIOV device with its driver (CONFIG_PCI_SIOV_TEST) and
 * CONFIG_VFIO_SIOV_TEST, skips where they are absent. SDIs that exist are destroyed.
 */
#include <pthread.h>

#include "../kselftest_harness.h"
#include "pci_siov_vfio.h"

#define VARIANT_DRIVER	"vfio-siov-test"
#define VARIANT_ID	0x54534554
#define SUBSYSTEM	0x7e57
/* Of the SDI; BAR 0 has four times as much */
#define SIZE		layout("SIOV_REGION_SIZE", PAGE)
#define PORTS		4

/* Registers that the driver answers, from SIZE on in BAR 0 and in BAR 4 */
enum {
	VREG_ID = 0x0,
	VREG_RESETS = 0x4,
	VREG_SCRATCH = 0x8,
	VREG_SLEEP = 0xc,
};

FIXTURE(variant)
{
	struct pf pf;
	struct user user;
};

FIXTURE_SETUP(variant)
{
	char buf[256];

	user_init(&self->user, MODE_CDEV);
	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	if (!exists("/sys/bus/pci_sdi/drivers/" VARIANT_DRIVER))
		SKIP(return, "no driver " VARIANT_DRIVER);
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");
	if (expected("untranslated"))
		SKIP(return, "no IOMMU");

	delete_all(&self->pf);
	allow_unsafe(!remapping_is_on());
	ASSERT_EQ(0, create_sdi(&self->pf, 0,
				"driver_override=" VARIANT_DRIVER));
	ASSERT_EQ(0, user_open(&self->user, MODE_CDEV,
			       sdi_name(&self->pf, 0, buf, sizeof(buf))));
}

FIXTURE_TEARDOWN_PARENT(variant)
{
	delete_all(&self->pf);
}

static uint32_t word(const struct user *u, unsigned int bar, uint64_t pos)
{
	uint32_t val = 0xdeadbeef;

	region_read(u, bar, pos, &val, 4);
	return val;
}

static int put_word(const struct user *u, unsigned int bar, uint64_t pos,
		    uint32_t val)
{
	ssize_t n = region_write(u, bar, pos, &val, 4);

	return n == 4 ? 0 : n < 0 ? n : -EIO;
}

TEST_F(variant, capabilities)
{
	struct user *u = &self->user;
	unsigned int cap, msix;

	EXPECT_EQ(SUBSYSTEM, cfg_read(u, PCI_SUBSYSTEM_ID, 2));

	/* Where things are is ABI */
	msix = cfg_find_cap(u, PCI_CAP_ID_MSIX);
	EXPECT_EQ(0x40, cfg_find_cap(u, PCI_CAP_ID_EXP));
	EXPECT_EQ(0x7c, msix);
	cap = cfg_find_cap(u, PCI_CAP_ID_VNDR);
	ASSERT_EQ(0x88, cap);
	EXPECT_EQ(0, cfg_read(u, cap + 1, 1));
	EXPECT_EQ(8, cfg_read(u, cap + 2, 1));
	EXPECT_EQ('t', cfg_read(u, cap + 3, 1));

	/* What the mask lets through, and never the header */
	ASSERT_EQ(0, cfg_write(u, cap, 0xffffffff, 4));
	ASSERT_EQ(0, cfg_write(u, cap + 4, 0xffffffff, 4));
	EXPECT_EQ(PCI_CAP_ID_VNDR, cfg_read(u, cap, 2));
	EXPECT_EQ(0x0f747365, cfg_read(u, cap + 4, 4));

	EXPECT_EQ(PCI_EXT_CAP_ID_VNDR | 1 << 16 | 0x10c << 20,
		  (int)cfg_read(u, 0x100, 4));
	EXPECT_EQ(0x63657376, cfg_read(u, 0x108, 4));
	EXPECT_EQ(PCI_EXT_CAP_ID_DSN | 1 << 16, cfg_read(u, 0x10c, 4));
	EXPECT_EQ(0x08070605, cfg_read(u, 0x114, 4));
	ASSERT_EQ(0, cfg_write(u, 0x114, 0, 4));
	EXPECT_EQ(0x08070605, cfg_read(u, 0x114, 4));
	EXPECT_EQ(0, cfg_read(u, 0x118, 4));
}

static void *map(const struct user *u, uint64_t pos, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, u->device,
		    pos);
}

TEST_F(variant, slices)
{
	struct {
		struct vfio_region_info info;
		uint8_t caps[256];
	} reply = { .info = { .argsz = sizeof(reply), .index = 0 } };
	struct vfio_region_info_cap_sparse_mmap *sparse;
	struct user *u = &self->user;
	uint32_t *first, *last;

	ASSERT_EQ(0, ioctl(u->device, VFIO_DEVICE_GET_REGION_INFO, &reply.info));
	EXPECT_EQ(4 * SIZE, reply.info.size);
	ASSERT_TRUE(reply.info.flags & VFIO_REGION_INFO_FLAG_CAPS);
	sparse = (void *)&reply + reply.info.cap_offset;
	ASSERT_EQ(VFIO_REGION_INFO_CAP_SPARSE_MMAP, sparse->header.id);
	ASSERT_EQ(2, sparse->nr_areas);
	EXPECT_EQ(0, sparse->areas[0].offset);
	EXPECT_EQ(SIZE, sparse->areas[0].size);
	EXPECT_EQ(3 * SIZE, sparse->areas[1].offset);
	EXPECT_EQ(SIZE, sparse->areas[1].size);

	/* The same registers twice, and what the driver answers cannot be mapped */
	first = map(u, 0, SIZE);
	last = map(u, 3 * SIZE, SIZE);
	ASSERT_NE(MAP_FAILED, (void *)first);
	ASSERT_NE(MAP_FAILED, (void *)last);
	first[REG_SCRATCH / 4] = 0x12345678;
	EXPECT_EQ(0x12345678, last[REG_SCRATCH / 4]);
	EXPECT_EQ(0x12345678, word(u, 0, 3 * SIZE + REG_SCRATCH));
	EXPECT_EQ(MAP_FAILED, map(u, SIZE, SIZE));
	EXPECT_EQ(MAP_FAILED, map(u, 2 * SIZE, SIZE));
	EXPECT_EQ(MAP_FAILED, map(u, 0, 2 * SIZE));
	EXPECT_EQ(MAP_FAILED, map(u, 2 * SIZE, 2 * SIZE));
	EXPECT_EQ(MAP_FAILED, map(u, 3 * SIZE, 2 * SIZE));
	EXPECT_EQ(MAP_FAILED, map(u, region_offset(PORTS), PAGE));

	EXPECT_EQ(VARIANT_ID, word(u, 0, SIZE + VREG_ID));
	EXPECT_EQ(0, put_word(u, 0, SIZE + VREG_SCRATCH, 0x55aa55aa));
	EXPECT_EQ(0x55aa55aa, word(u, 0, SIZE + VREG_SCRATCH));
	EXPECT_EQ(0x12345678, first[REG_SCRATCH / 4]);

	/* Behind them, and between the slices, is nothing */
	EXPECT_EQ(0xffffffff, word(u, 0, SIZE + 32));
	EXPECT_EQ(0, put_word(u, 0, 2 * SIZE, 1));
	EXPECT_EQ(0xffffffff, word(u, 0, 2 * SIZE));
	munmap(first, SIZE);
	munmap(last, SIZE);
}

TEST_F(variant, ports)
{
	struct user *u = &self->user;
	struct vfio_region_info info;
	uint32_t val;

	ASSERT_EQ(0, region_info(u, PORTS, &info));
	EXPECT_EQ(32, info.size);
	EXPECT_FALSE(info.flags & VFIO_REGION_INFO_FLAG_MMAP);
	EXPECT_EQ(PCI_BASE_ADDRESS_SPACE_IO,
		  cfg_read(u, PCI_BASE_ADDRESS_4, 4));
	ASSERT_EQ(0, cfg_write(u, PCI_BASE_ADDRESS_4, 0xffffffff, 4));
	EXPECT_EQ(0xffffffe1, cfg_read(u, PCI_BASE_ADDRESS_4, 4));

	/* They have an enable of their own */
	EXPECT_EQ(-EIO, region_read(u, PORTS, VREG_ID, &val, 4));
	EXPECT_EQ(VARIANT_ID, word(u, 0, SIZE + VREG_ID));
	ASSERT_EQ(0, set_command(u, PCI_COMMAND_IO, PCI_COMMAND_MEMORY));
	EXPECT_EQ(VARIANT_ID, word(u, PORTS, VREG_ID));
	EXPECT_EQ(-EIO, region_read(u, 0, SIZE + VREG_ID, &val, 4));
	EXPECT_EQ(-EIO, put_word(u, 0, SIZE + VREG_SCRATCH, 1));
}

TEST_F(variant, hears_of_resets)
{
	struct user *u = &self->user;
	uint32_t resets = word(u, 0, SIZE + VREG_RESETS);

	/* That of the open */
	EXPECT_EQ(1, resets);
	ASSERT_EQ(0, put_word(u, 0, SIZE + VREG_SCRATCH, 1));
	ASSERT_EQ(0, ioctl(u->device, VFIO_DEVICE_RESET));
	EXPECT_EQ(resets + 1, word(u, 0, SIZE + VREG_RESETS));
	EXPECT_EQ(0, word(u, 0, SIZE + VREG_SCRATCH));
	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
	EXPECT_EQ(resets + 2, word(u, 0, SIZE + VREG_RESETS));
}

#define SLEEP_MS	4000

static void *sleep_in_write(void *user)
{
	put_word(user, 0, SIZE + VREG_SLEEP, SLEEP_MS);
	return NULL;
}

/* A register that takes its time holds no lock that anybody else waits for */
TEST_F(variant, may_sleep)
{
	struct user *u = &self->user;
	pthread_t tid;
	double begin;

	ASSERT_EQ(0, pthread_create(&tid, NULL, sleep_in_write, u));
	usleep(200000);
	begin = now();
	EXPECT_EQ(0, set_command(u, PCI_COMMAND_MASTER, 0));
	EXPECT_EQ(VARIANT_ID, word(u, 0, SIZE + VREG_ID));
	EXPECT_EQ(0, ioctl(u->device, VFIO_DEVICE_RESET));
	EXPECT_EQ(0, pf_put(&self->pf, "reset", "1"));
	EXPECT_LT(now() - begin, SLEEP_MS / 1000 - 1);
	pthread_join(tid, NULL);
}

TEST_HARNESS_MAIN
