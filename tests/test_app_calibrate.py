"""`calibrate` says how often fresh seeds give which verdict."""

import json
from collections.abc import Callable
from pathlib import Path

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
    done = toy_here("calibrate", "--judge", "--replicates", "2")
    assert done.returncode == 0, done.stderr
    assert "| study | claim is | SUPPORTED |" in done.stdout
    assert "wrong-limit" in done.stdout


def test_claims_beside_judge_are_refused(toy_here: Here) -> None:
    done = toy_here("calibrate", "--judge", "toy_limit")
    assert done.returncode == 2
    assert "--judge without claims" in done.stderr
