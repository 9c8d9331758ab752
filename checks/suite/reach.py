"""Which inputs of this process the numbers of one room can have been made of.

`checks.suite.sources` tells of every input that is met: a module, a file, a variable. From each
an arrow comes, from whatever met it: from the *run* in progress (the import or the measuring of
one room), and from every module whose code was running, up to the machinery that had called it.
What is met outside of any run, or in a thread of which nothing is known, is common to all rooms.
A room's numbers are made of what is common and of what arrows lead to from its own run.

Why nothing else can be in them: code has a module only by importing it, also one that is loaded
already; it has data only by reading them, or from a module that keeps them, which was running when
they were read. A package in hand may give every module that is loaded below it. Not followed are
modules taken from ``sys.modules`` by hand and rooms that change other modules: see docs/rooms.md.

This module imports the standard library alone: it must be there before what it follows.
"""

import builtins
import importlib
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from types import ModuleType
from typing import Any

COMMON = ""
WATCHERS = ("checks.suite.sources", "checks.suite.outside", __name__)
# Modules that call rooms' code on behalf of a run: what it does is not their doing.
CALLERS = (
    "checks.suite.", "checks.app.", "checks.report.", "checks.verdicts.", "checks.properties.prob",
)  # fmt: skip

_arrows: dict[str, set[str]] = {COMMON: set()}
_modules: set[str] = set()  # names of the modules that were met
_here = threading.local()
_plain = builtins.__import__
_plain_import_module = importlib.import_module


@contextmanager
def during(run: str) -> Iterator[None]:
    """What this thread meets inside is met by ``run``."""
    before = getattr(_here, "run", COMMON)
    _here.run = run
    try:
        yield
    finally:
        _here.run = before


def met(entry: str) -> None:
    """An input was met: by the run in progress, and by the modules whose code is running."""
    kind, _, name = entry.partition(" ")
    if kind == "module":
        _modules.add(name)
    _arrow(getattr(_here, "run", COMMON), entry)
    for module in _running():
        _arrow(f"module {module}", entry)


def reached(run: str, entries: Iterable[str]) -> set[str]:
    """Those of the entries that arrows lead to from ``run``, and the common ones."""
    known = set(entries)
    found: set[str] = set()
    waiting = [COMMON, run]
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        found.add(node)
        waiting.extend(tuple(_arrows.get(node, ())))  # another thread may add to them
        if node.startswith("below "):
            package = node.removeprefix("below ")
            waiting.extend(f"module {m}" for m in tuple(_modules) if m.startswith(f"{package}."))
    return found & known


def _arrow(start: str, end: str) -> None:
    ends = _arrows.setdefault(start, set())
    if end not in ends:  # most are met again and again
        ends.add(end)


def _running() -> Iterator[str]:
    """Modules whose code is running, innermost first, up to a caller."""
    return takewhile(lambda name: not f"{name}.".startswith(CALLERS), _frames())


def _frames() -> Iterator[str]:
    """Modules that were met, of the frames on the stack, innermost first."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name in _modules and not name.startswith(WATCHERS):
            yield name
        frame = frame.f_back


def _import(name: str, globals: Any = None, locals: Any = None,
            fromlist: Any = (), level: int = 0) -> ModuleType:  # fmt: skip
    """``__import__``, seeing what is imported that was there already, too."""
    module = _plain(name, globals, locals, fromlist, level)
    importer = globals.get("__name__") if globals else None
    if importer in _modules:
        # What a caller imports by a statement serves all rooms.
        start = COMMON if f"{importer}.".startswith(CALLERS) else f"module {importer}"
        follow = start != COMMON
        for found, in_hand in _imported(module, name, fromlist):
            _have(start, found, follow and in_hand)
    return module


def _import_module(name: str, package: str | None = None) -> ModuleType:
    """``importlib.import_module``, seeing the same; a caller loads rooms by it, for a run."""
    module = _plain_import_module(name, package)
    importer = next(_frames(), None)
    if importer is not None:
        calls = f"{importer}.".startswith(CALLERS)
        start = getattr(_here, "run", COMMON) if calls else f"module {importer}"
        _have(start, module, not calls)
    return module


def _imported(module: ModuleType, name: str, names: Any) -> Iterator[tuple[ModuleType, bool]]:
    """The modules that an import statement runs, and whether it gives them: ``from`` their names,
    else the outermost package.
    """
    yield module, not names or "*" in names
    if not names:
        yield sys.modules.get(name, module), False
    for part in names or ():
        if isinstance(value := getattr(module, part, None), ModuleType):
            yield value, True


def _have(start: str, module: ModuleType, in_hand: bool) -> None:
    """A module and its parents, whose code ran first; a package in hand gives what is below."""
    name = module.__name__
    if f"below {name}" in _arrows.get(start, ()):
        return
    _arrow(start, f"module {name}")
    _parents(start, name)
    if in_hand and hasattr(module, "__path__"):
        _arrow(start, f"below {name}")


def _parents(start: str, name: str) -> None:
    while name := name.rpartition(".")[0]:
        _arrow(start, f"module {name}")


def watch() -> None:
    """Begin to follow imports."""
    builtins.__import__ = _import
    importlib.import_module = _import_module
