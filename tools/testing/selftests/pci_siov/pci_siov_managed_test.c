// SPDX-License-Identifier: GPL-2.0
/*
 * A PF that firmware manages: parameters, types and commands
 *
 * Needs the emulated SIOV device with managed=on and its driver
 * (CONFIG_PCI_SIOV_TEST), skips where it is absent. SDIs that exist are
 * destroyed.
 *
 * That SDIs ask for no address translation is shown to be a test that can fail by
 * telling the driver not to forbid it (refuse_translation): then they do.
 */
#include "../kselftest_harness.h"
#include "pci_siov_engine.h"
#include "pci_siov_vfio.h"

#define MANAGED_DRIVER	"pci-siov-managed"
#define REFUSE		"/sys/module/pci_siov_managed/parameters/refuse_translation"
#define IRQ_DRIVER	"pci-sdi-irq-test"
#define IRQ_DEVICES	"/sys/kernel/debug/pci_sdi_irq_test"

#define CNT_TRANSLATION	23
#define CNT_STORE	33
#define CNT_RESTART	34
#define CNT_CLOCK_WRITE	35

#define CLOCK_ID_VALUE	0x4b434c43

FIXTURE(managed)
{
	struct pf pf;
};

FIXTURE_SETUP(managed)
{
	char buf[256];

	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	if (strcmp(link_target(pf_path(&self->pf, "driver"), buf, sizeof(buf)),
		   MANAGED_DRIVER))
		SKIP(return, "the PF is not one that firmware manages");
	delete_all(&self->pf);
}

FIXTURE_TEARDOWN(managed)
{
	put_file(REFUSE, "Y");
	delete_all(&self->pf);
}

/* Of the device, since it was made; -1 if it cannot be read */
static long long counter(const struct pf *pf, int n)
{
	char path[256], line[64];
	long long value = -1, v;
	int i;
	FILE *f;

	snprintf(path, sizeof(path), ENGINES "/%s/counters", pf->name);
	f = fopen(path, "r");
	if (!f)
		return -1;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %lld", &i, &v) == 2 && i == n)
			value = v;
	fclose(f);
	return value;
}

static const char *sdi_attr(const struct pf *pf, unsigned int index,
			    const char *file, char buf[256])
{
	char path[128];

	snprintf(path, sizeof(path), "siov/sdi%u/%s", index, file);
	if (get_file(pf_path(pf, path), buf, 256))
		return "";

	return buf;
}

static int irq_command(const struct pf *pf, unsigned int index,
		       const char *line)
{
	char path[256], name[256];

	snprintf(path, sizeof(path), IRQ_DEVICES "/%.64s/command",
		 sdi_name(pf, index, name, sizeof(name)));
	return put_file(path, line);
}

TEST_F(managed, parameters)
{
	char want[128], buf[256];

	snprintf(want, sizeof(want),
		 "type plain|bell bell\nvectors 0-%d %d\n", VECTORS, VECTORS);
	ASSERT_EQ(0, get_file(pf_path(&self->pf, "siov/sdi_params"), buf,
			      sizeof(buf)));
	EXPECT_STREQ(want, buf);

	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	snprintf(want, sizeof(want), "type=bell vectors=%d\n", VECTORS);
	EXPECT_STREQ(want, sdi_attr(&self->pf, 0, "params", buf));

	ASSERT_EQ(0, create_sdi(&self->pf, 1, "vectors=1 type=plain"));
	EXPECT_STREQ("type=plain vectors=1\n",
		     sdi_attr(&self->pf, 1, "params", buf));

	EXPECT_EQ(-EINVAL, create_sdi(&self->pf, 2, "type=ring"));
	EXPECT_EQ(-EINVAL, create_sdi(&self->pf, 2, "queues=1"));
	snprintf(buf, sizeof(buf), "vectors=%d", VECTORS + 1);
	EXPECT_EQ(-EINVAL, create_sdi(&self->pf, 2, buf));
	/* Each of them is possible, and both together are not */
	snprintf(buf, sizeof(buf), "type=plain vectors=%d", VECTORS);
	EXPECT_EQ(-EINVAL, create_sdi(&self->pf, 2, buf));
	EXPECT_FALSE(sdi_exists(&self->pf, 2));
}

/* As many as were asked for, whatever the type has room for */
TEST_F(managed, vectors)
{
	ASSERT_EQ(0, create_sdi(&self->pf, 0, "vectors=2 driver_override="
				IRQ_DRIVER));
	ASSERT_EQ(0, create_sdi(&self->pf, 1, "vectors=0 driver_override="
				IRQ_DRIVER));
	EXPECT_EQ(-ENOSPC, irq_command(&self->pf, 0, "alloc 3 3"));
	EXPECT_EQ(0, irq_command(&self->pf, 0, "alloc 1 3"));
	EXPECT_EQ(0, irq_command(&self->pf, 0, "send 1"));
	EXPECT_EQ(-ENOSPC, irq_command(&self->pf, 1, "alloc 1 1"));
	EXPECT_EQ(-ENOSPC, irq_command(&self->pf, 1, "add any"));
}

/* The device hears of what changes, and of nothing else */
TEST_F(managed, messages_by_command)
{
	long long before;
	char path[256], buf[8192], *second;
	int i, virq;

	ASSERT_EQ(0, create_sdi(&self->pf, 0, "driver_override=" IRQ_DRIVER));
	before = counter(&self->pf, CNT_STORE);
	ASSERT_LE(0, before);
	ASSERT_EQ(0, irq_command(&self->pf, 0, "add 1"));
	EXPECT_EQ(before + 1, counter(&self->pf, CNT_STORE));
	ASSERT_EQ(0, irq_command(&self->pf, 0, "mask 1"));
	EXPECT_EQ(before + 2, counter(&self->pf, CNT_STORE));
	ASSERT_EQ(0, irq_command(&self->pf, 0, "unmask 1"));
	EXPECT_EQ(before + 3, counter(&self->pf, CNT_STORE));

	/* Remapped, an interrupt moves without the device */
	snprintf(path, sizeof(path), IRQ_DEVICES "/%.64s/irqs",
		 sdi_name(&self->pf, 0, buf, sizeof(buf)));
	ASSERT_EQ(0, get_file(path, buf, sizeof(buf)));
	second = strchr(buf, '\n');
	ASSERT_NE(NULL, second);
	virq = atoi(second + 1);
	ASSERT_LT(0, virq);
	snprintf(path, sizeof(path), "/proc/irq/%d/smp_affinity_list", virq);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, put_file(path, i & 1 ? "0" : "1"));
		ASSERT_EQ(0, irq_command(&self->pf, 0, "send 1"));
		/* One move at a time: else it is masked for the next one */
		usleep(100000);
	}
	EXPECT_EQ(before + 3, counter(&self->pf, CNT_STORE));

	/* Stored again for what there is */
	ASSERT_EQ(0, irq_command(&self->pf, 0, "reset"));
	EXPECT_EQ(before + 4, counter(&self->pf, CNT_STORE));
	ASSERT_EQ(0, irq_command(&self->pf, 0, "send 1"));
	ASSERT_EQ(0, irq_command(&self->pf, 0, "del 1"));
	/* Masked first, and cleared when nobody handles it any more */
	EXPECT_EQ(before + 6, counter(&self->pf, CNT_STORE));
}

/* A message that follows its interrupt to another CPU would come too late */
TEST_F(managed, refused_without_remapping)
{
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");

	ASSERT_EQ(0, create_sdi(&self->pf, 0, "driver_override=" IRQ_DRIVER));
	EXPECT_EQ(expected("remapping") ? 0 : -EOPNOTSUPP,
		  irq_command(&self->pf, 0, "alloc 1 1"));
	EXPECT_EQ(expected("remapping") ? -EBUSY : -EOPNOTSUPP,
		  irq_command(&self->pf, 0, "add 0"));
}

static int fill_once(const struct pf *pf)
{
	struct engine e = engine_of(pf, 0);
	struct result r;

	return command(&e, "fill 0x%llx 64 0x5a", iova(&e)) ?:
	       result(&e, &r) ?: r.code != RESULT_OK;
}

/* SDI 0 with the driver of its engine, SDI 1 with that of its interrupts */
static bool both_work_again(const struct pf *pf, long long stored)
{
	double end = now() + 5;

	while (fill_once(pf) || counter(pf, CNT_STORE) < stored)
		if (now() > end)
			return false;

	return true;
}

/* Its messages are stored again a moment before its driver turns DMA on */
static bool sends_again(const struct pf *pf)
{
	double end = now() + 5;

	while (irq_command(pf, 1, "send 1"))
		if (now() > end)
			return false;

	return true;
}

/* The firmware forgets all SDIs, and neither their drivers nor users ask it to */
TEST_F(managed, firmware_restarts)
{
	char rid[256], buf[256];
	long long before, stored;
	int i;

	ASSERT_EQ(0, create_sdi(&self->pf, 0, "type=plain vectors=1"));
	ASSERT_EQ(0, create_sdi(&self->pf, 1, "driver_override=" IRQ_DRIVER));
	ASSERT_EQ(0, irq_command(&self->pf, 1, "alloc 2 2"));
	ASSERT_EQ(0, fill_once(&self->pf));
	sdi_attr(&self->pf, 0, "rid", rid);
	before = counter(&self->pf, CNT_RESTART);
	stored = counter(&self->pf, CNT_STORE);

	for (i = 1; i <= 5; i++) {
		ASSERT_EQ(0, put_file(engine_path(self->pf.name, "restart"),
				      "1"));
		EXPECT_TRUE(both_work_again(&self->pf, stored + 2 * i));
		EXPECT_EQ(before + i, counter(&self->pf, CNT_RESTART));
	}

	EXPECT_STREQ(rid, sdi_attr(&self->pf, 0, "rid", buf));
	EXPECT_STREQ("type=plain vectors=1\n",
		     sdi_attr(&self->pf, 0, "params", buf));
	/* Both messages, each time */
	EXPECT_EQ(stored + 10, counter(&self->pf, CNT_STORE));
	EXPECT_TRUE(sends_again(&self->pf));
	EXPECT_EQ(0, counter(&self->pf, CNT_TOO_EARLY));
}

/* ATS of the PF is on, and that is nothing for SDIs */
TEST_F(managed, no_translation_requests)
{
	long long before = counter(&self->pf, CNT_TRANSLATION);

	ASSERT_LE(0, before);
	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	ASSERT_EQ(0, fill_once(&self->pf));
	ASSERT_EQ(0, pf_put(&self->pf, "siov/sdi0/reset", "1"));
	ASSERT_EQ(0, fill_once(&self->pf));
	EXPECT_EQ(before, counter(&self->pf, CNT_TRANSLATION));

	/* If the driver allows them, they come, and the counter shows it */
	ASSERT_EQ(0, delete_sdi(&self->pf, 0));
	ASSERT_EQ(0, put_file(REFUSE, "N"));
	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	ASSERT_EQ(0, fill_once(&self->pf));
	EXPECT_LT(before, counter(&self->pf, CNT_TRANSLATION));
}

/* The BAR that all SDIs have in common, or -1 */
static int find_clock(const struct user *u)
{
	uint32_t id;
	int bar;

	for (bar = 0; bar <= VFIO_PCI_BAR5_REGION_INDEX; bar++)
		if (region_read(u, bar, 0, &id, 4) == 4 && id == CLOCK_ID_VALUE)
			return bar;

	return -1;
}

/* What a user writes there would be seen by all others */
TEST_F(managed, shared_region_is_read_only)
{
	long long before = counter(&self->pf, CNT_CLOCK_WRITE);
	uint32_t val = 1, *clock = MAP_FAILED;
	char name[64];
	struct user u;
	int bar;

	ASSERT_LE(0, before);
	ASSERT_EQ(0, create_for_user(&self->pf, 0, name));
	ASSERT_EQ(0, user_open(&u, MODE_CDEV, name));
	EXPECT_EQ(0, set_command(&u, PCI_COMMAND_MEMORY, 0));
	bar = find_clock(&u);
	EXPECT_LE(0, bar);

	EXPECT_EQ(-EPERM, region_write(&u, bar, 0, &val, 4));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED, u.device, region_offset(bar)));
	EXPECT_EQ(-EPERM, export_page(&u, bar));
	/* As it may one of its own */
	EXPECT_LE(0, export_page(&u, 0));
	clock = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, u.device,
		     region_offset(bar));
	EXPECT_NE(MAP_FAILED, (void *)clock);
	if (clock != MAP_FAILED) {
		EXPECT_EQ(CLOCK_ID_VALUE, *clock);
		/* Nor later */
		EXPECT_EQ(-1, mprotect(clock, PAGE, PROT_READ | PROT_WRITE));
		munmap(clock, PAGE);
	}
	EXPECT_EQ(before, counter(&self->pf, CNT_CLOCK_WRITE));
	user_close(&u);
}

/* Where libvirt and DPDK look, as of the PF */
TEST_F(managed, place_and_ids)
{
	static const char * const same[] = {
		"numa_node", "local_cpus", "local_cpulist", "subsystem_vendor",
		"subsystem_device", "revision", "vendor", "class",
	};
	char buf[256], of_pf[256];
	unsigned int i;

	ASSERT_EQ(0, create_sdi(&self->pf, 3, NULL));
	for (i = 0; i < ARRAY_SIZE(same); i++) {
		/* A kernel may know of no NUMA */
		if (get_file(pf_path(&self->pf, same[i]), of_pf, sizeof(of_pf)))
			continue;
		EXPECT_STREQ(of_pf, sdi_attr(&self->pf, 3, same[i], buf)) {
			TH_LOG("%s", same[i]);
		}
	}
	EXPECT_STREQ("0x5109\n", sdi_attr(&self->pf, 3, "device", buf));
}

TEST_HARNESS_MAIN
