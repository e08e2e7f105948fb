// SPDX-License-Identifier: GPL-2.0
/*
 * Errors that a virtio PF reports by Advanced Error Reporting, while its SDIs work
 *
 * Needs the emulated virtio-net with SDIs and AER (aer=on), a disk in the place of one of
 * its NICs, and CONFIG_PCIEAER_INJECT. Skips where they are absent. SDIs that exist are
 * destroyed, and what is on the disk, too.
 */
#include "../kselftest_harness.h"
#include "pci_siov_disk.h"
#include "pci_siov_slot.h"

#define INJECT		"/dev/aer_inject"
#define RECOVERED	"device recovery successful"
#define NOT_RECOVERED	"device recovery failed"
#define HOST_PF		1
#define FIRST_WRITE	1

/* Which is fatal and which is not is the default of the severity register */
#define COMPLETER_ABORT	0x00008000
#define DATA_LINK	0x00000010

/* drivers/pci/pcie/aer_inject.c */
struct aer_error {
	uint8_t bus;
	uint8_t dev;
	uint8_t fn;
	uint32_t uncorrectable;
	uint32_t correctable;
	uint32_t header[4];
	uint32_t domain;
};

static int inject(const struct pf *pf, uint32_t error)
{
	struct aer_error what = { .uncorrectable = error };
	unsigned int domain, bus, dev, fn;
	int fd, ret;

	if (sscanf(pf->name, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return -EINVAL;

	what.domain = domain;
	what.bus = bus;
	what.dev = dev;
	what.fn = fn;
	fd = open(INJECT, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, &what, sizeof(what)) == sizeof(what) ? 0 : -errno;
	close(fd);
	return ret;
}

FIXTURE(virtio_aer) {
	struct pf pf;
	char port[16];
	void *regs;
	unsigned long long before[VCNT_NUM];
	struct ns sdi[2];
	struct ns own;		/* of the PF itself */
	struct disk disk;
	struct writer *writer;
	int log;
	bool dead;		/* the PF, with its counters */
};

FIXTURE_SETUP(virtio_aer)
{
	char link[256];
	int i, index;

	if (!find_virtio_pf(&self->pf))
		SKIP(return, "no PF with driver " VIRTIO_PF_DRIVER);
	if (!exists(pf_path(&self->pf, "aer_dev_fatal")))
		SKIP(return, "nobody handles errors of the PF");
	if (access(INJECT, W_OK))
		SKIP(return, "no " INJECT);
	self->regs = map_bar(&self->pf, 0, REG_SIZE);
	ASSERT_NE(NULL, self->regs);
	index = find_disk(&self->pf, self->regs, 0);
	if (index < 0)
		SKIP(return, "no SDI of the PF is a disk");

	snprintf(self->port, sizeof(self->port), "%.15s",
		 port_name(&self->pf, link, sizeof(link)));
	delete_all(&self->pf);
	get_counters(self->regs, self->before);
	for (i = 0; i < 2; i++)
		ASSERT_TRUE(make_sdi(&self->pf, &self->sdi[i], i));
	ASSERT_TRUE(wait_for_nic(self->pf.name));
	ASSERT_TRUE(make_function(&self->own, self->pf.name, HOST_PF));
	ASSERT_TRUE(disk_create(&self->pf, &self->disk, index));
	ASSERT_EQ(0, disk_write(&self->disk, O_DIRECT, FIRST_WRITE));
	/* Its thread may outlive a test that has failed */
	self->writer = calloc(1, sizeof(*self->writer));
	ASSERT_NE(NULL, self->writer);
	self->log = log_open();
	ASSERT_LE(0, self->log);
}

FIXTURE_TEARDOWN(virtio_aer)
{
	int i;

	if (!self->writer)
		return;

	close(self->log);
	for (i = 0; i < 2; i++)
		ns_drop(&self->sdi[i]);
	ns_drop(&self->own);
	delete_all(&self->pf);
	for (i = 0; i < (int)ARRAY_SIZE(forbidden) && !self->dead; i++) {
		EXPECT_EQ(self->before[forbidden[i]],
			  virtio_counter(self->regs, forbidden[i]))
			TH_LOG("counter %d", forbidden[i]);
	}
	munmap(self->regs, REG_SIZE);
}

/* Everybody goes on: NICs as they were, the disk with all that was written */
static void goes_on(struct __test_metadata *_metadata,
		    FIXTURE_DATA(virtio_aer) * self)
{
	EXPECT_TRUE(answers(&self->sdi[0], self->sdi[1].address, 10));
	EXPECT_TRUE(answers(&self->sdi[1], self->own.address, 10));
	EXPECT_TRUE(answers(&self->own, self->sdi[0].address, 10));

	EXPECT_TRUE(writer_wait(self->writer, 2));
	ASSERT_TRUE(writer_stop(self->writer));
	EXPECT_EQ(0, self->writer->error);
	EXPECT_EQ(0, writer_lost(self->writer));
}

/* There is no reset, and nobody loses a packet */
TEST_F(virtio_aer, nonfatal)
{
	struct echo echo;

	ASSERT_TRUE(writer_start(self->writer, &self->disk, 0, FIRST_WRITE,
				 O_DIRECT));
	ASSERT_TRUE(echo_start(&echo, &self->sdi[0], &self->sdi[1]));
	ASSERT_EQ(0, inject(&self->pf, COMPLETER_ABORT));
	EXPECT_TRUE(log_tells(self->log, RECOVERED, self->port));
	EXPECT_TRUE(echo_wait(&echo, 10));
	echo_stop(&echo);
	EXPECT_EQ(0U, echo.lost);
	EXPECT_EQ(0U, echo.wrong);
	EXPECT_EQ(self->before[VCNT_DISABLE],
		  virtio_counter(self->regs, VCNT_DISABLE));
	EXPECT_EQ(self->before[VCNT_FAULT],
		  virtio_counter(self->regs, VCNT_FAULT));
	goes_on(_metadata, self);
}

/*
 * The link is reset, again and again, while packets and sectors are on their way. Until
 * it is, the IOMMU stops what SDIs send, as nobody can reach a device that stands still.
 * This one does not.
 */
TEST_F(virtio_aer, fatal)
{
	struct echo echo;
	int i;

	ASSERT_TRUE(writer_start(self->writer, &self->disk, 0, FIRST_WRITE,
				 O_DIRECT));
	ASSERT_TRUE(echo_start(&echo, &self->sdi[0], &self->sdi[1]));
	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(writer_wait(self->writer, 2));
		ASSERT_EQ(0, inject(&self->pf, DATA_LINK));
		ASSERT_TRUE(log_tells(self->log, RECOVERED, self->port));
	}
	EXPECT_TRUE(answers(&self->sdi[0], self->sdi[1].address, 10));
	echo_stop(&echo);
	EXPECT_EQ(0U, echo.wrong);
	goes_on(_metadata, self);
}

/*
 * Something else below the port has nobody who handles errors, so all of it is lost:
 * who waits for the disk does so until that is taken away, and no longer. A reset finds
 * drivers that have given up their queues already. It does not help, as nobody has
 * restored the BARs of the PF, and the PF's driver can go in spite of that.
 */
TEST_F(virtio_aer, not_recovered)
{
	if (!layout("SIOV_NOT_RECOVERED", 0))
		SKIP(return, "SIOV_NOT_RECOVERED does not say that nothing recovers");

	self->dead = true;
	ASSERT_TRUE(writer_start(self->writer, &self->disk, 0, FIRST_WRITE,
				 O_DIRECT));
	EXPECT_TRUE(writer_wait(self->writer, 2));
	ASSERT_EQ(0, inject(&self->pf, DATA_LINK));
	EXPECT_TRUE(log_tells(self->log, NOT_RECOVERED, self->port));
	EXPECT_NE(1, ping(&self->sdi[0], self->sdi[1].address, 1, 64));

	EXPECT_EQ(0, delete_sdi(&self->pf, self->disk.index));
	ASSERT_TRUE(writer_stop(self->writer));
	EXPECT_NE(0, self->writer->error);

	EXPECT_EQ(0, pf_put(&self->pf, "reset", "1"));
	EXPECT_EQ(0, pf_put(&self->pf, "reset", "1"));
	EXPECT_EQ(0, bus_write("pci", VIRTIO_PF_DRIVER, "unbind",
			       self->pf.name));
}

TEST_HARNESS_MAIN
