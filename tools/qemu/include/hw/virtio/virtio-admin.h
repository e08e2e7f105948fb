/*
 * Administration virtqueue of a virtio PCI device, virtio 1.4
 *
 * The device embeds a VirtIOAdmin, says which groups it owns, and passes resets
 * on. What is a command, what may be sent and to whom is judged here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VIRTIO_ADMIN_H
#define HW_VIRTIO_ADMIN_H

#include "hw/virtio/virtio.h"
#include "standard-headers/linux/virtio_pci.h"

/* Groups; their types are in the standard headers, but for the last one's */
#define VIRTIO_ADMIN_GROUP_SELF         0
#define VIRTIO_ADMIN_GROUP_SRIOV        1
#define VIRTIO_ADMIN_GROUP_SIOV         2
#define VIRTIO_ADMIN_NUM_GROUPS         3

/* LEGACY_COMMON_CFG_WRITE to LEGACY_NOTIFY_INFO */
#define VIRTIO_ADMIN_LEGACY_COMMANDS    0x7cull

/* RESOURCE_OBJ_CREATE to DEV_MODE_SET: a device has all of them or none */
#define VIRTIO_ADMIN_PARTS_COMMANDS     0x3fc00ull

/* The specification's text of the two; its table of opcodes swaps them */
#define VIRTIO_ADMIN_CMD_RESOURCE_OBJ_MODIFY    0xb
#define VIRTIO_ADMIN_CMD_RESOURCE_OBJ_QUERY     0xc

/* No command has this number; for faults that are switched off */
#define VIRTIO_ADMIN_NEVER              UINT32_MAX

typedef struct VirtIOAdmin VirtIOAdmin;

/* A part may be behind one of any length, so its header is at any address */
typedef struct virtio_dev_part_hdr VirtIOAdminPartHdr QEMU_ALIGNED(1);

/**
 * struct VirtIOAdminLegacyOps - registers that a legacy driver of a member has
 * @settled: can they be accessed now? Not while the member is reset
 * @read: read @len bytes at @offset of the header, or of the configuration of
 *        the device's type if @device is set; false if that is no field
 * @write: write them
 * @notify: where the driver writes the number of a queue
 *
 * The member is there. Values are little endian.
 */
typedef struct VirtIOAdminLegacyOps {
    bool (*settled)(void *member);
    bool (*read)(void *member, bool device, uint8_t offset, uint8_t *buf,
                 size_t len);
    bool (*write)(void *member, bool device, uint8_t offset,
                  const uint8_t *buf, size_t len);
    void (*notify)(void *member,
                   struct virtio_admin_cmd_notify_info_data *place);
} VirtIOAdminLegacyOps;

/**
 * struct VirtIOAdminPartsOps - the parts of a member
 * @settled: may it be stopped and written to now? Not while it is reset
 * @is_stopped: is it stopped?
 * @set_stopped: stop it, or let it go on; when this returns nothing is under
 *               way
 * @max_size: bytes that all parts can ever have
 * @get: append all parts, in the order of the specification
 * @set: take parts, all or none; the member is stopped. Returns false if
 *       something is wrong with them
 *
 * The member is there. @get may be called while it works.
 */
typedef struct VirtIOAdminPartsOps {
    bool (*settled)(void *member);
    bool (*is_stopped)(void *member);
    void (*set_stopped)(void *member, bool stop);
    size_t (*max_size)(void *member);
    void (*get)(void *member, GByteArray *parts);
    bool (*set)(void *member, const uint8_t *parts, size_t len);
} VirtIOAdminPartsOps;

/**
 * struct VirtIOAdminObject - a device parts object
 * @id: its number, chosen by the driver
 * @set: it is for setting parts, otherwise for getting them
 * @group: type of the group
 * @member: the member that it is for
 */
typedef struct VirtIOAdminObject {
    uint32_t id;
    bool set;
    uint16_t group;
    uint64_t member;
    QLIST_ENTRY(VirtIOAdminObject) next;
} VirtIOAdminObject;

/**
 * struct VirtIOAdminGroup - a group that the device owns
 * @type: its number in commands
 * @supported: opcodes that LIST_QUERY reports, a bit each
 * @used: opcodes that the driver has agreed to by LIST_USE
 * @exists: is the group there now?
 * @member: the member with this ID, as the operations know it, or NULL if there
 *          is none; @exists was true
 * @legacy: for the commands that access legacy registers, if they are supported
 * @parts: for the commands that deal with parts, if they are supported
 */
typedef struct VirtIOAdminGroup {
    uint16_t type;
    uint64_t supported;
    uint64_t used;
    bool (*exists)(VirtIOAdmin *admin);
    void *(*member)(VirtIOAdmin *admin, uint64_t id);
    const VirtIOAdminLegacyOps *legacy;
    const VirtIOAdminPartsOps *parts;
} VirtIOAdminGroup;

/**
 * struct VirtIOAdmin - state of one administration virtqueue
 * @vdev: owner of the groups
 * @vq: the queue
 * @opaque: for @exists and @member
 * @group: groups, those without @exists are not there
 * @get_limit: objects for getting parts that a driver may use
 * @set_limit: objects for setting parts
 * @driver_get_limit: what the driver has set of @get_limit
 * @driver_set_limit: what the driver has set of @set_limit
 * @objects: device parts objects
 * @waiting: commands that have been taken and not answered
 * @timer: answers the first of @waiting
 * @answered: commands answered since the device was created
 * @x_delay_ms: answer that late
 * @x_mute_at: number of the first command that is never answered
 * @x_short: write no more than this of an answer
 * @x_again: so many commands are told to come again
 * @x_one_list: there is one list of commands for all groups; see
 *              virtio-net-admin-pci.rst
 * @x_no_group: pretend that there is no group of this type
 */
struct VirtIOAdmin {
    VirtIODevice *vdev;
    VirtQueue *vq;
    void *opaque;
    VirtIOAdminGroup group[VIRTIO_ADMIN_NUM_GROUPS];
    uint8_t get_limit;
    uint8_t set_limit;
    uint8_t driver_get_limit;
    uint8_t driver_set_limit;
    QLIST_HEAD(, VirtIOAdminObject) objects;
    GQueue waiting;
    QEMUTimer *timer;
    uint32_t answered;

    uint32_t x_delay_ms;
    uint32_t x_mute_at;
    uint32_t x_short;
    uint32_t x_again;
    uint32_t x_no_group;
    bool x_one_list;
};

/**
 * virtio_admin_init: add an administration virtqueue
 * @admin: group callbacks, lists and faults are set, all else is zero
 * @vdev: realized device
 * @n: index of the queue
 * @size: number of descriptors
 * @handle: handler of the queue, which calls virtio_admin_handle()
 */
void virtio_admin_init(VirtIOAdmin *admin, VirtIODevice *vdev, int n, int size,
                       VirtIOHandleOutput handle);

/* Remove the queue again */
void virtio_admin_exit(VirtIOAdmin *admin);

/* The driver or the bus has reset the device, and the queue with it */
void virtio_admin_reset(VirtIOAdmin *admin);

/* A member is gone, and its objects go with it */
void virtio_admin_member_gone(VirtIOAdmin *admin, uint16_t group, uint64_t id);

/* The driver has notified the queue */
void virtio_admin_handle(VirtIOAdmin *admin);

#endif
