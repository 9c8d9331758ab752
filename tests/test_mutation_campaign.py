"""A room whose own source is broken says so; what a killed campaign knew is not asked again."""

import json
from pathlib import Path

import pytest

from tests.conftest import Run

pytestmark = pytest.mark.slow


def mutate(verilimit: Run, folder: Path, **options: str) -> dict:
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    done = verilimit("mutate", "mine", "--rooms", ".", "--json", "m.json", "--jobs", "1", *words)
    assert done.returncode in (0, 1), done.stderr
    return json.loads((folder / "m.json").read_text())


def test_mutations_of_a_new_room_are_noticed_and_remembered(verilimit: Run, tmp_path: Path) -> None:
    assert verilimit("new", "mine", "--rooms", ".").returncode == 0
    whole = {path: path.read_bytes() for path in (tmp_path / "mine").glob("*.py")}
    first = mutate(verilimit, tmp_path, number="6")
    assert first["examined"] + sum(m["verdict"] == "equivalent" for m in first["mutants"]) == 6
    assert first["noticed"] >= 1
    assert all(m["culprit"] for m in first["mutants"] if m["verdict"] in ("refuted", "step failed"))
    assert {path: path.read_bytes() for path in (tmp_path / "mine").glob("*.py")} == whole
    memory = tmp_path / ".verilimit" / "mutants.jsonl"
    known = memory.read_bytes()
    memory.write_bytes(known + b'{"key": "cut off')
    again = mutate(verilimit, tmp_path, number="6")
    assert again["mutants"] == first["mutants"]
    assert memory.read_bytes() == known + b'{"key": "cut off'


def test_a_room_that_is_not_supported_is_not_mutated(verilimit: Run, tmp_path: Path) -> None:
    assert verilimit("new", "mine", "--rooms", ".").returncode == 0
    page = tmp_path / "mine" / "checks.py"
    page.write_text(page.read_text() + "\n\nraise ValueError('no claims today')\n")
    done = verilimit("mutate", "mine", "--rooms", ".", "--number", "1")
    assert done.returncode == 2
    assert "no claims today" in done.stderr
