"""Indexed definitions: one object for what has a name, axes and a value.

``D = define("D", (a, b), expression)``; ``D[p, q]`` is the expression at other indices, in which
no index is captured; ``D.array[p, q]`` is the entry by its name, which ``unfold`` and
``substitute`` replace. A name that is not replaced is an array like any other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits

from theory.algebra.arrays import Symmetric, array, extent, total
from theory.algebra.canonical import assemble, canonical
from theory.algebra.contraction import contracted
from theory.algebra.given import given
from theory.algebra.scope import Fresh, free_indices, instantiate, opened
from theory.algebra.terms import Term, expand, multiplied


@dataclass(frozen=True)
class Cholesky:
    """The lower triangular factor of a positive definite array: ``V = L L^T``."""

    of: sp.IndexedBase


@dataclass(frozen=True)
class Softmax:
    """``exp(logits) / sum over one index of exp(logits)``, shifted so that it cannot overflow."""

    logits: sp.Expr
    over: sp.Idx


@dataclass(frozen=True)
class LogSoftmax(Softmax):
    """The logarithm of a softmax, taken before a weight underflows."""


Value = sp.Expr | Cholesky | Softmax


@dataclass(frozen=True)
class Definition:
    """``array[axes] = value``; made by ``define``. Without axes the array is a symbol."""

    array: sp.IndexedBase | sp.Symbol
    axes: tuple[sp.Idx, ...]
    value: Value

    @property
    def name(self) -> str:
        """What it is called in code."""
        return str(self.array)

    def __str__(self) -> str:
        """By its name."""
        return self.name

    @property
    def content(self) -> sp.Expr:
        """The expression that the value depends on."""
        if isinstance(self.value, Cholesky):
            return self.value.of[self.axes]
        return self.value.logits if isinstance(self.value, Softmax) else self.value

    @cached_property
    def expression(self) -> sp.Expr:
        """The value as a formula in the axes; a Cholesky factor has none (``ValueError``)."""
        if isinstance(self.value, Cholesky):
            raise ValueError(f"{self} is a Cholesky factor, which has no formula to put in")
        if not isinstance(self.value, Softmax):
            return self.value
        weight = sp.exp(self.value.logits)
        other = Fresh(weight)(self.value.over)
        share = weight / total(instantiate(weight, {self.value.over: other}), other)
        return sp.log(share) if isinstance(self.value, LogSoftmax) else share

    def __getitem__(self, at: sp.Basic | int | tuple[sp.Basic | int, ...]) -> sp.Expr:
        """The expression at indices or fixed positions, one for each axis."""
        places = tuple(map(sp.sympify, at if isinstance(at, tuple) else (at,)))
        if len(places) != len(self.axes):
            raise IndexError(
                f"{self} has the axes {_listed(self.axes)}; received {len(places)} indices, "
                f"{_listed(places)}. Give one for each axis"
            )
        for axis, place in zip(self.axes, places, strict=True):
            if isinstance(place, sp.Idx) and (place.lower, place.upper) != (axis.lower, axis.upper):
                raise IndexError(
                    f"{self} has {extent(axis)} entries along {axis}; the index {place} runs over "
                    f"{place.lower} .. {place.upper}. Use an index of the same range"
                )
        return instantiate(self.expression, dict(zip(self.axes, places, strict=True)))


def define(
    name: str | sp.Symbol | sp.IndexedBase, axes: tuple[sp.Idx, ...], expression: Value | int
) -> Definition:
    """A definition, given for some free indices; ``name`` may be an array declared before.

    Other free indices of the expression stay as they are. Raises ``ValueError`` if an axis is no
    index or given twice, and if the array declared before has another shape or symmetry.
    """
    named_here = isinstance(expression, Cholesky | Softmax)
    value = expression if named_here else given(expression, f"the definition of {name}")
    axes = tuple(axes) if isinstance(axes, tuple | list) else (axes,)
    if not all(isinstance(i, sp.Idx) for i in axes) or len(set(axes)) < len(axes):
        raise ValueError(f"{name}: the axes must be different indices; received {_listed(axes)}")
    shape = tuple(extent(i) for i in axes)
    if isinstance(name, str):
        base = array(name, *shape) if axes else sp.Symbol(name, real=True)
    else:
        base = name
    declared = base.shape if isinstance(base, sp.IndexedBase) else ()
    if declared is not None and shape != tuple(declared):
        raise ValueError(
            f"{name} is declared with the shape ({_listed(declared)}); its axes, "
            f"{_listed(axes)}, have the extents ({_listed(shape)})"
        )
    found = Definition(base, tuple(axes), value)
    if isinstance(base, Symmetric) and isinstance(value, Softmax):
        raise ValueError(f"{name} is declared symmetric; a softmax is not: declare it without")
    if isinstance(base, Symmetric) and not isinstance(value, Cholesky | Softmax):
        swapped = instantiate(value, dict(zip(axes, reversed(axes), strict=True)))
        if canonical(value - swapped) != 0:
            raise ValueError(
                f"{name} is declared symmetric, and {value} changes when {_listed(axes)} are "
                f"exchanged. Declare the array without symmetric=True, or define both halves"
            )
    return found


def unfold(expression: sp.Basic, *definitions: Definition) -> sp.Basic:
    """Replace names by what they stand for, the last first: later ones may use earlier ones.

    The form is kept: nothing is multiplied out.
    """
    for definition in reversed(definitions):
        expression = _unfolded(expression, definition)
    return expression


def substitute(expression: sp.Expr, definition: Definition) -> sp.Expr:
    """Replace a name by what it stands for; multiplied out, but not canonical."""
    fresh = Fresh(expression, definition.expression, *definition.axes)
    found = []
    for term in (t for part in expand(expression, fresh) for t in contracted(part)):
        parts = [expand(_unfolded(f, definition), fresh) for f in term.factors]
        found += [
            Term(term.coefficient * t.coefficient, t.factors, term.bound + t.bound)
            for t in multiplied(parts)
        ]
    return assemble(found)


def _unfolded(expression: sp.Basic, by: Definition) -> sp.Basic:
    if not by.axes:
        return instantiate(expression, {by.array: by.expression})
    if isinstance(expression, sp.Indexed) and expression.base == by.array:
        return instantiate(by.expression, dict(zip(by.axes, expression.indices, strict=True)))
    if not expression.has(by.array):
        return expression
    if isinstance(expression, ExprWithLimits):
        symbols = {x for x in by.expression.free_symbols if isinstance(x, sp.Symbol)}
        avoid = symbols | (free_indices(by.expression) - set(by.axes))
        body, variable, ends = opened(expression, avoid)
        ends = tuple(_unfolded(e, by) for e in ends)
        return expression.func(_unfolded(body, by), (variable, *ends))
    return expression.func(*(_unfolded(a, by) for a in expression.args))


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items)) or "none"
