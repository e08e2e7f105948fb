/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PCI hierarchy in RAM for KUnit tests of the PCI core
 *
 * A test describes a tree of functions, then lets the real PCI core scan it
 * through a host bridge whose configuration accessors end in this RAM.
 * Nothing of the core is mocked. Configuration requests are routed as the
 * fabric does: by the bus number registers that the bridges hold at that
 * moment, and to VFs by the Routing IDs that their PF's registers yield.
 */
#ifndef _PCI_TESTS_FAKE_HOST_H
#define _PCI_TESTS_FAKE_HOST_H

#include <linux/ioport.h>
#include <linux/kmsg_dump.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <kunit/test.h>

struct fake_pci_host;

/**
 * struct fake_pci_fn - one function of the fake hierarchy
 * @node: entry in the host's list of functions
 * @host: host bridge the function belongs to
 * @parent: bridge above, NULL on the root bus
 * @devfn: device and function number on the bus below @parent
 * @absent: the function does not answer, as if it were unplugged
 * @cfg: configuration space
 * @wmask: bits of @cfg that a configuration write changes
 * @next_ext: where the next extended capability is put
 * @last_ext: the last extended capability in the list, 0 without one
 * @sriov: position of the SR-IOV capability, 0 without one
 * @vf_offset: First VF Offset without [0] and with [1] ARI Capable Hierarchy
 * @vf_stride: VF Stride likewise
 * @vf_offset_idle: First VF Offset while NumVFs is 0, if that is another one
 * @vf: configuration space that all VFs of this PF share
 * @writes: configuration writes that ended here, all registers
 * @flr: called when the function is reset by FLR, or NULL
 * @priv: for @flr
 */
struct fake_pci_fn {
	struct list_head node;
	struct fake_pci_host *host;
	struct fake_pci_fn *parent;
	u8 devfn;
	bool absent;
	u8 cfg[PCI_CFG_SPACE_EXP_SIZE];
	u8 wmask[PCI_CFG_SPACE_EXP_SIZE];
	u16 next_ext;
	u16 last_ext;
	u16 sriov;
	u16 vf_offset[2];
	u16 vf_stride[2];
	u16 vf_offset_idle;
	struct fake_pci_fn *vf;
	unsigned int writes;
	void (*flr)(struct fake_pci_fn *fn);
	void *priv;
};

/**
 * struct fake_pci_access - one configuration access, in the order it came
 * @fn: function that answered, NULL if none did
 * @rid: bus number and devfn the access was for
 * @where: register
 * @size: 1, 2 or 4 bytes
 * @write: a write
 * @value: value written or read
 */
struct fake_pci_access {
	struct fake_pci_fn *fn;
	u16 rid;
	u16 where;
	u8 size;
	bool write;
	u32 value;
};

/**
 * struct fake_pci_sriov - what to put in an SR-IOV capability
 * @total: TotalVFs and InitialVFs
 * @offset: First VF Offset without [0] and with [1] ARI Capable Hierarchy
 * @stride: VF Stride likewise
 */
struct fake_pci_sriov {
	u16 total;
	u16 offset[2];
	u16 stride[2];
};

/**
 * struct fake_pci_siov - what to put in a SIOV capability
 * @total: Total SDIs
 * @offset: First SDI Offset
 * @stride: SDI Stride
 * @status: SIOV Status
 * @caps: SIOV Capabilities
 */
struct fake_pci_siov {
	u16 total;
	u16 offset;
	u16 stride;
	u8 status;
	u32 caps;
};

struct fake_pci_host *fake_pci_host_create(struct kunit *test, u8 first_bus,
					   u8 last_bus);
void fake_pci_guess_buses(struct fake_pci_host *host);
void fake_pci_host_free(struct fake_pci_host *host);
void fake_pci_scan(struct fake_pci_host *host);
void fake_pci_rescan(struct fake_pci_host *host);
bool fake_pci_remove(struct fake_pci_host *host);
int fake_pci_enable_vfs(struct pci_dev *pf, int nr);
void fake_pci_disable_vfs(struct pci_dev *pf);
struct pci_bus *fake_pci_root(struct fake_pci_host *host);
int fake_pci_domain(struct fake_pci_host *host);

struct fake_pci_fn *fake_pci_add_endpoint(struct fake_pci_host *host,
					  struct fake_pci_fn *parent,
					  u8 devfn);
struct fake_pci_fn *fake_pci_add_rciep(struct fake_pci_host *host, u8 devfn);
struct fake_pci_fn *fake_pci_add_conventional(struct fake_pci_host *host,
					      struct fake_pci_fn *parent,
					      u8 devfn);
struct fake_pci_fn *fake_pci_add_port(struct fake_pci_host *host,
				      struct fake_pci_fn *parent, u8 devfn,
				      int type);
struct fake_pci_fn *fake_pci_add_cardbus(struct fake_pci_host *host, u8 devfn);
void fake_pci_set_hotplug(struct fake_pci_fn *port);
void fake_pci_set_phantom(struct fake_pci_fn *fn);
void fake_pci_set_buses(struct fake_pci_fn *port, u8 primary, u8 secondary,
			u8 subordinate);
u8 fake_pci_secondary(struct fake_pci_fn *port);
u8 fake_pci_subordinate(struct fake_pci_fn *port);
void fake_pci_fix_buses(struct fake_pci_fn *port, u8 secondary,
			u8 subordinate);

u16 fake_pci_add_ext_cap(struct fake_pci_fn *fn, u16 id, u8 version, u16 len);
u16 fake_pci_add_ari(struct fake_pci_fn *fn, u8 next_fn);
u16 fake_pci_add_sriov(struct fake_pci_fn *fn,
		       const struct fake_pci_sriov *sriov);
u16 fake_pci_add_siov(struct fake_pci_fn *fn, const struct fake_pci_siov *siov);

static inline void fake_pci_add_vfs(struct fake_pci_fn *fn, u16 total,
				    u16 offset, u16 stride)
{
	fake_pci_add_sriov(fn, &(struct fake_pci_sriov) {
		.total = total,
		.offset = { offset, offset },
		.stride = { stride, stride } });
}

static inline void fake_pci_add_sdis(struct fake_pci_fn *fn, u16 total,
				     u16 offset, u16 stride)
{
	fake_pci_add_siov(fn, &(struct fake_pci_siov) {
		.total = total, .offset = offset, .stride = stride });
}

u8 fake_pci_get8(struct fake_pci_fn *fn, u16 where);
u16 fake_pci_get16(struct fake_pci_fn *fn, u16 where);
u32 fake_pci_get32(struct fake_pci_fn *fn, u16 where);
void fake_pci_put8(struct fake_pci_fn *fn, u16 where, u8 value);
void fake_pci_put16(struct fake_pci_fn *fn, u16 where, u16 value);
void fake_pci_put32(struct fake_pci_fn *fn, u16 where, u32 value);

bool fake_pci_rid_is_free(struct fake_pci_fn *fn, u16 rid);
struct pci_dev *fake_pci_dev(struct fake_pci_fn *fn);
struct pci_dev *fake_pci_find(struct fake_pci_host *host, u8 busnr, u8 devfn);
struct fake_pci_fn *fake_pci_route(struct fake_pci_host *host, u8 busnr,
				   u8 devfn);
struct pci_bus *fake_pci_bus(struct fake_pci_host *host, u8 busnr);

void fake_pci_log_start(struct fake_pci_host *host);
void fake_pci_log_stop(struct fake_pci_host *host);
const struct fake_pci_access *fake_pci_log(struct fake_pci_host *host,
					   unsigned int *nr);

void fake_kmsg_mark(struct kmsg_dump_iter *mark);
unsigned int fake_kmsg_count(const struct kmsg_dump_iter *mark, int level,
			     const char *what, const char *and_what);
void fake_kmsg_quiet(struct kunit *test);
void fake_kmsg_loud(struct kunit *test);

#endif /* _PCI_TESTS_FAKE_HOST_H */
