// SPDX-License-Identifier: GPL-2.0
/*
 * What a legacy virtio device is called, and which of its registers an access is for:
 * arithmetic only
 *
 * Virtio 1.4, "PCI Device Discovery", and "Legacy Interfaces: A Note on PCI Device
 * Layout".
 */

#include <linux/array_size.h>
#include <linux/minmax.h>
#include <uapi/linux/virtio_ids.h>
#include <uapi/linux/virtio_pci.h>

#include "private.h"

/**
 * virtio_legacy_device_id() - Find the transitional ID of a type of device
 * @type: %VIRTIO_ID_*
 *
 * Return: the PCI device ID, 0 if the type never had a legacy interface.
 */
u16 virtio_legacy_device_id(u16 type)
{
	switch (type) {
	case VIRTIO_ID_NET:
		return VIRTIO_TRANS_ID_NET;
	case VIRTIO_ID_BLOCK:
		return VIRTIO_TRANS_ID_BLOCK;
	case VIRTIO_ID_BALLOON:
		return VIRTIO_TRANS_ID_BALLOON;
	case VIRTIO_ID_CONSOLE:
		return VIRTIO_TRANS_ID_CONSOLE;
	case VIRTIO_ID_SCSI:
		return VIRTIO_TRANS_ID_SCSI;
	case VIRTIO_ID_RNG:
		return VIRTIO_TRANS_ID_RNG;
	case VIRTIO_ID_9P:
		return VIRTIO_TRANS_ID_9P;
	default:
		return 0;
	}
}

static const struct {
	u8 pos;
	u8 width;
	bool read_only;
} fields[] = {
	{ VIRTIO_PCI_HOST_FEATURES,	4, true },
	{ VIRTIO_PCI_GUEST_FEATURES,	4 },
	{ VIRTIO_PCI_QUEUE_PFN,		4 },
	{ VIRTIO_PCI_QUEUE_NUM,		2, true },
	{ VIRTIO_PCI_QUEUE_SEL,		2 },
	{ VIRTIO_PCI_QUEUE_NOTIFY,	2 },
	{ VIRTIO_PCI_STATUS,		1 },
	{ VIRTIO_PCI_ISR,		1, true },
	/* These are there while MSI-X is enabled */
	{ VIRTIO_MSI_CONFIG_VECTOR,	2 },
	{ VIRTIO_MSI_QUEUE_VECTOR,	2 },
};

/**
 * virtio_legacy_part() - Find what the first bytes of an access are for
 * @msix: whether MSI-X is enabled
 * @pos: where the access begins in BAR 0
 * @count: its bytes
 *
 * Return: a field, or all of the access that is in the device's configuration.
 */
struct virtio_legacy_part virtio_legacy_part(bool msix, u64 pos, size_t count)
{
	struct virtio_legacy_part part = { .field = pos, .width = count };
	unsigned int i = 0;

	part.config = pos >= VIRTIO_PCI_CONFIG_OFF(msix);
	if (!part.config) {
		while (pos >= fields[i].pos + fields[i].width)
			i++;
		part.field = fields[i].pos;
		part.width = fields[i].width;
		part.read_only = fields[i].read_only;
	}

	part.skip = pos - part.field;
	part.len = min_t(size_t, count, part.width - part.skip);
	return part;
}

/**
 * virtio_legacy_is_whole() - Is an access for whole fields?
 * @msix: whether MSI-X is enabled
 * @pos: where it begins in BAR 0
 * @count: its bytes
 *
 * A driver has to access a field as a whole. To write half of one, the other half would
 * have to be read, which may have changed meanwhile.
 *
 * Return: true if it is. The device's configuration may be accessed in any width.
 */
bool virtio_legacy_is_whole(bool msix, u64 pos, size_t count)
{
	struct virtio_legacy_part part;

	for (; count; pos += part.len, count -= part.len) {
		part = virtio_legacy_part(msix, pos, count);
		if (part.len != part.width)
			return false;
	}

	return true;
}
