"""Rooms are found, not registered: a theorem exists because its folders exist."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import theory
from checks.suite import sources
from checks.suite.outside import making
from checks.suite.picture import Picture
from checks.suite.problem import InputProblem
from checks.verdicts import Claim
from theory.language import Theorem

SETS_A_THEOREM = re.compile(r"^theorem(: \w+)? = ", re.MULTILINE).search


@dataclass(frozen=True)
class Room:
    """One theorem with its claims, the pictures of its report, and what it leaves unchecked."""

    name: str
    theorem: Theorem
    claims: tuple[Claim, ...]
    pictures: tuple[Picture, ...]
    not_checked: tuple[str, ...]


def rooms() -> tuple[str, ...]:
    """Names of all rooms, sorted: the sub-packages of ``theory`` that define a theorem."""
    return pages_with_a_theorem(theory.__path__)


def pages_with_a_theorem(paths: Iterable[str]) -> tuple[str, ...]:
    """Folders in ``paths`` whose ``__init__.py`` sets ``theorem``, sorted; nothing is imported."""
    with sources.unwatched():  # a page that no measured number came from is no input of it
        pages = [page for path in paths for page in Path(path).glob("*/__init__.py")]
        return tuple(sorted({page.parent.name for page in pages if SETS_A_THEOREM(_text(page))}))


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def require_room(name: str) -> str:
    """The name itself, if such a room exists; raises `InputProblem` otherwise."""
    if name not in rooms():
        raise InputProblem(
            expected=f"a room, one of {', '.join(rooms()) or '(no room exists)'}",
            received=f"“{name}”",
            remedy="`verilimit list` shows rooms and claims.",
        )
    return name


def load_theorem(name: str) -> Theorem:
    """The theorem of a room; deriving needs neither JAX nor the claims.

    Raises `InputProblem` for an unknown or an incomplete room, as `load` does.
    """
    return _member("theory", require_room(name), "theorem")


@cache
def load(name: str) -> Room:
    """Import the room ``name``; raises `InputProblem` for an unknown or an incomplete room."""
    with making():
        theorem = load_theorem(name)
        _module("numerics", name)
        parts = ("claims", "pictures", "not_checked")
        members = {part: tuple(_member("checks", name, part)) for part in parts}
    return Room(name=name, theorem=theorem, **members)


def part(name: str, file: str) -> ModuleType | None:
    """The module ``checks/NAME/FILE.py``, which a room may have; None without such a file."""
    there = find_spec(f"checks.{name}") and find_spec(f"checks.{name}.{file}")
    return import_module(there.name) if there else None


def _module(package: str, name: str) -> ModuleType:
    if find_spec(f"{package}.{name}") is None:
        raise _incomplete(name, f"the file {package}/{name}/__init__.py", "no such file")
    return import_module(f"{package}.{name}")


def _member(package: str, name: str, member: str) -> Any:
    module = _module(package, name)
    if not hasattr(module, member):
        page = f"{package}/{name}/__init__.py"
        raise _incomplete(name, f"“{member}” in {page}", "a module without it")
    return getattr(module, member)


def _incomplete(name: str, expected: str, received: str) -> InputProblem:
    return InputProblem(
        expected=f"the room {name} to have {expected}",
        received=received,
        remedy="CONTRIBUTING, “Adding a theorem”, lists what a room holds.",
    )
