# SPDX-License-Identifier: GPL-2.0
"""What is left when the tests are through: SDIs, and faults that none asked for."""

import re

from ktap import check

# guest/test writes one for each PF
LEFT = re.compile(r"^siov: left (\S+) (.*)$", re.M)

# What IOMMUs and interrupt remapping say of a request that they stopped
FAULT = re.compile(r"DMAR: .*[Ff]ault|DMAR: \[DMA|INTR-REMAP|AMD-Vi: Event logged|"
                   r"arm-smmu-v3.*event 0x|event: F_")

# Tests that make a device do what it must not
PROVOKE = re.compile(r"pci_siov:pci_siov_(dma|irq|vfio|vfio_hostile|virtio_vfio|virtio_legacy|"
                     r"stress|crowd|broken|cost|aer|virtio_aer|unplug|module|sleep|guest)_test|"
                     r"vfio:|iommu:")


def check_left(text, topology):
    """Each PF has to be as it was found, unless the topology says otherwise."""
    for name, state in LEFT.findall(text):
        yield check(bool(re.search(topology.leaves, state)),
                    f"what is left on {name} is /{topology.leaves}/", [state])


def check_faults(console, topology):
    """A fault is a failure where no test provokes one and no log pattern names it."""
    if any(PROVOKE.match(test) for test in topology.tests):
        return
    hits = [line for line in console.splitlines() if FAULT.search(line)]
    unnamed = [line for line in hits
               if not any(re.search(pattern, line) for pattern in topology.log)]
    if len(unnamed) < len(hits):
        # VT-d announces each fault in a line of its own
        hits = [line for line in unnamed if "handling fault status" not in line]
    yield check(not hits, "the log has no fault of an IOMMU", hits[:10])


def without_panic(console):
    """What a machine says whose panic is part of the test; the rest counts as ever."""
    start = console.find("sysrq: Trigger a crash")
    end = console.find("Linux version", start)
    return console if start < 0 or end < 0 else console[:start] + console[end:]
