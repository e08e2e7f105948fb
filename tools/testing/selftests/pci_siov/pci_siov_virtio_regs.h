/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers of the emulated virtio-net with SDIs, see its description
 */
#ifndef PCI_SIOV_VIRTIO_REGS_H
#define PCI_SIOV_VIRTIO_REGS_H

#include <sys/mman.h>

#include "pci_siov_util.h"

/* BAR 0 of the PF */
#define REG_MAGIC		0x49445376	/* at 0 */
#define REG_TOTAL		0x008
#define REG_CTRL_OFFSET		0x010
#define REG_CTRL_STRIDE		0x014
#define REG_SDI_STRIDE		0x01c
#define REG_NUM_ENABLED		0x084
#define REG_COUNTER(n)		(0x100 + 8 * (n))
#define REG_SIZE		0x1000

/* Control block of an SDI */
#define BLK_DMA_COUNT		0x10
#define BLK_FAULT_COUNT		0x14
#define BLK_MSI_COUNT		0x18
#define BLK_DROP_COUNT		0x1c
#define BLK_DEVICE		0x24
#define BLK_SIZE		0x40

/* Registers in the page of an SDI */
#define PAGE_QUEUE_SELECT	0x16
#define PAGE_STATUS		0x14
#define PAGE_QUEUE_ENABLE	0x1c
#define PAGE_QUEUE_DRIVER	0x28
#define PAGE_QUEUE_RESET	0x3a
#define PAGE_NOTIFY(n)		(0x800 + 4 * (n))
#define STATUS_NEEDS_RESET	0x40

#define TYPE_NET		1
#define TYPE_BLOCK		2

enum {
	VCNT_CFG_SDI = 0,
	VCNT_DMA = 1,
	VCNT_MSI = 2,
	VCNT_DROP = 3,
	VCNT_FAULT = 4,
	VCNT_FORGED = 5,
	VCNT_ENABLE = 7,
	VCNT_DISABLE = 8,
	VCNT_RID_DUP = 10,
	VCNT_TOO_EARLY = 11,
	VCNT_NOTIFY = 12,
	VCNT_SWITCH_DROP = 16,
	VCNT_NUM = 17,
};

static inline void *map_resource(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_SYNC);
	void *regs;

	if (fd < 0)
		return NULL;
	regs = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return regs == MAP_FAILED ? NULL : regs;
}

static inline uint8_t reg8(const void *regs, unsigned int offset)
{
	return __atomic_load_n((const uint8_t *)regs + offset, __ATOMIC_RELAXED);
}

static inline uint32_t reg32(const void *regs, unsigned int offset)
{
	const char *reg = (const char *)regs + offset;

	return __atomic_load_n((const uint32_t *)reg, __ATOMIC_RELAXED);
}

static inline void put16(void *regs, unsigned int offset, uint16_t value)
{
	__atomic_store_n((uint16_t *)((char *)regs + offset), value,
			 __ATOMIC_SEQ_CST);
}

static inline void put32(void *regs, unsigned int offset, uint32_t value)
{
	__atomic_store_n((uint32_t *)((char *)regs + offset), value,
			 __ATOMIC_SEQ_CST);
}

static inline unsigned long long virtio_counter(const void *regs, int n)
{
	return reg32(regs, REG_COUNTER(n)) |
	       (unsigned long long)reg32(regs, REG_COUNTER(n) + 4) << 32;
}

/* Of the control block of an SDI, in BAR 0 */
static inline size_t block_offset(const void *regs, unsigned int index)
{
	return reg32(regs, REG_CTRL_OFFSET) +
	       index * (size_t)reg32(regs, REG_CTRL_STRIDE);
}

/* Let the device look for a queue of the SDI where that has no memory: it stops */
static inline void go_astray(void *page, int queue)
{
	put16(page, PAGE_QUEUE_SELECT, queue);
	put16(page, PAGE_QUEUE_RESET, 1);
	put32(page, PAGE_QUEUE_DRIVER, 0x00d0d000);
	put32(page, PAGE_QUEUE_DRIVER + 4, 0);
	put16(page, PAGE_QUEUE_ENABLE, 1);
	put16(page, PAGE_NOTIFY(queue), queue);
}

#endif /* PCI_SIOV_VIRTIO_REGS_H */
