# SPDX-License-Identifier: GPL-2.0
"""Is SR-IOV driven exactly as by the kernel without the series?

Both kernels put the same machine with SR-IOV devices (igb) through the same life,
guest/sriov. What configuration space saw, write by write, and what sysfs shows of
the functions must not differ.
"""

import copy
import dataclasses
import difflib
import re

from judge import is_healthy
from ktap import check
from machine import Machine
from topology import BUILD

# QEMU's lines begin with process and time where it is built to say so.
WRITE = re.compile(r"pci_cfg_write .*")
READ = re.compile(r"pci_cfg_read .*")
STATE = re.compile(r"(?m)^STATE.*")
# NumVFs of igb
THREE_VFS = re.compile(r"pci_cfg_write igb.* @0x170 <- 0x3$")


@dataclasses.dataclass
class Life:
    """What one of the two kernels did."""

    kernel: str
    trace: str
    output: str
    console: str

    @property
    def writes(self):
        return WRITE.findall(self.trace)

    @property
    def reads(self):
        return READ.findall(self.trace)

    @property
    def state(self):
        return STATE.findall(self.output.replace("\r", ""))


def plausible(life, pfs):
    """The comparison means something only if VFs of all PFS came and went."""
    yield check(life.state[-1:] == ["STATE end"], f"{life.kernel}: the machine came to its end",
                life.output.splitlines()[-5:])
    yield is_healthy(life.console, f"{life.kernel}: the")
    marks = [i for i, line in enumerate(life.state) if line.startswith("STATE after")]
    first = life.state[marks[0]:marks[1]] if len(marks) > 1 else []
    seen = sum(" virtfn2=" in line for line in first)
    yield check(seen == pfs, f"{life.kernel}: {pfs} PFs have a third VF", [f"{seen} PFs have"])
    if pfs:
        yield check(any(THREE_VFS.search(w) for w in life.writes),
                    f"{life.kernel}: a 3 was written to NumVFs")


def same(what, base, ours):
    diff = [*difflib.unified_diff(base, ours, "without the series", "with it", lineterm="", n=1)]
    return check(not diff and bool(base), f"the same {what} ({len(base)})", diff[:20])


def compare(base, ours, pfs):
    results = [*plausible(base, pfs), *plausible(ours, pfs),
               same("configuration writes", base.writes, ours.writes),
               same("functions in sysfs", base.state, ours.state)]
    for result in results:
        result.is_check = False
    # Polling makes the number of reads a matter of time, so it is only told.
    results[-1].detail.append(f"configuration reads: {len(base.reads)} and {len(ours.reads)}")
    return results


def live(topology, profile):
    """One boot. With one CPU and a clock that counts instructions, what is
    asynchronous comes at the same point in every run, and sleeping costs no time."""
    name = topology.name + (f"-{profile}" if profile else "")
    trace = BUILD / "log" / f"vm-{name}.cfg"
    topology = copy.copy(topology)
    topology.qemu = [*topology.qemu, "-icount", "shift=5,sleep=off",
                     "-trace", "pci_cfg_*", "-D", str(trace)]
    topology.append += " quiet loglevel=4"
    machine = Machine(topology, name, profile)
    _, output = machine.run("sriov")
    return Life("without the series" if profile else "with it",
                trace.read_text(errors="replace"), output, machine.console_text())


def run(topology):
    return compare(live(topology, "base"), live(topology, ""), int(topology.like_base))
