"""The derived limit against the exact moments of one step, at a ladder of large N.

Nothing is drawn. The number of steps times a moment of one step, exact at each N, must tend to the
drift or the covariance that is derived: the distance falls from level to level, and the last one is
small. A limit that is wrong by a constant stays where it is.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import sympy as sp

from checks.layers.finite import FiniteLayer
from checks.layers.ladder import RATIO, SLOW, rungs
from checks.layers.limiting import Limiting
from checks.layers.planted import TERMS, WRONG, constant, of_allowed, short
from checks.layers.states import NotMeasured
from checks.verdicts import IdentityClaim, Mutant
from theory.calculus.networks import Polynomial
from theory.layers.leaves import N
from theory.limits import Limit
from theory.limits.numbers import evaluate
from theory.limits.sizes import largest

NEAR = 0.1  # relative, at the largest N
ROUNDED = 1e-6  # relative: times the steps, rounding is no more


@dataclass(frozen=True)
class Ladder:
    """Exact moments of one step, and what the limit says of them, at several N."""

    limit: Limit
    finite: FiniteLayer

    def exact(self, what: str, n: int) -> np.ndarray:
        """The moment at N, times what makes it one per unit of time."""
        finite, limiting = self.finite, self.limiting(n)
        shape = (limiting.count,) if what == "drift" else (limiting.count,) * 2
        found, moments = np.zeros(shape), finite.moments
        for key, polynomial in self.polynomials(what).items():
            axes = moments.axes(*key)
            value = evaluate(moments.written(self._closed(polynomial), axes), axes,
                             dict(limiting.values))  # fmt: skip
            value /= n ** float(self._above(what, polynomial))
            at = tuple(limiting.places[s] for s in key)
            found[at] = value.reshape(found[at].shape)
            if len(key) == 2:
                found[at[::-1]] = found[at].T
        return self._count(what, n) * found

    def polynomials(self, what: str) -> dict[tuple[str, ...], Polynomial]:
        """The moments of one step of which the limit says something."""
        moments, names = self.finite.moments, list(self.finite.layer.watch)
        if what == "drift":
            return {(s,): moments.means[s] for s in names if s in self.limit.drift}
        return {(s, t): moments.covariance(s, t) for k, s in enumerate(names) for t in names[k:]}

    def _closed(self, polynomial: Polynomial) -> Polynomial:
        """Without sums over entries of states, which delocalised states (H4) make small."""
        opened = self.finite.moments.open_states
        return {k: c for k, c in polynomial.items() if not opened({k: c})}

    def _above(self, what: str, polynomial: Polynomial) -> sp.Expr:
        """The power of N by which the limit divides; what is next must be much smaller."""
        orders, steps = self.finite.moments.orders(polynomial), self.finite.layer.steps_exponent
        if self.limit.regime == "UNSTABLE":
            top = level = sp.Max(0, largest(orders))  # one that shrinks is not divided by itself
        elif what == "fluctuation":
            assert self.limit.fluctuation is not None
            power = sp.sympify(self.limit.fluctuation.scale).as_base_exp()
            level = -2 * (power[1] if power[0] == N else 0) - (steps or 0)
            top = sp.S.Zero
        else:
            top, level = sp.S.Zero, -(steps or sp.S.Zero)
        for e in orders:
            gap = sp.expand(e - level)
            if not gap.is_number or -2 * SLOW < float(gap) < 0:
                raise NotMeasured(
                    f"a term is smaller by N**({gap}) only: not seen at the N at hand"
                )
        return top

    def _count(self, what: str, n: int) -> float:
        if self.limit.regime == "UNSTABLE":
            return 1.0
        steps = self.finite.steps(n)
        if what == "fluctuation":
            assert self.limit.fluctuation is not None
            return steps * float(self.limit.fluctuation.scale.subs(N, n)) ** 2
        return steps

    def limiting(self, n: int) -> Limiting:
        """The limit with the sizes and fixed arrays of this N, at the statistics of a small one."""
        finite, small = self.finite, self.finite.smallest()
        statistics = finite.statistics(finite.values(small))
        shapes = {k: x.shape for k, x in statistics.items()}
        return Limiting(self.limit, {**finite.numbers(n), **statistics}, shapes)

    def claim(self, slug: str, what: str) -> tuple[IdentityClaim, list[str]]:
        """The claim with the mutants that it must refute, and the others in words."""
        levels, name = rungs(self.finite), f"{slug}/limit-{what}"
        start = self.finite.start(self.finite.smallest())
        exact = [self.exact(what, n) for n in levels]
        held = [_Held(self.limiting(n), what) for n in levels]
        derived = [of.of(start) for of in held]
        terms = [of.terms(start) for of in held]
        size = max([float(np.abs(x).max()) for x in (exact[0], derived[0])]
                   + [float(np.abs(t).max()) for _, t in terms[0]])  # fmt: skip

        def residual(factor: float = 0.0, k: int = 0) -> float:
            wrong = [t[k][1] * factor if factor else 0.0 for t in terms]
            return _off(exact, [d + w for d, w in zip(derived, wrong, strict=True)], size)

        order = sorted(range(len(terms[0])), key=lambda k: -float(np.abs(terms[0][k][1]).max()))
        mutants, hidden = [], []
        for j, k in enumerate(order[:TERMS], start=1):
            for words, factor in WRONG.items():
                text = f"the term {short(terms[0][k][0])} {words}"
                off = residual(factor, k)
                if off > 1:
                    slip = {"residual": constant(off)}
                    mutants.append(Mutant(f"term-{j}-{words.replace(' ', '-')}", text, slip))
                else:
                    hidden.append(
                        f"{name}: {text}: still {off:.2g} of what is allowed at this point"
                    )
        times = "" if self.limit.regime == "UNSTABLE" else "times the steps, "
        moment = "mean" if what == "drift" else "covariance"
        opened = any(self.finite.moments.open_states(p) for p in self.polynomials(what).values())
        left = "; sums over entries of states are left out (H4)" if opened else ""
        if not mutants:
            far = _off(exact, [d + 3 * (size or 1.0) for d in derived], size)
            slip = {"residual": constant(far)}
            mutants = [Mutant("moves", "every entry larger by three times the largest", slip)]
        return IdentityClaim(
            id=name, residual=constant(residual()), tolerance=1.0, seeds=1, cap=1,
            reason=partial(of_allowed, "the distance, or its fall from level to level,"),
            statement=f"The exact {moment} of one step of {', '.join(self.finite.layer.watch)}, "
            f"{times}tends to the derived {what}: at N = {', '.join(map(str, levels))} the "
            f"distance falls at least like N**(-{SLOW:g}), to {NEAR:g} of its size or less{left}.",
            mutants=mutants,
        ), hidden  # fmt: skip


def limit_claims(slug: str, limit: Limit, finite: FiniteLayer) -> tuple[list, list[str]]:
    """One claim for each of drift, covariance and fluctuation that is derived."""
    if not limit.drift:
        raise NotMeasured("the verdict states no drift and no covariance")
    if finite.layer.steps is None and limit.regime != "UNSTABLE":
        raise NotMeasured("no number of steps is declared")
    ladder, found, hidden = Ladder(limit, finite), [], []
    asked = ["drift"] + ["covariance"] * bool(limit.covariance)
    for what in asked + ["fluctuation"] * (limit.fluctuation is not None):
        claim, invisible = ladder.claim(slug, what)
        found.append(claim)
        hidden += invisible
    return found, hidden


@dataclass(frozen=True)
class _Held:
    """Drift, covariance or fluctuation of a limit with numbers for all but the statistics."""

    limiting: Limiting
    what: str

    def _table(self) -> tuple[Limiting, str]:
        limit = self.limiting.limit
        if self.what != "fluctuation" or limit.fluctuation is None:
            return self.limiting, self.what
        noise = replace(limit, covariance=limit.fluctuation.covariance)
        return replace(self.limiting, limit=noise, _known={}), "covariance"

    def of(self, start: np.ndarray) -> np.ndarray:
        limiting, what = self._table()
        return getattr(limiting, what)(start[None])[0]

    def terms(self, start: np.ndarray) -> list[tuple[str, np.ndarray]]:
        limiting, what = self._table()
        return [(f"{t.text} of {key}", t.value) for key, _, t in limiting.terms(what, start)]


def _off(exact: list[np.ndarray], derived: list[np.ndarray], size: float) -> float:
    """The largest distance in units of what is allowed: a fall at each level, a small last one."""
    far = [float(np.abs(x - d).max()) / (size or 1.0) for x, d in zip(exact, derived, strict=True)]
    if not np.isfinite(far).all():
        return np.inf
    allowed = [max(before * RATIO**-SLOW, ROUNDED) for before in far[:-1]]
    falls = [after / most for after, most in zip(far[1:], allowed, strict=True)]
    return max([*falls, far[-1] / NEAR])
