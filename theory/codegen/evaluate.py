"""Values of indexed expressions at explicit sizes, to any number of digits: the second route.

Nothing is shared with the code generator: sums are loops, entries are looked up, and each
operation is one call of mpmath.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import mpmath
import sympy as sp

from theory.algebra.arrays import NonNegative, extent
from theory.algebra.definitions import Cholesky
from theory.codegen.function import Function

Values = Mapping[sp.Basic, Any]
Formula = Callable[[Values], Any]
FUNCTIONS = {
    sp.exp: mpmath.exp, sp.log: mpmath.log, sp.sin: mpmath.sin, sp.cos: mpmath.cos,
    sp.tan: mpmath.tan, sp.asin: mpmath.asin, sp.acos: mpmath.acos, sp.atan: mpmath.atan,
    sp.atan2: mpmath.atan2, sp.sinh: mpmath.sinh, sp.cosh: mpmath.cosh, sp.tanh: mpmath.tanh,
    sp.asinh: mpmath.asinh, sp.atanh: mpmath.atanh, sp.erf: mpmath.erf, sp.erfc: mpmath.erfc,
    sp.erfinv: mpmath.erfinv, sp.loggamma: mpmath.loggamma, sp.digamma: mpmath.digamma,
    sp.Abs: abs, sp.sign: mpmath.sign, sp.floor: mpmath.floor, sp.ceiling: mpmath.ceil,
    sp.Max: max, sp.Min: min,
}  # fmt: skip
RULES = {sp.And: all, sp.Or: any}
RELATIONS = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def evaluate(expression: sp.Expr, axes: Sequence[sp.Idx], values: Values, digits: int = 30) -> Any:
    """An expression at every value of its free indices, as nested lists of mpmath numbers.

    ``values`` maps scalars to numbers and arrays to nested sequences; the sizes are read off the
    arrays. Doubles are taken as the rationals they are.
    """
    known = _with_sizes(values)
    with mpmath.workdps(digits + 10):
        shape = [int(_formula(extent(i))(known)) for i in axes]
        formula = _formula(expression)
        flat = [
            formula(known | dict(zip(axes, at, strict=True))) for at in product(*map(range, shape))
        ]
    return _nested(flat, shape)


def call(function: Function, *arguments: Any, digits: int = 30) -> tuple[Any, ...]:
    """What a generated function should return, one value for each output."""
    values: dict[sp.Basic, Any] = dict(zip(function.arguments, arguments, strict=True))
    for definition in function.definitions:
        if isinstance(definition.value, Cholesky):
            found = _cholesky(values[definition.value.of], digits)
        else:
            found = evaluate(definition.expression, definition.axes, values, digits)
        values[definition.array] = found
    return tuple(evaluate(o.content, o.axes, values, digits) for o in function.returned)


def _formula(node: sp.Basic) -> Formula:
    """One number as a function of the values of scalars, arrays and indices."""
    if isinstance(node, sp.Idx | sp.Symbol):
        return lambda known: _number(known[node])
    if isinstance(node, sp.Indexed):
        return _entry(node)
    if isinstance(node, sp.Sum):
        return _sum(node)
    if isinstance(node, sp.Piecewise):
        return _branches(node)
    if isinstance(node, sp.Rational):
        return lambda _: mpmath.mpf(node.p) / node.q
    if isinstance(node, sp.Number):
        return lambda _: mpmath.mpf(str(node))
    if isinstance(node, sp.NumberSymbol):
        return lambda _: mpmath.mpf(str(node.evalf(mpmath.mp.dps + 5)))
    parts = [_formula(part) for part in node.args]
    if isinstance(node, NonNegative):
        return lambda known: mpmath.mpf(parts[0](known) >= 0)
    if isinstance(node, sp.Mul):
        return _product(node, parts)
    if isinstance(node, sp.Add):
        return lambda known: mpmath.fsum([part(known) for part in parts])
    if isinstance(node, sp.Pow):
        return lambda known: parts[0](known) ** parts[1](known)
    if isinstance(node, sp.KroneckerDelta):
        return lambda known: mpmath.mpf(parts[0](known) == parts[1](known))
    function = FUNCTIONS[node.func]
    return lambda known: function(*[part(known) for part in parts])


def _entry(node: sp.Indexed) -> Formula:
    places = [_place(index) for index in node.indices]

    def entry(known: Values) -> Any:
        found = known[node.base]
        for index in places:
            place = index(known)
            if not (0 <= place < len(found) and place == int(place)):
                raise IndexError(
                    f"{node} at {place} is outside its array, of {len(found)} entries there"
                )
            found = found[int(place)]
        return _number(found)

    return entry


def _place(index: sp.Expr) -> Formula:
    """A plain index is the integer that a loop has put there; any other is computed."""
    return (lambda known: known[index]) if isinstance(index, sp.Idx) else _formula(index)


def _sum(node: sp.Sum) -> Formula:
    *inner, (index, low, high) = node.limits
    body = _formula(sp.Sum(node.function, *inner) if inner else node.function)
    first, last = _formula(low), _formula(high)

    def total(known: Values) -> Any:
        at = ({**known, index: k} for k in range(int(first(known)), int(last(known)) + 1))
        return mpmath.fsum(body(values) for values in at)

    return total


def _branches(node: sp.Expr) -> Formula:
    branches = [(_formula(branch), _condition(condition)) for branch, condition in node.args]

    def chosen(known: Values) -> Any:
        return next(branch for branch, holds in branches if holds(known))(known)

    return chosen


def _product(node: sp.Mul, parts: Sequence[Formula]) -> Formula:
    guards = [_formula(indicator) for indicator in node.atoms(NonNegative)]

    def product_of_parts(known: Values) -> Any:
        if any(guard(known) == 0 for guard in guards):
            return mpmath.mpf(0)  # an indicator may guard an entry outside its array
        return mpmath.fprod([part(known) for part in parts])

    return product_of_parts


def _condition(condition: sp.Basic) -> Formula:
    if condition in (sp.true, sp.false):
        return lambda _: bool(condition)
    if isinstance(condition, sp.And | sp.Or | sp.Not):
        parts = [_condition(part) for part in condition.args]
        if isinstance(condition, sp.Not):
            return lambda known: not parts[0](known)
        rule = RULES[condition.func]
        return lambda known: rule([part(known) for part in parts])
    left, right = (_formula(side) for side in condition.args)
    relation = RELATIONS[condition.rel_op]
    return lambda known: bool(relation(left(known), right(known)))


def _number(value: Any) -> mpmath.mpf:
    return value if isinstance(value, mpmath.mpf) else mpmath.mpf(float(value))


def _with_sizes(values: Values) -> dict[sp.Basic, Any]:
    """The values, and the sizes that the shapes of the arrays fix."""
    known = dict(values)
    for array, value in values.items():
        if isinstance(array, sp.IndexedBase):
            for size in array.shape:
                if isinstance(size, sp.Symbol):
                    known[size] = len(value)
                value = value[0]
    return known


def _cholesky(matrix: Any, digits: int) -> Any:
    with mpmath.workdps(digits + 10):
        return mpmath.cholesky(
            mpmath.matrix([[_number(x) for x in row] for row in matrix])
        ).tolist()


def _nested(flat: list[Any], shape: list[int]) -> Any:
    if not shape:
        return flat[0]
    step = len(flat) // shape[0]
    return [_nested(flat[k * step : (k + 1) * step], shape[1:]) for k in range(shape[0])]
