# SPDX-License-Identifier: GPL-2.0
"""What is made of the figures that a guest has measured"""

import json
import unittest

import figures
import plot
import tables
from topology import HERE, Topology, Trouble

MEASURED = HERE.parent / "bench/figures.json"

TRACE = """pci_cfg_write mch 00:00.0 @0x4 <- 0x1
vtd_iotlb_page_update IOTLB page update sid 0x100 iova 0x1000 slpte 0x1 domain 0x1
pci_cfg_write mch 00:00.0 @0xc <- 0x2
vtd_iotlb_page_update IOTLB page update sid 0x100 iova 0x1000 slpte 0x1 domain 0x1
vtd_iotlb_page_hit IOTLB page hit sid 0x100 iova 0x1000 slpte 0x1 domain 0x1
memory_region_ops_write cpu 0 mr 0x5 addr 0xfe003004 value 0x1 size 2 name 'virtio-pci-notify-virtio-net'
memory_region_ops_write cpu 0 mr 0x5 addr 0x38000000804 value 0x1 size 2 name 'virtio-siov-pages'
memory_region_ops_read cpu 0 mr 0x5 addr 0x38000001014 value 0x1 size 1 name 'virtio-siov-pages'
memory_region_ops_write cpu 0 mr 0x5 addr 0x38000001014 value 0x1 size 1 name 'virtio-siov-pages'
memory_region_ops_write cpu 0 mr 0x5 addr 0x3f8 value 0x1 size 1 name 'serial'
pci_cfg_read igb 01:00.0 @0x0 -> 0x10c98086
pci_cfg_write mch 00:00.0 @0xc <- 0x0
pci_cfg_read igb 01:00.0 @0x0 -> 0x10c98086
""".splitlines()


class Read(unittest.TestCase):
    def test_figures(self):
        self.assertEqual(figures.read("[    1.0] noise\nbench: a.us 1.5\r\nbench: done 1\n"),
                         {"a.us": 1.5, "done": 1})

    def test_no_end(self):
        with self.assertRaisesRegex(Trouble, "to the end"):
            figures.read("bench: a.us 1\n")

    def test_error(self):
        with self.assertRaisesRegex(Trouble, "sdi_new: Device or resource busy"):
            figures.read("bench: error sdi_new: Device or resource busy\n")


class Trace(unittest.TestCase):
    def setUp(self):
        self.found = figures.with_trace({"phase.nic": 2, "nic.done": 2, "nic.us": 5}, TRACE)

    def test_only_the_phase_counts_and_for_each_thing_done(self):
        self.assertEqual(self.found["nic.iotlb"], 0.5)
        self.assertEqual(self.found["nic.config"], 0.5)

    def test_exits_are_the_device_s_alone(self):
        self.assertEqual(self.found["nic.exits"], 2)

    def test_a_read_and_another_register_are_no_doorbell(self):
        self.assertEqual(self.found["nic.doorbells"], 1)

    def test_what_the_guest_measured_stays(self):
        self.assertEqual(self.found["nic.us"], 5)
        self.assertNotIn("phase.nic", self.found)


class Worse(unittest.TestCase):
    def test_as_before_is_well(self):
        self.assertEqual(figures.worse({"a": 1.23456}, figures.rounded({"a": 1.23456})), [])

    def test_a_quarter_is_well_and_a_half_is_not(self):
        self.assertEqual(figures.worse({"a": 1.25}, {"a": 1}), [])
        self.assertEqual(figures.worse({"a": 0.0015}, {"a": 0.001}), ["a: 0.0015, was 0.001"])

    def test_one_access_where_none_was(self):
        self.assertEqual(len(figures.worse({"a": 1}, {"a": 0})), 1)

    def test_better_is_well(self):
        self.assertEqual(figures.worse({"a": 0.1}, {"a": 1}), [])

    def test_what_is_not_measured_any_more(self):
        self.assertEqual(figures.worse({}, {"a": 1}), ["a: was 1, and is not measured any more"])

    def test_something_to_nothing(self):
        self.assertEqual(figures.ratio(0, 0), 1)
        self.assertGreater(figures.ratio(1, 0), 1000)


class Sections(unittest.TestCase):
    """Over what one run has measured"""

    def setUp(self):
        self.all = json.loads(MEASURED.read_text())

    def test_each_table_has_rows_of_one_width(self):
        measured = [(title, section) for title, section, needed in tables.SECTIONS
                    if set(needed) <= set(self.all)]
        self.assertGreater(len(measured), 5)
        for title, section in measured:
            for table in section(self.all).split("\n\n"):
                widths = {line.count("|") for line in table.splitlines()}
                self.assertEqual(len(widths), 1, title)
                self.assertGreater(len(table.splitlines()), 3, title)

    def test_a_cell(self):
        self.all["no-iommu"]["sdi.4096.one_more_us"] = 4711
        self.assertRegex(tables.create(self.all), r"\| 4,096 \|.*\| 4,711 \|")

    def test_an_sdi_that_got_dearer_is_noticed(self):
        before = figures.rounded(tables.ratios(self.all))
        self.assertEqual(figures.worse(tables.ratios(self.all), before), [])
        for machine, name, ratio in (("vtd", "sdi.4096.one_more_us", "one more at 4096"),
                                     ("users", "open.sdi.1000.open_us", "open among 1,000"),
                                     ("scan-most", "boot.config", "accesses at boot"),
                                     ("virtio", "nic.sdi.64.exits", "exits for a packet")):
            found = json.loads(json.dumps(self.all))
            found[machine][name] *= 2
            lines = figures.worse(tables.ratios(found), before)
            self.assertTrue(any(ratio in line for line in lines), name)

    def test_what_is_not_measured_is_left_out(self):
        del self.all["virtio"]
        self.assertNotIn("## virtio", tables.report(self.all))
        self.assertIn("## Finding the PF", tables.report(self.all))
        self.assertFalse([name for name in tables.ratios(self.all) if "virtio" in name])

    def test_pictures_have_the_data(self):
        self.all["no-iommu"]["sdi.16.one_more_us"] = 4711
        self.assertIn("16 4711", plot.create_script(self.all))
        self.assertIn('"doorbells"', plot.virtio_script(self.all))


class Machines(unittest.TestCase):
    def test_each_can_be_read(self):
        for path in (HERE.parent / "bench").glob("*.ini"):
            self.assertTrue(Topology(f"../bench/{path.stem}").about, path)


if __name__ == "__main__":
    unittest.main()
