"""How a room states its claims: a kind, a name, a sentence, what is measured, and what goes wrong.

state = Statements("my_room", seeds=64)
state(
    RateClaim, "width", "The error is of order 1/m.", error,
    {
        "root": ("1/sqrt(m)", m**-HALF),                    # another prediction
        "no-bias": ("the bias forgotten", With(bias=0.0)),  # an argument of what is measured
        "untrained": ("before training", start),            # another measurement
        "drift": ("a doubling", drifting("m", 2.0)),        # data, spoiled
        "margin": ("a margin of one", {"margin": 1.0}),     # other fields of the claim
    },
    predicted=1 / m, sizes={"m": [8, 16, 32, 64]},
)
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from .claim import Claim, Mutant, Spoiled
from .experiment import Column

Kind = TypeVar("Kind", bound=Claim)
Slips = Mapping[str, tuple[str, Any]]


class With:
    """A slip: what is measured, with other keyword arguments."""

    def __init__(self, **options: Any) -> None:
        """Of the function, or of what reads an experiment's columns."""
        self.options = options

    def of(self, measure: Callable[..., Any]) -> Callable[..., Any]:
        """The wrong measuring function."""
        if isinstance(measure, Column):
            return replace(measure, of=partial(measure.of, **self.options))
        return partial(measure, **self.options)


class Statements:
    """States the claims of one room, with what they have in common."""

    def __init__(self, room: str, **common: Any) -> None:
        """``common``: fields of all claims that do not say otherwise."""
        self.room = room
        self.common = {"theorem": room, **common}

    def name(self, name: str) -> str:
        """The full name of a claim or of an experiment."""
        return f"{self.room.replace('_', '-')}/{name}"

    def __call__(
        self,
        kind: type[Kind],
        name: str,
        statement: str,
        measure: Any,
        slips: Slips,
        /,
        **fields: Any,
    ) -> Kind:
        """A claim; a slip is its name, what is wrong in words, and what is wrong."""
        role = kind.measured
        return kind(
            id=self.name(name),
            statement=statement,
            mutants=tuple(
                _mutant(slip, words, wrong, role, measure) for slip, (words, wrong) in slips.items()
            ),
            **{role: measure} | self.common | fields,
        )


def _mutant(name: str, words: str, wrong: Any, role: str, measure: Any) -> Mutant:
    if isinstance(wrong, Spoiled):
        return Mutant(name, words, data=wrong)
    if isinstance(wrong, With):
        return Mutant(name, words, {role: wrong.of(measure)})
    if isinstance(wrong, Mapping):
        return Mutant(name, words, wrong)
    return Mutant(name, words, {role if callable(wrong) else "predicted": wrong})
