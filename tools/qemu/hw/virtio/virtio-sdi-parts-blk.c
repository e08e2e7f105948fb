/*
 * virtio-net with Scalable Device Interfaces: the part of a disk
 *
 * A driver can write one field of a disk's configuration: whether it has a
 * write cache. Virtio 1.4 names a part for the configuration of a device,
 * VIRTIO_DEV_PART_DEV_CFG, and does not define it. Here it is what
 * VIRTIO_DEV_PART_PCI_COMMON_CFG is: one a field, by its offset.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "standard-headers/linux/virtio_blk.h"
#include "virtio-sdi-parts.h"

#define WRITEBACK       offsetof(struct virtio_blk_config, wce)

void virtio_sdi_blk_save(VirtIODevice *vdev, VirtIOSDIState *s)
{
    s->writeback = virtio_config_readb(vdev, WRITEBACK);
}

/* Without this feature it follows from another one, and is not the driver's */
void virtio_sdi_blk_load(VirtIODevice *vdev, const VirtIOSDIState *s)
{
    if (s->features & BIT_ULL(VIRTIO_BLK_F_CONFIG_WCE)) {
        virtio_config_writeb(vdev, WRITEBACK, s->writeback);
    }
}

void virtio_sdi_blk_write(const VirtIOSDIState *s, GByteArray *parts)
{
    virtio_sdi_add_part(parts, VIRTIO_SDI_PART_DEV_CFG, 0, WRITEBACK,
                        &s->writeback, sizeof(s->writeback));
}

bool virtio_sdi_blk_read(VirtIOSDIState *s, uint64_t selector,
                         const uint8_t *value, uint32_t len)
{
    if (selector != WRITEBACK || len != sizeof(s->writeback) || value[0] > 1) {
        return false;
    }
    s->writeback = value[0];
    return true;
}
