// SPDX-License-Identifier: GPL-2.0
/*
 * kexec [-p] KERNEL INITRD COMMAND_LINE: into another kernel at once, without
 * stopping anything that the kernel does not stop by itself; with -p when this
 * one panics. kexec-tools would bring the libraries of Xen into the initial RAM
 * disk for these two calls.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

int main(int argc, char **argv)
{
	unsigned long flags = 0;
	int kernel, initrd;

	if (argc == 5 && !strcmp(argv[1], "-p")) {
		flags = KEXEC_FILE_ON_CRASH;
		argv++;
		argc--;
	}
	if (argc != 4)
		errx(1, "usage: kexec [-p] KERNEL INITRD COMMAND_LINE");

	kernel = open_file(argv[1]);
	initrd = open_file(argv[2]);
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1,
		    argv[3], flags))
		err(1, "kexec_file_load");
	if (flags)
		return 0;
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	err(1, "reboot");
}
