"""A user's own kind of claim: one class, in a file of the user's, judged like ours."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from checks.suite.claimfile import ClaimFile
from checks.verdicts import Claim, ClaimError, Mutant, Role, Undecided, calibrate, judge
from tests.conftest import Ended

KIND = '''
from dataclasses import dataclass
from collections.abc import Callable

import numpy as np
from scipy import stats

from checks.verdicts import Claim, Finding, Mutant, Role, Test


@dataclass(frozen=True, kw_only=True, eq=False)
class MedianClaim(Claim):
    """The median of an observation is the one expected, by the sign test."""

    sample: Callable
    expected: float
    margin: float = 0.2

    def roles(self):
        return {"sample": Role(self.sample)}

    def finding(self, data):
        x = data.matrix("sample").ravel() - self.expected
        n, above = len(x), int((x > 0).sum())
        share = above / n
        test = Test(
            "share above the median", share, (share * (1 - share) / n) ** 0.5, n - 1.0, 0.5, 0.5,
            0.5 - self.margin, 0.5 + self.margin,
            refutation=float(stats.binomtest(above, n).pvalue),
        )
        return Finding((test,), {test.name: {"value": share}})

    def errors_to_plant(self):
        moved = lambda data: data.mapped("sample", lambda size, x: x + 1.5)
        return (Mutant("auto-shift", "observations shifted", data=moved),)


def sample(size, keys):
    return np.array([np.random.default_rng(key).exponential() for key in keys])


claim = MedianClaim(id="mine/median", sample=sample, expected=float(np.log(2)))
'''


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> dict:
    path = tmp_path_factory.mktemp("own") / "mine.py"
    path.write_text(KIND)
    return vars(ClaimFile(path).module)


def test_a_kind_of_ones_own_is_supported_refuted_and_calibrated(space: dict) -> None:
    claim = space["claim"]
    result = judge(claim)
    assert result.verdict.value == "SUPPORTED", result.because
    assert [(m.id, m.verdict.value) for m in result.mutants] == [("auto-shift", "REFUTED")]
    wrong = space["MedianClaim"](id="mine/mean", sample=space["sample"], expected=1.0)
    assert judge(wrong).verdict.value == "REFUTED"
    assert calibrate(claim, replicates=5).mutants["auto-shift"]["REFUTED"].count == 5


def test_the_command_checks_and_calibrates_it(
    toy_here: Callable[..., Ended], tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(KIND)
    done = toy_here("check", "mine.py", "--jobs", "1", "-q", "--json", "record.json")
    assert done.returncode == 0, done.stderr
    (claim,) = json.loads((tmp_path / "record.json").read_text())["claims"]
    assert (claim["kind"], claim["verdict"]) == ("MedianClaim", "SUPPORTED")
    done = toy_here("calibrate", "mine.py", "--jobs", "1", "--replicates", "3")
    assert done.returncode == 0, done.stderr


def test_what_it_measures_is_checked_by_its_roles(space: dict) -> None:
    wrong = space["MedianClaim"](id="a", sample=lambda s, k: np.ones((len(k), 2)), expected=1.0)
    with pytest.raises(ClaimError, match=r"\(64, 2\)"):
        judge(wrong)


class Broken(Claim):
    """A kind whose rule does what it is told to."""

    def roles(self):
        return {"value": Role(lambda size, keys: np.ones(len(keys)))}

    def finding(self, data):
        raise {"none": Undecided("nothing can be seen"), "bad": KeyError("x")}[self.id]


def test_a_fault_of_a_rule_or_of_planted_data_names_claim_and_kind() -> None:
    shifted = Mutant("shift", "moved", data=lambda data: data)
    with pytest.raises(ClaimError, match="claim bad: expected a finding, received KeyError"):
        judge(Broken(id="bad", mutants=[shifted]))
    undecided = judge(Broken(id="none", mutants=[shifted]))
    assert (undecided.verdict.value, undecided.because) == ("INCONCLUSIVE", "nothing can be seen")
    with pytest.raises(TypeError, match="a Broken plants no errors by itself"):
        judge(Broken(id="none"))


@pytest.mark.parametrize("spoil", [lambda x: x * np.nan, lambda x: x[:3]], ids=["NaN", "short"])
def test_planted_data_that_cannot_be_judged_are_refused(space: dict, spoil) -> None:
    mutant = Mutant("bad", "", data=lambda data: data.mapped("sample", lambda _, x: spoil(x)))
    claim = space["MedianClaim"](
        id="a", sample=space["sample"], expected=float(np.log(2)), mutants=[mutant]
    )
    with pytest.raises(ClaimError, match="mutant bad"):
        judge(claim)


def test_a_kind_without_a_rule_cannot_be_built() -> None:
    class Ruleless(Claim):
        def roles(self):
            return {}

    with pytest.raises(TypeError, match="finding"):
        Ruleless(id="a")  # pyright: ignore[reportAbstractUsage]
