"""One equality of a derivation, and what running it has shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import sympy as sp

from theory.calculus.indices import free_indices


class Status(Enum):
    """What running a step has shown."""

    PROVED = "PROVED"  # the difference of the two sides reduces to zero
    SAMPLED = "SAMPLED"  # the sides agree at random points; no rewriting decides
    UNDECIDED = "UNDECIDED"  # neither route has an answer: too long, or a form it does not know
    FAILED = "FAILED"  # the sides differ at a point, which the detail shows


@dataclass(frozen=True)
class Step:
    """``left = right``, and why.

    ``domain`` bounds the random points of symbols, ``{rho: (-1, 1)}``; a symbol without an entry
    is drawn from all that is assumed of it: negative, even, nonzero, complex.

    ``uses`` names the assumptions and the earlier steps on which the equality, or its reason,
    rests.
    """

    name: str
    left: sp.Expr
    right: sp.Expr
    because: str
    domain: Mapping[sp.Symbol, tuple[float | int, float | int]] = field(default_factory=dict)
    uses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Both sides are SymPy expressions with comparable indices, and a reason is given."""
        for side in ("left", "right"):
            value = sp.sympify(getattr(self, side), strict=True)
            for number in sorted(value.atoms(sp.Float), key=str):
                raise ValueError(
                    f"step {self.name} has the Float {number}, which is not exact: "
                    f"write Rational, e.g. {sp.nsimplify(number, rational=True)}"
                )
            object.__setattr__(self, side, value)
        left, right = free_indices(self.left), free_indices(self.right)
        if not (left <= right or right <= left):
            raise ValueError(
                f"step {self.name}: the sides have the free indices {left} and {right}; "
                f"an equality needs the same on both sides"
            )
        if not self.because.strip():
            raise ValueError(f"step {self.name} gives no reason; say why the sides are equal")


@dataclass(frozen=True)
class Outcome:
    """What running one step has shown, and by what.

    ``routes`` counts the routes that say that the sides are equal: rewriting and sampling.
    """

    step: Step
    status: Status
    detail: str
    seconds: float
    routes: int

    def __str__(self) -> str:
        """E.g. ``PROVED (index notation; 25 points agree to 50 digits: x in (-20, 20))``."""
        return f"{self.status.value} ({self.detail})"


def counted(outcomes: Sequence[Outcome]) -> str:
    """E.g. ``12 steps: 10 PROVED, 2 SAMPLED; 3 by one route only``."""
    found = [o.status for o in outcomes]
    words = ", ".join(f"{found.count(s)} {s.name}" for s in Status if s in found)
    alone = sum(o.routes == 1 for o in outcomes)
    return f"{len(found)} steps: {words or 'none'}" + f"; {alone} by one route only" * bool(alone)


def exit_status(statuses: Iterable[Status]) -> int:
    """1 when a step failed, else 3 when one is undecided, else 0."""
    found = set(statuses)
    return 1 if Status.FAILED in found else 3 if Status.UNDECIDED in found else 0
