/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scalable Device Interfaces (SDIs) of a virtio PCI device
 *
 * All of this is provisional: virtio 1.4 knows no SDIs. Numbers have to come from
 * OASIS. Documentation/driver-api/virtio/siov.rst says what it would take.
 */

#ifndef _DRIVERS_VIRTIO_VIRTIO_PCI_SIOV_H
#define _DRIVERS_VIRTIO_VIRTIO_PCI_SIOV_H

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/pci-siov.h>
#include <linux/types.h>
#include <linux/virtio_pci_admin.h>
#include <linux/virtio_pci_siov.h>

struct virtio_pci_device;

/* struct virtio_pci_vndr_data, and what follows it */
#define VP_SIOV_CAP_VENDOR		0x1af4
#define VP_SIOV_CAP_BAR			0x06
#define VP_SIOV_CAP_VERSION		0x07
#define  VP_SIOV_CAP_VERSION_1		1
#define VP_SIOV_CAP_OFFSET		0x08
#define VP_SIOV_CAP_LENGTH		0x0c
#define VP_SIOV_CAP_LEN			0x10

/* The header that the capability points to */
#define VP_SIOV_MAGIC			0x00
#define  VP_SIOV_MAGIC_VALUE		0x49445376
#define VP_SIOV_VERSION			0x04
#define  VP_SIOV_VERSION_NUMBER		GENMASK(15, 0)
#define  VP_SIOV_VERSION_GROUP		GENMASK(31, 16)
#define VP_SIOV_TOTAL			0x08
#define VP_SIOV_FEATURES		0x0c
#define  VP_SIOV_FEAT_SOFTWARE		BIT(1)
#define VP_SIOV_CTRL_OFFSET		0x10
#define VP_SIOV_CTRL_STRIDE		0x14
#define VP_SIOV_SDI_BAR			0x18
#define VP_SIOV_SDI_STRIDE		0x1c
#define VP_SIOV_SDI_OFFSET		0x20
#define VP_SIOV_COMMON_OFFSET		0x2c
#define VP_SIOV_COMMON_LENGTH		0x30
#define VP_SIOV_ISR_OFFSET		0x34
#define VP_SIOV_DEVICE_OFFSET		0x38
#define VP_SIOV_DEVICE_LENGTH		0x3c
#define VP_SIOV_NOTIFY_OFFSET		0x40
#define VP_SIOV_NOTIFY_LENGTH		0x44
#define VP_SIOV_NOTIFY_MULTIPLIER	0x48
#define VP_SIOV_HEADER_LEN		0x4c

/* The control block of an SDI */
#define VP_SIOV_BLK_CTRL		0x00
#define  VP_SIOV_BLK_ENABLE		BIT(0)
#define  VP_SIOV_BLK_RESET		BIT(1)
#define  VP_SIOV_BLK_MASTER		BIT(2)
#define VP_SIOV_BLK_STATUS		0x04
#define  VP_SIOV_BLK_ENABLED		BIT(0)
#define  VP_SIOV_BLK_CHANGING		BIT(2)
#define  VP_SIOV_BLK_ERROR		GENMASK(15, 8)
#define   VP_SIOV_ERR_NO_RID		1
#define   VP_SIOV_ERR_ENABLED		3
#define   VP_SIOV_ERR_UNSUPPORTED	4
#define   VP_SIOV_ERR_BUSY		6
#define VP_SIOV_BLK_RID			0x08
#define  VP_SIOV_BLK_RID_VALUE		GENMASK(15, 0)
#define  VP_SIOV_BLK_RID_VALID		BIT(30)
#define  VP_SIOV_BLK_RID_SOFTWARE	BIT(31)
#define VP_SIOV_BLK_VECTORS		0x20
#define VP_SIOV_BLK_DEVICE		0x24
#define  VP_SIOV_BLK_DEVICE_TYPE	GENMASK(15, 0)
#define VP_SIOV_BLK_MSG(n)		(0x40 + 0x10 * (n))
#define  VP_SIOV_MSG_ADDR_LO		0x0
#define  VP_SIOV_MSG_ADDR_HI		0x4
#define  VP_SIOV_MSG_DATA		0x8
#define  VP_SIOV_MSG_CTRL		0xc
#define   VP_SIOV_MSG_MASK		BIT(0)

/* PCI device ID of a modern virtio device, less its type */
#define VP_SIOV_DEVICE_ID		0x1040

#ifdef CONFIG_PCI_SIOV
extern const struct pci_siov_ops virtio_pci_siov_ops;
void virtio_pci_siov_stop_left_over(struct pci_dev *pdev);
void virtio_pci_siov_probe(struct virtio_pci_device *vp_dev);
u16 virtio_pci_siov_group(const struct virtio_pci_device *vp_dev);
int virtio_pci_siov_member(struct pci_sdi *sdi,
			   struct virtio_admin_member *member);
void virtio_pci_sdi_break_pf(const struct pci_sdi *sdi);

#define virtio_pci_siov_ops_ptr		(&virtio_pci_siov_ops)
#else
static inline void virtio_pci_siov_stop_left_over(struct pci_dev *pdev) { }
static inline void virtio_pci_siov_probe(struct virtio_pci_device *vp_dev) { }

static inline u16 virtio_pci_siov_group(const struct virtio_pci_device *vp_dev)
{
	return 0;
}

static inline int virtio_pci_siov_member(struct pci_sdi *sdi,
					 struct virtio_admin_member *member)
{
	return -ENODEV;
}

#define virtio_pci_siov_ops_ptr		NULL
#endif /* CONFIG_PCI_SIOV */

#endif /* _DRIVERS_VIRTIO_VIRTIO_PCI_SIOV_H */
