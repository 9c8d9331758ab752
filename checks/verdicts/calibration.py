"""Measuring the judge on a claim: how often, on fresh seeds, each verdict comes out."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from .claim import Claim
from .evidence import Measurer
from .judge import BUDGET, judge, require_claim
from .outcome import Verdict
from .values import require_whole


@dataclass(frozen=True)
class Frequency:
    """How often one verdict came out, with the exact (Clopper-Pearson) 95 % interval."""

    count: int
    replicates: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        """Observed frequency."""
        return self.count / self.replicates

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        interval = [self.low, self.high]
        return {"count": self.count, "rate": self.rate, "interval": interval, "confidence": 0.95}

    def __str__(self) -> str:
        """E.g. ``98.7 % [97.8, 99.3]``."""
        return f"{self.rate:.1%} [{100 * self.low:.1f}, {100 * self.high:.1f}]".replace("%", " %")


@dataclass(frozen=True)
class Calibration:
    """Frequencies of the three verdicts: of the claim, and of each mutant by its id.

    ``claim`` is the verdict that a user sees, mutants' gate included.
    """

    claim_id: str
    replicates: int
    tier: str
    claim: dict[str, Frequency]
    mutants: dict[str, dict[str, Frequency]]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "claim_id": self.claim_id,
            "replicates": self.replicates,
            "tier": self.tier,
            "claim": {name: found.to_json() for name, found in self.claim.items()},
            "mutants": {
                mutant: {name: found.to_json() for name, found in row.items()}
                for mutant, row in self.mutants.items()
            },
        }

    def to_markdown(self) -> str:
        """A table with one row for the claim and one for each mutant."""
        rows = {"the claim": self.claim, **self.mutants}
        names = [v.value for v in Verdict if all(v.value in row for row in rows.values())]
        rule = "|---" * (len(names) + 1) + "|"
        lines = [f"| {self.claim_id} | " + " | ".join(names) + " |", rule]
        for label, row in rows.items():
            lines.append(f"| {label} | " + " | ".join(str(row[name]) for name in names) + " |")
        return "\n".join(lines) + "\n"


def calibrate(
    claim: Claim,
    *,
    replicates: int = 200,
    seed: int = 0,
    tier: str = "smoke",
    budget: float = BUDGET,
    measure: Measurer | None = None,
) -> Calibration:
    """Judge a claim on ``replicates`` fresh run seeds (derived from ``seed``)."""
    require_claim(claim)
    require_whole("a number of replicates", replicates, 1)
    require_whole("a seed", seed, 0)
    own: Counter[str] = Counter()
    mutants: dict[str, Counter[str]] = {}
    for run in fresh_seeds(seed, replicates):
        result = judge(claim, seed=run, tier=tier, budget=budget, measure=measure)
        if result.verdict is Verdict.CERTIFIED:
            raise ValueError(
                f"expected a claim that data decide, received {claim.id}, which is proved: other "
                "seeds say the same"
            )
        own[result.verdict.value] += 1
        for mutant in result.mutants:
            mutants.setdefault(mutant.id, Counter())[mutant.verdict.value] += 1
    return Calibration(
        claim.id,
        replicates,
        tier,
        frequencies(own, replicates),
        {name: frequencies(counts, replicates) for name, counts in mutants.items()},
    )


def fresh_seeds(seed: int, replicates: int) -> list[int]:
    """Run seeds that no ordinary run uses: 32 random bits each, the same for the same seed."""
    source = np.random.SeedSequence([seed, 0x63616C69])
    return source.generate_state(replicates, np.uint32).tolist()


def frequencies(counts: Counter[str], replicates: int) -> dict[str, Frequency]:
    """A Frequency for each of the three answers that data can give."""
    answers = (Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE)
    return {v.value: frequency(counts[v.value], replicates) for v in answers}


def frequency(count: int, replicates: int) -> Frequency:
    """Observed frequency with its Clopper-Pearson interval."""
    low = 0.0 if count == 0 else special.betaincinv(count, replicates - count + 1, 0.025)
    rest = replicates - count
    high = 1.0 if rest == 0 else special.betaincinv(count + 1, rest, 0.975)
    return Frequency(count, replicates, float(low), float(high))
