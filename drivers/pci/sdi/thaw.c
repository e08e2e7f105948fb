// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces (SDIs): how they come back after a reset of their PF
 *
 * The device has forgotten them, and has to be told of each again, by the reset
 * operation of the PF's driver. That may take milliseconds, and there may be
 * thousands. Whoever has reset the PF holds its device_lock(), and others wait for
 * that. So workers do it, several SDIs at a time, and whoever has reset the PF
 * waits for them a moment and no longer.
 *
 * An SDI that no driver has is brought back when one comes: see
 * pci_sdi_bring_back().
 */

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../pci.h"
#include "sdi.h"

/* How long a reset waits for the SDIs. It is enough if there are few of them */
#define MOMENT	HZ

/**
 * pci_sdi_thaw_event() - What the end of a PF's reset or sleep means for an SDI
 * @core: the SDI
 *
 * An orphan that hangs is not reset by itself any more, so only a reset of the PF is
 * sure to have stopped it. For any orphan such a reset is enough, even if its siblings
 * fall asleep before it is looked at.
 *
 * Context: &pci_sdi_core.lock is held, or it may not be so any more.
 *
 * Return: the event.
 */
enum pci_sdi_event pci_sdi_thaw_event(const struct pci_sdi_core *core)
{
	const struct pci_siov *siov = core->sdi.pf->siov;
	bool orphan = READ_ONCE(core->state) == PCI_SDI_ORPHAN;

	if (READ_ONCE(siov->changed))
		return PCI_SDI_THAW_CHANGED;

	/* A state that was not restored leaves both unknown, and so false */
	if (orphan && READ_ONCE(siov->was_reset))
		return PCI_SDI_THAW;
	if (!(orphan && core->may_hang) && READ_ONCE(siov->quiet))
		return PCI_SDI_THAW;

	return PCI_SDI_THAW_UNSURE;
}

/* Where the PF freezes again, the next thaw begins anew */
static struct pci_sdi_core *next_sdi(struct pci_siov_pf *spf)
{
	struct pci_sdi_core *core;

	guard(mutex)(&spf->lock);
	if (spf->state != PCI_SIOV_PF_READY)
		return NULL;

	core = pci_sdi_find(spf, &spf->thaw_next);
	if (!core)
		return NULL;

	spf->thaw_next++;
	pci_sdi_get(&core->sdi);
	return core;
}

static void thaw_work(struct work_struct *work)
{
	struct pci_siov_pf *spf =
		container_of(work, struct pci_siov_thaw, work)->spf;
	struct pci_sdi_core *core;

	for (core = next_sdi(spf); core; core = next_sdi(spf)) {
		pci_sdi_thaw(core);
		pci_sdi_put(&core->sdi);
	}

	if (atomic_dec_and_test(&spf->thawing))
		wake_up_all(&spf->idle);
}

/**
 * pci_siov_thaw_init() - Prepare to bring SDIs back
 * @spf: the PF
 */
void pci_siov_thaw_init(struct pci_siov_pf *spf)
{
	int i;

	for (i = 0; i < PCI_SIOV_THAW_WORKERS; i++) {
		INIT_WORK(&spf->thaw[i].work, thaw_work);
		spf->thaw[i].spf = spf;
	}
}

/**
 * pci_siov_thaw_sdis() - Bring back those SDIs of a PF that have a driver
 * @spf: the PF, %PCI_SIOV_PF_READY again
 *
 * Waits up to %MOMENT until that is done. It goes on after this returns if it
 * takes longer.
 *
 * Context: &pci_siov_pf.reset_lock is held, and maybe device_lock() of the PF.
 */
void pci_siov_thaw_sdis(struct pci_siov_pf *spf)
{
	unsigned int i;

	lockdep_assert_held(&spf->reset_lock);
	scoped_guard(mutex, &spf->lock)
		spf->thaw_next = 0;

	for (i = 0; i < min(PCI_SIOV_THAW_WORKERS, READ_ONCE(spf->users)); i++) {
		atomic_inc(&spf->thawing);
		/* One that has not begun counts already */
		if (!queue_work(system_dfl_wq, &spf->thaw[i].work))
			atomic_dec(&spf->thawing);
	}

	wait_event_timeout(spf->idle, !atomic_read(&spf->thawing), MOMENT);
}

/**
 * pci_siov_thaw_end() - Wait for those who bring SDIs back
 * @spf: the PF, whose driver goes: they have nothing to do
 *
 * Context: sleeps.
 */
void pci_siov_thaw_end(struct pci_siov_pf *spf)
{
	int i;

	for (i = 0; i < PCI_SIOV_THAW_WORKERS; i++)
		flush_work(&spf->thaw[i].work);
}
