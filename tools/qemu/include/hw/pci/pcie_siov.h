/*
 * Scalable I/O Virtualization (SIOV), PCI Express 7.0
 *
 * What a device with Scalable Device Interfaces (SDIs) needs from PCI: the
 * extended capability, the Routing IDs (RIDs) of its SDIs, and memory requests
 * and messages that carry them. How SDIs are enabled, reset and addressed is
 * device specific; so is the RID that software gives one.
 *
 * The state is the device's: it embeds a PCIESIOV. All functions are called
 * with the BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef QEMU_PCIE_SIOV_H
#define QEMU_PCIE_SIOV_H

#include "hw/pci/pci_device.h"

/* PCI_EXT_CAP_ID_SIOV and registers, until the standard headers have them */
#define PCIE_SIOV_CAP_ID                0x38
#define PCIE_SIOV_CAP_VER               1
#define PCIE_SIOV_CAP_SIZEOF            0x10
#define PCIE_SIOV_CAP                   0x04
#define PCIE_SIOV_TOTAL_SDIS            0x08
#define PCIE_SIOV_STATUS                0x0b
#define  PCIE_SIOV_STATUS_ENABLED       0x01
#define PCIE_SIOV_FIRST_OFFSET          0x0c
#define PCIE_SIOV_STRIDE                0x0e

/**
 * enum PCIESIOVDrop - why a request does not reach the root complex
 * @PCIE_SIOV_SENT: it does
 * @PCIE_SIOV_DROP_BME: Bus Master Enable of the function is clear
 * @PCIE_SIOV_DROP_POWER: the function is not in D0
 * @PCIE_SIOV_DROP_DISABLED: the SDI is not enabled
 * @PCIE_SIOV_DROP_MASTER: the SDI may not send requests
 * @PCIE_SIOV_DROP_NO_RID: the SDI has no RID
 * @PCIE_SIOV_DROP_WINDOW: the RID's bus is outside of the secondary to
 *                         subordinate range of a bridge above the function
 * @PCIE_SIOV_DROP_ALLOWLIST: software's RID is not in the allowlist
 * @PCIE_SIOV_DROP_BRIDGE: Bus Master Enable of a bridge above is clear, or the
 *                         bridge is not in D0
 */
typedef enum PCIESIOVDrop {
    PCIE_SIOV_SENT,
    PCIE_SIOV_DROP_BME,
    PCIE_SIOV_DROP_POWER,
    PCIE_SIOV_DROP_DISABLED,
    PCIE_SIOV_DROP_MASTER,
    PCIE_SIOV_DROP_NO_RID,
    PCIE_SIOV_DROP_WINDOW,
    PCIE_SIOV_DROP_ALLOWLIST,
    PCIE_SIOV_DROP_BRIDGE,
    PCIE_SIOV_DROP__MAX,
} PCIESIOVDrop;

/**
 * struct PCIESIOVConfig - what a device wants
 * @total_sdis: number of SDIs, zero included
 * @first_offset: distance of SDI 0's RID from the function's
 * @stride: distance of two SDIs' RIDs
 * @caps: the capability's register 0x04
 * @version: version in the capability's header
 * @size: bytes of the capability that exist, 4 to PCIE_SIOV_CAP_SIZEOF
 * @strided: SDIs without a RID from software have the strided one
 * @allowlist: check software's RIDs against the allowlist
 * @ignore_window: let bridges above pass any RID, as QEMU's own do
 * @sticky_status: Status bit 0 never clears
 * @fixed_status: Status does not follow the SDIs at all
 * @borrower: SDI that has the RID of the one before it, by mistake; 0: none
 */
typedef struct PCIESIOVConfig {
    uint16_t total_sdis;
    uint16_t first_offset;
    uint16_t stride;
    uint32_t caps;
    uint8_t version;
    uint8_t size;
    bool strided;
    bool allowlist;
    bool ignore_window;
    bool sticky_status;
    bool fixed_status;
    uint32_t borrower;
} PCIESIOVConfig;

#define PCIE_SIOV_KEY_SOFTWARE          0x10000

/**
 * struct PCIESIOV - state of one function
 * @pf: the function
 * @cap: offset of the capability
 * @cfg: copy of the configuration
 * @num_enabled: number of bits in @enabled
 * @enabled: bitmap of SDIs
 * @master: bitmap of SDIs that may send requests
 * @has_rid: bitmap of SDIs with a RID from software
 * @prepared: bitmap of SDIs whose address space exists
 * @reported: bitmap of SDIs whose RID was found to have another owner
 * @rid: RIDs from software
 * @key: what an enabled SDI's RID is: %PCIE_SIOV_KEY_SOFTWARE and the RID, or a
 *       distance from the function's
 * @by_rid: number of enabled SDIs that have the RID from software
 * @by_distance: number of enabled SDIs at this distance from the function
 * @allow: bitmap of RIDs that software may give to SDIs
 * @config_reads: configuration reads aimed at the RID of an enabled SDI
 * @config_writes: configuration writes aimed at the RID of an enabled SDI
 * @rid_dups: SDIs whose RID was found to have another owner
 * @next: all functions with SDIs
 */
typedef struct PCIESIOV {
    PCIDevice *pf;
    uint16_t cap;
    PCIESIOVConfig cfg;
    uint32_t num_enabled;
    unsigned long *enabled;
    unsigned long *master;
    unsigned long *has_rid;
    unsigned long *prepared;
    unsigned long *reported;
    uint16_t *rid;
    uint32_t *key;
    uint16_t *by_rid;
    uint16_t *by_distance;
    unsigned long *allow;
    uint64_t config_reads;
    uint64_t config_writes;
    uint64_t rid_dups;
    QLIST_ENTRY(PCIESIOV) next;
} PCIESIOV;

/**
 * pcie_siov_init: make a function a SIOV PF
 * @pf: a PCI Express function; its other extended capabilities are there
 * @s: zeroed state
 * @cap: offset of the new capability, the last one in the list
 * @cfg: see there
 * @errp: error
 *
 * Cheap whatever the number of SDIs is. On failure nothing has changed.
 */
bool pcie_siov_init(PCIDevice *pf, PCIESIOV *s, uint16_t cap,
                    const PCIESIOVConfig *cfg, Error **errp);

/**
 * pcie_siov_add_capability: write the capability into configuration space
 *
 * pcie_siov_init() does this; it is for devices with more than one of them.
 * Nothing is written past the end of configuration space.
 */
bool pcie_siov_add_capability(PCIDevice *pf, uint16_t cap,
                              const PCIESIOVConfig *cfg, Error **errp);

/**
 * pcie_siov_exit: undo pcie_siov_init(), also after it failed
 */
void pcie_siov_exit(PCIESIOV *s);

/**
 * pcie_siov_reset: disable all SDIs, forget software's RIDs and the allowlist
 */
void pcie_siov_reset(PCIESIOV *s);

/**
 * pcie_siov_sdi_rid: the RID of SDI @n as buses are numbered now
 *
 * An enabled SDI has the one that it was enabled with. Returns false if it has
 * none: none given by software and no strided one, or one beyond the 16 bits of
 * a RID.
 */
bool pcie_siov_sdi_rid(const PCIESIOV *s, uint32_t n, uint16_t *rid);

/**
 * pcie_siov_sdi_set_rid: give SDI @n a RID, which must be disabled
 *
 * Returns false if the allowlist does not have it.
 */
bool pcie_siov_sdi_set_rid(PCIESIOV *s, uint32_t n, uint16_t rid);

/**
 * pcie_siov_sdi_clear_rid: take software's RID from SDI @n
 */
void pcie_siov_sdi_clear_rid(PCIESIOV *s, uint32_t n);

/**
 * pcie_siov_sdi_enable: enable SDI @n
 *
 * Creates address spaces for a block of SDIs, as one at a time gets slow.
 * Returns false if it has no RID. A RID that another requester has is noticed,
 * see pcie_siov_check_rids(), and taken.
 */
bool pcie_siov_sdi_enable(PCIESIOV *s, uint32_t n);

/**
 * pcie_siov_sdi_disable: disable SDI @n, it loses MASTER and software's RID
 */
void pcie_siov_sdi_disable(PCIESIOV *s, uint32_t n);

/**
 * pcie_siov_sdi_set_master: let SDI @n send requests and messages, or not
 */
void pcie_siov_sdi_set_master(PCIESIOV *s, uint32_t n, bool on);

static inline bool pcie_siov_sdi_enabled(const PCIESIOV *s, uint32_t n)
{
    return n < s->cfg.total_sdis && test_bit(n, s->enabled);
}

/**
 * pcie_siov_check_rids: look for requesters with the same RID, everywhere
 *
 * A RID belongs to one requester of a segment, be it a function or an SDI.
 * Each SDI is looked at when it is enabled, when it sends and when it is
 * disabled; a device calls this when it has got more functions. What is found
 * is counted in &PCIESIOV.rid_dups, once in the life of an SDI, traced, and
 * written to the log. A PF that may send nothing is left alone: what firmware
 * will find has its RIDs before the buses have numbers.
 */
void pcie_siov_check_rids(void);

/**
 * pcie_siov_pf_may_send: would a request of the function itself get through?
 */
PCIESIOVDrop pcie_siov_pf_may_send(PCIDevice *pf);

/**
 * pcie_siov_sdi_may_send: would a request of SDI @n get through?
 *
 * @rid is valid for PCIE_SIOV_SENT, PCIE_SIOV_DROP_WINDOW and
 * PCIE_SIOV_DROP_ALLOWLIST, zero otherwise.
 */
PCIESIOVDrop pcie_siov_sdi_may_send(PCIESIOV *s, uint32_t n, uint16_t *rid);

/**
 * pcie_siov_dma_rw: memory request of @pf with the requester ID @rid
 *
 * Checks nothing: pcie_siov_sdi_may_send() does.
 */
MemTxResult pcie_siov_dma_rw(PCIDevice *pf, uint16_t rid, dma_addr_t addr,
                             void *buf, dma_addr_t len, DMADirection dir);

/**
 * pcie_siov_translate: where memory requests of @pf with the RID @rid end
 * @pf: function
 * @rid: requester ID
 * @is_write: a write
 * @entry: @iova and @addr_mask say which requests; the rest is filled in
 *
 * For devices that take an address space. The answer is for one request: the
 * RID belongs to another address space after software has renumbered the buses.
 * Checks nothing: pcie_siov_sdi_may_send() does. Called from an RCU critical
 * section. Returns false if an IOMMU blocks them, or nothing is there.
 */
bool pcie_siov_translate(PCIDevice *pf, uint16_t rid, bool is_write,
                         IOMMUTLBEntry *entry);

/**
 * pcie_siov_msi_send: message of @pf with the requester ID @rid
 *
 * Checks nothing: pcie_siov_sdi_may_send() does.
 */
MemTxResult pcie_siov_msi_send(PCIDevice *pf, uint16_t rid, MSIMessage msg);

/**
 * pcie_siov_config_miss: a configuration request found no function
 * @bus: any bus of the segment
 * @rid: where it went
 * @is_write: a write
 *
 * For host bridges. Counts those aimed at the RID of an enabled SDI.
 */
void pcie_siov_config_miss(PCIBus *bus, uint16_t rid, bool is_write);

#endif /* QEMU_PCIE_SIOV_H */
