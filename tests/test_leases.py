"""Runs on one store share the work: no block is measured twice, and a dead run's are taken over."""

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from checks.suite import leases
from checks.suite.leases import Leases
from tests.test_suite_resume import measured, record_of


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_two_runs_at_once_measure_no_block_twice(
    toy_command: list[str], tmp_path: Path, environment: dict[str, str], jobs: str
) -> None:
    logs = [tmp_path / "a.log", tmp_path / "b.log"]
    command = [*toy_command, "check", "toy_limit", "-q", "--jobs", jobs, "--json"]
    runs = [
        subprocess.Popen(
            [*command, f"{log.stem}.json"], cwd=tmp_path,
            env={**environment, "TOY_LOG": str(log), "TOY_SLEEP": "1"},
        )
        for log in logs
    ]  # fmt: skip
    assert [run.wait(timeout=300) for run in runs] == [0, 0]
    assert record_of(tmp_path / "a.json") == record_of(tmp_path / "b.json")
    blocks = Counter(line for log in logs for line in measured(log))
    assert set(blocks.values()) == {1}
    assert len(blocks) == 6
    assert subprocess.run([*command, "c.json"], cwd=tmp_path, check=True, env=environment)
    assert record_of(tmp_path / "a.json") == record_of(tmp_path / "c.json")


def test_a_lease_is_one_runs_until_it_is_given_back(tmp_path: Path) -> None:
    one, other = Leases(tmp_path / "s"), Leases(tmp_path / "s")
    assert one.take("k")
    assert one.take("k")
    assert not other.take("k")
    assert other.take("another")
    other.give_back("k")  # it is not its own
    assert not other.take("k")
    one.give_back("k")
    assert other.take("k")
    other.close()
    assert one.take("k")
    one.close()


def test_a_lease_that_is_not_renewed_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LAST", 0.2)
    one, other = Leases(tmp_path / "s"), Leases(tmp_path / "s")
    assert one.take("k")
    assert not other.take("k")
    time.sleep(0.3)
    assert other.take("k")
    for run in (one, other):
        run.close()


def test_a_lease_is_renewed_while_its_run_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LAST", 5.0)
    monkeypatch.setattr(leases, "RENEW", 0.1)
    one = Leases(tmp_path / "s")
    assert one.take("k")
    monkeypatch.setattr(leases, "LAST", 600.0)
    time.sleep(1)
    assert one._connection is not None
    ((until,),) = one._connection.execute("SELECT until FROM leases").fetchall()
    assert until > time.time() + 500
    one.close()


def killed(store: Path) -> subprocess.Popen[bytes]:
    """A run that took a lease and was killed; nobody has waited for it."""
    code = (
        "import os, pathlib, sys\nfrom checks.suite.leases import Leases\n"
        "assert Leases(pathlib.Path(sys.argv[1])).take('k')\nos.kill(os.getpid(), 9)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(store)])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    return process


@pytest.mark.parametrize("reaped", [True, False])
def test_a_killed_runs_lease_is_taken_over_at_once(tmp_path: Path, reaped: bool) -> None:
    died = killed(tmp_path / "s")
    assert not reaped or died.wait() == -9
    run = Leases(tmp_path / "s")
    assert run.take("k")
    run.close()
    assert died.wait() == -9


def test_where_there_is_no_place_for_leases_a_run_computes_all(tmp_path: Path) -> None:
    (tmp_path / "s-leases").mkdir()
    one, other = Leases(tmp_path / "s"), Leases(tmp_path / "s")
    assert one.take("k")
    assert other.take("k")
    one.give_back("k")
    one.close()
    assert os.listdir(tmp_path) == ["s-leases"]
