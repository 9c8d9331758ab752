"""What the covariance SDE of shaped attention needs, and what happens without it."""

import jax
import numpy as np
from hypothesis import strategies as st
from jaxtyping import Bool, Float

from checks.properties import strategies as vs
from checks.properties.probe import Outside, Probe, require
from numerics.generated import shaped_attention_sde as generated

Real = float | int
Gram = Float[np.ndarray, "_ _"]
TOKENS = 2

noise = jax.jit(generated.noise_increment)
drift = jax.jit(generated.attention_drift)
spread = jax.jit(generated.attention_covariance)


def noise_is_finite(V: Gram) -> None:
    """The factor of the noise, V = L L^T, exists: V has a Cholesky factor."""
    eye = np.eye(len(V))
    found = np.asarray(noise(V, eye, 0.5, 1.0, 1, eye, eye))
    require(np.isfinite(found), f"the noise of V is {found.tolist()}")


def equal_tokens_do_not_drift(mask: Bool[np.ndarray, "m m"], total: Real, variance: Real) -> None:
    """Averages of equal tokens change nothing, so the drift at V = v 1 1^T is zero."""
    M = total * mask / mask.sum(axis=1, keepdims=True)
    V = np.full(M.shape, float(variance))
    found = np.abs(np.asarray(drift(V, M, 1.0, 1.0))).max()
    require(found <= 1e-12 * variance**2, f"tokens that agree drift at {found:.3g}")


NODES = {  # laws of one weight with mean 0 and variance 1: nodes and probabilities
    "gaussian": (np.sqrt(3.0) * np.array([-1, 0, 1]), np.array([1, 4, 1]) / 6),  # right to degree 5
    "signs": (np.array([-1.0, 1.0]), np.array([0.5, 0.5])),
}


def increments_have_the_stated_covariance(law: str, X: Float[np.ndarray, "m n"]) -> None:
    """One layer X' = X W / sqrt(n): n Cov(V') is the stated covariance, by summing over a column.

    The columns of X W are independent: n Cov(V'_ab, V'_cd) is the covariance of y_a y_b and
    y_c y_d for y = X w / sqrt(n), of degree four in w; three nodes a weight are exact.
    """
    m, n = X.shape
    nodes, chances = NODES[law]
    points = np.array(np.meshgrid(*[nodes] * n)).reshape(n, -1)
    weight = np.prod(np.array(np.meshgrid(*[chances] * n)).reshape(n, -1), axis=0)
    y = X @ points / np.sqrt(n)
    squares = (y[:, None] * y[None]).reshape(m * m, -1)
    mean = squares @ weight
    covariance = ((squares * weight) @ squares.T - np.outer(mean, mean)).reshape(m, m, m, m)
    stated = np.asarray(spread(X @ X.T / n, np.eye(m), 1.0, 1.0, 1))
    worst = np.abs(covariance - stated).max()
    require(worst <= 1e-12, f"the covariance of the increments is off by {worst:.3g}")


def covariance_is_positive(V: Gram, gamma: Real) -> None:
    """The covariance of the increments has no negative variance."""
    m = len(V)
    Sigma = np.asarray(spread(V, np.full((m, m), 1 / m), gamma, 1.0, 1)).reshape(m * m, m * m)
    least = np.linalg.eigvalsh((Sigma + Sigma.T) / 2).min()
    require(least >= -1e-9, f"a variance of the noise is {least:.3g}")


def softmax_is_its_second_order(y: Float[np.ndarray, " m"], size: Real) -> None:
    """What is left of the softmax of z = size y beyond second order is below max|z|^2 / 64."""
    z = size * y
    exact = np.exp(z - z.max())
    about = z - z.mean()
    second = (1 + about + (about**2 - (about**2).mean()) / 2) / len(z)
    error, bound = np.abs(exact / exact.sum() - second).max(), np.abs(z).max() ** 2 / 64
    require(error <= bound + 1e-15, f"beyond second order are {error:.3g}, above {bound:.3g}")


probes = (
    Probe(
        "positive-definite-start",
        r"For positive definite $V$ the noise $L (d G + d G^\top) L^\top$, $V = L L^\top$, is "
        "finite.",
        {"V": vs.covariances(TOKENS, kinds=("well conditioned", "ill conditioned"))},
        noise_is_finite,
        outside=(
            Outside(
                "Tokens that agree or are opposite make $V$ singular: no factor, no noise.",
                {"V": vs.covariances(TOKENS, kinds=("singular", "extreme correlation"))},
            ),
        ),
    ),
    Probe(
        "rows-sum-to-one",
        "Tokens that agree do not drift, whatever they attend to.",
        {
            "mask": vs.masks(3, kinds=("none", "causal", "window", "any")),  # rows that have a sum
            "total": st.just(1.0),
            "variance": vs.numbers(0.25, 2),
        },
        equal_tokens_do_not_drift,
        outside=(
            Outside(
                "Rows with another sum rescale a token by itself.", {"total": vs.numbers(0, 3)}
            ),
        ),
    ),
    Probe(
        "gaussian-weights",
        "The covariance of the Gram matrix after one layer is the stated one, at any width.",
        {
            "law": st.just("gaussian"),
            "X": st.lists(vs.vectors(2), min_size=2, max_size=2).map(np.array),
        },
        increments_have_the_stated_covariance,
        outside=(Outside("Random signs have another fourth moment.", {"law": st.just("signs")}),),
    ),
    Probe(
        "fixed-branch-weight",
        r"For $\gamma$ in $(0, 1]$ the increments of $V$ have a covariance: no variance is "
        "negative.",
        {
            "V": vs.covariances(TOKENS, kinds=("well conditioned",)),
            "gamma": st.floats(2.0**-10, 1.0),
        },
        covariance_is_positive,
        outside=(
            Outside(
                r"A branch stronger than the whole: $1 - \gamma^2 < 0$, and $\gamma^2 (2 - "
                r"\gamma^2)$ is a negative variance beyond $\sqrt{2}$.",
                {"gamma": st.floats(1.0, 4.0)},
            ),
        ),
    ),
    Probe(
        "small-remainders",
        r"For logits $z$ below $1/256$ the softmax is its second order up to $\max |z|^2 / 64$.",
        {"y": vs.vectors(3), "size": vs.numbers(2.0**-12, 2.0**-8)},
        softmax_is_its_second_order,
        outside=(
            Outside(
                "Logits of order one, a softmax that is not shaped: no order is negligible.",
                {"size": vs.numbers(1, 8)},
            ),
        ),
    ),
)
