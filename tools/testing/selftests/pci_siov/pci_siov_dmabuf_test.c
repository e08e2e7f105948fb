// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of an SDI as a DMA-BUF: SDIs of another PF access them, as long as their user may
 *
 * Needs two PFs of the emulated SIOV device with its driver (CONFIG_PCI_SIOV_TEST), of
 * which SIOV_OTHER_PF names the one that sends, CONFIG_VFIO_SIOV and
 * CONFIG_PCI_P2PDMA. SDIs that exist are destroyed.
 */
#include "../kselftest_harness.h"
#include "pci_siov_vfio.h"

#define VARIANT_DRIVER	"vfio-siov-test"
/* Where the sender finds the pages, and its own memory */
#define IOVA		0x10000000ULL
#define IOVA_MEM	0x20000000ULL
#define OLD		0x01d01d01
#define NEW		0x2e32e32e

static int map_dmabuf(const struct user *u, int fd)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA |
			 IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = u->ioas,
		.fd = fd,
		.length = PAGE,
		.iova = IOVA,
	};

	return ioctl(u->iommufd, IOMMU_IOAS_MAP_FILE, &map) ? -errno : 0;
}

static int unmap_dmabuf(const struct user *u)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = u->ioas,
		.iova = IOVA,
		.length = PAGE,
	};

	return ioctl(u->iommufd, IOMMU_IOAS_UNMAP, &unmap) ? -errno : 0;
}

/* ---- The two SDIs ---- */

FIXTURE(dmabuf)
{
	struct pf pf;
	struct pf other;
	struct user owner;
	struct user sender;
};

FIXTURE_VARIANT(dmabuf)
{
	const char *driver;
};

FIXTURE_VARIANT_ADD(dmabuf, siov)
{
	.driver = VFIO_DRIVER,
};

/* Registers that the driver answers lie behind the SDI's own, in the same BAR */
FIXTURE_VARIANT_ADD(dmabuf, trapped)
{
	.driver = VARIANT_DRIVER,
};

static int open_first(const struct pf *pf, const char *driver, struct user *u)
{
	char buf[256];
	int ret;

	snprintf(buf, sizeof(buf), "driver_override=%s", driver);
	delete_all(pf);
	ret = create_sdi(pf, 0, buf);

	return ret ?: user_open(u, MODE_CDEV, sdi_name(pf, 0, buf, sizeof(buf)));
}

FIXTURE_SETUP(dmabuf)
{
	const char *other = getenv("SIOV_OTHER_PF");

	user_init(&self->owner, MODE_CDEV);
	user_init(&self->sender, MODE_CDEV);
	if (!other)
		SKIP(return, "SIOV_OTHER_PF does not name another PF");
	snprintf(self->other.name, sizeof(self->other.name), "%s", other);
	ASSERT_TRUE(find_emulated_pf(&self->pf));
	ASSERT_TRUE(is_pf(&self->other));
	ASSERT_STRNE(self->pf.name, self->other.name);
	pf_refresh(&self->other);
	allow_unsafe(!remapping_is_on());
	ASSERT_EQ(0, pf_put(&self->pf, "reset_method", "flr"));

	ASSERT_EQ(0, open_first(&self->pf, variant->driver, &self->owner));
	ASSERT_EQ(0, open_first(&self->other, VFIO_DRIVER, &self->sender));
	ASSERT_EQ(0, set_command(&self->owner, PCI_COMMAND_MEMORY, 0));
	ASSERT_EQ(0, set_command(&self->sender,
				 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0));
	ASSERT_EQ(0, set_reg(&self->owner, REG_SCRATCH, OLD));
}

FIXTURE_TEARDOWN_PARENT(dmabuf)
{
	delete_all(&self->pf);
	delete_all(&self->other);
}

/* The sender writes into the owner's register */
static uint32_t write_there(const struct user *sender, uint32_t pattern)
{
	return engine_fill(sender, IOVA + REG_SCRATCH, 4, pattern) & 0xff;
}

/* ---- What can be exported ---- */

TEST_F(dmabuf, refused)
{
	struct user *u = &self->owner;
	const uint64_t size = layout("SIOV_REGION_SIZE", PAGE);
	const struct range page = { 0, PAGE };
	unsigned int msix = cfg_read(u, cfg_find_cap(u, PCI_CAP_ID_MSIX) +
				     PCI_MSIX_TABLE, 4) & PCI_MSIX_TABLE_BIR;

	EXPECT_EQ(-EINVAL, export_ranges(u, 0, 0, 0, NULL));
	EXPECT_EQ(-EINVAL, export_ranges(u, 0, 1, 1, &page));
	EXPECT_EQ(-ENODEV, export_ranges(u, VFIO_PCI_CONFIG_REGION_INDEX, 0, 1,
					 &page));
	EXPECT_EQ(-ENODEV, export_ranges(u, 0xffffffff, 0, 1, &page));
	/* Nothing in it is a page of the SDI */
	EXPECT_EQ(-EINVAL, export_ranges(u, msix, 0, 1, &page));

	EXPECT_EQ(-EINVAL, export_ranges(u, 0, 0, 1, &(struct range){ 0, 0 }));
	EXPECT_EQ(-EINVAL, export_ranges(u, 0, 0, 1,
					 &(struct range){ 16, PAGE }));
	EXPECT_EQ(-EINVAL, export_ranges(u, 0, 0, 1, &(struct range){ 0, 16 }));
	/* What is behind the SDI's pages, whatever it is */
	EXPECT_EQ(-EINVAL, export_ranges(u, 0, 0, 1,
					 &(struct range){ size, PAGE }));
	EXPECT_EQ(-EINVAL, export_ranges(u, 0, 0, 1,
					 &(struct range){ 0, size + PAGE }));
	EXPECT_EQ(-EINVAL, export_ranges(u, 0, 0, 1,
					 &(struct range){ PAGE, -PAGE }));
	EXPECT_EQ(-EINVAL, export_ranges(u, 0, 0, 2,
					 (struct range[]){ page, { size, PAGE } }));
}

/* That is what iommufd of 7.3 takes */
TEST_F(dmabuf, one_range)
{
	const struct range twice[] = { { 0, PAGE }, { 0, PAGE } };
	int fd = export_ranges(&self->owner, 0, 0, 2, twice);

	ASSERT_LE(0, fd);
	EXPECT_EQ(2 * (off_t)PAGE, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(-EOPNOTSUPP, map_dmabuf(&self->sender, fd));
	close(fd);
}

/* ---- Whom it lets in ---- */

TEST_F(dmabuf, others_reach_the_pages)
{
	int fd = export_page(&self->owner, 0);
	uint32_t *mem;

	ASSERT_LE(0, fd);
	/* Before, the address is nobody's */
	EXPECT_EQ(RESULT_FAULT, write_there(&self->sender, NEW));
	ASSERT_EQ(0, map_dmabuf(&self->sender, fd));
	close(fd);

	EXPECT_EQ(RESULT_OK, write_there(&self->sender, NEW));
	EXPECT_EQ(NEW, reg(&self->owner, REG_SCRATCH));

	mem = user_dma_map(&self->sender, IOVA_MEM, PAGE);
	ASSERT_NE(NULL, mem);
	set_reg64(&self->sender, REG_SRC, IOVA + REG_SCRATCH);
	set_reg64(&self->sender, REG_DST, IOVA_MEM);
	set_reg(&self->sender, REG_LEN, 4);
	set_reg(&self->sender, REG_CMD, CMD_COPY);
	EXPECT_EQ(RESULT_OK, engine_wait(&self->sender) & 0xff);
	EXPECT_EQ(NEW, mem[0]);

	ASSERT_EQ(0, unmap_dmabuf(&self->sender));
	EXPECT_EQ(RESULT_FAULT, write_there(&self->sender, OLD));
	EXPECT_EQ(NEW, reg(&self->owner, REG_SCRATCH));
}

/* ---- When it ends ---- */

/* It is over for who has mapped it, and begins again when that is done anew */
static void expect_revoked(struct __test_metadata *_metadata,
			   struct user *sender, struct user *owner, int fd)
{
	EXPECT_EQ(RESULT_FAULT, write_there(sender, NEW));
	ASSERT_EQ(0, set_reg(owner, REG_SCRATCH, OLD));
	EXPECT_EQ(RESULT_FAULT, write_there(sender, NEW));
	EXPECT_EQ(OLD, reg(owner, REG_SCRATCH));

	ASSERT_EQ(0, unmap_dmabuf(sender));
	ASSERT_EQ(0, map_dmabuf(sender, fd));
	EXPECT_EQ(RESULT_OK, write_there(sender, NEW));
	EXPECT_EQ(NEW, reg(owner, REG_SCRATCH));
}

TEST_F(dmabuf, revoked_by_the_users_reset)
{
	int fd = export_page(&self->owner, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map_dmabuf(&self->sender, fd));
	EXPECT_EQ(RESULT_OK, write_there(&self->sender, NEW));
	ASSERT_EQ(0, ioctl(self->owner.device, VFIO_DEVICE_RESET));
	expect_revoked(_metadata, &self->sender, &self->owner, fd);
	close(fd);
}

TEST_F(dmabuf, revoked_while_memory_is_off)
{
	int fd = export_page(&self->owner, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map_dmabuf(&self->sender, fd));
	ASSERT_EQ(0, set_command(&self->owner, 0, PCI_COMMAND_MEMORY));
	EXPECT_EQ(RESULT_FAULT, write_there(&self->sender, NEW));
	ASSERT_EQ(0, unmap_dmabuf(&self->sender));
	EXPECT_EQ(-ENODEV, map_dmabuf(&self->sender, fd));

	ASSERT_EQ(0, set_command(&self->owner, PCI_COMMAND_MEMORY, 0));
	EXPECT_EQ(OLD, reg(&self->owner, REG_SCRATCH));
	ASSERT_EQ(0, map_dmabuf(&self->sender, fd));
	EXPECT_EQ(RESULT_OK, write_there(&self->sender, NEW));
	EXPECT_EQ(NEW, reg(&self->owner, REG_SCRATCH));
	close(fd);
}

TEST_F(dmabuf, exported_while_memory_is_off)
{
	int fd;

	ASSERT_EQ(0, set_command(&self->owner, 0, PCI_COMMAND_MEMORY));
	fd = export_page(&self->owner, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENODEV, map_dmabuf(&self->sender, fd));
	ASSERT_EQ(0, set_command(&self->owner, PCI_COMMAND_MEMORY, 0));
	EXPECT_EQ(0, map_dmabuf(&self->sender, fd));
	EXPECT_EQ(RESULT_OK, write_there(&self->sender, NEW));
	EXPECT_EQ(NEW, reg(&self->owner, REG_SCRATCH));
	close(fd);
}

TEST_F(dmabuf, revoked_by_a_reset_of_the_pf)
{
	int fd = export_page(&self->owner, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map_dmabuf(&self->sender, fd));
	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
	expect_revoked(_metadata, &self->sender, &self->owner, fd);
	close(fd);
}

/* For good, as another user comes */
TEST_F(dmabuf, revoked_when_the_user_goes)
{
	char buf[256];
	int fd = export_page(&self->owner, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map_dmabuf(&self->sender, fd));
	EXPECT_EQ(RESULT_OK, write_there(&self->sender, NEW));
	user_close(&self->owner);
	EXPECT_EQ(RESULT_FAULT, write_there(&self->sender, NEW));

	ASSERT_EQ(0, user_open(&self->owner, MODE_CDEV,
			       sdi_name(&self->pf, 0, buf, sizeof(buf))));
	ASSERT_EQ(0, set_command(&self->owner, PCI_COMMAND_MEMORY, 0));
	ASSERT_EQ(0, set_reg(&self->owner, REG_SCRATCH, OLD));
	EXPECT_EQ(RESULT_FAULT, write_there(&self->sender, NEW));
	EXPECT_EQ(OLD, reg(&self->owner, REG_SCRATCH));
	ASSERT_EQ(0, unmap_dmabuf(&self->sender));
	EXPECT_EQ(-ENODEV, map_dmabuf(&self->sender, fd));
	close(fd);
}

/* Nobody waits for who only holds the descriptor */
TEST_F(dmabuf, destroyed_with_a_descriptor_left)
{
	int fd = export_page(&self->owner, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map_dmabuf(&self->sender, fd));
	user_close(&self->owner);
	ASSERT_EQ(0, delete_sdi(&self->pf, 0));
	EXPECT_FALSE(sdi_exists(&self->pf, 0));
	EXPECT_EQ(RESULT_FAULT, write_there(&self->sender, NEW));
	close(fd);
}

TEST_HARNESS_MAIN
