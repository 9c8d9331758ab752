"""How many steps of gradient descent a head needs, against the length of its inputs.

Two inputs: kick and cancel, whose gradient in the recurrent weight is w^(T-2) tanh |u|, and a last
token alone. Labels are J v with |v| = 1, J the gradients of the head at the start: what a bounded
move of its weights gives in the linearisation, as the theorems ask of a target. Descent is that
of the linearisation, at the largest step that is sure to descend: 1 over the largest squared
gradient, which each length chooses for itself.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, ScalarLike

from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.generated.shallow_transformer_gd import attention_head, recurrent_step, residual_step
from numerics.shallow_transformer_gd.fresh_heads import drawn

WEIGHT, LENGTHS = 1.15, (8, 12, 16, 20, 24)

LOSS, MOST = 1e-6, 10**6  # the loss that is waited for, and the steps after which one gives up
Head = Callable[[Float[Array, "2"], Float[Array, " T"]], Float[Array, ""]]


def recurrent(weights: Float[Array, "2"], x: Float[Array, " T"]) -> Float[Array, ""]:
    """h_T of h_t = tanh(w h_(t-1) + u x_t), weights (w, u)."""
    w, u = weights

    def step(h: Array, z: Array) -> tuple[Array, None]:
        return recurrent_step(h, 0.0, w, z)[0], None

    return jax.lax.scan(step, jnp.zeros(()), u * x)[0]


def attention(weights: Float[Array, "2"], x: Float[Array, " T"]) -> Float[Array, ""]:
    """tanh(u a) with a softmax head a over the same inputs; the query is one."""
    w, u = weights
    return jnp.tanh(u * attention_head(x[:, None], w[None, None], jnp.ones(1))[0])


def kick_and_last(w: ScalarLike, u: ScalarLike, length: int) -> Float[Array, "2 T"]:
    """A kick that the second token cancels, then nothing; and nothing but a last token."""
    nothing = jnp.zeros(length)
    kick = nothing.at[0].set(1.0).at[1].set(-jnp.asarray(w) * jnp.tanh(u) / jnp.asarray(u))
    return jnp.stack([kick, nothing.at[-1].set(1.0)])


def steps_needed(
    J: Float[Array, "samples weights"], v: Float[Array, " weights"], *, loss: float = LOSS
) -> Int[Array, ""]:
    """Steps until the mean square of the residual, which starts at -J v, is at most ``loss``."""
    K, n = J @ J.T, len(J)
    step_size = n / (2 * jnp.linalg.eigvalsh(K)[-1])

    def going(state: tuple[Array, Array]) -> Array:
        r, count = state
        return (jnp.mean(r**2) > loss) & (count < MOST)

    def step(state: tuple[Array, Array]) -> tuple[Array, Array]:
        r, count = state
        return residual_step(K, r, step_size), count + 1

    return jax.lax.while_loop(going, step, (-J @ v, jnp.zeros((), int)))[1]


@partial(quick_jit, static_argnames=("head", "length"), level=0)
def iterations(
    draws: Float[Array, "seeds 2"], weight: ScalarLike, *, head: Head, length: int
) -> Int[Array, " seeds"]:
    """Steps at a length; a seed draws u and the angle of v, the recurrent weight is given."""

    def one(draw: Float[Array, "2"]) -> Int[Array, ""]:
        u, angle = draw
        weights = jnp.stack([jnp.asarray(weight), u])
        J = jax.vmap(jax.grad(head), (None, 0))(weights, kick_and_last(weight, u, length))
        return steps_needed(J, jnp.stack([jnp.cos(angle), jnp.sin(angle)]))

    return jax.vmap(one)(draws)


def counted(_: Size, keys: Keys, *, head: Head = recurrent, weight: float = WEIGHT) -> Table:
    """Steps at all ``LENGTHS``, and one over them as a curve; u between 1/2 and 3/2, a seed."""
    draws = drawn(keys, lambda rng: rng.uniform([0.5, 0.0], [1.5, 2 * np.pi]))
    steps = {T: np.asarray(iterations(draws, weight, head=head, length=T)) for T in LENGTHS}
    table: dict[str, Any] = {f"steps/{T}": found.astype(float) for T, found in steps.items()}
    return table | {"inverse": 1 / np.stack(list(table.values()), axis=1)}
