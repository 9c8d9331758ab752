"""Studies made to mislead the judge: no wrong claim is supported and no right one refuted."""

import pytest

from checks.verdicts import Verdict
from checks.verdicts.benchmark import calibrate_judge
from checks.verdicts.hostile import HOSTILE, Hostile

REPLICATES = 10


@pytest.mark.parametrize("study", HOSTILE, ids=lambda study: study.name)
def test_a_hostile_study_gets_no_false_verdict(study: Hostile) -> None:
    """Ten seeds would show each of the faults that these studies were made from."""
    (row,) = calibrate_judge(REPLICATES, 4, studies=[study]).rows
    forbidden = Verdict.REFUTED if study.right else Verdict.SUPPORTED
    assert row.verdicts[forbidden.value].count == 0


def test_the_table_shows_hostile_studies_without_rivals() -> None:
    table = calibrate_judge(2, 5, studies=HOSTILE[:2])
    assert table.to_markdown().count("\n") == 4
    assert not table.rows[0].rivals
