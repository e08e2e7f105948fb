// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: migration of virtio devices that users own
 *
 * The owner of the group is a device in RAM. There is a file for the state of a member,
 * as its user has one, but no VFIO device that the user could open.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/workqueue.h>
#include <kunit/test.h>

#include "../../vfio/virtio/migrate.h"
#include "fake_virtio_pci.h"

/* A device type that no other driver knows */
#define PF_TYPE		0x3c
#define DIRT		0xaa
#define DIRTY_PAGES	64

static const struct virtio_device_id nop_ids[] = {
	{ PF_TYPE, VIRTIO_DEV_ANY_ID },
	{ }
};

static struct virtio_driver nop_driver = {
	.driver.name = "virtio-kunit-migrate",
	.id_table = nop_ids,
	.probe = fake_virtio_probe,
	.remove = fake_virtio_remove,
};

static int migrate_suite_init(struct kunit_suite *suite)
{
	return register_virtio_driver(&nop_driver);
}

static void migrate_suite_exit(struct kunit_suite *suite)
{
	unregister_virtio_driver(&nop_driver);
}

/**
 * struct tenant - whoever has a member of the group
 * @dev: the owner of the group
 * @member: the member
 * @vdev: what VFIO has of it
 * @mig: its migration
 * @mm: its memory
 * @info: argument of the ioctl, in that memory
 */
struct tenant {
	struct fake_virtio *dev;
	struct virtio_admin_member member;
	struct vfio_device vdev;
	struct virtiovf_migration mig;
	struct mm_struct *mm;
	unsigned long info;
};

/* The memory is the test's */
static void vdev_release(struct device *dev)
{
}

static struct tenant *tenant_create(struct kunit *test, u32 parts)
{
	struct tenant *tenant = kunit_kzalloc(test, sizeof(*tenant), GFP_KERNEL);
	struct pci_dev *vf;

	KUNIT_ASSERT_NOT_NULL(test, tenant);
	tenant->dev = fake_virtio_create(test, PF_TYPE);
	tenant->dev->parts = parts;
	fake_virtio_plug(tenant->dev);
	vf = fake_virtio_enable_vfs(tenant->dev);
	KUNIT_ASSERT_EQ(test, 0,
			virtio_pci_admin_member(&vf->dev, &tenant->member));
	KUNIT_ASSERT_TRUE(test, virtio_pci_admin_has_dev_parts(&tenant->member));

	tenant->info = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE,
				     PROT_READ | PROT_WRITE,
				     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, 0, tenant->info);
	tenant->mm = current->mm;

	/* The VF has no driver, and one is asked for its module */
	tenant->vdev.dev = &fake_pci_dev(tenant->dev->fn)->dev;
	device_initialize(&tenant->vdev.device);
	tenant->vdev.device.release = vdev_release;
	virtiovf_init_migration(&tenant->mig, &tenant->vdev, &tenant->member);
	virtiovf_open_migration(&tenant->mig);
	return tenant;
}

static void tenant_close(struct tenant *tenant)
{
	virtiovf_close_migration(&tenant->mig);
}

static struct file *tenant_precopy(struct tenant *tenant)
{
	struct file *file = virtiovf_set_device_state(&tenant->mig,
						      VFIO_DEVICE_STATE_PRE_COPY);

	KUNIT_ASSERT_FALSE(tenant->dev->test, IS_ERR_OR_NULL(file));
	return file;
}

static void tenant_put_file(struct file *file)
{
	fput(file);
	flush_delayed_fput();
}

static long tenant_precopy_info(struct tenant *tenant, struct file *file)
{
	const struct vfio_precopy_info info = { .argsz = sizeof(info) };

	if (copy_to_user((void __user *)tenant->info, &info, sizeof(info)))
		return -EFAULT;

	return file->f_op->unlocked_ioctl(file, VFIO_MIG_GET_PRECOPY_INFO,
					  tenant->info);
}

/* Nobody may be asked about the member any more: the owner may be gone */
static void ioctl_after_close(struct kunit *test)
{
	struct tenant *tenant = tenant_create(test, 100);
	unsigned int *asked =
		&tenant->dev->served[VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_GET];
	struct file *file = tenant_precopy(tenant);

	KUNIT_EXPECT_EQ(test, 1, *asked);
	tenant_close(tenant);
	KUNIT_EXPECT_EQ(test, 0, tenant->dev->objects);
	KUNIT_EXPECT_EQ(test, -EINVAL, tenant_precopy_info(tenant, file));
	KUNIT_EXPECT_EQ(test, 1, *asked);
	tenant_put_file(file);
}

/* The next user has a file of their own, and the old one says nothing of the device */
static void ioctl_after_open(struct kunit *test)
{
	struct tenant *tenant = tenant_create(test, 100);
	unsigned int *asked =
		&tenant->dev->served[VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_GET];
	struct file *old = tenant_precopy(tenant), *new;

	tenant_close(tenant);
	virtiovf_open_migration(&tenant->mig);
	new = tenant_precopy(tenant);
	KUNIT_EXPECT_EQ(test, 2, *asked);
	KUNIT_EXPECT_EQ(test, -ENODEV, tenant_precopy_info(tenant, old));
	KUNIT_EXPECT_EQ(test, 2, *asked);
	KUNIT_EXPECT_EQ(test, 0, tenant_precopy_info(tenant, new));
	tenant_close(tenant);
	tenant_put_file(old);
	tenant_put_file(new);
}

/**
 * struct task - what another thread of a tenant does
 * @work: the thread
 * @tenant: who does it
 * @file: file that it has
 * @ret: what came of it
 */
struct task {
	struct work_struct work;
	struct tenant *tenant;
	struct file *file;
	long ret;
};

static void task_ioctl(struct work_struct *work)
{
	struct task *task = container_of(work, struct task, work);

	kthread_use_mm(task->tenant->mm);
	task->ret = tenant_precopy_info(task->tenant, task->file);
	kthread_unuse_mm(task->tenant->mm);
}

static void task_close(struct work_struct *work)
{
	tenant_close(container_of(work, struct task, work)->tenant);
}

static void task_start(struct task *task, work_func_t fn)
{
	INIT_WORK_ONSTACK(&task->work, fn);
	queue_work(system_dfl_wq, &task->work);
	/* Let it come to where it waits */
	schedule_timeout_uninterruptible(HZ / 10);
}

static void task_end(struct task *task)
{
	flush_work(&task->work);
	destroy_work_on_stack(&task->work);
}

/* What it has read until then is not to be freed under it */
static void close_during_ioctl(struct kunit *test)
{
	struct tenant *tenant = tenant_create(test, 100);
	struct file *file = tenant_precopy(tenant);
	struct virtiovf_migration_file *migf = file->private_data;
	struct task ioctl = { .tenant = tenant, .file = file };
	struct task close = { .tenant = tenant };
	unsigned int sent;

	/* All has been read, so there will be a new state to read */
	file->f_pos = migf->max_pos;
	sent = fake_virtio_submitted(tenant->dev);
	tenant->dev->mute = true;
	task_start(&ioctl, task_ioctl);
	KUNIT_EXPECT_EQ(test, sent + 1, fake_virtio_submitted(tenant->dev));
	task_start(&close, task_close);
	KUNIT_EXPECT_EQ(test, sent + 1, fake_virtio_submitted(tenant->dev));

	fake_virtio_unmute(tenant->dev);
	task_end(&ioctl);
	task_end(&close);
	KUNIT_EXPECT_EQ(test, 0, ioctl.ret);
	KUNIT_EXPECT_EQ(test, 0, tenant->dev->objects);
	tenant_put_file(file);
}

/* So that who gets pages that nobody has cleared gets these */
static void make_pages_dirty(struct kunit *test)
{
	struct page *page[DIRTY_PAGES];
	int i;

	for (i = 0; i < DIRTY_PAGES; i++) {
		page[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page[i]);
		memset(page_address(page[i]), DIRT, PAGE_SIZE);
	}
	for (i = 0; i < DIRTY_PAGES; i++)
		__free_page(page[i]);
}

/* A device may say that it has written a state, and may have written nothing */
static void state_not_written(struct kunit *test)
{
	struct tenant *tenant = tenant_create(test, PAGE_SIZE);
	struct virtiovf_migration_file *migf;
	struct virtiovf_data_buffer *buf;
	struct file *file;
	u8 *state;

	state = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, state);
	tenant->dev->used = sizeof(struct virtio_admin_cmd_status) + PAGE_SIZE;
	make_pages_dirty(test);
	file = tenant_precopy(tenant);
	migf = file->private_data;
	buf = list_last_entry(&migf->buf_list, struct virtiovf_data_buffer,
			      buf_elm);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, buf->length);
	sg_pcopy_to_buffer(buf->table.sgt.sgl, buf->table.sgt.orig_nents, state,
			   PAGE_SIZE, 0);
	KUNIT_EXPECT_NULL(test, memchr(state, DIRT, PAGE_SIZE));
	tenant_close(tenant);
	tenant_put_file(file);
}

static struct kunit_case migrate_cases[] = {
	KUNIT_CASE(ioctl_after_close),
	KUNIT_CASE(ioctl_after_open),
	KUNIT_CASE(close_during_ioctl),
	KUNIT_CASE(state_not_written),
	{ }
};

static struct kunit_suite migrate_suite = {
	.name = "virtio_migrate",
	.suite_init = migrate_suite_init,
	.suite_exit = migrate_suite_exit,
	.test_cases = migrate_cases,
};

kunit_test_suite(migrate_suite);

MODULE_DESCRIPTION("KUnit tests of the migration of virtio devices");
MODULE_LICENSE("GPL");
