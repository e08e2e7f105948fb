# SPDX-License-Identifier: GPL-2.0
"""Reading topologies, running many jobs, adding up."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

import hosttests
import inventory
import options
import process
import schedule
import topology
from ktap import Result, check
from report import Report
from topology import Topology, Trouble


class Written(unittest.TestCase):
    """Topologies of our own in a directory of our own"""

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.patch = mock.patch.object(topology, "TOPOLOGIES", Path(self.dir.name))
        self.patch.start()

    def tearDown(self):
        self.patch.stop()
        self.dir.cleanup()

    def write(self, text):
        (Path(self.dir.name) / "x.ini").write_text("[topology]\n" + text)
        return Topology("x")

    def refused(self, text, word):
        with self.assertRaisesRegex(Trouble, word):
            self.write(text)

    def test_defaults(self):
        it = self.write("about = x\n")
        self.assertEqual((it.cpus, it.memory, it.threads), (2, 512, "single"))

    def test_unknown_key(self):
        self.refused("abuot = x\n", "abuot")

    def test_unknown_expectation(self):
        self.refused("expect = isolatd\n", "isolatd")

    def test_bad_number(self):
        self.refused("timeout = 10m\n", "10m")

    def test_bad_iommu(self):
        self.refused("iommu = intel\n", "intel")

    def test_line_without_reason(self):
        self.refused("may_skip =\n\ta\n", "may_skip")

    def test_bad_pattern(self):
        self.refused("log =\n\ta(b\n", r"a\(b")

    def test_no_such_topology(self):
        with self.assertRaisesRegex(Trouble, "no topology 'y'"):
            Topology("y")

    def test_no_section(self):
        (Path(self.dir.name) / "x.ini").write_text("about = x\n")
        with self.assertRaisesRegex(Trouble, "x.ini"):
            Topology("x")

    def test_args_change_the_first_pf(self):
        it = self.write("devices =\n\tsiov-testdev,siov=off\n\tsiov-testdev,bus=a,{pf}\n"
                        "pf = total-sdis=3,sdi-stride=1\n")
        it.with_args("stride=2,x-forge")
        self.assertEqual(it.device_args()[-1],
                         "siov-testdev,bus=a,total-sdis=3,sdi-stride=2,x-forge=on")

    def test_args_without_a_pf(self):
        with self.assertRaises(Trouble):
            self.write("devices = igb\n").with_args("stride=2")

    def test_menuconfig_changes_no_test(self):
        config = Path(self.dir.name) / ".config"
        config.write_text('CONFIG_SIOV_CPUS=7\nCONFIG_SIOV_CMDLINE="x=1"\n')
        self.write("about = x\n")
        with mock.patch.object(options, "BUILD", Path(self.dir.name)), \
             mock.patch.dict(os.environ, {"T": "x", "ARGS": ""}):
            chosen, _, _ = options.user_topology()
        self.assertEqual((chosen.cpus, chosen.append), (2, ""))


class Ours(unittest.TestCase):
    """The topologies that there are"""

    def test_all_can_be_read(self):
        for name in topology.names():
            self.assertTrue(Topology(name).about, name)

    def test_no_two_are_about_the_same(self):
        abouts = [Topology(name).about for name in topology.names()]
        self.assertEqual(len(abouts), len(set(abouts)))


SOURCE = """
FIXTURE_VARIANT_ADD(f, one) {
};
FIXTURE_VARIANT_ADD(f, two) {
};
TEST_F(f, a)
TEST_F_TIMEOUT(f, b, 30)
TEST_F(g, c)
TEST(d)
"""


class Inventory(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        (Path(self.dir.name) / "us").mkdir()
        (Path(self.dir.name) / "us/p_test.c").write_text(SOURCE)

    def tearDown(self):
        self.dir.cleanup()

    def topology(self, **args):
        it = mock.Mock(tests=["us:p_test"], args=args.get("args", {}))
        it.name = "x"
        return it

    def test_names(self):
        self.assertEqual(set(inventory.Program(SOURCE).tests()),
                         {"f.one.a", "f.two.a", "f.one.b", "f.two.b", "g.c", "global.d"})

    def test_picked(self):
        self.assertEqual(inventory.picked(self.topology(), "one.a", Path(self.dir.name)),
                         {"us:p_test": "-r f.one.a"})

    def test_picked_nothing(self):
        self.assertEqual(inventory.picked(self.topology(), "z", Path(self.dir.name)), {})

    def test_args(self):
        inventory.check_args(self.topology(args={"us:p_test": "-T a -V two -f g"}),
                             Path(self.dir.name))

    def test_args_that_name_nothing(self):
        for args in ("-T x", "-V x", "-F x", "-z a"):
            with self.assertRaises(Trouble):
                inventory.check_args(self.topology(args={"us:p_test": args}),
                                     Path(self.dir.name))

    def test_args_of_what_does_not_run(self):
        with self.assertRaises(Trouble):
            inventory.check_args(self.topology(args={"us:q_test": "-T a"}),
                                 Path(self.dir.name))

    def test_never_executed(self):
        ran = {("p_test", t) for t in inventory.Program(SOURCE).tests()} - {("p_test", "g.c")}
        self.assertEqual(inventory.never_executed(Path(self.dir.name), "us", ran),
                         ["p_test g.c"])


class Jobs(unittest.TestCase):
    def results(self, *jobs):
        found = {}
        schedule.run_all(jobs, lambda name, results, _: found.setdefault(name, results))
        return found

    def test_exception_is_a_failure_and_the_run_goes_on(self):
        found = self.results(schedule.Job("a", lambda: 1 // 0),
                             schedule.Job("b", lambda: [Result(True, "x")]))
        self.assertFalse(found["a"][0].passed)
        self.assertTrue(found["b"][0].passed)

    def test_trouble_is_one_line(self):
        def trouble():
            raise Trouble("no disk")
        self.assertEqual(self.results(schedule.Job("a", trouble))["a"][0].text, "no disk")

    def test_bad_number_of_jobs(self):
        for bad in ("x", "0", "-1"):
            with mock.patch.dict(os.environ, {"JOBS": bad}), self.assertRaises(Trouble):
                schedule.at_once()

    def test_debug_kernels_have_a_cpu_each(self):
        cpus = os.cpu_count()
        for profile, jobs in (("", 2 * cpus), ("debug", cpus)):
            with mock.patch.dict(os.environ, {"JOBS": "", "PROFILE": profile}):
                self.assertEqual(schedule.at_once(), jobs)

    def test_no_more_guests_than_memory(self):
        room, most, lock = schedule.Room(1000), [0, 0], threading.Lock()

        def guest():
            room.enter(600)
            with lock:
                most[0] += 1
                most[1] = max(most)
            time.sleep(0.02)
            with lock:
                most[0] -= 1
            room.leave(600)
        threads = [threading.Thread(target=guest) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(most[1], 1)

    def test_one_guest_runs_whatever_it_needs(self):
        schedule.Room(10).enter(600)

    def test_interrupt_ends_a_build_and_all_that_it_started(self):
        with tempfile.TemporaryDirectory() as directory:
            top = Path(directory)
            (top / "scripts").mkdir()
            script = top / "scripts/build"
            # As a compiler below make: nobody passes a signal on to it
            script.write_text(f"#!/bin/sh\n(sleep 60; touch {top}/built) &\n"
                              f"touch {top}/started\nwait\nsleep 60\n")
            script.chmod(0o755)

            def interrupt(*_):
                raise KeyboardInterrupt

            def when_started():
                while not (top / "started").exists():
                    time.sleep(0.01)
                os.kill(os.getpid(), signal.SIGUSR1)

            started, old = time.monotonic(), signal.signal(signal.SIGUSR1, interrupt)
            try:
                with mock.patch.object(process, "TOP", top), \
                     self.assertRaises(KeyboardInterrupt):
                    threading.Thread(target=when_started).start()
                    process.build("x")
            finally:
                signal.signal(signal.SIGUSR1, old)
            self.assertLess(time.monotonic() - started, 20)
            found = subprocess.run(["pgrep", "-f", f"{top}/scripts/build"], check=False,
                                   capture_output=True, text=True)
            self.assertEqual(found.stdout, "")

    def test_interrupt_ends_what_runs(self):
        running = process.Running()
        with mock.patch.object(process, "RUNNING", running), \
             mock.patch.object(schedule, "RUNNING", running):
            def interrupt(*_):
                raise KeyboardInterrupt
            start = time.monotonic()
            with self.assertRaises(KeyboardInterrupt):
                schedule.run_all([schedule.Job("a", lambda: []),
                                  schedule.Job("b", lambda: process.run(["sleep", "60"]))],
                                 interrupt)
            self.assertLess(time.monotonic() - start, 10)
            with self.assertRaises(Trouble):
                process.run(["true"])


class HostTests(unittest.TestCase):
    def run_python(self, code, **kwargs):
        return hosttests.run_program([sys.executable, "-c", code], "nothing came", **kwargs)

    def test_bytes_that_are_no_text(self):
        results = self.run_python(
            "import sys; sys.stdout.buffer.write(b'1..1\\n\\xff\\xfe\\nok 1 a\\n')")
        self.assertTrue(all(r.passed for r in results))

    def test_exit_status(self):
        results = self.run_python("print('1..1\\nok 1 a'); raise SystemExit(3)")
        self.assertEqual(results[-1].text, "exit status 3")

    def test_a_program_that_ends_early_says_why(self):
        results = self.run_python("import os, sys; print('1..2\\nok 1 a', flush=True); "
                                  "print('why', file=sys.stderr, flush=True); os.abort()")
        last = results[-1]
        self.assertFalse(last.passed)
        self.assertEqual(last.detail[-2:], ["exit status -6", "why"])

    def test_no_results(self):
        self.assertFalse(self.run_python("")[0].passed)

    def test_time_limit(self):
        self.assertFalse(self.run_python("import time; time.sleep(60)", timeout=1)[0].passed)

    def test_skip(self):
        self.assertFalse(self.run_python("print('1..1\\nok 1 a # SKIP no')")[0].passed)


class Sums(unittest.TestCase):
    def report(self, *results):
        with tempfile.TemporaryDirectory() as name:
            stream = io.StringIO()
            report = Report(Path(name) / "x.ktap", 1, stream=stream)
            report.add("t", list(results), 1)
            status = report.close()
        return status, stream.getvalue().splitlines()

    def test_last_line(self):
        status, lines = self.report(Result(True, "a"), Result(True, "b", "no"),
                                    check(True, "log"))
        self.assertEqual((status, lines[-1]), (0, "1 passed, 0 failed, 1 skipped"))

    def test_check_that_fails(self):
        status, lines = self.report(Result(True, "a"), check(False, "log"))
        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_only_skips(self):
        self.assertEqual(self.report(Result(True, "a", "no"))[0], 1)

    def test_odd_characters(self):
        self.assertEqual(self.report(Result(True, "a\udcff"))[0], 0)
