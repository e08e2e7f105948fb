// SPDX-License-Identifier: GPL-2.0
/*
 * A driver of a SIOV Physical Function (PF), as its vendor would begin it
 *
 * It was written with two documents at hand: Documentation/PCI/siov-howto.rst
 * for the kernel's side, and tools/qemu/docs/specs/siov-testdev.rst as the data
 * sheet of the device. It has what a first version needs: SDIs with registers,
 * interrupts and DMA, by polled registers. Those who have more to say to their
 * device look at drivers/misc/pci-siov-test.c and pci-siov-managed.c.
 *
 * Answers to the questions of "From the data sheet to the first SDI":
 * 1. An SDI is enabled by ENABLE in its control block; STATUS has CHANGING until
 *    that is done.
 * 2. The device computes Routing IDs itself.
 * 3. MASTER off, or RESET until the bit reads as 0: then nothing is on the way.
 * 4. RESET forgets registers and messages.
 * 5. The page in BAR 2 is the user's, the control block in BAR 4 is ours.
 * 6. Messages are registers of the control block.
 * 7. Nothing can be chosen.
 * 8. There is no ATS.
 */

#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/pci-siov.h>

#define EXAMPLE_SDI_DEVICE_ID	0x5109

/* BAR 0 */
#define EXAMPLE_BAR_CTRL	0
#define EXAMPLE_MAGIC		0x000
#define EXAMPLE_MAGIC_VALUE	0x564f4953
#define EXAMPLE_FEATURES	0x008
#define EXAMPLE_FEATURE_QUEUE	BIT(7)
#define EXAMPLE_TOTAL		0x00c
#define EXAMPLE_PAGE_SIZE	0x018
#define EXAMPLE_BLOCK_SIZE	0x01c

/* BAR 2: a page an SDI */
#define EXAMPLE_BAR_PAGES	2

/* BAR 4: a control block an SDI */
#define EXAMPLE_BAR_BLOCKS	4
#define EXAMPLE_CTRL		0x00
#define EXAMPLE_CTRL_ENABLE	BIT(0)
#define EXAMPLE_CTRL_RESET	BIT(1)
#define EXAMPLE_CTRL_MASTER	BIT(2)
#define EXAMPLE_STATUS		0x04
#define EXAMPLE_STATUS_ENABLED	BIT(0)
#define EXAMPLE_STATUS_CHANGING	BIT(2)
#define EXAMPLE_STATUS_ERROR	GENMASK(15, 8)
#define EXAMPLE_VECTORS		0x20
#define EXAMPLE_MSG(n)		(0x40 + 16 * (n))

/* How long the device may take for anything */
#define EXAMPLE_TIMEOUT_US	(500 * USEC_PER_MSEC)

/**
 * struct example - a PF
 * @ctrl: BAR 0
 * @blocks: BAR 4
 * @page_size: distance of two SDIs in BAR 2
 * @block_size: distance of two SDIs in BAR 4
 * @total: number of SDIs
 */
struct example {
	void __iomem *ctrl;
	void __iomem *blocks;
	u32 page_size;
	u32 block_size;
	u32 total;
};

static void __iomem *block_of(const struct pci_sdi *sdi)
{
	const struct example *ex = pci_get_drvdata(sdi->pf);

	return ex->blocks + (size_t)sdi->index * ex->block_size;
}

/* Wait until the device has done what the last write to CTRL asked for */
static int example_wait(void __iomem *block)
{
	u32 status, ctrl;
	int ret;

	ret = readl_poll_timeout(block + EXAMPLE_STATUS, status,
				 !(status & EXAMPLE_STATUS_CHANGING) ||
				 PCI_POSSIBLE_ERROR(status),
				 20, EXAMPLE_TIMEOUT_US);
	if (ret)
		return ret;
	/* The device is gone */
	if (PCI_POSSIBLE_ERROR(status))
		return -ENODEV;
	if (FIELD_GET(EXAMPLE_STATUS_ERROR, status))
		return -EIO;

	return readl_poll_timeout(block + EXAMPLE_CTRL, ctrl,
				  !(ctrl & EXAMPLE_CTRL_RESET),
				  20, EXAMPLE_TIMEOUT_US);
}

static int example_ctrl(const struct pci_sdi *sdi, u32 ctrl)
{
	writel(ctrl, block_of(sdi) + EXAMPLE_CTRL);
	return example_wait(block_of(sdi));
}

static int example_enable(struct pci_sdi *sdi)
{
	int ret = example_ctrl(sdi, EXAMPLE_CTRL_ENABLE);

	/* What was given up must not happen later */
	if (ret == -ETIMEDOUT)
		writel(0, block_of(sdi) + EXAMPLE_CTRL);

	return ret;
}

static int example_sdi_init(struct pci_sdi *sdi)
{
	const struct example *ex = pci_get_drvdata(sdi->pf);

	if (sdi->index >= ex->total)
		return -ERANGE;

	sdi->ids.device = EXAMPLE_SDI_DEVICE_ID;
	sdi->nr_irqs = readl(block_of(sdi) + EXAMPLE_VECTORS);
	sdi->region[0].start = pci_resource_start(sdi->pf, EXAMPLE_BAR_PAGES) +
			       (resource_size_t)sdi->index * ex->page_size;
	sdi->region[0].size = ex->page_size;

	return example_enable(sdi);
}

static void example_sdi_release(struct pci_sdi *sdi)
{
	int ret = example_ctrl(sdi, 0);

	if (ret && ret != -ENODEV)
		pci_err(sdi->pf, "SDI %u: not disabled: %d\n", sdi->index, ret);
}

static int example_sdi_reset(struct pci_sdi *sdi)
{
	u32 status = readl(block_of(sdi) + EXAMPLE_STATUS);

	if (PCI_POSSIBLE_ERROR(status))
		return -ENODEV;

	/* The PF was reset, and has forgotten the SDI */
	if (!(status & EXAMPLE_STATUS_ENABLED))
		return example_enable(sdi);

	return example_ctrl(sdi, EXAMPLE_CTRL_ENABLE | EXAMPLE_CTRL_RESET);
}

static int example_sdi_set_master(struct pci_sdi *sdi, bool on)
{
	return example_ctrl(sdi, EXAMPLE_CTRL_ENABLE |
				 (on ? EXAMPLE_CTRL_MASTER : 0));
}

static void example_msi_write(struct pci_sdi *sdi, unsigned int idx,
			      const struct msi_msg *msg)
{
	void __iomem *entry = block_of(sdi) + EXAMPLE_MSG(idx);

	writel(msg->address_lo, entry);
	writel(msg->address_hi, entry + 4);
	writel(msg->data, entry + 8);
}

static void example_msi_mask(struct pci_sdi *sdi, unsigned int idx, bool mask)
{
	void __iomem *entry = block_of(sdi) + EXAMPLE_MSG(idx);

	writel(mask, entry + 12);
	/* When this returns the message is not sent any more */
	readl(entry + 12);
}

static const struct pci_siov_ops example_ops = {
	.sdi_init	= example_sdi_init,
	.sdi_release	= example_sdi_release,
	.sdi_reset	= example_sdi_reset,
	.sdi_set_master	= example_sdi_set_master,
	.msi_write	= example_msi_write,
	.msi_mask	= example_msi_mask,
};

static int example_map(struct pci_dev *pdev, struct example *ex)
{
	ex->ctrl = pcim_iomap_region(pdev, EXAMPLE_BAR_CTRL, KBUILD_MODNAME);
	if (IS_ERR(ex->ctrl))
		return PTR_ERR(ex->ctrl);

	if (readl(ex->ctrl + EXAMPLE_MAGIC) != EXAMPLE_MAGIC_VALUE ||
	    readl(ex->ctrl + EXAMPLE_FEATURES) & EXAMPLE_FEATURE_QUEUE)
		return dev_err_probe(&pdev->dev, -ENODEV,
				     "not a device that this example knows\n");

	ex->blocks = pcim_iomap_region(pdev, EXAMPLE_BAR_BLOCKS, KBUILD_MODNAME);
	if (IS_ERR(ex->blocks))
		return PTR_ERR(ex->blocks);

	ex->page_size = readl(ex->ctrl + EXAMPLE_PAGE_SIZE);
	ex->block_size = readl(ex->ctrl + EXAMPLE_BLOCK_SIZE);
	ex->total = readl(ex->ctrl + EXAMPLE_TOTAL);
	return 0;
}

static int example_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct example *ex;
	int ret;

	ex = devm_kzalloc(&pdev->dev, sizeof(*ex), GFP_KERNEL);
	if (!ex)
		return -ENOMEM;
	pci_set_drvdata(pdev, ex);

	/* Before the device is used: what an earlier owner left must not run */
	if (pci_siov_stop_left_over(pdev))
		pci_warn(pdev, "could not stop the SDIs of an earlier owner\n");

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;

	ret = example_map(pdev, ex);
	if (ret)
		return ret;

	/* SDIs send nothing while the PF may not */
	pci_set_master(pdev);
	return 0;
}

/* By now the core has destroyed all SDIs */
static void example_remove(struct pci_dev *pdev)
{
	pci_clear_master(pdev);
}

static const struct pci_device_id example_ids[] = {
	{ PCI_DEVICE(0x1234, 0x5107) },
	{ }
};
MODULE_DEVICE_TABLE(pci, example_ids);

static struct pci_driver example_driver = {
	.name		= "siov-example",
	.id_table	= example_ids,
	.probe		= example_probe,
	.remove		= example_remove,
	.siov_ops	= &example_ops,
};
module_pci_driver(example_driver);

MODULE_DESCRIPTION("A vendor's driver of a SIOV Physical Function");
MODULE_LICENSE("GPL");
