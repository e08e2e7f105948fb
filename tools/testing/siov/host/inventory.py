# SPDX-License-Identifier: GPL-2.0
"""The tests that there are in a collection of kselftests, by their sources."""

import fnmatch
import re

from topology import Trouble

FIXTURE_TEST = re.compile(r"^TEST_F(?:_TIMEOUT|_SIGNAL)?\(\s*(\w+),\s*(\w+)", re.M)
PLAIN_TEST = re.compile(r"^TEST(?:_SIGNAL)?\(\s*(\w+)", re.M)
VARIANT = re.compile(r"^FIXTURE_VARIANT_ADD(?:_XFAIL)?\(\s*(\w+),\s*(\w+)", re.M)
# The arguments of the kselftest harness that name something
OPTIONS = {"f": "fixtures", "v": "variants", "t": "tests"}


class Program:
    """What one source file defines."""

    def __init__(self, source):
        self.by_fixture = FIXTURE_TEST.findall(source)
        self.variants = {}
        for fixture, variant in VARIANT.findall(source):
            self.variants.setdefault(fixture, []).append(variant)
        self.plain = PLAIN_TEST.findall(source)

    def tests(self):
        """Names as the harness prints them: FIXTURE[.VARIANT].TEST"""
        names = [f"global.{test}" for test in self.plain]
        for fixture, test in self.by_fixture:
            names += [f"{fixture}.{variant}.{test}" if variant else f"{fixture}.{test}"
                      for variant in self.variants.get(fixture, [""])]
        return names

    def fixtures(self):
        return {fixture for fixture, _ in self.by_fixture} | {"global"}

    def known(self, option):
        """The names that an argument of this kind can have"""
        if option == "f":
            return self.fixtures()
        if option == "v":
            return {v for variants in self.variants.values() for v in variants}
        return {test for _, test in self.by_fixture} | set(self.plain)


def read(selftests, collection):
    """The programs of a collection by name; selftests is the directory of all."""
    return {path.stem: Program(path.read_text(errors="replace"))
            for path in sorted((selftests / collection).glob("*.c"))}


def check_args(topology, selftests):
    """Arguments that name nothing would let everything run, or nothing."""
    for name, args in topology.args.items():
        collection, _, program = name.partition(":")
        source = read(selftests, collection).get(program)
        if name not in topology.tests or not source:
            raise Trouble(f"{topology.name}: args of '{name}', which is not run")
        words = args.split()
        for option, value in zip(words[::2], words[1::2]):
            letter = option.lstrip("-").lower()
            if letter not in OPTIONS or value not in source.known(letter):
                raise Trouble(f"{topology.name}: args {option} {value}: {program} "
                              f"has no such thing")


def picked(topology, pattern, selftests):
    """The arguments that make each program run what PATTERN names, and no other."""
    args = {}
    for name in topology.tests:
        collection, _, program = name.partition(":")
        source = read(selftests, collection).get(program)
        tests = fnmatch.filter(source.tests(), f"*{pattern}*") if source else []
        if tests:
            args[name] = " ".join(f"-r {test}" for test in tests)
    if sum(map(len, args.values())) > 1200:
        raise Trouble(f"K={pattern} stands for too many tests of '{topology.name}': "
                      "name fewer")
    return args


def never_executed(selftests, collection, executed):
    """Tests of a collection that nobody ran; EXECUTED are (program, test)."""
    return [f"{program} {test}" for program, source in read(selftests, collection).items()
            for test in source.tests() if (program, test) not in executed]
