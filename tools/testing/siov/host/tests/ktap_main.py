#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Run the tests beside this file, and print KTAP. "python3 -m unittest" runs them, too."""

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))


class KtapResult(unittest.TestResult):
    number = 0

    def tell(self, test, passed, reason=""):
        self.number += 1
        name = test.id().split(".", 1)[-1]
        for line in reason.splitlines():
            print(f"# {line}")
        print(f"{'ok' if passed else 'not ok'} {self.number} {name}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.tell(test, True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell(test, False, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.tell(test, False, self.errors[-1][1])


def main():
    suite = unittest.defaultTestLoader.discover(str(HERE))
    print(f"KTAP version 1\n1..{suite.countTestCases()}")
    result = KtapResult()
    suite.run(result)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
