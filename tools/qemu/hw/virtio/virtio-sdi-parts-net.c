/*
 * virtio-net with Scalable Device Interfaces: the parts of a NIC
 *
 * Virtio 1.4, "Network Device", "Device parts": each is what a command of the
 * control queue would have to say. If a driver has given more addresses than
 * there is room for, the NIC receives all; that is told by the mode for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "hw/virtio/virtio-net.h"
#include "net/net.h"
#include "standard-headers/linux/virtio_net.h"
#include "virtio-sdi-parts.h"

static uint64_t selector_of(uint8_t class, uint8_t command)
{
    return class | command << 8;
}

/* Of the NIC to its copy and back */

static uint8_t *mode_of(VirtIONet *n, int mode)
{
    switch (mode) {
    case VIRTIO_NET_CTRL_RX_PROMISC:
        return &n->promisc;
    case VIRTIO_NET_CTRL_RX_ALLMULTI:
        return &n->allmulti;
    case VIRTIO_NET_CTRL_RX_ALLUNI:
        return &n->alluni;
    case VIRTIO_NET_CTRL_RX_NOMULTI:
        return &n->nomulti;
    case VIRTIO_NET_CTRL_RX_NOUNI:
        return &n->nouni;
    default:
        return &n->nobcast;
    }
}

void virtio_sdi_net_save(const VirtIONet *n, VirtIOSDINetState *s)
{
    memcpy(s->mac, n->mac, ETH_ALEN);
    for (int i = 0; i < VIRTIO_SDI_NUM_RX_MODES; i++) {
        s->mode[i] = *mode_of((VirtIONet *)n, i);
    }
    s->mode[VIRTIO_NET_CTRL_RX_ALLUNI] |= n->mac_table.uni_overflow;
    s->mode[VIRTIO_NET_CTRL_RX_ALLMULTI] |= n->mac_table.multi_overflow;
    s->num_macs = n->mac_table.in_use;
    s->first_multi = n->mac_table.first_multi;
    memcpy(s->macs, n->mac_table.macs, sizeof(s->macs));
    memcpy(s->vlans, n->vlans, sizeof(s->vlans));
}

void virtio_sdi_net_load(VirtIONet *n, const VirtIOSDINetState *s)
{
    memcpy(n->mac, s->mac, ETH_ALEN);
    qemu_format_nic_info_str(qemu_get_queue(n->nic), n->mac);
    for (int i = 0; i < VIRTIO_SDI_NUM_RX_MODES; i++) {
        *mode_of(n, i) = s->mode[i];
    }
    n->mac_table.in_use = s->num_macs;
    n->mac_table.first_multi = s->first_multi;
    memcpy(n->mac_table.macs, s->macs, sizeof(s->macs));
    memcpy(n->vlans, s->vlans, sizeof(s->vlans));
}

/* Writing */

static void add_macs(GByteArray *value, const uint8_t (*macs)[ETH_ALEN],
                     uint32_t num)
{
    uint32_t le = cpu_to_le32(num);

    g_byte_array_append(value, (void *)&le, sizeof(le));
    g_byte_array_append(value, (void *)macs, num * ETH_ALEN);
}

static void write_macs(const VirtIOSDINetState *s, GByteArray *parts)
{
    g_autoptr(GByteArray) value = g_byte_array_new();

    add_macs(value, s->macs, s->first_multi);
    add_macs(value, s->macs + s->first_multi, s->num_macs - s->first_multi);
    virtio_sdi_add_part(parts, VIRTIO_NET_DEV_PART_CVQ_CFG, 0,
                        selector_of(VIRTIO_NET_CTRL_MAC,
                                    VIRTIO_NET_CTRL_MAC_TABLE_SET),
                        value->data, value->len);
}

static void write_vlans(const VirtIOSDINetState *s, GByteArray *parts)
{
    g_autofree uint16_t *list = g_new(uint16_t, MAX_VLAN);
    uint32_t num = 0;

    for (int vid = 0; vid < MAX_VLAN; vid++) {
        if (s->vlans[vid / 32] & BIT(vid % 32)) {
            list[num++] = cpu_to_le16(vid);
        }
    }
    virtio_sdi_add_part(parts, VIRTIO_NET_DEV_PART_CVQ_CFG, 0,
                        selector_of(VIRTIO_NET_CTRL_VLAN,
                                    VIRTIO_NET_CTRL_VLAN_ADD),
                        list, num * sizeof(*list));
}

void virtio_sdi_net_write(const VirtIOSDINetState *s, GByteArray *parts)
{
    for (int i = 0; i < VIRTIO_SDI_NUM_RX_MODES; i++) {
        virtio_sdi_add_part(parts, VIRTIO_NET_DEV_PART_CVQ_CFG, 0,
                            selector_of(VIRTIO_NET_CTRL_RX, i), &s->mode[i],
                            1);
    }
    write_macs(s, parts);
    virtio_sdi_add_part(parts, VIRTIO_NET_DEV_PART_CVQ_CFG, 0,
                        selector_of(VIRTIO_NET_CTRL_MAC,
                                    VIRTIO_NET_CTRL_MAC_ADDR_SET),
                        s->mac, ETH_ALEN);
    write_vlans(s, parts);
}

/* Reading */

/* Takes one table from @value; false if it is not all there, or too long */
static bool take_macs(VirtIOSDINetState *s, const uint8_t **value,
                      uint32_t *len)
{
    uint32_t num;

    if (*len < sizeof(num)) {
        return false;
    }
    num = ldl_le_p(*value);
    *value += sizeof(num);
    *len -= sizeof(num);
    if (num > MAC_TABLE_ENTRIES - s->num_macs || num * ETH_ALEN > *len) {
        return false;
    }
    memcpy(s->macs[s->num_macs], *value, num * ETH_ALEN);
    s->num_macs += num;
    *value += num * ETH_ALEN;
    *len -= num * ETH_ALEN;
    return true;
}

static bool read_macs(VirtIOSDINetState *s, const uint8_t *value, uint32_t len)
{
    memset(s->macs, 0, sizeof(s->macs));
    s->num_macs = 0;
    if (!take_macs(s, &value, &len)) {
        return false;
    }
    s->first_multi = s->num_macs;
    return take_macs(s, &value, &len) && !len;
}

static bool read_mac(VirtIOSDINetState *s, const uint8_t *value, uint32_t len)
{
    if (len != ETH_ALEN) {
        return false;
    }
    memcpy(s->mac, value, ETH_ALEN);
    return true;
}

static bool read_vlans(VirtIOSDINetState *s, const uint8_t *value, uint32_t len)
{
    uint16_t vid;

    if (len % sizeof(vid)) {
        return false;
    }
    memset(s->vlans, 0, sizeof(s->vlans));
    for (uint32_t i = 0; i < len; i += sizeof(vid)) {
        vid = lduw_le_p(value + i);
        if (vid >= MAX_VLAN) {
            return false;
        }
        s->vlans[vid / 32] |= BIT(vid % 32);
    }
    return true;
}

static bool read_mode(VirtIOSDINetState *s, uint8_t mode, const uint8_t *value,
                      uint32_t len)
{
    if (mode >= VIRTIO_SDI_NUM_RX_MODES || len != 1 || value[0] > 1) {
        return false;
    }
    s->mode[mode] = value[0];
    return true;
}

bool virtio_sdi_net_read(VirtIOSDINetState *s, uint64_t selector,
                         const uint8_t *value, uint32_t len)
{
    uint8_t class = selector, command = selector >> 8;

    if (class == VIRTIO_NET_CTRL_RX) {
        return read_mode(s, command, value, len);
    }
    if (class == VIRTIO_NET_CTRL_VLAN && command == VIRTIO_NET_CTRL_VLAN_ADD) {
        return read_vlans(s, value, len);
    }
    if (class != VIRTIO_NET_CTRL_MAC) {
        return false;
    }
    switch (command) {
    case VIRTIO_NET_CTRL_MAC_TABLE_SET:
        return read_macs(s, value, len);
    case VIRTIO_NET_CTRL_MAC_ADDR_SET:
        return read_mac(s, value, len);
    }
    return false;
}
