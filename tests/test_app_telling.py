"""What a run tells while it goes on and where it stops: events, times, frames, limits."""

import json
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from checks.suite.meter import profiled
from tests.conftest import Run
from tests.test_suite_resume import record_of

FILE = """
import time
import numpy as np
import verilimit as vl


def good(size, keys):
    return np.zeros(len(keys))


def slow(size, keys):
    time.sleep(60)


def broken(size, keys):
    return helper(1)


def helper(x):
    return x / 0


def wrong(size, keys):
    return np.ones(len(keys))


def claim(name, function):
    return vl.IdentityClaim(
        id=f"my/{name}", statement="It is zero.", sizes={"n": [1, 2]}, residual=function,
        tolerance=1e-9, mutants=[vl.Mutant("one", "one for zero", {"residual": wrong})],
    )


claims = [CLAIMS]
"""


@pytest.fixture
def mine(tmp_path: Path):
    def written(*names: str) -> str:
        claims = ", ".join(f'claim("{name}{i}", {name})' for i, name in enumerate(names))
        (tmp_path / "mine.py").write_text(FILE.replace("CLAIMS", claims))
        return "mine.py"

    return written


def test_events_are_lines_of_json_and_end_with_the_verdicts(
    verilimit: Run, mine, tmp_path: Path
) -> None:
    options = ("--json-lines", "e.jsonl", "--json", "r.json", "--timings", "-q")
    done = verilimit("check", mine("good", "wrong"), *options)
    assert done.returncode == 1, done.stderr
    events = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert events[0] == {"event": "run", "claims": 2}
    blocks = [event for event in events if event["event"] == "block"]
    assert {block["experiment"] for block in blocks} >= {"my/good0:residual", "my/wrong1:residual"}
    assert all(0 <= block["compiling"] <= block["seconds"] for block in blocks)
    assert all(block["memory"] > 2**20 for block in blocks)
    verdicts = {event["claim"]: event["verdict"] for event in events if event["event"] == "claim"}
    assert verdicts == {"my/good0": "SUPPORTED", "my/wrong1": "REFUTED"}
    assert f"{len(blocks)} blocks" in done.stderr
    assert "compiling" in done.stderr
    record = json.loads((tmp_path / "r.json").read_text())
    assert set(record["timings"]) == set(verdicts)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_block_beyond_its_time_costs_its_claim_only(verilimit: Run, mine, jobs: str) -> None:
    done = verilimit("check", mine("slow", "good"), "--time-limit", "6", "--jobs", jobs, "-q")
    assert done.returncode == 2
    assert "my/slow0:residual at size {'n': " in done.stderr
    assert "it took more than 6 s" in done.stderr
    assert "1 SUPPORTED, 1 without a verdict" in done.stdout


def test_the_frames_of_a_function_are_its_own(verilimit: Run, mine) -> None:
    for jobs in ("1", "2"):
        done = verilimit("check", mine("broken"), "--traceback", "--jobs", jobs, "-q")
        assert done.returncode == 2
        frames = [line.split(",")[2].strip() for line in done.stderr.splitlines() if "File" in line]
        assert frames == ["in broken", "in helper"]
        assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_first_that_does_not_hold_can_end_the_run(
    verilimit: Run, mine, tmp_path: Path, jobs: str
) -> None:
    file = mine("wrong", "slow", "slow") if jobs == "1" else mine("wrong", "good")
    done = verilimit(
        "check", file, "-x", "--jobs", jobs, "--json", "r.json", "--junit", "j.xml", "-q"
    )
    assert done.returncode == 1
    record = json.loads((tmp_path / "r.json").read_text())
    assert record["claims"][0]["verdict"] == "REFUTED"
    assert record["failed"] == []
    assert len(record["claims"]) + len(record["skipped"]) == (3 if jobs == "1" else 2)
    if jobs == "1":
        assert record["skipped"] == ["my/slow1", "my/slow2"]
        assert "not judged after the first that does not hold: my/slow1" in done.stdout
        assert fromstring((tmp_path / "j.xml").read_text()).get("skipped") == "2"


def test_every_block_can_be_named(verilimit: Run, mine) -> None:
    done = verilimit("check", mine("good"), "-v", "--jobs", "1")
    assert "my/good0: my/good0:residual at size {'n': 2}, seeds 0.." in done.stderr


def test_a_profile_has_a_trace_of_each_block_and_changes_no_number(
    toy: Run, tmp_path: Path
) -> None:
    plain = toy("check", "toy_limit", "--store", "a", "--json", "a.json", "--json-lines", "e", "-q")
    options = ("--store", "b", "--json", "b.json", "--profile", "traces", "--jobs", "1", "-q")
    traced = toy("check", "toy_limit", *options)
    assert (plain.returncode, traced.returncode) == (0, 0), traced.stderr
    assert record_of(tmp_path / "a.json") == record_of(tmp_path / "b.json")
    blocks = (tmp_path / "e").read_text().count('"event": "block"')
    traces = list((tmp_path / "traces").glob("toy-limit-true-error-*/**/*.xplane.pb"))
    assert len(traces) == blocks > 0


def test_traces_of_blocks_whose_names_differ_in_signs_have_folders_of_their_own(
    tmp_path: Path,
) -> None:
    names = ("a/b at 1", "a-b at 1", "a b at 1", "x" * 300)
    for name in names:
        with profiled(str(tmp_path), name):
            pass
    assert len(list(tmp_path.iterdir())) == len(names)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--profile", "mine.py"), "expected --profile to name a folder"),
        (("--profile", "t", "--executor", "dask"), "expected --profile with --executor local"),
    ],
)
def test_a_profile_without_a_place_is_bad_input(
    verilimit: Run, mine, options: tuple[str, ...], why: str
) -> None:
    done = verilimit("check", mine("good"), *options)
    assert done.returncode == 2
    assert why in done.stderr


def test_dask_ends_no_task_for_its_time(verilimit: Run, mine) -> None:
    done = verilimit("check", mine("good"), "--time-limit", "1", "--executor", "dask")
    assert done.returncode == 2
    assert "expected --time-limit with --executor local" in done.stderr
