// SPDX-License-Identifier: GPL-2.0
/*
 * Surprise removal of a SIOV PF whose SDIs are in use
 *
 * The port above the PF is told, behind the back of its driver, to turn the
 * slot's power off, and on again. The emulated machine then pulls the card. It
 * does not come back, so this has to be the last test in its machine, and is
 * skipped unless SIOV_UNPLUG=1 asks for it. The port has to be one that the
 * kernel, not ACPI, controls.
 */
#include <signal.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "pci_siov_slot.h"

#define USERS	8

static void use(const struct pf *pf, unsigned int index)
{
	char name[64];

	rid_name(pf, sdi_rid(pf, index), name, sizeof(name));
	for (;;) {
		put_file(engine_path(name, "command"), "map 4096");
		put_file(sdi_path(pf, index, "reset"), "1");
		if (index % 2) {
			delete_sdi(pf, index);
			create_sdi(pf, index, NULL);
		}
	}
}

static int count(const char *path)
{
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

FIXTURE(unplug)
{
	struct pf pf;
	int port;
};

FIXTURE_SETUP(unplug)
{
	const char *wanted = getenv("SIOV_UNPLUG");

	if (!wanted || strcmp(wanted, "1"))
		SKIP(return, "SIOV_UNPLUG=1 pulls the device for good");
	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	self->port = port_config(&self->pf);
	if (self->port < 0)
		SKIP(return, "no port above the PF");

	delete_all(&self->pf);
	pf_put(&self->pf, "siov/rid_mode", "strided");
}

FIXTURE_TEARDOWN(unplug)
{
	close(self->port);
}

TEST_F_TIMEOUT(unplug, in_use, 120)
{
	unsigned int i, n = self->pf.usable < USERS ? self->pf.usable : USERS;
	pid_t pid[USERS];
	char dir[256];
	double end;
	bool pulled;

	for (i = 0; i < n; i++)
		ASSERT_EQ(0, create_sdi(&self->pf, i, NULL));
	for (i = 0; i < n; i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i])
			use(&self->pf, i);
	}
	usleep(500000);

	pulled = pull(self->port);
	snprintf(dir, sizeof(dir), PCI_DEVICES "/%s", self->pf.name);
	for (end = now() + 60; pulled && now() < end && exists(dir); )
		usleep(50000);

	for (i = 0; i < n; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	if (!pulled)
		SKIP(return, "the slot has no power controller");

	EXPECT_FALSE(exists(dir));
	EXPECT_EQ(0, count(SDI_DEVICES));
	EXPECT_EQ(0, count(ENGINES));
}

TEST_HARNESS_MAIN
