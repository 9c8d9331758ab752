"""One work item: a size point and a block of seeds. Pure, so it can be cached and sent away."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped, UInt32

from .claim import Claim, Mutant, Role
from .data import Real, Size
from .values import ClaimError, real_values


@dataclass(frozen=True)
class Task:
    """Run the function called ``role`` at one size, for seeds start..start+count-1.

    Hashable and JSON-able (``to_json``). ``mutant_id`` is None unless the mutant replaces
    a measuring function: mutants of the prediction share the claim's own data.
    """

    claim_id: str
    mutant_id: str | None
    role: str
    size: tuple[tuple[str, Real], ...]
    start: int
    count: int
    seed: int

    @property
    def point(self) -> Size:
        """The size as the dict a measuring function receives."""
        return dict(self.size)

    def to_json(self) -> dict[str, Any]:
        """Plain data, enough to rebuild the task with ``from_json``."""
        return {
            "claim_id": self.claim_id,
            "mutant_id": self.mutant_id,
            "role": self.role,
            "size": [[name, level] for name, level in self.size],
            "start": self.start,
            "count": self.count,
            "seed": self.seed,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Task":
        """The task that ``to_json`` wrote."""
        size = tuple((str(name), level) for name, level in data["size"])
        return Task(**{**data, "size": size})


def seed_keys(
    draw: str, seed: int, start: int, count: int, side: str = ""
) -> UInt32[np.ndarray, "count 2"]:
    """Keys of the seeds start..start+count-1 of a draw (a claim's ``draw_name``).

    They depend on the run's seed, the draw and the index alone, so more seeds extend the
    earlier ones and all sizes and mutants share randomness. ``side`` separates samples
    that must be independent (the right side of a law claim).
    """
    if seed < 0:
        raise ValueError(f"expected a seed of at least 0, received {seed}")
    stop = start + count
    return _first_keys(f"{draw}|{side}", seed, 1 << (stop - 1).bit_length())[start:stop].copy()


@lru_cache(maxsize=64)
def _first_keys(text: str, seed: int, count: int) -> UInt32[np.ndarray, "{count} 2"]:
    """The first keys of a draw; a power of two of them, so that many blocks are one computation."""
    words = np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], dtype="<u4").tolist()
    source = np.random.SeedSequence([seed, *words])
    return source.generate_state(2 * count, np.uint32).reshape(-1, 2)


def evaluate(claim: Claim, task: Task) -> Float[np.ndarray, "..."]:
    """Run one task of a claim (the claim itself, not the mutant) and check what comes back.

    Returns float64 of shape (count,), (count, q) or (count, times). Raises ClaimError,
    naming claim, size and seed, for an exception, a wrong shape, NaN or infinity, a negative
    error, and whatever is not real, double precision data (see ``real_values``).
    """
    subject = claim if task.mutant_id is None else claim.planted(find_mutant(claim, task.mutant_id))
    side = "right" if task.role == "right" else ""
    keys = seed_keys(claim.draw_name, task.seed, task.start, task.count, side)
    where = f"claim {task.claim_id}" + (f", mutant {task.mutant_id}" if task.mutant_id else "")
    where += f", {task.role} at size {task.point}"
    seeds = f"seeds {task.start}..{task.start + task.count - 1} of run seed {task.seed}"
    role = subject.roles()[task.role]
    try:
        # A function may write into its size dict or keys: it gets copies of its own.
        raw = role.measure(task.point, keys)
    except Exception as error:
        raise ClaimError(
            f"{where}, {seeds}: expected an array of {task.count} values, received "
            f"{type(error).__name__}: {error}; correct the function"
        ) from error
    try:
        values = real_values(raw, events=role.events)
    except (TypeError, ValueError) as error:  # NumPy's own: it is no array at all
        raise ClaimError(f"{where}, {seeds}: {error}; correct the function") from error
    _check_shape(role, task.count, values, f"{where}, {seeds}")
    finite = np.all(np.isfinite(values).reshape(task.count, -1), axis=1)
    _refuse(finite, values, task, where, "finite numbers")
    if role.nonnegative:
        positive = np.all((values >= 0).reshape(task.count, -1), axis=1)
        _refuse(positive, values, task, where, "errors of at least 0")
    return values


def find_mutant(claim: Claim, mutant_id: str) -> Mutant:
    """The mutant of that id among those named in the claim (automatic ones share its data)."""
    for mutant in claim.mutants:
        if mutant.id == mutant_id:
            return mutant
    raise ValueError(
        f"claim {claim.id} names no mutant {mutant_id!r}; it names {[m.id for m in claim.mutants]}"
    )


def _check_shape(role: Role, count: int, values: Shaped[np.ndarray, "..."], where: str) -> None:
    shapes = [(count, *row) for row in role.rows]
    if not any(_matches(values.shape, shape) for shape in shapes):
        raise ClaimError(
            f"{where}: expected an array of shape {' or '.join(map(str, shapes))}, received shape "
            f"{values.shape}; return one row a key"
        )


def _matches(shape: tuple[int, ...], wanted: tuple[int | str, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        isinstance(w, str) or n == w for n, w in zip(shape, wanted, strict=True)
    )


def _refuse(
    good: Bool[np.ndarray, " count"],
    values: Float[np.ndarray, "count ..."],
    task: Task,
    where: str,
    expected: str,
) -> None:
    if not good.all():
        first = int(np.argmin(good))
        raise ClaimError(
            f"{where}, seed {task.start + first} of run seed {task.seed}: expected {expected}, "
            f"received {values[first]}; {int((~good).sum())} of {task.count} seeds are affected"
        )
