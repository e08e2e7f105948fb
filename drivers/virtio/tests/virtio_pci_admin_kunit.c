// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: administration commands of virtio_pci
 *
 * The owner is a device in RAM, its driver a trivial one. All but the first test
 * fail on Linux 7.3, or hang there.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_pci_admin.h>
#include <kunit/test.h>

#include "../virtio_pci_common.h"
#include "fake_virtio_pci.h"

/* A device type that no driver knows but the one below */
#define FAKE_VIRTIO_TYPE	0x3f
#define FAKE_RESET_TYPE		0x3c
#define FAKE_TIMEOUT		(10 * HZ)

/* --- drivers without a purpose --- */

static const struct virtio_device_id nop_ids[] = {
	{ FAKE_VIRTIO_TYPE, VIRTIO_DEV_ANY_ID },
	{ }
};

static struct virtio_driver nop_driver = {
	.driver.name = "virtio-kunit",
	.id_table = nop_ids,
	.probe = fake_virtio_probe,
	.remove = fake_virtio_remove,
};

/* One that goes through resets */

static int reset_prepare(struct virtio_device *vdev)
{
	fake_virtio_remove(vdev);
	return 0;
}

static const struct virtio_device_id reset_ids[] = {
	{ FAKE_RESET_TYPE, VIRTIO_DEV_ANY_ID },
	{ }
};

static struct virtio_driver reset_driver = {
	.driver.name = "virtio-reset-kunit",
	.id_table = reset_ids,
	.probe = fake_virtio_probe,
	.remove = fake_virtio_remove,
	.reset_prepare = reset_prepare,
	.reset_done = fake_virtio_probe,
};

static int admin_suite_init(struct kunit_suite *suite)
{
	int ret = register_virtio_driver(&nop_driver);

	if (ret)
		return ret;

	ret = register_virtio_driver(&reset_driver);
	if (ret)
		unregister_virtio_driver(&nop_driver);
	return ret;
}

static void admin_suite_exit(struct kunit_suite *suite)
{
	unregister_virtio_driver(&reset_driver);
	unregister_virtio_driver(&nop_driver);
}

/* --- what may never return is done by a thread --- */

/**
 * struct call - something that a thread does
 * @fn: what
 * @arg: with what
 * @ret: what came of it
 * @done: it has returned
 */
struct call {
	int (*fn)(void *arg);
	void *arg;
	int ret;
	struct completion done;
};

static int call_thread(void *data)
{
	struct call *call = data;

	call->ret = call->fn(call->arg);
	complete(&call->done);
	return 0;
}

/* A call that never returns needs its memory for ever, so that is not freed then */
static struct call *call_start(struct kunit *test, int (*fn)(void *), void *arg)
{
	struct call *call = kzalloc_obj(*call);
	struct task_struct *task;

	KUNIT_ASSERT_NOT_NULL(test, call);
	call->fn = fn;
	call->arg = arg;
	init_completion(&call->done);
	task = kthread_run(call_thread, call, "virtio-kunit");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	/* Let it come to where it waits */
	schedule_timeout_uninterruptible(HZ / 10);
	return call;
}

/* What it returned, or -ETIMEDOUT */
static int call_end(struct call *call)
{
	int ret;

	if (!wait_for_completion_timeout(&call->done, FAKE_TIMEOUT))
		return -ETIMEDOUT;

	ret = call->ret;
	kfree(call);
	return ret;
}

/* As a driver of the VF does */
static int set_mode(struct pci_dev *vf, u8 flags)
{
	struct virtio_admin_member member;
	int ret = virtio_pci_admin_member(&vf->dev, &member);

	return ret ?: virtio_pci_admin_mode_set(&member, flags);
}

static bool has_parts(struct pci_dev *vf)
{
	struct virtio_admin_member member;

	return !virtio_pci_admin_member(&vf->dev, &member) &&
	       virtio_pci_admin_has_dev_parts(&member);
}

static int stop_vf(void *vf)
{
	return set_mode(vf, BIT(0));
}

/* A device that hangs over a command for @vf, and who waits for that command */
static struct call *hang_over_vf(struct fake_virtio *dev, struct pci_dev **vf)
{
	fake_virtio_plug(dev);
	*vf = fake_virtio_enable_vfs(dev);
	KUNIT_EXPECT_EQ(dev->test, 0, set_mode(*vf, 0));
	dev->mute = true;
	return call_start(dev->test, stop_vf, *vf);
}

static int remove_function(void *pdev)
{
	pci_stop_and_remove_bus_device_locked(pdev);
	return 0;
}

static int reset_function(void *pdev)
{
	return pci_reset_function(pdev);
}

static int unbind_driver(void *vdev)
{
	device_release_driver(&((struct virtio_device *)vdev)->dev);
	return 0;
}

/* --- administration commands --- */

static struct fake_virtio *lax_device(struct kunit *test)
{
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_VIRTIO_TYPE);

	dev->lax = true;
	return dev;
}

static void admin_command(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct pci_dev *vf;

	fake_virtio_plug(dev);
	KUNIT_EXPECT_TRUE(test, dev->status & VIRTIO_CONFIG_S_DRIVER_OK);
	vf = fake_virtio_enable_vfs(dev);
	KUNIT_EXPECT_TRUE(test, has_parts(vf));
	KUNIT_EXPECT_EQ(test, 0, set_mode(vf, BIT(0)));
	KUNIT_EXPECT_EQ(test, 1,
			dev->served[VIRTIO_ADMIN_CMD_DEV_MODE_SET]);
	KUNIT_EXPECT_EQ(test, 1, dev->member);
}

/* --- who is a member of what --- */

static void member_vf(struct kunit *test)
{
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_VIRTIO_TYPE);
	struct virtio_admin_member member;
	struct pci_dev *vf;
	int i;

	fake_virtio_plug(dev);
	vf = fake_virtio_enable_vfs(dev);
	for (i = 0; i < FAKE_VIRTIO_VFS; i++) {
		vf = fake_pci_find(dev->host, vf->bus->number, 1 + i);
		KUNIT_ASSERT_NOT_NULL(test, vf);
		KUNIT_EXPECT_EQ(test, 0,
				virtio_pci_admin_member(&vf->dev, &member));
		KUNIT_EXPECT_PTR_EQ(test, fake_virtio_vdev(dev), member.owner);
		KUNIT_EXPECT_EQ(test, VIRTIO_ADMIN_GROUP_TYPE_SRIOV,
				member.group_type);
		KUNIT_EXPECT_EQ(test, 1 + i, member.id);
	}
}

/* Nor does any command go out for what is no member */
static void member_none(struct kunit *test)
{
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_VIRTIO_TYPE);
	struct virtio_admin_member member = { .id = 7 };
	u32 id;

	fake_virtio_plug(dev);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			virtio_pci_admin_member(&fake_pci_dev(dev->fn)->dev,
						&member));
	KUNIT_EXPECT_NULL(test, member.owner);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			virtio_pci_admin_member(&fake_virtio_vdev(dev)->dev,
						&member));
	KUNIT_EXPECT_FALSE(test, virtio_pci_admin_has_dev_parts(&member));
	KUNIT_EXPECT_EQ(test, -ENODEV, virtio_pci_admin_mode_set(&member, 0));
	KUNIT_EXPECT_EQ(test, -ENODEV,
			virtio_pci_admin_obj_create(&member,
						    VIRTIO_RESOURCE_OBJ_DEV_PARTS,
						    VIRTIO_RESOURCE_OBJ_DEV_PARTS_TYPE_GET,
						    &id));
	KUNIT_EXPECT_EQ(test, 0, dev->refused);
}

/* A VF of a PF that virtio_pci does not drive has nobody who answers for it */
static void member_of_nobody(struct kunit *test)
{
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_VIRTIO_TYPE);
	struct virtio_admin_member member;
	struct pci_dev *pf, *vf;

	fake_virtio_plug(dev);
	pf = fake_pci_dev(dev->fn);
	device_release_driver(&pf->dev);
	KUNIT_ASSERT_EQ(test, 0, fake_pci_enable_vfs(pf, 1));
	vf = fake_pci_find(dev->host, pf->bus->number, 1);
	KUNIT_EXPECT_NOT_NULL(test, vf);
	if (vf)
		KUNIT_EXPECT_EQ(test, -ENODEV,
				virtio_pci_admin_member(&vf->dev, &member));
	fake_pci_disable_vfs(pf);
}

/* --- administration commands in the queue --- */

/* The table of an indirect descriptor has to be allocated */
static void admin_indirect(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct kmsg_dump_iter mark;
	struct pci_dev *vf;

	dev->features |= BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC);
	fake_kmsg_mark(&mark);
	fake_virtio_plug(dev);
	vf = fake_virtio_enable_vfs(dev);
	KUNIT_EXPECT_EQ(test, 0, set_mode(vf, BIT(0)));
	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		kunit_skip(test, "without DEBUG_ATOMIC_SLEEP nobody notices");
	KUNIT_EXPECT_EQ(test, 0, fake_kmsg_count(&mark, LOGLEVEL_DEBUG,
						 "sleeping function called",
						 NULL));
}

/* 1 << 66 is 1 << 2 for some CPUs */
static void admin_large_opcode(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct virtio_admin_cmd cmd = {
		.opcode = cpu_to_le16(64 + VIRTIO_ADMIN_CMD_DEV_MODE_SET),
		.group_type = cpu_to_le16(VIRTIO_ADMIN_GROUP_TYPE_SRIOV),
		.group_member_id = cpu_to_le64(1),
	};

	fake_virtio_plug(dev);
	KUNIT_EXPECT_TRUE(test, has_parts(fake_virtio_enable_vfs(dev)));
	dev->refused = 0;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			vp_modern_admin_cmd_exec(fake_virtio_vdev(dev), &cmd));
	KUNIT_EXPECT_EQ(test, 0, dev->refused);
}

static void find_member(struct fake_virtio *dev,
			struct virtio_admin_member *member)
{
	fake_virtio_plug(dev);
	KUNIT_ASSERT_EQ(dev->test, 0,
			virtio_pci_admin_member(&fake_virtio_enable_vfs(dev)->dev,
						member));
	KUNIT_ASSERT_TRUE(dev->test, virtio_pci_admin_has_dev_parts(member));
}

/* A chain may not be longer than the queue, whether in a table of its own or not */
static void admin_long_chain(struct kunit *test, u64 features)
{
	/* Beside the header and the status */
	const unsigned int room = FAKE_VIRTIO_QUEUE_SIZE - 2;
	struct fake_virtio *dev = lax_device(test);
	struct virtio_admin_member member;
	struct kmsg_dump_iter mark;
	struct scatterlist *sg;
	unsigned int i;
	u8 *data;

	data = kunit_kzalloc(test, 2 * (room + 1), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	sg = kunit_kcalloc(test, room + 1, sizeof(*sg), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sg);
	sg_init_table(sg, room + 1);
	for (i = 0; i < room + 1; i++)
		sg_set_buf(&sg[i], data + 2 * i, 1);

	dev->features |= features;
	fake_kmsg_mark(&mark);
	find_member(dev, &member);
	KUNIT_EXPECT_EQ(test, -E2BIG,
			virtio_pci_admin_dev_parts_set(&member, sg));
	sg_mark_end(&sg[room - 1]);
	KUNIT_EXPECT_EQ(test, 0, virtio_pci_admin_dev_parts_set(&member, sg));
	KUNIT_EXPECT_EQ(test, 1, dev->served[VIRTIO_ADMIN_CMD_DEV_PARTS_SET]);
	KUNIT_EXPECT_EQ(test, 0, fake_kmsg_count(&mark, LOGLEVEL_DEBUG,
						 "WARNING:", NULL));
}

static void admin_long(struct kunit *test)
{
	admin_long_chain(test, 0);
}

static void admin_long_indirect(struct kunit *test)
{
	admin_long_chain(test, BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC));
}

/* --- answers that a device must not give --- */

static int get_parts(const struct virtio_admin_member *member, u8 *buf,
		     u32 size, u32 *len)
{
	struct scatterlist sg;

	sg_init_one(&sg, buf, size);
	return virtio_pci_admin_dev_parts_get(member,
					      VIRTIO_RESOURCE_OBJ_DEV_PARTS, 0,
					      VIRTIO_ADMIN_CMD_DEV_PARTS_GET_TYPE_ALL,
					      &sg, len);
}

/* More than there was room for cannot have been written */
static void answer_long(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct virtio_admin_member member;
	u8 buf[32];
	u32 len;

	find_member(dev, &member);
	KUNIT_ASSERT_EQ(test, 0, get_parts(&member, buf, sizeof(buf), &len));
	KUNIT_EXPECT_EQ(test, sizeof(buf), len);
	dev->used = sizeof(struct virtio_admin_cmd_status) + sizeof(buf) + 1;
	KUNIT_EXPECT_EQ(test, -EIO, get_parts(&member, buf, sizeof(buf), &len));
	dev->used = U32_MAX;
	KUNIT_EXPECT_EQ(test, -EIO, get_parts(&member, buf, sizeof(buf), &len));
}

/* What the device does not write is not what the kernel had there before */
static void answer_short(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct virtio_admin_member member;
	u8 *buf = kunit_kzalloc(test, 4, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	find_member(dev, &member);
	dev->terse = true;
	memset(buf, 0xaa, 4);
	KUNIT_ASSERT_EQ(test, 0,
			virtio_pci_admin_legacy_common_io_read(&member, 0, 4,
							       buf));
	KUNIT_EXPECT_EQ(test, 1,
			dev->served[VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_READ]);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, 4));
	memset(buf, 0xaa, 4);
	KUNIT_ASSERT_EQ(test, 0,
			virtio_pci_admin_legacy_device_io_read(&member, 0, 4,
							       buf));
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, 4));
}

/* A status is any number, and not each is one of an error */
static void answer_no_error(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct virtio_admin_member member;

	find_member(dev, &member);
	dev->status_of[VIRTIO_ADMIN_CMD_DEV_MODE_SET] = MAX_ERRNO + 1;
	KUNIT_EXPECT_EQ(test, -EIO, virtio_pci_admin_mode_set(&member, 0));
	dev->status_of[VIRTIO_ADMIN_CMD_DEV_MODE_SET] = U16_MAX;
	KUNIT_EXPECT_EQ(test, -EIO, virtio_pci_admin_mode_set(&member, 0));
	dev->status_of[VIRTIO_ADMIN_CMD_DEV_MODE_SET] = MAX_ERRNO;
	KUNIT_EXPECT_EQ(test, -MAX_ERRNO, virtio_pci_admin_mode_set(&member, 0));
}

/* --- objects --- */

static int create_object(const struct virtio_admin_member *member, u32 *id)
{
	return virtio_pci_admin_obj_create(member,
					   VIRTIO_RESOURCE_OBJ_DEV_PARTS,
					   VIRTIO_RESOURCE_OBJ_DEV_PARTS_TYPE_GET,
					   id);
}

static int destroy_object(const struct virtio_admin_member *member, u32 id)
{
	return virtio_pci_admin_obj_destroy(member,
					    VIRTIO_RESOURCE_OBJ_DEV_PARTS, id);
}

static const u16 failures[] = { EAGAIN, EBUSY, EINVAL, EIO, ENOMEM };

/*
 * The numbers are all members', so none may be lost, whatever the device says and
 * whether or not it has destroyed the object
 */
static void object_not_destroyed(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct virtio_admin_member member;
	unsigned int i;
	u32 id;

	find_member(dev, &member);
	for (i = 0; i < 4 * ARRAY_SIZE(failures); i++) {
		KUNIT_ASSERT_EQ(test, 0, create_object(&member, &id));
		dev->status_of[VIRTIO_ADMIN_CMD_RESOURCE_OBJ_DESTROY] =
			failures[i % ARRAY_SIZE(failures)];
		KUNIT_EXPECT_NE(test, 0, destroy_object(&member, id));
		/* Now and then it is there nevertheless */
		if (i % 4)
			dev->objects = 0;
	}
}

/* An object that the driver has forgotten takes its number, and no more */
static void object_left_over(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct virtio_admin_member member;
	u32 id[8], extra;
	int i, round;

	find_member(dev, &member);
	for (round = 0; round < 2; round++) {
		dev->objects = BIT_ULL(0) | BIT_ULL(5);
		for (i = 0; i < 6; i++)
			KUNIT_ASSERT_EQ(test, 0,
					create_object(&member, &id[i]));
		KUNIT_EXPECT_EQ(test, 1, id[0]);
		KUNIT_EXPECT_EQ(test, 7, id[5]);
		KUNIT_EXPECT_EQ(test, -ENOSPC, create_object(&member, &extra));
		for (i = 0; i < 6; i++)
			KUNIT_EXPECT_EQ(test, 0,
					destroy_object(&member, id[i]));
	}

	dev->objects = 0;
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, 0, create_object(&member, &id[i]));
}

/* --- lists of commands --- */

/* The self group has its own list, and no command is legal before LIST_USE */
static void list_before_commands(struct kunit *test)
{
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_VIRTIO_TYPE);

	fake_virtio_plug(dev);
	KUNIT_EXPECT_TRUE(test, has_parts(fake_virtio_enable_vfs(dev)));
	KUNIT_EXPECT_EQ(test, 0, dev->refused);
	KUNIT_EXPECT_EQ(test, 1,
			dev->served[VIRTIO_ADMIN_CMD_DRIVER_CAP_SET]);
}

/* The device cannot answer now: it is asked again */
static void list_asked_again(struct kunit *test)
{
	static const u16 opcodes[] = {
		VIRTIO_ADMIN_CMD_LIST_QUERY, VIRTIO_ADMIN_CMD_LIST_USE,
		VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY,
		VIRTIO_ADMIN_CMD_DEVICE_CAP_GET,
		VIRTIO_ADMIN_CMD_DRIVER_CAP_SET,
	};
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_VIRTIO_TYPE);
	struct pci_dev *vf;
	int i;

	dev->status_of[opcodes[0]] = EAGAIN;
	fake_virtio_plug(dev);
	vf = fake_virtio_enable_vfs(dev);
	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		KUNIT_EXPECT_FALSE(test, has_parts(vf));
		dev->status_of[opcodes[i]] = 0;
		if (i + 1 < ARRAY_SIZE(opcodes))
			dev->status_of[opcodes[i + 1]] = EAGAIN;
	}
	KUNIT_EXPECT_TRUE(test, has_parts(vf));
}

/* A device lists less for itself than it takes, and the rest for VFs */
static void list_borrowed(struct kunit *test)
{
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_VIRTIO_TYPE);
	struct fake_virtio_group *self;

	self = &dev->group[VIRTIO_ADMIN_GROUP_TYPE_SELF];
	self->supported = GENMASK_ULL(1, 0);
	fake_virtio_plug(dev);
	self->used = GENMASK_ULL(0x11, 0);
	KUNIT_EXPECT_TRUE(test, has_parts(fake_virtio_enable_vfs(dev)));
	KUNIT_EXPECT_EQ(test, 0, dev->refused);
}

/* The SR-IOV group is there once VF Enable is set, and again after a pause */
static void list_of_vfs(struct kunit *test)
{
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_VIRTIO_TYPE);
	struct pci_dev *pf, *vf;
	int i;

	fake_virtio_plug(dev);
	pf = to_vp_device(fake_virtio_vdev(dev))->pci_dev;
	for (i = 0; i < 2; i++) {
		vf = fake_virtio_enable_vfs(dev);
		KUNIT_EXPECT_TRUE(test, has_parts(vf));
		KUNIT_EXPECT_EQ(test, 0, set_mode(vf, BIT(0)));
		KUNIT_EXPECT_EQ(test, 0, dev->refused);
		pci_lock_rescan_remove();
		device_lock(&pf->dev);
		pf->driver->sriov_configure(pf, 0);
		device_unlock(&pf->dev);
		pci_unlock_rescan_remove();
		/* A device may forget the list of a group that has gone */
		dev->group[VIRTIO_ADMIN_GROUP_TYPE_SRIOV].used &= GENMASK(1, 0);
	}
	KUNIT_EXPECT_EQ(test, 2,
			dev->served[VIRTIO_ADMIN_CMD_DEV_MODE_SET]);
}

/* What one group may do says nothing of another */
static void list_per_group(struct kunit *test)
{
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_VIRTIO_TYPE);
	u64 mode_set = BIT_ULL(VIRTIO_ADMIN_CMD_DEV_MODE_SET);
	struct virtio_admin_cmd cmd = {
		.opcode = cpu_to_le16(VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY),
		.group_type = cpu_to_le16(VIRTIO_ADMIN_GROUP_TYPE_SRIOV),
		.group_member_id = cpu_to_le64(1),
	};
	struct pci_dev *vf;

	dev->group[VIRTIO_ADMIN_GROUP_TYPE_SRIOV].supported &=
		~(mode_set | BIT_ULL(VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY));
	fake_virtio_plug(dev);
	vf = fake_virtio_enable_vfs(dev);
	dev->refused = 0;
	KUNIT_EXPECT_FALSE(test, has_parts(vf));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			set_mode(vf, BIT(0)));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			vp_modern_admin_cmd_exec(fake_virtio_vdev(dev), &cmd));
	KUNIT_EXPECT_EQ(test, 0, dev->refused);
	KUNIT_EXPECT_EQ(test, 1,
			dev->served[VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY]);
}

/* A reset makes the device forget the lists */
static void list_after_reset(struct kunit *test)
{
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_VIRTIO_TYPE);
	struct virtio_device *vdev;
	struct pci_dev *vf;

	fake_virtio_plug(dev);
	vf = fake_virtio_enable_vfs(dev);
	KUNIT_EXPECT_EQ(test, 0, set_mode(vf, BIT(0)));

	vdev = fake_virtio_vdev(dev);
	device_release_driver(&vdev->dev);
	KUNIT_EXPECT_EQ(test, 1, device_attach(&vdev->dev));
	KUNIT_EXPECT_EQ(test, 0, set_mode(vf, BIT(0)));
	KUNIT_EXPECT_EQ(test, 0, dev->refused);
}

static int query_caps(void *vdev)
{
	struct virtio_admin_cmd cmd = {
		.opcode = cpu_to_le16(VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY),
		.group_type = cpu_to_le16(VIRTIO_ADMIN_GROUP_TYPE_SELF),
	};

	return vp_modern_admin_cmd_exec(vdev, &cmd);
}

/* LIST_USE waits for what has been sent, and what comes later waits for it */
static void list_alone(struct kunit *test)
{
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_VIRTIO_TYPE);
	struct virtio_admin_member member = {
		.group_type = VIRTIO_ADMIN_GROUP_TYPE_SRIOV,
	};
	struct call *before, *first, *second;
	struct virtio_device *vdev;
	unsigned int sent;
	struct pci_dev *vf;

	fake_virtio_plug(dev);
	vdev = fake_virtio_vdev(dev);
	/* Let it agree on its own list, while there are no VFs */
	member.owner = vdev;
	KUNIT_EXPECT_FALSE(test, virtio_pci_admin_has_dev_parts(&member));
	dev->refused = 0;
	vf = fake_virtio_enable_vfs(dev);
	sent = fake_virtio_submitted(dev);
	dev->mute = true;
	before = call_start(test, query_caps, vdev);
	first = call_start(test, stop_vf, vf);
	second = call_start(test, stop_vf, vf);
	KUNIT_EXPECT_EQ(test, sent + 1, fake_virtio_submitted(dev));

	fake_virtio_unmute(dev);
	KUNIT_EXPECT_EQ(test, 0, call_end(before));
	KUNIT_EXPECT_EQ(test, 0, call_end(first));
	KUNIT_EXPECT_EQ(test, 0, call_end(second));
	KUNIT_EXPECT_EQ(test, 0, dev->refused);
	/* One for each group */
	KUNIT_EXPECT_EQ(test, 2, dev->served[VIRTIO_ADMIN_CMD_LIST_USE]);
	KUNIT_EXPECT_EQ(test, 2,
			dev->served[VIRTIO_ADMIN_CMD_DEV_MODE_SET]);
}

/* --- commands that are never answered --- */

/* The device may still write an answer, so nobody gets the buffers before a reset */
static void wait_broken_queue(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct call *call, *unbind;
	struct pci_dev *vf;

	call = hang_over_vf(dev, &vf);
	KUNIT_EXPECT_FALSE(test, completion_done(&call->done));

	virtio_break_device(fake_virtio_vdev(dev));
	schedule_timeout_uninterruptible(5 * HZ / 2);
	KUNIT_EXPECT_FALSE(test, completion_done(&call->done));
	KUNIT_EXPECT_EQ(test, -EIO, set_mode(vf, BIT(0)));

	unbind = call_start(test, unbind_driver, fake_virtio_vdev(dev));
	KUNIT_EXPECT_EQ(test, -EIO, call_end(call));
	KUNIT_EXPECT_EQ(test, 0, call_end(unbind));
}

/* The user of a VF waits, and removal waits for the user */
static void wait_pulled_device(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct call *call, *removal;
	struct kmsg_dump_iter mark;
	struct pci_dev *pf, *vf;

	fake_kmsg_mark(&mark);
	call = hang_over_vf(dev, &vf);
	pf = fake_pci_dev(dev->fn);

	fake_virtio_pull(dev);
	removal = call_start(test, remove_function, pf);
	KUNIT_EXPECT_EQ(test, -EIO, call_end(call));
	KUNIT_EXPECT_EQ(test, 0, call_end(removal));
	KUNIT_EXPECT_EQ(test, 0, fake_kmsg_count(&mark, LOGLEVEL_DEBUG,
						 "WARNING:", NULL));
	/* Let a kernel go on that is waiting for the reset of the device */
	dev->status = 0;
	dev->gone = false;
	schedule_timeout_uninterruptible(HZ / 10);
}

/* Who would remove it waits for the user before it does anything about the queue */
static void wait_pulled_unnoticed(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct call *call;
	struct pci_dev *vf;

	call = hang_over_vf(dev, &vf);

	fake_virtio_pull(dev);
	KUNIT_EXPECT_EQ(test, -EIO, call_end(call));
	call = call_start(test, stop_vf, vf);
	KUNIT_EXPECT_EQ(test, -EIO, call_end(call));
}

/* A function level reset ends what the device had, whatever the driver knows of it */
static void wait_reset_function(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct call *call;
	struct pci_dev *pf, *vf;

	call = hang_over_vf(dev, &vf);
	pf = fake_pci_dev(dev->fn);

	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(pf));
	KUNIT_EXPECT_EQ(test, -EIO, call_end(call));
	/* Nor does anybody wait for a device that has no queue any more */
	call = call_start(test, stop_vf, vf);
	KUNIT_EXPECT_EQ(test, -EIO, call_end(call));
}

/* A reset that fails ends nothing: the device goes on, and answers */
static void wait_reset_failed(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct call *call;
	struct pci_dev *pf, *vf;

	call = hang_over_vf(dev, &vf);
	pf = fake_pci_dev(dev->fn);

	dev->fn->flr = NULL;
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(pf));
	KUNIT_EXPECT_FALSE(test, completion_done(&call->done));
	fake_virtio_unmute(dev);
	KUNIT_EXPECT_EQ(test, 0, call_end(call));
	KUNIT_EXPECT_EQ(test, 0, set_mode(vf, BIT(0)));
}

/* The device hangs: its own reset fails, that of the PCI function helps */
static void reset_hung_device(struct kunit *test)
{
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_RESET_TYPE);
	struct call *call;
	struct pci_dev *pf;

	fake_virtio_plug(dev);
	pf = fake_pci_dev(dev->fn);
	dev->keep_status = true;
	call = call_start(test, reset_function, pf);
	KUNIT_EXPECT_EQ(test, 0, call_end(call));
	KUNIT_EXPECT_TRUE(test, dev->status & VIRTIO_CONFIG_S_DRIVER_OK);
	KUNIT_EXPECT_TRUE(test, fake_pci_get16(dev->fn, PCI_COMMAND) &
				PCI_COMMAND_MASTER);
	/* Let a kernel go on that waits for ever */
	dev->keep_status = false;
	if (!(dev->status & VIRTIO_CONFIG_S_DRIVER_OK))
		dev->status = 0;
	schedule_timeout_uninterruptible(HZ / 10);
}

/* Its registers come back, its queue does not: nobody who resets it waits for that */
static void reset_mute_device(struct kunit *test)
{
	struct fake_virtio *dev = fake_virtio_create(test, FAKE_RESET_TYPE);
	struct call *call;

	fake_virtio_plug(dev);
	dev->mute = true;
	call = call_start(test, reset_function, fake_pci_dev(dev->fn));
	KUNIT_EXPECT_EQ(test, 0, call_end(call));
	KUNIT_EXPECT_TRUE(test, dev->status & VIRTIO_CONFIG_S_DRIVER_OK);
	fake_virtio_unmute(dev);
	schedule_timeout_uninterruptible(HZ / 10);
}

static void wait_unbound_driver(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct call *call, *unbind;
	struct virtio_device *vdev;
	struct pci_dev *vf;

	call = hang_over_vf(dev, &vf);
	vdev = fake_virtio_vdev(dev);
	unbind = call_start(test, unbind_driver, vdev);
	KUNIT_EXPECT_EQ(test, -EIO, call_end(call));
	KUNIT_EXPECT_EQ(test, 0, call_end(unbind));

	/* There is no queue now */
	call = call_start(test, stop_vf, vf);
	KUNIT_EXPECT_EQ(test, -EIO, call_end(call));
}

/* Three descriptors a command: the sixth finds one left of sixteen */
static void wait_full_queue(struct kunit *test)
{
	struct fake_virtio *dev = lax_device(test);
	struct call *call[8];
	struct pci_dev *vf;
	int i;

	fake_virtio_plug(dev);
	vf = fake_virtio_enable_vfs(dev);
	KUNIT_EXPECT_EQ(test, 0, set_mode(vf, 0));
	dev->mute = true;
	for (i = 0; i < ARRAY_SIZE(call); i++)
		call[i] = call_start(test, stop_vf, vf);
	KUNIT_EXPECT_EQ(test, 1,
			dev->served[VIRTIO_ADMIN_CMD_DEV_MODE_SET]);

	fake_virtio_unmute(dev);
	for (i = 0; i < ARRAY_SIZE(call); i++)
		KUNIT_EXPECT_EQ(test, 0, call_end(call[i]));
	KUNIT_EXPECT_EQ(test, 9,
			dev->served[VIRTIO_ADMIN_CMD_DEV_MODE_SET]);
}

static struct kunit_case admin_cases[] = {
	KUNIT_CASE(admin_command),
	KUNIT_CASE(member_vf),
	KUNIT_CASE(member_none),
	KUNIT_CASE(member_of_nobody),
	KUNIT_CASE(admin_indirect),
	KUNIT_CASE(admin_large_opcode),
	KUNIT_CASE(admin_long),
	KUNIT_CASE(admin_long_indirect),
	KUNIT_CASE(answer_long),
	KUNIT_CASE(answer_short),
	KUNIT_CASE(answer_no_error),
	KUNIT_CASE(object_not_destroyed),
	KUNIT_CASE(object_left_over),
	KUNIT_CASE(list_before_commands),
	KUNIT_CASE(list_asked_again),
	KUNIT_CASE(list_borrowed),
	KUNIT_CASE_SLOW(list_of_vfs),
	KUNIT_CASE(list_per_group),
	KUNIT_CASE(list_after_reset),
	KUNIT_CASE(list_alone),
	KUNIT_CASE_SLOW(wait_broken_queue),
	KUNIT_CASE_SLOW(wait_pulled_device),
	KUNIT_CASE_SLOW(wait_pulled_unnoticed),
	KUNIT_CASE_SLOW(wait_reset_function),
	KUNIT_CASE_SLOW(wait_reset_failed),
	KUNIT_CASE_SLOW(reset_hung_device),
	KUNIT_CASE_SLOW(reset_mute_device),
	KUNIT_CASE_SLOW(wait_unbound_driver),
	KUNIT_CASE_SLOW(wait_full_queue),
	{ }
};

static struct kunit_suite admin_suite = {
	.name = "virtio_pci_admin",
	.suite_init = admin_suite_init,
	.suite_exit = admin_suite_exit,
	.test_cases = admin_cases,
};

kunit_test_suite(admin_suite);

MODULE_DESCRIPTION("KUnit tests of administration commands of virtio_pci");
MODULE_LICENSE("GPL");
