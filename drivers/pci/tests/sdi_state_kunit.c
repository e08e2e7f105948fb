// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: the life of an SDI
 *
 * First each state against each event, in a table that says it in other words
 * than the core's. Then what happens to a PF, at each moment of the life of an
 * SDI, with drivers that note when they are called as they must not be. What has
 * to come of it does not depend on the core's states: a device that may send
 * keeps its Routing ID, nobody is called while the function does not answer, and
 * a driver that may have a user hears of everything.
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

/* N new, Q quiet, R running, S stuck, L lost, F frozen, U frozen and running,
 * O orphan, G gone, X in quarantine
 */
static const char letters[] = "NQRSLFUOGX";

/*
 * A letter an event: init, probe, master on, master off, reset, message, freeze,
 * thaw, thaw unsure, thaw changed, release, leave
 */
static const struct {
	const char *ok;		/* the state afterwards */
	const char *failed;	/* the same where the operation fails */
	const char *absent;	/* the same where the PF is gone as well */
	const char *ops;	/* i init, r reset, m master, s message, x release */
} expected[] = {
	{ "QNNNNNGNNNGG", "GNNNNNGNNNGG", "GNNNNNGNNNGG", "i..........." },
	{ "QQRQQQFQQQGG", "QQQQSQFQQQGG", "QQQQQQFQQQGG", "..mmrs....xx" },
	{ "RRRQQRURRRXX", "RRRSSRURRRXX", "RRRQQRURRRGG", "..mmrs....xx" },
	{ "SSSSQSUSSSXX", "SSSSSSUSSSXX", "SSSSQSUSSSGG", "...mrs....xx" },
	{ "LLLLLLULLLXX", "LLLLLLULLLXX", "LLLLLLULLLGG", "..........xx" },
	{ "FFFFFFFQQLOX", "FFFFFFFSSLOX", "FFFFFFFQQLOG", ".......rr..x" },
	{ "UUUUUUUQQLOX", "UUUUUUUSSLOX", "UUUUUUUQQLOG", ".......rr..x" },
	{ "OOOOOOOGXXOX", "OOOOOOOGXXOX", "OOOOOOOGGGOG", ".......xxx.x" },
	{ "GGGGGGGGGGGG", "GGGGGGGGGGGG", "GGGGGGGGGGGG", "............" },
	{ "XXXXXXXXXXXX", "XXXXXXXXXXXX", "XXXXXXXXXXXX", "............" },
};

/* The operations that an event has led to, as a letter */
static char op_called(const struct fake_sdi_pf *before)
{
	if (fake_sdi_pf.inits != before->inits)
		return 'i';
	if (fake_sdi_pf.resets != before->resets)
		return 'r';
	if (fake_sdi_pf.masters != before->masters)
		return 'm';
	if (fake_sdi_pf.releases != before->releases)
		return 'x';
	return '.';
}

static void try_event(struct kunit *test, struct pci_sdi_core *core, int state,
		      int event, const char *next)
{
	struct fake_sdi_pf before = fake_sdi_pf;
	char want = expected[state].ops[event];
	int ret;

	guard(mutex)(&core->lock);
	WRITE_ONCE(core->state, state);
	if (event == PCI_SDI_INIT)
		fake_sdi_forget();

	KUNIT_EXPECT_EQ_MSG(test, want == 's' &&
			    !pci_dev_is_disconnected(core->sdi.pf),
			    event == PCI_SDI_MESSAGE && pci_sdi_reachable(core),
			    "state %c, event %d", letters[state], event);
	ret = pci_sdi_event(core, event);
	KUNIT_EXPECT_EQ_MSG(test, next[event], letters[core->state],
			    "state %c, event %d", letters[state], event);
	KUNIT_EXPECT_EQ_MSG(test, want == 's' ? '.' : want, op_called(&before),
			    "state %c, event %d", letters[state], event);
	/* Nobody is refused anything without being told */
	if (event == PCI_SDI_MASTER_ON && want == '.')
		KUNIT_EXPECT_LT(test, ret, 0);
	if (event == PCI_SDI_RESET && want == '.')
		KUNIT_EXPECT_LT(test, ret, 0);
}

static void state_each_event(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, NULL);
	struct pci_sdi_core *core;
	int state, event;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_ASSERT_EQ(test, PCI_SDI_NR_STATES, ARRAY_SIZE(expected));
	KUNIT_ASSERT_EQ(test, PCI_SDI_NR_EVENTS, strlen(expected[0].ok));
	core = to_sdi_core(sdi);

	for (state = 0; state < PCI_SDI_NR_STATES; state++)
		for (event = 0; event < PCI_SDI_NR_EVENTS; event++) {
			try_event(test, core, state, event, expected[state].ok);

			fake_sdi_pf.init_ret = -EIO;
			fake_sdi_pf.reset_ret = -EIO;
			fake_sdi_pf.master_ret = -EIO;
			try_event(test, core, state, event,
				  expected[state].failed);

			life->pf->error_state = pci_channel_io_perm_failure;
			try_event(test, core, state, event,
				  expected[state].absent);
			life->pf->error_state = pci_channel_io_normal;
			fake_sdi_pf.init_ret = 0;
			fake_sdi_pf.reset_ret = 0;
			fake_sdi_pf.master_ret = 0;
		}

	WRITE_ONCE(core->state, PCI_SDI_QUIET);
	fake_sdi_restart();
	pci_sdi_destroy(sdi);
	pci_sdi_put(sdi);
}

/* N none, n none and frozen, R ready, F frozen, L leaving, S shut, - refused */
static void state_each_event_of_pf(struct kunit *test)
{
	static const char pf_letters[] = "NnRFLS";
	/* attach, create, allow, freeze, thaw, shutdown, detach, detached */
	static const char * const pf_expected[] = {
		"R--n----", "R--nN---", "-RRF-SL-", "---FRSL-", "-------N",
		"---S-SL-",
	};
	struct pci_siov_pf *spf = pci_siov_pf(life->pf);
	int state, event, ret;
	char want, now;

	KUNIT_ASSERT_EQ(test, PCI_SIOV_PF_NR_STATES, ARRAY_SIZE(pf_expected));
	for (state = 0; state < PCI_SIOV_PF_NR_STATES; state++)
		for (event = 0; event < PCI_SIOV_PF_NR_EVENTS; event++) {
			scoped_guard(mutex, &spf->lock) {
				spf->state = state;
				ret = pci_siov_pf_event(spf, event);
				now = pf_letters[spf->state];
				spf->state = PCI_SIOV_PF_READY;
			}
			want = pf_expected[state][event];
			KUNIT_EXPECT_EQ_MSG(test, want == '-', ret < 0,
					    "state %c, event %d",
					    pf_letters[state], event);
			KUNIT_EXPECT_EQ_MSG(test, want == '-' ?
					    pf_letters[state] : want, now,
					    "state %c, event %d",
					    pf_letters[state], event);
		}
}

static const char * const pf_event_names[] = {
	"reset", "reset that keeps SDIs", "reset that changes Routing IDs",
	"reset that no SDI comes back from", "reset by the driver",
	"error, recovered", "error, not fatal", "error, not recovered",
	"suspend", "hibernation", "hibernation that is given up", "shutdown",
};

/* When it happens to an SDI */
enum moment {
	UNBOUND,
	BOUND,
	RUNNING,
	STUCK,			/* bound, and the device does not stop it */
	IN_PROBE,		/* nobody can have got the SDI yet */
	IN_PROBE_TOLD,		/* somebody can */
	IN_REMOVE,		/* somebody still can */
	IN_REMOVE_STOPPED,	/* nobody can any more */
	DELETED_MEANWHILE,	/* the SDI goes while the PF does not answer */
	BOUND_MEANWHILE,	/* a driver comes while the PF does not answer */
	NR_MOMENTS
};

static const char * const moment_names[] = {
	"unbound", "bound", "running", "stuck", "in probe", "in probe, told",
	"in remove", "in remove, stopped", "deleted meanwhile",
	"bound meanwhile",
};

static bool resets(enum life_event event)
{
	return event != ERROR_NORMAL && event != ERROR_NOT_RECOVERED &&
	       event != SHUTDOWN;
}

/* Each event at each moment: one life of one SDI, from its creation on */
static void one_life(struct kunit *test, enum moment moment,
		     enum life_event event)
{
	bool unbound = moment == UNBOUND || moment == BOUND_MEANWHILE;
	struct pci_sdi *sdi;
	bool hears;

	life_set_up(test);
	life_happening = event;
	life_meanwhile = NULL;
	fake_sdi_user.start_early = moment == IN_PROBE_TOLD;
	fake_sdi_user.stop_early = moment == IN_REMOVE_STOPPED;
	fake_sdi_user.master = moment == RUNNING || moment == IN_REMOVE;
	if (moment == IN_PROBE)
		fake_sdi_user.in_probe = life_goes_on;
	if (moment == IN_PROBE_TOLD)
		fake_sdi_user.in_probe_told = life_goes_on;

	sdi = life_create(0, unbound ? NULL : FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	life_meanwhile_sdi = sdi;

	switch (moment) {
	case STUCK:
		/* The device does not stop, whoever asks */
		KUNIT_EXPECT_EQ(test, 0, pci_sdi_set_master(sdi, true));
		fake_sdi_pf.reset_ret = -ETIMEDOUT;
		fake_sdi_pf.master_ret = -ETIMEDOUT;
		KUNIT_EXPECT_EQ(test, -ETIMEDOUT, pci_sdi_reset(sdi));
		life_goes_on(sdi);
		break;
	case IN_REMOVE:
		fake_sdi_user.in_remove = life_goes_on;
		break;
	case IN_REMOVE_STOPPED:
		fake_sdi_user.in_remove_stopped = life_goes_on;
		break;
	case IN_PROBE:
	case IN_PROBE_TOLD:
		break;
	case DELETED_MEANWHILE:
		/* Nobody was able to stop it before */
		if (event == RESET_KEEPS || event == NO_HIBERNATION)
			set_bit(0, fake_sdi_pf.sending);
		life_meanwhile = event == ERROR_NORMAL ? NULL : life_delete;
		life_goes_on(sdi);
		break;
	case BOUND_MEANWHILE:
		life_meanwhile = event == ERROR_NORMAL ? NULL : life_bind;
		life_goes_on(sdi);
		flush_work(&pci_siov_pf(life->pf)->probe_work);
		break;
	default:
		life_goes_on(sdi);
		break;
	}

	/* A driver that was refused during a reset has come, if it could */
	if (moment == BOUND_MEANWHILE && resets(event))
		KUNIT_EXPECT_EQ(test, event != RESET_CHANGES &&
				event != RESET_FAILS, fake_sdi_user.probes);

	if (moment != DELETED_MEANWHILE)
		pci_sdi_delete(life->pf, 0);

	/* Only a driver that may have a user hears of the reset */
	hears = moment != UNBOUND && moment != IN_PROBE &&
		moment != IN_REMOVE_STOPPED && moment != BOUND_MEANWHILE;
	if (resets(event)) {
		KUNIT_EXPECT_EQ(test, hears, fake_sdi_user.prepares);
		if (moment == IN_PROBE)
			KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
		else if (moment != DELETED_MEANWHILE)
			KUNIT_EXPECT_EQ(test, hears, fake_sdi_user.dones);
		if (fake_sdi_user.dones)
			KUNIT_EXPECT_EQ(test, event == RESET_FAILS ||
					event == RESET_CHANGES || moment == STUCK,
					fake_sdi_user.last_error < 0);
	}

	/* Unbind the PF's driver. By now the device may work again */
	pci_sdi_put(sdi);
	fake_sdi_pf.leaving = true;
	device_release_driver(&life->pf->dev);
	fake_sdi_pf.leaving = false;

	/* What may send keeps its Routing ID, and nothing else does */
	if (test_bit(0, fake_sdi_pf.sending))
		KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));
	if (resets(event) && event != RESET_FAILS && event != RESET_CHANGES &&
	    event != RESET_KEEPS && event != NO_HIBERNATION && moment != STUCK)
		KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.inits);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.releases);
	KUNIT_EXPECT_EQ(test, 0, life->pf->siov->num_sdis);
	KUNIT_EXPECT_EQ(test, 0, pci_siov_pf(life->pf)->users);
	KUNIT_EXPECT_EQ_MSG(test, 0, fake_sdi_pf.wrong, "first: %s",
			    fake_sdi_pf.first_wrong);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.wrong);
	fake_sdi_pf.silent = false;
	fake_pci_host_free(life->host);
}

static void state_lives(struct kunit *test)
{
	int moment, event;

	fake_kmsg_quiet(test);
	for (moment = 0; moment < NR_MOMENTS; moment++)
		for (event = 0; event < NR_LIFE_EVENTS; event++) {
			if (!life_can_happen(event))
				continue;
			one_life(test, moment, event);
			if (test->status == KUNIT_FAILURE) {
				fake_kmsg_loud(test);
				KUNIT_FAIL_AND_ABORT(test, "%s: %s",
						     moment_names[moment],
						     pf_event_names[event]);
			}
		}
	fake_kmsg_loud(test);
	fake_sdi_restart();
	life_meanwhile = NULL;
}

static struct kunit_case state_cases[] = {
	KUNIT_CASE(state_each_event),
	KUNIT_CASE(state_each_event_of_pf),
	KUNIT_CASE(state_lives),
	{}
};

static struct kunit_suite state_suite = {
	.name = "pci-sdi-states",
	.suite_init = life_suite_init,
	.suite_exit = life_suite_exit,
	.init = life_init,
	.exit = life_exit,
	.test_cases = state_cases,
};

kunit_test_suites(&state_suite);

MODULE_DESCRIPTION("KUnit tests for the life of SDIs");
MODULE_LICENSE("GPL");
