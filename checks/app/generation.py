"""``verilimit generate``: writes the JAX modules of rooms from their theorems."""

import difflib
from pathlib import Path

from checks.app.screen import complain, console
from checks.suite.files import require_writable, write_text
from checks.suite.house import House
from checks.suite.problem import InputProblem
from checks.suite.roots import HERE
from theory.codegen.module import generate

SHOWN_LINES = 12


def generate_modules(names: tuple[str, ...], house: House, *, check: bool) -> int:
    """Write the modules of the rooms ``names`` (all when empty), or compare when ``check``.

    The exit status is 1 when ``check`` finds a committed module that is not what the theory
    gives, else 0; 2 when a room does not load.
    """
    screen = console()
    stale = []
    lost: list[InputProblem] = []
    asked = tuple(map(house.require, names)) or house.names()
    for name in house.those_that_load(asked, lost, house.theorem):
        address = house.address(name)
        theorem = house.theorem(name)
        source = generate(name, theorem.title, theorem.derivation.functions, address.source)
        path = address.generated
        old = path.read_text(encoding="utf-8") if path.exists() else None
        label = _label(path)
        if old == source:
            screen.print(f"{label}: up to date", markup=False)
        elif check:
            stale.append(name)
            screen.print(f"{label}: {'missing' if old is None else 'stale'}", markup=False)
            screen.print(_difference(old or "", source), markup=False)
        else:
            require_writable(path, "the room's folder")
            write_text(path, source)
            screen.print(f"{label}: written", markup=False)
    if stale:
        screen.print(f"run `verilimit generate {' '.join(stale)}` and commit", markup=False)
    complain(lost)
    return 2 if lost else 1 if stale else 0


def _label(path: Path) -> str:
    """The path from verilimit's own folder or the working directory, where it is below."""
    for folder in (HERE, Path.cwd()):
        if path.is_relative_to(folder):
            return str(path.relative_to(folder))
    return str(path)


def _difference(old: str, new: str) -> str:
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), "committed", "from the theory", lineterm="", n=1
    )
    return "\n".join(f"  {line}" for line in list(lines)[:SHOWN_LINES])
