/*
 * QTest testcase for SDIs: a driver of the VT-d model, legacy mode
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "siov-test.h"

/* Page @n from IOVA on is @phys, for a domain that vtd_map_pages() has made */
void vtd_map_page(QTestState *qts, uint16_t domain, uint32_t n, uint64_t phys)
{
    uint64_t last = VTD_TABLES + 0x4000 * domain + 0x3000;

    qtest_writeq(qts, last + 8 * ((IOVA >> 12) + n), phys | 3);
}

/* Let @rid use @num pages at @phys by IOVA, and nothing else */
void vtd_map_pages(QTestState *qts, uint16_t rid, uint16_t domain,
                   uint64_t phys, uint32_t num)
{
    uint64_t context = VTD_CONTEXT + 0x1000 * (rid >> 8);
    uint64_t table = VTD_TABLES + 0x4000 * domain;

    qtest_writeq(qts, VTD_ROOT + 16 * (rid >> 8), context | 1);
    qtest_writeq(qts, context + 16 * (rid & 0xff), table | 1);
    qtest_writeq(qts, context + 16 * (rid & 0xff) + 8, domain << 8 | 2);
    qtest_writeq(qts, table, (table + 0x1000) | 3);
    qtest_writeq(qts, table + 0x1000, (table + 0x2000) | 3);
    qtest_writeq(qts, table + 0x2000, (table + 0x3000) | 3);
    for (uint32_t i = 0; i < num; i++) {
        vtd_map_page(qts, domain, i, phys + 0x1000 * i);
    }
}

void vtd_map(QTestState *qts, uint16_t rid, uint16_t domain, uint64_t phys)
{
    vtd_map_pages(qts, rid, domain, phys, 1);
}

void vtd_gcmd(QTestState *qts, uint32_t val)
{
    qtest_writel(qts, VTD + VTD_GCMD, val);
}

void vtd_on(QTestState *qts)
{
    qtest_memset(qts, VTD_ROOT, 0, 0x1000);
    qtest_memset(qts, VTD_CONTEXT, 0, 0x100000);
    qtest_memset(qts, VTD_TABLES, 0, 0x100000);
    qtest_writeq(qts, VTD + VTD_RTADDR, VTD_ROOT);
    vtd_gcmd(qts, VTD_SRTP);
    vtd_gcmd(qts, VTD_TE);
}

void vtd_flush_contexts(QTestState *qts)
{
    qtest_writeq(qts, VTD + VTD_CCMD, 0xa000000000000000);
}

/* Source of the recorded fault, and forget it */
uint32_t vtd_fault(QTestState *qts)
{
    uint64_t val = qtest_readq(qts, VTD + VTD_FRCD_HI);

    qtest_writel(qts, VTD + VTD_FRCD_HI + 4, 0x80000000);
    qtest_writel(qts, VTD + VTD_FSTS, 0x7f);
    return val >> 63 ? val & 0xffff : 0xffffffff;
}
