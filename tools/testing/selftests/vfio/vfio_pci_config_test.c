// SPDX-License-Identifier: GPL-2.0-only
/*
 * The capabilities that a user of VFIO sees in configuration space.
 *
 * Passes on any device. It is most useful on one whose lists lead out of
 * configuration space.
 */
#include <linux/pci_regs.h>

#include <libvfio.h>

#include "kselftest_harness.h"

static const char *device_bdf;

/* Bytes that the kernel relies on, whatever the device says of the length */
static const u16 cap_sizes[] = {
	[PCI_CAP_ID_PM] = PCI_PM_SIZEOF,
	[PCI_CAP_ID_VPD] = PCI_CAP_VPD_SIZEOF,
	[PCI_CAP_ID_MSIX] = PCI_CAP_MSIX_SIZEOF,
	[PCI_CAP_ID_AF] = PCI_CAP_AF_SIZEOF,
};

static const u16 ext_cap_sizes[] = {
	[PCI_EXT_CAP_ID_ERR] = PCI_ERR_ROOT_COMMAND,
	[PCI_EXT_CAP_ID_DSN] = PCI_EXT_CAP_DSN_SIZEOF,
	[PCI_EXT_CAP_ID_PWR] = PCI_EXT_CAP_PWR_SIZEOF,
	[PCI_EXT_CAP_ID_ARI] = PCI_EXT_CAP_ARI_SIZEOF,
	[PCI_EXT_CAP_ID_ATS] = PCI_EXT_CAP_ATS_SIZEOF,
	[PCI_EXT_CAP_ID_SRIOV] = PCI_EXT_CAP_SRIOV_SIZEOF,
	[PCI_EXT_CAP_ID_PRI] = PCI_EXT_CAP_PRI_SIZEOF,
	[PCI_EXT_CAP_ID_LTR] = PCI_EXT_CAP_LTR_SIZEOF,
};

static size_t size_of(const u16 *sizes, size_t nr, u16 id)
{
	return id < nr && sizes[id] ? sizes[id] : PCI_CAP_SIZEOF;
}

FIXTURE(vfio_pci_config_test) {
	struct iommu *iommu;
	struct vfio_pci_device *device;
};

FIXTURE_SETUP(vfio_pci_config_test)
{
	self->iommu = iommu_init(default_iommu_mode);
	self->device = vfio_pci_device_init(device_bdf, self->iommu);
}

FIXTURE_TEARDOWN(vfio_pci_config_test)
{
	vfio_pci_device_cleanup(self->device);
	iommu_cleanup(self->iommu);
}

TEST_F(vfio_pci_config_test, capabilities_end_within_the_first_256_bytes)
{
	int left = PCI_CFG_SPACE_SIZE / PCI_CAP_SIZEOF;
	u16 status;
	u8 pos, id;

	status = vfio_pci_config_readw(self->device, PCI_STATUS);
	if (!(status & PCI_STATUS_CAP_LIST))
		SKIP(return, "no capabilities\n");

	pos = vfio_pci_config_readb(self->device, PCI_CAPABILITY_LIST);
	while (pos) {
		id = vfio_pci_config_readb(self->device, pos);
		printf("%02x: capability %02x\n", pos, id);

		ASSERT_GE(pos, PCI_STD_HEADER_SIZEOF);
		ASSERT_LE(pos + size_of(cap_sizes, ARRAY_SIZE(cap_sizes), id),
			  PCI_CFG_SPACE_SIZE);
		ASSERT_GT(left--, 0);
		pos = vfio_pci_config_readb(self->device,
					    pos + PCI_CAP_LIST_NEXT);
	}
}

TEST_F(vfio_pci_config_test, extended_capabilities_end_within_config_space)
{
	size_t end = self->device->config_space.size;
	int left = end / PCI_CAP_SIZEOF;
	u16 pos = PCI_CFG_SPACE_SIZE, id;
	u32 header;

	if (end <= PCI_CFG_SPACE_SIZE)
		SKIP(return, "no extended configuration space\n");

	while (pos) {
		header = vfio_pci_config_readl(self->device, pos);
		id = PCI_EXT_CAP_ID(header);
		printf("%03x: extended capability %04x\n", pos, id);

		ASSERT_GE(pos, PCI_CFG_SPACE_SIZE);
		ASSERT_LE(pos + size_of(ext_cap_sizes,
					ARRAY_SIZE(ext_cap_sizes), id), end);
		ASSERT_GT(left--, 0);
		pos = PCI_EXT_CAP_NEXT(header);
	}
}

int main(int argc, char *argv[])
{
	device_bdf = vfio_selftests_get_bdf(&argc, argv);
	return test_harness_run(argc, argv);
}
