// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel says about SIOV Physical Functions, held against what this
 * test reads from configuration space itself. It is right on every machine,
 * one without SIOV among them.
 *
 * Where SIOV_PFS is set, the machine must be just that one: "none", or a
 * comma-separated list of PFs such as 01:00.0/total_sdis=64/usable_sdis=64.
 */
#include "pci_siov_util.h"
#include "../kselftest_harness.h"

FIXTURE(machine) {
	struct function *list;
	int n;
};

FIXTURE_SETUP(machine)
{
	self->list = calloc(MAX_FUNCTIONS + 1, sizeof(*self->list));
	ASSERT_NE(self->list, NULL);
	self->n = read_functions(self->list, MAX_FUNCTIONS);
	ASSERT_GT(self->n, 0);
	/* Only root reads beyond the first 64 bytes. */
	if (getuid())
		SKIP(return, "needs root to read configuration space");
}

FIXTURE_TEARDOWN(machine)
{
	free(self->list);
}

static bool is_vf(const struct function *f)
{
	char path[256];

	function_path(path, sizeof(path), f, "physfn");
	return exists(path);
}

/* The first PF at or after @f, by what its registers say. */
static struct function *find_described_pf(struct function *f, struct siov *s)
{
	for (; f->name[0]; f++) {
		if (decode_siov(f, s) && !is_vf(f))
			return f;
	}
	return NULL;
}

TEST_F(machine, a_pf_has_a_siov_directory_and_nothing_else_has)
{
	struct function *f;
	struct siov s;

	for (f = self->list; f->name[0]; f++) {
		EXPECT_EQ(decode_siov(f, &s) && !is_vf(f), has_siov_dir(f))
			TH_LOG("%s", f->name);
	}
}

TEST_F(machine, attributes_say_what_the_registers_say)
{
	struct function *f;
	struct siov s;

	if (!find_described_pf(self->list, &s))
		SKIP(return, "no function has a capability that can be used");

	for (f = find_described_pf(self->list, &s); f;
	     f = find_described_pf(f + 1, &s)) {
		EXPECT_EQ(s.total, read_number(f, "siov/total_sdis"));
		EXPECT_EQ(s.offset, read_number(f, "siov/first_offset"));
		EXPECT_EQ(s.stride, read_number(f, "siov/stride"));
		EXPECT_EQ(s.capabilities, read_number(f, "siov/capabilities"));
		EXPECT_EQ(s.status, read_number(f, "siov/status"));
		EXPECT_EQ(0, read_number(f, "siov/num_sdis"));
	}
}

TEST_F(machine, usable_sdis_have_a_bus_number_and_a_rid_of_their_own)
{
	const struct function *bridge;
	struct function *f;
	struct siov s;

	if (!find_described_pf(self->list, &s))
		SKIP(return, "no function has a capability that can be used");

	for (f = find_described_pf(self->list, &s); f;
	     f = find_described_pf(f + 1, &s)) {
		bridge = bridge_above(self->list, self->n, f);
		/* On a root bus the host bridge decides; it is not visible. */
		if (!bridge) {
			EXPECT_LE(read_number(f, "siov/usable_sdis"),
				  sdis_within(self->list, self->n, f, &s,
					      0xff));
			continue;
		}
		EXPECT_EQ(sdis_within(self->list, self->n, f, &s,
				      bridge->config[0x1a]),
			  read_number(f, "siov/usable_sdis"))
			TH_LOG("%s below %s, buses up to %#x", f->name,
			       bridge->name, bridge->config[0x1a]);
	}
}

/* Bus numbers of one bridge must lie within those of the bridge above it. */
TEST_F(machine, bus_windows_nest_and_do_not_overlap)
{
	const struct function *a, *b, *up;

	for (a = self->list; a->name[0]; a++) {
		if ((a->config[0x0e] & 0x7f) != 1 || !a->config[0x19])
			continue;
		EXPECT_LE(a->config[0x19], a->config[0x1a]);
		up = bridge_above(self->list, self->n, a);
		if (up) {
			EXPECT_LT(up->config[0x19], a->config[0x19]);
			EXPECT_LE(a->config[0x1a], up->config[0x1a]);
		}
		for (b = self->list; b->name[0]; b++) {
			if (b == a || (b->config[0x0e] & 0x7f) != 1 ||
			    b->domain != a->domain || b->rid >> 8 != a->rid >> 8)
				continue;
			EXPECT_TRUE(b->config[0x1a] < a->config[0x19] ||
				    a->config[0x1a] < b->config[0x19])
				TH_LOG("%s and %s", a->name, b->name);
		}
	}
}

TEST_F(machine, what_describes_the_hardware_cannot_be_written)
{
	static const char * const files[] = {
		"total_sdis", "usable_sdis", "num_sdis", "first_offset",
		"stride", "capabilities", "status",
	};
	struct function *f;
	char path[256], name[64];
	struct siov s;
	size_t i;
	int fd;

	if (!find_described_pf(self->list, &s))
		SKIP(return, "no function has a capability that can be used");

	for (f = find_described_pf(self->list, &s); f;
	     f = find_described_pf(f + 1, &s)) {
		for (i = 0; i < ARRAY_SIZE(files); i++) {
			snprintf(name, sizeof(name), "siov/%s", files[i]);
			function_path(path, sizeof(path), f, name);
			EXPECT_EQ(0, access(path, R_OK)) TH_LOG("%s", path);
			fd = open(path, O_WRONLY);
			EXPECT_EQ(-1, fd) TH_LOG("%s", path);
			if (fd >= 0)
				close(fd);
		}
	}
}

/* A SIOV PF without SR-IOV must not look like one that has it. */
TEST_F(machine, sriov_files_belong_to_sriov)
{
	struct function *f;
	char path[256];

	for (f = self->list; f->name[0]; f++) {
		function_path(path, sizeof(path), f, "sriov_totalvfs");
		if (exists(path) || has_siov_dir(f))
			EXPECT_EQ(exists(path),
				  !!find_ext_cap(f, EXT_CAP_ID_SRIOV));
	}
}

/* "01:00.0/total_sdis=64/...": does the PF keep each promise? */
static void check_record(struct __test_metadata *_metadata,
			 struct function *list, int n, char *record)
{
	char *save = NULL, *field, *value, name[64];
	struct function *f = NULL;
	int i;

	field = strtok_r(record, "/", &save);
	for (i = 0; i < n; i++) {
		if (!strcmp(list[i].name + strlen("0000:"), field))
			f = &list[i];
	}
	ASSERT_NE(f, NULL)
		TH_LOG("no function %s", field);
	ASSERT_TRUE(has_siov_dir(f));
	while ((field = strtok_r(NULL, "/", &save))) {
		value = strchr(field, '=');
		ASSERT_NE(value, NULL);
		*value++ = '\0';
		snprintf(name, sizeof(name), "siov/%s", field);
		EXPECT_EQ(strtoll(value, NULL, 0), read_number(f, name))
			TH_LOG("%s of %s", field, f->name);
	}
}

TEST_F(machine, is_the_machine_that_was_promised)
{
	char *expect = getenv("SIOV_PFS"), *save = NULL, *record;
	int promised = 0, there = 0;
	struct function *f;

	if (!expect || !*expect)
		SKIP(return, "SIOV_PFS promises nothing");
	expect = strdup(expect);
	for (record = strtok_r(expect, ",", &save); record;
	     record = strtok_r(NULL, ",", &save)) {
		if (!strcmp(record, "none"))
			break;
		check_record(_metadata, self->list, self->n, record);
		promised++;
	}
	for (f = self->list; f->name[0]; f++)
		there += has_siov_dir(f);
	EXPECT_EQ(promised, there);
	free(expect);
}

TEST_HARNESS_MAIN
