"""Experiments: what is simulated, once for all claims that ask about it.

A claim reads a column of an experiment, or a function of its columns. The seeds' keys are made of
the experiment's name, so claims of one experiment ask about the same networks; a block of seeds at
a point is simulated and stored once, whoever asks for it first and wherever it is computed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .data import Measure, Real, Size

Table = Mapping[str, np.ndarray]  # named columns, each with one row a key


@dataclass(frozen=True)
class Experiment:
    """A simulation: ``simulate(point, keys)`` gives named columns, arrays with one row a key.

    It must be a pure function. ``name`` is made of kebab-case parts like a claim's id, and unique
    in a room. ``options`` are further keyword arguments of ``simulate``. ``draw``: what the keys
    are made of, by default the name; ``side`` tells apart samples of one draw that must be
    independent. ``block``: the number of seeds simulated together, by default that of the first
    look of the claim that asks. ``together``: the size whose levels are simulated at once, such as
    nested depths: the point has the claim's largest level, and the table columns for all.
    ``memory``: the bytes that a block needs at most, where they are many. Blocks that say so do not
    run side by side on a machine, or a Dask worker, that has not room for all of them.

    Raises ValueError where ``memory`` is no number of bytes.

    ``experiment["error"]`` is a measuring function of a claim that reads a column, and
    ``experiment["error/{L}"]`` one that reads ``error/8`` where the claim's size L is 8;
    ``experiment.column(f)`` reads ``f(size, table)``.
    """

    name: str
    simulate: Callable[..., Mapping[str, Any]]
    draw: str = ""
    side: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    block: int = 0
    together: str = ""
    memory: Real = 0

    def __post_init__(self) -> None:
        """Check the field that no simulation would find wrong."""
        if isinstance(self.memory, bool) or not 0 <= self.memory < math.inf:
            raise ValueError(
                f"experiment {self.name}: expected memory to be a number of bytes, at least 0; "
                f"received {self.memory!r}"
            )

    @staticmethod
    def of(
        name: str, columns: Mapping[str, Measure], *, draw: str = "", block: int = 0
    ) -> "Experiment":
        """The experiment whose columns are functions ``(point, keys) -> array``."""
        return Experiment(name, _Measured(columns), draw, block=block)

    def __getitem__(self, name: str) -> "Column":
        """The column of that name, in which a claim's sizes may stand in braces."""
        return self.column(Named(name))

    def column(
        self, of: Callable[[Size, Table], Any], at: Callable[[Size], Size] | None = None
    ) -> "Column":
        """``of(size, table)`` of what was simulated at the point ``at(size)``, for each key a row.

        ``at`` leaves out sizes of the claim that the experiment does not have.
        """
        return Column(self, of, at)

    def changed(self, name: str, **options: Any) -> "Experiment":
        """The same experiment on the same keys with other ``options``: a planted error's."""
        return replace(
            self,
            name=f"{self.name}/{name}",
            draw=self.draw or self.name,
            options={**self.options, **options},
        )

    @property
    def who(self) -> str:
        """What a message calls it: a claim's own function has colons in its name."""
        claim, *rest = self.name.split(":")
        if not rest:
            return f"experiment {self.name}"
        *mutant, role = rest
        return ", ".join([f"claim {claim}", *(f"mutant {name}" for name in mutant), role])


@dataclass(frozen=True)
class Named:
    """Reads a column by its name."""

    name: str

    def __call__(self, size: Size, table: Table) -> np.ndarray:
        """The column; raises KeyError with the names that there are."""
        name = self.name.format_map(size) if "{" in self.name else self.name
        if name not in table:
            raise KeyError(f"no column {name!r}; the experiment has {sorted(table)}")
        return table[name]


@dataclass(frozen=True)
class Column:
    """What a claim reads of an experiment; also a measuring function by itself."""

    experiment: Experiment
    of: Callable[[Size, Table], Any]
    at: Callable[[Size], Size] | None = None

    def point(self, size: Size, sizes: Sequence[Size] = ()) -> Size:
        """The experiment's point for one of a claim's ``sizes``."""
        point = dict(size) if self.at is None else self.at(dict(size))
        name = self.experiment.together
        if name in point:
            fixed = size.keys() - {name}
            alike = (s for s in sizes if all(s.get(other) == size[other] for other in fixed))
            point[name] = max((s[name] for s in alike), default=size[name])
        return point

    def __call__(self, size: Size, keys: Any) -> Any:
        """Simulate for these keys at this size alone, and read."""
        experiment = self.experiment
        table = experiment.simulate(self.point(size), keys, **experiment.options)
        return self.of(size, {name: np.asarray(column) for name, column in table.items()})


@dataclass(frozen=True)
class _Measured:
    functions: Mapping[str, Measure]

    def __call__(self, point: Size, keys: Any) -> dict[str, Any]:
        # A function may write into what it gets, and return it: each gets copies of its own.
        return {name: f(dict(point), keys.copy()) for name, f in self.functions.items()}


def alone(name: str, measure: Measure, draw: str, side: str) -> Column:
    """A plain function ``(size, keys) -> array`` as the one column of an experiment of its own."""
    return Experiment(name, _Measured({"value": measure}), draw, side)["value"]
