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


def path_end(
    step: Step, watch: Watch, states: States, keys: UInt32[Array, "seeds 2"], steps: int
) -> Float[Array, "seeds q"]:
    """The statistics after so many steps, or where they left the ball of radius ``BOUND``."""

    def one(key: jax.Array) -> jax.Array:
        def move(now: States, key: jax.Array) -> tuple[States, None]:
            after = step(key, now)
            inside = jnp.all(jnp.abs(flat(watch(now))) <= BOUND)
            return jax.tree.map(partial(jnp.where, inside), after, now), None

        last, _ = jax.lax.scan(move, states, jax.random.split(key, steps))
        return flat(watch(last))

    return jax.vmap(one)(keys)
