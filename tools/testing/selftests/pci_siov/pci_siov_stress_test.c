// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces under stress, and what one costs among many
 *
 * Processes create, delete, bind, reset and use SDIs at random, while others
 * unbind, reset or remove the PF. What each gets told does not matter: the
 * log must stay clean, all must come to an end, and nothing may be lost.
 * SIOV_STRESS_SECONDS says how long, 10 by default.
 *
 * Needs the emulated SIOV device with its driver (CONFIG_PCI_SIOV_TEST), skips
 * where it is absent. SDIs that exist are destroyed.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "pci_siov_sdi.h"

/* Few, so that they meet */
#define STRESS_SDIS	6

/* What went well, of all processes */
struct tally {
	unsigned int created;
	unsigned int used;
	unsigned int pf_bound;
	unsigned int pf_reset;
	unsigned int pf_removed;
};

static struct tally *tally;

static void note(unsigned int *counter, int ret)
{
	if (!ret)
		__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static unsigned int below(unsigned int n)
{
	return rand() % n;
}

static void op_create_any(const struct pf *pf, unsigned int index)
{
	note(&tally->created, create(pf, "any"));
}

static void op_create(const struct pf *pf, unsigned int index)
{
	note(&tally->created,
	     create_sdi(pf, index, below(4) ? NULL : "driver_override=none"));
	if (below(2))
		delete_sdi(pf, index);
}

static void op_delete(const struct pf *pf, unsigned int index)
{
	delete_sdi(pf, index);
}

static void op_bind(const struct pf *pf, unsigned int index)
{
	char link[256];
	const char *name = sdi_name(pf, index, link, sizeof(link));

	bus_write("pci_sdi", SDI_DRIVER, below(2) ? "unbind" : "bind", name);
}

static void op_reset(const struct pf *pf, unsigned int index)
{
	put_file(sdi_path(pf, index, "reset"), "1");
}

static void op_use(const struct pf *pf, unsigned int index)
{
	char name[64];

	rid_name(pf, sdi_rid(pf, index), name, sizeof(name));
	note(&tally->used, put_file(engine_path(name, "command"), "map 4096"));
	put_file(engine_path(name, "master"), below(8) ? "1" : "0");
}

static void op_read(const struct pf *pf, unsigned int index)
{
	static const char * const files[] = {
		"rid", "modalias", "generation", "uevent", "driver_override",
		"physfn/siov/rid_allowlist", "physfn/siov/usable_sdis",
	};
	static char buf[65536];

	get_file(sdi_path(pf, index, files[below(ARRAY_SIZE(files))]), buf,
		 sizeof(buf));
	put_file(sdi_path(pf, index, "driver_override"), "\n");
}

static void op_rid_mode(const struct pf *pf, unsigned int index)
{
	pf_put(pf, "siov/rid_mode", below(4) ? "strided" : "software");
	usleep(5000);
}

static void op_autoprobe(const struct pf *pf, unsigned int index)
{
	pf_put(pf, "siov/drivers_autoprobe", below(4) ? "1" : "0");
	usleep(20000);
}

/* What all of them suffer from: not all the time, or nothing else happens */

static void op_bind_pf(const struct pf *pf, unsigned int index)
{
	usleep(below(100000));
	bus_write("pci", PF_DRIVER, "unbind", pf->name);
	note(&tally->pf_bound, bus_write("pci", PF_DRIVER, "bind", pf->name));
}

static void op_reset_pf(const struct pf *pf, unsigned int index)
{
	note(&tally->pf_reset, pf_put(pf, "reset", "1"));
}

/*
 * One after the other: sriov_numvfs and remove take the PF's lock and that of
 * rescan and remove in opposite orders, with SDIs or without.
 */
static void op_remove_pf_or_vfs(const struct pf *pf, unsigned int index)
{
	if (below(2)) {
		note(&tally->pf_removed, pf_put(pf, "remove", "1"));
		put_file("/sys/bus/pci/rescan", "1");
	} else {
		pf_put(pf, "sriov_numvfs", "4");
		pf_put(pf, "sriov_numvfs", "0");
	}
}

typedef void (*op_fn)(const struct pf *pf, unsigned int index);

static const op_fn ops[] = {
	op_create_any, op_create, op_create, op_delete, op_bind, op_reset,
	op_use, op_read, op_rid_mode, op_autoprobe, op_bind_pf, op_reset_pf,
	op_remove_pf_or_vfs,
};

static bool is_of_pf(op_fn op)
{
	return op == op_bind_pf || op == op_reset_pf ||
	       op == op_remove_pf_or_vfs;
}

static void stress(const struct pf *pf, op_fn op, double end)
{
	unsigned int n = pf->usable < STRESS_SDIS ? pf->usable : STRESS_SDIS;
	double start;

	srand(getpid());
	/* Or the few who bring the PF back wait for the many who look for it */
	if (is_of_pf(op))
		setpriority(PRIO_PROCESS, 0, -15);
	while (now() < end) {
		start = now();
		if (exists(pf_path(pf, "driver")))
			op(pf, below(n));
		else
			usleep(20000);
		/* For most of the time there is a PF */
		if (is_of_pf(op))
			usleep((now() - start) * 6e6);
		usleep(below(3000));
	}
}

FIXTURE(stress)
{
	struct pf pf;
};

FIXTURE_SETUP(stress)
{
	if (!find_pf(&self->pf))
		SKIP(return, "no SIOV PF with driver " PF_DRIVER);

	delete_all(&self->pf);
	pf_put(&self->pf, "siov/rid_mode", "strided");
	if (!can_create(&self->pf))
		SKIP(return, "no SDI can be created in strided mode");
}

FIXTURE_TEARDOWN(stress)
{
	delete_all(&self->pf);
}

TEST_F_TIMEOUT(stress, all_at_once, 300)
{
	const char *seconds = getenv("SIOV_STRESS_SECONDS");
	double end = now() + (seconds ? atoi(seconds) : 10);
	pid_t pid[ARRAY_SIZE(ops)];
	unsigned int i;
	int status;

	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, tally);

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i]) {
			stress(&self->pf, ops[i], end);
			_exit(0);
		}
	}
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}

	TH_LOG("%u created, %u times used; PF %u times bound, %u reset, %u removed",
	       tally->created, tally->used, tally->pf_bound, tally->pf_reset,
	       tally->pf_removed);
	EXPECT_LT(0u, tally->created);

	/* Unbound or removed when the time was over */
	put_file("/sys/bus/pci/rescan", "1");
	bus_write("pci", PF_DRIVER, "bind", self->pf.name);
	ASSERT_TRUE(find_pf(&self->pf));

	pf_put(&self->pf, "sriov_numvfs", "0");
	pf_put(&self->pf, "siov/drivers_autoprobe", "1");
	delete_all(&self->pf);
	EXPECT_EQ(0, pf_put(&self->pf, "siov/rid_mode", "strided"));
	EXPECT_EQ(0, pf_number(&self->pf, "siov/num_sdis"));
	EXPECT_EQ(0, pf_number(&self->pf, "siov/status"));

	/* Each can still be had, and works */
	for (i = 0; i < self->pf.usable && i < STRESS_SDIS; i++) {
		char name[64];

		ASSERT_EQ(0, create_sdi(&self->pf, i, NULL));
		rid_name(&self->pf, sdi_rid(&self->pf, i), name, sizeof(name));
		EXPECT_EQ(0, put_file(engine_path(name, "command"),
				      "map 4096"));
	}
}

/* Best of some: what disturbs makes it slower, nothing makes it faster */
#define ROUNDS		20
#define MANY		4000
#define FEW		10

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

TEST_F_TIMEOUT(stress, cost_does_not_grow, 300)
{
	unsigned int i, n = self->pf.usable < MANY ? self->pf.usable : MANY;
	struct cost few, many;

	if (n < 10 * FEW)
		SKIP(return, "too few SDIs to compare");

	for (i = 0; i < FEW; i++)
		ASSERT_EQ(0, create_sdi(&self->pf, i, "driver_override=none"));
	ASSERT_EQ(0, measure(&self->pf, n - 1, &few));

	for (; i < n - 1; i++)
		ASSERT_EQ(0, create_sdi(&self->pf, i, "driver_override=none"));
	ASSERT_EQ(0, measure(&self->pf, n - 1, &many));

	TH_LOG("create: %.0f us with %u SDIs, %.0f us with %u",
	       few.create * 1e6, FEW, many.create * 1e6, n - 1);
	TH_LOG("destroy: %.0f us with %u SDIs, %.0f us with %u",
	       few.destroy * 1e6, FEW, many.destroy * 1e6, n - 1);
	EXPECT_LT(many.create, 3 * few.create);
	EXPECT_LT(many.destroy, 3 * few.destroy);
}

TEST_HARNESS_MAIN
