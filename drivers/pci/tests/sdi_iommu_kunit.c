// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: what the IOMMU does with an SDI that nobody can stop
 *
 * The IOMMU is a fake that knows which domain each SDI and each of its PASIDs has
 * been attached to last, so what it would let through. Nobody may get one that
 * reaches memory, by whatever way.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/iommu.h>
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>
#include <kunit/test.h>

#include "../../iommu/iommu-priv.h"
#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"
#include "fake_sdi.h"

#define NUM_PASIDS	8
#define PASID_BITS	3

static int fake_attach(struct iommu_domain *domain, struct device *dev,
		       struct iommu_domain *old);
static int fake_set_pasid(struct iommu_domain *domain, struct device *dev,
			  ioasid_t pasid, struct iommu_domain *old);

static void fake_free(struct iommu_domain *domain)
{
	kfree(domain);
}

static const struct iommu_domain_ops fake_domain_ops = {
	.attach_dev = fake_attach,
	.set_dev_pasid = fake_set_pasid,
	.free = fake_free,
};

/* Of those that nobody frees */
static const struct iommu_domain_ops fake_static_ops = {
	.attach_dev = fake_attach,
	.set_dev_pasid = fake_set_pasid,
};

static struct iommu_domain fake_blocked = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &fake_static_ops,
};

static struct iommu_domain fake_identity = {
	.type = IOMMU_DOMAIN_IDENTITY,
	.ops = &fake_static_ops,
};

/* The domain of each PASID, by index of the SDI. That of the RID is the first */
static struct iommu_domain *attached[FAKE_SDIS][NUM_PASIDS];
static struct iommu_device fake_iommu;

/* How often it fails to block */
static unsigned int fails_to_block;

/* And to attach any other domain to an SDI */
static unsigned int fails_to_unblock;

static int fake_attach(struct iommu_domain *domain, struct device *dev,
		       struct iommu_domain *old)
{
	if (domain == &fake_blocked && fails_to_block) {
		fails_to_block--;
		return -ENOMEM;
	}
	if (dev_is_pci_sdi(dev) && domain != &fake_blocked && fails_to_unblock) {
		fails_to_unblock--;
		return -ENOMEM;
	}
	if (dev_is_pci_sdi(dev))
		attached[to_pci_sdi(dev)->index][0] = domain;
	return 0;
}

static int fake_set_pasid(struct iommu_domain *domain, struct device *dev,
			  ioasid_t pasid, struct iommu_domain *old)
{
	if (pasid >= NUM_PASIDS)
		return -EINVAL;

	attached[to_pci_sdi(dev)->index][pasid] = domain;
	return 0;
}

static struct iommu_device *fake_probe_device(struct device *dev)
{
	/* The fake host's functions, and their SDIs */
	if (dev_is_pci_sdi(dev) ||
	    (dev_is_pci(dev) && to_pci_dev(dev)->vendor == 0x1d0f))
		return &fake_iommu;

	return ERR_PTR(-ENODEV);
}

/* The IOMMU takes its time with an SDI that goes, for instance for its caches */
static struct completion *goes, *gone;

static void fake_release_device(struct device *dev)
{
	if (!goes || !dev_is_pci_sdi(dev))
		return;

	complete(goes);
	wait_for_completion(gone);
}

/* A kernel that starts after a crash found devices at work, and lets them go on */
static bool after_crash;

static bool fake_is_attach_deferred(struct device *dev)
{
	return after_crash;
}

/* For drivers of the kernel. The DMA API is not what is tested */
static int fake_default_type(struct device *dev)
{
	return IOMMU_DOMAIN_IDENTITY;
}

static struct iommu_domain *fake_alloc_paging(struct device *dev)
{
	struct iommu_domain *domain = kzalloc_obj(*domain);

	if (!domain)
		return ERR_PTR(-ENOMEM);

	domain->pgsize_bitmap = SZ_4K;
	return domain;
}

/* Firmware that asks for a direct mapping of whatever has a Routing ID */
static void fake_get_resv_regions(struct device *dev, struct list_head *list)
{
	struct iommu_resv_region *region;

	region = iommu_alloc_resv_region(SZ_1M, SZ_4K, IOMMU_READ | IOMMU_WRITE,
					 IOMMU_RESV_DIRECT, GFP_KERNEL);
	if (region)
		list_add_tail(&region->list, list);
}

static const struct iommu_ops fake_iommu_ops = {
	.owner = THIS_MODULE,
	.def_domain_type = fake_default_type,
	.identity_domain = &fake_identity,
	.blocked_domain = &fake_blocked,
	.release_domain = &fake_blocked,
	.probe_device = fake_probe_device,
	.release_device = fake_release_device,
	.is_attach_deferred = fake_is_attach_deferred,
	.device_group = pci_device_group,
	.domain_alloc_paging = fake_alloc_paging,
	.get_resv_regions = fake_get_resv_regions,
	.default_domain_ops = &fake_domain_ops,
};

struct iommu_box {
	struct fake_pci_fn *fn;
	struct pci_dev *pf;
	struct pci_sdi *sdi;
	struct device *dev;
	struct iommu_domain *wanted;
};

static struct iommu_box *box;

static int iommu_suite_init(struct kunit_suite *suite)
{
	int ret;

	fake_iommu.max_pasids = NUM_PASIDS;
	ret = iommu_device_sysfs_add(&fake_iommu, NULL, NULL, "kunit-iommu");
	if (ret)
		return ret;

	ret = iommu_device_register(&fake_iommu, &fake_iommu_ops, NULL);
	if (ret)
		goto err_sysfs;

	ret = fake_sdi_register();
	if (!ret)
		return 0;

	iommu_device_unregister(&fake_iommu);
err_sysfs:
	iommu_device_sysfs_remove(&fake_iommu);
	return ret;
}

static void iommu_suite_exit(struct kunit_suite *suite)
{
	fake_sdi_unregister();
	iommu_device_unregister(&fake_iommu);
	iommu_device_sysfs_remove(&fake_iommu);
}

/* An SDI tells its requests apart by PASID */
static void give_pasids(struct pci_sdi *sdi)
{
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U32("pasid-num-bits", PASID_BITS),
		{ }
	};

	device_create_managed_software_node(&sdi->dev, properties, NULL);
}

/* Whatever path there is redirects requests, so each SDI has a group */
static void add_acs(struct fake_pci_fn *port)
{
	u16 pos = fake_pci_add_ext_cap(port, PCI_EXT_CAP_ID_ACS, 1, 8);
	u16 all = PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF;

	fake_pci_put16(port, pos + PCI_ACS_CAP, all);
	fake_pci_put16(port, pos + PCI_ACS_CTRL, all);
}

static int iommu_init(struct kunit *test)
{
	struct pci_sdi_params params = { .rid = PCI_SDI_ANY_RID };
	struct fake_pci_host *host;
	struct fake_pci_fn *rp, *fn;

	box = kunit_kzalloc(test, sizeof(*box), GFP_KERNEL);
	if (!box)
		return -ENOMEM;

	fake_sdi_restart();
	fake_sdi_pf.in_init = give_pasids;
	memset(attached, 0, sizeof(attached));
	host = fake_pci_host_create(test, 0, 0xff);
	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	add_acs(rp);
	fn = fake_pci_add_endpoint(host, rp, 0);
	fake_pci_add_ari(fn, 0);
	fake_pci_add_sdis(fn, 16, 8, 1);
	fake_pci_scan(host);
	box->fn = fn;
	box->pf = fake_pci_dev(fn);
	KUNIT_ASSERT_NOT_NULL(test, box->pf);
	KUNIT_ASSERT_TRUE(test, device_iommu_mapped(&box->pf->dev));

	box->sdi = pci_sdi_create(box->pf, &params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(box->sdi));
	box->dev = &box->sdi->dev;
	KUNIT_ASSERT_PTR_NE(test, box->dev->iommu_group,
			    box->pf->dev.iommu_group);
	KUNIT_ASSERT_EQ(test, NUM_PASIDS, box->dev->iommu->max_pasids);

	/* The domain that a user of the SDI attaches */
	box->wanted = iommu_paging_domain_alloc(box->dev);
	KUNIT_ASSERT_FALSE(test, IS_ERR(box->wanted));
	return 0;
}

static void iommu_exit(struct kunit *test)
{
	if (!IS_ERR_OR_NULL(box->wanted))
		iommu_domain_free(box->wanted);
	if (!IS_ERR_OR_NULL(box->sdi))
		pci_sdi_put(box->sdi);
}

static struct iommu_domain *domain_of(ioasid_t pasid)
{
	return attached[box->sdi->index][pasid];
}

/* The device does not stop it */
static void get_stuck(struct kunit *test)
{
	fake_sdi_pf.reset_ret = -ETIMEDOUT;
	KUNIT_ASSERT_EQ(test, -ETIMEDOUT, pci_sdi_reset(box->sdi));
}

static void get_unstuck(struct kunit *test)
{
	fake_sdi_pf.reset_ret = 0;
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_reset(box->sdi));
}

static int attach_pasid(ioasid_t pasid)
{
	return iommu_attach_device_pasid(box->wanted, box->dev, pasid, NULL);
}

/* While somebody has the SDI: what he has is blocked, and he gets no more */
static void pasids_are_blocked(struct kunit *test)
{
	struct iommu_attach_handle handle = { .domain = box->wanted };

	KUNIT_EXPECT_PTR_EQ(test, &fake_blocked, domain_of(0));
	KUNIT_EXPECT_PTR_EQ(test, &fake_blocked, domain_of(1));
	KUNIT_EXPECT_EQ(test, -EBUSY, attach_pasid(2));
	KUNIT_EXPECT_NULL(test, domain_of(2));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_replace_device_pasid(box->wanted, box->dev, 1,
						   &handle));
	KUNIT_EXPECT_PTR_EQ(test, &fake_blocked, domain_of(1));
}

static void bind(struct kunit *test)
{
	device_set_driver_override(box->dev, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_EQ(test, 1, device_attach(box->dev));
	KUNIT_ASSERT_EQ(test, 0, attach_pasid(1));
	KUNIT_ASSERT_PTR_EQ(test, box->wanted, domain_of(1));
}

static void unbind(void)
{
	iommu_detach_device_pasid(box->wanted, box->dev, 1);
	device_release_driver(box->dev);
}

static void iommu_blocks_pasids(struct kunit *test)
{
	struct iommu_domain *before;

	bind(test);
	before = domain_of(0);
	KUNIT_ASSERT_PTR_NE(test, &fake_blocked, before);
	get_stuck(test);
	pasids_are_blocked(test);

	/* All as it was, and more is possible */
	get_unstuck(test);
	KUNIT_EXPECT_PTR_EQ(test, before, domain_of(0));
	KUNIT_EXPECT_PTR_EQ(test, box->wanted, domain_of(1));
	KUNIT_EXPECT_EQ(test, 0, attach_pasid(2));
	KUNIT_EXPECT_PTR_EQ(test, box->wanted, domain_of(2));
	iommu_detach_device_pasid(box->wanted, box->dev, 2);
	unbind();
}

/* No SDI was there before the kernel that creates it */
static void iommu_blocks_new_after_crash(struct kunit *test)
{
	struct pci_sdi_params params = { .index = 1, .rid = PCI_SDI_ANY_RID };
	struct pci_sdi *sdi;

	after_crash = true;
	sdi = pci_sdi_create(box->pf, &params);
	after_crash = false;
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_PTR_EQ(test, &fake_blocked, attached[1][0]);
	pci_sdi_put(sdi);
}

/* What fails is tried again with each reset that fails */
static void iommu_blocks_later(struct kunit *test)
{
	bind(test);
	fails_to_block = 1;
	get_stuck(test);
	KUNIT_EXPECT_EQ(test, 0, fails_to_block);
	KUNIT_EXPECT_PTR_NE(test, &fake_blocked, domain_of(0));
	get_stuck(test);
	pasids_are_blocked(test);
	get_unstuck(test);
	KUNIT_EXPECT_PTR_NE(test, &fake_blocked, domain_of(0));
	unbind();
}

/* Memory that is short for a moment takes nothing from the owner */
static void iommu_unblocks_later(struct kunit *test)
{
	struct iommu_domain *before;

	bind(test);
	before = domain_of(0);
	get_stuck(test);
	fails_to_unblock = 2;
	get_unstuck(test);
	KUNIT_EXPECT_EQ(test, 0, fails_to_unblock);
	KUNIT_EXPECT_PTR_EQ(test, before, domain_of(0));

	/* It stays blocked if there is none for long, and the next reset helps */
	get_stuck(test);
	fails_to_unblock = 100;
	fake_sdi_pf.reset_ret = 0;
	KUNIT_EXPECT_EQ(test, -ENOMEM, pci_sdi_reset(box->sdi));
	fails_to_unblock = 0;
	pasids_are_blocked(test);
	get_unstuck(test);
	KUNIT_EXPECT_PTR_EQ(test, before, domain_of(0));
	unbind();
}

/* What he gives up while it is blocked does not come back */
static void iommu_forgets_pasids(struct kunit *test)
{
	bind(test);
	get_stuck(test);
	unbind();
	get_unstuck(test);
	KUNIT_EXPECT_PTR_NE(test, box->wanted, domain_of(1));
}

/* An error while it runs: nobody was able to stop it before its PF fell silent */
static void iommu_blocks_over_error(struct kunit *test)
{
	bind(test);
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_set_master(box->sdi, true));
	scoped_guard(device, &box->pf->dev) {
		pci_sdis_error(box->pf, pci_channel_io_frozen);
		pasids_are_blocked(test);
		fake_sdi_forget();
		pci_siov_restore_state(box->pf);
		pci_sdis_reset_done(box->pf);
	}
	KUNIT_EXPECT_PTR_NE(test, &fake_blocked, domain_of(0));
	KUNIT_EXPECT_PTR_EQ(test, box->wanted, domain_of(1));
	unbind();
}

/* Its Routing ID may be that of another one after the reset */
static void iommu_blocks_lost(struct kunit *test)
{
	u16 stride = box->pf->siov->pos + PCI_SIOV_STRIDE;

	bind(test);
	scoped_guard(device, &box->pf->dev) {
		pci_sdis_reset_prepare(box->pf);
		fake_pci_put16(box->fn, stride, 2);
		fake_sdi_forget();
		pci_siov_restore_state(box->pf);
		pci_sdis_reset_done(box->pf);
	}
	KUNIT_EXPECT_EQ(test, PCI_SDI_LOST, to_sdi_core(box->sdi)->state);
	pasids_are_blocked(test);
	unbind();
}

/* Each way to get an SDI that nobody has */
static void iommu_gives_it_to_nobody(struct kunit *test)
{
	struct iommu_group *group = box->dev->iommu_group;
	int owner;

	device_set_driver_override(box->dev, FAKE_SDI_DRIVER);
	get_stuck(test);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_device_claim_dma_owner(box->dev, &owner));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_group_claim_dma_owner(group, &owner));
	KUNIT_EXPECT_GT(test, 0, iommu_attach_group(box->wanted, group));
	KUNIT_EXPECT_GT(test, 0, iommu_attach_device(box->wanted, box->dev));
	KUNIT_EXPECT_EQ(test, -EBUSY, attach_pasid(1));
	KUNIT_EXPECT_NE(test, 1, device_attach(box->dev));
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.probes);
	KUNIT_EXPECT_PTR_EQ(test, &fake_blocked, domain_of(0));
	KUNIT_EXPECT_NULL(test, domain_of(1));

	get_unstuck(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_device_claim_dma_owner(box->dev, &owner));
	KUNIT_EXPECT_EQ(test, 0, iommu_attach_group(box->wanted, group));
	KUNIT_EXPECT_PTR_EQ(test, box->wanted, domain_of(0));

	/* A user keeps it, and has it again when it was stopped */
	get_stuck(test);
	KUNIT_EXPECT_PTR_EQ(test, &fake_blocked, domain_of(0));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_device_claim_dma_owner(box->dev, &owner));
	get_unstuck(test);
	KUNIT_EXPECT_PTR_EQ(test, box->wanted, domain_of(0));
	iommu_detach_group(box->wanted, group);
	iommu_device_release_dma_owner(box->dev);
}

/* Nor is it let through when it is gone, as what has a direct mapping is */
static void iommu_blocks_what_is_gone(struct kunit *test)
{
	bind(test);
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_set_master(box->sdi, true));
	unbind();
	get_stuck(test);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, box->sdi->index));
	KUNIT_EXPECT_PTR_EQ(test, &fake_blocked, domain_of(0));
	KUNIT_EXPECT_TRUE(test, xa_load(&pci_siov_pf(box->pf)->bridge->rid_claims,
					box->sdi->rid));
}

/* In whose group is a new SDI if the PF redirects @redirected? */
static bool is_alone(struct kunit *test, u16 redirected)
{
	struct pci_sdi_params params = { .index = 1, .rid = PCI_SDI_ANY_RID };
	struct pci_sdi *sdi;
	bool alone;

	fake_pci_put16(box->fn, box->pf->acs_cap + PCI_ACS_CTRL, redirected);
	sdi = pci_sdi_create(box->pf, &params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	alone = sdi->dev.iommu_group != box->pf->dev.iommu_group;
	pci_sdi_destroy(sdi);
	pci_sdi_put(sdi);
	return alone;
}

/* A PF that can redirect both requests and completions has to do both */
static void iommu_groups_by_redirection(struct kunit *test)
{
	add_acs(box->fn);
	box->pf->acs_cap = box->fn->last_ext;
	box->pf->acs_capabilities = PCI_ACS_RR | PCI_ACS_CR;
	KUNIT_EXPECT_TRUE(test, is_alone(test, PCI_ACS_RR | PCI_ACS_CR));
	KUNIT_EXPECT_FALSE(test, is_alone(test, PCI_ACS_RR));
	KUNIT_EXPECT_FALSE(test, is_alone(test, PCI_ACS_CR));
	KUNIT_EXPECT_FALSE(test, is_alone(test, 0));
	/* What nobody can read is no proof */
	KUNIT_EXPECT_FALSE(test, is_alone(test, 0xffff));

	/* One that can do one of them only has nothing else to close */
	box->pf->acs_capabilities = PCI_ACS_RR;
	KUNIT_EXPECT_TRUE(test, is_alone(test, PCI_ACS_RR));
}

/* From here on new SDIs are in the group of their PF */
static void share_group(void)
{
	add_acs(box->fn);
	box->pf->acs_cap = box->fn->last_ext;
	box->pf->acs_capabilities = PCI_ACS_RR | PCI_ACS_CR;
	fake_pci_put16(box->fn, box->pf->acs_cap + PCI_ACS_CTRL, 0);
}

/* The others of a group would reach what is behind the PASID, and it them */
static void iommu_gives_no_pasid_of_a_group(struct kunit *test)
{
	struct pci_sdi_params params = { .index = 1, .rid = PCI_SDI_ANY_RID };
	struct device *pf = &box->pf->dev;
	struct pci_sdi *sdi;
	int owner;

	device_release_driver(pf);
	KUNIT_ASSERT_GE(test, device_attach(pf), 0);
	share_group();
	sdi = pci_sdi_create(box->pf, &params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_ASSERT_PTR_EQ(test, sdi->dev.iommu_group, pf->iommu_group);
	KUNIT_EXPECT_EQ(test, -EPERM,
			iommu_device_claim_pasid(&sdi->dev, 1, &owner));
	pci_sdi_destroy(sdi);
	pci_sdi_put(sdi);

	/* Nobody joins the group afterwards */
	pf->iommu->max_pasids = NUM_PASIDS;
	KUNIT_ASSERT_EQ(test, 0, iommu_device_claim_pasid(pf, 1, &owner));
	sdi = pci_sdi_create(box->pf, &params);
	KUNIT_EXPECT_EQ(test, -ENODEV, PTR_ERR_OR_ZERO(sdi));
	iommu_device_release_pasid(pf, 1, &owner);
}

/* An SDI that was blocked until its end leaves a group that others can use */
static void iommu_group_is_usable_again(struct kunit *test)
{
	struct pci_sdi_params params = { .index = 1, .rid = PCI_SDI_ANY_RID };
	struct device *pf = &box->pf->dev;
	struct pci_sdi *sdi;
	int owner;

	share_group();
	sdi = pci_sdi_create(box->pf, &params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_ASSERT_PTR_EQ(test, sdi->dev.iommu_group, pf->iommu_group);
	fake_sdi_pf.reset_ret = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, pci_sdi_reset(sdi));
	pci_sdi_put(sdi);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(box->pf, 1));

	fake_sdi_pf.reset_ret = 0;
	device_release_driver(pf);
	/* Firmware's wish for a direct mapping is another reason to refuse */
	pf->iommu->require_direct = 0;
	KUNIT_ASSERT_EQ(test, 0, iommu_device_claim_dma_owner(pf, &owner));
	iommu_device_release_dma_owner(pf);
}

/* The way to the IOMMU is as good as its worst port */
static void iommu_groups_by_path(struct kunit *test)
{
	struct pci_sdi_params params = { .rid = PCI_SDI_ANY_RID };
	struct fake_pci_fn *rp, *up, *dp, *fn;
	struct fake_pci_host *host;
	struct pci_sdi *sdi;
	struct pci_dev *pf;
	int i;

	for (i = 0; i < 2; i++) {
		host = fake_pci_host_create(test, 0, 0xff);
		rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
				       PCI_EXP_TYPE_ROOT_PORT);
		up = fake_pci_add_port(host, rp, 0, PCI_EXP_TYPE_UPSTREAM);
		dp = fake_pci_add_port(host, up, 0, PCI_EXP_TYPE_DOWNSTREAM);
		fn = fake_pci_add_endpoint(host, dp, 0);
		fake_pci_add_sdis(fn, 16, 8, 1);
		add_acs(dp);
		if (i)
			add_acs(rp);
		fake_pci_scan(host);
		pf = fake_pci_dev(fn);
		KUNIT_ASSERT_NOT_NULL(test, pf);

		sdi = pci_sdi_create(pf, &params);
		KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
		KUNIT_EXPECT_EQ(test, i == 1,
				sdi->dev.iommu_group != pf->dev.iommu_group);
		pci_sdi_put(sdi);
		fake_pci_host_free(host);
	}
}

static void delete_other(struct work_struct *work)
{
	pci_sdi_delete(box->pf, 1);
}

static void block_this(struct work_struct *work)
{
	iommu_device_block(box->dev);
}

/* Whatever else the IOMMU is busy with, this one is blocked at once */
static void iommu_blocks_while_another_goes(struct kunit *test)
{
	struct pci_sdi_params params = { .index = 1, .rid = PCI_SDI_ANY_RID };
	DECLARE_COMPLETION_ONSTACK(other_goes);
	DECLARE_COMPLETION_ONSTACK(other_gone);
	struct work_struct remove, block;
	struct pci_sdi *other;
	int i;

	bind(test);
	unbind();
	other = pci_sdi_create(box->pf, &params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	pci_sdi_put(other);

	goes = &other_goes;
	gone = &other_gone;
	INIT_WORK_ONSTACK(&remove, delete_other);
	INIT_WORK_ONSTACK(&block, block_this);
	queue_work(system_dfl_wq, &remove);
	wait_for_completion(&other_goes);
	goes = NULL;
	queue_work(system_dfl_wq, &block);
	for (i = 0; i < 50 && domain_of(0) != &fake_blocked; i++)
		msleep(20);
	KUNIT_EXPECT_PTR_EQ(test, &fake_blocked, domain_of(0));

	complete(&other_gone);
	flush_work(&remove);
	flush_work(&block);
	destroy_work_on_stack(&remove);
	destroy_work_on_stack(&block);
	KUNIT_EXPECT_EQ(test, 0, iommu_device_unblock(box->dev));
}

static struct kunit_case iommu_cases[] = {
	KUNIT_CASE(iommu_blocks_pasids),
	KUNIT_CASE(iommu_blocks_new_after_crash),
	KUNIT_CASE(iommu_blocks_later),
	KUNIT_CASE(iommu_unblocks_later),
	KUNIT_CASE(iommu_forgets_pasids),
	KUNIT_CASE(iommu_blocks_over_error),
	KUNIT_CASE(iommu_blocks_lost),
	KUNIT_CASE(iommu_gives_it_to_nobody),
	KUNIT_CASE(iommu_gives_no_pasid_of_a_group),
	KUNIT_CASE(iommu_blocks_what_is_gone),
	KUNIT_CASE(iommu_blocks_while_another_goes),
	KUNIT_CASE(iommu_groups_by_redirection),
	KUNIT_CASE(iommu_groups_by_path),
	KUNIT_CASE(iommu_group_is_usable_again),
	{}
};

static struct kunit_suite iommu_suite = {
	.name = "pci-sdi-iommu",
	.suite_init = iommu_suite_init,
	.suite_exit = iommu_suite_exit,
	.init = iommu_init,
	.exit = iommu_exit,
	.test_cases = iommu_cases,
};

kunit_test_suites(&iommu_suite);

MODULE_DESCRIPTION("KUnit tests for SDIs that the IOMMU has to block");
MODULE_LICENSE("GPL");
