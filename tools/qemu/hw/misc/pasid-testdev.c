/*
 * PASID test device
 *
 * A PCI Express function with parts. All of them send requests with the one
 * requester ID of the function, and a part that has a PASID sends it with each
 * request. The IOMMU tells parts apart by it. The register map is
 * docs/specs/pasid-testdev.rst.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "hw/misc/pasid-testdev.h"
#include "hw/pci/pci_device.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "trace.h"

#define PASID_EXP_OFFSET                0x80
#define PASID_CAP_OFFSET                0x100

OBJECT_DECLARE_SIMPLE_TYPE(PasidTestdev, PASID_TESTDEV)

typedef struct PasidPart {
    PasidTestdev *dev;
    uint32_t index;
    bool enabled;
    uint32_t pasid;             /* as PASID_BLK_PASID */
    uint32_t faults;
    uint32_t drops;

    uint64_t src;
    uint64_t dst;
    uint32_t len;
    uint32_t pattern;
    uint32_t cmd;
    uint32_t result;
    uint32_t delay;

    bool busy;
    bool late;                  /* a command goes on that a reset has ended */
    QEMUTimer timer;
    QEMUBH *bh;
} PasidPart;

struct PasidTestdev {
    PCIDevice parent_obj;

    MemoryRegion ctrl;
    MemoryRegion pages;
    PasidPart *part;

    /* Properties */
    uint8_t num_parts;
    uint8_t width;
    bool x_no_pasid;
    bool x_dma_after_reset;
};

/* Requests */

static bool pasid_testdev_pasids_enabled(PasidTestdev *d)
{
    return pci_get_word(PCI_DEVICE(d)->config + PASID_CAP_OFFSET +
                        PCI_PASID_CTRL) & PCI_PASID_CTRL_ENABLE;
}

static bool pasid_part_has_pasid(const PasidPart *p)
{
    return p->pasid & PASID_BLK_PASID_VALID && !p->dev->x_no_pasid;
}

/* NULL: a part may not send anything, or nobody would translate it */
static AddressSpace *pasid_part_memory(PasidPart *p)
{
    PCIDevice *pdev = PCI_DEVICE(p->dev);

    if (!(pci_get_word(pdev->config + PCI_COMMAND) & PCI_COMMAND_MASTER)) {
        return NULL;
    }
    if (!p->enabled && !p->late) {
        return NULL;
    }
    if (!pasid_part_has_pasid(p)) {
        return pci_device_iommu_address_space(pdev);
    }
    if (!pasid_testdev_pasids_enabled(p->dev)) {
        return NULL;
    }
    return pci_device_iommu_address_space_pasid(pdev, p->pasid &
                                                PASID_BLK_PASID_VALUE);
}

static uint32_t pasid_part_request(PasidPart *p, uint64_t addr, void *buf,
                                   uint32_t len, bool is_write)
{
    MemTxAttrs attrs = { .requester_id = pci_requester_id(PCI_DEVICE(p->dev)) };
    AddressSpace *as = pasid_part_memory(p);

    if (!as) {
        p->drops++;
        return PASID_RESULT_DROPPED;
    }
    if (address_space_rw(as, addr, attrs, buf, len, is_write) != MEMTX_OK) {
        p->faults++;
        return PASID_RESULT_FAULT;
    }
    return PASID_RESULT_OK;
}

static uint32_t pasid_part_fill(PasidPart *p)
{
    uint8_t buf[PASID_PG_LEN_MAX];

    for (uint32_t i = 0; i < p->len; i++) {
        buf[i] = extract32(p->pattern, i % 4 * 8, 8);
    }
    return pasid_part_request(p, p->dst, buf, p->len, true);
}

static uint32_t pasid_part_copy(PasidPart *p)
{
    uint8_t buf[PASID_PG_LEN_MAX];
    uint32_t result = pasid_part_request(p, p->src, buf, p->len, false);

    if (result != PASID_RESULT_OK) {
        return result;
    }
    return pasid_part_request(p, p->dst, buf, p->len, true);
}

/* Commands */

static void pasid_part_clear(PasidPart *p)
{
    p->src = 0;
    p->dst = 0;
    p->len = 0;
    p->pattern = 0;
    p->cmd = 0;
    p->result = PASID_RESULT_NONE;
    p->delay = 0;
}

static void pasid_part_run(void *opaque)
{
    PasidPart *p = opaque;

    p->result = p->cmd == PASID_CMD_COPY ? pasid_part_copy(p) :
                                           pasid_part_fill(p);
    trace_pasid_testdev_end(p->index, p->pasid, p->cmd, p->result);
    p->busy = false;
    if (p->late) {
        p->late = false;
        pasid_part_clear(p);
    }
}

static void pasid_part_timer(void *opaque)
{
    PasidPart *p = opaque;

    qemu_bh_schedule(p->bh);
}

static void pasid_part_start(PasidPart *p, uint32_t cmd)
{
    if (cmd > PASID_CMD_FILL || p->len > PASID_PG_LEN_MAX) {
        qemu_log_mask(LOG_GUEST_ERROR, "pasid-testdev: part %" PRIu32
                      ": bad command 0x%" PRIx32 "\n", p->index, cmd);
        p->result = PASID_RESULT_BAD_CMD;
        return;
    }
    trace_pasid_testdev_start(p->index, p->pasid, cmd, p->src, p->dst, p->len);
    p->cmd = cmd;
    p->result = PASID_RESULT_BUSY;
    p->busy = true;
    timer_mod(&p->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                         (int64_t)p->delay * SCALE_US);
}

static void pasid_part_abort(PasidPart *p)
{
    if (p->busy) {
        timer_del(&p->timer);
        qemu_bh_cancel(p->bh);
        p->busy = false;
        p->result = PASID_RESULT_ABORTED;
    }
    p->late = false;
}

/* Ends what the part does, and forgets what it was told */
static void pasid_part_reset(PasidPart *p)
{
    if (p->busy && p->dev->x_dma_after_reset) {
        p->late = true;
        return;
    }
    pasid_part_abort(p);
    pasid_part_clear(p);
}

/* BAR 2 */

static uint32_t pasid_part_read(const PasidPart *p, uint32_t reg)
{
    switch (reg) {
    case PASID_PG_ID:
        return PASID_PG_ID_VALUE;
    case PASID_PG_INDEX:
        return p->index;
    case PASID_PG_SRC_LO:
        return extract64(p->src, 0, 32);
    case PASID_PG_SRC_HI:
        return extract64(p->src, 32, 32);
    case PASID_PG_DST_LO:
        return extract64(p->dst, 0, 32);
    case PASID_PG_DST_HI:
        return extract64(p->dst, 32, 32);
    case PASID_PG_LEN:
        return p->len;
    case PASID_PG_PATTERN:
        return p->pattern;
    case PASID_PG_RESULT:
        return p->result;
    case PASID_PG_DELAY:
        return p->delay;
    }
    return 0;
}

static void pasid_part_write(PasidPart *p, uint32_t reg, uint32_t val)
{
    if (reg == PASID_PG_CMD && val == PASID_CMD_STOP) {
        pasid_part_abort(p);
        return;
    }
    if (p->busy) {
        return;
    }
    switch (reg) {
    case PASID_PG_SRC_LO:
        p->src = deposit64(p->src, 0, 32, val);
        break;
    case PASID_PG_SRC_HI:
        p->src = deposit64(p->src, 32, 32, val);
        break;
    case PASID_PG_DST_LO:
        p->dst = deposit64(p->dst, 0, 32, val);
        break;
    case PASID_PG_DST_HI:
        p->dst = deposit64(p->dst, 32, 32, val);
        break;
    case PASID_PG_LEN:
        p->len = val;
        break;
    case PASID_PG_PATTERN:
        p->pattern = val;
        break;
    case PASID_PG_DELAY:
        p->delay = MIN(val, PASID_PG_DELAY_MAX);
        break;
    case PASID_PG_CMD:
        pasid_part_start(p, val);
        break;
    }
}

static PasidPart *pasid_page_part(PasidTestdev *d, hwaddr addr)
{
    uint32_t n = addr / PASID_PAGE_BYTES;

    return n < d->num_parts && d->part[n].enabled ? &d->part[n] : NULL;
}

static uint64_t pasid_pages_read(void *opaque, hwaddr addr, unsigned size)
{
    PasidPart *p = pasid_page_part(opaque, addr);

    return p ? pasid_part_read(p, addr % PASID_PAGE_BYTES) : 0;
}

static void pasid_pages_write(void *opaque, hwaddr addr, uint64_t val,
                              unsigned size)
{
    PasidPart *p = pasid_page_part(opaque, addr);

    if (p) {
        pasid_part_write(p, addr % PASID_PAGE_BYTES, val);
    }
}

static const MemoryRegionOps pasid_pages_ops = {
    .read = pasid_pages_read,
    .write = pasid_pages_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

/* BAR 0 */

static uint32_t pasid_block_read(const PasidPart *p, uint32_t reg)
{
    switch (reg) {
    case PASID_BLK_CTRL:
        return p->enabled ? PASID_BLK_CTRL_ENABLE : 0;
    case PASID_BLK_STATUS:
        return (p->enabled ? PASID_BLK_STATUS_ENABLED : 0) |
               (p->busy && !p->late ? PASID_BLK_STATUS_BUSY : 0);
    case PASID_BLK_PASID:
        return p->pasid;
    case PASID_BLK_FAULTS:
        return p->faults;
    case PASID_BLK_DROPS:
        return p->drops;
    }
    return 0;
}

static void pasid_block_control(PasidPart *p, uint32_t val)
{
    bool enable = val & PASID_BLK_CTRL_ENABLE;

    trace_pasid_testdev_control(p->index, p->pasid, val);
    if (val & PASID_BLK_CTRL_RESET || !enable) {
        pasid_part_reset(p);
    }
    p->enabled = enable;
}

/* What a part sends must not change its address space half-way */
static void pasid_block_set_pasid(PasidPart *p, uint32_t val)
{
    uint32_t pasid = val & PASID_BLK_PASID_VALUE;

    if (p->enabled || p->busy || pasid >> p->dev->width) {
        qemu_log_mask(LOG_GUEST_ERROR, "pasid-testdev: part %" PRIu32
                      ": PASID 0x%" PRIx32 " refused\n", p->index, val);
        return;
    }
    p->pasid = val & PASID_BLK_PASID_VALID ? PASID_BLK_PASID_VALID | pasid : 0;
}

static PasidPart *pasid_block_part(PasidTestdev *d, hwaddr addr)
{
    uint32_t n = (addr - PASID_BLOCK(0)) / (PASID_BLOCK(1) - PASID_BLOCK(0));

    return addr >= PASID_BLOCK(0) && n < d->num_parts ? &d->part[n] : NULL;
}

static uint64_t pasid_ctrl_read(void *opaque, hwaddr addr, unsigned size)
{
    PasidTestdev *d = opaque;
    PasidPart *p = pasid_block_part(d, addr);

    if (p) {
        return pasid_block_read(p, addr - PASID_BLOCK(p->index));
    }
    switch (addr) {
    case PASID_MAGIC:
        return PASID_MAGIC_VALUE;
    case PASID_VERSION:
        return PASID_VERSION_VALUE;
    case PASID_PARTS:
        return d->num_parts;
    }
    return 0;
}

static void pasid_ctrl_write(void *opaque, hwaddr addr, uint64_t val,
                             unsigned size)
{
    PasidPart *p = pasid_block_part(opaque, addr);

    if (!p) {
        return;
    }
    switch (addr - PASID_BLOCK(p->index)) {
    case PASID_BLK_CTRL:
        pasid_block_control(p, val);
        break;
    case PASID_BLK_PASID:
        pasid_block_set_pasid(p, val);
        break;
    }
}

static const MemoryRegionOps pasid_ctrl_ops = {
    .read = pasid_ctrl_read,
    .write = pasid_ctrl_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

/* Life */

/* Requests that neither execute nor are privileged */
static void pasid_testdev_init_cap(PasidTestdev *d)
{
    PCIDevice *pdev = PCI_DEVICE(d);

    pcie_add_capability(pdev, PCI_EXT_CAP_ID_PASID, 1, PASID_CAP_OFFSET,
                        PCI_EXT_CAP_PASID_SIZEOF);
    pci_set_word(pdev->config + PASID_CAP_OFFSET + PCI_PASID_CAP,
                 d->width << 8);
    pci_set_word(pdev->wmask + PASID_CAP_OFFSET + PCI_PASID_CTRL,
                 PCI_PASID_CTRL_ENABLE);
}

static void pasid_testdev_init_bars(PasidTestdev *d)
{
    PCIDevice *pdev = PCI_DEVICE(d);

    memory_region_init_io(&d->ctrl, OBJECT(d), &pasid_ctrl_ops, d,
                          "pasid-testdev-ctrl", PASID_BAR_CTRL_SIZE);
    pci_register_bar(pdev, PASID_BAR_CTRL, PCI_BASE_ADDRESS_MEM_TYPE_64,
                     &d->ctrl);
    memory_region_init_io(&d->pages, OBJECT(d), &pasid_pages_ops, d,
                          "pasid-testdev-pages",
                          pow2ceil(d->num_parts) * PASID_PAGE_BYTES);
    pci_register_bar(pdev, PASID_BAR_PAGES, PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &d->pages);
}

static void pasid_testdev_init_parts(PasidTestdev *d)
{
    d->part = g_new0(PasidPart, d->num_parts);
    for (uint32_t n = 0; n < d->num_parts; n++) {
        PasidPart *p = &d->part[n];

        p->dev = d;
        p->index = n;
        timer_init_ns(&p->timer, QEMU_CLOCK_VIRTUAL, pasid_part_timer, p);
        p->bh = qemu_bh_new_guarded(pasid_part_run, p,
                                    &DEVICE(d)->mem_reentrancy_guard);
    }
}

static void pasid_testdev_realize(PCIDevice *pdev, Error **errp)
{
    PasidTestdev *d = PASID_TESTDEV(pdev);

    if (!d->num_parts || d->num_parts > PASID_PARTS_MAX) {
        error_setg(errp, "parts is 1 to %d", PASID_PARTS_MAX);
        return;
    }
    /* An address space is never freed: bounds how many a guest can have made */
    if (!d->width || d->width > 8) {
        error_setg(errp, "pasid-width is 1 to 8");
        return;
    }
    if (pcie_endpoint_cap_init(pdev, PASID_EXP_OFFSET) < 0) {
        error_setg(errp, "no room for the PCI Express capability");
        return;
    }
    pcie_cap_flr_init(pdev);
    pasid_testdev_init_cap(d);
    pasid_testdev_init_bars(d);
    pasid_testdev_init_parts(d);
}

static void pasid_testdev_exit(PCIDevice *pdev)
{
    PasidTestdev *d = PASID_TESTDEV(pdev);

    for (uint32_t n = 0; n < d->num_parts; n++) {
        pasid_part_abort(&d->part[n]);
        timer_deinit(&d->part[n].timer);
        qemu_bh_delete(d->part[n].bh);
    }
    d->num_parts = 0;
    g_clear_pointer(&d->part, g_free);
    pcie_cap_exit(pdev);
}

static void pasid_testdev_reset_hold(Object *obj, ResetType type)
{
    PasidTestdev *d = PASID_TESTDEV(obj);
    PCIDevice *pdev = PCI_DEVICE(obj);

    for (uint32_t n = 0; n < d->num_parts; n++) {
        PasidPart *p = &d->part[n];

        pasid_part_abort(p);
        pasid_part_clear(p);
        p->enabled = false;
        p->pasid = 0;
        p->faults = 0;
        p->drops = 0;
    }
    pci_set_word(pdev->config + PASID_CAP_OFFSET + PCI_PASID_CTRL, 0);
}

static void pasid_testdev_config_write(PCIDevice *pdev, uint32_t addr,
                                       uint32_t val, int len)
{
    pci_default_write_config(pdev, addr, val, len);
    pcie_cap_flr_write_config(pdev, addr, val, len);
}

static const Property pasid_testdev_properties[] = {
    DEFINE_PROP_UINT8("parts", PasidTestdev, num_parts, 5),
    DEFINE_PROP_UINT8("pasid-width", PasidTestdev, width, 8),
    DEFINE_PROP_BOOL("x-no-pasid", PasidTestdev, x_no_pasid, false),
    DEFINE_PROP_BOOL("x-dma-after-reset", PasidTestdev, x_dma_after_reset,
                     false),
};

/* A fixture for one run: its state is not worth moving */
static const VMStateDescription pasid_testdev_vmstate = {
    .name = TYPE_PASID_TESTDEV,
    .unmigratable = 1,
};

static void pasid_testdev_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    pc->realize = pasid_testdev_realize;
    pc->exit = pasid_testdev_exit;
    pc->config_write = pasid_testdev_config_write;
    pc->vendor_id = PASID_TESTDEV_VENDOR_ID;
    pc->device_id = PASID_TESTDEV_DEVICE_ID;
    pc->revision = 1;
    pc->class_id = PCI_CLASS_OTHERS;

    rc->phases.hold = pasid_testdev_reset_hold;

    dc->desc = "PASID test device";
    dc->vmsd = &pasid_testdev_vmstate;
    device_class_set_props(dc, pasid_testdev_properties);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo pasid_testdev_types[] = {
    {
        .name = TYPE_PASID_TESTDEV,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(PasidTestdev),
        .class_init = pasid_testdev_class_init,
        .interfaces = (InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { }
        },
    },
};

DEFINE_TYPES(pasid_testdev_types)
