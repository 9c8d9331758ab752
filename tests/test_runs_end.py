"""A run ends with a verdict for each claim, or says that it did not: never green by accident."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import Run, build_house
from tests.kills import living

HEAD = """import os, signal, sys
import numpy as np, sympy as sp
import verilimit as vl
n = sp.Symbol("n", positive=True)

def good(size, keys):
    draws = [np.random.default_rng([*k, size["n"]]).lognormal(0, 0.3) for k in keys]
    return np.array(draws) / size["n"]

def bad(size, keys):
    BODY

class Mute(Exception):
    def __str__(self):
        raise ValueError("no words")

def claim(id, error):
    sizes = {"n": [8, 16, 32, 64, 128, 256]}
    return vl.RateClaim(id=id, sizes=sizes, predicted=1 / n, kind="exact", margin=0.1, error=error)

claims = (claim("my/bad", bad), claim("my/good", good))
"""


def claim_file(folder: Path, body: str) -> Path:
    path = folder / "mine.py"
    path.write_text(HEAD.replace("BODY", body))
    return path


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("sys.exit(0)", "SystemExit: 0"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("raise Mute", "Mute, which has no message"),
        ("return {}", "expected real numbers"),
    ],
)
def test_a_function_that_fails_costs_its_own_claim_only(
    verilimit: Run, tmp_path: Path, jobs: str, body: str, why: str
) -> None:
    mine = claim_file(tmp_path, body)
    done = verilimit("check", str(mine), "--jobs", jobs, "--json", "r.json", "-q")
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    record = json.loads((tmp_path / "r.json").read_text())
    assert [claim["id"] for claim in record["claims"]] == ["my/good"]
    assert [claim["id"] for claim in record["failed"]] == ["my/bad"]
    assert "1 SUPPORTED, 1 without a verdict" in done.stdout


@pytest.mark.parametrize(
    ("jobs", "body"),
    [
        ("2", "os.kill(os.getpid(), signal.SIGSEGV)"),
        ("1", "os.kill(os.getpid(), signal.SIGKILL)"),
        ("1", "os._exit(0)"),
    ],
)
def test_a_worker_that_dies_costs_the_claim_that_it_measured(
    verilimit: Run, tmp_path: Path, jobs: str, body: str
) -> None:
    done = verilimit("check", str(claim_file(tmp_path, body)), "--jobs", jobs, "-q")
    assert done.returncode == 2
    assert "mine.py, my/bad:error at size" in done.stderr
    assert "the worker process died (memory?); tried once more while no other runs" in done.stderr
    assert "claim my/bad, my/bad:error at size" in done.stderr
    assert "the worker process died, and so did another that tried again" in done.stderr
    assert "1 SUPPORTED, 1 without a verdict" in done.stdout


def test_a_room_that_ends_the_process_without_a_word_is_no_success(
    verilimit: Run, tmp_path: Path
) -> None:
    build_house(tmp_path / "rooms")
    room = tmp_path / "rooms" / "toy_limit" / "checks.py"
    room.write_text(room.read_text().replace("    time.sleep(", "    os._exit(0); time.sleep("))
    done = verilimit("check", "toy_limit", "--rooms", "rooms", "--jobs", "1", "-q")
    assert done.returncode == 2
    assert "a process that ended without one" in done.stderr


@pytest.mark.parametrize("line", ["sys.exit(0)", "os._exit(0)"])
def test_a_file_that_ends_the_process_is_bad_input(
    verilimit: Run, tmp_path: Path, line: str
) -> None:
    (tmp_path / "mine.py").write_text(f"import os, sys\n{line}\n")
    done = verilimit("check", "mine.py", "--jobs", "1")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_leaves_changes_no_verdict(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    mine = claim_file(tmp_path, "return good(size, keys)")
    command = [sys.executable, "-m", "verilimit", "check", str(mine), "--json", "r.json", "-q"]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, cwd=tmp_path, env=environment, stdout=write, check=False,
                          stderr=subprocess.PIPE, text=True)  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads((tmp_path / "r.json").read_text())["claims"]) == 2


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files with a short name: sockets have some in it."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def slow(
    tmp_path: Path, environment: Mapping[str, str], temporary: Path
) -> Iterator[subprocess.Popen[str]]:
    """A run that would take a minute, when its first function has begun."""
    body = "open('begun', 'w').close(); import time; time.sleep(60)"
    mine = claim_file(tmp_path, body)
    process = subprocess.Popen(
        [sys.executable, "-m", "verilimit", "check", str(mine), "--jobs", "2", "-q"],
        cwd=tmp_path, env={**environment, "TMPDIR": str(temporary)}, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    while not (tmp_path / "begun").exists():
        assert process.poll() is None
        time.sleep(0.05)
    with process:
        yield process
    for left in living(tmp_path):
        os.kill(left, signal.SIGKILL)


def gone(folder: Path, temporary: Path) -> bool:
    """Whether within some seconds nothing is left: no process, no temporary file."""
    for _ in range(100):
        if not living(folder) and not any(temporary.iterdir()):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_of_it_at_once_and_says_how_to_go_on(
    slow: subprocess.Popen[str], tmp_path: Path, temporary: Path, stop: signal.Signals
) -> None:
    slow.send_signal(stop)
    slow.send_signal(stop)
    _, said = slow.communicate(timeout=20)
    assert slow.returncode == 128 + stop
    assert said.splitlines() == [
        "verilimit: interrupted. What was measured for rooms is kept; "
        "the same command goes on from there."
    ]
    assert gone(tmp_path, temporary)


def test_a_killed_run_leaves_neither_processes_nor_folders(
    slow: subprocess.Popen[str], tmp_path: Path, temporary: Path
) -> None:
    slow.kill()
    slow.communicate(timeout=20)
    assert gone(tmp_path, temporary)
