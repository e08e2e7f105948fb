// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Virtio over Scalable Device Interfaces (SDIs)
 *
 * An SDI of a virtio PCI device has the registers of a modern virtio PCI device in
 * a page of its own, and neither configuration space nor BARs. The driver of
 * its Physical Function (PF) says where in the page they are. From there on it
 * is the same as over PCI: virtio_pci_modern_dev does it.
 *
 * The SDI is the parent of the virtio device. So what virtqueues map is mapped for
 * the SDI's Routing ID and nobody else's.
 */

#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/irq.h>
#include <linux/module.h>
#include <linux/pci-siov.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_pci_modern.h>
#include <linux/virtio_ring.h>
#include <linux/wait.h>

#include "virtio_pci_siov.h"

/* How long a device takes to be reset, at most */
#define RESET_TIMEOUT_US	(2 * USEC_PER_SEC)
#define RESET_POLL_US		200

/* The first vector is for changes of the configuration */
#define CONFIG_VECTOR		0
#define FIRST_QUEUE_VECTOR	1

/**
 * struct virtio_sdi_vq - a virtqueue
 * @vq: the queue, NULL while it is being reset
 * @vector: of its interrupt, or %VIRTIO_MSI_NO_VECTOR
 */
struct virtio_sdi_vq {
	struct virtqueue *vq;
	u16 vector;
};

/**
 * struct virtio_sdi_irq - an interrupt that is requested
 * @name: its name
 * @data: what its handler gets
 */
struct virtio_sdi_irq {
	char *name;
	void *data;
};

/**
 * struct virtio_sdi - a virtio device that is an SDI
 * @vdev: the virtio device
 * @sdi: the SDI
 * @mdev: its registers, as the library wants them
 * @regs: mapping of the page
 * @lock: interrupts against changes of @vqs
 * @vqs: the queues, by index
 * @nr_vqs: number of @vqs
 * @nr_vectors: interrupts that the SDI has
 * @irqs: those that are requested, by vector
 * @nr_irqs: number of @irqs
 * @vector_each: each queue has a vector of its own
 * @paused: the SDI is being reset, and the virtio driver knows
 * @gone: it does not come back, unless a reset succeeds in spite of that
 * @told: the PCI core tells what happens to the SDI
 * @probing: a virtio driver may be bound for the first time
 * @interrupted: a reset has come while it was, and the driver cannot go on
 * @resumed: wakes who waits for the end of @paused
 */
struct virtio_sdi {
	struct virtio_device vdev;
	struct pci_sdi *sdi;
	struct virtio_pci_modern_device mdev;
	void __iomem *regs;
	spinlock_t lock; /* see above */
	struct virtio_sdi_vq *vqs;
	unsigned int nr_vqs;
	unsigned int nr_vectors;
	struct virtio_sdi_irq *irqs;
	unsigned int nr_irqs;
	bool vector_each;
	bool paused;
	bool gone;
	bool told;
	bool probing;
	bool interrupted;
	wait_queue_head_t resumed;
};

static struct virtio_sdi *to_virtio_sdi(struct virtio_device *vdev)
{
	return container_of(vdev, struct virtio_sdi, vdev);
}

/* --- features, configuration and status --- */

static void vs_get_features(struct virtio_device *vdev, u64 *features)
{
	vp_modern_get_extended_features(&to_virtio_sdi(vdev)->mdev, features);
}

/* Registers that the features need must be there */
static int vs_check_common(struct virtio_sdi *vs)
{
	size_t need = sizeof(struct virtio_pci_common_cfg);

	if (__virtio_test_bit(&vs->vdev, VIRTIO_F_NOTIF_CONFIG_DATA))
		need = offsetofend(struct virtio_pci_modern_common_cfg,
				   queue_notify_data);
	if (__virtio_test_bit(&vs->vdev, VIRTIO_F_RING_RESET))
		need = offsetofend(struct virtio_pci_modern_common_cfg,
				   queue_reset);
	if (vs->mdev.common_len >= need)
		return 0;

	dev_err(&vs->sdi->dev, "%zu bytes of common registers are too few for the device's features\n",
		vs->mdev.common_len);
	return -EINVAL;
}

static int vs_finalize_features(struct virtio_device *vdev)
{
	struct virtio_sdi *vs = to_virtio_sdi(vdev);
	u64 offered = vdev->features;

	vring_transport_features(vdev);
	if (offered & BIT_ULL(VIRTIO_F_RING_RESET))
		__virtio_set_bit(vdev, VIRTIO_F_RING_RESET);

	/* SDIs have no legacy interface, and their DMA may be translated */
	if (!__virtio_test_bit(vdev, VIRTIO_F_VERSION_1) ||
	    !__virtio_test_bit(vdev, VIRTIO_F_ACCESS_PLATFORM)) {
		dev_err(&vs->sdi->dev, "device lacks VIRTIO_F_VERSION_1 or VIRTIO_F_ACCESS_PLATFORM\n");
		return -EINVAL;
	}

	if (vs_check_common(vs))
		return -EINVAL;

	vp_modern_set_extended_features(&vs->mdev, vdev->features_array);
	return 0;
}

static void vs_get(struct virtio_device *vdev, unsigned int offset, void *buf,
		   unsigned int len)
{
	vp_modern_get_config(&to_virtio_sdi(vdev)->mdev, offset, buf, len);
}

static void vs_set(struct virtio_device *vdev, unsigned int offset,
		   const void *buf, unsigned int len)
{
	vp_modern_set_config(&to_virtio_sdi(vdev)->mdev, offset, buf, len);
}

static u32 vs_generation(struct virtio_device *vdev)
{
	return vp_modern_generation(&to_virtio_sdi(vdev)->mdev);
}

/* The page of an SDI that is gone, or whose PF is being reset, reads as ones */
static u8 vs_get_status(struct virtio_device *vdev)
{
	u8 status = vp_modern_get_status(&to_virtio_sdi(vdev)->mdev);

	return status == U8_MAX ? 0 : status;
}

static void vs_set_status(struct virtio_device *vdev, u8 status)
{
	vp_modern_set_status(&to_virtio_sdi(vdev)->mdev, status);
}

static const char *vs_bus_name(struct virtio_device *vdev)
{
	return dev_name(&to_virtio_sdi(vdev)->sdi->dev);
}

/* --- interrupts --- */

static void vs_synchronize_cbs(struct virtio_device *vdev)
{
	struct virtio_sdi *vs = to_virtio_sdi(vdev);
	unsigned int i;

	for (i = 0; i < vs->nr_irqs; i++)
		synchronize_irq(pci_sdi_irq_vector(vs->sdi, i));
}

static irqreturn_t vs_queues_interrupt(int irq, void *data)
{
	struct virtio_sdi *vs = data;
	irqreturn_t ret = IRQ_NONE;
	unsigned int i;

	guard(spinlock_irqsave)(&vs->lock);
	for (i = 0; i < vs->nr_vqs; i++)
		if (vs->vqs[i].vq && vs->vqs[i].vector != VIRTIO_MSI_NO_VECTOR &&
		    vring_interrupt(irq, vs->vqs[i].vq) == IRQ_HANDLED)
			ret = IRQ_HANDLED;

	return ret;
}

static bool vs_needs_reset(struct virtio_sdi *vs)
{
	return vs_get_status(&vs->vdev) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

static irqreturn_t vs_config_interrupt(int irq, void *data)
{
	struct virtio_sdi *vs = data;

	/* It answers nothing any more, so nobody must wait for it (virtio 1.4, 2.1.2) */
	if (vs_needs_reset(vs)) {
		virtio_break_device(&vs->vdev);
		dev_err_ratelimited(&vs->sdi->dev,
				    "virtio device needs a reset and has stopped; write 1 to its file 'reset'\n");
	}
	virtio_config_changed(&vs->vdev);
	/* Where there is one vector only, it is for everything */
	if (vs->nr_vectors == 1)
		vs_queues_interrupt(irq, data);

	return IRQ_HANDLED;
}

static unsigned int wanted_vectors(unsigned int nvqs,
				   const struct virtqueue_info *infos)
{
	unsigned int i, n = FIRST_QUEUE_VECTOR;

	for (i = 0; i < nvqs; i++)
		n += infos[i].name && infos[i].callback;

	return n;
}

/*
 * A vector for each queue, or one for all of them, or one for everything. They
 * stay for as long as the SDI has this driver: during a reset of the PF, which the
 * virtio driver takes its queues down for, none can be allocated.
 */
static int vs_get_vectors(struct virtio_sdi *vs, unsigned int nvqs,
			  const struct virtqueue_info *infos,
			  struct irq_affinity *desc)
{
	unsigned int wanted = wanted_vectors(nvqs, infos);
	int ret;

	if (vs->nr_vectors >= wanted || vs->paused)
		goto out;

	pci_sdi_free_irqs(vs->sdi);
	if (desc)
		desc->pre_vectors++;
	ret = pci_sdi_alloc_irqs_affinity(vs->sdi, wanted, wanted, desc);
	if (desc)
		desc->pre_vectors--;
	if (ret < 0)
		ret = pci_sdi_alloc_irqs(vs->sdi, 1, FIRST_QUEUE_VECTOR + 1);
	vs->nr_vectors = ret < 0 ? 0 : ret;
	if (ret < 0)
		return ret;
out:
	vs->vector_each = vs->nr_vectors >= wanted;
	return vs->nr_vectors ? 0 : -ENOSPC;
}

/* Request the vector that is next */
static int vs_request_vector(struct virtio_sdi *vs, irq_handler_t handler,
			     void *data, const char *what)
{
	unsigned int n = vs->nr_irqs;
	char *name;
	int ret;

	name = kasprintf(GFP_KERNEL, "%s-%s", dev_name(&vs->vdev.dev), what);
	if (!name)
		return -ENOMEM;

	ret = request_irq(pci_sdi_irq_vector(vs->sdi, n), handler, 0, name,
			  data);
	if (ret) {
		kfree(name);
		return ret;
	}

	vs->irqs[n] = (struct virtio_sdi_irq) { .name = name, .data = data };
	vs->nr_irqs++;
	return 0;
}

static void vs_free_vectors(struct virtio_sdi *vs)
{
	unsigned int n;

	while (vs->nr_irqs) {
		n = --vs->nr_irqs;
		free_irq(pci_sdi_irq_vector(vs->sdi, n), vs->irqs[n].data);
		kfree(vs->irqs[n].name);
	}
	kfree(vs->irqs);
	vs->irqs = NULL;
}

static int vs_set_vq_affinity(struct virtqueue *vq,
			      const struct cpumask *mask)
{
	struct virtio_sdi *vs = to_virtio_sdi(vq->vdev);
	u16 vector = vs->vqs[vq->index].vector;

	if (!vq->callback)
		return -EINVAL;
	if (!vs->vector_each || !mask)
		return 0;

	return irq_set_affinity(pci_sdi_irq_vector(vs->sdi, vector), mask);
}

static const struct cpumask *vs_get_vq_affinity(struct virtio_device *vdev,
						int index)
{
	struct virtio_sdi *vs = to_virtio_sdi(vdev);
	u16 vector = vs->vqs[index].vector;

	if (!vs->vector_each || vector == VIRTIO_MSI_NO_VECTOR)
		return NULL;

	return irq_get_affinity_mask(pci_sdi_irq_vector(vs->sdi, vector));
}

/* --- virtqueues --- */

static bool vs_notify(struct virtqueue *vq)
{
	iowrite16(vq->index, (void __iomem *)vq->priv);
	return true;
}

static bool vs_notify_with_data(struct virtqueue *vq)
{
	iowrite32(vring_notification_data(vq), (void __iomem *)vq->priv);
	return true;
}

/* Tell the device where the queue is */
static int vs_activate(struct virtio_sdi *vs, struct virtqueue *vq)
{
	struct virtio_pci_modern_device *mdev = &vs->mdev;
	u16 vector = vs->vqs[vq->index].vector;

	vp_modern_set_queue_size(mdev, vq->index, virtqueue_get_vring_size(vq));
	vp_modern_queue_address(mdev, vq->index, virtqueue_get_desc_addr(vq),
				virtqueue_get_avail_addr(vq),
				virtqueue_get_used_addr(vq));
	if (vector != VIRTIO_MSI_NO_VECTOR &&
	    vp_modern_queue_vector(mdev, vq->index, vector) != vector)
		return -EBUSY;

	return 0;
}

static void vs_show_vq(struct virtio_sdi *vs, unsigned int index,
		       struct virtqueue *vq)
{
	guard(spinlock_irqsave)(&vs->lock);
	vs->vqs[index].vq = vq;
}

static struct virtqueue *vs_make_vq(struct virtio_sdi *vs, unsigned int index,
				    const struct virtqueue_info *info)
{
	bool data = __virtio_test_bit(&vs->vdev, VIRTIO_F_NOTIFICATION_DATA);
	struct virtio_pci_modern_device *mdev = &vs->mdev;
	struct virtqueue *vq;
	u16 num;

	if (index >= vp_modern_get_num_queues(mdev))
		return ERR_PTR(-EINVAL);

	/* Not there, or in use */
	num = vp_modern_get_queue_size(mdev, index);
	if (!num || vp_modern_get_queue_enable(mdev, index))
		return ERR_PTR(-ENOENT);

	vq = vring_create_virtqueue(index, num, SMP_CACHE_BYTES, &vs->vdev,
				    true, true, info->ctx,
				    data ? vs_notify_with_data : vs_notify,
				    info->callback, info->name);
	if (!vq)
		return ERR_PTR(-ENOMEM);

	vq->num_max = num;
	vq->priv = (void __force *)vp_modern_map_vq_notify(mdev, index, NULL);
	if (!vq->priv) {
		vring_del_virtqueue(vq);
		return ERR_PTR(-EINVAL);
	}

	return vq;
}

/* The vector that is next, or the one that all queues have */
static int vs_give_vector(struct virtio_sdi *vs, struct virtqueue *vq)
{
	u16 *vector = &vs->vqs[vq->index].vector;
	int ret;

	if (!vq->callback)
		return 0;

	if (!vs->vector_each) {
		*vector = min(vs->nr_vectors - 1, FIRST_QUEUE_VECTOR);
		return 0;
	}

	ret = vs_request_vector(vs, vring_interrupt, vq, vq->name);
	if (!ret)
		*vector = vs->nr_irqs - 1;

	return ret;
}

static struct virtqueue *vs_setup_vq(struct virtio_sdi *vs, unsigned int index,
				     const struct virtqueue_info *info)
{
	struct virtqueue *vq;
	int ret;

	vq = vs_make_vq(vs, index, info);
	if (IS_ERR(vq))
		return vq;

	ret = vs_give_vector(vs, vq);
	if (ret) {
		vring_del_virtqueue(vq);
		return ERR_PTR(ret);
	}

	vs_show_vq(vs, index, vq);
	ret = vs_activate(vs, vq);
	/* It goes with the others */
	return ret ? ERR_PTR(ret) : vq;
}

static void vs_del_vqs(struct virtio_device *vdev)
{
	struct virtio_sdi *vs = to_virtio_sdi(vdev);
	struct virtqueue *vq, *next;

	/* The handlers look at the queues */
	vs_free_vectors(vs);
	vp_modern_config_vector(&vs->mdev, VIRTIO_MSI_NO_VECTOR);

	list_for_each_entry_safe(vq, next, &vdev->vqs, list) {
		vp_modern_queue_vector(&vs->mdev, vq->index,
				       VIRTIO_MSI_NO_VECTOR);
		vring_del_virtqueue(vq);
	}

	kfree(vs->vqs);
	vs->vqs = NULL;
	vs->nr_vqs = 0;
}

static int vs_alloc_vqs(struct virtio_sdi *vs, unsigned int nvqs)
{
	unsigned int i;

	vs->irqs = kzalloc_objs(*vs->irqs, vs->nr_vectors);
	vs->vqs = kzalloc_objs(*vs->vqs, nvqs);
	if (!vs->irqs || !vs->vqs)
		return -ENOMEM;

	for (i = 0; i < nvqs; i++)
		vs->vqs[i].vector = VIRTIO_MSI_NO_VECTOR;
	vs->nr_vqs = nvqs;

	return 0;
}

/* Vectors that are not of one queue */
static int vs_request_common(struct virtio_sdi *vs)
{
	int ret = vs_request_vector(vs, vs_config_interrupt, vs, "config");

	if (!ret && !vs->vector_each && vs->nr_vectors > FIRST_QUEUE_VECTOR)
		ret = vs_request_vector(vs, vs_queues_interrupt, vs,
					"virtqueues");
	if (ret)
		return ret;

	if (vp_modern_config_vector(&vs->mdev, CONFIG_VECTOR) != CONFIG_VECTOR)
		return -EBUSY;

	return 0;
}

static int vs_setup_vqs(struct virtio_sdi *vs, unsigned int nvqs,
			struct virtqueue *vqs[],
			const struct virtqueue_info infos[])
{
	unsigned int i, index = 0;

	for (i = 0; i < nvqs; i++) {
		vqs[i] = NULL;
		if (!infos[i].name)
			continue;

		vqs[i] = vs_setup_vq(vs, index++, &infos[i]);
		if (IS_ERR(vqs[i]))
			return PTR_ERR(vqs[i]);
	}

	return 0;
}

static int vs_find_vqs(struct virtio_device *vdev, unsigned int nvqs,
		       struct virtqueue *vqs[], struct virtqueue_info infos[],
		       struct irq_affinity *desc)
{
	struct virtio_sdi *vs = to_virtio_sdi(vdev);
	struct virtqueue *vq;
	int ret;

	ret = vs_get_vectors(vs, nvqs, infos, desc);
	if (ret) {
		dev_err(&vs->sdi->dev, "no interrupts for its queues: %d\n",
			ret);
		return ret;
	}

	ret = vs_alloc_vqs(vs, nvqs);
	if (!ret)
		ret = vs_request_common(vs);
	if (!ret)
		ret = vs_setup_vqs(vs, nvqs, vqs, infos);
	if (ret) {
		vs_del_vqs(vdev);
		return ret;
	}

	/* Last, as nothing but a reset takes it back */
	list_for_each_entry(vq, &vdev->vqs, list)
		vp_modern_set_queue_enable(&vs->mdev, vq->index, true);

	/* From here on a probe may wait for an answer, and a reset takes it */
	if (!vs->told) {
		vs->told = true;
		pci_sdi_notify_start(vs->sdi);
	}
	return 0;
}

static struct virtio_pci_modern_common_cfg __iomem *
vs_modern_cfg(struct virtio_sdi *vs)
{
	return (struct virtio_pci_modern_common_cfg __iomem *)vs->mdev.common;
}

static bool vs_queue_in_reset(struct virtio_sdi *vs, u16 index)
{
	return vp_modern_get_queue_reset(&vs->mdev, index) == 1 ||
	       vp_modern_get_queue_enable(&vs->mdev, index) == 1;
}

static int vs_disable_vq_and_reset(struct virtqueue *vq)
{
	struct virtio_sdi *vs = to_virtio_sdi(vq->vdev);
	bool busy;
	int ret;

	if (!virtio_has_feature(vq->vdev, VIRTIO_F_RING_RESET))
		return -ENOENT;

	vp_iowrite16(vq->index, &vs->mdev.common->queue_select);
	vp_iowrite16(1, &vs_modern_cfg(vs)->queue_reset);
	ret = read_poll_timeout(vs_queue_in_reset, busy, !busy, RESET_POLL_US,
				RESET_TIMEOUT_US, false, vs, vq->index);
	if (ret) {
		dev_err(&vs->sdi->dev, "queue %u was not reset after %ld ms\n",
			vq->index, RESET_TIMEOUT_US / USEC_PER_MSEC);
		return ret;
	}

	vs_show_vq(vs, vq->index, NULL);
	if (vs->vqs[vq->index].vector != VIRTIO_MSI_NO_VECTOR)
		synchronize_irq(pci_sdi_irq_vector(vs->sdi,
						   vs->vqs[vq->index].vector));
	vq->reset = true;

	return 0;
}

static int vs_enable_vq_after_reset(struct virtqueue *vq)
{
	struct virtio_sdi *vs = to_virtio_sdi(vq->vdev);
	int ret;

	if (!vq->reset || vs_queue_in_reset(vs, vq->index))
		return -EBUSY;

	ret = vs_activate(vs, vq);
	if (ret)
		return ret;

	vs_show_vq(vs, vq->index, vq);
	vp_modern_set_queue_enable(&vs->mdev, vq->index, true);
	vq->reset = false;

	return 0;
}

/* --- reset --- */

/*
 * A device that is not reset may go on writing into memory that is freed next. Its
 * SDI can be stopped by other means; if that fails as well, the PCI core keeps
 * it from all memory. While the PF is being reset, its SDIs cannot be reset:
 * stopping their DMA has to be enough.
 */
static void vs_stop_by_force(struct virtio_sdi *vs)
{
	int ret;

	pci_sdi_set_master(vs->sdi, false);
	dev_err(&vs->sdi->dev, "device status is %#x %ld ms after a reset; resetting the SDI\n",
		vs_get_status(&vs->vdev), RESET_TIMEOUT_US / USEC_PER_MSEC);
	ret = pci_sdi_reset(vs->sdi);
	if (!ret)
		ret = pci_sdi_set_master(vs->sdi, true);
	if (ret && !pci_sdi_is_pf_frozen(vs->sdi))
		dev_err(&vs->sdi->dev, "the SDI is out of use: %d\n", ret);
}

static void vs_reset(struct virtio_device *vdev)
{
	struct virtio_sdi *vs = to_virtio_sdi(vdev);
	u8 status;

	vp_modern_set_status(&vs->mdev, 0);
	/* This also waits for what the device still writes, interrupts included */
	if (read_poll_timeout(vs_get_status, status, !status, RESET_POLL_US,
			      RESET_TIMEOUT_US, false, vdev))
		vs_stop_by_force(vs);

	vs_synchronize_cbs(vdev);
}

static const struct virtio_config_ops vs_config_ops = {
	.get		= vs_get,
	.set		= vs_set,
	.generation	= vs_generation,
	.get_status	= vs_get_status,
	.set_status	= vs_set_status,
	.reset		= vs_reset,
	.find_vqs	= vs_find_vqs,
	.del_vqs	= vs_del_vqs,
	.synchronize_cbs = vs_synchronize_cbs,
	.get_extended_features = vs_get_features,
	.finalize_features = vs_finalize_features,
	.bus_name	= vs_bus_name,
	.set_vq_affinity = vs_set_vq_affinity,
	.get_vq_affinity = vs_get_vq_affinity,
	.disable_vq_and_reset = vs_disable_vq_and_reset,
	.enable_vq_after_reset = vs_enable_vq_after_reset,
};

/* --- the SDI --- */

static void vs_release(struct device *dev)
{
	kfree(to_virtio_sdi(dev_to_virtio(dev)));
}

static int vs_map(struct virtio_sdi *vs)
{
	const struct virtio_sdi_layout *layout = virtio_pci_sdi_layout(vs->sdi);
	struct pci_sdi *sdi = vs->sdi;

	if (!layout)
		return dev_err_probe(&sdi->dev, -ENODEV,
				     "%s is not driven by virtio-pci, so its registers are not known\n",
				     pci_name(sdi->pf));

	vs->regs = pci_sdi_iomap(sdi, 0);
	if (!vs->regs)
		return -ENOMEM;

	vs->mdev = (struct virtio_pci_modern_device) {
		/* The library only uses it for messages in the log */
		.pci_dev	= sdi->pf,
		.common		= vs->regs + layout->common,
		.common_len	= layout->common_len,
		.device		= vs->regs + layout->device,
		.device_len	= layout->device_len,
		.notify_base	= vs->regs + layout->notify,
		.notify_pa	= sdi->region[0].start + layout->notify,
		.notify_len	= layout->notify_len,
		.notify_offset_multiplier = layout->notify_multiplier,
		.id.device	= sdi->ids.device - VP_SIOV_DEVICE_ID,
		.id.vendor	= sdi->ids.subsystem_vendor,
	};
	return 0;
}

static struct virtio_sdi *vs_alloc(struct pci_sdi *sdi)
{
	struct virtio_sdi *vs = kzalloc_obj(*vs);

	if (!vs)
		return NULL;

	vs->sdi = sdi;
	spin_lock_init(&vs->lock);
	init_waitqueue_head(&vs->resumed);
	vs->vdev.dev.parent = &sdi->dev;
	vs->vdev.dev.release = vs_release;
	vs->vdev.config = &vs_config_ops;

	return vs;
}

static bool vs_is_gone(struct virtio_sdi *vs)
{
	return vs->gone || vp_modern_get_status(&vs->mdev) == U8_MAX;
}

/* Resets are told until the virtio driver has gone: it may wait for the device */
static void vs_leave(struct virtio_sdi *vs)
{
	struct device *dev = get_device(&vs->vdev.dev);

	/* A virtio driver can only go when it has its queues back */
	wait_event(vs->resumed, !READ_ONCE(vs->paused) || READ_ONCE(vs->gone));

	/* The interrupt that says so may come too late */
	if (vs_is_gone(vs) || vs_needs_reset(vs))
		virtio_break_device(&vs->vdev);
	unregister_virtio_device(&vs->vdev);
	pci_sdi_notify_stop(vs->sdi);
	iounmap(vs->regs);
	put_device(dev);
}

static int virtio_sdi_probe(struct pci_sdi *sdi)
{
	struct virtio_sdi *vs;
	int ret;

	ret = dma_set_mask_and_coherent(&sdi->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;

	vs = vs_alloc(sdi);
	if (!vs)
		return -ENOMEM;

	ret = vs_map(vs);
	if (ret)
		goto err_free;

	ret = pci_sdi_set_master(sdi, true);
	if (ret)
		goto err_unmap;

	vs->vdev.id = vs->mdev.id;
	dev_set_drvdata(&sdi->dev, vs);
	WRITE_ONCE(vs->probing, true);
	ret = register_virtio_device(&vs->vdev);
	WRITE_ONCE(vs->probing, false);
	if (!ret && READ_ONCE(vs->interrupted)) {
		/* The core tries again after the reset */
		vs_leave(vs);
		return -EAGAIN;
	}
	if (!ret)
		return 0;

	pci_sdi_notify_stop(sdi);
	iounmap(vs->regs);
	put_device(&vs->vdev.dev);
	return ret;

err_unmap:
	iounmap(vs->regs);
err_free:
	kfree(vs);
	return ret;
}

static void virtio_sdi_remove(struct pci_sdi *sdi)
{
	vs_leave(dev_get_drvdata(&sdi->dev));
}

/* Let the virtio driver give up its queues, as what is in them will be lost */
static void vs_pause(struct virtio_sdi *vs)
{
	struct device_driver *drv;
	int ret;

	if (vs->paused)
		return;

	ret = virtio_device_reset_prepare(&vs->vdev);
	WRITE_ONCE(vs->paused, true);
	if (!ret)
		return;

	/* It may be being bound or unbound */
	drv = READ_ONCE(vs->vdev.dev.driver);
	if (READ_ONCE(vs->probing))
		WRITE_ONCE(vs->interrupted, true);
	else if (drv)
		dev_warn(&vs->sdi->dev, "driver %s cannot go through a reset (%d); unbind and bind it afterwards\n",
			 drv->name, ret);
	virtio_break_device(&vs->vdev);
}

static void virtio_sdi_reset_prepare(struct pci_sdi *sdi)
{
	vs_pause(dev_get_drvdata(&sdi->dev));
}

static int vs_resume(struct virtio_sdi *vs)
{
	int ret = pci_sdi_set_master(vs->sdi, true);

	if (ret)
		return ret;

	ret = virtio_device_reset_done(&vs->vdev);
	if (ret != -EOPNOTSUPP)
		return ret;

	/* As register_virtio_device() leaves it for the driver that comes */
	if (!vs->vdev.dev.driver)
		virtio_add_status(&vs->vdev, VIRTIO_CONFIG_S_ACKNOWLEDGE);

	return 0;
}

static void virtio_sdi_reset_done(struct pci_sdi *sdi, int error)
{
	struct virtio_sdi *vs = dev_get_drvdata(&sdi->dev);
	int ret = error;

	/* It may come alone, where the reset began before the end of probe */
	vs_pause(vs);
	if (!ret)
		ret = vs_resume(vs);
	if (!ret)
		WRITE_ONCE(vs->gone, false);
	else
		dev_err(&sdi->dev, "the virtio device did not come back from a reset: %d\n",
			ret);

	/* A later reset may bring back what this one did not. Nobody waits for it */
	WRITE_ONCE(vs->vdev.reset_expected, false);
	WRITE_ONCE(vs->paused, false);
	wake_up_all(&vs->resumed);
}

static void virtio_sdi_error(struct pci_sdi *sdi, pci_channel_state_t state)
{
	struct virtio_sdi *vs = dev_get_drvdata(&sdi->dev);

	if (state == pci_channel_io_normal)
		return;

	/* Who waits for an answer of the device must not do so any more */
	if (state == pci_channel_io_frozen && pci_sdi_is_pf_frozen(sdi))
		virtio_break_until_reset(&vs->vdev);
	else
		virtio_break_device(&vs->vdev);
	if (pci_sdi_is_pf_frozen(sdi))
		virtio_pci_sdi_break_pf(sdi);
	if (state != pci_channel_io_perm_failure)
		return;

	WRITE_ONCE(vs->vdev.reset_expected, false);
	WRITE_ONCE(vs->gone, true);
	wake_up_all(&vs->resumed);
}

/*
 * The core turns DMA off before it tells of system sleep by reset_prepare(). A disk
 * waits for its requests, so it has to hear of it before.
 */
static int virtio_sdi_suspend(struct device *dev)
{
	vs_pause(dev_get_drvdata(dev));
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(virtio_sdi_pm_ops, virtio_sdi_suspend, NULL);

/* Virtio devices of all types */
static const struct pci_sdi_device_id virtio_sdi_ids[] = {
	{
		.vendor = PCI_VENDOR_ID_REDHAT_QUMRANET,
		.device = PCI_SDI_ANY_ID,
		.subvendor = PCI_SDI_ANY_ID,
		.subdevice = PCI_SDI_ANY_ID,
	},
	{ }
};
MODULE_DEVICE_TABLE(pci_sdi, virtio_sdi_ids);

static struct pci_sdi_driver virtio_sdi_driver = {
	.id_table	= virtio_sdi_ids,
	.probe		= virtio_sdi_probe,
	.remove		= virtio_sdi_remove,
	.reset_prepare	= virtio_sdi_reset_prepare,
	.reset_done	= virtio_sdi_reset_done,
	.error		= virtio_sdi_error,
	.driver.name	= "virtio-sdi",
	.driver.pm	= pm_sleep_ptr(&virtio_sdi_pm_ops),
};
module_pci_sdi_driver(virtio_sdi_driver);

MODULE_DESCRIPTION("Virtio over Scalable Device Interfaces");
MODULE_LICENSE("GPL");
