// SPDX-License-Identifier: GPL-2.0
/*
 * BARs of the function that the user of an SDI sees: arithmetic only
 *
 * There are six registers, and a 64-bit BAR takes two of them. A BAR that is
 * larger than 2 GiB must be 64-bit. Other BARs that ask for 64 bits get them if
 * the next register is free. The MSI-X table gets one of the registers that are
 * left. If none is left, it takes the upper half of the last 64-bit BAR that
 * can be 32-bit: a device without interrupts is of no use.
 */

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/pci_regs.h>
#include <linux/sizes.h>

#include "private.h"

/* Slices begin and end at multiples of that, so no access is in two of them */
#define SLICE_ALIGN	16

static bool is_wide(const struct vfio_siov_bar *bar)
{
	return !(bar->type & PCI_BASE_ADDRESS_SPACE_IO) &&
	       bar->type & PCI_BASE_ADDRESS_MEM_TYPE_64;
}

static bool is_upper_half(const struct vfio_siov_bar *bar, unsigned int i)
{
	return i && is_wide(&bar[i - 1]);
}

static bool next_is_free(const struct vfio_siov_bar *bar, unsigned int i)
{
	return i + 1 < PCI_STD_NUM_BARS && !bar[i + 1].size;
}

/* On error, @bad is the number of the BAR that does not fit */
static int layout_widths(struct vfio_siov_bar *bar, unsigned int *bad)
{
	unsigned int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		*bad = i;
		if (bar[i].size > SZ_2G) {
			if (!next_is_free(bar, i))
				return -EINVAL;
			bar[i].type |= PCI_BASE_ADDRESS_MEM_TYPE_64;
		} else if (is_wide(&bar[i]) && !next_is_free(bar, i)) {
			bar[i].type &= ~PCI_BASE_ADDRESS_MEM_TYPE_64;
		}
	}

	return 0;
}

static int find_msix_bar(struct vfio_siov_bar *bar)
{
	int i;

	for (i = PCI_STD_NUM_BARS - 1; i >= 0; i--)
		if (!bar[i].size && !is_upper_half(bar, i))
			return i;

	for (i = PCI_STD_NUM_BARS - 1; i > 0; i--)
		if (is_upper_half(bar, i) && bar[i - 1].size <= SZ_2G) {
			bar[i - 1].type &= ~PCI_BASE_ADDRESS_MEM_TYPE_64;
			return i;
		}

	return -ENOSPC;
}

/**
 * vfio_siov_layout() - Decide on the width of BARs and the place of the MSI-X table
 * @bar: all BARs. Sets the final &vfio_siov_bar.type, and the size of the MSI-X
 *	table's BAR, which has no slice
 * @nr_vectors: MSI-X vectors, 0 if there is to be no table
 * @bad: on -EINVAL, set to the BAR that does not fit
 *
 * Return: the BAR of the MSI-X table; -ENOSPC if there is none, with the types
 * final all the same; -EINVAL if the BARs do not fit into a PCI function.
 */
int vfio_siov_layout(struct vfio_siov_bar *bar, unsigned int nr_vectors,
		     unsigned int *bad)
{
	int i, ret;

	ret = layout_widths(bar, bad);
	if (ret)
		return ret;
	if (!nr_vectors)
		return -ENOSPC;

	i = find_msix_bar(bar);
	if (i >= 0)
		bar[i].size = max_t(u64, SZ_4K,
				    2 * vfio_siov_msix_table_size(nr_vectors));

	return i;
}

/**
 * vfio_siov_msix_table_size() - Room for an MSI-X table
 * @nr_vectors: its entries
 *
 * As much again is there for the pending bits.
 *
 * Return: bytes, a power of two.
 */
u32 vfio_siov_msix_table_size(unsigned int nr_vectors)
{
	return roundup_pow_of_two(nr_vectors * PCI_MSIX_ENTRY_SIZE);
}

/**
 * vfio_siov_find_slice() - Find what is in a BAR
 * @bar: the BAR
 * @pos: where
 *
 * Return: the slice that has @pos, NULL if there is none.
 */
const struct vfio_siov_slice *
vfio_siov_find_slice(const struct vfio_siov_bar *bar, u64 pos)
{
	unsigned int i;

	for (i = 0; i < bar->nr_slices; i++)
		if (pos >= bar->slice[i].offset &&
		    pos - bar->slice[i].offset < bar->slice[i].len)
			return &bar->slice[i];

	return NULL;
}

/**
 * vfio_siov_place_slice() - Find the place of a new slice
 * @bar: the BAR
 * @slice: the slice
 *
 * Return: its index in &vfio_siov_bar.slice; -EINVAL if it is not within the BAR
 * or not aligned; -EBUSY if another one has some of it.
 */
int vfio_siov_place_slice(const struct vfio_siov_bar *bar,
			  const struct vfio_siov_slice *slice)
{
	const struct vfio_siov_slice *other;
	unsigned int i;

	if (!slice->len || !IS_ALIGNED(slice->offset | slice->len, SLICE_ALIGN))
		return -EINVAL;
	if (slice->offset >= bar->size ||
	    slice->len > bar->size - slice->offset)
		return -EINVAL;

	for (i = 0; i < bar->nr_slices; i++) {
		other = &bar->slice[i];
		if (slice->offset + slice->len <= other->offset)
			break;
		if (slice->offset < other->offset + other->len)
			return -EBUSY;
	}

	return i;
}
