// SPDX-License-Identifier: GPL-2.0
/*
 * Errors that an SDI, or its PF, reports by Advanced Error Reporting
 *
 * An error message has the Routing ID of the SDI, behind which there is no
 * function: the kernel has to find the PF. Then all that are below the port
 * recover, with or without a reset of the link.
 *
 * Needs the emulated SIOV device with its driver (CONFIG_PCI_SIOV_TEST) below a
 * root port, skips where it is absent. SDIs that exist are destroyed.
 */
#include "../kselftest_harness.h"
#include "pci_siov_engine.h"
#include "pci_siov_log.h"
#include "pci_siov_slot.h"

#define RESULT_BAD_CMD	6
#define PATTERN		0x0ddba115
#define RECOVERED	"device recovery successful"
#define NOT_RECOVERED	"device recovery failed"

/* In the order in which the device numbers them */
enum severity {
	CORRECTABLE,
	NONFATAL,
	FATAL,
	NR_KINDS,
};

static const char * const counter[NR_KINDS][2] = {
	{ "aer_dev_correctable", "TOTAL_ERR_COR" },
	{ "aer_dev_nonfatal", "TOTAL_ERR_NONFATAL" },
	{ "aer_dev_fatal", "TOTAL_ERR_FATAL" },
};

static int count(const struct pf *pf, enum severity kind)
{
	char buf[4096], *line;

	if (get_file(pf_path(pf, counter[kind][0]), buf, sizeof(buf)))
		return -1;
	line = strstr(buf, counter[kind][1]);
	return line ? atoi(line + strlen(counter[kind][1])) : -1;
}

static int wait_for_count(const struct pf *pf, enum severity kind, int want)
{
	double end = now() + 10;

	while (count(pf, kind) != want && now() < end)
		usleep(10000);
	return count(pf, kind);
}

static void start_stream(struct __test_metadata *_metadata, const struct engine *e)
{
	ASSERT_EQ(0, command(e, "stream 0x%llx 4096 0x%x", iova(e), PATTERN));
}

static bool is_streaming(const struct engine *e)
{
	struct result a, b;

	if (result(e, &a))
		return false;
	usleep(50000);
	return !result(e, &b) && b.code == RESULT_BUSY && b.count > a.count;
}

FIXTURE(aer)
{
	struct pf pf;
	char port[16];
	char sdi[64];
	struct engine a, b, engine_pf;
	int log;
};

FIXTURE_SETUP(aer)
{
	char link[256];
	struct result r;

	self->log = -1;
	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	if (!errors_are_handled(&self->pf))
		SKIP(return, "nobody handles errors of the PF");

	snprintf(self->port, sizeof(self->port), "%.15s",
		 port_name(&self->pf, link, sizeof(link)));
	delete_all(&self->pf);
	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	ASSERT_EQ(0, create_sdi(&self->pf, 1, NULL));
	self->a = engine_of(&self->pf, 0);
	self->b = engine_of(&self->pf, 1);
	snprintf(self->engine_pf.name, sizeof(self->engine_pf.name), "%s",
		 self->pf.name);
	rid_name(&self->pf, sdi_rid(&self->pf, 0), self->sdi,
		 sizeof(self->sdi));

	/* A kind that there is not */
	command(&self->a, "error %d", NR_KINDS);
	ASSERT_EQ(0, result(&self->a, &r));
	ASSERT_EQ((unsigned int)RESULT_BAD_CMD, r.code);

	self->log = log_open();
	ASSERT_LE(0, self->log);
}

FIXTURE_TEARDOWN(aer)
{
	if (self->log >= 0)
		close(self->log);
	delete_all(&self->pf);
}

TEST_F(aer, correctable)
{
	int before = count(&self->pf, CORRECTABLE);

	start_stream(_metadata, &self->b);
	ASSERT_EQ(0, command(&self->a, "error %d", CORRECTABLE));

	EXPECT_TRUE(log_tells(self->log, "Correctable Error message received",
			      self->sdi));
	EXPECT_EQ(before + 1,
		  wait_for_count(&self->pf, CORRECTABLE, before + 1));
	EXPECT_TRUE(is_streaming(&self->b));
	EXPECT_EQ(0, command(&self->a, "map 4096"));
}

/* The driver of the PF goes on, and so do all SDIs: there is no reset */
TEST_F(aer, nonfatal)
{
	int before = count(&self->pf, NONFATAL);

	start_stream(_metadata, &self->b);
	ASSERT_EQ(0, command(&self->a, "error %d", NONFATAL));

	EXPECT_TRUE(log_tells(self->log, "(Non-Fatal) Error message received",
			      self->sdi));
	EXPECT_TRUE(log_tells(self->log, RECOVERED, self->port));
	EXPECT_EQ(before + 1, wait_for_count(&self->pf, NONFATAL, before + 1));
	EXPECT_TRUE(is_streaming(&self->b));
	EXPECT_EQ(0, command(&self->a, "map 4096"));
}

static void check_fatal(struct __test_metadata *_metadata,
			struct _test_data_aer *self, const struct engine *from,
			const char *name)
{
	unsigned long long before[NUM_COUNTERS], after[NUM_COUNTERS];
	int fatal = count(&self->pf, FATAL);
	struct result r;
	int i;

	start_stream(_metadata, &self->b);
	ASSERT_EQ(0, counters(&self->pf, before));
	/* It may be reset before it can tell how this ended */
	command(from, "error %d", FATAL);

	EXPECT_TRUE(log_tells(self->log, "(Fatal) Error message received",
			      name));
	ASSERT_TRUE(log_tells(self->log, RECOVERED, self->port));
	EXPECT_EQ(fatal + 1, wait_for_count(&self->pf, FATAL, fatal + 1));

	/* Each is back, as new, and where it was */
	ASSERT_EQ(0, counters(&self->pf, after));
	EXPECT_EQ(2, (int)(after[CNT_ENABLE] - before[CNT_ENABLE]));
	ASSERT_EQ(0, result(&self->b, &r));
	EXPECT_EQ((unsigned int)RESULT_NONE, r.code);
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(0, command(&self->a, "map 4096"));
		EXPECT_EQ(0, command(&self->b, "map 8192"));
	}
	ASSERT_EQ(0, buffer_set(&self->b, 0));
	EXPECT_EQ(0, command(&self->b, "fill 0x%llx 4096 0x%x", iova(&self->b),
			     PATTERN));
	EXPECT_TRUE(buffer_is(&self->b, 0, 1024, PATTERN));
	EXPECT_TRUE(buffer_is(&self->b, 1024, 2048, 0));
}

TEST_F(aer, fatal)
{
	check_fatal(_metadata, self, &self->a, self->sdi);
}

TEST_F(aer, fatal_of_the_pf)
{
	check_fatal(_metadata, self, &self->engine_pf, self->pf.name);
}

/* Again and again, with SDIs that come and go meanwhile */
TEST_F(aer, fatal_while_they_come_and_go)
{
	int i, round, fatal = count(&self->pf, FATAL);
	struct engine e;

	for (round = 0; round < 5; round++) {
		command(&self->a, "error %d", FATAL);
		for (i = 2; i < 10; i++) {
			create_sdi(&self->pf, i, NULL);
			delete_sdi(&self->pf, i);
			create_sdi(&self->pf, i, NULL);
		}
		ASSERT_TRUE(log_tells(self->log, RECOVERED, self->port));
		for (i = 0; i < 10; i++) {
			if (!sdi_exists(&self->pf, i))
				continue;
			e = engine_of(&self->pf, i);
			/* Not if its driver met the reset when it was bound */
			if (exists(engine_path(e.name, "command")))
				EXPECT_EQ(0, command(&e, "map 4096"));
			if (i >= 2)
				EXPECT_EQ(0, delete_sdi(&self->pf, i));
		}
	}
	EXPECT_EQ(fatal + round,
		  wait_for_count(&self->pf, FATAL, fatal + round));
}

/*
 * Errors with a Routing ID that no existing SDI has: they count for the PF only
 * if its device would give that Routing ID to one of its SDIs
 */
TEST_F(aer, correctable_of_strangers)
{
	uint16_t rid[] = { self->pf.rid + self->pf.offset - 1,
			   sdi_rid(&self->pf, self->pf.usable - 1) };
	int before = count(&self->pf, CORRECTABLE);
	unsigned int i;
	char name[64];

	if (self->pf.offset < 3)
		SKIP(return, "all Routing IDs are those of functions and SDIs");

	for (i = 0; i < 2; i++) {
		rid_name(&self->pf, rid[i], name, sizeof(name));
		ASSERT_EQ(0, command(&self->a, "as %u", rid[i]));
		ASSERT_EQ(0, command(&self->a, "error %d", CORRECTABLE));
		if (!log_tells(self->log, "Correctable Error message received",
			       name))
			SKIP(return, "the device does not forge (x-forge=on)");
		/* There is no event to wait for when it is not counted */
		usleep(200000);
		EXPECT_EQ(before + (int)i, count(&self->pf, CORRECTABLE));
	}
	ASSERT_EQ(0, command(&self->a, "as none"));
	EXPECT_EQ(0, command(&self->a, "map 4096"));
}

/*
 * A neighbour whose driver cannot recover, as it has none, makes all fail. The
 * kernel then takes the PF for lost; what is left is to remove it.
 */
TEST_F(aer, recovery_that_fails)
{
	char neighbour[16], path[128];

	snprintf(neighbour, sizeof(neighbour), "%.11s1", self->pf.name);
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/unbind",
		 neighbour);
	if (self->pf.name[11] != '0' || put_file(path, neighbour))
		SKIP(return, "no neighbour with a driver");

	ASSERT_EQ(0, command(&self->a, "error %d", FATAL));
	ASSERT_TRUE(log_tells(self->log, NOT_RECOVERED, self->port));

	EXPECT_NE(0, create_sdi(&self->pf, 2, NULL));
	EXPECT_EQ(0, delete_sdi(&self->pf, 1));
	EXPECT_FALSE(sdi_exists(&self->pf, 1));

	/* The neighbour was reset as well, and nobody has looked after it */
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/remove", neighbour);
	ASSERT_EQ(0, put_file(path, "1"));
	ASSERT_EQ(0, pf_put(&self->pf, "remove", "1"));
	ASSERT_EQ(0, put_file("/sys/bus/pci/rescan", "1"));
	ASSERT_TRUE(find_pf(&self->pf));
	ASSERT_EQ(0, create_sdi(&self->pf, 1, NULL));
	EXPECT_EQ(0, command(&self->b, "map 4096"));
}

TEST_HARNESS_MAIN
