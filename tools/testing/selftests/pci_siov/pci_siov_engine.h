/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The DMA engine of an SDI, or of its PF, as the test driver shows it in debugfs
 */
#ifndef PCI_SIOV_ENGINE_H
#define PCI_SIOV_ENGINE_H

#include <stdarg.h>

#include "pci_siov_sdi.h"

struct engine {
	char name[64];
};

struct result {
	unsigned int code;
	unsigned int cause;
	unsigned int bytes;
	unsigned long long sum;
	unsigned int count;
};

static inline struct engine engine_of(const struct pf *pf, unsigned int index)
{
	struct engine e;
	char link[256];

	snprintf(e.name, sizeof(e.name), "%.63s",
		 sdi_name(pf, index, link, sizeof(link)));
	return e;
}

static inline int command(const struct engine *e, const char *fmt, ...)
{
	char line[96];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return put_file(engine_path(e->name, "command"), line);
}

static inline unsigned long long iova(const struct engine *e)
{
	char buf[64];

	if (get_file(engine_path(e->name, "iova"), buf, sizeof(buf)))
		return 0;
	return strtoull(buf, NULL, 0);
}

static inline int result(const struct engine *e, struct result *r)
{
	char buf[128];
	int ret;

	memset(r, 0, sizeof(*r));
	ret = get_file(engine_path(e->name, "result"), buf, sizeof(buf));
	if (ret)
		return ret;
	return sscanf(buf, "%u %u %u %llu %u", &r->code, &r->cause, &r->bytes,
		      &r->sum, &r->count) == 5 ? 0 : -EINVAL;
}

static inline int buffer_set(const struct engine *e, uint32_t pattern)
{
	uint32_t words[BUFFER_SIZE / 4];
	unsigned int i;
	int fd, ret;

	for (i = 0; i < BUFFER_SIZE / 4; i++)
		words[i] = pattern;
	fd = open(engine_path(e->name, "buffer"), O_WRONLY);
	if (fd < 0)
		return -errno;
	ret = write(fd, words, sizeof(words)) == sizeof(words) ? 0 : -EIO;
	close(fd);
	return ret;
}

/* Words from @first to @last - 1 are @pattern */
static inline bool buffer_is(const struct engine *e, unsigned int first,
			     unsigned int last, uint32_t pattern)
{
	uint32_t words[BUFFER_SIZE / 4];
	bool same = true;
	int fd;

	fd = open(engine_path(e->name, "buffer"), O_RDONLY);
	if (fd < 0)
		return false;
	if (read(fd, words, sizeof(words)) != sizeof(words))
		same = false;
	close(fd);
	for (; same && first < last; first++)
		same = words[first] == pattern;
	return same;
}

static inline bool has_identity_domain(const struct pf *pf, unsigned int index)
{
	char buf[32];

	return !get_file(sdi_path(pf, index, "iommu_group/type"), buf,
			 sizeof(buf)) && !strcmp(buf, "identity\n");
}

static inline bool iommu_translates(const struct pf *pf, unsigned int index)
{
	char buf[32];

	if (get_file(sdi_path(pf, index, "iommu_group/type"), buf, sizeof(buf)))
		return false;
	return !strncmp(buf, "DMA", 3);
}

/* Are mappings gone with the unmapping, or a moment later? */
static inline bool unmapped_at_once(const struct pf *pf, unsigned int index)
{
	char buf[32];

	if (get_file(sdi_path(pf, index, "iommu_group/type"), buf, sizeof(buf)))
		return false;
	return !strcmp(buf, "DMA\n");
}

static inline bool in_group_of_pf(const struct pf *pf, unsigned int index)
{
	char sdi[256], group[256];
	const char *name;

	name = link_target(pf_path(pf, "iommu_group"), group, sizeof(group));
	return *name && !strcmp(name, link_target(sdi_path(pf, index,
							   "iommu_group"),
						  sdi, sizeof(sdi)));
}

/* Does the kernel say of SDI @index what SIOV_EXPECT says of the machine? */
static inline bool isolation_is_as_expected(const struct pf *pf,
					    unsigned int index)
{
	bool translated = iommu_translates(pf, index);
	bool shared = in_group_of_pf(pf, index);
	char type[32] = "none";
	bool ok;

	ok = translated == translation_expected() &&
	     has_identity_domain(pf, index) == expected("identity") &&
	     exists(sdi_path(pf, index, "iommu_group")) !=
			expected("untranslated") &&
	     shared == expected("shared-group") &&
	     (!translated || unmapped_at_once(pf, index) != expected("lazy"));
	if (!ok) {
		read_line(sdi_path(pf, index, "iommu_group/type"), type,
			  sizeof(type));
		printf("# SDI %u: IOMMU domain %s, group %s; SIOV_EXPECT=%s\n",
		       index, type, shared ? "of the PF" : "of its own",
		       getenv("SIOV_EXPECT") ?: "");
	}
	return ok;
}

#endif /* PCI_SIOV_ENGINE_H */
