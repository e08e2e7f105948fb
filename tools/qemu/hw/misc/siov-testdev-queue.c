/*
 * SIOV test device: the command queue
 *
 * What enables, disables and resets SDIs where registers do not, and stores
 * the messages of a managed device: a ring of commands in memory. The device
 * reads a command and writes its answer by requests of the PF, and raises a
 * vector of the PF's MSI-X table. It works on one command at a time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "siov-testdev-int.h"
#include "trace.h"

#define SIOV_CMD_WORD(reg)      ((reg) / 4)
#define SIOV_CMD_HALF           SIOV_CMD_ANSWER

static uint64_t siov_queue_entry(const SIOVQueue *q)
{
    return q->base + (uint64_t)q->head * SIOV_CMD_BYTES;
}

/* On to the next one */
static void siov_queue_answer(SIOVTestdev *d, uint32_t n, uint32_t error)
{
    SIOVQueue *q = &d->cmds;
    uint32_t word[SIOV_CMD_HALF / 4] = {
        cpu_to_le32(SIOV_CMD_ANSWER_DONE |
                    error << SIOV_CMD_ANSWER_ERROR_SHIFT),
        [SIOV_CMD_WORD(SIOV_CMD_ANSWER_TAG - SIOV_CMD_HALF)] =
            cpu_to_le32(q->tag),
    };
    uint64_t addr = siov_queue_entry(q) + SIOV_CMD_HALF;

    trace_siov_testdev_answer(n, q->tag, error);
    q->working = NULL;
    q->head = (q->head + 1) % q->size;
    if (n == d->x_command_lost_at) {
        return;
    }
    if (siov_pf_request(d, addr, word, sizeof(word),
                        DMA_DIRECTION_FROM_DEVICE) != SIOV_RESULT_OK) {
        q->failed = true;
        return;
    }
    siov_pf_raise(d, q->vector);
}

static uint32_t siov_queue_enable(SIOVTestdev *d, SIOVSdi *sdi,
                                  const uint32_t *word)
{
    uint32_t rid = word[SIOV_CMD_WORD(SIOV_CMD_RID)];
    uint32_t error = SIOV_ERR_NONE;

    if (d->managed) {
        error = siov_managed_enable(d, sdi, word);
    }
    if (!error && rid & SIOV_BLK_RID_SOFTWARE) {
        error = siov_sdi_set_rid(d, sdi->engine.index, rid);
    }
    return error ? error : siov_sdi_control(d, sdi, SIOV_BLK_CTRL_ENABLE);
}

/* Only a managed device looks at more than the number of the operation */
static uint32_t siov_queue_op(const SIOVTestdev *d, const uint32_t *word)
{
    uint32_t op = word[SIOV_CMD_WORD(SIOV_CMD_OP)];

    return d->managed ? op & SIOV_CMD_OP_MASK : op;
}

static uint32_t siov_queue_execute(SIOVTestdev *d, uint32_t n,
                                   const uint32_t *word)
{
    SIOVSdi *sdi;

    if (n >= d->total_sdis) {
        return SIOV_ERR_BAD_COMMAND;
    }
    sdi = siov_sdi_get(d, n);
    switch (siov_queue_op(d, word)) {
    case SIOV_CMD_OP_ENABLE:
        return siov_queue_enable(d, sdi, word);
    case SIOV_CMD_OP_DISABLE:
        return siov_sdi_control(d, sdi, 0);
    case SIOV_CMD_OP_RESET:
        if (pcie_siov_sdi_enabled(&d->siov, n)) {
            return siov_sdi_control(d, sdi, SIOV_BLK_CTRL_ENABLE |
                                    SIOV_BLK_CTRL_RESET);
        }
        break;
    case SIOV_CMD_OP_STORE:
        if (d->managed) {
            return siov_managed_store(d, n, word);
        }
        break;
    }
    return SIOV_ERR_BAD_COMMAND;
}

static bool siov_queue_is_at_work(const SIOVSdi *sdi)
{
    return siov_sdi_is_changing(sdi) || sdi->engine.resetting;
}

static void siov_queue_next(SIOVTestdev *d)
{
    SIOVQueue *q = &d->cmds;
    uint32_t word[SIOV_CMD_BYTES / 4];
    uint32_t n, error;

    if (siov_pf_request(d, siov_queue_entry(q), word, sizeof(word),
                        DMA_DIRECTION_TO_DEVICE) != SIOV_RESULT_OK) {
        q->failed = true;
        return;
    }
    for (int i = 0; i < ARRAY_SIZE(word); i++) {
        le32_to_cpus(&word[i]);
    }
    n = word[SIOV_CMD_WORD(SIOV_CMD_SDI)];
    q->tag = word[SIOV_CMD_WORD(SIOV_CMD_TAG)];

    trace_siov_testdev_command(n, word[SIOV_CMD_WORD(SIOV_CMD_OP)],
                               word[SIOV_CMD_WORD(SIOV_CMD_RID)], q->tag);
    d->counters[SIOV_CNT_COMMAND]++;
    error = siov_queue_execute(d, n, word);
    if (!error && siov_queue_is_at_work(d->sdis[n])) {
        q->working = d->sdis[n];
    } else {
        siov_queue_answer(d, n, error);
    }
}

static void siov_queue_bh(void *opaque)
{
    SIOVTestdev *d = opaque;
    SIOVQueue *q = &d->cmds;

    if (q->working) {
        if (siov_queue_is_at_work(q->working)) {
            return;
        }
        siov_queue_answer(d, q->working->engine.index, q->working->error);
    }
    while (q->size && q->head != q->tail && !q->working && !q->failed) {
        siov_queue_next(d);
    }
}

/* The SDI that a command waits for may be ready */
void siov_queue_kick(SIOVTestdev *d)
{
    if (d->cmds.size) {
        qemu_bh_schedule(d->cmds.bh);
    }
}

void siov_queue_stop(SIOVTestdev *d)
{
    SIOVQueue *q = &d->cmds;

    if (q->working) {
        siov_sdi_cancel_enable(q->working);
    }
    q->working = NULL;
    q->size = 0;
    q->head = 0;
    q->tail = 0;
    q->failed = false;
}

/* Registers */

uint32_t siov_queue_read(const SIOVTestdev *d, uint32_t reg)
{
    const SIOVQueue *q = &d->cmds;

    switch (reg) {
    case SIOV_QUEUE_BASE_LO:
        return extract64(q->base, 0, 32);
    case SIOV_QUEUE_BASE_HI:
        return extract64(q->base, 32, 32);
    case SIOV_QUEUE_SIZE:
        return q->size;
    case SIOV_QUEUE_TAIL:
        return q->tail;
    case SIOV_QUEUE_HEAD:
        return q->head;
    case SIOV_QUEUE_VECTOR:
        return q->vector;
    case SIOV_QUEUE_STATUS:
        return (q->size ? SIOV_QUEUE_STATUS_ON : 0) |
               (q->failed ? SIOV_QUEUE_STATUS_FAILED : 0);
    }
    return 0;
}

static void siov_queue_write_size(SIOVTestdev *d, uint32_t val)
{
    if (val && (!is_power_of_2(val) || val < 2 || val > SIOV_QUEUE_SIZE_MAX)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "siov-testdev: a queue of %" PRIu32 " commands\n", val);
        return;
    }
    if (val && d->firmware_down) {
        siov_too_early(d, "queue turned on before the firmware is up",
                       SIOV_PG_INDEX_PF);
        return;
    }
    siov_queue_stop(d);
    d->cmds.size = val;
}

static void siov_queue_write_off(SIOVQueue *q, uint32_t reg, uint32_t val)
{
    switch (reg) {
    case SIOV_QUEUE_BASE_LO:
        q->base = deposit64(q->base, 0, 32, val & ~(SIOV_CMD_BYTES - 1));
        break;
    case SIOV_QUEUE_BASE_HI:
        q->base = deposit64(q->base, 32, 32, val);
        break;
    case SIOV_QUEUE_VECTOR:
        q->vector = val % SIOV_PF_MSIX_VECTORS;
        break;
    }
}

void siov_queue_write(SIOVTestdev *d, uint32_t reg, uint32_t val)
{
    SIOVQueue *q = &d->cmds;

    if (!d->command_queue) {
        return;
    }
    if (reg == SIOV_QUEUE_SIZE) {
        siov_queue_write_size(d, val);
    } else if (!q->size) {
        siov_queue_write_off(q, reg, val);
    } else if (reg == SIOV_QUEUE_TAIL && val < q->size) {
        q->tail = val;
        siov_queue_kick(d);
    }
}

/* Life */

void siov_queue_init(SIOVTestdev *d)
{
    d->cmds.bh = qemu_bh_new_guarded(siov_queue_bh, d,
                                     &DEVICE(d)->mem_reentrancy_guard);
}

void siov_queue_exit(SIOVTestdev *d)
{
    /* The SDIs are no more */
    d->cmds.working = NULL;
    siov_queue_stop(d);
    g_clear_pointer(&d->cmds.bh, qemu_bh_delete);
}
