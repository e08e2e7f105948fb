# SPDX-License-Identifier: GPL-2.0
"""One file of topologies/: the machine, and what has to come of it.

topologies/README describes the keys.
"""

import configparser
import dataclasses
import os
import re
import shlex
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[3]
BUILD = Path(os.environ.get("BUILD") or TOP / "build").resolve()
TOPOLOGIES = HERE.parent / "topologies"


class Trouble(Exception):
    """Something the user has to know, in one line."""


def out(name, own):
    """What scripts/build made of NAME; an OWN tree's is kept apart."""
    return BUILD / "out" / (name + ("-own" if os.environ.get(own) else ""))


@dataclasses.dataclass(frozen=True)
class Arch:
    """What scripts/build made for a CPU, and the machine that has it."""

    suffix: str
    emulator: str
    kernel: str
    tty: str
    machine: tuple
    firmware: str = ""
    slow_on_tcg: str = ""
    clock_of_tcg: str = ""

    def kernel_path(self, profile, kconfig=""):
        name = (f"kernel{self.suffix}" + (f"-{profile}" if profile else "") +
                ("-kconfig" if kconfig else ""))
        return out(name, "LINUX") / "arch" / self.kernel


ARCHES = {
    "x86": Arch("", "qemu-system-x86_64", "x86/boot/bzImage", "ttyS",
                ("-L", "/usr/share/seabios", "-L", "/usr/share/qemu",
                 "-M", "q35,kernel-irqchip=split",
                 # Native hot-plug, as on real ports.
                 "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"),
                slow_on_tcg=",-erms,-fsrm,-fsrs,-fsrc,-fzrm",
                # Measured on a busy host, its frequency can be wrong by a factor
                clock_of_tcg="tsc_early_khz=1000000 tsc=reliable"),
    "arm64": Arch("-arm64", "qemu-system-aarch64", "arm64/boot/Image", "ttyAMA",
                  ("-M", "virt,gic-version=3,its=on"),
                  "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"),
}


IOMMU_ARGS = {
    "none": [],
    "intel-legacy": ["-device", "intel-iommu,intremap=on"],
    "intel-scalable": ["-device", "intel-iommu,intremap=on,x-scalable-mode=on"],
    "intel-no-intremap": ["-device", "intel-iommu,intremap=off"],
    "amd": ["-device", "amd-iommu,intremap=on,xtsup=on"],
    "smmuv3": ["-M", "iommu=smmuv3"],
    "virtio": ["-device", "virtio-iommu-pci,bus=pcie.0,addr=0x1e"],
}


# What tests may take for granted of a machine, for they do not ask the kernel.
EXPECTATIONS = (
    # Exactly one, where SDIs are created: each has a domain of its own; all are in
    # the PF's; addresses pass through; there is no IOMMU; the kernel refuses them
    "isolated", "shared-group", "identity", "untranslated", "refused",
    # What is unmapped can still be reached for a moment
    "lazy",
    # The IOMMU lets an interrupt pass only if it has the SDI's Routing ID
    "remapping",
    # The ways in which SDIs get Routing IDs
    "strided", "software",
    # DMA addresses are above 4 GiB
    "high-iova",
)


def lines(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


class Topology:
    """The keys of one file, with the runner's own defaults."""

    KEYS = {
        "about", "arch", "firmware", "devices", "pf", "reserve", "iommu", "cpus",
        "threads", "memory", "append", "append_debug", "qemu", "replug", "wake",
        "trace", "events", "share", "by_name", "timeout", "tests", "args", "expect", "pfs",
        "may_skip", "must_fail", "log", "log_not", "violations", "like_base",
        "hot_add", "crash", "leaves", "disk",
    }

    def __init__(self, name):
        path = TOPOLOGIES / f"{name}.ini"
        if not path.exists():
            raise Trouble(f"no topology '{name}'; there are: " + ", ".join(names()))
        self.name = name
        self._read(self._section(path))

    def _section(self, path):
        parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
        try:
            parser.read(path)
            section = parser["topology"]
        except (configparser.Error, KeyError) as error:
            raise Trouble(f"{path.name}: {error}") from None
        unknown = set(section) - self.KEYS
        if unknown:
            raise Trouble(f"{path.name}: no such key: {', '.join(sorted(unknown))}")
        return section

    def _read(self, section):
        get = section.get
        self.about = get("about", "")
        self.arch = self._one_of("arch", ARCHES, get("arch", "x86"))
        self.firmware = section.getboolean("firmware", False)
        self.devices = lines(get("devices", ""))
        self.pf = get("pf", "total-sdis=64")
        self.reserve = get("reserve", "4")
        self.set_iommu(get("iommu", "intel-scalable"))
        self.cpus = self._number("cpus", get("cpus", "2"))
        self.threads = get("threads", "single")
        self.memory = self._number("memory", get("memory", "512"))
        self.disk = self._number("disk", get("disk", "0"))
        self.append = get("append", "")
        self.append_debug = get("append_debug", "")
        self.qemu = shlex.split(get("qemu", ""))
        self.replug = get("replug", "")
        self.hot_add = self._filled(get("hot_add", ""))
        self.wake = section.getboolean("wake", False)
        self.trace = section.getboolean("trace", False)
        self.events = get("events", "pcie_siov_*" if self.trace else "").split()
        self.share = get("share", "")
        self.by_name = get("by_name", "")
        self.timeout = self._number("timeout", get("timeout", "300"))
        self.tests = get("tests", "pci_siov:pci_siov_discovery_test").split()
        self.pfs = ",".join(get("pfs", "").split())
        self.crash = section.getboolean("crash", False)
        self.leaves = get("leaves", "num_sdis=0 status=0x00 enabled=0?$")
        self.log = lines(get("log", ""))
        self.log_not = lines(get("log_not", ""))
        self.args = dict(self._pairs("args", get("args", "")))
        self.expect = self._expectation(get("expect", "").split())
        self.may_skip = self._pairs("may_skip", get("may_skip", ""))
        self.must_fail = lines(get("must_fail", ""))
        self.violations = get("violations", "")
        self.like_base = get("like_base", "")
        self._check_patterns([*self.log, *self.log_not, *self.must_fail, self.violations,
                              *(name for name, _ in self.may_skip)])

    def _check_patterns(self, patterns):
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise Trouble(f"{self.name}: /{pattern}/: {error}") from None

    def _expectation(self, words):
        unknown = [word for word in words if word not in EXPECTATIONS]
        if unknown:
            raise Trouble(f"{self.name}: expect '{unknown[0]}' is none of: " +
                          ", ".join(EXPECTATIONS))
        return words

    def _pairs(self, key, text):
        """Lines of NAME: SOMETHING"""
        pairs = [line.partition(": ") for line in lines(text)]
        if any(not after.strip() for _, _, after in pairs):
            raise Trouble(f"{self.name}: a line of {key} is not 'name: text'")
        return [(name.strip(), after.strip()) for name, _, after in pairs]

    def set_iommu(self, name):
        self.iommu_args = self._one_of("iommu", IOMMU_ARGS, name)

    def _one_of(self, key, table, value):
        if value not in table:
            raise Trouble(f"{self.name}: {key} '{value}' is none of: " + ", ".join(table))
        return table[value]

    def _number(self, key, value):
        if not value.isdigit():
            raise Trouble(f"{self.name}: {key} '{value}' is not a number")
        return int(value)

    def _filled(self, line):
        return line.replace("{pf}", self.pf).replace("{reserve}", self.reserve)

    def device_lines(self):
        return [self._filled(line) for line in self.devices]

    def device_args(self):
        return [word for line in self.device_lines() for word in ("-device", line)]

    def with_args(self, args):
        """ARGS= of the user: properties of the first PF, last so that they win."""
        if not args:
            return
        args = ",".join(property_name(item) for item in args.split(",") if item)
        self.devices = self.device_lines()
        for i, line in enumerate(self.devices):
            if line.startswith("siov-testdev,") and "siov=off" not in line.split(","):
                self.devices[i] = merged(line, args)
                return
        raise Trouble(f"'{self.name}' has no PF that ARGS= could change")


def merged(line, args):
    """A -device line with ARGS in place of the properties of the same name."""
    new = {item.partition("=")[0] for item in args.split(",")}
    kept = [item for item in line.split(",") if item.partition("=")[0] not in new]
    return ",".join([*kept, args])


def property_name(item):
    """ "stride=1" is what people type."""
    name, _, value = item.partition("=")
    name = {"offset": "sdi-offset", "stride": "sdi-stride",
            "total": "total-sdis"}.get(name, name)
    return f"{name}={value or 'on'}"


def names():
    return sorted(path.stem for path in TOPOLOGIES.glob("*.ini"))
