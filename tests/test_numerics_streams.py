"""The same key gives the same numbers, raw or typed; another use gives independent ones."""

import jax
import numpy as np

from numerics.engine.streams import stream


def test_raw_and_typed_keys_agree_and_uses_differ() -> None:
    typed = jax.random.key(7)
    raw = np.asarray(jax.random.key_data(typed))
    first = stream(typed).normal(size=8)
    np.testing.assert_array_equal(first, stream(raw).normal(size=8))
    np.testing.assert_array_equal(first, stream(jax.random.key_data(typed)).normal(size=8))
    assert not np.any(first == stream(raw, 1).normal(size=8))
    assert not np.any(first == stream(jax.random.key(8)).normal(size=8))
