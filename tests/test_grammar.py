"""A room states its claims in one grammar; every form of a slip becomes the error that it says."""

import re
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from checks.suite.targets import file_claims
from checks.verdicts import Experiment, RateClaim, Statements, With, drifting, judge
from tests.conftest import ROOT

n = sp.Symbol("n", positive=True)
state = Statements("a_room", seeds=32)
noise = Experiment(
    state.name("noise"),
    lambda point, keys: {
        "x": np.array([np.random.default_rng([*k, point["n"]]).lognormal(0, 0.2) for k in keys])
    },
)


def error(size, table, power=1.0):
    return table["x"] * size["n"] ** -power


def stated(measure) -> RateClaim:
    return state(
        RateClaim, "rate", "It falls like 1/n.", measure,
        {
            "prediction": ("1/n^2", n**-2),
            "argument": ("the root", With(power=0.5)),
            "measurement": ("no rate", noise["x"]),
            "data": ("a growth", drifting("n", 8.0)),
            "fields": ("another kind and rate", {"predicted": n**-2, "kind": "upper bound"}),
        },
        predicted=1 / n, sizes={"n": [8, 16, 32, 64, 128, 256]},
    )  # fmt: skip


def plain(size, keys, power=1.0):
    return error(size, noise.simulate(size, keys), power)


@pytest.mark.parametrize("measure", [noise.column(error), plain], ids=["a column", "a function"])
def test_every_form_of_a_slip_is_planted_and_refuted(measure) -> None:
    claim = stated(measure)
    assert (claim.id, claim.theorem, claim.seeds) == ("a-room/rate", "a_room", 32)
    result = judge(claim)
    assert result.verdict.value == "SUPPORTED", result.because
    names = ["prediction", "argument", "measurement", "data", "fields", "auto-floor"]
    assert [(m.id, m.verdict.value) for m in result.mutants] == [(x, "REFUTED") for x in names]


BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "judge.md").read_text(), re.DOTALL)


def test_the_examples_of_the_page_on_the_judge_run(tmp_path: Path) -> None:
    path = tmp_path / "examples.py"
    claims = (
        "one = RateClaim(id='mine/one', sizes={'n': [8, 16, 32, 64, 128, 256]}, error=error,\n"
        "                predicted=n ** sp.Rational(-1, 2), next_order=None, mutants=[\n"
        "    Mutant('bias', 'a bias', {'error': biased['mean']})])\n"
        "two = IndependenceClaim(id='mine/two', sizes={'n': [64, 128, 256]}, error=spread)\n"
        "sample = lambda size, keys: np.array([np.random.default_rng(k).normal() for k in keys])\n"
        "three = MedianClaim(id='mine/three', sample=sample, expected=0.0)\n"
    )
    assert len(BLOCKS) == 6
    path.write_text("\n".join([*BLOCKS, claims]))
    found = [judge(claim) for claim in file_claims(str(path))]
    assert [result.verdict.value for result in found] == ["SUPPORTED"] * 6, found
