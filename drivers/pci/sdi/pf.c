// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces (SDIs): what happens to their PF
 *
 * SDIs can be created while the PF is bound to a driver that has struct
 * pci_siov_ops, and are all destroyed before it is unbound. A reset of the PF
 * makes the device forget them: their drivers are told before, and afterwards
 * each is brought back as it was created. An SDI in quarantine, as it could
 * not be stopped, is free again after that if SIOV Status says that it was.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/pci.h>
#include <linux/slab.h>

#include "../pci.h"
#include "sdi.h"

static bool ops_are_complete(const struct pci_siov_ops *ops)
{
	return ops->sdi_init && ops->sdi_release && ops->sdi_reset &&
	       ops->sdi_set_master && !ops->msi_write == !ops->msi_mask;
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
	struct pci_sdis *sdis;

	if (!ops || !pci_is_siov_physfn(pf))
		return;

	sdis = pci_sdis(pf);
	if (!sdis)
		return;

	if (!ops_are_complete(ops)) {
		pci_err(pf, "driver %s lacks operations for SDIs\n",
			pf->driver->name);
		return;
	}

	sdis->refused = pci_siov_check_isolation(pf);
	guard(mutex)(&sdis->lock);
	sdis->ops = ops;
	sdis->frozen = false;
}

static struct pci_sdi *condemn_next(struct pci_sdis *sdis,
				    unsigned long *index)
{
	struct pci_sdi *sdi;

	guard(mutex)(&sdis->lock);
	for (;; (*index)++) {
		sdi = pci_sdi_find(sdis, index);
		if (!sdi || pci_sdi_condemn(sdi))
			return sdi;
	}
}

static void wait_for_users(struct pci_sdis *sdis)
{
	wait_event(sdis->idle, !READ_ONCE(sdis->users));

	/* All that the last one did is seen by who comes after */
	mutex_lock(&sdis->lock);
	mutex_unlock(&sdis->lock);
}

/**
 * pci_sdis_detach() - The driver of a PF is about to go: no SDI may stay
 * @pf: any function
 *
 * Waits for the users of the SDIs, and for those who create or destroy one now.
 *
 * Context: device_lock() of @pf is held, its driver still works.
 */
void pci_sdis_detach(struct pci_dev *pf)
{
	struct pci_sdis *sdis = pci_sdis(pf);
	unsigned long index = 0;
	struct pci_sdi *sdi;

	if (!sdis)
		return;

	scoped_guard(mutex, &sdis->lock) {
		if (!sdis->ops)
			return;
		sdis->ops = NULL;
	}

	for (sdi = condemn_next(sdis, &index); sdi;
	     sdi = condemn_next(sdis, &index))
		__pci_sdi_destroy(sdi);
	wait_for_users(sdis);
	pci_siov_allow_end(sdis);
}

static void walk_sdis(struct pci_sdis *sdis,
		      void (*fn)(struct pci_sdi *sdi, void *data), void *data)
{
	unsigned long index = 0;
	struct pci_sdi *sdi;

	for (;; index++) {
		scoped_guard(mutex, &sdis->lock)
			sdi = pci_sdi_get(pci_sdi_find(sdis, &index));
		if (!sdi)
			return;

		fn(sdi, data);
		pci_sdi_put(sdi);
	}
}

static void freeze(struct pci_sdi *sdi, void *unused)
{
	pci_sdi_freeze(sdi);
}

static void thaw(struct pci_sdi *sdi, void *unused)
{
	pci_sdi_thaw(sdi);
}

static void sdi_error(struct pci_sdi *sdi, void *state)
{
	guard(mutex)(&sdi->notify_lock);
	if (sdi->bound && sdi->bound->error)
		sdi->bound->error(sdi, *(pci_channel_state_t *)state);
}

/**
 * pci_sdis_reset_prepare() - A function is about to be reset
 * @pf: any function
 *
 * Context: device_lock() of @pf is held, its driver has not been told yet.
 */
void pci_sdis_reset_prepare(struct pci_dev *pf)
{
	struct pci_sdis *sdis = pci_sdis(pf);

	if (!sdis)
		return;

	/* Those that come later are refused */
	scoped_guard(mutex, &sdis->lock)
		sdis->frozen = true;
	/* Until pci_siov_restore_state() finds that it is */
	pf->siov->quiet = false;

	walk_sdis(sdis, freeze, NULL);
}

/*
 * A reset stops what nothing else could, unless it has failed or was none: SIOV
 * Status tells.
 */
static void end_quarantine(struct pci_sdis *sdis, bool quiet)
{
	unsigned long index;
	void *entry;

	lockdep_assert_held(&sdis->lock);
	xa_for_each(&sdis->sdi, index, entry) {
		if (!xa_is_value(entry))
			continue;

		if (!quiet) {
			pci_warn(sdis->pf, "the reset has not disabled all SDIs; those that could not be stopped stay out of use\n");
			return;
		}

		pci_rid_release_quarantine(sdis->pf, xa_to_value(entry));
		xa_erase(&sdis->sdi, index);
	}
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
 * well, -EIO if @pf does not answer, -ENOTTY if it cannot be reset.
 */
int pci_siov_stop_left_over(struct pci_dev *pf)
{
	u8 status;
	int ret;

	device_lock_assert(&pf->dev);
	if (!pci_sdis(pf) || !READ_ONCE(pf->siov->left_over))
		return 0;

	ret = pci_siov_status(pf, &status);
	if (ret)
		return ret;

	if (!(status & PCI_SIOV_STATUS_ENABLED)) {
		WRITE_ONCE(pf->siov->left_over, false);
		return 0;
	}

	pci_info(pf, "resetting, as SDIs of an earlier owner are enabled\n");
	pci_cfg_access_lock(pf);
	pci_save_state(pf);
	pci_write_config_word(pf, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
	ret = __pci_reset_function_locked(pf);
	pci_restore_state(pf);
	pci_cfg_access_unlock(pf);
	if (ret)
		return ret;
	if (READ_ONCE(pf->siov->left_over))
		return -EBUSY;

	/* Of the driver that has left them */
	guard(mutex)(&pci_sdis(pf)->lock);
	end_quarantine(pci_sdis(pf), true);
	return 0;
}
EXPORT_SYMBOL_GPL(pci_siov_stop_left_over);

/**
 * pci_sdis_reset_done() - A function was reset
 * @pf: any function
 *
 * The PF has forgotten its SDIs. Their reset operation brings each back, with
 * its Routing ID and without what its user did.
 *
 * Context: device_lock() of @pf is held, its driver has it working again.
 */
void pci_sdis_reset_done(struct pci_dev *pf)
{
	struct pci_sdis *sdis = pci_sdis(pf);
	bool frozen, quiet;

	if (!sdis)
		return;

	/* A state that was not restored leaves it unknown, and so false */
	quiet = pf->siov->quiet;
	scoped_guard(mutex, &sdis->lock)
		frozen = sdis->frozen;
	/* Recovery from an error does not always take a reset */
	if (!frozen)
		return;

	pci_siov_allow_restore(sdis);
	walk_sdis(sdis, thaw, NULL);

	/* In one go: what gets stuck from now on is not what was reset */
	guard(mutex)(&sdis->lock);
	sdis->frozen = false;
	end_quarantine(sdis, quiet);
}

/**
 * pci_sdis_error() - A function has met an error
 * @pf: any function
 * @state: what is left of its channel
 *
 * Where the channel is frozen a reset follows, so this does what
 * pci_sdis_reset_prepare() does as well.
 *
 * Context: device_lock() of @pf is held, its driver has not been told yet.
 */
void pci_sdis_error(struct pci_dev *pf, pci_channel_state_t state)
{
	struct pci_sdis *sdis = pci_sdis(pf);

	if (!sdis)
		return;

	walk_sdis(sdis, sdi_error, &state);
	if (state == pci_channel_io_frozen)
		pci_sdis_reset_prepare(pf);
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
	struct pci_sdis *sdis = pci_sdis(pf);

	if (!sdis)
		return 0;

	guard(mutex)(&sdis->lock);
	if (pf->siov->rid_mode == PCI_SIOV_RID_SOFTWARE || sdis->mode_change) {
		pci_info(pf, "no IDE stream while software assigns the Routing IDs of SDIs (rid_mode)\n");
		return -EBUSY;
	}

	*last = max(*last, pci_siov_last_rid(pf));
	sdis->stream_last = sdis->streams ? min(sdis->stream_last, *last) : *last;
	sdis->streams++;
	return 0;
}

/**
 * pci_siov_remove_stream() - Undo pci_siov_add_stream()
 * @pf: the function
 */
void pci_siov_remove_stream(struct pci_dev *pf)
{
	struct pci_sdis *sdis = pci_sdis(pf);

	if (!sdis)
		return;

	guard(mutex)(&sdis->lock);
	sdis->streams--;
}

/**
 * pci_sdis_stream_covers() - Is a Routing ID in all IDE streams of a PF?
 * @sdis: the SDIs of the PF
 * @rid: the Routing ID
 *
 * It is not if the PF has got more bus numbers since.
 *
 * Return: true if so, or if there is no stream.
 */
bool pci_sdis_stream_covers(struct pci_sdis *sdis, u32 rid)
{
	guard(mutex)(&sdis->lock);
	return !sdis->streams || rid <= sdis->stream_last;
}

/**
 * pci_sdis_resume() - A function has its power back after system sleep
 * @pf: any function
 *
 * Its SDIs follow one by one (see pci_sdi_bus_resume()), and need the Routing
 * IDs that they had to be allowed again.
 *
 * Context: the function's driver has it working again.
 */
void pci_sdis_resume(struct pci_dev *pf)
{
	struct pci_sdis *sdis = pci_sdis(pf);

	if (sdis)
		pci_siov_allow_restore(sdis);
}

/**
 * pci_sdis_init() - Prepare a function to have SDIs
 * @pf: any function
 *
 * Context: enumeration, after pci_siov_init().
 */
void pci_sdis_init(struct pci_dev *pf)
{
	struct pci_sdis *sdis;

	if (!pci_is_siov_physfn(pf))
		return;

	sdis = kzalloc_obj(*sdis);
	if (!sdis)
		return;

	sdis->pf = pf;
	sdis->bridge = pci_find_host_bridge(pf->bus);
	get_device(&sdis->bridge->dev);
	mutex_init(&sdis->lock);
	xa_init_flags(&sdis->sdi, XA_FLAGS_ALLOC);
	mt_init(&sdis->mmio);
	init_waitqueue_head(&sdis->idle);
	sdis->autoprobe = true;
	pci_siov_allow_init(sdis);
	pf->siov->sdis = sdis;
}

/**
 * pci_sdis_remove() - A function has been removed from its bus
 * @pf: any function
 *
 * Routing IDs in quarantine are free again. Either the device is gone, or SIOV
 * Status says that SDIs are enabled when it is found again, and then no Routing
 * ID is given out on its bus before a reset. A device whose status does not
 * tell gets away with it. It may be found soon, and the last reference may be
 * dropped late.
 *
 * Context: no driver is bound, so there are no SDIs.
 */
void pci_sdis_remove(struct pci_dev *pf)
{
	struct pci_sdis *sdis = pci_sdis(pf);

	if (!sdis)
		return;

	guard(mutex)(&sdis->lock);
	end_quarantine(sdis, true);
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
	struct pci_sdis *sdis = pci_sdis(pf);

	if (!sdis)
		return;

	xa_destroy(&sdis->sdi);
	mtree_destroy(&sdis->mmio);
	mutex_destroy(&sdis->tell_lock);
	mutex_destroy(&sdis->allow_lock);
	mutex_destroy(&sdis->lock);
	put_device(&sdis->bridge->dev);
	kfree(sdis);
	pf->siov->sdis = NULL;
}
