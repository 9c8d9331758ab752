"""The house stands: layout, import direction, complete rooms, and switches that are really on."""

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Float, TypeCheckError

from checks.suite.house import BUILT_IN
from checks.suite.roots import pages_with_a_theorem
from checks.verdicts import evidence
from tests.conftest import ROOT

FORBIDDEN = {
    "theory": {"numerics", "checks", "jax", "jaxlib", "diffrax", "optax", "equinox"},
    "numerics": {"theory", "checks", "sympy"},
    "checks": set(),
}
FILES_OF_A_ROOM = (
    "theory/{}/__init__.py", "numerics/{}/__init__.py", "numerics/generated/{}.py",
    "checks/{}/__init__.py", "checks/{}/probes.py", "tests/test_{}.py", "docs/{}.md",
)  # fmt: skip
NOT_A_ROOM = {
    "docs": {
        "index",
        "judge",
        "gallery",
        "probes",
        "certificates",
        "coordinate_check",
        "layers",
        "rooms",
        "mutation",
        "recorded",
    }
}


def imported_packages(tree: ast.AST) -> Iterator[str]:
    """Top-level names of all absolute imports, wherever they stand in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def wrong_imports(source: str, package: str) -> set[str]:
    return set(imported_packages(ast.parse(source))) & FORBIDDEN[package]


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_imports_go_in_one_direction(package: str) -> None:
    wrong = {
        str(path.relative_to(ROOT)): sorted(found)
        for path in sorted((ROOT / package).rglob("*.py"))
        if (found := wrong_imports(path.read_text(encoding="utf-8"), package))
    }
    assert not wrong


@pytest.mark.parametrize(
    "source", ["import jax.numpy as jnp", "def f():\n    from numerics.x import y", "import checks"]
)
def test_the_direction_test_sees_a_wrong_import(source: str) -> None:
    assert wrong_imports(source, "theory")


@pytest.mark.parametrize("room", BUILT_IN.names())
@pytest.mark.parametrize("pattern", FILES_OF_A_ROOM)
def test_every_room_has_its_files(room: str, pattern: str) -> None:
    path = ROOT / pattern.format(room)
    assert path.is_file(), f"the room {room} lacks {path.relative_to(ROOT)}"


@pytest.mark.parametrize("package", ["theory", "numerics", "checks"])
def test_every_module_lies_in_a_folder(package: str) -> None:
    assert [path.name for path in (ROOT / package).glob("*.py")] == ["__init__.py"]


def test_a_generated_module_is_of_a_room() -> None:
    modules = {path.stem for path in (ROOT / "numerics" / "generated").glob("*.py")}
    assert modules - {"__init__"} == set(BUILT_IN.names())


def test_a_test_of_a_room_that_is_gone_is_noticed() -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - NOT_A_ROOM["docs"]
    assert pages <= set(BUILT_IN.names())


def test_rooms_are_the_folders_whose_page_sets_a_theorem(tmp_path: Path) -> None:
    pages = {
        "b_room": "theorem = Theorem()", "a_room": "x = 1\ntheorem: Theorem = make()\n",
        "machinery": "def theorem(): ...", "words": '"""\nSays theorem = 1.\n    theorem = 1\n"""',
    }  # fmt: skip
    for name, text in pages.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(text)
    (tmp_path / "plain.py").write_text("theorem = 1")
    assert pages_with_a_theorem([str(tmp_path)]) == ("a_room", "b_room")


def test_x64_is_on() -> None:
    assert jnp.asarray(0.5).dtype == jnp.float64


def test_warnings_are_errors() -> None:
    with pytest.raises(UserWarning, match="canary"):
        warnings.warn("canary", UserWarning, stacklevel=1)


def test_shapes_are_checked_at_run_time_in_checks() -> None:
    with pytest.raises(TypeCheckError):
        evidence._refuse(np.ones((2, 2), dtype=bool), np.ones(3), None, "", "")  # type: ignore[arg-type]


@pytest.mark.parametrize("package", ["theory", "numerics", "checks"])
def test_shapes_are_checked_in_every_package(package: str, tmp_path: Path) -> None:
    """The import hook instruments a module of the package, found through its search path."""
    module = _probe_module(package, tmp_path)
    assert module.double(np.ones(3)).shape == (3,)
    with pytest.raises(TypeCheckError):
        module.double(np.ones((3, 3)))


def _probe_module(package: str, folder: Path):
    from importlib import import_module

    name = "canary_of_shapes"
    (folder / f"{name}.py").write_text(
        "import numpy as np\nfrom jaxtyping import Float\n\n\n"
        'def double(x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:\n    return 2 * x\n'
    )
    parent = import_module(package)
    parent.__path__.append(str(folder))
    try:
        return import_module(f"{package}.{name}")
    finally:
        parent.__path__.remove(str(folder))


def test_an_uninstrumented_function_would_accept_a_wrong_shape() -> None:
    def double(x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        return 2 * x

    assert double(np.ones((3, 3))).shape == (3, 3)
