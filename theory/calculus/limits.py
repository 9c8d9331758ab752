"""Limits in a large size or at a point: exact in the parameters, in bounded time, or refused."""

import sympy as sp

from theory.algebra.given import given
from theory.calculus.bounded import Worker
from theory.calculus.gate import Disagreement
from theory.calculus.indices import Term, collect, terms
from theory.calculus.puiseux import Undecided
from theory.calculus.routes import by_algebra, by_sympy

SECONDS = 30.0  # for SymPy's own limit, in a process of its own


def leading(expression: sp.Expr, large: sp.Symbol) -> sp.Expr:
    """The limit of an indexed expression as one size tends to infinity, term by term.

    Raises ``ValueError`` when a coefficient diverges, or otherwise as ``large_limit`` does.
    """
    return collect(
        Term(large_limit(t.coefficient, large), t.factors, t.bound) for t in terms(expression)
    )


def large_limit(expression: sp.Expr, large: sp.Symbol) -> sp.Expr:
    """The limit of a scalar as ``large`` tends to infinity.

    Found by algebra (a rational function of a root, or a Puiseux series), else by SymPy's
    ``limit``, which has returned wrong values, in a process that is ended after ``SECONDS``.
    Then it is held against values at every order and sign of the parameters.

    Raises ``ValueError`` when no finite limit is found in time, or when the one found is not right
    at every order of the parameters: the message names the parameters where it is not.
    """
    return _limit(expression, large, sp.oo, "-")


def one_sided_limit(expression: sp.Expr, variable: sp.Symbol, point: sp.Expr, side: str) -> sp.Expr:
    """The limit at a finite point from one side (``"+"`` or ``"-"``), as ``large_limit``."""
    if side not in ("+", "-"):
        raise ValueError(f'a side of a point is "+" or "-"; got {side!r}')
    point = given(point, "the point of a limit")
    if point.is_infinite:
        raise ValueError(f"a one-sided limit is at a finite point; got {point}: use large_limit")
    return _limit(expression, variable, point, side)


def continued(expression: sp.Expr, variable: sp.Symbol, low: sp.Expr, high: sp.Expr) -> sp.Expr:
    """A function on [low, high], continued beyond the ends by its tangents there.

    So that rounding which leaves the interval, and the ends themselves, where the expression has
    a finite value and slope but a singular formula, give finite values and gradients.
    """
    slope = sp.expand(sp.diff(expression, variable))

    def tangent(end: sp.Expr, side: str) -> sp.Expr:
        value = one_sided_limit(expression, variable, end, side)
        return value + one_sided_limit(slope, variable, end, side) * (variable - end)

    return sp.Piecewise(
        (tangent(low, "+"), variable <= low),
        (tangent(high, "-"), variable >= high),
        (expression, True),
    )


def _limit(expression: sp.Expr, variable: sp.Symbol, point: sp.Expr, side: str) -> sp.Expr:
    expression = given(expression, "a limit")
    if not expression.has(variable):
        return expression
    hidden: dict[sp.Basic, sp.Dummy] = {}
    question = (_without_arrays(expression, variable, hidden), variable, point, side)
    try:
        value = by_algebra(*question)
    except Undecided as why:
        with Worker(limit) as worker:
            value, reason, _ = worker.ask(limit, question, SECONDS)
        if value is None:
            raise _refusal(expression, variable, point, f"by SymPy: {reason}; {why}") from None
    except Disagreement as why:
        raise _refusal(expression, variable, point, str(why)) from None
    return value.xreplace({new: old for old, new in hidden.items()})


def limit(question: tuple[sp.Expr, sp.Symbol, sp.Expr, str]) -> tuple[sp.Expr, str]:
    """SymPy's limit, as a method of a worker."""
    return by_sympy(*question), ""


def _without_arrays(
    node: sp.Basic, variable: sp.Symbol, hidden: dict[sp.Basic, sp.Dummy]
) -> sp.Basic:
    """The expression with entries and sums that do not move as real symbols."""
    if not node.has(sp.Indexed, sp.Sum):
        return node
    if not node.has(variable):
        known = {"real": True, "positive": node.is_positive}
        return hidden.setdefault(node, sp.Dummy("A", **known))
    if isinstance(node, sp.Sum):
        raise ValueError(f"a limit is of a scalar, or by ``leading``; got the sum {node}")
    return node.func(*(_without_arrays(a, variable, hidden) for a in node.args))


def _refusal(expression: sp.Expr, variable: sp.Symbol, point: sp.Expr, why: str) -> ValueError:
    return ValueError(
        f"no finite limit of {expression} as {variable} tends to {point} that holds for all "
        f"parameters: {why}. Give the parameters assumptions or values, or split the expression"
    )
