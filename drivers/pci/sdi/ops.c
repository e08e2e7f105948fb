// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces (SDIs): what can be done with one that exists
 *
 * All of it ends in an operation of the PF's driver, under pci_sdi_core.lock.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/pci.h>

#include "../pci.h"
#include "sdi.h"

/**
 * pci_sdi_is_pf_frozen() - Is the PF of an SDI being reset?
 * @sdi: the SDI
 *
 * So it is from when a reset, recovery or system sleep begins, before the driver of
 * each SDI has been told. Until it is over, what a driver does with the SDI is
 * refused with -EAGAIN.
 *
 * Context: any. May not be so any more when this returns; a driver that waits is
 * woken by its reset_done, which comes after the end, or by its error.
 *
 * Return: true if so.
 */
bool pci_sdi_is_pf_frozen(const struct pci_sdi *sdi)
{
	return READ_ONCE(pci_siov_pf(sdi->pf)->state) == PCI_SIOV_PF_FROZEN;
}
EXPORT_SYMBOL_GPL(pci_sdi_is_pf_frozen);

/* Reset an SDI by @event, and do what goes with it; pci_sdi_core.lock is held */
static int reset_by(struct pci_sdi_core *core, enum pci_sdi_event event)
{
	enum pci_sdi_state before = core->state;
	struct pci_sdi *sdi = &core->sdi;
	int ret;

	ret = pci_sdi_event(core, event);

	/* Its user may try as often as he likes, and the log says it once */
	if (core->state == PCI_SDI_STUCK && before != PCI_SDI_STUCK)
		dev_warn(&sdi->dev, "reset failed: %d; out of use until it succeeds or the PF is reset\n",
			 ret);
	else if (core->state == PCI_SDI_LOST && before != PCI_SDI_LOST)
		dev_warn(&sdi->dev, "out of use: the capability of %s has changed\n",
			 pci_name(sdi->pf));
	else if (!ret)
		pci_sdi_restore_irqs(sdi);
	else if (pci_dev_is_disconnected(sdi->pf))
		ret = -ENODEV;

	return ret;
}

/**
 * pci_sdi_reset() - Bring an SDI back to the state in which it was created
 * @sdi: the SDI
 *
 * Stops the SDI, waits for its requests and clears all that its user left.
 * DMA is off afterwards. Interrupts that are allocated stay so.
 *
 * Context: process context, by the SDI's driver between probe and the end of
 * remove.
 *
 * Return: 0, -EAGAIN during a reset of the PF, which resets the SDI as well,
 * -ENODEV if the PF is gone, -EIO if its capability has changed, or the error of
 * the PF's driver.
 */
int pci_sdi_reset(struct pci_sdi *sdi)
{
	struct pci_sdi_core *core = to_sdi_core(sdi);

	/* From when it begins on: nobody makes a reset of the PF wait */
	if (pci_sdi_is_pf_frozen(sdi))
		return -EAGAIN;

	guard(mutex)(&core->lock);
	return reset_by(core, PCI_SDI_RESET);
}
EXPORT_SYMBOL_GPL(pci_sdi_reset);

/**
 * pci_sdi_reset_bound() - Reset an SDI on behalf of the administrator
 * @sdi: the SDI
 *
 * A driver is told before and after.
 *
 * Return: as pci_sdi_reset(), and -EBUSY if a driver is bound that could not
 * cope.
 */
int pci_sdi_reset_bound(struct pci_sdi *sdi)
{
	struct pci_sdi_core *core = to_sdi_core(sdi);
	struct pci_sdi_driver *drv;
	int ret;

	guard(mutex)(&core->notify_lock);
	pci_sdi_bring_back(core);
	/* The driver must not be told that it is over before it is */
	ret = pci_sdi_check(core, PCI_SDI_RESET);
	if (ret)
		return ret;

	drv = core->told;
	if (drv && (!drv->reset_prepare || !drv->reset_done))
		return -EBUSY;

	if (drv)
		drv->reset_prepare(sdi);
	ret = pci_sdi_reset(sdi);
	core->resets++;
	core->reset_error = ret;
	if (drv)
		drv->reset_done(sdi, ret);

	return ret;
}

/**
 * pci_sdi_set_master() - Allow or stop DMA and interrupts of an SDI
 * @sdi: the SDI
 * @on: allow
 *
 * None of the SDI's requests are on the way when it returns from stopping.
 *
 * Context: process context, by the SDI's driver between probe and the end of
 * remove.
 *
 * Return: 0; to allow it also -EAGAIN during a reset of the PF, -EIO if the last
 * reset of the SDI failed; or the error of the PF's driver.
 */
int pci_sdi_set_master(struct pci_sdi *sdi, bool on)
{
	struct pci_sdi_core *core = to_sdi_core(sdi);

	if (on && pci_sdi_is_pf_frozen(sdi))
		return -EAGAIN;

	guard(mutex)(&core->lock);
	return pci_sdi_event(core, on ? PCI_SDI_MASTER_ON : PCI_SDI_MASTER_OFF);
}
EXPORT_SYMBOL_GPL(pci_sdi_set_master);

/*
 * The PF's driver is not called for @core from here on. While that is possible,
 * stop what the SDI's driver has left running: then nothing is on the way when
 * the function stops answering, and the IOMMU need not block it.
 */
static void lock_out(struct pci_sdi_core *core, bool answers)
{
	guard(mutex)(&core->lock);
	if (answers && core->state == PCI_SDI_RUNNING)
		pci_sdi_event(core, PCI_SDI_MASTER_OFF);
	pci_sdi_event(core, PCI_SDI_FREEZE);
	pci_sdi_sync_irqs(&core->sdi);
}

/* Tell of an error that has stopped the PF. A reset follows: see freeze() */
static void cut_off(struct pci_sdi_core *core, pci_channel_state_t error)
{
	lockdep_assert_held(&core->notify_lock);
	if (pci_sdi_is_frozen(core))
		return;

	lock_out(core, false);
	core->cut_off = !!core->told;
	if (core->told && core->told->error)
		core->told->error(&core->sdi, error);
}

static void freeze(struct pci_sdi_core *core, bool answers)
{
	bool frozen = pci_sdi_is_frozen(core);

	lockdep_assert_held(&core->notify_lock);
	if (frozen && !core->cut_off) {
		/*
		 * A task that destroys the SDI may have seen that the PF was
		 * back. Wait until it has told the PF's driver.
		 */
		guard(mutex)(&core->lock);
		return;
	}

	core->cut_off = false;
	if (!frozen && !answers)
		lock_out(core, false);
	if (core->told && core->told->reset_prepare)
		core->told->reset_prepare(&core->sdi);
	if (!frozen && answers)
		lock_out(core, true);
}

static void thaw(struct pci_sdi_core *core, enum pci_sdi_event event)
{
	bool frozen, orphan;
	int ret;

	lockdep_assert_held(&core->notify_lock);
	scoped_guard(mutex, &core->lock) {
		frozen = pci_sdi_is_frozen(core);
		orphan = core->state == PCI_SDI_ORPHAN;
		if (frozen)
			ret = reset_by(core, event);
		else
			pci_sdi_event(core, event);
	}

	if (orphan)
		pci_sdi_finish(core);
	if (!frozen)
		return;

	core->resets++;
	core->reset_error = ret;
	if (core->told && core->told->reset_done)
		core->told->reset_done(&core->sdi, ret);
}

/**
 * pci_sdi_cut_off() - Tell the driver of an SDI that its PF does not answer
 * @core: the SDI
 * @error: the error that is the reason
 *
 * The PF's driver is not called for the SDI any more. pci_sdi_freeze() follows
 * when the drivers of all SDIs have been told of the error. Until then a
 * driver's reset_prepare might wait for a task that waits for another SDI,
 * whose driver has not heard of the error.
 *
 * Context: sleeps; not under &pci_siov_pf.lock.
 */
void pci_sdi_cut_off(struct pci_sdi_core *core, pci_channel_state_t error)
{
	guard(mutex)(&core->notify_lock);
	cut_off(core, error);
}

/**
 * pci_sdi_freeze() - Keep everybody from an SDI
 * @core: the SDI
 * @answers: the PF still answers, so the driver of the SDI can stop it
 *
 * The SDI's driver is told, and the PF's driver is not called for the SDI until
 * pci_sdi_thaw(). If the SDI is frozen already, nothing is done, except that
 * after pci_sdi_cut_off() the SDI's driver is told of the reset.
 *
 * Context: sleeps; not under &pci_siov_pf.lock.
 */
void pci_sdi_freeze(struct pci_sdi_core *core, bool answers)
{
	guard(mutex)(&core->notify_lock);
	freeze(core, answers);
}

/* An SDI that sleeps thaws when it wakes up. An orphan is never woken up */
static bool can_thaw(struct pci_sdi_core *core)
{
	/* Under the lock for the same reason as in can_wait() */
	guard(mutex)(&core->lock);
	if (core->asleep && core->state != PCI_SDI_ORPHAN)
		return false;

	return READ_ONCE(pci_siov_pf(core->sdi.pf)->state) ==
	       PCI_SIOV_PF_READY;
}

/*
 * An SDI that has no driver and that the reset has stopped for sure can stay
 * frozen until a driver comes. @core->lock is taken so that a task that
 * destroys the SDI either sees that the PF answers or is seen here.
 */
static bool can_wait(struct pci_sdi_core *core, enum pci_sdi_event event)
{
	guard(mutex)(&core->lock);
	return event == PCI_SDI_THAW && core->state == PCI_SDI_FROZEN &&
	       !core->wanted;
}

static void thaw_if_wanted(struct pci_sdi_core *core)
{
	enum pci_sdi_event event = pci_sdi_thaw_event(core);

	if (can_thaw(core) && !can_wait(core, event))
		thaw(core, event);
}

/**
 * pci_sdi_thaw() - Bring an SDI back that the device has forgotten
 * @core: the SDI, after pci_sdi_freeze()
 *
 * An SDI that was destroyed meanwhile is released, and one that sleeps stays
 * frozen. An SDI without a driver also stays frozen if the reset has stopped it
 * for sure: pci_sdi_bring_back() follows when a driver comes. Does nothing if
 * the PF is frozen again.
 *
 * Context: sleeps; the caller has a reference to the SDI.
 */
void pci_sdi_thaw(struct pci_sdi_core *core)
{
	guard(mutex)(&core->notify_lock);
	thaw_if_wanted(core);
}

/**
 * pci_sdi_bring_back() - Do what pci_sdi_thaw() has not done, or not yet
 * @core: the SDI
 *
 * For who needs the SDI now. Does nothing if it is not frozen, or if its PF is.
 *
 * Context: @core->notify_lock is held. Sleeps.
 */
void pci_sdi_bring_back(struct pci_sdi_core *core)
{
	lockdep_assert_held(&core->notify_lock);
	if (pci_sdi_is_frozen(core) && can_thaw(core))
		thaw(core, pci_sdi_thaw_event(core));
}

/**
 * pci_sdi_sleep() - Freeze an SDI for as long as the machine sleeps
 * @core: the SDI
 *
 * The PF sleeps after its SDIs, so it may be reset in between, as by recovery work
 * of its driver. The end of that does not thaw the SDI.
 *
 * Context: system sleep, the SDI's driver has been suspended. Sleeps.
 */
void pci_sdi_sleep(struct pci_sdi_core *core)
{
	guard(mutex)(&core->notify_lock);
	core->asleep = true;
	freeze(core, !pci_sdi_is_pf_frozen(&core->sdi));
}

/**
 * pci_sdi_wake() - End what pci_sdi_sleep() has begun
 * @core: the SDI
 *
 * If the PF does not answer yet, or does not answer any more, the SDI stays
 * frozen and comes back with the PF. An SDI without a driver stays frozen as in
 * pci_sdi_thaw().
 *
 * Context: resume from system sleep. Sleeps.
 */
void pci_sdi_wake(struct pci_sdi_core *core)
{
	guard(mutex)(&core->notify_lock);
	core->asleep = false;
	thaw_if_wanted(core);
}

/**
 * pci_sdi_notify_error() - Tell an SDI's driver of an error
 * @core: the SDI
 * @state: what is left of it
 *
 * Context: sleeps; not under &pci_siov_pf.lock.
 */
void pci_sdi_notify_error(struct pci_sdi_core *core, pci_channel_state_t state)
{
	guard(mutex)(&core->notify_lock);
	if (core->told && core->told->error)
		core->told->error(&core->sdi, state);
}

/**
 * pci_sdi_notify_request() - Tell an SDI's driver that the SDI is wanted back
 * @core: the SDI
 *
 * Context: sleeps; not under &pci_siov_pf.lock.
 */
void pci_sdi_notify_request(struct pci_sdi_core *core)
{
	guard(mutex)(&core->notify_lock);
	if (core->told && core->told->request)
		core->told->request(&core->sdi);
}

/**
 * pci_sdi_report_error() - Report a fault of one SDI
 * @sdi: the SDI
 * @state: %pci_channel_io_normal if the SDI still works, %pci_channel_io_frozen
 *	if it needs a reset, %pci_channel_io_perm_failure if no reset will help
 *
 * For drivers of PFs whose device tells them that an SDI has misbehaved or has
 * failed. The driver of this SDI, or its user, is told, and nobody else. It is
 * for them to reset the SDI.
 *
 * Context: process context, sleeps; not from an operation of &struct
 * pci_siov_ops, nor from what an operation waits for, as the answer to a command:
 * the lock that this takes is held over operations when the PF comes back from a
 * reset. A work item of its own is a good place. The caller keeps the SDI, as by
 * pci_sdi_get_by_index().
 *
 * Return: 0, or -ENODEV if no driver that could be told is bound.
 */
int pci_sdi_report_error(struct pci_sdi *sdi, pci_channel_state_t state)
{
	struct pci_sdi_core *core = to_sdi_core(sdi);

	guard(mutex)(&core->notify_lock);
	if (!core->told || !core->told->error)
		return -ENODEV;

	core->told->error(sdi, state);
	return 0;
}
EXPORT_SYMBOL_GPL(pci_sdi_report_error);

/**
 * pci_sdi_notify_start() - Begin to tell a driver what happens to its SDI
 * @sdi: the SDI, that the driver is probing
 *
 * Called by the core when probe has succeeded. A driver that gives the SDI to
 * somebody else in probe, as VFIO does, calls it before that, and is ready for
 * its notifications by then. It hears at once of a reset that is under way
 * or has been since its probe began.
 *
 * Context: process context, sleeps; no lock is held that a notification takes.
 */
void pci_sdi_notify_start(struct pci_sdi *sdi)
{
	struct pci_sdi_driver *drv = to_pci_sdi_driver(sdi->dev.driver);
	struct pci_sdi_core *core = to_sdi_core(sdi);

	guard(mutex)(&core->notify_lock);
	if (core->told)
		return;

	core->told = drv;
	if (pci_sdi_is_frozen(core)) {
		if (drv->reset_prepare)
			drv->reset_prepare(sdi);
	} else if (core->resets != core->seen && drv->reset_done) {
		drv->reset_done(sdi, core->reset_error);
	}
}
EXPORT_SYMBOL_GPL(pci_sdi_notify_start);

/**
 * pci_sdi_notify_stop() - Tell a driver no more of its SDI
 * @sdi: the SDI
 *
 * Called by the core when remove or shutdown has returned. A driver calls it in
 * remove, before it frees what its notifications use, and after nobody else has
 * the SDI any more. None of them runs when this returns.
 *
 * Context: process context, sleeps; no lock is held that a notification takes.
 */
void pci_sdi_notify_stop(struct pci_sdi *sdi)
{
	struct pci_sdi_core *core = to_sdi_core(sdi);

	guard(mutex)(&core->notify_lock);
	core->told = NULL;
	core->wanted = false;
	core->cut_off = false;
}
EXPORT_SYMBOL_GPL(pci_sdi_notify_stop);
