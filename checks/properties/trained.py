"""What the weights of trained heads say about entropy bounds and about the rooms' assumptions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from checks.properties.checkpoint import Head
from checks.properties.logits import gain, least_entropy, small_product

GAUSSIAN = 4.0  # standard errors of the kurtosis beyond which weights are not Gaussian
RANK_ONE = 0.99  # SEC(1) above this is taken as rank one
EXACT = 1e-6  # relative difference up to which two matrices agree


@dataclass(frozen=True)
class Measured:
    """Spectral norms of one head, SEC, and the least entropy as a share of log T, per token norm.

    ``sigma_logits`` is the gain of the logits: the factor of q.k times sigma_1(Wq^T Wk), or, with
    rotary positions, times sigma_1(Wq) sigma_1(Wk). ``sec`` are the shares of the 1 and of the 4
    largest squared singular values of Wq^T Wk; None where this is zero.
    """

    layer: int
    head: int
    sigma_q: float
    sigma_k: float
    sigma_v: float
    sigma_logits: float
    sec: tuple[float, float] | None
    entropy: tuple[float, ...]


@dataclass(frozen=True)
class Finding:
    """Whether the weights satisfy what a room assumes, with the constant."""

    room: str
    assumption: str
    satisfied: bool
    words: str


def measure(head: Head, tokens: int, norms: Sequence[float]) -> Measured:
    """The figures of one head; the least entropy is that of `checks.properties.logits`."""
    energy = np.linalg.svd(small_product(head), compute_uv=False) ** 2
    whole = energy.sum()
    query, key, value = (float(np.linalg.norm(w, 2)) for w in (head.Wq, head.Wk, head.Wv))
    return Measured(
        layer=head.layer,
        head=head.head,
        sigma_q=query,
        sigma_k=key,
        sigma_v=value,
        sigma_logits=head.logits.factor(len(head.Wq)) * gain(head),
        sec=(float(energy[0] / whole), float(energy[:4].sum() / whole)) if whole > 0 else None,
        entropy=least_entropy(head, tokens, norms),
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
    first = [m.sec[0] for m in measured if m.sec]
    collapsed = sum(share > RANK_ONE for share in first)
    yield Finding(
        "spectral_concentration", "W of rank one (malignant collapse)", collapsed > 0,
        f"{collapsed} of {len(measured)} heads have SEC(1) > {RANK_ONE}; "
        + (f"the largest is {max(first):.4g}" if first else "all products Wq^T Wk are zero"),
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
    if heads[0].logits.rotary:
        for assumption in ("fixed-attention", "forcing (epsilon = 0)"):
            yield Finding(
                room,
                assumption,
                False,
                "attention depends on positions (rotary), too",
            )
        return
    constant = max(m.sigma_v * (1 + 3 * _slope(h, m)) for h, m in zip(heads, measured, strict=True))
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


def _slope(head: Head, measured: Measured) -> float:
    """|Q^T K| on the unit ball, where biases add their pull (see `largest_logit`)."""
    pull = float(np.linalg.norm(head.Wk.T @ head.bq))
    if head.logits.softcap is not None:
        pull += float(np.linalg.norm(head.Wq.T @ head.bk))
    return measured.sigma_logits + head.logits.factor(len(head.Wq)) * pull


def _apart(a: Head, b: Head) -> float:
    pulls = (a.Wk.T @ a.bq, b.Wk.T @ b.bq)
    pairs = ((a.Wq.T @ a.Wk, b.Wq.T @ b.Wk), (a.Wv, b.Wv), pulls)
    return max(float(_relative(x - y, x)) for x, y in pairs)


def _off_identity(head: Head) -> float:
    B = head.Wq.T @ head.Wk
    beta = max(float(np.trace(B)) / len(B), 0.0)
    return _relative(B - beta * np.eye(len(B)), B) if B.any() else 1.0


def _relative(difference: Float[np.ndarray, "..."], whole: Float[np.ndarray, "..."]) -> float:
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
    values = np.linalg.eigvalsh((B + B.T) / 2)
    return symmetric and bool(values[0] > EXACT * values[-1])
