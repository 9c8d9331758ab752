"""A room is a folder; machinery is what two rooms use. Imports run one way, in no circle."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from checks.suite.house import BUILT_IN
from tests.conftest import ROOT
from tests.import_graph import (
    PACKAGES,
    Graph,
    circles,
    folders,
    import_graph,
    reached,
    use_graph,
)

FACES = (  # what everybody meets: what these need serves all rooms
    "verilimit", "verilimit_pytest", "checks.verdicts", "checks.properties.strategies",
    "checks.properties.attention_laws", "numerics.training",
)  # fmt: skip
ROOMS = (*BUILT_IN.names(), "example")  # the last is what `verilimit new` copies
FACE = ("verilimit", "numerics.training")  # they hand out what users need of a room, too
GENERAL = {  # machinery that serves fewer rooms than two
    "theory.calculus.orders": "orders of any expression; the rooms state theirs",
    "theory.calculus.stochastic": "of any stochastic equation",
    "theory.codegen.evaluate": "the second route of every generated function, in the tests",
}


def room_of(module: str, names: Iterable[str]) -> str | None:
    """The room in whose folder a module lies, or that it was generated from."""
    return next((part for part in module.split(".")[1:] if part in set(names)), None)


def matrix(graph: Graph, names: Iterable[str]) -> Mapping[str, set[str]]:
    """The rooms that use each module of machinery, through other machinery, too."""
    names = tuple(names)
    machinery = {m for m in graph if room_of(m, names) is None}
    needs = {
        room: reached(graph, [m for m in graph if room_of(m, names) == room]) for room in names
    }
    return {m: {room for room in names if m in needs[room]} for m in machinery}


def of_too_few(graph: Graph, names: Iterable[str]) -> set[str]:
    """Modules of machinery that neither two rooms nor a face use."""
    served = reached(graph, [m for m in graph if m.startswith(FACES)])
    packages = {*PACKAGES} | {m.rpartition(".")[0] for m in graph}
    used = matrix(graph, names).items()
    return {m for m, by in used if len(by) < 2 and m not in served | packages}


def into_rooms(graph: Graph, names: Iterable[str]) -> set[tuple[str, str]]:
    """Imports of a room by machinery, or by another room."""
    return {
        (module, other)
        for module, used in graph.items()
        for other in used
        if not module.startswith(FACE)
        and room_of(other, names) not in (None, room_of(module, names))
    }


def test_machinery_is_what_two_rooms_use() -> None:
    assert of_too_few(use_graph(ROOT), ROOMS) <= set(GENERAL), "move it into its room"


def test_what_is_allowed_to_serve_nobody_is_there() -> None:
    assert set(GENERAL) <= set(import_graph(ROOT))


def test_nobody_imports_a_room_from_outside() -> None:
    assert not into_rooms(import_graph(ROOT), ROOMS)


def test_no_import_makes_a_circle_not_even_one_in_a_function() -> None:
    assert not circles(import_graph(ROOT))


def test_arrows_between_folders_run_one_way() -> None:
    assert not circles(folders(import_graph(ROOT)))


HOUSE = {
    "theory/__init__.py": "", "numerics/__init__.py": "", "checks/__init__.py": "",
    "theory/a/__init__.py": "from theory.calculus.shared import f",
    "theory/b/__init__.py": "from theory.calculus import shared",
    "theory/calculus/__init__.py": "", "theory/calculus/shared.py": "",
    "theory/language/__init__.py": "", "theory/language/words.py": "",
    "verilimit.py": "from theory.language import words",
}  # fmt: skip


def planted(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in {**HOUSE, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def found_wrong(root: Path) -> list[str]:
    graph = import_graph(root)
    laws = {
        "too few": of_too_few(use_graph(root), "ab"),
        "into a room": into_rooms(graph, "ab"),
        "circle": circles(graph),
        "ring of folders": circles(folders(graph)),
    }
    return [law for law, wrong in laws.items() if wrong]


def test_a_house_in_order_breaks_no_law(tmp_path: Path) -> None:
    assert found_wrong(planted(tmp_path, {})) == []


@pytest.mark.parametrize(
    ("files", "broken"),
    [
        ({"theory/calculus/lonely.py": "", "theory/a/back.py": "import theory.calculus.lonely"},
         ["too few"]),
        ({"theory/calculus/nobody.py": ""}, ["too few"]),
        ({"theory/calculus/shared.py": "def f():\n    from theory.a import x"},
         ["into a room", "circle", "ring of folders"]),
        ({"theory/b/back.py": "import theory.a"}, ["into a room"]),
        ({"theory/b/back.py": "from numerics.generated.a import f", "numerics/generated/a.py": ""},
         ["into a room"]),
        ({"theory/a/__init__.py": "from .back import f\nfrom theory.calculus import shared",
          "theory/a/back.py": "def f():\n    from theory import a"}, ["circle"]),
        ({"theory/calculus/shared.py": "import theory.language.words",
          "theory/language/words.py": "import theory.calculus.other",
          "theory/calculus/other.py": ""}, ["ring of folders"]),
    ],
)  # fmt: skip
def test_a_planted_violation_is_noticed(
    files: dict[str, str], broken: list[str], tmp_path: Path
) -> None:
    assert found_wrong(planted(tmp_path, files)) == broken


def test_a_module_that_is_run_by_its_name_is_used(tmp_path: Path) -> None:
    text = HOUSE["verilimit.py"] + "\nrun('-m', 'theory.calculus.child')"
    files = {"theory/calculus/child.py": "", "verilimit.py": text}
    assert found_wrong(planted(tmp_path, files)) == []
