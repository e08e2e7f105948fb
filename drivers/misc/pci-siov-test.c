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
 *
 * The device enables, disables and resets SDIs in one of two ways: by their
 * control blocks, or by a queue of commands that it answers with an interrupt.
 * Both may take their time, and both have a time limit.
 */

#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pci-siov.h>
#include <linux/seq_file.h>

#include "pci-siov-test.h"

/*
 * How long the device takes to enable or to disable an SDI, or to end its
 * requests in flight, at most
 */
#define CHANGE_TIMEOUT_US	(500 * USEC_PER_MSEC)
#define CHANGE_POLL_US		20

/* The same by command, where it waits for nothing but the command before */
#define QUEUE_TIMEOUT_MS	2000
#define QUEUE_SIZE		16
#define QUEUE_VECTOR		0

/**
 * struct siov_test_queue - commands to the device
 * @lock: one command at a time
 * @ring: %QUEUE_SIZE of them
 * @dma: where the device finds them
 * @tail: the next free one
 * @tag: of the last one, so that no answer is taken for another
 * @interrupt: the device has answered
 */
struct siov_test_queue {
	struct mutex lock; /* see above */
	struct siov_test_command *ring;
	dma_addr_t dma;
	u32 tail;
	u32 tag;
	struct completion interrupt;
};

/**
 * struct siov_test - a PF
 * @pdev: the PF
 * @ctrl: BAR 0
 * @blocks: BAR 4, control blocks of the SDIs
 * @block_size: distance of two control blocks, in bytes
 * @page_size: distance of two SDIs' pages in BAR 2, in bytes
 * @doorbells: offset of SDIs' doorbells in BAR 4, 0 if there are none
 * @total: number of SDIs
 * @vectors: interrupt messages of each; a newer device says so for each SDI
 * @minor: version of the registers
 * @features: %SIOV_TEST_FEAT_*
 * @queue: its commands, if it takes any
 * @engine: the PF's own engine, a test aid
 */
struct siov_test {
	struct pci_dev *pdev;
	void __iomem *ctrl;
	void __iomem *blocks;
	u32 block_size;
	u32 page_size;
	resource_size_t doorbells;
	u32 total;
	u32 vectors;
	u32 minor;
	u32 features;
	struct siov_test_queue queue;
	struct siov_test_engine *engine;
};

static bool stop_left_over = true;
module_param(stop_left_over, bool, 0444);
MODULE_PARM_DESC(stop_left_over, "Reset a PF whose SDIs an earlier owner has left enabled (a test aid, a driver always should)");

static void __iomem *sdi_block(const struct pci_sdi *sdi)
{
	const struct siov_test *st = pci_get_drvdata(sdi->pf);

	return st->blocks + (size_t)sdi->index * st->block_size;
}

static int device_error(u32 code)
{
	switch (code) {
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

/* Why the device refused the last write to @block */
static int block_error(void __iomem *block)
{
	u32 status = readl(block + SIOV_TEST_BLK_STATUS);

	if (PCI_POSSIBLE_ERROR(status))
		return -ENODEV;

	return device_error(FIELD_GET(SIOV_TEST_BLK_ERROR, status));
}

/* The device has taken a write to @block. Is what it asks for done? */
static int block_wait(void __iomem *block)
{
	u32 status;
	int ret;

	ret = readl_poll_timeout(block + SIOV_TEST_BLK_STATUS, status,
				 !(status & SIOV_TEST_BLK_CHANGING) ||
				 PCI_POSSIBLE_ERROR(status),
				 CHANGE_POLL_US, CHANGE_TIMEOUT_US);
	if (!ret && PCI_POSSIBLE_ERROR(status))
		ret = -ENODEV;

	return ret ?: device_error(FIELD_GET(SIOV_TEST_BLK_ERROR, status));
}

static irqreturn_t siov_test_queue_interrupt(int irq, void *data)
{
	struct siov_test_queue *q = data;

	complete(&q->interrupt);
	return IRQ_HANDLED;
}

/* A reset of the PF has ended it, too */
static void queue_start(struct siov_test *st)
{
	struct siov_test_queue *q = &st->queue;

	q->tail = 0;
	writeq(q->dma, st->ctrl + SIOV_TEST_QUEUE_BASE);
	writel(QUEUE_VECTOR, st->ctrl + SIOV_TEST_QUEUE_VECTOR);
	writel(QUEUE_SIZE, st->ctrl + SIOV_TEST_QUEUE_SIZE);
}

/* The device forgets what it has not answered, and reads and writes no more */
static void queue_stop(struct siov_test *st)
{
	writel(0, st->ctrl + SIOV_TEST_QUEUE_SIZE);
	readl(st->ctrl + SIOV_TEST_QUEUE_SIZE);
}

static bool is_answered(const struct siov_test_command *cmd, u32 tag)
{
	if (!(le32_to_cpu(READ_ONCE(cmd->answer)) & SIOV_TEST_ANSWER_DONE))
		return false;

	dma_rmb();
	return le32_to_cpu(cmd->answer_tag) == tag;
}

/* An interrupt may be late, and belong to a command that nobody waits for */
static bool queue_wait(struct siov_test_queue *q,
		       const struct siov_test_command *cmd)
{
	unsigned long left = msecs_to_jiffies(QUEUE_TIMEOUT_MS);

	do {
		left = wait_for_completion_timeout(&q->interrupt, left);
	} while (left && !is_answered(cmd, q->tag));

	return left;
}

static int queue_command(struct siov_test *st, u32 index, u32 op, u32 rid)
{
	struct siov_test_queue *q = &st->queue;
	struct siov_test_command *cmd;
	u32 size;

	guard(mutex)(&q->lock);
	size = readl(st->ctrl + SIOV_TEST_QUEUE_SIZE);
	if (PCI_POSSIBLE_ERROR(size))
		return -ENODEV;
	if (!size)
		queue_start(st);

	cmd = &q->ring[q->tail];
	*cmd = (struct siov_test_command) {
		.op	= cpu_to_le32(op),
		.sdi	= cpu_to_le32(index),
		.rid	= cpu_to_le32(rid),
		.tag	= cpu_to_le32(++q->tag),
	};
	q->tail = (q->tail + 1) % QUEUE_SIZE;
	reinit_completion(&q->interrupt);
	writel(q->tail, st->ctrl + SIOV_TEST_QUEUE_TAIL);

	if (queue_wait(q, cmd))
		return device_error(FIELD_GET(SIOV_TEST_ANSWER_ERROR,
					      le32_to_cpu(cmd->answer)));

	queue_stop(st);
	if (PCI_POSSIBLE_ERROR(readl(st->ctrl + SIOV_TEST_QUEUE_SIZE)))
		return -ENODEV;

	pci_err(st->pdev, "SDI %u: no answer to command %u after %u ms\n",
		index, op, QUEUE_TIMEOUT_MS);
	return -ETIMEDOUT;
}

/* What the device has to be told of the Routing ID: the strided one it knows */
static u32 rid_to_set(const struct pci_sdi *sdi)
{
	u32 want = SIOV_TEST_BLK_RID_VALID | sdi->rid;
	u32 now = readl(sdi_block(sdi) + SIOV_TEST_BLK_RID);

	if ((now & (SIOV_TEST_BLK_RID_VALID | SIOV_TEST_BLK_RID_VALUE)) == want)
		return 0;

	return SIOV_TEST_BLK_RID_SOFTWARE | sdi->rid;
}

static int block_enable(const struct pci_sdi *sdi, u32 rid)
{
	void __iomem *block = sdi_block(sdi);
	int ret;

	if (rid) {
		writel(rid, block + SIOV_TEST_BLK_RID);
		ret = block_error(block);
		if (ret)
			return ret;
	}

	writel(SIOV_TEST_BLK_ENABLE, block + SIOV_TEST_BLK_CTRL);
	ret = block_wait(block);
	if (ret == -ETIMEDOUT)
		pci_err(sdi->pf, "SDI %u: not enabled after %ld ms\n",
			sdi->index, CHANGE_TIMEOUT_US / USEC_PER_MSEC);

	return ret;
}

static int disable_sdi(const struct pci_sdi *sdi)
{
	struct siov_test *st = pci_get_drvdata(sdi->pf);

	if (st->features & SIOV_TEST_FEAT_QUEUE)
		return queue_command(st, sdi->index, SIOV_TEST_OP_DISABLE, 0);

	writel(0, sdi_block(sdi) + SIOV_TEST_BLK_CTRL);
	return block_wait(sdi_block(sdi));
}

static void siov_test_sdi_release(struct pci_sdi *sdi)
{
	int ret = disable_sdi(sdi);

	if (ret && ret != -ENODEV)
		pci_err(sdi->pf, "SDI %u: not disabled: %d; reset the function before its Routing ID is used again\n",
			sdi->index, ret);
}

static int enable_sdi(struct pci_sdi *sdi)
{
	struct siov_test *st = pci_get_drvdata(sdi->pf);
	u32 rid = rid_to_set(sdi);
	int ret;

	if (st->features & SIOV_TEST_FEAT_QUEUE)
		ret = queue_command(st, sdi->index, SIOV_TEST_OP_ENABLE, rid);
	else
		ret = block_enable(sdi, rid);

	/* It must not appear when nobody expects it any more */
	if (ret == -ETIMEDOUT)
		siov_test_sdi_release(sdi);

	return ret;
}

static int block_reset(void __iomem *block)
{
	u32 ctrl;
	int ret;

	writel(SIOV_TEST_BLK_ENABLE | SIOV_TEST_BLK_RESET,
	       block + SIOV_TEST_BLK_CTRL);
	ret = readl_poll_timeout(block + SIOV_TEST_BLK_CTRL, ctrl,
				 !(ctrl & SIOV_TEST_BLK_RESET) ||
				 PCI_POSSIBLE_ERROR(ctrl),
				 CHANGE_POLL_US, CHANGE_TIMEOUT_US);
	if (!ret && PCI_POSSIBLE_ERROR(ctrl))
		ret = -ENODEV;

	return ret ?: block_error(block);
}

static void set_region(struct pci_sdi *sdi, unsigned int region, int bar,
		       resource_size_t offset)
{
	const struct siov_test *st = pci_get_drvdata(sdi->pf);

	sdi->region[region].start = pci_resource_start(sdi->pf, bar) + offset +
				    (resource_size_t)sdi->index * st->page_size;
	sdi->region[region].size = st->page_size;
}

static int siov_test_sdi_init(struct pci_sdi *sdi)
{
	const struct siov_test *st = pci_get_drvdata(sdi->pf);

	if (sdi->index >= st->total)
		return -ERANGE;

	sdi->ids.device = SIOV_TEST_SDI_DEVICE_ID;
	sdi->nr_irqs = st->minor ? readl(sdi_block(sdi) + SIOV_TEST_BLK_VECTORS) :
				   st->vectors;
	set_region(sdi, 0, SIOV_TEST_BAR_PAGES, 0);
	if (st->doorbells)
		set_region(sdi, 1, SIOV_TEST_BAR_BLOCKS, st->doorbells);

	return enable_sdi(sdi);
}

static int siov_test_sdi_reset(struct pci_sdi *sdi)
{
	struct siov_test *st = pci_get_drvdata(sdi->pf);
	void __iomem *block = sdi_block(sdi);
	u32 status = readl(block + SIOV_TEST_BLK_STATUS);

	if (PCI_POSSIBLE_ERROR(status))
		return -ENODEV;

	/* The PF was reset: as new, and disabled */
	if (!(status & SIOV_TEST_BLK_ENABLED))
		return enable_sdi(sdi);

	if (st->features & SIOV_TEST_FEAT_QUEUE)
		return queue_command(st, sdi->index, SIOV_TEST_OP_RESET, 0);

	return block_reset(block);
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
					  st->ctrl + SIOV_TEST_PF_ENGINE, NULL);
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

	st->minor = FIELD_GET(SIOV_TEST_VERSION_MINOR, version);
	st->features = readl(st->ctrl + SIOV_TEST_FEATURES);
	st->vectors = readl(st->ctrl + SIOV_TEST_VECTORS);
	st->page_size = readl(st->ctrl + SIOV_TEST_PAGE_SIZE);
	st->block_size = readl(st->ctrl + SIOV_TEST_BLOCK_SIZE);
	st->doorbells = (resource_size_t)st->page_size *
			readl(st->ctrl + SIOV_TEST_DOORBELLS);
	st->total = readl(st->ctrl + SIOV_TEST_TOTAL);
	st->total = min(st->total,
			pci_resource_len(st->pdev, SIOV_TEST_BAR_PAGES) /
			st->page_size);

	return 0;
}

static int add_queue(struct siov_test *st)
{
	struct siov_test_queue *q = &st->queue;
	struct device *dev = &st->pdev->dev;
	int ret;

	if (!(st->features & SIOV_TEST_FEAT_QUEUE))
		return 0;

	ret = devm_mutex_init(dev, &q->lock);
	if (ret)
		return ret;

	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;

	init_completion(&q->interrupt);
	q->ring = dmam_alloc_coherent(dev, QUEUE_SIZE * sizeof(*q->ring),
				      &q->dma, GFP_KERNEL);
	if (!q->ring)
		return -ENOMEM;

	ret = pci_alloc_irq_vectors(st->pdev, QUEUE_VECTOR + 1,
				    QUEUE_VECTOR + 1, PCI_IRQ_MSIX);
	if (ret < 0)
		return dev_err_probe(dev, ret, "no interrupt for answers to commands\n");

	ret = devm_request_irq(dev, pci_irq_vector(st->pdev, QUEUE_VECTOR),
			       siov_test_queue_interrupt, 0, KBUILD_MODNAME, q);
	if (ret)
		return ret;

	queue_start(st);
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

	/* What has failed here is said when somebody wants an SDI */
	if (stop_left_over && pci_siov_stop_left_over(pdev))
		pci_warn(pdev, "could not stop the SDIs of an earlier owner\n");

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

	ret = add_queue(st);
	if (ret)
		return ret;

	return add_engine(st);
}

/* The core has destroyed all SDIs */
static void siov_test_remove(struct pci_dev *pdev)
{
	struct siov_test *st = pci_get_drvdata(pdev);

	pci_disable_sriov(pdev);
	if (st->features & SIOV_TEST_FEAT_QUEUE)
		queue_stop(st);
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
