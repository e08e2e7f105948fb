/*
 * Scalable I/O Virtualization (SIOV), PCI Express 7.0
 *
 * An SDI has a Routing ID and nothing else of a PCI function, so it is no
 * PCIDevice. IOMMUs, however, know requesters as (PCIBus, devfn) and ask the
 * PCIBus for its number when they need it. For a RID on another bus than the
 * function's there is a "RID bus": a PCIBus that has a number and nothing else.
 * It is never realized, has no parent and no children, and nothing can be
 * plugged into it.
 *
 * There is one RID bus for a physical bus and a distance from it, whatever the
 * number of functions that use it: two with the same number would let IOMMUs
 * that look for a number find the wrong one. Where a real bus has the number,
 * that is taken. IOMMUs keep the pointer for ever, so a RID bus is never freed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "exec/memory.h"
#include "system/dma.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pcie_siov.h"
#include "pci-internal.h"
#include "trace.h"

#define PCIE_SIOV_NUM_RIDS      0x10000
#define PCIE_SIOV_BLOCK         64      /* SDIs prepared at once */

static QLIST_HEAD(, PCIESIOV) pcie_siov_pfs =
    QLIST_HEAD_INITIALIZER(pcie_siov_pfs);

/* RID buses */

#define TYPE_PCIE_RID_BUS "pcie-rid-bus"
OBJECT_DECLARE_SIMPLE_TYPE(PCIERIDBus, PCIE_RID_BUS)

struct PCIERIDBus {
    PCIBus parent_obj;

    /* The bus that requests enter on, NULL while no function there needs us */
    PCIBus *phys;
    /* Key in the table. It is compared but not followed */
    const PCIBus *key;
    uint8_t delta;
    QLIST_ENTRY(PCIERIDBus) next;
};

static QLIST_HEAD(, PCIERIDBus) pcie_rid_buses =
    QLIST_HEAD_INITIALIZER(pcie_rid_buses);

static int pcie_rid_bus_num(PCIBus *bus)
{
    PCIERIDBus *rb = PCIE_RID_BUS(bus);

    if (!rb->phys) {
        return -1;
    }
    return (pci_bus_num(rb->phys) + rb->delta) & 0xff;
}

static void pcie_rid_bus_class_init(ObjectClass *klass, void *data)
{
    PCIBusClass *pbc = PCI_BUS_CLASS(klass);

    pbc->bus_num = pcie_rid_bus_num;
    /* The one of TYPE_BUS wants a parent, and there is none */
    klass->unparent = NULL;
}

static const TypeInfo pcie_rid_bus_info = {
    .name = TYPE_PCIE_RID_BUS,
    .parent = TYPE_PCIE_BUS,
    .instance_size = sizeof(PCIERIDBus),
    .class_init = pcie_rid_bus_class_init,
};

static void pcie_rid_bus_attach(PCIERIDBus *rb, PCIBus *phys)
{
    PCIBus *bus = PCI_BUS(rb);

    rb->phys = phys;
    bus->parent_dev = phys ? phys->parent_dev : NULL;
}

static PCIBus *pcie_rid_bus_get(PCIBus *phys, uint8_t delta)
{
    PCIERIDBus *rb;

    QLIST_FOREACH(rb, &pcie_rid_buses, next) {
        if (rb->key == phys && rb->delta == delta) {
            break;
        }
    }
    if (!rb) {
        rb = PCIE_RID_BUS(object_new(TYPE_PCIE_RID_BUS));
        rb->key = phys;
        rb->delta = delta;
        PCI_BUS(rb)->flags |= PCI_BUS_EXTENDED_CONFIG_SPACE;
        QLIST_INSERT_HEAD(&pcie_rid_buses, rb, next);
    }
    if (!rb->phys) {
        pcie_rid_bus_attach(rb, phys);
    }
    return PCI_BUS(rb);
}

/* The last function is leaving @phys: the bus may go away, too */
static void pcie_rid_bus_detach_all(const PCIBus *phys)
{
    PCIERIDBus *rb;

    QLIST_FOREACH(rb, &pcie_rid_buses, next) {
        if (rb->phys == phys) {
            pcie_rid_bus_attach(rb, NULL);
        }
    }
}

/* Expander buses are roots as well, and hang below the first one */
static PCIBus *pcie_siov_top_bus(PCIBus *bus)
{
    while (bus->parent_dev) {
        bus = pci_get_bus(bus->parent_dev);
    }
    return bus;
}

static PCIBus *pcie_siov_bus(PCIBus *phys, uint8_t bus_num)
{
    uint8_t delta = bus_num - pci_bus_num(phys);
    PCIBus *real;

    if (!delta) {
        return phys;
    }
    real = pci_find_bus_nr(pcie_siov_top_bus(phys), bus_num);
    return real ? real : pcie_rid_bus_get(phys, delta);
}

/*
 * Not to be cached: the RID belongs to another address space after software
 * has renumbered the buses.
 */
static AddressSpace *pcie_siov_address_space(PCIDevice *pf, uint16_t rid)
{
    PCIBus *phys = pci_get_bus(pf);
    PCIBus *bus = pcie_siov_bus(phys, PCI_BUS_NUM(rid));

    return pci_bus_iommu_address_space(phys, bus, rid & 0xff);
}

/* Capability */

static bool pcie_siov_has_status(const PCIESIOV *s)
{
    return !s->cfg.fixed_status && s->cfg.size > PCIE_SIOV_STATUS &&
           s->cap + PCIE_SIOV_STATUS < PCIE_CONFIG_SPACE_SIZE;
}

static void pcie_siov_update_status(PCIESIOV *s)
{
    uint8_t *status = s->pf->config + s->cap + PCIE_SIOV_STATUS;

    if (!pcie_siov_has_status(s)) {
        return;
    }
    if (s->num_enabled) {
        *status |= PCIE_SIOV_STATUS_ENABLED;
    } else if (!s->cfg.sticky_status) {
        *status &= ~PCIE_SIOV_STATUS_ENABLED;
    }
}

static void pcie_siov_link_capability(PCIDevice *pf, uint16_t cap)
{
    uint16_t pos = PCI_CONFIG_SPACE_SIZE;
    uint32_t header = pci_get_long(pf->config + pos);

    while (PCI_EXT_CAP_NEXT(header)) {
        pos = PCI_EXT_CAP_NEXT(header);
        header = pci_get_long(pf->config + pos);
    }
    pci_set_long(pf->config + pos,
                 (header & ~PCI_EXT_CAP_NEXT_MASK) |
                 (uint32_t)cap << PCI_EXT_CAP_NEXT_SHIFT);
}

/*
 * Unlike pcie_add_capability() this takes one that is cut off by the end of
 * configuration space.
 */
bool pcie_siov_add_capability(PCIDevice *pf, uint16_t cap,
                              const PCIESIOVConfig *cfg, Error **errp)
{
    uint8_t buf[PCIE_SIOV_CAP_SIZEOF] = {};
    uint32_t size = MIN(cfg->size, PCIE_SIOV_CAP_SIZEOF);

    if (cap < PCI_CONFIG_SPACE_SIZE || cap % PCI_EXT_CAP_ALIGN ||
        cap > PCIE_CONFIG_SPACE_SIZE - PCI_EXT_CAP_ALIGN) {
        error_setg(errp, "SIOV capability cannot be at 0x%x: "
                   "want a multiple of 4 from 0x100 to 0xffc", cap);
        return false;
    }
    if (size < PCI_EXT_CAP_ALIGN) {
        error_setg(errp, "SIOV capability of %u bytes has no header", size);
        return false;
    }
    size = MIN(size, PCIE_CONFIG_SPACE_SIZE - cap);

    if (cap != PCI_CONFIG_SPACE_SIZE) {
        pcie_siov_link_capability(pf, cap);
    }
    pci_set_long(buf, PCI_EXT_CAP(PCIE_SIOV_CAP_ID, cfg->version, 0));
    pci_set_long(buf + PCIE_SIOV_CAP, cfg->caps);
    pci_set_word(buf + PCIE_SIOV_TOTAL_SDIS, cfg->total_sdis);
    pci_set_word(buf + PCIE_SIOV_FIRST_OFFSET, cfg->first_offset);
    pci_set_word(buf + PCIE_SIOV_STRIDE, cfg->stride);

    memcpy(pf->config + cap, buf, size);
    memset(pf->wmask + cap, 0, size);
    memset(pf->w1cmask + cap, 0, size);
    memset(pf->cmask + cap, 0xff, size);
    if (size > PCIE_SIOV_STATUS) {
        /* The device changes it: a saved value need not match */
        pf->cmask[cap + PCIE_SIOV_STATUS] = 0;
    }
    return true;
}

bool pcie_siov_init(PCIDevice *pf, PCIESIOV *s, uint16_t cap,
                    const PCIESIOVConfig *cfg, Error **errp)
{
    if (!pcie_siov_add_capability(pf, cap, cfg, errp)) {
        return false;
    }

    s->pf = pf;
    s->cap = cap;
    s->cfg = *cfg;
    s->enabled = bitmap_new(MAX(cfg->total_sdis, 1));
    s->master = bitmap_new(MAX(cfg->total_sdis, 1));
    s->has_rid = bitmap_new(MAX(cfg->total_sdis, 1));
    s->prepared = bitmap_new(MAX(cfg->total_sdis, 1));
    s->reported = bitmap_new(MAX(cfg->total_sdis, 1));
    s->rid = g_new0(uint16_t, MAX(cfg->total_sdis, 1));
    s->key = g_new0(uint32_t, MAX(cfg->total_sdis, 1));
    s->by_rid = g_new0(uint16_t, PCIE_SIOV_NUM_RIDS);
    s->by_distance = g_new0(uint16_t, PCIE_SIOV_NUM_RIDS);
    s->allow = bitmap_new(PCIE_SIOV_NUM_RIDS);
    QLIST_INSERT_HEAD(&pcie_siov_pfs, s, next);
    return true;
}

void pcie_siov_exit(PCIESIOV *s)
{
    PCIBus *phys;
    PCIESIOV *other;

    if (!s->pf) {
        return;
    }
    QLIST_REMOVE(s, next);

    phys = pci_get_bus(s->pf);
    QLIST_FOREACH(other, &pcie_siov_pfs, next) {
        if (pci_get_bus(other->pf) == phys) {
            break;
        }
    }
    if (!other) {
        pcie_rid_bus_detach_all(phys);
    }

    g_free(s->enabled);
    g_free(s->master);
    g_free(s->has_rid);
    g_free(s->prepared);
    g_free(s->reported);
    g_free(s->rid);
    g_free(s->key);
    g_free(s->by_rid);
    g_free(s->by_distance);
    g_free(s->allow);
    s->pf = NULL;
}

void pcie_siov_reset(PCIESIOV *s)
{
    trace_pcie_siov_reset(s->pf->name, s->num_enabled);
    bitmap_zero(s->enabled, s->cfg.total_sdis);
    bitmap_zero(s->master, s->cfg.total_sdis);
    bitmap_zero(s->has_rid, s->cfg.total_sdis);
    bitmap_zero(s->allow, PCIE_SIOV_NUM_RIDS);
    memset(s->by_rid, 0, PCIE_SIOV_NUM_RIDS * sizeof(*s->by_rid));
    memset(s->by_distance, 0, PCIE_SIOV_NUM_RIDS * sizeof(*s->by_distance));
    s->num_enabled = 0;
    pcie_siov_update_status(s);
}

/* Routing IDs */

/* Returns false if the SDI has no RID of any kind */
static bool pcie_siov_sdi_key(const PCIESIOV *s, uint32_t n, uint64_t *key)
{
    if (test_bit(n, s->enabled)) {
        *key = s->key[n];
        return true;
    }
    if (n && n == s->cfg.borrower) {
        n--;
    }
    if (test_bit(n, s->has_rid)) {
        *key = PCIE_SIOV_KEY_SOFTWARE | s->rid[n];
        return true;
    }
    *key = s->cfg.first_offset + (uint64_t)n * s->cfg.stride;
    return s->cfg.strided && *key < PCIE_SIOV_NUM_RIDS;
}

bool pcie_siov_sdi_rid(const PCIESIOV *s, uint32_t n, uint16_t *rid)
{
    uint64_t key;

    *rid = 0;
    if (n >= s->cfg.total_sdis || !pcie_siov_sdi_key(s, n, &key)) {
        return false;
    }
    if (!(key & PCIE_SIOV_KEY_SOFTWARE)) {
        key += pci_requester_id(s->pf);
        if (key >= PCIE_SIOV_NUM_RIDS) {
            return false;
        }
    }
    *rid = key;
    return true;
}

static uint16_t *pcie_siov_owners(PCIESIOV *s, uint32_t n)
{
    return s->key[n] & PCIE_SIOV_KEY_SOFTWARE ?
           &s->by_rid[s->key[n] & ~PCIE_SIOV_KEY_SOFTWARE] :
           &s->by_distance[s->key[n]];
}

/* How many enabled SDIs of the function have this RID? */
static uint32_t pcie_siov_count(const PCIESIOV *s, uint16_t rid)
{
    uint16_t pf = pci_requester_id(s->pf);

    return s->by_rid[rid] + (rid >= pf ? s->by_distance[rid - pf] : 0);
}

static bool pcie_siov_same_segment(PCIBus *a, PCIBus *b)
{
    return pcie_siov_top_bus(a) == pcie_siov_top_bus(b);
}

static PCIDevice *pcie_siov_function(PCIBus *bus, uint16_t rid)
{
    PCIDevice *dev = pci_find_device(pcie_siov_top_bus(bus), PCI_BUS_NUM(rid),
                                     rid & 0xff);

    return dev && dev->enabled ? dev : NULL;
}

/* How many requesters of the segment have this RID? */
static uint32_t pcie_siov_requesters(PCIBus *bus, uint16_t rid)
{
    uint32_t count = pcie_siov_function(bus, rid) ? 1 : 0;
    PCIESIOV *s;

    QLIST_FOREACH(s, &pcie_siov_pfs, next) {
        if (s->num_enabled && pcie_siov_same_segment(bus, pci_get_bus(s->pf))) {
            count += pcie_siov_count(s, rid);
        }
    }
    return count;
}

static void pcie_siov_check_rid(PCIESIOV *s, uint32_t n)
{
    PCIBus *bus = pci_get_bus(s->pf);
    PCIDevice *func;
    uint16_t rid;

    if (test_bit(n, s->reported) || !pcie_siov_sdi_rid(s, n, &rid) ||
        pcie_siov_requesters(bus, rid) < 2 ||
        pcie_siov_pf_may_send(s->pf) != PCIE_SIOV_SENT) {
        return;
    }
    set_bit(n, s->reported);
    s->rid_dups++;
    func = pcie_siov_function(bus, rid);
    trace_pcie_siov_rid_dup(s->pf->name, n, PCI_BUS_NUM(rid), PCI_SLOT(rid),
                            PCI_FUNC(rid));
    warn_report("SIOV violation: SDI %" PRIu32 " of %s has the Routing ID "
                "%02x:%02x.%x, and so has %s", n, s->pf->name,
                PCI_BUS_NUM(rid), PCI_SLOT(rid), PCI_FUNC(rid),
                func ? func->name : "another SDI");
}

void pcie_siov_check_rids(void)
{
    PCIESIOV *s;

    QLIST_FOREACH(s, &pcie_siov_pfs, next) {
        unsigned long n = find_first_bit(s->enabled, s->cfg.total_sdis);

        while (n < s->cfg.total_sdis) {
            pcie_siov_check_rid(s, n);
            n = find_next_bit(s->enabled, s->cfg.total_sdis, n + 1);
        }
    }
}

/* SDIs */

static bool pcie_siov_rid_allowed(const PCIESIOV *s, uint16_t rid)
{
    return !s->cfg.allowlist || test_bit(rid, s->allow);
}

bool pcie_siov_sdi_set_rid(PCIESIOV *s, uint32_t n, uint16_t rid)
{
    assert(n < s->cfg.total_sdis && !test_bit(n, s->enabled));

    if (!pcie_siov_rid_allowed(s, rid)) {
        return false;
    }
    s->rid[n] = rid;
    set_bit(n, s->has_rid);
    clear_bit(n, s->prepared);
    return true;
}

void pcie_siov_sdi_clear_rid(PCIESIOV *s, uint32_t n)
{
    assert(n < s->cfg.total_sdis && !test_bit(n, s->enabled));

    if (test_and_clear_bit(n, s->has_rid)) {
        clear_bit(n, s->prepared);
    }
}

static void pcie_siov_prepare_strided(PCIESIOV *s, uint32_t n)
{
    /* As many again as there are: the work for each SDI stays the same */
    uint32_t end = n + MAX(PCIE_SIOV_BLOCK, s->num_enabled);
    uint16_t rid;

    for (; n < MIN(end, s->cfg.total_sdis); n++) {
        if (pcie_siov_sdi_rid(s, n, &rid)) {
            pcie_siov_address_space(s->pf, rid);
            set_bit(n, s->prepared);
        }
    }
}

static void pcie_siov_prepare_rids(PCIESIOV *s, uint32_t n)
{
    uint32_t rid = s->rid[n];
    uint32_t end = ROUND_UP(rid + 1, PCIE_SIOV_BLOCK);

    for (; rid < end; rid++) {
        pcie_siov_address_space(s->pf, rid);
    }
    set_bit(n, s->prepared);
}

/*
 * Every change to the memory map visits every address space there is. So they
 * are created in blocks, each within one transaction.
 */
static void pcie_siov_prepare(PCIESIOV *s, uint32_t n)
{
    if (test_bit(n, s->prepared)) {
        return;
    }
    memory_region_transaction_begin();
    if (test_bit(n, s->has_rid)) {
        pcie_siov_prepare_rids(s, n);
    } else {
        pcie_siov_prepare_strided(s, n);
    }
    memory_region_transaction_commit();
}

bool pcie_siov_sdi_enable(PCIESIOV *s, uint32_t n)
{
    uint64_t key;
    uint16_t rid;

    assert(n < s->cfg.total_sdis);

    if (test_bit(n, s->enabled)) {
        return true;
    }
    if (!pcie_siov_sdi_rid(s, n, &rid)) {
        return false;
    }
    trace_pcie_siov_enable(s->pf->name, n, PCI_BUS_NUM(rid), PCI_SLOT(rid),
                           PCI_FUNC(rid));
    pcie_siov_prepare(s, n);
    pcie_siov_sdi_key(s, n, &key);
    s->key[n] = key;
    (*pcie_siov_owners(s, n))++;
    set_bit(n, s->enabled);
    clear_bit(n, s->master);
    clear_bit(n, s->reported);
    s->num_enabled++;
    pcie_siov_update_status(s);
    pcie_siov_check_rid(s, n);
    return true;
}

void pcie_siov_sdi_disable(PCIESIOV *s, uint32_t n)
{
    assert(n < s->cfg.total_sdis);

    if (!test_bit(n, s->enabled)) {
        return;
    }
    trace_pcie_siov_disable(s->pf->name, n);
    /* A function may have come that has its RID */
    pcie_siov_check_rid(s, n);
    (*pcie_siov_owners(s, n))--;
    clear_bit(n, s->enabled);
    clear_bit(n, s->master);
    s->num_enabled--;
    pcie_siov_sdi_clear_rid(s, n);
    pcie_siov_update_status(s);
}

void pcie_siov_sdi_set_master(PCIESIOV *s, uint32_t n, bool on)
{
    assert(n < s->cfg.total_sdis);

    if (on && test_bit(n, s->enabled)) {
        set_bit(n, s->master);
    } else {
        clear_bit(n, s->master);
    }
}

/* Requests */

static PCIESIOVDrop pcie_siov_function_drop(PCIDevice *dev)
{
    uint16_t command = pci_get_word(dev->config + PCI_COMMAND);
    uint16_t pmcsr = 0;

    if (dev->cap_present & QEMU_PCI_CAP_PM) {
        pmcsr = pci_get_word(dev->config + dev->pm_cap + PCI_PM_CTRL);
    }
    if (pmcsr & PCI_PM_CTRL_STATE_MASK) {
        return PCIE_SIOV_DROP_POWER;
    }
    if (!(command & PCI_COMMAND_MASTER) || !dev->enabled) {
        return PCIE_SIOV_DROP_BME;
    }
    return PCIE_SIOV_SENT;
}

/* A bridge forwards requests upstream only while it may send some itself */
static bool pcie_siov_bridges_forward(PCIDevice *pf)
{
    PCIBus *bus = pci_get_bus(pf);

    while (!pci_bus_is_root(bus)) {
        if (pcie_siov_function_drop(bus->parent_dev) != PCIE_SIOV_SENT) {
            return false;
        }
        bus = pci_get_bus(bus->parent_dev);
    }
    return true;
}

PCIESIOVDrop pcie_siov_pf_may_send(PCIDevice *pf)
{
    PCIESIOVDrop drop = pcie_siov_function_drop(pf);

    if (drop == PCIE_SIOV_SENT && !pcie_siov_bridges_forward(pf)) {
        drop = PCIE_SIOV_DROP_BRIDGE;
    }
    return drop;
}

/*
 * Completions are routed by bus number, and ACS Source Validation looks at it:
 * a RID outside of the window of any bridge on the way up does not work.
 */
static bool pcie_siov_in_window(const PCIESIOV *s, uint16_t rid)
{
    PCIBus *bus = pci_get_bus(s->pf);
    uint8_t num = PCI_BUS_NUM(rid);

    while (!pci_bus_is_root(bus)) {
        PCIDevice *bridge = bus->parent_dev;

        if (num < bridge->config[PCI_SECONDARY_BUS] ||
            num > bridge->config[PCI_SUBORDINATE_BUS]) {
            return false;
        }
        bus = pci_get_bus(bridge);
    }
    return true;
}

static PCIESIOVDrop pcie_siov_sdi_state(const PCIESIOV *s, uint32_t n,
                                        uint16_t *rid)
{
    if (!pcie_siov_sdi_enabled(s, n)) {
        return PCIE_SIOV_DROP_DISABLED;
    }
    if (!test_bit(n, s->master)) {
        return PCIE_SIOV_DROP_MASTER;
    }
    if (!pcie_siov_sdi_rid(s, n, rid)) {
        return PCIE_SIOV_DROP_NO_RID;
    }
    if (test_bit(n, s->has_rid) && !pcie_siov_rid_allowed(s, *rid)) {
        return PCIE_SIOV_DROP_ALLOWLIST;
    }
    if (!s->cfg.ignore_window && !pcie_siov_in_window(s, *rid)) {
        return PCIE_SIOV_DROP_WINDOW;
    }
    return PCIE_SIOV_SENT;
}

PCIESIOVDrop pcie_siov_sdi_may_send(PCIESIOV *s, uint32_t n, uint16_t *rid)
{
    PCIESIOVDrop drop = pcie_siov_pf_may_send(s->pf);

    *rid = 0;
    if (drop == PCIE_SIOV_SENT) {
        drop = pcie_siov_sdi_state(s, n, rid);
    }
    if (drop != PCIE_SIOV_SENT) {
        trace_pcie_siov_drop(s->pf->name, n, drop, PCI_BUS_NUM(*rid),
                             PCI_SLOT(*rid), PCI_FUNC(*rid));
    } else {
        pcie_siov_check_rid(s, n);
    }
    return drop;
}

MemTxResult pcie_siov_dma_rw(PCIDevice *pf, uint16_t rid, dma_addr_t addr,
                             void *buf, dma_addr_t len, DMADirection dir)
{
    const MemTxAttrs attrs = { .requester_id = rid };
    AddressSpace *as = pcie_siov_address_space(pf, rid);
    MemTxResult res = dma_memory_rw(as, addr, buf, len, dir, attrs);

    trace_pcie_siov_dma(pf->name, PCI_BUS_NUM(rid), PCI_SLOT(rid),
                        PCI_FUNC(rid), dir == DMA_DIRECTION_FROM_DEVICE, addr,
                        len, res);
    return res;
}

bool pcie_siov_translate(PCIDevice *pf, uint16_t rid, bool is_write,
                         IOMMUTLBEntry *entry)
{
    const MemTxAttrs attrs = { .requester_id = rid };
    AddressSpace *as = pcie_siov_address_space(pf, rid);
    IOMMUTLBEntry end = address_space_get_iotlb_entry(as, entry->iova, is_write,
                                                      attrs);
    bool ok = end.perm != IOMMU_NONE;

    trace_pcie_siov_dma(pf->name, PCI_BUS_NUM(rid), PCI_SLOT(rid),
                        PCI_FUNC(rid), is_write, entry->iova,
                        entry->addr_mask + 1, ok ? MEMTX_OK : MEMTX_ERROR);
    if (!ok) {
        return false;
    }
    entry->target_as = end.target_as;
    entry->translated_addr = end.translated_addr + (entry->iova - end.iova);
    entry->perm = IOMMU_RW;
    return true;
}

MemTxResult pcie_siov_msi_send(PCIDevice *pf, uint16_t rid, MSIMessage msg)
{
    const MemTxAttrs attrs = { .requester_id = rid };
    AddressSpace *as = pcie_siov_address_space(pf, rid);
    MemTxResult res;

    address_space_stl_le(as, msg.address, msg.data, attrs, &res);
    trace_pcie_siov_msi(pf->name, PCI_BUS_NUM(rid), PCI_SLOT(rid),
                        PCI_FUNC(rid), msg.address, msg.data, res);
    return res;
}

/* Configuration requests */

void pcie_siov_config_miss(PCIBus *bus, uint16_t rid, bool is_write)
{
    PCIESIOV *s;

    QLIST_FOREACH(s, &pcie_siov_pfs, next) {
        if (!s->num_enabled || !pcie_siov_count(s, rid) ||
            !pcie_siov_same_segment(bus, pci_get_bus(s->pf))) {
            continue;
        }
        trace_pcie_siov_config_miss(s->pf->name, PCI_BUS_NUM(rid),
                                    PCI_SLOT(rid), PCI_FUNC(rid), is_write);
        if (is_write) {
            s->config_writes++;
        } else {
            s->config_reads++;
        }
    }
}

static void pcie_siov_register_types(void)
{
    type_register_static(&pcie_rid_bus_info);
}

type_init(pcie_siov_register_types)
