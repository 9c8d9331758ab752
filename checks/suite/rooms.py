"""Rooms are found, not registered: a theorem exists because its files exist."""

import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import theory
from checks.suite.problem import InputProblem


@dataclass(frozen=True)
class Room:
    """The three modules of one theorem, imported."""

    name: str
    theory: ModuleType
    numerics: ModuleType
    checks: ModuleType


def rooms() -> tuple[str, ...]:
    """Names of all rooms, sorted: the plain modules of the package ``theory``."""
    return plain_modules(theory.__path__)


def plain_modules(paths: Iterable[str]) -> tuple[str, ...]:
    """Modules in ``paths`` that are neither packages nor underscored, sorted."""
    found = pkgutil.iter_modules(list(paths))
    return tuple(sorted(m.name for m in found if not m.ispkg and not m.name.startswith("_")))


def require_room(name: str) -> str:
    """The name itself, if such a room exists; raises `InputProblem` otherwise."""
    if name not in rooms():
        raise InputProblem(
            expected=f"a room, one of {', '.join(rooms()) or '(no room exists)'}",
            received=f"“{name}”",
            remedy="`verilimit list` shows rooms and claims.",
        )
    return name


def load_theorem(name: str) -> ModuleType:
    """The module ``theory.<name>`` alone: deriving needs neither JAX nor the claims."""
    return import_module(f"theory.{require_room(name)}")


@cache
def load(name: str) -> Room:
    """Import the room ``name``; raises `InputProblem` for an unknown or an incomplete room."""
    modules = {}
    require_room(name)
    for package in ("theory", "numerics", "checks"):
        path = f"{package}.{name}"
        if find_spec(path) is None:
            raise InputProblem(
                expected=f"the room {name} to have the file {package}/{name}.py",
                received="no such file",
                remedy="CONTRIBUTING, “Adding a theorem”, lists the files of a room.",
            )
        modules[package] = import_module(path)
    return Room(name=name, **modules)
