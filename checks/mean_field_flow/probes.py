"""What the Wasserstein gradient flow of a deep, wide transformer needs of blocks and start."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from checks.properties import strategies as vs
from checks.properties.probe import Outside, Probe, require
from numerics.generated import mean_field_flow as generated

Real = float | int
Matrix = Float[np.ndarray, "_ _"]
Tokens = Float[np.ndarray, "_ _"]

attention = jax.jit(generated.attention)
smooth = jax.jit(generated.feedforward)


@jax.jit
def relu_attention(Z: Any, V: Any, Q: Any) -> Any:
    """V Z relu(Z^T Q^T Q Z), queries equal to keys: no softmax bounds what Q does."""
    return V @ Z @ jax.nn.relu(Z.T @ Q.T @ Q @ Z)


BLOCKS: dict[str, Callable[..., Any]] = {
    "softmax": attention, "relu attention": relu_attention, "feedforward": smooth,
}  # fmt: skip
GRADIENTS = {
    "smooth": jax.jit(generated.feedforward_gradient),
    "relu": jax.jit(generated.relu_feedforward_gradient),
}


def _size(*parameters: Matrix) -> float:
    return float(np.sqrt(sum((part**2).sum() for part in parameters)))


def output_is_bounded_by_parameters(block: str, X: Tokens, first: Matrix, second: Matrix) -> None:
    """|f| <= 2 (1 + |theta|^2) for every token of the data: one constant for all inputs."""
    found = np.asarray(BLOCKS[block](X.T, first, second))
    norm, allowed = np.linalg.norm(found, axis=0).max(), 2 * (1 + _size(first, second) ** 2)
    require(norm <= allowed, f"the output has norm {norm:.4g}, allowed {allowed:.4g}")


def gradient_is_lipschitz(
    kind: str, X: Tokens, p: Tokens, W1: Matrix, W2: Matrix, shift: Real, direction: Matrix
) -> None:
    """|grad(theta') - grad(theta)| <= 4 T |theta' - theta| for |W2| <= 1 and unit tokens."""
    step = shift * direction
    grad = GRADIENTS[kind]
    before, after = (grad(X.T, p.T, W, W2) for W in (W1, W1 + step))
    moved = _size(*(np.asarray(b) - np.asarray(a) for a, b in zip(before, after, strict=True)))
    allowed = 4 * len(X) * _size(step)
    require(moved <= allowed + 1e-12, f"the gradient moves by {moved:.3g}, allowed {allowed:.3g}")


def layers_agree_with_twice_as_many(path: str, slopes: Float[np.ndarray, " n"]) -> None:
    """Means over L and over 2 L layers of a particle's path in depth differ by at most K / (4 L).

    The path sums ``slopes`` of at most K = 1 ("lipschitz"), or jumps between them ("unrelated").
    """
    count = len(slopes)  # 2 L
    values = np.cumsum(slopes) / count if path == "lipschitz" else slopes
    off = abs(values[::2].mean() - values.mean())
    require(off <= 1 / (2 * count) + 1e-12, f"off by {off:.3g}, allowed {1 / (2 * count):.3g}")


def mean_has_the_variance_of_independence(joint: str, chances: Float[np.ndarray, " M"]) -> None:
    """Var(mean of M particles at +-1) <= 1 / M, over all 2^M outcomes."""
    M = len(chances)
    outcomes = np.array(np.meshgrid(*[(-1.0, 1.0)] * M)).reshape(M, -1)
    if joint == "independent":
        weight = np.where(outcomes > 0, chances[:, None], 1 - chances[:, None]).prod(axis=0)
    else:  # all particles are copies of the first
        same = (outcomes == outcomes[0]).all(axis=0)
        weight = same * np.where(outcomes[0] > 0, chances[0], 1 - chances[0])
    mean = outcomes.mean(axis=0)
    variance = weight @ mean**2 - (weight @ mean) ** 2
    require(variance <= 1 / M + 1e-12, f"the variance of the mean is {variance:.3g}, M = {M}")


tokens = vs.tokens(kinds=("sphere", "ball", "clustered", "repeated"))
wide = vs.weights(2, 2)
unit = vs.weights(2, 2, scales=(1.0,))
probes = (
    Probe(
        "bounded-data",
        r"Blocks are bounded by $2 (1 + |\theta|^2)$, one constant for all data in the unit ball.",
        {"block": st.sampled_from(["softmax", "feedforward"]), "X": tokens, "first": unit,
         "second": unit},
        output_is_bounded_by_parameters,
        outside=(
            Outside("Large tokens exceed the constant.", {"X": vs.tokens(radius=100)}),
        ),
    ),
    Probe(
        "growth",
        "Blocks grow at most quadratically in the parameters, at scales 1e-6 to 1e6.",
        {"block": st.sampled_from(["softmax", "feedforward"]), "X": tokens, "first": wide,
         "second": wide},
        output_is_bounded_by_parameters,
        outside=(
            Outside(
                r"ReLU attention $V Z \operatorname{relu}(Z^\top Q^\top Q Z)$ is cubic in "
                "$(V, Q)$.",
                {"block": st.just("relu attention"), "first": vs.weights(2, 2, scales=(1e3,)),
                 "second": vs.weights(2, 2, scales=(1e3,))},
            ),
        ),
    ),
    Probe(
        "local-lipschitz",
        "On bounded parameters the gradient of a feed-forward particle is Lipschitz in W1.",
        {"kind": st.just("smooth"), "X": tokens, "p": tokens, "W1": unit, "W2": unit,
         "shift": st.sampled_from([1.0, 1e-3, 1e-6]), "direction": unit},
        gradient_is_lipschitz,
        outside=(
            Outside(
                "The gradient of the ReLU jumps at its kink: pointwise no constant works (in the "
                "mean over tokens with a density one does).",
                {"kind": st.just("relu")},
            ),
        ),
    ),
    Probe(
        "bounded-start",
        "For paths Lipschitz in depth, means over $L$ and $2 L$ layers differ by at most $K "
        "/ (4 L)$.",
        {"path": st.just("lipschitz"), "slopes": vs.vectors(8)},
        layers_agree_with_twice_as_many,
        outside=(
            Outside("Layers without continuity in depth differ by $O(1)$.",
                    {"path": st.just("unrelated")}),
        ),
    ),
    Probe(
        "independent-start",
        "The mean over $M$ independent particles has a variance of at most $1 / M$.",
        {"joint": st.just("independent"), "chances": vs.vectors(4, 0, 1)},
        mean_has_the_variance_of_independence,
        outside=(
            Outside("Copies of one particle do not average.", {"joint": st.just("copies")}),
        ),
    ),
)  # fmt: skip
