"""Prose in the report: text with formulas between dollars, as HTML and as LaTeX."""

import re

import sympy as sp
from markupsafe import Markup, escape

from checks.report.formulas import latex
from checks.report.mathml import mathml
from checks.report.tex_words import escaped
from theory.language.prose import pieces, printable
from theory.limits.remark import Remark

SIGNS = {"**({})": "^{{{}}}", "->": r"\to ", "!=": r"\neq "}  # of a remark


# A browser would break a line between a formula and the sign that belongs to it.
_TIED = re.compile(r"\(?<math>(?:(?!<math>).)*</math>[,.;:!?)]+|\(<math>.*?</math>", re.DOTALL)


def html(text: str) -> Markup:
    """The text with its formulas in MathML; everything else is escaped."""
    found = "".join(_math(part) if math else escape(part) for math, part in pieces(text))
    return Markup(_TIED.sub(lambda tied: f'<span class="tied">{tied[0]}</span>', found))


def _math(formula: str) -> Markup:
    try:
        return mathml(formula)
    except ValueError:
        return escape(f"${formula}$")


def tex(text: str) -> str:
    """The text for LaTeX; everything but its formulas is escaped."""
    return "".join(f"${part}$" if math else escaped(part) for math, part in pieces(text))


def typeset(remark: str) -> str:
    """A remark about a limit with its formulas in LaTeX between dollars, where it has any."""
    if not isinstance(remark, Remark):
        return remark
    template = remark.template
    for sign, command in SIGNS.items():
        template = template.replace(sign, command)
    parts = (latex(p) if isinstance(p, sp.Basic) else p for p in remark.parts)
    text = template.format(*parts)
    return text if all(map(printable, text.split("$")[1::2])) else str(remark)
