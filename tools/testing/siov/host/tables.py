# SPDX-License-Identifier: GPL-2.0
"""Tables and ratios of what bench has measured, a section for each subject.

Each section takes the figures of all machines, by the names of the machines, and
gives Markdown; ratios() are what is compared with the stored baseline. Smaller is
better in all of them. What needs a machine that has not been measured is left out.
"""

from figures import ratio

COUNTS = (16, 256, 4096, 60000)
VFS = (16, 64)
SCANS = {"scan-off": "no CONFIG_PCI_SIOV, 64 SDIs announced",
         "scan-none": "CONFIG_PCI_SIOV, a device without SDIs",
         "scan-some": "CONFIG_PCI_SIOV, 64 SDIs announced",
         "scan-most": "CONFIG_PCI_SIOV, 65,535 SDIs announced"}
CREATED = {"no-iommu": "", "vtd": ", behind VT-d"}
# Too many for the machine in which they are compared with VFs
MANY = {"no-iommu": "many"}


def markdown(head, rows):
    """A table; None is a cell that stays empty"""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join("" if cell is None else str(cell) for cell in line) + " |"
                     for line in lines)


def number(value, digits=0):
    return None if value is None else f"{value:,.{digits}f}"


def with_many(all_, machine):
    return {**all_[machine], **all_.get(MANY.get(machine), {})}


def sdis(all_, wanted):
    """(what a line is called, the figures of so many SDIs) where WANTED was measured"""
    for machine, where in CREATED.items():
        found = with_many(all_, machine)
        for n in COUNTS:
            of = f"sdi.{n}."
            if of + wanted in found:
                yield f"{n:,}{where}", {name.removeprefix(of): value for name, value
                                        in found.items() if name.startswith(of)}


def create(all_):
    rows = [[name] + [number(found.get(what)) for what in (
        "create_us", "destroy_us", "one_more_us", "one_less_us", "bytes", "config")]
            for name, found in sdis(all_, "create_us")]
    return markdown(["SDIs", "create, us each", "destroy, us each", "one more, us",
                     "one less, us", "bytes each", "configuration accesses each"], rows)


def memory(all_):
    rows = []
    for name, found in sdis(all_, "slab"):
        all_of_it, slab, pages = (found[what] for what in ("bytes", "slab", "tables"))
        rows.append([name, number(all_of_it), number(slab), number(pages),
                     number(all_of_it - slab - pages), number(found["entries"])])
    return markdown(["SDIs", "bytes each", "small objects", "page tables", "other pages",
                     "entries in sysfs"], rows)


def vf_row(name, found, of, n, config):
    up, down = found[of + "all_up_us"], found[of + "all_down_us"]
    return [name, number(up / 1000, 1), number(down / 1000, 1), number(up / n), number(config, 1)]


def vfs(all_):
    rows = [vf_row(f"{n} of the emulated device{where}", all_[machine], f"vf.{n}.", n,
                   all_[machine][f"vf.{n}.config_pf"])
            for machine, where in CREATED.items() for n in VFS]
    found = all_["sriov"]
    for kind, n in (("igb", 7), ("nvme", 64)):
        rows.append(vf_row(f"{n} of QEMU's {kind}", found, f"{kind}.{n}.", n,
                           found[f"{kind}.{n}.config"] / n))
    return markdown(["VFs", "all of them up, ms", "all down, ms", "us each, up",
                     "configuration accesses each"], rows)


def stream(all_):
    rows = []
    for machine, where in CREATED.items():
        found = all_[machine]
        rows += [[f"{text}{where}", number(found[f"stream.{of}.rounds"] * 100, 1),
                  number(found[f"stream.{of}.longest_us"])]
                 for of, text in (("alone", "nothing"),
                                  ("others", "200 SDIs come and go"))]
        gone = found["vf.16.all_down_us"] + found["vf.16.all_up_us"]
        rows.append([f"a 17th VF comes{where}: those that are there go first", "0",
                     f"at least {number(gone)}"])
    return markdown(["meanwhile", "writes done, % of those due", "longest time without, us"], rows)


def scan(all_):
    rows = [[text, number(all_[m]["boot.config"]), number(all_[m]["scan.config"]),
             number(all_[m]["scan.us"]), number(all_[m]["boot.us"] / 1000)]
            for m, text in SCANS.items() if m in all_]
    return markdown(["kernel and device", "accesses to its configuration space at boot",
                     "at a removal and a scan", "us for that scan", "boot, ms"], rows)


def users(all_):
    found = all_["users"]
    rows = [[who, n, number(found[f"open.{kind}.{n}.open_us"]),
             number(found[f"open.{kind}.{n}.close_us"])]
            for kind, who, counts in (("sdi", "an SDI", (1, 64, 1000)), ("vf", "a VF", (1, 15)),
                                      ("pf", "the PF", (0,)))
            for n in counts]
    text = markdown(["VFIO, by", "others that are open", "open, us", "close, us"], rows)
    what = [("map_us", "map a page"), ("unmap_us", "unmap it"),
            ("irq_us", "interrupt, there and back")]
    rows = [[who, *(number(found.get(f"user.{kind}.{key}"), 1) for key, _ in what)]
            for kind, who in (("sdi", "an SDI"), ("vf", "a VF"), ("pf", "the PF"))]
    return text + "\n\n" + markdown(["us, by", *(name for _, name in what)], rows)


WORK = (("nic", 64, "packet of 64 bytes", ("sdi", "pf", "function")),
        ("nic", 1400, "packet of 1,400", ("sdi", "pf", "function")),
        ("disk", "write", "4 KiB written", ("sdi", "function")),
        ("disk", "read", "4 KiB read", ("sdi", "function")))
BY = {"sdi": "an SDI", "pf": "a PF that has SDIs", "function": "a plain function"}
PER = ("exits", "doorbells", "irqs", "iotlb")
# When an interrupt or a write of a device arrives depends on how busy the host is:
# another thread of QEMU sends it, and the clock does not wait for that thread.
COMPARED = ("exits", "doorbells", "iotlb")


def virtio(all_):
    found = all_["virtio"]
    rows = [[text, BY[by], *(number(found[f"{kind}.{by}.{size}.{what}"], 3) for what in PER),
             # A disk waits for QEMU's threads, which this clock does not know
             number(found[f"{kind}.{by}.{size}.us"], 1) if kind == "nic" else None]
            for kind, size, text, kinds in WORK for by in kinds]
    return markdown(["each", "by", "exits", "doorbells", "interrupts", "IOTLB misses", "us"], rows)


# A title, what makes the section, and the machines that it needs
SECTIONS = (
    ("SDIs come and go", create, CREATED),
    ("The memory of an SDI", memory, (*CREATED, "many")),
    ("VFs come and go", vfs, (*CREATED, "sriov")),
    ("What the others notice", stream, CREATED),
    ("Finding the PF", scan, ("scan-some",)),
    ("Users of VFIO, behind VT-d", users, ("users",)),
    ("virtio, behind VT-d", virtio, ("virtio",)),
)


def create_ratios(found):
    first = {name: found[f"sdi.16.{name}"] for name in ("one_more_us", "one_less_us", "create_us")}
    result = {}
    for n in (4096, 60000):
        if f"sdi.{n}.create_us" not in found:
            continue
        for name, text in (("one_more_us", "one more at"), ("one_less_us", "one less at"),
                           ("create_us", "each of")):
            result[f"{text} {n}, to {text} 16"] = ratio(found[f"sdi.{n}.{name}"], first[name])
        result[f"KiB an SDI, at {n}"] = found[f"sdi.{n}.bytes"] / 1024
    result["one more SDI at 256, to 16 VFs and back"] = ratio(
        found["sdi.256.one_more_us"] + found["sdi.256.one_less_us"],
        found["vf.16.all_up_us"] + found["vf.16.all_down_us"])
    result["accesses to configuration space, an SDI"] = found["sdi.256.config"]
    return result


def scan_ratios(all_, to):
    """Of what is found, to what is found in machine TO"""
    base, found = all_[to], [m for m in SCANS if m in all_ and m not in ("scan-off", to)]
    return {f"{SCANS[m]}, to {SCANS[to]}: {name}": ratio(all_[m][key], base[key])
            for m in found
            for key, name in (("boot.config", "accesses at boot"), ("boot.us", "time of boot"),
                              ("scan.config", "accesses of a scan"))}


def user_ratios(found):
    result = {"open among 1,000, to among 1": ratio(found["open.sdi.1000.open_us"],
                                                    found["open.sdi.1.open_us"]),
              "close among 1,000, to among 1": ratio(found["open.sdi.1000.close_us"],
                                                     found["open.sdi.1.close_us"]),
              "open an SDI, to a VF": ratio(found["open.sdi.64.open_us"],
                                            found["open.vf.15.open_us"])}
    for what in ("map", "unmap"):
        for other in ("vf", "pf"):
            result[f"{what} by an SDI, to by a {other.upper()}"] = ratio(
                found[f"user.sdi.{what}_us"], found[f"user.{other}.{what}_us"])
    return result


def virtio_ratios(found):
    return {f"{what} for a {text}, an SDI to a function" if kind == "nic" else
            f"{what} for {text}, an SDI to a function":
            ratio(found[f"{kind}.sdi.{size}.{what}"], found[f"{kind}.function.{size}.{what}"])
            for kind, size, text, _ in WORK for what in COMPARED}


# The same of ratios
RATIOS = (
    ("no-iommu", lambda all_: create_ratios(with_many(all_, "no-iommu")), ("no-iommu",)),
    ("vtd", lambda all_: create_ratios(all_["vtd"]), ("vtd",)),
    ("scan", lambda all_: scan_ratios(all_, "scan-off"), ("scan-off",)),
    ("scan", lambda all_: scan_ratios(all_, "scan-some"), ("scan-some",)),
    ("users", lambda all_: user_ratios(all_["users"]), ("users",)),
    ("virtio", lambda all_: virtio_ratios(all_["virtio"]), ("virtio",)),
)


def ratios(all_):
    """What can be compared between machines and days"""
    return {f"{part}: {name}": value for part, of, needed in RATIOS if set(needed) <= set(all_)
            for name, value in of(all_).items()}


def report(all_):
    """All of it as Markdown, the ratios last"""
    text = "".join(f"\n## {title}\n\n{section(all_)}\n" for title, section, needed in SECTIONS
                   if set(needed) <= set(all_))
    rows = [[name, f"{value:.3g}"] for name, value in ratios(all_).items()]
    return text + "\n## Ratios\n\n" + markdown(["smaller is better", ""], rows) + "\n"
