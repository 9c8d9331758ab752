"""The house: one value that finds rooms, loads them, and knows where their generated code goes.

Rooms are found, not registered: a theorem exists because its files exist. Whatever works with
rooms is handed a `House`; it travels to other processes with the work.
"""

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from checks.suite import reach
from checks.suite.outside import making
from checks.suite.picture import Picture
from checks.suite.problem import InputProblem, RoomProblem
from checks.suite.roots import Address, Root, built_in_names
from checks.verdicts import CertifiedClaim, Claim, Statements, can_certify
from theory.certify.inequality import Claimed
from theory.language import Theorem


@dataclass(frozen=True)
class Room:
    """One theorem with its claims, the pictures of its report, and what it leaves unchecked."""

    name: str
    theorem: Theorem
    claims: tuple[Claim, ...]
    pictures: tuple[Picture, ...]
    not_checked: tuple[str, ...]


@dataclass(frozen=True)
class House:
    """Rooms below some roots, and those that are ``built_in``.

    The methods that take a room's name raise `InputProblem` for an unknown one, and `RoomProblem`
    for a room that does not load: with file, line and reason.
    """

    roots: tuple[Root, ...] = ()
    built_in: bool = True

    def names(self) -> tuple[str, ...]:
        """Names of all rooms, sorted; raises `InputProblem` when two have the same."""
        return tuple(sorted(self._addresses()))

    def require(self, name: str) -> str:
        """The name itself, if such a room exists."""
        return self.address(name).name

    def address(self, name: str) -> Address:
        """Where a room stands."""
        known = self._addresses()
        if name not in known:
            near = get_close_matches(name, known)
            raise InputProblem(
                expected=f"a room, one of {', '.join(sorted(known)) or '(no room exists)'}",
                received=f"“{name}”" + (f" (did you mean {' or '.join(near)}?)" if near else ""),
                remedy="`verilimit list` shows rooms and claims; --rooms DIR adds yours.",
            )
        return known[name]

    def theorem(self, name: str) -> Theorem:
        """The theorem of a room; deriving needs neither JAX nor the claims."""
        return _theorem(self.address(name))

    def room(self, name: str) -> Room:
        """A room with its claims."""
        return _room(self.address(name))

    def part(self, name: str, part: str) -> ModuleType | None:
        """A module that a room may have: its probes, checkpoint or inequalities."""
        address = self.address(name)
        return _module(address, part) if address.file(part).is_file() else None

    def inequalities(self) -> Mapping[str, Claimed]:
        """The inequalities of all rooms that are to be certified, by name."""
        found: dict[str, Claimed] = {}
        for name in self.names():
            module = self.part(name, "inequalities")
            for claim in getattr(module, "inequalities", ()):
                if found.setdefault(claim.name, claim) is not claim:
                    raise InputProblem(
                        expected="every inequality to have its own name",
                        received=f"two named {claim.name}, one of them in {name}",
                        remedy="Rename one of them.",
                    )
        return found

    def those_that_load(
        self, names: Iterable[str], lost: list[InputProblem], load: Callable[[str], Any]
    ) -> Iterator[str]:
        """The names whose room loads; what is wrong with the others is added to ``lost``."""
        for name in names:
            try:
                load(name)
            except RoomProblem as problem:
                lost.append(problem)
            else:
                yield name

    def _addresses(self) -> dict[str, Address]:
        found: dict[str, Address] = {}
        for address in self._all():
            other = found.setdefault(address.name, address)
            if other is not address:
                raise InputProblem(
                    expected="every room to have a name of its own",
                    received=f"two rooms named {address.name}: {other.place} and {address.place}",
                    remedy="Rename one of the two folders.",
                )
        return found

    def _all(self) -> Iterator[Address]:
        if self.built_in:
            yield from map(Address, built_in_names())
        for root in self.roots:
            yield from (Address(name, root) for name in root.names())


BUILT_IN = House()


def part_of_room(name: str, part: str = "numerics", house: House = BUILT_IN) -> ModuleType:
    """A module of a room, to try things out with.

    ``part`` is numerics, theory, checks or probes, or a module beside them: ``"numerics.runs"`` of
    a built-in room, ``"helper"`` of one's own. Raises `InputProblem` when there is none.
    """
    return _module(house.address(name), part)


@cache
def _theorem(address: Address) -> Theorem:
    return _typed(address, "theory", "theorem", Theorem)


@cache
def _room(address: Address) -> Room:
    theorem = _theorem(address)
    _module(address, "numerics")
    parts = ("claims", "pictures", "not_checked")
    claims, pictures, unchecked = (tuple(_member(address, "checks", part)) for part in parts)
    for claim in claims:
        if not isinstance(claim, Claim):
            raise _incomplete(address, "claims to be a tuple of claims", repr(claim))
    claims += _certified(address)
    return Room(address.name, theorem, claims, pictures, unchecked)


def _certified(address: Address) -> tuple[Claim, ...]:
    """The room's inequalities as claims, where what proves them is installed."""
    if not (address.file("inequalities").is_file() and can_certify()):
        return ()
    state = Statements(address.name)
    return tuple(
        state(CertifiedClaim, f"certified/{found.name}", found.statement, found, {})
        for found in _member(address, "inequalities", "inequalities")
    )


def _typed(address: Address, part: str, member: str, kind: type) -> Any:
    value = _member(address, part, member)
    if not isinstance(value, kind):
        expected = f"“{member}” in {address.file(part)} to be a {kind.__name__}"
        raise _incomplete(address, expected, repr(value))
    return value


def _member(address: Address, part: str, member: str) -> Any:
    module = _module(address, part)
    if not hasattr(module, member):
        expected = f"“{member}” in {address.file(part)}"
        raise _incomplete(address, expected, "a module without it")
    return getattr(module, member)


def _module(address: Address, part: str) -> ModuleType:
    """A module of a room, imported as its own; JAX computes in double precision there."""
    if not address.name.isidentifier():
        raise _incomplete(address, "a name that Python can import", f"“{address.name}”")
    if not address.file(part).is_file():
        raise _incomplete(address, f"the file {address.file(part)}", "no such file")
    with making(), reach.during(address.run):
        try:
            if part in ("theory", "inequalities"):  # which need no JAX
                return import_module(address.module(part))
            with import_module("numerics").double():
                return import_module(address.module(part))
        except InputProblem:
            raise
        except (Exception, SystemExit) as error:
            raise RoomProblem(
                expected=f"the room {address.name} ({address.place}) to load",
                received=f"{type(error).__name__}: {error}, {_where(address, error)}",
                remedy="Mend the file.",
            ) from error


def _where(address: Address, error: BaseException) -> str:
    """File and line: of the room's own code that failed, else of the code that it called."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"in {error.filename}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    frame = next((f for f in reversed(frames) if address.owns(f.filename)), frames[-1])
    return f"in {frame.filename}, line {frame.lineno}"


def _incomplete(address: Address, expected: str, received: str) -> RoomProblem:
    return RoomProblem(
        expected=f"the room {address.name} ({address.place}) to have {expected}",
        received=received,
        remedy="docs/rooms.md lists what a room holds; `verilimit new NAME` writes one.",
    )
