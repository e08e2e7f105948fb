# SPDX-License-Identifier: GPL-2.0
"""What the user chose by "make menuconfig" and the environment, for make run, shell
and gdb alone. make test asks nobody."""

import os
import shlex
from pathlib import Path

from topology import BUILD, Topology, Trouble

# What the tests in the guest, and its show, expect of the machines that menuconfig offers
EXPECTED = {"none": "untranslated", "amd": "refused"}


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
        """The properties of the PF, without those of ARGS="""
        props = [f"total-sdis={self['TOTAL_SDIS']}",
                 f"sdi-offset={self['OFFSET']}", f"sdi-stride={self['STRIDE']}"]
        if self["SRIOV_VFS"] != "0":
            props.append(f"sriov-vfs={self['SRIOV_VFS']}")
        return ",".join(props)

    def topology(self):
        """The machine that all of this describes."""
        topology = Topology(self["TOPOLOGY"])
        topology.pf = self.pf()
        topology.reserve = self["BUS_RESERVE"]
        topology.set_iommu(self["IOMMU"])
        topology.cpus = int(self["CPUS"])
        topology.memory = int(self["MEMORY_MIB"])
        topology.append += " " + self["CMDLINE"]
        if self["TOPOLOGY"] != "none":
            topology.expect = [EXPECTED.get(self["IOMMU"], "isolated")]
        if self["TOPOLOGY"] != "none":
            topology.with_args(self["ARGS"])
        return topology


def user_topology():
    """T= boots the machine of that test; without it menuconfig decides."""
    options = Options()
    name = os.environ.get("T")
    topology = Topology(name) if name else options.topology()
    args = os.environ.get("ARGS")
    if args:
        topology.with_args(args)
        print(f"ARGS: the PF of '{topology.name}' has {args} as well")
    if os.environ.get("GDB"):
        wait_for_gdb(topology, os.environ["GDB"])
    extend(topology)
    profile = os.environ.get("PROFILE") or ("gdb" if os.environ.get("GDB") else "")
    if not name and options["DEBUG"] == "y":
        profile = "debug"
    return topology, profile, options["ACCEL"]


def wait_for_gdb(topology, how):
    """GDB=1 lets make gdb look in, GDB=wait lets nothing run before it has."""
    if how not in ("1", "wait"):
        raise Trouble(f"GDB={how} is neither 1 nor wait")
    socket = BUILD / "gdb.socket"
    if len(str(socket)) > 107 or "," in str(socket):
        raise Trouble(f"{socket} cannot be the name of a socket. Name another BUILD=")
    topology.qemu = topology.qemu + ["-gdb", f"unix:path={socket},server=on,wait=off",
                                     *(["-S"] if how == "wait" else [])]
    topology.append += " nokaslr"


def extend(topology):
    """QEMU_ARGS= and APPEND= come last and win."""
    topology.qemu = topology.qemu + words_of("QEMU_ARGS")
    topology.append = " ".join([topology.append, *words_of("APPEND")])


def words_of(name):
    try:
        return shlex.split(os.environ.get(name, ""))
    except ValueError as error:
        raise Trouble(f"{name}={os.environ[name]}: {error}") from None


def shared_directory():
    """SHARE=, the directory of the host that the guest has as /share."""
    own = os.environ.get("SHARE")
    path = Path(own).expanduser().resolve() if own else BUILD / "share"
    if "," in str(path):
        raise Trouble(f"SHARE={own}: QEMU takes no comma there. Name another directory")
    if not own:
        path.mkdir(parents=True, exist_ok=True)
    elif not path.is_dir():
        raise Trouble(f"SHARE={own} is no directory")
    return path
