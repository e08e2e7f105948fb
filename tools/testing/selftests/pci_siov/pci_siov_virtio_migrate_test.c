// SPDX-License-Identifier: GPL-2.0
/*
 * Migration of virtio SDIs in the hands of a user: VFIO_DEVICE_FEATURE_MIGRATION
 *
 * From one SDI to another of the same PF, and of another one; the same for VFs. The user
 * maps the same memory for both, as if it had been copied. Needs a virtio PF with device
 * parts, CONFIG_VIRTIO_VFIO_SIOV, for VFs CONFIG_VIRTIO_VFIO_PCI, and
 * SIOV_PF_DRIVER=virtio-pci in the environment, skips where they are absent. SIOV_DISK is
 * the index of an SDI that is a disk, the next one is the same disk; SIOV_OTHER_PF is
 * another such PF on the same network. SDIs and VFs that exist are destroyed.
 */
#include "../kselftest_harness.h"
#include "pci_siov_log.h"
#include "pci_siov_virtio_dev.h"
#include "pci_siov_virtio_vf.h"

#define STREAM_MAX	0x10000
#define HEAD		16	/* of a record: its size, flags, a tag */
#define PART_HEAD	16

enum {
	PART_DEV_FEATURES = 0x100,
	PART_DRV_FEATURES = 0x101,
	PART_COMMON = 0x102,
	PART_STATUS = 0x103,
	PART_QUEUE = 0x104,
	PART_NOTIFY = 0x105,
};

struct stream {
	size_t len;
	uint8_t data[STREAM_MAX];
};

/* ---- States ---- */

static int feature(const struct user *u, uint32_t flags, void *data,
		   size_t size)
{
	uint64_t buf[(sizeof(struct vfio_device_feature) + 64) / 8] = { };
	struct vfio_device_feature *f = (void *)buf;
	int ret;

	f->argsz = sizeof(*f) + size;
	f->flags = flags;
	memcpy(f->data, data, size);
	ret = ioctl(u->device, VFIO_DEVICE_FEATURE, f) ? -errno : 0;
	memcpy(data, f->data, size);
	return ret;
}

/* A file if the way leads to one, otherwise -1; or an error in @ret */
static int set_state(const struct user *u, uint32_t state, int *ret)
{
	struct vfio_device_feature_mig_state mig = {
		.device_state = state,
		.data_fd = -1,
	};

	*ret = feature(u, VFIO_DEVICE_FEATURE_SET |
		       VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig, sizeof(mig));
	return *ret ? -1 : mig.data_fd;
}

static int go_to(const struct user *u, uint32_t state)
{
	int ret, fd = set_state(u, state, &ret);

	if (fd >= 0)
		close(fd);

	return ret;
}

static int state_of(const struct user *u)
{
	struct vfio_device_feature_mig_state mig = { };
	int ret = feature(u, VFIO_DEVICE_FEATURE_GET |
			  VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig,
			  sizeof(mig));

	return ret ?: (int)mig.device_state;
}

static uint64_t migration_flags(const struct user *u)
{
	struct vfio_device_feature_migration mig = { };

	return feature(u, VFIO_DEVICE_FEATURE_GET |
		       VFIO_DEVICE_FEATURE_MIGRATION, &mig, sizeof(mig)) ?
	       0 : mig.flags;
}

/* All that there is now. Its end is told by 0, or by ENOMSG while it runs */
static int read_all(int fd, struct stream *s)
{
	ssize_t ret;

	do {
		ret = read(fd, s->data + s->len, sizeof(s->data) - s->len);
		if (ret > 0)
			s->len += ret;
	} while (ret > 0 && s->len < sizeof(s->data));

	return ret < 0 && errno != ENOMSG ? -errno : 0;
}

/* Stop the device and take its state */
static int save(const struct user *u, struct stream *s)
{
	int ret, fd;

	s->len = 0;
	fd = set_state(u, VFIO_DEVICE_STATE_STOP_COPY, &ret);
	if (fd < 0)
		return ret ?: -EBADF;

	ret = read_all(fd, s);
	close(fd);
	return ret ?: go_to(u, VFIO_DEVICE_STATE_STOP);
}

/* Give it to another one, which is stopped afterwards */
static int restore(const struct user *u, const void *data, size_t len)
{
	int ret, fd;

	fd = set_state(u, VFIO_DEVICE_STATE_RESUMING, &ret);
	if (fd < 0)
		return ret ?: -EBADF;
	if (len && write(fd, data, len) != (ssize_t)len)
		ret = -errno;
	close(fd);
	return ret ?: go_to(u, VFIO_DEVICE_STATE_STOP);
}

static int restore_stream(const struct user *u, const struct stream *s)
{
	return restore(u, s->data, s->len);
}

/* The driver goes on with another device: its queues are what they were */
static int take_over(struct virtio *to, const struct virtio *from)
{
	if (user_dma_map_at(&to->user, from->iova, from->mem, MEMORY_SIZE))
		return -errno;

	munmap(to->mem, MEMORY_SIZE);
	to->mem = from->mem;
	to->iova = from->iova;
	memcpy(to->queue, from->queue, sizeof(to->queue));
	return set_command(&to->user, PCI_COMMAND_MASTER, 0);
}

/* Whoever has it mapped has it open */
static void close_device(struct virtio *v)
{
	munmap(v->bar, v->bar_size);
	user_close(&v->user);
}

/* ---- SDIs and VFs ---- */

/* @all_parts: a state that lacks parts is refused, and not the device's to judge */
struct kind {
	const char *(*missing)(struct pf *pf);
	int (*create_all)(const struct pf *pf, unsigned int nr);
	int (*open)(const struct pf *pf, unsigned int n, struct user *u);
	const char *(*name)(const struct pf *pf, unsigned int n, char *buf,
			    size_t size);
	void (*remove_all)(const struct pf *pf);
	const char *devices;
	bool all_parts;
};

static bool is_meant(struct pf *pf)
{
	return !strcmp(pf_driver(), "virtio-pci") && find_pf(pf) &&
	       exists("/sys/bus/pci_sdi/drivers/" VIRTIO_VFIO_DRIVER);
}

static const char *sdi_missing(struct pf *pf)
{
	if (!is_meant(pf))
		return "no virtio PF is meant, or no " VIRTIO_VFIO_DRIVER;
	if (!expected("isolated"))
		return "SDIs are not said to be apart";

	return NULL;
}

static int sdi_create_all(const struct pf *pf, unsigned int nr)
{
	unsigned int i;
	int ret = 0;

	delete_all(pf);
	for (i = 0; !ret && i < nr; i++)
		ret = create_sdi(pf, i, "driver_override=" VIRTIO_VFIO_DRIVER);

	return ret;
}

static int sdi_open(const struct pf *pf, unsigned int n, struct user *u)
{
	char buf[256];

	return user_open(u, MODE_CDEV, sdi_name(pf, n, buf, sizeof(buf)));
}

static const struct kind sdi = {
	.missing = sdi_missing,
	.create_all = sdi_create_all,
	.open = sdi_open,
	.name = sdi_name,
	.remove_all = delete_all,
	.devices = SDI_DEVICES,
	.all_parts = true,
};

static const struct kind vf = {
	.missing = vf_missing,
	.create_all = vf_create_all,
	.open = vf_open,
	.name = vf_name,
	.remove_all = vf_remove_all,
	.devices = PCI_DEVICES,
};

/* ---- NICs ---- */

#define SOURCE	0
#define TARGET	1
#define PEER	2
#define NR_NICS	3

static void open_nics(struct __test_metadata *_metadata,
		      const struct kind *kind, const struct pf *pf,
		      struct nic *nic)
{
	unsigned int i;

	allow_unsafe(!remapping_is_on());
	ASSERT_EQ(0, kind->create_all(pf, NR_NICS));
	for (i = 0; i < NR_NICS; i++) {
		struct virtio *v = &nic[i].v;

		ASSERT_EQ(0, kind->open(pf, i, &v->user));
		ASSERT_EQ(0, virtio_find(v, NIC_IOVA(i)));
		ASSERT_EQ(0, request_vectors(&nic[i]));
	}
	ASSERT_EQ(0, start_nic(&nic[SOURCE]));
	ASSERT_EQ(0, start_nic(&nic[PEER]));
	ASSERT_EQ(0, exchange(&nic[SOURCE], &nic[PEER], 0));
}

FIXTURE(migrate)
{
	struct pf pf;
	struct nic nic[NR_NICS];
	struct stream stream;
};

FIXTURE_VARIANT(migrate)
{
	const struct kind *kind;
};

FIXTURE_VARIANT_ADD(migrate, sdi)
{
	.kind = &sdi,
};

FIXTURE_VARIANT_ADD(migrate, vf)
{
	.kind = &vf,
};

FIXTURE_SETUP(migrate)
{
	const char *reason;
	unsigned int i;

	for (i = 0; i < NR_NICS; i++)
		user_init(&self->nic[i].v.user, MODE_CDEV);
	reason = variant->kind->missing(&self->pf);
	if (reason)
		SKIP(return, "%s", reason);

	open_nics(_metadata, variant->kind, &self->pf, self->nic);
}

FIXTURE_TEARDOWN_PARENT(migrate)
{
	variant->kind->remove_all(&self->pf);
}

/* What VFs cannot do, as they go with a reset of their PF, or what need not be done twice */
FIXTURE(migrate_sdi)
{
	struct pf pf;
	struct nic nic[NR_NICS];
	struct stream stream;
};

FIXTURE_SETUP(migrate_sdi)
{
	const char *reason;
	unsigned int i;

	for (i = 0; i < NR_NICS; i++)
		user_init(&self->nic[i].v.user, MODE_CDEV);
	reason = sdi.missing(&self->pf);
	if (reason)
		SKIP(return, "%s", reason);

	open_nics(_metadata, &sdi, &self->pf, self->nic);
}

FIXTURE_TEARDOWN_PARENT(migrate_sdi)
{
	sdi.remove_all(&self->pf);
}

/* The source of a migration that has failed goes on as if nothing had been */
static void expect_goes_on(struct __test_metadata *_metadata, struct nic *nic,
			   struct nic *peer, unsigned int seed)
{
	EXPECT_EQ(0, go_to(&nic->v.user, VFIO_DEVICE_STATE_RUNNING));
	EXPECT_EQ(0, exchange(nic, peer, seed));
}

TEST_F(migrate, states)
{
	static const uint32_t way[] = {
		VFIO_DEVICE_STATE_RUNNING_P2P, VFIO_DEVICE_STATE_STOP,
		VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_STOP,
		VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_STOP,
		VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_PRE_COPY,
		VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_PRE_COPY,
		VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_RUNNING,
	};
	const struct user *u = &self->nic[TARGET].v.user;
	struct vfio_device_feature_mig_data_size size = { };
	unsigned int i;

	EXPECT_EQ(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
		  VFIO_MIGRATION_PRE_COPY, migration_flags(u));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, state_of(u));
	for (i = 0; i < ARRAY_SIZE(way); i++) {
		ASSERT_EQ(0, go_to(u, way[i])) {
			TH_LOG("state %u", way[i]);
		}
		ASSERT_EQ((int)way[i], state_of(u));
	}
	EXPECT_EQ(-EINVAL, go_to(u, VFIO_DEVICE_STATE_ERROR));
	EXPECT_EQ(-EINVAL, go_to(u, 1000));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, state_of(u));
	ASSERT_EQ(0, feature(u, VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, &size,
			     sizeof(size)));
	EXPECT_LT(500, size.stop_copy_length);
}

/* Nothing comes from a device that is stopped, and nothing is lost */
TEST_F(migrate, stopped)
{
	struct nic *a = &self->nic[SOURCE], *c = &self->nic[PEER];
	uint32_t len;

	ASSERT_EQ(0, go_to(&a->v.user, VFIO_DEVICE_STATE_RUNNING_P2P));
	events(a->irq[RX_VECTOR], 100);
	events(a->irq[TX_VECTOR], 0);
	post(a, c, 1, MIN_FRAME);
	post(c, a, 2, MIN_FRAME);
	EXPECT_EQ(-ETIMEDOUT, wait_used(&c->v, RX, 300, &len));
	EXPECT_EQ(-ETIMEDOUT, wait_used(&a->v, RX, 100, &len));
	EXPECT_EQ(0, events(a->irq[RX_VECTOR], 0));
	EXPECT_EQ(0, events(a->irq[TX_VECTOR], 0));
	EXPECT_EQ(0xf, virtio_status(&a->v));

	ASSERT_EQ(0, go_to(&a->v.user, VFIO_DEVICE_STATE_RUNNING));
	EXPECT_EQ(0, receive(c, a, 1, MIN_FRAME));
	EXPECT_EQ(0, receive(a, c, 2, MIN_FRAME));
	EXPECT_LE(1, events(a->irq[RX_VECTOR], 1000));
}

/* From now on @to is the NIC that @from was */
static int switch_over(struct nic *to, struct nic *from)
{
	memcpy(to->mac, from->mac, ETH_ALEN);
	return take_over(&to->v, &from->v) ?:
	       go_to(&to->v.user, VFIO_DEVICE_STATE_RUNNING);
}

static void expect_nothing_lost(struct __test_metadata *_metadata,
				struct nic *to, struct nic *peer)
{
	unsigned int i;

	/* What it was told of before it was stopped */
	for (i = 0; i < QUEUE_SIZE / 2; i++)
		EXPECT_EQ(0, receive(peer, to, i, MIN_FRAME));
	/* And much more than the queues have room for */
	for (i = 0; i < 3 * QUEUE_SIZE; i++)
		ASSERT_EQ(0, transfer(peer, to, i, MAX_FRAME));
	EXPECT_LE(1, events(to->irq[RX_VECTOR], 1000));
}

/* All of the sender's are used: each time one, however many packets there are */
static void reap_sent(struct nic *nic)
{
	uint32_t len;

	while (wait_used(&nic->v, TX, 200, &len) >= 0)
		;
}

static void move_nic(struct __test_metadata *_metadata, struct nic *a,
		     struct nic *b, struct nic *c, struct stream *s)
{
	unsigned int i;

	/* What is told to it after it has stopped is the other one's to do */
	ASSERT_EQ(0, go_to(&a->v.user, VFIO_DEVICE_STATE_STOP));
	for (i = 0; i < QUEUE_SIZE / 2; i++)
		post(a, c, i, MIN_FRAME);
	ASSERT_EQ(0, save(&a->v.user, s));
	ASSERT_EQ(0, restore_stream(&b->v.user, s));
	EXPECT_EQ(0xf, virtio_status(&b->v));
	ASSERT_EQ(0, switch_over(b, a));
	expect_nothing_lost(_metadata, b, c);
	reap_sent(b);
	EXPECT_EQ(0, exchange(b, c, 3));
	EXPECT_TRUE(guard_is_intact(&b->v));
	EXPECT_TRUE(guard_is_intact(&c->v));
}

TEST_F(migrate, nic)
{
	move_nic(_metadata, &self->nic[SOURCE], &self->nic[TARGET],
		 &self->nic[PEER], &self->stream);
}

/* There and back, as the one that it came from is reset */
TEST_F(migrate, nic_and_back)
{
	struct nic *a = &self->nic[SOURCE], *b = &self->nic[TARGET];

	move_nic(_metadata, a, b, &self->nic[PEER], &self->stream);
	ASSERT_EQ(0, ioctl(a->v.user.device, VFIO_DEVICE_RESET));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, state_of(&a->v.user));
	ASSERT_EQ(0, save(&b->v.user, &self->stream));
	ASSERT_EQ(0, restore_stream(&a->v.user, &self->stream));
	memcpy(a->v.queue, b->v.queue, sizeof(a->v.queue));
	ASSERT_EQ(0, set_command(&a->v.user, PCI_COMMAND_MASTER, 0));
	ASSERT_EQ(0, go_to(&a->v.user, VFIO_DEVICE_STATE_RUNNING));
	EXPECT_EQ(0, exchange(a, &self->nic[PEER], 5));
}

/* Byte by byte through the file, which no reader has to do in one go */
TEST_F(migrate, small_pieces)
{
	struct nic *a = &self->nic[SOURCE], *b = &self->nic[TARGET];
	struct stream *s = &self->stream;
	int ret, fd;
	size_t i;

	s->len = 0;
	fd = set_state(&a->v.user, VFIO_DEVICE_STATE_STOP_COPY, &ret);
	ASSERT_LE(0, fd);
	while (read(fd, s->data + s->len, 1) == 1)
		s->len++;
	close(fd);
	ASSERT_LT(HEAD, s->len);
	fd = set_state(&b->v.user, VFIO_DEVICE_STATE_RESUMING, &ret);
	ASSERT_LE(0, fd);
	for (i = 0; i < s->len; i++)
		ASSERT_EQ(1, write(fd, s->data + i, 1));
	close(fd);
	ASSERT_EQ(0, go_to(&b->v.user, VFIO_DEVICE_STATE_STOP));
	ASSERT_EQ(0, switch_over(b, a));
	EXPECT_EQ(0, exchange(b, &self->nic[PEER], 1));
}

/* The device works while its state is read for the first time */
TEST_F(migrate, nic_precopy)
{
	struct nic *a = &self->nic[SOURCE], *b = &self->nic[TARGET];
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	struct nic *c = &self->nic[PEER];
	struct stream *s = &self->stream;
	size_t first;
	int ret, fd;

	s->len = 0;
	fd = set_state(&a->v.user, VFIO_DEVICE_STATE_PRE_COPY, &ret);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info));
	EXPECT_LT(HEAD, info.initial_bytes);
	EXPECT_EQ(0, exchange(a, c, 1));
	ASSERT_EQ(0, read_all(fd, s));
	EXPECT_EQ(info.initial_bytes, s->len);
	first = s->len;
	EXPECT_EQ(0, exchange(a, c, 2));

	/* It has changed since */
	common_put16(&a->v, VIRTIO_PCI_COMMON_MSIX, NO_VECTOR);
	ASSERT_EQ(0, go_to(&a->v.user, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_EQ(0, read_all(fd, s));
	EXPECT_LT(first, s->len);
	close(fd);
	ASSERT_EQ(0, restore_stream(&b->v.user, s));
	EXPECT_EQ(NO_VECTOR, common_get16(&b->v, VIRTIO_PCI_COMMON_MSIX));
	ASSERT_EQ(0, switch_over(b, a));
	EXPECT_EQ(0, exchange(b, c, 3));
}

/* A PF of its own, and all that goes between the two comes by their uplinks */
TEST_F(migrate_sdi, other_pf)
{
	struct nic *a = &self->nic[SOURCE], b = { };
	const char *name = getenv("SIOV_OTHER_PF");
	struct pf other = { };

	if (!name)
		SKIP(return, "SIOV_OTHER_PF does not name another PF");

	snprintf(other.name, sizeof(other.name), "%s", name);
	delete_all(&other);
	ASSERT_EQ(0, open_sdi(&other, 7, &b.v, NIC_IOVA(TARGET)));
	ASSERT_EQ(0, request_vectors(&b));
	ASSERT_EQ(0, save(&a->v.user, &self->stream));
	ASSERT_EQ(0, restore_stream(&b.v.user, &self->stream));
	ASSERT_EQ(0, switch_over(&b, a));
	/* Here it is no more */
	ASSERT_EQ(0, ioctl(a->v.user.device, VFIO_DEVICE_RESET));
	EXPECT_EQ(0, exchange(&b, &self->nic[PEER], 1));
	EXPECT_EQ(0, exchange(&b, &self->nic[PEER], 2));
	close_device(&b.v);
	delete_all(&other);
}

/* ---- What is refused ---- */

static uint16_t le16_at(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static uint32_t le32_at(const uint8_t *p)
{
	return le16_at(p) | (uint32_t)le16_at(p + 2) << 16;
}

/* The first part of this type in the only record of the stream */
static uint8_t *find_part(struct stream *s, uint16_t type)
{
	size_t pos = HEAD;

	while (pos + PART_HEAD <= s->len) {
		if (le16_at(s->data + pos) == type)
			return s->data + pos;
		pos += PART_HEAD + le32_at(s->data + pos + 12);
	}

	return NULL;
}

static void put_size(struct stream *s, size_t len)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		s->data[i] = (uint64_t)len >> (8 * i);
}

static void edit_features(struct stream *s)
{
	find_part(s, PART_DEV_FEATURES)[PART_HEAD] ^= 1;
}

static void edit_accepted(struct stream *s)
{
	find_part(s, PART_DRV_FEATURES)[PART_HEAD + 7] ^= 0x80;
}

static void edit_queue(struct stream *s)
{
	find_part(s, PART_QUEUE)[PART_HEAD] = 3;
}

static void edit_unknown(struct stream *s)
{
	find_part(s, PART_NOTIFY)[0] = 0x77;
}

static void edit_twice(struct stream *s)
{
	uint8_t *part = find_part(s, PART_NOTIFY);

	memcpy(part + PART_HEAD + 8, part, PART_HEAD + 8);
}

static void edit_cut_part(struct stream *s)
{
	s->len--;
	put_size(s, s->len - HEAD);
}

static void remove_part(struct stream *s, uint16_t type)
{
	uint8_t *part = find_part(s, type);
	size_t len = PART_HEAD + le32_at(part + 12);

	s->len -= len;
	memmove(part, part + len, s->data + s->len - part);
	put_size(s, s->len - HEAD);
}

/* One of several, and the only one */
static void edit_no_queue(struct stream *s)
{
	remove_part(s, PART_QUEUE);
}

static void edit_no_status(struct stream *s)
{
	remove_part(s, PART_STATUS);
}

static void edit_cut(struct stream *s)
{
	s->len--;
}

static void edit_cut_head(struct stream *s)
{
	s->len = HEAD - 1;
}

static void edit_empty(struct stream *s)
{
	put_size(s, 0);
	s->len = HEAD;
}

static void edit_tag(struct stream *s)
{
	s->data[12] = 1;
}

static void edit_size(struct stream *s)
{
	put_size(s, 0x100000000);
}

/* Too large to allocate: memory is only needed for data that arrives */
static void edit_size_large(struct stream *s)
{
	put_size(s, 0xfffffff0);
}

static const struct {
	const char *name;
	void (*edit)(struct stream *s);
	const char *reason;
	bool incomplete;
} edits[] = {
	{ "features", edit_features, "refuses the state" },
	{ "accepted", edit_accepted, "refuses the state" },
	{ "queue", edit_queue, "refuses the state" },
	{ "unknown", edit_unknown, "refuses the state" },
	{ "twice", edit_twice, "refuses the state" },
	{ "cut_part", edit_cut_part, "refuses the state" },
	{ "no_queue", edit_no_queue, "no part of type 0x104", true },
	{ "no_status", edit_no_status, "no part of type 0x103", true },
	{ "cut", edit_cut, "has not got all" },
	{ "cut_head", edit_cut_head, "has not got all" },
	{ "empty", edit_empty, "empty record" },
	{ "tag", edit_tag, "unknown type" },
	{ "size", edit_size, "record of" },
	{ "size_large", edit_size_large, "has not got all" },
};

/* After an error a reset is the way out, and takes all that came with the stream */
static void expect_as_new(struct __test_metadata *_metadata, struct nic *nic)
{
	EXPECT_EQ(0, ioctl(nic->v.user.device, VFIO_DEVICE_RESET));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, state_of(&nic->v.user));
	EXPECT_TRUE(is_as_new(&nic->v));
}

/* With a reason, which names the device; and where it came from it goes on */
TEST_F(migrate, refused)
{
	struct nic *a = &self->nic[SOURCE], *b = &self->nic[TARGET];
	const char *name;
	char buf[256];
	unsigned int i;
	int log;

	name = variant->kind->name(&self->pf, TARGET, buf, sizeof(buf));
	ASSERT_EQ(0, save(&a->v.user, &self->stream));
	for (i = 0; i < ARRAY_SIZE(edits); i++) {
		struct stream bad = self->stream;

		if (edits[i].incomplete && !variant->kind->all_parts)
			continue;
		edits[i].edit(&bad);
		log = log_open();
		ASSERT_LE(0, log);
		EXPECT_GT(0, restore_stream(&b->v.user, &bad)) {
			TH_LOG("taken: %s", edits[i].name);
		}
		/* It has taken all that it was given, but not as a whole */
		EXPECT_EQ(edits[i].incomplete ? VFIO_DEVICE_STATE_ERROR :
						VFIO_DEVICE_STATE_RESUMING,
			  state_of(&b->v.user));
		EXPECT_TRUE(log_tells(log, edits[i].reason, name)) {
			TH_LOG("no reason: %s", edits[i].name);
		}
		close(log);
		expect_as_new(_metadata, b);
	}
	expect_goes_on(_metadata, a, &self->nic[PEER], 1);

	/* It was none of the target's fault */
	move_nic(_metadata, a, b, &self->nic[PEER], &self->stream);
}

/* An optional record is skipped, and a repeated record does no harm */
TEST_F(migrate, replayed)
{
	struct nic *a = &self->nic[SOURCE], *b = &self->nic[TARGET];
	static const uint8_t skip[HEAD + 5] = { 5, [8] = 1, [12] = 99 };
	struct stream *s = &self->stream, twice = { };

	ASSERT_EQ(0, save(&a->v.user, s));
	memcpy(twice.data, skip, sizeof(skip));
	twice.len = sizeof(skip);
	memcpy(twice.data + twice.len, s->data, s->len);
	twice.len += s->len;
	memcpy(twice.data + twice.len, s->data, s->len);
	twice.len += s->len;
	ASSERT_EQ(0, restore_stream(&b->v.user, &twice));
	ASSERT_EQ(0, switch_over(b, a));
	EXPECT_EQ(0, exchange(b, &self->nic[PEER], 1));
}

/*
 * A record that is longer than a page and then one of no bytes: the device may be
 * given no memory that is none of its business
 */
TEST_F(migrate, empty_after_long)
{
	struct nic *b = &self->nic[TARGET];
	struct stream *s = &self->stream;
	unsigned int more = 0x4000;
	uint8_t *part;

	ASSERT_EQ(0, save(&self->nic[SOURCE].v.user, s));
	/* A part that nobody knows and nobody has to */
	part = s->data + s->len;
	memset(part, 0, PART_HEAD + more);
	part[0] = 0xff;
	part[1] = 0x05;
	part[2] = 1;
	part[13] = more >> 8;
	s->len += PART_HEAD + more;
	put_size(s, s->len - HEAD);
	/* It is looked at when the next one begins */
	memset(s->data + s->len, 0, HEAD + 1);
	s->len += HEAD + 1;
	EXPECT_EQ(-EINVAL, restore_stream(&b->v.user, s));
	expect_as_new(_metadata, b);
}

/* Each byte changed, and the stream cut behind each: no harm to anybody else */
TEST_F_TIMEOUT(migrate_sdi, every_byte, 300)
{
	struct nic *a = &self->nic[SOURCE], *b = &self->nic[TARGET];
	struct nic *c = &self->nic[PEER];
	unsigned int i, taken = 0;

	ASSERT_EQ(0, save(&a->v.user, &self->stream));
	ASSERT_EQ(0, go_to(&a->v.user, VFIO_DEVICE_STATE_RUNNING));
	for (i = 0; i < self->stream.len; i++) {
		struct stream bad = self->stream;
		int ret;

		bad.data[i] ^= 1 + i * 7 % 255;
		ret = restore_stream(&b->v.user, &bad);
		if (!ret)
			ret = go_to(&b->v.user, VFIO_DEVICE_STATE_RUNNING);
		taken += !ret;
		ASSERT_EQ(0, ioctl(b->v.user.device, VFIO_DEVICE_RESET));
		ASSERT_EQ(-EINVAL, i ? restore(&b->v.user, self->stream.data, i) :
				       -EINVAL);
		ASSERT_EQ(0, ioctl(b->v.user.device, VFIO_DEVICE_RESET));
		if (i % 32 == 0)
			ASSERT_EQ(0, exchange(a, c, i));
	}

	TH_LOG("%u of %zu have been taken", taken, self->stream.len);
	EXPECT_LT(taken, self->stream.len);
	EXPECT_TRUE(guard_is_intact(&a->v));
	EXPECT_TRUE(guard_is_intact(&c->v));
	EXPECT_TRUE(is_as_new(&b->v));
	ASSERT_EQ(0, start_nic(b));
	EXPECT_EQ(0, exchange(b, c, 1));
}

/* ---- Resets ---- */

static const uint32_t states[] = {
	VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_RUNNING_P2P,
	VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_STOP_COPY,
	VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_PRE_COPY,
	VFIO_DEVICE_STATE_PRE_COPY_P2P,
};

/* The file gives nothing and takes nothing any more */
static int is_dead(int fd, uint32_t state)
{
	char buf[HEAD] = { };
	ssize_t ret;

	if (fd < 0)
		return true;
	ret = state == VFIO_DEVICE_STATE_RESUMING ? write(fd, buf, HEAD) :
						    read(fd, buf, HEAD);
	return ret < 0 && errno == ENODEV;
}

static void reset_in_each_state(struct __test_metadata *_metadata,
				const struct pf *pf, struct nic *nic,
				struct nic *peer,
				int (*reset)(const struct pf *pf,
					     struct nic *nic))
{
	unsigned int i;
	int ret, fd;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		fd = set_state(&nic->v.user, states[i], &ret);
		ASSERT_EQ(0, ret);
		ASSERT_EQ(0, reset(pf, nic));
		EXPECT_TRUE(is_dead(fd, states[i])) {
			TH_LOG("state %u", states[i]);
		}
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, state_of(&nic->v.user));
		EXPECT_TRUE(is_dead(fd, states[i]));
		close(fd);
		EXPECT_TRUE(is_as_new(&nic->v));
		ASSERT_EQ(0, start_nic(nic));
		ASSERT_EQ(0, start_nic(peer));
		EXPECT_EQ(0, exchange(nic, peer, i));
	}
}

TEST_F(migrate, reset_by_ioctl)
{
	reset_in_each_state(_metadata, &self->pf, &self->nic[SOURCE],
			    &self->nic[PEER], reset_by_ioctl);
}

TEST_F(migrate, reset_by_flr)
{
	reset_in_each_state(_metadata, &self->pf, &self->nic[SOURCE],
			    &self->nic[PEER], reset_by_flr);
}

/* Twice, so that there would be more lost objects than there are */
TEST_F(migrate_sdi, reset_by_pf)
{
	reset_in_each_state(_metadata, &self->pf, &self->nic[SOURCE],
			    &self->nic[PEER], reset_by_pf);
	reset_in_each_state(_metadata, &self->pf, &self->nic[SOURCE],
			    &self->nic[PEER], reset_by_pf);
	move_nic(_metadata, &self->nic[SOURCE], &self->nic[TARGET],
		 &self->nic[PEER], &self->stream);
}

/* As many as there are objects, and one more */
TEST_F(migrate, again_and_again)
{
	const struct user *u = &self->nic[TARGET].v.user;
	int i;

	for (i = 0; i < 2 * layout("SIOV_PARTS_OBJECTS", 16) + 1; i++) {
		ASSERT_EQ(0, go_to(u, VFIO_DEVICE_STATE_STOP_COPY));
		ASSERT_EQ(0, go_to(u, VFIO_DEVICE_STATE_RESUMING));
		ASSERT_EQ(0, go_to(u, VFIO_DEVICE_STATE_PRE_COPY));
	}
}

/* Who has too many of them gets an error, and the next one works again */
TEST_F(migrate, no_object_left)
{
	unsigned int i, held = 0, max = layout("SIOV_PARTS_OBJECTS", 16);
	int ret;

	if (max > NR_NICS - 1)
		SKIP(return, "SIOV_PARTS_OBJECTS is no less than there are NICs");
	for (i = 0; i < NR_NICS; i++) {
		ret = go_to(&self->nic[i].v.user, VFIO_DEVICE_STATE_PRE_COPY);
		held += !ret;
		EXPECT_TRUE(!ret || ret == -ENOSPC);
	}
	EXPECT_EQ(max, held);
	for (i = 0; i < NR_NICS; i++)
		EXPECT_EQ(0, go_to(&self->nic[i].v.user,
				   VFIO_DEVICE_STATE_RUNNING));
	EXPECT_EQ(0, go_to(&self->nic[NR_NICS - 1].v.user,
			   VFIO_DEVICE_STATE_PRE_COPY));
}

/* ---- Files that are older than the device ---- */

static int with_closed(struct __test_metadata *_metadata, const struct pf *pf,
		       struct nic *nic, uint32_t state)
{
	int ret, fd;

	fd = set_state(&nic->v.user, state, &ret);
	EXPECT_LE(0, fd);
	close_device(&nic->v);
	EXPECT_TRUE(is_dead(fd, state));
	return fd;
}

TEST_F(migrate, file_after_close)
{
	struct nic *a = &self->nic[SOURCE], *b = &self->nic[TARGET];
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	int out, in;

	out = with_closed(_metadata, &self->pf, a, VFIO_DEVICE_STATE_PRE_COPY);
	/* Nobody is asked, and so it is not the number of the object that is wrong */
	EXPECT_EQ(-1, ioctl(out, VFIO_MIG_GET_PRECOPY_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	in = with_closed(_metadata, &self->pf, b, VFIO_DEVICE_STATE_RESUMING);
	close_device(&self->nic[PEER].v);
	variant->kind->remove_all(&self->pf);
	EXPECT_TRUE(is_dead(out, VFIO_DEVICE_STATE_PRE_COPY));
	EXPECT_TRUE(is_dead(in, VFIO_DEVICE_STATE_RESUMING));
	EXPECT_NE(0, ioctl(out, VFIO_MIG_GET_PRECOPY_INFO, &info));
	close(in);
	close(out);
}

/* Nor is anything asked when there is nobody left who would answer */
TEST_F(migrate, file_after_owner)
{
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	unsigned int i;
	int out;

	out = with_closed(_metadata, &self->pf, &self->nic[SOURCE],
			  VFIO_DEVICE_STATE_PRE_COPY);
	for (i = TARGET; i < NR_NICS; i++)
		close_device(&self->nic[i].v);
	variant->kind->remove_all(&self->pf);
	ASSERT_EQ(0, bus_write("pci", pf_driver(), "unbind", self->pf.name));
	EXPECT_EQ(-1, ioctl(out, VFIO_MIG_GET_PRECOPY_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(is_dead(out, VFIO_DEVICE_STATE_PRE_COPY));
	EXPECT_EQ(0, bus_write("pci", pf_driver(), "bind", self->pf.name));
	close(out);
}

/* The one who has it next finds it running */
TEST_F(migrate, closed_while_stopped)
{
	struct nic *a = &self->nic[SOURCE];
	char name[256];

	ASSERT_EQ(0, go_to(&a->v.user, VFIO_DEVICE_STATE_STOP));
	close_device(&a->v);
	memset(&a->v, 0, sizeof(a->v));
	ASSERT_EQ(0, user_open_at(&a->v.user, MODE_CDEV, variant->kind->devices,
				  variant->kind->name(&self->pf, SOURCE, name,
						      sizeof(name))));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, state_of(&a->v.user));
	ASSERT_EQ(0, virtio_find(&a->v, NIC_IOVA(SOURCE)));
	ASSERT_EQ(0, start_nic(a));
	EXPECT_EQ(0, exchange(a, &self->nic[PEER], 1));
}

/* ---- Disks ---- */

FIXTURE(disk)
{
	struct pf pf;
	struct virtio v[2];
	struct nic nic;
	struct stream stream;
};

FIXTURE_SETUP(disk)
{
	int i, index = layout("SIOV_DISK", -1);

	for (i = 0; i < 2; i++)
		user_init(&self->v[i].user, MODE_CDEV);
	user_init(&self->nic.v.user, MODE_CDEV);
	if (!is_meant(&self->pf) || index < 0)
		SKIP(return, "no disks are meant");

	delete_all(&self->pf);
	allow_unsafe(!remapping_is_on());
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, open_sdi(&self->pf, index + i, &self->v[i],
				      NIC_IOVA(i)));
	ASSERT_EQ(0, open_sdi(&self->pf, 0, &self->nic.v, NIC_IOVA(2)));
	ASSERT_EQ(0, start_device(&self->v[0]));
}

FIXTURE_TEARDOWN_PARENT(disk)
{
	delete_all(&self->pf);
}

static void expect_sector(struct __test_metadata *_metadata, struct virtio *v,
			  unsigned int i)
{
	memset(v->mem + BLK_DATA, 0, SECTOR);
	EXPECT_EQ(VIRTIO_BLK_S_OK,
		  blk_request(v, VIRTIO_BLK_T_IN, i, SECTOR));
	EXPECT_TRUE(is_sector(v, i));
}

/* What was written there is read here, and a request that waits is not lost */
TEST_F(disk, moves)
{
	struct virtio *from = &self->v[0], *to = &self->v[1];
	unsigned int i;
	uint32_t len;

	for (i = 0; i < 64; i += 3) {
		fill_sector(from, i);
		ASSERT_EQ(VIRTIO_BLK_S_OK,
			  blk_request(from, VIRTIO_BLK_T_OUT, i, SECTOR));
	}
	ASSERT_EQ(0, go_to(&from->user, VFIO_DEVICE_STATE_STOP));
	fill_sector(from, 1);
	blk_submit(from, VIRTIO_BLK_T_OUT, 1, SECTOR);
	EXPECT_EQ(-ETIMEDOUT, wait_used(from, BLK_QUEUE, 300, &len));
	ASSERT_EQ(0, save(&from->user, &self->stream));
	ASSERT_EQ(0, restore_stream(&to->user, &self->stream));
	ASSERT_EQ(0, take_over(to, from));
	ASSERT_EQ(0, go_to(&to->user, VFIO_DEVICE_STATE_RUNNING));
	EXPECT_EQ(0, wait_used(to, BLK_QUEUE, 5000, &len));
	EXPECT_EQ(VIRTIO_BLK_S_OK, to->mem[BLK_STATUS]);
	expect_sector(_metadata, to, 1);
	for (i = 0; i < 64; i += 3)
		expect_sector(_metadata, to, i);
	EXPECT_TRUE(guard_is_intact(to));
}

/* A write that the device has begun is done before it has stopped */
TEST_F(disk, in_flight)
{
	struct virtio *from = &self->v[0], *to = &self->v[1];
	unsigned int i;
	uint32_t len;

	for (i = 0; i < 20; i++) {
		fill_sector(from, i);
		blk_submit(from, VIRTIO_BLK_T_OUT, i, SECTOR);
		ASSERT_EQ(0, save(&from->user, &self->stream));
		ASSERT_EQ(0, wait_used(from, BLK_QUEUE, 0, &len));
		ASSERT_EQ(VIRTIO_BLK_S_OK, from->mem[BLK_STATUS]);
		ASSERT_EQ(0, go_to(&from->user, VFIO_DEVICE_STATE_RUNNING));
	}
	ASSERT_EQ(0, save(&from->user, &self->stream));
	ASSERT_EQ(0, restore_stream(&to->user, &self->stream));
	ASSERT_EQ(0, take_over(to, from));
	ASSERT_EQ(0, go_to(&to->user, VFIO_DEVICE_STATE_RUNNING));
	for (i = 0; i < 20; i++)
		expect_sector(_metadata, to, i);
}

/*
 * A driver that has switched the write cache off does not flush: what it was told to be
 * written has to be there after a power cut, wherever the disk has moved.
 */
TEST_F(disk, write_cache)
{
	const unsigned int wce = offsetof(struct virtio_blk_config, wce);
	struct virtio *from = &self->v[0], *to = &self->v[1];

	ASSERT_EQ(0, start_device_with(from, BIT64(VIRTIO_BLK_F_CONFIG_WCE) |
					     BIT64(VIRTIO_BLK_F_FLUSH)));
	ASSERT_EQ(1, modern_config(from, wce));
	ASSERT_EQ(1, modern_config(to, wce));
	modern_put_config(from, wce, 0);
	ASSERT_EQ(0, modern_config(from, wce));
	ASSERT_EQ(0, save(&from->user, &self->stream));
	ASSERT_EQ(0, restore_stream(&to->user, &self->stream));
	ASSERT_EQ(0, take_over(to, from));
	ASSERT_EQ(0, go_to(&to->user, VFIO_DEVICE_STATE_RUNNING));
	EXPECT_EQ(0, modern_config(to, wce));
	fill_sector(to, 7);
	EXPECT_EQ(VIRTIO_BLK_S_OK,
		  blk_request(to, VIRTIO_BLK_T_OUT, 7, SECTOR));
	expect_sector(_metadata, to, 7);
}

TEST_F(disk, is_no_nic)
{
	struct virtio *from = &self->v[0];
	struct stream nic = { };

	ASSERT_EQ(0, start_nic(&self->nic));
	ASSERT_EQ(0, save(&from->user, &self->stream));
	ASSERT_EQ(0, save(&self->nic.v.user, &nic));
	EXPECT_EQ(-EINVAL, restore_stream(&self->nic.v.user, &self->stream));
	EXPECT_EQ(-EINVAL, restore_stream(&self->v[1].user, &nic));

	/* Both go on as what they are */
	ASSERT_EQ(0, go_to(&from->user, VFIO_DEVICE_STATE_RUNNING));
	fill_sector(from, 5);
	EXPECT_EQ(VIRTIO_BLK_S_OK,
		  blk_request(from, VIRTIO_BLK_T_OUT, 5, SECTOR));
	expect_sector(_metadata, from, 5);
}

TEST_HARNESS_MAIN
