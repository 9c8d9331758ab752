"""What the layers of the gallery cost: derivation in a fresh process, and a check at smoke.

``make bench`` prints both. Each layer has its own process and an empty store. Processor seconds
(children included) are little changed by what else runs on the machine, unlike those on the wall.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.benchmark_suite
GALLERY = sorted((ROOT / "docs" / "gallery").glob("*.py"))
DERIVE = """
import sys, time, verilimit as vl
from checks.app.layers import chosen
(layer,) = chosen(sys.argv[1]).values()
derive, clock = vl.derive, time.process_time
for _ in range(2):
    start = clock()
    derive(layer)
    print(clock() - start)
"""


def processor() -> float:
    """Processor seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def derivation(path: Path) -> list[float]:
    """Processor seconds of the derivation in a fresh process, and of it once more."""
    command = [sys.executable, "-c", DERIVE, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return [float(x) for x in run.stdout.split()]


def check(path: Path, folder: Path) -> tuple[float, float, str]:
    """Seconds on the wall, processor seconds and the last line of ``verilimit check``."""
    used, start = processor(), time.monotonic()
    store = folder / f"{path.stem}.sqlite"
    command = [sys.executable, "-m", "verilimit", "check", str(path), "--store", str(store)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    said = [line for line in run.stdout.splitlines() if " claims: " in line or " claim: " in line]
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr
    return time.monotonic() - start, processor() - used, said[0].split(": ")[1]


def test_derivations() -> None:
    for path in GALLERY:
        cold, again = derivation(path)
        print(f"{path.stem}: {cold:.2f} s, once more {again:.2f} s", flush=True)


def test_checks(tmp_path: Path) -> None:
    for path in GALLERY:
        wall, used, verdicts = check(path, tmp_path)
        print(f"{path.stem}: {wall:.1f} s, {used:.1f} s of processors, {verdicts}", flush=True)
