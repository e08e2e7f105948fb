/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFIO for Scalable Device Interfaces (SDIs)
 */

#ifndef VFIO_SIOV_PRIVATE_H
#define VFIO_SIOV_PRIVATE_H

#include <linux/cleanup.h>
#include <linux/mutex.h>
#include <linux/pci-siov.h>
#include <linux/pci_regs.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/wait.h>

struct eventfd_ctx;
struct vfio_siov_irq;

/**
 * struct vfio_siov_bar - a BAR of the function that the user sees
 * @size: what the BAR decodes, a power of two; 0 if there is none
 * @len: bytes of it that the SDI backs, 0 for the BAR of the MSI-X table
 * @start: where those begin, as a CPU physical address
 * @io: their mapping, while the device is open
 * @type: %PCI_BASE_ADDRESS_* of the register
 */
struct vfio_siov_bar {
	u64 size;
	u64 len;
	phys_addr_t start;
	void __iomem *io;
	u32 type;
};

/**
 * enum vfio_siov_memory - may the user reach the SDI's pages?
 * @VFIO_SIOV_MEMORY_OFF: no: Memory Space Enable is clear, or the PF has failed
 * @VFIO_SIOV_MEMORY_WAIT: when the PF's reset is over
 * @VFIO_SIOV_MEMORY_ON: yes
 */
enum vfio_siov_memory {
	VFIO_SIOV_MEMORY_OFF,
	VFIO_SIOV_MEMORY_WAIT,
	VFIO_SIOV_MEMORY_ON,
};

/**
 * struct vfio_siov_device - an SDI in the hands of a user
 * @vdev: for the VFIO core
 * @sdi: the SDI
 * @bar: BARs, fixed when the driver binds
 * @nr_vectors: MSI-X vectors that the user is offered
 * @msix_bar: BAR of the MSI-X table and its pending bits, if there are vectors
 * @pba: offset of the pending bits in it; they are always clear
 * @user_lock: a user takes it before @lock, so that what happens to the PF waits
 *	for one user at most, however many threads there are. Protects
 *	@msix_table, @irq and @nr_irq
 * @lock: serializes what the user does with what happens to the PF. Held over
 *	one operation of the device, and never while anybody waits for the PF
 * @cfg: configuration space; all of it past this is zero and read only
 * @wmask: bits of @cfg that the user can write
 * @msix_table: what the user has written to the MSI-X table, for reading back;
 *	it decides nothing, since the host chooses the messages
 * @irq: vectors that are enabled
 * @nr_irq: their number
 * @pf_reset: the PF is being reset. Set before @lock is taken, so that no user
 *	begins a reset that this one would have to wait for
 * @gone: and the reset has failed for good
 * @memory_lock: protects @memory, held for reading while the SDI is accessed
 *	and for writing while its user resets it
 * @memory: whether the SDI may be accessed
 * @wait: woken when @pf_reset, @gone or @memory has changed
 * @trigger_lock: protects @err_trigger and @req_trigger
 * @err_trigger: signalled when the SDI lost its state or met an error
 * @req_trigger: signalled when the host wants the SDI back
 *
 * Lock order: @user_lock, @lock, @memory_lock, pci_sdi.lock. Page faults come
 * with mmap_lock and take @memory_lock only, so nothing is copied from or to the
 * user under it. @trigger_lock is innermost. Who holds none of them waits for
 * the end of the PF's reset.
 */
struct vfio_siov_device {
	struct vfio_device vdev;
	struct pci_sdi *sdi;
	struct vfio_siov_bar bar[PCI_STD_NUM_BARS];
	unsigned int nr_vectors;
	unsigned int msix_bar;
	u32 pba;

	struct mutex user_lock; /* see above */
	struct mutex lock; /* see above */
	u8 cfg[PCI_CFG_SPACE_SIZE];
	u8 wmask[PCI_CFG_SPACE_SIZE];
	u8 *msix_table;
	struct vfio_siov_irq *irq;
	unsigned int nr_irq;
	bool pf_reset;
	bool gone;

	struct rw_semaphore memory_lock;
	enum vfio_siov_memory memory;
	wait_queue_head_t wait;

	spinlock_t trigger_lock; /* see above */
	struct eventfd_ctx *err_trigger;
	struct eventfd_ctx *req_trigger;
};

/* config.c */
int vfio_siov_layout(struct vfio_siov_device *v);
int vfio_siov_config_open(struct vfio_siov_device *v);
void vfio_siov_config_close(struct vfio_siov_device *v);
u16 vfio_siov_command(const struct vfio_siov_device *v);
void vfio_siov_clear_command(struct vfio_siov_device *v, u16 bits);
ssize_t vfio_siov_config_read(struct vfio_siov_device *v, char __user *buf,
			      size_t count, u64 pos);
ssize_t vfio_siov_config_write(struct vfio_siov_device *v,
			       const char __user *buf, size_t count, u64 pos);
int vfio_siov_msix_read(struct vfio_siov_device *v, u64 pos, u8 *buf,
			size_t count);
int vfio_siov_msix_write(struct vfio_siov_device *v, u64 pos, const u8 *buf,
			 size_t count);

/* intr.c */
unsigned int vfio_siov_irq_count(const struct vfio_siov_device *v,
				 unsigned int index);
int vfio_siov_set_irqs(struct vfio_siov_device *v,
		       const struct vfio_irq_set *hdr, void *data);
void vfio_siov_free_irqs(struct vfio_siov_device *v);
void vfio_siov_signal_error(struct vfio_siov_device *v);
bool vfio_siov_signal_request(struct vfio_siov_device *v);

/* main.c */
void vfio_siov_update_memory(struct vfio_siov_device *v);
int vfio_siov_reset(struct vfio_siov_device *v);
int vfio_siov_lock_kill(struct vfio_siov_device *v);
int vfio_siov_lock_awake(struct vfio_siov_device *v);
void vfio_siov_unlock(struct vfio_siov_device *v);

/* Both locks of a user, who can be killed while waiting; and not in a reset */
DEFINE_GUARD(vfio_siov, struct vfio_siov_device *,
	     ({ mutex_lock(&_T->user_lock); mutex_lock(&_T->lock); }),
	     vfio_siov_unlock(_T))
DEFINE_GUARD_COND(vfio_siov, _kill, vfio_siov_lock_kill(_T), _RET == 0)
DEFINE_GUARD_COND(vfio_siov, _awake, vfio_siov_lock_awake(_T), _RET == 0)

#endif /* VFIO_SIOV_PRIVATE_H */
