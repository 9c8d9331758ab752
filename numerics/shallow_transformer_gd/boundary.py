"""Points of the projection set at which a network is held against its linearisation.

- ``coherent``: every head moves along its gradient at one input, signed so that all errors add up;
- ``random``: every block of every head moves in a direction of its own;
- ``transported``: point (10) of the paper, a transport signed by the output weight.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike, UInt32

from numerics.engine.quick import quick_jit
from numerics.generated.shallow_transformer_gd import features, sharp_linearization_bound
from numerics.shallow_transformer_gd.blocks import normals
from numerics.shallow_transformer_gd.extremes import SIGMA1, SIGMA2
from numerics.shallow_transformer_gd.ladders import Pairing, Widths, ladder, outputs, start_heads
from numerics.shallow_transformer_gd.projected import Heads
from numerics.shallow_transformer_gd.transport import Teacher, clip_tokens, transport

ANCHORS = 4
POINTS = ("coherent", "random", "transported")


class Linearised(NamedTuple):
    """By width: f - f_lin at the samples, and what is asked about it."""

    left: Float[Array, "*seeds widths samples"]
    of_c: Float[Array, "*seeds widths samples"]  # the part of f_lin that is due to c
    bound: Float[Array, "*seeds widths"]  # the derived one, for the largest |U| that is allowed


def normed(blocks: Float[Array, "heads ..."]) -> Float[Array, "heads ..."]:
    """Each head's block at norm one."""
    axes = tuple(range(1, blocks.ndim))
    return blocks / jnp.sqrt(jnp.sum(blocks**2, axis=axes, keepdims=True))


def coherent(start: Heads, X: Float[Array, "length dim"]) -> Heads:
    """Of all heads the gradients at one input, with the sign of the output weight."""
    _, by_U, by_W = jax.vmap(lambda U, W: features(X, W, X[-1], U))(start.U, start.W)
    return Heads(start.c, start.c[:, None] * normed(by_U), start.c[:, None, None] * normed(by_W))


def random(drawn: Heads) -> Heads:
    """Each block in the direction drawn for it."""
    return Heads(jnp.sign(drawn.c), normed(drawn.U), normed(drawn.W))


def transported(start: Heads, teacher: Teacher) -> Heads:
    """Each head's transport, signed by its output weight; radii of one."""
    v_c, v_u, v_w = jax.vmap(lambda U, W: transport(teacher, U, W))(start.U, start.W)
    return Heads(v_c, start.c[:, None] * v_u, start.c[:, None, None] * v_w)


@partial(quick_jit, static_argnames=("widths", "samples", "length", "dim"))
def boundary_errors(
    keys: UInt32[Array, "seeds 2"],
    point: ScalarLike,
    pairing: Pairing,
    radius: Float[Array, " total"],
    *,
    widths: Widths,
    samples: int,
    length: int,
    dim: int,
) -> Linearised:
    """Networks of all widths, moved to a point at a radius in each block of each head.

    ``point`` is a place in ``POINTS``.
    """
    networks, most = ladder(widths), max(widths)

    def one(key: Array) -> Linearised:
        blocks = [(most,), (most, dim), (most, dim, dim)]
        inputs = [(samples, length, dim), (ANCHORS, length, dim)]
        *drawn, X, anchors = normals(key, [*blocks, *blocks, *inputs])
        X, teacher = clip_tokens(X), Teacher(clip_tokens(anchors), drawn[1], drawn[2], jnp.ones(3))
        start = start_heads(Heads(*drawn[:3]), pairing)
        way = jax.lax.switch(
            point,
            [
                lambda: coherent(start, X[0]),
                lambda: random(Heads(*(block[networks.place] for block in drawn[3:]))),
                lambda: transported(start, teacher),
            ],
        )
        way = Heads(radius * way.c, radius[:, None] * way.U, radius[:, None, None] * way.W)
        f = partial(outputs, networks, X=X)
        moved = f(Heads(*(x + dx for x, dx in zip(start, way, strict=True))))
        left = moved - jax.jvp(f, (start,), (way,))[1]
        of_c = f(start._replace(c=way.c))
        B = jnp.max((networks.member > 0) * (jnp.linalg.norm(start.U, axis=1) + radius), axis=1)
        bound = sharp_linearization_bound
        return Linearised(
            left,
            of_c,
            jax.vmap(lambda m, b: bound(m, b, 1.0, 1.0, 1.0, SIGMA1, SIGMA2))(
                jnp.asarray(widths, dtype=float), B
            ),
        )

    return jax.lax.map(one, keys)
