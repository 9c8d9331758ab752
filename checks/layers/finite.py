"""The finite layer at a given N: generated code, sizes, parameters, and a state to start from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import jax.numpy as jnp
import numpy as np
import sympy as sp

from checks.layers.states import (
    NotMeasured,
    explicit_shape,
    fitted,
    fixed_arrays,
    normalised,
)
from checks.verdicts.tasks import seed_keys
from numerics.engine.quick import quick_jit
from numerics.layers.paths import Start, as_given, increments, path, path_end, path_peak
from theory.codegen.layers import layer_source
from theory.layers.arrays import Array
from theory.layers.explicit import explicit
from theory.layers.layer import Layer
from theory.layers.leaves import N
from theory.limits.moments import Moments
from theory.limits.reading import read

SEEDS, BATCH = 512, 32  # an observation is the mean of a batch of layers: less skew, same cost
ROUNDING = 1e-9
SMALL = 16  # an N up to which a program is not worth good machine code
LARGEST = 64  # where an N is looked for at which all sizes are integers


@dataclass
class FiniteLayer:
    """A layer as code, and its exact moments; ``given`` overrides sizes and values of ``at``."""

    layer: Layer
    given: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Values by name, whatever they were given by."""
        at = {_name(k): v for k, v in self.layer.at.items()}
        self.at: dict[str, Any] = {**at, **self.given}
        self._known: dict[int, dict[str, Any]] = {}
        self._programs: dict[tuple, Callable] = {}

    @cached_property
    def moments(self) -> Moments:
        """The exact moments of one step."""
        return read(self.layer)

    @cached_property
    def functions(self) -> dict[str, Callable]:
        """The generated module, run: its source is the generator's own."""
        source = layer_source(self.layer)
        module: dict[str, Any] = {}
        exec(compile(source, f"<layer {self.layer.name}>", "exec"), module)
        return {k: module[k] for k in ("step", "watch", "reduced_step") if k in module}

    def smallest(self, least: int = 8) -> int:
        """The smallest N from ``least`` on at which every size is an integer."""
        for n in range(least, LARGEST):
            if all(abs(v - round(v)) < 1e-9 and v > 0.5 for v in self._sizes(n).values()):
                return n
        raise NotMeasured(
            f"no N from {least} to {LARGEST} makes every size an integer; change the ratios in at="
        )

    def levels(self, count: int, least: int = 8) -> list[int]:
        """Values of N that double, at which every size is an integer."""
        first = self.smallest(least)
        return [first * 2**k for k in range(count)]

    def _sizes(self, n: int) -> dict[str, float]:
        layer = self.layer
        shapes = {k: x.shape for k, x in layer.leaves.items()}
        shapes |= {k: x.shape for k, x in layer.watch.items()}
        found: dict[str, float] = {}
        for name, shape in shapes.items():
            if name in self.at:
                lengths = zip(shape, np.shape(self.at[name]), strict=True)
                found |= {str(s): float(k) for s, k in lengths if isinstance(s, sp.Symbol)}
        for size in {s for shape in shapes.values() for d in shape for s in d.free_symbols}:
            value = sp.sympify(layer.scaling.get(size, size))
            if value != size:
                value = value.subs(N, n).subs({s: self._parameter(s) for s in value.free_symbols})
                found[str(size)] = float(value)
            else:
                found.setdefault(str(size), float(self.at.get(str(size), 2)))
        return found

    def _parameter(self, symbol: sp.Basic) -> Any:
        name = str(symbol)
        if name in self.at:
            return sp.nsimplify(self.at[name])
        names = sorted(map(str, self.layer.symbols))
        return sp.Rational(4 + names.index(name) % 5, 10)

    def values(self, n: int) -> dict[str, Any]:
        """Sizes as integers, parameters, fixed arrays and the states, by name."""
        if n not in self._known:
            found = self.numbers(n)
            self._known[n] = {**found, **self._states(found)}
        return self._known[n]

    def sizes(self, n: int) -> dict[str, int]:
        """Sizes as integers, by name."""
        return {k: round(v) for k, v in self._sizes(n).items()}

    def numbers(self, n: int) -> dict[str, Any]:
        """Sizes, parameters and fixed arrays by name, without states."""
        sizes = self.sizes(n)
        found: dict[str, Any] = {**sizes, "N": n}
        for s in self.layer.symbols:
            found.setdefault(str(s), float(self._parameter(s)))
        return found | fixed_arrays(self.layer, self.at, sizes)

    def _states(self, values: dict[str, Any]) -> dict[str, np.ndarray]:
        """States whose statistics are those of ``at``, near random ones of the right size."""
        rng, start = np.random.default_rng(0), {}
        for old in self.layer.step:
            name = old.data.name
            if name in self.at:
                start[name] = np.asarray(self.at[name], float)
                continue
            power = float(self.moments.reading.sizes.entry_size(name))
            start[name] = rng.standard_normal(explicit_shape(old, values)) * values["N"] ** power
        wanted = {k: np.asarray(self.at[k], float) for k in self.layer.watch if k in self.at}
        free = [k for k in start if k not in self.at]
        return (
            fitted(self.layer, lambda x: self.statistics({**values, **x}), start, wanted, free)
            if wanted and free
            else normalised(self.layer, start)
        )

    def statistics(self, values: dict[str, Any]) -> dict[str, np.ndarray]:
        """The statistics of the state among the values, in NumPy."""
        number = partial(_number, values=values)
        return {k: np.asarray(explicit(e, values, number)) for k, e in self.layer.watch.items()}

    def start(self, n: int) -> np.ndarray:
        """The statistics at the start, flat."""
        return np.concatenate([v.ravel() for v in self.statistics(self.values(n)).values()])

    def split(self, n: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """States, and everything else."""
        values = self.values(n)
        names = [old.data.name for old in self.layer.step]
        states = {k: np.asarray(values[k], float) for k in names}
        return states, {k: v for k, v in values.items() if k not in names}

    def stepper(self, n: int, kind: str = "step") -> tuple[Callable, Callable]:
        """``step(key, states)`` and ``watch(states)`` at N."""
        _, rest = self.split(n)
        functions = self.functions
        move = functions.get(kind, functions["step"])
        return (
            lambda key, states: move(key, **{**rest, **states}),
            lambda states: functions["watch"](**{**rest, **states}),
        )

    @cached_property
    def moving(self) -> list[int]:
        """Entries of the statistics that draws change, of equal ones the first."""
        flat = self.pilot.reshape(-1, self.pilot.shape[-1])
        found: list[int] = []
        for k in np.flatnonzero(flat.std(axis=0) > ROUNDING * (np.abs(flat).max() + 1e-300)):
            if not any(np.allclose(flat[:, k], flat[:, j], rtol=1e-9, atol=1e-12) for j in found):
                found.append(int(k))
        return found

    @cached_property
    def pilot(self) -> np.ndarray:
        """Increments on keys of their own, at the smallest N."""
        return self.increments(self.smallest(), seed_keys("pilot", 0, 0, SEEDS), BATCH)

    def steps(self, n: int) -> float:
        """The declared number of steps at N."""
        count = sp.sympify(self.layer.steps if self.layer.steps is not None else N)
        found = count.subs(N, n)
        return float(found.subs({s: self._parameter(s) for s in found.free_symbols}))

    def increments(self, n: int, keys: np.ndarray, batch: int, kind: str = "step") -> np.ndarray:
        """``(seeds, batch, q)`` increments of the statistics from the state at N."""
        return self._run(("increments", n, kind, batch), partial(increments, batch=batch), keys)

    def path_end(self, n: int, keys: np.ndarray, steps: int) -> np.ndarray:
        """``(seeds, q)`` statistics after so many steps, stopped."""
        return self._run(("path", n, "reduced_step", steps), partial(path_end, steps=steps), keys)

    def path(self, n: int, keys: np.ndarray, steps: int) -> np.ndarray:
        """``(seeds, steps, q)`` statistics after each step, stopped."""
        program = ("path", n, "reduced_step", steps, "whole")
        return self._run(program, partial(path, steps=steps), keys)

    def path_peak(
        self, n: int, keys: np.ndarray, steps: int, start: Start = as_given
    ) -> np.ndarray:
        """``(seeds,)`` the largest share of one coordinate along a path from a drawn start."""
        program = ("path", n, "reduced_step", steps, "peak", start)
        return self._run(program, partial(path_peak, steps=steps, start=start), keys)

    def _run(self, program: tuple, many: Callable, keys: np.ndarray) -> np.ndarray:
        """Compiled once for each program, in haste: it runs for seconds, one step for less."""
        if program not in self._programs:
            what, n, kind = program[:3]
            states, _ = self.split(n)
            step, watch = self.stepper(n, kind)
            self._programs[program] = quick_jit(
                lambda keys: many(step, watch, states, keys=keys),
                level=int(what == "path" or n > SMALL),
            )
        return np.asarray(self._programs[program](jnp.asarray(keys, jnp.uint32)))


def _number(expression: sp.Expr, values: dict[str, Any]) -> float:
    return float(expression.subs({s: values[str(s)] for s in expression.free_symbols}))


def _name(key: Any) -> str:
    return key.data.name if isinstance(key, Array) else str(key)
