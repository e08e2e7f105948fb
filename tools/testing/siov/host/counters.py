# SPDX-License-Identifier: GPL-2.0
"""What the fixture counted, and what QEMU's traces say that it did."""

import collections
import re

from ktap import Result

# What the tests print of the PF's counters, all of them or those not zero
LINE = re.compile(r"counters((?: \d+=\d+)+)")
EVENT = re.compile(r"^(?:\d+@[\d.]+:)?(pcie_siov_\w+) (.*)$", re.M)
# How a request ended, and how long it was
REQUEST = re.compile(r"len 0x([0-9a-f]+) result (\d+)|result (\d+)")

(SDI_DMA, SDI_DMA_BYTES, SDI_MSI, PF_DMA, PF_DMA_BYTES, FAULT, ENABLE,
 DISABLE) = (4, 5, 6, 7, 8, 10, 13, 14)


def traced(text):
    """The counters, as they follow from QEMU's own log."""
    count = collections.Counter()
    for name, rest in EVENT.findall(text):
        if name == "pcie_siov_enable":
            count["enabled"] += 1
        elif name == "pcie_siov_disable":
            count["disabled"] += 1
        elif name in ("pcie_siov_dma", "pcie_siov_msi"):
            length, ended, message_ended = REQUEST.search(rest).groups()
            failed = (ended or message_ended) != "0"
            count["messages" if length is None else "requests"] += 1
            count["faults"] += failed
            if length and not failed:
                count["bytes"] += int(length, 16)
    return count


def compare(output, trace):
    """One result for each kind of event."""
    said = LINE.findall(output)
    if not said:
        return [Result(False, "the tests print the PF's counters")]
    counted = collections.Counter(
        {int(n): int(value) for n, value in
         (item.split("=") for item in said[-1].split())})
    seen = traced(trace)
    pairs = {
        "enabled": counted[ENABLE],
        "disabled": counted[DISABLE],
        "requests": counted[SDI_DMA] + counted[PF_DMA],
        "bytes": counted[SDI_DMA_BYTES] + counted[PF_DMA_BYTES],
        "messages": counted[SDI_MSI],
        "faults": counted[FAULT],
    }
    return [Result(seen[what] == value, f"QEMU has seen as many {what} as the PF counted",
                   detail=[f"{what}: the PF {value}, QEMU {seen[what]}"])
            for what, value in pairs.items()]
