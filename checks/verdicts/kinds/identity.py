"""Identities: equal to rounding on random instances."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import DTypeLike

from checks.verdicts.claim import Claim, Mutant, Role, Spoiled
from checks.verdicts.conditions import check_number
from checks.verdicts.data import Data, Measure, Real
from checks.verdicts.finding import Finding, estimate_of, searched
from checks.verdicts.outcome import Test


@dataclass(frozen=True, kw_only=True, eq=False)
class IdentityClaim(Claim):
    """An identity holds to rounding: every relative residual is within ``tolerance``.

    ``residual(size, keys) -> (n,)``, relative and nonnegative, n random instances;
    ``tolerance`` is best had from ``dtype_tolerance(dtype, condition)``. One residual
    above it refutes. ``reason`` puts the largest one into words, where it is no rounding.
    """

    residual: Measure
    tolerance: Real = 1e-12
    reason: Callable[[float], str] | None = None

    measured: ClassVar[str] = "residual"

    def check(self) -> None:
        """Reject a tolerance that is not positive, and a reason that is no function."""
        check_number(self, "tolerance", above=0)
        if not (self.reason is None or callable(self.reason)):
            raise ValueError(
                f"claim {self.id}: reason: expected a function of the largest residual that "
                f"returns text, or None; received {self.reason!r}"
            )

    def roles(self) -> dict[str, Role]:
        """Residuals, one a key."""
        return {"residual": Role(self.residual, nonnegative=True)}

    def finding(self, data: Data) -> Finding:
        """The largest relative residual against the tolerance of the arithmetic."""
        worst = float(data.matrix("residual").max())
        test = Test("largest relative residual", worst, 0.0, 0.0, -np.inf, self.tolerance)
        allowed = f"up to {self.tolerance:.3g}"
        notes = (
            searched(data, "residual", least=False, name="relative residual", allowed=allowed),
        )
        reason = self.reason(worst) if self.reason else ""
        return Finding((test,), {test.name: estimate_of(test)}, notes=notes, reason=reason)

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """Residuals larger by 2 and by 1000 tolerances."""
        return tuple(
            Mutant(f"auto-residual-{word}", f"residuals larger by {times:g} tolerances",
                   data=raised(times * self.tolerance))
            for word, times in (("up", 2.0), ("far-up", 1e3))
        )  # fmt: skip


def raised(by: Real) -> Spoiled:
    """A planted error: every residual is larger by so much."""
    return Spoiled(lambda data: data.mapped("residual", lambda _, residuals: residuals + by))


def dtype_tolerance(dtype: DTypeLike, condition: Real = 1.0, operations: int = 1) -> float:
    """Relative error a computation may show: eps(dtype) * condition * operations * 8.

    ``condition`` is the condition number of the quantity, ``operations`` the length of the
    longest chain of roundings; 8 is the one constant of taste, the same everywhere.
    """
    return (
        8.0 * float(np.finfo(np.dtype(dtype).type).eps) * max(condition, 1.0) * max(operations, 1)
    )
