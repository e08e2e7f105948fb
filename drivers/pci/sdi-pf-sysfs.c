// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable I/O Virtualization (SIOV): attributes of a PF by which Scalable
 * Device Interfaces (SDIs) are created and destroyed
 *
 * They are in the "siov" directory of siov-sysfs.c, which has what the capability
 * says. See Documentation/ABI/testing/sysfs-bus-pci-siov.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/device.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "pci.h"
#include "sdi.h"

/* "ffffffff:00:00.0-ffffffff:00:00.0\n" */
#define SPAN_LINE_LEN	(2 * PCI_RID_NAME_LEN)

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
	if (!pci_sdis(pf))
		return -ENODEV;

	ret = pci_siov_set_rid_mode(pf, mode);
	if (ret == -EBUSY)
		pci_info_ratelimited(pf, "rid_mode can be changed while there are no SDIs\n");
	else if (ret == -EOPNOTSUPP)
		pci_info_ratelimited(pf, "the device or its driver takes no Routing IDs from software\n");

	return ret ?: count;
}
static DEVICE_ATTR_RW(rid_mode);

static ssize_t drivers_autoprobe_show(struct device *dev,
				      struct device_attribute *attr, char *buf)
{
	struct pci_sdis *sdis = pci_sdis(to_pci_dev(dev));

	return sysfs_emit(buf, "%u\n", sdis && READ_ONCE(sdis->autoprobe));
}

static ssize_t drivers_autoprobe_store(struct device *dev,
				       struct device_attribute *attr,
				       const char *buf, size_t count)
{
	struct pci_sdis *sdis = pci_sdis(to_pci_dev(dev));
	bool autoprobe;

	if (kstrtobool(buf, &autoprobe))
		return -EINVAL;
	if (!sdis)
		return -ENODEV;

	WRITE_ONCE(sdis->autoprobe, autoprobe);
	return count;
}
static DEVICE_ATTR_RW(drivers_autoprobe);

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

static int parse_word(struct pci_dev *pf, char *word, bool first,
		      struct pci_sdi_params *params)
{
	char *value = strchr(word, '=');

	if (!value) {
		if (!first)
			return -EINVAL;
		if (!strcmp(word, "any"))
			return 0;
		if (kstrtou32(word, 0, &params->index) ||
		    params->index == PCI_SDI_ANY_INDEX)
			return -EINVAL;
		return 0;
	}

	*value++ = '\0';
	if (first || !*value)
		return -EINVAL;

	if (!strcmp(word, "driver_override") && !params->driver_override) {
		params->driver_override = value;
		return 0;
	}

	if (!strcmp(word, "rid") && params->rid == PCI_SDI_ANY_RID)
		return parse_rid(pf, value, &params->rid);

	return -EINVAL;
}

/* "any" or an index, then key=value in any order; @line is taken apart */
static int parse_params(struct pci_dev *pf, char *line,
			struct pci_sdi_params *params)
{
	bool first = true;
	char *word;

	for (word = strsep(&line, " \t\n"); word;
	     word = strsep(&line, " \t\n")) {
		if (!*word)
			continue;
		if (parse_word(pf, word, first, params)) {
			pci_info_ratelimited(pf, "sdi_new: cannot use \"%.32s\"; expected: any|INDEX [driver_override=NAME] [rid=BB:DD.F]\n",
					     word);
			return -EINVAL;
		}
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
static DEVICE_ATTR_WO(sdi_new);

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
static DEVICE_ATTR_WO(sdi_delete);

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

static const BIN_ATTR_RO(rid_allowlist, 0);

static struct attribute *siov_sdi_attrs[] = {
	&dev_attr_rid_mode.attr,
	&dev_attr_drivers_autoprobe.attr,
	&dev_attr_sdi_new.attr,
	&dev_attr_sdi_delete.attr,
	NULL
};

static const struct bin_attribute *const siov_sdi_bin_attrs[] = {
	&bin_attr_rid_allowlist,
	NULL
};

static const struct attribute_group siov_sdi_group = {
	.name = "siov",
	.attrs = siov_sdi_attrs,
	.bin_attrs = siov_sdi_bin_attrs,
};

/*
 * The directory is there already and nobody has been told of the device yet. It
 * takes everything in it along when the device goes.
 */
static int bus_notify(struct notifier_block *nb, unsigned long action,
		      void *data)
{
	struct pci_dev *pf = to_pci_dev(data);

	if (action == BUS_NOTIFY_ADD_DEVICE && pci_is_siov_physfn(pf) &&
	    sysfs_update_group(&pf->dev.kobj, &siov_sdi_group))
		pci_warn(pf, "could not add the attributes that create SDIs\n");

	return NOTIFY_DONE;
}

static struct notifier_block pci_nb = {
	.notifier_call = bus_notify,
};

/* After the bus itself, before the first device */
static int __init pci_siov_sdi_sysfs_init(void)
{
	return bus_register_notifier(&pci_bus_type, &pci_nb);
}
postcore_initcall_sync(pci_siov_sdi_sysfs_init);
