// SPDX-License-Identifier: GPL-2.0
/*
 * Parts of a PCI device in the hands of users, told apart by PASID
 *
 * For the sample driver samples/vfio-mdev/mpart.c on pasid-testdev of QEMU, behind
 * an IOMMU that translates PASIDs. All parts send their requests with the Routing
 * ID of the PCI device. So two parts that find different memory at one address have
 * been told apart by PASID. Page tables whose mappings differ show the same, and
 * what is refused has to be in the kernel's log with Routing ID and PASID.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/compiler.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "kselftest_harness.h"

#define DRIVER		"/sys/bus/pci/drivers/mpart"
#define TYPE		"mdev_supported_types/mpart-part"
#define MDEVS		"/sys/bus/mdev/devices"
#define UUID		"8c7bd9a4-0f5e-4d5b-9d0c-5107510b000%u"
#define PAGE		4096ULL

/* Registers of a part */
enum {
	REG_ID = 0x000,
	REG_SRC = 0x010,
	REG_DST = 0x018,
	REG_LEN = 0x020,
	REG_PATTERN = 0x024,
	REG_CMD = 0x028,
	REG_RESULT = 0x02c,
	REG_DELAY = 0x040,
};

#define ID_VALUE	0x54524150
#define CMD_COPY	1
#define CMD_FILL	2
#define RESULT_NONE	0u
#define RESULT_OK	1u
#define RESULT_BUSY	2u
#define RESULT_FAULT	4u

/* Where the parts find memory: each its own, and one of them more */
#define IOVA		0x100000ULL
#define IOVA_OTHER	0x200000ULL
/* Where requests without PASID find interrupts */
#define IOVA_INTERRUPTS	0xfee00000ULL

#define PATTERN(n)	(0x11111111u * ((n) + 1))
#define UNTOUCHED	0xeeeeeeeeu
#define DELAY_US	200000

struct part {
	char uuid[40];
	unsigned int pasid;
	int iommufd;
	int device;
	uint32_t ioas;
	uint32_t *regs;
	uint32_t *mem;
};

/* For names that are known to fit */
static void __printf(3, 4) set_text(char *text, size_t size,
				    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, size, format, args);
	va_end(args);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int get_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static int put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The first entry of @dir that begins with @prefix */
static bool find_entry(const char *dir, const char *prefix, char *name,
		       size_t size)
{
	struct dirent *entry;
	bool found = false;
	DIR *d = opendir(dir);

	if (!d)
		return false;
	while (!found && (entry = readdir(d)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix))) {
			set_text(name, size, "%s", entry->d_name);
			found = true;
		}
	closedir(d);
	return found;
}

/* The log of the kernel from now on */
static int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* Is there a line with both of these, within @seconds? */
static bool log_has(int fd, double seconds, const char *one, const char *two)
{
	double end = now() + seconds;
	char line[2048];
	ssize_t n;

	do {
		n = read(fd, line, sizeof(line) - 1);
		if (n > 0) {
			line[n] = '\0';
			if (strstr(line, one) && strstr(line, two))
				return true;
		} else if (errno != EPIPE) {
			usleep(10000);
		}
	} while (now() < end);
	return false;
}

/* Parts */

static int part_create(struct part *p, const char *bdf, unsigned int n)
{
	char path[256], text[32];
	int ret;

	*p = (struct part) { .iommufd = -1, .device = -1 };
	set_text(p->uuid, sizeof(p->uuid), UUID, n);
	set_text(path, sizeof(path), DRIVER "/%s/" TYPE "/create", bdf);
	ret = put_file(path, p->uuid);
	if (ret)
		return ret;

	set_text(path, sizeof(path), MDEVS "/%s/pasid", p->uuid);
	ret = get_file(path, text, sizeof(text));
	if (!ret)
		p->pasid = strtoul(text, NULL, 0);
	return ret;
}

static int part_remove(const struct part *p)
{
	char path[256];

	set_text(path, sizeof(path), MDEVS "/%s/remove", p->uuid);
	return put_file(path, "1");
}

static bool part_exists(const struct part *p)
{
	char path[256];

	set_text(path, sizeof(path), MDEVS "/%s", p->uuid);
	return !access(path, F_OK);
}

static int part_open_device(struct part *p)
{
	char path[256], name[64];

	set_text(path, sizeof(path), MDEVS "/%s/vfio-dev", p->uuid);
	if (!find_entry(path, "vfio", name, sizeof(name)))
		return -ENOENT;
	set_text(path, sizeof(path), "/dev/vfio/devices/%s", name);
	p->device = open(path, O_RDWR);
	return p->device < 0 ? -errno : 0;
}

static int part_bind(struct part *p)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = p->iommufd,
	};

	return ioctl(p->device, VFIO_DEVICE_BIND_IOMMUFD, &bind) ? -errno : 0;
}

static int part_attach(struct part *p, uint32_t ioas)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = ioas,
	};

	return ioctl(p->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) ?
	       -errno : 0;
}

static int part_detach(struct part *p)
{
	struct vfio_device_detach_iommufd_pt detach = {
		.argsz = sizeof(detach),
	};

	return ioctl(p->device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach) ?
	       -errno : 0;
}

static int ioas_alloc(int iommufd, uint32_t *ioas)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	if (ioctl(iommufd, IOMMU_IOAS_ALLOC, &alloc))
		return -errno;
	*ioas = alloc.out_ioas_id;
	return 0;
}

static int ioas_map(int iommufd, uint32_t ioas, uint64_t iova, void *mem)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA |
			 IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas,
		.user_va = (uintptr_t)mem,
		.length = PAGE,
		.iova = iova,
	};

	return ioctl(iommufd, IOMMU_IOAS_MAP, &map) ? -errno : 0;
}

static uint32_t *new_page(void)
{
	uint32_t *mem;

	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return NULL;
	*mem = UNTOUCHED;
	return mem;
}

static uint32_t reg(const struct part *p, unsigned int pos)
{
	return __atomic_load_n(&p->regs[pos / 4], __ATOMIC_RELAXED);
}

static void set_reg(struct part *p, unsigned int pos, uint32_t val)
{
	__atomic_store_n(&p->regs[pos / 4], val, __ATOMIC_RELAXED);
}

static void set_reg64(struct part *p, unsigned int pos, uint64_t val)
{
	set_reg(p, pos, val);
	set_reg(p, pos + 4, val >> 32);
}

static int part_map_regs(struct part *p)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };

	if (ioctl(p->device, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -errno;
	if (info.size != PAGE || !(info.flags & VFIO_REGION_INFO_FLAG_MMAP))
		return -EINVAL;
	p->regs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		       p->device, info.offset);
	if (p->regs == MAP_FAILED) {
		p->regs = NULL;
		return -errno;
	}
	return reg(p, REG_ID) == ID_VALUE ? 0 : -EIO;
}

/* With an address space of its own; in that of @with's iommufd if there is one */
static int part_open(struct part *p, const struct part *with)
{
	int ret;

	p->iommufd = with ? dup(with->iommufd) : open("/dev/iommu", O_RDWR);
	if (p->iommufd < 0)
		return -errno;
	p->mem = new_page();
	if (!p->mem)
		return -ENOMEM;
	ret = part_open_device(p) ?: part_bind(p) ?:
	      ioas_alloc(p->iommufd, &p->ioas) ?:
	      ioas_map(p->iommufd, p->ioas, IOVA, p->mem) ?:
	      part_attach(p, p->ioas);
	return ret ?: part_map_regs(p);
}

/* Its memory stays, to be looked at */
static void part_close(struct part *p)
{
	if (p->regs)
		munmap(p->regs, PAGE);
	if (p->device >= 0)
		close(p->device);
	if (p->iommufd >= 0)
		close(p->iommufd);
	p->regs = NULL;
	p->device = -1;
	p->iommufd = -1;
}

static void fill_later(struct part *p, uint64_t iova, uint32_t pattern,
		       uint32_t delay)
{
	set_reg64(p, REG_DST, iova);
	set_reg(p, REG_LEN, 4);
	set_reg(p, REG_PATTERN, pattern);
	set_reg(p, REG_DELAY, delay);
	set_reg(p, REG_CMD, CMD_FILL);
}

static uint32_t part_wait(struct part *p)
{
	double end = now() + 5;
	uint32_t result;

	do {
		result = reg(p, REG_RESULT);
	} while (result == RESULT_BUSY && now() < end);
	return result;
}

static uint32_t fill(struct part *p, uint64_t iova, uint32_t pattern)
{
	fill_later(p, iova, pattern, 0);
	return part_wait(p);
}

static uint32_t copy(struct part *p, uint64_t src, uint64_t dst)
{
	set_reg64(p, REG_SRC, src);
	set_reg64(p, REG_DST, dst);
	set_reg(p, REG_LEN, 4);
	set_reg(p, REG_DELAY, 0);
	set_reg(p, REG_CMD, CMD_COPY);
	return part_wait(p);
}

/* Two parts, each with a page of its own at IOVA */

FIXTURE(mpart)
{
	char bdf[16];
	int log;
	struct part part[2];
};

FIXTURE_VARIANT(mpart)
{
	bool one_iommufd;
};

FIXTURE_VARIANT_ADD(mpart, one_iommufd)
{
	.one_iommufd = true,
};

FIXTURE_VARIANT_ADD(mpart, two_iommufds)
{
	.one_iommufd = false,
};

FIXTURE_SETUP(mpart)
{
	unsigned int n;

	if (!find_entry(DRIVER, "0000:", self->bdf, sizeof(self->bdf)))
		SKIP(return, "no device is bound to mpart");

	self->log = log_open();
	ASSERT_LE(0, self->log);
	for (n = 0; n < 2; n++)
		ASSERT_EQ(0, part_create(&self->part[n], self->bdf, n));
	ASSERT_NE(self->part[0].pasid, self->part[1].pasid);
	ASSERT_EQ(0, part_open(&self->part[0], NULL));
	ASSERT_EQ(0, part_open(&self->part[1],
			       variant->one_iommufd ? &self->part[0] : NULL));
}

FIXTURE_TEARDOWN(mpart)
{
	unsigned int n;

	for (n = 0; n < 2; n++) {
		part_close(&self->part[n]);
		if (part_exists(&self->part[n]))
			EXPECT_EQ(0, part_remove(&self->part[n]));
	}
	close(self->log);
}

/* A request to memory of its own gets there */
static bool works(struct part *p, unsigned int n)
{
	*p->mem = UNTOUCHED;
	return fill(p, IOVA, PATTERN(n)) == RESULT_OK && *p->mem == PATTERN(n);
}

/*
 * The IOMMU refuses a request, and knows whose it was. The kernel tells of some
 * faults in five seconds and not of more: if it says nothing, try once more.
 */
static bool is_refused(int log, const char *bdf, struct part *p, uint64_t iova)
{
	char rid[64], pasid[32];
	int tries;

	set_text(rid, sizeof(rid), "Request device [%s]", bdf);
	set_text(pasid, sizeof(pasid), " PASID 0x%x]", p->pasid);
	for (tries = 0; tries < 2; tries++) {
		if (fill(p, iova, PATTERN(9)) != RESULT_FAULT)
			return false;
		if (log_has(log, 3, rid, pasid))
			return true;
		sleep(6);
	}
	return false;
}

/* DMA of the driver itself goes where the DMA API says */
static bool own_dma_works(const char *bdf)
{
	char path[128], text[16];

	set_text(path, sizeof(path), DRIVER "/%s/own_dma", bdf);
	return !get_file(path, text, sizeof(text)) && !strcmp(text, "ok");
}

TEST_F(mpart, own_mapping)
{
	unsigned int n;

	for (n = 0; n < 2; n++)
		EXPECT_EQ(RESULT_OK, fill(&self->part[n], IOVA, PATTERN(n)));
	for (n = 0; n < 2; n++)
		EXPECT_EQ(PATTERN(n), *self->part[n].mem);
	EXPECT_TRUE(own_dma_works(self->bdf));
}

TEST_F(mpart, mapping_of_other)
{
	struct part *a = &self->part[0], *b = &self->part[1];
	uint32_t *page = new_page();

	ASSERT_NE(NULL, page);
	*page = PATTERN(2);
	ASSERT_EQ(0, ioas_map(a->iommufd, a->ioas, IOVA_OTHER, page));
	EXPECT_EQ(RESULT_OK, copy(a, IOVA_OTHER, IOVA));
	EXPECT_EQ(PATTERN(2), *a->mem);

	EXPECT_TRUE(is_refused(self->log, self->bdf, b, IOVA_OTHER));
	EXPECT_EQ(RESULT_FAULT, copy(b, IOVA_OTHER, IOVA));
	EXPECT_EQ(PATTERN(2), *page);
	EXPECT_EQ(UNTOUCHED, *b->mem);

	EXPECT_EQ(RESULT_OK, fill(a, IOVA_OTHER, PATTERN(0)));
	EXPECT_EQ(PATTERN(0), *page);
	EXPECT_TRUE(own_dma_works(self->bdf));
	munmap(page, PAGE);
}

TEST_F(mpart, detach)
{
	struct part *a = &self->part[0], *b = &self->part[1];

	EXPECT_TRUE(works(a, 0));
	ASSERT_EQ(0, part_detach(a));
	*a->mem = UNTOUCHED;
	EXPECT_TRUE(is_refused(self->log, self->bdf, a, IOVA));
	EXPECT_EQ(UNTOUCHED, *a->mem);
	EXPECT_TRUE(works(b, 1));
	EXPECT_TRUE(own_dma_works(self->bdf));

	ASSERT_EQ(0, part_attach(a, a->ioas));
	EXPECT_TRUE(works(a, 0));
}

TEST_F(mpart, detach_before_a_request)
{
	struct part *a = &self->part[0];

	fill_later(a, IOVA, PATTERN(0), DELAY_US);
	ASSERT_EQ(0, part_detach(a));
	EXPECT_EQ(RESULT_FAULT, part_wait(a));
	EXPECT_EQ(UNTOUCHED, *a->mem);
}

TEST_F(mpart, replace)
{
	struct part *a = &self->part[0], *b = &self->part[1];
	uint32_t *page = new_page();
	uint32_t ioas = 0;

	ASSERT_NE(NULL, page);
	ASSERT_EQ(0, ioas_alloc(a->iommufd, &ioas));
	ASSERT_EQ(0, ioas_map(a->iommufd, ioas, IOVA, page));
	ASSERT_EQ(0, part_attach(a, ioas));
	EXPECT_EQ(RESULT_OK, fill(a, IOVA, PATTERN(0)));
	EXPECT_EQ(PATTERN(0), *page);
	EXPECT_EQ(UNTOUCHED, *a->mem);
	EXPECT_TRUE(works(b, 1));

	ASSERT_EQ(0, part_attach(a, a->ioas));
	EXPECT_TRUE(works(a, 0));
	munmap(page, PAGE);
}

/* A request that would come after the user has gone */
TEST_F(mpart, close)
{
	struct part *a = &self->part[0], *b = &self->part[1];

	fill_later(a, IOVA, PATTERN(0), DELAY_US);
	part_close(a);
	EXPECT_TRUE(works(b, 1));
	EXPECT_TRUE(own_dma_works(self->bdf));
	usleep(2 * DELAY_US);
	EXPECT_EQ(UNTOUCHED, *a->mem);

	munmap(a->mem, PAGE);
	ASSERT_EQ(0, part_open(a, NULL));
	EXPECT_EQ(RESULT_NONE, reg(a, REG_RESULT));
	EXPECT_TRUE(works(a, 0));
	EXPECT_TRUE(works(b, 1));
}

TEST_F(mpart, reset)
{
	struct part *a = &self->part[0];

	fill_later(a, IOVA, PATTERN(0), DELAY_US);
	ASSERT_EQ(0, ioctl(a->device, VFIO_DEVICE_RESET));
	EXPECT_EQ(RESULT_NONE, reg(a, REG_RESULT));
	usleep(2 * DELAY_US);
	EXPECT_EQ(UNTOUCHED, *a->mem);
	EXPECT_TRUE(works(a, 0));
	EXPECT_TRUE(works(&self->part[1], 1));
}

/* The PASID is not lost with the registers, and nothing is sent without one */
TEST_F(mpart, reset_of_the_device)
{
	struct part *a = &self->part[0], *b = &self->part[1];
	char path[128];

	set_text(path, sizeof(path), DRIVER "/%s/reset", self->bdf);
	ASSERT_EQ(0, put_file(path, "1"));
	fill_later(a, IOVA, PATTERN(0), 0);
	usleep(1000);
	EXPECT_EQ(UNTOUCHED, *a->mem);

	ASSERT_EQ(0, ioctl(a->device, VFIO_DEVICE_RESET));
	ASSERT_EQ(0, ioctl(b->device, VFIO_DEVICE_RESET));
	EXPECT_TRUE(works(a, 0));
	EXPECT_TRUE(works(b, 1));
	EXPECT_TRUE(own_dma_works(self->bdf));
}

/* Interrupts have no PASID, so to a part that is memory like any other */
TEST_F(mpart, address_of_interrupts)
{
	struct iommu_iova_range allowed[8];
	struct iommu_ioas_iova_ranges ranges = {
		.size = sizeof(ranges),
		.ioas_id = self->part[0].ioas,
		.num_iovas = 8,
		.allowed_iovas = (uintptr_t)allowed,
	};
	struct part *a = &self->part[0], *b = &self->part[1];
	uint32_t *page = new_page();

	ASSERT_EQ(0, ioctl(a->iommufd, IOMMU_IOAS_IOVA_RANGES, &ranges));
	ASSERT_EQ(1u, ranges.num_iovas);
	EXPECT_GE(IOVA_INTERRUPTS, allowed[0].start);
	EXPECT_LE(IOVA_INTERRUPTS, allowed[0].last);

	ASSERT_NE(NULL, page);
	ASSERT_EQ(0, ioas_map(a->iommufd, a->ioas, IOVA_INTERRUPTS, page));
	EXPECT_EQ(RESULT_OK, fill(a, IOVA_INTERRUPTS, PATTERN(0)));
	EXPECT_EQ(PATTERN(0), *page);
	EXPECT_TRUE(is_refused(self->log, self->bdf, b, IOVA_INTERRUPTS));
	EXPECT_EQ(PATTERN(0), *page);
	munmap(page, PAGE);
}

/* The iommu_group belongs to the driver of the PCI device */
TEST_F(mpart, no_group)
{
	char path[256], link[256];
	ssize_t n;

	set_text(path, sizeof(path), MDEVS "/%s/iommu_group",
		 self->part[0].uuid);
	EXPECT_EQ(-1, access(path, F_OK));

	set_text(path, sizeof(path), DRIVER "/%s/iommu_group", self->bdf);
	n = readlink(path, link, sizeof(link) - 1);
	ASSERT_LT(0, n);
	link[n] = '\0';
	set_text(path, sizeof(path), "/dev/vfio/%s", strrchr(link, '/') + 1);
	EXPECT_EQ(-1, access(path, F_OK));
}

TEST_F(mpart, one_user_at_a_time)
{
	struct part second = self->part[0];

	ASSERT_EQ(0, part_open_device(&second));
	EXPECT_NE(0, part_bind(&second));
	close(second.device);
	EXPECT_TRUE(works(&self->part[0], 0));
}

/* A user in a process of its own, who is killed at work */
static void work_for_ever(struct part *p, int ready)
{
	if (part_open(p, NULL) || fill(p, IOVA, PATTERN(0)) != RESULT_OK ||
	    *p->mem != PATTERN(0) || write(ready, "r", 1) != 1)
		_exit(1);
	for (;;)
		if (fill(p, IOVA, PATTERN(0)) != RESULT_OK)
			_exit(2);
}

TEST_F(mpart, user_is_killed)
{
	struct part *a = &self->part[0], *b = &self->part[1];
	int pipes[2], status, i;
	char byte;
	pid_t pid;

	part_close(a);
	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		work_for_ever(a, pipes[1]);

	close(pipes[1]);
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	close(pipes[0]);
	for (i = 0; i < 100; i++)
		EXPECT_TRUE(works(b, i));
	EXPECT_TRUE(own_dma_works(self->bdf));

	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_TRUE(works(b, 1));

	munmap(a->mem, PAGE);
	ASSERT_EQ(0, part_open(a, NULL));
	EXPECT_TRUE(works(a, 0));
}

/* Who removes the part waits for its user */
TEST_F(mpart, removal_waits)
{
	struct part *a = &self->part[0];
	int status;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* It must not have a share in the user's files */
		part_close(a);
		_exit(part_remove(a) ? 1 : 0);
	}

	usleep(DELAY_US);
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	EXPECT_TRUE(works(a, 0));
	part_close(a);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status));
	EXPECT_FALSE(part_exists(a));
	EXPECT_TRUE(works(&self->part[1], 1));
}

/* As many as the device has beside the driver's own */
TEST_F(mpart, no_more_parts)
{
	char path[256], text[16] = "";
	struct part more[16];
	int i, n, left;

	set_text(path, sizeof(path), DRIVER "/%s/" TYPE "/available_instances",
		 self->bdf);
	ASSERT_EQ(0, get_file(path, text, sizeof(text)));
	left = atoi(text);
	ASSERT_GT(16, left);
	for (n = 0; n < left; n++)
		ASSERT_EQ(0, part_create(&more[n], self->bdf, 2 + n));
	EXPECT_EQ(0, get_file(path, text, sizeof(text)));
	EXPECT_STREQ("0", text);
	EXPECT_NE(0, part_create(&more[n], self->bdf, 2 + n));
	for (i = 0; i < n; i++)
		EXPECT_EQ(0, part_remove(&more[i]));
}

TEST_HARNESS_MAIN
