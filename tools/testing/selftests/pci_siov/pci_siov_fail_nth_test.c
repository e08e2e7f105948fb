// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail, one after the other
 *
 * Each operation on a PF and its SDIs is done again and again: the first time its
 * first allocation fails, the next time the second one, until it is through
 * without reaching the one that would (/proc/thread-self/fail-nth). Each time it
 * has to succeed or to say that it did not, nothing may stay behind, and the
 * same operation has to succeed when memory is there again.
 *
 * Needs the emulated SIOV device with its driver (CONFIG_PCI_SIOV_TEST) and
 * CONFIG_FAILSLAB, skips where they are absent. SDIs that exist are destroyed.
 */
#include "../kselftest_harness.h"
#include "pci_siov_engine.h"
#include "pci_siov_fail.h"
#include "pci_siov_vfio.h"

#define IRQ_DRIVER	"pci-sdi-irq-test"
#define IRQ_ENGINES	"/sys/kernel/debug/pci_sdi_irq_test"
#define VECTORS		4
#define NUM_VFS		"2"
#define NUM_OTHERS	20
#define IOVA		0x10000000ULL

/* What no operation reaches */
#define LAST_NTH	5000u

/* Leaks that one look does not tell from what is merely late */
#define SETTLE_SECONDS	(5 * time_factor())

/*
 * CONFIG_DEBUG_KOBJECT_RELEASE puts off the end of IOMMU groups for seconds. Whoever
 * runs the test on such a kernel says so in SIOV_LATE_GROUPS. Groups are then looked
 * at when a whole sweep is over, not after each allocation.
 */
static bool groups_are_late(void)
{
	return getenv("SIOV_LATE_GROUPS");
}

struct state {
	struct pf pf;
	int nth;		/* /proc/thread-self/fail-nth */
	int file;		/* what the operation writes to */
	const char *text;	/* what it writes */
	struct user user;
	void *mem;
	int eventfd[VECTORS];
};

/* ---- Fault injection ---- */

static int let_fail(const char *kind)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/ignore-gfp-wait",
		 kind);
	ret = put_file(path, "N");
	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/verbose", kind);
	return ret ?: put_file(path, "0");
}

static bool can_inject(void)
{
	if (let_fail("failslab"))
		return false;
	let_fail("fail_page_alloc");
	put_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	put_file("/sys/kernel/debug/fail_usercopy/verbose", "0");
	put_file("/sys/kernel/debug/fail_iommufd/verbose", "0");
	return exists("/proc/thread-self/fail-nth");
}

/* Let only what one function causes fail, and nothing that another one does */
static int set_filter(const char *only, const char *spared)
{
	unsigned long start = 0, end = ~0UL;
	int ret;

	if (!only && !spared &&
	    !exists("/sys/kernel/debug/failslab/require-start"))
		return 0;
	if (only && !find_function(only, &start, &end))
		return -ENOENT;
	ret = put_range("require", start, end);
	start = 0;
	end = 0;
	if (spared && !find_function(spared, &start, &end))
		return -ENOENT;
	return ret ?: put_range("reject", start, end);
}

static bool arm(struct state *s, unsigned int nth)
{
	char buf[16];
	int n = snprintf(buf, sizeof(buf), "%u", nth);

	return pwrite(s->nth, buf, n, 0) == n;
}

/* Has an allocation failed? To ask can be what fails, if user copies do */
static bool disarm(struct state *s)
{
	bool failed = false;
	char buf[16] = "";
	ssize_t n;

	n = pread(s->nth, buf, sizeof(buf) - 1, 0);
	if (n > 0)
		failed = !strcmp(buf, "0\n");
	while (pwrite(s->nth, "0", 1, 0) != 1 && errno == EFAULT)
		;
	return failed;
}

/* ---- What has to be as it was ---- */

static int entries(const char *path)
{
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* How many lines of a file have @word, which no line has twice; -1 on error */
static int lines_with(const char *path, const char *word)
{
	static char buf[1 << 18];
	char *pos;
	int n = 0;

	if (get_file(path, buf, sizeof(buf)))
		return -1;
	for (pos = buf; (pos = strstr(pos, word)); pos++)
		n++;
	return n;
}

struct snapshot {
	char text[512];
	int groups;
};

static void take(struct snapshot *snap, const struct pf *pf)
{
	unsigned long long cnt[NUM_COUNTERS] = { };

	counters(pf, cnt);
	snap->groups = entries("/sys/kernel/iommu_groups");
	snprintf(snap->text, sizeof(snap->text),
		 "num_sdis %lld, status %lld, in use %lld, VFs %lld, functions %d, SDIs %d, in siov/ %d, groups %d, interrupts %d of %d, engines %d and %d, enabled %lld",
		 pf_number(pf, "siov/num_sdis"), pf_number(pf, "siov/status"),
		 pf_number(pf, "power/runtime_usage"),
		 pf_number(pf, "sriov_numvfs"), entries(PCI_DEVICES),
		 entries(SDI_DEVICES), entries(pf_path(pf, "siov")),
		 groups_are_late() ? 0 : snap->groups,
		 lines_with("/proc/interrupts", "SDI-MSI"),
		 lines_with("/proc/interrupts", "\n"),
		 entries(ENGINES), entries(IRQ_ENGINES),
		 (long long)(cnt[CNT_ENABLE] - cnt[CNT_DISABLE]));
}

/* Some things come to their end by work that is queued */
static void take_settled(struct snapshot *snap, const struct pf *pf,
			 const struct snapshot *wanted)
{
	double end = now() + SETTLE_SECONDS;

	for (take(snap, pf); strcmp(snap->text, wanted->text) && now() < end;
	     take(snap, pf))
		usleep(20000);
}

/* The same, where nothing says what is wanted */
static void take_quiet(struct snapshot *snap, const struct pf *pf)
{
	if (groups_are_late())
		sleep(SETTLE_SECONDS);
	take(snap, pf);
}

static int settled_groups(const struct pf *pf, int wanted)
{
	double end = now() + SETTLE_SECONDS;
	struct snapshot snap;

	for (take(&snap, pf); snap.groups > wanted && now() < end;
	     take(&snap, pf))
		usleep(20000);
	return snap.groups;
}

/* ---- The operations ---- */

static int open_pf(struct state *s, const char *file)
{
	s->file = open(pf_path(&s->pf, file), O_WRONLY);
	return s->file < 0 ? -errno : 0;
}

static int open_sdi(struct state *s, const char *file)
{
	s->file = open(sdi_path(&s->pf, 0, file), O_WRONLY);
	return s->file < 0 ? -errno : 0;
}

static int open_driver(struct state *s, const char *bus, const char *driver,
		       const char *file)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s/%s", bus, driver,
		 file);
	s->file = open(path, O_WRONLY);
	return s->file < 0 ? -errno : 0;
}

/* Nothing but what it is about may fail: the file is open */
static int do_write(struct state *s)
{
	ssize_t n = pwrite(s->file, s->text, strlen(s->text), 0);

	return n < 0 ? -errno : 0;
}

static int sdi_works(struct state *s)
{
	struct engine e = engine_of(&s->pf, 0);

	return command(&e, "map 4096");
}

static int prepare_create(struct state *s)
{
	s->text = "0";
	return open_pf(s, "siov/sdi_new");
}

static int prepare_create_for_user(struct state *s)
{
	s->text = "0 driver_override=" VFIO_DRIVER;
	return open_pf(s, "siov/sdi_new");
}

static int user_can_open(struct state *s)
{
	char link[256];
	int ret;

	ret = user_open(&s->user, MODE_CDEV,
			sdi_name(&s->pf, 0, link, sizeof(link)));
	user_close(&s->user);
	return ret;
}

static int prepare_create_software(struct state *s)
{
	int ret = pf_put(&s->pf, "siov/rid_mode", "software");

	return ret ?: prepare_create(s);
}

/* One of many: what the PF has of each is in tables that shrink */
static int prepare_destroy(struct state *s)
{
	unsigned int i;
	int ret = 0;

	for (i = 1; !ret && i < NUM_OTHERS; i++)
		ret = create_sdi(&s->pf, i, "driver_override=none");
	s->text = "0";
	return ret ?: create_sdi(&s->pf, 0, NULL) ?:
	       open_pf(s, "siov/sdi_delete");
}

static int sdi_is_gone(struct state *s)
{
	return sdi_exists(&s->pf, 0) ? -EBUSY : create_sdi(&s->pf, 0, NULL) ?:
	       sdi_works(s);
}

static const char *name_of_sdi(struct state *s)
{
	static char link[256];

	return sdi_name(&s->pf, 0, link, sizeof(link));
}

static int prepare_bind(struct state *s)
{
	int ret = create_sdi(&s->pf, 0, NULL);

	s->text = name_of_sdi(s);
	ret = ret ?: bus_write("pci_sdi", SDI_DRIVER, "unbind", s->text);
	return ret ?: open_driver(s, "pci_sdi", SDI_DRIVER, "bind");
}

static int prepare_unbind(struct state *s)
{
	int ret = create_sdi(&s->pf, 0, NULL);

	s->text = name_of_sdi(s);
	return ret ?: open_driver(s, "pci_sdi", SDI_DRIVER, "unbind");
}

static int sdi_can_be_bound(struct state *s)
{
	return bus_write("pci_sdi", SDI_DRIVER, "bind", name_of_sdi(s)) ?:
	       sdi_works(s);
}

static int prepare_irqs(struct state *s)
{
	char path[512];
	int ret;

	ret = create_sdi(&s->pf, 0, "driver_override=" IRQ_DRIVER);
	snprintf(path, sizeof(path), IRQ_ENGINES "/%s/command", name_of_sdi(s));
	s->file = open(path, O_WRONLY);
	s->text = "alloc 4 4";
	return ret ?: s->file < 0 ? -errno : 0;
}

static int irqs_come(struct state *s)
{
	s->text = "send 3";
	return do_write(s);
}

static int prepare_user(struct state *s)
{
	return create_sdi(&s->pf, 0, "driver_override=" VFIO_DRIVER);
}

static int open_and_map(struct state *s, enum vfio_mode mode)
{
	int ret = user_open(&s->user, mode, name_of_sdi(s));

	if (ret)
		return ret;
	ret = user_dma_map_at(&s->user, IOVA, s->mem, PAGE) ? -errno : 0;
	if (ret)
		user_close(&s->user);
	return ret;
}

static int do_open_cdev(struct state *s)
{
	return open_and_map(s, MODE_CDEV);
}

static int do_open_group(struct state *s)
{
	return open_and_map(s, MODE_GROUP);
}

static int user_works(struct state *s)
{
	int ret = set_command(&s->user, PCI_COMMAND_MASTER |
			      PCI_COMMAND_MEMORY, 0);

	if (ret)
		return ret;
	return engine_fill(&s->user, IOVA, PAGE, 1) == RESULT_OK ? 0 : -EIO;
}

static int prepare_user_open(struct state *s)
{
	return prepare_user(s) ?: do_open_cdev(s);
}

static int do_user_irqs(struct state *s)
{
	return set_eventfds(&s->user, VFIO_PCI_MSIX_IRQ_INDEX, 0, VECTORS,
			    s->eventfd);
}

static int user_irqs_come(struct state *s)
{
	int ret = user_works(s);

	if (ret)
		return ret;
	if (engine_msi(&s->user, 3) != RESULT_OK)
		return -EIO;
	return events(s->eventfd[3], 1000) == 1 ? 0 : -ETIMEDOUT;
}

static int prepare_user_irqs_off(struct state *s)
{
	return prepare_user_open(s) ?: do_user_irqs(s);
}

static int do_user_irqs_off(struct state *s)
{
	return disable_irqs(&s->user, VFIO_PCI_MSIX_IRQ_INDEX);
}

static int do_user_reset(struct state *s)
{
	return ioctl(s->user.device, VFIO_DEVICE_RESET) ? -errno : 0;
}

static int do_user_close(struct state *s)
{
	user_close(&s->user);
	return 0;
}

static int prepare_software(struct state *s)
{
	s->text = "software";
	return open_pf(s, "siov/rid_mode");
}

static int prepare_strided(struct state *s)
{
	s->text = "strided";
	return pf_put(&s->pf, "siov/rid_mode", "software") ?:
	       open_pf(s, "siov/rid_mode");
}

static int any_sdi_works(struct state *s)
{
	return create_sdi(&s->pf, 0, NULL) ?: sdi_works(s);
}

static int prepare_reset(struct state *s)
{
	s->text = "1";
	return create_sdi(&s->pf, 0, NULL) ?: open_sdi(s, "reset");
}

static int prepare_reset_pf(struct state *s)
{
	s->text = "1";
	return create_sdi(&s->pf, 0, NULL) ?:
	       create_sdi(&s->pf, 1, "driver_override=none") ?:
	       open_pf(s, "reset");
}

static int prepare_reset_pf_software(struct state *s)
{
	return pf_put(&s->pf, "siov/rid_mode", "software") ?:
	       prepare_reset_pf(s);
}

static int prepare_vfs(struct state *s)
{
	s->text = NUM_VFS;
	return open_pf(s, "sriov_numvfs");
}

static int vfs_are_there(struct state *s)
{
	return exists(pf_path(&s->pf, "virtfn1")) ? 0 : -ENODEV;
}

static int prepare_rescan(struct state *s)
{
	s->text = "1";
	s->file = open("/sys/bus/pci/rescan", O_WRONLY);
	return s->file < 0 ? -errno : create_sdi(&s->pf, 0, NULL);
}

static int prepare_bind_pf(struct state *s)
{
	s->text = s->pf.name;
	return bus_write("pci", PF_DRIVER, "unbind", s->pf.name) ?:
	       open_driver(s, "pci", PF_DRIVER, "bind");
}

static int prepare_unbind_pf(struct state *s)
{
	s->text = s->pf.name;
	return create_sdi(&s->pf, 0, NULL) ?:
	       create_sdi(&s->pf, 1, "driver_override=" VFIO_DRIVER) ?:
	       open_driver(s, "pci", PF_DRIVER, "unbind");
}

static int pf_can_be_bound(struct state *s)
{
	return bus_write("pci", PF_DRIVER, "bind", s->pf.name) ?:
	       any_sdi_works(s);
}

static int prepare_find_pf(struct state *s)
{
	s->text = "1";
	s->file = open("/sys/bus/pci/rescan", O_WRONLY);
	return s->file < 0 ? -errno : pf_put(&s->pf, "remove", "1");
}

/* Without memory for what SDIs need it is a plain function */
static int pf_is_there(struct state *s)
{
	return exists(pf_path(&s->pf, "driver")) ? 0 : -ENODEV;
}

static int prepare_remove_pf(struct state *s)
{
	s->text = "1";
	return create_sdi(&s->pf, 0, NULL) ?:
	       create_sdi(&s->pf, 1, "driver_override=" VFIO_DRIVER) ?:
	       open_pf(s, "remove");
}

static int pf_can_be_found(struct state *s)
{
	return put_file("/sys/bus/pci/rescan", "1") ?: any_sdi_works(s);
}

/* The PF may have come without what it needs */
static void start_again(struct state *s)
{
	pf_put(&s->pf, "remove", "1");
	put_file("/sys/bus/pci/rescan", "1");
}

/* Whatever came of it: a PF with its driver and nothing else */
static void undo(struct state *s)
{
	if (s->file >= 0)
		close(s->file);
	s->file = -1;
	user_close(&s->user);
	if (!exists(pf_path(&s->pf, "siov/num_sdis")) ||
	    create(&s->pf, "any") == -ENODEV)
		start_again(s);
	if (!exists(engine_path(s->pf.name, "counters")))
		bus_write("pci", PF_DRIVER, "unbind", s->pf.name);
	if (!exists(pf_path(&s->pf, "driver")))
		bus_write("pci", PF_DRIVER, "bind", s->pf.name);
	if (pf_number(&s->pf, "sriov_numvfs") > 0)
		pf_put(&s->pf, "sriov_numvfs", "0");
	delete_all(&s->pf);
	pf_put(&s->pf, "siov/rid_mode", "strided");
}

/* ---- The sweep ---- */

FIXTURE(fail_nth)
{
	struct state s;
	struct snapshot before;
};

FIXTURE_VARIANT(fail_nth)
{
	/* What comes before, without failures */
	int (*prepare)(struct state *s);
	/* What is swept; 0, or what it has failed with */
	int (*attempt)(struct state *s);
	/* What can be done after it has succeeded, with memory */
	int (*works)(struct state *s);
	/* Failures that are the caller's concern, at least */
	unsigned int errors;
	/* Where it succeeds although an allocation has failed, it has to work */
	bool whole;
	/* It says what code says that is not about SDIs */
	bool any_error;
	/* The function that has to cause an allocation that fails */
	const char *only;
	/* One below which none does */
	const char *spared;
};

/* A driver may be missing, or a file in debugfs, but not a device */
FIXTURE_VARIANT_ADD(fail_nth, create)
{
	prepare_create, do_write, sdi_works, 5
};

FIXTURE_VARIANT_ADD(fail_nth, create_for_user)
{
	prepare_create_for_user, do_write, user_can_open, 5
};

FIXTURE_VARIANT_ADD(fail_nth, create_software)
{
	prepare_create_software, do_write, sdi_works, 5
};

FIXTURE_VARIANT_ADD(fail_nth, bind)
{
	prepare_bind, do_write, sdi_works, 2
};

FIXTURE_VARIANT_ADD(fail_nth, bind_pf)
{
	prepare_bind_pf, do_write, any_sdi_works, 5, .any_error = true
};

/* The device's own list of Routing IDs may be missing until the next reset */
FIXTURE_VARIANT_ADD(fail_nth, reset_pf_software)
{
	prepare_reset_pf_software, do_write, sdi_works, 1
};

FIXTURE_VARIANT_ADD(fail_nth, destroy)
{
	prepare_destroy, do_write, sdi_is_gone, 1, true
};

FIXTURE_VARIANT_ADD(fail_nth, unbind)
{
	prepare_unbind, do_write, sdi_can_be_bound, 1, true
};

FIXTURE_VARIANT_ADD(fail_nth, irqs)
{
	prepare_irqs, do_write, irqs_come, 5, true
};

FIXTURE_VARIANT_ADD(fail_nth, open_cdev)
{
	prepare_user, do_open_cdev, user_works, 5, true, .any_error = true
};

FIXTURE_VARIANT_ADD(fail_nth, open_group)
{
	prepare_user, do_open_group, user_works, 5, true, .any_error = true
};

FIXTURE_VARIANT_ADD(fail_nth, user_irqs)
{
	prepare_user_open, do_user_irqs, user_irqs_come, 5, true
};

FIXTURE_VARIANT_ADD(fail_nth, user_irqs_off)
{
	prepare_user_irqs_off, do_user_irqs_off, user_works, 0, true
};

FIXTURE_VARIANT_ADD(fail_nth, user_reset)
{
	prepare_user_irqs_off, do_user_reset, user_irqs_come, 0, true
};

/* Going back to the default domain must not fail, says the IOMMU core */
FIXTURE_VARIANT_ADD(fail_nth, user_close)
{
	prepare_user_irqs_off, do_user_close, user_can_open, 0, true,
	.spared = "__iommu_group_set_domain_internal"
};

FIXTURE_VARIANT_ADD(fail_nth, rid_mode_software)
{
	prepare_software, do_write, any_sdi_works, 2, true
};

FIXTURE_VARIANT_ADD(fail_nth, rid_mode_strided)
{
	prepare_strided, do_write, any_sdi_works, 1, true
};

FIXTURE_VARIANT_ADD(fail_nth, reset)
{
	prepare_reset, do_write, sdi_works, 1, true
};

FIXTURE_VARIANT_ADD(fail_nth, reset_pf)
{
	prepare_reset_pf, do_write, sdi_works, 1, true
};

FIXTURE_VARIANT_ADD(fail_nth, rescan)
{
	prepare_rescan, do_write, sdi_works, 1, true
};

FIXTURE_VARIANT_ADD(fail_nth, unbind_pf)
{
	prepare_unbind_pf, do_write, pf_can_be_bound, 1, true
};

FIXTURE_VARIANT_ADD(fail_nth, remove_pf)
{
	prepare_remove_pf, do_write, pf_can_be_found, 1, true
};

/* The PCI core cannot do without a function that it has begun to add */
FIXTURE_VARIANT_ADD(fail_nth, vfs)
{
	prepare_vfs, do_write, vfs_are_there, 0, true,
	.only = "pci_iov_claim_rids"
};

FIXTURE_VARIANT_ADD(fail_nth, find_pf)
{
	prepare_find_pf, do_write, pf_is_there, 0, true, .only = "pci_siov_init"
};

FIXTURE_VARIANT_ADD(fail_nth, find_pf_for_sdis)
{
	prepare_find_pf, do_write, pf_is_there, 0, true, .only = "pci_sdis_init"
};

FIXTURE_SETUP(fail_nth)
{
	struct state *s = &self->s;
	int i;

	if (!find_emulated_pf(&s->pf))
		SKIP(return, NEEDS_EMULATED);
	if (!can_inject())
		SKIP(return, "no fault injection in the kernel");

	ASSERT_EQ(0, set_filter(variant->only, variant->spared));

	s->file = -1;
	user_init(&s->user, MODE_CDEV);
	undo(s);
	allow_unsafe(!remapping_is_on());
	s->nth = open("/proc/thread-self/fail-nth", O_RDWR);
	ASSERT_LE(0, s->nth);
	for (i = 0; i < VECTORS; i++)
		s->eventfd[i] = eventfd(0, 0);
	s->mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, s->mem);
}

FIXTURE_TEARDOWN(fail_nth)
{
	undo(&self->s);
}

static bool is_clean(int ret)
{
	return !ret || ret == -ENOMEM || ret == -ENODEV || ret == -ENOSPC ||
	       ret == -EFAULT;
}

TEST_F(fail_nth, sweep)
{
	struct state *s = &self->s;
	unsigned int i, nth, errors = 0;
	struct snapshot after;
	bool failed = true;
	int ret, groups;

	/* Nothing hinders these two: the first may leave what all others use */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, variant->prepare(s));
		ASSERT_EQ(0, variant->attempt(s));
		EXPECT_EQ(0, variant->works(s));
		undo(s);
	}
	take_quiet(&self->before, &s->pf);
	groups = self->before.groups;

	for (nth = 1; failed; nth++) {
		ASSERT_GT(LAST_NTH, nth);
		ASSERT_EQ(0, variant->prepare(s)) {
			TH_LOG("before allocation %u fails", nth);
		}

		ASSERT_TRUE(arm(s, nth));
		ret = variant->attempt(s);
		failed = disarm(s);

		EXPECT_TRUE(variant->any_error || is_clean(ret)) {
			TH_LOG("allocation %u fails: %s", nth, strerror(-ret));
		}
		if (!failed)
			EXPECT_EQ(0, ret);
		errors += !!ret;

		/* Memory is there again */
		if (ret) {
			EXPECT_EQ(0, variant->attempt(s)) {
				TH_LOG("after allocation %u failed", nth);
			}
		}
		if (ret || variant->whole) {
			EXPECT_EQ(0, variant->works(s)) {
				TH_LOG("after allocation %u failed", nth);
			}
		}
		undo(s);
		take_settled(&after, &s->pf, &self->before);
		EXPECT_STREQ(self->before.text, after.text) {
			TH_LOG("after allocation %u failed", nth);
			/* Once for each thing that is lost */
			self->before = after;
		}
	}
	if (groups_are_late())
		EXPECT_EQ(groups, settled_groups(&s->pf, groups));
	TH_LOG("%u allocations, %u of them made it fail", nth - 2, errors);
	/* Or nothing was tried */
	if (variant->only)
		EXPECT_LT(2u, nth);
	EXPECT_LE(variant->errors, errors);
}

TEST_HARNESS_MAIN
