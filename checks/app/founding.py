"""``verilimit new``: writes a small room that runs and passes, to change into one's own."""

import re
from collections.abc import Sequence
from pathlib import Path

from checks.app.generation import generate_modules
from checks.app.screen import console
from checks.suite.files import write_text
from checks.suite.house import House
from checks.suite.problem import InputProblem
from checks.suite.roots import HERE, Root, named_roots

EXAMPLE = HERE / "checks" / "example"  # a room like any other, and tested
FILES = ("theory.py", "numerics.py", "checks.py", "probes.py", "page.md")


def found(name: str, rooms: Sequence[Path]) -> int:
    """Write the room NAME below the folder that is named, by default the project's, or this one.

    Raises `InputProblem` for a name that a room cannot have, or that another has.
    """
    known = named_roots(folder for folder in rooms if folder.is_dir())
    folder = _chosen(rooms, known)
    place = folder / name
    if not name.isidentifier() or name.startswith("_"):
        raise InputProblem(
            expected="a name of letters, digits and underscores, such as wide_layer",
            received=f"“{name}”",
            remedy="It becomes a Python package and the first part of claim ids.",
        )
    if name in House(known).names() or place.exists():
        raise InputProblem(
            expected="a name that no other room or folder has",
            received=f"“{name}”, which is there",
            remedy="Choose another name, or another folder with --rooms DIR.",
        )
    place.mkdir(parents=True)
    for file in FILES:
        text = (EXAMPLE / file).read_text(encoding="utf-8")
        write_text(place / file, re.sub(r"\bexample\b", name, text))
    root = Root(str(folder.resolve()))
    status = generate_modules((name,), House((root,), built_in=False), check=False)
    found_anyway = root.folder in {other.folder for other in named_roots()}
    option = "" if found_anyway else f" --rooms {folder}"
    console().print(
        f"{place}: written. Next:\n"
        f"  verilimit derive {name}{option}\n  verilimit check {name}{option}\n"
        f"  verilimit probe {name}{option}\n"
        f'[tool.verilimit] rooms = ["{folder}"] in pyproject.toml makes --rooms superfluous.',
        markup=False,
        soft_wrap=True,
    )
    return status


def _chosen(rooms: Sequence[Path], known: Sequence[Root]) -> Path:
    if len(rooms) > 1:
        raise InputProblem(
            expected="one --rooms DIR, where the room is to be written",
            received=", ".join(map(str, rooms)),
            remedy="Leave the others away.",
        )
    of_project = [Path(root.folder) for root in known if root.named_by.endswith("pyproject.toml")]
    return [*rooms, *of_project, Path()][0]
