// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: errors, and recovery from them
 *
 * Through the handlers of the PF, and as AER does it, with pcie_do_recovery().
 */
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"
#include "fake_sdi.h"
#include "sdi_life.h"

/* An error that froze nothing, and recovery fails: a neighbour has no handlers */
static void failure_without_frozen(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.silent = true;
	life_fail_to_recover(pci_channel_io_normal);
	life_expect_states(test, sdi, PCI_SIOV_PF_FROZEN, PCI_SDI_FROZEN);
	KUNIT_EXPECT_EQ(test, -EAGAIN, life_create_and_put(1));

	life_reset_by_driver();
	life_expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_QUIET);
	pci_sdi_put(sdi);
}

/* A neighbour recovers from an error of its own, without a reset */
static void failure_needs_a_reset(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.silent = true;
	life_fail_to_recover(pci_channel_io_frozen);
	scoped_guard(device, &life->pf->dev) {
		pci_sdis_error(life->pf, pci_channel_io_normal);
		pci_sdis_reset_done(life->pf);
	}
	life_expect_states(test, sdi, PCI_SIOV_PF_FROZEN, PCI_SDI_FROZEN);

	/* Nor does a reset that fails */
	pci_siov_reset_prepare(life->pf, false);
	pci_siov_reset_done(life->pf, -EIO);
	life_expect_states(test, sdi, PCI_SIOV_PF_FROZEN, PCI_SDI_FROZEN);

	life_reset_by_driver();
	life_expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_QUIET);
	pci_sdi_put(sdi);
}

static void error_of_one(struct kunit *test)
{
	struct pci_sdi *sdi[3];
	int i;

	for (i = 0; i < 3; i++) {
		sdi[i] = life_create(i, i ? FAKE_SDI_DRIVER : NULL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(sdi[i]));
	}

	KUNIT_EXPECT_EQ(test, 0,
			pci_sdi_report_error(sdi[1], pci_channel_io_frozen));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, pci_channel_io_frozen, fake_sdi_user.last_state);
	KUNIT_EXPECT_EQ(test, -ENODEV,
			pci_sdi_report_error(sdi[0], pci_channel_io_frozen));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);

	for (i = 0; i < 3; i++)
		pci_sdi_put(sdi[i]);
}

/* One that waits for another to give up must not do so before the other has heard */
static void error_is_heard_by_all(struct kunit *test)
{
	struct pci_sdi *sdi[3];
	int i;

	for (i = 0; i < 3; i++) {
		sdi[i] = life_create(i, FAKE_SDI_DRIVER);
		KUNIT_ASSERT_FALSE(test, IS_ERR(sdi[i]));
	}

	scoped_guard(device, &life->pf->dev) {
		pci_sdis_error(life->pf, pci_channel_io_frozen);
		KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.errors);
		KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.errors_first);
		KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.prepares);
		/* Once is enough */
		pci_sdis_error(life->pf, pci_channel_io_frozen);
		KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.errors);
		KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.prepares);
		pci_siov_restore_state(life->pf);
		pci_sdis_reset_done(life->pf);
	}
	KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.dones);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.wrong);
	for (i = 0; i < 3; i++)
		pci_sdi_put(sdi[i]);
}

static void error_of(struct kunit *test, u16 rid, unsigned int told)
{
	unsigned int before = fake_sdi_user.errors;

	scoped_guard(device, &life->pf->dev) {
		pci_siov_note_source(life->pf, rid);
		pci_sdis_error(life->pf, pci_channel_io_normal);
		pci_siov_note_source(life->pf, 0);
	}
	KUNIT_EXPECT_EQ_MSG(test, told, fake_sdi_user.errors - before,
			    "source %#x", rid);
}

/* An error that stops nothing is told to its source, if that is known */
static void error_has_source(struct kunit *test)
{
	int i;

	for (i = 0; i < 3; i++)
		pci_sdi_put(life_create(i, FAKE_SDI_DRIVER));

	error_of(test, 0x109, 1);
	error_of(test, 0x100, 3);
	error_of(test, 0, 3);
	/* Another function's, found by looking at registers */
	error_of(test, 0x208, 3);
	/* Nobody knows that one */
	error_of(test, 0x10f, 0);
}

#ifdef CONFIG_PCIEAER
static unsigned int sem_held;

static void look_at_sem(struct pci_dev *pf)
{
	sem_held += rwsem_is_locked(&pci_bus_sem);
}

static pci_ers_result_t fake_link_reset(struct pci_dev *bridge)
{
	sem_held += rwsem_is_locked(&pci_bus_sem);
	life_happening = ERROR_RECOVERED;
	life_reset_device();
	return PCI_ERS_RESULT_RECOVERED;
}

static void look_at_sem_in_reset(struct pci_sdi *sdi)
{
	look_at_sem(sdi->pf);
}

/* All that a recovery calls may take pci_bus_sem, as others do meanwhile */
static void recovery_without_bus_sem(struct kunit *test)
{
	struct pci_sdi *sdi;

	sem_held = 0;
	fake_sdi_user.master = true;
	sdi = life_create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.in_error = look_at_sem;
	fake_sdi_pf.in_reset = look_at_sem_in_reset;

	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(life->pf, pci_channel_io_normal,
					 fake_link_reset));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.prepares);

	fake_sdi_pf.silent = true;
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(life->pf, pci_channel_io_frozen,
					 fake_link_reset));
	KUNIT_EXPECT_EQ(test, 2, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
	KUNIT_EXPECT_TRUE(test, test_bit(0, fake_sdi_pf.sending));
	KUNIT_EXPECT_EQ(test, 0, sem_held);
	pci_sdi_put(sdi);
}

/* A driver that asks for a reset may have freed what its operations use */
static void recovery_by_reset(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.wants_reset = true;
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(life->pf, pci_channel_io_normal,
					 fake_link_reset));
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_pf.wrong);
	/* Told once, and before anybody else could hear of the error */
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, pci_channel_io_frozen, fake_sdi_user.last_state);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
	life_expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_QUIET);
	pci_sdi_put(sdi);
}

static void only_others_want_reset(struct pci_dev *pf)
{
	fake_sdi_pf.wants_reset = pf != life->pf;
}

/* The link is reset for another function, and the PF's driver did not ask for it */
static void recovery_of_another(struct kunit *test)
{
	struct fake_pci_fn *other;
	struct pci_sdi *sdi;

	other = fake_pci_add_endpoint(life->host, life->rp, 1);
	fake_pci_add_ari(other, 0);
	fake_pci_put16(life->fn, PCI_CFG_SPACE_SIZE + PCI_ARI_CAP, 1 << 8);
	fake_pci_rescan(life->host);
	KUNIT_ASSERT_NOT_NULL(test, fake_pci_dev(other));
	sdi = life_create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));

	fake_sdi_pf.in_error = only_others_want_reset;
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(fake_pci_dev(other),
					 pci_channel_io_normal,
					 fake_link_reset));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
	KUNIT_EXPECT_TRUE(test, test_bit(0, fake_sdi_pf.enabled));
	life_expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_QUIET);
	pci_sdi_put(sdi);
}

/* A driver of PFs that has nothing to do at the end of a recovery */
static void recovery_without_resume(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_no_resume();
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(life->pf, pci_channel_io_frozen,
					 fake_link_reset));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
	life_expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_QUIET);
	pci_sdi_put(sdi);
}

static pci_ers_result_t no_link_reset(struct pci_dev *bridge)
{
	return PCI_ERS_RESULT_DISCONNECT;
}

static void recovery_fails(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.silent = true;
	KUNIT_EXPECT_NE(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(life->pf, pci_channel_io_frozen,
					 no_link_reset));
	KUNIT_EXPECT_EQ(test, 2, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, pci_channel_io_perm_failure,
			fake_sdi_user.last_state);
	KUNIT_EXPECT_EQ(test, -EAGAIN, pci_sdi_set_master(sdi, true));
	pci_sdi_put(sdi);
	fake_sdi_pf.leaving = true;
}

/* No port is above it, and so its errors are its own */
static void error_of_integrated_endpoint(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *fn = fake_pci_add_rciep(host, PCI_DEVFN(2, 0));
	struct pci_sdi_params params = {
		.rid = PCI_SDI_ANY_RID,
		.driver_override = FAKE_SDI_DRIVER,
	};
	struct pci_sdi *sdi;

	fake_pci_add_sdis(fn, 16, 8, 1);
	fake_pci_scan(host);
	KUNIT_ASSERT_NOT_NULL(test, fake_pci_dev(fn));
	sdi = pci_sdi_create(fake_pci_dev(fn), &params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(fake_pci_dev(fn),
					 pci_channel_io_normal,
					 fake_link_reset));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, pci_channel_io_normal, fake_sdi_user.last_state);
	pci_sdi_put(sdi);
	fake_pci_host_free(host);
}
#endif

static struct kunit_case recovery_cases[] = {
	KUNIT_CASE(failure_without_frozen),
	KUNIT_CASE(failure_needs_a_reset),
	KUNIT_CASE(error_of_one),
	KUNIT_CASE(error_is_heard_by_all),
	KUNIT_CASE(error_has_source),
#ifdef CONFIG_PCIEAER
	KUNIT_CASE(recovery_without_bus_sem),
	KUNIT_CASE(recovery_by_reset),
	KUNIT_CASE(recovery_of_another),
	KUNIT_CASE(recovery_without_resume),
	KUNIT_CASE(recovery_fails),
	KUNIT_CASE(error_of_integrated_endpoint),
#endif
	{}
};

static struct kunit_suite recovery_suite = {
	.name = "pci-sdi-recovery",
	.suite_init = life_suite_init,
	.suite_exit = life_suite_exit,
	.init = life_init,
	.exit = life_exit,
	.test_cases = recovery_cases,
};

kunit_test_suites(&recovery_suite);

MODULE_DESCRIPTION("KUnit tests for error recovery of SDIs");
MODULE_LICENSE("GPL");
