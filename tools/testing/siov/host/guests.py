# SPDX-License-Identifier: GPL-2.0
"""Topologies for the tools that boot kernels of their own: mutants and coverage."""

import concurrent.futures
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import subprocess
import time

from machine import Machine
from topology import ARCHES, BUILD, HERE, TOP, Topology, Trouble, names


def load_vm(profile):
    """host/vm is a program, and what judges a topology is in it."""
    os.environ["PROFILE"] = profile
    loader = importlib.machinery.SourceFileLoader("vm", str(HERE / "vm"))
    spec = importlib.util.spec_from_loader("vm", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def chosen(wanted, vm):
    """The topologies of the PC that make test runs, or those WANTED."""
    if wanted:
        return [name for word in wanted for name in vm.matching(word, names())]
    return [name for name in names()
            if Topology(name).arch is ARCHES["x86"] and not Topology(name).by_name]


def boot(vm, name, suffix, append, qemu=()):
    """(first failure or None, console, seconds) of one topology with more words."""
    topology = Topology(name)
    topology.name = f"{name}.{suffix}"
    topology.append += f" {append}"
    topology.qemu += qemu
    machine = Machine(topology, profile=vm.PROFILE)
    start = time.monotonic()
    try:
        results = vm.run_topology(topology)
    except Trouble as trouble:
        return str(trouble).split(";")[0], machine.console_text(), time.monotonic() - start
    bad = next((r.text for r in results if not r.passed), None)
    return bad, machine.console_text(), time.monotonic() - start


# --- mutants -------------------------------------------------------------------

class Reach:
    """Which places each topology comes through when nothing is broken."""

    def __init__(self, wanted, reached):
        self.vm = load_vm("mutants")
        self.reached = reached
        self.names = chosen(wanted, self.vm)
        kernel = ARCHES["x86"].kernel_path("mutants")
        self.key = hashlib.sha256(kernel.read_bytes()).hexdigest()
        self.cache = BUILD / "mutants/reach.json"
        self.map = self._read()

    def _read(self):
        try:
            saved = json.loads(self.cache.read_text())
        except (OSError, ValueError):
            saved = {}
        return saved["map"] if saved.get("key") == self.key else {}

    def complete(self, jobs):
        """Boot those that are not known yet."""
        todo = [name for name in self.names if name not in self.map]
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for name, (bad, console, seconds) in zip(todo, pool.map(
                    lambda n: boot(self.vm, n, "reach", "siov_mutant=0"), todo)):
                if bad:
                    print(f"  {name} fails with nothing broken and is not asked: {bad}", flush=True)
                places = [] if bad else sorted(self.reached(console))
                self.map[name] = [seconds, places]
                print(f"  {name} reaches {len(places)} places, {seconds:.0f} s", flush=True)
                self.cache.write_text(json.dumps({"key": self.key, "map": self.map}))
        return {name: (self.map[name][0], set(self.map[name][1])) for name in self.names}

    def first_failure(self, name, number):
        return boot(self.vm, name, f"mutant-{number}", f"siov_mutant={number}")[0]


# --- coverage --------------------------------------------------------------------

def counted(vm, name, into, append=""):
    """Boot, and what gcov counted; None if nothing came out."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    share = ["-virtfs", f"local,path={into},mount_tag=gcov,security_model=none"]
    bad, _, seconds = boot(vm, name, "gcov", f"SIOV_GCOV=1 {append}", share)
    files = list(into.rglob("*.gcda"))
    print(f"  {name}: {len(files)} files counted, {seconds:.0f} s" +
          (f"; it fails: {bad}" if bad else ""), flush=True)
    return into if files else None


def coverage(wanted, kernel, out, capture):
    """Info files of the topologies: their counts are summed up first, by gcov-tool."""
    vm = load_vm("coverage")
    todo = chosen(wanted, vm)
    total = None
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS") or os.cpu_count())) as pool:
        for one in pool.map(lambda n: counted(vm, n, out / "guests" / n), todo):
            if not one:
                continue
            if not total:
                total = one
                continue
            merged = out / f"merged-{one.name}"
            done = subprocess.run(["gcov-tool", "merge", total, one, "-o", merged], check=False,
                                  capture_output=True, text=True)
            if done.returncode:
                raise Trouble(f"gcov-tool: {done.stderr.strip().splitlines()[-1:]}")
            if total.name.startswith("merged-"):
                shutil.rmtree(total)
            total = merged
    if not total:
        raise Trouble(f"no guest has brought out what it counted: see {BUILD}/log/vm-*.gcov.console")
    for old in kernel.rglob("*.gcda"):
        old.unlink()
    for found in total.rglob("*.gcda"):
        shutil.copy(found, kernel / found.relative_to(total))
    return [capture(kernel, "guests")]
