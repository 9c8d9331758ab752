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
    """

    scale: Positive | None = None
    rotary: bool = False
    softcap: Positive | None = None

    def factor(self, dq: int) -> float:
        """The number by which q.k is multiplied."""
        return float(dq) ** -0.5 if self.scale is None else float(self.scale)

    def in_words(self, dq: int, query_bias: bool, key_bias: bool) -> str:
        """For which attention a bound holds."""
        logit = f"{self.factor(dq):.4g} q.k"
        capped = (
            logit if self.softcap is None else f"{self.softcap:g} tanh({logit} / {self.softcap:g})"
        )
        q, k = "Wq x" + " + bq" * query_bias, "Wk x" + " + bk" * key_bias
        turned = ", both turned by position (rotary)" * self.rotary
        return f"softmax({capped}) with q = {q}, k = {k}{turned}"


def gain(head: Any) -> float:
    """The largest singular value between two tokens: of Wq^T Wk, or with any rotation inside."""
    if head.logits.rotary:
        return float(np.linalg.norm(head.Wq, 2) * np.linalg.norm(head.Wk, 2))
    return float(np.linalg.norm(small_product(head), 2))


def small_product(head: Any) -> Float[np.ndarray, "k l"]:
    """A small matrix with the singular values of Wq^T Wk, by thin QR of both factors."""
    return _root(head.Wq) @ _root(head.Wk).T


def _root(w: Float[np.ndarray, "dq d"]) -> Float[np.ndarray, "k dq"]:
    """R of w^T = Q R: small, and with the singular values of w."""
    return np.asarray(np.linalg.qr(w.T, mode="r"))
