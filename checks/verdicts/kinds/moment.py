"""Means: Student's t without its faults on skew data, or bounds for bounded data."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from scipy import special

from checks.verdicts.claim import SAMPLE, Claim, Mutant, Role
from checks.verdicts.conditions import check_number
from checks.verdicts.data import Data, Measure, Real, Size, at
from checks.verdicts.finding import Finding, estimate_of
from checks.verdicts.outcome import Test, t_quantile
from checks.verdicts.skewness import third_cumulant
from checks.verdicts.values import ClaimError, in_unit, stated, unit_of

ROUNDING = 1e-12  # relative: what a mean without sampling error may deviate by
HEAVY = 100.0  # kurtosis above which a standard error is not to be trusted (as mlmc warns)


@dataclass(frozen=True, kw_only=True, eq=False)
class MomentClaim(Claim):
    """Means of observations equal derived values, coordinate by coordinate.

    - ``sample(size, keys) -> (n, q)`` or ``(n,)``: independent observations, one a seed.
    - ``expected``: array (q,) or number, or a function of the size dict giving one.
    - ``tolerance``: the bias the claim allows, absolute, number or (q,); 0 for exact
      moments. Refuted when a mean is confidently further away than this.
    - ``margin``: supported only when every mean is confidently within
      ``max(tolerance, margin * scale)``, where scale is the larger of |expected| and the
      standard deviation of one observation. Not rejecting is not support. Default: 0 for a
      mean with a tolerance, else 0.25.
    - ``bounds``: (low, high) when no observation can be outside, numbers or (q,), infinite for
      coordinates without: the tests are then exact for observations at the two ends, and empirical
      Bernstein bounds for others. Else Student's t with Hall's correction for skewness;
      observations that do not vary then decide nothing.
    """

    sample: Measure
    expected: Any
    tolerance: Any = 0.0
    margin: Real | None = None
    bounds: tuple[Any, Any] | None = None

    least_seeds: ClassVar[int] = 2
    measured: ClassVar[str] = "sample"

    def check(self) -> None:
        """Reject a negative tolerance, a margin that is not positive, and bounds without room."""
        object.__setattr__(self, "tolerance", stated(self.id, "tolerance", self.tolerance))
        check_number(self, "margin", least=0, otherwise=(None,))
        margin = 0.25 if self.margin is None else self.margin
        if np.any(self.tolerance < 0):
            raise ClaimError(
                f"claim {self.id}: expected tolerance of at least 0, received {self.tolerance}"
            )
        if not callable(self.expected):
            object.__setattr__(self, "expected", self.expected_at({}))
        if margin == 0 and not np.all(self.tolerance > 0):
            raise ValueError(f"claim {self.id}: support needs a margin or a tolerance above zero")
        if self.bounds is not None:
            if not isinstance(self.bounds, tuple | list) or len(self.bounds) != 2:
                raise ClaimError(
                    f"claim {self.id}: expected bounds as (low, high), received {self.bounds!r}"
                )
            low, high = (stated(self.id, "bounds", x, infinite=True) for x in self.bounds)
            object.__setattr__(self, "bounds", (low, high))
            if np.any(low >= high) or np.any(np.isfinite(low) != np.isfinite(high)):
                raise ValueError(
                    f"claim {self.id}: expected bounds low < high, both finite or neither, "
                    f"received {self.bounds}"
                )

    def margins(self, scale: Float[np.ndarray, " q"]) -> Float[np.ndarray, " q"]:
        """Distance from the expected means within which they must be, beyond the tolerance."""
        if self.margin is None:
            return np.where(self.tolerance > 0, 0.0, 0.25) * scale
        return self.margin * scale

    def expected_at(self, size: Size) -> np.ndarray:
        """The derived means at a size point, as a vector."""
        value = self.expected(size) if callable(self.expected) else self.expected
        return np.atleast_1d(stated(self.id, f"expected at size {size}", value))

    def roles(self) -> dict[str, Role]:
        """Observations."""
        return {"sample": Role(self.sample, SAMPLE)}

    def finding(self, data: Data) -> Finding:
        """Every mean against its derived value; support needs an interval in a margin."""
        tests, notes, doubt = [], [], ""
        for point, values in zip(data.points, data.arrays["sample"], strict=True):
            sample = values.reshape(len(values), -1)
            expected = np.broadcast_to(self.expected_at(point), sample.shape[1:])
            tolerance = np.broadcast_to(self.tolerance, expected.shape)
            unit = unit_of(sample, expected[None], tolerance[None])
            bounds = _bounds(self, sample, unit)
            sample, expected, tolerance = (in_unit(x, unit) for x in (sample, expected, tolerance))
            scale = np.maximum(np.abs(expected), sample.std(axis=0, ddof=1))
            allowed = tolerance + ROUNDING * scale
            margin = np.maximum(allowed, self.margins(scale))
            for q, name in enumerate(
                f"mean {q} minus expected{at(point)}" for q in range(len(scale))
            ):
                x, where = sample[:, q], (float(allowed[q]), float(margin[q]), int(unit[q]))
                if bounds is not None and np.isfinite(bounds[0][q]):
                    ends = (bounds[0][q] - expected[q], bounds[1][q] - expected[q])
                    tests.append(_bounded_test(name, x - expected[q], ends, *where))
                    continue
                tests.append(_student_test(name, x - expected[q], *where))
                if np.ptp(x) == 0:
                    doubt = doubt or (
                        f"{name}: the observations do not vary, which decides nothing of a mean; "
                        "use more seeds, name the bounds of the observations, or use IdentityClaim"
                    )
                elif (kurtosis := _kurtosis(x)) > HEAVY:
                    notes.append(
                        f"kurtosis {kurtosis:.0f} of {name}: rare observations make the mean"
                    )
        estimates = {test.name: estimate_of(test) for test in tests}
        return Finding(tuple(tests), estimates, notes=tuple(notes), doubt=doubt)

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """Means off by twice the margin, either way, beyond the tolerance."""
        margin = 0.25 if self.margin is None else self.margin
        shift = 1 + 2 * margin if np.any(self.tolerance > 0) else 2 * margin
        return tuple(
            Mutant(f"auto-mean-{word}", f"mean off by {by:.4g} of its scale",
                   {"expected": partial(self._claimed_off, by)} if self.bounds else {},
                   data=partial(self._shifted, by))
            for word, by in (("up", shift), ("down", -shift))
        )  # fmt: skip

    def _claimed_off(self, shift: Real, size: Size) -> np.ndarray:
        """Another mean claimed: observations that keep to bounds cannot be moved.

        No observations within bounds spread more than those at the two ends (Bhatia and Davis).
        """
        assert self.bounds is not None
        expected, low, high = np.broadcast_arrays(self.expected_at(size), *self.bounds)
        bounded = np.isfinite(low)
        spread = np.where(bounded, (high - expected) * (expected - low), 0.0)
        scale = np.maximum(np.abs(expected), np.sqrt(np.maximum(spread, 0.0)))
        return expected - np.where(bounded, shift * (scale + self.tolerance), 0.0)

    def _shifted(self, shift: Real, data: Data) -> Data:
        """Observations without bounds moved by so many scales and tolerances."""

        def moved(size: Size, values: np.ndarray) -> np.ndarray:
            sample = values.reshape(len(values), -1)
            expected = np.broadcast_to(self.expected_at(size), sample.shape[1:])
            unit = unit_of(sample, expected[None])
            spread = in_unit(in_unit(sample, unit).std(axis=0, ddof=1), -unit)
            by = shift * (np.maximum(np.abs(expected), spread) + self.tolerance)
            bounded = np.isfinite(self.bounds[0]) if self.bounds else False
            return (sample + np.where(bounded, 0.0, by)).reshape(values.shape)

        return data.mapped("sample", moved)


def _student_test(
    name: str, x: Float[np.ndarray, " n"], allowed: float, margin: float, unit: int
) -> Test:
    """Hall's corrected t; deviations ``x`` and distances are in units of 2**unit."""
    error = x.std(ddof=1) / len(x) ** 0.5
    measured = np.array([x.mean(), error, -allowed, allowed, -margin, margin])
    estimate, error, *limits = in_unit(measured, -unit).tolist()
    varies = bool(np.ptp(x) > 0)
    skew = third_cumulant(x) / len(x) ** 0.5
    return Test(name, estimate, error, len(x) - 1.0, *limits, refutes=varies, skew=skew)


def _bounded_test(
    name: str,
    x: Float[np.ndarray, " n"],
    ends: tuple[Real, Real],
    allowed: float,
    margin: float,
    unit: int,
) -> Test:
    """Deviations that lie between ``ends``: no law of them is assumed."""
    above, below = _tail(x, ends, allowed), _tail(-x, (-ends[1], -ends[0]), allowed)
    inside = max(_tail(-x, (-ends[1], -ends[0]), -margin), _tail(x, ends, -margin))
    measured = np.array([x.mean(), 0.0, -allowed, allowed, -margin, margin])
    estimate, _, *limits = in_unit(measured, -unit).tolist()
    spread = float(in_unit(_spread(x, ends), -unit))
    half = t_quantile(0.995, len(x) - 1.0) * spread
    low, high = (float(in_unit(end, -unit)) for end in ends)
    return Test(
        name, estimate, spread, len(x) - 1.0, *limits,
        refutation=min(1.0, 2 * min(above, below)), support=inside,
        exact=(max(estimate - half, low), min(estimate + half, high)),
    )  # fmt: skip


def _tail(x: Float[np.ndarray, " n"], ends: tuple[Real, Real], limit: float) -> float:
    """p-value of 'the mean is at most the limit': exact for two values, else Bernstein's.

    Maurer and Pontil, Empirical Bernstein bounds, theorem 4: with probability 1 - p a mean is not
    above that of the expectation by sqrt(2 V log(2/p) / n) + 7 R log(2/p) / (3 (n - 1)).
    """
    (low, high), n = ends, len(x)
    if limit < low:
        return 0.0
    if limit >= high:
        return 1.0
    if np.isin(x, ends).all():
        count = int((x == high).sum())
        return (
            1.0 if count == 0 else float(special.bdtrc(count - 1, n, (limit - low) / (high - low)))
        )
    excess = float(x.mean()) - limit
    if excess <= 0:
        return 1.0
    root, linear = float(np.sqrt(2 * x.var(ddof=1) / n)), 7 * (high - low) / (3 * (n - 1))
    level = ((root**2 + 4 * linear * excess) ** 0.5 - root) / (2 * linear)
    return min(1.0, 2 * float(np.exp(-(level**2))))


def _spread(x: Float[np.ndarray, " n"], ends: tuple[Real, Real]) -> float:
    """Standard error with an observation at either end added: not zero when nothing varies."""
    return float(np.append(x, ends).std(ddof=1)) / len(x) ** 0.5


def _bounds(
    claim: MomentClaim, sample: Float[np.ndarray, "n q"], unit: np.ndarray
) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, " q"]] | None:
    """Low and high of every coordinate in its unit; raises ClaimError for a sample outside."""
    if claim.bounds is None:
        return None
    low, high = (np.broadcast_to(bound, sample.shape[1:]) for bound in claim.bounds)
    if np.any(sample < low) or np.any(sample > high):
        raise ClaimError(
            f"claim {claim.id}: expected observations within {claim.bounds}, received values from "
            f"{sample.min()} to {sample.max()}; correct the bounds"
        )
    return in_unit(low, unit), in_unit(high, unit)


def _kurtosis(x: Float[np.ndarray, " n"]) -> float:
    centred = x - x.mean()
    return float((centred**4).mean() / (centred**2).mean() ** 2)
