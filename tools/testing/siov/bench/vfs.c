// SPDX-License-Identifier: GPL-2.0
/*
 * VFs, all of them at once: there is no other way. Those of igb and of NVMe beside
 * those of the emulated device.
 */
#include <time.h>

#include "bench.h"

static void put(const char *pf, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", pf, file);
	must(put_file(path, text), file);
}

void set_vfs(const char *pf, unsigned int n)
{
	char text[16];

	put(pf, "sriov_drivers_autoprobe", "0");
	snprintf(text, sizeof(text), "%u", n);
	put(pf, "sriov_numvfs", text);
}

void bench_vfs_of(const char *pf, const char *of, unsigned int n)
{
	double start = now();

	set_vfs(pf, n);
	tell(of, "all_up_us", (now() - start) * 1e6);
	start = now();
	put(pf, "sriov_numvfs", "0");
	tell(of, "all_down_us", (now() - start) * 1e6);
}

/* The driver of NVMe is not in this kernel; what enables VFs is as good */
static void take_with_stub(const char *pf)
{
	char path[64];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver", pf);
	if (exists(path))
		return;
	put(pf, "driver_override", "pci-pf-stub");
	must(put_file("/sys/bus/pci/drivers_probe", pf), "drivers_probe");
}

static void bench_pf(const char *name)
{
	struct function f;
	long long vfs;
	char of[32];

	must(read_function(&f, name), name);
	vfs = read_number(&f, "sriov_totalvfs");
	if (vfs <= 0)
		return;
	take_with_stub(name);
	snprintf(of, sizeof(of), "%s.%lld",
		 get16(&f, 0) == 0x8086 ? "igb" : "nvme", vfs);
	phase_begin(of);
	bench_vfs_of(name, of, vfs);
	phase_end();
}

void bench_vfs(void)
{
	struct dirent *entry;
	DIR *dir;

	dir = opendir(PCI_DEVICES);
	if (!dir)
		die(PCI_DEVICES, -errno);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			bench_pf(entry->d_name);
	closedir(dir);
}
