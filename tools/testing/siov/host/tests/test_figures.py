# SPDX-License-Identifier: GPL-2.0
"""What is made of the figures that a guest has measured"""

import unittest

import figures
from topology import Trouble

TEXT = """[    1.0] noise
bench: sdi.16.create_us 100.0
bench: sdi.16.one_more_us 100
bench: sdi.16.one_less_us 50
bench: sdi.256.one_more_us 100
bench: sdi.256.one_less_us 100
bench: sdi.256.config 0.00
bench: sdi.4096.create_us 110
bench: sdi.4096.one_more_us 120
bench: sdi.4096.one_less_us 100
bench: sdi.4096.bytes 2048
bench: vf.16.all_up_us 1000
bench: vf.16.all_down_us 1000
bench: vf.16.config_pf 1
bench: vf.64.all_up_us 4000
bench: vf.64.all_down_us 1000
bench: vf.64.config_pf 1
"""


class Read(unittest.TestCase):
    def test_figures(self):
        self.assertEqual(figures.read(TEXT + "bench: done 1\n")["sdi.16.create_us"], 100)

    def test_no_end(self):
        with self.assertRaisesRegex(Trouble, "to the end"):
            figures.read(TEXT)

    def test_error(self):
        with self.assertRaisesRegex(Trouble, "sdi_new: Device or resource busy"):
            figures.read("bench: error sdi_new: Device or resource busy\n")


class Ratios(unittest.TestCase):
    def setUp(self):
        self.found = figures.read(TEXT + "bench: done 1\n")
        self.ratios = figures.ratios(self.found)

    def test_ratios(self):
        self.assertAlmostEqual(self.ratios["one more at 4096, to one more at 16"], 1.2)
        self.assertAlmostEqual(self.ratios["one more SDI at 256, to 16 VFs and back"], 0.1)
        self.assertEqual(self.ratios["KiB an SDI, at 4096"], 2)

    def test_as_before_is_well(self):
        self.assertEqual(figures.worse(self.ratios, figures.rounded(self.ratios)), [])

    def test_a_quarter_is_well_and_a_half_is_not(self):
        self.assertEqual(figures.worse({"a": 1.25}, {"a": 1}), [])
        self.assertEqual(figures.worse({"a": 0.0015}, {"a": 0.001}), ["a: 0.0015, was 0.001"])

    def test_one_access_where_none_was(self):
        self.assertEqual(len(figures.worse({"a": 1}, {"a": 0})), 1)

    def test_better_is_well(self):
        self.assertEqual(figures.worse({"a": 0.1}, {"a": 1}), [])

    def test_table(self):
        text = figures.table(self.found)
        self.assertIn("| 4096 | 110 |  | 120 | 100 | 2048 |  |", text)
        self.assertIn("| 16 | 1000 | 1000 | 62 | 1.0 |", text)


if __name__ == "__main__":
    unittest.main()
