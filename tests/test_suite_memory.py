"""Blocks that say what memory they need run side by side only where there is room for both."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from checks.suite.workers import _Turns, memory_here
from tests.conftest import Run
from tests.test_suite_cluster import Cluster, cluster
from verilimit import Experiment

__all__ = ["cluster"]  # a fixture

FILE = """import time
import numpy as np
import verilimit as vl


def simulate(point, keys):
    began = time.monotonic()
    time.sleep(0.3)
    with open(LOG, "a") as stream:
        print(began, time.monotonic(), file=stream)
    return {"zero": np.zeros(len(keys))}


hungry = vl.Experiment("my/hungry", simulate, memory=NEED)
claim = vl.IdentityClaim(
    id="my/zero", sizes={"n": [1, 2, 3, 4]}, residual=hungry["zero"], tolerance=1e-9
)
"""


def overlaps(log: Path) -> int:
    """How many blocks began before the one that began before them had ended."""
    times = sorted(tuple(map(float, line.split())) for line in log.read_text().splitlines())
    log.unlink()
    assert len(times) == 5  # the first block is measured twice
    return sum(later[0] < earlier[1] for earlier, later in pairwise(times))


def test_a_large_block_waits_for_another_and_no_small_one_for_it() -> None:
    turns, small, second = _Turns(room=10.0), Event(), Event()

    def run(memory: int, begun: Event) -> None:
        with turns.turn(memory):
            begun.set()

    with ThreadPoolExecutor() as threads:
        with turns.turn(6), turns.turn(4):
            threads.submit(run, 0, small)
            threads.submit(run, 1, second)
            assert small.wait(10)
            assert not second.wait(0.2)
        assert second.wait(10)
        larger = Event()
        threads.submit(run, 11, larger)  # than all there is: tried when no other large one runs
        assert larger.wait(10)


@pytest.mark.parametrize("share", [0.6, 0.1])
def test_two_jobs_share_this_machines_memory(verilimit: Run, tmp_path: Path, share: float) -> None:
    log, need = tmp_path / "log", int(share * memory_here())
    text = FILE.replace("LOG", repr(str(log))).replace("NEED", str(need))
    (tmp_path / "mine.py").write_text(text)
    done = verilimit("check", "mine.py", "--jobs", "2", "-q")
    assert done.returncode == 0, done.stderr
    assert (overlaps(log) > 0) is (share < 0.5)


def test_dask_gives_a_worker_no_two_blocks_that_it_has_not_memory_for(
    cluster: Cluster, verilimit: Run, tmp_path: Path
) -> None:
    log = tmp_path / "log"

    def checked(need: str, *how: str) -> str:
        text = FILE.replace("LOG", repr(str(log))).replace("NEED", need)
        (tmp_path / f"needs_{need}.py").write_text(text)
        done = verilimit("check", f"needs_{need}.py", "-q", *how)
        assert done.returncode == (0 if log.exists() else 2), done.stderr
        return done.stderr

    cluster.scheduler()
    worker = cluster.worker("--nthreads", "2", "--resources", "memory=30")
    how = cluster.how()
    assert checked("20", *how) == ""
    assert overlaps(log) == 0
    assert checked("10", *how) == ""
    assert overlaps(log) > 0
    said = checked("40", *how)
    assert "expected a Dask worker with 40 bytes of memory, for my/zero; received workers" in said
    worker.kill()
    worker.wait()
    cluster.worker("--nthreads", "2")
    assert "no Dask worker says what memory it has" in checked("50", *how)
    assert overlaps(log) > 0


@pytest.mark.parametrize("memory", [-1, float("nan"), float("inf"), True])
def test_what_is_no_number_of_bytes_is_refused(memory: float) -> None:
    with pytest.raises(ValueError, match="expected memory to be a number of bytes"):
        Experiment("my/x", lambda point, keys: {}, memory=memory)
