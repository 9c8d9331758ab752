"""What the weights of trained heads say about entropy bounds and about the rooms' assumptions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import jax
import numpy as np
from jaxtyping import Float

from checks.properties.checkpoint import Head
from numerics.generated.spectral_concentration import entropy_lower_bound

_least_entropy = jax.jit(jax.vmap(entropy_lower_bound, (None, 0)))
GAUSSIAN = 4.0  # standard errors of the kurtosis beyond which weights are not Gaussian
RANK_ONE = 0.99  # SEC(1) above this is taken as rank one
EXACT = 1e-6  # relative difference up to which two matrices agree


@dataclass(frozen=True)
class Measured:
    """Spectral norms of one head, SEC, and the least entropy as a share of log T, per token norm.

    ``sigma_logits`` is sigma_1(Wq^T Wk) / sqrt(dq): the gain of the logits. ``sec`` are the shares
    of the 1 and of the 4 largest squared singular values of Wq^T Wk.
    """

    layer: int
    head: int
    sigma_q: float
    sigma_k: float
    sigma_v: float
    sigma_logits: float
    sec: tuple[float, float]
    entropy: tuple[float, ...]


@dataclass(frozen=True)
class Finding:
    """Whether the weights satisfy what a room assumes, with the constant."""

    room: str
    assumption: str
    satisfied: bool
    words: str


def spectrum(head: Head) -> Float[np.ndarray, " k"]:
    """Singular values of Wq^T Wk, largest first, by thin QR of the factors."""
    return np.linalg.svd(_root(head.Wq) @ _root(head.Wk).T, compute_uv=False)


def _root(w: Float[np.ndarray, "dq d"]) -> Float[np.ndarray, "k dq"]:
    """R of w^T = Q R: small, and with the singular values of w."""
    return np.asarray(np.linalg.qr(w.T, mode="r"))


def measure(head: Head, tokens: int, norms: Sequence[float]) -> Measured:
    """The figures of one head.

    A query x meets the keys of T tokens with logits X^T Wk^T (Wq x + bq) / sqrt(dq). For tokens of
    norm at most r their norm is at most sqrt(T) r (r sigma_1(Wq^T Wk) + |Wk^T bq|) / sqrt(dq).
    """
    sigma = spectrum(head)
    energy, scale = sigma**2, 1 / np.sqrt(len(head.Wq))
    bias = np.linalg.norm(head.Wk.T @ head.bq)
    bounds = [np.sqrt(tokens) * r * (r * sigma[0] + bias) * scale for r in norms]
    least = np.asarray(_least_entropy(tokens, np.array(bounds))) / np.log(tokens)
    first, fourth = (
        float(energy[:s].sum() / energy.sum()) if energy[0] > 0 else float("nan") for s in (1, 4)
    )
    query, key, value = (float(np.linalg.norm(_root(w), 2)) for w in (head.Wq, head.Wk, head.Wv))
    return Measured(
        layer=head.layer,
        head=head.head,
        sigma_q=query,
        sigma_k=key,
        sigma_v=value,
        sigma_logits=float(sigma[0] * scale),
        sec=(first, fourth),
        entropy=tuple(map(float, least)),
    )


def findings(heads: Sequence[Head], measured: Sequence[Measured]) -> Iterator[Finding]:
    """What the weights decide; an assumption that is not named cannot be read off them."""
    yield _gaussian(heads)
    yield from _one_attention(heads, measured)
    largest = max(np.abs(w).max() for h in heads for w in (h.Wq, h.Wk, h.Wv))
    yield Finding(
        "adamw_depth_limit", "compact-heads", True,
        f"all entries are at most {largest:.4g}: that is the radius of the support",
    )  # fmt: skip
    yield _start(heads)
    collapsed = sum(m.sec[0] > RANK_ONE for m in measured)
    yield Finding(
        "spectral_concentration", "W of rank one (malignant collapse)", collapsed > 0,
        f"{collapsed} of {len(measured)} heads have SEC(1) > {RANK_ONE}; the largest is "
        f"{max(m.sec[0] for m in measured):.4g}",
    )  # fmt: skip
    definite = sum(_is_definite(h) for h in heads)
    yield Finding(
        "spectral_concentration", "definite W (benign collapse)", definite > 0,
        f"{definite} of {len(heads)} heads",
    )  # fmt: skip


def _gaussian(heads: Sequence[Head]) -> Finding:
    """Excess kurtosis of each matrix against its standard error sqrt(24 / entries)."""
    worst, where = 0.0, heads[0]
    for head in heads:
        for w in (head.Wq, head.Wk, head.Wv):
            centred = w - w.mean()
            variance = (centred**2).mean()
            excess = (centred**4).mean() / variance**2 - 3 if variance > 0 else -3.0
            errors = excess / np.sqrt(24 / w.size)
            if abs(errors) > abs(worst):
                worst, where = float(errors), head
    return Finding(
        "shaped_attention_sde", "gaussian-weights", abs(worst) <= GAUSSIAN,
        f"the kurtosis of a matrix differs from a Gaussian's by up to {worst:.1f} standard errors "
        f"(layer {where.layer}, head {where.head})",
    )  # fmt: skip


def _one_attention(heads: Sequence[Head], measured: Sequence[Measured]) -> Iterator[Finding]:
    """Bounded, Lipschitz and the same in all layers; Q^T K = beta I with a positive beta."""
    room = "noise_synchronization"
    constant = max(m.sigma_v * (1 + 3 * m.sigma_logits) for m in measured)
    first = {h.head: h for h in heads if h.layer == heads[0].layer}
    apart = max(_apart(first[h.head], h) for h in heads)
    yield Finding(
        room, "fixed-attention", apart <= EXACT,
        f"Lipschitz on the unit ball with |V| (1 + 3 |Q^T K|) <= {constant:.4g}; layers differ "
        f"from the first by up to {100 * apart:.3g} %",
    )  # fmt: skip
    off = max(_off_identity(h) for h in heads)
    yield Finding(
        room,
        "forcing (epsilon = 0)",
        off <= EXACT,
        f"Q^T K differs from a positive multiple of I by up to {100 * off:.3g} % of its norm",
    )


def _apart(a: Head, b: Head) -> float:
    pairs = ((a.Wq.T @ a.Wk, b.Wq.T @ b.Wk), (a.Wv, b.Wv))
    return max(float(_relative(x - y, x)) for x, y in pairs)


def _off_identity(head: Head) -> float:
    B = head.Wq.T @ head.Wk
    beta = max(float(np.trace(B)) / len(B), 0.0)
    return _relative(B - beta * np.eye(len(B)), B)


def _relative(difference: Float[np.ndarray, "m n"], whole: Float[np.ndarray, "m n"]) -> float:
    norm = float(np.linalg.norm(whole))
    return float(np.linalg.norm(difference)) / norm if norm > 0 else float(np.any(difference))


def _start(heads: Sequence[Head]) -> Finding:
    """Support and Lipschitz constant in depth of the layers taken as a path of particles."""
    layers = sorted({h.layer for h in heads})
    stacked = {
        k: np.concatenate([np.vstack([h.Wq, h.Wk, h.Wv]).ravel() for h in heads if h.layer == k])
        for k in layers
    }
    radius = max(float(np.linalg.norm(theta)) for theta in stacked.values())
    steps = [float(np.linalg.norm(stacked[b] - stacked[a])) for a, b in pairwise(layers)]
    slope = len(layers) * max(steps, default=0.0)
    return Finding(
        "mean_field_flow", "bounded-start", True,
        f"layers have norms of at most {radius:.4g}; as a path in depth they have the Lipschitz "
        f"constant {slope:.4g}",
    )  # fmt: skip


def _is_definite(head: Head) -> bool:
    """Wq^T Wk symmetric and positive definite, up to rounding."""
    B = head.Wq.T @ head.Wk
    symmetric = _relative(B - B.T, B) <= EXACT
    return symmetric and float(np.linalg.eigvalsh((B + B.T) / 2).min()) > 0
