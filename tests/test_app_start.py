"""The command starts fast, in any directory."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Run

HEAVY = ("jax", "sympy", "matplotlib", "scipy", "numpy")


@pytest.mark.parametrize("command", [[], ["check"], ["derive"], ["report"]])
def test_help_imports_nothing_heavy(
    command: list[str], tmp_path: Path, environment: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "verilimit", *command, "--help"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert "typer" in imported  # the list of imports is really there
    assert not imported & set(HEAVY)
    assert "Usage" in done.stdout


def test_a_directory_without_init_hides_nothing(tmp_path: Path, verilimit: Run) -> None:
    (tmp_path / "checks").mkdir()
    assert verilimit("--help").returncode == 0
