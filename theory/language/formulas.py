"""Undefined functions as formulas with random coefficients, which can be differentiated."""

from itertools import count
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from theory.algebra.arrays import NonNegative


class Coefficient(sp.Symbol):
    """A coefficient of the formula that stands for an undefined function."""

    @property
    def function(self) -> str:
        """The name of the function."""
        return self.name.rpartition(" ")[0]


def with_formulas(*sides: sp.Expr) -> tuple[sp.Expr, ...]:
    """The sides with each undefined function replaced by a formula, the same in all of them."""
    found: dict[Any, sp.Lambda] = {}
    while unknown := _unknown(sides) - set(found):
        for function, arity in sorted(unknown, key=str):
            _learn(function, arity, found)
    for (function, arity), formula in found.items():
        sides = tuple(_replaced(s, function, arity, formula) for s in sides)
    return sides


def _unknown(sides: tuple[sp.Expr, ...]) -> set[tuple[Any, int]]:
    nodes = {n for side in sides for n in side.atoms(sp.Function)}
    return {(n.func, len(n.args)) for n in nodes if _undefined(n)}


def _undefined(node: sp.Basic) -> bool:
    """A function without a meaning in SymPy: undefined, or of a class of a user's own."""
    if isinstance(node, AppliedUndef):
        return True
    return not isinstance(node, NonNegative) and not type(node).__module__.startswith("sympy.")


def _learn(function: Any, arity: int, found: dict[Any, sp.Lambda]) -> None:
    """Give a function a formula, and its derivatives theirs if they have classes of their own."""
    slots = sp.symbols(f"slot:{arity}", cls=sp.Dummy, real=True)
    node = function(*slots)
    formula = _formula(node, slots)
    found[function, arity] = sp.Lambda(slots, formula)
    while not isinstance(node, AppliedUndef) and arity == 1:
        slope = sp.diff(node, slots[0])
        key = slope.func, 1
        if not (isinstance(slope, sp.Function) and _undefined(slope)) or slope.args != slots:
            return
        node, formula = slope, sp.diff(formula, slots[0])
        found[key] = sp.Lambda(slots, formula)


def _formula(node: sp.Basic, slots: tuple[sp.Symbol, ...]) -> sp.Expr:
    """A smooth function that does not separate, with the sign that is assumed of the node."""
    if node.is_integer:
        return Coefficient(f"{node.func} 0", integer=True)
    numbers = (Coefficient(f"{node.func} {k}", real=True) for k in count())

    def linear() -> sp.Expr:
        return sp.Add(*(next(numbers) * s for s in slots))

    formula = next(numbers) * sp.sin(next(numbers) + linear()) + linear() + linear() ** 2 / 4
    if node.is_nonnegative or node.is_nonpositive:
        formula = sp.exp(formula / 4)
    return -formula if node.is_nonpositive else formula


def _replaced(side: sp.Expr, function: Any, arity: int, formula: sp.Lambda) -> sp.Expr:
    return side.replace(
        lambda n: isinstance(n, function) and len(n.args) == arity, lambda n: formula(*n.args)
    )
