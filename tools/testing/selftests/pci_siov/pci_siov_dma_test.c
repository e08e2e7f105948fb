// SPDX-License-Identifier: GPL-2.0
/*
 * Isolation of Scalable Device Interfaces from each other and from all else
 *
 * Every SDI does DMA with its own Routing ID: to its own mapping, which must
 * arrive, and to those of others and to none, which the IOMMU must stop and log
 * with the SDI's Routing ID. Needs the emulated SIOV device with its driver
 * (CONFIG_PCI_SIOV_TEST), skips where it is absent. SDIs that exist are
 * destroyed.
 *
 * The tests are shown to be able to fail by telling the device to use the
 * Routing ID of the PF (x-sdi-dma-as-pf=on): then those of the fixture "dma"
 * do.
 */
#include <limits.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "pci_siov_engine.h"
#include "pci_siov_log.h"

/*
 * A line of the IOMMU about this Routing ID; any other one is noted. The kernel may log
 * many lines of one request, and slowly: what follows counts as well, and the next
 * reader does not find it.
 */
static bool log_has_fault(int log, const char *name, bool *other)
{
	double end = now() + 0.5;
	char line[2048];
	bool found = false;

	while (log_next(log, found ? now() + 0.1 : end, line, sizeof(line))) {
		if (!strstr(line, "Request device") &&
		    !strstr(line, " client: "))
			continue;
		if (strstr(line, name))
			found = true;
		else
			*other = true;
	}
	return found;
}

FIXTURE(dma)
{
	struct pf pf;
	unsigned int a, b;
	struct engine engine_a, engine_b, engine_pf;
	bool translated;
	bool grouped;
};

FIXTURE_VARIANT(dma)
{
	bool last;
	bool software;
};

FIXTURE_VARIANT_ADD(dma, first_sdis) {
	.last = false,
};

/* As far from the PF as there are bus numbers */
FIXTURE_VARIANT_ADD(dma, last_sdis) {
	.last = true,
};

/* With Routing IDs out of the allowlist: the last one, and the first free one */
FIXTURE_VARIANT_ADD(dma, software_assigned) {
	.software = true,
};

/* Start of the last line of the allowlist's second column */
static int last_allowed(const struct pf *pf, char *rid, size_t size)
{
	static char list[65536];
	char *last;

	if (get_file(pf_path(pf, "siov/rid_allowlist"), list, sizeof(list)))
		return -EIO;
	last = strrchr(list, '-');
	if (!last)
		return -ENOENT;
	snprintf(rid, size, "rid=%.*s", (int)strcspn(last + 1, "\n"), last + 1);
	return 0;
}

static int create_pair(const struct pf *pf, unsigned int a, unsigned int b,
		       bool software)
{
	char rid[64];
	int ret;

	if (software) {
		ret = last_allowed(pf, rid, sizeof(rid));
		if (ret)
			return ret;
	}
	ret = create_sdi(pf, a, software ? rid : NULL);
	return ret ?: create_sdi(pf, b, NULL);
}

FIXTURE_SETUP(dma)
{
	char buf[256];

	const char *rid_mode = variant->software ? "software" : "strided";

	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");
	if (!expected(rid_mode))
		SKIP(return, "the device has no %s Routing IDs", rid_mode);

	ASSERT_LE(2u, self->pf.usable);
	delete_all(&self->pf);
	ASSERT_EQ(0, pf_put(&self->pf, "siov/rid_mode", rid_mode));
	self->a = variant->last ? self->pf.usable - 1 : 0;
	self->b = variant->last ? self->pf.usable - 2 : 1;
	ASSERT_EQ(0, create_pair(&self->pf, self->a, self->b,
				 variant->software));

	strcpy(self->engine_a.name,
	       sdi_name(&self->pf, self->a, buf, sizeof(buf)));
	strcpy(self->engine_b.name,
	       sdi_name(&self->pf, self->b, buf, sizeof(buf)));
	strcpy(self->engine_pf.name, self->pf.name);
	/* Of a test that came to a bad end */
	command(&self->engine_pf, "stop");
	self->translated = translation_expected();
	self->grouped = expected("shared-group");
	ASSERT_TRUE(isolation_is_as_expected(&self->pf, self->a));
	ASSERT_TRUE(isolation_is_as_expected(&self->pf, self->b));

	/* Each domain begins to give out addresses at the same one */
	ASSERT_EQ(0, command(&self->engine_b, "move"));
	ASSERT_EQ(0, command(&self->engine_pf, "move"));
	if (iova(&self->engine_pf) == iova(&self->engine_a))
		ASSERT_EQ(0, command(&self->engine_pf, "move"));
	ASSERT_NE(0ull, iova(&self->engine_a));
	if (expected("high-iova")) {
		ASSERT_LT(1ull << 32, iova(&self->engine_a));
		ASSERT_LT(1ull << 32, iova(&self->engine_b));
	}
	ASSERT_NE(iova(&self->engine_a), iova(&self->engine_b));
	ASSERT_NE(iova(&self->engine_a), iova(&self->engine_pf));

	ASSERT_EQ(0, buffer_set(&self->engine_a, 0xaaaaaaaa));
	ASSERT_EQ(0, buffer_set(&self->engine_b, 0xbbbbbbbb));
	ASSERT_EQ(0, buffer_set(&self->engine_pf, 0xffffffff));
}

FIXTURE_TEARDOWN(dma)
{
	command(&self->engine_pf, "stop");
	delete_all(&self->pf);
	pf_put(&self->pf, "siov/rid_mode", "strided");
}

TEST_F(dma, own_mapping)
{
	struct result r;

	ASSERT_EQ(0, command(&self->engine_a, "fill 0x%llx 4096 0x12345678",
			     iova(&self->engine_a)));
	EXPECT_TRUE(buffer_is(&self->engine_a, 0, 1024, 0x12345678));
	EXPECT_TRUE(buffer_is(&self->engine_a, 1024, 2048, 0xaaaaaaaa));

	ASSERT_EQ(0, command(&self->engine_a, "copy 0x%llx 0x%llx 4096",
			     iova(&self->engine_a),
			     iova(&self->engine_a) + 4096));
	EXPECT_TRUE(buffer_is(&self->engine_a, 0, 2048, 0x12345678));

	ASSERT_EQ(0, command(&self->engine_a, "sum 0x%llx 16",
			     iova(&self->engine_a)));
	ASSERT_EQ(0, result(&self->engine_a, &r));
	EXPECT_EQ(4ull * (0x12 + 0x34 + 0x56 + 0x78), r.sum);

	EXPECT_TRUE(buffer_is(&self->engine_b, 0, 2048, 0xbbbbbbbb));
	EXPECT_TRUE(buffer_is(&self->engine_pf, 0, 2048, 0xffffffff));
}

/* Mapped for one command, lazily or strictly unmapped after it */
TEST_F(dma, streaming_mapping)
{
	int i;

	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, command(&self->engine_a, "map %d", 4 + i * 400));
}

/* Not translated: nothing is stopped, and the kernel does not pretend */
TEST_F(dma, without_translation)
{
	if (self->translated)
		SKIP(return, "the IOMMU translates");

	EXPECT_EQ(0, command(&self->engine_a, "fill 0x%llx 4096 0x12345678",
			     iova(&self->engine_b)));
	EXPECT_TRUE(buffer_is(&self->engine_b, 0, 1024, 0x12345678));
}

static void expect_stopped(struct __test_metadata *_metadata,
			   const struct engine *e, unsigned long long addr)
{
	struct result r;

	ASSERT_EQ(-EIO, command(e, "fill 0x%llx 4096 0xdeadbeef", addr));
	ASSERT_EQ(0, result(e, &r));
	ASSERT_EQ((unsigned int)RESULT_FAULT, r.code);
	ASSERT_EQ(0u, r.bytes);
}

/*
 * Stopped each time, and logged some time: the kernel logs no more than a few
 * faults in five seconds.
 */
static void expect_fault(struct __test_metadata *_metadata,
			 const struct engine *e, unsigned long long addr,
			 const char *sender)
{
	bool found = false, other = false;
	double end = now() + 10;
	int log;

	log = log_open();
	ASSERT_LE(0, log);
	while (!found && now() < end) {
		expect_stopped(_metadata, e, addr);
		found = log_has_fault(log, sender, &other);
	}
	close(log);

	EXPECT_TRUE(found) {
		TH_LOG("no fault of %s in the log", sender);
	}
	EXPECT_FALSE(other);
}

/* SMMUv3 has nothing to report of a stream that is to be aborted */
static void expect_blocked(struct __test_metadata *_metadata,
			   const struct pf *pf, const struct engine *e,
			   unsigned long long addr, const char *sender)
{
	if (iommu_is(pf, "smmu3"))
		expect_stopped(_metadata, e, addr);
	else
		expect_fault(_metadata, e, addr, sender);
}

TEST_F(dma, mapping_of_sibling)
{
	if (!self->translated)
		SKIP(return, "nothing translates");
	if (self->grouped)
		SKIP(return, "without ACS, PF and SDIs share their mappings");

	expect_fault(_metadata, &self->engine_a, iova(&self->engine_b),
		     self->engine_a.name);
	EXPECT_TRUE(buffer_is(&self->engine_b, 0, 2048, 0xbbbbbbbb));

	/* And the other way round */
	expect_fault(_metadata, &self->engine_b, iova(&self->engine_a),
		     self->engine_b.name);
	EXPECT_TRUE(buffer_is(&self->engine_a, 0, 2048, 0xaaaaaaaa));
}

TEST_F(dma, mapping_of_pf)
{
	if (!self->translated)
		SKIP(return, "nothing translates");
	if (self->grouped)
		SKIP(return, "without ACS, PF and SDIs share their mappings");

	expect_fault(_metadata, &self->engine_a, iova(&self->engine_pf),
		     self->engine_a.name);
	EXPECT_TRUE(buffer_is(&self->engine_pf, 0, 2048, 0xffffffff));

	expect_fault(_metadata, &self->engine_pf, iova(&self->engine_a),
		     self->engine_pf.name);
	EXPECT_TRUE(buffer_is(&self->engine_a, 0, 2048, 0xaaaaaaaa));
}

/* A group is one domain: what is mapped for one is mapped for all */
TEST_F(dma, mapping_of_group)
{
	if (!self->translated || !self->grouped)
		SKIP(return, "each has its own");

	EXPECT_EQ(0, command(&self->engine_a, "fill 0x%llx 4096 0x12345678",
			     iova(&self->engine_b)));
	EXPECT_TRUE(buffer_is(&self->engine_b, 0, 1024, 0x12345678));
	expect_fault(_metadata, &self->engine_a, 0x10000,
		     self->engine_a.name);
}

/* The same address means other memory to another device */
TEST_F(dma, same_address_other_memory)
{
	if (!self->translated)
		SKIP(return, "nothing translates");
	if (self->grouped)
		SKIP(return, "without ACS, PF and SDIs share their mappings");

	/* Away from B's, so back to where B was at first */
	ASSERT_EQ(0, command(&self->engine_a, "move"));
	if (iova(&self->engine_a) != iova(&self->engine_b))
		SKIP(return, "the addresses differ");

	ASSERT_EQ(0, buffer_set(&self->engine_a, 0xaaaaaaaa));
	ASSERT_EQ(0, command(&self->engine_a, "fill 0x%llx 4096 0x12345678",
			     iova(&self->engine_b)));
	EXPECT_TRUE(buffer_is(&self->engine_a, 0, 1024, 0x12345678));
	EXPECT_TRUE(buffer_is(&self->engine_b, 0, 2048, 0xbbbbbbbb));
}

TEST_F(dma, no_mapping)
{
	if (!self->translated)
		SKIP(return, "nothing translates");

	expect_fault(_metadata, &self->engine_a, 0x10000,
		     self->engine_a.name);
	expect_fault(_metadata, &self->engine_a,
		     iova(&self->engine_a) - (1ull << 24),
		     self->engine_a.name);
}

/* A window through which CPUs reach devices, from a line of /proc/iomem */
struct window {
	unsigned long long first;
	unsigned long long last;
};

static bool next_window(FILE *iomem, const char *owner, struct window *w)
{
	char line[256];

	/* What is within another one is indented */
	while (fgets(line, sizeof(line), iomem))
		if ((strstr(line, owner) || strstr(line, " : pcie@")) &&
		    line[0] != ' ' &&
		    sscanf(line, "%llx-%llx", &w->first, &w->last) == 2 &&
		    w->first < w->last)
			return true;

	return false;
}

/* How /proc/iomem names the windows of the PF's host bridge, where ACPI tells them */
static void owner_of_windows(const struct pf *pf, char *buf, size_t size)
{
	char path[PATH_MAX], bus[16];

	if (!realpath(pf_path(pf, ""), path) ||
	    sscanf(path, "/sys/devices/pci%15[0-9a-f:]/", bus) != 1)
		strcpy(bus, "?");
	snprintf(buf, size, " : PCI Bus %s\n", bus);
}

/*
 * A request to an address in a window of the PF's host bridge may reach another
 * device before it comes to the IOMMU, so no such address is given out.
 */
TEST_F(dma, not_in_a_window)
{
	unsigned int windows = 0;
	unsigned long long addr;
	char owner[64];
	struct window w;
	FILE *iomem;

	if (!self->translated)
		SKIP(return, "nothing translates");

	iomem = fopen("/proc/iomem", "r");
	ASSERT_NE(NULL, iomem);
	owner_of_windows(&self->pf, owner, sizeof(owner));
	while (next_window(iomem, owner, &w)) {
		windows++;
		ASSERT_EQ(0, command(&self->engine_a, "limit 0x%llx", w.last));
		ASSERT_EQ(0, command(&self->engine_a, "move"));
		addr = iova(&self->engine_a);
		EXPECT_GE(w.last, addr);
		EXPECT_LT(addr + BUFFER_SIZE - 1, w.first);
	}
	fclose(iomem);
	EXPECT_NE(0, windows);
}

/* What the administrator chooses before there is a driver holds for each that comes */
TEST_F(dma, type_of_group_is_kept)
{
	char path[256], rid[80], type[32] = "";

	if (!self->translated || self->grouped)
		SKIP(return, "the SDI has no group of its own");

	ASSERT_EQ(0, delete_sdi(&self->pf, self->a));
	snprintf(rid, sizeof(rid), "rid=%s driver_override=none",
		 self->engine_a.name);
	ASSERT_EQ(0, create_sdi(&self->pf, self->a, rid));
	snprintf(path, sizeof(path), SDI_DEVICES "/%s/iommu_group/type",
		 self->engine_a.name);
	ASSERT_EQ(0, put_file(path, "identity"));
	ASSERT_EQ(0, put_file(sdi_path(&self->pf, self->a, "driver_override"),
			      SDI_DRIVER));
	ASSERT_EQ(0, bus_write("pci_sdi", SDI_DRIVER, "bind",
			       self->engine_a.name));
	ASSERT_EQ(0, get_file(path, type, sizeof(type)));
	EXPECT_STREQ("identity\n", type);
}

/* What was unmapped is gone */
TEST_F(dma, former_mapping)
{
	unsigned long long old = iova(&self->engine_a);

	if (!self->translated)
		SKIP(return, "nothing translates");
	if (expected("lazy"))
		SKIP(return, "lazy invalidation leaves it for a moment");

	ASSERT_EQ(0, command(&self->engine_a, "move"));
	expect_fault(_metadata, &self->engine_a, old, self->engine_a.name);
}

/* A device that lies may use a Routing ID whose SDI is destroyed */
TEST_F(dma, destroyed_is_blocked)
{
	unsigned long long addr = iova(&self->engine_b);

	if (!self->translated)
		SKIP(return, "nothing translates");

	/* The lie works while B is there */
	ASSERT_EQ(0, command(&self->engine_a, "as 0x%llx",
			     number(sdi_path(&self->pf, self->b, "rid"))));
	if (command(&self->engine_a, "fill 0x%llx 4096 0x12345678", addr) ||
	    !buffer_is(&self->engine_b, 0, 1024, 0x12345678))
		SKIP(return, "the device cannot lie (x-forge)");

	ASSERT_EQ(0, delete_sdi(&self->pf, self->b));
	expect_blocked(_metadata, &self->pf, &self->engine_a, addr,
		       self->engine_b.name);
	expect_blocked(_metadata, &self->pf, &self->engine_a, 0x10000,
		       self->engine_b.name);

	/* One that never was is no better */
	ASSERT_EQ(0, command(&self->engine_a, "as none"));
	EXPECT_EQ(0, command(&self->engine_a, "fill 0x%llx 4096 0x12345678",
			     iova(&self->engine_a)));
}

TEST_F(dma, recreated_starts_clean)
{
	unsigned long long old = iova(&self->engine_a);
	struct result r;
	char rid[80];

	ASSERT_EQ(0, command(&self->engine_a, "fill 0x%llx 4096 0x12345678",
			     old));
	ASSERT_EQ(0, command(&self->engine_a, "stream 0x%llx 4096 0x55555555",
			     old));
	ASSERT_EQ(0, delete_sdi(&self->pf, self->a));
	snprintf(rid, sizeof(rid), "rid=%s", self->engine_a.name);
	ASSERT_EQ(0, create_sdi(&self->pf, self->a, rid));

	ASSERT_EQ(0, result(&self->engine_a, &r));
	EXPECT_EQ((unsigned int)RESULT_NONE, r.code);
	EXPECT_EQ(0u, r.count);
	EXPECT_EQ(0ull, r.sum);

	ASSERT_EQ(0, buffer_set(&self->engine_a, 0xaaaaaaaa));
	usleep(50000);
	EXPECT_TRUE(buffer_is(&self->engine_a, 0, 2048, 0xaaaaaaaa));
}

TEST_F(dma, new_driver_starts_clean)
{
	struct result r;

	ASSERT_EQ(0, command(&self->engine_a, "stream 0x%llx 4096 0x55555555",
			     iova(&self->engine_a)));
	ASSERT_EQ(0, bus_write("pci_sdi", SDI_DRIVER, "unbind",
			       self->engine_a.name));
	ASSERT_EQ(0, bus_write("pci_sdi", SDI_DRIVER, "bind",
			       self->engine_a.name));
	ASSERT_EQ(0, result(&self->engine_a, &r));
	EXPECT_EQ((unsigned int)RESULT_NONE, r.code);
	EXPECT_EQ(0u, r.count);
}

TEST_F(dma, off_without_master)
{
	struct result r;

	ASSERT_EQ(0, put_file(engine_path(self->engine_a.name, "master"), "0"));
	EXPECT_EQ(-EIO, command(&self->engine_a, "fill 0x%llx 4096 1",
				iova(&self->engine_a)));
	ASSERT_EQ(0, result(&self->engine_a, &r));
	EXPECT_EQ((unsigned int)RESULT_DROPPED, r.code);
	EXPECT_TRUE(buffer_is(&self->engine_a, 0, 2048, 0xaaaaaaaa));

	ASSERT_EQ(0, put_file(engine_path(self->engine_a.name, "master"), "1"));
	EXPECT_EQ(0, command(&self->engine_a, "fill 0x%llx 4096 1",
			     iova(&self->engine_a)));
}

/* The reset of one is not noticed by others; the reset of the PF is, by all */
TEST_F(dma, reset)
{
	struct result r;

	ASSERT_EQ(0, command(&self->engine_a, "stream 0x%llx 4096 1",
			     iova(&self->engine_a)));
	ASSERT_EQ(0, command(&self->engine_b, "stream 0x%llx 4096 2",
			     iova(&self->engine_b)));
	ASSERT_EQ(0, put_file(sdi_path(&self->pf, self->a, "reset"), "1"));
	ASSERT_EQ(0, result(&self->engine_a, &r));
	EXPECT_EQ((unsigned int)RESULT_NONE, r.code);
	ASSERT_EQ(0, result(&self->engine_b, &r));
	EXPECT_EQ((unsigned int)RESULT_BUSY, r.code);

	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
	ASSERT_EQ(0, result(&self->engine_b, &r));
	EXPECT_EQ((unsigned int)RESULT_NONE, r.code);

	/* Both are back, and translated as before */
	EXPECT_EQ(0, command(&self->engine_a, "fill 0x%llx 8192 0x11111111",
			     iova(&self->engine_a)));
	EXPECT_TRUE(buffer_is(&self->engine_a, 0, 2048, 0x11111111));
	EXPECT_EQ(0, command(&self->engine_b, "fill 0x%llx 8192 0x22222222",
			     iova(&self->engine_b)));
	EXPECT_TRUE(buffer_is(&self->engine_b, 0, 2048, 0x22222222));
	if (self->translated && !self->grouped)
		expect_fault(_metadata, &self->engine_a,
			     iova(&self->engine_b), self->engine_a.name);
}

/* PF and SDIs stream while others come and go */
TEST_F_TIMEOUT(dma, others_come_and_go, 300)
{
	unsigned long long before[NUM_COUNTERS], after[NUM_COUNTERS];
	const struct engine *streams[] = {
		&self->engine_pf, &self->engine_a, &self->engine_b,
	};
	unsigned int i, rounds = 50, other = self->pf.usable / 2;
	struct result first[3], last[3];

	if (self->pf.usable < 6)
		SKIP(return, "too few SDIs");

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, command(streams[i], "stream 0x%llx 4096 %u",
				     iova(streams[i]), i));
	usleep(10000);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, result(streams[i], &first[i]));
		ASSERT_EQ((unsigned int)RESULT_BUSY, first[i].code);
	}
	ASSERT_EQ(0, counters(&self->pf, before));

	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, create_sdi(&self->pf, other, NULL));
		ASSERT_EQ(0, put_file(sdi_path(&self->pf, other, "reset"),
				      "1"));
		ASSERT_EQ(0, delete_sdi(&self->pf, other));
	}

	ASSERT_EQ(0, counters(&self->pf, after));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, result(streams[i], &last[i]));
		EXPECT_EQ((unsigned int)RESULT_BUSY, last[i].code);
		EXPECT_LT(first[i].count, last[i].count);
		command(streams[i], "stop");
	}
	EXPECT_EQ(before[CNT_FAULT], after[CNT_FAULT]);
	for (i = 25; i <= 31; i++)
		EXPECT_EQ(before[i], after[i]);
}

TEST_HARNESS_MAIN
