// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces of the virtio PCI device in RAM, for KUnit tests
 */
#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#include "../virtio_pci_siov.h"
#include "fake_virtio_sdi.h"

#define FAKE_BLOCKS	0x1000
#define FAKE_BLOCK	0x80
#define FAKE_PAGES	0x8000
#define FAKE_PAGE	0x1000
#define FAKE_PAGE_ISR	0x40
#define FAKE_PAGE_CFG	0x80
#define FAKE_NOTIFY	0x800
#define FAKE_IRQS	16

/* --- interrupts: the data of a message is their number --- */

static DECLARE_BITMAP(fake_irqs, FAKE_IRQS);

static void fake_compose(struct irq_data *d, struct msi_msg *msg)
{
	msg->address_hi = 0;
	msg->address_lo = 0xfee00000;
	msg->data = d->hwirq;
}

static int fake_set_affinity(struct irq_data *d, const struct cpumask *mask,
			     bool force)
{
	return IRQ_SET_MASK_OK_DONE;
}

static void fake_ack(struct irq_data *d)
{
}

static struct irq_chip fake_chip = {
	.name			= "kunit-virtio",
	.irq_compose_msi_msg	= fake_compose,
	.irq_set_affinity	= fake_set_affinity,
	.irq_ack		= fake_ack,
};

static int fake_alloc(struct irq_domain *domain, unsigned int virq,
		      unsigned int nr, void *args)
{
	unsigned int bit = find_first_zero_bit(fake_irqs, FAKE_IRQS);

	if (bit >= FAKE_IRQS)
		return -ENOSPC;

	__set_bit(bit, fake_irqs);
	irq_domain_set_info(domain, virq, bit, &fake_chip, NULL,
			    handle_edge_irq, NULL, NULL);
	return 0;
}

static void fake_free(struct irq_domain *domain, unsigned int virq,
		      unsigned int nr)
{
	struct irq_data *d = irq_domain_get_irq_data(domain, virq);

	__clear_bit(d->hwirq, fake_irqs);
	irq_domain_reset_irq_data(d);
}

static const struct irq_domain_ops fake_domain_ops = {
	.alloc	= fake_alloc,
	.free	= fake_free,
};

static bool fake_init_msi_info(struct device *dev, struct irq_domain *domain,
			       struct irq_domain *real_parent,
			       struct msi_domain_info *info)
{
	info->flags = MSI_FLAG_USE_DEF_DOM_OPS | MSI_FLAG_USE_DEF_CHIP_OPS |
		      MSI_FLAG_ALLOC_SIMPLE_MSI_DESCS | MSI_FLAG_FREE_MSI_DESCS;
	info->chip->irq_ack = irq_chip_ack_parent;
	info->chip->irq_set_affinity = msi_domain_set_affinity;
	return true;
}

static const struct msi_parent_ops fake_msi_ops = {
	.supported_flags	= MSI_GENERIC_FLAGS_MASK,
	.bus_select_token	= DOMAIN_BUS_DEVICE_MSI,
	.init_dev_msi_info	= fake_init_msi_info,
};

/* Send message @vector of an SDI, if it may be sent */
void fake_sdi_send(struct fake_virtio_sdis *sdis, struct fake_virtio_sdi *sdi,
		   u16 vector)
{
	unsigned long flags;

	if (vector >= FAKE_SDI_VECTORS || !(sdi->ctrl & VP_SIOV_BLK_MASTER) ||
	    sdi->msg[vector][3] & VP_SIOV_MSG_MASK)
		return;

	sdi->sent++;
	local_irq_save(flags);
	generic_handle_domain_irq(sdis->domain, sdi->msg[vector][2]);
	local_irq_restore(flags);
}

/* --- the control blocks --- */

static void fake_sdi_clear(struct fake_virtio_sdi *sdi)
{
	int i;

	fake_virtio_clear(&sdi->dev);
	sdi->ctrl &= ~(VP_SIOV_BLK_MASTER | VP_SIOV_BLK_RESET);
	for (i = 0; i < FAKE_SDI_VECTORS; i++) {
		memset(sdi->msg[i], 0, sizeof(sdi->msg[i]));
		sdi->msg[i][3] = VP_SIOV_MSG_MASK;
	}
}

static void fake_write_ctrl(struct fake_virtio_sdi *sdi, u32 val)
{
	bool was = sdi->ctrl & VP_SIOV_BLK_ENABLE;

	sdi->ctrl = val & (VP_SIOV_BLK_ENABLE | VP_SIOV_BLK_MASTER);
	if (val & VP_SIOV_BLK_RESET) {
		sdi->resets++;
		fake_sdi_clear(sdi);
		if (sdi->keep_reset)
			sdi->ctrl |= VP_SIOV_BLK_RESET;
	} else if (!was && val & VP_SIOV_BLK_ENABLE) {
		sdi->enables++;
		fake_sdi_clear(sdi);
	} else if (!(val & VP_SIOV_BLK_ENABLE)) {
		fake_sdi_clear(sdi);
	}
}

static u32 fake_block_status(const struct fake_virtio_sdi *sdi)
{
	u32 status = FIELD_PREP(VP_SIOV_BLK_ERROR, sdi->error);

	if (!(sdi->ctrl & VP_SIOV_BLK_ENABLE))
		return status;

	return status | (sdi->keep_enable ? VP_SIOV_BLK_CHANGING :
					    VP_SIOV_BLK_ENABLED);
}

static u32 fake_block_read(struct fake_virtio_sdi *sdi, unsigned int offset)
{
	switch (offset) {
	case VP_SIOV_BLK_CTRL:
		return sdi->ctrl;
	case VP_SIOV_BLK_STATUS:
		return fake_block_status(sdi);
	case VP_SIOV_BLK_RID:
		return sdi->rid;
	case VP_SIOV_BLK_VECTORS:
		return sdi->dev.vectors;
	case VP_SIOV_BLK_DEVICE:
		return sdi->dev.config[0] | FAKE_VIRTIO_QUEUES << 16;
	case VP_SIOV_BLK_MSG(0) ... VP_SIOV_BLK_MSG(FAKE_SDI_VECTORS) - 1:
		offset -= VP_SIOV_BLK_MSG(0);
		return sdi->msg[offset / 16][offset % 16 / 4];
	}

	return 0;
}

static void fake_block_write(struct fake_virtio_sdi *sdi, unsigned int offset,
			     u32 val)
{
	switch (offset) {
	case VP_SIOV_BLK_CTRL:
		fake_write_ctrl(sdi, val);
		break;
	case VP_SIOV_BLK_RID:
		sdi->rid = val | VP_SIOV_BLK_RID_VALID;
		break;
	case VP_SIOV_BLK_MSG(0) ... VP_SIOV_BLK_MSG(FAKE_SDI_VECTORS) - 1:
		offset -= VP_SIOV_BLK_MSG(0);
		sdi->msg[offset / 16][offset % 16 / 4] = val;
		break;
	}
}

/* --- the pages --- */

/* Fill what may be written, and say that all of it was */
static u32 fake_sdi_fill(struct vring_desc *desc)
{
	u32 len = le32_to_cpu((__force __le32)desc->len);

	if (le16_to_cpu((__force __le16)desc->flags) & VRING_DESC_F_WRITE)
		memset(phys_to_virt(le64_to_cpu((__force __le64)desc->addr)),
		       FAKE_SDI_PATTERN, len);
	return len;
}

static void fake_sdi_serve(struct fake_virtio_sdis *sdis,
			   struct fake_virtio_sdi *sdi,
			   struct fake_virtqueue *vq)
{
	struct vring_desc *desc = phys_to_virt(vq->addr[0]);
	struct vring_avail *avail = phys_to_virt(vq->addr[1]);
	struct vring_used *used = phys_to_virt(vq->addr[2]);
	u16 idx, head;
	u32 len;

	while (vq->last_avail != le16_to_cpu((__force __le16)avail->idx)) {
		head = le16_to_cpu((__force __le16)
				   avail->ring[vq->last_avail++ % vq->size]);
		len = fake_sdi_fill(&desc[head]);
		idx = le16_to_cpu((__force __le16)used->idx);
		used->ring[idx % vq->size].id = (__force __virtio32)cpu_to_le32(head);
		used->ring[idx % vq->size].len = (__force __virtio32)cpu_to_le32(len);
		used->idx = (__force __virtio16)cpu_to_le16(idx + 1);
	}
	fake_sdi_send(sdis, sdi, vq->vector);
}

static void fake_sdi_notify(struct fake_virtio_sdis *sdis,
			    struct fake_virtio_sdi *sdi, unsigned int index,
			    u32 val)
{
	struct fake_virtqueue *vq;

	sdi->notified = val;
	if (index >= FAKE_VIRTIO_QUEUES)
		return;

	vq = &sdi->dev.vqs[index];
	if (vq->enabled && sdi->ctrl & VP_SIOV_BLK_MASTER &&
	    sdi->dev.status & VIRTIO_CONFIG_S_DRIVER_OK)
		fake_sdi_serve(sdis, sdi, vq);
}

static u32 fake_page_read(struct fake_virtio_sdi *sdi, unsigned int offset,
			  int size)
{
	u32 val = 0;

	if (!(sdi->ctrl & VP_SIOV_BLK_ENABLE) || sdi->dev.gone)
		return ~0;
	if (offset < FAKE_PAGE_ISR)
		return fake_virtio_common_read(&sdi->dev, offset);
	if (offset >= FAKE_PAGE_CFG &&
	    offset + size <= FAKE_PAGE_CFG + sizeof(sdi->dev.config))
		memcpy(&val, &sdi->dev.config[offset - FAKE_PAGE_CFG], size);

	return val;
}

static void fake_page_write(struct fake_virtio_sdis *sdis,
			    struct fake_virtio_sdi *sdi, unsigned int offset,
			    u32 val)
{
	if (!(sdi->ctrl & VP_SIOV_BLK_ENABLE) || sdi->dev.gone)
		return;

	if (offset >= FAKE_NOTIFY) {
		fake_sdi_notify(sdis, sdi, (offset - FAKE_NOTIFY) / 4, val);
		return;
	}

	if (offset == VIRTIO_PCI_COMMON_STATUS && !val) {
		sdi->virtio_resets++;
		if (sdi->keep_status)
			return;
	}
	if (offset < FAKE_PAGE_ISR)
		fake_virtio_common_write(&sdi->dev, offset, val);
}

/* --- the BAR --- */

void fake_sdis_set_header(struct fake_virtio_sdis *sdis, unsigned int offset,
			  u32 val)
{
	sdis->header[offset / sizeof(u32)] = val;
}

static void fake_make_header(struct fake_virtio_sdis *sdis)
{
	fake_sdis_set_header(sdis, VP_SIOV_MAGIC, FAKE_SIOV_MAGIC);
	fake_sdis_set_header(sdis, VP_SIOV_VERSION, 1 | FAKE_SIOV_GROUP << 16);
	fake_sdis_set_header(sdis, VP_SIOV_TOTAL, FAKE_SDIS);
	fake_sdis_set_header(sdis, VP_SIOV_FEATURES, VP_SIOV_FEAT_SOFTWARE);
	fake_sdis_set_header(sdis, VP_SIOV_CTRL_OFFSET, FAKE_BLOCKS);
	fake_sdis_set_header(sdis, VP_SIOV_CTRL_STRIDE, FAKE_BLOCK);
	fake_sdis_set_header(sdis, VP_SIOV_SDI_BAR, 2);
	fake_sdis_set_header(sdis, VP_SIOV_SDI_STRIDE, FAKE_PAGE);
	fake_sdis_set_header(sdis, VP_SIOV_SDI_OFFSET, FAKE_PAGES);
	fake_sdis_set_header(sdis, VP_SIOV_COMMON_LENGTH, FAKE_PAGE_ISR);
	fake_sdis_set_header(sdis, VP_SIOV_DEVICE_OFFSET, FAKE_PAGE_CFG);
	fake_sdis_set_header(sdis, VP_SIOV_DEVICE_LENGTH,
			     sizeof(sdis->sdi[0].dev.config));
	fake_sdis_set_header(sdis, VP_SIOV_NOTIFY_OFFSET, FAKE_NOTIFY);
	fake_sdis_set_header(sdis, VP_SIOV_NOTIFY_LENGTH,
			     FAKE_PAGE - FAKE_NOTIFY);
	fake_sdis_set_header(sdis, VP_SIOV_NOTIFY_MULTIPLIER, 4);
}

static u32 fake_header_read(struct fake_virtio_sdis *sdis, unsigned int offset)
{
	return offset < FAKE_SIOV_HEADER ? sdis->header[offset / sizeof(u32)] : 0;
}

unsigned long fake_sdis_read(struct fake_virtio_sdis *sdis, unsigned int offset,
			     int size)
{
	unsigned int n;

	if (offset < FAKE_BLOCKS)
		return fake_header_read(sdis, offset);
	if (offset < FAKE_PAGES) {
		n = (offset - FAKE_BLOCKS) / FAKE_BLOCK;
		return n >= FAKE_SDIS ? 0 :
		       fake_block_read(&sdis->sdi[n], offset % FAKE_BLOCK);
	}

	n = (offset - FAKE_PAGES) / FAKE_PAGE;
	return n >= FAKE_SDIS ? 0 :
	       fake_page_read(&sdis->sdi[n], offset % FAKE_PAGE, size);
}

void fake_sdis_write(struct fake_virtio_sdis *sdis, unsigned int offset,
		     int size, unsigned long val)
{
	unsigned int n;

	if (offset < FAKE_BLOCKS)
		return;
	if (offset < FAKE_PAGES) {
		n = (offset - FAKE_BLOCKS) / FAKE_BLOCK;
		if (n < FAKE_SDIS)
			fake_block_write(&sdis->sdi[n], offset % FAKE_BLOCK, val);
		return;
	}

	n = (offset - FAKE_PAGES) / FAKE_PAGE;
	if (n < FAKE_SDIS)
		fake_page_write(sdis, &sdis->sdi[n], offset % FAKE_PAGE, val);
}

/* A function level reset: no SDI is enabled, and none has a Routing ID */
void fake_sdis_flr(struct fake_virtio_sdis *sdis)
{
	int i;

	for (i = 0; sdis && i < FAKE_SDIS; i++) {
		fake_write_ctrl(&sdis->sdi[i], 0);
		sdis->sdi[i].rid = 0;
	}
}

bool fake_sdi_is_member(struct fake_virtio_sdis *sdis, u64 member)
{
	return member && member <= FAKE_SDIS &&
	       sdis->sdi[member - 1].ctrl & VP_SIOV_BLK_ENABLE;
}

/* --- making one --- */

static void fake_add_bar2(struct fake_pci_fn *fn)
{
	int i;

	fake_pci_put32(fn, PCI_BASE_ADDRESS_2, PCI_BASE_ADDRESS_MEM_TYPE_64 |
		       PCI_BASE_ADDRESS_MEM_PREFETCH);
	for (i = 2; i < 8; i++)
		fn->wmask[PCI_BASE_ADDRESS_2 + i] = 0xff;
}

/* Behind the last capability */
static void fake_add_vendor_cap(struct fake_pci_fn *fn)
{
	u8 last = fake_pci_get8(fn, PCI_CAPABILITY_LIST), pos = 0xe0;

	while (fake_pci_get8(fn, last + PCI_CAP_LIST_NEXT))
		last = fake_pci_get8(fn, last + PCI_CAP_LIST_NEXT);

	fake_pci_put8(fn, last + PCI_CAP_LIST_NEXT, pos);
	fake_pci_put8(fn, pos, PCI_CAP_ID_VNDR);
	fake_pci_put8(fn, pos + VIRTIO_PCI_CAP_LEN, VP_SIOV_CAP_LEN);
	fake_pci_put8(fn, pos + VIRTIO_PCI_CAP_CFG_TYPE,
		      VIRTIO_PCI_CAP_VENDOR_CFG);
	fake_pci_put16(fn, pos + 4, VP_SIOV_CAP_VENDOR);
	fake_pci_put8(fn, pos + VP_SIOV_CAP_BAR, 2);
	fake_pci_put8(fn, pos + VP_SIOV_CAP_VERSION, VP_SIOV_CAP_VERSION_1);
	fake_pci_put32(fn, pos + VP_SIOV_CAP_LENGTH, 0x100);
}

static void fake_init_sdi(struct fake_virtio_sdi *sdi, u16 type)
{
	int i;

	sdi->dev.features = BIT_ULL(VIRTIO_F_VERSION_1) |
			    BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |
			    BIT_ULL(VIRTIO_F_RING_RESET);
	sdi->dev.vectors = FAKE_SDI_VECTORS;
	sdi->dev.config[0] = type;
	for (i = 0; i < FAKE_VIRTIO_QUEUES; i++)
		sdi->dev.vqs[i].max = FAKE_VIRTIO_QUEUE_SIZE;
	fake_sdi_clear(sdi);
}

static struct irq_domain *fake_make_domain(struct kunit *test)
{
	struct irq_domain_info info = {
		.ops	= &fake_domain_ops,
		.size	= FAKE_IRQS,
	};
	struct irq_domain *domain;

	info.fwnode = irq_domain_alloc_named_fwnode("virtio_kunit_irq");
	KUNIT_ASSERT_NOT_NULL(test, info.fwnode);
	domain = msi_create_parent_irq_domain(&info, &fake_msi_ops);
	KUNIT_ASSERT_NOT_NULL(test, domain);
	/* As where interrupts are remapped */
	domain->flags |= IRQ_DOMAIN_FLAG_ISOLATED_MSI;

	return domain;
}

/* Once the device is gone, and its SDIs with their interrupts */
void fake_sdis_free(struct fake_virtio_sdis *sdis)
{
	struct fwnode_handle *fwnode;

	if (!sdis)
		return;

	fwnode = sdis->domain->fwnode;
	irq_domain_remove(sdis->domain);
	irq_domain_free_fwnode(fwnode);
	kfree(sdis);
}

/**
 * fake_sdis_create() - Give a device SDIs, before it is plugged
 * @test: test that is running
 * @pf: device, which owns them
 * @type: virtio device type of all SDIs
 *
 * Return: the SDIs.
 */
struct fake_virtio_sdis *fake_sdis_create(struct kunit *test,
					  struct fake_virtio *pf, u16 type)
{
	struct fake_virtio_sdis *sdis = kzalloc_obj(*sdis);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, sdis);
	fake_make_header(sdis);
	for (i = 0; i < FAKE_SDIS; i++)
		fake_init_sdi(&sdis->sdi[i], type);
	sdis->domain = fake_make_domain(test);

	fake_pci_add_sdis(pf->fn, FAKE_SDIS, 8, 1);
	fake_add_bar2(pf->fn);
	fake_add_vendor_cap(pf->fn);
	pf->sdis = sdis;
	return sdis;
}

/* As "any" in sdi_new does; it goes when the PF goes */
struct pci_sdi *fake_sdi_enable(struct kunit *test, struct fake_virtio *pf)
{
	struct pci_sdi_params params = {
		.index = PCI_SDI_ANY_INDEX,
		.rid = PCI_SDI_ANY_RID,
	};
	struct pci_dev *pdev = fake_pci_dev(pf->fn);
	struct pci_sdi *sdi;

	dev_set_msi_domain(&pdev->dev, pf->sdis->domain);
	sdi = pci_sdi_create(pdev, &params);
	if (IS_ERR(sdi))
		return sdi;

	/* The core keeps one for as long as it exists */
	pci_sdi_put(sdi);
	return sdi;
}

static int fake_is_virtio(struct device *dev, const void *unused)
{
	return is_virtio_device(dev);
}

/* The virtio device that virtio_sdi has made of it, or NULL */
struct virtio_device *fake_sdi_vdev(struct pci_sdi *sdi)
{
	struct device *child;

	child = device_find_child(&sdi->dev, NULL, fake_is_virtio);
	if (!child)
		return NULL;

	put_device(child);
	return dev_to_virtio(child);
}
