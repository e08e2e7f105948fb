/*
 * QTest testcase for the administration virtqueue of virtio-net-admin-pci
 *
 * The driver is here: it negotiates, and has one command in the queue at a
 * time. What is right is read from virtio 1.4, not from the device.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "libqtest.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_regs.h"
#include "hw/virtio/virtio-net-siov-pci.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_net.h"
#include "standard-headers/linux/virtio_pci.h"
#include "standard-headers/linux/virtio_ring.h"

#define ECAM            0xb0000000ull
#define BAR             0xc0000000ull
#define BUS             1
#define PF_RID          (BUS << 8)
#define DEVFN_PORT      PCI_DEVFN(1, 0)
#define MS              1000000

#define COMMON          BAR
#define NOTIFY          (BAR + 0x3000)

#define DESC            0x100000ull
#define AVAIL           0x101000ull
#define USED            0x102000ull
#define REQUEST         0x103000ull
#define ANSWER          0x104000ull
#define JUNK            0xa5

#define HEADER          24
#define EINVAL_STATUS   22
#define ENXIO_STATUS    6
#define EAGAIN_STATUS   11
#define BAD_OPCODE      2
#define BAD_FIELD       3
#define BAD_GROUP       4
#define BAD_MEMBER      5
#define COME_AGAIN       7

#define SELF            0
#define SRIOV           1
#define SIOV            VSDI_GROUP_TYPE
#define BAR_CTRL        0xe0000000ull
#define BAR_PAGES       0xc0080000ull
#define LISTS           3ull
#define LEGACY          (31ull << VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_WRITE)
#define PARTS           (0xffull << VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CREATE)
#define CAPS            (7ull << VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY)

#define MACHINE "-M q35 -m 128 -nodefaults " \
                "-device pcie-root-port,id=rp0,chassis=1,addr=1.0 " \
                "-netdev hubport,id=net,hubid=0 "

typedef struct Driver {
    QTestState *qts;
    uint16_t queue;
    uint16_t idx;
    uint32_t used_len;
} Driver;

/* The machine */

static uint64_t cfg(uint16_t rid, uint32_t offset)
{
    return ECAM + ((uint64_t)rid << 12) + offset;
}

static void setup_pci(QTestState *qts)
{
    qtest_outl(qts, 0xcf8, 0x80000060);
    qtest_outl(qts, 0xcfc, ECAM | 1);
    qtest_writel(qts, cfg(DEVFN_PORT, PCI_PRIMARY_BUS), BUS << 8 | BUS << 16);
    qtest_writel(qts, cfg(DEVFN_PORT, PCI_MEMORY_BASE), 0xe000e000);
    qtest_writel(qts, cfg(DEVFN_PORT, PCI_PREF_MEMORY_BASE), 0xc000c000);
    qtest_writew(qts, cfg(DEVFN_PORT, PCI_COMMAND),
                 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    qtest_writel(qts, cfg(PF_RID, PCI_BASE_ADDRESS_0), BAR_CTRL);
    qtest_writel(qts, cfg(PF_RID, PCI_BASE_ADDRESS_2), BAR_PAGES);
    qtest_writel(qts, cfg(PF_RID, PCI_BASE_ADDRESS_4), BAR);
    qtest_writew(qts, cfg(PF_RID, PCI_COMMAND),
                 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static uint32_t find_ext_cap(QTestState *qts, uint16_t id)
{
    uint32_t pos = PCI_CONFIG_SPACE_SIZE, hdr;

    while (pos) {
        hdr = qtest_readl(qts, cfg(PF_RID, pos));
        if ((hdr & 0xffff) == id) {
            return pos;
        }
        pos = hdr >> 20;
    }
    g_assert_not_reached();
}

/* No VF: memory space stays enabled, which makes no group */
static void enable_vfs(Driver *drv, uint16_t num)
{
    uint32_t cap = find_ext_cap(drv->qts, PCI_EXT_CAP_ID_SRIOV);

    if (num) {
        qtest_writew(drv->qts, cfg(PF_RID, cap + PCI_SRIOV_NUM_VF), num);
    }
    qtest_writew(drv->qts, cfg(PF_RID, cap + PCI_SRIOV_CTRL),
                 PCI_SRIOV_CTRL_MSE | (num ? PCI_SRIOV_CTRL_VFE : 0));
}

static uint64_t offered(QTestState *qts)
{
    uint64_t features;

    qtest_writel(qts, COMMON + VIRTIO_PCI_COMMON_DFSELECT, 0);
    features = qtest_readl(qts, COMMON + VIRTIO_PCI_COMMON_DF);
    qtest_writel(qts, COMMON + VIRTIO_PCI_COMMON_DFSELECT, 1);
    return features |
        (uint64_t)qtest_readl(qts, COMMON + VIRTIO_PCI_COMMON_DF) << 32;
}

static void write64(QTestState *qts, uint32_t reg, uint64_t val)
{
    qtest_writel(qts, COMMON + reg, val);
    qtest_writel(qts, COMMON + reg + 4, val >> 32);
}

static void set_status(QTestState *qts, uint8_t status)
{
    qtest_writeb(qts, COMMON + VIRTIO_PCI_COMMON_STATUS, status);
}

static void driver_reset(Driver *drv)
{
    set_status(drv->qts, 0);
    g_assert_cmpint(qtest_readb(drv->qts, COMMON + VIRTIO_PCI_COMMON_STATUS),
                    ==, 0);
}

static void driver_start_with(Driver *drv, uint64_t features)
{
    QTestState *qts = drv->qts;

    driver_reset(drv);
    set_status(qts, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
    qtest_writel(qts, COMMON + VIRTIO_PCI_COMMON_GFSELECT, 0);
    qtest_writel(qts, COMMON + VIRTIO_PCI_COMMON_GF, features);
    qtest_writel(qts, COMMON + VIRTIO_PCI_COMMON_GFSELECT, 1);
    qtest_writel(qts, COMMON + VIRTIO_PCI_COMMON_GF, features >> 32);
    set_status(qts, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
               VIRTIO_CONFIG_S_FEATURES_OK);

    drv->idx = 0;
    drv->queue = qtest_readw(qts, COMMON + VIRTIO_PCI_COMMON_ADM_Q_IDX);
    qtest_memset(qts, DESC, 0, 0x3000);
    qtest_writew(qts, COMMON + VIRTIO_PCI_COMMON_Q_SELECT, drv->queue);
    qtest_writew(qts, COMMON + VIRTIO_PCI_COMMON_Q_SIZE, 16);
    write64(qts, VIRTIO_PCI_COMMON_Q_DESCLO, DESC);
    write64(qts, VIRTIO_PCI_COMMON_Q_AVAILLO, AVAIL);
    write64(qts, VIRTIO_PCI_COMMON_Q_USEDLO, USED);
    qtest_writew(qts, COMMON + VIRTIO_PCI_COMMON_Q_ENABLE, 1);
    set_status(qts, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
               VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void driver_start(Driver *drv)
{
    driver_start_with(drv, BIT_ULL(VIRTIO_F_VERSION_1) |
                      BIT_ULL(VIRTIO_F_ADMIN_VQ));
}

static Driver driver_new_of(const char *device, const char *props)
{
    Driver drv = {
        .qts = qtest_initf(MACHINE "-device %s,bus=rp0,netdev=net,romfile=%s%s",
                           device, *props ? "," : "", props),
    };

    setup_pci(drv.qts);
    driver_start(&drv);
    return drv;
}

static Driver driver_new(const char *props)
{
    return driver_new_of("virtio-net-admin-pci", props);
}

static void driver_end(Driver *drv)
{
    qtest_quit(drv->qts);
}

/* Commands */

static void set_desc(Driver *drv, int i, uint64_t addr, uint32_t len,
                     uint16_t flags)
{
    qtest_writeq(drv->qts, DESC + 16 * i, addr);
    qtest_writel(drv->qts, DESC + 16 * i + 8, len);
    qtest_writew(drv->qts, DESC + 16 * i + 12, flags);
    qtest_writew(drv->qts, DESC + 16 * i + 14, i + 1);
}

/* Put what is at REQUEST into the queue; the answer is to come to ANSWER */
static void submit(Driver *drv, uint32_t out, uint32_t in)
{
    qtest_memset(drv->qts, ANSWER, JUNK, 128);
    set_desc(drv, 0, REQUEST, out, in ? VRING_DESC_F_NEXT : 0);
    set_desc(drv, 1, ANSWER, in, VRING_DESC_F_WRITE);
    qtest_writew(drv->qts, AVAIL + 4 + 2 * (drv->idx % 16), 0);
    qtest_writew(drv->qts, AVAIL + 2, ++drv->idx);
    qtest_writew(drv->qts, NOTIFY + 4 * drv->queue, drv->queue);
}

static bool is_answered(Driver *drv)
{
    if (qtest_readw(drv->qts, USED + 2) != drv->idx) {
        return false;
    }
    drv->used_len = qtest_readl(drv->qts, USED + 4 +
                                8 * ((drv->idx - 1) % 16) + 4);
    return true;
}

static void prepare(Driver *drv, uint16_t opcode, uint16_t group,
                    uint64_t member, uint64_t data)
{
    qtest_memset(drv->qts, REQUEST, 0, 64);
    qtest_writew(drv->qts, REQUEST, opcode);
    qtest_writew(drv->qts, REQUEST + 2, group);
    qtest_writeq(drv->qts, REQUEST + 16, member);
    qtest_writeq(drv->qts, REQUEST + HEADER, data);
}

/* Status in the low half, qualifier in the high one, as it is in memory */
static uint32_t answer(Driver *drv)
{
    return qtest_readl(drv->qts, ANSWER);
}

static uint32_t failed(uint16_t status, uint16_t qualifier)
{
    return status | qualifier << 16;
}

static uint32_t command(Driver *drv, uint16_t opcode, uint16_t group,
                        uint64_t member, uint64_t data)
{
    prepare(drv, opcode, group, member, data);
    submit(drv, HEADER + 8, 16);
    g_assert_true(is_answered(drv));
    return answer(drv);
}

static uint64_t result(Driver *drv)
{
    return qtest_readq(drv->qts, ANSWER + 8);
}

static uint32_t use(Driver *drv, uint16_t group, uint64_t opcodes)
{
    return command(drv, VIRTIO_ADMIN_CMD_LIST_USE, group, 0, opcodes);
}

static uint32_t query(Driver *drv, uint16_t group)
{
    return command(drv, VIRTIO_ADMIN_CMD_LIST_QUERY, group, 0, 0);
}

static uint32_t list_caps(Driver *drv, uint16_t group, uint64_t member)
{
    return command(drv, VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY, group, member, 0);
}

/* Tests */

static void test_registers(void)
{
    Driver drv = driver_new("");
    uint64_t features = offered(drv.qts);
    uint16_t queues = qtest_readw(drv.qts, COMMON + VIRTIO_PCI_COMMON_NUMQ);

    g_assert_true(features & BIT_ULL(VIRTIO_F_ADMIN_VQ));
    g_assert_false(features & BIT_ULL(VIRTIO_F_SR_IOV));
    g_assert_cmpint(queues, ==, 3);
    g_assert_cmpint(drv.queue, >=, queues);
    g_assert_cmpint(qtest_readw(drv.qts, COMMON + VIRTIO_PCI_COMMON_ADM_Q_NUM),
                    ==, 1);
    driver_end(&drv);
}

/* Without the feature there is no such queue, so nobody takes what is in it */
static void test_not_negotiated(void)
{
    Driver drv = driver_new("");

    driver_start_with(&drv, BIT_ULL(VIRTIO_F_VERSION_1));
    prepare(&drv, VIRTIO_ADMIN_CMD_LIST_QUERY, SELF, 0, 0);
    submit(&drv, HEADER, 16);
    g_assert_false(is_answered(&drv));
    driver_end(&drv);
}

static void test_query(void)
{
    Driver drv = driver_new("");

    g_assert_cmphex(query(&drv, SELF), ==, 0);
    g_assert_cmphex(result(&drv), ==, LISTS | CAPS);
    g_assert_cmpint(drv.used_len, ==, 16);
    driver_end(&drv);
}

/* What is supported is not legal before LIST_USE, nor without being in it */
static void test_use(void)
{
    Driver drv = driver_new("");
    const uint32_t bad_opcode = failed(EINVAL_STATUS, BAD_OPCODE);

    g_assert_cmphex(list_caps(&drv, SELF, 0), ==, bad_opcode);
    g_assert_cmpint(drv.used_len, ==, 8);
    g_assert_cmphex(use(&drv, SELF, LISTS | CAPS), ==, 0);
    g_assert_cmphex(list_caps(&drv, SELF, 0), ==, 0);
    g_assert_cmphex(result(&drv), ==, 0);
    g_assert_cmphex(use(&drv, SELF, LISTS), ==, 0);
    g_assert_cmphex(list_caps(&drv, SELF, 0), ==, bad_opcode);
    driver_end(&drv);
}

/* More than is supported: refused, and the old list stays */
static void test_use_too_much(void)
{
    Driver drv = driver_new("");

    g_assert_cmphex(use(&drv, SELF, LISTS | CAPS), ==, 0);
    g_assert_cmphex(use(&drv, SELF, LISTS | BIT_ULL(63)), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    g_assert_cmphex(list_caps(&drv, SELF, 0), ==, 0);
    driver_end(&drv);
}

/* A driver may lock itself out, up to the next reset */
static void test_use_nothing(void)
{
    Driver drv = driver_new("");

    g_assert_cmphex(use(&drv, SELF, 0), ==, 0);
    g_assert_cmphex(query(&drv, SELF), ==, failed(EINVAL_STATUS, BAD_OPCODE));
    driver_start(&drv);
    g_assert_cmphex(query(&drv, SELF), ==, 0);
    driver_end(&drv);
}

static void test_reset_forgets(void)
{
    Driver drv = driver_new("");

    g_assert_cmphex(use(&drv, SELF, LISTS | CAPS), ==, 0);
    driver_start(&drv);
    g_assert_cmphex(list_caps(&drv, SELF, 0), ==,
                    failed(EINVAL_STATUS, BAD_OPCODE));
    driver_end(&drv);
}

/* Group before opcode before member */
static void test_order(void)
{
    Driver drv = driver_new("vfs=4");

    g_assert_cmphex(command(&drv, 0x1234, 2, 9, 0), ==,
                    failed(EINVAL_STATUS, BAD_GROUP));
    g_assert_cmphex(command(&drv, 0x1234, SELF, 9, 0), ==,
                    failed(EINVAL_STATUS, BAD_OPCODE));
    g_assert_cmphex(command(&drv, 0xffff, SELF, 9, 0), ==,
                    failed(EINVAL_STATUS, BAD_OPCODE));
    g_assert_cmphex(list_caps(&drv, SELF, 9), ==,
                    failed(EINVAL_STATUS, BAD_OPCODE));
    g_assert_cmphex(use(&drv, SELF, LISTS | CAPS), ==, 0);
    g_assert_cmphex(list_caps(&drv, SELF, 9), ==,
                    failed(EINVAL_STATUS, BAD_MEMBER));
    g_assert_cmphex(list_caps(&drv, SRIOV, 9), ==,
                    failed(EINVAL_STATUS, BAD_GROUP));
    driver_end(&drv);
}

/* The SR-IOV group is there while VF Enable is set, with a list of its own */
static void test_sriov_group(void)
{
    Driver drv = driver_new("vfs=4");

    g_assert_true(offered(drv.qts) & BIT_ULL(VIRTIO_F_SR_IOV));
    g_assert_cmphex(query(&drv, SRIOV), ==, failed(EINVAL_STATUS, BAD_GROUP));
    g_assert_cmphex(use(&drv, SELF, LISTS | CAPS), ==, 0);

    enable_vfs(&drv, 2);
    g_assert_cmphex(query(&drv, SRIOV), ==, 0);
    g_assert_cmphex(result(&drv), ==, LISTS);
    g_assert_cmphex(use(&drv, SRIOV, LISTS | CAPS), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    g_assert_cmphex(list_caps(&drv, SRIOV, 1), ==,
                    failed(EINVAL_STATUS, BAD_OPCODE));
    g_assert_cmphex(use(&drv, SRIOV, LISTS), ==, 0);
    g_assert_cmphex(list_caps(&drv, SELF, 0), ==, 0);

    enable_vfs(&drv, 0);
    g_assert_cmphex(query(&drv, SRIOV), ==, failed(EINVAL_STATUS, BAD_GROUP));
    driver_end(&drv);
}

static void test_no_sriov(void)
{
    Driver drv = driver_new("");

    g_assert_cmphex(query(&drv, SRIOV), ==, failed(EINVAL_STATUS, BAD_GROUP));
    driver_end(&drv);
}

static void test_no_such_cap(void)
{
    Driver drv = driver_new("");

    g_assert_cmphex(use(&drv, SELF, LISTS | CAPS), ==, 0);
    g_assert_cmphex(command(&drv, VIRTIO_ADMIN_CMD_DEVICE_CAP_GET, SELF, 0, 0)
                    & 0xffff, ==, ENXIO_STATUS);
    g_assert_cmphex(command(&drv, VIRTIO_ADMIN_CMD_DRIVER_CAP_SET, SELF, 0, 0)
                    & 0xffff, ==, ENXIO_STATUS);
    driver_end(&drv);
}

/* What is missing from a command is zero */
static void test_short_request(void)
{
    Driver drv = driver_new("");

    g_assert_cmphex(use(&drv, SELF, LISTS | CAPS), ==, 0);
    /* No list: nothing may be used from here on */
    prepare(&drv, VIRTIO_ADMIN_CMD_LIST_USE, SELF, 0, LISTS);
    submit(&drv, HEADER, 16);
    g_assert_true(is_answered(&drv));
    g_assert_cmphex(answer(&drv), ==, 0);
    g_assert_cmphex(query(&drv, SELF), ==, failed(EINVAL_STATUS, BAD_OPCODE));

    /* Not even a whole header */
    driver_start(&drv);
    prepare(&drv, VIRTIO_ADMIN_CMD_LIST_QUERY, 0xffff, 0, 0);
    submit(&drv, 2, 16);
    g_assert_true(is_answered(&drv));
    g_assert_cmphex(answer(&drv), ==, 0);
    driver_end(&drv);
}

/* What is too much is not looked at */
static void test_long_request(void)
{
    Driver drv = driver_new("");

    prepare(&drv, VIRTIO_ADMIN_CMD_LIST_USE, SELF, 0, LISTS | CAPS);
    qtest_memset(drv.qts, REQUEST + HEADER + 8, JUNK, 32);
    submit(&drv, HEADER + 40, 16);
    g_assert_true(is_answered(&drv));
    g_assert_cmphex(answer(&drv), ==, 0);
    g_assert_cmphex(list_caps(&drv, SELF, 0), ==, 0);
    driver_end(&drv);
}

static void test_answer_buffers(void)
{
    Driver drv = driver_new("");

    /* Too short for the result, and for half of the status */
    prepare(&drv, VIRTIO_ADMIN_CMD_LIST_QUERY, SELF, 0, 0);
    submit(&drv, HEADER, 8);
    g_assert_true(is_answered(&drv));
    g_assert_cmpint(drv.used_len, ==, 8);
    g_assert_cmphex(result(&drv), ==, 0xa5a5a5a5a5a5a5a5ull);
    submit(&drv, HEADER, 4);
    g_assert_true(is_answered(&drv));
    g_assert_cmpint(drv.used_len, ==, 4);

    /* Too long: the rest is left alone */
    submit(&drv, HEADER, 64);
    g_assert_true(is_answered(&drv));
    g_assert_cmpint(drv.used_len, ==, 16);
    g_assert_cmphex(result(&drv), ==, LISTS | CAPS);
    g_assert_cmphex(qtest_readb(drv.qts, ANSWER + 16), ==, JUNK);
    driver_end(&drv);
}

/* The group of a function with SDIs is there whether they are enabled or not */
static void test_siov_group(void)
{
    Driver drv = driver_new_of("virtio-net-siov-pci", "vfs=2,total-sdis=4");

    g_assert_cmphex(query(&drv, SIOV), ==, 0);
    g_assert_cmphex(result(&drv), ==, LISTS | LEGACY | PARTS);
    g_assert_cmphex(use(&drv, SIOV, LISTS | CAPS), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    g_assert_cmphex(use(&drv, SIOV, LISTS), ==, 0);
    g_assert_cmphex(list_caps(&drv, SIOV, 9), ==,
                    failed(EINVAL_STATUS, BAD_OPCODE));
    g_assert_cmphex(query(&drv, 2), ==, failed(EINVAL_STATUS, BAD_GROUP));
    /* The other groups are not disturbed */
    g_assert_cmphex(query(&drv, SRIOV), ==, failed(EINVAL_STATUS, BAD_GROUP));
    enable_vfs(&drv, 2);
    g_assert_cmphex(query(&drv, SRIOV), ==, 0);
    g_assert_cmphex(use(&drv, SELF, LISTS | CAPS), ==, 0);
    driver_end(&drv);

    drv = driver_new("");
    g_assert_cmphex(query(&drv, SIOV), ==, failed(EINVAL_STATUS, BAD_GROUP));
    driver_end(&drv);

    drv = driver_new_of("virtio-net-siov-pci", "x-no-group=0xff38");
    g_assert_cmphex(query(&drv, SIOV), ==, failed(EINVAL_STATUS, BAD_GROUP));
    g_assert_cmphex(query(&drv, SELF), ==, 0);
    driver_end(&drv);
}

/* Legacy registers of a member */

static void enable_sdi(Driver *drv, uint32_t n)
{
    qtest_writel(drv->qts, BAR_CTRL + VSDI_BLOCKS + VSDI_BLOCK_BYTES * n,
                 VSDI_BLK_CTRL_ENABLE | VSDI_BLK_CTRL_MASTER);
}

static Driver legacy_new_of(const char *more)
{
    g_autofree char *props =
        g_strconcat("total-sdis=4,sdi-mac=56:54:00:00:01:00", more, NULL);
    Driver drv = driver_new_of("virtio-net-siov-pci", props);

    enable_sdi(&drv, 1);
    g_assert_cmphex(use(&drv, SIOV, LISTS | LEGACY), ==, 0);
    return drv;
}

static Driver legacy_new(void)
{
    return legacy_new_of("");
}

static uint32_t legacy_write(Driver *drv, uint16_t opcode, uint64_t member,
                             uint8_t offset, uint64_t val, int len)
{
    prepare(drv, opcode, SIOV, member, offset);
    qtest_writeq(drv->qts, REQUEST + HEADER + 8, val);
    submit(drv, HEADER + 8 + len, 8);
    g_assert_true(is_answered(drv));
    return answer(drv);
}

static uint32_t legacy_read(Driver *drv, uint16_t opcode, uint64_t member,
                            uint8_t offset, int len)
{
    prepare(drv, opcode, SIOV, member, offset);
    submit(drv, HEADER + 1, 8 + len);
    g_assert_true(is_answered(drv));
    return answer(drv);
}

static void set_reg(Driver *drv, uint8_t reg, uint32_t val, int len)
{
    g_assert_cmphex(legacy_write(drv, VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_WRITE,
                                 2, reg, val, len), ==, 0);
}

static uint32_t get_reg(Driver *drv, uint8_t reg, int len)
{
    g_assert_cmphex(legacy_read(drv, VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_READ,
                                2, reg, len), ==, 0);
    g_assert_cmpint(drv->used_len, ==, 8 + len);
    return result(drv) & MAKE_64BIT_MASK(0, 8 * len);
}

/* Member n + 1 is SDI n, while it is enabled */
static void test_siov_member(void)
{
    Driver drv = legacy_new();
    const uint16_t read = VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_READ;
    const uint32_t bad_member = failed(EINVAL_STATUS, BAD_MEMBER);

    g_assert_cmphex(legacy_read(&drv, read, 2, VIRTIO_PCI_STATUS, 1), ==, 0);
    g_assert_cmphex(legacy_read(&drv, read, 0, VIRTIO_PCI_STATUS, 1), ==,
                    bad_member);
    g_assert_cmphex(legacy_read(&drv, read, 1, VIRTIO_PCI_STATUS, 1), ==,
                    bad_member);
    g_assert_cmphex(legacy_read(&drv, read, 5, VIRTIO_PCI_STATUS, 1), ==,
                    bad_member);
    g_assert_cmphex(legacy_read(&drv, read, BIT_ULL(32) + 2, VIRTIO_PCI_STATUS,
                                1), ==, bad_member);
    enable_sdi(&drv, 0);
    g_assert_cmphex(legacy_read(&drv, read, 1, VIRTIO_PCI_STATUS, 1), ==, 0);
    qtest_writel(drv.qts, BAR_CTRL + VSDI_BLOCKS, 0);
    g_assert_cmphex(legacy_read(&drv, read, 1, VIRTIO_PCI_STATUS, 1), ==,
                    bad_member);
    driver_end(&drv);
}

static void test_legacy_registers(void)
{
    Driver drv = legacy_new();
    const uint16_t read = VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_READ;
    const uint16_t write = VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_WRITE;
    const uint32_t bad_field = failed(EINVAL_STATUS, BAD_FIELD);

    g_assert_true(get_reg(&drv, VIRTIO_PCI_HOST_FEATURES, 4) &
                  BIT(VIRTIO_NET_F_MAC));
    set_reg(&drv, VIRTIO_PCI_GUEST_FEATURES, BIT(VIRTIO_NET_F_MAC), 4);
    g_assert_cmphex(get_reg(&drv, VIRTIO_PCI_GUEST_FEATURES, 4), ==,
                    BIT(VIRTIO_NET_F_MAC));
    set_reg(&drv, VIRTIO_PCI_STATUS, 3, 1);
    g_assert_cmphex(get_reg(&drv, VIRTIO_PCI_STATUS, 1), ==, 3);
    set_reg(&drv, VIRTIO_PCI_QUEUE_SEL, 1, 2);
    g_assert_cmpint(get_reg(&drv, VIRTIO_PCI_QUEUE_NUM, 2), >=, 256);
    set_reg(&drv, VIRTIO_MSI_QUEUE_VECTOR, 2, 2);
    g_assert_cmphex(get_reg(&drv, VIRTIO_MSI_QUEUE_VECTOR, 2), ==, 2);
    set_reg(&drv, VIRTIO_MSI_CONFIG_VECTOR, 4, 2);
    g_assert_cmphex(get_reg(&drv, VIRTIO_MSI_CONFIG_VECTOR, 2), ==, 0xffff);

    /* Half a field, one and a half, and none */
    g_assert_cmphex(legacy_read(&drv, read, 2, VIRTIO_PCI_QUEUE_NUM, 1), ==,
                    bad_field);
    g_assert_cmphex(legacy_read(&drv, read, 2, VIRTIO_PCI_STATUS, 2), ==,
                    bad_field);
    g_assert_cmphex(legacy_write(&drv, write, 2, VIRTIO_PCI_STATUS, 0, 0), ==,
                    bad_field);
    g_assert_cmphex(legacy_read(&drv, read, 2, 0x18, 1), ==, bad_field);

    set_reg(&drv, VIRTIO_PCI_STATUS, 0, 1);
    g_assert_cmphex(get_reg(&drv, VIRTIO_PCI_STATUS, 1), ==, 0);
    g_assert_cmphex(get_reg(&drv, VIRTIO_PCI_GUEST_FEATURES, 4), ==, 0);
    driver_end(&drv);
}

static void test_legacy_config(void)
{
    Driver drv = legacy_new();
    const uint16_t read = VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_READ;
    const uint16_t write = VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_WRITE;

    g_assert_cmphex(legacy_read(&drv, read, 2, 0, 6), ==, 0);
    g_assert_cmphex(result(&drv) & MAKE_64BIT_MASK(0, 48), ==,
                    0x010100005456ull);
    g_assert_cmphex(legacy_read(&drv, read, 2, 6, 2), ==, 0);
    g_assert_cmphex(legacy_write(&drv, write, 2, 5, 0x77, 1), ==, 0);
    g_assert_cmphex(legacy_read(&drv, read, 2, 5, 1), ==, 0);
    g_assert_cmphex(result(&drv) & 0xff, ==, 0x77);
    g_assert_cmphex(legacy_read(&drv, read, 2, 255, 1), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    driver_end(&drv);
}

/* While an SDI is reset its registers are not wrong, but not there yet */
static void test_legacy_reset(void)
{
    Driver drv = legacy_new_of(",x-reset-us=1000");
    const uint32_t again = failed(EAGAIN_STATUS, COME_AGAIN);

    set_reg(&drv, VIRTIO_PCI_STATUS, 3, 1);
    qtest_writel(drv.qts, BAR_CTRL + VSDI_BLOCKS + VSDI_BLOCK_BYTES,
                 VSDI_BLK_CTRL_ENABLE | VSDI_BLK_CTRL_RESET);
    g_assert_cmphex(legacy_read(&drv, VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_READ,
                                2, VIRTIO_PCI_STATUS, 1), ==, again);
    g_assert_cmphex(legacy_read(&drv, VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_READ,
                                2, 0, 6), ==, again);
    g_assert_cmphex(legacy_write(&drv,
                                 VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_WRITE,
                                 2, VIRTIO_PCI_STATUS, 1, 1), ==, again);
    g_assert_cmphex(legacy_write(&drv, VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_WRITE,
                                 2, 5, 0x77, 1), ==, again);

    /* They have done nothing */
    qtest_clock_step(drv.qts, 2 * MS);
    g_assert_cmphex(get_reg(&drv, VIRTIO_PCI_STATUS, 1), ==, 0);
    g_assert_cmphex(legacy_read(&drv, VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_READ,
                                2, 5, 1), ==, 0);
    g_assert_cmphex(result(&drv) & 0xff, ==, 1);
    driver_end(&drv);
}

/* A legacy driver sends a packet: a queue by its page, notified in the owner */
static void test_legacy_nic(void)
{
    Driver drv = legacy_new();
    const uint64_t vring = 0x200000, packet = 0x300000;
    uint64_t offset, avail, used;
    uint32_t num;

    g_assert_cmphex(command(&drv, VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO, SIOV, 2,
                            0), ==, 0);
    prepare(&drv, VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO, SIOV, 2, 0);
    submit(&drv, HEADER, 8 + 64);
    g_assert_true(is_answered(&drv));
    g_assert_cmpint(drv.used_len, ==, 8 + 64);
    g_assert_cmphex(qtest_readw(drv.qts, ANSWER + 8), ==,
                    VSDI_BAR_PAGES << 8 |
                    VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_OWNER_DEV);
    g_assert_cmphex(qtest_readb(drv.qts, ANSWER + 24), ==,
                    VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS_END);
    offset = qtest_readq(drv.qts, ANSWER + 16);
    g_assert_cmphex(offset, ==, VSDI_PAGE_BYTES + VSDI_PG_LEGACY_NOTIFY);

    set_reg(&drv, VIRTIO_PCI_STATUS, 3, 1);
    set_reg(&drv, VIRTIO_PCI_QUEUE_SEL, 1, 2);
    num = get_reg(&drv, VIRTIO_PCI_QUEUE_NUM, 2);
    avail = vring + 16 * num;
    used = ROUND_UP(avail + 6 + 2 * num, 4096);
    qtest_memset(drv.qts, vring, 0, used + 0x4000 - vring);
    set_reg(&drv, VIRTIO_PCI_QUEUE_PFN, vring >> 12, 4);
    g_assert_cmphex(get_reg(&drv, VIRTIO_PCI_QUEUE_PFN, 4), ==, vring >> 12);
    set_reg(&drv, VIRTIO_PCI_STATUS, 7, 1);
    qtest_writeq(drv.qts, vring, packet);
    qtest_writel(drv.qts, vring + 8, 10 + 64);
    qtest_writew(drv.qts, avail + 2, 1);
    qtest_writew(drv.qts, BAR_PAGES + offset, 1);
    for (int i = 0; i < 100 && !qtest_readw(drv.qts, used + 2); i++) {
        qtest_clock_step(drv.qts, MS);
    }
    g_assert_cmpint(qtest_readw(drv.qts, used + 2), ==, 1);
    driver_end(&drv);
}

/* Without an address of its own a notification is a write like any other */
static void test_legacy_no_notify_info(void)
{
    Driver drv = driver_new_of("virtio-net-siov-pci", "legacy-notify=off");
    const uint64_t info = BIT_ULL(VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO);

    g_assert_cmphex(query(&drv, SIOV), ==, 0);
    g_assert_cmphex(result(&drv), ==, (LISTS | LEGACY | PARTS) & ~info);
    g_assert_cmphex(use(&drv, SIOV, LISTS | LEGACY), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    driver_end(&drv);
}

/* Faults on purpose */

static void test_late(void)
{
    Driver drv = driver_new("x-delay-ms=10");

    prepare(&drv, VIRTIO_ADMIN_CMD_LIST_QUERY, SELF, 0, 0);
    submit(&drv, HEADER, 16);
    g_assert_false(is_answered(&drv));
    qtest_clock_step(drv.qts, 9 * MS);
    g_assert_false(is_answered(&drv));
    qtest_clock_step(drv.qts, 2 * MS);
    g_assert_true(is_answered(&drv));
    g_assert_cmphex(result(&drv), ==, LISTS | CAPS);
    driver_end(&drv);
}

/* A reset takes back what was not answered, and nothing comes afterwards */
static void test_late_reset(void)
{
    Driver drv = driver_new("x-delay-ms=10");

    prepare(&drv, VIRTIO_ADMIN_CMD_LIST_QUERY, SELF, 0, 0);
    submit(&drv, HEADER, 16);
    driver_reset(&drv);
    qtest_clock_step(drv.qts, 20 * MS);
    g_assert_false(is_answered(&drv));
    g_assert_cmphex(answer(&drv), ==, 0xa5a5a5a5);
    driver_end(&drv);
}

static void test_never(void)
{
    Driver drv = driver_new("x-mute-at=1");

    g_assert_cmphex(query(&drv, SELF), ==, 0);
    submit(&drv, HEADER, 16);
    qtest_clock_step(drv.qts, 1000 * MS);
    g_assert_false(is_answered(&drv));
    driver_end(&drv);
}

static void test_short_answer(void)
{
    Driver drv = driver_new("x-short=4");

    g_assert_cmphex(query(&drv, SELF), ==, 0);
    g_assert_cmpint(drv.used_len, ==, 4);
    driver_end(&drv);
}

/* EAGAIN has no side effects */
static void test_again(void)
{
    Driver drv = driver_new("x-again=1");

    g_assert_cmphex(use(&drv, SELF, LISTS | CAPS), ==,
                    failed(EAGAIN_STATUS, COME_AGAIN));
    g_assert_cmphex(list_caps(&drv, SELF, 0), ==,
                    failed(EINVAL_STATUS, BAD_OPCODE));
    g_assert_cmphex(use(&drv, SELF, LISTS | CAPS), ==, 0);
    driver_end(&drv);
}

static void test_wrong_group(void)
{
    Driver drv = driver_new("vfs=2,x-no-group=1");

    enable_vfs(&drv, 2);
    g_assert_cmphex(query(&drv, SRIOV), ==, failed(EINVAL_STATUS, BAD_GROUP));
    g_assert_cmphex(query(&drv, SELF), ==, 0);
    driver_end(&drv);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    if (!qtest_has_device("virtio-net-admin-pci")) {
        g_test_skip("virtio-net-admin-pci is not in this QEMU");
        return 0;
    }
    qtest_add_func("/virtio-admin/registers", test_registers);
    qtest_add_func("/virtio-admin/not-negotiated", test_not_negotiated);
    qtest_add_func("/virtio-admin/query", test_query);
    qtest_add_func("/virtio-admin/use", test_use);
    qtest_add_func("/virtio-admin/use-too-much", test_use_too_much);
    qtest_add_func("/virtio-admin/use-nothing", test_use_nothing);
    qtest_add_func("/virtio-admin/reset-forgets", test_reset_forgets);
    qtest_add_func("/virtio-admin/order", test_order);
    qtest_add_func("/virtio-admin/sriov-group", test_sriov_group);
    qtest_add_func("/virtio-admin/no-sriov", test_no_sriov);
    if (qtest_has_device("virtio-net-siov-pci")) {
        qtest_add_func("/virtio-admin/siov-group", test_siov_group);
        qtest_add_func("/virtio-admin/siov-member", test_siov_member);
        qtest_add_func("/virtio-admin/legacy-registers", test_legacy_registers);
        qtest_add_func("/virtio-admin/legacy-config", test_legacy_config);
        qtest_add_func("/virtio-admin/legacy-reset", test_legacy_reset);
        qtest_add_func("/virtio-admin/legacy-nic", test_legacy_nic);
        qtest_add_func("/virtio-admin/legacy-no-notify-info",
                       test_legacy_no_notify_info);
    }
    qtest_add_func("/virtio-admin/no-such-cap", test_no_such_cap);
    qtest_add_func("/virtio-admin/short-request", test_short_request);
    qtest_add_func("/virtio-admin/long-request", test_long_request);
    qtest_add_func("/virtio-admin/answer-buffers", test_answer_buffers);
    qtest_add_func("/virtio-admin/late", test_late);
    qtest_add_func("/virtio-admin/late-reset", test_late_reset);
    qtest_add_func("/virtio-admin/never", test_never);
    qtest_add_func("/virtio-admin/short-answer", test_short_answer);
    qtest_add_func("/virtio-admin/again", test_again);
    qtest_add_func("/virtio-admin/wrong-group", test_wrong_group);
    return g_test_run();
}
