// SPDX-License-Identifier: GPL-2.0
/*
 * Some SDIs, one more among them, and all gone: time, memory and accesses to
 * configuration space. The VFs of the same device beside them.
 */
#include "bench.h"

#define ONE_MORE	17	/* How often one more is created, for a median */
#define ENOUGH		4096	/* Of fewer, what else comes and goes is as much memory */

static struct pf pf;

static unsigned long long config_accesses(void)
{
	unsigned long long cnt[NUM_COUNTERS];

	must(counters(&pf, cnt), "counters");
	return cnt[CNT_CFG_READ_PF] + cnt[CNT_CFG_WRITE_PF] +
	       cnt[CNT_CFG_READ_SDI] + cnt[CNT_CFG_WRITE_SDI];
}

static long long meminfo(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	if (!line)
		die(name, -ENOENT);
	return atoll(line + strlen(name)) * 1024;
}

struct memory {
	long long used;
	long long slab;		/* small objects of the kernel */
	long long tables;	/* pages of an IOMMU's page tables */
};

/* What is not free; what is only cached is dropped first */
static struct memory memory_now(void)
{
	char buf[8192];

	must(put_file("/proc/sys/vm/drop_caches", "3"), "drop_caches");
	must(get_file("/proc/meminfo", buf, sizeof(buf)), "meminfo");
	return (struct memory) {
		.used = meminfo(buf, "MemTotal:") - meminfo(buf, "MemFree:"),
		.slab = meminfo(buf, "Slab:"),
		.tables = meminfo(buf, "SecPageTables:"),
	};
}

static void tell_memory(const char *of, const struct memory *before, unsigned int n)
{
	struct memory after = memory_now();

	tell(of, "bytes", (double)(after.used - before->used) / n);
	tell(of, "slab", (double)(after.slab - before->slab) / n);
	tell(of, "tables", (double)(after.tables - before->tables) / n);
}

/* Files, directories and links of sysfs below @path, with itself */
static unsigned int entries_below(const char *path)
{
	char below[512];
	struct dirent *entry;
	unsigned int n = 1;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return n;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "%.200s/%s", path, entry->d_name);
		n += entry->d_type == DT_DIR ? entries_below(below) : 1;
	}
	closedir(dir);
	return n;
}

static void create_some(unsigned int first, unsigned int last)
{
	for (; first < last; first++)
		must(create_sdi(&pf, first, "driver_override=none"), "sdi_new");
}

static void destroy_some(unsigned int first, unsigned int last)
{
	for (; first < last; first++)
		must(delete_sdi(&pf, first), "sdi_delete");
}

static void one_more(const char *of, unsigned int index)
{
	struct samples up = { }, down = { };
	double start;
	int i;

	for (i = 0; i < ONE_MORE; i++) {
		start = now();
		create_some(index, index + 1);
		sample(&up, now() - start);
		start = now();
		destroy_some(index, index + 1);
		sample(&down, now() - start);
	}
	tell_median(of, "one_more_us", &up);
	tell_median(of, "one_less_us", &down);
}

static void bench_sdis(unsigned int n)
{
	unsigned long long config = config_accesses();
	struct memory before = memory_now();
	double start, took;
	char of[16];

	snprintf(of, sizeof(of), "sdi.%u", n);
	start = now();
	create_some(0, n);
	took = now() - start;
	tell(of, "create_us", took / n * 1e6);
	tell(of, "config", (double)(config_accesses() - config) / n);
	if (n >= ENOUGH) {
		tell_memory(of, &before, n);
		tell(of, "entries", entries_below(sdi_path(&pf, 0, "")));
	}

	one_more(of, n);

	start = now();
	destroy_some(0, n);
	tell(of, "destroy_us", (now() - start) / n * 1e6);
}

static void bench_own_vfs(unsigned int n)
{
	unsigned long long config = config_accesses();
	char of[16];

	snprintf(of, sizeof(of), "vf.%u", n);
	bench_vfs_of(pf.name, of, n);
	tell(of, "config_pf", (double)(config_accesses() - config) / n);
}

static void begin(void)
{
	if (!find_emulated_pf(&pf))
		die("no emulated PF", -ENODEV);
	/* What is done once for all */
	create_some(0, 1);
	destroy_some(0, 1);
}

void bench_many(void)
{
	begin();
	bench_sdis(pf.usable - 1);
}

void bench_create(void)
{
	static const unsigned int counts[] = { 16, 256, 4096 };
	long long vfs;
	unsigned int i;

	begin();
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		if (counts[i] < pf.usable)
			bench_sdis(counts[i]);
	vfs = pf_number(&pf, "sriov_totalvfs");
	if (vfs < 16)
		return;
	bench_own_vfs(16);
	bench_own_vfs(vfs);
}
