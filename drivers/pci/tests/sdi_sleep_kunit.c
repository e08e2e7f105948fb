// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: SDIs in system sleep
 *
 * Suspend to RAM, hibernation, and whatever may fail or happen meanwhile.
 */
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <linux/workqueue.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"
#include "fake_sdi.h"
#include "sdi_life.h"

/* Its SDIs sleep already, or not yet, and recovery work of the driver runs */
static void reset_while_falling_asleep(struct kunit *test)
{
	struct pci_sdi *asleep = life_create(0, FAKE_SDI_DRIVER);
	struct pci_sdi *awake = life_create(1, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(asleep));
	KUNIT_ASSERT_FALSE(test, IS_ERR(awake));
	life_happening = SLEEP;
	life_suspend_sdi(asleep);
	life_reset_by_driver();
	KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, to_sdi_core(asleep)->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(awake)->state);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);

	/* Nothing reaches the function now, and the end of a reset changes nothing */
	life_suspend_sdi(awake);
	KUNIT_ASSERT_EQ(test, 0, life_suspend_pf());
	KUNIT_EXPECT_EQ(test, -EAGAIN, life_create_and_put(2));
	pci_siov_reset_prepare(life->pf, false);
	pci_siov_reset_done(life->pf, 0);
	KUNIT_EXPECT_EQ(test, -EAGAIN, life_create_and_put(2));

	/* Each wakes up in its turn */
	life_reset_device();
	KUNIT_ASSERT_EQ(test, 0, life_resume_pf());
	KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, to_sdi_core(asleep)->state);
	life_resume_sdi(asleep);
	life_resume_sdi(awake);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(asleep)->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(awake)->state);
	KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.dones);
	pci_sdi_put(asleep);
	pci_sdi_put(awake);
}

/* Power brings nothing back that recovery from an error has given up */
static void sleep_after_failure(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.silent = true;
	life_fail_to_recover(pci_channel_io_frozen);

	life_happening = SLEEP;
	life_suspend_sdi(sdi);
	KUNIT_ASSERT_EQ(test, 0, life_suspend_pf());
	life_reset_device();
	KUNIT_ASSERT_EQ(test, 0, life_resume_pf());
	life_resume_sdi(sdi);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_FROZEN,
			pci_siov_pf(life->pf)->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, to_sdi_core(sdi)->state);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_pf.resets);

	/* A reset does */
	life_reset_by_driver();
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(sdi)->state);
	pci_sdi_put(sdi);
}

/* Recovery that fails before the PF has come back from sleep */
static void failure_while_asleep(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	life_happening = SLEEP;
	life_suspend_sdi(sdi);
	KUNIT_ASSERT_EQ(test, 0, life_suspend_pf());
	life_fail_to_recover(pci_channel_io_normal);
	life_reset_device();
	KUNIT_ASSERT_EQ(test, 0, life_resume_pf());
	life_resume_sdi(sdi);
	life_expect_states(test, sdi, PCI_SIOV_PF_FROZEN, PCI_SDI_FROZEN);

	life_reset_by_driver();
	life_expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_QUIET);
	pci_sdi_put(sdi);
}

/* A driver that comes later has nothing to do with a failure of the one before */
static void failure_ends_with_driver(struct kunit *test)
{
	life_fail_to_recover(pci_channel_io_frozen);
	device_release_driver(&life->pf->dev);
	KUNIT_ASSERT_GE(test, device_attach(&life->pf->dev), 0);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_READY, pci_siov_pf(life->pf)->state);

	life_happening = SLEEP;
	KUNIT_ASSERT_EQ(test, 0, life_suspend_pf());
	life_reset_device();
	KUNIT_ASSERT_EQ(test, 0, life_resume_pf());
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_READY, pci_siov_pf(life->pf)->state);
	KUNIT_EXPECT_EQ(test, 0x108, life_create_and_put(0));
}

/* The bus may change, as when something was put in or taken out meanwhile */
static void allowlist_sleeps(struct kunit *test)
{
	struct pci_siov_pf *spf = pci_siov_pf(life->pf);
	struct fake_pci_fn *late;

	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(life->pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_ASSERT_EQ(test, 0, life_suspend_pf());
	late = fake_pci_add_endpoint(life->host, life->rp, 1);
	fake_pci_add_ari(late, 0);
	fake_pci_put16(life->fn, PCI_CFG_SPACE_SIZE + PCI_ARI_CAP, 1 << 8);
	fake_pci_rescan(life->host);
	flush_work(&spf->allow_work);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.allows);

	/* The list that it had at once, and the new one */
	KUNIT_ASSERT_EQ(test, 0, life_resume_pf());
	flush_work(&spf->allow_work);
	KUNIT_EXPECT_EQ(test, 3, fake_sdi_pf.allows);
}

/* The driver refuses to sleep, so nobody wakes its function up */
static void sleep_is_refused(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.suspend_ret = -EBUSY;
	life_suspend_sdi(sdi);
	KUNIT_EXPECT_EQ(test, -EBUSY, life_suspend_pf());
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_READY, pci_siov_pf(life->pf)->state);
	life_resume_sdi(sdi);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(sdi)->state);
	KUNIT_EXPECT_EQ(test, 0x109, life_create_and_put(1));
	pci_sdi_put(sdi);
}

/* Left frozen after a reset, as no driver has it, and a sleep was given up since */
static void sleep_is_given_up(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(1, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_ASSERT_EQ(test, 0x108, life_create_and_put(0));
	life_happening = RESET;
	life_reset_by_kernel();
	life_suspend_sdi(sdi);
	life_resume_sdi(sdi);

	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(life->pf, 0));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.releases);
	KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 0x108, life_create_and_put(0));
	pci_sdi_put(sdi);
}

/* The driver does not get its function to work */
static void resume_fails(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	life_happening = SLEEP;
	life_suspend_sdi(sdi);
	KUNIT_ASSERT_EQ(test, 0, life_suspend_pf());
	life_reset_device();
	fake_sdi_pf.resume_ret = -EIO;
	KUNIT_EXPECT_EQ(test, -EIO, life_resume_pf());
	life_resume_sdi(sdi);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_FROZEN,
			pci_siov_pf(life->pf)->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, to_sdi_core(sdi)->state);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_pf.resets);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, pci_channel_io_perm_failure,
			fake_sdi_user.last_state);

	/* Neither does sleep mend it, but a reset may */
	life_suspend_sdi(sdi);
	KUNIT_ASSERT_EQ(test, 0, life_suspend_pf());
	fake_sdi_pf.resume_ret = 0;
	life_reset_device();
	KUNIT_EXPECT_EQ(test, 0, life_resume_pf());
	life_resume_sdi(sdi);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_FROZEN,
			pci_siov_pf(life->pf)->state);
	life_reset_by_driver();
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(sdi)->state);
	pci_sdi_put(sdi);
}

/* Nor at the end of a hibernation, or when it is given up */
static void restore_fails(struct kunit *test)
{
	static const char ends[] = { 'r', 't' };
	struct pci_sdi *sdi;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends) && life_can_happen(HIBERNATION); i++) {
		fake_sdi_restart();
		sdi = life_create(0, FAKE_SDI_DRIVER);
		KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
		life_happening = HIBERNATION;
		life_tell_sdi(sdi, 'f');
		KUNIT_ASSERT_EQ(test, 0, life_tell_pf('f'));
		life_reset_device();
		fake_sdi_pf.resume_ret = -EIO;
		KUNIT_EXPECT_EQ(test, -EIO, life_tell_pf(ends[i]));
		life_tell_sdi(sdi, ends[i]);
		life_expect_states(test, sdi, PCI_SIOV_PF_FROZEN,
				   PCI_SDI_FROZEN);
		KUNIT_EXPECT_EQ(test, 0, fake_sdi_pf.resets);
		KUNIT_EXPECT_EQ(test, pci_channel_io_perm_failure,
				fake_sdi_user.last_state);

		fake_sdi_pf.resume_ret = 0;
		life_reset_by_driver();
		KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(life->pf, 0));
		pci_sdi_put(sdi);
	}
}

/* A driver with the PM callbacks that all drivers had once */
static void legacy_sleep(struct kunit *test)
{
	static const enum life_event events[] = {
		SLEEP, NO_HIBERNATION, HIBERNATION,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		struct pci_sdi *sdi;

		if (!life_can_happen(events[i]))
			continue;

		fake_sdi_restart();
		fake_sdi_legacy_pm(true);
		fake_sdi_user.master = true;
		sdi = life_create(0, FAKE_SDI_DRIVER);
		KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
		life_happening = events[i];
		life_goes_on(sdi);
		life_expect_states(test, sdi, PCI_SIOV_PF_READY,
				   PCI_SDI_RUNNING);
		KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
		KUNIT_EXPECT_EQ(test, 0x109, life_create_and_put(1));
		KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(life->pf, 1));
		KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(life->pf, 0));
		pci_sdi_put(sdi);
	}
}

#ifdef CONFIG_HIBERNATE_CALLBACKS
/* The machine is awake again for a while, to write the image */
static void hibernates(struct kunit *test)
{
	struct pci_sdi *sdi;

	fake_sdi_user.master = true;
	sdi = life_create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	life_happening = NO_HIBERNATION;
	life_sleep(sdi, 'f', 't');
	KUNIT_EXPECT_EQ(test, PCI_SDI_RUNNING, to_sdi_core(sdi)->state);
	KUNIT_EXPECT_EQ(test, 0x109, life_create_and_put(1));

	life_tell_sdi(sdi, 'p');
	KUNIT_ASSERT_EQ(test, 0, life_tell_pf('p'));
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_FROZEN, pci_siov_pf(life->pf)->state);
	KUNIT_EXPECT_FALSE(test, test_bit(0, fake_sdi_pf.sending));
	KUNIT_EXPECT_EQ(test, -EAGAIN, life_create_and_put(2));
	life_happening = HIBERNATION;
	life_reset_device();
	KUNIT_ASSERT_EQ(test, 0, life_tell_pf('r'));
	life_tell_sdi(sdi, 'r');
	KUNIT_EXPECT_EQ(test, PCI_SDI_RUNNING, to_sdi_core(sdi)->state);
	KUNIT_EXPECT_EQ(test, 0x10a, life_create_and_put(2));

	life_sleep(sdi, 's', 'u');
	KUNIT_EXPECT_STREQ(test, "ftprsu", fake_sdi_user.phases);
	KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.dones);
	pci_sdi_put(sdi);
}
#endif

static struct kunit_case sleep_cases[] = {
	KUNIT_CASE(reset_while_falling_asleep),
	KUNIT_CASE(sleep_after_failure),
	KUNIT_CASE(failure_while_asleep),
	KUNIT_CASE(failure_ends_with_driver),
	KUNIT_CASE(allowlist_sleeps),
	KUNIT_CASE(sleep_is_refused),
	KUNIT_CASE(sleep_is_given_up),
	KUNIT_CASE(resume_fails),
	KUNIT_CASE(restore_fails),
	KUNIT_CASE(legacy_sleep),
#ifdef CONFIG_HIBERNATE_CALLBACKS
	KUNIT_CASE(hibernates),
#endif
	{}
};

static struct kunit_suite sleep_suite = {
	.name = "pci-sdi-sleep",
	.suite_init = life_suite_init,
	.suite_exit = life_suite_exit,
	.init = life_init,
	.exit = life_exit,
	.test_cases = sleep_cases,
};

kunit_test_suites(&sleep_suite);

MODULE_DESCRIPTION("KUnit tests for SDIs in system sleep");
MODULE_LICENSE("GPL");
