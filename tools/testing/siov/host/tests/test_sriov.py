# SPDX-License-Identifier: GPL-2.0
"""The comparison of two kernels, fed with what must not pass."""

import unittest

import sriov

TRACE = """\
7@1.2:pci_cfg_write igb 01:00.0 @0x170 <- 0x3
7@1.3:pci_cfg_read igb 01:00.0 @0x170 -> 0x3
7@1.4:pci_cfg_write igb 01:00.0 @0x168 <- 0x9
"""
OUTPUT = """\
STATE boot
STATE after sriov_numvfs=3
STATE  0000:01:00.0 virtfn0=a virtfn1=b virtfn2=c
STATE after sriov_numvfs=0
STATE end
"""


def life(kernel="k", trace=TRACE, output=OUTPUT, console="all is well"):
    return sriov.Life(kernel, trace, output, console)


class Compare(unittest.TestCase):
    def bad(self, base, ours, pfs=1):
        return [r.text for r in sriov.compare(base, ours, pfs) if not r.passed]

    def test_alike(self):
        self.assertEqual(self.bad(life(), life()), [])

    def test_one_write_more_less_or_other(self):
        for trace in (TRACE + "pci_cfg_write igb 01:00.0 @0x170 <- 0x0\n",
                      TRACE.replace("<- 0x9", "<- 0x8"), TRACE.rsplit("7@", 1)[0]):
            self.assertEqual(len(self.bad(life(), life(trace=trace))), 1)

    def test_other_order(self):
        lines = TRACE.splitlines(keepends=True)
        self.assertTrue(self.bad(life(), life(trace="".join(reversed(lines)))))

    def test_reads_may_differ(self):
        self.assertEqual(self.bad(life(), life(trace=TRACE + "pci_cfg_read igb @0 -> 0\n")), [])

    def test_another_state(self):
        self.assertTrue(self.bad(life(), life(output=OUTPUT.replace("virtfn0=a", "virtfn0=x"))))

    def test_a_machine_without_end(self):
        cut = OUTPUT.replace("STATE end\n", "")
        self.assertTrue(self.bad(life(output=cut), life(output=cut)))

    def test_no_vfs_in_either(self):
        none = OUTPUT.replace(" virtfn2=c", "")
        self.assertTrue(self.bad(life(output=none), life(output=none)))
        self.assertTrue(self.bad(life(trace="x"), life(trace="x")))

    def test_vfs_where_none_are_expected(self):
        self.assertTrue(self.bad(life(), life(), pfs=0))

    def test_nothing_at_all(self):
        self.assertTrue(self.bad(life(trace="", output="STATE end\n"),
                                 life(trace="", output="STATE end\n"), pfs=0))

    def test_a_warning(self):
        self.assertTrue(self.bad(life(), life(console="WARNING: at x")))
