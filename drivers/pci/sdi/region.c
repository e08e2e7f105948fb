// SPDX-License-Identifier: GPL-2.0
/*
 * Regions of Scalable Device Interfaces (SDIs): slices of the BARs of the
 * Physical Function (PF) that belong to one SDI
 *
 * The PF's driver says where they are. The core checks what it says, since
 * whoever holds an SDI may map its regions into a process or a guest.
 *
 * What is taken is in a tree of addresses (struct pci_siov_pf, @mmio). An entry is
 * the index of the SDI that has the range, or a count of those that share it, or
 * says that the range is the PF's own.
 */

#define dev_fmt(fmt) "PCI/SIOV: " fmt

#include <linux/align.h>
#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/io.h>
#include <linux/maple_tree.h>
#include <linux/msi.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "../pci.h"
#include "sdi.h"

/* In units of PCI_SDI_REGION_ALIGN, so that they fit into a long of 32 bits */
#define UNIT(addr)	((unsigned long)((addr) / PCI_SDI_REGION_ALIGN))

/* Entry of what no SDI may have. Indices have 16 bits */
#define OF_THE_PF	xa_mk_value(U16_MAX + 1)

/**
 * struct shared_region - a range that several SDIs have
 * @users: how many; under &pci_siov_pf.lock
 */
struct shared_region {
	unsigned int users;
};

static unsigned long first_unit(const struct pci_sdi_region *reg)
{
	return UNIT(reg->start);
}

static unsigned long last_unit(const struct pci_sdi_region *reg)
{
	return UNIT(reg->start + reg->size - 1);
}

/* The BAR that holds all of @reg, or a negative number */
static int region_bar(const struct pci_dev *pf,
		      const struct pci_sdi_region *reg)
{
	const struct resource *res;
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		res = pci_resource_n(pf, bar);
		if (resource_type(res) == IORESOURCE_MEM &&
		    !(res->flags & IORESOURCE_UNSET) &&
		    reg->start >= res->start && reg->start <= res->end &&
		    reg->size - 1 <= res->end - reg->start)
			return bar;
	}

	return -EINVAL;
}

static int check_region(const struct pci_sdi *sdi, int n,
			struct pci_sdi_region *reg)
{
	int bar = region_bar(sdi->pf, reg);

	if (bar < 0) {
		pci_warn(sdi->pf, "SDI %u: region %d, %pa, size %pa, is not part of one memory BAR\n",
			 sdi->index, n, &reg->start, &reg->size);
		return -EINVAL;
	}

	if (!IS_ALIGNED(reg->start | reg->size, PCI_SDI_REGION_ALIGN)) {
		pci_warn(sdi->pf, "SDI %u: region %d, %pa, size %pa, is not made of multiples of %u bytes\n",
			 sdi->index, n, &reg->start, &reg->size,
			 PCI_SDI_REGION_ALIGN);
		return -EINVAL;
	}

	reg->bar = bar;
	reg->flags = pci_resource_flags(sdi->pf, bar);
	/* A page would show what belongs to others */
	if (!PAGE_ALIGNED(reg->start) || !PAGE_ALIGNED(reg->size))
		reg->attr |= PCI_SDI_REGION_NO_MMAP;

	return 0;
}

static int claim_own(struct pci_sdi *sdi, const struct pci_sdi_region *reg)
{
	return mtree_insert_range(&pci_siov_pf(sdi->pf)->mmio, first_unit(reg),
				  last_unit(reg), xa_mk_value(sdi->index),
				  GFP_KERNEL);
}

/* The range that others share already; -EEXIST if it is taken in another way */
static struct shared_region *find_shared(struct pci_siov_pf *spf,
					 const struct pci_sdi_region *reg)
{
	MA_STATE(mas, &spf->mmio, first_unit(reg), first_unit(reg));
	void *entry;

	lockdep_assert_held(&spf->lock);

	guard(rcu)();
	entry = mas_walk(&mas);
	if (!entry)
		return NULL;
	if (xa_is_value(entry) || mas.index != first_unit(reg) ||
	    mas.last != last_unit(reg))
		return ERR_PTR(-EEXIST);

	return entry;
}

static int claim_shared(struct pci_sdi *sdi, const struct pci_sdi_region *reg)
{
	struct pci_siov_pf *spf = pci_siov_pf(sdi->pf);
	struct shared_region *shared;
	int ret;

	guard(mutex)(&spf->lock);
	shared = find_shared(spf, reg);
	if (IS_ERR(shared))
		return PTR_ERR(shared);
	if (shared) {
		shared->users++;
		return 0;
	}

	shared = kzalloc_obj(*shared);
	if (!shared)
		return -ENOMEM;

	shared->users = 1;
	ret = mtree_insert_range(&spf->mmio, first_unit(reg), last_unit(reg),
				 shared, GFP_KERNEL);
	if (ret)
		kfree(shared);

	return ret;
}

static void release_shared(struct pci_sdi *sdi,
			   const struct pci_sdi_region *reg)
{
	struct pci_siov_pf *spf = pci_siov_pf(sdi->pf);
	struct shared_region *shared;

	guard(mutex)(&spf->lock);
	shared = mtree_load(&spf->mmio, first_unit(reg));
	if (--shared->users)
		return;

	mtree_erase(&spf->mmio, first_unit(reg));
	kfree(shared);
}

/* Who is in the way? It may have gone since */
static void report_taken(const struct pci_sdi *sdi, int n,
			 const struct pci_sdi_region *reg)
{
	unsigned long unit = first_unit(reg);
	void *entry = mt_find(&pci_siov_pf(sdi->pf)->mmio, &unit, last_unit(reg));

	if (entry == OF_THE_PF)
		pci_warn(sdi->pf, "SDI %u: region %d, %pa, has part of this function's MSI-X table or PBA\n",
			 sdi->index, n, &reg->start);
	else if (xa_is_value(entry))
		pci_warn(sdi->pf, "SDI %u: region %d, %pa, belongs to SDI %lu\n",
			 sdi->index, n, &reg->start, xa_to_value(entry));
	else
		pci_warn(sdi->pf, "SDI %u: region %d, %pa, overlaps one that other SDIs share\n",
			 sdi->index, n, &reg->start);
}

static int claim_region(struct pci_sdi *sdi, int n)
{
	struct pci_sdi_region *reg = &sdi->region[n];
	int ret;

	ret = check_region(sdi, n, reg);
	if (ret)
		return ret;

	if (reg->attr & PCI_SDI_REGION_SHARED)
		ret = claim_shared(sdi, reg);
	else
		ret = claim_own(sdi, reg);
	if (ret == -EEXIST)
		report_taken(sdi, n, reg);

	return ret;
}

static void release_regions(struct pci_sdi *sdi, int n)
{
	struct pci_sdi_region *reg;

	while (n--) {
		reg = &sdi->region[n];
		if (!reg->size)
			continue;
		if (reg->attr & PCI_SDI_REGION_SHARED)
			release_shared(sdi, reg);
		else
			mtree_erase(&pci_siov_pf(sdi->pf)->mmio, first_unit(reg));
	}
}

/**
 * pci_sdi_claim_regions() - Check the regions of an SDI and make them its own
 * @sdi: the SDI, after &pci_siov_ops.sdi_init
 *
 * Context: process context; takes &pci_siov_pf.lock.
 *
 * Return: 0; -EEXIST if another SDI has one of them, or the PF's MSI-X table is
 * there; -EINVAL if the PF's driver has named something that cannot be a region;
 * -ENOMEM.
 */
int pci_sdi_claim_regions(struct pci_sdi *sdi)
{
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(sdi->region); i++) {
		if (!sdi->region[i].size)
			continue;

		ret = claim_region(sdi, i);
		if (ret) {
			release_regions(sdi, i);
			return ret;
		}
	}

	return 0;
}

/**
 * pci_sdi_release_regions() - Give the regions of an SDI to others
 * @sdi: the SDI, after pci_sdi_claim_regions()
 *
 * Context: as pci_sdi_claim_regions().
 */
void pci_sdi_release_regions(struct pci_sdi *sdi)
{
	release_regions(sdi, ARRAY_SIZE(sdi->region));
}

/* What a register of the MSI-X capability points to: BAR, and offset in it */
static int reserve_table(struct pci_siov_pf *spf, u32 reg, u32 size)
{
	u32 bar = FIELD_GET(PCI_MSIX_TABLE_BIR, reg);
	u32 offset = reg & PCI_MSIX_TABLE_OFFSET;
	struct pci_sdi_region table = { };

	if (bar >= PCI_STD_NUM_BARS || !pci_resource_len(spf->pf, bar))
		return 0;

	table.start = ALIGN_DOWN(pci_resource_start(spf->pf, bar) + offset,
				 PCI_SDI_REGION_ALIGN);
	table.size = ALIGN(pci_resource_start(spf->pf, bar) + offset + size,
			   PCI_SDI_REGION_ALIGN) - table.start;

	/* Table and PBA may share a unit, and there is no SDI yet */
	return mtree_store_range(&spf->mmio, first_unit(&table),
				 last_unit(&table), OF_THE_PF, GFP_KERNEL);
}

/**
 * pci_siov_reserve_msix() - Keep the PF's own interrupt messages from SDIs
 * @spf: the SDIs of a PF, of which none exists
 *
 * Whoever can write to the MSI-X table sends what he likes in the PF's name.
 * Reads configuration space, so that creation of an SDI need not.
 *
 * Return: 0 or -ENOMEM.
 */
int pci_siov_reserve_msix(struct pci_siov_pf *spf)
{
	struct pci_dev *pf = spf->pf;
	u32 table, pba;
	int n = pci_msix_vec_count(pf);

	if (n <= 0)
		return 0;

	pci_read_config_dword(pf, pf->msix_cap + PCI_MSIX_TABLE, &table);
	pci_read_config_dword(pf, pf->msix_cap + PCI_MSIX_PBA, &pba);

	return reserve_table(spf, table, n * PCI_MSIX_ENTRY_SIZE) ?:
	       reserve_table(spf, pba, DIV_ROUND_UP(n, 64) * sizeof(u64));
}

/**
 * pci_siov_release_msix() - Undo pci_siov_reserve_msix()
 * @spf: the SDIs of a PF, of which none exists any more
 */
void pci_siov_release_msix(struct pci_siov_pf *spf)
{
	mtree_destroy(&spf->mmio);
}

/**
 * pci_sdi_iomap() - Map a region of an SDI
 * @sdi: the SDI
 * @region: 0 to %PCI_SDI_MAX_REGIONS - 1
 *
 * Undo it with iounmap().
 *
 * Return: the mapping, or NULL if there is no such region. It is uncached, or
 * write-combining if the region is %PCI_SDI_REGION_WC. A region that is
 * %PCI_SDI_REGION_SHARED must not be written to.
 */
void __iomem *pci_sdi_iomap(struct pci_sdi *sdi, unsigned int region)
{
	const struct pci_sdi_region *reg;

	if (region >= ARRAY_SIZE(sdi->region) || !sdi->region[region].size)
		return NULL;

	reg = &sdi->region[region];
	return reg->attr & PCI_SDI_REGION_WC ?
	       ioremap_wc(reg->start, reg->size) :
	       ioremap(reg->start, reg->size);
}
EXPORT_SYMBOL_GPL(pci_sdi_iomap);
