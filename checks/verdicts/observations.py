"""Claims about samples, identities, inequalities and decay in time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import DTypeLike

from theory.language.rate import Kind

from .claim import Claim, Real, Size, check_common
from .claims import STATISTICS
from .values import stated


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
    - ``planted_shift``: used by automatic mutants, in units of scale.
    """

    sample: Callable[..., Any]
    expected: Any
    tolerance: Any = 0.0
    margin: Real | None = None
    bounds: tuple[Any, Any] | None = None
    planted_shift: Real = 0.0

    def __post_init__(self) -> None:
        """Reject a negative tolerance, a margin that is not positive, and bounds without room."""
        check_common(self, least_seeds=2)
        object.__setattr__(self, "tolerance", stated(self.id, "tolerance", self.tolerance))
        margin = 0.25 if self.margin is None else self.margin
        if np.any(self.tolerance < 0) or margin < 0:
            raise ValueError(f"claim {self.id}: tolerance and margin must not be negative")
        if margin == 0 and not np.all(self.tolerance > 0):
            raise ValueError(f"claim {self.id}: support needs a margin or a tolerance above zero")
        if self.bounds is not None:
            low, high = (stated(self.id, "bounds", bound) for bound in self.bounds)
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

    def roles(self) -> dict[str, Callable[..., Any]]:
        """The measuring functions by name."""
        return {"sample": self.sample}


@dataclass(frozen=True, kw_only=True, eq=False)
class LawClaim(Claim):
    """Two samplers have the same law (or laws within ``tolerance`` of each other).

    ``left(size, keys)`` and ``right(size, keys)`` return (n, q) or (n,); they get
    different keys and are independent. The distance is Kolmogorov-Smirnov's, the largest
    over the coordinates and a few fixed random directions. Refuted when it is confidently
    above ``tolerance``; supported when confidently below ``margin`` (larger than
    tolerance). ``finest_only``: judge at the last size point only, for laws that agree
    in the limit. ``planted_shift`` (in standard deviations) and ``planted_scale`` are used
    by automatic mutants.
    """

    left: Callable[..., Any]
    right: Callable[..., Any]
    tolerance: Real = 0.0
    margin: Real = 0.2
    finest_only: bool = False
    planted_shift: Real = 0.0
    planted_scale: Real = 1.0

    def __post_init__(self) -> None:
        """Reject a margin that no sample could meet."""
        check_common(self, least_seeds=2)
        if not 0 <= self.tolerance < self.margin < 1:
            raise ValueError(
                f"claim {self.id}: expected 0 <= tolerance < margin < 1 for a Kolmogorov-Smirnov "
                f"distance, received tolerance {self.tolerance}, margin {self.margin}"
            )

    def roles(self) -> dict[str, Callable[..., Any]]:
        """The measuring functions by name."""
        return {"left": self.left, "right": self.right}


@dataclass(frozen=True, kw_only=True, eq=False)
class IdentityClaim(Claim):
    """An identity holds to rounding: every relative residual is within ``tolerance``.

    ``residual(size, keys) -> (n,)``, relative and nonnegative, n random instances;
    ``tolerance`` is best had from ``dtype_tolerance(dtype, condition)``. One residual
    above it refutes. ``planted_shift`` is used by automatic mutants, in tolerances.
    """

    residual: Callable[..., Any]
    tolerance: Real = 1e-12
    planted_shift: Real = 0.0

    def __post_init__(self) -> None:
        """Reject a tolerance that is not positive."""
        check_common(self)
        if not self.tolerance > 0:
            raise ValueError(f"claim {self.id}: expected tolerance > 0, got {self.tolerance}")

    def roles(self) -> dict[str, Callable[..., Any]]:
        """The measuring functions by name."""
        return {"residual": self.residual}


@dataclass(frozen=True, kw_only=True, eq=False)
class InequalityClaim(Claim):
    """An inequality is never violated over a search: ``SAMPLED(n, worst)``, not a proof.

    ``slack(size, keys) -> (n,)``: right side minus left side, so negative is a violation;
    ``tolerance``: rounding allowed below zero. ``planted_shift`` is used by automatic
    mutants: the slack is lowered by this multiple of its median, plus twice the tolerance.
    That only shows that the search can see a violation: name real mutants (a wrong
    constant in the bound) where there are any.
    """

    slack: Callable[..., Any]
    tolerance: Real = 0.0
    planted_shift: Real = 0.0

    def __post_init__(self) -> None:
        """Reject a negative tolerance."""
        check_common(self)
        if not self.tolerance >= 0:
            raise ValueError(f"claim {self.id}: expected tolerance >= 0, got {self.tolerance}")

    def roles(self) -> dict[str, Callable[..., Any]]:
        """The measuring functions by name."""
        return {"slack": self.slack}


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
    where it has stopped falling at the rounding of its largest value. ``planted_excess`` is used
    by automatic mutants: the curve is made to decay slower by this fraction of the rate.
    """

    curve: Callable[..., Any]
    times: Any
    rate: Real | Callable[..., Any]
    kind: str | Kind = Kind.EXACT
    margin: Real = 0.1
    statistic: str = "mean"
    transient: Real | None = 1.0
    resolution: Real | None = None
    planted_excess: Real = 0.0

    def __post_init__(self) -> None:
        """Normalise times and reject what cannot be tested."""
        object.__setattr__(self, "kind", Kind(self.kind))
        times = stated(self.id, "times", self.times)
        object.__setattr__(self, "times", times)
        check_common(self)
        if times.ndim != 1 or times.size < 4 or np.any(np.diff(times) <= 0):
            raise ValueError(f"claim {self.id}: expected four or more increasing times")
        if not self.margin > 0 or self.statistic not in STATISTICS[:3]:
            raise ValueError(
                f"claim {self.id}: expected margin > 0 and statistic in {STATISTICS[:3]}, "
                f"received {self.margin} and {self.statistic!r}"
            )

    def rate_at(self, size: Size) -> float:
        """The predicted rate at a size point."""
        raw = self.rate(size) if callable(self.rate) else self.rate
        value = float(stated(self.id, f"rate at size {size}", raw))
        if not value > 0:
            raise ValueError(f"claim {self.id}: expected a rate above zero, got {value} at {size}")
        return value

    def roles(self) -> dict[str, Callable[..., Any]]:
        """The measuring functions by name."""
        return {"curve": self.curve}


def dtype_tolerance(dtype: DTypeLike, condition: Real = 1.0, operations: int = 1) -> float:
    """Relative error a computation may show: eps(dtype) * condition * operations * 8.

    ``condition`` is the condition number of the quantity, ``operations`` the length of the
    longest chain of roundings; 8 is the one constant of taste, the same everywhere.
    """
    return (
        8.0 * float(np.finfo(np.dtype(dtype).type).eps) * max(condition, 1.0) * max(operations, 1)
    )
