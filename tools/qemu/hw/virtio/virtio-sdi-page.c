/*
 * virtio-net with Scalable Device Interfaces: the page of an SDI
 *
 * The registers of a modern virtio PCI device, virtio 1.4, 4.1.4. A field is
 * accessed in its own width: what virtio forbids to do finds nothing here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_pci.h"
#include "virtio-sdi.h"
#include "trace.h"

/* Width of the field that begins at @reg, or 0 */
static unsigned common_width(uint32_t reg)
{
    switch (reg) {
    case VIRTIO_PCI_COMMON_STATUS:
    case VIRTIO_PCI_COMMON_CFGGENERATION:
        return 1;
    case VIRTIO_PCI_COMMON_MSIX:
    case VIRTIO_PCI_COMMON_NUMQ:
    case VIRTIO_PCI_COMMON_Q_SELECT:
    case VIRTIO_PCI_COMMON_Q_SIZE:
    case VIRTIO_PCI_COMMON_Q_MSIX:
    case VIRTIO_PCI_COMMON_Q_ENABLE:
    case VIRTIO_PCI_COMMON_Q_NOFF:
    case VIRTIO_PCI_COMMON_Q_RESET:
        return 2;
    case VIRTIO_PCI_COMMON_DFSELECT:
    case VIRTIO_PCI_COMMON_DF:
    case VIRTIO_PCI_COMMON_GFSELECT:
    case VIRTIO_PCI_COMMON_GF:
    case VIRTIO_PCI_COMMON_Q_DESCLO:
    case VIRTIO_PCI_COMMON_Q_DESCHI:
    case VIRTIO_PCI_COMMON_Q_AVAILLO:
    case VIRTIO_PCI_COMMON_Q_AVAILHI:
    case VIRTIO_PCI_COMMON_Q_USEDLO:
    case VIRTIO_PCI_COMMON_Q_USEDHI:
        return 4;
    }
    return 0;
}

/* Queues */

static VirtIOSDIQueue *selected(VirtIOSDI *sdi, VirtIODevice *vdev)
{
    return &sdi->queue[vdev->queue_sel];
}

static uint32_t num_queues(VirtIODevice *vdev)
{
    uint32_t num = 0;

    for (uint32_t i = 0; i < VIRTIO_SDI_MAX_QUEUES; i++) {
        if (virtio_queue_get_num(vdev, i)) {
            num = i + 1;
        }
    }
    return num;
}

static void enable_queue(VirtIODevice *vdev, VirtIOSDIQueue *q, uint32_t val)
{
    int n = vdev->queue_sel;

    if (val != 1) {
        virtio_error(vdev, "wrong value for queue_enable 0x%" PRIx32, val);
        return;
    }
    virtio_queue_set_num(vdev, n, q->num);
    virtio_queue_set_rings(vdev, n, q->desc, q->avail, q->used);
    q->enabled = true;
    virtio_queue_enable(vdev, n);
}

static void set_queue_size(VirtIODevice *vdev, VirtIOSDIQueue *q, uint32_t val)
{
    q->num = val;
    virtio_queue_set_num(vdev, vdev->queue_sel, val);
    virtio_init_region_cache(vdev, vdev->queue_sel);
}

static void reset_queue(VirtIODevice *vdev, VirtIOSDIQueue *q)
{
    virtio_queue_reset(vdev, vdev->queue_sel);
    q->enabled = false;
}


static void set_half(uint64_t *reg, int half, uint32_t val)
{
    *reg = deposit64(*reg, 32 * half, 32, val);
}

/* Common configuration */

static uint64_t offered_features(VirtIODevice *vdev)
{
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);

    return vdev->host_features & ~vdc->legacy_features;
}

static void set_features(VirtIOSDI *sdi, VirtIODevice *vdev, uint32_t val)
{
    if (sdi->gfselect >= ARRAY_SIZE(sdi->guest_features)) {
        return;
    }
    sdi->guest_features[sdi->gfselect] = val;
    virtio_set_features(vdev, deposit64(sdi->guest_features[0], 32, 32,
                                        sdi->guest_features[1]));
}

static void set_status(VirtIOSDI *sdi, VirtIODevice *vdev, uint8_t val)
{
    if (!val) {
        virtio_sdi_reset_by_driver(sdi);
        return;
    }
    /* These are no registers for a legacy driver */
    if (!virtio_vdev_has_feature(vdev, VIRTIO_F_VERSION_1)) {
        val &= ~VIRTIO_CONFIG_S_FEATURES_OK;
    }
    virtio_set_status(vdev, val);
}

static uint32_t read_queue(VirtIOSDI *sdi, VirtIODevice *vdev, uint32_t reg)
{
    const VirtIOSDIQueue *q = selected(sdi, vdev);

    switch (reg) {
    case VIRTIO_PCI_COMMON_Q_SELECT:
        return vdev->queue_sel;
    case VIRTIO_PCI_COMMON_Q_SIZE:
        return virtio_queue_get_num(vdev, vdev->queue_sel);
    case VIRTIO_PCI_COMMON_Q_MSIX:
        return virtio_queue_vector(vdev, vdev->queue_sel);
    case VIRTIO_PCI_COMMON_Q_ENABLE:
        return q->enabled;
    case VIRTIO_PCI_COMMON_Q_NOFF:
        return vdev->queue_sel;
    case VIRTIO_PCI_COMMON_Q_DESCLO:
        return q->desc;
    case VIRTIO_PCI_COMMON_Q_DESCHI:
        return q->desc >> 32;
    case VIRTIO_PCI_COMMON_Q_AVAILLO:
        return q->avail;
    case VIRTIO_PCI_COMMON_Q_AVAILHI:
        return q->avail >> 32;
    case VIRTIO_PCI_COMMON_Q_USEDLO:
        return q->used;
    case VIRTIO_PCI_COMMON_Q_USEDHI:
        return q->used >> 32;
    }
    return 0;
}

static uint32_t read_common(VirtIOSDI *sdi, VirtIODevice *vdev, uint32_t reg)
{
    switch (reg) {
    case VIRTIO_PCI_COMMON_DFSELECT:
        return sdi->dfselect;
    case VIRTIO_PCI_COMMON_DF:
        return sdi->dfselect <= 1 ?
               offered_features(vdev) >> (32 * sdi->dfselect) : 0;
    case VIRTIO_PCI_COMMON_GFSELECT:
        return sdi->gfselect;
    case VIRTIO_PCI_COMMON_GF:
        return sdi->gfselect <= 1 ? sdi->guest_features[sdi->gfselect] : 0;
    case VIRTIO_PCI_COMMON_MSIX:
        return vdev->config_vector;
    case VIRTIO_PCI_COMMON_NUMQ:
        return num_queues(vdev);
    case VIRTIO_PCI_COMMON_STATUS:
        return vdev->status;
    case VIRTIO_PCI_COMMON_CFGGENERATION:
        return vdev->generation;
    }
    return read_queue(sdi, vdev, reg);
}

static void write_queue(VirtIOSDI *sdi, VirtIODevice *vdev, uint32_t reg,
                        uint32_t val)
{
    VirtIOSDIQueue *q = selected(sdi, vdev);

    switch (reg) {
    case VIRTIO_PCI_COMMON_Q_SELECT:
        if (val < VIRTIO_SDI_MAX_QUEUES) {
            vdev->queue_sel = val;
        }
        break;
    case VIRTIO_PCI_COMMON_Q_SIZE:
        set_queue_size(vdev, q, val);
        break;
    case VIRTIO_PCI_COMMON_Q_MSIX:
        virtio_queue_set_vector(vdev, vdev->queue_sel,
                                virtio_sdi_vector(sdi, val));
        break;
    case VIRTIO_PCI_COMMON_Q_ENABLE:
        enable_queue(vdev, q, val);
        break;
    case VIRTIO_PCI_COMMON_Q_DESCLO:
    case VIRTIO_PCI_COMMON_Q_DESCHI:
        set_half(&q->desc, reg == VIRTIO_PCI_COMMON_Q_DESCHI, val);
        break;
    case VIRTIO_PCI_COMMON_Q_AVAILLO:
    case VIRTIO_PCI_COMMON_Q_AVAILHI:
        set_half(&q->avail, reg == VIRTIO_PCI_COMMON_Q_AVAILHI, val);
        break;
    case VIRTIO_PCI_COMMON_Q_USEDLO:
    case VIRTIO_PCI_COMMON_Q_USEDHI:
        set_half(&q->used, reg == VIRTIO_PCI_COMMON_Q_USEDHI, val);
        break;
    case VIRTIO_PCI_COMMON_Q_RESET:
        if (val == 1) {
            reset_queue(vdev, q);
        }
        break;
    }
}

static void write_common(VirtIOSDI *sdi, VirtIODevice *vdev, uint32_t reg,
                         uint32_t val)
{
    switch (reg) {
    case VIRTIO_PCI_COMMON_DFSELECT:
        sdi->dfselect = val;
        break;
    case VIRTIO_PCI_COMMON_GFSELECT:
        sdi->gfselect = val;
        break;
    case VIRTIO_PCI_COMMON_GF:
        set_features(sdi, vdev, val);
        break;
    case VIRTIO_PCI_COMMON_MSIX:
        vdev->config_vector = virtio_sdi_vector(sdi, val);
        break;
    case VIRTIO_PCI_COMMON_STATUS:
        set_status(sdi, vdev, val);
        break;
    default:
        write_queue(sdi, vdev, reg, val);
        break;
    }
}

/* Configuration of the device's type */

static uint32_t read_config(VirtIODevice *vdev, uint32_t reg, unsigned size)
{
    switch (size) {
    case 1:
        return virtio_config_modern_readb(vdev, reg);
    case 2:
        return virtio_config_modern_readw(vdev, reg);
    default:
        return virtio_config_modern_readl(vdev, reg);
    }
}

static void write_config(VirtIODevice *vdev, uint32_t reg, uint32_t val,
                         unsigned size)
{
    switch (size) {
    case 1:
        virtio_config_modern_writeb(vdev, reg, val);
        break;
    case 2:
        virtio_config_modern_writew(vdev, reg, val);
        break;
    default:
        virtio_config_modern_writel(vdev, reg, val);
        break;
    }
}

static bool is_config(uint32_t reg)
{
    return reg >= VSDI_PG_DEVICE &&
           reg < VSDI_PG_DEVICE + VSDI_PG_DEVICE_LENGTH;
}

/* Notifications */

void virtio_sdi_notify(VirtIOSDI *sdi, uint32_t n)
{
    VirtIODevice *vdev = virtio_sdi_device(sdi);

    if (!vdev || n >= VIRTIO_SDI_MAX_QUEUES) {
        return;
    }
    sdi->pf->counters[VSDI_CNT_NOTIFY]++;
    trace_virtio_sdi_notify(sdi->index, n);
    /* A stopped one looks at all its queues when it goes on */
    if (!sdi->stopped) {
        virtio_queue_notify(vdev, n);
    }
}

static void notify(VirtIOSDI *sdi, uint32_t reg, unsigned size)
{
    if (size >= 2 && reg % VSDI_PG_NOTIFY_MULTIPLIER == 0) {
        virtio_sdi_notify(sdi, (reg - VSDI_PG_NOTIFY) /
                               VSDI_PG_NOTIFY_MULTIPLIER);
    }
}

/* The page */

void virtio_sdi_clear_page(VirtIOSDI *sdi)
{
    sdi->dfselect = 0;
    sdi->gfselect = 0;
    memset(sdi->guest_features, 0, sizeof(sdi->guest_features));
    memset(sdi->queue, 0, sizeof(sdi->queue));
}

static VirtIOSDI *sdi_at(VirtIONetSIOVPCI *pf, hwaddr addr)
{
    uint64_t n = addr / pf->page_size;

    return pf->present && n < pf->total_sdis ? pf->sdis[n] : NULL;
}

uint64_t virtio_sdi_read_page(VirtIOSDI *sdi, uint32_t reg, unsigned size)
{
    VirtIODevice *vdev = sdi ? virtio_sdi_device(sdi) : NULL;

    if (!vdev) {
        return UINT64_MAX;
    }
    if (is_config(reg)) {
        return read_config(vdev, reg - VSDI_PG_DEVICE, size);
    }
    if (reg == VSDI_PG_ISR) {
        return qatomic_xchg(&vdev->isr, 0);
    }
    return size == common_width(reg) ? read_common(sdi, vdev, reg) : 0;
}

void virtio_sdi_write_page(VirtIOSDI *sdi, uint32_t reg, uint64_t val,
                           unsigned size)
{
    VirtIODevice *vdev = sdi ? virtio_sdi_device(sdi) : NULL;

    if (!vdev) {
        return;
    }
    if (is_config(reg)) {
        write_config(vdev, reg - VSDI_PG_DEVICE, val, size);
    } else if (reg >= VSDI_PG_NOTIFY) {
        notify(sdi, reg, size);
    } else if (reg == VSDI_PG_LEGACY_NOTIFY) {
        virtio_sdi_notify(sdi, val & 0xffff);
    } else if (size == common_width(reg)) {
        trace_virtio_sdi_common(sdi->index, reg, val);
        write_common(sdi, vdev, reg, val);
    }
}

static uint64_t page_read(void *opaque, hwaddr addr, unsigned size)
{
    VirtIONetSIOVPCI *pf = opaque;

    return virtio_sdi_read_page(sdi_at(pf, addr), addr % pf->page_size, size);
}

static void page_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    VirtIONetSIOVPCI *pf = opaque;

    virtio_sdi_write_page(sdi_at(pf, addr), addr % pf->page_size, val, size);
}

const MemoryRegionOps virtio_sdi_page_ops = {
    .read = page_read,
    .write = page_write,
    .impl = {
        .min_access_size = 1,
        .max_access_size = 4,
    },
    .endianness = DEVICE_LITTLE_ENDIAN,
};
