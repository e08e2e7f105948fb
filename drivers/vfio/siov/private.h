/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFIO for Scalable Device Interfaces (SDIs)
 */

#ifndef VFIO_SIOV_PRIVATE_H
#define VFIO_SIOV_PRIVATE_H

#include <linux/mutex.h>
#include <linux/pci-siov.h>
#include <linux/pci_regs.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>

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
 * struct vfio_siov_device - an SDI in the hands of a user
 * @vdev: for the VFIO core
 * @sdi: the SDI
 * @bar: BARs, fixed when the driver binds
 * @nr_vectors: MSI-X vectors that the user is offered
 * @msix_bar: BAR of the MSI-X table and its pending bits, if there are vectors
 * @pba: offset of the pending bits in it; they are always clear
 * @lock: serializes what the user does with what happens to the PF
 * @cfg: configuration space; all of it past this is zero and read only
 * @wmask: bits of @cfg that the user can write
 * @msix_table: what the user has written to the MSI-X table, for reading back;
 *	it decides nothing, since the host chooses the messages
 * @irq: vectors that are enabled
 * @nr_irq: their number
 * @frozen: the PF is being reset
 * @resetting: the SDI is being reset
 * @memory_lock: protects @memory, held for reading while the SDI is accessed
 * @memory: the SDI may be accessed
 * @trigger_lock: protects @err_trigger and @req_trigger
 * @err_trigger: signalled when the SDI lost its state or met an error
 * @req_trigger: signalled when the host wants the SDI back
 *
 * Lock order: @lock, pci_sdi.lock, @memory_lock. Page faults come with
 * mmap_lock and take @memory_lock only, so nothing is copied from or to the
 * user under it. @trigger_lock is innermost.
 */
struct vfio_siov_device {
	struct vfio_device vdev;
	struct pci_sdi *sdi;
	struct vfio_siov_bar bar[PCI_STD_NUM_BARS];
	unsigned int nr_vectors;
	unsigned int msix_bar;
	u32 pba;

	struct mutex lock; /* see above */
	u8 cfg[PCI_CFG_SPACE_SIZE];
	u8 wmask[PCI_CFG_SPACE_SIZE];
	u8 *msix_table;
	struct vfio_siov_irq *irq;
	unsigned int nr_irq;
	bool frozen;
	bool resetting;

	struct rw_semaphore memory_lock;
	bool memory;

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
void vfio_siov_msix_read(struct vfio_siov_device *v, u64 pos, u8 *buf,
			 size_t count);
void vfio_siov_msix_write(struct vfio_siov_device *v, u64 pos, const u8 *buf,
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

#endif /* VFIO_SIOV_PRIVATE_H */
