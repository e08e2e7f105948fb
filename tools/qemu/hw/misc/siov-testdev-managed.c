/*
 * SIOV test device: what is managed by firmware
 *
 * The second personality of the device. Its firmware stores messages, makes
 * SDIs of different types, and restarts itself, by which it forgets all of
 * them. What drivers of such devices have in common is that they wait for
 * answers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "siov-testdev-int.h"
#include "hw/pci/pcie.h"
#include "trace.h"

/* Types of SDI */

uint32_t siov_type_vectors(const SIOVTestdev *d, uint32_t n, uint32_t type)
{
    uint32_t vectors = siov_sdi_vectors(d, n);

    return type == SIOV_TYPE_PLAIN ? MAX(vectors / 2, 1) : vectors;
}

bool siov_sdi_has_doorbell(const SIOVTestdev *d, uint32_t n)
{
    return !d->managed || (d->sdis[n] && d->sdis[n]->type == SIOV_TYPE_BELL);
}

/* Before it is enabled */
uint32_t siov_managed_enable(SIOVTestdev *d, SIOVSdi *sdi, const uint32_t *word)
{
    uint32_t op = word[SIOV_CMD_OP / 4];
    uint32_t type = (op & SIOV_CMD_TYPE) >> SIOV_CMD_TYPE_SHIFT;
    uint32_t vectors = word[SIOV_CMD_ARG0 / 4];
    uint32_t n = sdi->engine.index;

    if (type > SIOV_TYPE_BELL || vectors > siov_type_vectors(d, n, type)) {
        return SIOV_ERR_BAD_COMMAND;
    }
    if (pcie_siov_sdi_enabled(&d->siov, n)) {
        return SIOV_ERR_ENABLED;
    }
    sdi->type = type;
    sdi->max_msgs = vectors;
    sdi->translates = !(op & SIOV_CMD_NO_ATS);
    return SIOV_ERR_NONE;
}

/* Messages */

uint32_t siov_managed_store(SIOVTestdev *d, uint32_t n, const uint32_t *word)
{
    uint32_t op = word[SIOV_CMD_OP / 4];
    uint32_t vector = (op & SIOV_CMD_VECTOR) >> SIOV_CMD_VECTOR_SHIFT;
    uint32_t reg = vector * 0x10;
    SIOVSdi *sdi = d->sdis[n];

    if (!pcie_siov_sdi_enabled(&d->siov, n) || vector >= sdi->max_msgs) {
        return SIOV_ERR_BAD_COMMAND;
    }
    d->counters[SIOV_CNT_STORE]++;
    siov_sdi_write_message(sdi, reg + SIOV_MSG_CTRL, SIOV_MSG_CTRL_MASK);
    siov_sdi_write_message(sdi, reg + SIOV_MSG_ADDR_LO,
                           word[SIOV_CMD_ARG0 / 4]);
    siov_sdi_write_message(sdi, reg + SIOV_MSG_ADDR_HI,
                           word[SIOV_CMD_ARG1 / 4]);
    siov_sdi_write_message(sdi, reg + SIOV_MSG_DATA, word[SIOV_CMD_RID / 4]);
    siov_sdi_write_message(sdi, reg + SIOV_MSG_CTRL,
                           op & SIOV_CMD_MASKED ? SIOV_MSG_CTRL_MASK : 0);
    return SIOV_ERR_NONE;
}

/* Translation requests, which nobody answers: QEMU's devices have no ATS */
void siov_managed_translate(SIOVTestdev *d, SIOVSdi *sdi)
{
    PCIDevice *pdev = PCI_DEVICE(d);

    if (!d->managed || !d->ats || !sdi->translates ||
        !(pci_get_word(pdev->config + pdev->exp.ats_cap + PCI_ATS_CTRL) &
          PCI_ATS_CTRL_ENABLE)) {
        return;
    }
    d->counters[SIOV_CNT_TRANSLATION]++;
    trace_siov_testdev_translation(sdi->engine.index);
}

/* Firmware */

static void siov_firmware_event(SIOVTestdev *d)
{
    siov_pf_raise(d, SIOV_EVENT_VECTOR);
}

static void siov_firmware_is_up(void *opaque)
{
    SIOVTestdev *d = opaque;

    d->firmware_down = false;
    siov_firmware_event(d);
}

/* All SDIs and the queue are forgotten, the function itself answers */
static void siov_firmware_restart(SIOVTestdev *d)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    d->counters[SIOV_CNT_RESTART]++;
    d->firmware_down = true;
    siov_queue_stop(d);
    siov_testdev_disable_all(d);
    siov_firmware_event(d);
    timer_mod(&d->firmware_timer,
              now + (int64_t)MAX(d->x_firmware_ms, 1) * SCALE_MS);
}

uint32_t siov_managed_read(const SIOVTestdev *d, uint32_t reg)
{
    uint64_t ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    switch (reg) {
    case SIOV_FIRMWARE:
        return d->managed && !d->firmware_down ? SIOV_FIRMWARE_UP : 0;
    case SIOV_CLOCK + SIOV_CLOCK_ID:
        return SIOV_CLOCK_ID_VALUE;
    case SIOV_CLOCK + SIOV_CLOCK_LO:
        return extract64(ns, 0, 32);
    case SIOV_CLOCK + SIOV_CLOCK_HI:
        return extract64(ns, 32, 32);
    }
    return 0;
}

void siov_managed_write(SIOVTestdev *d, uint32_t reg, uint32_t val)
{
    if (!d->managed) {
        return;
    }
    if (reg >= SIOV_CLOCK) {
        d->counters[SIOV_CNT_CLOCK_WRITE]++;
    } else if (reg == SIOV_FIRMWARE && val & SIOV_FIRMWARE_RESTART &&
               !d->firmware_down) {
        siov_firmware_restart(d);
    }
}

/* Life */

void siov_managed_reset(SIOVTestdev *d)
{
    timer_del(&d->firmware_timer);
    d->firmware_down = false;
}

void siov_managed_init(SIOVTestdev *d)
{
    timer_init_ns(&d->firmware_timer, QEMU_CLOCK_VIRTUAL, siov_firmware_is_up,
                  d);
    if (d->managed) {
        d->command_queue = true;
        d->regions = 2;
        pci_config_set_device_id(PCI_DEVICE(d)->config,
                                 SIOV_TESTDEV_MANAGED_DEVICE_ID);
    }
}

void siov_managed_exit(SIOVTestdev *d)
{
    timer_del(&d->firmware_timer);
    timer_deinit(&d->firmware_timer);
}
