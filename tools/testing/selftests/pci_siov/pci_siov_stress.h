/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What stress tests share: how much is wanted, and numbers that are random but
 * the same again with the same seed
 *
 * SIOV_STRESS_SEED	where the random numbers begin, 1 by default
 * SIOV_STRESS_STEPS	how much is done
 * SIOV_STRESS_SECONDS	when it ends, at the latest where nothing else is said
 * SIOV_STRESS_SDIS	how many SDIs exist at once, about
 */
#ifndef PCI_SIOV_STRESS_H
#define PCI_SIOV_STRESS_H

#include <sys/mman.h>
#include <sys/wait.h>

#include "pci_siov_engine.h"

/* A bound for what has one of its own: SIOV_STRESS_SECONDS */
#define NO_TIMEOUT	100000

static inline unsigned int wanted(const char *what, unsigned int otherwise)
{
	char name[32];
	const char *value;
	unsigned long n;

	snprintf(name, sizeof(name), "SIOV_STRESS_%s", what);
	value = getenv(name);
	n = value ? strtoul(value, NULL, 0) : 0;
	return n ?: otherwise;
}

/* Each process has a sequence of its own */
static inline void seed(unsigned int process)
{
	srand(wanted("SEED", 1) * 1000 + process);
}

static inline unsigned int below(unsigned int n)
{
	return rand() % n;
}

static inline void *shared_memory(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, val)	__atomic_store_n(&(x), val, __ATOMIC_RELAXED)

static inline void add(unsigned long long *counter, unsigned long long n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

#endif /* PCI_SIOV_STRESS_H */
