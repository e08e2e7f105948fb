/*
 * virtio-net with Scalable Device Interfaces: messages of an SDI
 *
 * An SDI has no MSI-X capability: the driver of the PF stores its messages in
 * the control block. They carry the SDI's RID.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/pci/msi.h"
#include "virtio-sdi.h"

void virtio_sdi_clear_messages(VirtIOSDI *sdi)
{
    for (uint32_t v = 0; v < sdi->num_msgs; v++) {
        sdi->msg[v] = (VirtIOSDIMessage) { .ctrl = VSDI_MSG_CTRL_MASK };
    }
}

static void sdi_send_message(VirtIOSDI *sdi, const VirtIOSDIMessage *m)
{
    VirtIONetSIOVPCI *pf = sdi->pf;
    MSIMessage msg = {
        .address = m->addr_lo | (uint64_t)m->addr_hi << 32,
        .data = m->data,
    };
    uint16_t rid;

    if (!virtio_sdi_may_send(sdi, true, &rid)) {
        return;
    }
    if (pcie_siov_msi_send(PCI_DEVICE(pf), rid, msg) != MEMTX_OK) {
        pf->counters[VSDI_CNT_FAULT]++;
        sdi->fault_count++;
    }
}

void virtio_sdi_raise(VirtIOSDI *sdi, uint16_t vector)
{
    if (vector >= sdi->num_msgs) {
        return;
    }
    if (sdi->stopped) {
        set_bit(vector, sdi->held);
        return;
    }
    sdi->ops->send(sdi, vector);
}

void virtio_sdi_send(VirtIOSDI *sdi, uint16_t vector)
{
    VirtIOSDIMessage *m = &sdi->msg[vector];

    if (m->ctrl & VSDI_MSG_CTRL_MASK) {
        m->ctrl |= VSDI_MSG_CTRL_PENDING;
        sdi->pf->counters[VSDI_CNT_MSI_HELD]++;
        return;
    }
    sdi_send_message(sdi, m);
}

void virtio_sdi_send_held(VirtIOSDI *sdi)
{
    for (uint32_t v = 0; v < sdi->num_msgs; v++) {
        if (test_and_clear_bit(v, sdi->held)) {
            virtio_sdi_raise(sdi, v);
        }
    }
}

uint32_t virtio_sdi_read_message(const VirtIOSDI *sdi, uint32_t reg)
{
    const VirtIOSDIMessage *m = &sdi->msg[reg / VSDI_MSG_SIZE];

    switch (reg % VSDI_MSG_SIZE) {
    case VSDI_MSG_ADDR_LO:
        return m->addr_lo;
    case VSDI_MSG_ADDR_HI:
        return m->addr_hi;
    case VSDI_MSG_DATA:
        return m->data;
    case VSDI_MSG_CTRL:
        return m->ctrl;
    }
    return 0;
}

static void sdi_set_mask(VirtIOSDI *sdi, VirtIOSDIMessage *m, bool mask)
{
    m->ctrl = (m->ctrl & ~VSDI_MSG_CTRL_MASK) | (mask ? VSDI_MSG_CTRL_MASK : 0);
    if (m->ctrl == VSDI_MSG_CTRL_PENDING) {
        m->ctrl = 0;
        virtio_sdi_raise(sdi, m - sdi->msg);
    }
}

void virtio_sdi_write_message(VirtIOSDI *sdi, uint32_t reg, uint32_t val)
{
    VirtIOSDIMessage *m = &sdi->msg[reg / VSDI_MSG_SIZE];

    switch (reg % VSDI_MSG_SIZE) {
    case VSDI_MSG_ADDR_LO:
        m->addr_lo = val & ~3u;
        break;
    case VSDI_MSG_ADDR_HI:
        m->addr_hi = val;
        break;
    case VSDI_MSG_DATA:
        m->data = val;
        break;
    case VSDI_MSG_CTRL:
        sdi_set_mask(sdi, m, val & VSDI_MSG_CTRL_MASK);
        break;
    }
}
