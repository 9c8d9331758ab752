"""Training on AR(L) data: one value is repeated, weakened, after L steps.

Section 6.2 of arXiv:2601.16514 with an independent window a sample: X_0 .. X_(L-1) stationary,
X_L = alpha X_0 + noise, and alpha X_1 + noise to be predicted. A softmax network sees the window
with positions beside the values; a recurrent network reads the values one after the other. No
projection: inputs are not in the unit ball, and the theorem does not speak of this experiment.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike, UInt32

from numerics.engine.quick import quick_jit
from numerics.generated.shallow_transformer_gd import features, recurrent_step
from numerics.shallow_transformer_gd import initialize, network
from numerics.shallow_transformer_gd.blocks import normals

ALPHA, NOISE = 0.9, 0.1  # the coefficient, and the variance of the noise: the least possible loss
CHANNELS = 8  # of the positions, sines and cosines
PROBES = 32  # samples over which the squared gradient is averaged


class Followed(NamedTuple):
    """Largest gradient norm in the weights of the memory over a run, least held-out loss."""

    gradient: Float[Array, "*seeds"]
    held_out: Float[Array, "*seeds"]


class Recurrent(NamedTuple):
    """m^(-1/2) sum_i c_i h_i with h_i = tanh(w_i h_i + u_i x_t), read after the last token."""

    c: Float[Array, " heads"]
    u: Float[Array, " heads"]
    w: Float[Array, " heads"]


def windows(
    key: UInt32[Array, "2"], samples: int, lag: int
) -> tuple[Float[Array, "samples length"], Float[Array, " samples"]]:
    """Windows of length lag + 1 and the values that follow them."""
    first, noise = normals(key, [(samples, lag), (samples, 2)])
    x = jnp.sqrt(NOISE / (1 - ALPHA**2)) * first
    noise = jnp.sqrt(NOISE) * noise
    last = ALPHA * x[:, :1] + noise[:, :1]
    return jnp.concatenate([x, last], axis=1), ALPHA * x[:, 1] + noise[:, 1]


def placed(x: Float[Array, "samples length"]) -> Float[Array, "samples length dim"]:
    """Values with their positions beside them."""
    rates = 1e4 ** (-2 * jnp.arange(CHANNELS // 2) / CHANNELS)
    angles = jnp.arange(x.shape[1])[:, None] * rates
    where = jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=1)
    return jnp.concatenate([x[..., None], jnp.broadcast_to(where, (*x.shape, CHANNELS))], axis=-1)


def recurrent_network(
    p: Recurrent, x: Float[Array, "samples length"]
) -> tuple[Float[Array, " samples"], Float[Array, " samples"]]:
    """Values of the network, and the squared norms of their gradients in w."""

    def step(state: tuple[Array, Array], value: Array) -> tuple[tuple[Array, Array], None]:
        return each(*state, p.w, p.u * value[:, None]), None

    each = jax.vmap(jax.vmap(recurrent_step), (0, 0, None, 0))  # heads, and samples
    start = jnp.zeros((len(x), len(p.c)))
    (h, slope), _ = jax.lax.scan(step, (start, start), x.T)
    return h @ p.c / jnp.sqrt(len(p.c)), (slope**2) @ (p.c**2) / len(p.c)


def attention_gradient(p: Any, X: Float[Array, "samples length dim"]) -> Float[Array, " samples"]:
    """Squared norms of the gradients in all W."""

    def one(x: Array) -> Array:
        by_W = jax.vmap(lambda u, w: features(x, w, x[-1], u)[2])(p.U, p.W)
        return jnp.sum(p.c**2 * jnp.sum(by_W**2, axis=(1, 2))) / len(p.c)

    return jax.vmap(one)(X)


def follow(
    value: Callable[[Any, Array], Array], squared: Callable[[Any, Array], Array],
    start: Any, data: tuple[Array, Array], held_out: tuple[Array, Array], steps: int,
) -> Followed:  # fmt: skip
    """Gradient descent at step size 1 / sqrt(steps), looked at before each step."""

    def loss(p: Any, pairs: tuple[Array, Array]) -> Array:
        return jnp.mean((value(p, pairs[0]) - pairs[1]) ** 2)

    def step(p: Any, _: None) -> tuple[Any, Followed]:
        gradient = jax.grad(loss)(p, data)
        seen = Followed(jnp.sqrt(squared(p, data[0][:PROBES]).mean()), loss(p, held_out))
        return jax.tree.map(lambda x, g: x - g / jnp.sqrt(steps), p, gradient), seen

    seen = jax.lax.scan(step, start, None, length=steps)[1]
    return Followed(seen.gradient.max(), seen.held_out.min())


@partial(quick_jit, static_argnames=("recurrent", "lag", "samples", "heads", "steps"))
def lagged_runs(
    keys: UInt32[Array, "seeds 2"],
    weight: ScalarLike,
    *,
    recurrent: bool,
    lag: int,
    samples: int,
    heads: int,
    steps: int,
) -> Followed:
    """One run a seed of a softmax network, or of a recurrent one with w = +-weight at the start.

    The held-out windows are as many as those of training.
    """

    def one(key: Array) -> Followed:
        first, second, third = jax.random.split(key, 3)
        data, held_out = windows(first, samples, lag), windows(second, samples, lag)
        drawn = initialize(third, heads=heads, dim=1 if recurrent else 1 + CHANNELS)
        if recurrent:
            sign = jnp.where(drawn.W[:, 0, 0] < 0, -1.0, 1.0)
            start = Recurrent(drawn.c, drawn.U[:, 0], jnp.asarray(weight) * sign)
            value, squared = (lambda p, x, i=i: recurrent_network(p, x)[i] for i in (0, 1))
            return follow(value, squared, start, data, held_out, steps)
        data, held_out = (placed(data[0]), data[1]), (placed(held_out[0]), held_out[1])
        return follow(network, attention_gradient, drawn, data, held_out, steps)

    return jax.lax.map(one, keys)
