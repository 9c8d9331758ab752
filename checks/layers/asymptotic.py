"""Claims about one step of a layer whose moments are expansions: true up to C / N.

At one N the mean and the covariance of a step, times the number of steps, are the drift and the
covariance of the limit, with a tolerance that counts for the terms of lower order.
"""

import numpy as np

from checks.layers.finite import SEEDS, FiniteLayer
from checks.layers.limiting import Limiting
from checks.layers.planted import planted
from checks.verdicts import Experiment, MomentClaim, Mutant
from checks.verdicts.experiment import Table
from checks.verdicts.tasks import seed_keys
from theory.limits import Limit

LEAST, BATCH = 48, 128
LOWER = 6.0  # N times what terms of lower order may add, relative to the largest term
MARGIN = 0.2  # half of what exact moments are given: in standard deviations, or of the value itself


def asymptotic_claims(
    slug: str, limit: Limit, finite: FiniteLayer
) -> tuple[list[MomentClaim], list[str]]:
    """Drift and covariance at one large N, with the visible mutants; the others are listed."""
    n, entries = finite.smallest(), finite.moving
    while n < LEAST:
        n *= 2
    values = finite.values(n)
    shapes = {k: x.shape for k, x in finite.statistics(values).items()}
    limiting, start = Limiting(limit, values, shapes), finite.start(n)
    per_step = limit.regime == "UNSTABLE"
    count = 1.0 if per_step else finite.steps(n)

    def simulate(size: dict, keys: np.ndarray) -> dict[str, np.ndarray]:
        return {"increments": finite.increments(n, keys, BATCH, "reduced_step")}

    one_step = Experiment(f"{slug}/one-step", simulate)
    drift = limiting.drift(start[None])[0]
    rows, columns = np.transpose([(i, j) for a, i in enumerate(entries) for j in entries[a:]])

    def mean(size: dict, table: Table) -> np.ndarray:
        return count * table["increments"].mean(axis=1)[:, entries]

    def products(size: dict, table: Table) -> np.ndarray:
        d = table["increments"] - drift / count
        return count * (d[..., rows] * d[..., columns]).mean(axis=1)

    pilot = simulate({}, seed_keys("pilot", 0, 0, 64))
    watched, hidden = ", ".join(shapes), []
    asked = [("mean", "drift", mean, drift[entries],
              [t.at(entries) for *_, t in limiting.terms("drift", start)])]  # fmt: skip
    if limit.covariance:
        terms = [t.at((rows, columns)) for *_, t in limiting.terms("covariance", start)]
        spread = limiting.covariance(start[None])[0][rows, columns]
        if np.abs(spread).max() > 0:
            asked.append(("covariance", "covariance", products, spread, terms))
    found = []
    for name, what, sample, expected, terms in asked:
        observed = sample({}, pilot)
        error = observed.std(axis=0, ddof=1) / SEEDS**0.5
        largest = max((float(np.abs(t.value).max()) for t in terms), default=0.0)
        tolerance = LOWER / n * max(largest, float(np.abs(expected).max()))
        mutants = planted(expected, terms, error + tolerance / 2.58, n)
        label = f"{slug}/one-step-{name}"
        hidden += [
            f"{label}: {p.description}: changes the prediction by {p.off:.2g} resolutions, "
            "too little to be seen in this state"
            for p in mutants
            if not p.visible
        ]
        times = "" if per_step else f"{count:g} times "
        found.append(
            MomentClaim(
                id=label, sample=one_step.column(sample), expected=expected, sizes={"N": [n]},
                statement=f"One step at N = {n}: {times}the {name} of the increment of {watched} "
                f"is the derived {what}, up to {LOWER:g} / N of its largest term. What is off by "
                f"more than {MARGIN:g} of the value, or of the standard deviation of a mean of "
                f"{BATCH} layers, is excluded.",
                tolerance=tolerance, margin=MARGIN, seeds=SEEDS, cap=4 * SEEDS,
                mutants=[
                    Mutant(p.id, p.description, {"expected": p.expected})
                    for p in mutants if p.visible
                ],
            )
        )  # fmt: skip
    return found, hidden
