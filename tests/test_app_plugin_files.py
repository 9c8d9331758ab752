"""Files of a project that it names are collected: its claims are items with node ids."""

from pathlib import Path

from tests.test_app_check import write_claim
from tests.test_app_plugin import pytest_in

PROJECT = """[tool.pytest.ini_options]
verilimit_files = ["claims_*.py"]
"""


def test_claims_of_files_that_a_project_names_are_items_and_rerun_by_node_id(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    write_claim(tmp_path / "claims_right.py")
    write_claim(tmp_path / "claims_wrong.py", predicted="n**-2")
    done = pytest_in(tmp_path, environment, "-v")
    assert "collected 2 items" in done.stdout
    passed, failed = (
        next(line.split()[0] for line in done.stdout.splitlines() if f" {word} " in f"{line} ")
        for word in ("PASSED", "FAILED")
    )
    assert passed.startswith("claims_right.py::")
    assert failed.startswith("claims_wrong.py::")
    assert "is REFUTED" in done.stdout
    again = pytest_in(tmp_path, environment, passed)
    assert "1 passed" in again.stdout


def test_files_that_no_project_names_are_left_alone(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "claims_insurance.py").write_text("raise SystemExit")
    (tmp_path / "test_mine.py").write_text("def test_one(): pass")
    done = pytest_in(tmp_path, environment, "-q")
    assert "1 passed" in done.stdout


def test_a_file_that_fails_is_a_collection_error_with_its_reason(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "claims_broken.py").write_text("raise RuntimeError('no data here')")
    done = pytest_in(tmp_path, environment, "-q")
    assert "1 error" in done.stdout
    assert "no data here" in done.stdout
