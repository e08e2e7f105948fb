/*
 * virtio-net with Scalable Device Interfaces: the register map
 *
 * Shared by the device, its qtest and by whoever writes a driver for it:
 * offsets and bits only, no types. The text is
 * docs/specs/virtio-net-siov-pci.rst.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VIRTIO_NET_SIOV_PCI_H
#define HW_VIRTIO_NET_SIOV_PCI_H

#define TYPE_VIRTIO_NET_SIOV_PCI        "virtio-net-siov-pci"

/* The vendor capability: where the header is */
#define VSDI_CAP_CFG_TYPE               9       /* VIRTIO_PCI_CAP_VENDOR_CFG */
#define VSDI_CAP_LEN                    0x10
#define VSDI_CAP_VENDOR_ID              0x04
#define VSDI_CAP_BAR                    0x06
#define VSDI_CAP_VERSION                0x07
#define   VSDI_CAP_VERSION_VALUE        1
#define VSDI_CAP_OFFSET                 0x08
#define VSDI_CAP_LENGTH                 0x0c

/* The SIOV extended capability */
#define VSDI_SIOV_OFFSET                0x200

/* A VF, of which the page is in BAR 2, too */
#define VSDI_VF_DEVICE_ID               0x1041

#define VSDI_BAR_CTRL                   0
#define VSDI_BAR_PAGES                  2

/* BAR 0: header */
#define VSDI_HDR_SIZE                   0x100
#define VSDI_HDR_MAGIC                  0x00
#define   VSDI_MAGIC_VALUE              0x49445376      /* "vSDI" */
#define VSDI_HDR_VERSION                0x04
#define   VSDI_VERSION                  0x0000ffff
#define   VSDI_VERSION_VALUE            1
#define   VSDI_GROUP_TYPE_SHIFT         16
#define   VSDI_GROUP_TYPE               0xff38
#define VSDI_HDR_TOTAL                  0x08
#define VSDI_HDR_FEATURES               0x0c
#define   VSDI_FEAT_STRIDED             0x00000001
#define   VSDI_FEAT_SOFTWARE            0x00000002
#define VSDI_HDR_CTRL_OFFSET            0x10
#define VSDI_HDR_CTRL_STRIDE            0x14
#define VSDI_HDR_SDI_BAR                0x18
#define VSDI_HDR_SDI_STRIDE             0x1c
#define VSDI_HDR_SDI_OFFSET             0x20    /* 64 bits */
#define VSDI_HDR_VECTORS                0x28
#define VSDI_HDR_COMMON_OFFSET          0x2c
#define VSDI_HDR_COMMON_LENGTH          0x30
#define VSDI_HDR_ISR_OFFSET             0x34
#define VSDI_HDR_DEVICE_OFFSET          0x38
#define VSDI_HDR_DEVICE_LENGTH          0x3c
#define VSDI_HDR_NOTIFY_OFFSET          0x40
#define VSDI_HDR_NOTIFY_LENGTH          0x44
#define VSDI_HDR_NOTIFY_MULTIPLIER      0x48
#define VSDI_HDR_CTRL                   0x80
#define   VSDI_HDR_CTRL_RESET           0x00000001      /* self-clearing */
#define   VSDI_HDR_CTRL_CLEAR           0x00000002      /* self-clearing */
#define VSDI_HDR_NUM_ENABLED            0x84

/* BAR 0: counters, 64 bits each */
#define VSDI_COUNTERS                   0x100
#define VSDI_COUNTER(n)                 (VSDI_COUNTERS + 8 * (n))
#define VSDI_CNT_CFG_SDI                0
#define VSDI_CNT_DMA                    1
#define VSDI_CNT_MSI                    2
#define VSDI_CNT_DROP                   3
#define VSDI_CNT_FAULT                  4
#define VSDI_CNT_FORGED                 5
#define VSDI_CNT_MSI_HELD               6
#define VSDI_CNT_ENABLE                 7
#define VSDI_CNT_DISABLE                8
#define VSDI_CNT_SDI_RESET              9
#define VSDI_CNT_RID_DUP                10
#define VSDI_CNT_TOO_EARLY              11
#define VSDI_CNT_NOTIFY                 12
#define VSDI_CNT_SWITCH_IN              13
#define VSDI_CNT_SWITCH_OUT             14
#define VSDI_CNT_SWITCH_HELD            15
#define VSDI_CNT_SWITCH_DROP            16
#define VSDI_NUM_COUNTERS               17

/* BAR 0: the control block of an SDI, in the layout of siov-testdev's */
#define VSDI_BLOCKS                     0x1000
#define VSDI_BLOCK_BYTES                0x80    /* with four vectors or less */
#define VSDI_BLK_CTRL                   0x00
#define   VSDI_BLK_CTRL_ENABLE          0x00000001
#define   VSDI_BLK_CTRL_RESET           0x00000002      /* until done */
#define   VSDI_BLK_CTRL_MASTER          0x00000004
#define VSDI_BLK_STATUS                 0x04
#define   VSDI_BLK_STATUS_ENABLED       0x00000001
#define   VSDI_BLK_STATUS_CHANGING      0x00000004
#define   VSDI_BLK_STATUS_ERROR         0x0000ff00
#define   VSDI_BLK_STATUS_ERROR_SHIFT   8
#define VSDI_BLK_RID                    0x08
#define   VSDI_BLK_RID_MASK             0x0000ffff
#define   VSDI_BLK_RID_VALID            0x40000000
#define   VSDI_BLK_RID_SOFTWARE         0x80000000
#define VSDI_BLK_GENERATION             0x0c
#define VSDI_BLK_DMA_COUNT              0x10
#define VSDI_BLK_FAULT_COUNT            0x14
#define VSDI_BLK_MSI_COUNT              0x18
#define VSDI_BLK_DROP_COUNT             0x1c
#define VSDI_BLK_VECTORS                0x20
#define VSDI_BLK_DEVICE                 0x24
#define   VSDI_BLK_DEVICE_ID            0x0000ffff
#define   VSDI_BLK_DEVICE_QUEUES_SHIFT  16
#define VSDI_BLK_MSG(v)                 (0x40 + 0x10 * (v))
#define VSDI_BLK_NUM_VECTORS            4       /* unless a property says so */
#define VSDI_BLK_MAX_VECTORS            256

/* A message, as an entry of an MSI-X table */
#define VSDI_MSG_SIZE                   0x10
#define VSDI_MSG_ADDR_LO                0x0
#define VSDI_MSG_ADDR_HI                0x4
#define VSDI_MSG_DATA                   0x8
#define VSDI_MSG_CTRL                   0xc
#define   VSDI_MSG_CTRL_MASK            0x00000001
#define   VSDI_MSG_CTRL_PENDING         0x00000002

/* STATUS.ERROR of a control block: why the last write was refused */
#define VSDI_ERR_NONE                   0
#define VSDI_ERR_NO_RID                 1
#define VSDI_ERR_ENABLED                3
#define VSDI_ERR_UNSUPPORTED            4
#define VSDI_ERR_FAILED                 5
#define VSDI_ERR_BUSY                   6

/* BAR 2: the page of an SDI, for whoever uses the SDI */
#define VSDI_PAGE_BYTES                 0x1000  /* unless a property says so */
#define VSDI_PAGE_BYTES_LARGE           0x10000
#define VSDI_PG_COMMON                  0x000
#define   VSDI_PG_COMMON_LENGTH         0x40
#define VSDI_PG_ISR                     0x040
#define VSDI_PG_DEVICE                  0x080
#define   VSDI_PG_DEVICE_LENGTH         0x180
#define VSDI_PG_LEGACY_NOTIFY           0x700
#define VSDI_PG_NOTIFY                  0x800
#define   VSDI_PG_NOTIFY_LENGTH         0x800
#define   VSDI_PG_NOTIFY_MULTIPLIER     4

#endif /* HW_VIRTIO_NET_SIOV_PCI_H */
