"""Monotone: an error falls, or grows, from every level to the next."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float

from checks.verdicts.claim import Claim, Mutant, Role
from checks.verdicts.conditions import STATISTICS, check_choice
from checks.verdicts.data import Data, Measure, at
from checks.verdicts.finding import Finding, estimate_of, plot_series
from checks.verdicts.levels import refuse_copies
from checks.verdicts.rounding import DOUBLE, FAR, STEPS, SURE
from checks.verdicts.sizes import chosen_size
from checks.verdicts.trends import mean_test, slices, standard_error, statistic_logs
from checks.verdicts.values import in_unit

LEAST = 8.0  # roundings that any error may be off by
WIDER = "difference of so little decides nothing; choose levels further apart, or above rounding"


@dataclass(frozen=True, kw_only=True, eq=False)
class MonotoneClaim(Claim):
    """The error falls from every level of a size to the next, at fixed other sizes.

    ``size`` names it (default: the first one); at least three levels. ``kind``: ``"falls"`` or
    ``"grows"``. ``statistic``: which statistic of the seeds' errors does: their ``"mean"``,
    ``"rms"`` or ``"geometric"`` mean. Each step is a test: all must be confidently in the claimed
    direction for support, one confidently in the other refutes. Equal levels are wrong; no rate is
    claimed, and nothing of what lies between the levels or beyond them. A difference within
    rounding decides nothing. At fixed other sizes there are two levels or more, each once.
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
        tests, series, doubt = [], (), ""
        low, high = (-np.inf, 0.0) if self.kind == "falls" else (0.0, np.inf)
        refuse_copies(data.matrix("error"))
        parts = slices(data, self.size)
        for rest, members in parts:
            part, where = data.select(members), at(rest) if len(parts) > 1 else ""
            centre, influence, unit = statistic_logs(part, self.statistic)
            levels = part.column(self.size)
            near = _near(centre, unit, part)
            for k in range(len(levels) - 1):
                step = f"{self.size}={levels[k + 1]:g} to {levels[k]:g}{where}"
                moved = influence[:, k + 1] - influence[:, k]
                distance = float(centre[k + 1] - centre[k])
                test = mean_test(f"log ratio of {step}", moved, low, high, centre=distance)
                tests.append(replace(test, refutes=False) if near[k] else test)
                if near[k] and not doubt:
                    doubt = (
                        f"the errors do not differ by more than rounding from {step}: a " + WIDER
                    )
            means = in_unit(np.exp(centre), -unit)
            spread = means * standard_error(influence)
            name = f"{self.statistic} error"
            series += plot_series(name, part.points, self.size, means, spread, None)
        return Finding(
            tuple(tests),
            {test.name: estimate_of(test, "log") for test in tests},
            series,
            doubt=doubt,
            final=bool(doubt) and all(test.low <= test.estimate <= test.high for test in tests),
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


def _near(centre: Float[np.ndarray, " K"], unit: int, part: Data) -> Bool[np.ndarray, " steps"]:
    """Which levels differ from the ones before by no more than rounding may.

    By that of the errors themselves, or of a quantity of order one whose errors they are, where
    they are far below the largest. As in `rounding`, a size counts the steps of a computation.
    """
    steps = np.array([max(point.values()) for point in part.points[1:]])
    relative = np.clip(STEPS * steps, LEAST, SURE) * DOUBLE
    larger = np.maximum(centre[1:], centre[:-1])
    depth = 1 + np.abs(centre).max()  # a logarithm is off by roundings of itself
    alike = np.abs(np.diff(centre)) <= relative * depth
    floor = np.minimum(np.log(relative) - unit * np.log(2), centre.max() + np.log(FAR))
    return alike | (larger <= floor)
