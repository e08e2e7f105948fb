/*
 * SIOV test device: what its files share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MISC_SIOV_TESTDEV_INT_H
#define HW_MISC_SIOV_TESTDEV_INT_H

#include "qemu/queue.h"
#include "qemu/timer.h"
#include "hw/misc/siov-testdev.h"
#include "hw/pci/pci_device.h"
#include "hw/pci/pcie_siov.h"

#define SIOV_OFF32                      UINT32_MAX      /* property not given */

OBJECT_DECLARE_SIMPLE_TYPE(SIOVTestdev, SIOV_TESTDEV)

/* The registers of a page, and what its command is doing */
typedef struct SIOVEngine {
    SIOVTestdev *dev;
    uint32_t index;             /* SIOV_PG_INDEX_PF for the PF's own */

    uint64_t src;
    uint64_t dst;
    uint32_t len;
    uint32_t pattern;
    uint32_t cmd;
    uint32_t result;
    uint64_t sum;
    uint32_t bytes;
    uint32_t count;
    uint32_t delay;
    uint32_t repeat;
    uint32_t as_rid;
    uint32_t scratch[SIOV_PG_NUM_SCRATCH];

    uint32_t rounds_left;
    bool busy;
    bool draining;
    bool resetting;             /* waits for a command that never ends */
    bool sticky;                /* rounds go on after one has failed */
    bool ghost;                 /* outlived its owner: registers are frozen */
    uint16_t ghost_rid;

    QEMUTimer timer;
    bool queued;
    QTAILQ_ENTRY(SIOVEngine) next;
    QLIST_ENTRY(SIOVEngine) next_ghost;
} SIOVEngine;

typedef struct SIOVMessage {
    uint32_t reg[4];
} SIOVMessage;

/* What of an SDI is under way */
typedef enum SIOVChange {
    SIOV_STEADY,
    SIOV_ENABLING,
    SIOV_DISABLING,
    SIOV_RESETTING,
} SIOVChange;

/* Exists from the first write to the SDI's block on */
typedef struct SIOVSdi {
    SIOVEngine engine;
    SIOVMessage *msg;
    uint32_t num_msgs;
    SIOVChange change;
    uint32_t wanted;            /* what was written to CTRL for the change */
    QEMUTimer timer;            /* its end */
    uint32_t rung;
    uint32_t type;              /* of a managed device, as enabled */
    uint32_t max_msgs;
    bool translates;
    uint32_t error;
    uint32_t generation;
    uint32_t dma_count;
    uint32_t fault_count;
    uint32_t msi_count;
    uint32_t drop_count;
} SIOVSdi;

/* Commands of the PF's driver in memory, one at a time */
typedef struct SIOVQueue {
    uint64_t base;
    uint32_t size;              /* zero: off */
    uint32_t head;
    uint32_t tail;
    uint32_t vector;
    bool failed;                /* an entry could not be read or written */
    uint32_t tag;
    SIOVSdi *working;           /* whom the entry at head waits for */
    QEMUBH *bh;
} SIOVQueue;

typedef enum SIOVRidMode {
    SIOV_RIDS_BOTH,
    SIOV_RIDS_STRIDED,
    SIOV_RIDS_SOFTWARE,
} SIOVRidMode;

typedef enum SIOVAcs {
    SIOV_ACS_OFF,
    SIOV_ACS_ON,
    SIOV_ACS_STUCK,
} SIOVAcs;

struct SIOVTestdev {
    PCIDevice parent_obj;

    MemoryRegion ctrl;
    MemoryRegion pages;
    MemoryRegion blocks;
    PCIESIOV siov;
    SIOVSdi **sdis;
    SIOVEngine pf_engine;
    uint32_t num_busy;
    uint32_t scratch;
    uint32_t last_drop;
    uint32_t last_drop_rid;
    uint64_t counters[SIOV_NUM_COUNTERS];
    uint16_t ari_cap;
    uint32_t block_size;
    uint32_t doorbells;         /* offset in BAR 4, in pages */
    int64_t flr_at;             /* when it was, -1 if it is forgotten */
    SIOVQueue cmds;
    QEMUTimer firmware_timer;
    bool firmware_down;

    /* Commands run from here, never from within an access to a BAR */
    QEMUBH *bh;
    QTAILQ_HEAD(, SIOVEngine) queue;
    QLIST_HEAD(, SIOVEngine) ghosts;
    uint32_t num_ghosts;

    /* Properties */
    bool has_siov;
    uint16_t total_sdis;
    uint16_t sdi_offset;
    uint16_t sdi_stride;
    uint32_t siov_caps;
    SIOVRidMode rid_mode;
    bool strided;
    bool software;
    bool allowlist;
    uint16_t sriov_vfs;
    uint16_t sriov_offset;
    uint16_t sriov_stride;
    bool ari;
    SIOVAcs acs;
    uint32_t page_size;
    uint32_t vectors;
    uint32_t x_vectors_step;
    uint8_t regions;
    bool command_queue;
    bool managed;
    bool ats;

    uint16_t x_cap_offset;
    uint8_t x_cap_size;
    uint8_t x_cap_version;
    uint32_t x_cap_next;
    char *x_cap_raw;
    bool x_cap_second;
    char *x_config;
    uint16_t x_class;
    uint32_t x_status_at_boot;
    uint64_t x_boot_dma;
    bool x_status_stuck;
    bool x_check_bus_range;
    bool x_sdi_dma_as_pf;
    uint32_t x_msi_rid;
    bool x_dma_hang;
    bool x_dma_after_reset;
    bool x_flr_keeps_sdis;
    bool x_reset_keeps_state;
    uint32_t x_enable_fail_at;
    bool x_rid_unchecked;
    bool x_forge;
    uint32_t x_rid_dup;
    uint32_t x_enable_us;
    uint32_t x_disable_us;
    uint32_t x_reset_us;
    uint32_t x_flr_ms;
    uint32_t x_flr_quiet_ms;
    uint32_t x_enable_hang_at;
    uint32_t x_command_lost_at;
    uint32_t x_firmware_ms;
};

/*
 * Pulled out while an access was waiting for the lock: the memory of the device
 * is still there, what it had allocated is not
 */
static inline bool siov_testdev_is_gone(const SIOVTestdev *d)
{
    return !d->bh;
}

/*
 * Registers are 32 bits wide. A device has to answer narrower requests too: a
 * host may take their failure for a fault of its own memory.
 */
static inline hwaddr siov_reg(hwaddr addr)
{
    return addr & ~(hwaddr)3;
}

static inline uint64_t siov_lanes(uint32_t reg, hwaddr addr, unsigned size)
{
    return extract32(reg, (addr - siov_reg(addr)) * 8, size * 8);
}

static inline bool siov_is_whole(unsigned size)
{
    return size == 4;
}

static inline bool siov_engine_is_pf(const SIOVEngine *e)
{
    return e->index == SIOV_PG_INDEX_PF;
}

/*
 * What software may not do because the device is not ready for it: counted,
 * and a line in the log that makes a test fail.
 */
void siov_too_early(SIOVTestdev *d, const char *what, uint32_t n);

/* siov-testdev-engine.c: commands and messages */

void siov_engine_init(SIOVEngine *e, SIOVTestdev *d, uint32_t index);
uint32_t siov_engine_read(const SIOVEngine *e, uint32_t reg);
void siov_engine_write(SIOVEngine *e, uint32_t reg, uint32_t val);
void siov_engine_drain(SIOVEngine *e);
/* Returns false if a command goes on that cannot be stopped */
bool siov_engine_stop(SIOVEngine *e);
/* Stops whatever it is doing, and sets all registers to zero */
void siov_engine_kill(SIOVEngine *e);
void siov_engine_free(SIOVEngine *e);
void siov_engine_clear(SIOVEngine *e);
void siov_engine_stream(SIOVEngine *e, uint64_t dst, uint32_t delay);

void siov_sdi_clear_messages(SIOVSdi *sdi);
void siov_sdi_write_message(SIOVSdi *sdi, uint32_t reg, uint32_t val);

uint32_t siov_pf_raise(SIOVTestdev *d, uint32_t vector);
uint32_t siov_pf_request(SIOVTestdev *d, uint64_t addr, void *buf, uint32_t len,
                         DMADirection dir);

void siov_engines_init(SIOVTestdev *d);
void siov_engines_exit(SIOVTestdev *d);

/* siov-testdev-regs.c: BARs and the life of an SDI */

extern const MemoryRegionOps siov_ctrl_ops;
extern const MemoryRegionOps siov_pages_ops;
extern const MemoryRegionOps siov_blocks_ops;

uint32_t siov_sdi_vectors(const SIOVTestdev *d, uint32_t n);
SIOVSdi *siov_sdi_get(SIOVTestdev *d, uint32_t n);
void siov_sdi_free(SIOVSdi *sdi);
bool siov_sdi_enable(SIOVTestdev *d, uint32_t n);
bool siov_sdi_is_changing(const SIOVSdi *sdi);
/* Those return SIOV_ERR_*; what they begin may take its time */
uint32_t siov_sdi_set_rid(SIOVTestdev *d, uint32_t n, uint32_t val);
uint32_t siov_sdi_control(SIOVTestdev *d, SIOVSdi *sdi, uint32_t val);
/* Nobody waits for it any more */
void siov_sdi_cancel_enable(SIOVSdi *sdi);
void siov_testdev_disable_all(SIOVTestdev *d);

/* siov-testdev-queue.c: commands of the PF's driver in memory */

uint32_t siov_queue_read(const SIOVTestdev *d, uint32_t reg);
void siov_queue_write(SIOVTestdev *d, uint32_t reg, uint32_t val);
void siov_queue_kick(SIOVTestdev *d);
void siov_queue_stop(SIOVTestdev *d);
void siov_queue_init(SIOVTestdev *d);
void siov_queue_exit(SIOVTestdev *d);

/* siov-testdev-managed.c: types, messages and restarts of a managed device */

uint32_t siov_type_vectors(const SIOVTestdev *d, uint32_t n, uint32_t type);
bool siov_sdi_has_doorbell(const SIOVTestdev *d, uint32_t n);
uint32_t siov_managed_enable(SIOVTestdev *d, SIOVSdi *sdi,
                             const uint32_t *word);
uint32_t siov_managed_store(SIOVTestdev *d, uint32_t n, const uint32_t *word);
void siov_managed_translate(SIOVTestdev *d, SIOVSdi *sdi);
uint32_t siov_managed_read(const SIOVTestdev *d, uint32_t reg);
void siov_managed_write(SIOVTestdev *d, uint32_t reg, uint32_t val);
void siov_managed_reset(SIOVTestdev *d);
void siov_managed_init(SIOVTestdev *d);
void siov_managed_exit(SIOVTestdev *d);

#endif /* HW_MISC_SIOV_TESTDEV_INT_H */
