"""Whether a moment is a function of the statistics: two states that agree in them and not in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product

import numpy as np
import sympy as sp

from theory.calculus.networks import Component, Polynomial
from theory.limits.moments import Moments
from theory.limits.numbers import evaluate
from theory.layers.leaves import N
from theory.limits.sizes import Undecided

STATES = 4000  # states tried of each set of entries
ENTRIES = ((0, 1, -1), (0, 1, 2, 3))

State = dict[str, np.ndarray]


@dataclass
class _Probe:
    """Statistics and a moment as functions of explicit states."""

    moments: Moments
    part: Polynomial

    def __post_init__(self) -> None:
        layer = self.moments.layer
        sizes = {s for x in layer.leaves.values() for d in x.shape for s in d.free_symbols}
        self.counts = {s: 3 if s in layer.scaling else 2 for s in sizes}
        definitions = ((name, self.moments.reading.of(x)) for name, x in layer.watch.items())
        self.statistics = {
            name: (self.moments.written(p, self.moments.axes(name)), self.moments.axes(name))
            for name, p in definitions
        }
        free = (-i for _, cs in self.part for c in cs for _, at in c for i in at if i < 0)
        self.axes = self.moments.axes(*layer.watch, *layer.watch)[: max(free, default=0)]
        self.moment = self.moments.written(self.part, self.axes)
        self.given = self._generic()

    def values(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        """The statistics, flat, and the moment."""
        known = {**self.given, **state}
        found = {k: evaluate(e, axes, known) for k, (e, axes) in self.statistics.items()}
        moment = evaluate(self.moment, self.axes, {**known, **found})
        return np.concatenate([v.ravel() for v in found.values()]), moment

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {
            str(x): tuple(int(s.subs(self.counts)) for s in x.shape) for x in self.moments.layer.step
        }

    def states(self) -> Iterator[State]:
        """States with small entries, simple ones first."""
        shapes = self.shapes()
        total = sum(int(np.prod(s)) for s in shapes.values())
        for entries in ENTRIES:
            for flat in islice(product(entries, repeat=total), STATES):
                yield _split(np.array(flat), shapes)

    def _generic(self) -> dict:
        """Values of fixed arrays and parameters that satisfy no relation by accident."""
        found: dict = {str(s): c for s, c in self.counts.items()} | {str(N): 3}
        symbols = {s for s in self.moment.free_symbols if isinstance(s, sp.Symbol)}
        for k, s in enumerate(sorted(symbols, key=str)):
            found.setdefault(str(s), 0.5 + 0.37 * k)
        for name, leaf in self.moments.layer.leaves.items():
            if leaf.data.kind == "fixed":
                shape = tuple(int(s.subs(self.counts)) for s in leaf.shape)
                value = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
                if len(shape) == 2 and shape[0] == shape[1]:
                    value = np.diag(np.arange(1.0, 1.0 + shape[0]))
                if leaf.data.unit:
                    value = np.eye(shape[-1])[0]
                found[name] = value
        return found


def _split(flat: np.ndarray, shapes: dict[str, tuple[int, ...]]) -> State:
    found, start = {}, 0
    for name, shape in shapes.items():
        count = int(np.prod(shape))
        found[name] = flat[start : start + count].reshape(shape)
        start += count
    return found


def witness(moments: Moments, what: str, part: Polynomial) -> list[str]:
    """Sentences that show two states with equal statistics and different moment.

    Where no such pair is found, the rank of the derivatives at random states decides. Raises
    ``Undecided`` if it does not grow: a function of the statistics is likely.
    """
    components = moments.open_states(part)
    left = ", ".join(sorted({_text(moments, c) for c in components}))
    watched = ", ".join(moments.layer.watch)
    try:
        probe = _Probe(moments, part)
        pair = _pair(probe)
        found = [f"{what} contains {left}, no function of {watched}."]
        if pair:
            (one, first), (two, second) = pair
            return [
                *found,
                f"Two states that agree in what is watched, {_shown(one)} and {_shown(two)}, have "
                f"different moments, {_rounded(first)} and {_rounded(second)}.",
                f"Watch {left} as well",
            ]
        if _rank_grows(probe):
            return [*found, f"The derivatives show it at random states. Watch {left} as well"]
    except (ValueError, IndexError) as why:
        raise Undecided(f"UNDECIDED (closure): rewriting leaves {left} in {what}; {why}") from None
    raise Undecided(
        f"UNDECIDED (closure): rewriting leaves {left} in {what}; the ranks of the derivatives "
        f"agree at random states, so a function of {watched} is likely. Give a rule"
    )


def two_states(moments: Moments, part: Polynomial) -> tuple[dict, dict] | None:
    """Two states that agree in the statistics and not in the moment, with all values by name."""
    probe = _Probe(moments, part)
    pair = _pair(probe)
    if pair is None:
        return None
    (one, _), (two, _) = pair
    return {**probe.given, **one}, {**probe.given, **two}


def _pair(probe: _Probe) -> tuple[tuple[State, np.ndarray], tuple[State, np.ndarray]] | None:
    seen: dict[tuple, tuple[State, np.ndarray]] = {}
    for state in probe.states():
        statistics, value = probe.values(state)
        other = seen.setdefault(tuple(np.round(statistics, 9)), (state, value))
        if not np.allclose(other[1], value, atol=1e-9):
            return other, (state, value)
    return None


def _rank_grows(probe: _Probe, tries: int = 3) -> bool:
    """Whether the moment's derivative is no combination of those of the statistics."""
    shapes = probe.shapes()
    total = sum(int(np.prod(s)) for s in shapes.values())
    for seed in range(tries):
        point = np.random.default_rng(seed).uniform(0.5, 2.0, total)

        def both(x: np.ndarray) -> np.ndarray:
            statistics, value = probe.values(_split(x, shapes))
            return np.concatenate([statistics, value.ravel()])

        slopes = _derivative(both, point)
        count = len(probe.values(_split(point, shapes))[0])
        ranks = [np.linalg.matrix_rank(a, tol=1e-5) for a in (slopes[:count], slopes)]
        if ranks[1] > ranks[0]:
            return True
    return False


def _derivative(function: Callable[[np.ndarray], np.ndarray], point: np.ndarray) -> np.ndarray:
    h = 1e-5
    steps = h * np.eye(len(point))
    return np.stack([(function(point + s) - function(point - s)) / (2 * h) for s in steps], axis=1)


def _text(moments: Moments, component: Component) -> str:
    free = sorted({-i for _, at in component for i in at if i < 0})
    axes = [sp.Idx(f"a{k}", 99) for k in range(max(free, default=0))]
    return str(moments.written({(Fraction(0), (component,)): sp.S.One}, axes))


def _shown(state: State) -> str:
    return "; ".join(f"{k} = {v.tolist()}" for k, v in state.items())


def _rounded(value: np.ndarray) -> str:
    return str(np.round(value, 6).tolist())


