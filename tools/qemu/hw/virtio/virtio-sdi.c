/*
 * virtio-net with Scalable Device Interfaces: an SDI
 *
 * A virtio bus with one device on it: a NIC, made when the SDI is enabled and
 * removed after it is disabled, or a device that the user has plugged. All
 * memory that the device sees is one IOMMU region, which is asked for every
 * access. So whether a request may leave, and with which RID, is decided each
 * time, and nobody can forget to tell the device that the answer has changed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "hw/hotplug.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_ids.h"
#include "virtio-sdi.h"

#define TYPE_VIRTIO_SDI_DMA     "virtio-sdi-dma"

#define SDI_PAGE_MASK           0xfffull
#define SDI_MAX_WARNINGS        16

bool virtio_sdi_enabled(const VirtIOSDI *sdi)
{
    return sdi->ops->enabled(sdi);
}

static VirtIODevice *sdi_plugged(const VirtIOSDI *sdi)
{
    return virtio_bus_get_device((VirtioBusState *)&sdi->bus);
}

VirtIODevice *virtio_sdi_device(VirtIOSDI *sdi)
{
    if (!virtio_sdi_enabled(sdi) || sdi->change != VIRTIO_SDI_STEADY) {
        return NULL;
    }
    return sdi_plugged(sdi);
}

void virtio_sdi_too_early(VirtIOSDI *sdi, const char *what)
{
    if (sdi->pf->counters[VSDI_CNT_TOO_EARLY]++ < SDI_MAX_WARNINGS) {
        warn_report("SIOV violation: too early: %s, SDI %" PRIu32, what,
                    sdi->index);
    }
}

/* Requests and messages */

bool virtio_sdi_may_send(VirtIOSDI *sdi, bool is_msi, uint16_t *rid)
{
    VirtIONetSIOVPCI *pf = sdi->pf;

    if (sdi->stopped || !sdi->ops->may_send(sdi, is_msi, rid)) {
        pf->counters[VSDI_CNT_DROP]++;
        sdi->drop_count++;
        return false;
    }
    pf->counters[is_msi ? VSDI_CNT_MSI : VSDI_CNT_DMA]++;
    sdi->msi_count += is_msi;
    sdi->dma_count += !is_msi;
    return true;
}

/*
 * QEMU's devices do not look whether they could read a ring. One that goes on
 * with zeroes in the place of its queue would not be seen to have failed.
 */
static void sdi_request_failed(VirtIOSDI *sdi, hwaddr addr)
{
    VirtIODevice *vdev = virtio_sdi_device(sdi);

    if (vdev && !virtio_device_disabled(vdev)) {
        virtio_error(vdev, "%s: no access to 0x%" HWADDR_PRIx,
                     BUS(&sdi->bus)->name, addr);
    }
}

static bool sdi_request(VirtIOSDI *sdi, IOMMUTLBEntry *entry, bool is_write)
{
    VirtIONetSIOVPCI *pf = sdi->pf;
    uint16_t rid;

    if (!virtio_sdi_may_send(sdi, false, &rid)) {
        return false;
    }
    if (!pcie_siov_translate(PCI_DEVICE(pf), rid, is_write, entry)) {
        pf->counters[VSDI_CNT_FAULT]++;
        sdi->fault_count++;
        return false;
    }
    return true;
}

static IOMMUTLBEntry sdi_translate(IOMMUMemoryRegion *dma, hwaddr addr,
                                   IOMMUAccessFlags flag, int iommu_idx)
{
    VirtIOSDI *sdi = container_of(dma, VirtIOSDI, dma);
    IOMMUTLBEntry entry = {
        .target_as = &address_space_memory,
        .iova = addr & ~SDI_PAGE_MASK,
        .translated_addr = addr & ~SDI_PAGE_MASK,
        .addr_mask = SDI_PAGE_MASK,
        .perm = IOMMU_NONE,
    };

    if (flag != IOMMU_NONE && !sdi_request(sdi, &entry, flag == IOMMU_WO)) {
        sdi_request_failed(sdi, addr);
    }
    return entry;
}

static void sdi_dma_class_init(ObjectClass *klass, void *data)
{
    IOMMU_MEMORY_REGION_CLASS(klass)->translate = sdi_translate;
}

static const TypeInfo sdi_dma_info = {
    .name = TYPE_VIRTIO_SDI_DMA,
    .parent = TYPE_IOMMU_MEMORY_REGION,
    .class_init = sdi_dma_class_init,
};

/* The bus */

static void sdi_bus_notify(DeviceState *dev, uint16_t vector)
{
    VirtIOSDI *sdi = VIRTIO_SDI(dev);

    if (virtio_sdi_device(sdi)) {
        virtio_sdi_raise(sdi, vector);
    }
}

static AddressSpace *sdi_bus_get_dma_as(DeviceState *dev)
{
    return &VIRTIO_SDI(dev)->as;
}

static bool sdi_bus_iommu_enabled(DeviceState *dev)
{
    return true;
}

static bool sdi_bus_queue_enabled(DeviceState *dev, int n)
{
    return n < VIRTIO_SDI_MAX_QUEUES && VIRTIO_SDI(dev)->queue[n].enabled;
}

static void sdi_bus_pre_plugged(DeviceState *dev, Error **errp)
{
    virtio_add_feature(&sdi_plugged(VIRTIO_SDI(dev))->host_features,
                       VIRTIO_F_VERSION_1);
}

static void sdi_bus_class_init(ObjectClass *klass, void *data)
{
    VirtioBusClass *k = VIRTIO_BUS_CLASS(klass);

    BUS_CLASS(klass)->max_dev = 1;
    k->notify = sdi_bus_notify;
    k->get_dma_as = sdi_bus_get_dma_as;
    k->iommu_enabled = sdi_bus_iommu_enabled;
    k->queue_enabled = sdi_bus_queue_enabled;
    k->pre_plugged = sdi_bus_pre_plugged;
}

static const TypeInfo sdi_bus_info = {
    .name = TYPE_VIRTIO_SDI_BUS,
    .parent = TYPE_VIRTIO_BUS,
    .instance_size = sizeof(VirtioBusState),
    .class_init = sdi_bus_class_init,
};

/* Where it is, for whoever wants a name that no other device has */
static char *sdi_parent_bus_get_dev_path(DeviceState *dev)
{
    VirtIOSDI *sdi = VIRTIO_SDI(dev);
    g_autofree char *pf = qdev_get_dev_path(DEVICE(sdi->pf));

    if (sdi->vf) {
        return qdev_get_dev_path(DEVICE(sdi->vf));
    }
    return g_strdup_printf("%s/sdi%" PRIu32, pf, sdi->index);
}

static void sdi_parent_bus_class_init(ObjectClass *klass, void *data)
{
    BUS_CLASS(klass)->get_dev_path = sdi_parent_bus_get_dev_path;
}

static const TypeInfo sdi_parent_bus_info = {
    .name = TYPE_VIRTIO_SDI_PARENT_BUS,
    .parent = TYPE_BUS,
    .instance_size = sizeof(BusState),
    .class_init = sdi_parent_bus_class_init,
};

static bool sdi_in_use(VirtIOSDI *sdi, Error **errp)
{
    if (!virtio_sdi_enabled(sdi) && sdi->change == VIRTIO_SDI_STEADY) {
        return false;
    }
    error_setg(errp, "SDI %" PRIu32 " of %s is enabled, disable it first",
               sdi->index, PCI_DEVICE(sdi->pf)->name);
    return true;
}

/*
 * A device asks its bus for an address space only if it has this feature, and
 * takes the system's memory otherwise, past any IOMMU.
 */
static void sdi_pre_plug(HotplugHandler *handler, DeviceState *dev,
                         Error **errp)
{
    if (sdi_in_use(VIRTIO_SDI(handler), errp)) {
        return;
    }
    virtio_add_feature(&VIRTIO_DEVICE(dev)->host_features,
                       VIRTIO_F_IOMMU_PLATFORM);
}

static void sdi_unplug(HotplugHandler *handler, DeviceState *dev, Error **errp)
{
    if (!sdi_in_use(VIRTIO_SDI(handler), errp)) {
        qdev_unrealize(dev);
    }
}

/* Of its bus and its NIC; @pf stands for a PF without a name */
static char *sdi_name(const VirtIOSDI *sdi, const char *pf)
{
    return g_strdup_printf("%s.%s%" PRIu32, DEVICE(sdi->pf)->id ?: pf,
                           sdi->vf ? "vf" : "",
                           sdi->index - (sdi->vf ? sdi->pf->total_sdis : 0));
}

/* The NIC of an SDI that has no other device */

static bool sdi_make_nic(VirtIOSDI *sdi, Error **errp)
{
    g_autofree char *name = sdi_name(sdi, "sdi");
    DeviceState *dev;

    if (sdi_plugged(sdi)) {
        return true;
    }
    dev = qdev_new(TYPE_VIRTIO_NET);
    sdi->port = virtio_switch_add(sdi->pf->sw, sdi->index, VIRTIO_NET(dev));
    virtio_net_set_netclient_name(VIRTIO_NET(dev), name, TYPE_VIRTIO_SDI);
    if (!qdev_realize_and_unref(dev, BUS(&sdi->bus), errp)) {
        virtio_switch_remove(g_steal_pointer(&sdi->port));
        return false;
    }
    sdi->nic = VIRTIO_DEVICE(dev);
    return true;
}

static void sdi_remove_nic(VirtIOSDI *sdi)
{
    if (!sdi->nic) {
        return;
    }
    object_unparent(OBJECT(sdi->nic));
    sdi->nic = NULL;
    virtio_switch_remove(g_steal_pointer(&sdi->port));
}

/* Not at once: a reset of the function visits what is being removed here */
static void sdi_reap(void *opaque)
{
    VirtIOSDI *sdi = opaque;

    if (!virtio_sdi_enabled(sdi)) {
        sdi_remove_nic(sdi);
    }
}

/* What it is */

uint32_t virtio_sdi_kind(const VirtIONetSIOVPCI *pf, uint32_t n)
{
    VirtIODevice *vdev = pf->sdis[n] ? sdi_plugged(pf->sdis[n]) : NULL;
    uint32_t queues = 0;

    if (!vdev) {
        return VIRTIO_ID_NET |
               VIRTIO_SDI_NIC_QUEUES << VSDI_BLK_DEVICE_QUEUES_SHIFT;
    }
    while (queues < VIRTIO_SDI_MAX_QUEUES &&
           virtio_queue_get_num(vdev, queues)) {
        queues++;
    }
    return vdev->device_id | queues << VSDI_BLK_DEVICE_QUEUES_SHIFT;
}

uint32_t virtio_sdi_vectors(const VirtIONetSIOVPCI *pf, uint32_t n)
{
    uint32_t queues = virtio_sdi_kind(pf, n) >> VSDI_BLK_DEVICE_QUEUES_SHIFT;

    return MIN(queues + 1, pf->sdi_vectors);
}

/* Its life */

void virtio_sdi_reset_device(VirtIOSDI *sdi)
{
    virtio_bus_reset(&sdi->bus);
    virtio_sdi_clear_page(sdi);
    if (sdi->port) {
        virtio_switch_purge(sdi->port);
    }
    sdi->look_up_queues = false;
    bitmap_zero(sdi->held, sdi->pf->sdi_vectors);
    virtio_sdi_update_access(sdi);
}

void virtio_sdi_reset_by_driver(VirtIOSDI *sdi)
{
    if (sdi->index != sdi->pf->x_reset_hang_at) {
        virtio_sdi_reset_device(sdi);
    }
}

static void sdi_set_master(VirtIOSDI *sdi, bool on)
{
    pcie_siov_sdi_set_master(&sdi->pf->siov, sdi->index, on);
    virtio_sdi_update_access(sdi);
}

void virtio_sdi_clear(VirtIOSDI *sdi)
{
    virtio_sdi_reset_device(sdi);
    virtio_sdi_clear_messages(sdi);
    virtio_sdi_go_on(sdi);
}

static void sdi_clear(VirtIOSDI *sdi)
{
    sdi_set_master(sdi, false);
    virtio_sdi_clear(sdi);
}

static void sdi_reset(VirtIOSDI *sdi)
{
    sdi->pf->counters[VSDI_CNT_SDI_RESET]++;
    sdi_clear(sdi);
}

static uint32_t sdi_enable(VirtIOSDI *sdi)
{
    VirtIONetSIOVPCI *pf = sdi->pf;
    Error *err = NULL;

    if (sdi->index == pf->x_enable_fail_at) {
        return VSDI_ERR_FAILED;
    }
    if (!sdi_make_nic(sdi, &err)) {
        error_report_err(err);
        return VSDI_ERR_FAILED;
    }
    sdi->num_msgs = virtio_sdi_vectors(pf, sdi->index);
    sdi_clear(sdi);
    if (!pcie_siov_sdi_enable(&pf->siov, sdi->index)) {
        qemu_bh_schedule(sdi->reaper);
        return VSDI_ERR_NO_RID;
    }
    pf->counters[VSDI_CNT_ENABLE]++;
    sdi->generation++;
    sdi->dma_count = 0;
    sdi->fault_count = 0;
    sdi->msi_count = 0;
    sdi->drop_count = 0;
    sdi_set_master(sdi, sdi->master);
    return VSDI_ERR_NONE;
}

void virtio_sdi_disable(VirtIOSDI *sdi)
{
    timer_del(sdi->timer);
    sdi->change = VIRTIO_SDI_STEADY;
    sdi->error = VSDI_ERR_NONE;
    if (!virtio_sdi_enabled(sdi)) {
        pcie_siov_sdi_clear_rid(&sdi->pf->siov, sdi->index);
        return;
    }
    sdi->pf->counters[VSDI_CNT_DISABLE]++;
    sdi_clear(sdi);
    pcie_siov_sdi_disable(&sdi->pf->siov, sdi->index);
    virtio_admin_member_gone(&VIRTIO_NET_ADMIN_PCI_BASE(sdi->pf)->admin,
                             VSDI_GROUP_TYPE, sdi->index + 1);
    qemu_bh_schedule(sdi->reaper);
}

static void sdi_change_ends(void *opaque)
{
    VirtIOSDI *sdi = opaque;
    VirtIOSDIChange change = sdi->change;

    sdi->change = VIRTIO_SDI_STEADY;
    if (change == VIRTIO_SDI_ENABLING) {
        sdi->error = sdi_enable(sdi);
    } else {
        sdi_reset(sdi);
    }
}

static void sdi_begin(VirtIOSDI *sdi, VirtIOSDIChange change, uint32_t us)
{
    sdi->change = change;
    if (change == VIRTIO_SDI_RESETTING) {
        sdi_set_master(sdi, false);
        if (sdi->index == sdi->pf->x_reset_hang_at) {
            return;
        }
    }
    if (us) {
        timer_mod(sdi->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                  (int64_t)us * SCALE_US);
    } else {
        sdi_change_ends(sdi);
    }
}

static uint32_t sdi_control_error(VirtIOSDI *sdi, uint32_t val)
{
    uint16_t rid;

    if (!(val & VSDI_BLK_CTRL_ENABLE)) {
        return VSDI_ERR_NONE;
    }
    if (sdi->change != VIRTIO_SDI_STEADY) {
        virtio_sdi_too_early(sdi, "CTRL written during a change");
        return VSDI_ERR_BUSY;
    }
    if (!virtio_sdi_enabled(sdi) &&
        !pcie_siov_sdi_rid(&sdi->pf->siov, sdi->index, &rid)) {
        return VSDI_ERR_NO_RID;
    }
    return VSDI_ERR_NONE;
}

uint32_t virtio_sdi_control(VirtIOSDI *sdi, uint32_t val)
{
    VirtIONetSIOVPCI *pf = sdi->pf;

    sdi->error = sdi_control_error(sdi, val);
    if (sdi->error) {
        return sdi->error;
    }
    if (!(val & VSDI_BLK_CTRL_ENABLE)) {
        virtio_sdi_disable(sdi);
    } else if (!virtio_sdi_enabled(sdi)) {
        sdi->master = val & VSDI_BLK_CTRL_MASTER &&
                      !(val & VSDI_BLK_CTRL_RESET);
        sdi_begin(sdi, VIRTIO_SDI_ENABLING, pf->x_enable_us);
    } else if (val & VSDI_BLK_CTRL_RESET) {
        sdi_begin(sdi, VIRTIO_SDI_RESETTING, pf->x_reset_us);
    } else {
        sdi_set_master(sdi, val & VSDI_BLK_CTRL_MASTER);
    }
    return sdi->error;
}

/* ENABLE and RESET as they were written, even if that is not done yet */
uint32_t virtio_sdi_read_ctrl(const VirtIOSDI *sdi)
{
    uint32_t val = 0;

    if (virtio_sdi_enabled(sdi) || sdi->change == VIRTIO_SDI_ENABLING) {
        val |= VSDI_BLK_CTRL_ENABLE;
    }
    if (sdi->change == VIRTIO_SDI_RESETTING) {
        val |= VSDI_BLK_CTRL_RESET;
    }
    if (test_bit(sdi->index, sdi->pf->siov.master)) {
        val |= VSDI_BLK_CTRL_MASTER;
    }
    return val;
}

static uint32_t sdi_rid_error(VirtIOSDI *sdi)
{
    if (sdi->pf->rid_mode == VIRTIO_SDI_RIDS_STRIDED) {
        return VSDI_ERR_UNSUPPORTED;
    }
    if (sdi->change != VIRTIO_SDI_STEADY) {
        virtio_sdi_too_early(sdi, "RID written during a change");
        return VSDI_ERR_BUSY;
    }
    return virtio_sdi_enabled(sdi) ? VSDI_ERR_ENABLED : VSDI_ERR_NONE;
}

uint32_t virtio_sdi_set_rid(VirtIOSDI *sdi, uint32_t val)
{
    PCIESIOV *siov = &sdi->pf->siov;

    sdi->error = sdi_rid_error(sdi);
    if (sdi->error) {
        return sdi->error;
    }
    if (val & VSDI_BLK_RID_SOFTWARE) {
        pcie_siov_sdi_set_rid(siov, sdi->index, val & VSDI_BLK_RID_MASK);
    } else {
        pcie_siov_sdi_clear_rid(siov, sdi->index);
    }
    return VSDI_ERR_NONE;
}

/* What an SDI is for PCI */

static bool siov_enabled(const VirtIOSDI *sdi)
{
    return pcie_siov_sdi_enabled(&sdi->pf->siov, sdi->index);
}

static bool siov_is_master(const VirtIOSDI *sdi)
{
    return test_bit(sdi->index, sdi->pf->siov.master);
}

static bool siov_may_send(VirtIOSDI *sdi, bool is_msi, uint16_t *rid)
{
    VirtIONetSIOVPCI *pf = sdi->pf;

    if (pcie_siov_sdi_may_send(&pf->siov, sdi->index, rid) != PCIE_SIOV_SENT) {
        return false;
    }
    if (is_msi ? pf->x_msi_as_pf : pf->x_sdi_dma_as_pf) {
        *rid = pci_requester_id(PCI_DEVICE(pf));
        pf->counters[VSDI_CNT_FORGED]++;
    }
    return true;
}

static uint64_t siov_page_offset(const VirtIOSDI *sdi)
{
    return (uint64_t)sdi->index * sdi->pf->page_size;
}

static const VirtIOSDIOps siov_ops = {
    .enabled = siov_enabled,
    .is_master = siov_is_master,
    .may_send = siov_may_send,
    .send = virtio_sdi_send,
    .page_owner = VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_OWNER_DEV,
    .page_offset = siov_page_offset,
};

/* The object */

static VirtIOSDI *sdi_new(VirtIONetSIOVPCI *pf, uint32_t index, PCIDevice *vf,
                          const VirtIOSDIOps *ops, Error **errp)
{
    VirtIOSDI *sdi = VIRTIO_SDI(qdev_new(TYPE_VIRTIO_SDI));

    sdi->pf = pf;
    sdi->index = index;
    sdi->vf = vf;
    sdi->ops = ops;
    return qdev_realize_and_unref(DEVICE(sdi), &pf->sdi_bus, errp) ? sdi : NULL;
}

VirtIOSDI *virtio_sdi_new(VirtIONetSIOVPCI *pf, uint32_t n, Error **errp)
{
    return sdi_new(pf, n, NULL, &siov_ops, errp);
}

VirtIOSDI *virtio_sdi_new_vf(VirtIONetSIOVPCI *pf, uint32_t n, PCIDevice *vf,
                             const VirtIOSDIOps *ops, Error **errp)
{
    VirtIOSDI *sdi = sdi_new(pf, pf->total_sdis + n, vf, ops, errp);

    if (!sdi || !sdi_make_nic(sdi, errp)) {
        return NULL;
    }
    sdi->num_msgs = MIN(VIRTIO_SDI_NIC_QUEUES + 1, pf->sdi_vectors);
    virtio_sdi_clear(sdi);
    return sdi;
}

static void sdi_realize(DeviceState *dev, Error **errp)
{
    VirtIOSDI *sdi = VIRTIO_SDI(dev);
    g_autofree char *name = sdi_name(sdi, TYPE_VIRTIO_NET_SIOV_PCI);

    /* Its device asks about it to the end */
    object_ref(OBJECT(sdi->vf));
    sdi->msg = g_new0(VirtIOSDIMessage, sdi->pf->sdi_vectors);
    sdi->held = bitmap_new(sdi->pf->sdi_vectors);
    sdi->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, sdi_change_ends, sdi);
    sdi->reaper = qemu_bh_new_guarded(sdi_reap, sdi,
                                      &dev->mem_reentrancy_guard);
    memory_region_init_iommu(&sdi->dma, sizeof(sdi->dma), TYPE_VIRTIO_SDI_DMA,
                             OBJECT(sdi), "virtio-sdi-dma", UINT64_MAX);
    address_space_init(&sdi->as, MEMORY_REGION(&sdi->dma), name);
    qbus_init(&sdi->bus, sizeof(sdi->bus), TYPE_VIRTIO_SDI_BUS, dev, name);
    qbus_set_hotplug_handler(BUS(&sdi->bus), OBJECT(sdi));
}

static void sdi_unrealize(DeviceState *dev)
{
    VirtIOSDI *sdi = VIRTIO_SDI(dev);

    sdi_remove_nic(sdi);
    address_space_destroy(&sdi->as);
    qemu_bh_delete(sdi->reaper);
    timer_free(sdi->timer);
    g_free(sdi->held);
    g_free(sdi->msg);
    object_unref(OBJECT(sdi->vf));
}

static void sdi_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    HotplugHandlerClass *hc = HOTPLUG_HANDLER_CLASS(klass);

    dc->bus_type = TYPE_VIRTIO_SDI_PARENT_BUS;
    dc->realize = sdi_realize;
    dc->unrealize = sdi_unrealize;
    dc->user_creatable = false;
    hc->pre_plug = sdi_pre_plug;
    hc->unplug = sdi_unplug;
}

static const TypeInfo sdi_info = {
    .name = TYPE_VIRTIO_SDI,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(VirtIOSDI),
    .class_init = sdi_class_init,
    .interfaces = (InterfaceInfo[]) {
        { TYPE_HOTPLUG_HANDLER },
        { }
    },
};

static void sdi_register_types(void)
{
    type_register_static(&sdi_dma_info);
    type_register_static(&sdi_bus_info);
    type_register_static(&sdi_parent_bus_info);
    type_register_static(&sdi_info);
}

type_init(sdi_register_types)
