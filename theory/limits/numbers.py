"""Values of index expressions in NumPy: every index is an axis of an array."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from scipy import special

from theory.algebra.arrays import NonNegative, extent
from theory.calculus.kernels import GaussianMean, SoftmaxMean

Named = tuple[np.ndarray, tuple[sp.Idx, ...]]

FUNCTIONS: dict[type, Any] = {
    sp.exp: np.exp, sp.log: np.log, sp.sin: np.sin, sp.cos: np.cos, sp.tanh: np.tanh,
    sp.erf: special.erf, sp.Abs: np.abs, sp.sign: np.sign, sp.gamma: special.gamma,
    sp.atan: np.arctan, sp.cosh: np.cosh, sp.sinh: np.sinh,
    sp.acos: lambda x: np.arccos(_clipped(x)), sp.asin: lambda x: np.arcsin(_clipped(x)),
}  # fmt: skip


class Missing(ValueError):
    """A value that the expression needs and that was not given."""


def evaluate(expression: sp.Expr, axes: Sequence[sp.Idx], values: Mapping[str, Any]) -> np.ndarray:
    """The expression at all values of ``axes``; scalars, sizes and arrays are given by name."""
    known = {str(k): np.asarray(v, dtype=float) for k, v in values.items()}
    for entry in expression.atoms(sp.Indexed):
        base = str(entry.base)
        if base in known:
            if known[base].ndim != len(entry.indices):
                raise Missing(f"{base} has {len(entry.indices)} axes; received {known[base].shape}")
            for size, length in zip(entry.base.shape, known[base].shape, strict=True):
                if isinstance(size, sp.Symbol):
                    known.setdefault(str(size), np.asarray(float(length)))
    numbers = _Numbers(known)
    value, names = numbers.of(expression)
    sizes = [numbers.extent(i) for i in axes]
    spread = _aligned((value, names), tuple(axes))
    return np.broadcast_to(spread, sizes).copy()


class _Numbers:
    def __init__(self, known: Mapping[str, np.ndarray]) -> None:
        self.known = known
        self.found: dict[sp.Basic, Named] = {}

    def of(self, node: sp.Basic) -> Named:
        """Each subexpression once."""
        if node not in self.found:
            self.found[node] = self._of(node)
        return self.found[node]

    def _of(self, node: sp.Basic) -> Named:
        if isinstance(node, sp.Idx):
            return np.arange(self.extent(node), dtype=float), (node,)
        if isinstance(node, sp.Number | sp.NumberSymbol):
            return np.asarray(float(node)), ()
        if isinstance(node, sp.Symbol):
            return self.named(str(node)), ()
        if isinstance(node, sp.Indexed):
            return self.entry(node)
        if isinstance(node, sp.Sum):
            return self.sum(node)
        if isinstance(node, GaussianMean):
            return self.gaussian(node)
        if isinstance(node, SoftmaxMean):
            return self.softmax(node)
        if isinstance(node, sp.hyper):
            return self.hypergeometric(node)
        return self.function(node)

    def function(self, node: sp.Basic) -> Named:
        parts = [self.of(a) for a in node.args]
        names = tuple(dict.fromkeys(i for _, at in parts for i in at))
        return np.asarray(_applied(node, [_aligned(p, names) for p in parts])), names

    def named(self, name: str) -> np.ndarray:
        if name not in self.known:
            raise Missing(f"no value for {name}; give it in at=, e.g. at={{'{name}': ..}}")
        return self.known[name]

    def extent(self, index: sp.Idx) -> int:
        return int(self.of(sp.sympify(extent(index)))[0])

    def entry(self, node: sp.Indexed) -> Named:
        array, names = self.named(str(node.base)), []
        places = []
        for axis, index in enumerate(node.indices):
            if isinstance(index, sp.Idx):
                if index not in names:
                    names.append(index)
                places.append((axis, index))
            else:
                raise ValueError(f"{node} is at a fixed position")
        letters = {index: k for k, index in enumerate(names)}
        taken = np.einsum(array, [letters[i] for _, i in places], list(range(len(names))))
        return taken, tuple(names)

    def sum(self, node: sp.Sum) -> Named:
        value, names = self.of(node.function)
        for index, *_ in node.limits:
            if index in names:
                axis = names.index(index)
                value, names = np.asarray(value.sum(axis=axis)), names[:axis] + names[axis + 1 :]
            else:
                value = np.asarray(value * self.extent(index))
        return value, names

    def gaussian(self, node: GaussianMean) -> Named:
        outer = node.outer
        parts = [self.of(c) for c in (*node.covariance, *outer)]
        names = tuple(dict.fromkeys(i for _, at in parts for i in at))
        shape = tuple(self.extent(i) for i in names)
        entries = [np.broadcast_to(_aligned(p, names), shape).ravel() for p in parts]
        rows, split = np.stack(entries, axis=-1), len(parts) - len(outer)
        found = node.quadratures(rows[:, :split], rows[:, split:])
        return found.reshape(shape), names

    def softmax(self, node: SoftmaxMean) -> Named:
        where, bound, covariance = node.args
        sizes = [self.extent(i) for i in bound]
        array = np.broadcast_to(_aligned(self.of(covariance), tuple(bound)), sizes)
        base = sp.IndexedBase("moments", shape=tuple(extent(i) for i in where))
        known = {**self.known, "moments": node.moments(array)}
        return _Numbers(known).entry(base[tuple(where)])

    def hypergeometric(self, node: sp.Expr) -> Named:
        (a, b), (c,), z = node.args
        value, names = self.of(z)
        first, second, third = (float(self.of(e)[0]) for e in (a, b, c))
        return special.hyp2f1(first, second, third, np.minimum(value, 1.0)), names


def _aligned(value: Named, names: tuple[sp.Idx, ...]) -> np.ndarray:
    """The array with one axis for each name, of length one where it has none."""
    array, own = value
    order = [own.index(i) for i in names if i in own]
    moved = np.transpose(array, order) if order else array
    place = tuple(slice(None) if i in own else None for i in names)
    return moved[place] if place else moved


def _applied(node: sp.Basic, arrays: list[np.ndarray]) -> Any:
    """A function of aligned arrays."""
    if isinstance(node, sp.Add | sp.Mul):
        result = arrays[0]
        for other in arrays[1:]:
            result = result + other if isinstance(node, sp.Add) else result * other
        return result
    if isinstance(node, sp.Pow):
        return _power(*arrays)
    if isinstance(node, sp.KroneckerDelta):
        return (arrays[0] == arrays[1]).astype(float)
    if isinstance(node, NonNegative):
        return (arrays[0] >= 0).astype(float)
    if isinstance(node, sp.Max):
        return np.maximum.reduce(np.broadcast_arrays(*arrays))
    if node.func in FUNCTIONS:
        return FUNCTIONS[node.func](*arrays)
    raise ValueError(f"no number is known for {node.func.__name__}")


def _power(base: np.ndarray, exponent: np.ndarray) -> Any:
    if np.all(exponent == 0.5):
        base = np.where((base < 0) & (base > -1e-12), 0.0, base)
    return base**exponent


def _clipped(x: np.ndarray) -> np.ndarray:
    """Rounding may leave [-1, 1]; anything more is an error and stays NaN."""
    return np.where(np.abs(x) < 1 + 1e-9, np.clip(x, -1.0, 1.0), np.nan)
