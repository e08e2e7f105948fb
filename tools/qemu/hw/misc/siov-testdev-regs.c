/*
 * SIOV test device: BARs and the life of an SDI
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/log.h"
#include "siov-testdev-int.h"
#include "trace.h"

/* SDIs */

SIOVSdi *siov_sdi_get(SIOVTestdev *d, uint32_t n)
{
    SIOVSdi *sdi = d->sdis[n];

    if (!sdi) {
        sdi = g_new0(SIOVSdi, 1);
        siov_engine_init(&sdi->engine, d, n);
        siov_sdi_clear_messages(sdi);
        d->sdis[n] = sdi;
    }
    return sdi;
}

static void siov_sdi_clear(SIOVSdi *sdi)
{
    if (!sdi->engine.dev->x_reset_keeps_state) {
        siov_engine_clear(&sdi->engine);
        siov_sdi_clear_messages(sdi);
    }
}

static void siov_sdi_reset(SIOVTestdev *d, SIOVSdi *sdi)
{
    d->counters[SIOV_CNT_SDI_RESET]++;
    pcie_siov_sdi_set_master(&d->siov, sdi->engine.index, false);
    if (siov_engine_stop(&sdi->engine)) {
        siov_sdi_clear(sdi);
    } else {
        sdi->engine.resetting = true;
    }
}

static void siov_sdi_disable(SIOVTestdev *d, SIOVSdi *sdi)
{
    d->counters[SIOV_CNT_DISABLE]++;
    if (siov_engine_stop(&sdi->engine)) {
        siov_sdi_clear(sdi);
    }
    pcie_siov_sdi_disable(&d->siov, sdi->engine.index);
}

bool siov_sdi_enable(SIOVTestdev *d, uint32_t n)
{
    SIOVSdi *sdi = siov_sdi_get(d, n);

    if (!pcie_siov_sdi_enable(&d->siov, n)) {
        return false;
    }
    d->counters[SIOV_CNT_ENABLE]++;
    sdi->generation++;
    sdi->dma_count = 0;
    sdi->fault_count = 0;
    sdi->msi_count = 0;
    sdi->drop_count = 0;
    return true;
}

void siov_testdev_disable_all(SIOVTestdev *d)
{
    for (uint32_t n = 0; n < d->total_sdis; n++) {
        SIOVSdi *sdi = d->sdis[n];

        if (!sdi) {
            continue;
        }
        siov_engine_kill(&sdi->engine);
        siov_sdi_clear_messages(sdi);
        sdi->error = SIOV_ERR_NONE;
        if (pcie_siov_sdi_enabled(&d->siov, n)) {
            d->counters[SIOV_CNT_DISABLE]++;
            pcie_siov_sdi_disable(&d->siov, n);
        } else {
            pcie_siov_sdi_clear_rid(&d->siov, n);
        }
    }
}

static uint32_t siov_sdi_status(SIOVTestdev *d, uint32_t n)
{
    SIOVSdi *sdi = d->sdis[n];
    uint32_t val = 0;

    if (pcie_siov_sdi_enabled(&d->siov, n)) {
        val |= SIOV_BLK_STATUS_ENABLED;
    }
    if (sdi && sdi->engine.busy) {
        val |= SIOV_BLK_STATUS_BUSY;
    }
    return val;
}

static uint32_t siov_sdi_read_rid(SIOVTestdev *d, uint32_t n)
{
    uint32_t val = 0;
    uint16_t rid;

    if (pcie_siov_sdi_rid(&d->siov, n, &rid)) {
        val = rid | SIOV_BLK_RID_VALID;
    }
    if (test_bit(n, d->siov.has_rid)) {
        val |= SIOV_BLK_RID_SOFTWARE;
    }
    return val;
}

/* BAR 4: control blocks */

static uint32_t siov_blk_read_ctrl(SIOVTestdev *d, uint32_t n)
{
    SIOVSdi *sdi = d->sdis[n];
    uint32_t val = 0;

    if (pcie_siov_sdi_enabled(&d->siov, n)) {
        val |= SIOV_BLK_CTRL_ENABLE;
    }
    if (test_bit(n, d->siov.master)) {
        val |= SIOV_BLK_CTRL_MASTER;
    }
    if (sdi && sdi->engine.resetting) {
        val |= SIOV_BLK_CTRL_RESET;
    }
    if (sdi && sdi->engine.draining) {
        val |= SIOV_BLK_CTRL_DRAIN;
    }
    return val;
}

static uint32_t siov_blk_ctrl_error(SIOVTestdev *d, SIOVSdi *sdi, uint32_t val)
{
    uint32_t n = sdi->engine.index;
    bool enabled = pcie_siov_sdi_enabled(&d->siov, n);
    bool enable = val & SIOV_BLK_CTRL_ENABLE && !enabled;
    uint16_t rid;

    if (val & (SIOV_BLK_CTRL_RESET | SIOV_BLK_CTRL_DRAIN) || enable) {
        if (sdi->engine.resetting || (!enabled && sdi->engine.busy)) {
            return SIOV_ERR_BUSY;
        }
    }
    if (enable && n == d->x_enable_fail_at) {
        return SIOV_ERR_FAILED;
    }
    if (enable && !pcie_siov_sdi_rid(&d->siov, n, &rid)) {
        return SIOV_ERR_NO_RID;
    }
    return SIOV_ERR_NONE;
}

static void siov_blk_write_ctrl(SIOVTestdev *d, SIOVSdi *sdi, uint32_t val)
{
    uint32_t n = sdi->engine.index;

    sdi->error = siov_blk_ctrl_error(d, sdi, val);
    if (sdi->error) {
        return;
    }
    if (val & SIOV_BLK_CTRL_ENABLE) {
        if (!pcie_siov_sdi_enabled(&d->siov, n)) {
            siov_sdi_enable(d, n);
        }
        pcie_siov_sdi_set_master(&d->siov, n, val & SIOV_BLK_CTRL_MASTER);
    } else if (pcie_siov_sdi_enabled(&d->siov, n)) {
        siov_sdi_disable(d, sdi);
        return;
    }
    if (val & SIOV_BLK_CTRL_RESET) {
        siov_sdi_reset(d, sdi);
    }
    if (val & SIOV_BLK_CTRL_DRAIN) {
        siov_engine_drain(&sdi->engine);
    }
}

static uint32_t siov_blk_write_rid(SIOVTestdev *d, uint32_t n, uint32_t val)
{
    if (!d->software) {
        return SIOV_ERR_UNSUPPORTED;
    }
    if (pcie_siov_sdi_enabled(&d->siov, n)) {
        return SIOV_ERR_ENABLED;
    }
    if (!(val & SIOV_BLK_RID_SOFTWARE)) {
        pcie_siov_sdi_clear_rid(&d->siov, n);
        return SIOV_ERR_NONE;
    }
    if (!pcie_siov_sdi_set_rid(&d->siov, n, val & SIOV_BLK_RID_MASK)) {
        return SIOV_ERR_NOT_ALLOWED;
    }
    return SIOV_ERR_NONE;
}

static uint32_t siov_blk_read_message(SIOVTestdev *d, uint32_t n, uint32_t reg)
{
    if (!pcie_siov_sdi_enabled(&d->siov, n)) {
        return reg % 0x10 == SIOV_MSG_CTRL ? SIOV_MSG_CTRL_MASK : 0;
    }
    return d->sdis[n]->msg[reg / 0x10].reg[reg % 0x10 / 4];
}

static uint32_t siov_blk_read(SIOVTestdev *d, uint32_t n, uint32_t reg)
{
    SIOVSdi *sdi = d->sdis[n];

    if (reg >= SIOV_BLK_MSG(0)) {
        return siov_blk_read_message(d, n, reg - SIOV_BLK_MSG(0));
    }
    switch (reg) {
    case SIOV_BLK_CTRL:
        return siov_blk_read_ctrl(d, n);
    case SIOV_BLK_STATUS:
        return siov_sdi_status(d, n) |
               (sdi ? sdi->error << SIOV_BLK_STATUS_ERROR_SHIFT : 0);
    case SIOV_BLK_RID:
        return siov_sdi_read_rid(d, n);
    case SIOV_BLK_GENERATION:
        return sdi ? sdi->generation : 0;
    case SIOV_BLK_DMA_COUNT:
        return sdi ? sdi->dma_count : 0;
    case SIOV_BLK_FAULT_COUNT:
        return sdi ? sdi->fault_count : 0;
    case SIOV_BLK_MSI_COUNT:
        return sdi ? sdi->msi_count : 0;
    case SIOV_BLK_DROP_COUNT:
        return sdi ? sdi->drop_count : 0;
    }
    return 0;
}

static void siov_blk_write(SIOVTestdev *d, uint32_t n, uint32_t reg,
                           uint32_t val)
{
    SIOVSdi *sdi;

    if (reg >= SIOV_BLK_MSG(0)) {
        if (pcie_siov_sdi_enabled(&d->siov, n)) {
            siov_sdi_write_message(d->sdis[n], reg - SIOV_BLK_MSG(0), val);
        }
        return;
    }
    if (reg != SIOV_BLK_CTRL && reg != SIOV_BLK_RID) {
        return;
    }
    sdi = siov_sdi_get(d, n);
    if (reg == SIOV_BLK_CTRL) {
        siov_blk_write_ctrl(d, sdi, val);
    } else {
        sdi->error = siov_blk_write_rid(d, n, val);
    }
    trace_siov_testdev_block(n, reg, val, sdi->error);
    if (sdi->error) {
        d->counters[SIOV_CNT_REFUSED]++;
    }
}

static uint32_t siov_blocks_read_reg(SIOVTestdev *d, hwaddr addr)
{
    uint32_t n = addr / SIOV_BLOCK_BYTES;

    if (siov_testdev_is_gone(d)) {
        return UINT32_MAX;
    }
    return n < d->total_sdis ? siov_blk_read(d, n, addr % SIOV_BLOCK_BYTES) : 0;
}

static uint64_t siov_blocks_read(void *opaque, hwaddr addr, unsigned size)
{
    return siov_lanes(siov_blocks_read_reg(opaque, siov_reg(addr)), addr, size);
}

static void siov_blocks_write(void *opaque, hwaddr addr, uint64_t val,
                              unsigned size)
{
    SIOVTestdev *d = opaque;
    uint32_t n = addr / SIOV_BLOCK_BYTES;

    if (siov_is_whole(size) && !siov_testdev_is_gone(d) && n < d->total_sdis) {
        siov_blk_write(d, n, addr % SIOV_BLOCK_BYTES, val);
    }
}

const MemoryRegionOps siov_blocks_ops = {
    .read = siov_blocks_read,
    .write = siov_blocks_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};

/* BAR 2: SDI pages. One region, as thousands of them are too much for QEMU */

static uint32_t siov_pages_read_reg(SIOVTestdev *d, hwaddr addr)
{
    uint32_t n = addr / SIOV_PAGE_BYTES;
    uint32_t reg = addr % SIOV_PAGE_BYTES;

    if (siov_testdev_is_gone(d)) {
        return UINT32_MAX;
    }
    if (n >= d->total_sdis) {
        return 0;
    }
    switch (reg) {
    case SIOV_PG_ID:
        return SIOV_PG_ID_VALUE;
    case SIOV_PG_INDEX:
        return n;
    case SIOV_PG_STATUS:
        return siov_sdi_status(d, n);
    case SIOV_PG_RID:
        return siov_sdi_read_rid(d, n);
    }
    if (!pcie_siov_sdi_enabled(&d->siov, n)) {
        return 0;
    }
    return siov_engine_read(&d->sdis[n]->engine, reg);
}

static uint64_t siov_pages_read(void *opaque, hwaddr addr, unsigned size)
{
    return siov_lanes(siov_pages_read_reg(opaque, siov_reg(addr)), addr, size);
}

static void siov_pages_write(void *opaque, hwaddr addr, uint64_t val,
                             unsigned size)
{
    SIOVTestdev *d = opaque;
    uint32_t n = addr / SIOV_PAGE_BYTES;

    if (!siov_is_whole(size) || siov_testdev_is_gone(d)) {
        return;
    }
    if (n < d->total_sdis && pcie_siov_sdi_enabled(&d->siov, n)) {
        siov_engine_write(&d->sdis[n]->engine, addr % SIOV_PAGE_BYTES, val);
    }
}

const MemoryRegionOps siov_pages_ops = {
    .read = siov_pages_read,
    .write = siov_pages_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};

/* BAR 0: identification, control, the PF's engine, the allowlist */

static uint32_t siov_features(const SIOVTestdev *d)
{
    uint32_t val = SIOV_FEAT_DMA | SIOV_FEAT_ERROR;

    if (d->has_siov) {
        val |= SIOV_FEAT_MSI;
        val |= d->strided ? SIOV_FEAT_STRIDED : 0;
        val |= d->software ? SIOV_FEAT_SOFTWARE : 0;
        val |= d->allowlist ? SIOV_FEAT_ALLOWLIST : 0;
    }
    val |= d->x_forge ? SIOV_FEAT_FORGE : 0;
    return val;
}

static uint64_t siov_counter(const SIOVTestdev *d, uint32_t n)
{
    switch (n) {
    case SIOV_CNT_CFG_READ_SDI:
        return d->siov.config_reads;
    case SIOV_CNT_CFG_WRITE_SDI:
        return d->siov.config_writes;
    }
    return d->counters[n];
}

static void siov_clear_counters(SIOVTestdev *d)
{
    memset(d->counters, 0, sizeof(d->counters));
    d->siov.config_reads = 0;
    d->siov.config_writes = 0;
    d->last_drop = SIOV_DROP_NONE;
    d->last_drop_rid = 0;
}

static uint32_t siov_ctrl_read_reg(SIOVTestdev *d, uint32_t reg)
{
    switch (reg) {
    case SIOV_MAGIC:
        return SIOV_MAGIC_VALUE;
    case SIOV_VERSION:
        return SIOV_VERSION_VALUE;
    case SIOV_FEATURES:
        return siov_features(d);
    case SIOV_TOTAL:
        return d->total_sdis;
    case SIOV_VECTORS:
        return SIOV_BLK_NUM_VECTORS;
    case SIOV_PF_RID:
        return pci_requester_id(PCI_DEVICE(d));
    case SIOV_PAGE_SIZE:
        return SIOV_PAGE_BYTES;
    case SIOV_BLOCK_SIZE:
        return SIOV_BLOCK_BYTES;
    case SIOV_STATUS:
        return (d->siov.num_enabled ? SIOV_STATUS_ENABLED : 0) |
               (d->num_busy ? SIOV_STATUS_BUSY : 0);
    case SIOV_NUM_ENABLED:
        return d->siov.num_enabled;
    case SIOV_SCRATCH:
        return d->scratch;
    case SIOV_LAST_DROP:
        return d->last_drop;
    case SIOV_LAST_DROP_RID:
        return d->last_drop_rid;
    case SIOV_COUNTER(0) ... SIOV_COUNTER(SIOV_NUM_COUNTERS) - 1:
        return siov_counter(d, (reg - SIOV_COUNTERS) / 8) >> (reg % 8 * 8);
    }
    return 0;
}

static void siov_ctrl_write_reg(SIOVTestdev *d, uint32_t reg, uint32_t val)
{
    switch (reg) {
    case SIOV_CTRL:
        if (val & SIOV_CTRL_RESET) {
            siov_testdev_disable_all(d);
        }
        if (val & SIOV_CTRL_CLEAR) {
            siov_clear_counters(d);
        }
        break;
    case SIOV_SCRATCH:
        d->scratch = val;
        break;
    }
}

static uint32_t siov_pf_page_read(SIOVTestdev *d, uint32_t reg)
{
    switch (reg) {
    case SIOV_PG_ID:
        return SIOV_PG_ID_VALUE;
    case SIOV_PG_INDEX:
        return SIOV_PG_INDEX_PF;
    case SIOV_PG_STATUS:
        return SIOV_BLK_STATUS_ENABLED |
               (d->pf_engine.busy ? SIOV_BLK_STATUS_BUSY : 0);
    case SIOV_PG_RID:
        return pci_requester_id(PCI_DEVICE(d)) | SIOV_BLK_RID_VALID;
    }
    return siov_engine_read(&d->pf_engine, reg);
}

static bool siov_in_allowlist(const SIOVTestdev *d, uint32_t addr)
{
    return d->has_siov && d->allowlist && addr >= SIOV_ALLOWLIST &&
           addr < SIOV_ALLOWLIST + SIOV_ALLOWLIST_SIZE;
}

static uint32_t siov_allowlist_read(SIOVTestdev *d, uint32_t offset)
{
    uint32_t val = 0;

    for (int i = 0; i < 32; i++) {
        val |= (uint32_t)test_bit(offset * 8 + i, d->siov.allow) << i;
    }
    return val;
}

static void siov_allowlist_write(SIOVTestdev *d, uint32_t offset, uint32_t val)
{
    for (int i = 0; i < 32; i++) {
        if (val & 1u << i) {
            set_bit(offset * 8 + i, d->siov.allow);
        } else {
            clear_bit(offset * 8 + i, d->siov.allow);
        }
    }
}

static uint32_t siov_ctrl_read_any(SIOVTestdev *d, hwaddr addr)
{
    if (siov_testdev_is_gone(d)) {
        return UINT32_MAX;
    }
    if (addr < SIOV_PF_ENGINE) {
        return siov_ctrl_read_reg(d, addr);
    }
    if (addr < SIOV_PF_ENGINE + SIOV_PAGE_BYTES) {
        return siov_pf_page_read(d, addr - SIOV_PF_ENGINE);
    }
    if (siov_in_allowlist(d, addr)) {
        return siov_allowlist_read(d, addr - SIOV_ALLOWLIST);
    }
    return 0;
}

static uint64_t siov_ctrl_read(void *opaque, hwaddr addr, unsigned size)
{
    return siov_lanes(siov_ctrl_read_any(opaque, siov_reg(addr)), addr, size);
}

static void siov_ctrl_write(void *opaque, hwaddr addr, uint64_t val,
                            unsigned size)
{
    SIOVTestdev *d = opaque;

    if (!siov_is_whole(size) || siov_testdev_is_gone(d)) {
        return;
    }
    if (addr < SIOV_PF_ENGINE) {
        siov_ctrl_write_reg(d, addr, val);
    } else if (addr < SIOV_PF_ENGINE + SIOV_PAGE_BYTES) {
        siov_engine_write(&d->pf_engine, addr - SIOV_PF_ENGINE, val);
    } else if (siov_in_allowlist(d, addr)) {
        siov_allowlist_write(d, addr - SIOV_ALLOWLIST, val);
    }
}

const MemoryRegionOps siov_ctrl_ops = {
    .read = siov_ctrl_read,
    .write = siov_ctrl_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};
