"""Training the same network on inputs of different lengths, with one compilation for all.

Lengths divide ``most``; each token is repeated ``most / length`` times, which changes nothing for
softmax attention.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, ScalarLike, UInt32

from numerics.engine.quick import quick_jit
from numerics.generated.shallow_transformer_gd import attention_head
from numerics.shallow_transformer_gd import network, paired
from numerics.shallow_transformer_gd.blocks import normals
from numerics.shallow_transformer_gd.projected import descend
from numerics.shallow_transformer_gd.transport import clip_tokens, taught

Attend = Callable[[Array, Array, Array, Array], Array]
DESIGNS = ("independent", "neutral")
ANCHORS, POOL = 4, 64


@partial(quick_jit, static_argnames=("most", "base", "samples", "heads", "dim", "steps", "attend"))
def length_losses(
    keys: UInt32[Array, "seeds 2"],
    length: Int[Array, ""],
    design: ScalarLike,
    *,
    most: int,
    base: int,
    samples: int,
    heads: int,
    dim: int,
    steps: int,
    attend: Attend | None = None,
    radius: ScalarLike = 1.0,
    step_size: ScalarLike = 2.0,
) -> tuple[Float[Array, " seeds"], Float[Array, " seeds"]]:
    """Smallest training loss over a run, and the loss at the start, a seed.

    ``design``: independent tokens, or length-neutral ones, ``base`` tokens repeated with a little
    jitter and the last one kept. A seed has the same initial weights, teacher and tokens at every
    length. ``attend(X, W, q, share)`` replaces the softmax; a token counts for ``share`` of one.
    """
    share = length / most
    head = attention_head if attend is None else lambda X, W, q: attend(X, W, q, share)
    model = partial(network, attend=head)

    def one(key: Array) -> tuple[Array, Array]:
        shape, half = (samples, most, dim), heads // 2
        drawn, jitter, anchors, U, W, z, V, Q = normals(
            key,
            [
                *(shape, shape, (ANCHORS, base, dim), (POOL, dim), (POOL, dim, dim)),
                *((half,), (half, dim), (half, dim, dim)),
            ],
        )
        drawn = clip_tokens(drawn)
        near = drawn[:, jnp.arange(most) % base] + 0.1 * jitter.at[:, -1].set(0.0)
        near = clip_tokens(near)
        # The last ``length`` tokens, in order, so that all lengths share the last token.
        kept = most - length + jnp.arange(most) * length // most
        X = jnp.where(design == 0, drawn, near)[:, kept]
        _, y = taught(X, jnp.repeat(clip_tokens(anchors), most // base, axis=1), U, W)
        start = paired(jnp.where(z < 0, -1.0, 1.0), V, Q)
        full = jnp.zeros((steps, 0), dtype=int)
        radii = jnp.full(3, radius)
        _, losses = descend(start, X, y, full, step_size, radii, heads, model=model)
        return losses.min(), losses[0]

    return jax.lax.map(one, keys)
