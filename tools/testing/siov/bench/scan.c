// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs to find a PF: accesses to its configuration space from power on to
 * here, and accesses and time of a removal and a scan. The driver of the PF is not
 * in the way: the counters are read as the device shows them.
 */
#include <sys/mman.h>

#include "bench.h"

#define SCANS		9
#define COUNTERS	0x100

static struct function device;

static bool is_emulated_device(const char *name)
{
	struct function f = { };

	snprintf(f.name, sizeof(f.name), "%.15s", name);
	if (read_number(&f, "vendor") != 0x1234 || read_number(&f, "device") != 0x5107)
		return false;
	device = f;
	return true;
}

/* By sysfs alone, for each access to its configuration space counts */
static void find_device(void)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	dir = opendir(PCI_DEVICES);
	if (!dir)
		die(PCI_DEVICES, -errno);
	while (!found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.' && is_emulated_device(entry->d_name);
	closedir(dir);
	if (!found)
		die("no emulated device", -ENODEV);
}

static unsigned long long config_accesses(void)
{
	unsigned long long sum;
	uint32_t *regs;
	char path[256];
	int fd;

	function_path(path, sizeof(path), &device, "resource0");
	fd = must(open(path, O_RDWR | O_SYNC), "resource0");
	regs = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (regs == MAP_FAILED)
		die("resource0", -errno);
	sum = peek(&regs[COUNTERS / 4 + 2 * CNT_CFG_READ_PF]) +
	      peek(&regs[COUNTERS / 4 + 2 * CNT_CFG_WRITE_PF]);
	munmap(regs, 4096);
	close(fd);
	return sum;
}

static void enable(void)
{
	must(write_attr(&device, "enable", "1"), "enable");
}

/* In seconds */
static double scan(void)
{
	double start, took;

	must(write_attr(&device, "remove", "1"), "remove");
	start = now();
	must(put_file("/sys/bus/pci/rescan", "1"), "rescan");
	took = now() - start;
	enable();
	return took;
}

/* The best of some: what disturbs makes it slower, nothing makes it faster */
void bench_scan(void)
{
	unsigned long long before;
	double took, best = 1e9;
	int i;

	find_device();
	enable();
	before = config_accesses();
	tell("boot", "config", before);
	for (i = 0; i < SCANS; i++) {
		took = scan();
		best = took < best ? took : best;
	}
	tell("scan", "config", (double)(config_accesses() - before) / SCANS);
	tell("scan", "us", best * 1e6);
}
