"""What trained weights say about the attention of this room."""

from collections.abc import Iterator, Sequence

import numpy as np

from checks.properties.checkpoint import Head
from checks.properties.trained import EXACT, Finding, Measured, relative


def findings(heads: Sequence[Head], measured: Sequence[Measured]) -> Iterator[Finding]:
    """Bounded, Lipschitz and the same in all layers; Q^T K = beta I with a positive beta."""
    if other := _beyond(heads[0]):
        for assumption in ("fixed-attention", "forcing (epsilon = 0)"):
            yield Finding(assumption, False, other)
        return
    constant = max(m.sigma_v * (1 + 3 * _slope(h, m)) for h, m in zip(heads, measured, strict=True))
    first = {h.head: h for h in heads if h.layer == heads[0].layer}
    apart = max(_apart(first[h.head], h) for h in heads)
    yield Finding(
        "fixed-attention", apart <= EXACT,
        f"Lipschitz on the unit ball with |V| (1 + 3 |Q^T K|) <= {constant:.4g}; layers differ "
        f"from the first by up to {100 * apart:.3g} %",
    )  # fmt: skip
    off = max(_off_identity(h) for h in heads)
    yield Finding(
        "forcing (epsilon = 0)",
        off <= EXACT,
        f"Q^T K differs from a positive multiple of I by up to {100 * off:.3g} % of its norm",
    )


def _beyond(head: Head) -> str:
    """What of its logits the room's attention does not have."""
    if head.logits.rotary or head.logits.slope:
        kind = "rotary" if head.logits.rotary else "ALiBi"
        return f"attention depends on positions ({kind}), too"
    return "attention normalises queries and keys" * (head.logits.reach is not None)


def _slope(head: Head, measured: Measured) -> float:
    """|Q^T K| on the unit ball, where biases add their pull."""
    pull = float(np.linalg.norm(head.Wk.T @ head.bq))
    if head.logits.softcap is not None:
        pull += float(np.linalg.norm(head.Wq.T @ head.bk))
    assert measured.sigma_logits is not None  # no norm layer: `_beyond`
    return measured.sigma_logits + head.logits.factor(len(head.Wq)) * pull


def _apart(a: Head, b: Head) -> float:
    pulls = (a.Wk.T @ a.bq, b.Wk.T @ b.bq)
    pairs = ((a.Wq.T @ a.Wk, b.Wq.T @ b.Wk), (a.Wv, b.Wv), pulls)
    return max(float(relative(x - y, x)) for x, y in pairs)


def _off_identity(head: Head) -> float:
    B = head.Wq.T @ head.Wk
    beta = max(float(np.trace(B)) / len(B), 0.0)
    return relative(B - beta * np.eye(len(B)), B) if B.any() else 1.0
