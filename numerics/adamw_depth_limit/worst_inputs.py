"""Inputs at which the noise of the heads is largest, looked for by ascent in a box."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics.adamw_depth_limit import Heads, Tokens, mean_drift
from numerics.adamw_depth_limit.head_noise import ADAMW, STEPS, Draw, fixed_problem
from numerics.adamw_depth_limit.token_problems import (
    by_rows,
    full_weights,
    random_weights,
    repeated,
    simulate,
)
from numerics.engine.measuring import Size
from numerics.engine.quick import quick_jit
from numerics.engine.streams import stream

START, ROUNDS, STRIDE = 3, 12, 0.3  # a stream of a key; steps of ascent, and the first one's length
LAYERS = 32  # networks are padded to it
Layers = tuple[Heads, Float[Any, "layers M"]]  # parameters of a network, and weights


def output(X: Tokens, network: Layers) -> Tokens:
    """Tokens after the last layer; layers without weight are padding."""

    def step(x: Tokens, layer: Layers) -> tuple[Tokens, None]:
        return x + mean_drift(x, *layer), None

    return jax.lax.scan(step, X, network)[0]


def climbed(X: Tokens, value: Callable[[Tokens], Array]) -> tuple[Array, Array]:
    """A value at the start, and the largest on the way of signed steps that grow shorter."""
    climb = jax.value_and_grad(value)

    def step(X: Tokens, r: Array) -> tuple[Tokens, Array]:
        now, slope = climb(X)
        return jnp.clip(X + STRIDE / (1 + r) * jnp.sign(slope), -1, 1), now

    _, seen = jax.lax.scan(step, X, jnp.arange(ROUNDS + 1.0))
    return seen[0], seen.max()


@partial(quick_jit, level=0)
@jax.vmap
def _largest(X: Tokens, random: Layers, full: Layers) -> tuple[Array, Array]:
    def square(X: Tokens) -> Array:
        return ((output(X, random) - output(X, full)) ** 2).sum(-1).mean()

    first, largest = climbed(X, square)
    return jnp.sqrt(first), jnp.sqrt(largest)


def _layers(run: Any, weights: Float[np.ndarray, "rows layers M"]) -> Layers:
    def padded(w: np.ndarray) -> np.ndarray:
        return np.pad(w, [(0, 0), (0, LAYERS - w.shape[1]), *[(0, 0)] * (w.ndim - 2)])

    return jax.tree.map(padded, run.heads), padded(weights)


def worst_inputs(point: Size, keys: Any, *, draw: Draw = random_weights) -> dict[str, Any]:
    """Noise of trained heads in the states, at a random input and at the worst that is found.

    A network is trained on the fixed problem of `head_noise`, beside the exhaustive one of its
    depth; the inputs, in the box of the training data, are not trained on.
    """
    depth, count = point["L"], len(keys)
    problem = fixed_problem(4)
    problems = repeated(problem, count)
    networks = [
        _layers(simulate(problems, weights, ADAMW, steps=STEPS), weights)
        for weights in (draw(keys, depth, point["H"]), full_weights(count, depth))
    ]
    shape = problem.data.inputs.shape[1:]
    starts = np.stack([stream(key, START).uniform(-1, 1, shape) for key in np.asarray(keys)])
    first, largest = by_rows(_largest, starts, *networks)
    return {"start": first, "largest": largest}
