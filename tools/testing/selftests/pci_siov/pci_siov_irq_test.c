// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of Scalable Device Interfaces
 *
 * Each SDI stores messages of its own and sends them with its own Routing ID.
 * Needs the emulated SIOV device with its drivers (CONFIG_PCI_SIOV_TEST), skips
 * where it is absent. SDIs that exist are destroyed.
 *
 * The tests are shown to be able to fail by telling the device to send the
 * messages with another Routing ID (x-msi-rid): then, with interrupt remapping,
 * all that wait for an interrupt do.
 */
#include "../kselftest_harness.h"
#include "pci_siov_log.h"

#define IRQ_DRIVER	"pci-sdi-irq-test"
#define IRQ_DEVICES	"/sys/kernel/debug/pci_sdi_irq_test"

/* Counters of the device, and a message in remappable format */
#define CNT_FORGED	11
#define CNT_MSI_HELD	12
#define VTD_REMAPPABLE	0x10

struct irq {
	int virq;
	int count;
	int cpu;
	unsigned int addr_hi;
	unsigned int addr_lo;
	unsigned int data;
};

struct sdi {
	char name[64];
	struct irq irq[MAX_VECTORS];
	int nr;
};

static const char *irq_path(const struct sdi *sdi, const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), IRQ_DEVICES "/%s/%s", sdi->name, file);
	return path;
}

static int command(const struct sdi *sdi, const char *fmt, ...)
{
	char line[32];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return put_file(irq_path(sdi, "command"), line);
}

/* Number of interrupts that are allocated, with their state */
static int refresh(struct sdi *sdi)
{
	char buf[8192], *line = buf;
	struct irq *irq;
	int ret;

	sdi->nr = 0;
	ret = get_file(irq_path(sdi, "irqs"), buf, sizeof(buf));
	if (ret)
		return ret;

	while (line && *line && sdi->nr < MAX_VECTORS) {
		irq = &sdi->irq[sdi->nr];
		if (sscanf(line, "%d %d %d %x:%x:%x", &irq->virq, &irq->count,
			   &irq->cpu, &irq->addr_hi, &irq->addr_lo,
			   &irq->data) != 6)
			return -EINVAL;
		sdi->nr++;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return sdi->nr;
}

/* How often an interrupt came, when that is @want or does not become it */
static int count(struct sdi *sdi, int n, int want)
{
	double end = now() + 1;

	do {
		if (refresh(sdi) <= n)
			return -1;
		if (sdi->irq[n].count == want)
			break;
		usleep(5000);
	} while (now() < end);

	return sdi->irq[n].count;
}

/* For what must not come: there is no event to wait for */
static int count_later(struct sdi *sdi, int n)
{
	usleep(100000);
	return refresh(sdi) > n ? sdi->irq[n].count : -1;
}

/* A fault of interrupt remapping, with this Routing ID */
static bool log_has_fault(int log, uint16_t rid)
{
	char dev[16];
	const char * const words[] = { "INTR-REMAP", dev, NULL };

	snprintf(dev, sizeof(dev), "%02x:%02x.%x]", rid >> 8, rid >> 3 & 0x1f,
		 rid & 7);
	return log_has(log, 10, words);
}

FIXTURE(irq) {
	struct pf pf;
	struct sdi sdi[2];
	unsigned long long before[NUM_COUNTERS];
	unsigned long long after[NUM_COUNTERS];
};

FIXTURE_SETUP(irq)
{
	char buf[256];
	int i;

	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	if (!exists(IRQ_DEVICES))
		SKIP(return, "no driver " IRQ_DRIVER);

	delete_all(&self->pf);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, create_sdi(&self->pf, i,
					"driver_override=" IRQ_DRIVER));
		snprintf(self->sdi[i].name, sizeof(self->sdi[i].name), "%.63s",
			 sdi_name(&self->pf, i, buf, sizeof(buf)));
		ASSERT_TRUE(exists(irq_path(&self->sdi[i], "irqs")));
	}
}

FIXTURE_TEARDOWN(irq)
{
	delete_all(&self->pf);
}

TEST_F(irq, each_arrives_at_its_own_handler)
{
	struct sdi *sdi = &self->sdi[0];
	int i, n;

	ASSERT_EQ(0, command(sdi, "alloc %d %d", VECTORS, VECTORS));
	ASSERT_EQ(VECTORS, refresh(sdi));

	for (i = 0; i < VECTORS; i++)
		for (n = 0; n <= i; n++) {
			ASSERT_EQ(0, command(sdi, "send %d", i));
			ASSERT_EQ(n + 1, count(sdi, i, n + 1));
		}
	for (i = 0; i < VECTORS; i++)
		EXPECT_EQ(i + 1, count(sdi, i, i + 1));
}

TEST_F(irq, number_that_is_allocated)
{
	struct sdi *sdi = &self->sdi[0];

	EXPECT_EQ(-EINVAL, command(sdi, "alloc 0 1"));
	EXPECT_EQ(-EINVAL, command(sdi, "alloc 3 2"));
	EXPECT_EQ(-ENOSPC, command(sdi, "alloc %d %d", VECTORS + 1,
				   VECTORS + 4));
	EXPECT_EQ(0, refresh(sdi));

	/* As many as there are */
	ASSERT_EQ(0, command(sdi, "alloc 1 %d", MAX_VECTORS));
	EXPECT_EQ(VECTORS, refresh(sdi));
	EXPECT_EQ(-EBUSY, command(sdi, "alloc 1 1"));
	EXPECT_EQ(0, command(sdi, "free"));
	EXPECT_EQ(0, refresh(sdi));

	ASSERT_EQ(0, command(sdi, "alloc 1 2"));
	EXPECT_EQ(2, refresh(sdi));
	ASSERT_EQ(0, command(sdi, "send 1"));
	EXPECT_EQ(1, count(sdi, 1, 1));
}

/* As a guest's driver unmasks one after the other: the first do not notice */
TEST_F(irq, one_by_one)
{
	struct sdi *sdi = &self->sdi[0];
	int i, virq;

	ASSERT_EQ(0, command(sdi, "add %d", VECTORS - 1));
	ASSERT_EQ(VECTORS, refresh(sdi));
	virq = sdi->irq[VECTORS - 1].virq;
	EXPECT_LT(0, virq);
	EXPECT_EQ(-EBUSY, command(sdi, "add %d", VECTORS - 1));
	EXPECT_EQ(-ERANGE, command(sdi, "add %d", VECTORS));

	for (i = 0; i < VECTORS - 1; i++) {
		ASSERT_EQ(0, command(sdi, "add any"));
		ASSERT_EQ(0, command(sdi, "send %d", i));
		EXPECT_EQ(1, count(sdi, i, 1));
		ASSERT_EQ(0, command(sdi, "send %d", VECTORS - 1));
		EXPECT_EQ(i + 1, count(sdi, VECTORS - 1, i + 1));
	}
	EXPECT_EQ(virq, sdi->irq[VECTORS - 1].virq);
	EXPECT_EQ(-ENOSPC, command(sdi, "add any"));

	/* One that was deleted is not sent, the others are */
	ASSERT_EQ(0, command(sdi, "del 1"));
	ASSERT_EQ(0, counters(&self->pf, self->before));
	command(sdi, "send 1");
	ASSERT_EQ(0, counters(&self->pf, self->after));
	EXPECT_EQ(1, (int)(self->after[CNT_MSI_HELD] -
			   self->before[CNT_MSI_HELD]));
	ASSERT_EQ(0, command(sdi, "send 0"));
	EXPECT_EQ(2, count(sdi, 0, 2));
	ASSERT_EQ(0, command(sdi, "add 1"));
	EXPECT_EQ(VECTORS, refresh(sdi));

	/* And a reset of the SDI leaves them as they are */
	ASSERT_EQ(0, command(sdi, "del 0"));
	ASSERT_EQ(0, command(sdi, "reset"));
	ASSERT_EQ(0, command(sdi, "send 1"));
	EXPECT_LE(1, count(sdi, 1, 1));
	EXPECT_EQ(0, sdi->irq[0].virq);
}

/* The kernel places managed ones, and nobody else moves them */
TEST_F(irq, spread_over_the_cpus)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct sdi *sdi = &self->sdi[0];
	char path[64], mask[32];
	unsigned long seen = 0;
	int i, n;

	if (cpus < 2)
		SKIP(return, "one CPU");

	ASSERT_EQ(0, command(sdi, "spread 1 %d", VECTORS));
	n = refresh(sdi);
	EXPECT_EQ(cpus < VECTORS ? cpus : VECTORS, n);
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/proc/irq/%d/smp_affinity",
			 sdi->irq[i].virq);
		ASSERT_EQ(0, get_file(path, mask, sizeof(mask)));
		EXPECT_EQ(0, seen & strtoul(mask, NULL, 16));
		seen |= strtoul(mask, NULL, 16);
		EXPECT_GT(0, put_file(path, "1"));
		ASSERT_EQ(0, command(sdi, "send %d", i));
		EXPECT_EQ(1, count(sdi, i, 1));
		EXPECT_TRUE(strtoul(mask, NULL, 16) & 1UL << sdi->irq[i].cpu);
	}
	EXPECT_EQ((1UL << cpus) - 1, seen);
}

TEST_F(irq, nothing_is_sent_without_handler)
{
	struct sdi *sdi = &self->sdi[0];
	int i;

	ASSERT_EQ(0, command(sdi, "alloc 1 1"));
	ASSERT_EQ(0, counters(&self->pf, self->before));
	for (i = 1; i < VECTORS; i++)
		command(sdi, "send %d", i);
	ASSERT_EQ(0, command(sdi, "free"));
	command(sdi, "send 0");
	ASSERT_EQ(0, counters(&self->pf, self->after));

	EXPECT_EQ(VECTORS, (int)(self->after[CNT_MSI_HELD] -
				 self->before[CNT_MSI_HELD]));
}

TEST_F(irq, mask_holds_it_back)
{
	struct sdi *sdi = &self->sdi[0];

	ASSERT_EQ(0, command(sdi, "alloc %d %d", VECTORS, VECTORS));
	ASSERT_EQ(0, counters(&self->pf, self->before));
	ASSERT_EQ(0, command(sdi, "mask 2"));
	command(sdi, "send 2");
	ASSERT_EQ(0, command(sdi, "send 3"));
	EXPECT_EQ(1, count(sdi, 3, 1));
	EXPECT_EQ(0, count_later(sdi, 2));
	ASSERT_EQ(0, counters(&self->pf, self->after));
	EXPECT_EQ(1, (int)(self->after[CNT_MSI_HELD] -
			   self->before[CNT_MSI_HELD]));

	/* The device remembers it */
	ASSERT_EQ(0, command(sdi, "unmask 2"));
	EXPECT_EQ(1, count(sdi, 2, 1));
}

TEST_F(irq, affinity)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct sdi *sdi = &self->sdi[0];
	char path[64], cpu[16];
	int i, round, tries, n = 0;

	if (cpus < 2)
		SKIP(return, "one CPU");

	ASSERT_EQ(0, command(sdi, "alloc %d %d", VECTORS, VECTORS));
	ASSERT_EQ(VECTORS, refresh(sdi));
	snprintf(path, sizeof(path), "/proc/irq/%d/smp_affinity_list",
		 sdi->irq[1].virq);

	for (round = 0; round < 3; round++) {
		for (i = cpus - 1; i >= 0; i--) {
			snprintf(cpu, sizeof(cpu), "%d", i);
			ASSERT_EQ(0, put_file(path, cpu));
			/* It may take some more while the last move is young */
			for (tries = 0; tries < 20; tries++) {
				ASSERT_EQ(0, command(sdi, "send 1"));
				n++;
				ASSERT_EQ(n, count(sdi, 1, n));
				if (sdi->irq[1].cpu == i)
					break;
				usleep(10000);
			}
			EXPECT_EQ(i, sdi->irq[1].cpu);
		}
	}
}

TEST_F(irq, reset_of_the_sdi)
{
	struct sdi *sdi = &self->sdi[0];

	ASSERT_EQ(0, command(sdi, "alloc %d %d", VECTORS, VECTORS));
	ASSERT_EQ(0, command(sdi, "mask 1"));
	ASSERT_EQ(0, command(sdi, "reset"));
	ASSERT_EQ(0, command(sdi, "send 0"));
	EXPECT_EQ(1, count(sdi, 0, 1));

	/* Masked it was and is */
	command(sdi, "send 1");
	EXPECT_EQ(0, count_later(sdi, 1));
	ASSERT_EQ(0, command(sdi, "unmask 1"));
	EXPECT_EQ(1, count(sdi, 1, 1));
}

TEST_F(irq, reset_of_the_pf)
{
	struct sdi *sdi = &self->sdi[1];

	if (!exists(pf_path(&self->pf, "reset")))
		SKIP(return, "the PF cannot be reset");

	ASSERT_EQ(0, command(sdi, "alloc %d %d", VECTORS, VECTORS));
	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
	ASSERT_EQ(0, command(sdi, "send 3"));
	EXPECT_EQ(1, count(sdi, 3, 1));
}

TEST_F(irq, sdis_apart)
{
	int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, command(&self->sdi[i], "alloc %d %d", VECTORS,
				     VECTORS));
	for (i = 0; i < VECTORS; i++)
		ASSERT_EQ(0, command(&self->sdi[1], "send %d", i));
	for (i = 0; i < VECTORS; i++) {
		EXPECT_EQ(1, count(&self->sdi[1], i, 1));
		EXPECT_EQ(0, count(&self->sdi[0], i, 0));
	}

	/* One goes with its interrupts, the other does not notice */
	ASSERT_EQ(0, delete_sdi(&self->pf, 1));
	ASSERT_EQ(0, command(&self->sdi[0], "send 2"));
	EXPECT_EQ(1, count(&self->sdi[0], 2, 1));
}

/* No more of them is left over than before */
TEST_F(irq, come_and_go)
{
	char path[128];
	int i, virq = -1;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, command(&self->sdi[0], "alloc %d %d", VECTORS,
				     VECTORS));
		ASSERT_EQ(VECTORS, refresh(&self->sdi[0]));
		virq = self->sdi[0].irq[0].virq;
		snprintf(path, sizeof(path), "/proc/irq/%d/%s", virq,
			 self->sdi[0].name);
		EXPECT_TRUE(exists(path));
		ASSERT_EQ(0, delete_sdi(&self->pf, 0));
		EXPECT_FALSE(exists(path));
		ASSERT_EQ(0, create_sdi(&self->pf, 0,
					"driver_override=" IRQ_DRIVER));
	}
}

static bool remapped_by_vtd(const struct sdi *sdi)
{
	return (sdi->irq[0].addr_lo >> 20) == 0xfee &&
	       (sdi->irq[0].addr_lo & VTD_REMAPPABLE);
}

/* VT-d logs what it blocks. In QEMU AMD-Vi does not, and an ITS cannot */
TEST_F(irq, foreign_routing_id_is_blocked)
{
	struct sdi *sdi = &self->sdi[0];
	uint16_t own = sdi_rid(&self->pf, 0);
	uint16_t other = sdi_rid(&self->pf, 1);
	int log;

	ASSERT_EQ(0, command(sdi, "alloc %d %d", VECTORS, VECTORS));
	ASSERT_EQ(VECTORS, refresh(sdi));
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");
	ASSERT_EQ(expected("remapping"),
		  irqs_come_by("IR-") || irqs_come_by("ITS-"));
	if (!expected("remapping"))
		SKIP(return, "no interrupt remapping, and no ITS");

	ASSERT_EQ(0, counters(&self->pf, self->before));
	ASSERT_EQ(0, command(sdi, "as %u", own));
	ASSERT_EQ(0, command(sdi, "send 0"));
	EXPECT_EQ(1, count(sdi, 0, 1));

	log = log_open();
	ASSERT_LE(0, log);
	ASSERT_EQ(0, command(sdi, "as %u", other));
	command(sdi, "send 0");
	ASSERT_EQ(0, counters(&self->pf, self->after));
	if (self->after[CNT_FORGED] == self->before[CNT_FORGED]) {
		close(log);
		SKIP(return, "the device does not forge (x-forge=on)");
	}
	EXPECT_EQ(1, count_later(sdi, 0));
	if (iommu_is(&self->pf, "dmar")) {
		EXPECT_TRUE(remapped_by_vtd(sdi));
		/* Ten lines in five seconds: others may have used them up */
		if (!log_has_fault(log, other)) {
			command(sdi, "send 0");
			EXPECT_TRUE(log_has_fault(log, other));
		}
	}
	close(log);

	/* And the PF's is as foreign */
	ASSERT_EQ(0, command(sdi, "as %u", self->pf.rid));
	command(sdi, "send 0");
	EXPECT_EQ(1, count_later(sdi, 0));

	ASSERT_EQ(0, command(sdi, "as none"));
	ASSERT_EQ(0, command(sdi, "send 0"));
	EXPECT_EQ(2, count(sdi, 0, 2));
}

TEST_HARNESS_MAIN
