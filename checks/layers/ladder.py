"""Numbers that are exact at each N, on a ladder of large N: nothing is drawn."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from checks.layers.finite import FiniteLayer
from checks.layers.planted import constant, of_allowed
from checks.layers.states import NotMeasured, explicit_shape
from checks.verdicts import IdentityClaim, Mutant

RATIO, LEVELS = 16, 3
MOST_STEPS, MOST_ENTRIES, MOST_N = 1e8, 1e7, 1e7  # what double precision and memory allow
SLOW = 0.125  # a power of N that is told from none, half of the slowest that is measured

Reading = Callable[[int, Mapping[str, Any]], float]


def rungs(finite: FiniteLayer) -> list[int]:
    """The largest N at which moments have their digits and fixed arrays their place."""
    n, found = finite.smallest(), []
    while n <= MOST_N and finite.steps(n) <= MOST_STEPS and _fits(finite, n):
        found.append(n)
        n *= RATIO
    if len(found) < LEVELS:
        raise NotMeasured(f"fewer than {LEVELS} large N, at which double precision suffices")
    return found[-LEVELS:]


def _fits(finite: FiniteLayer, n: int) -> bool:
    fixed = (x for x in finite.layer.leaves.values() if x.data.kind == "fixed")
    sizes = finite.sizes(n)
    return all(np.prod(explicit_shape(x, sizes), dtype=float) <= MOST_ENTRIES for x in fixed)


def stays_claim(
    name: str, what: str, finite: FiniteLayer, size: Reading, least: float = 0.0
) -> IdentityClaim:
    """A positive number does not fall with N; with ``least`` above 0 it grows by half that power.

    ``size(n, values)`` is the number, given the sizes, parameters and fixed arrays of N.
    """
    levels, found = _numbers(finite, size)
    bound = least / 2 if least else -SLOW

    def off(numbers: Sequence[float]) -> float:
        return max(a / b if b > 0 else np.inf for a, b in pairwise(numbers)) * RATIO**bound

    grows = f"it grows at least like N**({bound:g})"
    words = grows if least else f"it does not fall, not even like N**({bound:g})"
    wrong = [p for p in (0.0, -0.25, -0.5, -1.0) if p < bound]
    return _claim(name, what, words, levels, off(found), {p: off(_power(levels, p)) for p in wrong})


def falls_claim(name: str, what: str, finite: FiniteLayer, size: Reading) -> IdentityClaim:
    """A positive number falls with N, from level to level."""
    levels, found = _numbers(finite, size)

    def off(numbers: Sequence[float]) -> float:
        return max(b / a if a > 0 else np.inf for a, b in pairwise(numbers)) * RATIO**SLOW

    words = f"it falls at least like N**({-SLOW:g})"
    wrong = {p: off(_power(levels, p)) for p in (0.0, 0.5)}
    return _claim(name, what, words, levels, off(found), wrong)


def _numbers(finite: FiniteLayer, size: Reading) -> tuple[list[int], list[float]]:
    levels = rungs(finite)
    try:
        return levels, [abs(size(n, finite.numbers(n))) for n in levels]
    except ValueError as why:
        raise NotMeasured(str(why)) from None


def _power(levels: Sequence[int], power: float) -> list[float]:
    return [n**power for n in levels]


def _claim(
    name: str,
    what: str,
    words: str,
    levels: Sequence[int],
    off: float,
    wrong: Mapping[float, float],
) -> IdentityClaim:
    return IdentityClaim(
        id=name, residual=constant(off), tolerance=1.0, seeds=1, cap=1,
        reason=partial(of_allowed, "the change from level to level"),
        statement=f"{what}: at N = {', '.join(map(str, levels))} {words}.",
        mutants=[
            Mutant(f"power-{k}", f"in its place N**({p:g})", {"residual": constant(x)})
            for k, (p, x) in enumerate(wrong.items(), start=1)
        ],
    )  # fmt: skip
