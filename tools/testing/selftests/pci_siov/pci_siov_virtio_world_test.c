// SPDX-License-Identifier: GPL-2.0
/*
 * NICs that are Scalable Device Interfaces, and what is outside of the machine
 *
 * Needs the emulated virtio-net with SDIs, and user-mode networking as its uplink:
 * SIOV_GATEWAY answers pings, and SIOV_WORLD sends back what it gets by TCP, to
 * port 7. Skips where they are absent. SDIs that exist are destroyed.
 */
#include "../kselftest_harness.h"
#include "pci_siov_virtio.h"

#include <sys/wait.h>

#define NICS		2
#define PINGS		20
#define WORLD_PORT	7
#define WORLD_WORDS	(512 * 1024)

FIXTURE(world) {
	struct pf pf;
	void *regs;
	unsigned long long before[VCNT_NUM];
	struct ns sdi[NICS];
	const char *gateway;
	const char *echo;
};

FIXTURE_SETUP(world)
{
	int i;

	self->gateway = getenv("SIOV_GATEWAY");
	self->echo = getenv("SIOV_WORLD");
	if (!find_virtio_pf(&self->pf) || !self->gateway || !self->echo)
		SKIP(return, "no PF with driver " VIRTIO_PF_DRIVER
		     " whose uplink leaves the machine");

	delete_all(&self->pf);
	self->regs = map_bar(&self->pf, 0, REG_SIZE);
	ASSERT_NE(NULL, self->regs);
	get_counters(self->regs, self->before);
	for (i = 0; i < NICS; i++)
		ASSERT_TRUE(make_sdi(&self->pf, &self->sdi[i], i));
}

FIXTURE_TEARDOWN(world)
{
	int i;

	if (!self->regs)
		return;

	for (i = 0; i < NICS; i++)
		ns_drop(&self->sdi[i]);
	delete_all(&self->pf);
	for (i = 0; i < (int)ARRAY_SIZE(forbidden); i++) {
		EXPECT_EQ(self->before[forbidden[i]],
			  virtio_counter(self->regs, forbidden[i]))
			TH_LOG("counter %d", forbidden[i]);
	}
	EXPECT_EQ(self->before[VCNT_FAULT],
		  virtio_counter(self->regs, VCNT_FAULT));
	munmap(self->regs, REG_SIZE);
}

TEST_F(world, ping)
{
	int i;

	for (i = 0; i < NICS; i++) {
		EXPECT_EQ(PINGS, ping(&self->sdi[i], self->gateway, PINGS, 64));
		EXPECT_EQ(PINGS, ping(&self->sdi[i], self->gateway, PINGS, 1480));
	}
}

struct stream {
	pthread_t sender;
	int fd;
	uint32_t *out;
	uint32_t *in;
	bool sent;
};

static void *stream_send(void *data)
{
	struct stream *stream = data;

	stream->sent = send_all(stream->fd, stream->out, WORLD_WORDS * 4);
	return NULL;
}

/* Whoever echoes has room for little, so both ways are used at once */
static bool stream_start(struct stream *stream, const struct ns *from,
			 const char *to, uint32_t seed)
{
	struct sockaddr_in address = to_address(to, WORLD_PORT);

	stream->fd = ns_socket(from->fd, AF_INET, SOCK_STREAM, 0);
	stream->out = malloc(WORLD_WORDS * 4);
	stream->in = calloc(WORLD_WORDS, 4);
	if (stream->fd < 0 || !stream->out || !stream->in ||
	    connect(stream->fd, (void *)&address, sizeof(address)))
		return false;

	fill(stream->out, WORLD_WORDS, seed);
	return !pthread_create(&stream->sender, NULL, stream_send, stream);
}

/* All of it has come back, as it was sent */
static bool stream_end(struct stream *stream)
{
	bool good = recv_all(stream->fd, stream->in, WORLD_WORDS * 4) &&
		    !memcmp(stream->in, stream->out, WORLD_WORDS * 4);

	/* Who cannot receive does not wait for what cannot be sent */
	shutdown(stream->fd, SHUT_RDWR);
	pthread_join(stream->sender, NULL);
	close(stream->fd);
	free(stream->out);
	free(stream->in);
	return good && stream->sent;
}

/*
 * The TCP at the other end is none of the kernel's and checks each packet, and the
 * NIC has no offloads, so the checksums are those of the kernel.
 */
TEST_F(world, tcp)
{
	struct stream stream[NICS];
	int i;

	for (i = 0; i < NICS; i++)
		ASSERT_TRUE(stream_start(&stream[i], &self->sdi[i], self->echo,
					 i + 1));
	for (i = 0; i < NICS; i++)
		EXPECT_TRUE(stream_end(&stream[i]));
}

TEST_HARNESS_MAIN
