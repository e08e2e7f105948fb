// SPDX-License-Identifier: GPL-2.0
/*
 * Resets of an SDI and of its PF under a user who goes on using it
 *
 * Whoever touches the SDI meanwhile waits until the reset is over: no signal, no
 * error, and nothing to be seen of a device in reset. And whatever users do, the
 * reset of the PF takes no longer than the device needs.
 *
 * Needs the emulated SIOV device with its driver (CONFIG_PCI_SIOV_TEST) and
 * CONFIG_VFIO_SIOV, skips where they are absent. SDIs that exist are destroyed.
 * $SIOV_STRESS_STEPS is the number of resets that a user does in each way.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>

#include "../kselftest_harness.h"
#include "pci_siov_stress.h"
#include "pci_siov_vfio.h"

#define IOVA		0x10000000ULL
#define PATTERN		0x5a17c0de
#define NUM_THREADS	200

FIXTURE(reset)
{
	struct pf pf;
	char name[64];
	struct user user;
};

FIXTURE_SETUP(reset)
{
	user_init(&self->user, MODE_CDEV);
	if (!find_emulated_pf(&self->pf))
		SKIP(return, NEEDS_EMULATED);
	if (!exists("/sys/bus/pci_sdi/drivers/" VFIO_DRIVER))
		SKIP(return, "no driver " VFIO_DRIVER);
	if (!machine_is_described())
		SKIP(return, "SIOV_EXPECT does not describe the machine");
	if (expected("untranslated"))
		SKIP(return, "no IOMMU");

	delete_all(&self->pf);
	allow_unsafe(!remapping_is_on());
	ASSERT_EQ(0, pf_put(&self->pf, "reset_method", "flr"));
	/* An SDI of an earlier test may never have stopped */
	ASSERT_EQ(0, pf_put(&self->pf, "reset", "1"));
	ASSERT_EQ(0, create_for_user(&self->pf, 0, self->name));
	ASSERT_EQ(0, user_open(&self->user, MODE_CDEV, self->name));
}

FIXTURE_TEARDOWN_PARENT(reset)
{
	delete_all(&self->pf);
}

static uint32_t *map_bar(const struct user *u)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, u->device,
		    region_offset(0));
}

static int reset_by_ioctl(const struct user *u)
{
	return ioctl(u->device, VFIO_DEVICE_RESET) ? -errno : 0;
}

static int reset_by_flr(const struct user *u)
{
	unsigned int exp = cfg_find_cap(u, PCI_CAP_ID_EXP);

	return cfg_write(u, exp + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, 2);
}

/* ---- Threads that use the SDI ---- */

/* What all threads share: the user, when to end, and what has happened */
struct use {
	struct user *u;
	bool stop;
	unsigned long long accesses;
	unsigned long long signals;
	unsigned long long errors;
	unsigned long long wrong;
	unsigned long long resets[2];
	unsigned long long refused;
};

static struct use use;
static __thread sigjmp_buf bus_error;

static void on_sigbus(int sig)
{
	add(&use.signals, 1);
	siglongjmp(bus_error, 1);
}

static void one_read(const uint32_t *bar)
{
	if (sigsetjmp(bus_error, 1))
		return;
	if (__atomic_load_n(bar + REG_ID / 4, __ATOMIC_RELAXED) != ID_VALUE)
		add(&use.wrong, 1);
	add(&use.accesses, 1);
}

static void *read_mapping(void *unused)
{
	uint32_t *bar = map_bar(use.u);

	while (!READ_ONCE(use.stop))
		one_read(bar);
	/* A mapping makes its process a user until it goes */
	munmap(bar, PAGE);
	return NULL;
}

static void *map_again(void *unused)
{
	while (!READ_ONCE(use.stop)) {
		uint32_t *bar = map_bar(use.u);

		if (bar == MAP_FAILED) {
			add(&use.errors, 1);
			continue;
		}
		one_read(bar);
		munmap(bar, PAGE);
	}
	return NULL;
}

static void *read_and_write(void *unused)
{
	uint32_t val;

	while (!READ_ONCE(use.stop)) {
		if (region_read(use.u, 0, REG_ID, &val, 4) != 4)
			add(&use.errors, 1);
		else if (val != ID_VALUE)
			add(&use.wrong, 1);
		if (region_write(use.u, 0, REG_SCRATCH, &val, 4) != 4)
			add(&use.errors, 1);
		add(&use.accesses, 2);
	}
	return NULL;
}

static void count_reset(int way, int ret)
{
	if (!ret) {
		add(&use.resets[way], 1);
		return;
	}
	/* The PF is being reset, and the SDI with it */
	add(ret == -EAGAIN ? &use.refused : &use.errors, 1);
	usleep(1000);
}

static void *keep_resetting(void *unused)
{
	while (!READ_ONCE(use.stop)) {
		count_reset(0, reset_by_ioctl(use.u));
		count_reset(1, reset_by_flr(use.u));
	}
	return NULL;
}

static int reset_pf(const struct pf *pf)
{
	return pf_put(pf, "reset", "1");
}

#define PF_RESETS(steps)	((steps) / 40 ?: 1)

/*
 * 300 resets of each kind by the user, one of the PF to 40 of them: that one
 * sleeps 100 ms at least
 */
TEST_F_TIMEOUT(reset, makes_users_wait, NO_TIMEOUT)
{
	void *(*const thread[])(void *) = {
		read_mapping, read_mapping, map_again, read_and_write,
		keep_resetting,
	};
	pthread_t tid[ARRAY_SIZE(thread)];
	unsigned int steps = wanted("STEPS", 300), i, pf_resets = 0;
	int ret;

	memset(&use, 0, sizeof(use));
	use.u = &self->user;
	signal(SIGBUS, on_sigbus);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		ASSERT_EQ(0, pthread_create(&tid[i], NULL, thread[i], NULL));

	while (pf_resets < PF_RESETS(steps) || use.resets[0] < steps ||
	       use.resets[1] < steps) {
		if (pf_resets * 40 > use.resets[0] + 40) {
			usleep(10000);
			continue;
		}
		ret = reset_pf(&self->pf);
		EXPECT_EQ(0, ret);
		if (ret)
			break;
		pf_resets++;
	}
	WRITE_ONCE(use.stop, true);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		pthread_join(tid[i], NULL);

	TH_LOG("%llu resets by ioctl, %llu by FLR, %u of the PF, %llu refused; %llu accesses",
	       use.resets[0], use.resets[1], pf_resets, use.refused,
	       use.accesses);
	EXPECT_LE(steps, use.resets[0]);
	EXPECT_LE(steps, use.resets[1]);
	EXPECT_LT(0, use.accesses);
	EXPECT_EQ(0, use.signals);
	EXPECT_EQ(0, use.errors);
	EXPECT_EQ(0, use.wrong);
}

/* ---- What a reset of the PF refuses ---- */

#define NUM_BEFORE	200

static void *keep_opening(void *name)
{
	struct user *u = use.u;
	int i;

	while (!READ_ONCE(use.stop)) {
		for (i = 0; i < 50; i++) {
			if (cfg_write(u, PCI_COMMAND, PCI_COMMAND_MEMORY, 2) ||
			    cfg_write(u, PCI_COMMAND, PCI_COMMAND_MEMORY |
				      PCI_COMMAND_MASTER, 2))
				add(&use.errors, 1);
			add(&use.accesses, 2);
		}

		user_close(u);
		if (user_open(u, MODE_CDEV, name)) {
			add(&use.refused, 1);
			/* What follows needs one */
			while (user_open(u, MODE_CDEV, name) &&
			       !READ_ONCE(use.stop))
				usleep(1000);
		}
	}
	return NULL;
}

/*
 * A reset of the PF comes to its SDIs one after the other. Who uses the last one
 * waits from when it begins until it is over, as on a PCI function.
 */
TEST_F_TIMEOUT(reset, of_the_pf_lets_users_wait, NO_TIMEOUT)
{
	unsigned int i, n = self->pf.usable - 1, resets = wanted("STEPS", 20);
	pthread_t tid;

	user_close(&self->user);
	delete_all(&self->pf);
	n = n < NUM_BEFORE ? n : NUM_BEFORE;
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, create_sdi(&self->pf, i, NULL));
	ASSERT_EQ(0, create_for_user(&self->pf, n, self->name));
	ASSERT_EQ(0, user_open(&self->user, MODE_CDEV, self->name));

	memset(&use, 0, sizeof(use));
	use.u = &self->user;
	ASSERT_EQ(0, pthread_create(&tid, NULL, keep_opening, self->name));
	for (i = 0; i < resets; i++)
		EXPECT_EQ(0, reset_pf(&self->pf));
	WRITE_ONCE(use.stop, true);
	pthread_join(tid, NULL);

	TH_LOG("%u resets of the PF, %llu accesses", resets, use.accesses);
	EXPECT_LT(0, use.accesses);
	EXPECT_EQ(0, use.errors);
	EXPECT_EQ(0, use.refused);
}

/* ---- How long the reset of the PF takes ---- */

/* The engine is at work, and on a device that hangs no reset of the SDI ends */
static bool start_engine(struct user *u)
{
	return !set_command(u, PCI_COMMAND_MASTER, 0) &&
	       !set_reg64(u, REG_DST, IOVA) && !set_reg(u, REG_LEN, 64) &&
	       !set_reg(u, REG_PATTERN, PATTERN) &&
	       !set_reg(u, REG_REPEAT, FOREVER) &&
	       !set_reg(u, REG_CMD, CMD_FILL);
}

static double seconds_of_pf_reset(const struct pf *pf)
{
	double begin = now();

	return reset_pf(pf) ? -1 : now() - begin;
}

static double seconds_of_sdi_reset(const struct user *u)
{
	double begin = now();

	/* On a device that hangs it fails, and takes longest */
	reset_by_ioctl(u);
	return now() - begin;
}

static void *reset_without_end(void *unused)
{
	/* A reset that is refused at once must not keep the CPUs busy */
	while (!READ_ONCE(use.stop))
		if (reset_by_ioctl(use.u))
			usleep(10000);
	return NULL;
}

/* Before all threads of this process, which would be the scheduler's to delay */
static void come_first(void)
{
	struct sched_param param = { .sched_priority = 1 };

	sched_setscheduler(0, SCHED_FIFO, &param);
}

TEST_F(reset, of_the_pf_waits_for_no_user)
{
	double alone, sdi, took, limit;
	pthread_attr_t attr;
	pthread_t tid[NUM_THREADS];
	unsigned int i;

	ASSERT_NE(NULL, user_dma_map(&self->user, IOVA, PAGE));
	ASSERT_TRUE(start_engine(&self->user));
	alone = seconds_of_pf_reset(&self->pf);
	ASSERT_LT(0, alone);
	ASSERT_TRUE(start_engine(&self->user));
	sdi = seconds_of_sdi_reset(&self->user);

	memset(&use, 0, sizeof(use));
	use.u = &self->user;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (i = 0; i < NUM_THREADS; i++)
		ASSERT_EQ(0, pthread_create(&tid[i], &attr, reset_without_end,
					    NULL));
	/* All of them want a reset, and wait for one that has begun */
	usleep(200000);
	come_first();
	took = seconds_of_pf_reset(&self->pf);
	WRITE_ONCE(use.stop, true);
	for (i = 0; i < NUM_THREADS; i++)
		pthread_join(tid[i], NULL);

	/*
	 * The one reset that has begun ends, and DMA that it lets on stops. The rest
	 * is for the machine, whose time is not always its own: on a device that
	 * hangs, 200 resets in front would take 100 s.
	 */
	limit = 2 * alone + 3 * sdi + 2;
	TH_LOG("PF alone %.3f s, SDI %.3f s; PF with %u threads %.3f s, at most %.3f s",
	       alone, sdi, NUM_THREADS, took, limit);
	EXPECT_LT(0, took);
	EXPECT_LT(took, limit);
}

/* ---- An SDI that is to be removed, and whose user does not let go ---- */

static pid_t delete_in_background(const struct pf *pf)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	/* What it has open of the SDI would count as the user's */
	close(use.u->device);
	_exit(delete_sdi(pf, 0) ? 1 : 0);
}

TEST_F(reset, reaches_an_sdi_that_is_being_removed)
{
	struct user *u = &self->user;
	int err, status, i;
	pthread_t tid;
	uint32_t *mem;
	pid_t pid;

	memset(&use, 0, sizeof(use));
	use.u = u;
	signal(SIGBUS, on_sigbus);
	err = eventfd(0, EFD_NONBLOCK);
	mem = user_dma_map(u, IOVA, PAGE);
	ASSERT_NE(NULL, mem);
	ASSERT_EQ(0, set_eventfds(u, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, &err));

	pid = delete_in_background(&self->pf);
	ASSERT_LT(0, pid);
	for (i = 0; i < 500 && sdi_exists(&self->pf, 0); i++)
		usleep(10000);
	EXPECT_FALSE(sdi_exists(&self->pf, 0));
	usleep(100000);

	ASSERT_TRUE(start_engine(u));
	ASSERT_EQ(0, pthread_create(&tid, NULL, read_mapping, NULL));
	EXPECT_EQ(0, reset_pf(&self->pf));

	/* As that of any other: told, no DMA, and nothing seen of the reset */
	EXPECT_EQ(1, events(err, 1000));
	EXPECT_FALSE(cfg_read(u, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
	memset(mem, 0, PAGE);
	usleep(20000);
	EXPECT_EQ(0, mem[0]);
	WRITE_ONCE(use.stop, true);
	pthread_join(tid, NULL);
	EXPECT_LT(0, use.accesses);
	EXPECT_EQ(0, use.wrong);
	EXPECT_EQ(0, use.signals);

	/* Bus Master Enable says what is so, and DMA is there again */
	ASSERT_EQ(0, set_command(u, PCI_COMMAND_MASTER, 0));
	EXPECT_EQ(RESULT_OK, engine_fill(u, IOVA, PAGE, PATTERN));
	EXPECT_EQ(PATTERN, mem[0]);

	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	user_close(u);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	close(err);
}

TEST_HARNESS_MAIN
