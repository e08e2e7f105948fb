// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: discovery of SIOV Physical Functions, sound and broken ones
 *
 * Each test describes a hierarchy, lets the PCI core enumerate it and looks at
 * what became of the function: what the core believes, what it printed, and
 * which registers it touched. To know which accesses are due to SIOV, the same
 * function is enumerated once more with a capability ID that nobody knows.
 */
#include <linux/bitmap.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/prandom.h>
#include <kunit/test.h>

#include "../pci.h"
#include "fake_host.h"

#define ID_NOBODY_KNOWS		0x3f
#define NR_RANDOM_CAPS		150

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the random capabilities");

static const struct fake_pci_siov sixteen_sdis = {
	.total = 16,
	.offset = 8,
	.stride = 2,
	.caps = 0xa5000001,
};

static const struct fake_pci_sriov three_vfs = {
	.total = 3,
	.offset = { 0x100, 0x20 },
	.stride = { 2, 1 },
};

/**
 * struct siov_box - the smallest machine with a SIOV function
 * @host: host bridge
 * @rp: root port above @ep
 * @ep: the function, 01:00.0
 * @next_rp: another root port
 * @next_ep: a plain endpoint below @next_rp
 * @mark: the kernel log before the enumeration
 */
struct siov_box {
	struct fake_pci_host *host;
	struct fake_pci_fn *rp;
	struct fake_pci_fn *ep;
	struct fake_pci_fn *next_rp;
	struct fake_pci_fn *next_ep;
	struct kmsg_dump_iter mark;
};

static bool owns_rid(const struct pci_dev *pdev, u32 rid)
{
	guard(rwsem_read)(&pci_bus_sem);
	return pci_siov_owns_rid(pdev, rid);
}

static void siov_box_init(struct kunit *test, struct siov_box *box)
{
	box->host = fake_pci_host_create(test, 0, 0xff);
	box->rp = fake_pci_add_port(box->host, NULL, PCI_DEVFN(1, 0),
				    PCI_EXP_TYPE_ROOT_PORT);
	box->next_rp = fake_pci_add_port(box->host, NULL, PCI_DEVFN(2, 0),
					 PCI_EXP_TYPE_ROOT_PORT);
	box->ep = fake_pci_add_endpoint(box->host, box->rp, 0);
	box->next_ep = fake_pci_add_endpoint(box->host, box->next_rp, 0);
}

static struct pci_dev *siov_box_scan(struct kunit *test, struct siov_box *box)
{
	struct pci_dev *pdev;

	fake_kmsg_mark(&box->mark);
	fake_pci_log_start(box->host);
	fake_pci_scan(box->host);
	fake_pci_log_stop(box->host);

	pdev = fake_pci_dev(box->ep);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	return pdev;
}

static unsigned int warnings(const struct kmsg_dump_iter *mark,
			     struct pci_dev *pdev)
{
	return fake_kmsg_count(mark, LOGLEVEL_WARNING, pci_name(pdev), NULL);
}

/* Whatever a capability says, its owner is a PCI function that can be used */
static void expect_working(struct kunit *test, struct fake_pci_fn *fn)
{
	struct pci_dev *pdev = fake_pci_dev(fn);

	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_TRUE(test, pci_dev_is_added(pdev));
	KUNIT_EXPECT_NOT_NULL(test, pdev->resource[0].parent);
	KUNIT_ASSERT_EQ(test, 0, pci_enable_device(pdev));
	pci_set_master(pdev);
	KUNIT_EXPECT_EQ(test, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
			fake_pci_get16(fn, PCI_COMMAND) &
			(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER));
	pci_disable_device(pdev);
}

static void expect_no_siov(struct kunit *test, struct pci_dev *pdev)
{
	KUNIT_EXPECT_FALSE(test, pdev->is_siov);
	KUNIT_EXPECT_FALSE(test, pdev->is_physfn);
	KUNIT_EXPECT_NULL(test, pdev->siov);
	KUNIT_EXPECT_EQ(test, 0, pci_siov_usable_sdis(pdev));
	KUNIT_EXPECT_EQ(test, pci_dev_id(pdev), pci_siov_last_rid(pdev));
}

struct touched {
	DECLARE_BITMAP(read, PCI_CFG_SPACE_EXP_SIZE);
	DECLARE_BITMAP(written, PCI_CFG_SPACE_EXP_SIZE);
};

static struct touched *touched_by(struct kunit *test, struct fake_pci_fn *fn)
{
	const struct fake_pci_access *log;
	struct touched *t;
	unsigned int i, nr;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	log = fake_pci_log(fn->host, &nr);
	for (i = 0; i < nr; i++)
		if (log[i].fn == fn)
			bitmap_set(log[i].write ? t->written : t->read,
				   log[i].where, log[i].size);
	return t;
}

/*
 * Enumerate a twin of @box->ep on which the bytes at @pos are those of
 * a capability that nobody knows, and compare what was touched.
 */
static void expect_touched_within(struct kunit *test, struct siov_box *box,
				  u16 pos)
{
	struct touched *with = touched_by(test, box->ep), *without;
	u16 end = min(pos + PCI_EXT_CAP_SIOV_SIZEOF, PCI_CFG_SPACE_EXP_SIZE);
	struct siov_box twin;

	siov_box_init(test, &twin);
	memcpy(twin.ep->cfg, box->ep->cfg, sizeof(twin.ep->cfg));
	memset(&twin.ep->cfg[PCI_BASE_ADDRESS_0], 0, 8);
	fake_pci_put16(twin.ep, PCI_COMMAND, 0);
	fake_pci_put32(twin.ep, PCI_BASE_ADDRESS_0,
		       PCI_BASE_ADDRESS_MEM_TYPE_64 |
		       PCI_BASE_ADDRESS_MEM_PREFETCH);
	fake_pci_put16(twin.ep, pos, ID_NOBODY_KNOWS);
	siov_box_scan(test, &twin);
	without = touched_by(test, twin.ep);
	KUNIT_EXPECT_TRUE(test, fake_pci_remove(twin.host));

	KUNIT_EXPECT_TRUE_MSG(test, bitmap_equal(with->written, without->written,
						 PCI_CFG_SPACE_EXP_SIZE),
			      "SIOV makes the core write");
	bitmap_clear(with->read, pos, end - pos);
	KUNIT_EXPECT_TRUE_MSG(test, bitmap_subset(with->read, without->read,
						  PCI_CFG_SPACE_EXP_SIZE),
			      "SIOV makes the core read outside of its capability");
}

static void siov_is_found(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;
	u16 pos;

	siov_box_init(test, &box);
	pos = fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);

	KUNIT_EXPECT_TRUE(test, pdev->is_physfn);
	KUNIT_ASSERT_TRUE(test, pci_is_siov_physfn(pdev));
	KUNIT_ASSERT_NOT_NULL(test, pdev->siov);
	KUNIT_EXPECT_EQ(test, pos, pdev->siov->pos);
	KUNIT_EXPECT_EQ(test, 16, pdev->siov->total_sdis);
	KUNIT_EXPECT_EQ(test, 8, pdev->siov->offset);
	KUNIT_EXPECT_EQ(test, 2, pdev->siov->stride);
	KUNIT_EXPECT_EQ(test, 0xa5000001, pdev->siov->cap);
	KUNIT_EXPECT_EQ(test, 0, pdev->siov->num_sdis);
	KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(pdev));
	KUNIT_EXPECT_EQ(test, 0x108 + 15 * 2, pci_siov_last_rid(pdev));

	KUNIT_EXPECT_EQ(test, 0, warnings(&box.mark, pdev));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box.mark, LOGLEVEL_INFO,
						 pci_name(pdev), "PCI/SIOV: "));
	expect_touched_within(test, &box, pos);
	expect_working(test, box.ep);
}

/**
 * struct siov_fault - a capability that is not as it should be
 * @name: what is wrong
 * @break_it: writes it into the function; returns the capability's position
 * @is_siov: the function is a SIOV PF nevertheless
 * @warns: what the one warning has to say, NULL for none
 */
struct siov_fault {
	const char *name;
	u16 (*break_it)(struct fake_pci_fn *ep);
	bool is_siov;
	const char *warns;
};

static u16 break_nothing_to_do(struct fake_pci_fn *ep)
{
	return fake_pci_add_siov(ep, &(struct fake_pci_siov) {
				 .total = 0, .offset = 1, .stride = 1 });
}

static u16 break_all_zero(struct fake_pci_fn *ep)
{
	return fake_pci_add_siov(ep, &(struct fake_pci_siov) { });
}

static u16 break_offset(struct fake_pci_fn *ep)
{
	return fake_pci_add_siov(ep, &(struct fake_pci_siov) {
				 .total = 4, .offset = 0, .stride = 1 });
}

static u16 break_stride(struct fake_pci_fn *ep)
{
	return fake_pci_add_siov(ep, &(struct fake_pci_siov) {
				 .total = 4, .offset = 1, .stride = 0 });
}

static u16 break_stride_of_one(struct fake_pci_fn *ep)
{
	return fake_pci_add_siov(ep, &(struct fake_pci_siov) {
				 .total = 1, .offset = 1, .stride = 0 });
}

static u16 break_past_0xffff(struct fake_pci_fn *ep)
{
	return fake_pci_add_siov(ep, &(struct fake_pci_siov) {
				 .total = 0xffff, .offset = 1, .stride = 1 });
}

static u16 break_all_past_0xffff(struct fake_pci_fn *ep)
{
	return fake_pci_add_siov(ep, &(struct fake_pci_siov) {
				 .total = 4, .offset = 0xffff, .stride = 1 });
}

static u16 break_all_ones(struct fake_pci_fn *ep)
{
	u16 pos = fake_pci_add_siov(ep, &sixteen_sdis);

	memset(&ep->cfg[pos + 4], 0xff, 12);
	return pos;
}

/* Put the capability where there is no room for all of it */
static u16 siov_at(struct fake_pci_fn *ep, u16 pos)
{
	fake_pci_add_ari(ep, 0);
	ep->next_ext = pos;
	ep->last_ext = PCI_CFG_SPACE_SIZE;
	fake_pci_put32(ep, PCI_CFG_SPACE_SIZE,
		       (fake_pci_get32(ep, PCI_CFG_SPACE_SIZE) & 0xfffff) |
		       pos << 20);
	fake_pci_put32(ep, pos, PCI_EXT_CAP_ID_SIOV | 1 << 16);
	if (pos + 12 <= PCI_CFG_SPACE_EXP_SIZE)
		fake_pci_put32(ep, pos + PCI_SIOV_TOTAL_SDIS, 16);
	if (pos + 16 <= PCI_CFG_SPACE_EXP_SIZE)
		fake_pci_put32(ep, pos + PCI_SIOV_FIRST_OFFSET, 0x00010001);
	return pos;
}

static u16 break_last_place(struct fake_pci_fn *ep)
{
	return siov_at(ep, 0xff0);
}

static u16 break_truncated_at_0xff4(struct fake_pci_fn *ep)
{
	return siov_at(ep, 0xff4);
}

static u16 break_truncated_at_0xff8(struct fake_pci_fn *ep)
{
	return siov_at(ep, 0xff8);
}

static u16 break_truncated_at_0xffc(struct fake_pci_fn *ep)
{
	return siov_at(ep, 0xffc);
}

static u16 break_two(struct fake_pci_fn *ep)
{
	u16 pos = fake_pci_add_siov(ep, &sixteen_sdis);

	fake_pci_add_siov(ep, &sixteen_sdis);
	return pos;
}

static u16 break_version(struct fake_pci_fn *ep)
{
	u16 pos = fake_pci_add_siov(ep, &sixteen_sdis);

	fake_pci_put32(ep, pos, PCI_EXT_CAP_ID_SIOV | 0xf << 16);
	return pos;
}

static u16 break_next(struct fake_pci_fn *ep, u16 next)
{
	u16 pos;

	fake_pci_add_ari(ep, 0);
	pos = fake_pci_add_siov(ep, &sixteen_sdis);
	if (next == 0)
		next = pos;
	fake_pci_put32(ep, pos, PCI_EXT_CAP_ID_SIOV | 1 << 16 | next << 20);
	return pos;
}

static u16 break_next_is_itself(struct fake_pci_fn *ep)
{
	return break_next(ep, 0);
}

static u16 break_next_goes_back(struct fake_pci_fn *ep)
{
	return break_next(ep, PCI_CFG_SPACE_SIZE);
}

static u16 break_next_is_empty(struct fake_pci_fn *ep)
{
	return break_next(ep, 0xff0);
}

static u16 break_next_is_inside(struct fake_pci_fn *ep)
{
	u16 pos = fake_pci_add_siov(ep, &sixteen_sdis);

	fake_pci_put32(ep, pos, PCI_EXT_CAP_ID_SIOV | 1 << 16 |
		       (pos + 8) << 20);
	return pos;
}

static u16 break_status(struct fake_pci_fn *ep)
{
	struct fake_pci_siov siov = sixteen_sdis;

	siov.status = 0xff;
	return fake_pci_add_siov(ep, &siov);
}

static const struct siov_fault siov_faults[] = {
	{ "total 0", break_nothing_to_do, false, NULL },
	{ "all zero", break_all_zero, false, NULL },
	{ "offset 0", break_offset, false, "First SDI Offset is 0" },
	{ "stride 0", break_stride, false, "SDI Stride is 0" },
	{ "stride 0 of one SDI", break_stride_of_one, true, NULL },
	{ "RIDs past 0xffff", break_past_0xffff, true, "past bus ff" },
	{ "all RIDs past 0xffff", break_all_past_0xffff, true, "past bus ff" },
	{ "all ones", break_all_ones, true, "past bus ff" },
	{ "just fits", break_last_place, true, NULL },
	{ "truncated at 0xff4", break_truncated_at_0xff4, false,
	  "does not end within configuration space" },
	{ "truncated at 0xff8", break_truncated_at_0xff8, false,
	  "does not end within configuration space" },
	{ "truncated at 0xffc", break_truncated_at_0xffc, false,
	  "does not end within configuration space" },
	{ "two capabilities", break_two, false, "more than one" },
	{ "unknown version", break_version, true, NULL },
	{ "next is itself", break_next_is_itself, true, NULL },
	{ "next goes back", break_next_goes_back, true, NULL },
	{ "next is empty", break_next_is_empty, true, NULL },
	{ "next is inside", break_next_is_inside, false, "inside of it" },
	{ "unknown status", break_status, true, NULL },
};

KUNIT_ARRAY_PARAM_DESC(siov_fault, siov_faults, name);

static void siov_fault(struct kunit *test)
{
	const struct siov_fault *fault = test->param_value;
	struct siov_box box;
	struct pci_dev *pdev;
	u16 pos;

	siov_box_init(test, &box);
	pos = fault->break_it(box.ep);
	pdev = siov_box_scan(test, &box);

	KUNIT_EXPECT_EQ(test, fault->is_siov, pci_is_siov_physfn(pdev));
	if (!fault->is_siov)
		expect_no_siov(test, pdev);

	KUNIT_EXPECT_EQ(test, fault->warns ? 1 : 0, warnings(&box.mark, pdev));
	if (fault->warns)
		KUNIT_EXPECT_EQ(test, 1,
				fake_kmsg_count(&box.mark, LOGLEVEL_WARNING,
						pci_name(pdev), fault->warns));
	expect_touched_within(test, &box, pos);
	expect_working(test, box.ep);
	expect_working(test, box.next_ep);
}

/* The capability sits on Type 0 functions only */
static void siov_on_bridge(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;

	siov_box_init(test, &box);
	fake_pci_add_siov(box.rp, &sixteen_sdis);
	siov_box_scan(test, &box);

	pdev = fake_pci_dev(box.rp);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	expect_no_siov(test, pdev);
	KUNIT_EXPECT_EQ(test, 1, warnings(&box.mark, pdev));
	expect_working(test, box.ep);
}

/* Without PCI Express capability there are no extended ones to look for */
static void siov_on_conventional(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	const struct fake_pci_access *log;
	struct fake_pci_fn *fn;
	struct pci_dev *pdev;
	unsigned int i, nr;

	fn = fake_pci_add_conventional(host, NULL, PCI_DEVFN(1, 0));
	fake_pci_add_siov(fn, &sixteen_sdis);
	fake_pci_scan(host);
	pdev = fake_pci_dev(fn);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	expect_no_siov(test, pdev);

	fake_pci_log_start(host);
	pci_siov_init(pdev);
	log = fake_pci_log(host, &nr);
	for (i = 0; i < nr; i++)
		KUNIT_FAIL(test, "access to %#x", log[i].where);
}

/* A function without it pays one walk of its extended capabilities */
static void siov_costs_one_walk(struct kunit *test)
{
	const struct fake_pci_access *log;
	struct siov_box box;
	struct pci_dev *pdev;
	unsigned int i, nr;
	u16 pos[3];

	siov_box_init(test, &box);
	pos[0] = fake_pci_add_ari(box.ep, 0);
	pos[1] = fake_pci_add_ext_cap(box.ep, ID_NOBODY_KNOWS, 1, 0x20);
	pos[2] = fake_pci_add_ext_cap(box.ep, ID_NOBODY_KNOWS, 1, 0x20);
	pdev = siov_box_scan(test, &box);

	fake_pci_log_start(box.host);
	pci_siov_init(pdev);
	log = fake_pci_log(box.host, &nr);
	KUNIT_ASSERT_EQ(test, ARRAY_SIZE(pos), nr);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, pos[i], log[i].where);
		KUNIT_EXPECT_FALSE(test, log[i].write);
	}
}

static u16 random_u16(struct rnd_state *rnd)
{
	static const u16 edges[] = { 0, 1, 2, 0x80, 0xff, 0x100, 0xfffe,
				     0xffff };
	u32 r = prandom_u32_state(rnd);

	return r >> 31 ? r : edges[r % ARRAY_SIZE(edges)];
}

/* A capability of random bytes, mostly where it should be, often plausible */
static u16 random_cap(struct fake_pci_fn *ep, struct rnd_state *rnd)
{
	static const u16 ends[] = { 0xff0, 0xff4, 0xff8, 0xffc };
	u32 r = prandom_u32_state(rnd), header;
	u16 pos, next = 0;
	int i;

	if (r & 1)
		fake_pci_add_ari(ep, 0);
	pos = r & 0x1e ? fake_pci_add_siov(ep, &sixteen_sdis) :
			 siov_at(ep, ends[r >> 30]);
	/* At the end there is no room for a second one */
	if (r & 0x1e && !(r & 0x1e0))
		fake_pci_add_siov(ep, &sixteen_sdis);

	if (!(r & 0x600))
		next = prandom_u32_state(rnd) & 0xffc;
	else if (!(r & 0x1800))
		next = pos + (r >> 16 & 0xc);
	else
		next = fake_pci_get32(ep, pos) >> 20;
	header = PCI_EXT_CAP_ID_SIOV | (r >> 20 & 0xf) << 16 | next << 20;
	fake_pci_put32(ep, pos, header);

	for (i = PCI_SIOV_CAP; i < PCI_EXT_CAP_SIOV_SIZEOF &&
	     pos + i < PCI_CFG_SPACE_EXP_SIZE; i += 2)
		fake_pci_put16(ep, pos + i, random_u16(rnd));
	return pos;
}

static void random_cap_case(struct kunit *test, struct rnd_state *rnd)
{
	struct siov_box box;
	struct pci_dev *pdev;
	unsigned int writes;
	u16 pos;

	siov_box_init(test, &box);
	pos = random_cap(box.ep, rnd);
	pdev = siov_box_scan(test, &box);
	writes = box.ep->writes;
	kunit_info(test, "at %#x: %*ph", pos,
		   min(16, PCI_CFG_SPACE_EXP_SIZE - pos), &box.ep->cfg[pos]);

	KUNIT_EXPECT_LE(test, warnings(&box.mark, pdev), 1);
	KUNIT_EXPECT_EQ(test, 0, fake_kmsg_count(&box.mark, LOGLEVEL_WARNING,
						 "cut here", NULL));
	if (pci_is_siov_physfn(pdev)) {
		struct pci_rid_range *rids = &pdev->siov->rids;

		KUNIT_EXPECT_LE(test, rids->count, pdev->siov->total_sdis);
		if (rids->count)
			KUNIT_EXPECT_LE(test, pci_rid_range_last(rids), 0xffff);
		KUNIT_EXPECT_LE(test, pci_siov_usable_sdis(pdev), rids->count);
	} else {
		expect_no_siov(test, pdev);
	}
	KUNIT_EXPECT_EQ(test, writes, box.ep->writes);

	/* Whatever it asked for, the devices beside it are found */
	KUNIT_EXPECT_GE(test, fake_pci_subordinate(box.rp), 1);
	KUNIT_EXPECT_EQ(test, fake_pci_subordinate(box.rp) + 1,
			fake_pci_secondary(box.next_rp));
	expect_touched_within(test, &box, pos);
	expect_working(test, box.ep);
	expect_working(test, box.next_ep);
	KUNIT_EXPECT_TRUE(test, fake_pci_remove(box.host));
}

/* Random bytes: seeded, so that a failure can be repeated */
static void siov_random_caps(struct kunit *test)
{
	struct rnd_state rnd;
	int i;

	prandom_seed_state(&rnd, seed);
	fake_kmsg_quiet(test);

	for (i = 0; i < NR_RANDOM_CAPS; i++) {
		random_cap_case(test, &rnd);
		if (test->status == KUNIT_FAILURE)
			KUNIT_FAIL_AND_ABORT(test, "seed %u, capability %d",
					     seed, i);
	}
	fake_kmsg_loud(test);
	kunit_info(test, "seed %u, %d capabilities", seed, NR_RANDOM_CAPS);
}

static struct kunit_case discovery_cases[] = {
	KUNIT_CASE(siov_is_found),
	KUNIT_CASE_PARAM(siov_fault, siov_fault_gen_params),
	KUNIT_CASE(siov_on_bridge),
	KUNIT_CASE(siov_on_conventional),
	KUNIT_CASE(siov_costs_one_walk),
	KUNIT_CASE(siov_random_caps),
	{}
};

static struct kunit_suite discovery_suite = {
	.name = "pci-siov-discovery",
	.test_cases = discovery_cases,
};

/* The SR-IOV code takes no SIOV PF without SR-IOV for one of its own */
static void kind_siov_only(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;

	siov_box_init(test, &box);
	fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);

	KUNIT_EXPECT_TRUE(test, pdev->is_physfn);
	KUNIT_EXPECT_TRUE(test, pci_is_siov_physfn(pdev));
	KUNIT_EXPECT_FALSE(test, pci_is_sriov_physfn(pdev));
	KUNIT_EXPECT_FALSE(test, dev_is_pf(&pdev->dev));
	KUNIT_EXPECT_NULL(test, pdev->sriov);
	KUNIT_EXPECT_PTR_EQ(test, pdev, pci_physfn(pdev));

	KUNIT_EXPECT_EQ(test, 0, pci_num_vf(pdev));
	KUNIT_EXPECT_EQ(test, 0, pci_vfs_assigned(pdev));
	KUNIT_EXPECT_EQ(test, 0, pci_sriov_get_totalvfs(pdev));
	KUNIT_EXPECT_LT(test, pci_sriov_set_totalvfs(pdev, 1), 0);
	KUNIT_EXPECT_LT(test, fake_pci_enable_vfs(pdev, 1), 0);
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_iov_virtfn_bus(pdev, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_iov_virtfn_devfn(pdev, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_iov_vf_id(pdev));
	KUNIT_EXPECT_EQ(test, 0, pci_iov_bus_range(pdev->bus));
	fake_pci_disable_vfs(pdev);
	pci_vf_drivers_autoprobe(pdev, false);
	pci_iov_remove(pdev);
	pci_restore_iov_state(pdev);

	KUNIT_EXPECT_EQ(test, 0, warnings(&box.mark, pdev));
	KUNIT_EXPECT_TRUE(test, fake_pci_remove(box.host));
}

static void kind_sriov_only(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;

	siov_box_init(test, &box);
	fake_pci_add_sriov(box.ep, &three_vfs);
	pdev = siov_box_scan(test, &box);

	KUNIT_EXPECT_TRUE(test, pdev->is_physfn);
	KUNIT_EXPECT_TRUE(test, pci_is_sriov_physfn(pdev));
	KUNIT_EXPECT_TRUE(test, dev_is_pf(&pdev->dev));
	KUNIT_EXPECT_FALSE(test, pci_is_siov_physfn(pdev));
	KUNIT_EXPECT_NULL(test, pdev->siov);
	KUNIT_EXPECT_EQ(test, 3, pci_sriov_get_totalvfs(pdev));
	KUNIT_EXPECT_EQ(test, 0, pci_siov_usable_sdis(pdev));
	KUNIT_EXPECT_FALSE(test, owns_rid(pdev, 0x200));
}

static void kind_dual(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;

	siov_box_init(test, &box);
	fake_pci_add_ari(box.ep, 0);
	fake_pci_add_sriov(box.ep, &three_vfs);
	fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);

	KUNIT_EXPECT_TRUE(test, pci_is_sriov_physfn(pdev));
	KUNIT_EXPECT_TRUE(test, pci_is_siov_physfn(pdev));
	KUNIT_ASSERT_NOT_NULL(test, pdev->sriov);
	KUNIT_ASSERT_NOT_NULL(test, pdev->siov);
	KUNIT_EXPECT_EQ(test, 3, pci_sriov_get_totalvfs(pdev));
	KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(pdev));
	KUNIT_EXPECT_EQ(test, PCI_SRIOV_CTRL_ARI,
			fake_pci_get16(box.ep, box.ep->sriov + PCI_SRIOV_CTRL));
	KUNIT_EXPECT_EQ(test, 0, warnings(&box.mark, pdev));
}

/* When SR-IOV fails, is_physfn stays set for SIOV */
static void kind_dual_with_broken_sriov(struct kunit *test)
{
	static const struct fake_pci_sriov no_offset = { .total = 3 };
	struct siov_box box;
	struct pci_dev *pdev;

	siov_box_init(test, &box);
	fake_pci_add_sriov(box.ep, &no_offset);
	fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);

	KUNIT_EXPECT_TRUE(test, pdev->is_physfn);
	KUNIT_EXPECT_TRUE(test, pci_is_siov_physfn(pdev));
	KUNIT_EXPECT_FALSE(test, pci_is_sriov_physfn(pdev));
	KUNIT_EXPECT_NULL(test, pdev->sriov);
	KUNIT_EXPECT_LT(test, fake_pci_enable_vfs(pdev, 1), 0);
}

static void kind_dual_with_broken_siov(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;

	siov_box_init(test, &box);
	fake_pci_add_sriov(box.ep, &three_vfs);
	break_offset(box.ep);
	pdev = siov_box_scan(test, &box);

	KUNIT_EXPECT_TRUE(test, pdev->is_physfn);
	KUNIT_EXPECT_TRUE(test, pci_is_sriov_physfn(pdev));
	KUNIT_EXPECT_FALSE(test, pci_is_siov_physfn(pdev));
	KUNIT_EXPECT_NULL(test, pdev->siov);
	KUNIT_EXPECT_EQ(test, 1, warnings(&box.mark, pdev));
}

/*
 * ARI Capable Hierarchy exists in the lowest-numbered PF with SR-IOV. If
 * a function 0 that only has SIOV is taken for that one, the bit stays clear
 * and every VF of its siblings is looked for at a wrong Routing ID.
 */
static void kind_siov_fn0_sriov_siblings(struct kunit *test)
{
	struct fake_pci_fn *fn[2];
	struct siov_box box;
	struct pci_dev *pdev;
	int i;

	siov_box_init(test, &box);
	fake_pci_add_ari(box.ep, 1);
	fake_pci_add_siov(box.ep, &sixteen_sdis);
	for (i = 0; i < 2; i++) {
		fn[i] = fake_pci_add_endpoint(box.host, box.rp, i + 1);
		fake_pci_add_ari(fn[i], i ? 0 : 2);
		fake_pci_add_sriov(fn[i], &three_vfs);
	}
	siov_box_scan(test, &box);

	KUNIT_EXPECT_EQ(test, PCI_SRIOV_CTRL_ARI,
			fake_pci_get16(fn[0], fn[0]->sriov + PCI_SRIOV_CTRL));
	KUNIT_EXPECT_EQ(test, 0,
			fake_pci_get16(fn[1], fn[1]->sriov + PCI_SRIOV_CTRL));
	for (i = 0; i < 2; i++) {
		pdev = fake_pci_dev(fn[i]);
		KUNIT_ASSERT_NOT_NULL(test, pdev);
		KUNIT_ASSERT_NOT_NULL(test, pdev->sriov);
		KUNIT_EXPECT_PTR_EQ(test, fake_pci_dev(fn[0]),
				    pdev->sriov->dev);
		KUNIT_EXPECT_EQ(test, 1, pci_iov_virtfn_bus(pdev, 2));
		KUNIT_EXPECT_EQ(test, i + 1 + 0x20 + 2,
				pci_iov_virtfn_devfn(pdev, 2));
	}
	KUNIT_EXPECT_EQ(test, 0, pci_iov_bus_range(pdev->bus));
}

/* A VF is nobody's PF: its capability costs a warning and nothing else */
static void kind_vf_with_siov(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev, *vf;

	siov_box_init(test, &box);
	fake_pci_add_ari(box.ep, 0);
	fake_pci_add_sriov(box.ep, &three_vfs);
	fake_pci_add_siov(box.ep->vf, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);

	KUNIT_ASSERT_EQ(test, 0, fake_pci_enable_vfs(pdev, 1));
	vf = fake_pci_find(box.host, 1, 0x20);
	KUNIT_ASSERT_NOT_NULL(test, vf);
	KUNIT_EXPECT_TRUE(test, vf->is_virtfn);
	expect_no_siov(test, vf);
	KUNIT_EXPECT_PTR_EQ(test, pdev, pci_physfn(vf));
	KUNIT_EXPECT_EQ(test, 1, warnings(&box.mark, vf));
	fake_pci_disable_vfs(pdev);
}

static void kind_integrated_endpoint(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *fn;
	struct pci_dev *pdev;

	fn = fake_pci_add_rciep(host, PCI_DEVFN(3, 0));
	fake_pci_add_siov(fn, &sixteen_sdis);
	fake_pci_scan(host);
	pdev = fake_pci_dev(fn);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_TRUE(test, pci_is_siov_physfn(pdev));
	KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(pdev));
	KUNIT_EXPECT_EQ(test, PCI_DEVFN(3, 0) + 8 + 15 * 2,
			pci_siov_last_rid(pdev));
}

/* A function that is not trusted, like all below it: one on a cable, for instance */
static void kind_untrusted(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;

	siov_box_init(test, &box);
	fake_pci_add_siov(box.ep, &sixteen_sdis);
	box.ep->absent = true;
	fake_pci_scan(box.host);
	fake_pci_dev(box.rp)->untrusted = true;
	box.ep->absent = false;
	fake_pci_rescan(box.host);

	pdev = fake_pci_dev(box.ep);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_ASSERT_TRUE(test, pdev->untrusted);
	KUNIT_ASSERT_TRUE(test, pci_is_siov_physfn(pdev));
	KUNIT_EXPECT_EQ(test, 0, pci_siov_usable_sdis(pdev));
	KUNIT_EXPECT_NOT_NULL(test, pci_siov_check_isolation(pdev));
}

/* What cannot be read is not taken for good */
static void kind_silent(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;

	siov_box_init(test, &box);
	fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);
	KUNIT_EXPECT_NULL(test, pci_siov_check_isolation(pdev));
	box.ep->absent = true;
	KUNIT_EXPECT_NOT_NULL(test, pci_siov_check_isolation(pdev));
	KUNIT_EXPECT_EQ(test, 0, pci_siov_usable_sdis(pdev));
	box.ep->absent = false;
	KUNIT_EXPECT_NULL(test, pci_siov_check_isolation(pdev));
}

static struct kunit_case kind_cases[] = {
	KUNIT_CASE(kind_siov_only),
	KUNIT_CASE(kind_sriov_only),
	KUNIT_CASE(kind_dual),
	KUNIT_CASE(kind_dual_with_broken_sriov),
	KUNIT_CASE(kind_dual_with_broken_siov),
	KUNIT_CASE(kind_siov_fn0_sriov_siblings),
	KUNIT_CASE(kind_vf_with_siov),
	KUNIT_CASE(kind_integrated_endpoint),
	KUNIT_CASE(kind_untrusted),
	KUNIT_CASE(kind_silent),
	{}
};

static struct kunit_suite kind_suite = {
	.name = "pci-siov-kinds",
	.test_cases = kind_cases,
};

static u16 ari_forwarding(struct fake_pci_fn *port)
{
	return fake_pci_get16(port, 0x40 + PCI_EXP_DEVCTL2) &
		PCI_EXP_DEVCTL2_ARI;
}

static void life_restore(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;
	u16 pos;

	siov_box_init(test, &box);
	pos = fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);

	pci_save_state(pdev);
	fake_pci_log_start(box.host);
	pci_restore_state(pdev);
	fake_pci_log_stop(box.host);
	KUNIT_EXPECT_EQ(test, 0, warnings(&box.mark, pdev));
	KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(pdev));
	KUNIT_EXPECT_EQ(test, PCI_CFG_SPACE_EXP_SIZE,
			find_next_bit(touched_by(test, box.ep)->written,
				      PCI_CFG_SPACE_EXP_SIZE, pos));
}

/* The port must not forward by ARI rules to a device that has none */
static void life_without_ari(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;

	siov_box_init(test, &box);
	fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);
	KUNIT_EXPECT_FALSE(test, ari_forwarding(box.rp));

	pci_save_state(pdev);
	pci_restore_state(pdev);
	KUNIT_EXPECT_FALSE(test, ari_forwarding(box.rp));
	KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(pdev));
}

static void life_with_ari(struct kunit *test)
{
	struct siov_box box;

	siov_box_init(test, &box);
	fake_pci_add_ari(box.ep, 0);
	fake_pci_add_siov(box.ep, &sixteen_sdis);
	siov_box_scan(test, &box);
	KUNIT_EXPECT_TRUE(test, ari_forwarding(box.rp));
}

static void life_flr(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;

	siov_box_init(test, &box);
	fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);

	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(pdev));
	KUNIT_EXPECT_TRUE(test, pci_is_siov_physfn(pdev));
	KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(pdev));
	KUNIT_EXPECT_EQ(test, 0, warnings(&box.mark, pdev));
	expect_working(test, box.ep);
}

/* New firmware with other Routing IDs: give out none rather than wrong ones */
static void life_changed_by_reset(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;
	u16 pos;

	siov_box_init(test, &box);
	pos = fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);

	pci_save_state(pdev);
	fake_pci_put16(box.ep, pos + PCI_SIOV_FIRST_OFFSET, 64);
	pci_restore_state(pdev);
	KUNIT_EXPECT_EQ(test, 0, pci_siov_usable_sdis(pdev));
	KUNIT_EXPECT_FALSE(test, owns_rid(pdev, 0x108));
	KUNIT_EXPECT_EQ(test, 1, warnings(&box.mark, pdev));

	/* Said once, not at each resume */
	pci_save_state(pdev);
	pci_restore_state(pdev);
	KUNIT_EXPECT_EQ(test, 1, warnings(&box.mark, pdev));

	pci_stop_and_remove_bus_device_locked(pdev);
	fake_pci_rescan(box.host);
	pdev = fake_pci_dev(box.ep);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(pdev));
	KUNIT_EXPECT_TRUE(test, owns_rid(pdev, 0x140));
}

/* Any of them makes Routing IDs wrong, or SDIs that are not there */
static void life_each_change_counts(struct kunit *test)
{
	static const struct {
		u8 reg;
		u16 val;
	} changes[] = {
		{ PCI_SIOV_TOTAL_SDIS, 8 },
		{ PCI_SIOV_FIRST_OFFSET, 64 },
		{ PCI_SIOV_STRIDE, 1 },
	};
	struct siov_box box;
	struct pci_dev *pdev;
	unsigned int i;
	u16 pos;

	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		siov_box_init(test, &box);
		pos = fake_pci_add_siov(box.ep, &sixteen_sdis);
		pdev = siov_box_scan(test, &box);
		KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(pdev));
		pci_save_state(pdev);
		fake_pci_put16(box.ep, pos + changes[i].reg, changes[i].val);
		pci_restore_state(pdev);
		KUNIT_EXPECT_EQ_MSG(test, 0, pci_siov_usable_sdis(pdev),
				    "register %#x", changes[i].reg);
		fake_pci_host_free(box.host);
	}
}

/* Some platforms lose extended configuration space in S3; SDIs work on */
static void life_without_extended_space(struct kunit *test)
{
	static const u8 lost[] = { 0, 0xff };
	struct siov_box box;
	struct pci_dev *pdev;
	u8 status;
	int i;

	siov_box_init(test, &box);
	fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);

	for (i = 0; i < ARRAY_SIZE(lost); i++) {
		pci_save_state(pdev);
		memset(&box.ep->cfg[PCI_CFG_SPACE_SIZE], lost[i],
		       PCI_CFG_SPACE_EXP_SIZE - PCI_CFG_SPACE_SIZE);
		pci_restore_state(pdev);
		KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(pdev));
		KUNIT_EXPECT_EQ(test, -EIO, pci_siov_status(pdev, &status));
		KUNIT_EXPECT_EQ(test, 0, warnings(&box.mark, pdev));
	}
}

static void life_sdis_left_running(struct kunit *test)
{
	struct fake_pci_siov siov = sixteen_sdis;
	struct siov_box box;
	struct pci_dev *pdev;
	u8 status;

	siov_box_init(test, &box);
	siov.status = PCI_SIOV_STATUS_ENABLED;
	fake_pci_add_siov(box.ep, &siov);
	pdev = siov_box_scan(test, &box);

	KUNIT_EXPECT_TRUE(test, pci_is_siov_physfn(pdev));
	KUNIT_ASSERT_EQ(test, 0, pci_siov_status(pdev, &status));
	KUNIT_EXPECT_EQ(test, PCI_SIOV_STATUS_ENABLED, status);
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box.mark, LOGLEVEL_INFO,
						 pci_name(pdev),
						 "before a reset"));

	box.ep->absent = true;
	KUNIT_EXPECT_EQ(test, -EIO, pci_siov_status(pdev, &status));
}

static int life_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return 0;
}

static const struct pci_device_id life_ids[] = {
	{ PCI_DEVICE(0x1d0f, 0xfa02) },
	{}
};

static struct pci_driver life_driver = {
	.name = "siov_kunit",
	.id_table = life_ids,
	.probe = life_probe,
};

static void life_unregister(void *driver)
{
	pci_unregister_driver(driver);
}

static void life_driver_leaves_sdis(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;
	u16 pos;

	siov_box_init(test, &box);
	pos = fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);

	KUNIT_ASSERT_EQ(test, 0, pci_register_driver(&life_driver));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   life_unregister,
							   &life_driver));
	KUNIT_ASSERT_PTR_EQ(test, &life_driver, pdev->driver);
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_EQ(test, 0, warnings(&box.mark, pdev));

	KUNIT_ASSERT_GE(test, device_attach(&pdev->dev), 0);
	KUNIT_ASSERT_PTR_EQ(test, &life_driver, pdev->driver);
	fake_pci_put8(box.ep, pos + PCI_SIOV_STATUS, PCI_SIOV_STATUS_ENABLED);
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_EQ(test, 1, warnings(&box.mark, pdev));
	kunit_release_action(test, life_unregister, &life_driver);
}

static void life_remove_and_rescan(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;
	int i;

	siov_box_init(test, &box);
	fake_pci_add_sriov(box.ep, &three_vfs);
	fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);

	for (i = 0; i < 30; i++) {
		pci_stop_and_remove_bus_device_locked(pdev);
		KUNIT_EXPECT_NULL(test, fake_pci_dev(box.ep));
		fake_pci_rescan(box.host);
		pdev = fake_pci_dev(box.ep);
		KUNIT_ASSERT_NOT_NULL(test, pdev);
		KUNIT_EXPECT_TRUE(test, pci_is_siov_physfn(pdev));
		KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(pdev));
		KUNIT_EXPECT_EQ(test, 2, fake_pci_subordinate(box.rp));
	}
	KUNIT_EXPECT_EQ(test, 0, warnings(&box.mark, pdev));
	KUNIT_EXPECT_TRUE(test, fake_pci_remove(box.host));
}

static void life_surprise_removal(struct kunit *test)
{
	struct siov_box box;
	struct pci_dev *pdev;

	siov_box_init(test, &box);
	fake_pci_add_siov(box.ep, &sixteen_sdis);
	pdev = siov_box_scan(test, &box);

	box.ep->absent = true;
	pci_dev_set_disconnected(pdev, NULL);
	KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(pdev));
	pci_siov_remove(pdev);
	pci_siov_restore_state(pdev);
	KUNIT_EXPECT_EQ(test, 0, warnings(&box.mark, pdev));
	pci_stop_and_remove_bus_device_locked(pdev);
	KUNIT_EXPECT_TRUE(test, fake_pci_remove(box.host));
}

static struct kunit_case life_cases[] = {
	KUNIT_CASE(life_restore),
	KUNIT_CASE(life_without_ari),
	KUNIT_CASE(life_with_ari),
	KUNIT_CASE(life_flr),
	KUNIT_CASE(life_changed_by_reset),
	KUNIT_CASE(life_each_change_counts),
	KUNIT_CASE(life_without_extended_space),
	KUNIT_CASE(life_sdis_left_running),
	KUNIT_CASE(life_driver_leaves_sdis),
	KUNIT_CASE(life_remove_and_rescan),
	KUNIT_CASE(life_surprise_removal),
	{}
};

static struct kunit_suite life_suite = {
	.name = "pci-siov-lifetime",
	.test_cases = life_cases,
};

kunit_test_suites(&discovery_suite, &kind_suite, &life_suite);

MODULE_DESCRIPTION("KUnit tests for discovery of SIOV Physical Functions");
MODULE_LICENSE("GPL");
