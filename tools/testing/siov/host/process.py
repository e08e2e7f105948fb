# SPDX-License-Identifier: GPL-2.0
"""Programs that the runner starts, so that Ctrl-C can end all of them."""

import contextlib
import os
import signal
import subprocess
import threading

from topology import TOP, Trouble


class Running:
    """Every process that is under way, each the leader of a group of its own."""

    def __init__(self):
        self.lock = threading.Lock()
        self.processes = set()
        self.over = False

    def start(self, *args, **kwargs):
        with self.lock:
            if self.over:
                raise Trouble("interrupted")
            process = subprocess.Popen(*args, **kwargs)
            self.processes.add(process)
        return process

    def end(self, process):
        """No process of that group is there afterwards."""
        kill_group(process)
        process.wait()
        with self.lock:
            self.processes.discard(process)

    def end_all(self):
        with self.lock:
            self.over = True
            for process in self.processes:
                kill_group(process)


def kill_group(process):
    try:
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.kill()


RUNNING = Running()


def run(command, timeout=None, **kwargs):
    """Like subprocess.run() with the output as text, whatever bytes it has."""
    process = RUNNING.start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            stdin=subprocess.DEVNULL, text=True, errors="replace",
                            start_new_session=True, **kwargs)
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        RUNNING.end(process)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def build(*what, profile="", kconfig=""):
    """Bring WHAT up to date; scripts/build says what went wrong itself. The user's
    options are for who passes them on, so for no test."""
    env = dict(os.environ, PROFILE=profile, KCONFIG=kconfig)
    # A group of its own: whatever it has started ends with it.
    process = RUNNING.start([TOP / "scripts/build", *what], env=env, start_new_session=True)
    try:
        status = process.wait()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        raise
    finally:
        RUNNING.end(process)
    if status:
        raise SystemExit(status if status == 130 else 1)
