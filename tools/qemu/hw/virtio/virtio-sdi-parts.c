/*
 * virtio-net with Scalable Device Interfaces: the parts of an SDI
 *
 * Its state as virtio 1.4, "Device parts", has it. What a driver has written
 * to the page is copied into a VirtIOSDIState and from there into parts; parts
 * go into such a copy first, so that nothing is changed before all are found
 * right.
 *
 * No part says how far the device has come in a queue. A stopped device has
 * used all buffers that it has taken, so in a split ring that is where the used
 * ring ends. It is looked up when the device may first access memory again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "block/block-global-state.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_ids.h"
#include "standard-headers/linux/virtio_pci.h"
#include "standard-headers/linux/virtio_ring.h"
#include "system/runstate.h"
#include "virtio-sdi.h"
#include "virtio-sdi-parts.h"
#include "trace.h"

/* Struct virtio_dev_part_vq_cfg and virtio_dev_part_vq_notify_data */
typedef struct QEMU_PACKED PartQueue {
    uint16_t size;
    uint16_t vector;
    uint16_t enabled;
    uint16_t reserved;
    uint64_t desc;
    uint64_t driver;
    uint64_t device;
} PartQueue;

typedef struct QEMU_PACKED PartNotify {
    uint16_t offset;
    uint16_t data;
    uint8_t reserved[4];
} PartNotify;

/* What a driver must accept of a device that is not a legacy one */
#define FEATURES_NEEDED         (BIT_ULL(VIRTIO_F_VERSION_1) | \
                                 BIT_ULL(VIRTIO_F_IOMMU_PLATFORM))

/* Copying the state */

static bool is_legacy(const VirtIOSDIState *s)
{
    return !(s->features & BIT_ULL(VIRTIO_F_VERSION_1));
}

static void save_queue(VirtIOSDI *sdi, VirtIODevice *vdev, int n,
                       VirtIOSDIState *s)
{
    VirtIOSDIPartQueue *q = &s->queue[n];

    q->ring = sdi->queue[n];
    q->ring.num = virtio_queue_get_num(vdev, n);
    q->vector = virtio_queue_vector(vdev, n);
    if (is_legacy(s) && virtio_queue_get_desc_addr(vdev, n)) {
        q->ring.enabled = true;
        q->ring.desc = virtio_queue_get_desc_addr(vdev, n);
        q->ring.avail = virtio_queue_get_avail_addr(vdev, n);
        q->ring.used = virtio_queue_get_used_addr(vdev, n);
    }
}

static VirtIOSDIState *save(VirtIOSDI *sdi, VirtIODevice *vdev)
{
    VirtIOSDIState *s = g_new0(VirtIOSDIState, 1);

    s->allowed = vdev->host_features;
    s->offered = s->allowed & ~VIRTIO_DEVICE_GET_CLASS(vdev)->legacy_features;
    s->features = vdev->guest_features;
    s->dfselect = sdi->dfselect;
    s->gfselect = sdi->gfselect;
    s->config_vector = vdev->config_vector;
    s->queue_select = vdev->queue_sel;
    s->generation = vdev->generation;
    s->status = vdev->status;
    s->num_vectors = sdi->num_msgs;
    for (int n = 0; n < VIRTIO_SDI_MAX_QUEUES; n++) {
        if (virtio_queue_get_max_num(vdev, n)) {
            s->num_queues = n + 1;
            save_queue(sdi, vdev, n, s);
            s->queue[n].max = virtio_queue_get_max_num(vdev, n);
        }
    }
    if (vdev->device_id == VIRTIO_ID_NET) {
        virtio_sdi_net_save(VIRTIO_NET(vdev), &s->net);
        s->is_net = true;
    } else if (vdev->device_id == VIRTIO_ID_BLOCK) {
        virtio_sdi_blk_save(vdev, s);
        s->is_blk = true;
    }
    return s;
}

static void load_queue(VirtIOSDI *sdi, VirtIODevice *vdev, int n,
                       const VirtIOSDIState *s)
{
    const VirtIOSDIPartQueue *q = &s->queue[n];

    if (!q->max) {
        return;
    }
    virtio_queue_set_num(vdev, n, q->ring.num);
    virtio_queue_set_vector(vdev, n, q->vector);
    sdi->queue[n] = q->ring;
    sdi->queue[n].enabled = q->ring.enabled && !is_legacy(s);
    if (q->ring.enabled) {
        virtio_queue_set_rings(vdev, n, q->ring.desc, q->ring.avail,
                               q->ring.used);
        virtio_queue_enable(vdev, n);
    }
}

/* Onto a device that has just been reset, and that is stopped */
static void load(VirtIOSDI *sdi, VirtIODevice *vdev, const VirtIOSDIState *s)
{
    virtio_sdi_reset_device(sdi);
    virtio_set_features(vdev, s->features);
    sdi->guest_features[0] = s->features;
    sdi->guest_features[1] = s->features >> 32;
    sdi->dfselect = s->dfselect;
    sdi->gfselect = s->gfselect;
    for (int n = 0; n < s->num_queues; n++) {
        load_queue(sdi, vdev, n, s);
    }
    if (s->is_net) {
        virtio_sdi_net_load(VIRTIO_NET(vdev), &s->net);
    }
    virtio_set_status(vdev, s->status);
    if (s->is_blk) {
        virtio_sdi_blk_load(vdev, s);
    }
    vdev->queue_sel = s->queue_select;
    vdev->config_vector = s->config_vector;
    vdev->generation = s->generation;
    vdev->broken = s->status & VIRTIO_CONFIG_S_NEEDS_RESET;
    sdi->generation_told = vdev->generation;
    sdi->look_up_queues = true;
}

/* Writing parts */

void virtio_sdi_add_part(GByteArray *parts, uint16_t type, uint8_t flags,
                         uint64_t selector, const void *value, uint32_t len)
{
    struct virtio_dev_part_hdr hdr = {
        .part_type = cpu_to_le16(type),
        .flags = flags,
        .length = cpu_to_le32(len),
    };

    stq_le_p(&hdr.selector, selector);
    g_byte_array_append(parts, (void *)&hdr, sizeof(hdr));
    g_byte_array_append(parts, value, len);
}

/* A number of @len bytes */
static void add_number(GByteArray *parts, uint16_t type, uint8_t flags,
                       uint64_t selector, uint64_t val, int len)
{
    uint8_t buf[8];

    stq_le_p(buf, val);
    virtio_sdi_add_part(parts, type, flags, selector, buf, len);
}

static void add_common(GByteArray *parts, uint32_t reg, uint32_t val, int len)
{
    add_number(parts, VIRTIO_DEV_PART_PCI_COMMON_CFG, 0, reg, val, len);
}

static void add_queue(GByteArray *parts, int n, const VirtIOSDIPartQueue *q)
{
    PartQueue part = {
        .size = cpu_to_le16(q->ring.num),
        .vector = cpu_to_le16(q->vector),
        .enabled = cpu_to_le16(q->ring.enabled),
        .desc = cpu_to_le64(q->ring.desc),
        .driver = cpu_to_le64(q->ring.avail),
        .device = cpu_to_le64(q->ring.used),
    };

    virtio_sdi_add_part(parts, VIRTIO_DEV_PART_VQ_CFG, 0, n, &part,
                        sizeof(part));
}

static void add_notify(GByteArray *parts, int n)
{
    PartNotify part = { .offset = cpu_to_le16(n) };

    virtio_sdi_add_part(parts, VIRTIO_DEV_PART_VQ_NOTIFY_CFG, 0, n, &part,
                        sizeof(part));
}

static void write_parts(const VirtIOSDIState *s, GByteArray *parts)
{
    add_number(parts, VIRTIO_DEV_PART_DEV_FEATURES,
               BIT(VIRTIO_DEV_PART_F_OPTIONAL), 0, s->offered, 8);
    add_number(parts, VIRTIO_DEV_PART_DRV_FEATURES, 0, 0, s->features, 8);
    add_common(parts, VIRTIO_PCI_COMMON_DFSELECT, s->dfselect, 4);
    add_common(parts, VIRTIO_PCI_COMMON_GFSELECT, s->gfselect, 4);
    add_common(parts, VIRTIO_PCI_COMMON_MSIX, s->config_vector, 2);
    add_common(parts, VIRTIO_PCI_COMMON_NUMQ, s->num_queues, 2);
    add_common(parts, VIRTIO_PCI_COMMON_CFGGENERATION, s->generation, 1);
    add_common(parts, VIRTIO_PCI_COMMON_Q_SELECT, s->queue_select, 2);
    add_number(parts, VIRTIO_DEV_PART_DEVICE_STATUS, 0, 0, s->status, 1);
    for (int n = 0; n < s->num_queues; n++) {
        if (s->queue[n].max) {
            add_queue(parts, n, &s->queue[n]);
        }
    }
    for (int n = 0; n < s->num_queues; n++) {
        if (s->queue[n].max) {
            add_notify(parts, n);
        }
    }
    if (s->is_net) {
        virtio_sdi_net_write(&s->net, parts);
    } else if (s->is_blk) {
        virtio_sdi_blk_write(s, parts);
    }
}

/* Reading parts: false if there is something wrong */

static bool read_features(VirtIOSDIState *s, uint64_t val)
{
    s->features = val;
    return !(val & ~s->allowed);
}

static bool read_vector(const VirtIOSDIState *s, uint16_t *vector, uint16_t val)
{
    *vector = val;
    return val < s->num_vectors || val == VIRTIO_NO_VECTOR;
}

/* Returns the width of the field, or 0 */
static uint32_t common_width(uint32_t reg)
{
    switch (reg) {
    case VIRTIO_PCI_COMMON_DFSELECT:
    case VIRTIO_PCI_COMMON_GFSELECT:
        return 4;
    case VIRTIO_PCI_COMMON_MSIX:
    case VIRTIO_PCI_COMMON_NUMQ:
    case VIRTIO_PCI_COMMON_Q_SELECT:
        return 2;
    case VIRTIO_PCI_COMMON_CFGGENERATION:
        return 1;
    }
    return 0;
}

static bool read_common(VirtIOSDIState *s, uint32_t reg, uint32_t val)
{
    switch (reg) {
    case VIRTIO_PCI_COMMON_DFSELECT:
        s->dfselect = val;
        return true;
    case VIRTIO_PCI_COMMON_GFSELECT:
        s->gfselect = val;
        return true;
    case VIRTIO_PCI_COMMON_MSIX:
        return read_vector(s, &s->config_vector, val);
    case VIRTIO_PCI_COMMON_NUMQ:
        return val == s->num_queues;
    case VIRTIO_PCI_COMMON_CFGGENERATION:
        s->generation = val;
        return true;
    default:
        s->queue_select = val;
        return val < VIRTIO_SDI_MAX_QUEUES;
    }
}

/* A part of a ring: aligned as virtio has it, and not past the end of all */
static bool is_ring(uint64_t addr, uint64_t align, uint64_t len)
{
    return addr % align == 0 && addr <= UINT64_MAX - len;
}

static bool read_queue(VirtIOSDIState *s, uint64_t n, const PartQueue *part)
{
    VirtIOSDIPartQueue *q;
    VirtIOSDIQueue *r;

    if (n >= s->num_queues || !s->queue[n].max) {
        return false;
    }
    q = &s->queue[n];
    r = &q->ring;
    *r = (VirtIOSDIQueue) {
        .num = le16_to_cpu(part->size),
        .enabled = le16_to_cpu(part->enabled) == 1,
        .desc = le64_to_cpu(part->desc),
        .avail = le64_to_cpu(part->driver),
        .used = le64_to_cpu(part->device),
    };
    return le16_to_cpu(part->enabled) <= 1 &&
           is_power_of_2(r->num) && r->num <= q->max &&
           read_vector(s, &q->vector, le16_to_cpu(part->vector)) &&
           is_ring(r->desc, 16, sizeof(struct vring_desc) * r->num) &&
           is_ring(r->avail, 2, 6 + 2 * r->num) &&
           is_ring(r->used, 4, 6 + sizeof(struct vring_used_elem) * r->num);
}

static bool read_notify(const VirtIOSDIState *s, uint64_t n,
                        const PartNotify *part)
{
    return n < s->num_queues && s->queue[n].max &&
           le16_to_cpu(part->offset) == n && !part->data;
}

/* Those of a fixed length must have it */
static bool is_length(const VirtIOAdminPartHdr *hdr, uint32_t len)
{
    switch (le16_to_cpu(hdr->part_type)) {
    case VIRTIO_DEV_PART_DEV_FEATURES:
    case VIRTIO_DEV_PART_DRV_FEATURES:
        return len == 8;
    case VIRTIO_DEV_PART_PCI_COMMON_CFG:
        return len && len == common_width(ldl_le_p(&hdr->selector));
    case VIRTIO_DEV_PART_DEVICE_STATUS:
        return len == 1;
    case VIRTIO_DEV_PART_VQ_CFG:
        return len == sizeof(PartQueue);
    case VIRTIO_DEV_PART_VQ_NOTIFY_CFG:
        return len == sizeof(PartNotify);
    }
    return true;
}

static bool read_part(VirtIOSDIState *s, const VirtIOAdminPartHdr *hdr,
                      const uint8_t *value, uint32_t len)
{
    bool optional = hdr->flags & BIT(VIRTIO_DEV_PART_F_OPTIONAL);

    if (!is_length(hdr, len)) {
        return false;
    }
    switch (le16_to_cpu(hdr->part_type)) {
    case VIRTIO_DEV_PART_DEV_FEATURES:
        return ldq_le_p(value) == s->offered;
    case VIRTIO_DEV_PART_DRV_FEATURES:
        return read_features(s, ldq_le_p(value));
    case VIRTIO_DEV_PART_PCI_COMMON_CFG:
        return read_common(s, ldl_le_p(&hdr->selector), ldn_le_p(value, len));
    case VIRTIO_DEV_PART_DEVICE_STATUS:
        s->status = value[0];
        return true;
    case VIRTIO_DEV_PART_VQ_CFG:
        return read_queue(s, lduw_le_p(&hdr->selector), (void *)value);
    case VIRTIO_DEV_PART_VQ_NOTIFY_CFG:
        return read_notify(s, lduw_le_p(&hdr->selector), (void *)value);
    case VIRTIO_SDI_PART_DEV_CFG:
        return s->is_blk ?
               virtio_sdi_blk_read(s, ldq_le_p(&hdr->selector), value, len) ||
               optional : optional;
    case VIRTIO_NET_DEV_PART_CVQ_CFG:
        return s->is_net ?
               virtio_sdi_net_read(&s->net, ldq_le_p(&hdr->selector), value,
                                   len) || optional : optional;
    }
    return optional;
}

/* The order in which parts must come; types of device are behind all others */
static int rank_of(uint16_t type)
{
    return type >= VIRTIO_DEV_PART_DEV_FEATURES &&
           type <= VIRTIO_DEV_PART_VQ_NOTIFY_CFG ? type : INT_MAX;
}

/* Each type and selector may be there once */
static bool is_new(const uint8_t *parts, const VirtIOAdminPartHdr *hdr)
{
    const uint8_t *end = (void *)hdr;
    const VirtIOAdminPartHdr *old;

    while (parts < end) {
        old = (void *)parts;
        if (old->part_type == hdr->part_type &&
            !memcmp(&old->selector, &hdr->selector, sizeof(hdr->selector))) {
            return false;
        }
        parts += sizeof(*old) + le32_to_cpu(old->length);
    }
    return true;
}

/* Could a driver have come to this? */
static bool is_possible(const VirtIOSDIState *s)
{
    uint8_t known = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
                    VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_FEATURES_OK |
                    VIRTIO_CONFIG_S_NEEDS_RESET | VIRTIO_CONFIG_S_FAILED;

    if (s->status & ~known) {
        return false;
    }
    if (s->status & VIRTIO_CONFIG_S_FEATURES_OK) {
        return (s->features & FEATURES_NEEDED) == FEATURES_NEEDED;
    }
    return is_legacy(s) || !(s->status & VIRTIO_CONFIG_S_DRIVER_OK);
}

static bool read_parts(VirtIOSDIState *s, const uint8_t *parts, size_t len)
{
    const VirtIOAdminPartHdr *hdr;
    int rank = 0, next;
    uint32_t value_len;

    for (size_t pos = 0; pos < len; pos += sizeof(*hdr) + value_len) {
        hdr = (void *)(parts + pos);
        if (len - pos < sizeof(*hdr)) {
            return false;
        }
        value_len = le32_to_cpu(hdr->length);
        if (value_len > len - pos - sizeof(*hdr)) {
            return false;
        }
        next = rank_of(le16_to_cpu(hdr->part_type));
        if (next < rank || !is_new(parts, hdr) ||
            !read_part(s, hdr, (void *)(hdr + 1), value_len)) {
            trace_virtio_sdi_part_refused(le16_to_cpu(hdr->part_type),
                                          ldq_le_p(&hdr->selector), value_len);
            return false;
        }
        rank = next;
    }
    return is_possible(s);
}

/* Stop and go on */

static void look_up_queues(VirtIODevice *vdev)
{
    for (int n = 0; n < VIRTIO_SDI_MAX_QUEUES; n++) {
        if (virtio_queue_get_desc_addr(vdev, n)) {
            virtio_queue_update_used_idx(vdev, n);
            virtio_queue_restore_last_avail_idx(vdev, n);
        }
    }
}

/* Whoever notified it in the meantime does not do it again */
static void look_at_queues(VirtIODevice *vdev)
{
    if (!(vdev->status & VIRTIO_CONFIG_S_DRIVER_OK)) {
        return;
    }
    for (int n = 0; n < VIRTIO_SDI_MAX_QUEUES; n++) {
        if (virtio_queue_get_num(vdev, n)) {
            virtio_queue_notify(vdev, n);
        }
    }
}

void virtio_sdi_update_access(VirtIOSDI *sdi)
{
    VirtIODevice *vdev = virtio_bus_get_device(&sdi->bus);

    if (!vdev) {
        return;
    }
    virtio_set_disabled(vdev, !sdi->ops->is_master(sdi) || sdi->stopped);
    if (vdev->disabled || !sdi->look_up_queues) {
        return;
    }
    sdi->look_up_queues = false;
    look_up_queues(vdev);
    look_at_queues(vdev);
}

static void stop(VirtIOSDI *sdi, VirtIODevice *vdev)
{
    /* Requests that a block device has taken are done when this returns */
    bdrv_drain_all();
    sdi->stopped = true;
    sdi->generation_told = vdev->generation;
    vdev->vm_running = false;
    virtio_set_status(vdev, vdev->status);
    virtio_sdi_update_access(sdi);
}

void virtio_sdi_go_on(VirtIOSDI *sdi)
{
    VirtIODevice *vdev = virtio_bus_get_device(&sdi->bus);

    if (!sdi->stopped) {
        return;
    }
    sdi->stopped = false;
    if (!vdev) {
        return;
    }
    vdev->vm_running = runstate_is_running();
    virtio_sdi_update_access(sdi);
    virtio_set_status(vdev, vdev->status);
    if (!vdev->disabled) {
        look_at_queues(vdev);
    }
    /* A device that is disabled does not get so far as to raise a message */
    if (vdev->generation != sdi->generation_told) {
        virtio_sdi_raise(sdi, vdev->config_vector);
    }
    virtio_sdi_send_held(sdi);
}

/* The callbacks */

static bool parts_settled(void *member)
{
    return virtio_sdi_device(member);
}

static bool parts_is_stopped(void *member)
{
    VirtIOSDI *sdi = member;

    return sdi->stopped;
}

static void parts_set_stopped(void *member, bool on)
{
    VirtIOSDI *sdi = member;

    if (!on) {
        virtio_sdi_go_on(sdi);
    } else if (!sdi->stopped) {
        stop(sdi, virtio_sdi_device(sdi));
    }
}

/* A device that is being reset has the parts of one that has been reset */
static void parts_get(void *member, GByteArray *parts)
{
    VirtIOSDI *sdi = member;
    g_autofree VirtIOSDIState *s =
        save(sdi, virtio_bus_get_device(&sdi->bus));

    write_parts(s, parts);
}

static size_t parts_max_size(void *member)
{
    g_autoptr(GByteArray) parts = g_byte_array_new();

    parts_get(member, parts);
    return parts->len + VIRTIO_SDI_NET_PARTS_GROW;
}

static bool parts_set(void *member, const uint8_t *parts, size_t len)
{
    VirtIOSDI *sdi = member;
    VirtIODevice *vdev = virtio_sdi_device(sdi);
    g_autofree VirtIOSDIState *s = save(sdi, vdev);

    if (!read_parts(s, parts, len)) {
        return false;
    }
    load(sdi, vdev, s);
    return true;
}

const VirtIOAdminPartsOps virtio_sdi_parts_ops = {
    .settled = parts_settled,
    .is_stopped = parts_is_stopped,
    .set_stopped = parts_set_stopped,
    .max_size = parts_max_size,
    .get = parts_get,
    .set = parts_set,
};
