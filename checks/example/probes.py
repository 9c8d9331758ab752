"""What each assumption is for: its consequence holds on its domain, and fails outside."""

from itertools import product

import numpy as np
from hypothesis import strategies as st

import verilimit as vl


def norm_is_kept(x: np.ndarray, scale: float, equal: bool) -> None:
    """E |W x|^2 / 2 = |x|^2, over all 2x2 matrices of signs; ``equal`` ones are not independent."""
    draws = [np.reshape(signs, (2, 2)) for signs in product([-scale, scale], repeat=4)]
    chosen = [W for W in draws if not equal or len(set(W.ravel())) == 1]
    mean = np.mean([np.sum((W @ x) ** 2) / 2 for W in chosen])
    off = abs(mean - np.sum(x**2))
    vl.require(off <= 1e-12, f"the mean of the squared norm is off by {off:.3g}")


vector = vl.strategies.vectors(2)
domain = {"x": vector, "scale": st.just(1.0), "equal": st.just(False)}
probes = (
    vl.Probe(
        "variance",
        "With entries of variance one the squared norm is kept on average.",
        domain,
        norm_is_kept,
        outside=(vl.Outside("Entries of variance 9/4.", {"scale": st.just(1.5)}),),
    ),
    vl.Probe(
        "independence",
        "With independent entries the squared norm is kept on average.",
        domain,
        norm_is_kept,
        outside=(vl.Outside("Entries that are all equal.", {"equal": st.just(True)}),),
    ),
)
