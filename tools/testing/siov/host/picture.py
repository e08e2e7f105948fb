# SPDX-License-Identifier: GPL-2.0
"""The picture of the machine that a guest drew, for Graphviz to lay out."""

import shutil
import subprocess

from topology import BUILD, Trouble

NAME = "machine.dot"
SVG = "machine.svg"


def clear(share):
    """None is left of a machine before, which may have been another one."""
    for old in (share / NAME, BUILD / NAME, BUILD / SVG):
        old.unlink(missing_ok=True)


def take(share):
    """Move what the guest left in SHARE, if anything, to build/; where it is now."""
    drawn = share / NAME
    if not drawn.is_file() or not drawn.stat().st_size:
        return None
    return shutil.move(drawn, BUILD / NAME)


def draw(dot):
    """The SVG beside it, if there is a Graphviz; a line that says where."""
    if not shutil.which("dot"):
        return (f"{dot} describes this machine as a graph; with Graphviz there would be "
                "a picture (apt-get install graphviz)")
    svg = BUILD / SVG
    done = subprocess.run(["dot", "-Tsvg", "-o", svg, dot], capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode:
        raise Trouble(f"dot makes no picture of {dot}: {done.stderr.strip()}")
    return f"{svg} is a picture of this machine"
