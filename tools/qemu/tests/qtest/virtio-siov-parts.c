/*
 * QTest testcase for virtio-net-siov-pci: stop, go on, and parts of SDIs
 *
 * Virtio 1.4, "Device and driver capabilities", "Device resource objects",
 * "Device parts". The driver of the PF has one command in its queue at a time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "standard-headers/linux/virtio_blk.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_net.h"
#include "standard-headers/linux/virtio_pci.h"
#include "standard-headers/linux/virtio_ring.h"
#include "virtio-siov-test.h"

#define ADMIN_AVAIL     (ADMIN_RING + 0x1000)
#define ADMIN_USED      (ADMIN_RING + 0x2000)
#define REQUEST         (ADMIN_RING + 0x3000)
#define ANSWER          ADMIN_ANSWER
#define HEADER          24
#define ANSWER_ROOM     0x3000
#define MSG             0x00300000ull   /* what messages write to */

#define ENXIO_STATUS    6
#define ENOMEM_STATUS   12
#define EBUSY_STATUS    16
#define EEXIST_STATUS   17
#define EAGAIN_STATUS   11
#define EINVAL_STATUS   22
#define ENOSPC_STATUS   28
#define BAD_COMMAND     1
#define BAD_FIELD       3
#define BAD_MEMBER      5
#define COME_AGAIN      7

#define SELF            0
#define SIOV            VSDI_GROUP_TYPE
#define CREATE          VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CREATE
#define MODIFY          0xb
#define QUERY           0xc
#define DESTROY         VIRTIO_ADMIN_CMD_RESOURCE_OBJ_DESTROY
#define METADATA        VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_GET
#define GET             VIRTIO_ADMIN_CMD_DEV_PARTS_GET
#define SET             VIRTIO_ADMIN_CMD_DEV_PARTS_SET
#define MODE            VIRTIO_ADMIN_CMD_DEV_MODE_SET

#define LIMIT           4               /* parts-objects */
#define A               1               /* members: SDIs 0 and 1 */
#define B               2
#define GETTER          0               /* objects: one of A, one of B */
#define SETTER          1

#define P_DEV_FEATURES  0x100
#define P_DRV_FEATURES  0x101
#define P_COMMON        0x102
#define P_STATUS        0x103
#define P_QUEUE         0x104
#define P_NOTIFY        0x105
#define P_DEV_CFG       0x1f8
#define P_NET           0x200
#define PART_HEADER     16
#define NUM_PARTS       24

static uint16_t queue, ring_idx;
static uint32_t answer_len;

/* The driver of the PF */

static uint64_t pf_reg(uint32_t reg)
{
    return BAR_BLOCKS + reg;
}

static void pf_writeq(QTestState *qts, uint32_t reg, uint64_t val)
{
    qtest_writel(qts, pf_reg(reg), val);
    qtest_writel(qts, pf_reg(reg + 4), val >> 32);
}

void pf_start(QTestState *qts)
{
    uint64_t features = BIT_ULL(VIRTIO_F_VERSION_1) |
                        BIT_ULL(VIRTIO_F_ADMIN_VQ);

    qtest_writeb(qts, pf_reg(VIRTIO_PCI_COMMON_STATUS), 0);
    qtest_writeb(qts, pf_reg(VIRTIO_PCI_COMMON_STATUS), 3);
    for (int i = 0; i < 2; i++) {
        qtest_writel(qts, pf_reg(VIRTIO_PCI_COMMON_GFSELECT), i);
        qtest_writel(qts, pf_reg(VIRTIO_PCI_COMMON_GF), features >> 32 * i);
    }
    qtest_writeb(qts, pf_reg(VIRTIO_PCI_COMMON_STATUS), 11);
    queue = qtest_readw(qts, pf_reg(VIRTIO_PCI_COMMON_ADM_Q_IDX));
    ring_idx = 0;
    qtest_memset(qts, ADMIN_RING, 0, 0x3000);
    qtest_writew(qts, pf_reg(VIRTIO_PCI_COMMON_Q_SELECT), queue);
    qtest_writew(qts, pf_reg(VIRTIO_PCI_COMMON_Q_SIZE), 16);
    pf_writeq(qts, VIRTIO_PCI_COMMON_Q_DESCLO, ADMIN_RING);
    pf_writeq(qts, VIRTIO_PCI_COMMON_Q_AVAILLO, ADMIN_AVAIL);
    pf_writeq(qts, VIRTIO_PCI_COMMON_Q_USEDLO, ADMIN_USED);
    qtest_writew(qts, pf_reg(VIRTIO_PCI_COMMON_Q_ENABLE), 1);
    qtest_writeb(qts, pf_reg(VIRTIO_PCI_COMMON_STATUS), 15);
}

static uint32_t failed(uint16_t status, uint16_t qualifier)
{
    return status | qualifier << 16;
}

uint32_t command(QTestState *qts, uint16_t opcode, uint16_t group,
                        uint64_t member, const void *data, size_t len,
                        size_t room)
{
    const uint64_t desc[] = {
        REQUEST,
        (HEADER + len) | (uint64_t)VRING_DESC_F_NEXT << 32 | 1ull << 48,
        ANSWER, (8 + room) | (uint64_t)VRING_DESC_F_WRITE << 32,
    };
    uint8_t header[HEADER] = { };

    stw_le_p(header, opcode);
    stw_le_p(header + 2, group);
    stq_le_p(header + 16, member);
    qtest_memwrite(qts, REQUEST, header, HEADER);
    if (len) {
        qtest_memwrite(qts, REQUEST + HEADER, data, len);
    }
    for (int i = 0; i < ARRAY_SIZE(desc); i++) {
        qtest_writeq(qts, ADMIN_RING + 8 * i, desc[i]);
    }
    qtest_writew(qts, ADMIN_AVAIL + 2, ++ring_idx);
    qtest_writew(qts, BAR_BLOCKS + 0x3000 + 4 * queue, queue);
    g_assert_cmpuint(qtest_readw(qts, ADMIN_USED + 2), ==, ring_idx);
    answer_len = qtest_readl(qts, ADMIN_USED + 8 +
                             8 * ((ring_idx - 1) % 16)) - 8;
    return qtest_readl(qts, ANSWER);
}

static uint32_t object(QTestState *qts, uint16_t opcode, uint64_t member,
                       uint32_t id, uint8_t type)
{
    uint8_t data[24] = { };

    stl_le_p(data + 4, id);
    data[16] = type;
    return command(qts, opcode, SIOV, member, data, sizeof(data), 64);
}

static uint32_t mode(QTestState *qts, uint64_t member, uint8_t flags)
{
    return command(qts, MODE, SIOV, member, &flags, 1, 0);
}

static uint32_t metadata(QTestState *qts, uint64_t member, uint32_t id,
                         uint8_t type, size_t room)
{
    uint8_t data[16] = { [8] = type };

    stl_le_p(data + 4, id);
    return command(qts, METADATA, SIOV, member, data, sizeof(data), room);
}

static uint32_t get_cap(QTestState *qts, uint64_t id)
{
    return command(qts, VIRTIO_ADMIN_CMD_DEVICE_CAP_GET, SELF, 0, &id, 8, 16);
}

static uint32_t set_cap(QTestState *qts, uint16_t id, uint8_t get, uint8_t set)
{
    uint8_t data[] = { id, id >> 8, 0, 0, 0, 0, 0, 0, get, set };

    return command(qts, VIRTIO_ADMIN_CMD_DRIVER_CAP_SET, SELF, 0, data,
                   sizeof(data), 0);
}

static uint32_t set_parts(QTestState *qts, uint64_t member, uint32_t id,
                          const GByteArray *parts)
{
    g_autofree uint8_t *data = g_malloc0(8 + parts->len);

    stl_le_p(data + 4, id);
    memcpy(data + 8, parts->data, parts->len);
    return command(qts, SET, SIOV, member, data, 8 + parts->len, 0);
}

static uint32_t ask_parts(QTestState *qts, uint64_t member, uint32_t id,
                          uint8_t type, size_t room)
{
    uint8_t data[16] = { [8] = type };

    stl_le_p(data + 4, id);
    return command(qts, GET, SIOV, member, data, sizeof(data), room);
}

static GByteArray *take_answer(QTestState *qts)
{
    GByteArray *parts = g_byte_array_new();

    g_byte_array_set_size(parts, answer_len);
    qtest_memread(qts, ANSWER + 8, parts->data, answer_len);
    return parts;
}

static GByteArray *get_parts(QTestState *qts, uint64_t member, uint32_t id)
{
    g_assert_cmphex(ask_parts(qts, member, id, 1, ANSWER_ROOM), ==, 0);
    return take_answer(qts);
}

void use_group(QTestState *qts, uint16_t group)
{
    uint8_t list[8];

    g_assert_cmphex(command(qts, VIRTIO_ADMIN_CMD_LIST_QUERY, group, 0, NULL, 0,
                            8), ==, 0);
    qtest_memread(qts, ANSWER + 8, list, 8);
    g_assert_cmphex(command(qts, VIRTIO_ADMIN_CMD_LIST_USE, group, 0, list, 8,
                            0), ==, 0);
}

uint32_t result_len(void)
{
    return answer_len;
}

static void use_all(QTestState *qts)
{
    use_group(qts, SELF);
    use_group(qts, SIOV);
}

static QTestState *parts_machine(const char *more)
{
    QTestState *qts = vsdi_machine(MACHINE, "parts-objects=4,total-sdis=8",
                                   more);

    pf_start(qts);
    use_all(qts);
    return qts;
}

/* With an object for getting those of A and one for setting those of B */
static QTestState *parts_new(const char *more)
{
    QTestState *qts = parts_machine(more);

    vsdi_enable(qts, 0);
    vsdi_enable(qts, 1);
    g_assert_cmphex(set_cap(qts, 0, LIMIT, LIMIT), ==, 0);
    g_assert_cmphex(object(qts, CREATE, A, GETTER, 0), ==, 0);
    g_assert_cmphex(object(qts, CREATE, B, SETTER, 1), ==, 0);
    return qts;
}

/* Parts in a stream */

static uint32_t part_len(const uint8_t *part)
{
    return PART_HEADER + ldl_le_p(part + 12);
}

/* The one of this type and selector */
static uint8_t *find_part(GByteArray *parts, uint16_t type, uint64_t selector)
{
    for (size_t pos = 0; pos < parts->len;
         pos += part_len(parts->data + pos)) {
        if (lduw_le_p(parts->data + pos) == type &&
            ldq_le_p(parts->data + pos + 4) == selector) {
            return parts->data + pos;
        }
    }
    g_assert_not_reached();
}

static void remove_part(GByteArray *parts, uint8_t *part)
{
    g_byte_array_remove_range(parts, part - parts->data, part_len(part));
}

static bool is_equal(const GByteArray *a, const GByteArray *b)
{
    return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

/* Capabilities and objects */

static void test_cap(void)
{
    QTestState *qts = parts_machine("");
    uint16_t limits;

    g_assert_cmphex(command(qts, VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY, SELF, 0,
                            NULL, 0, 8), ==, 0);
    g_assert_cmphex(qtest_readq(qts, ANSWER + 8), ==, 1);
    g_assert_cmphex(get_cap(qts, 0), ==, 0);
    limits = qtest_readw(qts, ANSWER + 8);
    g_assert_cmphex(limits, ==, LIMIT | LIMIT << 8);
    g_assert_cmpuint(answer_len, ==, 2);
    g_assert_cmphex(get_cap(qts, 1), ==, failed(ENXIO_STATUS, BAD_FIELD));
    g_assert_cmphex(set_cap(qts, 1, 1, 1), ==,
                    failed(ENXIO_STATUS, BAD_FIELD));
    g_assert_cmphex(set_cap(qts, 0, LIMIT + 1, 0), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    g_assert_cmphex(set_cap(qts, 0, 0, LIMIT + 1), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));

    /* Until the driver has set it there are none, and after a reset */
    vsdi_enable(qts, 0);
    g_assert_cmphex(object(qts, CREATE, A, 0, 0), ==,
                    failed(ENOSPC_STATUS, BAD_FIELD));
    g_assert_cmphex(set_cap(qts, 0, 2, 1), ==, 0);
    g_assert_cmphex(object(qts, CREATE, A, 1, 1), ==,
                    failed(ENOSPC_STATUS, BAD_FIELD));
    g_assert_cmphex(object(qts, CREATE, A, 1, 0), ==, 0);
    g_assert_cmphex(set_cap(qts, 0, 1, 1), ==,
                    failed(EBUSY_STATUS, BAD_COMMAND));
    g_assert_cmphex(set_cap(qts, 0, 2, 0), ==, 0);
    pf_start(qts);
    use_all(qts);
    g_assert_cmphex(object(qts, QUERY, A, 1, 0), ==,
                    failed(ENXIO_STATUS, BAD_FIELD));
    g_assert_cmphex(object(qts, CREATE, A, 0, 0), ==,
                    failed(ENOSPC_STATUS, BAD_FIELD));
    qtest_quit(qts);
}

static void test_objects(void)
{
    QTestState *qts = parts_new("");
    const uint32_t none = failed(ENXIO_STATUS, BAD_FIELD);
    const uint8_t other[24] = { 1 };

    g_assert_cmphex(object(qts, CREATE, A, GETTER, 0), ==,
                    failed(EEXIST_STATUS, BAD_FIELD));
    /* Numbers are not each member's own */
    g_assert_cmphex(object(qts, CREATE, B, GETTER, 0), ==,
                    failed(EEXIST_STATUS, BAD_FIELD));
    g_assert_cmphex(object(qts, CREATE, A, LIMIT, 0), ==,
                    failed(ENOSPC_STATUS, BAD_FIELD));
    g_assert_cmphex(object(qts, CREATE, A, 2, 2), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    g_assert_cmphex(command(qts, CREATE, SIOV, A, other, 24, 0), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    g_assert_cmphex(object(qts, CREATE, 3, 2, 0), ==,
                    failed(EINVAL_STATUS, BAD_MEMBER));

    g_assert_cmphex(object(qts, QUERY, A, GETTER, 0), ==, 0);
    g_assert_cmpuint(answer_len, ==, 8);
    g_assert_cmphex(qtest_readq(qts, ANSWER + 8), ==, 0);
    g_assert_cmphex(object(qts, MODIFY, A, GETTER, 1), ==, 0);
    g_assert_cmphex(object(qts, QUERY, A, GETTER, 0), ==, 0);
    g_assert_cmphex(qtest_readq(qts, ANSWER + 8), ==, 1);
    g_assert_cmphex(object(qts, MODIFY, A, GETTER, 2), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));

    g_assert_cmphex(object(qts, QUERY, B, GETTER, 0), ==, none);
    g_assert_cmphex(object(qts, MODIFY, A, 2, 0), ==, none);
    g_assert_cmphex(object(qts, DESTROY, B, GETTER, 0), ==, none);
    g_assert_cmphex(object(qts, DESTROY, A, GETTER, 0), ==, 0);
    g_assert_cmphex(object(qts, DESTROY, A, GETTER, 0), ==, none);
    g_assert_cmphex(command(qts, CREATE, SIOV, A, NULL, 0, 0), ==, 0);
    g_assert_cmphex(object(qts, DESTROY, A, 0, 0), ==, 0);

    /* A reset of the member does not take them, and its end does */
    block_writel(qts, 1, VSDI_BLK_CTRL, VSDI_BLK_CTRL_ENABLE |
                 VSDI_BLK_CTRL_RESET);
    g_assert_cmphex(object(qts, QUERY, B, SETTER, 0), ==, 0);
    block_writel(qts, 1, VSDI_BLK_CTRL, 0);
    vsdi_enable(qts, 1);
    g_assert_cmphex(object(qts, QUERY, B, SETTER, 0), ==, none);
    qtest_quit(qts);
}

static void test_metadata(void)
{
    QTestState *qts = parts_new("");
    g_autoptr(GByteArray) parts = get_parts(qts, A, GETTER);
    uint32_t num = 0;

    g_assert_cmphex(metadata(qts, A, GETTER, 0, 8), ==, 0);
    g_assert_cmpuint(answer_len, ==, 8);
    g_assert_cmpuint(qtest_readl(qts, ANSWER + 8), >=, parts->len + 64 * 6);
    g_assert_cmphex(metadata(qts, A, GETTER, 1, 64), ==, 0);
    g_assert_cmpuint(answer_len, ==, 8);
    g_assert_cmpuint(qtest_readl(qts, ANSWER + 8), ==, NUM_PARTS);
    g_assert_cmphex(metadata(qts, A, GETTER, 2, ANSWER_ROOM), ==, 0);
    g_assert_cmpuint(answer_len, ==, 8 + PART_HEADER * NUM_PARTS);
    g_assert_cmpuint(qtest_readl(qts, ANSWER + 8), ==, NUM_PARTS);
    for (size_t pos = 0; pos < parts->len;
         pos += part_len(parts->data + pos)) {
        uint8_t hdr[PART_HEADER];

        qtest_memread(qts, ANSWER + 16 + PART_HEADER * num++, hdr, PART_HEADER);
        g_assert_cmpmem(hdr, PART_HEADER, parts->data + pos, PART_HEADER);
    }
    g_assert_cmpuint(num, ==, NUM_PARTS);

    g_assert_cmphex(metadata(qts, A, GETTER, 2, 64), ==,
                    failed(ENOMEM_STATUS, BAD_COMMAND));
    g_assert_cmpuint(answer_len, ==, 0);
    g_assert_cmphex(metadata(qts, A, GETTER, 0, 4), ==,
                    failed(ENOMEM_STATUS, BAD_COMMAND));
    g_assert_cmphex(metadata(qts, A, GETTER, 3, 64), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    g_assert_cmphex(metadata(qts, B, SETTER, 0, 64), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    g_assert_cmphex(metadata(qts, B, GETTER, 0, 64), ==,
                    failed(ENXIO_STATUS, BAD_FIELD));
    qtest_quit(qts);
}

/* What there is, in which order, and what is in it */
static void test_get(void)
{
    QTestState *qts = parts_new("");
    const uint16_t order[] = {
        P_DEV_FEATURES, P_DRV_FEATURES, P_COMMON, P_COMMON, P_COMMON, P_COMMON,
        P_COMMON, P_COMMON, P_STATUS, P_QUEUE, P_QUEUE, P_QUEUE, P_NOTIFY,
        P_NOTIFY, P_NOTIFY, P_NET, P_NET, P_NET, P_NET, P_NET, P_NET, P_NET,
        P_NET, P_NET,
    };
    g_autoptr(GByteArray) parts = NULL;
    Nic nic = nic_start(qts, 0);
    size_t pos = 0;
    uint8_t mac[6], *part;

    QEMU_BUILD_BUG_ON(ARRAY_SIZE(order) != NUM_PARTS);
    parts = get_parts(qts, A, GETTER);
    for (int i = 0; i < NUM_PARTS; i++) {
        part = parts->data + pos;
        g_assert_cmphex(lduw_le_p(part), ==, order[i]);
        g_assert_cmphex(part[2], ==, order[i] == P_DEV_FEATURES);
        g_assert_cmphex(part[3], ==, 0);
        pos += part_len(part);
    }
    g_assert_cmpuint(pos, ==, parts->len);

    part = find_part(parts, P_DEV_FEATURES, 0) + PART_HEADER;
    g_assert_cmphex(ldq_le_p(part), ==, features_of(qts, nic.page));
    part = find_part(parts, P_DRV_FEATURES, 0) + PART_HEADER;
    g_assert_cmphex(ldq_le_p(part), ==, BIT_ULL(VIRTIO_F_VERSION_1) |
                    BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
    g_assert_cmphex(find_part(parts, P_STATUS, 0)[PART_HEADER], ==, 15);
    part = find_part(parts, P_COMMON, VIRTIO_PCI_COMMON_NUMQ);
    g_assert_cmpuint(part_len(part), ==, PART_HEADER + 2);
    g_assert_cmpuint(lduw_le_p(part + PART_HEADER), ==, 3);
    part = find_part(parts, P_QUEUE, TX) + PART_HEADER;
    g_assert_cmpuint(lduw_le_p(part), ==, QUEUE_SIZE);
    g_assert_cmpuint(lduw_le_p(part + 2), ==, 2);
    g_assert_cmpuint(lduw_le_p(part + 4), ==, 1);
    g_assert_cmphex(ldq_le_p(part + 8), ==, nic.bus + 0x3000);
    g_assert_cmphex(ldq_le_p(part + 16), ==, nic.bus + 0x4000);
    g_assert_cmphex(ldq_le_p(part + 24), ==, nic.bus + 0x5000);
    part = find_part(parts, P_QUEUE, 2) + PART_HEADER;
    g_assert_cmpuint(lduw_le_p(part + 4), ==, 0);
    part = find_part(parts, P_NOTIFY, TX) + PART_HEADER;
    g_assert_cmpuint(lduw_le_p(part), ==, TX);
    mac_of(0, mac);
    part = find_part(parts, P_NET, VIRTIO_NET_CTRL_MAC |
                     VIRTIO_NET_CTRL_MAC_ADDR_SET << 8);
    g_assert_cmpmem(part + PART_HEADER, part_len(part) - PART_HEADER, mac, 6);
    qtest_quit(qts);
}

static void test_get_selected(void)
{
    QTestState *qts = parts_new("");
    uint8_t data[16 + 3 * PART_HEADER] = { };
    g_autoptr(GByteArray) all = get_parts(qts, A, GETTER);
    g_autoptr(GByteArray) some = NULL;
    uint8_t *part;

    /* One, one that is not there, and one that comes before the first */
    stw_le_p(data + 16, P_QUEUE);
    stw_le_p(data + 16 + 4, 1);
    stw_le_p(data + 32, 0x1ff);
    stw_le_p(data + 48, P_STATUS);
    g_assert_cmphex(command(qts, GET, SIOV, A, data, sizeof(data),
                            ANSWER_ROOM), ==, 0);
    some = take_answer(qts);
    part = find_part(all, P_STATUS, 0);
    g_assert_cmpuint(some->len, ==, 2 * PART_HEADER + 1 + 32);
    g_assert_cmpmem(some->data, PART_HEADER + 1, part, part_len(part));
    part = find_part(all, P_QUEUE, 1);
    g_assert_cmpmem(some->data + PART_HEADER + 1, PART_HEADER + 32, part,
                    part_len(part));

    /* None */
    g_assert_cmphex(command(qts, GET, SIOV, A, data, 16, ANSWER_ROOM), ==, 0);
    g_assert_cmpuint(answer_len, ==, 0);
    g_assert_cmphex(ask_parts(qts, A, GETTER, 1, 100), ==,
                    failed(ENOMEM_STATUS, BAD_COMMAND));
    g_assert_cmphex(ask_parts(qts, A, GETTER, 2, ANSWER_ROOM), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    g_assert_cmphex(ask_parts(qts, B, SETTER, 1, ANSWER_ROOM), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    qtest_quit(qts);
}

/* Stop and go on */

static void send_to(Nic *from, uint32_t n, uint8_t tag)
{
    uint8_t mac[6];

    mac_of(n, mac);
    nic_send(from, mac, tag);
}

static void test_mode(void)
{
    QTestState *qts = parts_new("");
    const uint32_t again = failed(EAGAIN_STATUS, COME_AGAIN);

    g_assert_cmphex(mode(qts, A, 2), ==, failed(EINVAL_STATUS, BAD_FIELD));
    g_assert_cmphex(mode(qts, 3, 1), ==, failed(EINVAL_STATUS, BAD_MEMBER));
    g_assert_cmphex(mode(qts, A, 0), ==, 0);
    g_assert_cmphex(mode(qts, A, 1), ==, 0);
    g_assert_cmphex(mode(qts, A, 1), ==, 0);
    g_assert_cmphex(mode(qts, A, 0), ==, 0);
    qtest_quit(qts);

    /* While it is reset it can only be looked at */
    qts = vsdi_machine(MACHINE, "total-sdis=8,x-reset-us=1000", "");
    pf_start(qts);
    use_all(qts);
    vsdi_enable(qts, 0);
    g_assert_cmphex(mode(qts, A, 1), ==, 0);
    g_assert_cmphex(set_cap(qts, 0, 1, 1), ==, 0);
    g_assert_cmphex(object(qts, CREATE, A, 0, 0), ==, 0);
    block_writel(qts, 0, VSDI_BLK_CTRL, VSDI_BLK_CTRL_ENABLE |
                 VSDI_BLK_CTRL_RESET);
    g_assert_cmphex(mode(qts, A, 1), ==, again);
    g_assert_cmphex(ask_parts(qts, A, 0, 1, ANSWER_ROOM), ==, 0);
    qtest_clock_step(qts, 2 * MS);
    g_assert_cmphex(mode(qts, A, 1), ==, 0);
    qtest_quit(qts);
}

/* What is stopped takes nothing, sends nothing, and loses nothing */
static void test_stopped(void)
{
    QTestState *qts = parts_new("");
    Nic a = nic_start(qts, 0), b = nic_start(qts, 1);
    uint32_t requests, messages;

    vsdi_message(qts, 0, 0, MSG + 4, 0x5b, false);
    vsdi_message(qts, 0, 2, MSG, 0x5a, false);
    nic_give_buffers(&a, 4);
    nic_give_buffers(&b, 4);
    send_to(&a, 1, 0x11);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmphex(nic_receive(&b), ==, 0x11);

    g_assert_cmphex(mode(qts, A, 1), ==, 0);
    requests = block_readl(qts, 0, VSDI_BLK_DMA_COUNT);
    messages = block_readl(qts, 0, VSDI_BLK_MSI_COUNT);
    qtest_memset(qts, MSG, 0, 8);
    qtest_qmp_assert_success(qts, "{ 'execute': 'set_link', 'arguments':"
                             " { 'name': 'pf.0', 'up': false } }");
    qtest_qmp_assert_success(qts, "{ 'execute': 'set_link', 'arguments':"
                             " { 'name': 'pf.0', 'up': true } }");
    send_to(&a, 1, 0x22);
    g_assert_false(nic_has_sent(&a));
    assert_nothing(&b);
    send_to(&b, 0, 0x33);
    g_assert_true(nic_has_sent(&b));
    assert_nothing(&a);
    g_assert_cmpuint(block_readl(qts, 0, VSDI_BLK_DMA_COUNT), ==, requests);
    g_assert_cmpuint(block_readl(qts, 0, VSDI_BLK_MSI_COUNT), ==, messages);
    g_assert_cmphex(qtest_readq(qts, MSG), ==, 0);

    /* Registers are there as ever */
    g_assert_cmphex(common_readb(qts, a.page, VIRTIO_PCI_COMMON_STATUS), ==,
                    15);
    common_writew(qts, a.page, VIRTIO_PCI_COMMON_Q_SELECT, 1);
    g_assert_cmpuint(common_readw(qts, a.page, VIRTIO_PCI_COMMON_Q_SIZE), ==,
                     QUEUE_SIZE);

    g_assert_cmphex(mode(qts, A, 0), ==, 0);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmphex(nic_receive(&b), ==, 0x22);
    g_assert_cmphex(nic_receive(&a), ==, 0x33);
    g_assert_cmphex(qtest_readl(qts, MSG), ==, 0x5a);
    g_assert_cmphex(qtest_readl(qts, MSG + 4), ==, 0x5b);
    qtest_quit(qts);
}

/* A reset of the SDI makes it go on; one by its driver does not */
static void test_stopped_reset(void)
{
    QTestState *qts = parts_new("");
    Nic a, b = nic_start(qts, 1);

    nic_give_buffers(&b, 4);
    g_assert_cmphex(mode(qts, A, 1), ==, 0);
    a = nic_start(qts, 0);
    send_to(&a, 1, 0x11);
    g_assert_false(nic_has_sent(&a));
    block_writel(qts, 0, VSDI_BLK_CTRL, VSDI_BLK_CTRL_ENABLE |
                 VSDI_BLK_CTRL_RESET);
    block_writel(qts, 0, VSDI_BLK_CTRL, VSDI_BLK_CTRL_ENABLE |
                 VSDI_BLK_CTRL_MASTER);
    a = nic_start(qts, 0);
    send_to(&a, 1, 0x22);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmphex(nic_receive(&b), ==, 0x22);

    /* The same for the end of the SDI, and its next life */
    g_assert_cmphex(mode(qts, A, 1), ==, 0);
    block_writel(qts, 0, VSDI_BLK_CTRL, 0);
    a = nic_new(qts, 0);
    send_to(&a, 1, 0x33);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmphex(nic_receive(&b), ==, 0x33);
    qtest_quit(qts);
}

/* From one to another */

/* One becomes what the other was: rings, address, and packets that wait */
static void move(uint32_t from, uint32_t to)
{
    QTestState *qts = parts_new("");
    Nic a = nic_start(qts, from), c = nic_new(qts, 2);
    g_autoptr(GByteArray) parts = NULL, now = NULL;

    g_assert_cmphex(object(qts, CREATE, from + 1, 2, 0), ==, 0);
    g_assert_cmphex(object(qts, CREATE, to + 1, 3, 1), ==, 0);
    nic_give_buffers(&a, 8);
    nic_give_buffers(&c, 8);
    for (int i = 0; i < 3; i++) {
        send_to(&a, 2, 0x10 + i);
        g_assert_true(nic_has_sent(&a));
        g_assert_cmphex(nic_receive(&c), ==, 0x10 + i);
        send_to(&c, from, 0x20 + i);
        g_assert_true(nic_has_sent(&c));
        g_assert_cmphex(nic_receive(&a), ==, 0x20 + i);
    }
    g_assert_cmphex(mode(qts, from + 1, 1), ==, 0);
    send_to(&a, 2, 0x13);
    parts = get_parts(qts, from + 1, 2);

    g_assert_cmphex(mode(qts, to + 1, 1), ==, 0);
    g_assert_cmphex(set_parts(qts, to + 1, 3, parts), ==, 0);
    g_assert_cmphex(object(qts, MODIFY, to + 1, 3, 0), ==, 0);
    now = get_parts(qts, to + 1, 3);
    g_assert_true(is_equal(parts, now));
    assert_nothing(&c);
    g_assert_cmphex(mode(qts, to + 1, 0), ==, 0);

    a.page = vsdi_page(to);
    g_assert_true(nic_has_sent(&a));
    g_assert_cmphex(nic_receive(&c), ==, 0x13);
    for (int i = 0; i < 3; i++) {
        send_to(&c, from, 0x30 + i);
        g_assert_true(nic_has_sent(&c));
        g_assert_cmphex(nic_receive(&a), ==, 0x30 + i);
        send_to(&a, 2, 0x40 + i);
        g_assert_true(nic_has_sent(&a));
        g_assert_cmphex(nic_receive(&c), ==, 0x40 + i);
    }
    qtest_quit(qts);
}

static void test_move(void)
{
    move(0, 1);
    move(1, 0);
}

/* What is wrong with parts */

typedef void (*Edit)(GByteArray *parts);

static void edit_offered(GByteArray *parts)
{
    find_part(parts, P_DEV_FEATURES, 0)[PART_HEADER] ^= 1;
}

static void edit_accepted(GByteArray *parts)
{
    /* Bit 63 is no feature of any device */
    find_part(parts, P_DRV_FEATURES, 0)[PART_HEADER + 7] |= 0x80;
}

static void edit_not_modern(GByteArray *parts)
{
    find_part(parts, P_DRV_FEATURES, 0)[PART_HEADER + 4] &= ~1;
}

static void edit_no_iommu(GByteArray *parts)
{
    find_part(parts, P_DRV_FEATURES, 0)[PART_HEADER + 4] &= ~2;
}

static void edit_num_queues(GByteArray *parts)
{
    find_part(parts, P_COMMON, VIRTIO_PCI_COMMON_NUMQ)[PART_HEADER]++;
}

static void edit_config_vector(GByteArray *parts)
{
    find_part(parts, P_COMMON, VIRTIO_PCI_COMMON_MSIX)[PART_HEADER] = 4;
}

static void edit_offset(GByteArray *parts)
{
    find_part(parts, P_COMMON, VIRTIO_PCI_COMMON_MSIX)[4] =
        VIRTIO_PCI_COMMON_Q_SIZE;
}

static void edit_queue_select(GByteArray *parts)
{
    find_part(parts, P_COMMON, VIRTIO_PCI_COMMON_Q_SELECT)[PART_HEADER + 1] = 2;
}

static void edit_status(GByteArray *parts)
{
    find_part(parts, P_STATUS, 0)[PART_HEADER] |= 0x10;
}

static void edit_queue_index(GByteArray *parts)
{
    find_part(parts, P_QUEUE, 2)[4] = 3;
}

static void edit_queue_size(GByteArray *parts)
{
    find_part(parts, P_QUEUE, 0)[PART_HEADER] = 3;
}

static void edit_queue_size_0(GByteArray *parts)
{
    find_part(parts, P_QUEUE, 0)[PART_HEADER] = 0;
}

static void edit_queue_too_large(GByteArray *parts)
{
    stw_le_p(find_part(parts, P_QUEUE, 0) + PART_HEADER, 0x8000);
}

static void edit_queue_vector(GByteArray *parts)
{
    find_part(parts, P_QUEUE, 0)[PART_HEADER + 2] = 4;
}

static void edit_queue_enabled(GByteArray *parts)
{
    find_part(parts, P_QUEUE, 0)[PART_HEADER + 4] = 2;
}

static void edit_queue_align(GByteArray *parts)
{
    find_part(parts, P_QUEUE, 0)[PART_HEADER + 8] = 8;
}

static void edit_queue_past_end(GByteArray *parts)
{
    stq_le_p(find_part(parts, P_QUEUE, 0) + PART_HEADER + 24, -4ull);
}

static void edit_notify(GByteArray *parts)
{
    find_part(parts, P_NOTIFY, 1)[PART_HEADER] = 0;
}

static void edit_notify_data(GByteArray *parts)
{
    find_part(parts, P_NOTIFY, 1)[PART_HEADER + 2] = 1;
}

static void edit_length(GByteArray *parts)
{
    uint8_t *part = find_part(parts, P_STATUS, 0);

    part[12] = 2;
    g_byte_array_append(parts, parts->data, 1);
    part = find_part(parts, P_STATUS, 0);
    memmove(part + PART_HEADER + 2, part + PART_HEADER + 1,
            parts->data + parts->len - part - PART_HEADER - 2);
}

static void edit_no_length(GByteArray *parts)
{
    uint8_t *part = find_part(parts, P_STATUS, 0);

    part[12] = 0;
    g_byte_array_remove_index(parts, part + PART_HEADER - parts->data);
}

static void edit_past_end(GByteArray *parts)
{
    find_part(parts, P_NET, VIRTIO_NET_CTRL_VLAN)[15] = 0xff;
}

static void edit_cut(GByteArray *parts)
{
    g_byte_array_set_size(parts, parts->len - 1);
}

static void edit_half_header(GByteArray *parts)
{
    g_byte_array_set_size(parts, parts->len + 8);
    memset(parts->data + parts->len - 8, 0, 8);
}

static void edit_unknown(GByteArray *parts)
{
    stw_le_p(find_part(parts, P_NOTIFY, 2), 0x106);
}

static void edit_twice(GByteArray *parts)
{
    find_part(parts, P_QUEUE, 2)[4] = 1;
}

static void edit_order(GByteArray *parts)
{
    uint8_t status[PART_HEADER + 1], *part;

    part = find_part(parts, P_STATUS, 0);
    memcpy(status, part, sizeof(status));
    remove_part(parts, part);
    g_byte_array_append(parts, status, sizeof(status));
}

static void edit_command(GByteArray *parts)
{
    find_part(parts, P_NET, VIRTIO_NET_CTRL_RX)[4] = 0x77;
}

static void edit_rx_mode(GByteArray *parts)
{
    find_part(parts, P_NET, VIRTIO_NET_CTRL_RX)[PART_HEADER] = 2;
}

static void edit_num_macs(GByteArray *parts)
{
    find_part(parts, P_NET, VIRTIO_NET_CTRL_MAC)[PART_HEADER] = 1;
}

static const struct {
    const char *name;
    Edit edit;
} bad_edits[] = {
    { "offered", edit_offered },
    { "accepted", edit_accepted },
    { "not-modern", edit_not_modern },
    { "no-iommu", edit_no_iommu },
    { "num-queues", edit_num_queues },
    { "config-vector", edit_config_vector },
    { "offset", edit_offset },
    { "queue-select", edit_queue_select },
    { "status", edit_status },
    { "queue-index", edit_queue_index },
    { "queue-size", edit_queue_size },
    { "queue-size-0", edit_queue_size_0 },
    { "queue-too-large", edit_queue_too_large },
    { "queue-vector", edit_queue_vector },
    { "queue-enabled", edit_queue_enabled },
    { "queue-align", edit_queue_align },
    { "queue-past-end", edit_queue_past_end },
    { "notify", edit_notify },
    { "notify-data", edit_notify_data },
    { "length", edit_length },
    { "no-length", edit_no_length },
    { "past-end", edit_past_end },
    { "cut", edit_cut },
    { "half-header", edit_half_header },
    { "unknown", edit_unknown },
    { "twice", edit_twice },
    { "order", edit_order },
    { "command", edit_command },
    { "rx-mode", edit_rx_mode },
    { "num-macs", edit_num_macs },
};

static GByteArray *copy_of(const GByteArray *parts)
{
    GByteArray *copy = g_byte_array_new();

    return g_byte_array_append(copy, parts->data, parts->len);
}

/* All of a command is refused, and what the device was before it still is */
static void test_bad(void)
{
    QTestState *qts = parts_new("");
    const uint32_t refused = failed(EINVAL_STATUS, BAD_FIELD);
    g_autoptr(GByteArray) parts = NULL, old = NULL;

    nic_start(qts, 0);
    g_assert_cmphex(object(qts, CREATE, B, 2, 0), ==, 0);
    parts = get_parts(qts, A, GETTER);
    old = get_parts(qts, B, 2);
    g_assert_false(is_equal(parts, old));

    g_assert_cmphex(set_parts(qts, B, SETTER, parts), ==,
                    failed(EINVAL_STATUS, BAD_COMMAND));
    g_assert_cmphex(mode(qts, B, 1), ==, 0);
    g_assert_cmphex(set_parts(qts, B, 2, parts), ==, refused);
    g_assert_cmphex(set_parts(qts, A, SETTER, parts), ==,
                    failed(ENXIO_STATUS, BAD_FIELD));
    for (int i = 0; i < ARRAY_SIZE(bad_edits); i++) {
        g_autoptr(GByteArray) bad = copy_of(parts);
        g_autoptr(GByteArray) now = NULL;
        uint32_t ret;

        bad_edits[i].edit(bad);
        ret = set_parts(qts, B, SETTER, bad);
        now = get_parts(qts, B, 2);
        if (ret != refused || !is_equal(old, now)) {
            g_error("%s: status 0x%x", bad_edits[i].name, ret);
        }
    }
    g_assert_cmphex(set_parts(qts, B, SETTER, parts), ==, 0);
    qtest_quit(qts);
}

/* What is optional and not known is skipped, and parts may come one by one */
static void test_some(void)
{
    QTestState *qts = parts_new("");
    g_autoptr(GByteArray) parts = NULL, now = NULL;
    uint8_t *part;

    nic_start(qts, 0);
    parts = get_parts(qts, A, GETTER);
    part = find_part(parts, P_NOTIFY, 2);
    stw_le_p(part, 0x106);
    part[2] = 1;
    g_assert_cmphex(object(qts, CREATE, B, 2, 0), ==, 0);
    g_assert_cmphex(mode(qts, B, 1), ==, 0);
    g_assert_cmphex(set_parts(qts, B, SETTER, parts), ==, 0);
    now = get_parts(qts, B, 2);
    g_assert_cmphex(find_part(now, P_STATUS, 0)[PART_HEADER], ==, 15);

    g_byte_array_set_size(parts, 0);
    g_assert_cmphex(set_parts(qts, B, SETTER, parts), ==, 0);
    part = find_part(now, P_COMMON, VIRTIO_PCI_COMMON_MSIX);
    part[PART_HEADER] = 3;
    g_byte_array_append(parts, part, part_len(part));
    g_assert_cmphex(set_parts(qts, B, SETTER, parts), ==, 0);
    g_assert_cmpuint(common_readw(qts, vsdi_page(1), VIRTIO_PCI_COMMON_MSIX),
                     ==, 3);
    g_assert_cmphex(common_readb(qts, vsdi_page(1), VIRTIO_PCI_COMMON_STATUS),
                    ==, 15);
    qtest_quit(qts);
}

/* Whatever is in a stream: all or nothing, and the others do not notice */
static void test_fuzz(void)
{
    QTestState *qts = parts_new("");
    Nic c, d;
    g_autoptr(GByteArray) parts = NULL;

    nic_start(qts, 0);
    c = nic_new(qts, 2);
    d = nic_new(qts, 3);
    parts = get_parts(qts, A, GETTER);
    for (guint i = 0; i < parts->len; i++) {
        g_autoptr(GByteArray) bad = copy_of(parts);

        g_assert_cmphex(mode(qts, B, 1), ==, 0);
        bad->data[i] ^= 1 + i * 7 % 255;
        set_parts(qts, B, SETTER, bad);
        g_byte_array_set_size(bad, i);
        set_parts(qts, B, SETTER, bad);
        g_assert_cmphex(mode(qts, B, 0), ==, 0);
    }
    nic_give_buffers(&d, 4);
    send_to(&c, 3, 0x11);
    g_assert_true(nic_has_sent(&c));
    g_assert_cmphex(nic_receive(&d), ==, 0x11);

    /* And it is as good as new after a reset */
    block_writel(qts, 1, VSDI_BLK_CTRL, VSDI_BLK_CTRL_ENABLE |
                 VSDI_BLK_CTRL_RESET);
    block_writel(qts, 1, VSDI_BLK_CTRL, VSDI_BLK_CTRL_ENABLE |
                 VSDI_BLK_CTRL_MASTER);
    c = nic_start(qts, 1);
    send_to(&c, 3, 0x22);
    g_assert_true(nic_has_sent(&c));
    g_assert_cmphex(nic_receive(&d), ==, 0x22);
    qtest_quit(qts);
}

/* State of a disk is none of a NIC, nor the other way round */
static void test_other_type(void)
{
    QTestState *qts = parts_new("-drive if=none,id=d0,file=null-co://,"
                                "format=raw "
                                "-device virtio-blk-device,bus=pf.3,drive=d0");
    g_autoptr(GByteArray) nic = NULL, disk = NULL;

    vsdi_enable(qts, 3);
    g_assert_cmphex(object(qts, CREATE, 4, 2, 0), ==, 0);
    nic = get_parts(qts, A, GETTER);
    disk = get_parts(qts, 4, 2);
    g_assert_cmphex(mode(qts, B, 1), ==, 0);
    g_assert_cmphex(set_parts(qts, B, SETTER, disk), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    g_assert_cmphex(object(qts, MODIFY, 4, 2, 1), ==, 0);
    g_assert_cmphex(mode(qts, 4, 1), ==, 0);
    g_assert_cmphex(set_parts(qts, 4, 2, nic), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    /* Even without the part that compares the features */
    remove_part(nic, find_part(nic, P_DEV_FEATURES, 0));
    g_assert_cmphex(set_parts(qts, 4, 2, nic), ==,
                    failed(EINVAL_STATUS, BAD_FIELD));
    g_assert_cmphex(set_parts(qts, 4, 2, disk), ==, 0);
    qtest_quit(qts);
}

/* Two disks of one image: what has come too late for one is the other's */
static void test_disk(void)
{
    QTestState *qts = parts_new("-blockdev null-co,node-name=d0,size=1048576,"
                                "read-zeroes=on -device virtio-blk-device,"
                                "bus=pf.3,drive=d0,share-rw=on -device "
                                "virtio-blk-device,bus=pf.4,drive=d0,"
                                "share-rw=on");
    Nic disk = { .qts = qts, .n = 3, .page = vsdi_page(3), .mem = 0x02000000 };
    g_autoptr(GByteArray) parts = NULL;
    uint8_t status;

    disk.bus = disk.mem;
    vsdi_enable(qts, 3);
    vsdi_enable(qts, 4);
    g_assert_cmphex(object(qts, CREATE, 4, 2, 0), ==, 0);
    g_assert_cmphex(object(qts, CREATE, 5, 3, 1), ==, 0);
    status = negotiate(qts, disk.page, BIT_ULL(VIRTIO_F_VERSION_1) |
                       BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
    setup_queue(&disk, 0, 1);
    common_writeb(qts, disk.page, VIRTIO_PCI_COMMON_STATUS,
                  status | VIRTIO_CONFIG_S_DRIVER_OK);
    g_assert_cmphex(mode(qts, 4, 1), ==, 0);
    blk_submit(&disk, 1);
    g_usleep(20000);
    g_assert_cmpuint(qtest_readw(qts, disk.mem + 0x2002), ==, 0);
    g_assert_cmpuint(vsdi_counter(qts, VSDI_CNT_DROP), ==, 0);
    parts = get_parts(qts, 4, 2);
    g_assert_cmphex(mode(qts, 5, 1), ==, 0);
    g_assert_cmphex(set_parts(qts, 5, 3, parts), ==, 0);
    g_assert_cmphex(mode(qts, 5, 0), ==, 0);
    blk_finish(&disk);
    qtest_quit(qts);
}

/* Whether there is a write cache goes along: its driver relies on it */
static void test_disk_cache(void)
{
    QTestState *qts = parts_new("-blockdev null-co,node-name=d0,size=1048576,"
                                "read-zeroes=on -device virtio-blk-device,"
                                "bus=pf.3,drive=d0,share-rw=on -device "
                                "virtio-blk-device,bus=pf.4,drive=d0,"
                                "share-rw=on");
    const uint64_t features = BIT_ULL(VIRTIO_F_VERSION_1) |
                              BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |
                              BIT_ULL(VIRTIO_BLK_F_FLUSH);
    const uint32_t refused = failed(EINVAL_STATUS, BAD_FIELD);
    const uint32_t wce = offsetof(struct virtio_blk_config, wce);
    const uint64_t from = vsdi_page(3) + VSDI_PG_DEVICE + wce;
    const uint64_t to = vsdi_page(4) + VSDI_PG_DEVICE + wce;
    g_autoptr(GByteArray) parts = NULL, now = NULL;
    uint8_t *part, status;

    vsdi_enable(qts, 3);
    vsdi_enable(qts, 4);
    g_assert_cmphex(object(qts, CREATE, 4, 2, 0), ==, 0);
    g_assert_cmphex(object(qts, CREATE, 5, 3, 1), ==, 0);
    status = negotiate(qts, vsdi_page(3),
                       features | BIT_ULL(VIRTIO_BLK_F_CONFIG_WCE));
    common_writeb(qts, vsdi_page(3), VIRTIO_PCI_COMMON_STATUS,
                  status | VIRTIO_CONFIG_S_DRIVER_OK);
    g_assert_cmpuint(qtest_readb(qts, from), ==, 1);
    qtest_writeb(qts, from, 0);
    g_assert_cmphex(mode(qts, 4, 1), ==, 0);
    parts = get_parts(qts, 4, 2);
    part = find_part(parts, P_DEV_CFG, wce);
    g_assert_cmpuint(part_len(part), ==, PART_HEADER + 1);
    g_assert_cmphex(part[2], ==, 0);
    g_assert_cmpuint(part[PART_HEADER], ==, 0);

    g_assert_cmphex(mode(qts, 5, 1), ==, 0);
    g_assert_cmpuint(qtest_readb(qts, to), ==, 1);
    g_assert_cmphex(set_parts(qts, 5, 3, parts), ==, 0);
    g_assert_cmpuint(qtest_readb(qts, to), ==, 0);

    part[PART_HEADER] = 2;
    g_assert_cmphex(set_parts(qts, 5, 3, parts), ==, refused);
    part[PART_HEADER] = 1;
    part[4]++;
    g_assert_cmphex(set_parts(qts, 5, 3, parts), ==, refused);
    part[4]--;
    part[4 + 7] = 1;
    g_assert_cmphex(set_parts(qts, 5, 3, parts), ==, refused);
    part[4 + 7] = 0;
    g_assert_cmpuint(qtest_readb(qts, to), ==, 0);
    g_assert_cmphex(set_parts(qts, 5, 3, parts), ==, 0);
    g_assert_cmpuint(qtest_readb(qts, to), ==, 1);

    /* What is not the driver's follows from what it has accepted */
    part[PART_HEADER] = 0;
    part = find_part(parts, P_DRV_FEATURES, 0) + PART_HEADER;
    stq_le_p(part, features);
    g_assert_cmphex(set_parts(qts, 5, 3, parts), ==, 0);
    g_assert_cmpuint(qtest_readb(qts, to), ==, 1);
    qtest_quit(qts);
}

void vsdi_add_parts_tests(void)
{
    qtest_add_func("/virtio-siov/parts/cap", test_cap);
    qtest_add_func("/virtio-siov/parts/objects", test_objects);
    qtest_add_func("/virtio-siov/parts/metadata", test_metadata);
    qtest_add_func("/virtio-siov/parts/get", test_get);
    qtest_add_func("/virtio-siov/parts/get-selected", test_get_selected);
    qtest_add_func("/virtio-siov/parts/mode", test_mode);
    qtest_add_func("/virtio-siov/parts/stopped", test_stopped);
    qtest_add_func("/virtio-siov/parts/stopped-reset", test_stopped_reset);
    qtest_add_func("/virtio-siov/parts/move", test_move);
    qtest_add_func("/virtio-siov/parts/bad", test_bad);
    qtest_add_func("/virtio-siov/parts/some", test_some);
    qtest_add_func("/virtio-siov/parts/fuzz", test_fuzz);
    qtest_add_func("/virtio-siov/parts/other-type", test_other_type);
    qtest_add_func("/virtio-siov/parts/disk", test_disk);
    qtest_add_func("/virtio-siov/parts/disk-cache", test_disk_cache);
}
