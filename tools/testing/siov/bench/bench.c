// SPDX-License-Identifier: GPL-2.0
/*
 * What SDIs and VFs cost, measured in the guest: "bench: NAME VALUE" a line
 *
 * bench PF: the PF of the emulated device, by its address. Its counters say how
 * many accesses to configuration space there were.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ONE_MORE	17	/* How often one more is created, for a median */
#define NUM_CONFIG	4	/* Counters of accesses to configuration space */

static const char *pf;

static void die(const char *what)
{
	printf("bench: error %s: %s\n", what, strerror(errno));
	exit(1);
}

static const char *path_of(const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", pf, file);
	return path;
}

static void put(const char *file, const char *fmt, ...)
{
	char text[64];
	va_list ap;
	int fd, len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fd = open(path_of(file), O_WRONLY);
	if (fd < 0 || write(fd, text, len) != len)
		die(path_of(file));
	close(fd);
}

static long number(const char *file)
{
	FILE *f = fopen(path_of(file), "r");
	long n = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static long config_accesses(void)
{
	unsigned long long value;
	long sum = 0;
	char path[256];
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "/sys/kernel/debug/pci_siov_test/%s/counters", pf);
	f = fopen(path, "r");
	if (!f)
		die(path);
	while (fscanf(f, "%d %llu", &n, &value) == 2)
		if (n < NUM_CONFIG)
			sum += value;
	fclose(f);
	return sum;
}

/* KiB that are not free; what is only cached is dropped first */
static long used_kib(void)
{
	long total = 0, available = 0;
	char line[128];
	FILE *f;
	int fd;

	fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	if (fd >= 0) {
		if (write(fd, "3", 1) != 1)
			die("drop_caches");
		close(fd);
	}
	f = fopen("/proc/meminfo", "r");
	if (!f)
		die("meminfo");
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "MemTotal: %ld", &total);
		sscanf(line, "MemFree: %ld", &available);
	}
	fclose(f);
	return total - available;
}

static void create(long first, long last)
{
	for (long i = first; i < last; i++)
		put("siov/sdi_new", "%ld driver_override=none", i);
}

static void destroy(long first, long last)
{
	for (long i = first; i < last; i++)
		put("siov/sdi_delete", "%ld", i);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *list, int n)
{
	qsort(list, n, sizeof(*list), compare);
	return list[n / 2];
}

static void bench_sdis(long n)
{
	long config = config_accesses(), kib = used_kib();
	double start, created, destroyed;
	double up[ONE_MORE], down[ONE_MORE];

	start = now();
	create(0, n);
	created = now() - start;
	config = config_accesses() - config;
	kib = used_kib() - kib;

	for (int i = 0; i < ONE_MORE; i++) {
		start = now();
		create(n, n + 1);
		up[i] = now() - start;
		start = now();
		destroy(n, n + 1);
		down[i] = now() - start;
	}

	start = now();
	destroy(0, n);
	destroyed = now() - start;

	printf("bench: sdi.%ld.create_us %.1f\n", n, created / n * 1e6);
	printf("bench: sdi.%ld.destroy_us %.1f\n", n, destroyed / n * 1e6);
	printf("bench: sdi.%ld.one_more_us %.1f\n", n, median(up, ONE_MORE) * 1e6);
	printf("bench: sdi.%ld.one_less_us %.1f\n", n, median(down, ONE_MORE) * 1e6);
	printf("bench: sdi.%ld.config %.2f\n", n, (double)config / n);
	/* Of fewer, what else comes and goes is as much */
	if (n >= 4096)
		printf("bench: sdi.%ld.bytes %.0f\n", n, kib * 1024.0 / n);
}

/* All at once is the only way there is */
static void bench_vfs(long n)
{
	long config = config_accesses();
	double start = now(), up, down;

	put("sriov_numvfs", "%ld", n);
	up = now() - start;
	config = config_accesses() - config;
	start = now();
	put("sriov_numvfs", "0");
	down = now() - start;
	printf("bench: vf.%ld.all_up_us %.1f\n", n, up * 1e6);
	printf("bench: vf.%ld.all_down_us %.1f\n", n, down * 1e6);
	printf("bench: vf.%ld.config_pf %.2f\n", n, (double)config / n);
}

int main(int argc, char **argv)
{
	static const long counts[] = { 16, 256, 4096 };
	long total, vfs;

	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	pf = argv[1];
	total = number("siov/usable_sdis");
	/* What is done once for all */
	create(0, 1);
	destroy(0, 1);
	for (unsigned int i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (counts[i] < total)
			bench_sdis(counts[i]);
	vfs = number("sriov_totalvfs");
	if (vfs >= 16) {
		put("sriov_drivers_autoprobe", "0");
		bench_vfs(16);
		bench_vfs(vfs);
	}
	printf("bench: done 1\n");
	return 0;
}
