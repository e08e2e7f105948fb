// SPDX-License-Identifier: GPL-2.0
/*
 * VFIO for Scalable Device Interfaces (SDIs) of SIOV Physical Functions
 *
 * An SDI bound to this driver is, for the user, a PCI function bound to
 * vfio-pci: same regions, same interrupt indexes, same offsets, so that QEMU and
 * others run unchanged. config.c composes that function. What is real is the
 * SDI's pages, which the user maps, its interrupts, and its DMA, confined by an
 * IOMMU domain of the SDI's Routing ID and allowed by Bus Master Enable.
 *
 * The user never finds anything of the one before: the SDI is reset when the
 * file is opened, and again when it is closed, before its IOMMU domain goes. No
 * mapping of the SDI's pages works while Memory Space Enable is clear, while the
 * SDI or its PF is reset, or after the last close. Who touches the SDI during a
 * reset waits until it is over.
 */

#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci-siov.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>
#include <linux/vfio.h>

#include "private.h"

/* Where vfio-pci has its regions: users were told to ask, and do not */
#define SIOV_OFFSET_SHIFT	40
#define SIOV_OFFSET_MASK	(BIT_ULL(SIOV_OFFSET_SHIFT) - 1)

static struct vfio_siov_device *to_vfio_siov(struct vfio_device *vdev)
{
	return container_of(vdev, struct vfio_siov_device, vdev);
}

static unsigned int pos_to_index(u64 pos)
{
	return pos >> SIOV_OFFSET_SHIFT;
}

static u64 index_to_pos(unsigned int index)
{
	return (u64)index << SIOV_OFFSET_SHIFT;
}

/* ---- State ---- */

/**
 * vfio_siov_lock_kill() - Take the locks of a user
 * @v: the device
 *
 * Return: 0, or -EINTR if the user is killed meanwhile.
 */
int vfio_siov_lock_kill(struct vfio_siov_device *v)
{
	int ret;

	ret = mutex_lock_killable(&v->user_lock);
	if (ret)
		return ret;

	ret = mutex_lock_killable(&v->lock);
	if (ret)
		mutex_unlock(&v->user_lock);

	return ret;
}

/**
 * vfio_siov_unlock() - Undo vfio_siov_lock_kill() or vfio_siov_lock_awake()
 * @v: the device
 */
void vfio_siov_unlock(struct vfio_siov_device *v)
{
	mutex_unlock(&v->lock);
	mutex_unlock(&v->user_lock);
}

/* No reset of the PF is under way, or none that comes to an end */
static bool is_awake(const struct vfio_siov_device *v)
{
	return !READ_ONCE(v->pf_reset) || READ_ONCE(v->gone);
}

/**
 * vfio_siov_lock_awake() - Take the locks of a user, and not in a reset of the PF
 * @v: the device
 *
 * Waits without a lock until the reset is over, or has failed for good.
 *
 * Return: 0, or a negative number if the user is killed meanwhile.
 */
int vfio_siov_lock_awake(struct vfio_siov_device *v)
{
	int ret;

	for (;;) {
		ret = wait_event_killable(v->wait, is_awake(v));
		if (!ret)
			ret = vfio_siov_lock_kill(v);
		if (ret || is_awake(v))
			return ret;
		vfio_siov_unlock(v);
	}
}

static enum vfio_siov_memory wanted_memory(const struct vfio_siov_device *v)
{
	if (!(vfio_siov_command(v) & PCI_COMMAND_MEMORY))
		return VFIO_SIOV_MEMORY_OFF;
	if (!READ_ONCE(v->pf_reset))
		return VFIO_SIOV_MEMORY_ON;

	return v->gone ? VFIO_SIOV_MEMORY_OFF : VFIO_SIOV_MEMORY_WAIT;
}

static void zap_mappings(struct vfio_siov_device *v)
{
	lockdep_assert_held_write(&v->memory_lock);
	unmap_mapping_range(v->vdev.inode->i_mapping,
			    index_to_pos(VFIO_PCI_BAR0_REGION_INDEX),
			    index_to_pos(PCI_STD_NUM_BARS), true);
}

/**
 * vfio_siov_update_memory() - Let the user reach the SDI's pages, or not
 * @v: the device, &vfio_siov_device.lock held
 *
 * Afterwards no mapping works that should not.
 */
void vfio_siov_update_memory(struct vfio_siov_device *v)
{
	enum vfio_siov_memory memory = wanted_memory(v);

	lockdep_assert_held(&v->lock);

	scoped_guard(rwsem_write, &v->memory_lock) {
		if (v->memory == VFIO_SIOV_MEMORY_ON &&
		    memory != VFIO_SIOV_MEMORY_ON)
			zap_mappings(v);
		WRITE_ONCE(v->memory, memory);
	}

	wake_up_all(&v->wait);
}

/*
 * Called without a lock after somebody has found that the SDI may not be
 * accessed. 0 if it is worth another look.
 */
static int wait_for_memory(struct vfio_siov_device *v)
{
	int ret;

	ret = wait_event_killable(v->wait,
				  READ_ONCE(v->memory) != VFIO_SIOV_MEMORY_WAIT);
	if (ret)
		return ret;

	return READ_ONCE(v->memory) == VFIO_SIOV_MEMORY_OFF ? -EIO : 0;
}

static int reset_sdi(struct vfio_siov_device *v)
{
	int ret;

	if (READ_ONCE(v->pf_reset))
		return v->gone ? -ENODEV : -EAGAIN;

	/* Whoever touches the SDI waits, as with vfio-pci */
	guard(rwsem_write)(&v->memory_lock);
	if (v->memory == VFIO_SIOV_MEMORY_ON)
		zap_mappings(v);

	ret = pci_sdi_reset(v->sdi);
	if (ret || !(vfio_siov_command(v) & PCI_COMMAND_MASTER))
		return ret;

	/* A reset of the PF that begins now wants it off */
	if (READ_ONCE(v->pf_reset))
		return -EAGAIN;

	return pci_sdi_set_master(v->sdi, true);
}

/**
 * vfio_siov_reset() - Reset the SDI for its user
 * @v: the device, &vfio_siov_device.lock held
 *
 * As with vfio-pci, configuration space and interrupts stay as they are: users
 * set Bus Master Enable before they reset.
 *
 * Return: 0, -EAGAIN while the PF is reset, which resets the SDI as well,
 * -ENODEV if the PF has failed, or the error of pci_sdi_reset(). With an error
 * DMA is off.
 */
int vfio_siov_reset(struct vfio_siov_device *v)
{
	int ret;

	lockdep_assert_held(&v->lock);

	ret = reset_sdi(v);
	if (ret)
		vfio_siov_clear_command(v, PCI_COMMAND_MASTER);

	return ret;
}

/* ---- Open and close ---- */

static void vfio_siov_unmap_bars(struct vfio_siov_device *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v->bar); i++) {
		if (v->bar[i].io)
			iounmap(v->bar[i].io);
		v->bar[i].io = NULL;
	}
}

static int vfio_siov_map_bars(struct vfio_siov_device *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v->bar); i++) {
		if (!v->bar[i].len)
			continue;

		v->bar[i].io = pci_sdi_iomap(v->sdi, i);
		if (!v->bar[i].io) {
			vfio_siov_unmap_bars(v);
			return -ENOMEM;
		}
	}

	return 0;
}

static int vfio_siov_open_device(struct vfio_device *vdev)
{
	struct vfio_siov_device *v = to_vfio_siov(vdev);
	int ret;

	ACQUIRE(vfio_siov_awake, user)(v);
	ret = ACQUIRE_ERR(vfio_siov_awake, &user);
	if (ret)
		return ret;
	if (v->gone)
		return -ENODEV;

	ret = pci_sdi_reset(v->sdi);
	if (ret)
		return ret;

	ret = vfio_siov_map_bars(v);
	if (ret)
		return ret;

	ret = vfio_siov_config_open(v);
	if (ret) {
		vfio_siov_unmap_bars(v);
		return ret;
	}

	vfio_siov_update_memory(v);
	return 0;
}

/*
 * The VFIO core takes the SDI out of the user's IOMMU domain after this, and
 * where it then lands may be the kernel's memory. So nothing may be on the way.
 * Where the PF is being reset, its end resets the SDI.
 */
static void vfio_siov_close_device(struct vfio_device *vdev)
{
	struct vfio_siov_device *v = to_vfio_siov(vdev);

	guard(vfio_siov)(v);
	vfio_siov_config_close(v);
	vfio_siov_update_memory(v);
	pci_sdi_set_master(v->sdi, false);
	vfio_siov_free_irqs(v);
	pci_sdi_reset(v->sdi);
	vfio_siov_unmap_bars(v);
}

/* ---- Regions ---- */

static int region_add_sparse(struct vfio_info_cap *caps, u64 len)
{
	size_t size = struct_size_t(struct vfio_region_info_cap_sparse_mmap,
				    areas, 1);

	struct vfio_region_info_cap_sparse_mmap *sparse __free(kfree) =
		kzalloc(size, GFP_KERNEL);
	if (!sparse)
		return -ENOMEM;

	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	sparse->nr_areas = 1;
	sparse->areas[0].size = len;
	return vfio_info_add_capability(caps, &sparse->header, size);
}

static int bar_info(const struct vfio_siov_bar *bar,
		    struct vfio_region_info *info, struct vfio_info_cap *caps)
{
	info->size = bar->size;
	if (!bar->size)
		return 0;

	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (!bar->len)
		return 0;

	info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	if (bar->len == bar->size)
		return 0;

	return region_add_sparse(caps, bar->len);
}

static int vfio_siov_get_region_info(struct vfio_device *vdev,
				     struct vfio_region_info *info,
				     struct vfio_info_cap *caps)
{
	struct vfio_siov_device *v = to_vfio_siov(vdev);

	info->offset = index_to_pos(info->index);
	info->size = 0;
	info->flags = 0;

	switch (info->index) {
	case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_BAR5_REGION_INDEX:
		return bar_info(&v->bar[info->index], info, caps);
	case VFIO_PCI_CONFIG_REGION_INDEX:
		info->size = PCI_CFG_SPACE_EXP_SIZE;
		info->flags = VFIO_REGION_INFO_FLAG_READ |
			      VFIO_REGION_INFO_FLAG_WRITE;
		return 0;
	case VFIO_PCI_ROM_REGION_INDEX:
		return 0;
	default:
		/* VFIO_PCI_VGA_REGION_INDEX as well, as vfio-pci does */
		return -EINVAL;
	}
}

/* A register is as wide as the access and in little endian byte order */
static void io_read(const void __iomem *io, u8 *buf, size_t size)
{
	switch (size) {
	case 1:
		*buf = readb(io);
		break;
	case 2:
		put_unaligned_le16(readw(io), buf);
		break;
	case 4:
		put_unaligned_le32(readl(io), buf);
		break;
#ifdef CONFIG_64BIT
	case 8:
		put_unaligned_le64(readq(io), buf);
		break;
#endif
	}
}

static void io_write(void __iomem *io, const u8 *buf, size_t size)
{
	switch (size) {
	case 1:
		writeb(*buf, io);
		break;
	case 2:
		writew(get_unaligned_le16(buf), io);
		break;
	case 4:
		writel(get_unaligned_le32(buf), io);
		break;
#ifdef CONFIG_64BIT
	case 8:
		writeq(get_unaligned_le64(buf), io);
		break;
#endif
	}
}

/* The widest aligned access that fits */
static size_t io_size(u64 pos, size_t count)
{
	size_t size;

	for (size = sizeof(long); size > 1; size /= 2)
		if (IS_ALIGNED(pos, size) && count >= size)
			break;

	return size;
}

/* What no device answers reads as all ones */
static int bar_try_read(struct vfio_siov_device *v, unsigned int index, u64 pos,
			u8 *buf, size_t size)
{
	struct vfio_siov_bar *bar = &v->bar[index];

	guard(rwsem_read)(&v->memory_lock);
	if (v->memory != VFIO_SIOV_MEMORY_ON)
		return -EAGAIN;

	if (pos < bar->len)
		io_read(bar->io + pos, buf, size);
	else
		memset(buf, 0xff, size);

	return 0;
}

static int bar_try_write(struct vfio_siov_device *v, unsigned int index,
			 u64 pos, const u8 *buf, size_t size)
{
	struct vfio_siov_bar *bar = &v->bar[index];

	guard(rwsem_read)(&v->memory_lock);
	if (v->memory != VFIO_SIOV_MEMORY_ON)
		return -EAGAIN;

	if (pos < bar->len)
		io_write(bar->io + pos, buf, size);

	return 0;
}

static int bar_read_one(struct vfio_siov_device *v, unsigned int index, u64 pos,
			u8 *buf, size_t size)
{
	int ret = 0;

	while (!ret && bar_try_read(v, index, pos, buf, size))
		ret = wait_for_memory(v);

	return ret;
}

static int bar_write_one(struct vfio_siov_device *v, unsigned int index,
			 u64 pos, const u8 *buf, size_t size)
{
	int ret = 0;

	while (!ret && bar_try_write(v, index, pos, buf, size))
		ret = wait_for_memory(v);

	return ret;
}

static bool is_msix_bar(const struct vfio_siov_device *v, unsigned int index)
{
	return v->nr_vectors && index == v->msix_bar;
}

static ssize_t bar_read(struct vfio_siov_device *v, unsigned int index,
			char __user *buf, size_t count, u64 pos)
{
	size_t done, size;
	int ret = 0;
	u8 val[8];

	for (done = 0; done < count; done += size) {
		size = io_size(pos + done, count - done);
		if (is_msix_bar(v, index))
			ret = vfio_siov_msix_read(v, pos + done, val, size);
		else
			ret = bar_read_one(v, index, pos + done, val, size);
		if (!ret && copy_to_user(buf + done, val, size))
			ret = -EFAULT;
		if (ret)
			return ret;
	}

	return done;
}

static ssize_t bar_write(struct vfio_siov_device *v, unsigned int index,
			 const char __user *buf, size_t count, u64 pos)
{
	size_t done, size;
	int ret = 0;
	u8 val[8];

	for (done = 0; done < count; done += size) {
		size = io_size(pos + done, count - done);
		if (copy_from_user(val, buf + done, size))
			return -EFAULT;
		if (is_msix_bar(v, index))
			ret = vfio_siov_msix_write(v, pos + done, val, size);
		else
			ret = bar_write_one(v, index, pos + done, val, size);
		if (ret)
			return ret;
	}

	return done;
}

/* The part of an access that lies in the BAR, 0 if there is none */
static size_t bar_clip(const struct vfio_siov_device *v, unsigned int index,
		       size_t count, u64 pos)
{
	if (index >= ARRAY_SIZE(v->bar) || pos >= v->bar[index].size)
		return 0;

	return min_t(u64, count, v->bar[index].size - pos);
}

static ssize_t vfio_siov_rw(struct vfio_device *vdev, char __user *buf,
			    size_t count, loff_t *ppos, bool write)
{
	struct vfio_siov_device *v = to_vfio_siov(vdev);
	unsigned int index = pos_to_index(*ppos);
	u64 pos = *ppos & SIOV_OFFSET_MASK;
	ssize_t ret;

	if (!count)
		return 0;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		ret = write ? vfio_siov_config_write(v, buf, count, pos) :
			      vfio_siov_config_read(v, buf, count, pos);
	} else {
		count = bar_clip(v, index, count, pos);
		if (!count)
			return -EINVAL;
		ret = write ? bar_write(v, index, buf, count, pos) :
			      bar_read(v, index, buf, count, pos);
	}

	if (ret > 0)
		*ppos += ret;
	return ret;
}

static ssize_t vfio_siov_read(struct vfio_device *vdev, char __user *buf,
			      size_t count, loff_t *ppos)
{
	return vfio_siov_rw(vdev, buf, count, ppos, false);
}

static ssize_t vfio_siov_write(struct vfio_device *vdev, const char __user *buf,
			       size_t count, loff_t *ppos)
{
	return vfio_siov_rw(vdev, (char __user *)buf, count, ppos, true);
}

static vm_fault_t try_fault(struct vfio_siov_device *v, struct vm_fault *vmf)
{
	u64 pos = (u64)vmf->pgoff << PAGE_SHIFT;
	struct vfio_siov_bar *bar = &v->bar[pos_to_index(pos)];

	guard(rwsem_read)(&v->memory_lock);
	switch (v->memory) {
	case VFIO_SIOV_MEMORY_OFF:
		return VM_FAULT_SIGBUS;
	case VFIO_SIOV_MEMORY_WAIT:
		return VM_FAULT_RETRY;
	case VFIO_SIOV_MEMORY_ON:
		break;
	}

	return vmf_insert_pfn(vmf->vma, vmf->address,
			      PHYS_PFN(bar->start + (pos & SIOV_OFFSET_MASK)));
}

/*
 * The reset may take seconds, so mmap_lock goes first. The file keeps the device
 * open when the mapping has gone meanwhile.
 */
static void wait_without_mmap_lock(struct vfio_siov_device *v,
				   struct vm_fault *vmf)
{
	struct file *file __free(fput) = get_file(vmf->vma->vm_file);

	release_fault_lock(vmf);
	wait_for_memory(v);
}

static vm_fault_t vfio_siov_fault(struct vm_fault *vmf)
{
	struct vfio_siov_device *v = vmf->vma->vm_private_data;
	vm_fault_t ret;

	for (;;) {
		ret = try_fault(v, vmf);
		if (ret != VM_FAULT_RETRY)
			return ret;
		if (vmf->flags & FAULT_FLAG_ALLOW_RETRY)
			break;
		/* The caller takes no other answer than a page or an error */
		if (wait_for_memory(v))
			return VM_FAULT_SIGBUS;
	}

	if (!(vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
		wait_without_mmap_lock(v, vmf);

	return VM_FAULT_RETRY;
}

static const struct vm_operations_struct vfio_siov_vm_ops = {
	.fault = vfio_siov_fault,
};

/* Exactly the pages of the SDI, and whole pages they are */
static int vfio_siov_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	struct vfio_siov_device *v = to_vfio_siov(vdev);
	u64 start = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 size = vma->vm_end - vma->vm_start;
	unsigned int index = pos_to_index(start);
	u64 len;

	if (!(vma->vm_flags & VM_SHARED) || index >= ARRAY_SIZE(v->bar))
		return -EINVAL;

	start &= SIOV_OFFSET_MASK;
	len = v->bar[index].len;
	if (start >= len || size > len - start)
		return -EINVAL;

	vma->vm_private_data = v;
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	/* As vfio-pci: the flags must not change when a page is faulted in */
	vm_flags_set(vma, VM_ALLOW_ANY_UNCACHED | VM_IO | VM_PFNMAP |
			  VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &vfio_siov_vm_ops;

	return 0;
}

/* ---- ioctl ---- */

static long ioctl_get_info(struct vfio_siov_device *v,
			   struct vfio_device_info __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info = {};

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = VFIO_PCI_NUM_REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;

	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long ioctl_get_irq_info(struct vfio_siov_device *v,
			       struct vfio_irq_info __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	info.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
	info.count = vfio_siov_irq_count(v, info.index);

	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long ioctl_set_irqs(struct vfio_siov_device *v,
			   struct vfio_irq_set __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_irq_set, count);
	struct vfio_irq_set hdr;
	size_t size;
	int ret;

	if (copy_from_user(&hdr, arg, minsz))
		return -EFAULT;

	ret = vfio_set_irqs_validate_and_prepare(&hdr,
						 vfio_siov_irq_count(v, hdr.index),
						 VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;

	u8 *data __free(kvfree) = NULL;
	if (size) {
		data = vmemdup_user(&arg->data, size);
		if (IS_ERR(data))
			return PTR_ERR(no_free_ptr(data));
	}

	return vfio_siov_set_irqs(v, &hdr, data);
}

static long ioctl_reset(struct vfio_siov_device *v)
{
	int ret;

	ACQUIRE(vfio_siov_kill, user)(v);
	ret = ACQUIRE_ERR(vfio_siov_kill, &user);

	return ret ?: vfio_siov_reset(v);
}

static long vfio_siov_ioctl(struct vfio_device *vdev, unsigned int cmd,
			    unsigned long arg)
{
	struct vfio_siov_device *v = to_vfio_siov(vdev);
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return ioctl_get_info(v, uarg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return ioctl_get_irq_info(v, uarg);
	case VFIO_DEVICE_SET_IRQS:
		return ioctl_set_irqs(v, uarg);
	case VFIO_DEVICE_RESET:
		return ioctl_reset(v);
	default:
		return -ENOTTY;
	}
}

static void vfio_siov_request(struct vfio_device *vdev, unsigned int count)
{
	struct vfio_siov_device *v = to_vfio_siov(vdev);

	if (vfio_siov_signal_request(v)) {
		if (count % 10 == 0)
			dev_notice_ratelimited(&v->sdi->dev, "asking the user to release the SDI (#%u)\n",
					       count);
	} else if (count == 0) {
		dev_warn(&v->sdi->dev, "the user has not asked to be told that the SDI is wanted back, waiting\n");
	}
}

/* ---- What happens to the PF ---- */

/*
 * The user's mappings and DMA end before the device stops answering. @lock is held
 * by one user at most, who has begun before pf_reset was set: it takes as long as
 * the device does for one operation.
 */
static void vfio_siov_reset_prepare(struct pci_sdi *sdi)
{
	struct vfio_siov_device *v = dev_get_drvdata(&sdi->dev);

	WRITE_ONCE(v->pf_reset, true);
	guard(mutex)(&v->lock);
	WRITE_ONCE(v->gone, false);
	vfio_siov_update_memory(v);
	vfio_siov_clear_command(v, PCI_COMMAND_MASTER);
	pci_sdi_set_master(sdi, false);
}

/*
 * A reset that the user has not asked for is an error to the user. It may have
 * begun before anybody was told, so DMA is turned off here, too: Bus Master
 * Enable always says what is so.
 */
static void vfio_siov_reset_done(struct pci_sdi *sdi, int error)
{
	struct vfio_siov_device *v = dev_get_drvdata(&sdi->dev);

	guard(mutex)(&v->lock);
	vfio_siov_clear_command(v, PCI_COMMAND_MASTER);
	pci_sdi_set_master(sdi, false);
	/* A PF that is gone stays out of reach */
	WRITE_ONCE(v->gone, error == -ENODEV);
	WRITE_ONCE(v->pf_reset, error == -ENODEV);
	vfio_siov_update_memory(v);
	vfio_siov_signal_error(v);
}

static void vfio_siov_error(struct pci_sdi *sdi, pci_channel_state_t state)
{
	struct vfio_siov_device *v = dev_get_drvdata(&sdi->dev);

	if (state == pci_channel_io_perm_failure) {
		/* Nobody need wait for the end of its reset */
		guard(mutex)(&v->lock);
		WRITE_ONCE(v->gone, true);
		vfio_siov_update_memory(v);
	}

	vfio_siov_signal_error(v);
}

/* Others are asked at the same time, and remove waits for this one only later */
static void vfio_siov_want_back(struct pci_sdi *sdi)
{
	vfio_siov_signal_request(dev_get_drvdata(&sdi->dev));
}

/* ---- Binding ---- */

static int vfio_siov_init_dev(struct vfio_device *vdev)
{
	struct vfio_siov_device *v = to_vfio_siov(vdev);

	v->sdi = to_pci_sdi(vdev->dev);
	mutex_init(&v->user_lock);
	mutex_init(&v->lock);
	init_rwsem(&v->memory_lock);
	init_waitqueue_head(&v->wait);
	spin_lock_init(&v->trigger_lock);

	return vfio_siov_layout(v);
}

static void vfio_siov_release_dev(struct vfio_device *vdev)
{
	struct vfio_siov_device *v = to_vfio_siov(vdev);

	mutex_destroy(&v->lock);
	mutex_destroy(&v->user_lock);
}

static const struct vfio_device_ops vfio_siov_ops = {
	.name			= "vfio-siov",
	.init			= vfio_siov_init_dev,
	.release		= vfio_siov_release_dev,
	.bind_iommufd		= vfio_iommufd_physical_bind,
	.unbind_iommufd		= vfio_iommufd_physical_unbind,
	.attach_ioas		= vfio_iommufd_physical_attach_ioas,
	.detach_ioas		= vfio_iommufd_physical_detach_ioas,
	.open_device		= vfio_siov_open_device,
	.close_device		= vfio_siov_close_device,
	.read			= vfio_siov_read,
	.write			= vfio_siov_write,
	.ioctl			= vfio_siov_ioctl,
	.get_region_info_caps	= vfio_siov_get_region_info,
	.mmap			= vfio_siov_mmap,
	.request		= vfio_siov_request,
};

static int vfio_siov_probe(struct pci_sdi *sdi)
{
	struct vfio_siov_device *v;
	int ret;

	v = vfio_alloc_device(vfio_siov_device, vdev, &sdi->dev,
			      &vfio_siov_ops);
	if (IS_ERR(v))
		return PTR_ERR(v);

	dev_set_drvdata(&sdi->dev, v);
	/* The next call gives the SDI to a user */
	pci_sdi_notify_start(sdi);
	ret = vfio_register_group_dev(&v->vdev);
	if (ret) {
		pci_sdi_notify_stop(sdi);
		vfio_put_device(&v->vdev);
	}

	return ret;
}

/* Waits until the user has closed the device, and asks for it meanwhile */
static void vfio_siov_remove(struct pci_sdi *sdi)
{
	struct vfio_siov_device *v = dev_get_drvdata(&sdi->dev);

	vfio_unregister_group_dev(&v->vdev);
	pci_sdi_notify_stop(sdi);
	vfio_put_device(&v->vdev);
}

/* No table of IDs: it binds where driver_override says so, and nowhere else */
static struct pci_sdi_driver vfio_siov_driver = {
	.probe			= vfio_siov_probe,
	.remove			= vfio_siov_remove,
	.reset_prepare		= vfio_siov_reset_prepare,
	.reset_done		= vfio_siov_reset_done,
	.error			= vfio_siov_error,
	.request		= vfio_siov_want_back,
	.driver_managed_dma	= true,
	.driver = {
		.name		= "vfio-siov",
	},
};
module_pci_sdi_driver(vfio_siov_driver);

MODULE_DESCRIPTION("VFIO for SIOV Scalable Device Interfaces");
MODULE_LICENSE("GPL");
