"""Generated code and the theory that it comes from: one must be what the other gives."""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from checks.suite import sources
from checks.suite.files import write_text
from checks.suite.house import House
from checks.suite.problem import InputProblem
from checks.suite.roots import HERE
from checks.suite.versions import versions
from theory.codegen.module import generate


def source_from_theory(house: House, name: str) -> str:
    """The generated module of a room, as its theory gives it now."""
    theorem, address = house.theorem(name), house.address(name)
    return generate(name, theorem.title, theorem.derivation.functions, address.source)


def require_generated(house: House, names: Iterable[str], memory: Path | None = None) -> None:
    """Raise `InputProblem` when the code on disk of one of the rooms is not what its theory gives.

    What is judged would then not be what is stated. Deriving takes seconds: built-in rooms that
    were found to agree are remembered in the file ``memory`` with everything they came from.
    """
    known = _known(memory)
    for name in dict.fromkeys(names):
        address = house.address(name)
        path = address.generated
        state = _state(path) if address.root is None else None
        if state is not None and known.get(name) == state:
            continue
        text = path.read_text(encoding="utf-8") if path.is_file() else None
        if text is None and not house.theorem(name).derivation.functions:
            continue  # no code comes from this theory
        if text != source_from_theory(house, name):
            raise InputProblem(
                expected=f"{path} to be what the theory of {name} gives",
                received="no such file" if text is None else "another text",
                remedy=f"Run `verilimit generate {name}`; nothing was judged.",
            )
        if state is not None:
            known[name] = state
    if memory is not None:
        with suppress(OSError):  # it saves time, no more
            memory.parent.mkdir(parents=True, exist_ok=True)
            write_text(memory, json.dumps(known, indent=1, sort_keys=True))


def _state(generated: Path) -> str:
    """Hash of what generated code of a built-in room can come from, and of that code."""
    digest = hashlib.sha256(json.dumps(dict(versions()), sort_keys=True).encode())
    with sources.unwatched():
        for path in [*sorted((HERE / "theory").rglob("*.py")), generated]:
            digest.update(f"{path.relative_to(HERE)} {sources.file_digest(str(path))}\n".encode())
    return digest.hexdigest()


def _known(memory: Path | None) -> dict[str, str]:
    with suppress(OSError, ValueError), sources.unwatched():
        if memory is not None:
            found = json.loads(memory.read_text(encoding="utf-8"))
            return {str(name): str(state) for name, state in found.items()}
    return {}
