"""Kinds of benchmarks: two things beside each other, growth with a size, a kernel's share."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, runtime_checkable

import jax.numpy as jnp
import numpy as np

from checks.bench.programs import ROUNDS, Call, Program, least_seconds


@dataclass(frozen=True)
class Row:
    """One figure: what it is of, its value, what is aimed at, and a word on it."""

    name: str
    value: float
    aim: str = ""
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """The fields."""
        return {"name": self.name, "value": self.value, "aim": self.aim, "note": self.note}


@runtime_checkable
class Benchmark(Protocol):
    """What can be measured."""

    def rows(self) -> Iterator[Row]:
        """Measure; one row or several."""
        ...


@dataclass(frozen=True)
class Ratio:
    """The time of ``first`` over that of ``second``; ``scale`` is what the first did too little."""

    name: str
    first: Callable[[], Call]
    second: Callable[[], Call]
    aim: str = ""
    scale: float = 1.0
    rounds: int = ROUNDS

    def rows(self) -> Iterator[Row]:
        """The ratio of least times."""
        first, second = least_seconds([self.first(), self.second()], self.rounds)
        yield Row(self.name, self.scale * first / second, self.aim)


@dataclass(frozen=True)
class Compiling:
    """Seconds to trace and compile ``first`` over those of ``second``."""

    name: str
    first: Callable[[], Program]
    second: Callable[[], Program]
    aim: str = ""

    def rows(self) -> Iterator[Row]:
        """The ratio of the lesser of two times each."""
        first, second = (
            min(p.compiling() for _ in range(2)) for p in (self.first(), self.second())
        )
        yield Row(self.name, first / second, self.aim)


@dataclass(frozen=True)
class Growth:
    """The exponent of a cost in a size, beside the one that theory gives it.

    ``of`` is ``"time"``, or ``"memory"``: bytes that the compiler reserves, without any noise.
    """

    name: str
    sizes: Sequence[int]
    at: Callable[[int], Program]
    theory: float
    of: str = "time"

    def rows(self) -> Iterator[Row]:
        """The slope of the logarithm against that of the size, by least squares."""
        programs = [self.at(size) for size in self.sizes]
        if self.of == "memory":
            costs = [max(program.memory, 1) for program in programs]
        else:
            costs = least_seconds(programs, 7)
        slope = float(np.polyfit(np.log(self.sizes), np.log(costs), 1)[0])
        note = f"{self.sizes[0]} to {self.sizes[-1]}; theory: {self.theory:g}"
        yield Row(self.name, slope, f"at most {self.theory + 0.1:g}", note)


@dataclass(frozen=True)
class Kernel:
    """What one program gets of what the machine can give, measured in the same run.

    Loops are counted once by the compiler: time one turn of a loop.
    """

    name: str
    program: Callable[[], Program]
    reason: str = ""

    def rows(self) -> Iterator[Row]:
        """The larger of its shares of the attainable operations and of the attainable bytes."""
        program = self.program()
        (seconds,) = least_seconds([program])
        flops, moved = (cost / seconds for cost in program.cost)
        most_flops, most_bytes = attainable()
        words = f"{flops / 1e9:.2g} GFLOP/s, {moved / 1e9:.2g} GB/s"
        note = f"{words} of {most_flops / 1e9:.3g} and {most_bytes / 1e9:.3g}"
        share = max(flops / most_flops, moved / most_bytes)
        yield Row(self.name, share, "at least 0.5, or a reason", f"{note}; {self.reason}")


@cache
def attainable() -> tuple[float, float]:
    """Operations and bytes a second: of a product of matrices, and of adding one to an array."""
    square, line = jnp.ones((1024, 1024)), jnp.ones(1 << 24)
    product = Program(lambda a: a @ a, (square,))
    added = Program(lambda a: a + 1.0, (line,))
    multiplying, adding = least_seconds([product, added])
    return 2 * len(square) ** 3 / multiplying, 2 * line.nbytes / adding
