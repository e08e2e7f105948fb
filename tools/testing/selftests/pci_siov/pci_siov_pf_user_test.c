// SPDX-License-Identifier: GPL-2.0
/*
 * A user of a whole SIOV PF does not see its SIOV capability, and vfio-pci
 * gives no PF to a user if devices of others are on its bus.
 *
 * Needs a SIOV PF that is bound to vfio-pci, skips elsewhere. SIOV_PF_SHARED=1
 * says that the first SIOV PF is on a bus with devices of other IOMMU groups.
 */
#include "../kselftest_harness.h"
#include "pci_siov_vfio.h"

FIXTURE(pf_user)
{
	struct function list[MAX_FUNCTIONS + 1];
	struct function *f;
	struct vfio_region_info config;
	struct user user;
	unsigned int pos;
};

static bool has_driver(const struct function *f, const char *driver)
{
	char path[256], link[256];

	function_path(path, sizeof(path), f, "driver");
	return !strcmp(link_target(path, link, sizeof(link)), driver);
}

static bool has_user_driver(const struct function *f)
{
	return has_driver(f, "vfio-pci");
}

FIXTURE_SETUP(pf_user)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};

	ASSERT_LE(0, read_functions(self->list, MAX_FUNCTIONS));
	for (self->f = self->list; self->f->name[0]; self->f++) {
		self->pos = find_ext_cap(self->f, EXT_CAP_ID_SIOV);
		if (self->pos && has_user_driver(self->f))
			break;
	}
	if (!self->f->name[0])
		SKIP(return, "no SIOV PF is bound to vfio-pci");

	ASSERT_EQ(0, user_open_group_at(&self->user, PCI_DEVICES,
					self->f->name));
	ASSERT_EQ(0, ioctl(self->user.device, VFIO_DEVICE_GET_REGION_INFO,
			   &info));
	self->config = info;
}

FIXTURE_TEARDOWN(pf_user)
{
	close(self->user.device);
	close(self->user.group);
	close(self->user.container);
}

/* Configuration space as the user has it */
static int user_reads(const struct user *u, const struct vfio_region_info *info,
		      struct function *seen)
{
	seen->size = pread(u->device, seen->config, sizeof(seen->config),
			   info->offset);
	return seen->size == CONFIG_SIZE ? 0 : -EIO;
}

TEST_F(pf_user, capability_is_not_in_the_list)
{
	struct function seen = { };

	ASSERT_EQ(0, user_reads(&self->user, &self->config, &seen));
	EXPECT_EQ(get32(self->f, 0), get32(&seen, 0));
	EXPECT_EQ(0, find_ext_cap(&seen, EXT_CAP_ID_SIOV));
}

TEST_F(pf_user, its_bytes_are_zero_and_stay_so)
{
	uint8_t ones[SIOV_SIZE];
	struct function seen = { };
	unsigned int i;

	memset(ones, 0xff, sizeof(ones));
	ASSERT_EQ(SIOV_SIZE, pwrite(self->user.device, ones, SIOV_SIZE,
				    self->config.offset + self->pos));
	ASSERT_EQ(0, user_reads(&self->user, &self->config, &seen));
	for (i = 0; i < SIOV_SIZE; i++)
		EXPECT_EQ(0, seen.config[self->pos + i]);
}

TEST_F(pf_user, the_capabilities_behind_it_are_still_found)
{
	struct function seen = { };
	unsigned int next = get32(self->f, self->pos) >> 20;

	if (!next)
		SKIP(return, "it is the last");

	ASSERT_EQ(0, user_reads(&self->user, &self->config, &seen));
	EXPECT_EQ(next, find_ext_cap(&seen, get16(self->f, next)));
}

static int give_to(const struct function *f, const char *driver)
{
	char path[256];

	function_path(path, sizeof(path), f, "driver_override");
	put_file(path, driver);
	function_path(path, sizeof(path), f, "driver/unbind");
	put_file(path, f->name);
	return put_file("/sys/bus/pci/drivers_probe", f->name);
}

/* When its user has gone, the Routing IDs of its SDIs are free again */
TEST_F(pf_user, its_own_driver_comes_back)
{
	char path[256];

	user_close(&self->user);
	ASSERT_EQ(0, give_to(self->f, PF_DRIVER));
	function_path(path, sizeof(path), self->f, "siov/sdi_new");
	EXPECT_EQ(0, put_file(path, "0"));
	function_path(path, sizeof(path), self->f, "siov/sdi_delete");
	EXPECT_EQ(0, put_file(path, "0"));
	ASSERT_EQ(0, give_to(self->f, "vfio-pci"));
	EXPECT_TRUE(has_user_driver(self->f));
}

#define VARIANT		"virtio_vfio_pci"
#define ENABLE_SIOV	"/sys/module/vfio_pci/parameters/enable_siov"

static bool bind_to_user(const struct function *f)
{
	if (!has_user_driver(f))
		put_file("/sys/bus/pci/drivers_probe", f->name);
	return has_user_driver(f);
}

TEST(with_others_on_its_bus)
{
	struct function list[MAX_FUNCTIONS + 1], *f;
	char path[256], unbind[256];

	if (!getenv("SIOV_PF_SHARED"))
		SKIP(return, "no SIOV PF shares its bus");

	ASSERT_LE(0, read_functions(list, MAX_FUNCTIONS));
	for (f = list; f->name[0]; f++)
		if (find_ext_cap(f, EXT_CAP_ID_SIOV))
			break;
	ASSERT_NE(0, f->name[0]);
	ASSERT_TRUE(exists("/sys/bus/pci/drivers/" VARIANT));
	function_path(path, sizeof(path), f, "driver_override");
	ASSERT_EQ(0, put_file(path, "vfio-pci"));
	function_path(unbind, sizeof(unbind), f, "driver/unbind");
	put_file(unbind, f->name);

	ASSERT_EQ(0, put_file(ENABLE_SIOV, "N"));
	EXPECT_FALSE(bind_to_user(f));
	/* Nor does another driver of its kind take it */
	ASSERT_EQ(0, put_file(path, VARIANT));
	put_file("/sys/bus/pci/drivers_probe", f->name);
	EXPECT_FALSE(has_driver(f, VARIANT));
	ASSERT_EQ(0, put_file(path, "vfio-pci"));
	ASSERT_EQ(0, put_file(ENABLE_SIOV, "Y"));
	EXPECT_TRUE(bind_to_user(f));

	put_file(ENABLE_SIOV, "N");
	put_file(unbind, f->name);
}

TEST_HARNESS_MAIN
