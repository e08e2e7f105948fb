/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of virtio over SDIs share: the device's counters, network
 * namespaces with one NIC each, and traffic between them
 *
 * A kernel delivers what it sends to itself without a NIC. So each NIC is moved
 * into a namespace of its own, and the packets have to go through the device.
 */
#ifndef PCI_SIOV_VIRTIO_H
#define PCI_SIOV_VIRTIO_H

#include <arpa/inet.h>
#include <ctype.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "pci_siov_log.h"
#include "pci_siov_virtio_regs.h"

#define VIRTIO_PF_DRIVER	"virtio-pci"
#define VIRTIO_SDI_DRIVER	"virtio-sdi"
#define NETWORK			"10.0.2"
#define HOST_SDI		20	/* and so on, of the SDIs */

/* Counters that must stay where they are whatever happens */
static const int forbidden[] = {
	VCNT_CFG_SDI, VCNT_FORGED, VCNT_RID_DUP, VCNT_TOO_EARLY,
	VCNT_SWITCH_DROP,
};

/* A network namespace with one NIC */
struct ns {
	int fd;
	char nic[IFNAMSIZ];
	char address[16];
};

static inline bool find_virtio_pf(struct pf *pf)
{
	setenv("SIOV_PF_DRIVER", VIRTIO_PF_DRIVER, 1);
	return find_pf(pf);
}

/* --- registers of the device --- */

static inline void *map_bar(const struct pf *pf, int bar, size_t size)
{
	char file[32];

	snprintf(file, sizeof(file), "resource%d", bar);
	return map_resource(pf_path(pf, file), size);
}

/* A word of the control block of SDI @index */
static inline uint32_t block_reg(const struct pf *pf, const void *regs,
				 unsigned int index, unsigned int offset)
{
	size_t at = block_offset(regs, index);
	void *bar = map_bar(pf, 0, at + BLK_SIZE);
	uint32_t value;

	if (!bar)
		return ~0;
	value = reg32(bar, at + offset);
	munmap(bar, at + BLK_SIZE);
	return value;
}

static inline void get_counters(const void *regs, unsigned long long *cnt)
{
	int i;

	for (i = 0; i < VCNT_NUM; i++)
		cnt[i] = virtio_counter(regs, i);
}

/* How often interrupts came whose name has @what in it, on all CPUs; -1 if none is so */
static inline long long irq_count(const char *what)
{
	char buf[65536], *line, *rest = buf, *word;
	long long n = -1;

	if (get_file("/proc/interrupts", buf, sizeof(buf)))
		return -1;
	while ((line = strtok_r(rest, "\n", &rest))) {
		if (!strstr(line, what) || !strchr(line, ':'))
			continue;
		n = n < 0 ? 0 : n;
		word = strchr(line, ':') + 1;
		while (isdigit(word[strspn(word, " ")]))
			n += strtoll(word, &word, 10);
	}
	return n;
}

/* It says so when it comes to that, not when it is notified */
static inline bool has_stopped(const void *page)
{
	double end = now() + 10;

	while (!(reg8(page, PAGE_STATUS) & STATUS_NEEDS_RESET))
		if (now() > end)
			return false;
	return true;
}

/* --- network namespaces --- */

static inline int ns_enter(int fd)
{
	return setns(fd, CLONE_NEWNET);
}

static inline int ns_self(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* Returns a new one, or -1; the caller stays where it is */
static inline int ns_new(void)
{
	int old = ns_self(), new;

	if (old < 0 || unshare(CLONE_NEWNET))
		return -1;
	new = ns_self();
	if (ns_enter(old))
		new = -1;
	close(old);
	return new;
}

/* A socket of namespace @ns, or of this one if that is -1 */
static inline int ns_socket(int ns, int family, int type, int protocol)
{
	int old = ns_self(), fd = -1;

	if (ns < 0 || !ns_enter(ns))
		fd = socket(family, type | SOCK_CLOEXEC, protocol);
	ns_enter(old);
	close(old);
	return fd;
}

struct link_request {
	struct nlmsghdr hdr;
	struct ifinfomsg info;
	struct rtattr attr;
	int fd;
};

/* Move a NIC of this namespace into another one */
static inline int move_nic(const char *nic, int ns)
{
	struct link_request req = {
		.hdr = {
			.nlmsg_len = sizeof(req),
			.nlmsg_type = RTM_NEWLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
		.info.ifi_index = if_nametoindex(nic),
		.attr = {
			.rta_len = RTA_LENGTH(sizeof(int)),
			.rta_type = IFLA_NET_NS_FD,
		},
		.fd = ns,
	};
	struct {
		struct nlmsghdr hdr;
		struct nlmsgerr err;
	} answer = { };
	int fd, ret = -1;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -1;
	if (send(fd, &req, sizeof(req), 0) == sizeof(req) &&
	    recv(fd, &answer, sizeof(answer), 0) > 0)
		ret = answer.err.error;
	close(fd);
	return ret;
}

static inline int nic_ioctl(int ns, const char *nic, unsigned long request,
			    struct ifreq *req)
{
	int fd = ns_socket(ns, AF_INET, SOCK_DGRAM, 0), ret;

	if (fd < 0)
		return -1;
	snprintf(req->ifr_name, sizeof(req->ifr_name), "%s", nic);
	ret = ioctl(fd, request, req);
	close(fd);
	return ret;
}

static inline int set_address(const struct ns *ns, const char *nic,
			      unsigned long request, const char *address)
{
	struct ifreq req = { };
	struct sockaddr_in *sin = (struct sockaddr_in *)&req.ifr_addr;

	sin->sin_family = AF_INET;
	inet_pton(AF_INET, address, &sin->sin_addr);
	return nic_ioctl(ns->fd, nic, request, &req);
}

static inline int nic_up(int ns, const char *nic, bool up)
{
	struct ifreq req = { };

	if (nic_ioctl(ns, nic, SIOCGIFFLAGS, &req))
		return -1;
	if (up)
		req.ifr_flags |= IFF_UP;
	else
		req.ifr_flags &= ~IFF_UP;
	return nic_ioctl(ns, nic, SIOCSIFFLAGS, &req);
}

/* Give a NIC of this namespace to a new one, with an address, and turn it on */
static inline bool ns_make(struct ns *ns, const char *nic, int host)
{
	*ns = (struct ns) { .fd = ns_new() };
	snprintf(ns->nic, sizeof(ns->nic), "%s", nic);
	snprintf(ns->address, sizeof(ns->address), NETWORK ".%d", host);

	return ns->fd >= 0 && !move_nic(nic, ns->fd) &&
	       !set_address(ns, nic, SIOCSIFADDR, ns->address) &&
	       !set_address(ns, nic, SIOCSIFNETMASK, "255.255.255.0") &&
	       !nic_up(ns->fd, nic, true);
}

static inline void ns_drop(struct ns *ns)
{
	if (ns->fd > 0)
		close(ns->fd);
	ns->fd = -1;
}

static inline int mac_of(const struct ns *ns, unsigned char mac[6])
{
	struct ifreq req = { };
	int ret = nic_ioctl(ns->fd, ns->nic, SIOCGIFHWADDR, &req);

	memcpy(mac, req.ifr_hwaddr.sa_data, 6);
	return ret;
}

/* Says it to the device by its control queue, which an interface that is up allows */
static inline int set_mac(const struct ns *ns, const unsigned char mac[6])
{
	struct ifreq req = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };

	memcpy(req.ifr_hwaddr.sa_data, mac, 6);
	return nic_ioctl(ns->fd, ns->nic, SIOCSIFHWADDR, &req);
}

/* What ethtool -i says */
static inline int ethtool_info(const struct ns *ns, struct ethtool_drvinfo *info)
{
	struct ifreq req = { .ifr_data = (char *)info };

	*info = (struct ethtool_drvinfo) { .cmd = ETHTOOL_GDRVINFO };
	return nic_ioctl(ns->fd, ns->nic, SIOCETHTOOL, &req);
}

/* --- who is what in sysfs --- */

/* First entry of a directory that begins with @prefix */
static inline bool first_entry(const char *path, const char *prefix, char *buf,
			       size_t size)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		found = entry->d_name[0] != '.' &&
			!strncmp(entry->d_name, prefix, strlen(prefix));
		if (found)
			snprintf(buf, size, "%.*s", (int)size - 1,
				 entry->d_name);
	}
	closedir(dir);
	return found;
}

/* @what is "net" or "block"; the name of what the device @path is to the kernel */
static inline bool interface_of(const char *path, const char *what, char *buf,
				size_t size)
{
	char virtio[32], dir[400];

	if (!first_entry(path, "virtio", virtio, sizeof(virtio)))
		return false;
	snprintf(dir, sizeof(dir), "%s/%s/%s", path, virtio, what);
	return first_entry(dir, "", buf, size);
}

/* Interrupts for answers to administration commands, which can have no vector alone */
static inline long long admin_interrupts(const struct pf *pf)
{
	char virtio[32], what[64];
	long long own, shared;

	if (!first_entry(pf_path(pf, ""), "virtio", virtio, sizeof(virtio)))
		return -1;
	snprintf(what, sizeof(what), "%s-config", virtio);
	shared = irq_count(what);
	snprintf(what, sizeof(what), "%s-avq.", virtio);
	own = irq_count(what);
	return own < 0 ? shared : own;
}

/* The NIC or disk of an SDI, there once the write to sdi_new has returned */
static inline bool sdi_interface(const struct pf *pf, unsigned int index,
				 const char *what, char *buf, size_t size)
{
	char path[256];

	snprintf(path, sizeof(path), "%s", sdi_path(pf, index, ""));
	return interface_of(path, what, buf, size);
}

/* SDI @index in a namespace, its address with it */
static inline bool make_sdi(const struct pf *pf, struct ns *ns, unsigned int index)
{
	char nic[IFNAMSIZ];

	return !create_sdi(pf, index, NULL) &&
	       sdi_interface(pf, index, "net", nic, sizeof(nic)) &&
	       ns_make(ns, nic, HOST_SDI + index);
}

/* The NIC of a function in a namespace */
static inline bool make_function(struct ns *ns, const char *name, int host)
{
	char path[256], nic[IFNAMSIZ];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s", name);
	return interface_of(path, "net", nic, sizeof(nic)) &&
	       ns_make(ns, nic, host);
}

/* Namespaces that end give their NICs back, after a while */
static inline bool wait_for_nic(const char *name)
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

/* --- traffic --- */

static inline struct sockaddr_in to_address(const char *address, int port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};

	inet_pton(AF_INET, address, &sin.sin_addr);
	return sin;
}

static inline uint16_t icmp_checksum(const void *data, size_t len)
{
	const uint16_t *word = data;
	uint32_t sum = 0;

	for (; len > 1; len -= 2)
		sum += *word++;
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

static inline bool is_answer(const unsigned char *in, ssize_t n,
			     const unsigned char *out, size_t len)
{
	const struct icmphdr *sent = (const void *)out, *got;
	size_t ip = (in[0] & 0xf) * 4;

	if (n != (ssize_t)(ip + len))
		return false;
	got = (const void *)(in + ip);
	return got->type == ICMP_ECHOREPLY &&
	       got->un.echo.id == sent->un.echo.id &&
	       got->un.echo.sequence == sent->un.echo.sequence &&
	       !memcmp(got + 1, sent + 1, len - sizeof(*sent));
}

/* Returns how many of @count pings of @len bytes came back as they were sent */
static inline int ping(const struct ns *from, const char *address, int count,
		       size_t len)
{
	unsigned char out[2048] = { }, in[2048];
	struct icmphdr *icmp = (void *)out;
	struct sockaddr_in to = to_address(address, 0);
	int fd, i, good = 0;
	struct pollfd pfd;
	ssize_t n;

	fd = ns_socket(from->fd, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	if (fd < 0)
		return -errno;

	for (i = 0; i < (int)(len - sizeof(*icmp)); i++)
		out[sizeof(*icmp) + i] = i * 7 + len;
	for (i = 0; i < count; i++) {
		*icmp = (struct icmphdr) { .type = ICMP_ECHO };
		icmp->un.echo.id = htons(0x5109);
		icmp->un.echo.sequence = htons(i);
		icmp->checksum = icmp_checksum(out, len);
		sendto(fd, out, len, 0, (void *)&to, sizeof(to));
		pfd = (struct pollfd) { .fd = fd, .events = POLLIN };
		while (poll(&pfd, 1, 2000) > 0) {
			n = recv(fd, in, sizeof(in), 0);
			if (is_answer(in, n, out, len)) {
				good++;
				break;
			}
		}
	}
	close(fd);
	return good;
}

/* Does the other one answer within this time? */
static inline bool answers(const struct ns *from, const char *address,
			   double seconds)
{
	double end = now() + seconds;

	do {
		if (ping(from, address, 1, 64) == 1)
			return true;
	} while (now() < end);

	return false;
}

static inline bool send_all(int fd, const void *data, size_t len)
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

static inline bool recv_all(int fd, void *data, size_t len)
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

/*
 * Numbers go to and fro, one at a time: whatever is lost is counted, whatever comes
 * twice or changed too. One that comes after all, when it counts as lost already, is
 * passed over. A thread does it until it is told to stop.
 */
struct echo {
	pthread_t client, server;
	int to, at;
	struct sockaddr_in address;
	int patience;		/* ms until a number counts as lost */
	int pause;		/* ms until the next one is sent */
	bool stop;
	bool server_stop;
	unsigned int sent;
	unsigned int lost;
	unsigned int late;	/* of those that are lost */
	unsigned int wrong;
};

static inline bool echo_stopped(const struct echo *echo)
{
	return __atomic_load_n(&echo->stop, __ATOMIC_RELAXED);
}

static inline void echo_tell(struct echo *echo)
{
	__atomic_store_n(&echo->stop, true, __ATOMIC_RELAXED);
}

static void *echo_server(void *data)
{
	struct echo *echo = data;
	struct pollfd pfd = { .fd = echo->at, .events = POLLIN };
	struct sockaddr_in peer;
	char buf[1024];
	socklen_t len;
	ssize_t n;

	while (!__atomic_load_n(&echo->server_stop, __ATOMIC_RELAXED)) {
		if (poll(&pfd, 1, 20) <= 0)
			continue;
		len = sizeof(peer);
		n = recvfrom(echo->at, buf, sizeof(buf), 0, (void *)&peer, &len);
		if (n > 0)
			sendto(echo->at, buf, n, 0, (void *)&peer, len);
	}
	return NULL;
}

#define ECHO_WORDS	128

static inline void echo_receive(struct echo *echo, const unsigned int *out)
{
	struct pollfd pfd = { .fd = echo->to, .events = POLLIN };
	unsigned int in[ECHO_WORDS];
	ssize_t n;

	while (poll(&pfd, 1, echo->patience) > 0) {
		n = recv(echo->to, in, sizeof(in), 0);
		if (n == sizeof(in) && in[0] < out[0] && echo->late < echo->lost) {
			echo->late++;
			continue;
		}
		if (n != sizeof(in) || memcmp(in, out, sizeof(in)))
			echo->wrong++;
		return;
	}
	echo->lost++;
}

static void *echo_client(void *data)
{
	struct echo *echo = data;
	unsigned int out[ECHO_WORDS] = { };

	while (!echo_stopped(echo)) {
		out[0] = ++echo->sent;
		out[ECHO_WORDS - 1] = out[0];
		sendto(echo->to, out, sizeof(out), 0, (void *)&echo->address,
		       sizeof(echo->address));
		echo_receive(echo, out);
		if (echo->pause)
			usleep(echo->pause * 1000);
	}
	return NULL;
}

static inline bool echo_start_at(struct echo *echo, const struct ns *from,
				 const struct ns *to, int patience, int pause)
{
	struct sockaddr_in any = to_address("0.0.0.0", 7);

	*echo = (struct echo) {
		.patience = patience,
		.pause = pause,
		.to = ns_socket(from->fd, AF_INET, SOCK_DGRAM, 0),
		.at = ns_socket(to->fd, AF_INET, SOCK_DGRAM, 0),
		.address = to_address(to->address, 7),
	};
	return echo->to >= 0 && echo->at >= 0 &&
	       !bind(echo->at, (void *)&any, sizeof(any)) &&
	       !pthread_create(&echo->server, NULL, echo_server, echo) &&
	       !pthread_create(&echo->client, NULL, echo_client, echo);
}

static inline bool echo_start(struct echo *echo, const struct ns *from,
			      const struct ns *to)
{
	return echo_start_at(echo, from, to, 2000, 0);
}

/* How many go to and fro in some time depends on the machine */
static inline bool echo_wait(const struct echo *echo, unsigned int more)
{
	unsigned int enough = more + __atomic_load_n(&echo->sent, __ATOMIC_RELAXED);
	double end = now() + 30;

	while (__atomic_load_n(&echo->sent, __ATOMIC_RELAXED) < enough) {
		if (now() > end)
			return false;
		usleep(10000);
	}
	return true;
}

static inline void echo_stop(struct echo *echo)
{
	echo_tell(echo);
	pthread_join(echo->client, NULL);
	/* The last number has come back, or is lost */
	__atomic_store_n(&echo->server_stop, true, __ATOMIC_RELAXED);
	pthread_join(echo->server, NULL);
	close(echo->to);
	close(echo->at);
}

/* Bytes that say where they belong, so that no two places can be mistaken */
static inline void fill(uint32_t *words, size_t n, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		words[i] = x;
	}
}

#endif /* PCI_SIOV_VIRTIO_H */
