// SPDX-License-Identifier: GPL-2.0
/*
 * bench WHAT,...: what SDIs and VFs cost, measured in the guest
 *
 * Each WHAT is in a file of its own. The lines "bench: NAME VALUE" are for the
 * runner, which makes tables of them.
 */
#include "bench.h"

static const struct {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "create", bench_create },
	{ "many", bench_many },
	{ "stream", bench_stream },
	{ "scan", bench_scan },
	{ "vfs", bench_vfs },
	{ "users", bench_users },
	{ "virtio", bench_virtio },
};

void die(const char *what, int ret)
{
	printf("bench: error %s: %s\n", what, strerror(-ret));
	exit(1);
}

void tell(const char *of, const char *what, double value)
{
	printf("bench: %s.%s %.3f\n", of, what, value);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void tell_median(const char *of, const char *what, struct samples *s)
{
	if (!s->n)
		die(what, -ENODATA);
	qsort(s->value, s->n, sizeof(*s->value), compare);
	tell(of, what, s->value[s->n / 2] * 1e6);
}

/*
 * Cache Line Size of the host bridge means nothing to anybody, so a write to it is
 * how QEMU's trace learns where a phase begins and ends.
 */
static void mark(uint8_t number)
{
	int fd = must(open(PCI_DEVICES "/0000:00:00.0/config", O_WRONLY), "config");

	if (pwrite(fd, &number, 1, 0x0c) != 1)
		die("config", -errno);
	close(fd);
}

void phase_begin(const char *of)
{
	static uint8_t number;

	printf("bench: phase.%s %u\n", of, ++number);
	mark(number);
}

void phase_end(void)
{
	mark(0);
}

static void run(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(parts[i].name, name)) {
			parts[i].run();
			return;
		}
	die(name, -EINVAL);
}

int main(int argc, char **argv)
{
	char *name, *rest = argc == 2 ? argv[1] : "";

	/* Of the boot, before anything here takes time */
	tell("boot", "us", now() * 1e6);
	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((name = strtok_r(rest, ",", &rest)))
		run(name);
	printf("bench: done 1\n");
	return 0;
}
