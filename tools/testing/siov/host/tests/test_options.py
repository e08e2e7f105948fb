# SPDX-License-Identifier: GPL-2.0
"""What the user may say to make run and make shell, and what becomes of it"""

import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import machine
import options
import picture
import process
import topology
from topology import Topology, Trouble


class Given(unittest.TestCase):
    """A build directory, a topology x, and no variables but those of the test"""

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.path = Path(self.dir.name).resolve()
        (self.path / "x.ini").write_text("[topology]\nabout = x\nqemu = -a\nappend = b\n")
        self.patches = [mock.patch.object(topology, "TOPOLOGIES", self.path),
                        mock.patch.object(options, "BUILD", self.path),
                        mock.patch.object(picture, "BUILD", self.path),
                        mock.patch.dict(os.environ, {"T": "x"}, clear=True)]
        for patch in self.patches:
            patch.start()

    def tearDown(self):
        for patch in self.patches:
            patch.stop()
        self.dir.cleanup()


class Memory(Given):
    """Kconfig lets the guest have 64 GiB, so QEMU must be let have them, too"""

    def limit(self, memory):
        (self.path / "x.ini").write_text(f"[topology]\nabout = x\nmemory = {memory}\n")
        it = machine.Machine(Topology("x"))
        command = [sys.executable, "-c",
                   "import resource, sys; sys.exit(resource.getrlimit(resource.RLIMIT_AS)[0]"
                   f" >> 20 != {memory} + 8192)"]
        return it._wait(command, 60, None, False)

    def test_of_a_small_guest(self):
        self.assertEqual(self.limit(512), 0)

    def test_of_a_large_guest(self):
        self.assertEqual(self.limit(65536), 0)


class Arguments(Given):
    def chosen(self, **variables):
        with mock.patch.dict(os.environ, variables):
            return options.user_topology()[0]

    def test_qemu_args_come_last(self):
        it = self.chosen(QEMU_ARGS="-s -device 'edu,id=a b'")
        self.assertEqual(it.qemu, ["-a", "-s", "-device", "edu,id=a b"])

    def test_append_comes_last(self):
        self.assertEqual(self.chosen(APPEND="c=1 d").append.split(), ["b", "c=1", "d"])

    def test_gdb(self):
        with mock.patch.dict(os.environ, {"GDB": "wait"}):
            it, profile, _ = options.user_topology()
        self.assertEqual(profile, "gdb")
        self.assertIn(f"unix:path={self.path}/gdb.socket,server=on,wait=off", it.qemu)
        self.assertIn("-S", it.qemu)
        self.assertIn("nokaslr", it.append.split())
        self.assertNotIn("-S", self.chosen(GDB="1").qemu)

    def test_gdb_with_another_profile(self):
        with mock.patch.dict(os.environ, {"GDB": "1", "PROFILE": "debug"}):
            self.assertEqual(options.user_topology()[1], "debug")

    def test_gdb_and_what(self):
        with self.assertRaisesRegex(Trouble, "GDB=yes"):
            self.chosen(GDB="yes")

    def test_kconfig_is_a_kernel_of_its_own(self):
        kernel = topology.ARCHES["x86"].kernel_path
        self.assertEqual(kernel("", "/f").parts[-5], "kernel-kconfig")
        self.assertEqual(kernel("debug", "/f").parts[-5], "kernel-debug-kconfig")
        self.assertEqual(kernel("").parts[-5], "kernel")

    def test_open_quote(self):
        with self.assertRaisesRegex(Trouble, "QEMU_ARGS="):
            self.chosen(QEMU_ARGS="'a")

    def test_tests_ask_nobody(self):
        with mock.patch.dict(os.environ, {"QEMU_ARGS": "-s", "APPEND": "c", "SHARE": "/",
                                          "ARGS": "stride=3", "GDB": "1",
                                          "KCONFIG": "/f"}):
            command = machine.Machine(Topology("x")).command("test", [], "tcg")
        self.assertNotIn("-s", command)
        self.assertNotIn("-virtfs", command)
        self.assertNotIn("-gdb", command)
        self.assertFalse([word for word in command if "kconfig" in word])
        self.assertNotIn("c", command[command.index("-append") + 1].split())

    def test_the_iommu_decides_what_show_expects(self):
        (self.path / "root-port.ini").write_text("[topology]\nabout = x\n")
        for iommu, word in [("none", "untranslated"), ("amd", "refused"),
                            ("intel-legacy", "isolated")]:
            (self.path / ".config").write_text(f'CONFIG_SIOV_IOMMU="{iommu}"\n')
            self.assertEqual(self.chosen(T="").expect, [word])


class Build(unittest.TestCase):
    """What scripts/build is told of the user's options"""

    def told(self, **kwargs):
        with mock.patch.dict(os.environ, {"KCONFIG": "/of/the/user"}), \
             mock.patch.object(process.RUNNING, "start") as start, \
             mock.patch.object(process.RUNNING, "end"):
            start.return_value.wait.return_value = 0
            process.build("kernel", **kwargs)
        return start.call_args.kwargs["env"]["KCONFIG"]

    def test_of_a_test(self):
        self.assertEqual(self.told(), "")

    def test_of_a_shell(self):
        self.assertEqual(self.told(kconfig="/f"), "/f")


class Share(Given):
    def shared(self, **variables):
        with mock.patch.dict(os.environ, variables):
            return options.shared_directory()

    def test_default_is_made(self):
        self.assertEqual(self.shared(), self.path / "share")
        self.assertTrue((self.path / "share").is_dir())

    def test_own(self):
        (self.path / "mine").mkdir()
        self.assertEqual(self.shared(SHARE=str(self.path / "mine")), self.path / "mine")

    def test_no_directory(self):
        with self.assertRaisesRegex(Trouble, "no directory"):
            self.shared(SHARE=str(self.path / "gone"))

    def test_comma(self):
        with self.assertRaisesRegex(Trouble, "comma"):
            self.shared(SHARE=str(self.path / "a,b"))

    def test_guest_is_told(self):
        it = machine.Machine(Topology("x"))
        it.host_dir = self.path
        command = it.command("shell", [], "tcg")
        self.assertIn(f"local,path={self.path},mount_tag=host,security_model=none", command)


class Shown(Given):
    """make run fails if the guest does not say that all went well"""

    def interact(self, console, mode="show"):
        it = machine.Machine(Topology("x"))
        it.console = self.path / "console"
        it.console.write_text(console)
        with mock.patch.object(machine.Machine, "_spawn"):
            it.interact(mode, "tcg", self.path)

    def test_all_is_well(self):
        self.interact("siov: exit 0\nreboot: Power down\n")

    def test_a_step_failed(self):
        with self.assertRaisesRegex(Trouble, "FAILED"):
            self.interact("siov: exit 1\nreboot: Power down\n")

    def test_it_did_not_end(self):
        with self.assertRaisesRegex(Trouble, "get to its end"):
            self.interact("siov: exit 0\n")

    def test_a_shell_has_no_result(self):
        self.interact("reboot: Power down\n", "shell")


class Picture(Given):
    def test_none_was_drawn(self):
        self.assertIsNone(picture.take(self.path / "share"))

    def test_an_old_one_does_not_stay(self):
        for name in ("machine.dot", "machine.svg"):
            (self.path / name).write_text("old")
        picture.clear(self.path)
        self.assertEqual(list(self.path.glob("machine.*")), [])

    def test_without_graphviz_the_graph_is_left(self):
        (self.path / "share").mkdir()
        (self.path / "share/machine.dot").write_text("digraph machine {}")
        dot = picture.take(self.path / "share")
        with mock.patch("shutil.which", return_value=None):
            self.assertIn(f"{self.path}/machine.dot", picture.draw(dot))
        self.assertEqual(Path(dot).read_text(), "digraph machine {}")


if __name__ == "__main__":
    unittest.main()
