// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: interrupts of SDIs
 *
 * The parent of their MSI domains is an interrupt controller in RAM, which has
 * interrupt remapping or not: then a message names a table entry and stays as
 * it is, or it names the CPU. The PF's driver keeps the messages in RAM, too, and
 * fails the test where it is called in a context that its contract excludes.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"

#define NR_IRQS_OF_SDI		6
#define NR_IRQS_OF_PARENT	64
#define ADDRESS			0xfee00000

/* The interrupt controller, and what the device holds of SDI 0 */
static struct {
	DECLARE_BITMAP(used, NR_IRQS_OF_PARENT);
	unsigned int limit;
	struct irq_domain *domain;
	u32 target;

	struct {
		struct msi_msg msg;
		bool masked;
	} entry[NR_IRQS_OF_SDI];
	unsigned int stores;
	unsigned int writes;
	unsigned int wrong_context;
	int store_ret;
	unsigned int arrived;
} irqs;

static void parent_compose(struct irq_data *d, struct msi_msg *msg)
{
	msg->address_hi = 0;
	msg->address_lo = ADDRESS;
	msg->data = d->hwirq | irqs.target << 16;
}

static int parent_set_affinity(struct irq_data *d, const struct cpumask *mask,
			       bool force)
{
	if (irqs.domain->flags & IRQ_DOMAIN_FLAG_ISOLATED_MSI)
		return IRQ_SET_MASK_OK_DONE;

	irqs.target++;
	return IRQ_SET_MASK_OK;
}

static void parent_ack(struct irq_data *d)
{
}

static struct irq_chip parent_chip = {
	.name			= "kunit-msi",
	.irq_compose_msi_msg	= parent_compose,
	.irq_set_affinity	= parent_set_affinity,
	.irq_ack		= parent_ack,
};

static int parent_alloc(struct irq_domain *domain, unsigned int virq,
			unsigned int nr, void *args)
{
	unsigned int bit = find_first_zero_bit(irqs.used, irqs.limit);

	if (bit >= irqs.limit)
		return -ENOSPC;

	__set_bit(bit, irqs.used);
	irq_domain_set_info(domain, virq, bit, &parent_chip, NULL,
			    handle_edge_irq, NULL, NULL);
	return 0;
}

static void parent_free(struct irq_domain *domain, unsigned int virq,
			unsigned int nr)
{
	struct irq_data *d = irq_domain_get_irq_data(domain, virq);

	__clear_bit(d->hwirq, irqs.used);
	irq_domain_reset_irq_data(d);
}

static const struct irq_domain_ops parent_ops = {
	.alloc	= parent_alloc,
	.free	= parent_free,
};

static bool parent_init_dev_msi_info(struct device *dev,
				     struct irq_domain *domain,
				     struct irq_domain *real_parent,
				     struct msi_domain_info *info)
{
	info->flags = MSI_FLAG_USE_DEF_DOM_OPS | MSI_FLAG_USE_DEF_CHIP_OPS |
		      MSI_FLAG_ALLOC_SIMPLE_MSI_DESCS | MSI_FLAG_FREE_MSI_DESCS;
	info->chip->irq_ack = irq_chip_ack_parent;
	info->chip->irq_set_affinity = msi_domain_set_affinity;
	return true;
}

static const struct msi_parent_ops parent_msi_ops = {
	.supported_flags	= MSI_GENERIC_FLAGS_MASK,
	.bus_select_token	= DOMAIN_BUS_DEVICE_MSI,
	.init_dev_msi_info	= parent_init_dev_msi_info,
};

/* The driver of the PF */

static int irq_sdi_init(struct pci_sdi *sdi)
{
	sdi->nr_irqs = NR_IRQS_OF_SDI;
	return 0;
}

static void irq_sdi_release(struct pci_sdi *sdi)
{
}

static int irq_sdi_reset(struct pci_sdi *sdi)
{
	int i;

	for (i = 0; i < NR_IRQS_OF_SDI; i++) {
		irqs.entry[i].msg = (struct msi_msg) { };
		irqs.entry[i].masked = true;
	}
	return 0;
}

static int irq_sdi_set_master(struct pci_sdi *sdi, bool on)
{
	return 0;
}

static int irq_msi_store(struct pci_sdi *sdi, unsigned int idx,
			 const struct msi_msg *msg, bool masked)
{
	if (irqs_disabled() || pci_sdi_is_frozen(to_sdi_core(sdi)) ||
	    !mutex_is_locked(&to_sdi_core(sdi)->lock))
		irqs.wrong_context++;

	irqs.stores++;
	if (irqs.store_ret)
		return irqs.store_ret;

	irqs.entry[idx].msg = *msg;
	irqs.entry[idx].masked = masked;
	return 0;
}

static void irq_msi_write(struct pci_sdi *sdi, unsigned int idx,
			  const struct msi_msg *msg)
{
	/* A device may send half of it */
	if (!irqs.entry[idx].masked || pci_sdi_is_frozen(to_sdi_core(sdi)))
		irqs.wrong_context++;

	irqs.writes++;
	irqs.entry[idx].msg = *msg;
}

static void irq_msi_mask(struct pci_sdi *sdi, unsigned int idx, bool mask)
{
	irqs.entry[idx].masked = mask;
}

static const struct pci_siov_ops irq_fast_ops = {
	.sdi_init = irq_sdi_init,
	.sdi_release = irq_sdi_release,
	.sdi_reset = irq_sdi_reset,
	.sdi_set_master = irq_sdi_set_master,
	.msi_write = irq_msi_write,
	.msi_mask = irq_msi_mask,
};

static const struct pci_siov_ops irq_slow_ops = {
	.sdi_init = irq_sdi_init,
	.sdi_release = irq_sdi_release,
	.sdi_reset = irq_sdi_reset,
	.sdi_set_master = irq_sdi_set_master,
	.msi_store = irq_msi_store,
};

static const struct pci_siov_ops irq_both_ops = {
	.sdi_init = irq_sdi_init,
	.sdi_release = irq_sdi_release,
	.sdi_reset = irq_sdi_reset,
	.sdi_set_master = irq_sdi_set_master,
	.msi_write = irq_msi_write,
	.msi_mask = irq_msi_mask,
	.msi_store = irq_msi_store,
};

static int irq_pf_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return 0;
}

static const struct pci_device_id irq_pf_ids[] = {
	{ PCI_DEVICE(0x1d0f, 0xfa02) },
	{}
};

static struct pci_driver irq_pf_driver = {
	.name = "siov_kunit_irq",
	.id_table = irq_pf_ids,
	.probe = irq_pf_probe,
};

/* The driver of the SDI */

static int irq_sdi_probe(struct pci_sdi *sdi)
{
	return 0;
}

static struct pci_sdi_driver irq_sdi_driver = {
	.driver.name = "siov_kunit_irq_sdi",
	.probe = irq_sdi_probe,
};

static irqreturn_t irq_handler(int virq, void *data)
{
	irqs.arrived++;
	return IRQ_HANDLED;
}

/* The device sends message @idx if it is not masked */
static void send(struct pci_sdi *sdi, unsigned int idx)
{
	unsigned int virq = pci_sdi_irq_vector(sdi, idx);
	unsigned long flags;

	if (irqs.entry[idx].masked)
		return;

	local_irq_save(flags);
	generic_handle_irq(virq);
	local_irq_restore(flags);
}

/* What the device is told later, by a work */
static bool masked_soon(unsigned int idx)
{
	int i;

	for (i = 0; i < 50 && !READ_ONCE(irqs.entry[idx].masked); i++)
		msleep(20);

	return irqs.entry[idx].masked;
}

/* What the interrupt core does as one arrives that waits to be moved */
static void move(struct pci_sdi *sdi, unsigned int idx)
{
	struct irq_data *d = irq_get_irq_data(pci_sdi_irq_vector(sdi, idx));
	unsigned long flags;

	local_irq_save(flags);
	d->chip->irq_mask(d);
	d->chip->irq_set_affinity(d, cpumask_of(0), false);
	d->chip->irq_unmask(d);
	local_irq_restore(flags);
}

struct irq_box {
	struct fake_pci_host *host;
	struct pci_dev *pf;
	struct pci_sdi *sdi;
	struct fwnode_handle *fwnode;
};

static struct irq_box box;

static int make_parent(bool remapping)
{
	struct irq_domain_info info = {
		.ops	= &parent_ops,
		.size	= NR_IRQS_OF_PARENT,
	};

	box.fwnode = irq_domain_alloc_named_fwnode("siov_kunit_irq");
	if (!box.fwnode)
		return -ENOMEM;

	info.fwnode = box.fwnode;
	irqs.limit = NR_IRQS_OF_PARENT;
	irqs.domain = msi_create_parent_irq_domain(&info, &parent_msi_ops);
	if (!irqs.domain)
		return -ENOMEM;
	if (remapping)
		irqs.domain->flags |= IRQ_DOMAIN_FLAG_ISOLATED_MSI;

	return 0;
}

static void make_sdi(struct kunit *test, const struct pci_siov_ops *ops,
		     bool remapping)
{
	struct pci_sdi_params params = {
		.index = 0,
		.rid = PCI_SDI_ANY_RID,
		.driver_override = irq_sdi_driver.driver.name,
	};
	struct fake_pci_fn *rp, *fn;

	memset(&irqs, 0, sizeof(irqs));
	memset(&box, 0, sizeof(box));
	irq_sdi_reset(NULL);
	KUNIT_ASSERT_EQ(test, 0, make_parent(remapping));

	irq_pf_driver.siov_ops = ops;
	KUNIT_ASSERT_EQ(test, 0, pci_register_driver(&irq_pf_driver));
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_register_driver(&irq_sdi_driver));

	box.host = fake_pci_host_create(test, 0, 0xff);
	rp = fake_pci_add_port(box.host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	fn = fake_pci_add_endpoint(box.host, rp, 0);
	fake_pci_add_sdis(fn, 4, 1, 1);
	fake_pci_scan(box.host);
	box.pf = fake_pci_dev(fn);
	KUNIT_ASSERT_NOT_NULL(test, box.pf);

	dev_set_msi_domain(&box.pf->dev, irqs.domain);
	box.sdi = pci_sdi_create(box.pf, &params);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, box.sdi);
	KUNIT_ASSERT_NOT_NULL(test, box.sdi->dev.driver);
}

static void irq_test_exit(struct kunit *test)
{
	if (!IS_ERR_OR_NULL(box.sdi)) {
		pci_sdi_destroy(box.sdi);
		pci_sdi_put(box.sdi);
	}
	if (box.host)
		fake_pci_host_free(box.host);
	pci_sdi_unregister_driver(&irq_sdi_driver);
	pci_unregister_driver(&irq_pf_driver);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(irqs.used, NR_IRQS_OF_PARENT));
	if (irqs.domain)
		irq_domain_remove(irqs.domain);
	irq_domain_free_fwnode(box.fwnode);
}

static int request(unsigned int idx)
{
	return request_irq(pci_sdi_irq_vector(box.sdi, idx), irq_handler, 0,
			   "kunit", &box);
}

static void unrequest(unsigned int idx)
{
	free_irq(pci_sdi_irq_vector(box.sdi, idx), &box);
}

/* A message is in the device when request_irq() returns, and gone after free_irq() */
static void irq_slow_stores(struct kunit *test)
{
	make_sdi(test, &irq_slow_ops, true);
	KUNIT_ASSERT_EQ(test, 2, pci_sdi_alloc_irqs(box.sdi, 2, 2));
	KUNIT_EXPECT_EQ(test, 0, irqs.stores);

	KUNIT_ASSERT_EQ(test, 0, request(1));
	KUNIT_EXPECT_EQ(test, 1, irqs.stores);
	KUNIT_EXPECT_EQ(test, ADDRESS, irqs.entry[1].msg.address_lo);
	KUNIT_EXPECT_FALSE(test, irqs.entry[1].masked);
	KUNIT_EXPECT_TRUE(test, irqs.entry[0].masked);
	send(box.sdi, 1);
	KUNIT_EXPECT_EQ(test, 1, irqs.arrived);

	unrequest(1);
	KUNIT_EXPECT_TRUE(test, irqs.entry[1].masked);
	KUNIT_EXPECT_EQ(test, 0, irqs.entry[1].msg.address_lo);
	KUNIT_EXPECT_EQ(test, 0, irqs.wrong_context);
}

/* Lazily disabled, it is masked as it arrives, where nobody may sleep */
static void irq_slow_masks_late(struct kunit *test)
{
	int virq;

	make_sdi(test, &irq_slow_ops, true);
	KUNIT_ASSERT_EQ(test, 1, pci_sdi_alloc_irqs(box.sdi, 1, 1));
	KUNIT_ASSERT_EQ(test, 0, request(0));
	virq = pci_sdi_irq_vector(box.sdi, 0);

	disable_irq(virq);
	KUNIT_EXPECT_FALSE(test, irqs.entry[0].masked);
	send(box.sdi, 0);
	KUNIT_EXPECT_TRUE(test, masked_soon(0));
	KUNIT_EXPECT_EQ(test, 0, irqs.arrived);

	enable_irq(virq);
	KUNIT_EXPECT_FALSE(test, irqs.entry[0].masked);
	send(box.sdi, 0);
	KUNIT_EXPECT_LE(test, 1, irqs.arrived);

	unrequest(0);
	KUNIT_EXPECT_EQ(test, 0, irqs.wrong_context);
}

/* It has no driver, so it comes back for who needs it */
static void thaw(struct pci_sdi *sdi)
{
	struct pci_sdi_core *core = to_sdi_core(sdi);

	guard(mutex)(&core->notify_lock);
	pci_sdi_bring_back(core);
}

/* Not while the PF is reset, and all of it afterwards */
static void irq_slow_over_reset(struct kunit *test)
{
	struct msi_msg msg;
	unsigned int before;

	make_sdi(test, &irq_slow_ops, true);
	KUNIT_ASSERT_EQ(test, 3, pci_sdi_alloc_irqs(box.sdi, 3, 3));
	KUNIT_ASSERT_EQ(test, 0, request(0));
	KUNIT_ASSERT_EQ(test, 0, request(1));
	msg = irqs.entry[0].msg;

	pci_sdi_freeze(to_sdi_core(box.sdi), true);
	before = irqs.stores;
	KUNIT_ASSERT_EQ(test, 0, request(2));
	unrequest(1);
	KUNIT_EXPECT_EQ(test, before, irqs.stores);

	thaw(box.sdi);
	KUNIT_EXPECT_EQ(test, before + 2, irqs.stores);
	KUNIT_EXPECT_MEMEQ(test, &msg, &irqs.entry[0].msg, sizeof(msg));
	KUNIT_EXPECT_FALSE(test, irqs.entry[2].masked);
	KUNIT_EXPECT_TRUE(test, irqs.entry[1].masked);

	KUNIT_EXPECT_EQ(test, 0, pci_sdi_reset(box.sdi));
	KUNIT_EXPECT_EQ(test, before + 4, irqs.stores);
	KUNIT_EXPECT_FALSE(test, irqs.entry[0].masked);

	unrequest(0);
	unrequest(2);
	KUNIT_EXPECT_EQ(test, 0, irqs.wrong_context);
}

/* A message that moves with its interrupt cannot be stored in time */
static void irq_slow_needs_remapping(struct kunit *test)
{
	struct kmsg_dump_iter mark;

	make_sdi(test, &irq_slow_ops, false);
	fake_kmsg_mark(&mark);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, pci_sdi_alloc_irqs(box.sdi, 1, 1));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&mark, LOGLEVEL_INFO,
						 "takes messages by command",
						 "needs interrupt remapping"));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			pci_sdi_alloc_irq_at(box.sdi, 0, NULL).index);
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_sdi_irq_vector(box.sdi, 0));
}

/* Moved with remapping, the device hears nothing of it */
static void irq_slow_moves(struct kunit *test)
{
	unsigned int before;

	make_sdi(test, &irq_slow_ops, true);
	KUNIT_ASSERT_EQ(test, 1, pci_sdi_alloc_irqs(box.sdi, 1, 1));
	KUNIT_ASSERT_EQ(test, 0, request(0));
	before = irqs.stores;
	move(box.sdi, 0);
	msleep(50);
	KUNIT_EXPECT_EQ(test, before, irqs.stores);
	unrequest(0);
}

/* The error goes to the log, and the next reset tries again */
static void irq_slow_refused(struct kunit *test)
{
	struct kmsg_dump_iter mark;

	make_sdi(test, &irq_slow_ops, true);
	KUNIT_ASSERT_EQ(test, 1, pci_sdi_alloc_irqs(box.sdi, 1, 1));
	fake_kmsg_mark(&mark);
	irqs.store_ret = -EIO;
	KUNIT_ASSERT_EQ(test, 0, request(0));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&mark, LOGLEVEL_ERR,
						 "interrupt 0:",
						 "did not take its message"));
	KUNIT_EXPECT_TRUE(test, irqs.entry[0].masked);

	irqs.store_ret = 0;
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_reset(box.sdi));
	KUNIT_EXPECT_FALSE(test, irqs.entry[0].masked);
	unrequest(0);
}

/* Without a command: as MSI-X, the message is written while it is masked */
static void irq_fast_stores(struct kunit *test)
{
	make_sdi(test, &irq_fast_ops, false);
	KUNIT_ASSERT_EQ(test, 2, pci_sdi_alloc_irqs(box.sdi, 2, 2));
	KUNIT_ASSERT_EQ(test, 0, request(0));
	KUNIT_EXPECT_EQ(test, ADDRESS, irqs.entry[0].msg.address_lo);
	KUNIT_EXPECT_FALSE(test, irqs.entry[0].masked);

	move(box.sdi, 0);
	KUNIT_EXPECT_EQ(test, 1, irqs.target);
	KUNIT_EXPECT_EQ(test, irqs.target, irqs.entry[0].msg.data >> 16);
	KUNIT_EXPECT_FALSE(test, irqs.entry[0].masked);

	pci_sdi_freeze(to_sdi_core(box.sdi), true);
	irqs.writes = 0;
	KUNIT_ASSERT_EQ(test, 0, request(1));
	KUNIT_EXPECT_EQ(test, 0, irqs.writes);
	thaw(box.sdi);
	KUNIT_EXPECT_FALSE(test, irqs.entry[1].masked);
	KUNIT_EXPECT_EQ(test, ADDRESS, irqs.entry[1].msg.address_lo);

	unrequest(0);
	unrequest(1);
	KUNIT_EXPECT_EQ(test, 0, irqs.wrong_context);
}

/* One by one, in whatever order, with or without some before */
static void irq_one_by_one(struct kunit *test)
{
	struct msi_map map[NR_IRQS_OF_SDI];
	int i;

	make_sdi(test, &irq_slow_ops, true);
	KUNIT_EXPECT_EQ(test, -ERANGE, pci_sdi_alloc_irq_at(box.sdi,
							    NR_IRQS_OF_SDI,
							    NULL).index);
	map[4] = pci_sdi_alloc_irq_at(box.sdi, 4, NULL);
	KUNIT_ASSERT_EQ(test, 4, map[4].index);
	KUNIT_EXPECT_EQ(test, map[4].virq, pci_sdi_irq_vector(box.sdi, 4));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			pci_sdi_alloc_irq_at(box.sdi, 4, NULL).index);
	KUNIT_ASSERT_EQ(test, 0, request(4));

	for (i = 0; i < NR_IRQS_OF_SDI; i++) {
		if (i == 4)
			continue;
		map[i] = pci_sdi_alloc_irq_at(box.sdi, MSI_ANY_INDEX, NULL);
		KUNIT_ASSERT_EQ(test, i, map[i].index);
		KUNIT_EXPECT_LT(test, 0, map[i].virq);
	}
	KUNIT_EXPECT_EQ(test, -ENOSPC, pci_sdi_alloc_irq_at(box.sdi,
							    MSI_ANY_INDEX,
							    NULL).index);
	KUNIT_EXPECT_EQ(test, -EBUSY, pci_sdi_alloc_irqs(box.sdi, 1, 1));

	/* Others do not notice that one goes, and its number can be had again */
	pci_sdi_free_irq_at(box.sdi, map[2]);
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_sdi_irq_vector(box.sdi, 2));
	KUNIT_EXPECT_EQ(test, map[4].virq, pci_sdi_irq_vector(box.sdi, 4));
	send(box.sdi, 4);
	KUNIT_EXPECT_EQ(test, 1, irqs.arrived);
	KUNIT_EXPECT_EQ(test, 2, pci_sdi_alloc_irq_at(box.sdi, MSI_ANY_INDEX,
						      NULL).index);
	unrequest(4);
	pci_sdi_free_irqs(box.sdi);
	KUNIT_EXPECT_EQ(test, NR_IRQS_OF_SDI,
			pci_sdi_alloc_irqs(box.sdi, 1, 64));
	pci_sdi_free_irqs(box.sdi);

	KUNIT_ASSERT_EQ(test, 2, pci_sdi_alloc_irqs(box.sdi, 2, 2));
	KUNIT_EXPECT_EQ(test, 2, pci_sdi_alloc_irq_at(box.sdi, MSI_ANY_INDEX,
						      NULL).index);
}

/* As many as the machine has, and an error if these are too few */
static void irq_few(struct kunit *test)
{
	make_sdi(test, &irq_fast_ops, false);
	irqs.limit = 3;
	KUNIT_EXPECT_EQ(test, -ENOSPC, pci_sdi_alloc_irqs(box.sdi, 4, 6));
	KUNIT_EXPECT_TRUE(test, bitmap_empty(irqs.used, NR_IRQS_OF_PARENT));
	KUNIT_EXPECT_EQ(test, 3, pci_sdi_alloc_irqs(box.sdi, 1, 6));
	pci_sdi_free_irqs(box.sdi);
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_sdi_alloc_irqs(box.sdi, 0, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_sdi_alloc_irqs(box.sdi, 3, 2));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			pci_sdi_alloc_irqs(box.sdi, NR_IRQS_OF_SDI + 1, 64));
}

static bool is_managed(unsigned int idx)
{
	int virq = pci_sdi_irq_vector(box.sdi, idx);

	return irqd_affinity_is_managed(irq_get_irq_data(virq));
}

/* Managed ones are spread, those before them are not. One CPU has no choice */
static void irq_spread(struct kunit *test)
{
	struct irq_affinity affd = { .pre_vectors = 1 };
	bool spread = IS_ENABLED(CONFIG_SMP);
	int n, want = NR_IRQS_OF_SDI;

	if (spread)
		want = min(want, 1 + (int)num_possible_cpus());

	make_sdi(test, &irq_fast_ops, false);
	n = pci_sdi_alloc_irqs_affinity(box.sdi, 2, NR_IRQS_OF_SDI, &affd);
	KUNIT_ASSERT_EQ(test, want, n);
	KUNIT_EXPECT_FALSE(test, is_managed(0));
	KUNIT_EXPECT_EQ(test, spread, is_managed(1));
	pci_sdi_free_irqs(box.sdi);

	/* As many as the machine has, spread again */
	irqs.limit = 2;
	KUNIT_EXPECT_EQ(test, 2, pci_sdi_alloc_irqs_affinity(box.sdi, 1,
							     NR_IRQS_OF_SDI,
							     &affd));
}

/* Two ways to store a message are one too many */
static void irq_two_ways(struct kunit *test)
{
	struct kmsg_dump_iter mark;
	struct fake_pci_fn *rp, *fn;

	memset(&irqs, 0, sizeof(irqs));
	memset(&box, 0, sizeof(box));
	irq_pf_driver.siov_ops = &irq_both_ops;
	KUNIT_ASSERT_EQ(test, 0, pci_register_driver(&irq_pf_driver));
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_register_driver(&irq_sdi_driver));
	fake_kmsg_mark(&mark);

	box.host = fake_pci_host_create(test, 0, 0xff);
	rp = fake_pci_add_port(box.host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	fn = fake_pci_add_endpoint(box.host, rp, 0);
	fake_pci_add_sdis(fn, 4, 1, 1);
	fake_pci_scan(box.host);
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&mark, LOGLEVEL_ERR,
						 irq_pf_driver.name,
						 "operations"));
}

static struct kunit_case irq_cases[] = {
	KUNIT_CASE(irq_slow_stores),
	KUNIT_CASE(irq_slow_masks_late),
	KUNIT_CASE(irq_slow_over_reset),
	KUNIT_CASE(irq_slow_needs_remapping),
	KUNIT_CASE(irq_slow_moves),
	KUNIT_CASE(irq_slow_refused),
	KUNIT_CASE(irq_fast_stores),
	KUNIT_CASE(irq_one_by_one),
	KUNIT_CASE(irq_few),
	KUNIT_CASE(irq_spread),
	KUNIT_CASE(irq_two_ways),
	{}
};

static struct kunit_suite irq_suite = {
	.name = "sdi_irq",
	.exit = irq_test_exit,
	.test_cases = irq_cases,
};

kunit_test_suite(irq_suite);
