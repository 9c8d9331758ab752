"""Whether a coefficient with kernels vanishes though no rewriting shows it: numbers decide."""

import numpy as np
import sympy as sp

from theory.calculus.kernels import GaussianMean
from theory.calculus.networks import Polynomial
from theory.limits.moments import Moments
from theory.limits.probe import Probe
from theory.limits.sizes import Orders, Undecided

TINY = 1e-8


def without_zeros(moments: Moments, what: str, orders: Orders, level: sp.Expr) -> Orders:
    """The parts of a moment that do not vanish, once their kernels are written out.

    Raises ``Undecided`` where a part that counts is zero at every point tried, though not by
    rewriting. Parts that are polynomials in the statistics are nonzero by their canonical form;
    functions of them may be related in ways that no rewriting knows.
    """
    heads, kept = moments.reading.networks.heads, dict(orders)
    for e, part in orders.items():
        functions = any(
            heads[n].kind == "function" for _, cs in part for c in cs for n, _ in c if n in heads
        )
        below = sp.expand(e - level).is_negative
        if not functions or below or moments.open_states(part):
            continue
        axes = moments.axes(*moments.layer.watch, *moments.layer.watch)
        used = max((-i for _, cs in part for c in cs for _, at in c for i in at), default=0)
        written = moments.written(part, axes[: max(used, 0)])
        if sp.expand(written) == 0:
            del kept[e]
            continue
        if any(len(g.variables) > 2 for g in written.atoms(GaussianMean)):
            raise Undecided(
                f"UNDECIDED (expectation): {what} at order N**({e}) contains means of more than "
                f"two units at once, whose cancellation is not decided"
            )
        if all(_is_zero(moments, part, seed) for seed in range(2)):
            raise Undecided(
                f"UNDECIDED (order): the part of {what} of order N**({e}), {written}, is zero at "
                f"random points, though no rewriting shows that it vanishes"
            )
    return kept


def _is_zero(moments: Moments, part: Polynomial, seed: int) -> bool:
    probe = Probe(moments, part)
    try:
        _, value = probe.values(probe.random_state(seed))
    except ValueError as why:
        raise Undecided(f"UNDECIDED (order): {why}") from None
    return bool(np.all(np.abs(value) < TINY))
