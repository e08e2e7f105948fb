# SPDX-License-Identifier: GPL-2.0
"""One at a time in a build directory: the second waits for the first."""

import contextlib
import fcntl
import os
import sys

from topology import BUILD


@contextlib.contextmanager
def build_lock():
    """Whoever holds it says so to the scripts it calls, by SIOV_LOCKED."""
    if os.environ.get("SIOV_LOCKED"):
        yield
        return
    with (BUILD / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another make in {BUILD}", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.environ["SIOV_LOCKED"] = "1"
        try:
            yield
        finally:
            del os.environ["SIOV_LOCKED"]
