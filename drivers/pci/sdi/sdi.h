/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scalable Device Interfaces (SDIs): what the files of this
 * directory share
 */

#ifndef DRIVERS_PCI_SDI_SDI_H
#define DRIVERS_PCI_SDI_SDI_H

#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>
#include <linux/pci-siov.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

/* "ffffffff:00:00.0": VMD and Hyper-V have domains past ffff */
#define PCI_RID_NAME_LEN	17

/* "pci_sdi:v0000d0000sv0000sd0000c00000000" */
#define PCI_SDI_MODALIAS_LEN	40

/* How an SDI's life goes; under &pci_sdis.lock */
enum pci_sdi_state {
	PCI_SDI_CREATING,
	PCI_SDI_LIVE,
	PCI_SDI_DYING,
	PCI_SDI_GONE,
};

/**
 * struct pci_sdis - the SDIs of one PF
 * @pf: the Physical Function
 * @bridge: the host bridge, with a reference
 * @lock: protects all below that names no other lock. Held for moments only:
 *	never while a driver is called or a user waited for
 * @ops: the bound PF driver's; NULL while no SDI can be created
 * @refused: why the PF can have no SDIs, NULL if it can
 * @sdi: index to struct pci_sdi, or to a value entry (the Routing ID) where an
 *	SDI could not be stopped and must not be used before the PF is reset
 * @mmio: page frame numbers that belong to an SDI; own lock
 * @idle: woken when @users drops or an SDI is gone
 * @users: SDIs that exist in whatever state, each of which pins @ops
 * @generation: of the SDI that was created last
 * @autoprobe: bind drivers to new SDIs
 * @frozen: the PF is being reset
 * @mode_change: the Routing ID mode is being changed
 * @streams: IDE streams of the PF, which cover strided Routing IDs only
 * @stream_last: the last Routing ID that all of them cover, if there are any
 * @warned: the log says already that nothing isolates the SDIs
 * @allow_lock: keeps @allow and @nr_allow as they are while a Routing ID is taken
 *	from them or a new list is computed
 * @tell_lock: held over &pci_siov_ops.rid_allow, and with @allow_lock to change
 *	@allow and @nr_allow. For who cannot take @allow_lock
 * @allow: Routing IDs that SDIs may use in software assigned mode, else NULL
 * @nr_allow: spans in @allow
 * @allow_work: computes @allow again after a change of the bus
 * @software_node: in the list of PFs in software assigned mode
 *
 * Lock order, outermost first:
 *
 *   device_lock() of the PF (reset, unbind)
 *     pci_sdi.notify_lock (notifications of one SDI's driver)
 *       pci_sdi.lock (operations of one SDI)
 *     pci_sdis.allow_lock
 *       pci_sdis.lock
 *       pci_bus_sem, xa_lock of the claims
 *       pci_sdis.tell_lock
 *
 * Recovery from an error (pcie_do_recovery()) calls with pci_bus_sem held, and
 * takes device_lock() of the PF under it. So what it reaches, notifications and
 * operations of SDIs and the restoring of the allowlist, takes none of the locks
 * that are held over pci_bus_sem: it has tell_lock and not allow_lock.
 *
 * device_lock() of an SDI and everything that its removal waits for (the user
 * of a VFIO file descriptor, an attribute being read) nest inside nothing but
 * the device_lock() of the PF. So nothing that such a user can reach takes the
 * PF's device_lock(): operations are locked out during a reset by
 * pci_sdi.frozen instead, and unbinding waits for @users.
 */
struct pci_sdis {
	struct pci_dev *pf;
	struct pci_host_bridge *bridge;
	struct mutex lock; /* see above */
	const struct pci_siov_ops *ops;
	const char *refused;
	struct xarray sdi;
	struct maple_tree mmio;
	wait_queue_head_t idle;
	unsigned int users;
	unsigned int streams;
	u32 stream_last;
	u64 generation;
	bool autoprobe;
	bool frozen;
	bool mode_change;
	bool warned;

	struct mutex allow_lock; /* see above */
	struct mutex tell_lock; /* see above */
	struct pci_rid_span *allow;
	unsigned int nr_allow;
	struct work_struct allow_work;
	struct list_head software_node;
};

static inline struct pci_sdis *pci_sdis(const struct pci_dev *pf)
{
	return pf->siov ? pf->siov->sdis : NULL;
}

/* pf.c */
bool pci_sdis_stream_covers(struct pci_sdis *sdis, u32 rid);

/* claim.c */
int pci_sdi_claim_rid(struct pci_sdi *sdi, u32 rid, bool quiet);
int pci_sdi_claim_rid_between(struct pci_sdi *sdi, u32 first, u32 last);
void pci_sdi_release_rid(struct pci_sdi *sdi);
void pci_sdi_quarantine_rid(struct pci_sdi *sdi);
int pci_rid_check_left_over(struct pci_dev *pf);
void pci_rid_release_quarantine(struct pci_dev *pf, u16 rid);
const char *pci_rid_name(const struct pci_dev *pf, u16 rid,
			 char name[PCI_RID_NAME_LEN]);

/* allow.c */
void pci_siov_allow_init(struct pci_sdis *sdis);
void pci_siov_allow_end(struct pci_sdis *sdis);
void pci_siov_allow_restore(struct pci_sdis *sdis);
int pci_siov_allowlist(struct pci_dev *pf, struct pci_rid_span **spans);
int pci_siov_set_rid_mode(struct pci_dev *pf, enum pci_siov_rid_mode mode);
int pci_sdi_claim_allowed_rid(struct pci_sdi *sdi, u32 rid);

/* core.c */
int pci_sdi_delete(struct pci_dev *pf, u32 index);
bool pci_sdi_condemn(struct pci_sdi *sdi);
void __pci_sdi_destroy(struct pci_sdi *sdi);
struct pci_sdi *pci_sdi_find(struct pci_sdis *sdis, unsigned long *index);
void pci_sdi_cache_init(void);

/* ops.c */
int pci_sdi_reset_bound(struct pci_sdi *sdi);
int __pci_sdi_reset(struct pci_sdi *sdi);
void pci_sdi_freeze(struct pci_sdi *sdi);
void pci_sdi_thaw(struct pci_sdi *sdi);

/* sysfs.c */
extern const struct attribute_group *pci_sdi_dev_groups[];
extern struct device_attribute pci_siov_attr_rid_mode;
extern struct device_attribute pci_siov_attr_drivers_autoprobe;
extern struct device_attribute pci_siov_attr_sdi_new;
extern struct device_attribute pci_siov_attr_sdi_delete;
extern const struct bin_attribute pci_siov_attr_rid_allowlist;
const char *pci_sdi_modalias(const struct pci_sdi *sdi,
			     char modalias[PCI_SDI_MODALIAS_LEN]);

#endif /* DRIVERS_PCI_SDI_SDI_H */
