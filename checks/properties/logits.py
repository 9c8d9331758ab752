"""How a head makes logits of queries and keys, and by how much it can stretch them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

Positive = float | int


@dataclass(frozen=True)
class Logits:
    """``scale q.k``, or ``softcap tanh(scale q.k / softcap)``.

    ``scale = None`` is 1 / sqrt(dq); ``rotary`` says that q and k are turned by position.
    Where a norm layer sets the norms of q and k (QK-norm), ``gains`` has the largest gains of both
    and ``entries`` over how many entries each is normalised. ``slope`` is what a logit loses for
    each token of distance (ALiBi).
    """

    scale: Positive | None = None
    rotary: bool = False
    softcap: Positive | None = None
    gains: tuple[float, float] | None = None
    entries: tuple[int, int] = (1, 1)
    slope: float = 0.0

    @property
    def reach(self) -> tuple[float, float] | None:
        """The largest norms of q and k after a norm layer: g v / rms(v) is at most |g| sqrt(n)."""
        if self.gains is None:
            return None
        (q, k), (m, n) = self.gains, self.entries
        return q * m**0.5, k * n**0.5

    def factor(self, dq: int) -> float:
        """The number by which q.k is multiplied."""
        return float(dq) ** -0.5 if self.scale is None else float(self.scale)

    def in_words(self, dq: int, query_bias: bool, key_bias: bool) -> str:
        """For which attention a bound holds."""
        logit = f"{self.factor(dq):.4g} q.k"
        capped = (
            logit if self.softcap is None else f"{self.softcap:g} tanh({logit} / {self.softcap:g})"
        )
        sloped = " - slope distance" * (self.slope > 0)
        q, k = "Wq x" + " + bq" * query_bias, "Wk x" + " + bk" * key_bias
        normed = ", both normalised (QK-norm)" * (self.reach is not None)
        turned = ", both turned by position (rotary)" * self.rotary
        return f"softmax({capped}{sloped}) with q = {q}, k = {k}{normed}{turned}"


def alibi_slopes(heads: int) -> tuple[float, ...]:
    """The slopes of Press et al. 2022: powers of 2^(-8/n), n the number of heads if a power of two.

    Else those of the next lower power, and every second one of the next higher.
    """
    below = 1 << (heads.bit_length() - 1)
    first = [2.0 ** (-8 * (k + 1) / below) for k in range(below)]
    rest = [2.0 ** (-8 * (2 * k + 1) / (2 * below)) for k in range(heads - below)]
    return (*first, *rest)


def gain(head: Any) -> float | None:
    """The largest singular value between two tokens: of Wq^T Wk, or with any rotation inside.

    None where a norm layer lies between: then logits do not grow with the tokens.
    """
    if head.logits.reach is not None:
        return None
    if head.logits.rotary:
        return float(np.linalg.norm(head.Wq, 2) * np.linalg.norm(head.Wk, 2))
    return float(np.linalg.norm(small_product(head), 2))


def small_product(head: Any) -> Float[np.ndarray, "k l"]:
    """A small matrix with the singular values of Wq^T Wk, by thin QR of both factors."""
    return _root(head.Wq) @ _root(head.Wk).T


def _root(w: Float[np.ndarray, "dq d"]) -> Float[np.ndarray, "k dq"]:
    """R of w^T = Q R: small, and with the singular values of w."""
    return np.asarray(np.linalg.qr(w.T, mode="r"))
