// SPDX-License-Identifier: GPL-2.0
/*
 * NICs that are Scalable Device Interfaces of a virtio NIC
 *
 * Needs the emulated virtio-net with SDIs, and a second NIC on the same network as
 * its uplink (SIOV_OUTSIDE, its PCI address). Skips where they are absent. SDIs
 * that exist are destroyed. NICs are moved between network namespaces.
 */
#include "../kselftest_harness.h"
#include "pci_siov_virtio.h"

#include <limits.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define HOST_PF		1
#define HOST_OUTSIDE	2
#define PINGS		20
#define TCP_PORT	5001
#define TCP_WORDS	(512 * 1024)
#define CROWD_PATIENCE	20000	/* ms, SIOV_PATIENCE is another one */
#define CROWD_PAUSE	50	/* ms */
#define CROWD_AGAIN	8	/* each eighth one comes twice */

/* Where QEMU has the notifications of a function, in its BAR 4 */
#define PF_NOTIFY(n)		(0x3000 + 4 * (n))

FIXTURE(nic) {
	struct pf pf;
	void *regs;
	unsigned long long before[VCNT_NUM];
	struct ns sdi[2];
	struct ns own;		/* of the PF itself */
	struct ns outside;
	bool faults;		/* a test makes some on purpose */
};

FIXTURE_SETUP(nic)
{
	const char *outside = getenv("SIOV_OUTSIDE");
	int i;

	if (!find_virtio_pf(&self->pf) || !outside)
		SKIP(return, "no PF with driver " VIRTIO_PF_DRIVER);

	delete_all(&self->pf);
	self->regs = map_bar(&self->pf, 0, REG_SIZE);
	ASSERT_NE(NULL, self->regs);
	get_counters(self->regs, self->before);

	ASSERT_TRUE(wait_for_nic(self->pf.name));
	ASSERT_TRUE(wait_for_nic(outside));
	for (i = 0; i < 2; i++)
		ASSERT_TRUE(make_sdi(&self->pf, &self->sdi[i], i));
	ASSERT_TRUE(make_function(&self->own, self->pf.name, HOST_PF));
	ASSERT_TRUE(make_function(&self->outside, outside, HOST_OUTSIDE));
}

FIXTURE_TEARDOWN(nic)
{
	unsigned long long faults;
	int i;

	if (!self->regs)
		return;

	for (i = 0; i < 2; i++)
		ns_drop(&self->sdi[i]);
	ns_drop(&self->own);
	ns_drop(&self->outside);
	delete_all(&self->pf);

	for (i = 0; i < (int)ARRAY_SIZE(forbidden); i++) {
		EXPECT_EQ(self->before[forbidden[i]],
			  virtio_counter(self->regs, forbidden[i]))
			TH_LOG("counter %d", forbidden[i]);
	}
	faults = virtio_counter(self->regs, VCNT_FAULT) -
		 self->before[VCNT_FAULT];
	EXPECT_EQ(self->faults, faults > 0);
	EXPECT_EQ(virtio_counter(self->regs, VCNT_ENABLE),
		  virtio_counter(self->regs, VCNT_DISABLE));
	munmap(self->regs, REG_SIZE);
}

/* --- what it is --- */

/* bus-info, the parent in sysfs, and the address that the device gives it */
TEST_F(nic, is_its_sdi)
{
	unsigned char mac[2][6];
	struct ethtool_drvinfo info;
	char link[64], buf[PATH_MAX], path[PATH_MAX], virtio[32];
	const char *name;
	int i;

	for (i = 0; i < 2; i++) {
		name = sdi_name(&self->pf, i, link, sizeof(link));
		ASSERT_EQ(0, ethtool_info(&self->sdi[i], &info));
		EXPECT_STREQ("virtio_net", info.driver);
		EXPECT_STREQ(name, info.bus_info);
		ASSERT_EQ(0, mac_of(&self->sdi[i], mac[i]));

		snprintf(path, sizeof(path), "%s", sdi_path(&self->pf, i, ""));
		ASSERT_TRUE(first_entry(path, "virtio", virtio,
					sizeof(virtio)));
		snprintf(path, sizeof(path), "/sys/bus/virtio/devices/%s/..",
			 virtio);
		ASSERT_NE(NULL, realpath(path, buf));
		EXPECT_STREQ(name, strrchr(buf, '/') + 1);
		EXPECT_STREQ(VIRTIO_SDI_DRIVER,
			     link_target(sdi_path(&self->pf, i, "driver"), buf,
					 sizeof(buf)));
	}
	EXPECT_EQ(0, memcmp(mac[0], mac[1], 5));
	EXPECT_EQ(mac[0][5] + 1, mac[1][5]);
}

/* A namespace sees its own NICs in sysfs. Tools go from there to the device */
TEST_F(nic, is_found_from_its_name)
{
	char link[64], buf[PATH_MAX], path[128], driver[64];
	const char *name = sdi_name(&self->pf, 0, link, sizeof(link));

	ASSERT_EQ(0, ns_enter(self->sdi[0].fd));
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("sysfs", "/sys", "sysfs", 0, NULL));

	snprintf(path, sizeof(path), "/sys/class/net/%s/device",
		 self->sdi[0].nic);
	ASSERT_NE(NULL, realpath(path, buf));
	EXPECT_EQ(0, strncmp(strrchr(buf, '/'), "/virtio", 7));
	strcat(path, "/driver");
	EXPECT_STREQ("virtio_net", link_target(path, driver, sizeof(driver)));
	snprintf(path, sizeof(path), "/sys/class/net/%s/device/..",
		 self->sdi[0].nic);
	ASSERT_NE(NULL, realpath(path, buf));
	EXPECT_STREQ(name, strrchr(buf, '/') + 1);
	strcat(path, "/subsystem");
	EXPECT_STREQ("pci_sdi", link_target(path, driver, sizeof(driver)));
	EXPECT_EQ(0, umount("/sys"));
}

/* As lspci shows it, and not as the PF: a class and an ID of its own */
TEST_F(nic, has_ids)
{
	EXPECT_EQ(0x1af4, number(sdi_path(&self->pf, 0, "vendor")));
	EXPECT_EQ(0x1041, number(sdi_path(&self->pf, 0, "device")));
	EXPECT_EQ(0x020000, number(sdi_path(&self->pf, 0, "class")));
}

/* --- traffic --- */

TEST_F(nic, ping)
{
	struct ns *all[] = {
		&self->sdi[0], &self->sdi[1], &self->own, &self->outside,
	};
	int i, j;

	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++) {
			if (i == j)
				continue;
			EXPECT_EQ(PINGS / 2, ping(all[i], all[j]->address,
						  PINGS / 2, 64))
				TH_LOG("%s to %s", all[i]->nic, all[j]->nic);
			EXPECT_EQ(PINGS / 2, ping(all[i], all[j]->address,
						  PINGS / 2, 1480));
		}
}

static int tcp_listen(const struct ns *ns)
{
	struct sockaddr_in any = to_address("0.0.0.0", TCP_PORT);
	int fd = ns_socket(ns->fd, AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&any, sizeof(any)) || listen(fd, 1))
		return -1;
	return fd;
}

/* Takes all, and sends it back with every word inverted */
static int tcp_serve(int listener)
{
	uint32_t *words = malloc(TCP_WORDS * 4);
	int fd = accept(listener, NULL, NULL), i;

	if (fd < 0 || !words || !recv_all(fd, words, TCP_WORDS * 4))
		return 1;
	for (i = 0; i < TCP_WORDS; i++)
		words[i] = ~words[i];
	return !send_all(fd, words, TCP_WORDS * 4);
}

static bool tcp_exchange(const struct ns *from, const struct ns *to)
{
	struct sockaddr_in address = to_address(to->address, TCP_PORT);
	uint32_t *out = malloc(TCP_WORDS * 4), *in = malloc(TCP_WORDS * 4);
	int listener = tcp_listen(to), fd, i, status;
	bool good = false;
	pid_t child;

	child = fork();
	if (!child)
		_exit(tcp_serve(listener));

	fd = ns_socket(from->fd, AF_INET, SOCK_STREAM, 0);
	fill(out, TCP_WORDS, now() * 1000);
	if (!connect(fd, (void *)&address, sizeof(address)) &&
	    send_all(fd, out, TCP_WORDS * 4) && recv_all(fd, in, TCP_WORDS * 4))
		for (i = 0, good = true; i < TCP_WORDS; i++)
			good = good && in[i] == ~out[i];
	close(fd);
	close(listener);
	free(out);
	free(in);
	/* It may still wait for the connection */
	if (!good)
		kill(child, SIGKILL);
	waitpid(child, &status, 0);

	return good && WIFEXITED(status) && !WEXITSTATUS(status);
}

TEST_F(nic, tcp)
{
	EXPECT_TRUE(tcp_exchange(&self->sdi[0], &self->sdi[1]));
	EXPECT_TRUE(tcp_exchange(&self->own, &self->sdi[1]));
	EXPECT_TRUE(tcp_exchange(&self->outside, &self->sdi[0]));
	EXPECT_TRUE(tcp_exchange(&self->sdi[0], &self->outside));
}

/* A namespace with the SDI in it and nothing else reaches all and is reached */
TEST_F(nic, only_one_of_its_namespace)
{
	char buf[4096], *line;
	int old = ns_self(), lines = 0;

	ASSERT_EQ(0, ns_enter(self->sdi[0].fd));
	ASSERT_EQ(0, get_file("/proc/thread-self/net/dev", buf, sizeof(buf)));
	ns_enter(old);
	close(old);
	for (line = buf; (line = strchr(line, ':')); line++)
		lines++;
	/* The loopback device as well */
	EXPECT_EQ(2, lines);
	EXPECT_NE(NULL, strstr(buf, self->sdi[0].nic));
}

/* --- others come and go --- */

/* Two NICs that talk to each other as long as both are there */
struct pair {
	struct ns ns[2];
	struct echo echo;
};

static int crowd_patience(void)
{
	return layout("SIOV_PATIENCE", CROWD_PATIENCE);
}

static bool pair_start(const struct pf *pf, struct pair *pair, int n)
{
	return make_sdi(pf, &pair->ns[0], 2 * n) &&
	       make_sdi(pf, &pair->ns[1], 2 * n + 1) &&
	       echo_start_at(&pair->echo, &pair->ns[0], &pair->ns[1],
			     crowd_patience(), CROWD_PAUSE);
}

static void echo_lost_nothing(struct __test_metadata *_metadata,
			      struct echo *echo, const char *who, int n)
{
	EXPECT_TRUE(echo_wait(echo, 1));
	echo_stop(echo);
	EXPECT_EQ(0U, echo->lost)
		TH_LOG("%s %d: %u of %u", who, n, echo->lost, echo->sent);
	EXPECT_EQ(0U, echo->wrong);
}

/* The device has taken all that they had to say, too */
static void pair_end(struct __test_metadata *_metadata,
		     const struct pf *pf, const void *regs, struct pair *pair,
		     int n)
{
	int i;

	echo_lost_nothing(_metadata, &pair->echo, "pair", n);
	for (i = 2 * n; i < 2 * n + 2; i++)
		EXPECT_EQ(0U, block_reg(pf, regs, i, BLK_DROP_COUNT));
	for (i = 0; i < 2; i++) {
		ns_drop(&pair->ns[i]);
		EXPECT_EQ(0, delete_sdi(pf, 2 * n + i));
	}
}

/*
 * A crowd that talks, and nobody of it loses a word while it comes, while pairs of
 * it go and come again, and while it goes. Numbers are waited for longer than usual:
 * late, on a busy host, is not lost.
 */
TEST_F(nic, others_lose_nothing)
{
	int pairs = layout("SIOV_CROWD", 64) / 2, i;
	struct pair *pair = calloc(pairs, sizeof(*pair));
	long long admin = admin_interrupts(&self->pf);
	struct echo first, uplink;

	ASSERT_NE(NULL, pair);
	/* The queue is there */
	ASSERT_LE(0, admin);
	ASSERT_TRUE(echo_start_at(&first, &self->sdi[0], &self->sdi[1],
				  crowd_patience(), 5));
	ASSERT_TRUE(echo_start_at(&uplink, &self->outside, &self->own,
				  crowd_patience(), 5));
	for (i = 1; i < pairs; i++) {
		ASSERT_TRUE(pair_start(&self->pf, &pair[i], i))
			TH_LOG("pair %d", i);
	}
	EXPECT_EQ(2U * pairs, reg32(self->regs, REG_NUM_ENABLED));
	for (i = 1; i < pairs; i += CROWD_AGAIN) {
		pair_end(_metadata, &self->pf, self->regs, &pair[i], i);
		ASSERT_TRUE(pair_start(&self->pf, &pair[i], i))
			TH_LOG("pair %d, again", i);
	}
	for (i = 1; i < pairs; i++)
		pair_end(_metadata, &self->pf, self->regs, &pair[i], i);
	echo_lost_nothing(_metadata, &first, "pair", 0);
	echo_lost_nothing(_metadata, &uplink, "uplink", 0);
	free(pair);

	EXPECT_EQ(admin, admin_interrupts(&self->pf));
}

/* --- resets and drivers that go --- */

static void *read_statistics(void *data)
{
	struct echo *echo = data;
	char buf[4096];

	ns_enter(echo->at);
	while (!echo_stopped(echo))
		get_file("/proc/thread-self/net/dev", buf, sizeof(buf));
	return NULL;
}

/* Everybody comes back, while statistics are read and packets are sent */
TEST_F(nic, reset_of_pf)
{
	struct echo echo, reader = { .at = self->sdi[0].fd };
	unsigned char before[6], after[6];
	int i;

	ASSERT_EQ(0, mac_of(&self->sdi[0], before));
	ASSERT_EQ(0, pthread_create(&reader.client, NULL, read_statistics,
				    &reader));
	ASSERT_TRUE(echo_start(&echo, &self->sdi[0], &self->sdi[1]));
	for (i = 0; i < 3; i++) {
		usleep(100000);
		EXPECT_EQ(0, pf_put(&self->pf, "reset", "1"));
	}
	EXPECT_TRUE(answers(&self->sdi[1], self->sdi[0].address, 10));
	EXPECT_TRUE(answers(&self->own, self->sdi[0].address, 10));
	EXPECT_TRUE(answers(&self->sdi[1], self->outside.address, 10));
	echo_tell(&reader);
	pthread_join(reader.client, NULL);
	echo_stop(&echo);

	EXPECT_EQ(0U, echo.wrong);
	ASSERT_EQ(0, mac_of(&self->sdi[0], after));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
}

/* One is reset by the administrator, and nobody else notices */
TEST_F(nic, reset_of_sdi)
{
	struct echo echo;
	struct ns other = { .fd = -1 };

	ASSERT_TRUE(make_sdi(&self->pf, &other, 2));
	ASSERT_TRUE(echo_start(&echo, &self->sdi[0], &self->sdi[1]));
	EXPECT_EQ(0, put_file(sdi_path(&self->pf, 2, "reset"), "1"));
	EXPECT_TRUE(answers(&other, self->sdi[0].address, 10));
	EXPECT_TRUE(echo_wait(&echo, 10));
	echo_stop(&echo);
	ns_drop(&other);

	EXPECT_EQ(0U, echo.lost);
	EXPECT_EQ(0U, echo.wrong);
}

/* An interface that is down stays down over a reset, and comes up when told */
TEST_F(nic, reset_while_down)
{
	ASSERT_EQ(0, nic_up(self->sdi[0].fd, self->sdi[0].nic, false));
	EXPECT_EQ(0, put_file(sdi_path(&self->pf, 0, "reset"), "1"));
	EXPECT_EQ(0, ping(&self->outside, self->sdi[0].address, 1, 64));
	ASSERT_EQ(0, nic_up(self->sdi[0].fd, self->sdi[0].nic, true));
	EXPECT_TRUE(answers(&self->sdi[0], self->sdi[1].address, 10));
}

/* Of the PF's virtio device only: SDIs are another driver's */
TEST_F(nic, pf_without_virtio_driver)
{
	char path[256], virtio[32];
	struct echo echo;

	snprintf(path, sizeof(path), "%s", pf_path(&self->pf, ""));
	ASSERT_TRUE(first_entry(path, "virtio", virtio, sizeof(virtio)));
	ASSERT_TRUE(echo_start(&echo, &self->sdi[0], &self->sdi[1]));
	EXPECT_EQ(0, bus_write("virtio", "virtio_net", "unbind", virtio));
	EXPECT_EQ(0, create_sdi(&self->pf, 2, NULL));
	EXPECT_EQ(1, ping(&self->sdi[0], self->outside.address, 1, 64));
	EXPECT_TRUE(echo_wait(&echo, 10));
	echo_stop(&echo);
	EXPECT_EQ(0U, echo.lost);

	/* And so is stopping them */
	EXPECT_EQ(0, put_file(sdi_path(&self->pf, 1, "reset"), "1"));
	EXPECT_TRUE(answers(&self->sdi[1], self->sdi[0].address, 10));
	EXPECT_EQ(0, bus_write("virtio", "virtio_net", "bind", virtio));
}

TEST_F(nic, driver_of_sdi_again)
{
	char link[64], nic[IFNAMSIZ];
	const char *name;
	int i;

	name = sdi_name(&self->pf, 0, link, sizeof(link));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, bus_write("pci_sdi", VIRTIO_SDI_DRIVER, "unbind",
				       name));
		EXPECT_EQ(0, bus_write("pci_sdi", VIRTIO_SDI_DRIVER, "bind",
				       name));
	}
	ns_drop(&self->sdi[0]);
	ASSERT_TRUE(sdi_interface(&self->pf, 0, "net", nic, sizeof(nic)));
	ASSERT_TRUE(ns_make(&self->sdi[0], nic, HOST_SDI));
	EXPECT_TRUE(answers(&self->sdi[0], self->sdi[1].address, 10));
}

/* --- isolation --- */

TEST_F(nic, stray_dma)
{
	size_t size = reg32(self->regs, REG_SDI_STRIDE);
	struct ns other = { .fd = -1 };
	struct echo echo;
	char *bar, *page, name[16];
	unsigned char mac[6];
	int log;

	if (!expected("isolated"))
		SKIP(return, "nothing stops it here");

	ASSERT_TRUE(make_sdi(&self->pf, &other, 2));
	ASSERT_EQ(0, mac_of(&other, mac));
	bar = map_bar(&self->pf, 2, 3 * size);
	ASSERT_NE(NULL, bar);
	page = bar + 2 * size;
	rid_name(&self->pf, sdi_rid(&self->pf, 2), name, sizeof(name));
	log = log_open();
	ASSERT_LE(0, log);

	ASSERT_TRUE(echo_start(&echo, &self->sdi[0], &self->sdi[1]));
	self->faults = true;
	go_astray(page, 1);
	EXPECT_TRUE(log_tells(log, "DMAR", name));
	EXPECT_TRUE(has_stopped(page));
	EXPECT_NE(1, ping(&other, self->sdi[0].address, 1, 64));
	/* Who holds the lock of all interfaces does not wait for its answer */
	mac[5] ^= 0x80;
	EXPECT_NE(0, set_mac(&other, mac));

	/* Nobody else has noticed, and a reset mends it */
	EXPECT_EQ(0, put_file(sdi_path(&self->pf, 2, "reset"), "1"));
	EXPECT_TRUE(answers(&other, self->sdi[0].address, 10));
	EXPECT_EQ(0, set_mac(&other, mac));
	echo_stop(&echo);
	EXPECT_EQ(0U, echo.lost);
	EXPECT_EQ(0U, echo.wrong);
	close(log);
	munmap(bar, 3 * size);
	ns_drop(&other);
}

/* Where in memory is a page of ours? 0 if nobody says so */
static uint64_t physical(const void *page)
{
	uint64_t entry = 0, size = sysconf(_SC_PAGESIZE);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &entry, sizeof(entry), (uintptr_t)page / size *
			    sizeof(entry)) != sizeof(entry))
		entry = 0;
	close(fd);
	/* 55 bits are the number of the page */
	return (entry & ((1ULL << 55) - 1)) * size;
}

/*
 * Give the PF's NIC a broken ring of packets to send. No IOMMU translates for
 * this NIC, so the ring is at the physical address of a page of ours.
 */
static bool confuse(void *bar)
{
	uint16_t *ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			      MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	uint64_t address;

	if (ring == MAP_FAILED)
		return false;
	/* One more entry, of a descriptor that no queue has */
	memset(ring, 0xff, 4096);
	ring[0] = 0;
	ring[1] = 1;
	address = physical(ring);
	if (!address)
		return false;

	put16(bar, PAGE_QUEUE_SELECT, 1);
	put16(bar, PAGE_QUEUE_RESET, 1);
	put32(bar, PAGE_QUEUE_DRIVER, address);
	put32(bar, PAGE_QUEUE_DRIVER + 4, address >> 32);
	put16(bar, PAGE_QUEUE_ENABLE, 1);
	put16(bar, PF_NOTIFY(1), 1);
	return true;
}

/* A NIC by PCI that has stopped: nobody waits for it either, and a reset mends it */
TEST_F(nic, pf_needs_reset)
{
	unsigned char mac[6];
	char *bar;

	ASSERT_EQ(0, mac_of(&self->own, mac));
	bar = map_bar(&self->pf, 4, PF_NOTIFY(2));
	ASSERT_NE(NULL, bar);

	ASSERT_TRUE(confuse(bar));
	EXPECT_TRUE(has_stopped(bar));
	mac[5] ^= 0x80;
	EXPECT_NE(0, set_mac(&self->own, mac));

	EXPECT_EQ(0, pf_put(&self->pf, "reset", "1"));
	EXPECT_TRUE(answers(&self->own, self->outside.address, 10));
	EXPECT_EQ(0, set_mac(&self->own, mac));
	mac[5] ^= 0x80;
	EXPECT_EQ(0, set_mac(&self->own, mac));
	munmap(bar, PF_NOTIFY(2));
}

TEST_HARNESS_MAIN
