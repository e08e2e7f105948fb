# SPDX-License-Identifier: GPL-2.0
"""What the fixture counted, and what QEMU's traces say that it did."""

import collections
import re

from ktap import check

# What the tests print of the PF's counters, all of them or those not zero
LINE = re.compile(r"counters((?: \d+=\d+)+)")
EVENT = re.compile(r"^(?:\d+@[\d.]+:)?(pcie_siov_\w+)(.*)$", re.M)
# How a request ended, and how long it was
REQUEST = re.compile(r"len 0x([0-9a-f]+) result (\d+)|result (\d+)")

(SDI_DMA, SDI_DMA_BYTES, SDI_MSI, PF_DMA, PF_DMA_BYTES, FAULT, ENABLE,
 DISABLE) = (4, 5, 6, 7, 8, 10, 13, 14)


class Unreadable(Exception):
    """A line that QEMU did not write to its end, or that we do not know."""


def traced(text):
    """The counters, as they follow from QEMU's own log."""
    count = collections.Counter()
    for name, rest in EVENT.findall(text):
        if name == "pcie_siov_enable":
            count["enabled"] += 1
        elif name == "pcie_siov_disable":
            count["disabled"] += 1
        elif name in ("pcie_siov_dma", "pcie_siov_msi"):
            add_request(count, name, rest)
    return count


def add_request(count, name, rest):
    match = REQUEST.search(rest)
    if not match:
        raise Unreadable(f"{name}{rest}")
    length, ended, message_ended = match.groups()
    failed = (ended or message_ended) != "0"
    count["messages" if length is None else "requests"] += 1
    count["faults"] += failed
    if length and not failed:
        count["bytes"] += int(length, 16)


def counted(output):
    """What the tests printed last, by the names that traced() uses; or None"""
    said = LINE.findall(output)
    if not said:
        return None
    value = collections.Counter(
        {int(n): int(v) for n, v in (item.split("=") for item in said[-1].split())})
    return {
        "enabled": value[ENABLE],
        "disabled": value[DISABLE],
        "requests": value[SDI_DMA] + value[PF_DMA],
        "bytes": value[SDI_DMA_BYTES] + value[PF_DMA_BYTES],
        "messages": value[SDI_MSI],
        "faults": value[FAULT],
    }


def compare(output, trace):
    """One result for each kind of event."""
    said = counted(output)
    if said is None:
        return [check(False, "the tests print the PF's counters")]
    try:
        seen = traced(trace)
    except Unreadable as line:
        return [check(False, "QEMU's trace can be read", [str(line)])]
    return [check(seen[what] == value, f"QEMU has seen as many {what} as the PF counted",
                  [f"{what}: the PF {value}, QEMU {seen[what]}"])
            for what, value in said.items()]
