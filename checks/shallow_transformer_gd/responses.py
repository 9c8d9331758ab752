"""The responses of the pool, against a head and its transport written out."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.shallow_transformer_gd.transport import Blocks, Teacher, responses

RADII = (3.0, 2.0, 0.5)  # of c, U, W; the last one is short enough to clip


@partial(quick_jit, level=0)
def _responses(anchors: Array, X: Array, U: Array, W: Array) -> tuple[Array, Array, Array]:
    """Of the pool, by JAX of a head written out, and that with W not moved."""

    def head(x: Array, c: Array, u: Array, w: Array) -> Array:
        return c * jnp.tanh(u @ (jax.nn.softmax(x @ w @ x[-1]) @ x))

    def one(anchors: Array, x: Array, u: Array, w: Array) -> tuple[Array, Array, Array]:
        own, (r_c, r_u, r_w) = (jnp.ones(()), u, w), RADII
        slopes = [jax.grad(head, (1, 2, 3))(anchor, *own) for anchor in anchors]
        clipped = [s * jnp.minimum(1.0, r_w / jnp.sqrt((s**2).sum())) for _, _, s in slopes]
        c, u_moved, w_moved = (
            jnp.stack(parts).mean(0)
            for parts in ([s for s, _, _ in slopes], [s for _, s, _ in slopes], clipped)
        )
        moved: Blocks = (r_c * c, r_u * u_moved, w_moved)
        teacher = Teacher(anchors, u[None], w[None], jnp.asarray(RADII))
        found = responses(teacher, x[None], u[None], w[None])[0, 0]

        def along(v: Blocks) -> Array:
            return jax.jvp(partial(head, x), own, v)[1]

        return found, along(moved), along((moved[0], moved[1], 0 * w_moved))

    return jax.vmap(one)(anchors, X, U, W)


def pool_responses(_: Size, keys: Keys) -> Table:
    """Responses of the pool to its transport, against a head and its transport written out.

    ``noise`` is of variance one and knows no head; ``frozen`` leaves out what moves W. Relative.
    """
    random = [np.random.default_rng(key) for key in np.asarray(keys)]
    shapes = ((3, 6, 4), (6, 4), (4,), (4, 4), ())
    anchors, X, U, W, noise = (
        jnp.asarray(np.stack([rng.standard_normal(shape) for rng in random])) for shape in shapes
    )
    found, plain, frozen = map(np.asarray, _responses(anchors, X, U, W))
    scale = np.maximum(np.abs(plain), 1.0)
    given = {"right": found, "noise": np.asarray(noise), "frozen": frozen}
    return {name: np.abs(values - plain) / scale for name, values in given.items()}
