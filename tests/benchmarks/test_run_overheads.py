"""What a run costs besides computing, as ratios in one run.

``make bench`` prints the ratios; nothing is asserted about them, since machines are shared. Blocks
sleep, so that only the handling of them needs a processor.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from checks.suite.cluster import dask
from checks.suite.executors import Execute, inline, local
from checks.suite.fingerprint import environment
from checks.suite.snapshot import Snapshot
from checks.suite.store import Store
from checks.suite.targets import Located, select
from checks.verdicts import Task, experiments

pytestmark = pytest.mark.benchmark_suite
FILE = """import time
import numpy as np, sympy as sp, verilimit as vl
n = sp.Symbol("n", positive=True)

def error(size, keys):
    time.sleep((size["n"] - 1) / 1000)
    return np.ones(len(keys)) / size["n"]

claim = vl.RateClaim(id="sleeping", sizes={"n": [8, 16, 32, 64, 128, 256]}, predicted=1 / n,
                     kind="exact", margin=0.1, error=error)
"""


@pytest.fixture
def sleeping(tmp_path: Path) -> Located:
    """A claim whose blocks sleep n - 1 milliseconds."""
    (tmp_path / "sleeping.py").write_text(FILE)
    return select([str(tmp_path / "sleeping.py")])[0]


def blocks(located: Located, count: int, milliseconds: int) -> list[Task]:
    (name,) = experiments((located.claim,))
    return [Task(name, (("n", 1 + milliseconds),), start, 1, 0) for start in range(count)]


@contextmanager
def on_dask(located: Located) -> Iterator[Execute]:
    assert located.origin is not None
    with dask(None, 2, [located.origin], Snapshot(located.origin.proof())) as execute:
        yield execute


def seconds(execute: Execute, located: Located, tasks: Sequence[Task]) -> float:
    """The time of the tasks, after two that start the workers."""
    list(execute(located, blocks(located, 2, 0)))
    start = time.perf_counter()
    assert len(list(execute(located, tasks))) == len(tasks)
    return time.perf_counter() - start


def test_workers(sleeping: Located) -> None:
    tasks = blocks(sleeping, 200, 100)
    with local(1) as one, local(2) as two:
        alone, both = seconds(one, sleeping, tasks), seconds(two, sleeping, tasks)
    with on_dask(sleeping) as execute:
        loopback = seconds(execute, sleeping, tasks)
        tiny = seconds(execute, sleeping, blocks(sleeping, 10_000, 0)) / 10_000
    print(f"\n200 blocks of 0.1 s: two workers are {alone / both:.2f} times as fast as one")
    print(f"one worker takes {alone / 20 - 1:+.1%} more than the blocks")
    print(f"Dask on loopback with two workers takes {loopback / both - 1:+.1%} of two local ones")
    print(f"10,000 empty blocks on Dask: {1e3 * tiny:.2f} ms each, so 3 % of blocks of "
          f"{2 * tiny / 0.03:.2f} s on two workers")  # fmt: skip


def used() -> tuple[int, int]:
    """Memory now, in KiB, and open descriptors."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024, len(os.listdir("/proc/self/fd"))


def test_fifty_thousand_blocks_in_the_store(sleeping: Located, tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite", environment())
    seen, computing, start = [], 0.0, time.perf_counter()
    for i, task in enumerate(blocks(sleeping, 50_000, 0)):
        before = time.perf_counter()
        ((_, found),) = inline(sleeping, [task])
        computing += time.perf_counter() - before
        store.put(task.to_json(), found.table, 0.0, found.proof, found.cost.memory)
        assert store.get(task.to_json()) is not None
        if i % 10_000 == 9_999:
            seen.append(used())
    each = (time.perf_counter() - start - computing) / 50_000
    store.close()
    print(f"\nKiB and descriptors after 10,000 .. 50,000 blocks: {seen}")
    print(f"keeping and reading a block: {1e3 * each:.2f} ms, so 3 % of one of {each / 0.03:.3f} s")


def test_a_second_run(tmp_path: Path) -> None:
    def run(*words: str) -> float:
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "verilimit", *words], cwd=tmp_path, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return time.perf_counter() - start

    check = ("check", "shaped_attention_sde", "-q")
    first, second, started = run(*check), run(*check), run("list")
    print(f"\na room at tier smoke: {first:.1f} s, again {second:.1f} s, a list {started:.1f} s")
