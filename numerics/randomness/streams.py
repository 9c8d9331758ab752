"""NumPy's generators from JAX's keys, for what is not worth compiling a generator."""

from typing import Any

import jax
import numpy as np


def stream(key: Any, use: int = 0) -> np.random.Generator:
    """The generator of a key, raw (uint32, shape (2,)) or typed; each ``use`` is independent."""
    return np.random.default_rng([*np.asarray(jax.random.key_data(key)).tolist(), use])
