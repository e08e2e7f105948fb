// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: virtio devices that are Scalable Device Interfaces
 *
 * The PF and its SDIs are in RAM. The real virtio_pci drives the PF, the real
 * virtio_sdi makes virtio devices of SDIs, and a trivial driver uses their queues.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci_admin.h>
#include <linux/workqueue.h>
#include <kunit/test.h>

#include "../../pci/pci.h"
#include "../../pci/sdi/sdi.h"
#include "../virtio_pci_common.h"
#include "../virtio_pci_siov.h"
#include "fake_virtio_sdi.h"

/* Device types that no other driver knows; the PF is mostly left without one */
#define PF_TYPE		0x3d
#define SDI_TYPE	0x3e
#define DRIVEN_PF_TYPE	0x3f
#define BUFFER		64

/**
 * struct nop_user - what the driver of the virtio device knows
 * @vqs: its queues
 * @called: times that each was called back
 * @changed: times that it heard of a change of the configuration
 * @probes: times that it was bound
 * @prepares: times that it gave up its queues for a reset
 * @broken: the first queue was broken when it gave up its queues
 * @fake: the SDI, if @master is of interest
 * @master: the SDI could do DMA when the queues were freed
 * @slow: it takes its time to give up its queues
 * @stopping: how many are at that
 * @overlap: there was more than one
 * @waits: its next probe waits for an answer, which never comes
 * @hung: that wait did not end
 */
static struct nop_user {
	struct virtqueue *vqs[FAKE_VIRTIO_QUEUES];
	unsigned int called[FAKE_VIRTIO_QUEUES];
	unsigned int changed;
	unsigned int probes;
	unsigned int prepares;
	bool broken;
	struct fake_virtio_sdi *fake;
	bool master;
	bool slow;
	atomic_t stopping;
	bool overlap;
	bool waits;
	bool hung;
} user;

static void user_called(struct virtqueue *vq)
{
	user.called[vq->index]++;
}

static int user_start(struct virtio_device *vdev)
{
	struct virtqueue_info infos[] = {
		{ "first", user_called },
		{ "second", user_called },
	};
	int ret = virtio_find_vqs(vdev, ARRAY_SIZE(infos), user.vqs, infos,
				  NULL);

	if (!ret)
		virtio_device_ready(vdev);
	return ret;
}

static void user_stop(struct virtio_device *vdev)
{
	int i;

	user.broken = user.vqs[0] && virtqueue_is_broken(user.vqs[0]);
	virtio_reset_device(vdev);
	user.master = user.fake && user.fake->ctrl & VP_SIOV_BLK_MASTER;
	for (i = 0; i < FAKE_VIRTIO_QUEUES; i++)
		while (user.vqs[i] && virtqueue_detach_unused_buf(user.vqs[i]))
			;
	vdev->config->del_vqs(vdev);
	memset(user.vqs, 0, sizeof(user.vqs));
}

static void user_stop_alone(struct virtio_device *vdev)
{
	if (atomic_inc_return(&user.stopping) > 1)
		user.overlap = true;
	else
		user_stop(vdev);
	if (user.slow)
		msleep(200);
	atomic_dec(&user.stopping);
}

static int user_probe(struct virtio_device *vdev)
{
	int i, ret;

	user.probes++;
	ret = user_start(vdev);
	if (ret || !user.waits)
		return ret;

	user.waits = false;
	for (i = 0; i < 100 && !virtqueue_is_broken(user.vqs[0]); i++)
		msleep(20);
	user.hung = i == 100;
	return 0;
}

static void user_config_changed(struct virtio_device *vdev)
{
	user.changed++;
}

static int user_reset_prepare(struct virtio_device *vdev)
{
	user.prepares++;
	user_stop_alone(vdev);
	return 0;
}

static const struct virtio_device_id user_ids[] = {
	{ SDI_TYPE, VIRTIO_DEV_ANY_ID },
	{ }
};

static struct virtio_driver user_driver = {
	.driver.name = "virtio-sdi-kunit",
	.id_table = user_ids,
	.probe = user_probe,
	.remove = user_stop_alone,
	.config_changed = user_config_changed,
	.reset_prepare = user_reset_prepare,
	.reset_done = user_start,
};

static const struct virtio_device_id pf_ids[] = {
	{ DRIVEN_PF_TYPE, VIRTIO_DEV_ANY_ID },
	{ }
};

static struct virtio_driver pf_driver = {
	.driver.name = "virtio-sdi-kunit-pf",
	.id_table = pf_ids,
	.probe = fake_virtio_probe,
	.remove = fake_virtio_remove,
};

static int sdi_suite_init(struct kunit_suite *suite)
{
	int ret = register_virtio_driver(&user_driver);

	if (ret)
		return ret;

	ret = register_virtio_driver(&pf_driver);
	if (ret)
		unregister_virtio_driver(&user_driver);
	return ret;
}

static void sdi_suite_exit(struct kunit_suite *suite)
{
	unregister_virtio_driver(&pf_driver);
	unregister_virtio_driver(&user_driver);
}

static int sdi_test_init(struct kunit *test)
{
	memset(&user, 0, sizeof(user));
	return 0;
}

/* A PF with SDIs that is not plugged in yet */
static struct fake_virtio *make_pf(struct kunit *test)
{
	struct fake_virtio *pf = fake_virtio_create(test, PF_TYPE);

	fake_sdis_create(test, pf, SDI_TYPE);
	return pf;
}

/* The first SDI, and the driver is bound to its virtio device */
static struct pci_sdi *start(struct kunit *test, struct fake_virtio *pf)
{
	struct pci_sdi *sdi;

	fake_virtio_plug(pf);
	sdi = fake_sdi_enable(test, pf);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_ASSERT_NOT_NULL(test, fake_sdi_vdev(sdi));
	KUNIT_ASSERT_EQ(test, 1, user.probes);
	KUNIT_ASSERT_NOT_NULL(test, user.vqs[0]);
	return sdi;
}

/* A buffer goes through a queue and comes back full, with an interrupt */
static void exchange(struct kunit *test, unsigned int queue)
{
	struct virtqueue *vq = user.vqs[queue];
	unsigned int len = 0, called = user.called[queue];
	struct scatterlist sg;
	u8 *buf;

	buf = kunit_kzalloc(test, BUFFER, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	sg_init_one(&sg, buf, BUFFER);
	KUNIT_ASSERT_EQ(test, 0, virtqueue_add_inbuf(vq, &sg, 1, buf,
						     GFP_KERNEL));
	KUNIT_EXPECT_TRUE(test, virtqueue_kick(vq));
	KUNIT_EXPECT_EQ(test, called + 1, user.called[queue]);
	KUNIT_EXPECT_PTR_EQ(test, buf, virtqueue_get_buf(vq, &len));
	KUNIT_EXPECT_EQ(test, BUFFER, len);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, FAKE_SDI_PATTERN, BUFFER));
	virtqueue_enable_cb(vq);
}

/* --- what there is --- */

static void sdi_bind(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct fake_virtio_sdi *fake = &pf->sdis->sdi[0];
	struct pci_sdi *sdi = start(test, pf);
	struct virtio_device *vdev = fake_sdi_vdev(sdi);

	KUNIT_EXPECT_PTR_EQ(test, &sdi->dev, vdev->dev.parent);
	KUNIT_EXPECT_STREQ(test, dev_name(&sdi->dev), virtio_bus_name(vdev));
	KUNIT_EXPECT_EQ(test, SDI_TYPE, vdev->id.device);
	KUNIT_EXPECT_EQ(test, VP_SIOV_DEVICE_ID + SDI_TYPE, sdi->ids.device);
	KUNIT_EXPECT_TRUE(test, fake->dev.driver_features &
				BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
	KUNIT_EXPECT_TRUE(test, fake->dev.status & VIRTIO_CONFIG_S_DRIVER_OK);
	KUNIT_EXPECT_TRUE(test, fake->ctrl & VP_SIOV_BLK_MASTER);
	KUNIT_EXPECT_EQ(test, sdi->rid, fake->rid & VP_SIOV_BLK_RID_VALUE);
	/* Nobody else is enabled */
	KUNIT_EXPECT_EQ(test, 0, pf->sdis->sdi[1].enables);
}

static void sdi_traffic(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct fake_virtio_sdi *fake = &pf->sdis->sdi[0];

	start(test, pf);
	exchange(test, 0);
	exchange(test, 1);
	exchange(test, 0);
	KUNIT_EXPECT_EQ(test, 2, user.called[0]);
	KUNIT_EXPECT_EQ(test, 1, user.called[1]);
	KUNIT_EXPECT_EQ(test, 3, fake->sent);
	/* One for the configuration, one for each queue */
	KUNIT_EXPECT_EQ(test, 0, fake->dev.config_vector);
	KUNIT_EXPECT_EQ(test, 1, fake->dev.vqs[0].vector);
	KUNIT_EXPECT_EQ(test, 2, fake->dev.vqs[1].vector);
}

/* Fewer messages than queues are shared */
static void sdi_few_vectors(struct kunit *test)
{
	const unsigned int *vectors = test->param_value;
	struct fake_virtio *pf = make_pf(test);

	pf->sdis->sdi[0].dev.vectors = *vectors;
	start(test, pf);
	exchange(test, 0);
	exchange(test, 1);
	KUNIT_EXPECT_EQ(test, *vectors - 1, pf->sdis->sdi[0].dev.vqs[1].vector);
}

static const unsigned int few[] = { 1, 2 };

static void few_desc(const unsigned int *vectors, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *vectors);
}

KUNIT_ARRAY_PARAM(few, few, few_desc);

static void sdi_config_change(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct fake_virtio_sdi *fake = &pf->sdis->sdi[0];
	struct virtio_device *vdev = fake_sdi_vdev(start(test, pf));
	u8 val;

	fake->dev.config[5] = 0x77;
	fake_sdi_send(pf->sdis, fake, fake->dev.config_vector);
	KUNIT_EXPECT_EQ(test, 1, user.changed);
	KUNIT_EXPECT_EQ(test, 0, user.called[0]);
	vdev->config->get(vdev, 5, &val, sizeof(val));
	KUNIT_EXPECT_EQ(test, 0x77, val);
}

static void sdi_notification_data(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct fake_virtio_sdi *fake = &pf->sdis->sdi[0];

	fake->dev.features |= BIT_ULL(VIRTIO_F_NOTIFICATION_DATA);
	start(test, pf);
	exchange(test, 1);
	/* Queue 1, and the next entry of its ring is the first one */
	KUNIT_EXPECT_EQ(test, 1 | 1 << 16, fake->notified);
}

/* The registers of a feature that the device offers are not there */
static void sdi_few_registers(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct fake_virtio_sdi *fake = &pf->sdis->sdi[0];
	struct pci_sdi *sdi;

	fake_sdis_set_header(pf->sdis, VP_SIOV_COMMON_LENGTH,
			     sizeof(struct virtio_pci_common_cfg));
	fake_virtio_plug(pf);
	sdi = fake_sdi_enable(test, pf);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_NULL(test, user.vqs[0]);
	KUNIT_EXPECT_FALSE(test, fake->dev.status & VIRTIO_CONFIG_S_DRIVER_OK);

	fake->dev.features &= ~BIT_ULL(VIRTIO_F_RING_RESET);
	device_release_driver(&sdi->dev);
	KUNIT_EXPECT_EQ(test, 1, device_attach(&sdi->dev));
	exchange(test, 0);
}

/* Requests of an SDI have to go through the IOMMU */
static void sdi_without_platform(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct pci_sdi *sdi;

	pf->sdis->sdi[0].dev.features &= ~BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
	fake_virtio_plug(pf);
	sdi = fake_sdi_enable(test, pf);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_NULL(test, user.vqs[0]);
	KUNIT_EXPECT_FALSE(test, pf->sdis->sdi[0].dev.status &
				 VIRTIO_CONFIG_S_DRIVER_OK);
}

/* --- resets --- */

static void sdi_queue_reset(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct virtio_device *vdev = fake_sdi_vdev(start(test, pf));
	struct virtqueue *vq = user.vqs[0];

	exchange(test, 0);
	KUNIT_ASSERT_EQ(test, 0, vdev->config->disable_vq_and_reset(vq));
	KUNIT_EXPECT_EQ(test, 0, pf->sdis->sdi[0].dev.vqs[0].enabled);
	/* The other one goes on */
	exchange(test, 1);
	KUNIT_ASSERT_EQ(test, 0, vdev->config->enable_vq_after_reset(vq));
	KUNIT_EXPECT_EQ(test, 1, pf->sdis->sdi[0].dev.vqs[0].enabled);
	KUNIT_EXPECT_EQ(test, 1, pf->sdis->sdi[0].dev.vqs[0].vector);
}

static void recycle(struct virtqueue *vq, void *buf)
{
}

/* Another ring: the device has to know where it is, and how long */
static void sdi_queue_resize(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct fake_virtqueue *vq = &pf->sdis->sdi[0].dev.vqs[0];

	start(test, pf);
	exchange(test, 0);
	KUNIT_ASSERT_EQ(test, 0, virtqueue_resize(user.vqs[0],
						  FAKE_VIRTIO_QUEUE_SIZE / 2,
						  recycle, NULL));
	KUNIT_EXPECT_EQ(test, FAKE_VIRTIO_QUEUE_SIZE / 2, vq->size);
	KUNIT_ASSERT_EQ(test, virtqueue_get_desc_addr(user.vqs[0]), vq->addr[0]);
	KUNIT_ASSERT_EQ(test, virtqueue_get_avail_addr(user.vqs[0]), vq->addr[1]);
	KUNIT_ASSERT_EQ(test, virtqueue_get_used_addr(user.vqs[0]), vq->addr[2]);
	exchange(test, 0);
}

static void sdi_reset_of_pf(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct fake_virtio_sdi *fake = &pf->sdis->sdi[0];
	struct pci_sdi *sdi = start(test, pf);
	int i;

	exchange(test, 0);
	for (i = 1; i <= 2; i++) {
		KUNIT_ASSERT_EQ(test, 0,
				pci_reset_function(fake_pci_dev(pf->fn)));
		KUNIT_EXPECT_EQ(test, i, user.prepares);
		KUNIT_EXPECT_EQ(test, 1 + i, fake->enables);
		KUNIT_EXPECT_TRUE(test, fake->ctrl & VP_SIOV_BLK_MASTER);
		KUNIT_EXPECT_EQ(test, sdi->rid,
				fake->rid & VP_SIOV_BLK_RID_VALUE);
		exchange(test, 0);
		exchange(test, 1);
	}
	KUNIT_EXPECT_EQ(test, 1, user.probes);
}

/* Without a driver the virtio device waits for one, as after it was made */
static void sdi_reset_without_driver(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct virtio_device *vdev = fake_sdi_vdev(start(test, pf));

	device_release_driver(&vdev->dev);
	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(fake_pci_dev(pf->fn)));
	KUNIT_EXPECT_EQ(test, VIRTIO_CONFIG_S_ACKNOWLEDGE,
			pf->sdis->sdi[0].dev.status);
	KUNIT_EXPECT_EQ(test, 1, device_attach(&vdev->dev));
	exchange(test, 0);
}

/* What is not reset may still write: its SDI is stopped by other means */
static void sdi_ignores_reset(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct fake_virtio_sdi *fake = &pf->sdis->sdi[0];
	struct virtio_device *vdev = fake_sdi_vdev(start(test, pf));

	fake->keep_status = true;
	device_release_driver(&vdev->dev);
	KUNIT_EXPECT_EQ(test, 1, fake->resets);
	KUNIT_EXPECT_EQ(test, 0, fake->dev.status &
				 VIRTIO_CONFIG_S_DRIVER_OK);

	fake->keep_status = false;
	KUNIT_EXPECT_EQ(test, 1, device_attach(&vdev->dev));
	exchange(test, 0);
}

/* One that cannot be stopped at all is given up, and nobody hangs */
static void sdi_never_stops(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct fake_virtio_sdi *fake = &pf->sdis->sdi[0];
	struct pci_sdi *sdi = start(test, pf);

	fake->keep_status = true;
	fake->keep_reset = true;
	device_release_driver(&fake_sdi_vdev(sdi)->dev);
	KUNIT_EXPECT_EQ(test, 1, fake->resets);
	KUNIT_EXPECT_FALSE(test, fake->ctrl & VP_SIOV_BLK_MASTER);
	/* A reset of the PF brings it back */
	fake->keep_status = false;
	fake->keep_reset = false;
	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(fake_pci_dev(pf->fn)));
	KUNIT_EXPECT_TRUE(test, fake->ctrl & VP_SIOV_BLK_MASTER);
}

/* While the PF is being reset an SDI is not, but its DMA can be stopped */
static void sdi_ignores_reset_of_pf(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);

	start(test, pf);
	user.fake = &pf->sdis->sdi[0];
	user.fake->keep_status = true;
	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(fake_pci_dev(pf->fn)));
	KUNIT_EXPECT_EQ(test, 1, user.prepares);
	KUNIT_EXPECT_FALSE(test, user.master);
	KUNIT_EXPECT_EQ(test, 0, user.fake->resets);
	user.fake->keep_status = false;
	exchange(test, 0);
}

/* --- a driver that goes or comes while its device is being reset --- */

/**
 * struct bind_work - bind or unbind the driver of the virtio device
 * @work: does it
 * @vdev: the device
 */
struct bind_work {
	struct work_struct work;
	struct virtio_device *vdev;
};

static void unbind_work(struct work_struct *work)
{
	device_release_driver(&container_of(work, struct bind_work, work)->vdev->dev);
}

static void sdi_unbind_in_reset(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct bind_work unbind = { .vdev = fake_sdi_vdev(start(test, pf)) };

	user.slow = true;
	INIT_WORK_ONSTACK(&unbind.work, unbind_work);
	schedule_work(&unbind.work);
	msleep(50);
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(fake_pci_dev(pf->fn)));
	flush_work(&unbind.work);
	destroy_work_on_stack(&unbind.work);
	KUNIT_EXPECT_FALSE(test, user.overlap);
	KUNIT_EXPECT_NULL(test, user.vqs[0]);

	user.slow = false;
	KUNIT_EXPECT_EQ(test, 1, device_attach(&unbind.vdev->dev));
	exchange(test, 0);
}

/**
 * struct removal - unbind virtio_sdi from an SDI
 * @work: does it
 * @sdi: the SDI
 * @done: it is unbound
 */
struct removal {
	struct work_struct work;
	struct pci_sdi *sdi;
	struct completion done;
};

static void removal_work(struct work_struct *work)
{
	struct removal *removal = container_of(work, struct removal, work);

	device_release_driver(&removal->sdi->dev);
	complete(&removal->done);
}

static void removal_start(struct removal *removal, struct pci_sdi *sdi)
{
	removal->sdi = sdi;
	init_completion(&removal->done);
	INIT_WORK_ONSTACK(&removal->work, removal_work);
	schedule_work(&removal->work);
}

static void removal_end(struct removal *removal)
{
	flush_work(&removal->work);
	destroy_work_on_stack(&removal->work);
}

/* The virtio driver has no queues at the moment, and gets them back before it goes */
static void sdi_removed_in_reset(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct pci_sdi *sdi = start(test, pf);
	struct pci_sdi_driver *drv = to_pci_sdi_driver(sdi->dev.driver);
	struct removal removal;

	drv->reset_prepare(sdi);
	removal_start(&removal, sdi);
	msleep(100);
	if (completion_done(&removal.done))
		KUNIT_FAIL(test, "the removal does not wait for the end of the reset");
	else
		drv->reset_done(sdi, 0);
	removal_end(&removal);
	KUNIT_EXPECT_NULL(test, user.vqs[0]);

	KUNIT_EXPECT_EQ(test, 1, device_attach(&sdi->dev));
	exchange(test, 0);
}

/* A reset that never ends, as it has failed for good, holds nobody up */
static void sdi_removed_after_failure(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct pci_sdi *sdi = start(test, pf);
	struct pci_sdi_driver *drv = to_pci_sdi_driver(sdi->dev.driver);
	struct removal removal;

	drv->reset_prepare(sdi);
	drv->error(sdi, pci_channel_io_perm_failure);
	removal_start(&removal, sdi);
	if (!wait_for_completion_timeout(&removal.done, HZ)) {
		KUNIT_FAIL(test, "the removal waits for the end of the reset");
		drv->reset_done(sdi, -EIO);
	}
	removal_end(&removal);
}

/* The core turns DMA off afterwards, and a disk waits for its requests */
static void sdi_suspend(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct pci_sdi *sdi = start(test, pf);

	user.fake = &pf->sdis->sdi[0];
	KUNIT_ASSERT_NOT_NULL(test, sdi->dev.driver->pm);
	KUNIT_EXPECT_EQ(test, 0, sdi->dev.driver->pm->suspend(&sdi->dev));
	KUNIT_EXPECT_EQ(test, 1, user.prepares);
	KUNIT_EXPECT_TRUE(test, user.master);
	KUNIT_EXPECT_NULL(test, user.vqs[0]);

	/* As sleep ends; it has heard of the beginning already */
	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(fake_pci_dev(pf->fn)));
	KUNIT_EXPECT_EQ(test, 1, user.prepares);
	exchange(test, 0);
}

static struct virtio_device *flr_vdev;
static void (*flr_then)(struct fake_pci_fn *fn);

static void flr_binds(struct fake_pci_fn *fn)
{
	/* The PF cannot be reached any more, and most devices neither */
	if (device_attach(&flr_vdev->dev) != 1)
		flr_vdev = NULL;
	flr_then(fn);
}

static struct pci_sdi *flr_sdi;
static bool flr_broken;

static void flr_meets_error(struct fake_pci_fn *fn)
{
	struct virtio_device *owner = fake_virtio_vdev(fn->priv);
	struct virtqueue *vq;

	to_pci_sdi_driver(flr_sdi->dev.driver)->error(flr_sdi,
						      pci_channel_io_frozen);
	list_for_each_entry(vq, &owner->vqs, list)
		flr_broken = virtqueue_is_broken(vq);
	flr_then(fn);
}

/* Who waits for the PF may be who the SDI's driver waits for */
static void sdi_error_breaks_pf(struct kunit *test)
{
	struct fake_virtio *pf = fake_virtio_create(test, DRIVEN_PF_TYPE);

	fake_sdis_create(test, pf, SDI_TYPE);
	flr_sdi = start(test, pf);
	flr_broken = false;
	flr_then = pf->fn->flr;
	pf->fn->flr = flr_meets_error;
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(fake_pci_dev(pf->fn)));
	pf->fn->flr = flr_then;
	KUNIT_EXPECT_TRUE(test, flr_broken);
	exchange(test, 0);
}

/* It has not heard of the beginning of the reset, and has queues that are lost */
static void sdi_bind_in_reset(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);

	flr_vdev = fake_sdi_vdev(start(test, pf));
	device_release_driver(&flr_vdev->dev);
	flr_then = pf->fn->flr;
	pf->fn->flr = flr_binds;
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(fake_pci_dev(pf->fn)));
	pf->fn->flr = flr_then;
	KUNIT_ASSERT_NOT_NULL(test, flr_vdev);
	KUNIT_EXPECT_EQ(test, 2, user.probes);
	KUNIT_EXPECT_EQ(test, 1, user.prepares);
	exchange(test, 0);
	exchange(test, 1);
}

/**
 * struct bind_first - create an SDI and bind its drivers
 * @work: does it
 * @test: the test
 * @pf: its PF
 * @sdi: the SDI
 */
struct bind_first {
	struct work_struct work;
	struct kunit *test;
	struct fake_virtio *pf;
	struct pci_sdi *sdi;
};

static void bind_first_work(struct work_struct *work)
{
	struct bind_first *first = container_of(work, struct bind_first, work);

	first->sdi = fake_sdi_enable(first->test, first->pf);
}

/* A reset takes what the probe waits for, and it is done once more afterwards */
static void sdi_probe_in_reset(struct kunit *test)
{
	struct bind_first first = { .test = test, .pf = make_pf(test) };
	int i;

	fake_virtio_plug(first.pf);
	user.waits = true;
	INIT_WORK_ONSTACK(&first.work, bind_first_work);
	schedule_work(&first.work);
	msleep(100);
	KUNIT_EXPECT_EQ(test, 1, user.probes);
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(fake_pci_dev(first.pf->fn)));
	flush_work(&first.work);
	destroy_work_on_stack(&first.work);
	KUNIT_ASSERT_FALSE(test, IS_ERR(first.sdi));
	KUNIT_EXPECT_FALSE(test, user.hung);

	for (i = 0; i < 50 && user.probes < 2; i++)
		msleep(20);
	KUNIT_ASSERT_EQ(test, 2, user.probes);
	/* Until its probe has ended */
	guard(device)(&first.sdi->dev);
	KUNIT_ASSERT_NOT_NULL(test, user.vqs[0]);
	exchange(test, 0);
}

/* Nobody waits for a device that says that it has stopped, and a reset mends it */
static void sdi_needs_reset(struct kunit *test)
{
	const unsigned int *vectors = test->param_value;
	struct fake_virtio *pf = make_pf(test);
	struct fake_virtio_sdi *fake = &pf->sdis->sdi[0];

	fake->dev.vectors = *vectors;
	start(test, pf);
	fake->dev.status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	fake_sdi_send(pf->sdis, fake, fake->dev.config_vector);
	KUNIT_EXPECT_TRUE(test, virtqueue_is_broken(user.vqs[0]));
	KUNIT_EXPECT_TRUE(test, virtqueue_is_broken(user.vqs[1]));
	KUNIT_EXPECT_EQ(test, 1, user.changed);

	KUNIT_ASSERT_EQ(test, 0, pci_reset_function(fake_pci_dev(pf->fn)));
	exchange(test, 0);
	exchange(test, 1);
}

static const unsigned int needs_reset[] = { 1, 2, 3 };

KUNIT_ARRAY_PARAM(needs_reset, needs_reset, few_desc);

/* The driver goes before the interrupt that says so has come */
static void sdi_needs_reset_unheard(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct pci_sdi *sdi = start(test, pf);

	pf->sdis->sdi[0].dev.status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	device_release_driver(&sdi->dev);
	KUNIT_EXPECT_TRUE(test, user.broken);
	KUNIT_EXPECT_EQ(test, 1, device_attach(&sdi->dev));
	exchange(test, 0);
	device_release_driver(&sdi->dev);
	KUNIT_EXPECT_FALSE(test, user.broken);
}

/* --- drivers and devices that go --- */

static void sdi_driver_again(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct pci_sdi *sdi = start(test, pf);

	device_release_driver(&sdi->dev);
	KUNIT_EXPECT_NULL(test, fake_sdi_vdev(sdi));
	KUNIT_EXPECT_FALSE(test, pf->sdis->sdi[0].ctrl & VP_SIOV_BLK_MASTER);
	KUNIT_EXPECT_EQ(test, 1, device_attach(&sdi->dev));
	KUNIT_EXPECT_EQ(test, 2, user.probes);
	exchange(test, 0);
}

static void sdi_destroy(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct fake_virtio_sdi *fake = &pf->sdis->sdi[0];

	pci_sdi_destroy(start(test, pf));
	KUNIT_EXPECT_EQ(test, 0, fake->ctrl);
	KUNIT_EXPECT_NULL(test, user.vqs[0]);
	KUNIT_EXPECT_LT(test, 0, fake->virtio_resets);
}

/* The page reads as ones: nobody waits for a reset that is not answered */
static void sdi_pulled(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct pci_sdi *sdi = start(test, pf);

	pf->sdis->sdi[0].dev.gone = true;
	device_release_driver(&fake_sdi_vdev(sdi)->dev);
	KUNIT_EXPECT_EQ(test, 0, pf->sdis->sdi[0].resets);
	KUNIT_EXPECT_NULL(test, user.vqs[0]);
	device_release_driver(&sdi->dev);
}

/* --- the PF --- */

/**
 * struct bad_header - a header that makes no sense
 * @what: why
 * @offset: where
 * @val: what is there
 */
struct bad_header {
	const char *what;
	unsigned int offset;
	u32 val;
};

static const struct bad_header bad_headers[] = {
	{ "no magic", VP_SIOV_MAGIC, 0 },
	{ "unknown version", VP_SIOV_VERSION, 2 | FAKE_SIOV_GROUP << 16 },
	{ "group of the device itself", VP_SIOV_VERSION, 1 },
	{ "group of VFs", VP_SIOV_VERSION,
	  1 | VIRTIO_ADMIN_GROUP_TYPE_SRIOV << 16 },
	{ "too many SDIs", VP_SIOV_TOTAL, U32_MAX },
	{ "control blocks past the BAR", VP_SIOV_CTRL_OFFSET,
	  FAKE_SIOV_SIZE - 0x100 },
	{ "control blocks not aligned", VP_SIOV_CTRL_OFFSET, 0x1002 },
	{ "control blocks too small", VP_SIOV_CTRL_STRIDE, 0x20 },
	{ "control blocks of no whole registers", VP_SIOV_CTRL_STRIDE, 0x82 },
	{ "no such BAR", VP_SIOV_SDI_BAR, PCI_STD_NUM_BARS },
	{ "pages past the BAR", VP_SIOV_SDI_OFFSET, FAKE_SIOV_SIZE - SZ_8K },
	{ "pages far past the BAR", VP_SIOV_SDI_OFFSET + 4, 1 },
	{ "pages of no size", VP_SIOV_SDI_STRIDE, 0 },
	{ "common registers past the page", VP_SIOV_COMMON_OFFSET, SZ_4K - 4 },
	{ "common registers far away", VP_SIOV_COMMON_OFFSET, 0xfffffffc },
	{ "common registers too few", VP_SIOV_COMMON_LENGTH, 8 },
	{ "ISR past the page", VP_SIOV_ISR_OFFSET, SZ_4K },
	{ "configuration past the page", VP_SIOV_DEVICE_LENGTH, SZ_4K },
	{ "notifications past the page", VP_SIOV_NOTIFY_LENGTH, SZ_4K },
	{ "no notifications", VP_SIOV_NOTIFY_LENGTH, 1 },
};

static void bad_header_desc(const struct bad_header *bad, char *desc)
{
	strscpy(desc, bad->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bad_header, bad_headers, bad_header_desc);

/* The device works as one without SDIs */
static void pf_bad_header(struct kunit *test)
{
	const struct bad_header *bad = test->param_value;
	struct fake_virtio *pf = make_pf(test);

	fake_sdis_set_header(pf->sdis, bad->offset, bad->val);
	fake_virtio_plug(pf);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, PTR_ERR(fake_sdi_enable(test, pf)));
	KUNIT_EXPECT_EQ(test, 0, pf->sdis->sdi[0].enables);
	KUNIT_EXPECT_NOT_NULL(test, fake_virtio_vdev(pf));
}

/* Control blocks for fewer SDIs than the capability has */
static void pf_has_fewer(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);

	fake_sdis_set_header(pf->sdis, VP_SIOV_TOTAL, 1);
	fake_virtio_plug(pf);
	KUNIT_ASSERT_FALSE(test, IS_ERR(fake_sdi_enable(test, pf)));
	KUNIT_EXPECT_EQ(test, -ERANGE, PTR_ERR_OR_ZERO(fake_sdi_enable(test, pf)));
	KUNIT_EXPECT_EQ(test, 0, pf->sdis->sdi[1].enables);
}

/* A device that takes no Routing IDs of software is given none */
static void pf_without_software(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct pci_dev *pdev;

	fake_sdis_set_header(pf->sdis, VP_SIOV_FEATURES, 0);
	fake_virtio_plug(pf);
	pdev = fake_pci_dev(pf->fn);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			pci_siov_set_rid_mode(pdev, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, 0,
			pci_siov_set_rid_mode(pdev, PCI_SIOV_RID_STRIDED));
}

/* SDIs that an earlier owner has left would write to memory of this one */
static void pf_left_over(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	u16 siov = pf->fn->last_ext;

	KUNIT_ASSERT_EQ(test, PCI_EXT_CAP_ID_SIOV, fake_pci_get16(pf->fn, siov));
	fake_pci_put8(pf->fn, siov + PCI_SIOV_STATUS, PCI_SIOV_STATUS_ENABLED);
	pf->sdis->sdi[3].ctrl = VP_SIOV_BLK_ENABLE | VP_SIOV_BLK_MASTER;
	fake_virtio_plug(pf);
	KUNIT_EXPECT_EQ(test, 0, pf->sdis->sdi[3].ctrl);
}

/**
 * struct refusal - why a device does not enable an SDI
 * @error: what the control block says
 * @ret: what the caller hears
 */
struct refusal {
	u8 error;
	int ret;
};

static const struct refusal refusals[] = {
	{ VP_SIOV_ERR_NO_RID, -ENXIO },
	{ VP_SIOV_ERR_ENABLED, -EBUSY },
	{ VP_SIOV_ERR_BUSY, -EBUSY },
	{ VP_SIOV_ERR_UNSUPPORTED, -EOPNOTSUPP },
	{ U8_MAX, -EIO },
};

static void refusal_desc(const struct refusal *refusal, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", refusal->error);
}

KUNIT_ARRAY_PARAM(refusal, refusals, refusal_desc);

static void sdi_refused(struct kunit *test)
{
	const struct refusal *refusal = test->param_value;
	struct fake_virtio *pf = make_pf(test);

	pf->sdis->sdi[0].error = refusal->error;
	fake_virtio_plug(pf);
	KUNIT_EXPECT_EQ(test, refusal->ret,
			PTR_ERR_OR_ZERO(fake_sdi_enable(test, pf)));
}

/* It must not come when nobody expects it any more */
static void sdi_never_enabled(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct fake_virtio_sdi *fake = &pf->sdis->sdi[0];

	fake->keep_enable = true;
	fake_virtio_plug(pf);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT,
			PTR_ERR_OR_ZERO(fake_sdi_enable(test, pf)));
	KUNIT_EXPECT_EQ(test, 1, fake->enables);
	KUNIT_EXPECT_FALSE(test, fake->ctrl & VP_SIOV_BLK_ENABLE);
}

static const struct pci_error_handlers *err_handler(struct pci_dev *pdev)
{
	return to_pci_driver(pdev->dev.driver)->err_handler;
}

static bool is_master(struct fake_virtio *pf)
{
	return fake_pci_get16(pf->fn, PCI_COMMAND) & PCI_COMMAND_MASTER;
}

/* Memory of what it was given is freed, so it may not go on */
static void pf_fails_for_good(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct pci_dev *pdev;

	fake_virtio_plug(pf);
	pdev = fake_pci_dev(pf->fn);
	KUNIT_EXPECT_TRUE(test, is_master(pf));
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_DISCONNECT,
			err_handler(pdev)->error_detected(pdev,
							  pci_channel_io_perm_failure));
	KUNIT_EXPECT_FALSE(test, is_master(pf));
}

/* The link was reset, and the function has forgotten all; there is no virtio driver */
static void pf_recovers(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct pci_dev *pdev;

	fake_virtio_plug(pf);
	pdev = fake_pci_dev(pf->fn);
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_NEED_RESET,
			err_handler(pdev)->error_detected(pdev,
							  pci_channel_io_frozen));
	fake_pci_put16(pf->fn, PCI_COMMAND, 0);
	pf->fn->flr(pf->fn);
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			err_handler(pdev)->slot_reset(pdev));
	err_handler(pdev)->resume(pdev);
	KUNIT_EXPECT_TRUE(test, is_master(pf));
	KUNIT_EXPECT_TRUE(test, fake_pci_get16(pf->fn, PCI_COMMAND) &
				PCI_COMMAND_MEMORY);
}

/* An error that stops nothing, and a function beside it asks for a reset */
static void pf_is_reset_with_another(struct kunit *test)
{
	struct fake_virtio *pf = fake_virtio_create(test, SDI_TYPE);
	struct pci_dev *pdev;

	fake_virtio_plug(pf);
	KUNIT_ASSERT_EQ(test, 1, user.probes);
	pdev = fake_pci_dev(pf->fn);
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_CAN_RECOVER,
			err_handler(pdev)->error_detected(pdev,
							  pci_channel_io_normal));
	fake_pci_put16(pf->fn, PCI_COMMAND, 0);
	pf->fn->flr(pf->fn);
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			err_handler(pdev)->slot_reset(pdev));
	err_handler(pdev)->resume(pdev);
	KUNIT_EXPECT_EQ(test, 1, user.prepares);
	KUNIT_EXPECT_NOT_NULL(test, user.vqs[0]);
	KUNIT_EXPECT_TRUE(test, pf->status & VIRTIO_CONFIG_S_DRIVER_OK);
	KUNIT_EXPECT_TRUE(test, is_master(pf));
}

/* The driver of the PF goes before the interrupt that says so has come */
static void pf_needs_reset_unheard(struct kunit *test)
{
	struct fake_virtio *pf = fake_virtio_create(test, SDI_TYPE);

	fake_virtio_plug(pf);
	KUNIT_ASSERT_EQ(test, 1, user.probes);
	pf->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	device_release_driver(&fake_pci_dev(pf->fn)->dev);
	KUNIT_EXPECT_TRUE(test, user.broken);
}

/* Messages that do not fit into a control block would be in that of the next SDI */
static void sdi_too_many_vectors(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct pci_sdi *sdi;

	pf->sdis->sdi[0].dev.vectors = U16_MAX;
	sdi = start(test, pf);
	KUNIT_EXPECT_EQ(test, FAKE_SDI_VECTORS, sdi->nr_irqs);
	exchange(test, 0);
}

/* --- administration commands --- */

static void member_sdi(struct kunit *test)
{
	struct fake_virtio *pf = make_pf(test);
	struct virtio_admin_member member;
	struct pci_sdi *sdi;

	start(test, pf);
	/* SDI 1 is member 2 */
	sdi = fake_sdi_enable(test, pf);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_ASSERT_EQ(test, 0, virtio_pci_admin_member(&sdi->dev, &member));
	KUNIT_EXPECT_PTR_EQ(test, fake_virtio_vdev(pf), member.owner);
	KUNIT_EXPECT_EQ(test, FAKE_SIOV_GROUP, member.group_type);
	KUNIT_EXPECT_EQ(test, 2, member.id);
}

static struct kunit_case sdi_cases[] = {
	KUNIT_CASE(sdi_bind),
	KUNIT_CASE(sdi_traffic),
	KUNIT_CASE_PARAM(sdi_few_vectors, few_gen_params),
	KUNIT_CASE(sdi_config_change),
	KUNIT_CASE(sdi_notification_data),
	KUNIT_CASE(sdi_few_registers),
	KUNIT_CASE(sdi_without_platform),
	KUNIT_CASE(sdi_queue_reset),
	KUNIT_CASE(sdi_queue_resize),
	KUNIT_CASE(sdi_reset_of_pf),
	KUNIT_CASE(sdi_reset_without_driver),
	KUNIT_CASE_SLOW(sdi_ignores_reset),
	KUNIT_CASE_SLOW(sdi_never_stops),
	KUNIT_CASE_SLOW(sdi_ignores_reset_of_pf),
	KUNIT_CASE(sdi_unbind_in_reset),
	KUNIT_CASE(sdi_bind_in_reset),
	KUNIT_CASE_SLOW(sdi_probe_in_reset),
	KUNIT_CASE(sdi_error_breaks_pf),
	KUNIT_CASE(sdi_suspend),
	KUNIT_CASE(sdi_removed_in_reset),
	KUNIT_CASE(sdi_removed_after_failure),
	KUNIT_CASE_PARAM(sdi_needs_reset, needs_reset_gen_params),
	KUNIT_CASE(sdi_needs_reset_unheard),
	KUNIT_CASE(sdi_driver_again),
	KUNIT_CASE(sdi_destroy),
	KUNIT_CASE(sdi_pulled),
	KUNIT_CASE_PARAM(pf_bad_header, bad_header_gen_params),
	KUNIT_CASE(pf_has_fewer),
	KUNIT_CASE(pf_without_software),
	KUNIT_CASE(pf_left_over),
	KUNIT_CASE_PARAM(sdi_refused, refusal_gen_params),
	KUNIT_CASE(sdi_never_enabled),
	KUNIT_CASE(pf_fails_for_good),
	KUNIT_CASE(pf_recovers),
	KUNIT_CASE(pf_is_reset_with_another),
	KUNIT_CASE(pf_needs_reset_unheard),
	KUNIT_CASE(sdi_too_many_vectors),
	KUNIT_CASE(member_sdi),
	{ }
};

static struct kunit_suite sdi_suite = {
	.name = "virtio_sdi",
	.suite_init = sdi_suite_init,
	.suite_exit = sdi_suite_exit,
	.init = sdi_test_init,
	.test_cases = sdi_cases,
};

kunit_test_suite(sdi_suite);

MODULE_DESCRIPTION("KUnit tests of virtio over Scalable Device Interfaces");
MODULE_LICENSE("GPL");
