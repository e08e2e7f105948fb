// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA engine in an SDI of the emulated SIOV device
 */
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <linux/io.h>
#include <linux/pci_regs.h>

#include <libvfio.h>

#include "registers.h"

/* The engine counts in 32 bits; a test that asks for all shall end, too */
#define MAX_COUNT	256

/* Longer than a busy machine that is emulated takes */
#define WAIT_SECONDS	120

static void *regs(struct vfio_pci_device *device)
{
	return device->bars[0].vaddr;
}

static int siov_test_probe(struct vfio_pci_device *device)
{
	if (!vfio_pci_device_match(device, SIOV_TEST_VENDOR_ID,
				   SIOV_TEST_SDI_DEVICE_ID))
		return -EINVAL;

	VFIO_ASSERT_NOT_NULL(regs(device));
	VFIO_ASSERT_EQ(readl(regs(device) + SIOV_TEST_ID), SIOV_TEST_ID_VALUE);
	return 0;
}

static u32 siov_test_result(struct vfio_pci_device *device)
{
	return readl(regs(device) + SIOV_TEST_RESULT) & SIOV_TEST_RESULT_CODE;
}

static u32 siov_test_wait(struct vfio_pci_device *device)
{
	time_t end = time(NULL) + WAIT_SECONDS;
	u32 result;

	do {
		result = siov_test_result(device);
	} while (result == SIOV_TEST_RESULT_BUSY && time(NULL) <= end);

	VFIO_ASSERT_NE(result, SIOV_TEST_RESULT_BUSY);
	return result;
}

/* Registers that count are as a reset leaves them: one round, at once */
static void siov_test_stop(struct vfio_pci_device *device)
{
	writel(SIOV_TEST_CMD_STOP, regs(device) + SIOV_TEST_CMD);
	siov_test_wait(device);
	writel(0, regs(device) + SIOV_TEST_DELAY);
	writel(0, regs(device) + SIOV_TEST_REPEAT);
}

static void siov_test_init(struct vfio_pci_device *device)
{
	struct vfio_pci_driver *driver = &device->driver;
	u16 command;

	siov_test_stop(device);

	command = vfio_pci_config_readw(device, PCI_COMMAND);
	vfio_pci_config_writew(device, PCI_COMMAND,
			       command | PCI_COMMAND_MASTER);

	driver->msi = 0;
	vfio_pci_msix_enable(device, driver->msi, 1);

	driver->max_memcpy_size = SIOV_TEST_MAX_LEN;
	driver->max_memcpy_count = MAX_COUNT;
}

static void siov_test_remove(struct vfio_pci_device *device)
{
	u16 command;

	siov_test_stop(device);

	command = vfio_pci_config_readw(device, PCI_COMMAND);
	vfio_pci_config_writew(device, PCI_COMMAND,
			       command & ~PCI_COMMAND_MASTER);

	vfio_pci_msix_disable(device);
}

static void siov_test_memcpy_start(struct vfio_pci_device *device,
				   iova_t src, iova_t dst, u64 size, u64 count)
{
	writeq(src, regs(device) + SIOV_TEST_SRC);
	writeq(dst, regs(device) + SIOV_TEST_DST);
	writel(size, regs(device) + SIOV_TEST_LEN);
	writel(count - 1, regs(device) + SIOV_TEST_REPEAT);
	writel(SIOV_TEST_CMD_COPY, regs(device) + SIOV_TEST_CMD);
}

static int siov_test_memcpy_wait(struct vfio_pci_device *device)
{
	if (siov_test_wait(device) == SIOV_TEST_RESULT_OK)
		return 0;

	return -EIO;
}

static void siov_test_send_msi(struct vfio_pci_device *device)
{
	writel(0, regs(device) + SIOV_TEST_REPEAT);
	writel(SIOV_TEST_CMD_MSI | device->driver.msi << 8,
	       regs(device) + SIOV_TEST_CMD);
	VFIO_ASSERT_EQ(siov_test_wait(device), SIOV_TEST_RESULT_OK);
}

const struct vfio_pci_driver_ops siov_test_ops = {
	.name = "siov_test",
	.probe = siov_test_probe,
	.init = siov_test_init,
	.remove = siov_test_remove,
	.memcpy_start = siov_test_memcpy_start,
	.memcpy_wait = siov_test_memcpy_wait,
	.send_msi = siov_test_send_msi,
};
