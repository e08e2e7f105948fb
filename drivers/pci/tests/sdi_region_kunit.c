// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: slices of the PF's BARs that belong to SDIs
 *
 * The PF has two memory BARs that nobody decodes and an MSI-X capability. Its
 * driver gives an SDI whatever regions the test has prepared.
 */
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"

#define BAR0		0x100000000ULL
#define BAR0_SIZE	SZ_1M
#define BAR2		0x200000000ULL
#define BAR2_SIZE	SZ_64K
#define MSIX_CAP	0xb0
#define MSIX_TABLE	(16 * PAGE_SIZE)
#define MSIX_PBA	(17 * PAGE_SIZE + 0x800)

/* What the next SDI gets */
static struct pci_sdi_region want[PCI_SDI_MAX_REGIONS];
static unsigned int releases;

static int region_sdi_init(struct pci_sdi *sdi)
{
	memcpy(sdi->region, want, sizeof(want));
	return 0;
}

static void region_sdi_release(struct pci_sdi *sdi)
{
	releases++;
}

static int region_sdi_reset(struct pci_sdi *sdi)
{
	return 0;
}

static int region_sdi_set_master(struct pci_sdi *sdi, bool on)
{
	return 0;
}

static const struct pci_siov_ops region_ops = {
	.sdi_init = region_sdi_init,
	.sdi_release = region_sdi_release,
	.sdi_reset = region_sdi_reset,
	.sdi_set_master = region_sdi_set_master,
};

static int region_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return 0;
}

static const struct pci_device_id region_ids[] = {
	{ PCI_DEVICE(0x1d0f, 0xfa02) },
	{}
};

static struct pci_driver region_driver = {
	.name = "siov_kunit_region",
	.id_table = region_ids,
	.probe = region_probe,
	.siov_ops = &region_ops,
};

static struct region_box {
	struct fake_pci_host *host;
	struct pci_dev *pf;
	struct kmsg_dump_iter mark;
	bool registered;
} box;

static void set_bar(int bar, u64 start, u64 size, unsigned long flags)
{
	*pci_resource_n(box.pf, bar) = (struct resource) {
		.start = start,
		.end = start + size - 1,
		.flags = IORESOURCE_MEM | flags,
	};
}

static int region_init(struct kunit *test)
{
	struct fake_pci_fn *rp, *fn;

	memset(&box, 0, sizeof(box));
	memset(want, 0, sizeof(want));
	releases = 0;

	box.host = fake_pci_host_create(test, 0, 0xff);
	rp = fake_pci_add_port(box.host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	fn = fake_pci_add_endpoint(box.host, rp, 0);
	fake_pci_add_sdis(fn, 16, 1, 1);
	fake_pci_scan(box.host);
	box.pf = fake_pci_dev(fn);
	KUNIT_ASSERT_NOT_NULL(test, box.pf);

	set_bar(0, BAR0, BAR0_SIZE, IORESOURCE_MEM_64 | IORESOURCE_PREFETCH);
	set_bar(2, BAR2, BAR2_SIZE, IORESOURCE_MEM_64);
	box.pf->msix_cap = MSIX_CAP;
	fake_pci_put16(fn, MSIX_CAP + PCI_MSIX_FLAGS, 32 - 1);
	fake_pci_put32(fn, MSIX_CAP + PCI_MSIX_TABLE, MSIX_TABLE);
	fake_pci_put32(fn, MSIX_CAP + PCI_MSIX_PBA, MSIX_PBA);

	KUNIT_ASSERT_EQ(test, 0, pci_register_driver(&region_driver));
	box.registered = true;
	fake_kmsg_mark(&box.mark);
	return 0;
}

static void region_exit(struct kunit *test)
{
	if (box.registered)
		pci_unregister_driver(&region_driver);
	if (!box.pf)
		return;

	/* Nothing is left, not even what was the PF's own */
	KUNIT_EXPECT_TRUE(test, mtree_empty(&pci_siov_pf(box.pf)->mmio));
	fake_pci_host_free(box.host);
}

static void set_region(int n, u64 start, u64 size, u16 attr)
{
	want[n] = (struct pci_sdi_region) {
		.start = start, .size = size, .attr = attr,
	};
}

static int create(u32 index)
{
	struct pci_sdi_params params = {
		.index = index, .rid = PCI_SDI_ANY_RID,
	};
	struct pci_sdi *sdi = pci_sdi_create(box.pf, &params);

	if (IS_ERR(sdi))
		return PTR_ERR(sdi);

	pci_sdi_put(sdi);
	return 0;
}

static int create_with(u32 index, u64 start, u64 size, u16 attr)
{
	memset(want, 0, sizeof(want));
	set_region(0, start, size, attr);
	return create(index);
}

static struct pci_sdi_region *region_of(u32 index, int n)
{
	struct pci_sdi *sdi = pci_sdi_get_by_index(box.pf, index);
	struct pci_sdi_region *reg = &sdi->region[n];

	pci_sdi_put(sdi);
	return reg;
}

static unsigned int warned(const char *what, const char *and_what)
{
	return fake_kmsg_count(&box.mark, LOGLEVEL_WARNING, what, and_what);
}

static void region_whole_pages(struct kunit *test)
{
	struct pci_sdi_region *reg;

	KUNIT_ASSERT_EQ(test, 0, create_with(0, BAR2, 2 * PAGE_SIZE,
					     PCI_SDI_REGION_WC));
	reg = region_of(0, 0);
	KUNIT_EXPECT_EQ(test, 2, reg->bar);
	KUNIT_EXPECT_TRUE(test, reg->flags & IORESOURCE_MEM_64);
	KUNIT_EXPECT_FALSE(test, reg->flags & IORESOURCE_PREFETCH);
	KUNIT_EXPECT_EQ(test, PCI_SDI_REGION_WC, reg->attr);

	/* Not a byte of it is another's, and its neighbours are free */
	KUNIT_EXPECT_EQ(test, -EEXIST, create_with(1, BAR2 + PAGE_SIZE,
						   PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, 1, warned("SDI 1: region 0", "belongs to SDI 0"));
	KUNIT_EXPECT_EQ(test, -EEXIST, create_with(1, BAR2 + PAGE_SIZE, 64, 0));
	KUNIT_EXPECT_EQ(test, 2, releases);
	KUNIT_EXPECT_EQ(test, 0, create_with(1, BAR2 + 2 * PAGE_SIZE,
					     PAGE_SIZE, 0));

	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf, 0));
	KUNIT_EXPECT_EQ(test, 0, create_with(2, BAR2, PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, 0, create_with(3, BAR2 + PAGE_SIZE, PAGE_SIZE,
					     0));
}

static void region_outside(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, -EINVAL, create_with(0, BAR2 - PAGE_SIZE,
						   PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, create_with(0, BAR2, BAR2_SIZE +
						   PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, create_with(0, BAR2 + BAR2_SIZE -
						   PAGE_SIZE, 2 * PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, create_with(0, BAR2, U64_MAX, 0));
	KUNIT_EXPECT_EQ(test, 4, warned("SDI 0: region 0",
					"not part of one memory BAR"));
	KUNIT_EXPECT_EQ(test, 0, create_with(0, BAR2, BAR2_SIZE, 0));
}

/* Firmware and kernel had no room for the BAR, or it is one of I/O ports */
static void region_without_memory(struct kunit *test)
{
	set_bar(2, 0, BAR2_SIZE, IORESOURCE_UNSET);
	KUNIT_EXPECT_EQ(test, -EINVAL, create_with(0, 0, PAGE_SIZE, 0));
	set_bar(2, BAR2, BAR2_SIZE, 0);
	pci_resource_n(box.pf, 2)->flags = IORESOURCE_IO;
	KUNIT_EXPECT_EQ(test, -EINVAL, create_with(0, BAR2, PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, 2, warned("SDI 0: region 0",
					"not part of one memory BAR"));
}

/* 4 KiB slices in a kernel of 64 KiB pages are what half pages are here */
static void region_smaller_than_a_page(struct kunit *test)
{
	u64 half = PAGE_SIZE / 2;

	KUNIT_ASSERT_EQ(test, 0, create_with(0, BAR2, half, 0));
	KUNIT_ASSERT_EQ(test, 0, create_with(1, BAR2 + half, half,
					     PCI_SDI_REGION_WC));
	KUNIT_EXPECT_EQ(test, PCI_SDI_REGION_NO_MMAP, region_of(0, 0)->attr);
	KUNIT_EXPECT_EQ(test, PCI_SDI_REGION_WC | PCI_SDI_REGION_NO_MMAP,
			region_of(1, 0)->attr);

	/* Whoever could map the page would have all of it */
	KUNIT_EXPECT_EQ(test, -EEXIST, create_with(2, BAR2, PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, 0, create_with(2, BAR2 + half + PAGE_SIZE,
					     PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, PCI_SDI_REGION_NO_MMAP, region_of(2, 0)->attr);

	KUNIT_EXPECT_EQ(test, -EINVAL, create_with(3, BAR2 + 8 * PAGE_SIZE + 32,
						   64, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, create_with(3, BAR2 + 8 * PAGE_SIZE,
						   96, 0));
	KUNIT_EXPECT_EQ(test, 2, warned("SDI 3: region 0",
					"not made of multiples of 64 bytes"));
}

static void region_shared(struct kunit *test)
{
	int i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, 0, create_with(i, BAR2, PAGE_SIZE,
						     PCI_SDI_REGION_SHARED));

	/* All of them, or none: and those who share say so */
	KUNIT_EXPECT_EQ(test, -EEXIST, create_with(3, BAR2, PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, 1, warned("SDI 3: region 0", "SDIs share"));
	KUNIT_EXPECT_EQ(test, -EEXIST, create_with(3, BAR2, 2 * PAGE_SIZE,
						   PCI_SDI_REGION_SHARED));
	KUNIT_EXPECT_EQ(test, 0, create_with(3, BAR2 + PAGE_SIZE, PAGE_SIZE,
					     0));
	KUNIT_EXPECT_EQ(test, -EEXIST, create_with(4, BAR2 + PAGE_SIZE,
						   PAGE_SIZE,
						   PCI_SDI_REGION_SHARED));

	/* It is shared until the last one has gone */
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf, 0));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf, 2));
	KUNIT_EXPECT_EQ(test, -EEXIST, create_with(0, BAR2, PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box.pf, 1));
	KUNIT_EXPECT_EQ(test, 0, create_with(0, BAR2, PAGE_SIZE, 0));
}

static void region_many(struct kunit *test)
{
	u64 base = BAR0 + 32 * PAGE_SIZE;
	int i;

	for (i = 0; i < PCI_SDI_MAX_REGIONS; i++)
		set_region(i, base + i * 2 * PAGE_SIZE, PAGE_SIZE,
			   i & 1 ? PCI_SDI_REGION_WC : 0);
	KUNIT_ASSERT_EQ(test, 0, create(0));
	KUNIT_EXPECT_EQ(test, 0, region_of(0, PCI_SDI_MAX_REGIONS - 1)->bar);

	/* The last of them is in the way: what was claimed before is let go */
	for (i = 0; i < PCI_SDI_MAX_REGIONS - 1; i++)
		set_region(i, base + (i * 2 + 1) * PAGE_SIZE, PAGE_SIZE,
			   i & 1 ? PCI_SDI_REGION_SHARED : 0);
	KUNIT_EXPECT_EQ(test, -EEXIST, create(1));
	want[PCI_SDI_MAX_REGIONS - 1].size = 0;
	KUNIT_EXPECT_EQ(test, 0, create(1));
}

static void region_msix(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, -EEXIST, create_with(0, BAR0 + MSIX_TABLE,
						   PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, -EEXIST, create_with(0, BAR0, BAR0_SIZE, 0));
	KUNIT_EXPECT_EQ(test, -EEXIST, create_with(0, BAR0 + 17 * PAGE_SIZE,
						   PAGE_SIZE,
						   PCI_SDI_REGION_SHARED));
	KUNIT_EXPECT_EQ(test, -EEXIST, create_with(0, BAR0 + MSIX_TABLE + 0x1c0,
						   64, 0));
	KUNIT_EXPECT_EQ(test, 4, warned("SDI 0: region 0",
					"MSI-X table or PBA"));

	/* Behind the table in its page, nobody but the kernel gets to it */
	KUNIT_EXPECT_EQ(test, 0, create_with(0, BAR0 + MSIX_TABLE + 0x200, 64,
					     0));
	KUNIT_EXPECT_EQ(test, PCI_SDI_REGION_NO_MMAP, region_of(0, 0)->attr);
	KUNIT_EXPECT_EQ(test, 0, create_with(1, BAR0 + 18 * PAGE_SIZE,
					     PAGE_SIZE, 0));
}

/* A driver that cannot tell its device which Routing IDs are allowed */
static void region_ops_know_one_mode(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			pci_siov_set_rid_mode(box.pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, 0,
			pci_siov_set_rid_mode(box.pf, PCI_SIOV_RID_STRIDED));
	KUNIT_EXPECT_EQ(test, 0, pci_siov_pf(box.pf)->users);
}

static struct kunit_case region_cases[] = {
	KUNIT_CASE(region_whole_pages),
	KUNIT_CASE(region_outside),
	KUNIT_CASE(region_without_memory),
	KUNIT_CASE(region_smaller_than_a_page),
	KUNIT_CASE(region_shared),
	KUNIT_CASE(region_many),
	KUNIT_CASE(region_msix),
	KUNIT_CASE(region_ops_know_one_mode),
	{}
};

static struct kunit_suite region_suite = {
	.name = "sdi_region",
	.init = region_init,
	.exit = region_exit,
	.test_cases = region_cases,
};

kunit_test_suite(region_suite);
