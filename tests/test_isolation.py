"""A user's file changes nothing for others, and a function that is not one of its keys is found."""

from pathlib import Path

import numpy as np
import pytest

from checks.suite.executors import _alike
from checks.suite.isolation import apart
from checks.suite.problem import InputProblem
from tests.conftest import Run

GOOD = """import os, random, sys, warnings
import numpy as np, verilimit as vl

def zero(size, keys):
    assert sys.stdout is not None and sys.stdin is not None
    warnings.warn("a warning is no error here")
    assert os.getcwd() == FOLDER and np.geterr()["divide"] == "warn"
    return np.zeros(len(keys))

claim = vl.IdentityClaim(id="NAME/zero", residual=zero, tolerance=1e-9, sizes={"n": [1, 2]})
"""
SETS = """
def change():
    os.chdir("/")
    random.seed(0)
    np.random.seed(0)
    np.seterr(all="raise")
    warnings.simplefilter("error")
    sys.stdout = sys.stdin = None

def one(size, keys):
    change()
    return np.zeros(len(keys))

change()
claims = [
    claim, vl.IdentityClaim(id="NAME/one", residual=one, tolerance=1e-9, sizes={"n": [1, 2]})
]
"""


def test_what_a_file_sets_is_put_back(verilimit: Run, tmp_path: Path) -> None:
    for name, text in (("first", GOOD + SETS), ("second", GOOD)):
        text = text.replace("FOLDER", repr(str(tmp_path))).replace("NAME", name)
        (tmp_path / f"{name}.py").write_text(text)
    done = verilimit("check", "first.py", "second.py", "--jobs", "1", "-q")
    assert done.returncode == 0, done.stderr
    assert "3 claims: 3 SUPPORTED" in done.stdout


def test_a_file_that_changes_the_judge_is_refused(verilimit: Run, tmp_path: Path) -> None:
    line = "import checks.suite.run\nchecks.suite.run.judge = None\n"
    (tmp_path / "mine.py").write_text(line + GOOD)
    done = verilimit("check", "mine.py", "--jobs", "1", "-q")
    assert done.returncode == 2
    assert done.stderr.startswith("verilimit: expected ")
    assert (
        "leave verilimit as it is; received a file that sets checks.suite.run.judge" in done.stderr
    )


def _rules() -> tuple[object, ...]:
    import checks.suite.run as run
    import verilimit as vl
    from checks.verdicts import fit

    return run._fits, vl.IdentityClaim.at, vl.RateClaim.finding, fit.TIE


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("import checks.suite.run as r; r._fits = None", "checks.suite.run._fits"),
        ("import verilimit as vl; vl.IdentityClaim.at = None", "IdentityClaim.at"),
        ("import verilimit as vl; vl.RateClaim.finding = None", "RateClaim.finding"),
        ("import checks.verdicts.fit as f; f.TIE = 0.5", "checks.verdicts.fit.TIE"),
    ],
)
def test_whatever_it_sets_is_named_and_undone(line: str, named: str) -> None:
    before = _rules()
    with pytest.raises(InputProblem, match=f"a file that sets {named}\\."), apart("mine.py"):
        exec(line)
    assert _rules() == before


def test_seeds_that_blow_up_do_so_twice() -> None:
    table = {"x": np.array([np.nan, np.inf, 1.0]), "event": np.array([True, False, True])}
    again = {name: column.copy() for name, column in table.items()}
    assert _alike(table, again)
    for name, column in table.items():
        other = {**again, name: np.where([False, False, True], 0, column).astype(column.dtype)}
        assert not _alike(table, other)


DRAWS = """import numpy as np, verilimit as vl

def claim(name, drawn):
    return vl.IdentityClaim(id=f"my/{name}", residual=drawn, tolerance=1e9, depends=())

claims = [
    claim("global", lambda size, keys: np.random.random(size=len(keys))),
    claim("fresh", lambda size, keys: np.random.default_rng().random(size=len(keys))),
    claim("keyed", lambda size, keys: np.array([np.random.default_rng(k).random() for k in keys])),
]
"""


def test_numbers_that_are_not_of_their_keys_are_found_and_not_kept(
    verilimit: Run, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(DRAWS)
    done = verilimit("check", "mine.py", "--jobs", "2", "-q")
    assert done.returncode == 0, done.stderr
    said = [line.split(":")[0] for line in done.stderr.splitlines() if "measured twice" in line]
    assert sorted(said) == ["my/fresh", "my/global"]
    kept = verilimit("store", "info").stdout
    assert [name for name in ("fresh", "global", "keyed") if f"my/{name}" in kept] == ["keyed"]
