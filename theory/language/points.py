"""Random points of a step: numbers that honour what is assumed of a symbol, in strata.

The sizes of arrays take every value of ``EXTENTS``, any two of them in all combinations; integers
take the small values one after the other, then larger ones; real numbers take 0, 1 and -1, too.
Where a side is not analytic, further points lie at and beside the numbers that occur in it, one
symbol at a time; sizes go beyond the integers with which indices are compared.
Undefined functions are formulas with random coefficients, so that they can be differentiated.
"""

from collections.abc import Iterator
from functools import cached_property
from random import Random
from typing import Any

import sympy as sp

from theory.calculus.indices import Symmetric
from theory.language.constants import analytic, largest_size, thresholds, thresholds_of_entries
from theory.language.formulas import Coefficient
from theory.language.scopes import names
from theory.language.step import Step
from theory.language.values import Unsupported

EXTENTS = (1, 2, 3, 4, 5)
POINTS = len(EXTENTS) ** 2
SMALL, LARGE = 10, 100  # integers: each up to the first, some up to the second
COUNTED = 200  # terms of a sum to a symbol
NEAR, FAR = 2, 20  # real numbers: most up to the first, some up to the second
PRIME = 2**31 - 1  # the denominator of the numbers drawn: no step has it
TRIES = 1000
ENTRIES = "entries"  # stands for about half of those of all arrays, where a number is set
NOT_OF_RATIONALS = {"irrational", "transcendental", "algebraic", "rational", "hermitian"}


def allowed(symbol: sp.Basic, value: sp.Expr) -> bool:
    """Whether a number has every property that is assumed of a symbol."""
    assumed = symbol.assumptions0.items()
    return all(
        getattr(value, f"is_{name}", None) in (truth, None)
        for name, truth in assumed
        if name not in NOT_OF_RATIONALS
    )


def between(draw: Random, low: Any, high: Any) -> sp.Rational:
    """A number of the open interval."""
    low, high = sp.Rational(low), sp.Rational(high)
    first, last = int(sp.floor(low * PRIME)), int(sp.ceiling(high * PRIME))
    return sp.Rational(draw.randint(first + 1, last - 1), PRIME)


class Points:
    """The points of one step; ``ranges`` says from where they are drawn.

    There are ``POINTS`` of them, and those at which something is ``set``.
    """

    def __init__(self, step: Step) -> None:
        """Sort the names of the step by what they are."""
        both = sp.Tuple(step.left, step.right)
        self.name = step.name
        self.domain: dict[Any, tuple[float | int, float | int]] = dict(step.domain)
        self.indices = sorted((n for n in names(both) if isinstance(n, sp.Idx)), key=str)
        extents = {n for a in both.atoms(sp.IndexedBase) for n in a.shape or ()}
        extents |= {i.upper for i in both.atoms(sp.Idx) if i.upper is not None}
        self.sizes = sorted({s for e in extents for s in sp.sympify(e).free_symbols}, key=str)
        sums = both.atoms(sp.Sum, sp.Product)
        bounds = (b for s in sums for limit in s.limits for b in limit[1:])
        self.counts = {s for b in bounds for s in b.free_symbols}
        self.ranges: dict[str, dict[str, None]] = {}
        self._strata: dict[sp.Basic, list[sp.Integer | None]] = {}
        self.analytic = analytic(both, self.sizes)
        self.set = [*self._larger(both), *self._at_thresholds(both)]

    def __iter__(self) -> Iterator["RandomPoint"]:
        """The points, in the order of their strata; the same ones each time."""
        return (RandomPoint(self, k) for k in range(POINTS + len(self.set)))

    def _larger(self, both: sp.Basic) -> list[tuple[dict[Any, sp.Expr], int]]:
        """Sizes beyond the usual ones; at the largest, a free index takes every value."""
        most = largest_size(both, self.sizes)
        found: list[tuple[dict[Any, sp.Expr], int]] = []
        for size in range(EXTENTS[-1] + 1, most + 1):
            free = [s for s in self.sizes if s not in self.domain and allowed(s, sp.Integer(size))]
            for at in range(size if size == most and self.indices else 1):
                found.append(({s: sp.Integer(size) for s in free}, at))
            for symbol in free:
                self.law(symbol, f"from 1 to {most}")
        return found

    def _at_thresholds(self, both: sp.Basic) -> list[tuple[dict[Any, sp.Expr], int]]:
        if self.analytic:
            return []
        found: list[tuple[dict[Any, sp.Expr], int]] = []
        if any(isinstance(n, sp.IndexedBase) for n in names(both)):
            found += [({ENTRIES: v}, k) for k, v in enumerate(thresholds_of_entries(both))]
        for symbol in sorted(names(both), key=str):
            if not isinstance(symbol, sp.Symbol) or isinstance(symbol, sp.Idx | Coefficient):
                continue
            low, high = self.domain.get(symbol, (-sp.oo, sp.oo))
            if symbol in self.counts:
                high = min(high, COUNTED)
            values = thresholds(both, integer=bool(symbol.is_integer))
            found += [
                ({symbol: v}, k)
                for k, v in enumerate(s * v for v in values for s in (1, -1))
                if symbol not in self.sizes and allowed(symbol, v) and _inside(symbol, v, low, high)
            ]
        return found

    def described(self) -> str:
        """E.g. ``m, n from 1 to 5; x in (-20, 20)``."""
        return "; ".join(f"{', '.join(names)} {law}" for law, names in self.ranges.items())

    def law(self, name: Any, text: str) -> None:
        """Remember from where the values of a name are drawn."""
        if isinstance(name, Coefficient):
            name = f"coefficients of {name.function}"
        self.ranges.setdefault(text, {})[str(name)] = None

    def extent(self, symbol: sp.Symbol, k: int) -> sp.Integer:
        """The size at the k-th point: over five points each, over all of them each pair."""
        low, high = self.domain.get(symbol, (EXTENTS[0], LARGE))
        low = int(sp.ceiling(low))
        numbers = range(low, int(min(high, low + LARGE)) + 1)
        values = [n for n in numbers if allowed(symbol, sp.Integer(n))][: len(EXTENTS)]
        if not values:
            raise Unsupported(f"no size was found that is as {symbol}: {symbol.assumptions0}")
        if not any(symbol in sizes for sizes, _ in self.set):
            self.law(symbol, f"from {values[0]} to {values[-1]}")
        row, column = divmod(k, len(EXTENTS))
        return sp.Integer(values[(column + row * self.sizes.index(symbol)) % len(values)])

    def stratum(self, symbol: sp.Basic, k: int) -> sp.Integer | None:
        """The small value that a symbol has to take at the k-th point, if any."""
        if symbol not in self._strata:
            values = [sp.Integer(s * n) for n in range(SMALL + 1) for s in (1, -1) if n or s > 0]
            low, high = self.domain.get(symbol, (-sp.oo, sp.oo))
            small = values if symbol.is_integer else values[:3]
            listed = [v for v in small if allowed(symbol, v) and _inside(symbol, v, low, high)]
            listed += [None] * (POINTS - len(listed))
            Random(f"{self.name}: {symbol}").shuffle(listed)
            self._strata[symbol] = listed
        return self._strata[symbol][k]


def _inside(symbol: sp.Basic, value: Any, low: Any, high: Any) -> bool:
    return bool(low <= value <= high if symbol.is_integer else low < value < high)


class RandomPoint:
    """One point: values are drawn when they are asked for, and then kept."""

    def __init__(self, points: Points, k: int) -> None:
        """The sizes come first, and the free indices within them."""
        self._points, self._k = points, k
        self._draw, self._cycle = Random(f"{points.name}: {k}"), k // len(EXTENTS)
        self.drawn: dict[Any, sp.Expr] = {s: points.extent(s, k % POINTS) for s in points.sizes}
        self.is_set, self._threshold = k >= POINTS, None
        if self.is_set:
            values, self._cycle = points.set[k - POINTS]
            self._threshold = values.get(ENTRIES)
            self.drawn |= {s: v for s, v in values.items() if s != ENTRIES}
        # symmetric arrays are no covariances
        self.general = bool(not points.analytic and (k % 3 == 2 or self._threshold))

    @cached_property
    def indices(self) -> dict[sp.Idx, int]:
        """Values of the indices that are free; half of them coincide with the first."""
        found: dict[sp.Idx, int] = {}
        for index in self._points.indices:
            if index.upper is None:
                raise Unsupported(f"the index {index} has no range")
            low, high = (int(e.subs(self.drawn)) for e in (index.lower, index.upper))
            cycle, extent = self._cycle, max(high - low + 1, 1)
            if found and self._draw.random() < 0.5:
                cycle = self._draw.randrange(extent)
            found[index] = low + cycle % extent
        return found

    def number(self, symbol: sp.Symbol) -> sp.Expr:
        """The value of a symbol, which has the properties that are assumed of it."""
        if symbol not in self.drawn:
            plain = not isinstance(symbol, Coefficient) and not self.is_set
            given = self._points.stratum(symbol, self._k) if plain else None
            value = self._scalar(symbol, LARGE, FAR)
            self.drawn[symbol] = value if given is None else given
        return self.drawn[symbol]

    def entry(self, base: sp.Basic, at: tuple[Any, ...]) -> sp.Expr:
        """An entry of an array; symmetric ones mostly get a dominant diagonal, as covariances."""
        symmetric = isinstance(base, Symmetric)
        key = (base, *(sorted(at) if symmetric else at))
        if key not in self.drawn:
            self.drawn[key] = self._entry(base, at, symmetric)
        return self.drawn[key]

    def _entry(self, base: sp.Basic, at: tuple[Any, ...], symmetric: bool) -> sp.Expr:
        points = self._points
        if symmetric and not self.general:
            self._points.law(base, "with a diagonal in (1, 2), else in (-1/5, 1/5)")
            fifth = sp.Rational(1, 5)
            return between(self._draw, *((1, 2) if len(set(at)) == 1 else (-fifth, fifth)))
        if not isinstance(base, sp.IndexedBase):  # an atom of a measure
            return between(self._draw, -1, 1)
        if points.analytic:
            return self._scalar(base, 3, 1)
        value, first = self._threshold, not any(isinstance(n, tuple) for n in self.drawn)
        if value and (first or self._draw.random() < 0.5) and allowed(base, value):
            return value
        return self._scalar(base, 3, FAR)

    def _scalar(self, symbol: sp.Basic, large: int, far: int) -> sp.Expr:
        """A number by rejection; ``large`` bounds integers, ``far`` real numbers."""
        points = self._points
        reach = SMALL if symbol in points.counts else large
        reach = reach if symbol.is_integer else NEAR if isinstance(symbol, Coefficient) else far
        least = int(bool(symbol.is_integer and symbol.is_nonzero))
        low = least if symbol.is_nonnegative else -reach
        high = -least if symbol.is_nonpositive else reach
        least, most = points.domain.get(symbol, (low, high))
        low = least if abs(least) != sp.oo else min(low, most - 1)
        high = most if abs(most) != sp.oo else max(high, low + reach)
        real = symbol.is_real or symbol in points.domain
        form = "from {} to {}" if symbol.is_integer else "in ({}, {})"
        points.law(symbol, form.format(low, high) + ("" if real else ", also complex"))
        for _ in range(TRIES):
            value = self._candidate(symbol, low, high, real=bool(real))
            if allowed(symbol, value):
                return value
        raise Unsupported(f"no number was found that is as {symbol}: {symbol.assumptions0}")

    def _shell(self, low: Any, high: Any) -> tuple[Any, Any]:
        """Mostly the near numbers; at every fifth point the far ones, positive and negative."""
        far, above = self._k % 5 == 4, self._draw.random() < 0.5
        if far and above and high > NEAR:
            return NEAR, high
        if far and low < -NEAR:
            return low, -NEAR
        return max(low, -NEAR), min(high, NEAR)

    def _candidate(self, symbol: sp.Basic, low: Any, high: Any, *, real: bool) -> sp.Expr:
        if symbol.is_integer:
            return sp.Integer(self._draw.randint(int(sp.ceiling(low)), int(sp.floor(high))))
        if symbol not in self._points.domain:
            low, high = self._shell(low, high)
        value = between(self._draw, low, high)
        if real or (symbol.is_real is None and self._k % 3 < 2):
            return value
        return sp.I * value + (0 if symbol.is_imaginary else between(self._draw, low, high))
