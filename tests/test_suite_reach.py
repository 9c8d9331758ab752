"""A room's numbers are proved by what that room can have used, and by no more."""

import ast
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.suite import reach, sources
from checks.suite.executors import inline
from checks.suite.house import BUILT_IN, House, part_of_room
from checks.suite.roots import Root
from checks.suite.targets import Located, Origin
from checks.verdicts import IdentityClaim, Task
from tests.conftest import ROOT, Run, build_house

COMMON = """
from functools import cache
from pathlib import Path

@cache
def data():
    return (Path(__file__).parent / "data.txt").read_text()
"""
ROOMS = {
    "first": "from .. import common\nfrom . import own\n\ndef use():\n    return common.data()\n",
    "second": "from ..common import data\n\ndef use():\n    return data()\n",
    "third": "def use():\n    from .. import common\n    return common.data()\n",
    "fourth": "from importlib import import_module\n\ndef use():\n"
              "    return import_module(__package__.rpartition('.')[0] + '.common').data()\n",
    "fifth": "from .. import box\n\ndef use():\n    return box.inner.word()\n",
    "sixth": "def use():\n    return 1\n",
}  # fmt: skip
MEASURE = """
def residual(size, keys):
    use()
    return [0.0] * len(keys)
"""
Use = Callable[[str], dict[str, str]]


@pytest.fixture
def use(tmp_path: Path) -> Use:
    """Import a small room and run its function; what then proves its numbers, by short names."""
    (tmp_path / "common.py").write_text(COMMON)
    os.system(f"echo 1 > {tmp_path / 'data.txt'}")  # what this process writes is no input of it
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "__init__.py").touch()
    (tmp_path / "box" / "inner.py").write_text("def word():\n    return 'inner'\n")
    for name, text in ROOMS.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "theory.py").touch()
        (tmp_path / name / "own.py").touch()
        (tmp_path / name / "checks.py").write_text(text + MEASURE)
    root = Root(str(tmp_path))
    house = House((root,), built_in=False)

    def run(name: str) -> dict[str, str]:
        module = part_of_room(name, "checks", house)
        claim = IdentityClaim(id="a", residual=module.residual)
        located = Located(claim, Origin(room=name, house=house))
        ((_, measured),) = inline(located, [Task("a", None, "residual", (), 0, 4, 0)])
        return {
            entry.replace(f"module {root.package}.", "").replace(f"file {tmp_path}/", ""): digest
            for entry, digest in measured.proof.items()
        }

    return run


def test_another_room_and_what_it_alone_imports_and_reads_is_left_out(use: Use) -> None:
    assert {"first.checks", "first.own", "common", "data.txt"} <= set(use("first"))
    alone = use("sixth")
    assert "sixth.checks" in alone
    assert not {"first.checks", "first.own", "common", "data.txt"} & set(alone)


@pytest.mark.parametrize("name", ["second", "third", "fourth"])
def test_a_module_that_is_there_and_what_it_keeps_belong_to_who_imports_it(
    name: str, use: Use
) -> None:
    use("first")  # loads the module, which reads the file and keeps it
    proof = use(name)
    assert {f"{name}.checks", "common", "data.txt"} <= set(proof)
    assert "first.checks" not in proof


def test_a_package_in_hand_gives_what_another_has_loaded_below_it(use: Use, tmp_path: Path) -> None:
    (tmp_path / "first" / "checks.py").write_text(
        "from ..box import inner\n\ndef use():\n    return inner.word()\n" + MEASURE
    )
    use("first")
    assert "box.inner" in use("fifth")


def test_what_is_met_outside_of_any_room_belongs_to_all(use: Use, tmp_path: Path) -> None:
    before = set(use("sixth"))
    sources.note(f"file {tmp_path}/seen.txt", "0")
    assert set(use("sixth")) - before == {"seen.txt"}


def imported(path: Path, package: str) -> set[str]:
    """The modules of verilimit that a source imports when it is loaded, read off its text."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    later = {inner for function in functions for inner in ast.walk(function)}
    for node in set(ast.walk(tree)) - later:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join([*parts * bool(node.level), *filter(None, [node.module])])
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def closure(names: list[str]) -> set[str]:
    """The modules of verilimit that these import, by reading their sources."""
    found: set[str] = set()
    while names:
        name = names.pop()
        plain = ROOT / f"{name.replace('.', '/')}.py"
        path = plain if plain.is_file() else ROOT / name.replace(".", "/") / "__init__.py"
        if name in found or name.partition(".")[0] not in sources.HOUSE or not path.is_file():
            continue
        found.add(name)
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        names += [*imported(path, package), name.rpartition(".")[0]]
    return found


PROOFS = """
import json
from checks.suite import sources
from checks.suite.house import BUILT_IN

for room in BUILT_IN.names():
    BUILT_IN.room(room)
runs = {room: BUILT_IN.address(room).run for room in BUILT_IN.names()}
print(json.dumps({"": [*sources.proof()]} | {r: [*sources.proof(run)] for r, run in runs.items()}))
"""


@pytest.fixture(scope="module")
def proofs() -> dict[str, set[str]]:
    """What proves the numbers of each room, and of all, in a process that has loaded all rooms."""
    command = [sys.executable, "-c", PROOFS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return {room: {e.removeprefix("module ") for e in entries} for room, entries in found.items()}


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_the_proof_of_a_room_has_all_that_its_sources_import(
    room: str, proofs: dict[str, set[str]]
) -> None:
    """Two routes: imports that were followed, and imports that are read off the text."""
    address = BUILT_IN.address(room)
    wanted = closure([address.module(part) for part in ("theory", "numerics", "checks")])
    assert wanted & proofs[""] <= proofs[room]
    assert {address.module("theory"), f"numerics.generated.{room}"} <= proofs[room]


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_the_proof_of_a_room_has_nothing_of_another(room: str, proofs: dict[str, set[str]]) -> None:
    others = set(BUILT_IN.names()) - {room}
    assert not {entry for entry in proofs[room] if others & set(entry.split("."))}


def test_a_word_in_one_room_leaves_the_numbers_of_the_other(toy: Run, tmp_path: Path) -> None:
    """Both are measured by one process; what both import invalidates both."""
    house = tmp_path / "house"
    (house / "common.py").write_text("WORD = 1\n")
    checks = house / "toy_limit" / "checks.py"
    checks.write_text("from .. import common\n" + checks.read_text())
    build_house(house, "toy_other")
    (house / "toy_other" / "own.py").write_text("WORD = 1\n")
    other = house / "toy_other" / "checks.py"
    text = other.read_text().replace("toy-limit", "toy-other").replace("TOY_LOG", "OTHER_LOG")
    other.write_text(f"from .. import common\nfrom . import own\n{text}")

    def measured() -> tuple[bool, bool]:
        logs = [tmp_path / "log", tmp_path / "other"]
        for log in logs:
            log.unlink(missing_ok=True)
        done = toy("check", "-q", "-j", "1", TOY_LOG=str(logs[0]), OTHER_LOG=str(logs[1]))
        assert done.returncode == 0, done.stderr
        return logs[0].exists(), logs[1].exists()

    assert measured() == (True, True)
    assert measured() == (False, False)
    (house / "toy_other" / "own.py").write_text("WORD = 2\n")
    assert measured() == (False, True)
    other.write_text(f"{other.read_text()}\nWORD = 'a word'\n")
    assert measured() == (False, True)
    (house / "common.py").write_text("WORD = 2\n")
    assert measured() == (True, True)


def test_the_builtin_import_is_followed() -> None:
    assert importlib.import_module.__module__ == reach.__name__
