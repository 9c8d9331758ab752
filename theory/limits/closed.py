"""Whether a moment is a function of the statistics: two states that agree in them and not in it."""

from fractions import Fraction
from itertools import islice, product

import numpy as np
import sympy as sp

from theory.calculus.networks import Polynomial
from theory.layers.leaves import N
from theory.limits.moments import Moments
from theory.limits.numbers import evaluate
from theory.limits.sizes import Undecided

STATES = 6000  # states tried


def witness(moments: Moments, what: str, part: Polynomial) -> list[str]:
    """Sentences that show two states with equal statistics and different moment.

    Raises ``Undecided`` if none is found: a function of the statistics may exist.
    """
    left = ", ".join(sorted({_text(moments, c) for c in moments.open_states(part)}))
    counts = {s: 3 if s in moments.layer.scaling else 2 for s in _sizes(moments)}
    statistics = {
        name: (moments.written(moments.reading.of(node), moments.axes(name)), moments.axes(name))
        for name, node in moments.layer.watch.items()
    }
    used = max((-i for _, cs in part for c in cs for _, at in c for i in at if i < 0), default=0)
    names = list(moments.layer.watch) * 2
    axes = moments.axes(*names)[:used]
    moment = moments.written(part, axes)
    given = _generic(moments, counts, moment)
    seen: dict[tuple, tuple[dict, np.ndarray]] = {}
    for state in islice(_states(moments, counts), STATES):
        values = {**given, **state}
        try:
            numbers = {k: evaluate(e, ax, values) for k, (e, ax) in statistics.items()}
            value = evaluate(moment, axes, {**values, **numbers})
        except (ValueError, IndexError) as why:
            raise Undecided(f"UNDECIDED (closure): rewriting leaves {left}; {why}") from None
        key = tuple(tuple(np.round(n, 9).ravel()) for n in numbers.values())
        other = seen.setdefault(key, (state, value))
        if not np.allclose(other[1], value, atol=1e-9):
            shown = [
                "; ".join(f"{k} = {np.asarray(v).tolist()}" for k, v in s.items())
                for s in (other[0], state)
            ]
            return [
                f"{what} contains {left}, no function of {', '.join(moments.layer.watch)}. Two "
                f"states that agree in what is watched, {shown[0]} and {shown[1]}, have different "
                f"moments, {np.round(other[1], 6).tolist()} and {np.round(value, 6).tolist()}. "
                f"Watch {left} as well"
            ]
    raise Undecided(
        f"UNDECIDED (closure): rewriting leaves {left} in {what}; no two of the states tried with "
        f"equal statistics differ in it, so a function of them is likely. Give a rule"
    )


def _text(moments: Moments, component) -> str:
    free = sorted({-i for _, at in component for i in at if i < 0})
    axes = [sp.Idx(f"a{k}", 99) for k in range(max(free, default=0))]
    return str(moments.written({(Fraction(0), (component,)): sp.S.One}, axes))


def _sizes(moments: Moments) -> set[sp.Symbol]:
    return {s for leaf in moments.layer.leaves.values() for x in leaf.shape for s in x.free_symbols}


def _states(moments: Moments, counts: dict):
    """States with small entries, simple ones first."""
    shapes = {
        str(x): tuple(int(s.subs(counts)) for s in x.shape) for x in moments.layer.step
    }
    total = sum(int(np.prod(s)) for s in shapes.values())
    for values in product((0, 1, -1), repeat=total):
        found, start = {}, 0
        for name, shape in shapes.items():
            count = int(np.prod(shape))
            found[name] = np.array(values[start : start + count], dtype=int).reshape(shape)
            start += count
        yield found


def _generic(moments: Moments, counts: dict, moment: sp.Expr) -> dict:
    """Values of fixed arrays and parameters that satisfy no relation by accident."""
    found: dict = {str(s): c for s, c in counts.items()} | {str(N): 3}
    symbols = {s for s in moment.free_symbols if isinstance(s, sp.Symbol)}
    for k, s in enumerate(sorted(symbols, key=str)):
        found.setdefault(str(s), 0.5 + 0.37 * k)
    for name, leaf in moments.layer.leaves.items():
        if leaf.data.kind == "fixed":
            shape = tuple(int(s.subs(counts)) for s in leaf.shape)
            value = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
            if leaf.data.symmetric or len(shape) == 2 and shape[0] == shape[1]:
                value = np.diag(np.arange(1.0, 1.0 + shape[0]))
            if leaf.data.unit:
                value = np.eye(shape[-1])[0]
            found[name] = value
    return found
