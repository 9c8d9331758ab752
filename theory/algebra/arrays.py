"""Arrays, indices and sums: the vocabulary of index notation.

An array is an ``IndexedBase`` with symbolic shape, an index an ``Idx`` with a symbolic range,
and a sum over an index is written out (``total``): nothing is summed by convention, since
``V[a, a]`` with ``a`` free is a diagonal entry. A sum over part of a range (a causal sum) is a
full sum with an indicator: ``sum_{j <= i} f(j) = sum_j [i - j >= 0] f(j)``.
"""

from typing import Any

import sympy as sp

from theory.algebra.given import named
from theory.algebra.symbols import symbol


class SymmetricEntry(sp.Indexed):
    """An entry of a symmetric array, which is the entry with its indices exchanged, too."""

    @classmethod
    def class_key(cls) -> tuple[int, int, str]:
        """Sorted among other entries."""
        return sp.Indexed.class_key()

    def _eval_derivative(self, wrt: sp.Basic) -> sp.Expr:
        if not (isinstance(wrt, sp.Indexed) and wrt.base == self.base):
            return super()._eval_derivative(wrt)
        if len(self.indices) != 2:
            raise ValueError(
                f"no derivative in an entry of {self.base}: it has other axes than two"
            )
        (i, j), (k, l) = self.indices, wrt.indices  # noqa: E741
        straight = sp.KroneckerDelta(i, k) * sp.KroneckerDelta(j, l)
        crossed = sp.KroneckerDelta(i, l) * sp.KroneckerDelta(j, k)
        return straight + crossed - straight * crossed


class Symmetric(sp.IndexedBase):
    """A symmetric array: its entries are always written with sorted indices."""

    def __getitem__(self, indices: tuple[sp.Basic | int, ...], **kw: object) -> sp.Indexed:
        """The entry, with indices sorted by name."""
        found = sorted(map(sp.sympify, indices), key=sp.default_sort_key)
        return SymmetricEntry(self, *found, **kw)


class NonNegative(sp.Function):
    """The indicator ``[x >= 0]`` of an integer expression in indices and sizes: one or zero.

    It is evaluated as soon as the ranges of the indices decide it.
    """

    nargs = 1
    is_integer = is_real = is_finite = is_nonnegative = True

    @classmethod
    def eval(cls, argument: sp.Expr) -> sp.Expr | None:
        """One or zero if the argument is so for all values of its indices."""
        argument = sp.expand(argument)
        if argument.is_integer is False:
            raise ValueError(f"an indicator needs an integer expression; received {argument}")
        if is_nonnegative(argument):
            return sp.S.One
        if is_nonnegative(-argument - 1):
            return sp.S.Zero
        return None

    def _eval_power(self, exponent: sp.Expr) -> sp.Expr | None:
        return self if exponent.is_positive else None

    def _eval_derivative(self, s: sp.Basic) -> sp.Expr:
        return sp.S.Zero

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        lower, upper = map(printer.doprint, self.sides())
        return rf"\mathbf{{1}}_{{{lower} \le {upper}}}"

    def sides(self) -> tuple[sp.Expr, sp.Expr]:
        """The condition as ``lower <= upper``, without negative terms."""
        parts = sp.Add.make_args(self.args[0])
        negative = [p for p in parts if p.could_extract_minus_sign()]
        return -sp.Add(*negative), sp.Add(*(p for p in parts if p not in negative))


def at_most(left: sp.Expr, right: sp.Expr) -> sp.Expr:
    """The indicator that an index (or a size) is at most another, ``[left <= right]``."""
    return NonNegative(sp.sympify(right) - left)


def size(name: str, meaning: str = "", *, latex: str = "") -> sp.Symbol:
    """A positive integer symbol: the range of an index."""
    return symbol(name, latex=latex, meaning=meaning, integer=True, positive=True)


def array(
    name: str,
    *shape: sp.Expr | int,
    symmetric: bool = False,
    meaning: str = "",
    latex: str = "",
) -> sp.IndexedBase:
    """An array with symbolic shape; ``meaning`` and ``latex`` as those of ``symbol``."""
    label = symbol(name, latex=latex, meaning=meaning, real=True)
    return (Symmetric if symmetric else sp.IndexedBase)(label, shape=shape, real=True)


def indices(names: str, extent: sp.Expr | int) -> tuple[sp.Idx, ...]:
    """Indices that run over ``0 .. extent - 1``, e.g. ``indices("a b", m)``."""
    return tuple(sp.Idx(name, extent) for name in named(names, "indices"))


def extent(index: sp.Idx) -> sp.Expr:
    """How many values an index takes."""
    return index.upper - index.lower + 1


def total(expression: sp.Expr, *over: sp.Idx) -> sp.Expr:
    """The sum over the whole range of indices."""
    return sp.Sum(expression, *((i, i.lower, i.upper) for i in over)) if over else expression


def is_nonnegative(expression: sp.Expr) -> bool:
    """Whether an expression is nonnegative for all values of its indices and all sizes.

    Decided for expressions that are linear in the indices; ``False`` means not known.
    """
    least = sp.expand(expression)
    for index in sorted(expression.atoms(sp.Idx), key=str):
        slope = least.coeff(index)
        rest = sp.expand(least - slope * index)
        if rest.has(index) or not slope.is_number or index.upper is None:
            return False
        least = rest + slope * (index.lower if slope > 0 else index.upper)
    return bool(sp.expand(least).is_nonnegative)
