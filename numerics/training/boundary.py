"""Points of the projection set at which a network is held against its linearisation.

- ``coherent``: every head moves along its gradient at one input, signed so that all errors add up;
- ``random``: every block of every head moves in a direction of its own;
- ``transported``: point (10) of the paper, a transport signed by the output weight.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike, UInt32

from numerics.generated.shallow_transformer_gd import features
from numerics.randomness.blocks import normals
from numerics.shallow_transformer_gd import linear_network, network
from numerics.training.projected import Heads
from numerics.training.quick import quick_jit
from numerics.training.transport import Teacher, clip_tokens, transported


def normed(blocks: Float[Array, "heads ..."]) -> Float[Array, "heads ..."]:
    """Each head's block at norm one."""
    axes = tuple(range(1, blocks.ndim))
    return blocks / jnp.sqrt(jnp.sum(blocks**2, axis=axes, keepdims=True))


def coherent(start: Heads, X: Float[Array, "length dim"], radii: Array, width: ScalarLike) -> Heads:
    """All heads along their gradients at one input, with the sign of the output weight."""
    _, by_U, by_W = jax.vmap(lambda U, W: features(X, W, X[-1], U))(start.U, start.W)
    steps = radii / jnp.sqrt(width)
    return Heads(
        start.c * (1 + steps[0]),
        start.U + steps[1] * start.c[:, None] * normed(by_U),
        start.W + steps[2] * start.c[:, None, None] * normed(by_W),
    )


def random(start: Heads, drawn: Heads, radii: Array, width: ScalarLike) -> Heads:
    """Each block in the direction drawn for it, on the boundary; c = 0 stays 0."""
    steps = radii / jnp.sqrt(width)
    sign = jnp.sign(drawn[0]) * jnp.abs(start.c)
    return Heads(
        start.c + steps[0] * sign,
        start.U + steps[1] * normed(drawn[1]),
        start.W + steps[2] * normed(drawn[2]),
    )


ANCHORS = 4
POINTS = ("coherent", "random", "transported")


@partial(quick_jit, static_argnames=("most", "samples", "length", "dim"))
def boundary_errors(
    keys: UInt32[Array, "seeds 2"],
    point: ScalarLike,
    width: ScalarLike,
    radii: Float[Array, " 3"],
    *,
    most: int,
    samples: int,
    length: int,
    dim: int,
    symmetric: ScalarLike = True,
    frozen_c: ScalarLike = 0.0,
) -> tuple[Float[Array, " seeds"], Float[Array, " seeds"]]:
    """sup over the samples of |f - f_lin|, and the largest |U| in the projection set, a seed.

    ``point`` is a place in ``POINTS``. Networks have ``most`` heads of which ``width`` count,
    nested: smaller networks are part of larger ones. ``symmetric`` = False draws all heads
    independently, ``frozen_c`` = 1 leaves the part of c out of the linearisation (planted errors).
    """
    used = jnp.tile(jnp.arange(most // 2) < width / 2, 2)

    def one(key: Array) -> tuple[Array, Array]:
        blocks = [(most,), (most, dim), (most, dim, dim)]
        inputs = [(samples, length, dim), (ANCHORS, length, dim)]
        *drawn, X, anchors = normals(key, [*blocks, *blocks, *inputs])
        X, anchors = clip_tokens(X), clip_tokens(anchors)
        paired = jnp.where(symmetric, jnp.arange(most) % (most // 2), jnp.arange(most))
        signs = jnp.where(symmetric & (jnp.arange(most) >= most // 2), -1.0, 1.0)
        c = signs * jnp.where(drawn[0][paired] < 0, -1.0, 1.0)
        start = Heads(jnp.where(used, c, 0.0), drawn[1][paired], drawn[2][paired])
        teacher = Teacher(anchors, drawn[4][:1], drawn[5][:1], radii)
        directions = Heads(drawn[3], drawn[4], drawn[5])
        moved = jax.lax.switch(
            point,
            [
                lambda: coherent(start, X[0], radii, width),
                lambda: random(start, directions, radii, width),
                lambda: transported(start, teacher, width),
            ],
        )
        moved = moved._replace(c=jnp.where(used, moved.c, 0.0))
        seen = moved._replace(c=moved.c - frozen_c * (moved.c - start.c))
        _, linear = linear_network(seen, start, X, width=width)
        error = jnp.abs(network(moved, X, width=width) - linear).max()
        norms = jnp.where(used, jnp.linalg.norm(start.U, axis=1), 0.0).max()
        return error, norms + radii[1] / jnp.sqrt(width)

    return jax.lax.map(one, keys)
