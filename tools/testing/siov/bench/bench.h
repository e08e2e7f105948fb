/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of bench share: "bench: NAME VALUE" a line, medians, the end if
 * something cannot be measured. The rest is that of the kselftests.
 */
#ifndef SIOV_BENCH_H
#define SIOV_BENCH_H

/* It is made for programs of one file, so each of ours has this variable */
#pragma weak _fixture_global
#include "kselftest_harness.h"
#include "pci_siov_engine.h"

#define MAX_SAMPLES	256

struct samples {
	double value[MAX_SAMPLES];
	unsigned int n;
};

/* "bench: error WHAT: ERROR", and the end; @ret is a negative errno */
_Noreturn void die(const char *what, int ret);

/* @ret, which is nothing negative, or the end */
static inline int must(int ret, const char *what)
{
	if (ret < 0)
		die(what, ret);
	return ret;
}

/* Print what was measured: its name is @of, a dot and @what */
void tell(const char *of, const char *what, double value);

/* The same in microseconds, of the median */
void tell_median(const char *of, const char *what, struct samples *samples);

/* A register that is mapped, each time anew */
static inline uint32_t peek(const uint32_t *reg)
{
	return __atomic_load_n(reg, __ATOMIC_RELAXED);
}

static inline void sample(struct samples *samples, double value)
{
	if (samples->n < MAX_SAMPLES)
		samples->value[samples->n++] = value;
}

/*
 * What QEMU traces from here to phase_end() is added up in the host, under this name.
 * Only in a machine whose QEMU writes a trace.
 */
void phase_begin(const char *of);
void phase_end(void);

/* A program each, named on the kernel's command line */
void bench_create(void);
void bench_many(void);
void bench_stream(void);
void bench_scan(void);
void bench_vfs(void);
void bench_users(void);
void bench_virtio(void);

/* VFs that no driver takes; @n is 0 to let them go. By the PF's name */
void set_vfs(const char *pf, unsigned int n);

/* "VFs of this PF: up and down", and what a VF costs */
void bench_vfs_of(const char *pf, const char *of, unsigned int n);

#endif /* SIOV_BENCH_H */
