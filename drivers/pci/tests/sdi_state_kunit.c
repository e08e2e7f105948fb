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
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/notifier.h>
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/workqueue.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"
#include "fake_sdi.h"

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

struct state_box {
	struct fake_pci_host *host;
	struct fake_pci_fn *rp;
	struct fake_pci_fn *fn;
	struct pci_dev *pf;
	struct kmsg_dump_iter mark;
};

static struct state_box *box;

static int state_suite_init(struct kunit_suite *suite)
{
	return fake_sdi_register();
}

static void state_suite_exit(struct kunit_suite *suite)
{
	fake_sdi_unregister();
}

static void set_up(struct kunit *test)
{
	fake_sdi_restart();
	box->host = fake_pci_host_create(test, 0, 0xff);
	box->rp = fake_pci_add_port(box->host, NULL, PCI_DEVFN(1, 0),
				    PCI_EXP_TYPE_ROOT_PORT);
	box->fn = fake_pci_add_endpoint(box->host, box->rp, 0);
	fake_pci_add_ari(box->fn, 0);
	fake_pci_add_sdis(box->fn, 16, 8, 1);
	fake_pci_scan(box->host);
	box->pf = fake_pci_dev(box->fn);
	KUNIT_ASSERT_NOT_NULL(test, box->pf);
	fake_kmsg_mark(&box->mark);
}

static int state_init(struct kunit *test)
{
	box = kunit_kzalloc(test, sizeof(*box), GFP_KERNEL);
	if (!box)
		return -ENOMEM;

	set_up(test);
	return 0;
}

static void state_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ_MSG(test, 0, fake_sdi_pf.wrong, "first: %s",
			    fake_sdi_pf.first_wrong);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.wrong);
}

static struct pci_sdi *create(u32 index, const char *driver)
{
	struct pci_sdi_params params = {
		.index = index,
		.rid = PCI_SDI_ANY_RID,
		.driver_override = driver,
	};

	return pci_sdi_create(box->pf, &params);
}

static int create_and_put(u32 index)
{
	struct pci_sdi *sdi = create(index, NULL);
	int ret = IS_ERR(sdi) ? PTR_ERR(sdi) : sdi->rid;

	pci_sdi_put(sdi);
	return ret;
}

static bool rid_is_claimed(u16 rid)
{
	struct pci_host_bridge *bridge;

	bridge = pci_find_host_bridge(fake_pci_root(box->host));
	return xa_load(&bridge->rid_claims, rid);
}

static void set_status(u8 status)
{
	fake_pci_put8(box->fn, box->pf->siov->pos + PCI_SIOV_STATUS, status);
}

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
	struct pci_sdi *sdi = create(0, NULL);
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

			box->pf->error_state = pci_channel_io_perm_failure;
			try_event(test, core, state, event,
				  expected[state].absent);
			box->pf->error_state = pci_channel_io_normal;
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
	struct pci_siov_pf *spf = pci_siov_pf(box->pf);
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

/* What happens to a PF */
enum pf_event {
	RESET,			/* by the kernel, and it works */
	RESET_KEEPS,		/* it does not, and SIOV Status tells */
	RESET_CHANGES,		/* other firmware comes up */
	RESET_FAILS,		/* no SDI can be brought back */
	OWN_RESET,		/* by the PF's driver */
	ERROR_RECOVERED,	/* AER, with a reset of the link */
	ERROR_NORMAL,		/* AER, without */
	ERROR_NOT_RECOVERED,	/* AER, and nothing helps */
	SLEEP,			/* suspend to RAM */
	HIBERNATION,		/* what the image knows: the device has lost all */
	NO_HIBERNATION,		/* there is an image, and the device has lost nothing */
	SHUTDOWN,
	NR_PF_EVENTS
};

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

static enum pf_event happening;
static void (*meanwhile)(struct pci_sdi *sdi);
static struct pci_sdi *meanwhile_sdi;

static void do_meanwhile(void)
{
	if (meanwhile)
		meanwhile(meanwhile_sdi);
}

/* The device, and what the core reads of it afterwards */
static void reset_device(void)
{
	u16 stride = box->pf->siov->pos + PCI_SIOV_STRIDE;

	switch (happening) {
	case RESET_KEEPS:
	case NO_HIBERNATION:
		set_status(PCI_SIOV_STATUS_ENABLED);
		break;
	case RESET_CHANGES:
		fake_pci_put16(box->fn, stride, 2);
		fake_sdi_forget();
		set_status(0);
		break;
	default:
		fake_sdi_forget();
		set_status(0);
		break;
	}

	if (happening == RESET_FAILS)
		fake_sdi_pf.reset_ret = -EIO;
	pci_siov_restore_state(box->pf);
}

static void reset_by_kernel(void)
{
	pci_sdis_reset_prepare(box->pf);
	fake_sdi_pf.silent = true;
	do_meanwhile();
	reset_device();
	fake_sdi_pf.silent = false;
	pci_sdis_reset_done(box->pf);
}

static void reset_by_driver(void)
{
	pci_siov_reset_prepare(box->pf, true);
	fake_sdi_pf.silent = true;
	do_meanwhile();
	reset_device();
	fake_sdi_pf.silent = false;
	pci_siov_reset_done(box->pf, 0);
}

static void meet_error(void)
{
	pci_channel_state_t state = happening == ERROR_NORMAL ?
				    pci_channel_io_normal :
				    pci_channel_io_frozen;

	fake_sdi_pf.silent = happening != ERROR_NORMAL;
	pci_sdis_error(box->pf, state);
	do_meanwhile();
	if (happening == ERROR_NOT_RECOVERED) {
		pci_sdis_error(box->pf, pci_channel_io_perm_failure);
		return;
	}

	if (happening == ERROR_RECOVERED) {
		pci_sdis_reset_prepare(box->pf);
		reset_device();
	}
	fake_sdi_pf.silent = false;
	pci_sdis_reset_done(box->pf);
}

#ifdef CONFIG_SUSPEND
/* How the machine falls asleep, or wakes up */
static int (*sleep_phase(const struct dev_pm_ops *pm, char phase))(struct device *)
{
	switch (phase) {
	case 's':
		return pm->suspend;
	case 'u':
		return pm->resume;
	case 'f':
		return pm->freeze;
	case 't':
		return pm->thaw;
	case 'p':
		return pm->poweroff;
	default:
		return pm->restore;
	}
}

static int tell_pf(char phase)
{
	guard(device)(&box->pf->dev);
	return sleep_phase(pci_bus_type.pm, phase)(&box->pf->dev);
}

static void tell_sdi(struct pci_sdi *sdi, char phase)
{
	if (device_is_registered(&sdi->dev))
		sleep_phase(pci_sdi_bus_type.pm, phase)(&sdi->dev);
}

static int suspend_pf(void)
{
	return tell_pf('s');
}

static int resume_pf(void)
{
	return tell_pf('u');
}

static void suspend_sdi(struct pci_sdi *sdi)
{
	tell_sdi(sdi, 's');
}

static void resume_sdi(struct pci_sdi *sdi)
{
	tell_sdi(sdi, 'u');
}

static void sleep(struct pci_sdi *sdi, char begin, char end)
{
	tell_sdi(sdi, begin);
	tell_pf(begin);
	do_meanwhile();
	reset_device();
	tell_pf(end);
	/* Drivers may be looked for before the SDI is awake */
	flush_work(&pci_siov_pf(box->pf)->probe_work);
	tell_sdi(sdi, end);
}
#else
static void sleep(struct pci_sdi *sdi, char begin, char end) { }
#endif

/* In this kernel */
static bool can_happen(enum pf_event event)
{
	switch (event) {
	case SLEEP:
		return IS_ENABLED(CONFIG_SUSPEND);
	case HIBERNATION:
	case NO_HIBERNATION:
		return IS_ENABLED(CONFIG_HIBERNATE_CALLBACKS);
	default:
		return true;
	}
}

static void let_it_happen(struct pci_sdi *sdi)
{
	switch (happening) {
	case OWN_RESET:
		reset_by_driver();
		break;
	case ERROR_RECOVERED:
	case ERROR_NORMAL:
	case ERROR_NOT_RECOVERED:
		scoped_guard(device, &box->pf->dev)
			meet_error();
		break;
	case SLEEP:
		sleep(sdi, 's', 'u');
		break;
	case HIBERNATION:
		sleep(sdi, 'f', 'r');
		break;
	case NO_HIBERNATION:
		sleep(sdi, 'f', 't');
		break;
	case SHUTDOWN:
		scoped_guard(device, &box->pf->dev) {
			pci_bus_type.shutdown(&box->pf->dev);
			fake_sdi_pf.silent = true;
			do_meanwhile();
		}
		break;
	default:
		scoped_guard(device, &box->pf->dev)
			reset_by_kernel();
		break;
	}
}

static void delete_it(struct pci_sdi *sdi)
{
	pci_sdi_delete(sdi->pf, sdi->index);
}

/* As through driver_override and "bind" of sysfs */
static void bind_it(struct pci_sdi *sdi)
{
	device_set_driver_override(&sdi->dev, FAKE_SDI_DRIVER);
	if (device_attach(&sdi->dev) > 0)
		fake_sdi_user.wrong++;
}

static bool resets(enum pf_event event)
{
	return event != ERROR_NORMAL && event != ERROR_NOT_RECOVERED &&
	       event != SHUTDOWN;
}

/* Each event at each moment: one life of one SDI, from its creation on */
static void one_life(struct kunit *test, enum moment moment, enum pf_event event)
{
	bool unbound = moment == UNBOUND || moment == BOUND_MEANWHILE;
	struct pci_sdi *sdi;
	bool hears;

	set_up(test);
	happening = event;
	meanwhile = NULL;
	fake_sdi_user.start_early = moment == IN_PROBE_TOLD;
	fake_sdi_user.stop_early = moment == IN_REMOVE_STOPPED;
	fake_sdi_user.master = moment == RUNNING || moment == IN_REMOVE;
	if (moment == IN_PROBE)
		fake_sdi_user.in_probe = let_it_happen;
	if (moment == IN_PROBE_TOLD)
		fake_sdi_user.in_probe_told = let_it_happen;

	sdi = create(0, unbound ? NULL : FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	meanwhile_sdi = sdi;

	switch (moment) {
	case STUCK:
		/* The device does not stop, whoever asks */
		KUNIT_EXPECT_EQ(test, 0, pci_sdi_set_master(sdi, true));
		fake_sdi_pf.reset_ret = -ETIMEDOUT;
		fake_sdi_pf.master_ret = -ETIMEDOUT;
		KUNIT_EXPECT_EQ(test, -ETIMEDOUT, pci_sdi_reset(sdi));
		let_it_happen(sdi);
		break;
	case IN_REMOVE:
		fake_sdi_user.in_remove = let_it_happen;
		break;
	case IN_REMOVE_STOPPED:
		fake_sdi_user.in_remove_stopped = let_it_happen;
		break;
	case IN_PROBE:
	case IN_PROBE_TOLD:
		break;
	case DELETED_MEANWHILE:
		/* Nobody was able to stop it before */
		if (event == RESET_KEEPS || event == NO_HIBERNATION)
			set_bit(0, fake_sdi_pf.sending);
		meanwhile = event == ERROR_NORMAL ? NULL : delete_it;
		let_it_happen(sdi);
		break;
	case BOUND_MEANWHILE:
		meanwhile = event == ERROR_NORMAL ? NULL : bind_it;
		let_it_happen(sdi);
		flush_work(&pci_siov_pf(box->pf)->probe_work);
		break;
	default:
		let_it_happen(sdi);
		break;
	}

	/* A driver that was refused during a reset has come, if it could */
	if (moment == BOUND_MEANWHILE && resets(event))
		KUNIT_EXPECT_EQ(test, event != RESET_CHANGES &&
				event != RESET_FAILS, fake_sdi_user.probes);

	if (moment != DELETED_MEANWHILE)
		pci_sdi_delete(box->pf, 0);

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
	device_release_driver(&box->pf->dev);
	fake_sdi_pf.leaving = false;

	/* What may send keeps its Routing ID, and nothing else does */
	if (test_bit(0, fake_sdi_pf.sending))
		KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));
	if (resets(event) && event != RESET_FAILS && event != RESET_CHANGES &&
	    event != RESET_KEEPS && event != NO_HIBERNATION && moment != STUCK)
		KUNIT_EXPECT_FALSE(test, rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.inits);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.releases);
	KUNIT_EXPECT_EQ(test, 0, box->pf->siov->num_sdis);
	KUNIT_EXPECT_EQ(test, 0, pci_siov_pf(box->pf)->users);
	KUNIT_EXPECT_EQ_MSG(test, 0, fake_sdi_pf.wrong, "first: %s",
			    fake_sdi_pf.first_wrong);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.wrong);
	fake_sdi_pf.silent = false;
	fake_pci_host_free(box->host);
}

static void state_lives(struct kunit *test)
{
	int moment, event;

	fake_kmsg_quiet(test);
	for (moment = 0; moment < NR_MOMENTS; moment++)
		for (event = 0; event < NR_PF_EVENTS; event++) {
			if (!can_happen(event))
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
	meanwhile = NULL;
}

/* Nothing but the end of the device stops an SDI that hangs */
static void hang_and_delete(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.reset_ret = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, pci_sdi_reset(sdi));
	pci_sdi_put(sdi);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, 0));
	fake_sdi_pf.reset_ret = 0;
	KUNIT_ASSERT_TRUE(test, rid_is_claimed(0x108));
}

static void find_pf_again(struct kunit *test)
{
	pci_stop_and_remove_bus_device_locked(box->pf);
	fake_pci_rescan(box->host);
	box->pf = fake_pci_dev(box->fn);
	KUNIT_ASSERT_NOT_NULL(test, box->pf);
}

/* SIOV Status says nothing here, so all depends on what the core remembers */
static void state_quarantine_outlives_removal(struct kunit *test)
{
	hang_and_delete(test);
	find_pf_again(test);
	KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));
	KUNIT_EXPECT_TRUE(test, pci_rid_owned_by(box->pf, 0x108));
	KUNIT_EXPECT_EQ(test, -EBUSY, create_and_put(0));
	KUNIT_EXPECT_EQ(test, -EBUSY, create_and_put(1));

	/* A reset that the device did not take */
	set_status(PCI_SIOV_STATUS_ENABLED);
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box->pf));
	KUNIT_EXPECT_EQ(test, -EBUSY, create_and_put(0));

	set_status(0);
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box->pf));
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 0x108, create_and_put(0));
}

/* The driver of the next owner resets the function before it uses it */
static void state_quarantine_ends_in_probe(struct kunit *test)
{
	hang_and_delete(test);
	find_pf_again(test);
	scoped_guard(device, &box->pf->dev)
		KUNIT_EXPECT_EQ(test, 0, pci_siov_stop_left_over(box->pf));
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 0x108, create_and_put(0));
}

/* Let the function know no other way to be reset */
static void reset_by_method(struct kunit *test, const char *name)
{
	int m;

	for (m = 1; m < PCI_NUM_RESET_METHODS; m++)
		if (!strcmp(pci_reset_fn_methods[m].name, name))
			break;
	KUNIT_ASSERT_LT(test, m, PCI_NUM_RESET_METHODS);
	box->pf->reset_methods[0] = m;
	box->pf->reset_methods[1] = 0;
}

/* A driver whose probe fails, and once more */
static void state_quarantine_ends_at_second_try(struct kunit *test)
{
	u8 methods[PCI_NUM_RESET_METHODS];

	hang_and_delete(test);
	find_pf_again(test);
	memcpy(methods, box->pf->reset_methods, sizeof(methods));
	reset_by_method(test, "acpi");
	scoped_guard(device, &box->pf->dev)
		KUNIT_EXPECT_EQ(test, -ENOTTY, pci_siov_stop_left_over(box->pf));
	KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));

	memcpy(box->pf->reset_methods, methods, sizeof(methods));
	scoped_guard(device, &box->pf->dev)
		KUNIT_EXPECT_EQ(test, 0, pci_siov_stop_left_over(box->pf));
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(0x108));
}

/* The reset was before the SDI hung, and what comes after it is none */
static void state_left_over_outlives_power(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box->pf));
	hang_and_delete(test);
	set_status(PCI_SIOV_STATUS_ENABLED);
	device_release_driver(&box->pf->dev);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(box->pf->siov->left_over));
	set_status(0);
	pci_siov_restore_state(box->pf);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(box->pf->siov->left_over));
}

/*
 * The one SDI that was enabled hangs, so SIOV Status reads 0 before any reset as
 * well as after it.
 */
static void state_quarantine_needs_reset(struct kunit *test)
{
	hang_and_delete(test);

#ifdef CONFIG_SUSPEND
	/* A sleep that is given up, or without loss of power */
	KUNIT_ASSERT_EQ(test, 0, suspend_pf());
	pci_siov_restore_state(box->pf);
	KUNIT_ASSERT_EQ(test, 0, resume_pf());
	KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, -EBUSY, create_and_put(0));
#endif

	/* User-mode Linux has no ACPI that could do it */
	reset_by_method(test, "acpi");
	KUNIT_EXPECT_EQ(test, -ENOTTY, pci_reset_function(box->pf));
	KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));

	pci_siov_reset_prepare(box->pf, true);
	pci_siov_reset_done(box->pf, -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, -EBUSY, create_and_put(0));
	KUNIT_EXPECT_EQ(test, 2, fake_kmsg_count(&box->mark, LOGLEVEL_WARNING,
						 "the reset has failed", NULL));

	pci_siov_reset_prepare(box->pf, true);
	pci_siov_reset_done(box->pf, 0);
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 0x108, create_and_put(0));
}

/* The hanging SDI goes during a reset, which then fails */
static void state_quarantine_of_orphan(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.reset_ret = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, pci_sdi_reset(sdi));
	pci_sdi_put(sdi);
	fake_sdi_pf.reset_ret = 0;

	pci_siov_reset_prepare(box->pf, true);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, 0));
	pci_siov_reset_done(box->pf, -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box->mark, LOGLEVEL_WARNING,
						 "could not be stopped", NULL));

	pci_siov_reset_prepare(box->pf, true);
	pci_siov_reset_done(box->pf, 0);
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(0x108));
}

/* An orphan is looked at late, when a sibling falls asleep already */
static void state_orphan_was_reset(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, NULL);
	struct pci_siov *siov = box->pf->siov;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	pci_siov_reset_prepare(box->pf, true);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, 0));
	KUNIT_EXPECT_EQ(test, PCI_SDI_ORPHAN, to_sdi_core(sdi)->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_THAW_UNSURE,
			pci_sdi_thaw_event(to_sdi_core(sdi)));
	WRITE_ONCE(siov->was_reset, true);
	KUNIT_EXPECT_FALSE(test, siov->quiet);
	KUNIT_EXPECT_EQ(test, PCI_SDI_THAW,
			pci_sdi_thaw_event(to_sdi_core(sdi)));
	pci_siov_reset_done(box->pf, 0);
	pci_sdi_put(sdi);
}

/* A user may reset what hangs for ever: the log has it once */
static void state_user_does_not_fill_the_log(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, NULL);
	int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.reset_ret = -EIO;
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, -EIO, pci_sdi_reset(sdi));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box->mark, LOGLEVEL_WARNING,
						 "reset failed", NULL));
	fake_sdi_pf.reset_ret = 0;
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_reset(sdi));
	pci_sdi_put(sdi);
}

/* Found again, and to wake it up is no reset */
static void state_quarantine_outlives_power(struct kunit *test)
{
	hang_and_delete(test);
	find_pf_again(test);
	pci_siov_restore_state(box->pf);
	KUNIT_EXPECT_EQ(test, -EBUSY, create_and_put(1));
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box->pf));
	KUNIT_EXPECT_EQ(test, 0x109, create_and_put(1));
}

/* A link that goes down while the capability is read has changed nothing */
static void state_capability_vanishes(struct kunit *test)
{
	u16 pos = box->pf->siov->pos;
	u32 sdis = fake_pci_get32(box->fn, pos + PCI_SIOV_TOTAL_SDIS);
	u32 rids = fake_pci_get32(box->fn, pos + PCI_SIOV_FIRST_OFFSET);

	pci_sdis_error(box->pf, pci_channel_io_frozen);
	fake_pci_put32(box->fn, pos + PCI_SIOV_FIRST_OFFSET, ~0);
	pci_siov_restore_state(box->pf);
	fake_pci_put32(box->fn, pos + PCI_SIOV_TOTAL_SDIS, ~0);
	pci_siov_restore_state(box->pf);
	KUNIT_EXPECT_FALSE(test, box->pf->siov->changed);
	KUNIT_EXPECT_FALSE(test, box->pf->siov->quiet);

	fake_pci_put32(box->fn, pos + PCI_SIOV_TOTAL_SDIS, sdis);
	fake_pci_put32(box->fn, pos + PCI_SIOV_FIRST_OFFSET, rids);
	pci_siov_restore_state(box->pf);
	KUNIT_EXPECT_TRUE(test, box->pf->siov->quiet);
	pci_sdis_reset_done(box->pf);
	KUNIT_EXPECT_EQ(test, 0x108, create_and_put(0));
}

static struct completion prepared;

static void prepare_reset(struct work_struct *work)
{
	scoped_guard(device, &box->pf->dev)
		pci_sdis_reset_prepare(box->pf);
	complete(&prepared);
}

/*
 * Whoever destroys an SDI that was left frozen has seen that the PF is back, and
 * holds the SDI's lock until the PF's driver has been told.
 */
static void state_reset_waits_for_destroyer(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, NULL);
	struct pci_sdi_core *core;
	struct work_struct work;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	core = to_sdi_core(sdi);
	happening = RESET;
	reset_by_kernel();
	KUNIT_ASSERT_EQ(test, PCI_SDI_FROZEN, core->state);

	init_completion(&prepared);
	INIT_WORK_ONSTACK(&work, prepare_reset);
	mutex_lock(&core->lock);
	schedule_work(&work);
	KUNIT_EXPECT_EQ(test, 0,
			wait_for_completion_timeout(&prepared, HZ / 5));
	mutex_unlock(&core->lock);
	flush_work(&work);
	destroy_work_on_stack(&work);

	pci_siov_restore_state(box->pf);
	scoped_guard(device, &box->pf->dev)
		pci_sdis_reset_done(box->pf);
	pci_sdi_put(sdi);
}

static void attach_pf(struct work_struct *work)
{
	if (device_attach(&box->pf->dev) < 0)
		fake_sdi_user.wrong++;
}

/* Recovery work that was begun in probe resets the function: nothing can be read */
static void state_attach_waits_for_reset(struct kunit *test)
{
	struct pci_siov_pf *spf = pci_siov_pf(box->pf);
	struct work_struct work;
	u16 ctl, before;

	ctl = pci_pcie_cap(box->pf) + PCI_EXP_DEVCTL;
	before = fake_pci_get16(box->fn, ctl);
	device_release_driver(&box->pf->dev);
	INIT_WORK_ONSTACK(&work, attach_pf);
	scoped_guard(mutex, &spf->reset_lock) {
		fake_pci_put16(box->fn, ctl, ~0);
		schedule_work(&work);
		msleep(200);
		fake_pci_put16(box->fn, ctl, before);
	}
	flush_work(&work);
	destroy_work_on_stack(&work);
	KUNIT_EXPECT_NULL(test, spf->refused);
	KUNIT_EXPECT_EQ(test, 0x108, create_and_put(0));
}

static int reset_while_added(struct notifier_block *nb, unsigned long action,
			     void *dev)
{
	if (action != BUS_NOTIFY_ADD_DEVICE)
		return 0;

	guard(device)(&box->pf->dev);
	pci_sdis_reset_prepare(box->pf);
	return 0;
}

/* What the IOMMU has read of the PF, to find a group for the SDI, is not true then */
static void state_reset_before_it_is_known(struct kunit *test)
{
	struct notifier_block nb = { .notifier_call = reset_while_added };

	KUNIT_ASSERT_EQ(test, 0, bus_register_notifier(&pci_sdi_bus_type, &nb));
	KUNIT_EXPECT_EQ(test, -EAGAIN, create_and_put(0));
	bus_unregister_notifier(&pci_sdi_bus_type, &nb);
	KUNIT_EXPECT_EQ(test, 0, box->pf->siov->num_sdis);

	scoped_guard(device, &box->pf->dev) {
		pci_siov_restore_state(box->pf);
		pci_sdis_reset_done(box->pf);
	}
	KUNIT_EXPECT_EQ(test, 0x108, create_and_put(0));
}

static int hang_while_added(struct notifier_block *nb, unsigned long action,
			    void *data)
{
	if (action == BUS_NOTIFY_ADD_DEVICE)
		WRITE_ONCE(to_sdi_core(to_pci_sdi(data))->state,
			   PCI_SDI_FROZEN_RUNNING);
	return NOTIFY_DONE;
}

/* Two resets in one creation, and the first has failed to bring the SDI back */
static void state_hangs_before_it_is_known(struct kunit *test)
{
	struct notifier_block nb = { .notifier_call = hang_while_added };

	KUNIT_ASSERT_EQ(test, 0, bus_register_notifier(&pci_sdi_bus_type, &nb));
	KUNIT_EXPECT_EQ(test, -EAGAIN, create_and_put(0));
	bus_unregister_notifier(&pci_sdi_bus_type, &nb);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.releases);
	KUNIT_EXPECT_EQ(test, 0, box->pf->siov->num_sdis);
	KUNIT_EXPECT_EQ(test, 0x108, create_and_put(0));
}

/* A function that knows no other reset: that of the bus needs the bridge */
static void state_left_over_resets_bus(struct kunit *test)
{
	struct pci_dev *bridge = pci_upstream_bridge(box->pf);
	struct pci_dev *pf = box->pf;

	device_release_driver(&pf->dev);
	reset_by_method(test, "bus");
	WRITE_ONCE(pf->siov->left_over, true);
	set_status(PCI_SIOV_STATUS_ENABLED);

	pci_cfg_access_lock(bridge);
	scoped_guard(device, &pf->dev)
		KUNIT_EXPECT_EQ(test, -EAGAIN, pci_siov_stop_left_over(pf));
	pci_cfg_access_unlock(bridge);

	/* The device stays as it is, but nothing is wrong with how it was reset */
	fake_kmsg_mark(&box->mark);
	scoped_guard(device, &pf->dev)
		KUNIT_EXPECT_EQ(test, -EBUSY, pci_siov_stop_left_over(pf));
	KUNIT_EXPECT_EQ(test, 0, fake_kmsg_count(&box->mark, LOGLEVEL_WARNING,
						 "unlocked secondary bus reset",
						 NULL));
	KUNIT_EXPECT_TRUE(test, pci_cfg_access_trylock(bridge));
	pci_cfg_access_unlock(bridge);
}

static void stop_all(struct fake_pci_fn *fn)
{
	set_status(0);
}

/* The Command register when the reset was begun, by what was written before it */
static u16 command_in_reset(struct kunit *test)
{
	u16 command = 0xffff, devctl = box->pf->pcie_cap + PCI_EXP_DEVCTL;
	const struct fake_pci_access *log;
	unsigned int i, nr;

	log = fake_pci_log(box->host, &nr);
	for (i = 0; i < nr; i++) {
		if (!log[i].write || log[i].fn != box->fn)
			continue;
		if (log[i].where == devctl && log[i].value & PCI_EXP_DEVCTL_BCR_FLR)
			return command;
		if (log[i].where == PCI_COMMAND)
			command = log[i].value;
	}

	KUNIT_FAIL(test, "no reset");
	return command;
}

/* The function does not send while it is reset, and then is as it was before */
static void state_left_over_resets_function(struct kunit *test)
{
	struct pci_dev *pf = box->pf;

	device_release_driver(&pf->dev);
	pci_set_master(pf);
	WRITE_ONCE(pf->siov->left_over, true);
	set_status(PCI_SIOV_STATUS_ENABLED);
	box->fn->flr = stop_all;
	fake_pci_log_start(box->host);
	scoped_guard(device, &pf->dev)
		KUNIT_EXPECT_EQ(test, 0, pci_siov_stop_left_over(pf));
	fake_pci_log_stop(box->host);
	box->fn->flr = NULL;
	KUNIT_EXPECT_EQ(test, 0, command_in_reset(test) & PCI_COMMAND_MASTER);
	KUNIT_EXPECT_TRUE(test, fake_pci_get16(box->fn, PCI_COMMAND) &
				PCI_COMMAND_MASTER);
}

/* A CXL port that ignores Secondary Bus Reset has reset nothing */
static void state_quarantine_outlives_masked_reset(struct kunit *test)
{
	u16 pos = fake_pci_add_ext_cap(box->rp, PCI_EXT_CAP_ID_DVSEC, 1, 0x28);
	struct pci_dev *bridge = pci_upstream_bridge(box->pf);

	fake_pci_put32(box->rp, pos + PCI_DVSEC_HEADER1, PCI_VENDOR_ID_CXL);
	fake_pci_put16(box->rp, pos + PCI_DVSEC_HEADER2, PCI_DVSEC_CXL_PORT);
	bridge->is_cxl = true;
	hang_and_delete(test);
	KUNIT_EXPECT_EQ(test, 0, pci_try_reset_bridge(bridge));
	KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));

	fake_pci_put16(box->rp, pos + PCI_DVSEC_CXL_PORT_CTL,
		       PCI_DVSEC_CXL_PORT_CTL_UNMASK_SBR);
	KUNIT_EXPECT_EQ(test, 0, pci_try_reset_bridge(bridge));
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(0x108));
}

static void state_quarantine_ends_with_device(struct kunit *test)
{
	hang_and_delete(test);
	pci_dev_set_disconnected(box->pf, NULL);
	find_pf_again(test);
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 0x108, create_and_put(0));

	/* Taken out in good order, and something else put in */
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, 0));
	hang_and_delete(test);
	pci_stop_and_remove_bus_device_locked(box->pf);
	KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));
	fake_pci_put32(box->fn, PCI_CFG_SPACE_SIZE, 0);
	fake_pci_rescan(box->host);
	box->pf = fake_pci_dev(box->fn);
	KUNIT_ASSERT_NOT_NULL(test, box->pf);
	KUNIT_ASSERT_FALSE(test, pci_is_siov_physfn(box->pf));
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(0x108));
}

/* Taken out in good order as well, and the same or another one put in */
static void state_quarantine_ends_with_power(struct kunit *test)
{
	struct pci_bus *bus = box->pf->bus;
	const u16 pf = pci_dev_id(box->pf);

	hang_and_delete(test);
	pci_stop_and_remove_bus_device_locked(box->pf);
	pci_siov_slot_off(bus, pf + 1, 0xffff);
	pci_siov_slot_off(bus, 0, pf - 1);
	KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));

	pci_siov_slot_off(bus, pf, pf);
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(0x108));
	fake_pci_rescan(box->host);
	box->pf = fake_pci_dev(box->fn);
	KUNIT_ASSERT_NOT_NULL(test, box->pf);
	KUNIT_EXPECT_EQ(test, 0x108, create_and_put(0));
}

/* It is there and cannot be made out to be the device it was */
static void state_quarantine_outlives_a_fault(struct kunit *test)
{
	const u16 places[] = {
		PCI_CFG_SPACE_SIZE, box->pf->siov->pos + PCI_SIOV_TOTAL_SDIS,
	};
	const u32 faults[] = { ~0, 0 };
	u32 was;
	int i;

	hang_and_delete(test);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		was = fake_pci_get32(box->fn, places[i]);
		fake_pci_put32(box->fn, places[i], faults[i]);
		find_pf_again(test);
		KUNIT_EXPECT_FALSE(test, pci_is_siov_physfn(box->pf));
		KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));
		fake_pci_put32(box->fn, places[i], was);
	}

	find_pf_again(test);
	KUNIT_ASSERT_TRUE(test, pci_is_siov_physfn(box->pf));
	KUNIT_EXPECT_EQ(test, -EBUSY, create_and_put(0));
}

/* A function that sends with another Routing ID as well, which a quirk knows */
#define ALIAS_DEVICE	0xfa77
#define ALIAS_DEVFN	0x0a

static void alias_quirk(struct pci_dev *dev)
{
	pci_add_dma_alias(dev, ALIAS_DEVFN, 1);
}
DECLARE_PCI_FIXUP_HEADER(0x1d0f, ALIAS_DEVICE, alias_quirk);

static void state_alias_comes_later(struct kunit *test)
{
	struct fake_pci_fn *late;

	KUNIT_ASSERT_EQ(test, 0x10a, create_and_put(2));
	late = fake_pci_add_endpoint(box->host, box->rp, 1);
	fake_pci_add_ari(late, 0);
	fake_pci_put16(late, PCI_DEVICE_ID, ALIAS_DEVICE);
	fake_pci_put16(box->fn, PCI_CFG_SPACE_SIZE + PCI_ARI_CAP, 1 << 8);
	fake_pci_rescan(box->host);
	KUNIT_EXPECT_NULL(test, fake_pci_dev(late));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box->mark, LOGLEVEL_INFO,
						 "not used", "01.2"));

	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, 2));
	fake_pci_rescan(box->host);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(late));
	KUNIT_EXPECT_EQ(test, -EBUSY, create_and_put(2));
}

/* A driver that is bound may know of an alias that was not known before */
static void state_alias_of_pf(struct kunit *test)
{
	device_release_driver(&box->pf->dev);
	KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(box->pf));
	pci_add_dma_alias(box->pf, ALIAS_DEVFN, 1);
	KUNIT_ASSERT_EQ(test, 1, device_attach(&box->pf->dev));
	KUNIT_EXPECT_EQ(test, -EPERM, create_and_put(0));
	KUNIT_EXPECT_EQ(test, 0, pci_siov_usable_sdis(box->pf));
}

static void state_function_is_left_alone(struct kunit *test)
{
	struct fake_pci_fn *late, *behind;

	KUNIT_ASSERT_EQ(test, 0x109, create_and_put(1));
	late = fake_pci_add_endpoint(box->host, box->rp, 9);
	fake_pci_add_ari(late, 0x20);
	behind = fake_pci_add_endpoint(box->host, box->rp, 0x20);
	fake_pci_add_ari(behind, 0);
	fake_pci_put16(box->fn, PCI_CFG_SPACE_SIZE + PCI_ARI_CAP, 9 << 8);
	fake_pci_rescan(box->host);
	KUNIT_EXPECT_NULL(test, fake_pci_dev(late));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box->mark, LOGLEVEL_INFO,
						 "function 01.1 not used", NULL));
	/* Only that one */
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(behind));
}

/* Without power the device would forget its allowlist, and nobody would know */
static void state_software_mode_keeps_power(struct kunit *test)
{
	atomic_t *count = &box->pf->dev.power.usage_count;
	int before = atomic_read(count);

	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(box->pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, before + 1, atomic_read(count));
	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(box->pf, PCI_SIOV_RID_STRIDED));
	KUNIT_EXPECT_EQ(test, before, atomic_read(count));

	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(box->pf, PCI_SIOV_RID_SOFTWARE));
	device_release_driver(&box->pf->dev);
	KUNIT_EXPECT_EQ(test, 0, pci_siov_set_rid_mode(box->pf,
						       PCI_SIOV_RID_STRIDED));
}

/* Two who do something at the same time, and the moment at which both are at it */
struct rivals {
	struct work_struct first;
	struct work_struct second;
	struct completion begun;
	struct completion go_on;
	struct completion done;
	struct pci_sdi *sdi;
};

static struct rivals rivals;

static void rivals_init(work_func_t first, work_func_t second)
{
	INIT_WORK(&rivals.first, first);
	INIT_WORK(&rivals.second, second);
	init_completion(&rivals.begun);
	init_completion(&rivals.go_on);
	init_completion(&rivals.done);
}

/* The second one begins while the first one is in the middle, and waits for it */
static void rivals_begin(struct kunit *test)
{
	queue_work(system_dfl_wq, &rivals.first);
	wait_for_completion(&rivals.begun);
	queue_work(system_dfl_wq, &rivals.second);
	msleep(200);
	KUNIT_EXPECT_FALSE(test, completion_done(&rivals.done));
}

static void rivals_end(struct kunit *test)
{
	complete(&rivals.go_on);
	flush_work(&rivals.first);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&rivals.done, 2 * HZ));
}

static void pause_in_allow(void)
{
	fake_sdi_pf.in_allow = NULL;
	complete(&rivals.begun);
	wait_for_completion(&rivals.go_on);
}

static void go_software(struct work_struct *work)
{
	if (pci_siov_set_rid_mode(box->pf, PCI_SIOV_RID_SOFTWARE))
		fake_sdi_user.wrong++;
}

static void unbind_pf(struct work_struct *work)
{
	device_release_driver(&box->pf->dev);
	complete(&rivals.done);
}

/* The driver is unbound while it takes Routing IDs */
static void state_mode_changes_in_unbinding(struct kunit *test)
{
	rivals_init(go_software, unbind_pf);
	fake_sdi_pf.in_allow = pause_in_allow;
	rivals_begin(test);
	rivals_end(test);

	/* Whoever is left behind must not outlive the test */
	wake_up_all(&pci_siov_pf(box->pf)->idle);
	flush_work(&rivals.second);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_RID_STRIDED, box->pf->siov->rid_mode);
}

static int created_meanwhile, streamed_meanwhile;

static void use_meanwhile(void)
{
	u32 last = 0;

	created_meanwhile = create_and_put(0);
	streamed_meanwhile = pci_siov_add_stream(box->pf, &last);
}

/* What would depend on the mode does not come while it changes */
static void state_mode_changes_alone(struct kunit *test)
{
	fake_sdi_pf.in_allow = use_meanwhile;
	KUNIT_EXPECT_EQ(test, 0,
			pci_siov_set_rid_mode(box->pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, -EAGAIN, created_meanwhile);
	KUNIT_EXPECT_EQ(test, -EBUSY, streamed_meanwhile);

	created_meanwhile = 0;
	streamed_meanwhile = 0;
	KUNIT_EXPECT_EQ(test, 0,
			pci_siov_set_rid_mode(box->pf, PCI_SIOV_RID_STRIDED));
	KUNIT_EXPECT_EQ(test, -EAGAIN, created_meanwhile);
	KUNIT_EXPECT_EQ(test, -EBUSY, streamed_meanwhile);
	fake_sdi_pf.in_allow = NULL;
}

static void pause_in_remove(struct pci_sdi *sdi)
{
	complete(&rivals.begun);
	wait_for_completion(&rivals.go_on);
}

static void destroy_first(struct work_struct *work)
{
	pci_sdi_destroy(rivals.sdi);
}

static void destroy_second(struct work_struct *work)
{
	pci_sdi_destroy(rivals.sdi);
	complete(&rivals.done);
}

/* None of those who destroy an SDI waits for the end of a reset of the PF */
static void state_destroyed_twice_in_reset(struct kunit *test)
{
	rivals_init(destroy_first, destroy_second);
	rivals.sdi = create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rivals.sdi));
	fake_sdi_user.in_remove = pause_in_remove;
	rivals_begin(test);
	scoped_guard(device, &box->pf->dev) {
		pci_sdis_reset_prepare(box->pf);
		rivals_end(test);
		KUNIT_EXPECT_EQ(test, PCI_SDI_ORPHAN,
				to_sdi_core(rivals.sdi)->state);
		pci_siov_restore_state(box->pf);
		pci_sdis_reset_done(box->pf);
	}
	flush_work(&rivals.second);
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(0x108));
	pci_sdi_put(rivals.sdi);
}

/* The bus may change while the function does not answer */
static void state_allowlist_waits(struct kunit *test)
{
	struct pci_siov_pf *spf = pci_siov_pf(box->pf);
	struct fake_pci_fn *late;

	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(box->pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.allows);

	scoped_guard(device, &box->pf->dev) {
		pci_sdis_reset_prepare(box->pf);
		fake_sdi_pf.silent = true;
		late = fake_pci_add_endpoint(box->host, box->rp, 1);
		fake_pci_add_ari(late, 0);
		fake_pci_put16(box->fn, PCI_CFG_SPACE_SIZE + PCI_ARI_CAP,
			       1 << 8);
		fake_pci_rescan(box->host);
		KUNIT_ASSERT_NOT_NULL(test, fake_pci_dev(late));
		flush_work(&spf->allow_work);
		KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.allows);
		KUNIT_EXPECT_EQ(test, -EAGAIN, create_and_put(0));
		fake_sdi_pf.silent = false;
		pci_siov_restore_state(box->pf);
		pci_sdis_reset_done(box->pf);
	}

	/* The old list at once, and the new one */
	flush_work(&spf->allow_work);
	KUNIT_EXPECT_EQ(test, 3, fake_sdi_pf.allows);
}

/* The core gives up after an error that began with @state */
static void fail_to_recover(pci_channel_state_t state)
{
	guard(device)(&box->pf->dev);
	pci_sdis_error(box->pf, state);
	pci_sdis_error(box->pf, pci_channel_io_perm_failure);
}

static void expect_states(struct kunit *test, const struct pci_sdi *sdi,
			  enum pci_siov_pf_state pf, enum pci_sdi_state state)
{
	KUNIT_EXPECT_EQ(test, pf, pci_siov_pf(box->pf)->state);
	KUNIT_EXPECT_EQ(test, state, to_sdi_core(sdi)->state);
}

/* The PF's driver hears of a reset when it is called for no SDI any more */
static void state_reset_in_order(struct kunit *test)
{
	struct pci_sdi *sdi;

	fake_sdi_user.master = true;
	sdi = create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box->pf));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
	expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_RUNNING);
	pci_sdi_put(sdi);
}

static void bind_and_delete(struct pci_sdi *sdi)
{
	bind_it(sdi);
	delete_it(sdi);
}

/* A driver has to wait for an SDI, that goes and leaves its index in quarantine */
static void state_deferred_and_deleted(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	happening = RESET_KEEPS;
	meanwhile = bind_and_delete;
	meanwhile_sdi = sdi;
	scoped_guard(device, &box->pf->dev)
		reset_by_kernel();
	meanwhile = NULL;
	flush_work(&pci_siov_pf(box->pf)->probe_work);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.probes);
	KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));
	pci_sdi_put(sdi);
}

/* After an error the PF's driver goes on without a look at its registers */
static void state_old_reset_proves_nothing(struct kunit *test)
{
	struct pci_sdi *quiet = create(1, NULL);
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(quiet));
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box->pf));
	KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, to_sdi_core(quiet)->state);
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_set_master(sdi, true));

	scoped_guard(device, &box->pf->dev) {
		pci_sdis_error(box->pf, pci_channel_io_frozen);
		KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, 0));
		pci_sdis_reset_done(box->pf);
	}
	KUNIT_EXPECT_TRUE(test, rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(quiet)->state);
	pci_sdi_put(sdi);
	pci_sdi_put(quiet);
}

/* The recovery work of a driver runs while the core resets the function */
static void state_resets_overlap(struct kunit *test)
{
	struct pci_siov_pf *spf = pci_siov_pf(box->pf);
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	scoped_guard(device, &box->pf->dev) {
		pci_sdis_reset_prepare(box->pf);
		fake_sdi_pf.silent = true;
		pci_siov_reset_prepare(box->pf, false);
		pci_siov_reset_done(box->pf, 0);
		KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_FROZEN, spf->state);
		KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, to_sdi_core(sdi)->state);
		fake_sdi_pf.silent = false;
		pci_siov_restore_state(box->pf);
		pci_sdis_reset_done(box->pf);
	}
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_READY, spf->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(sdi)->state);

	/* The core gives up after an error, and the driver does not */
	fail_to_recover(pci_channel_io_frozen);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_FROZEN, spf->state);
	pci_siov_reset_prepare(box->pf, false);
	pci_siov_reset_done(box->pf, 0);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_READY, spf->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(sdi)->state);
	pci_sdi_put(sdi);
}

/* An error that froze nothing, and recovery fails: a neighbour has no handlers */
static void state_failure_without_frozen(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.silent = true;
	fail_to_recover(pci_channel_io_normal);
	expect_states(test, sdi, PCI_SIOV_PF_FROZEN, PCI_SDI_FROZEN);
	KUNIT_EXPECT_EQ(test, -EAGAIN, create_and_put(1));

	reset_by_driver();
	expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_QUIET);
	pci_sdi_put(sdi);
}

/* A neighbour recovers from an error of its own, without a reset */
static void state_failure_needs_a_reset(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.silent = true;
	fail_to_recover(pci_channel_io_frozen);
	scoped_guard(device, &box->pf->dev) {
		pci_sdis_error(box->pf, pci_channel_io_normal);
		pci_sdis_reset_done(box->pf);
	}
	expect_states(test, sdi, PCI_SIOV_PF_FROZEN, PCI_SDI_FROZEN);

	/* Nor does a reset that fails */
	pci_siov_reset_prepare(box->pf, false);
	pci_siov_reset_done(box->pf, -EIO);
	expect_states(test, sdi, PCI_SIOV_PF_FROZEN, PCI_SDI_FROZEN);

	reset_by_driver();
	expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_QUIET);
	pci_sdi_put(sdi);
}

#ifdef CONFIG_SUSPEND
/* Its SDIs sleep already, or not yet, and recovery work of the driver runs */
static void state_reset_while_falling_asleep(struct kunit *test)
{
	struct pci_sdi *asleep = create(0, FAKE_SDI_DRIVER);
	struct pci_sdi *awake = create(1, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(asleep));
	KUNIT_ASSERT_FALSE(test, IS_ERR(awake));
	happening = SLEEP;
	suspend_sdi(asleep);
	reset_by_driver();
	KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, to_sdi_core(asleep)->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(awake)->state);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);

	/* Nothing reaches the function now, and the end of a reset changes nothing */
	suspend_sdi(awake);
	KUNIT_ASSERT_EQ(test, 0, suspend_pf());
	KUNIT_EXPECT_EQ(test, -EAGAIN, create_and_put(2));
	pci_siov_reset_prepare(box->pf, false);
	pci_siov_reset_done(box->pf, 0);
	KUNIT_EXPECT_EQ(test, -EAGAIN, create_and_put(2));

	/* Each wakes up in its turn */
	reset_device();
	KUNIT_ASSERT_EQ(test, 0, resume_pf());
	KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, to_sdi_core(asleep)->state);
	resume_sdi(asleep);
	resume_sdi(awake);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(asleep)->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(awake)->state);
	KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.dones);
	pci_sdi_put(asleep);
	pci_sdi_put(awake);
}

/* Power brings nothing back that recovery from an error has given up */
static void state_sleep_after_failure(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.silent = true;
	fail_to_recover(pci_channel_io_frozen);

	happening = SLEEP;
	suspend_sdi(sdi);
	KUNIT_ASSERT_EQ(test, 0, suspend_pf());
	reset_device();
	KUNIT_ASSERT_EQ(test, 0, resume_pf());
	resume_sdi(sdi);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_FROZEN,
			pci_siov_pf(box->pf)->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, to_sdi_core(sdi)->state);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_pf.resets);

	/* A reset does */
	reset_by_driver();
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(sdi)->state);
	pci_sdi_put(sdi);
}

/* Recovery that fails before the PF has come back from sleep */
static void state_failure_while_asleep(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	happening = SLEEP;
	suspend_sdi(sdi);
	KUNIT_ASSERT_EQ(test, 0, suspend_pf());
	fail_to_recover(pci_channel_io_normal);
	reset_device();
	KUNIT_ASSERT_EQ(test, 0, resume_pf());
	resume_sdi(sdi);
	expect_states(test, sdi, PCI_SIOV_PF_FROZEN, PCI_SDI_FROZEN);

	reset_by_driver();
	expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_QUIET);
	pci_sdi_put(sdi);
}

/* A driver that comes later has nothing to do with a failure of the one before */
static void state_failure_ends_with_driver(struct kunit *test)
{
	fail_to_recover(pci_channel_io_frozen);
	device_release_driver(&box->pf->dev);
	KUNIT_ASSERT_GE(test, device_attach(&box->pf->dev), 0);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_READY, pci_siov_pf(box->pf)->state);

	happening = SLEEP;
	KUNIT_ASSERT_EQ(test, 0, suspend_pf());
	reset_device();
	KUNIT_ASSERT_EQ(test, 0, resume_pf());
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_READY, pci_siov_pf(box->pf)->state);
	KUNIT_EXPECT_EQ(test, 0x108, create_and_put(0));
}

/* The bus may change, as when something was put in or taken out meanwhile */
static void state_allowlist_sleeps(struct kunit *test)
{
	struct pci_siov_pf *spf = pci_siov_pf(box->pf);
	struct fake_pci_fn *late;

	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(box->pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_ASSERT_EQ(test, 0, suspend_pf());
	late = fake_pci_add_endpoint(box->host, box->rp, 1);
	fake_pci_add_ari(late, 0);
	fake_pci_put16(box->fn, PCI_CFG_SPACE_SIZE + PCI_ARI_CAP, 1 << 8);
	fake_pci_rescan(box->host);
	flush_work(&spf->allow_work);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.allows);

	/* The list that it had at once, and the new one */
	KUNIT_ASSERT_EQ(test, 0, resume_pf());
	flush_work(&spf->allow_work);
	KUNIT_EXPECT_EQ(test, 3, fake_sdi_pf.allows);
}

/* The driver refuses to sleep, so nobody wakes its function up */
static void state_sleep_is_refused(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.suspend_ret = -EBUSY;
	suspend_sdi(sdi);
	KUNIT_EXPECT_EQ(test, -EBUSY, suspend_pf());
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_READY, pci_siov_pf(box->pf)->state);
	resume_sdi(sdi);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(sdi)->state);
	KUNIT_EXPECT_EQ(test, 0x109, create_and_put(1));
	pci_sdi_put(sdi);
}

/* Left frozen after a reset, as no driver has it, and a sleep was given up since */
static void state_sleep_is_given_up(struct kunit *test)
{
	struct pci_sdi *sdi = create(1, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_ASSERT_EQ(test, 0x108, create_and_put(0));
	happening = RESET;
	reset_by_kernel();
	suspend_sdi(sdi);
	resume_sdi(sdi);

	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, 0));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.releases);
	KUNIT_EXPECT_FALSE(test, rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 0x108, create_and_put(0));
	pci_sdi_put(sdi);
}

/* The driver does not get its function to work */
static void state_resume_fails(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	happening = SLEEP;
	suspend_sdi(sdi);
	KUNIT_ASSERT_EQ(test, 0, suspend_pf());
	reset_device();
	fake_sdi_pf.resume_ret = -EIO;
	KUNIT_EXPECT_EQ(test, -EIO, resume_pf());
	resume_sdi(sdi);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_FROZEN,
			pci_siov_pf(box->pf)->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, to_sdi_core(sdi)->state);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_pf.resets);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, pci_channel_io_perm_failure,
			fake_sdi_user.last_state);

	/* Neither does sleep mend it, but a reset may */
	suspend_sdi(sdi);
	KUNIT_ASSERT_EQ(test, 0, suspend_pf());
	fake_sdi_pf.resume_ret = 0;
	reset_device();
	KUNIT_EXPECT_EQ(test, 0, resume_pf());
	resume_sdi(sdi);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_FROZEN,
			pci_siov_pf(box->pf)->state);
	reset_by_driver();
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(sdi)->state);
	pci_sdi_put(sdi);
}

/* Nor at the end of a hibernation, or when it is given up */
static void state_restore_fails(struct kunit *test)
{
	static const char ends[] = { 'r', 't' };
	struct pci_sdi *sdi;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends) && can_happen(HIBERNATION); i++) {
		fake_sdi_restart();
		sdi = create(0, FAKE_SDI_DRIVER);
		KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
		happening = HIBERNATION;
		tell_sdi(sdi, 'f');
		KUNIT_ASSERT_EQ(test, 0, tell_pf('f'));
		reset_device();
		fake_sdi_pf.resume_ret = -EIO;
		KUNIT_EXPECT_EQ(test, -EIO, tell_pf(ends[i]));
		tell_sdi(sdi, ends[i]);
		expect_states(test, sdi, PCI_SIOV_PF_FROZEN, PCI_SDI_FROZEN);
		KUNIT_EXPECT_EQ(test, 0, fake_sdi_pf.resets);
		KUNIT_EXPECT_EQ(test, pci_channel_io_perm_failure,
				fake_sdi_user.last_state);

		fake_sdi_pf.resume_ret = 0;
		reset_by_driver();
		KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, 0));
		pci_sdi_put(sdi);
	}
}

/* A driver with the PM callbacks that all drivers had once */
static void state_legacy_sleep(struct kunit *test)
{
	static const enum pf_event events[] = { SLEEP, NO_HIBERNATION, HIBERNATION };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		struct pci_sdi *sdi;

		if (!can_happen(events[i]))
			continue;

		fake_sdi_restart();
		fake_sdi_legacy_pm(true);
		fake_sdi_user.master = true;
		sdi = create(0, FAKE_SDI_DRIVER);
		KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
		happening = events[i];
		let_it_happen(sdi);
		expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_RUNNING);
		KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
		KUNIT_EXPECT_EQ(test, 0x109, create_and_put(1));
		KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, 1));
		KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, 0));
		pci_sdi_put(sdi);
	}
}

#ifdef CONFIG_HIBERNATE_CALLBACKS
/* The machine is awake again for a while, to write the image */
static void state_hibernates(struct kunit *test)
{
	struct pci_sdi *sdi;

	fake_sdi_user.master = true;
	sdi = create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	happening = NO_HIBERNATION;
	sleep(sdi, 'f', 't');
	KUNIT_EXPECT_EQ(test, PCI_SDI_RUNNING, to_sdi_core(sdi)->state);
	KUNIT_EXPECT_EQ(test, 0x109, create_and_put(1));

	tell_sdi(sdi, 'p');
	KUNIT_ASSERT_EQ(test, 0, tell_pf('p'));
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_FROZEN, pci_siov_pf(box->pf)->state);
	KUNIT_EXPECT_FALSE(test, test_bit(0, fake_sdi_pf.sending));
	KUNIT_EXPECT_EQ(test, -EAGAIN, create_and_put(2));
	happening = HIBERNATION;
	reset_device();
	KUNIT_ASSERT_EQ(test, 0, tell_pf('r'));
	tell_sdi(sdi, 'r');
	KUNIT_EXPECT_EQ(test, PCI_SDI_RUNNING, to_sdi_core(sdi)->state);
	KUNIT_EXPECT_EQ(test, 0x10a, create_and_put(2));

	sleep(sdi, 's', 'u');
	KUNIT_EXPECT_STREQ(test, "ftprsu", fake_sdi_user.phases);
	KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.dones);
	pci_sdi_put(sdi);
}
#endif
#endif

/* A driver that does not stop its SDI before a reset that it hears of */
static void state_core_stops_dma(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_set_master(sdi, true));
	scoped_guard(device, &box->pf->dev) {
		pci_sdis_reset_prepare(box->pf);
		KUNIT_EXPECT_FALSE(test, test_bit(0, fake_sdi_pf.sending));
		KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN,
				to_sdi_core(sdi)->state);
		pci_sdis_reset_done(box->pf);
	}

	/* One that does not stop is taken for what it is */
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_set_master(sdi, true));
	fake_sdi_pf.master_ret = -ETIMEDOUT;
	scoped_guard(device, &box->pf->dev) {
		pci_sdis_reset_prepare(box->pf);
		KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN_RUNNING,
				to_sdi_core(sdi)->state);
		pci_sdis_reset_done(box->pf);
	}
	pci_sdi_put(sdi);
}

static void send_and_fail(struct pci_sdi *sdi)
{
	if (pci_sdi_set_master(sdi, true))
		fake_sdi_user.wrong++;
	/* What the driver does next in its probe */
	fake_sdi_user.master = true;
	fake_sdi_pf.master_ret = -EIO;
}

/* A driver whose probe fails may have begun something */
static void state_probe_fails(struct kunit *test)
{
	struct pci_sdi *sdi;

	fake_sdi_user.in_probe = send_and_fail;
	sdi = create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.probes);
	KUNIT_EXPECT_NULL(test, sdi->dev.driver);
	KUNIT_EXPECT_FALSE(test, test_bit(0, fake_sdi_pf.sending));
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(sdi)->state);
	pci_sdi_put(sdi);
}

static ssize_t write_reset(struct pci_sdi *sdi)
{
	struct attribute **attr;

	for (attr = pci_sdi_dev_groups[0]->attrs; *attr; attr++)
		if (!strcmp((*attr)->name, "reset"))
			return container_of(*attr, struct device_attribute,
					    attr)->store(&sdi->dev, NULL, "1", 1);

	return -ENOENT;
}

static ssize_t wrote_reset;

static void administrator_resets(struct pci_sdi *sdi)
{
	wrote_reset = write_reset(sdi);
}

/* A driver that is coming or going has nobody reset its SDI but itself */
static void state_reset_by_administrator(struct kunit *test)
{
	struct pci_sdi *sdi;

	fake_sdi_user.in_probe = administrator_resets;
	fake_sdi_user.in_remove = administrator_resets;
	sdi = create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, -EBUSY, wrote_reset);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_pf.resets);
	KUNIT_EXPECT_EQ(test, 1, write_reset(sdi));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.resets);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);

	wrote_reset = 0;
	device_release_driver(&sdi->dev);
	KUNIT_EXPECT_EQ(test, -EBUSY, wrote_reset);
	KUNIT_EXPECT_EQ(test, 1, write_reset(sdi));
	pci_sdi_put(sdi);
}

static unsigned int requests_before_remove;

static void count_requests(struct pci_sdi *sdi)
{
	if (fake_sdi_user.removes == 1)
		requests_before_remove = fake_sdi_user.requests;
}

/* All users are asked before the first of them is waited for */
static void state_all_are_asked(struct kunit *test)
{
	int i;

	for (i = 0; i < 5; i++)
		pci_sdi_put(create(i, FAKE_SDI_DRIVER));
	KUNIT_ASSERT_EQ(test, 5, fake_sdi_user.probes);

	fake_sdi_user.in_remove = count_requests;
	device_release_driver(&box->pf->dev);
	KUNIT_EXPECT_EQ(test, 5, requests_before_remove);
	KUNIT_EXPECT_EQ(test, 5, fake_sdi_user.removes);

	/* A device that is gone is an error */
	KUNIT_ASSERT_GE(test, device_attach(&box->pf->dev), 0);
	pci_sdi_put(create(0, FAKE_SDI_DRIVER));
	pci_dev_set_disconnected(box->pf, NULL);
	device_release_driver(&box->pf->dev);
	KUNIT_EXPECT_EQ(test, 5, fake_sdi_user.requests);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, pci_channel_io_perm_failure,
			fake_sdi_user.last_state);
}

static void state_error_of_one(struct kunit *test)
{
	struct pci_sdi *sdi[3];
	int i;

	for (i = 0; i < 3; i++) {
		sdi[i] = create(i, i ? FAKE_SDI_DRIVER : NULL);
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
static void state_all_hear_of_error(struct kunit *test)
{
	struct pci_sdi *sdi[3];
	int i;

	for (i = 0; i < 3; i++) {
		sdi[i] = create(i, FAKE_SDI_DRIVER);
		KUNIT_ASSERT_FALSE(test, IS_ERR(sdi[i]));
	}

	scoped_guard(device, &box->pf->dev) {
		pci_sdis_error(box->pf, pci_channel_io_frozen);
		KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.errors);
		KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.errors_first);
		KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.prepares);
		/* Once is enough */
		pci_sdis_error(box->pf, pci_channel_io_frozen);
		KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.errors);
		KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.prepares);
		pci_siov_restore_state(box->pf);
		pci_sdis_reset_done(box->pf);
	}
	KUNIT_EXPECT_EQ(test, 3, fake_sdi_user.dones);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.wrong);
	for (i = 0; i < 3; i++)
		pci_sdi_put(sdi[i]);
}

/* Who waits for the end of a reset would wait for ever when the PF's driver goes */
static void state_unbound_in_reset(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	scoped_guard(device, &box->pf->dev)
		pci_sdis_reset_prepare(box->pf);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.errors);
	fake_sdi_pf.leaving = true;
	device_release_driver(&box->pf->dev);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, pci_channel_io_perm_failure,
			fake_sdi_user.last_state);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.requests);
	pci_sdi_put(sdi);
}

static void error_of(struct kunit *test, u16 rid, unsigned int told)
{
	unsigned int before = fake_sdi_user.errors;

	scoped_guard(device, &box->pf->dev) {
		pci_siov_note_source(box->pf, rid);
		pci_sdis_error(box->pf, pci_channel_io_normal);
		pci_siov_note_source(box->pf, 0);
	}
	KUNIT_EXPECT_EQ_MSG(test, told, fake_sdi_user.errors - before,
			    "source %#x", rid);
}

/* An error that stops nothing is told to its source, if that is known */
static void state_error_has_source(struct kunit *test)
{
	int i;

	for (i = 0; i < 3; i++)
		pci_sdi_put(create(i, FAKE_SDI_DRIVER));

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
	happening = ERROR_RECOVERED;
	reset_device();
	return PCI_ERS_RESULT_RECOVERED;
}

static void look_at_sem_in_reset(struct pci_sdi *sdi)
{
	look_at_sem(sdi->pf);
}

/* All that a recovery calls may take pci_bus_sem, as others do meanwhile */
static void state_recovery(struct kunit *test)
{
	struct pci_sdi *sdi;

	sem_held = 0;
	fake_sdi_user.master = true;
	sdi = create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.in_error = look_at_sem;
	fake_sdi_pf.in_reset = look_at_sem_in_reset;

	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(box->pf, pci_channel_io_normal,
					 fake_link_reset));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.prepares);

	fake_sdi_pf.silent = true;
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(box->pf, pci_channel_io_frozen,
					 fake_link_reset));
	KUNIT_EXPECT_EQ(test, 2, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
	KUNIT_EXPECT_TRUE(test, test_bit(0, fake_sdi_pf.sending));
	KUNIT_EXPECT_EQ(test, 0, sem_held);
	pci_sdi_put(sdi);
}

/* A driver that asks for a reset may have freed what its operations use */
static void state_recovery_by_reset(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.wants_reset = true;
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(box->pf, pci_channel_io_normal,
					 fake_link_reset));
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_pf.wrong);
	/* Told once, and before anybody else could hear of the error */
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, pci_channel_io_frozen, fake_sdi_user.last_state);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
	expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_QUIET);
	pci_sdi_put(sdi);
}

static void only_others_want_reset(struct pci_dev *pf)
{
	fake_sdi_pf.wants_reset = pf != box->pf;
}

/* The link is reset for another function, and the PF's driver did not ask for it */
static void state_recovery_of_another(struct kunit *test)
{
	struct fake_pci_fn *other = fake_pci_add_endpoint(box->host, box->rp, 1);
	struct pci_sdi *sdi;

	fake_pci_add_ari(other, 0);
	fake_pci_put16(box->fn, PCI_CFG_SPACE_SIZE + PCI_ARI_CAP, 1 << 8);
	fake_pci_rescan(box->host);
	KUNIT_ASSERT_NOT_NULL(test, fake_pci_dev(other));
	sdi = create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));

	fake_sdi_pf.in_error = only_others_want_reset;
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(fake_pci_dev(other),
					 pci_channel_io_normal,
					 fake_link_reset));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
	KUNIT_EXPECT_TRUE(test, test_bit(0, fake_sdi_pf.enabled));
	expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_QUIET);
	pci_sdi_put(sdi);
}

/* A driver of PFs that has nothing to do at the end of a recovery */
static void state_recovery_without_resume(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_no_resume();
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(box->pf, pci_channel_io_frozen,
					 fake_link_reset));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
	expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_QUIET);
	pci_sdi_put(sdi);
}

static pci_ers_result_t no_link_reset(struct pci_dev *bridge)
{
	return PCI_ERS_RESULT_DISCONNECT;
}

static void state_recovery_fails(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.silent = true;
	KUNIT_EXPECT_NE(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(box->pf, pci_channel_io_frozen,
					 no_link_reset));
	KUNIT_EXPECT_EQ(test, 2, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, pci_channel_io_perm_failure,
			fake_sdi_user.last_state);
	KUNIT_EXPECT_EQ(test, -EAGAIN, pci_sdi_set_master(sdi, true));
	pci_sdi_put(sdi);
	fake_sdi_pf.leaving = true;
}

/* No port is above it, and so its errors are its own */
static void state_error_of_integrated_endpoint(struct kunit *test)
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

/* When the machine goes down nothing is to write to the next kernel's memory */
static void state_sdi_is_shut_down(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_set_master(sdi, true));
	scoped_guard(device, &sdi->dev)
		pci_sdi_bus_type.shutdown(&sdi->dev);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.shutdowns);
	KUNIT_EXPECT_FALSE(test, test_bit(0, fake_sdi_pf.sending));

	/* The driver is still bound, and may have freed what its callbacks use */
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(box->pf));
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.prepares);
	pci_sdi_put(sdi);
}

/* After the PF driver's shutdown it may have freed what its operations use */
static void state_shut_down(struct kunit *test)
{
	struct pci_sdi *sdi = create(0, FAKE_SDI_DRIVER);
	unsigned int calls;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_set_master(sdi, true));
	scoped_guard(device, &box->pf->dev)
		pci_bus_type.shutdown(&box->pf->dev);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.prepares);

	calls = fake_sdi_pf.calls;
	KUNIT_EXPECT_EQ(test, -EAGAIN, pci_sdi_set_master(sdi, true));
	KUNIT_EXPECT_EQ(test, -EAGAIN, pci_sdi_reset(sdi));
	KUNIT_EXPECT_EQ(test, -ENODEV, create_and_put(1));
	KUNIT_EXPECT_EQ(test, -ENODEV,
			pci_siov_set_rid_mode(box->pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, 0));
	KUNIT_EXPECT_EQ(test, calls, fake_sdi_pf.calls);
	pci_sdi_put(sdi);
}

static void state_index_follows_rid(struct kunit *test)
{
	struct pci_sdi_params params = {
		.index = PCI_SDI_ANY_INDEX,
		.rid = 0x10b,
	};
	struct pci_sdi *sdi = pci_sdi_create(box->pf, &params);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, 3, sdi->index);
	KUNIT_EXPECT_STREQ(test, dev_name(&sdi->dev), fake_sdi_pf.name);
	pci_sdi_put(sdi);

	KUNIT_EXPECT_EQ(test, -EBUSY,
			PTR_ERR_OR_ZERO(pci_sdi_create(box->pf, &params)));
	params.rid = 0x107;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(pci_sdi_create(box->pf, &params)));
	params.rid = 0x118;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(pci_sdi_create(box->pf, &params)));
}

static struct kunit_case state_cases[] = {
	KUNIT_CASE(state_each_event),
	KUNIT_CASE(state_each_event_of_pf),
	KUNIT_CASE(state_lives),
	KUNIT_CASE(state_quarantine_outlives_removal),
	KUNIT_CASE(state_quarantine_needs_reset),
	KUNIT_CASE(state_quarantine_of_orphan),
	KUNIT_CASE(state_orphan_was_reset),
	KUNIT_CASE(state_user_does_not_fill_the_log),
	KUNIT_CASE(state_quarantine_outlives_power),
	KUNIT_CASE(state_capability_vanishes),
	KUNIT_CASE_SLOW(state_reset_waits_for_destroyer),
	KUNIT_CASE_SLOW(state_attach_waits_for_reset),
	KUNIT_CASE(state_hangs_before_it_is_known),
	KUNIT_CASE(state_reset_before_it_is_known),
	KUNIT_CASE(state_quarantine_ends_in_probe),
	KUNIT_CASE(state_quarantine_ends_at_second_try),
	KUNIT_CASE(state_left_over_outlives_power),
	KUNIT_CASE(state_left_over_resets_bus),
	KUNIT_CASE(state_left_over_resets_function),
	KUNIT_CASE(state_quarantine_outlives_masked_reset),
	KUNIT_CASE(state_quarantine_ends_with_device),
	KUNIT_CASE(state_quarantine_ends_with_power),
	KUNIT_CASE(state_quarantine_outlives_a_fault),
	KUNIT_CASE(state_alias_comes_later),
	KUNIT_CASE(state_alias_of_pf),
	KUNIT_CASE(state_function_is_left_alone),
	KUNIT_CASE(state_software_mode_keeps_power),
	KUNIT_CASE_SLOW(state_mode_changes_in_unbinding),
	KUNIT_CASE(state_mode_changes_alone),
	KUNIT_CASE_SLOW(state_destroyed_twice_in_reset),
	KUNIT_CASE(state_allowlist_waits),
	KUNIT_CASE(state_reset_in_order),
	KUNIT_CASE(state_deferred_and_deleted),
	KUNIT_CASE(state_old_reset_proves_nothing),
	KUNIT_CASE(state_resets_overlap),
	KUNIT_CASE(state_failure_without_frozen),
	KUNIT_CASE(state_failure_needs_a_reset),
#ifdef CONFIG_SUSPEND
	KUNIT_CASE(state_reset_while_falling_asleep),
	KUNIT_CASE(state_sleep_after_failure),
	KUNIT_CASE(state_failure_while_asleep),
	KUNIT_CASE(state_failure_ends_with_driver),
	KUNIT_CASE(state_allowlist_sleeps),
	KUNIT_CASE(state_sleep_is_refused),
	KUNIT_CASE(state_sleep_is_given_up),
	KUNIT_CASE(state_resume_fails),
	KUNIT_CASE(state_restore_fails),
	KUNIT_CASE(state_legacy_sleep),
#ifdef CONFIG_HIBERNATE_CALLBACKS
	KUNIT_CASE(state_hibernates),
#endif
#endif
	KUNIT_CASE(state_core_stops_dma),
	KUNIT_CASE(state_probe_fails),
	KUNIT_CASE(state_reset_by_administrator),
	KUNIT_CASE(state_all_are_asked),
	KUNIT_CASE(state_unbound_in_reset),
	KUNIT_CASE(state_error_of_one),
	KUNIT_CASE(state_all_hear_of_error),
	KUNIT_CASE(state_error_has_source),
#ifdef CONFIG_PCIEAER
	KUNIT_CASE(state_recovery),
	KUNIT_CASE(state_recovery_by_reset),
	KUNIT_CASE(state_recovery_of_another),
	KUNIT_CASE(state_recovery_without_resume),
	KUNIT_CASE(state_recovery_fails),
	KUNIT_CASE(state_error_of_integrated_endpoint),
#endif
	KUNIT_CASE(state_sdi_is_shut_down),
	KUNIT_CASE(state_shut_down),
	KUNIT_CASE(state_index_follows_rid),
	{}
};

static struct kunit_suite state_suite = {
	.name = "pci-sdi-states",
	.suite_init = state_suite_init,
	.suite_exit = state_suite_exit,
	.init = state_init,
	.exit = state_exit,
	.test_cases = state_cases,
};

kunit_test_suites(&state_suite);

MODULE_DESCRIPTION("KUnit tests for the life of SDIs");
MODULE_LICENSE("GPL");
