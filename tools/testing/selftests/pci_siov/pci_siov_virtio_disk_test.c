// SPDX-License-Identifier: GPL-2.0
/*
 * Disks that are Scalable Device Interfaces of a virtio NIC
 *
 * Needs the emulated virtio-net with SDIs, and two virtio disks in the place of
 * NICs of it (bus=<pf>.<n>, serial=sdi<n>): one with a queue a CPU, and another one.
 * Skips where they are absent. SDIs that exist are destroyed, and what is on the
 * disks, too.
 */
#include "../kselftest_harness.h"
#include "pci_siov_disk.h"

#include <limits.h>
#include <sys/mount.h>
#include <sys/uio.h>

#define WRITERS		4
#define FIRST_WRITE	12	/* of the disk, before the writers begin */
#define PAGE_CAPACITY	0x80	/* in the page of a disk */

FIXTURE(disk) {
	struct pf pf;
	void *regs;
	struct disk disk;
	struct disk other;
	struct writer *writers;	/* all but the last one are of the first disk */
	unsigned long long before[VCNT_NUM];
	bool faults;		/* a test makes some on purpose */
};

FIXTURE_SETUP(disk)
{
	int index, other;

	if (!find_virtio_pf(&self->pf))
		SKIP(return, "no PF with driver " VIRTIO_PF_DRIVER);
	self->regs = map_bar(&self->pf, 0, REG_SIZE);
	ASSERT_NE(NULL, self->regs);
	index = find_disk(&self->pf, self->regs, 0);
	other = index < 0 ? -1 : find_disk(&self->pf, self->regs, index + 1);
	if (other < 0)
		SKIP(return, "no two SDIs of the PF are disks");

	delete_all(&self->pf);
	get_counters(self->regs, self->before);
	ASSERT_TRUE(disk_create(&self->pf, &self->disk, index));
	ASSERT_TRUE(disk_create(&self->pf, &self->other, other));
	self->writers = calloc(WRITERS, sizeof(*self->writers));
	ASSERT_NE(NULL, self->writers);
}

FIXTURE_TEARDOWN(disk)
{
	int i;

	if (!self->writers)
		return;

	delete_all(&self->pf);
	for (i = 0; i < (int)ARRAY_SIZE(forbidden); i++) {
		EXPECT_EQ(self->before[forbidden[i]],
			  virtio_counter(self->regs, forbidden[i]))
			TH_LOG("counter %d", forbidden[i]);
	}
	EXPECT_EQ(self->faults, virtio_counter(self->regs, VCNT_FAULT) >
				self->before[VCNT_FAULT]);
	EXPECT_EQ(virtio_counter(self->regs, VCNT_ENABLE),
		  virtio_counter(self->regs, VCNT_DISABLE));
	munmap(self->regs, REG_SIZE);
}

/* --- what it is --- */

/* As lsblk finds it: the links are those that it follows */
TEST_F(disk, is_its_sdi)
{
	char link[64], buf[PATH_MAX], driver[64];
	const char *name = sdi_name(&self->pf, self->disk.index, link,
				    sizeof(link));
	struct stat st;

	ASSERT_NE(NULL, realpath(disk_attr(&self->disk, "device"), buf));
	EXPECT_EQ(0, strncmp(strrchr(buf, '/'), "/virtio", 7));
	ASSERT_NE(NULL, realpath(disk_attr(&self->disk, "device/.."), buf));
	EXPECT_STREQ(name, strrchr(buf, '/') + 1);
	EXPECT_STREQ("virtio_blk",
		     link_target(disk_attr(&self->disk, "device/driver"),
				 driver, sizeof(driver)));
	EXPECT_STREQ(VIRTIO_SDI_DRIVER,
		     link_target(disk_attr(&self->disk, "device/../driver"),
				 driver, sizeof(driver)));

	ASSERT_EQ(0, stat(self->disk.path, &st));
	snprintf(link, sizeof(link), "%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	ASSERT_EQ(0, read_line(disk_attr(&self->disk, "dev"), buf, sizeof(buf)));
	EXPECT_STREQ(link, buf);
}

TEST_F(disk, has_ids)
{
	unsigned int index = self->disk.index;

	EXPECT_EQ(0x1af4, number(sdi_path(&self->pf, index, "vendor")));
	EXPECT_EQ(0x1042, number(sdi_path(&self->pf, index, "device")));
	EXPECT_EQ(0x010000, number(sdi_path(&self->pf, index, "class")));
}

/* What the device says of the disk is what the kernel says */
TEST_F(disk, has_its_size_and_serial)
{
	const struct disk *disks[] = { &self->disk, &self->other };
	size_t page = reg32(self->regs, REG_SDI_STRIDE);
	char serial[32], should[32], *bar;
	int i;

	for (i = 0; i < 2; i++) {
		bar = map_bar(&self->pf, 2, (disks[i]->index + 1) * page);
		ASSERT_NE(NULL, bar);
		EXPECT_EQ(reg32(bar, disks[i]->index * page + PAGE_CAPACITY),
			  disks[i]->sectors);
		munmap(bar, (disks[i]->index + 1) * page);

		snprintf(should, sizeof(should), "sdi%u", disks[i]->index);
		ASSERT_EQ(0, read_line(disk_attr(disks[i], "serial"), serial,
				       sizeof(serial)));
		EXPECT_STREQ(should, serial);
	}
	EXPECT_NE(self->disk.sectors, self->other.sectors);
}

/* --- what was written is there --- */

TEST_F(disk, direct)
{
	ASSERT_EQ(0, disk_write(&self->disk, O_DIRECT, 1));
	EXPECT_EQ(0, disk_verify(&self->disk, O_DIRECT, 1));
	EXPECT_EQ(0, disk_verify(&self->disk, 0, 1));
}

/* fsync() leaves nothing in memory only, and tells the disk to do the same */
TEST_F(disk, synced)
{
	unsigned long long flushes, sectors;

	flushes = disk_stat(&self->disk, STAT_FLUSHES);
	sectors = disk_stat(&self->disk, STAT_SECTORS_WRITTEN);
	ASSERT_EQ(0, disk_write(&self->disk, 0, 2));
	EXPECT_LE(sectors + self->disk.sectors,
		  disk_stat(&self->disk, STAT_SECTORS_WRITTEN));
	EXPECT_LT(flushes, disk_stat(&self->disk, STAT_FLUSHES));

	sectors = disk_stat(&self->disk, STAT_SECTORS_WRITTEN);
	EXPECT_EQ(0, disk_verify(&self->disk, O_DIRECT, 2));
	EXPECT_EQ(0, disk_forget(&self->disk));
	EXPECT_EQ(0, disk_verify(&self->disk, 0, 2));
	EXPECT_EQ(sectors, disk_stat(&self->disk, STAT_SECTORS_WRITTEN));
}

/*
 * A request in pieces from all over memory: each has its own descriptor. What was
 * written so is read as a whole, and the other way round: pieces that are taken for each
 * other both times would be where they belong again.
 */
TEST_F(disk, scattered)
{
	unsigned int index = self->disk.index;
	char *buf = disk_buffer(), *whole = disk_buffer();
	struct iovec iov[64];
	int fd, i, pieces = ARRAY_SIZE(iov);
	uint32_t dma;

	ASSERT_TRUE(buf && whole);
	/* The last first, none beside the next one, and most not at the begin of a page */
	for (i = 0; i < pieces; i++) {
		iov[i] = (struct iovec) {
			.iov_base = buf + (pieces - 1 - i) * 4096 + i % 8 * SECTOR,
			.iov_len = SECTOR,
		};
		sector_fill(iov[i].iov_base, i, 3);
	}
	fd = open(self->disk.path, O_RDWR | O_DIRECT | O_CLOEXEC);
	ASSERT_LE(0, fd);
	dma = block_reg(&self->pf, self->regs, index, BLK_DMA_COUNT);
	ASSERT_EQ(pieces * SECTOR, pwritev(fd, iov, pieces, 0));
	/* The device has fetched each of them */
	EXPECT_LE(dma + pieces,
		  block_reg(&self->pf, self->regs, index, BLK_DMA_COUNT));
	EXPECT_EQ(0, disk_get(fd, whole, 0, pieces, 3, 3));

	ASSERT_EQ(0, disk_put(fd, whole, 0, pieces, 4));
	memset(buf, 0, MAX_SECTORS * SECTOR);
	ASSERT_EQ(pieces * SECTOR, preadv(fd, iov, pieces, 0));
	for (i = 0; i < pieces; i++) {
		EXPECT_EQ(4, sector_write(iov[i].iov_base, i))
			TH_LOG("piece %d", i);
	}
	close(fd);
	free(buf);
	free(whole);
}

TEST_F(disk, has_an_end)
{
	uint32_t last = self->disk.sectors - 1;
	int fd = open(self->disk.path, O_RDWR | O_DIRECT | O_CLOEXEC);
	void *buf = disk_buffer();

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, disk_put(fd, buf, last, 1, 4));
	EXPECT_EQ(-ENOSPC, disk_put(fd, buf, last + 1, 1, 4));
	EXPECT_EQ(-EIO, disk_get(fd, buf, last, 2, 4, 4));
	EXPECT_EQ(0, disk_get(fd, buf, last, 1, 4, 4));
	close(fd);
	free(buf);
}

/* Two disks of one PF are two disks */
TEST_F(disk, other_has_its_own)
{
	ASSERT_EQ(0, disk_write(&self->disk, O_DIRECT, 5));
	ASSERT_EQ(0, disk_write(&self->other, O_DIRECT, 6));
	EXPECT_EQ(0, disk_verify(&self->disk, O_DIRECT, 5));
	EXPECT_EQ(0, disk_verify(&self->other, O_DIRECT, 6));
}

/* --- by which queue, and in whose name --- */

static const char *virtio_of(const struct disk *disk, char *buf, size_t size)
{
	return link_target(disk_attr(disk, "device"), buf, size);
}

/* How often the interrupt of a queue has come; -1 if there is none */
static long long queue_interrupts(const struct disk *disk, int queue)
{
	char name[64], virtio[32];

	snprintf(name, sizeof(name), "%s-req.%d",
		 virtio_of(disk, virtio, sizeof(virtio)), queue);
	return irq_count(name);
}

static bool run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

/* Each CPU has a queue, and the queue an interrupt */
TEST_F(disk, queue_of_each_cpu)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), cpu, i, j, queue;
	int fd = open(self->disk.path, O_RDWR | O_DIRECT | O_CLOEXEC);
	void *buf = disk_buffer();
	long long *before = calloc(cpus, sizeof(*before));
	bool *used = calloc(cpus, sizeof(*used));

	ASSERT_LE(0, fd);
	for (cpu = 0; cpu < cpus; cpu++) {
		ASSERT_TRUE(run_on(cpu));
		for (i = 0; i < cpus; i++) {
			before[i] = queue_interrupts(&self->disk, i);
			ASSERT_LE(0, before[i])
				TH_LOG("no interrupt of queue %d", i);
		}
		for (j = 0; j < 8; j++)
			ASSERT_EQ(0, disk_put(fd, buf, j, 1, 7));
		for (queue = -1, i = 0; i < cpus; i++)
			if (queue_interrupts(&self->disk, i) > before[i]) {
				EXPECT_EQ(-1, queue);
				queue = i;
			}
		ASSERT_LE(0, queue);
		EXPECT_FALSE(used[queue])
			TH_LOG("CPU %d has queue %d of another one", cpu, queue);
		used[queue] = true;
	}
	close(fd);
	free(buf);
	free(before);
	free(used);
}

/* The device counts what it sends for each SDI */
TEST_F(disk, sends_in_its_own_name)
{
	unsigned int mine = self->disk.index, other = self->other.index;
	uint32_t dma, msi, other_dma;

	dma = block_reg(&self->pf, self->regs, mine, BLK_DMA_COUNT);
	msi = block_reg(&self->pf, self->regs, mine, BLK_MSI_COUNT);
	other_dma = block_reg(&self->pf, self->regs, other, BLK_DMA_COUNT);
	ASSERT_EQ(0, disk_write(&self->disk, O_DIRECT, 8));

	/* One for each page at least */
	EXPECT_LE(dma + self->disk.sectors * SECTOR / 4096,
		  block_reg(&self->pf, self->regs, mine, BLK_DMA_COUNT));
	EXPECT_LT(msi, block_reg(&self->pf, self->regs, mine, BLK_MSI_COUNT));
	EXPECT_EQ(other_dma,
		  block_reg(&self->pf, self->regs, other, BLK_DMA_COUNT));
}

/* --- and stays there --- */

static int rebind(const char *bus, const char *driver, const char *device)
{
	return bus_write(bus, driver, "unbind", device) ?:
	       bus_write(bus, driver, "bind", device);
}

TEST_F(disk, kept_without_driver)
{
	char link[64];

	ASSERT_EQ(0, disk_write(&self->disk, 0, 9));
	ASSERT_EQ(0, rebind("pci_sdi", VIRTIO_SDI_DRIVER,
			    sdi_name(&self->pf, self->disk.index, link,
				     sizeof(link))));
	ASSERT_TRUE(disk_attach(&self->pf, &self->disk));
	EXPECT_EQ(0, disk_verify(&self->disk, O_DIRECT, 9));

	/* The driver of the disk, and not that of the SDI */
	ASSERT_EQ(0, rebind("virtio", "virtio_blk",
			    virtio_of(&self->disk, link, sizeof(link))));
	ASSERT_TRUE(disk_attach(&self->pf, &self->disk));
	EXPECT_EQ(0, disk_verify(&self->disk, O_DIRECT, 9));
}

TEST_F(disk, kept_without_sdi)
{
	ASSERT_EQ(0, disk_write(&self->disk, 0, 10));
	ASSERT_EQ(0, delete_sdi(&self->pf, self->disk.index));
	EXPECT_FALSE(exists(disk_attr(&self->disk, "")));
	ASSERT_TRUE(disk_create(&self->pf, &self->disk, self->disk.index));
	EXPECT_EQ(0, disk_verify(&self->disk, O_DIRECT, 10));
}

TEST_F(disk, kept_without_pf)
{
	ASSERT_EQ(0, disk_write(&self->disk, O_DIRECT, 11));
	ASSERT_EQ(0, rebind("pci", VIRTIO_PF_DRIVER, self->pf.name));
	EXPECT_FALSE(sdi_exists(&self->pf, self->disk.index));
	ASSERT_TRUE(disk_create(&self->pf, &self->disk, self->disk.index));
	EXPECT_EQ(0, disk_verify(&self->disk, O_DIRECT, 11));
}

/* --- with a filesystem --- */

#define MOUNTED		"/tmp/pci_siov_disk"
#define FILE_SECTORS	512

static bool mount_disk(const struct disk *disk)
{
	mkdir(MOUNTED, 0700);
	return !mount(disk->path, MOUNTED, "ext2", 0, NULL);
}

static int file_put(const char *path, uint32_t write)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *buf = disk_buffer();
	int ret = disk_put(fd, buf, 0, FILE_SECTORS, write);

	if (!ret && fsync(fd))
		ret = -errno;
	close(fd);
	free(buf);
	return ret;
}

static int file_get(const char *path, uint32_t write)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *buf = disk_buffer();
	int ret = disk_get(fd, buf, 0, FILE_SECTORS, write, write);

	close(fd);
	free(buf);
	return ret;
}

/* What an operator does with a disk; the filesystem stays mounted over resets */
TEST_F(disk, filesystem)
{
	char command[128], buf[4096];

	ASSERT_EQ(0, get_file("/proc/filesystems", buf, sizeof(buf)));
	if (!strstr(buf, "\text2\n"))
		SKIP(return, "no ext2 in the kernel");
	snprintf(command, sizeof(command), "mke2fs -F %s >/dev/null 2>&1",
		 self->disk.path);
	if (system(command))
		SKIP(return, "no mke2fs");

	ASSERT_TRUE(mount_disk(&self->disk));
	EXPECT_EQ(0, file_put(MOUNTED "/first", 1));
	EXPECT_EQ(0, pf_put(&self->pf, "reset", "1"));
	EXPECT_EQ(0, file_put(MOUNTED "/second", 2));
	EXPECT_EQ(0, put_file(sdi_path(&self->pf, self->disk.index, "reset"),
			      "1"));
	EXPECT_EQ(0, umount(MOUNTED));

	EXPECT_EQ(0, delete_sdi(&self->pf, self->disk.index));
	ASSERT_TRUE(disk_create(&self->pf, &self->disk, self->disk.index));
	ASSERT_TRUE(mount_disk(&self->disk));
	EXPECT_EQ(0, file_get(MOUNTED "/first", 1));
	EXPECT_EQ(0, file_get(MOUNTED "/second", 2));
	EXPECT_EQ(0, umount(MOUNTED));
}

/* --- while it is written to --- */

/* Every second one goes through the page cache; the last one has the other disk */
static bool start_writers(struct writer *writers, const struct disk *disk,
			  const struct disk *other)
{
	int i;

	if (disk_write(disk, O_DIRECT, FIRST_WRITE) ||
	    disk_write(other, O_DIRECT, FIRST_WRITE))
		return false;
	for (i = 0; i < WRITERS; i++)
		if (!writer_start(&writers[i], i < WRITERS - 1 ? disk : other, i,
				  FIRST_WRITE, i % 2 ? 0 : O_DIRECT))
			return false;
	return true;
}

/* All of them have gone on since then, or have been told that it does not */
static bool wait_for_writers(const struct writer *writers)
{
	bool good = true;
	int i;

	for (i = 0; i < WRITERS; i++)
		good = writer_wait(&writers[i], 2) && good;
	return good;
}

static bool stop_writers(struct writer *writers)
{
	bool good = true;
	int i;

	for (i = 0; i < WRITERS; i++)
		good = writer_stop(&writers[i]) && good;
	return good;
}

/* They wait for the end of it and have lost nothing, nor has anybody an error */
static void through_resets(struct __test_metadata *_metadata,
			   struct writer *writers, const char *path)
{
	int i;

	for (i = 0; i < 4; i++) {
		EXPECT_TRUE(wait_for_writers(writers));
		EXPECT_EQ(0, put_file(path, "1"));
	}
	EXPECT_TRUE(wait_for_writers(writers));
	ASSERT_TRUE(stop_writers(writers));
	for (i = 0; i < WRITERS; i++) {
		EXPECT_EQ(0, writers[i].error);
		EXPECT_EQ(0, writer_lost(&writers[i]));
	}
}

TEST_F(disk, reset_of_sdi)
{
	char path[256];

	snprintf(path, sizeof(path), "%s",
		 sdi_path(&self->pf, self->disk.index, "reset"));
	ASSERT_TRUE(start_writers(self->writers, &self->disk, &self->other));
	through_resets(_metadata, self->writers, path);
}

TEST_F(disk, reset_of_pf)
{
	char path[256];

	snprintf(path, sizeof(path), "%s", pf_path(&self->pf, "reset"));
	ASSERT_TRUE(start_writers(self->writers, &self->disk, &self->other));
	through_resets(_metadata, self->writers, path);
}

/*
 * The disk has gone under its writers. Each hears of it, what was synced before is
 * there when it has come back, and nobody else notices.
 */
static void after_its_end(struct __test_metadata *_metadata,
			  struct writer *writers)
{
	int i;

	EXPECT_TRUE(wait_for_writers(writers));
	ASSERT_TRUE(stop_writers(writers));
	for (i = 0; i < WRITERS; i++) {
		EXPECT_EQ(i < WRITERS - 1, writers[i].error != 0)
			TH_LOG("writer %d: %d", i, writers[i].error);
		EXPECT_LT(0U, writer_rounds(&writers[i]));
		EXPECT_EQ(0, writer_lost(&writers[i]));
	}
}

TEST_F(disk, unbound_under_writers)
{
	const char *name;
	char link[64];

	ASSERT_TRUE(start_writers(self->writers, &self->disk, &self->other));
	EXPECT_TRUE(wait_for_writers(self->writers));
	name = sdi_name(&self->pf, self->disk.index, link, sizeof(link));
	ASSERT_EQ(0, rebind("pci_sdi", VIRTIO_SDI_DRIVER, name));
	ASSERT_TRUE(disk_attach(&self->pf, &self->disk));
	after_its_end(_metadata, self->writers);
}

TEST_F(disk, destroyed_under_writers)
{
	ASSERT_TRUE(start_writers(self->writers, &self->disk, &self->other));
	EXPECT_TRUE(wait_for_writers(self->writers));
	ASSERT_EQ(0, delete_sdi(&self->pf, self->disk.index));
	ASSERT_TRUE(disk_create(&self->pf, &self->disk, self->disk.index));
	after_its_end(_metadata, self->writers);
}

/* --- a disk that has stopped with requests in it --- */

static bool stop_disk(const struct pf *pf, const void *regs,
		      const struct disk *disk)
{
	size_t size = reg32(regs, REG_SDI_STRIDE);
	char *bar = map_bar(pf, 2, (disk->index + 1) * size), *page;
	bool stopped;

	if (!bar)
		return false;

	page = bar + disk->index * size;
	go_astray(page, 0);
	stopped = has_stopped(page);
	munmap(bar, (disk->index + 1) * size);
	return stopped;
}

/*
 * A reset does not wait for them, and the disk does them afterwards. What comes between
 * gets an error. Who has a request in the disk does no more than end its round, or it
 * would write again what has been lost. Returns how many have gone through the reset.
 */
static int once_through_reset(struct __test_metadata *_metadata,
			      FIXTURE_DATA(disk) * self, const char *path)
{
	int i, through = 0;

	ASSERT_TRUE(start_writers(self->writers, &self->disk, &self->other));
	EXPECT_TRUE(wait_for_writers(self->writers));
	ASSERT_TRUE(stop_disk(&self->pf, self->regs, &self->disk));
	/* This one is another SDI. Meanwhile the others wait, or have got their error */
	EXPECT_TRUE(writer_wait(&self->writers[WRITERS - 1], 2));
	for (i = 0; i < WRITERS - 1; i++)
		writer_tell(&self->writers[i]);

	EXPECT_EQ(0, put_file(path, "1"));
	EXPECT_TRUE(writer_wait(&self->writers[WRITERS - 1], 2));
	ASSERT_TRUE(stop_writers(self->writers));
	for (i = 0; i < WRITERS; i++) {
		EXPECT_EQ(0, writer_lost(&self->writers[i]))
			TH_LOG("writer %d: %d", i, self->writers[i].error);
	}
	EXPECT_EQ(0, self->writers[WRITERS - 1].error);

	for (i = 0; i < WRITERS - 1; i++)
		through += !self->writers[i].error;
	return through;
}

static void goes_on_after_reset(struct __test_metadata *_metadata,
				FIXTURE_DATA(disk) * self, const char *path)
{
	int i, through = 0;

	self->faults = true;
	/* How many requests are in the disk when it stops is a matter of chance */
	for (i = 0; i < 8 && through < 4; i++)
		through += once_through_reset(_metadata, self, path);
	TH_LOG("%d writers had a request in the disk, in %d resets", through, i);
	EXPECT_LT(0, through);

	ASSERT_EQ(0, disk_write(&self->disk, 0, FIRST_WRITE));
	EXPECT_EQ(0, disk_verify(&self->disk, O_DIRECT, FIRST_WRITE));
}

TEST_F(disk, stopped_and_reset)
{
	char path[256];

	if (!expected("isolated"))
		SKIP(return, "nothing stops it here");

	snprintf(path, sizeof(path), "%s",
		 sdi_path(&self->pf, self->disk.index, "reset"));
	goes_on_after_reset(_metadata, self, path);
}

TEST_F(disk, stopped_and_pf_reset)
{
	char path[256];

	if (!expected("isolated"))
		SKIP(return, "nothing stops it here");

	snprintf(path, sizeof(path), "%s", pf_path(&self->pf, "reset"));
	goes_on_after_reset(_metadata, self, path);
}

/* Its driver goes without waiting for the disk */
TEST_F(disk, stopped_and_unbound)
{
	const char *name;
	char link[64];

	if (!expected("isolated"))
		SKIP(return, "nothing stops it here");

	self->faults = true;
	ASSERT_TRUE(start_writers(self->writers, &self->disk, &self->other));
	EXPECT_TRUE(wait_for_writers(self->writers));
	ASSERT_TRUE(stop_disk(&self->pf, self->regs, &self->disk));
	name = sdi_name(&self->pf, self->disk.index, link, sizeof(link));
	ASSERT_EQ(0, rebind("pci_sdi", VIRTIO_SDI_DRIVER, name));
	ASSERT_TRUE(disk_attach(&self->pf, &self->disk));
	after_its_end(_metadata, self->writers);
}

TEST_HARNESS_MAIN
