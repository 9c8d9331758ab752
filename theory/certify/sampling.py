"""What random points say of an inequality that was not decided: no proof, maybe a refutation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from theory.certify import polynomial, prover, replay
from theory.certify.form import Rejected
from theory.certify.inequality import Claimed, Factored, Inequality

POINTS = 100_000


@dataclass(frozen=True)
class Sample:
    """The smallest value at random points and where it is; a point where there is no value."""

    points: int
    value: Any  # a float or a fraction; None where all are undefined
    point: Sequence[Any]
    undefined: Sequence[float] = ()

    def in_words(self, claim: Claimed) -> str:
        """Points, worst margin and what is undefined, in one line."""
        found = [f"{self.points} points"]
        if self.value is not None:
            found.append(f"worst margin {float(self.value):.3g} at {_place(claim, self.point)}")
        if self.undefined:
            found.append(f"undefined at {_place(claim, self.undefined)}")
        return ", ".join(found)


def sample(claim: Claimed, seed: int) -> Sample:
    """The smallest value, exact for a polynomial and from Arb otherwise.

    Doubles choose the points that may have it, for theirs overflow: log(1 + exp 1000) is no number.
    """
    if isinstance(claim, Factored):
        value, point = polynomial.sample(claim, seed)
        return Sample(polynomial.SAMPLES, value, point)
    return _lowest(claim, seed)


def _lowest(claim: Inequality, seed: int) -> Sample:
    value, where, undefined = None, [], []
    for row, low in zip(*prover.sample(claim, POINTS, seed), strict=True):
        if value is not None and low >= value:
            break
        point = row.tolist()
        try:
            found = replay.margin(claim, point)
        except Rejected:
            undefined = undefined or point
            continue
        if value is None or found < value:
            value, where = found, point
    return Sample(POINTS, value, where, undefined)


def _place(claim: Claimed, point: Sequence[Any]) -> str:
    return ", ".join(f"{s} = {float(x):.6g}" for s, x in zip(claim.symbols, point, strict=True))
