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
#include <sys/wait.h>

#define HOST_PF		1
#define HOST_OUTSIDE	2
#define HOST_SDI	20
#define PINGS		20
#define TCP_PORT	5001
#define TCP_WORDS	(512 * 1024)

/* Registers in the page of an SDI */
#define PAGE_QUEUE_SELECT	0x16
#define PAGE_STATUS		0x14
#define PAGE_QUEUE_ENABLE	0x1c
#define PAGE_QUEUE_DESC		0x20
#define PAGE_QUEUE_DRIVER	0x28
#define PAGE_QUEUE_RESET	0x3a
#define PAGE_NOTIFY(n)		(0x800 + 4 * (n))

/* Where QEMU has the notifications of a function, in its BAR 4 */
#define PF_NOTIFY(n)		(0x3000 + 4 * (n))
#define STATUS_NEEDS_RESET	0x40

/* Counters that must stay where they are whatever happens */
static const int forbidden[] = {
	VCNT_CFG_SDI, VCNT_FORGED, VCNT_RID_DUP, VCNT_TOO_EARLY,
	VCNT_SWITCH_DROP,
};

FIXTURE(nic) {
	struct pf pf;
	void *regs;
	unsigned long long before[VCNT_NUM];
	struct ns sdi[2];
	struct ns own;		/* of the PF itself */
	struct ns outside;
	bool faults;		/* a test makes some on purpose */
};

static bool make_sdi(const struct pf *pf, struct ns *ns, unsigned int index)
{
	char nic[IFNAMSIZ];

	return !create_sdi(pf, index, NULL) &&
	       sdi_interface(pf, index, "net", nic, sizeof(nic)) &&
	       ns_make(ns, nic, HOST_SDI + index);
}

static bool make_function(struct ns *ns, const char *name, int host)
{
	char path[256], nic[IFNAMSIZ];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s", name);
	return interface_of(path, "net", nic, sizeof(nic)) &&
	       ns_make(ns, nic, host);
}

/* Namespaces that end give their NICs back, after a while */
static bool wait_for_nic(const char *name)
{
	char path[256], nic[IFNAMSIZ];
	double end = now() + 10;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s", name);
	while (!interface_of(path, "net", nic, sizeof(nic))) {
		if (now() > end)
			return false;
		usleep(10000);
	}
	return true;
}

FIXTURE_SETUP(nic)
{
	const char *outside = getenv("SIOV_OUTSIDE");
	int i;

	if (!find_virtio_pf(&self->pf) || !outside)
		SKIP(return, "no PF with driver " VIRTIO_PF_DRIVER);

	delete_all(&self->pf);
	self->regs = map_bar(&self->pf, 0, REG_SIZE);
	ASSERT_NE(NULL, self->regs);
	for (i = 0; i < VCNT_NUM; i++)
		self->before[i] = virtio_counter(self->regs, i);

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

	for (i = 0; i < (int)ARRAY_SIZE(forbidden); i++)
		EXPECT_EQ(self->before[forbidden[i]],
			  virtio_counter(self->regs, forbidden[i]))
			TH_LOG("counter %d", forbidden[i]);
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

static bool send_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	for (; len; p += n, len -= n) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool recv_all(int fd, void *data, size_t len)
{
	char *p = data;
	ssize_t n;

	for (; len; p += n, len -= n) {
		n = recv(fd, p, len, 0);
		if (n <= 0)
			return false;
	}
	return true;
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

TEST_F(nic, others_lose_nothing)
{
	int crowd = layout("SIOV_CROWD", 32), i;
	struct ns *others = calloc(crowd, sizeof(*others));
	struct echo inside, uplink;

	ASSERT_TRUE(echo_start(&inside, &self->sdi[0], &self->sdi[1]));
	ASSERT_TRUE(echo_start(&uplink, &self->outside, &self->own));
	for (i = 2; i < crowd; i++)
		EXPECT_TRUE(make_sdi(&self->pf, &others[i], i));
	/* All of them at once */
	for (i = 2; i < crowd; i++)
		EXPECT_TRUE(answers(&others[i], self->sdi[0].address, 5))
			TH_LOG("SDI %d", i);
	for (i = 2; i < crowd; i++) {
		ns_drop(&others[i]);
		EXPECT_EQ(0, delete_sdi(&self->pf, i));
	}
	EXPECT_TRUE(echo_wait(&inside, 10));
	EXPECT_TRUE(echo_wait(&uplink, 10));
	echo_stop(&inside);
	echo_stop(&uplink);
	free(others);

	EXPECT_EQ(0U, inside.lost);
	EXPECT_EQ(0U, inside.wrong);
	EXPECT_EQ(0U, uplink.lost);
	EXPECT_EQ(0U, uplink.wrong);
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

/* Let the device look for the send queue where it has no memory */
static void go_astray(void *page, unsigned int notify)
{
	put16(page, PAGE_QUEUE_SELECT, 1);
	put16(page, PAGE_QUEUE_RESET, 1);
	put32(page, PAGE_QUEUE_DRIVER, 0x00d0d000);
	put32(page, PAGE_QUEUE_DRIVER + 4, 0);
	put16(page, PAGE_QUEUE_ENABLE, 1);
	put16(page, notify, 1);
}

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
	go_astray(page, PAGE_NOTIFY(1));
	EXPECT_TRUE(log_tells(log, "DMAR", name));
	EXPECT_TRUE(reg8(page, PAGE_STATUS) & STATUS_NEEDS_RESET);
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

/*
 * The ring of what is to be sent is where the descriptors are, so the device finds
 * an index that cannot be. Needs one packet that was sent before.
 */
static void confuse(void *bar)
{
	put16(bar, PAGE_QUEUE_SELECT, 1);
	put16(bar, PAGE_QUEUE_RESET, 1);
	put32(bar, PAGE_QUEUE_DRIVER, reg32(bar, PAGE_QUEUE_DESC));
	put32(bar, PAGE_QUEUE_DRIVER + 4, reg32(bar, PAGE_QUEUE_DESC + 4));
	put16(bar, PAGE_QUEUE_ENABLE, 1);
	put16(bar, PF_NOTIFY(1), 1);
}

/* A NIC by PCI that has stopped: nobody waits for it either, and a reset mends it */
TEST_F(nic, pf_needs_reset)
{
	unsigned char mac[6];
	char *bar;

	ASSERT_EQ(0, mac_of(&self->own, mac));
	EXPECT_TRUE(answers(&self->own, self->outside.address, 10));
	bar = map_bar(&self->pf, 4, PF_NOTIFY(2));
	ASSERT_NE(NULL, bar);

	confuse(bar);
	EXPECT_TRUE(reg8(bar, PAGE_STATUS) & STATUS_NEEDS_RESET);
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
