"""Values of indexed expressions at explicit sizes, to any number of digits: the second route.

Nothing is shared with the code generator: sums are loops, entries are looked up, and each
operation is one call of mpmath.
"""

import operator
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import mpmath
import sympy as sp

from theory.algebra.arrays import NonNegative, extent
from theory.codegen.function import Cholesky, Function, Softmax

Values = Mapping[sp.Basic, Any]
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
        shape = [int(_value(extent(i), known)) for i in axes]
        flat = [
            _value(expression, known | dict(zip(axes, at, strict=True)))
            for at in product(*map(range, shape))
        ]
    return _nested(flat, shape)


def call(function: Function, *arguments: Any, digits: int = 30) -> tuple[Any, ...]:
    """What a generated function should return, one value for each output."""
    values: dict[sp.Basic, Any] = dict(zip(function.arguments, arguments, strict=True))
    for definition in function.definitions:
        axes, value = definition.axes, definition.value
        if isinstance(value, Cholesky):
            values[definition.array] = _cholesky(values[value.of], digits)
            continue
        if isinstance(value, Softmax):
            weight = sp.exp(value.logits)
            value = weight / sp.Sum(weight, (value.over, 0, value.over.upper))
        values[definition.array] = evaluate(value, axes, values, digits)
    return tuple(evaluate(o.expression, o.axes, values, digits) for o in function.returned)


def _value(node: sp.Basic, known: Mapping[sp.Basic, Any]) -> Any:
    """One number, given the values of scalars, arrays and indices."""
    if isinstance(node, sp.Idx | sp.Symbol):
        return _number(known[node])
    if isinstance(node, sp.Indexed):
        found = known[node.base]
        for index in node.indices:
            found = found[_position(index, node, len(found), known)]
        return _number(found)
    if isinstance(node, sp.Sum):
        *inner, (index, low, high) = node.limits
        body = sp.Sum(node.function, *inner) if inner else node.function
        first, last = (int(_value(end, known)) for end in (low, high))
        at = ({**known, index: k} for k in range(first, last + 1))
        return mpmath.fsum(_value(body, values) for values in at)
    if isinstance(node, NonNegative):
        return mpmath.mpf(_value(node.args[0], known) >= 0)
    if isinstance(node, sp.Piecewise):
        branch = next(b for b, c in node.args if _holds(c, known))
        return _value(branch, known)
    if isinstance(node, sp.Number):
        return mpmath.mpf(node.p) / node.q if node.is_Rational else mpmath.mpf(str(node))
    if isinstance(node, sp.NumberSymbol):
        return mpmath.mpf(str(node.evalf(mpmath.mp.dps + 5)))
    if isinstance(node, sp.Mul) and any(_value(a, known) == 0 for a in node.atoms(NonNegative)):
        return mpmath.mpf(0)  # an indicator may guard an entry outside its array
    arguments = [_value(a, known) for a in node.args]
    if isinstance(node, sp.Add):
        return mpmath.fsum(arguments)
    if isinstance(node, sp.Mul):
        return mpmath.fprod(arguments)
    if isinstance(node, sp.Pow):
        return arguments[0] ** arguments[1]
    if isinstance(node, sp.KroneckerDelta):
        return mpmath.mpf(arguments[0] == arguments[1])
    return FUNCTIONS[node.func](*arguments)


def _position(index: sp.Expr, entry: sp.Indexed, extent: int, known: Mapping[sp.Basic, Any]) -> int:
    place = _value(index, known)
    if not (0 <= place < extent and place == int(place)):
        raise IndexError(f"{entry} at {place} is outside its array, of {extent} entries there")
    return int(place)


def _holds(condition: sp.Basic, known: Mapping[sp.Basic, Any]) -> bool:
    if condition in (sp.true, sp.false):
        return bool(condition)
    if isinstance(condition, sp.And | sp.Or | sp.Not):
        parts = [_holds(part, known) for part in condition.args]
        return not parts[0] if isinstance(condition, sp.Not) else RULES[condition.func](parts)
    left, right = (_value(side, known) for side in condition.args)
    return bool(RELATIONS[condition.rel_op](left, right))


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
