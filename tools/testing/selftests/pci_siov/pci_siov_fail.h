/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tests of allocations that fail share: which ones are to fail
 */
#ifndef PCI_SIOV_FAIL_H
#define PCI_SIOV_FAIL_H

#include "pci_siov_util.h"

/* Where a function is, up to the next one. Says so if there is none */
static inline bool find_function(const char *name, unsigned long *start,
				 unsigned long *end)
{
	unsigned long addr;
	char line[512], sym[256];
	bool found = false;
	FILE *f;

	f = fopen("/proc/kallsyms", "r");
	if (!f)
		return false;
	*end = ~0UL;
	*start = 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx %*c %255s", &addr, sym) == 2 &&
		    !strcmp(sym, name)) {
			*start = addr;
			found = addr;
		}
	rewind(f);
	while (found && fgets(line, sizeof(line), f)) {
		addr = strtoul(line, NULL, 16);
		if (addr > *start && addr < *end)
			*end = addr;
	}
	fclose(f);
	if (!found)
		printf("# no function %s in this kernel, it may be inlined\n",
		       name);
	return found;
}

/* @what is "require" or "reject": allocations that this code causes */
static inline int put_range(const char *what, unsigned long start,
			    unsigned long end)
{
	static const char * const kinds[] = { "failslab", "fail_page_alloc" };
	char path[128], value[32];
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s-start",
			 kinds[i], what);
		snprintf(value, sizeof(value), "%lu", start);
		ret = put_file(path, value);
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s-end",
			 kinds[i], what);
		snprintf(value, sizeof(value), "%lu", end);
		ret = ret ?: put_file(path, value);
	}
	return ret;
}

#endif /* PCI_SIOV_FAIL_H */
