// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces under stress
 *
 * Processes create, delete, bind, reset and use SDIs at random, hand them to
 * users of VFIO and let them do DMA where they must not, while others unbind,
 * reset, remove or pull the PF. What each gets told does not matter: the log
 * must stay clean, all must come to an end, and nothing may be lost.
 *
 * See pci_siov_stress.h for how long. SIOV_STRESS_REPLUG=1 says that a card
 * which is pulled is put back, so that it can be done. Needs the emulated SIOV
 * device with its driver (CONFIG_PCI_SIOV_TEST), skips where it is absent. SDIs
 * that exist are destroyed.
 */
#include <signal.h>
#include <sys/resource.h>

#include "../kselftest_harness.h"
#include "pci_siov_slot.h"
#include "pci_siov_stress.h"
#include "pci_siov_vfio.h"

/* Most of the time few are worked on, so that the processes meet */
#define FEW		6

/* At once, by one process */
#define FLOOD		100

/* How long a card may take to come back */
#define REPLUG_SECONDS	60

/* What went well, of all processes */
struct tally {
	unsigned long long created;
	unsigned long long used;
	unsigned long long stray;
	unsigned long long users;
	unsigned long long pf_bound;
	unsigned long long pf_reset;
	unsigned long long pf_removed;
	unsigned long long pf_pulled;
};

static struct tally *tally;

/* May an SDI be told to write where it must not? */
static bool isolated;

static void note(unsigned long long *counter, int ret)
{
	add(counter, !ret);
}

static unsigned int any_index(const struct pf *pf)
{
	if (pf->usable <= FEW || below(8))
		return below(FEW);
	return below(pf->usable);
}

static void op_create_any(const struct pf *pf, unsigned int index)
{
	note(&tally->created, create(pf, "any"));
}

static void op_create(const struct pf *pf, unsigned int index)
{
	note(&tally->created,
	     create_sdi(pf, index, below(4) ? NULL : "driver_override=none"));
	if (below(2))
		delete_sdi(pf, index);
}

static void op_delete(const struct pf *pf, unsigned int index)
{
	delete_sdi(pf, index);
}

static void op_bind(const struct pf *pf, unsigned int index)
{
	char link[256];
	const char *name = sdi_name(pf, index, link, sizeof(link));

	bus_write("pci_sdi", SDI_DRIVER, below(2) ? "unbind" : "bind", name);
}

static void op_reset(const struct pf *pf, unsigned int index)
{
	put_file(sdi_path(pf, index, "reset"), "1");
}

static void op_use(const struct pf *pf, unsigned int index)
{
	struct engine e = engine_of(pf, index);

	note(&tally->used, command(&e, "map 4096"));
	put_file(engine_path(e.name, "master"), below(8) ? "1" : "0");
}

static void op_stream(const struct pf *pf, unsigned int index)
{
	struct engine e = engine_of(pf, index);

	command(&e, "stream 0x%llx 4096 0x11111111", iova(&e));
	usleep(below(20000));
	if (below(2))
		command(&e, "stop");
}

/* The memory of the PF, of another SDI, or none */
static void op_stray(const struct pf *pf, unsigned int index)
{
	struct engine e = engine_of(pf, index);
	struct engine other = engine_of(pf, any_index(pf));

	if (!isolated)
		return;

	if (!below(4))
		strcpy(other.name, pf->name);
	note(&tally->stray, command(&e, "fill 0x%llx 4096 0xdeadbeef",
				    iova(&other)) != -EIO);
}

/* Many that nobody else is interested in */
static void op_flood(const struct pf *pf, unsigned int index)
{
	unsigned int i, n = below(FLOOD) + 1;
	const char *how = below(2) ? NULL : "driver_override=none";

	for (i = FEW; i < FEW + n && i < pf->usable; i++)
		note(&tally->created, create_sdi(pf, i, how));
	for (i = FEW; i < FEW + n && i < pf->usable; i++)
		delete_sdi(pf, i);
}

static void use_vfio(const char *name)
{
	enum vfio_mode mode = below(2) ? MODE_CDEV : MODE_GROUP;
	struct user u;
	void *mem;

	if (user_open(&u, mode, name))
		return;

	mem = user_dma_map(&u, 0x100000, PAGE);
	if (mem) {
		set_command(&u, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, 0);
		note(&tally->users, engine_fill(&u, 0x100000, PAGE, 0x22222222)
		     != RESULT_OK);
		if (below(2))
			ioctl(u.device, VFIO_DEVICE_RESET);
		set_reg(&u, REG_REPEAT, FOREVER);
		set_reg(&u, REG_CMD, CMD_FILL);
	}
	usleep(below(20000));
	user_close(&u);
	if (mem)
		munmap(mem, PAGE);
}

static void op_vfio(const struct pf *pf, unsigned int index)
{
	char link[256];
	const char *name = sdi_name(pf, index, link, sizeof(link));

	put_file(sdi_path(pf, index, "driver_override"), VFIO_DRIVER);
	bus_write("pci_sdi", SDI_DRIVER, "unbind", name);
	if (!bus_write("pci_sdi", VFIO_DRIVER, "bind", name))
		use_vfio(name);
	bus_write("pci_sdi", VFIO_DRIVER, "unbind", name);
	put_file(sdi_path(pf, index, "driver_override"), "\n");
	bus_write("pci_sdi", SDI_DRIVER, "bind", name);
}

static void op_read(const struct pf *pf, unsigned int index)
{
	static const char * const files[] = {
		"rid", "modalias", "generation", "uevent", "driver_override",
		"physfn/siov/rid_allowlist", "physfn/siov/usable_sdis",
	};
	static char buf[65536];

	get_file(sdi_path(pf, index, files[below(ARRAY_SIZE(files))]), buf,
		 sizeof(buf));
	put_file(sdi_path(pf, index, "driver_override"), "\n");
}

static void op_rid_mode(const struct pf *pf, unsigned int index)
{
	pf_put(pf, "siov/rid_mode", below(4) ? "strided" : "software");
	usleep(5000);
}

static void op_autoprobe(const struct pf *pf, unsigned int index)
{
	pf_put(pf, "siov/drivers_autoprobe", below(4) ? "1" : "0");
	usleep(20000);
}

/* What all of them suffer from: not all the time, or nothing else happens */

static void op_reset_pf(const struct pf *pf, unsigned int index)
{
	note(&tally->pf_reset, pf_put(pf, "reset", "1"));
}

static void wait_for(const char *path, bool there)
{
	double end = now() + REPLUG_SECONDS;

	while (exists(path) != there && now() < end)
		usleep(20000);
}

/*
 * QEMU presses the attention button for a new card, and where that is heard
 * after the card was found, it means that the card is to go in five seconds.
 */
static void wait_until_it_stays(const char *driver)
{
	double end = now() + REPLUG_SECONDS, stable;

	do {
		wait_for(driver, true);
		stable = now() + 7;
		while (exists(driver) && now() < stable)
			usleep(20000);
	} while (now() < stable && now() < end);
}

static void pull_and_replug(const struct pf *pf)
{
	char dir[64], driver[64];
	int port;

	snprintf(dir, sizeof(dir), PCI_DEVICES "/%s", pf->name);
	snprintf(driver, sizeof(driver), PCI_DEVICES "/%s/driver", pf->name);
	port = port_config(pf);
	if (port < 0)
		return;
	if (pull(port)) {
		wait_for(dir, false);
		wait_until_it_stays(driver);
		note(&tally->pf_pulled, !exists(driver));
	}
	close(port);
}

static void remove_and_rescan(const struct pf *pf)
{
	note(&tally->pf_removed, pf_put(pf, "remove", "1"));
	put_file("/sys/bus/pci/rescan", "1");
}

static void bind_and_unbind(const struct pf *pf)
{
	bus_write("pci", PF_DRIVER, "unbind", pf->name);
	note(&tally->pf_bound, bus_write("pci", PF_DRIVER, "bind", pf->name));
}

static void make_vfs(const struct pf *pf)
{
	pf_put(pf, "sriov_numvfs", "4");
	usleep(below(20000));
	pf_put(pf, "sriov_numvfs", "0");
}

/*
 * One after the other, for two reasons that have nothing to do with SDIs:
 * sriov_numvfs and remove take the PF's lock and that of rescan and remove in
 * opposite orders, and a driver that is unbound while it has VFs removes them
 * without the latter.
 */
static void op_come_and_go(const struct pf *pf, unsigned int index)
{
	switch (below(8)) {
	case 0:
		make_vfs(pf);
		break;
	case 1:
		put_file("/sys/bus/pci/rescan", "1");
		break;
	case 2:
		if (wanted("REPLUG", 0))
			pull_and_replug(pf);
		break;
	case 3:
	case 4:
		remove_and_rescan(pf);
		break;
	default:
		usleep(below(100000));
		bind_and_unbind(pf);
	}
}

typedef void (*op_fn)(const struct pf *pf, unsigned int index);

static const op_fn ops[] = {
	op_create_any, op_create, op_create, op_flood, op_delete, op_bind,
	op_reset, op_use, op_stream, op_stray, op_vfio, op_read, op_rid_mode,
	op_autoprobe, op_reset_pf, op_come_and_go,
};

static bool is_of_pf(op_fn op)
{
	return op == op_reset_pf || op == op_come_and_go;
}

static void pause_after(double seconds)
{
	usleep(seconds < 0.5 ? seconds * 3e6 : 1500000);
}

static void stress(const struct pf *pf, op_fn op, double end)
{
	double start;

	/* Or the few who bring the PF back wait for the many who look for it */
	if (is_of_pf(op))
		setpriority(PRIO_PROCESS, 0, -15);
	while (now() < end) {
		start = now();
		if (exists(pf_path(pf, "driver")))
			op(pf, any_index(pf));
		else
			usleep(20000);
		/* For most of the time there is a PF */
		if (is_of_pf(op))
			pause_after(now() - start);
		usleep(below(3000));
	}
}

FIXTURE(stress)
{
	struct pf pf;
};

FIXTURE_SETUP(stress)
{
	if (!find_pf(&self->pf))
		SKIP(return, "no SIOV PF with driver " PF_DRIVER);

	delete_all(&self->pf);
	pf_put(&self->pf, "siov/rid_mode", "strided");
	if (create_sdi(&self->pf, 0, NULL))
		SKIP(return, "no SDI can be created in strided mode");
	/* Without an IOMMU, or before it forgets, it would hit the kernel */
	isolated = iommu_translates(&self->pf, 0) &&
		   unmapped_at_once(&self->pf, 0);
	delete_all(&self->pf);
}

FIXTURE_TEARDOWN(stress)
{
	delete_all(&self->pf);
}

static void run_all(struct __test_metadata *_metadata, const struct pf *pf)
{
	double end = now() + wanted("SECONDS", 10);
	pid_t pid[ARRAY_SIZE(ops)];
	unsigned int i;
	int status;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i]) {
			seed(i);
			stress(pf, ops[i], end);
			_exit(0);
		}
	}
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

/* Unbound, removed or pulled when the time was over */
static bool bring_back(struct pf *pf)
{
	put_file("/sys/bus/pci/rescan", "1");
	bus_write("pci", PF_DRIVER, "bind", pf->name);
	wait_for(pf_path(pf, "driver"), true);
	if (!find_pf(pf))
		return false;

	pf_put(pf, "sriov_numvfs", "0");
	pf_put(pf, "siov/drivers_autoprobe", "1");
	delete_all(pf);
	return true;
}

TEST_F_TIMEOUT(stress, all_at_once, NO_TIMEOUT)
{
	unsigned long long cnt[NUM_COUNTERS];
	struct pf *pf = &self->pf;
	unsigned int i;

	tally = shared_memory(sizeof(*tally));
	ASSERT_NE(NULL, tally);
	run_all(_metadata, pf);
	TH_LOG("%llu created, %llu times used, %llu stray writes, %llu users",
	       tally->created, tally->used, tally->stray, tally->users);
	TH_LOG("PF: %llu times bound, %llu reset, %llu removed, %llu pulled",
	       tally->pf_bound, tally->pf_reset, tally->pf_removed,
	       tally->pf_pulled);
	EXPECT_LT(0ull, tally->created);

	ASSERT_TRUE(bring_back(pf));
	EXPECT_EQ(0, pf_put(pf, "siov/rid_mode", "strided"));
	EXPECT_EQ(0, pf_number(pf, "siov/num_sdis"));
	EXPECT_EQ(0, pf_number(pf, "siov/status"));
	ASSERT_EQ(0, counters(pf, cnt));
	EXPECT_EQ(cnt[CNT_ENABLE], cnt[CNT_DISABLE]);

	/* Each can still be had, and works */
	for (i = 0; i < pf->usable && i < FEW + FLOOD; i++) {
		char name[64];

		ASSERT_EQ(0, create_sdi(pf, i, NULL));
		rid_name(pf, sdi_rid(pf, i), name, sizeof(name));
		EXPECT_EQ(0, put_file(engine_path(name, "command"),
				      "map 4096"));
	}
}

#define RESET_ROUNDS	100

static void reset_for_ever(const struct pf *pf, unsigned int index)
{
	char path[256];

	strcpy(path, sdi_path(pf, index, "reset"));
	for (;;)
		put_file(path, "1");
}

/* A driver is told of a reset even if that came while it was probing */
TEST_F_TIMEOUT(stress, reset_while_binding, 300)
{
	struct pf *pf = &self->pf;
	unsigned int i;
	struct engine e;
	pid_t pid;
	int ret;

	ASSERT_EQ(0, create_sdi(pf, 0, NULL));
	e = engine_of(pf, 0);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		reset_for_ever(pf, 0);

	for (i = 0; i < RESET_ROUNDS; i++) {
		bus_write("pci_sdi", SDI_DRIVER, "unbind", e.name);
		EXPECT_EQ(0, bus_write("pci_sdi", SDI_DRIVER, "bind", e.name));
		do {
			ret = command(&e, "map 64");
		} while (ret == -EAGAIN);
		EXPECT_EQ(0, ret) {
			break;
		}
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_HARNESS_MAIN
