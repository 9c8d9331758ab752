"""Generated functions beside what one would write by hand: the same numbers, then the times."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from checks.bench.kinds import Growth, Ratio
from checks.bench.programs import Program

BATCH = 256
Shapes = Callable[[int], Sequence[tuple[int, ...]]]


def arguments(shapes: Sequence[tuple[int, ...]], batch: int = BATCH) -> tuple[jax.Array, ...]:
    """Standard normal arrays of some shapes, over the root of their last length, many times."""
    keys = jax.random.split(jax.random.key(0), len(shapes))
    return tuple(
        jax.random.normal(key, (batch, *shape)) / max(shape[-1:] or (1,)) ** 0.5
        for key, shape in zip(keys, shapes, strict=True)
    )


def by_hand(
    name: str, ours: Callable[..., Any], theirs: Callable[..., Any], shapes: Shapes, rival: str
) -> tuple[Ratio, ...]:
    """The run time of a generated function over that of a rival, at 4, 16 and 64 tokens."""

    def program(function: Callable[..., Any], m: int) -> Callable[[], Program]:
        return lambda: _checked(ours, theirs, function, arguments(shapes(m)))

    return tuple(
        Ratio(f"{name}, {m} tokens: generated / {rival}", program(ours, m), program(theirs, m),
              "at most 1.05")
        for m in (4, 16, 64)
    )  # fmt: skip


def in_tokens(name: str, function: Callable[..., Any], shapes: Shapes, theory: float) -> Growth:
    """The growth of a generated function's time in tokens, 32 to 256, sixteen at once."""
    return Growth(
        f"{name}: exponent in tokens", (32, 64, 128, 256),
        lambda m: Program(jax.vmap(function), arguments(shapes(m), 16)), theory,
    )  # fmt: skip


def _checked(ours: Any, theirs: Any, function: Any, given: tuple[jax.Array, ...]) -> Program:
    """The function over all instances, once both were seen to agree on the first."""
    first = [array[0] for array in given]
    for found, expected in zip(*map(jax.tree.leaves, (ours(*first), theirs(*first))), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)
    return Program(jax.vmap(function), tuple(map(jnp.asarray, given)))
