"""Formulas of the report: SymPy to LaTeX to MathML, all from the one object in ``theory``."""

import re

import sympy as sp
from latex2mathml.converter import convert
from markupsafe import Markup

from theory.codegen import latex as theory_latex
from theory.language import Step

SIGNS = {"plus": "+", "minus": "-"}
# Commands, with their argument where it is a word, and then what is left: names.
WORD = re.compile(
    r"\\(?:begin|end|text|mathrm|mathbb|mathcal|operatorname)\{[^}]*\}|\\[A-Za-z]+"
    r"|(?P<word>[A-Za-z]{2,})"
)
SHORT = 8  # visible characters of a left side that never stands alone
ROW = 64  # visible characters that fit on a line of the report


def latex(expression: sp.Basic) -> str:
    """LaTeX of an expression, with names of several letters upright: ``heads`` is one symbol."""
    return WORD.sub(_upright, theory_latex(expression))


def _upright(match: re.Match[str]) -> str:
    word = match.group("word")
    return rf"\mathrm{{{SIGNS.get(word, word)}}}" if word else match.group()


def mathml(source: str, *, block: bool = False) -> Markup:
    """MathML of a LaTeX formula; a formula that cannot be converted raises ValueError."""
    try:
        return Markup(convert(source, display="block" if block else "inline"))
    except Exception as error:  # latex2mathml raises several unrelated types
        raise ValueError(f"no MathML for the formula {source!r}: {error}") from error


def formula(expression: sp.Basic, *, block: bool = False) -> Markup:
    """MathML of a SymPy expression."""
    return mathml(latex(expression), block=block)


def equality(step: Step) -> list[Markup]:
    """MathML of ``left = right``, in as many rows as it needs."""
    return [mathml(row, block=True) for row in equality_rows(step)]


def equality_rows(step: Step) -> list[str]:
    """LaTeX of ``left = right``, in as many rows as it needs."""
    return rows(latex(step.left), latex(step.right))


def equation(expression: sp.Basic) -> list[Markup]:
    """MathML of an equation of a statement, in as many rows as it needs."""
    return [mathml(row, block=True) for row in equation_rows(expression)]


def equation_rows(expression: sp.Basic) -> list[str]:
    """LaTeX of an equation, or of any expression, in rows."""
    if isinstance(expression, sp.Equality):
        return rows(latex(expression.lhs), latex(expression.rhs))
    return broken(latex(expression))


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
    """LaTeX cut before the plus and minus signs that stand outside all brackets."""
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


def visible(source: str) -> int:
    """Roughly how many characters of a LaTeX formula are seen: commands count as one."""
    return len(re.sub(r"[{}^_\s]|\\(left|right|frac)\b", "", re.sub(r"\\[a-z]{3,}", "x", source)))
