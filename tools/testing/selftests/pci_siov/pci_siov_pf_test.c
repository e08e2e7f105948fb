// SPDX-License-Identifier: GPL-2.0
/*
 * What an operator does to a Physical Function: reset it, remove it, rescan the
 * bus, enable the VFs of one that has SR-IOV. SIOV must come through all of it,
 * and SR-IOV must not notice that SIOV is there.
 */
#include <signal.h>
#include <sys/wait.h>

#include "pci_siov_util.h"
#include "../kselftest_harness.h"

#define SRIOV_CTRL		0x08
#define SRIOV_CTRL_VFE		0x0001
#define SRIOV_CTRL_ARI		0x0010
#define SRIOV_TOTAL_VF		0x0e
#define SRIOV_NUM_VF		0x10
#define SRIOV_VF_OFFSET		0x14
#define SRIOV_VF_STRIDE		0x16
#define CAP_ID_EXP		0x10
#define EXP_DEVCTL2		0x28
#define EXP_DEVCTL2_ARI		0x0020

static const char * const attributes[] = {
	"total_sdis", "usable_sdis", "num_sdis", "first_offset", "stride",
	"capabilities", "rid_mode",
};

#define NR_ATTRIBUTES	ARRAY_SIZE(attributes)

FIXTURE(pf) {
	struct function *list;
	int n;
	char before[NR_ATTRIBUTES][64];
};

FIXTURE_SETUP(pf)
{
	if (getuid())
		SKIP(return, "needs root");
	self->list = calloc(MAX_FUNCTIONS + 1, sizeof(*self->list));
	ASSERT_NE(self->list, NULL);
	self->n = read_functions(self->list, MAX_FUNCTIONS);
	ASSERT_GT(self->n, 0);
}

FIXTURE_TEARDOWN(pf)
{
	free(self->list);
}

static void remember(const struct function *f, char values[][64])
{
	char name[64];
	size_t i;

	for (i = 0; i < NR_ATTRIBUTES; i++) {
		snprintf(name, sizeof(name), "siov/%s", attributes[i]);
		if (read_attr(f, name, values[i], 64))
			values[i][0] = '\0';
	}
}

static bool same_as_before(const struct function *f, char before[][64])
{
	char now[NR_ATTRIBUTES][64];
	size_t i;

	remember(f, now);
	for (i = 0; i < NR_ATTRIBUTES; i++) {
		if (strcmp(before[i], now[i])) {
			printf("# %s: %s was '%s', is '%s'\n", f->name,
			       attributes[i], before[i], now[i]);
			return false;
		}
	}
	return true;
}

/* A function that answers has its vendor ID where it was. */
static bool answers(const struct function *f)
{
	struct function now;

	return !read_function(&now, f->name) && get32(&now, 0) == get32(f, 0);
}

TEST_F(pf, comes_back_from_a_function_level_reset)
{
	struct function *f;
	int pfs = 0;

	for (f = find_siov_function(self->list); f; f = find_siov_function(f + 1)) {
		remember(f, self->before);
		ASSERT_EQ(0, write_attr(f, "reset_method", "flr"));
		ASSERT_EQ(0, write_attr(f, "reset", "1"));
		EXPECT_TRUE(answers(f));
		EXPECT_TRUE(same_as_before(f, self->before));
		/* An FLR leaves no SDI running, whoever started it. */
		EXPECT_EQ(0, read_number(f, "siov/status") & 1);
		pfs++;
	}
	if (!pfs)
		SKIP(return, "no SIOV PF");
}

TEST_F(pf, comes_back_from_removal_and_rescan)
{
	struct function *f;
	int pfs = 0;

	for (f = find_siov_function(self->list); f; f = find_siov_function(f + 1)) {
		remember(f, self->before);
		ASSERT_EQ(0, write_attr(f, "remove", "1"));
		ASSERT_FALSE(has_siov_dir(f));
		ASSERT_EQ(0, put_file("/sys/bus/pci/rescan", "1"));
		ASSERT_TRUE(has_siov_dir(f));
		EXPECT_TRUE(same_as_before(f, self->before));
		pfs++;
	}
	if (!pfs)
		SKIP(return, "no SIOV PF");
}

/* Readers race with the removal of what they read. */
TEST_F(pf, removal_and_rescan_while_attributes_are_read)
{
	struct function *f;
	int pfs = 0, i, status;
	pid_t reader;

	for (f = find_siov_function(self->list); f; f = find_siov_function(f + 1)) {
		remember(f, self->before);
		reader = fork();
		ASSERT_GE(reader, 0);
		if (!reader) {
			for (;;)
				remember(f, self->before);
		}
		for (i = 0; i < 5; i++) {
			EXPECT_EQ(0, write_attr(f, "remove", "1"));
			EXPECT_EQ(0, put_file("/sys/bus/pci/rescan", "1"));
		}
		kill(reader, SIGKILL);
		ASSERT_EQ(reader, waitpid(reader, &status, 0));
		EXPECT_TRUE(same_as_before(f, self->before));
		pfs++;
	}
	if (!pfs)
		SKIP(return, "no SIOV PF");
}

/* Take the function from its driver: pci-pf-stub enables VFs and no more. */
static int bind_pf_stub(const struct function *f)
{
	char path[256];
	int ret;

	function_path(path, sizeof(path), f, "driver/unbind");
	put_file(path, f->name);
	ret = write_attr(f, "driver_override", "pci-pf-stub");
	if (ret)
		return ret;
	return put_file("/sys/bus/pci/drivers_probe", f->name);
}

/* Is ARI Forwarding on in the port above @f? */
static bool ari_forwarding(const struct function *list, int n,
			   const struct function *f)
{
	const struct function *port = bridge_above(list, n, f);
	unsigned int pos = port ? find_cap(port, CAP_ID_EXP) : 0;

	return pos && get16(port, pos + EXP_DEVCTL2) & EXP_DEVCTL2_ARI;
}

/* The function with SR-IOV that has the lowest number on its bus. */
static bool is_lowest_sriov(const struct function *list, int n,
			    const struct function *f)
{
	int i;

	for (i = 0; i < n; i++) {
		if (list[i].domain == f->domain &&
		    list[i].rid >> 8 == f->rid >> 8 && list[i].rid < f->rid &&
		    find_ext_cap(&list[i], EXT_CAP_ID_SRIOV))
			return false;
	}
	return true;
}

static void check_vfs(struct __test_metadata *_metadata,
		      const struct function *pf, unsigned int want)
{
	unsigned int pos, i, rid;
	struct function now, vf;
	char name[16];

	ASSERT_EQ(0, read_function(&now, pf->name));
	pos = find_ext_cap(&now, EXT_CAP_ID_SRIOV);
	EXPECT_TRUE(get16(&now, pos + SRIOV_CTRL) & SRIOV_CTRL_VFE);
	EXPECT_EQ(want, get16(&now, pos + SRIOV_NUM_VF));
	for (i = 0; i < want; i++) {
		rid = pf->rid + get16(&now, pos + SRIOV_VF_OFFSET) +
		      i * get16(&now, pos + SRIOV_VF_STRIDE);
		snprintf(name, sizeof(name), "%04x:%02x:%02x.%x", pf->domain,
			 rid >> 8 & 0xff, rid >> 3 & 0x1f, rid & 7);
		EXPECT_EQ(0, read_function(&vf, name))
			TH_LOG("VF %u of %s is not at %s", i, pf->name, name);
	}
}

TEST_F(pf, sriov_vfs_have_the_rids_their_capability_says)
{
	unsigned int pos;
	struct function *f;
	long long total;
	char num[16];
	int pfs = 0;

	for (f = self->list; f->name[0]; f++) {
		pos = find_ext_cap(f, EXT_CAP_ID_SRIOV);
		if (!pos || !get16(f, pos + SRIOV_TOTAL_VF))
			continue;
		/*
		 * ARI Capable Hierarchy belongs to the lowest function that has
		 * SR-IOV. A SIOV-only function below it does not count.
		 */
		EXPECT_EQ(ari_forwarding(self->list, self->n, f) &&
			  is_lowest_sriov(self->list, self->n, f),
			  !!(get16(f, pos + SRIOV_CTRL) & SRIOV_CTRL_ARI))
			TH_LOG("%s", f->name);
		/* A driver may have asked for fewer than the device has */
		total = read_number(f, "sriov_totalvfs");
		ASSERT_GT(total, 0);
		ASSERT_LE(total, get16(f, pos + SRIOV_TOTAL_VF));
		ASSERT_EQ(0, bind_pf_stub(f));
		snprintf(num, sizeof(num), "%lld", total);
		ASSERT_EQ(0, write_attr(f, "sriov_numvfs", num))
			TH_LOG("%s", f->name);
		check_vfs(_metadata, f, total);
		EXPECT_EQ(0, write_attr(f, "sriov_numvfs", "0"));
		EXPECT_EQ(0, read_number(f, "sriov_numvfs"));
		pfs++;
	}
	if (!pfs)
		SKIP(return, "no SR-IOV PF");
}

/* VFs are not SIOV PFs, and a PF keeps both directories while it has VFs. */
TEST_F(pf, vfs_and_siov_side_by_side)
{
	struct function *f;
	char path[256];
	int pfs = 0;

	for (f = find_siov_function(self->list); f; f = find_siov_function(f + 1)) {
		if (!find_ext_cap(f, EXT_CAP_ID_SRIOV))
			continue;
		remember(f, self->before);
		ASSERT_EQ(0, bind_pf_stub(f));
		ASSERT_EQ(0, write_attr(f, "sriov_numvfs", "1"));
		EXPECT_TRUE(same_as_before(f, self->before));
		function_path(path, sizeof(path), f, "virtfn0/siov");
		EXPECT_FALSE(exists(path));
		EXPECT_EQ(0, write_attr(f, "sriov_numvfs", "0"));
		EXPECT_TRUE(same_as_before(f, self->before));
		pfs++;
	}
	if (!pfs)
		SKIP(return, "no PF with SR-IOV and SIOV");
}

TEST_HARNESS_MAIN
