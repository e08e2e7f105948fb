/*
 * SIOV test device: BARs and the life of an SDI
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "siov-testdev-int.h"
#include "trace.h"

#define SIOV_MAX_WARNINGS               16

void siov_too_early(SIOVTestdev *d, const char *what, uint32_t n)
{
    trace_siov_testdev_too_early(what, n);
    if (d->counters[SIOV_CNT_TOO_EARLY]++ >= SIOV_MAX_WARNINGS) {
        return;
    }
    if (n == SIOV_PG_INDEX_PF) {
        warn_report("SIOV violation: too early: %s", what);
    } else {
        warn_report("SIOV violation: too early: %s, SDI %" PRIu32, what, n);
    }
}

/* SDIs */

static void siov_sdi_change_ends(void *opaque);

uint32_t siov_sdi_vectors(const SIOVTestdev *d, uint32_t n)
{
    uint64_t vectors = d->vectors + (uint64_t)(n % 8) * d->x_vectors_step;

    return MIN(vectors, SIOV_BLK_MAX_VECTORS);
}

SIOVSdi *siov_sdi_get(SIOVTestdev *d, uint32_t n)
{
    SIOVSdi *sdi = d->sdis[n];

    if (!sdi) {
        sdi = g_new0(SIOVSdi, 1);
        siov_engine_init(&sdi->engine, d, n);
        sdi->num_msgs = siov_sdi_vectors(d, n);
        sdi->msg = g_new0(SIOVMessage, sdi->num_msgs);
        siov_sdi_clear_messages(sdi);
        timer_init_ns(&sdi->timer, QEMU_CLOCK_VIRTUAL, siov_sdi_change_ends,
                      sdi);
        d->sdis[n] = sdi;
    }
    return sdi;
}

void siov_sdi_free(SIOVSdi *sdi)
{
    siov_engine_free(&sdi->engine);
    timer_del(&sdi->timer);
    timer_deinit(&sdi->timer);
    g_free(sdi->msg);
    g_free(sdi);
}

bool siov_sdi_is_changing(const SIOVSdi *sdi)
{
    return sdi && sdi->change != SIOV_STEADY;
}

static void siov_sdi_clear(SIOVSdi *sdi)
{
    if (!sdi->engine.dev->x_reset_keeps_state) {
        siov_engine_clear(&sdi->engine);
        siov_sdi_clear_messages(sdi);
        sdi->rung = 0;
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

/* What takes its time, and what of it is the last step */

static void siov_sdi_refuse(SIOVTestdev *d, SIOVSdi *sdi, uint32_t error)
{
    sdi->error = error;
    if (error) {
        d->counters[SIOV_CNT_REFUSED]++;
    }
}

static void siov_sdi_commit_enable(SIOVTestdev *d, SIOVSdi *sdi)
{
    uint32_t n = sdi->engine.index;

    if (n == d->x_enable_fail_at) {
        siov_sdi_refuse(d, sdi, SIOV_ERR_FAILED);
        return;
    }
    if (!siov_sdi_enable(d, n)) {
        siov_sdi_refuse(d, sdi, SIOV_ERR_NO_RID);
        return;
    }
    pcie_siov_sdi_set_master(&d->siov, n, sdi->wanted & SIOV_BLK_CTRL_MASTER);
    if (sdi->wanted & SIOV_BLK_CTRL_RESET) {
        siov_sdi_reset(d, sdi);
    }
}

static void siov_sdi_commit(SIOVTestdev *d, SIOVSdi *sdi)
{
    SIOVChange change = sdi->change;

    sdi->change = SIOV_STEADY;
    switch (change) {
    case SIOV_ENABLING:
        siov_sdi_commit_enable(d, sdi);
        break;
    case SIOV_DISABLING:
        if (pcie_siov_sdi_enabled(&d->siov, sdi->engine.index)) {
            siov_sdi_disable(d, sdi);
        } else {
            pcie_siov_sdi_clear_rid(&d->siov, sdi->engine.index);
        }
        break;
    case SIOV_RESETTING:
        siov_sdi_reset(d, sdi);
        break;
    case SIOV_STEADY:
        break;
    }
}

static void siov_sdi_change_ends(void *opaque)
{
    SIOVSdi *sdi = opaque;
    SIOVTestdev *d = sdi->engine.dev;

    siov_sdi_commit(d, sdi);
    siov_queue_kick(d);
}

static uint32_t siov_change_us(const SIOVTestdev *d, SIOVChange change)
{
    switch (change) {
    case SIOV_ENABLING:
        return d->x_enable_us;
    case SIOV_DISABLING:
        return d->x_disable_us;
    case SIOV_RESETTING:
        return d->x_reset_us;
    case SIOV_STEADY:
        break;
    }
    return 0;
}

static void siov_sdi_begin(SIOVTestdev *d, SIOVSdi *sdi, SIOVChange change,
                           uint32_t val)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint32_t us = siov_change_us(d, change);

    timer_del(&sdi->timer);
    sdi->change = change;
    sdi->wanted = val;
    if (change == SIOV_ENABLING && sdi->engine.index == d->x_enable_hang_at) {
        return;
    }
    if (us) {
        timer_mod(&sdi->timer, now + (int64_t)us * SCALE_US);
    } else {
        siov_sdi_commit(d, sdi);
    }
}

static void siov_sdi_cancel(SIOVSdi *sdi)
{
    timer_del(&sdi->timer);
    sdi->change = SIOV_STEADY;
}

void siov_sdi_cancel_enable(SIOVSdi *sdi)
{
    if (sdi->change == SIOV_ENABLING) {
        siov_sdi_cancel(sdi);
        pcie_siov_sdi_clear_rid(&sdi->engine.dev->siov, sdi->engine.index);
    }
}

static uint32_t siov_sdi_control_error(SIOVTestdev *d, SIOVSdi *sdi,
                                       uint32_t val)
{
    uint32_t n = sdi->engine.index;
    bool enabled = pcie_siov_sdi_enabled(&d->siov, n);
    bool enable = val & SIOV_BLK_CTRL_ENABLE && !enabled;
    uint16_t rid;

    if (sdi->change == SIOV_ENABLING && !(val & SIOV_BLK_CTRL_ENABLE)) {
        return SIOV_ERR_NONE;
    }
    if (siov_sdi_is_changing(sdi)) {
        siov_too_early(d, "CTRL written during a change", n);
        return SIOV_ERR_BUSY;
    }
    if (val & (SIOV_BLK_CTRL_RESET | SIOV_BLK_CTRL_DRAIN) || enable) {
        if (sdi->engine.resetting || (!enabled && sdi->engine.busy)) {
            return SIOV_ERR_BUSY;
        }
    }
    if (enable && !pcie_siov_sdi_rid(&d->siov, n, &rid)) {
        return SIOV_ERR_NO_RID;
    }
    return SIOV_ERR_NONE;
}

static void siov_sdi_control_enabled(SIOVTestdev *d, SIOVSdi *sdi, uint32_t val)
{
    pcie_siov_sdi_set_master(&d->siov, sdi->engine.index,
                             val & SIOV_BLK_CTRL_MASTER);
    if (val & SIOV_BLK_CTRL_RESET) {
        siov_sdi_begin(d, sdi, SIOV_RESETTING, val);
    } else if (val & SIOV_BLK_CTRL_DRAIN) {
        siov_engine_drain(&sdi->engine);
    }
}

uint32_t siov_sdi_control(SIOVTestdev *d, SIOVSdi *sdi, uint32_t val)
{
    bool enabled = pcie_siov_sdi_enabled(&d->siov, sdi->engine.index);

    siov_sdi_refuse(d, sdi, siov_sdi_control_error(d, sdi, val));
    if (sdi->error) {
        return sdi->error;
    }
    if (val & SIOV_BLK_CTRL_ENABLE) {
        if (enabled) {
            siov_sdi_control_enabled(d, sdi, val);
        } else {
            siov_sdi_begin(d, sdi, SIOV_ENABLING, val);
        }
    } else if (enabled || siov_sdi_is_changing(sdi)) {
        siov_sdi_begin(d, sdi, SIOV_DISABLING, val);
    } else if (val & SIOV_BLK_CTRL_RESET) {
        siov_sdi_reset(d, sdi);
    }
    return sdi->error;
}

static uint32_t siov_sdi_rid_error(SIOVTestdev *d, uint32_t n, uint32_t val)
{
    if (!d->software) {
        return SIOV_ERR_UNSUPPORTED;
    }
    if (siov_sdi_is_changing(d->sdis[n])) {
        siov_too_early(d, "RID written during a change", n);
        return SIOV_ERR_BUSY;
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

uint32_t siov_sdi_set_rid(SIOVTestdev *d, uint32_t n, uint32_t val)
{
    SIOVSdi *sdi = siov_sdi_get(d, n);

    siov_sdi_refuse(d, sdi, siov_sdi_rid_error(d, n, val));
    return sdi->error;
}

void siov_testdev_disable_all(SIOVTestdev *d)
{
    for (uint32_t n = 0; n < d->total_sdis; n++) {
        SIOVSdi *sdi = d->sdis[n];

        if (!sdi) {
            continue;
        }
        siov_sdi_cancel(sdi);
        siov_engine_kill(&sdi->engine);
        siov_sdi_clear_messages(sdi);
        sdi->rung = 0;
        sdi->error = SIOV_ERR_NONE;
        if (pcie_siov_sdi_enabled(&d->siov, n)) {
            d->counters[SIOV_CNT_DISABLE]++;
            pcie_siov_sdi_disable(&d->siov, n);
        } else {
            pcie_siov_sdi_clear_rid(&d->siov, n);
        }
    }
    siov_queue_kick(d);
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
    if (siov_sdi_is_changing(sdi)) {
        val |= SIOV_BLK_STATUS_CHANGING;
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

/* ENABLE and RESET as they were written, even if that is not done yet */
static uint32_t siov_blk_read_ctrl(SIOVTestdev *d, uint32_t n)
{
    SIOVSdi *sdi = d->sdis[n];
    SIOVChange change = sdi ? sdi->change : SIOV_STEADY;
    uint32_t val = 0;

    if (change == SIOV_ENABLING || (change != SIOV_DISABLING &&
                                    pcie_siov_sdi_enabled(&d->siov, n))) {
        val |= SIOV_BLK_CTRL_ENABLE;
    }
    if (test_bit(n, d->siov.master)) {
        val |= SIOV_BLK_CTRL_MASTER;
    }
    if (change == SIOV_RESETTING || (sdi && sdi->engine.resetting)) {
        val |= SIOV_BLK_CTRL_RESET;
    }
    if (sdi && sdi->engine.draining) {
        val |= SIOV_BLK_CTRL_DRAIN;
    }
    return val;
}

/* With a command queue, that is the only way to enable, disable and reset */
static bool siov_blk_wants_queue(SIOVTestdev *d, uint32_t n, uint32_t reg,
                                 uint32_t val)
{
    bool enable = val & SIOV_BLK_CTRL_ENABLE;

    return d->command_queue &&
           (reg == SIOV_BLK_RID || val & SIOV_BLK_CTRL_RESET ||
            enable != pcie_siov_sdi_enabled(&d->siov, n));
}

static uint32_t siov_blk_read_message(SIOVTestdev *d, uint32_t n, uint32_t reg)
{
    if (reg / 0x10 >= siov_sdi_vectors(d, n)) {
        return 0;
    }
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
    case SIOV_BLK_VECTORS:
        return siov_sdi_vectors(d, n);
    }
    return 0;
}

/* What is written during a change is lost */
static void siov_blk_write_message(SIOVTestdev *d, uint32_t n, uint32_t reg,
                                   uint32_t val)
{
    if (!d->managed && reg / 0x10 < siov_sdi_vectors(d, n) &&
        pcie_siov_sdi_enabled(&d->siov, n) &&
        !siov_sdi_is_changing(d->sdis[n])) {
        siov_sdi_write_message(d->sdis[n], reg, val);
    }
}

static void siov_blk_write(SIOVTestdev *d, uint32_t n, uint32_t reg,
                           uint32_t val)
{
    SIOVSdi *sdi;

    if (reg >= SIOV_BLK_MSG(0)) {
        siov_blk_write_message(d, n, reg - SIOV_BLK_MSG(0), val);
        return;
    }
    if (reg != SIOV_BLK_CTRL && reg != SIOV_BLK_RID) {
        return;
    }
    sdi = siov_sdi_get(d, n);
    if (siov_blk_wants_queue(d, n, reg, val)) {
        siov_sdi_refuse(d, sdi, SIOV_ERR_UNSUPPORTED);
    } else if (reg == SIOV_BLK_CTRL) {
        siov_sdi_control(d, sdi, val);
    } else {
        siov_sdi_set_rid(d, n, val);
    }
    trace_siov_testdev_block(n, reg, val, sdi->error);
}

/* BAR 4: doorbell pages, behind the control blocks */

static hwaddr siov_doorbell_base(const SIOVTestdev *d)
{
    return (hwaddr)d->doorbells * d->page_size;
}

static bool siov_is_doorbell(const SIOVTestdev *d, hwaddr addr)
{
    return d->doorbells && addr >= siov_doorbell_base(d);
}

static uint32_t siov_doorbell_read(SIOVTestdev *d, uint32_t n, uint32_t reg)
{
    if (!siov_sdi_has_doorbell(d, n)) {
        return 0;
    }
    switch (reg) {
    case SIOV_DB_ID:
        return SIOV_DB_ID_VALUE;
    case SIOV_DB_INDEX:
        return n;
    case SIOV_DB_COUNT:
        return pcie_siov_sdi_enabled(&d->siov, n) ? d->sdis[n]->rung : 0;
    }
    return 0;
}

static void siov_doorbell_write(SIOVTestdev *d, uint32_t n, uint32_t reg,
                                uint32_t val)
{
    if (reg != SIOV_DB_RING || !siov_sdi_has_doorbell(d, n)) {
        return;
    }
    if (siov_sdi_is_changing(d->sdis[n])) {
        siov_too_early(d, "doorbell rung during a change", n);
    } else if (pcie_siov_sdi_enabled(&d->siov, n)) {
        d->counters[SIOV_CNT_DOORBELL]++;
        d->sdis[n]->rung++;
        siov_engine_write(&d->sdis[n]->engine, SIOV_PG_CMD, val);
    }
}

static uint32_t siov_blocks_read_reg(SIOVTestdev *d, hwaddr addr)
{
    uint32_t n;

    if (siov_testdev_is_gone(d)) {
        return UINT32_MAX;
    }
    if (siov_is_doorbell(d, addr)) {
        addr -= siov_doorbell_base(d);
        n = addr / d->page_size;
        return n < d->total_sdis ?
               siov_doorbell_read(d, n, addr % d->page_size) : 0;
    }
    n = addr / d->block_size;
    return n < d->total_sdis ? siov_blk_read(d, n, addr % d->block_size) : 0;
}

static uint64_t siov_blocks_read(void *opaque, hwaddr addr, unsigned size)
{
    return siov_lanes(siov_blocks_read_reg(opaque, siov_reg(addr)), addr, size);
}

static void siov_blocks_write(void *opaque, hwaddr addr, uint64_t val,
                              unsigned size)
{
    SIOVTestdev *d = opaque;
    uint32_t n;

    if (!siov_is_whole(size) || siov_testdev_is_gone(d)) {
        return;
    }
    if (siov_is_doorbell(d, addr)) {
        addr -= siov_doorbell_base(d);
        n = addr / d->page_size;
        if (n < d->total_sdis) {
            siov_doorbell_write(d, n, addr % d->page_size, val);
        }
        return;
    }
    n = addr / d->block_size;
    if (n < d->total_sdis) {
        siov_blk_write(d, n, addr % d->block_size, val);
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
    uint32_t n = addr / d->page_size;
    uint32_t reg = addr % d->page_size;

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
    uint32_t n = addr / d->page_size;

    if (!siov_is_whole(size) || siov_testdev_is_gone(d) || n >= d->total_sdis) {
        return;
    }
    if (siov_sdi_is_changing(d->sdis[n])) {
        siov_too_early(d, "page written during a change", n);
    } else if (pcie_siov_sdi_enabled(&d->siov, n)) {
        siov_engine_write(&d->sdis[n]->engine, addr % d->page_size, val);
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
        val |= d->command_queue ? SIOV_FEAT_QUEUE : 0;
        val |= d->managed ? SIOV_FEAT_MANAGED : 0;
        val |= d->ats ? SIOV_FEAT_ATS : 0;
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
    case SIOV_CNT_RID_DUP:
        return d->siov.rid_dups;
    }
    return d->counters[n];
}

static void siov_clear_counters(SIOVTestdev *d)
{
    memset(d->counters, 0, sizeof(d->counters));
    d->siov.config_reads = 0;
    d->siov.config_writes = 0;
    d->siov.rid_dups = 0;
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
        return d->vectors;
    case SIOV_PF_RID:
        return pci_requester_id(PCI_DEVICE(d));
    case SIOV_PAGE_SIZE:
        return d->page_size;
    case SIOV_BLOCK_SIZE:
        return d->block_size;
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
    case SIOV_REGIONS:
        return d->regions;
    case SIOV_DOORBELLS:
        return d->doorbells;
    case SIOV_QUEUE_BASE_LO ... SIOV_QUEUE_STATUS:
        return siov_queue_read(d, reg);
    case SIOV_FIRMWARE:
        return siov_managed_read(d, reg);
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
    case SIOV_QUEUE_BASE_LO ... SIOV_QUEUE_STATUS:
        siov_queue_write(d, reg, val);
        break;
    case SIOV_FIRMWARE:
        siov_managed_write(d, reg, val);
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
    if (d->managed && addr >= SIOV_CLOCK) {
        return siov_managed_read(d, addr);
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
    } else if (addr >= SIOV_CLOCK) {
        siov_managed_write(d, addr, val);
    }
}

const MemoryRegionOps siov_ctrl_ops = {
    .read = siov_ctrl_read,
    .write = siov_ctrl_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};
