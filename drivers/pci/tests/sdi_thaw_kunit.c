// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: how SDIs come back after a reset of their PF
 *
 * A device may take long for each, and whoever has reset the PF holds its
 * device_lock(). So the tests have a device that goes on when they say so.
 */
#include <linux/completion.h>
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <linux/workqueue.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"
#include "fake_sdi.h"

#define NUM_SDIS	16
#define FIRST_RID	0x108

/* Longer than anybody who has reset the PF may wait */
#define DEVICE_PATIENCE	(3 * HZ)

struct thaw_box {
	struct fake_pci_host *host;
	struct pci_dev *pf;
	struct pci_siov_pf *spf;
	struct completion go_on;
	unsigned int at_work;
	unsigned int most_at_work;
	unsigned int impatient;
};

static struct thaw_box *box;

static int thaw_suite_init(struct kunit_suite *suite)
{
	return fake_sdi_register();
}

static void thaw_suite_exit(struct kunit_suite *suite)
{
	fake_sdi_unregister();
}

static int thaw_init(struct kunit *test)
{
	struct fake_pci_fn *rp, *fn;

	box = kunit_kzalloc(test, sizeof(*box), GFP_KERNEL);
	if (!box)
		return -ENOMEM;

	init_completion(&box->go_on);
	fake_sdi_restart();
	box->host = fake_pci_host_create(test, 0, 0xff);
	rp = fake_pci_add_port(box->host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	fn = fake_pci_add_endpoint(box->host, rp, 0);
	fake_pci_add_ari(fn, 0);
	fake_pci_add_sdis(fn, NUM_SDIS, 8, 1);
	fake_pci_scan(box->host);
	box->pf = fake_pci_dev(fn);
	KUNIT_ASSERT_NOT_NULL(test, box->pf);
	box->spf = pci_siov_pf(box->pf);
	return 0;
}

static void thaw_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ_MSG(test, 0, fake_sdi_pf.wrong, "first: %s",
			    fake_sdi_pf.first_wrong);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.wrong);
}

static void create(struct kunit *test, u32 first, u32 last, const char *driver)
{
	struct pci_sdi_params params = {
		.rid = PCI_SDI_ANY_RID,
		.driver_override = driver,
	};
	struct pci_sdi *sdi;

	for (params.index = first; params.index <= last; params.index++) {
		sdi = pci_sdi_create(box->pf, &params);
		KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
		pci_sdi_put(sdi);
	}
}

static enum pci_sdi_state state_of(u32 index)
{
	struct pci_sdi_core *core = xa_load(&box->spf->sdi, index);

	return READ_ONCE(core->state);
}

static unsigned int count_in(enum pci_sdi_state state)
{
	unsigned int n = 0;
	u32 index;

	for (index = 0; index < NUM_SDIS; index++)
		n += state_of(index) == state;

	return n;
}

static bool rid_is_claimed(u32 index)
{
	return xa_load(&box->spf->bridge->rid_claims, FIRST_RID + index);
}

static void begin_reset(void)
{
	pci_sdis_reset_prepare(box->pf);
	fake_sdi_pf.silent = true;
	fake_sdi_forget();
	pci_siov_restore_state(box->pf);
	fake_sdi_pf.silent = false;
}

static void reset(void)
{
	guard(device)(&box->pf->dev);
	begin_reset();
	pci_sdis_reset_done(box->pf);
}

/* The device takes until the test lets it go on */
static void take_long(struct pci_sdi *sdi)
{
	box->most_at_work = max(box->most_at_work, ++box->at_work);
	if (!wait_for_completion_timeout(&box->go_on, DEVICE_PATIENCE))
		box->impatient++;
	box->at_work--;
}

/* Nobody waits for all of them with the PF's lock held */
static void thaw_holds_nobody_up(struct kunit *test)
{
	create(test, 0, NUM_SDIS - 1, FAKE_SDI_DRIVER);
	fake_sdi_pf.in_reset = take_long;
	reset();
	KUNIT_EXPECT_EQ(test, 0, box->impatient);
	KUNIT_EXPECT_EQ(test, NUM_SDIS, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.dones);
	KUNIT_EXPECT_EQ(test, NUM_SDIS, count_in(PCI_SDI_FROZEN));

	complete_all(&box->go_on);
	pci_siov_thaw_end(box->spf);
	KUNIT_EXPECT_EQ(test, 0, box->impatient);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_THAW_WORKERS, box->most_at_work);
	KUNIT_EXPECT_EQ(test, NUM_SDIS, fake_sdi_pf.resets);
	KUNIT_EXPECT_EQ(test, NUM_SDIS, fake_sdi_user.dones);
	KUNIT_EXPECT_EQ(test, NUM_SDIS, count_in(PCI_SDI_QUIET));
}

/* A device that is quick has brought all back when the reset is over */
static void thaw_is_waited_for(struct kunit *test)
{
	create(test, 0, NUM_SDIS - 1, FAKE_SDI_DRIVER);
	reset();
	KUNIT_EXPECT_EQ(test, NUM_SDIS, fake_sdi_user.dones);
	KUNIT_EXPECT_EQ(test, NUM_SDIS, count_in(PCI_SDI_QUIET));
}

/* What nobody has costs nothing, until somebody comes */
static void thaw_when_needed(struct kunit *test)
{
	struct pci_sdi *sdi;

	create(test, 0, 2, FAKE_SDI_DRIVER);
	create(test, 3, NUM_SDIS - 1, NULL);
	reset();
	reset();
	KUNIT_EXPECT_EQ(test, 6, fake_sdi_pf.resets);
	KUNIT_EXPECT_EQ(test, NUM_SDIS - 3, count_in(PCI_SDI_FROZEN));

	/* A driver does not see that there was something */
	sdi = pci_sdi_get_by_index(box->pf, 3);
	KUNIT_ASSERT_NOT_NULL(test, sdi);
	fake_sdi_user.master = true;
	device_set_driver_override(&sdi->dev, FAKE_SDI_DRIVER);
	KUNIT_EXPECT_EQ(test, 1, device_attach(&sdi->dev));
	KUNIT_EXPECT_EQ(test, 7, fake_sdi_pf.resets);
	KUNIT_EXPECT_EQ(test, 6, fake_sdi_user.dones);
	KUNIT_EXPECT_EQ(test, PCI_SDI_RUNNING, state_of(3));

	/* When it goes the SDI is as the device has it, until the next reset */
	device_release_driver(&sdi->dev);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, state_of(3));
	reset();
	KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, state_of(3));
	pci_sdi_put(sdi);

	/* The administrator resets one */
	sdi = pci_sdi_get_by_index(box->pf, 4);
	KUNIT_ASSERT_NOT_NULL(test, sdi);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_reset_bound(sdi));
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, state_of(4));
	pci_sdi_put(sdi);
}

/* One that does not come back is no driver's */
static void thaw_fails_late(struct kunit *test)
{
	struct pci_sdi *sdi;

	create(test, 0, 0, NULL);
	reset();
	fake_sdi_pf.reset_ret = -ETIMEDOUT;
	sdi = pci_sdi_get_by_index(box->pf, 0);
	KUNIT_ASSERT_NOT_NULL(test, sdi);
	device_set_driver_override(&sdi->dev, FAKE_SDI_DRIVER);
	KUNIT_EXPECT_NE(test, 1, device_attach(&sdi->dev));
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.probes);
	KUNIT_EXPECT_EQ(test, PCI_SDI_STUCK, state_of(0));

	/* Now there is a reason not to wait for anybody who needs it */
	fake_sdi_pf.reset_ret = 0;
	reset();
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, state_of(0));
	pci_sdi_put(sdi);
}

/* The device does not have what is destroyed before it is brought back */
static void thaw_comes_too_late(struct kunit *test)
{
	u32 last = NUM_SDIS - 1;

	create(test, 0, last - 1, FAKE_SDI_DRIVER);
	create(test, last, last, NULL);
	fake_sdi_pf.in_reset = take_long;
	reset();
	KUNIT_ASSERT_EQ(test, NUM_SDIS, count_in(PCI_SDI_FROZEN));

	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, last));
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(last));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, last - 1));
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(last - 1));
	KUNIT_EXPECT_EQ(test, 2, fake_sdi_pf.releases);

	complete_all(&box->go_on);
	pci_siov_thaw_end(box->spf);
	KUNIT_EXPECT_EQ(test, NUM_SDIS - 2, fake_sdi_pf.resets);
}

/* Nor what is there when the driver of the PF goes */
static void thaw_ends_with_driver(struct kunit *test)
{
	u32 index;

	create(test, 0, 2, FAKE_SDI_DRIVER);
	create(test, 3, NUM_SDIS - 1, NULL);
	reset();
	KUNIT_ASSERT_EQ(test, NUM_SDIS - 3, count_in(PCI_SDI_FROZEN));
	device_release_driver(&box->pf->dev);
	KUNIT_EXPECT_EQ(test, NUM_SDIS, fake_sdi_pf.releases);
	for (index = 0; index < NUM_SDIS; index++)
		KUNIT_EXPECT_FALSE_MSG(test, rid_is_claimed(index),
				       "SDI %u", index);
}

/* The PF is reset once more while they come back */
static void thaw_meets_freeze(struct kunit *test)
{
	create(test, 0, NUM_SDIS - 1, FAKE_SDI_DRIVER);
	fake_sdi_pf.in_reset = take_long;
	reset();
	KUNIT_ASSERT_EQ(test, PCI_SIOV_THAW_WORKERS, box->at_work);

	/* What is under way is waited for, and nothing else begins */
	complete_all(&box->go_on);
	scoped_guard(device, &box->pf->dev) {
		begin_reset();
		KUNIT_EXPECT_EQ(test, 0, box->at_work);
		KUNIT_EXPECT_EQ(test, NUM_SDIS, count_in(PCI_SDI_FROZEN));
		pci_siov_thaw_end(box->spf);
		KUNIT_EXPECT_EQ(test, NUM_SDIS, count_in(PCI_SDI_FROZEN));
		pci_sdis_reset_done(box->pf);
	}

	/* Each driver has heard of an end after a begin */
	KUNIT_EXPECT_EQ(test, NUM_SDIS, count_in(PCI_SDI_QUIET));
	KUNIT_EXPECT_EQ(test, fake_sdi_user.prepares, fake_sdi_user.dones);
}

static struct kunit_case thaw_cases[] = {
	KUNIT_CASE(thaw_holds_nobody_up),
	KUNIT_CASE(thaw_is_waited_for),
	KUNIT_CASE(thaw_when_needed),
	KUNIT_CASE(thaw_fails_late),
	KUNIT_CASE(thaw_comes_too_late),
	KUNIT_CASE(thaw_ends_with_driver),
	KUNIT_CASE(thaw_meets_freeze),
	{}
};

static struct kunit_suite thaw_suite = {
	.name = "pci-sdi-thaw",
	.suite_init = thaw_suite_init,
	.suite_exit = thaw_suite_exit,
	.init = thaw_init,
	.exit = thaw_exit,
	.test_cases = thaw_cases,
};

kunit_test_suites(&thaw_suite);

MODULE_DESCRIPTION("KUnit tests for SDIs that come back after a reset");
MODULE_LICENSE("GPL");
