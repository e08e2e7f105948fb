// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of an SDI in the hands of a user: MSI-X by eventfd, and the error
 * and request notifications
 *
 * The host allocates the messages and the device stores them, so the user's
 * MSI-X table takes no part.
 */

#include <linux/cleanup.h>
#include <linux/eventfd.h>
#include <linux/interrupt.h>
#include <linux/irqbypass.h>
#include <linux/slab.h>

#include "private.h"

/**
 * struct vfio_siov_irq - an MSI-X vector
 * @trigger: signalled by the interrupt; NULL while the user wants none
 * @producer: lets the interrupt reach a guest without @trigger
 * @name: for /proc/interrupts
 * @virq: Linux interrupt number, 0 until the user wants the first
 */
struct vfio_siov_irq {
	struct eventfd_ctx *trigger;
	struct irq_bypass_producer producer;
	char *name;
	int virq;
};

static void trigger_put(struct eventfd_ctx *trigger)
{
	if (!IS_ERR_OR_NULL(trigger))
		eventfd_ctx_put(trigger);
}

DEFINE_FREE(trigger_put, struct eventfd_ctx *, trigger_put(_T))

static irqreturn_t vfio_siov_handler(int virq, void *trigger)
{
	eventfd_signal(trigger);
	return IRQ_HANDLED;
}

static void irq_clear(struct vfio_siov_irq *irq)
{
	if (!irq->trigger)
		return;

	irq_bypass_unregister_producer(&irq->producer);
	free_irq(irq->virq, irq->trigger);
	kfree(irq->name);
	eventfd_ctx_put(irq->trigger);
	irq->trigger = NULL;
}

/* Vectors are only freed all at once. Adding one does not disturb the others */
static int irq_alloc(struct vfio_siov_core_device *v, unsigned int idx)
{
	struct msi_map map;

	if (v->irq[idx].virq)
		return 0;

	map = pci_sdi_alloc_irq_at(v->sdi, idx, NULL);
	if (map.index < 0)
		return map.index;

	v->irq[idx].virq = map.virq;
	return 0;
}

static int irq_set(struct vfio_siov_core_device *v, unsigned int idx, int fd)
{
	struct vfio_siov_irq *irq = &v->irq[idx];
	int ret;

	irq_clear(irq);
	if (fd < 0)
		return 0;

	ret = irq_alloc(v, idx);
	if (ret)
		return ret;

	char *name __free(kfree) = kasprintf(GFP_KERNEL_ACCOUNT,
					     "vfio-msix[%u](%s)", idx,
					     dev_name(&v->sdi->dev));
	if (!name)
		return -ENOMEM;

	struct eventfd_ctx *trigger __free(trigger_put) = eventfd_ctx_fdget(fd);
	if (IS_ERR(trigger))
		return PTR_ERR(trigger);

	ret = request_irq(irq->virq, vfio_siov_handler, 0, name, trigger);
	if (ret)
		return ret;

	irq->name = no_free_ptr(name);
	irq->trigger = no_free_ptr(trigger);

	/* Only a matter of speed */
	ret = irq_bypass_register_producer(&irq->producer, irq->trigger,
					   irq->virq);
	if (ret)
		dev_dbg(&v->sdi->dev, "vector %u cannot bypass the host: %d\n",
			idx, ret);

	return 0;
}

/* All of them or, on error, none of those that were asked for */
static int irq_set_block(struct vfio_siov_core_device *v, unsigned int start,
			 unsigned int count, const s32 *fds)
{
	unsigned int i;
	int ret;

	if (start >= v->nr_irq || count > v->nr_irq - start)
		return -EINVAL;

	for (i = 0; i < count; i++) {
		ret = irq_set(v, start + i, fds[i]);
		if (ret)
			break;
	}
	if (i == count)
		return 0;

	for (i = 0; i < count; i++)
		irq_clear(&v->irq[start + i]);

	return ret;
}

static int irq_enable(struct vfio_siov_core_device *v)
{
	v->irq = kvcalloc(v->nr_vectors, sizeof(*v->irq), GFP_KERNEL_ACCOUNT);
	if (!v->irq)
		return -ENOMEM;

	WRITE_ONCE(v->nr_irq, v->nr_vectors);
	return 0;
}

static void irq_disable(struct vfio_siov_core_device *v)
{
	unsigned int i;

	for (i = 0; i < v->nr_irq; i++)
		irq_clear(&v->irq[i]);

	pci_sdi_free_irqs(v->sdi);
	kvfree(v->irq);
	v->irq = NULL;
	WRITE_ONCE(v->nr_irq, 0);
}

static int msix_set_eventfds(struct vfio_siov_core_device *v, unsigned int start,
			     unsigned int count, const s32 *fds)
{
	bool first = !v->nr_irq;
	int ret;

	if (first) {
		ret = irq_enable(v);
		if (ret)
			return ret;
	}

	ret = irq_set_block(v, start, count, fds);
	if (ret && first)
		irq_disable(v);

	return ret;
}

static int set_msix(struct vfio_siov_core_device *v, const struct vfio_irq_set *hdr,
		    void *data)
{
	const u8 *want = hdr->flags & VFIO_IRQ_SET_DATA_BOOL ? data : NULL;
	unsigned int i;

	if (hdr->flags & VFIO_IRQ_SET_DATA_NONE && !hdr->count) {
		irq_disable(v);
		return 0;
	}
	/* Only VFIO_IRQ_SET_DATA_NONE may have a count of 0 */
	if (!hdr->count)
		return -EINVAL;

	if (hdr->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return msix_set_eventfds(v, hdr->start, hdr->count, data);

	/* What is left is a loopback test */
	if (hdr->start >= v->nr_irq || hdr->count > v->nr_irq - hdr->start)
		return -EINVAL;

	for (i = 0; i < hdr->count; i++)
		if (v->irq[hdr->start + i].trigger && (!want || want[i]))
			eventfd_signal(v->irq[hdr->start + i].trigger);

	return 0;
}

/* ---- Notifications ---- */

static void replace_trigger(struct vfio_siov_core_device *v,
			    struct eventfd_ctx **where, struct eventfd_ctx *new)
{
	scoped_guard(spinlock, &v->trigger_lock)
		swap(*where, new);
	if (new)
		eventfd_ctx_put(new);
}

static bool signal_trigger(struct vfio_siov_core_device *v,
			   struct eventfd_ctx **where)
{
	guard(spinlock)(&v->trigger_lock);
	if (*where)
		eventfd_signal(*where);

	return *where;
}

static int set_trigger_fd(struct vfio_siov_core_device *v,
			  struct eventfd_ctx **where, s32 fd)
{
	struct eventfd_ctx *ctx = NULL;

	if (fd < -1)
		return -EINVAL;
	if (fd >= 0)
		ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	replace_trigger(v, where, ctx);
	return 0;
}

static int set_trigger(struct vfio_siov_core_device *v, struct eventfd_ctx **where,
		       const struct vfio_irq_set *hdr, void *data)
{
	if (hdr->flags & VFIO_IRQ_SET_DATA_NONE) {
		if (hdr->count)
			return signal_trigger(v, where) ? 0 : -EINVAL;
		replace_trigger(v, where, NULL);
		return 0;
	}

	if (!hdr->count)
		return -EINVAL;
	if (hdr->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return set_trigger_fd(v, where, *(s32 *)data);
	if (*(u8 *)data)
		signal_trigger(v, where);

	return 0;
}

/**
 * vfio_siov_signal_error() - Tell the user that the SDI is not what it was
 * @v: the device, open or not
 */
void vfio_siov_signal_error(struct vfio_siov_core_device *v)
{
	signal_trigger(v, &v->err_trigger);
}

/**
 * vfio_siov_signal_request() - Ask the user to give the SDI back
 * @v: the device
 *
 * Return: whether the user listens.
 */
bool vfio_siov_signal_request(struct vfio_siov_core_device *v)
{
	return signal_trigger(v, &v->req_trigger);
}

/**
 * vfio_siov_core_msix_enabled() - Has the user enabled MSI-X?
 * @core: the device
 *
 * By VFIO_DEVICE_SET_IRQS. Enable in the capability does nothing, as with vfio-pci: a
 * virtual machine that is reset calls the former and does not write the latter.
 *
 * Context: any. Another thread of the user may change it.
 *
 * Return: whether it is enabled.
 */
bool vfio_siov_core_msix_enabled(const struct vfio_siov_core_device *core)
{
	return READ_ONCE(core->nr_irq);
}
EXPORT_SYMBOL_GPL(vfio_siov_core_msix_enabled);

/* ---- For core.c ---- */

/**
 * vfio_siov_irq_count() - Number of interrupts of an index
 * @v: the device
 * @index: VFIO_PCI_*_IRQ_INDEX
 *
 * Return: how many; 0 where the device has none of that kind.
 */
unsigned int vfio_siov_irq_count(const struct vfio_siov_core_device *v,
				 unsigned int index)
{
	switch (index) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return v->nr_vectors;
	case VFIO_PCI_ERR_IRQ_INDEX:
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	default:
		return 0;
	}
}

/**
 * vfio_siov_set_irqs() - VFIO_DEVICE_SET_IRQS
 * @v: the device
 * @hdr: checked against vfio_siov_irq_count()
 * @data: what follows the header
 *
 * Return: 0 or a negative number.
 */
int vfio_siov_set_irqs(struct vfio_siov_core_device *v,
		       const struct vfio_irq_set *hdr, void *data)
{
	u32 action = hdr->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
	int ret;

	if (action != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTTY;

	ACQUIRE(mutex_kill, user)(&v->user_lock);
	ret = ACQUIRE_ERR(mutex_kill, &user);
	if (ret)
		return ret;

	switch (hdr->index) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return set_msix(v, hdr, data);
	case VFIO_PCI_ERR_IRQ_INDEX:
		return set_trigger(v, &v->err_trigger, hdr, data);
	case VFIO_PCI_REQ_IRQ_INDEX:
		return set_trigger(v, &v->req_trigger, hdr, data);
	default:
		return -ENOTTY;
	}
}

/**
 * vfio_siov_free_irqs() - Forget all that the user asked for
 * @v: the device, &vfio_siov_core_device.user_lock held
 */
void vfio_siov_free_irqs(struct vfio_siov_core_device *v)
{
	lockdep_assert_held(&v->user_lock);

	irq_disable(v);
	replace_trigger(v, &v->err_trigger, NULL);
	replace_trigger(v, &v->req_trigger, NULL);
}
