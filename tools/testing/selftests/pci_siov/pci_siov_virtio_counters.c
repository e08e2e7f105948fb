// SPDX-License-Identifier: GPL-2.0
/*
 * pci_siov_virtio_counters PF: what the emulated virtio-net has counted, for each SDI
 * by its Routing ID, and for all
 */
#include "../kselftest.h"
#include "pci_siov_virtio_regs.h"

static const struct {
	const char *what;
	int counter;
} of_all[] = {
	{ "configuration accesses to SDIs", VCNT_CFG_SDI },
	{ "requests in the name of another", VCNT_FORGED },
	{ "packets that the switch has dropped", VCNT_SWITCH_DROP },
};

static void show_sdi(const char *name, const void *block)
{
	printf("%-14s %12u %12u %12u %12u\n", name, reg32(block, BLK_DMA_COUNT),
	       reg32(block, BLK_MSI_COUNT), reg32(block, BLK_FAULT_COUNT),
	       reg32(block, BLK_DROP_COUNT));
}

/* SDI @index of @pf, by the last word of its link; false if there is none */
static bool find_sdi(const char *pf, unsigned int index, char *name, size_t size)
{
	char path[128], link[256], *slash;
	ssize_t n;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/siov/sdi%u", pf, index);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return false;
	link[n] = '\0';
	slash = strrchr(link, '/');
	snprintf(name, size, "%s", slash ? slash + 1 : link);
	return true;
}

/* BAR 0 with all control blocks, or NULL */
static void *map_device(const char *pf)
{
	char path[128];
	void *regs;
	size_t size;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource0", pf);
	regs = map_resource(path, REG_SIZE);
	if (!regs || reg32(regs, 0) != REG_MAGIC)
		return NULL;
	size = block_offset(regs, reg32(regs, REG_TOTAL));
	munmap(regs, REG_SIZE);
	return map_resource(path, size);
}

int main(int argc, char **argv)
{
	const char *pf = argc == 2 ? argv[1] : "";
	char *regs = map_device(pf), name[256];
	unsigned int i;

	if (!regs) {
		fprintf(stderr, "%s: '%s' is no emulated virtio-net with SDIs\n",
			argv[0], pf);
		return 1;
	}

	printf("%-14s %12s %12s %12s %12s\n", "", "DMA requests", "messages",
	       "faults", "dropped");
	for (i = 0; i < reg32(regs, REG_TOTAL); i++)
		if (find_sdi(pf, i, name, sizeof(name)))
			show_sdi(name, regs + block_offset(regs, i));
	for (i = 0; i < ARRAY_SIZE(of_all); i++)
		printf("%s: %llu\n", of_all[i].what,
		       virtio_counter(regs, of_all[i].counter));
	return 0;
}
