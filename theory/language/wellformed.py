r"""Whether a formula is one that LaTeX can set: scripts, arguments and brackets in their places."""

import re
from collections.abc import Sequence

FONTS = frozenset({"mathrm", "operatorname", "mathbf", "mathcal", "mathbb"})
ACCENTS = frozenset({"hat", "bar", "tilde", "dot", "overline"})
FRACTIONS = frozenset({"frac", "tfrac"})
WITH_ARGUMENT = FONTS | ACCENTS | FRACTIONS | {"sqrt", "text", "left", "right"}
# Commands that are no single sign: they have no place as a script without braces.
NO_SCRIPT = frozenset(
    re.findall(
        r"\w+",
        "quad log ln exp sin cos tan tanh arccos arctan max min sup inf det dim lim dots ldots "
        "cdots ",
    )
)
DELIMITERS = re.compile(r"[()\[\].|/<>]|\\(?:\||langle|rangle|[lr]floor|[lr]ceil|vee|wedge)")
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\S", re.DOTALL)
_SPACED = re.compile(r"\\text\s*\{[^{}\\^_]*\}")  # in which nothing is mathematics


class Malformed(Exception):
    """LaTeX would stop at the formula."""


def is_wellformed(formula: str) -> bool:
    """Whether every script, accent and bracket has what it needs, and no sign two scripts alike."""
    try:
        _Tokens(_TOKEN.findall(_SPACED.sub("x", formula))).row("")
    except Malformed:
        return False
    return True


class _Tokens:
    """Reads tokens from left to right; raises `Malformed`."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens, self.at = tokens, 0

    def row(self, end: str) -> None:
        """Everything up to the token ``end``, which is passed over."""
        scripts = ""  # of the sign before, in order
        while self.at < len(self.tokens):
            token = self.next()
            if token == end:
                return
            if token in ("^", "_", "'"):
                scripts += token
                raised = scripts.replace("_", "")
                # A power may follow primes at once, which LaTeX puts together with them.
                if scripts.count("_") > 1 or not re.fullmatch(r"'*\^?", raised):
                    raise Malformed
                if "^" in raised and "'_^" in re.sub("'+", "'", scripts):
                    raise Malformed
                if token != "'":
                    self.script()
            else:
                scripts = ""
                self.sign(token)
        if end:
            raise Malformed

    def next(self) -> str:
        """The next token."""
        if self.at >= len(self.tokens):
            raise Malformed
        self.at += 1
        return self.tokens[self.at - 1]

    def sign(self, token: str) -> None:
        """What the token begins: a group, a command with its arguments, or itself alone."""
        name = token.removeprefix("\\") if len(token) > 1 else ""
        if token == "{":
            self.row("}")
        elif token == "}" or name in ("right", "text"):
            raise Malformed
        elif name == "left":
            self.delimiter()
            self.row("\\right")
            self.delimiter()
        elif name == "sqrt" and self.tokens[self.at : self.at + 1] == ["["]:
            self.next()
            self.row("]")
            self.argument()
        elif name in WITH_ARGUMENT:
            for _ in range(2 if name in FRACTIONS else 1):
                self.argument()

    def delimiter(self) -> None:
        """What stands after left or right."""
        if not DELIMITERS.fullmatch(self.next()):
            raise Malformed

    def argument(self) -> None:
        """A group, or one sign."""
        token = self.next()
        if token in ("^", "_", "'", "}") or token.removeprefix("\\") in WITH_ARGUMENT:
            raise Malformed
        self.sign(token)

    def script(self) -> None:
        """A group, a word in some font, or one sign."""
        token = self.next()
        name = token.removeprefix("\\") if len(token) > 1 else ""
        loose = name in (WITH_ARGUMENT | NO_SCRIPT) - FONTS or re.fullmatch(r"\\[^A-Za-z|]", token)
        if token in ("^", "_", "'", "}") or loose:
            raise Malformed
        self.sign(token)
