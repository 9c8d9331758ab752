"""The judge against the rules in use elsewhere, on synthetic studies with a known truth.

The studies made to mislead the judge are in ``hostile``; the rival rules are not made for them.
Errors here are log-normal and independent over seeds and levels, the case that is hardest for
the judge: it cannot profit from shared randomness. The rival rules get all 512 seeds at
once; the judge starts at 64 and may go up to 512, and to its default cap where a study says so.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp
from jaxtyping import Float

from .calibration import Frequency, frequencies, frequency, fresh_seeds
from .claim import CAP
from .data import Data, Real
from .evidence import Measurer
from .experiment import Table
from .hostile import HOSTILE, Hostile
from .judge import BUDGET, quick_verdict
from .kinds.rate import RateClaim
from .outcome import t_quantile
from .shapes import rate_shape
from .study import SEEDS
from .tasks import Task

n, L, H = sp.symbols("n L H", positive=True)
EIGHT = {"n": [2**k for k in range(2, 10)]}
SIX = {"n": [2**k for k in range(2, 8)]}
GRID = {"L": [8, 16, 32, 64, 128], "H": [1, 2, 4, 8, 16]}
MIXED = 1 / L + L ** sp.Rational(-1, 3) * H ** sp.Rational(-1, 2)
Error = Callable[..., float]


@dataclass(frozen=True)
class Study:
    """A truth, a claim about it, and whether the claim is right."""

    name: str
    right: bool
    truth: Error
    predicted: sp.Expr = 1 / n
    kind: str = "exact"
    margin: float = 0.1
    sizes: Mapping[str, Sequence[int]] = field(default_factory=lambda: EIGHT)
    spread: float = 0.4
    next_order: Real | str = "auto"
    cap: int = SEEDS["cap"]

    def claim(self) -> RateClaim:
        """The claim; its data come from ``measure``, which is quicker than one key at a time."""
        return RateClaim(
            id=f"benchmark/{self.name.replace(' ', '-')}",
            sizes=self.sizes,
            predicted=self.predicted,
            kind=self.kind,
            margin=self.margin,
            next_order=self.next_order,
            seeds=SEEDS["seeds"],
            cap=self.cap,
            error=lambda size, keys: np.full(len(keys), np.nan),
        )

    def measure(self, tasks: Sequence[Task]) -> list[Table]:
        """Log-normal errors around the truth, ``spread`` in the logarithm."""
        return [{"value": self._block(task)} for task in tasks]

    def _block(self, task: Task) -> np.ndarray:
        entropy = [task.seed, *task.point.values()]
        noise = np.random.default_rng(entropy).standard_normal(task.start + task.count)
        return self.truth(**task.point) * np.exp(self.spread * noise[task.start :])


STUDIES = (
    Study("power-law", True, lambda n: 1 / n),
    Study("power-law-6-levels", True, lambda n: 1 / n, sizes=SIX),
    Study("pre-asymptotic", True, lambda n: (1 + 2 / n) / n, next_order=1),
    Study(
        "pre-asymptotic-from-h-one-half",
        True,
        lambda n: (1 + 2 / n) / n,
        sizes={"n": [2**k for k in range(1, 9)]},
    ),
    Study(
        "mixed-below-its-bound",
        True,
        lambda L, H: 1 / L + (L * H) ** -0.5,
        MIXED,
        "upper bound",
        0.04,
        GRID,
    ),
    Study("true-rate-0.75", False, lambda n: n**-0.75),
    Study("true-rate-0.85", False, lambda n: n**-0.85),
    Study("true-rate-0.85-6-levels", False, lambda n: n**-0.85, sizes=SIX),
    Study("power-law-6-levels-default-cap", True, lambda n: 1 / n, sizes=SIX, cap=CAP),
    Study("true-rate-0.85-default-cap", False, lambda n: n**-0.85, cap=CAP),
    Study("true-rate-0.85-6-levels-default-cap", False, lambda n: n**-0.85, sizes=SIX, cap=CAP),
    Study("true-rate-1.5", False, lambda n: n**-1.5),
    Study("diverging", False, lambda n: 1.0 * n),
    Study(
        "mixed-claimed-exact",
        False,
        lambda L, H: 1 / L + (L * H) ** -0.5,
        MIXED,
        "exact",
        0.04,
        GRID,
    ),
    Study(
        "mixed-above-its-bound",
        False,
        lambda L, H: L**-0.25 * H**-0.5,
        MIXED,
        "upper bound",
        0.04,
        GRID,
    ),
    Study("wrong-limit", False, lambda n: 1 / n + 1 / 512),
    Study("wrong-limit-far", False, lambda n: 1 / n + 1 / 64),
)


@dataclass(frozen=True)
class Row:
    """Frequencies for one study: the judge's three verdicts, and acceptance by each rival.

    ``rivals`` is empty for a hostile study.
    """

    study: str
    right: bool
    verdicts: dict[str, Frequency]
    rivals: dict[str, Frequency]


@dataclass(frozen=True)
class Benchmark:
    """The table of all studies."""

    replicates: int
    seed: int
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "replicates": self.replicates,
            "seed": self.seed,
            "studies": [
                {
                    "study": row.study,
                    "claim_is_right": row.right,
                    "verdicts": {k: v.to_json() for k, v in row.verdicts.items()},
                    "rivals_accept": {k: v.to_json() for k, v in row.rivals.items()},
                }
                for row in self.rows
            ],
        }

    def to_markdown(self) -> str:
        """Percentages; for a right claim acceptance should be high, for a wrong one zero."""
        rivals = list(dict.fromkeys(name for row in self.rows for name in row.rivals))
        head = [*self.rows[0].verdicts, *(f"{name} accepts" for name in rivals)]
        lines = ["| study | claim is | " + " | ".join(head) + " |", "|---" * (len(head) + 2) + "|"]
        for row in self.rows:
            cells = [f"{100 * found.rate:.1f}" for found in row.verdicts.values()]
            seen = [row.rivals.get(name) for name in rivals]
            cells += ["" if found is None else f"{100 * found.rate:.1f}" for found in seen]
            lines.append(
                f"| {row.study} | {'right' if row.right else 'wrong'} | {' | '.join(cells)} |"
            )
        return "\n".join(lines) + "\n"


def calibrate_judge(
    replicates: int = 1000,
    seed: int = 0,
    *,
    studies: Sequence[Study | Hostile] = (*STUDIES, *HOSTILE),
    progress: Callable[[str], None] = lambda name: None,
) -> Benchmark:
    """Judge every study on ``replicates`` fresh seeds, and let the rival rules see the same data.

    ``progress`` is called with the name of each study as it begins.
    """
    rows = []
    for study in studies:
        progress(study.name)
        claim, counts, accepted = study.claim(), Counter(), Counter()
        for run in fresh_seeds(seed, replicates):
            verdict = quick_verdict(claim, seed=run, budget=BUDGET, measure=study.measure)
            counts[verdict.value] += 1
            if isinstance(study, Study):
                log_means, decay = _all_seeds(study.claim(), study.measure, run)
                for name, rule in RIVALS.items():
                    accepted[name] += rule(log_means, decay, study.kind == "upper bound")
        compared = RIVALS if isinstance(study, Study) else ()
        rivals = {name: frequency(accepted[name], replicates) for name in compared}
        rows.append(Row(study.name, study.right, frequencies(counts, replicates), rivals))
    return Benchmark(replicates, seed, tuple(rows))


def _all_seeds(
    claim: RateClaim, measure: Measurer, seed: int
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, " K"]]:
    """Log mean errors at the cap, and minus the log of the prediction (unit constants)."""
    points, count = claim.at("smoke").points, claim.at("smoke").looks[-1]
    tasks = [Task(f"{claim.id}:error", tuple(p.items()), 0, count, seed) for p in points]
    values = [table["value"] for table in measure(tasks)]
    shape = rate_shape(claim.rate, claim.next_order, Data(points, {"error": values}, count))
    decay = -np.logaddexp.reduce(shape.log_terms, axis=0)
    order = np.argsort(decay, kind="stable")
    return np.log(np.mean(values, axis=1))[order], decay[order]


def slope_band(
    log_means: Float[np.ndarray, " K"], decay: Float[np.ndarray, " K"], bound: bool
) -> bool:
    """Accept when the fitted slope is within 0.3 of the claim (of a bound: not below)."""
    slope = -np.polyfit(decay, log_means, 1)[0]
    return bool(slope >= 0.7 and (bound or slope <= 1.3))


def mean_log_ratio(
    log_means: Float[np.ndarray, " K"], decay: Float[np.ndarray, " K"], bound: bool
) -> bool:
    """Accept when the mean of successive log2 ratios is within 0.2 of the claim."""
    steps = np.diff(decay)
    ratios = -np.diff(log_means)[steps > 1e-9] / steps[steps > 1e-9]
    order = float(ratios.mean())
    return order >= 0.8 and (bound or order <= 1.2)


def interval_contains(
    log_means: Float[np.ndarray, " K"], decay: Float[np.ndarray, " K"], bound: bool
) -> bool:
    """Accept when the 95 % interval of the regression slope contains the claim."""
    centred = decay - decay.mean()
    slope = -float(centred @ log_means / (centred @ centred))
    residual = log_means - log_means.mean() + slope * centred
    df = len(decay) - 2
    half = t_quantile(0.975, df) * float(np.sqrt(residual @ residual / df / (centred @ centred)))
    return slope + half >= 1.0 and (bound or slope - half <= 1.0)


RIVALS: dict[str, Callable[..., bool]] = {
    "slope band 0.3": slope_band,
    "mean of log2 ratios 0.2": mean_log_ratio,
    "interval contains p": interval_contains,
}
