/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scalable Device Interfaces of the virtio PCI device in RAM
 *
 * BAR 2 has the header, a control block and a page for each SDI. An SDI fills
 * what it is given in its queues and gives it back.
 */
#ifndef _VIRTIO_TESTS_FAKE_VIRTIO_SDI_H
#define _VIRTIO_TESTS_FAKE_VIRTIO_SDI_H

#include <linux/pci-siov.h>

#include "fake_virtio_pci.h"

#define FAKE_SIOV_SIZE		0x10000
#define FAKE_SIOV_HEADER	0x50
#define FAKE_SIOV_GROUP		0xff38
#define FAKE_SIOV_MAGIC		0x49445376
#define FAKE_SDIS		4
#define FAKE_SDI_VECTORS	4
#define FAKE_SDI_PATTERN	0x5a

/**
 * struct fake_virtio_sdi - an SDI
 * @dev: what its page has
 * @ctrl: CTRL of its block
 * @rid: RID of its block
 * @msg: its messages: address, data and control
 * @keep_status: a reset of the virtio device is not done
 * @keep_reset: RESET of the block is not done
 * @keep_enable: ENABLE of the block is not done
 * @error: %VP_SIOV_BLK_ERROR of its block
 * @enables: times that it was enabled
 * @resets: times that RESET of the block was written
 * @virtio_resets: times that 0 was written to its device status
 * @sent: messages that it has sent
 * @notified: what was written as the last notification
 */
struct fake_virtio_sdi {
	struct fake_virtio dev;
	u32 ctrl;
	u32 rid;
	u32 msg[FAKE_SDI_VECTORS][4];
	bool keep_status;
	bool keep_reset;
	bool keep_enable;
	u8 error;
	unsigned int enables;
	unsigned int resets;
	unsigned int virtio_resets;
	unsigned int sent;
	u32 notified;
};

/**
 * struct fake_virtio_sdis - all of them
 * @header: what is at the beginning of the BAR
 * @domain: interrupts that messages become
 * @sdi: the SDIs
 */
struct fake_virtio_sdis {
	u32 header[FAKE_SIOV_HEADER / sizeof(u32)];
	struct irq_domain *domain;
	struct fake_virtio_sdi sdi[FAKE_SDIS];
};

struct fake_virtio_sdis *fake_sdis_create(struct kunit *test,
					  struct fake_virtio *pf, u16 type);
struct pci_sdi *fake_sdi_enable(struct kunit *test, struct fake_virtio *pf);
struct virtio_device *fake_sdi_vdev(struct pci_sdi *sdi);
void fake_sdis_set_header(struct fake_virtio_sdis *sdis, unsigned int offset,
			  u32 val);
void fake_sdi_send(struct fake_virtio_sdis *sdis, struct fake_virtio_sdi *sdi,
		   u16 vector);

unsigned long fake_sdis_read(struct fake_virtio_sdis *sdis, unsigned int offset,
			     int size);
void fake_sdis_write(struct fake_virtio_sdis *sdis, unsigned int offset,
		     int size, unsigned long val);
void fake_sdis_free(struct fake_virtio_sdis *sdis);
void fake_sdis_flr(struct fake_virtio_sdis *sdis);
bool fake_sdi_is_member(struct fake_virtio_sdis *sdis, u64 member);

#endif /* _VIRTIO_TESTS_FAKE_VIRTIO_SDI_H */
