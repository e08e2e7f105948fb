/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of SDIs share: finding the PF, creating and destroying SDIs
 * through sysfs, and the engine of the emulated device in debugfs
 */
#ifndef PCI_SIOV_SDI_H
#define PCI_SIOV_SDI_H

#include <time.h>

#include "pci_siov_util.h"

/* The machine is emulated, and its kernel may be full of checks */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	300

/*
 * A kernel full of checks is several times slower. Whoever runs the tests on one
 * says how many times in SIOV_TIME_FACTOR, and every time limit grows with it.
 */
static inline int time_factor(void)
{
	const char *factor = getenv("SIOV_TIME_FACTOR");

	return factor && atoi(factor) > 1 ? atoi(factor) : 1;
}

static inline void scale_time_limits(void)
{
	struct __fixture_metadata *f;
	struct __test_metadata *t;

	for (f = __fixture_list; f; f = f->next)
		for (t = f->tests; t; t = t->next)
			t->timeout *= time_factor();
}

static int scaled_harness_run(int argc, char **argv)
{
	scale_time_limits();
	return test_harness_run(argc, argv);
}

/* What TEST_HARNESS_MAIN calls */
#define test_harness_run scaled_harness_run

#define SDI_DEVICES	"/sys/bus/pci_sdi/devices"
#define PF_DRIVER	"pci-siov-test"
#define SDI_DRIVER	"pci-sdi-test"
#define NO_PF		"no SIOV PF has driver " PF_DRIVER ", and SIOV_PF names none"
#define NEEDS_EMULATED	"needs the emulated SIOV device and its driver"
#define ENGINES		"/sys/kernel/debug/pci_siov_test"
#define BUFFER_SIZE	8192

/* Counters of the device, see its description */
enum {
	CNT_CFG_READ_PF = 0,
	CNT_CFG_WRITE_PF = 1,
	CNT_CFG_READ_SDI = 2,
	CNT_CFG_WRITE_SDI = 3,
	CNT_SDI_DMA = 4,
	CNT_SDI_DMA_BYTES = 5,
	CNT_FAULT = 10,
	CNT_ENABLE = 13,
	CNT_DISABLE = 14,
	CNT_SDI_RESET = 15,
	CNT_REFUSED = 17,
	CNT_RID_DUP = 19,
	CNT_TOO_EARLY = 20,
	CNT_DROP_FIRST = 25,
	CNT_DROP_WINDOW = 30,
	NUM_COUNTERS = 33,
};

/* What its user says of the device where it is not as usual */
static inline int layout(const char *name, int usual)
{
	const char *value = getenv(name);

	return value ? strtol(value, NULL, 0) : usual;
}

/* Messages of the first SDI */
#define VECTORS		layout("SIOV_VECTORS", 4)
#define MAX_VECTORS	64

/* RESULT of an engine */
enum {
	RESULT_NONE = 0,
	RESULT_OK = 1,
	RESULT_BUSY = 2,
	RESULT_DROPPED = 3,
	RESULT_FAULT = 4,
	RESULT_ABORTED = 5,
};

struct pf {
	char name[16];
	unsigned int domain;
	uint16_t rid;
	unsigned int total;
	unsigned int usable;
	unsigned int offset;
	unsigned int stride;
};

/* Last element of what a link points to; "" if there is none */
static inline const char *link_target(const char *path, char *buf, size_t size)
{
	ssize_t n = readlink(path, buf, size - 1);
	char *slash;

	buf[n < 0 ? 0 : n] = '\0';
	slash = strrchr(buf, '/');
	return slash ? slash + 1 : buf;
}

static inline const char *pf_path(const struct pf *pf, const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", pf->name, file);
	return path;
}

static inline long long pf_number(const struct pf *pf, const char *file)
{
	return number(pf_path(pf, file));
}

static inline int pf_put(const struct pf *pf, const char *file, const char *str)
{
	return put_file(pf_path(pf, file), str);
}

static inline void pf_refresh(struct pf *pf)
{
	pf->total = pf_number(pf, "siov/total_sdis");
	pf->usable = pf_number(pf, "siov/usable_sdis");
	pf->offset = pf_number(pf, "siov/first_offset");
	pf->stride = pf_number(pf, "siov/stride");
}

/* The emulated device has two personalities, with a driver each */
static inline const char *pf_driver(void)
{
	return getenv("SIOV_PF_DRIVER") ?: PF_DRIVER;
}

/*
 * Is it a PF whose driver can create SDIs? A PF that the user names in SIOV_PF
 * can have any driver.
 */
static inline bool is_pf(const struct pf *pf)
{
	char buf[256];
	const char *driver;

	driver = link_target(pf_path(pf, "driver"), buf, sizeof(buf));
	if (!exists(pf_path(pf, "siov/sdi_new")) || !*driver)
		return false;

	return getenv("SIOV_PF") || !strcmp(driver, pf_driver());
}

/* $SIOV_PF, or the first PF; @pf is left alone if there is none */
static inline bool find_pf(struct pf *pf)
{
	const char *wanted = getenv("SIOV_PF");
	unsigned int bus, dev, fn;
	struct dirent *entry;
	struct pf it = { };
	bool found = false;
	DIR *dir;

	dir = opendir(PCI_DEVICES);
	if (!dir)
		return false;

	while (!found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) > 15 ||
		    (wanted && strcmp(wanted, entry->d_name)))
			continue;
		strcpy(it.name, entry->d_name);
		found = is_pf(&it) && sscanf(it.name, "%x:%x:%x.%x", &it.domain,
					     &bus, &dev, &fn) == 4;
	}
	closedir(dir);
	if (!found)
		return false;

	it.rid = bus << 8 | dev << 3 | fn;
	pf_refresh(&it);
	*pf = it;
	return pf->usable > 0;
}

/*
 * SIOV_EXPECT describes the machine, in words separated by commas. The kernel is
 * what the tests are about, so they do not ask it. One of these says what stands
 * between SDIs and memory:
 *
 * isolated	each SDI has an IOMMU domain and a group of its own
 * shared-group	all are in the domain of the PF, as nothing keeps them apart
 * identity	there is an IOMMU, and it lets addresses pass as they are
 * untranslated	there is no IOMMU
 * refused	there is an IOMMU that cannot translate SDIs: there must be none
 *
 * More words: "lazy" if memory can be reached for a moment after it was unmapped,
 * "remapping" if an interrupt arrives with the Routing ID of its owner only,
 * "strided" and "software" for the ways in which SDIs get their Routing IDs,
 * "high-iova" if DMA addresses are above 4 GiB.
 */
static inline bool machine_is_described(void)
{
	const char *words = getenv("SIOV_EXPECT");

	return words && *words;
}

static inline bool expected(const char *word)
{
	const char *words = getenv("SIOV_EXPECT") ?: "";
	size_t len;

	for (; *words; words += words[len] ? len + 1 : len) {
		len = strcspn(words, ",");
		if (len == strlen(word) && !strncmp(words, word, len))
			return true;
	}
	return false;
}

static inline bool translation_expected(void)
{
	return expected("isolated") || expected("shared-group");
}

static inline int create(const struct pf *pf, const char *what)
{
	return pf_put(pf, "siov/sdi_new", what);
}

static inline int delete_sdi(const struct pf *pf, unsigned int index)
{
	char buf[16];

	snprintf(buf, sizeof(buf), "%u", index);
	return pf_put(pf, "siov/sdi_delete", buf);
}

static inline int create_sdi(const struct pf *pf, unsigned int index,
			     const char *more)
{
	char buf[128];

	snprintf(buf, sizeof(buf), "%u %s", index, more ?: "");
	return create(pf, buf);
}

static inline bool sdi_exists(const struct pf *pf, unsigned int index)
{
	char file[32];

	snprintf(file, sizeof(file), "siov/sdi%u", index);
	return exists(pf_path(pf, file));
}

static inline const char *sdi_path(const struct pf *pf, unsigned int index,
				   const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/siov/sdi%u/%s", pf->name,
		 index, file);
	return path;
}

static inline const char *sdi_name(const struct pf *pf, unsigned int index,
				   char *buf, size_t size)
{
	char file[32];

	snprintf(file, sizeof(file), "siov/sdi%u", index);
	return link_target(pf_path(pf, file), buf, size);
}

/* Strided Routing ID, by the capability */
static inline uint16_t sdi_rid(const struct pf *pf, unsigned int index)
{
	return pf->rid + pf->offset + index * pf->stride;
}

static inline void rid_name(const struct pf *pf, uint16_t rid, char *buf,
			    size_t size)
{
	snprintf(buf, size, "%04x:%02x:%02x.%x", pf->domain, rid >> 8,
		 rid >> 3 & 0x1f, rid & 7);
}

/* Indices of the SDIs that exist */
static inline int list_sdis(const struct pf *pf, unsigned int *list, int max)
{
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	dir = opendir(pf_path(pf, "siov"));
	if (!dir)
		return 0;
	while (n < max && (entry = readdir(dir)))
		if (sscanf(entry->d_name, "sdi%u", &list[n]) == 1)
			n++;
	closedir(dir);
	return n;
}

static inline void delete_all(const struct pf *pf)
{
	unsigned int list[256];
	int i, n;

	while ((n = list_sdis(pf, list, 256)) > 0)
		for (i = 0; i < n; i++)
			delete_sdi(pf, list[i]);
}

/* What can be done without: a device that needs software to choose, an IOMMU */
static inline bool can_create(const struct pf *pf)
{
	if (create(pf, "any"))
		return false;
	delete_all(pf);
	return true;
}

static inline int bus_write(const char *bus, const char *driver,
			    const char *file, const char *device)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s/%s", bus, driver,
		 file);
	return put_file(path, device);
}

static inline const char *engine_path(const char *device, const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), ENGINES "/%s/%s", device, file);
	return path;
}

/*
 * Has the PF the engines and counters of the emulated device, by its driver? Any
 * other has SDIs all the same.
 */
static inline bool is_emulated(const struct pf *pf)
{
	return exists(engine_path(pf->name, "counters"));
}

/* A PF for tests that look into the device, or let it do DMA and interrupt */
static inline bool find_emulated_pf(struct pf *pf)
{
	return find_pf(pf) && is_emulated(pf);
}

/*
 * The driver that gets an SDI by its IDs: SIOV_SDI_DRIVER, or that of the emulated
 * SDIs if it is there; NULL if nobody says
 */
static inline const char *sdi_driver(void)
{
	const char *name = getenv("SIOV_SDI_DRIVER");

	if (name)
		return name;

	return exists("/sys/bus/pci_sdi/drivers/" SDI_DRIVER) ? SDI_DRIVER :
								NULL;
}

static inline int counters(const struct pf *pf, unsigned long long *cnt)
{
	char buf[2048], *line = buf;
	int i, n, ret;

	ret = get_file(engine_path(pf->name, "counters"), buf, sizeof(buf));
	if (ret)
		return ret;
	for (i = 0; i < NUM_COUNTERS; i++) {
		if (sscanf(line, "%d %llu", &n, &cnt[i]) != 2 || n != i)
			return -EINVAL;
		line = strchr(line, '\n');
		if (!line)
			return -EINVAL;
		line++;
	}
	return 0;
}

/* Those that are not zero, for who compares them with something else */
static inline const char *counters_text(const unsigned long long *cnt)
{
	static char text[1024];
	int i, len = 0;

	for (i = 0; i < NUM_COUNTERS; i++)
		if (cnt[i])
			len += snprintf(text + len, sizeof(text) - len,
					" %d=%llu", i, cnt[i]);
	return text;
}

/* A controller with this prefix to its name is what interrupts come by */
static inline bool irqs_come_by(const char *prefix)
{
	char buf[65536];

	return !get_file("/proc/interrupts", buf, sizeof(buf)) &&
	       strstr(buf, prefix);
}

/* The IOMMU that the PF is behind has this prefix to its name */
static inline bool iommu_is(const struct pf *pf, const char *prefix)
{
	char link[256];

	return !strncmp(link_target(pf_path(pf, "iommu"), link, sizeof(link)),
			prefix, strlen(prefix));
}

static inline double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

#endif /* PCI_SIOV_SDI_H */
