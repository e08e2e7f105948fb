// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Scalable Device Interfaces (SDIs) of a virtio PCI device
 *
 * The device is a Physical Function (PF) that can be divided into virtio devices
 * of any type, one at a time. A vendor capability says where the registers are
 * that do it.
 *
 * Everything is done by registers. An administration command would need the
 * PF's queue and interrupt, and a driver of the PF's virtio device. SDIs work
 * without that driver, and have to be stopped when nothing of it works.
 *
 * The control block of one SDI is independent of that of any other, so there is
 * no lock.
 */

#define dev_fmt(fmt) "SDIs: " fmt

#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/virtio_ids.h>

#include "virtio_pci_common.h"
#include "virtio_pci_siov.h"

/* How long the device takes to enable, disable or reset an SDI, at most */
#define CHANGE_TIMEOUT_US	(500 * USEC_PER_MSEC)
#define CHANGE_POLL_US		20

/**
 * struct virtio_pci_siov - what the PF's driver knows of the SDIs
 * @blocks: control blocks
 * @block_size: distance of two of them, in bytes
 * @pages: first page of registers, as a CPU physical address
 * @page_size: distance of two of them, in bytes
 * @total: number of SDIs
 * @group_type: group of the PF that they are the members of
 * @features: %VP_SIOV_FEAT_*
 * @layout: what is in a page
 */
struct virtio_pci_siov {
	void __iomem *blocks;
	u32 block_size;
	phys_addr_t pages;
	u32 page_size;
	u32 total;
	u16 group_type;
	u32 features;
	struct virtio_sdi_layout layout;
};

/* --- the control block of an SDI --- */

static const struct virtio_pci_siov *sdi_siov(const struct pci_sdi *sdi)
{
	const struct virtio_pci_device *vp_dev = pci_get_drvdata(sdi->pf);

	return vp_dev->siov;
}

static void __iomem *sdi_block(const struct pci_sdi *sdi)
{
	const struct virtio_pci_siov *siov = sdi_siov(sdi);

	return siov->blocks + (size_t)sdi->index * siov->block_size;
}

static int block_error(void __iomem *block)
{
	u32 status = readl(block + VP_SIOV_BLK_STATUS);

	if (PCI_POSSIBLE_ERROR(status))
		return -ENODEV;

	switch (FIELD_GET(VP_SIOV_BLK_ERROR, status)) {
	case 0:
		return 0;
	case VP_SIOV_ERR_NO_RID:
		return -ENXIO;
	case VP_SIOV_ERR_ENABLED:
	case VP_SIOV_ERR_BUSY:
		return -EBUSY;
	case VP_SIOV_ERR_UNSUPPORTED:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

/* The device has taken a write to @block. Is what it asks for done? */
static int block_wait(void __iomem *block)
{
	u32 status;
	int ret;

	ret = readl_poll_timeout(block + VP_SIOV_BLK_STATUS, status,
				 !(status & VP_SIOV_BLK_CHANGING) ||
				 PCI_POSSIBLE_ERROR(status),
				 CHANGE_POLL_US, CHANGE_TIMEOUT_US);

	return ret ?: block_error(block);
}

static void disable_sdi(struct pci_sdi *sdi)
{
	void __iomem *block = sdi_block(sdi);
	int ret;

	writel(0, block + VP_SIOV_BLK_CTRL);
	ret = block_wait(block);
	if (ret && ret != -ENODEV)
		pci_err(sdi->pf, "SDI %u: not disabled: %d; reset the function before its Routing ID is used again\n",
			sdi->index, ret);
}

/* In strided mode the device knows the Routing ID already */
static int set_rid(struct pci_sdi *sdi)
{
	u32 want = VP_SIOV_BLK_RID_VALID | sdi->rid;
	void __iomem *block = sdi_block(sdi);
	u32 now = readl(block + VP_SIOV_BLK_RID);

	if ((now & (VP_SIOV_BLK_RID_VALID | VP_SIOV_BLK_RID_VALUE)) == want)
		return 0;

	writel(VP_SIOV_BLK_RID_SOFTWARE | sdi->rid, block + VP_SIOV_BLK_RID);
	return block_error(block);
}

static int enable_sdi(struct pci_sdi *sdi)
{
	void __iomem *block = sdi_block(sdi);
	int ret = set_rid(sdi);

	if (ret)
		return ret;

	writel(VP_SIOV_BLK_ENABLE, block + VP_SIOV_BLK_CTRL);
	ret = block_wait(block);
	if (ret != -ETIMEDOUT)
		return ret;

	pci_err(sdi->pf, "SDI %u: not enabled after %ld ms\n", sdi->index,
		CHANGE_TIMEOUT_US / USEC_PER_MSEC);
	/* It must not appear when nobody expects it any more */
	disable_sdi(sdi);
	return ret;
}

/* --- what the core asks for --- */

static u32 class_of(u16 type)
{
	switch (type) {
	case VIRTIO_ID_NET:
		return PCI_CLASS_NETWORK_ETHERNET << 8;
	case VIRTIO_ID_BLOCK:
	case VIRTIO_ID_SCSI:
		return PCI_CLASS_STORAGE_SCSI << 8;
	default:
		return PCI_CLASS_OTHERS << 16;
	}
}

/* Messages of an SDI that its control block has room for */
static u16 block_vectors(const struct pci_sdi *sdi)
{
	u32 size = sdi_siov(sdi)->block_size - VP_SIOV_BLK_MSG(0);
	u32 room = size / (VP_SIOV_BLK_MSG(1) - VP_SIOV_BLK_MSG(0));
	u32 vectors = readl(sdi_block(sdi) + VP_SIOV_BLK_VECTORS);

	if (vectors <= room)
		return min(vectors, U16_MAX);

	pci_warn(sdi->pf, "SDI %u: its control block has room for only %u of %u interrupt messages\n",
		 sdi->index, room, vectors);
	return min(room, U16_MAX);
}

static int vp_sdi_init(struct pci_sdi *sdi)
{
	const struct virtio_pci_siov *siov = sdi_siov(sdi);
	u16 type;

	if (!siov)
		return -EOPNOTSUPP;
	if (sdi->index >= siov->total)
		return -ERANGE;

	type = FIELD_GET(VP_SIOV_BLK_DEVICE_TYPE,
			 readl(sdi_block(sdi) + VP_SIOV_BLK_DEVICE));
	sdi->ids.vendor = PCI_VENDOR_ID_REDHAT_QUMRANET;
	sdi->ids.device = VP_SIOV_DEVICE_ID + type;
	sdi->ids.class = class_of(type);
	sdi->nr_irqs = block_vectors(sdi);
	sdi->region[0].start = siov->pages +
			       (phys_addr_t)sdi->index * siov->page_size;
	sdi->region[0].size = siov->page_size;

	return enable_sdi(sdi);
}

static void vp_sdi_release(struct pci_sdi *sdi)
{
	disable_sdi(sdi);
}

static int vp_sdi_reset(struct pci_sdi *sdi)
{
	void __iomem *block = sdi_block(sdi);
	u32 status = readl(block + VP_SIOV_BLK_STATUS);
	u32 ctrl;
	int ret;

	if (PCI_POSSIBLE_ERROR(status))
		return -ENODEV;

	/* The PF was reset: as new, and disabled */
	if (!(status & VP_SIOV_BLK_ENABLED))
		return enable_sdi(sdi);

	writel(VP_SIOV_BLK_ENABLE | VP_SIOV_BLK_RESET, block + VP_SIOV_BLK_CTRL);
	ret = readl_poll_timeout(block + VP_SIOV_BLK_CTRL, ctrl,
				 !(ctrl & VP_SIOV_BLK_RESET) ||
				 PCI_POSSIBLE_ERROR(ctrl),
				 CHANGE_POLL_US, CHANGE_TIMEOUT_US);

	return ret ?: block_error(block);
}

static int vp_sdi_set_master(struct pci_sdi *sdi, bool on)
{
	void __iomem *block = sdi_block(sdi);

	writel(VP_SIOV_BLK_ENABLE | (on ? VP_SIOV_BLK_MASTER : 0),
	       block + VP_SIOV_BLK_CTRL);
	/* This read also waits for requests that the SDI has sent before */
	return block_error(block);
}

static int vp_rid_allow(struct pci_dev *pf, const struct pci_rid_span *spans,
			unsigned int n)
{
	const struct virtio_pci_device *vp_dev = pci_get_drvdata(pf);

	if (!vp_dev->siov || !(vp_dev->siov->features & VP_SIOV_FEAT_SOFTWARE))
		return -EOPNOTSUPP;

	/* The device has no list of its own */
	return 0;
}

static void vp_msi_write(struct pci_sdi *sdi, unsigned int idx,
			 const struct msi_msg *msg)
{
	void __iomem *entry = sdi_block(sdi) + VP_SIOV_BLK_MSG(idx);

	writel(msg->address_lo, entry + VP_SIOV_MSG_ADDR_LO);
	writel(msg->address_hi, entry + VP_SIOV_MSG_ADDR_HI);
	writel(msg->data, entry + VP_SIOV_MSG_DATA);
}

static void vp_msi_mask(struct pci_sdi *sdi, unsigned int idx, bool mask)
{
	void __iomem *entry = sdi_block(sdi) + VP_SIOV_BLK_MSG(idx);

	writel(mask ? VP_SIOV_MSG_MASK : 0, entry + VP_SIOV_MSG_CTRL);
	readl(entry + VP_SIOV_MSG_CTRL);
}

const struct pci_siov_ops virtio_pci_siov_ops = {
	.sdi_init	= vp_sdi_init,
	.sdi_release	= vp_sdi_release,
	.sdi_reset	= vp_sdi_reset,
	.sdi_set_master	= vp_sdi_set_master,
	.rid_allow	= vp_rid_allow,
	.msi_write	= vp_msi_write,
	.msi_mask	= vp_msi_mask,
};

/* --- finding the registers --- */

/* Other vendors have capabilities of this type, too */
static bool is_siov_cap(struct pci_dev *pdev, u8 pos)
{
	u8 type, len, version;
	u16 vendor;

	pci_read_config_byte(pdev, pos + VIRTIO_PCI_CAP_CFG_TYPE, &type);
	pci_read_config_byte(pdev, pos + VIRTIO_PCI_CAP_LEN, &len);
	if (type != VIRTIO_PCI_CAP_VENDOR_CFG || len < VP_SIOV_CAP_LEN)
		return false;

	pci_read_config_word(pdev, pos + offsetof(struct virtio_pci_vndr_data,
						  vendor_id), &vendor);
	pci_read_config_byte(pdev, pos + VP_SIOV_CAP_VERSION, &version);

	return vendor == VP_SIOV_CAP_VENDOR && version == VP_SIOV_CAP_VERSION_1;
}

static u8 find_siov_cap(struct pci_dev *pdev)
{
	u8 pos = pci_find_capability(pdev, PCI_CAP_ID_VNDR);

	while (pos && !is_siov_cap(pdev, pos))
		pos = pci_find_next_capability(pdev, pos, PCI_CAP_ID_VNDR);

	return pos;
}

static void read_layout(struct virtio_sdi_layout *layout, void __iomem *header)
{
	layout->common = readl(header + VP_SIOV_COMMON_OFFSET);
	layout->common_len = readl(header + VP_SIOV_COMMON_LENGTH);
	layout->isr = readl(header + VP_SIOV_ISR_OFFSET);
	layout->device = readl(header + VP_SIOV_DEVICE_OFFSET);
	layout->device_len = readl(header + VP_SIOV_DEVICE_LENGTH);
	layout->notify = readl(header + VP_SIOV_NOTIFY_OFFSET);
	layout->notify_len = readl(header + VP_SIOV_NOTIFY_LENGTH);
	layout->notify_multiplier = readl(header + VP_SIOV_NOTIFY_MULTIPLIER);
}

static bool fits(u32 offset, u32 len, u32 size)
{
	return offset % sizeof(u32) == 0 && (u64)offset + len <= size;
}

static bool layout_is_valid(const struct virtio_sdi_layout *layout, u32 size)
{
	return layout->common_len >= sizeof(struct virtio_pci_common_cfg) &&
	       layout->notify_len >= sizeof(u16) &&
	       fits(layout->common, layout->common_len, size) &&
	       fits(layout->isr, sizeof(u8), size) &&
	       fits(layout->device, layout->device_len, size) &&
	       fits(layout->notify, layout->notify_len, size);
}

static void __iomem *map_blocks(struct pci_dev *pdev, u8 bar,
				struct virtio_pci_siov *siov,
				void __iomem *header, u32 offset)
{
	u32 start = readl(header + VP_SIOV_CTRL_OFFSET);
	u64 end = start + (u64)siov->total * siov->block_size;

	if (siov->block_size < VP_SIOV_BLK_MSG(0) ||
	    siov->block_size % sizeof(u32) || start % sizeof(u32) ||
	    end > pci_resource_len(pdev, bar))
		return NULL;

	/* Offsets in the header are offsets in the BAR */
	return header - offset + start;
}

static int find_pages(struct pci_dev *pdev, struct virtio_pci_siov *siov,
		      void __iomem *header)
{
	u32 bar = readl(header + VP_SIOV_SDI_BAR);
	u64 offset = readl(header + VP_SIOV_SDI_OFFSET) |
		     (u64)readl(header + VP_SIOV_SDI_OFFSET + 4) << 32;
	u64 len = (u64)siov->total * siov->page_size;

	if (bar >= PCI_STD_NUM_BARS || !siov->page_size ||
	    offset > pci_resource_len(pdev, bar) ||
	    len > pci_resource_len(pdev, bar) - offset)
		return -EINVAL;

	siov->pages = pci_resource_start(pdev, bar) + offset;
	return 0;
}

static int read_header(struct pci_dev *pdev, struct virtio_pci_siov *siov,
		       u8 bar, void __iomem *header, u32 offset)
{
	u32 version = readl(header + VP_SIOV_VERSION);

	if (readl(header + VP_SIOV_MAGIC) != VP_SIOV_MAGIC_VALUE ||
	    FIELD_GET(VP_SIOV_VERSION_NUMBER, version) != 1) {
		pci_warn(pdev, "registers of version %#x are not known, there can be no SDIs\n",
			 version);
		return -ENODEV;
	}

	siov->group_type = FIELD_GET(VP_SIOV_VERSION_GROUP, version);
	siov->total = readl(header + VP_SIOV_TOTAL);
	siov->features = readl(header + VP_SIOV_FEATURES);
	siov->block_size = readl(header + VP_SIOV_CTRL_STRIDE);
	siov->page_size = readl(header + VP_SIOV_SDI_STRIDE);
	read_layout(&siov->layout, header);
	siov->blocks = map_blocks(pdev, bar, siov, header, offset);

	if (siov->group_type <= VIRTIO_ADMIN_GROUP_TYPE_SRIOV ||
	    !siov->blocks || find_pages(pdev, siov, header) ||
	    !layout_is_valid(&siov->layout, siov->page_size)) {
		pci_warn(pdev, "wrong group type, or registers outside their BAR or page; no SDIs can be created\n");
		return -EINVAL;
	}

	return 0;
}

/**
 * virtio_pci_siov_probe() - Find the registers of a PF that are for its SDIs
 * @vp_dev: any virtio PCI device
 *
 * A device without them, or whose registers make no sense, works as one without
 * SDIs. The BAR is given back when the driver is unbound.
 *
 * Context: probe function of the PF's driver.
 */
void virtio_pci_siov_probe(struct virtio_pci_device *vp_dev)
{
	struct pci_dev *pdev = vp_dev->pci_dev;
	struct virtio_pci_siov *siov;
	void __iomem *regs;
	u32 offset;
	u8 pos, bar;

	if (!pci_is_siov_physfn(pdev))
		return;

	pos = find_siov_cap(pdev);
	if (!pos) {
		pci_info(pdev, "no capability of a known kind says how to enable SDIs\n");
		return;
	}

	siov = devm_kzalloc(&pdev->dev, sizeof(*siov), GFP_KERNEL);
	if (!siov)
		return;

	pci_read_config_byte(pdev, pos + VP_SIOV_CAP_BAR, &bar);
	pci_read_config_dword(pdev, pos + VP_SIOV_CAP_OFFSET, &offset);
	if (bar >= PCI_STD_NUM_BARS || offset % sizeof(u32) ||
	    !(pci_resource_flags(pdev, bar) & IORESOURCE_MEM) ||
	    (u64)offset + VP_SIOV_HEADER_LEN > pci_resource_len(pdev, bar)) {
		pci_warn(pdev, "the registers do not fit into BAR %u, there can be no SDIs\n",
			 bar);
		return;
	}

	regs = pcim_iomap_region(pdev, bar, "virtio-pci-siov");
	if (IS_ERR(regs)) {
		pci_warn(pdev, "BAR %u cannot be mapped, there can be no SDIs: %ld\n",
			 bar, PTR_ERR(regs));
		return;
	}

	if (!read_header(pdev, siov, bar, regs + offset, offset))
		vp_dev->siov = siov;
}

/**
 * virtio_pci_siov_stop_left_over() - Stop what an earlier owner has left running
 * @pdev: any function
 *
 * Context: probe function of the PF's driver, before the device is used.
 */
void virtio_pci_siov_stop_left_over(struct pci_dev *pdev)
{
	/* Not fatal: no SDI can be created until a reset has stopped these */
	if (pci_siov_stop_left_over(pdev))
		pci_warn(pdev, "the SDIs of an earlier owner could not be stopped, reset the function\n");
}

/**
 * virtio_pci_siov_group() - Type of the group that a PF's SDIs are members of
 * @vp_dev: any virtio PCI device
 *
 * Return: the type, or 0 if there can be no SDIs.
 */
u16 virtio_pci_siov_group(const struct virtio_pci_device *vp_dev)
{
	return vp_dev->siov ? vp_dev->siov->group_type : 0;
}

/* virtio_pci_admin_member() of an SDI whose PF is driven by virtio_pci */
int virtio_pci_siov_member(struct pci_sdi *sdi,
			   struct virtio_admin_member *member)
{
	struct virtio_pci_device *owner = pci_get_drvdata(sdi->pf);

	*member = (struct virtio_admin_member) {
		.owner		= &owner->vdev,
		.group_type	= virtio_pci_siov_group(owner),
		/* 0 is the owner itself */
		.id		= (u64)sdi->index + 1,
	};
	return 0;
}

/**
 * virtio_pci_sdi_break_pf() - The PF of an SDI has met a fatal error
 * @sdi: an SDI for which virtio_pci_sdi_layout() has found something
 *
 * The PF's driver is only told when the drivers of all SDIs are ready for the
 * reset. They may wait for somebody who waits for the PF, so its queues are
 * broken now.
 */
void virtio_pci_sdi_break_pf(const struct pci_sdi *sdi)
{
	struct virtio_pci_device *owner = pci_get_drvdata(sdi->pf);

	virtio_break_until_reset(&owner->vdev);
}
EXPORT_SYMBOL_GPL(virtio_pci_sdi_break_pf);

/**
 * virtio_pci_sdi_layout() - Where the registers are in the page of an SDI
 * @sdi: any SDI
 *
 * The page is region 0 of the SDI.
 *
 * Context: a driver must be attached to @sdi, or be about to.
 * Return: the layout, valid as long as the SDI exists, or NULL if the SDI's PF is
 * not driven by virtio_pci.
 */
const struct virtio_sdi_layout *virtio_pci_sdi_layout(const struct pci_sdi *sdi)
{
	/* An SDI exists only while such a driver is bound to its PF */
	if (sdi->pf->driver->siov_ops != &virtio_pci_siov_ops)
		return NULL;

	return &sdi_siov(sdi)->layout;
}
EXPORT_SYMBOL_GPL(virtio_pci_sdi_layout);
