// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable I/O Virtualization (SIOV): discovery, and the "siov" directory in sysfs
 *
 * Finds the SIOV Extended Capability of a Physical Function and remembers what
 * it says. The capability is read-only as a whole, so nothing here writes it,
 * and nothing here starts or stops a Scalable Device Interface (SDI): that
 * takes means of the device, and so its driver.
 *
 * A capability that cannot be right is ignored as a whole, with one message
 * that says what is wrong, and the function stays a plain PCI function. Bits
 * and versions that are not known are kept and not judged.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "pci.h"
#include "sdi/sdi.h"

/* The registers as dwords: two of them share one with others */
struct siov_regs {
	u32	header;
	u32	cap;
	u32	sdis;		/* Total SDIs, a reserved byte, SIOV Status */
	u32	rids;		/* First SDI Offset and SDI Stride */
};

static void siov_read_regs(struct pci_dev *dev, int pos, struct siov_regs *regs)
{
	pci_read_config_dword(dev, pos, &regs->header);
	pci_read_config_dword(dev, pos + PCI_SIOV_CAP, &regs->cap);
	pci_read_config_dword(dev, pos + PCI_SIOV_TOTAL_SDIS, &regs->sdis);
	pci_read_config_dword(dev, pos + PCI_SIOV_FIRST_OFFSET, &regs->rids);
}

/* Another capability that begins inside of this one makes both doubtful */
static bool siov_overlaps_next(int pos, u32 header)
{
	int next = PCI_EXT_CAP_NEXT(header);

	return next > pos && next < pos + PCI_EXT_CAP_SIOV_SIZEOF;
}

/**
 * siov_check_place() - Check the position of the capability
 * @dev: the function
 * @pos: position of the capability
 *
 * Called before the registers behind the header at @pos are read. Real devices
 * are known to have one such capability, on a function that is neither a bridge
 * nor a VF. Refusing others is policy.
 *
 * Return: what is wrong, or NULL.
 */
static const char *siov_check_place(struct pci_dev *dev, int pos)
{
	if (pos + PCI_EXT_CAP_SIOV_SIZEOF > dev->cfg_size)
		return "it does not end within configuration space";
	if (dev->hdr_type != PCI_HEADER_TYPE_NORMAL)
		return "it is on a function with another header than Type 0";
	if (dev->is_virtfn)
		return "it is on a VF";
	if (pci_find_next_ext_capability(dev, pos, PCI_EXT_CAP_ID_SIOV))
		return "the function has more than one of it";

	return NULL;
}

/**
 * siov_check_regs() - Find fault with what the capability says
 * @pos: position of the capability
 * @regs: its registers
 *
 * Return: what is wrong, or NULL.
 */
static const char *siov_check_regs(int pos, const struct siov_regs *regs)
{
	u16 total = FIELD_GET(PCI_SIOV_SDIS_TOTAL, regs->sdis);

	if (PCI_EXT_CAP_ID(regs->header) != PCI_EXT_CAP_ID_SIOV)
		return "it cannot be read";
	if (siov_overlaps_next(pos, regs->header))
		return "the next capability begins inside of it";
	if (total && !FIELD_GET(PCI_SIOV_RIDS_OFFSET, regs->rids))
		return "First SDI Offset is 0";
	if (total > 1 && !FIELD_GET(PCI_SIOV_RIDS_STRIDE, regs->rids))
		return "SDI Stride is 0";

	return NULL;
}

static struct pci_siov *siov_alloc(struct pci_dev *dev, int pos,
				   const struct siov_regs *regs)
{
	struct pci_siov *siov = kzalloc_obj(*siov);

	if (!siov)
		return NULL;

	siov->pos = pos;
	siov->cap = regs->cap;
	siov->total_sdis = FIELD_GET(PCI_SIOV_SDIS_TOTAL, regs->sdis);
	siov->offset = FIELD_GET(PCI_SIOV_RIDS_OFFSET, regs->rids);
	siov->stride = FIELD_GET(PCI_SIOV_RIDS_STRIDE, regs->rids);
	siov->rid_mode = PCI_SIOV_RID_STRIDED;
	siov->left_over = FIELD_GET(PCI_SIOV_SDIS_STATUS, regs->sdis) &
			  PCI_SIOV_STATUS_ENABLED;
	pci_rid_range_init(&siov->rids, dev, siov->offset, siov->stride,
			   siov->total_sdis);

	return siov;
}

static int siov_other_alias(struct pci_dev *pdev, u16 alias, void *data)
{
	return alias != pci_dev_id(data);
}

static const char *siov_why_refused(struct pci_dev *pf)
{
	u16 ctl;

	if (pf->untrusted)
		return "it is not trusted";
	if (pci_real_dma_dev(pf) != pf)
		return "another function does its DMA";
	if (pci_for_each_dma_alias(pf, siov_other_alias, pf))
		return "its requests have another Routing ID (conventional PCI?)";

	if (pcie_capability_read_word(pf, PCI_EXP_DEVCTL, &ctl) ||
	    PCI_POSSIBLE_ERROR(ctl))
		return "it does not answer";
	if (ctl & PCI_EXP_DEVCTL_PHANTOM)
		return "it uses Phantom Functions";

	return NULL;
}

/**
 * pci_siov_check_isolation() - Tell whether the SDIs of a PF can be isolated
 * @pf: a SIOV PF
 *
 * A PF whose SDIs cannot be isolated has no use for bus numbers either, so the
 * answer is kept in @pf->siov->refused. It is looked for when @pf is found, and
 * again when a driver is bound, as drivers may add aliases.
 *
 * Context: @pf is not suspended.
 *
 * Return: why not, or NULL if they can.
 */
const char *pci_siov_check_isolation(struct pci_dev *pf)
{
	pf->siov->refused = siov_why_refused(pf);

	return pf->siov->refused;
}

/**
 * pci_siov_report() - Say what a PF offers
 * @dev: the function
 *
 * Context: @dev is about to be offered to drivers. It may have been found twice
 * before, if the buses were numbered again.
 */
void pci_siov_report(struct pci_dev *dev)
{
	const struct pci_siov *siov = dev->siov;
	const struct pci_rid_range *rids = &siov->rids;
	u32 last;

	if (rids->count) {
		last = pci_rid_range_last(rids);
		pci_info(dev, "%u SDIs, Routing IDs %02x:%02x.%d to %02x:%02x.%d, stride %u\n",
			 siov->total_sdis, PCI_BUS_NUM(rids->first),
			 PCI_SLOT(rids->first), PCI_FUNC(rids->first),
			 PCI_BUS_NUM(last), PCI_SLOT(last), PCI_FUNC(last),
			 siov->stride);
	}

	if (rids->count < siov->total_sdis)
		pci_warn(dev, "%u of %u SDIs have no Routing ID, it would lie past bus ff\n",
			 siov->total_sdis - rids->count, siov->total_sdis);

	/*
	 * Firmware may still own these SDIs, and a reset takes the PF with
	 * them. So it is for the administrator or the PF's driver to decide.
	 */
	if (siov->left_over)
		pci_info(dev, "SDIs are enabled, left so by an earlier owner; none can be created before a reset\n");
}

/**
 * pci_siov_init() - Find the SIOV capability of a function
 * @dev: the function
 *
 * If @dev has a valid capability with at least one SDI, make it a PF and set
 * @dev->siov. If it has none nothing happens, and if it has a broken one
 * a message says so.
 *
 * Context: enumeration of @dev, before it is on the list of its bus. One walk
 * of the extended capabilities where the function has no such capability.
 */
void pci_siov_init(struct pci_dev *dev)
{
	struct siov_regs regs;
	const char *fault;
	int pos;

	if (!pci_is_pcie(dev))
		return;

	pos = pci_find_ext_capability(dev, PCI_EXT_CAP_ID_SIOV);
	if (!pos)
		return;

	fault = siov_check_place(dev, pos);
	if (!fault) {
		siov_read_regs(dev, pos, &regs);
		fault = siov_check_regs(pos, &regs);
	}
	if (fault) {
		pci_warn(dev, "capability at %#x ignored: %s\n", pos, fault);
		return;
	}

	if (!FIELD_GET(PCI_SIOV_SDIS_TOTAL, regs.sdis)) {
		pci_dbg(dev, "no SDIs\n");
		return;
	}

	dev->siov = siov_alloc(dev, pos, &regs);
	if (!dev->siov)
		return;

	dev->is_siov = 1;
	dev->is_physfn = 1;
	if (!pci_siov_check_isolation(dev))
		pci_find_host_bridge(dev->bus)->has_siov = true;
}

/**
 * pci_siov_release() - Free what pci_siov_init() has set up
 * @dev: the function
 *
 * Context: the last reference to @dev is gone.
 */
void pci_siov_release(struct pci_dev *dev)
{
	kfree(dev->siov);
	dev->siov = NULL;
}

/**
 * pci_siov_status() - Read the SIOV Status register
 * @dev: a SIOV PF
 * @status: filled in on success
 *
 * Context: process context, since the PF is resumed for the read.
 *
 * Return: 0, or -EIO if the PF does not answer.
 */
int pci_siov_status(struct pci_dev *dev, u8 *status)
{
	int pos = dev->siov->pos;
	u32 header = 0;
	int ret;

	pci_config_pm_runtime_get(dev);
	/* All ones could be a status, but not a header */
	pci_read_config_dword(dev, pos, &header);
	ret = pci_read_config_byte(dev, pos + PCI_SIOV_STATUS, status);
	pci_config_pm_runtime_put(dev);

	if (ret || PCI_EXT_CAP_ID(header) != PCI_EXT_CAP_ID_SIOV)
		return -EIO;

	return 0;
}

/**
 * pci_siov_remove() - Look after a PF whose driver has gone
 * @dev: the function
 *
 * If the driver has left SDIs enabled nobody owns them any more, as if an earlier
 * kernel had left them.
 *
 * Context: unbinding of the driver, with @dev resumed.
 */
void pci_siov_remove(struct pci_dev *dev)
{
	u8 status;

	if (!pci_is_siov_physfn(dev) || pci_dev_is_disconnected(dev))
		return;

	if (pci_siov_status(dev, &status) || !(status & PCI_SIOV_STATUS_ENABLED))
		return;

	WRITE_ONCE(dev->siov->left_over, true);
	pci_warn(dev, "driver left SDIs enabled; none can be created before a reset\n");
}

/* A device may come back from a reset with other firmware */
static bool siov_has_changed(const struct pci_siov *siov,
			     const struct siov_regs *regs)
{
	return siov->total_sdis != FIELD_GET(PCI_SIOV_SDIS_TOTAL, regs->sdis) ||
	       siov->offset != FIELD_GET(PCI_SIOV_RIDS_OFFSET, regs->rids) ||
	       siov->stride != FIELD_GET(PCI_SIOV_RIDS_STRIDE, regs->rids);
}

/*
 * An SDI in quarantine may hang. SIOV Status need not count it, so it is only
 * known to have stopped after a reset.
 */
static void siov_note_quiet(struct pci_dev *dev)
{
	struct pci_siov_pf *spf = pci_siov_pf(dev);
	struct pci_siov *siov = dev->siov;
	bool reset = spf && pci_siov_is_being_reset(spf) && !siov->reset_failed;

	siov->quiet = true;
	if (reset)
		siov->was_reset = true;

	if (!READ_ONCE(siov->left_over))
		return;
	/* Not siov->was_reset: that may be a reset from before the SDI hung */
	if (reset || !spf ||
	    !pci_rid_in_quarantine(spf->bridge, pci_dev_id(dev)))
		WRITE_ONCE(siov->left_over, false);
}

/* All ones and a capability that cannot be read say nothing */
static bool siov_is_quiet(const struct siov_regs *regs)
{
	return PCI_EXT_CAP_ID(regs->header) == PCI_EXT_CAP_ID_SIOV &&
	       !(FIELD_GET(PCI_SIOV_SDIS_STATUS, regs->sdis) &
		 PCI_SIOV_STATUS_ENABLED);
}

/* The function may have gone since its first register was read */
static bool siov_is_gone(const struct siov_regs *regs)
{
	return PCI_POSSIBLE_ERROR(regs->header) ||
	       PCI_POSSIBLE_ERROR(regs->sdis) || PCI_POSSIBLE_ERROR(regs->rids);
}

/*
 * The function may be gone. And some platforms forget in S3 how to reach
 * extended configuration space: then all of it reads as 0 or all ones.
 */
static bool siov_is_readable(struct pci_dev *dev)
{
	u32 header = 0;

	pci_read_config_dword(dev, PCI_CFG_SPACE_SIZE, &header);

	return header && !PCI_POSSIBLE_ERROR(header);
}

/**
 * pci_siov_restore_state() - Bring a PF back after a reset or loss of power
 * @dev: the function
 *
 * There is no register of the capability to restore. But Routing IDs that are
 * no longer those found at enumeration must not be given out: then no SDI is
 * usable until @dev has been removed and found again. A capability that cannot
 * be read has not changed.
 *
 * It is noted whether SIOV Status says that all SDIs are disabled. It is too
 * early for anybody to have enabled one again. If all are disabled and there
 * was a reset, no SDI sends any more. Without a reset, as after sleep, an SDI
 * that hangs may still send: SIOV Status does not tell.
 *
 * Context: pci_restore_state() or pci_siov_reset_done().
 */
void pci_siov_restore_state(struct pci_dev *dev)
{
	struct siov_regs regs;

	if (!pci_is_siov_physfn(dev))
		return;

	dev->siov->quiet = false;
	if (!siov_is_readable(dev))
		return;

	siov_read_regs(dev, dev->siov->pos, &regs);
	if (siov_is_gone(&regs))
		return;

	if (siov_is_quiet(&regs))
		siov_note_quiet(dev);
	if (dev->siov->changed || !siov_has_changed(dev->siov, &regs))
		return;

	pci_warn(dev, "capability has changed, SDIs are unusable until the function is removed and found by a rescan\n");
	WRITE_ONCE(dev->siov->changed, true);
}

/**
 * pci_siov_reset_failed() - Note that the reset of a function has failed
 * @dev: any function
 *
 * Its SDIs may still send then.
 *
 * Context: before pci_restore_state().
 */
void pci_siov_reset_failed(struct pci_dev *dev)
{
	if (pci_is_siov_physfn(dev))
		dev->siov->reset_failed = true;
}

/* See Documentation/ABI/testing/sysfs-bus-pci-siov */
static struct pci_siov *dev_to_siov(struct device *dev)
{
	return to_pci_dev(dev)->siov;
}

static ssize_t total_sdis_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", dev_to_siov(dev)->total_sdis);
}
static DEVICE_ATTR_RO(total_sdis);

static ssize_t usable_sdis_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", pci_siov_usable_sdis(to_pci_dev(dev)));
}
static DEVICE_ATTR_RO(usable_sdis);

static ssize_t num_sdis_show(struct device *dev,
			     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(dev_to_siov(dev)->num_sdis));
}
static DEVICE_ATTR_RO(num_sdis);

static ssize_t first_offset_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", dev_to_siov(dev)->offset);
}
static DEVICE_ATTR_RO(first_offset);

static ssize_t stride_show(struct device *dev,
			   struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", dev_to_siov(dev)->stride);
}
static DEVICE_ATTR_RO(stride);

static ssize_t capabilities_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%08x\n", dev_to_siov(dev)->cap);
}
static DEVICE_ATTR_RO(capabilities);

static ssize_t status_show(struct device *dev,
			   struct device_attribute *attr, char *buf)
{
	u8 status;
	int ret;

	ret = pci_siov_status(to_pci_dev(dev), &status);
	if (ret)
		return ret;

	return sysfs_emit(buf, "0x%02x\n", status);
}
static DEVICE_ATTR_RO(status);

static struct attribute *siov_attrs[] = {
	&dev_attr_total_sdis.attr,
	&dev_attr_usable_sdis.attr,
	&dev_attr_num_sdis.attr,
	&dev_attr_first_offset.attr,
	&dev_attr_stride.attr,
	&dev_attr_capabilities.attr,
	&dev_attr_status.attr,
	&pci_siov_attr_rid_mode.attr,
	&pci_siov_attr_drivers_autoprobe.attr,
	&pci_siov_attr_sdi_new.attr,
	&pci_siov_attr_sdi_params.attr,
	&pci_siov_attr_sdi_delete.attr,
	NULL
};

static const struct bin_attribute *const siov_bin_attrs[] = {
	&pci_siov_attr_rid_allowlist,
	NULL
};

static bool siov_group_visible(struct kobject *kobj)
{
	return pci_is_siov_physfn(to_pci_dev(kobj_to_dev(kobj)));
}

DEFINE_SIMPLE_SYSFS_GROUP_VISIBLE(siov);

const struct attribute_group pci_siov_attr_group = {
	.name = "siov",
	.attrs = siov_attrs,
	.bin_attrs = siov_bin_attrs,
	.is_visible = SYSFS_GROUP_VISIBLE(siov),
};
