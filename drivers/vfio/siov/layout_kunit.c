// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the BARs that the user of an SDI sees, over all combinations of
 * regions, and of the slices in them
 */

#include <kunit/test.h>
#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "private.h"

#define WIDE	PCI_BASE_ADDRESS_MEM_TYPE_64
#define NR	PCI_STD_NUM_BARS

/* What a BAR can be before the layout */
static const struct vfio_siov_bar kinds[] = {
	{},
	{ .size = SZ_4K },
	{ .size = SZ_4K, .type = WIDE },
	{ .size = SZ_64K, .type = WIDE | PCI_BASE_ADDRESS_MEM_PREFETCH },
	{ .size = SZ_2G },
	{ .size = SZ_2G, .type = WIDE },
	{ .size = SZ_4G },
	{ .size = SZ_8G, .type = WIDE | PCI_BASE_ADDRESS_MEM_PREFETCH },
	{ .size = 32, .type = PCI_BASE_ADDRESS_SPACE_IO },
};

static const unsigned int vectors[] = { 0, 1, 128, 129, 2048 };

static bool wide(const struct vfio_siov_bar *bar)
{
	return !(bar->type & PCI_BASE_ADDRESS_SPACE_IO) && bar->type & WIDE;
}

/* The bit mask of registers that a BAR takes if it is @as_wide */
static unsigned int registers(unsigned int i, bool as_wide)
{
	return (as_wide ? 3 : 1) << i;
}

/* Could the BARs be, those that need it 64 bits wide and the others not? */
static bool fits(const struct vfio_siov_bar *before)
{
	unsigned int i, regs, taken = 0;

	for (i = 0; i < NR; i++) {
		if (!before[i].size)
			continue;
		regs = registers(i, before[i].size > SZ_2G);
		if (regs & taken || regs >> NR)
			return false;
		taken |= regs;
	}

	return true;
}

/* The bit mask of registers that all BARs take with their final widths */
static unsigned int taken_by(const struct vfio_siov_bar *bar)
{
	unsigned int i, taken = 0;

	for (i = 0; i < NR; i++)
		if (bar[i].size)
			taken |= registers(i, wide(&bar[i]));

	return taken;
}

static void check_bars(struct kunit *test, const struct vfio_siov_bar *before,
		       const struct vfio_siov_bar *after, int msix)
{
	unsigned int i, regs, taken = 0;

	for (i = 0; i < NR; i++) {
		if (!after[i].size) {
			KUNIT_ASSERT_FALSE(test, wide(&after[i]));
			continue;
		}
		regs = registers(i, wide(&after[i]));
		/* No register has two BARs, and none is past the last one */
		KUNIT_ASSERT_EQ(test, 0, regs & taken);
		KUNIT_ASSERT_EQ(test, 0, regs >> NR);
		taken |= regs;

		if (i == msix)
			continue;
		KUNIT_ASSERT_EQ(test, before[i].size, after[i].size);
		KUNIT_ASSERT_EQ(test, before[i].type & ~WIDE,
				after[i].type & ~WIDE);
		if (!wide(&after[i]))
			KUNIT_ASSERT_LE(test, after[i].size, SZ_2G);
		else if (!wide(&before[i]))
			KUNIT_ASSERT_GT(test, before[i].size, SZ_2G);
	}
}

/* A wish for 64 bits is refused for a BAR behind, and for MSI-X at most once */
static void check_wishes(struct kunit *test, const struct vfio_siov_bar *before,
			 const struct vfio_siov_bar *after, int msix)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		if (!before[i].size || !wide(&before[i]) || wide(&after[i]))
			continue;
		if (i + 1 == NR || before[i + 1].size)
			continue;

		/* It was for MSI-X, which had nowhere else to go */
		KUNIT_ASSERT_EQ(test, (int)i + 1, msix);
		KUNIT_ASSERT_EQ(test, (1U << NR) - 1, taken_by(after));
	}
}

static void check_msix(struct kunit *test, const struct vfio_siov_bar *before,
		       const struct vfio_siov_bar *after, int msix,
		       unsigned int nr_vectors)
{
	unsigned int i;
	u64 size;

	if (msix == -ENOSPC) {
		if (!nr_vectors)
			return;
		/* Whatever is left is the upper half of one that needs it */
		KUNIT_ASSERT_EQ(test, (1U << NR) - 1, taken_by(after));
		for (i = 0; i < NR; i++)
			if (wide(&after[i]))
				KUNIT_ASSERT_GT(test, after[i].size, SZ_2G);
		return;
	}

	KUNIT_ASSERT_NE(test, 0, nr_vectors);
	KUNIT_ASSERT_LT(test, msix, NR);
	KUNIT_ASSERT_EQ(test, 0, before[msix].size);
	KUNIT_ASSERT_EQ(test, 0, after[msix].type);
	size = after[msix].size;
	/* 4 KiB or as much as it takes, whatever the pages of the host */
	KUNIT_ASSERT_TRUE(test, is_power_of_2(size));
	KUNIT_ASSERT_GE(test, size, SZ_4K);
	KUNIT_ASSERT_GE(test, size, 2 * nr_vectors * PCI_MSIX_ENTRY_SIZE);
	if (size > SZ_4K)
		KUNIT_ASSERT_LT(test, size,
				4 * nr_vectors * PCI_MSIX_ENTRY_SIZE);
}

static void check_one(struct kunit *test, const struct vfio_siov_bar *before,
		      unsigned int nr_vectors)
{
	struct vfio_siov_bar after[NR];
	unsigned int bad = NR;
	int msix;

	memcpy(after, before, sizeof(after));
	msix = vfio_siov_layout(after, nr_vectors, &bad);
	KUNIT_ASSERT_EQ(test, fits(before), msix != -EINVAL);
	if (msix == -EINVAL) {
		KUNIT_ASSERT_LT(test, bad, NR);
		KUNIT_ASSERT_GT(test, before[bad].size, SZ_2G);
		return;
	}

	check_bars(test, before, after, msix);
	check_wishes(test, before, after, msix);
	check_msix(test, before, after, msix, nr_vectors);
}

static void all_combinations(struct kunit *test)
{
	struct vfio_siov_bar bar[NR] = {};
	unsigned int n, i, rest, combinations = 1;

	for (i = 0; i < NR; i++)
		combinations *= ARRAY_SIZE(kinds);

	for (n = 0; n < combinations; n++) {
		for (i = 0, rest = n; i < NR; i++, rest /= ARRAY_SIZE(kinds))
			bar[i] = kinds[rest % ARRAY_SIZE(kinds)];
		check_one(test, bar, vectors[n % ARRAY_SIZE(vectors)]);
	}
}

/* What PF drivers have most */
static void usual_layouts(struct kunit *test)
{
	struct vfio_siov_bar pair_at_4[NR] = { [4] = kinds[7] };
	struct vfio_siov_bar three_pairs[NR] = { kinds[2], {}, kinds[2], {},
						 kinds[2], {} };
	struct vfio_siov_bar big_pairs[NR] = { kinds[7], {}, kinds[7], {},
					       kinds[7], {} };
	struct vfio_siov_bar one[NR] = { kinds[3] };
	unsigned int bad;

	/* The pair stays one, and MSI-X goes below it */
	KUNIT_EXPECT_EQ(test, 3, vfio_siov_layout(pair_at_4, 4, &bad));
	KUNIT_EXPECT_TRUE(test, wide(&pair_at_4[4]));

	KUNIT_EXPECT_EQ(test, 5, vfio_siov_layout(three_pairs, 4, &bad));
	KUNIT_EXPECT_TRUE(test, wide(&three_pairs[0]));
	KUNIT_EXPECT_TRUE(test, wide(&three_pairs[2]));
	KUNIT_EXPECT_FALSE(test, wide(&three_pairs[4]));

	KUNIT_EXPECT_EQ(test, -ENOSPC, vfio_siov_layout(big_pairs, 4, &bad));
	KUNIT_EXPECT_EQ(test, 5, vfio_siov_layout(one, 4, &bad));
	KUNIT_EXPECT_EQ(test, SZ_4K, one[5].size);
}

/* Puts a slice where vfio_siov_place_slice() wants it */
static int put(struct vfio_siov_bar *bar, u64 offset, u64 len)
{
	struct vfio_siov_slice slice = { .offset = offset, .len = len };
	int i = vfio_siov_place_slice(bar, &slice);

	if (i < 0)
		return i;

	memmove(bar->slice + i + 1, bar->slice + i,
		(bar->nr_slices - i) * sizeof(slice));
	bar->slice[i] = slice;
	bar->nr_slices++;
	return i;
}

static void slices(struct kunit *test)
{
	struct vfio_siov_slice room[8] = {};
	struct vfio_siov_bar bar = { .size = SZ_64K, .slice = room };

	KUNIT_EXPECT_NULL(test, vfio_siov_find_slice(&bar, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, put(&bar, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, put(&bar, 8, 16));
	KUNIT_EXPECT_EQ(test, -EINVAL, put(&bar, 16, 8));
	KUNIT_EXPECT_EQ(test, -EINVAL, put(&bar, SZ_64K, 16));
	KUNIT_EXPECT_EQ(test, -EINVAL, put(&bar, SZ_64K - 16, 32));
	KUNIT_EXPECT_EQ(test, -EINVAL, put(&bar, 16, U64_MAX & ~15ULL));

	KUNIT_EXPECT_EQ(test, 0, put(&bar, SZ_8K, SZ_4K));
	KUNIT_EXPECT_EQ(test, 1, put(&bar, SZ_64K - 16, 16));
	KUNIT_EXPECT_EQ(test, 0, put(&bar, 0, SZ_4K));
	KUNIT_EXPECT_EQ(test, 1, put(&bar, SZ_4K, SZ_4K));

	KUNIT_EXPECT_EQ(test, -EBUSY, put(&bar, 0, SZ_4K));
	KUNIT_EXPECT_EQ(test, -EBUSY, put(&bar, 0, SZ_64K));
	KUNIT_EXPECT_EQ(test, -EBUSY, put(&bar, SZ_8K + 16, 16));
	KUNIT_EXPECT_EQ(test, -EBUSY, put(&bar, SZ_8K + SZ_4K - 16, 32));
	KUNIT_EXPECT_EQ(test, -EBUSY, put(&bar, SZ_32K, SZ_32K));

	KUNIT_EXPECT_PTR_EQ(test, &room[0], vfio_siov_find_slice(&bar, 0));
	KUNIT_EXPECT_PTR_EQ(test, &room[0],
			    vfio_siov_find_slice(&bar, SZ_4K - 1));
	KUNIT_EXPECT_PTR_EQ(test, &room[1], vfio_siov_find_slice(&bar, SZ_4K));
	KUNIT_EXPECT_PTR_EQ(test, &room[2],
			    vfio_siov_find_slice(&bar, SZ_8K + SZ_4K - 1));
	KUNIT_EXPECT_NULL(test, vfio_siov_find_slice(&bar, SZ_8K + SZ_4K));
	KUNIT_EXPECT_NULL(test, vfio_siov_find_slice(&bar, SZ_64K - 17));
	KUNIT_EXPECT_PTR_EQ(test, &room[3],
			    vfio_siov_find_slice(&bar, SZ_64K - 1));
	KUNIT_EXPECT_NULL(test, vfio_siov_find_slice(&bar, SZ_64K));
}

static struct kunit_case vfio_siov_layout_cases[] = {
	KUNIT_CASE_SLOW(all_combinations),
	KUNIT_CASE(usual_layouts),
	KUNIT_CASE(slices),
	{}
};

static struct kunit_suite vfio_siov_layout_suite = {
	.name = "vfio_siov_layout",
	.test_cases = vfio_siov_layout_cases,
};

kunit_test_suite(vfio_siov_layout_suite);

MODULE_DESCRIPTION("KUnit tests of the BARs of vfio-siov-core");
MODULE_LICENSE("GPL");
