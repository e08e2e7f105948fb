/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The slot that a PF is in
 */
#ifndef PCI_SIOV_SLOT_H
#define PCI_SIOV_SLOT_H

#include "pci_siov_sdi.h"

#define PCI_STATUS_CAPS		0x34
#define BRIDGE_CONTROL		0x3e
#define  BRIDGE_CTL_SERR	0x0002
#define PCI_CAP_EXP		0x10
#define EXP_SLTCAP		0x14
#define  SLTCAP_PCP		0x0002
#define EXP_SLTCTL		0x18
#define  SLTCTL_HPIE		0x0020
#define  SLTCTL_PIC_OFF		0x0300
#define  SLTCTL_PCC_OFF		0x0400

/* The port above the PF: last but one element of the PF's path */
static inline const char *port_name(const struct pf *pf, char *link, size_t size)
{
	char path[64], *slash;
	ssize_t n;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s", pf->name);
	n = readlink(path, link, size - 1);
	link[n < 0 ? 0 : n] = '\0';
	slash = strrchr(link, '/');
	if (!slash)
		return "";
	*slash = '\0';
	slash = strrchr(link, '/');
	return slash ? slash + 1 : "";
}

static inline int port_config(const struct pf *pf)
{
	char path[256], link[256];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config",
		 port_name(pf, link, sizeof(link)));
	return open(path, O_RDWR);
}

/* Firmware may have left it to nobody */
static inline bool forward_errors(const struct pf *pf)
{
	int fd = port_config(pf);
	uint16_t ctl;
	bool ok;

	if (fd < 0)
		return false;
	ok = pread(fd, &ctl, 2, BRIDGE_CONTROL) == 2;
	ctl |= BRIDGE_CTL_SERR;
	ok = ok && pwrite(fd, &ctl, 2, BRIDGE_CONTROL) == 2;
	close(fd);
	return ok;
}

/* Is the PF directly below a root port, and does the kernel handle errors? */
static inline bool errors_are_handled(const struct pf *pf)
{
	char path[512], link[256];

	snprintf(path, sizeof(path),
		 "/sys/bus/pci_express/drivers/aer/%s:pcie002",
		 port_name(pf, link, sizeof(link)));
	return exists(path) && exists(pf_path(pf, "aer_dev_fatal")) &&
	       forward_errors(pf);
}

static inline unsigned int pcie_cap(int fd)
{
	uint8_t pos, id;

	if (pread(fd, &pos, 1, PCI_STATUS_CAPS) != 1)
		return 0;
	while (pos) {
		if (pread(fd, &id, 1, pos) != 1)
			return 0;
		if (id == PCI_CAP_EXP)
			return pos;
		if (pread(fd, &pos, 1, pos + 1) != 1)
			return 0;
	}
	return 0;
}

/*
 * Turn the slot's power off and on, behind the back of its driver: the emulated
 * machine pulls the card
 */
static inline bool pull(int fd)
{
	unsigned int pos = pcie_cap(fd);
	uint32_t cap;
	uint16_t ctl, off;

	if (!pos || pread(fd, &cap, 4, pos + EXP_SLTCAP) != 4 ||
	    !(cap & SLTCAP_PCP) || pread(fd, &ctl, 2, pos + EXP_SLTCTL) != 2)
		return false;

	/* With power, or the port's driver believes that all is in order */
	off = (ctl & ~SLTCTL_HPIE) | SLTCTL_PIC_OFF | SLTCTL_PCC_OFF;
	return pwrite(fd, &off, 2, pos + EXP_SLTCTL) == 2 &&
	       pwrite(fd, &ctl, 2, pos + EXP_SLTCTL) == 2;
}

#endif /* PCI_SIOV_SLOT_H */
