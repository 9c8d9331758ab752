"""What trained weights say about the start of this room."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from checks.properties.checkpoint import Head
from checks.properties.trained import Finding, Measured


def findings(heads: Sequence[Head], measured: Sequence[Measured]) -> Iterator[Finding]:
    """Support and Lipschitz constant in depth of the layers taken as a path of particles."""
    layers = sorted({h.layer for h in heads})
    stacked = {
        k: np.concatenate([np.vstack([h.Wq, h.Wk, h.Wv]).ravel() for h in heads if h.layer == k])
        for k in layers
    }
    radius = max(float(np.linalg.norm(theta)) for theta in stacked.values())
    steps = [float(np.linalg.norm(stacked[b] - stacked[a])) for a, b in pairwise(layers)]
    slope = len(layers) * max(steps, default=0.0)
    yield Finding(
        "bounded-start", True,
        f"layers have norms of at most {radius:.4g}; as a path in depth they have the Lipschitz "
        f"constant {slope:.4g}",
    )  # fmt: skip
