"""The scalar-token model: two tokens in R, attention only, tied particles V = W = y in R.

Its PDE ``d_tau rho = d_y (rho G)`` is solved by finite volumes in y at every depth, with the
derived drift of a law given as points with weights in every layer. The particles beside it are the
network itself, its softmax written out, and follow the gradient of its risk by JAX.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, ScalarLike

from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.engine.streams import stream
from numerics.generated.mean_field_flow import (
    tied_adjoint_velocity,
    tied_gradient,
    tied_velocity,
)
from numerics.mean_field_flow.finite_volume import quantiles, upwind_rate

EDGE = 4.0  # the density lives in [-EDGE, EDGE]
CENTRE, HALF_WIDTH = 0.5, 1.5  # of the initial density


class Pairs(NamedTuple):
    """Two tokens (n, 2) with labels (n,); the answer is the second token at depth 1."""

    tokens: Float[Array, "n 2"]
    labels: Float[Array, " n"]


def random_pairs(key: Array, n: int = 4) -> Pairs:
    """Tokens uniform in [-1, 1], labels uniform in [-1, 1]."""
    random = stream(key)
    return Pairs(
        jax.device_put(random.uniform(-1.0, 1.0, (n, 2))),
        jax.device_put(random.uniform(-1.0, 1.0, n)),
    )


def drift(
    points: Float[Array, "L N"],
    weights: Float[Array, "L N"],
    at: Float[Array, "L M"],
    data: Pairs,
    decay: ScalarLike,
) -> Float[Array, "L M"]:
    """G at the points ``at``, for the law with these points and weights in every layer."""
    depth = len(points)

    def one(tokens: Float[Array, " 2"], label: Float[Array, ""]) -> Float[Array, "L M"]:
        def up(u: Array, law: tuple[Array, Array]) -> tuple[Array, Array]:
            y, w = law
            moved = jnp.stack(jax.vmap(lambda z: tied_velocity(u[0], u[1], z))(y))
            return u + moved @ w / depth, u

        def down(p: Array, law: tuple) -> tuple[Array, Array]:
            u, y, w, here = law
            found = jax.vmap(lambda z: tied_gradient(u[0], u[1], p[0], p[1], z))(here)
            back = jax.vmap(lambda z: tied_adjoint_velocity(u[0], u[1], p[0], p[1], z))(y)
            return p - jnp.stack(back) @ w / depth, found

        last, states = jax.lax.scan(up, tokens, (points, weights))
        costate = jnp.array([0.0, 1.0]) * (last[1] - label)
        return jax.lax.scan(down, costate, (states, points, weights, at), reverse=True)[1]

    return jax.vmap(one)(data.tokens, data.labels).mean(axis=0) + decay * at


Drift = Callable[[Array, Array, Array, Pairs, ScalarLike], Array]


def penalised_risk(points: Float[Array, "L N"], data: Pairs, decay: ScalarLike) -> Float[Array, ""]:
    """Q of the network with these particles: attention of two tokens, as anyone would write it."""
    depth = len(points)

    def output(tokens: Float[Array, " 2"]) -> Float[Array, ""]:
        def layer(u: Array, y: Array) -> tuple[Array, None]:
            shares = jax.nn.softmax(y[:, None, None] * u[:, None] * u, axis=2)  # query, key
            return u + (y[:, None] * (shares @ u)).mean(0) / (2 * depth), None

        return jax.lax.scan(layer, tokens, points)[0][1]

    residual = jax.vmap(output)(data.tokens) - data.labels
    return jnp.asarray(jnp.mean(residual**2) / 2 + decay / 2 * jnp.mean(points**2))


def initial_distribution(y: Float[Array, "..."]) -> Float[Array, "..."]:
    """Distribution function of the density (1 + cos(pi s)) / 2, s = (y - CENTRE) / HALF_WIDTH."""
    s = jnp.clip((y - CENTRE) / HALF_WIDTH, -1.0, 1.0)
    return (1 + s + jnp.sin(jnp.pi * s) / jnp.pi) / 2


def flow_particles(
    data: Pairs, *, depth: int, count: int, decay: ScalarLike, time: ScalarLike, steps: int
) -> Float[Array, "L N"]:
    """Particles from the midpoint quantiles of the initial law, after ``time`` (Heun).

    Each moves by L N times the gradient of the network's penalised risk.
    """
    fine = jnp.linspace(CENTRE - HALF_WIDTH, CENTRE + HALF_WIDTH, 20001)
    start = jnp.interp((jnp.arange(count) + 0.5) / count, initial_distribution(fine), fine)
    points = jnp.broadcast_to(start, (depth, count))
    slope = jax.grad(penalised_risk)
    step = time / steps

    def half(carry: tuple[Array, Array, Array], predict: Array) -> tuple[tuple, None]:
        base, held, point = carry
        G = depth * count * slope(point, data, decay)
        ahead = base - step * jnp.where(predict, G, (G + held) / 2)
        return (jnp.where(predict, base, ahead), G, ahead), None

    # Heun's method as one loop over half-steps, so that the gradient is compiled once.
    predicts = jnp.tile(jnp.array([True, False]), steps)
    return jax.lax.scan(half, (points, points, points), predicts)[0][0]


def flow_density(
    data: Pairs,
    *,
    depth: int,
    cells: ScalarLike,
    most: int,
    decay: ScalarLike,
    time: ScalarLike,
    steps: ScalarLike,
    drift: Drift = drift,
) -> tuple[Float[Array, "L most"], Float[Array, " edges"]]:
    """Mass in the cells of [-EDGE, EDGE] after ``time``, and the edges of the cells.

    Upwind in y, Euler in time: of first order in the cells when the number of steps grows with
    it. Room for ``most`` cells is compiled, so that one program serves several resolutions; the
    first ``cells`` of them fill [-EDGE, EDGE], the others have no width and stay empty.
    """
    width = jnp.asarray(2 * EDGE / cells)
    edges = jnp.minimum(width * jnp.arange(most + 1) - EDGE, EDGE)
    centres = jnp.broadcast_to((edges[1:] + edges[:-1]) / 2, (depth, most))
    faces = jnp.broadcast_to(edges[1:-1], (depth, most - 1))
    inside = jnp.arange(1, most) < cells
    start = jnp.broadcast_to(jnp.diff(initial_distribution(edges)), (depth, most))
    step = time / steps

    def euler(_: Array, mass: Array) -> Array:
        velocity = -drift(centres, mass, faces, data, decay)
        return mass + step * upwind_rate(mass, jnp.where(inside, velocity, 0.0), width)

    return jax.lax.fori_loop(0, steps, euler, start), edges


FLOW: dict[str, Any] = {"depth": 3, "time": 3.0}
DECAY, LEVELS, COARSEST = 0.1, 200, 16  # weight decay, quantiles compared, fewest cells


@partial(quick_jit, level=0)
def _flowed_particles(pairs: Pairs) -> Float[Array, "seeds L N"]:
    def one(data: Pairs) -> Array:
        return flow_particles(data, count=LEVELS, decay=DECAY, steps=16, **FLOW)

    return jax.vmap(one)(pairs)


@partial(quick_jit, static_argnums=(2, 3), level=0)
def _density_quantiles(
    pairs: Pairs, cells: ScalarLike, most: int, drift: Drift
) -> Float[Array, "seeds L N"]:
    levels = (jnp.arange(LEVELS) + 0.5) / LEVELS

    def one(data: Pairs) -> Array:
        mass, edges = flow_density(
            data, cells=cells, most=most, decay=DECAY, steps=cells, drift=drift, **FLOW
        )
        return jax.vmap(lambda m: quantiles(m, edges, levels))(mass)

    return jax.vmap(one)(pairs)


def densities(point: Size, keys: Keys, *, drift: Drift = drift) -> Table:
    """Wasserstein-1 distances of densities from particles, on N cells, N/2, ..., COARSEST."""
    drawn = [random_pairs(key) for key in np.asarray(keys)]
    pairs = jax.tree.map(lambda *x: jax.device_put(np.stack(x)), *drawn)
    particles, most = np.asarray(_flowed_particles(pairs)), point["N"]
    table, cells = {}, most
    while cells >= COARSEST:
        found = np.asarray(_density_quantiles(pairs, cells, most, drift))
        table[f"distance/{cells}"] = np.abs(found - particles).mean((1, 2))
        cells //= 2
    return table
