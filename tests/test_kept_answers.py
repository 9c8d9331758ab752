"""A list, a derivation and a report are made once of the same sources, and anew of others."""

import hashlib
import subprocess
import sys
from pathlib import Path

from checks.suite.private import VARIABLE
from tests.conftest import Run


def test_a_second_list_needs_neither_jax_nor_sympy(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    def listed() -> tuple[str, set[str]]:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "verilimit", "list"],
            env={**environment, VARIABLE: str(tmp_path)}, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return done.stdout, {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}

    (first, needed), (second, few) = listed(), listed()
    assert first == second
    assert {"jax", "sympy"} <= needed
    assert not {"jax", "sympy", "numpy", "scipy"} & few


def test_a_derivation_of_other_sources_is_decided_anew(toy: Run, tmp_path: Path) -> None:
    cache = {VARIABLE: str(tmp_path / "cache")}
    first, second = (toy("derive", "toy_limit", **cache) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0)
    assert second.stdout.removeprefix(first.stdout).startswith("Decided before")
    theory = tmp_path / "house" / "toy_limit" / "theory.py"
    theory.write_text(theory.read_text().replace("x**2 + 2 * x + 1", "x**2 + 2 * x + 2"))
    third = toy("derive", "toy_limit", **cache)
    assert third.returncode == 1
    assert "FAILED" in third.stdout


def test_a_report_of_the_same_results_is_that_of_before(toy: Run, tmp_path: Path) -> None:
    """What is kept is given again: another title in it, under its checksum, is what is read."""
    cache = {VARIABLE: str(tmp_path / "cache")}
    words = ("report", "toy_limit", "-q", "--jobs", "1", "--out", "report.html")
    first, page = toy(*words, **cache), tmp_path / "report.html"
    text = page.read_text()
    again = toy(*words, **cache)
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)
    assert page.read_text() == text
    (entry,) = (tmp_path / "cache").glob("reports*/*.json")
    answer = entry.read_text().partition("\n")[2].replace("A toy limit", "Kept")
    entry.write_text(f"{hashlib.sha256(answer.encode()).hexdigest()}\n{answer}")
    toy(*words, **cache)
    assert "Kept" in page.read_text()
    toy(*words, "--seed", "1", **cache)
    assert "Kept" not in page.read_text()
