/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Disks that are SDIs: finding them, and sectors that say what was written there
 *
 * Each sector holds its number, the number of the write that filled it, and words
 * that follow from both. So whatever is read tells whether it is the right sector,
 * of the right write, as a whole.
 */
#ifndef PCI_SIOV_DISK_H
#define PCI_SIOV_DISK_H

#include <linux/fs.h>
#include <sys/sysmacros.h>

#include "pci_siov_virtio.h"

#define SECTOR		512
#define SECTOR_WORDS	(SECTOR / 4)
#define MAX_SECTORS	(1024 * 1024 / SECTOR)	/* in one request */

struct disk {
	unsigned int index;	/* of the SDI */
	char name[32];		/* vda */
	char path[48];		/* /dev/vda */
	unsigned int sectors;
};

/* --- what the device says --- */

/* The next SDI from @index on that is a disk; -1 if there is none */
static inline int find_disk(const struct pf *pf, const void *regs, int index)
{
	uint32_t total = reg32(regs, REG_TOTAL);

	for (; index < (int)total; index++)
		if ((block_reg(pf, regs, index, BLK_DEVICE) & 0xffff) ==
		    TYPE_BLOCK)
			return index;
	return -1;
}

/* --- what the kernel makes of it --- */

static inline const char *disk_attr(const struct disk *disk, const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "/sys/class/block/%s/%s", disk->name, file);
	return path;
}

/* An SDI has its driver: which disk is it? */
static inline bool disk_attach(const struct pf *pf, struct disk *disk)
{
	if (!sdi_interface(pf, disk->index, "block", disk->name,
			   sizeof(disk->name)))
		return false;

	snprintf(disk->path, sizeof(disk->path), "/dev/%s", disk->name);
	disk->sectors = number(disk_attr(disk, "size"));
	return true;
}

static inline bool disk_create(const struct pf *pf, struct disk *disk,
			       unsigned int index)
{
	*disk = (struct disk) { .index = index };
	return !create_sdi(pf, index, NULL) && disk_attach(pf, disk);
}

/* Where the counters of requests are in the file "stat" */
enum {
	STAT_WRITES = 4,
	STAT_SECTORS_WRITTEN = 6,
	STAT_FLUSHES = 15,
};

static inline unsigned long long disk_stat(const struct disk *disk, int n)
{
	char buf[512], *word, *rest = buf;

	if (get_file(disk_attr(disk, "stat"), buf, sizeof(buf)))
		return 0;
	while ((word = strtok_r(rest, " ", &rest)) && n--)
		;
	return word ? strtoull(word, NULL, 10) : 0;
}

/* --- sectors --- */

static inline void sector_fill(uint32_t *words, uint32_t sector, uint32_t write)
{
	fill(words, SECTOR_WORDS, sector * 31 + write);
	words[0] = sector;
	words[1] = write;
}

/* Which write of this sector is it? -1 if it is none */
static inline long long sector_write(const uint32_t *words, uint32_t sector)
{
	uint32_t should[SECTOR_WORDS];

	sector_fill(should, sector, words[1]);
	return memcmp(should, words, SECTOR) ? -1 : (long long)words[1];
}

/* A buffer that direct I/O can be done with */
static inline void *disk_buffer(void)
{
	void *buf;

	return posix_memalign(&buf, 4096, MAX_SECTORS * SECTOR) ? NULL : buf;
}

/* 0, or an error */
static inline int disk_put(int fd, void *buf, uint32_t sector, int count,
			   uint32_t write)
{
	ssize_t len = count * SECTOR, n;
	int i;

	for (i = 0; i < count; i++)
		sector_fill((uint32_t *)buf + i * SECTOR_WORDS, sector + i, write);
	n = pwrite(fd, buf, len, (off_t)sector * SECTOR);
	return n == len ? 0 : n < 0 ? -errno : -EIO;
}

/*
 * Reads and returns how many of @count sectors are not of a write from @oldest to
 * @newest, or an error.
 */
static inline int disk_get(int fd, void *buf, uint32_t sector, int count,
			   uint32_t oldest, uint32_t newest)
{
	ssize_t len = count * SECTOR, n;
	int i, bad = 0;
	long long write;

	memset(buf, 0xee, len);
	n = pread(fd, buf, len, (off_t)sector * SECTOR);
	if (n != len)
		return n < 0 ? -errno : -EIO;
	for (i = 0; i < count; i++) {
		write = sector_write((uint32_t *)buf + i * SECTOR_WORDS,
				     sector + i);
		if (write < oldest || write > newest)
			bad++;
	}
	return bad;
}

/* The whole disk, in requests of several sizes; 0, an error or a count of bad ones */
static inline int disk_all(const struct disk *disk, int flags, uint32_t write,
			   bool read)
{
	static const int sizes[] = { 1, MAX_SECTORS, 7, 8, 64, 129, 2, 256 };
	int fd = open(disk->path, flags | O_CLOEXEC), ret = 0, i = 0, n;
	void *buf = disk_buffer();
	uint32_t at;

	if (fd < 0 || !buf)
		ret = fd < 0 ? -errno : -ENOMEM;
	for (at = 0; !ret && at < disk->sectors; at += n) {
		n = sizes[i++ % (int)ARRAY_SIZE(sizes)];
		if (n > (int)(disk->sectors - at))
			n = disk->sectors - at;
		ret = read ? disk_get(fd, buf, at, n, write, write) :
			     disk_put(fd, buf, at, n, write);
	}
	if (!ret && !read && fsync(fd))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	free(buf);
	return ret;
}

static inline int disk_write(const struct disk *disk, int flags, uint32_t write)
{
	return disk_all(disk, O_RDWR | flags, write, false);
}

static inline int disk_verify(const struct disk *disk, int flags, uint32_t write)
{
	return disk_all(disk, O_RDONLY | flags, write, true);
}

/* Nothing of it stays in the page cache */
static inline int disk_forget(const struct disk *disk)
{
	int fd = open(disk->path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = ioctl(fd, BLKFLSBUF) ? -errno : 0;
	close(fd);
	return ret;
}

/* --- writers that go on until they are told to stop, or cannot --- */

#define SLICE	64	/* sectors of a writer: few, so that each is written often */

struct writer {
	pthread_t thread;
	const struct disk *disk;
	uint32_t first;			/* sector */
	int flags;
	bool stop;
	int error;
	uint32_t rounds;		/* that were synced without an error */
	uint32_t tried[SLICE];		/* last write of each sector that was begun */
	uint32_t synced[SLICE];		/* and that is on the disk for sure */
};

static inline uint32_t writer_rounds(const struct writer *w)
{
	return __atomic_load_n(&w->rounds, __ATOMIC_RELAXED);
}

/* Write some sectors here and there, and sync them; 0 or an error */
static inline int writer_round(struct writer *w, int fd, void *buf,
			       uint32_t write)
{
	int at, n, i, ret;

	for (at = write % 3; at < SLICE; at += n + 1) {
		n = 1 + (at + write) % 11;
		if (n > SLICE - at)
			n = SLICE - at;
		for (i = at; i < at + n; i++)
			w->tried[i] = write;
		ret = disk_put(fd, buf, w->first + at, n, write);
		if (ret)
			return ret;
	}
	if (fsync(fd))
		return -errno;

	memcpy(w->synced, w->tried, sizeof(w->synced));
	return 0;
}

static void *writer_run(void *data)
{
	struct writer *w = data;
	int fd = open(w->disk->path, O_RDWR | O_CLOEXEC | w->flags);
	void *buf = disk_buffer();
	uint32_t write = w->tried[0];

	w->error = fd < 0 ? -errno : buf ? 0 : -ENOMEM;
	while (!w->error && !__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		w->error = writer_round(w, fd, buf, ++write);
		if (!w->error)
			__atomic_add_fetch(&w->rounds, 1, __ATOMIC_RELAXED);
	}
	if (fd >= 0)
		close(fd);
	free(buf);
	return NULL;
}

/* The disk is filled by write @write; writer @n has its own part of it */
static inline bool writer_start(struct writer *w, const struct disk *disk, int n,
				uint32_t write, int flags)
{
	int i;

	*w = (struct writer) {
		.disk = disk,
		.first = n * SLICE,
		.flags = flags,
	};
	for (i = 0; i < SLICE; i++)
		w->tried[i] = write;
	memcpy(w->synced, w->tried, sizeof(w->synced));
	return !pthread_create(&w->thread, NULL, writer_run, w);
}

/* Until it has done @more rounds, or cannot; false if neither comes */
static inline bool writer_wait(const struct writer *w, uint32_t more)
{
	uint32_t enough = writer_rounds(w) + more;
	double end = now() + 30;

	while (writer_rounds(w) < enough &&
	       !__atomic_load_n(&w->error, __ATOMIC_RELAXED)) {
		if (now() > end)
			return false;
		usleep(1000);
	}
	return true;
}

/* It ends with the round that it is in */
static inline void writer_tell(struct writer *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
}

/* False if it hangs; then its memory has to stay */
static inline bool writer_stop(struct writer *w)
{
	struct timespec end;

	writer_tell(w);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 30;
	return !pthread_timedjoin_np(w->thread, NULL, &end);
}

/*
 * How many sectors of a writer have neither what was synced nor anything later. A
 * page may change while it is written from the cache, so what was not synced there
 * can be half old and half new.
 */
static inline int writer_lost(const struct writer *w)
{
	int fd = open(w->disk->path, O_RDONLY | O_DIRECT | O_CLOEXEC), i, bad = 0;
	void *buf = disk_buffer();

	for (i = 0; i < SLICE; i++)
		if (w->flags & O_DIRECT || w->tried[i] == w->synced[i])
			bad += !!disk_get(fd, buf, w->first + i, 1,
					  w->synced[i], w->tried[i]);
	close(fd);
	free(buf);
	return bad;
}

#endif /* PCI_SIOV_DISK_H */
