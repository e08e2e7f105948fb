/*
 * SIOV test device: commands and messages
 *
 * An engine runs one command at a time. Whoever writes CMD only queues it; the
 * device's bottom half does the work, guarded against requests that end up in
 * the device's own BARs. A command is a number of rounds, each of which is
 * done in one go: nothing is in flight between two runs of the bottom half
 * except a delay.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/units.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie_aer.h"
#include "siov-testdev-int.h"
#include "trace.h"

#define SIOV_CHUNK              (4 * KiB)
#define SIOV_MIN_ROUND_US       10
#define SIOV_HANG_ROUND_US      1000
#define SIOV_MAX_GHOSTS         256

static SIOVSdi *siov_engine_sdi(SIOVEngine *e)
{
    return container_of(e, SIOVSdi, engine);
}

/* Requests */

static void siov_count_drop(SIOVEngine *e, PCIESIOVDrop drop, uint16_t rid)
{
    SIOVTestdev *d = e->dev;

    d->counters[SIOV_CNT_DROP(drop)]++;
    d->last_drop = drop;
    d->last_drop_rid = rid;
    if (drop == PCIE_SIOV_DROP_WINDOW || drop == PCIE_SIOV_DROP_ALLOWLIST) {
        d->last_drop_rid |= SIOV_BLK_RID_VALID;
    }
    if (!siov_engine_is_pf(e) && !e->ghost) {
        siov_engine_sdi(e)->drop_count++;
    }
}

static uint16_t siov_engine_own_rid(SIOVEngine *e)
{
    SIOVTestdev *d = e->dev;
    uint16_t rid;

    if (siov_engine_is_pf(e)) {
        return pci_requester_id(PCI_DEVICE(d));
    }
    pcie_siov_sdi_rid(&d->siov, e->index, &rid);
    return rid;
}

/*
 * May this engine send something, and with which RID? Wrong RIDs are chosen
 * here if a property or AS_RID wants them.
 */
static PCIESIOVDrop siov_engine_may_send(SIOVEngine *e, bool is_msi,
                                         uint16_t *rid)
{
    SIOVTestdev *d = e->dev;
    PCIESIOVDrop drop = pcie_siov_pf_may_send(PCI_DEVICE(d));
    uint16_t own = siov_engine_own_rid(e);

    *rid = own;
    if (e->ghost) {
        *rid = e->ghost_rid;
    } else if (d->x_forge && e->as_rid & SIOV_PG_AS_RID_ON) {
        *rid = e->as_rid;
    } else if (!siov_engine_is_pf(e)) {
        drop = pcie_siov_sdi_may_send(&d->siov, e->index, rid);
        if (!is_msi && d->x_sdi_dma_as_pf) {
            *rid = pci_requester_id(PCI_DEVICE(d));
        } else if (is_msi && d->x_msi_rid != SIOV_OFF32) {
            *rid = d->x_msi_rid;
        }
    }
    if (drop != PCIE_SIOV_SENT) {
        siov_count_drop(e, drop, *rid);
    } else if (e->ghost || *rid != own) {
        d->counters[SIOV_CNT_FORGED]++;
    }
    return drop;
}

static uint32_t siov_result(uint32_t code, PCIESIOVDrop cause)
{
    return code | cause << SIOV_PG_RESULT_CAUSE_SHIFT;
}

static void siov_count_dma(SIOVEngine *e, uint32_t len, bool ok)
{
    SIOVTestdev *d = e->dev;
    bool is_pf = siov_engine_is_pf(e);

    d->counters[is_pf ? SIOV_CNT_PF_DMA : SIOV_CNT_SDI_DMA]++;
    if (ok) {
        d->counters[is_pf ? SIOV_CNT_PF_DMA_BYTES :
                            SIOV_CNT_SDI_DMA_BYTES] += len;
    } else {
        d->counters[SIOV_CNT_FAULT]++;
    }
    if (!is_pf && !e->ghost) {
        siov_engine_sdi(e)->dma_count++;
        siov_engine_sdi(e)->fault_count += !ok;
    }
}

static uint32_t siov_engine_request(SIOVEngine *e, uint64_t addr, void *buf,
                                    uint32_t len, DMADirection dir)
{
    PCIESIOVDrop drop;
    MemTxResult res;
    uint16_t rid;

    drop = siov_engine_may_send(e, false, &rid);
    if (drop != PCIE_SIOV_SENT) {
        return siov_result(SIOV_RESULT_DROPPED, drop);
    }
    if (!siov_engine_is_pf(e) && !e->ghost) {
        siov_managed_translate(e->dev, siov_engine_sdi(e));
    }
    res = pcie_siov_dma_rw(PCI_DEVICE(e->dev), rid, addr, buf, len, dir);
    siov_count_dma(e, len, res == MEMTX_OK);
    return res == MEMTX_OK ? SIOV_RESULT_OK : SIOV_RESULT_FAULT;
}

/* Messages */

static uint32_t siov_sdi_send_message(SIOVEngine *e, uint32_t vector)
{
    SIOVTestdev *d = e->dev;
    SIOVSdi *sdi = siov_engine_sdi(e);
    SIOVMessage *m = &sdi->msg[vector];
    MSIMessage msg = {
        .address = m->reg[0] | (uint64_t)m->reg[1] << 32,
        .data = m->reg[2],
    };
    PCIESIOVDrop drop;
    uint16_t rid;

    drop = siov_engine_may_send(e, true, &rid);
    if (drop != PCIE_SIOV_SENT) {
        return siov_result(SIOV_RESULT_DROPPED, drop);
    }
    d->counters[SIOV_CNT_SDI_MSI]++;
    sdi->msi_count++;
    if (pcie_siov_msi_send(PCI_DEVICE(d), rid, msg) != MEMTX_OK) {
        d->counters[SIOV_CNT_FAULT]++;
        return SIOV_RESULT_FAULT;
    }
    return SIOV_RESULT_OK;
}

static uint32_t siov_sdi_raise(SIOVEngine *e, uint32_t vector)
{
    SIOVMessage *m = &siov_engine_sdi(e)->msg[vector];

    if (m->reg[3] & SIOV_MSG_CTRL_MASK) {
        m->reg[3] |= SIOV_MSG_CTRL_PENDING;
        e->dev->counters[SIOV_CNT_MSI_HELD]++;
        return SIOV_RESULT_OK;
    }
    return siov_sdi_send_message(e, vector);
}

uint32_t siov_pf_request(SIOVTestdev *d, uint64_t addr, void *buf, uint32_t len,
                         DMADirection dir)
{
    PCIDevice *pdev = PCI_DEVICE(d);
    PCIESIOVDrop drop = pcie_siov_pf_may_send(pdev);
    MemTxResult res;

    if (drop != PCIE_SIOV_SENT) {
        siov_count_drop(&d->pf_engine, drop, 0);
        return siov_result(SIOV_RESULT_DROPPED, drop);
    }
    res = pcie_siov_dma_rw(pdev, pci_requester_id(pdev), addr, buf, len, dir);
    siov_count_dma(&d->pf_engine, len, res == MEMTX_OK);
    return res == MEMTX_OK ? SIOV_RESULT_OK : SIOV_RESULT_FAULT;
}

uint32_t siov_pf_raise(SIOVTestdev *d, uint32_t vector)
{
    PCIESIOVDrop drop = pcie_siov_pf_may_send(PCI_DEVICE(d));

    if (drop != PCIE_SIOV_SENT) {
        siov_count_drop(&d->pf_engine, drop, 0);
        return siov_result(SIOV_RESULT_DROPPED, drop);
    }
    d->counters[SIOV_CNT_PF_MSI]++;
    msix_notify(PCI_DEVICE(d), vector);
    return SIOV_RESULT_OK;
}

static uint32_t siov_engine_raise(SIOVEngine *e)
{
    uint32_t vector = (e->cmd & SIOV_PG_CMD_VECTOR) >>
                      SIOV_PG_CMD_VECTOR_SHIFT;

    if (e->ghost) {
        return SIOV_RESULT_OK;
    }
    return siov_engine_is_pf(e) ? siov_pf_raise(e->dev, vector) :
                                  siov_sdi_raise(e, vector);
}

/* Errors */

static uint32_t siov_engine_report(SIOVEngine *e)
{
    PCIEAERErr err = {};
    PCIESIOVDrop drop;

    drop = siov_engine_may_send(e, false, &err.source_id);
    if (drop != PCIE_SIOV_SENT) {
        return siov_result(SIOV_RESULT_DROPPED, drop);
    }
    switch (e->pattern) {
    case SIOV_PG_ERROR_CORRECTABLE:
        err.status = PCI_ERR_COR_RCVR;
        err.flags = PCIE_AER_ERR_IS_CORRECTABLE;
        break;
    case SIOV_PG_ERROR_NONFATAL:
        err.status = PCI_ERR_UNC_COMP_ABORT;
        break;
    case SIOV_PG_ERROR_FATAL:
        err.status = PCI_ERR_UNC_MALF_TLP;
        break;
    }
    pcie_aer_inject_error(PCI_DEVICE(e->dev), &err);
    return SIOV_RESULT_OK;
}

void siov_sdi_clear_messages(SIOVSdi *sdi)
{
    for (uint32_t v = 0; v < sdi->num_msgs; v++) {
        sdi->msg[v] = (SIOVMessage) { .reg[3] = SIOV_MSG_CTRL_MASK };
    }
}

/* @reg counts from the first message */
void siov_sdi_write_message(SIOVSdi *sdi, uint32_t reg, uint32_t val)
{
    uint32_t vector = reg / 0x10;
    SIOVMessage *m = &sdi->msg[vector];

    switch (reg % 0x10) {
    case SIOV_MSG_ADDR_LO:
        m->reg[0] = val & ~3u;
        break;
    case SIOV_MSG_ADDR_HI:
        m->reg[1] = val;
        break;
    case SIOV_MSG_DATA:
        m->reg[2] = val;
        break;
    case SIOV_MSG_CTRL:
        m->reg[3] &= ~SIOV_MSG_CTRL_MASK;
        m->reg[3] |= val & SIOV_MSG_CTRL_MASK;
        if (m->reg[3] == SIOV_MSG_CTRL_PENDING) {
            m->reg[3] = 0;
            siov_sdi_send_message(&sdi->engine, vector);
        }
        break;
    }
}

/* Rounds */

static uint32_t siov_to_boundary(uint64_t addr, uint32_t len)
{
    return MIN(len, SIOV_CHUNK - addr % SIOV_CHUNK);
}

static uint32_t siov_round_copy(SIOVEngine *e, uint8_t *buf, uint32_t *len)
{
    uint32_t result;

    *len = siov_to_boundary(e->src + e->bytes, *len);
    *len = siov_to_boundary(e->dst + e->bytes, *len);
    result = siov_engine_request(e, e->src + e->bytes, buf, *len,
                                 DMA_DIRECTION_TO_DEVICE);
    if (result != SIOV_RESULT_OK) {
        return result;
    }
    for (uint32_t i = 0; i < *len; i++) {
        e->sum += buf[i];
    }
    return siov_engine_request(e, e->dst + e->bytes, buf, *len,
                               DMA_DIRECTION_FROM_DEVICE);
}

static uint32_t siov_round_fill(SIOVEngine *e, uint8_t *buf, uint32_t *len)
{
    *len = siov_to_boundary(e->dst + e->bytes, *len);
    for (uint32_t i = 0; i < *len; i++) {
        buf[i] = extract32(e->pattern, (e->bytes + i) % 4 * 8, 8);
    }
    return siov_engine_request(e, e->dst + e->bytes, buf, *len,
                               DMA_DIRECTION_FROM_DEVICE);
}

static uint32_t siov_round_sum(SIOVEngine *e, uint8_t *buf, uint32_t *len)
{
    uint32_t result;

    *len = siov_to_boundary(e->src + e->bytes, *len);
    result = siov_engine_request(e, e->src + e->bytes, buf, *len,
                                 DMA_DIRECTION_TO_DEVICE);
    for (uint32_t i = 0; result == SIOV_RESULT_OK && i < *len; i++) {
        e->sum += buf[i];
    }
    return result;
}

static uint32_t siov_engine_chunk(SIOVEngine *e, uint8_t *buf, uint32_t *len)
{
    switch (e->cmd & SIOV_PG_CMD_OP) {
    case SIOV_PG_CMD_OP_COPY:
        return siov_round_copy(e, buf, len);
    case SIOV_PG_CMD_OP_FILL:
        return siov_round_fill(e, buf, len);
    case SIOV_PG_CMD_OP_SUM:
        return siov_round_sum(e, buf, len);
    }
    g_assert_not_reached();     /* siov_engine_start() let it through */
}

static uint32_t siov_engine_round(SIOVEngine *e)
{
    uint8_t buf[SIOV_CHUNK];
    uint32_t result = SIOV_RESULT_OK;

    e->bytes = 0;
    e->sum = 0;
    if ((e->cmd & SIOV_PG_CMD_OP) == SIOV_PG_CMD_OP_MSI) {
        return siov_engine_raise(e);
    }
    if ((e->cmd & SIOV_PG_CMD_OP) == SIOV_PG_CMD_OP_ERROR) {
        return siov_engine_report(e);
    }
    while (e->bytes < e->len && result == SIOV_RESULT_OK) {
        uint32_t len = MIN(e->len - e->bytes, sizeof(buf));

        result = siov_engine_chunk(e, buf, &len);
        if (result == SIOV_RESULT_OK) {
            e->bytes += len;
        }
    }
    if (e->cmd & SIOV_PG_CMD_INTR) {
        siov_engine_raise(e);
    }
    return result;
}

/* One command after another */

static void siov_engine_set_busy(SIOVEngine *e, bool busy)
{
    if (e->busy != busy) {
        e->busy = busy;
        if (busy) {
            e->dev->num_busy++;
        } else {
            e->dev->num_busy--;
        }
    }
}

static void siov_engine_queue(SIOVEngine *e)
{
    if (!e->queued) {
        e->queued = true;
        QTAILQ_INSERT_TAIL(&e->dev->queue, e, next);
        qemu_bh_schedule(e->dev->bh);
    }
}

static void siov_engine_unqueue(SIOVEngine *e)
{
    timer_del(&e->timer);
    if (e->queued) {
        e->queued = false;
        QTAILQ_REMOVE(&e->dev->queue, e, next);
    }
}

static void siov_engine_timer(void *opaque)
{
    siov_engine_queue(opaque);
}

static void siov_engine_after(SIOVEngine *e, uint32_t us)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (us) {
        timer_mod(&e->timer, now + (int64_t)us * SCALE_US);
    } else {
        siov_engine_queue(e);
    }
}

static void siov_engine_end(SIOVEngine *e, uint32_t result)
{
    e->result = result;
    e->draining = false;
    siov_engine_set_busy(e, false);
    trace_siov_testdev_end(e->index, e->cmd, result, e->bytes);
}

/* Is there another round, in how many microseconds? */
static bool siov_engine_next_round(SIOVEngine *e, uint32_t result, uint32_t *us)
{
    bool failed = result != SIOV_RESULT_OK && !e->sticky;

    if (e->dev->x_dma_hang && !siov_engine_is_pf(e)) {
        *us = SIOV_HANG_ROUND_US;
        return true;
    }
    if (failed || e->draining || !e->rounds_left) {
        return false;
    }
    if (e->rounds_left != SIOV_PG_REPEAT_FOREVER) {
        e->rounds_left--;
    }
    *us = MAX(e->delay, SIOV_MIN_ROUND_US);
    return true;
}

static void siov_engine_run(SIOVEngine *e)
{
    uint32_t result = siov_engine_round(e);
    uint32_t us;

    if (result == SIOV_RESULT_OK) {
        e->count++;
    }
    if (siov_engine_next_round(e, result, &us)) {
        siov_engine_after(e, us);
    } else {
        siov_engine_end(e, result);
    }
}

static void siov_ghost_free(SIOVEngine *g)
{
    siov_engine_unqueue(g);
    timer_deinit(&g->timer);
    QLIST_REMOVE(g, next_ghost);
    g->dev->num_ghosts--;
    g_free(g);
}

static void siov_testdev_bh(void *opaque)
{
    SIOVTestdev *d = opaque;
    SIOVEngine *last = QTAILQ_LAST(&d->queue);
    SIOVEngine *e;

    /* What is queued from now on is for the next time */
    while ((e = QTAILQ_FIRST(&d->queue))) {
        bool is_last = e == last;

        QTAILQ_REMOVE(&d->queue, e, next);
        e->queued = false;
        if (e->ghost) {
            siov_engine_round(e);
            siov_ghost_free(e);
        } else {
            siov_engine_run(e);
        }
        if (is_last) {
            break;
        }
    }
    if (!QTAILQ_EMPTY(&d->queue)) {
        qemu_bh_schedule(d->bh);
    }
}

static bool siov_engine_cmd_ok(const SIOVEngine *e, uint32_t cmd)
{
    uint32_t op = cmd & SIOV_PG_CMD_OP;
    uint32_t vector = (cmd & SIOV_PG_CMD_VECTOR) >> SIOV_PG_CMD_VECTOR_SHIFT;
    uint32_t vectors = siov_engine_is_pf(e) ? SIOV_PF_MSIX_VECTORS :
                       siov_sdi_vectors(e->dev, e->index);

    if (op > SIOV_PG_CMD_OP_ERROR || e->len > SIOV_PG_LEN_MAX) {
        return false;
    }
    if (op == SIOV_PG_CMD_OP_ERROR && e->pattern > SIOV_PG_ERROR_FATAL) {
        return false;
    }
    if (op == SIOV_PG_CMD_OP_MSI || cmd & SIOV_PG_CMD_INTR) {
        return vector < vectors;
    }
    return true;
}

static void siov_engine_start(SIOVEngine *e, uint32_t cmd)
{
    if (e->busy || e->draining || e->resetting) {
        qemu_log_mask(LOG_GUEST_ERROR, "siov-testdev: SDI %" PRIu32
                      ": command 0x%" PRIx32 " while busy\n", e->index, cmd);
        return;
    }
    if (!siov_engine_cmd_ok(e, cmd)) {
        qemu_log_mask(LOG_GUEST_ERROR, "siov-testdev: SDI %" PRIu32
                      ": bad command 0x%" PRIx32 "\n", e->index, cmd);
        e->result = SIOV_RESULT_BAD_CMD;
        return;
    }
    trace_siov_testdev_start(e->index, cmd, e->src, e->dst, e->len);
    e->cmd = cmd;
    e->bytes = 0;
    e->sum = 0;
    e->result = SIOV_RESULT_BUSY;
    e->rounds_left = e->repeat;
    e->sticky = false;
    siov_engine_set_busy(e, true);
    siov_engine_after(e, e->delay);
}

/* What a device with x-dma-after-reset forgets to stop */
static void siov_engine_leave_ghost(SIOVEngine *e)
{
    SIOVTestdev *d = e->dev;
    SIOVEngine *g;

    if (!d->x_dma_after_reset || siov_engine_is_pf(e) ||
        d->num_ghosts == SIOV_MAX_GHOSTS) {
        return;
    }
    g = g_new0(SIOVEngine, 1);
    siov_engine_init(g, d, e->index);
    g->src = e->src;
    g->dst = e->dst;
    g->len = e->len;
    g->pattern = e->pattern;
    g->cmd = e->cmd;
    g->ghost = true;
    g->ghost_rid = siov_engine_own_rid(e);
    QLIST_INSERT_HEAD(&d->ghosts, g, next_ghost);
    d->num_ghosts++;
    if (timer_pending(&e->timer)) {
        timer_mod(&g->timer, timer_expire_time_ns(&e->timer));
    } else {
        siov_engine_queue(g);
    }
}

static void siov_engine_abort(SIOVEngine *e)
{
    if (e->busy) {
        siov_engine_leave_ghost(e);
        siov_engine_unqueue(e);
        siov_engine_end(e, SIOV_RESULT_ABORTED);
        e->dev->counters[SIOV_CNT_ABORTED]++;
    }
}

bool siov_engine_stop(SIOVEngine *e)
{
    if (e->busy && e->dev->x_dma_hang && !siov_engine_is_pf(e)) {
        return false;
    }
    siov_engine_abort(e);
    return true;
}

void siov_engine_drain(SIOVEngine *e)
{
    e->draining = e->busy;
}

/* Only with no command in flight */
void siov_engine_clear(SIOVEngine *e)
{
    e->src = 0;
    e->dst = 0;
    e->len = 0;
    e->pattern = 0;
    e->cmd = 0;
    e->result = SIOV_RESULT_NONE;
    e->sum = 0;
    e->bytes = 0;
    e->count = 0;
    e->delay = 0;
    e->repeat = 0;
    e->as_rid = 0;
    memset(e->scratch, 0, sizeof(e->scratch));
    e->sticky = false;
}

void siov_engine_kill(SIOVEngine *e)
{
    siov_engine_abort(e);
    e->resetting = false;
    siov_engine_clear(e);
}

void siov_engine_free(SIOVEngine *e)
{
    siov_engine_kill(e);
    timer_deinit(&e->timer);
}

/* What an owner before the first reset left behind */
void siov_engine_stream(SIOVEngine *e, uint64_t dst, uint32_t delay)
{
    e->dst = dst;
    e->len = 4;
    e->pattern = e->index;
    e->delay = delay;
    e->repeat = SIOV_PG_REPEAT_FOREVER;
    siov_engine_start(e, SIOV_PG_CMD_OP_FILL);
    e->sticky = true;
}

/* Registers */

uint32_t siov_engine_read(const SIOVEngine *e, uint32_t reg)
{
    switch (reg) {
    case SIOV_PG_SRC_LO:
        return extract64(e->src, 0, 32);
    case SIOV_PG_SRC_HI:
        return extract64(e->src, 32, 32);
    case SIOV_PG_DST_LO:
        return extract64(e->dst, 0, 32);
    case SIOV_PG_DST_HI:
        return extract64(e->dst, 32, 32);
    case SIOV_PG_LEN:
        return e->len;
    case SIOV_PG_PATTERN:
        return e->pattern;
    case SIOV_PG_RESULT:
        return e->result;
    case SIOV_PG_SUM_LO:
        return extract64(e->sum, 0, 32);
    case SIOV_PG_SUM_HI:
        return extract64(e->sum, 32, 32);
    case SIOV_PG_BYTES:
        return e->bytes;
    case SIOV_PG_COUNT:
        return e->count;
    case SIOV_PG_DELAY:
        return e->delay;
    case SIOV_PG_REPEAT:
        return e->repeat;
    case SIOV_PG_AS_RID:
        return e->as_rid;
    case SIOV_PG_SCRATCH(0) ... SIOV_PG_SCRATCH(SIOV_PG_NUM_SCRATCH - 1):
        return e->scratch[(reg - SIOV_PG_SCRATCH(0)) / 4];
    }
    return 0;
}

static void siov_engine_write_cmd(SIOVEngine *e, uint32_t val)
{
    if ((val & SIOV_PG_CMD_OP) == SIOV_PG_CMD_OP_STOP) {
        siov_engine_stop(e);
    } else {
        siov_engine_start(e, val);
    }
}

void siov_engine_write(SIOVEngine *e, uint32_t reg, uint32_t val)
{
    switch (reg) {
    case SIOV_PG_CMD:
        siov_engine_write_cmd(e, val);
        return;
    case SIOV_PG_SCRATCH(0) ... SIOV_PG_SCRATCH(SIOV_PG_NUM_SCRATCH - 1):
        e->scratch[(reg - SIOV_PG_SCRATCH(0)) / 4] = val;
        return;
    }
    if (e->busy) {
        return;
    }
    switch (reg) {
    case SIOV_PG_SRC_LO:
        e->src = deposit64(e->src, 0, 32, val);
        break;
    case SIOV_PG_SRC_HI:
        e->src = deposit64(e->src, 32, 32, val);
        break;
    case SIOV_PG_DST_LO:
        e->dst = deposit64(e->dst, 0, 32, val);
        break;
    case SIOV_PG_DST_HI:
        e->dst = deposit64(e->dst, 32, 32, val);
        break;
    case SIOV_PG_LEN:
        e->len = val;
        break;
    case SIOV_PG_PATTERN:
        e->pattern = val;
        break;
    case SIOV_PG_DELAY:
        e->delay = MIN(val, SIOV_PG_DELAY_MAX);
        break;
    case SIOV_PG_REPEAT:
        e->repeat = val;
        break;
    case SIOV_PG_AS_RID:
        if (e->dev->x_forge) {
            e->as_rid = val & (SIOV_PG_AS_RID_ON | SIOV_BLK_RID_MASK);
        }
        break;
    }
}

/* Life */

void siov_engine_init(SIOVEngine *e, SIOVTestdev *d, uint32_t index)
{
    e->dev = d;
    e->index = index;
    timer_init_ns(&e->timer, QEMU_CLOCK_VIRTUAL, siov_engine_timer, e);
}

void siov_engines_init(SIOVTestdev *d)
{
    QTAILQ_INIT(&d->queue);
    QLIST_INIT(&d->ghosts);
    d->bh = qemu_bh_new_guarded(siov_testdev_bh, d,
                                &DEVICE(d)->mem_reentrancy_guard);
    siov_engine_init(&d->pf_engine, d, SIOV_PG_INDEX_PF);
}

void siov_engines_exit(SIOVTestdev *d)
{
    SIOVEngine *g;

    while ((g = QLIST_FIRST(&d->ghosts))) {
        siov_ghost_free(g);
    }
    siov_engine_free(&d->pf_engine);
    g_clear_pointer(&d->bh, qemu_bh_delete);
}
