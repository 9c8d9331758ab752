"""Formulas of the report: SymPy to LaTeX to MathML, all from the one object in ``theory``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from markupsafe import Markup

from checks.report.mathml import mathml
from theory.codegen import latex as theory_latex
from theory.codegen.display import shown
from theory.codegen.letters import lettered
from theory.codegen.unicode import unicode

SIGNS = {"plus": "+", "minus": "-"}
# Commands, with their argument where it is a word, and then what is left: names.
WORD = re.compile(
    r"\\(?:begin|end|text|mathrm|mathbb|mathcal|operatorname)\{[^}]*\}|\\[A-Za-z]+"
    r"|(?P<word>[A-Za-z]{2,})"
)
SHORT = 8  # visible characters of a left side that never stands alone
LONG = 5  # rows of a formula that are shown; what follows is folded
ROW = 64  # visible characters that fit on a line of the report
WIDE = 4 * ROW  # which nobody reads by scrolling: a row of so many is folded


@dataclass(frozen=True)
class Equality:
    """LaTeX of an equality in rows, and the same in indices where the rows have matrices."""

    rows: list[str]
    index: str = ""


def latex(expression: sp.Basic) -> str:
    """LaTeX of an expression, with names of several letters upright: ``heads`` is one symbol."""
    (expression,) = lettered(expression)
    return upright(theory_latex(expression))


def upright(source: str) -> str:
    """The LaTeX with words upright."""
    return WORD.sub(_upright, source)


def _upright(match: re.Match[str]) -> str:
    word = match.group("word")
    return rf"\mathrm{{{SIGNS.get(word, word)}}}" if word else match.group()


def formula(expression: sp.Basic, *, block: bool = False) -> Markup:
    """MathML of a SymPy expression."""
    return mathml(latex(expression), block=block)


def typeset(source: list[str]) -> list[Markup]:
    """MathML of rows of LaTeX."""
    return [mathml(row, block=True) for row in source]


def formula_view(found: Equality) -> Mapping[str, Any]:
    """Rows that are shown, the rest of a long formula, and the index form behind a matrix form.

    These are lines of Unicode: they are there to be exact, and take a tenth of the bytes.
    """
    wide = (k for k, row in enumerate(found.rows) if visible(row) > WIDE)
    cut = min(next(wide, len(found.rows)), LONG if len(found.rows) > LONG + 1 else LONG + 1)
    rows = typeset(found.rows[:cut])
    rest = "\n".join(map(unicode, found.rows[cut:]))
    return {"rows": rows, "rest": rest, "index": unicode(found.index)}


def equality(left: sp.Expr, right: sp.Expr) -> Equality:
    """``left = right`` in matrix notation, in as many rows as it needs."""
    found = shown(left, right)
    index = f"{found.index_left} = {found.index_right}" if found.matrices else ""
    return Equality(rows(upright(found.left), upright(found.right)), index)


def equation(expression: sp.Basic) -> Equality:
    """An equation of a statement, or any expression, in rows."""
    if isinstance(expression, sp.Equality):
        return equality(expression.lhs, expression.rhs)
    return Equality(broken(latex(expression)))


def rate_latex(rate: sp.Expr) -> str:
    """A sum of monomials with their powers in one line: ``L^{-1} + L^{-1/3} H^{-1/2}``."""
    return " + ".join(
        " ".join(map(_power, term.as_ordered_factors())) for term in rate.as_ordered_terms()
    )


def _power(factor: sp.Expr) -> str:
    base, exponent = factor.as_base_exp()
    text = latex(base)
    if isinstance(base, sp.log) and base.args[0].is_Symbol:
        text = rf"\log {latex(base.args[0])}"
    if exponent == 1:
        return text
    text = rf"\left({text}\right)" if isinstance(base, sp.log) else f"{{{text}}}"
    return f"{text}^{{{exponent}}}"


def rows(left: str, right: str) -> list[str]:
    """LaTeX of an equality: one row if it fits, else rows of the left and of the right side."""
    whole = f"{left} = {right}"
    if visible(whole) <= ROW:
        return [whole]
    first, *rest = broken(right)
    if visible(left) <= SHORT or visible(left) + visible(first) <= ROW:
        return [f"{left} = {first}", *rest]
    return [*broken(left), f"= {first}", *rest]


def broken(source: str) -> list[str]:
    """LaTeX cut before the plus and minus signs that stand outside all brackets.

    What then is wider than a line is cut within its widest brackets.
    """
    return [part for row in _lines(source) for part in _within(row)]


def _lines(source: str) -> list[str]:
    depth, start, terms = 0, 0, []
    for token in re.finditer(r"\\left\b|\\right\b|[{}]| [+-] ", source):
        text = token.group()
        if text in ("{", r"\left"):
            depth += 1
        elif text in ("}", r"\right"):
            depth -= 1
        elif depth == 0:
            terms.append(source[start : token.start()])
            start = token.start()
    terms.append(source[start:])
    found = [terms[0]]
    for term in terms[1:]:
        if visible(found[-1]) + visible(term) <= ROW:
            found[-1] += term
        else:
            found.append(term.strip())
    return found


def _within(row: str) -> list[str]:
    """A row that is too wide in rows: brackets open in the first and close in the last."""
    spans = _brackets(row) if visible(row) > ROW else []
    if not spans:
        return [row]
    start, end = max(spans, key=lambda span: visible(row[span[0] : span[1]]))
    first, *rest = _lines(row[start:end].strip())
    if not rest:
        return [row]
    begin, after = row[:start] + first, row[end:]
    *middle, last = (rf"\left. {line} " for line in rest)
    return [rf"{begin} \right.", *(rf"{line}\right." for line in middle), f"{last}{after}"]


def _brackets(row: str) -> list[tuple[int, int]]:
    """Where the insides of round brackets begin and end that stand in no others."""
    depth, start, spans = 0, 0, []
    for token in re.finditer(r"\\left\(|\\left\b|\\right\b|[{}]", row):
        if token.group() in ("}", r"\right"):
            depth -= 1
            if depth == 0 and start:
                spans.append((start, token.start()))
                start = 0
            continue
        if depth == 0 and token.group() == r"\left(":
            start = token.end()
        depth += 1
    return spans


def visible(source: str) -> int:
    """Roughly how many characters of a LaTeX formula are seen: commands count as one."""
    return len(re.sub(r"[{}^_\s]|\\(left|right|frac)\b", "", re.sub(r"\\[a-z]{3,}", "x", source)))
