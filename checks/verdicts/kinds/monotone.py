"""Monotone: an error falls, or grows, from every level to the next."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from checks.verdicts.claim import Claim, Mutant, Role
from checks.verdicts.conditions import STATISTICS, check_choice, chosen_size
from checks.verdicts.data import Data, Measure, at
from checks.verdicts.finding import Finding, estimate_of, plot_series
from checks.verdicts.levels import refuse_copies
from checks.verdicts.trends import mean_test, slices, standard_error, statistic_logs
from checks.verdicts.values import in_unit


@dataclass(frozen=True, kw_only=True, eq=False)
class MonotoneClaim(Claim):
    """The error falls from every level of a size to the next, at fixed other sizes.

    ``size`` names it (default: the first one); at least three levels. ``kind``: ``"falls"`` or
    ``"grows"``. ``statistic``: which statistic of the seeds' errors does: their ``"mean"``,
    ``"rms"`` or ``"geometric"`` mean. Each step is a test: all must be confidently in the claimed
    direction for support, one confidently in the other refutes. Equal levels are wrong; no rate is
    claimed, and nothing of what lies between the levels or beyond them.
    """

    error: Measure
    size: str = ""
    kind: str = "falls"
    statistic: str = "mean"

    least_seeds: ClassVar[int] = 2
    measured: ClassVar[str] = "error"

    def check(self) -> None:
        """Choose the size and reject what cannot be tested."""
        check_choice(self.id, "kind", self.kind, ("falls", "grows"))
        check_choice(self.id, "statistic", self.statistic, STATISTICS[:3])
        object.__setattr__(self, "size", chosen_size(self, self.size, 3))

    def default_statement(self) -> str:
        """The direction in words."""
        return f"The error {self.kind} from every level of {self.size} to the next."

    def roles(self) -> dict[str, Role]:
        """Errors, one a key."""
        return {"error": Role(self.error, nonnegative=True)}

    def finding(self, data: Data) -> Finding:
        """In each slice, the log ratio of every level to the one before."""
        tests, series = [], ()
        low, high = (-np.inf, 0.0) if self.kind == "falls" else (0.0, np.inf)
        refuse_copies(data.matrix("error"))
        parts = slices(data, self.size)
        for rest, members in parts:
            part, where = data.select(members), at(rest) if len(parts) > 1 else ""
            centre, influence, unit = statistic_logs(part, self.statistic)
            levels = part.column(self.size)
            tests += [
                mean_test(
                    f"log ratio of {self.size}={levels[k + 1]:g} to {levels[k]:g}" + where,
                    influence[:, k + 1] - influence[:, k],
                    low,
                    high,
                    centre=float(centre[k + 1] - centre[k]),
                )
                for k in range(len(levels) - 1)
            ]
            means = in_unit(np.exp(centre), -unit)
            spread = means * standard_error(influence)
            name = f"{self.statistic} error"
            series += plot_series(name, part.points, self.size, means, spread, None)
        return Finding(
            tuple(tests), {test.name: estimate_of(test, "log") for test in tests}, series
        )

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """The smallest step of each slice turned round, and twice as large."""
        text = "the smallest step turned round, and twice as large; finer levels moved with it"
        return (Mutant("auto-turn", text, data=self._turned),)

    def _turned(self, data: Data) -> Data:
        errors, sign = data.matrix("error").copy(), 1 if self.kind == "falls" else -1
        for _, members in slices(data, self.size):
            steps = np.diff(statistic_logs(data.select(members), self.statistic)[0])
            k = int(np.argmin(np.abs(steps)))
            errors[:, members[k + 1 :]] *= np.exp(2 * sign * abs(steps[k]) - steps[k])
        return data.with_matrix("error", errors)
