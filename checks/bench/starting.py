"""What a start costs: processor seconds of a command, over importing JAX and SymPy alone."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checks.bench.kinds import Row
from checks.suite.private import VARIABLE

CLAIM = """import numpy as np, sympy as sp, verilimit as vl
n = sp.Symbol("n", positive=True)

def error(size, keys):
    return np.array([np.random.default_rng(k).lognormal(0, 0.3) / size["n"] for k in keys])

claim = vl.RateClaim(id="mean", sizes={"n": [8, 16, 32, 64, 128]}, predicted=1 / n, error=error)
"""


@dataclass(frozen=True)
class Start:
    """A command, whose time has an aim in seconds on an idle machine.

    With ``again`` it finds what the command before it has kept, else nothing.
    """

    name: str
    words: tuple[str, ...]
    aim: str
    again: bool = False

    def rows(self) -> Iterator[Row]:
        """The ratio, and the processor seconds."""
        with tempfile.TemporaryDirectory() as folder:
            kept = folder if self.again else ""
            seconds = _least(("-m", "verilimit", *self.words), kept=kept)
        alone = _least(("-c", IMPORTS))
        yield Row(self.name, seconds / alone, self.aim, f"{seconds:.2f} s of a processor")


@dataclass(frozen=True)
class Import:
    """``import verilimit``, and asking it for one name of the judge."""

    name: str = "`import verilimit` over importing JAX and SymPy"

    def rows(self) -> Iterator[Row]:
        """The ratio, and the processor seconds."""
        alone = _least(("-c", IMPORTS))
        for name, code, aim in (
            (self.name, "import verilimit", "0.2 s"),
            ("and `verilimit.RateClaim`", "import verilimit; verilimit.RateClaim", ""),
        ):
            seconds = _least(("-c", code))
            yield Row(name, seconds / alone, aim, f"{seconds:.2f} s of a processor")


@dataclass(frozen=True)
class Again:
    """A second check of a claim of which every number is stored."""

    name: str = "a check with everything stored, over importing JAX and SymPy"

    def rows(self) -> Iterator[Row]:
        """The ratio, and the processor seconds."""
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "claims_mean.py").write_text(CLAIM, encoding="utf-8")
            check = ("-m", "verilimit", "check", "claims_mean.py", "-q")
            seconds = _least(check, folder)
        alone = _least(("-c", IMPORTS))
        yield Row(self.name, seconds / alone, "2 s", f"{seconds:.2f} s of a processor")


IMPORTS = "import jax, sympy"
benchmarks = (
    Start("`verilimit --help` over importing JAX and SymPy", ("--help",), "0.4 s"),
    Start("`verilimit list` over importing JAX and SymPy", ("list",), ""),
    Start("a second `verilimit list`", ("list",), "0.4 s", again=True),
    Start(
        "a second `verilimit derive ROOM`", ("derive", "shaped_attention_sde"), "1 s", again=True
    ),
    Import(),
    Again(),
)


def _least(words: tuple[str, ...], folder: str | None = None, *, kept: str = "") -> float:
    """Processor seconds of a fresh Python and what it started; the least of three, after one."""
    return sorted(seconds_of(words, folder, kept=kept) for _ in range(4))[0]


def seconds_of(words: tuple[str, ...], folder: str | None = None, *, kept: str = "") -> float:
    """Processor seconds of a fresh Python, and of what it started and waited for.

    ``kept``: the folder of what earlier commands have kept; without one nothing is.
    """
    environment = {**os.environ, VARIABLE: kept}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, check=True, capture_output=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
