// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs to create and to destroy a Scalable Device Interface, when there
 * are few others and when there are many
 *
 * Needs the emulated SIOV device with its driver (CONFIG_PCI_SIOV_TEST), skips
 * where it is absent. SDIs that exist are destroyed.
 */
#include "../kselftest_harness.h"
#include "pci_siov_sdi.h"

/* Best of some: what disturbs makes it slower, nothing makes it faster */
#define ROUNDS		200
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

FIXTURE(cost)
{
	struct pf pf;
};

FIXTURE_SETUP(cost)
{
	if (!find_pf(&self->pf))
		SKIP(return, "no SIOV PF with driver " PF_DRIVER);

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
	EXPECT_LT(many.create, 2 * few.create);
	EXPECT_LT(many.destroy, 2 * few.destroy);
}

TEST_HARNESS_MAIN
