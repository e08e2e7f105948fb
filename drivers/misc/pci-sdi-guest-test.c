// SPDX-License-Identifier: GPL-2.0
/*
 * Driver of an emulated SDI that was given to a virtual machine
 *
 * What a guest gets of an SDI is a PCI function, composed by vfio-siov on the
 * host, so this is a plain PCI driver and knows nothing of SIOV. Writing 1 to
 * the attribute "run" lets the function's engine fill memory and copy it, waits
 * for the interrupt of each, and checks the memory; the write fails if anything
 * is not as it should be, and the log says what.
 */

#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "pci-siov-test.h"

#define VECTORS_USED	2
/* Not a page, so that the engine has to split what it is asked for */
#define LEN		(SZ_8K + SZ_1K)
#define PATTERN		0x6e573d11
#define TIMEOUT		(5 * HZ)

/**
 * struct sdi_guest - the function
 * @pdev: the function
 * @regs: BAR 0, the page of the SDI
 * @lock: one command at a time
 * @done: completed by the interrupt of each vector
 * @buf: memory for the device, twice %LEN
 * @dma: where the device finds it
 */
struct sdi_guest {
	struct pci_dev *pdev;
	void __iomem *regs;
	struct mutex lock; /* see above */
	struct completion done[VECTORS_USED];
	__le32 *buf;
	dma_addr_t dma;
};

static irqreturn_t sdi_guest_handler(int irq, void *done)
{
	complete(done);
	return IRQ_HANDLED;
}

static int run_command(struct sdi_guest *g, u32 cmd, unsigned int vector)
{
	unsigned long left;
	u32 result;

	reinit_completion(&g->done[vector]);
	writel(cmd | SIOV_TEST_CMD_INTR |
	       FIELD_PREP(SIOV_TEST_CMD_VECTOR, vector),
	       g->regs + SIOV_TEST_PG_CMD);
	left = wait_for_completion_timeout(&g->done[vector], TIMEOUT);

	result = readl(g->regs + SIOV_TEST_PG_RESULT);
	if (left && FIELD_GET(SIOV_TEST_RESULT_CODE, result) ==
		    SIOV_TEST_RESULT_OK)
		return 0;

	pci_err(g->pdev, "command %u: %s interrupt %u, result %#x\n", cmd,
		left ? "took" : "no", vector, result);
	return left ? -EIO : -ETIMEDOUT;
}

static int check(struct sdi_guest *g, const char *what, const __le32 *words)
{
	unsigned int i;

	for (i = 0; i < LEN / sizeof(*words); i++) {
		if (le32_to_cpu(words[i]) == PATTERN)
			continue;

		pci_err(g->pdev, "%s: word %u is %#x, not %#x\n", what, i,
			le32_to_cpu(words[i]), PATTERN);
		return -EILSEQ;
	}

	return 0;
}

static int fill_and_copy(struct sdi_guest *g)
{
	int ret;

	memset(g->buf, 0, 2 * LEN);
	writeq(g->dma, g->regs + SIOV_TEST_PG_DST);
	writel(LEN, g->regs + SIOV_TEST_PG_LEN);
	writel(PATTERN, g->regs + SIOV_TEST_PG_PATTERN);
	ret = run_command(g, SIOV_TEST_CMD_FILL, 0) ?:
	      check(g, "fill", g->buf);
	if (ret)
		return ret;

	writeq(g->dma, g->regs + SIOV_TEST_PG_SRC);
	writeq(g->dma + LEN, g->regs + SIOV_TEST_PG_DST);
	return run_command(g, SIOV_TEST_CMD_COPY, 1) ?:
	       check(g, "copy", g->buf + LEN / sizeof(*g->buf));
}

static ssize_t run_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	struct sdi_guest *g = dev_get_drvdata(dev);
	bool run;
	int ret;

	ret = kstrtobool(buf, &run);
	if (ret)
		return ret;
	if (!run)
		return -EINVAL;

	guard(mutex)(&g->lock);
	ret = fill_and_copy(g);
	if (ret)
		return ret;

	pci_info(g->pdev, "filled and copied %u bytes\n", LEN);
	return count;
}
static DEVICE_ATTR_WO(run);

static struct attribute *sdi_guest_attrs[] = {
	&dev_attr_run.attr,
	NULL
};
ATTRIBUTE_GROUPS(sdi_guest);

static int request_vectors(struct sdi_guest *g)
{
	unsigned int i;
	int ret;

	ret = pci_alloc_irq_vectors(g->pdev, VECTORS_USED, VECTORS_USED,
				    PCI_IRQ_MSIX);
	if (ret < 0)
		return dev_err_probe(&g->pdev->dev, ret,
				     "no %u MSI-X vectors\n", VECTORS_USED);

	for (i = 0; i < VECTORS_USED; i++) {
		init_completion(&g->done[i]);
		ret = devm_request_irq(&g->pdev->dev,
				       pci_irq_vector(g->pdev, i),
				       sdi_guest_handler, 0, KBUILD_MODNAME,
				       &g->done[i]);
		if (ret)
			return ret;
	}

	return 0;
}

static int sdi_guest_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct sdi_guest *g;
	int ret;

	g = devm_kzalloc(&pdev->dev, sizeof(*g), GFP_KERNEL);
	if (!g)
		return -ENOMEM;

	g->pdev = pdev;
	pci_set_drvdata(pdev, g);
	ret = devm_mutex_init(&pdev->dev, &g->lock);
	if (ret)
		return ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;

	g->regs = pcim_iomap_region(pdev, 0, KBUILD_MODNAME);
	if (IS_ERR(g->regs))
		return PTR_ERR(g->regs);

	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;

	g->buf = dmam_alloc_coherent(&pdev->dev, 2 * LEN, &g->dma, GFP_KERNEL);
	if (!g->buf)
		return -ENOMEM;

	ret = request_vectors(g);
	if (ret)
		return ret;

	pci_set_master(pdev);
	return 0;
}

/* Nothing is on the way when the memory is freed */
static void sdi_guest_remove(struct pci_dev *pdev)
{
	pci_clear_master(pdev);
}

static const struct pci_device_id sdi_guest_ids[] = {
	{ PCI_DEVICE(SIOV_TEST_VENDOR_ID, SIOV_TEST_SDI_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, sdi_guest_ids);

static struct pci_driver sdi_guest_driver = {
	.name		= "pci-sdi-guest-test",
	.id_table	= sdi_guest_ids,
	.probe		= sdi_guest_probe,
	.remove		= sdi_guest_remove,
	.dev_groups	= sdi_guest_groups,
};
module_pci_driver(sdi_guest_driver);

MODULE_DESCRIPTION("Driver of an emulated SDI in a virtual machine");
MODULE_LICENSE("GPL");
