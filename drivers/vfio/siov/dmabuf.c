// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of SDIs as DMA-BUFs: other devices access what the user could map
 *
 * The pages are in a BAR of the PF, so the PF is what provides them for peer-to-peer
 * DMA. Nobody has them while the user has no access: Memory Space Enable is clear, the
 * SDI or its PF is reset, or the file was closed.
 */

#include <linux/cleanup.h>
#include <linux/dma-buf-mapping.h>
#include <linux/mutex.h>
#include <linux/pci-p2pdma.h>

#include "private.h"

/* pcim_p2pdma_init() expects one caller at a time, the driver of the PF */
static DEFINE_MUTEX(provider_lock);

static bool has_region(struct vfio_device *vdev, unsigned int index)
{
	struct vfio_siov_core_device *v = to_vfio_siov(vdev);

	return index < ARRAY_SIZE(v->bar) && v->bar[index].size;
}

static bool memory_enabled(struct vfio_device *vdev)
{
	return to_vfio_siov(vdev)->memory == VFIO_SIOV_ACCESS_ON;
}

/* The BAR of the PF that a page is in. It stays for as long as the PF has SDIs */
static struct p2pdma_provider *find_provider(struct pci_dev *pf,
					     phys_addr_t page)
{
	struct resource *res;
	unsigned int i;
	int ret;

	scoped_guard(mutex, &provider_lock)
		ret = pcim_p2pdma_init(pf);
	if (ret)
		return ERR_PTR(ret);

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		res = pci_resource_n(pf, i);
		if (resource_type(res) == IORESOURCE_MEM && page >= res->start &&
		    page <= res->end)
			return pcim_p2pdma_provider(pf, i) ?: ERR_PTR(-EINVAL);
	}

	return ERR_PTR(-EINVAL);
}

static int get_phys(struct vfio_device *vdev, struct p2pdma_provider **provider,
		    unsigned int index, struct phys_vec *phys,
		    struct vfio_region_dma_range *range, size_t nr)
{
	struct vfio_siov_core_device *v = to_vfio_siov(vdev);
	struct p2pdma_provider *of_range;
	unsigned int i;
	int ret;

	*provider = NULL;
	for (i = 0; i < nr; i++) {
		ret = vfio_siov_find_phys(v, index, range[i].offset,
					  range[i].length, &phys[i].paddr);
		if (ret)
			return ret;

		phys[i].len = range[i].length;
		of_range = find_provider(v->sdi->pf, phys[i].paddr);
		if (IS_ERR(of_range))
			return PTR_ERR(of_range);
		/* The address on the bus is computed for all of them alike */
		if (*provider && *provider != of_range)
			return -EINVAL;
		*provider = of_range;
	}

	return 0;
}

static const struct vfio_dma_buf_ops dma_buf_ops = {
	.has_region = has_region,
	.get_phys = get_phys,
	.memory_enabled = memory_enabled,
};

void vfio_siov_dmabuf_init(struct vfio_siov_core_device *v)
{
	vfio_dma_bufs_init(&v->dmabufs, &v->vdev, &v->memory_lock, &dma_buf_ops);
}
