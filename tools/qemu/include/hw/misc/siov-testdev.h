/*
 * SIOV test device: the register map
 *
 * Shared by the device, its qtest and by whoever writes a driver for it:
 * offsets and bits only, no types. The text is docs/specs/siov-testdev.rst.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MISC_SIOV_TESTDEV_H
#define HW_MISC_SIOV_TESTDEV_H

#define TYPE_SIOV_TESTDEV               "siov-testdev"
#define TYPE_SIOV_TESTDEV_VF            "siov-testdev-vf"

#define SIOV_TESTDEV_VENDOR_ID          0x1234
#define SIOV_TESTDEV_DEVICE_ID          0x5107
#define SIOV_TESTDEV_VF_DEVICE_ID       0x5108
#define SIOV_TESTDEV_SDI_DEVICE_ID      0x5109
#define SIOV_TESTDEV_MANAGED_DEVICE_ID  0x510a

/* The extended capability as far as it is public */
#define SIOV_CAP_ID                     0x0038
#define SIOV_CAP_VERSION                1
#define SIOV_CAP_SIZEOF                 0x10
#define SIOV_CAP_CAPABILITIES           0x04
#define SIOV_CAP_TOTAL_SDIS             0x08
#define SIOV_CAP_STATUS                 0x0b
#define   SIOV_CAP_STATUS_ENABLED       0x01
#define SIOV_CAP_FIRST_OFFSET           0x0c
#define SIOV_CAP_STRIDE                 0x0e

/* BARs, all of 64 bits */
#define SIOV_BAR_CTRL                   0
#define SIOV_BAR_PAGES                  2
#define SIOV_BAR_BLOCKS                 4

#define SIOV_BAR_CTRL_SIZE              0x8000

/* BAR 0: areas */
#define SIOV_PF_ENGINE                  0x1000  /* engine page of the PF */
#define SIOV_PF_MSIX_TABLE              0x2000
#define SIOV_PF_MSIX_PBA                0x3000
#define SIOV_PF_MSIX_VECTORS            4
#define SIOV_ALLOWLIST                  0x4000  /* 65,536 bits, one a RID */
#define SIOV_ALLOWLIST_SIZE             0x2000
#define SIOV_CLOCK                      0x7000  /* a page for all SDIs */
#define SIOV_CLOCK_SIZE                 0x1000

/* BAR 0: identification and control */
#define SIOV_MAGIC                      0x000
#define   SIOV_MAGIC_VALUE              0x564f4953      /* "SIOV" */
#define SIOV_VERSION                    0x004
#define   SIOV_VERSION_VALUE            0x00010002      /* 1.2 */
#define SIOV_FEATURES                   0x008
#define   SIOV_FEAT_STRIDED             0x00000001
#define   SIOV_FEAT_SOFTWARE            0x00000002
#define   SIOV_FEAT_ALLOWLIST           0x00000004
#define   SIOV_FEAT_DMA                 0x00000008
#define   SIOV_FEAT_MSI                 0x00000010
#define   SIOV_FEAT_FORGE               0x00000020
#define   SIOV_FEAT_ERROR               0x00000040
#define   SIOV_FEAT_QUEUE               0x00000080
#define   SIOV_FEAT_MANAGED             0x00000100
#define   SIOV_FEAT_ATS                 0x00000200
#define SIOV_TOTAL                      0x00c
#define SIOV_VECTORS                    0x010
#define SIOV_PF_RID                     0x014
#define SIOV_PAGE_SIZE                  0x018
#define SIOV_BLOCK_SIZE                 0x01c
#define SIOV_CTRL                       0x020
#define   SIOV_CTRL_RESET               0x00000001      /* self-clearing */
#define   SIOV_CTRL_CLEAR               0x00000002      /* self-clearing */
#define SIOV_STATUS                     0x024
#define   SIOV_STATUS_ENABLED           0x00000001
#define   SIOV_STATUS_BUSY              0x00000002
#define SIOV_NUM_ENABLED                0x028
#define SIOV_SCRATCH                    0x02c
#define SIOV_LAST_DROP                  0x030
#define SIOV_LAST_DROP_RID              0x034
#define SIOV_REGIONS                    0x038
#define SIOV_DOORBELLS                  0x03c   /* in pages, in BAR 4 */

/* BAR 0: the command queue */
#define SIOV_QUEUE_BASE_LO              0x040
#define SIOV_QUEUE_BASE_HI              0x044
#define SIOV_QUEUE_SIZE                 0x048
#define   SIOV_QUEUE_SIZE_MAX           0x100
#define SIOV_QUEUE_TAIL                 0x04c
#define SIOV_QUEUE_HEAD                 0x050
#define SIOV_QUEUE_VECTOR               0x054
#define SIOV_QUEUE_STATUS               0x058
#define   SIOV_QUEUE_STATUS_ON          0x00000001
#define   SIOV_QUEUE_STATUS_FAILED      0x00000002
#define SIOV_FIRMWARE                   0x05c
#define   SIOV_FIRMWARE_UP              0x00000001
#define   SIOV_FIRMWARE_RESTART         0x00000002      /* write only */
#define SIOV_EVENT_VECTOR               1

/* An entry of the queue: four words of the driver, four of the device */
#define SIOV_CMD_BYTES                  0x20
#define SIOV_CMD_OP                     0x00
#define   SIOV_CMD_OP_ENABLE            1
#define   SIOV_CMD_OP_DISABLE           2
#define   SIOV_CMD_OP_RESET             3
#define   SIOV_CMD_OP_STORE             4
#define   SIOV_CMD_OP_MASK              0x000000ff
#define   SIOV_CMD_TYPE                 0x0000ff00      /* of ENABLE */
#define   SIOV_CMD_TYPE_SHIFT           8
#define     SIOV_TYPE_PLAIN             0
#define     SIOV_TYPE_BELL              1
#define   SIOV_CMD_NO_ATS               0x00010000      /* of ENABLE */
#define   SIOV_CMD_VECTOR               0x0000ff00      /* of STORE */
#define   SIOV_CMD_VECTOR_SHIFT         8
#define   SIOV_CMD_MASKED               0x00010000      /* of STORE */
#define SIOV_CMD_SDI                    0x04
#define SIOV_CMD_RID                    0x08    /* as SIOV_BLK_RID */
#define SIOV_CMD_TAG                    0x0c
#define SIOV_CMD_ANSWER                 0x10
#define   SIOV_CMD_ANSWER_DONE          0x00000001
#define   SIOV_CMD_ANSWER_ERROR         0x0000ff00
#define   SIOV_CMD_ANSWER_ERROR_SHIFT   8
#define SIOV_CMD_ARG0                   0x14
#define SIOV_CMD_ARG1                   0x18
#define SIOV_CMD_ANSWER_TAG             0x1c

/* BAR 0: counters, 64 bits each */
#define SIOV_COUNTERS                   0x100
#define SIOV_COUNTER(n)                 (SIOV_COUNTERS + 8 * (n))
#define SIOV_CNT_CFG_READ_PF            0
#define SIOV_CNT_CFG_WRITE_PF           1
#define SIOV_CNT_CFG_READ_SDI           2
#define SIOV_CNT_CFG_WRITE_SDI          3
#define SIOV_CNT_SDI_DMA                4
#define SIOV_CNT_SDI_DMA_BYTES          5
#define SIOV_CNT_SDI_MSI                6
#define SIOV_CNT_PF_DMA                 7
#define SIOV_CNT_PF_DMA_BYTES           8
#define SIOV_CNT_PF_MSI                 9
#define SIOV_CNT_FAULT                  10
#define SIOV_CNT_FORGED                 11
#define SIOV_CNT_MSI_HELD               12
#define SIOV_CNT_ENABLE                 13
#define SIOV_CNT_DISABLE                14
#define SIOV_CNT_SDI_RESET              15
#define SIOV_CNT_FLR                    16
#define SIOV_CNT_REFUSED                17
#define SIOV_CNT_ABORTED                18
#define SIOV_CNT_RID_DUP                19
#define SIOV_CNT_TOO_EARLY              20
#define SIOV_CNT_COMMAND                21
#define SIOV_CNT_DOORBELL               22
#define SIOV_CNT_TRANSLATION            23
#define SIOV_CNT_DROP_BASE              24
#define SIOV_CNT_DROP(cause)            (SIOV_CNT_DROP_BASE + (cause))
#define SIOV_CNT_STORE                  33
#define SIOV_CNT_RESTART                34
#define SIOV_CNT_CLOCK_WRITE            35
#define SIOV_NUM_COUNTERS               40

/* Why a request never left the device: PCIESIOVDrop has the same values */
#define SIOV_DROP_NONE                  0
#define SIOV_DROP_BME                   1
#define SIOV_DROP_POWER                 2
#define SIOV_DROP_DISABLED              3
#define SIOV_DROP_MASTER                4
#define SIOV_DROP_NO_RID                5
#define SIOV_DROP_WINDOW                6
#define SIOV_DROP_ALLOWLIST             7
#define SIOV_DROP_BRIDGE                8

/* BAR 4: the control block of SDI n, for the PF's driver only */
#define SIOV_BLOCK_BYTES                0x80    /* with four vectors or less */
#define SIOV_BLOCK(n)                   ((n) * SIOV_BLOCK_BYTES)
#define SIOV_BLK_CTRL                   0x00
#define   SIOV_BLK_CTRL_ENABLE          0x00000001
#define   SIOV_BLK_CTRL_RESET           0x00000002      /* until done */
#define   SIOV_BLK_CTRL_MASTER          0x00000004
#define   SIOV_BLK_CTRL_DRAIN           0x00000008      /* until done */
#define SIOV_BLK_STATUS                 0x04
#define   SIOV_BLK_STATUS_ENABLED       0x00000001
#define   SIOV_BLK_STATUS_BUSY          0x00000002
#define   SIOV_BLK_STATUS_CHANGING      0x00000004
#define   SIOV_BLK_STATUS_ERROR         0x0000ff00
#define   SIOV_BLK_STATUS_ERROR_SHIFT   8
#define SIOV_BLK_RID                    0x08
#define   SIOV_BLK_RID_MASK             0x0000ffff
#define   SIOV_BLK_RID_VALID            0x40000000
#define   SIOV_BLK_RID_SOFTWARE         0x80000000
#define SIOV_BLK_GENERATION             0x0c
#define SIOV_BLK_DMA_COUNT              0x10
#define SIOV_BLK_FAULT_COUNT            0x14
#define SIOV_BLK_MSI_COUNT              0x18
#define SIOV_BLK_DROP_COUNT             0x1c
#define SIOV_BLK_VECTORS                0x20
#define SIOV_BLK_MSG(v)                 (0x40 + 0x10 * (v))
#define SIOV_BLK_NUM_VECTORS            4       /* unless a property says so */
#define SIOV_BLK_MAX_VECTORS            256

/* A message, as an entry of an MSI-X table */
#define SIOV_MSG_ADDR_LO                0x0
#define SIOV_MSG_ADDR_HI                0x4
#define SIOV_MSG_DATA                   0x8
#define SIOV_MSG_CTRL                   0xc
#define   SIOV_MSG_CTRL_MASK            0x00000001
#define   SIOV_MSG_CTRL_PENDING         0x00000002

/* STATUS.ERROR of a control block: why the last write was refused */
#define SIOV_ERR_NONE                   0
#define SIOV_ERR_NO_RID                 1
#define SIOV_ERR_NOT_ALLOWED            2
#define SIOV_ERR_ENABLED                3
#define SIOV_ERR_UNSUPPORTED            4
#define SIOV_ERR_FAILED                 5
#define SIOV_ERR_BUSY                   6
#define SIOV_ERR_BAD_COMMAND            7

/* BAR 2: the page of SDI n, for whoever uses the SDI. The PF has one, too */
#define SIOV_PAGE_BYTES                 0x1000  /* unless a property says so */
#define SIOV_PAGE(n)                    ((uint64_t)(n) * SIOV_PAGE_BYTES)
#define SIOV_PG_ID                      0x000
#define   SIOV_PG_ID_VALUE              0x00494453      /* "SDI" */
#define SIOV_PG_INDEX                   0x004
#define   SIOV_PG_INDEX_PF              0xffffffff
#define SIOV_PG_STATUS                  0x008   /* as SIOV_BLK_STATUS */
#define SIOV_PG_RID                     0x00c   /* as SIOV_BLK_RID */
#define SIOV_PG_SRC_LO                  0x010
#define SIOV_PG_SRC_HI                  0x014
#define SIOV_PG_DST_LO                  0x018
#define SIOV_PG_DST_HI                  0x01c
#define SIOV_PG_LEN                     0x020
#define   SIOV_PG_LEN_MAX               0x00100000
#define SIOV_PG_PATTERN                 0x024
#define   SIOV_PG_ERROR_CORRECTABLE     0
#define   SIOV_PG_ERROR_NONFATAL        1
#define   SIOV_PG_ERROR_FATAL           2
#define SIOV_PG_CMD                     0x028
#define   SIOV_PG_CMD_OP                0x0000000f
#define   SIOV_PG_CMD_OP_STOP           0
#define   SIOV_PG_CMD_OP_COPY           1
#define   SIOV_PG_CMD_OP_FILL           2
#define   SIOV_PG_CMD_OP_SUM            3
#define   SIOV_PG_CMD_OP_MSI            4
#define   SIOV_PG_CMD_OP_ERROR          5
#define   SIOV_PG_CMD_INTR              0x00000010
#define   SIOV_PG_CMD_VECTOR            0x0000ff00
#define   SIOV_PG_CMD_VECTOR_SHIFT      8
#define SIOV_PG_RESULT                  0x02c
#define   SIOV_PG_RESULT_CODE           0x000000ff
#define   SIOV_PG_RESULT_CAUSE          0x0000ff00
#define   SIOV_PG_RESULT_CAUSE_SHIFT    8
#define   SIOV_RESULT_NONE              0
#define   SIOV_RESULT_OK                1
#define   SIOV_RESULT_BUSY              2
#define   SIOV_RESULT_DROPPED           3
#define   SIOV_RESULT_FAULT             4
#define   SIOV_RESULT_ABORTED           5
#define   SIOV_RESULT_BAD_CMD           6
#define SIOV_PG_SUM_LO                  0x030
#define SIOV_PG_SUM_HI                  0x034
#define SIOV_PG_BYTES                   0x038
#define SIOV_PG_COUNT                   0x03c
#define SIOV_PG_DELAY                   0x040
#define   SIOV_PG_DELAY_MAX             10000000        /* 10 s in us */
#define SIOV_PG_REPEAT                  0x044
#define   SIOV_PG_REPEAT_FOREVER        0xffffffff
#define SIOV_PG_AS_RID                  0x048
#define   SIOV_PG_AS_RID_ON             0x80000000
#define SIOV_PG_SCRATCH(i)              (0x050 + 4 * (i))
#define SIOV_PG_NUM_SCRATCH             4

/* BAR 0: the clock, for whoever uses any SDI, to be read and nothing else */
#define SIOV_CLOCK_ID                   0x000
#define   SIOV_CLOCK_ID_VALUE           0x4b434c43      /* "CLCK" */
#define SIOV_CLOCK_LO                   0x004
#define SIOV_CLOCK_HI                   0x008

/* BAR 4: the doorbell page of SDI n, for whoever uses the SDI */
#define SIOV_DB_ID                      0x000
#define   SIOV_DB_ID_VALUE              0x4c4c4542      /* "BELL" */
#define SIOV_DB_INDEX                   0x004
#define SIOV_DB_RING                    0x008   /* as SIOV_PG_CMD */
#define SIOV_DB_COUNT                   0x00c

#endif /* HW_MISC_SIOV_TESTDEV_H */
