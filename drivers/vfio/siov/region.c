// SPDX-License-Identifier: GPL-2.0
/*
 * What the user of an SDI reads, writes and maps
 *
 * A BAR has slices: pages of the SDI, which the user can map, and parts that the
 * driver answers. What is between them reads as all ones.
 */

#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "private.h"

/* ---- Mapped for the kernel ---- */

void vfio_siov_unmap_regions(struct vfio_siov_core_device *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v->io); i++) {
		if (v->io[i])
			iounmap(v->io[i]);
		v->io[i] = NULL;
	}
}

int vfio_siov_map_regions(struct vfio_siov_core_device *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v->io); i++) {
		if (!v->sdi->region[i].size)
			continue;

		v->io[i] = pci_sdi_iomap(v->sdi, i);
		if (!v->io[i]) {
			vfio_siov_unmap_regions(v);
			return -ENOMEM;
		}
	}

	return 0;
}

/* ---- Information ---- */

static phys_addr_t slice_start(const struct vfio_siov_core_device *v,
			       const struct vfio_siov_slice *slice)
{
	return v->sdi->region[slice->region].start + slice->region_offset;
}

static u16 slice_attr(const struct vfio_siov_core_device *v,
		      const struct vfio_siov_slice *slice)
{
	return v->sdi->region[slice->region].attr;
}

/* Only whole pages can be mapped, and only those of the SDI */
static bool can_be_mapped(const struct vfio_siov_core_device *v,
			  const struct vfio_siov_slice *slice)
{
	return slice && !slice->ops &&
	       !(slice_attr(v, slice) & PCI_SDI_REGION_NO_MMAP) &&
	       PAGE_ALIGNED(slice->offset | slice->len | slice_start(v, slice));
}

static unsigned int count_mappable(const struct vfio_siov_core_device *v,
				   const struct vfio_siov_bar *bar)
{
	unsigned int i, nr = 0;

	for (i = 0; i < bar->nr_slices; i++)
		nr += can_be_mapped(v, &bar->slice[i]);

	return nr;
}

static int add_sparse(const struct vfio_siov_core_device *v,
		      const struct vfio_siov_bar *bar, unsigned int nr,
		      struct vfio_info_cap *caps)
{
	size_t size = struct_size_t(struct vfio_region_info_cap_sparse_mmap,
				    areas, nr);
	unsigned int i, n = 0;

	struct vfio_region_info_cap_sparse_mmap *sparse __free(kfree) =
		kzalloc(size, GFP_KERNEL);
	if (!sparse)
		return -ENOMEM;

	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	sparse->nr_areas = nr;
	for (i = 0; i < bar->nr_slices; i++) {
		if (!can_be_mapped(v, &bar->slice[i]))
			continue;
		sparse->areas[n].offset = bar->slice[i].offset;
		sparse->areas[n++].size = bar->slice[i].len;
	}

	return vfio_info_add_capability(caps, &sparse->header, size);
}

static int bar_info(const struct vfio_siov_core_device *v,
		    const struct vfio_siov_bar *bar,
		    struct vfio_region_info *info, struct vfio_info_cap *caps)
{
	unsigned int nr = count_mappable(v, bar);

	info->size = bar->size;
	if (!bar->size)
		return 0;

	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (!nr)
		return 0;

	info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	if (nr == 1 && bar->slice[0].len == bar->size)
		return 0;

	return add_sparse(v, bar, nr, caps);
}

/**
 * vfio_siov_core_get_region_info() - &vfio_device_ops.get_region_info_caps
 * @vdev: the device
 * @info: what to fill in; @info->index is the user's
 * @caps: where capabilities of the region go
 *
 * Return: 0, -EINVAL if there is no such region, or -ENOMEM.
 */
int vfio_siov_core_get_region_info(struct vfio_device *vdev,
				   struct vfio_region_info *info,
				   struct vfio_info_cap *caps)
{
	struct vfio_siov_core_device *v = to_vfio_siov(vdev);

	info->offset = vfio_siov_index_to_pos(info->index);
	info->size = 0;
	info->flags = 0;

	switch (info->index) {
	case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_BAR5_REGION_INDEX:
		return bar_info(v, &v->bar[info->index], info, caps);
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
EXPORT_SYMBOL_GPL(vfio_siov_core_get_region_info);

/* ---- Read and write ---- */

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

static void __iomem *slice_io(const struct vfio_siov_core_device *v,
			      const struct vfio_siov_slice *slice, u64 pos)
{
	return v->io[slice->region] + slice->region_offset + pos -
	       slice->offset;
}

/* -EAGAIN if the device may not be accessed now */
static int pages_read(struct vfio_siov_core_device *v,
		      const struct vfio_siov_bar *bar,
		      const struct vfio_siov_slice *slice, u64 pos, u8 *buf,
		      size_t size)
{
	guard(rwsem_read)(&v->memory_lock);
	if (vfio_siov_access(v, bar) != VFIO_SIOV_ACCESS_ON)
		return -EAGAIN;

	/* What no device answers reads as all ones */
	if (slice)
		io_read(slice_io(v, slice, pos), buf, size);
	else
		memset(buf, 0xff, size);

	return 0;
}

static int pages_write(struct vfio_siov_core_device *v,
		       const struct vfio_siov_bar *bar,
		       const struct vfio_siov_slice *slice, u64 pos,
		       const u8 *buf, size_t size)
{
	/* It is the region of other SDIs as well */
	if (slice && slice_attr(v, slice) & PCI_SDI_REGION_SHARED)
		return -EPERM;

	guard(rwsem_read)(&v->memory_lock);
	if (vfio_siov_access(v, bar) != VFIO_SIOV_ACCESS_ON)
		return -EAGAIN;

	if (slice)
		io_write(slice_io(v, slice, pos), buf, size);

	return 0;
}

static int bar_read_one(struct vfio_siov_core_device *v, unsigned int index,
			u64 pos, u8 *buf, size_t size)
{
	const struct vfio_siov_bar *bar = &v->bar[index];
	const struct vfio_siov_slice *slice = vfio_siov_find_slice(bar, pos);
	int ret;

	do {
		ret = vfio_siov_wait_for_access(v, bar);
		if (ret)
			return ret;
		if (slice && slice->ops)
			ret = slice->ops->read(v, index, pos, buf, size);
		else
			ret = pages_read(v, bar, slice, pos, buf, size);
	} while (ret == -EAGAIN);

	return ret;
}

static int bar_write_one(struct vfio_siov_core_device *v, unsigned int index,
			 u64 pos, const u8 *buf, size_t size)
{
	const struct vfio_siov_bar *bar = &v->bar[index];
	const struct vfio_siov_slice *slice = vfio_siov_find_slice(bar, pos);
	int ret;

	do {
		ret = vfio_siov_wait_for_access(v, bar);
		if (ret)
			return ret;
		if (slice && slice->ops)
			ret = slice->ops->write(v, index, pos, buf, size);
		else
			ret = pages_write(v, bar, slice, pos, buf, size);
	} while (ret == -EAGAIN);

	return ret;
}

static ssize_t bar_read(struct vfio_siov_core_device *v, unsigned int index,
			char __user *buf, size_t count, u64 pos)
{
	size_t done, size;
	int ret = 0;
	u8 val[8];

	for (done = 0; done < count; done += size) {
		size = io_size(pos + done, count - done);
		if (vfio_siov_is_msix_bar(v, index))
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

static ssize_t bar_write(struct vfio_siov_core_device *v, unsigned int index,
			 const char __user *buf, size_t count, u64 pos)
{
	size_t done, size;
	int ret = 0;
	u8 val[8];

	for (done = 0; done < count; done += size) {
		size = io_size(pos + done, count - done);
		if (copy_from_user(val, buf + done, size))
			return -EFAULT;
		if (vfio_siov_is_msix_bar(v, index))
			ret = vfio_siov_msix_write(v, pos + done, val, size);
		else
			ret = bar_write_one(v, index, pos + done, val, size);
		if (ret)
			return ret;
	}

	return done;
}

/* The part of an access that lies in the BAR, 0 if there is none */
static size_t bar_clip(const struct vfio_siov_core_device *v, unsigned int index,
		       size_t count, u64 pos)
{
	if (index >= ARRAY_SIZE(v->bar) || pos >= v->bar[index].size)
		return 0;

	return min_t(u64, count, v->bar[index].size - pos);
}

static ssize_t vfio_siov_rw(struct vfio_device *vdev, char __user *buf,
			    size_t count, loff_t *ppos, bool write)
{
	struct vfio_siov_core_device *v = to_vfio_siov(vdev);
	unsigned int index = vfio_siov_pos_to_index(*ppos);
	u64 pos = *ppos & VFIO_SIOV_OFFSET_MASK;
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

/**
 * vfio_siov_core_read() - &vfio_device_ops.read
 * @vdev: the device
 * @buf: the user's buffer
 * @count: its size
 * @ppos: which region, and where
 *
 * Waits for resets.
 *
 * Return: bytes read; -EINVAL if there is nothing; -EIO if the BAR is off; -EFAULT;
 * -EINTR and its like if the user is killed meanwhile.
 */
ssize_t vfio_siov_core_read(struct vfio_device *vdev, char __user *buf,
			    size_t count, loff_t *ppos)
{
	return vfio_siov_rw(vdev, buf, count, ppos, false);
}
EXPORT_SYMBOL_GPL(vfio_siov_core_read);

/**
 * vfio_siov_core_write() - &vfio_device_ops.write
 * @vdev: the device
 * @buf: the user's buffer
 * @count: its size
 * @ppos: which region, and where
 *
 * Return: bytes written, or as vfio_siov_core_read().
 */
ssize_t vfio_siov_core_write(struct vfio_device *vdev, const char __user *buf,
			     size_t count, loff_t *ppos)
{
	return vfio_siov_rw(vdev, (char __user *)buf, count, ppos, true);
}
EXPORT_SYMBOL_GPL(vfio_siov_core_write);

/* ---- For the driver ---- */

/* The slice of pages that the whole access is in */
static const struct vfio_siov_slice *
find_pages(const struct vfio_siov_core_device *v, unsigned int bar, u64 pos,
	   size_t count)
{
	const struct vfio_siov_slice *slice;

	if (bar >= ARRAY_SIZE(v->bar) || !is_power_of_2(count) ||
	    count > sizeof(u32) || !IS_ALIGNED(pos, count))
		return NULL;

	slice = vfio_siov_find_slice(&v->bar[bar], pos);
	return slice && !slice->ops ? slice : NULL;
}

/**
 * vfio_siov_core_read_pages() - Read a register of the SDI in place of the user
 * @core: the device
 * @bar: BAR of the user
 * @pos: where in it, a multiple of @count
 * @buf: what is there, little endian
 * @count: 1, 2 or 4 bytes
 *
 * Memory Space Enable may be clear: the access does not come by the BAR.
 *
 * Context: &vfio_siov_core_ops.trap_read and &vfio_siov_core_ops.trap_written.
 *
 * Return: 0; -EINVAL if there is no such register; or -EIO if the PF has failed.
 */
int vfio_siov_core_read_pages(struct vfio_siov_core_device *core,
			      unsigned int bar, u64 pos, void *buf, size_t count)
{
	const struct vfio_siov_slice *slice = find_pages(core, bar, pos, count);

	lockdep_assert_held(&core->lock);
	if (!slice)
		return -EINVAL;
	if (core->gone)
		return -EIO;

	io_read(slice_io(core, slice, pos), buf, count);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_siov_core_read_pages);

/**
 * vfio_siov_core_write_pages() - Write a register of the SDI in place of the user
 * @core: the device
 * @bar: BAR of the user
 * @pos: where in it, a multiple of @count
 * @buf: what to write there, little endian
 * @count: 1, 2 or 4 bytes
 *
 * Context: as vfio_siov_core_read_pages().
 *
 * Return: as vfio_siov_core_read_pages(), or -EPERM if other SDIs have the register
 * as well.
 */
int vfio_siov_core_write_pages(struct vfio_siov_core_device *core,
			       unsigned int bar, u64 pos, const void *buf,
			       size_t count)
{
	const struct vfio_siov_slice *slice = find_pages(core, bar, pos, count);

	lockdep_assert_held(&core->lock);
	if (!slice)
		return -EINVAL;
	if (slice_attr(core, slice) & PCI_SDI_REGION_SHARED)
		return -EPERM;
	if (core->gone)
		return -EIO;

	io_write(slice_io(core, slice, pos), buf, count);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_siov_core_write_pages);

/* ---- mmap ---- */

/**
 * vfio_siov_zap_mappings() - Unmap the BARs, so that the next access faults
 * @v: the device, &vfio_siov_core_device.memory_lock held for writing
 */
void vfio_siov_zap_mappings(struct vfio_siov_core_device *v)
{
	lockdep_assert_held_write(&v->memory_lock);
	unmap_mapping_range(v->vdev.inode->i_mapping,
			    vfio_siov_index_to_pos(VFIO_PCI_BAR0_REGION_INDEX),
			    vfio_siov_index_to_pos(PCI_STD_NUM_BARS), true);
}

static vm_fault_t try_fault(struct vfio_siov_core_device *v,
			    const struct vfio_siov_bar *bar,
			    struct vm_fault *vmf)
{
	u64 pos = (u64)vmf->pgoff << PAGE_SHIFT & VFIO_SIOV_OFFSET_MASK;
	const struct vfio_siov_slice *slice = vfio_siov_find_slice(bar, pos);

	guard(rwsem_read)(&v->memory_lock);
	switch (vfio_siov_access(v, bar)) {
	case VFIO_SIOV_ACCESS_OFF:
		return VM_FAULT_SIGBUS;
	case VFIO_SIOV_ACCESS_WAIT:
		return VM_FAULT_RETRY;
	case VFIO_SIOV_ACCESS_ON:
		break;
	}

	return vmf_insert_pfn(vmf->vma, vmf->address,
			      PHYS_PFN(slice_start(v, slice) + pos -
				       slice->offset));
}

/*
 * The reset may take seconds, so drop mmap_lock before waiting. The reference
 * to the file keeps the device open even if the mapping goes away meanwhile.
 */
static void wait_without_mmap_lock(struct vfio_siov_core_device *v,
				   const struct vfio_siov_bar *bar,
				   struct vm_fault *vmf)
{
	struct file *file __free(fput) = get_file(vmf->vma->vm_file);

	release_fault_lock(vmf);
	vfio_siov_wait_for_access(v, bar);
}

static vm_fault_t vfio_siov_fault(struct vm_fault *vmf)
{
	struct vfio_siov_core_device *v = vmf->vma->vm_private_data;
	u64 pos = (u64)vmf->pgoff << PAGE_SHIFT;
	struct vfio_siov_bar *bar = &v->bar[vfio_siov_pos_to_index(pos)];
	vm_fault_t ret;

	for (;;) {
		ret = try_fault(v, bar, vmf);
		if (ret != VM_FAULT_RETRY)
			return ret;
		if (vmf->flags & FAULT_FLAG_ALLOW_RETRY)
			break;
		/* Without FAULT_FLAG_ALLOW_RETRY: a page or an error */
		if (vfio_siov_wait_for_access(v, bar))
			return VM_FAULT_SIGBUS;
	}

	if (!(vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
		wait_without_mmap_lock(v, bar, vmf);

	return VM_FAULT_RETRY;
}

static const struct vm_operations_struct vfio_siov_vm_ops = {
	.fault = vfio_siov_fault,
};

/*
 * Every page of it is in a slice that can be mapped, and in the same way: returns
 * %PCI_SDI_REGION_*, or -EINVAL.
 */
static int range_can_be_mapped(const struct vfio_siov_core_device *v,
			       const struct vfio_siov_bar *bar, u64 start,
			       u64 size)
{
	const struct vfio_siov_slice *slice;
	u64 end = start + size;
	int attr = -EINVAL;

	if (end < start || end > bar->size)
		return -EINVAL;

	for (; start < end; start = slice->offset + slice->len) {
		slice = vfio_siov_find_slice(bar, start);
		if (!can_be_mapped(v, slice))
			return -EINVAL;
		if (attr >= 0 && attr != slice_attr(v, slice))
			return -EINVAL;
		attr = slice_attr(v, slice);
	}

	return attr;
}

/**
 * vfio_siov_find_phys() - Find pages that other devices may access for the user
 * @v: the device
 * @index: the BAR
 * @pos: where in it
 * @len: bytes, of whole pages
 * @phys: where they are
 *
 * Return: 0; -EINVAL if they are not all in one slice that can be mapped; or -EPERM if
 * other SDIs have them as well, as nothing keeps a device from writing there.
 */
int vfio_siov_find_phys(const struct vfio_siov_core_device *v, unsigned int index,
			u64 pos, u64 len, phys_addr_t *phys)
{
	const struct vfio_siov_bar *bar = &v->bar[index];
	const struct vfio_siov_slice *slice = vfio_siov_find_slice(bar, pos);
	int attr = range_can_be_mapped(v, bar, pos, len);

	if (attr < 0)
		return attr;
	if (len > slice->offset + slice->len - pos)
		return -EINVAL;
	if (attr & PCI_SDI_REGION_SHARED)
		return -EPERM;

	*phys = slice_start(v, slice) + pos - slice->offset;
	return 0;
}

/**
 * vfio_siov_core_mmap() - &vfio_device_ops.mmap
 * @vdev: the device
 * @vma: where
 *
 * Pages come by faults, which wait for resets.
 *
 * Return: 0, -EINVAL if not all of it are pages of the SDI that are mapped in the
 * same way, or -EPERM for writing to those that it shares with others.
 */
int vfio_siov_core_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	struct vfio_siov_core_device *v = to_vfio_siov(vdev);
	u64 start = (u64)vma->vm_pgoff << PAGE_SHIFT;
	unsigned int index = vfio_siov_pos_to_index(start);
	int attr;

	if (!(vma->vm_flags & VM_SHARED) || index >= ARRAY_SIZE(v->bar))
		return -EINVAL;

	attr = range_can_be_mapped(v, &v->bar[index],
				   start & VFIO_SIOV_OFFSET_MASK,
				   vma->vm_end - vma->vm_start);
	if (attr < 0)
		return attr;
	if (attr & PCI_SDI_REGION_SHARED) {
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		vm_flags_clear(vma, VM_MAYWRITE);
	}

	vma->vm_private_data = v;
	vma->vm_page_prot = attr & PCI_SDI_REGION_WC ?
			    pgprot_writecombine(vma->vm_page_prot) :
			    pgprot_noncached(vma->vm_page_prot);
	vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	/* As vfio-pci: the flags must not change when a page is faulted in */
	vm_flags_set(vma, VM_ALLOW_ANY_UNCACHED | VM_IO | VM_PFNMAP |
			  VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &vfio_siov_vm_ops;

	return 0;
}
EXPORT_SYMBOL_GPL(vfio_siov_core_mmap);
