"""Wrong limits of the mean-field flow: what the claims of the room must refute."""

from typing import Any

import numpy as np
from jaxtyping import Array

from numerics.generated.mean_field_flow import depth_defect
from numerics.mean_field_flow import draw_weights
from numerics.mean_field_flow.scalar_tokens import drift


def tied(key: Array, depth: int, width: int, atoms: int) -> np.ndarray:
    """All layers have the particles of the first."""
    return np.repeat(np.asarray(draw_weights(key, depth, width, atoms))[:1], depth, axis=0)


# Local defects in depth
def simultaneous(h_along_f: Array, g_along_g: Array, change: Array) -> Array:
    """Attention and feed-forward of a layer see the same state."""
    return depth_defect(0 * h_along_f, g_along_g, change)


def unchanging(h_along_f: Array, g_along_g: Array, change: Array) -> Array:
    """The law does not change with depth."""
    return depth_defect(h_along_f, g_along_g, 0 * change)


# Drifts of the density
def no_decay(points: Array, weights: Array, at: Array, data: Any, decay: Any) -> Array:
    """Weight decay forgotten."""
    return drift(points, weights, at, data, 0 * decay)


def half(points: Array, weights: Array, at: Array, data: Any, decay: Any) -> Array:
    """The gradient of the risk halved."""
    return drift(points, weights, at, data, 2 * decay) / 2


def ascent(points: Array, weights: Array, at: Array, data: Any, decay: Any) -> Array:
    """The risk is climbed."""
    return -drift(points, weights, at, data, -decay)


# Weight decays
def growing_decay(n: int) -> float:
    """A decay that grows with N where it should fall."""
    return n / 3000
