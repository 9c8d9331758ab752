"""Certified inequalities: proved on all of a box, which is more than SUPPORTED."""

from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
import sympy as sp
from jaxtyping import Float

from checks.verdicts.claim import Claim, Mutant, Role
from checks.verdicts.data import Data, Size
from checks.verdicts.finding import Finding, sampled
from checks.verdicts.outcome import Test
from checks.verdicts.values import ClaimError
from checks.verdicts.wording import several
from theory.certify.certificate import Status, certify
from theory.certify.inequality import Claimed, Inequality

LIBRARIES = ("ival", "flint", "z3")  # of the extra `certify`
CODES = {Status.FALSE: -1.0, Status.SAMPLED: 0.0, Status.CERTIFIED: 1.0}


def can_certify() -> bool:
    """Whether the libraries of the extra `certify` are installed."""
    return all(find_spec(name) for name in LIBRARIES)


@dataclass(frozen=True)
class Proof:
    """Proves an inequality: a row with the code of its status, boxes or points, worst margin."""

    inequality: Claimed

    def __call__(self, size: Size, keys: Any) -> Float[np.ndarray, "n 3"]:
        """One attempt, whatever the keys."""
        found = certify(self.inequality)
        if np.isnan(found.margin):
            raise ValueError(f"expected a value somewhere in the box, received {found.detail}")
        row = [CODES[found.status], found.points or found.boxes, found.margin]
        return np.tile(np.array(row, dtype=float), (len(keys), 1))


@dataclass(frozen=True, kw_only=True, eq=False)
class CertifiedClaim(Claim):
    """``inequality`` holds on all of its box: CERTIFIED when it is proved and the proof replayed.

    Where the prover does not decide, the verdict is INCONCLUSIVE and says SAMPLED, with the number
    of random points and the worst margin: no proof, and no support. FALSE is REFUTED.
    """

    inequality: Claimed
    seeds: Any = 1
    cap: Any = 1

    measured: ClassVar[str] = "inequality"

    def check(self) -> None:
        """Reject what is nothing to be proved."""
        if not isinstance(self.inequality, Claimed):
            raise ClaimError(
                f"claim {self.id}: expected an Inequality or a Factored, received "
                f"{self.inequality!r}"
            )

    def roles(self) -> dict[str, Role]:
        """The attempt at a proof."""
        return {"inequality": Role(Proof(self.inequality), ((3,),))}

    def finding(self, data: Data) -> Finding:
        """The status, exactly: nothing is estimated."""
        status, count, margin = data.arrays["inequality"][0][0].tolist()
        test = Test("status of the proof", status, 0.0, 0.0, -0.5, np.inf, 0.5, np.inf)
        if status == CODES[Status.CERTIFIED]:
            boxes = isinstance(self.inequality, Inequality)
            parts = several(int(count), *(("box", "boxes") if boxes else ("factor",)))
            words = f"CERTIFIED: proved by {parts}, replayed independently"
            return Finding((test,), {}, notes=(words,), proved=True)
        undecided = f"{sampled(int(count), margin)}: no proof was found, which supports nothing"
        return Finding((test,), {}, doubt=undecided if status == 0.0 else "")

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """Twice the inequality's own margin at two points of the box, claimed on all of it."""
        return tuple(
            Mutant(
                name, f"twice the margin claimed that there is {words}",
                {"inequality": _demanding(self.inequality, share)},
            )
            for name, words, share in (
                ("auto-middle", "in the middle of the box", sp.Rational(1, 2)),
                ("auto-quarter", "at a quarter of every side", sp.Rational(1, 4)),
            )
        )  # fmt: skip


def _demanding(claim: Claimed, share: sp.Rational) -> Claimed:
    """The inequality with twice the margin claimed that it has at a point, and a little more."""
    name = f"{claim.name}-exceeded"
    if isinstance(claim, Inequality):
        return replace(claim, name=name, expression=partial(_exceeded, claim, share))
    return replace(claim, name=name, expression=_exceeded(claim, share))


def _exceeded(claim: Claimed, share: sp.Rational) -> sp.Expr:
    ends = ((sp.Rational(str(low)), sp.Rational(str(high))) for low, high in claim.ends)
    point = {s: low + share * (high - low) for s, (low, high) in zip(claim.box, ends, strict=True)}
    value = float(claim.difference.subs(point).evalf())
    return claim.difference - sp.Rational(int(np.floor(2048 * value)) + 2, 1024)
