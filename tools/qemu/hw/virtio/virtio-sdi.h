/*
 * virtio-net with Scalable Device Interfaces: what its files share
 *
 * The PF is virtio-net-siov-pci.c, a VF that it may have is
 * virtio-net-siov-vf.c, an SDI is virtio-sdi.c with its registers
 * in virtio-sdi-page.c, those of a legacy driver in virtio-sdi-legacy.c, its
 * state in virtio-sdi-parts.c and its messages in virtio-sdi-message.c, and
 * the switch between the NICs is virtio-sdi-switch.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VIRTIO_SDI_H
#define HW_VIRTIO_SDI_H

#include "exec/memory.h"
#include "hw/pci/pcie_siov.h"
#include "hw/virtio/virtio-bus.h"
#include "hw/virtio/virtio-net-admin-pci.h"
#include "hw/virtio/virtio-net-siov-pci.h"
#include "net/net.h"

#define TYPE_VIRTIO_NET_SIOV_PCI_BASE   "virtio-net-siov-pci-base"
#define TYPE_VIRTIO_NET_SIOV_VF         "virtio-net-siov-vf"
#define TYPE_VIRTIO_SDI                 "virtio-sdi"
#define TYPE_VIRTIO_SDI_BUS             "virtio-sdi-bus"
#define TYPE_VIRTIO_SDI_PARENT_BUS      "virtio-sdi-parent-bus"

/* No SDI; for faults that are switched off */
#define VIRTIO_SDI_NONE                 UINT32_MAX

/* As many as can be notified */
#define VIRTIO_SDI_MAX_QUEUES           (VSDI_PG_NOTIFY_LENGTH / \
                                         VSDI_PG_NOTIFY_MULTIPLIER)

/* A NIC that the device makes: receive, transmit and control queue */
#define VIRTIO_SDI_NIC_QUEUES           3

OBJECT_DECLARE_TYPE(VirtIONetSIOVPCI, VirtIONetSIOVPCIClass,
                    VIRTIO_NET_SIOV_PCI_BASE)
OBJECT_DECLARE_SIMPLE_TYPE(VirtIOSDI, VIRTIO_SDI)

typedef struct VirtIOSwitch VirtIOSwitch;
typedef struct VirtIOSwitchPort VirtIOSwitchPort;

/* What an SDI is doing that takes its time */
typedef enum VirtIOSDIChange {
    VIRTIO_SDI_STEADY,
    VIRTIO_SDI_ENABLING,
    VIRTIO_SDI_RESETTING,
} VirtIOSDIChange;

/* A message, as four registers of an MSI-X table */
typedef struct VirtIOSDIMessage {
    uint32_t addr_lo;
    uint32_t addr_hi;
    uint32_t data;
    uint32_t ctrl;
} VirtIOSDIMessage;

/* What the transport keeps of a queue until the queue is enabled */
typedef struct VirtIOSDIQueue {
    uint16_t num;
    bool enabled;
    uint64_t desc;
    uint64_t avail;
    uint64_t used;
} VirtIOSDIQueue;

/**
 * struct VirtIOSDIOps - what differs between an SDI and a VF
 * @enabled: does it exist?
 * @is_master: may its device access memory?
 * @may_send: would a request get through now, and with which RID?
 * @send: send a message
 * @page_owner: whose BAR its page is in: the owner's or its own,
 *              VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_OWNER_*
 * @page_offset: where the page begins in that BAR
 */
typedef struct VirtIOSDIOps {
    bool (*enabled)(const VirtIOSDI *sdi);
    bool (*is_master)(const VirtIOSDI *sdi);
    bool (*may_send)(VirtIOSDI *sdi, bool is_msi, uint16_t *rid);
    void (*send)(VirtIOSDI *sdi, uint16_t vector);
    uint8_t page_owner;
    uint64_t (*page_offset)(const VirtIOSDI *sdi);
} VirtIOSDIOps;

/**
 * struct VirtIOSDI - one SDI; made when it is first needed. Or the virtio
 * device of one VF, which has no control block and no messages of this kind
 * @bus: where its virtio device is plugged
 * @pf: its function
 * @ops: what differs between an SDI and a VF
 * @vf: the VF, NULL for an SDI
 * @index: its number: VFs are counted from behind the last SDI
 * @nic: the device, if it is one that we have made
 * @port: the port of @nic
 * @reaper: removes @nic after the SDI was disabled
 * @dma: decides for each request of the device if it may leave, and as whom
 * @as: what the device takes for memory, all of it @dma
 * @change: what is under way, until @timer
 * @stopped: an administration command has stopped it
 * @look_up_queues: how far it has come in its queues is to be found out
 * @held: messages that wait until it goes on, a bit each
 * @generation_told: config_generation that the driver was last told of
 * @master: MASTER as it is to be once it is enabled
 * @error: why the last write to the block was refused
 * @generation: times that it was enabled
 * @dma_count: requests since then
 * @fault_count: requests and messages since then that came back with an error
 * @msi_count: messages since then
 * @drop_count: requests and messages since then that were dropped
 * @num_msgs: room in @msg
 * @msg: messages
 * @dfselect: device_feature_select
 * @gfselect: driver_feature_select
 * @guest_features: driver_feature
 * @queue: queues
 */
struct VirtIOSDI {
    DeviceState parent_obj;

    VirtioBusState bus;
    VirtIONetSIOVPCI *pf;
    const VirtIOSDIOps *ops;
    PCIDevice *vf;
    uint32_t index;
    VirtIODevice *nic;
    VirtIOSwitchPort *port;
    QEMUBH *reaper;

    IOMMUMemoryRegion dma;
    AddressSpace as;

    VirtIOSDIChange change;
    QEMUTimer *timer;
    bool stopped;
    bool look_up_queues;
    unsigned long *held;
    uint32_t generation_told;
    bool master;
    uint32_t error;
    uint32_t generation;
    uint32_t dma_count;
    uint32_t fault_count;
    uint32_t msi_count;
    uint32_t drop_count;

    uint32_t num_msgs;
    VirtIOSDIMessage *msg;

    uint32_t dfselect;
    uint32_t gfselect;
    uint32_t guest_features[2];
    VirtIOSDIQueue queue[VIRTIO_SDI_MAX_QUEUES];
};

typedef enum VirtIOSDIRids {
    VIRTIO_SDI_RIDS_BOTH,
    VIRTIO_SDI_RIDS_STRIDED,
    VIRTIO_SDI_RIDS_SOFTWARE,
} VirtIOSDIRids;

struct VirtIONetSIOVPCI {
    VirtIONetAdminPCI parent_obj;

    PCIESIOV siov;
    MemoryRegion ctrl;
    MemoryRegion pages;
    BusState sdi_bus;
    VirtIOSDI **sdis;
    VirtIOSwitch *sw;
    uint64_t counters[VSDI_NUM_COUNTERS];
    uint32_t block_size;
    bool present;

    uint16_t total_sdis;
    uint16_t sdi_offset;
    uint16_t sdi_stride;
    int rid_mode;
    uint32_t page_size;
    uint32_t sdi_buses;
    uint32_t sdi_vectors;
    MACAddr sdi_mac;
    uint32_t queue_len;
    bool legacy_notify;
    uint8_t parts_objects;

    uint32_t x_reset_hang_at;
    uint32_t x_enable_fail_at;
    uint32_t x_enable_us;
    uint32_t x_reset_us;
    bool x_sdi_dma_as_pf;
    bool x_msi_as_pf;
    uint32_t x_drop_every;
    bool x_flr_keeps_sdis;
};

struct VirtIONetSIOVPCIClass {
    VirtIONetAdminPCIClass parent_class;

    void (*parent_realize)(VirtIOPCIProxy *proxy, Error **errp);
    PCIUnregisterFunc *parent_exit;
    ResettablePhases parent_phases;
};

/* virtio-sdi.c: an SDI */

/* Returns NULL only if there is no such SDI and @errp says why */
VirtIOSDI *virtio_sdi_new(VirtIONetSIOVPCI *pf, uint32_t n, Error **errp);
/* The device of VF @n, with a NIC that is there as long as the PF */
VirtIOSDI *virtio_sdi_new_vf(VirtIONetSIOVPCI *pf, uint32_t n, PCIDevice *vf,
                             const VirtIOSDIOps *ops, Error **errp);
/* Its virtio device; NULL if it is not enabled, or changing */
VirtIODevice *virtio_sdi_device(VirtIOSDI *sdi);
bool virtio_sdi_enabled(const VirtIOSDI *sdi);
/* These return VSDI_ERR_*; what they begin may take its time */
uint32_t virtio_sdi_control(VirtIOSDI *sdi, uint32_t val);
uint32_t virtio_sdi_set_rid(VirtIOSDI *sdi, uint32_t val);
uint32_t virtio_sdi_read_ctrl(const VirtIOSDI *sdi);
uint32_t virtio_sdi_vectors(const VirtIONetSIOVPCI *pf, uint32_t n);
/* ID and number of queues; of a NIC if there is no device now */
uint32_t virtio_sdi_kind(const VirtIONetSIOVPCI *pf, uint32_t n);
void virtio_sdi_disable(VirtIOSDI *sdi);
/* Reset all that is neither PCI's nor a control block's; and let it go on */
void virtio_sdi_clear(VirtIOSDI *sdi);
/* Reset the virtio device alone */
void virtio_sdi_reset_device(VirtIOSDI *sdi);
/* The same if the driver of the device asks for it */
void virtio_sdi_reset_by_driver(VirtIOSDI *sdi);
void virtio_sdi_too_early(VirtIOSDI *sdi, const char *what);
/*
 * May the SDI send something, and with which RID? Counts it, and chooses a
 * wrong RID if a property wants that.
 */
bool virtio_sdi_may_send(VirtIOSDI *sdi, bool is_msi, uint16_t *rid);

/* virtio-sdi-message.c: its messages */

void virtio_sdi_clear_messages(VirtIOSDI *sdi);
void virtio_sdi_raise(VirtIOSDI *sdi, uint16_t vector);
/* By the control block, if it is not masked there */
void virtio_sdi_send(VirtIOSDI *sdi, uint16_t vector);
/* Those that were raised while it was stopped */
void virtio_sdi_send_held(VirtIOSDI *sdi);
/* @reg counts from the first message */
uint32_t virtio_sdi_read_message(const VirtIOSDI *sdi, uint32_t reg);
void virtio_sdi_write_message(VirtIOSDI *sdi, uint32_t reg, uint32_t val);

/* A vector that is not there reads back as none */
static inline uint16_t virtio_sdi_vector(const VirtIOSDI *sdi, uint32_t val)
{
    return val < sdi->num_msgs ? val : VIRTIO_NO_VECTOR;
}

/* virtio-sdi-legacy.c: registers of a legacy driver */

extern const VirtIOAdminLegacyOps virtio_sdi_legacy_ops;

/* virtio-sdi-parts.c: stop, go on, and the state of an SDI in parts */

extern const VirtIOAdminPartsOps virtio_sdi_parts_ops;

/* Its device may or may not access memory now */
void virtio_sdi_update_access(VirtIOSDI *sdi);
/* If it is stopped */
void virtio_sdi_go_on(VirtIOSDI *sdi);

/* virtio-sdi-page.c: its registers */

extern const MemoryRegionOps virtio_sdi_page_ops;

/* The registers of one; all ones if @sdi is NULL or not there */
uint64_t virtio_sdi_read_page(VirtIOSDI *sdi, uint32_t reg, unsigned size);
void virtio_sdi_write_page(VirtIOSDI *sdi, uint32_t reg, uint64_t val,
                           unsigned size);
void virtio_sdi_clear_page(VirtIOSDI *sdi);
void virtio_sdi_notify(VirtIOSDI *sdi, uint32_t n);

/* virtio-net-siov-vf.c: a VF */

/* The BARs of VFs, in the SR-IOV capability of their PF */
void virtio_siov_vf_init_bars(VirtIONetSIOVPCI *pf);
/* Its virtio device, which needs all else of the PF */
bool virtio_siov_vf_init_device(VirtIONetSIOVPCI *pf, uint32_t n, Error **errp);
/* The member with this ID of the SR-IOV group, or NULL */
void *virtio_siov_vf_member(VirtIOAdmin *admin, uint64_t id);

/* virtio-sdi-switch.c: the switch */

/*
 * Move @conf of the PF's NIC to a port of a new switch, and what it was to be
 * connected with to another port.
 */
VirtIOSwitch *virtio_switch_new(VirtIONetSIOVPCI *pf, Error **errp);
void virtio_switch_free(VirtIOSwitch *sw);
/* A port for @nic, which is to be realized afterwards */
VirtIOSwitchPort *virtio_switch_add(VirtIOSwitch *sw, uint32_t n,
                                    VirtIONet *nic);
/* @nic is gone */
void virtio_switch_remove(VirtIOSwitchPort *port);
/* Forget the packets that wait for the NIC */
void virtio_switch_purge(VirtIOSwitchPort *port);

#endif /* HW_VIRTIO_SDI_H */
