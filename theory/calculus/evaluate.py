"""Values of indexed expressions at explicit sizes, to any number of digits: the second route.

Nothing is shared with the code generator: sums are loops, entries are looked up, and each
operation is one call of mpmath.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import mpmath
import sympy as sp

from theory.calculus.indices import extent
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
            found = found[int(_value(index, known))]
        return _number(found)
    if isinstance(node, sp.Sum):
        names = [limit[0] for limit in node.limits]
        ranges = [range(int(_value(limit[2], known)) + 1) for limit in node.limits]
        inner = dict(known)
        result = mpmath.mpf(0)
        for at in product(*ranges):
            inner.update(zip(names, at, strict=True))
            result += _value(node.function, inner)
        return result
    if isinstance(node, sp.Piecewise):
        branch = next(b for b, c in node.args if c == sp.true or _holds(c, known))
        return _value(branch, known)
    if isinstance(node, sp.Number):
        return mpmath.mpf(node.p) / node.q if node.is_Rational else mpmath.mpf(str(node))
    if isinstance(node, sp.NumberSymbol):
        return mpmath.mpf(str(node.evalf(mpmath.mp.dps + 5)))
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


def _holds(condition: sp.Basic, known: Mapping[sp.Basic, Any]) -> bool:
    left, right = (_value(side, known) for side in condition.args)
    return bool(
        {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right,
         "==": left == right}[condition.rel_op]
    )  # fmt: skip


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
