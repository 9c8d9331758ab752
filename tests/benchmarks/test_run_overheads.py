"""What a run costs besides computing, as ratios in one run.

``make bench`` prints the ratios; nothing is asserted about them, since machines are shared. Blocks
sleep, so that only the handling of them needs a processor. ``TABLE=FILE.md`` puts them into that
file, each with the load of the machine: docs/howto/cluster.md has them so.
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

from checks.report.table import Place, merge_rows
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


OVERHEADS = Place("<!-- verilimit overheads -->", "<!-- end of the overheads -->")
HEAD = ["| ratio | measured | processes that ran or waited, on how many cores |", "|---|---|---|"]


def publish(**rows: str) -> None:
    """Print what was measured, and put it into the file that ``TABLE`` names."""
    load = f"{os.getloadavg()[0]:.0f} on {os.cpu_count()}"
    names = {name.replace("_", " "): measured for name, measured in rows.items()}
    print("", *(f"{name}: {measured}" for name, measured in names.items()), sep="\n")
    if path := os.environ.get("TABLE"):
        lines = [f"| {name} | {measured} | {load} |" for name, measured in names.items()]
        merge_rows(OVERHEADS, Path(path), [*HEAD, *lines])


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
    publish(
        two_local_workers_against_one=f"{alone / both:.2f} times as fast, blocks of 0.1 s",
        one_worker_against_its_blocks=f"{alone / 20 - 1:+.1%}",
        Dask_on_loopback_against_two_local_workers=f"{loopback / both - 1:+.1%}, the same blocks",
        an_empty_block_on_Dask=f"{1e3 * tiny:.1f} ms, of 10,000: 3 % of blocks of "
        f"{2 * tiny / 0.03:.2f} s on two workers",
    )


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
    (first, few), *_, (last, many) = seen
    publish(
        keeping_a_block_in_the_store_and_reading_it=f"{1e3 * each:.1f} ms: 3 % of blocks of "
        f"{each / 0.03:.2f} s",
        memory_and_descriptors_after_10000_and_50000_blocks=f"{first:,} and {last:,} KiB; {few} "
        f"and {many}",
    )


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
