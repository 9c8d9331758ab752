"""How a head makes logits of queries and keys, how large they can be, and the entropy that leaves.

The bound is that of a query over T tokens of norm at most r, as Wq and Wk see them: every logit is
at most b in size, so their norm is at most sqrt(T) b.
"""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from numerics.generated.spectral_concentration import entropy_lower_bound

_least_entropy = jax.jit(jax.vmap(entropy_lower_bound, (None, 0)))
LARGEST = 1e300  # a larger norm has the same bound, which is zero
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


def largest_logit(head: Any, r: Positive) -> float:
    """A bound of the size of all logits of a head, up to a number that is the same for all keys.

    Without positions ``q.k = x^T Wq^T Wk y + bq^T Wk y + (x^T Wq^T + bq^T) bk``, and the last part
    is the same for all keys y: the softmax does not see it, but a cap on the logits does. Rotary
    positions put a rotation between q and k, about which only the product of their norms is known.
    """
    kind, norm = head.logits, np.linalg.norm
    if kind.rotary:
        largest = (r * norm(head.Wq, 2) + norm(head.bq)) * (r * norm(head.Wk, 2) + norm(head.bk))
    else:
        largest = r * (r * gain(head) + norm(head.Wk.T @ head.bq))
        if kind.softcap is not None:
            largest += r * norm(head.Wq.T @ head.bk) + abs(head.bq @ head.bk)
    largest = kind.factor(len(head.Wq)) * largest
    return float(
        largest if kind.softcap is None else kind.softcap * np.tanh(largest / kind.softcap)
    )


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


def least_entropy(head: Any, tokens: int, norms: Any) -> tuple:
    """The bound for each norm of tokens, as a share of log T."""
    reach = [min(np.sqrt(tokens) * largest_logit(head, r), LARGEST) for r in norms]
    return tuple(
        float(h) for h in np.asarray(_least_entropy(tokens, np.array(reach))) / np.log(tokens)
    )
