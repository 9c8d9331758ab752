"""The responses of the pool, against heads and their transports written out."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.shallow_transformer_gd.fresh_heads import POOL, pool, pool_key
from numerics.shallow_transformer_gd.pool import teacher_and_samples
from numerics.shallow_transformer_gd.transport import Blocks, Teacher, responses

RADII = (3.0, 2.0, 0.5)  # of c, U, W; the last one is short enough to clip
SAMPLES = 1024  # of the pool that claims ask at smoke


def written_out(
    anchors: Array, x: Array, u: Array, w: Array, radii: Sequence[float]
) -> tuple[Array, Array]:
    """The response of one head to one input, by JAX, and that with W not moved."""

    def head(x: Array, c: Array, u: Array, w: Array) -> Array:
        return c * jnp.tanh(u @ (jax.nn.softmax(x @ w @ x[-1]) @ x))

    own, (r_c, r_u, r_w) = (jnp.ones(()), u, w), radii
    slopes = [jax.grad(head, (1, 2, 3))(anchor, *own) for anchor in anchors]
    clipped = [s * jnp.minimum(1.0, r_w / jnp.sqrt((s**2).sum())) for _, _, s in slopes]
    c, u_moved, w_moved = (
        jnp.stack(parts).mean(0)
        for parts in ([s for s, _, _ in slopes], [s for _, s, _ in slopes], clipped)
    )

    def along(v: Blocks) -> Array:
        return jax.jvp(partial(head, x), own, v)[1]

    moved: Blocks = (r_c * c, r_u * u_moved, w_moved)
    return along(moved), along((moved[0], moved[1], 0 * w_moved))


def _matrix(
    anchors: Array, X: Array, U: Array, W: Array, radii: Sequence[float]
) -> tuple[Array, Array]:
    """The same of several heads (rows) to several inputs."""
    of_head = jax.vmap(lambda x, u, w: written_out(anchors, x, u, w, radii), (0, None, None))
    return jax.vmap(of_head, (None, 0, 0))(X, U, W)


@partial(quick_jit, level=0)
@jax.vmap
def _drawn(anchors: Array, X: Array, U: Array, W: Array) -> tuple[Array, Array, Array]:
    """Of heads drawn anew: by the product, written out, and with W not moved."""
    found = responses(Teacher(anchors, U, W, jnp.asarray(RADII)), X, U, W)
    return found, *_matrix(anchors, X, U, W, RADII)


@partial(quick_jit, level=0)
@partial(jax.vmap, in_axes=(None, 0, 0, 0))
def _pooled(anchors: Array, X: Array, U: Array, W: Array) -> tuple[Array, Array]:
    return _matrix(anchors, X, U, W, (3.0, 3.0, 3.0))


def _differences(keys: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of two heads of the pool at one sample: in the pool, written out, and with W not moved.

    Differences, since the pool's mean is taken off.
    """
    kept = np.asarray(pool(SAMPLES).responses)
    teacher, X = teacher_and_samples(pool_key(), samples=SAMPLES, **POOL)
    random = [np.random.default_rng([*key, 1]) for key in keys]
    heads = np.stack([rng.choice(len(kept), 2, replace=False) for rng in random])
    at = np.array([rng.integers(SAMPLES) for rng in random])
    found = kept[heads[:, 0], at] - kept[heads[:, 1], at]
    both = _pooled(teacher.anchors, X[at][:, None], teacher.U[heads], teacher.W[heads])
    plain, frozen = (np.asarray(m)[:, 0, 0] - np.asarray(m)[:, 1, 0] for m in both)
    return found, plain, frozen


def pool_responses(_: Size, keys: Keys) -> Table:
    """Distances, from heads and transports written out, of three heads' responses to two inputs.

    And of differences in the pool that claims ask. ``noise`` is of the pool's variance and knows no
    head; ``frozen`` leaves out what moves W. Relative to one, or more.
    """
    keys = np.asarray(keys)
    random = [np.random.default_rng(key) for key in keys]
    shapes = ((3, 6, 4), (2, 6, 4), (3, 4), (3, 4, 4))
    given = (jnp.asarray(np.stack([rng.standard_normal(s) for rng in random])) for s in shapes)
    found, plain, frozen = (np.asarray(x).reshape(len(keys), -1) for x in _drawn(*given))
    pooled = _differences(keys)
    found, plain, frozen = (
        np.hstack([few, of_pool[:, None]])
        for few, of_pool in zip((found, plain, frozen), pooled, strict=True)
    )
    spread = np.sqrt(2) * float(np.asarray(pool(SAMPLES).responses).std())
    noise = found.copy()
    noise[:, -1] = spread * np.array([rng.standard_normal() for rng in random])
    scale = np.maximum(np.abs(plain), 1.0)
    given = {"right": found, "noise": noise, "frozen": frozen}
    return {name: (np.abs(rows - plain) / scale).max(1) for name, rows in given.items()}
