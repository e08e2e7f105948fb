/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Library for drivers that give Scalable Device Interfaces (SDIs) to users
 *
 * An SDI has neither configuration space nor BARs nor an MSI-X table. The driver
 * names the parts of a PCI function (IDs, capabilities, BARs and what is in them),
 * and vfio-siov-core shows that function to the user. It is for drivers of SDIs
 * what vfio_pci_core.h is for drivers of PCI functions.
 *
 * What a guest sees is ABI: a virtual machine may be saved here and go on
 * elsewhere. The core puts the PCI Express capability at 0x40, MSI-X at 0x7c, and
 * those of the driver behind them in the order in which it adds them; the MSI-X
 * table has a BAR of its own, of 4 KiB or as many as it needs. None of it depends
 * on the page size of the host.
 */

#ifndef VFIO_SIOV_CORE_H
#define VFIO_SIOV_CORE_H

#include <linux/array_size.h>
#include <linux/mutex.h>
#include <linux/pci-siov.h>
#include <linux/pci_regs.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/vfio_dmabuf.h>
#include <linux/wait.h>

/* Regions that an SDI can have */
#define VFIO_SIOV_NUM_REGIONS	ARRAY_SIZE(((struct pci_sdi *)NULL)->region)

struct eventfd_ctx;
struct vfio_siov_cap;
struct vfio_siov_core_device;
struct vfio_siov_irq;

/**
 * struct vfio_siov_slice_ops - a part of a BAR that the driver answers
 * @read: put @count bytes from @pos of BAR @bar on into @buf, little endian
 * @write: take them from @buf
 *
 * Accesses are aligned and have 1, 2, 4 or 8 bytes. Both are called without a
 * lock, may sleep, and may run in several threads at once, as well while the user
 * resets the SDI. Once the core has been told of a reset of the PF, no call is
 * begun until the reset is over. But the reset does not wait for a call that
 * has begun: during such a call the device may not answer, pci_sdi_*() may
 * return -EAGAIN, and &vfio_siov_core_ops.reset_done may be called.
 *
 * Return: 0; -EAGAIN to be called again once a reset of the PF, which must have begun,
 * is over; or another negative number for the user's read() or write().
 */
struct vfio_siov_slice_ops {
	int (*read)(struct vfio_siov_core_device *core, unsigned int bar,
		    u64 pos, void *buf, size_t count);
	int (*write)(struct vfio_siov_core_device *core, unsigned int bar,
		     u64 pos, const void *buf, size_t count);
};

/**
 * struct vfio_siov_slice - a part of a BAR
 * @offset: where it begins in the BAR
 * @len: its bytes; both are multiples of 16
 * @ops: for one that the driver answers; NULL for pages of the SDI
 * @region: of the SDI, if @ops is NULL
 * @region_offset: where it begins in there
 *
 * A part of a BAR that is in no slice reads as all ones and ignores writes.
 */
struct vfio_siov_slice {
	u64 offset;
	u64 len;
	const struct vfio_siov_slice_ops *ops;
	unsigned int region;
	u64 region_offset;
};

/**
 * struct vfio_siov_bar - a BAR of the function that the user sees
 * @size: what it decodes, a power of two; 0 if there is none
 * @type: %PCI_BASE_ADDRESS_* of the register. %PCI_BASE_ADDRESS_MEM_TYPE_64 is a
 *	wish until vfio_siov_core_register_device(): if the BAR is not larger than
 *	2 GiB, it is given up where the next one is taken
 * @slice: what is in it, by rising offset
 * @nr_slices: number of those
 */
struct vfio_siov_bar {
	u64 size;
	u32 type;
	unsigned int nr_slices;
	struct vfio_siov_slice *slice;
};

/**
 * enum vfio_siov_access - may the user reach a BAR?
 * @VFIO_SIOV_ACCESS_OFF: no: the bit of Command is clear, or the PF has failed
 * @VFIO_SIOV_ACCESS_WAIT: when the PF's reset is over
 * @VFIO_SIOV_ACCESS_ON: yes
 */
enum vfio_siov_access {
	VFIO_SIOV_ACCESS_OFF,
	VFIO_SIOV_ACCESS_WAIT,
	VFIO_SIOV_ACCESS_ON,
};

/**
 * struct vfio_siov_core_ops - what a driver does for the core
 * @reset_done: the SDI has been reset, by its user or with the PF, and whatever
 *	the driver remembers of its state is void. Called under
 *	&vfio_siov_core_device.lock: must not sleep for long, nor wait for a user
 * @trap_read: the user is about to read bytes that vfio_siov_core_trap_config()
 *	named; the driver may change what is in @cfg, the configuration space.
 *	Called as @reset_done, and never while the PF is reset
 * @trap_written: the user has written some of them; called as @trap_read
 *
 * A driver that uses vfio_siov_core_trap_config() has both trap operations.
 */
struct vfio_siov_core_ops {
	void (*reset_done)(struct vfio_siov_core_device *core);
	void (*trap_read)(struct vfio_siov_core_device *core, u8 *cfg);
	void (*trap_written)(struct vfio_siov_core_device *core, u8 *cfg);
};

/**
 * struct vfio_siov_core_device - an SDI in the hands of a user
 * @vdev: for the VFIO core; must be first in a driver's structure
 * @sdi: the SDI
 * @ops: the driver's, NULL if it has none; set before registration
 * @bar: BARs, fixed at registration
 * @ids: what the function says it is
 * @cap: capabilities by their place in configuration space
 * @nr_caps: number of those
 * @ext_end: end of the last extended capability, 0 if there is none
 * @cfg_size: bytes of configuration space that are not just zero
 * @trap_pos: first byte of it whose accesses the driver wants to know of
 * @trap_len: number of those, 0 if there are none
 * @nr_vectors: MSI-X vectors that the user is offered
 * @msix_bar: BAR of the MSI-X table and its pending bits, if there are vectors
 * @pba: offset of the pending bits in it; they are always clear
 * @io: regions of the SDI, mapped while the device is open
 * @user_lock: a user takes it before @lock, so that what happens to the PF waits
 *	for one user at most, however many threads there are. Protects
 *	@msix_table, @irq and @nr_irq
 * @lock: serializes what the user does with what happens to the PF. Held over
 *	one operation of the device, and never while anybody waits for the PF
 * @cfg_init: configuration space as it is when the device is opened
 * @wmask: bits of it that the user can write
 * @cfg: as it is now
 * @msix_table: what the user has written to the MSI-X table, for reading back;
 *	it decides nothing, since the host chooses the messages
 * @irq: vectors that are enabled
 * @nr_irq: their number, 0 while MSI-X is off
 * @pf_reset: the PF is being reset. Set before @lock is taken, so that no user
 *	begins a reset that this one would have to wait for
 * @pf_resets: how many of these are over
 * @gone: the PF has failed for good: do not wait for the end of its reset
 * @memory_lock: protects @memory and @port, held for reading while the SDI is
 *	accessed and for writing while its user resets it
 * @memory: whether memory BARs may be accessed
 * @port: whether I/O BARs may be
 * @dmabufs: pages that the user has made DMA-BUFs of; under @memory_lock
 * @wait: woken when @pf_reset, @gone, @memory or @port has changed
 * @trigger_lock: protects @err_trigger and @req_trigger
 * @err_trigger: signalled when the SDI lost its state or met an error
 * @req_trigger: signalled when the host wants the SDI back
 *
 * Lock order: @user_lock, @lock, @memory_lock, those of pci_sdi_reset() and
 * pci_sdi_set_master(). Page faults come with mmap_lock and take @memory_lock only,
 * so nothing is copied from or to the user under it. The reservation locks of @dmabufs
 * nest in it. @trigger_lock is innermost.
 * None of them may be held while waiting for the end of the PF's reset.
 */
struct vfio_siov_core_device {
	struct vfio_device vdev;
	struct pci_sdi *sdi;
	const struct vfio_siov_core_ops *ops;

	/* What follows is for the functions below */
	struct vfio_siov_bar bar[PCI_STD_NUM_BARS];
	struct pci_sdi_ids ids;
	struct vfio_siov_cap *cap;
	unsigned int nr_caps;
	unsigned int ext_end;
	unsigned int cfg_size;
	unsigned int trap_pos;
	unsigned int trap_len;
	unsigned int nr_vectors;
	unsigned int msix_bar;
	u32 pba;
	void __iomem *io[VFIO_SIOV_NUM_REGIONS];

	struct mutex user_lock; /* see above */
	struct mutex lock; /* see above */
	u8 *cfg_init;
	u8 *wmask;
	u8 *cfg;
	u8 *msix_table;
	struct vfio_siov_irq *irq;
	unsigned int nr_irq;
	bool pf_reset;
	unsigned int pf_resets;
	bool gone;

	struct rw_semaphore memory_lock;
	enum vfio_siov_access memory;
	enum vfio_siov_access port;
	struct vfio_dma_bufs dmabufs;
	wait_queue_head_t wait;

	spinlock_t trigger_lock; /* see above */
	struct eventfd_ctx *err_trigger;
	struct eventfd_ctx *req_trigger;
};

/* For &vfio_device_ops of a driver, or for its own functions of that name */
int vfio_siov_core_init_dev(struct vfio_device *vdev);
void vfio_siov_core_release_dev(struct vfio_device *vdev);
int vfio_siov_core_open_device(struct vfio_device *vdev);
void vfio_siov_core_close_device(struct vfio_device *vdev);
ssize_t vfio_siov_core_read(struct vfio_device *vdev, char __user *buf,
			    size_t count, loff_t *ppos);
ssize_t vfio_siov_core_write(struct vfio_device *vdev, const char __user *buf,
			     size_t count, loff_t *ppos);
int vfio_siov_core_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);
long vfio_siov_core_ioctl(struct vfio_device *vdev, unsigned int cmd,
			  unsigned long arg);
int vfio_siov_core_ioctl_feature(struct vfio_device *vdev, u32 flags,
				 void __user *arg, size_t argsz);
int vfio_siov_core_get_region_info(struct vfio_device *vdev,
				   struct vfio_region_info *info,
				   struct vfio_info_cap *caps);
void vfio_siov_core_request(struct vfio_device *vdev, unsigned int count);

/* For &pci_sdi_driver. The SDI's driver data is the struct vfio_siov_core_device */
void vfio_siov_core_reset_prepare(struct pci_sdi *sdi);
void vfio_siov_core_reset_done(struct pci_sdi *sdi, int error);
void vfio_siov_core_error(struct pci_sdi *sdi, pci_channel_state_t state);
void vfio_siov_core_want_back(struct pci_sdi *sdi);

/* The function that the user sees: between init and registration */
void vfio_siov_core_set_ids(struct vfio_siov_core_device *core,
			    const struct pci_sdi_ids *ids);
int vfio_siov_core_add_cap(struct vfio_siov_core_device *core, u8 id,
			   const u8 *bytes, const u8 *wmask, size_t len);
int vfio_siov_core_add_ext_cap(struct vfio_siov_core_device *core, u16 id,
			       u8 version, const u8 *bytes, const u8 *wmask,
			       size_t len);
void vfio_siov_core_trap_config(struct vfio_siov_core_device *core,
				unsigned int pos, unsigned int len);
int vfio_siov_core_set_bar(struct vfio_siov_core_device *core, unsigned int bar,
			   u32 type, u64 size);
int vfio_siov_core_add_slice(struct vfio_siov_core_device *core,
			     unsigned int bar,
			     const struct vfio_siov_slice *slice);
int vfio_siov_core_add_regions(struct vfio_siov_core_device *core);
int vfio_siov_core_register_device(struct vfio_siov_core_device *core);
void vfio_siov_core_unregister_device(struct vfio_siov_core_device *core);

/* For drivers that access the SDI in place of the user */
int vfio_siov_core_read_pages(struct vfio_siov_core_device *core,
			      unsigned int bar, u64 pos, void *buf, size_t count);
int vfio_siov_core_write_pages(struct vfio_siov_core_device *core,
			       unsigned int bar, u64 pos, const void *buf,
			       size_t count);
bool vfio_siov_core_msix_enabled(const struct vfio_siov_core_device *core);
int vfio_siov_core_wait_awake(struct vfio_siov_core_device *core);

#endif /* VFIO_SIOV_CORE_H */
