// SPDX-License-Identifier: GPL-2.0
/*
 * A PF with SDIs, and what happens to it, for KUnit tests
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <linux/workqueue.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"
#include "fake_sdi.h"
#include "sdi_life.h"

struct sdi_life *life;

int life_suite_init(struct kunit_suite *suite)
{
	return fake_sdi_register();
}

void life_suite_exit(struct kunit_suite *suite)
{
	fake_sdi_unregister();
}

void life_set_up(struct kunit *test)
{
	fake_sdi_restart();
	life->host = fake_pci_host_create(test, 0, 0xff);
	life->rp = fake_pci_add_port(life->host, NULL, PCI_DEVFN(1, 0),
				     PCI_EXP_TYPE_ROOT_PORT);
	life->fn = fake_pci_add_endpoint(life->host, life->rp, 0);
	fake_pci_add_ari(life->fn, 0);
	fake_pci_add_sdis(life->fn, 16, 8, 1);
	fake_pci_scan(life->host);
	life->pf = fake_pci_dev(life->fn);
	KUNIT_ASSERT_NOT_NULL(test, life->pf);
	fake_kmsg_mark(&life->mark);
}

int life_init(struct kunit *test)
{
	life = kunit_kzalloc(test, sizeof(*life), GFP_KERNEL);
	if (!life)
		return -ENOMEM;

	life_set_up(test);
	return 0;
}

void life_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ_MSG(test, 0, fake_sdi_pf.wrong, "first: %s",
			    fake_sdi_pf.first_wrong);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.wrong);
}

struct pci_sdi *life_create(u32 index, const char *driver)
{
	struct pci_sdi_params params = {
		.index = index,
		.rid = PCI_SDI_ANY_RID,
		.driver_override = driver,
	};

	return pci_sdi_create(life->pf, &params);
}

int life_create_and_put(u32 index)
{
	struct pci_sdi *sdi = life_create(index, NULL);
	int ret = IS_ERR(sdi) ? PTR_ERR(sdi) : sdi->rid;

	pci_sdi_put(sdi);
	return ret;
}

bool life_rid_is_claimed(u16 rid)
{
	struct pci_host_bridge *bridge;

	bridge = pci_find_host_bridge(fake_pci_root(life->host));
	return xa_load(&bridge->rid_claims, rid);
}

void life_set_status(u8 status)
{
	fake_pci_put8(life->fn, life->pf->siov->pos + PCI_SIOV_STATUS, status);
}

enum life_event life_happening;
void (*life_meanwhile)(struct pci_sdi *sdi);
struct pci_sdi *life_meanwhile_sdi;

static void do_meanwhile(void)
{
	if (life_meanwhile)
		life_meanwhile(life_meanwhile_sdi);
}

/* The device, and what the core reads of it afterwards */
void life_reset_device(void)
{
	u16 stride = life->pf->siov->pos + PCI_SIOV_STRIDE;

	switch (life_happening) {
	case RESET_KEEPS:
	case NO_HIBERNATION:
		life_set_status(PCI_SIOV_STATUS_ENABLED);
		break;
	case RESET_CHANGES:
		fake_pci_put16(life->fn, stride, 2);
		fake_sdi_forget();
		life_set_status(0);
		break;
	default:
		fake_sdi_forget();
		life_set_status(0);
		break;
	}

	if (life_happening == RESET_FAILS)
		fake_sdi_pf.reset_ret = -EIO;
	pci_siov_restore_state(life->pf);
}

void life_reset_by_kernel(void)
{
	pci_sdis_reset_prepare(life->pf);
	fake_sdi_pf.silent = true;
	do_meanwhile();
	life_reset_device();
	fake_sdi_pf.silent = false;
	pci_sdis_reset_done(life->pf);
}

void life_reset_by_driver(void)
{
	pci_siov_reset_prepare(life->pf, true);
	fake_sdi_pf.silent = true;
	do_meanwhile();
	life_reset_device();
	fake_sdi_pf.silent = false;
	pci_siov_reset_done(life->pf, 0);
}

static void meet_error(void)
{
	pci_channel_state_t state = life_happening == ERROR_NORMAL ?
				    pci_channel_io_normal :
				    pci_channel_io_frozen;

	fake_sdi_pf.silent = life_happening != ERROR_NORMAL;
	pci_sdis_error(life->pf, state);
	do_meanwhile();
	if (life_happening == ERROR_NOT_RECOVERED) {
		pci_sdis_error(life->pf, pci_channel_io_perm_failure);
		return;
	}

	if (life_happening == ERROR_RECOVERED) {
		pci_sdis_reset_prepare(life->pf);
		life_reset_device();
	}
	fake_sdi_pf.silent = false;
	pci_sdis_reset_done(life->pf);
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

int life_tell_pf(char phase)
{
	guard(device)(&life->pf->dev);
	return sleep_phase(pci_bus_type.pm, phase)(&life->pf->dev);
}

void life_tell_sdi(struct pci_sdi *sdi, char phase)
{
	if (device_is_registered(&sdi->dev))
		sleep_phase(pci_sdi_bus_type.pm, phase)(&sdi->dev);
}

int life_suspend_pf(void)
{
	return life_tell_pf('s');
}

int life_resume_pf(void)
{
	return life_tell_pf('u');
}

void life_suspend_sdi(struct pci_sdi *sdi)
{
	life_tell_sdi(sdi, 's');
}

void life_resume_sdi(struct pci_sdi *sdi)
{
	life_tell_sdi(sdi, 'u');
}

void life_sleep(struct pci_sdi *sdi, char begin, char end)
{
	life_tell_sdi(sdi, begin);
	life_tell_pf(begin);
	do_meanwhile();
	life_reset_device();
	life_tell_pf(end);
	/* Drivers may be looked for before the SDI is awake */
	flush_work(&pci_siov_pf(life->pf)->probe_work);
	life_tell_sdi(sdi, end);
}
#else
void life_sleep(struct pci_sdi *sdi, char begin, char end) { }
#endif

/* In this kernel */
bool life_can_happen(enum life_event event)
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

static void happen_now(struct pci_sdi *sdi)
{
	switch (life_happening) {
	case OWN_RESET:
		life_reset_by_driver();
		break;
	case ERROR_RECOVERED:
	case ERROR_NORMAL:
	case ERROR_NOT_RECOVERED:
		scoped_guard(device, &life->pf->dev)
			meet_error();
		break;
	case SLEEP:
		life_sleep(sdi, 's', 'u');
		break;
	case HIBERNATION:
		life_sleep(sdi, 'f', 'r');
		break;
	case NO_HIBERNATION:
		life_sleep(sdi, 'f', 't');
		break;
	case SHUTDOWN:
		scoped_guard(device, &life->pf->dev) {
			pci_bus_type.shutdown(&life->pf->dev);
			fake_sdi_pf.silent = true;
			do_meanwhile();
		}
		break;
	default:
		scoped_guard(device, &life->pf->dev)
			life_reset_by_kernel();
		break;
	}
}

struct life_call {
	void (*fn)(struct pci_sdi *sdi);
	struct pci_sdi *sdi;
	struct completion done;
};

static int call_and_exit(void *data)
{
	struct life_call *call = data;

	call->fn(call->sdi);
	kthread_complete_and_exit(&call->done, 0);
}

/*
 * A callback may hold locks that nobody has who resets a PF. So let another task do
 * it, and wait.
 */
void life_call(void (*fn)(struct pci_sdi *sdi), struct pci_sdi *sdi)
{
	struct life_call call = {
		.fn = fn,
		.sdi = sdi,
		.done = COMPLETION_INITIALIZER_ONSTACK(call.done),
	};

	if (!IS_ERR(kthread_run(call_and_exit, &call, "life")))
		wait_for_completion(&call.done);
	else
		fake_sdi_user.wrong++;
}

void life_goes_on(struct pci_sdi *sdi)
{
	life_call(happen_now, sdi);
}

void life_delete(struct pci_sdi *sdi)
{
	pci_sdi_delete(sdi->pf, sdi->index);
}

/* As through driver_override and "bind" of sysfs */
void life_bind(struct pci_sdi *sdi)
{
	device_set_driver_override(&sdi->dev, FAKE_SDI_DRIVER);
	if (device_attach(&sdi->dev) > 0)
		fake_sdi_user.wrong++;
}

/* The core gives up after an error that began with @state */
void life_fail_to_recover(pci_channel_state_t state)
{
	guard(device)(&life->pf->dev);
	pci_sdis_error(life->pf, state);
	pci_sdis_error(life->pf, pci_channel_io_perm_failure);
}

void life_expect_states(struct kunit *test, const struct pci_sdi *sdi,
			enum pci_siov_pf_state pf, enum pci_sdi_state state)
{
	KUNIT_EXPECT_EQ(test, pf, pci_siov_pf(life->pf)->state);
	KUNIT_EXPECT_EQ(test, state, to_sdi_core(sdi)->state);
}
