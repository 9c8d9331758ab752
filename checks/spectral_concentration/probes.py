"""What entropy bounds and the capped step need, and what happens without it."""

import jax
import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from checks.properties import strategies as vs
from checks.properties.probe import Outside, Probe, require
from numerics.generated import spectral_concentration as generated

Real = float | int
Matrix = Float[np.ndarray, "_ _"]
Vector = Float[np.ndarray, " _"]
TAU = 0.125

attention = jax.jit(generated.attention)
bound = jax.jit(generated.entropy_lower_bound)


def columns_are_weights(axis: int, X: Matrix, Wq: Matrix, Wk: Matrix) -> None:
    """Each column of A sums to one; ``axis`` 1 is attention that normalises rows."""
    A = np.asarray(attention(X.T, Wq, Wk)) if axis == 0 else np.asarray(attention(X.T, Wk, Wq)).T
    off = np.abs(A.sum(axis=0) - 1).max()
    require(off <= 1e-12, f"a column sums to one only up to {off:.3g}")


def entropy_is_above_its_bound(u: Vector) -> None:
    """H(softmax(u)) >= B_T(norm of the centred logits)."""
    shifted = u - u.max()
    mass = np.exp(shifted)
    entropy = np.log(mass.sum()) - (mass * shifted).sum() / mass.sum()
    least = float(bound(len(u), np.linalg.norm(u - u.mean())))
    rounding = 1e-14 * (1 + np.abs(u).max())
    require(
        entropy >= least - rounding, f"the entropy {entropy:.6g} is below its bound {least:.6g}"
    )


def _norm(D: Matrix, rounds: int) -> float:
    """sigma_1, exactly (0 rounds) or by power iteration from the first axis."""
    if rounds == 0:
        return float(np.linalg.norm(D, 2))
    v = np.eye(D.shape[1])[0]
    for _ in range(rounds):
        w = D.T @ (D @ v)
        v = w / max(float(np.linalg.norm(w)), 1e-300)
    return float(np.linalg.norm(D @ v))


def singular_values_move_within_the_cap(W: Matrix, D: Matrix, decay: Real, rounds: int) -> None:
    """|sigma_i(W') - (1 - decay) sigma_i(W)| <= tau sigma_1(W) after a step with a capped rate."""
    before = np.linalg.svd(W, compute_uv=False)
    rate = min(1.0, TAU * before[0] / max(_norm(D, rounds), 1e-300))
    after = np.linalg.svd((1 - decay) * W - rate * D, compute_uv=False)
    moved = np.abs(after - (1 - decay) * before).max()
    allowed = TAU * before[0]
    require(moved <= allowed * (1 + 1e-9), f"a singular value moves by {moved:.4g} > {allowed:.4g}")


matrices = vs.weights(2, 2, scales=(1.0, 1e-3, 1e3))
probes = (
    Probe(
        "columns",
        "Columns of attention sum to one.",
        {"axis": st.just(0), "X": vs.tokens(), "Wq": matrices, "Wk": matrices},
        columns_are_weights,
        outside=(Outside("Attention that normalises rows.", {"axis": st.just(1)}),),
    ),
    Probe(
        "at-least-two-tokens",
        "The entropy of two to five logits is at least the bound, for every kind of logits.",
        {"u": st.integers(2, 5).flatmap(vs.logits)},
        entropy_is_above_its_bound,
        outside=(Outside("For one token the bound is not defined.", {"u": vs.logits(1)}),),
    ),
    Probe(
        "exact-norms",
        r"With exact norms no singular value moves by more than $\tau \sigma_1$ beyond the decay.",
        {"W": matrices, "D": matrices, "decay": vs.numbers(0, 1), "rounds": st.just(0)},
        singular_values_move_within_the_cap,
        outside=(
            Outside("One round of power iteration misses a direction.", {"rounds": st.just(1)}),
        ),
    ),
    Probe(
        "decay-at-most-one",
        "For decay in [0, 1] the singular values shrink by 1 - decay, up to the cap.",
        {"W": matrices, "D": matrices, "decay": vs.numbers(0, 1), "rounds": st.just(0)},
        singular_values_move_within_the_cap,
        outside=(
            Outside("Beyond one, 1 - decay is negative and no singular value is.",
                    {"decay": vs.numbers(1.25, 3)}),
        ),
    ),
)  # fmt: skip
