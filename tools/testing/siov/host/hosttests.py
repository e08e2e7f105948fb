# SPDX-License-Identifier: GPL-2.0
"""The tests that need no machine: a name, and a function that gives results."""

import os
import subprocess
import sys

import judge
from ktap import Result, check
from process import run
from topology import BUILD, HERE, TOP, out


def run_program(command, missing, *, timeout=1800, **kwargs):
    try:
        done = run(command, timeout, **kwargs)
    except subprocess.TimeoutExpired:
        return [Result(False, f"{missing}: no end after {timeout} s")]
    results = judge.from_ktap(done.stdout, missing)
    results += judge.judge_skips(results, [], whole=True)
    if done.returncode:
        explain(results, done)
    return results


def explain(results, done):
    """A program has failed: the last result that did says what was heard of it"""
    said = done.stderr.splitlines()[-20:]
    failed = [r for r in results if not r.passed]
    if failed:
        failed[-1].detail += [f"exit status {done.returncode}", *said]
    else:
        results.append(Result(False, f"exit status {done.returncode}", detail=said))


def run_kunit():
    try:
        done = run([TOP / "scripts/build", "run-kunit"], 900)
    except subprocess.TimeoutExpired:
        return [Result(False, "KUnit came to no end in 900 s")]
    results = judge.from_ktap(done.stdout, "KUnit gave no results")
    results.append(judge.is_healthy(done.stdout, "KUnit's"))
    results.append(check(not done.returncode, f"user-mode Linux ended with {done.returncode}",
                         done.stderr.splitlines()[-10:]))
    return results


def run_series(name):
    return run_program([TOP / "scripts/series", "check", name],
                       f"the {name} series could not be checked")


def run_lspci():
    source = out("pciutils", "PCIUTILS")
    return run_program(["sh", source / "tests/siov.sh", source / "lspci"],
                       "lspci's tests gave no results", cwd=source)


def run_qtest(name="qemu"):
    source = out(name, "QEMU")
    # Of the sanitizers: what QEMU leaves for its exit to free is no leak of ours
    env = dict(os.environ, QTEST_QEMU_BINARY=str(source / "qemu-system-x86_64"),
               ASAN_OPTIONS="detect_leaks=0", UBSAN_OPTIONS="halt_on_error=1")
    return [result for test in ("siov-test", "virtio-admin-test", "virtio-siov-test")
            for result in run_program([source / "tests/qtest" / test, "--tap", "-k"],
                                      f"{test} gave no results", env=env, timeout=1200)]


def run_runner():
    """The runner's own judgement, fed with what must not pass"""
    return run_program([sys.executable, HERE / "tests/ktap_main.py"],
                       "the runner's own tests gave no results", timeout=900)


def run_scripts():
    return run_program([TOP / "scripts/tests/run"],
                       "the tests of the scripts gave no results", timeout=900)


HOST_TESTS = {
    "runner": run_runner,
    "scripts": run_scripts,
    "kunit": run_kunit,
    "series-linux": lambda: run_series("linux"),
    "series-qemu": lambda: run_series("qemu"),
    "series-pciutils": lambda: run_series("pciutils"),
    "lspci": run_lspci,
    "qtest": run_qtest,
    "qtest-asan": lambda: run_qtest("qemu-asan"),
}
# Those that run only when they are named, and why
BY_NAME = {"qtest-asan": "it takes a QEMU with ASan and UBSan"}
# What scripts/build has to make for them
NEEDED = {"kunit": "kunit", "lspci": "lspci", "qtest": "qtest",
          "qtest-asan": "qtest-asan"}
