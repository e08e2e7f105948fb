// SPDX-License-Identifier: GPL-2.0
/*
 * A transitional virtio PCI function: one that has the registers of a legacy device
 * as well, in BAR 0, and the IDs that drivers of such devices look for
 *
 * Virtio 1.4, "Legacy Interfaces: A Note on PCI Device Layout". An SDI has no such
 * registers. The PF's virtio device answers for it, by administration commands, as it
 * does for VFs ("Group administration commands", "Legacy Interface").
 *
 * Notifications are what a driver does all the time. They need no command if the PF
 * has a place in a BAR for them.
 */

#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <linux/virtio_pci_admin.h>
#include <uapi/linux/virtio_pci.h>

#include "private.h"

#define LEGACY_BAR		0

/*
 * ABI. The largest configuration of a type of device that had a legacy interface is
 * that of a disk, and half of this.
 */
#define LEGACY_PORTS		128

#define TRANSITIONAL_REVISION	0

/*
 * How long to wait before a command is sent again, the first time and the last time. It
 * doubles each time. The sum is about a second: a reset of an SDI takes less, or its PF's
 * driver gives it up.
 */
#define FIRST_WAIT_MS		1
#define LAST_WAIT_MS		512

/**
 * struct virtio_vfio_siov_legacy - legacy registers of an SDI
 * @core: the device of the user
 * @member: whom to ask
 * @notify: where in the PF the SDI's queues are notified, NULL if by command
 * @lock: serializes commands for the SDI, and protects @data
 * @data: of one command
 */
struct virtio_vfio_siov_legacy {
	struct vfio_siov_core_device *core;
	struct virtio_admin_member member;
	void __iomem *notify;
	struct mutex lock; /* see above */
	u8 *data;
};

/* ---- What the user sees ---- */

/* The type of device is where legacy drivers look for it */
static int set_ids(struct vfio_siov_core_device *core)
{
	struct pci_sdi_ids ids = core->sdi->ids;
	u16 type = virtio_vfio_siov_type(core);

	ids.device = virtio_legacy_device_id(type);
	if (!ids.device) {
		dev_err(&core->sdi->dev, "virtio type %u has no transitional ID, virtio-vfio-siov gives a modern device\n",
			type);
		return -EOPNOTSUPP;
	}

	ids.revision = TRANSITIONAL_REVISION;
	ids.subsystem_vendor = PCI_VENDOR_ID_REDHAT_QUMRANET;
	ids.subsystem_device = type;
	vfio_siov_core_set_ids(core, &ids);
	return 0;
}

/* ---- Commands ---- */

/* The host's log has the reason of a failure, the user only gets -EIO */
static int to_user_error(int ret)
{
	return ret ? -EIO : 0;
}

static int read_field(struct virtio_vfio_siov_legacy *l, bool msix,
		      const struct virtio_legacy_part *part, u8 *buf)
{
	int ret;

	ret = virtio_pci_admin_legacy_bar_read(&l->member, msix, part->field,
					       part->width, l->data);
	if (!ret)
		memcpy(buf, l->data + part->skip, part->len);

	return ret;
}

static bool is_notify(const struct virtio_vfio_siov_legacy *l, u64 pos, size_t count)
{
	return pos == VIRTIO_PCI_QUEUE_NOTIFY && count == sizeof(u16) && l->notify;
}

/* Not while the PF is being reset: its memory is off then. -EAGAIN if it is. */
static int notify(struct virtio_vfio_siov_legacy *l, const u8 *buf)
{
	guard(rwsem_read)(&l->core->memory_lock);
	if (l->core->port != VFIO_SIOV_ACCESS_ON)
		return -EAGAIN;

	iowrite16(get_unaligned_le16(buf), l->notify);
	return 0;
}

static int write_field(struct virtio_vfio_siov_legacy *l, bool msix,
		       const struct virtio_legacy_part *part, const u8 *buf)
{
	if (part->read_only)
		return 0;
	/* Not -EAGAIN: others wait for the lock, so do not wait here */
	if (is_notify(l, part->field, part->len))
		return notify(l, buf) ? -EIO : 0;

	memcpy(l->data, buf, part->len);
	return virtio_pci_admin_legacy_bar_write(&l->member, msix, part->field,
						 part->width, l->data);
}

/**
 * struct legacy_access - what a user has begun
 * @msix: the layout, as long as it lasts
 * @in: where what is read goes, NULL if this is a write
 * @out: what is to be written
 */
struct legacy_access {
	bool msix;
	u8 *in;
	const u8 *out;
};

static int access_field_once(struct virtio_vfio_siov_legacy *l,
			     const struct legacy_access *access,
			     const struct virtio_legacy_part *part, size_t done)
{
	if (access->in)
		return read_field(l, access->msix, part, access->in + done);

	return write_field(l, access->msix, part, access->out + done);
}

/*
 * While an SDI is reset the device cannot answer for its registers, and says EAGAIN:
 * virtio 1.4, "Group administration commands", has this status for a resource that is
 * temporarily unavailable. The command has done nothing then, and may be sent again. So the
 * access waits for the reset, as one of mapped registers does. It does not wait for good:
 * the device may have hung.
 */
static int access_field(struct virtio_vfio_siov_legacy *l,
			const struct legacy_access *access,
			const struct virtio_legacy_part *part, size_t done)
{
	unsigned int wait;
	int ret;

	for (wait = FIRST_WAIT_MS; ; wait *= 2) {
		ret = access_field_once(l, access, part, done);
		if (ret != -EAGAIN || fatal_signal_pending(current))
			return ret;
		if (wait > LAST_WAIT_MS)
			break;
		fsleep(wait * USEC_PER_MSEC);
	}

	dev_err_ratelimited(&l->core->sdi->dev,
			    "%s does not say what is in legacy registers, a reset of the PF may help\n",
			    pci_name(l->core->sdi->pf));
	return ret;
}

/*
 * Legacy drivers access the configuration in any width, and a command is for a
 * single field or a part of one. Only the device knows where a field ends, and
 * it refuses other accesses. These are done byte by byte. A byte that is
 * refused as well is past the end of the configuration.
 */
static int access_config(struct virtio_vfio_siov_legacy *l,
			 const struct legacy_access *access,
			 const struct virtio_legacy_part *part, size_t done)
{
	struct virtio_legacy_part byte = { .width = 1, .len = 1 };
	unsigned int i;
	int ret;

	ret = access_field(l, access, part, done);
	if (ret != -EINVAL)
		return ret;

	if (access->in)
		memset(access->in + done, 0xff, part->len);
	for (i = 0; part->len > 1 && i < part->len; i++) {
		byte.field = part->field + i;
		ret = access_field(l, access, &byte, done + i);
		if (ret && ret != -EINVAL)
			return ret;
	}

	return 0;
}

/* ---- BAR 0 ---- */

/*
 * The PF may be reset meanwhile. Commands that the device has not answered by then fail,
 * and so do those that come before its driver is back.
 */
static int access_ports(struct virtio_vfio_siov_legacy *l,
			const struct legacy_access *access, u64 pos, size_t count)
{
	struct virtio_legacy_part part;
	size_t done;
	int ret;

	ACQUIRE(mutex_kill, lock)(&l->lock);
	ret = ACQUIRE_ERR(mutex_kill, &lock);
	if (ret)
		return ret;

	for (done = 0; !ret && done < count; done += part.len) {
		part = virtio_legacy_part(access->msix, pos + done, count - done);
		ret = part.config ? access_config(l, access, &part, done) :
				    access_field(l, access, &part, done);
	}

	return to_user_error(ret);
}

static int legacy_read(struct vfio_siov_core_device *core, unsigned int bar,
		       u64 pos, void *buf, size_t count)
{
	const struct legacy_access access = {
		.msix	= vfio_siov_core_msix_enabled(core),
		.in	= buf,
	};

	return access_ports(to_virtio_vfio_siov(core)->legacy, &access, pos, count);
}

static int legacy_write(struct vfio_siov_core_device *core, unsigned int bar,
			u64 pos, const void *buf, size_t count)
{
	struct virtio_vfio_siov_legacy *l = to_virtio_vfio_siov(core)->legacy;
	const struct legacy_access access = {
		.msix	= vfio_siov_core_msix_enabled(core),
		.out	= buf,
	};

	/* No user waits for a command of another one here */
	if (is_notify(l, pos, count))
		return notify(l, buf);
	if (!virtio_legacy_is_whole(access.msix, pos, count))
		return -EINVAL;

	return access_ports(l, &access, pos, count);
}

static const struct vfio_siov_slice_ops legacy_slice_ops = {
	.read	= legacy_read,
	.write	= legacy_write,
};

/* ---- Binding ---- */

/* NULL if there is no such place, and then there are commands */
static void __iomem *map_notify(struct pci_sdi *sdi,
				const struct virtio_admin_member *member)
{
	u64 offset;
	u8 bar;

	if (!virtio_pci_admin_has_legacy_io(member) ||
	    virtio_pci_admin_legacy_io_notify_info(member,
						   VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_OWNER_DEV,
						   &bar, &offset))
		return NULL;

	/* What virtio 1.4 demands of an entry; others are ignored */
	if (bar >= PCI_STD_NUM_BARS || !IS_ALIGNED(offset, sizeof(u16)) ||
	    !(pci_resource_flags(sdi->pf, bar) & IORESOURCE_MEM) ||
	    offset >= pci_resource_len(sdi->pf, bar))
		return NULL;

	return devm_ioremap(&sdi->dev, pci_resource_start(sdi->pf, bar) + offset,
			    sizeof(u16));
}

static int add_bar(struct vfio_siov_core_device *core)
{
	const struct vfio_siov_slice slice = {
		.len	= LEGACY_PORTS,
		.ops	= &legacy_slice_ops,
	};
	int ret;

	ret = vfio_siov_core_set_bar(core, LEGACY_BAR, PCI_BASE_ADDRESS_SPACE_IO,
				     LEGACY_PORTS);

	return ret ?: vfio_siov_core_add_slice(core, LEGACY_BAR, &slice);
}

/**
 * virtio_vfio_siov_add_legacy() - Make the function a transitional one
 * @v: the device, not yet registered
 *
 * Context: probe of the SDI's driver; what is allocated lives as long as that.
 *
 * Return: 0; -EOPNOTSUPP if the PF does not answer for legacy registers now, or the
 * type of device never had any; -EAGAIN if the PF is being reset; -ENODEV if the PF is
 * not driven by virtio-pci; or -ENOMEM.
 */
int virtio_vfio_siov_add_legacy(struct virtio_vfio_siov *v)
{
	struct pci_sdi *sdi = v->core.sdi;
	struct virtio_vfio_siov_legacy *l;
	int ret;

	l = devm_kzalloc(&sdi->dev, sizeof(*l), GFP_KERNEL);
	if (!l)
		return -ENOMEM;
	l->core = &v->core;
	/* A device writes into it */
	l->data = devm_kmalloc(&sdi->dev, sizeof(u64), GFP_KERNEL);
	if (!l->data)
		return -ENOMEM;

	ret = virtio_pci_admin_member(&sdi->dev, &l->member);
	if (ret)
		return ret;
	if (!virtio_pci_admin_has_legacy_regs(&l->member)) {
		/* It could not be asked */
		if (pci_sdi_is_pf_frozen(sdi))
			return -EAGAIN;
		dev_err(&sdi->dev, "%s has no legacy registers of SDIs, or no driver of its virtio device to ask for them\n",
			pci_name(sdi->pf));
		return -EOPNOTSUPP;
	}

	ret = set_ids(&v->core) ?: add_bar(&v->core);
	if (ret)
		return ret;

	l->notify = map_notify(sdi, &l->member);
	v->legacy = l;
	return devm_mutex_init(&sdi->dev, &l->lock);
}
