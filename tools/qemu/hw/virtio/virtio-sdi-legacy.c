/*
 * virtio-net with Scalable Device Interfaces: registers of a legacy driver
 *
 * Those of virtio 1.4, 4.1.4.10, which a function has in an I/O BAR. An SDI has
 * no place for them: the driver of the PF reaches them by administration
 * commands and gives them to a guest. A field is accessed as a whole.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_pci.h"
#include "virtio-sdi.h"

/* Width of the field that begins at @reg, or 0 */
static size_t legacy_width(uint8_t reg)
{
    switch (reg) {
    case VIRTIO_PCI_HOST_FEATURES:
    case VIRTIO_PCI_GUEST_FEATURES:
    case VIRTIO_PCI_QUEUE_PFN:
        return 4;
    case VIRTIO_PCI_QUEUE_NUM:
    case VIRTIO_PCI_QUEUE_SEL:
    case VIRTIO_PCI_QUEUE_NOTIFY:
    case VIRTIO_MSI_CONFIG_VECTOR:
    case VIRTIO_MSI_QUEUE_VECTOR:
        return 2;
    case VIRTIO_PCI_STATUS:
    case VIRTIO_PCI_ISR:
        return 1;
    }
    return 0;
}

static uint32_t read_field(VirtIODevice *vdev, uint8_t reg)
{
    switch (reg) {
    case VIRTIO_PCI_HOST_FEATURES:
        return vdev->host_features;
    case VIRTIO_PCI_GUEST_FEATURES:
        return vdev->guest_features;
    case VIRTIO_PCI_QUEUE_PFN:
        return virtio_queue_get_addr(vdev, vdev->queue_sel) >>
               VIRTIO_PCI_QUEUE_ADDR_SHIFT;
    case VIRTIO_PCI_QUEUE_NUM:
        return virtio_queue_get_num(vdev, vdev->queue_sel);
    case VIRTIO_PCI_QUEUE_SEL:
        return vdev->queue_sel;
    case VIRTIO_PCI_STATUS:
        return vdev->status;
    case VIRTIO_PCI_ISR:
        return qatomic_xchg(&vdev->isr, 0);
    case VIRTIO_MSI_CONFIG_VECTOR:
        return vdev->config_vector;
    case VIRTIO_MSI_QUEUE_VECTOR:
        return virtio_queue_vector(vdev, vdev->queue_sel);
    }
    return 0;
}

static void set_features(VirtIOSDI *sdi, VirtIODevice *vdev, uint32_t val)
{
    /* What a driver answers that has not looked at them */
    if (val & 1u << VIRTIO_F_BAD_FEATURE) {
        val = virtio_bus_get_vdev_bad_features(&sdi->bus);
    }
    virtio_set_features(vdev, val);
}

static void set_queue(VirtIOSDI *sdi, VirtIODevice *vdev, uint32_t val)
{
    if (val) {
        virtio_queue_set_addr(vdev, vdev->queue_sel,
                              (hwaddr)val << VIRTIO_PCI_QUEUE_ADDR_SHIFT);
    } else {
        virtio_sdi_reset_by_driver(sdi);
    }
}

static void set_status(VirtIOSDI *sdi, VirtIODevice *vdev, uint32_t val)
{
    if (val) {
        virtio_set_status(vdev, val);
    } else {
        virtio_sdi_reset_by_driver(sdi);
    }
}

static void write_field(VirtIOSDI *sdi, VirtIODevice *vdev, uint8_t reg,
                        uint32_t val)
{
    switch (reg) {
    case VIRTIO_PCI_GUEST_FEATURES:
        set_features(sdi, vdev, val);
        break;
    case VIRTIO_PCI_QUEUE_PFN:
        set_queue(sdi, vdev, val);
        break;
    case VIRTIO_PCI_QUEUE_SEL:
        if (val < VIRTIO_SDI_MAX_QUEUES) {
            vdev->queue_sel = val;
        }
        break;
    case VIRTIO_PCI_QUEUE_NOTIFY:
        virtio_sdi_notify(sdi, val);
        break;
    case VIRTIO_PCI_STATUS:
        set_status(sdi, vdev, val);
        break;
    case VIRTIO_MSI_CONFIG_VECTOR:
        vdev->config_vector = virtio_sdi_vector(sdi, val);
        break;
    case VIRTIO_MSI_QUEUE_VECTOR:
        virtio_queue_set_vector(vdev, vdev->queue_sel,
                                virtio_sdi_vector(sdi, val));
        break;
    }
}

/* The callbacks. A member that is enabled may still be changing */

static bool legacy_settled(void *member)
{
    return virtio_sdi_device(member);
}

static bool in_config(VirtIODevice *vdev, uint8_t offset, size_t len)
{
    return len && offset + len <= vdev->config_len;
}

static bool legacy_read(void *member, bool device, uint8_t offset,
                        uint8_t *buf, size_t len)
{
    VirtIODevice *vdev = virtio_sdi_device(member);

    if (!vdev) {
        return false;
    }
    if (device) {
        if (!in_config(vdev, offset, len)) {
            return false;
        }
        for (size_t i = 0; i < len; i++) {
            buf[i] = virtio_config_readb(vdev, offset + i);
        }
        return true;
    }
    if (!len || len != legacy_width(offset)) {
        return false;
    }
    stn_le_p(buf, len, read_field(vdev, offset));
    return true;
}

static bool legacy_write(void *member, bool device, uint8_t offset,
                         const uint8_t *buf, size_t len)
{
    VirtIODevice *vdev = virtio_sdi_device(member);

    if (!vdev) {
        return false;
    }
    if (device) {
        if (!in_config(vdev, offset, len)) {
            return false;
        }
        for (size_t i = 0; i < len; i++) {
            virtio_config_writeb(vdev, offset + i, buf[i]);
        }
        return true;
    }
    if (!len || len != legacy_width(offset)) {
        return false;
    }
    write_field(member, vdev, offset, ldn_le_p(buf, len));
    return true;
}

static void legacy_notify(void *member,
                          struct virtio_admin_cmd_notify_info_data *place)
{
    VirtIOSDI *sdi = member;

    place->flags = sdi->ops->page_owner;
    place->bar = VSDI_BAR_PAGES;
    place->offset = cpu_to_le64(sdi->ops->page_offset(sdi) +
                                VSDI_PG_LEGACY_NOTIFY);
}

const VirtIOAdminLegacyOps virtio_sdi_legacy_ops = {
    .settled = legacy_settled,
    .read = legacy_read,
    .write = legacy_write,
    .notify = legacy_notify,
};
