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

/**
 * enum pci_sdi_state - where an SDI is in its life
 * @PCI_SDI_NEW: it has an index; the device has not been told of it
 * @PCI_SDI_QUIET: the device has it, and it sends nothing
 * @PCI_SDI_RUNNING: it may do DMA, as its driver wants it to
 * @PCI_SDI_STUCK: the device has failed to stop it
 * @PCI_SDI_LOST: a reset of the PF has changed which Routing ID the device
 *	gives it. The PF's driver is only called to release it
 * @PCI_SDI_FROZEN: the PF does not answer for now; the SDI sends nothing
 * @PCI_SDI_FROZEN_RUNNING: the PF does not answer for now, and nobody has been
 *	able to stop the SDI before
 * @PCI_SDI_ORPHAN: destroyed while the PF did not answer. All that is left is to
 *	tell the PF's driver
 * @PCI_SDI_GONE: the device has it no more
 * @PCI_SDI_QUARANTINE: the same, but it may still send. Nobody gets its index or
 *	its Routing ID
 * @PCI_SDI_NR_STATES: how many there are
 *
 * What leads from one to another is in state.c, and drawn in
 * Documentation/PCI/siov-states.rst.
 */
enum pci_sdi_state {
	PCI_SDI_NEW,
	PCI_SDI_QUIET,
	PCI_SDI_RUNNING,
	PCI_SDI_STUCK,
	PCI_SDI_LOST,
	PCI_SDI_FROZEN,
	PCI_SDI_FROZEN_RUNNING,
	PCI_SDI_ORPHAN,
	PCI_SDI_GONE,
	PCI_SDI_QUARANTINE,
	PCI_SDI_NR_STATES
};

/**
 * enum pci_sdi_event - what happens to an SDI
 * @PCI_SDI_INIT: it is created
 * @PCI_SDI_PROBE: a driver is about to be bound
 * @PCI_SDI_MASTER_ON: its driver turns DMA on
 * @PCI_SDI_MASTER_OFF: its driver, or the core for it, turns DMA off
 * @PCI_SDI_RESET: its driver, its user or the administrator resets it
 * @PCI_SDI_MESSAGE: the interrupt core stores or masks a message
 * @PCI_SDI_FREEZE: its PF stops answering: reset, error, sleep, shutdown
 * @PCI_SDI_THAW: its PF is back and all SDIs were disabled
 * @PCI_SDI_THAW_UNSURE: its PF is back; whether SDIs were disabled is not known
 * @PCI_SDI_THAW_CHANGED: its PF is back with other Routing IDs
 * @PCI_SDI_RELEASE: it is destroyed, no driver is bound any more
 * @PCI_SDI_LEAVE: the same, and the PF's driver goes with it
 * @PCI_SDI_NR_EVENTS: how many there are
 */
enum pci_sdi_event {
	PCI_SDI_INIT,
	PCI_SDI_PROBE,
	PCI_SDI_MASTER_ON,
	PCI_SDI_MASTER_OFF,
	PCI_SDI_RESET,
	PCI_SDI_MESSAGE,
	PCI_SDI_FREEZE,
	PCI_SDI_THAW,
	PCI_SDI_THAW_UNSURE,
	PCI_SDI_THAW_CHANGED,
	PCI_SDI_RELEASE,
	PCI_SDI_LEAVE,
	PCI_SDI_NR_EVENTS
};

/**
 * enum pci_sdi_op - which operation of the PF's driver an event leads to
 * @PCI_SDI_OP_NONE: none
 * @PCI_SDI_OP_INIT: &pci_siov_ops.sdi_init
 * @PCI_SDI_OP_RELEASE: &pci_siov_ops.sdi_release
 * @PCI_SDI_OP_RESET: &pci_siov_ops.sdi_reset
 * @PCI_SDI_OP_MASTER: &pci_siov_ops.sdi_set_master
 * @PCI_SDI_OP_MESSAGE: &pci_siov_ops.msi_write and its kin; called by msi.c
 */
enum pci_sdi_op {
	PCI_SDI_OP_NONE,
	PCI_SDI_OP_INIT,
	PCI_SDI_OP_RELEASE,
	PCI_SDI_OP_RESET,
	PCI_SDI_OP_MASTER,
	PCI_SDI_OP_MESSAGE,
};

/**
 * struct pci_sdi_transition - what an event does to an SDI in some state
 * @op: operation of the PF's driver that is called
 * @error: the answer where @op is none, 0 or a negative number
 * @next: the state afterwards, if @op succeeds or is none; %PCI_SDI_NEW, which
 *	nothing leads back to, stands for the same state as before
 * @failed: the state afterwards if @op fails, likewise
 * @absent: the state afterwards if the PF is gone for good, and @op has failed or
 *	cannot fail, likewise
 */
struct pci_sdi_transition {
	enum pci_sdi_op op;
	int error;
	enum pci_sdi_state next;
	enum pci_sdi_state failed;
	enum pci_sdi_state absent;
};

/**
 * struct pci_sdi_core - what only the core knows of an SDI
 * @sdi: what everybody knows
 * @ops: the PF driver's; stay valid for as long as the SDI has an index
 * @notify_lock: protects @told, @wanted, @asleep, @cut_off, @seen and @resets, and
 *	is held over the calls of @told's notifications
 * @lock: protects @state and @irqs, and is held over @ops
 * @state: where the SDI is in its life. Changed by pci_sdi_event() alone
 * @may_hang: in %PCI_SDI_ORPHAN, nobody was able to stop it before; under @lock
 * @told: the driver that hears of resets and errors
 * @wanted: a driver is bound, or is in probe. While there is none the SDI is not
 *	brought back after a reset of its PF, but when one comes
 * @asleep: the machine is about to sleep, or sleeps. The SDI stays frozen until it
 *	wakes up, whatever happens to the PF
 * @cut_off: @told has heard of the error that has stopped the PF, and not yet of the
 *	reset that follows
 * @resets: how often the SDI was reset behind the back of its driver
 * @reset_error: how the last of these went
 * @seen: @resets when the driver's probe began
 * @irqs: the interrupt messages, see msi.c
 * @dma_mask: what &device.dma_mask points to
 * @dma_parms: what &device.dma_parms points to
 */
struct pci_sdi_core {
	struct pci_sdi sdi;
	const struct pci_siov_ops *ops;
	struct mutex notify_lock; /* see above */
	struct mutex lock; /* see above */
	enum pci_sdi_state state;
	bool may_hang;
	struct pci_sdi_driver *told;
	bool wanted;
	bool asleep;
	bool cut_off;
	unsigned int resets;
	int reset_error;
	unsigned int seen;
	struct pci_sdi_irqs *irqs;
	u64 dma_mask;
	struct device_dma_parameters dma_parms;
};

#define to_sdi_core(_sdi)	container_of_const(_sdi, struct pci_sdi_core, sdi)

/*
 * May an SDI in this state do DMA that nobody wants any more? A PCI function
 * can be stopped for sure by Bus Master Enable. An SDI has no such bit: it
 * depends on its device, and if that does not stop it the IOMMU has to block
 * it.
 */
static inline bool pci_sdi_may_send(enum pci_sdi_state state)
{
	switch (state) {
	case PCI_SDI_STUCK:
	case PCI_SDI_LOST:
	case PCI_SDI_FROZEN_RUNNING:
		return true;
	default:
		return false;
	}
}

static inline bool pci_sdi_is_frozen(const struct pci_sdi_core *core)
{
	enum pci_sdi_state state = READ_ONCE(core->state);

	return state == PCI_SDI_FROZEN || state == PCI_SDI_FROZEN_RUNNING;
}

/**
 * enum pci_siov_pf_state - what can be done with the SDIs of a PF
 * @PCI_SIOV_PF_NONE: no driver is bound that can have SDIs
 * @PCI_SIOV_PF_NONE_FROZEN: likewise, and the PF is being reset
 * @PCI_SIOV_PF_READY: SDIs can be created
 * @PCI_SIOV_PF_FROZEN: the PF does not answer for now
 * @PCI_SIOV_PF_LEAVING: the PF's driver goes, and waits for the last SDI to go
 * @PCI_SIOV_PF_SHUT: the machine, and maybe the PF's driver, is shut down
 * @PCI_SIOV_PF_NR_STATES: how many there are
 */
enum pci_siov_pf_state {
	PCI_SIOV_PF_NONE,
	PCI_SIOV_PF_NONE_FROZEN,
	PCI_SIOV_PF_READY,
	PCI_SIOV_PF_FROZEN,
	PCI_SIOV_PF_LEAVING,
	PCI_SIOV_PF_SHUT,
	PCI_SIOV_PF_NR_STATES
};

/**
 * enum pci_siov_pf_event - what happens to a PF
 * @PCI_SIOV_PF_ATTACH: a driver that can have SDIs is bound
 * @PCI_SIOV_PF_CREATE: somebody wants an SDI, or another Routing ID mode
 * @PCI_SIOV_PF_ALLOW: the driver is to be told of new Routing IDs
 * @PCI_SIOV_PF_FREEZE: the function stops answering
 * @PCI_SIOV_PF_THAW: it answers again
 * @PCI_SIOV_PF_SHUTDOWN: shutdown or kexec
 * @PCI_SIOV_PF_DETACH: the driver is about to go
 * @PCI_SIOV_PF_DETACHED: no SDI is left
 * @PCI_SIOV_PF_NR_EVENTS: how many there are
 */
enum pci_siov_pf_event {
	PCI_SIOV_PF_ATTACH,
	PCI_SIOV_PF_CREATE,
	PCI_SIOV_PF_ALLOW,
	PCI_SIOV_PF_FREEZE,
	PCI_SIOV_PF_THAW,
	PCI_SIOV_PF_SHUTDOWN,
	PCI_SIOV_PF_DETACH,
	PCI_SIOV_PF_DETACHED,
	PCI_SIOV_PF_NR_EVENTS
};

/**
 * struct pci_siov_pf_transition - what an event does to a PF in some state
 * @error: the answer, 0 or a negative number
 * @next: the state afterwards; the same as before if @error is not 0
 */
struct pci_siov_pf_transition {
	int error;
	enum pci_siov_pf_state next;
};

/* What an index is found by: XA_MARK_0 is the XArray's own */
#define PCI_SDI_LIVE	XA_MARK_1	/* can be found, not being destroyed */
#define PCI_SDI_DEFERRED XA_MARK_2	/* waits for its PF before a driver binds */

/* Why a PF does not answer. More than one of them may hold at a time */
#define PCI_SIOV_BY_CORE	BIT(0)	/* the PCI core resets it */
#define PCI_SIOV_BY_DRIVER	BIT(1)	/* its driver resets it */
#define PCI_SIOV_BY_SLEEP	BIT(2)	/* system sleep */
#define PCI_SIOV_BY_FAILURE	BIT(3)	/* recovery has failed; a reset ends it */

/* How many SDIs are brought back at a time, as the device may take long for one */
#define PCI_SIOV_THAW_WORKERS	8

/**
 * struct pci_siov_thaw - one of those who bring SDIs back
 * @work: what it does
 * @spf: the PF whose SDIs they are
 */
struct pci_siov_thaw {
	struct work_struct work;
	struct pci_siov_pf *spf;
};

/**
 * struct pci_siov_pf - the SDIs of one PF
 * @pf: the Physical Function
 * @bridge: the host bridge, with a reference
 * @lock: protects all below that names no other lock. Held for moments only:
 *	never while a driver is called or a user waited for
 * @reset_lock: one reset, error, shutdown or unbinding of the PF at a time
 * @state: what can be done with the SDIs. Changed by pci_siov_pf_event() alone
 * @ops: the bound PF driver's, NULL in %PCI_SIOV_PF_NONE
 * @refused: why the PF can have no SDIs, NULL if it can
 * @sdi: index to struct pci_sdi_core, or to a value entry (the Routing ID) where an
 *	SDI could not be stopped and must not be used before the PF is reset
 * @mmio: addresses that belong to SDIs (region.c); own lock
 * @idle: woken when @users drops, an SDI is gone, or @thawing is 0
 * @users: SDIs that exist in whatever state, and a change of the Routing ID
 *	mode. Each of them pins @ops
 * @users_map: tells lockdep of the wait for @users. Who creates or destroys an SDI
 *	has it for reading
 * @device_key: lockdep's class of device_lock() of the PF, while it has @ops
 * @generation: of the SDI that was created last
 * @frozen_by: why the PF does not answer, %PCI_SIOV_BY_*; under @reset_lock. It
 *	thaws when no reason is left
 * @answers: in %PCI_SIOV_PF_LEAVING, the function answered when its driver began to
 *	go
 * @autoprobe: bind drivers to new SDIs
 * @mode_change: the Routing ID mode is being changed
 * @params: what can be chosen when an SDI is created; the driver's, so under
 *	@lock if @ops is not NULL, or where an SDI exists
 * @nr_params: length of @params
 * @streams: IDE streams of the PF, which cover strided Routing IDs only
 * @stream_last: the last Routing ID that all of them cover, if there are any
 * @of_user: a user has the PF, see pci_siov_claim_for_user(); under device_lock() of
 *	the PF
 * @warned: the log says already that nothing isolates the SDIs
 * @allow_lock: keeps @allow and @nr_allow as they are while a Routing ID is taken
 *	from them or a new list is computed
 * @tell_lock: held over &pci_siov_ops.rid_allow, and with @allow_lock to change
 *	@allow and @nr_allow. For who cannot take @allow_lock
 * @allow: Routing IDs that SDIs may use in software assigned mode, else NULL
 * @nr_allow: spans in @allow
 * @allow_kept: some of @allow is there only because an SDI has it; under @allow_lock
 * @allow_work: computes @allow again after a change of the bus
 * @probe_work: binds drivers to SDIs whose probe had to wait for the PF
 * @thaw: those who bring SDIs back after a reset
 * @thaw_next: index of the SDI that the next of them takes
 * @thawing: how many of them are at work
 * @software_node: in the list of PFs in software assigned mode
 *
 * Lock order, outermost first:
 *
 *   device_lock() of the PF (reset, unbind)
 *     pci_siov_pf.reset_lock (also held from the begin to the end of a reset
 *     that the PF's driver does itself)
 *     pci_sdi_core.notify_lock (notifications of one SDI's driver)
 *       pci_sdi_core.lock (operations of one SDI)
 *     pci_siov_pf.allow_lock
 *       pci_siov_pf.lock
 *       pci_bus_sem, xa_lock of the claims
 *       pci_siov_pf.tell_lock
 *
 * @tell_lock is there for the end of a reset, that must not wait for a list which
 * is being computed.
 *
 * device_lock() of an SDI and everything that its removal waits for (the user
 * of a VFIO file descriptor, an attribute being read) nest inside nothing but
 * the device_lock() of the PF. So nothing that such a user can reach takes the
 * PF's device_lock(): the state of an SDI locks operations out during a reset
 * instead, and unbinding waits for @users.
 *
 * The driver core turns off lockdep's checks of device_lock(), as devices nest
 * in too many ways. SDIs and their PFs nest in one way only, so their locks
 * have classes of their own. Each PF has its own class, as a reset of a bus
 * locks all functions on it.
 */
struct pci_siov_pf {
	struct pci_dev *pf;
	struct pci_host_bridge *bridge;
	struct mutex lock; /* see above */
	struct mutex reset_lock; /* see above */
	enum pci_siov_pf_state state;
	const struct pci_siov_ops *ops;
	const char *refused;
	struct xarray sdi;
	struct maple_tree mmio;
	wait_queue_head_t idle;
	unsigned int users;
	struct lockdep_map users_map;
	struct lock_class_key device_key;
	const struct pci_sdi_param *params;
	unsigned int nr_params;
	unsigned int streams;
	u32 stream_last;
	u64 generation;
	bool answers;
	bool autoprobe;
	unsigned int frozen_by;
	bool mode_change;
	bool of_user;
	bool warned;

	struct mutex allow_lock; /* see above */
	struct mutex tell_lock; /* see above */
	struct pci_rid_span *allow;
	unsigned int nr_allow;
	bool allow_kept;
	struct work_struct allow_work;
	struct work_struct probe_work;
	struct pci_siov_thaw thaw[PCI_SIOV_THAW_WORKERS];
	unsigned long thaw_next;
	atomic_t thawing;
	struct list_head software_node;
};

static inline struct pci_siov_pf *pci_siov_pf(const struct pci_dev *pf)
{
	return pf->siov ? pf->siov->spf : NULL;
}

/* Is a reset under way, and not only sleep? */
static inline bool pci_siov_is_being_reset(const struct pci_siov_pf *spf)
{
	return READ_ONCE(spf->frozen_by) &
	       (PCI_SIOV_BY_CORE | PCI_SIOV_BY_DRIVER);
}

/* pf.c */
bool pci_sdis_stream_covers(struct pci_siov_pf *spf, u32 rid);

/* thaw.c */
void pci_siov_thaw_init(struct pci_siov_pf *spf);
void pci_siov_thaw_sdis(struct pci_siov_pf *spf);
void pci_siov_thaw_end(struct pci_siov_pf *spf);
enum pci_sdi_event pci_sdi_thaw_event(const struct pci_sdi_core *core);

/* claim.c */
int pci_sdi_claim_rid(struct pci_sdi *sdi, u32 rid, bool quiet);
int pci_sdi_claim_rid_between(struct pci_sdi *sdi, u32 first, u32 last);
void pci_sdi_release_rid(struct pci_sdi *sdi);
void pci_sdi_quarantine_rid(struct pci_sdi *sdi);
int pci_rid_check_left_over(struct pci_dev *pf);
bool pci_rid_claimed_by(const struct pci_dev *pf, u16 rid);
bool pci_rid_in_quarantine(struct pci_host_bridge *bridge, u16 pf);
bool pci_rid_quarantine_is_lost(struct pci_host_bridge *bridge);
void pci_rid_end_quarantine(struct pci_host_bridge *bridge, u16 pf);
const char *pci_rid_name(const struct pci_dev *pf, u16 rid,
			 char name[PCI_RID_NAME_LEN]);

/* allow.c */
void pci_siov_allow_init(struct pci_siov_pf *spf);
void pci_siov_allow_end(struct pci_siov_pf *spf, bool answers);
void pci_siov_allow_sync(struct pci_siov_pf *spf);
void pci_siov_allow_renew(struct pci_siov_pf *spf);
void pci_siov_allow_release(struct pci_siov_pf *spf);
void pci_siov_allow_restore(struct pci_siov_pf *spf);
int pci_siov_allowlist(struct pci_dev *pf, struct pci_rid_span **spans);
int pci_siov_set_rid_mode(struct pci_dev *pf, enum pci_siov_rid_mode mode);
int pci_sdi_claim_allowed_rid(struct pci_sdi *sdi, u32 rid);

/* core.c */
int pci_sdi_delete(struct pci_dev *pf, u32 index);
bool pci_sdi_condemn(struct pci_sdi_core *core);
void __pci_sdi_destroy(struct pci_sdi_core *core);
void pci_sdi_finish(struct pci_sdi_core *core);
struct pci_sdi_core *pci_sdi_find(struct pci_siov_pf *spf, unsigned long *index);
void pci_sdi_cache_init(void);

/* bus.c */
void pci_sdi_probe_deferred(struct work_struct *work);

/* ops.c */
int pci_sdi_reset_bound(struct pci_sdi *sdi);
void pci_sdi_cut_off(struct pci_sdi_core *core, pci_channel_state_t error);
void pci_sdi_freeze(struct pci_sdi_core *core, bool answers);
void pci_sdi_thaw(struct pci_sdi_core *core);
void pci_sdi_bring_back(struct pci_sdi_core *core);
void pci_sdi_sleep(struct pci_sdi_core *core);
void pci_sdi_wake(struct pci_sdi_core *core);
void pci_sdi_notify_request(struct pci_sdi_core *core);
void pci_sdi_notify_error(struct pci_sdi_core *core, pci_channel_state_t state);

/* state.c */
extern const struct pci_sdi_transition
pci_sdi_transitions[PCI_SDI_NR_STATES][PCI_SDI_NR_EVENTS];
extern const struct pci_siov_pf_transition
pci_siov_pf_transitions[PCI_SIOV_PF_NR_STATES][PCI_SIOV_PF_NR_EVENTS];
int pci_sdi_event(struct pci_sdi_core *core, enum pci_sdi_event event);
int pci_sdi_check(const struct pci_sdi_core *core, enum pci_sdi_event event);
bool pci_sdi_reachable(const struct pci_sdi_core *core);
int pci_siov_pf_event(struct pci_siov_pf *spf, enum pci_siov_pf_event event);
int pci_siov_pf_check(const struct pci_siov_pf *spf,
		      enum pci_siov_pf_event event);

/* params.c */
int pci_siov_attach_params(struct pci_siov_pf *spf,
			   const struct pci_siov_ops *ops);
int pci_sdi_take_params(struct pci_sdi *sdi,
			const struct pci_sdi_params *params);
int pci_sdi_parse_param(struct pci_dev *pf, const char *name, const char *value,
			struct pci_sdi_params *params);
extern struct device_attribute pci_siov_attr_sdi_params;
extern const struct attribute_group pci_sdi_params_group;

/* region.c */
int pci_sdi_claim_regions(struct pci_sdi *sdi);
void pci_sdi_release_regions(struct pci_sdi *sdi);
int pci_siov_reserve_msix(struct pci_siov_pf *spf);
void pci_siov_release_msix(struct pci_siov_pf *spf);

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
