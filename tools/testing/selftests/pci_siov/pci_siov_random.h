/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What fuzz tests share: random numbers, a sequence of its own for each thread
 */
#ifndef PCI_SIOV_RANDOM_H
#define PCI_SIOV_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Begin with anything but 0 */
static __thread uint64_t random_state;

/* xorshift64* */
static inline uint32_t rnd(uint32_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1dULL >> 32) % below;
}

static inline void fill_random(void *buf, size_t size)
{
	uint8_t *byte = buf;

	while (size--)
		*byte++ = rnd(256);
}

#endif /* PCI_SIOV_RANDOM_H */
