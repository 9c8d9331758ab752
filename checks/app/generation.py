"""``verilimit generate``: writes ``numerics/generated/<room>.py`` from the theorems."""

import difflib
from pathlib import Path

import theory
from checks.app.screen import console
from checks.suite.files import write_text
from checks.suite.rooms import load_theorem, require_room, rooms
from theory.codegen.module import generate

FOLDER = Path(theory.__path__[0]).parent / "numerics" / "generated"
SHOWN_LINES = 12


def generate_modules(names: tuple[str, ...], *, check: bool) -> int:
    """Write the modules of the rooms ``names`` (all when empty), or compare when ``check``.

    The exit status is 1 when ``check`` finds a committed module that is not what the theory
    gives, else 0.
    """
    screen = console()
    stale = []
    for name in tuple(map(require_room, names)) or rooms():
        theorem = load_theorem(name)
        source = generate(name, theorem.title, theorem.derivation.functions)
        path = FOLDER / f"{name}.py"
        old = path.read_text(encoding="utf-8") if path.exists() else None
        label = f"numerics/generated/{name}.py"
        if old == source:
            screen.print(f"{label}: up to date", markup=False)
        elif check:
            stale.append(name)
            screen.print(f"{label}: {'missing' if old is None else 'stale'}", markup=False)
            screen.print(_difference(old or "", source), markup=False)
        else:
            write_text(path, source)
            screen.print(f"{label}: written", markup=False)
    if stale:
        screen.print(f"run `verilimit generate {' '.join(stale)}` and commit", markup=False)
    return 1 if stale else 0


def _difference(old: str, new: str) -> str:
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), "committed", "from the theory", lineterm="", n=1
    )
    return "\n".join(f"  {line}" for line in list(lines)[:SHOWN_LINES])
