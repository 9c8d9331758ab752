"""Training deep, wide transformers by gradient flow: finite networks and their exact limits.

``train`` runs a network of any depth and width, or its infinite width: for an atomic initial law
the law of the particles stays atomic, so the limit is a network that holds every atom once per
layer, weighted by its probability. In depth the limit is had by Richardson extrapolation, and the
leading error in 1/L from the derived ``depth_defect``. The PDE itself is solved for scalar tokens,
by finite volumes beside particles, in ``numerics.mean_field_flow.scalar_tokens``.
"""

from collections.abc import Callable
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, ScalarLike

from numerics.engine.quick import quick_jit
from numerics.engine.streams import stream
from numerics.generated import mean_field_flow as formulas
from numerics.mean_field_flow.particles import (
    HUBER,
    Blocks,
    Data,
    Measured,
    Particles,
    descend,
    layer_average,
)

Key = Array | np.ndarray  # typed, or raw: uint32, shape (2,)
Values = TypeVar("Values", Array, np.ndarray)
PARTICLES, WEIGHTS = 1, 2  # what a key is used for


class Atoms(NamedTuple):
    """An initial law with finitely many atoms of equal probability, the same at every depth."""

    particles: Particles  # leading axis: atoms


class Ball(NamedTuple):
    """The uniform law on the ball of particles with norm at most ``radius``."""

    radius: float = 4.0
    hidden: int = 2


class Training(NamedTuple):
    """A trained network and its course: ``measured`` has one entry a time in ``times``."""

    times: Float[Array, " time"]
    measured: Measured
    start: Particles
    end: Particles
    weights: Float[Array, "L K"]


def ball(key: Key, count: int, rows: int, law: Ball = Ball()) -> Particles:  # noqa: B008
    """Particles drawn uniformly from a ball: leading axis ``count``, ``rows`` rows of the state."""
    shapes = ((rows, rows), (rows, rows), (law.hidden, rows), (rows, law.hidden))
    sizes = [a * b for a, b in shapes]
    random = stream(key, PARTICLES)
    x, u = random.normal(size=(count, sum(sizes))), random.uniform(size=(count, 1))
    x = law.radius * x / np.linalg.norm(x, axis=1, keepdims=True) * u ** (1 / sum(sizes))
    parts = np.split(x, list(accumulate(sizes))[:-1], axis=1)
    return Particles(
        *(jax.device_put(p.reshape(count, *s)) for p, s in zip(parts, shapes, strict=True))
    )


def atomic_law(key: Key, count: int, rows: int, radius: float = 4.0) -> Atoms:
    """``count`` atoms drawn from a ball."""
    return Atoms(ball(key, count, rows, Ball(radius)))


def draw_weights(key: Key, depth: int, width: int, atoms: int) -> Float[Array, "L K"]:
    """How often each atom is drawn for the ``width`` particles of each layer, over the width."""
    chances = np.full(atoms, 1.0 / atoms)
    return jax.device_put(stream(key, WEIGHTS).multinomial(width, chances, depth) / width)


def half_steps(depth: int, longest: int | None = None) -> Float[Array, " L"]:
    """Steps 1/(2L) of the half-layers, padded with layers that are not there."""
    layers = depth if longest is None else longest
    return jax.device_put(np.where(np.arange(layers) < depth, 0.5 / depth, 0.0))


def at_every_layer(law: Atoms, depth: int) -> Particles:
    """All atoms in each of ``depth`` layers."""
    return jax.tree.map(lambda x: jnp.broadcast_to(x, (depth, *x.shape)), law.particles)


def _ensemble(
    particles: Particles,
    weights: Float[Array, "seeds L K"],
    eta: Float[Array, " L"],
    data: tuple[Array, Array],
    decay: Float[Array, " seeds"],
    course: tuple[ScalarLike, ScalarLike],
    row: int,
    steps: int,
    blocks: Blocks,
) -> tuple[Particles, Measured]:
    step, taken = course

    def run(start: Particles, w: Array, decay: Array) -> tuple[Particles, Measured]:
        return descend(start, w, eta, Data(*data, row), decay, step, steps, blocks, taken)

    return jax.vmap(run)(particles, weights, decay)


_compiled = tuple(quick_jit(_ensemble, static_argnums=(6, 7, 8), level=k) for k in range(2))


def ensemble(
    particles: Particles,
    weights: Float[Array, "seeds L K"],
    eta: Float[Array, " L"],
    data: Data,
    *,
    decay: ScalarLike | Float[np.ndarray, " seeds"],
    step: ScalarLike,
    steps: int,
    blocks: Blocks = HUBER,
    room: int = 0,
    level: int = 1,
) -> tuple[Particles, Measured]:
    """Train many networks at once; particles, weights and results have a leading axis of seeds.

    Compiled once for each shape, whatever the widths, the depths up to L, the decays (one for all
    or one each), the step, and the number of steps up to ``room``; measurements after the last
    step are zero. ``level`` 0 compiles faster, for few short runs (``quick_jit``).
    """
    decays = jax.device_put(np.broadcast_to(np.asarray(decay, weights.dtype), weights.shape[:1]))
    pair, room = (data.inputs, data.labels), max(room, steps)
    run = _compiled[level]
    return run(particles, weights, eta, pair, decays, (step, steps), data.row, room, blocks)


def train(
    key: Key,
    data: Data,
    *,
    depth: int,
    width: int | None,
    decay: float,
    time: float,
    step: float,
    initial_law: Atoms | Ball,
    blocks: Blocks = HUBER,
) -> Training:
    """Gradient flow of one network; ``width=None`` is the infinite width of an atomic law.

    ``key`` draws the initial particles, independently in every layer. ``time`` is training time
    scaled by depth times width, ``step`` that of Heun's method; the nearest whole number of steps
    is taken. Raises ValueError for sizes, times or laws that make no sense.
    """
    _check(data, depth=depth, width=width, decay=decay, time=time, step=step, law=initial_law)
    steps = max(1, round(time / step))
    if isinstance(initial_law, Atoms):
        start = at_every_layer(initial_law, depth)
        atoms = len(initial_law.particles.V)
        uniform = jnp.full((depth, atoms), 1.0 / atoms)
        weights = uniform if width is None else draw_weights(key, depth, width, atoms)
    else:
        width = width or 1
        rows = data.inputs.shape[1]
        drawn = ball(key, depth * width, rows, initial_law)
        start = jax.tree.map(lambda x: x.reshape(depth, width, *x.shape[1:]), drawn)
        weights = jnp.full((depth, width), 1.0 / width)
    end, measured = ensemble(
        jax.tree.map(lambda x: x[None], start), weights[None], half_steps(depth), data,
        decay=decay, step=time / steps, steps=steps, blocks=blocks,
    )  # fmt: skip
    end, measured = jax.tree.map(lambda x: x[0], (end, measured))
    return Training(jnp.linspace(0.0, time, steps + 1), measured, start, end, weights)


def _check(
    data: Data,
    *,
    depth: int,
    width: int | None,
    decay: float,
    time: float,
    step: float,
    law: Atoms | Ball,
) -> None:
    if depth < 1 or (width is not None and width < 1):
        raise ValueError(f"expected depth and width of at least 1, received {depth} and {width}")
    if width is None and isinstance(law, Ball):
        raise ValueError(
            "expected an atomic initial law for width=None, received a ball; its infinite width "
            "is no finite network: pass atomic_law(key, count, rows) or a finite width"
        )
    if decay < 0 or time < 0 or not step > 0:
        raise ValueError(
            f"expected decay >= 0, time >= 0 and step > 0, received {decay}, {time} and {step}"
        )
    if data.inputs.shape[0] != data.labels.shape[0]:
        raise ValueError(
            f"expected one label a sequence, received {data.inputs.shape[0]} sequences and "
            f"{data.labels.shape[0]} labels"
        )
    if isinstance(law, Atoms) and law.particles.V.shape[-1] != data.inputs.shape[1]:
        raise ValueError(
            f"expected atoms for states with {data.inputs.shape[1]} rows, received "
            f"{law.particles.V.shape[-1]}; draw them with rows={data.inputs.shape[1]}"
        )


def richardson(coarse: Values, fine: Values) -> Values:
    """The limit in depth from depths L and 2L, the error in 1/L removed."""
    return 2 * fine - coarse


def particle_distance(
    ends: Particles, limit: Particles, weights: Float[Array, "L K"], eta: Float[Array, " L"]
) -> Float[Array, ""]:
    """Root mean square distance of the particles of a network from their limits."""
    squares = sum(jnp.sum((x - y) ** 2, axis=(-2, -1)) for x, y in zip(ends, limit, strict=True))
    return jnp.sqrt(2 * eta @ jnp.sum(weights * squares, axis=1))


def runge_kutta(velocity: Callable[[Any], Any], start: Any, points: int) -> Any:
    """The state of ``x' = velocity(x)`` at time 1, by the classical method with equal steps.

    One loop over all stages, so that the velocity is compiled once.
    """
    reach, share = jnp.array([0.5, 0.5, 1.0, 0.0]), jnp.array([1.0, 2.0, 2.0, 1.0]) / 6

    def stage(carry: tuple[Any, Any, Any], k: Array) -> tuple[tuple[Any, Any, Any], None]:
        base, point, moved = carry
        v = velocity(point)
        moved = jax.tree.map(lambda x, v: x + share[k] / points * v, moved, v)
        ahead = jax.tree.map(lambda x, v: x + reach[k] / points * v, base, v)
        base, point = jax.tree.map(
            lambda new, old: jnp.where(k == 3, new, old), (moved, moved), (base, ahead)
        )
        return (base, point, moved), None

    stages = jnp.tile(jnp.arange(4), points)
    return jax.lax.scan(stage, (start, start, start), stages)[0][0]


Defect = Callable[[Array, Array, Array], Array]


@partial(jax.jit, static_argnames=("row", "points", "defect"))
def depth_limit(
    law: Atoms,
    inputs: Float[Array, "n D T"],
    *,
    row: int,
    points: int = 128,
    motion: Particles | None = None,
    defect: Defect = formulas.depth_defect,
) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Untrained outputs at infinite depth and width, and the coefficient of their error in 1/L.

    With ``motion`` the law changes with depth: atoms move by as much from depth 0 to 1.

    The error e solves de/dt = dg e + defect, e(0) = 0; both by the classical Runge-Kutta method.
    ``defect`` is the local one, of the derivatives of h along f and of g along g, and of the
    change of g with depth.
    """
    chances = jnp.full(len(law.particles.V), 1.0 / len(law.particles.V))

    def at(t: ScalarLike) -> Particles:
        if motion is None:
            return law.particles
        return jax.tree.map(lambda x, v: x + t * v, law.particles, motion)

    def velocity(now: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        Z, error, t = now
        V, W, W1, W2 = at(t)
        f = layer_average(formulas.attention, chances, V, W)
        h = layer_average(formulas.feedforward, chances, W1, W2)
        g = layer_average(formulas.block_velocity, chances, V, W, W1, W2)
        along: Callable[..., Array] = lambda block, v: jax.jvp(block, (Z,), (v,))[1]  # noqa: E731
        change = jnp.zeros_like(Z)
        if motion is not None:
            later = lambda t: layer_average(formulas.block_velocity, chances, *at(t))(Z)  # noqa: E731
            change = jax.jvp(later, (t,), (jnp.ones_like(t),))[1]
        arising = defect(along(h, f(Z)), along(g, g(Z)), change)
        return g(Z), along(g, error) + arising, jnp.ones_like(t)

    def one(H: Float[Array, "D T"]) -> tuple[Array, Array]:
        Z, error, _ = runge_kutta(velocity, (H, jnp.zeros_like(H), jnp.zeros(())), points)
        return Z[row, -1], error[row, -1]

    return jax.vmap(one)(inputs)
