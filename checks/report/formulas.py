"""Formulas of the report: SymPy to LaTeX to MathML, all from the one object in ``theory``."""

import sympy as sp
from latex2mathml.converter import convert
from markupsafe import Markup

from theory.codegen.latex import latex
from theory.language import Step


def mathml(source: str, *, block: bool = False) -> Markup:
    """MathML of a LaTeX formula; a formula that cannot be converted raises ValueError."""
    try:
        return Markup(convert(source, display="block" if block else "inline"))
    except Exception as error:  # latex2mathml raises several unrelated types
        raise ValueError(f"no MathML for the formula {source!r}: {error}") from error


def formula(expression: sp.Basic, *, block: bool = False) -> Markup:
    """MathML of a SymPy expression."""
    return mathml(latex(expression), block=block)


def equality(step: Step) -> Markup:
    """MathML of ``left = right``, on a line of its own."""
    return mathml(equality_latex(step), block=True)


def equality_latex(step: Step) -> str:
    """LaTeX of ``left = right``."""
    return f"{latex(step.left)} = {latex(step.right)}"
