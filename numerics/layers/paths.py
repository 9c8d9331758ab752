"""One step of many layers, and paths over many steps, stopped where a statistic grows large.

The layer is a function ``step(key, states) -> states`` of dicts, ``watch(states)`` gives its
statistics. A path is stopped as soon as the size of a statistic exceeds ``BOUND``: convergence is
local.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

BOUND = 10.0

States = dict[str, Any]
Step = Callable[[jax.Array, States], States]
Watch = Callable[[States], dict[str, Any]]
Start = Callable[[jax.Array, States], States]


def flat(statistics: dict[str, Any]) -> Float[Array, " q"]:
    """All entries of all statistics, in the order of the dict."""
    return jnp.concatenate([jnp.ravel(jnp.asarray(v, float)) for v in statistics.values()])


def increments(
    step: Step, watch: Watch, states: States, keys: UInt32[Array, "seeds 2"], batch: int
) -> Float[Array, "seeds batch q"]:
    """``s(x') - s(x)`` for ``batch`` independent steps a seed from one state."""
    before = flat(watch(states))

    def one(key: jax.Array) -> jax.Array:
        return flat(watch(step(key, states))) - before

    return jax.vmap(lambda key: jax.vmap(one)(jax.random.split(key, batch)))(keys)


def batches(keys: UInt32[Array, "seeds 2"], batch: int) -> UInt32[Array, "rows 2"]:
    """Keys of so many layers a seed, one after the other."""
    return jax.vmap(lambda key: jax.random.split(key, batch))(keys).reshape(-1, 2)


def path(
    step: Step, watch: Watch, states: States, keys: UInt32[Array, "seeds 2"], steps: int
) -> Float[Array, "seeds steps q"]:
    """The statistics after each of so many steps, stopped where they leave the ball."""
    move = _stopped(step, watch)

    def one(key: jax.Array) -> jax.Array:
        def seen(now: States, key: jax.Array) -> tuple[States, jax.Array]:
            after, _ = move(now, key)
            return after, flat(watch(after))

        return jax.lax.scan(seen, states, jax.random.split(key, steps))[1]

    return jax.vmap(one)(keys)


def path_end(
    step: Step, watch: Watch, states: States, keys: UInt32[Array, "seeds 2"], steps: int
) -> Float[Array, "seeds q"]:
    """The statistics after so many steps, or where they left the ball of radius ``BOUND``."""
    move = _stopped(step, watch)

    def one(key: jax.Array) -> jax.Array:
        last, _ = jax.lax.scan(move, states, jax.random.split(key, steps))
        return flat(watch(last))

    return jax.vmap(one)(keys)


def _stopped(step: Step, watch: Watch) -> Callable[[States, jax.Array], tuple[States, None]]:
    """One step, or none from outside the ball."""

    def move(now: States, key: jax.Array) -> tuple[States, None]:
        after = step(key, now)
        inside = jnp.all(jnp.abs(flat(watch(now))) <= BOUND)
        return jax.tree.map(partial(jnp.where, inside), after, now), None

    return move


def as_given(key: jax.Array, states: States) -> States:
    """Every path starts at the states themselves."""
    return states


def path_peak(
    step: Step,
    watch: Watch,
    states: States,
    keys: UInt32[Array, "seeds 2"],
    steps: int,
    start: Start = as_given,
) -> Float[Array, " seeds"]:
    """The largest share of one coordinate in the square of a state's row, along stopped paths.

    ``start`` draws where a path starts from the states.
    """

    states, stopped = {k: jnp.asarray(x) for k, x in states.items()}, _stopped(step, watch)

    def share(now: States) -> jax.Array:
        rows = [x**2 for x in now.values()]
        return jnp.stack([(x.max(axis=-1) / x.sum(axis=-1)).max() for x in rows]).max()

    def one(key: jax.Array) -> jax.Array:
        def move(carry: tuple, key: jax.Array) -> tuple[tuple, None]:
            now, peak = carry
            new, _ = stopped(now, key)
            return (new, jnp.maximum(peak, share(new))), None

        first, *rest = jax.random.split(key, steps + 1)
        drawn = start(first, states)
        (_, peak), _ = jax.lax.scan(move, (drawn, share(drawn)), jnp.stack(rest))
        return peak

    return jax.vmap(one)(keys)
