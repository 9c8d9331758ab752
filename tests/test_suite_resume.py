"""A killed run continues, a second run measures nothing, and how it is computed changes nothing."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import Run

SLOW = "0.2"


def record_of(path: Path) -> bytes:
    """The record, every byte of it."""
    return path.read_bytes()


def measured(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_run_continues_where_it_stopped(
    toy: Run, toy_command: list[str], tmp_path: Path, environment: dict[str, str], jobs: int
) -> None:
    first, second, whole = tmp_path / "first", tmp_path / "second", tmp_path / "whole"
    slow = {**environment, "TOY_LOG": str(first), "TOY_SLEEP": SLOW}
    process = subprocess.Popen(
        [*toy_command, "check", "toy_limit", "-q", "--jobs", str(jobs)],
        cwd=tmp_path,
        env=slow,
        start_new_session=True,
    )
    while len(measured(first)) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    killed = measured(first)
    assert toy("check", "toy_limit", "--json", "a.json", TOY_LOG=str(second)).returncode == 0
    options = ("--store", "fresh.sqlite", "--json", "b.json")
    assert toy("check", "toy_limit", *options, TOY_LOG=str(whole)).returncode == 0
    assert record_of(tmp_path / "a.json") == record_of(tmp_path / "b.json")
    lost = len(killed) + len(measured(second)) - len(measured(whole))
    assert 0 <= lost <= jobs  # the items in flight, at most
    assert len(measured(second)) < len(measured(whole))


def test_a_second_run_measures_nothing_and_another_seed_everything(
    toy: Run, tmp_path: Path
) -> None:
    logs = [tmp_path / name for name in ("a", "b", "c")]
    assert toy("check", "toy_limit", "--json", "a.json", TOY_LOG=str(logs[0])).returncode == 0
    assert toy("check", "toy_limit", "--json", "b.json", TOY_LOG=str(logs[1])).returncode == 0
    toy("check", "toy_limit", "--seed", "1", TOY_LOG=str(logs[2]))
    assert record_of(tmp_path / "a.json") == record_of(tmp_path / "b.json")
    assert measured(logs[0])
    assert not measured(logs[1])
    assert len(measured(logs[2])) >= len(measured(logs[0]))


@pytest.mark.parametrize("how", [["--jobs", "2"], ["--executor", "dask", "--jobs", "2"]])
def test_other_executors_give_the_same_record(how: list[str], toy: Run, tmp_path: Path) -> None:
    if "dask" in how:
        pytest.importorskip("distributed", reason="the extra `cluster` is optional")
    here = toy("check", "toy_limit", "--jobs", "1", "--store", "a", "--json", "a.json")
    there = toy("check", "toy_limit", *how, "--store", "b", "--json", "b.json")
    assert (here.returncode, there.returncode) == (0, 0), there.stderr
    assert record_of(tmp_path / "a.json") == record_of(tmp_path / "b.json")


def test_hash_seed_time_zone_locale_folder_and_processes_change_no_byte(
    toy: Run, toy_command: list[str], tmp_path: Path, environment: dict[str, str]
) -> None:
    outputs = ("check", "--json", "record.json"), ("report", "--out", "report.html")
    for command, *out in outputs:
        assert toy(command, "toy_limit", "--jobs", "1", *out).returncode == 0
    away = tmp_path / "away"
    away.mkdir()
    elsewhere = {"PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "LANG": "tr_TR"}
    for command, *out in reversed(outputs):  # the other of the two measures
        done = subprocess.run(
            [*toy_command, command, "toy_limit", "--jobs", "4", *out, "-q"],
            cwd=away, env={**environment, **elsewhere}, check=False,
        )  # fmt: skip
        assert done.returncode == 0
        assert (away / out[1]).read_bytes() == (tmp_path / out[1]).read_bytes()


def test_a_changed_room_is_measured_anew(toy: Run, tmp_path: Path) -> None:
    assert toy("check", "toy_limit").returncode == 0
    room = tmp_path / "house" / "toy_limit" / "checks.py"
    room.write_text(room.read_text().replace("lognormal(0, 0.3)", "lognormal(0, 0.2)"))
    log = tmp_path / "log"
    assert toy("check", "toy_limit", TOY_LOG=str(log)).returncode == 0
    assert measured(log)


def test_an_error_in_a_worker_process_is_an_error_of_the_input(toy: Run, tmp_path: Path) -> None:
    room = tmp_path / "house" / "toy_limit" / "checks.py"
    room.write_text(room.read_text().replace("return np.array", "return 0 * np.array([1]) #"))
    done = toy("check", "toy_limit", "--jobs", "2")
    assert done.returncode == 2
    assert "toy-limit/true" in done.stderr
