"""Orders in N: of coefficients, of sums over growing ranges, of what is left of a state."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from theory.calculus import puiseux
from theory.calculus.asymptotics import series
from theory.calculus.closure import Rule
from theory.calculus.networks import Component, Networks, Polynomial
from theory.layers.leaves import N

Orders = dict[sp.Expr, Polynomial]
ROUNDED = sp.Rational(1, 10**13)  # of numbers of order one in double precision


class Undecided(ValueError):
    """The compiler has no answer; the message names the term that stopped it."""


def exponents(expression: sp.Expr, scaling: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Expr, sp.Expr]:
    """A coefficient as ``{exponent of N: coefficient}``, exact for a sum of powers of N.

    Others are expanded in powers of 1 / N, six powers deep. ``Undecided`` if there is no such sum.
    """
    return _exponents(sp.expand(expression.subs(scaling)))


@lru_cache(maxsize=1 << 14)
def _exponents(expanded: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    found: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(expanded):
        rest, power = term.as_independent(N, as_Add=False)
        exponent = sp.S.Zero
        for base, e in power.as_powers_dict().items():
            if base not in (N, sp.S.One) or e.has(N):
                return _by_series(expanded)
            exponent += e if base == N else 0
        exponent = sp.expand(exponent)
        found[exponent] = found.get(exponent, sp.S.Zero) + rest
    return {e: c for e, c in found.items() if not _vanishes(sp.expand(c), expanded)}


def _vanishes(coefficient: sp.Expr, expression: sp.Expr) -> bool:
    """Whether it is zero; ``Undecided`` where it may be what rounding leaves of zero."""
    left = abs(coefficient.as_coeff_Mul()[0])
    if 0 < left < ROUNDED:
        raise Undecided(
            f"UNDECIDED (order): {expression} contains {coefficient.evalf(3)}, which may be zero "
            f"up to rounding; give exact numbers, such as vl.sqrt(3) / 2, or a parameter with its "
            f"value in at="
        )
    return coefficient == 0


def _by_series(expression: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    h = sp.Dummy("h", positive=True)
    try:
        terms = series(expression.subs(N, 1 / h), h, 6).terms
    except puiseux.Undecided as why:
        raise Undecided(f"UNDECIDED (order): {expression} as N grows: {why}") from None
    if any(c.has(puiseux.LOG) for c in terms.values()):
        raise Undecided(f"UNDECIDED (order): {expression} contains logarithms of N")
    found = {-p: c for p, c in terms.items() if sp.simplify(c) != 0}
    if not found and sp.simplify(expression) != 0:
        raise Undecided(f"UNDECIDED (order): {expression} is smaller than six powers of 1 / N")
    return found


def incomparable(one: sp.Expr, other: sp.Expr) -> Undecided:
    """Two powers of N of which nobody can say the larger."""
    names = ", ".join(sorted(map(str, (one - other).free_symbols)))
    return Undecided(
        f"ORDER: exponents {one} and {other} cannot be compared while {names} is open; write a "
        f"number in its place in the layer, or ask for all regimes with --phase {names}"
    )


def largest(orders: Mapping[sp.Expr, object]) -> sp.Expr:
    """The largest power of N; minus infinity for zero."""
    found = sp.S.NegativeInfinity
    for e in orders:
        gap = sp.expand(e - found) if found != sp.S.NegativeInfinity else sp.S.One
        if not (gap.is_nonnegative or gap.is_nonpositive):
            raise incomparable(e, found)
        found = e if gap.is_positive else found
    return found


def exceeds(exponent: sp.Expr, level: sp.Expr) -> bool:
    """Whether one power of N is larger than another; ``Undecided`` if nobody can say."""
    return largest({exponent: None, level: None}) != level


@dataclass
class Sizes:
    """How large coefficients and components are, as powers of N."""

    networks: Networks
    scaling: Mapping[sp.Symbol, sp.Expr]
    rules: list[Rule]

    def orders(self, polynomial: Polynomial) -> Orders:
        """The parts of a polynomial by their powers of N, states that are left delocalised."""
        found: dict[sp.Expr, list] = {}
        for key, c in polynomial.items():
            size = sp.Add(*(self.typical(k) for k in key[1]))
            kept = sp.Mul(*(self.to_order_one(k) for k in key[1])) if size != 0 else sp.S.One
            for e, coefficient in exponents(c, self.scaling).items():
                found.setdefault(sp.expand(e + size), []).append((key, coefficient * kept))
        joined = {e: self.networks.joined(terms) for e, terms in found.items()}
        return {e: p for e, p in joined.items() if p}

    def exponents(self, coefficient: sp.Expr) -> dict[sp.Expr, sp.Expr]:
        """A coefficient by its powers of N."""
        return exponents(coefficient, self.scaling)

    def to_order_one(self, component: Component) -> sp.Expr:
        """What makes a component that grows or falls of order one, in the size it runs over."""
        power = self.typical(component)
        for i in sorted({i for _, at in component for i in at if i >= 0}):
            size = self.networks.range_of(component, i)
            ((e, c),) = exponents(size, self.scaling).items()
            if power != 0 and e != 0:
                return (size / c) ** (-power / e)
        return sp.S.One

    def entry_size(self, name: str) -> sp.Expr:
        """The power of N of one entry of an array."""
        return self._entry_sizes().get(name) or sp.S.Zero

    def is_known(self, name: str) -> bool:
        """Whether the size of an array's entries follows from what is watched of it."""
        return name in self._entry_sizes()

    def exponent_of(self, size: sp.Expr) -> sp.Expr:
        """The power of N in a number; the largest of several."""
        found = exponents(size, self.scaling)
        return largest(found) if found else sp.S.Zero

    def typical(self, component: Component) -> sp.Expr:
        """The power of N of what is left of a state, if no coordinate is larger than others."""
        heads = self.networks.heads
        kinds = {heads[n].kind for n, _ in component if n in heads}
        if not kinds & {"state", "fixed"}:
            return sp.S.Zero
        known = self._entry_sizes()
        entries = sp.Add(*(known[name] for name, _ in component if name in known))
        parent = {i: i for _, at in component for i in at if i >= 0}

        def root(i: int) -> int:
            return i if parent[i] == i else root(parent[i])

        for name, at in component:
            # A matrix of bounded norm counts as the identity: its two indices are one.
            if len(at) == 2 and min(at) >= 0 and self._is_operator(name):
                parent[root(max(at))] = root(min(at))
        roots = sorted({root(i) for i in parent})
        return entries + sp.Add(
            *(self.exponent_of(self.networks.range_of(component, i)) for i in roots)
        )

    def _is_operator(self, name: str) -> bool:
        head = self.networks.heads.get(name)
        if head is None or head.kind != "fixed" or len(set(head.shape)) != 1:
            return False
        return self.exponent_of(head.shape[0]) != 0

    def _entry_sizes(self) -> dict[str, sp.Expr]:
        """The power of N of one entry of each state, from quadratic statistics; of unit vectors."""
        found: dict[str, sp.Expr] = {}
        for rule in self.rules:
            names = [name for name, _ in rule.pattern]
            if len(names) == 2 and names[0] == names[1] and rule.terms:
                summed = {i for _, at in rule.pattern for i in at if i >= 0}
                ranges = [self.networks.range_of(rule.pattern, i) for i in summed]
                weight = next(iter(exponents(rule.terms[0][0], self.scaling)))
                width = sp.Add(*(self.exponent_of(r) for r in ranges))
                found.setdefault(names[0], (weight - width) / 2)
        return found
