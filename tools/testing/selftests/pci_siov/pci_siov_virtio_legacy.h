/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The registers of legacy virtio PCI devices, for a driver in user space
 *
 * It knows what virtio 0.9.5 says, and neither capabilities nor SDIs: registers in
 * I/O BAR 0, whole queues at a page, their sizes the device's choice. Byte order is
 * that of the machine, little endian.
 */
#ifndef PCI_SIOV_VIRTIO_LEGACY_H
#define PCI_SIOV_VIRTIO_LEGACY_H

#include "pci_siov_virtio_user.h"

#define PORTS_BAR		0

/* ---- Registers ---- */

static inline uint32_t port_in(const struct virtio *v, unsigned int pos,
			       size_t size)
{
	uint32_t val = 0;

	if (region_read(&v->user, PORTS_BAR, pos, &val, size) != (ssize_t)size)
		return 0xdeadbeef;

	return val;
}

static inline int port_out(const struct virtio *v, unsigned int pos, size_t size,
			   uint64_t val)
{
	ssize_t n = region_write(&v->user, PORTS_BAR, pos, &val, size);

	return n < 0 ? n : n == (ssize_t)size ? 0 : -EIO;
}

/* Where the configuration of the type of device begins */
static inline unsigned int legacy_config_base(const struct virtio *v)
{
	return VIRTIO_PCI_CONFIG_OFF(v->msix);
}

static inline uint8_t legacy_config(const struct virtio *v, unsigned int offset)
{
	return port_in(v, legacy_config_base(v) + offset, 1);
}

static inline void legacy_set_config_vector(const struct virtio *v,
					    uint16_t vector)
{
	if (v->msix)
		port_out(v, VIRTIO_MSI_CONFIG_VECTOR, 2, vector);
}

static inline void legacy_add_status(const struct virtio *v, uint8_t bits)
{
	port_out(v, VIRTIO_PCI_STATUS, 1, port_in(v, VIRTIO_PCI_STATUS, 1) | bits);
}

static inline int legacy_notify(const struct virtio *v, unsigned int n)
{
	return port_out(v, VIRTIO_PCI_QUEUE_NOTIFY, 2, n);
}

/* As for any driver, the layout follows */
static inline int msix_on(struct virtio *v, const int *irq, unsigned int nr)
{
	v->msix = true;
	return set_eventfds(&v->user, VFIO_PCI_MSIX_IRQ_INDEX, 0, nr, irq);
}

static inline int msix_off(struct virtio *v)
{
	v->msix = false;
	return disable_irqs(&v->user, VFIO_PCI_MSIX_IRQ_INDEX);
}

/* ---- Initialization ---- */

static inline int legacy_reset(const struct virtio *v)
{
	double end = now() + 2;

	port_out(v, VIRTIO_PCI_STATUS, 1, 0);
	while (port_in(v, VIRTIO_PCI_STATUS, 1))
		if (now() > end)
			return -ETIMEDOUT;

	return 0;
}

static inline int legacy_negotiate(const struct virtio *v, uint64_t features)
{
	int ret = legacy_reset(v);

	if (ret)
		return ret;

	legacy_add_status(v, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	legacy_add_status(v, VIRTIO_CONFIG_S_DRIVER);
	if (features & ~(uint64_t)port_in(v, VIRTIO_PCI_HOST_FEATURES, 4))
		return -EPROTO;

	return port_out(v, VIRTIO_PCI_GUEST_FEATURES, 4, features);
}

static inline int legacy_setup_queue(struct virtio *v, unsigned int n,
				     uint16_t vector)
{
	struct queue *q = &v->queue[n];
	uint8_t *mem = v->mem + n * QUEUE_BYTES;
	uint32_t pfn = (v->iova + n * QUEUE_BYTES) >> VIRTIO_PCI_QUEUE_ADDR_SHIFT;
	unsigned int num;

	port_out(v, VIRTIO_PCI_QUEUE_SEL, 2, n);
	num = port_in(v, VIRTIO_PCI_QUEUE_NUM, 2);
	if (!num || num > MAX_QUEUE_SIZE)
		return -ENOSPC;
	if (port_in(v, VIRTIO_PCI_QUEUE_PFN, 4))
		return -EBUSY;

	memset(mem, 0, QUEUE_BYTES);
	vring_init(&q->vring, num, mem, VIRTIO_PCI_VRING_ALIGN);
	q->seen = 0;
	port_out(v, VIRTIO_PCI_QUEUE_PFN, 4, pfn);
	if (port_in(v, VIRTIO_PCI_QUEUE_PFN, 4) != pfn)
		return -EIO;
	if (!v->msix)
		return 0;

	port_out(v, VIRTIO_MSI_QUEUE_VECTOR, 2, vector);
	return port_in(v, VIRTIO_MSI_QUEUE_VECTOR, 2) == vector ? 0 : -EBUSY;
}

static inline bool legacy_is_as_new(const struct virtio *v)
{
	unsigned int n;

	if (port_in(v, VIRTIO_PCI_STATUS, 1) ||
	    port_in(v, VIRTIO_PCI_GUEST_FEATURES, 4))
		return false;

	for (n = 0; n < MAX_QUEUES; n++) {
		port_out(v, VIRTIO_PCI_QUEUE_SEL, 2, n);
		if (port_in(v, VIRTIO_PCI_QUEUE_PFN, 4))
			return false;
	}

	return true;
}

static const struct transport legacy_transport = {
	/* Without VIRTIO_NET_F_MRG_RXBUF, and without VIRTIO_F_ANY_LAYOUT */
	.net_header = sizeof(struct virtio_net_hdr),
	.header_apart = true,
	.negotiate = legacy_negotiate,
	.config = legacy_config,
	.setup_queue = legacy_setup_queue,
	.set_config_vector = legacy_set_config_vector,
	.add_status = legacy_add_status,
	.notify = legacy_notify,
	.is_as_new = legacy_is_as_new,
};

/* @v has an open device and may use memory at @iova for DMA */
static inline int legacy_find(struct virtio *v, uint64_t iova)
{
	int ret;

	v->transport = &legacy_transport;
	ret = map_memory(v, iova);

	return ret ?: set_command(&v->user, PCI_COMMAND_IO, 0);
}

/*
 * What a legacy driver binds to, the BAR with its registers, of that many bytes, and what
 * gates them: I/O Space Enable, which is set afterwards.
 */
static inline void check_legacy_function(struct __test_metadata *_metadata,
					 const struct user *u, uint32_t ports)
{
	struct vfio_region_info info;
	uint32_t val;

	EXPECT_EQ(VIRTIO_VENDOR, cfg_read(u, PCI_VENDOR_ID, 2));
	EXPECT_EQ(0x1000, cfg_read(u, PCI_DEVICE_ID, 2));
	EXPECT_EQ(0x02000000, cfg_read(u, PCI_CLASS_REVISION, 4));
	EXPECT_EQ(VIRTIO_VENDOR, cfg_read(u, PCI_SUBSYSTEM_VENDOR_ID, 2));
	EXPECT_EQ(VIRTIO_ID_NET, cfg_read(u, PCI_SUBSYSTEM_ID, 2));

	ASSERT_EQ(0, region_info(u, PORTS_BAR, &info));
	EXPECT_EQ(ports, info.size);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
		  info.flags);
	ASSERT_EQ(0, cfg_write(u, PCI_BASE_ADDRESS_0, ~0u, 4));
	EXPECT_EQ(-ports | PCI_BASE_ADDRESS_SPACE_IO,
		  cfg_read(u, PCI_BASE_ADDRESS_0, 4));

	ASSERT_EQ(0, set_command(u, 0, PCI_COMMAND_IO));
	EXPECT_EQ(-EIO, region_read(u, PORTS_BAR, 0, &val, 4));
	ASSERT_EQ(0, set_command(u, PCI_COMMAND_IO, 0));
	EXPECT_EQ(4, region_read(u, PORTS_BAR, 0, &val, 4));
}

#endif /* PCI_SIOV_VIRTIO_LEGACY_H */
