/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtio PCI device in RAM for KUnit tests of virtio_pci
 *
 * The device is a function of the fake PCI hierarchy. The real PCI core finds
 * it, the real virtio_pci drives it; only what is behind its registers is here.
 */
#ifndef _VIRTIO_TESTS_FAKE_VIRTIO_PCI_H
#define _VIRTIO_TESTS_FAKE_VIRTIO_PCI_H

#include <linux/pci.h>
#include <linux/virtio.h>
#include <linux/workqueue.h>
#include <kunit/test.h>

#include "../../pci/tests/fake_host.h"

#define FAKE_VIRTIO_QUEUES	2
#define FAKE_VIRTIO_ADMIN_Q	FAKE_VIRTIO_QUEUES
#define FAKE_VIRTIO_QUEUE_SIZE	16
#define FAKE_VIRTIO_VFS		2

struct fake_virtio_sdis;

/**
 * struct fake_virtqueue - a split virtqueue as the device sees it
 * @size: number of descriptors
 * @max: the most that @size may be
 * @enabled: the driver has enabled the queue
 * @last_avail: the next available entry to look at
 * @vector: message that it sends, or %VIRTIO_MSI_NO_VECTOR
 * @addr: guest-physical addresses of the three parts
 */
struct fake_virtqueue {
	u16 size;
	u16 max;
	u16 enabled;
	u16 last_avail;
	u16 vector;
	u64 addr[3];
};

/**
 * struct fake_virtio_group - what the device does for one group type
 * @supported: opcodes that it lists, a bit each
 * @used: opcodes that the driver has said it uses
 */
struct fake_virtio_group {
	u64 supported;
	u64 used;
};

/**
 * struct fake_virtio - the device
 * @test: test that owns it
 * @host: hierarchy that it is in
 * @fn: its PCI function, the owner of both groups
 * @features: features that it offers
 * @driver_features: features that the driver has accepted
 * @select: feature_select of device and driver, queue_select
 * @status: device status
 * @isr: interrupt status
 * @config: device-specific configuration
 * @vqs: the queues, the admin queue last
 * @vectors: messages that it has
 * @config_vector: message for changes of the configuration
 * @irq: interrupt line
 * @work: takes what is in the admin queue
 * @group: self, SR-IOV and SIOV group
 * @sdis: its SDIs, NULL if it has none
 * @lax: do as devices did that Linux 7.3 was written for: the SR-IOV group is there
 *	 without VFs, and the self group needs no list
 * @mute: take no commands
 * @keep_status: a reset by the device status is not done
 * @gone: unplugged; registers read as ones
 * @parts: bytes of device parts that each member says it has
 * @objects: device parts objects that there are, a bit each
 * @status_of: what commands fail with, by opcode; 0 if they do not
 * @used: bytes that it says it has written into an answer; 0 for the truth
 * @terse: it writes nothing into an answer but the status
 * @served: commands answered with success, by opcode
 * @refused: commands answered with an error
 * @member: group_member_id of the last command
 */
struct fake_virtio {
	struct kunit *test;
	struct fake_pci_host *host;
	struct fake_pci_fn *fn;
	u64 features;
	u64 driver_features;
	u32 select[3];
	u8 status;
	u8 isr;
	u8 config[64];
	struct fake_virtqueue vqs[FAKE_VIRTIO_QUEUES + 1];
	u16 vectors;
	u16 config_vector;
	int irq;
	struct work_struct work;
	struct fake_virtio_group group[3];
	struct fake_virtio_sdis *sdis;
	bool lax;
	bool mute;
	bool keep_status;
	bool gone;
	u32 parts;
	u64 objects;
	u16 status_of[64];
	u32 used;
	bool terse;
	unsigned int served[64];
	unsigned int refused;
	u64 member;
};

void fake_virtio_clear(struct fake_virtio *dev);
u32 fake_virtio_common_read(struct fake_virtio *dev, unsigned int offset);
void fake_virtio_common_write(struct fake_virtio *dev, unsigned int offset,
			      u32 val);

struct fake_virtio *fake_virtio_create(struct kunit *test, u16 type);
void fake_virtio_plug(struct fake_virtio *dev);
void fake_virtio_unmute(struct fake_virtio *dev);
unsigned int fake_virtio_submitted(struct fake_virtio *dev);
void fake_virtio_pull(struct fake_virtio *dev);
struct virtio_device *fake_virtio_vdev(struct fake_virtio *dev);
struct pci_dev *fake_virtio_enable_vfs(struct fake_virtio *dev);

int fake_virtio_probe(struct virtio_device *vdev);
void fake_virtio_remove(struct virtio_device *vdev);

#endif /* _VIRTIO_TESTS_FAKE_VIRTIO_PCI_H */
