// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable Device Interfaces under stress
 *
 * Processes create, delete, bind, reset and use SDIs at random, hand them to
 * users of VFIO and let them do DMA where they must not, while others unbind,
 * reset, remove or pull the PF. Each stays on one CPU. What each gets told does
 * not matter: the log must stay clean, all must come to an end, nothing may be
 * lost, and no write may arrive at anybody but its sender. So each writes a
 * pattern with its own Routing ID in it, and memory is looked at all the time.
 *
 * It ends when the time is over and each kind of event has happened as often as
 * it has to, and fails if that takes too long.
 *
 * See pci_siov_stress.h for how long. SIOV_STRESS_REPLUG=1 says that a card
 * which is pulled is put back, so that it can be done. For half of the time,
 * SIOV_STRESS_FAIL=N lets N percent of the allocations fail that are made for
 * SDIs, and SIOV_STRESS_HOG=1 takes nearly all memory. Needs the emulated SIOV
 * device with its driver (CONFIG_PCI_SIOV_TEST), skips where it is absent. SDIs
 * that exist are destroyed.
 */
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "../kselftest_harness.h"
#include "pci_siov_fail.h"
#include "pci_siov_slot.h"
#include "pci_siov_stress.h"
#include "pci_siov_vfio.h"

/* Most of the time few are worked on, so that the processes meet */
#define FEW		6

/* At once, by one process */
#define FLOOD		100

/* How long a card may take to come back */
#define REPLUG_SECONDS	60

/* If it takes that many times as long until all has happened, it never will */
#define PATIENCE	(2 * time_factor())

/* What happens, of all processes */
enum event {
	CREATED,
	DELETED,
	BOUND,
	UNBOUND,
	RESET,
	USED,
	MOVED,
	STREAMED,
	STRAYED,
	LOOKED_AT,
	USERS_BY_CDEV,
	USERS_BY_GROUP,
	USER_RESETS,
	MODE_CHANGES,
	PF_RESETS,
	SLOT_RESETS,
	PF_REBOUND,
	PF_REMOVED,
	PF_RESCANNED,
	PF_HAD_VFS,
	PF_PULLED,
	FAILED,
	HOGGED,
	NUM_EVENTS,
};

/* A longer run is to meet what is rare: it does not demand more of each event */
#define COUNTED_SECONDS	300u

/* How often it has to within ten seconds; 1 is for what is rare: once in all */
static const struct {
	const char *name;
	unsigned int least;
} events_wanted[NUM_EVENTS] = {
	[CREATED] = { "SDIs created", 30 },
	[DELETED] = { "SDIs deleted", 10 },
	[BOUND] = { "SDIs bound", 2 },
	[UNBOUND] = { "SDIs unbound", 2 },
	[RESET] = { "SDIs reset", 5 },
	[USED] = { "mappings used", 3 },
	[MOVED] = { "buffers moved", 2 },
	[STREAMED] = { "streams begun", 3 },
	[STRAYED] = { "stray writes stopped", 2 },
	[LOOKED_AT] = { "buffers looked at", 10 },
	[USERS_BY_CDEV] = { "users by cdev", 1 },
	[USERS_BY_GROUP] = { "users by group", 1 },
	[USER_RESETS] = { "resets by users", 1 },
	[MODE_CHANGES] = { "changes of rid_mode", 1 },
	[PF_RESETS] = { "resets of the PF", 3 },
	[SLOT_RESETS] = { "resets of the PF by its slot", 1 },
	[PF_REBOUND] = { "times the PF's driver went and came", 1 },
	[PF_REMOVED] = { "times the PF was removed and found", 2 },
	[PF_RESCANNED] = { "rescans with a PF", 1 },
	[PF_HAD_VFS] = { "times the PF had VFs", 1 },
	[PF_PULLED] = { "times the PF was pulled and put back", 1 },
	[FAILED] = { "allocations that failed", 20 },
	[HOGGED] = { "times memory was short", 1 },
};

struct tally {
	unsigned long long count[NUM_EVENTS];
	/* Stray writes that arrived: not one may */
	unsigned long long arrived;
	/* Somebody waits for the last SDI to go: make no new ones */
	unsigned int waiting;
};

static struct tally *tally;

/* May an SDI be told to write where it must not? */
static bool isolated;

/* Is there an IOMMU for users, does the device take RIDs from software? */
static bool have_users, have_software;

static void note(enum event event, int ret)
{
	add(&tally->count[event], !ret);
}

/* How often it has to happen, given what the machine has */
static unsigned long long least(const struct pf *pf, enum event event)
{
	unsigned int seconds = wanted("SECONDS", 10);

	if (seconds > COUNTED_SECONDS)
		seconds = COUNTED_SECONDS;
	if (event == STRAYED && !isolated)
		return 0;
	if (event == PF_PULLED || event == SLOT_RESETS)
		return !!wanted("REPLUG", 0);
	if (event == FAILED && !wanted("FAIL", 0))
		return 0;
	if (event == HOGGED && !wanted("HOG", 0))
		return 0;
	if (event == PF_HAD_VFS && pf_number(pf, "sriov_totalvfs") <= 0)
		return 0;
	if ((event == USERS_BY_CDEV || event == USERS_BY_GROUP ||
	     event == USER_RESETS) && !have_users)
		return 0;
	if (event == MODE_CHANGES && !have_software)
		return 0;
	/*
	 * Each needs an SDI whose creation and probe, tens of allocations, and
	 * then its own all succeeded: chance decides which, see uses()
	 */
	if (wanted("FAIL", 0) && event >= USED && event <= USER_RESETS)
		return 0;
	if (events_wanted[event].least == 1)
		return 1;
	return (events_wanted[event].least * seconds + 9) / 10;
}

/* Of all that an SDI can be used for, while allocations fail */
#define LEAST_USES	5ull

static unsigned long long uses(void)
{
	return tally->count[USED] + tally->count[MOVED] +
	       tally->count[STREAMED] + tally->count[STRAYED] +
	       tally->count[USERS_BY_CDEV] + tally->count[USERS_BY_GROUP] +
	       tally->count[USER_RESETS];
}

static bool all_has_happened(const struct pf *pf)
{
	enum event event;

	if (uses() < LEAST_USES)
		return false;

	for (event = 0; event < NUM_EVENTS; event++)
		if (tally->count[event] < least(pf, event))
			return false;
	return true;
}

static unsigned int any_index(const struct pf *pf)
{
	if (pf->usable <= FEW || below(8))
		return below(FEW);
	return below(pf->usable);
}

static void op_create_any(const struct pf *pf, unsigned int index)
{
	note(CREATED, create(pf, "any"));
}

static void op_create(const struct pf *pf, unsigned int index)
{
	note(CREATED,
	     create_sdi(pf, index, below(4) ? NULL : "driver_override=none"));
	if (below(2))
		note(DELETED, delete_sdi(pf, index));
}

static void op_delete(const struct pf *pf, unsigned int index)
{
	note(DELETED, delete_sdi(pf, index));
}

static void op_bind(const struct pf *pf, unsigned int index)
{
	char link[256];
	const char *name = sdi_name(pf, index, link, sizeof(link));

	note(UNBOUND, bus_write("pci_sdi", SDI_DRIVER, "unbind", name));
	if (below(4))
		note(BOUND, bus_write("pci_sdi", SDI_DRIVER, "bind", name));
}

static void op_reset(const struct pf *pf, unsigned int index)
{
	note(RESET, put_file(sdi_path(pf, index, "reset"), "1"));
}

/*
 * Patterns say who writes: the engine's own Routing ID, which is in the name of
 * its directory, whatever SDI has it.
 */
#define PATTERN_STREAM	0x11110000u
#define PATTERN_STRAY	0xdead0000u

static uint32_t rid_of(const struct engine *e)
{
	unsigned int domain, bus, slot, func;

	if (sscanf(e->name, "%x:%x:%x.%x", &domain, &bus, &slot, &func) != 4)
		return 0;
	return bus << 8 | slot << 3 | func;
}

/* Words of a buffer that somebody else has written */
static bool has_foreign(const uint32_t *words, unsigned int n, uint32_t rid)
{
	while (n--)
		if (words[n] && (words[n] & 0xffff) != rid)
			return true;
	return false;
}

static void look_at(const char *name, uint32_t rid)
{
	uint32_t words[BUFFER_SIZE / 4];
	ssize_t n;
	int fd;

	fd = open(engine_path(name, "buffer"), O_RDONLY);
	if (fd < 0)
		return;
	n = read(fd, words, sizeof(words));
	close(fd);
	if (n != sizeof(words))
		return;
	note(LOOKED_AT, 0);
	add(&tally->arrived, has_foreign(words, BUFFER_SIZE / 4, rid));
}

/* Nobody tells the PF to write, and an SDI writes for itself */
static void op_look(const struct pf *pf, unsigned int index)
{
	struct engine e = engine_of(pf, index);

	look_at(pf->name, 0);
	look_at(e.name, rid_of(&e));
}

static void op_use(const struct pf *pf, unsigned int index)
{
	struct engine e = engine_of(pf, index);

	note(USED, command(&e, "map 4096"));
	/* Or all have the same addresses, and no write is a stray one */
	if (below(2))
		note(MOVED, command(&e, "move"));
	put_file(engine_path(e.name, "master"), below(8) ? "1" : "0");
}

static void op_stream(const struct pf *pf, unsigned int index)
{
	struct engine e = engine_of(pf, index);

	note(STREAMED, command(&e, "stream 0x%llx 4096 0x%x", iova(&e),
			       PATTERN_STREAM | rid_of(&e)));
	usleep(below(20000));
	if (below(2))
		command(&e, "stop");
}

static bool overlap(unsigned long long a, unsigned long long b)
{
	return a < b + BUFFER_SIZE && b < a + BUFFER_SIZE;
}

/* The memory of the PF, of another SDI, or none */
static void op_stray(const struct pf *pf, unsigned int index)
{
	struct engine e = engine_of(pf, index);
	struct engine other = engine_of(pf, any_index(pf));
	unsigned long long mine, target;
	long long generation;
	int ret;

	if (!isolated)
		return;

	if (!below(4))
		strcpy(other.name, pf->name);
	generation = number(sdi_path(pf, index, "generation"));
	mine = iova(&e);
	target = below(4) ? iova(&other) : mine + 4 * BUFFER_SIZE;
	if (!mine || !target || overlap(mine, target))
		return;
	ret = command(&e, "fill 0x%llx 4096 0x%x", target,
		      PATTERN_STRAY | rid_of(&e));
	note(STRAYED, ret != -EIO);
	/* The same SDI, which had no such address before and has none now */
	if (!ret && iova(&e) == mine &&
	    number(sdi_path(pf, index, "generation")) == generation)
		add(&tally->arrived, 1);
}

/* Many that nobody else is interested in */
static void op_flood(const struct pf *pf, unsigned int index)
{
	unsigned int i, n = below(FLOOD) + 1;
	const char *how = below(2) ? NULL : "driver_override=none";

	for (i = FEW; i < FEW + n && i < pf->usable; i++)
		note(CREATED, create_sdi(pf, i, how));
	for (i = FEW; i < FEW + n && i < pf->usable; i++)
		note(DELETED, delete_sdi(pf, i));
}

#define USER_IOVA	0x100000
#define PATTERN_USER	0x22220000u

static void use_vfio(const char *name)
{
	enum vfio_mode mode = below(2) ? MODE_CDEV : MODE_GROUP;
	struct engine e;
	struct user u;
	uint32_t rid;
	void *mem;

	if (user_open(&u, mode, name))
		return;

	snprintf(e.name, sizeof(e.name), "%s", name);
	rid = rid_of(&e);
	mem = user_dma_map(&u, USER_IOVA, PAGE);
	if (mem) {
		set_command(&u, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, 0);
		note(mode == MODE_CDEV ? USERS_BY_CDEV : USERS_BY_GROUP,
		     engine_fill(&u, USER_IOVA, PAGE, PATTERN_USER | rid)
		     != RESULT_OK);
		if (below(2))
			note(USER_RESETS, ioctl(u.device, VFIO_DEVICE_RESET));
		set_reg(&u, REG_REPEAT, FOREVER);
		set_reg(&u, REG_CMD, CMD_FILL);
	}
	usleep(below(20000));
	user_close(&u);
	if (mem) {
		add(&tally->arrived, has_foreign(mem, PAGE / 4, rid));
		munmap(mem, PAGE);
	}
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

static void delete_those_there_are(const struct pf *pf)
{
	unsigned int list[256];
	int i, n = list_sdis(pf, list, 256);

	for (i = 0; i < n; i++)
		note(DELETED, delete_sdi(pf, list[i]));
}

#define MODE_ATTEMPTS	100

/*
 * While there is none. Others make new ones all the time, and where it takes the
 * device long to disable one, there always is one: then they have to wait, and
 * some of them are in the middle of it.
 */
static void op_rid_mode(const struct pf *pf, unsigned int index)
{
	const char *mode = below(3) ? "strided" : "software";
	char old[16];
	int i, ret;

	if (get_file(pf_path(pf, "siov/rid_mode"), old, sizeof(old)) ||
	    !strncmp(old, mode, strlen(mode)))
		return;
	for (i = 0; i < MODE_ATTEMPTS; i++) {
		tally->waiting = i >= MODE_ATTEMPTS / 10;
		ret = pf_put(pf, "siov/rid_mode", mode);
		if (ret != -EBUSY && ret != -EAGAIN)
			break;
		delete_those_there_are(pf);
		usleep(10000);
	}
	tally->waiting = 0;
	note(MODE_CHANGES, ret);
	usleep(200000);
}

static void op_autoprobe(const struct pf *pf, unsigned int index)
{
	pf_put(pf, "siov/drivers_autoprobe", below(4) ? "1" : "0");
	usleep(20000);
}

/* What all of them suffer from: not all the time, or nothing else happens */

static void op_reset_pf(const struct pf *pf, unsigned int index)
{
	/* The slot's driver has locks of its own, as when the card is pulled */
	bool by_slot = wanted("REPLUG", 0) && !below(16) &&
		       !pf_put(pf, "reset_method", "bus");

	note(by_slot ? SLOT_RESETS : PF_RESETS, pf_put(pf, "reset", "1"));
	if (by_slot)
		pf_put(pf, "reset_method", "default");
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
		note(PF_PULLED, !exists(driver));
	}
	close(port);
}

static void remove_and_rescan(const struct pf *pf)
{
	int ret = pf_put(pf, "remove", "1");

	put_file("/sys/bus/pci/rescan", "1");
	note(PF_REMOVED, ret || !exists(pf_path(pf, "driver")));
}

static void look_again(const struct pf *pf)
{
	note(PF_RESCANNED, put_file("/sys/bus/pci/rescan", "1"));
}

static void bind_and_unbind(const struct pf *pf)
{
	int ret = bus_write("pci", pf_driver(), "unbind", pf->name);

	note(PF_REBOUND, bus_write("pci", pf_driver(), "bind", pf->name) ?: ret);
}

static void make_vfs(const struct pf *pf)
{
	note(PF_HAD_VFS, pf_put(pf, "sriov_numvfs", "4"));
	usleep(below(20000));
	pf_put(pf, "sriov_numvfs", "0");
}

static void pull_if_it_comes_back(const struct pf *pf)
{
	/* It takes seconds: where there are few of them, once is enough */
	if (wanted("REPLUG", 0) && (!tally->count[PF_PULLED] || !below(8)))
		pull_and_replug(pf);
}

/*
 * One after the other, for two reasons that have nothing to do with SDIs:
 * sriov_numvfs and remove take the PF's lock and that of rescan and remove in
 * opposite orders, and a driver that is unbound while it has VFs removes them
 * without the latter. Each has its turn.
 */
static void op_come_and_go(const struct pf *pf, unsigned int index)
{
	static void (* const turns[])(const struct pf *pf) = {
		remove_and_rescan, bind_and_unbind, make_vfs, remove_and_rescan,
		look_again, bind_and_unbind, remove_and_rescan,
		pull_if_it_comes_back,
	};
	static unsigned int turn;

	usleep(below(100000));
	turns[turn++ % ARRAY_SIZE(turns)](pf);
}

/* ---- Little memory ---- */

#define MANY_FAILURES	1000000000
#define LEFT_OVER_KB	(32 << 10)
#define CHUNK		(1024 << 10)

static int set_up_failures(const char *kind)
{
	const struct {
		const char *name;
		unsigned int value;
	} knobs[] = {
		{ "ignore-gfp-wait", 0 }, { "verbose", 0 }, { "task-filter", 1 },
		{ "times", MANY_FAILURES }, { "interval", 1 },
		{ "probability", 0 },
	};
	char path[128], value[16];
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(knobs); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kind,
			 knobs[i].name);
		snprintf(value, sizeof(value), "%u", knobs[i].value);
		ret = put_file(path, value);
	}
	return ret;
}

static void let_fail(unsigned int percent)
{
	char value[16];

	snprintf(value, sizeof(value), "%u", percent);
	put_file("/sys/kernel/debug/failslab/probability", value);
	put_file("/sys/kernel/debug/fail_page_alloc/probability", value);
}

/*
 * Going back to the default domain must not fail, says the IOMMU core, and it warns if
 * it does. Drivers allocate there all the same.
 */
static int spare_default_domain(void)
{
	unsigned long start, end;

	return find_function("__iommu_group_set_domain_nofail", &start, &end) ?
	       put_range("reject", start, end) : -ENOENT;
}

static unsigned long long failures(const char *kind)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/times", kind);
	return MANY_FAILURES - number(path);
}

static void count_failures(void)
{
	tally->count[FAILED] = failures("failslab") +
			       failures("fail_page_alloc");
}

static long long available_kb(void)
{
	char buf[4096], *pos;

	if (get_file("/proc/meminfo", buf, sizeof(buf)))
		return 0;
	pos = strstr(buf, "MemAvailable:");
	return pos ? strtoll(pos + 13, NULL, 10) : 0;
}

/* Take what there is, as long as others find enough not to be killed for it */
static void hog_for_a_while(void)
{
	size_t size = available_kb() * 1024ULL, taken;
	char *mem;

	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		return;
	for (taken = 0; taken + CHUNK <= size; taken += CHUNK) {
		if (available_kb() < LEFT_OVER_KB)
			break;
		memset(mem + taken, 1, CHUNK);
	}
	note(HOGGED, available_kb() > 2 * LEFT_OVER_KB);
	usleep(below(500000));
	munmap(mem, size);
}

/*
 * Then there is enough for as long. To bind and use an SDI takes hundreds of
 * allocations, and on a slow machine hardly anybody got there without a failure.
 */
static void op_shortage(const struct pf *pf, unsigned int index)
{
	double start = now();

	if (!wanted("FAIL", 0) && !wanted("HOG", 0))
		return;

	if (wanted("FAIL", 0))
		let_fail(wanted("FAIL", 0));
	if (wanted("HOG", 0))
		hog_for_a_while();
	else
		usleep(below(500000));
	if (wanted("FAIL", 0)) {
		let_fail(0);
		count_failures();
	}
	usleep((now() - start) * 1e6);
}

typedef void (*op_fn)(const struct pf *pf, unsigned int index);

static const op_fn ops[] = {
	op_create_any, op_create, op_create, op_flood, op_delete, op_bind,
	op_reset, op_use, op_stream, op_stray, op_stray, op_look, op_vfio, op_read,
	op_rid_mode, op_autoprobe, op_shortage, op_reset_pf, op_come_and_go,
};

static bool has_to_wait(op_fn op)
{
	return tally->waiting &&
	       (op == op_create_any || op == op_create || op == op_flood);
}

static bool is_of_pf(op_fn op)
{
	return op == op_reset_pf || op == op_come_and_go;
}

/* In seconds. A card that is pulled may be away for a minute */
#define LONGEST_PAUSE	5.0

/* A debug kernel is slow: leave the others three times as long as the PF took */
static void pause_after(double seconds)
{
	double pause = 3 * seconds;

	usleep((pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE) * 1e6);
}

/* ---- All of it ---- */

/* The next CPU in turn, so that all of them are in the middle of things */
static void stay_on_cpu(unsigned int n)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(n % sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Not before the time is over, and not long after */
static bool is_over(const struct pf *pf, double start)
{
	unsigned int seconds = wanted("SECONDS", 10);
	double passed = now() - start;

	if (passed < seconds)
		return false;
	return passed > PATIENCE * seconds || all_has_happened(pf);
}

static void stress(const struct pf *pf, op_fn op, double begin)
{
	double start;

	/* Or the few who bring the PF back wait for the many who look for it */
	if (is_of_pf(op))
		setpriority(PRIO_PROCESS, 0, -15);
	else if (wanted("FAIL", 0) && op != op_shortage)
		put_file("/proc/self/make-it-fail", "1");
	while (!is_over(pf, begin)) {
		start = now();
		if (has_to_wait(op) || !exists(pf_path(pf, "driver")))
			usleep(20000);
		else
			op(pf, any_index(pf));
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
	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);

	delete_all(&self->pf);
	pf_put(&self->pf, "siov/rid_mode", "strided");
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not say what isolates SDIs");
	if (!expected("strided"))
		SKIP(return, "no SDI can be created in strided mode");
	ASSERT_EQ(0, create_sdi(&self->pf, 0, NULL));
	ASSERT_TRUE(isolation_is_as_expected(&self->pf, 0));
	delete_all(&self->pf);
	/* Without an IOMMU, or before it forgets, it would hit the kernel */
	isolated = translation_expected() && !expected("lazy");
	have_users = !expected("untranslated") &&
		     exists("/sys/bus/pci_sdi/drivers/" VFIO_DRIVER);
	have_software = expected("software");
}

FIXTURE_TEARDOWN(stress)
{
	delete_all(&self->pf);
}

static void run_all(struct __test_metadata *_metadata, const struct pf *pf)
{
	double start = now();
	pid_t pid[ARRAY_SIZE(ops)];
	unsigned int i;
	int status;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i]) {
			seed(i);
			stay_on_cpu(i);
			stress(pf, ops[i], start);
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
	bus_write("pci", pf_driver(), "bind", pf->name);
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
	enum event event;
	unsigned int i;

	tally = shared_memory(sizeof(*tally));
	ASSERT_NE(NULL, tally);
	if (wanted("FAIL", 0)) {
		ASSERT_EQ(0, set_up_failures("failslab"));
		ASSERT_EQ(0, set_up_failures("fail_page_alloc"));
		ASSERT_EQ(0, spare_default_domain());
	}
	run_all(_metadata, pf);
	for (event = 0; event < NUM_EVENTS; event++) {
		TH_LOG("%llu %s", tally->count[event],
		       events_wanted[event].name);
		EXPECT_LE(least(pf, event), tally->count[event]);
	}
	EXPECT_LE(LEAST_USES, uses());
	EXPECT_EQ(0ull, tally->arrived);

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
		ASSERT_EQ(0, put_file(engine_path(name, "command"),
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
