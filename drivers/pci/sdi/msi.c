// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of Scalable Device Interfaces (SDIs)
 *
 * An SDI has no MSI or MSI-X capability. It interrupts by memory writes with its
 * own Routing ID, and where the device stores the messages is the secret of the
 * Physical Function's driver. So each SDI has an MSI domain of its own that
 * stores and masks messages through struct pci_siov_ops. Its parent is that of
 * the PF's domains; interrupt remapping, where there is any, takes a message
 * from no Routing ID but the SDI's.
 *
 * The domain exists from pci_sdi_alloc_irqs() to pci_sdi_free_irqs(). It cannot
 * be made earlier: the driver core binds no driver to a device that has managed
 * resources already.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/pci-siov.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "../pci.h"

/**
 * struct pci_sdi_irqs - what the device has to know about the SDI's interrupts
 * @sdi: the SDI
 * @lock: serializes the interrupt core, which knows of no reset, with
 *	pci_sdi_restore_irqs()
 * @nr: number of messages
 * @entry: the messages; masked and empty at first, as in the device
 */
struct pci_sdi_irqs {
	struct pci_sdi *sdi;
	raw_spinlock_t lock;
	unsigned int nr;
	struct {
		struct msi_msg msg;
		bool masked;
	} entry[] __counted_by(nr);
};

/*
 * The interrupt core does not know that the PF is being reset or has no power.
 * Then the device is left alone, and pci_sdi_restore_irqs() makes up for it.
 */
static bool sdi_irq_reachable(struct pci_sdi_irqs *irqs)
{
	struct pci_sdi *sdi = irqs->sdi;

	lockdep_assert_held(&irqs->lock);

	return !READ_ONCE(sdi->frozen) && !pci_dev_is_disconnected(sdi->pf);
}

/*
 * The device may read a message while it changes, unless it is masked. PCI asks
 * the same of MSI-X.
 */
static void sdi_irq_store(struct pci_sdi_irqs *irqs, unsigned int idx)
{
	struct pci_sdi *sdi = irqs->sdi;

	if (!sdi_irq_reachable(irqs))
		return;

	if (!irqs->entry[idx].masked)
		sdi->ops->msi_mask(sdi, idx, true);

	sdi->ops->msi_write(sdi, idx, &irqs->entry[idx].msg);

	if (!irqs->entry[idx].masked)
		sdi->ops->msi_mask(sdi, idx, false);
}

static void sdi_irq_write_msg(struct irq_data *d, struct msi_msg *msg)
{
	struct pci_sdi_irqs *irqs = irq_data_get_irq_chip_data(d);

	guard(raw_spinlock_irqsave)(&irqs->lock);
	irqs->entry[d->hwirq].msg = *msg;
	irq_data_get_msi_desc(d)->msg = *msg;
	sdi_irq_store(irqs, d->hwirq);
}

static void sdi_irq_set_mask(struct irq_data *d, bool mask)
{
	struct pci_sdi_irqs *irqs = irq_data_get_irq_chip_data(d);

	guard(raw_spinlock_irqsave)(&irqs->lock);
	irqs->entry[d->hwirq].masked = mask;
	if (sdi_irq_reachable(irqs))
		irqs->sdi->ops->msi_mask(irqs->sdi, d->hwirq, mask);
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

static struct pci_sdi_irqs *sdi_irqs_alloc(struct pci_sdi *sdi, unsigned int nr)
{
	struct pci_sdi_irqs *irqs = kzalloc_flex(*irqs, entry, nr);
	unsigned int i;

	if (!irqs)
		return NULL;

	irqs->sdi = sdi;
	irqs->nr = nr;
	raw_spin_lock_init(&irqs->lock);
	for (i = 0; i < nr; i++)
		irqs->entry[i].masked = true;

	return irqs;
}

static int sdi_domain_create(struct pci_sdi *sdi, struct pci_sdi_irqs *irqs)
{
	struct irq_domain *parent = dev_get_msi_domain(&sdi->dev);

	if (!parent || !irq_domain_is_msi_parent(parent)) {
		dev_info(&sdi->dev, "no interrupts: the interrupt controller of %s takes messages of PCI functions only\n",
			 pci_name(sdi->pf));
		return -EOPNOTSUPP;
	}

	if (!msi_create_device_irq_domain(&sdi->dev, MSI_DEFAULT_DOMAIN,
					  &sdi_msi_template, irqs->nr, NULL,
					  irqs)) {
		dev_info(&sdi->dev, "no interrupts: the interrupt controller of %s has no place for %u messages with this Routing ID\n",
			 pci_name(sdi->pf), irqs->nr);
		return -ENODEV;
	}

	return 0;
}

/* As many as there are room for, or as few as the driver can do with */
static int sdi_domain_fill(struct pci_sdi *sdi, unsigned int min,
			   unsigned int max)
{
	int ret;

	ret = msi_domain_alloc_irqs_range(&sdi->dev, MSI_DEFAULT_DOMAIN, 0,
					  max - 1);
	if (!ret)
		return max;
	if (min == max)
		return ret;

	ret = msi_domain_alloc_irqs_range(&sdi->dev, MSI_DEFAULT_DOMAIN, 0,
					  min - 1);
	return ret ? ret : min;
}

static void sdi_set_irqs(struct pci_sdi *sdi, struct pci_sdi_irqs *irqs)
{
	guard(mutex)(&sdi->lock);
	sdi->irqs = irqs;
}

static void sdi_irqs_free(void *data)
{
	struct pci_sdi *sdi = data;
	struct pci_sdi_irqs *irqs = sdi->irqs;

	/* No reset stores them from here on */
	sdi_set_irqs(sdi, NULL);
	msi_domain_free_irqs_all(&sdi->dev, MSI_DEFAULT_DOMAIN);
	msi_remove_device_irq_domain(&sdi->dev, MSI_DEFAULT_DOMAIN);
	kfree(irqs);
}

/**
 * pci_sdi_alloc_irqs() - Allocate interrupts of an SDI
 * @sdi: the SDI
 * @min: number of interrupts that the caller needs, at least 1
 * @max: number of interrupts that the caller can use
 *
 * They are numbered from 0. Nothing is stored in the device before
 * request_irq(), and the SDI sends nothing before pci_sdi_set_master().
 * Interrupts outlive a reset of the SDI or of its PF. They are freed when the
 * driver is unbound, if not earlier; request_irq() must be undone before.
 *
 * Context: process context, by the SDI's driver between probe and the end of
 * remove, one call at a time; not from a callback that is called during a
 * reset.
 *
 * Return: how many there are, between @min and @max; -ENOSPC if the SDI, or the
 * machine, does not have @min; -EBUSY if the SDI has interrupts; -EOPNOTSUPP
 * if the interrupt controller is not able to; or another negative number.
 */
int pci_sdi_alloc_irqs(struct pci_sdi *sdi, unsigned int min, unsigned int max)
{
	unsigned int nr = min_t(unsigned int, max, sdi->nr_irqs);
	int ret;

	if (!min || max < min)
		return -EINVAL;
	if (nr < min || !sdi->ops->msi_write || !sdi->ops->msi_mask)
		return -ENOSPC;
	if (sdi->irqs)
		return -EBUSY;

	struct pci_sdi_irqs *irqs __free(kfree) = sdi_irqs_alloc(sdi, nr);
	if (!irqs)
		return -ENOMEM;

	ret = sdi_domain_create(sdi, irqs);
	if (ret)
		return ret;

	ret = sdi_domain_fill(sdi, min, nr);
	if (ret < 0) {
		msi_remove_device_irq_domain(&sdi->dev, MSI_DEFAULT_DOMAIN);
		return ret;
	}

	nr = ret;
	sdi_set_irqs(sdi, no_free_ptr(irqs));
	ret = devm_add_action_or_reset(&sdi->dev, sdi_irqs_free, sdi);

	return ret ? ret : nr;
}
EXPORT_SYMBOL_GPL(pci_sdi_alloc_irqs);

/**
 * pci_sdi_free_irqs() - Free the interrupts of an SDI
 * @sdi: the SDI, with interrupts or without
 *
 * Context: as pci_sdi_alloc_irqs().
 */
void pci_sdi_free_irqs(struct pci_sdi *sdi)
{
	if (sdi->irqs)
		devm_release_action(&sdi->dev, sdi_irqs_free, sdi);
}
EXPORT_SYMBOL_GPL(pci_sdi_free_irqs);

/**
 * pci_sdi_irq_vector() - Linux interrupt number of an SDI's interrupt
 * @sdi: the SDI
 * @idx: 0 to what pci_sdi_alloc_irqs() returned, minus 1
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
 * Context: &pci_sdi.lock is held.
 */
void pci_sdi_restore_irqs(struct pci_sdi *sdi)
{
	struct pci_sdi_irqs *irqs = sdi->irqs;
	unsigned int i;

	lockdep_assert_held(&sdi->lock);
	if (!irqs)
		return;

	for (i = 0; i < irqs->nr; i++) {
		guard(raw_spinlock_irqsave)(&irqs->lock);
		sdi_irq_store(irqs, i);
	}
}
