"""Limits that no one knows: the rate at which a quantity settles, and where it settles."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, cast

import numpy as np
import sympy as sp
from jaxtyping import Float

from checks.verdicts.claim import Claim, Mutant, Role, declared_tiers
from checks.verdicts.conditions import check_margin, check_next_order, normal_rate
from checks.verdicts.data import Data, Measure, Real
from checks.verdicts.finding import Finding, Undecided, plot_series
from checks.verdicts.levels import refuse_copies, summarize
from checks.verdicts.orders import OTHERS, SUPPORTS
from checks.verdicts.outcome import number, t_quantile
from checks.verdicts.rated import RateRule, exact_errors, rate_finding
from checks.verdicts.sizes import check_level_count, check_levels
from checks.verdicts.spending import support
from checks.verdicts.trends import standard_error
from checks.verdicts.values import ClaimError, common_unit, in_unit
from theory.language.rate import Kind, Rate

DRIFTS = (  # of the logarithm of the size
    ("drift", "a drift without a limit: a logarithm", lambda log: log),
    ("slow-drift", "a drift without a limit: the logarithm of a logarithm", np.log),
    ("slow-end", "a path that settles like one over a logarithm", lambda log: 1 / log),
)
FLOOR_SHARE = 0.25  # of the finest difference that may be a constant: a drift without a limit


@dataclass(frozen=True, kw_only=True, eq=False)
class LimitClaim(Claim):
    """A quantity goes to a limit, which is not known, at the predicted rate.

    - ``predicted``: one monomial in one size, that vanishes. ``value(size, keys) -> (len(keys),)``,
      any sign: it is the mean over seeds that settles.
    - ``sizes``: at least seven levels of that size in a constant ratio, such as 8, 16, ..., 512.
    - ``kind``, ``margin``, ``next_order``: as in `RateClaim`.

    Differences of neighbouring levels have no limit in them, and where levels are in a constant
    ratio they go to zero at the rate of the error itself: with C n^-p (1 + a n^-s) in the levels,
    they are C (1 - r^-p) n^-p (1 + b n^-s). They are judged as the errors of a `RateClaim`; a part
    of them that stays is a drift without any limit: one of a quarter of the finest is not seen.
    Where the tests support the rate, the limit is estimated from the two finest levels by the
    claimed exponent (Richardson), and its interval covers the exponents within the margin (for a
    bound all that are faster), with and without a term of the next order. It decides nothing, and
    assumes that nothing drifts.
    """

    predicted: Rate | sp.Expr
    value: Measure
    kind: str | Kind | None = None
    margin: Real = 0.1
    next_order: Real | str | sp.Expr | None = "auto"

    least_seeds: ClassVar[int] = 2
    measured: ClassVar[str] = "value"

    def check(self) -> None:
        """Normalise the prediction and reject what cannot be tested."""
        kind, rate = normal_rate(self.id, self.predicted, self.kind)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "predicted", rate)
        check_margin(self)
        check_next_order(self)
        check_levels(self, rate)
        powers = rate.exponents()[0]
        plain = not rate.expression.atoms(sp.log) and len(rate.terms) == len(powers) == 1
        if not plain or max(powers.values()) >= 0:
            raise ClaimError(
                f"claim {self.id}: expected one monomial in one size that goes to 0, such as 1/n, "
                f"received {rate.expression}; a limit is settled to in one size"
            )
        (name,) = rate.sizes
        check_level_count(self, name, 7)
        for tier in declared_tiers(self):
            points = self.at(tier).points
            steps = np.diff(np.log([float(point[name]) for point in points]))
            even = bool(np.all(steps > 0)) and float(np.ptp(steps)) <= 1e-9 * float(steps.max())
            if not even or any(len(point) > 1 for point in points):
                raise ClaimError(
                    f"claim {self.id}: expected growing levels of {name} in a constant ratio, and "
                    f"no other size, in tier {tier}; received {points}"
                )

    @property
    def rate(self) -> Rate:
        """The prediction, as a Rate whatever it was given as."""
        return cast(Rate, self.predicted)

    def default_statement(self) -> str:
        """The rate in words."""
        kind = "exactly like" if self.rate.kind is Kind.EXACT else "at least as fast as"
        return (
            f"The quantity goes to a limit {kind} {self.rate.expression}, but for a drift of at "
            "most a quarter of the finest difference."
        )

    def roles(self) -> dict[str, Role]:
        """Values, one a key, of any sign."""
        return {"value": Role(self.value)}

    def finding(self, data: Data) -> Finding:
        """The rule of rates on the differences of neighbouring levels."""
        values = data.matrix("value")
        refuse_copies(values)
        steps = values[:, :-1] - values[:, 1:]
        unit = common_unit(steps)
        steps = in_unit(steps, unit)
        coarse = data.select(range(len(data.points) - 1))
        if np.any(np.abs(steps).max(axis=0) <= _rounding(in_unit(values, unit))):
            raise Undecided(
                "neighbouring levels do not differ by more than rounding: the quantity is at its "
                "limit; use coarser levels, or IdentityClaim",
                final=True,
            )
        levels = summarize(steps, "weak")
        if len(set(levels.sign.tolist())) > 1:
            raise Undecided(
                "differences of neighbouring levels change sign: the quantity turns, and follows "
                "no rate on all levels; use finer levels, or more seeds where that is noise"
            )
        rule = RateRule(
            self.rate, self.margin, self.next_order, FLOOR_SHARE, planted=self.is_planted
        )
        found = rate_finding(rule, levels, coarse, unit, ())
        own = common_unit(values)
        scaled = in_unit(values, own)
        centre, spread = (
            in_unit(part, -own) for part in (scaled.mean(axis=0), standard_error(scaled))
        )
        series = plot_series("value", data.points, self.rate.sizes[0], centre, spread, None)
        settled = not (found.doubt or found.blocked) and support(found.tests) <= SUPPORTS
        limit = {"limit": self._limit(data)} if settled else {}
        return replace(
            found, estimates={**found.estimates, **limit}, series=(*found.series, *series)
        )

    def _limit(self, data: Data) -> dict[str, Any]:
        """Richardson's: exponents within the margin, with and without a next order."""
        (name,) = self.rate.sizes
        (power,) = self.rate.exponents()[0].values()
        unit, levels = common_unit(data.matrix("value")), data.column(name)
        values = in_unit(data.matrix("value"), unit)
        ratio, found = levels[-1] / levels[-2], []
        fastest = np.inf if self.rate.kind is Kind.UPPER_BOUND else float(self.margin)

        def settled(paths: np.ndarray, exponent: float) -> np.ndarray:
            rest = ratio ** min(exponent, -1e-3)  # of a level's distance at the next
            return (paths[:, 1:] - rest * paths[:, :-1]) / (1 - rest)

        for faster in (0.0, -float(self.margin), fastest):
            once = settled(values[:, -3:], float(power) - faster)
            twice = [settled(once, float(power) - faster - order) for order in self._orders()]
            for ends in (once[:, -1], *(path[:, -1] for path in twice)):
                half = t_quantile(0.995, len(ends) - 1.0) * ends.std(ddof=1) / len(ends) ** 0.5
                found.append((ends.mean(), ends.mean() - half, ends.mean() + half))
        middle, low, high = in_unit(np.array(found), -unit).T
        return {
            "value": number(middle[0]), "interval": [number(low.min()), number(high.max())],
            "confidence": 0.99, "unit": "",
        }  # fmt: skip

    def _orders(self) -> tuple[float, ...]:
        """The next orders that the path may have: the one that is named, or the judge's."""
        if self.next_order is None:
            return ()
        return (
            (1.0, *OTHERS) if self.next_order == "auto" else (float(cast(Real, self.next_order)),)
        )

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """Wrong exponents, of rates that vanish; for a bound, differences that leave it."""
        (power,) = self.rate.exponents()[0].values()
        step = 2 * float(self.margin)
        if self.rate.kind is Kind.EXACT:
            found = exact_errors(self.rate, self.margin)
            return found if float(power) + step < 0 else found[:1]
        text = f"settling more slowly than claimed, by the power {step:.3g}"
        return (Mutant("auto-slower", text, data=partial(self._settling, float(power) + step)),)

    def always_planted(self) -> tuple[Mutant, ...]:
        """What settles nowhere, or next to never, as steep as the finest difference."""
        return tuple(
            Mutant(f"auto-{name}", f"{words}, as steep as the finest difference",
                   data=partial(self._drifting, law))
            for name, words, law in DRIFTS
        )  # fmt: skip

    def _drifting(self, law: Callable[[np.ndarray], np.ndarray], data: Data) -> Data:
        values, (name,) = data.matrix("value"), self.rate.sizes
        finest = float((values[:, -2] - values[:, -1]).mean())
        sizes = data.column(name)
        drift = law(1 + np.log(sizes / min(sizes[0], np.e)))
        return data.with_matrix("value", values + finest * drift / (drift[-2] - drift[-1]))

    def _settling(self, power: float, data: Data) -> Data:
        """Values whose means follow a power of the size, or its logarithm for the power 0."""
        unit, (name,) = common_unit(data.matrix("value")), self.rate.sizes
        values = in_unit(data.matrix("value"), unit)
        centre = values.mean(axis=0)
        sizes = data.column(name)
        law = np.log(sizes) if abs(power) < 1e-9 else sizes**power
        scale = (centre[0] - centre[-1]) / (law[0] - law[-1])
        return data.with_matrix("value", in_unit(values - centre + scale * law, -unit))


def _rounding(values: Float[np.ndarray, "n K"]) -> float:
    """What a difference of two values may be by rounding alone."""
    return float(16 * np.finfo(float).eps * np.abs(values).max())
