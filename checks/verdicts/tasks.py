"""One work item: an experiment's point and a block of seeds. Pure, so it can be sent away."""

import hashlib
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt32

from numerics import double

from .data import Real, Size
from .experiment import Experiment
from .values import FAULTS, ClaimError, frames_of, in_words, real_values

DOUBLE, SINGLE = PRECISIONS = ("float64", "float32")


@dataclass(frozen=True)
class Task:
    """Simulate the experiment of that name at one point, for seeds start..start+count-1.

    Hashable and JSON-able (``to_json``). ``precision`` is that of JAX: float64 or float32.
    """

    experiment: str
    size: tuple[tuple[str, Real], ...]
    start: int
    count: int
    seed: int
    precision: str = DOUBLE

    @property
    def point(self) -> Size:
        """The size as the dict a simulation receives."""
        return dict(self.size)

    @property
    def where(self) -> str:
        """The point and the seeds, in words."""
        return f"at size {self.point}, seeds {self.start}..{self.start + self.count - 1} of run " \
            f"seed {self.seed}"  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Plain data, enough to rebuild the task with ``from_json``; double precision is unsaid."""
        data = {**asdict(self), "size": [[name, level] for name, level in self.size]}
        return {name: x for name, x in data.items() if (name, x) != ("precision", DOUBLE)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Task":
        """The task that ``to_json`` wrote."""
        size = tuple((str(name), level) for name, level in data["size"])
        return Task(**{**data, "size": size})


def seed_keys(
    draw: str, seed: int, start: int, count: int, side: str = ""
) -> UInt32[np.ndarray, "count 2"]:
    """Keys of the seeds start..start+count-1 of a draw (an experiment's name).

    They depend on the run's seed, the draw and the index alone, so more seeds extend the
    earlier ones and all sizes and mutants share randomness. ``side`` separates samples
    that must be independent (the right side of a law claim).
    """
    if seed < 0:
        raise ValueError(f"expected a seed of at least 0, received {seed}")
    stop = start + count
    digest = hashlib.sha256(f"{draw}|{side}".encode()).digest()
    words = np.frombuffer(digest[:16], dtype="<u4").tolist()
    return _state(np.random.SeedSequence([seed, *words]), 2 * start, 2 * stop).reshape(-1, 2)


def _state(source: np.random.SeedSequence, start: int, stop: int) -> UInt32[np.ndarray, " words"]:
    """Words ``start`` to ``stop`` of ``source.generate_state``, without those before.

    Each is a word of the pool, hashed with a constant that is multiplied once a word.
    """
    first, factor, shift = 0x8B51F9DD, 0x58F38DED, 16  # NumPy's, and those of O'Neill's seed_seq
    constants = np.full(stop - start + 1, factor, dtype=np.uint32)
    constants[0] = first * pow(factor, start, 2**32) % 2**32
    constants = np.multiply.accumulate(constants, dtype=np.uint32)
    words = source.pool[np.arange(start, stop) % len(source.pool)] ^ constants[:-1]
    words = words * constants[1:]
    return words ^ (words >> np.uint32(shift))


def evaluate(experiment: Experiment, task: Task) -> dict[str, np.ndarray]:
    """Simulate one block; named columns of doubles or truth values, one row a seed.

    JAX computes in the task's precision, and what comes of single precision is read as doubles.

    Raises ClaimError, naming experiment, size and seeds, for an exception, for what is no table,
    and for whatever is not real, double precision data (see ``real_values``).
    """
    draw = experiment.draw or experiment.name
    keys = seed_keys(draw, task.seed, task.start, task.count, experiment.side)
    where = f"{experiment.who} {task.where}"
    try:
        # A function may write into its size dict or keys: it gets copies of its own.
        with double(task.precision == DOUBLE), _as_asked(task.precision):
            table = experiment.simulate(task.point, keys, **experiment.options)
        if not isinstance(table, Mapping) or not table:
            raise TypeError(f"expected a dict of named columns, received {type(table).__name__}")
        # A mapping and its arrays may be of the user's own kinds.
        return {str(name): _column(raw, task.precision) for name, raw in table.items()}
    except FAULTS as error:
        problem = ClaimError(
            f"{where}: expected an array of {task.count} values, received {in_words(error)}; "
            "correct the function"
        )
        problem.frames = frames_of(error)
        raise problem from error


@contextmanager
def _as_asked(precision: str) -> Iterator[None]:
    """In single precision JAX need not say that who asks for doubles gets less: the run asked."""
    if precision == DOUBLE:
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Explicitly requested dtype")
        yield


def _column(raw: Any, precision: str) -> np.ndarray:
    """As float64; truth values as they are, for who reads them may not admit them."""
    values = real_values(raw, events=True, single=precision == SINGLE)
    return values.astype(bool) if np.asarray(raw).dtype == bool else values
