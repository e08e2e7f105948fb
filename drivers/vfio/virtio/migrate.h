/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Migration of virtio devices that users own, by device parts
 */

#ifndef VIRTIO_VFIO_MIGRATE_H
#define VIRTIO_VFIO_MIGRATE_H

#include <linux/mutex.h>
#include <linux/ratelimit_types.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/virtio_pci_admin.h>

enum virtiovf_migf_state {
	VIRTIOVF_MIGF_STATE_ERROR = 1,
	VIRTIOVF_MIGF_STATE_PRECOPY = 2,
	VIRTIOVF_MIGF_STATE_COMPLETE = 3,
};

enum virtiovf_load_state {
	VIRTIOVF_LOAD_STATE_READ_HEADER,
	VIRTIOVF_LOAD_STATE_PREP_HEADER_DATA,
	VIRTIOVF_LOAD_STATE_READ_HEADER_DATA,
	VIRTIOVF_LOAD_STATE_PREP_CHUNK,
	VIRTIOVF_LOAD_STATE_READ_CHUNK,
	VIRTIOVF_LOAD_STATE_LOAD_CHUNK,
};

struct virtiovf_data_buffer {
	struct sg_append_table table;
	loff_t start_pos;
	u64 length;
	u64 allocated_length;
	struct list_head buf_elm;
	u8 include_header_object:1;
	struct virtiovf_migration_file *migf;
	/* Optimize virtiovf_get_migration_page() for sequential access */
	struct scatterlist *last_offset_sg;
	unsigned int sg_last_entry;
	unsigned long last_offset;
};

enum virtiovf_migf_header_flags {
	VIRTIOVF_MIGF_HEADER_FLAGS_TAG_MANDATORY = 0,
	VIRTIOVF_MIGF_HEADER_FLAGS_TAG_OPTIONAL = 1 << 0,
};

enum virtiovf_migf_header_tag {
	VIRTIOVF_MIGF_HEADER_TAG_DEVICE_DATA = 0,
};

struct virtiovf_migration_header {
	__le64 record_size;
	/* For future use in case we may need to change the kernel protocol */
	__le32 flags; /* Use virtiovf_migf_header_flags */
	__le32 tag; /* Use virtiovf_migf_header_tag */
	__u8 data[]; /* Its size is given in the record_size */
};

struct virtiovf_migration_file {
	struct file *filp;
	/* synchronize access to the file state */
	struct mutex lock;
	loff_t max_pos;
	u64 pre_copy_initial_bytes;
	struct ratelimit_state pre_copy_rl_state;
	u64 record_size;
	u32 record_tag;
	u8 has_obj_id:1;
	u32 obj_id;
	enum virtiovf_migf_state state;
	enum virtiovf_load_state load_state;
	/* synchronize access to the lists */
	struct mutex list_lock;
	struct list_head buf_list;
	struct list_head avail_list;
	struct virtiovf_data_buffer *buf;
	struct virtiovf_data_buffer *buf_header;
	struct module *driver; /* its code is needed as long as the device */
	struct virtiovf_migration *mig;
	/* The last record, where all parts have to be in it */
	void *last_parts;
	size_t last_len;
};

/**
 * struct virtiovf_migration - a device that can be migrated
 * @vdev: the device
 * @member: whom to ask about it
 * @migrate_cap: it can
 * @all_parts: a state that lacks parts is refused
 * @deferred_reset: it has been reset, and nobody has acted on it yet
 * @state_mutex: protects @mig_state, @resuming_migf and @saving_migf
 * @mig_state: where it is
 * @reset_lock: protects @deferred_reset
 * @resuming_migf: file for its new state
 * @saving_migf: file for its old state
 */
struct virtiovf_migration {
	struct vfio_device *vdev;
	const struct virtio_admin_member *member;
	u8 migrate_cap:1;
	u8 deferred_reset:1;
	bool all_parts;
	/* protect migration state */
	struct mutex state_mutex;
	enum vfio_device_mig_state mig_state;
	/* protect the reset_done flow */
	spinlock_t reset_lock;
	struct virtiovf_migration_file *resuming_migf;
	struct virtiovf_migration_file *saving_migf;
};

void virtiovf_init_migration(struct virtiovf_migration *mig,
			     struct vfio_device *vdev,
			     const struct virtio_admin_member *member);
void virtiovf_open_migration(struct virtiovf_migration *mig);
void virtiovf_close_migration(struct virtiovf_migration *mig);
void virtiovf_migration_reset_done(struct virtiovf_migration *mig);
void virtiovf_migration_reset_later(struct virtiovf_migration *mig);
struct file *virtiovf_set_device_state(struct virtiovf_migration *mig,
				       enum vfio_device_mig_state new_state);
int virtiovf_get_device_state(struct virtiovf_migration *mig,
			      enum vfio_device_mig_state *curr_state);
int virtiovf_get_data_size(struct virtiovf_migration *mig,
			   unsigned long *stop_copy_length);

/* parts.c */
int virtiovf_find_missing_part(const struct virtio_admin_member *member,
			       const void *state, size_t len, u16 *type);

#endif /* VIRTIO_VFIO_MIGRATE_H */
