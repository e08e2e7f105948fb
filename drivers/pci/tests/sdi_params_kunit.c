// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: what can be chosen when an SDI is created, and what sysfs says of
 * an SDI that exists
 *
 * All of it through the attributes, as the administrator does it.
 */
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"

enum { TYPE, VECTORS, QUEUES };

static const char * const types[] = { "net", "storage", "crypto" };

static const struct pci_sdi_param good[] = {
	[TYPE] = { .name = "type", .choices = types, .max = 2, .def = 1 },
	[VECTORS] = { .name = "vectors", .min = 1, .max = 33, .def = 4 },
	[QUEUES] = { .name = "queues", .max = 8 },
};

/* What the driver declares, and what it found in sdi_init */
static struct {
	const struct pci_sdi_param *list;
	int nr;
	u32 param[PCI_SDI_MAX_PARAMS];
	void *data;
	unsigned int inits;
} drv;

static int params_sdi_init(struct pci_sdi *sdi)
{
	memcpy(drv.param, sdi->param, sizeof(drv.param));
	drv.data = sdi->create_data;
	drv.inits++;
	sdi->ids.subsystem_vendor = 0x1af4;
	sdi->ids.subsystem_device = 0x00a7;
	sdi->ids.revision = 0x0c;
	return 0;
}

static void params_sdi_release(struct pci_sdi *sdi)
{
}

static int params_sdi_reset(struct pci_sdi *sdi)
{
	return 0;
}

static int params_sdi_set_master(struct pci_sdi *sdi, bool on)
{
	return 0;
}

static int params_declare(struct pci_dev *pf,
			  const struct pci_sdi_param **params)
{
	*params = drv.list;
	return drv.nr;
}

static const struct pci_siov_ops params_ops = {
	.sdi_init = params_sdi_init,
	.sdi_release = params_sdi_release,
	.sdi_reset = params_sdi_reset,
	.sdi_set_master = params_sdi_set_master,
	.sdi_params = params_declare,
};

static int params_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return 0;
}

static const struct pci_device_id params_ids[] = {
	{ PCI_DEVICE(0x1d0f, 0xfa02) },
	{}
};

static struct pci_driver params_driver = {
	.name = "siov_kunit_params",
	.id_table = params_ids,
	.probe = params_probe,
	.siov_ops = &params_ops,
};

static struct params_box {
	struct fake_pci_host *host;
	struct pci_dev *pf;
	struct kmsg_dump_iter mark;
	char *buf;
} box;

static int params_init(struct kunit *test)
{
	struct fake_pci_fn *rp, *fn;

	memset(&box, 0, sizeof(box));
	memset(&drv, 0, sizeof(drv));
	drv.list = good;
	drv.nr = ARRAY_SIZE(good);

	box.buf = (char *)__get_free_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, box.buf);
	box.host = fake_pci_host_create(test, 0, 0xff);
	rp = fake_pci_add_port(box.host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	fn = fake_pci_add_endpoint(box.host, rp, 0);
	fake_pci_add_sdis(fn, 16, 1, 1);
	fake_pci_scan(box.host);
	box.pf = fake_pci_dev(fn);
	KUNIT_ASSERT_NOT_NULL(test, box.pf);
	KUNIT_ASSERT_EQ(test, 0, pci_register_driver(&params_driver));
	fake_kmsg_mark(&box.mark);
	return 0;
}

static void params_exit(struct kunit *test)
{
	pci_unregister_driver(&params_driver);
	fake_pci_host_free(box.host);
	free_page((unsigned long)box.buf);
}

/* As if the driver had always declared that */
static void declare(struct kunit *test, const struct pci_sdi_param *list, int n)
{
	pci_unregister_driver(&params_driver);
	drv.list = list;
	drv.nr = n;
	KUNIT_ASSERT_EQ(test, 0, pci_register_driver(&params_driver));
}

static int sdi_new(const char *line)
{
	ssize_t ret;

	ret = pci_siov_attr_sdi_new.store(&box.pf->dev, &pci_siov_attr_sdi_new,
					  line, strlen(line));
	return ret == strlen(line) ? 0 : ret;
}

static const char *sdi_params(void)
{
	memset(box.buf, 0, PAGE_SIZE);
	pci_siov_attr_sdi_params.show(&box.pf->dev, &pci_siov_attr_sdi_params,
				      box.buf);
	return box.buf;
}

/* An attribute of SDI @index, NULL if it has none of that name */
static const char *attr_of(u32 index, const char *name)
{
	struct pci_sdi *sdi __free(pci_sdi_put) =
		pci_sdi_get_by_index(box.pf, index);
	const struct attribute_group **groups;
	struct device_attribute *attr;
	struct attribute **a;

	if (!sdi)
		return NULL;

	for (groups = pci_sdi_dev_groups; *groups; groups++) {
		for (a = (*groups)->attrs; *a; a++) {
			if (strcmp((*a)->name, name))
				continue;
			if ((*groups)->is_visible &&
			    !(*groups)->is_visible(&sdi->dev.kobj, *a, 0))
				return NULL;
			attr = container_of(*a, struct device_attribute, attr);
			memset(box.buf, 0, PAGE_SIZE);
			attr->show(&sdi->dev, attr, box.buf);
			return box.buf;
		}
	}

	return NULL;
}

static unsigned int said(const char *what, const char *and_what)
{
	return fake_kmsg_count(&box.mark, LOGLEVEL_INFO, what, and_what);
}

static void params_chosen(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, sdi_params(),
			   "type net|storage|crypto storage\n"
			   "vectors 1-33 4\n"
			   "queues 0-8 0\n");

	KUNIT_ASSERT_EQ(test, 0, sdi_new("any"));
	KUNIT_EXPECT_EQ(test, 1, drv.param[TYPE]);
	KUNIT_EXPECT_EQ(test, 4, drv.param[VECTORS]);
	KUNIT_EXPECT_EQ(test, 0, drv.param[QUEUES]);
	KUNIT_EXPECT_STREQ(test, attr_of(0, "params"),
			   "type=storage vectors=4 queues=0\n");

	KUNIT_ASSERT_EQ(test, 0, sdi_new("7 queues=0x8 type=crypto\n"));
	KUNIT_EXPECT_EQ(test, 2, drv.param[TYPE]);
	KUNIT_EXPECT_EQ(test, 8, drv.param[QUEUES]);
	KUNIT_EXPECT_NULL(test, drv.data);

	/* What an SDI says of itself makes another one */
	KUNIT_EXPECT_EQ(test, 0, sdi_new("any type=crypto vectors=4 queues=8\n"));
	KUNIT_EXPECT_STREQ(test, attr_of(1, "params"),
			   "type=crypto vectors=4 queues=8\n");
}

static void params_refused(struct kunit *test)
{
	static const char * const values[] = {
		"any vectors=0", "any vectors=34", "any vectors=-1",
		"any vectors=four", "any type=Net", "any type=1",
	};
	static const char * const words[] = {
		"any type=", "any bandwidth=5", "any type", "type=net",
		"any vectors=1 vectors=2", "any vectors =1",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, sdi_new(values[i]),
				    "\"%s\"", values[i]);
	KUNIT_EXPECT_EQ(test, 4, said("vectors cannot be", "see sdi_params"));
	KUNIT_EXPECT_EQ(test, 1, said("type cannot be \"Net\"", "sdi_params"));
	KUNIT_EXPECT_EQ(test, 0, said("cannot use", ""));

	fake_kmsg_mark(&box.mark);
	for (i = 0; i < ARRAY_SIZE(words); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, sdi_new(words[i]),
				    "\"%s\"", words[i]);
	KUNIT_EXPECT_EQ(test, 0, drv.inits);
}

/* For callers in the kernel: a pointer, and the same values */
static void params_of_a_driver(struct kunit *test)
{
	struct pci_sdi_params params = {
		.index = 3, .rid = PCI_SDI_ANY_RID, .data = &box,
		.param = { [VECTORS] = 12 }, .param_set = BIT(VECTORS),
	};
	struct pci_sdi *sdi = pci_sdi_create(box.pf, &params);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sdi);
	KUNIT_EXPECT_PTR_EQ(test, &box, drv.data);
	KUNIT_EXPECT_EQ(test, 12, drv.param[VECTORS]);
	KUNIT_EXPECT_EQ(test, 1, drv.param[TYPE]);
	/* It is the caller's */
	KUNIT_EXPECT_NULL(test, sdi->create_data);
	pci_sdi_put(sdi);

	params.index = 4;
	params.param[VECTORS] = 34;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(pci_sdi_create(box.pf, &params)));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&box.mark, LOGLEVEL_WARNING,
						 "SDI 4: vectors: 34",
						 "1 to 33"));
	params.param[VECTORS] = 1;
	params.param_set |= BIT(QUEUES + 1);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(pci_sdi_create(box.pf, &params)));

	/* Parsed for another driver than the one that is bound now */
	params.param_set = BIT(VECTORS);
	params.declared = good + 1;
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			PTR_ERR_OR_ZERO(pci_sdi_create(box.pf, &params)));
	KUNIT_EXPECT_EQ(test, 1, drv.inits);
}

/* A driver without, and lists that make no sense */
static void params_declared(struct kunit *test)
{
	static const struct pci_sdi_param bad[][2] = {
		{ { .name = "a", .max = 1 }, { .name = "a", .max = 1 } },
		{ { .name = "rid", .max = 1 }, { .name = "a", .max = 1 } },
		{ { .name = "a b", .max = 1 }, { .name = "b", .max = 1 } },
		{ { .name = "", .max = 1 }, { .name = "b", .max = 1 } },
		{ { .name = "a", .min = 2, .max = 3, .def = 1 }, { "b" } },
		{ { .name = "a", .min = 2, .max = 3, .def = 4 }, { "b" } },
	};
	int i;

	declare(test, NULL, 0);
	KUNIT_EXPECT_STREQ(test, sdi_params(), "");
	KUNIT_EXPECT_EQ(test, 0, sdi_new("any"));
	KUNIT_EXPECT_EQ(test, -EINVAL, sdi_new("any type=net"));
	KUNIT_EXPECT_NULL(test, attr_of(0, "params"));
	KUNIT_EXPECT_NOT_NULL(test, attr_of(0, "rid"));

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		declare(test, bad[i], 2);
		KUNIT_EXPECT_EQ_MSG(test, -ENODEV, sdi_new("any"),
				    "list %d", i);
	}
	declare(test, good, PCI_SDI_MAX_PARAMS + 1);
	KUNIT_EXPECT_EQ(test, -ENODEV, sdi_new("any"));
	declare(test, NULL, -EIO);
	KUNIT_EXPECT_EQ(test, -ENODEV, sdi_new("any"));
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(bad) + 2,
			fake_kmsg_count(&box.mark, LOGLEVEL_ERR,
					params_driver.name, "list of parameters"));
	KUNIT_EXPECT_STREQ(test, sdi_params(), "");
}

/* Where libvirt and DPDK look */
static void params_ids_and_place(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, 0, sdi_new("2"));
	KUNIT_EXPECT_STREQ(test, attr_of(2, "subsystem_vendor"), "0x1af4\n");
	KUNIT_EXPECT_STREQ(test, attr_of(2, "subsystem_device"), "0x00a7\n");
	KUNIT_EXPECT_STREQ(test, attr_of(2, "revision"), "0x0c\n");
	KUNIT_EXPECT_NOT_NULL(test, strstr(attr_of(2, "local_cpulist"), "0"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(attr_of(2, "local_cpus"), "1"));
}

static struct kunit_case params_cases[] = {
	KUNIT_CASE(params_chosen),
	KUNIT_CASE(params_refused),
	KUNIT_CASE(params_of_a_driver),
	KUNIT_CASE(params_declared),
	KUNIT_CASE(params_ids_and_place),
	{}
};

static struct kunit_suite params_suite = {
	.name = "sdi_params",
	.init = params_init,
	.exit = params_exit,
	.test_cases = params_cases,
};

kunit_test_suite(params_suite);
