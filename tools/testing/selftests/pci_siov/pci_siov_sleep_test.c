// SPDX-License-Identifier: GPL-2.0
/*
 * SDIs of a machine that goes to sleep
 *
 * Suspend to RAM takes the power of all devices, and with it all that they knew
 * of SDIs. Somebody has to wake the machine up, so this is skipped unless
 * SIOV_SLEEP is a command that suspends it and comes back when it is awake, for
 * instance "rtcwake -m mem -s 5".
 *
 * Needs the emulated SIOV device with its drivers (CONFIG_PCI_SIOV_TEST). SDIs
 * that exist are destroyed.
 */
#include "../kselftest_harness.h"
#include "pci_siov_engine.h"
#include "pci_siov_log.h"

#define MEM_SLEEP	"/sys/power/mem_sleep"
#define IRQ_DRIVER	"pci-sdi-irq-test"
#define IRQ_DEVICES	"/sys/kernel/debug/pci_sdi_irq_test"
#define PATTERN		0x51ee9e55
#define NUM_SDIS	3

FIXTURE(sleep)
{
	struct pf pf;
	unsigned int index[NUM_SDIS];
	struct engine engine[NUM_SDIS];
	char rid[NUM_SDIS][64];
};

FIXTURE_VARIANT(sleep)
{
	const char *rid_mode;
};

FIXTURE_VARIANT_ADD(sleep, strided) {
	.rid_mode = "strided",
};

/* The device forgets its allowlist as well */
FIXTURE_VARIANT_ADD(sleep, software) {
	.rid_mode = "software",
};

FIXTURE_SETUP(sleep)
{
	char buf[64];
	int i;

	if (!getenv("SIOV_SLEEP"))
		SKIP(return, "SIOV_SLEEP is no command that suspends");
	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	if (get_file(MEM_SLEEP, buf, sizeof(buf)) || !strstr(buf, "deep"))
		SKIP(return, "the machine does not suspend to RAM");

	delete_all(&self->pf);
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");
	if (!expected(variant->rid_mode))
		SKIP(return, "no %s Routing IDs", variant->rid_mode);
	ASSERT_EQ(0, pf_put(&self->pf, "siov/rid_mode", variant->rid_mode));

	/* On the PF's bus number and on the last */
	self->index[0] = 0;
	self->index[1] = 1;
	self->index[2] = self->pf.usable - 1;
	for (i = 0; i < NUM_SDIS; i++) {
		ASSERT_EQ(0, create_sdi(&self->pf, self->index[i], NULL));
		self->engine[i] = engine_of(&self->pf, self->index[i]);
		ASSERT_EQ(0, read_line(sdi_path(&self->pf, self->index[i],
						"rid"),
				       self->rid[i], sizeof(self->rid[i])));
	}
}

FIXTURE_TEARDOWN_PARENT(sleep)
{
	delete_all(&self->pf);
	pf_put(&self->pf, "siov/rid_mode", "strided");
}

/* Until somebody wakes us up */
static int fall_asleep(void)
{
	return system(getenv("SIOV_SLEEP"));
}

static void check_sdi(struct __test_metadata *_metadata,
		      struct _test_data_sleep *self, int i)
{
	struct engine *e = &self->engine[i];
	struct result r;
	char rid[64];

	ASSERT_TRUE(sdi_exists(&self->pf, self->index[i]));
	ASSERT_EQ(0, read_line(sdi_path(&self->pf, self->index[i], "rid"), rid,
			       sizeof(rid)));
	EXPECT_STREQ(self->rid[i], rid);
	ASSERT_EQ(0, result(e, &r));
	EXPECT_EQ((unsigned int)RESULT_NONE, r.code);

	/* Its memory is where it was */
	ASSERT_EQ(0, buffer_set(e, 0));
	EXPECT_EQ(0, command(e, "fill 0x%llx 4096 0x%x", iova(e), PATTERN + i));
	EXPECT_TRUE(buffer_is(e, 0, 1024, PATTERN + i));
	EXPECT_TRUE(buffer_is(e, 1024, 2048, 0));
	EXPECT_EQ(0, command(e, "map 8192"));
}

TEST_F_TIMEOUT(sleep, sdis_wake_up_as_they_were, 600)
{
	long long usable = pf_number(&self->pf, "siov/usable_sdis");
	bool translated = translation_expected();
	int i, round;

	ASSERT_TRUE(isolation_is_as_expected(&self->pf, 0));
	for (round = 0; round < 2; round++) {
		ASSERT_EQ(0, command(&self->engine[1],
				     "stream 0x%llx 4096 0x%x",
				     iova(&self->engine[1]), PATTERN));
		ASSERT_EQ(0, fall_asleep());

		EXPECT_EQ(usable, pf_number(&self->pf, "siov/usable_sdis"));
		EXPECT_EQ(NUM_SDIS, pf_number(&self->pf, "siov/num_sdis"));
		for (i = 0; i < NUM_SDIS; i++)
			check_sdi(_metadata, self, i);

		/* And as apart as they were */
		for (i = 0; translated && i < NUM_SDIS; i++)
			EXPECT_EQ(-EIO, command(&self->engine[i],
						"fill 0x7fff0000 4096 1"));
		ASSERT_EQ(0, delete_sdi(&self->pf, 0));
		ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	}
}

static int irq_count(const char *name, int nth)
{
	char path[256], buf[1024], *line = buf;
	int virq, n = -1;

	snprintf(path, sizeof(path), IRQ_DEVICES "/%s/irqs", name);
	if (get_file(path, buf, sizeof(buf)))
		return -1;
	while (nth-- && line)
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
	if (!line || sscanf(line, "%d %d", &virq, &n) != 2)
		return -1;
	return n;
}

static int irq_command(const char *name, const char *what)
{
	char path[256];

	snprintf(path, sizeof(path), IRQ_DEVICES "/%s/command", name);
	return put_file(path, what);
}

TEST_F_TIMEOUT(sleep, interrupts_wake_up_as_they_were, 600)
{
	const char *name = self->engine[0].name;
	double end;

	if (!exists(IRQ_DEVICES))
		SKIP(return, "no driver " IRQ_DRIVER);

	ASSERT_EQ(0, bus_write("pci_sdi", SDI_DRIVER, "unbind", name));
	ASSERT_EQ(0, put_file(sdi_path(&self->pf, 0, "driver_override"),
			      IRQ_DRIVER));
	ASSERT_EQ(0, bus_write("pci_sdi", IRQ_DRIVER, "bind", name));
	ASSERT_EQ(0, irq_command(name, "alloc 4 4"));
	ASSERT_EQ(0, irq_command(name, "mask 2"));
	ASSERT_EQ(0, fall_asleep());

	ASSERT_EQ(0, irq_command(name, "send 1"));
	for (end = now() + 5; irq_count(name, 1) != 1 && now() < end; )
		usleep(10000);
	EXPECT_EQ(1, irq_count(name, 1));

	/* Masked it was and is */
	irq_command(name, "send 2");
	usleep(100000);
	EXPECT_EQ(0, irq_count(name, 2));
	ASSERT_EQ(0, irq_command(name, "unmask 2"));
	for (end = now() + 5; irq_count(name, 2) != 1 && now() < end; )
		usleep(10000);
	EXPECT_EQ(1, irq_count(name, 2));
}

TEST_HARNESS_MAIN
