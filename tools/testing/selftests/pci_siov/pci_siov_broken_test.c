// SPDX-License-Identifier: GPL-2.0
/*
 * SDIs of a device that does not do what it must
 *
 * The emulated device is wrong on purpose, and SIOV_BROKEN names in which way:
 *
 * hang		an SDI that was told to do something does it for ever: no reset of the
 *		SDI ends (x-dma-hang, and x-forge so that it ignores its master bit)
 * hang-flr	and no reset of the PF either (x-flr-keeps-sdis)
 * ghost	an SDI sends one request more after it was destroyed
 *		(x-dma-after-reset), and SDI 3 cannot be enabled (x-enable-fail-at=3)
 * lost		SDI 3 is never enabled, and no command for SDI 4 is answered
 *		(x-enable-hang-at=3, x-command-lost-at=4)
 *
 * SIOV_REPLUG=1 says that a card whose slot is switched off is put in again.
 *
 * What such an SDI sends must come to nothing, its Routing ID must not become
 * that of another, and all other SDIs must not notice.
 */
#include "../kselftest_harness.h"
#include "pci_siov_engine.h"
#include "pci_siov_log.h"
#include "pci_siov_vfio.h"

#define REG_AS_RID	0x048
#define  AS_RID_ON	0x80000000
#define IOVA		0x40000000ULL
#define PATTERN		0xbadc0de5

static bool broken_like(const char *how)
{
	const char *is = getenv("SIOV_BROKEN");

	return is && !strcmp(is, how);
}

static bool hangs(void)
{
	return broken_like("hang") || broken_like("hang-flr");
}

/* Requests that left the device, and those of them that did not arrive */
struct requests {
	unsigned long long sent;
	unsigned long long lost;
};

/* One may come between the reading of the two: then both are read again */
static struct requests requests(const struct pf *pf)
{
	unsigned long long cnt[NUM_COUNTERS] = { }, again[NUM_COUNTERS] = { };
	unsigned int try;

	for (try = 0; try < 100; try++) {
		counters(pf, cnt);
		counters(pf, again);
		if (cnt[CNT_SDI_DMA] == again[CNT_SDI_DMA])
			break;
	}
	return (struct requests) { cnt[CNT_SDI_DMA], cnt[CNT_FAULT] };
}

/* Does something go on sending, and does none of it arrive? */
static bool all_is_lost(const struct pf *pf)
{
	struct requests before = requests(pf), after;

	usleep(200000);
	after = requests(pf);
	return after.sent > before.sent &&
	       after.sent - before.sent == after.lost - before.lost;
}

/* SDIs that the device has enabled, whatever the kernel thinks */
static unsigned long long device_enabled(const struct pf *pf)
{
	unsigned long long cnt[NUM_COUNTERS] = { };

	counters(pf, cnt);
	return cnt[CNT_ENABLE] - cnt[CNT_DISABLE];
}

FIXTURE(broken)
{
	struct pf pf;
	char name[64];
	struct engine a, b;
	int log;
};

FIXTURE_SETUP(broken)
{
	self->log = -1;
	if (!getenv("SIOV_BROKEN"))
		SKIP(return, "SIOV_BROKEN says that no device is broken");
	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");
	if (expected("untranslated"))
		SKIP(return, "no IOMMU");

	/* Of an earlier test; all that it left ends with the device's power */
	delete_all(&self->pf);
	ASSERT_EQ(0, pf_put(&self->pf, "reset_method",
			    broken_like("hang-flr") ? "bus" : "flr"));
	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
	ASSERT_EQ(0, pf_put(&self->pf, "reset_method", "flr"));

	rid_name(&self->pf, sdi_rid(&self->pf, 0), self->name,
		 sizeof(self->name));
	ASSERT_EQ(0, create_sdi(&self->pf, 1, NULL));
	self->b = engine_of(&self->pf, 1);
	self->log = log_open();
	ASSERT_LE(0, self->log);
}

FIXTURE_TEARDOWN(broken)
{
	if (self->log >= 0)
		close(self->log);
	delete_all(&self->pf);
}

/* SDI 0 is destroyed and still sends. Nothing else is to have its place */
static void check_quarantine(struct __test_metadata *_metadata,
			     struct _test_data_broken *self)
{
	ASSERT_EQ(0, delete_sdi(&self->pf, 0));
	EXPECT_TRUE(log_tells(self->log, "could not be stopped", self->name));
	EXPECT_FALSE(sdi_exists(&self->pf, 0));
	EXPECT_TRUE(all_is_lost(&self->pf));
	EXPECT_EQ(-EBUSY, create_sdi(&self->pf, 0, NULL));
	ASSERT_EQ(0, create(&self->pf, "any"));
	EXPECT_TRUE(sdi_exists(&self->pf, 2));

	/* Until a reset of the PF has ended it, if it has */
	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
	if (broken_like("hang-flr")) {
		EXPECT_TRUE(log_tells(self->log, "not all SDIs are disabled",
				      self->pf.name));
		EXPECT_EQ(-EBUSY, create_sdi(&self->pf, 0, NULL));
		return;
	}
	ASSERT_EQ(0, create_sdi(&self->pf, 0, "driver_override=none"));
	EXPECT_EQ(sdi_rid(&self->pf, 0),
		  number(sdi_path(&self->pf, 0, "rid")));
}

/* Of a driver in the kernel, which has to free the memory */
TEST_F(broken, hangs_under_a_driver)
{
	if (!hangs())
		SKIP(return, "the device does not hang");

	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	self->a = engine_of(&self->pf, 0);
	ASSERT_TRUE(isolation_is_as_expected(&self->pf, 0));

	ASSERT_EQ(0, command(&self->a, "as %u", sdi_rid(&self->pf, 0)));
	ASSERT_EQ(0, command(&self->a, "stream 0x%llx 64 0x%x", iova(&self->a),
			     PATTERN));
	EXPECT_FALSE(all_is_lost(&self->pf));

	/* The driver's memory is out of reach before it has freed any */
	EXPECT_NE(0, put_file(sdi_path(&self->pf, 0, "reset"), "1"));
	EXPECT_TRUE(log_tells(self->log, "reset failed", self->name));
	EXPECT_TRUE(all_is_lost(&self->pf));
	ASSERT_EQ(0, bus_write("pci_sdi", SDI_DRIVER, "unbind", self->name));
	EXPECT_TRUE(all_is_lost(&self->pf));
	EXPECT_TRUE(log_tells(self->log, "DMAR", self->name + 5));
	/* No next driver meets it */
	EXPECT_NE(0, bus_write("pci_sdi", SDI_DRIVER, "bind", self->name));
	EXPECT_EQ(0, command(&self->b, "as none"));
	check_quarantine(_metadata, self);
}

/* The file that switches the PF's slot on and off, in @path */
static bool find_slot(const struct pf *pf, char *path, size_t size)
{
	char address[32];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	dir = opendir("/sys/bus/pci/slots");
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		snprintf(path, size, "/sys/bus/pci/slots/%s/address",
			 entry->d_name);
		found = !get_file(path, address, sizeof(address)) &&
			!strncmp(address, pf->name, strcspn(address, "\n"));
		snprintf(path, size, "/sys/bus/pci/slots/%s/power",
			 entry->d_name);
	}
	closedir(dir);
	return found && exists(path);
}

static bool comes_and_goes(const struct pf *pf, bool comes)
{
	double end = now() + 60 * time_factor();

	while (exists(pf_path(pf, "driver")) != comes && now() < end)
		usleep(50000);
	return exists(pf_path(pf, "driver")) == comes;
}

/*
 * Somebody switches the slot off, and what was in it sends nothing any more. The
 * card that is put in then owes nobody a reset.
 */
TEST_F_TIMEOUT(broken, hangs_until_the_slot_is_off, 150)
{
	char path[320];

	if (!broken_like("hang") || !getenv("SIOV_REPLUG"))
		SKIP(return, "no card that hangs comes back by SIOV_REPLUG=1");

	ASSERT_TRUE(find_slot(&self->pf, path, sizeof(path)));
	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	self->a = engine_of(&self->pf, 0);
	ASSERT_EQ(0, command(&self->a, "as %u", sdi_rid(&self->pf, 0)));
	ASSERT_EQ(0, command(&self->a, "stream 0x%llx 64 0x%x", iova(&self->a),
			     PATTERN));
	ASSERT_EQ(0, delete_sdi(&self->pf, 0));
	EXPECT_TRUE(log_tells(self->log, "could not be stopped", self->name));
	EXPECT_EQ(-EBUSY, create_sdi(&self->pf, 0, NULL));

	EXPECT_EQ(0, put_file(path, "0"));
	EXPECT_TRUE(comes_and_goes(&self->pf, false));
	EXPECT_TRUE(comes_and_goes(&self->pf, true));
	EXPECT_TRUE(log_tells(self->log, "SDIs, Routing IDs", self->pf.name));
	EXPECT_FALSE(log_has(self->log, 0.5, (const char * const[]) {
			     "an earlier owner", self->pf.name, NULL }));
	EXPECT_EQ(0, create_sdi(&self->pf, 0, NULL));
}

/* Where the page is for a device that nothing translates, 0 if unknown */
static uint64_t physical_address(const void *page)
{
	uint64_t entry;
	ssize_t n;
	int fd;

	fd = open("/proc/self/pagemap", O_RDONLY);
	if (fd < 0)
		return 0;
	n = pread(fd, &entry, sizeof(entry),
		  (uintptr_t)page / PAGE * sizeof(entry));
	close(fd);
	return n == sizeof(entry) ? (entry & ((1ULL << 55) - 1)) * PAGE : 0;
}

/*
 * SDI 0 has a user, and fills the first word of a page of his with a pattern for
 * ever. Where the kernel has the SDI's DMA pass through (iommu=pt), the address
 * that it uses is one that leads to the same page.
 */
struct stream {
	struct user user;
	uint32_t *mem;
	uint64_t address;
};

/* A device writes it */
static uint32_t first_word(const uint32_t *mem)
{
	return __atomic_load_n(mem, __ATOMIC_RELAXED);
}

/* What the engine and the device say of a command that has no effect */
static void tell_of_engine(const struct user *u, const struct pf *pf)
{
	struct requests r = requests(pf);

	printf("# the engine's result is %u after %u rounds of %u bytes of 0x%x to 0x%x\n",
	       reg(u, REG_RESULT), reg(u, REG_COUNT), reg(u, REG_LEN),
	       reg(u, REG_PATTERN), reg(u, REG_DST));
	printf("# of all requests of SDIs, %llu were sent and %llu lost\n", r.sent,
	       r.lost);
}

/* Does it write what it is told to? It does so until it is reset */
static bool fills(const struct user *u, const struct pf *pf, uint64_t dst,
		  const uint32_t *mem, uint32_t pattern)
{
	double end = now() + 10;

	set_reg64(u, REG_DST, dst);
	set_reg(u, REG_LEN, 64);
	set_reg(u, REG_PATTERN, pattern);
	set_reg(u, REG_CMD, CMD_FILL);
	while (first_word(mem) != pattern) {
		if (now() > end) {
			tell_of_engine(u, pf);
			return false;
		}
		usleep(1000);
	}
	return true;
}

static bool stream_start(const struct pf *pf, const char *name,
			 struct stream *s)
{
	if (create_sdi(pf, 0, "driver_override=" VFIO_DRIVER) ||
	    user_open(&s->user, MODE_CDEV, name))
		return false;
	s->mem = user_dma_map(&s->user, IOVA, PAGE);
	if (!s->mem)
		return false;
	s->address = physical_address(s->mem);
	if (!s->address ||
	    user_dma_map_at(&s->user, s->address, s->mem, PAGE) ||
	    set_command(&s->user, PCI_COMMAND_MASTER, 0))
		return false;

	set_reg(&s->user, REG_AS_RID, AS_RID_ON | sdi_rid(pf, 0));
	return fills(&s->user, pf, s->address, s->mem, PATTERN);
}

/* Once zero, the page stays so, while requests go on coming */
static bool page_is_safe(const struct pf *pf, uint32_t *mem)
{
	__atomic_store_n(mem, 0, __ATOMIC_RELAXED);
	return all_is_lost(pf) && !first_word(mem);
}

TEST_F(broken, hangs_under_a_user)
{
	struct requests before, after;
	struct stream s;

	if (!hangs())
		SKIP(return, "the device does not hang");
	if (!exists("/sys/bus/pci_sdi/drivers/" VFIO_DRIVER))
		SKIP(return, "no driver " VFIO_DRIVER);

	ASSERT_TRUE(stream_start(&self->pf, self->name, &s));
	before = requests(&self->pf);
	usleep(200000);
	after = requests(&self->pf);
	EXPECT_LT(before.sent, after.sent);
	EXPECT_EQ(before.lost, after.lost);

	user_close(&s.user);
	EXPECT_TRUE(page_is_safe(&self->pf, s.mem));
	EXPECT_TRUE(log_tells(self->log, "DMAR", self->name + 5));
	check_quarantine(_metadata, self);
	munmap(s.mem, PAGE);
}

/* Ways to take an SDI for a user who has another one, and memory mapped for it */
static int take_by_container(struct user *next, const char *name,
			     int container)
{
	char path[320], link[256];
	int group, ret;

	snprintf(path, sizeof(path), SDI_DEVICES "/%s/iommu_group", name);
	snprintf(path, sizeof(path), "/dev/vfio/%s",
		 link_target(path, link, sizeof(link)));
	group = open(path, O_RDWR);
	if (group < 0)
		return -errno;
	ret = ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ? -errno : 0;
	if (ret) {
		close(group);
		return ret;
	}

	/* The moment in which there is a page table and no device yet */
	usleep(200000);
	next->group = group;
	next->device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
	return next->device < 0 ? -errno : 0;
}

static int take_by_group(struct user *next, const struct user *has,
			 const char *name)
{
	return take_by_container(next, name, has->container);
}

static int take_by_group_iommufd(struct user *next, const struct user *has,
				 const char *name)
{
	struct iommu_vfio_ioas ioas = {
		.size = sizeof(ioas),
		.ioas_id = has->ioas,
		.op = IOMMU_VFIO_IOAS_SET,
	};

	if (ioctl(has->iommufd, IOMMU_VFIO_IOAS, &ioas))
		return -errno;
	return take_by_container(next, name, has->iommufd);
}

static int take_by_cdev(struct user *next, const struct user *has,
			const char *name)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = has->ioas,
	};
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = has->iommufd,
	};
	char path[512];
	int ret;

	ret = cdev_path(name, path, sizeof(path));
	if (ret)
		return ret;
	next->device = open(path, O_RDWR);
	if (next->device < 0 ||
	    ioctl(next->device, VFIO_DEVICE_BIND_IOMMUFD, &bind) ||
	    ioctl(next->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		return -errno;
	return 0;
}

FIXTURE(taken)
{
	struct pf pf;
	char name[64];
	struct stream s;
	struct user has;
	uint32_t *mem;
};

FIXTURE_VARIANT(taken)
{
	enum vfio_mode mode;
	int (*take)(struct user *next, const struct user *has,
		    const char *name);
};

FIXTURE_VARIANT_ADD(taken, by_group)
{
	.mode = MODE_GROUP,
	.take = take_by_group,
};

FIXTURE_VARIANT_ADD(taken, by_group_iommufd)
{
	.mode = MODE_CDEV,
	.take = take_by_group_iommufd,
};

FIXTURE_VARIANT_ADD(taken, by_cdev)
{
	.mode = MODE_CDEV,
	.take = take_by_cdev,
};

/*
 * The first user has gone and left SDI 0 hanging. The next one has SDI 2, and a
 * page at the address that SDI 0 writes to.
 */
FIXTURE_SETUP(taken)
{
	char name[64];

	if (!hangs())
		SKIP(return, "the device does not hang");
	if (!exists("/sys/bus/pci_sdi/drivers/" VFIO_DRIVER))
		SKIP(return, "no driver " VFIO_DRIVER);
	ASSERT_TRUE(find_pf(&self->pf));
	delete_all(&self->pf);
	ASSERT_EQ(0, pf_put(&self->pf, "reset_method", "bus"));
	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
	ASSERT_EQ(0, pf_put(&self->pf, "reset_method", "flr"));

	rid_name(&self->pf, sdi_rid(&self->pf, 0), self->name,
		 sizeof(self->name));
	ASSERT_TRUE(stream_start(&self->pf, self->name, &self->s));
	user_close(&self->s.user);

	rid_name(&self->pf, sdi_rid(&self->pf, 2), name, sizeof(name));
	ASSERT_EQ(0, create_sdi(&self->pf, 2, "driver_override=" VFIO_DRIVER));
	ASSERT_EQ(0, user_open(&self->has, variant->mode, name));
	self->mem = user_dma_map(&self->has, self->s.address, PAGE);
	ASSERT_NE(NULL, self->mem);
}

FIXTURE_TEARDOWN(taken)
{
	if (!self->mem)
		return;
	user_close(&self->has);
	munmap(self->s.mem, PAGE);
	munmap(self->mem, PAGE);
	delete_all(&self->pf);
}

static bool both_are_safe(struct _test_data_taken *self)
{
	return page_is_safe(&self->pf, self->s.mem) &&
	       page_is_safe(&self->pf, self->mem);
}

TEST_F(taken, of_nobody_until_reset)
{
	struct user next;

	user_init(&next, variant->mode);
	__atomic_store_n(self->mem, 0, __ATOMIC_RELAXED);
	EXPECT_EQ(-EBUSY, variant->take(&next, &self->has, self->name));
	EXPECT_EQ(0U, first_word(self->mem));
	EXPECT_TRUE(both_are_safe(self));
	user_close(&next);
	EXPECT_TRUE(both_are_safe(self));
	/* A driver that uses the DMA API must not get the SDI either */
	ASSERT_EQ(0, bus_write("pci_sdi", VFIO_DRIVER, "unbind", self->name));
	ASSERT_EQ(0, put_file(sdi_path(&self->pf, 0, "driver_override"),
			      SDI_DRIVER));
	EXPECT_NE(0, bus_write("pci_sdi", SDI_DRIVER, "bind", self->name));
	EXPECT_TRUE(both_are_safe(self));
	EXPECT_NE(0, put_file(sdi_path(&self->pf, 0, "reset"), "1"));
	EXPECT_TRUE(both_are_safe(self));

	if (broken_like("hang-flr")) {
		ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
		EXPECT_NE(0, bus_write("pci_sdi", SDI_DRIVER, "bind",
				       self->name));
		EXPECT_TRUE(both_are_safe(self));
		ASSERT_EQ(0, pf_put(&self->pf, "reset_method", "bus"));
	}
	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
	ASSERT_EQ(0, pf_put(&self->pf, "reset_method", "flr"));

	/* And then of anybody who asks */
	ASSERT_EQ(0, put_file(sdi_path(&self->pf, 0, "driver_override"),
			      VFIO_DRIVER));
	ASSERT_EQ(0, bus_write("pci_sdi", VFIO_DRIVER, "bind", self->name));
	ASSERT_EQ(0, variant->take(&next, &self->has, self->name));
	ASSERT_EQ(0, set_command(&next, PCI_COMMAND_MASTER, 0));
	EXPECT_TRUE(fills(&next, &self->pf, self->s.address, self->mem,
			  ~PATTERN));
	EXPECT_EQ(0U, first_word(self->s.mem));
	user_close(&next);
}

/* One who has the SDI still keeps it, but not what it does with his memory */
TEST_F(broken, hangs_and_its_user_stays)
{
	struct stream s;

	if (!hangs())
		SKIP(return, "the device does not hang");
	if (!exists("/sys/bus/pci_sdi/drivers/" VFIO_DRIVER))
		SKIP(return, "no driver " VFIO_DRIVER);

	ASSERT_TRUE(stream_start(&self->pf, self->name, &s));
	EXPECT_FALSE(all_is_lost(&self->pf));
	EXPECT_NE(0, ioctl(s.user.device, VFIO_DEVICE_RESET));
	EXPECT_TRUE(page_is_safe(&self->pf, s.mem));
	EXPECT_NE(0, ioctl(s.user.device, VFIO_DEVICE_RESET));
	EXPECT_TRUE(page_is_safe(&self->pf, s.mem));

	if (broken_like("hang-flr"))
		ASSERT_EQ(0, pf_put(&self->pf, "reset_method", "bus"));
	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
	ASSERT_EQ(0, pf_put(&self->pf, "reset_method", "flr"));

	/* All that he had mapped is there again */
	ASSERT_EQ(0, set_command(&s.user, PCI_COMMAND_MASTER, 0));
	EXPECT_TRUE(fills(&s.user, &self->pf, IOVA, s.mem, ~PATTERN));
	user_close(&s.user);
	munmap(s.mem, PAGE);
}

/*
 * Its request comes when the SDI is gone as a whole. VT-d is told to log no
 * faults while it goes, so an earlier one might be missing from the log.
 */
TEST_F(broken, ghost_of_a_destroyed_sdi)
{
	struct requests before, after;
	double end;
	struct user u;

	if (!broken_like("ghost"))
		SKIP(return, "the device has no ghosts");
	if (!exists("/sys/bus/pci_sdi/drivers/" VFIO_DRIVER))
		SKIP(return, "no driver " VFIO_DRIVER);

	ASSERT_EQ(0, create_sdi(&self->pf, 0, "driver_override=" VFIO_DRIVER));
	ASSERT_EQ(0, user_open(&u, MODE_CDEV, self->name));
	ASSERT_EQ(0, set_command(&u, PCI_COMMAND_MASTER, 0));
	set_reg64(&u, REG_DST, IOVA);
	set_reg(&u, REG_LEN, 64);
	set_reg(&u, REG_DELAY, 1000000);
	before = requests(&self->pf);
	set_reg(&u, REG_CMD, CMD_FILL);
	user_close(&u);
	ASSERT_EQ(0, delete_sdi(&self->pf, 0));

	end = now() + 5;
	do {
		after = requests(&self->pf);
	} while (after.lost == before.lost && now() < end);
	EXPECT_EQ(1, after.lost - before.lost);
	EXPECT_TRUE(log_tells(self->log, "DMAR", self->name + 5));
	EXPECT_EQ(0, command(&self->b, "map 4096"));
}

TEST_F(broken, sdi_that_cannot_be_enabled)
{
	unsigned int i;

	if (!broken_like("ghost"))
		SKIP(return, "all SDIs can be enabled");

	for (i = 0; i < 3; i++)
		EXPECT_EQ(-EIO, create_sdi(&self->pf, 3, NULL));
	EXPECT_TRUE(log_tells(self->log, "SDI 3", "could not enable it"));
	EXPECT_FALSE(sdi_exists(&self->pf, 3));
	EXPECT_EQ(1, pf_number(&self->pf, "siov/num_sdis"));
	EXPECT_EQ(0, create_sdi(&self->pf, 4, NULL));
	EXPECT_EQ(0, command(&self->b, "map 4096"));
}

/* The driver gives up, and neither the next SDI nor the next try suffers */
TEST_F(broken, enable_never_ends)
{
	unsigned long long enabled;
	unsigned int n, try;

	if (!broken_like("lost"))
		SKIP(return, "the device answers");

	enabled = device_enabled(&self->pf);
	for (try = 0; try < 2; try++) {
		for (n = 3; n <= 4; n++) {
			/* Only commands of a queue have an answer to lose */
			if (n == 4 && !getenv("SIOV_QUEUE"))
				continue;
			EXPECT_EQ(-ETIMEDOUT, create_sdi(&self->pf, n, NULL));
			EXPECT_FALSE(sdi_exists(&self->pf, n));
			EXPECT_EQ(enabled, device_enabled(&self->pf));
		}
		ASSERT_EQ(0, create_sdi(&self->pf, 2, NULL));
		ASSERT_EQ(0, delete_sdi(&self->pf, 2));
	}
	EXPECT_EQ(0, command(&self->b, "map 64"));
}

TEST_HARNESS_MAIN
