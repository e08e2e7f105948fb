# SPDX-License-Identifier: GPL-2.0
"""The reference machine: what QEMU is told, and what came out of it."""

import json
import os
import resource
import shlex
import socket
import subprocess
import sys
import threading
import time

from process import RUNNING
from topology import ARCHES, BUILD, Topology, Trouble, out

# QEMU with a runaway address space shall die, not the host: the guest's memory
# and this much besides.
MEMORY_BESIDE_MIB = 8192
# Of the directory of the host that a guest has as /share
HOST_TAG = "host"


class Operator(threading.Thread):
    """Fake operator: re-plugs a card that was pulled, plugs one in when the guest
    asks for it, and presses the power button of a machine that sleeps, until QEMU
    ends."""

    def __init__(self, topology, output):
        super().__init__(daemon=True)
        self.output = output
        self.hot_add = topology.hot_add
        self.device = topology.replug
        self.card = next((a for a in topology.device_lines() if f"id={self.device}" in a.split(",")), None)
        if self.device and not self.card:
            raise Trouble(f"'{topology.name}' has no device '{self.device}' to put back")
        self.ours, self.qemus = socket.socketpair()
        self.closed = threading.Event()

    @staticmethod
    def wanted(topology):
        return topology.replug or topology.hot_add or topology.wake

    def qemu_args(self):
        return ["-chardev", f"socket,id=qmp,fd={self.qemus.fileno()}",
                "-mon", "chardev=qmp,mode=control"]

    def run(self):
        with self.ours.makefile("rw") as qmp:
            try:
                self.say(qmp, "qmp_capabilities")
                if self.hot_add:
                    self.wait_for_guest()
                    self.plug(qmp, self.hot_add)
                for line in qmp:
                    self.react(qmp, json.loads(line))
            except (OSError, ValueError):
                return

    def react(self, qmp, message):
        event = message.get("event")
        if event == "DEVICE_DELETED" and self.device == message["data"].get("device"):
            self.plug(qmp, self.card)
        elif event == "SUSPEND":
            self.say(qmp, "system_wakeup")

    def wait_for_guest(self):
        while not self.closed.wait(0.2):
            if "siov: hot-add" in self.output.read_text(errors="replace"):
                return

    def plug(self, qmp, card):
        self.say(qmp, "human-monitor-command", {"command-line": f"device_add {card}"})

    def close(self):
        self.closed.set()
        self.ours.shutdown(socket.SHUT_RDWR)
        self.join()
        self.ours.close()
        self.qemus.close()

    @staticmethod
    def say(qmp, command, arguments=None):
        qmp.write(json.dumps({"execute": command, "arguments": arguments or {}}) + "\n")
        qmp.flush()


def share_args(name):
    """The directory share/ of what was built as NAME, read-only, by 9p."""
    if not name:
        return []
    path = out(name, "LINUX") / "share"
    return ["-virtfs", f"local,path={path},mount_tag={name},"
                       "security_model=none,readonly=on"]


def trace_args(path, events):
    """What QEMU writes down of itself, by patterns of names"""
    if not events:
        return []
    return ["-D", str(path), *(word for event in events for word in ("-trace", event))]


def disk_args(path, mib):
    """A file of zeroes, which each device with drive=disk,share-rw=on reads and writes."""
    if not mib:
        return []
    with open(path, "wb") as disk:
        disk.truncate(mib << 20)
    return ["-blockdev", f"raw,node-name=disk,file.driver=file,file.filename={path}"]


def host_args(path):
    """A directory of the host that somebody at work in the guest can write to"""
    if not path:
        return []
    return ["-virtfs", f"local,path={path},mount_tag={HOST_TAG},security_model=none"]


class Machine:
    """One boot. The console goes to a file, the guest's own words elsewhere."""

    def __init__(self, topology, name=None, profile="", kconfig=""):
        self.topology = topology
        self.profile = profile
        self.kconfig = kconfig
        self.name = name or topology.name
        log = BUILD / "log"
        self.console = log / f"vm-{self.name}.console"
        self.output = log / f"vm-{self.name}.output"
        self.trace = log / f"vm-{self.name}.trace"
        self.qemu_log = log / f"vm-{self.name}.qemu"
        self.disk = log / f"vm-{self.name}.disk"
        self.host_dir = None
        self.operator = Operator(topology, self.output) if Operator.wanted(topology) else None

    def is_debug(self):
        """A kernel that checks itself is several times slower, and bigger."""
        return self.profile == "debug"

    def memory(self):
        """MiB of the guest; a kernel with KASAN wants more."""
        return max(self.topology.memory, 1024) if self.is_debug() else self.topology.memory

    def command(self, mode, serial, accel, env=None):
        topology, arch = self.topology, self.topology.arch
        return [
            str(out(f"qemu{arch.suffix}", "QEMU") / arch.emulator), *arch.machine,
            *(["-bios", arch.firmware] if topology.firmware else []),
            "-accel", self.accel(accel), "-cpu", self.cpu(accel),
            "-smp", str(topology.cpus),
            "-m", str(self.memory()),
            "-nodefaults", "-no-reboot", "-display", "none",
            "-serial", f"file:{self.console}", *serial,
            "-kernel", str(arch.kernel_path(self.profile, self.kconfig)),
            "-initrd", str(out(f"image{arch.suffix}", "LINUX") / "initrd.cpio"),
            "-append", self.kernel_arguments(mode, accel, env), *topology.iommu_args,
            *topology.device_args(), *topology.qemu,
            *trace_args(self.trace, topology.events),
            *(self.operator.qemu_args() if self.operator else []),
            *share_args(topology.share), *host_args(self.host_dir),
            *disk_args(self.disk, topology.disk),
        ]

    def accel(self, wanted):
        """Only guests of the host's own kind run on anything but TCG."""
        if wanted != "tcg" and self.topology.arch is ARCHES["x86"]:
            return wanted
        # With a thread a CPU, the CPUs are inside the kernel at once. Without it
        # they take turns, in the middle of things as well.
        return f"tcg,thread={self.topology.threads}"

    def is_tcg(self, accel):
        return self.accel(accel).startswith("tcg")

    def cpu(self, accel):
        """Linux clears and copies pages by instructions that TCG does a byte at a
        time, unless the CPU says that they are slow."""
        return "max" + (self.topology.arch.slow_on_tcg if self.is_tcg(accel) else "")

    def kernel_arguments(self, mode, accel, env):
        topology, tty = self.topology, self.topology.arch.tty
        words = {"SIOV_MODE": mode, "SIOV_TTY": f"{tty}1", **(env or {})}
        return " ".join(
            [f"console={tty}0", "panic=-1", "loglevel=7",
             # On a busy host the ten ticks of that check can fail to come.
             "no_timer_check", topology.arch.clock_of_tcg if self.is_tcg(accel) else "",
             topology.append,
             # With five levels, KASAN mistakes an interrupt in identify_cpu(),
             # while the bits of the boot CPU are clear, for a wild access.
             f"no5lvl {topology.append_debug}" if self.is_debug() else ""] +
            [f"{k}={v}" for k, v in words.items() if v])

    def run(self, mode, env=None, *, accel="tcg"):
        """Boot, wait for the end; the seconds it took and the guest's words."""
        start = time.monotonic()
        limit = self.limit()
        self.output.write_text("")
        env = {"SIOV_TIMEOUT": limit, **(env or {})}
        command = self.command(mode, ["-serial", f"file:{self.output}"], accel, env)
        self._spawn(command, limit)
        return time.monotonic() - start, self.output.read_text(errors="replace")

    def limit(self):
        """Seconds, with those that somebody who wants more stress asks for."""
        more = int(os.environ.get("SIOV_STRESS_SECONDS") or "0", 0)
        return self.topology.timeout * (5 if self.is_debug() else 1) + 3 * more

    def interact(self, mode, accel, host_dir=None):
        """The same with the guest's words on the terminal, and HOST_DIR as its /share."""
        self.host_dir = host_dir
        env = {**environment(self.topology), "SIOV_HOST": HOST_TAG if host_dir else ""}
        command = self.command(mode, ["-serial", "mon:stdio"], accel, env)
        limit = None if mode == "shell" else self.topology.timeout
        self._spawn(command, limit, terminal=True)
        if "Power down" not in self.console_text():
            raise Trouble(f"the kernel did not get to its end; its last line was: "
                          f"{last_line(self.console)!r}. See {self.console}")
        if mode == "show" and "siov: exit 0" not in self.console_text():
            raise Trouble(f"what was shown is not as it should be: look for FAILED above. "
                          f"The kernel's log is {self.console}")

    def _spawn(self, command, limit, terminal=False):
        log = self.qemu_log
        (BUILD / "log" / f"vm-{self.name}.cmd").write_text(shlex.join(command) + "\n")
        self.console.write_text("")
        with log.open("wb") as stderr:
            try:
                if self.operator:
                    self.operator.start()
                status = self._wait(command, limit, stderr, terminal)
            except FileNotFoundError:
                raise Trouble(f"{command[0]} is not there: run make again") from None
            except subprocess.TimeoutExpired:
                raise Trouble(
                    f"the machine '{self.name}' did not finish in {limit} s; its last "
                    f"line was: {last_line(self.console)!r}. See {self.console}. "
                    "On a busy host call again") from None
            finally:
                if self.operator:
                    self.operator.close()
        if status:
            raise Trouble(f"QEMU ended with {status} in '{self.name}': "
                          f"{last_line(log) or 'no message'} (see {log})")

    def _wait(self, command, limit, stderr, terminal):
        process = RUNNING.start(
            command, stderr=stderr, preexec_fn=lambda: limit_memory(self.topology.memory),
            stdin=None if terminal else subprocess.DEVNULL,
            stdout=None if terminal else stderr, start_new_session=not terminal,
            pass_fds=[self.operator.qemus.fileno()] if self.operator else [])
        if terminal:
            release_build()
        try:
            return process.wait(limit)
        finally:
            RUNNING.end(process)

    def console_text(self):
        return self.console.read_text(errors="replace")


def environment(topology):
    """What the tests in the guest are told, and so who works there by hand."""
    return {"SIOV_PFS": topology.pfs, "SIOV_EXPECT": ",".join(topology.expect),
            "SIOV_SHARE": topology.share,
            "SIOV_POSSIBLE_CPUS": str(topology.cpus)}


def release_build():
    """A shell that is left open keeps nobody from building: give up the lock that
    make has opened for us as descriptor 9."""
    if os.environ.get("SIOV_LOCKED"):
        try:
            os.close(9)
        except OSError:
            pass


def limit_memory(guest_mib):
    size = (guest_mib + MEMORY_BESIDE_MIB) << 20
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def last_line(path):
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def accelerator(want):
    """TCG, unless KVM was asked for or a guest has really booted on it."""
    if want != "probe":
        return want
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    probe = Machine(Topology("none"), "kvm-probe")
    probe.topology.timeout = 20
    try:
        _, text = probe.run("off", accel="kvm")
    except Trouble:
        text = ""
    if "siov: exit 0" in text:
        return "kvm"
    print("KVM is there but boots no guest; using TCG", file=sys.stderr)
    return "tcg"
