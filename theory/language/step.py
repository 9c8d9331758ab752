"""One equality of a derivation, and what running it has shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import sympy as sp

from theory.calculus.indices import free_indices


class Status(Enum):
    """What running a step has shown."""

    PROVED = "PROVED"  # the difference of the two sides reduces to zero
    SAMPLED = "SAMPLED"  # the sides agree at random points; no rewriting decides
    FAILED = "FAILED"  # the sides differ, or could not be compared


@dataclass(frozen=True)
class Step:
    """``left = right``, and why.

    ``domain`` bounds the random points of symbols, ``{rho: (-1, 1)}``; a symbol without an entry
    is drawn from (1/10, 2) if positive and from (-2, 2) otherwise.
    """

    name: str
    left: sp.Expr
    right: sp.Expr
    because: str
    domain: Mapping[sp.Symbol, tuple[float | int, float | int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Both sides are SymPy expressions with comparable indices, and a reason is given."""
        for side in ("left", "right"):
            object.__setattr__(self, side, sp.sympify(getattr(self, side), strict=True))
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
    """What running one step has shown, and by what."""

    step: Step
    status: Status
    detail: str
    seconds: float

    def __str__(self) -> str:
        """E.g. ``SAMPLED (20 points, 50 digits)``."""
        return f"{self.status.value} ({self.detail})"


def run_steps(steps: Sequence[Step], limit: float = 20.0) -> Iterator[Outcome]:
    """Decide every step, in order; rewriting and sampling may each take ``limit`` seconds."""
    from theory.language.worker import Worker

    with Worker() as worker:
        for step in steps:
            yield worker.outcome(step, limit)
