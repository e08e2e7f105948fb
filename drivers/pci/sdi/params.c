// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces (SDIs): what can be chosen when one is created
 *
 * SDIs of one device may differ: in what they are (a network function or a
 * storage one), and in what they get of the device (queues, interrupt
 * messages). The driver of the Physical Function (PF) declares the choices as a
 * list of names, with the values that each may have. The core checks values
 * against the list, so that all drivers show their parameters in the same place
 * and refuse wrong values with the same messages.
 *
 * A driver that creates SDIs itself passes values in the same way, or a pointer
 * to whatever it likes.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "../pci.h"
#include "sdi.h"

static bool name_is_free(const struct pci_sdi_param *list, unsigned int n)
{
	const char *name = list[n].name;
	unsigned int i;

	if (!name || !*name || strpbrk(name, " \t\n=") ||
	    !strcmp(name, "rid") || !strcmp(name, "driver_override"))
		return false;

	for (i = 0; i < n; i++)
		if (!strcmp(list[i].name, name))
			return false;

	return true;
}

static bool param_is_valid(const struct pci_sdi_param *param)
{
	u32 i;

	if (param->min > param->def || param->def > param->max)
		return false;
	if (!param->choices)
		return true;

	for (i = 0; i <= param->max; i++)
		if (!param->choices[i])
			return false;

	return true;
}

/**
 * pci_siov_attach_params() - Ask the driver of a PF for its parameters
 * @spf: the SDIs of the PF, of which none exists
 * @ops: the driver's operations
 *
 * Context: device_lock() of the PF is held.
 *
 * Return: 0, -EINVAL if the list makes no sense, or the driver's error.
 */
int pci_siov_attach_params(struct pci_siov_pf *spf,
			   const struct pci_siov_ops *ops)
{
	const struct pci_sdi_param *list = NULL;
	int i, n;

	n = ops->sdi_params ? ops->sdi_params(spf->pf, &list) : 0;
	if (n < 0)
		return n;
	if (n > PCI_SDI_MAX_PARAMS)
		return -EINVAL;

	for (i = 0; i < n; i++)
		if (!name_is_free(list, i) || !param_is_valid(&list[i]))
			return -EINVAL;

	spf->params = list;
	spf->nr_params = n;
	return 0;
}

static bool value_is_valid(const struct pci_sdi_param *param, u32 value)
{
	return value >= param->min && value <= param->max;
}

/**
 * pci_sdi_take_params() - Set the parameters of an SDI, as given or by default
 * @sdi: the SDI, before &pci_siov_ops.sdi_init
 * @params: what was given
 *
 * Return: 0; -EINVAL if there is no such parameter or not with such a value;
 * -EAGAIN if @params were meant for another driver.
 */
int pci_sdi_take_params(struct pci_sdi *sdi,
			const struct pci_sdi_params *params)
{
	const struct pci_siov_pf *spf = pci_siov_pf(sdi->pf);
	const struct pci_sdi_param *param;
	unsigned int i;

	if (params->declared && params->declared != spf->params)
		return -EAGAIN;
	if (params->param_set >> spf->nr_params) {
		pci_warn(sdi->pf, "SDI %u: there are only %u parameters\n",
			 sdi->index, spf->nr_params);
		return -EINVAL;
	}

	for (i = 0; i < spf->nr_params; i++) {
		param = &spf->params[i];
		sdi->param[i] = params->param_set & BIT(i) ? params->param[i] :
							     param->def;
		if (value_is_valid(param, sdi->param[i]))
			continue;

		pci_warn(sdi->pf, "SDI %u: %s: %u is not one of %u to %u\n",
			 sdi->index, param->name, sdi->param[i], param->min,
			 param->max);
		return -EINVAL;
	}

	sdi->create_data = params->data;
	return 0;
}

/* "1-33" or "net|storage" */
static int emit_values(char *buf, int at, const struct pci_sdi_param *param)
{
	int len = 0;
	u32 i;

	if (!param->choices)
		return sysfs_emit_at(buf, at, "%u-%u", param->min, param->max);

	for (i = param->min; i <= param->max; i++)
		len += sysfs_emit_at(buf, at + len, "%s%s",
				     i == param->min ? "" : "|",
				     param->choices[i]);
	return len;
}

static int emit_value(char *buf, int at, const struct pci_sdi_param *param,
		      u32 value)
{
	return param->choices ?
	       sysfs_emit_at(buf, at, "%s", param->choices[value]) :
	       sysfs_emit_at(buf, at, "%u", value);
}

static int parse_value(const struct pci_sdi_param *param, const char *value,
		       u32 *result)
{
	u32 i;

	if (!param->choices)
		return kstrtou32(value, 0, result) ||
		       !value_is_valid(param, *result) ? -EINVAL : 0;

	for (i = param->min; i <= param->max; i++) {
		if (!strcmp(value, param->choices[i])) {
			*result = i;
			return 0;
		}
	}

	return -EINVAL;
}

/**
 * pci_sdi_parse_param() - Take a parameter from the administrator
 * @pf: the PF
 * @name: the parameter
 * @value: its value
 * @params: where to
 *
 * Context: takes &pci_siov_pf.lock.
 *
 * Return: 0; -EINVAL if there is no such parameter, or it is given already;
 * -EDOM if it cannot have the value, which the log explains.
 */
int pci_sdi_parse_param(struct pci_dev *pf, const char *name, const char *value,
			struct pci_sdi_params *params)
{
	struct pci_siov_pf *spf = pci_siov_pf(pf);
	const struct pci_sdi_param *param;
	unsigned int i;

	if (!spf)
		return -EINVAL;

	guard(mutex)(&spf->lock);
	/* The list belongs to the driver */
	for (i = 0; spf->ops && i < spf->nr_params; i++) {
		param = &spf->params[i];
		if (strcmp(param->name, name))
			continue;
		if (params->param_set & BIT(i))
			return -EINVAL;
		if (parse_value(param, value, &params->param[i])) {
			pci_info_ratelimited(pf, "sdi_new: %s cannot be \"%.32s\", see sdi_params for what it can be\n",
					     name, value);
			return -EDOM;
		}

		params->param_set |= BIT(i);
		params->declared = spf->params;
		return 0;
	}

	return -EINVAL;
}

/* On the PF: a line a parameter, its name, the values and the default */
static ssize_t sdi_params_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	struct pci_siov_pf *spf = pci_siov_pf(to_pci_dev(dev));
	const struct pci_sdi_param *param;
	unsigned int i;
	int len = 0;

	if (!spf)
		return 0;

	guard(mutex)(&spf->lock);
	for (i = 0; spf->ops && i < spf->nr_params; i++) {
		param = &spf->params[i];
		len += sysfs_emit_at(buf, len, "%s ", param->name);
		len += emit_values(buf, len, param);
		len += sysfs_emit_at(buf, len, " ");
		len += emit_value(buf, len, param, param->def);
		len += sysfs_emit_at(buf, len, "\n");
	}

	return len;
}

struct device_attribute pci_siov_attr_sdi_params = __ATTR_RO(sdi_params);

/*
 * On the SDI: the words for sdi_new that make another SDI like it. The SDI pins
 * the list.
 */
static ssize_t params_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	const struct pci_sdi *sdi = to_pci_sdi(dev);
	const struct pci_siov_pf *spf = pci_siov_pf(sdi->pf);
	unsigned int i;
	int len = 0;

	for (i = 0; i < spf->nr_params; i++) {
		len += sysfs_emit_at(buf, len, "%s%s=", i ? " " : "",
				     spf->params[i].name);
		len += emit_value(buf, len, &spf->params[i], sdi->param[i]);
	}

	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(params);

static umode_t params_visible(struct kobject *kobj, struct attribute *attr,
			      int n)
{
	const struct pci_sdi *sdi = to_pci_sdi(kobj_to_dev(kobj));

	return pci_siov_pf(sdi->pf)->nr_params ? attr->mode : 0;
}

static struct attribute *params_attrs[] = {
	&dev_attr_params.attr,
	NULL
};

const struct attribute_group pci_sdi_params_group = {
	.attrs = params_attrs,
	.is_visible = params_visible,
};
