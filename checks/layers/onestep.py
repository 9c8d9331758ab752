"""Claims about one step at a small width: mean and second moment, exact at that width."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from checks.layers.exact import Term, covariance_terms, mean_terms, total
from checks.layers.finite import BATCH, ROUNDING, SEEDS, FiniteLayer
from checks.layers.planted import Planted, planted
from checks.verdicts import Experiment, IdentityClaim, MomentClaim, Mutant
from checks.verdicts.experiment import Table

MARGIN = 10 / SEEDS**0.5  # in standard deviations of an observation


class OneStep:
    """One step from the state at N: exact moments, and which entries of the statistics move."""

    def __init__(self, finite: FiniteLayer, n: int) -> None:
        """A pilot on keys of its own shows the spread, constant entries and equal ones."""
        self.finite, self.n = finite, n
        self.means = mean_terms(finite, n)
        self.size = len(finite.start(n))
        self.mean = total(self.means, (self.size,))
        self.pilot, self.entries = finite.pilot, finite.moving
        flat = self.pilot.reshape(-1, self.size)
        moving = flat.std(axis=0) > ROUNDING * (np.abs(flat).max() + 1e-300)
        self.still = [k for k in range(self.size) if not moving[k]]

    def experiment(self, name: str) -> Experiment:
        """The increments of batches of layers, which the claims about one step share."""
        return Experiment(name, self._simulate)

    def _simulate(self, size: dict, keys: np.ndarray) -> dict[str, np.ndarray]:
        return {"increments": self._draw(keys)}

    def _draw(self, keys: np.ndarray) -> np.ndarray:
        return self.finite.increments(self.n, keys, BATCH)

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of moving entries."""
        return [(i, j) for a, i in enumerate(self.entries) for j in self.entries[a:]]

    @cached_property
    def covariances(self) -> list[Term]:
        """Terms of the covariances of the pairs."""
        rows, columns = np.transpose(self.pairs)
        return [Term(t.text, t.value[rows, columns]) for t in covariance_terms(self.finite, self.n)]

    def sample(self, size: dict, table: Table) -> np.ndarray:
        """Mean increments of batches."""
        return table["increments"].mean(axis=1)[:, self.entries]

    def products(self, size: dict, table: Table) -> np.ndarray:
        """Mean products of centred increments of batches; the derived mean is the centre."""
        d = table["increments"] - self.mean
        rows, columns = np.transpose(self.pairs)
        return (d[..., rows] * d[..., columns]).mean(axis=1)

    def residual(self, size: dict, table: Table) -> np.ndarray:
        """Distance of the entries that do not vary from their derived increments."""
        d = table["increments"][..., self.still] - self.mean[self.still]
        scale = 1 + np.abs(self.mean[self.still])
        return np.abs(d / scale).max(axis=(1, 2))

    def error(self, observations: np.ndarray) -> np.ndarray:
        """Standard errors that the claim will have, from the pilot."""
        return observations.std(axis=0, ddof=1) / SEEDS**0.5 + 1e-300


def one_step_claims(slug: str, finite: FiniteLayer) -> tuple[list, list[str]]:
    """The claims, and the mutants that are not visible with the reason."""
    n = finite.smallest()
    step = OneStep(finite, n)
    one_step = step.experiment(f"{slug}/one-step")
    claims, hidden = [], []
    watched = ", ".join(finite.layer.watch)
    if step.entries:
        expected = step.mean[step.entries]
        terms = [Term(t.text, t.value[step.entries]) for t in step.means]
        error = step.error(step.pilot.mean(axis=1)[:, step.entries])
        what = f"One step at N = {n} moves {watched} by the derived mean, exact at that width."
        claims.append(
            moment_claim(
                f"{slug}/one-step-mean",
                what,
                n,
                one_step.column(step.sample),
                expected,
                terms,
                error,
                hidden,
            )
        )
        centred = step.pilot - step.mean
        rows, columns = np.transpose(step.pairs)
        error = step.error((centred[..., rows] * centred[..., columns]).mean(axis=1))
        spread = total(step.covariances, (len(step.pairs),))
        what = f"The increments of {watched} in one step at N = {n} have the derived covariance."
        claims.append(
            moment_claim(
                f"{slug}/one-step-covariance", what, n, one_step.column(step.products), spread,
                step.covariances, error, hidden,
            )
        )  # fmt: skip
    if (step.still and np.abs(step.mean[step.still]).max() > ROUNDING) or not step.entries:
        claims.append(
            IdentityClaim(
                id=f"{slug}/one-step", residual=one_step.column(step.residual),
                sizes={"N": [n]}, seeds=8, cap=8,
                statement=f"Entries of {watched} that no draw changes move as derived.",
                tolerance=ROUNDING,
            )
        )  # fmt: skip
    return claims, hidden


def moment_claim(
    name: str, statement: str, n: int, sample: Callable, expected: np.ndarray, terms: list[Term],
    error: np.ndarray, hidden: list[str],
) -> MomentClaim:  # fmt: skip
    """A claim of exact means with the visible mutants; the others are listed."""
    found = planted(expected, terms, error, n)
    hidden += [_why(name, p) for p in found if not p.visible]
    return MomentClaim(
        id=name, statement=statement, sample=sample, expected=expected, sizes={"N": [n]},
        seeds=SEEDS, cap=4 * SEEDS, margin=MARGIN,
        mutants=[Mutant(p.id, p.description, {"expected": p.expected}) for p in found if p.visible],
    )  # fmt: skip


def _why(name: str, mutant: Planted) -> str:
    return (
        f"{name}: {mutant.description}: changes the prediction by {mutant.off:.2g} resolutions, "
        f"too little to be seen in this state"
    )
