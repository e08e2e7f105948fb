/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel logs from now on
 */
#ifndef PCI_SIOV_LOG_H
#define PCI_SIOV_LOG_H

#include "pci_siov_sdi.h"

/* Returns a file to give to log_next(), or -errno */
static inline int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	lseek(fd, 0, SEEK_END);
	return fd;
}

/* The next line; false if there is none until @end, a time as of now() */
static inline bool log_next(int fd, double end, char *line, size_t size)
{
	ssize_t n;

	do {
		n = read(fd, line, size - 1);
		if (n >= 0) {
			line[n] = '\0';
			return true;
		}
		/* Some were lost: the next one is what counts */
		if (errno != EPIPE)
			usleep(10000);
	} while (now() < end);

	return false;
}

/* A line with all of these, in any order; the list ends with NULL */
static inline bool log_has(int fd, double seconds, const char * const *words)
{
	double end = now() + seconds;
	char line[2048];
	int i;

	while (log_next(fd, end, line, sizeof(line))) {
		for (i = 0; words[i] && strstr(line, words[i]); i++)
			;
		if (!words[i])
			return true;
	}
	return false;
}

/* Wait for what is said of somebody */
static inline bool log_tells(int log, const char *what, const char *who)
{
	const char * const words[] = { what, who, NULL };

	return log_has(log, 10 * time_factor(), words);
}

#endif /* PCI_SIOV_LOG_H */
