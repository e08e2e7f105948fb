/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFs of a virtio PF in the hands of users, by virtio_vfio_pci
 *
 * Nothing here needs SIOV, so the tests run on kernels that do not know it, too.
 */
#ifndef PCI_SIOV_VIRTIO_VF_H
#define PCI_SIOV_VIRTIO_VF_H

#include "pci_siov_virtio_user.h"

#define VF_DRIVER	"virtio_vfio_pci"

/* The first function that may have VFs and has the driver virtio-pci */
static inline bool vf_find_pf(struct pf *pf)
{
	struct dirent *entry;
	bool found = false;
	char buf[256];
	DIR *dir;

	dir = opendir(PCI_DEVICES);
	if (!dir)
		return false;

	while (!found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    strlen(entry->d_name) >= sizeof(pf->name))
			continue;
		strcpy(pf->name, entry->d_name);
		found = pf_number(pf, "sriov_totalvfs") > 0 &&
			!strcmp(link_target(pf_path(pf, "driver"), buf,
					    sizeof(buf)), "virtio-pci");
	}
	closedir(dir);
	return found;
}

/* Why there are none to test; NULL if there are */
static inline const char *vf_missing(struct pf *pf)
{
	if (strcmp(pf_driver(), "virtio-pci") || !vf_find_pf(pf))
		return "no virtio PF with VFs is meant";
	if (!exists("/sys/bus/pci/drivers/" VF_DRIVER))
		return "no driver " VF_DRIVER;
	if (!expected("isolated"))
		return "VFs are not said to be apart";

	return NULL;
}

static inline void vf_remove_all(const struct pf *pf)
{
	pf_put(pf, "sriov_numvfs", "0");
}

/* Without a driver */
static inline int vf_create_all(const struct pf *pf, unsigned int nr)
{
	char num[16];

	vf_remove_all(pf);
	snprintf(num, sizeof(num), "%u", nr);
	return pf_put(pf, "sriov_drivers_autoprobe", "0") ?:
	       pf_put(pf, "sriov_numvfs", num);
}

static inline const char *vf_name(const struct pf *pf, unsigned int n, char *buf,
				  size_t size)
{
	char file[32];

	snprintf(file, sizeof(file), "virtfn%u", n);
	return link_target(pf_path(pf, file), buf, size);
}

static inline int vf_bind(const char *name)
{
	char path[320];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver_override", name);
	return put_file(path, VF_DRIVER) ?:
	       put_file("/sys/bus/pci/drivers_probe", name);
}

/* In the hands of this process */
static inline int vf_open(const struct pf *pf, unsigned int n, struct user *u)
{
	char buf[256];
	const char *name = vf_name(pf, n, buf, sizeof(buf));

	return vf_bind(name) ?: user_open_at(u, MODE_CDEV, PCI_DEVICES, name);
}

#endif /* PCI_SIOV_VIRTIO_VF_H */
