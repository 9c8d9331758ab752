"""Networks of several widths as one list of heads, each with the width of its network.

Smaller networks use the first heads of larger ones (nested), but every network moves its heads by
its own radii and steps, so that each head occurs once for each network that has it. No head is
padding: all widths together cost their sum.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, ScalarLike

from numerics.generated.shallow_transformer_gd import attention_head
from numerics.shallow_transformer_gd.projected import Heads, clipped, minus

Widths = tuple[int, ...]
Inputs = Float[Array, "samples length dim"]


class Ladder(NamedTuple):
    """Of each head in the list: which of its network it is, the width of the network, and
    1/sqrt(width) in the row of the network."""

    place: Int[np.ndarray, " total"]
    width: Float[np.ndarray, " total"]
    member: Float[np.ndarray, "widths total"]


def ladder(widths: Widths) -> Ladder:
    """The list for these widths."""
    width = np.repeat(np.asarray(widths, dtype=float), widths)
    network = np.repeat(np.arange(len(widths)), widths)
    place = np.concatenate([np.arange(m) for m in widths])
    return Ladder(place, width, (network == np.arange(len(widths))[:, None]) / np.sqrt(width))


class Pairing(NamedTuple):
    """Of each head in a list: which of the drawn ones it is, and the sign of its output weight."""

    chosen: Int[Array, " total"]
    sign: Float[Array, " total"]


def in_pairs(networks: Ladder) -> Pairing:
    """Every other head that is drawn comes twice, with opposite output weights."""
    second = networks.place % 2
    return Pairing(jnp.asarray(networks.place - second), jnp.asarray(1.0 - 2.0 * second))


def shrinking(networks: Ladder) -> Float[Array, " total"]:
    """The radius 1/sqrt(m) of each head's blocks."""
    return jnp.asarray(1 / np.sqrt(networks.width))


def start_heads(drawn: Heads, pairing: Pairing) -> Heads:
    """All networks at their start; each output weight is the sign of the one drawn, up to sign.

    ``drawn`` holds as many heads as the widest network.
    """
    chosen, opposite = pairing
    sign = jnp.where(drawn.c < 0, -1.0, 1.0)
    return Heads(opposite * sign[chosen], drawn.U[chosen], drawn.W[chosen])


def hidden(params: Heads, X: Inputs) -> Float[Array, "total samples"]:
    """tanh(U . a(X; W)) of each head."""

    def one(U: Array, W: Array, x: Array) -> Array:
        return jnp.tanh(U @ attention_head(x, W, x[-1]))

    return jax.vmap(jax.vmap(one, (None, None, 0)), (0, 0, None))(params.U, params.W, X)


def outputs(networks: Ladder, params: Heads, X: Inputs) -> Float[Array, "widths samples"]:
    """The networks on each input."""
    return jnp.asarray(networks.member) @ (params.c[:, None] * hidden(params, X))


def largest_ways(networks: Ladder, last: Heads, start: Heads) -> Float[Array, " widths"]:
    """sqrt(m) times the longest way of a block, c, U or W of a head."""
    ways = [jnp.sqrt(jnp.sum(x.reshape(len(x), -1) ** 2, 1)) for x in minus(last, start)]
    return jnp.max(networks.member * networks.width * jnp.stack(ways)[:, None], axis=(0, 2))


def descend_all(
    networks: Ladder,
    start: Heads,
    X: Inputs,
    y: Float[Array, " samples"],
    step_size: ScalarLike,
    radii: Float[Array, " total"],
    *,
    steps: int,
) -> tuple[Heads, Float[Array, "steps widths"]]:
    """Projected gradient descent of all networks, as in ``projected.descend``, and their losses.

    c, U, W of a head stay within its radius of where they began.
    """

    def losses(params: Heads) -> tuple[Array, Array]:
        each = jnp.mean((outputs(networks, params, X) - y) ** 2, axis=1)
        return each.sum(), each

    def step(params: Heads, _: None) -> tuple[Heads, Array]:
        gradient, each = jax.grad(losses, has_aux=True)(params)
        moves = [p - step_size * g - z for p, g, z in zip(params, gradient, start, strict=True)]
        limits = [radii.reshape(-1, *(1,) * (x.ndim - 1)) for x in moves]
        kept = [clipped(x, r) for x, r in zip(moves, limits, strict=True)]
        return Heads(*(z + x for z, x in zip(start, kept, strict=True))), each

    return jax.lax.scan(step, start, None, length=steps)
