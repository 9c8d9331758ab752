"""Laws: two samplers agree, by the Kolmogorov-Smirnov distance."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from scipy import special

from checks.verdicts.claim import SAMPLE, Claim, Mutant, Role
from checks.verdicts.data import Data, Real, at
from checks.verdicts.experiment import Column
from checks.verdicts.finding import Finding, estimate_of
from checks.verdicts.outcome import Test
from checks.verdicts.values import in_unit, unit_of

DIRECTIONS = 8  # random directions in which laws of vectors are compared


@dataclass(frozen=True, kw_only=True, eq=False)
class LawClaim(Claim):
    """Two samplers have the same law (or laws within ``tolerance`` of each other).

    ``left(size, keys)`` and ``right(size, keys)`` return (n, q) or (n,); they get
    different keys and are independent. The distance is Kolmogorov-Smirnov's, the largest
    over the coordinates and a few fixed random directions. Refuted when it is confidently
    above ``tolerance``; supported when confidently below ``margin`` (larger than
    tolerance). ``finest_only``: judge at the last size point only, for laws that agree
    in the limit.
    """

    left: Callable[..., Any]
    right: Callable[..., Any]
    tolerance: Real = 0.0
    margin: Real = 0.2
    finest_only: bool = False

    least_seeds: ClassVar[int] = 2

    def check(self) -> None:
        """Reject a margin that no sample could meet."""
        if not 0 <= self.tolerance < self.margin < 1:
            raise ValueError(
                f"claim {self.id}: expected 0 <= tolerance < margin < 1 for a Kolmogorov-Smirnov "
                f"distance, received tolerance {self.tolerance}, margin {self.margin}"
            )

        sides = (self.left, self.right)
        draws = [(s.experiment.draw or s.experiment.name) for s in sides if isinstance(s, Column)]
        if len(draws) == 2 and draws[0] == draws[1]:
            raise ValueError(
                f"claim {self.id}: expected two experiments with keys of their own, received two "
                f"columns of {draws[0]}, which are not independent"
            )

    def roles(self) -> dict[str, Role]:
        """Two samples."""
        return {"left": Role(self.left, SAMPLE), "right": Role(self.right, SAMPLE, side="right")}

    def finding(self, data: Data) -> Finding:
        """Kolmogorov-Smirnov distance in every coordinate and a few fixed directions.

        Refuted with the law of the two-sample statistic, the tolerance taken off; supported
        with the binomial bound: at the point where the two laws differ by the margin, the
        empirical difference has standard deviation at most (1/(4 n) + 1/(4 m))**0.5.
        """
        pairs = list(zip(data.points, data.arrays["left"], data.arrays["right"], strict=True))
        tests = []
        for point, left, right in pairs[-1:] if self.finest_only else pairs:
            x, y = (sample.reshape(len(sample), -1) for sample in (left, right))
            unit = unit_of(x, y)
            x, y = in_unit(x, unit), in_unit(y, unit)
            pooled = np.concatenate([x, y])
            centre, spread = pooled.mean(axis=0), pooled.std(axis=0) + 1e-300
            x, y = (x - centre) / spread, (y - centre) / spread
            directions = _directions(x.shape[1])
            n, m = len(x), len(y)
            for k, direction in enumerate(directions):
                distance = _kolmogorov(x @ direction, y @ direction)
                excess = max(distance - self.tolerance, 0.0) * np.sqrt(n * m / (n + m))
                deviation = np.sqrt(0.25 / n + 0.25 / m)
                what = f"coordinate {k}" if k < x.shape[1] else f"direction {k - x.shape[1]}"
                tests.append(
                    Test(
                        f"distance in {what}{at(point)}",
                        distance,
                        float(deviation),
                        n + m - 2.0,
                        -np.inf,
                        self.tolerance,
                        -np.inf,
                        self.margin,
                        refutation=float(special.kolmogorov(excess)),
                        support=float(special.ndtr((distance - self.margin) / deviation)),
                    )
                )
        return Finding(tuple(tests), {test.name: estimate_of(test) for test in tests})

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """The left sample shifted by five margins of its spread, or three times wider."""
        return (
            Mutant("auto-shift", "left shifted", data=partial(_moved, 5 * self.margin, 1.0)),
            Mutant("auto-scale", "left three times wider", data=partial(_moved, 0.0, 3.0)),
        )


def _moved(shift: Real, scale: Real, data: Data) -> Data:
    """The left samples moved, in units of the standard deviation of both together."""

    def moved(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        unit = unit_of(left.reshape(len(left), -1), right.reshape(len(right), -1))
        unit = unit if left.ndim > 1 else unit[0]
        x, y = in_unit(left, unit), in_unit(right, unit)
        pooled = np.concatenate([x, y])
        centre, spread = pooled.mean(axis=0), pooled.std(axis=0)
        return in_unit(centre + scale * (x - centre) + shift * spread, -unit)

    pairs = zip(data.arrays["left"], data.arrays["right"], strict=True)
    return replace(data, arrays={**data.arrays, "left": [moved(x, y) for x, y in pairs]})


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
