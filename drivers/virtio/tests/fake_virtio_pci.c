// SPDX-License-Identifier: GPL-2.0
/*
 * A virtio PCI device in RAM for KUnit tests of virtio_pci
 *
 * Registers are served by logic_iomem, virtqueues are read where the driver put
 * them, interrupts come by a line that only this device has. The admin queue
 * follows virtio 1.4, "Group administration commands": group type, opcode and
 * member are judged in this order, and each group has a list of its own.
 */
#include <linux/device.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/logic_iomem.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#include "fake_virtio_pci.h"
#include "fake_virtio_sdi.h"

#define FAKE_CAP		0x80
#define FAKE_COMMON		0x0000
#define FAKE_ISR		0x1000
#define FAKE_DEVICE		0x2000
#define FAKE_NOTIFY		0x3000
#define FAKE_BUFFER		4096
/* What is in BAR 2 */
#define FAKE_SIOV		0x800000

#define FAKE_COMMON_Q_RESET	offsetof(struct virtio_pci_modern_common_cfg, \
					 queue_reset)

#define FAKE_ENXIO		6
#define FAKE_EEXIST		17
#define FAKE_EINVAL		22
#define FAKE_BAD_OPCODE		2
#define FAKE_BAD_GROUP		4
#define FAKE_BAD_MEMBER		5

/* The one device there is at a time */
static struct fake_virtio *fake_virtio_now;

static void fake_virtio_raise(struct fake_virtio *dev)
{
	unsigned long flags;

	if (!dev->irq || dev->gone)
		return;

	dev->isr |= 1;
	local_irq_save(flags);
	generic_handle_irq(dev->irq);
	local_irq_restore(flags);
}

/* --- administration commands --- */

static bool fake_vfs_enabled(struct fake_virtio *dev)
{
	return fake_pci_get16(dev->fn, dev->fn->sriov + PCI_SRIOV_CTRL) &
		PCI_SRIOV_CTRL_VFE;
}

static bool fake_list_command(u16 opcode)
{
	return opcode == VIRTIO_ADMIN_CMD_LIST_QUERY ||
	       opcode == VIRTIO_ADMIN_CMD_LIST_USE;
}

/* Which of its groups has this type, or -1 */
static int fake_group(struct fake_virtio *dev, u16 type)
{
	if (type <= VIRTIO_ADMIN_GROUP_TYPE_SRIOV)
		return type;

	return dev->sdis && type == FAKE_SIOV_GROUP ? 2 : -1;
}

/* What is wrong with a command, as a status qualifier, in the order of the text */
static u16 fake_judge(struct fake_virtio *dev,
		      const struct virtio_admin_cmd_hdr *hdr)
{
	u16 type = le16_to_cpu(hdr->group_type);
	u16 opcode = le16_to_cpu(hdr->opcode);
	bool sriov = type == VIRTIO_ADMIN_GROUP_TYPE_SRIOV;
	int group = fake_group(dev, type);

	if (group < 0)
		return FAKE_BAD_GROUP;
	if (sriov && !dev->lax && !fake_vfs_enabled(dev))
		return FAKE_BAD_GROUP;
	if (!sriov && dev->lax && fake_list_command(opcode))
		return FAKE_BAD_GROUP;
	if (opcode >= 64)
		return FAKE_BAD_OPCODE;
	if (!(dev->group[group].used & BIT_ULL(opcode)) && !(dev->lax && !sriov))
		return FAKE_BAD_OPCODE;
	if (fake_list_command(opcode))
		return 0;
	if (sriov && (!le64_to_cpu(hdr->group_member_id) ||
		      le64_to_cpu(hdr->group_member_id) > FAKE_VIRTIO_VFS))
		return FAKE_BAD_MEMBER;
	if (type == FAKE_SIOV_GROUP &&
	    !fake_sdi_is_member(dev->sdis, le64_to_cpu(hdr->group_member_id)))
		return FAKE_BAD_MEMBER;

	return 0;
}

/* All members share the numbers of objects */
static u16 fake_object_create(struct fake_virtio *dev, u64 id)
{
	if (dev->objects & BIT_ULL(id))
		return FAKE_EEXIST;

	dev->objects |= BIT_ULL(id);
	return 0;
}

static u16 fake_object_destroy(struct fake_virtio *dev, u64 id)
{
	if (!(dev->objects & BIT_ULL(id)))
		return FAKE_ENXIO;

	dev->objects &= ~BIT_ULL(id);
	return 0;
}

/* What comes of a command that nothing is wrong with, as a status */
static u16 fake_serve(struct fake_virtio *dev,
		      const struct virtio_admin_cmd_hdr *hdr,
		      const void *data, void *result)
{
	const struct virtio_admin_cmd_resource_obj_cmd_hdr *object = data;
	struct fake_virtio_group *group =
		&dev->group[fake_group(dev, le16_to_cpu(hdr->group_type))];
	u16 opcode = le16_to_cpu(hdr->opcode);
	struct virtio_dev_parts_cap *cap = result;

	if (dev->status_of[opcode])
		return dev->status_of[opcode];

	dev->served[opcode]++;
	dev->member = le64_to_cpu(hdr->group_member_id);
	switch (opcode) {
	case VIRTIO_ADMIN_CMD_LIST_QUERY:
		*(__le64 *)result = cpu_to_le64(group->supported);
		break;
	case VIRTIO_ADMIN_CMD_LIST_USE:
		group->used = le64_to_cpu(*(__le64 *)data);
		break;
	case VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY:
		*(__le64 *)result = cpu_to_le64(BIT(VIRTIO_DEV_PARTS_CAP));
		break;
	case VIRTIO_ADMIN_CMD_DEVICE_CAP_GET:
		cap->get_parts_resource_objects_limit = 8;
		cap->set_parts_resource_objects_limit = 8;
		break;
	case VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CREATE:
		return fake_object_create(dev, le32_to_cpu(object->id) % 64);
	case VIRTIO_ADMIN_CMD_RESOURCE_OBJ_DESTROY:
		return fake_object_destroy(dev, le32_to_cpu(object->id) % 64);
	case VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_GET:
		*(__le32 *)result = cpu_to_le32(dev->parts);
		break;
	}

	return 0;
}

static void fake_command(struct fake_virtio *dev, const void *in, void *out)
{
	struct virtio_admin_cmd_status *status = out;
	u16 qualifier = fake_judge(dev, in);
	u16 error = FAKE_EINVAL;

	if (!qualifier)
		error = fake_serve(dev, in,
				   in + sizeof(struct virtio_admin_cmd_hdr),
				   out + sizeof(*status));
	if (!error)
		return;

	dev->refused++;
	status->status = cpu_to_le16(error);
	status->status_qualifier = cpu_to_le16(qualifier);
}

/* --- the admin queue --- */

/* The table that a chain is in: the queue's own, or an indirect one */
static struct vring_desc *fake_chain(struct fake_virtqueue *vq, u16 *head)
{
	struct vring_desc *desc = phys_to_virt(vq->addr[0]);

	if (!(le16_to_cpu((__force __le16)desc[*head].flags) & VRING_DESC_F_INDIRECT))
		return desc;

	desc = phys_to_virt(le64_to_cpu((__force __le64)desc[*head].addr));
	*head = 0;
	return desc;
}

/* Copy what the driver wrote to @buf, or @buf to where the driver wants to read */
static u32 fake_copy(struct vring_desc *desc, u16 i, void *buf, u32 size,
		     bool to_driver)
{
	u32 done = 0, len;
	u16 flags;
	void *at;

	for (;;) {
		flags = le16_to_cpu((__force __le16)desc[i].flags);
		len = le32_to_cpu((__force __le32)desc[i].len);
		at = phys_to_virt(le64_to_cpu((__force __le64)desc[i].addr));
		if (!(flags & VRING_DESC_F_WRITE) != to_driver &&
		    done + len <= size) {
			if (to_driver)
				memcpy(at, buf + done, len);
			else
				memcpy(buf + done, at, len);
			done += len;
		}
		if (!(flags & VRING_DESC_F_NEXT))
			return done;
		i = le16_to_cpu((__force __le16)desc[i].next);
	}
}

static void fake_answer(struct fake_virtqueue *vq, u16 head, u32 len)
{
	struct vring_used *used = phys_to_virt(vq->addr[2]);
	u16 idx = le16_to_cpu((__force __le16)used->idx);

	used->ring[idx % vq->size].id = (__force __virtio32)cpu_to_le32(head);
	used->ring[idx % vq->size].len = (__force __virtio32)cpu_to_le32(len);
	used->idx = (__force __virtio16)cpu_to_le16(idx + 1);
}

static void fake_take_command(struct fake_virtio *dev,
			      struct fake_virtqueue *vq, u16 head)
{
	void *in __free(kfree) = kzalloc(FAKE_BUFFER, GFP_KERNEL);
	void *out __free(kfree) = kzalloc(FAKE_BUFFER, GFP_KERNEL);
	struct vring_desc *desc;
	u32 len, size = FAKE_BUFFER;
	u16 first = head;

	if (!in || !out)
		return;

	desc = fake_chain(vq, &first);
	fake_copy(desc, first, in, FAKE_BUFFER, false);
	fake_command(dev, in, out);
	if (dev->terse)
		size = sizeof(struct virtio_admin_cmd_status);
	len = fake_copy(desc, first, out, size, true);
	fake_answer(vq, head, dev->used ?: len);
}

static void fake_virtio_work(struct work_struct *work)
{
	struct fake_virtio *dev = container_of(work, struct fake_virtio, work);
	struct fake_virtqueue *vq = &dev->vqs[FAKE_VIRTIO_ADMIN_Q];
	struct vring_avail *avail;
	u16 head;

	if (dev->mute || dev->gone || !vq->enabled ||
	    !(dev->status & VIRTIO_CONFIG_S_DRIVER_OK))
		return;

	avail = phys_to_virt(vq->addr[1]);
	while (vq->last_avail != le16_to_cpu((__force __le16)avail->idx)) {
		head = le16_to_cpu((__force __le16)
				   avail->ring[vq->last_avail++ % vq->size]);
		fake_take_command(dev, vq, head);
	}
	fake_virtio_raise(dev);
}

/* --- registers --- */

void fake_virtio_clear(struct fake_virtio *dev)
{
	int i;

	dev->status = 0;
	dev->isr = 0;
	dev->driver_features = 0;
	dev->objects = 0;
	dev->config_vector = VIRTIO_MSI_NO_VECTOR;
	memset(dev->select, 0, sizeof(dev->select));
	for (i = 0; i < ARRAY_SIZE(dev->vqs); i++)
		dev->vqs[i] = (struct fake_virtqueue) {
			.max = dev->vqs[i].max,
			.size = dev->vqs[i].max,
			.vector = VIRTIO_MSI_NO_VECTOR,
		};
	for (i = 0; i < ARRAY_SIZE(dev->group); i++)
		dev->group[i].used = BIT_ULL(VIRTIO_ADMIN_CMD_LIST_QUERY) |
				     BIT_ULL(VIRTIO_ADMIN_CMD_LIST_USE);
}

static struct fake_virtqueue *fake_selected(struct fake_virtio *dev)
{
	static struct fake_virtqueue none;

	if (dev->select[2] >= ARRAY_SIZE(dev->vqs))
		return &none;
	return &dev->vqs[dev->select[2]];
}

static u32 fake_feature_word(u64 features, u32 select)
{
	return select < 2 ? features >> (32 * select) : 0;
}

u32 fake_virtio_common_read(struct fake_virtio *dev, unsigned int offset)
{
	struct fake_virtqueue *vq = fake_selected(dev);

	switch (offset) {
	case VIRTIO_PCI_COMMON_DF:
		return fake_feature_word(dev->features, dev->select[0]);
	case VIRTIO_PCI_COMMON_GF:
		return fake_feature_word(dev->driver_features, dev->select[1]);
	case VIRTIO_PCI_COMMON_MSIX:
		return dev->config_vector;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		return vq->vector;
	case VIRTIO_PCI_COMMON_NUMQ:
		return FAKE_VIRTIO_QUEUES;
	case VIRTIO_PCI_COMMON_STATUS:
		return dev->status;
	case VIRTIO_PCI_COMMON_Q_SIZE:
		return vq->size;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		return vq->enabled;
	case VIRTIO_PCI_COMMON_Q_NOFF:
		return dev->select[2];
	case VIRTIO_PCI_COMMON_ADM_Q_IDX:
		return FAKE_VIRTIO_ADMIN_Q;
	case VIRTIO_PCI_COMMON_ADM_Q_NUM:
		return 1;
	}

	return 0;
}

static u16 fake_vector(struct fake_virtio *dev, u16 vector)
{
	return vector < dev->vectors ? vector : VIRTIO_MSI_NO_VECTOR;
}

static void fake_write_status(struct fake_virtio *dev, u8 status)
{
	if (status)
		dev->status = status;
	else if (!dev->keep_status)
		fake_virtio_clear(dev);
}

static void fake_write_address(struct fake_virtqueue *vq, unsigned int offset,
			       u32 val)
{
	unsigned int word = (offset - VIRTIO_PCI_COMMON_Q_DESCLO) / 4;
	u64 *addr = &vq->addr[word / 2];

	if (word % 2)
		*addr = lower_32_bits(*addr) | (u64)val << 32;
	else
		*addr = (*addr & ~(u64)U32_MAX) | val;
}

void fake_virtio_common_write(struct fake_virtio *dev, unsigned int offset,
			      u32 val)
{
	struct fake_virtqueue *vq = fake_selected(dev);
	u64 *features = &dev->driver_features;

	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		dev->select[0] = val;
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		dev->select[1] = val;
		break;
	case VIRTIO_PCI_COMMON_GF:
		if (dev->select[1] < 2)
			*features |= (u64)val << (32 * dev->select[1]);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		fake_write_status(dev, val);
		break;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		dev->select[2] = val;
		break;
	case VIRTIO_PCI_COMMON_Q_SIZE:
		vq->size = val;
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		vq->enabled = val;
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		dev->config_vector = fake_vector(dev, val);
		break;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		vq->vector = fake_vector(dev, val);
		break;
	case FAKE_COMMON_Q_RESET:
		*vq = (struct fake_virtqueue) {
			.max = vq->max,
			.size = vq->max,
			.vector = VIRTIO_MSI_NO_VECTOR,
		};
		break;
	case VIRTIO_PCI_COMMON_Q_DESCLO ... VIRTIO_PCI_COMMON_Q_USEDHI:
		fake_write_address(vq, offset, val);
		break;
	}
}

static unsigned long fake_mmio_read(void *priv, unsigned int offset, int size)
{
	struct fake_virtio *dev = fake_virtio_now;
	u32 val = 0;

	if (!dev || dev->gone)
		return ~0UL;

	if (offset >= FAKE_SIOV)
		return fake_sdis_read(dev->sdis, offset - FAKE_SIOV, size);
	if (offset < FAKE_COMMON + sizeof(struct virtio_pci_modern_common_cfg))
		return fake_virtio_common_read(dev, offset - FAKE_COMMON);
	if (offset == FAKE_ISR)
		swap(val, *(u8 *)&dev->isr);
	else if (offset >= FAKE_DEVICE &&
		 offset + size <= FAKE_DEVICE + sizeof(dev->config))
		memcpy(&val, &dev->config[offset - FAKE_DEVICE], size);

	return val;
}

static void fake_mmio_write(void *priv, unsigned int offset, int size,
			    unsigned long val)
{
	struct fake_virtio *dev = fake_virtio_now;

	if (!dev || dev->gone)
		return;

	if (offset >= FAKE_SIOV)
		fake_sdis_write(dev->sdis, offset - FAKE_SIOV, size, val);
	else if (offset < FAKE_COMMON + sizeof(struct virtio_pci_modern_common_cfg))
		fake_virtio_common_write(dev, offset - FAKE_COMMON, val);
	else if (offset == FAKE_NOTIFY + 4 * FAKE_VIRTIO_ADMIN_Q)
		schedule_work(&dev->work);
}

static const struct logic_iomem_ops fake_mmio_ops = {
	.read = fake_mmio_read,
	.write = fake_mmio_write,
};

/* All memory windows of fake host bridges; the device's BAR is within */
static struct resource fake_window =
	DEFINE_RES_MEM_NAMED(0x4000000000ULL, 0x4000000000ULL, "fake virtio");

static u64 fake_bar(struct fake_virtio *dev, u16 where)
{
	return (u64)fake_pci_get32(dev->fn, where + 4) << 32 |
	       (fake_pci_get32(dev->fn, where) & PCI_BASE_ADDRESS_MEM_MASK);
}

static long fake_map(unsigned long offset, size_t size,
		     const struct logic_iomem_ops **ops, void **priv)
{
	struct fake_virtio *dev = fake_virtio_now;
	u64 at = fake_window.start + offset, bar2;

	if (!dev)
		return -ENXIO;

	*ops = &fake_mmio_ops;
	bar2 = fake_bar(dev, PCI_BASE_ADDRESS_2);
	if (dev->sdis && at >= bar2 && at < bar2 + FAKE_SIOV_SIZE)
		return FAKE_SIOV + at - bar2;

	return at - fake_bar(dev, PCI_BASE_ADDRESS_0);
}

static const struct logic_iomem_region_ops fake_region_ops = {
	.map = fake_map,
};

/* --- the PCI function --- */

static u8 fake_add_virtio_cap(struct fake_pci_fn *fn, u8 pos, u8 type,
			      u32 offset, u32 length)
{
	u8 len = sizeof(struct virtio_pci_cap);

	if (type == VIRTIO_PCI_CAP_NOTIFY_CFG)
		len = sizeof(struct virtio_pci_notify_cap);
	fake_pci_put8(fn, pos + VIRTIO_PCI_CAP_VNDR, PCI_CAP_ID_VNDR);
	fake_pci_put8(fn, pos + VIRTIO_PCI_CAP_LEN, len);
	fake_pci_put8(fn, pos + VIRTIO_PCI_CAP_CFG_TYPE, type);
	fake_pci_put32(fn, pos + VIRTIO_PCI_CAP_OFFSET, offset);
	fake_pci_put32(fn, pos + VIRTIO_PCI_CAP_LENGTH, length);
	if (type == VIRTIO_PCI_CAP_NOTIFY_CFG)
		fake_pci_put32(fn, pos + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
	else if (type == VIRTIO_PCI_CAP_DEVICE_CFG)
		return pos + len;

	fake_pci_put8(fn, pos + VIRTIO_PCI_CAP_NEXT, pos + len);
	return pos + len;
}

static void fake_make_virtio(struct fake_virtio *dev, u16 type)
{
	struct fake_pci_fn *fn = dev->fn;
	u8 pos = FAKE_CAP;

	fake_pci_put16(fn, PCI_VENDOR_ID, PCI_VENDOR_ID_REDHAT_QUMRANET);
	fake_pci_put16(fn, PCI_DEVICE_ID, 0x1040 + type);
	fake_pci_put8(fn, PCI_REVISION_ID, 1);
	fake_pci_put8(fn, PCI_INTERRUPT_PIN, 1);
	fake_pci_put8(fn, PCI_INTERRUPT_LINE, dev->irq);
	fake_pci_put8(fn, fake_pci_get8(fn, PCI_CAPABILITY_LIST) +
		      PCI_CAP_LIST_NEXT, pos);
	pos = fake_add_virtio_cap(fn, pos, VIRTIO_PCI_CAP_COMMON_CFG, FAKE_COMMON,
				  sizeof(struct virtio_pci_modern_common_cfg));
	pos = fake_add_virtio_cap(fn, pos, VIRTIO_PCI_CAP_ISR_CFG, FAKE_ISR, 1);
	pos = fake_add_virtio_cap(fn, pos, VIRTIO_PCI_CAP_NOTIFY_CFG, FAKE_NOTIFY,
				  SZ_4K);
	fake_add_virtio_cap(fn, pos, VIRTIO_PCI_CAP_DEVICE_CFG, FAKE_DEVICE,
			    sizeof(dev->config));
}

static void fake_virtio_flr(struct fake_pci_fn *fn)
{
	struct fake_virtio *dev = fn->priv;

	fake_virtio_clear(dev);
	fake_sdis_flr(dev->sdis);
}

static void fake_virtio_destroy(void *data)
{
	struct fake_virtio *dev = data;

	fake_pci_host_free(dev->host);
	cancel_work_sync(&dev->work);
	fake_virtio_now = NULL;
	fake_sdis_free(dev->sdis);
	irq_free_desc(dev->irq);
	kfree(dev);
}

static int fake_alloc_irq(void)
{
	int irq = irq_alloc_desc(NUMA_NO_NODE);

	if (irq < 0)
		return irq;

	irq_set_chip_and_handler(irq, &dummy_irq_chip, handle_simple_irq);
	irq_clear_status_flags(irq, IRQ_NOREQUEST);
	return irq;
}

/**
 * fake_virtio_create() - Make a device; fake_virtio_plug() shows it to the kernel
 * @test: test that owns it; it is removed and freed when the test ends
 * @type: virtio device type
 *
 * It offers the admin queue and nothing else, and has two VFs.
 *
 * Return: the device.
 */
struct fake_virtio *fake_virtio_create(struct kunit *test, u16 type)
{
	struct fake_virtio *dev;
	struct fake_pci_fn *port;
	int i;

	KUNIT_ASSERT_NULL(test, fake_virtio_now);
	if (!fake_window.parent)
		KUNIT_ASSERT_EQ(test, 0, logic_iomem_add_region(&fake_window,
								&fake_region_ops));

	dev = kzalloc_obj(*dev);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	dev->test = test;
	dev->irq = fake_alloc_irq();
	KUNIT_ASSERT_GT(test, dev->irq, 0);
	KUNIT_ASSERT_LE(test, dev->irq, U8_MAX);
	INIT_WORK(&dev->work, fake_virtio_work);
	dev->features = BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_F_SR_IOV) |
			BIT_ULL(VIRTIO_F_ADMIN_VQ);
	for (i = 0; i < ARRAY_SIZE(dev->vqs); i++)
		dev->vqs[i].max = FAKE_VIRTIO_QUEUE_SIZE;
	for (i = 0; i < ARRAY_SIZE(dev->group); i++)
		dev->group[i].supported = GENMASK_ULL(0x11, 0);

	dev->host = fake_pci_host_create(test, 0, 0xff);
	port = fake_pci_add_port(dev->host, NULL, PCI_DEVFN(1, 0),
				 PCI_EXP_TYPE_ROOT_PORT);
	dev->fn = fake_pci_add_endpoint(dev->host, port, 0);
	dev->fn->flr = fake_virtio_flr;
	dev->fn->priv = dev;
	fake_pci_add_vfs(dev->fn, FAKE_VIRTIO_VFS, 1, 1);
	fake_make_virtio(dev, type);
	fake_virtio_clear(dev);

	fake_virtio_now = dev;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   fake_virtio_destroy,
							   dev));
	return dev;
}

/* Let the kernel find the device and bind its drivers */
void fake_virtio_plug(struct fake_virtio *dev)
{
	fake_pci_scan(dev->host);
	KUNIT_ASSERT_NOT_NULL(dev->test, fake_pci_dev(dev->fn));
	KUNIT_ASSERT_NOT_NULL(dev->test, fake_virtio_vdev(dev));
}

/* Answer what has been asked meanwhile, and all that follows */
void fake_virtio_unmute(struct fake_virtio *dev)
{
	dev->mute = false;
	schedule_work(&dev->work);
}

/* Commands that the driver has put into the queue since the last reset */
unsigned int fake_virtio_submitted(struct fake_virtio *dev)
{
	struct vring_avail *avail =
		phys_to_virt(dev->vqs[FAKE_VIRTIO_ADMIN_Q].addr[1]);

	return le16_to_cpu((__force __le16)avail->idx);
}

/* Pull the device out: it answers nothing any more */
void fake_virtio_pull(struct fake_virtio *dev)
{
	dev->gone = true;
	dev->fn->absent = true;
}

static int fake_is_virtio(struct device *dev, const void *unused)
{
	return is_virtio_device(dev);
}

/* The virtio device that virtio_pci has made of it, or NULL */
struct virtio_device *fake_virtio_vdev(struct fake_virtio *dev)
{
	struct device *child;

	child = device_find_child(&fake_pci_dev(dev->fn)->dev, NULL,
				  fake_is_virtio);
	if (!child)
		return NULL;

	/* It stays until the test removes it */
	put_device(child);
	return dev_to_virtio(child);
}

/**
 * fake_virtio_enable_vfs() - Enable the VFs as sriov_numvfs does
 * @dev: device
 *
 * Return: the first VF.
 */
struct pci_dev *fake_virtio_enable_vfs(struct fake_virtio *dev)
{
	struct pci_dev *pf = fake_pci_dev(dev->fn), *vf;
	int ret;

	pci_lock_rescan_remove();
	device_lock(&pf->dev);
	ret = pf->driver->sriov_configure(pf, FAKE_VIRTIO_VFS);
	device_unlock(&pf->dev);
	pci_unlock_rescan_remove();
	KUNIT_ASSERT_EQ(dev->test, FAKE_VIRTIO_VFS, ret);

	vf = fake_pci_find(dev->host, pf->bus->number, 1);
	KUNIT_ASSERT_NOT_NULL(dev->test, vf);
	return vf;
}

static void fake_virtio_callback(struct virtqueue *vq)
{
}

/**
 * fake_virtio_probe() - What a driver without a purpose does with a device
 * @vdev: the device
 *
 * It has one queue, as without any there is no admin queue either.
 *
 * Return: 0 or a negative error
 */
int fake_virtio_probe(struct virtio_device *vdev)
{
	struct virtqueue *vq = virtio_find_single_vq(vdev, fake_virtio_callback,
						     "fake");

	if (IS_ERR(vq))
		return PTR_ERR(vq);

	virtio_device_ready(vdev);
	return 0;
}

/**
 * fake_virtio_remove() - What fake_virtio_probe() has done is taken back
 * @vdev: the device
 */
void fake_virtio_remove(struct virtio_device *vdev)
{
	virtio_reset_device(vdev);
	vdev->config->del_vqs(vdev);
}
