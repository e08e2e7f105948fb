// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable I/O Virtualization (SIOV): the "siov" directory of a PF in sysfs
 *	PCI Express Base Specification r7.0
 *
 * See Documentation/ABI/testing/sysfs-bus-pci-siov.
 */

#include <linux/device.h>
#include <linux/pci.h>
#include <linux/sysfs.h>
#include "pci.h"

static struct pci_siov *dev_to_siov(struct device *dev)
{
	return to_pci_dev(dev)->siov;
}

static ssize_t total_sdis_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", dev_to_siov(dev)->total_sdis);
}
static DEVICE_ATTR_RO(total_sdis);

static ssize_t usable_sdis_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", pci_siov_usable_sdis(to_pci_dev(dev)));
}
static DEVICE_ATTR_RO(usable_sdis);

static ssize_t num_sdis_show(struct device *dev,
			     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(dev_to_siov(dev)->num_sdis));
}
static DEVICE_ATTR_RO(num_sdis);

static ssize_t first_offset_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", dev_to_siov(dev)->offset);
}
static DEVICE_ATTR_RO(first_offset);

static ssize_t stride_show(struct device *dev,
			   struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", dev_to_siov(dev)->stride);
}
static DEVICE_ATTR_RO(stride);

static ssize_t capabilities_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%08x\n", dev_to_siov(dev)->cap);
}
static DEVICE_ATTR_RO(capabilities);

static ssize_t status_show(struct device *dev,
			   struct device_attribute *attr, char *buf)
{
	u8 status;
	int ret;

	ret = pci_siov_status(to_pci_dev(dev), &status);
	if (ret)
		return ret;

	return sysfs_emit(buf, "0x%02x\n", status);
}
static DEVICE_ATTR_RO(status);

static struct attribute *siov_attrs[] = {
	&dev_attr_total_sdis.attr,
	&dev_attr_usable_sdis.attr,
	&dev_attr_num_sdis.attr,
	&dev_attr_first_offset.attr,
	&dev_attr_stride.attr,
	&dev_attr_capabilities.attr,
	&dev_attr_status.attr,
	NULL
};

static bool siov_group_visible(struct kobject *kobj)
{
	return pci_is_siov_physfn(to_pci_dev(kobj_to_dev(kobj)));
}

DEFINE_SIMPLE_SYSFS_GROUP_VISIBLE(siov);

const struct attribute_group pci_siov_attr_group = {
	.name = "siov",
	.attrs = siov_attrs,
	.is_visible = SYSFS_GROUP_VISIBLE(siov),
};
