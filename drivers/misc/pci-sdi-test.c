// SPDX-License-Identifier: GPL-2.0
/*
 * Driver of the emulated SDIs, and a DMA engine in debugfs for tests
 *
 * Each SDI of the emulated device, and its PF, has a small DMA engine. Tests get
 * at it by the directory pci_siov_test/<device> of debugfs:
 *
 * buffer	memory that the DMA API has mapped for the device, and for no
 *		other: read and write its content
 * iova		where the device finds it
 * command	"fill ADDRESS LENGTH PATTERN", "copy FROM TO LENGTH", "sum ADDRESS
 *		LENGTH": do it and wait for the end. Addresses are what the device
 *		sends, and any is taken: what stops it is the IOMMU. "stream"
 *		instead of "fill" does it again and again until "stop"; no
 *		other command runs meanwhile.
 *		"map LENGTH" fills memory that is mapped for this one command,
 *		and checks what has arrived.
 *		"move" puts buffer at another address.
 *		"limit ADDRESS" lets the DMA API give out none above it from
 *		then on.
 *		"as RID" lets a device that was made to do so lie about its
 *		Routing ID from then on, "as none" ends it.
 *		"error KIND" makes the device report an error: 0 is correctable, 1
 *		non-fatal, 2 fatal.
 * result	of the last command: code, cause, bytes, sum, count
 * master	whether an SDI may do DMA: read and write
 */

#include <linux/bitfield.h>
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci-siov.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "pci-siov-test.h"

#define BUFFER_SIZE		SZ_8K
#define COMMAND_TIMEOUT_US	(2 * USEC_PER_SEC)
#define COMMAND_LEN		96

/**
 * struct siov_test_engine - an engine
 * @dev: PF or SDI that has it
 * @regs: its page of registers
 * @cmd: where commands are written to, a doorbell if there is one
 * @lock: one command at a time, and none while @paused
 * @paused: the PF is being reset
 * @master: DMA is allowed, as far as it is this driver's decision
 * @buffer: memory for the device
 * @iova: where the device finds it
 * @dir: in debugfs
 */
struct siov_test_engine {
	struct device *dev;
	void __iomem *regs;
	void __iomem *cmd;
	struct mutex lock; /* the registers */
	bool paused;
	bool master;
	void *buffer;
	dma_addr_t iova;
	struct dentry *dir;
};

static struct dentry *root;

static int engine_wait(struct siov_test_engine *e)
{
	u32 result;
	int ret;

	ret = readl_poll_timeout(e->regs + SIOV_TEST_PG_RESULT, result,
				 FIELD_GET(SIOV_TEST_RESULT_CODE, result) !=
				 SIOV_TEST_RESULT_BUSY, 20, COMMAND_TIMEOUT_US);
	if (ret) {
		/* Before the memory goes that it works on */
		writel(SIOV_TEST_CMD_STOP, e->cmd);
		return ret;
	}

	return FIELD_GET(SIOV_TEST_RESULT_CODE, result) ==
	       SIOV_TEST_RESULT_OK ? 0 : -EIO;
}

static void engine_start(struct siov_test_engine *e, u32 cmd, u64 src, u64 dst,
			 u32 len, u32 repeat)
{
	writeq(src, e->regs + SIOV_TEST_PG_SRC);
	writeq(dst, e->regs + SIOV_TEST_PG_DST);
	writel(len, e->regs + SIOV_TEST_PG_LEN);
	writel(repeat, e->regs + SIOV_TEST_PG_REPEAT);
	writel(cmd, e->cmd);
}

static bool engine_is_busy(struct siov_test_engine *e)
{
	return FIELD_GET(SIOV_TEST_RESULT_CODE,
			 readl(e->regs + SIOV_TEST_PG_RESULT)) ==
	       SIOV_TEST_RESULT_BUSY;
}

static int engine_run(struct siov_test_engine *e, u32 cmd, u64 src, u64 dst,
		      u32 len)
{
	if (engine_is_busy(e))
		return -EBUSY;

	engine_start(e, cmd, src, dst, len, 0);
	return engine_wait(e);
}

/* By the streaming part of the DMA API: map, let the device write, unmap */
static int engine_map(struct siov_test_engine *e, u32 len)
{
	u32 pattern = 0x51a7de11, *words __free(kfree) = NULL;
	dma_addr_t addr;
	int i, ret;

	if (!len || len > BUFFER_SIZE || len % sizeof(u32))
		return -EINVAL;

	words = kzalloc(BUFFER_SIZE, GFP_KERNEL);
	if (!words)
		return -ENOMEM;

	addr = dma_map_single(e->dev, words, len, DMA_FROM_DEVICE);
	if (dma_mapping_error(e->dev, addr))
		return -ENOMEM;

	writel(pattern, e->regs + SIOV_TEST_PG_PATTERN);
	ret = engine_run(e, SIOV_TEST_CMD_FILL, 0, addr, len);
	dma_unmap_single(e->dev, addr, len, DMA_FROM_DEVICE);
	if (ret)
		return ret;

	for (i = 0; i < BUFFER_SIZE / sizeof(u32); i++)
		if (le32_to_cpu((__force __le32)words[i]) !=
		    (i < len / sizeof(u32) ? pattern : 0))
			return -EILSEQ;

	return 0;
}

/*
 * The old mapping stays until there is a new one, so the address changes. A
 * stream would go on in memory that is somebody else's: where the IOMMU forgets
 * lazily, it is not stopped at once.
 */
static int engine_move(struct siov_test_engine *e)
{
	dma_addr_t iova;
	void *buffer;

	if (engine_is_busy(e))
		return -EBUSY;

	buffer = dma_alloc_coherent(e->dev, BUFFER_SIZE, &iova, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;

	dma_free_coherent(e->dev, BUFFER_SIZE, e->buffer, e->iova);
	e->buffer = buffer;
	e->iova = iova;
	return 0;
}

static int engine_error(struct siov_test_engine *e, u32 kind)
{
	writel(kind, e->regs + SIOV_TEST_PG_PATTERN);
	return engine_run(e, SIOV_TEST_CMD_ERROR, 0, 0, 0);
}

static int engine_command(struct siov_test_engine *e, const char *line)
{
	u64 a, b;
	u32 len, pattern, kind;
	u16 rid;

	if (sscanf(line, "fill %lli %i %i", &a, &len, &pattern) == 3) {
		writel(pattern, e->regs + SIOV_TEST_PG_PATTERN);
		return engine_run(e, SIOV_TEST_CMD_FILL, 0, a, len);
	}
	if (sscanf(line, "stream %lli %i %i", &a, &len, &pattern) == 3) {
		writel(pattern, e->regs + SIOV_TEST_PG_PATTERN);
		engine_start(e, SIOV_TEST_CMD_FILL, 0, a, len,
			     SIOV_TEST_REPEAT_FOREVER);
		return 0;
	}
	if (sscanf(line, "copy %lli %lli %i", &a, &b, &len) == 3)
		return engine_run(e, SIOV_TEST_CMD_COPY, a, b, len);
	if (sscanf(line, "sum %lli %i", &a, &len) == 2)
		return engine_run(e, SIOV_TEST_CMD_SUM, a, 0, len);
	if (sscanf(line, "map %i", &len) == 1)
		return engine_map(e, len);
	if (sscanf(line, "as %hi", &rid) == 1) {
		writel(SIOV_TEST_AS_RID_ON | rid, e->regs + SIOV_TEST_PG_AS_RID);
		return 0;
	}
	if (!strcmp(line, "as none")) {
		writel(0, e->regs + SIOV_TEST_PG_AS_RID);
		return 0;
	}
	if (sscanf(line, "error %i", &kind) == 1)
		return engine_error(e, kind);
	if (!strcmp(line, "move"))
		return engine_move(e);
	if (sscanf(line, "limit %lli", &a) == 1) {
		e->dev->bus_dma_limit = a;
		return 0;
	}
	if (!strcmp(line, "stop")) {
		writel(SIOV_TEST_CMD_STOP, e->cmd);
		return 0;
	}

	return -EINVAL;
}

static ssize_t command_write(struct file *file, const char __user *user,
			     size_t count, loff_t *pos)
{
	struct siov_test_engine *e = file->private_data;
	char line[COMMAND_LEN];
	int ret;

	if (count >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, user, count))
		return -EFAULT;

	line[count] = '\0';
	strim(line);

	guard(mutex)(&e->lock);
	if (e->paused)
		return -EAGAIN;

	ret = engine_command(e, line);
	return ret ?: count;
}

static const struct file_operations command_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = command_write,
};

static ssize_t buffer_read(struct file *file, char __user *user, size_t count,
			   loff_t *pos)
{
	struct siov_test_engine *e = file->private_data;

	guard(mutex)(&e->lock);
	return simple_read_from_buffer(user, count, pos, e->buffer,
				       BUFFER_SIZE);
}

static ssize_t buffer_write(struct file *file, const char __user *user,
			    size_t count, loff_t *pos)
{
	struct siov_test_engine *e = file->private_data;

	guard(mutex)(&e->lock);
	return simple_write_to_buffer(e->buffer, BUFFER_SIZE, pos, user, count);
}

static const struct file_operations buffer_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = buffer_read,
	.write = buffer_write,
	.llseek = default_llseek,
};

static int iova_show(struct seq_file *m, void *unused)
{
	struct siov_test_engine *e = m->private;

	guard(mutex)(&e->lock);
	seq_printf(m, "%pad\n", &e->iova);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(iova);

static int result_show(struct seq_file *m, void *unused)
{
	struct siov_test_engine *e = m->private;
	u32 result;

	guard(mutex)(&e->lock);
	if (e->paused)
		return -EAGAIN;

	result = readl(e->regs + SIOV_TEST_PG_RESULT);
	seq_printf(m, "%lu %lu %u %llu %u\n",
		   FIELD_GET(SIOV_TEST_RESULT_CODE, result),
		   FIELD_GET(SIOV_TEST_RESULT_CAUSE, result),
		   readl(e->regs + SIOV_TEST_PG_BYTES),
		   readq(e->regs + SIOV_TEST_PG_SUM),
		   readl(e->regs + SIOV_TEST_PG_COUNT));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(result);

static int master_get(void *data, u64 *val)
{
	struct siov_test_engine *e = data;

	*val = e->master;
	return 0;
}

static int master_set(void *data, u64 val)
{
	struct siov_test_engine *e = data;
	int ret;

	guard(mutex)(&e->lock);
	ret = pci_sdi_set_master(to_pci_sdi(e->dev), val);
	if (!ret)
		e->master = val;

	return ret;
}
DEFINE_DEBUGFS_ATTRIBUTE(master_fops, master_get, master_set, "%llu\n");

/**
 * siov_test_engine_pause() - Let no command begin
 * @engine: the engine
 * @pause: from now on, or no longer
 */
void siov_test_engine_pause(struct siov_test_engine *engine, bool pause)
{
	guard(mutex)(&engine->lock);
	engine->paused = pause;
}
EXPORT_SYMBOL_NS_GPL(siov_test_engine_pause, "PCI_SIOV_TEST");

/**
 * siov_test_engine_dir() - Directory of an engine in debugfs
 * @engine: the engine
 *
 * Return: the directory.
 */
struct dentry *siov_test_engine_dir(struct siov_test_engine *engine)
{
	return engine->dir;
}
EXPORT_SYMBOL_NS_GPL(siov_test_engine_dir, "PCI_SIOV_TEST");

/**
 * siov_test_engine_add() - Make an engine known to tests
 * @dev: PF or SDI
 * @regs: the engine's page
 * @doorbell: page of another region that takes the commands, or NULL
 *
 * Return: the engine, or an ERR_PTR().
 */
struct siov_test_engine *siov_test_engine_add(struct device *dev,
					      void __iomem *regs,
					      void __iomem *doorbell)
{
	struct siov_test_engine *e __free(kfree) = kzalloc_obj(*e);
	int ret;

	if (!e)
		return ERR_PTR(-ENOMEM);

	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ERR_PTR(ret);

	e->dev = dev;
	e->regs = regs;
	e->cmd = doorbell ? doorbell + SIOV_TEST_DB_RING :
			    regs + SIOV_TEST_PG_CMD;
	mutex_init(&e->lock);
	e->buffer = dma_alloc_coherent(dev, BUFFER_SIZE, &e->iova, GFP_KERNEL);
	if (!e->buffer)
		return ERR_PTR(-ENOMEM);

	e->dir = debugfs_create_dir(dev_name(dev), root);
	debugfs_create_file_size("buffer", 0600, e->dir, e, &buffer_fops,
				 BUFFER_SIZE);
	debugfs_create_file("iova", 0400, e->dir, e, &iova_fops);
	debugfs_create_file("command", 0200, e->dir, e, &command_fops);
	debugfs_create_file("result", 0400, e->dir, e, &result_fops);

	return no_free_ptr(e);
}
EXPORT_SYMBOL_NS_GPL(siov_test_engine_add, "PCI_SIOV_TEST");

/**
 * siov_test_engine_del() - Undo siov_test_engine_add()
 * @engine: an engine that does no DMA any more
 */
void siov_test_engine_del(struct siov_test_engine *engine)
{
	debugfs_remove_recursive(engine->dir);
	dma_free_coherent(engine->dev, BUFFER_SIZE, engine->buffer,
			  engine->iova);
	mutex_destroy(&engine->lock);
	kfree(engine);
}
EXPORT_SYMBOL_NS_GPL(siov_test_engine_del, "PCI_SIOV_TEST");

static int sdi_test_probe(struct pci_sdi *sdi)
{
	void __iomem *regs, *doorbell = NULL;
	struct siov_test_engine *e;
	int ret;

	regs = pci_sdi_iomap(sdi, 0);
	if (!regs)
		return -ENODEV;

	if (sdi->region[1].size) {
		doorbell = pci_sdi_iomap(sdi, 1);
		if (!doorbell) {
			ret = -ENODEV;
			goto unmap;
		}
	}

	e = siov_test_engine_add(&sdi->dev, regs, doorbell);
	if (IS_ERR(e)) {
		ret = PTR_ERR(e);
		goto unmap_doorbell;
	}

	ret = pci_sdi_set_master(sdi, true);
	if (ret)
		goto del;

	e->master = true;
	debugfs_create_file_unsafe("master", 0600, e->dir, e, &master_fops);
	dev_set_drvdata(&sdi->dev, e);
	return 0;

del:
	siov_test_engine_del(e);
unmap_doorbell:
	if (doorbell)
		iounmap(doorbell);
unmap:
	iounmap(regs);
	return ret;
}

static void sdi_test_remove(struct pci_sdi *sdi)
{
	struct siov_test_engine *e = dev_get_drvdata(&sdi->dev);
	void __iomem *regs = e->regs;
	void __iomem *doorbell = NULL;

	if (sdi->region[1].size)
		doorbell = e->cmd - SIOV_TEST_DB_RING;

	/* The memory is the kernel's again as soon as it is freed */
	debugfs_remove_recursive(e->dir);
	e->dir = NULL;
	pci_sdi_notify_stop(sdi);
	pci_sdi_set_master(sdi, false);
	siov_test_engine_del(e);
	if (doorbell)
		iounmap(doorbell);
	iounmap(regs);
}

static void sdi_test_reset_prepare(struct pci_sdi *sdi)
{
	siov_test_engine_pause(dev_get_drvdata(&sdi->dev), true);
}

static void sdi_test_reset_done(struct pci_sdi *sdi, int error)
{
	struct siov_test_engine *e = dev_get_drvdata(&sdi->dev);

	if (error)
		return;
	if (e->master)
		e->master = !pci_sdi_set_master(sdi, true);
	siov_test_engine_pause(e, false);
}

static const struct pci_sdi_device_id sdi_test_ids[] = {
	{
		.vendor = SIOV_TEST_VENDOR_ID,
		.device = SIOV_TEST_SDI_DEVICE_ID,
		.subvendor = PCI_SDI_ANY_ID,
		.subdevice = PCI_SDI_ANY_ID,
	},
	{ }
};
MODULE_DEVICE_TABLE(pci_sdi, sdi_test_ids);

static struct pci_sdi_driver sdi_test_driver = {
	.driver.name	= "pci-sdi-test",
	.id_table	= sdi_test_ids,
	.probe		= sdi_test_probe,
	.remove		= sdi_test_remove,
	.reset_prepare	= sdi_test_reset_prepare,
	.reset_done	= sdi_test_reset_done,
};

static int __init sdi_test_init(void)
{
	int ret;

	root = debugfs_create_dir("pci_siov_test", NULL);
	ret = pci_sdi_register_driver(&sdi_test_driver);
	if (ret)
		debugfs_remove_recursive(root);

	return ret;
}
module_init(sdi_test_init);

static void __exit sdi_test_exit(void)
{
	pci_sdi_unregister_driver(&sdi_test_driver);
	debugfs_remove_recursive(root);
}
module_exit(sdi_test_exit);

MODULE_DESCRIPTION("Driver of emulated SIOV Scalable Device Interfaces");
MODULE_LICENSE("GPL");
