// SPDX-License-Identifier: GPL-2.0
/*
 * Are all parts of a virtio device in a state that it was given?
 *
 * A device takes parts one at a time, so it does not know of those that are
 * missing: they are then what they were after the reset. But it lists the parts that
 * it has.
 */

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_pci_admin.h>

#include "migrate.h"

/* The next part, NULL at the end, or where it is not all there */
static const struct virtio_dev_part_hdr *
next_part(const void *parts, size_t len, size_t *pos)
{
	const struct virtio_dev_part_hdr *hdr = parts + *pos;
	size_t left = len - *pos;

	if (left < sizeof(*hdr))
		return NULL;

	left -= sizeof(*hdr);
	if (left < le32_to_cpu(hdr->length))
		return NULL;

	*pos += sizeof(*hdr) + le32_to_cpu(hdr->length);
	return hdr;
}

static bool has_part(const void *parts, size_t len,
		     const struct virtio_dev_part_hdr *wanted)
{
	const struct virtio_dev_part_hdr *hdr;
	size_t pos = 0;

	while ((hdr = next_part(parts, len, &pos)))
		if (hdr->part_type == wanted->part_type &&
		    !memcmp(&hdr->selector, &wanted->selector,
			    sizeof(hdr->selector)))
			return true;

	return false;
}

static void *get_by_object(const struct virtio_admin_member *member, u32 id,
			   u32 *len)
{
	struct scatterlist sg;
	u32 size;
	int ret;

	ret = virtio_pci_admin_dev_parts_metadata_get(member,
						      VIRTIO_RESOURCE_OBJ_DEV_PARTS, id,
						      VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_TYPE_SIZE,
						      &size);
	if (ret)
		return ERR_PTR(ret);
	if (!size)
		return ERR_PTR(-EINVAL);

	/* The device says the size, and may be wrong */
	void *parts __free(kfree) = kzalloc(size, GFP_KERNEL_ACCOUNT |
					    __GFP_NOWARN);
	if (!parts)
		return ERR_PTR(-ENOMEM);

	sg_init_one(&sg, parts, size);
	ret = virtio_pci_admin_dev_parts_get(member,
					     VIRTIO_RESOURCE_OBJ_DEV_PARTS, id,
					     VIRTIO_ADMIN_CMD_DEV_PARTS_GET_TYPE_ALL,
					     &sg, len);
	if (ret)
		return ERR_PTR(ret);

	*len = min(*len, size);
	return no_free_ptr(parts);
}

static void *get_all(const struct virtio_admin_member *member, u32 *len)
{
	void *parts;
	u32 id;
	int ret;

	ret = virtio_pci_admin_obj_create(member, VIRTIO_RESOURCE_OBJ_DEV_PARTS,
					  VIRTIO_RESOURCE_OBJ_DEV_PARTS_TYPE_GET,
					  &id);
	if (ret)
		return ERR_PTR(ret);

	parts = get_by_object(member, id, len);
	virtio_pci_admin_obj_destroy(member, VIRTIO_RESOURCE_OBJ_DEV_PARTS, id);
	return parts;
}

/**
 * virtiovf_find_missing_part() - Find a part of a device that a state lacks
 * @member: whom to ask about the device
 * @state: parts of a device of this type
 * @len: bytes of those
 * @type: the type of the part that is missing
 *
 * Parts that are marked as optional may be missing.
 *
 * Context: may sleep; nobody sends commands for the device meanwhile.
 * Return: 0 if none is missing, -ENODATA if one is, or an error of the device.
 */
int virtiovf_find_missing_part(const struct virtio_admin_member *member,
			       const void *state, size_t len, u16 *type)
{
	const struct virtio_dev_part_hdr *hdr;
	size_t pos = 0;
	u32 all_len;

	void *all __free(kfree) = get_all(member, &all_len);
	if (IS_ERR(all))
		return PTR_ERR(no_free_ptr(all));

	while ((hdr = next_part(all, all_len, &pos))) {
		if (hdr->flags & BIT(VIRTIO_DEV_PART_F_OPTIONAL) ||
		    has_part(state, len, hdr))
			continue;
		*type = le16_to_cpu(hdr->part_type);
		return -ENODATA;
	}

	return 0;
}
