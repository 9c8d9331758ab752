"""What is shipped: the wheel holds what the command needs, and the pinned set covers it."""

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as opened:
        yield opened


def test_the_wheel_holds_the_three_packages_and_nothing_else_at_the_top(
    wheel: zipfile.ZipFile,
) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    ours = {top for top in tops if not top.endswith(".dist-info")}
    modules = {f"verilimit{end}.py" for end in ("", "_namesakes", "_preload", "_pytest")}
    assert ours == {"theory", "numerics", "checks", *modules}


def test_the_wheel_holds_every_module(wheel: zipfile.ZipFile) -> None:
    packages = ("theory", "numerics", "checks")
    files = {str(f.relative_to(ROOT)) for p in packages for f in (ROOT / p).rglob("*.py")}
    assert "theory/spectral_concentration/entropy.py" in files
    assert files <= set(wheel.namelist())


@pytest.mark.parametrize(
    "name",
    [
        "checks/report/templates/report.html.j2",
        "checks/report/templates/report.tex.j2",
        "checks/report/templates/style.css",
        "checks/verdicts/schema.json",
        "checks/suite/store.py",
        "checks/example/page.md",
        "theory/py.typed",
        "numerics/py.typed",
        "checks/py.typed",
    ],
)
def test_the_wheel_holds_what_is_no_python(name: str, wheel: zipfile.ZipFile) -> None:
    assert name in wheel.namelist()


def test_the_wheel_carries_the_license(wheel: zipfile.ZipFile) -> None:
    (name,) = [n for n in wheel.namelist() if n.endswith("licenses/LICENSE")]
    assert b"Apache License" in wheel.read(name)


def test_entry_points_lead_somewhere() -> None:
    module, _, function = PROJECT["scripts"]["verilimit"].partition(":")
    assert callable(getattr(import_module(module), function))
    (plugin,) = PROJECT["entry-points"]["pytest11"].values()
    assert hasattr(import_module(plugin), "pytest_addoption")


def test_every_dependency_is_pinned_within_its_range() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    extras = [r for group in PROJECT["optional-dependencies"].values() for r in group]
    for text in (*PROJECT["dependencies"], *extras):
        wanted = Requirement(text)
        name = canonicalize_name(wanted.name)
        assert name in pins, f"{name} is not in constraints.txt"
        assert wanted.specifier.contains(pins[name]), (text, pins[name])


def test_what_the_documents_call_exists() -> None:
    """Commands and files that Makefile, CI and CONTRIBUTING name are there."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"verify", "test", "docs", "clean"} <= targets
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    assert ".ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    for name in re.findall(r"`(tests/test_\w+\.py)`", (ROOT / "CONTRIBUTING.md").read_text()):
        assert name == "tests/test_x.py" or Path(ROOT / name).is_file()  # x: the example
