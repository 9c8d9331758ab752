"""The probes of the rooms: found by package, run one by one, printed as code that reproduces."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import settings

from checks.properties import strategies
from checks.properties.probe import (
    PROFILES,
    Found,
    Outside,
    Probe,
    Search,
    Settings,
    as_code,
    search,
)
from checks.suite import sources
from checks.suite.house import House
from checks.suite.problem import InputProblem
from numerics import in_double
from theory.language import Assumption

PATIENCE = 1000  # examples tried outside a domain


@dataclass(frozen=True)
class Beyond:
    """What was found beyond one edge of the domain; finding nothing there is unexpected."""

    place: Outside
    search: Search
    code: str


@dataclass(frozen=True)
class Probed:
    """One assumption with its probe and what the searches found; ``probe`` is None when missing."""

    room: str
    assumption: Assumption
    probe: Probe | None
    inside: Search | None
    beyond: tuple[Beyond, ...] = ()
    code: str = ""

    @property
    def word(self) -> str:
        """HOLDS, FAILS, or MISSING for an assumption without a probe."""
        return self.inside.found.name if self.inside else "MISSING"

    @property
    def expected(self) -> bool:
        """Whether every edge of the domain showed the counterexample that it should."""
        return all(b.search.found is Found.FAILS for b in self.beyond)


def load_probes(room: str, house: House) -> tuple[Probe, ...]:
    """The probes of a room; none without a file of them.

    Raises `InputProblem` when a probe is of no assumption, or two are of one.
    """
    found = tuple(getattr(house.part(room, "probes"), "probes", ()))
    names = [probe.assumption for probe in found]
    declared = [assumption.id for assumption in house.theorem(room).assumptions]
    wrong = sorted({n for n in names if n not in declared or names.count(n) > 1})
    if wrong:
        raise InputProblem(
            expected=f"one probe an assumption of {room} ({', '.join(declared)})",
            received=", ".join(wrong),
            remedy=f"Mend {house.address(room).file('probes')}.",
        )
    return found


def missing_probes(room: str, house: House) -> tuple[str, ...]:
    """Declared assumptions of a room that no probe is of."""
    there = {probe.assumption for probe in load_probes(room, house)}
    return tuple(a.id for a in house.theorem(room).assumptions if a.id not in there)


# Tolerances of assumptions are those of double precision, whoever asks.
_searched = in_double(search)


def run_probes(
    rooms: Sequence[str],
    house: House,
    profile: Settings = PROFILES["ci"],
    seed: int | None = None,
) -> Iterator[Probed]:
    """Search for counterexamples to all assumptions of the rooms, in order."""
    for room in rooms:
        there = {probe.assumption: probe for probe in load_probes(room, house)}
        for assumption in house.theorem(room).assumptions:
            probe = there.get(assumption.id)
            if probe is None:
                yield Probed(room, assumption, None, None)
                continue
            inside = _searched(probe.holds, probe.inputs, profile, seed)
            beyond = tuple(_beyond(probe, place, profile, seed) for place in probe.outside)
            yield Probed(room, assumption, probe, inside, beyond, reproduction(probe, inside))


def _beyond(probe: Probe, place: Outside, profile: Settings, seed: int | None) -> Beyond:
    # A counterexample is there, and the search ends with it: more examples cost nothing.
    patient = settings(profile, max_examples=max(profile.max_examples, PATIENCE))
    found = _searched(probe.holds, {**probe.inputs, **place.inputs}, patient, seed)
    return Beyond(place, found, reproduction(probe, found))


def reproduction(probe: Probe, found: Search) -> str:
    """A short program that raises the violation again; empty when nothing was found."""
    if found.counterexample is None:
        return ""
    values = {name: as_code(value) for name, value in found.counterexample.items()}
    kinds = {type(v) for v in found.counterexample.values() if hasattr(v, "__dataclass_fields__")}
    function = probe.holds.__qualname__
    lines = ["import numpy as np", "import verilimit as vl", ""]
    lines += [_taken(value) for value in (probe.holds, *sorted(kinds, key=lambda k: k.__name__))]
    lines += ["", f"{function}(", *(f"    {k}={v}," for k, v in values.items()), ")"]
    return "\n".join(lines)


def _taken(value: Any) -> str:
    """A line of code that takes a function or a class from where it is public."""
    name, module = value.__qualname__, value.__module__
    if getattr(strategies, name, None) is value:
        return f"{name} = vl.strategies.{name}"
    if module.startswith(f"{sources.ROOMS}."):
        _, _, room, part = module.split(".", 3)
        folder = str(Path(sys.modules[module].__file__ or "").parent.parent)
        house = f"vl.House((vl.Root({folder!r}),))"
        return f"{name} = vl.part_of_room({room!r}, {part!r}, {house}).{name}"
    package, room, part = (*module.split("."), "")[:3]
    part = part if part == "probes" else f"{package}.{part}".rstrip(".")
    return f"{name} = vl.part_of_room({room!r}, {part!r}).{name}"
