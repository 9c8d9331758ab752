"""An experiment is simulated once a block, whoever asks about it and wherever it is computed."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from checks.suite.executors import inline
from checks.suite.run import Plan, run_claims
from checks.suite.targets import Located
from checks.verdicts import (
    ClaimError,
    Experiment,
    IdentityClaim,
    LawClaim,
    MomentClaim,
    Mutant,
    experiments,
    judge,
)
from tests.conftest import Run
from tests.test_suite_run import Quiet

ROOM = '''"""Three claims of one experiment, and a planted error that simulates otherwise."""
import os
import sympy as sp
import numpy as np

from checks.verdicts import Experiment, IndependenceClaim, Mutant, RateClaim

n = sp.Symbol("n", positive=True)


def simulate(point, keys, *, power=1.0):
    with open(os.environ["TOY_LOG"], "a") as stream:
        print(point, len(keys), keys[0, 0], power, file=stream)
    noise = np.array([np.random.default_rng(key).lognormal(0, 0.3) for key in keys])
    widths = [point["n"] // 2**j for j in range(6)]
    return {"noise": noise, **{f"error/{n}": noise * n**-power for n in widths}}


walks = Experiment("toy-limit/walks", simulate, together="n")
slow = walks.changed("slow", power=0.5)
LEVELS = {"n": [8, 16, 32, 64, 128, 256]}


def rate(name, **more):
    return RateClaim(id=f"toy-limit/{name}", theorem="toy_limit", sizes=LEVELS, predicted=1 / n,
                     kind="exact", error=walks["error/{n}"], **more)


claims = (
    rate("all"),
    rate("slow", mutants=[Mutant("half", "half the rate", {"error": slow["error/{n}"]})]),
    IndependenceClaim(
        id="toy-limit/noise", theorem="toy_limit", sizes=LEVELS,
        error=walks["noise"],
    ),
)
pictures = ()
not_checked = ()
'''


@pytest.mark.parametrize(
    "how", [["--jobs", "1"], ["--jobs", "2"], ["--executor", "dask", "--jobs", "2"]],
    ids=["here", "forked", "dask"],
)  # fmt: skip
def test_each_block_is_simulated_once(how: list[str], toy: Run, tmp_path: Path) -> None:
    if "dask" in how:
        pytest.importorskip("distributed", reason="the extra `cluster` is optional")
    (tmp_path / "house" / "toy_limit" / "checks.py").write_text(ROOM)
    log = tmp_path / "log"
    done = toy("check", "toy_limit", *how, "--json", "record.json", TOY_LOG=str(log))
    assert done.returncode == 0, done.stderr
    lines = log.read_text().splitlines()
    assert len(set(lines)) == len(lines)  # no block twice
    assert sorted(line.split()[-1] for line in lines[:2]) in (["0.5", "1.0"], ["1.0", "1.0"])
    record = json.loads((tmp_path / "record.json").read_text())
    assert [claim["verdict"] for claim in record["claims"]] == ["SUPPORTED"] * 3
    assert all(size.keys() == {"n"} for claim in record["claims"] for size in claim["sizes"])
    again = toy("check", "toy_limit", *how, "--json", "again.json", TOY_LOG=str(log))
    assert again.returncode == 0
    assert log.read_text().splitlines() == lines  # the store has them all


def counted(log: list[int]) -> Experiment:
    def simulate(point: dict, keys: np.ndarray) -> dict:
        log.append(len(keys))
        return {"x": keys[:, 0] / 2.0**32, "zero": np.zeros(len(keys)), "event": keys[:, 1] > 9}

    return Experiment("a/numbers", simulate)


def claims_of(experiment: Experiment) -> tuple[MomentClaim, IdentityClaim]:
    return (
        MomentClaim(id="a/mean", sample=experiment["x"], expected=0.5, seeds=64),
        IdentityClaim(id="a/zero", residual=experiment["zero"], seeds=64),
    )


@pytest.mark.parametrize("together", [True, False])
def test_claims_without_an_address_share_a_block_as_well(together: bool) -> None:
    log: list[int] = []
    claims = [Located(claim, None) for claim in claims_of(counted(log))]
    found = run_claims(
        claims, Plan(), execute=inline, store=None, watcher=Quiet(), together=together
    )
    assert [result.verdict.name for result in found.results] == ["SUPPORTED"] * 2
    assert log == [64] * (found.results[0].seeds // 64)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("y", "no column 'y'; the experiment has"),
        ("event", "expected real numbers in double precision"),
    ],
)
def test_a_column_that_cannot_be_read_is_named(column: str, words: str) -> None:
    claim = IdentityClaim(id="a/b", residual=counted([])[column])
    with pytest.raises(ClaimError, match=f"claim a/b, residual at size .*{words}"):
        judge(claim)


def test_a_simulation_that_fails_is_named() -> None:
    def simulate(point: dict, keys: np.ndarray) -> dict:
        raise ZeroDivisionError("a slip")

    claim = IdentityClaim(id="a/b", residual=Experiment("a/broken", simulate)["x"])
    with pytest.raises(ClaimError, match=r"experiment a/broken at size .* a slip"):
        judge(claim)


def test_two_experiments_of_one_name_are_refused() -> None:
    first, second = claims_of(counted([]))[0], claims_of(counted([]))[1]
    with pytest.raises(ValueError, match="two that simulate differently"):
        experiments((first, second))


def test_the_two_sides_of_a_law_need_keys_of_their_own() -> None:
    numbers = counted([])
    with pytest.raises(ValueError, match="not independent"):
        LawClaim(id="a/law", left=numbers["x"], right=numbers["zero"])


def test_a_changed_experiment_has_the_keys_of_the_first() -> None:
    seen: Callable[..., dict] = lambda point, keys, plus=0: {"x": keys[:, 0] + float(plus)}  # noqa: E731
    first = Experiment("a/keys", seen)
    second = first.changed("shifted", plus=1)
    mutant = Mutant("shifted", "one more", {"residual": second["x"]})
    claim = IdentityClaim(id="a/b", residual=first["x"], mutants=[mutant])
    keys = np.arange(8, dtype=np.uint32).reshape(4, 2)
    assert np.array_equal(second["x"]({}, keys), first["x"]({}, keys) + 1)
    assert set(experiments((claim,))) == {"a/keys", "a/keys/shifted"}
    assert (second.draw, os.path.basename(second.name)) == ("a/keys", "shifted")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_two_experiments_of_one_name_in_a_file_are_refused(
    verilimit: Run, tmp_path: Path, jobs: str
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(
        "import verilimit as vl\n"
        "claims = [vl.IdentityClaim(id=f'my/{i}', residual=vl.Experiment('one', "
        "lambda at, keys, i=i: {'x': keys[:, 0] * 0.0 + i})['x']) for i in range(2)]\n"
    )
    done = verilimit("check", str(mine), "--jobs", jobs)
    assert done.returncode == 2
    assert "each experiment its own name" in done.stderr
