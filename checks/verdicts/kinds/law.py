"""Laws: two samplers agree, by Kolmogorov-Smirnov distances in many directions."""

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import combinations, product
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import special, stats

from checks.verdicts.claim import SAMPLE, Claim, Mutant, Role
from checks.verdicts.conditions import check_flags, check_number
from checks.verdicts.data import Data, Measure, Real, at
from checks.verdicts.experiment import Column
from checks.verdicts.finding import Finding, estimate_of
from checks.verdicts.outcome import Test, t_quantile
from checks.verdicts.values import in_unit, unit_of

PAIRS = 32  # coordinates among which all pairs are compared; of more, neighbours and suspects
SUSPECTS = 64  # pairs of more coordinates that are compared: those whose dependence differs most
TRIPLES = 6  # coordinates among which all triples are compared
DIRECTIONS = 8  # random directions besides
ROUNDING = 1e-12  # relative to the largest value: what values may differ by and be one atom
MARGINALS = "marginals only: dependence is not tested"
Matrix = Float[np.ndarray, "n q"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LawClaim(Claim):
    """Two samplers have the same law (or laws within ``tolerance`` of each other).

    ``left(size, keys)`` and ``right(size, keys)`` return (n, q) or (n,); they get
    different keys and are independent. The distance is Kolmogorov-Smirnov's: in every coordinate,
    and for vectors also in the directions in which dependence shows: sums and differences of pairs,
    up to six coordinates also of triples, and a few fixed random ones. These are one joint test. Of
    more than 32 coordinates all pairs are paid for, and measured are neighbours and the 64 pairs
    whose correlations, of ranks or of their distances from the median, differ most.
    Refuted when a distance is confidently above ``tolerance``; supported when all are confidently
    below ``margin`` (larger than tolerance), joint ones below ``joint_margin`` (the same by
    default). ``joint=False`` tests the marginals alone, and a note says so. Values within
    ``resolution`` of each other, or within rounding of double precision, count as equal.
    ``finest_only``: judge at the last size point only, for laws that agree in the limit.
    """

    left: Measure
    right: Measure
    tolerance: Real = 0.0
    margin: Real = 0.2
    joint: bool = True
    joint_margin: Real | None = None
    resolution: Real = 0.0
    finest_only: bool = False

    least_seeds: ClassVar[int] = 2
    measured: ClassVar[str] = "left"

    def check(self) -> None:
        """Reject a margin that no sample could meet."""
        check_flags(self, "joint", "finest_only")
        check_number(self, "tolerance", "resolution", least=0)
        why = ": it is a Kolmogorov-Smirnov distance, larger than the tolerance"
        check_number(self, "margin", above=self.tolerance, below=1, why=why)
        check_number(
            self, "joint_margin", above=self.tolerance, below=1, otherwise=(None,), why=why
        )
        sides = (self.left, self.right)
        runs = [side.experiment for side in sides if isinstance(side, Column)]
        draws = [(run.draw or run.name, run.side) for run in runs]
        if len(draws) == 2 and draws[0] == draws[1]:
            raise ValueError(
                f"claim {self.id}: expected two experiments with keys of their own, received two "
                f"columns of {draws[0][0]}, which are not independent; give them different draws "
                "or sides"
            )

    @property
    def _joint_margin(self) -> Real:
        return self.margin if self.joint_margin is None else self.joint_margin

    def roles(self) -> dict[str, Role]:
        """Two samples."""
        return {"left": Role(self.left, SAMPLE), "right": Role(self.right, SAMPLE, side="right")}

    def finding(self, data: Data) -> Finding:
        """Kolmogorov-Smirnov distance in every coordinate, and jointly in many directions.

        Refuted with the law of the two-sample statistic, the tolerance taken off; supported
        with the binomial bound: at the point where the two laws differ by the margin, the
        empirical difference has standard deviation at most (1/(4 n) + 1/(4 m))**0.5.
        """
        pairs = list(zip(data.points, data.arrays["left"], data.arrays["right"], strict=True))
        tests, most = [], 0
        for point, left, right in pairs[-1:] if self.finest_only else pairs:
            x, y = _standardised(left, right, self.resolution)
            q = x.shape[1]
            for k in range(q):
                name = f"distance in coordinate {k}{at(point)}"
                distance = _kolmogorov(x[:, k], y[:, k])
                tests.append(self._test(name, distance, 1, len(x), len(y), self.margin))
            most = max(most, q)
            if self.joint and q > 1:
                distance, count = _joint_distance(x, y)
                name = f"largest distance in {count} joint directions{at(point)}"
                tests.append(self._test(name, distance, count, len(x), len(y), self._joint_margin))
        notes = (_tested(most) if self.joint else MARGINALS,) if most > 1 else ()
        return Finding(tuple(tests), {test.name: estimate_of(test) for test in tests}, notes=notes)

    def _test(self, name: str, distance: float, count: int, n: int, m: int, margin: Real) -> Test:
        """The largest of so many distances, each of which may refute."""
        deviation = float(np.sqrt(0.25 / n + 0.25 / m))
        excess = max(distance - self.tolerance, 0.0) * np.sqrt(n * m / (n + m))
        half = deviation * t_quantile(0.995, n + m - 2.0)
        return Test(
            name, distance, deviation, n + m - 2.0, -np.inf, self.tolerance, -np.inf, margin,
            refutation=min(1.0, count * float(special.kolmogorov(excess))),
            support=float(special.ndtr((distance - margin) / deviation)),
            exact=(max(distance - half, 0.0), min(distance + half, 1.0)),
        )  # fmt: skip

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """The left sample shifted by five margins of its spread, or three times wider."""
        return (
            Mutant("auto-shift", "left shifted", data=partial(_moved, 5 * self.margin, 1.0)),
            Mutant("auto-scale", "left three times wider", data=partial(_moved, 0.0, 3.0)),
        )


def largest_distance(left: Matrix, right: Matrix) -> float:
    """The largest of the distances that a LawClaim tests, marginal and joint ones."""
    x, y = _standardised(left, right, 0.0)
    marginal = max(_kolmogorov(u, v) for u, v in zip(x.T, y.T, strict=True))
    return max(marginal, _joint_distance(x, y)[0]) if x.shape[1] > 1 else marginal


def _joint_distance(x: Matrix, y: Matrix) -> tuple[float, int]:
    """The largest distance in joint directions, and the number of those that it is chosen from.

    Where pairs are chosen by the data, the number is that of all pairs: the bound of Bonferroni
    for all of them holds for any choice among them.
    """
    q = x.shape[1]
    directions = _directions(q)
    count = len(directions)
    if q > PAIRS:
        directions = np.concatenate([directions, _suspects(x, y)])
        count = q * (q - 1) + DIRECTIONS
    return max(_kolmogorov(x @ d, y @ d) for d in directions), count


def _tested(q: int) -> str:
    """Where dependence is looked for, among as many coordinates as there are at most."""
    pairs = "pairs"
    if q > PAIRS:
        pairs = f"neighbours and the {SUSPECTS} pairs whose correlations of ranks differ most"
    return (
        f"dependence shows in {pairs}, up to six coordinates in triples, and in a few "
        "random directions; no other is tested"
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


def _standardised(left: np.ndarray, right: np.ndarray, resolution: Real) -> tuple[Matrix, Matrix]:
    """Both samples in units of their common spread; values that rounding tells apart are equal."""
    x, y = (sample.reshape(len(sample), -1) for sample in (left, right))
    unit = unit_of(x, y)
    pooled = in_unit(np.concatenate([x, y]), unit)
    alike = np.maximum(ROUNDING, in_unit(float(resolution), unit))
    pooled = np.stack([_merged(v, float(w)) for v, w in zip(pooled.T, alike, strict=True)], axis=1)
    spread = pooled.std(axis=0)
    spread = np.where(spread > ROUNDING, spread, np.inf)
    pooled = (pooled - pooled.mean(axis=0)) / spread
    return pooled[: len(x)], pooled[len(x) :]


def _merged(values: Float[np.ndarray, " n"], alike: float) -> Float[np.ndarray, " n"]:
    """Each value replaced by the least of those that it is connected with by steps of ``alike``."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    starts = np.concatenate([[True], np.diff(ranked) > alike])
    merged = np.empty_like(values)
    merged[order] = ranked[starts][np.cumsum(starts) - 1]
    return merged


@lru_cache(maxsize=64)
def _directions(q: int) -> Float[np.ndarray, "directions {q}"]:
    """Where dependence shows: signed sums of pairs and triples, and random directions."""
    axes = np.eye(q)
    near = PAIRS if q <= PAIRS else 2
    pairs = [(i, j) for i in range(q) for j in range(max(0, i - near + 1), i)]
    found = [axes[i] + sign * axes[j] for i, j in pairs for sign in (1, -1)]
    if q <= TRIPLES:
        found += [
            axes[i] + a * axes[j] + b * axes[k]
            for i, j, k in combinations(range(q), 3)
            for a, b in product((1, -1), repeat=2)
        ]
    if q > 2:  # fixed, not drawn anew: a judgement must be repeatable
        found += list(np.random.default_rng(q).standard_normal((DIRECTIONS, q)))
    return np.array([d / np.linalg.norm(d) for d in found])


def _suspects(x: Matrix, y: Matrix) -> Float[np.ndarray, "directions q"]:
    """Signed sums of the pairs whose dependence differs most between the samples, by ranks.

    Two correlations are compared, that of ranks and that of their distances from the median: the
    second shows coordinates that are large together, whatever their signs.
    """
    q = x.shape[1]
    ranks = [stats.rankdata(sample, axis=0) / (len(sample) + 1) - 0.5 for sample in (x, y)]
    apart = np.zeros((q, q))
    for part in (ranks, [np.abs(rank) for rank in ranks]):
        first, second = map(_correlations, part)
        apart = np.maximum(apart, np.abs(first - second))
    rows, columns = np.triu_indices(q, 1)
    chosen = np.argsort(-apart[rows, columns], kind="stable")[:SUSPECTS]
    axes = np.eye(q) / 2**0.5
    i, j = rows[chosen], columns[chosen]
    return np.concatenate([axes[i] + axes[j], axes[i] - axes[j]])


def _correlations(values: Matrix) -> Float[np.ndarray, "q q"]:
    """Of all pairs of columns; 0 where one does not vary."""
    centred = values - values.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    centred = centred / np.where(length > 0, length, np.inf)
    return centred.T @ centred


def _kolmogorov(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " m"]) -> float:
    """Largest difference of the two empirical distribution functions, rounding taken off."""
    where = _merged(np.concatenate([x, y]), ROUNDING * (1 + float(np.abs(x).max())))
    x, y = where[: len(x)], where[len(x) :]
    left = np.searchsorted(np.sort(x), where, side="right") / len(x)
    right = np.searchsorted(np.sort(y), where, side="right") / len(y)
    return float(np.abs(left - right).max())
