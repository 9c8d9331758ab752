"""A state to start from: fixed arrays, and states with given statistics."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from theory.layers.arrays import Array
from theory.layers.layer import Layer

ROUNDS = 60  # of Gauss and Newton's method


class NotMeasured(ValueError):
    """What cannot be checked on finite layers, and why."""


def fixed_arrays(
    layer: Layer, at: Mapping[str, Any], sizes: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """The values of ``at``, and for other fixed arrays some that keep what is declared of them."""
    found = {}
    for name, leaf in layer.leaves.items():
        if leaf.data.kind != "fixed":
            continue
        if name in at:
            found[name] = np.asarray(at[name], float)
            continue
        shape = explicit_shape(leaf, sizes)
        rng = np.random.default_rng(len(name))
        value = rng.uniform(0.5, 1.5, shape)
        if leaf.data.unit:
            value /= np.linalg.norm(value, axis=-1, keepdims=True)
        if leaf.data.rows:
            value /= value.sum(axis=-1, keepdims=True)
        if leaf.data.symmetric or (len(shape) == 2 and shape[0] == shape[1] and not leaf.data.rows):
            value = np.diag(np.linspace(0.5, 1.5, shape[0]))
        found[name] = value
    return found


def normalised(layer: Layer, states: Mapping[str, Any]) -> dict[str, Any]:
    """States that a step normalises are normalised."""
    found = dict(states)
    for old, new in layer.step.items():
        if new.op == "normal":
            x = found[old.data.name]
            if new.data == "layer_norm":
                x = x - x.mean(axis=-1, keepdims=True)
            square = (x**2).sum(axis=-1, keepdims=True)
            found[old.data.name] = (
                x / (square if new.data == "unit" else square / x.shape[-1]) ** 0.5
            )
    return found


def explicit_shape(leaf: Array, values: Mapping[str, Any]) -> tuple[int, ...]:
    """The shape at these sizes."""
    return tuple(int(s.subs({k: values[str(k)] for k in s.free_symbols})) for s in leaf.shape)


def fitted(
    layer: Layer,
    statistics: Callable[[dict[str, Any]], dict[str, np.ndarray]],
    start: dict[str, Any],
    wanted: dict[str, np.ndarray],
    free: list[str],
) -> dict[str, Any]:
    """States near ``start`` whose statistics are those ``wanted``; only ``free`` ones move.

    Gauss and Newton's method, each step the shortest one, on the layer in NumPy.
    """
    shapes = {k: start[k].shape for k in free}

    def states(x: np.ndarray) -> dict[str, Any]:
        found, place = dict(start), 0
        for name, shape in shapes.items():
            count = int(np.prod(shape))
            found[name] = x[place : place + count].reshape(shape)
            place += count
        return normalised(layer, found)

    def gap(x: np.ndarray) -> np.ndarray:
        found = statistics(states(x))
        return np.concatenate([np.ravel(found[k] - wanted[k]) for k in wanted])

    x, h = np.concatenate([start[k].ravel() for k in free]), 1e-5
    for _ in range(ROUNDS):
        error = gap(x)
        if np.abs(error).max() < 1e-12:
            return states(x)
        moves = h * np.eye(len(x))
        slope = np.stack([(gap(x + e) - gap(x - e)) / (2 * h) for e in moves], axis=1)
        x = x - np.linalg.lstsq(slope, error, rcond=1e-8)[0]
    if not np.abs(gap(x)).max() < 1e-8:
        raise NotMeasured(f"no state was found with the statistics {sorted(wanted)} of at=")
    return states(x)
