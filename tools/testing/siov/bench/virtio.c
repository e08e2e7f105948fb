// SPDX-License-Identifier: GPL-2.0
/*
 * virtio NICs and disks: two SDIs, two PFs with SDIs and two plain functions exchange
 * packets; a disk that is an SDI and one that is a function read and write. The host
 * adds up what QEMU traces of each; interrupts are counted here.
 */
#include "bench.h"
#include "pci_siov_virtio.h"

#define PINGS		200
#define BLOCKS		200
#define BLOCK		4096
#define SMALL		64
#define LARGE		1400
#define DISK_SDI	8	/* as the machine has it */

static const char * const plain_nics[] = { "0000:00:05.0", "0000:00:06.0" };
static const char * const pf_nics[] = { "0000:01:00.0", "0000:02:00.0" };
static const char plain_disk[] = "0000:00:07.0";

static struct pf pf;

/* ---- NICs ---- */

/* Interrupts of a virtio device of this NIC, by the name of its vectors */
static long long interrupts_of(const char *path)
{
	char virtio[32], what[40];

	if (!first_entry(path, "virtio", virtio, sizeof(virtio)))
		die(path, -ENODEV);
	snprintf(what, sizeof(what), "%s-", virtio);
	return irq_count(what);
}

struct pair {
	char path[2][256];
	struct ns ns[2];
};

static void measure_pings(const char *of, const struct pair *pair, size_t len)
{
	long long irqs = interrupts_of(pair->path[0]) + interrupts_of(pair->path[1]);
	char name[40];
	double start;

	snprintf(name, sizeof(name), "%s.%zu", of, len);
	phase_begin(name);
	start = now();
	if (ping(&pair->ns[0], pair->ns[1].address, PINGS, len) != PINGS)
		die("a ping was lost", -EIO);
	tell(name, "us", (now() - start) / (2 * PINGS) * 1e6);
	phase_end();
	irqs = interrupts_of(pair->path[0]) + interrupts_of(pair->path[1]) - irqs;
	tell(name, "irqs", irqs / (2.0 * PINGS));
	tell(name, "done", 2 * PINGS);
}

static void measure_pair(const char *of, struct pair *pair)
{
	char nic[IFNAMSIZ];
	int i;

	for (i = 0; i < 2; i++)
		if (!interface_of(pair->path[i], "net", nic, sizeof(nic)) ||
		    !ns_make(&pair->ns[i], nic, 20 + i))
			die(pair->path[i], -ENODEV);
	/* ARP, and what is allocated once */
	if (!answers(&pair->ns[0], pair->ns[1].address, 10))
		die("no answer to a ping", -ETIMEDOUT);
	ping(&pair->ns[0], pair->ns[1].address, 20, LARGE);

	measure_pings(of, pair, SMALL);
	measure_pings(of, pair, LARGE);
	for (i = 0; i < 2; i++)
		ns_drop(&pair->ns[i]);
}

static void measure_functions(const char *of, const char * const *names)
{
	struct pair pair = { };
	int i;

	for (i = 0; i < 2; i++)
		snprintf(pair.path[i], sizeof(pair.path[i]), PCI_DEVICES "/%s", names[i]);
	measure_pair(of, &pair);
}

static void measure_sdis(void)
{
	struct pair pair = { };
	int i;

	for (i = 0; i < 2; i++) {
		must(create_sdi(&pf, i, NULL), "sdi_new");
		snprintf(pair.path[i], sizeof(pair.path[i]), "%s", sdi_path(&pf, i, ""));
	}
	measure_pair("nic.sdi", &pair);
}

/* ---- Disks ---- */

static void transfer_blocks(int fd, void *block, bool write)
{
	off_t pos;
	int i;

	for (i = 0; i < BLOCKS; i++) {
		pos = (off_t)i * BLOCK;
		if ((write ? pwrite(fd, block, BLOCK, pos) :
			     pread(fd, block, BLOCK, pos)) != BLOCK)
			die("disk", -EIO);
	}
}

static void measure_blocks(const char *of, const char *path, int fd, void *block, bool write)
{
	long long irqs = interrupts_of(path);
	char name[40];
	double start;

	snprintf(name, sizeof(name), "%s.%s", of, write ? "write" : "read");
	phase_begin(name);
	start = now();
	transfer_blocks(fd, block, write);
	tell(name, "us", (now() - start) / BLOCKS * 1e6);
	phase_end();
	tell(name, "irqs", (double)(interrupts_of(path) - irqs) / BLOCKS);
	tell(name, "done", BLOCKS);
}

static void measure_disk(const char *of, const char *path)
{
	char name[32], dev[48];
	void *block;
	int fd;

	if (!interface_of(path, "block", name, sizeof(name)))
		die(path, -ENODEV);
	snprintf(dev, sizeof(dev), "/dev/%s", name);
	fd = must(open(dev, O_RDWR | O_DIRECT), dev);
	if (posix_memalign(&block, BLOCK, BLOCK))
		die("memory", -ENOMEM);
	memset(block, 0, BLOCK);
	transfer_blocks(fd, block, true);

	measure_blocks(of, path, fd, block, true);
	measure_blocks(of, path, fd, block, false);
	free(block);
	close(fd);
}

void bench_virtio(void)
{
	char path[256];

	if (!find_virtio_pf(&pf))
		die("no virtio PF with SDIs", -ENODEV);
	measure_sdis();
	measure_functions("nic.pf", pf_nics);
	measure_functions("nic.function", plain_nics);

	must(create_sdi(&pf, DISK_SDI, NULL), "sdi_new");
	snprintf(path, sizeof(path), "%s", sdi_path(&pf, DISK_SDI, ""));
	measure_disk("disk.sdi", path);
	snprintf(path, sizeof(path), PCI_DEVICES "/%s", plain_disk);
	measure_disk("disk.function", path);
	delete_all(&pf);
}
