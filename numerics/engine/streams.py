"""NumPy's generators from JAX's keys, for what is not worth compiling a generator."""

from typing import Any

import jax
import numpy as np


def stream(key: Any, use: int = 0) -> np.random.Generator:
    """The generator of a key, raw (uint32, shape (2,)) or typed; each ``use`` is independent."""
    typed = jax.numpy.issubdtype(getattr(key, "dtype", np.uint32), jax.dtypes.prng_key)
    words = np.asarray(jax.random.key_data(key) if typed else key)
    return np.random.default_rng([*words.tolist(), use])
