"""Two methods at the same sizes: by what factor the errors differ, and whether rates do."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from checks.suite.problem import InputProblem
from checks.verdicts.fit import fit_shape
from checks.verdicts.levels import Levels
from checks.verdicts.linear import level_weights, linear_solution
from checks.verdicts.outcome import number, t_quantile
from checks.verdicts.shapes import make_shape

from .estimates import ORDERS
from .held import guessed, refuse_confounded, require_recorded
from .profiles import FARTHEST, profiled

Interval = tuple[float, float, float]


@dataclass(frozen=True)
class Comparison:
    """The error of A over that of B: at the finest size, and its exponent in each size.

    All are (value, low, high) with 99 % intervals. The exponents are those of a power law over the
    sizes that were measured; their intervals cover all with which one fits nearly as well, with a
    correction of order 1/2, 1 or 2, as in `Estimate`: the errors of two methods of one order whose
    next terms differ have no ratio that is a power. ``misfit`` is the p-value of 'the logarithm of
    the ratio is linear in those of the sizes'; where it is small, the values describe little.
    """

    names: tuple[str, str]
    finest: dict[str, Any]
    factor: Interval
    exponents: dict[str, Interval]
    misfit: float
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "methods": list(self.names),
            "finest": self.finest,
            "error_ratio": [number(x) for x in self.factor],
            "exponent_differences": {k: [number(x) for x in v] for k, v in self.exponents.items()},
            "lack_of_fit": number(self.misfit),
            "confidence": 0.99,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """Lines to read."""
        a, b = self.names
        value, low, high = self.factor
        at = ", ".join(f"{name} = {level:g}" for name, level in self.finest.items())
        which = "not told apart"
        if high < 1 or low > 1:
            which = f"{a if high < 1 else b} has the smaller error"
        lines = [f"error of {a} over {b} at {at}: {value:.3g} [{low:.3g}, {high:.3g}]: {which}"]
        for name, (difference, below, above) in self.exponents.items():
            words = "no difference of orders is seen (which does not show that there is none)"
            if above < 0 or below > 0:
                words = f"{a if above < 0 else b} falls faster, or grows more slowly"
            lines.append(
                f"exponent of {name}, {a} less {b}: {difference:.3g} [{below:.3g}, {above:.3g}]: "
                + words
            )
        if self.misfit < 0.01:
            lines.append(f"the ratio is no power law (p = {self.misfit:.2g}): no one exponent")
        return "\n".join([*lines, *self.notes])


def compare(a: Any, b: Any, names: tuple[str, str] = ("A", "B")) -> Comparison:
    """Compare the errors of two methods, of which both have runs or standard errors.

    Runs of the two are taken to be independent. Raises InputProblem where too few sizes are common,
    and where statistics differ.
    """
    for data in (a, b):
        require_recorded(data)
    if a.noise == "none" or b.noise == "none":
        raise InputProblem(
            expected="runs or standard errors of both methods",
            received="one error a size, which has no sampling error to compare with",
            remedy="Give runs, or estimate each method's exponent.",
        )
    if a.statistic != b.statistic:
        raise InputProblem(
            expected="one statistic of both methods",
            received=f"the {a.statistic} of {names[0]} and the {b.statistic} of {names[1]}",
            remedy="Read both tables with the same statistic=.",
        )
    if a.sizes == b.sizes:
        (a, b), notes = guessed([a, b])
    else:
        notes = ()
    if a.sizes != b.sizes:
        raise InputProblem(
            expected="the same sizes of both methods, and the same of them as steps",
            received=f"{', '.join(a.sizes)} of {names[0]}, {', '.join(b.sizes)} of {names[1]}",
            remedy="Read both tables with the same sizes= and the same steps=.",
        )
    notes = (*notes, *dict.fromkeys((*a.notes, *b.notes)))
    common = [point for point in a.points if point in b.points]
    if len(common) < 3:
        raise InputProblem(
            expected="at least three sizes that both methods have",
            received=f"{len(common)} in common",
            remedy="Measure both at the same sizes.",
        )
    refuse_confounded(replace(a, points=tuple(common)))
    rows = [[data.points.index(point) for point in common] for data in (a, b)]
    log = np.log(a.values[rows[0]]) - np.log(b.values[rows[1]])
    covariance = sum(
        data.covariance[np.ix_(part, part)] for data, part in zip((a, b), rows, strict=True)
    )
    levels = Levels(log, np.asarray(covariance), min(*a.runs, *b.runs), np.ones(len(log)))
    sizes = np.log(np.array([[float(point[n]) for n in a.sizes] for point in common]))
    varying = [j for j in range(sizes.shape[1]) if np.ptp(sizes[:, j]) > 0]
    found, misfit = _exponents(levels, sizes[:, varying])
    finest = int(np.argmax(sizes.sum(axis=1)))
    reach = t_quantile(0.995, max(levels.seeds - 1, 1)) * float(levels.relative_error[finest])
    value = float(log[finest])
    exponents = {a.sizes[j]: interval for j, interval in zip(varying, found, strict=True)}
    middle, low, high = np.exp([value, value - reach, value + reach]).tolist()
    return Comparison(names, dict(common[finest]), (middle, low, high), exponents, misfit, notes)


def _exponents(levels: Levels, log_sizes: Float[np.ndarray, "K J"]) -> tuple[list[Interval], float]:
    """Of a power law through the ratios, with intervals over corrections; and its misfit."""
    centred = log_sizes - log_sizes.mean(axis=0)
    design = np.column_stack([np.ones(len(centred)), centred])
    solution = linear_solution(design, level_weights(levels), levels, levels.log_mean)
    values = (solution.projector @ levels.log_mean)[1:]
    variance, df = solution.variance(np.eye(design.shape[1])[1:])
    sizes, none = np.exp(log_sizes).T, np.zeros((1, len(centred)))
    shapes = [make_shape(none, sizes, order) for order in (None, *ORDERS)]
    spare = len(centred) - design.shape[1]
    shapes = [shape for shape in shapes if len(shape.corrections) < spare]  # else it fits anything
    fits = [fit_shape(levels, shape, (-FARTHEST, FARTHEST), bounded=True) for shape in shapes]
    found = []
    for j, (value, half) in enumerate(zip(values, np.sqrt(variance), strict=True)):
        half = t_quantile(0.995, df[j]) * float(half)
        starts = [float(value), *(float(fit.gamma[j]) for fit in fits)]
        below, above = profiled(levels, shapes, j, starts)
        found.append((float(value), float(min(value - half, below)), max(value + half, above)))
    return found, solution.misfit
