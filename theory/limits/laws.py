"""Laws of independent entries: cumulants that are given, and those that follow from them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import sympy as sp

from theory.calculus.cumulants import Law, UnknownMoment, independent_entries
from theory.limits.sizes import Undecided, exceeds, exponents, largest

MOST = 12  # the order up to which a law with zero cumulants is looked for
ROUNDED = 1e-9


def law_of_cumulants(
    name: str, given: Sequence[sp.Expr], scaling: Mapping[sp.Symbol, sp.Expr]
) -> Law:
    """Independent entries with these cumulants.

    A law on two points has no choice after the fourth cumulant. Later ones are zero otherwise, as
    far as there is a law with those; no law but the Gaussian one has only finitely many, so a mean
    that needs one beyond raises ``UnknownMoment``. Raises ``Undecided`` if no law has these.
    """
    found = list(given)
    if follow := two_points(found):
        if any(sp.simplify(c - follow(k)) != 0 for k, c in enumerate(found[4:], start=5)):
            raise _no_law(name, found)
        return replace(independent_entries(name, follow), growing=_grows(found, scaling))
    orders = [k for k, c in enumerate(found, start=1) if c != 0]
    first = _impossible(found)
    if first and first <= len(found):
        raise _no_law(name, found)

    def cumulant(k: int) -> sp.Expr:
        if k > len(found):
            raise UnknownMoment(
                f"the cumulant of order {k} of {name} is needed, and no law has "
                f"{', '.join(map(str, found))} and zeros after; give more of them"
            )
        return found[k - 1]

    law = independent_entries(name, cumulant, tuple([*orders, first] if first else orders))
    return replace(law, growing=_grows(found, scaling))


def _no_law(name: str, given: Sequence[sp.Expr]) -> Undecided:
    return Undecided(
        f"UNDECIDED (expectation): no law has the cumulants {', '.join(map(str, given))} of {name}"
    )


def two_points(given: Sequence[sp.Expr]) -> Callable[[int], sp.Expr] | None:
    """The cumulants of the law on two points that alone has the first four; none if others do."""
    if len(given) < 4 or given[1] == 0:
        return None
    mean, second, third, fourth = given[:4]
    if sp.simplify(fourth * second - third**2 + 2 * second**3) != 0:
        return None
    distance = sp.sqrt(sp.simplify(4 * second + (third / second) ** 2))
    share = sp.simplify((1 - third / (second * distance)) / 2)
    of_one = bernoulli_cumulants(share)
    return lambda k: mean if k == 1 else sp.simplify(distance**k * of_one(k))


def bernoulli_cumulants(p: sp.Expr) -> Callable[[int], sp.Expr]:
    """Cumulants of a Bernoulli variable: the next is p (1 - p) times the slope of the last."""
    q = sp.Dummy("q")
    values = [q]

    def cumulant(k: int) -> sp.Expr:
        while len(values) < k:
            values.append(sp.expand(q * (1 - q) * sp.diff(values[-1], q)))
        return values[k - 1].subs(q, p)

    return cumulant


def _grows(given: Sequence[sp.Expr], scaling: Mapping[sp.Symbol, sp.Expr]) -> bool:
    """Whether a cumulant grows beside the power of the variance that it is measured in."""
    powers = [exponents(sp.sympify(c), scaling) for c in given]
    if len(given) < 3 or not powers[1]:
        return False
    root = largest(powers[1]) / 2
    later = enumerate(powers[2:], start=3)
    return any(exceeds(largest(found), k * root) for k, found in later if found)


def _impossible(given: Sequence[sp.Expr]) -> int:
    """The least even order at which no law has these cumulants and zeros after; 0 if there is none.

    A law has moments whose Hankel matrices are positive semidefinite. Symbols count as one, N as
    large: a law that is refused so is refused for some values.
    """
    if len(given) < 3:
        return 0
    values = {s: 10**6 if str(s) == "N" else 1 for c in given for s in sp.sympify(c).free_symbols}
    kappa = [float(sp.sympify(c).subs(values)) for c in given] + [0.0] * (MOST - len(given))
    if kappa[1] <= 0:
        return 2 if kappa[1] < 0 or any(kappa[2:]) else 0
    scaled = [0.0, *(c / kappa[1] ** (k / 2) for k, c in enumerate(kappa[1:], start=2))]
    moments = _moments(scaled)
    for order in range(4, MOST + 1, 2):
        k = order // 2
        hankel = np.array([[moments[i + j] for j in range(k + 1)] for i in range(k + 1)])
        size = np.sqrt(np.maximum(np.diagonal(hankel), 1.0))
        if np.linalg.eigvalsh(hankel / np.outer(size, size))[0] < -ROUNDED:
            return order
    return 0


def _moments(kappa: Sequence[float]) -> list[float]:
    """Moments from cumulants: m_k is the sum over j of (k-1 over j-1) kappa_j m_(k-j)."""
    found = [1.0]
    for k in range(1, len(kappa) + 1):
        found.append(
            sum(float(sp.binomial(k - 1, j - 1)) * kappa[j - 1] * found[k - j]
                for j in range(1, k + 1))
        )  # fmt: skip
    return found
