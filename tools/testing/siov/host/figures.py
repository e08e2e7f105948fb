# SPDX-License-Identifier: GPL-2.0
"""Figures that bench/*.c measures in a guest: reading them, and judging ratios of them."""

import collections
import re

from topology import Trouble

WORSE = 4 / 3
# What was zero may be a rounding error now
TINY = 1e-6
LINE = re.compile(r"^bench: (\S+) (.+?)\r?$", re.M)
PHASE = "phase."
# How the guest tells QEMU's trace where a phase begins, and with 0 that it is over
MARK = re.compile(r"pci_cfg_write \S+ 00:00\.0 @0xc <- 0x([0-9a-f]+)")
EVENTS = (
    # What traps in a virtual machine, and so does not come under TCG
    ("exits", re.compile(r"memory_region_ops_\w+ .* name 'virtio-")),
    # The second half of an SDI's page is where its queues are notified
    ("doorbells", re.compile(r"memory_region_ops_write .*name 'virtio-pci-notify-|"
                             r"memory_region_ops_write .* addr 0x\w*[89a-f]\w\w value "
                             r".*name 'virtio-siov-pages'")),
    ("iotlb", re.compile(r"vtd_iotlb_page_update ")),
    ("config", re.compile(r"pci_cfg_(read|write) ")),
)


def read(text):
    """The figures of a guest by name"""
    found = dict(LINE.findall(text))
    if "error" in found:
        raise Trouble(f"the guest could not measure: {found['error']}")
    if "done" not in found:
        raise Trouble("the guest did not come to the end of what it measures")
    return {name: float(value) for name, value in found.items()}


def with_trace(found, trace):
    """The same, with what QEMU's TRACE (lines) has of each phase, for each thing done"""
    names = {int(number): name.removeprefix(PHASE) for name, number in found.items()
             if name.startswith(PHASE)}
    result = {name: value for name, value in found.items() if not name.startswith(PHASE)}
    for number, counts in events(trace).items():
        name = names[number]
        for what, count in counts.items():
            result[f"{name}.{what}"] = count / found.get(f"{name}.done", 1)
    return result


def events(trace):
    """How many of each kind there were in each phase, by its number"""
    found, phase = {}, 0
    for line in trace:
        mark = MARK.search(line)
        if mark:
            phase = int(mark[1], 16)
            if phase:
                found[phase] = collections.Counter({what: 0 for what, _ in EVENTS})
        elif phase:
            found[phase].update(what for what, pattern in EVENTS if pattern.search(line))
    return found


def ratio(a, b):
    """What has nothing to be compared with is as good, or endlessly worse"""
    if b:
        return a / b
    return float("inf") if a else 1.0


def worse(now, before):
    """Lines about ratios that have got worse by a third, or are gone"""
    gone = [f"{name}: was {before[name]:.3g}, and is not measured any more"
            for name in sorted(before) if name not in now]
    return gone + [f"{name}: {now[name]:.3g}, was {before[name]:.3g}"
                   for name in sorted(before)
                   if now.get(name, 0) > before[name] * WORSE + TINY]


def rounded(found):
    """Three digits: what differs in the others is no difference"""
    return {name: float(f"{value:.3g}") for name, value in found.items()}
