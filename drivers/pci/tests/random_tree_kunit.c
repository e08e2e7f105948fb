// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: bus numbers of random hierarchies
 *
 * What Linux 7.3 found for each seed has been recorded. Everything it found has
 * to be found, at the same address, unless it left the registers of two bridges
 * in a state in which they claim the same buses or buses that do not lead to
 * them.
 *
 * "random_tree_kunit.print=1" prints the table for a kernel to be recorded,
 * instead of comparing with it.
 */
#include <linux/jhash.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <kunit/test.h>

#include "random_tree.h"

/**
 * struct rt_record - what Linux 7.3 made of a seed
 * @found: functions found after each scan
 * @hash: of their addresses, as long as everything was sound
 * @sound: how many scans that was
 */
struct rt_record {
	u32 found[RT_MAX_OPS + 1];
	u32 hash;
	u8 sound;
};

static const struct rt_record recorded[] = {
#include "random_tree_7_3.h"
};

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "Print what becomes of this seed");

static unsigned int print;
module_param(print, uint, 0444);
MODULE_PARM_DESC(print, "Print a table of this many seeds");

static u32 hash_steps(const struct rt_run *run, unsigned int steps)
{
	u32 hash = 0;
	unsigned int s;
	int i;

	for (s = 0; s < steps; s++)
		for (i = 0; i < run->tree->nr; i++)
			if (run->step[s].found & BIT(i))
				hash = jhash_2words(i, run->step[s].rid[i], hash);

	return hash;
}

/* Where the kernel numbers all buses, a later scan need not use the same ones */
static unsigned int sound_steps(const struct rt_run *run)
{
	unsigned int s, n = run->tree->renumber ? 1 : run->nr_steps;

	for (s = 0; s < n; s++)
		if (!run->step[s].sound)
			break;

	return s;
}

static void print_record(struct kunit *test, const struct rt_run *run)
{
	unsigned int sound = sound_steps(run);

	kunit_err(test, "RECORD { { %#x, %#x, %#x, %#x }, %#x, %u },\n",
		  run->step[0].found, run->step[1].found, run->step[2].found,
		  run->step[3].found, hash_steps(run, sound), sound);
}

static const char *compare(const struct rt_run *run, const struct rt_record *rec)
{
	unsigned int s;

	for (s = 0; s < run->nr_steps; s++) {
		if (rec->found[s] & ~run->step[s].found)
			return "a function is lost";
		if (!run->step[s].sound)
			return "windows overlap or do not nest";
	}
	if (hash_steps(run, rec->sound) != rec->hash)
		return "an address has changed";
	if (run->moved)
		return "a function has moved";

	return NULL;
}

static void numbers_as_recorded(struct kunit *test)
{
	struct rt_run *run = kunit_kzalloc(test, sizeof(*run), GFP_KERNEL);
	unsigned int i, n = print ?: ARRAY_SIZE(recorded);
	struct rt_tree tree;
	const char *fault;

	KUNIT_ASSERT_NOT_NULL(test, run);
	fake_kmsg_quiet(test);
	for (i = 0; i < n; i++) {
		if ((seed && i + 1 != seed) ||
		    (!print && !recorded[i].found[0]))
			continue;
		rt_make_tree(&tree, i + 1, true);
		rt_run(test, &tree, NULL, run);
		if (print)
			print_record(test, run);
		if (seed)
			rt_print(test, &tree, run);
		fault = print ? NULL : compare(run, &recorded[i]);
		if (!fault)
			continue;
		rt_print(test, &tree, run);
		KUNIT_FAIL_AND_ABORT(test, "seed %u: %s", i + 1, fault);
	}
	fake_kmsg_loud(test);
	kunit_info(test, "%u hierarchies", n);
}

static struct kunit_case tree_cases[] = {
	KUNIT_CASE(numbers_as_recorded),
	{}
};

static struct kunit_suite tree_suite = {
	.name = "pci-bus-numbers",
	.test_cases = tree_cases,
};

kunit_test_suite(tree_suite);

MODULE_DESCRIPTION("KUnit tests for bus numbers");
MODULE_LICENSE("GPL");
