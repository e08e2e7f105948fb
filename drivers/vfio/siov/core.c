// SPDX-License-Identifier: GPL-2.0
/*
 * vfio-siov-core: what drivers share that give Scalable Device Interfaces (SDIs)
 * of SIOV Physical Functions to users
 *
 * An SDI is, for the user, a PCI function bound to vfio-pci: same regions, same
 * interrupt indexes, same offsets, so that QEMU and others run unchanged.
 * compose.c makes that function of the parts that the driver names, and config.c
 * is what the user does with it. What is real is the SDI's pages, which the user
 * maps (region.c), its interrupts (intr.c), and its DMA, confined by an IOMMU domain
 * of the SDI's Routing ID and allowed by Bus Master Enable.
 *
 * A user never finds anything that an earlier user has left: the SDI is reset
 * when the file is opened, and again when it is closed, before its IOMMU domain
 * goes. No mapping of the SDI's pages works while Memory Space Enable is clear,
 * while the SDI or its PF is reset, or after the last close. Accesses during a
 * reset wait until it is over.
 */

#include <linux/cleanup.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "private.h"

/* ---- State ---- */

/**
 * vfio_siov_lock_kill() - Take the locks of a user
 * @v: the device
 *
 * Return: 0, or -EINTR if the user is killed meanwhile.
 */
int vfio_siov_lock_kill(struct vfio_siov_core_device *v)
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
void vfio_siov_unlock(struct vfio_siov_core_device *v)
{
	mutex_unlock(&v->lock);
	mutex_unlock(&v->user_lock);
}

/*
 * No reset of the PF is under way, or it has failed for good. A reset may have
 * begun before this driver was told, so the state of the PF is checked as well.
 */
static bool is_awake(const struct vfio_siov_core_device *v)
{
	if (READ_ONCE(v->gone))
		return true;

	return !READ_ONCE(v->pf_reset) && !pci_sdi_is_pf_frozen(v->sdi);
}

/**
 * vfio_siov_lock_awake() - Wait for a reset of the PF, and lock for a user
 * @v: the device
 *
 * Waits without a lock until the reset is over, or has failed for good.
 *
 * Return: 0, or a negative number if the user is killed meanwhile.
 */
int vfio_siov_lock_awake(struct vfio_siov_core_device *v)
{
	int ret;

	for (;;) {
		ret = vfio_siov_core_wait_awake(v);
		if (!ret)
			ret = vfio_siov_lock_kill(v);
		if (ret || is_awake(v))
			return ret;
		vfio_siov_unlock(v);
	}
}

/**
 * vfio_siov_core_wait_awake() - Wait until no reset of the PF is under way
 * @core: the device, no lock held
 *
 * For what a driver does with the SDI on its own, without &struct vfio_siov_slice_ops.
 * Between the moment that the SDI works again and &vfio_siov_core_ops.reset_done the
 * driver does not know yet of the reset.
 *
 * Return: 0, also if the reset has failed for good, or a negative number if the user is
 * killed meanwhile.
 */
int vfio_siov_core_wait_awake(struct vfio_siov_core_device *core)
{
	return wait_event_killable(core->wait, is_awake(core));
}
EXPORT_SYMBOL_GPL(vfio_siov_core_wait_awake);

/**
 * vfio_siov_try_again() - Was it a reset of the PF that refused something?
 * @v: the device, no lock held
 * @ret: what was returned
 * @pf_resets: &vfio_siov_core_device.pf_resets before it was tried
 *
 * Return: true if @ret is -EAGAIN, and a reset has begun or has been since. Then
 * vfio_siov_lock_awake() waits for its end.
 */
bool vfio_siov_try_again(const struct vfio_siov_core_device *v, int ret,
			 unsigned int pf_resets)
{
	return ret == -EAGAIN &&
	       (!is_awake(v) || READ_ONCE(v->pf_resets) != pf_resets);
}

static enum vfio_siov_access
wanted_access(const struct vfio_siov_core_device *v, u16 command_bit)
{
	if (!(vfio_siov_command(v) & command_bit))
		return VFIO_SIOV_ACCESS_OFF;
	if (!READ_ONCE(v->pf_reset))
		return VFIO_SIOV_ACCESS_ON;

	return v->gone ? VFIO_SIOV_ACCESS_OFF : VFIO_SIOV_ACCESS_WAIT;
}

/**
 * vfio_siov_update_access() - Let the user reach the BARs, or not
 * @v: the device, &vfio_siov_core_device.lock held
 *
 * Afterwards no mapping works that should not.
 */
void vfio_siov_update_access(struct vfio_siov_core_device *v)
{
	enum vfio_siov_access memory = wanted_access(v, PCI_COMMAND_MEMORY);

	lockdep_assert_held(&v->lock);

	scoped_guard(rwsem_write, &v->memory_lock) {
		if (v->memory == VFIO_SIOV_ACCESS_ON &&
		    memory != VFIO_SIOV_ACCESS_ON)
			vfio_siov_zap_mappings(v);
		vfio_dma_buf_move(&v->dmabufs, memory != VFIO_SIOV_ACCESS_ON);
		WRITE_ONCE(v->memory, memory);
		WRITE_ONCE(v->port, wanted_access(v, PCI_COMMAND_IO));
	}

	wake_up_all(&v->wait);
}

/**
 * vfio_siov_wait_for_access() - Wait until the reset of the PF is over
 * @v: the device, no lock held
 * @bar: the BAR that somebody wants to access
 *
 * Return: 0 if it could be accessed a moment ago, -EIO if it is off, or a negative
 * number if the user is killed meanwhile.
 */
int vfio_siov_wait_for_access(struct vfio_siov_core_device *v,
			      const struct vfio_siov_bar *bar)
{
	int ret;

	ret = wait_event_killable(v->wait, vfio_siov_access(v, bar) !=
						VFIO_SIOV_ACCESS_WAIT);
	if (ret)
		return ret;

	return vfio_siov_access(v, bar) == VFIO_SIOV_ACCESS_OFF ? -EIO : 0;
}

static void tell_driver(struct vfio_siov_core_device *v)
{
	if (v->ops && v->ops->reset_done)
		v->ops->reset_done(v);
}

static int reset_sdi(struct vfio_siov_core_device *v)
{
	int ret;

	if (READ_ONCE(v->pf_reset))
		return v->gone ? -ENODEV : -EAGAIN;

	/* Whoever touches the SDI waits, as with vfio-pci */
	guard(rwsem_write)(&v->memory_lock);
	if (v->memory == VFIO_SIOV_ACCESS_ON)
		vfio_siov_zap_mappings(v);
	vfio_dma_buf_move(&v->dmabufs, true);

	ret = pci_sdi_reset(v->sdi);
	vfio_dma_buf_move(&v->dmabufs, v->memory != VFIO_SIOV_ACCESS_ON);
	if (ret)
		return ret;

	tell_driver(v);
	if (!(vfio_siov_command(v) & PCI_COMMAND_MASTER))
		return 0;

	/* A reset of the PF that begins now wants it off */
	if (READ_ONCE(v->pf_reset))
		return -EAGAIN;

	return pci_sdi_set_master(v->sdi, true);
}

/**
 * vfio_siov_reset() - Reset the SDI for its user
 * @v: the device, &vfio_siov_core_device.lock held
 *
 * As with vfio-pci, configuration space and interrupts stay as they are: users
 * set Bus Master Enable before they reset. And as with vfio-pci, a user's reset does
 * not wait for another one.
 *
 * Return: 0, -EAGAIN while the PF is reset, which resets the SDI as well,
 * -ENODEV if the PF has failed, or the error of pci_sdi_reset(). With an error
 * DMA is off.
 */
int vfio_siov_reset(struct vfio_siov_core_device *v)
{
	int ret;

	lockdep_assert_held(&v->lock);

	ret = reset_sdi(v);
	if (ret)
		vfio_siov_clear_command(v, PCI_COMMAND_MASTER);

	return ret;
}

/* ---- Open and close ---- */

static int open_device(struct vfio_siov_core_device *v)
{
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

	ret = vfio_siov_map_regions(v);
	if (ret)
		return ret;

	ret = vfio_siov_config_open(v);
	if (ret) {
		vfio_siov_unmap_regions(v);
		return ret;
	}

	tell_driver(v);
	vfio_siov_update_access(v);
	return 0;
}

/**
 * vfio_siov_core_open_device() - &vfio_device_ops.open_device
 * @vdev: the device
 *
 * Waits for a reset of the PF, without a lock, then resets the SDI.
 *
 * Return: 0; -ENODEV if the PF has failed; -ENOMEM; the error of pci_sdi_reset(); or
 * a negative number if the user is killed meanwhile.
 */
int vfio_siov_core_open_device(struct vfio_device *vdev)
{
	struct vfio_siov_core_device *v = to_vfio_siov(vdev);
	unsigned int pf_resets;
	int ret;

	do {
		pf_resets = READ_ONCE(v->pf_resets);
		ret = open_device(v);
	} while (vfio_siov_try_again(v, ret, pf_resets));

	return ret;
}
EXPORT_SYMBOL_GPL(vfio_siov_core_open_device);

/**
 * vfio_siov_core_close_device() - &vfio_device_ops.close_device
 * @vdev: the device
 *
 * Afterwards the VFIO core takes the SDI out of the user's IOMMU domain. The
 * next domain may map the kernel's memory, so no request of the SDI may be on
 * the way. If the PF is being reset, the SDI is reset at the end of that.
 */
void vfio_siov_core_close_device(struct vfio_device *vdev)
{
	struct vfio_siov_core_device *v = to_vfio_siov(vdev);

	guard(vfio_siov)(v);
	vfio_siov_clear_command(v, U16_MAX);
	vfio_siov_update_access(v);
	pci_sdi_set_master(v->sdi, false);
	vfio_siov_free_irqs(v);
	vfio_dma_buf_cleanup(&v->dmabufs);
	pci_sdi_reset(v->sdi);
	vfio_siov_config_close(v);
	vfio_siov_unmap_regions(v);
}
EXPORT_SYMBOL_GPL(vfio_siov_core_close_device);

/* ---- ioctl ---- */

static long ioctl_get_info(struct vfio_siov_core_device *v,
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

static long ioctl_get_irq_info(struct vfio_siov_core_device *v,
			       struct vfio_irq_info __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	info.flags = VFIO_IRQ_INFO_EVENTFD;
	if (info.index != VFIO_PCI_MSIX_IRQ_INDEX)
		info.flags |= VFIO_IRQ_INFO_NORESIZE;
	info.count = vfio_siov_irq_count(v, info.index);

	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long ioctl_set_irqs(struct vfio_siov_core_device *v,
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

static long ioctl_reset(struct vfio_siov_core_device *v)
{
	int ret;

	ACQUIRE(vfio_siov_kill, user)(v);
	ret = ACQUIRE_ERR(vfio_siov_kill, &user);

	return ret ?: vfio_siov_reset(v);
}

/**
 * vfio_siov_core_ioctl() - &vfio_device_ops.ioctl
 * @vdev: the device
 * @cmd: VFIO_DEVICE_*
 * @arg: the user's
 *
 * Return: 0 or a negative number; -ENOTTY for what is not known here.
 */
long vfio_siov_core_ioctl(struct vfio_device *vdev, unsigned int cmd,
			  unsigned long arg)
{
	struct vfio_siov_core_device *v = to_vfio_siov(vdev);
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
EXPORT_SYMBOL_GPL(vfio_siov_core_ioctl);

/**
 * vfio_siov_core_ioctl_feature() - &vfio_device_ops.device_feature
 * @vdev: the device
 * @flags: which feature, and what the user wants of it
 * @arg: the user's
 * @argsz: size of @arg
 *
 * Return: what the feature has, -ENOTTY for one that is not known here, or a negative
 * number.
 */
int vfio_siov_core_ioctl_feature(struct vfio_device *vdev, u32 flags,
				 void __user *arg, size_t argsz)
{
	struct vfio_siov_core_device *v = to_vfio_siov(vdev);

	switch (flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_DMA_BUF:
		return vfio_dma_buf_feature(&v->dmabufs, flags, arg, argsz);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(vfio_siov_core_ioctl_feature);

/**
 * vfio_siov_core_request() - &vfio_device_ops.request
 * @vdev: the device
 * @count: how often it has been called before
 */
void vfio_siov_core_request(struct vfio_device *vdev, unsigned int count)
{
	struct vfio_siov_core_device *v = to_vfio_siov(vdev);

	if (vfio_siov_signal_request(v)) {
		if (count % 10 == 0)
			dev_notice_ratelimited(&v->sdi->dev, "asking the user to release the SDI (#%u)\n",
					       count);
	} else if (count == 0) {
		dev_warn(&v->sdi->dev, "the user has set no request interrupt, waiting until the user closes the SDI\n");
	}
}
EXPORT_SYMBOL_GPL(vfio_siov_core_request);

/* ---- What happens to the PF ---- */

/**
 * vfio_siov_core_reset_prepare() - &pci_sdi_driver.reset_prepare
 * @sdi: the SDI
 *
 * The user's mappings and DMA end before the device stops answering. At most
 * one user holds the lock or waits for it, and no operation of the device is
 * begun once pf_reset is set. So this waits for one operation of the device at
 * most.
 */
void vfio_siov_core_reset_prepare(struct pci_sdi *sdi)
{
	struct vfio_siov_core_device *v = dev_get_drvdata(&sdi->dev);

	WRITE_ONCE(v->pf_reset, true);
	guard(mutex)(&v->lock);
	WRITE_ONCE(v->gone, false);
	vfio_siov_update_access(v);
	vfio_siov_clear_command(v, PCI_COMMAND_MASTER);
	pci_sdi_set_master(sdi, false);
}
EXPORT_SYMBOL_GPL(vfio_siov_core_reset_prepare);

/**
 * vfio_siov_core_reset_done() - &pci_sdi_driver.reset_done
 * @sdi: the SDI
 * @error: why it was not reset, 0 if it was
 *
 * A reset that the user has not asked for is an error to the user. It may have
 * begun before reset_prepare was called, so DMA is turned off here, too. Bus
 * Master Enable always shows whether DMA is on.
 */
void vfio_siov_core_reset_done(struct pci_sdi *sdi, int error)
{
	struct vfio_siov_core_device *v = dev_get_drvdata(&sdi->dev);

	guard(mutex)(&v->lock);
	vfio_siov_clear_command(v, PCI_COMMAND_MASTER);
	pci_sdi_set_master(sdi, false);
	if (!error)
		tell_driver(v);
	WRITE_ONCE(v->pf_resets, v->pf_resets + 1);
	WRITE_ONCE(v->pf_reset, false);
	WRITE_ONCE(v->gone, false);
	vfio_siov_update_access(v);
	vfio_siov_signal_error(v);
}
EXPORT_SYMBOL_GPL(vfio_siov_core_reset_done);

/**
 * vfio_siov_core_error() - &pci_sdi_driver.error
 * @sdi: the SDI
 * @state: how bad it is
 *
 * After a failure for good nobody waits for the end of the PF's reset any more.
 */
void vfio_siov_core_error(struct pci_sdi *sdi, pci_channel_state_t state)
{
	struct vfio_siov_core_device *v = dev_get_drvdata(&sdi->dev);

	if (state == pci_channel_io_perm_failure) {
		guard(mutex)(&v->lock);
		WRITE_ONCE(v->gone, true);
		vfio_siov_update_access(v);
	}

	vfio_siov_signal_error(v);
}
EXPORT_SYMBOL_GPL(vfio_siov_core_error);

/**
 * vfio_siov_core_want_back() - &pci_sdi_driver.request
 * @sdi: the SDI
 *
 * Does not wait for the user. The users of all SDIs of the PF are asked first,
 * and the removal of each SDI waits for its user later.
 */
void vfio_siov_core_want_back(struct pci_sdi *sdi)
{
	vfio_siov_signal_request(dev_get_drvdata(&sdi->dev));
}
EXPORT_SYMBOL_GPL(vfio_siov_core_want_back);

/* ---- Binding ---- */

/**
 * vfio_siov_core_init_dev() - &vfio_device_ops.init
 * @vdev: the device
 *
 * The function that the user sees has then the IDs of the SDI, a PCI Express
 * capability, MSI-X if the SDI has messages, and no BAR.
 *
 * Return: 0 or -ENOMEM.
 */
int vfio_siov_core_init_dev(struct vfio_device *vdev)
{
	struct vfio_siov_core_device *v = to_vfio_siov(vdev);

	v->sdi = to_pci_sdi(vdev->dev);
	mutex_init(&v->user_lock);
	mutex_init(&v->lock);
	init_rwsem(&v->memory_lock);
	vfio_siov_dmabuf_init(v);
	init_waitqueue_head(&v->wait);
	spin_lock_init(&v->trigger_lock);

	return vfio_siov_compose_begin(v);
}
EXPORT_SYMBOL_GPL(vfio_siov_core_init_dev);

/**
 * vfio_siov_core_release_dev() - &vfio_device_ops.release
 * @vdev: the device
 */
void vfio_siov_core_release_dev(struct vfio_device *vdev)
{
	struct vfio_siov_core_device *v = to_vfio_siov(vdev);

	vfio_siov_compose_free(v);
	mutex_destroy(&v->lock);
	mutex_destroy(&v->user_lock);
}
EXPORT_SYMBOL_GPL(vfio_siov_core_release_dev);

/**
 * vfio_siov_core_register_device() - Make the function known to users
 * @core: the device, composed
 *
 * Sets the SDI's driver data. The function cannot be changed afterwards.
 *
 * Context: probe of the SDI's driver.
 *
 * Return: 0, -EINVAL if its parts do not fit into a PCI function, or an error of
 * the VFIO core.
 */
int vfio_siov_core_register_device(struct vfio_siov_core_device *core)
{
	int ret;

	ret = vfio_siov_compose_end(core);
	if (ret)
		return ret;

	dev_set_drvdata(&core->sdi->dev, core);
	/* The next call gives the SDI to a user */
	pci_sdi_notify_start(core->sdi);
	ret = vfio_register_group_dev(&core->vdev);
	if (ret)
		pci_sdi_notify_stop(core->sdi);

	return ret;
}
EXPORT_SYMBOL_GPL(vfio_siov_core_register_device);

/**
 * vfio_siov_core_unregister_device() - Undo vfio_siov_core_register_device()
 * @core: the device
 *
 * Waits until the user has closed the device, and asks for it meanwhile. Until
 * then the user is told of resets and errors of the SDI and its PF as before.
 *
 * Context: remove of the SDI's driver, which then calls vfio_put_device().
 */
void vfio_siov_core_unregister_device(struct vfio_siov_core_device *core)
{
	/* The user may take this lock before closing the device */
	might_lock(&core->user_lock);
	vfio_unregister_group_dev(&core->vdev);
	pci_sdi_notify_stop(core->sdi);
}
EXPORT_SYMBOL_GPL(vfio_siov_core_unregister_device);

MODULE_DESCRIPTION("Core of VFIO drivers for SIOV Scalable Device Interfaces");
MODULE_LICENSE("GPL");
