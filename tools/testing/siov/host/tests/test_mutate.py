# SPDX-License-Identifier: GPL-2.0
"""Are the places found, and does the copy mean the same until one is chosen?"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import mutate  # noqa: E402

CODE = """\
/* if (a < b) in a comment */
#define MACRO(a, b) ((a) < (b))
#define LIMIT_A 7

static int helper(int a)
{
\treturn a * 2;
}

int walk(const int *list, int count, int *last)
{
\tint i, sum = 0;

\tfor (i = 0; i < count; i++) {
\t\tif (list[i] == LIMIT_A)
\t\t\tcontinue;
\t\telse if (list[i] > 100 &&
\t\t\t !sum)
\t\t\tbreak;
\t\tsum += helper(list[i]) -
\t\t       (int)1;
\t\t*last = i;
\t}
\tpr_err("sum %d < %d\\n", sum, count + 1);
\treturn sum;
}
"""

MAIN = """
#include <stdio.h>
#include <stdlib.h>
#define pr_err(...) (void)0
static int chosen;
int siov_mutant_is(int number) { return number == chosen; }
#include "copy.c"
int main(int argc, char **argv)
{
\tint list[] = { 1, 7, 50, 2 }, last = 0, sum;
\tchosen = atoi(argv[1]);
\tsum = walk(list, 4, &last);
\tprintf("%d %d\\n", sum, last);
\treturn argc != 2;
}
"""


def numbered(code):
    found = mutate.sites(code)
    for number, site in enumerate(found, 1):
        site.number, site.file = number, "copy.c"
    return found


def words(code, site):
    return " ".join(code[site.start:site.end].split()), site.broken


class Places(unittest.TestCase):
    def setUp(self):
        self.found = numbered(CODE)
        self.words = {words(CODE, s) for s in self.found}

    def test_every_kind(self):
        for place in [("i < count", "i <= count"), ("i < count", "i >= count"),
                      ("list[i] == LIMIT_A", "list[i] != LIMIT_A"),
                      ("LIMIT_A", "(LIMIT_A + 1)"), ("list[i] > 100 && !sum", "list[i] > 100 || !sum"),
                      ("!sum", "!!(sum)"), ("a * 2", "a + 2"), ("a * 2", "0"), ("sum", "0"),
                      ("continue;", ""), ("break;", ""), ("*last = i;", ""), ("i++", "i--")]:
            self.assertIn(place, self.words)
        self.assertEqual({"operator", "constant", "condition", "returned value", "statement"} -
                         {s.what for s in self.found}, {"condition"})

    def test_a_plain_condition(self):
        code = "int f(int a)\n{\n\tif (a)\n\t\treturn 1;\n\treturn 0;\n}\n"
        self.assertIn(("a", "!(a)"), {words(code, s) for s in mutate.sites(code)})

    def test_nothing_in_comments_macros_and_messages(self):
        self.assertFalse([w for w in self.words if "a < b" in w[0] or "pr_err" in w[0]
                          or w[0] == "count + 1"])

    def test_line_and_function(self):
        site = next(s for s in self.found if words(CODE, s) == ("!sum", "!!(sum)"))
        self.assertEqual((site.function, CODE.splitlines()[site.line - 1].strip()),
                         ("walk", "!sum)"))

    def test_lines_stay(self):
        copy = mutate.instrument(CODE, self.found)
        self.assertEqual(len(copy.splitlines()), len(CODE.splitlines()) + 2)


class Copy(unittest.TestCase):
    """Compiled and run: 0 is the right program, each other number another one."""

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory()
        where = pathlib.Path(cls.dir.name)
        cls.found = numbered(CODE)
        (where / "copy.c").write_text(mutate.instrument(CODE, cls.found))
        (where / "right.c").write_text(CODE)
        (where / "main.c").write_text(MAIN)
        (where / "plain.c").write_text(MAIN.replace("copy.c", "right.c"))
        for name in ("main", "plain"):
            subprocess.run(["gcc", "-w", "-o", where / name, where / f"{name}.c"], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.dir.cleanup()

    def says(self, program, number):
        try:
            return subprocess.run([pathlib.Path(self.dir.name) / program, str(number)], text=True,
                                  capture_output=True, check=False, timeout=5).stdout
        except subprocess.TimeoutExpired:
            return "no end"

    def test_none_chosen_is_the_right_program(self):
        self.assertEqual(self.says("main", 0), self.says("plain", 0))

    def test_each_changes_what_it_says(self):
        right = self.says("plain", 0)
        alike = [words(CODE, s) for s in self.found if self.says("main", s.number) == right]
        # 100 is far from everything in the list
        for word in alike:
            self.assertTrue("100" in word[0] or word[0] in ("!sum", "break;", "0"), word)
        self.assertLess(len(alike), len(self.found) / 2)


if __name__ == "__main__":
    unittest.main()
