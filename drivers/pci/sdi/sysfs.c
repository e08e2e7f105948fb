// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces (SDIs) in sysfs: their own attributes, and those
 * of a PF that create and destroy them
 *
 * See Documentation/ABI/testing/sysfs-bus-pci-siov.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/topology.h>

#include "../pci.h"
#include "sdi.h"

/* "ffffffff:00:00.0-ffffffff:00:00.0\n" */
#define SPAN_LINE_LEN	(2 * PCI_RID_NAME_LEN)

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
sdi_attr(subsystem_vendor, "0x%04x\n", sdi->ids.subsystem_vendor);
sdi_attr(subsystem_device, "0x%04x\n", sdi->ids.subsystem_device);
sdi_attr(revision, "0x%02x\n", sdi->ids.revision);

/* As of the PF, under the names that a PCI function has for them */

#ifdef CONFIG_NUMA
static ssize_t numa_node_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return sysfs_emit(buf, "%d\n", dev_to_node(dev));
}
static DEVICE_ATTR_RO(numa_node);
#endif

static ssize_t emit_local_cpus(struct device *dev, char *buf, bool list)
{
	const struct cpumask *mask;

#ifdef CONFIG_NUMA
	if (dev_to_node(dev) == NUMA_NO_NODE)
		mask = cpu_online_mask;
	else
		mask = cpumask_of_node(dev_to_node(dev));
#else
	mask = cpumask_of_pcibus(to_pci_sdi(dev)->pf->bus);
#endif
	return sysfs_emit(buf, list ? "%*pbl\n" : "%*pb\n",
			  cpumask_pr_args(mask));
}

static ssize_t local_cpus_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return emit_local_cpus(dev, buf, false);
}
static DEVICE_ATTR_RO(local_cpus);

static ssize_t local_cpulist_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	return emit_local_cpus(dev, buf, true);
}
static DEVICE_ATTR_RO(local_cpulist);

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
		dev_info_ratelimited(dev, "driver %s does not support a reset of the SDI, unbind it first\n",
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
	&dev_attr_subsystem_vendor.attr,
	&dev_attr_subsystem_device.attr,
	&dev_attr_revision.attr,
#ifdef CONFIG_NUMA
	&dev_attr_numa_node.attr,
#endif
	&dev_attr_local_cpus.attr,
	&dev_attr_local_cpulist.attr,
	&dev_attr_modalias.attr,
	&dev_attr_reset.attr,
	NULL
};

static const struct attribute_group sdi_group = {
	.attrs = sdi_attrs,
};

const struct attribute_group *pci_sdi_dev_groups[] = {
	&sdi_group,
	&pci_sdi_params_group,
	NULL
};

static const char * const rid_mode_names[] = {
	[PCI_SIOV_RID_STRIDED]	= "strided",
	[PCI_SIOV_RID_SOFTWARE]	= "software",
};

static ssize_t rid_mode_show(struct device *dev,
			     struct device_attribute *attr, char *buf)
{
	struct pci_siov *siov = to_pci_dev(dev)->siov;

	return sysfs_emit(buf, "%s\n", rid_mode_names[READ_ONCE(siov->rid_mode)]);
}

static ssize_t rid_mode_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct pci_dev *pf = to_pci_dev(dev);
	int mode, ret;

	mode = sysfs_match_string(rid_mode_names, buf);
	if (mode < 0)
		return mode;
	if (!pci_siov_pf(pf))
		return -ENODEV;

	ret = pci_siov_set_rid_mode(pf, mode);
	if (ret == -EBUSY)
		pci_info_ratelimited(pf, "rid_mode can be changed while there are no SDIs and no IDE stream\n");
	else if (ret == -EOPNOTSUPP)
		pci_info_ratelimited(pf, "the device or its driver takes no Routing IDs from software\n");

	return ret ?: count;
}

struct device_attribute pci_siov_attr_rid_mode = __ATTR_RW(rid_mode);

static ssize_t drivers_autoprobe_show(struct device *dev,
				      struct device_attribute *attr, char *buf)
{
	struct pci_siov_pf *spf = pci_siov_pf(to_pci_dev(dev));

	return sysfs_emit(buf, "%u\n", spf && READ_ONCE(spf->autoprobe));
}

static ssize_t drivers_autoprobe_store(struct device *dev,
				       struct device_attribute *attr,
				       const char *buf, size_t count)
{
	struct pci_siov_pf *spf = pci_siov_pf(to_pci_dev(dev));
	bool autoprobe;

	if (kstrtobool(buf, &autoprobe))
		return -EINVAL;
	if (!spf)
		return -ENODEV;

	WRITE_ONCE(spf->autoprobe, autoprobe);
	return count;
}

struct device_attribute pci_siov_attr_drivers_autoprobe =
	__ATTR_RW(drivers_autoprobe);

/* "0x0201", "02:00.1" or "0000:02:00.1" */
static int parse_rid(struct pci_dev *pf, const char *s, u32 *rid)
{
	unsigned int domain = pci_domain_nr(pf->bus), bus, slot, func;
	char end;
	u16 val;

	if (!strncasecmp(s, "0x", 2)) {
		if (kstrtou16(s, 16, &val))
			return -EINVAL;
		*rid = val;
		return 0;
	}

	if (sscanf(s, "%x:%x:%x.%x%c", &domain, &bus, &slot, &func, &end) != 4) {
		domain = pci_domain_nr(pf->bus);
		if (sscanf(s, "%x:%x.%x%c", &bus, &slot, &func, &end) != 3)
			return -EINVAL;
	}

	if (domain != pci_domain_nr(pf->bus) || bus > 0xff || slot > 0x1f ||
	    func > 7)
		return -EINVAL;

	*rid = PCI_DEVID(bus, PCI_DEVFN(slot, func));
	return 0;
}

static int parse_first(const char *word, struct pci_sdi_params *params)
{
	if (!strcmp(word, "any"))
		return 0;
	if (kstrtou32(word, 0, &params->index) ||
	    params->index == PCI_SDI_ANY_INDEX)
		return -EINVAL;

	return 0;
}

static int parse_word(struct pci_dev *pf, char *word, bool first,
		      struct pci_sdi_params *params)
{
	char *value = strchr(word, '=');

	if (first && !value)
		return parse_first(word, params);
	if (first || !value || !value[1])
		return -EINVAL;

	*value++ = '\0';

	if (!strcmp(word, "driver_override") && !params->driver_override) {
		params->driver_override = value;
		return 0;
	}

	if (!strcmp(word, "rid") && params->rid == PCI_SDI_ANY_RID)
		return parse_rid(pf, value, &params->rid);

	return pci_sdi_parse_param(pf, word, value, params);
}

/* "any" or an index, then key=value in any order; @line is taken apart */
static int parse_params(struct pci_dev *pf, char *line,
			struct pci_sdi_params *params)
{
	bool first = true;
	char *word;
	int ret;

	for (word = strsep(&line, " \t\n"); word;
	     word = strsep(&line, " \t\n")) {
		if (!*word)
			continue;
		ret = parse_word(pf, word, first, params);
		if (ret && ret != -EDOM)
			pci_info_ratelimited(pf, "sdi_new: cannot use \"%.32s\"; expected: any|INDEX, driver_override=, rid=, or a name of sdi_params\n",
					     word);
		if (ret)
			return -EINVAL;
		first = false;
	}

	return first ? -EINVAL : 0;
}

static ssize_t sdi_new_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	struct pci_sdi_params params = {
		.index = PCI_SDI_ANY_INDEX,
		.rid = PCI_SDI_ANY_RID,
	};
	struct pci_dev *pf = to_pci_dev(dev);
	struct pci_sdi *sdi;
	int ret;

	char *line __free(kfree) = kstrndup(buf, count, GFP_KERNEL);
	if (!line)
		return -ENOMEM;

	ret = parse_params(pf, line, &params);
	if (ret)
		return ret;

	sdi = pci_sdi_create(pf, &params);
	if (IS_ERR(sdi))
		return PTR_ERR(sdi);

	pci_sdi_put(sdi);
	return count;
}

struct device_attribute pci_siov_attr_sdi_new = __ATTR_WO(sdi_new);

static ssize_t sdi_delete_store(struct device *dev,
				struct device_attribute *attr, const char *buf,
				size_t count)
{
	struct pci_dev *pf = to_pci_dev(dev);
	u32 index;
	int ret;

	if (kstrtou32(buf, 0, &index))
		return -EINVAL;

	ret = pci_sdi_delete(pf, index);
	if (ret)
		pci_info_ratelimited(pf, "sdi_delete: there is no SDI %u\n",
				     index);

	return ret ?: count;
}

struct device_attribute pci_siov_attr_sdi_delete =
	__ATTR_WO(sdi_delete);

/* May be longer than a page */
static ssize_t rid_allowlist_read(struct file *file, struct kobject *kobj,
				  const struct bin_attribute *attr, char *buf,
				  loff_t off, size_t count)
{
	struct pci_dev *pf = to_pci_dev(kobj_to_dev(kobj));
	char first[PCI_RID_NAME_LEN], last[PCI_RID_NAME_LEN];
	struct pci_rid_span *spans __free(kfree) = NULL;
	char *text __free(kvfree) = NULL;
	size_t len = 0, size;
	int i, n;

	n = pci_siov_allowlist(pf, &spans);
	if (n < 0)
		return n;

	size = n * SPAN_LINE_LEN + 1;
	text = kvmalloc(size, GFP_KERNEL);
	if (!text)
		return -ENOMEM;

	for (i = 0; i < n; i++)
		len += scnprintf(text + len, size - len, "%s-%s\n",
				 pci_rid_name(pf, spans[i].first, first),
				 pci_rid_name(pf, spans[i].last, last));

	return memory_read_from_buffer(buf, count, &off, text, len);
}

/* Computing it takes pci_bus_sem and memory: for root alone */
const struct bin_attribute pci_siov_attr_rid_allowlist =
	__BIN_ATTR_ADMIN_RO(rid_allowlist, 0);
