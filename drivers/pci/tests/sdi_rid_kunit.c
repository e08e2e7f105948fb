// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: Routing IDs of SDIs that exist
 *
 * Functions and aliases that come later, and the way in which Routing IDs are
 * assigned (rid_mode).
 */
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/workqueue.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"
#include "fake_sdi.h"
#include "sdi_life.h"

/* A function that sends with another Routing ID as well, which a quirk knows */
#define ALIAS_DEVICE	0xfa77
#define ALIAS_DEVFN	0x0a

static void alias_quirk(struct pci_dev *dev)
{
	pci_add_dma_alias(dev, ALIAS_DEVFN, 1);
}
DECLARE_PCI_FIXUP_HEADER(0x1d0f, ALIAS_DEVICE, alias_quirk);

static void alias_comes_later(struct kunit *test)
{
	struct fake_pci_fn *late;

	KUNIT_ASSERT_EQ(test, 0x10a, life_create_and_put(2));
	late = fake_pci_add_endpoint(life->host, life->rp, 1);
	fake_pci_add_ari(late, 0);
	fake_pci_put16(late, PCI_DEVICE_ID, ALIAS_DEVICE);
	fake_pci_put16(life->fn, PCI_CFG_SPACE_SIZE + PCI_ARI_CAP, 1 << 8);
	fake_pci_rescan(life->host);
	KUNIT_EXPECT_NULL(test, fake_pci_dev(late));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&life->mark, LOGLEVEL_INFO,
						 "not used", "01.2"));

	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(life->pf, 2));
	fake_pci_rescan(life->host);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(late));
	KUNIT_EXPECT_EQ(test, -EBUSY, life_create_and_put(2));
}

/* A driver that is bound may know of an alias that was not known before */
static void alias_of_pf(struct kunit *test)
{
	device_release_driver(&life->pf->dev);
	KUNIT_EXPECT_EQ(test, 16, pci_siov_usable_sdis(life->pf));
	pci_add_dma_alias(life->pf, ALIAS_DEVFN, 1);
	KUNIT_ASSERT_EQ(test, 1, device_attach(&life->pf->dev));
	KUNIT_EXPECT_EQ(test, -EPERM, life_create_and_put(0));
	KUNIT_EXPECT_EQ(test, 0, pci_siov_usable_sdis(life->pf));
}

static void function_is_left_alone(struct kunit *test)
{
	struct fake_pci_fn *late, *behind;

	KUNIT_ASSERT_EQ(test, 0x109, life_create_and_put(1));
	late = fake_pci_add_endpoint(life->host, life->rp, 9);
	fake_pci_add_ari(late, 0x20);
	behind = fake_pci_add_endpoint(life->host, life->rp, 0x20);
	fake_pci_add_ari(behind, 0);
	fake_pci_put16(life->fn, PCI_CFG_SPACE_SIZE + PCI_ARI_CAP, 9 << 8);
	fake_pci_rescan(life->host);
	KUNIT_EXPECT_NULL(test, fake_pci_dev(late));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&life->mark, LOGLEVEL_INFO,
						 "function 01.1 not used", NULL));
	/* Only that one */
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(behind));
}

/* Without power the device would forget its allowlist, and nobody would know */
static void software_mode_keeps_power(struct kunit *test)
{
	atomic_t *count = &life->pf->dev.power.usage_count;
	int before = atomic_read(count);

	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(life->pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, before + 1, atomic_read(count));
	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(life->pf, PCI_SIOV_RID_STRIDED));
	KUNIT_EXPECT_EQ(test, before, atomic_read(count));

	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(life->pf, PCI_SIOV_RID_SOFTWARE));
	device_release_driver(&life->pf->dev);
	KUNIT_EXPECT_EQ(test, 0, pci_siov_set_rid_mode(life->pf,
						       PCI_SIOV_RID_STRIDED));
}

static int created_meanwhile, streamed_meanwhile;

static void use_meanwhile(void)
{
	u32 last = 0;

	created_meanwhile = life_create_and_put(0);
	streamed_meanwhile = pci_siov_add_stream(life->pf, &last);
}

/* What would depend on the mode does not come while it changes */
static void mode_changes_alone(struct kunit *test)
{
	fake_sdi_pf.in_allow = use_meanwhile;
	KUNIT_EXPECT_EQ(test, 0,
			pci_siov_set_rid_mode(life->pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, -EAGAIN, created_meanwhile);
	KUNIT_EXPECT_EQ(test, -EBUSY, streamed_meanwhile);

	created_meanwhile = 0;
	streamed_meanwhile = 0;
	KUNIT_EXPECT_EQ(test, 0,
			pci_siov_set_rid_mode(life->pf, PCI_SIOV_RID_STRIDED));
	KUNIT_EXPECT_EQ(test, -EAGAIN, created_meanwhile);
	KUNIT_EXPECT_EQ(test, -EBUSY, streamed_meanwhile);
	fake_sdi_pf.in_allow = NULL;
}

/* The bus may change while the function does not answer */
static void allowlist_waits(struct kunit *test)
{
	struct pci_siov_pf *spf = pci_siov_pf(life->pf);
	struct fake_pci_fn *late;

	KUNIT_ASSERT_EQ(test, 0,
			pci_siov_set_rid_mode(life->pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.allows);

	scoped_guard(device, &life->pf->dev)
		pci_sdis_reset_prepare(life->pf);

	fake_sdi_pf.silent = true;
	late = fake_pci_add_endpoint(life->host, life->rp, 1);
	fake_pci_add_ari(late, 0);
	fake_pci_put16(life->fn, PCI_CFG_SPACE_SIZE + PCI_ARI_CAP, 1 << 8);
	fake_pci_rescan(life->host);
	KUNIT_ASSERT_NOT_NULL(test, fake_pci_dev(late));
	flush_work(&spf->allow_work);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.allows);
	KUNIT_EXPECT_EQ(test, -EAGAIN, life_create_and_put(0));

	scoped_guard(device, &life->pf->dev) {
		fake_sdi_pf.silent = false;
		pci_siov_restore_state(life->pf);
		pci_sdis_reset_done(life->pf);
	}

	/* The old list at once, and the new one */
	flush_work(&spf->allow_work);
	KUNIT_EXPECT_EQ(test, 3, fake_sdi_pf.allows);
}

static void index_follows_rid(struct kunit *test)
{
	struct pci_sdi_params params = {
		.index = PCI_SDI_ANY_INDEX,
		.rid = 0x10b,
	};
	struct pci_sdi *sdi = pci_sdi_create(life->pf, &params);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, 3, sdi->index);
	KUNIT_EXPECT_STREQ(test, dev_name(&sdi->dev), fake_sdi_pf.name);
	pci_sdi_put(sdi);

	KUNIT_EXPECT_EQ(test, -EBUSY,
			PTR_ERR_OR_ZERO(pci_sdi_create(life->pf, &params)));
	params.rid = 0x107;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(pci_sdi_create(life->pf, &params)));
	params.rid = 0x118;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(pci_sdi_create(life->pf, &params)));
}

static struct kunit_case rid_cases[] = {
	KUNIT_CASE(alias_comes_later),
	KUNIT_CASE(alias_of_pf),
	KUNIT_CASE(function_is_left_alone),
	KUNIT_CASE(software_mode_keeps_power),
	KUNIT_CASE(mode_changes_alone),
	KUNIT_CASE(allowlist_waits),
	KUNIT_CASE(index_follows_rid),
	{}
};

static struct kunit_suite rid_suite = {
	.name = "pci-sdi-rids",
	.suite_init = life_suite_init,
	.suite_exit = life_suite_exit,
	.init = life_init,
	.exit = life_exit,
	.test_cases = rid_cases,
};

kunit_test_suites(&rid_suite);

MODULE_DESCRIPTION("KUnit tests for Routing IDs of SDIs that exist");
MODULE_LICENSE("GPL");
