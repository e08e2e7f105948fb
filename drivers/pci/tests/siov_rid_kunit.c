// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: arithmetic of Routing IDs
 *
 * The functions under test work with closed formulas, so they are compared
 * with the plain definition: RID(n) = RID(PF) + offset + n * stride, one n at a
 * time.
 */
#include <linux/bitmap.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/prandom.h>
#include <kunit/test.h>

#include "../pci.h"

#define NR_RIDS		0x10000
#define NR_SAMPLES	400

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the random Routing ID progressions");

struct rid_case {
	const char *name;
	u16 pf;
	u16 offset;
	u16 stride;
	u16 total;
	u32 count;
	u32 last;
};

static const struct rid_case rid_cases[] = {
	{ "none", 0x0100, 1, 1, 0, 0, 0 },
	{ "one", 0x0100, 1, 1, 1, 1, 0x0101 },
	{ "one without stride", 0x0100, 7, 0, 1, 1, 0x0107 },
	{ "several without stride", 0x0100, 7, 0, 5, 1, 0x0107 },
	{ "up to the end of the bus", 0x0100, 1, 1, 255, 255, 0x01ff },
	{ "over the end of the bus", 0x0100, 1, 1, 256, 256, 0x0200 },
	{ "first on the next bus", 0x01f8, 8, 1, 2, 2, 0x0201 },
	{ "strided over buses", 0x0103, 0xfd, 0x100, 4, 4, 0x0500 },
	{ "all of them", 0x0000, 1, 1, 0xffff, 0xffff, 0xffff },
	{ "last one fits exactly", 0x0100, 0x80, 2, 0x7f40, 0x7f40, 0xfffe },
	{ "one too many", 0xff00, 1, 1, 256, 255, 0xffff },
	{ "stride jumps over the end", 0xff00, 1, 0x100, 2, 1, 0xff01 },
	{ "first past the end", 0xff01, 0xff, 1, 4, 0, 0 },
	{ "everything at its maximum", 0xffff, 0xffff, 0xffff, 0xffff, 0, 0 },
	{ "a stride of the maximum", 0x0000, 0xffff, 0xffff, 0xffff, 1, 0xffff },
};

KUNIT_ARRAY_PARAM_DESC(rid_range, rid_cases, name);

static void fake_pf(struct kunit *test, struct pci_dev **pf, u16 rid)
{
	struct pci_bus *bus;

	*pf = kunit_kzalloc(test, sizeof(**pf), GFP_KERNEL);
	bus = kunit_kzalloc(test, sizeof(*bus), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, *pf);
	KUNIT_ASSERT_NOT_NULL(test, bus);
	bus->number = PCI_BUS_NUM(rid);
	(*pf)->bus = bus;
	(*pf)->devfn = rid & 0xff;
}

static void rid_nth_does_not_wrap(struct kunit *test)
{
	struct pci_dev *pf;

	fake_pf(test, &pf, 0xffff);
	KUNIT_EXPECT_EQ(test, 0xffffu + 1, pci_nth_rid(pf, 1, 1, 0));
	KUNIT_EXPECT_EQ(test, 0xffffffffu,
			pci_nth_rid(pf, 0xffff, 0xffff, 0xffff));

	fake_pf(test, &pf, 0x01f8);
	KUNIT_EXPECT_EQ(test, 0x0200u, pci_nth_rid(pf, 6, 2, 1));
}

static void rid_range(struct kunit *test)
{
	const struct rid_case *c = test->param_value;
	struct pci_rid_range range;
	struct pci_dev *pf;

	fake_pf(test, &pf, c->pf);
	pci_rid_range_init(&range, pf, c->offset, c->stride, c->total);

	KUNIT_EXPECT_EQ(test, c->count, range.count);
	if (!c->count) {
		KUNIT_EXPECT_EQ(test, 0, pci_rid_range_count(&range, 0, ~0u));
		return;
	}
	KUNIT_EXPECT_EQ(test, (u32)c->pf + c->offset, range.first);
	KUNIT_EXPECT_EQ(test, c->last, pci_rid_range_last(&range));
	KUNIT_EXPECT_EQ(test, c->last,
			pci_rid_range_nth(&range, c->count - 1));
	KUNIT_EXPECT_TRUE(test, pci_rid_range_has(&range, c->last));
	KUNIT_EXPECT_FALSE(test, pci_rid_range_has(&range, c->last + 1));
	KUNIT_EXPECT_FALSE(test, pci_rid_range_has(&range, range.first - 1));
	KUNIT_EXPECT_FALSE(test, pci_rid_range_has(&range, c->pf));
}

/* Small and large values, and those next to a limit, are equally likely */
static u16 random_u16(struct rnd_state *rnd)
{
	static const u16 edges[] = { 0, 1, 2, 0xff, 0x100, 0x101, 0xfffe,
				     0xffff };
	u32 r = prandom_u32_state(rnd);

	switch (r >> 30) {
	case 0:
		return edges[r % ARRAY_SIZE(edges)];
	case 1:
		return r & 0x1ff;
	default:
		return r;
	}
}

static u32 plain_range(unsigned long *rids, u16 pf, u16 offset, u16 stride,
		       u16 total)
{
	u32 n, count = 0;

	bitmap_zero(rids, NR_RIDS);
	for (n = 0; n < total; n++) {
		u64 rid = (u64)pf + offset + (u64)n * stride;

		if (rid >= NR_RIDS || test_bit(rid, rids))
			break;
		set_bit(rid, rids);
		count++;
	}

	return count;
}

static u32 plain_count(const unsigned long *rids, u32 low, u32 high)
{
	u32 rid, count = 0;

	for (rid = low; rid <= high && rid < NR_RIDS; rid++)
		count += test_bit(rid, rids);

	return count;
}

static void rid_range_is_as_defined(struct kunit *test)
{
	unsigned long *rids = kunit_kcalloc(test, BITS_TO_LONGS(NR_RIDS),
					    sizeof(long), GFP_KERNEL);
	struct pci_rid_range range;
	struct rnd_state rnd;
	struct pci_dev *pf;
	int i, j;

	KUNIT_ASSERT_NOT_NULL(test, rids);
	kunit_info(test, "seed %u", seed);
	prandom_seed_state(&rnd, seed);

	for (i = 0; i < NR_SAMPLES; i++) {
		u16 rid = random_u16(&rnd), offset = random_u16(&rnd);
		u16 stride = random_u16(&rnd), total = random_u16(&rnd);
		u32 count = plain_range(rids, rid, offset, stride, total);

		fake_pf(test, &pf, rid);
		pci_rid_range_init(&range, pf, offset, stride, total);
		KUNIT_ASSERT_EQ_MSG(test, count, range.count,
				    "PF %#x offset %#x stride %#x total %#x",
				    rid, offset, stride, total);
		if (count)
			KUNIT_ASSERT_LT(test, pci_rid_range_last(&range),
					NR_RIDS);

		for (j = 0; j < 8; j++) {
			u32 low = random_u16(&rnd), high = random_u16(&rnd);

			KUNIT_ASSERT_EQ_MSG(test, plain_count(rids, low, high),
					    pci_rid_range_count(&range, low,
								high),
					    "PF %#x offset %#x stride %#x total %#x, %#x to %#x",
					    rid, offset, stride, total, low,
					    high);
			KUNIT_ASSERT_EQ(test, test_bit(low, rids),
					pci_rid_range_has(&range, low));
		}
	}
}

static struct kunit_case rid_test_cases[] = {
	KUNIT_CASE(rid_nth_does_not_wrap),
	KUNIT_CASE_PARAM(rid_range, rid_range_gen_params),
	KUNIT_CASE(rid_range_is_as_defined),
	{}
};

static struct kunit_suite rid_suite = {
	.name = "pci-siov-rid",
	.test_cases = rid_test_cases,
};

kunit_test_suite(rid_suite);

MODULE_DESCRIPTION("KUnit tests for Routing ID arithmetic");
MODULE_LICENSE("GPL");
