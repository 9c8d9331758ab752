"""What an expression is worth at a point, where ``rules`` say it of each kind of node."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import mpmath
import sympy as sp
from sympy.core.relational import Relational

from theory.algebra.arrays import Symmetric
from theory.language import unending
from theory.language.balls import EXACT, Ball, Imprecise, add, negative
from theory.language.scopes import names

Scope = Mapping[Any, Any]
Rules = Mapping[type, Callable[["Valuation", Any, Scope], Ball]]


class Unsupported(ValueError):
    """No value can be computed here; the message names the culprit."""


class NotReal(ArithmeticError):
    """A real step takes a complex value where its symmetric arrays are no covariances."""


@runtime_checkable
class Point(Protocol):
    """The numbers of the free names; what is not known yet is drawn."""

    general: bool

    def number(self, symbol: sp.Symbol) -> sp.Expr:
        """The value of a symbol."""
        ...

    def entry(self, base: sp.Basic, at: tuple[Any, ...]) -> sp.Expr:
        """An entry of an array, or a coordinate of an atom of a measure."""
        ...


class Valuation:
    """Values of expressions at one point, at mpmath's working precision.

    ``work`` counts the values computed; ``lowest`` and ``highest`` are the magnitudes of the
    smallest and the largest that could be told from zero; ``rough`` says that one of them is of
    an infinite process, which has fewer digits.
    """

    def __init__(self, point: Point, rules: Rules) -> None:
        """Nothing is computed yet."""
        self.point, self.rules, self.work, self.rough = point, rules, 0, False
        self.lowest, self.highest = float("inf"), EXACT
        self._known: dict[tuple[Any, ...], Ball] = {}
        self._is_covariance = False

    def __call__(self, node: sp.Basic, scope: Scope) -> Ball:
        """The value of ``node``, with its bound variables given by ``scope``."""
        if node in scope:
            return scope[node]
        key = (node, mpmath.mp.prec, *((n, scope[n]) for n in names(node) if n in scope))
        if key not in self._known:
            self.work += 1
            found = self._known[key] = self._value(node, scope)
            if self._is_covariance and isinstance(found.value, mpmath.mpc):
                raise NotReal(f"{node} is complex")
            if not found.vanishes:
                self.lowest = min(self.lowest, found.magnitude)
                self.highest = max(self.highest, found.magnitude)
        return self._known[key]

    def entry(self, base: sp.Basic, at: tuple[Any, ...]) -> sp.Expr:
        """An entry of an array, and whether it takes a covariance for a side to be real."""
        self._is_covariance |= isinstance(base, Symmetric) and self.point.general
        return self.point.entry(base, at)

    def _value(self, node: sp.Basic, scope: Scope) -> Ball:
        for kind in type(node).__mro__:
            if kind in self.rules:
                return self.rules[kind](self, node, scope)
        raise Unsupported(f"{type(node).__name__} has no numerical value: {str(node)[:80]}")

    def integer(self, node: sp.Basic, scope: Scope) -> int:
        """A bound of a sum, or an index."""
        found = self(node, scope)
        if found.error != EXACT or not mpmath.isint(found.value):
            raise ZeroDivisionError(f"{node} is no integer: {mpmath.nstr(found.value, 8)}")
        return int(found.value)

    def holds(self, condition: sp.Basic, scope: Scope) -> bool:
        """Whether a condition is true."""
        if isinstance(condition, sp.And):
            return all(self.holds(a, scope) for a in condition.args)
        if isinstance(condition, sp.Or):
            return any(self.holds(a, scope) for a in condition.args)
        if isinstance(condition, sp.Not):
            return not self.holds(condition.args[0], scope)
        if isinstance(condition, Relational):
            sign = self.sign(condition.lhs, condition.rhs, scope)
            return bool(condition.func(sp.Integer(sign), sp.S.Zero))
        if condition in (sp.true, sp.false):
            return bool(condition)
        raise Unsupported(f"the condition {condition} is not understood")

    def sign(self, left: sp.Basic, right: sp.Basic, scope: Scope) -> int:
        """Whether left is above, below or equal to right; for complex numbers, whether equal."""
        gap = add([self(left, scope), negative(self(right, scope))])
        if gap.vanishes and gap.error != EXACT:
            raise Imprecise(f"{left} and {right} cannot be told apart")
        return -1 if mpmath.re(gap.value) < 0 else int(gap.value != 0)

    def unending(self, method: Callable[..., Any], body: sp.Expr, name: sp.Basic, scope: Scope,
                 *more: Any, **options: Any) -> Ball:  # fmt: skip
        """What a method of ``unending`` makes of ``body`` as a function of ``name``."""
        self.rough = True
        return unending.twice(method(self.along(body, name, scope), *more, **options))

    def along(self, body: sp.Expr, name: sp.Basic, scope: Scope) -> Callable[[Any], Any]:
        """``body`` as a function of ``name``; its values say nothing of the magnitudes here."""
        inner = Valuation(self.point, self.rules)

        def f(x: Any) -> Any:
            value = inner(body, {**scope, name: Ball(x, EXACT)}).value
            self.work, inner.work = self.work + inner.work, 0
            return value

        return f
