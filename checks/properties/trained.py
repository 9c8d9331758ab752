"""What the weights of trained heads say about the rooms' assumptions: each room says its own.

A room reads a checkpoint in ``checks/ROOM/checkpoint.py``. There ``findings(heads, measured)``
yields what the weights decide (`Finding`); an assumption that is not named cannot be read off them.
A room that has figures for the table of heads has a function ``columns(table, heads)``, too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from checks.properties.checkpoint import Head
from checks.properties.checkpoint_map import Map
from checks.properties.logits import gain
from checks.suite.house import House

EXACT = 1e-6  # relative difference up to which two matrices agree


@dataclass(frozen=True)
class Measured:
    """Spectral norms of one head.

    ``sigma_logits`` is the gain of the logits: the factor of q.k times sigma_1(Wq^T Wk), or, with
    rotary positions, times sigma_1(Wq) sigma_1(Wk); None where a norm layer lies between.
    """

    layer: int
    head: int
    sigma_q: float
    sigma_k: float
    sigma_v: float
    sigma_logits: float | None


@dataclass(frozen=True)
class Finding:
    """Whether the weights satisfy what a room assumes, with the constant."""

    assumption: str
    satisfied: bool
    words: str


@dataclass(frozen=True)
class Columns:
    """Figures of each head that a theorem gives: their names, and where they hold.

    ``figures(head)`` has one number a name, or None for a figure that does not exist.
    """

    names: tuple[str, ...]
    meaning: str
    figures: Callable[[Head], Sequence[float | None]]


def measure(head: Head) -> Measured:
    """The spectral norms of one head."""
    stretched = gain(head)
    query, key, value = (float(np.linalg.norm(w, 2)) for w in (head.Wq, head.Wk, head.Wv))
    return Measured(
        layer=head.layer,
        head=head.head,
        sigma_q=query,
        sigma_k=key,
        sigma_v=value,
        sigma_logits=None if stretched is None else head.logits.factor(len(head.Wq)) * stretched,
    )


def columns(house: House, table: Map, heads: Sequence[Head]) -> Iterator[Columns]:
    """What the rooms add to the table of heads."""
    for room in house.names():
        make = getattr(house.part(room, "checkpoint"), "columns", None)
        if make is not None:
            yield make(table, heads)


def findings(
    house: House, heads: Sequence[Head], measured: Sequence[Measured]
) -> Iterator[tuple[str, Finding]]:
    """What the weights decide, with the room that it is about."""
    for room in house.names():
        found = house.part(room, "checkpoint")
        if found is not None:
            yield from ((room, finding) for finding in found.findings(heads, measured))


def relative(difference: Float[np.ndarray, "..."], whole: Float[np.ndarray, "..."]) -> float:
    """The norm of a difference, as a share of the norm of the whole."""
    norm = float(np.linalg.norm(whole))
    return float(np.linalg.norm(difference)) / norm if norm > 0 else float(np.any(difference))
