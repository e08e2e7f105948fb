// SPDX-License-Identifier: GPL-2.0
/*
 * Driver of the emulated SIOV Physical Function (PF)
 *
 * The smallest driver that lets the PCI core create Scalable Device Interfaces
 * (SDIs) on a device: it finds the device's registers and implements struct
 * pci_siov_ops. All else (Routing IDs, IOMMU, interrupts, sysfs, VFIO) is the
 * core's. A driver for real hardware may begin as a copy of it; what a copy
 * does not need is marked as a test aid.
 *
 * The control block of one SDI is independent of that of any other, so there is
 * no lock. A device with shared registers needs one.
 */

#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/debugfs.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/pci-siov.h>
#include <linux/seq_file.h>

#include "pci-siov-test.h"

/* How long the device takes to end the requests in flight, at most */
#define RESET_TIMEOUT_US	(500 * USEC_PER_MSEC)
#define RESET_POLL_US		20

/**
 * struct siov_test - a PF
 * @pdev: the PF
 * @ctrl: BAR 0
 * @blocks: BAR 4, control blocks of the SDIs
 * @block_size: distance of two control blocks, in bytes
 * @page_size: distance of two SDIs' pages in BAR 2, in bytes
 * @total: number of SDIs
 * @vectors: interrupt messages of each
 * @features: %SIOV_TEST_FEAT_*
 * @engine: the PF's own engine, a test aid
 */
struct siov_test {
	struct pci_dev *pdev;
	void __iomem *ctrl;
	void __iomem *blocks;
	u32 block_size;
	u32 page_size;
	u32 total;
	u32 vectors;
	u32 features;
	struct siov_test_engine *engine;
};

static void __iomem *sdi_block(const struct pci_sdi *sdi)
{
	const struct siov_test *st = pci_get_drvdata(sdi->pf);

	return st->blocks + (size_t)sdi->index * st->block_size;
}

/* Why the device refused the last write to @block */
static int block_error(void __iomem *block)
{
	u32 status = readl(block + SIOV_TEST_BLK_STATUS);

	if (PCI_POSSIBLE_ERROR(status))
		return -ENODEV;

	switch (FIELD_GET(SIOV_TEST_BLK_ERROR, status)) {
	case 0:
		return 0;
	case SIOV_TEST_ERR_NO_RID:
	case SIOV_TEST_ERR_NOT_ALLOWED:
		return -ENXIO;
	case SIOV_TEST_ERR_ENABLED:
	case SIOV_TEST_ERR_BUSY:
		return -EBUSY;
	case SIOV_TEST_ERR_UNSUPPORTED:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

/* A strided Routing ID is the device's own business */
static int set_rid(const struct pci_sdi *sdi, void __iomem *block)
{
	u32 want = SIOV_TEST_BLK_RID_VALID | sdi->rid;
	u32 now = readl(block + SIOV_TEST_BLK_RID);

	if ((now & (SIOV_TEST_BLK_RID_VALID | SIOV_TEST_BLK_RID_VALUE)) == want)
		return 0;

	writel(SIOV_TEST_BLK_RID_SOFTWARE | sdi->rid,
	       block + SIOV_TEST_BLK_RID);
	return block_error(block);
}

static int enable_sdi(const struct pci_sdi *sdi, void __iomem *block)
{
	int ret;

	ret = set_rid(sdi, block);
	if (ret)
		return ret;

	writel(SIOV_TEST_BLK_ENABLE, block + SIOV_TEST_BLK_CTRL);
	return block_error(block);
}

static int siov_test_sdi_init(struct pci_sdi *sdi)
{
	const struct siov_test *st = pci_get_drvdata(sdi->pf);

	if (sdi->index >= st->total)
		return -ERANGE;

	sdi->ids.device = SIOV_TEST_SDI_DEVICE_ID;
	sdi->nr_irqs = st->vectors;
	sdi->region[0].start = pci_resource_start(sdi->pf,
						  SIOV_TEST_BAR_PAGES) +
			       (resource_size_t)sdi->index * st->page_size;
	sdi->region[0].size = st->page_size;

	return enable_sdi(sdi, sdi_block(sdi));
}

static void siov_test_sdi_release(struct pci_sdi *sdi)
{
	writel(0, sdi_block(sdi) + SIOV_TEST_BLK_CTRL);
}

static int siov_test_sdi_reset(struct pci_sdi *sdi)
{
	void __iomem *block = sdi_block(sdi);
	u32 status = readl(block + SIOV_TEST_BLK_STATUS);
	u32 ctrl;
	int ret;

	if (PCI_POSSIBLE_ERROR(status))
		return -ENODEV;

	/* The PF was reset: as new, and disabled */
	if (!(status & SIOV_TEST_BLK_ENABLED))
		return enable_sdi(sdi, block);

	writel(SIOV_TEST_BLK_ENABLE | SIOV_TEST_BLK_RESET,
	       block + SIOV_TEST_BLK_CTRL);
	ret = readl_poll_timeout(block + SIOV_TEST_BLK_CTRL, ctrl,
				 !(ctrl & SIOV_TEST_BLK_RESET) ||
				 PCI_POSSIBLE_ERROR(ctrl),
				 RESET_POLL_US, RESET_TIMEOUT_US);
	if (!ret && PCI_POSSIBLE_ERROR(ctrl))
		ret = -ENODEV;

	return ret;
}

static int siov_test_sdi_set_master(struct pci_sdi *sdi, bool on)
{
	void __iomem *block = sdi_block(sdi);

	writel(SIOV_TEST_BLK_ENABLE | (on ? SIOV_TEST_BLK_MASTER : 0),
	       block + SIOV_TEST_BLK_CTRL);
	/* Requests were sent before the answer to this, or never */
	return block_error(block);
}

static int siov_test_rid_allow(struct pci_dev *pf,
			       const struct pci_rid_span *spans,
			       unsigned int n)
{
	const struct siov_test *st = pci_get_drvdata(pf);
	unsigned int i;

	if (!(st->features & SIOV_TEST_FEAT_SOFTWARE))
		return -EOPNOTSUPP;
	if (!(st->features & SIOV_TEST_FEAT_ALLOWLIST))
		return 0;

	unsigned long *rids __free(bitmap) =
		bitmap_zalloc(SIOV_TEST_ALLOWLIST_SIZE * BITS_PER_BYTE,
			      GFP_KERNEL);
	if (!rids)
		return -ENOMEM;

	for (i = 0; i < n; i++)
		bitmap_set(rids, spans[i].first,
			   spans[i].last - spans[i].first + 1);
	for (i = 0; i < SIOV_TEST_ALLOWLIST_SIZE; i += sizeof(u32))
		writel(bitmap_read(rids, i * BITS_PER_BYTE, 32),
		       st->ctrl + SIOV_TEST_ALLOWLIST + i);

	return 0;
}

static void siov_test_msi_write(struct pci_sdi *sdi, unsigned int idx,
				const struct msi_msg *msg)
{
	void __iomem *entry = sdi_block(sdi) + SIOV_TEST_BLK_MSG(idx);

	writel(msg->address_lo, entry + SIOV_TEST_MSG_ADDR_LO);
	writel(msg->address_hi, entry + SIOV_TEST_MSG_ADDR_HI);
	writel(msg->data, entry + SIOV_TEST_MSG_DATA);
}

static void siov_test_msi_mask(struct pci_sdi *sdi, unsigned int idx, bool mask)
{
	void __iomem *entry = sdi_block(sdi) + SIOV_TEST_BLK_MSG(idx);

	writel(mask ? SIOV_TEST_MSG_MASK : 0, entry + SIOV_TEST_MSG_CTRL);
	readl(entry + SIOV_TEST_MSG_CTRL);
}

static const struct pci_siov_ops siov_test_ops = {
	.sdi_init	= siov_test_sdi_init,
	.sdi_release	= siov_test_sdi_release,
	.sdi_reset	= siov_test_sdi_reset,
	.sdi_set_master	= siov_test_sdi_set_master,
	.rid_allow	= siov_test_rid_allow,
	.msi_write	= siov_test_msi_write,
	.msi_mask	= siov_test_msi_mask,
};

/* Test aid */
static int counters_show(struct seq_file *m, void *unused)
{
	struct siov_test *st = m->private;
	int i;

	for (i = 0; i < SIOV_TEST_NUM_COUNTERS; i++)
		seq_printf(m, "%d %llu\n", i,
			   readq(st->ctrl + SIOV_TEST_COUNTER(i)));

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static void siov_test_engine_remove(void *engine)
{
	siov_test_engine_del(engine);
}

/* Test aid */
static int add_engine(struct siov_test *st)
{
	st->engine = siov_test_engine_add(&st->pdev->dev,
					  st->ctrl + SIOV_TEST_PF_ENGINE);
	if (IS_ERR(st->engine))
		return PTR_ERR(st->engine);

	debugfs_create_file("counters", 0400, siov_test_engine_dir(st->engine),
			    st, &counters_fops);
	return devm_add_action_or_reset(&st->pdev->dev, siov_test_engine_remove,
					st->engine);
}

static int identify(struct siov_test *st)
{
	u32 version = readl(st->ctrl + SIOV_TEST_VERSION);

	if (readl(st->ctrl + SIOV_TEST_MAGIC) != SIOV_TEST_MAGIC_VALUE ||
	    FIELD_GET(SIOV_TEST_VERSION_MAJOR, version) != 1)
		return dev_err_probe(&st->pdev->dev, -ENODEV,
				     "unknown device, version %#x\n", version);

	st->features = readl(st->ctrl + SIOV_TEST_FEATURES);
	st->vectors = readl(st->ctrl + SIOV_TEST_VECTORS);
	st->page_size = readl(st->ctrl + SIOV_TEST_PAGE_SIZE);
	st->block_size = readl(st->ctrl + SIOV_TEST_BLOCK_SIZE);
	st->total = readl(st->ctrl + SIOV_TEST_TOTAL);
	st->total = min(st->total,
			pci_resource_len(st->pdev, SIOV_TEST_BAR_PAGES) /
			st->page_size);

	return 0;
}

static int siov_test_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct siov_test *st;
	int ret;

	st = devm_kzalloc(&pdev->dev, sizeof(*st), GFP_KERNEL);
	if (!st)
		return -ENOMEM;

	st->pdev = pdev;
	pci_set_drvdata(pdev, st);

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;

	st->ctrl = pcim_iomap_region(pdev, SIOV_TEST_BAR_CTRL, KBUILD_MODNAME);
	if (IS_ERR(st->ctrl))
		return PTR_ERR(st->ctrl);

	/* Absent where the device is told to have no SDIs */
	if (pci_resource_len(pdev, SIOV_TEST_BAR_BLOCKS)) {
		st->blocks = pcim_iomap_region(pdev, SIOV_TEST_BAR_BLOCKS,
					       KBUILD_MODNAME);
		if (IS_ERR(st->blocks))
			return PTR_ERR(st->blocks);
	}

	ret = identify(st);
	if (ret)
		return ret;

	/* SDIs send nothing while the PF may not */
	pci_set_master(pdev);

	return add_engine(st);
}

/* The core has destroyed all SDIs */
static void siov_test_remove(struct pci_dev *pdev)
{
	pci_disable_sriov(pdev);
	pci_clear_master(pdev);
}

static void siov_test_reset_prepare(struct pci_dev *pdev)
{
	struct siov_test *st = pci_get_drvdata(pdev);

	siov_test_engine_pause(st->engine, true);
}

/* The core brings each SDI back by its reset operation */
static void siov_test_reset_done(struct pci_dev *pdev)
{
	struct siov_test *st = pci_get_drvdata(pdev);

	siov_test_engine_pause(st->engine, false);
}

static pci_ers_result_t siov_test_error_detected(struct pci_dev *pdev,
						 pci_channel_state_t state)
{
	if (state == pci_channel_io_perm_failure)
		return PCI_ERS_RESULT_DISCONNECT;
	if (state == pci_channel_io_frozen)
		return PCI_ERS_RESULT_NEED_RESET;

	return PCI_ERS_RESULT_CAN_RECOVER;
}

/* What is restored was saved before probe */
static pci_ers_result_t siov_test_slot_reset(struct pci_dev *pdev)
{
	pci_restore_state(pdev);
	if (pci_reenable_device(pdev))
		return PCI_ERS_RESULT_DISCONNECT;

	pci_set_master(pdev);
	return PCI_ERS_RESULT_RECOVERED;
}

static void siov_test_resume(struct pci_dev *pdev)
{
}

static const struct pci_error_handlers siov_test_err_handler = {
	.error_detected	= siov_test_error_detected,
	.slot_reset	= siov_test_slot_reset,
	.resume		= siov_test_resume,
	.reset_prepare	= siov_test_reset_prepare,
	.reset_done	= siov_test_reset_done,
};

static const struct pci_device_id siov_test_ids[] = {
	{ PCI_DEVICE(SIOV_TEST_VENDOR_ID, SIOV_TEST_PF_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, siov_test_ids);

static struct pci_driver siov_test_driver = {
	.name			= "pci-siov-test",
	.id_table		= siov_test_ids,
	.probe			= siov_test_probe,
	.remove			= siov_test_remove,
	.siov_ops		= &siov_test_ops,
	.sriov_configure	= pci_sriov_configure_simple,
	.err_handler		= &siov_test_err_handler,
};
module_pci_driver(siov_test_driver);

MODULE_DESCRIPTION("Driver of an emulated SIOV Physical Function");
MODULE_IMPORT_NS("PCI_SIOV_TEST");
MODULE_LICENSE("GPL");
