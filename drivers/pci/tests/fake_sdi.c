// SPDX-License-Identifier: GPL-2.0
/*
 * Drivers without a device, for KUnit tests of SDIs
 */
#include <linux/bitmap.h>
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/string.h>

#include "fake_sdi.h"

struct fake_sdi_pf fake_sdi_pf;
struct fake_sdi_user fake_sdi_user;

static void pf_wrong(const char *what)
{
	if (!fake_sdi_pf.wrong++)
		fake_sdi_pf.first_wrong = what;
}

static void pf_called(const char *what)
{
	fake_sdi_pf.calls++;
	if (fake_sdi_pf.silent)
		pf_wrong(what);
}

static int fake_sdi_init(struct pci_sdi *sdi)
{
	pf_called("sdi_init while the function does not answer");
	fake_sdi_pf.inits++;
	strscpy(fake_sdi_pf.name, dev_name(&sdi->dev));
	if (fake_sdi_pf.in_init)
		fake_sdi_pf.in_init(sdi);
	if (test_bit(sdi->index, fake_sdi_pf.enabled))
		pf_wrong("sdi_init of an SDI that is enabled");
	if (!fake_sdi_pf.init_ret)
		set_bit(sdi->index, fake_sdi_pf.enabled);

	return fake_sdi_pf.init_ret;
}

static void fake_sdi_release(struct pci_sdi *sdi)
{
	if (fake_sdi_pf.leaving)
		fake_sdi_pf.calls++;
	else
		pf_called("sdi_release while the function does not answer");
	fake_sdi_pf.releases++;
	if (!fake_sdi_pf.silent)
		clear_bit(sdi->index, fake_sdi_pf.enabled);
}

static int fake_sdi_reset(struct pci_sdi *sdi)
{
	pf_called("sdi_reset while the function does not answer");
	fake_sdi_pf.resets++;
	if (fake_sdi_pf.in_reset)
		fake_sdi_pf.in_reset(sdi);
	if (!fake_sdi_pf.reset_ret) {
		set_bit(sdi->index, fake_sdi_pf.enabled);
		clear_bit(sdi->index, fake_sdi_pf.sending);
	}

	return fake_sdi_pf.reset_ret;
}

static int fake_sdi_set_master(struct pci_sdi *sdi, bool on)
{
	pf_called("sdi_set_master while the function does not answer");
	fake_sdi_pf.masters++;
	if (!fake_sdi_pf.master_ret)
		assign_bit(sdi->index, fake_sdi_pf.sending, on);

	return fake_sdi_pf.master_ret;
}

static int fake_rid_allow(struct pci_dev *pf, const struct pci_rid_span *spans,
			  unsigned int n)
{
	pf_called("rid_allow while the function does not answer");
	fake_sdi_pf.allows++;
	fake_sdi_pf.nr_spans = n;
	if (fake_sdi_pf.in_allow)
		fake_sdi_pf.in_allow();
	return 0;
}

static const struct pci_siov_ops fake_siov_ops = {
	.sdi_init = fake_sdi_init,
	.sdi_release = fake_sdi_release,
	.sdi_reset = fake_sdi_reset,
	.sdi_set_master = fake_sdi_set_master,
	.rid_allow = fake_rid_allow,
};

static int fake_pf_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return 0;
}

static pci_ers_result_t fake_pf_error_detected(struct pci_dev *pdev,
					       pci_channel_state_t state)
{
	if (fake_sdi_pf.in_error)
		fake_sdi_pf.in_error(pdev);

	if (state == pci_channel_io_normal && !fake_sdi_pf.wants_reset)
		return PCI_ERS_RESULT_CAN_RECOVER;

	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t fake_pf_slot_reset(struct pci_dev *pdev)
{
	if (fake_sdi_pf.in_error)
		fake_sdi_pf.in_error(pdev);

	return PCI_ERS_RESULT_RECOVERED;
}

static void fake_pf_resume(struct pci_dev *pdev)
{
	if (fake_sdi_pf.in_error)
		fake_sdi_pf.in_error(pdev);
	fake_sdi_pf.silent = false;
}

/* As a driver that stops its function here, and has it work again at the end */
static void fake_pf_reset_prepare(struct pci_dev *pdev)
{
	fake_sdi_pf.silent = true;
}

static void fake_pf_reset_done(struct pci_dev *pdev)
{
	fake_sdi_pf.silent = false;
}

static const struct pci_error_handlers fake_pf_err_handler = {
	.error_detected = fake_pf_error_detected,
	.slot_reset = fake_pf_slot_reset,
	.resume = fake_pf_resume,
	.reset_prepare = fake_pf_reset_prepare,
	.reset_done = fake_pf_reset_done,
};

static const struct pci_error_handlers fake_pf_no_resume_handler = {
	.error_detected = fake_pf_error_detected,
	.slot_reset = fake_pf_slot_reset,
};

static int fake_pf_suspend(struct device *dev)
{
	if (!fake_sdi_pf.suspend_ret)
		fake_sdi_pf.silent = true;

	return fake_sdi_pf.suspend_ret;
}

static int fake_pf_wake(struct device *dev)
{
	if (!fake_sdi_pf.resume_ret)
		fake_sdi_pf.silent = false;

	return fake_sdi_pf.resume_ret;
}

static DEFINE_SIMPLE_DEV_PM_OPS(fake_pf_pm_ops, fake_pf_suspend, fake_pf_wake);

static int fake_pf_legacy_suspend(struct pci_dev *pdev, pm_message_t state)
{
	return fake_pf_suspend(&pdev->dev);
}

static int fake_pf_legacy_resume(struct pci_dev *pdev)
{
	return fake_pf_wake(&pdev->dev);
}

static const struct pci_device_id fake_pf_ids[] = {
	{ PCI_DEVICE(0x1d0f, 0xfa02) },
	{}
};

static struct pci_driver fake_pf_driver = {
	.name = "siov_kunit_pf",
	.id_table = fake_pf_ids,
	.probe = fake_pf_probe,
	.siov_ops = &fake_siov_ops,
	.err_handler = &fake_pf_err_handler,
	.driver.pm = pm_sleep_ptr(&fake_pf_pm_ops),
};

static void call(void (*fn)(struct pci_sdi *sdi), struct pci_sdi *sdi)
{
	if (fn)
		fn(sdi);
}

static int fake_user_probe(struct pci_sdi *sdi)
{
	struct fake_sdi_user *user = &fake_sdi_user;
	int ret = 0;

	user->probes++;
	call(user->in_probe, sdi);
	if (user->start_early) {
		user->told = true;
		pci_sdi_notify_start(sdi);
		call(user->in_probe_told, sdi);
	}
	user->told = true;

	if (user->master && !test_bit(sdi->index, user->paused))
		ret = pci_sdi_set_master(sdi, true);
	/* Not while its PF is being reset: reset_done does it */
	return ret == -EAGAIN ? 0 : ret;
}

static void fake_user_remove(struct pci_sdi *sdi)
{
	struct fake_sdi_user *user = &fake_sdi_user;

	user->removes++;
	call(user->in_remove, sdi);
	if (!user->stop_early)
		return;

	pci_sdi_notify_stop(sdi);
	user->told = false;
	clear_bit(sdi->index, user->paused);
	call(user->in_remove_stopped, sdi);
}

static void fake_user_reset_prepare(struct pci_sdi *sdi)
{
	struct fake_sdi_user *user = &fake_sdi_user;

	if (!user->told || test_and_set_bit(sdi->index, user->paused))
		user->wrong++;
	if (!user->prepares++)
		user->errors_first = user->errors;
	if (user->master)
		pci_sdi_set_master(sdi, false);
}

static void fake_user_reset_done(struct pci_sdi *sdi, int error)
{
	struct fake_sdi_user *user = &fake_sdi_user;

	if (!user->told)
		user->wrong++;
	clear_bit(sdi->index, user->paused);
	user->dones++;
	user->last_error = error;
	if (user->master && !error && pci_sdi_set_master(sdi, true))
		user->wrong++;
}

static void fake_user_error(struct pci_sdi *sdi, pci_channel_state_t state)
{
	if (!fake_sdi_user.told)
		fake_sdi_user.wrong++;
	fake_sdi_user.errors++;
	fake_sdi_user.last_state = state;
}

static void fake_user_request(struct pci_sdi *sdi)
{
	if (!fake_sdi_user.told)
		fake_sdi_user.wrong++;
	fake_sdi_user.requests++;
	call(fake_sdi_user.in_request, sdi);
}

/* It hears of nothing afterwards, and leaves its SDI as it is */
static void fake_user_shutdown(struct pci_sdi *sdi)
{
	fake_sdi_user.shutdowns++;
	fake_sdi_user.told = false;
}

#define PHASE(_name, _letter)						\
static int fake_user_##_name(struct device *dev)			\
{									\
	char *phases = fake_sdi_user.phases;				\
	size_t n = strlen(phases);					\
									\
	if (n < sizeof(fake_sdi_user.phases) - 1)			\
		phases[n] = _letter;					\
	return 0;							\
}

PHASE(suspend, 's');
PHASE(resume, 'u');
PHASE(freeze, 'f');
PHASE(thaw, 't');
PHASE(poweroff, 'p');
PHASE(restore, 'r');

static const struct dev_pm_ops fake_user_pm_ops = {
	.suspend = fake_user_suspend,
	.resume = fake_user_resume,
	.freeze = fake_user_freeze,
	.thaw = fake_user_thaw,
	.poweroff = fake_user_poweroff,
	.restore = fake_user_restore,
};

static struct pci_sdi_driver fake_user_driver = {
	.driver.name = FAKE_SDI_DRIVER,
	.driver.pm = &fake_user_pm_ops,
	.probe = fake_user_probe,
	.remove = fake_user_remove,
	.shutdown = fake_user_shutdown,
	.reset_prepare = fake_user_reset_prepare,
	.reset_done = fake_user_reset_done,
	.error = fake_user_error,
	.request = fake_user_request,
};

/**
 * fake_sdi_restart() - Forget what was counted, and let nothing be enabled
 */
void fake_sdi_restart(void)
{
	memset(&fake_sdi_pf, 0, sizeof(fake_sdi_pf));
	memset(&fake_sdi_user, 0, sizeof(fake_sdi_user));
	fake_sdi_legacy_pm(false);
	fake_pf_driver.err_handler = &fake_pf_err_handler;
}

/**
 * fake_sdi_legacy_pm() - Let the driver of PFs have PM callbacks of the old kind
 * @legacy: or of the new kind
 */
void fake_sdi_legacy_pm(bool legacy)
{
	fake_pf_driver.driver.pm = legacy ? NULL : pm_sleep_ptr(&fake_pf_pm_ops);
	fake_pf_driver.suspend = legacy ? fake_pf_legacy_suspend : NULL;
	fake_pf_driver.resume = legacy ? fake_pf_legacy_resume : NULL;
}

/**
 * fake_sdi_no_resume() - Let the driver of PFs not hear of the end of a recovery
 *
 * Until fake_sdi_restart().
 */
void fake_sdi_no_resume(void)
{
	fake_pf_driver.err_handler = &fake_pf_no_resume_handler;
}

/**
 * fake_sdi_forget() - Let the device do what a reset of its PF does
 */
void fake_sdi_forget(void)
{
	bitmap_zero(fake_sdi_pf.enabled, FAKE_SDIS);
	bitmap_zero(fake_sdi_pf.sending, FAKE_SDIS);
}

/**
 * fake_sdi_register() - Register both drivers
 *
 * Return: 0 or the error of the driver core.
 */
int fake_sdi_register(void)
{
	int ret;

	ret = pci_register_driver(&fake_pf_driver);
	if (ret)
		return ret;

	ret = pci_sdi_register_driver(&fake_user_driver);
	if (ret)
		pci_unregister_driver(&fake_pf_driver);

	return ret;
}

/**
 * fake_sdi_unregister() - Undo fake_sdi_register()
 */
void fake_sdi_unregister(void)
{
	pci_sdi_unregister_driver(&fake_user_driver);
	pci_unregister_driver(&fake_pf_driver);
}
