/*
 * Administration virtqueue of a virtio PCI device: what its commands share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VIRTIO_ADMIN_COMMAND_H
#define HW_VIRTIO_ADMIN_COMMAND_H

#include "hw/virtio/virtio-admin.h"

/* Longest data and result of a command that are looked at */
#define ADMIN_DATA_MAX          (128 * KiB)
#define ADMIN_RESULT_MAX        (128 * KiB)

/* The result is as long as there is room for it */
#define ADMIN_RESULT_ROOM       SIZE_MAX

/* Status, by the names of Linux's errors, and what qualifies it */
#define STATUS_ENXIO            6
#define STATUS_EAGAIN           11
#define STATUS_ENOMEM           12
#define STATUS_EBUSY            16
#define STATUS_EEXIST           17
#define STATUS_EINVAL           22
#define STATUS_ENOSPC           28

#define Q_INVALID_COMMAND       1
#define Q_INVALID_OPCODE        2
#define Q_INVALID_FIELD         3
#define Q_INVALID_GROUP         4
#define Q_INVALID_MEMBER        5
#define Q_NORESOURCE            6
#define Q_TRYAGAIN              7

/**
 * struct AdminCall - a command that is being executed
 * @admin: queue
 * @group: group, which exists
 * @member: ID of the member
 * @target: the member, if the command needs one
 * @data: its data, zero where there is none, ADMIN_DATA_MAX bytes
 * @data_len: bytes of it that the driver has sent
 * @room: bytes of a result that the driver has room for
 */
typedef struct AdminCall {
    VirtIOAdmin *admin;
    VirtIOAdminGroup *group;
    uint64_t member;
    void *target;
    const uint8_t *data;
    size_t data_len;
    size_t room;
} AdminCall;

/**
 * struct AdminAnswer - what the driver is told
 * @status: why the command has failed, if it has
 * @result: ADMIN_RESULT_MAX bytes of result, zero at first
 * @result_len: bytes of it, for commands whose result has no fixed size
 */
typedef struct AdminAnswer {
    struct virtio_admin_cmd_status status;
    uint8_t *result;
    size_t result_len;
} AdminAnswer;

/* How much of an answer a command fills, if it says so itself */
#define ADMIN_RESULT_OWN        (SIZE_MAX - 1)

void admin_fail(AdminAnswer *answer, uint16_t status, uint16_t qualifier);

/* virtio-admin-parts.c: capabilities, objects and device parts */

void admin_cap_list(const AdminCall *call, AdminAnswer *answer);
void admin_cap_get(const AdminCall *call, AdminAnswer *answer);
void admin_cap_set(const AdminCall *call, AdminAnswer *answer);
void admin_object_create(const AdminCall *call, AdminAnswer *answer);
void admin_object_modify(const AdminCall *call, AdminAnswer *answer);
void admin_object_query(const AdminCall *call, AdminAnswer *answer);
void admin_object_destroy(const AdminCall *call, AdminAnswer *answer);
void admin_parts_metadata(const AdminCall *call, AdminAnswer *answer);
void admin_parts_get(const AdminCall *call, AdminAnswer *answer);
void admin_parts_set(const AdminCall *call, AdminAnswer *answer);
void admin_mode_set(const AdminCall *call, AdminAnswer *answer);

/* Forget what the driver has made of them */
void admin_parts_reset(VirtIOAdmin *admin);

#endif /* HW_VIRTIO_ADMIN_COMMAND_H */
