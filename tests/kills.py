"""Kill runs at random moments: what is kept, and what is left behind.

    python -m tests.kills [NUMBER [SEED]]

Each kill (SIGKILL) is of the command, of one of its processes, or of all at once, at a moment drawn
from the length of a run. Every fifth run is let end: its record must be that of a run that nobody
disturbed, and no process and no temporary file may be left.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from checks.suite.supervisor import _descendants as below
from tests.conftest import ROOT, build_house

BETWEEN = 5  # kills before a run is let end
MOST = 4  # runs for each kill: one that ends before, on a machine that got faster, is none
WAIT = 20.0  # seconds that processes may need to notice that their parent is gone
VICTIMS = ("the command", "one of its processes", "all of them")


def living(folder: Path) -> list[int]:
    """Processes that work in a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if place.resolve() == folder.resolve():
                found.append(int(place.parent.name))
        except OSError:
            continue
    return found


def kill(process: subprocess.Popen, victim: str, draw: random.Random) -> None:
    """Kill; a run that has ended meanwhile is none."""
    if victim == VICTIMS[2]:
        os.killpg(process.pid, signal.SIGKILL)
        return
    others = below(process.pid) if victim == VICTIMS[1] else []
    try:
        os.kill(draw.choice(others or [process.pid]), signal.SIGKILL)
    except ProcessLookupError:
        return


def kills(number: int, seed: int, place: Path, temporary: Path) -> int:
    """Kill so many runs before they end; returns how many it took. AssertionError for a fault."""
    draw = random.Random(seed)
    build_house(place / "house")
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary), "TOY_SLEEP": "0.1",
    }  # fmt: skip

    def start(*options: str) -> subprocess.Popen:
        command = (sys.executable, "-m", "verilimit", "check", "toy_limit", "--rooms", "house")
        return subprocess.Popen(
            [*command, "-q", "--jobs", "2", *options], cwd=place, env=environment,
            start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def none_left() -> bool:
        end = time.monotonic() + WAIT
        while living(place) and time.monotonic() < end:
            time.sleep(0.05)
        return not living(place)

    began = time.monotonic()
    assert start("--json", "whole.json", "--store", "whole.sqlite").wait() == 0
    length = time.monotonic() - began
    caught = count = 0
    while caught < number:
        assert count < MOST * number, (
            f"{caught} of {count} runs had not ended before they were killed"
        )
        if count % BETWEEN == 0:
            for old in place.glob("s.sqlite*"):
                old.unlink()
        victim = draw.choice(VICTIMS)
        process = start("--json", "killed.json", "--store", "s.sqlite")
        time.sleep(draw.uniform(0, length))
        if process.poll() is None:
            caught += 1
            kill(process, victim, draw)
        status = process.wait()
        assert status <= 0 or status == 2, f"kill {count} of {victim}: status {status}"
        assert none_left(), f"kill {count} of {victim}: processes {living(place)} are left"
        count += 1
        if count % BETWEEN == 0 or caught == number:
            assert start("--json", "end.json", "--store", "s.sqlite").wait() == 0
            assert (place / "end.json").read_bytes() == (place / "whole.json").read_bytes(), count
            assert none_left()
            assert not (left := list(temporary.iterdir())), f"after kill {count}: {left}"
    return count


if __name__ == "__main__":
    number, seed = (int(word) for word in (*sys.argv[1:], "48", "0")[:2])
    with TemporaryDirectory() as place, TemporaryDirectory() as temporary:
        runs = kills(number, seed, Path(place), Path(temporary))
    print(f"{runs} runs, {number} of them killed before they ended: the records are the same, "
          "and nothing is left")  # fmt: skip
