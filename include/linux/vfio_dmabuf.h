/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MMIO of VFIO devices as DMA-BUFs, so that other devices can access it
 */

#ifndef VFIO_DMABUF_H
#define VFIO_DMABUF_H

#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/vfio.h>

struct dma_buf_attachment;
struct p2pdma_provider;
struct phys_vec;

/**
 * struct vfio_dma_buf_ops - what the driver of a device says of its regions
 * @has_region: is there such a region? The user who asks has the device open
 * @get_phys: find where @nr_ranges of a region are. Offsets and lengths are multiples
 *	of the page size, and no length is 0. Return 0 or a negative number
 * @memory_enabled: may regions be accessed now? &vfio_dma_bufs.memory_lock is held
 *	for writing
 */
struct vfio_dma_buf_ops {
	bool (*has_region)(struct vfio_device *vdev, unsigned int region_index);
	int (*get_phys)(struct vfio_device *vdev,
			struct p2pdma_provider **provider,
			unsigned int region_index, struct phys_vec *phys_vec,
			struct vfio_region_dma_range *dma_ranges,
			size_t nr_ranges);
	bool (*memory_enabled)(struct vfio_device *vdev);
};

/**
 * struct vfio_dma_bufs - what a device has exported
 * @vdev: the device
 * @memory_lock: the driver's lock of accesses to regions; protects @list as well
 * @ops: the driver's
 * @list: the DMA-BUFs
 */
struct vfio_dma_bufs {
	struct vfio_device *vdev;
	struct rw_semaphore *memory_lock;
	const struct vfio_dma_buf_ops *ops;
	struct list_head list;
};

static inline void vfio_dma_bufs_init(struct vfio_dma_bufs *bufs,
				      struct vfio_device *vdev,
				      struct rw_semaphore *memory_lock,
				      const struct vfio_dma_buf_ops *ops)
{
	bufs->vdev = vdev;
	bufs->memory_lock = memory_lock;
	bufs->ops = ops;
	INIT_LIST_HEAD(&bufs->list);
}

#ifdef CONFIG_VFIO_DMABUF
int vfio_dma_buf_feature(struct vfio_dma_bufs *bufs, u32 flags,
			 struct vfio_device_feature_dma_buf __user *arg,
			 size_t argsz);
void vfio_dma_buf_move(struct vfio_dma_bufs *bufs, bool revoked);
void vfio_dma_buf_cleanup(struct vfio_dma_bufs *bufs);
#else
static inline int
vfio_dma_buf_feature(struct vfio_dma_bufs *bufs, u32 flags,
		     struct vfio_device_feature_dma_buf __user *arg,
		     size_t argsz)
{
	return -ENOTTY;
}

static inline void vfio_dma_buf_move(struct vfio_dma_bufs *bufs, bool revoked)
{
}

static inline void vfio_dma_buf_cleanup(struct vfio_dma_bufs *bufs)
{
}
#endif

int vfio_dma_buf_iommufd_map(struct dma_buf_attachment *attachment,
			     struct phys_vec *phys);

#endif /* VFIO_DMABUF_H */
