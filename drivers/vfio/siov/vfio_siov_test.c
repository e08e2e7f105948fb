// SPDX-License-Identifier: GPL-2.0
/*
 * A VFIO driver of the SDIs of the emulated device that shows more than these have
 *
 * What a driver for real SDIs may need, each in its smallest form: capabilities of
 * its own, a BAR with pages of the SDI beside registers that the driver answers,
 * and an I/O BAR.
 *
 * BAR 0	four times the SDI's region: the region; the registers below; nothing;
 *		the region once more
 * BAR 4	32 ports: the registers below
 *
 * 0x00		RO: %TEST_ID
 * 0x04		RO: how often the SDI was reset since the driver was bound
 * 0x08		keeps what is written
 * 0x0c		a write takes so many milliseconds
 */

#include <linux/delay.h>
#include <linux/module.h>
#include <linux/pci-siov.h>
#include <linux/sizes.h>
#include <linux/unaligned.h>
#include <linux/vfio.h>
#include <linux/vfio_siov_core.h>

#define TEST_ID			0x54534554
#define TEST_PORTS		32

enum {
	REG_ID = 0x0,
	REG_RESETS = 0x4,
	REG_SCRATCH = 0x8,
	REG_SLEEP = 0xc,
};

#define MAX_SLEEP_MS		5000

/**
 * struct vfio_siov_test - an SDI
 * @core: for vfio-siov-core
 * @resets: how often the SDI was reset
 * @scratch: %REG_SCRATCH
 */
struct vfio_siov_test {
	struct vfio_siov_core_device core;
	u32 resets;
	u32 scratch;
};

static struct vfio_siov_test *to_test(struct vfio_siov_core_device *core)
{
	return container_of(core, struct vfio_siov_test, core);
}

static u32 test_read_reg(struct vfio_siov_test *test, u64 reg)
{
	switch (reg) {
	case REG_ID:
		return TEST_ID;
	case REG_RESETS:
		return READ_ONCE(test->resets);
	case REG_SCRATCH:
		return READ_ONCE(test->scratch);
	default:
		return 0;
	}
}

/* Registers are 32 bits wide: other accesses read as zero and do nothing */
static int test_read(struct vfio_siov_core_device *core, unsigned int bar,
		     u64 pos, void *buf, size_t count)
{
	memset(buf, 0, count);
	if (count == sizeof(u32))
		put_unaligned_le32(test_read_reg(to_test(core),
						 pos % TEST_PORTS), buf);

	return 0;
}

static int test_write(struct vfio_siov_core_device *core, unsigned int bar,
		      u64 pos, const void *buf, size_t count)
{
	struct vfio_siov_test *test = to_test(core);
	u32 val;

	if (count != sizeof(u32))
		return 0;

	val = get_unaligned_le32(buf);
	switch (pos % TEST_PORTS) {
	case REG_SCRATCH:
		WRITE_ONCE(test->scratch, val);
		break;
	case REG_SLEEP:
		msleep_interruptible(min(val, MAX_SLEEP_MS));
		break;
	}

	return 0;
}

static const struct vfio_siov_slice_ops test_slice_ops = {
	.read	= test_read,
	.write	= test_write,
};

static void test_reset_done(struct vfio_siov_core_device *core)
{
	struct vfio_siov_test *test = to_test(core);

	WRITE_ONCE(test->resets, test->resets + 1);
	WRITE_ONCE(test->scratch, 0);
}

static const struct vfio_siov_core_ops test_core_ops = {
	.reset_done	= test_reset_done,
};

static int add_caps(struct vfio_siov_core_device *core)
{
	static const u8 cap[] = { 0, 0, 8, 't', 'e', 's', 't', 0 };
	static const u8 cap_wmask[] = { 0xff, 0xff, 0, 0, 0, 0, 0, 0x0f };
	static const u8 ext_cap[] = { 0, 0, 0, 0, 1, 0, 0xc0, 0,
				      'v', 's', 'e', 'c' };
	static const u8 serial[] = { 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	int ret;

	ret = vfio_siov_core_add_cap(core, PCI_CAP_ID_VNDR, cap, cap_wmask,
				     sizeof(cap));
	if (ret < 0)
		return ret;

	ret = vfio_siov_core_add_ext_cap(core, PCI_EXT_CAP_ID_VNDR, 1, ext_cap,
					 NULL, sizeof(ext_cap));
	if (ret < 0)
		return ret;

	ret = vfio_siov_core_add_ext_cap(core, PCI_EXT_CAP_ID_DSN, 1, serial,
					 NULL, sizeof(serial));
	return min(ret, 0);
}

static int add_bars(struct vfio_siov_core_device *core)
{
	u64 size = core->sdi->region[0].size;
	const struct vfio_siov_slice memory[] = {
		/* Not in their order, which is the core's matter */
		{ .offset = 3 * size, .len = size },
		{ .offset = size, .len = TEST_PORTS, .ops = &test_slice_ops },
		{ .offset = 0, .len = size },
	};
	const struct vfio_siov_slice ports = {
		.len = TEST_PORTS,
		.ops = &test_slice_ops,
	};
	unsigned int i;
	int ret;

	ret = vfio_siov_core_set_bar(core, 0, PCI_BASE_ADDRESS_MEM_PREFETCH |
				     PCI_BASE_ADDRESS_MEM_TYPE_64, 4 * size);
	for (i = 0; !ret && i < ARRAY_SIZE(memory); i++)
		ret = vfio_siov_core_add_slice(core, 0, &memory[i]);
	if (!ret)
		ret = vfio_siov_core_set_bar(core, 4, PCI_BASE_ADDRESS_SPACE_IO,
					     TEST_PORTS);

	return ret ?: vfio_siov_core_add_slice(core, 4, &ports);
}

static int test_init_dev(struct vfio_device *vdev)
{
	struct vfio_siov_core_device *core =
		container_of(vdev, struct vfio_siov_core_device, vdev);
	struct pci_sdi_ids ids;
	int ret;

	ret = vfio_siov_core_init_dev(vdev);
	if (ret)
		return ret;

	core->ops = &test_core_ops;
	ids = core->sdi->ids;
	ids.subsystem_device = 0x7e57;
	vfio_siov_core_set_ids(core, &ids);

	ret = add_caps(core) ?: add_bars(core);
	if (ret)
		vfio_siov_core_release_dev(vdev);

	return ret;
}

static const struct vfio_device_ops test_ops = {
	.name			= "vfio-siov-test",
	.init			= test_init_dev,
	.release		= vfio_siov_core_release_dev,
	.bind_iommufd		= vfio_iommufd_physical_bind,
	.unbind_iommufd		= vfio_iommufd_physical_unbind,
	.attach_ioas		= vfio_iommufd_physical_attach_ioas,
	.detach_ioas		= vfio_iommufd_physical_detach_ioas,
	.open_device		= vfio_siov_core_open_device,
	.close_device		= vfio_siov_core_close_device,
	.read			= vfio_siov_core_read,
	.write			= vfio_siov_core_write,
	.ioctl			= vfio_siov_core_ioctl,
	.device_feature		= vfio_siov_core_ioctl_feature,
	.get_region_info_caps	= vfio_siov_core_get_region_info,
	.mmap			= vfio_siov_core_mmap,
	.request		= vfio_siov_core_request,
};

static int test_probe(struct pci_sdi *sdi)
{
	struct vfio_siov_test *test;
	int ret;

	if (!is_power_of_2(sdi->region[0].size))
		return -ENODEV;

	test = vfio_alloc_device(vfio_siov_test, core.vdev, &sdi->dev,
				 &test_ops);
	if (IS_ERR(test))
		return PTR_ERR(test);

	ret = vfio_siov_core_register_device(&test->core);
	if (ret)
		vfio_put_device(&test->core.vdev);

	return ret;
}

static void test_remove(struct pci_sdi *sdi)
{
	struct vfio_siov_core_device *core = dev_get_drvdata(&sdi->dev);

	vfio_siov_core_unregister_device(core);
	vfio_put_device(&core->vdev);
}

/* Those of the emulated device */
static const struct pci_sdi_device_id test_ids[] = {
	{ PCI_SDI_DEVICE_DRIVER_OVERRIDE(0x1234, 0x5109,
					 PCI_SDI_ID_F_VFIO_DRIVER_OVERRIDE) },
	{ }
};
MODULE_DEVICE_TABLE(pci_sdi, test_ids);

static struct pci_sdi_driver test_driver = {
	.id_table		= test_ids,
	.probe			= test_probe,
	.remove			= test_remove,
	.reset_prepare		= vfio_siov_core_reset_prepare,
	.reset_done		= vfio_siov_core_reset_done,
	.error			= vfio_siov_core_error,
	.request		= vfio_siov_core_want_back,
	.driver_managed_dma	= true,
	.driver = {
		.name		= "vfio-siov-test",
	},
};
module_pci_sdi_driver(test_driver);

MODULE_DESCRIPTION("VFIO for SDIs of the emulated SIOV device");
MODULE_LICENSE("GPL");
