"""What trained weights say about this room: concentration, and the entropy that it leaves.

The bound is that of a query over T tokens of norm at most r, as Wq and Wk see them: every logit is
at most b in size, so their norm is at most sqrt(T) b.
"""

from collections.abc import Iterator, Sequence
from math import floor, log10

import jax
import numpy as np

from checks.properties.checkpoint import Head
from checks.properties.checkpoint_map import Map
from checks.properties.logits import small_product
from checks.properties.trained import EXACT, Columns, Finding, Measured, relative
from numerics.generated.spectral_concentration import entropy_lower_bound

RANK_ONE = 0.99  # SEC(1) above this is taken as rank one
LARGEST = 1e300  # a larger norm has the same bound, which is zero
_least_entropy = jax.jit(jax.vmap(entropy_lower_bound, (None, 0)))


def columns(table: Map, heads: Sequence[Head]) -> Columns:
    """SEC of each head, and its least entropy for each norm of tokens that the map names."""
    norms = table.token_norms if table.entropy else ()

    def figures(head: Head) -> Sequence[float | None]:
        least = least_entropy(head, table.tokens, norms) if norms else ()
        return (*(sec(head) or (None, None)), *map(_rounded_down, least))

    names = ("SEC(1)", "SEC(4)", *(f"H({r:g})" for r in norms))
    return Columns(names, _meaning(table, heads), figures)


def findings(heads: Sequence[Head], measured: Sequence[Measured]) -> Iterator[Finding]:
    """Both ways of the collapse."""
    first = [found[0] for head in heads if (found := sec(head))]
    collapsed = sum(share > RANK_ONE for share in first)
    yield Finding(
        "W of rank one (malignant collapse)", collapsed > 0,
        f"{collapsed} of {len(heads)} heads have SEC(1) > {RANK_ONE}; "
        + (f"the largest is {max(first):.4g}" if first else "all products Wq^T Wk are zero"),
    )  # fmt: skip
    definite = sum(_is_definite(h) for h in heads)
    yield Finding("definite W (benign collapse)", definite > 0, f"{definite} of {len(heads)} heads")


def sec(head: Head) -> tuple[float, float] | None:
    """Shares of the 1 and of the 4 largest squared singular values of Wq^T Wk; None for zero."""
    energy = np.linalg.svd(small_product(head), compute_uv=False) ** 2
    whole = energy.sum()
    return (float(energy[0] / whole), float(energy[:4].sum() / whole)) if whole > 0 else None


def least_entropy(head: Head, tokens: int, norms: Sequence[float]) -> tuple[float, ...]:
    """The bound for each norm of tokens, as a share of log T."""
    reach = [min(np.sqrt(tokens) * largest_logit(head, r, tokens), LARGEST) for r in norms]
    return tuple(
        float(h) for h in np.asarray(_least_entropy(tokens, np.array(reach))) / np.log(tokens)
    )


def largest_logit(head: Head, r: float, tokens: int) -> float:
    """A bound of the size of all logits of a head, up to a number that is the same for all keys.

    Without positions ``q.k = x^T Wq^T Wk y + bq^T Wk y + (x^T Wq^T + bq^T) bk``, and the last part
    is the same for all keys y: the softmax does not see it, but a cap on the logits does. Rotary
    positions put a rotation between q and k, about which only the product of their norms is known;
    a norm layer sets these norms. ALiBi adds a number in an interval of length slope (tokens - 1).
    """
    kind, norm = head.logits, np.linalg.norm
    if kind.reach is not None:
        largest = kind.reach[0] * kind.reach[1]
    elif kind.rotary:
        largest = (r * norm(head.Wq, 2) + norm(head.bq)) * (r * norm(head.Wk, 2) + norm(head.bk))
    else:
        largest = r * (r * norm(small_product(head), 2) + norm(head.Wk.T @ head.bq))
        if kind.softcap is not None:
            largest += r * norm(head.Wq.T @ head.bk) + abs(head.bq @ head.bk)
    largest = kind.factor(len(head.Wq)) * largest
    if kind.softcap is not None:
        largest = kind.softcap * np.tanh(largest / kind.softcap)
    return float(largest + kind.slope * (tokens - 1) / 2)


def _meaning(table: Map, heads: Sequence[Head]) -> str:
    """For which attention the bound holds."""
    if not table.entropy:
        return "no bound of the entropy: the map says entropy = false"
    kinds = dict.fromkeys(
        h.logits.in_words(len(h.Wq), bool(h.bq.any()), bool(h.bk.any())) for h in heads
    )
    return (
        f"H(r): no query has less entropy, as a share of log {table.tokens}, over {table.tokens} "
        f"tokens of norm at most r (as they enter Wq and Wk), in attention "
        f"{' or, in other heads, '.join(kinds)}. It is no bound for attention over fewer tokens, "
        f"nor with anything else in the logits: relative position biases, sinks, a temperature."
    )


def _rounded_down(share: float) -> float:
    """To four digits, and never upwards: the entropy would be below what is printed."""
    if share <= 0:
        return 0.0
    unit = 10.0 ** (floor(log10(share)) - 3)
    return floor(share / unit) * unit


def _is_definite(head: Head) -> bool:
    """Wq^T Wk symmetric and positive definite, up to rounding."""
    if len(head.Wq) < head.Wq.shape[1]:
        return False  # of lower rank: known without the large product
    B = head.Wq.T @ head.Wk
    symmetric = relative(B - B.T, B) <= EXACT
    values = np.linalg.eigvalsh((B + B.T) / 2)
    return symmetric and bool(values[0] > EXACT * values[-1])
