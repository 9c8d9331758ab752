"""The judge against the rules in use elsewhere, on synthetic studies with a known truth.

The studies made to mislead the judge are in ``hostile``, the rules in use elsewhere in ``rivals``.
Errors here are log-normal and independent over seeds and levels, the case that is hardest for
the judge: it cannot profit from shared randomness. The other rules get all 512 seeds at
once; the judge starts at 64 and may go up to 512, and to its default cap where a study says so.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import sympy as sp

from .benchmark_table import Benchmark, Row
from .calibration import frequencies, frequency, fresh_seeds
from .claim import CAP, Claim
from .data import Real
from .evidence import Evidence, Measurer
from .experiment import Table
from .hostile import HOSTILE, Hostile
from .judge import BUDGET, quick_verdict
from .kinds.rate import RateClaim
from .rivals import COMPARED, RIVALS
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


ALL: tuple[Study | Hostile, ...] = (*STUDIES, *HOSTILE)


def calibrate_judge(
    replicates: int = 1000,
    seed: int = 0,
    *,
    studies: Sequence[Study | Hostile] = ALL,
    progress: Callable[[str], None] = lambda name: None,
) -> Benchmark:
    """Judge studies on ``replicates`` fresh seeds each, and let the rival rules see the same data.

    ``progress`` is called with the name of each study as it begins.
    """
    rows = []
    for study in studies:
        progress(study.name)
        claim, counts = study.claim(), Counter()
        accepted: dict[str, int] = {}
        for run in fresh_seeds(seed, replicates):
            verdict = quick_verdict(claim, seed=run, budget=BUDGET, measure=study.measure)
            counts[verdict.value] += 1
            for name, answer in _answers(claim, study.measure, run).items():
                accepted[name] = accepted.get(name, 0) + answer
        rivals = {name: frequency(count, replicates) for name, count in accepted.items()}
        verdicts = frequencies(counts, replicates)
        covered = isinstance(study, Study) or study.covered
        rows.append(Row(study.name, study.right, verdicts, rivals, covered))
    return Benchmark(replicates, seed, tuple(rows))


def _answers(claim: Claim, measure: Measurer, seed: int) -> dict[str, bool]:
    """What the rules in use elsewhere say of all the seeds that the claim may ask for."""
    if not isinstance(claim, COMPARED):
        return {}
    data = Evidence(claim, "smoke", seed, measure).gather(None, claim.at("smoke").looks[-1])
    found = {name: rule(claim, data) for name, rule in RIVALS.items()}
    return {name: answer for name, answer in found.items() if answer is not None}
