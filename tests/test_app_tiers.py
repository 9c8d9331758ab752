"""A claim may be too long for a tier: it is left out there, says so, and is no success."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from xml.etree.ElementTree import fromstring

import jsonschema
import numpy as np
import pytest

from checks.report.content import RoomContent
from checks.suite.house import BUILT_IN
from checks.suite.run import Plan, Study
from checks.verdicts import IdentityClaim, tier_words
from tests.conftest import Ended
from tests.test_app_check import write_claim
from tests.test_app_plugin import pytest_in

Here = Callable[..., Ended]
ID = "spectral-concentration/long"


def long_claim(**more) -> IdentityClaim:
    return IdentityClaim(id=ID, residual=lambda size, keys: np.zeros(len(keys)), **more)


def write_long(folder: Path) -> None:
    path = write_claim(folder / "long.py")
    path.write_text(path.read_text().replace("margin=0.1", 'margin=0.1, seeds={"full": 64}'))


def test_a_claim_runs_at_the_tiers_of_its_seeds() -> None:
    claim = long_claim(seeds={"standard": 5, "full": 50})
    assert [claim.runs_at(tier) for tier in ("smoke", "standard", "full")] == [False, True, True]
    assert tier_words(claim) == "tier standard and full only"
    assert long_claim(seeds=5).runs_at("smoke")


def test_sizes_are_needed_only_at_those_tiers() -> None:
    points = {"full": [{"n": 8}]}
    assert long_claim(seeds={"full": 5}, points=points).at("full").points == ({"n": 8},)


@pytest.mark.parametrize("seeds", [{}, {"standrad": 5}])
def test_a_tier_that_does_not_exist_is_named(seeds: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="some of the tiers"):
        long_claim(seeds=seeds)


def test_it_is_listed_and_not_judged(toy_here: Here, tmp_path: Path) -> None:
    write_long(tmp_path)
    write_claim(tmp_path / "right.py")
    done = toy_here("check", "right.py", "long.py", "--json", "r.json", "--junit", "r.xml", "-q")
    assert done.returncode == 0
    assert "1 claim: 1 SUPPORTED\nnot at this tier: long (tier full only)" in done.stdout
    record = json.loads((tmp_path / "r.json").read_text())
    schema = json.loads((files("checks.verdicts") / "schema.json").read_text())
    jsonschema.validate(record, schema)
    assert [claim["id"] for claim in record["claims"]] == ["right"]
    assert record["claims"][0]["budget"] == 1e-3  # no share is kept for what is not run
    assert record["not_at_tier"] == ["long"]
    suite = fromstring((tmp_path / "r.xml").read_text())
    assert [suite.get(k) for k in ("tests", "skipped")] == ["2", "1"]
    assert [[child.tag for child in case] for case in suite] == [[], ["skipped"]]


def test_it_runs_at_its_tier(toy_here: Here, tmp_path: Path) -> None:
    write_long(tmp_path)
    done = toy_here("check", "long.py", "--tier", "full", "-q")
    assert done.returncode == 0
    assert "1 claim: 1 SUPPORTED" in done.stdout


@pytest.mark.parametrize("command", [["check"], ["calibrate", "--replicates", "1"]])
def test_a_run_of_nothing_is_an_error(toy_here: Here, tmp_path: Path, command: list[str]) -> None:
    write_long(tmp_path)
    done = toy_here(*command, "long.py")
    assert done.returncode == 2
    assert "long (tier full only)" in done.stderr


def test_the_report_names_it_under_not_checked() -> None:
    room = BUILT_IN.room("spectral_concentration")
    claim = long_claim(statement="It is long.", seeds={"full": 5})
    study = Study(Plan(), (), (), absent=(claim,))
    content = RoomContent(room, (), (), study.absent)
    assert content.not_checked[-1] == f"{ID}, at tier full only: It is long."


def test_pytest_skips_it_with_the_reason(tmp_path: Path, environment: dict[str, str]) -> None:
    write_long(tmp_path)
    (tmp_path / "test_mine.py").write_text(
        "def test_long(judge_claim):\n    import long\n    judge_claim(long.claim)\n"
    )
    done = pytest_in(tmp_path, environment, "-q", "-rs")
    assert "1 skipped" in done.stdout
    assert "tier full only" in done.stdout
