"""The house stands: layout, import direction, complete rooms, and switches that are really on."""

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Float, TypeCheckError

from checks.suite.rooms import plain_modules, rooms
from checks.verdicts import evaluate, tasks
from tests.conftest import ROOT

FORBIDDEN = {
    "theory": {"numerics", "checks", "jax", "jaxlib", "diffrax", "optax", "equinox"},
    "numerics": {"theory", "checks", "sympy"},
    "checks": set(),
}
FILES_OF_A_ROOM = (
    "theory/{}.py", "numerics/{}.py", "numerics/generated/{}.py", "checks/{}.py",
    "checks/probes/{}.py", "tests/test_{}.py", "docs/{}.md",
)  # fmt: skip
NOT_A_ROOM = {"docs": {"index", "judge", "conf", "probes", "certificates", "layers"}}


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


@pytest.mark.parametrize("room", rooms())
@pytest.mark.parametrize("pattern", FILES_OF_A_ROOM)
def test_every_room_has_its_files(room: str, pattern: str) -> None:
    path = ROOT / pattern.format(room)
    assert path.is_file(), f"the room {room} lacks {path.relative_to(ROOT)}"


@pytest.mark.parametrize("package", ["theory", "numerics", "checks", "numerics/generated"])
def test_a_plain_module_is_a_room(package: str) -> None:
    assert set(plain_modules([str(ROOT / package)])) <= set(rooms())


def test_a_test_of_a_room_that_is_gone_is_noticed() -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - NOT_A_ROOM["docs"]
    assert pages <= set(rooms())


def test_rooms_are_plain_modules_without_underscore(tmp_path: Path) -> None:
    for name in ("b_room.py", "a_room.py", "_helper.py"):
        (tmp_path / name).touch()
    (tmp_path / "machinery").mkdir()
    (tmp_path / "machinery" / "__init__.py").touch()
    assert plain_modules([str(tmp_path)]) == ("a_room", "b_room")


def test_x64_is_on() -> None:
    assert jnp.asarray(0.5).dtype == jnp.float64


def test_warnings_are_errors() -> None:
    with pytest.raises(UserWarning, match="canary"):
        warnings.warn("canary", UserWarning, stacklevel=1)


def test_shapes_are_checked_at_run_time_in_checks() -> None:
    assert evaluate.__module__ == "checks.verdicts.tasks"
    with pytest.raises(TypeCheckError):
        tasks._refuse(np.ones((2, 2), dtype=bool), np.ones(3), None, "", "")  # type: ignore[arg-type]


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
