// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: bus numbers of random hierarchies with SIOV PFs
 *
 * Each tree is scanned twice, without SIOV capabilities and with them, and what
 * happens to it afterwards happens twice.  The capabilities may cost nobody
 * anything: every function that is found without them is found with them, at the
 * same address where firmware has numbered.  Nothing that is there moves.
 * Windows nest.  usable_sdis is what the registers of the fabric say.  And what
 * is left is used: no bus number that an SDI could have stays free.
 *
 * That what is found without the capabilities is what Linux 7.3 finds, is for
 * random_tree_kunit.c to say.
 *
 * A tree that fails is made smaller as long as it fails, and printed.
 */
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <kunit/test.h>

#include "../pci.h"
#include "random_tree.h"

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "First seed");

static unsigned int count = 1000;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "Number of hierarchies");

/* Scans that may_be_lost() was needed for */
static unsigned int excused;

static void add_siov(struct fake_pci_fn *fn, const struct rt_node *node)
{
	if (node->sdis)
		fake_pci_add_sdis(fn, node->sdis, node->sdi_offset,
				  node->sdi_stride);
}

/* Routing IDs of the SDIs of node @i, one after the other */
static u32 sdi_rid(const struct rt_run *run, const struct rt_step *step, int i,
		   u32 n)
{
	const struct rt_node *node = &run->tree->node[i];

	return step->rid[i] + node->sdi_offset + n * node->sdi_stride;
}

static bool is_pf(const struct rt_run *run, const struct rt_step *step, int i)
{
	return step->found & BIT(i) && run->tree->node[i].sdis;
}

static bool rid_is_taken(const struct rt_run *run, const struct rt_step *step,
			 u32 rid)
{
	int i;

	for (i = 0; i < run->tree->nr; i++)
		if (step->found & BIT(i) && step->rid[i] == rid)
			return true;

	return false;
}

/* No function is looked for at device 31, so there a bus number is free */
static u32 count_usable(const struct rt_run *run, const struct rt_step *step,
			int i)
{
	u32 n, rid, count = 0, busnr = U32_MAX;
	bool routed = false;

	for (n = 0; n < run->tree->node[i].sdis; n++) {
		rid = sdi_rid(run, step, i, n);
		if (rid > 0xffff)
			break;
		if (PCI_BUS_NUM(rid) != busnr) {
			busnr = PCI_BUS_NUM(rid);
			routed = fake_pci_rid_is_free(run->fn[i],
						      PCI_DEVID(busnr, 0xff));
		}
		count += routed && !rid_is_taken(run, step, rid);
	}

	return count;
}

/* Last bus number that policy lets the PFs on the bus behind @port have */
static u32 wanted_bus(const struct rt_run *run, const struct rt_step *step,
		      int port)
{
	u32 number = port < 0 ? run->tree->first : step->secondary[port];
	u32 wanted = number, last;
	int i;

	for (i = 0; i < run->tree->nr; i++) {
		if (run->tree->node[i].parent != port || !is_pf(run, step, i))
			continue;
		last = min(sdi_rid(run, step, i, run->tree->node[i].sdis - 1),
			   0xffffU);
		wanted = max(wanted, PCI_BUS_NUM(last));
	}

	return min(wanted, number + pci_siov_max_buses());
}

static u32 vf_bus(const struct rt_run *run, const struct rt_step *step, int port)
{
	u32 number = port < 0 ? run->tree->first : step->secondary[port];
	const struct rt_node *node;
	u32 last = number;
	int i;

	for (i = 0; i < run->tree->nr; i++) {
		node = &run->tree->node[i];
		if (node->parent == port && node->vfs && step->found & BIT(i))
			last = max(last, number + ((PCI_FUNC(node->devfn) +
				   node->vf_offset + 0x40 * (node->vfs - 1)) >> 8));
	}

	return last;
}

/* Last number after that of the bus behind @port that no port on it has */
static u32 own_end(const struct rt_run *run, const struct rt_step *step, int port)
{
	u32 end = step->subordinate[port];
	int i;

	for (i = 0; i < run->tree->nr; i++)
		if (run->tree->node[i].parent == port && step->secondary[i])
			end = min(end, step->secondary[i] - 1U);

	return end;
}

/* Is the number after the window of @port nobody's, as far as its bus goes? */
static bool next_is_free(const struct rt_run *run, const struct rt_step *step,
			 int port)
{
	int parent = run->tree->node[port].parent, i;
	u32 next = step->subordinate[port] + 1;

	if (max(wanted_bus(run, step, parent), vf_bus(run, step, parent)) >= next)
		return false;

	for (i = 0; i < run->tree->nr; i++)
		if (i != port && run->tree->node[i].parent == parent &&
		    step->secondary[i] <= next && step->subordinate[i] >= next)
			return false;

	return true;
}

/* Could the windows above the PFs behind @port grow by one number? */
static bool could_grow(const struct rt_run *run, const struct rt_step *step,
		       int port)
{
	u32 next = step->subordinate[port] + 1;

	if (!(step->found & BIT(port)) || !step->secondary[port] ||
	    wanted_bus(run, step, port) < next)
		return false;

	for (; port >= 0; port = run->tree->node[port].parent) {
		if (step->subordinate[port] >= next)
			return true;
		if (!next_is_free(run, step, port))
			return false;
	}

	return next <= run->tree->last;
}

static const char *check_step(struct rt_run *run, unsigned int s)
{
	const struct rt_step *step = &run->step[s];
	struct pci_dev *pdev;
	int i;

	if (!step->sound)
		return "windows overlap or do not nest";
	if (run->moved)
		return "a function has moved";

	for (i = 0; i < run->tree->nr; i++) {
		if (rt_is_port(&run->tree->node[i])) {
			if (could_grow(run, step, i))
				return "a window could have grown";
			continue;
		}
		if (!is_pf(run, step, i))
			continue;
		pdev = fake_pci_find(run->host, PCI_BUS_NUM(step->rid[i]),
				     step->rid[i] & 0xff);
		if (!pdev || !pci_is_siov_physfn(pdev))
			return "a PF has lost its capability";
		if (pci_siov_usable_sdis(pdev) != count_usable(run, step, i))
			return "usable_sdis is wrong";
	}

	return NULL;
}

/* Were all buses numbered by the kernel, and is everything found? */
static bool kernel_numbered(const struct rt_run *run, const struct rt_step *step)
{
	int i;

	if ((run->tree->firmware && !run->tree->renumber) || !step->sound)
		return false;

	for (i = 0; i < run->tree->nr; i++)
		if (run->fn[i] && !run->tree->node[i].late &&
		    rt_is_port(&run->tree->node[i]) && !step->secondary[i])
			return false;

	return true;
}

static u32 count_extra(const struct rt_run *with, const struct rt_run *without,
		       u32 *missing)
{
	const struct rt_step *a = &without->step[0], *b = &with->step[0];
	u32 want, has, had, extra = 0;
	int i;

	*missing = 0;
	for (i = 0; i < with->tree->nr; i++) {
		if (!rt_is_port(&with->tree->node[i]) || !a->secondary[i])
			continue;
		want = wanted_bus(without, a, i) - a->secondary[i];
		had = min(own_end(without, a, i) - a->secondary[i], want);
		has = min(own_end(with, b, i) - b->secondary[i], want);
		*missing += want - had;
		extra += has - had;
	}

	return extra;
}

static const char *check_shares(const struct rt_run *with,
				const struct rt_run *without)
{
	const struct rt_step *a = &without->step[0];
	u32 missing, extra, last, left;
	int i;

	if (!kernel_numbered(without, a))
		return NULL;

	last = vf_bus(without, a, -1);
	for (i = 0; i < without->tree->nr; i++)
		if (rt_is_port(&without->tree->node[i]) && a->found & BIT(i))
			last = max(last, a->subordinate[i]);

	left = without->tree->last - min(last, without->tree->last);
	extra = count_extra(with, without, &missing);

	return extra < min(missing, left) ? "what is left is not used" : NULL;
}

/*
 * A bus that drivers use keeps its number, so what the second numbering has put
 * between such buses comes back in pieces.  That can be too little for a switch
 * that comes after the first scan.
 */
static u32 may_be_lost(const struct rt_run *run, unsigned int step)
{
	const struct rt_tree *t = run->tree;
	u32 lost = 0;
	unsigned int s;
	int i;

	if (t->firmware == 2 && !t->renumber)
		return 0;

	for (s = 0; s < step; s++)
		for (i = 0; i < t->nr; i++)
			if ((t->op[s].what == RT_APPEAR ||
			     t->op[s].what == RT_PLUG) &&
			    rt_is_below(t, i, t->op[s].node))
				lost |= BIT(i);

	return lost;
}

static const char *compare(const struct rt_run *with,
			   const struct rt_run *without)
{
	const struct rt_step *a, *b;
	unsigned int s;
	int i;

	for (s = 0; s < without->nr_steps; s++) {
		a = &without->step[s];
		b = &with->step[s];
		if (a->found & ~b->found & ~may_be_lost(with, s))
			return "a function is lost";
		excused += !!(a->found & ~b->found);
	}

	a = &without->step[0];
	b = &with->step[0];
	for (i = 0; i < with->tree->nr; i++)
		if (with->tree->firmware == 2 && !with->tree->renumber &&
		    a->found & BIT(i) && a->rid[i] != b->rid[i] &&
		    with->tree->node[i].secondary)
			return "an address that firmware gave has changed";

	return check_shares(with, without);
}

static const struct rt_hooks siov_hooks = {
	.add_node = add_siov,
	.scanned = check_step,
};

struct runs {
	struct rt_run without;
	struct rt_run with;
};

static const char *find_fault(struct kunit *test, const struct rt_tree *tree,
			      struct runs *runs)
{
	const char *fault;

	rt_run(test, tree, NULL, &runs->without);
	if (runs->without.moved)
		return "a function has moved, without SIOV";
	fault = rt_run(test, tree, &siov_hooks, &runs->with);

	return fault ?: compare(&runs->with, &runs->without);
}

/* Leave out one thing after the other, as long as the tree fails */
static void shrink(struct kunit *test, struct rt_tree *tree, struct runs *runs)
{
	struct rt_tree smaller;
	bool shrunk;
	int i;

	do {
		shrunk = false;
		for (i = 0; i < tree->nr + tree->nr_ops; i++) {
			smaller = *tree;
			if (i < tree->nr)
				smaller.node[i].dropped = true;
			else
				smaller.op[i - tree->nr].what = RT_NOTHING;
			if (!memcmp(&smaller, tree, sizeof(smaller)) ||
			    !find_fault(test, &smaller, runs))
				continue;
			*tree = smaller;
			shrunk = true;
		}
	} while (shrunk);
}

static void costs_nobody_anything(struct kunit *test)
{
	struct runs *runs = kunit_kzalloc(test, sizeof(*runs), GFP_KERNEL);
	struct rt_tree tree;
	const char *fault;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, runs);
	fake_kmsg_quiet(test);
	for (i = 0; i < count; i++) {
		rt_make_tree(&tree, seed + i, false);
		if (!find_fault(test, &tree, runs))
			continue;
		shrink(test, &tree, runs);
		fault = find_fault(test, &tree, runs);
		kunit_err(test, "without SIOV:\n");
		rt_print(test, &tree, &runs->without);
		kunit_err(test, "with SIOV:\n");
		rt_print(test, &tree, &runs->with);
		KUNIT_FAIL_AND_ABORT(test, "seed %u: %s", tree.seed, fault);
	}
	fake_kmsg_loud(test);
	kunit_info(test, "seeds %u to %u, %u scans excused", seed, seed + count - 1,
		   excused);
	KUNIT_EXPECT_LE(test, excused, 1 + count / 200);
}

static struct kunit_case random_cases[] = {
	KUNIT_CASE_SLOW(costs_nobody_anything),
	{}
};

static struct kunit_suite random_suite = {
	.name = "pci-siov-random",
	.test_cases = random_cases,
};

kunit_test_suite(random_suite);

MODULE_DESCRIPTION("KUnit tests for bus numbers of SDIs in random hierarchies");
MODULE_LICENSE("GPL");
