"""A layer or an update rule as data, checked when it is built."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Any

import numpy as np
import sympy as sp

from theory.algebra.given import exact
from theory.layers.arrays import Array, LayerError, nodes
from theory.layers.leaves import Leaf, N


@dataclass(frozen=True, eq=False)
class Layer:
    """One step of a random map, what is watched of it, and how its sizes grow with N.

    ``step`` maps each state to its next value, ``watch`` names statistics of the states,
    ``scaling`` gives each size that is summed over as a multiple of a power of ``vl.N`` (or as
    itself, if it stays fixed), ``steps`` how many steps are made, a multiple of a power of N.
    ``at`` holds values of parameters, statistics and fixed arrays for numbers; ``expect`` what the
    author believes. Raises ``LayerError`` for what cannot be meant.
    """

    name: str
    step: Mapping[Array, Array]
    watch: Mapping[str, Array]
    scaling: Mapping[Any, sp.Expr] = field(default_factory=dict)
    steps: sp.Expr | None = None
    at: Mapping[Any, Any] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check shapes, names, laws and sizes."""
        for what in ("step", "watch"):
            if not isinstance(value := getattr(self, what), Mapping):
                raise LayerError(
                    f"layer “{self.name}”: expected {what} as a dict, "
                    f"{'{X: what X becomes}' if what == 'step' else '{name: statistic}'}; "
                    f"received {value!r}"
                )
        if not self.step or not self.watch:
            raise LayerError(f"layer “{self.name}” needs a step and a statistic to watch")
        for name, node in {**{str(k): k for k in self.step}, **self.watch}.items():
            if not isinstance(node, Array):
                raise LayerError(
                    f"{name} of layer “{self.name}” is {type(node).__name__}, no array"
                )
        for old, new in self.step.items():
            if not (old.op == "leaf" and old.data.kind == "state"):
                raise LayerError(f"a step is given for a state; {old} is none")
            if not isinstance(new, Array) or new.shape != old.shape:
                shape = getattr(new, "shape", type(new).__name__)
                raise LayerError(
                    f"the step of {old} must have its shape {old.shape}; received {shape}"
                )
        scaling = {s: exact(v, f"layer “{self.name}”: {s}") for s, v in self.scaling.items()}
        object.__setattr__(self, "scaling", scaling)
        if self.steps is not None:
            steps = exact(self.steps, f"layer “{self.name}”: steps")
            object.__setattr__(self, "steps", steps)
        self._check_names()
        self._check_ties()
        self._check_sizes()
        try:
            self.lengths(
                {k.data.name if isinstance(k, Array) else str(k): v for k, v in self.at.items()}
            )
        except ValueError as why:
            raise LayerError(f"layer “{self.name}”, at=: {why}") from None

    @property
    def leaves(self) -> dict[str, Array]:
        """The arrays by name."""
        found: dict[str, Array] = {}
        for root in (*self.step, *self.step.values(), *self.watch.values()):
            for node in nodes(root):
                for leaf in (node, *(x for x in _inside(node) if isinstance(x, Array))):
                    if leaf.op == "leaf" and found.setdefault(leaf.data.name, leaf) != leaf:
                        raise LayerError(f"two arrays are named {leaf.data.name}; rename one")
        return found

    def lengths(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Sizes by name, as values of statistics and arrays show them.

        Raises ``ValueError`` for a value of a shape that is not the declared one.
        """
        arrays = {**self.watch, **self.leaves}
        given = {k: np.shape(v) for k, v in values.items() if k in arrays}
        found: dict[sp.Symbol, Any] = {}
        for name, lengths in given.items():
            for size, length in zip(arrays[name].shape, lengths, strict=False):
                if isinstance(size, sp.Symbol):
                    found.setdefault(size, values.get(str(size), length))
        for name, lengths in given.items():
            shape = tuple(size.subs(found) for size in arrays[name].shape)
            pairs = zip(shape, lengths, strict=False)
            if len(shape) != len(lengths) or any(s.is_number and s != k for s, k in pairs):
                where = ", ".join(f"{k} = {v}" for k, v in found.items())
                raise ValueError(
                    f"{name} has shape {arrays[name].shape}{' where ' * bool(where)}{where}; "
                    f"received one of shape {lengths}"
                )
        return {str(k): v for k, v in found.items()}

    @property
    def numbers(self) -> list[sp.Expr]:
        """Sizes, coefficients, parameters of laws, scalings and steps, each as it stands."""
        found: list[Any] = [
            *self.scaling,
            *self.scaling.values(),
            N if not self.steps else self.steps,
        ]
        for root in (*self.step.values(), *self.watch.values()):
            for node in nodes(root):
                found += [*node.shape, *_flat(_inside(node))]
                found += [node.data] * (node.op == "number")
        return [sp.sympify(x) for x in found if not isinstance(x, Array | str)]

    @property
    def symbols(self) -> set[sp.Symbol]:
        """Sizes and parameters."""
        return {N}.union(*(x.free_symbols for x in self.numbers))

    @property
    def steps_exponent(self) -> sp.Expr | None:
        """The power of N in the number of steps; none if no number is declared."""
        if self.steps is None:
            return None
        _, power = sp.sympify(self.steps).as_independent(N, as_Add=False)
        if not (power == 1 or power.as_base_exp()[0] == N):
            raise LayerError(f"steps must be a multiple of a power of N; received {self.steps}")
        return sp.S.Zero if power == 1 else power.as_base_exp()[1]

    def _check_names(self) -> None:
        leaves = self.leaves
        for name in (*self.watch, *leaves, *sorted(map(str, self.symbols))):
            if not (isinstance(name, str) and name.isidentifier()) or iskeyword(name):
                raise LayerError(
                    f"layer “{self.name}”: {name!r} is no name that code can have; use letters, "
                    f"digits and underscores, and no keyword of Python, as in lam or V_1"
                )
        for name, statistic in self.watch.items():
            if name in leaves and leaves[name] != statistic:
                raise LayerError(f"the statistic {name} has the name of an array; rename it")
        for name, node in leaves.items():
            if node.data.kind == "state" and node not in self.step:
                raise LayerError(f"the state {name} has no step; write step={{{name}: {name}, ..}}")
        for name, statistic in self.watch.items():
            for node in nodes(statistic):
                if node.op == "leaf" and node.data.kind == "random":
                    raise LayerError(f"the statistic {name} contains the random array {node}")

    def _check_ties(self) -> None:
        """A random matrix stands in one place: else its columns meet the state twice."""
        parents: dict[Array, set[Array]] = {}
        for root in self.step.values():
            for parent in nodes(root):
                if parent.op in ("gradient", "transpose"):
                    continue
                for child in parent.args:
                    bare = child.args[0] if child.op == "transpose" else child
                    if bare.op == "leaf" and bare.data.kind == "random" and bare.ndim > 1:
                        parents.setdefault(bare, set()).add(parent)
        for leaf, places in parents.items():
            others = {a for p in places for a in p.args} - {leaf, leaf.T}
            symmetrised = all(p.op == "matmul" for p in places) and len(others) == 1
            if len(places) > 1 and not symmetrised and not leaf.data.reused:
                written = " and ".join(sorted(map(str, places)))
                raise LayerError(
                    f"NOT MARKOV: the random array {leaf} stands in two places, {written} (tied). "
                    f"Draw two arrays, or declare one sample that is used twice with vl.data"
                )

    def _check_sizes(self) -> None:
        free = {s for w in self.watch.values() for s in w.shape}
        for name, statistic in self.watch.items():
            for size in statistic.shape:
                if sp.sympify(self.scaling.get(size, size)).has(N):
                    raise LayerError(
                        f"the statistic {name} has an axis of size {size}, which grows with N: it "
                        f"has no limit of fixed dimension. Watch sums over that axis, e.g. X @ X.T"
                    )
        used = {s for leaf in self.leaves.values() for s in leaf.shape if s.free_symbols}
        missing = sorted(map(str, used - free - set(self.scaling)))
        if missing:
            raise LayerError(
                f"layer “{self.name}”: the sizes {', '.join(missing)} have no scaling; give each a "
                f"power of N, e.g. scaling={{{missing[0]}: vl.N}}, or itself if it stays fixed"
            )
        for size, value in self.scaling.items():
            value = sp.sympify(value)
            rest = value.as_independent(N, as_Add=False)[1]
            if value.has(N) and rest.as_base_exp()[0] != N:
                raise LayerError(f"{size} must be a multiple of a power of N; received {value}")
            others = (s for s in value.free_symbols - {size} if self.scaling.get(s, s) != s)
            if nested := ", ".join(sorted(map(str, others))):
                raise LayerError(
                    f"the scaling of {size}, {value}, contains {nested}, which has a scaling of "
                    f"its own; write it as a multiple of a power of N"
                )


def _flat(law: tuple) -> Iterator[Any]:
    """What a law names, in tuples inside of it, too."""
    for part in law:
        yield from _flat(part) if isinstance(part, tuple) else (part,)


def _inside(node: Array) -> tuple:
    """Arrays that a leaf's law names."""
    return node.data.law if isinstance(node.data, Leaf) else ()
