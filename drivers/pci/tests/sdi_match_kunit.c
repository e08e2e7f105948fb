// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: which driver an SDI gets
 */
#include <linux/err.h>
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"
#include "fake_sdi.h"

#define VENDOR		0x1d0f
#define DEVICE		0xfa02

/* The driver whose table the test chooses, and what it was bound by */
static struct pci_sdi_driver match_driver;
static const struct pci_sdi_device_id *bound_by;
static unsigned int probes;

static int match_probe(struct pci_sdi *sdi)
{
	probes++;
	bound_by = pci_sdi_match_id(sdi);
	return 0;
}

static void match_remove(struct pci_sdi *sdi)
{
}

/* The second entry binds by itself, the first one for whoever names the driver */
static const struct pci_sdi_device_id both[] = {
	{ PCI_SDI_DEVICE_DRIVER_OVERRIDE(VENDOR, PCI_SDI_ANY_ID,
					 PCI_SDI_ID_F_VFIO_DRIVER_OVERRIDE) },
	{ PCI_SDI_DEVICE(VENDOR, DEVICE) },
	{}
};

static const struct pci_sdi_device_id override_only[] = {
	{ PCI_SDI_DEVICE_DRIVER_OVERRIDE(PCI_SDI_ANY_ID, PCI_SDI_ANY_ID,
					 PCI_SDI_ID_F_VFIO_DRIVER_OVERRIDE) },
	{}
};

static const struct pci_sdi_device_id others[] = {
	{ PCI_SDI_DEVICE(VENDOR, DEVICE + 1) },
	{ PCI_SDI_DEVICE(VENDOR + 1, DEVICE) },
	{ PCI_SDI_DEVICE_DRIVER_OVERRIDE(VENDOR, DEVICE + 1,
					 PCI_SDI_ID_F_VFIO_DRIVER_OVERRIDE) },
	{}
};

static struct pci_dev *match_pf;

static int match_init(struct kunit *test)
{
	struct fake_pci_host *host;
	struct fake_pci_fn *rp, *fn;

	probes = 0;
	bound_by = NULL;
	fake_sdi_restart();
	host = fake_pci_host_create(test, 0, 0xff);
	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	fn = fake_pci_add_endpoint(host, rp, 0);
	fake_pci_add_sdis(fn, 4, 8, 1);
	fake_pci_scan(host);
	match_pf = fake_pci_dev(fn);
	KUNIT_ASSERT_NOT_NULL(test, match_pf);
	return 0;
}

static int match_suite_init(struct kunit_suite *suite)
{
	return fake_sdi_register();
}

static void match_suite_exit(struct kunit_suite *suite)
{
	fake_sdi_unregister();
}

/* How often the driver with @table is asked to take an SDI */
static unsigned int probes_with(struct kunit *test,
				const struct pci_sdi_device_id *table,
				const char *driver_override)
{
	struct pci_sdi_params params = {
		.rid = PCI_SDI_ANY_RID,
		.driver_override = driver_override,
	};
	struct pci_sdi *sdi;

	match_driver = (struct pci_sdi_driver) {
		.driver.name = "siov_kunit_match",
		.id_table = table,
		.probe = match_probe,
		.remove = match_remove,
	};
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_register_driver(&match_driver));
	sdi = pci_sdi_create(match_pf, &params);
	KUNIT_EXPECT_FALSE(test, IS_ERR(sdi));
	if (!IS_ERR(sdi)) {
		pci_sdi_put(sdi);
		KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(match_pf, 0));
	}
	pci_sdi_unregister_driver(&match_driver);
	return probes;
}

static void match_by_ids(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, probes_with(test, both, NULL));
	KUNIT_EXPECT_PTR_EQ(test, &both[1], bound_by);
}

static void match_not_others(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, probes_with(test, others, NULL));
	KUNIT_EXPECT_EQ(test, 0, probes_with(test, NULL, NULL));
}

static void match_not_without_override(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, probes_with(test, override_only, NULL));
	KUNIT_EXPECT_EQ(test, 0, probes_with(test, override_only,
					     FAKE_SDI_DRIVER));
}

static void match_by_override(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, probes_with(test, override_only,
					     "siov_kunit_match"));
	KUNIT_EXPECT_PTR_EQ(test, &override_only[0], bound_by);
	KUNIT_EXPECT_EQ(test, 2, probes_with(test, both, "siov_kunit_match"));
	KUNIT_EXPECT_PTR_EQ(test, &both[0], bound_by);
}

/* The administrator knows better than the table, which says nothing then */
static void match_by_override_alone(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, probes_with(test, others, "siov_kunit_match"));
	KUNIT_EXPECT_NULL(test, bound_by);
}

static struct kunit_case match_cases[] = {
	KUNIT_CASE(match_by_ids),
	KUNIT_CASE(match_not_others),
	KUNIT_CASE(match_not_without_override),
	KUNIT_CASE(match_by_override),
	KUNIT_CASE(match_by_override_alone),
	{}
};

static struct kunit_suite match_suite = {
	.name = "sdi_match",
	.suite_init = match_suite_init,
	.suite_exit = match_suite_exit,
	.init = match_init,
	.test_cases = match_cases,
};

kunit_test_suite(match_suite);
