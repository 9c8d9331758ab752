"""A Dask cluster may lose workers: the record stays. It may lose its scheduler: a run says so."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run
from tests.test_suite_resume import measured, record_of

pytest.importorskip("distributed", reason="the extra `cluster` is optional")


class Cluster:
    """A scheduler and workers on loopback, and nobody who would start them again."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.file, self.log = folder / "scheduler.json", folder / "log"
        self._folder, self._environment = folder, environment
        self._started: list[subprocess.Popen[bytes]] = []

    def scheduler(self) -> subprocess.Popen[bytes]:
        self.file.unlink(missing_ok=True)
        return self._start("scheduler")

    def worker(self, *options: str, **variables: str) -> subprocess.Popen[bytes]:
        return self._start("worker", "--no-nanny", *(options or ("--nthreads", "1")), **variables)

    def _start(self, kind: str, *options: str, **variables: str) -> subprocess.Popen[bytes]:
        common = ("--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(self.file))
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", kind, *common, *options],
            cwd=self._folder,
            env={**self._environment, "TOY_LOG": str(self.log), "TOY_SLEEP": "0.2", **variables},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._started.append(process)
        return process

    def how(self) -> tuple[str, ...]:
        """The options of a run on this cluster, once its scheduler listens."""
        until(lambda: self.file.exists() and self.file.read_text().endswith("}"))
        address = json.loads(self.file.read_text())["address"]
        return "--executor", "dask", "--scheduler", address

    def blocks(self, count: int) -> None:
        """Wait until the workers have begun so many more blocks."""
        there = len(measured(self.log))
        until(lambda: len(measured(self.log)) >= there + count)

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


def until(happened: Callable[[], object]) -> None:
    for _ in range(1200):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within a minute")


@pytest.fixture
def cluster(tmp_path: Path, environment: Mapping[str, str]) -> Iterator[Cluster]:
    found = Cluster(tmp_path, environment)
    yield found
    found.end()


@pytest.mark.slow
def test_workers_and_the_scheduler_may_be_killed(
    cluster: Cluster, toy: Run, toy_command: list[str], tmp_path: Path, environment: dict[str, str]
) -> None:
    scheduler = cluster.scheduler()
    workers = [cluster.worker(), cluster.worker()]
    how = cluster.how()

    def begin(store: str) -> subprocess.Popen[str]:
        options = ("-q", *how, "--store", store, "--json", f"{store}.json")
        return subprocess.Popen(
            [*toy_command, "check", "toy_limit", *options], cwd=tmp_path, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    assert toy("check", "toy_limit", "--jobs", "1", "--json", "here.json").returncode == 0
    here = record_of(tmp_path / "here.json")

    run = begin("workers")
    cluster.blocks(2)
    workers[0].kill()
    cluster.blocks(2)
    workers[1].kill()  # now there is none, until another comes
    cluster.worker()
    _, said = run.communicate(timeout=120)
    assert (run.returncode, said) == (0, "")
    assert record_of(tmp_path / "workers.json") == here

    run = begin("scheduler")
    cluster.blocks(5)
    scheduler.kill()
    _, said = run.communicate(timeout=60)
    assert run.returncode == 2
    assert said.splitlines() == [
        "verilimit: expected the Dask scheduler to stay until the run ends; received a lost "
        "connection. Start it again; the same command goes on from what the store has."
    ]
    before = len(measured(cluster.log))
    cluster.log.unlink()
    cluster.scheduler()
    cluster.worker()
    how = cluster.how()
    run = begin("scheduler")
    run.communicate(timeout=120)
    assert run.returncode == 0
    assert record_of(tmp_path / "scheduler.json") == here
    assert len(measured(cluster.log)) < before


def test_a_worker_of_other_code_is_refused_before_anything_runs(
    cluster: Cluster, toy: Run, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    for package in ("theory", "numerics", "checks"):
        shutil.copytree(ROOT / package, other / package)
    for module in ROOT.glob("verilimit*.py"):
        shutil.copy(module, other)
    with (other / "numerics" / "__init__.py").open("a") as source:
        source.write("# another clone\n")
    cluster.scheduler()
    cluster.worker(PYTHONPATH=str(other), JAX_DEFAULT_MATMUL_PRECISION="highest")
    done = toy("check", "toy_limit", *cluster.how())
    assert done.returncode == 2
    assert "toy_limit, on the worker tcp://127.0.0.1:" in done.stderr
    assert "  module numerics: here " in done.stderr
    assert "  settings: here " in done.stderr
    assert not measured(cluster.log)
