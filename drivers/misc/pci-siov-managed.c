// SPDX-License-Identifier: GPL-2.0
/*
 * Driver of the emulated SIOV Physical Function (PF) that firmware manages
 *
 * The second example. The device of the first (pci-siov-test.c) takes all that
 * software wants in registers. This one is like a network or storage adapter:
 *
 * - The driver asks its firmware, by commands in memory that are answered by an
 *   interrupt. So nothing here is done in an atomic context, and interrupt
 *   messages of SDIs are stored by msi_store.
 * - An SDI is of one of two types, and has as many interrupt messages as was
 *   asked for: parameters of its creation.
 * - An SDI of type "bell" has a doorbell to which writes may be combined. Each
 *   SDI has the page with the device's clock, which all of them share.
 * - SDIs would ask for address translations if that was not forbidden.
 * - The firmware may restart at any time. It tells by an interrupt, and then the
 *   driver does what a reset of the function needs as well.
 *
 * What the device is like is in docs/specs/siov-testdev.rst of its QEMU, under
 * "managed". No register of an SDI is shared, only the queue of commands is.
 */

#include <linux/bitfield.h>
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/devm-helpers.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pci-siov.h>
#include <linux/pm.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "pci-siov-test.h"

#define QUEUE_SIZE		16
#define ANSWER_TIMEOUT_MS	2000

/* How long the firmware takes to restart, at most */
#define RESTART_TIMEOUT_US	(5 * USEC_PER_SEC)
#define RESTART_POLL_US		1000

/* Vectors of the PF */
#define VECTOR_ANSWER		0
#define VECTOR_EVENT		1
#define SDI_VECTORS		2

/* Regions of an SDI, its BARs where it is given to a guest */
#define REGION_PAGE		0
#define REGION_DOORBELL		1
#define REGION_CLOCK		2

/* Parameters of an SDI */
enum { PARAM_TYPE, PARAM_VECTORS, NR_PARAMS };

static const char * const type_names[] = {
	[SIOV_TEST_TYPE_PLAIN]	= "plain",
	[SIOV_TEST_TYPE_BELL]	= "bell",
};

/**
 * struct managed - a PF
 * @pdev: the PF
 * @ctrl: BAR 0
 * @blocks: BAR 4, where SDIs are started and stopped
 * @block_size: distance of two SDIs there
 * @page_size: distance of two pages in BAR 2, and of two doorbells
 * @doorbells: offset of the doorbells in BAR 4
 * @total: number of SDIs
 * @features: %SIOV_TEST_FEAT_*
 * @lock: one command at a time
 * @ring: %QUEUE_SIZE commands
 * @ring_dma: where the device finds them
 * @tail: the next free one
 * @tag: of the last one, so that no answer is taken for another
 * @answered: the device has answered
 * @event_lock: protects @down, and the start of the queue after a restart
 * @down: the firmware restarts, and answers nothing
 * @recover: brings the function back after that
 * @params: what can be chosen for an SDI
 * @engine: the PF's own engine, a test aid
 */
struct managed {
	struct pci_dev *pdev;
	void __iomem *ctrl;
	void __iomem *blocks;
	u32 block_size;
	u32 page_size;
	resource_size_t doorbells;
	u32 total;
	u32 features;

	struct mutex lock; /* see above */
	struct siov_test_command *ring;
	dma_addr_t ring_dma;
	u32 tail;
	u32 tag;
	struct completion answered;
	spinlock_t event_lock; /* see above */
	bool down;
	struct work_struct recover;

	struct pci_sdi_param params[NR_PARAMS];
	struct siov_test_engine *engine;
};

static bool refuse_translation = true;
module_param(refuse_translation, bool, 0644);
MODULE_PARM_DESC(refuse_translation, "Keep SDIs from asking for address translations as the PCI core demands (a test aid)");

/* Commands */

static irqreturn_t managed_answer(int irq, void *data)
{
	struct managed *m = data;

	complete(&m->answered);
	return IRQ_HANDLED;
}

/* The device forgets what it has not answered, and reads and writes no more */
static void queue_stop(struct managed *m)
{
	writel(0, m->ctrl + SIOV_TEST_QUEUE_SIZE);
	readl(m->ctrl + SIOV_TEST_QUEUE_SIZE);
}

static void queue_start(struct managed *m)
{
	m->tail = 0;
	writeq(m->ring_dma, m->ctrl + SIOV_TEST_QUEUE_BASE);
	writel(VECTOR_ANSWER, m->ctrl + SIOV_TEST_QUEUE_VECTOR);
	writel(QUEUE_SIZE, m->ctrl + SIOV_TEST_QUEUE_SIZE);
}

/* A reset or the loss of power has turned the queue off, and ended a restart */
static void queue_restart(struct managed *m)
{
	guard(spinlock_irq)(&m->event_lock);
	queue_start(m);
	WRITE_ONCE(m->down, false);
}

/* It is off between a reset or a restart and what the driver does about it */
static int queue_check(struct managed *m)
{
	u32 size = readl(m->ctrl + SIOV_TEST_QUEUE_SIZE);

	if (PCI_POSSIBLE_ERROR(size))
		return -ENODEV;

	return size && !READ_ONCE(m->down) ? 0 : -EIO;
}

static bool is_answered(const struct siov_test_command *cmd, u32 tag)
{
	if (!(le32_to_cpu(READ_ONCE(cmd->answer)) & SIOV_TEST_ANSWER_DONE))
		return false;

	dma_rmb();
	return le32_to_cpu(cmd->answer_tag) == tag;
}

/*
 * An interrupt may be late, and belong to a command that nobody waits for. Firmware
 * that restarts has forgotten the command
 */
static bool wait_for_answer(struct managed *m,
			    const struct siov_test_command *cmd)
{
	unsigned long left = msecs_to_jiffies(ANSWER_TIMEOUT_MS);

	do {
		left = wait_for_completion_timeout(&m->answered, left);
	} while (left && !READ_ONCE(m->down) && !is_answered(cmd, m->tag));

	return is_answered(cmd, m->tag);
}

static int answer_error(const struct siov_test_command *cmd)
{
	switch (FIELD_GET(SIOV_TEST_ANSWER_ERROR, le32_to_cpu(cmd->answer))) {
	case 0:
		return 0;
	case SIOV_TEST_ERR_NO_RID:
	case SIOV_TEST_ERR_NOT_ALLOWED:
		return -ENXIO;
	case SIOV_TEST_ERR_ENABLED:
	case SIOV_TEST_ERR_BUSY:
		return -EBUSY;
	default:
		return -EIO;
	}
}

static int send_command(struct managed *m,
			const struct siov_test_command *what)
{
	struct siov_test_command *cmd;
	int ret;

	guard(mutex)(&m->lock);
	ret = queue_check(m);
	if (ret)
		return ret;

	cmd = &m->ring[m->tail];
	*cmd = *what;
	cmd->tag = cpu_to_le32(++m->tag);
	m->tail = (m->tail + 1) % QUEUE_SIZE;
	reinit_completion(&m->answered);
	writel(m->tail, m->ctrl + SIOV_TEST_QUEUE_TAIL);

	if (wait_for_answer(m, cmd))
		return answer_error(cmd);
	if (READ_ONCE(m->down))
		return -EIO;

	queue_stop(m);
	if (PCI_POSSIBLE_ERROR(readl(m->ctrl + SIOV_TEST_QUEUE_SIZE)))
		return -ENODEV;

	queue_start(m);
	pci_err(m->pdev, "SDI %u: no answer to command %#x after %u ms\n",
		le32_to_cpu(what->sdi), le32_to_cpu(what->op),
		ANSWER_TIMEOUT_MS);
	return -ETIMEDOUT;
}

static int sdi_command(const struct pci_sdi *sdi, u32 op)
{
	const struct siov_test_command cmd = {
		.op	= cpu_to_le32(op),
		.sdi	= cpu_to_le32(sdi->index),
	};

	return send_command(pci_get_drvdata(sdi->pf), &cmd);
}

/* Operations for the PCI core */

static void __iomem *sdi_block(const struct pci_sdi *sdi)
{
	const struct managed *m = pci_get_drvdata(sdi->pf);

	return m->blocks + (size_t)sdi->index * m->block_size;
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

static void managed_sdi_release(struct pci_sdi *sdi)
{
	int ret = sdi_command(sdi, SIOV_TEST_OP_DISABLE);

	if (ret && ret != -ENODEV)
		pci_err(sdi->pf, "SDI %u: not disabled: %d; reset the function before its Routing ID is used again\n",
			sdi->index, ret);
}

static int enable(struct pci_sdi *sdi)
{
	u32 op = SIOV_TEST_OP_ENABLE |
		 FIELD_PREP(SIOV_TEST_OP_TYPE, sdi->param[PARAM_TYPE]);
	struct siov_test_command cmd = {
		.sdi	= cpu_to_le32(sdi->index),
		.rid	= cpu_to_le32(rid_to_set(sdi)),
		.arg[0]	= cpu_to_le32(sdi->param[PARAM_VECTORS]),
	};
	int ret;

	if (!pci_sdi_may_translate(sdi) && refuse_translation)
		op |= SIOV_TEST_OP_NO_ATS;

	cmd.op = cpu_to_le32(op);
	ret = send_command(pci_get_drvdata(sdi->pf), &cmd);
	/* It must not appear when nobody expects it any more */
	if (ret == -ETIMEDOUT)
		managed_sdi_release(sdi);

	return ret;
}

static void set_region(struct pci_sdi *sdi, unsigned int n, int bar,
		       resource_size_t offset, resource_size_t size, u16 attr)
{
	sdi->region[n] = (struct pci_sdi_region) {
		.start	= pci_resource_start(sdi->pf, bar) + offset,
		.size	= size,
		.attr	= attr,
	};
}

static void set_regions(struct pci_sdi *sdi)
{
	const struct managed *m = pci_get_drvdata(sdi->pf);
	resource_size_t nth = (resource_size_t)sdi->index * m->page_size;

	set_region(sdi, REGION_PAGE, SIOV_TEST_BAR_PAGES, nth, m->page_size, 0);
	if (sdi->param[PARAM_TYPE] == SIOV_TEST_TYPE_BELL)
		set_region(sdi, REGION_DOORBELL, SIOV_TEST_BAR_BLOCKS,
			   m->doorbells + nth, m->page_size,
			   PCI_SDI_REGION_WC);
	set_region(sdi, REGION_CLOCK, SIOV_TEST_BAR_CTRL, SIOV_TEST_CLOCK,
		   SIOV_TEST_CLOCK_SIZE, PCI_SDI_REGION_SHARED);
}

/* The core checks each parameter, and not what they are together */
static int check_params(const struct pci_sdi *sdi)
{
	const struct managed *m = pci_get_drvdata(sdi->pf);
	u32 most = m->params[PARAM_VECTORS].max;

	if (sdi->param[PARAM_TYPE] == SIOV_TEST_TYPE_PLAIN)
		most = max(most / 2, 1U);
	if (sdi->param[PARAM_VECTORS] <= most)
		return 0;

	pci_info(sdi->pf, "SDI %u: type %s has %u vectors at most\n",
		 sdi->index, type_names[sdi->param[PARAM_TYPE]], most);
	return -EINVAL;
}

static int managed_sdi_init(struct pci_sdi *sdi)
{
	const struct managed *m = pci_get_drvdata(sdi->pf);
	int ret;

	if (sdi->index >= m->total)
		return -ERANGE;

	ret = check_params(sdi);
	if (ret)
		return ret;

	sdi->ids.device = SIOV_TEST_SDI_DEVICE_ID;
	sdi->nr_irqs = sdi->param[PARAM_VECTORS];
	set_regions(sdi);
	return enable(sdi);
}

static int managed_sdi_reset(struct pci_sdi *sdi)
{
	u32 status = readl(sdi_block(sdi) + SIOV_TEST_BLK_STATUS);

	if (PCI_POSSIBLE_ERROR(status))
		return -ENODEV;

	/* The PF was reset: as new, and disabled */
	if (!(status & SIOV_TEST_BLK_ENABLED))
		return enable(sdi);

	return sdi_command(sdi, SIOV_TEST_OP_RESET);
}

static int managed_sdi_set_master(struct pci_sdi *sdi, bool on)
{
	void __iomem *block = sdi_block(sdi);
	u32 status;

	writel(SIOV_TEST_BLK_ENABLE | (on ? SIOV_TEST_BLK_MASTER : 0),
	       block + SIOV_TEST_BLK_CTRL);
	/* Requests were sent before the answer to this, or never */
	status = readl(block + SIOV_TEST_BLK_STATUS);
	if (PCI_POSSIBLE_ERROR(status))
		return -ENODEV;

	return FIELD_GET(SIOV_TEST_BLK_ERROR, status) ? -EIO : 0;
}

static int managed_msi_store(struct pci_sdi *sdi, unsigned int idx,
			     const struct msi_msg *msg, bool masked)
{
	u32 op = SIOV_TEST_OP_STORE | FIELD_PREP(SIOV_TEST_OP_VECTOR, idx) |
		 (masked ? SIOV_TEST_OP_MASKED : 0);
	const struct siov_test_command cmd = {
		.op	= cpu_to_le32(op),
		.sdi	= cpu_to_le32(sdi->index),
		.rid	= cpu_to_le32(msg->data),
		.arg	= { cpu_to_le32(msg->address_lo),
			    cpu_to_le32(msg->address_hi) },
	};

	return send_command(pci_get_drvdata(sdi->pf), &cmd);
}

/* The command that enables an SDI has its Routing ID */
static int managed_rid_allow(struct pci_dev *pf,
			     const struct pci_rid_span *spans, unsigned int n)
{
	const struct managed *m = pci_get_drvdata(pf);

	return m->features & SIOV_TEST_FEAT_SOFTWARE ? 0 : -EOPNOTSUPP;
}

static int managed_sdi_params(struct pci_dev *pf,
			      const struct pci_sdi_param **params)
{
	struct managed *m = pci_get_drvdata(pf);

	*params = m->params;
	return NR_PARAMS;
}

static const struct pci_siov_ops managed_ops = {
	.sdi_init	= managed_sdi_init,
	.sdi_release	= managed_sdi_release,
	.sdi_reset	= managed_sdi_reset,
	.sdi_set_master	= managed_sdi_set_master,
	.rid_allow	= managed_rid_allow,
	.sdi_params	= managed_sdi_params,
	.msi_store	= managed_msi_store,
};

/* Firmware */

static bool firmware_has_restarted(struct managed *m)
{
	return !readl(m->ctrl + SIOV_TEST_QUEUE_SIZE) ||
	       !(readl(m->ctrl + SIOV_TEST_FIRMWARE) & SIOV_TEST_FIRMWARE_UP);
}

/* It goes down, or it is up again, which may have been dealt with already */
static irqreturn_t managed_event(int irq, void *data)
{
	struct managed *m = data;

	guard(spinlock)(&m->event_lock);
	if (firmware_has_restarted(m)) {
		WRITE_ONCE(m->down, true);
		complete(&m->answered);
		schedule_work(&m->recover);
	}

	return IRQ_HANDLED;
}

/* All ones end the wait as well, as error recovery may wait for this to end */
static int wait_for_firmware(struct managed *m)
{
	u32 status;
	int ret;

	ret = readl_poll_timeout(m->ctrl + SIOV_TEST_FIRMWARE, status,
				 status & SIOV_TEST_FIRMWARE_UP,
				 RESTART_POLL_US, RESTART_TIMEOUT_US);
	if (ret)
		return ret;

	return PCI_POSSIBLE_ERROR(status) ? -ENODEV : 0;
}

/*
 * The SDIs are stopped already, as the firmware has forgotten them. The core tells
 * their drivers, and brings each back by its reset operation. If the firmware does
 * not come back, that finds the queue off and fails.
 */
static void managed_recover(struct work_struct *work)
{
	struct managed *m = container_of(work, struct managed, recover);
	int ret;

	/* The second event of a restart, which the first one has dealt with */
	if (!READ_ONCE(m->down))
		return;

	pci_siov_reset_prepare(m->pdev, false);
	ret = wait_for_firmware(m);
	if (ret)
		pci_err(m->pdev, "the firmware does not come back, reset the function\n");
	else
		queue_restart(m);
	pci_siov_reset_done(m->pdev, ret);
}

/* The driver of the function */

static void set_params(struct managed *m)
{
	u32 vectors = readl(m->ctrl + SIOV_TEST_VECTORS);

	m->params[PARAM_TYPE] = (struct pci_sdi_param) {
		.name = "type",
		.choices = type_names,
		.max = SIOV_TEST_TYPE_BELL,
		.def = SIOV_TEST_TYPE_BELL,
	};
	m->params[PARAM_VECTORS] = (struct pci_sdi_param) {
		.name = "vectors",
		.max = vectors,
		.def = vectors,
	};
}

static int identify(struct managed *m)
{
	u32 version = readl(m->ctrl + SIOV_TEST_VERSION);

	m->features = readl(m->ctrl + SIOV_TEST_FEATURES);
	if (readl(m->ctrl + SIOV_TEST_MAGIC) != SIOV_TEST_MAGIC_VALUE ||
	    FIELD_GET(SIOV_TEST_VERSION_MAJOR, version) != 1 ||
	    !(m->features & SIOV_TEST_FEAT_MANAGED))
		return dev_err_probe(&m->pdev->dev, -ENODEV,
				     "unknown device, version %#x\n", version);

	m->page_size = readl(m->ctrl + SIOV_TEST_PAGE_SIZE);
	m->block_size = readl(m->ctrl + SIOV_TEST_BLOCK_SIZE);
	m->doorbells = (resource_size_t)m->page_size *
		       readl(m->ctrl + SIOV_TEST_DOORBELLS);
	m->total = readl(m->ctrl + SIOV_TEST_TOTAL);
	set_params(m);
	return 0;
}

static int map_bars(struct managed *m)
{
	m->ctrl = pcim_iomap_region(m->pdev, SIOV_TEST_BAR_CTRL, KBUILD_MODNAME);
	if (IS_ERR(m->ctrl))
		return PTR_ERR(m->ctrl);

	m->blocks = pcim_iomap_region(m->pdev, SIOV_TEST_BAR_BLOCKS,
				      KBUILD_MODNAME);
	return PTR_ERR_OR_ZERO(m->blocks);
}

static int add_queue(struct managed *m)
{
	struct device *dev = &m->pdev->dev;
	int ret;

	ret = devm_mutex_init(dev, &m->lock);
	if (ret)
		return ret;

	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;

	init_completion(&m->answered);
	m->ring = dmam_alloc_coherent(dev, QUEUE_SIZE * sizeof(*m->ring),
				      &m->ring_dma, GFP_KERNEL);
	if (!m->ring)
		return -ENOMEM;

	ret = pci_alloc_irq_vectors(m->pdev, SDI_VECTORS, SDI_VECTORS,
				    PCI_IRQ_MSIX);
	if (ret < 0)
		return dev_err_probe(dev, ret, "no interrupts for answers and events\n");

	ret = devm_request_irq(dev, pci_irq_vector(m->pdev, VECTOR_ANSWER),
			       managed_answer, 0, KBUILD_MODNAME, m);
	if (ret)
		return ret;

	spin_lock_init(&m->event_lock);
	/* Where probe fails the interrupt goes first, then the work, then the memory */
	ret = devm_work_autocancel(dev, &m->recover, managed_recover);
	if (ret)
		return ret;

	ret = devm_request_irq(dev, pci_irq_vector(m->pdev, VECTOR_EVENT),
			       managed_event, 0, KBUILD_MODNAME, m);
	if (ret)
		return ret;

	queue_start(m);
	return 0;
}

/* Test aid */
static int counters_show(struct seq_file *s, void *unused)
{
	struct managed *m = s->private;
	int i;

	for (i = 0; i < SIOV_TEST_NUM_COUNTERS; i++)
		seq_printf(s, "%d %llu\n", i,
			   readq(m->ctrl + SIOV_TEST_COUNTER(i)));

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static int restart_set(void *data, u64 unused)
{
	struct managed *m = data;

	writel(SIOV_TEST_FIRMWARE_RESTART, m->ctrl + SIOV_TEST_FIRMWARE);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(restart_fops, NULL, restart_set, "%llu\n");

/* Test aid */
static void remove_engine(void *engine)
{
	siov_test_engine_del(engine);
}

/* Test aid */
static int add_engine(struct managed *m)
{
	m->engine = siov_test_engine_add(&m->pdev->dev,
					 m->ctrl + SIOV_TEST_PF_ENGINE, NULL);
	if (IS_ERR(m->engine))
		return PTR_ERR(m->engine);

	debugfs_create_file("counters", 0400, siov_test_engine_dir(m->engine),
			    m, &counters_fops);
	debugfs_create_file_unsafe("restart", 0200,
				   siov_test_engine_dir(m->engine), m,
				   &restart_fops);
	return devm_add_action_or_reset(&m->pdev->dev, remove_engine,
					m->engine);
}

static int managed_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct managed *m;
	int ret;

	m = devm_kzalloc(&pdev->dev, sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;

	m->pdev = pdev;
	pci_set_drvdata(pdev, m);

	/* What has failed here is said when somebody wants an SDI */
	if (pci_siov_stop_left_over(pdev))
		pci_warn(pdev, "could not stop the SDIs of an earlier owner\n");

	ret = pcim_enable_device(pdev) ?: map_bars(m) ?: identify(m);
	if (ret)
		return ret;

	/* SDIs send nothing while the PF may not */
	pci_set_master(pdev);

	return add_queue(m) ?: add_engine(m);
}

/* The core has destroyed all SDIs */
static void managed_remove(struct pci_dev *pdev)
{
	struct managed *m = pci_get_drvdata(pdev);

	disable_irq(pci_irq_vector(pdev, VECTOR_EVENT));
	cancel_work_sync(&m->recover);
	queue_stop(m);
	pci_clear_master(pdev);
}

/*
 * The core has stopped all SDIs, and calls nothing for them until resume is over. A
 * restart of the firmware that is not dealt with yet ends with its power.
 */
static int managed_suspend(struct device *dev)
{
	struct managed *m = dev_get_drvdata(dev);

	disable_irq(pci_irq_vector(m->pdev, VECTOR_EVENT));
	cancel_work_sync(&m->recover);
	siov_test_engine_pause(m->engine, true);
	queue_stop(m);
	return 0;
}

static int managed_resume(struct device *dev)
{
	struct managed *m = dev_get_drvdata(dev);

	if (wait_for_firmware(m))
		pci_err(m->pdev, "the firmware does not come back, reset the function\n");
	else
		queue_restart(m);

	siov_test_engine_pause(m->engine, false);
	enable_irq(pci_irq_vector(m->pdev, VECTOR_EVENT));
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(managed_pm_ops, managed_suspend,
				managed_resume);

static void managed_reset_prepare(struct pci_dev *pdev)
{
	struct managed *m = pci_get_drvdata(pdev);

	siov_test_engine_pause(m->engine, true);
}

/* The core brings each SDI back by its reset operation */
static void managed_reset_done(struct pci_dev *pdev)
{
	struct managed *m = pci_get_drvdata(pdev);

	queue_restart(m);
	siov_test_engine_pause(m->engine, false);
}

static const struct pci_error_handlers managed_err_handler = {
	.reset_prepare	= managed_reset_prepare,
	.reset_done	= managed_reset_done,
};

static const struct pci_device_id managed_ids[] = {
	{ PCI_DEVICE(SIOV_TEST_VENDOR_ID, SIOV_TEST_MANAGED_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, managed_ids);

static struct pci_driver managed_driver = {
	.name		= "pci-siov-managed",
	.id_table	= managed_ids,
	.probe		= managed_probe,
	.remove		= managed_remove,
	.siov_ops	= &managed_ops,
	.err_handler	= &managed_err_handler,
	.driver.pm	= pm_sleep_ptr(&managed_pm_ops),
};
module_pci_driver(managed_driver);

MODULE_DESCRIPTION("Driver of an emulated SIOV Physical Function with firmware");
MODULE_IMPORT_NS("PCI_SIOV_TEST");
MODULE_LICENSE("GPL");
