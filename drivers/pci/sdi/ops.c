// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces (SDIs): what can be done with one that exists
 *
 * All of it ends in an operation of the PF's driver, under pci_sdi.lock.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/io.h>
#include <linux/pci.h>

#include "../pci.h"
#include "sdi.h"

/**
 * __pci_sdi_reset() - Reset an SDI
 * @sdi: the SDI
 *
 * A device that is gone needs no reset and sends nothing. A device that is
 * there and cannot be reset may send for ever.
 *
 * Context: &pci_sdi.lock is held.
 *
 * Return: 0, -ENODEV if the PF is gone, or the error of the PF's driver.
 */
int __pci_sdi_reset(struct pci_sdi *sdi)
{
	int ret;

	lockdep_assert_held(&sdi->lock);

	if (!sdi->initialized)
		return -ENODEV;

	sdi->master = false;
	ret = sdi->ops->sdi_reset(sdi);
	if (ret && pci_dev_is_disconnected(sdi->pf)) {
		sdi->stuck = false;
		return -ENODEV;
	}

	sdi->stuck = ret;
	if (ret)
		dev_warn(&sdi->dev, "reset failed: %d; out of use until it succeeds or the PF is reset\n",
			 ret);
	else
		pci_sdi_restore_irqs(sdi);

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
 * -ENODEV if the PF is gone, or the error of the PF's driver.
 */
int pci_sdi_reset(struct pci_sdi *sdi)
{
	guard(mutex)(&sdi->lock);
	if (sdi->frozen)
		return -EAGAIN;

	return __pci_sdi_reset(sdi);
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
	struct pci_sdi_driver *drv;
	int ret;

	guard(mutex)(&sdi->notify_lock);
	/* The driver must not be told that it is over before it is */
	if (sdi->frozen)
		return -EAGAIN;

	drv = sdi->bound;
	if (!drv) {
		sdi->untold = true;
		return pci_sdi_reset(sdi);
	}
	if (!drv->reset_prepare || !drv->reset_done)
		return -EBUSY;

	drv->reset_prepare(sdi);
	ret = pci_sdi_reset(sdi);
	drv->reset_done(sdi);

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
	int ret;

	guard(mutex)(&sdi->lock);
	if (!sdi->initialized)
		return -ENODEV;
	if (sdi->frozen)
		return on ? -EAGAIN : 0;
	if (on && sdi->stuck)
		return -EIO;

	ret = sdi->ops->sdi_set_master(sdi, on);
	if (!ret)
		sdi->master = on;

	return ret;
}
EXPORT_SYMBOL_GPL(pci_sdi_set_master);

/**
 * pci_sdi_iomap() - Map a region of an SDI
 * @sdi: the SDI
 * @region: 0 to %PCI_STD_NUM_BARS - 1
 *
 * Undo it with iounmap().
 *
 * Return: the mapping, uncached, or NULL if there is no such region.
 */
void __iomem *pci_sdi_iomap(struct pci_sdi *sdi, unsigned int region)
{
	if (region >= ARRAY_SIZE(sdi->region) || !sdi->region[region].size)
		return NULL;

	return ioremap(sdi->region[region].start, sdi->region[region].size);
}
EXPORT_SYMBOL_GPL(pci_sdi_iomap);

/**
 * pci_sdi_freeze() - Keep everybody from an SDI
 * @sdi: the SDI
 *
 * Its driver is told, and the PF's driver is not called for it until
 * pci_sdi_thaw().
 */
void pci_sdi_freeze(struct pci_sdi *sdi)
{
	guard(mutex)(&sdi->notify_lock);
	if (sdi->frozen)
		return;

	if (sdi->bound && sdi->bound->reset_prepare)
		sdi->bound->reset_prepare(sdi);

	guard(mutex)(&sdi->lock);
	WRITE_ONCE(sdi->frozen, true);
}

/**
 * pci_sdi_thaw() - Bring an SDI back that the device has forgotten
 * @sdi: the SDI, after pci_sdi_freeze()
 */
void pci_sdi_thaw(struct pci_sdi *sdi)
{
	guard(mutex)(&sdi->notify_lock);
	if (!sdi->frozen)
		return;

	scoped_guard(mutex, &sdi->lock) {
		WRITE_ONCE(sdi->frozen, false);
		__pci_sdi_reset(sdi);
	}

	sdi->untold = !sdi->bound;
	if (sdi->bound && sdi->bound->reset_done)
		sdi->bound->reset_done(sdi);
}
