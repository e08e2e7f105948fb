// SPDX-License-Identifier: GPL-2.0
/*
 * Parts of a PCI device for users, told apart by PASID
 *
 * Shows how a driver keeps a device and gives parts of it to users: each mediated
 * device is one part, and the IOMMU knows its DMA by the Routing ID of the PCI
 * device and a PASID. vfio_register_pasid_iommu_dev() does the most of it. The
 * hardware is pasid-testdev of QEMU, whose docs/specs/pasid-testdev.rst describes
 * the registers.
 *
 * Part 0 has no PASID and stays with the driver, as the queues do that a real
 * driver works with itself. The attribute own_dma of the PCI device tells whether
 * the DMA of that part goes where the DMA API says, whatever users do.
 *
 * What the driver of such a device promises, and where it is kept here:
 *
 * - A part sends nothing but requests with its PASID. The register with the PASID
 *   is not in the page that users map, and mpart_start() reads it back before
 *   the part may send anything.
 * - When a user has closed a part, the part sends nothing more. mpart_stop() waits
 *   until it is idle. A part that does not become idle is given to nobody.
 * - Users are gone before the driver is. mdev_unregister_parent() waits for them.
 */

#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/vfio.h>

#define MPART_VENDOR_ID		0x1234
#define MPART_DEVICE_ID		0x510b

/* BAR 0: a block for each part, for the driver */
#define MPART_BAR_CTRL		0
#define MPART_MAGIC		0x000
#define  MPART_MAGIC_VALUE	0x44534150
#define MPART_PARTS		0x008
#define MPART_BLOCK(n)		(0x100 + 0x20 * (n))
#define MPART_BLK_CTRL		0x00
#define  MPART_CTRL_ENABLE	BIT(0)
#define MPART_BLK_STATUS	0x04
#define  MPART_STATUS_BUSY	BIT(1)
#define MPART_BLK_PASID		0x08
#define  MPART_PASID_VALID	BIT(31)

/* BAR 2: a page for each part, for its user */
#define MPART_BAR_PAGES		2
#define MPART_PAGE_SIZE		SZ_4K
#define MPART_PG_DST		0x018
#define MPART_PG_LEN		0x020
#define MPART_PG_PATTERN	0x024
#define MPART_PG_CMD		0x028
#define  MPART_CMD_FILL		2
#define MPART_PG_RESULT		0x02c
#define  MPART_RESULT_OK	1
#define  MPART_RESULT_BUSY	2

#define MPART_POLL_US		20
#define MPART_TIMEOUT_US	(100 * USEC_PER_MSEC)

#define MPART_OWN		0
#define MPART_OWN_PATTERN	0x4e574f00

/**
 * struct mpart_dev - a PCI device
 * @pdev: the device
 * @ctrl: BAR 0
 * @own: the page of part 0
 * @num: number of parts, with part 0
 * @used: those that mediated devices have
 * @lock: keeps the control blocks as they are, and a reset of the device away
 * @parent: for mdev
 * @type: the only one
 * @types: a list of it
 */
struct mpart_dev {
	struct pci_dev *pdev;
	void __iomem *ctrl;
	void __iomem *own;
	unsigned int num;
	struct ida used;
	struct mutex lock; /* see above */
	struct mdev_parent parent;
	struct mdev_type type;
	struct mdev_type *types;
};

/**
 * struct mpart - a part that users can have
 * @vdev: for VFIO
 * @dev: the device
 * @index: which part
 * @pasid: of its requests
 * @stuck: it could not be stopped, so neither it nor its PASID may be used
 *	again: its requests could not be told from those of the next user
 */
struct mpart {
	struct vfio_device vdev;
	struct mpart_dev *dev;
	unsigned int index;
	ioasid_t pasid;
	bool stuck;
};

static struct mpart *to_mpart(struct vfio_device *vdev)
{
	return container_of(vdev, struct mpart, vdev);
}

/* Its requests are over when this returns 0. -ENODEV: the device is gone */
static int mpart_stop(struct mpart_dev *dev, unsigned int index)
{
	void __iomem *block = dev->ctrl + MPART_BLOCK(index);
	u32 status;
	int ret;

	lockdep_assert_held(&dev->lock);

	writel(0, block + MPART_BLK_CTRL);
	ret = readl_poll_timeout(block + MPART_BLK_STATUS, status,
				 !(status & MPART_STATUS_BUSY) ||
				 PCI_POSSIBLE_ERROR(status),
				 MPART_POLL_US, MPART_TIMEOUT_US);
	if (ret)
		pci_err(dev->pdev, "part %u: still busy after %lu ms; reset the function before it is used again\n",
			index, MPART_TIMEOUT_US / USEC_PER_MSEC);

	return ret ?: PCI_POSSIBLE_ERROR(status) ? -ENODEV : 0;
}

/* As new. A reset of the device may have cleared the PASID, too */
static int mpart_start(struct mpart_dev *dev, unsigned int index, u32 pasid)
{
	void __iomem *block = dev->ctrl + MPART_BLOCK(index);
	int ret;

	ret = mpart_stop(dev, index);
	if (ret)
		return ret;

	writel(pasid, block + MPART_BLK_PASID);
	if (readl(block + MPART_BLK_PASID) != pasid)
		return -EIO;

	writel(MPART_CTRL_ENABLE, block + MPART_BLK_CTRL);
	return 0;
}

/* What users do */

static int mpart_restart(struct vfio_device *vdev)
{
	struct mpart *part = to_mpart(vdev);

	guard(mutex)(&part->dev->lock);
	return mpart_start(part->dev, part->index,
			   MPART_PASID_VALID | part->pasid);
}

static void mpart_close_device(struct vfio_device *vdev)
{
	struct mpart *part = to_mpart(vdev);

	guard(mutex)(&part->dev->lock);
	part->stuck = mpart_stop(part->dev, part->index) == -ETIMEDOUT;
}

static long mpart_get_info(struct vfio_device_info __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	info.flags = VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = 1;
	info.num_irqs = 0;

	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long mpart_ioctl(struct vfio_device *vdev, unsigned int cmd,
			unsigned long arg)
{
	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return mpart_get_info((void __user *)arg);
	case VFIO_DEVICE_RESET:
		return mpart_restart(vdev);
	default:
		return -ENOTTY;
	}
}

static int mpart_get_region_info(struct vfio_device *vdev,
				 struct vfio_region_info *info,
				 struct vfio_info_cap *caps)
{
	if (info->index)
		return -EINVAL;

	info->flags = VFIO_REGION_INFO_FLAG_MMAP;
	info->offset = 0;
	info->size = MPART_PAGE_SIZE;
	return 0;
}

/* It stays mapped over a reset of the device, when all registers read as ones */
static int mpart_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	struct mpart *part = to_mpart(vdev);
	resource_size_t page = pci_resource_start(part->dev->pdev,
						  MPART_BAR_PAGES) +
			       part->index * MPART_PAGE_SIZE;

	if (vma->vm_pgoff || vma_pages(vma) != 1 || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return io_remap_pfn_range(vma, vma->vm_start, PHYS_PFN(page),
				  MPART_PAGE_SIZE, vma->vm_page_prot);
}

/* A part: from the creation of its mediated device on */

static int mpart_init_dev(struct vfio_device *vdev)
{
	struct mdev_device *mdev = to_mdev_device(vdev->dev);
	struct mpart *part = to_mpart(vdev);
	int index;

	part->dev = container_of(mdev->type, struct mpart_dev, type);
	index = ida_alloc_range(&part->dev->used, MPART_OWN + 1,
				part->dev->num - 1, GFP_KERNEL);
	if (index < 0)
		return index;

	part->index = index;
	part->pasid = iommu_alloc_global_pasid(&part->dev->pdev->dev);
	if (part->pasid == IOMMU_PASID_INVALID) {
		pci_err(part->dev->pdev, "part %d: no PASID: the IOMMU offers none, or all are taken\n",
			index);
		ida_free(&part->dev->used, index);
		return -ENOSPC;
	}

	return 0;
}

static void mpart_release_dev(struct vfio_device *vdev)
{
	struct mpart *part = to_mpart(vdev);

	if (part->stuck)
		return;

	iommu_free_global_pasid(part->pasid);
	ida_free(&part->dev->used, part->index);
}

static const struct vfio_device_ops mpart_dev_ops = {
	.name			= "mpart",
	.init			= mpart_init_dev,
	.release		= mpart_release_dev,
	.bind_iommufd		= vfio_iommufd_pasid_bind,
	.unbind_iommufd		= vfio_iommufd_physical_unbind,
	.attach_ioas		= vfio_iommufd_physical_attach_ioas,
	.detach_ioas		= vfio_iommufd_physical_detach_ioas,
	.open_device		= mpart_restart,
	.close_device		= mpart_close_device,
	.ioctl			= mpart_ioctl,
	.get_region_info_caps	= mpart_get_region_info,
	.mmap			= mpart_mmap,
};

static int mpart_probe(struct mdev_device *mdev)
{
	struct mpart *part;
	int ret;

	part = vfio_alloc_device(mpart, vdev, &mdev->dev, &mpart_dev_ops);
	if (IS_ERR(part))
		return PTR_ERR(part);

	dev_set_drvdata(&mdev->dev, part);
	ret = vfio_register_pasid_iommu_dev(&part->vdev, &part->dev->pdev->dev,
					    part->pasid);
	if (ret)
		vfio_put_device(&part->vdev);

	return ret;
}

static void mpart_remove(struct mdev_device *mdev)
{
	struct mpart *part = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&part->vdev);
	vfio_put_device(&part->vdev);
}

/* Where to look in what the IOMMU says of faults. Users need not know it */
static ssize_t pasid_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct mpart *part = dev_get_drvdata(dev);

	return sysfs_emit(buf, "0x%x\n", part->pasid);
}
static DEVICE_ATTR_RO(pasid);

static struct attribute *mpart_attrs[] = {
	&dev_attr_pasid.attr,
	NULL,
};
ATTRIBUTE_GROUPS(mpart);

static unsigned int mpart_get_available(struct mdev_type *type)
{
	struct mpart_dev *dev = container_of(type, struct mpart_dev, type);
	unsigned int i, n = 0;

	for (i = MPART_OWN + 1; i < dev->num; i++)
		n += !ida_exists(&dev->used, i);

	return n;
}

static struct mdev_driver mpart_mdev_driver = {
	.device_api	= "mpart",
	.driver = {
		.name		= "mpart_mdev",
		.owner		= THIS_MODULE,
		.mod_name	= KBUILD_MODNAME,
		.dev_groups	= mpart_groups,
	},
	.probe		= mpart_probe,
	.remove		= mpart_remove,
	.get_available	= mpart_get_available,
};

/* The device */

static bool mpart_own_fill(struct mpart_dev *dev, dma_addr_t dst)
{
	u32 result;

	writeq(dst, dev->own + MPART_PG_DST);
	writel(sizeof(u32), dev->own + MPART_PG_LEN);
	writel(MPART_OWN_PATTERN, dev->own + MPART_PG_PATTERN);
	writel(MPART_CMD_FILL, dev->own + MPART_PG_CMD);

	return !readl_poll_timeout(dev->own + MPART_PG_RESULT, result,
				   result != MPART_RESULT_BUSY, MPART_POLL_US,
				   MPART_TIMEOUT_US) &&
	       result == MPART_RESULT_OK;
}

static ssize_t own_dma_show(struct device *device,
			    struct device_attribute *attr, char *buf)
{
	struct mpart_dev *dev = dev_get_drvdata(device);
	dma_addr_t dma;
	bool ok;
	u32 *mem;
	int ret;

	guard(mutex)(&dev->lock);
	ret = mpart_start(dev, MPART_OWN, 0);
	if (ret)
		return ret;

	mem = dma_alloc_coherent(device, sizeof(*mem), &dma, GFP_KERNEL);
	if (!mem)
		return -ENOMEM;

	ok = mpart_own_fill(dev, dma) && READ_ONCE(*mem) == MPART_OWN_PATTERN;
	/* Memory that it may still write to is lost */
	if (!mpart_stop(dev, MPART_OWN))
		dma_free_coherent(device, sizeof(*mem), mem, dma);

	return sysfs_emit(buf, "%s\n", ok ? "ok" : "failed");
}
static DEVICE_ATTR_ADMIN_RO(own_dma);

static struct attribute *mpart_pci_attrs[] = {
	&dev_attr_own_dma.attr,
	NULL,
};
ATTRIBUTE_GROUPS(mpart_pci);

static int mpart_map(struct mpart_dev *dev)
{
	struct pci_dev *pdev = dev->pdev;

	dev->ctrl = pcim_iomap_region(pdev, MPART_BAR_CTRL, KBUILD_MODNAME);
	if (IS_ERR(dev->ctrl))
		return PTR_ERR(dev->ctrl);

	dev->own = pcim_iomap_region(pdev, MPART_BAR_PAGES, KBUILD_MODNAME);
	if (IS_ERR(dev->own))
		return PTR_ERR(dev->own);

	if (readl(dev->ctrl + MPART_MAGIC) != MPART_MAGIC_VALUE)
		return dev_err_probe(&pdev->dev, -ENODEV, "unknown device\n");

	dev->num = min(readl(dev->ctrl + MPART_PARTS),
		       pci_resource_len(pdev, MPART_BAR_PAGES) /
		       MPART_PAGE_SIZE);
	if (dev->num <= MPART_OWN + 1 ||
	    MPART_BLOCK(dev->num) > pci_resource_len(pdev, MPART_BAR_CTRL))
		return dev_err_probe(&pdev->dev, -ENODEV,
				     "no parts, or no registers for %u\n",
				     dev->num);

	return 0;
}

static int mpart_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct mpart_dev *dev;
	int ret;

	/* The DMA of parts that nobody translates would reach all memory */
	if (!device_iommu_mapped(&pdev->dev))
		return dev_err_probe(&pdev->dev, -ENODEV,
				     "no IOMMU translates its DMA; parts need one with PASIDs\n");

	dev = devm_kzalloc(&pdev->dev, sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;

	dev->pdev = pdev;
	ida_init(&dev->used);
	pci_set_drvdata(pdev, dev);
	ret = devm_mutex_init(&pdev->dev, &dev->lock);
	if (ret)
		return ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;

	ret = mpart_map(dev);
	if (ret)
		return ret;

	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;

	pci_set_master(pdev);
	dev->type.sysfs_name = "part";
	dev->type.pretty_name = "part with a PASID";
	dev->types = &dev->type;
	return mdev_register_parent(&dev->parent, &pdev->dev,
				    &mpart_mdev_driver, &dev->types, 1);
}

static void mpart_pci_remove(struct pci_dev *pdev)
{
	struct mpart_dev *dev = pci_get_drvdata(pdev);

	mdev_unregister_parent(&dev->parent);
	pci_clear_master(pdev);
}

/* Parts are off afterwards, until their users reset them */
static void mpart_reset_prepare(struct pci_dev *pdev)
{
	struct mpart_dev *dev = pci_get_drvdata(pdev);

	mutex_lock(&dev->lock);
}

static void mpart_reset_done(struct pci_dev *pdev)
{
	struct mpart_dev *dev = pci_get_drvdata(pdev);

	mutex_unlock(&dev->lock);
}

static const struct pci_error_handlers mpart_err_handler = {
	.reset_prepare	= mpart_reset_prepare,
	.reset_done	= mpart_reset_done,
};

static const struct pci_device_id mpart_ids[] = {
	{ PCI_DEVICE(MPART_VENDOR_ID, MPART_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, mpart_ids);

static struct pci_driver mpart_pci_driver = {
	.name		= "mpart",
	.id_table	= mpart_ids,
	.probe		= mpart_pci_probe,
	.remove		= mpart_pci_remove,
	.dev_groups	= mpart_pci_groups,
	.err_handler	= &mpart_err_handler,
};

static int __init mpart_init(void)
{
	int ret;

	ret = mdev_register_driver(&mpart_mdev_driver);
	if (ret)
		return ret;

	ret = pci_register_driver(&mpart_pci_driver);
	if (ret)
		mdev_unregister_driver(&mpart_mdev_driver);

	return ret;
}
module_init(mpart_init);

static void __exit mpart_exit(void)
{
	pci_unregister_driver(&mpart_pci_driver);
	mdev_unregister_driver(&mpart_mdev_driver);
}
module_exit(mpart_exit);

MODULE_DESCRIPTION("Sample driver that gives parts of a PCI device to users, told apart by PASID");
MODULE_LICENSE("GPL");
