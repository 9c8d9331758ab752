r"""Matrix notation: what is contracted as matrices are is written as products of matrices.

``matrix_form`` turns an index expression into SymPy's matrix expressions, which print and can be
evaluated: ``sum_b V[a, b] A[c, b]`` with free ``a, c`` is ``V A^\top``. An expression with more
free indices keeps them, and its sums become entries: ``M[a, b] (V[b, c] - (M V)[a, c])``. What has
no such form (an index that three factors share, part of a range) keeps its sum.
"""

from collections.abc import Sequence
from functools import reduce
from itertools import combinations

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

from theory.algebra.arrays import Symmetric, extent
from theory.algebra.scope import Fresh, free_indices, instantiate, opened

DOT = sp.Symbol("\u00b7")  # the place of an index that runs
Axes = tuple[sp.Idx, ...]
Value = sp.Expr | MatrixExpr


class NoForm(Exception):
    """The expression is no product or sum of matrices."""


class Part(MatrixExpr):
    """An array, or the part of one at fixed indices, as a matrix or a column."""

    def __new__(cls, entry: sp.Indexed, rows: sp.Expr, columns: sp.Expr) -> "Part":
        """``entry`` has a dot where an index runs, first over the rows, then over the columns."""
        return sp.Basic.__new__(cls, entry, sp.sympify(rows), sp.sympify(columns))

    entry = property(lambda self: self.args[0])
    shape = property(lambda self: (self.args[1], self.args[2]))
    name = property(lambda self: str(self.args[0]))

    def _entry(self, i: sp.Expr, j: sp.Expr, **_: object) -> sp.Expr:
        return MatrixElement(self, i, j)


class Inner(sp.Expr):
    """The inner product of two columns, a number."""

    is_commutative = True


def matrix_form(expression: sp.Expr, axes: Axes) -> Value | None:
    """The array over at most two axes (the scalar, the column, the matrix), or ``None``."""
    try:
        return _lifted(expression, axes)
    except NoForm:
        return None


def matrix_entries(expression: sp.Basic) -> sp.Basic:
    """The expression with each of its sums as an entry of a matrix, where it has that form."""
    if isinstance(expression, sp.Sum):
        free = tuple(sorted(free_indices(expression), key=str))
        for axes in (*combinations(free, 2), *combinations(free, 1), ()):
            found = matrix_form(expression, axes)
            if found is not None:
                return _entry(found, axes)
    if not expression.args or isinstance(expression, sp.Indexed | sp.Idx):
        return expression
    if isinstance(expression, sp.Sum):
        return expression.func(matrix_entries(expression.function), *expression.limits)
    return expression.func(*map(matrix_entries, expression.args))


def _entry(value: Value, axes: Axes) -> sp.Expr:
    if not axes:
        return value
    # A factor stands before the entry, so that a mere array keeps its own notation.
    factors = value.args if isinstance(value, MatMul) else (value,)
    matrices = [factor for factor in factors if isinstance(factor, MatrixExpr)]
    weight = sp.Mul(*(factor for factor in factors if not isinstance(factor, MatrixExpr)))
    matrix = matrices[0] if len(matrices) == 1 else MatMul(*matrices)
    return weight * MatrixElement(matrix, *axes, *[sp.S.Zero] * (2 - len(axes)))


def _lifted(expression: sp.Expr, axes: Axes) -> Value:
    if isinstance(expression, sp.Add):
        return _added([_lifted(term, axes) for term in expression.args], axes)
    return _Product(axes, expression).value()


def _added(parts: Sequence[Value], axes: Axes) -> Value:
    return MatAdd(*parts) if axes else sp.Add(*parts)


class _Product:
    """A product of factors, summed over some indices, which are used up one by one."""

    def __init__(self, axes: Axes, expression: sp.Expr) -> None:
        self.axes, self.bound = axes, []
        self.fresh = Fresh(expression, *axes)
        self.weight: sp.Expr = sp.S.One
        self.columns: dict[sp.Idx, list[MatrixExpr]] = {}
        self.matrices: dict[Axes, list[MatrixExpr]] = {}
        factors = self._opened(expression)
        for factor in factors:
            self._take(factor)

    def _opened(self, expression: sp.Expr) -> list[sp.Expr]:
        """The factors, those inside of sums too; a sum's index is renamed where it is known."""
        if isinstance(expression, sp.Mul):
            return [f for part in expression.args for f in self._opened(part)]
        if not isinstance(expression, sp.Sum):
            return [expression]
        body, index, ends = opened(expression)
        if not isinstance(index, sp.Idx) or ends != (index.lower, index.upper):
            raise NoForm
        new = self.fresh(index)
        self.bound.append(new)
        return self._opened(instantiate(body, {index: new}))

    def _take(self, factor: sp.Expr) -> None:
        active = tuple(i for i in (*self.axes, *self.bound) if i in free_indices(factor))
        if not active:
            self.weight *= matrix_entries(factor)
        elif len(active) == 1:
            self.columns.setdefault(active[0], []).append(_array(factor, active))
        elif len(active) == 2:
            self.matrices.setdefault(active, []).append(_array(factor, active))
        else:
            raise NoForm

    def value(self) -> Value:
        """The array that is left when every bound index is used up."""
        while self.bound:
            index = min(self.bound, key=lambda i: len(self._pairs(i)))
            self.bound.remove(index)
            self._use_up(index, self._pairs(index))
        columns = [_hadamard(self.columns.get(i, [])) for i in self.axes]
        if not self.axes:
            return self.weight
        if len(self.axes) == 1:
            if columns[0] is None:
                raise NoForm
            return _scaled(self.weight, columns[0])
        matrix = _hadamard(self.matrices.get(self.axes, []))
        if matrix is None:
            if None in columns:
                raise NoForm  # constant along an axis: its entries are easier to read
            return _scaled(self.weight, columns[0], _transposed(columns[1]))
        left, right = (c and DiagMatrix(c) for c in columns)
        return _scaled(self.weight, *(f for f in (left, matrix, right) if f is not None))

    def _pairs(self, index: sp.Idx) -> list[Axes]:
        return [pair for pair in self.matrices if index in pair]

    def _use_up(self, index: sp.Idx, pairs: list[Axes]) -> None:
        column = _hadamard(self.columns.get(index, []))
        if not pairs:
            self.weight *= self._dot(index)
            return
        factors = [self.matrices.pop(pair) for pair in pairs]
        others = [pair[1] if pair[0] == index else pair[0] for pair in pairs]
        middle = [] if column is None else [DiagMatrix(column)]
        if len(pairs) == 1 and len(factors[0]) > 1:
            (other,), ((first, *rest),) = others, factors
            towards, away = _turned(first, pairs[0], index), _hadamard(rest)
            square = _times(_transposed(towards), *middle, _turned(away, pairs[0], index))
            if other in self.bound and other not in self.columns and not self._pairs(other):
                self.bound.remove(other)
                self.weight *= Trace(square)
            else:
                self.columns.setdefault(other, []).append(DiagonalOf(square))
        elif len(pairs) == 1:
            matrix = _transposed(_turned(factors[0][0], pairs[0], index))
            vector = _ones(index) if column is None else column
            self.columns.setdefault(others[0], []).append(_times(matrix, vector))
        elif len(pairs) == 2:
            left, right = (
                _turned(_hadamard(f), p, index) for f, p in zip(factors, pairs, strict=True)
            )
            order = (*self.axes, *self.bound)
            if order.index(others[0]) > order.index(others[1]):
                left, right, others = right, left, others[::-1]
            new = _times(_transposed(left), *middle, right).doit(deep=False)
            self.matrices.setdefault(tuple(others), []).append(new)
        else:
            raise NoForm

    def _dot(self, index: sp.Idx) -> sp.Expr:
        """The sum of what is left over an index that no matrix has."""
        factors = self.columns.pop(index, [])
        if not factors:
            return extent(index)
        left = _ones(index) if len(factors) == 1 else factors[0]
        right = _hadamard(factors if len(factors) == 1 else factors[1:])
        return Inner(left, right)


def _array(factor: sp.Expr, axes: Axes) -> MatrixExpr:
    """One factor as a column or a matrix over its axes."""
    if isinstance(factor, sp.Indexed):
        return _of_entry(factor, axes)
    square = len({extent(i) for i in axes}) == 1
    if isinstance(factor, sp.KroneckerDelta) and square and set(factor.args) == set(axes):
        return sp.Identity(extent(axes[0]))
    if isinstance(factor, sp.Pow) and factor.exp.is_number and not isinstance(factor, sp.exp):
        return HadamardPower(_lifted(factor.base, axes), factor.exp)
    if isinstance(factor, sp.Add):
        return _lifted(factor, axes)
    raise NoForm


def _of_entry(entry: sp.Indexed, axes: Axes) -> MatrixExpr:
    runs = [i for i in entry.indices if i in axes]
    if any(free_indices(i) & set(axes) and i not in axes for i in entry.indices):
        raise NoForm
    shape = [extent(i) for i in axes]
    base = entry.base
    if len(axes) == 1 and len(runs) == 2:
        return DiagonalOf(Part(_dotted(entry, axes), shape[0], shape[0]))
    if len(runs) != len(axes):
        raise NoForm
    if len(axes) == 1:
        return Part(_dotted(entry, axes), shape[0], sp.S.One)
    straight = tuple(runs) == axes or isinstance(base, Symmetric)
    rows, columns = shape if straight else shape[::-1]
    part = Part(_dotted(entry, axes), rows, columns)
    return part if straight else Transpose(part)


def _dotted(entry: sp.Indexed, axes: Axes) -> sp.Indexed:
    return sp.Indexed(entry.base, *(DOT if i in axes else i for i in entry.indices))


def _turned(matrix: MatrixExpr | None, pair: Axes, index: sp.Idx) -> MatrixExpr:
    """With ``index`` over the rows."""
    assert matrix is not None
    return matrix if pair[0] == index else _transposed(matrix)


def _transposed(matrix: MatrixExpr) -> MatrixExpr:
    """The transpose, taken inside of products; a symmetric array is its own."""
    if isinstance(matrix, Transpose):
        return matrix.arg
    if isinstance(matrix, Part) and isinstance(matrix.entry.base, Symmetric):
        return matrix if matrix.shape[0] == matrix.shape[1] else Transpose(matrix)
    if isinstance(matrix, MatMul | MatAdd | HadamardProduct):
        parts = [_transposed(p) if isinstance(p, MatrixExpr) else p for p in matrix.args]
        return matrix.func(*(parts[::-1] if isinstance(matrix, MatMul) else parts))
    return matrix if isinstance(matrix, DiagMatrix | sp.Identity) else Transpose(matrix)


def _hadamard(factors: Sequence[MatrixExpr]) -> MatrixExpr | None:
    return reduce(HadamardProduct, factors) if factors else None


def _ones(index: sp.Idx) -> MatrixExpr:
    return OneMatrix(extent(index), 1)


def _times(*factors: MatrixExpr) -> MatrixExpr:
    """The product, without identities beside other factors."""
    kept = [f for f in factors if not isinstance(f, sp.Identity)] or [factors[0]]
    return MatMul(*kept) if len(kept) > 1 else kept[0]


def _scaled(weight: sp.Expr, *factors: MatrixExpr) -> MatrixExpr:
    kept = [f for f in factors if not isinstance(f, sp.Identity)] or [factors[0]]
    flat = [g for f in kept for g in (f.args if isinstance(f, MatMul) else (f,))]
    weights = [g for g in flat if not isinstance(g, MatrixExpr)]
    matrices = [g for g in flat if isinstance(g, MatrixExpr)]
    weight = sp.Mul(weight, *weights)
    return matrices[0] if weight == 1 and len(matrices) == 1 else MatMul(weight, *matrices)
