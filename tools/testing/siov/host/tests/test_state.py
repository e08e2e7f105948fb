# SPDX-License-Identifier: GPL-2.0
"""What is left behind, and faults that nobody asked for."""

import types
import unittest

import state

ANNOUNCED = "[ 1.6] DMAR: DRHD: handling fault status reg 3"
FAULT = "[ 1.6] DMAR: [DMA Write NO_PASID] Request device [0000:01:00.1] fault addr 0x4000"
OTHER = FAULT.replace("01:00.1", "01:00.2")


def faults(*lines, tests=("pci_siov:pci_siov_pf_test",), log=()):
    topology = types.SimpleNamespace(tests=tests, log=log)
    return [result.passed for result in state.check_faults("\n".join(lines), topology)]


class Faults(unittest.TestCase):
    def test_none(self):
        self.assertEqual([True], faults("[ 1.6] all is well"))

    def test_nobody_asked(self):
        self.assertEqual([False], faults(ANNOUNCED, FAULT))
        self.assertEqual([False], faults(ANNOUNCED))

    def test_a_test_provokes(self):
        self.assertEqual([], faults(FAULT, tests=["pci_siov:pci_siov_dma_test"]))

    def test_named_by_the_topology(self):
        self.assertEqual([True], faults(ANNOUNCED, FAULT, log=["device .0000:01:00.1"]))

    def test_another_than_named(self):
        self.assertEqual([False],
                         faults(ANNOUNCED, FAULT, OTHER, log=["device .0000:01:00.1"]))


class Left(unittest.TestCase):
    def test_left(self):
        topology = types.SimpleNamespace(leaves="num_sdis=0 status=0x00")
        text = "siov: left 0000:01:00.0 num_sdis=%d status=0x00 enabled=0\n"
        for count, passed in ((0, True), (2, False)):
            self.assertEqual([passed], [result.passed for result in
                                        state.check_left(text % count, topology)])


if __name__ == "__main__":
    unittest.main()
