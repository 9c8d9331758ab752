"""What a softmax head does with long inputs, beside heads that do not normalise or that recur.

References: arXiv:2601.16514, sections 3 and 6; kick-and-cancel inputs are derived in the room.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from numerics.engine.quick import known_options, quick_jit
from numerics.generated import shallow_transformer_gd as generated
from numerics.shallow_transformer_gd import (
    Attend,
    kick_and_cancel,
    network,
    online_start,
    online_step,
    recurrent_gradients,
)
from numerics.shallow_transformer_gd.projected import Heads

Pairs = Float[Array, "seeds 2"]  # a recurrent weight w and a norm |u|


class Kicked(NamedTuple):
    """By length: d h_T / d w of a recurrent head, the formula for it, a softmax head's gradient."""

    recurrent: Float[Array, "lengths ..."]
    formula: Float[Array, "lengths ..."]
    attention: Float[Array, "lengths ..."]
    bound: Float[Array, "lengths ..."]  # of the softmax head, the same at any length


@partial(quick_jit, static_argnames=("repeats", "attend"), level=0)
def repetition_change(
    X: Float[Array, "seeds T d"],
    *,
    repeats: tuple[int, ...],
    attend: Attend = generated.attention_head,
) -> Float[Array, "repeats seeds"]:
    """Relative change of a network's output when every token is repeated so many times."""
    dim = X.shape[-1]
    params = Heads(jnp.ones(4), jnp.eye(4, dim), jnp.stack([jnp.eye(dim)] * 4))
    model = partial(network, params, attend=attend)
    once = model(X)
    often = jnp.stack([model(jnp.repeat(X, times, axis=1)) for times in repeats])
    return jnp.abs(often - once) / (jnp.abs(once) + 1)


@partial(quick_jit, static_argnames="lengths", level=0)
def kicked(pairs: Pairs, *, lengths: tuple[int, ...]) -> Kicked:
    """Gradients on kick-and-cancel inputs; the softmax head has d = 2, |U| = |u|, W = w I.

    Shorter inputs begin longer ones, so one pass of the recurrence gives all lengths.
    """

    def attention(w: Array, norm: Array, length: int) -> Array:
        axis = jnp.array([1.0, 0.0])
        X = (kick_and_cancel(w, norm, length) / norm)[:, None] * axis
        _, by_U, by_W = generated.features(X, w * jnp.eye(2), axis, norm * axis)
        return jnp.sqrt(jnp.sum(by_U**2) + jnp.sum(by_W**2))

    def one(w: Array, norm: Array) -> Kicked:
        path = recurrent_gradients(w, kick_and_cancel(w, norm, max(lengths)))
        formula = jax.vmap(lambda T: generated.kick_and_cancel_gradient(w, norm, T))
        levels = jnp.array(lengths, dtype=float)
        heads = jnp.stack([attention(w, norm, length) for length in lengths])
        bound = jnp.broadcast_to(generated.lipschitz_constant(norm, 1.0), heads.shape)
        seen = path[jnp.array(lengths) - 1]
        return Kicked(seen, formula(levels), heads, bound)

    return jax.tree.map(jnp.transpose, jax.vmap(one)(pairs[:, 0], pairs[:, 1]))


def working_memory(length: int, online: bool, heads: int = 16, dim: int = 4) -> float:
    """Bytes beside the tokens that the compiler reserves for the attention of all heads.

    ``online``: a fixed query, one token after the other; else the query is the last token.
    Raises ``RuntimeError`` when the backend of JAX does not say.
    """

    def last(W: Array, X: Array) -> Array:
        return jax.vmap(generated.attention_head, (None, 0, None))(X, W, X[-1])

    def fixed(W: Array, X: Array) -> Array:
        keys = W @ jnp.ones(dim)
        return jax.lax.scan(
            lambda state, token: (online_step(state, keys, token), None),
            online_start(heads, dim), X,
        )[0].mean  # fmt: skip

    shapes = [jax.ShapeDtypeStruct(s, float) for s in ((heads, dim, dim), (length, dim))]
    # The best machine code reserves the same, and takes longer to make.
    lowered = jax.jit(fixed if online else last).lower(*shapes)
    analysis = lowered.compile(known_options(0)).memory_analysis()
    if analysis is None:
        raise RuntimeError(
            "expected the memory of a compiled function, received none: this backend of JAX does "
            "not report it; run on the CPU"
        )
    return float(analysis.temp_size_in_bytes)
