"""Results are kept for the keys and arguments that they belong to, and the oldest is dropped."""

import jax.numpy as jnp
import numpy as np

from numerics.engine.remembered import remembered


def keys(first: int) -> np.ndarray:
    return np.array([[first, 0], [first, 1]], dtype=np.uint32)


def test_the_same_keys_and_arguments_are_computed_once_and_the_oldest_is_forgotten() -> None:
    calls = []

    @remembered(2)
    def total(seeds, factor):
        calls.append((int(seeds[0, 0]), factor))
        return factor * jnp.sum(seeds)

    assert total(keys(1), 2) == total(keys(1), 2) == 6
    assert total(keys(1), 3) == 9
    assert calls == [(1, 2), (1, 3)]
    total(keys(1), 2)  # used last, so (1, 3) is the oldest now
    total(keys(5), 2)
    total(keys(1), 2)
    assert calls == [(1, 2), (1, 3), (5, 2)]
    total(keys(1), 3)
    assert calls[-1] == (1, 3)
