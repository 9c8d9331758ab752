"""Spectral concentration, entropy and collapse of attention, and the capped optimizer AdamW^2.

Reference: Qi et al., ICLR 2025, arXiv:2505.21910; Zhai et al., ICML 2023. In their notation tokens
are the columns of X and attention normalises columns; usual code keeps tokens in rows and
normalises rows. Functions of one attention matrix take ``axis``, the axis that is normalised: -1
for rows (the default), -2 for Qi's columns.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from numerics.spectral_concentration.spectral_cap import AdamW2State as AdamW2State
from numerics.spectral_concentration.spectral_cap import adamw2 as adamw2
from numerics.spectral_concentration.spectral_cap import spectral_cap as spectral_cap

MODES = ("none", "benign", "malignant", "uniform")
# Where a mode begins, as shares of log n (entropy) and n (effective rank): the sheet, section 3.
LOW_ENTROPY, HIGH_ENTROPY, LOW_RANK, HIGH_RANK = 0.1, 0.9, 1 / 3, 0.75


def spectral_energy_concentration(
    Wq: Float[Array, "dq d"], Wk: Float[Array, "dq d"], s: int
) -> Float[Array, ""]:
    """Share of the s largest squared singular values of Wq^T Wk in their sum.

    By thin QR of both factors: the d by d product is never formed. NaN when the product is zero.
    Raises ValueError unless 1 <= s <= min(dq, d).
    """
    if not 1 <= s <= min(Wq.shape):
        raise ValueError(
            f"spectral_energy_concentration: expected s from 1 to {min(Wq.shape)} for weights of "
            f"shape {Wq.shape}, received {s}"
        )
    energy = product_spectrum(Wq, Wk) ** 2
    return energy[:s].sum() / energy.sum()


def product_spectrum(Wq: Float[Array, "dq d"], Wk: Float[Array, "dq d"]) -> Float[Array, " k"]:
    """Singular values of Wq^T Wk, largest first; k = min(dq, d), the rest are zero."""
    Rq, Rk = (jnp.linalg.qr(w.T, mode="r") for w in (Wq, Wk))
    return jnp.linalg.svd(Rq @ Rk.T, compute_uv=False)


def attention_entropy(
    logits: Float[Array, "*batch n k"], axis: int = -1
) -> Float[Array, "*batch r"]:
    """Entropy of softmax(logits) along an axis, as log Z - E[logits]: right for any size of logits.

    Logits already carry the scaling 1 / sqrt(dq).
    """
    shifted = logits - logits.max(axis=axis, keepdims=True)
    mass = jnp.exp(shifted)
    normal = mass.sum(axis=axis)
    return jnp.log(normal) - (mass * shifted).sum(axis=axis) / normal


def centred_norm(logits: Float[Array, "*batch n k"], axis: int = -1) -> Float[Array, "*batch r"]:
    """Norm of the logits of each token about their mean: nu of the entropy bound."""
    return jnp.linalg.norm(logits - logits.mean(axis=axis, keepdims=True), axis=axis)


def effective_rank(A: Float[Array, "*batch m n"]) -> Float[Array, "*batch"]:
    """exp of the entropy of the squared singular values, as shares of their sum."""
    energy = jnp.linalg.svd(A, compute_uv=False) ** 2
    share = energy / energy.sum(axis=-1, keepdims=True)
    return jnp.exp(-jax.scipy.special.xlogy(share, share).sum(axis=-1))


def collapse_indicators(
    A: Float[Array, "*batch n n"], axis: int = -1
) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
    """Mean entropy as a share of log n, and effective rank as a share of n."""
    n = A.shape[-1]
    entropy = -jax.scipy.special.xlogy(A, A).sum(axis=axis).mean(axis=-1)
    return entropy / jnp.log(n), effective_rank(A) / n


def mode_of(entropy: Float[Array, "*b"], rank: Float[Array, "*b"]) -> Float[Array, "*b"]:
    """Index into ``MODES`` from the two indicators, as a float."""
    low = entropy < LOW_ENTROPY
    conditions = [low & (rank > HIGH_RANK), low & (rank < LOW_RANK), entropy > HIGH_ENTROPY]
    return jnp.select(
        conditions, [jnp.ones_like(rank), 2 * jnp.ones_like(rank), 3 * jnp.ones_like(rank)]
    )


def collapse_mode(A: Float[Array, "n n"], axis: int = -1) -> str:
    """How attention has collapsed: "benign", "malignant", "uniform" or "none".

    Low entropy is benign when the effective rank is above 0.75 n (near a permutation) and
    malignant below n / 3; entropy above 0.9 log n is uniform attention, which is of low rank, too.
    Raises ValueError for fewer than two tokens and when A is no probability along ``axis``.
    """
    if A.shape[0] < 2:
        raise ValueError(f"collapse_mode: expected at least two tokens, received shape {A.shape}")
    sums = A.sum(axis=axis)
    if bool(jnp.any(A < 0)) or not bool(jnp.allclose(sums, 1, atol=1e-3)):
        raise ValueError(
            f"collapse_mode: expected probabilities that sum to one along axis {axis}, received "
            f"sums from {float(sums.min()):.3g} to {float(sums.max()):.3g}; pass attention weights "
            f"(axis=-2 when columns are normalised)"
        )
    entropy, rank = collapse_indicators(A, axis)
    return MODES[int(mode_of(entropy, rank))]


def relative_growth(
    after: Float[Array, "*b m n"], before: Float[Array, "*b m n"]
) -> Float[Array, "*b"]:
    """sigma_1(after - before) / sigma_1(before) by singular values: the audit of the cap."""
    step, size = (jnp.linalg.norm(w, ord=2, axis=(-2, -1)) for w in (after - before, before))
    return step / size
