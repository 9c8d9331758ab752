"""What trained weights say about the heads of this room."""

from collections.abc import Iterator, Sequence

import numpy as np

from checks.properties.checkpoint import Head
from checks.properties.trained import Finding, Measured


def findings(heads: Sequence[Head], measured: Sequence[Measured]) -> Iterator[Finding]:
    """Any finite set of heads is compact: the radius is what there is to say."""
    largest = max(np.abs(w).max() for h in heads for w in (h.Wq, h.Wk, h.Wv))
    yield Finding(
        "compact-heads", True,
        f"all entries are at most {largest:.4g}: that is the radius of the support",
    )  # fmt: skip
