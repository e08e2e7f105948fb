/*
 * PASID test device: registers
 *
 * Shared by the device and whoever drives it; docs/specs/pasid-testdev.rst
 * describes them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MISC_PASID_TESTDEV_H
#define HW_MISC_PASID_TESTDEV_H

#define TYPE_PASID_TESTDEV              "pasid-testdev"

#define PASID_TESTDEV_VENDOR_ID         0x1234
#define PASID_TESTDEV_DEVICE_ID         0x510b

/* BAR 0: identification, and a block for each part, for the driver only */
#define PASID_BAR_CTRL                  0
#define PASID_BAR_CTRL_SIZE             0x1000
#define PASID_MAGIC                     0x000
#define   PASID_MAGIC_VALUE             0x44534150      /* "PASD" */
#define PASID_VERSION                   0x004
#define   PASID_VERSION_VALUE           0x00010000
#define PASID_PARTS                     0x008
#define   PASID_PARTS_MAX               64
#define PASID_BLOCK(n)                  (0x100 + 0x20 * (n))
#define PASID_BLK_CTRL                  0x00
#define   PASID_BLK_CTRL_ENABLE         0x00000001
#define   PASID_BLK_CTRL_RESET          0x00000002      /* self-clearing */
#define PASID_BLK_STATUS                0x04
#define   PASID_BLK_STATUS_ENABLED      0x00000001
#define   PASID_BLK_STATUS_BUSY         0x00000002
#define PASID_BLK_PASID                 0x08
#define   PASID_BLK_PASID_VALUE         0x000fffff
#define   PASID_BLK_PASID_VALID         0x80000000
#define PASID_BLK_FAULTS                0x0c
#define PASID_BLK_DROPS                 0x10

/* BAR 2: a page for each part, for whoever uses it */
#define PASID_BAR_PAGES                 2
#define PASID_PAGE_BYTES                0x1000
#define PASID_PG_ID                     0x000
#define   PASID_PG_ID_VALUE             0x54524150      /* "PART" */
#define PASID_PG_INDEX                  0x004
#define PASID_PG_SRC_LO                 0x010
#define PASID_PG_SRC_HI                 0x014
#define PASID_PG_DST_LO                 0x018
#define PASID_PG_DST_HI                 0x01c
#define PASID_PG_LEN                    0x020
#define   PASID_PG_LEN_MAX              0x1000
#define PASID_PG_PATTERN                0x024
#define PASID_PG_CMD                    0x028
#define   PASID_CMD_STOP                0
#define   PASID_CMD_COPY                1
#define   PASID_CMD_FILL                2
#define PASID_PG_RESULT                 0x02c
#define   PASID_RESULT_NONE             0
#define   PASID_RESULT_OK               1
#define   PASID_RESULT_BUSY             2
#define   PASID_RESULT_DROPPED          3
#define   PASID_RESULT_FAULT            4
#define   PASID_RESULT_ABORTED          5
#define   PASID_RESULT_BAD_CMD          6
#define PASID_PG_DELAY                  0x040
#define   PASID_PG_DELAY_MAX            10000000        /* 10 s in us */

#endif /* HW_MISC_PASID_TESTDEV_H */
