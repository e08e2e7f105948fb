/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFIO for Scalable Device Interfaces (SDIs): what the files of the core share
 */

#ifndef VFIO_SIOV_PRIVATE_H
#define VFIO_SIOV_PRIVATE_H

#include <linux/cleanup.h>
#include <linux/vfio_siov_core.h>

/* Region offsets as in vfio-pci: some users assume them and do not ask */
#define VFIO_SIOV_OFFSET_SHIFT	40
#define VFIO_SIOV_OFFSET_MASK	(BIT_ULL(VFIO_SIOV_OFFSET_SHIFT) - 1)

/* Where the PCI Express capability is */
#define VFIO_SIOV_CFG_EXP	PCI_STD_HEADER_SIZEOF

static inline unsigned int vfio_siov_pos_to_index(u64 pos)
{
	return pos >> VFIO_SIOV_OFFSET_SHIFT;
}

static inline u64 vfio_siov_index_to_pos(unsigned int index)
{
	return (u64)index << VFIO_SIOV_OFFSET_SHIFT;
}

static inline struct vfio_siov_core_device *
to_vfio_siov(struct vfio_device *vdev)
{
	return container_of(vdev, struct vfio_siov_core_device, vdev);
}

static inline bool vfio_siov_is_msix_bar(const struct vfio_siov_core_device *v,
					 unsigned int index)
{
	return v->nr_vectors && index == v->msix_bar;
}

static inline bool vfio_siov_is_port(const struct vfio_siov_bar *bar)
{
	return bar->type & PCI_BASE_ADDRESS_SPACE_IO;
}

/* Whether the BAR may be accessed; &vfio_siov_core_device.memory_lock */
static inline enum vfio_siov_access
vfio_siov_access(const struct vfio_siov_core_device *v,
		 const struct vfio_siov_bar *bar)
{
	return vfio_siov_is_port(bar) ? READ_ONCE(v->port) :
					READ_ONCE(v->memory);
}

/* layout.c */
int vfio_siov_layout(struct vfio_siov_bar *bar, unsigned int nr_vectors,
		     unsigned int *bad);
u32 vfio_siov_msix_table_size(unsigned int nr_vectors);
const struct vfio_siov_slice *
vfio_siov_find_slice(const struct vfio_siov_bar *bar, u64 pos);
int vfio_siov_place_slice(const struct vfio_siov_bar *bar,
			  const struct vfio_siov_slice *slice);

/* compose.c */
int vfio_siov_compose_begin(struct vfio_siov_core_device *v);
int vfio_siov_compose_end(struct vfio_siov_core_device *v);
void vfio_siov_compose_free(struct vfio_siov_core_device *v);

/* config.c */
int vfio_siov_config_open(struct vfio_siov_core_device *v);
void vfio_siov_config_close(struct vfio_siov_core_device *v);
u16 vfio_siov_command(const struct vfio_siov_core_device *v);
void vfio_siov_clear_command(struct vfio_siov_core_device *v, u16 bits);
ssize_t vfio_siov_config_read(struct vfio_siov_core_device *v, char __user *buf,
			      size_t count, u64 pos);
ssize_t vfio_siov_config_write(struct vfio_siov_core_device *v,
			       const char __user *buf, size_t count, u64 pos);
int vfio_siov_msix_read(struct vfio_siov_core_device *v, u64 pos, u8 *buf,
			size_t count);
int vfio_siov_msix_write(struct vfio_siov_core_device *v, u64 pos, const u8 *buf,
			 size_t count);

/* intr.c */
unsigned int vfio_siov_irq_count(const struct vfio_siov_core_device *v,
				 unsigned int index);
int vfio_siov_set_irqs(struct vfio_siov_core_device *v,
		       const struct vfio_irq_set *hdr, void *data);
void vfio_siov_free_irqs(struct vfio_siov_core_device *v);
void vfio_siov_signal_error(struct vfio_siov_core_device *v);
bool vfio_siov_signal_request(struct vfio_siov_core_device *v);

/* region.c */
int vfio_siov_map_regions(struct vfio_siov_core_device *v);
void vfio_siov_unmap_regions(struct vfio_siov_core_device *v);
int vfio_siov_find_phys(const struct vfio_siov_core_device *v, unsigned int index,
			u64 pos, u64 len, phys_addr_t *phys);
void vfio_siov_zap_mappings(struct vfio_siov_core_device *v);

/* dmabuf.c */
#ifdef CONFIG_VFIO_SIOV_DMABUF
void vfio_siov_dmabuf_init(struct vfio_siov_core_device *v);
#else
static inline void vfio_siov_dmabuf_init(struct vfio_siov_core_device *v)
{
	vfio_dma_bufs_init(&v->dmabufs, &v->vdev, &v->memory_lock, NULL);
}
#endif

/* core.c */
void vfio_siov_update_access(struct vfio_siov_core_device *v);
int vfio_siov_wait_for_access(struct vfio_siov_core_device *v,
			      const struct vfio_siov_bar *bar);
int vfio_siov_reset(struct vfio_siov_core_device *v);
int vfio_siov_lock_kill(struct vfio_siov_core_device *v);
int vfio_siov_lock_awake(struct vfio_siov_core_device *v);
void vfio_siov_unlock(struct vfio_siov_core_device *v);
bool vfio_siov_try_again(const struct vfio_siov_core_device *v, int ret,
			 unsigned int pf_resets);

/*
 * Take both locks of a user. With _kill and _awake the user can be killed while
 * waiting. _awake also waits for the end of a reset of the PF.
 */
DEFINE_GUARD(vfio_siov, struct vfio_siov_core_device *,
	     ({ mutex_lock(&_T->user_lock); mutex_lock(&_T->lock); }),
	     vfio_siov_unlock(_T))
DEFINE_GUARD_COND(vfio_siov, _kill, vfio_siov_lock_kill(_T), _RET == 0)
DEFINE_GUARD_COND(vfio_siov, _awake, vfio_siov_lock_awake(_T), _RET == 0)

#endif /* VFIO_SIOV_PRIVATE_H */
