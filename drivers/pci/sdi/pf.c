// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces (SDIs): what happens to their PF
 *
 * SDIs can be created while the PF is bound to a driver that has struct
 * pci_siov_ops, and are all destroyed before it is unbound. A reset of the PF
 * makes the device forget them: their drivers are told before, and afterwards
 * each is brought back as it was created. An SDI in quarantine, as it could
 * not be stopped, is free again after that if the reset has not failed and SIOV
 * Status says that no SDI is enabled.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/device.h>
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

#include "../pci.h"
#include "sdi.h"

static struct lock_class_key users_key;

static bool ops_are_complete(const struct pci_siov_ops *ops)
{
	return ops->sdi_init && ops->sdi_release && ops->sdi_reset &&
	       ops->sdi_set_master && !ops->msi_write == !ops->msi_mask &&
	       !(ops->msi_write && ops->msi_store);
}

static int attach(struct pci_siov_pf *spf, const struct pci_siov_ops *ops)
{
	struct pci_dev *pf = spf->pf;
	int ret;

	/* A reset by the driver itself comes before or after, not within */
	guard(mutex)(&spf->reset_lock);
	ret = pci_siov_reserve_msix(spf);
	if (ret)
		return ret;

	spf->refused = pci_siov_check_isolation(pf);
	guard(mutex)(&spf->lock);
	ret = pci_siov_pf_event(spf, PCI_SIOV_PF_ATTACH);
	if (ret)
		return ret;

	device_lock_set_class(&pf->dev, &spf->device_key);
	spf->frozen_by = 0;
	spf->ops = ops;
	return 0;
}

/**
 * pci_sdis_attach() - A driver is bound to a PF: SDIs may be created
 * @pf: any function, with the driver's probe done
 *
 * Context: device_lock() of @pf is held.
 */
void pci_sdis_attach(struct pci_dev *pf)
{
	const struct pci_siov_ops *ops = pf->driver->siov_ops;
	struct pci_siov_pf *spf;
	int ret;

	if (!ops || !pci_is_siov_physfn(pf))
		return;

	spf = pci_siov_pf(pf);
	if (!spf)
		return;

	if (!ops_are_complete(ops)) {
		pci_err(pf, "driver %s lacks operations for SDIs, or has conflicting ones; no SDIs can be created\n",
			pf->driver->name);
		return;
	}

	ret = pci_siov_attach_params(spf, ops);
	if (ret) {
		pci_err(pf, "driver %s declares no usable list of parameters of SDIs: %d\n",
			pf->driver->name, ret);
		return;
	}

	/* The driver may have let it suspend; registers are read below */
	pci_config_pm_runtime_get(pf);
	ret = attach(spf, ops);
	pci_config_pm_runtime_put(pf);
	if (!ret)
		return;

	pci_err(pf, "no SDIs can be created: %pe\n", ERR_PTR(ret));
	pci_siov_release_msix(spf);
}

static struct pci_sdi_core *condemn_next(struct pci_siov_pf *spf,
					 unsigned long *index)
{
	struct pci_sdi_core *core;

	guard(mutex)(&spf->lock);
	for (;; (*index)++) {
		core = pci_sdi_find(spf, index);
		if (!core || pci_sdi_condemn(core))
			return core;
	}
}

static void wait_for_users(struct pci_siov_pf *spf)
{
	/* None of them may want a lock that is held here */
	lock_map_acquire(&spf->users_map);
	lock_map_release(&spf->users_map);
	wait_event(spf->idle, !READ_ONCE(spf->users));

	/* All that the last one did is seen by who comes after */
	mutex_lock(&spf->lock);
	mutex_unlock(&spf->lock);
}

static void walk_sdis(struct pci_siov_pf *spf,
		      void (*fn)(struct pci_sdi_core *core, void *data),
		      void *data)
{
	struct pci_sdi_core *core;
	unsigned long index = 0;

	for (;; index++) {
		scoped_guard(mutex, &spf->lock) {
			core = pci_sdi_find(spf, &index);
			if (core)
				pci_sdi_get(&core->sdi);
		}
		if (!core)
			return;

		fn(core, data);
		pci_sdi_put(&core->sdi);
	}
}

/* Ask all users at once. Each is waited for later, one after the other */
static void want_back(struct pci_sdi_core *core, void *unused)
{
	bool gone = pci_dev_is_disconnected(core->sdi.pf);

	/* Nothing thaws a PF whose driver goes: end all waits for it */
	if (gone || pci_sdi_is_frozen(core))
		pci_sdi_notify_error(core, pci_channel_io_perm_failure);
	if (!gone)
		pci_sdi_notify_request(core);
}

/* What was destroyed while the PF did not answer, and waits for its driver */
static void leave_orphan(struct pci_sdi_core *core, void *unused)
{
	struct pci_dev *pf = core->sdi.pf;

	scoped_guard(mutex, &core->lock) {
		if (core->state != PCI_SDI_ORPHAN)
			return;
		pci_sdi_event(core, pci_siov_pf(pf)->answers ?
			      pci_sdi_thaw_event(core) : PCI_SDI_LEAVE);
	}

	pci_sdi_finish(core);
}

static bool begin_to_leave(struct pci_siov_pf *spf)
{
	guard(mutex)(&spf->lock);
	spf->answers = spf->state == PCI_SIOV_PF_READY;
	return !pci_siov_pf_event(spf, PCI_SIOV_PF_DETACH);
}

/**
 * pci_sdis_detach() - The driver of a PF is about to go: no SDI may stay
 * @pf: any function
 *
 * Waits for the users of the SDIs, and for those who create or destroy one now.
 * All users hear that they are waited for before the first one is.
 *
 * Context: device_lock() of @pf is held, its driver still works.
 */
void pci_sdis_detach(struct pci_dev *pf)
{
	struct pci_siov_pf *spf = pci_siov_pf(pf);
	struct pci_sdi_core *core;
	unsigned long index = 0;

	if (!spf)
		return;

	/* A reset by the driver itself comes before or after, not within */
	guard(mutex)(&spf->reset_lock);
	if (!begin_to_leave(spf))
		return;

	walk_sdis(spf, want_back, NULL);
	for (core = condemn_next(spf, &index); core;
	     core = condemn_next(spf, &index))
		__pci_sdi_destroy(core);
	walk_sdis(spf, leave_orphan, NULL);
	wait_for_users(spf);
	pci_siov_thaw_end(spf);
	cancel_work_sync(&spf->probe_work);
	pci_siov_release_msix(spf);
	pci_siov_allow_end(spf, spf->answers);

	scoped_guard(mutex, &spf->lock) {
		pci_siov_pf_event(spf, PCI_SIOV_PF_DETACHED);
		spf->ops = NULL;
	}
	device_lock_reset_class(&pf->dev);
}

/* How a PF stops answering */
struct freeze {
	unsigned int by;
	bool answers;
	pci_channel_state_t error;
};

static void cut_off(struct pci_sdi_core *core, void *data)
{
	const struct freeze *how = data;

	pci_sdi_cut_off(core, how->error);
}

static void freeze(struct pci_sdi_core *core, void *data)
{
	const struct freeze *how = data;

	pci_sdi_freeze(core, how->answers);
}

/* An error that stops nothing is told to its source only, if that is known */
static void sdi_error(struct pci_sdi_core *core, void *data)
{
	pci_channel_state_t state = *(pci_channel_state_t *)data;
	u16 source = core->sdi.pf->siov->source;

	if (state == pci_channel_io_normal && source && source != core->sdi.rid)
		return;

	pci_sdi_notify_error(core, state);
}

/* Wait for calls of the PF's driver that are under way, and let none begin */
static void freeze_all(struct pci_siov_pf *spf, enum pci_siov_pf_event event,
		       const struct freeze *how)
{
	lockdep_assert_held(&spf->reset_lock);

	spf->frozen_by |= how->by;
	/* Those that come later are refused */
	scoped_guard(mutex, &spf->lock)
		pci_siov_pf_event(spf, event);
	/* Not known before pci_siov_restore_state() reads SIOV Status */
	spf->pf->siov->quiet = false;
	spf->pf->siov->was_reset = false;
	spf->pf->siov->reset_failed = false;

	if (how->error)
		walk_sdis(spf, cut_off, (void *)how);
	walk_sdis(spf, freeze, (void *)how);
	pci_siov_allow_sync(spf);
}

/**
 * pci_sdis_shutdown() - The driver of a function is about to be shut down
 * @pf: any function
 *
 * Drivers often do here what they do when they are removed. So theirs is not
 * called for an SDI any more, whatever users do that are still there after kexec
 * has begun. Nobody is waited for.
 *
 * Context: device_lock() of @pf is held, its SDIs' drivers were shut down.
 */
void pci_sdis_shutdown(struct pci_dev *pf)
{
	static const struct freeze how = { PCI_SIOV_BY_CORE, .answers = true };
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	if (!spf || pci_siov_pf_check(spf, PCI_SIOV_PF_SHUTDOWN))
		return;

	guard(mutex)(&spf->reset_lock);
	freeze_all(spf, PCI_SIOV_PF_SHUTDOWN, &how);
}

/**
 * pci_sdis_reset_prepare() - A function is about to be reset
 * @pf: any function
 *
 * Context: device_lock() of @pf is held, its driver has not been told yet.
 */
void pci_sdis_reset_prepare(struct pci_dev *pf)
{
	static const struct freeze how = { PCI_SIOV_BY_CORE, .answers = true };
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	if (!spf)
		return;

	guard(mutex)(&spf->reset_lock);
	freeze_all(spf, PCI_SIOV_PF_FREEZE, &how);
}

/*
 * Only a reset is sure to stop an SDI in quarantine. System sleep may reset the
 * device or not, so it does not count as a reset.
 */
static void end_quarantine(struct pci_siov_pf *spf)
{
	u16 pf = pci_dev_id(spf->pf);
	unsigned long index;
	void *entry;

	lockdep_assert_held(&spf->lock);
	if (!pci_rid_in_quarantine(spf->bridge, pf))
		return;

	if (spf->pf->siov->reset_failed) {
		pci_warn(spf->pf, "the reset has failed; SDIs that never stopped stay out of use\n");
		return;
	}

	if (!spf->pf->siov->was_reset) {
		pci_warn(spf->pf, "not all SDIs are disabled after the reset; those that never stopped stay out of use\n");
		return;
	}

	pci_rid_end_quarantine(spf->bridge, pf);
	xa_for_each(&spf->sdi, index, entry)
		if (xa_is_value(entry))
			xa_erase(&spf->sdi, index);
}

static int reset_locked(struct pci_dev *pf)
{
	int ret;

	pci_cfg_access_lock(pf);
	pci_save_state(pf);
	pci_write_config_word(pf, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
	ret = __pci_reset_function_locked(pf);
	pci_restore_state(pf);
	pci_cfg_access_unlock(pf);

	return ret;
}

/*
 * It may take a reset of the bus, for which the bridge has to be locked. Whoever
 * has locked it may wait for device_lock() of @pf, which is held here, so it is not
 * waited for.
 */
static int reset_below_bridge(struct pci_dev *pf)
{
	struct pci_dev *bridge = pci_upstream_bridge(pf);
	int ret;

	if (bridge && !pci_cfg_access_trylock(bridge))
		return -EAGAIN;

	ret = reset_locked(pf);
	if (bridge)
		pci_cfg_access_unlock(bridge);

	return ret;
}

/**
 * pci_siov_stop_left_over() - Stop the SDIs that an earlier owner has left enabled
 * @pf: any function
 *
 * An earlier kernel (kexec), firmware or a driver before this one may have left
 * SDIs enabled that do DMA under Routing IDs of their own. Until a reset has
 * stopped them the core creates no SDIs on the bus of @pf.
 *
 * Meant for the probe function of a PF's driver, before it touches the device:
 * if there are any, @pf is reset, and its configuration space is as before. A
 * driver that has reset the device by means of its own, or has stopped each of
 * them for sure, calls this afterwards: SIOV Status then says that none is
 * enabled, which is noted, and nothing is reset.
 *
 * Context: device_lock() of @pf is held, it is in D0 and has no VFs.
 *
 * Return: 0 if none is left, -EBUSY if they are enabled after the reset as
 * well, -EAGAIN if somebody else resets @pf or what is above it, -EIO if @pf does
 * not answer, -ENOTTY if it cannot be reset.
 */
int pci_siov_stop_left_over(struct pci_dev *pf)
{
	u8 status;
	int ret;

	device_lock_assert(&pf->dev);
	if (!pci_siov_pf(pf) || !READ_ONCE(pf->siov->left_over))
		return 0;

	ret = pci_siov_status(pf, &status);
	if (ret)
		return ret;

	if (!(status & PCI_SIOV_STATUS_ENABLED) &&
	    !pci_rid_in_quarantine(pci_siov_pf(pf)->bridge, pci_dev_id(pf))) {
		WRITE_ONCE(pf->siov->left_over, false);
		return 0;
	}

	pci_info(pf, "resetting, as SDIs of an earlier owner are enabled\n");
	/* What an earlier reset has shown says nothing of this one */
	pf->siov->quiet = false;
	pf->siov->reset_failed = false;
	ret = reset_below_bridge(pf);
	if (ret)
		return ret;
	if (!pf->siov->quiet)
		return -EBUSY;

	/* The reset also ends the quarantine of earlier SDIs */
	guard(mutex)(&pci_siov_pf(pf)->lock);
	pf->siov->was_reset = true;
	WRITE_ONCE(pf->siov->left_over, false);
	end_quarantine(pci_siov_pf(pf));
	return 0;
}
EXPORT_SYMBOL_GPL(pci_siov_stop_left_over);

static void thaw_all(struct pci_siov_pf *spf, unsigned int by)
{
	bool was = spf->frozen_by & by;

	lockdep_assert_held(&spf->reset_lock);

	/*
	 * A reset that works ends a failure of recovery. System sleep does not,
	 * and the end of a recovery counts only if the recovery had frozen the
	 * PF.
	 */
	spf->frozen_by &= ~by;
	if (was && by != PCI_SIOV_BY_SLEEP && !spf->pf->siov->reset_failed)
		spf->frozen_by &= ~PCI_SIOV_BY_FAILURE;

	/* Another reason remains. The end of that comes here again */
	if (spf->frozen_by)
		return;

	/* Recovery from an error does not always take a reset */
	if (pci_siov_pf_check(spf, PCI_SIOV_PF_THAW))
		return;

	if (READ_ONCE(spf->state) == PCI_SIOV_PF_FROZEN)
		pci_siov_allow_restore(spf);

	/* Under one lock: an SDI that gets stuck later has not been reset */
	scoped_guard(mutex, &spf->lock) {
		pci_siov_pf_event(spf, PCI_SIOV_PF_THAW);
		if (by != PCI_SIOV_BY_SLEEP || spf->pf->siov->was_reset)
			end_quarantine(spf);
	}

	if (READ_ONCE(spf->state) != PCI_SIOV_PF_READY)
		return;

	pci_siov_thaw_sdis(spf);
	schedule_work(&spf->probe_work);
	pci_siov_allow_renew(spf);
}

/**
 * pci_sdis_reset_done() - A function was reset
 * @pf: any function
 *
 * The PF has forgotten its SDIs. Their reset operation brings each back, with
 * its Routing ID and without what its user did. That goes on after this returns
 * if it takes long.
 *
 * Context: device_lock() of @pf is held, its driver has it working again.
 */
void pci_sdis_reset_done(struct pci_dev *pf)
{
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	if (!spf)
		return;

	guard(mutex)(&spf->reset_lock);
	thaw_all(spf, PCI_SIOV_BY_CORE);
}

/**
 * pci_siov_reset_prepare() - The driver of a PF is about to reset it
 * @pf: the PF
 * @answers: the SDIs can still be stopped; false if the device has failed, or its
 *	firmware has reset it already
 *
 * For drivers that reset their function by pcie_flr() or by means of its firmware,
 * as from their recovery work. The drivers of the SDIs are told, and no operation
 * of &struct pci_siov_ops is called any more when this returns, until
 * pci_siov_reset_done(), which must follow, by the same task. In between no SDI
 * can be created, the PF's driver is not unbound, and another reset of the
 * function waits. One by the core that had begun before goes on, and the SDIs come
 * back when both are over.
 *
 * Where the core resets a function, as by pci_reset_function() or in recovery
 * from an error, it does all this itself.
 *
 * Context: process context, sleeps. Not in the driver's probe, remove and error
 * handlers. The caller holds no lock that an operation takes. Neither the caller
 * nor what it waits for takes device_lock() of @pf until it is over, so nothing
 * like pci_reset_function() or pci_reset_bus() is called. The same holds for
 * pci_cfg_access_lock(), which pci_read_vpd() and pci_disable_sriov() wait for: a
 * driver that needs it takes it before.
 */
void pci_siov_reset_prepare(struct pci_dev *pf, bool answers)
{
	const struct freeze how = { PCI_SIOV_BY_DRIVER, .answers = answers };
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	if (!spf)
		return;

	mutex_lock(&spf->reset_lock);
	freeze_all(spf, PCI_SIOV_PF_FREEZE, &how);
}
EXPORT_SYMBOL_GPL(pci_siov_reset_prepare);

/**
 * pci_siov_reset_done() - The driver of a PF has reset it
 * @pf: the PF, after pci_siov_reset_prepare()
 * @error: 0, or the reset has failed
 *
 * The device works again, with its configuration space restored. The reset
 * operation brings each SDI back that has a driver, and rid_allow the Routing IDs of
 * software assigned mode. The former goes on after this returns if it takes long,
 * and other SDIs are brought back when a driver comes. A device that has come back
 * with another SIOV capability loses its SDIs.
 *
 * If the reset has failed the driver calls this as well; its operations then
 * return errors, and the SDIs stay out of use. So do those that could not be stopped
 * before: only a reset ends that.
 *
 * Context: as pci_siov_reset_prepare(), by the same task.
 */
void pci_siov_reset_done(struct pci_dev *pf, int error)
{
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	if (!spf)
		return;

	if (error)
		pci_siov_reset_failed(pf);
	/* Whether the SDIs are disabled, and have the Routing IDs they had */
	pci_siov_restore_state(pf);
	thaw_all(spf, PCI_SIOV_BY_DRIVER);
	mutex_unlock(&spf->reset_lock);
}
EXPORT_SYMBOL_GPL(pci_siov_reset_done);

/**
 * pci_siov_note_source() - Remember where an error comes from
 * @pf: any function
 * @rid: Requester ID of the message that reported the error, 0 to forget it
 *
 * An error that stops nothing is told to the SDI with this Routing ID alone, if
 * there is one: pci_sdis_error() follows.
 */
void pci_siov_note_source(struct pci_dev *pf, u16 rid)
{
	if (!pci_siov_pf(pf))
		return;

	guard(rwsem_read)(&pci_bus_sem);
	if (!rid || rid == pci_dev_id(pf) || !pci_rid_owned_by(pf, rid))
		rid = 0;
	pf->siov->source = rid;
}

/* What @by stands for has failed. Another reset, as by the driver, may still help */
static void give_up(struct pci_siov_pf *spf, unsigned int by)
{
	lockdep_assert_held(&spf->reset_lock);

	if (!(spf->frozen_by & by))
		return;

	spf->frozen_by &= ~by;
	spf->frozen_by |= PCI_SIOV_BY_FAILURE;
}

/**
 * pci_sdis_error() - A function has met an error
 * @pf: any function
 * @state: what is left of its channel
 *
 * Where the channel is frozen a reset follows, so this does what
 * pci_sdis_reset_prepare() does as well, but nothing reaches the SDIs any more.
 *
 * Context: device_lock() of @pf is held. Its driver may have been told of the
 * error already.
 */
void pci_sdis_error(struct pci_dev *pf, pci_channel_state_t state)
{
	static const struct freeze how = {
		PCI_SIOV_BY_CORE, .error = pci_channel_io_frozen,
	};
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	if (!spf)
		return;

	if (state != pci_channel_io_normal) {
		guard(mutex)(&spf->reset_lock);

		/*
		 * Recovery from an error that freezes nothing can fail as well,
		 * and before the PF has come back from sleep
		 */
		if (state == pci_channel_io_frozen ||
		    !(spf->frozen_by & ~PCI_SIOV_BY_SLEEP))
			freeze_all(spf, PCI_SIOV_PF_FREEZE, &how);
		if (state == pci_channel_io_perm_failure)
			give_up(spf, PCI_SIOV_BY_CORE);
	} else if (READ_ONCE(spf->frozen_by) & PCI_SIOV_BY_CORE) {
		/* They have heard of it, as the driver asked for a reset */
		return;
	}
	if (state != pci_channel_io_frozen)
		walk_sdis(spf, sdi_error, &state);
}

/**
 * pci_siov_add_stream() - A function is about to get an IDE stream
 * @pf: any function
 * @last: last Routing ID that the Root Port is to find in the stream; raised to
 *	that of the last SDI
 *
 * A port finds the stream of a completion by a range of Routing IDs, which
 * begins with that of the function. The strided ones of its SDIs can be made
 * part of it. Those that software assigns may lie anywhere between functions
 * that have other streams or none, so a stream and that mode exclude each other.
 *
 * Return: 0, or -EBUSY in software assigned mode.
 */
int pci_siov_add_stream(struct pci_dev *pf, u32 *last)
{
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	if (!spf)
		return 0;

	guard(mutex)(&spf->lock);
	if (pf->siov->rid_mode == PCI_SIOV_RID_SOFTWARE || spf->mode_change) {
		pci_info(pf, "no IDE stream while software assigns the Routing IDs of SDIs (rid_mode)\n");
		return -EBUSY;
	}

	*last = max(*last, pci_siov_last_rid(pf));
	spf->stream_last = spf->streams ? min(spf->stream_last, *last) : *last;
	spf->streams++;
	return 0;
}

/**
 * pci_siov_remove_stream() - Undo pci_siov_add_stream()
 * @pf: the function
 */
void pci_siov_remove_stream(struct pci_dev *pf)
{
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	if (!spf)
		return;

	guard(mutex)(&spf->lock);
	spf->streams--;
}

/**
 * pci_sdis_stream_covers() - Is a Routing ID in all IDE streams of a PF?
 * @spf: the SDIs of the PF
 * @rid: the Routing ID
 *
 * It is not if the PF has got more bus numbers since.
 *
 * Return: true if so, or if there is no stream.
 */
bool pci_sdis_stream_covers(struct pci_siov_pf *spf, u32 rid)
{
	guard(mutex)(&spf->lock);
	return !spf->streams || rid <= spf->stream_last;
}

/**
 * pci_sdis_suspend() - A function is about to lose its power to system sleep
 * @pf: any function
 *
 * From here on nobody can create an SDI, and the PF's driver is not called for any,
 * nor for a new RID allowlist. Waits for a reset that the driver does itself.
 *
 * Context: device_lock() of @pf is held. Its SDIs sleep, and its driver has not been
 * told yet.
 */
void pci_sdis_suspend(struct pci_dev *pf)
{
	static const struct freeze how = { PCI_SIOV_BY_SLEEP, .answers = true };
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	if (!spf)
		return;

	guard(mutex)(&spf->reset_lock);
	freeze_all(spf, PCI_SIOV_PF_FREEZE, &how);
}

/**
 * pci_sdis_resume() - A function has its power back after system sleep
 * @pf: any function
 * @error: 0 if its driver has it working again, or has refused to sleep
 *
 * Those SDIs that sleep follow one by one (see pci_sdi_wake()). A function that
 * error recovery had given up, or that is being reset, stays as it is. One that its
 * driver could not wake up is given up as well, and the SDIs' drivers hear of it.
 *
 * Context: device_lock() of @pf is held.
 */
void pci_sdis_resume(struct pci_dev *pf, int error)
{
	pci_channel_state_t state = pci_channel_io_perm_failure;
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	if (!spf)
		return;

	if (error) {
		scoped_guard(mutex, &spf->reset_lock)
			give_up(spf, PCI_SIOV_BY_SLEEP);
		walk_sdis(spf, sdi_error, &state);
		return;
	}

	guard(mutex)(&spf->reset_lock);
	thaw_all(spf, PCI_SIOV_BY_SLEEP);
}

/*
 * It has no SIOV capability, so it is not the PF that was there before. One that is
 * ignored proves nothing, nor does extended configuration space that nobody can read.
 */
static bool is_another_device(struct pci_dev *pdev)
{
	if (!pci_is_pcie(pdev))
		return true;

	return pdev->cfg_size > PCI_CFG_SPACE_SIZE &&
	       !pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_SIOV);
}

/**
 * pci_sdis_init() - Prepare a function to have SDIs
 * @pf: any function
 *
 * Context: enumeration, after pci_siov_init().
 */
void pci_sdis_init(struct pci_dev *pf)
{
	struct pci_host_bridge *bridge;
	struct pci_siov_pf *spf;

	if (!pci_is_siov_physfn(pf)) {
		bridge = pci_find_host_bridge(pf->bus);
		if (pci_rid_in_quarantine(bridge, pci_dev_id(pf)) &&
		    is_another_device(pf))
			pci_rid_end_quarantine(bridge, pci_dev_id(pf));
		return;
	}

	spf = kzalloc_obj(*spf);
	if (!spf)
		return;

	spf->pf = pf;
	spf->bridge = pci_find_host_bridge(pf->bus);
	get_device(&spf->bridge->dev);
	mutex_init(&spf->lock);
	mutex_init(&spf->reset_lock);
	INIT_WORK(&spf->probe_work, pci_sdi_probe_deferred);
	pci_siov_thaw_init(spf);
	xa_init_flags(&spf->sdi, XA_FLAGS_ALLOC);
	mt_init_flags(&spf->mmio, MT_FLAGS_USE_RCU);
	init_waitqueue_head(&spf->idle);
	lockdep_register_key(&spf->device_key);
	lockdep_init_map(&spf->users_map, "pci_siov_pf.users", &users_key, 0);
	spf->autoprobe = true;
	pci_siov_allow_init(spf);
	pf->siov->spf = spf;

	/* Whoever had the function before could not stop all of its SDIs */
	if (pci_rid_in_quarantine(spf->bridge, pci_dev_id(pf)) ||
	    pci_rid_quarantine_is_lost(spf->bridge))
		WRITE_ONCE(pf->siov->left_over, true);
}

/**
 * pci_sdis_remove() - A function has been removed from its bus
 * @pf: any function
 *
 * Where the device was unplugged, Routing IDs in quarantine are free again.
 * Otherwise it is still there and may send, so they stay until it has been found
 * again and was reset, or another device is found in its place. It may be found
 * soon, and the last reference may be dropped late.
 *
 * Context: no driver is bound, so there are no SDIs.
 */
void pci_sdis_remove(struct pci_dev *pf)
{
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	if (!spf)
		return;

	if (pci_dev_is_disconnected(pf))
		pci_rid_end_quarantine(spf->bridge, pci_dev_id(pf));
}

/**
 * pci_sdis_release() - Free what pci_sdis_init() has set up
 * @pf: any function
 *
 * Context: the last reference is gone; after pci_sdis_remove(), or without it if
 * @pf was never added, and before pci_siov_release().
 */
void pci_sdis_release(struct pci_dev *pf)
{
	struct pci_siov_pf *spf = pci_siov_pf(pf);

	if (!spf)
		return;

	xa_destroy(&spf->sdi);
	mtree_destroy(&spf->mmio);
	mutex_destroy(&spf->tell_lock);
	mutex_destroy(&spf->allow_lock);
	mutex_destroy(&spf->reset_lock);
	mutex_destroy(&spf->lock);
	/* Not earlier: a task that waits for device_lock() uses the class */
	lockdep_unregister_key(&spf->device_key);
	put_device(&spf->bridge->dev);
	kfree(spf);
	pf->siov->spf = NULL;
}
