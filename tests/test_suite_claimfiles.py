"""Each claim file has modules of its own, runs anew when they change, and spoils nothing else."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import jax
import pytest

from checks.suite.executors import work
from checks.suite.house import BUILT_IN
from checks.suite.problem import InputProblem
from checks.suite.targets import Origin, file_claims, select
from checks.verdicts import Task
from tests.conftest import Ended, Run

Here = Callable[..., Ended]
CLAIM = """
import numpy as np
from checks.verdicts import IdentityClaim
claim = IdentityClaim(
    id="{name}/id", tolerance=1e-9, residual=lambda size, keys: np.full(len(keys), value())
)
"""
IMPORTS = {
    "a module": ("helper.py", "import helper\ndef value(): return helper.VALUE"),
    "a name": ("helper.py", "from helper import VALUE\ndef value(): return VALUE"),
    "everything": ("helper.py", "from helper import *\ndef value(): return VALUE"),
    "later": ("helper.py", "def value():\n    import helper\n    return helper.VALUE"),
    "a relative name": ("helper.py", "from . import helper\ndef value(): return helper.VALUE"),
    "a package": ("parts/inner.py", "from parts.inner import VALUE\ndef value(): return VALUE"),
    "a submodule": ("parts/inner.py", "import parts.inner\ndef value(): return parts.inner.VALUE"),
    "another folder": (
        "lib/helper.py",
        "import sys, pathlib\nsys.path.insert(0, str(pathlib.Path(__file__).parent / 'lib'))\n"
        "import helper\ndef value(): return helper.VALUE",
    ),
    "importlib": (
        "helper.py",
        "import importlib\nV = importlib.import_module('helper').VALUE\ndef value(): return V",
    ),
    "importlib, later": (
        "helper.py",
        "import importlib.util\nassert importlib.util.find_spec and importlib.machinery\n"
        "def value(): return importlib.import_module('helper').VALUE",
    ),
    "a name of importlib": (
        "parts/inner.py",
        "from importlib import import_module as get\ndef value(): return get('parts.inner').VALUE",
    ),
}


def claim_file(folder: Path, value: float, how: str, name: str = "") -> Path:
    """A claim file in a folder, with a helper that holds its residual."""
    helper, imports = IMPORTS[how]
    (folder / helper).parent.mkdir(parents=True, exist_ok=True)
    (folder / helper).write_text(f"VALUE = {value}\n")
    path = folder / f"claims_{folder.name}.py"
    path.write_text(imports + CLAIM.format(name=name or folder.name))
    return path


def residual(path: Path) -> float:
    """What a worker measures for the claim of a file."""
    name = file_claims(str(path))[0].id
    found = work(Origin(file=str(path)), Task(f"{name}:residual", (), 0, 2, 0))
    assert not any("VALUE" in entry for entry in found.proof)
    return float(found.table["value"][0])


@pytest.mark.parametrize("how", IMPORTS)
def test_two_files_with_helpers_of_one_name_have_each_its_own(how: str, tmp_path: Path) -> None:
    values = {"a": 0.0, "b": 1.0, "c": 0.5}
    files = {name: claim_file(tmp_path / name, value, how) for name, value in values.items()}
    for _ in range(2):
        assert {name: residual(path) for name, path in files.items()} == values


@pytest.mark.parametrize("how", IMPORTS)
def test_a_changed_helper_is_run_anew(how: str, tmp_path: Path) -> None:
    path = claim_file(tmp_path / "a", 0.0, how)
    assert residual(path) == 0.0
    status = os.stat(path.parent / IMPORTS[how][0])
    claim_file(tmp_path / "a", 1.0, how)  # of the same size, and, as it were, of the same time
    os.utime(path.parent / IMPORTS[how][0], ns=(status.st_atime_ns, status.st_mtime_ns))
    assert residual(path) == 1.0


@pytest.mark.parametrize("name", ["jax", "numpy", "statistics"])
def test_a_helper_hides_nothing_that_is_installed(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text("raise RuntimeError('the helper')\n")
    (tmp_path / "own.py").write_text(
        f"import {name}\ndef value(): return float('{tmp_path}' in str({name}.__file__))"
        + CLAIM.format(name="own")
    )
    assert residual(tmp_path / "own.py") == 0.0


@pytest.mark.parametrize("name", ["theory", "numerics"])
def test_each_file_has_its_own_module_of_such_a_name(name: str, tmp_path: Path) -> None:
    for value in (0.0, 1.0):
        folder = tmp_path / str(value)
        folder.mkdir()
        (folder / f"{name}.py").write_text(f"VALUE = {value}\n")
        text = f"from {name} import VALUE\ndef value(): return VALUE" + CLAIM.format(name="own")
        (folder / "own.py").write_text(text)
        assert residual(folder / "own.py") == value


@pytest.mark.parametrize("how", ["later", "importlib"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_command_judges_each_file_by_its_own_helper(
    jobs: str, how: str, verilimit: Run, tmp_path: Path
) -> None:
    wrong, right = (claim_file(tmp_path / n, v, how) for n, v in (("b", 1.0), ("a", 0.0)))
    (tmp_path / "helper.py").write_text("VALUE = 0.5\n")  # in the working directory, too
    done = verilimit("check", str(wrong), str(right), "--jobs", jobs, "--json", "o.json", "-q")
    assert done.returncode == 1, done.stderr
    claims = json.loads((tmp_path / "o.json").read_text())["claims"]
    assert [claim["verdict"] for claim in claims] == ["REFUTED", "SUPPORTED"]


def test_an_id_that_depends_on_the_process_is_refused(tmp_path: Path) -> None:
    path = claim_file(tmp_path / "a", 0.0, "a module")
    with pytest.raises(InputProblem, match=r"received a worker that finds a/id\. An id must not"):
        work(Origin(file=str(path)), Task("b/id:residual", (), 0, 2, 0))


def test_a_file_that_switches_double_precision_off_is_refused(tmp_path: Path) -> None:
    off = "import jax; jax.config.update('jax_enable_x64', False)"
    top, inside = tmp_path / "top.py", tmp_path / "inside.py"
    top.write_text(f"{off}\ndef value(): return 0.0{CLAIM.format(name='top')}")
    inside.write_text(f"def value():\n    {off}\n    return 0.0{CLAIM.format(name='inside')}")
    for path in (top, inside):
        with pytest.raises(InputProblem, match="jax_enable_x64 switched off"):
            residual(path)
        assert jax.numpy.ones(1).dtype == "float64"
    assert select([str(inside)], BUILT_IN)[0].claim is select([str(inside)], BUILT_IN)[0].claim
