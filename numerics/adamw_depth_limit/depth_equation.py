"""The forward-backward ODE along AdamW's steps, and a network that is trained as anyone would.

Neither uses generated code or the networks of this room: attention is the usual softmax, slopes
are JAX's, AdamW is its five lines. So both are another side to compare with: a network of heads one
by one, its loss differentiated; and the limit itself, whose heads depend on the depth.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics.adamw_depth_limit import FRACTIONS, Data, Heads
from numerics.adamw_depth_limit.adamw_variants import Recipe
from numerics.adamw_depth_limit.head_noise import ADAMW, STEPS, Size, Values
from numerics.adamw_depth_limit.token_problems import (
    Pair,
    Problem,
    by_rows,
    draw_problems,
    extrapolated,
    full_weights,
    pair,
    pointwise,
    random_weights,
    simulate,
)
from numerics.engine.quick import quick_jit

NODES = 64  # steps of the ODE in depth, and half as many for Richardson's extrapolation
DEEPEST = 32  # layers of a network that is trained by differentiating its loss
DEPTH, HEADS = 8, 4  # of one with heads at random


def attended(X: Float[Array, "S N d"], heads: Heads, causal: Any) -> Float[Array, "M S N d"]:
    """Softmax attention of each head; token i sees tokens 0 .. i only where ``causal``."""
    mask = jnp.tri(X.shape[1], dtype=bool) | jnp.logical_not(causal)

    def one(Q: Array, K: Array, V: Array) -> Array:
        logits = jnp.einsum("sia,ca,cb,sjb->sij", X, Q, K, X) / jnp.sqrt(len(Q))
        shares = jax.nn.softmax(jnp.where(mask, logits, -jnp.inf), axis=-1)
        return shares @ X @ V.T

    return jax.vmap(one)(*heads)


def adamw(heads: Heads, memory: tuple, gradient: Heads, step: int) -> tuple[Heads, tuple]:
    """Loshchilov and Hutter's update, decoupled decay, moments corrected."""
    b1, b2 = 0.9, 0.999
    m, v = memory
    m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, gradient)
    v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g**2, v, gradient)

    def moved(w: Array, m: Array, v: Array) -> Array:
        direction = m / (1 - b1**step) / (jnp.sqrt(v / (1 - b2**step)) + ADAMW.eps)
        return w - ADAMW.learning_rate * (direction + ADAMW.decoupled * w)

    return jax.tree.map(moved, heads, m, v), (m, v)


def solve_equation(
    problem: Problem, lengths: Float[Array, " nodes"], at: Any, causal: Any
) -> tuple[Float[Array, "steps S fractions N d"], Float[Array, "steps S fractions N d"]]:
    """States and adjoints of the limit before and after AdamW's steps; Heun's method in depth.

    ``lengths`` are the steps in depth, zero for those that are not taken, ``at`` the nodes that are
    recorded.
    """
    data = problem.data
    heads = jax.tree.map(lambda w: jnp.broadcast_to(w, (len(lengths) + 1, *w.shape)), problem.atoms)
    memory, found = (jax.tree.map(jnp.zeros_like, heads),) * 2, []

    def flow(x: Array, here: Heads) -> Array:
        return attended(x, here, causal).mean(0)

    def ahead(x: Array, own: tuple[Array, Heads, Heads]) -> tuple[Array, Array]:
        h, here, there = own
        slope = flow(x, here)
        after = x + h / 2 * (slope + flow(x + h * slope, there))
        return after, after

    def pulled(x: Array, p: Array, here: Heads) -> Array:
        return jax.vjp(lambda x: flow(x, here), x)[1](p)[0]

    def back(p: Array, own: tuple) -> tuple[Array, Array]:
        h, x, here, y, there = own
        slope = pulled(y, p, there)
        before = p + h / 2 * (slope + pulled(x, p + h * slope, here))
        return before, before

    def gradient(x: Array, p: Array, here: Heads) -> Heads:
        def energy(here: Heads) -> Array:
            each = jnp.einsum("snd,msnd->s", p, attended(x, here, causal)) / x.shape[1]
            return each @ data.share

        return jax.grad(energy)(here)

    for step in range(STEPS + 1):
        low, high = (jax.tree.map(lambda w, s=s: w[s], heads) for s in (np.s_[:-1], np.s_[1:]))
        _, later = jax.lax.scan(ahead, data.inputs, (lengths, low, high))
        x = jnp.concatenate([data.inputs[None], later])
        last = x[-1] - data.targets
        parts = (lengths, x[:-1], low, x[1:], high)
        _, earlier = jax.lax.scan(back, last, parts, reverse=True)
        p = jnp.concatenate([earlier, last[None]])
        found.append((x[at], p[at]))
        heads, memory = adamw(heads, memory, jax.vmap(gradient)(x, p, heads), step + 1)
    x, p = (jnp.stack(part).swapaxes(1, 2) for part in zip(*found, strict=True))
    return x, p


@partial(quick_jit, level=0)
def _solved(problems: Problem, lengths: Array, at: Array, causal: Any) -> tuple[Array, Array]:
    return jax.vmap(lambda problem: solve_equation(problem, lengths, at, causal))(problems)


def equation(problems: Problem, causal: bool = False) -> Pair:
    """The limit of each problem, Heun's errors of second order extrapolated away."""

    def with_steps(count: int) -> Pair:
        lengths = jnp.asarray(np.where(np.arange(NODES) < count, 1 / count, 0.0))
        at = jnp.arange(FRACTIONS + 1) * count // FRACTIONS
        return Pair(
            *by_rows(lambda rows: _solved(rows, lengths, at, jnp.asarray(causal)), problems)
        )

    coarse, fine = with_steps(NODES // 2), with_steps(NODES)
    return Pair(*((4 * b - a) / 3 for a, b in zip(coarse, fine, strict=True)))


def attended_by_prefix(X: Float[Array, "S N d"], heads: Heads) -> Float[Array, "M S N d"]:
    """What a causal mask means, without a mask: token i is the last one of tokens 0 .. i."""
    prefixes = (X[:, : i + 1] for i in range(X.shape[1]))
    return jnp.stack([attended(some, heads, causal=False)[:, :, -1] for some in prefixes], axis=2)


def train_plainly(
    data: Data, heads: Heads, live: Float[Array, " L"], causal: bool
) -> Float[Array, "steps S N d"]:
    """Last states of a network whose loss is differentiated, before and after each step.

    ``heads`` has axes layer and head; ``live`` is one for the layers that are there. A causal
    network sees prefixes, not the mask of the equation that it is compared with.
    """
    look = attended_by_prefix if causal else partial(attended, causal=False)
    depth, count = live.sum(), heads.V.shape[1]

    def last(heads: Heads) -> Array:
        def layer(x: Array, own: tuple[Heads, Array]) -> tuple[Array, None]:
            those, there = own
            return x + there * look(x, those).mean(0) / depth, None

        return jax.lax.scan(layer, data.inputs, (heads, live))[0]

    def loss(heads: Heads) -> tuple[Array, Array]:
        found = last(heads)
        return ((found - data.targets) ** 2).sum(-1).mean(-1) @ data.share / 2, found

    memory, found = (jax.tree.map(jnp.zeros_like, heads),) * 2, []
    for step in range(STEPS + 1):
        slope, state = jax.grad(loss, has_aux=True)(heads)
        found.append(state)
        slope = jax.tree.map(lambda g: depth * count * g, slope)
        heads, memory = adamw(heads, memory, slope, step + 1)
    return jnp.stack(found)


@partial(quick_jit, static_argnames=("causal",), level=0)
def _trained(data: Data, heads: Heads, live: Array, *, causal: bool) -> Array:
    return jax.vmap(lambda data, heads: train_plainly(data, heads, live, causal))(data, heads)


def plain_networks(
    data: Data, heads: Heads, depth: int, causal: bool
) -> Float[np.ndarray, "rows steps S N d"]:
    """The same for many networks; layers from ``depth`` on are not there."""
    live = jnp.asarray(np.arange(DEEPEST) < depth, float)
    return by_rows(lambda *rows: _trained(*rows, live, causal=causal), data, heads)


def by_autodiff(size: Size, keys: Any, *, recipe: Recipe = ADAMW) -> Values:
    """Largest relative difference of the room's networks from ones trained by differentiation.

    States at the end of depth, after each step. ``recipe`` is what the room's networks are trained
    by; the others always see AdamW.
    """
    problems = draw_problems(keys)
    weights = random_weights(keys, DEPTH, HEADS)
    room = simulate(problems, weights, recipe, steps=STEPS, short=True).x[:, :, :, -1]
    counts = np.rint(weights * DEPTH * HEADS).astype(int)
    chosen = np.zeros((len(counts), DEEPEST, HEADS), int)  # which atom a head starts at
    chosen[:, :DEPTH] = [[np.repeat(np.arange(HEADS), layer) for layer in row] for row in counts]
    rows = np.arange(len(chosen))[:, None, None]
    heads = jax.tree.map(lambda w: w[rows, chosen], problems.atoms)
    plain = plain_networks(problems.data, heads, DEPTH, causal=False)
    return np.abs(room - plain).max((1, 2, 3, 4)) / np.abs(plain).max((1, 2, 3, 4))


def equation_gap(size: Size, keys: Any, *, recipe: Recipe = ADAMW, causal: bool = False) -> Values:
    """Distance of the extrapolated networks from the forward-backward ODE after training.

    Of states and adjoints, over what training has moved. ``recipe``: what the networks are trained
    by; ``causal``: the equation of masked attention in its place.
    """
    problems = draw_problems(keys)
    limit = extrapolated(
        lambda depth: pair(simulate(problems, full_weights(len(keys), depth), recipe, steps=STEPS))
    )
    found = equation(problems, causal)

    def size_of(x: np.ndarray, p: np.ndarray) -> Values:
        return np.hypot(pointwise(x, -1), pointwise(p, 0))

    gap = size_of(*((a - b)[:, -1] for a, b in zip(limit, found, strict=True)))
    return gap / size_of(*(part[:, -1] - part[:, 0] for part in found))


def causal_error(size: Size, keys: Any, *, causal: bool = True) -> Values:
    """Masked networks of depth L after training, from the ODE of masked attention (or plain)."""
    problems = draw_problems(keys)
    shape = (len(keys), DEEPEST)
    heads = jax.tree.map(
        lambda w: np.broadcast_to(w[:, None], (*shape, *w.shape[1:])), problems.atoms
    )
    found = plain_networks(problems.data, heads, size["L"], causal=True)[:, -1]
    gap = found - equation(problems, causal).x[:, -1, :, -1]
    return np.sqrt((gap**2).sum(-1).mean((-1, -2)))
