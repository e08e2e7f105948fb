// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (c) 2025, NVIDIA CORPORATION & AFFILIATES.
 *
 * MMIO of VFIO devices as DMA-BUFs
 */
#include <linux/dma-buf-mapping.h>
#include <linux/pci-p2pdma.h>
#include <linux/dma-resv.h>
#include <linux/vfio_dmabuf.h>

MODULE_IMPORT_NS("DMA_BUF");

struct vfio_dma_buf {
	struct dma_buf *dmabuf;
	struct vfio_dma_bufs *bufs;
	struct list_head dmabufs_elm;
	size_t size;
	struct phys_vec *phys_vec;
	struct p2pdma_provider *provider;
	u32 nr_ranges;
	struct kref kref;
	struct completion comp;
	u8 revoked : 1;
};

static int vfio_dma_buf_attach(struct dma_buf *dmabuf,
			       struct dma_buf_attachment *attachment)
{
	struct vfio_dma_buf *priv = dmabuf->priv;

	if (!attachment->peer2peer)
		return -EOPNOTSUPP;

	if (priv->revoked)
		return -ENODEV;

	if (!dma_buf_attach_revocable(attachment))
		return -EOPNOTSUPP;

	return 0;
}

static void vfio_dma_buf_done(struct kref *kref)
{
	struct vfio_dma_buf *priv =
		container_of(kref, struct vfio_dma_buf, kref);

	complete(&priv->comp);
}

static struct sg_table *
vfio_dma_buf_map(struct dma_buf_attachment *attachment,
		 enum dma_data_direction dir)
{
	struct vfio_dma_buf *priv = attachment->dmabuf->priv;
	struct sg_table *ret;

	dma_resv_assert_held(priv->dmabuf->resv);

	if (priv->revoked)
		return ERR_PTR(-ENODEV);

	ret = dma_buf_phys_vec_to_sgt(attachment, priv->provider,
				      priv->phys_vec, priv->nr_ranges,
				      priv->size, dir);
	if (IS_ERR(ret))
		return ret;

	kref_get(&priv->kref);
	return ret;
}

static void vfio_dma_buf_unmap(struct dma_buf_attachment *attachment,
			       struct sg_table *sgt,
			       enum dma_data_direction dir)
{
	struct vfio_dma_buf *priv = attachment->dmabuf->priv;

	dma_resv_assert_held(priv->dmabuf->resv);

	dma_buf_free_sgt(attachment, sgt, dir);
	kref_put(&priv->kref, vfio_dma_buf_done);
}

static void vfio_dma_buf_release(struct dma_buf *dmabuf)
{
	struct vfio_dma_buf *priv = dmabuf->priv;

	/*
	 * Either this or vfio_dma_buf_cleanup() will remove from the list.
	 * The refcount prevents both.
	 */
	if (priv->bufs) {
		down_write(priv->bufs->memory_lock);
		list_del_init(&priv->dmabufs_elm);
		up_write(priv->bufs->memory_lock);
		vfio_device_put_registration(priv->bufs->vdev);
	}
	kfree(priv->phys_vec);
	kfree(priv);
}

static const struct dma_buf_ops vfio_dmabuf_ops = {
	.attach = vfio_dma_buf_attach,
	.map_dma_buf = vfio_dma_buf_map,
	.unmap_dma_buf = vfio_dma_buf_unmap,
	.release = vfio_dma_buf_release,
};

/*
 * This is a temporary "private interconnect" between VFIO DMABUF and iommufd.
 * It allows the two co-operating drivers to exchange the physical address of
 * the BAR. This is to be replaced with a formal DMABUF system for negotiated
 * interconnect types.
 *
 * If this function succeeds the following are true:
 *  - There is one physical range and it is pointing to MMIO
 *  - When move_notify is called it means revoke, not move, vfio_dma_buf_map
 *    will fail if it is currently revoked
 */
int vfio_dma_buf_iommufd_map(struct dma_buf_attachment *attachment,
			     struct phys_vec *phys)
{
	struct vfio_dma_buf *priv;

	dma_resv_assert_held(attachment->dmabuf->resv);

	if (attachment->dmabuf->ops != &vfio_dmabuf_ops)
		return -EOPNOTSUPP;

	priv = attachment->dmabuf->priv;
	if (priv->revoked)
		return -ENODEV;

	/* More than one range to iommufd will require proper DMABUF support */
	if (priv->nr_ranges != 1)
		return -EOPNOTSUPP;

	*phys = priv->phys_vec[0];
	return 0;
}
EXPORT_SYMBOL_FOR_MODULES(vfio_dma_buf_iommufd_map, "iommufd");

static int validate_dmabuf_input(struct vfio_device_feature_dma_buf *dma_buf,
				 struct vfio_region_dma_range *dma_ranges,
				 size_t *lengthp)
{
	size_t length = 0;
	u32 i;

	for (i = 0; i < dma_buf->nr_ranges; i++) {
		u64 offset = dma_ranges[i].offset;
		u64 len = dma_ranges[i].length;

		if (!len || !PAGE_ALIGNED(offset) || !PAGE_ALIGNED(len))
			return -EINVAL;

		if (check_add_overflow(length, len, &length))
			return -EINVAL;
	}

	/*
	 * dma_iova_try_alloc() will WARN on if userspace proposes a size that
	 * is too big, eg with lots of ranges.
	 */
	if ((u64)(length) & DMA_IOVA_USE_SWIOTLB)
		return -EINVAL;

	*lengthp = length;
	return 0;
}

/**
 * vfio_dma_buf_feature() - %VFIO_DEVICE_FEATURE_DMA_BUF
 * @bufs: what the device has exported
 * @flags: of the request
 * @arg: of the request, the user's
 * @argsz: size of @arg
 *
 * Context: &vfio_device_ops.device_feature.
 *
 * Return: a file descriptor, or a negative number.
 */
int vfio_dma_buf_feature(struct vfio_dma_bufs *bufs, u32 flags,
			 struct vfio_device_feature_dma_buf __user *arg,
			 size_t argsz)
{
	struct vfio_device_feature_dma_buf get_dma_buf = {};
	struct vfio_region_dma_range *dma_ranges;
	DEFINE_DMA_BUF_EXPORT_INFO(exp_info);
	struct vfio_dma_buf *priv;
	size_t length;
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(get_dma_buf));
	if (ret != 1)
		return ret;

	if (copy_from_user(&get_dma_buf, arg, sizeof(get_dma_buf)))
		return -EFAULT;

	if (!get_dma_buf.nr_ranges || get_dma_buf.flags)
		return -EINVAL;

	if (!bufs->ops->has_region(bufs->vdev, get_dma_buf.region_index))
		return -ENODEV;

	dma_ranges = memdup_array_user(&arg->dma_ranges, get_dma_buf.nr_ranges,
				       sizeof(*dma_ranges));
	if (IS_ERR(dma_ranges))
		return PTR_ERR(dma_ranges);

	ret = validate_dmabuf_input(&get_dma_buf, dma_ranges, &length);
	if (ret)
		goto err_free_ranges;

	priv = kzalloc_obj(*priv);
	if (!priv) {
		ret = -ENOMEM;
		goto err_free_ranges;
	}
	priv->phys_vec = kzalloc_objs(*priv->phys_vec, get_dma_buf.nr_ranges);
	if (!priv->phys_vec) {
		ret = -ENOMEM;
		goto err_free_priv;
	}

	priv->bufs = bufs;
	priv->nr_ranges = get_dma_buf.nr_ranges;
	priv->size = length;
	ret = bufs->ops->get_phys(bufs->vdev, &priv->provider,
				  get_dma_buf.region_index, priv->phys_vec,
				  dma_ranges, priv->nr_ranges);
	if (ret)
		goto err_free_phys;

	kfree(dma_ranges);
	dma_ranges = NULL;

	if (!vfio_device_try_get_registration(bufs->vdev)) {
		ret = -ENODEV;
		goto err_free_phys;
	}

	exp_info.ops = &vfio_dmabuf_ops;
	exp_info.size = priv->size;
	exp_info.flags = get_dma_buf.open_flags;
	exp_info.priv = priv;

	priv->dmabuf = dma_buf_export(&exp_info);
	if (IS_ERR(priv->dmabuf)) {
		ret = PTR_ERR(priv->dmabuf);
		goto err_dev_put;
	}

	kref_init(&priv->kref);
	init_completion(&priv->comp);

	/* dma_buf_put() now frees priv */
	INIT_LIST_HEAD(&priv->dmabufs_elm);
	down_write(bufs->memory_lock);
	dma_resv_lock(priv->dmabuf->resv, NULL);
	priv->revoked = !bufs->ops->memory_enabled(bufs->vdev);
	list_add_tail(&priv->dmabufs_elm, &bufs->list);
	dma_resv_unlock(priv->dmabuf->resv);
	up_write(bufs->memory_lock);

	/*
	 * dma_buf_fd() consumes the reference, when the file closes the dmabuf
	 * will be released.
	 */
	ret = dma_buf_fd(priv->dmabuf, get_dma_buf.open_flags);
	if (ret < 0)
		dma_buf_put(priv->dmabuf);

	return ret;

err_dev_put:
	vfio_device_put_registration(bufs->vdev);
err_free_phys:
	kfree(priv->phys_vec);
err_free_priv:
	kfree(priv);
err_free_ranges:
	kfree(dma_ranges);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_dma_buf_feature);

/**
 * vfio_dma_buf_move() - Let nobody use what has been exported, or let them again
 * @bufs: what the device has exported
 * @revoked: end all mappings and refuse new ones; false: allow new ones
 *
 * Context: &vfio_dma_bufs.memory_lock is held for writing.
 */
void vfio_dma_buf_move(struct vfio_dma_bufs *bufs, bool revoked)
{
	struct vfio_dma_buf *priv;
	struct vfio_dma_buf *tmp;

	lockdep_assert_held_write(bufs->memory_lock);

	list_for_each_entry_safe(priv, tmp, &bufs->list, dmabufs_elm) {
		if (!get_file_active(&priv->dmabuf->file))
			continue;

		if (priv->revoked != revoked) {
			dma_resv_lock(priv->dmabuf->resv, NULL);
			if (revoked)
				priv->revoked = true;
			dma_buf_invalidate_mappings(priv->dmabuf);
			dma_resv_wait_timeout(priv->dmabuf->resv,
					      DMA_RESV_USAGE_BOOKKEEP, false,
					      MAX_SCHEDULE_TIMEOUT);
			dma_resv_unlock(priv->dmabuf->resv);
			if (revoked) {
				kref_put(&priv->kref, vfio_dma_buf_done);
				wait_for_completion(&priv->comp);
				/*
				 * Re-arm the registered kref reference and the
				 * completion so the post-revoke state matches the
				 * post-creation state.  An un-revoke followed by a
				 * new mapping needs the kref to be non-zero before
				 * kref_get(), and vfio_dma_buf_cleanup()
				 * delegates its drain back through this revoke
				 * path on a possibly-already-revoked dma-buf.
				 */
				kref_init(&priv->kref);
				reinit_completion(&priv->comp);
			} else {
				dma_resv_lock(priv->dmabuf->resv, NULL);
				priv->revoked = false;
				dma_resv_unlock(priv->dmabuf->resv);
			}
		}
		fput(priv->dmabuf->file);
	}
}
EXPORT_SYMBOL_GPL(vfio_dma_buf_move);

/**
 * vfio_dma_buf_cleanup() - Revoke for good what has been exported
 * @bufs: what the device has exported
 *
 * Context: takes &vfio_dma_bufs.memory_lock; the device is closed.
 */
void vfio_dma_buf_cleanup(struct vfio_dma_bufs *bufs)
{
	struct vfio_dma_buf *priv;
	struct vfio_dma_buf *tmp;

	down_write(bufs->memory_lock);

	/*
	 * Drain any active mappings via the revoke path.  The move is
	 * idempotent for dma-bufs already in the revoked state and
	 * leaves every priv with the kref re-armed and the completion
	 * ready, so cleanup itself does not need to participate in kref
	 * bookkeeping.
	 */
	vfio_dma_buf_move(bufs, true);

	list_for_each_entry_safe(priv, tmp, &bufs->list, dmabufs_elm) {
		if (!get_file_active(&priv->dmabuf->file))
			continue;

		list_del_init(&priv->dmabufs_elm);
		priv->bufs = NULL;
		vfio_device_put_registration(bufs->vdev);
		fput(priv->dmabuf->file);
	}
	up_write(bufs->memory_lock);
}
EXPORT_SYMBOL_GPL(vfio_dma_buf_cleanup);
