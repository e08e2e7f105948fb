/*
 * virtio-net with Scalable Device Interfaces: the switch between the NICs
 *
 * It knows the addresses of its NICs and learns none. A packet for a NIC
 * without a free buffer waits in the queue that QEMU has for each receiver; how
 * many wait is counted here, as that queue would take any number.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/iov.h"
#include "qapi/error.h"
#include "hw/qdev-properties.h"
#include "net/eth.h"
#include "standard-headers/linux/virtio_config.h"
#include "virtio-sdi.h"
#include "trace.h"

/**
 * struct VirtIOSwitchPort - a port, the peer of a NIC or of a backend
 * @nc: network client
 * @sw: switch
 * @nic: the NIC; NULL at the uplink
 * @held: packets that wait for the other side
 * @next: all ports of the switch
 */
struct VirtIOSwitchPort {
    NetClientState nc;
    VirtIOSwitch *sw;
    VirtIONet *nic;
    uint32_t held;
    QLIST_ENTRY(VirtIOSwitchPort) next;
};

/**
 * struct VirtIOSwitch - the switch of a PF
 * @pf: PF
 * @number: of all switches
 * @sent: packets to be delivered, as x-drop-every counts them
 * @pf_port: the PF's own NIC
 * @uplink: its backend, NULL if it has none
 * @ports: all of them
 */
struct VirtIOSwitch {
    VirtIONetSIOVPCI *pf;
    unsigned number;
    uint32_t sent;
    VirtIOSwitchPort *pf_port;
    VirtIOSwitchPort *uplink;
    QLIST_HEAD(, VirtIOSwitchPort) ports;
};

static uint64_t *counter(VirtIOSwitchPort *port, int n)
{
    return &port->sw->pf->counters[n];
}

/* A NIC without a driver gets nothing: it would never take it */
static bool takes_packets(const VirtIOSwitchPort *port)
{
    return !port->nic ||
           VIRTIO_DEVICE(port->nic)->status & VIRTIO_CONFIG_S_DRIVER_OK;
}

/* A packet that has waited is gone, into a buffer or not */
static void port_sent(NetClientState *nc, ssize_t ret)
{
    VirtIOSwitchPort *port = DO_UPCAST(VirtIOSwitchPort, nc, nc);

    port->held--;
    if (ret > 0) {
        (*counter(port, VSDI_CNT_SWITCH_OUT))++;
    }
}

/* One packet too many, or one of those that are lost on purpose */
static bool has_to_drop(VirtIOSwitchPort *port)
{
    const VirtIONetSIOVPCI *pf = port->sw->pf;

    if (port->held >= pf->queue_len) {
        return true;
    }
    return pf->x_drop_every && ++port->sw->sent % pf->x_drop_every == 0;
}

static void port_send(VirtIOSwitchPort *port, const struct iovec *iov, int num)
{
    ssize_t ret;

    if (!takes_packets(port)) {
        return;
    }
    if (has_to_drop(port)) {
        (*counter(port, VSDI_CNT_SWITCH_DROP))++;
        trace_virtio_sdi_switch_drop(port->nc.name, port->held);
        return;
    }
    ret = qemu_sendv_packet_async(&port->nc, iov, num, port_sent);
    if (ret) {
        (*counter(port, VSDI_CNT_SWITCH_OUT))++;
        return;
    }
    port->held++;
    (*counter(port, VSDI_CNT_SWITCH_HELD))++;
}

/*
 * The NIC with this address, or the uplink. Two have it while one takes the
 * place of another: the one that is not stopped is meant.
 */
static VirtIOSwitchPort *find_port(VirtIOSwitch *sw, const uint8_t *mac)
{
    VirtIOSwitchPort *port, *stopped = NULL;

    QLIST_FOREACH(port, &sw->ports, next) {
        if (!port->nic || !takes_packets(port) ||
            memcmp(port->nic->mac, mac, ETH_ALEN)) {
            continue;
        }
        if (VIRTIO_DEVICE(port->nic)->vm_running) {
            return port;
        }
        stopped = port;
    }
    return stopped ?: sw->uplink;
}

static void flood(VirtIOSwitchPort *from, const struct iovec *iov, int num)
{
    VirtIOSwitchPort *port;

    QLIST_FOREACH(port, &from->sw->ports, next) {
        if (port != from) {
            port_send(port, iov, num);
        }
    }
}

static ssize_t port_receive_iov(NetClientState *nc, const struct iovec *iov,
                                int num)
{
    VirtIOSwitchPort *from = DO_UPCAST(VirtIOSwitchPort, nc, nc);
    size_t size = iov_size(iov, num);
    uint8_t dst[ETH_ALEN];
    VirtIOSwitchPort *port;

    if (iov_to_buf(iov, num, 0, dst, sizeof(dst)) < sizeof(dst)) {
        return size;
    }
    (*counter(from, VSDI_CNT_SWITCH_IN))++;
    if (is_multicast_ether_addr(dst)) {
        flood(from, iov, num);
        return size;
    }
    port = find_port(from->sw, dst);
    if (port && port != from) {
        port_send(port, iov, num);
    }
    return size;
}

static ssize_t port_receive(NetClientState *nc, const uint8_t *buf, size_t size)
{
    const struct iovec iov = {
        .iov_base = (void *)buf,
        .iov_len = size,
    };

    return port_receive_iov(nc, &iov, 1);
}

/* QEMU ends: it removes its network clients whoever has made them */
static void port_cleanup(NetClientState *nc)
{
    VirtIOSwitchPort *port = DO_UPCAST(VirtIOSwitchPort, nc, nc);

    QLIST_REMOVE(port, next);
}

static NetClientInfo port_info = {
    .type = NET_CLIENT_DRIVER_NONE,
    .size = sizeof(VirtIOSwitchPort),
    .receive = port_receive,
    .receive_iov = port_receive_iov,
    .cleanup = port_cleanup,
};

/* Ports */

static VirtIOSwitchPort *port_new(VirtIOSwitch *sw, const char *what,
                                  NetClientState *peer, VirtIONet *nic)
{
    g_autofree char *name = g_strdup_printf("siov-switch%u.%s", sw->number,
                                            what);
    NetClientState *nc = qemu_new_net_client(&port_info, peer, "siov-switch",
                                             name);
    VirtIOSwitchPort *port = DO_UPCAST(VirtIOSwitchPort, nc, nc);

    port->sw = sw;
    port->nic = nic;
    QLIST_INSERT_HEAD(&sw->ports, port, next);
    if (nic) {
        nic->nic_conf.peers.ncs[0] = nc;
        nic->nic_conf.peers.queues = 1;
    }
    return port;
}

VirtIOSwitchPort *virtio_switch_add(VirtIOSwitch *sw, uint32_t n,
                                    VirtIONet *nic)
{
    g_autofree char *what = g_strdup_printf("%" PRIu32, n);
    uint8_t *mac = nic->nic_conf.macaddr.a;
    uint32_t low;

    memcpy(mac, sw->pf->sdi_mac.a, ETH_ALEN);
    low = (mac[3] << 16 | mac[4] << 8 | mac[5]) + n;
    mac[3] = low >> 16;
    mac[4] = low >> 8;
    mac[5] = low;
    return port_new(sw, what, NULL, nic);
}

void virtio_switch_remove(VirtIOSwitchPort *port)
{
    if (port) {
        qemu_del_net_client(&port->nc);
    }
}

void virtio_switch_purge(VirtIOSwitchPort *port)
{
    qemu_purge_queued_packets(&port->nc);
}

/* The switch */

VirtIOSwitch *virtio_switch_new(VirtIONetSIOVPCI *pf, Error **errp)
{
    /* QEMU takes network clients of one name for queues of one backend */
    static unsigned switches;
    VirtIONet *nic = &VIRTIO_NET_ADMIN_PCI_BASE(pf)->vdev;
    NetClientState *backend = nic->nic_conf.peers.ncs[0];
    VirtIOSwitch *sw;

    if (nic->nic_conf.peers.queues > 1) {
        error_setg(errp, "netdev: the switch takes one with a single queue");
        return NULL;
    }
    sw = g_new0(VirtIOSwitch, 1);
    sw->pf = pf;
    sw->number = switches++;
    QLIST_INIT(&sw->ports);
    if (backend) {
        sw->uplink = port_new(sw, "uplink", backend, NULL);
    }
    sw->pf_port = port_new(sw, "pf", NULL, nic);
    return sw;
}

void virtio_switch_free(VirtIOSwitch *sw)
{
    if (!sw) {
        return;
    }
    virtio_switch_remove(sw->pf_port);
    virtio_switch_remove(sw->uplink);
    /* The NICs of the SDIs have gone before, with their ports */
    assert(QLIST_EMPTY(&sw->ports));
    g_free(sw);
}
