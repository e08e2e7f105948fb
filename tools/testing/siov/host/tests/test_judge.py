# SPDX-License-Identifier: GPL-2.0
"""What a machine printed, and whether that is what its topology says."""

import types
import unittest

import judge


def topology(**keys):
    return types.SimpleNamespace(**{"may_skip": [], "must_fail": [], "log": [],
                                    "log_not": [], "trace": False, "violations": "",
                                    "tests": [], "crash": False,
                                    "leaves": "num_sdis=0 status=0x00 enabled=0?$", **keys})


def output(*lines, plan=None, status="ok"):
    inner = "".join(f"# {line}\n" for line in lines)
    return f"1..1\n# 1..{len(lines) if plan is None else plan}\n{inner}" \
           f"{status} 1 selftests: pci_siov: x_test\nsiov: exit 0\n"


def failures(text, console="", whole=True, trace=None, qemu_log="", **keys):
    return [r.text for r in judge.judge(topology(**keys), text, console, trace, qemu_log, whole)
            if not r.passed]


class Outcome(unittest.TestCase):
    def test_all_is_well(self):
        self.assertEqual(failures(output("ok 1 a", "ok 2 b")), [])

    def test_no_output(self):
        self.assertIn("the kselftests gave no results", failures("siov: exit 0\n"))

    def test_guest_that_stops(self):
        self.assertEqual(failures(output("ok 1 a").replace("siov: exit 0", "")),
                         ["the guest came to its end"])

    def test_garbage_of_a_dying_guest(self):
        self.assertTrue(failures("1..2\nok 1 a\n\ufffd\ufffd\x00"))

    def test_failure(self):
        self.assertEqual(failures(output("not ok 1 a", status="not ok")), ["a"])


class Left(unittest.TestCase):
    NOTHING = "siov: left 0000:01:00.0 num_sdis=0 status=0x00 enabled=0"

    def left(self, line, **keys):
        return failures(output("ok 1 a") + line + "\n", **keys)

    def test_nothing(self):
        self.assertEqual(self.left(self.NOTHING), [])

    def test_an_sdi(self):
        self.assertEqual(len(self.left(self.NOTHING.replace("sdis=0", "sdis=1"))), 1)

    def test_an_sdi_that_only_the_device_knows(self):
        self.assertEqual(len(self.left(self.NOTHING.replace("enabled=0", "enabled=1"))), 1)

    def test_as_stated(self):
        self.assertEqual(self.left(self.NOTHING.replace("0x00", "0x01"),
                                   leaves="status=0x01"), [])

    def test_fault_that_none_provoked(self):
        console = "[ 1.0] DMAR: [DMA Write NO_PASID] Request device [01:00.1] fault"
        self.assertEqual(failures(output("ok 1 a"), console),
                         ["the log has no fault of an IOMMU"])
        self.assertEqual(failures(output("ok 1 a"), console,
                                  tests=["pci_siov:pci_siov_dma_test"]), [])

    def test_panic_that_is_part_of_the_test(self):
        console = "sysrq: Trigger a crash\nKernel panic - x\nCall Trace:\nLinux version 7\n"
        self.assertEqual(len(failures(output("ok 1 a"), console)), 1)
        self.assertEqual(failures(output("ok 1 a"), console, crash=True), [])
        self.assertEqual(len(failures(output("ok 1 a"), console + "BUG: x", crash=True)), 1)


class Skips(unittest.TestCase):
    def test_all_tests_skip(self):
        bad = failures(output("ok 1 a # SKIP no PF", "ok 2 b # SKIP no PF"))
        self.assertEqual(len(bad), 2)
        self.assertIn("may_skip", bad[0])

    def test_program_skips_as_a_whole(self):
        bad = failures("1..1\nok 1 selftests: pci_siov: x_test # SKIP\nsiov: exit 0\n")
        self.assertEqual(len(bad), 1)

    def test_stated(self):
        self.assertEqual(failures(output("ok 1 a.x # SKIP no VFs here", "ok 2 b"),
                                  may_skip=[(r"a\..*", "no VFs")]), [])

    def test_for_another_reason(self):
        bad = failures(output("ok 1 a # SKIP no PF"), may_skip=[("a", "no VFs")])
        self.assertEqual(len(bad), 2)

    def test_name_is_matched_as_a_whole(self):
        self.assertTrue(failures(output("ok 1 ab # SKIP x"), may_skip=[("a", "x")]))

    def test_stale_statement(self):
        bad = failures(output("ok 1 a"), may_skip=[("a", "no VFs")])
        self.assertEqual(bad, ["may_skip = a: no VFs: nothing was skipped so"])

    def test_stale_statement_when_one_test_was_picked(self):
        self.assertEqual(failures(output("ok 1 a"), whole=False,
                                  may_skip=[("b", "no VFs")]), [])

    def test_expected_failure_has_to_be_stated(self):
        self.assertEqual(len(failures(output("ok 1 a # XFAIL x"))), 1)


class Faults(unittest.TestCase):
    def test_noticed(self):
        text = output("not ok 1 a", "ok 2 b", status="not ok")
        self.assertEqual(failures(text, must_fail=["a"]), [])

    def test_not_noticed(self):
        self.assertEqual(failures(output("ok 1 a"), must_fail=["a"]),
                         ["a must fail, and does not"])

    def test_skipping_is_not_noticing(self):
        self.assertEqual(failures(output("ok 1 a # SKIP x"), must_fail=["a"]),
                         ["a must fail, and does not"])

    def test_other_test_fails(self):
        text = output("not ok 1 a", "not ok 2 b", status="not ok")
        self.assertEqual(failures(text, must_fail=["a"]), ["b"])

    def test_nothing_of_that_name(self):
        self.assertEqual(failures(output("ok 1 b"), must_fail=["a"]),
                         ["must_fail = a: there is no such test"])

    def test_crash_is_no_failure_of_a_test(self):
        text = output("not ok 1 a", plan=2, status="not ok").replace(
            "x_test", "x_test # exit=139")
        bad = failures(text, must_fail=["a"])
        self.assertEqual(len(bad), 2)


class Logs(unittest.TestCase):
    OUTPUT = output("ok 1 a")

    def test_warning(self):
        self.assertTrue(failures(self.OUTPUT, "[ 1.0] WARNING: CPU: 0 PID: 1 at x.c:3\n"))

    def test_other_kinds(self):
        for line in ("BUG: KASAN: slab-out-of-bounds", "UBSAN: shift", "Oops: 0000",
                     "WARNING: possible circular locking", "unreferenced object 0xff",
                     "kmemleak: 3 new suspected", "refcount_t: underflow",
                     "INFO: task x blocked"):
            self.assertTrue(failures(self.OUTPUT, line), line)

    def test_our_own_words(self):
        self.assertEqual(failures(self.OUTPUT, "Kernel command line: a=WARNING:\n"), [])

    def test_pattern(self):
        self.assertEqual(failures(self.OUTPUT, "PF 01:00.0\n", log=["PF"]), [])
        self.assertEqual(failures(self.OUTPUT, "", log=["PF"]), ["log has /PF/"])

    def test_our_own_words_are_not_the_pattern(self):
        self.assertTrue(failures(self.OUTPUT, "Kernel command line: PF\n", log=["PF"]))

    def test_pattern_that_must_not_be(self):
        self.assertEqual(failures(self.OUTPUT, "PF\n", log_not=["PF"]),
                         ["log has no /PF/"])


class Violations(unittest.TestCase):
    OUTPUT = output("ok 1 a")
    LOG = "qemu: warning: SIOV violation: SDI 5 has the Routing ID 01:08.0, and so has\n"

    def test_any_is_a_failure(self):
        self.assertEqual(failures(self.OUTPUT, qemu_log=self.LOG),
                         ["the fixture saw no rule broken"])

    def test_wanted(self):
        self.assertEqual(failures(self.OUTPUT, qemu_log=self.LOG, violations="has the"), [])

    def test_wanted_and_missing(self):
        self.assertEqual(failures(self.OUTPUT, violations="has the"),
                         ["the fixture saw /has the/"])

    def test_another_than_the_wanted(self):
        self.assertIn("the fixture saw no rule broken",
                      failures(self.OUTPUT, qemu_log=self.LOG, violations="early"))

    def test_must_fail_takes_checks(self):
        self.assertEqual(failures(self.OUTPUT, qemu_log=self.LOG,
                                  must_fail=["the fixture saw no rule broken"]), [])


class Counters(unittest.TestCase):
    OUTPUT = output("ok 1 a").replace("# 1..1", "# # counters 13=1 4=2 5=64 10=1\n# 1..1")
    TRACE = "pcie_siov_enable sdi 1\n" \
            "pcie_siov_dma rid 0x101 len 0x40 result 0\n" \
            "pcie_siov_dma rid 0x101 len 0x40 result 2\n"

    def bad(self, trace):
        results = judge.judge(topology(trace=True), self.OUTPUT, "", trace)
        return [r.text for r in results if not r.passed]

    def test_agree_with_the_trace(self):
        self.assertEqual(self.bad(self.TRACE), [])

    def test_request_is_missing(self):
        self.assertIn("QEMU has seen as many requests as the PF counted",
                      self.bad(self.TRACE.rsplit("\n", 2)[0] + "\n"))

    def test_cut_line(self):
        self.assertEqual(self.bad(self.TRACE[:-10]), ["QEMU's trace can be read"])

    def test_cut_name(self):
        self.assertTrue(self.bad("pcie_siov_dma"))

    def test_no_trace(self):
        self.assertTrue(self.bad(""))

    def test_tests_print_no_counters(self):
        results = judge.judge(topology(trace=True), output("ok 1 a"), "", self.TRACE)
        self.assertIn("the tests print the PF's counters",
                      [r.text for r in results if not r.passed])
