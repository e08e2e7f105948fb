/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the SIOV tests know of PCI on their own: they read configuration space
 * and decode it themselves, so that they do not ask the kernel whether the
 * kernel is right.
 */
#ifndef PCI_SIOV_UTIL_H
#define PCI_SIOV_UTIL_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PCI_DEVICES	"/sys/bus/pci/devices"
#define MAX_FUNCTIONS	256
#define CONFIG_SIZE	4096

/* The registers, by number: the headers may not have them yet. */
#define EXT_CAP_ID_SRIOV	0x10
#define EXT_CAP_ID_SIOV		0x38
#define SIOV_SIZE		0x10

struct function {
	char name[16];			/* 0000:01:00.0 */
	uint32_t domain;
	uint16_t rid;
	uint8_t config[CONFIG_SIZE];
	ssize_t size;			/* bytes of config that were read */
};

/* Capability 0x38 as it stands in configuration space. */
struct siov {
	uint32_t capabilities;
	uint16_t total;
	uint8_t status;
	uint16_t offset;
	uint16_t stride;
};

static inline uint16_t get16(const struct function *f, unsigned int pos)
{
	return f->config[pos] | f->config[pos + 1] << 8;
}

static inline uint32_t get32(const struct function *f, unsigned int pos)
{
	return get16(f, pos) | (uint32_t)get16(f, pos + 2) << 16;
}

static inline bool exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/* The whole file, as a string; -errno if it cannot be read */
static inline int get_file(const char *path, char *buf, size_t size)
{
	ssize_t n, len = 0;
	int fd;

	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	if (n < 0)
		len = -errno;
	close(fd);
	if (len < 0)
		return len;
	buf[len] = '\0';
	return 0;
}

static inline int put_file(const char *path, const char *str)
{
	int fd, ret = 0;

	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	if (write(fd, str, strlen(str)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static inline long long number(const char *path)
{
	char buf[64], *end;
	long long value;
	int ret;

	ret = get_file(path, buf, sizeof(buf));
	if (ret)
		return ret;
	value = strtoll(buf, &end, 0);
	return end == buf ? -EINVAL : value;
}

/* The file's first line, without its newline; -errno if there is none */
static inline int read_line(const char *path, char *buf, size_t size)
{
	int ret = get_file(path, buf, size);

	if (!ret)
		buf[strcspn(buf, "\n")] = '\0';
	return ret;
}

static inline void function_path(char *buf, size_t size,
				 const struct function *f, const char *file)
{
	snprintf(buf, size, PCI_DEVICES "/%s/%s", f->name, file);
}

static inline int read_attr(const struct function *f, const char *file,
			    char *buf, size_t size)
{
	char path[256];

	function_path(path, sizeof(path), f, file);
	return read_line(path, buf, size);
}

static inline int write_attr(const struct function *f, const char *file,
			     const char *str)
{
	char path[256];

	function_path(path, sizeof(path), f, file);
	return put_file(path, str);
}

/* The attribute as a number, whatever its base; -errno where it is none. */
static inline long long read_number(const struct function *f, const char *file)
{
	char path[256];

	function_path(path, sizeof(path), f, file);
	return number(path);
}

static inline bool has_siov_dir(const struct function *f)
{
	char path[256];

	function_path(path, sizeof(path), f, "siov");
	return exists(path);
}

static inline int read_function(struct function *f, const char *name)
{
	unsigned int domain, bus, dev, fn;
	char path[256];
	int fd;

	if (sscanf(name, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return -EINVAL;
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->domain = domain;
	f->rid = bus << 8 | dev << 3 | fn;
	function_path(path, sizeof(path), f, "config");
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	f->size = read(fd, f->config, sizeof(f->config));
	close(fd);
	return f->size < 64 ? -EIO : 0;
}

/*
 * Every function of the machine; the number of them. The list has room for
 * one more than @max, whose empty name ends it.
 */
static inline int read_functions(struct function *list, int max)
{
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	dir = opendir(PCI_DEVICES);
	if (!dir)
		return -errno;
	while (n < max && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (!read_function(&list[n], entry->d_name))
			n++;
	}
	closedir(dir);
	list[n].name[0] = '\0';
	return n;
}

/* The first PF at or after @f, by what the kernel says; NULL if there is none. */
static inline struct function *find_siov_function(struct function *f)
{
	for (; f->name[0]; f++) {
		if (has_siov_dir(f))
			return f;
	}
	return NULL;
}

/* The capability with this ID, 0 if there is none. */
static inline unsigned int find_cap(const struct function *f, uint8_t id)
{
	unsigned int pos = f->config[0x34] & ~3, left = 48;

	while (pos >= 0x40 && left--) {
		if (f->config[pos] == id)
			return pos;
		pos = f->config[pos + 1] & ~3;
	}
	return 0;
}

/* The n-th extended capability with this ID (from 0), 0 if there is none. */
static inline unsigned int find_nth_ext_cap(const struct function *f,
					    uint16_t id, unsigned int n)
{
	unsigned int pos = 0x100, left = (CONFIG_SIZE - 0x100) / 8;

	while (pos >= 0x100 && pos + 4 <= (unsigned int)f->size && left--) {
		uint32_t header = get32(f, pos);

		if (!header || header == 0xffffffff)
			break;
		if ((header & 0xffff) == id && !n--)
			return pos;
		pos = header >> 20 & 0xffc;
	}
	return 0;
}

static inline unsigned int find_ext_cap(const struct function *f, uint16_t id)
{
	return find_nth_ext_cap(f, id, 0);
}

/*
 * Does @f have a SIOV capability that describes at least one SDI? The rules are
 * those of Documentation/PCI/siov-howto.rst.
 */
static inline bool decode_siov(const struct function *f, struct siov *s)
{
	unsigned int pos = find_ext_cap(f, EXT_CAP_ID_SIOV);
	unsigned int other = find_nth_ext_cap(f, EXT_CAP_ID_SIOV, 1);

	if (!pos || pos + SIOV_SIZE > (unsigned int)f->size)
		return false;
	if (f->config[0x0e] & 0x7f)		/* Type 0 functions only */
		return false;
	if (other && other != pos)		/* which of them is true? */
		return false;
	s->capabilities = get32(f, pos + 0x04);
	s->total = get16(f, pos + 0x08);
	s->status = f->config[pos + 0x0b];
	s->offset = get16(f, pos + 0x0c);
	s->stride = get16(f, pos + 0x0e);
	return s->total && s->offset && (s->stride || s->total == 1);
}

static inline uint32_t strided_rid(const struct function *f,
				   const struct siov *s, uint32_t n)
{
	return f->rid + (uint32_t)s->offset + n * (uint32_t)s->stride;
}

/* The bridge above @f, or NULL where @f is on a root bus. */
static inline const struct function *bridge_above(const struct function *list,
						  int n, const struct function *f)
{
	int i;

	for (i = 0; i < n; i++) {
		const struct function *b = &list[i];

		if (b->domain == f->domain && (b->config[0x0e] & 0x7f) == 1 &&
		    b->config[0x19] == f->rid >> 8)
			return b;
	}
	return NULL;
}

static inline bool is_function(const struct function *list, int n,
			       uint32_t domain, uint32_t rid)
{
	int i;

	for (i = 0; i < n; i++) {
		if (list[i].domain == domain && list[i].rid == rid)
			return true;
	}
	return false;
}

/*
 * How many SDIs of @f can work: their bus number reaches @f, and no function
 * has their RID.
 */
static inline uint32_t sdis_within(const struct function *list, int nr,
				   const struct function *f,
				   const struct siov *s, uint8_t last_bus)
{
	uint32_t n, rid, usable = 0;

	for (n = 0; n < s->total; n++) {
		rid = strided_rid(f, s, n);
		if (rid >> 8 <= last_bus &&
		    !is_function(list, nr, f->domain, rid))
			usable++;
	}
	return usable;
}

#endif /* PCI_SIOV_UTIL_H */
