/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scalable I/O Virtualization: Scalable Device Interfaces (SDIs)
 *
 * Two kinds of driver include this file. The driver of a SIOV Physical
 * Function (PF) implements struct pci_siov_ops. The driver of an SDI
 * implements struct pci_sdi_driver. Neither needs the other's header.
 */

#ifndef LINUX_PCI_SIOV_H
#define LINUX_PCI_SIOV_H

#include <linux/device.h>
#include <linux/device-id/pci_sdi.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/types.h>

struct msi_msg;
struct pci_sdi;
struct pci_sdi_irqs;

/* Let the core pick the SDI, and the Routing ID in software assigned mode */
#define PCI_SDI_ANY_INDEX	U32_MAX
#define PCI_SDI_ANY_RID		U32_MAX

/**
 * struct pci_sdi_ids - what an SDI says it is
 * @vendor: Vendor ID
 * @device: Device ID
 * @subsystem_vendor: Subsystem Vendor ID
 * @subsystem_device: Subsystem ID
 * @class: 24-bit class code
 * @revision: Revision ID
 *
 * An SDI has no configuration space to read them from. They begin as a copy of
 * the PF's; &pci_siov_ops.sdi_init changes what differs.
 */
struct pci_sdi_ids {
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem_device;
	u32 class;
	u8 revision;
};

/**
 * struct pci_sdi_region - a slice of a PF BAR that belongs to one SDI
 * @start: first byte, as a CPU physical address
 * @size: bytes; 0 if the SDI has no such region
 * @flags: %IORESOURCE_* of the BAR, filled in by the core
 * @bar: BAR of the PF that @start lies in, filled in by the core
 *
 * Whoever holds an SDI may map its regions into a process or a guest, so the
 * core insists that both ends are aligned to PAGE_SIZE, that the slice lies
 * inside one memory BAR, and that no other SDI has any of it.
 */
struct pci_sdi_region {
	phys_addr_t start;
	resource_size_t size;
	unsigned long flags;
	int bar;
};

/**
 * struct pci_rid_span - Routing IDs from @first to @last
 * @first: first Routing ID
 * @last: last Routing ID, inclusive
 */
struct pci_rid_span {
	u16 first;
	u16 last;
};

/**
 * struct pci_sdi - Scalable Device Interface
 * @dev: the device on &pci_sdi_bus_type, child of the PF, named like a PCI
 *	function by its Routing ID
 * @pf: the Physical Function that the SDI is part of
 * @index: 0 to Total SDIs - 1, the device's own number of the SDI
 * @rid: Routing ID that the SDI's requests carry
 * @generation: changes each time that an SDI is created on @pf, so that an SDI
 *	and a later one with the same index can be told apart
 * @ids: what the SDI says it is
 * @region: slices of the PF's BARs that belong to the SDI
 * @nr_irqs: interrupt messages that the device can store for the SDI
 * @drvdata_pf: for the PF's driver; &pci_sdi.dev's driver data is for the
 *	SDI's driver
 *
 * @ids, @region, @nr_irqs and @drvdata_pf are set by &pci_siov_ops.sdi_init,
 * everything else by the core, and all of it stays as it is until
 * &pci_siov_ops.sdi_release.
 */
struct pci_sdi {
	struct device dev;
	struct pci_dev *pf;
	u32 index;
	u16 rid;
	u16 nr_irqs;
	u64 generation;
	struct pci_sdi_ids ids;
	struct pci_sdi_region region[PCI_STD_NUM_BARS];
	void *drvdata_pf;

	/* private: drivers/pci/sdi.c */
	struct mutex notify_lock; /* @bound and calls of it, @untold */
	struct mutex lock; /* the operations of @ops */
	const struct pci_siov_ops *ops;
	struct pci_sdi_driver *bound;
	struct pci_sdi_irqs *irqs;
	u64 dma_mask;
	struct device_dma_parameters dma_parms;
	unsigned int state;
	bool initialized;
	bool master;
	bool frozen;
	bool stuck;
	bool unstopped;
	bool untold;
};

#define to_pci_sdi(d)	container_of(d, struct pci_sdi, dev)

/**
 * struct pci_siov_ops - what the driver of a PF does for its SDIs
 * @sdi_init: make the device accept the SDI &pci_sdi.index with the Routing ID
 *	&pci_sdi.rid, and set &pci_sdi.region, &pci_sdi.ids and
 *	&pci_sdi.nr_irqs. The SDI is as after @sdi_reset: no DMA, no
 *	interrupt, no data of an earlier user. On error nothing is left behind.
 * @sdi_release: undo @sdi_init. Cannot fail. The SDI is quiet already, or its
 *	@sdi_reset has failed.
 * @sdi_reset: stop the SDI, wait until none of its requests are on the way,
 *	and clear all that its user left: registers, data, stored interrupt
 *	messages (masked, empty) and permission to do DMA. Afterwards the SDI
 *	is as @sdi_init left it, with the same Routing ID, even where the PF
 *	was reset meanwhile and has forgotten the SDI. A driver that cannot
 *	tell that the SDI is quiet returns an error; the core then never gives
 *	the SDI or its Routing ID to another user before the PF is reset.
 * @sdi_set_master: allow (@on) or stop the SDI's DMA and interrupts. When it
 *	returns from stopping, none of the SDI's requests are on the way.
 * @rid_allow: for devices that can give an SDI any Routing ID. Takes the whole
 *	list of Routing IDs that this PF's SDIs may use, in rising order;
 *	devices with an allowlist of their own store it. Called when
 *	software assignment is turned on, again whenever the list changes, and
 *	with @n = 0 when it is turned off. An error to the first call, as
 *	-EOPNOTSUPP from a device that lacks the ability, leaves the PF with
 *	strided Routing IDs. NULL if no device of this driver can.
 * @msi_write: store interrupt message @idx of the SDI. Any context, may not
 *	sleep; serialized per SDI and message by the interrupt core. NULL if
 *	the device stores no interrupt messages.
 * @msi_mask: mask or unmask interrupt message @idx. When it returns from
 *	masking, the message is not sent any more. Context as @msi_write;
 *	needed if @msi_write is there.
 *
 * @sdi_init, @sdi_release, @sdi_reset and @sdi_set_master may sleep, are
 * serialized per SDI but not between SDIs, and are called while the PF is bound
 * and runtime active. Around a reset of the PF its device_lock() is held, and in
 * recovery from an error pci_bus_sem as well, also over @rid_allow: none of
 * them may take one of the two. They may find that the device does not answer
 * any more (surprise removal, reset in progress): they must end all the same.
 * They must not call the pci_sdi_*() functions on the SDI they are called for.
 *
 * A function may have many SDIs: no operation may do work for any SDI
 * but the one it is called for.
 */
struct pci_siov_ops {
	int (*sdi_init)(struct pci_sdi *sdi);
	void (*sdi_release)(struct pci_sdi *sdi);
	int (*sdi_reset)(struct pci_sdi *sdi);
	int (*sdi_set_master)(struct pci_sdi *sdi, bool on);
	int (*rid_allow)(struct pci_dev *pf, const struct pci_rid_span *spans,
			 unsigned int n);
	void (*msi_write)(struct pci_sdi *sdi, unsigned int idx,
			  const struct msi_msg *msg);
	void (*msi_mask)(struct pci_sdi *sdi, unsigned int idx, bool mask);
};

/**
 * struct pci_sdi_driver - driver of SDIs
 * @id_table: the SDIs that the driver is for; NULL for a driver that binds
 *	only where driver_override names it
 * @probe: called to bind; DMA is off until it calls pci_sdi_set_master()
 * @remove: called to unbind. The core turns DMA off and resets the SDI
 *	afterwards, so that the next user finds nothing
 * @shutdown: called at shutdown and kexec; the core turns DMA off afterwards
 * @reset_prepare: the PF is about to be reset or suspended: stop using the
 *	SDI. Until @reset_done its regions may not answer
 * @reset_done: the PF is back and the SDI as after pci_sdi_reset(): no DMA
 *	before pci_sdi_set_master(), nothing in its registers; interrupt
 *	messages are restored
 * @error: the PF has met an error, or is gone for good
 *	(pci_channel_io_perm_failure). Its reset may follow
 * @driver_managed_dma: the driver does not use the kernel's DMA API but owns
 *	the SDI's IOMMU domain, as VFIO does
 * @driver: generic driver; set @driver.name
 *
 * @reset_prepare, @reset_done and @error are called between the end of @probe
 * and the begin of @remove, never two of them at a time. @reset_done may come
 * alone, to a driver whose @probe ran during the reset. They must not wait for
 * a user: the reset of the whole PF waits for them.
 */
struct pci_sdi_driver {
	const struct pci_sdi_device_id *id_table;
	int (*probe)(struct pci_sdi *sdi);
	void (*remove)(struct pci_sdi *sdi);
	void (*shutdown)(struct pci_sdi *sdi);
	void (*reset_prepare)(struct pci_sdi *sdi);
	void (*reset_done)(struct pci_sdi *sdi);
	void (*error)(struct pci_sdi *sdi, pci_channel_state_t state);
	bool driver_managed_dma;
	struct device_driver driver;
};

#define to_pci_sdi_driver(d) \
	container_of_const(d, struct pci_sdi_driver, driver)

/**
 * struct pci_sdi_params - how an SDI is created
 * @index: the SDI, or %PCI_SDI_ANY_INDEX for the first free one
 * @rid: in software assigned mode the Routing ID, or %PCI_SDI_ANY_RID for the
 *	first free one of the allowlist; in strided mode %PCI_SDI_ANY_RID or
 *	the Routing ID that follows from the index
 * @driver_override: driver to bind, whatever the IDs; NULL for the usual
 *	match
 */
struct pci_sdi_params {
	u32 index;
	u32 rid;
	const char *driver_override;
};

#ifdef CONFIG_PCI_SIOV

extern const struct bus_type pci_sdi_bus_type;

/* For drivers of Physical Functions */
struct pci_sdi *pci_sdi_create(struct pci_dev *pf,
			       const struct pci_sdi_params *params);
void pci_sdi_destroy(struct pci_sdi *sdi);
struct pci_sdi *pci_sdi_get_by_index(struct pci_dev *pf, u32 index);
int pci_siov_stop_left_over(struct pci_dev *pf);

/* For drivers of SDIs */
int __pci_sdi_register_driver(struct pci_sdi_driver *drv, struct module *owner);
void pci_sdi_unregister_driver(struct pci_sdi_driver *drv);
const struct pci_sdi_device_id *pci_sdi_match_id(struct pci_sdi *sdi);
int pci_sdi_set_master(struct pci_sdi *sdi, bool on);
int pci_sdi_reset(struct pci_sdi *sdi);
void __iomem *pci_sdi_iomap(struct pci_sdi *sdi, unsigned int region);

/**
 * dev_is_pci_sdi() - Is this device an SDI?
 * @dev: any device
 *
 * Return: true if to_pci_sdi() may be used on @dev.
 */
static inline bool dev_is_pci_sdi(const struct device *dev)
{
	return dev->bus == &pci_sdi_bus_type;
}

#else

static inline bool dev_is_pci_sdi(const struct device *dev)
{
	return false;
}

#endif /* CONFIG_PCI_SIOV */

/**
 * pci_sdi_may_send() - May an SDI do DMA that nobody wants any more?
 * @sdi: the SDI, which no driver or user means to use
 *
 * What stops a PCI function for sure is Bus Master Enable. An SDI has nothing
 * like it, only the word of its device.
 *
 * Return: true if the device has failed to stop the SDI, so that only the IOMMU
 * is left to do it.
 */
static inline bool pci_sdi_may_send(const struct pci_sdi *sdi)
{
	return READ_ONCE(sdi->stuck) ||
	       (READ_ONCE(sdi->frozen) && READ_ONCE(sdi->master));
}

/* Interrupts, for drivers of SDIs: drivers/pci/msi/sdi.c */
#if defined(CONFIG_PCI_SIOV) && defined(CONFIG_PCI_MSI)
int pci_sdi_alloc_irqs(struct pci_sdi *sdi, unsigned int min, unsigned int max);
void pci_sdi_free_irqs(struct pci_sdi *sdi);
int pci_sdi_irq_vector(struct pci_sdi *sdi, unsigned int idx);
#else
static inline int pci_sdi_alloc_irqs(struct pci_sdi *sdi, unsigned int min,
				     unsigned int max)
{
	return -ENODEV;
}

static inline void pci_sdi_free_irqs(struct pci_sdi *sdi) { }

static inline int pci_sdi_irq_vector(struct pci_sdi *sdi, unsigned int idx)
{
	return -EINVAL;
}
#endif

#define pci_sdi_register_driver(drv) \
	__pci_sdi_register_driver(drv, THIS_MODULE)

#define module_pci_sdi_driver(drv) \
	module_driver(drv, pci_sdi_register_driver, pci_sdi_unregister_driver)

/**
 * pci_sdi_get() - Take a reference to an SDI
 * @sdi: the SDI, or NULL
 *
 * The reference keeps the memory, not the SDI: it may be destroyed meanwhile.
 *
 * Return: @sdi.
 */
static inline struct pci_sdi *pci_sdi_get(struct pci_sdi *sdi)
{
	if (sdi)
		get_device(&sdi->dev);
	return sdi;
}

/**
 * pci_sdi_put() - Drop a reference to an SDI
 * @sdi: the SDI, NULL or an ERR_PTR()
 */
static inline void pci_sdi_put(struct pci_sdi *sdi)
{
	if (!IS_ERR_OR_NULL(sdi))
		put_device(&sdi->dev);
}

DEFINE_FREE(pci_sdi_put, struct pci_sdi *, pci_sdi_put(_T))

/**
 * dev_to_pci_function() - The function through which a device's requests enter
 *			   the fabric
 * @dev: any device
 *
 * What holds for the path to the root complex (the IOMMU that covers it, ACS,
 * the windows of the host bridge, whether it is trusted) holds for a PCI
 * function and for an SDI alike, and the function is where to ask.
 *
 * Return: the PCI function itself, an SDI's PF, or NULL if @dev is neither.
 */
static inline struct pci_dev *dev_to_pci_function(struct device *dev)
{
	if (dev_is_pci(dev))
		return to_pci_dev(dev);
	if (dev_is_pci_sdi(dev))
		return to_pci_sdi(dev)->pf;
	return NULL;
}

/**
 * dev_pci_rid() - The Routing ID that a device's requests carry
 * @dev: a device for which dev_to_pci_function() is not NULL
 *
 * Return: bus number in bits 15:8, device and function in bits 7:0. Aliases of
 * a PCI function are not looked at; SDIs have none.
 */
static inline u16 dev_pci_rid(struct device *dev)
{
	if (dev_is_pci_sdi(dev))
		return to_pci_sdi(dev)->rid;
	return pci_dev_id(to_pci_dev(dev));
}

#endif /* LINUX_PCI_SIOV_H */
