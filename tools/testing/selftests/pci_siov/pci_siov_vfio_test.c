// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces in the hands of a user: vfio-siov
 *
 * Two SDIs with a user each, one of them may be hostile. Needs the emulated SIOV
 * device with its driver (CONFIG_PCI_SIOV_TEST) and CONFIG_VFIO_SIOV, skips where
 * they are absent. SDIs that exist are destroyed. $SIOV_SEED gives the fuzz
 * tests another seed.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "pci_siov_random.h"
#include "pci_siov_slot.h"
#include "pci_siov_vfio.h"

#define IOVA		0x10000000ULL
#define MAP_SIZE	(16 * PAGE)
/* Of an SDI: a power of two, not less than a page; how many, as BAR 0, BAR 1 */
#define REGION_SIZE	layout("SIOV_REGION_SIZE", PAGE)
#define REGIONS		layout("SIOV_REGIONS", 1)
#define PATTERN		0x5a17c0de

#define NUM_SDIS	2
#define NOWHERE		((void *)8)

FIXTURE(vfio) {
	struct pf pf;
	char name[NUM_SDIS][64];
	struct user user[NUM_SDIS];
};

FIXTURE_VARIANT(vfio) {
	enum vfio_mode mode;
};

FIXTURE_VARIANT_ADD(vfio, group) {
	.mode = MODE_GROUP,
};

FIXTURE_VARIANT_ADD(vfio, cdev) {
	.mode = MODE_CDEV,
};

FIXTURE_SETUP(vfio)
{
	char buf[256];
	int i;

	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	if (!exists("/sys/bus/pci_sdi/drivers/" VFIO_DRIVER))
		SKIP(return, "no driver " VFIO_DRIVER);

	for (i = 0; i < NUM_SDIS; i++)
		user_init(&self->user[i], variant->mode);

	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");
	if (expected("untranslated"))
		SKIP(return, "no IOMMU");
	ASSERT_EQ(expected("remapping"), remapping_is_on());

	/* An earlier test may have left it in its reset or removal */
	delete_all(&self->pf);
	allow_unsafe(!expected("remapping"));
	for (i = 0; i < NUM_SDIS; i++) {
		ASSERT_EQ(0, create_for_user(&self->pf, i, self->name[i]));
		ASSERT_STREQ(VFIO_DRIVER,
			     link_target(sdi_path(&self->pf, i, "driver"), buf,
					 sizeof(buf)));
		ASSERT_EQ(0, user_open(&self->user[i], variant->mode,
				       self->name[i]));
	}
}

/*
 * Here and not in the process of the test, which may have mappings left that
 * make it a user until it ends
 */
FIXTURE_TEARDOWN_PARENT(vfio)
{
	delete_all(&self->pf);
}

/* ---- What the user is told ---- */

TEST_F(vfio, device_info)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct user *u = &self->user[0];

	ASSERT_EQ(0, ioctl(u->device, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET, info.flags);
	EXPECT_EQ(VFIO_PCI_NUM_REGIONS, info.num_regions);
	EXPECT_EQ(VFIO_PCI_NUM_IRQS, info.num_irqs);

	info.argsz = 4;
	EXPECT_EQ(-1, ioctl(u->device, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(u->device, VFIO_DEVICE_GET_INFO, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(u->device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
			    &info));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(vfio, region_info)
{
	struct user *u = &self->user[0];
	struct vfio_region_info info;
	unsigned int i, msix;

	msix = cfg_find_cap(u, PCI_CAP_ID_MSIX);
	ASSERT_NE(0, msix);
	msix = cfg_read(u, msix + PCI_MSIX_TABLE, 4) & PCI_MSIX_TABLE_BIR;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		if (i == VFIO_PCI_VGA_REGION_INDEX) {
			EXPECT_EQ(-EINVAL, region_info(u, i, &info));
			continue;
		}
		ASSERT_EQ(0, region_info(u, i, &info));
		EXPECT_EQ(region_offset(i), info.offset);
		if (i < REGIONS) {
			EXPECT_EQ(REGION_SIZE, info.size);
			EXPECT_TRUE(info.flags & VFIO_REGION_INFO_FLAG_MMAP);
		} else if (i == msix) {
			EXPECT_EQ(PAGE, info.size);
			EXPECT_FALSE(info.flags & VFIO_REGION_INFO_FLAG_MMAP);
		} else if (i == VFIO_PCI_CONFIG_REGION_INDEX) {
			EXPECT_EQ(4096, info.size);
			EXPECT_FALSE(info.flags & VFIO_REGION_INFO_FLAG_MMAP);
		} else {
			EXPECT_EQ(0, info.size);
			EXPECT_EQ(0, info.flags);
		}
	}
	EXPECT_EQ(-EINVAL, region_info(u, VFIO_PCI_NUM_REGIONS, &info));
	EXPECT_EQ(-EINVAL, region_info(u, UINT32_MAX, &info));
}

TEST_F(vfio, irq_info)
{
	const unsigned int count[] = {
		[VFIO_PCI_INTX_IRQ_INDEX] = 0,
		[VFIO_PCI_MSI_IRQ_INDEX] = 0,
		[VFIO_PCI_MSIX_IRQ_INDEX] = VECTORS,
		[VFIO_PCI_ERR_IRQ_INDEX] = 1,
		[VFIO_PCI_REQ_IRQ_INDEX] = 1,
	};
	struct vfio_irq_info info = { .argsz = sizeof(info) };
	struct user *u = &self->user[0];

	for (info.index = 0; info.index < VFIO_PCI_NUM_IRQS; info.index++) {
		ASSERT_EQ(0, ioctl(u->device, VFIO_DEVICE_GET_IRQ_INFO, &info));
		EXPECT_EQ(count[info.index], info.count);
		EXPECT_TRUE(info.flags & VFIO_IRQ_INFO_EVENTFD);
		/* Vectors may come one by one */
		EXPECT_EQ(info.index != VFIO_PCI_MSIX_IRQ_INDEX,
			  !!(info.flags & VFIO_IRQ_INFO_NORESIZE));
	}
	EXPECT_EQ(-1, ioctl(u->device, VFIO_DEVICE_GET_IRQ_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
}

/* ---- Configuration space ---- */

TEST_F(vfio, config_header)
{
	struct user *u = &self->user[0];
	unsigned int exp, msix;

	EXPECT_EQ(number(sdi_path(&self->pf, 0, "vendor")),
		  cfg_read(u, PCI_VENDOR_ID, 2));
	EXPECT_EQ(number(sdi_path(&self->pf, 0, "device")),
		  cfg_read(u, PCI_DEVICE_ID, 2));
	EXPECT_EQ(number(sdi_path(&self->pf, 0, "class")),
		  cfg_read(u, PCI_CLASS_REVISION, 4) >> 8);
	EXPECT_EQ(number(sdi_path(&self->pf, 0, "revision")),
		  cfg_read(u, PCI_REVISION_ID, 1));
	EXPECT_EQ(number(sdi_path(&self->pf, 0, "subsystem_vendor")),
		  cfg_read(u, PCI_SUBSYSTEM_VENDOR_ID, 2));
	EXPECT_EQ(number(sdi_path(&self->pf, 0, "subsystem_device")),
		  cfg_read(u, PCI_SUBSYSTEM_ID, 2));
	EXPECT_EQ(PCI_HEADER_TYPE_NORMAL, cfg_read(u, PCI_HEADER_TYPE, 1));
	EXPECT_EQ(PCI_COMMAND_MEMORY, cfg_read(u, PCI_COMMAND, 2));
	EXPECT_EQ(PCI_STATUS_CAP_LIST, cfg_read(u, PCI_STATUS, 2));
	EXPECT_EQ(0, cfg_read(u, PCI_INTERRUPT_PIN, 1));
	EXPECT_EQ(0, cfg_read(u, PCI_ROM_ADDRESS, 4));

	exp = cfg_find_cap(u, PCI_CAP_ID_EXP);
	ASSERT_NE(0, exp);
	EXPECT_EQ(0x0002, cfg_read(u, exp + PCI_EXP_FLAGS, 2));
	EXPECT_TRUE(cfg_read(u, exp + PCI_EXP_DEVCAP, 4) &
		    PCI_EXP_DEVCAP_FLR);

	msix = cfg_find_cap(u, PCI_CAP_ID_MSIX);
	ASSERT_NE(0, msix);
	EXPECT_EQ(VECTORS - 1, cfg_read(u, msix + PCI_MSIX_FLAGS, 2));

	/* No extended capability, and none of the device's */
	EXPECT_EQ(0, cfg_read(u, PCI_CFG_SPACE_SIZE, 4));
}

/* A PF that is integrated into the root complex has no link */
TEST_F(vfio, config_link)
{
	unsigned int exp = cfg_find_cap(&self->user[0], PCI_CAP_ID_EXP);
	const uint32_t none = PCI_EXP_LNKCAP_SLS_2_5GB | 1 << 4;
	struct function f;
	uint32_t cap, status;
	unsigned int pf;

	ASSERT_EQ(0, read_function(&f, self->pf.name));
	pf = find_cap(&f, PCI_CAP_ID_EXP);
	ASSERT_NE(0, pf);
	ASSERT_NE(0, exp);
	cap = get32(&f, pf + PCI_EXP_LNKCAP) &
	      (PCI_EXP_LNKCAP_SLS | PCI_EXP_LNKCAP_MLW);
	status = get16(&f, pf + PCI_EXP_LNKSTA) &
		 (PCI_EXP_LNKSTA_CLS | PCI_EXP_LNKSTA_NLW);
	/* Or else this test would tell nothing */
	ASSERT_NE(none, cap);
	ASSERT_NE(none, status);
	if ((get16(&f, pf + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_TYPE) >> 4 ==
	    PCI_EXP_TYPE_RC_END) {
		cap = none;
		status = none;
	}
	EXPECT_EQ(cap, cfg_read(&self->user[0], exp + PCI_EXP_LNKCAP, 4));
	EXPECT_EQ(status, cfg_read(&self->user[0], exp + PCI_EXP_LNKSTA, 2));
}

TEST_F(vfio, config_bar_sizing)
{
	struct user *u = &self->user[0];
	struct vfio_region_info info;
	unsigned int i, pos;
	struct function f;
	uint64_t mask;
	uint32_t low;

	ASSERT_EQ(0, read_function(&f, self->pf.name));
	for (i = 0; i < 6; i++) {
		pos = PCI_BASE_ADDRESS_0 + 4 * i;
		ASSERT_EQ(0, region_info(u, i, &info));
		ASSERT_EQ(0, cfg_write(u, pos, 0xffffffff, 4));
		low = cfg_read(u, pos, 4);
		/* The kind of memory is that of the PF's BAR with the pages */
		if (!i)
			EXPECT_EQ(get32(&f, PCI_BASE_ADDRESS_2) &
				  PCI_BASE_ADDRESS_MEM_PREFETCH,
				  low & PCI_BASE_ADDRESS_MEM_PREFETCH);
		mask = 0xffffffff00000000ULL | (low & ~0xfU);
		if (low & PCI_BASE_ADDRESS_MEM_TYPE_64) {
			ASSERT_EQ(0, cfg_write(u, pos + 4, 0xffffffff, 4));
			mask = (mask & 0xffffffffU) |
			       (uint64_t)cfg_read(u, pos + 4, 4) << 32;
		}
		EXPECT_EQ(info.size, low ? -mask : 0);

		/* And what is written comes back, as far as it is decoded */
		ASSERT_EQ(0, cfg_write(u, pos, 0xfedcb000, 4));
		EXPECT_EQ(low ? (0xfedcb000 & mask) | (low & 0xf) : 0,
			  cfg_read(u, pos, 4));
		if (low & PCI_BASE_ADDRESS_MEM_TYPE_64)
			i++;
	}
}

TEST_F(vfio, config_ends)
{
	struct user *u = &self->user[0];
	uint8_t buf[8192];

	EXPECT_EQ(4096, region_read(u, VFIO_PCI_CONFIG_REGION_INDEX, 0, buf,
				    sizeof(buf)));
	EXPECT_EQ(1, region_read(u, VFIO_PCI_CONFIG_REGION_INDEX, 4095, buf,
				 sizeof(buf)));
	EXPECT_EQ(-EINVAL, region_read(u, VFIO_PCI_CONFIG_REGION_INDEX, 4096,
				       buf, 1));
	EXPECT_EQ(-EINVAL, region_write(u, VFIO_PCI_CONFIG_REGION_INDEX, 4096,
					buf, 1));
	EXPECT_EQ(-EFAULT, region_read(u, VFIO_PCI_CONFIG_REGION_INDEX, 0,
				       NOWHERE, 4));
	EXPECT_EQ(-EFAULT, region_write(u, VFIO_PCI_CONFIG_REGION_INDEX, 0,
					NOWHERE, 4));
}

/* ---- BARs ---- */

static uint32_t *map_bar(const struct user *u, int flags, uint64_t pos,
			 size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, flags, u->device,
		    region_offset(0) + pos);
}

TEST_F(vfio, bar_access)
{
	struct user *u = &self->user[1];
	uint32_t *bar;

	EXPECT_EQ(ID_VALUE, reg(u, REG_ID));
	EXPECT_EQ(1, reg(u, REG_INDEX));

	bar = map_bar(u, MAP_SHARED, 0, PAGE);
	ASSERT_NE(MAP_FAILED, (void *)bar);
	EXPECT_EQ(ID_VALUE, bar[REG_ID / 4]);
	bar[REG_SCRATCH / 4] = PATTERN;
	EXPECT_EQ(PATTERN, reg(u, REG_SCRATCH));
	ASSERT_EQ(0, set_reg(u, REG_SCRATCH, ~PATTERN));
	EXPECT_EQ(~PATTERN, bar[REG_SCRATCH / 4]);
	munmap(bar, PAGE);
}

TEST_F(vfio, bar_limits)
{
	struct user *u = &self->user[0];
	unsigned int i;
	uint32_t val;

	EXPECT_EQ(MAP_FAILED, (void *)map_bar(u, MAP_SHARED, 0,
					      2 * REGION_SIZE));
	EXPECT_EQ(MAP_FAILED, (void *)map_bar(u, MAP_SHARED, REGION_SIZE,
					      PAGE));
	EXPECT_EQ(MAP_FAILED, (void *)map_bar(u, MAP_PRIVATE, 0, PAGE));
	for (i = REGIONS; i <= VFIO_PCI_NUM_REGIONS; i++)
		EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
					   u->device, region_offset(i)));

	EXPECT_EQ(-EINVAL, region_read(u, 0, REGION_SIZE, &val, 4));
	EXPECT_EQ(-EINVAL, region_write(u, 0, REGION_SIZE, &val, 4));
	EXPECT_EQ(4, region_read(u, 0, REGION_SIZE - 4, &val, 4));
	EXPECT_EQ(-EINVAL, region_read(u, REGIONS, 0, &val, 4));
	EXPECT_EQ(-EINVAL, region_read(u, VFIO_PCI_ROM_REGION_INDEX, 0, &val,
				       4));
	EXPECT_EQ(-EINVAL, region_read(u, VFIO_PCI_NUM_REGIONS, 0, &val, 4));
	EXPECT_EQ(-EFAULT, region_read(u, 0, 0, NOWHERE, 4));
}

static sigjmp_buf bus_error;

static void on_sigbus(int sig)
{
	siglongjmp(bus_error, 1);
}

/* Does the first register of a mapping answer? */
static bool answers(const uint32_t *bar)
{
	bool yes = false;

	signal(SIGBUS, on_sigbus);
	if (!sigsetjmp(bus_error, 1))
		yes = __atomic_load_n(bar, __ATOMIC_RELAXED) == ID_VALUE;
	signal(SIGBUS, SIG_DFL);
	return yes;
}

TEST_F(vfio, memory_disable_revokes)
{
	struct user *u = &self->user[0];
	uint32_t *bar, *other, val;

	bar = map_bar(u, MAP_SHARED, 0, PAGE);
	other = map_bar(&self->user[1], MAP_SHARED, 0, PAGE);
	ASSERT_NE(MAP_FAILED, (void *)bar);
	ASSERT_NE(MAP_FAILED, (void *)other);
	ASSERT_TRUE(answers(bar));
	ASSERT_TRUE(answers(other));

	ASSERT_EQ(0, set_command(u, 0, PCI_COMMAND_MEMORY));
	EXPECT_FALSE(answers(bar));
	EXPECT_EQ(-EIO, region_read(u, 0, 0, &val, 4));
	EXPECT_EQ(-EIO, region_write(u, 0, REG_SCRATCH, &val, 4));
	EXPECT_TRUE(answers(other));

	ASSERT_EQ(0, set_command(u, PCI_COMMAND_MEMORY, 0));
	EXPECT_TRUE(answers(bar));
	EXPECT_EQ(ID_VALUE, reg(u, REG_ID));
	munmap(bar, PAGE);
	munmap(other, PAGE);
}

TEST_F(vfio, close_revokes)
{
	struct user *u = &self->user[0];
	uint32_t *bar;
	int device;

	bar = map_bar(u, MAP_SHARED, 0, PAGE);
	ASSERT_NE(MAP_FAILED, (void *)bar);
	ASSERT_TRUE(answers(bar));
	/* The mapping holds the file; what the file stands for goes on */
	device = u->device;
	close(device);
	u->device = -1;
	EXPECT_TRUE(answers(bar));
	munmap(bar, PAGE);
}

/* ---- DMA ---- */

static bool all(const uint32_t *mem, size_t size, uint32_t pattern)
{
	size_t i;

	for (i = 0; i < size / 4; i++)
		if (mem[i] != pattern)
			return false;
	return true;
}

TEST_F(vfio, dma_needs_bus_master)
{
	struct user *u = &self->user[0];
	uint32_t *mem, result;

	mem = user_dma_map(u, IOVA, MAP_SIZE);
	ASSERT_NE(NULL, mem);

	result = engine_fill(u, IOVA, MAP_SIZE, PATTERN);
	EXPECT_EQ(RESULT_DROPPED | CAUSE_MASTER << 8, result);
	EXPECT_TRUE(all(mem, MAP_SIZE, 0));

	ASSERT_EQ(0, set_command(u, PCI_COMMAND_MASTER, 0));
	EXPECT_EQ(RESULT_OK, engine_fill(u, IOVA, MAP_SIZE, PATTERN));
	EXPECT_TRUE(all(mem, MAP_SIZE, PATTERN));

	ASSERT_EQ(0, set_command(u, 0, PCI_COMMAND_MASTER));
	result = engine_fill(u, IOVA, MAP_SIZE, 0);
	EXPECT_EQ(RESULT_DROPPED | CAUSE_MASTER << 8, result);
	EXPECT_TRUE(all(mem, MAP_SIZE, PATTERN));
}

TEST_F(vfio, dma_of_a_hostile_user)
{
	struct user *good = &self->user[0], *bad = &self->user[1];
	uint32_t *mine, *theirs;
	int fd, i;

	mine = user_dma_map(good, IOVA, MAP_SIZE);
	theirs = user_dma_map(bad, IOVA + (1 << 30), MAP_SIZE);
	ASSERT_NE(NULL, mine);
	ASSERT_NE(NULL, theirs);
	fd = eventfd(0, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, set_eventfds(good, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, set_command(good, PCI_COMMAND_MASTER, 0));
	ASSERT_EQ(0, set_command(bad, PCI_COMMAND_MASTER, 0));

	for (i = 0; i < 16; i++) {
		/* At the other's addresses, at interrupts and at anything */
		EXPECT_EQ(RESULT_FAULT, engine_fill(bad, IOVA + i * PAGE, PAGE,
						    0xbadbadba) & 0xff);
		engine_fill(bad, 0xfee00000 + i * 0x1000, 4, i);
		engine_msi(bad, i);

		EXPECT_EQ(RESULT_OK, engine_fill(good, IOVA + i * PAGE, PAGE,
						 PATTERN));
		EXPECT_EQ(RESULT_OK, engine_msi(good, 0));
		EXPECT_EQ(1, events(fd, 1000));
	}
	EXPECT_TRUE(all(mine, MAP_SIZE, PATTERN));
	EXPECT_EQ(0, events(fd, 50));
	EXPECT_EQ(RESULT_OK, engine_fill(bad, IOVA + (1 << 30), MAP_SIZE, 1));
	EXPECT_TRUE(all(theirs, MAP_SIZE, 1));
	close(fd);
}

/* ---- Interrupts ---- */

TEST_F(vfio, msix)
{
	struct user *u = &self->user[0];
	int fd[MAX_VECTORS], i, n;

	for (i = 0; i < VECTORS; i++) {
		fd[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_LE(0, fd[i]);
	}
	ASSERT_EQ(0, set_command(u, PCI_COMMAND_MASTER, 0));
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0, VECTORS, fd));
	for (i = 0; i < VECTORS; i++) {
		EXPECT_EQ(RESULT_OK, engine_msi(u, i));
		EXPECT_EQ(1, events(fd[i], 1000));
		/* Time for one that nobody asked for */
		usleep(10000);
		for (n = 0; n < VECTORS; n++)
			EXPECT_EQ(0, events(fd[n], 0));
	}

	/* Without the device */
	ASSERT_EQ(0, set_irqs(u, VFIO_IRQ_SET_DATA_NONE |
			      VFIO_IRQ_SET_ACTION_TRIGGER,
			      VFIO_PCI_MSIX_IRQ_INDEX, 1, 2, NULL, 0));
	for (i = 0; i < VECTORS; i++)
		EXPECT_EQ(i == 1 || i == 2, events(fd[i], 0));
	ASSERT_EQ(0, set_irqs(u, VFIO_IRQ_SET_DATA_BOOL |
			      VFIO_IRQ_SET_ACTION_TRIGGER,
			      VFIO_PCI_MSIX_IRQ_INDEX, 0, 4, "\0\1\0\1", 4));
	for (i = 0; i < VECTORS; i++)
		EXPECT_EQ(i == 1 || i == 3, events(fd[i], 0));

	/* One by one */
	n = -1;
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 2, 1, &n));
	engine_msi(u, 2);
	EXPECT_EQ(0, events(fd[2], 50));
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 2, 1, &fd[3]));
	engine_msi(u, 2);
	EXPECT_EQ(0, events(fd[2], 50));
	EXPECT_LE(1, events(fd[3], 1000));

	ASSERT_EQ(0, disable_irqs(u, VFIO_PCI_MSIX_IRQ_INDEX));
	for (i = 0; i < VECTORS; i++) {
		engine_msi(u, i);
		EXPECT_EQ(0, events(fd[i], 10));
	}

	for (i = 0; i < VECTORS; i++)
		close(fd[i]);
}

/* A guest unmasks one after the other: those that work already lose nothing */
TEST_F(vfio, msix_one_after_the_other)
{
	struct user *u = &self->user[0];
	int fd[MAX_VECTORS], i, n;

	ASSERT_EQ(0, set_command(u, PCI_COMMAND_MASTER, 0));
	for (i = 0; i < VECTORS; i++) {
		fd[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_LE(0, fd[i]);
	}

	/* The last one comes first: the others are not there yet */
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, VECTORS - 1, 1,
				  &fd[VECTORS - 1]));
	for (i = 0; i < VECTORS - 1; i++) {
		/* On its way when the next one is added */
		set_reg(u, REG_DELAY, 200);
		set_reg(u, REG_CMD, CMD_MSI | CMD_VECTOR(VECTORS - 1));
		ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, i, 1,
					  &fd[i]));
		EXPECT_EQ(RESULT_OK, engine_wait(u));
		EXPECT_EQ(1, events(fd[VECTORS - 1], 1000));

		for (n = 0; n <= i; n++) {
			EXPECT_EQ(RESULT_OK, engine_msi(u, n));
			EXPECT_EQ(1, events(fd[n], 1000));
		}
	}
	for (i = 0; i < VECTORS; i++)
		close(fd[i]);
}

TEST_F(vfio, irq_bad_arguments)
{
	uint32_t events = VFIO_IRQ_SET_DATA_EVENTFD |
			  VFIO_IRQ_SET_ACTION_TRIGGER;
	uint32_t none = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
	struct user *u = &self->user[0];
	int fd[MAX_VECTORS + 1];
	unsigned int i;

	for (i = 0; i < VECTORS + 1; i++)
		fd[i] = -1;
	EXPECT_EQ(-EINVAL, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0,
					VECTORS + 1, fd));
	EXPECT_EQ(-EINVAL, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, VECTORS, 1,
					fd));
	EXPECT_EQ(-EINVAL, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, UINT32_MAX,
					1, fd));
	EXPECT_EQ(-EINVAL, set_irqs(u, events, VFIO_PCI_MSIX_IRQ_INDEX, 0, 2,
				    fd, 4));
	EXPECT_EQ(-EINVAL, set_irqs(u, none, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1,
				    NULL, 0));
	EXPECT_EQ(-EINVAL, set_irqs(u, none, VFIO_PCI_NUM_IRQS, 0, 1, NULL, 0));
	EXPECT_GT(0, set_irqs(u, none, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, NULL, 0));
	EXPECT_GT(0, set_irqs(u, VFIO_IRQ_SET_DATA_NONE |
			      VFIO_IRQ_SET_ACTION_MASK,
			      VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, NULL, 0));
	/* Not an eventfd, not a file */
	fd[0] = u->device;
	EXPECT_EQ(-EINVAL, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, fd));
	fd[0] = 12345;
	EXPECT_EQ(-EBADF, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, fd));
	fd[0] = -2;
	EXPECT_EQ(-EINVAL, set_eventfds(u, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, fd));

	/* Nothing of that is left */
	fd[0] = eventfd(0, EFD_NONBLOCK);
	EXPECT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0, VECTORS, fd));
	close(fd[0]);
}

static int trigger(const struct user *u, unsigned int start, unsigned int count)
{
	return set_irqs(u, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
			VFIO_PCI_MSIX_IRQ_INDEX, start, count, NULL, 0);
}

/* All that were asked for in one call, or none of them */
TEST_F(vfio, msix_all_or_none)
{
	struct user *u = &self->user[0];
	int fd[3] = { eventfd(0, EFD_NONBLOCK), 12345, -1 };
	int last = eventfd(0, EFD_NONBLOCK);

	/* And MSI-X is not enabled by what has failed */
	EXPECT_EQ(-EBADF, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0, 2, fd));
	EXPECT_EQ(-EINVAL, trigger(u, 0, 1));
	EXPECT_EQ(0, events(fd[0], 0));

	/* Nor is what was there before taken away */
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, VECTORS - 1, 1,
				  &last));
	EXPECT_EQ(-EBADF, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0, 2, fd));
	EXPECT_EQ(0, trigger(u, 0, VECTORS));
	EXPECT_EQ(0, events(fd[0], 0));
	EXPECT_EQ(1, events(last, 0));
	close(last);
	close(fd[0]);
}

TEST_F(vfio, msix_table_is_only_memory)
{
	struct user *u = &self->user[0];
	uint32_t val = 0xffffffff;
	unsigned int bar, cap;

	cap = cfg_find_cap(u, PCI_CAP_ID_MSIX);
	ASSERT_NE(0, cap);
	bar = cfg_read(u, cap + PCI_MSIX_TABLE, 4) & PCI_MSIX_TABLE_BIR;

	EXPECT_EQ(4, region_read(u, bar, PCI_MSIX_ENTRY_VECTOR_CTRL, &val, 4));
	EXPECT_EQ(PCI_MSIX_ENTRY_CTRL_MASKBIT, val);
	val = 0xffffffff;
	EXPECT_EQ(4, region_write(u, bar, PCI_MSIX_ENTRY_LOWER_ADDR, &val, 4));
	EXPECT_EQ(4, region_read(u, bar, PCI_MSIX_ENTRY_LOWER_ADDR, &val, 4));
	EXPECT_EQ(0xfffffffc, val);

	/* Pending bits, and what is between */
	cap = cfg_read(u, cap + PCI_MSIX_PBA, 4) & ~7;
	val = 0xffffffff;
	EXPECT_EQ(4, region_write(u, bar, cap, &val, 4));
	EXPECT_EQ(4, region_read(u, bar, cap, &val, 4));
	EXPECT_EQ(0, val);
	val = 0xffffffff;
	EXPECT_EQ(4, region_write(u, bar, VECTORS * PCI_MSIX_ENTRY_SIZE, &val,
				  4));
	EXPECT_EQ(4, region_read(u, bar, VECTORS * PCI_MSIX_ENTRY_SIZE, &val,
				 4));
	EXPECT_EQ(0, val);
}

/* ---- Reset, close ---- */

static int flr(const struct user *u)
{
	unsigned int exp = cfg_find_cap(u, PCI_CAP_ID_EXP);

	return cfg_write(u, exp + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, 2);
}

static int reset(const struct user *u)
{
	return ioctl(u->device, VFIO_DEVICE_RESET);
}

static void check_reset(struct __test_metadata *_metadata,
			const struct user *u, int (*do_reset)(const struct user *))
{
	uint32_t *mem, *bar;
	int fd;

	fd = eventfd(0, EFD_NONBLOCK);
	mem = user_dma_map((struct user *)u, IOVA, MAP_SIZE);
	bar = map_bar(u, MAP_SHARED, 0, PAGE);
	ASSERT_NE(NULL, mem);
	ASSERT_NE(MAP_FAILED, (void *)bar);
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, set_command(u, PCI_COMMAND_MASTER, 0));
	bar[REG_SCRATCH / 4] = PATTERN;
	set_reg(u, REG_REPEAT, FOREVER);
	set_reg64(u, REG_DST, IOVA);
	set_reg(u, REG_LEN, PAGE);
	set_reg(u, REG_CMD, CMD_FILL);

	ASSERT_EQ(0, do_reset(u));
	memset(mem, 0xff, MAP_SIZE);
	EXPECT_EQ(0, bar[REG_SCRATCH / 4]);
	EXPECT_EQ(RESULT_NONE, reg(u, REG_RESULT));
	usleep(20000);
	EXPECT_TRUE(all(mem, MAP_SIZE, 0xffffffff));

	/* As with vfio-pci: the user's Bus Master Enable and vectors stay */
	EXPECT_TRUE(cfg_read(u, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
	EXPECT_EQ(RESULT_OK, engine_fill(u, IOVA, PAGE, 7));
	EXPECT_TRUE(all(mem, PAGE, 7));
	EXPECT_EQ(RESULT_OK, engine_msi(u, 0));
	EXPECT_EQ(1, events(fd, 1000));
	munmap(bar, PAGE);
	close(fd);
}

TEST_F(vfio, reset_by_ioctl)
{
	check_reset(_metadata, &self->user[0], reset);
}

TEST_F(vfio, reset_by_flr)
{
	unsigned int exp = cfg_find_cap(&self->user[0], PCI_CAP_ID_EXP);

	check_reset(_metadata, &self->user[0], flr);
	EXPECT_EQ(0, cfg_read(&self->user[0], exp + PCI_EXP_DEVCTL, 2));
}

/* What the user has not allowed, no reset allows */
TEST_F(vfio, reset_leaves_bus_master_off)
{
	int (*const do_reset[])(const struct user *) = { reset, flr };
	struct user *u = &self->user[0];
	uint32_t *mem = user_dma_map(u, IOVA, MAP_SIZE);
	unsigned int i;

	ASSERT_NE(NULL, mem);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, do_reset[i](u));
		EXPECT_FALSE(cfg_read(u, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
		EXPECT_EQ(RESULT_DROPPED | CAUSE_MASTER << 8,
			  engine_fill(u, IOVA, PAGE, PATTERN));
		EXPECT_TRUE(all(mem, PAGE, 0));
	}
}

TEST_F(vfio, close_leaves_nothing)
{
	struct user *u = &self->user[0];
	uint32_t *mem;
	unsigned int i;
	int fd;

	fd = eventfd(0, EFD_NONBLOCK);
	mem = user_dma_map(u, IOVA, MAP_SIZE);
	ASSERT_NE(NULL, mem);
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, set_command(u, PCI_COMMAND_MASTER | PCI_COMMAND_PARITY, 0));
	for (i = 0; i < 4; i++)
		set_reg(u, REG_SCRATCH + 4 * i, PATTERN);
	set_reg(u, REG_REPEAT, FOREVER);
	set_reg64(u, REG_DST, IOVA);
	set_reg(u, REG_LEN, PAGE);
	set_reg(u, REG_PATTERN, PATTERN);
	set_reg(u, REG_CMD, CMD_FILL | 0x10);
	EXPECT_LE(1, events(fd, 1000));

	user_close(u);
	memset(mem, 0, MAP_SIZE);
	while (events(fd, 0))
		;
	usleep(20000);
	EXPECT_TRUE(all(mem, MAP_SIZE, 0));
	EXPECT_EQ(0, events(fd, 20));

	ASSERT_EQ(0, user_open(u, variant->mode, self->name[0]));
	EXPECT_EQ(PCI_COMMAND_MEMORY, cfg_read(u, PCI_COMMAND, 2));
	for (i = REG_SRC; i < REG_SCRATCH + 16; i += 4)
		EXPECT_EQ(0, reg(u, i));
	EXPECT_EQ(RESULT_DROPPED | CAUSE_MASTER << 8,
		  engine_fill(u, IOVA, PAGE, PATTERN));
	close(fd);
}

/* ---- What happens to the host ---- */

TEST_F(vfio, reset_of_the_pf)
{
	struct user *u = &self->user[0];
	uint32_t *mem, *bar;
	int err, msi;

	if (!exists(pf_path(&self->pf, "reset")))
		SKIP(return, "the PF cannot be reset");

	err = eventfd(0, EFD_NONBLOCK);
	msi = eventfd(0, EFD_NONBLOCK);
	mem = user_dma_map(u, IOVA, MAP_SIZE);
	bar = map_bar(u, MAP_SHARED, 0, PAGE);
	ASSERT_NE(NULL, mem);
	ASSERT_NE(MAP_FAILED, (void *)bar);
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, &err));
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &msi));
	ASSERT_EQ(0, set_command(u, PCI_COMMAND_MASTER, 0));
	bar[REG_SCRATCH / 4] = PATTERN;

	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));

	/* The user is told, and DMA waits until the user says so */
	EXPECT_EQ(1, events(err, 1000));
	EXPECT_FALSE(cfg_read(u, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
	EXPECT_TRUE(answers(bar));
	EXPECT_EQ(0, bar[REG_SCRATCH / 4]);
	EXPECT_EQ(RESULT_DROPPED | CAUSE_MASTER << 8,
		  engine_fill(u, IOVA, PAGE, PATTERN));

	ASSERT_EQ(0, set_command(u, PCI_COMMAND_MASTER, 0));
	EXPECT_EQ(RESULT_OK, engine_fill(u, IOVA, PAGE, PATTERN));
	EXPECT_TRUE(all(mem, PAGE, PATTERN));
	EXPECT_EQ(RESULT_OK, engine_msi(u, 0));
	EXPECT_EQ(1, events(msi, 1000));
	munmap(bar, PAGE);
	close(msi);
	close(err);
}

/* Who had the SDI before hears of nothing any more */
TEST_F(vfio, events_end_with_the_user)
{
	struct user *u = &self->user[0];
	int err = eventfd(0, EFD_NONBLOCK);

	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, &err));
	ASSERT_EQ(0, put_file(sdi_path(&self->pf, 0, "reset"), "1"));
	EXPECT_EQ(1, events(err, 1000));

	user_close(u);
	ASSERT_EQ(0, user_open(u, variant->mode, self->name[0]));
	ASSERT_EQ(0, put_file(sdi_path(&self->pf, 0, "reset"), "1"));
	EXPECT_EQ(0, events(err, 200));
	close(err);
}

static uint32_t engine_error(const struct user *u, uint32_t kind)
{
	set_reg(u, REG_PATTERN, kind);
	set_reg(u, REG_CMD, CMD_ERROR);
	return engine_wait(u);
}

/* Keep the port above the PF from telling the kernel of errors, or let it again */
static bool hold_errors(const struct pf *pf, bool hold)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	int fd = port_config(pf);
	uint32_t header, cmd;
	bool ok = false;

	while (pos && pread(fd, &header, 4, pos) == 4 &&
	       PCI_EXT_CAP_ID(header) != PCI_EXT_CAP_ID_ERR)
		pos = PCI_EXT_CAP_NEXT(header);
	pos += PCI_ERR_ROOT_COMMAND;
	if (pos > PCI_ERR_ROOT_COMMAND && pread(fd, &cmd, 4, pos) == 4) {
		cmd = hold ? cmd & ~PCI_ERR_ROOT_CMD_NONFATAL_EN :
			     cmd | PCI_ERR_ROOT_CMD_NONFATAL_EN;
		ok = pwrite(fd, &cmd, 4, pos) == 4;
	}
	close(fd);
	return ok;
}

/* Errors that one user's SDI reports. All are told if there is a reset */
TEST_F(vfio, errors)
{
	struct user *u = self->user;
	int err[NUM_SDIS], i;
	uint32_t *mem;

	if (!errors_are_handled(&self->pf))
		SKIP(return, "nobody handles errors of the PF");

	mem = user_dma_map(&u[1], IOVA, MAP_SIZE);
	ASSERT_NE(NULL, mem);
	for (i = 0; i < NUM_SDIS; i++) {
		err[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(0, set_eventfds(&u[i], VFIO_PCI_ERR_IRQ_INDEX, 0, 1,
					  &err[i]));
		ASSERT_EQ(0, set_command(&u[i], PCI_COMMAND_MASTER, 0));
	}

	/* Nothing was reset, so the other goes on and hears of nothing */
	ASSERT_EQ(RESULT_OK, engine_error(&u[0], ERROR_NONFATAL));
	EXPECT_LT(0, events(err[0], 10000));
	EXPECT_EQ(0, events(err[1], 200));
	EXPECT_EQ(RESULT_OK, engine_fill(&u[1], IOVA, PAGE, PATTERN));
	EXPECT_TRUE(all(mem, PAGE, PATTERN));

	/* The port knows of two, and only of the first whose it is */
	ASSERT_TRUE(hold_errors(&self->pf, true));
	ASSERT_EQ(RESULT_OK, engine_error(&u[0], ERROR_NONFATAL));
	ASSERT_EQ(RESULT_OK, engine_error(&u[1], ERROR_NONFATAL));
	ASSERT_TRUE(hold_errors(&self->pf, false));
	for (i = 0; i < NUM_SDIS; i++)
		EXPECT_LT(0, events(err[i], 10000));

	/* As with a reset of the PF: DMA is off until each has seen to it */
	engine_error(&u[0], ERROR_FATAL);
	for (i = 0; i < NUM_SDIS; i++)
		EXPECT_LT(0, events(err[i], 10000));
	for (i = 0; i < 1000; i++) {
		if (reg(&u[1], REG_ID) == ID_VALUE && !reg(&u[1], REG_PATTERN))
			break;
		usleep(10000);
	}
	EXPECT_FALSE(cfg_read(&u[1], PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
	EXPECT_EQ(0, reg(&u[1], REG_PATTERN));
	ASSERT_EQ(0, set_command(&u[1], PCI_COMMAND_MASTER, 0));
	EXPECT_EQ(RESULT_OK, engine_fill(&u[1], IOVA, PAGE, ~PATTERN));
	EXPECT_TRUE(all(mem, PAGE, ~PATTERN));
	for (i = 0; i < NUM_SDIS; i++)
		close(err[i]);
}

/*
 * Somebody wants the SDI back while both are in use: the users are asked until
 * they close. @take_back runs in a process of its own.
 */
static void check_taken_back(struct __test_metadata *_metadata,
			     struct user *user, int users,
			     int (*take_back)(const struct pf *pf),
			     const struct pf *pf)
{
	int req[NUM_SDIS], i, status;
	pid_t pid;

	for (i = 0; i < users; i++) {
		req[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(0, set_eventfds(&user[i], VFIO_PCI_REQ_IRQ_INDEX, 0,
					  1, &req[i]));
	}

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* The fixture is shared memory, the files are not */
		for (i = 0; i < NUM_SDIS; i++) {
			struct user mine = user[i];

			user_close(&mine);
		}
		_exit(take_back(pf) ? 1 : 0);
	}

	/* All are asked before anybody waits for one of them */
	for (i = 0; i < users; i++) {
		struct pollfd pfd = { req[i], POLLIN, 0 };

		EXPECT_EQ(1, poll(&pfd, 1, 5000));
	}

	/* One after the other; the SDI works until its user has closed */
	for (i = 0; i < users; i++) {
		struct pollfd pfd[NUM_SDIS];
		int n, which = -1;

		for (n = 0; n < users; n++)
			pfd[n] = (struct pollfd) { req[n], POLLIN, 0 };
		EXPECT_LT(0, poll(pfd, users, 20000));
		for (n = 0; n < users; n++)
			if (pfd[n].revents && user[n].device >= 0)
				which = n;
		if (which < 0)
			break;
		EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
		EXPECT_EQ(ID_VALUE, reg(&user[which], REG_ID));
		user_close(&user[which]);
		close(req[which]);
		req[which] = -1;
	}
	EXPECT_EQ(users, i);
	for (i = 0; i < NUM_SDIS; i++)
		user_close(&user[i]);

	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

static int take_sdi(const struct pf *pf)
{
	return delete_sdi(pf, 0);
}

TEST_F(vfio, sdi_deleted_while_open)
{
	check_taken_back(_metadata, self->user, 1, take_sdi, &self->pf);
	EXPECT_FALSE(sdi_exists(&self->pf, 0));
	EXPECT_TRUE(sdi_exists(&self->pf, 1));
}

static int unbind_pf(const struct pf *pf)
{
	return bus_write("pci", pf_driver(), "unbind", pf->name);
}

TEST_F(vfio, pf_unbound_while_open)
{
	check_taken_back(_metadata, self->user, 2, unbind_pf, &self->pf);
	EXPECT_FALSE(sdi_exists(&self->pf, 0));
	EXPECT_FALSE(sdi_exists(&self->pf, 1));
	EXPECT_EQ(0, bus_write("pci", pf_driver(), "bind", self->pf.name));
}

static int remove_pf(const struct pf *pf)
{
	return pf_put(pf, "remove", "1");
}

TEST_F(vfio, pf_removed_while_open)
{
	check_taken_back(_metadata, self->user, 2, remove_pf, &self->pf);
	EXPECT_FALSE(exists(pf_path(&self->pf, "")));
	EXPECT_EQ(0, put_file("/sys/bus/pci/rescan", "1"));
	EXPECT_TRUE(exists(pf_path(&self->pf, "siov/sdi_new")));
}

/* ---- Messages that nothing checks ---- */

TEST_F(vfio, unsafe_interrupts_are_the_users_risk)
{
	struct user *u = &self->user[0];
	int ret;

	user_close(u);
	allow_unsafe(false);
	ret = user_open(u, variant->mode, self->name[0]);
	if (expected("remapping")) {
		EXPECT_EQ(0, ret);
		return;
	}
	EXPECT_EQ(-EPERM, ret);
	allow_unsafe(true);
	EXPECT_EQ(0, user_open(u, variant->mode, self->name[0]));
}

/* ---- SDIs in the group of a PF that has a driver ---- */

FIXTURE(shared) {
	struct pf pf;
	char name[64];
	struct user user;
};

FIXTURE_SETUP(shared)
{
	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");
	if (!expected("shared-group"))
		SKIP(return, "each SDI has a group of its own");

	delete_all(&self->pf);
	ASSERT_EQ(0, create_for_user(&self->pf, 0, self->name));
}

FIXTURE_TEARDOWN(shared)
{
	delete_all(&self->pf);
}

/* The PF's driver would do DMA into the user's memory, and the user into its */
TEST_F(shared, is_given_to_no_user)
{
	ASSERT_TRUE(exists(sdi_path(&self->pf, 0, "driver")));
	EXPECT_EQ(-ENXIO, user_open(&self->user, MODE_GROUP, self->name));
	EXPECT_GT(0, user_open(&self->user, MODE_CDEV, self->name));
}

/* ---- Fuzz ---- */

static void seed(struct __test_metadata *_metadata)
{
	const char *env = getenv("SIOV_SEED");

	random_state = env ? strtoull(env, NULL, 0) : 0;
	if (!random_state)
		random_state = 0x510f51;
	TH_LOG("SIOV_SEED=0x%llx", (unsigned long long)random_state);
}

/* The bits of configuration space that can be written, found bit by bit */
static void find_writable(const struct user *u, uint8_t *mask)
{
	uint8_t zero = 0, one = 0xff, a, b, old;
	unsigned int pos;

	for (pos = 0; pos < 4096; pos++) {
		region_read(u, VFIO_PCI_CONFIG_REGION_INDEX, pos, &old, 1);
		region_write(u, VFIO_PCI_CONFIG_REGION_INDEX, pos, &zero, 1);
		region_read(u, VFIO_PCI_CONFIG_REGION_INDEX, pos, &a, 1);
		region_write(u, VFIO_PCI_CONFIG_REGION_INDEX, pos, &one, 1);
		region_read(u, VFIO_PCI_CONFIG_REGION_INDEX, pos, &b, 1);
		region_write(u, VFIO_PCI_CONFIG_REGION_INDEX, pos, &old, 1);
		mask[pos] = a ^ b;
	}
}

/*
 * Every offset with every size that a user could take for a register: what is
 * read is what one read of all gives, what is written goes where it can.
 */
TEST_F_TIMEOUT(vfio, fuzz_config, 120)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 7, 8, 64, 65 };
	static uint8_t model[4096], mask[4096], back[4096], data[80], got[80];
	struct user *u = &self->user[0];
	unsigned int pos, i, k;
	size_t n;

	seed(_metadata);
	find_writable(u, mask);
	/* The identity of the function is nobody's to change */
	for (pos = 0; pos < 4; pos++)
		EXPECT_EQ(0, mask[pos]);
	for (pos = 256; pos < 4096; pos++)
		ASSERT_EQ(0, mask[pos]);
	ASSERT_EQ(4096, region_read(u, VFIO_PCI_CONFIG_REGION_INDEX, 0, model,
				    4096));

	for (pos = 0; pos < 4096; pos++) {
		for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			n = sizes[i];
			if (n > 4096 - pos)
				n = 4096 - pos;
			fill_random(data, n);
			ASSERT_EQ((ssize_t)n,
				  region_write(u, VFIO_PCI_CONFIG_REGION_INDEX,
					       pos, data, sizes[i]));
			for (k = 0; k < n; k++)
				model[pos + k] =
					(model[pos + k] & ~mask[pos + k]) |
					(data[k] & mask[pos + k]);
			ASSERT_EQ((ssize_t)n,
				  region_read(u, VFIO_PCI_CONFIG_REGION_INDEX,
					      pos, got, sizes[i]));
			ASSERT_EQ(0, memcmp(got, model + pos, n));
		}
	}
	ASSERT_EQ(4096, region_read(u, VFIO_PCI_CONFIG_REGION_INDEX, 0, back,
				    4096));
	EXPECT_EQ(0, memcmp(back, model, 4096));

	/* The other one has not noticed */
	EXPECT_EQ(PCI_COMMAND_MEMORY, cfg_read(&self->user[1], PCI_COMMAND, 2));
}

/* Offsets near all that is special, and anywhere in 64 bits */
static uint64_t rnd_pos(void)
{
	static const uint64_t near[] = { 0, 0x100, 0x1000, 1ULL << 31,
		1ULL << 32, 1ULL << 39, 1ULL << 40 };
	uint64_t pos;

	if (!rnd(16))
		return ((uint64_t)rnd(UINT32_MAX) << 32 | rnd(UINT32_MAX)) >> 1;
	pos = region_offset(rnd(12)) + near[rnd(7)] + rnd(0x60) - 0x30;
	if (!rnd(2))
		pos += rnd(0x1000);
	return pos & INT64_MAX;
}

/* What an access may give, by what region_info() says */
static ssize_t bytes_there(const struct user *u, uint64_t pos, size_t size)
{
	uint64_t offset = pos & ((1ULL << 40) - 1);
	uint64_t index = pos >> 40;
	struct vfio_region_info info;

	if (!size)
		return 0;
	if (index >= VFIO_PCI_NUM_REGIONS ||
	    region_info(u, index, &info) || offset >= info.size)
		return -EINVAL;
	return size < info.size - offset ? size : info.size - offset;
}

TEST_F_TIMEOUT(vfio, fuzz_regions, 120)
{
	struct user *u = &self->user[0], *other = &self->user[1];
	static uint8_t buf[9000];
	ssize_t ret, want;
	uint64_t pos;
	size_t size;
	int i;

	seed(_metadata);
	ASSERT_EQ(0, set_reg(other, REG_SCRATCH, PATTERN));
	for (i = 0; i < 20000; i++) {
		bool write = rnd(2);

		pos = rnd_pos();
		size = rnd(8) ? rnd(20) : rnd(sizeof(buf));
		/* A read of a BAR that is off fails, and nothing else does */
		if (pos >> 40 == VFIO_PCI_CONFIG_REGION_INDEX && write) {
			set_command(u, PCI_COMMAND_MEMORY, 0);
			continue;
		}
		want = bytes_there(u, pos, size);
		fill_random(buf, write ? size : 0);
		ret = write ? pwrite(u->device, buf, size, pos) :
			      pread(u->device, buf, size, pos);
		if (ret < 0)
			ret = -errno;
		ASSERT_EQ(want, ret)
			TH_LOG("%s of %zu bytes at 0x%llx", write ? "write" :
			       "read", size, (unsigned long long)pos);
	}
	EXPECT_EQ(PATTERN, reg(other, REG_SCRATCH));
	EXPECT_EQ(ID_VALUE, reg(u, REG_ID));
	EXPECT_EQ(0, reset(u));
	EXPECT_EQ(0, reg(u, REG_SCRATCH));
}

TEST_F_TIMEOUT(vfio, fuzz_mmap, 120)
{
	struct user *u = &self->user[0];
	uint64_t pos, size;
	void *mem;
	int i;

	seed(_metadata);
	for (i = 0; i < 5000; i++) {
		pos = rnd_pos() & ~(PAGE - 1);
		size = PAGE << rnd(rnd(4) ? 3 : 30);
		mem = mmap(NULL, size, PROT_READ, MAP_SHARED, u->device, pos);
		/* What is within the SDI's regions and nothing else */
		ASSERT_EQ(pos / region_offset(1) < REGIONS &&
			  size <= REGION_SIZE &&
			  pos % region_offset(1) <= REGION_SIZE - size,
			  mem != MAP_FAILED)
			TH_LOG("0x%llx bytes at 0x%llx",
			       (unsigned long long)size,
			       (unsigned long long)pos);
		if (mem != MAP_FAILED)
			munmap(mem, size);
	}
}

TEST_F_TIMEOUT(vfio, fuzz_ioctl, 120)
{
	struct user *u = &self->user[0];
	uint8_t arg[64];
	int i, fd, ok = 0;

	seed(_metadata);
	fd = eventfd(0, EFD_NONBLOCK);
	ASSERT_LE(0, fd);
	for (i = 0; i < 20000; i++) {
		struct vfio_irq_set *set = (struct vfio_irq_set *)arg;

		fill_random(arg, sizeof(arg));
		set->argsz = rnd(sizeof(arg) + 8);
		set->flags = rnd(4) ? 1 << rnd(3) | 1 << (3 + rnd(3)) : rnd(64);
		set->index = rnd(8);
		set->start = rnd(8) ? rnd(6) : rnd(UINT32_MAX);
		set->count = rnd(8) ? rnd(6) : rnd(UINT32_MAX);
		/* Some of them valid */
		if (rnd(2))
			for (size_t k = 0; k < 8; k++)
				((int *)set->data)[k] = rnd(3) ? fd : -1;
		if (!ioctl(u->device, VFIO_DEVICE_SET_IRQS, set))
			ok++;
		else
			ASSERT_NE(EFAULT, errno);
		fill_random(arg, sizeof(arg));
		*(uint32_t *)arg = rnd(64);
		ioctl(u->device, VFIO_DEVICE_GET_REGION_INFO, arg);
		fill_random(arg, sizeof(arg));
		*(uint32_t *)arg = rnd(64);
		ioctl(u->device, VFIO_DEVICE_GET_IRQ_INFO, arg);
	}
	TH_LOG("%d calls of VFIO_DEVICE_SET_IRQS were taken", ok);
	EXPECT_LT(0, ok);

	/* It works as before */
	disable_irqs(u, VFIO_PCI_MSIX_IRQ_INDEX);
	while (events(fd, 0))
		;
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, set_command(u, PCI_COMMAND_MASTER, 0));
	EXPECT_EQ(RESULT_OK, engine_msi(u, 0));
	EXPECT_EQ(1, events(fd, 1000));
	close(fd);
}

/* ---- Two users in two processes, one by group and one by cdev ---- */

#define ROUNDS		200
#define OWN_IOVA	0x20000000ULL
#define OTHER_IOVA	0x40000000ULL

/* What a user has found, for the parent: 0 if all was well */
enum finding {
	ALL_WELL,
	NOT_OPENED,
	NOT_WRITTEN,
	OVERWRITTEN,
	NOT_STOPPED,
};

static bool all_words_are(const uint32_t *mem, uint32_t pattern)
{
	unsigned int i;

	for (i = 0; i < PAGE / 4; i++)
		if (mem[i] != pattern)
			return false;
	return true;
}

/*
 * Both have memory at IOVA, and each at an address that the other has not. Each
 * fills its own with what is its own, and now and then reaches for the other's.
 */
static enum finding be_user(enum vfio_mode mode, const char *name,
			    uint32_t pattern, uint64_t own, uint64_t other)
{
	uint32_t *same, *mine, result;
	struct user u;
	unsigned int i;

	if (user_open(&u, mode, name))
		return NOT_OPENED;
	same = user_dma_map(&u, IOVA, PAGE);
	mine = user_dma_map(&u, own, PAGE);
	if (!same || !mine || set_command(&u, PCI_COMMAND_MASTER |
					  PCI_COMMAND_MEMORY, 0))
		return NOT_OPENED;

	for (i = 0; i < ROUNDS; i++, pattern++) {
		if (engine_fill(&u, IOVA, PAGE, pattern) != RESULT_OK ||
		    engine_fill(&u, own, PAGE, ~pattern) != RESULT_OK)
			return NOT_WRITTEN;
		if (i % 16 == 0) {
			result = engine_fill(&u, other, PAGE, 0xdead0000);
			if ((result & 0xff) != RESULT_FAULT)
				return NOT_STOPPED;
		}
		if (!all_words_are(same, pattern) ||
		    !all_words_are(mine, ~pattern))
			return OVERWRITTEN;
	}
	user_close(&u);
	return ALL_WELL;
}

FIXTURE(two_processes)
{
	struct pf pf;
	char name[2][64];
};

FIXTURE_SETUP(two_processes)
{
	int i;

	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	if (!exists("/sys/bus/pci_sdi/drivers/" VFIO_DRIVER))
		SKIP(return, "no driver " VFIO_DRIVER);

	delete_all(&self->pf);
	allow_unsafe(!remapping_is_on());
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, create_for_user(&self->pf, i, self->name[i]));
	if (!exists(sdi_path(&self->pf, 0, "iommu_group")))
		SKIP(return, "no IOMMU");
}

FIXTURE_TEARDOWN_PARENT(two_processes)
{
	delete_all(&self->pf);
}

TEST_F(two_processes, do_not_meet)
{
	unsigned int i;
	int status;
	pid_t pid[2];

	for (i = 0; i < 2; i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i])
			_exit(be_user(i ? MODE_CDEV : MODE_GROUP, self->name[i],
				      i ? 0x10000000 : 0x20000000,
				      i ? OWN_IOVA : OTHER_IOVA,
				      i ? OTHER_IOVA : OWN_IOVA));
	}
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		ASSERT_TRUE(WIFEXITED(status));
		EXPECT_EQ(ALL_WELL, WEXITSTATUS(status)) {
			TH_LOG("the user by %s", i ? "cdev" : "group");
		}
	}
}

/* One is killed in the middle of DMA: the other one notices nothing */
TEST_F(two_processes, one_dies)
{
	struct user u;
	pid_t victim, other;
	int status, ready[2];
	char c;

	ASSERT_EQ(0, pipe(ready));
	victim = fork();
	ASSERT_LE(0, victim);
	if (!victim) {
		if (user_open(&u, MODE_GROUP, self->name[0]) ||
		    !user_dma_map(&u, IOVA, PAGE) ||
		    set_command(&u, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, 0))
			_exit(NOT_OPENED);
		engine_fill(&u, IOVA, PAGE, 0x44444444);
		set_reg(&u, REG_REPEAT, FOREVER);
		set_reg(&u, REG_CMD, CMD_FILL);
		if (write(ready[1], "r", 1) != 1)
			_exit(NOT_WRITTEN);
		pause();
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	other = fork();
	ASSERT_LE(0, other);
	if (!other)
		_exit(be_user(MODE_CDEV, self->name[1], 0x10000000, OWN_IOVA,
			      OTHER_IOVA));
	usleep(20000);
	kill(victim, SIGKILL);
	ASSERT_EQ(victim, waitpid(victim, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(other, waitpid(other, &status, 0));
	EXPECT_EQ(ALL_WELL, WEXITSTATUS(status));

	/* And what it had can be had by the next one */
	EXPECT_EQ(0, user_open(&u, MODE_CDEV, self->name[0]));
	user_close(&u);
}

TEST_HARNESS_MAIN
