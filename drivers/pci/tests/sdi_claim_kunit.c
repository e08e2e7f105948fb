// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: who owns a Routing ID
 *
 * A driver without a device behind it lets SDIs be created on PFs of the fake
 * hierarchy. What is tested is the core's bookkeeping: that no Routing ID ever
 * has two owners, in whatever order they ask, and that an owner that goes
 * leaves nothing.
 */
#include <linux/bitmap.h>
#include <linux/moduleparam.h>
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <linux/pci-ide.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"

#define NR_RANDOM_STEPS		400
#define NR_RIDS			0x10000

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the random creates and deletes");

/* What the driver was told last */
static struct {
	unsigned int inits;
	unsigned int releases;
	unsigned int allow_calls;
	unsigned int nr_spans;
	int reset_ret;
} told;

static int claim_sdi_init(struct pci_sdi *sdi)
{
	told.inits++;
	return 0;
}

static void claim_sdi_release(struct pci_sdi *sdi)
{
	told.releases++;
}

static int claim_sdi_reset(struct pci_sdi *sdi)
{
	return told.reset_ret;
}

static int claim_sdi_set_master(struct pci_sdi *sdi, bool on)
{
	return 0;
}

static int claim_rid_allow(struct pci_dev *pf, const struct pci_rid_span *spans,
			   unsigned int n)
{
	told.allow_calls++;
	told.nr_spans = n;
	return 0;
}

static const struct pci_siov_ops claim_ops = {
	.sdi_init = claim_sdi_init,
	.sdi_release = claim_sdi_release,
	.sdi_reset = claim_sdi_reset,
	.sdi_set_master = claim_sdi_set_master,
	.rid_allow = claim_rid_allow,
};

static int claim_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return 0;
}

static const struct pci_device_id claim_ids[] = {
	{ PCI_DEVICE(0x1d0f, 0xfa02) },
	{}
};

static struct pci_driver claim_driver = {
	.name = "siov_kunit_claim",
	.id_table = claim_ids,
	.probe = claim_probe,
	.siov_ops = &claim_ops,
};

static int claim_suite_init(struct kunit_suite *suite)
{
	return pci_register_driver(&claim_driver);
}

static void claim_suite_exit(struct kunit_suite *suite)
{
	pci_unregister_driver(&claim_driver);
}

static int claim_init(struct kunit *test)
{
	memset(&told, 0, sizeof(told));
	return 0;
}

struct claim_box {
	struct fake_pci_host *host;
	struct fake_pci_fn *rp;
	struct fake_pci_fn *fn[2];
	struct pci_dev *pf[2];
	struct kmsg_dump_iter mark;
};

static void claim_box_init(struct kunit *test, struct claim_box *box)
{
	int i;

	*box = (struct claim_box) {
		.host = fake_pci_host_create(test, 0, 0xff),
	};
	box->rp = fake_pci_add_port(box->host, NULL, PCI_DEVFN(1, 0),
				    PCI_EXP_TYPE_ROOT_PORT);
	for (i = 0; i < 2; i++) {
		box->fn[i] = fake_pci_add_endpoint(box->host, box->rp, i);
		fake_pci_add_ari(box->fn[i], i ? 0 : 1);
	}
}

static void claim_box_scan(struct kunit *test, struct claim_box *box)
{
	int i;

	fake_pci_scan(box->host);
	for (i = 0; i < 2; i++) {
		box->pf[i] = fake_pci_dev(box->fn[i]);
		KUNIT_ASSERT_NOT_NULL(test, box->pf[i]);
	}
	fake_kmsg_mark(&box->mark);
}

static int create_rid(struct pci_dev *pf, u32 index, u32 rid)
{
	struct pci_sdi_params params = { .index = index, .rid = rid };
	struct pci_sdi *sdi = pci_sdi_create(pf, &params);
	int ret;

	if (IS_ERR(sdi))
		return PTR_ERR(sdi);

	ret = sdi->rid;
	pci_sdi_put(sdi);
	return ret;
}

static int create(struct pci_dev *pf, u32 index)
{
	return create_rid(pf, index, PCI_SDI_ANY_RID);
}

static bool claims_are_empty(struct claim_box *box)
{
	struct pci_host_bridge *bridge;

	bridge = pci_find_host_bridge(fake_pci_root(box->host));
	return xa_empty(&bridge->rid_claims);
}

static bool owned_by(struct pci_dev *pf, u16 rid)
{
	guard(rwsem_read)(&pci_bus_sem);
	return pci_rid_owned_by(pf, rid);
}

static void claim_sdis_first(struct kunit *test)
{
	struct claim_box box;
	struct fake_pci_fn *fn;

	claim_box_init(test, &box);
	fn = box.fn[0];
	fake_pci_add_vfs(fn, 3, 0x20, 1);
	fake_pci_add_sdis(fn, 16, 0x20, 1);
	claim_box_scan(test, &box);

	KUNIT_ASSERT_EQ(test, 0x121, create(box.pf[0], 1));
	KUNIT_EXPECT_EQ(test, -EBUSY, fake_pci_enable_vfs(box.pf[0], 3));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box.mark, LOGLEVEL_ERR,
						 "VF 1 cannot have",
						 "SDI 1 of 1"));

	/* Nothing is left of the attempt: no VF, no claim, no register */
	KUNIT_EXPECT_EQ(test, 0, pci_num_vf(box.pf[0]));
	KUNIT_EXPECT_EQ(test, 0, fake_pci_get16(fn, fn->sriov +
						PCI_SRIOV_NUM_VF));
	KUNIT_EXPECT_FALSE(test, fake_pci_get16(fn, fn->sriov +
						PCI_SRIOV_CTRL) &
				 PCI_SRIOV_CTRL_VFE);
	KUNIT_EXPECT_EQ(test, 0x120, create(box.pf[0], 0));
	KUNIT_EXPECT_EQ(test, 0x122, create(box.pf[0], 2));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf[0], 0));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf[0], 1));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf[0], 2));
	KUNIT_EXPECT_TRUE(test, claims_are_empty(&box));
}

/* A device may have its VFs elsewhere as soon as it has none */
static void claim_vfs_that_move(struct kunit *test)
{
	struct claim_box box;

	claim_box_init(test, &box);
	fake_pci_add_vfs(box.fn[0], 3, 0x20, 1);
	fake_pci_add_sdis(box.fn[0], 16, 0x20, 1);
	box.fn[0]->vf_offset_idle = 0x80;
	claim_box_scan(test, &box);

	KUNIT_ASSERT_EQ(test, 0, fake_pci_enable_vfs(box.pf[0], 3));
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box.pf[0], 2));
	fake_pci_disable_vfs(box.pf[0]);
	KUNIT_EXPECT_TRUE(test, claims_are_empty(&box));
	KUNIT_EXPECT_EQ(test, 0x122, create(box.pf[0], 2));
}

static void claim_vfs_first(struct kunit *test)
{
	struct claim_box box;

	claim_box_init(test, &box);
	fake_pci_add_vfs(box.fn[0], 3, 0x20, 1);
	fake_pci_add_sdis(box.fn[0], 16, 0x20, 1);
	claim_box_scan(test, &box);

	KUNIT_ASSERT_EQ(test, 0, fake_pci_enable_vfs(box.pf[0], 3));
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box.pf[0], 1));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box.mark, LOGLEVEL_INFO,
						 "SDI 1 cannot have",
						 "a VF of 1"));
	/* Who takes any gets the first that is nobody's */
	KUNIT_EXPECT_EQ(test, 0x123, create(box.pf[0], PCI_SDI_ANY_INDEX));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf[0], 3));

	fake_pci_disable_vfs(box.pf[0]);
	KUNIT_EXPECT_TRUE(test, claims_are_empty(&box));
	KUNIT_EXPECT_EQ(test, 0x121, create(box.pf[0], 1));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf[0], 1));
}

/* Two PFs of one device whose progressions meet */
static void claim_other_pf(struct kunit *test)
{
	struct claim_box box;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 16, 8, 1);
	fake_pci_add_sdis(box.fn[1], 16, 7, 1);
	claim_box_scan(test, &box);

	KUNIT_ASSERT_EQ(test, 0x10a, create(box.pf[0], 2));
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box.pf[1], 2));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box.mark, LOGLEVEL_INFO,
						 "SDI 2 cannot have",
						 pci_name(box.pf[0])));
	KUNIT_EXPECT_EQ(test, 0x10b, create(box.pf[1], 3));

	KUNIT_EXPECT_TRUE(test, owned_by(box.pf[0], 0x10a));
	KUNIT_EXPECT_FALSE(test, owned_by(box.pf[1], 0x10a));
	KUNIT_EXPECT_TRUE(test, owned_by(box.pf[1], 0x10b));
	KUNIT_EXPECT_FALSE(test, owned_by(box.pf[0], 0x10b));
	/* Nobody's: an earlier kernel may have left either's there */
	KUNIT_EXPECT_TRUE(test, owned_by(box.pf[0], 0x10c));
	KUNIT_EXPECT_TRUE(test, owned_by(box.pf[1], 0x10c));
	KUNIT_EXPECT_FALSE(test, owned_by(box.pf[0], 0x200));

	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf[0], 2));
	KUNIT_EXPECT_EQ(test, 0x10a, create(box.pf[1], 2));
	KUNIT_EXPECT_FALSE(test, owned_by(box.pf[0], 0x10a));
	KUNIT_EXPECT_TRUE(test, owned_by(box.pf[1], 0x10a));
}

static void claim_function_in_the_way(struct kunit *test)
{
	struct claim_box box;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 4, 1, 1);
	claim_box_scan(test, &box);

	KUNIT_EXPECT_EQ(test, -EBUSY, create(box.pf[0], 0));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box.mark, LOGLEVEL_INFO,
						 "SDI 0 cannot have",
						 pci_name(box.pf[1])));
	KUNIT_EXPECT_EQ(test, 0x102, create(box.pf[0], PCI_SDI_ANY_INDEX));
}

/* A function that appears where an SDI is would share its IOMMU domain */
static void claim_function_comes_later(struct kunit *test)
{
	struct claim_box box;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 4, 1, 1);
	claim_box_scan(test, &box);
	pci_stop_and_remove_bus_device_locked(box.pf[1]);

	KUNIT_ASSERT_EQ(test, 0x101, create(box.pf[0], 0));
	fake_pci_rescan(box.host);
	KUNIT_EXPECT_NULL(test, fake_pci_dev(box.fn[1]));

	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf[0], 0));
	fake_pci_rescan(box.host);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(box.fn[1]));
}

/*
 * The window of the PF's port ends at bus @last, and that of the port beside it
 * is bus 2. The PF's SDIs are on both sides of where bus 2 begins.
 */
static struct fake_pci_fn *claim_box_init_two_ports(struct kunit *test,
						    struct claim_box *box,
						    u8 last)
{
	struct fake_pci_fn *next_rp;

	claim_box_init(test, box);
	next_rp = fake_pci_add_port(box->host, NULL, PCI_DEVFN(2, 0),
				    PCI_EXP_TYPE_ROOT_PORT);
	fake_pci_set_buses(box->rp, 0, 1, last);
	fake_pci_set_buses(next_rp, 0, 2, 2);
	fake_pci_add_sdis(box->fn[0], 4, 0xfe, 1);
	return next_rp;
}

static void claim_past_the_window(struct kunit *test)
{
	struct claim_box box;

	claim_box_init_two_ports(test, &box, 1);
	claim_box_scan(test, &box);

	KUNIT_EXPECT_EQ(test, 0x1fe, create(box.pf[0], 0));
	KUNIT_EXPECT_EQ(test, 0x1ff, create(box.pf[0], 1));
	KUNIT_EXPECT_EQ(test, -ENXIO, create(box.pf[0], 2));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box.mark, LOGLEVEL_INFO,
						 "SDI 2 cannot have",
						 "bus 02 does not lead"));
	KUNIT_EXPECT_EQ(test, -ERANGE, create(box.pf[0], 4));
	KUNIT_EXPECT_EQ(test, -ENOSPC, create(box.pf[0], PCI_SDI_ANY_INDEX));
}

/* What never stopped may send with a bus number whose port has gone */
static void claim_keeps_bus_of_quarantine(struct kunit *test)
{
	struct pci_sdi_params params = { .index = 0, .rid = PCI_SDI_ANY_RID };
	struct fake_pci_fn *next_rp, *fn;
	struct pci_host_bridge *bridge;
	struct claim_box box;
	struct pci_sdi *sdi;

	next_rp = claim_box_init_two_ports(test, &box, 1);
	fn = fake_pci_add_endpoint(box.host, next_rp, 0);
	fake_pci_add_sdis(fn, 4, 8, 1);
	claim_box_scan(test, &box);
	sdi = pci_sdi_create(fake_pci_dev(fn), &params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	told.reset_ret = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, pci_sdi_reset(sdi));
	pci_sdi_put(sdi);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(fake_pci_dev(fn), 0));

	pci_stop_and_remove_bus_device_locked(fake_pci_dev(next_rp));
	next_rp->absent = true;
	fake_pci_rescan(box.host);
	KUNIT_EXPECT_EQ(test, 1, fake_pci_subordinate(box.rp));
	KUNIT_EXPECT_EQ(test, -ENXIO, create(box.pf[0], 2));

	bridge = pci_find_host_bridge(fake_pci_root(box.host));
	pci_rid_end_quarantine(bridge, 0x200);
	fake_pci_rescan(box.host);
	KUNIT_EXPECT_EQ(test, 2, fake_pci_subordinate(box.rp));
	KUNIT_EXPECT_EQ(test, 0x200, create(box.pf[0], 2));
}

/* A bridge that was away finds an SDI at one of its numbers, and gets others */
static void claim_stays_when_bridge_comes(struct kunit *test)
{
	struct fake_pci_fn *next_rp, *ep;
	struct claim_box box;

	next_rp = claim_box_init_two_ports(test, &box, 1);
	ep = fake_pci_add_endpoint(box.host, next_rp, 0);
	claim_box_scan(test, &box);

	pci_stop_and_remove_bus_device_locked(fake_pci_dev(next_rp));
	pci_lock_rescan_remove();
	pci_rescan_bus(box.pf[0]->bus);
	pci_unlock_rescan_remove();
	KUNIT_ASSERT_EQ(test, 0x200, create(box.pf[0], 2));

	fake_pci_rescan(box.host);
	KUNIT_EXPECT_EQ(test, 2, fake_pci_subordinate(box.rp));
	KUNIT_EXPECT_EQ(test, 3, fake_pci_secondary(next_rp));
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep));
}

/* What firmware has given to two bridges is nobody's */
static void claim_in_two_windows(struct kunit *test)
{
	struct fake_pci_fn *next_rp;
	struct claim_box box;

	next_rp = claim_box_init_two_ports(test, &box, 2);
	fake_pci_add_endpoint(box.host, next_rp, 0);
	claim_box_scan(test, &box);

	KUNIT_EXPECT_EQ(test, 2, pci_siov_usable_sdis(box.pf[0]));
	KUNIT_EXPECT_EQ(test, 0x1ff, create(box.pf[0], 1));
	KUNIT_EXPECT_EQ(test, -ENXIO, create(box.pf[0], 2));
}

/* What is said helps: a limit of the kernel's own is not the firmware's doing */
static void claim_past_the_limit(struct kunit *test)
{
	struct claim_box box;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 0x1000, 8, 1);
	claim_box_scan(test, &box);

	KUNIT_EXPECT_EQ(test, -ENXIO, create(box.pf[0], 0xf00));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box.mark, LOGLEVEL_INFO,
						 "SDI 3840 cannot have",
						 "past pci=siovbus="));
	KUNIT_EXPECT_EQ(test, 0, fake_kmsg_count(&box.mark, LOGLEVEL_INFO,
						 "SDI 3840 cannot have",
						 "pci=assign-busses"));
}

/* An SDI that never stopped keeps its Routing ID from everybody */
static void claim_quarantine(struct kunit *test)
{
	struct pci_sdi_params params = { .index = 0, .rid = PCI_SDI_ANY_RID };
	struct claim_box box;
	struct pci_sdi *sdi;
	u16 pos;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 16, 8, 1);
	fake_pci_add_sdis(box.fn[1], 16, 7, 1);
	claim_box_scan(test, &box);

	sdi = pci_sdi_create(box.pf[0], &params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	told.reset_ret = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, pci_sdi_reset(sdi));
	KUNIT_EXPECT_EQ(test, -EIO, pci_sdi_set_master(sdi, true));
	pci_sdi_put(sdi);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf[0], 0));

	KUNIT_EXPECT_EQ(test, -EBUSY, create(box.pf[0], 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box.pf[1], 0));
	KUNIT_EXPECT_EQ(test, 0x109, create(box.pf[0], 1));
	KUNIT_EXPECT_FALSE(test, claims_are_empty(&box));

	/* A reset after which SDIs are still enabled has stopped none */
	told.reset_ret = 0;
	pos = box.pf[0]->siov->pos + PCI_SIOV_STATUS;
	fake_pci_put8(box.fn[0], pos, PCI_SIOV_STATUS_ENABLED);
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box.pf[0]));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box.mark, LOGLEVEL_WARNING,
						 "not all SDIs are disabled", NULL));
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box.pf[0], 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box.pf[1], 0));

	fake_pci_put8(box.fn[0], pos, 0);
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box.pf[0]));
	KUNIT_EXPECT_EQ(test, 0x108, create(box.pf[0], 0));
}

static void set_status(struct fake_pci_fn *fn, struct pci_dev *pf, u8 status)
{
	fake_pci_put8(fn, pf->siov->pos + PCI_SIOV_STATUS, status);
}

/* PF 0 has SDIs enabled when it is found; PF 1 and the VFs share its bus */
static void claim_box_left_over(struct kunit *test, struct claim_box *box)
{
	claim_box_init(test, box);
	fake_pci_add_siov(box->fn[0], &(struct fake_pci_siov) {
			  .total = 16, .offset = 8, .stride = 1,
			  .status = PCI_SIOV_STATUS_ENABLED });
	fake_pci_add_vfs(box->fn[1], 3, 0x40, 1);
	fake_pci_add_sdis(box->fn[1], 16, 0x20, 1);
	claim_box_scan(test, box);
}

/* An SDI that nobody here knows of may have any of the bus's Routing IDs */
static void expect_no_rids(struct kunit *test, struct claim_box *box)
{
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box->pf[0], 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box->pf[0], PCI_SDI_ANY_INDEX));
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box->pf[1], 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, fake_pci_enable_vfs(box->pf[1], 3));
	KUNIT_EXPECT_EQ(test, 0, told.inits);
	KUNIT_EXPECT_TRUE(test, claims_are_empty(box));
}

static void expect_rids(struct kunit *test, struct claim_box *box)
{
	KUNIT_EXPECT_EQ(test, 0x108, create(box->pf[0], 0));
	KUNIT_EXPECT_EQ(test, 0x121, create(box->pf[1], 0));
	KUNIT_EXPECT_EQ(test, 0, fake_pci_enable_vfs(box->pf[1], 3));
	fake_pci_disable_vfs(box->pf[1]);
}

static void claim_left_over(struct kunit *test)
{
	struct claim_box box;

	claim_box_left_over(test, &box);
	expect_no_rids(test, &box);
	KUNIT_EXPECT_GE(test, fake_kmsg_count(&box.mark, LOGLEVEL_INFO,
					      pci_name(box.pf[0]), "/reset"), 1);

	/* A reset that has not helped */
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box.pf[0]));
	expect_no_rids(test, &box);
	/* The reset of another function */
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box.pf[1]));
	expect_no_rids(test, &box);
	/* That they have stopped is not known before a reset */
	set_status(box.fn[0], box.pf[0], 0);
	expect_no_rids(test, &box);

	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box.pf[0]));
	expect_rids(test, &box);
}

static void claim_left_over_software(struct kunit *test)
{
	struct claim_box box;

	claim_box_left_over(test, &box);
	KUNIT_ASSERT_EQ(test, 0, pci_siov_set_rid_mode(box.pf[1],
						       PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box.pf[1], 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, create_rid(box.pf[1], 0, 0x130));
	KUNIT_EXPECT_TRUE(test, claims_are_empty(&box));

	set_status(box.fn[0], box.pf[0], 0);
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box.pf[0]));
	KUNIT_EXPECT_EQ(test, 0x130, create_rid(box.pf[1], 0, 0x130));
}

/* What a PF's driver does in its probe function */
static int stop_left_over(struct pci_dev *pf)
{
	guard(device)(&pf->dev);
	return pci_siov_stop_left_over(pf);
}

static void claim_left_over_stopped(struct kunit *test)
{
	struct claim_box box;

	claim_box_left_over(test, &box);
	KUNIT_EXPECT_EQ(test, -EBUSY, stop_left_over(box.pf[0]));
	expect_no_rids(test, &box);

	/* The driver has stopped them by means of its own */
	set_status(box.fn[0], box.pf[0], 0);
	KUNIT_EXPECT_EQ(test, 0, stop_left_over(box.pf[0]));
	KUNIT_EXPECT_EQ(test, 0, stop_left_over(box.pf[1]));
	expect_rids(test, &box);
}

/* A driver that goes and leaves SDIs enabled is an earlier owner as well */
static void claim_left_over_by_driver(struct kunit *test)
{
	struct claim_box box;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 16, 8, 1);
	fake_pci_add_vfs(box.fn[1], 3, 0x40, 1);
	fake_pci_add_sdis(box.fn[1], 16, 0x20, 1);
	claim_box_scan(test, &box);

	set_status(box.fn[0], box.pf[0], PCI_SIOV_STATUS_ENABLED);
	device_release_driver(&box.pf[0]->dev);
	KUNIT_ASSERT_GE(test, device_attach(&box.pf[0]->dev), 0);
	expect_no_rids(test, &box);

	set_status(box.fn[0], box.pf[0], 0);
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box.pf[0]));
	expect_rids(test, &box);
}

/* Removal stops nothing, and the device is found as it is */
static void claim_left_over_by_removal(struct kunit *test)
{
	struct pci_sdi_params params = { .index = 0, .rid = PCI_SDI_ANY_RID };
	struct claim_box box;
	struct pci_sdi *sdi;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 16, 8, 1);
	fake_pci_add_vfs(box.fn[1], 3, 0x40, 1);
	fake_pci_add_sdis(box.fn[1], 16, 0x20, 1);
	claim_box_scan(test, &box);

	sdi = pci_sdi_create(box.pf[0], &params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	set_status(box.fn[0], box.pf[0], PCI_SIOV_STATUS_ENABLED);
	told.reset_ret = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, pci_sdi_reset(sdi));
	pci_sdi_put(sdi);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf[0], 0));
	told.reset_ret = 0;

	pci_stop_and_remove_bus_device_locked(box.pf[0]);
	fake_pci_rescan(box.host);
	box.pf[0] = fake_pci_dev(box.fn[0]);
	KUNIT_ASSERT_NOT_NULL(test, box.pf[0]);
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box.pf[0], 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box.pf[0], PCI_SDI_ANY_INDEX));
	KUNIT_EXPECT_EQ(test, -EBUSY, create(box.pf[1], 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, fake_pci_enable_vfs(box.pf[1], 3));

	set_status(box.fn[0], box.pf[0], 0);
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box.pf[0]));
	expect_rids(test, &box);
}

/*
 * An IDE stream covers the Routing IDs that SDIs can have by stride, as far as
 * bus numbers lead to the PF when it is set up.
 */
static void claim_stream(struct kunit *test)
{
	struct claim_box box;
	u32 last = 0x100;

	claim_box_init(test, &box);
	fake_pci_set_buses(box.rp, 0, 1, 1);
	fake_pci_add_sdis(box.fn[0], 512, 8, 1);
	claim_box_scan(test, &box);
	box.pf[0]->bus->busn_res.end = 1;

	KUNIT_ASSERT_EQ(test, 0, pci_siov_add_stream(box.pf[0], &last));
	KUNIT_EXPECT_EQ(test, 0x1ff, last);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			pci_siov_set_rid_mode(box.pf[0], PCI_SIOV_RID_SOFTWARE));

	/* More numbers come too late for the stream */
	box.pf[0]->bus->busn_res.end = 2;
	KUNIT_EXPECT_EQ(test, 0x1ff, create(box.pf[0], 0xf7));
	KUNIT_EXPECT_EQ(test, -ENXIO, create(box.pf[0], 0xf8));
	pci_siov_remove_stream(box.pf[0]);
	KUNIT_EXPECT_EQ(test, 0x200, create(box.pf[0], 0xf8));
}

/* What one stream covers does not grow with another one */
static void claim_two_streams(struct kunit *test)
{
	struct claim_box box;
	u32 last = 0x100;

	claim_box_init(test, &box);
	fake_pci_set_buses(box.rp, 0, 1, 1);
	fake_pci_add_sdis(box.fn[0], 0x100, 8, 1);
	claim_box_scan(test, &box);
	box.pf[0]->bus->busn_res.end = 1;
	KUNIT_ASSERT_EQ(test, 0, pci_siov_add_stream(box.pf[0], &last));
	KUNIT_EXPECT_EQ(test, 0x1ff, last);

	/* The second one has VFs above all SDIs */
	box.pf[0]->bus->busn_res.end = 2;
	last = 0x2f0;
	KUNIT_ASSERT_EQ(test, 0, pci_siov_add_stream(box.pf[0], &last));
	KUNIT_EXPECT_EQ(test, 0x2f0, last);
	KUNIT_EXPECT_EQ(test, -ENXIO, create(box.pf[0], 0xf8));
	pci_siov_remove_stream(box.pf[0]);
	KUNIT_EXPECT_EQ(test, -ENXIO, create(box.pf[0], 0xf8));
	pci_siov_remove_stream(box.pf[0]);
	KUNIT_EXPECT_EQ(test, 0x200, create(box.pf[0], 0xf8));
}

/* VFs that cannot be had after all leave their Routing IDs to SDIs */
static void claim_vfs_fail(struct kunit *test)
{
	struct claim_box box;

	claim_box_init(test, &box);
	fake_pci_add_vfs(box.fn[0], 3, 0x20, 1);
	fake_pci_add_sdis(box.fn[0], 16, 0x20, 1);
	claim_box_scan(test, &box);
	fake_pci_put8(box.fn[0]->vf, PCI_HEADER_TYPE, 0x7f);
	KUNIT_EXPECT_EQ(test, -EIO, fake_pci_enable_vfs(box.pf[0], 3));
	KUNIT_EXPECT_TRUE(test, claims_are_empty(&box));
	KUNIT_EXPECT_EQ(test, 0x121, create(box.pf[0], 1));
}

static void claim_stream_after_software(struct kunit *test)
{
	struct claim_box box;
	u32 last = 0x100;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 16, 8, 1);
	claim_box_scan(test, &box);

	KUNIT_ASSERT_EQ(test, 0, pci_siov_set_rid_mode(box.pf[0],
						       PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, -EBUSY, pci_siov_add_stream(box.pf[0], &last));
	KUNIT_EXPECT_EQ(test, 0, pci_siov_set_rid_mode(box.pf[0],
						       PCI_SIOV_RID_STRIDED));
	KUNIT_EXPECT_EQ(test, 0, pci_siov_add_stream(box.pf[0], &last));
	KUNIT_EXPECT_EQ(test, 0x117, last);
	pci_siov_remove_stream(box.pf[0]);

	/* Functions that have no SDIs know nothing of this */
	last = 0x142;
	KUNIT_EXPECT_EQ(test, 0, pci_siov_add_stream(box.pf[1], &last));
	KUNIT_EXPECT_EQ(test, 0x142, last);
	pci_siov_remove_stream(box.pf[1]);
}

#ifdef CONFIG_PCI_IDE
static void add_ide(struct fake_pci_fn *fn)
{
	u16 pos = fake_pci_add_ext_cap(fn, PCI_EXT_CAP_ID_IDE, 1, 0x40);

	fake_pci_put32(fn, pos + PCI_IDE_CAP, PCI_IDE_CAP_SELECTIVE);
}

/* The same by the call that a TSM driver makes */
static void claim_ide_stream(struct kunit *test)
{
	struct claim_box box;
	struct pci_ide *ide;
	struct pci_dev *pf;

	claim_box_init(test, &box);
	add_ide(box.rp);
	add_ide(box.fn[0]);
	fake_pci_add_sdis(box.fn[0], 16, 8, 1);
	claim_box_scan(test, &box);
	pf = box.pf[0];
	KUNIT_ASSERT_TRUE(test, pf->ide_cap);

	ide = pci_ide_stream_alloc(pf);
	KUNIT_ASSERT_NOT_NULL(test, ide);
	KUNIT_EXPECT_EQ(test, 0x100, ide->partner[PCI_IDE_RP].rid_start);
	KUNIT_EXPECT_EQ(test, 0x117, ide->partner[PCI_IDE_RP].rid_end);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			pci_siov_set_rid_mode(pf, PCI_SIOV_RID_SOFTWARE));
	pci_ide_stream_free(ide);

	KUNIT_EXPECT_EQ(test, 0, pci_siov_set_rid_mode(pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_NULL(test, pci_ide_stream_alloc(pf));
	KUNIT_EXPECT_EQ(test, 0, pci_siov_set_rid_mode(pf, PCI_SIOV_RID_STRIDED));

	/* The one that was refused has kept nothing */
	ide = pci_ide_stream_alloc(pf);
	KUNIT_ASSERT_NOT_NULL(test, ide);
	pci_ide_stream_free(ide);
}
#endif

static struct {
	unsigned int prepared;
	unsigned int done;
} sdi_told;

static int claim_sdi_probe(struct pci_sdi *sdi)
{
	return 0;
}

static void claim_sdi_reset_prepare(struct pci_sdi *sdi)
{
	sdi_told.prepared++;
}

static void claim_sdi_reset_done(struct pci_sdi *sdi, int error)
{
	sdi_told.done++;
}

static struct pci_sdi_driver claim_sdi_driver = {
	.probe = claim_sdi_probe,
	.reset_prepare = claim_sdi_reset_prepare,
	.reset_done = claim_sdi_reset_done,
	.driver = {
		.name = "siov_kunit_sdi",
	},
};

static void claim_sdi_driver_gone(void *unused)
{
	pci_sdi_unregister_driver(&claim_sdi_driver);
}

/* While the PF is reset nobody touches its SDIs or tells their drivers more */
static void claim_frozen(struct kunit *test)
{
	struct pci_sdi_params params = {
		.rid = PCI_SDI_ANY_RID,
		.driver_override = "siov_kunit_sdi",
	};
	struct claim_box box;
	struct pci_sdi *sdi;

	sdi_told.prepared = 0;
	sdi_told.done = 0;
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_register_driver(&claim_sdi_driver));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, claim_sdi_driver_gone,
						  NULL));
	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 16, 8, 1);
	fake_pci_add_sdis(box.fn[1], 16, 0x20, 1);
	claim_box_scan(test, &box);

	sdi = pci_sdi_create(box.pf[0], &params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_NOT_NULL(test, sdi->dev.driver);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_reset_bound(sdi));
	KUNIT_EXPECT_EQ(test, 1, sdi_told.prepared);
	KUNIT_EXPECT_EQ(test, 1, sdi_told.done);

	scoped_guard(device, &box.pf[0]->dev) {
		pci_sdis_reset_prepare(box.pf[0]);
		KUNIT_EXPECT_EQ(test, 2, sdi_told.prepared);
		KUNIT_EXPECT_EQ(test, -EAGAIN, pci_sdi_reset(sdi));
		KUNIT_EXPECT_EQ(test, -EAGAIN, pci_sdi_set_master(sdi, true));
		KUNIT_EXPECT_EQ(test, -EAGAIN, pci_sdi_reset_bound(sdi));
		KUNIT_EXPECT_EQ(test, -EAGAIN, create(box.pf[0], 1));
		KUNIT_EXPECT_EQ(test, 2, sdi_told.prepared);
		KUNIT_EXPECT_EQ(test, 1, sdi_told.done);
		pci_sdis_reset_done(box.pf[0]);
	}
	KUNIT_EXPECT_EQ(test, 2, sdi_told.done);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_reset_bound(sdi));
	KUNIT_EXPECT_EQ(test, 0x109, create(box.pf[0], 1));
	pci_sdi_put(sdi);

	scoped_guard(device, &box.pf[1]->dev) {
		pci_sdis_reset_prepare(box.pf[1]);
		KUNIT_EXPECT_EQ(test, -EAGAIN,
				pci_siov_set_rid_mode(box.pf[1],
						      PCI_SIOV_RID_SOFTWARE));
		pci_sdis_reset_done(box.pf[1]);
	}
	KUNIT_EXPECT_EQ(test, 0,
			pci_siov_set_rid_mode(box.pf[1],
					      PCI_SIOV_RID_SOFTWARE));
}

/* Creates and deletes in any order, against a bitmap that knows who is there */
static void claim_random(struct kunit *test)
{
	DECLARE_BITMAP(live, 64) = { };
	struct claim_box box;
	struct rnd_state rnd;
	int i, ret;
	u32 index;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 64, 8, 3);
	claim_box_scan(test, &box);
	prandom_seed_state(&rnd, seed);
	fake_kmsg_quiet(test);

	for (i = 0; i < NR_RANDOM_STEPS; i++) {
		index = prandom_u32_state(&rnd) % 80;
		switch (prandom_u32_state(&rnd) % 3) {
		case 0:
			ret = create(box.pf[0], index);
			KUNIT_EXPECT_EQ(test, index >= 64 ? -ERANGE :
					test_bit(index, live) ? -EBUSY :
					0x108 + 3 * index, ret);
			break;
		case 1:
			index = find_first_zero_bit(live, 64);
			ret = create(box.pf[0], PCI_SDI_ANY_INDEX);
			KUNIT_EXPECT_EQ(test, index >= 64 ? -ENOSPC :
					0x108 + 3 * index, ret);
			break;
		default:
			ret = pci_sdi_delete(box.pf[0], index);
			KUNIT_EXPECT_EQ(test, index < 64 &&
					test_bit(index, live), !ret);
			if (!ret)
				clear_bit(index, live);
			continue;
		}
		if (ret >= 0)
			set_bit(index, live);
		KUNIT_ASSERT_EQ(test, bitmap_weight(live, 64),
				box.pf[0]->siov->num_sdis);
	}

	for_each_set_bit(index, live, 64)
		KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf[0], index));
	fake_kmsg_loud(test);
	KUNIT_EXPECT_EQ(test, 0, box.pf[0]->siov->num_sdis);
	KUNIT_EXPECT_EQ(test, told.inits, told.releases);
	KUNIT_EXPECT_TRUE(test, claims_are_empty(&box));
	kunit_info(test, "seed %u, %d steps", seed, NR_RANDOM_STEPS);
}

/* A PF that goes takes its SDIs with it, whoever removes it */
static void claim_pf_goes(struct kunit *test)
{
	struct claim_box box;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 16, 8, 1);
	claim_box_scan(test, &box);

	KUNIT_ASSERT_EQ(test, 0x108, create(box.pf[0], 0));
	KUNIT_ASSERT_EQ(test, 0x109, create(box.pf[0], 1));
	device_release_driver(&box.pf[0]->dev);
	KUNIT_EXPECT_TRUE(test, claims_are_empty(&box));
	KUNIT_EXPECT_EQ(test, -ENODEV, create(box.pf[0], 0));

	KUNIT_ASSERT_GE(test, device_attach(&box.pf[0]->dev), 0);
	KUNIT_ASSERT_EQ(test, 0x108, create(box.pf[0], 0));
	pci_stop_and_remove_bus_device_locked(box.pf[0]);
	KUNIT_EXPECT_TRUE(test, claims_are_empty(&box));
	KUNIT_EXPECT_EQ(test, told.inits, told.releases);
	KUNIT_EXPECT_TRUE(test, fake_pci_remove(box.host));
}

#ifndef CONFIG_KASAN
static long slab_pages(void)
{
	kvfree_rcu_barrier();
	rcu_barrier();
	return global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B) +
	       global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B);
}

#define FREE_ROUNDS	5000

/*
 * References are counted by fake_pci_remove(), memory is not. So set up and
 * release the state of one PF often enough for a leak to show in the number of
 * slab pages. Nothing else is allocated meanwhile that could blur it. KASAN holds
 * back what is freed; a kernel that has it has kmemleak, too.
 */
static void claim_state_is_freed(struct kunit *test)
{
	struct claim_box box;
	struct pci_dev *pdev;
	long before;
	int i;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 16, 8, 1);
	claim_box_scan(test, &box);
	pdev = box.pf[0];
	device_release_driver(&pdev->dev);

	before = slab_pages();
	fake_kmsg_quiet(test);
	for (i = 0; i < FREE_ROUNDS; i++) {
		pci_sdis_release(pdev);
		pci_siov_release(pdev);
		KUNIT_ASSERT_NULL(test, pdev->siov);
		pci_siov_init(pdev);
		pci_sdis_init(pdev);
		KUNIT_ASSERT_NOT_NULL(test, pci_siov_pf(pdev));
	}
	fake_kmsg_loud(test);

	KUNIT_EXPECT_LT(test, slab_pages() - before,
			FREE_ROUNDS * sizeof(*pdev->siov) / PAGE_SIZE / 4);
}
#endif

/* A driver like vfio-pci has the PF */
static void claim_for_user(struct kunit *test)
{
	struct claim_box box;

	claim_box_init(test, &box);
	fake_pci_add_vfs(box.fn[0], 2, 0x18, 1);
	fake_pci_add_sdis(box.fn[0], 40, 8, 1);
	/* 01:02.7 to 01:03.1, which SDIs 15 to 17 of the other have, and its VFs */
	fake_pci_add_vfs(box.fn[1], 3, 0x16, 1);
	claim_box_scan(test, &box);
	device_release_driver(&box.pf[0]->dev);

	/* Others */
	KUNIT_EXPECT_EQ(test, 0, fake_pci_enable_vfs(box.pf[1], 3));
	KUNIT_EXPECT_EQ(test, -EBUSY, pci_siov_claim_for_user(box.pf[0]));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box.mark, LOGLEVEL_WARNING,
						 "its user cannot have",
						 "a VF of"));
	fake_pci_disable_vfs(box.pf[1]);
	KUNIT_EXPECT_TRUE(test, claims_are_empty(&box));
	KUNIT_EXPECT_EQ(test, 0, pci_siov_claim_for_user(box.pf[0]));
	KUNIT_EXPECT_EQ(test, -EBUSY, fake_pci_enable_vfs(box.pf[1], 3));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box.mark, LOGLEVEL_ERR,
						 "cannot have Routing ID",
						 "the user of"));

	/* What an SDI there sends is the PF's, and no function may appear there */
	KUNIT_EXPECT_TRUE(test, owned_by(box.pf[0], 0x12f));
	KUNIT_EXPECT_FALSE(test, owned_by(box.pf[1], 0x12f));
	KUNIT_EXPECT_TRUE(test, pci_rid_reserved(box.pf[0]->bus, 0x2f));
	KUNIT_EXPECT_FALSE(test, pci_rid_reserved(box.pf[0]->bus, 0x30));

	/* The user's own VFs are in nobody's way */
	KUNIT_EXPECT_EQ(test, 0, fake_pci_enable_vfs(box.pf[0], 2));
	fake_pci_disable_vfs(box.pf[0]);
	KUNIT_EXPECT_TRUE(test, pci_rid_reserved(box.pf[0]->bus, 0x18));
	pci_siov_release_from_user(box.pf[0]);
	KUNIT_EXPECT_TRUE(test, claims_are_empty(&box));

	/* Nor does he come back with VFs of the next driver */
	KUNIT_EXPECT_EQ(test, 0, fake_pci_enable_vfs(box.pf[0], 2));
	fake_pci_disable_vfs(box.pf[0]);
	KUNIT_EXPECT_TRUE(test, claims_are_empty(&box));
}

/* What is behind the next port is not the user's, whatever his device may send */
static void claim_for_user_in_window(struct kunit *test)
{
	struct fake_pci_fn *next_rp, *ep;
	struct claim_box box;

	next_rp = claim_box_init_two_ports(test, &box, 1);
	ep = fake_pci_add_endpoint(box.host, next_rp, 0);
	ep->absent = true;
	claim_box_scan(test, &box);
	device_release_driver(&box.pf[0]->dev);
	KUNIT_EXPECT_EQ(test, 0, pci_siov_claim_for_user(box.pf[0]));
	KUNIT_EXPECT_TRUE(test, pci_rid_reserved(box.pf[0]->bus, 0xff));
	ep->absent = false;
	fake_pci_rescan(box.host);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep));
	pci_siov_release_from_user(box.pf[0]);
}

static struct kunit_case claim_cases[] = {
	KUNIT_CASE(claim_sdis_first),
	KUNIT_CASE(claim_vfs_first),
	KUNIT_CASE(claim_vfs_that_move),
	KUNIT_CASE(claim_other_pf),
	KUNIT_CASE(claim_function_in_the_way),
	KUNIT_CASE(claim_function_comes_later),
	KUNIT_CASE(claim_past_the_window),
	KUNIT_CASE(claim_keeps_bus_of_quarantine),
	KUNIT_CASE(claim_stays_when_bridge_comes),
	KUNIT_CASE(claim_in_two_windows),
	KUNIT_CASE(claim_past_the_limit),
	KUNIT_CASE(claim_quarantine),
	KUNIT_CASE(claim_left_over),
	KUNIT_CASE(claim_left_over_software),
	KUNIT_CASE(claim_left_over_stopped),
	KUNIT_CASE(claim_left_over_by_driver),
	KUNIT_CASE(claim_left_over_by_removal),
	KUNIT_CASE(claim_stream),
	KUNIT_CASE(claim_two_streams),
	KUNIT_CASE_SLOW(claim_vfs_fail),
	KUNIT_CASE(claim_stream_after_software),
#ifdef CONFIG_PCI_IDE
	KUNIT_CASE(claim_ide_stream),
#endif
	KUNIT_CASE(claim_frozen),
	KUNIT_CASE(claim_random),
	KUNIT_CASE(claim_pf_goes),
#ifndef CONFIG_KASAN
	KUNIT_CASE(claim_state_is_freed),
#endif
	KUNIT_CASE(claim_for_user),
	KUNIT_CASE(claim_for_user_in_window),
	{}
};

static struct kunit_suite claim_suite = {
	.name = "pci-siov-claims",
	.suite_init = claim_suite_init,
	.suite_exit = claim_suite_exit,
	.init = claim_init,
	.test_cases = claim_cases,
};

static bool in_spans(const struct pci_rid_span *spans, int n, u16 rid)
{
	int i;

	for (i = 0; i < n; i++)
		if (rid >= spans[i].first && rid <= spans[i].last)
			return true;

	return false;
}

/* Each rule of the policy keeps something out, and nothing else is missing */
static void allow_rules(struct kunit *test)
{
	struct pci_rid_span *spans = NULL;
	struct fake_pci_fn *phantom;
	struct claim_box box;
	unsigned int nr;
	u32 rid, want;
	int n, i;

	claim_box_init(test, &box);
	fake_pci_put32(box.fn[1], PCI_CFG_SPACE_SIZE,
		       fake_pci_get32(box.fn[1], PCI_CFG_SPACE_SIZE));
	fake_pci_put16(box.fn[1], PCI_CFG_SPACE_SIZE + PCI_ARI_CAP, 0x30 << 8);
	phantom = fake_pci_add_endpoint(box.host, box.rp, 0x30);
	fake_pci_add_ari(phantom, 0);
	fake_pci_put32(phantom, 0x40 + PCI_EXP_DEVCAP,
		       fake_pci_get32(phantom, 0x40 + PCI_EXP_DEVCAP) | 0x18);
	fake_pci_add_sdis(box.fn[0], 300, 0x80, 1);
	fake_pci_add_sdis(box.fn[1], 4, 0x40, 2);
	fake_pci_add_vfs(box.fn[1], 3, 0x100, 0x10);
	claim_box_scan(test, &box);
	KUNIT_ASSERT_NOT_NULL(test, fake_pci_dev(phantom));
	KUNIT_ASSERT_EQ(test, 2, fake_pci_subordinate(box.rp));

	/* Some of them may be in a reset */
	fake_pci_log_start(box.host);
	n = pci_siov_allowlist(box.pf[0], &spans);
	fake_pci_log_stop(box.host);
	fake_pci_log(box.host, &nr);
	KUNIT_EXPECT_EQ(test, 0, nr);
	KUNIT_ASSERT_GT(test, n, 0);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_LE(test, spans[i].first, spans[i].last);
		if (i)
			KUNIT_EXPECT_GT(test, spans[i].first,
					spans[i - 1].last + 1);
	}

	for (rid = 0; rid < NR_RIDS; rid++) {
		want = rid >= 0x100 && rid <= 0x2ff;	/* the port's buses */
		if (rid <= 0x101)			/* functions */
			want = 0;
		if (rid >= 0x130 && rid <= 0x137)	/* phantom functions */
			want = 0;
		if (rid >= 0x141 && rid <= 0x147 && rid & 1)
			want = 0;			/* SDIs of the other PF */
		if (rid == 0x201 || rid == 0x211 || rid == 0x221)
			want = 0;			/* its VFs */
		KUNIT_EXPECT_EQ_MSG(test, want, in_spans(spans, n, rid),
				    "Routing ID %#x", rid);
	}
	kfree(spans);
}

/* No port checks what leaves an integrated endpoint, so its own bus has to do */
static void allow_on_root_bus(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *fn = fake_pci_add_rciep(host, PCI_DEVFN(2, 0));
	struct pci_rid_span *spans = NULL;
	int n;

	fake_pci_add_sdis(fn, 16, 8, 1);
	fake_pci_scan(host);
	KUNIT_ASSERT_NOT_NULL(test, fake_pci_dev(fn));
	n = pci_siov_allowlist(fake_pci_dev(fn), &spans);
	KUNIT_ASSERT_EQ(test, 2, n);
	KUNIT_EXPECT_EQ(test, 0x00, spans[0].first);
	KUNIT_EXPECT_EQ(test, 0x0f, spans[0].last);
	KUNIT_EXPECT_EQ(test, 0x11, spans[1].first);
	KUNIT_EXPECT_EQ(test, 0xff, spans[1].last);
	kfree(spans);
}

static void allow_software_mode(struct kunit *test)
{
	struct claim_box box;
	struct pci_dev *pf;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 300, 0x80, 1);
	claim_box_scan(test, &box);
	pf = box.pf[0];

	KUNIT_EXPECT_EQ(test, -EINVAL, create_rid(pf, 0, 0x105));
	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, 1, told.allow_calls);
	KUNIT_EXPECT_EQ(test, 1, told.nr_spans);

	KUNIT_EXPECT_EQ(test, 0x105, create_rid(pf, 0, 0x105));
	KUNIT_EXPECT_EQ(test, -EBUSY, create_rid(pf, 1, 0x105));
	KUNIT_EXPECT_EQ(test, -ENXIO, create_rid(pf, 1, 0x101));
	KUNIT_EXPECT_EQ(test, -ENXIO, create_rid(pf, 1, 0x0ff));
	KUNIT_EXPECT_EQ(test, -ENXIO, create_rid(pf, 1, 0x300));
	KUNIT_EXPECT_EQ(test, 0x102, create(pf, 7));

	KUNIT_EXPECT_EQ(test, -EBUSY,
			pci_siov_set_rid_mode(pf, PCI_SIOV_RID_STRIDED));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(pf, 0));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(pf, 7));
	KUNIT_EXPECT_EQ(test, 0,
			pci_siov_set_rid_mode(pf, PCI_SIOV_RID_STRIDED));
	KUNIT_EXPECT_EQ(test, 0, told.nr_spans);
	KUNIT_EXPECT_EQ(test, 0x180, create(pf, 0));
}

/* The list follows what comes and goes on the bus */
static void allow_follows_the_bus(struct kunit *test)
{
	struct claim_box box;
	struct pci_dev *pf;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 300, 0x80, 1);
	claim_box_scan(test, &box);
	pf = box.pf[0];

	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, -ENXIO, create_rid(pf, 0, 0x101));

	pci_stop_and_remove_bus_device_locked(box.pf[1]);
	flush_work(&pci_siov_pf(pf)->allow_work);
	KUNIT_EXPECT_EQ(test, 2, told.allow_calls);
	KUNIT_EXPECT_EQ(test, 0x101, create_rid(pf, 0, 0x101));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(pf, 0));

	fake_pci_rescan(box.host);
	flush_work(&pci_siov_pf(pf)->allow_work);
	KUNIT_EXPECT_EQ(test, 3, told.allow_calls);
	KUNIT_EXPECT_EQ(test, -ENXIO, create_rid(pf, 0, 0x101));
}

/* A function has come, and the device has not been told yet */
static void allow_any_by_an_old_list(struct kunit *test)
{
	struct claim_box box;
	struct pci_dev *pf;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 300, 0x80, 1);
	claim_box_scan(test, &box);
	pf = box.pf[0];
	pci_stop_and_remove_bus_device_locked(box.pf[1]);
	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(pf, PCI_SIOV_RID_SOFTWARE));
	disable_work_sync(&pci_siov_pf(pf)->allow_work);
	fake_pci_rescan(box.host);
	KUNIT_EXPECT_EQ(test, 0x102, create(pf, 0));
	KUNIT_EXPECT_NULL(test, xa_load(&pci_siov_pf(pf)->bridge->rid_claims,
					0x101));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(pf, 0));
	enable_work(&pci_siov_pf(pf)->allow_work);
	KUNIT_EXPECT_EQ(test, 0,
			pci_siov_set_rid_mode(pf, PCI_SIOV_RID_STRIDED));
	KUNIT_EXPECT_TRUE(test, claims_are_empty(&box));
}

static bool device_allows(struct pci_dev *pf, u16 rid)
{
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	flush_work(&spf->allow_work);
	return in_spans(spf->allow, spf->nr_allow, rid);
}

/* Strided Routing IDs of another PF are left out, except those in use here */
static void allow_follows_the_mode(struct kunit *test)
{
	struct claim_box box;
	struct pci_dev *pf, *other;

	claim_box_init(test, &box);
	fake_pci_add_sdis(box.fn[0], 300, 0x80, 1);
	fake_pci_add_sdis(box.fn[1], 4, 0x40, 2);
	claim_box_scan(test, &box);
	pf = box.pf[0];
	other = box.pf[1];
	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_FALSE(test, device_allows(pf, 0x141));

	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(other, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_TRUE(test, device_allows(pf, 0x141));
	KUNIT_EXPECT_EQ(test, 0x141, create_rid(pf, 0, 0x141));

	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(other, PCI_SIOV_RID_STRIDED));
	KUNIT_EXPECT_TRUE(test, device_allows(pf, 0x141));
	KUNIT_EXPECT_FALSE(test, device_allows(pf, 0x143));
	KUNIT_EXPECT_EQ(test, -EBUSY, create(other, 0));

	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(pf, 0));
	KUNIT_EXPECT_FALSE(test, device_allows(pf, 0x141));
	KUNIT_EXPECT_EQ(test, -ENXIO, create_rid(pf, 0, 0x141));
	KUNIT_EXPECT_EQ(test, 0x141, create(other, 0));

	/* The mode also ends with the driver */
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(other, 0));
	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(other, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_TRUE(test, device_allows(pf, 0x141));
	device_release_driver(&other->dev);
	KUNIT_EXPECT_FALSE(test, device_allows(pf, 0x141));
}

static struct kunit_case allow_cases[] = {
	KUNIT_CASE(allow_rules),
	KUNIT_CASE(allow_on_root_bus),
	KUNIT_CASE(allow_software_mode),
	KUNIT_CASE(allow_follows_the_bus),
	KUNIT_CASE(allow_any_by_an_old_list),
	KUNIT_CASE(allow_follows_the_mode),
	{}
};

static struct kunit_suite allow_suite = {
	.name = "pci-siov-allowlist",
	.suite_init = claim_suite_init,
	.suite_exit = claim_suite_exit,
	.init = claim_init,
	.test_cases = allow_cases,
};

kunit_test_suites(&claim_suite, &allow_suite);

MODULE_DESCRIPTION("KUnit tests for ownership of Routing IDs");
MODULE_LICENSE("GPL");
