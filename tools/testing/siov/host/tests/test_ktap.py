# SPDX-License-Identifier: GPL-2.0
"""Streams of KTAP that are whole, and that are not."""

import unittest

import ktap

WHOLE = """TAP version 13
1..2
# timeout set to 300
# selftests: pci_siov: a_test
# TAP version 13
# 1..2
# #  RUN           f.one ...
# #            OK  f.one
# ok 1 f.one
# ok 2 f.two # SKIP no PF
# # Totals: pass:1 fail:0 xfail:0 xpass:0 skip:1 error:0
ok 1 selftests: pci_siov: a_test
# selftests: pci_siov: b_test
# TAP version 13
# 1..1
# not ok 1 g.one
not ok 2 selftests: pci_siov: b_test # exit=1
# Totals: pass:1 fail:1 xfail:0 xpass:0 skip:0 error:0
"""


def failures(text):
    return [r.text for r in ktap.read(text) if not r.passed]


class Whole(unittest.TestCase):
    def test_leaves(self):
        results = ktap.read(WHOLE)
        self.assertEqual([(r.text, r.passed, r.skipped) for r in results],
                         [("f.one", True, None), ("f.two", True, "no PF"),
                          ("g.one", False, None)])

    def test_parents(self):
        self.assertEqual(ktap.read(WHOLE)[0].parents, ("selftests: pci_siov: a_test",))

    def test_nothing_at_all(self):
        self.assertEqual(ktap.read("Segmentation fault\n"), [])

    def test_kunit_nests_with_blanks(self):
        text = "KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: s\n    1..2\n" \
               "    ok 1 a\n        KTAP version 1\n        1..2\n        ok 1 p\n" \
               "        ok 2 q\n    ok 2 b\nok 1 s\n"
        self.assertEqual([r.text for r in ktap.read(text)], ["a", "p", "q"])
        self.assertEqual(failures(text), [])

    def test_kunit_plans_no_parameters(self):
        text = "KTAP version 1\n1..1\n    KTAP version 1\n    1..1\n" \
               "        KTAP version 1\n        # Subtest: b\n        ok 1 p\n" \
               "        ok 2 q\n    ok 1 b\nok 1 s\n"
        self.assertEqual(failures(text), [])
        self.assertEqual(failures(text.replace("    1..1\n", "", 1)),
                         ["s: there is no plan"])

    def test_program_without_tests_of_its_own(self):
        text = "1..1\n# hello\nok 1 selftests: x: y.sh\n"
        self.assertEqual([r.text for r in ktap.read(text)], ["selftests: x: y.sh"])


class Cut(unittest.TestCase):
    def test_outer_plan(self):
        self.assertEqual(failures("1..3\nok 1 a\nok 2 b\n"),
                         ["3 tests were promised and 2 given"])

    def test_more_than_planned(self):
        self.assertEqual(failures("1..1\nok 1 a\nok 2 b\n"),
                         ["1 tests were promised and 2 given"])

    def test_no_outer_plan(self):
        self.assertEqual(failures("ok 1 a\n"), ["there is no plan"])

    def test_inner_plan(self):
        text = "1..1\n# 1..300\n# ok 1 a\n# ok 2 b\nok 1 p\n"
        self.assertEqual(failures(text), ["p: 300 tests were promised and 2 given"])

    def test_no_inner_plan(self):
        self.assertEqual(failures("1..1\n# ok 1 a\nok 1 p\n"), ["p: there is no plan"])

    def test_plan_alone(self):
        self.assertEqual(failures("1..1\n# 1..3\nok 1 p\n"),
                         ["p: 3 tests were promised and 0 given"])

    def test_innermost_plan(self):
        text = "1..1\n# 1..1\n# # 1..2\n# # ok 1 x\n# ok 1 y\nok 1 p\n"
        self.assertEqual(failures(text), ["y: 2 tests were promised and 1 given"])

    def test_guest_died_in_a_program(self):
        text = "1..2\nok 1 a\n# 1..3\n# ok 1 x\n"
        self.assertEqual(failures(text), ["2 tests were promised and 1 given",
                                          "a program gave no result of its own"])

    def test_only_children(self):
        self.assertTrue(failures("# 1..1\n# ok 1 x\n# 1..2\n"))


class Crash(unittest.TestCase):
    def crashed(self, code):
        return f"1..1\n# 1..3\n# ok 1 a\n# not ok 2 b\nnot ok 1 p # exit={code}\n"

    def test_signal_after_a_failure(self):
        self.assertIn("p ended with status 139", failures(self.crashed(139)))

    def test_plan_is_missed_as_well(self):
        self.assertIn("p: 3 tests were promised and 2 given", failures(self.crashed(139)))

    def test_status_of_a_failure_is_no_news(self):
        text = "1..1\n# 1..2\n# ok 1 a\n# not ok 2 b\nnot ok 1 p # exit=1\n"
        self.assertEqual(failures(text), ["b"])

    def test_parent_fails_by_itself(self):
        text = "1..1\n# 1..1\n# ok 1 a\nnot ok 1 p # exit=1\n"
        self.assertEqual(failures(text), ["p ended with status 1"])

    def test_crash_before_any_test(self):
        self.assertEqual(failures("1..1\n# Killed\nnot ok 1 p # exit=137\n"),
                         ["p ended with status 137"])

    def test_time_limit(self):
        text = "1..1\n# 1..2\n# not ok 1 a\n# ok 2 b\nnot ok 1 p # TIMEOUT 45 seconds\n"
        self.assertEqual(failures(text), ["a", "p ran out of time"])

    def test_bail_out(self):
        self.assertIn("Bail out! no memory", failures("1..1\nok 1 a\nBail out! no memory\n"))

    def test_nested_bail_out(self):
        self.assertIn("Bail out!", failures("1..1\n# 1..1\n# ok 1 a\n# Bail out!\nok 1 p\n"))


class Directives(unittest.TestCase):
    def one(self, line):
        return ktap.read(f"1..1\n{line}\n")[0]

    def test_skip_without_reason(self):
        self.assertEqual(self.one("ok 1 a # SKIP").skipped, "no reason given")

    def test_not_ok_skip(self):
        result = self.one("not ok 1 a # SKIP no IOMMU")
        self.assertEqual((result.passed, result.skipped), (True, "no IOMMU"))

    def test_todo_is_a_skip(self):
        self.assertEqual(self.one("not ok 1 a # TODO later").skipped, "later")

    def test_expected_failure_did_not_pass(self):
        self.assertEqual(self.one("ok 1 a # XFAIL slow").skipped,
                         "expected to fail: slow")

    def test_unexpected_pass(self):
        self.assertFalse(self.one("ok 1 a # XPASS").passed)

    def test_error(self):
        self.assertFalse(self.one("ok 1 a # ERROR no netns").passed)

    def test_directive_without_a_name(self):
        self.assertEqual(self.one("ok 1 # SKIP x").skipped, "x")

    def test_a_reason_may_name_a_directive(self):
        self.assertEqual(self.one("ok 1 a # SKIP because of # ERROR").skipped,
                         "because of # ERROR")

    def test_a_name_with_a_number_sign(self):
        self.assertEqual(self.one("ok 1 a #1 of b").text, "a #1 of b")
