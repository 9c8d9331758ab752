"""The command starts fast, in any directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from checks.suite.files import takes_nothing
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_standard_output_is_refused_before_anything_is_run(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "verilimit", "check"],
            cwd=tmp_path, env=environment, stdout=full, stderr=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert done.returncode == 2
    assert said == [
        "verilimit: expected a standard output that can be written; received one that is full. "
        "Make room, or choose another; nothing was run."
    ]
    assert "jax" not in {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}


def test_a_file_on_a_disk_without_room_is_full_and_any_other_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "out").open("w") as stream:
        assert not takes_nothing(stream)
        left = os.fstatvfs(stream.fileno())
        full = os.statvfs_result([*left[:3], 0, 0, *left[5:]])
        monkeypatch.setattr("os.fstatvfs", lambda descriptor: full)
        assert takes_nothing(stream)
