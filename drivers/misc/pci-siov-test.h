/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers of the emulated SIOV device that is described in
 * docs/specs/siov-testdev.rst of the QEMU it comes with
 */

#ifndef PCI_SIOV_TEST_H
#define PCI_SIOV_TEST_H

#include <linux/bits.h>
#include <linux/types.h>

#define SIOV_TEST_VENDOR_ID		0x1234
#define SIOV_TEST_PF_DEVICE_ID		0x5107
#define SIOV_TEST_SDI_DEVICE_ID		0x5109
#define SIOV_TEST_MANAGED_DEVICE_ID	0x510a

/* BAR 0: identification and control */
#define SIOV_TEST_BAR_CTRL		0
#define SIOV_TEST_MAGIC			0x000
#define  SIOV_TEST_MAGIC_VALUE		0x564f4953
#define SIOV_TEST_VERSION		0x004
#define  SIOV_TEST_VERSION_MAJOR	GENMASK(31, 16)
#define  SIOV_TEST_VERSION_MINOR	GENMASK(15, 0)
#define SIOV_TEST_FEATURES		0x008
#define  SIOV_TEST_FEAT_SOFTWARE	BIT(1)
#define  SIOV_TEST_FEAT_ALLOWLIST	BIT(2)
#define  SIOV_TEST_FEAT_QUEUE		BIT(7)
#define  SIOV_TEST_FEAT_MANAGED		BIT(8)
#define SIOV_TEST_TOTAL			0x00c
#define SIOV_TEST_VECTORS		0x010
#define SIOV_TEST_PAGE_SIZE		0x018
#define SIOV_TEST_BLOCK_SIZE		0x01c
#define SIOV_TEST_DOORBELLS		0x03c
#define SIOV_TEST_QUEUE_BASE		0x040
#define SIOV_TEST_QUEUE_SIZE		0x048
#define SIOV_TEST_QUEUE_TAIL		0x04c
#define SIOV_TEST_QUEUE_VECTOR		0x054
#define SIOV_TEST_FIRMWARE		0x05c
#define  SIOV_TEST_FIRMWARE_UP		BIT(0)
#define  SIOV_TEST_FIRMWARE_RESTART	BIT(1)
#define SIOV_TEST_COUNTER(n)		(0x100 + 8 * (n))
#define  SIOV_TEST_NUM_COUNTERS		40
#define SIOV_TEST_PF_ENGINE		0x1000
#define SIOV_TEST_ALLOWLIST		0x4000
#define  SIOV_TEST_ALLOWLIST_SIZE	0x2000
#define SIOV_TEST_CLOCK			0x7000
#define  SIOV_TEST_CLOCK_SIZE		0x1000

/*
 * A command of the queue. The device writes its answer over the second half, where
 * a managed device finds arguments
 */
struct siov_test_command {
	__le32 op;
	__le32 sdi;
	__le32 rid;
	__le32 tag;
	__le32 answer;
	__le32 arg[2];
	__le32 answer_tag;
};

#define SIOV_TEST_OP_ENABLE		1
#define SIOV_TEST_OP_DISABLE		2
#define SIOV_TEST_OP_RESET		3
#define SIOV_TEST_OP_STORE		4
#define  SIOV_TEST_OP_TYPE		GENMASK(15, 8)	/* of ENABLE */
#define   SIOV_TEST_TYPE_PLAIN		0
#define   SIOV_TEST_TYPE_BELL		1
#define  SIOV_TEST_OP_NO_ATS		BIT(16)		/* of ENABLE */
#define  SIOV_TEST_OP_VECTOR		GENMASK(15, 8)	/* of STORE */
#define  SIOV_TEST_OP_MASKED		BIT(16)		/* of STORE */
#define SIOV_TEST_ANSWER_DONE		BIT(0)
#define SIOV_TEST_ANSWER_ERROR		GENMASK(15, 8)

/* BAR 2: a page for each SDI */
#define SIOV_TEST_BAR_PAGES		2

#define SIOV_TEST_PG_SRC		0x010
#define SIOV_TEST_PG_DST		0x018
#define SIOV_TEST_PG_LEN		0x020
#define SIOV_TEST_PG_PATTERN		0x024
#define SIOV_TEST_PG_CMD		0x028
#define  SIOV_TEST_CMD_STOP		0
#define  SIOV_TEST_CMD_COPY		1
#define  SIOV_TEST_CMD_FILL		2
#define  SIOV_TEST_CMD_SUM		3
#define  SIOV_TEST_CMD_MSI		4
#define  SIOV_TEST_CMD_ERROR		5
#define  SIOV_TEST_CMD_INTR		BIT(4)
#define  SIOV_TEST_CMD_VECTOR		GENMASK(15, 8)
#define SIOV_TEST_PG_RESULT		0x02c
#define  SIOV_TEST_RESULT_CODE		GENMASK(7, 0)
#define  SIOV_TEST_RESULT_CAUSE		GENMASK(15, 8)
#define  SIOV_TEST_RESULT_OK		1
#define  SIOV_TEST_RESULT_BUSY		2
#define SIOV_TEST_PG_SUM		0x030
#define SIOV_TEST_PG_BYTES		0x038
#define SIOV_TEST_PG_COUNT		0x03c
#define SIOV_TEST_PG_DELAY		0x040
#define SIOV_TEST_PG_REPEAT		0x044
#define  SIOV_TEST_REPEAT_FOREVER	0xffffffff
#define SIOV_TEST_PG_AS_RID		0x048
#define  SIOV_TEST_AS_RID_ON		BIT(31)

/* BAR 4: a control block for each SDI */
#define SIOV_TEST_BAR_BLOCKS		4

#define SIOV_TEST_BLK_CTRL		0x00
#define  SIOV_TEST_BLK_ENABLE		BIT(0)
#define  SIOV_TEST_BLK_RESET		BIT(1)
#define  SIOV_TEST_BLK_MASTER		BIT(2)
#define SIOV_TEST_BLK_STATUS		0x04
#define  SIOV_TEST_BLK_ENABLED		BIT(0)
#define  SIOV_TEST_BLK_CHANGING		BIT(2)
#define  SIOV_TEST_BLK_ERROR		GENMASK(15, 8)
#define  SIOV_TEST_ERR_NO_RID		1
#define  SIOV_TEST_ERR_NOT_ALLOWED	2
#define  SIOV_TEST_ERR_ENABLED		3
#define  SIOV_TEST_ERR_UNSUPPORTED	4
#define  SIOV_TEST_ERR_FAILED		5
#define  SIOV_TEST_ERR_BUSY		6
#define SIOV_TEST_BLK_RID		0x08
#define  SIOV_TEST_BLK_RID_VALUE	GENMASK(15, 0)
#define  SIOV_TEST_BLK_RID_VALID	BIT(30)
#define  SIOV_TEST_BLK_RID_SOFTWARE	BIT(31)
#define SIOV_TEST_BLK_VECTORS		0x20
#define SIOV_TEST_BLK_MSG(n)		(0x40 + 0x10 * (n))
#define  SIOV_TEST_MSG_ADDR_LO		0x0
#define  SIOV_TEST_MSG_ADDR_HI		0x4
#define  SIOV_TEST_MSG_DATA		0x8
#define  SIOV_TEST_MSG_CTRL		0xc
#define   SIOV_TEST_MSG_MASK		BIT(0)

/* BAR 4, behind the blocks: a doorbell for each SDI, if there are any */
#define SIOV_TEST_DB_RING		0x008

/* The engine of a PF or an SDI in debugfs, for tests: pci-sdi-test.c */
struct device;
struct siov_test_engine;

struct siov_test_engine *siov_test_engine_add(struct device *dev,
					      void __iomem *regs,
					      void __iomem *doorbell);
void siov_test_engine_del(struct siov_test_engine *engine);
void siov_test_engine_pause(struct siov_test_engine *engine, bool pause);
struct dentry *siov_test_engine_dir(struct siov_test_engine *engine);

#endif /* PCI_SIOV_TEST_H */
