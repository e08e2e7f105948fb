/*
 * Administration virtqueue of a virtio PCI device, virtio 1.4
 *
 * Chapters "Device groups" and "Administration Virtqueues". The order in which
 * a command is judged is normative: group type, opcode, member. Buffers may be
 * shorter than a command or its answer, and longer: what is missing is zero,
 * what is too much is left alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/iov.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_pci.h"
#include "trace.h"
#include "virtio-admin-command.h"

#define OPCODE(name)            BIT_ULL(VIRTIO_ADMIN_CMD_ ## name)

/* The two commands that may be sent before any LIST_USE */
#define OPCODES_LIST            (OPCODE(LIST_QUERY) | OPCODE(LIST_USE))

typedef struct AdminRequest {
    struct virtio_admin_cmd_hdr hdr;
    uint8_t data[ADMIN_DATA_MAX];
} QEMU_PACKED AdminRequest;

/* Commands: what they do, and how much of an answer they fill */

void admin_fail(AdminAnswer *answer, uint16_t status, uint16_t qualifier)
{
    answer->status.status = cpu_to_le16(status);
    answer->status.status_qualifier = cpu_to_le16(qualifier);
}

/* The group whose list is meant, and all that may be in that */

static const VirtIOAdminGroup *admin_list_of(const VirtIOAdmin *admin,
                                             const VirtIOAdminGroup *group)
{
    return admin->x_one_list ? &admin->group[VIRTIO_ADMIN_GROUP_SRIOV] : group;
}

static uint64_t admin_supported(const AdminCall *call)
{
    uint64_t supported = call->group->supported;

    if (call->admin->x_one_list) {
        supported |= call->admin->group[VIRTIO_ADMIN_GROUP_SELF].supported;
    }
    return supported;
}

static void admin_list_query(const AdminCall *call, AdminAnswer *answer)
{
    stq_le_p(answer->result, admin_supported(call));
}

static void admin_list_use(const AdminCall *call, AdminAnswer *answer)
{
    uint64_t used = ldq_le_p(call->data);

    if (used & ~admin_supported(call)) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_FIELD);
        return;
    }
    call->group->used = used;
}

/* Offset and seven reserved bytes, then what is to be written */
#define LEGACY_WRITE_HEADER     8

/* Registers of a member that is being reset are not wrong, but not there yet */
static bool check_legacy(const AdminCall *call, AdminAnswer *answer)
{
    if (call->group->legacy->settled(call->target)) {
        return true;
    }
    admin_fail(answer, STATUS_EAGAIN, Q_TRYAGAIN);
    return false;
}

static void admin_legacy_write(const AdminCall *call, bool device,
                               AdminAnswer *answer)
{
    size_t len = call->data_len - MIN(call->data_len, LEGACY_WRITE_HEADER);

    if (!check_legacy(call, answer)) {
        return;
    }
    if (!call->group->legacy->write(call->target, device, call->data[0],
                                    call->data + LEGACY_WRITE_HEADER, len)) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_FIELD);
    }
}

static void admin_legacy_read(const AdminCall *call, bool device,
                              AdminAnswer *answer)
{
    if (!check_legacy(call, answer)) {
        return;
    }
    if (!call->group->legacy->read(call->target, device, call->data[0],
                                   answer->result, call->room)) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_FIELD);
    }
}

static void admin_common_write(const AdminCall *call, AdminAnswer *answer)
{
    admin_legacy_write(call, false, answer);
}

static void admin_common_read(const AdminCall *call, AdminAnswer *answer)
{
    admin_legacy_read(call, false, answer);
}

static void admin_device_write(const AdminCall *call, AdminAnswer *answer)
{
    admin_legacy_write(call, true, answer);
}

static void admin_device_read(const AdminCall *call, AdminAnswer *answer)
{
    admin_legacy_read(call, true, answer);
}

/* One place; the entry behind it ends the list */
static void admin_notify_info(const AdminCall *call, AdminAnswer *answer)
{
    struct virtio_admin_cmd_notify_info_result *info =
        (struct virtio_admin_cmd_notify_info_result *)answer->result;

    call->group->legacy->notify(call->target, &info->entries[0]);
}

typedef struct AdminCommand {
    void (*run)(const AdminCall *call, AdminAnswer *answer);
    size_t result;
    bool any_member;
} AdminCommand;

static const AdminCommand admin_commands[] = {
    [VIRTIO_ADMIN_CMD_LIST_QUERY] = { admin_list_query, 8, true },
    [VIRTIO_ADMIN_CMD_LIST_USE] = { admin_list_use, 0, true },
    [VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_WRITE] = { admin_common_write, 0 },
    [VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_READ] = {
        admin_common_read, ADMIN_RESULT_ROOM
    },
    [VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_WRITE] = { admin_device_write, 0 },
    [VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_READ] = {
        admin_device_read, ADMIN_RESULT_ROOM
    },
    [VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO] = {
        admin_notify_info, sizeof(struct virtio_admin_cmd_notify_info_result)
    },
    [VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY] = { admin_cap_list, 8 },
    [VIRTIO_ADMIN_CMD_DEVICE_CAP_GET] = { admin_cap_get, ADMIN_RESULT_OWN },
    [VIRTIO_ADMIN_CMD_DRIVER_CAP_SET] = { admin_cap_set, 0 },
    [VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CREATE] = { admin_object_create, 0 },
    [VIRTIO_ADMIN_CMD_RESOURCE_OBJ_MODIFY] = { admin_object_modify, 0 },
    [VIRTIO_ADMIN_CMD_RESOURCE_OBJ_QUERY] = {
        admin_object_query, ADMIN_RESULT_OWN
    },
    [VIRTIO_ADMIN_CMD_RESOURCE_OBJ_DESTROY] = { admin_object_destroy, 0 },
    [VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_GET] = {
        admin_parts_metadata, ADMIN_RESULT_OWN
    },
    [VIRTIO_ADMIN_CMD_DEV_PARTS_GET] = { admin_parts_get, ADMIN_RESULT_OWN },
    [VIRTIO_ADMIN_CMD_DEV_PARTS_SET] = { admin_parts_set, 0 },
    [VIRTIO_ADMIN_CMD_DEV_MODE_SET] = { admin_mode_set, 0 },
};

/* Judgement */

static VirtIOAdminGroup *admin_group(VirtIOAdmin *admin, uint16_t type)
{
    if (type == admin->x_no_group) {
        return NULL;
    }
    for (int i = 0; i < ARRAY_SIZE(admin->group); i++) {
        VirtIOAdminGroup *group = &admin->group[i];

        if (group->exists && group->type == type) {
            return admin->x_one_list || group->exists(admin) ? group : NULL;
        }
    }
    return NULL;
}

static const AdminCommand *admin_command(const VirtIOAdmin *admin,
                                         const VirtIOAdminGroup *group,
                                         uint16_t opcode)
{
    const VirtIOAdminGroup *list = admin_list_of(admin, group);

    if (opcode >= ARRAY_SIZE(admin_commands) || !admin_commands[opcode].run ||
        !(list->used & group->supported & BIT_ULL(opcode))) {
        return NULL;
    }
    if (list != group && BIT_ULL(opcode) & OPCODES_LIST) {
        return NULL;
    }
    return &admin_commands[opcode];
}

/* Returns the size of the answer */
static size_t admin_run(AdminCall *call, const AdminCommand *cmd,
                        AdminAnswer *answer)
{
    call->target = cmd->any_member ? NULL :
                   call->group->member(call->admin, call->member);
    if (!cmd->any_member && !call->target) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_MEMBER);
    } else if (call->admin->x_again) {
        call->admin->x_again--;
        admin_fail(answer, STATUS_EAGAIN, Q_TRYAGAIN);
    } else {
        cmd->run(call, answer);
    }
    return sizeof(answer->status) +
           MIN(cmd->result == ADMIN_RESULT_OWN ? answer->result_len :
                                                 cmd->result, call->room);
}

static size_t admin_execute(AdminCall *call, const AdminRequest *req,
                            AdminAnswer *answer)
{
    const AdminCommand *cmd;

    call->group = admin_group(call->admin, le16_to_cpu(req->hdr.group_type));
    if (!call->group) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_GROUP);
        return sizeof(answer->status);
    }
    cmd = admin_command(call->admin, call->group,
                        le16_to_cpu(req->hdr.opcode));
    if (!cmd) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_OPCODE);
        return sizeof(answer->status);
    }
    return admin_run(call, cmd, answer);
}

/* The queue */

/* Returns how much of it there was room for */
static size_t admin_write(VirtQueueElement *elem, const AdminAnswer *answer,
                          size_t len)
{
    size_t head = iov_from_buf(elem->in_sg, elem->in_num, 0, &answer->status,
                               MIN(len, sizeof(answer->status)));

    return head + iov_from_buf(elem->in_sg, elem->in_num, head, answer->result,
                               len - head);
}

static void admin_answer(VirtIOAdmin *admin, VirtQueueElement *elem)
{
    g_autofree AdminRequest *whole = g_new0(AdminRequest, 1);
    g_autofree uint8_t *result = g_malloc0(ADMIN_RESULT_MAX);
    AdminAnswer answer = { .result = result };
    AdminCall call = { .admin = admin, .data = whole->data };
    const AdminRequest *req = whole;
    size_t len;

    len = iov_to_buf(elem->out_sg, elem->out_num, 0, whole, sizeof(*whole));
    call.data_len = len - MIN(len, sizeof(req->hdr));
    len = iov_size(elem->in_sg, elem->in_num);
    call.room = MIN(len - MIN(len, sizeof(answer.status)), ADMIN_RESULT_MAX);
    call.member = le64_to_cpu(req->hdr.group_member_id);
    len = MIN(admin_execute(&call, req, &answer), len);
    len = admin_write(elem, &answer, MIN(len, admin->x_short));
    trace_virtio_admin_command(le16_to_cpu(req->hdr.group_type),
                               le64_to_cpu(req->hdr.group_member_id),
                               le16_to_cpu(req->hdr.opcode),
                               le16_to_cpu(answer.status.status),
                               le16_to_cpu(answer.status.status_qualifier));
    admin->answered++;
    virtqueue_push(admin->vq, elem, len);
    virtio_notify(admin->vdev, admin->vq);
    g_free(elem);
}

static void admin_answer_first(VirtIOAdmin *admin)
{
    if (admin->answered < admin->x_mute_at) {
        admin_answer(admin, g_queue_pop_head(&admin->waiting));
    }
}

static void admin_arm(VirtIOAdmin *admin)
{
    if (!g_queue_is_empty(&admin->waiting) && !timer_pending(admin->timer)) {
        timer_mod(admin->timer, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) +
                  admin->x_delay_ms);
    }
}

static void admin_timer(void *opaque)
{
    VirtIOAdmin *admin = opaque;

    admin_answer_first(admin);
    if (admin->answered < admin->x_mute_at) {
        admin_arm(admin);
    }
}

void virtio_admin_handle(VirtIOAdmin *admin)
{
    VirtQueueElement *elem;

    if (!virtio_vdev_has_feature(admin->vdev, VIRTIO_F_ADMIN_VQ)) {
        return;
    }
    while ((elem = virtqueue_pop(admin->vq, sizeof(*elem)))) {
        g_queue_push_tail(&admin->waiting, elem);
        if (!admin->x_delay_ms) {
            admin_answer_first(admin);
        }
    }
    if (admin->x_delay_ms) {
        admin_arm(admin);
    }
}

void virtio_admin_reset(VirtIOAdmin *admin)
{
    VirtQueueElement *elem;

    if (!admin->vq) {
        return;
    }
    timer_del(admin->timer);
    while ((elem = g_queue_pop_head(&admin->waiting))) {
        virtqueue_detach_element(admin->vq, elem, 0);
        g_free(elem);
    }
    for (int i = 0; i < ARRAY_SIZE(admin->group); i++) {
        admin->group[i].used = OPCODES_LIST;
    }
    admin_parts_reset(admin);
}

void virtio_admin_init(VirtIOAdmin *admin, VirtIODevice *vdev, int n, int size,
                       VirtIOHandleOutput handle)
{
    admin->vdev = vdev;
    admin->timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, admin_timer, admin);
    g_queue_init(&admin->waiting);
    for (int i = 0; i < ARRAY_SIZE(admin->group); i++) {
        admin->group[i].supported |= OPCODES_LIST;
    }
    admin->vq = virtio_add_queue_at(vdev, n, size, handle);
    virtio_admin_reset(admin);
}

void virtio_admin_exit(VirtIOAdmin *admin)
{
    if (!admin->vq) {
        return;
    }
    virtio_admin_reset(admin);
    timer_free(admin->timer);
    virtio_del_queue(admin->vdev, virtio_get_queue_index(admin->vq));
    admin->vq = NULL;
}
