// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces (SDIs): the state machine of an SDI, and that of
 * its PF
 *
 * The two tables have an entry for each event in each state, and only the
 * functions that read them change a state. The tables also say whether the PF's
 * driver may be called: never while its function cannot answer. There is one
 * exception. If the PF's driver is unbound while its function does not answer,
 * sdi_release is still called for each SDI, to free what the driver keeps for
 * it. The driver's remove function, called right after that, finds the function
 * in the same condition.
 *
 * Documentation/PCI/siov-states.rst draws both.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/lockdep.h>
#include <linux/pci.h>

#include "../pci.h"
#include "sdi.h"

/* Nothing is called: refuse, leave alone, or go to another state */
#define REFUSE(_error)		{ .error = (_error) }
#define IGNORE			{ }
#define GO(_next)		{ .next = PCI_SDI_##_next }
#define GO_ERROR(_next, _error)	{ .next = PCI_SDI_##_next, .error = (_error) }

/* An operation is called, and tells where to go */
#define CALL(_op)		{ .op = PCI_SDI_OP_##_op }
#define CALL_GO(_op, _next, _failed) {					\
	.op = PCI_SDI_OP_##_op,						\
	.next = PCI_SDI_##_next,					\
	.failed = PCI_SDI_##_failed,					\
}

/* A device that is gone sends nothing, whatever its driver could do */
#define STOP_IT {							\
	.op = PCI_SDI_OP_MASTER,					\
	.next = PCI_SDI_QUIET,						\
	.failed = PCI_SDI_STUCK,					\
	.absent = PCI_SDI_QUIET,					\
}

#define RESET_IT {							\
	.op = PCI_SDI_OP_RESET,						\
	.next = PCI_SDI_QUIET,						\
	.failed = PCI_SDI_STUCK,					\
	.absent = PCI_SDI_QUIET,					\
}

#define RELEASE_IT		CALL_GO(RELEASE, GONE, GONE)

#define RELEASE_UNSURE {						\
	.op = PCI_SDI_OP_RELEASE,					\
	.next = PCI_SDI_QUARANTINE,					\
	.failed = PCI_SDI_QUARANTINE,					\
	.absent = PCI_SDI_GONE,						\
}

const struct pci_sdi_transition
pci_sdi_transitions[PCI_SDI_NR_STATES][PCI_SDI_NR_EVENTS] = {
	/* A reset that comes before the device knows it ends its creation */
	[PCI_SDI_NEW] = {
		[PCI_SDI_INIT]		= CALL_GO(INIT, QUIET, GONE),
		[PCI_SDI_PROBE]		= REFUSE(-ENODEV),
		[PCI_SDI_MASTER_ON]	= REFUSE(-ENODEV),
		[PCI_SDI_MASTER_OFF]	= REFUSE(-ENODEV),
		[PCI_SDI_RESET]		= REFUSE(-ENODEV),
		[PCI_SDI_MESSAGE]	= REFUSE(-ENODEV),
		[PCI_SDI_FREEZE]	= GO(GONE),
		[PCI_SDI_THAW]		= IGNORE,
		[PCI_SDI_THAW_UNSURE]	= IGNORE,
		[PCI_SDI_THAW_CHANGED]	= IGNORE,
		[PCI_SDI_RELEASE]	= GO(GONE),
		[PCI_SDI_LEAVE]		= GO(GONE),
	},
	[PCI_SDI_QUIET] = {
		[PCI_SDI_INIT]		= REFUSE(-EINVAL),
		[PCI_SDI_PROBE]		= IGNORE,
		[PCI_SDI_MASTER_ON]	= CALL_GO(MASTER, RUNNING, QUIET),
		[PCI_SDI_MASTER_OFF]	= CALL(MASTER),
		[PCI_SDI_RESET]		= RESET_IT,
		[PCI_SDI_MESSAGE]	= CALL(MESSAGE),
		[PCI_SDI_FREEZE]	= GO(FROZEN),
		[PCI_SDI_THAW]		= IGNORE,
		[PCI_SDI_THAW_UNSURE]	= IGNORE,
		[PCI_SDI_THAW_CHANGED]	= IGNORE,
		[PCI_SDI_RELEASE]	= RELEASE_IT,
		[PCI_SDI_LEAVE]		= RELEASE_IT,
	},
	[PCI_SDI_RUNNING] = {
		[PCI_SDI_INIT]		= REFUSE(-EINVAL),
		[PCI_SDI_PROBE]		= REFUSE(-EIO),
		[PCI_SDI_MASTER_ON]	= CALL(MASTER),
		[PCI_SDI_MASTER_OFF]	= STOP_IT,
		[PCI_SDI_RESET]		= RESET_IT,
		[PCI_SDI_MESSAGE]	= CALL(MESSAGE),
		[PCI_SDI_FREEZE]	= GO(FROZEN_RUNNING),
		[PCI_SDI_THAW]		= IGNORE,
		[PCI_SDI_THAW_UNSURE]	= IGNORE,
		[PCI_SDI_THAW_CHANGED]	= IGNORE,
		[PCI_SDI_RELEASE]	= RELEASE_UNSURE,
		[PCI_SDI_LEAVE]		= RELEASE_UNSURE,
	},
	[PCI_SDI_STUCK] = {
		[PCI_SDI_INIT]		= REFUSE(-EINVAL),
		[PCI_SDI_PROBE]		= REFUSE(-EIO),
		[PCI_SDI_MASTER_ON]	= REFUSE(-EIO),
		[PCI_SDI_MASTER_OFF]	= CALL(MASTER),
		[PCI_SDI_RESET]		= RESET_IT,
		[PCI_SDI_MESSAGE]	= CALL(MESSAGE),
		[PCI_SDI_FREEZE]	= GO(FROZEN_RUNNING),
		[PCI_SDI_THAW]		= IGNORE,
		[PCI_SDI_THAW_UNSURE]	= IGNORE,
		[PCI_SDI_THAW_CHANGED]	= IGNORE,
		[PCI_SDI_RELEASE]	= RELEASE_UNSURE,
		[PCI_SDI_LEAVE]		= RELEASE_UNSURE,
	},
	/* The Routing ID that a reset would bring back may be another's */
	[PCI_SDI_LOST] = {
		[PCI_SDI_INIT]		= REFUSE(-EINVAL),
		[PCI_SDI_PROBE]		= REFUSE(-EIO),
		[PCI_SDI_MASTER_ON]	= REFUSE(-EIO),
		[PCI_SDI_MASTER_OFF]	= IGNORE,
		[PCI_SDI_RESET]		= REFUSE(-EIO),
		[PCI_SDI_MESSAGE]	= REFUSE(-EIO),
		[PCI_SDI_FREEZE]	= GO(FROZEN_RUNNING),
		[PCI_SDI_THAW]		= IGNORE,
		[PCI_SDI_THAW_UNSURE]	= IGNORE,
		[PCI_SDI_THAW_CHANGED]	= IGNORE,
		[PCI_SDI_RELEASE]	= RELEASE_UNSURE,
		[PCI_SDI_LEAVE]		= RELEASE_UNSURE,
	},
	[PCI_SDI_FROZEN] = {
		[PCI_SDI_INIT]		= REFUSE(-EINVAL),
		[PCI_SDI_PROBE]		= REFUSE(-EPROBE_DEFER),
		[PCI_SDI_MASTER_ON]	= REFUSE(-EAGAIN),
		[PCI_SDI_MASTER_OFF]	= IGNORE,
		[PCI_SDI_RESET]		= REFUSE(-EAGAIN),
		[PCI_SDI_MESSAGE]	= REFUSE(-EAGAIN),
		[PCI_SDI_FREEZE]	= IGNORE,
		[PCI_SDI_THAW]		= RESET_IT,
		[PCI_SDI_THAW_UNSURE]	= RESET_IT,
		[PCI_SDI_THAW_CHANGED]	= GO_ERROR(LOST, -ENXIO),
		[PCI_SDI_RELEASE]	= GO(ORPHAN),
		[PCI_SDI_LEAVE]		= RELEASE_UNSURE,
	},
	[PCI_SDI_FROZEN_RUNNING] = {
		[PCI_SDI_INIT]		= REFUSE(-EINVAL),
		[PCI_SDI_PROBE]		= REFUSE(-EPROBE_DEFER),
		[PCI_SDI_MASTER_ON]	= REFUSE(-EAGAIN),
		[PCI_SDI_MASTER_OFF]	= IGNORE,
		[PCI_SDI_RESET]		= REFUSE(-EAGAIN),
		[PCI_SDI_MESSAGE]	= REFUSE(-EAGAIN),
		[PCI_SDI_FREEZE]	= IGNORE,
		[PCI_SDI_THAW]		= RESET_IT,
		[PCI_SDI_THAW_UNSURE]	= RESET_IT,
		[PCI_SDI_THAW_CHANGED]	= GO_ERROR(LOST, -ENXIO),
		[PCI_SDI_RELEASE]	= GO(ORPHAN),
		[PCI_SDI_LEAVE]		= RELEASE_UNSURE,
	},
	/* Only the PF's driver still knows the SDI */
	[PCI_SDI_ORPHAN] = {
		[PCI_SDI_INIT]		= REFUSE(-EINVAL),
		[PCI_SDI_PROBE]		= REFUSE(-ENODEV),
		[PCI_SDI_MASTER_ON]	= REFUSE(-ENODEV),
		[PCI_SDI_MASTER_OFF]	= REFUSE(-ENODEV),
		[PCI_SDI_RESET]		= REFUSE(-ENODEV),
		[PCI_SDI_MESSAGE]	= REFUSE(-ENODEV),
		[PCI_SDI_FREEZE]	= IGNORE,
		[PCI_SDI_THAW]		= RELEASE_IT,
		[PCI_SDI_THAW_UNSURE]	= RELEASE_UNSURE,
		[PCI_SDI_THAW_CHANGED]	= RELEASE_UNSURE,
		[PCI_SDI_RELEASE]	= REFUSE(-EINVAL),
		[PCI_SDI_LEAVE]		= RELEASE_UNSURE,
	},
	[PCI_SDI_GONE] = {
		[PCI_SDI_INIT]		= REFUSE(-EAGAIN),
		[PCI_SDI_PROBE]		= REFUSE(-ENODEV),
		[PCI_SDI_MASTER_ON]	= REFUSE(-ENODEV),
		[PCI_SDI_MASTER_OFF]	= REFUSE(-ENODEV),
		[PCI_SDI_RESET]		= REFUSE(-ENODEV),
		[PCI_SDI_MESSAGE]	= REFUSE(-ENODEV),
		[PCI_SDI_FREEZE]	= IGNORE,
		[PCI_SDI_THAW]		= IGNORE,
		[PCI_SDI_THAW_UNSURE]	= IGNORE,
		[PCI_SDI_THAW_CHANGED]	= IGNORE,
		[PCI_SDI_RELEASE]	= IGNORE,
		[PCI_SDI_LEAVE]		= IGNORE,
	},
	[PCI_SDI_QUARANTINE] = {
		[PCI_SDI_INIT]		= REFUSE(-EAGAIN),
		[PCI_SDI_PROBE]		= REFUSE(-ENODEV),
		[PCI_SDI_MASTER_ON]	= REFUSE(-ENODEV),
		[PCI_SDI_MASTER_OFF]	= REFUSE(-ENODEV),
		[PCI_SDI_RESET]		= REFUSE(-ENODEV),
		[PCI_SDI_MESSAGE]	= REFUSE(-ENODEV),
		[PCI_SDI_FREEZE]	= IGNORE,
		[PCI_SDI_THAW]		= IGNORE,
		[PCI_SDI_THAW_UNSURE]	= IGNORE,
		[PCI_SDI_THAW_CHANGED]	= IGNORE,
		[PCI_SDI_RELEASE]	= IGNORE,
		[PCI_SDI_LEAVE]		= IGNORE,
	},
};

#define PF_STAY(_state)		{ .next = PCI_SIOV_PF_##_state }
#define PF_GO(_state)		{ .next = PCI_SIOV_PF_##_state }
#define PF_REFUSE(_error)	{ .error = (_error) }

const struct pci_siov_pf_transition
pci_siov_pf_transitions[PCI_SIOV_PF_NR_STATES][PCI_SIOV_PF_NR_EVENTS] = {
	[PCI_SIOV_PF_NONE] = {
		[PCI_SIOV_PF_ATTACH]	= PF_GO(READY),
		[PCI_SIOV_PF_CREATE]	= PF_REFUSE(-ENODEV),
		[PCI_SIOV_PF_ALLOW]	= PF_REFUSE(-ENODEV),
		[PCI_SIOV_PF_FREEZE]	= PF_GO(NONE_FROZEN),
		[PCI_SIOV_PF_THAW]	= PF_REFUSE(-EINVAL),
		[PCI_SIOV_PF_SHUTDOWN]	= PF_REFUSE(-ENODEV),
		[PCI_SIOV_PF_DETACH]	= PF_REFUSE(-ENODEV),
		[PCI_SIOV_PF_DETACHED]	= PF_REFUSE(-EINVAL),
	},
	/* If the driver's probe has succeeded, its function answers */
	[PCI_SIOV_PF_NONE_FROZEN] = {
		[PCI_SIOV_PF_ATTACH]	= PF_GO(READY),
		[PCI_SIOV_PF_CREATE]	= PF_REFUSE(-ENODEV),
		[PCI_SIOV_PF_ALLOW]	= PF_REFUSE(-ENODEV),
		[PCI_SIOV_PF_FREEZE]	= PF_STAY(NONE_FROZEN),
		[PCI_SIOV_PF_THAW]	= PF_GO(NONE),
		[PCI_SIOV_PF_SHUTDOWN]	= PF_REFUSE(-ENODEV),
		[PCI_SIOV_PF_DETACH]	= PF_REFUSE(-ENODEV),
		[PCI_SIOV_PF_DETACHED]	= PF_REFUSE(-EINVAL),
	},
	[PCI_SIOV_PF_READY] = {
		[PCI_SIOV_PF_ATTACH]	= PF_REFUSE(-EINVAL),
		[PCI_SIOV_PF_CREATE]	= PF_STAY(READY),
		[PCI_SIOV_PF_ALLOW]	= PF_STAY(READY),
		[PCI_SIOV_PF_FREEZE]	= PF_GO(FROZEN),
		[PCI_SIOV_PF_THAW]	= PF_REFUSE(-EINVAL),
		[PCI_SIOV_PF_SHUTDOWN]	= PF_GO(SHUT),
		[PCI_SIOV_PF_DETACH]	= PF_GO(LEAVING),
		[PCI_SIOV_PF_DETACHED]	= PF_REFUSE(-EINVAL),
	},
	[PCI_SIOV_PF_FROZEN] = {
		[PCI_SIOV_PF_ATTACH]	= PF_REFUSE(-EINVAL),
		[PCI_SIOV_PF_CREATE]	= PF_REFUSE(-EAGAIN),
		[PCI_SIOV_PF_ALLOW]	= PF_REFUSE(-EAGAIN),
		[PCI_SIOV_PF_FREEZE]	= PF_STAY(FROZEN),
		[PCI_SIOV_PF_THAW]	= PF_GO(READY),
		[PCI_SIOV_PF_SHUTDOWN]	= PF_GO(SHUT),
		[PCI_SIOV_PF_DETACH]	= PF_GO(LEAVING),
		[PCI_SIOV_PF_DETACHED]	= PF_REFUSE(-EINVAL),
	},
	[PCI_SIOV_PF_LEAVING] = {
		[PCI_SIOV_PF_ATTACH]	= PF_REFUSE(-EINVAL),
		[PCI_SIOV_PF_CREATE]	= PF_REFUSE(-ENODEV),
		[PCI_SIOV_PF_ALLOW]	= PF_REFUSE(-ENODEV),
		[PCI_SIOV_PF_FREEZE]	= PF_REFUSE(-EINVAL),
		[PCI_SIOV_PF_THAW]	= PF_REFUSE(-EINVAL),
		[PCI_SIOV_PF_SHUTDOWN]	= PF_REFUSE(-EINVAL),
		[PCI_SIOV_PF_DETACH]	= PF_REFUSE(-EINVAL),
		[PCI_SIOV_PF_DETACHED]	= PF_GO(NONE),
	},
	[PCI_SIOV_PF_SHUT] = {
		[PCI_SIOV_PF_ATTACH]	= PF_REFUSE(-EINVAL),
		[PCI_SIOV_PF_CREATE]	= PF_REFUSE(-ENODEV),
		[PCI_SIOV_PF_ALLOW]	= PF_REFUSE(-ENODEV),
		[PCI_SIOV_PF_FREEZE]	= PF_STAY(SHUT),
		[PCI_SIOV_PF_THAW]	= PF_REFUSE(-EINVAL),
		[PCI_SIOV_PF_SHUTDOWN]	= PF_STAY(SHUT),
		[PCI_SIOV_PF_DETACH]	= PF_GO(LEAVING),
		[PCI_SIOV_PF_DETACHED]	= PF_REFUSE(-EINVAL),
	},
};

static int call_op(struct pci_sdi_core *core, enum pci_sdi_op op,
		   enum pci_sdi_event event)
{
	switch (op) {
	case PCI_SDI_OP_INIT:
		return core->ops->sdi_init(&core->sdi);
	case PCI_SDI_OP_RELEASE:
		core->ops->sdi_release(&core->sdi);
		return 0;
	case PCI_SDI_OP_RESET:
		return core->ops->sdi_reset(&core->sdi);
	case PCI_SDI_OP_MASTER:
		return core->ops->sdi_set_master(&core->sdi,
						 event == PCI_SDI_MASTER_ON);
	default:
		return 0;
	}
}

/* Where @t leads to, now that its operation has returned @ret */
static enum pci_sdi_state next_state(const struct pci_sdi_core *core,
				     const struct pci_sdi_transition *t, int ret)
{
	if (t->absent && pci_dev_is_disconnected(core->sdi.pf) &&
	    (ret || t->op == PCI_SDI_OP_RELEASE))
		return t->absent;

	return ret && t->op ? t->failed : t->next;
}

static int set_state(struct pci_sdi_core *core, enum pci_sdi_state next)
{
	struct device *dev = &core->sdi.dev;
	bool before = pci_sdi_may_send(core->state);
	int ret;

	WRITE_ONCE(core->state, next);
	if (pci_sdi_may_send(next)) {
		/* Again where it failed before */
		ret = iommu_device_block(dev);
		if (ret)
			dev_err_ratelimited(dev,
					    "the IOMMU could not block this SDI: %d; reset %s to stop its DMA\n",
					    ret, pci_name(core->sdi.pf));
		return 0;
	}

	if (!before)
		return 0;
	ret = iommu_device_unblock(dev);
	if (!ret)
		return 0;

	/* It is of no use before the next reset tries again */
	dev_err_ratelimited(dev,
			    "the IOMMU could not unblock this SDI: %d; reset the SDI to try again\n",
			    ret);
	if (next == PCI_SDI_QUIET)
		WRITE_ONCE(core->state, PCI_SDI_STUCK);
	return ret;
}

/**
 * pci_sdi_event() - Let something happen to an SDI
 * @core: the SDI
 * @event: what happens
 *
 * Calls the PF's driver where the table says so. As long as the SDI may send what
 * nobody wants, the IOMMU keeps it from memory.
 *
 * Context: &pci_sdi_core.lock is held; sleeps.
 *
 * Return: 0, the error of the PF's driver, or the table's if it is not called; or
 * the IOMMU's, if it goes on to block an SDI that was reset.
 */
int pci_sdi_event(struct pci_sdi_core *core, enum pci_sdi_event event)
{
	const struct pci_sdi_transition *t =
		&pci_sdi_transitions[core->state][event];
	enum pci_sdi_state next;
	int ret = t->error, blocked = 0;

	lockdep_assert_held(&core->lock);

	if (t->op)
		ret = call_op(core, t->op, event);

	next = next_state(core, t, ret);
	if (next != PCI_SDI_NEW)
		blocked = set_state(core, next);

	return ret ?: blocked;
}

/**
 * pci_sdi_check() - Find out what an event would lead to
 * @core: the SDI
 * @event: what may happen
 *
 * Context: any. Unless &pci_sdi_core.lock is held it may not be so any more.
 *
 * Return: 0 if it is possible, or the error of the table.
 */
int pci_sdi_check(const struct pci_sdi_core *core, enum pci_sdi_event event)
{
	return pci_sdi_transitions[READ_ONCE(core->state)][event].error;
}

/**
 * pci_sdi_reachable() - May the interrupt messages of an SDI be touched?
 * @core: the SDI
 *
 * Context: a lock of the caller is held, that pci_sdi_sync_irqs() takes.
 *
 * Return: true if the PF's driver may be called for them.
 */
bool pci_sdi_reachable(const struct pci_sdi_core *core)
{
	return !pci_sdi_check(core, PCI_SDI_MESSAGE) &&
	       !pci_dev_is_disconnected(core->sdi.pf);
}

/**
 * pci_siov_pf_check() - Find out what an event would lead to
 * @spf: the PF
 * @event: what may happen
 *
 * Return: 0 if it is possible, or the error of the table.
 */
int pci_siov_pf_check(const struct pci_siov_pf *spf,
		      enum pci_siov_pf_event event)
{
	return pci_siov_pf_transitions[READ_ONCE(spf->state)][event].error;
}

/**
 * pci_siov_pf_event() - Let something happen to a PF
 * @spf: the PF
 * @event: what happens
 *
 * Context: &pci_siov_pf.lock is held.
 *
 * Return: 0, or the error of the table, and then the state is as before.
 */
int pci_siov_pf_event(struct pci_siov_pf *spf, enum pci_siov_pf_event event)
{
	const struct pci_siov_pf_transition *t =
		&pci_siov_pf_transitions[spf->state][event];

	lockdep_assert_held(&spf->lock);

	if (!t->error)
		WRITE_ONCE(spf->state, t->next);

	return t->error;
}
