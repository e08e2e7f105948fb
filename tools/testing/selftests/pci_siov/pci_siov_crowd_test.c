// SPDX-License-Identifier: GPL-2.0
/*
 * A crowd of Scalable Device Interfaces, each of which is known exactly
 *
 * Some processes share out the SDIs of a PF. Each creates, destroys, binds and
 * resets its own at random, and lets them do DMA to their own memory, to that
 * of any other SDI, to that of the PF, to what they had mapped before, and to
 * nothing. What comes of each step is known beforehand. So is what the device
 * must have counted in the end: not a request, fault, reset or SDI more or less.
 *
 * See pci_siov_stress.h for how much it does. Needs the emulated SIOV device
 * with its driver (CONFIG_PCI_SIOV_TEST), skips where it is absent. SDIs that
 * exist are destroyed.
 */
#include "../kselftest_harness.h"
#include "pci_siov_stress.h"

#define PROCESSES	4
#define STRAY		0xdeadbeef
#define UNMAPPED	0x10000

/* What the device must have counted */
struct account {
	unsigned long long steps;
	unsigned long long enabled;
	unsigned long long disabled;
	unsigned long long resets;
	unsigned long long requests;
	unsigned long long bytes;
	unsigned long long faults;
	unsigned long long live;
	unsigned long long most_live;
};

/* One SDI, as its process knows it */
struct known {
	bool live;
	bool bound;
	struct engine engine;
	unsigned int life;
	uint32_t pattern;
};

/* One process: it owns @known[@first] and every PROCESSES-th from there on */
struct crowd {
	struct pf pf;
	struct engine engine_pf;
	struct account *account;
	struct known *known;
	unsigned int n;
	unsigned int first;
	bool strict;
	const char *problem;
	long long got;
};

typedef void (*step_fn)(struct crowd *c, unsigned int i);

/* The first thing that was not as it must be ends the process */
static bool must(struct crowd *c, bool is_so, const char *what, long long got)
{
	if (!is_so && !c->problem) {
		c->problem = what;
		c->got = got;
	}
	return is_so;
}

static void count_life(struct crowd *c, int change)
{
	struct account *a = c->account;
	unsigned long long live;

	live = __atomic_add_fetch(&a->live, change, __ATOMIC_RELAXED);
	if (live > a->most_live)
		a->most_live = live;
}

static void set_pattern(struct crowd *c, struct known *k)
{
	int ret;

	k->pattern = c->first << 28 | (k - c->known) << 12 |
		     (++k->life & 0xfff);
	ret = buffer_set(&k->engine, k->pattern);
	must(c, !ret, "write the buffer", ret);
}

static void create_one(struct crowd *c, unsigned int i)
{
	struct known *k = &c->known[i];
	int ret;

	ret = create_sdi(&c->pf, i, NULL);
	if (!must(c, !ret, "create", ret))
		return;

	rid_name(&c->pf, sdi_rid(&c->pf, i), k->engine.name,
		 sizeof(k->engine.name));
	k->live = true;
	k->bound = true;
	add(&c->account->enabled, 1);
	count_life(c, 1);
	set_pattern(c, k);
}

static void delete_one(struct crowd *c, unsigned int i)
{
	struct known *k = &c->known[i];
	int ret;

	ret = delete_sdi(&c->pf, i);
	if (!must(c, !ret, "delete", ret))
		return;

	add(&c->account->disabled, 1);
	add(&c->account->resets, k->bound);
	k->live = false;
	k->bound = false;
	count_life(c, -1);
}

/* Its own number is the only pattern that an SDI's memory ever gets */
static void look(struct crowd *c, unsigned int i)
{
	struct known *k = &c->known[i];

	must(c, buffer_is(&k->engine, 0, BUFFER_SIZE / 4, k->pattern),
	     "find nothing strange in the buffer", k->pattern);
}

/* At most 4 KiB each, and none across such a boundary */
static unsigned int requests(unsigned long long addr, unsigned int len)
{
	return (addr + len - 1) / 4096 - addr / 4096 + 1;
}

static void fill_own(struct crowd *c, unsigned int i)
{
	unsigned int start = below(BUFFER_SIZE / 4) * 4;
	unsigned int len = (below((BUFFER_SIZE - start) / 4) + 1) * 4;
	struct known *k = &c->known[i];
	unsigned long long addr = iova(&k->engine) + start;
	int ret;

	ret = command(&k->engine, "fill 0x%llx %u 0x%x", addr, len, k->pattern);
	must(c, !ret, "write to its own memory", ret);
	add(&c->account->requests, requests(addr, len));
	add(&c->account->bytes, len);
	look(c, i);
}

static void map_own(struct crowd *c, unsigned int i)
{
	unsigned int len = (below(1024) + 1) * 4;
	int ret;

	ret = command(&c->known[i].engine, "map %u", len);
	must(c, !ret, "write to what is mapped for it", ret);
	add(&c->account->requests, 1);
	add(&c->account->bytes, len);
}

static void must_fault(struct crowd *c, unsigned int i, unsigned long long addr,
		       const char *what)
{
	struct known *k = &c->known[i];
	struct result r;
	int ret;

	ret = command(&k->engine, "fill 0x%llx 64 0x%x", addr, STRAY);
	must(c, ret == -EIO, what, ret);
	ret = result(&k->engine, &r);
	must(c, !ret, "have a result", ret);
	must(c, r.code == RESULT_FAULT, what, r.code);
	add(&c->account->requests, 1);
	add(&c->account->faults, 1);
}

static void stray_to_nothing(struct crowd *c, unsigned int i)
{
	must_fault(c, i, UNMAPPED + below(0x10000) * 4096ULL,
		   "fault where nothing is mapped");
}

/*
 * Different domains may use equal addresses, so DMA to an address of @to is
 * only wrong if the SDI has not mapped the same address itself. Where the IOMMU
 * flushes lazily, the SDI's former mapping may still work for a moment.
 */
static void stray_to(struct crowd *c, unsigned int i, const struct engine *to)
{
	unsigned long long addr = iova(to);

	if (c->strict && addr && addr != iova(&c->known[i].engine))
		must_fault(c, i, addr, "fault in the memory of another");
}

/* Of this process or another: it may just vanish */
static void stray_to_sdi(struct crowd *c, unsigned int i)
{
	struct engine other;

	rid_name(&c->pf, sdi_rid(&c->pf, below(c->n)), other.name,
		 sizeof(other.name));
	stray_to(c, i, &other);
}

static void stray_to_next(struct crowd *c, unsigned int i)
{
	struct engine other;

	rid_name(&c->pf, sdi_rid(&c->pf, i ? i - 1 : 1), other.name,
		 sizeof(other.name));
	stray_to(c, i, &other);
}

static void stray_to_pf(struct crowd *c, unsigned int i)
{
	stray_to(c, i, &c->engine_pf);
}

static void stray_to_past(struct crowd *c, unsigned int i)
{
	struct known *k = &c->known[i];
	unsigned long long old = iova(&k->engine);
	int ret;

	ret = command(&k->engine, "move");
	must(c, !ret, "get other memory", ret);
	set_pattern(c, k);
	if (c->strict)
		must_fault(c, i, old, "fault where its memory was");
}

static void reset_one(struct crowd *c, unsigned int i)
{
	struct known *k = &c->known[i];
	struct result r;
	int ret;

	ret = put_file(sdi_path(&c->pf, i, "reset"), "1");
	must(c, !ret, "reset", ret);
	add(&c->account->resets, 1);
	if (!k->bound)
		return;

	ret = result(&k->engine, &r);
	must(c, !ret && r.code == RESULT_NONE, "be as new after a reset",
	     ret ?: (int)r.code);
}

static void unbind_one(struct crowd *c, unsigned int i)
{
	struct known *k = &c->known[i];
	int ret;

	ret = bus_write("pci_sdi", SDI_DRIVER, "unbind", k->engine.name);
	must(c, !ret, "unbind", ret);
	add(&c->account->resets, 1);
	k->bound = false;
}

static void bind_one(struct crowd *c, unsigned int i)
{
	struct known *k = &c->known[i];
	int ret;

	ret = bus_write("pci_sdi", SDI_DRIVER, "bind", k->engine.name);
	if (!must(c, !ret, "bind", ret))
		return;
	k->bound = true;
	set_pattern(c, k);
}

/* What was taken over from whoever had this SDI before: nothing */
static void replace_one(struct crowd *c, unsigned int i)
{
	struct known *k = &c->known[i];
	struct result r;
	int ret;

	delete_one(c, i);
	create_one(c, i);
	ret = result(&k->engine, &r);
	must(c, !ret && r.code == RESULT_NONE && !r.count,
	     "begin as new", ret ?: (int)r.code);
}

static const step_fn of_bound[] = {
	delete_one, replace_one, fill_own, fill_own, map_own, stray_to_sdi,
	stray_to_sdi, stray_to_next, stray_to_pf, stray_to_past,
	stray_to_nothing, reset_one, unbind_one, look,
};

static const step_fn of_unbound[] = {
	delete_one, reset_one, bind_one, bind_one, bind_one,
};

static void step(struct crowd *c)
{
	unsigned int mine = (c->n - c->first + PROCESSES - 1) / PROCESSES;
	unsigned int i = c->first + below(mine) * PROCESSES;
	struct known *k = &c->known[i];

	if (!k->live)
		create_one(c, i);
	else if (!k->bound)
		of_unbound[below(ARRAY_SIZE(of_unbound))](c, i);
	else
		of_bound[below(ARRAY_SIZE(of_bound))](c, i);
	add(&c->account->steps, 1);
}

static void work(struct crowd *c, unsigned int steps, double end)
{
	unsigned int i;

	seed(c->first);
	/* Most of them from the beginning, or it takes long until there are */
	for (i = c->first; i < c->n && !c->problem && now() < end;
	     i += PROCESSES)
		if (below(10))
			create_one(c, i);
	while (steps-- && !c->problem && now() < end)
		step(c);
	for (i = c->first; i < c->n && !c->problem; i += PROCESSES)
		if (c->known[i].bound)
			look(c, i);
}

FIXTURE(crowd)
{
	struct crowd c;
};

/* Is each SDI alone with its mappings, and are they gone at once? */
static bool is_isolated(struct crowd *c)
{
	bool isolated;

	if (create_sdi(&c->pf, 0, NULL))
		return false;
	isolated = iommu_translates(&c->pf, 0) && !in_group_of_pf(&c->pf, 0);
	c->strict = unmapped_at_once(&c->pf, 0);
	delete_all(&c->pf);
	return isolated;
}

FIXTURE_SETUP(crowd)
{
	struct crowd *c = &self->c;

	if (!find_emulated_pf(&c->pf))
		SKIP(return, NEEDS_EMULATED);

	delete_all(&c->pf);
	pf_put(&c->pf, "siov/rid_mode", "strided");
	if (!is_isolated(c))
		SKIP(return, "SDIs are not isolated from each other");

	strcpy(c->engine_pf.name, c->pf.name);
	c->n = wanted("SDIS", 100);
	c->n = c->pf.usable < c->n ? c->pf.usable : c->n;
	c->account = shared_memory(sizeof(*c->account));
	c->known = calloc(c->n, sizeof(*c->known));
	ASSERT_NE(NULL, c->account);
	ASSERT_NE(NULL, c->known);
}

FIXTURE_TEARDOWN(crowd)
{
	delete_all(&self->c.pf);
	free(self->c.known);
}

static void run_all(struct __test_metadata *_metadata, struct crowd *c)
{
	double end = now() + wanted("SECONDS", 60);
	unsigned int steps = wanted("STEPS", 1000);
	pid_t pid[PROCESSES];
	unsigned int i;
	int status;

	for (i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (pid[i])
			continue;
		c->first = i;
		work(c, steps / PROCESSES, end);
		if (c->problem)
			TH_LOG("process %u: could not %s: %lld", i, c->problem,
			       c->got);
		_exit(!!c->problem);
	}
	for (i = 0; i < PROCESSES; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

TEST_F_TIMEOUT(crowd, accounts_agree, NO_TIMEOUT)
{
	unsigned long long before[NUM_COUNTERS], after[NUM_COUNTERS];
	unsigned long long end[NUM_COUNTERS];
	struct crowd *c = &self->c;
	struct account *a = c->account;
	unsigned int i;

	ASSERT_EQ(0, counters(&c->pf, before));
	run_all(_metadata, c);
	ASSERT_EQ(0, counters(&c->pf, after));
	for (i = 0; i < NUM_COUNTERS; i++)
		after[i] -= before[i];

	TH_LOG("%llu steps, %llu SDIs created, %llu at once, %llu resets",
	       a->steps, a->enabled, a->most_live, a->resets);
	TH_LOG("%llu requests, %llu faults", a->requests, a->faults);
	EXPECT_EQ(a->live, (unsigned long long)pf_number(&c->pf,
							 "siov/num_sdis"));
	EXPECT_EQ(a->enabled, after[CNT_ENABLE]);
	EXPECT_EQ(a->disabled, after[CNT_DISABLE]);
	EXPECT_EQ(a->resets, after[CNT_SDI_RESET]);
	EXPECT_EQ(a->requests, after[CNT_SDI_DMA]);
	EXPECT_EQ(a->bytes, after[CNT_SDI_DMA_BYTES]);
	EXPECT_EQ(a->faults, after[CNT_FAULT]);
	EXPECT_EQ(0ull, after[CNT_REFUSED]);
	EXPECT_EQ(0ull, after[CNT_RID_DUP]);
	EXPECT_EQ(0ull, after[CNT_TOO_EARLY]);
	for (i = CNT_DROP_FIRST; i < NUM_COUNTERS; i++)
		EXPECT_EQ(0ull, after[i]);

	delete_all(&c->pf);
	ASSERT_EQ(0, counters(&c->pf, end));
	EXPECT_EQ(end[CNT_ENABLE], end[CNT_DISABLE]);
	TH_LOG("counters%s", counters_text(end));
}

TEST_HARNESS_MAIN
