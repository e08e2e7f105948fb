# SPDX-License-Identifier: GPL-2.0
"""Read the KTAP of the kernel's runners, at every level of nesting.

kselftest nests with "# " and KUnit with four blanks, and both print a parent after
its children. A parent without children is a test; so is a parent that failed for a
reason of its own: a crash, a time limit, a plan that was not kept.
"""

import dataclasses
import re

RESULT = re.compile(r"^(?P<lead>[ #]*)(?P<not>not )?ok (?P<number>\d+)(?P<text>(?: .*)?)$")
PLAN = re.compile(r"^(?P<lead>[ #]*)1\.\.(?P<count>\d+)\s*(?:#.*)?$")
BAIL_OUT = re.compile(r"^[ #]*Bail out!")
DIRECTIVE = re.compile(r"(?:^|\s)# (?P<word>SKIP|TODO|XFAIL|XPASS|TIMEOUT|ERROR)\b:?\s*"
                       r"(?P<reason>.*)$", re.I)
EXIT = re.compile(r"\s# exit=(?P<code>\d+)$")
# What the kselftest harness returns if tests failed; any other status is news.
FAILED = 1


@dataclasses.dataclass
class Result:
    """One test, or one thing that was checked."""

    passed: bool
    text: str
    # Why it did not run to its end, if it did not
    skipped: str | None = None
    detail: list = dataclasses.field(default_factory=list)
    # The programs that it is part of, the outermost first
    parents: tuple = ()
    # Not a test: the runner looked at a log, or at counters
    is_check: bool = False

    @property
    def executed(self):
        return self.skipped is None


def check(passed, text, detail=()):
    return Result(passed, text, detail=list(detail), is_check=True)


@dataclasses.dataclass
class Node:
    passed: bool
    text: str
    directive: str
    reason: str
    exit_code: int | None
    detail: list
    children: list
    problems: list

    def failed_by_itself(self):
        """Do its children explain why it failed?"""
        if self.passed:
            return False
        if self.directive in ("TIMEOUT", "ERROR"):
            return True
        if self.exit_code not in (None, FAILED):
            return True
        return all(child.passed for child in self.children)


class Level:
    """The results that were read at one depth since the last parent."""

    def __init__(self):
        self.nodes = []
        self.plan = None
        self.planned = False
        # KUnit gives no plan for the parameters of a case, only for cases and suites
        self.may_lack_plan = False

    def problems(self):
        if not self.planned:
            return [] if self.may_lack_plan else ["there is no plan"]
        if len(self.nodes) != self.plan:
            return [f"{self.plan} tests were promised and {len(self.nodes)} given"]
        return []


def depth(lead):
    """kselftest nests with "# ", KUnit with four blanks."""
    return lead.count("#") + (len(lead.replace("# ", "").replace("#", "")) // 4)


def node_of(match, detail):
    text = match["text"].strip()
    text = re.sub(r"^- ?", "", text)
    directive = DIRECTIVE.search(text)
    word = reason = ""
    if directive:
        word, reason = directive["word"].upper(), directive["reason"].strip()
        text = text[:directive.start()]
    ended = EXIT.search(text)
    if ended:
        text = text[:ended.start()]
    return Node(not match["not"], text.strip() or "(no name)", word, reason,
                int(ended["code"]) if ended else None, detail, [], [])


class Parser:
    def __init__(self):
        self.levels = {}
        self.pending = []
        self.bailed_out = []

    def level(self, number):
        return self.levels.setdefault(number, Level())

    def feed(self, line):
        if match := PLAN.match(line):
            level = self.level(depth(match["lead"]))
            level.planned, level.plan = True, int(match["count"])
        elif match := RESULT.match(line):
            self.result(match)
        else:
            if BAIL_OUT.match(line):
                self.bailed_out.append(line.lstrip(" #"))
            self.pending.append(line)

    def result(self, match):
        here = depth(match["lead"])
        node = node_of(match, self.pending)
        self.pending = []
        for number in sorted(n for n in self.levels if n > here):
            level = self.levels.pop(number)
            node.children += level.nodes
            node.problems += level.problems()
        level = self.level(here)
        level.may_lack_plan = here >= 2 and "#" not in match["lead"]
        level.nodes.append(node)


def own_result(node, parents):
    """What became of a test without others below it."""
    if node.directive in ("SKIP", "TODO"):
        return Result(True, node.text, node.reason or "no reason given", node.detail,
                      parents)
    if node.directive == "XFAIL":
        return Result(True, node.text, f"expected to fail: {node.reason}", node.detail,
                      parents)
    if node.directive == "XPASS":
        return Result(False, f"{node.text} passes, and was expected to fail",
                      None, node.detail, parents)
    why = {"TIMEOUT": " ran out of time", "ERROR": " met an error"}.get(node.directive, "")
    if node.exit_code is not None:
        why = f" ended with status {node.exit_code}"
    passed = node.passed and node.directive not in ("TIMEOUT", "ERROR")
    return Result(passed, node.text + why, None, node.detail, parents)


def results_of(node, parents):
    if not node.children and not node.problems:
        yield own_result(node, parents)
        return
    below = (*parents, node.text)
    for child in node.children:
        yield from results_of(child, below)
    for problem in node.problems:
        yield Result(False, f"{node.text}: {problem}", None, node.detail[-20:], parents)
    if node.failed_by_itself() or node.directive == "XPASS":
        yield own_result(dataclasses.replace(node, passed=False), parents)


def read(text):
    """All results of a stream, and what is wrong with the stream itself."""
    parser = Parser()
    for line in text.splitlines():
        parser.feed(line)
    found = []
    top = min(parser.levels, default=0)
    for number, level in sorted(parser.levels.items()):
        for node in level.nodes:
            found.extend(results_of(node, ()))
        if number > top and (level.nodes or level.planned):
            found.append(Result(False, "a program gave no result of its own",
                                detail=parser.pending[-20:]))
        elif number == top:
            found.extend(Result(False, problem, detail=parser.pending[-20:])
                         for problem in level.problems())
    found.extend(Result(False, line) for line in parser.bailed_out)
    return found
