"""Explicit states at small sizes: numbers for what no rewriting decides."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product

import numpy as np
import sympy as sp

from theory.calculus.networks import Polynomial
from theory.layers.leaves import N
from theory.limits.moments import Moments
from theory.limits.numbers import evaluate

STATES = 4000  # states tried of each set of entries
ENTRIES = ((0, 1, -1), (0, 1, 2, 3))

State = dict[str, np.ndarray]


@dataclass
class Probe:
    """Statistics and a moment as functions of explicit states, at small sizes."""

    moments: Moments
    part: Polynomial

    def __post_init__(self) -> None:
        """Write out the statistics and the moment."""
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
        """Explicit shapes of the states."""
        return {
            str(x): tuple(int(s.subs(self.counts)) for s in x.shape)
            for x in self.moments.layer.step
        }

    def random_state(self, seed: int) -> State:
        """A state with all that its step leaves it, such as rows of norm one."""
        rng, found = np.random.default_rng(seed), {}
        for old, new in self.moments.layer.step.items():
            shape = self.shapes()[str(old)]
            value = rng.uniform(0.3, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
            if new.op == "normal":
                if new.data == "layer_norm":
                    value = value - value.mean(axis=-1, keepdims=True)
                value = value / np.linalg.norm(value, axis=-1, keepdims=True)
                value = value * (1 if new.data == "unit" else np.sqrt(shape[-1]))
            found[str(old)] = np.asarray(value)
        return found

    def states(self) -> Iterator[State]:
        """States with small entries, simple ones first."""
        shapes = self.shapes()
        total = sum(int(np.prod(s)) for s in shapes.values())
        for entries in ENTRIES:
            for flat in islice(product(entries, repeat=total), STATES):
                yield split_state(np.array(flat), shapes)

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


def split_state(flat: np.ndarray, shapes: dict[str, tuple[int, ...]]) -> State:
    """Numbers in a row as arrays of these shapes."""
    found, start = {}, 0
    for name, shape in shapes.items():
        count = int(np.prod(shape))
        found[name] = flat[start : start + count].reshape(shape)
        start += count
    return found
