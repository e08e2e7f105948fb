// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of Scalable Device Interfaces (SDIs) in sysfs
 *
 * See Documentation/ABI/testing/sysfs-bus-pci-siov.
 */

#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/pci.h>
#include <linux/sysfs.h>
#include "pci.h"
#include "sdi.h"

#define sdi_attr(_name, _format, _value)				\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	const struct pci_sdi *sdi = to_pci_sdi(dev);			\
									\
	return sysfs_emit(buf, _format, _value);			\
}									\
static DEVICE_ATTR_RO(_name)

sdi_attr(rid, "0x%04x\n", sdi->rid);
sdi_attr(index, "%u\n", sdi->index);
sdi_attr(generation, "%llu\n", sdi->generation);
sdi_attr(vendor, "0x%04x\n", sdi->ids.vendor);
sdi_attr(device, "0x%04x\n", sdi->ids.device);
sdi_attr(class, "0x%06x\n", sdi->ids.class);

/**
 * pci_sdi_modalias() - What a driver's module says it is for
 * @sdi: the SDI
 * @modalias: where to
 *
 * As do_pci_sdi_entry() in scripts/mod/file2alias.c.
 *
 * Return: @modalias.
 */
const char *pci_sdi_modalias(const struct pci_sdi *sdi,
			     char modalias[PCI_SDI_MODALIAS_LEN])
{
	const struct pci_sdi_ids *ids = &sdi->ids;

	scnprintf(modalias, PCI_SDI_MODALIAS_LEN,
		  "pci_sdi:v%04Xd%04Xsv%04Xsd%04Xc%08X", ids->vendor,
		  ids->device, ids->subsystem_vendor, ids->subsystem_device,
		  ids->class);
	return modalias;
}

static ssize_t modalias_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	char modalias[PCI_SDI_MODALIAS_LEN];

	return sysfs_emit(buf, "%s\n",
			  pci_sdi_modalias(to_pci_sdi(dev), modalias));
}
static DEVICE_ATTR_RO(modalias);

static ssize_t reset_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	bool reset;
	int ret;

	if (kstrtobool(buf, &reset) || !reset)
		return -EINVAL;

	/* A driver that is coming or going does not expect it */
	if (!device_trylock(dev))
		return -EBUSY;
	ret = pci_sdi_reset_bound(to_pci_sdi(dev));
	device_unlock(dev);
	if (ret == -EBUSY)
		dev_info_ratelimited(dev, "driver %s cannot cope with a reset, unbind it first\n",
				     dev_driver_string(dev));

	return ret ?: count;
}
static DEVICE_ATTR_WO(reset);

static struct attribute *sdi_attrs[] = {
	&dev_attr_rid.attr,
	&dev_attr_index.attr,
	&dev_attr_generation.attr,
	&dev_attr_vendor.attr,
	&dev_attr_device.attr,
	&dev_attr_class.attr,
	&dev_attr_modalias.attr,
	&dev_attr_reset.attr,
	NULL
};

static const struct attribute_group sdi_group = {
	.attrs = sdi_attrs,
};

const struct attribute_group *pci_sdi_dev_groups[] = {
	&sdi_group,
	NULL
};
