"""Inequalities: no violation is found over a search, which is not a proof."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from checks.verdicts.claim import Claim, Mutant, Role, Spoiled
from checks.verdicts.conditions import check_number
from checks.verdicts.data import Data, Measure, Real
from checks.verdicts.finding import Finding, estimate_of, searched
from checks.verdicts.outcome import Test


@dataclass(frozen=True, kw_only=True, eq=False)
class InequalityClaim(Claim):
    """An inequality is never violated over a search: ``SAMPLED(n, worst)``, not a proof.

    ``slack(size, keys) -> (n,)``: right side minus left side, so negative is a violation;
    ``tolerance``: rounding allowed below zero.
    """

    slack: Measure
    tolerance: Real = 0.0

    measured: ClassVar[str] = "slack"

    def check(self) -> None:
        """Reject a negative tolerance."""
        check_number(self, "tolerance", least=0)

    def roles(self) -> dict[str, Role]:
        """Slacks, one a key, of any sign."""
        return {"slack": Role(self.slack)}

    def finding(self, data: Data) -> Finding:
        """The smallest slack found against zero (minus the rounding allowed)."""
        worst = float(data.matrix("slack").min())
        test = Test("smallest slack", worst, 0.0, 0.0, -self.tolerance, np.inf)
        allowed = f"from {-self.tolerance:.3g} on" if self.tolerance else "from zero on"
        notes = (searched(data, "slack", least=True, name="slack", allowed=allowed),)
        return Finding((test,), {test.name: estimate_of(test)}, notes=notes)

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """Lowered slacks, which only show that the search can see a violation.

        Name real mutants (a wrong constant in the bound) where there are any.
        """
        return tuple(
            Mutant(f"auto-slack-{word}", f"slack lowered by {medians:g} of its median",
                   data=lowered(medians, 2 * self.tolerance))
            for word, medians in (("down", 1.01), ("far-down", 2.0))
        )  # fmt: skip


def lowered(medians: Real, also: Real = 0.0) -> Spoiled:
    """A planted error: slacks less this multiple of their median, and less ``also``."""

    def plant(data: Data) -> Data:
        slack = data.matrix("slack")
        return data.with_matrix("slack", slack - medians * np.median(slack) - also)

    return Spoiled(plant)
