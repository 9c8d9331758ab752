"""Mutants of a derived moment: one of its terms dropped, doubled, halved, of the other sign, or of
another power of N.

A mutant is visible if its prediction at the chosen state differs from the derived one by more than
three resolutions of the claim, a resolution being the half-width of a 99 % interval.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.limits.limit import distance

RESOLUTION = 2.58  # standard errors
VISIBLE = 3.0  # resolutions
TERMS = 4  # of the largest terms mutants are made
FAR = 1e9  # a residual that is no number, or larger, counts as this one
WRONG = {"dropped": -1.0, "doubled": 1.0, "halved": -0.5, "of the other sign": -2.0}
ENDING = {  # of the ids of mutants
    "of the other sign": "sign",
    "smaller by the power N**(-1/2)": "power-down",
    "larger by the power N**(1/2)": "power-up",
}


@dataclass(frozen=True)
class Term:
    """One term of a derived moment: its text, and its value in all coordinates."""

    text: str
    value: np.ndarray

    def at(self, places: Any) -> "Term":
        """The same in some coordinates."""
        return Term(self.text, self.value[places])


@dataclass(frozen=True)
class Planted:
    """A wrong prediction, what is wrong with it, and by how many resolutions it is off."""

    id: str
    description: str
    expected: np.ndarray
    off: float

    @property
    def visible(self) -> bool:
        """Whether a claim must refute it."""
        return self.off > VISIBLE


def planted(
    expected: np.ndarray, terms: Sequence[Term], error: np.ndarray, n: int
) -> list[Planted]:
    """Mutants of the largest terms; ``error`` are the standard errors of the coordinates."""
    largest = sorted(terms, key=lambda t: -float(np.max(np.abs(t.value) / error)))[:TERMS]
    found = []
    for k, term in enumerate(largest, start=1):
        wrongs = {
            **WRONG,
            "smaller by the power N**(-1/2)": n**-0.5 - 1,
            "larger by the power N**(1/2)": n**0.5 - 1,
        }
        if k == 1:  # of the leading term nobody would believe it
            del wrongs["of the other sign"]
        for words, factor in wrongs.items():
            off = float(np.max(np.abs(factor * term.value) / (RESOLUTION * error)))
            found.append(
                Planted(
                    f"term-{k}-{ENDING.get(words, words)}", f"the term {short(term.text)} {words}",
                    expected + factor * term.value, off,
                )
            )  # fmt: skip
    return found


def constant(residual: float) -> Callable[..., np.ndarray]:
    """A residual that no draw changes."""
    value = residual if abs(residual) < FAR else FAR
    return lambda size, keys: np.full(len(keys), value)


def of_allowed(what: str, residual: float) -> str:
    """A residual in units of what is allowed, in words."""
    if residual >= FAR:
        return f"{what} is beyond any bound, or no number"
    return f"{what} is {residual:.3g} times what is allowed"


def closest(terms: Sequence[Term], derived: np.ndarray, stated: np.ndarray) -> str:
    """Which wrong term explains a statement; nothing if none does."""
    for term in terms:
        for name, factor in WRONG.items():
            if distance(derived + factor * term.value, stated) <= 1:
                return f"as derived with the term {short(term.text)} {name}"
    if not np.isfinite(stated).all():
        return ""
    changed = stated - derived
    for term in terms:
        places = np.abs(term.value) > 1e-12
        if places.any() and not np.abs(changed[~places]).any():
            ratios = changed[places] / term.value[places]
            if np.ptp(ratios) < 1e-4 * max(1.0, float(np.abs(ratios).max())):
                return f"as derived with the term {short(term.text)} times {1 + ratios.mean():.6g}"
    return ""


def short(text: str) -> str:
    """At most a hundred letters."""
    return text if len(text) <= 100 else f"{text[:97]}..."
