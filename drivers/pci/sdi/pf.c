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

static int other_alias(struct pci_dev *pdev, u16 alias, void *data)
{
	return alias != pci_dev_id(data);
}

/* Why the SDIs of @pf could not be isolated, NULL if they can */
static const char *why_no_sdis(struct pci_dev *pf)
{
	u16 ctl;

	if (pf->untrusted)
		return "it is not trusted";
	if (pci_real_dma_dev(pf) != pf)
		return "another function does its DMA";
	if (pci_for_each_dma_alias(pf, other_alias, pf))
		return "its requests have another Routing ID (conventional PCI?)";

	pcie_capability_read_word(pf, PCI_EXP_DEVCTL, &ctl);
	if (ctl & PCI_EXP_DEVCTL_PHANTOM)
		return "it uses Phantom Functions";

	return NULL;
}

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

	sdis->refused = why_no_sdis(pf);
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
 * Status tells whoever finds it next that SDIs are enabled. That may be soon,
 * and the last reference may be dropped late.
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
