// SPDX-License-Identifier: GPL-2.0
/*
 * What others notice while SDIs come and go: one SDI writes to memory every tenth of a
 * millisecond. How often it did, of how often it should have, and the longest time
 * without.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "bench.h"

#define PERIOD_US	100
#define COMING		200	/* SDIs that come, and go again */
#define PAGE_SIZE	4096
/* In the page of an SDI */
#define PAGE_COUNT	0x3c
#define PAGE_DELAY	0x40

struct watch {
	const uint32_t *count;
	bool stop;
	double longest;
	pthread_t thread;
};

static struct pf pf;

static void *watch_count(void *data)
{
	struct watch *watch = data;
	uint32_t count, last = peek(watch->count);
	double time, since = now();

	while (!__atomic_load_n(&watch->stop, __ATOMIC_RELAXED)) {
		count = peek(watch->count);
		time = now();
		if (time - since > watch->longest)
			watch->longest = time - since;
		if (count == last)
			continue;
		last = count;
		since = time;
	}
	return NULL;
}

static void others_come_and_go(void)
{
	unsigned int i;

	for (i = 1; i <= COMING; i++)
		must(create_sdi(&pf, i, "driver_override=none"), "sdi_new");
	for (i = 1; i <= COMING; i++)
		must(delete_sdi(&pf, i), "sdi_delete");
}

static void nobody_comes(void)
{
	usleep(50000);
}

static void measure(const char *of, const uint32_t *count, void (*meanwhile)(void))
{
	struct watch watch = { .count = count };
	double start = now();
	uint32_t before = peek(count);

	must(-pthread_create(&watch.thread, NULL, watch_count, &watch), "thread");
	meanwhile();
	tell(of, "rounds", (peek(count) - before) / ((now() - start) * 1e6 / PERIOD_US));
	__atomic_store_n(&watch.stop, true, __ATOMIC_RELAXED);
	pthread_join(watch.thread, NULL);
	tell(of, "longest_us", watch.longest * 1e6);
}

void bench_stream(void)
{
	struct engine engine;
	char *page;
	int fd;

	if (!find_emulated_pf(&pf) || pf.usable <= COMING)
		die("no emulated PF with enough SDIs", -ENODEV);
	must(create_sdi(&pf, 0, "driver_override=" SDI_DRIVER), "sdi_new");
	engine = engine_of(&pf, 0);
	must(put_file(engine_path(engine.name, "master"), "1"), "master");

	fd = must(open(pf_path(&pf, "resource2"), O_RDWR | O_SYNC), "resource2");
	page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		die("resource2", -errno);
	__atomic_store_n((uint32_t *)(page + PAGE_DELAY), PERIOD_US, __ATOMIC_RELAXED);
	must(command(&engine, "stream %llu 64 1", iova(&engine)), "stream");

	measure("stream.alone", (void *)(page + PAGE_COUNT), nobody_comes);
	measure("stream.others", (void *)(page + PAGE_COUNT), others_come_and_go);

	must(command(&engine, "stop"), "stop");
	munmap(page, PAGE_SIZE);
	close(fd);
	must(delete_sdi(&pf, 0), "sdi_delete");
}
