"""What matrix expressions are at explicit sizes, in exact numbers, apart from the printer."""

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import sympy as sp
from sympy.matrices.expressions import (
    DiagMatrix,
    DiagonalOf,
    HadamardPower,
    HadamardProduct,
    MatAdd,
    MatMul,
    MatrixExpr,
    OneMatrix,
    Trace,
    Transpose,
)
from sympy.matrices.expressions.matexpr import MatrixElement

from tests.index_expressions import value
from theory.codegen.matrices import DOT, Inner, Part

OF_MATRICES = (MatrixElement, Trace, Inner)
At = Mapping[sp.Basic, Any]


def matrix(node: MatrixExpr, at: At) -> np.ndarray:
    """The matrix as an array of exact numbers."""
    rows, columns = (int(value(extent, at)) for extent in node.shape)
    if isinstance(node, Part):
        return np.array(
            [[_part(node, at, a, b) for b in range(columns)] for a in range(rows)], dtype=object
        )
    if isinstance(node, OneMatrix):
        return np.full((rows, columns), Fraction(1), dtype=object)
    if isinstance(node, sp.Identity):
        return np.array(
            [[Fraction(a == b) for b in range(rows)] for a in range(rows)], dtype=object
        )
    if isinstance(node, HadamardPower):
        return matrix(node.args[0], at) ** int(node.args[1])
    parts = [matrix(a, at) if isinstance(a, MatrixExpr) else scalar(a, at) for a in node.args]
    if isinstance(node, MatMul):
        found = parts[0]
        for more in parts[1:]:
            found = found @ more if isinstance(found, np.ndarray) else found * more
        return found
    if isinstance(node, MatAdd):
        return sum(parts[1:], parts[0])
    if isinstance(node, HadamardProduct):
        return np.multiply.reduce(np.array(parts, dtype=object))
    if isinstance(node, Transpose):
        return parts[0].T
    if isinstance(node, DiagonalOf):
        return parts[0].diagonal()[:, None]
    assert isinstance(node, DiagMatrix), node
    return np.diag(parts[0][:, 0]) + np.full((rows, rows), Fraction(0), dtype=object)


def _part(node: Part, at: At, *places: int) -> Any:
    indices = iter(places)
    filled = [sp.Integer(next(indices)) if i == DOT else i for i in node.entry.indices]
    return value(sp.Indexed(node.entry.base, *filled), at)


def scalar(node: sp.Basic, at: At) -> Any:
    """The number that an expression with entries, traces and inner products is."""
    if isinstance(node, MatrixElement):
        row, column = (int(value(place, at)) for place in node.args[1:])
        return matrix(node.args[0], at)[row, column]
    if isinstance(node, Trace):
        return sum(matrix(node.args[0], at).diagonal(), Fraction(0))
    if isinstance(node, Inner):
        left, right = (matrix(a, at) for a in node.args)
        return (left * right).sum()
    if isinstance(node, sp.Sum):
        *inner, (index, low, high) = node.limits
        body = sp.Sum(node.function, *inner) if inner else node.function
        ends = range(int(value(low, at)), int(value(high, at)) + 1)
        return sum((scalar(body, {**at, index: x}) for x in ends), Fraction(0))
    if isinstance(node, sp.Mul):
        plain = sorted(node.args, key=lambda x: x.has(sp.Indexed, MatrixElement))
        found = Fraction(1)
        for part in plain:  # what is weighted by zero is not looked up
            found = found and found * scalar(part, at)
        return found
    if isinstance(node, sp.Add):
        return sum((scalar(a, at) for a in node.args), Fraction(0))
    if isinstance(node, sp.Pow) and node.exp.is_Integer and node.has(MatrixElement, Trace, Inner):
        power = prod([scalar(node.base, at)] * abs(int(node.exp)), start=Fraction(1))
        return power if node.exp > 0 else 1 / power
    if node.has(*OF_MATRICES):
        (argument,) = node.args  # the function f of the random expressions
        x = scalar(argument, at)
        return x**2 + 3 * x
    return value(node, at)
