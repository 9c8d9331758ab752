r"""Prose with mathematics: text in which ``$...$`` is LaTeX, made of declared symbols only."""

import re
from collections.abc import Iterable, Iterator

from theory.codegen.unicode import GREEK, unicode
from theory.language.wellformed import is_wellformed

# Letters that are signs of mathematics and no symbols of a theorem: E(xpectation), I(dentity).
SIGNS = frozenset({"E", "P", "d", "O", "I"})
# What a formula in prose may hold besides letters; commands that do more than print are not here.
COMMANDS = frozenset(
    re.findall(
        r"\w+",
        "frac tfrac sqrt left right cdot times odot otimes le leq ge geq ne neq approx sim to "
        "infty partial nabla int sum prod in top langle rangle pm ell ldots dots cdots lfloor "
        "rfloor lceil rceil mid prime ast propto ll gg circ quad wedge vee perp log ln exp sin "
        "cos tan tanh arccos arctan max min sup inf det dim lim mathrm operatorname text mathbf "
        "mathcal mathbb hat bar tilde dot overline ",
    )
) | frozenset(GREEK)
_PIECES = re.compile(r"(?<!\w)\$(?!\s)([^$]+)(?<!\s)\$(?!\w)")
_FORBIDDEN = frozenset('&%#~"\n')  # which mean something else to TeX, or to HTML
_COMMAND = re.compile(r"\\([A-Za-z]+)|\\(.)")
# A letter, a Greek letter or a word, with a bar or so over it and an index.
_ATOM = r"(?:[A-Za-z]|\\(?:" + "|".join(sorted(GREEK)) + r")(?![A-Za-z])|\\mathrm\{[^{}]*\})"
_ACCENT = r"(?P<accent>\\(?:bar|hat|tilde|mathcal|mathbf|mathbb|overline)\{?)?"
_INDEX = r"(?:_(?:\{(?:[^{}]|\{[^{}]*\})*\}|[\w+*-]|\\\w+))?"
_SYMBOL = re.compile(rf"(?P<all>{_ACCENT}(?P<base>{_ATOM})\}}?{_INDEX}'*)")


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """The text in parts: (whether it is a formula, the part without dollars).

    A formula that holds anything but letters, digits and known commands, or that LaTeX could not
    set, is no formula, and neither is what letters touch, as in ``US$1``: its text stays as it is
    written, dollars included.
    """
    done = 0
    for found in _PIECES.finditer(text):
        if not printable(found[1]):
            continue
        if text[done : found.start()]:
            yield False, text[done : found.start()]
        yield True, found[1]
        done = found.end()
    if text[done:]:
        yield False, text[done:]


def printable(formula: str) -> bool:
    """Whether a formula in prose holds known commands only, each thing in its place."""
    found = _COMMAND.findall(formula)
    if any(name not in COMMANDS if name else sign not in ",;:!|" for name, sign in found):
        return False
    return _FORBIDDEN.isdisjoint(formula) and is_wellformed(formula)


def plain(text: str) -> str:
    """The text for a terminal: formulas in Unicode."""
    return "".join(unicode(part) if formula else part for formula, part in pieces(text))


def symbols_in(text: str) -> dict[str, str]:
    r"""The symbols in the formulas of a text: as written, and without index or prime.

    What has an accent, as ``\bar\lambda``, is a symbol of its own.
    """
    found = {}
    for formula, part in pieces(text):
        if formula:
            part = re.sub(r"\\(?:operatorname|text)\{[^{}]*\}", " ", part)
            for match in _SYMBOL.finditer(_without_commands(part)):
                found[match["all"]] = "" if match["accent"] else match["base"]
    return found


def undeclared(text: str, declared: Iterable[str]) -> list[str]:
    """The symbols in the formulas of a text that are none of the declared ones, given as LaTeX.

    A symbol with an index may be one of its own, or an entry of a declared one.
    """
    known = {_bare(latex) for latex in declared} | SIGNS
    return [
        written
        for written, base in symbols_in(text).items()
        if known.isdisjoint({_bare(written), _bare(base)})
    ]


def _without_commands(formula: str) -> str:
    """Commands that print no symbol are blanks."""
    kept = (*GREEK, "bar", "hat", "tilde", "mathcal", "mathbf", "mathbb", "overline", "mathrm")
    return _COMMAND.sub(lambda m: m[0] if m[1] in kept else " ", formula)


def _bare(latex: str) -> str:
    return re.sub(r"[{}\s]", "", latex)
