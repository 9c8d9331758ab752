"""``verilimit bench``: what workers, a cluster, devices and the store gain and cost, as ratios."""

import contextlib
import ctypes
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jax

from checks.app.checking import require_code
from checks.app.planning import Planned, experiments_of
from checks.app.screen import console
from checks.suite.devices import FORCED
from checks.suite.fingerprint import environment
from checks.suite.private import VARIABLE
from checks.suite.problem import InputProblem
from checks.suite.run import Plan
from checks.suite.snapshot import Snapshot
from checks.suite.store import Store
from checks.suite.supervisor import scratch
from checks.suite.targets import Located
from checks.verdicts import Experiment, Task, evaluate, experiments

HEAVIEST = 3
SUBREAPER = 36  # of prctl
PATIENCE = 10.0
LEAST = 0.1  # seconds of computing of which a share says something
DEVICES = "eight devices"
RUNS: Mapping[str, tuple[tuple[str, ...], str]] = {  # options of `check`, and the store's name
    "one worker": (("--jobs", "1"), "one"),
    "two workers": (("--jobs", "2"), "two"),
    "a second run": (("--jobs", "2"), "two"),
    "Dask with two workers": (("--executor", "dask", "--jobs", "2"), "dask"),
    DEVICES: (("--jobs", "1"), "eight"),
}


@dataclass(frozen=True)
class Timed:
    """A run of `check`: its seconds, those of processors, and its record without the devices."""

    seconds: float
    used: float
    record: dict[str, Any]


def bench_runs(
    claims: Sequence[Located], words: Sequence[str], plan: Plan, *, quiet: bool = False
) -> int:
    """Run the claims in several ways, and print ratios; ``words`` name them on a command line.

    Claims of files run on one device; where rooms are named, too, all runs are compared. With
    ``quiet`` the seconds of single runs are left out. Raises `InputProblem` for a run that ends
    without a verdict.
    """
    files = all(located.origin is not None and located.origin.file for located in claims)
    runs = [name for name in RUNS if not (files and name == DEVICES)]
    _adopt()
    with TemporaryDirectory(prefix="verilimit-", dir=scratch()) as folder:
        found = {}
        require_code(claims, Path(folder) / "one.sqlite")  # else the first run alone would do it
        for name in runs:
            options, store = RUNS[name]
            found[name] = _timed(name, [*words, *options], Path(folder), store)
            if not quiet:
                _print(f"{name}: {found[name].seconds:.1f} s")
        one, two, again, dask = (found[name] for name in runs[:4])
        _print(f"two workers against one: {one.seconds / two.seconds:.2f} times as fast")
        _print(f"Dask on loopback against local workers: {dask.seconds / two.seconds - 1:+.0%}")
        if DEVICES in found:
            eight = found[DEVICES].seconds
            _print(f"eight devices against one: {one.seconds / eight:.2f} times as fast")
        _print_used({name: run.used / one.used for name, run in found.items() if run is not one})
        same = all(run.record == one.record for run in found.values())
        _print("the records are the same" if same else "the records DIFFER")
        _print_costs(claims, plan, Path(folder), again.seconds)
    return 0 if same else 1


def _timed(name: str, words: Sequence[str], folder: Path, store: str) -> Timed:
    out = folder / "record.json"
    options = ("-q", "--store", str(folder / f"{store}.sqlite"), "--json", str(out))
    surroundings = {**os.environ, VARIABLE: ""}  # no run has the programs of one before
    if name == DEVICES:
        surroundings["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {FORCED}=8".strip()
    start, before = time.perf_counter(), _processors()
    done = subprocess.run(
        [sys.executable, "-m", "verilimit", "check", *words, *options],
        env=surroundings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    _await_orphans()
    used = _processors() - before
    if done.returncode not in (0, 1, 3):
        raise InputProblem(
            expected=f"a run of these claims with {name}",
            received=f"status {done.returncode}: {done.stderr.strip()}",
            remedy="Mend it, or name other claims.",
        )
    record = json.loads(out.read_text())
    return Timed(seconds, used, {k: v for k, v in record.items() if k != "devices"})


def _adopt() -> None:
    """Be the parent of what children leave behind, on Linux: a run does not wait for its server."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def _await_orphans() -> None:
    """Wait, some seconds, until they have ended: only then their seconds are known."""
    end = time.monotonic() + PATIENCE
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < end:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.05)


def _processors() -> float:
    """Seconds of processors that children of this process have used, and theirs."""
    times = os.times()
    return times.children_user + times.children_system


def _print_used(shares: Mapping[str, float]) -> None:
    """Print what runs cost in seconds of processors: other load changes these little."""
    words = ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
    _print(f"seconds of processors over those of one worker: {words}")


def _print_costs(claims: Sequence[Located], plan: Plan, folder: Path, again: float) -> None:
    """What planning, reading and keeping take, of the seconds that computing took.

    Before, the seconds of a second run ``again``, with how much of it was stored.
    """
    loaded = [located.origin.proof() for located in claims if located.origin is not None]
    snapshot = Snapshot({entry: digest for proof in loaded for entry, digest in proof.items()})
    store = Store(folder / "two.sqlite", environment(), snapshot)
    start = time.perf_counter()
    planned = experiments_of(claims, plan)
    items = [item for of in planned.values() for item in of.blocks.values()]
    planning = time.perf_counter() - start
    tables = [store.get(item) for item in items]
    reading = time.perf_counter() - start - planning
    computing = store.computing(items)
    store.close()
    stored = sum(table is not None for table in tables)
    if not stored:
        _print("nothing was stored: numbers of these claims are not kept")
        return
    share = "everything" if stored == len(items) else f"{stored} of {len(items)} blocks"
    _print(f"a second run with {share} stored: {again:.1f} s")
    copy = Store(folder / "copy.sqlite", environment(), snapshot)
    start = time.perf_counter()
    for item, table in zip(items, tables, strict=True):
        if table is not None:
            copy.put(item, table, 0.0)
    keeping = time.perf_counter() - start
    copy.close()
    if computing < LEAST:
        _print(f"less than {LEAST} s of computing: too little for shares of it")
        return
    shares = ((planning, "planning"), (reading + keeping, "the store"))
    words = ", ".join(f"{name} {took / computing:.2%}" for took, name in shares)
    _print(f"of {computing:.1f} s of computing {len(items)} blocks: {words}")


def bench_device(claims: Sequence[Located], plan: Plan, store: Path) -> int:
    """Print how many times as fast an accelerator computes the heaviest experiments as the CPU.

    Which are heaviest, timings of the store say; where there are none, the number of networks does.
    """
    others = [device for device in jax.devices() if device.platform != "cpu"]
    if not others:
        _print("no accelerator: JAX sees the CPU alone, so there is nothing to compare it with")
        return 0
    known: dict[str, Experiment] = {}
    for located in claims:
        known.update(experiments((located.claim,)))
    for task in heaviest(experiments_of(claims, plan), store):
        times = faster(known[task.experiment], task, others[0], jax.devices("cpu")[0])
        _print(f"{task.experiment} {task.where}: {others[0].device_kind} is {times:.2f} times as "
               "fast as the CPU")  # fmt: skip
    return 0


def heaviest(planned: Mapping[str, Planned], path: Path) -> list[Task]:
    """The longest block of each of the three heaviest experiments."""
    store = Store(path, environment()) if path.exists() else None
    seconds = store.seconds() if store else {}

    def weight(of: Planned) -> Callable[[Task], tuple[float, float]]:
        def one(task: Task) -> tuple[float, float]:
            took = store.expected(of.blocks[task], seconds) if store else None
            return took or 0.0, float(task.count * math.prod(task.point.values()))

        return one

    def total(of: Planned) -> tuple[float, ...]:
        return tuple(map(math.fsum, zip(*map(weight(of), of.blocks), strict=True)))

    first = sorted(planned.values(), key=total, reverse=True)[:HEAVIEST]
    if store:
        store.close()
    return [max(of.blocks, key=weight(of)) for of in first]


def faster(experiment: Experiment, task: Task, device: Any, than: Any) -> float:
    """How many times as fast one device computes a block as another, both compiled."""

    def seconds(place: Any) -> float:
        with jax.default_device(place):
            evaluate(experiment, task)
            start = time.perf_counter()
            evaluate(experiment, task)
            return time.perf_counter() - start

    return seconds(than) / seconds(device)


def _print(words: str) -> None:
    console().print(words, markup=False, soft_wrap=True)
