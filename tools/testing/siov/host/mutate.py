# SPDX-License-Identifier: GPL-2.0
"""Where kernel code can be broken in one place, and a copy that holds all of it.

sites(text) finds the places in the functions of a C file in kernel style: an
operator, a constant, a condition, a returned value or a statement each. The copy
that instrument() makes has every one of them, and which is broken is asked at run
time: siov_mutant_is(N) ? broken : right. So one build serves for all mutants.
"""

import dataclasses
import re

TOKEN = re.compile(r"""
    (?P<space>\s+|/\*.*?\*/|//[^\n]*)|
    (?P<string>"(?:\\.|[^"\\])*")|
    (?P<char>'(?:\\.|[^'\\])*')|
    (?P<number>0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*)|
    (?P<name>[A-Za-z_]\w*)|
    (?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]#])
    """, re.X | re.S)

BINARY = {"*": 10, "/": 10, "%": 10, "+": 9, "-": 9, "<<": 8, ">>": 8, "<": 7, ">": 7,
          "<=": 7, ">=": 7, "==": 6, "!=": 6, "&": 5, "^": 4, "|": 3, "&&": 2, "||": 1}
ASSIGN = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
SWAP = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
        "&&": "||", "||": "&&", "+": "-", "-": "+", "*": "+", "/": "*", "%": "/",
        "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "|",
        "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "<<=": ">>=", ">>=": "<<="}

OPAQUE = {"sizeof", "typeof", "__typeof__", "offsetof", "_Alignof", "__alignof__"}
TYPE_WORDS = {"struct", "union", "enum", "const", "void", "unsigned", "signed", "int",
              "long", "short", "char", "bool", "volatile", "static", "extern",
              "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "__le16", "__le32",
              "__le64", "size_t", "ssize_t", "phys_addr_t", "dma_addr_t", "irqreturn_t"}
# What says something to people or to lockdep and does nothing; guards declare
QUIET = re.compile(r"(pci|dev|pr|net|netdev|vfio)_(err|warn|info|notice|dbg|emerg|crit|alert)\w*|"
                   r"seq_\w+|lockdep_\w+|might_\w+|kunit_\w+|KUNIT_\w+|guard|scoped_guard|"
                   r"BUILD_BUG_ON\w*|static_assert|MODULE_\w+|EXPORT_\w+|trace_\w+|"
                   r"DECLARE_\w+|DEFINE_\w+|LIST_HEAD|class_\w+|fallthrough|prefetch\w*|"
                   # Only lockdep sees that a lock was never made
                   r"mutex_init|spin_lock_init|raw_spin_lock_init|init_rwsem|init_waitqueue_head|"
                   r"lock_map_\w+|dev_fmt|printk\w*|WARN\w*")
CONSTANT = re.compile(r"[A-Z][A-Z0-9_]{2,}")
NOT_A_NUMBER = re.compile(r"GFP_\w+|NULL|THIS_MODULE|CONFIG_\w+|ENOTSUPP")


class NotUnderstood(Exception):
    """An expression or a statement that this parser leaves alone."""


@dataclasses.dataclass
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclasses.dataclass
class Site:
    """One place: text[start:end] becomes `broken`; a statement is left out."""

    start: int
    end: int
    broken: str
    what: str
    line: int = 0
    function: str = ""
    file: str = ""
    number: int = 0

    @property
    def statement(self):
        return self.what == "statement"


def tokens(text, start, end):
    found = []
    position = start
    while position < end:
        match = TOKEN.match(text, position, end)
        if not match:
            raise NotUnderstood(text[position:position + 20])
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup, match[0], match.start(), match.end()))
        position = match.end()
    return found


FUNCTION = re.compile(r"^(?P<head>[A-Za-z_][^;{}#]*?\b(?P<name>\w+)\s*\((?:[^;{}])*\)[^;{}()]*)\n\{\n",
                      re.M)


def functions(text):
    """Name, begin and end of each body: braces in column one, as the kernel has it."""
    # Comments keep their length but say nothing; so do lines of the preprocessor
    blank = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)
    blank = re.sub(r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]), blank)
    for match in FUNCTION.finditer(blank):
        close = blank.find("\n}", match.end() - 1)
        if close < 0:
            continue
        name = re.search(r"(\w+)\s*\(", match["head"])
        # The last name before the parameters, past attributes and return types
        yield (name[1] if name else match["name"]), match.end(), close + 1, blank


class Parser:
    """The statements of one body."""

    def __init__(self, text, blank, start, end):
        self.text = text
        self.tokens = tokens(blank, start, end)
        self.found = []

    # --- helpers over tokens -------------------------------------------------

    def at(self, i):
        return self.tokens[i].text if i < len(self.tokens) else ""

    def matching(self, i):
        """The index of the bracket that closes the one at i."""
        depth = 0
        for j in range(i, len(self.tokens)):
            text = self.at(j)
            if text in "([{" and self.tokens[j].kind == "op":
                depth += 1
            elif text in ")]}" and self.tokens[j].kind == "op":
                depth -= 1
                if not depth:
                    return j
        raise NotUnderstood("brackets")

    def until(self, i, what):
        """The index of the next `what` outside of brackets."""
        while i < len(self.tokens):
            if self.at(i) in what:
                return i
            i = self.matching(i) + 1 if self.at(i) in ("(", "[", "{") else i + 1
        raise NotUnderstood("no " + " or ".join(what))

    def split(self, i, j, comma=","):
        """The ranges between commas of [i, j)."""
        begin = i
        while i < j:
            if self.at(i) in ("(", "[", "{"):
                i = self.matching(i)
            elif self.at(i) == comma:
                yield begin, i
                begin = i + 1
            i += 1
        yield begin, j

    def span(self, i, j):
        return self.tokens[i].start, self.tokens[j - 1].end

    def source(self, i, j):
        start, end = self.span(i, j)
        return " ".join(self.text[start:end].split())

    def site(self, i, j, broken, what):
        start, end = self.span(i, j)
        # Whether there is code for another configuration is not a matter of this one
        if "IS_ENABLED(" in self.text[start:end] and what != "statement":
            return
        self.found.append(Site(start, end, broken, what))

    # --- statements ------------------------------------------------------------

    def block(self, i, end):
        while i < end:
            i = self.statement(i)

    def statement(self, i):
        word = self.at(i)
        if word == "{":
            close = self.matching(i)
            self.block(i + 1, close)
            return close + 1
        if word == ";":
            return i + 1
        if word in ("if", "while", "switch"):
            close = self.matching(i + 1)
            self.condition(i + 2, close, negate=word != "switch")
            i = self.statement(close + 1)
            if word == "if" and self.at(i) == "else":
                i = self.statement(i + 1)
            return i
        if word == "for":
            close = self.matching(i + 1)
            parts = list(self.split(i + 2, close, ";"))
            if len(parts) == 3:
                self.expression(*parts[0])
                self.condition(*parts[1])
                self.expression(*parts[2])
            return self.statement(close + 1)
        if word == "do":
            i = self.statement(i + 1)
            close = self.matching(i + 1)
            self.condition(i + 2, close)
            return close + 2
        if word in ("case", "default"):
            return self.until(i, (":",)) + 1
        if word == "return":
            return self.returned(i)
        if word in ("goto", "break", "continue"):
            end = self.until(i, (";",))
            # Without a break, gcc would want a fallthrough, and rightly
            self.site(i, end + 1, "", "statement")
            return end + 1
        if self.tokens[i].kind == "name" and self.at(i + 1) == ":":
            return i + 2
        if self.tokens[i].kind == "name" and self.at(i + 1) == "(":
            close = self.matching(i + 1)
            # A loop or a scope by a macro
            if self.at(close + 1) == "{" or (
                    close + 1 < len(self.tokens) and self.tokens[close + 1].kind == "name"):
                self.arguments(i + 2, close)
                return self.statement(close + 1)
        end = self.until(i, (";",))
        if self.is_declaration(i):
            self.declaration(i, end)
        elif not QUIET.fullmatch(word):
            self.site(i, end + 1, "", "statement")
            self.expression(i, end)
        return end + 1

    def is_declaration(self, i):
        if self.at(i) in TYPE_WORDS:
            return True
        if self.tokens[i].kind != "name":
            return False
        j = i + 1
        while self.at(j) == "*":
            j += 1
        return j < len(self.tokens) and self.tokens[j].kind == "name"

    def declaration(self, i, end):
        if self.at(i) == "static":
            return
        for a, b in self.split(i, end):
            try:
                equal = self.until(a, ("=",))
            except NotUnderstood:
                continue
            if equal < b and self.at(equal + 1) != "{":
                self.expression(equal + 1, b)

    def returned(self, i):
        end = self.until(i, (";",))
        if end > i + 1:
            value = self.source(i + 1, end)
            other = {"true": "false", "false": "true", "0": "-22"}.get(value)
            if not other and value != "NULL":
                other = "0"
            if other:
                self.site(i + 1, end, other, "returned value")
            self.expression(i + 1, end, literal=False)
        return end + 1

    def condition(self, i, j, negate=True):
        if j <= i:
            return
        if negate and self.at(i) != "!":
            plain = not any(self.at(k) in SWAP and SWAP[self.at(k)] in
                            ("<", "<=", ">", ">=", "==", "!=") for k in range(i, j))
            if plain:
                self.site(i, j, f"!({self.source(i, j)})", "condition")
        self.expression(i, j)

    # --- expressions -------------------------------------------------------------

    def expression(self, i, j, literal=True):
        """All of [i, j), if it is understood; otherwise it is left alone."""
        if j <= i:
            return
        before = len(self.found)
        try:
            self.pos, self.stop = i, j
            self.literal = literal
            self.climb(0)
            while self.pos < j and self.at(self.pos) == ",":
                self.pos += 1
                self.climb(0)
            if self.pos != j:
                raise NotUnderstood(self.source(i, j))
        except NotUnderstood:
            del self.found[before:]

    def inner(self, i, j):
        """The same for what stands within brackets."""
        saved = self.pos, self.stop, self.literal
        self.expression(i, j)
        self.pos, self.stop, self.literal = saved

    def arguments(self, i, j):
        saved = getattr(self, "pos", 0), getattr(self, "stop", 0), getattr(self, "literal", True)
        for a, b in self.split(i, j):
            self.expression(a, b)
        self.pos, self.stop, self.literal = saved

    def climb(self, least):
        begin = self.pos
        self.prefix()
        while self.pos < self.stop:
            op = self.at(self.pos)
            if op in BINARY and BINARY[op] >= least:
                middle = self.pos
                self.pos += 1
                self.climb(BINARY[op] + 1)
                self.binary(begin, middle, self.pos, op)
            elif op in ASSIGN and least == 0:
                middle = self.pos
                self.pos += 1
                self.climb(0)
                if op != "=":
                    self.binary(begin, middle, self.pos, op)
            elif op == "?" and least == 0:
                middle = self.pos
                self.site(begin, middle, f"!({self.source(begin, middle)})", "condition")
                self.pos += 1
                if self.at(self.pos) != ":":
                    self.climb(0)
                if self.at(self.pos) != ":":
                    raise NotUnderstood("?")
                self.pos += 1
                self.climb(0)
            else:
                return

    def binary(self, begin, middle, end, op):
        if op in SWAP:
            self.site(begin, end, f"{self.source(begin, middle)} {SWAP[op]} "
                                  f"{self.source(middle + 1, end)}", "operator")
        # Which of two limits holds at the edge is one question, on which side another
        if op in ("<", "<=", ">", ">="):
            other = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}[op]
            self.site(begin, end, f"{self.source(begin, middle)} {other} "
                                  f"{self.source(middle + 1, end)}", "operator")

    def prefix(self):
        if self.pos >= self.stop:
            raise NotUnderstood("end")
        i = self.pos
        token = self.tokens[i]
        if token.kind == "op" and token.text in ("!", "~", "-", "+", "*", "&", "++", "--"):
            self.pos += 1
            saved = self.literal
            # -EINVAL is one constant, and its number is not the point of it
            if token.text == "-" and self.at(self.pos).startswith("E"):
                self.literal = False
            self.climb(11)
            self.literal = saved
            if token.text == "!":
                self.site(i, self.pos, f"!!({self.source(i + 1, self.pos)})", "operator")
            elif token.text in ("++", "--"):
                self.site(i, self.pos, {"++": "--", "--": "++"}[token.text] +
                          self.source(i + 1, self.pos), "operator")
            return
        if token.text == "(" and token.kind == "op":
            close = self.matching(i)
            if close >= self.stop:
                raise NotUnderstood("(")
            if self.at(i + 1) == "{":
                self.pos = close + 1
            elif self.is_cast(i, close):
                self.pos = close + 1
                if self.at(self.pos) == "{":
                    self.pos = self.matching(self.pos) + 1
                else:
                    self.climb(11)
                return
            else:
                self.inner(i + 1, close)
                self.pos = close + 1
        elif token.kind == "string":
            while self.pos < self.stop and self.tokens[self.pos].kind in ("string", "name"):
                self.pos += 1
        elif token.kind == "number":
            self.pos += 1
            self.number(i)
        elif token.kind == "char":
            self.pos += 1
        elif token.kind == "name":
            if token.text in OPAQUE:
                self.pos = self.matching(i + 1) + 1
            else:
                if token.text in TYPE_WORDS:
                    raise NotUnderstood("type")
                self.pos += 1
                self.constant(i)
        else:
            raise NotUnderstood(token.text)
        self.postfix(i)

    def postfix(self, begin):
        while self.pos < self.stop:
            op = self.at(self.pos)
            if op == "(":
                close = self.matching(self.pos)
                if close >= self.stop:
                    raise NotUnderstood("(")
                if not QUIET.fullmatch(self.at(begin)) or self.at(begin).startswith("WARN"):
                    self.arguments(self.pos + 1, close)
                self.pos = close + 1
            elif op == "[":
                close = self.matching(self.pos)
                self.inner(self.pos + 1, close)
                self.pos = close + 1
            elif op in (".", "->"):
                self.pos += 2
            elif op in ("++", "--"):
                self.pos += 1
                self.site(begin, self.pos, self.source(begin, self.pos - 1) +
                          {"++": "--", "--": "++"}[op], "operator")
            else:
                return

    def is_cast(self, i, close):
        inside = self.tokens[i + 1:close]
        if not inside or any(t.kind not in ("name", "op") or
                             (t.kind == "op" and t.text != "*") for t in inside):
            return False
        if inside[0].text in TYPE_WORDS or inside[0].text.endswith("_t"):
            return True
        return inside[-1].text == "*"

    def number(self, i):
        if not self.literal:
            return
        value = self.at(i)
        self.site(i, i + 1, f"({value} + 1)", "constant")
        if value.rstrip("uUlL") not in ("0", "0x0"):
            self.site(i, i + 1, f"({value} - 1)", "constant")

    def constant(self, i):
        name = self.at(i)
        if self.literal and CONSTANT.fullmatch(name) and not NOT_A_NUMBER.fullmatch(name) \
                and self.at(i + 1) not in ("(", ".", "->", "["):
            self.site(i, i + 1, f"({name} + 1)", "constant")


def sites(text):
    """Every place, in order."""
    found = []
    for name, start, end, blank in functions(text):
        try:
            parser = Parser(text, blank, start, end)
        except NotUnderstood:
            continue
        try:
            parser.block(0, len(parser.tokens))
        except (NotUnderstood, IndexError):
            # Half a body understood is as good as it gets
            pass
        for site in parser.found:
            site.function = name
            site.line = text.count("\n", 0, site.start) + 1
        found += parser.found
    found.sort(key=lambda s: (s.start, -s.end))
    return found


def instrument(text, chosen):
    """The text with all of these sites in it, each line where it was."""
    chosen = sorted(chosen, key=lambda s: (s.start, -s.end, s.statement is False))
    out, rest = _emit(text, chosen, 0, 0, len(text))
    assert rest == len(chosen)
    return ("int siov_mutant_is(int number);\n#line 1 \"%s\"\n" %
            (chosen[0].file if chosen else "none")) + out


def _emit(text, chosen, index, start, end):
    """text[start:end] with the sites from chosen[index] on that lie within."""
    parts = []
    position = start
    while index < len(chosen) and chosen[index].end <= end and chosen[index].start >= start:
        site = chosen[index]
        here = [site]
        while index + len(here) < len(chosen) and \
                (chosen[index + len(here)].start, chosen[index + len(here)].end,
                 chosen[index + len(here)].statement) == (site.start, site.end, site.statement):
            here.append(chosen[index + len(here)])
        inner, index = _emit(text, chosen, index + len(here), site.start, site.end)
        parts.append(text[position:site.start])
        if site.statement:
            parts.append("{ if (!siov_mutant_is(%d)) " % site.number + inner + " }")
        else:
            choices = "".join("siov_mutant_is(%d) ? (%s) : " % (s.number, s.broken)
                              for s in here)
            parts.append(f"({choices}({inner}))")
        position = site.end
    parts.append(text[position:end])
    return "".join(parts), index
