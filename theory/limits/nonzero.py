"""Whether a coefficient with kernels vanishes though no rewriting shows it: numbers decide."""

import numpy as np
import sympy as sp

from theory.layers.leaves import N
from theory.limits.moments import Moments
from theory.limits.numbers import evaluate
from theory.limits.sizes import Orders, Undecided

TINY = 1e-8


def without_zeros(moments: Moments, what: str, orders: Orders, level: sp.Expr) -> Orders:
    """The parts of a moment that do not vanish, once their kernels are written out.

    Raises ``Undecided`` where a part that counts is zero at every point tried, though not by
    rewriting. Parts that are polynomials in the statistics are nonzero by their canonical form; functions of
    them may be related in ways that no rewriting knows.
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
        if all(_is_zero(moments, written, axes[: max(used, 0)], seed) for seed in range(2)):
            raise Undecided(
                f"UNDECIDED (order): the part of {what} of order N**({e}), {written}, is zero at "
                f"random points, though no rewriting shows that it vanishes"
            )
    return kept


def _is_zero(moments: Moments, written: sp.Expr, axes: list[sp.Idx], seed: int) -> bool:
    rng, layer = np.random.default_rng(seed), moments.layer
    values: dict = {str(s): 0.4 + 0.17 * k for k, s in enumerate(sorted(layer.symbols, key=str))}
    shapes = {n: a.shape for n, a in layer.watch.items()} | {
        n: a.shape for n, a in layer.leaves.items() if a.data.kind == "fixed"
    }
    sizes = {s for a in layer.leaves.values() for x in a.shape for s in x.free_symbols}
    sizes |= {s for shape in shapes.values() for x in shape for s in x.free_symbols}
    values |= {str(s): 2 for s in sizes} | {str(N): 3}
    for name, shape in shapes.items():
        lengths = tuple(int(s.subs(dict.fromkeys(sizes, 2))) for s in shape)
        head = moments.reading.networks.heads[name]
        value = rng.uniform(0.3, 1.0, lengths)
        if head.symmetric:
            value = 0.6 * value @ value.T + 0.4 * np.eye(len(value))
            if head.diagonal is not None:
                root = np.sqrt(np.diag(value) / float(head.diagonal))
                value = value / np.outer(root, root)
        values[name] = value
    try:
        return bool(np.all(np.abs(evaluate(written, axes, values)) < TINY))
    except ValueError as why:
        raise Undecided(f"UNDECIDED (order): {why}") from None
