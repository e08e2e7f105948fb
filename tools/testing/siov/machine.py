# SPDX-License-Identifier: GPL-2.0
"""The reference machine: what QEMU is told, and what came out of it."""

import configparser
import dataclasses
import json
import os
import re
import resource
import shlex
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[2]
BUILD = Path(os.environ.get("BUILD") or TOP / "build")
TOPOLOGIES = HERE / "topologies"
# QEMU with a runaway address space shall die, not the host.
MEMORY_LIMIT_MIB = 8192


class Trouble(Exception):
    """Something the user has to know, in one line."""


@dataclasses.dataclass(frozen=True)
class Arch:
    """What scripts/build made for a CPU, and the machine that has it."""

    suffix: str
    emulator: str
    kernel: str
    tty: str
    machine: tuple
    firmware: str = ""

    def kernel_path(self, debug):
        name = f"kernel{self.suffix}" + ("-debug" if debug else "")
        return out(name, "LINUX") / "arch" / self.kernel


ARCHES = {
    "x86": Arch("", "qemu-system-x86_64", "x86/boot/bzImage", "ttyS",
                ("-L", "/usr/share/seabios", "-L", "/usr/share/qemu",
                 "-M", "q35,kernel-irqchip=split",
                 # Native hot-plug, as on real ports.
                 "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off")),
    "arm64": Arch("-arm64", "qemu-system-aarch64", "arm64/boot/Image", "ttyAMA",
                  ("-M", "virt,gic-version=3,its=on"),
                  "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"),
}


class Options:
    """Kconfig's answers: its defaults, unless build/.config says otherwise."""

    DEFAULTS = {
        "TOTAL_SDIS": "300", "OFFSET": "1", "STRIDE": "1", "SRIOV_VFS": "0",
        "ARGS": "", "TOPOLOGY": "root-port", "BUS_RESERVE": "4",
        "IOMMU": "intel-scalable", "ACCEL": "tcg", "CPUS": "2",
        "MEMORY_MIB": "512", "DEBUG": "n", "CMDLINE": "",
    }

    def __init__(self):
        self.values = dict(self.DEFAULTS)
        config = BUILD / ".config"
        if config.exists():
            for line in config.read_text().splitlines():
                if line.startswith("CONFIG_SIOV_") and "=" in line:
                    name, value = line[len("CONFIG_SIOV_"):].split("=", 1)
                    self.values[name] = " ".join(shlex.split(value))

    def __getitem__(self, name):
        return self.values[name]

    def pf(self):
        """The properties of the PF, the user's ARGS last so that they win."""
        props = [f"total-sdis={self['TOTAL_SDIS']}",
                 f"sdi-offset={self['OFFSET']}", f"sdi-stride={self['STRIDE']}"]
        if self["SRIOV_VFS"] != "0":
            props.append(f"sriov-vfs={self['SRIOV_VFS']}")
        props += [a for a in (self["ARGS"], os.environ.get("ARGS", "")) if a]
        merged = {}
        for item in ",".join(props).split(","):
            name, _, value = item.partition("=")
            # "stride=1" is what people type.
            name = {"offset": "sdi-offset", "stride": "sdi-stride",
                    "total": "total-sdis"}.get(name, name)
            merged[name] = value or "on"
        return ",".join(f"{k}={v}" for k, v in merged.items())


class Topology:
    """One file of topologies/: the devices, and what is to come of them."""

    def __init__(self, name):
        path = TOPOLOGIES / f"{name}.ini"
        if not path.exists():
            raise Trouble(f"no topology '{name}'; there are: " +
                          ", ".join(names()))
        parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
        parser.read(path)
        section = parser["topology"]
        self.name = name
        self.about = section["about"]
        self.devices = section["devices"]
        self.pf = section.get("pf", "total-sdis=64")
        self.arch = ARCHES[section.get("arch", "x86")]
        self.iommu = section.get("iommu", "")
        # A firmware of its own, that describes the machine by ACPI
        self.firmware = section.getboolean("firmware", False)
        self.append = section.get("append", "")
        # What a debug profile adds: there is time for more
        self.append_debug = section.get("append_debug", "")
        self.memory = section.get("memory", "")
        # The device, by its id, that is put back whenever it was pulled
        self.replug = section.get("replug", "")
        # The guest goes to sleep (S3) and needs somebody to wake it up
        self.wake = section.getboolean("wake", False)
        # Compare what the PF counted with what QEMU has seen
        self.trace = section.getboolean("trace", False)
        # What scripts/build made, for the guest to mount
        self.share = section.get("share", "")
        # Why it runs only when it is asked for by its name
        self.by_name = section.get("by_name", "")
        self.tests = section.get("tests", "pci_siov:pci_siov_discovery_test").split()
        # Those of them that are not for a kernel of the debug profile, and why
        self.not_debug = section.get("not_debug", "").split()
        self.not_debug_as = section.get("not_debug_as", "")
        # The tests' own time limits are too short for a debug kernel
        self.short_limits = section.getboolean("short_limits", False)
        self.expect = ",".join(section.get("expect", "").split())
        self.log = self._lines(section.get("log", ""))
        self.log_not = self._lines(section.get("log_not", ""))
        # Tests that the kernel without the series fails as well.
        self.fails_without = re.compile(section.get("fails_without", "(?!)"))
        # Memory that the kernel without the series leaks as well
        self.leaks_without = re.compile(section.get("leaks_without", "(?!)"))
        self.timeout = section.getint("timeout", 300)

    @staticmethod
    def _lines(text):
        return [line for line in text.splitlines() if line.strip()]

    def device_args(self, pf, reserve):
        text = self.devices.replace("{pf}", pf).replace("{reserve}", reserve)
        args = []
        for line in text.splitlines():
            if line.strip():
                args += ["-device", line.strip()]
        return args


def names():
    return sorted(path.stem for path in TOPOLOGIES.glob("*.ini"))


IOMMU_ARGS = {
    "none": [],
    "intel-legacy": ["-device", "intel-iommu,intremap=on"],
    "intel-scalable": ["-device", "intel-iommu,intremap=on,x-scalable-mode=on"],
    "intel-no-intremap": ["-device", "intel-iommu,intremap=off"],
    "amd": ["-device", "amd-iommu,intremap=on,xtsup=on"],
    "smmuv3": ["-M", "iommu=smmuv3"],
}


def out(name, own):
    """What scripts/build made of NAME; an OWN tree's is kept apart."""
    return BUILD / "out" / (name + ("-own" if os.environ.get(own) else ""))


class Hand(threading.Thread):
    """Somebody at the machine, until QEMU ends: puts a card back as often as it
    is pulled, and pushes the power button of a machine that sleeps."""

    def __init__(self, topology):
        super().__init__(daemon=True)
        self.device = topology.replug
        args = topology.device_args(topology.pf, "")[1::2]
        self.card = next((a for a in args if f"id={self.device}" in a.split(",")), None)
        if self.device and not self.card:
            raise Trouble(f"'{topology.name}' has no device '{self.device}' to put back")
        self.ours, self.qemus = socket.socketpair()

    @staticmethod
    def wanted(topology):
        return topology.replug or topology.wake

    def qemu_args(self):
        return ["-chardev", f"socket,id=qmp,fd={self.qemus.fileno()}",
                "-mon", "chardev=qmp,mode=control"]

    def run(self):
        with self.ours.makefile("rw") as qmp:
            try:
                self.say(qmp, "qmp_capabilities")
                for line in qmp:
                    self.react(qmp, json.loads(line))
            except (OSError, ValueError):
                return

    def react(self, qmp, message):
        event = message.get("event")
        if event == "DEVICE_DELETED" and self.device == message["data"].get("device"):
            self.say(qmp, "human-monitor-command",
                     {"command-line": f"device_add {self.card}"})
        elif event == "SUSPEND":
            self.say(qmp, "system_wakeup")

    def close(self):
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


class Machine:
    """One boot. The console goes to a file, the guest's own words elsewhere."""

    def __init__(self, topology, options, name=None, debug=False):
        self.topology = topology
        self.options = options
        self.debug = debug
        self.name = name or topology.name
        self.console = BUILD / "log" / f"vm-{self.name}.console"
        self.output = BUILD / "log" / f"vm-{self.name}.output"
        self.trace = BUILD / "log" / f"vm-{self.name}.trace"
        self.hand = Hand(topology) if Hand.wanted(topology) else None

    def command(self, mode, serial, accel, env=None):
        topology, options, arch = self.topology, self.options, self.topology.arch
        iommu = topology.iommu or options["IOMMU"]
        if iommu not in IOMMU_ARGS:
            raise Trouble(f"no IOMMU called '{iommu}'; there are: " +
                          ", ".join(IOMMU_ARGS))
        # Only guests of the host's own kind run on anything else
        if arch is not ARCHES["x86"]:
            accel = TCG
        memory = topology.memory or options["MEMORY_MIB"]
        if self.debug:
            memory = str(max(int(memory), 1024))
        words = {"SIOV_MODE": mode, "SIOV_TTY": f"{arch.tty}1", **(env or {})}
        append = " ".join(
            [f"console={arch.tty}0", "panic=-1", "loglevel=7",
             # On a busy host the ten ticks of that check can fail to come.
             "no_timer_check", topology.append,
             # With five levels, KASAN mistakes an interrupt in identify_cpu(),
             # while the bits of the boot CPU are clear, for a wild access.
             f"no5lvl {topology.append_debug}" if self.debug else "",
             options["CMDLINE"]] + [f"{k}={v}" for k, v in words.items() if v])
        return [
            str(out(f"qemu{arch.suffix}", "QEMU") / arch.emulator), *arch.machine,
            *(["-bios", arch.firmware] if topology.firmware else []),
            "-accel", accel, "-cpu", "max", "-smp", options["CPUS"], "-m", memory,
            "-nodefaults", "-no-reboot", "-display", "none",
            "-serial", f"file:{self.console}", *serial,
            "-kernel", str(arch.kernel_path(self.debug)),
            "-initrd", str(out(f"image{arch.suffix}", "LINUX") / "initrd.gz"),
            "-append", append, *IOMMU_ARGS[iommu],
            *topology.device_args(self.pf(), self.reserve()),
            *(["-D", str(self.trace), "-trace", "pcie_siov_*"] if topology.trace else []),
            *(self.hand.qemu_args() if self.hand else []),
            *share_args(topology.share),
        ]

    def pf(self):
        return self.topology.pf

    def reserve(self):
        return self.options["BUS_RESERVE"]

    def run(self, mode, env=None, *, accel):
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
        more = int(os.environ.get("SIOV_STRESS_SECONDS") or 0)
        return self.topology.timeout * (5 if self.debug else 1) + 3 * more

    def interact(self, mode):
        """The same with the guest's words on the terminal."""
        command = self.command(mode, ["-serial", "mon:stdio"], accelerator(self.options))
        limit = None if mode == "shell" else self.topology.timeout
        self._spawn(command, limit, terminal=True)
        if "Power down" not in self.console_text():
            raise Trouble(f"the kernel did not get to its end; its last line was: "
                          f"{last_line(self.console)!r}. See {self.console}")

    def _spawn(self, command, limit, terminal=False):
        log = BUILD / "log" / f"vm-{self.name}.qemu"
        (BUILD / "log" / f"vm-{self.name}.cmd").write_text(shlex.join(command) + "\n")
        self.console.write_text("")
        with log.open("wb") as stderr:
            try:
                if self.hand:
                    self.hand.start()
                done = subprocess.run(
                    command, timeout=limit, check=False, stderr=stderr,
                    stdin=None if terminal else subprocess.DEVNULL,
                    stdout=None if terminal else stderr, preexec_fn=limit_memory,
                    pass_fds=[self.hand.qemus.fileno()] if self.hand else [])
            except FileNotFoundError:
                raise Trouble(f"{command[0]} is not there: run make again") from None
            except subprocess.TimeoutExpired:
                raise Trouble(
                    f"the machine '{self.name}' did not finish in {limit} s; its last "
                    f"line was: {last_line(self.console)!r}. See {self.console}. "
                    "On a busy host call again") from None
            finally:
                if self.hand:
                    self.hand.close()
        if done.returncode:
            raise Trouble(f"QEMU ended with {done.returncode} in '{self.name}': "
                          f"{last_line(log) or 'no message'} (see {log})")

    def console_text(self):
        return self.console.read_text(errors="replace")


class UserMachine(Machine):
    """The one of make run and make shell: menuconfig and ARGS decide."""

    def pf(self):
        return self.options.pf()


def limit_memory():
    size = MEMORY_LIMIT_MIB << 20
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def last_line(path):
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


# With a thread a CPU, QEMU without tools/qemu/patches/0010 looks old TLB entries
# up in a new memory map while BARs move, and hangs or dies. QEMU= may be one.
# The CPUs still take turns in the middle of things.
TCG = "tcg,thread=single"


def accelerator(options):
    """TCG, unless KVM was asked for or a guest has really booted on it."""
    want = options["ACCEL"]
    if want == "tcg":
        return TCG
    if want != "probe":
        return want
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return TCG
    probe = Machine(Topology("none"), options, "kvm-probe")
    probe.topology.timeout = 20
    try:
        _, text = probe.run("off", accel="kvm")
    except Trouble:
        text = ""
    if "siov: exit 0" in text:
        return "kvm"
    print("KVM is there but boots no guest; using TCG", file=sys.stderr)
    return TCG
