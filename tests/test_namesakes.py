"""A project that has packages named as verilimit's are uses the command, pytest and Python."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run

LOSSES = """
import numpy as np

def loss(size, keys):
    draws = [np.random.default_rng([*key, size["n"]]).standard_normal() for key in keys]
    return np.square(draws) / size["n"]
"""
CLAIM = """
import sympy as sp
import theory.own
import verilimit as vl
from checks import NAME
from checks.losses import loss

assert NAME == "theirs" and theory.own.VALUE == 3
claim = vl.RateClaim(
    id="my/loss", sizes={"n": [8, 16, 32, 64, 128, 256]}, error=loss, next_order=None,
    predicted=1 / sp.Symbol("n", positive=True),
)
"""
TEST = """
from claims_mine import claim

def test_the_loss_falls(judge_claim):
    import checks
    assert checks.NAME == "theirs"
    judge_claim(claim)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "checks/__init__.py": "from .losses import loss\nNAME = 'theirs'\n",
        "checks/losses.py": LOSSES,
        "theory/__init__.py": "",
        "theory/own.py": "VALUE = 3\n",
        "numerics.py": "raise RuntimeError('nobody imports this module')\n",
        "claims_mine.py": CLAIM,
        "test_mine.py": TEST,
        "pyproject.toml": "[tool.pytest.ini_options]\nverilimit_files = 'claims_*.py'\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def in_pytest(project: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "verilimit_pytest", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "-q"], cwd=project, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_command_judges_with_the_projects_own_package(
    project: Path, verilimit: Run, jobs: str
) -> None:
    done = verilimit("check", "claims_mine.py", "-j", jobs)
    assert done.returncode == 0, done.stderr
    assert "1 SUPPORTED" in done.stdout


def test_a_project_on_the_path_of_all_processes_is_judged(project: Path, verilimit: Run) -> None:
    path = os.pathsep.join((str(project), str(ROOT)))
    done = verilimit("check", "claims_mine.py", "-j", "2", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr


def test_a_package_runs_before_its_modules(project: Path, environment: dict[str, str]) -> None:
    (project / "checks" / "losses.py").write_text(LOSSES + "from . import other\n")
    (project / "checks" / "other.py").write_text("")
    program = "import verilimit as vl\nvl.RateClaim\nimport checks.losses\nchecks.losses.other"
    subprocess.run([sys.executable, "-c", program], cwd=project, env=environment, check=True)


def test_pytest_judges_claims_in_files_and_in_tests(
    project: Path, environment: dict[str, str]
) -> None:
    done = in_pytest(project, environment)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


@pytest.mark.parametrize("first", ["import checks", "import verilimit as vl; vl.RateClaim"])
def test_python_has_both_whichever_is_imported_first(
    first: str, project: Path, environment: dict[str, str]
) -> None:
    program = (
        f"{first}\nfrom claims_mine import claim\nimport checks, verilimit as vl\n"
        "assert checks.NAME == 'theirs', checks\nassert not hasattr(checks, 'nowhere')\n"
        "assert vl.judge(claim).verdict.value == 'SUPPORTED'"
    )
    subprocess.run([sys.executable, "-c", program], cwd=project, env=environment, check=True)


def test_folders_without_init_are_packages_of_the_project(
    project: Path, verilimit: Run, environment: dict[str, str]
) -> None:
    for name in ("checks", "theory"):
        (project / name / "__init__.py").unlink()
    (project / "theory" / "deep").mkdir()
    (project / "theory" / "deep" / "notes.py").write_text("VALUE = 4\n")
    claim = CLAIM.replace("from checks import NAME", "from theory.deep.notes import VALUE")
    claim = claim.replace('NAME == "theirs"', "VALUE == 4")
    (project / "claims_mine.py").write_text(claim)
    done = verilimit("check", "claims_mine.py", "-j", "2")
    assert done.returncode == 0, done.stderr
    program = "import verilimit as vl; vl.RateClaim\nfrom claims_mine import claim"
    subprocess.run([sys.executable, "-c", program], cwd=project, env=environment, check=True)
    test = TEST.replace('checks.NAME == "theirs"', "checks.losses")
    (project / "test_mine.py").write_text("from checks.losses import loss\n" + test)
    done = in_pytest(project, environment)
    assert "2 passed" in done.stdout, done.stdout


def test_a_module_that_both_have_is_refused_in_a_folder_without_init(
    project: Path, verilimit: Run
) -> None:
    (project / "checks" / "__init__.py").unlink()
    (project / "checks" / "suite.py").touch()
    done = verilimit("list")
    assert done.returncode == 2
    assert f"{project / 'checks'} has checks.suite, too" in done.stderr


@pytest.mark.parametrize("module", ["suite.py", "suite/__init__.py"])
def test_a_module_that_both_have_is_refused(module: str, project: Path, verilimit: Run) -> None:
    path = project / "checks" / module
    path.parent.mkdir(exist_ok=True)
    path.touch()
    done = verilimit("list")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"{project / 'checks' / '__init__.py'} has checks.suite, too" in done.stderr
    assert "Rename the project's modules" in done.stderr
