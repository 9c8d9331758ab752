"""What derivations cost: processor seconds of `verilimit derive` in a fresh process."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.bench.kinds import Row
from checks.bench.starting import seconds_of

AIM, AIM_OF_ALL = "12 s", "40 s"


@dataclass(frozen=True)
class Derivations:
    """Every step of some rooms decided anew, by rewriting and by sampling; SymPy's start counts."""

    rooms: tuple[str, ...]
    name: str = "derivations"

    def rows(self) -> Iterator[Row]:
        """Processor seconds of each room, and of all."""
        total = 0.0
        for room in self.rooms:
            seconds = seconds_of(("-m", "verilimit", "derive", room))
            total += seconds
            yield Row(f"processor seconds to derive {room}", seconds, AIM)
        yield Row("processor seconds to derive all, one after the other", total, AIM_OF_ALL)
