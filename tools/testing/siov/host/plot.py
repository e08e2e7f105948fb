# SPDX-License-Identifier: GPL-2.0
"""Pictures of what bench has measured, by gnuplot: a script with its data, and an SVG."""

import shutil
import subprocess

from tables import BY, COUNTS, CREATED, PER, VFS, with_many
from topology import Trouble

HEAD = """set terminal svg size 760,440 dynamic font "sans,13" background "white"
set output "{name}.svg"
set grid ytics lc rgb "#dddddd"
set border 3 lc rgb "#888888"
set tics nomirror
"""


def block(name, rows):
    """Data, in the script"""
    return f"${name} << END\n" + "\n".join(" ".join(map(str, row)) for row in rows) + "\nEND\n"


def create_script(all_):
    """One more among others: an SDI, and a VF, which is all VFs down and up again"""
    data, plots = "", []
    for machine, where in CREATED.items():
        name, found = "sdi_" + machine.replace("-", "_"), with_many(all_, machine)
        data += block(name, [(n, found[f"sdi.{n}.one_more_us"]) for n in COUNTS
                             if f"sdi.{n}.one_more_us" in found])
        plots.append(f'${name} with linespoints lw 2 pt 7 title "one more SDI{where}"')
    found = all_["no-iommu"]
    data += block("vf", [(n, found[f"vf.{n}.all_down_us"] + found[f"vf.{n}.all_up_us"])
                         for n in VFS])
    plots.append('$vf with linespoints lw 2 pt 5 title "one more VF: all of them down and up"')
    return data + f"""set logscale xy
set xrange [8:100000]
set yrange [10:10000000]
set xlabel "SDIs or VFs that are there"
set ylabel "us of a clock that counts instructions"
set key top right
plot {", ".join(plots)}
"""


def virtio_script(all_):
    """What a packet takes, by whom it is sent and received"""
    found = all_["virtio"]
    rows = [[f'"{title}"', *(found[f"nic.{by}.1400.{what}"] for by in BY)]
            for what, title in zip(PER, ("exits", "doorbells", "interrupts", "IOTLB misses"))]
    plots = [f'$nic using {column}:xtic(1) title "{by}"'
             for column, by in enumerate(BY.values(), 2)]
    return block("nic", rows) + f"""set style data histograms
set style histogram clustered gap 1
set style fill solid 0.8 border -1
set yrange [0:*]
set ylabel "for each packet of 1,400 bytes"
set key outside bottom center horizontal
plot {", ".join(plots)}
"""


# What makes the script, and the machines that it needs
SCRIPTS = {"create": (create_script, CREATED), "virtio": (virtio_script, ("virtio",))}


def draw(directory, all_):
    """The scripts, and the pictures if there is a gnuplot; which files these are"""
    pictures = []
    for name, (script, needed) in SCRIPTS.items():
        if not set(needed) <= set(all_):
            continue
        (directory / f"{name}.gp").write_text(HEAD.format(name=name) + script(all_))
        if shutil.which("gnuplot"):
            pictures.append(run(directory, name))
    if not shutil.which("gnuplot"):
        print(f"{directory}/*.gp are pictures for gnuplot (apt-get install gnuplot-nox)")
    return pictures


def run(directory, name):
    done = subprocess.run(["gnuplot", f"{name}.gp"], cwd=directory, capture_output=True,
                          text=True, timeout=60, check=False)
    if done.returncode:
        raise Trouble(f"gnuplot makes no picture of {directory / name}.gp: {done.stderr.strip()}")
    return directory / f"{name}.svg"
