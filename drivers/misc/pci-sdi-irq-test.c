// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of the emulated SDIs, in debugfs for tests
 *
 * Binds where driver_override says so. Tests find the SDI in the directory
 * pci_sdi_irq_test/<device> of debugfs:
 *
 * command	"alloc MIN MAX": allocate and request interrupts; "free".
 *		"spread MIN MAX": the same, spread over the CPUs.
 *		"add N", "add any": one more; "del N": one less.
 *		"send N": let the device send message N and wait for the end.
 *		"mask N", "unmask N": at the device, and at once.
 *		"reset": of the SDI, and let it send again.
 *		"as RID" lets a device that was made to do so lie about its
 *		Routing ID from then on, "as none" ends it.
 * irqs		a line an interrupt: its Linux number, how often it came, on
 *		which CPU the last time, and the message that is stored; zeros
 *		for a number that is free
 */

#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/irq.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/pci-siov.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "pci-siov-test.h"

#define MAX_IRQS		64
#define COMMAND_LEN		32
#define SEND_TIMEOUT_US		(2 * USEC_PER_SEC)

/**
 * struct sdi_irq - an interrupt
 * @virq: its Linux number, 0 if there is none
 * @count: how often it came
 * @cpu: where it came last
 */
struct sdi_irq {
	int virq;
	unsigned int count;
	unsigned int cpu;
};

/**
 * struct sdi_irq_test - an SDI
 * @sdi: the SDI
 * @regs: its page of registers
 * @lock: one command at a time
 * @irq: its interrupts
 * @nr: the last one that is requested, plus 1
 * @dir: in debugfs
 */
struct sdi_irq_test {
	struct pci_sdi *sdi;
	void __iomem *regs;
	struct mutex lock; /* see above */
	struct sdi_irq irq[MAX_IRQS];
	unsigned int nr;
	struct dentry *dir;
};

static struct dentry *root;

static irqreturn_t sdi_irq_handler(int virq, void *data)
{
	struct sdi_irq *irq = data;

	irq->cpu = smp_processor_id();
	WRITE_ONCE(irq->count, irq->count + 1);
	return IRQ_HANDLED;
}

static void release_one(struct sdi_irq *irq)
{
	if (irq->virq)
		free_irq(irq->virq, irq);
	irq->virq = 0;
}

static void free_all(struct sdi_irq_test *t)
{
	for (; t->nr; t->nr--)
		release_one(&t->irq[t->nr - 1]);

	pci_sdi_free_irqs(t->sdi);
}

/* Masking shall reach the device at once and not when the next one comes */
static int request_one(struct sdi_irq_test *t, unsigned int n)
{
	int ret, virq = pci_sdi_irq_vector(t->sdi, n);
	struct sdi_irq *irq = &t->irq[n];

	if (virq < 0)
		return virq;

	*irq = (struct sdi_irq) { };
	irq_set_status_flags(virq, IRQ_DISABLE_UNLAZY);
	ret = request_irq(virq, sdi_irq_handler, 0, dev_name(&t->sdi->dev),
			  irq);
	if (ret)
		return ret;

	irq->virq = virq;
	t->nr = max(t->nr, n + 1);
	return 0;
}

static int alloc_all(struct sdi_irq_test *t, unsigned int min, unsigned int max,
		     struct irq_affinity *affd)
{
	int i, n, ret;

	max = min_t(unsigned int, max, MAX_IRQS);
	n = affd ? pci_sdi_alloc_irqs_affinity(t->sdi, min, max, affd) :
		   pci_sdi_alloc_irqs(t->sdi, min, max);
	if (n < 0)
		return n;

	for (i = 0; i < n; i++) {
		ret = request_one(t, i);
		if (ret) {
			free_all(t);
			return ret;
		}
	}

	return 0;
}

static int add_one(struct sdi_irq_test *t, unsigned int n)
{
	struct msi_map map = pci_sdi_alloc_irq_at(t->sdi, n, NULL);
	int ret;

	if (map.index < 0)
		return map.index;

	ret = map.index < MAX_IRQS ? request_one(t, map.index) : -E2BIG;
	if (ret)
		pci_sdi_free_irq_at(t->sdi, map);

	return ret;
}

static int delete_one(struct sdi_irq_test *t, unsigned int n)
{
	struct msi_map map = { .index = n };

	if (n >= t->nr || !t->irq[n].virq)
		return -EINVAL;

	map.virq = t->irq[n].virq;
	release_one(&t->irq[n]);
	pci_sdi_free_irq_at(t->sdi, map);
	return 0;
}

static int send_one(struct sdi_irq_test *t, unsigned int n)
{
	u32 result;
	int ret;

	if (n > FIELD_MAX(SIOV_TEST_CMD_VECTOR))
		return -EINVAL;

	writel(SIOV_TEST_CMD_MSI | FIELD_PREP(SIOV_TEST_CMD_VECTOR, n),
	       t->regs + SIOV_TEST_PG_CMD);
	ret = readl_poll_timeout(t->regs + SIOV_TEST_PG_RESULT, result,
				 FIELD_GET(SIOV_TEST_RESULT_CODE, result) !=
				 SIOV_TEST_RESULT_BUSY, 20, SEND_TIMEOUT_US);
	if (ret)
		return ret;

	return FIELD_GET(SIOV_TEST_RESULT_CODE, result) ==
	       SIOV_TEST_RESULT_OK ? 0 : -EIO;
}

static int mask_one(struct sdi_irq_test *t, unsigned int n, bool mask)
{
	if (n >= t->nr || !t->irq[n].virq)
		return -EINVAL;

	if (mask)
		disable_irq(t->irq[n].virq);
	else
		enable_irq(t->irq[n].virq);

	return 0;
}

static int reset(struct sdi_irq_test *t)
{
	return pci_sdi_reset(t->sdi) ?: pci_sdi_set_master(t->sdi, true);
}

static int run_command(struct sdi_irq_test *t, const char *line)
{
	struct irq_affinity affd = { };
	unsigned int a, b;
	u16 rid;

	if (sscanf(line, "alloc %u %u", &a, &b) == 2)
		return t->nr ? pci_sdi_alloc_irqs(t->sdi, a, b) :
			       alloc_all(t, a, b, NULL);
	if (sscanf(line, "spread %u %u", &a, &b) == 2)
		return alloc_all(t, a, b, &affd);
	if (sscanf(line, "add %u", &a) == 1)
		return add_one(t, a);
	if (!strcmp(line, "add any"))
		return add_one(t, MSI_ANY_INDEX);
	if (sscanf(line, "del %u", &a) == 1)
		return delete_one(t, a);
	if (sscanf(line, "send %u", &a) == 1)
		return send_one(t, a);
	if (sscanf(line, "mask %u", &a) == 1)
		return mask_one(t, a, true);
	if (sscanf(line, "unmask %u", &a) == 1)
		return mask_one(t, a, false);
	if (sscanf(line, "as %hi", &rid) == 1) {
		writel(SIOV_TEST_AS_RID_ON | rid,
		       t->regs + SIOV_TEST_PG_AS_RID);
		return 0;
	}
	if (!strcmp(line, "as none")) {
		writel(0, t->regs + SIOV_TEST_PG_AS_RID);
		return 0;
	}
	if (!strcmp(line, "reset"))
		return reset(t);
	if (!strcmp(line, "free")) {
		free_all(t);
		return 0;
	}

	return -EINVAL;
}

static ssize_t command_write(struct file *file, const char __user *user,
			     size_t count, loff_t *pos)
{
	struct sdi_irq_test *t = file->private_data;
	char line[COMMAND_LEN];
	int ret;

	if (count >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, user, count))
		return -EFAULT;

	line[count] = '\0';
	guard(mutex)(&t->lock);
	ret = run_command(t, strim(line));

	return ret < 0 ? ret : count;
}

static const struct file_operations command_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = command_write,
};

static int irqs_show(struct seq_file *m, void *unused)
{
	struct sdi_irq_test *t = m->private;
	struct msi_msg msg;
	unsigned int i;

	guard(mutex)(&t->lock);
	for (i = 0; i < t->nr; i++) {
		msg = (struct msi_msg) { };
		if (t->irq[i].virq)
			get_cached_msi_msg(t->irq[i].virq, &msg);
		seq_printf(m, "%d %u %u %08x:%08x:%08x\n", t->irq[i].virq,
			   READ_ONCE(t->irq[i].count), t->irq[i].cpu,
			   msg.address_hi, msg.address_lo, msg.data);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(irqs);

static int sdi_irq_test_probe(struct pci_sdi *sdi)
{
	struct sdi_irq_test *t;
	int ret;

	t = devm_kzalloc(&sdi->dev, sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;

	t->sdi = sdi;
	mutex_init(&t->lock);
	t->regs = pci_sdi_iomap(sdi, 0);
	if (!t->regs)
		return -ENODEV;

	ret = pci_sdi_set_master(sdi, true);
	if (ret) {
		iounmap(t->regs);
		return ret;
	}

	dev_set_drvdata(&sdi->dev, t);
	t->dir = debugfs_create_dir(dev_name(&sdi->dev), root);
	debugfs_create_file("command", 0200, t->dir, t, &command_fops);
	debugfs_create_file("irqs", 0400, t->dir, t, &irqs_fops);

	return 0;
}

static void sdi_irq_test_remove(struct pci_sdi *sdi)
{
	struct sdi_irq_test *t = dev_get_drvdata(&sdi->dev);

	debugfs_remove_recursive(t->dir);
	pci_sdi_notify_stop(sdi);
	pci_sdi_set_master(sdi, false);
	free_all(t);
	iounmap(t->regs);
	mutex_destroy(&t->lock);
}

/* The core has stored the messages again */
static void sdi_irq_test_reset_done(struct pci_sdi *sdi, int error)
{
	if (!error)
		pci_sdi_set_master(sdi, true);
}

static struct pci_sdi_driver sdi_irq_test_driver = {
	.driver.name	= "pci-sdi-irq-test",
	.probe		= sdi_irq_test_probe,
	.remove		= sdi_irq_test_remove,
	.reset_done	= sdi_irq_test_reset_done,
};

static int __init sdi_irq_test_init(void)
{
	int ret;

	root = debugfs_create_dir("pci_sdi_irq_test", NULL);
	ret = pci_sdi_register_driver(&sdi_irq_test_driver);
	if (ret)
		debugfs_remove_recursive(root);

	return ret;
}
module_init(sdi_irq_test_init);

static void __exit sdi_irq_test_exit(void)
{
	pci_sdi_unregister_driver(&sdi_irq_test_driver);
	debugfs_remove_recursive(root);
}
module_exit(sdi_irq_test_exit);

MODULE_DESCRIPTION("Interrupts of emulated SIOV Scalable Device Interfaces");
MODULE_LICENSE("GPL");
