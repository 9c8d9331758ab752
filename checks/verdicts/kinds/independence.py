"""Independence: an error does not depend on a size."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from checks.verdicts.claim import Claim, Mutant, Role, Spoiled
from checks.verdicts.conditions import check_choice, check_margin, chosen_size
from checks.verdicts.data import Data, Real
from checks.verdicts.finding import Finding, Undecided, estimate_of, plot_series
from checks.verdicts.trends import by_level, mean_test, standard_error


@dataclass(frozen=True, kw_only=True, eq=False)
class IndependenceClaim(Claim):
    """The error does not depend on a size (tokens, embedding dimension, ...).

    ``size`` names it (default: the first one); over other sizes the per-seed slopes are
    averaged. ``margin`` is the total drift allowed over the whole range, as a fraction:
    0.25 allows a factor 1.25. ``kind``: ``"equivalent"`` (drift neither way) or
    ``"no growth"`` (one-sided). Errors must be positive: slopes are of their logarithm.
    The slope over all levels and the ratio of every level to the smallest are judged, so a
    drift up and down again is seen.
    """

    error: Callable[..., Any]
    size: str = ""
    kind: str = "equivalent"
    margin: Real = 0.25

    least_seeds: ClassVar[int] = 2
    measured: ClassVar[str] = "error"

    def check(self) -> None:
        """Choose the size and reject what cannot be tested."""
        check_margin(self.id, self.margin)
        check_choice(self.id, "kind", self.kind, ("equivalent", "no growth"))
        object.__setattr__(self, "size", chosen_size(self, self.size, 3))

    def roles(self) -> dict[str, Role]:
        """Errors, one a key."""
        return {"error": Role(self.error, nonnegative=True)}

    def finding(self, data: Data) -> Finding:
        """Per-seed slope of the log error by TOST, and every level against the smallest."""
        errors = data.matrix("error")
        if np.any(errors <= 0):
            k = int(np.argmin(errors.min(axis=0)))
            raise Undecided(
                f"the error is 0 for some seed at {data.points[k]}: its logarithm is needed"
            )
        levels, logs = by_level(np.log(errors), data.column(self.size))
        x, span = np.log(levels), np.log(levels[-1] / levels[0])
        allowed = float(np.log1p(self.margin))
        low = -allowed if self.kind == "equivalent" else -np.inf
        centred = x - x.mean()
        drift = logs @ centred / (centred @ centred) * span
        tests = [mean_test(f"log drift over the range of {self.size}", drift, low, allowed)]
        for k in range(1, len(levels)):
            name = f"log ratio of {self.size}={levels[k]:g} to {levels[0]:g}"
            tests.append(mean_test(name, logs[:, k] - logs[:, 0], low, allowed))
        centre, spread = logs.mean(axis=0), standard_error(logs)
        series = plot_series(
            "geometric mean of the error",
            tuple({self.size: int(level)} for level in levels),
            self.size,
            np.exp(centre),
            np.exp(centre) * spread,
            np.full(len(levels), np.exp(centre.mean())),
        )
        return Finding(
            tuple(tests), {test.name: estimate_of(test, "log") for test in tests}, series
        )

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """Drifts by the square of what is allowed, in each direction that is claimed not to be."""
        twice = (1 + self.margin) ** 2
        up, down = (
            Mutant(f"auto-drift-{word}", f"error drifting by a factor {factor:.4g} over the range",
                   data=drifting(self.size, factor, self.kind))
            for word, factor in (("up", twice), ("down", 1 / twice))
        )  # fmt: skip
        return (up, down) if self.kind == "equivalent" else (up,)


def drifting(size: str, factor: Real, kind: str = "equivalent") -> Spoiled:
    """A planted error: errors drift by this factor over the range of the size.

    A claim of no growth must have teeth where errors fall, too: its falls are taken off first.
    """

    def plant(data: Data) -> Data:
        errors, column = data.matrix("error"), data.column(size)
        if np.any(errors <= 0):
            return data
        levels, logs = by_level(np.log(errors), column)
        x, span = np.log(levels), np.log(levels[-1] / levels[0])
        moved = np.log(factor) * (x - x[0]) / span
        if kind == "no growth":
            moved = moved - np.minimum(0.0, (logs - logs[:, :1]).mean(axis=0))
        return data.with_matrix("error", errors * np.exp(moved)[np.searchsorted(levels, column)])

    return Spoiled(plant)
