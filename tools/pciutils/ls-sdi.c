/*
 *	The PCI Utilities -- Show Scalable Device Interfaces
 *
 *	Copyright (c) 2026 Linux SIOV developers
 *
 *	Can be freely distributed and used under the terms of the GNU GPL v2+.
 *
 *	SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lspci.h"

#ifdef PCI_OS_LINUX

#include <dirent.h>
#include <unistd.h>

/*
 * An SDI is no PCI function: it has no configuration space and does not show
 * up on the PCI bus. Linux gives a Physical Function that supports Scalable
 * I/O Virtualization a directory siov/ with a link sdi<N> to each SDI that
 * exists now. They can be 65535, so how many are shown depends on verbosity.
 */

#define SDI_SHOWN 16			/* At -vv; all of them at -vvv */
#define SDI_PATH_LEN 1024

static int
sdi_path(struct pci_dev *p, const char *object, char *buf)
{
  int n = snprintf(buf, SDI_PATH_LEN, "%s/devices/%04x:%02x:%02x.%d/siov%s",
		   pci_get_param(p->access, "sysfs.path"),
		   p->domain, p->bus, p->dev, p->func, object);

  return n > 0 && n < SDI_PATH_LEN;
}

/* The last component of what a link of an SDI points to, "" for the SDI itself */
static const char *
sdi_link(struct pci_dev *p, unsigned int index, const char *link, char *buf)
{
  char object[64], path[SDI_PATH_LEN];
  char *base;
  int n;

  snprintf(object, sizeof(object), "/sdi%u%s", index, link);
  if (!sdi_path(p, object, path))
    return NULL;
  n = readlink(path, buf, SDI_PATH_LEN - 1);
  if (n < 0)
    return NULL;
  buf[n] = 0;
  base = strrchr(buf, '/');
  return base ? base + 1 : buf;
}

static void
show_sdi(struct pci_dev *p, unsigned int index)
{
  char buf[SDI_PATH_LEN];
  const char *s;

  s = sdi_link(p, index, "", buf);
  if (!s)				/* Deleted in the meantime */
    return;
  printf("\t\tSDI %u: %s", index, s);
  if (s = sdi_link(p, index, "/driver", buf))
    printf(", driver %s", s);
  if (s = sdi_link(p, index, "/iommu_group", buf))
    printf(", IOMMU group %s", s);
  putchar('\n');
}

static int
compare_indices(const void *A, const void *B)
{
  unsigned int a = *(const unsigned int *)A;
  unsigned int b = *(const unsigned int *)B;

  return (a > b) - (a < b);
}

/* Total SDIs is a 16-bit number, so the last index is 65534 */
static unsigned int
collect_indices(DIR *dir, unsigned int *indices)
{
  struct dirent *entry;
  unsigned int cnt = 0, index;
  char rest;

  while (cnt < 0xffff && (entry = readdir(dir)))
    if (sscanf(entry->d_name, "sdi%u%c", &index, &rest) == 1 && index < 0xffff)
      indices[cnt++] = index;
  qsort(indices, cnt, sizeof(*indices), compare_indices);
  return cnt;
}

void
show_sdis(struct device *d)
{
  struct pci_dev *p = d->dev;
  unsigned int *indices, cnt, shown, i;
  char path[SDI_PATH_LEN];
  DIR *dir;

  /* Any other method, a dump above all, is not about the devices in sysfs */
  if (p->access->method != PCI_ACCESS_SYS_BUS_PCI)
    return;
  if (!sdi_path(p, "", path) || !(dir = opendir(path)))
    return;

  indices = xmalloc(0xffff * sizeof(*indices));
  cnt = collect_indices(dir, indices);
  closedir(dir);

  printf("\tSDIs in use: %u\n", cnt);
  shown = (verbose > 2 || cnt < SDI_SHOWN) ? cnt : SDI_SHOWN;
  for (i = 0; i < shown; i++)
    show_sdi(p, indices[i]);
  if (shown < cnt)
    printf("\t\t(%u more, use -vvv to see them)\n", cnt - shown);
  free(indices);
}

/* A number in an attribute of the PF, -1 where there is none */
static int
sdi_number(struct pci_dev *p, const char *attribute)
{
  char path[SDI_PATH_LEN];
  FILE *file;
  int n;

  if (!sdi_path(p, attribute, path) || !(file = fopen(path, "r")))
    return -1;
  if (fscanf(file, "%d", &n) != 1)
    n = -1;
  fclose(file);
  return n;
}

int
count_sdis(struct device *d, int *total)
{
  struct pci_dev *p = d->dev;

  if (p->access->method != PCI_ACCESS_SYS_BUS_PCI)
    return -1;
  *total = sdi_number(p, "/total_sdis");
  return (*total < 0) ? -1 : sdi_number(p, "/num_sdis");
}

#else

void
show_sdis(struct device *d UNUSED)
{
}

int
count_sdis(struct device *d UNUSED, int *total UNUSED)
{
  return -1;
}

#endif
