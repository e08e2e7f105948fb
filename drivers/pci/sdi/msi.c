// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of Scalable Device Interfaces (SDIs)
 *
 * An SDI has no MSI or MSI-X capability. It interrupts by memory writes with
 * its own Routing ID, and only the Physical Function's driver knows where the
 * device stores the messages. So each SDI has an MSI domain of its own that
 * stores and masks messages through struct pci_siov_ops. Its parent is that of
 * the PF's domains; interrupt remapping, where there is any, accepts a message
 * only from the SDI's Routing ID.
 *
 * The domain exists from the first allocation to pci_sdi_free_irqs(). It cannot
 * be made earlier: the driver core binds no driver to a device that has managed
 * resources already.
 *
 * A device stores a message in one of two ways. Where it takes a write to a
 * register, the interrupt core does it from any context (msi_write and
 * msi_mask). Where it takes a command that has to be waited for (msi_store), the
 * SDI's interrupts are on a "slow bus": what the interrupt core changes under
 * its locks is noted here, and stored as soon as it may sleep. That is too late
 * for a message that changes because its interrupt moves to another CPU, so the
 * second way needs interrupt remapping, under which a message never changes.
 *
 * A reset of the SDI may clear messages while the interrupt core stores them.
 * That does no harm: when the reset is over, all messages are stored again, and
 * both happen under a lock (@pci_sdi_irqs.lock where messages are written,
 * pci_sdi_core.lock where they are stored by command).
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/mutex.h>
#include <linux/pci-siov.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../pci.h"
#include "sdi.h"

/**
 * struct sdi_message - an interrupt message, in memory or in the device
 * @msg: the message
 * @masked: it is not sent
 */
struct sdi_message {
	struct msi_msg msg;
	bool masked;
};

/**
 * struct pci_sdi_irqs - what the device has to know about the SDI's interrupts
 * @sdi: the SDI
 * @lock: serializes the interrupt core, which knows of no reset, with
 *	pci_sdi_restore_irqs(), and protects @entry and @stale
 * @bus_lock: held while the interrupt core changes an interrupt of a slow bus. It
 *	also takes it inside of the lock of the interrupt domains, so
 *	&pci_sdi_core.lock must not be taken inside of it
 * @owner: the task that holds @bus_lock, and stores what it has changed
 * @changed: @owner has changed a message
 * @late: stores what was changed without @bus_lock
 * @stale: messages that a slow bus has to store
 * @nr: number of messages
 * @entry: the messages; masked and empty at first, as in the device. Of each,
 *	now is what it should be, and stored is what a slow bus has stored last.
 *	They are equal, and nothing is stored, if a change was undone before
 */
struct pci_sdi_irqs {
	struct pci_sdi *sdi;
	raw_spinlock_t lock;
	struct mutex bus_lock; /* see above */
	struct task_struct *owner;
	bool changed;
	struct work_struct late;
	unsigned long *stale;
	unsigned int nr;
	struct {
		struct sdi_message now;
		struct sdi_message stored;
	} entry[] __counted_by(nr);
};

static bool sdi_message_equal(const struct sdi_message *a,
			      const struct sdi_message *b)
{
	return a->masked == b->masked && a->msg.data == b->msg.data &&
	       a->msg.address_lo == b->msg.address_lo &&
	       a->msg.address_hi == b->msg.address_hi;
}

static bool sdi_irqs_are_slow(const struct pci_sdi *sdi)
{
	return to_sdi_core(sdi)->ops->msi_store;
}

/*
 * The interrupt core does not know that the PF is being reset or has no power.
 * Then the device is left alone, and pci_sdi_restore_irqs() makes up for it.
 */
static bool sdi_irq_reachable(const struct pci_sdi *sdi)
{
	return pci_sdi_reachable(to_sdi_core(sdi));
}

/*
 * The device may read a message while it changes, unless it is masked. PCI asks
 * the same of MSI-X.
 */
static void sdi_irq_write_entry(struct pci_sdi_irqs *irqs, unsigned int idx)
{
	const struct pci_siov_ops *ops = to_sdi_core(irqs->sdi)->ops;
	struct pci_sdi *sdi = irqs->sdi;

	lockdep_assert_held(&irqs->lock);

	if (!irqs->entry[idx].now.masked)
		ops->msi_mask(sdi, idx, true);

	ops->msi_write(sdi, idx, &irqs->entry[idx].now.msg);

	if (!irqs->entry[idx].now.masked)
		ops->msi_mask(sdi, idx, false);
}

/*
 * There is nobody to return an error to: the interrupt core has no place for
 * one. The next reset of the SDI stores the message again.
 */
static void sdi_irq_store_entry(struct pci_sdi_irqs *irqs, unsigned int idx)
{
	struct pci_sdi *sdi = irqs->sdi;
	struct sdi_message now;
	int ret;

	lockdep_assert_held(&to_sdi_core(sdi)->lock);

	scoped_guard(raw_spinlock_irqsave, &irqs->lock) {
		__clear_bit(idx, irqs->stale);
		now = irqs->entry[idx].now;
	}

	if (sdi_message_equal(&now, &irqs->entry[idx].stored))
		return;

	irqs->entry[idx].stored = now;
	ret = to_sdi_core(sdi)->ops->msi_store(sdi, idx, &now.msg, now.masked);
	if (ret)
		dev_err_ratelimited(&sdi->dev, "interrupt %u: the device did not take its message: %d; a reset of the SDI tries again\n",
				    idx, ret);
}

/* As a slow bus may sleep: store what has changed */
static void sdi_irqs_flush(struct pci_sdi_irqs *irqs)
{
	struct pci_sdi *sdi = irqs->sdi;
	unsigned int idx;

	lockdep_assert_not_held(&irqs->bus_lock);

	guard(mutex)(&to_sdi_core(sdi)->lock);
	if (to_sdi_core(sdi)->irqs != irqs || !sdi_irq_reachable(sdi))
		return;

	for_each_set_bit(idx, irqs->stale, irqs->nr)
		sdi_irq_store_entry(irqs, idx);
}

static void sdi_irqs_late(struct work_struct *work)
{
	struct pci_sdi_irqs *irqs =
		container_of(work, struct pci_sdi_irqs, late);

	sdi_irqs_flush(irqs);
}

/*
 * The task that holds bus_lock stores the change when it has dropped the lock. An
 * interrupt that is masked as it arrives, or because its last CPU goes offline,
 * is changed without bus_lock.
 */
static void sdi_irq_set_stale(struct pci_sdi_irqs *irqs, unsigned int idx)
{
	lockdep_assert_held(&irqs->lock);

	__set_bit(idx, irqs->stale);
	if (in_task() && READ_ONCE(irqs->owner) == current)
		irqs->changed = true;
	else
		queue_work(system_long_wq, &irqs->late);
}

static void sdi_irq_write_msg(struct irq_data *d, struct msi_msg *msg)
{
	struct pci_sdi_irqs *irqs = irq_data_get_irq_chip_data(d);

	guard(raw_spinlock_irqsave)(&irqs->lock);
	irqs->entry[d->hwirq].now.msg = *msg;
	irq_data_get_msi_desc(d)->msg = *msg;
	if (sdi_irqs_are_slow(irqs->sdi))
		sdi_irq_set_stale(irqs, d->hwirq);
	else if (sdi_irq_reachable(irqs->sdi))
		sdi_irq_write_entry(irqs, d->hwirq);
}

static void sdi_irq_set_mask(struct irq_data *d, bool mask)
{
	struct pci_sdi_irqs *irqs = irq_data_get_irq_chip_data(d);

	guard(raw_spinlock_irqsave)(&irqs->lock);
	irqs->entry[d->hwirq].now.masked = mask;
	if (sdi_irqs_are_slow(irqs->sdi))
		sdi_irq_set_stale(irqs, d->hwirq);
	else if (sdi_irq_reachable(irqs->sdi))
		to_sdi_core(irqs->sdi)->ops->msi_mask(irqs->sdi, d->hwirq,
						      mask);
}

/*
 * Some parents have a mask of their own: an ITS delivers nothing that has not
 * been unmasked there. Others, as on x86, know of none.
 */
static void sdi_irq_mask(struct irq_data *d)
{
	sdi_irq_set_mask(d, true);
	if (d->parent_data->chip->irq_mask)
		irq_chip_mask_parent(d);
}

static void sdi_irq_unmask(struct irq_data *d)
{
	if (d->parent_data->chip->irq_unmask)
		irq_chip_unmask_parent(d);
	sdi_irq_set_mask(d, false);
}

static void sdi_irq_bus_lock(struct irq_data *d)
{
	struct pci_sdi_irqs *irqs = irq_data_get_irq_chip_data(d);

	mutex_lock(&irqs->bus_lock);
	WRITE_ONCE(irqs->owner, current);
}

static void sdi_irq_bus_sync_unlock(struct irq_data *d)
{
	struct pci_sdi_irqs *irqs = irq_data_get_irq_chip_data(d);
	bool changed = irqs->changed;

	irqs->changed = false;
	WRITE_ONCE(irqs->owner, NULL);
	mutex_unlock(&irqs->bus_lock);

	if (changed)
		sdi_irqs_flush(irqs);
}

static void sdi_irq_set_desc(msi_alloc_info_t *arg, struct msi_desc *desc)
{
	arg->desc = desc;
	arg->hwirq = desc->msi_index;
}

/*
 * DOMAIN_BUS_DEVICE_MSI and not one of PCI's: those stand for a capability of
 * a struct pci_dev. Parents insist that there are no flags.
 */
static const struct msi_domain_template sdi_msi_template = {
	.chip = {
		.name			= "SDI-MSI",
		.irq_mask		= sdi_irq_mask,
		.irq_unmask		= sdi_irq_unmask,
		.irq_write_msi_msg	= sdi_irq_write_msg,
		.flags			= IRQCHIP_ONESHOT_SAFE,
	},
	.ops = {
		.set_desc		= sdi_irq_set_desc,
	},
	.info = {
		.bus_token		= DOMAIN_BUS_DEVICE_MSI,
	},
};

static const struct msi_domain_template sdi_slow_msi_template = {
	.chip = {
		.name			= "SDI-MSI",
		.irq_mask		= sdi_irq_mask,
		.irq_unmask		= sdi_irq_unmask,
		.irq_write_msi_msg	= sdi_irq_write_msg,
		.irq_bus_lock		= sdi_irq_bus_lock,
		.irq_bus_sync_unlock	= sdi_irq_bus_sync_unlock,
		.flags			= IRQCHIP_ONESHOT_SAFE,
	},
	.ops = {
		.set_desc		= sdi_irq_set_desc,
	},
	.info = {
		.bus_token		= DOMAIN_BUS_DEVICE_MSI,
	},
};

static void sdi_irqs_discard(struct pci_sdi_irqs *irqs)
{
	if (!irqs)
		return;

	cancel_work_sync(&irqs->late);
	mutex_destroy(&irqs->bus_lock);
	bitmap_free(irqs->stale);
	kfree(irqs);
}

DEFINE_FREE(sdi_irqs_discard, struct pci_sdi_irqs *, sdi_irqs_discard(_T))

static struct pci_sdi_irqs *sdi_irqs_alloc(struct pci_sdi *sdi)
{
	unsigned int nr = sdi->nr_irqs;
	struct pci_sdi_irqs *irqs;
	unsigned int i;

	unsigned long *stale __free(bitmap) = bitmap_zalloc(nr, GFP_KERNEL);
	if (!stale)
		return NULL;

	irqs = kzalloc_flex(*irqs, entry, nr);
	if (!irqs)
		return NULL;

	irqs->sdi = sdi;
	irqs->nr = nr;
	irqs->stale = no_free_ptr(stale);
	raw_spin_lock_init(&irqs->lock);
	mutex_init(&irqs->bus_lock);
	INIT_WORK(&irqs->late, sdi_irqs_late);
	for (i = 0; i < nr; i++) {
		irqs->entry[i].now.masked = true;
		irqs->entry[i].stored.masked = true;
	}

	return irqs;
}

static int sdi_domain_create(struct pci_sdi *sdi, struct pci_sdi_irqs *irqs)
{
	struct irq_domain *parent = dev_get_msi_domain(&sdi->dev);
	bool slow = sdi_irqs_are_slow(sdi);

	if (!parent || !irq_domain_is_msi_parent(parent)) {
		dev_info(&sdi->dev, "no interrupts: the interrupt controller of %s takes messages of PCI functions only\n",
			 pci_name(sdi->pf));
		return -EOPNOTSUPP;
	}

	/* With isolated MSIs a table names the CPU: messages do not change */
	if (slow && !msi_device_has_isolated_msi(&sdi->dev)) {
		dev_info(&sdi->dev, "no interrupts: %s takes messages by command, that needs interrupt remapping\n",
			 pci_name(sdi->pf));
		return -EOPNOTSUPP;
	}

	if (!msi_create_device_irq_domain(&sdi->dev, MSI_DEFAULT_DOMAIN,
					  slow ? &sdi_slow_msi_template :
						 &sdi_msi_template,
					  irqs->nr, NULL, irqs)) {
		dev_info(&sdi->dev, "no interrupts: the interrupt controller of %s has no place for %u messages with this Routing ID\n",
			 pci_name(sdi->pf), irqs->nr);
		return -ENODEV;
	}

	return 0;
}

static void sdi_set_irqs(struct pci_sdi *sdi, struct pci_sdi_irqs *irqs)
{
	guard(mutex)(&to_sdi_core(sdi)->lock);
	to_sdi_core(sdi)->irqs = irqs;
}

static void sdi_irqs_free(void *data)
{
	struct pci_sdi *sdi = data;
	struct pci_sdi_irqs *irqs = to_sdi_core(sdi)->irqs;

	msi_domain_free_irqs_all(&sdi->dev, MSI_DEFAULT_DOMAIN);
	msi_remove_device_irq_domain(&sdi->dev, MSI_DEFAULT_DOMAIN);
	/* No reset stores them, or waits for their writers, from here on */
	sdi_set_irqs(sdi, NULL);
	sdi_irqs_discard(irqs);
}

static bool sdi_can_store_messages(const struct pci_sdi *sdi)
{
	const struct pci_siov_ops *ops = to_sdi_core(sdi)->ops;

	return sdi->nr_irqs && (ops->msi_store ||
				(ops->msi_write && ops->msi_mask));
}

/* The SDI's domain, with a place for each message and no interrupt in it */
static int sdi_irqs_create(struct pci_sdi *sdi)
{
	int ret;

	if (!sdi_can_store_messages(sdi))
		return -ENOSPC;

	struct pci_sdi_irqs *irqs __free(sdi_irqs_discard) =
		sdi_irqs_alloc(sdi);
	if (!irqs)
		return -ENOMEM;

	ret = sdi_domain_create(sdi, irqs);
	if (ret)
		return ret;

	sdi_set_irqs(sdi, no_free_ptr(irqs));
	return devm_add_action_or_reset(&sdi->dev, sdi_irqs_free, sdi);
}

/*
 * request_irq() of these waits for &pci_sdi_core.lock, which the IOMMU's locks are
 * taken inside of. An IOMMU requests its own interrupt, which is none of these, with
 * its locks held. Lockdep has to tell the two apart.
 */
static void sdi_irq_set_class(struct pci_sdi *sdi, unsigned int virq)
{
	static struct lock_class_key lock_class, request_class;

	if (sdi_irqs_are_slow(sdi))
		irq_set_lockdep_class(virq, &lock_class, &request_class);
}

static struct msi_map sdi_irq_alloc(struct pci_sdi *sdi, unsigned int index,
				    const struct irq_affinity_desc *affdesc)
{
	struct msi_map map;

	map = msi_domain_alloc_irq_at(&sdi->dev, MSI_DEFAULT_DOMAIN, index,
				      affdesc, NULL);
	if (map.index >= 0)
		sdi_irq_set_class(sdi, map.virq);
	return map;
}

/* Up to @nr interrupts from number 0 on; @ret is why there are not all */
static unsigned int sdi_irqs_fill(struct pci_sdi *sdi, unsigned int nr,
				  const struct irq_affinity_desc *masks,
				  int *ret)
{
	struct msi_map map;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		map = sdi_irq_alloc(sdi, i, masks ? &masks[i] : NULL);
		if (map.index < 0) {
			*ret = map.index;
			break;
		}
	}

	return i;
}

/* As pci_alloc_irq_vectors_affinity() does: spread again over what there is */
static int sdi_irqs_fill_spread(struct pci_sdi *sdi, unsigned int min,
				unsigned int nr, struct irq_affinity *affd)
{
	unsigned int n;
	int ret = 0;

	for (;;) {
		struct irq_affinity_desc *masks __free(kfree) = NULL;

		if (affd) {
			nr = irq_calc_affinity_vectors(min, nr, affd);
			if (nr < min)
				return -ENOSPC;
			masks = irq_create_affinity_masks(nr, affd);
		}

		n = sdi_irqs_fill(sdi, nr, masks, &ret);
		if (n == nr || (n >= min && !affd))
			return n;

		msi_domain_free_irqs_all(&sdi->dev, MSI_DEFAULT_DOMAIN);
		if (n < min)
			return ret;
		nr = n;
	}
}

/**
 * pci_sdi_alloc_irqs_affinity() - Allocate interrupts of an SDI and spread them
 * @sdi: the SDI
 * @min: number of interrupts that the caller needs, at least 1
 * @max: number of interrupts that the caller can use
 * @affd: how to spread them over the CPUs, as for
 *	pci_alloc_irq_vectors_affinity(); NULL for no such wish
 *
 * They are numbered from 0. Nothing is stored in the device before
 * request_irq(), and the SDI sends nothing before pci_sdi_set_master().
 * Interrupts outlive a reset of the SDI or of its PF. They are freed when the
 * driver is unbound, if not earlier; request_irq() must be undone before.
 * More of them can be had by pci_sdi_alloc_irq_at().
 *
 * Where the device stores messages by command, request_irq(), free_irq(),
 * enable_irq() and disable_irq() of these interrupts wait for it, so
 * they need process context and no lock that the PF's driver takes.
 *
 * Context: process context, by the SDI's driver between probe and the end of
 * remove, one call at a time; not from a callback that is called during a
 * reset.
 *
 * Return: how many there are, between @min and @max; -ENOSPC if the SDI, or the
 * machine, does not have @min; -EBUSY if the SDI has interrupts; -EOPNOTSUPP
 * if the interrupt controller is not able to, which the log explains; or another
 * negative number.
 */
int pci_sdi_alloc_irqs_affinity(struct pci_sdi *sdi, unsigned int min,
				unsigned int max, struct irq_affinity *affd)
{
	unsigned int nr = min_t(unsigned int, max, sdi->nr_irqs);
	int ret;

	if (!min || max < min)
		return -EINVAL;
	if (nr < min)
		return -ENOSPC;
	if (to_sdi_core(sdi)->irqs)
		return -EBUSY;

	ret = sdi_irqs_create(sdi);
	if (ret)
		return ret;

	ret = sdi_irqs_fill_spread(sdi, min, nr, affd);
	if (ret < 0)
		pci_sdi_free_irqs(sdi);

	return ret;
}
EXPORT_SYMBOL_GPL(pci_sdi_alloc_irqs_affinity);

/**
 * pci_sdi_alloc_irqs() - Allocate interrupts of an SDI
 * @sdi: the SDI
 * @min: number of interrupts that the caller needs, at least 1
 * @max: number of interrupts that the caller can use
 *
 * Context: as pci_sdi_alloc_irqs_affinity().
 *
 * Return: as pci_sdi_alloc_irqs_affinity().
 */
int pci_sdi_alloc_irqs(struct pci_sdi *sdi, unsigned int min, unsigned int max)
{
	return pci_sdi_alloc_irqs_affinity(sdi, min, max, NULL);
}
EXPORT_SYMBOL_GPL(pci_sdi_alloc_irqs);

/**
 * pci_sdi_alloc_irq_at() - Allocate one interrupt of an SDI
 * @sdi: the SDI
 * @index: number of the message, 0 to &pci_sdi.nr_irqs - 1, or %MSI_ANY_INDEX
 *	for the first one that is free
 * @affdesc: CPUs that it is for; NULL for no such wish
 *
 * What pci_msix_alloc_irq_at() is for an MSI-X table. Interrupts that exist are
 * left alone. It works with pci_sdi_alloc_irqs() before it or without.
 *
 * Context: as pci_sdi_alloc_irqs_affinity().
 *
 * Return: &msi_map.index and what request_irq() wants in &msi_map.virq. On error
 * &msi_map.virq is 0 and &msi_map.index is -EBUSY if @index is taken, -ERANGE if
 * there is no such message, -ENOSPC if there is none or no free one, or another
 * error as of pci_sdi_alloc_irqs_affinity().
 */
struct msi_map pci_sdi_alloc_irq_at(struct pci_sdi *sdi, unsigned int index,
				    const struct irq_affinity_desc *affdesc)
{
	bool any = index == MSI_ANY_INDEX;
	struct msi_map map = { };

	if (!to_sdi_core(sdi)->irqs)
		map.index = sdi_irqs_create(sdi);
	if (!map.index && !any && index >= sdi->nr_irqs)
		map.index = -ERANGE;
	if (map.index)
		return map;

	map = sdi_irq_alloc(sdi, index, affdesc);
	if (any && map.index == -EBUSY)
		map.index = -ENOSPC;

	return map;
}
EXPORT_SYMBOL_GPL(pci_sdi_alloc_irq_at);

/**
 * pci_sdi_free_irq_at() - Free one interrupt of an SDI
 * @sdi: the SDI
 * @map: what pci_sdi_alloc_irq_at() returned, or a message that
 *	pci_sdi_alloc_irqs() has allocated
 *
 * What was requested must be freed by free_irq() before.
 *
 * Context: as pci_sdi_alloc_irqs_affinity().
 */
void pci_sdi_free_irq_at(struct pci_sdi *sdi, struct msi_map map)
{
	if (WARN_ON_ONCE(map.index < 0 || map.virq <= 0))
		return;

	msi_domain_free_irqs_range(&sdi->dev, MSI_DEFAULT_DOMAIN, map.index,
				   map.index);
}
EXPORT_SYMBOL_GPL(pci_sdi_free_irq_at);

/**
 * pci_sdi_free_irqs() - Free all interrupts of an SDI
 * @sdi: the SDI, with interrupts or without
 *
 * Context: as pci_sdi_alloc_irqs_affinity().
 */
void pci_sdi_free_irqs(struct pci_sdi *sdi)
{
	if (to_sdi_core(sdi)->irqs)
		devm_release_action(&sdi->dev, sdi_irqs_free, sdi);
}
EXPORT_SYMBOL_GPL(pci_sdi_free_irqs);

/**
 * pci_sdi_irq_vector() - Linux interrupt number of an SDI's interrupt
 * @sdi: the SDI
 * @idx: number of the message
 *
 * Return: what request_irq() wants, or -EINVAL if there is no such interrupt.
 */
int pci_sdi_irq_vector(struct pci_sdi *sdi, unsigned int idx)
{
	unsigned int virq = msi_get_virq(&sdi->dev, idx);

	return virq ? virq : -EINVAL;
}
EXPORT_SYMBOL_GPL(pci_sdi_irq_vector);

/**
 * pci_sdi_restore_irqs() - Store the messages of an SDI again
 * @sdi: an SDI that was reset
 *
 * What was masked stays masked.
 *
 * Context: &pci_sdi_core.lock is held.
 */
void pci_sdi_restore_irqs(struct pci_sdi *sdi)
{
	struct pci_sdi_irqs *irqs = to_sdi_core(sdi)->irqs;
	unsigned int i;

	lockdep_assert_held(&to_sdi_core(sdi)->lock);
	if (!irqs || !sdi_irq_reachable(sdi))
		return;

	for (i = 0; i < irqs->nr; i++) {
		if (sdi_irqs_are_slow(sdi)) {
			irqs->entry[i].stored = (struct sdi_message) {
				.masked = true,
			};
			sdi_irq_store_entry(irqs, i);
			continue;
		}

		guard(raw_spinlock_irqsave)(&irqs->lock);
		sdi_irq_write_entry(irqs, i);
	}
}

/**
 * pci_sdi_sync_irqs() - Wait until nobody touches the messages of an SDI
 * @sdi: an SDI that has just become unreachable
 *
 * A writer that takes &pci_sdi_irqs.lock after this sees that.
 *
 * Context: &pci_sdi_core.lock is held.
 */
void pci_sdi_sync_irqs(struct pci_sdi *sdi)
{
	struct pci_sdi_irqs *irqs = to_sdi_core(sdi)->irqs;

	lockdep_assert_held(&to_sdi_core(sdi)->lock);
	if (!irqs)
		return;

	guard(raw_spinlock_irqsave)(&irqs->lock);
}
