/*
 * QTest testcase for virtio-net-siov-pci: its SR-IOV VFs
 *
 * A driver finds the registers of a VF by capabilities, and the PF's driver
 * reaches it by the commands of the SR-IOV group.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_net.h"
#include "standard-headers/linux/virtio_pci.h"
#include "virtio-siov-test.h"

#define VF_PAGES        (BAR_PAGES + 0x00100000ull)
#define VF_MSIX         (BAR_CTRL + 0x00080000ull)
#define VF_RID(n)       (PF_RID + 0x80 + (n))
#define SDIS            8       /* VF n is counted as NIC SDIS + n */
#define VFS             4
#define NIC_PAGES       16
#define MSG             0x00300000ull

#define SELF            0
#define SRIOV           1
#define SIOV            VSDI_GROUP_TYPE
#define LISTS           3ull
#define LEGACY          (31ull << VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_WRITE)
#define PARTS           (0xffull << VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CREATE)

#define EINVAL_STATUS   22
#define ENXIO_STATUS    6
#define BAD_OPCODE      2
#define BAD_FIELD       3
#define BAD_GROUP       4
#define BAD_MEMBER      5

static uint32_t failed(uint16_t status, uint16_t qualifier)
{
    return status | qualifier << 16;
}

/* PCI */

static uint32_t sriov_cap(QTestState *qts)
{
    return find_ext_cap(qts, PF_RID, PCI_EXT_CAP_ID_SRIOV,
                        PCI_CONFIG_SPACE_SIZE);
}

/* Enable so many, with all that PCI has for a driver set up; or none */
static void enable_vfs(QTestState *qts, uint16_t num)
{
    uint32_t cap = sriov_cap(qts);

    if (!num) {
        cfg_writew(qts, PF_RID, cap + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_MSE);
        return;
    }
    cfg_writew(qts, PF_RID, cap + PCI_SRIOV_NUM_VF, num);
    cfg_writel(qts, PF_RID, cap + PCI_SRIOV_BAR + 8, VF_PAGES);
    cfg_writel(qts, PF_RID, cap + PCI_SRIOV_BAR + 12, 0);
    cfg_writel(qts, PF_RID, cap + PCI_SRIOV_BAR + 16, VF_MSIX);
    cfg_writew(qts, PF_RID, cap + PCI_SRIOV_CTRL,
               PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
    for (int n = 0; n < num; n++) {
        cfg_writew(qts, VF_RID(n), PCI_COMMAND, PCI_COMMAND_MASTER);
    }
}

static QTestState *vf_machine(const char *machine)
{
    QTestState *qts = vsdi_machine(machine, "total-sdis=8,vfs=4", "");

    pf_start(qts);
    return qts;
}

static QTestState *vf_new(uint16_t num)
{
    QTestState *qts = vf_machine(MACHINE);

    enable_vfs(qts, num);
    use_group(qts, SELF);
    use_group(qts, SIOV);
    use_group(qts, SRIOV);
    return qts;
}

static uint64_t vf_page(uint32_t n)
{
    return VF_PAGES + (uint64_t)n * VSDI_PAGE_BYTES;
}

/* The capability of this type, or 0 */
static uint8_t find_place(QTestState *qts, uint16_t rid, uint8_t type)
{
    uint8_t pos = cfg_readb(qts, rid, PCI_CAPABILITY_LIST);

    while (pos && (cfg_readb(qts, rid, pos) != PCI_CAP_ID_VNDR ||
                   cfg_readb(qts, rid, pos + VIRTIO_PCI_CAP_CFG_TYPE) !=
                   type)) {
        pos = cfg_readb(qts, rid, pos + PCI_CAP_LIST_NEXT);
    }
    return pos;
}

static void assert_place(QTestState *qts, uint8_t type, uint32_t offset,
                         uint32_t length)
{
    uint8_t pos = find_place(qts, VF_RID(1), type);

    g_assert_cmphex(pos, !=, 0);
    g_assert_cmpuint(cfg_readb(qts, VF_RID(1), pos + VIRTIO_PCI_CAP_BAR), ==,
                     VSDI_BAR_PAGES);
    g_assert_cmphex(cfg_readl(qts, VF_RID(1), pos + VIRTIO_PCI_CAP_OFFSET), ==,
                    offset);
    g_assert_cmphex(cfg_readl(qts, VF_RID(1), pos + VIRTIO_PCI_CAP_LENGTH), ==,
                    length);
}

/* What a driver binds to, and how it finds the registers */
static void test_capabilities(void)
{
    QTestState *qts = vf_new(2);
    uint32_t cap = sriov_cap(qts);
    uint8_t pos;

    g_assert_cmphex(cfg_readw(qts, PF_RID, cap + PCI_SRIOV_VF_DID), ==, 0x1041);
    /* BAR 0 is free for the registers of a legacy driver */
    cfg_writel(qts, PF_RID, cap + PCI_SRIOV_BAR, ~0u);
    g_assert_cmphex(cfg_readl(qts, PF_RID, cap + PCI_SRIOV_BAR), ==, 0);
    g_assert_cmphex(cfg_readl(qts, VF_RID(1), PCI_VENDOR_ID), ==, 0xffffffff);
    g_assert_cmphex(cfg_readl(qts, VF_RID(1), PCI_CLASS_REVISION), ==,
                    0x02000001);
    g_assert_cmphex(cfg_readl(qts, VF_RID(2), PCI_CLASS_REVISION), ==,
                    0xffffffff);
    pos = find_cap(qts, VF_RID(1), PCI_CAP_ID_MSIX);
    g_assert_cmphex(cfg_readw(qts, VF_RID(1), pos + PCI_MSIX_FLAGS), ==, 3);

    assert_place(qts, VIRTIO_PCI_CAP_COMMON_CFG, VSDI_PG_COMMON,
                 VSDI_PG_COMMON_LENGTH);
    assert_place(qts, VIRTIO_PCI_CAP_ISR_CFG, VSDI_PG_ISR, 1);
    assert_place(qts, VIRTIO_PCI_CAP_DEVICE_CFG, VSDI_PG_DEVICE,
                 VSDI_PG_DEVICE_LENGTH);
    assert_place(qts, VIRTIO_PCI_CAP_NOTIFY_CFG, VSDI_PG_NOTIFY,
                 VSDI_PG_NOTIFY_LENGTH);
    pos = find_place(qts, VF_RID(1), VIRTIO_PCI_CAP_NOTIFY_CFG);
    g_assert_cmpuint(cfg_readl(qts, VF_RID(1),
                               pos + VIRTIO_PCI_NOTIFY_CAP_MULT), ==,
                     VSDI_PG_NOTIFY_MULTIPLIER);
    g_assert_cmphex(features_of(qts, vf_page(1)) &
                    (BIT_ULL(VIRTIO_F_VERSION_1) |
                     BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |
                     BIT_ULL(VIRTIO_F_SR_IOV) | BIT_ULL(VIRTIO_F_ADMIN_VQ)),
                    ==, BIT_ULL(VIRTIO_F_VERSION_1) |
                    BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
    /* Its own registers, and not those of another */
    common_writeb(qts, vf_page(1), VIRTIO_PCI_COMMON_STATUS, 1);
    g_assert_cmphex(common_readb(qts, vf_page(0), VIRTIO_PCI_COMMON_STATUS),
                    ==, 0);
    qtest_quit(qts);
}

/* The window in configuration space, for who cannot reach the BAR */
static void test_window(void)
{
    QTestState *qts = vf_new(1);
    uint8_t cap = find_place(qts, VF_RID(0), VIRTIO_PCI_CAP_PCI_CFG);
    uint32_t data = cap + offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);

    cfg_writel(qts, VF_RID(0), cap + VIRTIO_PCI_CAP_OFFSET,
               VIRTIO_PCI_COMMON_NUMQ);
    cfg_writel(qts, VF_RID(0), cap + VIRTIO_PCI_CAP_LENGTH, 2);
    g_assert_cmphex(cfg_readw(qts, VF_RID(0), data), ==, 3);
    cfg_writel(qts, VF_RID(0), cap + VIRTIO_PCI_CAP_OFFSET,
               VIRTIO_PCI_COMMON_GFSELECT);
    cfg_writel(qts, VF_RID(0), cap + VIRTIO_PCI_CAP_LENGTH, 4);
    cfg_writel(qts, VF_RID(0), data, 0x12345678);
    g_assert_cmphex(common_readl(qts, vf_page(0), VIRTIO_PCI_COMMON_GFSELECT),
                    ==, 0x12345678);
    /* What is no register */
    cfg_writel(qts, VF_RID(0), cap + VIRTIO_PCI_CAP_LENGTH, 8);
    cfg_writel(qts, VF_RID(0), data, 0);
    cfg_writel(qts, VF_RID(0), cap + VIRTIO_PCI_CAP_LENGTH, 3);
    cfg_writel(qts, VF_RID(0), data, 0);
    g_assert_cmphex(cfg_readl(qts, VF_RID(0), data), ==, 0);
    g_assert_cmphex(common_readl(qts, vf_page(0), VIRTIO_PCI_COMMON_GFSELECT),
                    ==, 0x12345678);
    qtest_quit(qts);
}

/* The NICs */

static Nic vf_nic_at(QTestState *qts, uint32_t n, uint64_t bus)
{
    return nic_start_page(qts, SDIS + n, vf_page(n), bus);
}

static Nic vf_nic(QTestState *qts, uint32_t n)
{
    return vf_nic_at(qts, n, 0);
}

static void send_to(Nic *from, const Nic *to, uint8_t tag)
{
    uint8_t mac[6];

    mac_of(to->n, mac);
    nic_send(from, mac, tag);
}

static void assert_packet(Nic *from, Nic *to, uint8_t tag)
{
    send_to(from, to, tag);
    g_assert_true(nic_has_sent(from));
    g_assert_cmphex(nic_receive(to), ==, tag);
}

/* To another VF, and to an SDI and back: one switch for all */
static void test_packets(void)
{
    QTestState *qts = vf_new(2);
    Nic a = vf_nic(qts, 0), b = vf_nic(qts, 1), sdi = nic_new(qts, 3);

    nic_give_buffers(&a, 4);
    nic_give_buffers(&b, 4);
    nic_give_buffers(&sdi, 4);
    assert_packet(&a, &b, 0x11);
    assert_packet(&b, &a, 0x12);
    assert_packet(&a, &sdi, 0x13);
    assert_packet(&sdi, &b, 0x14);
    assert_nothing(&a);
    qtest_quit(qts);
}

static void set_vector(QTestState *qts, uint32_t n, uint32_t v, uint64_t addr,
                       uint32_t data)
{
    uint64_t entry = VF_MSIX + 0x1000 * n + PCI_MSIX_ENTRY_SIZE * v;
    uint8_t pos = find_cap(qts, VF_RID(n), PCI_CAP_ID_MSIX);

    qtest_writeq(qts, entry, addr);
    qtest_writel(qts, entry + PCI_MSIX_ENTRY_DATA, data);
    qtest_writel(qts, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
    cfg_writew(qts, VF_RID(n), pos + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE);
}

static void test_messages(void)
{
    QTestState *qts = vf_new(2);
    Nic a = vf_nic(qts, 0), b = vf_nic(qts, 1);

    qtest_memset(qts, MSG, 0, 4);
    set_vector(qts, 1, 1, MSG, 0x1111);
    nic_give_buffers(&b, 4);
    assert_packet(&a, &b, 1);
    g_assert_cmphex(qtest_readl(qts, MSG), ==, 0x1111);
    common_writew(qts, b.page, VIRTIO_PCI_COMMON_MSIX, 4);
    g_assert_cmphex(common_readw(qts, b.page, VIRTIO_PCI_COMMON_MSIX), ==,
                    0xffff);
    qtest_quit(qts);
}

/* Nothing is taken without Bus Master Enable, and nothing is lost */
static void test_master(void)
{
    QTestState *qts = vf_new(2);
    Nic a = vf_nic(qts, 0), b = vf_nic(qts, 1);

    nic_give_buffers(&b, 4);
    cfg_writew(qts, VF_RID(0), PCI_COMMAND, 0);
    send_to(&a, &b, 0x77);
    g_assert_false(nic_has_sent(&a));
    assert_nothing(&b);
    cfg_writew(qts, VF_RID(0), PCI_COMMAND, PCI_COMMAND_MASTER);
    ring(&a, TX);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmphex(nic_receive(&b), ==, 0x77);
    qtest_quit(qts);
}

static void vf_flr(QTestState *qts, uint32_t n)
{
    uint8_t exp = find_cap(qts, VF_RID(n), PCI_CAP_ID_EXP);

    cfg_writew(qts, VF_RID(n), exp + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
}

/* A reset of one is none of another, and disabling them is one of all */
static void test_reset(void)
{
    QTestState *qts = vf_new(2);
    Nic a = vf_nic(qts, 0), b = vf_nic(qts, 1);

    nic_give_buffers(&b, 4);
    vf_flr(qts, 0);
    g_assert_cmphex(common_readb(qts, a.page, VIRTIO_PCI_COMMON_STATUS), ==, 0);
    g_assert_cmphex(common_readb(qts, b.page, VIRTIO_PCI_COMMON_STATUS), ==,
                    15);
    g_assert_cmphex(cfg_readw(qts, VF_RID(0), PCI_COMMAND), ==, 0);
    cfg_writew(qts, VF_RID(0), PCI_COMMAND, PCI_COMMAND_MASTER);
    a = vf_nic(qts, 0);
    assert_packet(&a, &b, 0x22);

    enable_vfs(qts, 0);
    enable_vfs(qts, 2);
    g_assert_cmphex(common_readb(qts, b.page, VIRTIO_PCI_COMMON_STATUS), ==, 0);
    a = vf_nic(qts, 0);
    b = vf_nic(qts, 1);
    nic_give_buffers(&b, 4);
    assert_packet(&a, &b, 0x33);

    vsdi_flr(qts);
    g_assert_cmphex(cfg_readl(qts, VF_RID(0), PCI_CLASS_REVISION), ==,
                    0xffffffff);
    pf_start(qts);
    enable_vfs(qts, 2);
    g_assert_cmphex(common_readb(qts, b.page, VIRTIO_PCI_COMMON_STATUS), ==, 0);
    qtest_quit(qts);
}

/* Its requests have its own RID; the fault names it, and a reset mends it */
static void test_vtd(void)
{
    QTestState *qts = vf_machine(MACHINE_VTD);
    Nic a, b;

    vtd_on(qts);
    enable_vfs(qts, 2);
    a = vf_nic_at(qts, 0, IOVA);
    b = vf_nic_at(qts, 1, IOVA);
    vtd_map_pages(qts, VF_RID(1), 2, b.mem, NIC_PAGES);
    nic_give_buffers(&b, 4);
    send_to(&a, &b, 0x11);
    g_assert_false(nic_has_sent(&a));
    g_assert_cmphex(vtd_fault(qts), ==, VF_RID(0));
    g_assert_true(common_readb(qts, a.page, VIRTIO_PCI_COMMON_STATUS) &
                  VIRTIO_CONFIG_S_NEEDS_RESET);
    g_assert_cmphex(common_readb(qts, b.page, VIRTIO_PCI_COMMON_STATUS), ==,
                    15);

    vtd_map_pages(qts, VF_RID(0), 1, a.mem, NIC_PAGES);
    vtd_flush_contexts(qts);
    a = vf_nic_at(qts, 0, IOVA);
    assert_packet(&a, &b, 0x12);
    qtest_quit(qts);
}

/* The group */

static uint32_t query(QTestState *qts, uint16_t group)
{
    return command(qts, VIRTIO_ADMIN_CMD_LIST_QUERY, group, 0, NULL, 0, 8);
}

static uint32_t read_status(QTestState *qts, uint16_t group, uint64_t member)
{
    uint8_t offset = VIRTIO_PCI_STATUS;

    return command(qts, VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_READ, group, member,
                   &offset, 1, 1);
}

static uint32_t write_reg(QTestState *qts, uint64_t member, uint8_t reg,
                          uint32_t val, int len)
{
    uint8_t data[12] = { reg };

    stl_le_p(data + 8, val);
    return command(qts, VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_WRITE, SRIOV, member,
                   data, 8 + len, 0);
}

/* The same commands as for SDIs, and another set of members */
static void test_group(void)
{
    QTestState *qts = vf_machine(MACHINE);
    const uint32_t bad_member = failed(EINVAL_STATUS, BAD_MEMBER);

    g_assert_cmphex(query(qts, SRIOV), ==, failed(EINVAL_STATUS, BAD_GROUP));
    enable_vfs(qts, 2);
    g_assert_cmphex(query(qts, SRIOV), ==, 0);
    g_assert_cmphex(qtest_readq(qts, ADMIN_ANSWER + 8), ==,
                    LISTS | LEGACY | PARTS);
    use_group(qts, SRIOV);
    use_group(qts, SIOV);
    vsdi_enable(qts, 0);

    g_assert_cmphex(read_status(qts, SRIOV, 0), ==, bad_member);
    g_assert_cmphex(read_status(qts, SRIOV, 3), ==, bad_member);
    g_assert_cmphex(read_status(qts, SRIOV, BIT_ULL(32) + 1), ==, bad_member);
    g_assert_cmphex(read_status(qts, SIOV, 2), ==, bad_member);
    g_assert_cmphex(write_reg(qts, 1, VIRTIO_PCI_STATUS, 3, 1), ==, 0);
    g_assert_cmphex(read_status(qts, SRIOV, 1), ==, 0);
    g_assert_cmphex(qtest_readb(qts, ADMIN_ANSWER + 8), ==, 3);
    g_assert_cmphex(read_status(qts, SRIOV, 2), ==, 0);
    g_assert_cmphex(qtest_readb(qts, ADMIN_ANSWER + 8), ==, 0);
    g_assert_cmphex(read_status(qts, SIOV, 1), ==, 0);
    g_assert_cmphex(qtest_readb(qts, ADMIN_ANSWER + 8), ==, 0);
    g_assert_cmphex(common_readb(qts, vf_page(0), VIRTIO_PCI_COMMON_STATUS),
                    ==, 3);
    enable_vfs(qts, 0);
    g_assert_cmphex(read_status(qts, SRIOV, 1), ==,
                    failed(EINVAL_STATUS, BAD_GROUP));
    qtest_quit(qts);
}

/* One list for all, which is asked for before there are VFs, and only once */
static void test_one_list(void)
{
    const uint64_t caps = 7ull << VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY;
    QTestState *qts = vsdi_machine(MACHINE, "vfs=4,x-one-list=on", "");
    const uint32_t bad_opcode = failed(EINVAL_STATUS, BAD_OPCODE);
    uint64_t list = cpu_to_le64(LEGACY | PARTS | caps);

    pf_start(qts);
    g_assert_cmphex(query(qts, SELF), ==, bad_opcode);
    g_assert_cmphex(query(qts, SRIOV), ==, 0);
    g_assert_cmphex(qtest_readq(qts, ADMIN_ANSWER + 8), ==,
                    LISTS | LEGACY | PARTS | caps);
    g_assert_cmphex(command(qts, VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY, SELF, 0,
                            NULL, 0, 8), ==, bad_opcode);
    g_assert_cmphex(command(qts, VIRTIO_ADMIN_CMD_LIST_USE, SRIOV, 0, &list, 8,
                            0), ==, 0);
    g_assert_cmphex(command(qts, VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY, SELF, 0,
                            NULL, 0, 8), ==, 0);
    g_assert_cmphex(read_status(qts, SRIOV, 1), ==,
                    failed(EINVAL_STATUS, BAD_MEMBER));
    enable_vfs(qts, 1);
    g_assert_cmphex(read_status(qts, SRIOV, 1), ==, 0);
    qtest_quit(qts);
}

/* A legacy driver notifies the VF in its own BAR */
static void test_legacy(void)
{
    QTestState *qts = vf_new(2);
    const uint64_t vring = 0x200000, packet = 0x400000;
    uint8_t place[64], num_reg = VIRTIO_PCI_QUEUE_NUM;
    uint64_t avail, used, offset;
    uint32_t num;

    g_assert_cmphex(command(qts, VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO, SRIOV, 2,
                            NULL, 0, 64), ==, 0);
    g_assert_cmpuint(result_len(), ==, 64);
    qtest_memread(qts, ADMIN_ANSWER + 8, place, 64);
    g_assert_cmphex(place[0], ==, VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_OWNER_MEM);
    g_assert_cmphex(place[1], ==, VSDI_BAR_PAGES);
    g_assert_cmphex(place[16], ==, VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_END);
    offset = ldq_le_p(place + 8);
    g_assert_cmphex(offset, ==, VSDI_PG_LEGACY_NOTIFY);

    g_assert_cmphex(write_reg(qts, 2, VIRTIO_PCI_STATUS, 3, 1), ==, 0);
    g_assert_cmphex(write_reg(qts, 2, VIRTIO_PCI_QUEUE_SEL, TX, 2), ==, 0);
    g_assert_cmphex(command(qts, VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_READ, SRIOV,
                            2, &num_reg, 1, 2), ==, 0);
    num = qtest_readw(qts, ADMIN_ANSWER + 8);
    g_assert_cmpuint(num, >=, 256);
    avail = vring + 16 * num;
    used = ROUND_UP(avail + 6 + 2 * num, 4096);
    qtest_memset(qts, vring, 0, used + 0x4000 - vring);
    g_assert_cmphex(write_reg(qts, 2, VIRTIO_PCI_QUEUE_PFN, vring >> 12, 4), ==,
                    0);
    g_assert_cmphex(write_reg(qts, 2, VIRTIO_PCI_STATUS, 7, 1), ==, 0);
    qtest_writeq(qts, vring, packet);
    qtest_writel(qts, vring + 8, 10 + 64);
    qtest_writew(qts, avail + 2, 1);
    qtest_writew(qts, vf_page(1) + offset, TX);
    for (int i = 0; i < 100 && !qtest_readw(qts, used + 2); i++) {
        qtest_clock_step(qts, MS);
    }
    g_assert_cmpuint(qtest_readw(qts, used + 2), ==, 1);
    qtest_quit(qts);
}

/* Parts */

static uint32_t object(QTestState *qts, uint16_t opcode, uint64_t member,
                       uint32_t id, uint8_t type)
{
    uint8_t data[24] = { };

    stl_le_p(data + 4, id);
    data[16] = type;
    return command(qts, opcode, SRIOV, member, data, sizeof(data), 64);
}

static void set_limits(QTestState *qts)
{
    uint8_t limits[10] = { [8] = 4, 4 };

    g_assert_cmphex(command(qts, VIRTIO_ADMIN_CMD_DRIVER_CAP_SET, SELF, 0,
                            limits, sizeof(limits), 0), ==, 0);
}

static uint32_t mode(QTestState *qts, uint64_t member, uint8_t flags)
{
    return command(qts, VIRTIO_ADMIN_CMD_DEV_MODE_SET, SRIOV, member, &flags, 1,
                   0);
}

/* From the object @from, which is member 1's, to @to, which is member 2's */
static void copy_parts(QTestState *qts, uint32_t from, uint32_t to)
{
    uint8_t data[0x3008] = { [8] = 1 };
    uint32_t len;

    stl_le_p(data + 4, from);
    g_assert_cmphex(command(qts, VIRTIO_ADMIN_CMD_DEV_PARTS_GET, SRIOV, 1, data,
                            16, 0x3000), ==, 0);
    len = result_len();
    g_assert_cmpuint(len, >, 500);
    stl_le_p(data + 4, to);
    qtest_memread(qts, ADMIN_ANSWER + 8, data + 8, len);
    g_assert_cmphex(command(qts, VIRTIO_ADMIN_CMD_DEV_PARTS_SET, SRIOV, 2, data,
                            8 + len, 0), ==, 0);
}

/* One becomes what the other was: rings, address, and packets that wait */
static void test_move(void)
{
    const uint16_t create = VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CREATE;
    QTestState *qts = vf_new(3);
    Nic a = vf_nic(qts, 0), c = vf_nic(qts, 2);

    set_limits(qts);
    g_assert_cmphex(object(qts, create, 1, 0, 0), ==, 0);
    g_assert_cmphex(object(qts, create, 2, 1, 1), ==, 0);
    nic_give_buffers(&a, 8);
    nic_give_buffers(&c, 8);
    assert_packet(&a, &c, 0x11);
    assert_packet(&c, &a, 0x12);
    g_assert_cmphex(mode(qts, 1, 1), ==, 0);
    send_to(&a, &c, 0x13);
    assert_nothing(&c);
    g_assert_cmphex(mode(qts, 2, 1), ==, 0);
    copy_parts(qts, 0, 1);
    g_assert_cmphex(mode(qts, 2, 0), ==, 0);

    a.page = vf_page(1);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmphex(nic_receive(&c), ==, 0x13);
    assert_packet(&c, &a, 0x14);
    assert_packet(&a, &c, 0x15);
    qtest_quit(qts);
}

/* Objects go with their VF, and FLR lets one go on that was stopped */
static void test_objects(void)
{
    const uint16_t create = VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CREATE;
    const uint16_t destroy = VIRTIO_ADMIN_CMD_RESOURCE_OBJ_DESTROY;
    QTestState *qts = vf_new(2);
    Nic a, b = vf_nic(qts, 1);

    set_limits(qts);
    g_assert_cmphex(object(qts, create, 1, 0, 0), ==, 0);
    vf_flr(qts, 0);
    g_assert_cmphex(object(qts, destroy, 2, 0, 0), ==,
                    failed(ENXIO_STATUS, BAD_FIELD));
    g_assert_cmphex(object(qts, destroy, 1, 0, 0), ==, 0);
    g_assert_cmphex(object(qts, create, 1, 0, 0), ==, 0);
    enable_vfs(qts, 0);
    enable_vfs(qts, 2);
    g_assert_cmphex(object(qts, destroy, 1, 0, 0), ==,
                    failed(ENXIO_STATUS, BAD_FIELD));

    b = vf_nic(qts, 1);
    nic_give_buffers(&b, 4);
    g_assert_cmphex(mode(qts, 1, 1), ==, 0);
    vf_flr(qts, 0);
    cfg_writew(qts, VF_RID(0), PCI_COMMAND, PCI_COMMAND_MASTER);
    a = vf_nic(qts, 0);
    assert_packet(&a, &b, 0x44);
    qtest_quit(qts);
}

void vsdi_add_vf_tests(void)
{
    qtest_add_func("/virtio-siov/vf/capabilities", test_capabilities);
    qtest_add_func("/virtio-siov/vf/window", test_window);
    qtest_add_func("/virtio-siov/vf/packets", test_packets);
    qtest_add_func("/virtio-siov/vf/messages", test_messages);
    qtest_add_func("/virtio-siov/vf/master", test_master);
    qtest_add_func("/virtio-siov/vf/reset", test_reset);
    qtest_add_func("/virtio-siov/vf/vtd", test_vtd);
    qtest_add_func("/virtio-siov/vf/group", test_group);
    qtest_add_func("/virtio-siov/vf/one-list", test_one_list);
    qtest_add_func("/virtio-siov/vf/legacy", test_legacy);
    qtest_add_func("/virtio-siov/vf/move", test_move);
    qtest_add_func("/virtio-siov/vf/objects", test_objects);
}
