"""Decay in time: a rate, after a transient."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from checks.verdicts.claim import Claim, Mutant, Role
from checks.verdicts.conditions import (
    STATISTICS,
    check_choice,
    check_margin,
    check_number,
    kind_of,
)
from checks.verdicts.data import Data, Measure, Real, Size, at
from checks.verdicts.finding import Finding, Undecided, estimate_of, noise_floor
from checks.verdicts.fit import allowed, fit_shape
from checks.verdicts.levels import refuse_copies, summarize
from checks.verdicts.likelihood import by_likelihood
from checks.verdicts.model import Shape
from checks.verdicts.outcome import Test, number
from checks.verdicts.rounding import left_out, named_resolution, rounded
from checks.verdicts.values import common_unit, in_unit, stated, stated_number
from theory.language.rate import Kind


@dataclass(frozen=True, kw_only=True, eq=False)
class DecayClaim(Claim):
    """A quantity decays in time like ``exp(-rate t)``.

    ``curve(size, keys) -> (n, times)``, nonnegative; ``times`` at least four increasing
    times; ``rate`` the predicted rate, or a function of the size dict; ``kind="exact"``
    (two-sided) or ``"upper bound"`` (the curve is below C exp(-rate t), so the measured
    rate is not smaller); ``margin`` the relative deviation of the rate that counts as
    equal. ``statistic="geometric"`` judges the mean of log curves (a Lyapunov exponent),
    ``"mean"`` and ``"rms"`` the moments. ``transient``: the curve is fitted with a factor
    1 + a exp(-transient rate t); None for none. ``resolution``: the absolute size of rounding of
    the curve; later times at which it is within ten times of it are left out, by default those
    where it has stopped falling at the rounding of its largest value.
    """

    curve: Measure
    times: Any
    rate: Real | Callable[..., Any]
    kind: str | Kind = Kind.EXACT
    margin: Real = 0.1
    statistic: str = "mean"
    transient: Real | None = 1.0
    resolution: Real | None = None

    measured: ClassVar[str] = "curve"

    def check(self) -> None:
        """Normalise times and reject what cannot be tested."""
        object.__setattr__(self, "kind", kind_of(self.id, self.kind))
        times = stated(self.id, "times", self.times)
        object.__setattr__(self, "times", times)
        if times.ndim != 1 or times.size < 4 or np.any(np.diff(times) <= 0):
            raise ValueError(f"claim {self.id}: expected four or more increasing times")
        check_margin(self)
        check_number(self, "transient", above=0, otherwise=(None,))
        check_number(self, "resolution", least=0, otherwise=(None,))
        if not callable(self.rate):
            object.__setattr__(self, "rate", self.rate_at({}))
        check_choice(self.id, "statistic", self.statistic, STATISTICS[:3])

    def rate_at(self, size: Size) -> float:
        """The predicted rate at a size point."""
        raw = self.rate(size) if callable(self.rate) else self.rate
        value = stated_number(self.id, f"rate at size {size}", raw)
        if not value > 0:
            raise ValueError(f"claim {self.id}: expected a rate above zero, got {value} at {size}")
        return value

    def roles(self) -> dict[str, Role]:
        """Curves, one number a time."""
        return {"curve": Role(self.curve, ((len(self.times),),), nonnegative=True)}

    def finding(self, data: Data) -> Finding:
        """Rate of decay at every size point, relative to the predicted one, after a transient."""
        tests, series, notes, blocked, doubt = [], [], [], "", ""
        region = allowed(Kind(self.kind), self.margin)
        for point, curves in zip(data.points, data.arrays["curve"], strict=True):
            rate = self.rate_at(point)
            times, curves, left = self._above_rounding(point, curves)
            notes += left
            unit = common_unit(curves)
            curves = in_unit(curves, unit)
            refuse_copies(curves)
            levels = summarize(curves, self.statistic)
            if np.any(curves.max(axis=0) == 0):
                raise Undecided(f"the curve is exactly 0 at some time, {point}")
            shape = self._shape(times, rate)
            fit = fit_shape(levels, shape, region)
            name = "missing share of the decay rate" + at(point)
            missing = Test(
                name, float(fit.gamma[0]), float(fit.standard_error[0]), float(fit.df[0]), *region
            )
            tests += by_likelihood((missing,), levels, shape, fit, region)
            means, fitted = (
                in_unit(np.exp(logs), -unit) for logs in (levels.log_mean, fit.log_fit)
            )
            series.append(
                {
                    "label": "curve" + at(point),
                    "x_name": "t",
                    "x": times.tolist(),
                    "mean": [number(x) for x in means],
                    "standard_error": [number(x) for x in means * levels.relative_error],
                    "fit": [number(x) for x in fitted],
                }
            )
            notes.append(f"lack of fit{at(point)}: p = {fit.misfit:.2g}")
            blocked = blocked or noise_floor(levels, len(times) - 1, [point] * len(times))
            doubt = doubt or fit.doubt
        estimates = {test.name: estimate_of(test, "share of the rate") for test in tests}
        return Finding(tuple(tests), estimates, tuple(series), tuple(notes), blocked, doubt)

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """Curves that decay slower by twice the margin; for an exact rate also faster."""
        slower, faster = (
            Mutant(f"auto-rate-{word}", f"{word} decay, by {abs(share):.4g} of the rate",
                   data=partial(self._bent, share))
            for word, share in (("slower", 2 * self.margin), ("faster", -2 * self.margin))
        )  # fmt: skip
        return (slower, faster) if self.kind is Kind.EXACT else (slower,)

    def _bent(self, share: Real, data: Data) -> Data:
        """Curves that decay slower by this share of the rate, where they are not rounding.

        A bound must have teeth where curves decay faster: they are put on the bound first.
        """

        def bent(point: Size, curves: np.ndarray) -> np.ndarray:
            rate = self.rate_at(point)
            times, seen, _ = self._above_rounding(point, curves)
            slack = 0.0
            if self.kind is Kind.UPPER_BOUND:
                levels = summarize(in_unit(seen, common_unit(seen)), self.statistic)
                fit = fit_shape(levels, self._shape(times, rate), allowed(self.kind, self.margin))
                slack = min(0.0, float(fit.gamma[0]))
            factors = np.exp((share - slack) * rate * (self.times - times[0]))
            return curves * np.where(np.isin(self.times, times), factors, 1.0)

        return data.mapped("curve", bent)

    def _above_rounding(
        self, point: Size, curves: Float[np.ndarray, "n times"]
    ) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, "n K"], tuple[str, ...]]:
        """Times and curves before the curve is rounding, and the note on what was left out."""
        named = None
        if self.resolution is not None:
            named = named_resolution(self.id, self.resolution)
        kept = ~rounded(curves, np.ones(len(self.times)), named)
        if kept.all():
            return self.times, curves, ()
        where = f"t = {', '.join(f'{t:g}' for t in self.times[~kept])}{at(point)}"
        left = int(kept.sum())
        return self.times[kept], curves[:, kept], left_out(where, left, left - 4)

    def _shape(self, times: Float[np.ndarray, " K"], rate: float) -> Shape:
        decay = rate * (times - times[0])
        corrections = np.zeros((0, len(times)))
        if self.transient is not None:
            corrections = np.exp(-self.transient * decay)[None]
        return Shape(-decay[None], (decay - decay.mean())[None], corrections, times)
