// SPDX-License-Identifier: GPL-2.0
/*
 * A VFIO user that tries all it can from eight threads, beside one that works
 *
 * The hostile one calls whatever its file descriptor offers, at random: accesses to
 * configuration space and regions, mappings, interrupts, resets, DMA to addresses
 * that are its neighbour's, and ioctls that make no sense. Its neighbour lets
 * another SDI of the PF copy and send interrupts, and must find each copy right
 * and each interrupt once. It measures how long a round takes, alone, beside
 * eight threads that only use the CPUs, and beside the hostile ones.
 *
 * Needs the emulated SIOV device with its driver (CONFIG_PCI_SIOV_TEST) and
 * CONFIG_VFIO_SIOV, skips where they are absent. SDIs that exist are destroyed.
 * See pci_siov_stress.h for how long it takes.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>

#include "../kselftest_harness.h"
#include "pci_siov_random.h"
#include "pci_siov_stress.h"
#include "pci_siov_vfio.h"

#define NUM_THREADS	8
#define COPY_SIZE	1024
/* The neighbour has its memory here, and the hostile one some of the time */
#define IOVA		0x10000000ULL
#define IOVA_MSI	0xfee00000ULL
/* Until the neighbour takes an interrupt for lost */
#define PATIENCE_MS	20000

/* ---- The neighbour ---- */

/* What it is beside of */
enum company {
	ALONE,
	BUSY,
	HOSTILE,
	NUM_COMPANY,
	THE_END = NUM_COMPANY,
};

static const char * const company_names[NUM_COMPANY] = {
	[ALONE] = "alone",
	[BUSY] = "beside busy threads",
	[HOSTILE] = "beside hostile threads",
};

struct experience {
	unsigned long long rounds;
	unsigned long long failed;
	unsigned long long differ;
	unsigned long long irqs_lost;
	unsigned long long irqs_more;
	double seconds;
	double longest;
};

/* What happens on the hostile side */
enum attack {
	CONFIG,
	REGION,
	MAPPING,
	IRQS,
	IOCTL,
	RESET,
	FLR,
	DMA_MAP,
	DMA,
	OPEN,
	NUM_ATTACKS,
};

static const char * const attack_names[NUM_ATTACKS] = {
	[CONFIG] = "configuration space",
	[REGION] = "regions",
	[MAPPING] = "mappings",
	[IRQS] = "interrupts",
	[IOCTL] = "ioctls",
	[RESET] = "resets",
	[FLR] = "FLRs",
	[DMA_MAP] = "memory for DMA",
	[DMA] = "DMA",
	[OPEN] = "opening again",
};

/* Shared by all processes */
struct shared {
	int company;
	bool not_ready;
	struct experience had[NUM_COMPANY];
	unsigned long long attacks[NUM_ATTACKS];
	unsigned long long taken[NUM_ATTACKS];
};

static struct shared *shared;
static const char *neighbour_name;

static uint32_t engine_copy(const struct user *u, uint64_t dst, uint64_t src)
{
	set_reg64(u, REG_SRC, src);
	set_reg64(u, REG_DST, dst);
	set_reg(u, REG_LEN, COPY_SIZE);
	set_reg(u, REG_CMD, CMD_COPY);
	return engine_wait(u);
}

/* Copies, compares, and asks for an interrupt */
static void one_round(const struct user *u, uint8_t *mem, int fd,
		      struct experience *had)
{
	uint64_t got;
	unsigned int i;

	for (i = 0; i < COPY_SIZE; i++)
		mem[i] = rand();
	memset(mem + PAGE, 0, PAGE);
	if (engine_copy(u, IOVA + PAGE, IOVA) != RESULT_OK)
		had->failed++;
	else if (memcmp(mem, mem + PAGE, COPY_SIZE))
		had->differ++;
	for (i = COPY_SIZE; i < PAGE; i++)
		if (mem[PAGE + i]) {
			had->differ++;
			break;
		}

	if (engine_msi(u, 0) != RESULT_OK)
		had->failed++;
	got = events(fd, PATIENCE_MS);
	had->irqs_lost += !got;
	had->irqs_more += got > 1 ? got - 1 : 0;
}

static void be_neighbour(void)
{
	struct experience *had;
	int fd, company;
	struct user u;
	uint8_t *mem;
	double t;

	fd = eventfd(0, EFD_NONBLOCK);
	if (user_open(&u, MODE_CDEV, neighbour_name))
		_exit(1);
	mem = user_dma_map(&u, IOVA, 2 * PAGE);
	if (!mem || set_eventfds(&u, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &fd) ||
	    set_command(&u, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, 0))
		_exit(1);

	WRITE_ONCE(shared->not_ready, false);
	while ((company = READ_ONCE(shared->company)) != THE_END) {
		had = &shared->had[company];
		t = now();
		one_round(&u, mem, fd, had);
		t = now() - t;
		had->rounds++;
		had->seconds += t;
		had->longest = t > had->longest ? t : had->longest;
	}
	/* None comes late */
	shared->had[HOSTILE].irqs_more += events(fd, 100);
	user_close(&u);
	_exit(0);
}

/* ---- Who disturbs it ---- */

static struct user hostile;
static const char *hostile_name;
static int eventfds[4];
static uint8_t *dma_memory;
static __thread sigjmp_buf bus_error;

static int attack_config(void)
{
	unsigned int pos = rnd(rnd(4) ? 256 : 4100);
	uint8_t buf[8];

	fill_random(buf, sizeof(buf));
	if (rnd(2))
		return region_write(&hostile, VFIO_PCI_CONFIG_REGION_INDEX, pos,
				    buf, 1 + rnd(8));
	/* DMA and memory are on most of the time: more happens then */
	set_command(&hostile, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, 0);
	return region_read(&hostile, VFIO_PCI_CONFIG_REGION_INDEX, pos, buf,
			   1 + rnd(8));
}

static int attack_region(void)
{
	unsigned int index = rnd(4) ? 0 : rnd(12);
	uint64_t pos = rnd(4) ? rnd(2 * PAGE) : (uint64_t)rnd(UINT32_MAX) << rnd(9);
	uint8_t buf[256];

	fill_random(buf, sizeof(buf));
	return rnd(2) ? region_write(&hostile, index, pos, buf, rnd(256)) :
			region_read(&hostile, index, pos, buf, rnd(256));
}

static void on_sigbus(int sig)
{
	siglongjmp(bus_error, 1);
}

static int attack_mapping(void)
{
	uint32_t *mem;
	size_t size = PAGE << rnd(3);

	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   hostile.device, region_offset(rnd(4) ? 0 : rnd(6)) +
		   PAGE * rnd(4));
	if (mem == MAP_FAILED)
		return -errno;
	if (!sigsetjmp(bus_error, 1)) {
		WRITE_ONCE(mem[rnd(PAGE / 4)], rnd(UINT32_MAX));
		(void)READ_ONCE(mem[rnd(PAGE / 4)]);
	}
	return munmap(mem, size);
}

static int attack_irqs(void)
{
	int fds[6];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = rnd(4) ? eventfds[rnd(ARRAY_SIZE(eventfds))] : -1;
	return set_irqs(&hostile,
			rnd(8) ? VFIO_IRQ_SET_DATA_EVENTFD |
				 VFIO_IRQ_SET_ACTION_TRIGGER : rnd(64),
			rnd(4) ? VFIO_PCI_MSIX_IRQ_INDEX : rnd(8), rnd(6),
			rnd(ARRAY_SIZE(fds) + 1), fds, sizeof(fds));
}

/* All numbers that VFIO has for a device, and those around them */
static int attack_ioctl(void)
{
	unsigned int nr = _IO(VFIO_TYPE, VFIO_BASE + rnd(32));
	union {
		uint32_t argsz;
		uint8_t bytes[256];
	} arg;
	int ret;

	fill_random(&arg, sizeof(arg));
	arg.argsz = rnd(4) ? rnd(sizeof(arg)) : rnd(UINT32_MAX);
	ret = ioctl(hostile.device, nr, &arg);
	/* Who asks for a dma-buf gets one */
	if (nr == VFIO_DEVICE_FEATURE && ret > 0)
		close(ret);
	return ret;
}

static int attack_reset(void)
{
	return ioctl(hostile.device, VFIO_DEVICE_RESET);
}

static int attack_flr(void)
{
	unsigned int exp = cfg_find_cap(&hostile, PCI_CAP_ID_EXP);

	return exp ? cfg_write(&hostile, exp + PCI_EXP_DEVCTL,
			       PCI_EXP_DEVCTL_BCR_FLR, 2) : -ENOENT;
}

static uint64_t random_iova(void)
{
	return rnd(16) ? IOVA + PAGE * rnd(4) : IOVA_MSI;
}

static int attack_dma_map(void)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = hostile.ioas,
		.iova = random_iova(),
		.length = PAGE << rnd(3),
	};

	if (rnd(2))
		return ioctl(hostile.iommufd, IOMMU_IOAS_UNMAP, &unmap);
	return user_dma_map_at(&hostile, random_iova(),
			       dma_memory + PAGE * rnd(4), PAGE);
}

static int attack_dma(void)
{
	set_reg64(&hostile, REG_SRC, random_iova());
	set_reg64(&hostile, REG_DST, random_iova());
	set_reg(&hostile, REG_LEN, rnd(2 * PAGE));
	set_reg(&hostile, REG_PATTERN, rnd(UINT32_MAX));
	set_reg(&hostile, REG_REPEAT, rnd(8) ? rnd(8) : FOREVER);
	return set_reg(&hostile, REG_CMD, rnd(6) | CMD_VECTOR(rnd(6)));
}

static int attack_open(void)
{
	struct user u;
	int ret;

	ret = user_open(&u, rnd(2) ? MODE_CDEV : MODE_GROUP, hostile_name);
	user_close(&u);
	return ret;
}

static int (* const attacks[NUM_ATTACKS])(void) = {
	[CONFIG] = attack_config,
	[REGION] = attack_region,
	[MAPPING] = attack_mapping,
	[IRQS] = attack_irqs,
	[IOCTL] = attack_ioctl,
	[RESET] = attack_reset,
	[FLR] = attack_flr,
	[DMA_MAP] = attack_dma_map,
	[DMA] = attack_dma,
	[OPEN] = attack_open,
};

static void *attack_all(void *number)
{
	unsigned int which;

	random_state = wanted("SEED", 1) * 1000 + (uintptr_t)number;
	for (;;) {
		which = rnd(NUM_ATTACKS);
		/* It takes long, and the others have nothing to do meanwhile */
		if ((which == RESET || which == FLR) && rnd(8))
			continue;
		if (attacks[which]() >= 0)
			add(&shared->taken[which], 1);
		add(&shared->attacks[which], 1);
	}
	return NULL;
}

static void *use_the_cpu(void *unused)
{
	for (;;)
		getppid();
	return NULL;
}

/* Lives until it is killed, wherever its threads are then */
static void be_many(void *(*thread)(void *))
{
	pthread_t tid;
	uintptr_t i;

	for (i = 1; i < NUM_THREADS; i++)
		if (pthread_create(&tid, NULL, thread, (void *)i))
			_exit(1);
	thread(NULL);
}

static void be_busy(void)
{
	be_many(use_the_cpu);
}

static void be_hostile(void)
{
	unsigned int i;

	signal(SIGBUS, on_sigbus);
	for (i = 0; i < ARRAY_SIZE(eventfds); i++)
		eventfds[i] = eventfd(0, EFD_NONBLOCK);
	dma_memory = shared_memory(4 * PAGE);
	if (!dma_memory || user_open(&hostile, MODE_CDEV, hostile_name))
		_exit(1);
	be_many(attack_all);
}

/* ---- The test ---- */

FIXTURE(hostile)
{
	struct pf pf;
	char name[2][64];
};

FIXTURE_SETUP(hostile)
{
	int i;

	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	if (!exists("/sys/bus/pci_sdi/drivers/" VFIO_DRIVER))
		SKIP(return, "no driver " VFIO_DRIVER);
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");
	if (expected("untranslated"))
		SKIP(return, "no IOMMU");

	shared = shared_memory(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	delete_all(&self->pf);
	allow_unsafe(!remapping_is_on());
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, create_for_user(&self->pf, i, self->name[i]));
}

FIXTURE_TEARDOWN_PARENT(hostile)
{
	delete_all(&self->pf);
}

static pid_t in_background(void (*be)(void))
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		be();
		_exit(1);
	}
	return pid;
}

/* Whoever @pid is must not have ended by itself */
static bool end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGKILL;
}

TEST_F_TIMEOUT(hostile, leaves_its_neighbour_alone, NO_TIMEOUT)
{
	unsigned int i, seconds = wanted("SECONDS", 12);
	const struct experience *had;
	pid_t neighbour, pid;
	struct user u;
	int status;

	neighbour_name = self->name[0];
	hostile_name = self->name[1];
	shared->not_ready = true;
	neighbour = in_background(be_neighbour);
	ASSERT_LT(0, neighbour);
	for (i = 0; i < 1000 && READ_ONCE(shared->not_ready); i++)
		usleep(10000);
	ASSERT_FALSE(shared->not_ready);
	sleep(seconds / 6 ?: 1);

	pid = in_background(be_busy);
	ASSERT_LT(0, pid);
	WRITE_ONCE(shared->company, BUSY);
	sleep(seconds / 6 ?: 1);
	EXPECT_TRUE(end(pid));

	pid = in_background(be_hostile);
	ASSERT_LT(0, pid);
	WRITE_ONCE(shared->company, HOSTILE);
	sleep(seconds - 2 * (seconds / 6));
	EXPECT_TRUE(end(pid));

	WRITE_ONCE(shared->company, THE_END);
	ASSERT_EQ(neighbour, waitpid(neighbour, &status, 0));
	EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status));

	for (i = 0; i < NUM_COMPANY; i++) {
		had = &shared->had[i];
		TH_LOG("%s: %llu rounds, %.3f ms each, the longest %.3f ms",
		       company_names[i], had->rounds,
		       had->seconds * 1e3 / (had->rounds ?: 1),
		       had->longest * 1e3);
		EXPECT_LT(0, had->rounds);
		EXPECT_EQ(0, had->failed);
		EXPECT_EQ(0, had->differ);
		EXPECT_EQ(0, had->irqs_lost);
		EXPECT_EQ(0, had->irqs_more);
	}
	for (i = 0; i < NUM_ATTACKS; i++) {
		TH_LOG("%s: %llu tried, %llu taken", attack_names[i],
		       shared->attacks[i], shared->taken[i]);
		EXPECT_LT(0, shared->attacks[i]);
	}
	/* It has done more than being refused */
	for (i = 0; i <= DMA; i++)
		EXPECT_LT(0, shared->taken[i]);

	/* And who comes next finds all as it should be */
	ASSERT_EQ(0, user_open(&u, MODE_CDEV, self->name[1]));
	EXPECT_EQ(ID_VALUE, reg(&u, REG_ID));
	EXPECT_EQ(0, reg(&u, REG_SCRATCH));
	user_close(&u);
}

TEST_HARNESS_MAIN
