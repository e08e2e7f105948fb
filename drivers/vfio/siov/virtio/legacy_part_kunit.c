// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of how accesses to legacy registers are taken apart, over all accesses
 */

#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/limits.h>

#include "private.h"

#define PORTS		128
#define MAX_COUNT	8

/* Where a register begins: virtio 1.4, "A Note on PCI Device Layout" */
#define BEGINS		(BIT(0x0) | BIT(0x4) | BIT(0x8) | BIT(0xc) | BIT(0xe) | \
			 BIT(0x10) | BIT(0x12) | BIT(0x13))
#define BEGINS_MSIX	(BIT(0x14) | BIT(0x16))

static unsigned int config_begins(bool msix)
{
	return msix ? 0x18 : 0x14;
}

static bool is_boundary(bool msix, unsigned int pos)
{
	if (pos >= config_begins(msix))
		return true;

	return (BEGINS | BEGINS_MSIX) & BIT(pos);
}

/* One register, or what is in the configuration, and no byte of it left out */
static void check_part(struct kunit *test, bool msix, unsigned int pos,
		       unsigned int count, const struct virtio_legacy_part *part)
{
	unsigned int i, end = part->field + part->width;

	KUNIT_ASSERT_GT(test, part->len, 0);
	KUNIT_ASSERT_LE(test, part->len, count);
	KUNIT_ASSERT_EQ(test, pos, part->field + part->skip);
	KUNIT_ASSERT_LE(test, pos + part->len, end);
	KUNIT_ASSERT_EQ(test, part->config, pos >= config_begins(msix));
	if (part->config) {
		KUNIT_ASSERT_EQ(test, part->len, count);
		KUNIT_ASSERT_FALSE(test, part->read_only);
		return;
	}

	KUNIT_ASSERT_LE(test, end, config_begins(msix));
	KUNIT_ASSERT_TRUE(test, is_boundary(msix, part->field));
	KUNIT_ASSERT_TRUE(test, is_boundary(msix, end));
	for (i = part->field + 1; i < end; i++)
		KUNIT_ASSERT_FALSE(test, is_boundary(msix, i));
}

static void check_access(struct kunit *test, bool msix, unsigned int pos,
			 unsigned int count)
{
	bool whole = is_boundary(msix, pos) && is_boundary(msix, pos + count);
	struct virtio_legacy_part part;
	unsigned int done;

	for (done = 0; done < count; done += part.len) {
		part = virtio_legacy_part(msix, pos + done, count - done);
		check_part(test, msix, pos + done, count - done, &part);
	}

	KUNIT_ASSERT_EQ(test, done, count);
	KUNIT_ASSERT_EQ(test, whole, virtio_legacy_is_whole(msix, pos, count));
}

static void all_accesses(struct kunit *test)
{
	unsigned int msix, pos, count;

	for (msix = 0; msix < 2; msix++)
		for (pos = 0; pos < PORTS; pos++)
			for (count = 1; count <= MAX_COUNT; count++)
				check_access(test, msix, pos, count);
}

/* Device features, Queue Size and ISR Status */
static void read_only(struct kunit *test)
{
	unsigned int pos;

	for (pos = 0; pos < 0x18; pos++)
		KUNIT_EXPECT_EQ(test,
				virtio_legacy_part(true, pos, 1).read_only,
				pos < 0x4 || pos / 2 == 0x6 || pos == 0x13);
}

/* Virtio 1.4, "PCI Device Discovery"; VIRTIO_ID_* are too */
static void transitional_ids(struct kunit *test)
{
	unsigned int type, nr = 0;

	KUNIT_EXPECT_EQ(test, virtio_legacy_device_id(1), 0x1000);
	KUNIT_EXPECT_EQ(test, virtio_legacy_device_id(2), 0x1001);
	KUNIT_EXPECT_EQ(test, virtio_legacy_device_id(3), 0x1003);
	KUNIT_EXPECT_EQ(test, virtio_legacy_device_id(4), 0x1005);
	KUNIT_EXPECT_EQ(test, virtio_legacy_device_id(5), 0x1002);
	KUNIT_EXPECT_EQ(test, virtio_legacy_device_id(8), 0x1004);
	KUNIT_EXPECT_EQ(test, virtio_legacy_device_id(9), 0x1009);
	for (type = 0; type <= U16_MAX; type++)
		nr += !!virtio_legacy_device_id(type);
	KUNIT_EXPECT_EQ(test, nr, 7);
}

static struct kunit_case virtio_legacy_part_cases[] = {
	KUNIT_CASE(all_accesses),
	KUNIT_CASE(read_only),
	KUNIT_CASE(transitional_ids),
	{}
};

static struct kunit_suite virtio_legacy_part_suite = {
	.name = "virtio_legacy_part",
	.test_cases = virtio_legacy_part_cases,
};

kunit_test_suite(virtio_legacy_part_suite);
