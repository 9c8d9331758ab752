"""Rules for laws, identities and inequalities."""

import numpy as np
from jaxtyping import Float
from scipy import special

from .claim import Size
from .finding import Data, Finding, estimate_of
from .observations import IdentityClaim, InequalityClaim, LawClaim
from .outcome import Test
from .values import in_unit, unit_of

DIRECTIONS = 8  # random directions in which laws of vectors are compared


def law_finding(claim: LawClaim, data: Data) -> Finding:
    """Kolmogorov-Smirnov distance in every coordinate and a few fixed directions.

    Refuted with the law of the two-sample statistic, the tolerance taken off; supported
    with the binomial bound: at the point where the two laws differ by the margin, the
    empirical difference has standard deviation at most (1/(4 n) + 1/(4 m))**0.5.
    """
    pairs = list(zip(data.points, data.arrays["left"], data.arrays["right"], strict=True))
    tests = []
    for point, left, right in pairs[-1:] if claim.finest_only else pairs:
        x, y = (sample.reshape(len(sample), -1) for sample in (left, right))
        unit = unit_of(x, y)
        x, y = in_unit(x, unit), in_unit(y, unit)
        pooled = np.concatenate([x, y])
        centre, spread = pooled.mean(axis=0), pooled.std(axis=0) + 1e-300
        x, y = (x - centre) / spread, (y - centre) / spread
        x = x * claim.planted_scale + claim.planted_shift
        directions = _directions(x.shape[1])
        n, m = len(x), len(y)
        for k, direction in enumerate(directions):
            distance = _kolmogorov(x @ direction, y @ direction)
            excess = max(distance - claim.tolerance, 0.0) * np.sqrt(n * m / (n + m))
            deviation = np.sqrt(0.25 / n + 0.25 / m)
            what = f"coordinate {k}" if k < x.shape[1] else f"direction {k - x.shape[1]}"
            tests.append(
                Test(
                    f"distance in {what}{at(point)}",
                    distance,
                    float(deviation),
                    n + m - 2.0,
                    -np.inf,
                    claim.tolerance,
                    -np.inf,
                    claim.margin,
                    refutation=float(special.kolmogorov(excess)),
                    support=float(special.ndtr((distance - claim.margin) / deviation)),
                )
            )
    return Finding(tuple(tests), {test.name: estimate_of(test) for test in tests})


def _directions(q: int) -> Float[np.ndarray, "directions {q}"]:
    """The axes, and where dependence shows: sums and differences, random ones from five axes."""
    axes = np.eye(q)
    if q == 1:
        return axes
    pairs = [axes[i] + sign * axes[j] for i in range(q) for j in range(i) for sign in (1, -1)]
    # Fixed, not drawn anew: a judgement must be repeatable.
    mixed = pairs if q <= 4 else np.random.default_rng(q).standard_normal((DIRECTIONS, q))
    mixed = np.array(mixed)
    return np.concatenate([axes, mixed / np.linalg.norm(mixed, axis=1, keepdims=True)])


def _kolmogorov(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " m"]) -> float:
    """Largest difference of the two empirical distribution functions."""
    where = np.concatenate([x, y])
    left = np.searchsorted(np.sort(x), where, side="right") / len(x)
    right = np.searchsorted(np.sort(y), where, side="right") / len(y)
    return float(np.abs(left - right).max())


def identity_finding(claim: IdentityClaim, data: Data) -> Finding:
    """The largest relative residual against the tolerance of the arithmetic."""
    residuals = data.matrix("residual") + claim.planted_shift * claim.tolerance
    worst = float(residuals.max())
    test = Test("largest relative residual", worst, 0.0, 0.0, -np.inf, claim.tolerance)
    return Finding((test,), {test.name: estimate_of(test)}, notes=(sampled(residuals.size, worst),))


def inequality_finding(claim: InequalityClaim, data: Data) -> Finding:
    """The smallest slack found against zero (minus the rounding allowed)."""
    slack = data.matrix("slack")
    if claim.planted_shift:
        slack = slack - claim.planted_shift * np.median(slack) - 2 * claim.tolerance
    worst = float(slack.min())
    test = Test("smallest slack", worst, 0.0, 0.0, -claim.tolerance, np.inf)
    return Finding((test,), {test.name: estimate_of(test)}, notes=(sampled(slack.size, worst),))


def sampled(n: int, worst: float) -> str:
    """The word for 'looked for and not found', which is not 'proved'."""
    return f"SAMPLED({n}, {worst:.3g})"


def at(point: Size) -> str:
    """`` at n=8, m=2``, or nothing for a claim without sizes."""
    return " at " + ", ".join(f"{name}={level}" for name, level in point.items()) if point else ""
