// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs to create and to destroy a Scalable Device Interface, when there
 * are few others and when there are many, and the memory that it takes while it has
 * no mappings
 *
 * Needs the emulated SIOV device with its driver (CONFIG_PCI_SIOV_TEST), skips
 * where it is absent. SDIs that exist are destroyed. SIOV_SDI_KIB is how much
 * memory an SDI may take on this machine, SIOV_VFIO_KIB how much one that waits
 * for a VFIO user may, and SIOV_POSSIBLE_CPUS how many CPUs the kernel has to be
 * ready for: what is allocated for each of them counts.
 */
#include "../kselftest_harness.h"
#include "pci_siov_sdi.h"

/* Best of some: what disturbs makes it slower, nothing makes it faster */
#define ROUNDS		200
#define MANY		4000
#define FEW		10
/* For the memory: how many are measured, after how many that fill the caches */
#define MEASURED	512
#define WARM_UP		64

struct cost {
	double create;
	double destroy;
};

static int measure(const struct pf *pf, unsigned int index, struct cost *cost)
{
	double start, t;
	int i, ret;

	cost->create = 1e9;
	cost->destroy = 1e9;
	for (i = 0; i < ROUNDS; i++) {
		start = now();
		ret = create_sdi(pf, index, "driver_override=none");
		t = now() - start;
		if (ret)
			return ret;
		cost->create = t < cost->create ? t : cost->create;

		start = now();
		ret = delete_sdi(pf, index);
		t = now() - start;
		if (ret)
			return ret;
		cost->destroy = t < cost->destroy ? t : cost->destroy;
	}
	return 0;
}

static double slower(double a, double b)
{
	return a > b ? a : b;
}

FIXTURE(cost)
{
	struct pf pf;
};

FIXTURE_SETUP(cost)
{
	if (!find_pf(&self->pf))
		SKIP(return, NO_PF);

	delete_all(&self->pf);
	pf_put(&self->pf, "siov/rid_mode", "strided");
	ASSERT_TRUE(can_create(&self->pf));
}

FIXTURE_TEARDOWN(cost)
{
	delete_all(&self->pf);
}

TEST_F_TIMEOUT(cost, does_not_grow, 300)
{
	unsigned int i, n = self->pf.usable < MANY ? self->pf.usable : MANY;
	struct cost few, many, again;

	if (n < 10 * FEW)
		SKIP(return, "too few SDIs to compare");

	for (i = 0; i < FEW; i++)
		ASSERT_EQ(0, create_sdi(&self->pf, i, "driver_override=none"));
	ASSERT_EQ(0, measure(&self->pf, n - 1, &few));

	for (; i < n - 1; i++)
		ASSERT_EQ(0, create_sdi(&self->pf, i, "driver_override=none"));
	ASSERT_EQ(0, measure(&self->pf, n - 1, &many));

	/* The machine may have become slower meanwhile: others use it as well */
	while (i-- > FEW)
		ASSERT_EQ(0, delete_sdi(&self->pf, i));
	ASSERT_EQ(0, measure(&self->pf, n - 1, &again));

	TH_LOG("create: %.0f us with %u SDIs, %.0f us with %u, %.0f us with %u again",
	       few.create * 1e6, FEW, many.create * 1e6, n - 1,
	       again.create * 1e6, FEW);
	TH_LOG("destroy: %.0f us with %u SDIs, %.0f us with %u, %.0f us with %u again",
	       few.destroy * 1e6, FEW, many.destroy * 1e6, n - 1,
	       again.destroy * 1e6, FEW);
	EXPECT_LT(many.create, 2 * slower(few.create, again.create));
	EXPECT_LT(many.destroy, 2 * slower(few.destroy, again.destroy));
}

/* Lines of /proc/meminfo, in KiB, that grow with what the kernel allocates */
enum {
	SLAB,
	PERCPU,
	TABLES,
	VMALLOC,
	NR_KINDS,
};

static const char * const meminfo_names[NR_KINDS] = {
	[SLAB] = "SUnreclaim:",
	[PERCPU] = "Percpu:",
	[TABLES] = "SecPageTables:",
	[VMALLOC] = "VmallocUsed:",
};

struct memory {
	long long kib[NR_KINDS];
	long long all;
};

static struct memory memory_in_use(void)
{
	struct memory m = { };
	char buf[8192];
	unsigned int i;
	const char *at;

	if (get_file("/proc/meminfo", buf, sizeof(buf)))
		return m;
	for (i = 0; i < NR_KINDS; i++) {
		at = strstr(buf, meminfo_names[i]);
		if (at)
			m.kib[i] = atoll(at + strlen(meminfo_names[i]));
		m.all += m.kib[i];
	}
	return m;
}

static unsigned int possible_cpus(void)
{
	char buf[64];
	const char *last;

	if (read_line("/sys/devices/system/cpu/possible", buf, sizeof(buf)))
		return 0;
	last = strrchr(buf, '-');
	return last ? atoi(last + 1) + 1 : 1;
}

FIXTURE(memory)
{
	struct pf pf;
};

FIXTURE_VARIANT(memory)
{
	const char *params;
	const char *limit;
};

/* Of an SDI that nobody has taken */
FIXTURE_VARIANT_ADD(memory, without_driver)
{
	.params = "driver_override=none",
	.limit = "SIOV_SDI_KIB",
};

/* Of one that waits for a user */
FIXTURE_VARIANT_ADD(memory, with_vfio)
{
	.params = "driver_override=vfio-siov",
	.limit = "SIOV_VFIO_KIB",
};

FIXTURE_SETUP(memory)
{
	if (!find_pf(&self->pf))
		SKIP(return, NO_PF);

	delete_all(&self->pf);
	pf_put(&self->pf, "siov/rid_mode", "strided");
	ASSERT_TRUE(can_create(&self->pf));
}

FIXTURE_TEARDOWN(memory)
{
	delete_all(&self->pf);
}

TEST_F_TIMEOUT(memory, of_one_sdi, 300)
{
	unsigned int i, limit = atoi(getenv(variant->limit) ?: "0");
	struct memory before, after;

	if (!limit)
		SKIP(return, "no limit is set");
	ASSERT_EQ(atoi(getenv("SIOV_POSSIBLE_CPUS") ?: "0"), possible_cpus());
	ASSERT_LE(WARM_UP + MEASURED, self->pf.usable);

	for (i = 0; i < WARM_UP; i++)
		ASSERT_EQ(0, create_sdi(&self->pf, i, variant->params));
	before = memory_in_use();
	for (; i < WARM_UP + MEASURED; i++)
		ASSERT_EQ(0, create_sdi(&self->pf, i, variant->params));
	after = memory_in_use();

	for (i = 0; i < NR_KINDS; i++)
		TH_LOG("%-14s %6.2f KiB an SDI", meminfo_names[i],
		       (double)(after.kib[i] - before.kib[i]) / MEASURED);
	TH_LOG("%-14s %6.2f KiB an SDI, with %u possible CPUs", "sum",
	       (double)(after.all - before.all) / MEASURED, possible_cpus());
	EXPECT_LE(after.all - before.all, (long long)limit * MEASURED);
	/* A page of each CPU, for all of them: that much "Percpu:" grows by at least */
	EXPECT_LE(after.kib[PERCPU] - before.kib[PERCPU], 4 * possible_cpus());
}

TEST_HARNESS_MAIN
