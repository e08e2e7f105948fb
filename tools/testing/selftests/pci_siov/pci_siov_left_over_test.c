// SPDX-License-Identifier: GPL-2.0
/*
 * SDIs that an earlier owner has left enabled: nobody gets a Routing ID on the
 * bus before a reset of the PF.
 *
 * Needs a PF that was found like this, and its driver told to leave it so
 * (pci_siov_test.stop_left_over=0); skips elsewhere. Ends with a reset.
 */
#include "../kselftest_harness.h"
#include "pci_siov_log.h"

#define STATUS_ENABLED	1

FIXTURE(left_over)
{
	struct pf pf;
	int log;
};

FIXTURE_SETUP(left_over)
{
	if (!find_pf(&self->pf))
		SKIP(return, NO_PF);
	if (!(pf_number(&self->pf, "siov/status") & STATUS_ENABLED) ||
	    pf_number(&self->pf, "siov/num_sdis"))
		SKIP(return, "no SDIs were left enabled");

	self->log = log_open();
	ASSERT_LE(0, self->log);
}

FIXTURE_TEARDOWN(left_over)
{
	close(self->log);
}

static bool says_what_helps(int log, const struct pf *pf)
{
	const char * const words[] = { pf->name, "echo 1 >", "/reset", NULL };

	return log_has(log, 2, words);
}

TEST_F(left_over, no_sdi)
{
	EXPECT_EQ(-EBUSY, create(&self->pf, "any"));
	EXPECT_TRUE(says_what_helps(self->log, &self->pf));
	EXPECT_EQ(-EBUSY, create_sdi(&self->pf, 0, NULL));
	EXPECT_EQ(-EBUSY, create_sdi(&self->pf, self->pf.usable - 1, NULL));
	EXPECT_EQ(0, pf_number(&self->pf, "siov/num_sdis"));
}

TEST_F(left_over, no_sdi_with_rid_of_software)
{
	int ret = pf_put(&self->pf, "siov/rid_mode", "software");

	if (ret == -EOPNOTSUPP)
		SKIP(return, "the device takes no Routing IDs from software");
	ASSERT_EQ(0, ret);

	EXPECT_EQ(-EBUSY, create(&self->pf, "any"));
	EXPECT_EQ(0, pf_put(&self->pf, "siov/rid_mode", "strided"));
}

TEST_F(left_over, no_vf)
{
	if (pf_number(&self->pf, "sriov_totalvfs") <= 0)
		SKIP(return, "the PF has no VFs");

	EXPECT_EQ(-EBUSY, pf_put(&self->pf, "sriov_numvfs", "1"));
	EXPECT_TRUE(says_what_helps(self->log, &self->pf));
	EXPECT_EQ(0, pf_number(&self->pf, "sriov_numvfs"));
}

TEST_F(left_over, no_sdi_for_the_next_driver)
{
	ASSERT_EQ(0, bus_write("pci", PF_DRIVER, "unbind", self->pf.name));
	ASSERT_EQ(0, bus_write("pci", PF_DRIVER, "bind", self->pf.name));
	EXPECT_EQ(-EBUSY, create(&self->pf, "any"));
}

TEST_F(left_over, no_sdi_after_removal_and_rescan)
{
	ASSERT_EQ(0, pf_put(&self->pf, "remove", "1"));
	ASSERT_EQ(0, put_file("/sys/bus/pci/rescan", "1"));
	ASSERT_EQ(STATUS_ENABLED, pf_number(&self->pf, "siov/status"));
	EXPECT_EQ(-EBUSY, create(&self->pf, "any"));
}

/* The last: nothing is left for the others */
TEST_F(left_over, reset_helps)
{
	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
	ASSERT_EQ(0, pf_number(&self->pf, "siov/status"));

	EXPECT_EQ(0, create(&self->pf, "any"));
	EXPECT_EQ(1, pf_number(&self->pf, "siov/num_sdis"));
	delete_all(&self->pf);
	if (pf_number(&self->pf, "sriov_totalvfs") <= 0)
		return;

	EXPECT_EQ(0, pf_put(&self->pf, "sriov_numvfs", "1"));
	EXPECT_EQ(0, pf_put(&self->pf, "sriov_numvfs", "0"));
}

TEST_HARNESS_MAIN
