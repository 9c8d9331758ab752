"""`calibrate` says how often fresh seeds give which verdict."""

import json
from collections.abc import Callable
from pathlib import Path

from checks.report.table import RIVALS, STUDIES
from tests.conftest import Ended
from tests.test_app_check import write_claim

Here = Callable[..., Ended]


def test_frequencies_of_a_right_and_a_wrong_claim(toy_here: Here, tmp_path: Path) -> None:
    write_claim(tmp_path / "right.py")
    write_claim(tmp_path / "wrong.py", predicted="n**-2")
    options = ("--replicates", "12", "--json", "c.json", "-q")
    done = toy_here("calibrate", "right.py", "wrong.py", *options)
    assert done.returncode == 0, done.stderr
    assert "| right | SUPPORTED | REFUTED | INCONCLUSIVE |" in done.stdout
    right, wrong = json.loads((tmp_path / "c.json").read_text())["calibrations"]
    assert right["claim"]["SUPPORTED"]["count"] >= 10
    assert right["claim"]["REFUTED"]["count"] == 0
    assert wrong["claim"]["REFUTED"]["count"] == 12
    assert {row["REFUTED"]["count"] for row in right["mutants"].values()} == {12}


def test_the_judge_is_measured_on_its_own_studies(toy_here: Here) -> None:
    done = toy_here(
        "calibrate", "--judge", "--replicates", "1", "--studies", "power-law,wrong-limit"
    )
    assert done.returncode == 0, done.stderr
    assert "| study | runs | claim is | SUPPORTED |" in done.stdout
    assert "wrong-limit" in done.stdout


def test_claims_beside_judge_are_refused(toy_here: Here) -> None:
    done = toy_here("calibrate", "--judge", "toy_limit")
    assert done.returncode == 2
    assert "--judge without claims" in done.stderr


def test_chosen_studies_replace_their_rows_of_a_page_and_leave_the_others(
    toy_here: Here, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    names = ("study", "runs", "claim is", "SUPPORTED", "REFUTED", "INCONCLUSIVE")
    head = f"| {' | '.join(names)} |\n{'|---' * len(names)}|\n"
    old = "| diverging | 7 | wrong | 0.0 | 100.0 | 0.0 |\n| gone | 7 | wrong | 0.0 | 0.0 | 0.0 |\n"
    both = (STUDIES.begin, head + old, STUDIES.end, RIVALS.begin, RIVALS.end)
    page.write_text("\n".join(("Before.", *both, "After.")))
    options = ("--studies", "power-law", "--table", "page.md", "-q")
    done = toy_here("calibrate", "--judge", "--replicates", "2", *options)
    assert done.returncode == 0, done.stderr
    text = page.read_text()
    assert "| power-law | 2 | right | 100.0 | 0.0 | 0.0 |\n| diverging | 7 | wrong" in text
    assert "gone" not in text
    assert "| study | runs | claim is | judge |" in text
    assert text.startswith("Before.")
    assert text.endswith("After.")


def test_studies_that_are_not_there_or_not_of_the_judge_are_refused(
    toy_here: Here, tmp_path: Path
) -> None:
    done = toy_here("calibrate", "--judge", "--studies", "power-lav")
    assert done.returncode == 2
    assert "power-law" in done.stderr
    (tmp_path / "page.md").write_text("No place for a table.")
    done = toy_here("calibrate", "--judge", "--studies", "power-law", "--table", "page.md")
    assert done.returncode == 2
    assert STUDIES.begin in done.stderr.replace("\n", " ")
    done = toy_here("calibrate", "--studies", "power-law")
    assert done.returncode == 2
    assert "Add --judge" in done.stderr
