// SPDX-License-Identifier: GPL-2.0
/*
 * The driver of a SIOV PF as a module that is loaded and unloaded while SDIs are
 * created, used and in the hands of users
 *
 * SIOV_MODULE		path of the module, for instance pci-siov-test.ko
 * SIOV_MODULE_DRIVER	its name as a driver, if not pci-siov-test; then it takes
 *			the PF over from the driver that has it
 *
 * Skips without SIOV_MODULE, and where there is no emulated SIOV device. SDIs
 * that exist are destroyed.
 */
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "pci_siov_engine.h"
#include "pci_siov_vfio.h"

#define VECTORS		1
#define IOVA		0x10000000ULL
#define NUM_SDIS	4
#define CREATORS	3
#define CYCLES		15

FIXTURE(module)
{
	struct pf pf;
	char path[256];
	char driver[64];
	char name[64];		/* as the kernel has it */
	char old[64];		/* the driver that the PF had before */
};

static int load(const char *path)
{
	int fd, ret;

	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static bool is_loaded(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return exists(path);
}

static const char *driver_of(const struct pf *pf, char *link, size_t size)
{
	return link_target(pf_path(pf, "driver"), link, size);
}

/* "/lib/pci-siov-test.ko" is what the kernel calls "pci_siov_test" */
static void module_name(const char *path, char *name, size_t size)
{
	const char *base = strrchr(path, '/');
	char *c;

	snprintf(name, size, "%s", base ? base + 1 : path);
	for (c = name; *c && *c != '.'; c++)
		if (*c == '-')
			*c = '_';
	*c = '\0';
}

FIXTURE_SETUP(module)
{
	const char *path = getenv("SIOV_MODULE");
	const char *driver = getenv("SIOV_MODULE_DRIVER");
	char link[256];

	if (!path)
		SKIP(return, "SIOV_MODULE is not set");
	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);

	snprintf(self->path, sizeof(self->path), "%s", path);
	snprintf(self->driver, sizeof(self->driver), "%s", driver ?: PF_DRIVER);
	module_name(path, self->name, sizeof(self->name));
	snprintf(self->old, sizeof(self->old), "%.63s",
		 driver_of(&self->pf, link, sizeof(link)));

	delete_all(&self->pf);
	pf_put(&self->pf, "siov/rid_mode", "strided");
	allow_unsafe(!remapping_is_on());
	/* The module's driver gets the PF as soon as it is loaded */
	ASSERT_EQ(0, pf_put(&self->pf, "driver_override", self->driver));
	ASSERT_EQ(0, bus_write("pci", self->old, "unbind", self->pf.name));
	ASSERT_EQ(0, load(self->path));
	ASSERT_STREQ(self->driver, driver_of(&self->pf, link, sizeof(link)));
}

FIXTURE_TEARDOWN_PARENT(module)
{
	delete_all(&self->pf);
	if (is_loaded(self->name))
		unload(self->name);
	pf_put(&self->pf, "driver_override", "\n");
	bus_write("pci", self->old, "bind", self->pf.name);
}

static void create_all(struct __test_metadata *_metadata, const struct pf *pf)
{
	int i;

	for (i = 0; i < NUM_SDIS; i++)
		ASSERT_EQ(0, create_sdi(pf, i, NULL));
}

static void expect_nothing_left(struct __test_metadata *_metadata,
				const struct pf *pf)
{
	EXPECT_EQ(0, pf_number(pf, "siov/num_sdis"));
	EXPECT_EQ(0, pf_number(pf, "siov/status"));
	EXPECT_FALSE(exists(pf_path(pf, "driver")));
	EXPECT_FALSE(exists(sdi_path(pf, 0, "rid")));
	EXPECT_EQ(-ENODEV, create(pf, "any"));
}

/* SDIs with a driver, one of them in the middle of DMA */
TEST_F(module, unload_with_sdis_in_use)
{
	struct pf *pf = &self->pf;
	struct engine e;
	int i;

	for (i = 0; i < 3; i++) {
		create_all(_metadata, pf);
		e = engine_of(pf, 0);
		ASSERT_EQ(0, command(&e, "map 4096"));
		ASSERT_EQ(0, command(&e, "stream 0x%llx 4096 1", iova(&e)));

		ASSERT_EQ(0, unload(self->name));
		EXPECT_FALSE(is_loaded(self->name));
		expect_nothing_left(_metadata, pf);
		ASSERT_EQ(0, load(self->path));
	}
	create_all(_metadata, pf);
	e = engine_of(pf, 0);
	EXPECT_EQ(0, command(&e, "map 4096"));
}

/* It waits for a user, who is asked to go, and for whom all works until then */
TEST_F_TIMEOUT(module, unload_waits_for_user, 120)
{
	struct pf *pf = &self->pf;
	struct user u;
	char link[256];
	int request, status;
	pid_t pid;

	ASSERT_EQ(0, create_sdi(pf, 0, "driver_override=" VFIO_DRIVER));
	ASSERT_EQ(0, user_open(&u, MODE_CDEV,
			       sdi_name(pf, 0, link, sizeof(link))));
	ASSERT_NE(NULL, user_dma_map(&u, IOVA, PAGE));
	ASSERT_EQ(0, set_command(&u, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY,
				 0));
	request = eventfd(0, 0);
	ASSERT_EQ(0, set_eventfds(&u, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &request));

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* Or it is a user itself */
		user_close(&u);
		_exit(unload(self->name) ? 1 : 0);
	}

	EXPECT_LT(0u, events(request, 20000));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	EXPECT_TRUE(is_loaded(self->name));
	EXPECT_EQ((unsigned int)RESULT_OK,
		  engine_fill(&u, IOVA, PAGE, 0x33333333));
	/* No new ones meanwhile */
	EXPECT_EQ(-ENODEV, create(pf, "any"));

	user_close(&u);
	close(request);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_FALSE(is_loaded(self->name));
	expect_nothing_left(_metadata, pf);
}

static void create_for_ever(const struct pf *pf, unsigned int index)
{
	for (;;) {
		if (create_sdi(pf, index,
			       index % 2 ? "driver_override=none" : NULL))
			usleep(1000);
		delete_sdi(pf, index);
	}
}

/* Whoever creates or deletes an SDI is in the module's code */
TEST_F_TIMEOUT(module, unload_while_sdis_are_created, 300)
{
	struct pf *pf = &self->pf;
	pid_t pid[CREATORS];
	unsigned int i;
	int ret;

	for (i = 0; i < CREATORS; i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i])
			create_for_ever(pf, i);
	}
	for (i = 0; i < CYCLES; i++) {
		usleep(20000);
		ret = unload(self->name);
		EXPECT_EQ(0, ret);
		EXPECT_EQ(0, pf_number(pf, "siov/num_sdis"));
		EXPECT_EQ(0, pf_number(pf, "siov/status"));
		ASSERT_EQ(0, load(self->path));
	}
	for (i = 0; i < CREATORS; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	delete_all(pf);
	create_all(_metadata, pf);
}

TEST_HARNESS_MAIN
