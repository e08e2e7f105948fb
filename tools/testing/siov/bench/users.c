// SPDX-License-Identifier: GPL-2.0
/*
 * Users of VFIO, by an SDI, a VF and the PF itself: what one more costs while there
 * are others, mapping and unmapping, and interrupts.
 */
#include <sys/resource.h>

#include "bench.h"
#include "pci_siov_vfio.h"

#define OPENS		5	/* A VF is reset at each, which takes a tenth of a second */
#define ROUNDS		65
#define NR_VFS		16
#define PF_ENGINE	0x1000	/* Its registers in BAR 0 of the PF */
#define IOVA		0x10000000ULL

static struct pf pf;

/* By group and container, which SDIs and functions have alike */
static void open_user(struct user *u, const char *devices, const char *name)
{
	user_init(u, MODE_GROUP);
	must(user_open_group_at(u, devices, name), name);
}

static void sdi_for_user(unsigned int index, char *name, size_t size)
{
	char buf[256];

	must(create_sdi(&pf, index, "driver_override=" VFIO_DRIVER), "sdi_new");
	snprintf(name, size, "%s", sdi_name(&pf, index, buf, sizeof(buf)));
}

static void function_to_user(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver_override", name);
	must(put_file(path, "vfio-pci"), "driver_override");
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/unbind", name);
	if (exists(path))
		must(put_file(path, name), "unbind");
	must(put_file("/sys/bus/pci/drivers_probe", name), "drivers_probe");
}

static void vf_for_user(unsigned int index, char *name, size_t size)
{
	char file[32], buf[256];

	snprintf(file, sizeof(file), "virtfn%u", index);
	snprintf(name, size, "%s", link_target(pf_path(&pf, file), buf, sizeof(buf)));
	function_to_user(name);
}

/* ---- One more ---- */

static void one_more(const char *of, const char *devices, const char *name)
{
	struct samples opened = { }, closed = { };
	struct user u;
	double start;
	int i;

	for (i = 0; i < OPENS; i++) {
		start = now();
		open_user(&u, devices, name);
		sample(&opened, now() - start);
		start = now();
		user_close(&u);
		sample(&closed, now() - start);
	}
	tell_median(of, "open_us", &opened);
	tell_median(of, "close_us", &closed);
}

/* The one of whom it is measured is index 0, the @n others stay open */
static void open_among(const char *kind, const char *devices, unsigned int n,
		       void (*get)(unsigned int index, char *name, size_t size))
{
	struct user *others = calloc(n + 1, sizeof(*others));
	char name[32], of[32];
	unsigned int i;

	if (!others)
		die("memory", -ENOMEM);
	for (i = 1; i <= n; i++) {
		get(i, name, sizeof(name));
		open_user(&others[i], devices, name);
	}
	get(0, name, sizeof(name));
	snprintf(of, sizeof(of), "open.%s.%u", kind, n);
	one_more(of, devices, name);
	for (i = 1; i <= n; i++)
		user_close(&others[i]);
	free(others);
}

/* ---- What a user does all day ---- */

/* One page: of more, what the memory is made of would be measured */
static void map_and_unmap(const char *of, struct user *u)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = IOVA,
		.size = PAGE,
	};
	struct samples mapped = { }, unmapped = { };
	double start;
	void *mem;
	int i;

	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (mem == MAP_FAILED)
		die("memory", -errno);
	for (i = 0; i < ROUNDS; i++) {
		start = now();
		must(user_dma_map_at(u, IOVA, mem, PAGE) ? -errno : 0, "map");
		sample(&mapped, now() - start);
		start = now();
		must(ioctl(u->container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0, "unmap");
		sample(&unmapped, now() - start);
	}
	munmap(mem, PAGE);
	tell_median(of, "map_us", &mapped);
	tell_median(of, "unmap_us", &unmapped);
}

/* From the write that asks for it to where this process has read of it */
static void interrupts(const char *of, const struct user *u, unsigned int engine)
{
	int i, event = must(eventfd(0, EFD_NONBLOCK), "eventfd");
	struct samples took = { };
	double start;

	must(set_eventfds(u, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &event), "interrupts");
	must(set_command(u, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0), "bus master");
	for (i = 0; i < ROUNDS; i++) {
		start = now();
		must(set_reg(u, engine + REG_CMD, CMD_MSI), "command");
		if (events(event, 2000) != 1)
			die("interrupt", -ETIMEDOUT);
		sample(&took, now() - start);
	}
	tell_median(of, "irq_us", &took);
	must(disable_irqs(u, VFIO_PCI_MSIX_IRQ_INDEX), "interrupts");
	close(event);
}

#define NO_ENGINE	~0U

static void work(const char *of, const char *devices, const char *name,
		 unsigned int engine)
{
	struct user u;

	open_user(&u, devices, name);
	map_and_unmap(of, &u);
	if (engine != NO_ENGINE)
		interrupts(of, &u, engine);
	user_close(&u);
}

static void many_files(void)
{
	struct rlimit limit = { .rlim_cur = 8192, .rlim_max = 8192 };

	must(setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0, "limit of open files");
}

static void bench_sdis(void)
{
	static const unsigned int others[] = { 1, 64, 1000 };
	char name[32];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		open_among("sdi", SDI_DEVICES, others[i], sdi_for_user);
		delete_all(&pf);
	}
	sdi_for_user(0, name, sizeof(name));
	work("user.sdi", SDI_DEVICES, name, 0);
	delete_all(&pf);
}

static void bench_own_vfs(void)
{
	static const unsigned int others[] = { 1, NR_VFS - 1 };
	char name[32];
	unsigned int i;

	set_vfs(pf.name, NR_VFS);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		open_among("vf", PCI_DEVICES, others[i], vf_for_user);
	vf_for_user(0, name, sizeof(name));
	/* It can be mapped for, and does nothing itself */
	work("user.vf", PCI_DEVICES, name, NO_ENGINE);
	set_vfs(pf.name, 0);
}

void bench_users(void)
{
	if (!find_emulated_pf(&pf))
		die("no emulated PF", -ENODEV);
	many_files();
	bench_sdis();
	bench_own_vfs();
	function_to_user(pf.name);
	one_more("open.pf.0", PCI_DEVICES, pf.name);
	work("user.pf", PCI_DEVICES, pf.name, PF_ENGINE);
}
