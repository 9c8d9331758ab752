"""One equality of a derivation, and what running it has shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

import sympy as sp

from theory.algebra.given import given, several, text
from theory.calculus.indices import free_indices

StepKind = Literal["derived", "identity", "definition"]
KINDS: dict[StepKind, tuple[str, str]] = {  # one of them, several of them
    "derived": ("derived", "derived"),
    "identity": ("identity", "identities"),
    "definition": ("definition", "definitions"),
}


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

    ``kind`` says what the equality is worth: ``derived`` when a side is computed from the finite
    model, ``identity`` between formulas that are stated or follow from earlier steps, and
    ``definition`` when a side only says what a name or a form stands for.
    """

    name: str
    left: sp.Expr
    right: sp.Expr
    because: str
    domain: Mapping[sp.Symbol, tuple[float | int, float | int]] = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    kind: StepKind = "identity"

    def __post_init__(self) -> None:
        """Both sides are SymPy expressions with comparable indices, and a reason is given."""
        text(self.name, "the name of a step")
        text(self.because, f"step {self.name}: because")
        object.__setattr__(self, "uses", several(self.uses, str, f"step {self.name}: uses"))
        if not isinstance(self.domain, Mapping):
            raise TypeError(
                f"step {self.name}: domain: expected a dict of symbols and bounds, "
                f"{{rho: (-1, 1)}}; received {self.domain!r}"
            )
        if self.kind not in KINDS:
            raise ValueError(
                f"step {self.name}: expected a kind of {', '.join(KINDS)}; received {self.kind!r}"
            )
        for side in ("left", "right"):
            value = given(getattr(self, side), f"step {self.name}: its {side} side")
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

    ``routes`` counts the routes that say that the sides are equal: rewriting and sampling;
    ``cut_short``: one of them did not come to an end.
    """

    step: Step
    status: Status
    detail: str
    seconds: float
    routes: int
    cut_short: bool

    def __str__(self) -> str:
        """E.g. ``PROVED (index notation; 25 points agree to 50 digits: x in (-20, 20))``."""
        return f"{self.status.value} ({self.detail})"


def counted(outcomes: Sequence[Outcome]) -> str:
    """E.g. ``8 derived: 8 PROVED; 2 identities: 1 PROVED, 1 SAMPLED; 1 by one route only``."""
    parts = []
    for kind, words in KINDS.items():
        found = [o.status for o in outcomes if o.step.kind == kind]
        shown = ", ".join(f"{found.count(s)} {s.name}" for s in Status if s in found)
        if found:
            parts.append(f"{len(found)} {words[len(found) > 1]}: {shown}")
    if alone := sum(o.routes == 1 for o in outcomes):
        parts.append(f"{alone} by one route only")
    return "; ".join(parts) or "no steps"


def exit_status(statuses: Iterable[Status]) -> int:
    """1 when a step failed, else 3 when one is undecided, else 0."""
    found = set(statuses)
    return 1 if Status.FAILED in found else 3 if Status.UNDECIDED in found else 0


def lasting(outcomes: Iterable[Outcome]) -> bool:
    """Whether the steps hold and no route was cut short: then another day shows the same.

    A busy machine may need longer for a route than it has.
    """
    return all(o.status in (Status.PROVED, Status.SAMPLED) and not o.cut_short for o in outcomes)
