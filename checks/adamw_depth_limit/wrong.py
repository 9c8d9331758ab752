"""Wrong networks of random heads: what the claims about depth must refute."""

import numpy as np

from numerics.adamw_depth_limit.token_problems import Keys, Weights, random_weights


def tied(keys: Keys, depth: int, heads: int) -> Weights:
    """The heads of all layers are those of the first."""
    return np.repeat(random_weights(keys, 1, heads) / depth, depth, axis=1)
