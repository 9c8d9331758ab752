"""Options that several commands share, declared once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Tier(StrEnum):
    """How much work a run may do."""

    smoke = "smoke"
    standard = "standard"
    full = "full"


class Precision(StrEnum):
    """In which precision JAX computes."""

    float64 = "float64"
    float32 = "float32"


class Executor(StrEnum):
    """Where work items are computed."""

    local = "local"
    dask = "dask"


class Profile(StrEnum):
    """How Hypothesis looks for counterexamples."""

    ci = "ci"
    nightly = "nightly"


RoomsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--rooms", metavar="DIR", help="Also rooms of yours: folders in DIR (may be repeated)."
    ),
]
TierOption = Annotated[Tier, typer.Option("--tier", help="Sizes and seeds: how much work.")]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, help="Seed of the run; the same seed, the same results.")
]
BudgetOption = Annotated[
    float,
    typer.Option(
        "--budget", help="False-refutation probability of the whole run, split over its claims."
    ),
]
JobsOption = Annotated[
    int,
    typer.Option(
        "--jobs", "-j", min=0, max=1024, help="Worker processes; 0: one a core, at most 8."
    ),
]
ExecutorOption = Annotated[
    Executor, typer.Option("--executor", help="Compute in local processes or on a Dask cluster.")
]
SchedulerOption = Annotated[
    str | None, typer.Option("--scheduler", help="Address of the Dask scheduler.")
]
StoreOption = Annotated[
    Path, typer.Option("--store", help="SQLite file that keeps finished work items.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only.")]

DEFAULT_STORE = Path(".verilimit") / "results.sqlite"
