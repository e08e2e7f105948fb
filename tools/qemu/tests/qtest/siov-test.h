/*
 * QTest testcase for siov-testdev: the machine, and words to talk to the device
 *
 * The device is behind a root port, or wherever a test puts it. There is no
 * firmware: machine_new() numbers the buses and places the BARs. Configuration
 * space is reached through ECAM, as libqos knows 256 bytes of it only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_SIOV_TEST_H
#define TESTS_SIOV_TEST_H

#include "libqtest.h"
#include "hw/misc/siov-testdev.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_regs.h"

#define ECAM            0xb0000000ull
#define BAR_CTRL        0xe0000000ull
#define BAR_BLOCKS      0xc0000000ull
#define BAR_PAGES       0xd0000000ull
#define RAM_SRC         0x00100000ull
#define RAM_DST         0x00300000ull
#define CAP             0x200
#define EXP             0x80            /* the device's PCIe capability */
#define AER             0x100
#define PORT_AER        0x100
#define BUS             1               /* the device's bus */
#define PF_RID          (BUS << 8)
#define DEVFN_PORT      PCI_DEVFN(1, 0)
#define LAST_BUS        4               /* the port's subordinate bus */
#define MS              1000000         /* for qtest_clock_step() */

#define PORT "-device pcie-root-port,id=rp0,chassis=1,addr=1.0 "
#define MACHINE "-M q35 -m 128 -nodefaults "
#define MACHINE_VTD "-M q35,kernel-irqchip=split -m 128 -nodefaults " \
                    "-device intel-iommu,intremap=on "
#define MACHINE_VTD_SCALABLE \
                    "-M q35,kernel-irqchip=split -m 128 -nodefaults " \
                    "-device intel-iommu,intremap=on,x-scalable-mode=on "

static const uint64_t pf_page = BAR_CTRL + SIOV_PF_ENGINE;

uint32_t cfg_readl(QTestState *qts, uint16_t rid, uint32_t offset);
uint16_t cfg_readw(QTestState *qts, uint16_t rid, uint32_t offset);
uint8_t cfg_readb(QTestState *qts, uint16_t rid, uint32_t offset);
void cfg_writel(QTestState *qts, uint16_t rid, uint32_t offset, uint32_t val);
void cfg_writew(QTestState *qts, uint16_t rid, uint32_t offset, uint16_t val);
uint8_t find_cap(QTestState *qts, uint16_t rid, uint8_t id);
void enable_ecam(QTestState *qts);
void set_buses(QTestState *qts, uint8_t sec, uint8_t sub);
void setup_function(QTestState *qts, uint16_t rid);
void setup_bridge(QTestState *qts, uint16_t rid, uint8_t pri, uint8_t sec,
                  uint8_t sub);
void setup_port(QTestState *qts);
QTestState *machine_start(const char *machine, const char *props);
QTestState *machine_new(const char *props);
void flr(QTestState *qts);
uint32_t ctrl_readl(QTestState *qts, uint32_t reg);
uint64_t counter(QTestState *qts, uint32_t n);
uint32_t blk_readl(QTestState *qts, uint32_t n, uint32_t reg);
void blk_writel(QTestState *qts, uint32_t n, uint32_t reg, uint32_t val);
uint32_t blk_error(QTestState *qts, uint32_t n);
uint32_t sdi_rid(QTestState *qts, uint32_t n);
void sdi_set_rid(QTestState *qts, uint32_t n, uint16_t rid);
void sdi_enable(QTestState *qts, uint32_t n);
uint64_t sdi_page(uint32_t n);
void start(QTestState *qts, uint64_t page, uint32_t cmd);
uint32_t finish(QTestState *qts, uint64_t page);
uint32_t run(QTestState *qts, uint64_t page, uint32_t cmd);
void prepare_fill(QTestState *qts, uint64_t page, uint64_t dst, uint32_t len,
                  uint32_t pattern);
uint32_t fill(QTestState *qts, uint64_t page, uint64_t dst, uint32_t len,
              uint32_t pattern);
uint32_t dropped(uint32_t cause);
void set_message(QTestState *qts, uint32_t n, uint32_t v, uint64_t addr,
                 uint32_t data, bool mask);
uint32_t find_ext_cap(QTestState *qts, uint16_t rid, uint16_t id, uint32_t pos);
uint32_t find_siov(QTestState *qts);
uint8_t cap_status(QTestState *qts);
void dirty(QTestState *qts, uint32_t n);
void assert_clean(QTestState *qts, uint32_t n);
uint32_t blk_status(QTestState *qts, uint32_t n);
void ctrl_writel(QTestState *qts, uint32_t reg, uint32_t val);

#define RING            0x00200000ull   /* commands in memory */
#define RING_SIZE       4

uint64_t ring_entry(uint32_t n);
void queue_on(QTestState *qts);
void queue_put(QTestState *qts, uint32_t pos, uint32_t op, uint32_t sdi,
               uint32_t rid);
void queue_ring(QTestState *qts, uint32_t pos);
void assert_answer(QTestState *qts, uint32_t pos, uint32_t error);
void queue_run(QTestState *qts, uint32_t pos, uint32_t op, uint32_t sdi,
               uint32_t rid, uint32_t error);

#define VTD             0xfed90000ull
#define VTD_GCMD        0x18
#define VTD_RTADDR      0x20
#define VTD_CCMD        0x28
#define VTD_FSTS        0x34
#define VTD_FRCD_HI     0x228
#define VTD_TE          0x80000000u
#define VTD_SRTP        0x40000000u
#define VTD_ROOT        0x00400000ull
#define VTD_CONTEXT     0x00410000ull   /* 4 KiB a bus */
#define VTD_TABLES      0x00600000ull   /* 16 KiB a domain */
#define IOVA            0x00010000ull

void vtd_map_page(QTestState *qts, uint16_t domain, uint32_t n, uint64_t phys);
void vtd_map_pages(QTestState *qts, uint16_t rid, uint16_t domain,
                   uint64_t phys, uint32_t num);
void vtd_map(QTestState *qts, uint16_t rid, uint16_t domain, uint64_t phys);
void vtd_gcmd(QTestState *qts, uint32_t val);
void vtd_on(QTestState *qts);
void vtd_flush_contexts(QTestState *qts);
uint32_t vtd_fault(QTestState *qts);

void siov_add_function_tests(void);
void siov_add_sdi_tests(void);
void siov_add_rules_tests(void);
void siov_add_queue_tests(void);
void siov_add_managed_tests(void);
void siov_add_vtd_tests(void);

#endif /* TESTS_SIOV_TEST_H */
