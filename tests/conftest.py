"""Fixtures that several test files share: the command line in a process of its own, a toy room."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jax
import pytest
from hypothesis import settings

from checks.app.main import run
from checks.suite import sources
from checks.suite.house import House
from checks.suite.roots import Root

jax.config.update("jax_enable_x64", True)  # as in every command
os.environ["VERILIMIT_CACHE"] = ""  # nothing is kept from one test, or one day, to the next

settings.register_profile("tests", deadline=None)  # machines are shared: no wall-clock assertion
settings.load_profile("tests")

ROOT = Path(__file__).resolve().parent.parent
Run = Callable[..., subprocess.CompletedProcess[str]]

TOY = {
    "theory": '''"""A toy theorem."""
import sympy as sp
from verilimit import Assumption, Derivation, Kind, Rate, Source, Step, Theorem, symbol

n = symbol("n", meaning="width", positive=True)
x = symbol("x", meaning="error", real=True)
theorem = Theorem(
    title="A toy limit", statement="The error of the toy falls like 1/n & no faster.",
    equations=(sp.Eq(x, 1 / n),), reference="nobody, equation (1)",
    source=Source.RECONSTRUCTED, source_note="Made for a test.",
    assumptions=(Assumption("iid", "errors are i.i.d."),),
    rate=Rate(1 / n, Kind.EXACT),
    derive=lambda: Derivation((Step("expand", (x + 1) ** 2, x**2 + 2 * x + 1, "binomial"),)),
)
''',
    "numerics": '"""Nothing to simulate."""\n',
    "checks": '''"""Claims of the toy."""
import os
import time
from pathlib import Path

import numpy as np
import sympy as sp

from verilimit import Mutant, Picture, RateClaim

n = sp.Symbol("n", positive=True)


def error(size, keys):
    if log := os.environ.get("TOY_LOG"):
        with Path(log).open("a") as stream:
            print(size["n"], len(keys), file=stream)
    time.sleep(float(os.environ.get("TOY_SLEEP", "0")))
    return np.array([np.random.default_rng(k).lognormal(0, 0.3) / size["n"] for k in keys])


def claim(name, predicted):
    return RateClaim(
        id=f"toy-limit/{name}", statement=f"The error falls like {predicted}.",
        theorem="toy_limit", sizes={"n": [8, 16, 32, 64, 128, 256]}, predicted=predicted,
        kind="exact", margin=0.1, error=error,
        mutants=[
            Mutant("faster", "one half more", {"predicted": predicted * n ** sp.Rational(-1, 2)}),
            Mutant("slower", "one half less", {"predicted": predicted * n ** sp.Rational(1, 2)}),
        ],
    )


def draw(axes, results):
    axes.plot([1, 2, 3], [len(results), 1, 0], label="a line")


claims = (claim("true", 1 / n),)
pictures = (Picture("A line", "It goes down.", draw),)
not_checked = ("Whether toys have limits.",)
''',
}
DRIVER = '''"""The command line in a house with one toy room."""
from checks.app.main import run
from checks.suite.house import House
from checks.suite.roots import Root

if __name__ == "__main__":
    run(House((Root("{HOUSE}"),), built_in=False))
'''


@pytest.fixture(autouse=True)
def _as_in_a_process_of_its_own() -> Iterator[None]:
    """What one test makes this process read belongs to no number of another.

    Modules of the house stay loaded, so they stay among the inputs.
    """
    before = dict(sources._seen)
    yield
    house = tuple(f"module {package}." for package in sources.HOUSE)
    kept = {entry: sources._seen[entry] for entry in sources._seen if entry.startswith(house)}
    sources._seen.clear()
    sources._seen.update({**kept, **before})


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of a child process that finds this checkout from any directory."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


@pytest.fixture
def verilimit(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Run ``python -m verilimit ARGS`` in an empty directory."""
    return _runner([sys.executable, "-m", "verilimit"], tmp_path, environment)


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def build_house(house: Path, name: str = "toy_limit") -> None:
    """Write the three modules of the toy room."""
    room = house / name
    room.mkdir(parents=True)
    for part, source in TOY.items():
        (room / f"{part}.py").write_text(source)


@pytest.fixture(scope="session")
def toy_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a toy room, for commands that run in this process."""
    house = tmp_path_factory.mktemp("toy")
    build_house(house)
    return house


@pytest.fixture
def toy_here(
    toy_house: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Ended]:
    """Run the command line in this process (much faster), with the toy as the only room."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    # One process is faster for so little.
    monkeypatch.setattr("checks.suite.workers.choose_jobs", lambda jobs=0: jobs or 1)
    monkeypatch.setattr("checks.app.machinery.choose_jobs", lambda jobs=0: jobs or 1)
    house = House((Root(str(toy_house)),), built_in=False)

    def run_here(*args: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["verilimit", *args])
        with pytest.raises(SystemExit) as ended:
            run(house)
        output = capsys.readouterr()
        return Ended(int(ended.value.code or 0), output.out, output.err)

    return run_here


@pytest.fixture
def toy_command(tmp_path: Path) -> list[str]:
    """The command that runs verilimit in a house that has the room ``toy_limit``, too."""
    house = tmp_path / "house"
    build_house(house)
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER.replace("{HOUSE}", str(house)))
    return [sys.executable, str(driver)]


@pytest.fixture
def toy(toy_command: list[str], tmp_path: Path, environment: dict[str, str]) -> Run:
    """Run verilimit in the toy house, in a directory of its own."""
    return _runner(toy_command, tmp_path, environment)


def _runner(command: list[str], folder: Path, environment: dict[str, str]) -> Run:
    def run(*args: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *args],
            cwd=folder,
            env={**environment, **extra},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def result_schema() -> dict[str, Any]:
    """The documented form of one claim's record."""
    schema = json.loads(files("checks.verdicts").joinpath("schema.json").read_text())
    return {"$schema": schema["$schema"], **schema["$defs"]["claim"]}
