/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time limits of the tests, to be included after the harness
 *
 * A kernel with KASAN and lockdep is several times slower, and so is a busy host:
 * SIOV_TIME_FACTOR multiplies the time limit of each test.
 */
#ifndef PCI_SIOV_TIME_H
#define PCI_SIOV_TIME_H

#include <stdlib.h>

#define PRIO_AFTER_ALL_TESTS	20002

static void __attribute__((constructor(PRIO_AFTER_ALL_TESTS))) stretch_limits(void)
{
	struct __fixture_metadata *f;
	struct __test_metadata *t;
	int factor = atoi(getenv("SIOV_TIME_FACTOR") ?: "1");

	for (f = __fixture_list; f && factor > 1; f = f->next)
		for (t = f->tests; t; t = t->next)
			t->timeout *= factor;
}

#endif /* PCI_SIOV_TIME_H */
