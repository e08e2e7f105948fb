// SPDX-License-Identifier: GPL-2.0
/*
 * The bus of Scalable Device Interfaces (SDIs), and their drivers
 *
 * The bus is built in, and registered before the IOMMU core looks for buses.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/acpi.h>
#include <linux/dma-map-ops.h>
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/of_device.h>
#include <linux/pci.h>
#include <linux/pm.h>

#include "../pci.h"
#include "sdi.h"

static bool id_matches(const struct pci_sdi_device_id *id,
		       const struct pci_sdi_ids *ids)
{
	return (id->vendor == PCI_SDI_ANY_ID || id->vendor == ids->vendor) &&
	       (id->device == PCI_SDI_ANY_ID || id->device == ids->device) &&
	       (id->subvendor == PCI_SDI_ANY_ID ||
		id->subvendor == ids->subsystem_vendor) &&
	       (id->subdevice == PCI_SDI_ANY_ID ||
		id->subdevice == ids->subsystem_device) &&
	       !((id->class ^ ids->class) & id->class_mask);
}

/* @override: driver_override names the driver, so all entries count */
static const struct pci_sdi_device_id *
match_table(const struct pci_sdi_driver *drv, const struct pci_sdi *sdi,
	    bool override)
{
	const struct pci_sdi_device_id *id = drv->id_table;

	/* All zero ends the table */
	for (; id && (id->vendor || id->subvendor || id->class_mask); id++)
		if (id_matches(id, &sdi->ids) && (override || !id->override_only))
			return id;

	return NULL;
}

/**
 * pci_sdi_match_id() - Find the entry of its driver's table that fits an SDI
 * @sdi: the SDI, bound or about to be
 *
 * Return: the entry, or NULL if the driver was chosen by driver_override and
 * has none that fits.
 */
const struct pci_sdi_device_id *pci_sdi_match_id(struct pci_sdi *sdi)
{
	const struct device_driver *drv = sdi->dev.driver;

	return match_table(to_pci_sdi_driver(drv), sdi,
			   device_match_driver_override(&sdi->dev, drv) > 0);
}
EXPORT_SYMBOL_GPL(pci_sdi_match_id);

static int pci_sdi_bus_match(struct device *dev,
			     const struct device_driver *drv)
{
	struct pci_sdi *sdi = to_pci_sdi(dev);
	int ret;

	/* No driver is bound before sdi_publish() */
	if (dev_get_uevent_suppress(dev))
		return 0;

	/* 1 or 0 if there is an override, negative if there is none */
	ret = device_match_driver_override(dev, drv);
	if (ret >= 0)
		return ret;

	return !!match_table(to_pci_sdi_driver(drv), sdi, false);
}

static int pci_sdi_bus_uevent(const struct device *dev,
			      struct kobj_uevent_env *env)
{
	const struct pci_sdi *sdi = to_pci_sdi(dev);
	const struct pci_sdi_ids *ids = &sdi->ids;
	char modalias[PCI_SDI_MODALIAS_LEN];

	if (add_uevent_var(env, "PCI_CLASS=%04X", ids->class) ||
	    add_uevent_var(env, "PCI_ID=%04X:%04X", ids->vendor, ids->device) ||
	    add_uevent_var(env, "PCI_SUBSYS_ID=%04X:%04X",
			   ids->subsystem_vendor, ids->subsystem_device) ||
	    add_uevent_var(env, "PCI_SLOT_NAME=%s", dev_name(dev)) ||
	    add_uevent_var(env, "PCI_SDI_PHYSFN=%s", pci_name(sdi->pf)) ||
	    add_uevent_var(env, "PCI_SDI_INDEX=%u", sdi->index) ||
	    add_uevent_var(env, "PCI_SDI_GENERATION=%llu", sdi->generation) ||
	    add_uevent_var(env, "MODALIAS=%s", pci_sdi_modalias(sdi, modalias)))
		return -ENOMEM;

	return 0;
}

/* Clear what a driver leaves. During a reset of the PF, its end does that */
static void sdi_cleanup(struct pci_sdi *sdi)
{
	if (READ_ONCE(to_sdi_core(sdi)->state) == PCI_SDI_RUNNING)
		pci_sdi_set_master(sdi, false);
	pci_sdi_reset(sdi);
}

/*
 * The driver core probes again when some device is bound to a driver, which may
 * not happen. So probe_work does it after each thaw of the PF. With @try_now it
 * is queued here as well: the thaw may have been before the mark was set.
 */
static void defer_probe(struct pci_sdi *sdi, bool try_now)
{
	struct pci_siov_pf *spf = pci_siov_pf(sdi->pf);

	guard(mutex)(&spf->lock);
	if (xa_get_mark(&spf->sdi, sdi->index, PCI_SDI_LIVE))
		xa_set_mark(&spf->sdi, sdi->index, PCI_SDI_DEFERRED);
	if (try_now)
		schedule_work(&spf->probe_work);
}

/*
 * From here on the SDI is brought back after each reset of its PF. After earlier ones
 * it may not have been.
 */
static int probe_begin(struct pci_sdi *sdi)
{
	struct pci_sdi_core *core = to_sdi_core(sdi);
	int ret;

	guard(mutex)(&core->notify_lock);
	pci_sdi_bring_back(core);
	ret = pci_sdi_check(core, PCI_SDI_PROBE);
	/* For an SDI that sleeps, sdi_wake() queues probe_work */
	if (ret == -EPROBE_DEFER)
		defer_probe(sdi, !core->asleep);

	core->wanted = !ret;
	core->seen = core->resets;
	return ret;
}

/*
 * A reset that has begun during probe keeps a driver from turning DMA on. That is
 * no reason to stay without one.
 */
static int probe_failed(struct pci_sdi *sdi, int ret)
{
	struct pci_sdi_core *core = to_sdi_core(sdi);

	if (ret != -EAGAIN)
		return ret;

	guard(mutex)(&core->notify_lock);
	if (!pci_sdi_is_frozen(core) && !pci_sdi_is_pf_frozen(sdi) &&
	    core->resets == core->seen)
		return ret;

	defer_probe(sdi, true);
	return -EPROBE_DEFER;
}

static int pci_sdi_bus_probe(struct device *dev)
{
	struct pci_sdi_driver *drv = to_pci_sdi_driver(dev->driver);
	struct pci_sdi *sdi = to_pci_sdi(dev);
	int ret;

	if (!pci_siov_pf(sdi->pf)->autoprobe && !device_has_driver_override(dev))
		return -ENODEV;

	ret = probe_begin(sdi);
	if (ret)
		return ret;

	ret = drv->probe(sdi);
	if (!ret) {
		pci_sdi_notify_start(sdi);
		return 0;
	}

	pci_sdi_notify_stop(sdi);
	sdi_cleanup(sdi);
	return probe_failed(sdi, ret);
}

static void pci_sdi_bus_remove(struct device *dev)
{
	struct pci_sdi_driver *drv = to_pci_sdi_driver(dev->driver);
	struct pci_sdi *sdi = to_pci_sdi(dev);

	if (drv->remove)
		drv->remove(sdi);
	pci_sdi_notify_stop(sdi);
	sdi_cleanup(sdi);
}

static struct pci_sdi *next_deferred(struct pci_siov_pf *spf,
				     unsigned long *index)
{
	struct pci_sdi_core *core;

	guard(mutex)(&spf->lock);
	core = xa_find(&spf->sdi, index, ULONG_MAX, PCI_SDI_DEFERRED);
	if (!core)
		return NULL;

	xa_clear_mark(&spf->sdi, *index, PCI_SDI_DEFERRED);
	return pci_sdi_get(&core->sdi);
}

/**
 * pci_sdi_probe_deferred() - Bind drivers that had to wait for the PF
 * @work: &pci_siov_pf.probe_work
 *
 * Tries each SDI once. Whoever makes it possible where it was not queues the work
 * again.
 */
void pci_sdi_probe_deferred(struct work_struct *work)
{
	struct pci_siov_pf *spf = container_of(work, struct pci_siov_pf,
					       probe_work);
	unsigned long index = 0;
	struct pci_sdi *sdi;

	/* Where it is frozen, or freezes again meanwhile, its thaw comes back here */
	for (; READ_ONCE(spf->state) == PCI_SIOV_PF_READY; index++) {
		sdi = next_deferred(spf, &index);
		if (!sdi)
			return;

		if (device_attach(&sdi->dev) < 0)
			dev_dbg(&sdi->dev, "no driver after the reset of its PF\n");
		pci_sdi_put(sdi);
	}
}

static void pci_sdi_bus_shutdown(struct device *dev)
{
	struct pci_sdi *sdi = to_pci_sdi(dev);

	if (dev->driver && to_pci_sdi_driver(dev->driver)->shutdown) {
		to_pci_sdi_driver(dev->driver)->shutdown(sdi);
		/* It may have freed what its callbacks use */
		pci_sdi_notify_stop(sdi);
	}

	/* Nothing may write into the memory of the next kernel */
	if (READ_ONCE(to_sdi_core(sdi)->state) == PCI_SDI_RUNNING)
		pci_sdi_set_master(sdi, false);
}

/*
 * System sleep takes the PF's power, and with it all state of the SDI: for the
 * SDI that is a reset of the PF. The PF sleeps after its SDIs and wakes
 * before them. If it is being reset when they go to sleep, or has not come back
 * when they wake up, their drivers find them frozen.
 */
static int sdi_sleep(struct device *dev, int (*sleep)(struct device *dev))
{
	struct pci_sdi *sdi = to_pci_sdi(dev);
	int ret;

	ret = sleep(dev);
	if (ret)
		return ret;

	/* Not known before pci_siov_restore_state() reads SIOV Status */
	WRITE_ONCE(sdi->pf->siov->quiet, false);
	pci_sdi_sleep(to_sdi_core(sdi));
	return 0;
}

static int sdi_wake(struct device *dev, int (*wake)(struct device *dev))
{
	struct pci_sdi *sdi = to_pci_sdi(dev);

	pci_sdi_wake(to_sdi_core(sdi));
	/* A driver may have come while it was asleep */
	schedule_work(&pci_siov_pf(sdi->pf)->probe_work);
	return wake(dev);
}

static int pci_sdi_bus_suspend(struct device *dev)
{
	return sdi_sleep(dev, pm_generic_suspend);
}

static int pci_sdi_bus_resume(struct device *dev)
{
	return sdi_wake(dev, pm_generic_resume);
}

/* Hibernation: before the image is made and read, after it is made, and at the end */
static int pci_sdi_bus_freeze(struct device *dev)
{
	return sdi_sleep(dev, pm_generic_freeze);
}

static int pci_sdi_bus_thaw(struct device *dev)
{
	return sdi_wake(dev, pm_generic_thaw);
}

static int pci_sdi_bus_poweroff(struct device *dev)
{
	return sdi_sleep(dev, pm_generic_poweroff);
}

static int pci_sdi_bus_restore(struct device *dev)
{
	return sdi_wake(dev, pm_generic_restore);
}

static const struct dev_pm_ops pci_sdi_pm_ops = {
	.suspend	= pm_sleep_ptr(pci_sdi_bus_suspend),
	.resume		= pm_sleep_ptr(pci_sdi_bus_resume),
	.freeze		= pm_sleep_ptr(pci_sdi_bus_freeze),
	.thaw		= pm_sleep_ptr(pci_sdi_bus_thaw),
	.poweroff	= pm_sleep_ptr(pci_sdi_bus_poweroff),
	.restore	= pm_sleep_ptr(pci_sdi_bus_restore),
};

static enum dev_dma_attr bridge_dma_attr(struct device *bridge)
{
	return acpi_get_dma_attr(to_acpi_device_node(bridge->fwnode));
}

/* Firmware describes what lies above the SDI by the PF's host bridge */
static int pci_sdi_dma_configure(struct device *dev)
{
	const struct device_driver *drv = READ_ONCE(dev->driver);
	struct pci_sdi *sdi = to_pci_sdi(dev);
	struct device *bridge = pci_get_host_bridge_device(sdi->pf);
	u32 rid = sdi->rid;
	int ret = 0;

	if (IS_ENABLED(CONFIG_OF) && bridge->parent && bridge->parent->of_node)
		ret = of_dma_configure_id(dev, bridge->parent->of_node, true,
					  &rid);
	else if (has_acpi_companion(bridge))
		ret = acpi_dma_configure_id(dev, bridge_dma_attr(bridge), &rid);

	pci_put_host_bridge_device(bridge);

	/* No driver when the IOMMU layer calls */
	if (!ret && drv && !to_pci_sdi_driver(drv)->driver_managed_dma) {
		ret = iommu_device_use_default_domain(dev);
		if (ret)
			arch_teardown_dma_ops(dev);
	}

	return ret;
}

static void pci_sdi_dma_cleanup(struct device *dev)
{
	if (!to_pci_sdi_driver(dev->driver)->driver_managed_dma)
		iommu_device_unuse_default_domain(dev);
}

const struct bus_type pci_sdi_bus_type = {
	.name		= "pci_sdi",
	.driver_override = true,
	.match		= pci_sdi_bus_match,
	.uevent		= pci_sdi_bus_uevent,
	.probe		= pci_sdi_bus_probe,
	.remove		= pci_sdi_bus_remove,
	.shutdown	= pci_sdi_bus_shutdown,
	.dev_groups	= pci_sdi_dev_groups,
	.pm		= pm_sleep_ptr(&pci_sdi_pm_ops),
	.dma_configure	= pci_sdi_dma_configure,
	.dma_cleanup	= pci_sdi_dma_cleanup,
};
EXPORT_SYMBOL_GPL(pci_sdi_bus_type);

/**
 * __pci_sdi_register_driver() - Register a driver of SDIs
 * @drv: the driver; &pci_sdi_driver.probe is needed
 * @owner: its module
 *
 * Use pci_sdi_register_driver() or module_pci_sdi_driver().
 *
 * Return: 0 or an error of the driver core.
 */
int __pci_sdi_register_driver(struct pci_sdi_driver *drv, struct module *owner)
{
	if (!drv->probe)
		return -EINVAL;

	drv->driver.bus = &pci_sdi_bus_type;
	drv->driver.owner = owner;

	return driver_register(&drv->driver);
}
EXPORT_SYMBOL_GPL(__pci_sdi_register_driver);

/**
 * pci_sdi_unregister_driver() - Unregister a driver of SDIs
 * @drv: the driver
 */
void pci_sdi_unregister_driver(struct pci_sdi_driver *drv)
{
	driver_unregister(&drv->driver);
}
EXPORT_SYMBOL_GPL(pci_sdi_unregister_driver);

/* Before the IOMMU core looks for buses */
static int __init pci_sdi_bus_init(void)
{
	int ret;

	pci_sdi_cache_init();

	ret = bus_register(&pci_sdi_bus_type);
	if (!ret)
		dma_debug_add_bus(&pci_sdi_bus_type);

	return ret;
}
postcore_initcall(pci_sdi_bus_init);
