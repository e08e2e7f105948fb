# SPDX-License-Identifier: GPL-2.0
"""The figures of bench/bench.c: reading them, ratios, tables. Only text goes in."""

import re

from topology import Trouble

WORSE = 4 / 3
# What was zero may be a rounding error now
TINY = 1e-6
COUNTS = (16, 256, 4096)
VFS = (16, 64)
LINE = re.compile(r"^bench: (\S+) (.+?)\r?$", re.M)


def read(text):
    """The figures of a guest by name"""
    found = dict(LINE.findall(text))
    if "error" in found:
        raise Trouble(f"the guest could not measure: {found['error']}")
    if "done" not in found:
        raise Trouble("the guest did not come to the end of what it measures")
    return {name: float(value) for name, value in found.items()}


def ratios(figures):
    """What can be compared between machines; smaller is better."""
    return {
        "one more at 4096, to one more at 16":
            figures["sdi.4096.one_more_us"] / figures["sdi.16.one_more_us"],
        "one less at 4096, to one less at 16":
            figures["sdi.4096.one_less_us"] / figures["sdi.16.one_less_us"],
        "each of 4096, to each of 16": figures["sdi.4096.create_us"] / figures["sdi.16.create_us"],
        "one more SDI at 256, to 16 VFs and back":
            (figures["sdi.256.one_more_us"] + figures["sdi.256.one_less_us"]) /
            (figures["vf.16.all_up_us"] + figures["vf.16.all_down_us"]),
        "accesses to configuration space, an SDI": figures["sdi.256.config"],
        "KiB an SDI, at 4096": figures["sdi.4096.bytes"] / 1024,
    }


def worse(now, before):
    """Lines about ratios that have got worse by a third"""
    return [f"{name}: {now[name]:.3g}, was {before[name]:.3g}" for name in sorted(before)
            if now[name] > before[name] * WORSE + TINY]


def rounded(found):
    """Three digits: what differs in the others is no difference"""
    return {name: float(f"{value:.3g}") for name, value in found.items()}


def table(figures):
    rows = ["| SDIs | create, us each | destroy, us each | one more, us | one less, us | "
            "bytes each | configuration accesses each |", "|---|---|---|---|---|---|---|"]
    for n in COUNTS:
        of = {key: figures.get(f"sdi.{n}.{key}") for key in
              ("create_us", "destroy_us", "one_more_us", "one_less_us", "bytes", "config")}
        rows.append(f"| {n} | " + " | ".join("" if v is None else f"{v:.0f}" for v in of.values()) +
                    " |")
    rows += ["", "| VFs | all of them up, us | all down, us | us each, up | "
             "accesses to the PF's configuration space, each |", "|---|---|---|---|---|"]
    for n in VFS:
        up = figures[f"vf.{n}.all_up_us"]
        rows.append(f"| {n} | {up:.0f} | {figures[f'vf.{n}.all_down_us']:.0f} | {up / n:.0f} | "
                    f"{figures[f'vf.{n}.config_pf']:.1f} |")
    rows += ["", "| ratio | |", "|---|---|"]
    rows += [f"| {name} | {value:.3g} |" for name, value in ratios(figures).items()]
    return "\n".join(rows)
