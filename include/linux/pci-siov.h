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

#include <linux/bits.h>
#include <linux/device.h>
#include <linux/device-id/pci_sdi.h>
#include <linux/msi_api.h>
#include <linux/pci.h>
#include <linux/types.h>

struct irq_affinity;
struct irq_affinity_desc;
struct msi_msg;
struct pci_sdi;

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

/* More than the BARs of the PCI function that a guest gets for an SDI */
#define PCI_SDI_MAX_REGIONS	12

/* Both ends of a region are multiples of it */
#define PCI_SDI_REGION_ALIGN	64

/* &pci_sdi_region.attr */
#define PCI_SDI_REGION_WC	BIT(0)
#define PCI_SDI_REGION_SHARED	BIT(1)
#define PCI_SDI_REGION_NO_MMAP	BIT(2)

/**
 * struct pci_sdi_region - a slice of a PF BAR that belongs to one SDI
 * @start: first byte, as a CPU physical address
 * @size: bytes; 0 if the SDI has no such region
 * @flags: %IORESOURCE_* of the BAR, filled in by the core
 * @bar: BAR of the PF that @start lies in, filled in by the core
 * @attr: how the region may be used:
 *
 *	%PCI_SDI_REGION_WC: writes may be combined, as of doorbells that take a
 *	descriptor. Whoever maps the region, kernel or process, maps it so.
 *
 *	%PCI_SDI_REGION_SHARED: other SDIs may have the region, too, with the same
 *	start and size: a clock, or data of the whole device. It is mapped
 *	for reading only. The device has to ignore writes all the same: a
 *	driver of the kernel is not kept from them.
 *
 *	%PCI_SDI_REGION_NO_MMAP: set by the core where the region is not made of
 *	whole pages of this kernel, and by the PF's driver where it likes. No
 *	process or guest may map the region, but a driver in the kernel may.
 *
 * Whoever holds an SDI may map its regions into a process or a guest. So the
 * core insists that a region lies inside one memory BAR, that no other SDI has
 * any of it, and that it has nothing of the PF's MSI-X table or PBA.
 */
struct pci_sdi_region {
	phys_addr_t start;
	resource_size_t size;
	unsigned int flags;
	u16 attr;
	s16 bar;
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

/* Parameters that the driver of a PF can declare */
#define PCI_SDI_MAX_PARAMS	8

/**
 * struct pci_sdi_param - something that can be chosen when an SDI is created
 * @name: what the administrator calls it, as "vectors"; not "rid" or
 *	"driver_override"
 * @choices: names of the values, by value, for all from 0 to @max; NULL if the
 *	parameter is a number
 * @min: smallest value
 * @max: largest value
 * @def: value where nothing is chosen
 */
struct pci_sdi_param {
	const char *name;
	const char * const *choices;
	u32 min;
	u32 max;
	u32 def;
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
 * @param: the chosen values, in the order of &pci_siov_ops.sdi_params
 * @create_data: &pci_sdi_params.data, while &pci_siov_ops.sdi_init runs
 * @drvdata_pf: for the PF's driver; &pci_sdi.dev's driver data is for the
 *	SDI's driver
 *
 * @ids, @region, @nr_irqs and @drvdata_pf are set by &pci_siov_ops.sdi_init,
 * everything else by the core, and all of it stays as it is until
 * &pci_siov_ops.sdi_release. Only the core allocates one: it keeps more of its
 * own behind it.
 */
struct pci_sdi {
	struct device dev;
	struct pci_dev *pf;
	u32 index;
	u16 rid;
	u16 nr_irqs;
	u64 generation;
	struct pci_sdi_ids ids;
	struct pci_sdi_region region[PCI_SDI_MAX_REGIONS];
	u32 param[PCI_SDI_MAX_PARAMS];
	void *create_data;
	void *drvdata_pf;
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
 *	was reset meanwhile and has forgotten the SDI; then several SDIs are
 *	reset at a time. A driver that cannot
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
 * @sdi_params: what can be chosen when an SDI is created on @pf, if anything.
 *	Sets *@params to a list that stays as it is while the driver is bound,
 *	and returns its length, up to %PCI_SDI_MAX_PARAMS. Called once,
 *	after probe. @sdi_init finds the values in &pci_sdi.param.
 * @msi_write: store interrupt message @idx of the SDI. Any context, may not
 *	sleep; serialized per SDI. May come while @sdi_reset runs, which
 *	clears messages: whichever comes last, all messages are stored again
 *	when @sdi_reset has returned. NULL if the device stores no interrupt
 *	messages, or not like that.
 * @msi_mask: mask or unmask interrupt message @idx. When it returns from
 *	masking, the message is not sent any more. Context as @msi_write;
 *	needed if @msi_write is there.
 * @msi_store: for devices that store messages by a command: in place of
 *	@msi_write and @msi_mask. Store interrupt message @idx, masked or not;
 *	when it returns, the device uses no earlier one. May sleep, and is
 *	serialized with @sdi_reset and all other operations of the SDI. The
 *	driver of the SDI may be in request_irq() or free_irq(). SDIs of such
 *	a device have interrupts only where these are remapped. The core logs
 *	an error, and returns it to nobody.
 *
 * @sdi_init, @sdi_release, @sdi_reset, @sdi_set_master and @msi_store may sleep, are
 * serialized per SDI but not between SDIs, and are called while the PF is bound
 * and runtime active. Around a reset of the PF and in recovery from an error its
 * device_lock() may be held, also over @rid_allow, so none of them may take it. They
 * must not call the pci_sdi_*() functions on the SDI they are called for.
 *
 * None of the operations is called from when a reset of the PF, its recovery
 * from an error or system sleep has begun until it is over. An SDI that is
 * destroyed meanwhile is released afterwards. Two things remain. The device may
 * go by surprise, so all of them must end if it does not answer. And when the
 * driver is unbound while its device does not answer, @sdi_release is called all
 * the same, just before the driver's remove function, to free what was allocated
 * in @sdi_init.
 *
 * A function may have many SDIs: an operation may only do work for the SDI that
 * it is called for.
 */
struct pci_siov_ops {
	int (*sdi_init)(struct pci_sdi *sdi);
	void (*sdi_release)(struct pci_sdi *sdi);
	int (*sdi_reset)(struct pci_sdi *sdi);
	int (*sdi_set_master)(struct pci_sdi *sdi, bool on);
	int (*rid_allow)(struct pci_dev *pf, const struct pci_rid_span *spans,
			 unsigned int n);
	int (*sdi_params)(struct pci_dev *pf,
			  const struct pci_sdi_param **params);
	void (*msi_write)(struct pci_sdi *sdi, unsigned int idx,
			  const struct msi_msg *msg);
	void (*msi_mask)(struct pci_sdi *sdi, unsigned int idx, bool mask);
	int (*msi_store)(struct pci_sdi *sdi, unsigned int idx,
			 const struct msi_msg *msg, bool masked);
};

/**
 * PCI_SDI_DEVICE() - Initialize a struct pci_sdi_device_id
 * @vend: Vendor ID, or PCI_SDI_ANY_ID
 * @dev: Device ID, or PCI_SDI_ANY_ID
 *
 * For SDIs of any subsystem and class.
 */
#define PCI_SDI_DEVICE(vend, dev)					\
	.vendor = (vend), .device = (dev),				\
	.subvendor = PCI_SDI_ANY_ID, .subdevice = PCI_SDI_ANY_ID

/**
 * PCI_SDI_DEVICE_DRIVER_OVERRIDE() - The same, for driver_override only
 * @vend: Vendor ID, or PCI_SDI_ANY_ID
 * @dev: Device ID, or PCI_SDI_ANY_ID
 * @flag: see &pci_sdi_device_id.override_only
 */
#define PCI_SDI_DEVICE_DRIVER_OVERRIDE(vend, dev, flag)			\
	PCI_SDI_DEVICE(vend, dev), .override_only = (flag)

/**
 * struct pci_sdi_driver - driver of SDIs
 * @id_table: the SDIs that the driver is for. Entries with
 *	&pci_sdi_device_id.override_only, and NULL, are for a driver that binds
 *	only where driver_override names it
 * @probe: called to bind; DMA is off until it calls pci_sdi_set_master()
 * @remove: called to unbind. The core turns DMA off and resets the SDI
 *	afterwards, so that the next user finds nothing
 * @shutdown: called at shutdown and kexec; the core turns DMA off afterwards
 * @reset_prepare: the PF is about to be reset or suspended, or the SDI to be
 *	reset by the administrator: stop using it. Until @reset_done its regions
 *	may not answer
 * @reset_done: that is over. If @error is 0 the SDI is as after
 *	pci_sdi_reset(): no DMA before pci_sdi_set_master(), nothing in its
 *	registers; interrupt messages are restored. Otherwise it could not be
 *	reset, and is out of use until a reset succeeds
 * @error: the PF has met an error, or is gone for good
 *	(pci_channel_io_perm_failure), or its driver reports an error of this
 *	SDI (pci_sdi_report_error()). A reset of the PF may follow; the drivers of
 *	all its SDIs hear of the error before any hears of the reset
 * @request: the SDI is wanted back, as its PF's driver is about to go: ask its
 *	user to let go. @remove follows
 * @driver_managed_dma: the driver does not use the kernel's DMA API but owns
 *	the SDI's IOMMU domain, as VFIO does
 * @driver: generic driver; set @driver.name. Its callbacks of runtime PM are not
 *	called: an SDI keeps its PF awake and has no runtime PM of its own
 *
 * @reset_prepare, @reset_done, @error and @request are called from the end of
 * @probe, or from when it calls pci_sdi_notify_start(), until @remove has
 * returned, or has called pci_sdi_notify_stop(); never two of them at a time.
 * A driver that frees in @remove what they use calls the latter first.
 * @reset_done may come alone, to a driver whose @probe ran during the reset.
 * They must not wait for a user: the reset of the whole PF waits for them.
 */
struct pci_sdi_driver {
	const struct pci_sdi_device_id *id_table;
	int (*probe)(struct pci_sdi *sdi);
	void (*remove)(struct pci_sdi *sdi);
	void (*shutdown)(struct pci_sdi *sdi);
	void (*reset_prepare)(struct pci_sdi *sdi);
	void (*reset_done)(struct pci_sdi *sdi, int error);
	void (*error)(struct pci_sdi *sdi, pci_channel_state_t state);
	void (*request)(struct pci_sdi *sdi);
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
 *	the Routing ID that follows from the index. With %PCI_SDI_ANY_INDEX
 *	the index then follows from it
 * @driver_override: driver to bind, whatever the IDs; NULL for the usual
 *	match
 * @param: values of the PF's parameters, in the order in which it declares them
 * @param_set: which of @param are given, a bit each; the others are as declared
 * @declared: for the core
 * @data: for &pci_siov_ops.sdi_init, see &pci_sdi.create_data. What it points
 *	to is between the PF's driver and whoever calls pci_sdi_create(); it is
 *	NULL for what the administrator creates
 */
struct pci_sdi_params {
	u32 index;
	u32 rid;
	const char *driver_override;
	u32 param[PCI_SDI_MAX_PARAMS];
	u32 param_set;
	const struct pci_sdi_param *declared;
	void *data;
};

#ifdef CONFIG_PCI_SIOV

extern const struct bus_type pci_sdi_bus_type;

/* For drivers of Physical Functions */
struct pci_sdi *pci_sdi_create(struct pci_dev *pf,
			       const struct pci_sdi_params *params);
void pci_sdi_destroy(struct pci_sdi *sdi);
struct pci_sdi *pci_sdi_get_by_index(struct pci_dev *pf, u32 index);
int pci_siov_stop_left_over(struct pci_dev *pf);
int pci_siov_claim_for_user(struct pci_dev *pf);
void pci_siov_release_from_user(struct pci_dev *pf);
void pci_siov_reset_prepare(struct pci_dev *pf, bool answers);
void pci_siov_reset_done(struct pci_dev *pf, int error);
int pci_sdi_report_error(struct pci_sdi *sdi, pci_channel_state_t state);

/* For drivers of SDIs */
int __pci_sdi_register_driver(struct pci_sdi_driver *drv, struct module *owner);
void pci_sdi_unregister_driver(struct pci_sdi_driver *drv);
const struct pci_sdi_device_id *pci_sdi_match_id(struct pci_sdi *sdi);
int pci_sdi_set_master(struct pci_sdi *sdi, bool on);
int pci_sdi_reset(struct pci_sdi *sdi);
bool pci_sdi_is_pf_frozen(const struct pci_sdi *sdi);
void __iomem *pci_sdi_iomap(struct pci_sdi *sdi, unsigned int region);
void pci_sdi_notify_start(struct pci_sdi *sdi);
void pci_sdi_notify_stop(struct pci_sdi *sdi);

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

static inline int pci_siov_claim_for_user(struct pci_dev *pf)
{
	return 0;
}

static inline void pci_siov_release_from_user(struct pci_dev *pf) { }

static inline bool dev_is_pci_sdi(const struct device *dev)
{
	return false;
}

#endif /* CONFIG_PCI_SIOV */

/**
 * pci_sdi_may_translate() - May an SDI ask for address translations?
 * @sdi: the SDI
 *
 * Address Translation Services (ATS) of a PF are turned on by the IOMMU driver,
 * in the PF's configuration space and for the PF's Routing ID. What that means
 * for requests with an SDI's Routing ID is not known to be specified, and an
 * SDI has no capability of its own. The IOMMU drivers therefore let SDIs send
 * only untranslated requests: a translation request is answered with an error
 * or blocked, and nobody would invalidate what a device had cached.
 *
 * So a driver whose device can translate for each SDI asks here, in
 * &pci_siov_ops.sdi_init and again in &pci_siov_ops.sdi_reset, and tells the
 * device not to where the answer is no, whatever &pci_dev.ats_enabled of the PF
 * says. A device on which ATS of the PF is for all SDIs or for none cannot have
 * both: its driver refuses to initialize SDIs while &pci_dev.ats_enabled is set,
 * and says that pci=noats helps.
 *
 * Return: false. It will be true for an SDI once the IOMMU's driver has turned
 * translation on for its Routing ID.
 */
static inline bool pci_sdi_may_translate(const struct pci_sdi *sdi)
{
	return false;
}

/* Interrupts, for drivers of SDIs: drivers/pci/sdi/msi.c */
#if defined(CONFIG_PCI_SIOV) && defined(CONFIG_PCI_MSI)
int pci_sdi_alloc_irqs(struct pci_sdi *sdi, unsigned int min, unsigned int max);
int pci_sdi_alloc_irqs_affinity(struct pci_sdi *sdi, unsigned int min,
				unsigned int max, struct irq_affinity *affd);
struct msi_map pci_sdi_alloc_irq_at(struct pci_sdi *sdi, unsigned int index,
				    const struct irq_affinity_desc *affdesc);
void pci_sdi_free_irq_at(struct pci_sdi *sdi, struct msi_map map);
void pci_sdi_free_irqs(struct pci_sdi *sdi);
int pci_sdi_irq_vector(struct pci_sdi *sdi, unsigned int idx);
#else
static inline int pci_sdi_alloc_irqs(struct pci_sdi *sdi, unsigned int min,
				     unsigned int max)
{
	return -ENODEV;
}

static inline int pci_sdi_alloc_irqs_affinity(struct pci_sdi *sdi,
					      unsigned int min,
					      unsigned int max,
					      struct irq_affinity *affd)
{
	return -ENODEV;
}

static inline struct msi_map
pci_sdi_alloc_irq_at(struct pci_sdi *sdi, unsigned int index,
		     const struct irq_affinity_desc *affdesc)
{
	return (struct msi_map) { .index = -ENODEV };
}

static inline void pci_sdi_free_irq_at(struct pci_sdi *sdi,
				       struct msi_map map) { }

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
