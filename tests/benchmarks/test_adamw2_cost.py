"""What AdamW^2 costs beside ``optax.adamw``, as ratios; ``make bench`` prints them."""

import time
from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

from numerics.spectral_concentration import adamw2

pytestmark = pytest.mark.benchmark_suite


def least_seconds(methods: list[optax.GradientTransformation], params: Any) -> list[float]:
    """Of one compiled update each: the least of many, in turns, since machines are shared."""
    updates = [jax.jit(method.update) for method in methods]
    states = [method.init(params) for method in methods]
    taken = [[] for _ in methods]
    for _ in range(60):
        for update, state, times in zip(updates, states, taken, strict=True):
            start = time.perf_counter()
            jax.block_until_ready(update(params, state, params))
            times.append(time.perf_counter() - start)
    return [min(times) for times in taken]


@pytest.mark.parametrize("width", [256, 1024])
def test_an_update_of_square_matrices(width: int) -> None:
    params = {"stack": jnp.ones((4, width, width), jnp.float32)}
    rounds = (1, 3)
    capped = [adamw2(1e-3, 0.01, power_iterations=k) for k in rounds]
    plain, *others = least_seconds([optax.adamw(1e-3), *capped], params)
    for k, seconds in zip(rounds, others, strict=True):
        print(f"\nadamw2 / adamw, width {width}, {k} rounds: {seconds / plain:.2g}")
