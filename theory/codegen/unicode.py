r"""Formulas in one line of Unicode, for terminals: ``V A^\top`` is ``V Aᵀ``."""

import re

from theory.codegen.brackets import WORD, Piece, among, fraction
from theory.codegen.signs import AROUND, BEGIN, END, LOWERED, OVER, RAISED, ROOT, SIGNS, WORDS
from theory.codegen.signs import GREEK as GREEK

TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[A-Za-z]|\d+(?:\.\d+)?|\s+|.", re.DOTALL)


def unicode(latex: str) -> str:
    r"""One line of Unicode for LaTeX of formulas; what it does not know stays as it is.

    ``\frac{a}{b + c}`` is ``a/(b + c)``, ``x^{2}`` is ``x²``, and ``X^{a b}`` is ``X^(a b)``.
    """
    text, _ = _Reader(TOKEN.findall(latex)).row("")
    between = rf"(?<=[\w)]){BEGIN}|{END}(?=\w)|{END}{BEGIN}|{ROOT}(?=[{BEGIN}\w(⟨√∛∜])"
    text = _without_edges(re.sub(between, " ", text))
    text = re.sub(r"(?<=[⟨(⌈⌊\[{]) | (?=[⟩),;⌉⌋\]}])", "", text)
    return re.sub(r" +", " ", text).strip()


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at = tokens, 0

    def row(self, end: str) -> Piece:
        """Everything up to the token ``end``, which is passed over."""
        pieces: list[Piece] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token == end:
                self.at += 1
                break
            if token in ("^", "_"):
                self.at += 1
                while pieces and pieces[-1][0].isspace():
                    pieces.pop()
                base = pieces.pop() if pieces else ("", "")
                raised = "raised" if token == "^" or base[1] == "raised" else ""
                pieces.append((_with_script(base, token, self._next()), raised))
            else:
                pieces.append(self.argument())
        kinds = [kind for text, kind in pieces if not text.isspace()]
        text = "".join(among(pieces, k) for k in range(len(pieces)))
        return text, kinds[0] if len(kinds) == 1 else ""

    def argument(self) -> Piece:
        """One token, or a group in braces, in Unicode."""
        if self.at >= len(self.tokens):
            return "", ""
        token = self.tokens[self.at]
        self.at += 1
        if token == "{":
            text, kind = self.row("}")
            return text, "power" if kind == "raised" else kind
        if not token.startswith("\\"):
            return " " if token.isspace() else {"-": "−", "&": ","}.get(token, token), ""
        return self._command(token[1:])

    def _command(self, name: str) -> Piece:
        if name in ("frac", "tfrac", "dfrac"):
            return fraction(self._next(), self._next()), "frac"
        if name == "sqrt":
            return self._root(), "root"
        if name in ("binom", "tbinom", "dbinom"):
            return f"{_word('binom')}({self._next()}, {self._next()})", ""
        return self._sign(name), ""

    def _sign(self, name: str) -> str:
        if name in ("left", "right", "displaystyle", "limits", "nolimits"):
            inner = self._next() if name in ("left", "right") else ""
            return "" if inner == "." else inner
        if name in WORDS:
            return _word(self._next())
        if name in OVER:
            inner = self._next()
            return inner + OVER[name] if len(inner) == 1 else f"{name}({inner})"
        if name in (" ", ",", ";", ":", "!"):
            return "" if name == "!" else " "
        if name == "|":
            return "‖"
        if name == "partial":
            self._skip()
        if name in ("begin", "end"):
            return AROUND.get(self._next().strip(BEGIN + END), "[]")[name == "end"]
        if name == "\\":
            return "; "
        return (GREEK | SIGNS).get(name) or _word(name)

    def _root(self) -> str:
        degree = ""
        if self.at < len(self.tokens) and self.tokens[self.at] == "[":
            self.at += 1
            degree, _ = self.row("]")
        inner = self._next()
        if not all(ord(c) in RAISED for c in degree):  # no small form of it is known
            return f"{_word('root')}({degree}, {inner})"
        sign = {"": "√", "3": "∛", "4": "∜"}.get(degree) or f"{degree.translate(RAISED)}√"
        return f"{sign}{inner}{ROOT}" if len(inner) == 1 else f"{sign}({inner}){ROOT}"

    def _next(self) -> str:
        """The argument of a command, which may stand after a space; of a number one digit."""
        self._skip()
        if self.at < len(self.tokens) and len(self.tokens[self.at]) > 1:
            token = self.tokens[self.at]
            if token[0].isdigit():
                self.tokens[self.at] = token[1:]
                return token[0]
        return self.argument()[0].strip()

    def _skip(self) -> None:
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1


def _word(text: str) -> str:
    return f"{BEGIN}{text}{END}" if len(text) > 1 and text.isalpha() else text


def _without_edges(text: str) -> str:
    return re.sub(f"[{BEGIN}{END}{ROOT}]", "", text)


def _with_script(base: Piece, mark: str, inner: str) -> str:
    text, kind = base
    if kind and kind != "raised":
        text = f"({text})"
    if not text.endswith(END):
        return text + _script(mark, inner)
    word = mark == "_" and re.fullmatch(WORD, inner)
    script = f"_{_without_edges(inner)}" if word else _script(mark, inner)
    return f"{text[:-1]}{script}{END}"


def _script(mark: str, inner: str) -> str:
    inner = _without_edges(inner).strip()
    if mark == "^" and inner in ("ᵀ", "′", "*"):
        return inner
    table = RAISED if mark == "^" else LOWERED
    plain = inner.replace("−", "-")
    if inner and all(ord(c) in table for c in plain):
        return plain.translate(table)
    return f"{mark}{inner}" if len(inner) <= 1 else f"{mark}({inner})"
