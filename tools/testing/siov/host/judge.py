# SPDX-License-Identifier: GPL-2.0
"""Did a machine do what its topology says? Only text comes in here, no machine."""

import re

import counters
import ktap
import state
from ktap import Result, check

# What a healthy guest never prints.
BAD_LOG = re.compile(
    r"WARNING:|BUG:|Kernel panic|Oops|general protection fault|Call Trace:|"
    r"INFO: (task|rcu_|trying to register)|possible (circular|recursive)|"
    r"KASAN|UBSAN|KCSAN|kmemleak: [0-9]+ new|unreferenced object|"
    r"refcount_t|suspicious RCU|sleeping function called|stack-protector")
# What we told the kernel is not what it said.
OUR_WORDS = re.compile(r"(?m)^.*(ommand line|passed to user space).*\n?")


def from_ktap(text, missing):
    """The results in a program's output; none at all is a failure, too."""
    return ktap.read(text) or [Result(False, missing, detail=text.splitlines()[-20:])]


def is_healthy(text, whose):
    """A log without WARN, BUG or one of their kin"""
    bad = [line for line in OUR_WORDS.sub("", text).splitlines() if BAD_LOG.search(line)]
    return check(not bad, f"{whose} log has no WARN, BUG or their kin", bad[:10])


def check_log(text, topology):
    yield is_healthy(state.without_panic(text) if topology.crash else text, "the guest's")
    text = OUR_WORDS.sub("", text)
    for pattern in topology.log:
        yield check(bool(re.search(pattern, text)), f"log has /{pattern}/",
                    [line for line in text.splitlines() if "SIOV" in line][:10])
    for pattern in topology.log_not:
        hits = [line for line in text.splitlines() if re.search(pattern, line)]
        yield check(not hits, f"log has no /{pattern}/", hits[:10])


def judge_skips(results, may_skip, whole):
    """A skip has to be stated, and a statement has to be of a skip.

    WHOLE is whether all tests of the topology ran, not those alone that the
    user picked.
    """
    used = set()
    for result in results:
        if result.skipped is None:
            continue
        line = next((n for n, (name, reason) in enumerate(may_skip)
                     if re.fullmatch(name, result.text) and reason in result.skipped),
                    None)
        if line is None:
            result.passed = False
            result.text += f" was skipped, and 'may_skip' does not say so: {result.skipped}"
            result.skipped = None
        used.add(line)
    if whole:
        for n, (name, reason) in enumerate(may_skip):
            if n not in used:
                yield Result(False, f"may_skip = {name}: {reason}: nothing was skipped so")


def judge_faults(results, must_fail, whole):
    """The tests that have to notice that the device is wrong, do they?"""
    noticed = set()
    for result in results:
        line = next((n for n, name in enumerate(must_fail)
                     if re.fullmatch(name, result.text)), None)
        if line is None:
            continue
        noticed.add(line)
        failed = not result.passed and result.skipped is None
        result.passed, result.skipped = failed, None
        result.text += " fails, as it must" if failed else " must fail, and does not"
    if whole:
        for n, name in enumerate(must_fail):
            if n not in noticed:
                yield Result(False, f"must_fail = {name}: there is no such test")


# What the fixture writes to QEMU's own log when software breaks a rule
VIOLATION = re.compile(r"SIOV violation: (.*)")


def check_violations(qemu_log, allowed):
    """Every line must be one of those that the topology wants, and one must come."""
    seen = VIOLATION.findall(qemu_log)
    bad = [line for line in seen if not (allowed and re.search(allowed, line))]
    yield check(not bad, "the fixture saw no rule broken", bad[:10])
    if allowed:
        yield check(len(seen) > len(bad), f"the fixture saw /{allowed}/", seen[:10])


def judge(topology, output, console, trace=None, qemu_log="", whole=True):
    """All results of one boot."""
    results = from_ktap(output, "the kselftests gave no results")
    results.append(check("siov: exit" in output, "the guest came to its end",
                         console.splitlines()[-5:]))
    results += check_log(console, topology)
    results += state.check_faults(console, topology)
    results += state.check_left(output, topology)
    results += check_violations(qemu_log, topology.violations)
    if topology.trace:
        results += counters.compare(output, trace or "")
    results += [*judge_faults(results, topology.must_fail, whole),
                *judge_skips(results, topology.may_skip, whole)]
    return results
