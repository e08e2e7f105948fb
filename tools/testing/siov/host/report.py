# SPDX-License-Identifier: GPL-2.0
"""One KTAP stream: to build/test.ktap, and as much as wanted to the terminal."""


class Report:
    def __init__(self, path, count, verbose=False, stream=None):
        self.file = path.open("w", encoding="utf-8", errors="replace")
        self.verbose = verbose
        self.stream = stream
        self.passed = self.failed = self.checks = self.number = 0
        self.skipped = {}
        self.both("KTAP version 1")
        self.both(f"1..{count}")

    def both(self, line):
        self.file.write(line + "\n")
        self.file.flush()
        print(line.encode("utf-8", "replace").decode(), file=self.stream, flush=True)

    def nested(self, line, show):
        self.file.write(f"    {line}\n")
        if show or self.verbose:
            print(f"    {line}", file=self.stream, flush=True)

    def add(self, name, results, seconds):
        self.number += 1
        bad = [r for r in results if not r.passed]
        self.nested(f"# Subtest: {name}", bad)
        self.nested(f"1..{len(results)}", bad)
        for number, result in enumerate(results, 1):
            self.add_result(number, result)
            if result.passed and result.skipped is not None:
                self.skipped.setdefault(f"{result.text}: {result.skipped}",
                                        []).append(name)
        skips = sum(r.passed and r.skipped is not None for r in results)
        checks = sum(r.passed and r.is_check for r in results)
        self.failed += len(bad)
        self.checks += checks
        self.passed += len(results) - len(bad) - skips - checks
        tests = sum(not r.is_check for r in results)
        self.both(f"{'not ok' if bad else 'ok'} {self.number} {name} # {tests} tests" +
                  (f", {skips} skipped" if skips else "") +
                  (f", {len(bad)} failed" if bad else "") + f", {seconds:.1f} s")

    def add_result(self, number, result):
        for line in result.detail:
            self.nested(f"# {line}", not result.passed)
        skip = f" # SKIP {result.skipped}" if result.skipped is not None else ""
        self.nested(f"{'ok' if result.passed else 'not ok'} {number} {result.text}{skip}",
                    not result.passed)

    def close(self):
        """The summary, and the exit status that follows from it."""
        for what, where in self.skipped.items():
            self.both(f"# skipped {what} ({', '.join(where)})")
        self.both(f"# {self.checks} checks of logs and counters held")
        skipped = sum(len(where) for where in self.skipped.values())
        self.both(f"{self.passed} passed, {self.failed} failed, {skipped} skipped")
        self.file.close()
        return 1 if self.failed or not self.passed else 0
