"""The claims of a project: what pyproject.toml declares, a folder's files, what GitHub shows."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from checks.app.github import annotations, summary_of
from checks.suite.problem import InputProblem
from checks.suite.project import files_in, project_at
from checks.suite.run import Plan, Study
from checks.verdicts import IdentityClaim, Mutant, Verdict, judge
from tests.conftest import Run
from tests.test_app_telling import FILE

CLAIM = IdentityClaim(
    id="my/zero", sizes={"n": [1]}, residual=lambda s, k: np.zeros(len(k)), tolerance=1e-9,
    mutants=[Mutant("one", "one", {"residual": lambda s, k: np.ones(len(k))})],
)  # fmt: skip


def write(path: Path, function: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    claim = f'claim("{path.stem}", {function})'
    path.write_text(FILE.replace("CLAIMS", claim))
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path / "claims_a.py", "good")
    write(tmp_path / "more" / "claims_b.py", "wrong")
    write(tmp_path / "other.py", "wrong")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.verilimit]\nclaims = ["claims_*.py", "more/*.py"]\n'
    )
    return tmp_path


def judged(folder: Path) -> dict[str, str]:
    record = json.loads((folder / "r.json").read_text())
    return {claim["id"]: claim["verdict"] for claim in record["claims"]}


def test_check_without_arguments_takes_what_the_project_declares(
    project: Path, verilimit: Run
) -> None:
    done = verilimit("check", "-j", "1", "-q", "--json", "r.json")
    assert done.returncode == 1, done.stderr
    assert judged(project) == {"my/claims_a": "SUPPORTED", "my/claims_b": "REFUTED"}
    assert "my/claims_b:residual" in verilimit("check", "--plan").stdout


def test_a_folder_stands_for_its_files_of_claims(project: Path, verilimit: Run) -> None:
    write(project / "folder" / "claims_c.py", "good")
    write(project / "folder" / "helper.py", "wrong")
    done = verilimit("check", "folder", "-j", "1", "-q", "--json", "r.json")
    assert done.returncode == 0, done.stderr
    assert judged(project) == {"my/claims_c": "SUPPORTED"}
    assert [Path(file).name for file in files_in(project)] == ["claims_a.py", "claims_b.py"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('claims = ["absent_*.py"]', "none that absent_"),
        ('claims = "claims_a.py"', "received 'claims_a.py'"),
        ('claimz = ["claims_a.py"]', "received 'claimz'"),
    ],
)
def test_what_a_project_cannot_mean_is_refused(
    table: str, message: str, project: Path, verilimit: Run
) -> None:
    (project / "pyproject.toml").write_text(f"[tool.verilimit]\n{table}\n")
    done = verilimit("check")
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_without_claims_says_which_names_it_looked_for(tmp_path: Path) -> None:
    assert project_at(tmp_path).files() == []
    with pytest.raises(InputProblem, match=r"none that claims_\*\.py and layer_\*\.py matches"):
        files_in(tmp_path)


def test_github_shows_each_claim_that_does_not_hold(project: Path, verilimit: Run) -> None:
    write(project / "more" / "claims_d.py", "broken")
    summary = project / "summary.md"
    done = verilimit(
        "check", "-j", "1", "-q", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_WORKSPACE=str(project),
    )  # fmt: skip
    commands = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert len(commands) == 2
    assert commands[0].startswith("::error file=more/claims_b.py,title=my/claims_b is REFUTED::")
    assert commands[1].startswith("::error file=more/claims_d.py,title=my/claims_d has no verdict")
    assert "| my/claims\\_a | SUPPORTED |" in summary.read_text()
    assert "| my/claims\\_d | no verdict |" in summary.read_text()
    assert "::error" not in verilimit("check", "-j", "1", "-q").stdout


def test_no_text_of_a_claim_is_read_as_a_command_or_as_markup() -> None:
    text = "x\n::error::y | <b>\x1b[0m 100%"
    result = replace(judge(CLAIM), verdict=Verdict.REFUTED, claim_id="a,b::c", because=text)
    study = Study(Plan(), (result,), (0.0,))
    (line,) = annotations(study, {})
    assert line == "::error title=a%2Cb%3A%3Ac is REFUTED::x%0A::error::y | <b>\\x1b[0m 100%25"
    assert "\\| \\<b\\>" in summary_of(study)
