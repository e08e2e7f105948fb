# SPDX-License-Identifier: GPL-2.0
"""Read the KTAP of the kernel's runners; write one stream of it all."""

import re

RESULT = re.compile(r"^(?P<lead>[ #]*)(?P<not>not )?ok (?P<number>\d+)\s*-?\s*(?P<text>.*)$")


class Result:
    def __init__(self, passed, text, skipped=None, detail=()):
        self.passed = passed
        self.text = text
        self.skipped = skipped
        self.detail = list(detail)


def depth(lead):
    """kselftest nests with "# ", KUnit with four blanks."""
    return lead.count("#") + (len(lead.replace("# ", "").replace("#", "")) // 4)


def leaves(text):
    """The results that have no results of their own below them."""
    found = []
    pending = []
    for line in text.splitlines():
        match = RESULT.match(line)
        if not match:
            pending.append(line)
            continue
        level = depth(match["lead"])
        # A result sums up those deeper than it that stand right before it.
        below = 0
        while below < len(found) and found[-1 - below][0] > level:
            below += 1
        name, _, directive = match["text"].partition(" # ")
        skip = re.match(r"SKIP\s*(.*)", directive, re.I)
        result = Result(not match["not"], name.strip(),
                        (skip[1] or "no reason given") if skip else None, pending)
        pending = []
        if below:
            children = [entry for entry in found[-below:]]
            found[-below:] = [(level, child[1]) for child in children]
            bad = any(not child[1].passed for child in children)
            # A parent that fails for a reason of its own, a crash say.
            if not result.passed and not bad:
                found.append((level, result))
            continue
        found.append((level, result))
    return [entry[1] for entry in found]


def plan_problem(text):
    """A runner that died half way promised more than it gave, or nothing."""
    plan = re.search(r"^1\.\.(\d+)", text, re.M)
    if not plan:
        return "the runner printed no plan"
    given = len(re.findall(r"^(?:not )?ok \d+", text, re.M))
    if given < int(plan[1]):
        return f"the runner promised {plan[1]} tests and gave {given}"
    return None
