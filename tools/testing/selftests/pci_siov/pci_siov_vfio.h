/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small VFIO user, by container and group or by character device and iommufd
 */
#ifndef PCI_SIOV_VFIO_H
#define PCI_SIOV_VFIO_H

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/iommufd.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "pci_siov_sdi.h"

#define VFIO_DRIVER	"vfio-siov"
#define UNSAFE_TYPE1	"/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"
#define UNSAFE_IOMMUFD	"/sys/module/iommufd/parameters/allow_unsafe_interrupts"
#define PAGE		4096ULL

/* Registers of an SDI of the emulated device */
enum {
	REG_ID = 0x000,
	REG_INDEX = 0x004,
	REG_SRC = 0x010,
	REG_DST = 0x018,
	REG_LEN = 0x020,
	REG_PATTERN = 0x024,
	REG_CMD = 0x028,
	REG_RESULT = 0x02c,
	REG_COUNT = 0x03c,
	REG_DELAY = 0x040,
	REG_REPEAT = 0x044,
	REG_SCRATCH = 0x050,
};

#define ID_VALUE	0x00494453
#define CMD_STOP	0
#define CMD_COPY	1
#define CMD_FILL	2
#define CMD_MSI		4
#define CMD_ERROR	5
#define CMD_VECTOR(n)	((n) << 8)
#define FOREVER		0xffffffff
#define ERROR_NONFATAL	1
#define ERROR_FATAL	2
#define CAUSE_MASTER	4

enum vfio_mode {
	MODE_GROUP,
	MODE_CDEV,
};

struct user {
	enum vfio_mode mode;
	int container;
	int group;
	int iommufd;
	uint32_t ioas;
	int device;
};

static inline bool remapping_is_on(void)
{
	/* Of VT-d and AMD, and of the GICv3: it takes DeviceIDs for no others */
	return irqs_come_by("IR-") || irqs_come_by("ITS-");
}

static inline void allow_unsafe(bool allow)
{
	put_file(UNSAFE_TYPE1, allow ? "Y" : "N");
	put_file(UNSAFE_IOMMUFD, allow ? "Y" : "N");
}

/* An SDI that waits for a user, who opens it by @name */
static inline int create_for_user(const struct pf *pf, unsigned int index,
				  char name[64])
{
	char link[256];
	int ret;

	ret = create_sdi(pf, index, "driver_override=" VFIO_DRIVER);
	if (ret)
		return ret;
	snprintf(name, 64, "%.63s", sdi_name(pf, index, link, sizeof(link)));
	return 0;
}

/* A device of the directory @devices in sysfs */
static inline int user_open_group_at(struct user *u, const char *devices,
				     const char *name)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[320], link[256];

	snprintf(path, sizeof(path), "%s/%s/iommu_group", devices, name);
	snprintf(path, sizeof(path), "/dev/vfio/%s",
		 link_target(path, link, sizeof(link)));
	u->container = open("/dev/vfio/vfio", O_RDWR);
	u->group = open(path, O_RDWR);
	if (u->container < 0 || u->group < 0)
		return -errno;
	if (ioctl(u->group, VFIO_GROUP_GET_STATUS, &status))
		return -errno;
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -ENXIO;
	if (ioctl(u->group, VFIO_GROUP_SET_CONTAINER, &u->container))
		return -errno;
	if (ioctl(u->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	u->device = ioctl(u->group, VFIO_GROUP_GET_DEVICE_FD, name);
	return u->device < 0 ? -errno : 0;
}

static inline int user_open_group(struct user *u, const char *name)
{
	return user_open_group_at(u, SDI_DEVICES, name);
}

static inline int cdev_path_at(const char *devices, const char *name, char *path,
			       size_t size)
{
	struct dirent *entry;
	char dir_path[128];
	int ret = -ENOENT;
	DIR *dir;

	snprintf(dir_path, sizeof(dir_path), "%s/%s/vfio-dev", devices, name);
	dir = opendir(dir_path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "vfio", 4)) {
			snprintf(path, size, "/dev/vfio/devices/%s",
				 entry->d_name);
			ret = 0;
		}
	closedir(dir);
	return ret;
}

static inline int cdev_path(const char *name, char *path, size_t size)
{
	return cdev_path_at(SDI_DEVICES, name, path, size);
}

static inline int user_open_cdev_at(struct user *u, const char *devices,
				    const char *name)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
	};
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	char path[512];
	int ret;

	ret = cdev_path_at(devices, name, path, sizeof(path));
	if (ret)
		return ret;

	u->iommufd = open("/dev/iommu", O_RDWR);
	u->device = open(path, O_RDWR);
	if (u->iommufd < 0 || u->device < 0)
		return -errno;
	bind.iommufd = u->iommufd;
	if (ioctl(u->device, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return -errno;
	if (ioctl(u->iommufd, IOMMU_IOAS_ALLOC, &alloc))
		return -errno;
	u->ioas = alloc.out_ioas_id;
	attach.pt_id = u->ioas;
	return ioctl(u->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) ?
	       -errno : 0;
}

static inline void user_init(struct user *u, enum vfio_mode mode)
{
	*u = (struct user) {
		.mode = mode,
		.container = -1,
		.group = -1,
		.iommufd = -1,
		.device = -1,
	};
}

static inline void user_close(struct user *u)
{
	if (u->device >= 0)
		close(u->device);
	if (u->group >= 0)
		close(u->group);
	if (u->container >= 0)
		close(u->container);
	if (u->iommufd >= 0)
		close(u->iommufd);
	user_init(u, u->mode);
}

static inline int user_open_at(struct user *u, enum vfio_mode mode,
			       const char *devices, const char *name)
{
	int ret;

	user_init(u, mode);
	ret = mode == MODE_CDEV ? user_open_cdev_at(u, devices, name) :
				  user_open_group_at(u, devices, name);
	if (ret)
		user_close(u);
	return ret;
}

static inline int user_open(struct user *u, enum vfio_mode mode,
			    const char *name)
{
	return user_open_at(u, mode, SDI_DEVICES, name);
}

/* Let the device find @mem at @iova */
static inline int user_dma_map_at(struct user *u, uint64_t iova, void *mem,
				  size_t size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)mem,
		.iova = iova,
		.size = size,
	};
	struct iommu_ioas_map ioas_map = {
		.size = sizeof(ioas_map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA |
			 IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = u->ioas,
		.user_va = (uintptr_t)mem,
		.length = size,
		.iova = iova,
	};

	if (u->mode == MODE_CDEV)
		return ioctl(u->iommufd, IOMMU_IOAS_MAP, &ioas_map);
	return ioctl(u->container, VFIO_IOMMU_MAP_DMA, &map);
}

/* New memory that the device finds at @iova */
static inline void *user_dma_map(struct user *u, uint64_t iova, size_t size)
{
	void *mem;

	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return NULL;

	if (user_dma_map_at(u, iova, mem, size)) {
		munmap(mem, size);
		return NULL;
	}
	return mem;
}

static inline uint64_t region_offset(unsigned int index)
{
	return (uint64_t)index << 40;
}

static inline int region_info(const struct user *u, unsigned int index,
			      struct vfio_region_info *info)
{
	*info = (struct vfio_region_info) {
		.argsz = sizeof(*info),
		.index = index,
	};
	return ioctl(u->device, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

static inline ssize_t region_read(const struct user *u, unsigned int index,
				  uint64_t pos, void *buf, size_t size)
{
	ssize_t n = pread(u->device, buf, size, region_offset(index) + pos);

	return n < 0 ? -errno : n;
}

static inline ssize_t region_write(const struct user *u, unsigned int index,
				   uint64_t pos, const void *buf, size_t size)
{
	ssize_t n = pwrite(u->device, buf, size, region_offset(index) + pos);

	return n < 0 ? -errno : n;
}

static inline uint32_t cfg_read(const struct user *u, unsigned int pos,
				size_t size)
{
	uint32_t val = 0;

	if (region_read(u, VFIO_PCI_CONFIG_REGION_INDEX, pos, &val, size) !=
	    (ssize_t)size)
		return 0xdeadbeef;
	return val;
}

static inline int cfg_write(const struct user *u, unsigned int pos,
			    uint32_t val, size_t size)
{
	ssize_t n = region_write(u, VFIO_PCI_CONFIG_REGION_INDEX, pos, &val,
				 size);

	return n < 0 ? n : n == (ssize_t)size ? 0 : -EIO;
}

static inline unsigned int cfg_find_cap(const struct user *u, unsigned int id)
{
	unsigned int pos = cfg_read(u, PCI_CAPABILITY_LIST, 1);
	int ttl = 48;

	while (pos >= 0x40 && ttl--) {
		if (cfg_read(u, pos, 1) == id)
			return pos;
		pos = cfg_read(u, pos + 1, 1);
	}
	return 0;
}

static inline int set_command(const struct user *u, uint16_t set,
			      uint16_t clear)
{
	uint16_t val = cfg_read(u, PCI_COMMAND, 2);

	return cfg_write(u, PCI_COMMAND, (val & ~clear) | set, 2);
}

static inline uint32_t reg(const struct user *u, unsigned int pos)
{
	uint32_t val;

	if (region_read(u, 0, pos, &val, 4) != 4)
		return 0xdeadbeef;
	return val;
}

static inline int set_reg(const struct user *u, unsigned int pos, uint32_t val)
{
	return region_write(u, 0, pos, &val, 4) == 4 ? 0 : -EIO;
}

static inline int set_reg64(const struct user *u, unsigned int pos,
			    uint64_t val)
{
	return region_write(u, 0, pos, &val, 8) == 8 ? 0 : -EIO;
}

/* Until the engine is through; what came of it, with the cause in 15:8 */
static inline uint32_t engine_wait(const struct user *u)
{
	double end = now() + 2;
	uint32_t result;

	do {
		result = reg(u, REG_RESULT);
	} while ((result & 0xff) == RESULT_BUSY && now() < end);
	return result;
}

static inline uint32_t engine_fill(const struct user *u, uint64_t dst,
				   uint32_t len, uint32_t pattern)
{
	set_reg64(u, REG_DST, dst);
	set_reg(u, REG_LEN, len);
	set_reg(u, REG_PATTERN, pattern);
	set_reg(u, REG_CMD, CMD_FILL);
	return engine_wait(u);
}

static inline uint32_t engine_msi(const struct user *u, unsigned int vector)
{
	set_reg(u, REG_CMD, CMD_MSI | CMD_VECTOR(vector));
	return engine_wait(u);
}

static inline int set_irqs(const struct user *u, uint32_t flags,
			   uint32_t index, uint32_t start, uint32_t count,
			   const void *data, size_t size)
{
	struct {
		struct vfio_irq_set hdr;
		uint8_t data[256];
	} set = {
		.hdr = {
			.argsz = sizeof(set.hdr) + size,
			.flags = flags,
			.index = index,
			.start = start,
			.count = count,
		},
	};

	if (size)
		memcpy(set.data, data, size);
	return ioctl(u->device, VFIO_DEVICE_SET_IRQS, &set) ? -errno : 0;
}

static inline int set_eventfds(const struct user *u, uint32_t index,
			       uint32_t start, uint32_t count, const int *fds)
{
	return set_irqs(u, VFIO_IRQ_SET_DATA_EVENTFD |
			VFIO_IRQ_SET_ACTION_TRIGGER, index, start, count, fds,
			count * sizeof(*fds));
}

static inline int disable_irqs(const struct user *u, uint32_t index)
{
	return set_irqs(u, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
			index, 0, 0, NULL, 0);
}

/* How often an eventfd was signalled, 0 if it was not for @ms milliseconds */
static inline uint64_t events(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t value = 0;

	if (poll(&pfd, 1, ms) == 1 && read(fd, &value, 8) != 8)
		value = 0;
	return value;
}

/* What of a BAR other devices may access */
struct range {
	uint64_t offset;
	uint64_t length;
};

/* A DMA-BUF of at most four ranges of a BAR: its file, or an error */
static inline int export_ranges(const struct user *u, uint32_t index,
				uint32_t flags, uint32_t nr,
				const struct range *range)
{
	struct {
		struct vfio_device_feature hdr;
		struct vfio_device_feature_dma_buf buf;
		struct vfio_region_dma_range range[4];
	} arg = {
		.hdr.argsz = sizeof(arg),
		.hdr.flags = VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_DMA_BUF,
		.buf.region_index = index,
		.buf.open_flags = O_RDWR | O_CLOEXEC,
		.buf.flags = flags,
		.buf.nr_ranges = nr,
	};
	unsigned int i;
	int fd;

	for (i = 0; i < nr; i++) {
		arg.range[i].offset = range[i].offset;
		arg.range[i].length = range[i].length;
	}

	fd = ioctl(u->device, VFIO_DEVICE_FEATURE, &arg);
	return fd < 0 ? -errno : fd;
}

/* The same of the first page */
static inline int export_page(const struct user *u, uint32_t index)
{
	return export_ranges(u, index, 0, 1, &(struct range){ 0, PAGE });
}

#endif /* PCI_SIOV_VFIO_H */
