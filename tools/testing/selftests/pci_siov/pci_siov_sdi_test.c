// SPDX-License-Identifier: GPL-2.0
/*
 * Lifecycle of Scalable Device Interfaces through sysfs
 *
 * Takes the emulated SIOV device (CONFIG_PCI_SIOV_TEST), or the PF that SIOV_PF
 * names, whatever its driver; skips where there is none. SIOV_SDI_DRIVER names the
 * driver that its SDIs get. SDIs that exist are destroyed.
 */
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "pci_siov_engine.h"

#define NO_SDI_DRIVER	"SIOV_SDI_DRIVER names no driver of these SDIs"

FIXTURE(sdi)
{
	struct pf pf;
};

FIXTURE_SETUP(sdi)
{
	if (!find_pf(&self->pf))
		SKIP(return, NO_PF);
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");
	if (!expected("strided") || expected("refused"))
		SKIP(return, "no SDI can be created in strided mode");

	delete_all(&self->pf);
	ASSERT_EQ(0, pf_put(&self->pf, "siov/rid_mode", "strided"));
	ASSERT_EQ(0, pf_put(&self->pf, "siov/drivers_autoprobe", "1"));
	ASSERT_EQ(0, pf_number(&self->pf, "siov/num_sdis"));
	ASSERT_TRUE(can_create(&self->pf));
}

FIXTURE_TEARDOWN(sdi)
{
	delete_all(&self->pf);
	pf_put(&self->pf, "siov/rid_mode", "strided");
	pf_put(&self->pf, "siov/drivers_autoprobe", "1");
}

TEST_F(sdi, create_any_then_destroy)
{
	char name[64], expected[64], buf[256];

	ASSERT_EQ(0, create(&self->pf, "any"));
	EXPECT_EQ(1, pf_number(&self->pf, "siov/num_sdis"));
	ASSERT_TRUE(sdi_exists(&self->pf, 0));

	rid_name(&self->pf, sdi_rid(&self->pf, 0), expected, sizeof(expected));
	EXPECT_STREQ(expected, sdi_name(&self->pf, 0, name, sizeof(name)));

	snprintf(buf, sizeof(buf), SDI_DEVICES "/%s", expected);
	EXPECT_TRUE(exists(buf));

	ASSERT_EQ(0, delete_sdi(&self->pf, 0));
	EXPECT_FALSE(sdi_exists(&self->pf, 0));
	EXPECT_FALSE(exists(buf));
	EXPECT_EQ(0, pf_number(&self->pf, "siov/num_sdis"));
}

TEST_F(sdi, attributes)
{
	long long vendor, device;
	char buf[256], start[32];

	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));

	EXPECT_EQ(sdi_rid(&self->pf, 0), number(sdi_path(&self->pf, 0, "rid")));
	EXPECT_EQ(0, number(sdi_path(&self->pf, 0, "index")));
	vendor = number(sdi_path(&self->pf, 0, "vendor"));
	device = number(sdi_path(&self->pf, 0, "device"));
	if (is_emulated(&self->pf)) {
		EXPECT_EQ(0x1234, vendor);
		EXPECT_EQ(0x5109, device);
	}
	EXPECT_EQ(pf_number(&self->pf, "class"),
		  number(sdi_path(&self->pf, 0, "class")));
	EXPECT_LT(0, number(sdi_path(&self->pf, 0, "generation")));

	ASSERT_EQ(0, get_file(sdi_path(&self->pf, 0, "modalias"), buf,
			      sizeof(buf)));
	snprintf(start, sizeof(start), "pci_sdi:v%04llXd%04llXsv", vendor, device);
	EXPECT_EQ(0, strncmp(buf, start, strlen(start)));
	EXPECT_STREQ(self->pf.name,
		     link_target(sdi_path(&self->pf, 0, "physfn"), buf,
				 sizeof(buf)));
	if (sdi_driver())
		EXPECT_STREQ(sdi_driver(),
			     link_target(sdi_path(&self->pf, 0, "driver"), buf,
					 sizeof(buf)));
	EXPECT_EQ(!expected("untranslated"),
		  exists(sdi_path(&self->pf, 0, "iommu_group")));
}

/* Some take time and memory, so they are for root alone */
TEST_F(sdi, who_may_use_what)
{
	static const struct {
		const char *path;
		mode_t mode;
	} files[] = {
		{ "siov/rid_allowlist", 0400 },
		{ "siov/rid_mode", 0644 },
		{ "siov/drivers_autoprobe", 0644 },
		{ "siov/sdi_new", 0200 },
		{ "siov/sdi_delete", 0200 },
		{ "siov/sdi_params", 0444 },
		{ "siov/sdi0/reset", 0200 },
		{ "siov/sdi0/driver_override", 0644 },
		{ "siov/sdi0/rid", 0444 },
	};
	struct stat st;
	unsigned int i;

	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		ASSERT_EQ(0, stat(pf_path(&self->pf, files[i].path), &st));
		EXPECT_EQ(files[i].mode, st.st_mode & 07777) {
			TH_LOG("%s", files[i].path);
		}
	}
}

static bool same_group(const struct pf *pf, const char *a, const char *b)
{
	char group_a[256], group_b[256];
	const char *name_a, *name_b;

	name_a = link_target(pf_path(pf, a), group_a, sizeof(group_a));
	name_b = link_target(pf_path(pf, b), group_b, sizeof(group_b));
	return *name_a && !strcmp(name_a, name_b);
}

/* A path without ACS separates nothing, and nobody pretends that it does */
TEST_F(sdi, iommu_groups)
{
	bool shared = expected("shared-group");

	if (expected("untranslated"))
		SKIP(return, "no IOMMU");
	if (self->pf.usable < 2)
		SKIP(return, "one SDI only");

	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	ASSERT_EQ(0, create_sdi(&self->pf, 1, NULL));
	ASSERT_TRUE(exists(sdi_path(&self->pf, 0, "iommu_group")));
	EXPECT_EQ(shared, same_group(&self->pf, "iommu_group",
				     "siov/sdi0/iommu_group"));
	EXPECT_EQ(shared, same_group(&self->pf, "siov/sdi0/iommu_group",
				     "siov/sdi1/iommu_group"));
}

/* It is power-managed through the PF, and takes no memory for files of its own */
TEST_F(sdi, no_runtime_pm_of_its_own)
{
	if (!exists(pf_path(&self->pf, "power/control")))
		SKIP(return, "needs CONFIG_PM");

	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	EXPECT_FALSE(exists(sdi_path(&self->pf, 0, "power/control")));
}

/* The PF does not go to sleep under its SDIs */
TEST_F(sdi, runtime_pm)
{
	long long before = pf_number(&self->pf, "power/runtime_usage");

	if (before < 0)
		SKIP(return, "needs CONFIG_PM_ADVANCED_DEBUG");

	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	EXPECT_EQ(before + 1, pf_number(&self->pf, "power/runtime_usage"));
	EXPECT_NE(0, create_sdi(&self->pf, 0, NULL));
	EXPECT_EQ(before + 1, pf_number(&self->pf, "power/runtime_usage"));
	ASSERT_EQ(0, delete_sdi(&self->pf, 0));
	EXPECT_EQ(before, pf_number(&self->pf, "power/runtime_usage"));
}

TEST_F(sdi, no_two_with_one_index)
{
	unsigned int index = self->pf.usable - 1;

	ASSERT_EQ(0, create_sdi(&self->pf, index, NULL));
	EXPECT_EQ(-EBUSY, create_sdi(&self->pf, index, NULL));
	EXPECT_EQ(1, pf_number(&self->pf, "siov/num_sdis"));
	EXPECT_EQ(sdi_rid(&self->pf, index),
		  number(sdi_path(&self->pf, index, "rid")));
}

TEST_F(sdi, generation_tells_apart)
{
	long long first, second;

	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	first = number(sdi_path(&self->pf, 0, "generation"));
	ASSERT_EQ(0, delete_sdi(&self->pf, 0));
	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	second = number(sdi_path(&self->pf, 0, "generation"));
	EXPECT_LT(0, first);
	EXPECT_LT(first, second);
}

TEST_F(sdi, bad_input_changes_nothing)
{
	static const char * const bad[] = {
		"", " ", "\n", "x", "-1", "0x", "any any", "0 1", "=", "any =",
		"any driver_override", "any driver_override=", "any foo=bar",
		"driver_override=x", "driver_override=x any", "any rid=",
		"any rid=zz", "any rid=0x10000", "any rid=1:2", "any rid=0:0:0.8",
		"any rid=00:20.0", "any rid=0x1 rid=0x1", "4294967295",
		"4294967296", "any driver_override=a driver_override=b",
		"0 rid=0x0000",
	};
	char huge[4000];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		/* Nothing is written for an empty string */
		if (!*bad[i])
			continue;
		EXPECT_EQ(-EINVAL, create(&self->pf, bad[i])) {
			TH_LOG("sdi_new took \"%s\"", bad[i]);
		}
	}
	memset(huge, 'a', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	EXPECT_EQ(-EINVAL, create(&self->pf, huge));
	EXPECT_EQ(-ERANGE, create_sdi(&self->pf, self->pf.total, NULL));
	EXPECT_EQ(-ERANGE, create_sdi(&self->pf, 0x7fffffff, NULL));

	EXPECT_EQ(-EINVAL, pf_put(&self->pf, "siov/sdi_delete", "any"));
	EXPECT_EQ(-EINVAL, pf_put(&self->pf, "siov/sdi_delete", "-1"));
	EXPECT_EQ(-ENODEV, delete_sdi(&self->pf, 0));
	EXPECT_EQ(-ENODEV, delete_sdi(&self->pf, 0xffffffff));
	EXPECT_EQ(-EINVAL, pf_put(&self->pf, "siov/rid_mode", "none"));
	EXPECT_EQ(-EINVAL, pf_put(&self->pf, "siov/drivers_autoprobe", "x"));

	EXPECT_EQ(0, pf_number(&self->pf, "siov/num_sdis"));
	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	EXPECT_EQ(-EINVAL, put_file(sdi_path(&self->pf, 0, "reset"), "0"));
	EXPECT_EQ(-EINVAL, put_file(sdi_path(&self->pf, 0, "reset"), "x"));
}

TEST_F(sdi, driver_override)
{
	const char *driver = sdi_driver();
	char name[64], buf[256];

	if (!driver)
		SKIP(return, NO_SDI_DRIVER);

	ASSERT_EQ(0, create(&self->pf, "any driver_override=nobody"));
	rid_name(&self->pf, sdi_rid(&self->pf, 0), name, sizeof(name));
	EXPECT_FALSE(exists(sdi_path(&self->pf, 0, "driver")));
	EXPECT_NE(0, bus_write("pci_sdi", driver, "bind", name));
	ASSERT_EQ(0, get_file(sdi_path(&self->pf, 0, "driver_override"), buf,
			      sizeof(buf)));
	EXPECT_STREQ("nobody\n", buf);

	ASSERT_EQ(0, put_file(sdi_path(&self->pf, 0, "driver_override"),
			      driver));
	EXPECT_EQ(0, bus_write("pci_sdi", driver, "bind", name));
	EXPECT_TRUE(exists(sdi_path(&self->pf, 0, "driver")));
	EXPECT_EQ(0, bus_write("pci_sdi", driver, "unbind", name));
	EXPECT_FALSE(exists(sdi_path(&self->pf, 0, "driver")));

	ASSERT_EQ(0, put_file(sdi_path(&self->pf, 0, "driver_override"), "\n"));
	EXPECT_EQ(0, put_file("/sys/bus/pci_sdi/drivers_probe", name));
	EXPECT_TRUE(exists(sdi_path(&self->pf, 0, "driver")));
}

TEST_F(sdi, drivers_autoprobe)
{
	char what[128];

	if (!sdi_driver())
		SKIP(return, NO_SDI_DRIVER);

	ASSERT_EQ(0, pf_put(&self->pf, "siov/drivers_autoprobe", "0"));
	EXPECT_EQ(0, pf_number(&self->pf, "siov/drivers_autoprobe"));
	ASSERT_EQ(0, create(&self->pf, "any"));
	EXPECT_FALSE(exists(sdi_path(&self->pf, 0, "driver")));

	/* Who asks for a driver gets it */
	if (self->pf.usable > 1) {
		snprintf(what, sizeof(what), "any driver_override=%s",
			 sdi_driver());
		ASSERT_EQ(0, create(&self->pf, what));
		EXPECT_TRUE(exists(sdi_path(&self->pf, 1, "driver")));
	}
	ASSERT_EQ(0, pf_put(&self->pf, "siov/drivers_autoprobe", "1"));
	EXPECT_EQ(1, pf_number(&self->pf, "siov/drivers_autoprobe"));
}

/* Each SDI that is said to be usable can be created, and no other */
TEST_F_TIMEOUT(sdi, as_many_as_usable, 300)
{
	unsigned int i, n = self->pf.usable;
	int ret;

	if (n > 512)
		SKIP(return, "%u are too many to try", n);

	for (i = 0; i < n; i++) {
		ret = create(&self->pf, "any driver_override=none");
		ASSERT_EQ(0, ret) {
			TH_LOG("SDI %u of %u", i, n);
		}
	}
	EXPECT_EQ(n, pf_number(&self->pf, "siov/num_sdis"));
	EXPECT_EQ(-ENOSPC, create(&self->pf, "any"));
	EXPECT_EQ(n, pf_number(&self->pf, "siov/num_sdis"));
}

/* Behind the last bus number that the port above the PF forwards */
TEST_F(sdi, past_the_window)
{
	long long last_bus = pf_number(&self->pf, "../subordinate_bus_number");
	unsigned int last = self->pf.total - 1;
	unsigned int rid = self->pf.rid + self->pf.offset +
			   last * self->pf.stride;

	if (last_bus < 0)
		SKIP(return, "there is no port above the PF");
	if (rid >> 8 <= last_bus)
		SKIP(return, "the port forwards all of them");

	EXPECT_EQ(-ENXIO, create_sdi(&self->pf, last, NULL));
	EXPECT_EQ(0, pf_number(&self->pf, "siov/num_sdis"));
}

/* Nor one that a function has */
TEST_F(sdi, functions_keep_their_rid)
{
	unsigned int domain, bus, dev, fn, distance, found = 0;
	unsigned int stride = self->pf.stride ?: 1;
	struct dirent *entry;
	DIR *dir;

	dir = opendir(PCI_DEVICES);
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		if (sscanf(entry->d_name, "%x:%x:%x.%x", &domain, &bus, &dev,
			   &fn) != 4 || domain != self->pf.domain)
			continue;
		distance = (bus << 8 | dev << 3 | fn) - self->pf.rid -
			   self->pf.offset;
		if (distance > 0xffff || distance % stride ||
		    distance / stride >= self->pf.total)
			continue;
		found++;
		EXPECT_GT(0, create_sdi(&self->pf, distance / stride,
					NULL)) {
			TH_LOG("took that of %s", entry->d_name);
		}
	}
	closedir(dir);
	if (!found)
		SKIP(return, "no function is in the range of the SDIs");
}

TEST_F(sdi, no_configuration_access)
{
	unsigned long long before[NUM_COUNTERS], after[NUM_COUNTERS];
	int i;

	if (!is_emulated(&self->pf))
		SKIP(return, NEEDS_EMULATED);

	/* What is done once for all */
	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	ASSERT_EQ(0, delete_sdi(&self->pf, 0));

	ASSERT_EQ(0, counters(&self->pf, before));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
		ASSERT_EQ(0, delete_sdi(&self->pf, 0));
	}
	ASSERT_EQ(0, counters(&self->pf, after));

	EXPECT_EQ(before[CNT_ENABLE] + 10, after[CNT_ENABLE]);
	EXPECT_EQ(before[CNT_DISABLE] + 10, after[CNT_DISABLE]);
	for (i = CNT_CFG_READ_PF; i <= CNT_CFG_WRITE_SDI; i++)
		EXPECT_EQ(before[i], after[i]);
}

FIXTURE(software)
{
	struct pf pf;
};

FIXTURE_SETUP(software)
{
	if (!find_pf(&self->pf))
		SKIP(return, NO_PF);
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");
	if (!expected("software") || expected("refused"))
		SKIP(return, "no SDI can be created in software mode");

	delete_all(&self->pf);
	ASSERT_EQ(0, pf_put(&self->pf, "siov/rid_mode", "software"));
	ASSERT_TRUE(can_create(&self->pf));
}

FIXTURE_TEARDOWN(software)
{
	delete_all(&self->pf);
	pf_put(&self->pf, "siov/rid_mode", "strided");
}

TEST_F(software, assigned)
{
	static char list[65536];
	unsigned int domain, bus, dev, fn;
	char buf[64], params[128];
	uint16_t rid;
	int ret;

	ASSERT_EQ(0, get_file(pf_path(&self->pf, "siov/rid_mode"), buf,
			      sizeof(buf)));
	EXPECT_STREQ("software\n", buf);

	ASSERT_EQ(0, get_file(pf_path(&self->pf, "siov/rid_allowlist"), list,
			      sizeof(list)));
	ret = sscanf(list, "%x:%x:%x.%x-", &domain, &bus, &dev, &fn);
	ASSERT_EQ(4, ret);
	rid = bus << 8 | dev << 3 | fn;

	/* The first free one */
	ASSERT_EQ(0, create(&self->pf, "any"));
	EXPECT_EQ(rid, number(sdi_path(&self->pf, 0, "rid")));

	snprintf(params, sizeof(params), "1 rid=%02x:%02x.%x", bus, dev, fn);
	EXPECT_EQ(-EBUSY, create(&self->pf, params));
	EXPECT_FALSE(sdi_exists(&self->pf, 1));

	/* The PF's own, and one far away */
	snprintf(params, sizeof(params), "1 rid=0x%04x", self->pf.rid);
	EXPECT_EQ(-ENXIO, create(&self->pf, params));
	EXPECT_EQ(-ENXIO, create(&self->pf, "1 rid=00:00.0"));
	EXPECT_EQ(1, pf_number(&self->pf, "siov/num_sdis"));

	EXPECT_EQ(-EBUSY, pf_put(&self->pf, "siov/rid_mode", "strided"));
	ASSERT_EQ(0, delete_sdi(&self->pf, 0));
	EXPECT_EQ(0, pf_put(&self->pf, "siov/rid_mode", "strided"));
}

/* The allowlist has no Routing ID that a function has */
TEST_F(software, allowlist_avoids_functions)
{
	static char list[65536];
	unsigned int d1, b1, s1, f1, d2, b2, s2, f2, domain, bus, dev, fn;
	struct dirent *entry;
	uint16_t first, last, rid;
	int n, lines = 0;
	char *line;
	DIR *dir;

	ASSERT_EQ(0, get_file(pf_path(&self->pf, "siov/rid_allowlist"), list,
			      sizeof(list)));
	for (line = list; line && *line; line = strchr(line, '\n') + 1) {
		n = sscanf(line, "%x:%x:%x.%x-%x:%x:%x.%x", &d1, &b1, &s1, &f1,
			   &d2, &b2, &s2, &f2);
		ASSERT_EQ(8, n);
		lines++;
		first = b1 << 8 | s1 << 3 | f1;
		last = b2 << 8 | s2 << 3 | f2;
		EXPECT_LE(first, last);
		EXPECT_LE(self->pf.rid >> 8, (int)b1);

		dir = opendir(PCI_DEVICES);
		ASSERT_NE(NULL, dir);
		while ((entry = readdir(dir))) {
			if (sscanf(entry->d_name, "%x:%x:%x.%x", &domain, &bus,
				   &dev, &fn) != 4)
				continue;
			rid = bus << 8 | dev << 3 | fn;
			EXPECT_FALSE(domain == d1 && rid >= first && rid <= last);
		}
		closedir(dir);
	}
	EXPECT_LT(0, lines);
}

/* Software assigns each once, in whatever order they are asked for */
TEST_F(software, all_differ)
{
	unsigned int i, j, n = self->pf.total < 20 ? self->pf.total : 20;
	long long rid[20];

	for (i = 0; i < n; i++) {
		if (create_sdi(&self->pf, n - 1 - i, NULL))
			break;
		rid[i] = number(sdi_path(&self->pf, n - 1 - i, "rid"));
		ASSERT_LT(0, rid[i]);
		for (j = 0; j < i; j++)
			EXPECT_NE(rid[j], rid[i]);
	}
	EXPECT_EQ(n, i);
	EXPECT_LT(1u, i);
}

/* Either order of VFs and SDIs on one Routing ID */
TEST_F(sdi, conflict_with_vfs)
{
	long long offset, stride, total = pf_number(&self->pf, "sriov_totalvfs");
	char numvfs[24];
	unsigned int i;
	uint16_t vf;

	if (total <= 0)
		SKIP(return, "the PF has no VFs");

	snprintf(numvfs, sizeof(numvfs), "%lld", total);
	offset = pf_number(&self->pf, "sriov_offset");
	stride = pf_number(&self->pf, "sriov_stride");
	for (i = 0; i < self->pf.usable; i++) {
		vf = sdi_rid(&self->pf, i) - self->pf.rid - offset;
		if (vf % stride == 0 && vf / stride < total)
			break;
	}
	if (i == self->pf.usable)
		SKIP(return, "VFs and SDIs have nothing in common");

	ASSERT_EQ(0, create_sdi(&self->pf, i, NULL));
	EXPECT_EQ(-EBUSY, pf_put(&self->pf, "sriov_numvfs", numvfs));
	EXPECT_EQ(0, pf_number(&self->pf, "sriov_numvfs"));
	ASSERT_EQ(0, delete_sdi(&self->pf, i));

	ASSERT_EQ(0, pf_put(&self->pf, "sriov_numvfs", numvfs));
	EXPECT_EQ(-EBUSY, create_sdi(&self->pf, i, NULL));
	EXPECT_EQ(0, pf_number(&self->pf, "siov/num_sdis"));
	ASSERT_EQ(0, pf_put(&self->pf, "sriov_numvfs", "0"));
	EXPECT_EQ(0, create_sdi(&self->pf, i, NULL));
}

TEST_F(sdi, unbind_pf)
{
	unsigned int i, n = self->pf.usable < 8 ? self->pf.usable : 8;
	char driver[256], link[256];

	snprintf(driver, sizeof(driver), "%s",
		 link_target(pf_path(&self->pf, "driver"), link, sizeof(link)));
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, create(&self->pf, "any"));

	ASSERT_EQ(0, bus_write("pci", driver, "unbind", self->pf.name));
	EXPECT_EQ(0, pf_number(&self->pf, "siov/num_sdis"));
	EXPECT_FALSE(sdi_exists(&self->pf, 0));
	EXPECT_EQ(-ENODEV, create(&self->pf, "any"));
	EXPECT_EQ(-ENODEV, delete_sdi(&self->pf, 0));
	EXPECT_EQ(-ENODEV, pf_put(&self->pf, "siov/rid_mode", "software"));
	EXPECT_EQ(0, pf_number(&self->pf, "siov/status"));

	ASSERT_EQ(0, bus_write("pci", driver, "bind", self->pf.name));
	EXPECT_EQ(0, create(&self->pf, "any"));
}

TEST_F(sdi, remove_pf_and_rescan)
{
	struct pf again;

	ASSERT_EQ(0, create(&self->pf, "any"));
	ASSERT_EQ(0, pf_put(&self->pf, "remove", "1"));
	EXPECT_FALSE(exists(pf_path(&self->pf, "siov")));
	ASSERT_EQ(0, put_file("/sys/bus/pci/rescan", "1"));
	ASSERT_TRUE(find_pf(&again));
	EXPECT_STREQ(self->pf.name, again.name);
	EXPECT_EQ(0, create(&again, "any"));
}

/* A rescan neither finds a function where an SDI is nor touches it */
TEST_F(sdi, rescan)
{
	long long generation;

	ASSERT_EQ(0, create(&self->pf, "any"));
	generation = number(sdi_path(&self->pf, 0, "generation"));
	ASSERT_EQ(0, put_file("/sys/bus/pci/rescan", "1"));
	EXPECT_EQ(!!sdi_driver(), exists(sdi_path(&self->pf, 0, "driver")));
	EXPECT_EQ(generation, number(sdi_path(&self->pf, 0, "generation")));
}

static bool wait_event(int fd, const char *action, const char *name,
		       const struct pf *pf)
{
	double end = now() + 5;
	char buf[4096], physfn[64];
	ssize_t n;

	snprintf(physfn, sizeof(physfn), "PCI_SDI_PHYSFN=%s", pf->name);

	while (now() < end) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, 100) <= 0)
			continue;
		n = recv(fd, buf, sizeof(buf) - 1, 0);
		if (n <= 0)
			continue;
		buf[n] = '\0';
		if (!strncmp(buf, action, strlen(action)) && strstr(buf, name))
			return memmem(buf, n, "SUBSYSTEM=pci_sdi", 17) &&
			       memmem(buf, n, "PCI_SDI_INDEX=0", 15) &&
			       memmem(buf, n, "PCI_SDI_GENERATION=", 19) &&
			       memmem(buf, n, physfn, strlen(physfn) + 1) &&
			       memmem(buf, n, "MODALIAS=pci_sdi:", 17);
	}
	return false;
}

TEST_F(sdi, uevents)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	char name[64];
	int fd;

	fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	if (fd < 0)
		SKIP(return, "no uevents");
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&addr, sizeof(addr)));

	rid_name(&self->pf, sdi_rid(&self->pf, 0), name, sizeof(name));
	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	EXPECT_TRUE(wait_event(fd, "add@", name, &self->pf));
	ASSERT_EQ(0, delete_sdi(&self->pf, 0));
	EXPECT_TRUE(wait_event(fd, "remove@", name, &self->pf));
	close(fd);
}

/* Processes that write to the same files must not see each other's errors */
TEST_F(sdi, parallel_creation)
{
	unsigned int n = self->pf.usable < 64 ? self->pf.usable : 64;
	unsigned int each = n / 4;
	int i, status;
	unsigned int j;
	pid_t pid[4];

	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (pid[i])
			continue;
		for (j = 0; j < each; j++)
			if (create_sdi(&self->pf, j * 4 + i, NULL))
				_exit(1);
		for (j = 0; j < each; j++)
			if (delete_sdi(&self->pf, j * 4 + i))
				_exit(2);
		_exit(0);
	}
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_EQ(0, pf_number(&self->pf, "siov/num_sdis"));
}

/* An IOMMU that covers the PF covers the SDI, or there is no SDI */
TEST(translated_or_refused)
{
	struct pf pf;
	int ret;

	if (!find_pf(&pf))
		SKIP(return, NO_PF);
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");

	delete_all(&pf);
	ASSERT_EQ(0, pf_put(&pf, "siov/rid_mode",
			    expected("strided") ? "strided" : "software"));
	ret = create(&pf, "any");
	if (expected("refused")) {
		EXPECT_EQ(-ENODEV, ret);
		EXPECT_EQ(0, pf_number(&pf, "siov/num_sdis"));
		EXPECT_EQ(0, pf_number(&pf, "siov/status"));
	} else {
		ASSERT_EQ(0, ret);
		EXPECT_TRUE(isolation_is_as_expected(&pf, 0));
	}
	delete_all(&pf);
	if (expected("strided"))
		pf_put(&pf, "siov/rid_mode", "strided");
}

TEST_HARNESS_MAIN
