/*
 * Administration virtqueue of a virtio PCI device: device parts
 *
 * Virtio 1.4, "Device and driver capabilities", "Device resource objects" and
 * "Device parts": by these commands the driver of the owner stops a member,
 * reads its state and writes it into another one. What the parts of a member
 * are and what may be written to them is the group's business.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "hw/virtio/virtio-admin.h"
#include "standard-headers/linux/virtio_pci.h"
#include "virtio-admin-command.h"

/* Capabilities; the only one has the number 0 */

static bool has_parts_cap(const VirtIOAdmin *admin)
{
    return admin->get_limit || admin->set_limit;
}

void admin_cap_list(const AdminCall *call, AdminAnswer *answer)
{
    stq_le_p(answer->result, has_parts_cap(call->admin) ?
                             BIT_ULL(VIRTIO_DEV_PARTS_CAP) : 0);
}

static bool check_cap(const AdminCall *call, AdminAnswer *answer)
{
    if (lduw_le_p(call->data) == VIRTIO_DEV_PARTS_CAP &&
        has_parts_cap(call->admin)) {
        return true;
    }
    admin_fail(answer, STATUS_ENXIO, Q_INVALID_FIELD);
    return false;
}

void admin_cap_get(const AdminCall *call, AdminAnswer *answer)
{
    struct virtio_dev_parts_cap *cap = (void *)answer->result;

    if (!check_cap(call, answer)) {
        return;
    }
    cap->get_parts_resource_objects_limit = call->admin->get_limit;
    cap->set_parts_resource_objects_limit = call->admin->set_limit;
    answer->result_len = sizeof(*cap);
}

/* Is there an object that the driver could not have with these limits? */
static bool has_object_past(const VirtIOAdmin *admin,
                            const struct virtio_dev_parts_cap *cap)
{
    VirtIOAdminObject *obj;

    QLIST_FOREACH(obj, &admin->objects, next) {
        if (obj->id >= (obj->set ? cap->set_parts_resource_objects_limit :
                                   cap->get_parts_resource_objects_limit)) {
            return true;
        }
    }
    return false;
}

void admin_cap_set(const AdminCall *call, AdminAnswer *answer)
{
    const struct virtio_admin_cmd_cap_set_data *set = (void *)call->data;
    const struct virtio_dev_parts_cap *cap = (void *)set->cap_specific_data;
    VirtIOAdmin *admin = call->admin;

    if (!check_cap(call, answer)) {
        return;
    }
    if (cap->get_parts_resource_objects_limit > admin->get_limit ||
        cap->set_parts_resource_objects_limit > admin->set_limit) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_FIELD);
        return;
    }
    if (has_object_past(admin, cap)) {
        admin_fail(answer, STATUS_EBUSY, Q_INVALID_COMMAND);
        return;
    }
    admin->driver_get_limit = cap->get_parts_resource_objects_limit;
    admin->driver_set_limit = cap->set_parts_resource_objects_limit;
}

/* Objects. All members of all groups share their numbers */

static VirtIOAdminObject *object_of_id(const VirtIOAdmin *admin, uint32_t id)
{
    VirtIOAdminObject *obj;

    QLIST_FOREACH(obj, &admin->objects, next) {
        if (obj->id == id) {
            return obj;
        }
    }
    return NULL;
}

/* The object that the command names, which is the member's */
static VirtIOAdminObject *find_object(const AdminCall *call,
                                      AdminAnswer *answer)
{
    const struct virtio_admin_cmd_resource_obj_cmd_hdr *hdr =
        (void *)call->data;
    VirtIOAdminObject *obj = NULL;

    if (le16_to_cpu(hdr->type) == VIRTIO_RESOURCE_OBJ_DEV_PARTS) {
        obj = object_of_id(call->admin, le32_to_cpu(hdr->id));
    }
    if (obj && obj->group == call->group->type &&
        obj->member == call->member) {
        return obj;
    }
    admin_fail(answer, STATUS_ENXIO, Q_INVALID_FIELD);
    return NULL;
}

/* The same, for a command that gets parts, or sets them */
static bool check_object(const AdminCall *call, bool set, AdminAnswer *answer)
{
    const VirtIOAdminObject *obj = find_object(call, answer);

    if (obj && obj->set != set) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_FIELD);
        return false;
    }
    return obj;
}

/* What the object is to be for; both commands that say so have one layout */
static bool object_purpose(const AdminCall *call, bool *set,
                           AdminAnswer *answer)
{
    const struct virtio_admin_cmd_resource_obj_create_data *data =
        (void *)call->data;
    const struct virtio_resource_obj_dev_parts *parts =
        (void *)data->resource_obj_specific_data;

    if (parts->type > VIRTIO_RESOURCE_OBJ_DEV_PARTS_TYPE_SET) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_FIELD);
        return false;
    }
    *set = parts->type == VIRTIO_RESOURCE_OBJ_DEV_PARTS_TYPE_SET;
    return true;
}

static bool check_limit(const AdminCall *call, uint32_t id, bool set,
                        AdminAnswer *answer)
{
    if (id < (set ? call->admin->driver_set_limit :
                    call->admin->driver_get_limit)) {
        return true;
    }
    admin_fail(answer, STATUS_ENOSPC, Q_INVALID_FIELD);
    return false;
}

void admin_object_create(const AdminCall *call, AdminAnswer *answer)
{
    const struct virtio_admin_cmd_resource_obj_cmd_hdr *hdr =
        (void *)call->data;
    uint32_t id = le32_to_cpu(hdr->id);
    VirtIOAdminObject *obj;
    bool set;

    if (le16_to_cpu(hdr->type) != VIRTIO_RESOURCE_OBJ_DEV_PARTS) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_FIELD);
        return;
    }
    if (!object_purpose(call, &set, answer) ||
        !check_limit(call, id, set, answer)) {
        return;
    }
    if (object_of_id(call->admin, id)) {
        admin_fail(answer, STATUS_EEXIST, Q_INVALID_FIELD);
        return;
    }
    obj = g_new(VirtIOAdminObject, 1);
    *obj = (VirtIOAdminObject) {
        .id = id,
        .set = set,
        .group = call->group->type,
        .member = call->member,
    };
    QLIST_INSERT_HEAD(&call->admin->objects, obj, next);
}

void admin_object_modify(const AdminCall *call, AdminAnswer *answer)
{
    VirtIOAdminObject *obj = find_object(call, answer);
    bool set;

    if (!obj || !object_purpose(call, &set, answer) ||
        !check_limit(call, obj->id, set, answer)) {
        return;
    }
    obj->set = set;
}

void admin_object_query(const AdminCall *call, AdminAnswer *answer)
{
    struct virtio_resource_obj_dev_parts *parts = (void *)answer->result;
    const VirtIOAdminObject *obj = find_object(call, answer);

    if (!obj) {
        return;
    }
    parts->type = obj->set ? VIRTIO_RESOURCE_OBJ_DEV_PARTS_TYPE_SET :
                             VIRTIO_RESOURCE_OBJ_DEV_PARTS_TYPE_GET;
    answer->result_len = sizeof(*parts);
}

static void object_free(VirtIOAdminObject *obj)
{
    QLIST_REMOVE(obj, next);
    g_free(obj);
}

void admin_object_destroy(const AdminCall *call, AdminAnswer *answer)
{
    VirtIOAdminObject *obj = find_object(call, answer);

    if (obj) {
        object_free(obj);
    }
}

void virtio_admin_member_gone(VirtIOAdmin *admin, uint16_t group, uint64_t id)
{
    VirtIOAdminObject *obj, *next;

    QLIST_FOREACH_SAFE(obj, &admin->objects, next, next) {
        if (obj->group == group && obj->member == id) {
            object_free(obj);
        }
    }
}

void admin_parts_reset(VirtIOAdmin *admin)
{
    VirtIOAdminObject *obj, *next;

    QLIST_FOREACH_SAFE(obj, &admin->objects, next, next) {
        object_free(obj);
    }
    admin->driver_get_limit = 0;
    admin->driver_set_limit = 0;
}

/* Parts */

/* The part that begins at @pos of @parts, or NULL at their end */
static const VirtIOAdminPartHdr *part_at(const GByteArray *parts, size_t pos)
{
    return pos < parts->len ? (void *)(parts->data + pos) : NULL;
}

static size_t part_size(const VirtIOAdminPartHdr *hdr)
{
    return sizeof(*hdr) + le32_to_cpu(hdr->length);
}

static GByteArray *get_all(const AdminCall *call)
{
    GByteArray *parts = g_byte_array_new();

    call->group->parts->get(call->target, parts);
    return parts;
}

static GByteArray *headers_of(const GByteArray *parts)
{
    GByteArray *headers = g_byte_array_new();
    const VirtIOAdminPartHdr *hdr;

    for (size_t pos = 0; (hdr = part_at(parts, pos)); pos += part_size(hdr)) {
        g_byte_array_append(headers, (void *)hdr, sizeof(*hdr));
    }
    return headers;
}

/* All of it, or nothing */
static void answer_with(const AdminCall *call, const GByteArray *data,
                        AdminAnswer *answer)
{
    if (answer->result_len + data->len > call->room) {
        answer->result_len = 0;
        admin_fail(answer, STATUS_ENOMEM, Q_INVALID_COMMAND);
        return;
    }
    /* The data of an empty one is NULL, which memcpy() must not get */
    if (data->len) {
        memcpy(answer->result + answer->result_len, data->data, data->len);
        answer->result_len += data->len;
    }
}

void admin_parts_metadata(const AdminCall *call, AdminAnswer *answer)
{
    const struct virtio_admin_cmd_dev_parts_metadata_data *data =
        (void *)call->data;
    g_autoptr(GByteArray) parts = NULL;
    g_autoptr(GByteArray) list = NULL;
    uint32_t num[2] = { };

    if (!check_object(call, false, answer)) {
        return;
    }
    parts = get_all(call);
    list = headers_of(parts);
    num[0] = cpu_to_le32(list->len / sizeof(struct virtio_dev_part_hdr));
    switch (data->type) {
    case VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_TYPE_SIZE:
        num[0] = cpu_to_le32(call->group->parts->max_size(call->target));
        g_byte_array_set_size(list, 0);
        break;
    case VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_TYPE_COUNT:
        g_byte_array_set_size(list, 0);
        break;
    case VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_TYPE_LIST:
        break;
    default:
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_FIELD);
        return;
    }
    g_byte_array_prepend(list, (void *)num, sizeof(num));
    answer_with(call, list, answer);
}

/* Is the part one of those that the command asks for? */
static bool is_selected(const AdminCall *call, const VirtIOAdminPartHdr *hdr)
{
    const struct virtio_admin_cmd_dev_parts_get_data *data =
        (void *)call->data;
    size_t num = (MIN(call->data_len, ADMIN_DATA_MAX) -
                  MIN(call->data_len, sizeof(*data))) / sizeof(*hdr);

    for (size_t i = 0; i < num; i++) {
        if (data->hdr_list[i].part_type == hdr->part_type &&
            !memcmp(&data->hdr_list[i].selector, &hdr->selector,
                    sizeof(hdr->selector))) {
            return true;
        }
    }
    return false;
}

static GByteArray *selected_of(const AdminCall *call, const GByteArray *parts)
{
    GByteArray *selected = g_byte_array_new();
    const VirtIOAdminPartHdr *hdr;

    for (size_t pos = 0; (hdr = part_at(parts, pos)); pos += part_size(hdr)) {
        if (is_selected(call, hdr)) {
            g_byte_array_append(selected, (void *)hdr, part_size(hdr));
        }
    }
    return selected;
}

void admin_parts_get(const AdminCall *call, AdminAnswer *answer)
{
    const struct virtio_admin_cmd_dev_parts_get_data *data =
        (void *)call->data;
    g_autoptr(GByteArray) selected = NULL;
    g_autoptr(GByteArray) parts = NULL;

    if (!check_object(call, false, answer)) {
        return;
    }
    if (data->type > VIRTIO_ADMIN_CMD_DEV_PARTS_GET_TYPE_ALL) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_FIELD);
        return;
    }
    parts = get_all(call);
    if (data->type == VIRTIO_ADMIN_CMD_DEV_PARTS_GET_TYPE_ALL) {
        answer_with(call, parts, answer);
        return;
    }
    selected = selected_of(call, parts);
    answer_with(call, selected, answer);
}

/* A member that is being reset cannot be stopped yet, nor written to */
static bool check_settled(const AdminCall *call, AdminAnswer *answer)
{
    if (call->group->parts->settled(call->target)) {
        return true;
    }
    admin_fail(answer, STATUS_EAGAIN, Q_TRYAGAIN);
    return false;
}

void admin_parts_set(const AdminCall *call, AdminAnswer *answer)
{
    const VirtIOAdminPartsOps *ops = call->group->parts;
    const struct virtio_admin_cmd_dev_parts_set_data *data =
        (void *)call->data;
    size_t len = call->data_len - MIN(call->data_len, sizeof(*data));

    if (!check_object(call, true, answer) || !check_settled(call, answer)) {
        return;
    }
    if (!ops->is_stopped(call->target)) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_COMMAND);
        return;
    }
    if (!ops->set(call->target, (void *)data->parts, len)) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_FIELD);
    }
}

void admin_mode_set(const AdminCall *call, AdminAnswer *answer)
{
    const struct virtio_admin_cmd_dev_mode_set_data *data =
        (void *)call->data;

    if (data->flags & ~BIT(VIRTIO_ADMIN_CMD_DEV_MODE_F_STOPPED)) {
        admin_fail(answer, STATUS_EINVAL, Q_INVALID_FIELD);
        return;
    }
    if (check_settled(call, answer)) {
        call->group->parts->set_stopped(call->target, data->flags);
    }
}
