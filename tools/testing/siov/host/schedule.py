# SPDX-License-Identifier: GPL-2.0
"""Run many tests, as many at once as CPUs and memory allow."""

import concurrent.futures
import os
import threading
import time
import traceback

from ktap import Result
from process import RUNNING
from topology import Trouble

# What QEMU and its translated code need beside the guest's memory
OVERHEAD_MIB = 384


def available_mib():
    """Memory that can be had without swapping, in this container as well"""
    free = 1 << 30
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        for line in meminfo:
            if line.startswith("MemAvailable:"):
                free = int(line.split()[1]) >> 10
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as limit, \
             open("/sys/fs/cgroup/memory.current", encoding="ascii") as used:
            free = min(free, (int(limit.read()) - int(used.read())) >> 20)
    except (OSError, ValueError):
        pass
    return free


class Room:
    """Memory that guests share. One may always run, or nothing ever would."""

    def __init__(self, mib):
        self.mib = mib
        self.users = 0
        self.changed = threading.Condition()

    def enter(self, mib):
        with self.changed:
            self.changed.wait_for(lambda: not self.users or self.mib >= mib)
            self.mib -= mib
            self.users += 1

    def leave(self, mib):
        with self.changed:
            self.mib += mib
            self.users -= 1
            self.changed.notify_all()


class Job:
    """A test with a name, and the memory of its guest, if it has one."""

    def __init__(self, name, function, mib=0):
        self.name = name
        self.function = function
        self.mib = mib + OVERHEAD_MIB if mib else 0

    def run(self, room):
        """Its results, whatever happens; and the seconds it took"""
        if self.mib:
            room.enter(self.mib)
        start = time.monotonic()
        try:
            results = self.function()
        except Trouble as trouble:
            results = [Result(False, str(trouble))]
        except Exception as error:  # pylint: disable=broad-except
            results = [Result(False, f"the runner met {error!r}",
                              detail=traceback.format_exc().splitlines())]
        finally:
            if self.mib:
                room.leave(self.mib)
        return results, time.monotonic() - start


def at_once():
    """Half of its time a guest waits: for a rate limit, for a reset, for a time to pass.
    One with a debug kernel does not wait, and upstream's tests have limits of their own."""
    busy = os.environ.get("PROFILE") == "debug"
    jobs = os.environ.get("JOBS") or str((1 if busy else 2) * os.cpu_count())
    if not jobs.isdigit() or not int(jobs):
        raise Trouble(f"JOBS={jobs} is not a number of jobs")
    return int(jobs)


def run_all(jobs, done):
    """Call done(name, results, seconds) for each as it ends."""
    room = Room(available_mib())
    pool = concurrent.futures.ThreadPoolExecutor(at_once())
    try:
        futures = {pool.submit(job.run, room): job for job in jobs}
        for future in concurrent.futures.as_completed(futures):
            done(futures[future].name, *future.result())
    except BaseException:
        RUNNING.end_all()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
