// SPDX-License-Identifier: GPL-2.0
/*
 * Time limits of the kselftests, multiplied by SIOV_TIME_FACTOR
 *
 * The harness waits for each test by poll(), for 30 seconds or what the test
 * asks for. A kernel with KASAN and lockdep is several times slower. This is
 * linked into the tests, which are static, in place of the library's poll().
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <time.h>

/* Shorter ones are a test's own business */
#define TIME_LIMIT_MS	10000

int poll(struct pollfd *fds, nfds_t nfds, int timeout)
{
	int factor = atoi(getenv("SIOV_TIME_FACTOR") ?: "1");
	struct timespec ts;

	if (timeout < 0)
		return ppoll(fds, nfds, NULL, NULL);

	ts.tv_sec = timeout / 1000;
	ts.tv_nsec = timeout % 1000 * 1000000L;
	if (timeout >= TIME_LIMIT_MS && factor > 1)
		ts.tv_sec *= factor;
	return ppoll(fds, nfds, &ts, NULL);
}
