"""Prose in the report: text with formulas between dollars, as HTML and as LaTeX."""

from markupsafe import Markup, escape

from checks.report.mathml import mathml
from checks.report.tex_words import escaped
from theory.language.prose import pieces


def html(text: str) -> Markup:
    """The text with its formulas in MathML; everything else is escaped."""
    return Markup("").join(_math(part) if math else escape(part) for math, part in pieces(text))


def _math(formula: str) -> Markup:
    try:
        return mathml(formula)
    except ValueError:
        return escape(f"${formula}$")


def tex(text: str) -> str:
    """The text for LaTeX; everything but its formulas is escaped."""
    return "".join(f"${part}$" if math else escaped(part) for math, part in pieces(text))
