"""One process watches over another that does the work, so that a run always ends, and says how.

The command runs in a child. What ends it without its own word, be it a function that exits, a
crash or the system short of memory, is reported here with status 2: never as a verdict. Ctrl-C,
SIGTERM and SIGHUP kill the child and all that it started at once: rows of the store and output
files are written whole or not at all, so nothing needs time to be put in order. When the watching
process itself is killed, the child ends as well. Whoever ends last removes the temporary folder;
where all were killed at once, the next command does: it is locked as long as one of them lives.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

STOPS = ("SIGINT", "SIGTERM", "SIGHUP")
MEASURING = ("check", "report", "calibrate", "mutate")  # commands that go on where they stopped
GRACE = 5.0  # seconds between a command's last word and its end
NAME = "verilimit-run-"
ROOM = 107 - len(f"/{NAME}12345678/pymp-12345678/listener-12345678")
_scratch: list[str] = []

fcntl: Any = None  # Windows has neither this nor fork
with contextlib.suppress(ImportError):
    fcntl = import_module("fcntl")


def scratch() -> str | None:
    """The folder for temporary files of this command, which is removed in the end, if any."""
    return _scratch[0] if _scratch else None


def supervised(command: Callable[[], int]) -> int:
    """The exit status of the command, which runs in a child process where there can be one."""
    if fcntl is None:
        return command()
    try:
        folder = _temporary()
    except OSError:  # nowhere to keep anything: help and lists work all the same
        return command()
    told, tell = os.pipe()
    life, hold = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        os.close(hold)
        _scratch.append(folder)
        _child(command, life, tell)
    os.close(tell)
    os.close(life)
    status = _watch(child, told)
    os.close(hold)
    shutil.rmtree(folder, ignore_errors=True)
    return status


def _temporary() -> str:
    """A folder whose path leaves room for the names of sockets, which may have 107 bytes.

    It has its name only when it is locked, so that no other command takes it for a dead one's.
    """
    usual = tempfile.gettempdir()
    place = "/tmp" if len(os.fsencode(usual)) > ROOM and os.access("/tmp", os.W_OK) else usual
    _sweep(Path(place))
    new = tempfile.mkdtemp(prefix="new-", suffix=f"-{NAME}", dir=place)
    fcntl.flock(os.open(new, os.O_RDONLY), fcntl.LOCK_SH)
    folder = os.path.join(place, NAME + os.path.basename(new)[len("new-") : -len(f"-{NAME}")])
    os.rename(new, folder)
    return folder


def _sweep(place: Path) -> None:
    """Remove what commands have left of which no process lives."""
    for folder in place.glob(f"{NAME}*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _child(command: Callable[[], int], life: int, tell: int) -> None:
    """Run the command, say its status, and leave as a Python process does."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited: the workers leave with us

    # Python's tracker unlinks semaphores of processes that were killed: that is no news.
    sys.warnoptions.append("ignore:resource_tracker")

    def leave_with_the_parent() -> None:
        os.read(life, 1)  # returns when nobody holds the other end
        shutil.rmtree(_scratch[0], ignore_errors=True)
        os._exit(1)

    threading.Thread(target=leave_with_the_parent, daemon=True).start()
    status = command()
    with contextlib.suppress(BrokenPipeError):
        os.write(tell, bytes([status]))
    raise SystemExit(status)


def _watch(child: int, told: int) -> int:
    """Wait for the child or for a signal; returns the status that this process should have."""
    caught: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        _kill(child)

    for name in STOPS:
        number = getattr(signal, name)
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, stop)
    word = os.read(told, 1)
    timer = threading.Timer(GRACE, _kill, [child])
    if word:
        timer.start()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    timer.cancel()
    if word:
        return word[0]
    if caught:
        _say(f"interrupted. {_how_to_go_on()}")
        return 128 + caught[0]
    name = f"killed by {signal.Signals(-ended).name}" if ended < 0 else f"exit status {ended}"
    _say(
        f"expected the command to end with a result; received a process that ended without one "
        f"({name}): a function that exits, a crash, or memory. {_how_to_go_on()} With --jobs 2 "
        "each claim is measured in another process, and the others go on."
    )
    return 2


def _say(text: str) -> None:
    with contextlib.suppress(OSError, AttributeError):
        show = "\x1b[?25h" if sys.stderr.isatty() else ""  # a progress bar hides the cursor
        print(f"{show}verilimit: {text.strip()}", file=sys.stderr)


def _how_to_go_on() -> str:
    if len(sys.argv) > 1 and sys.argv[1] in MEASURING:
        return "What was measured for rooms is kept; the same command goes on from there."
    return ""


def _kill(child: int) -> None:
    """Kill the child and what it started, apart from Python's own tracker of semaphores.

    That one unlinks what the others leave, and ends by itself.
    """
    for process in [*_descendants(child), child]:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)


def _descendants(process: int) -> list[int]:
    """Processes below one, where the system lists them; elsewhere they end with the child."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            if b"resource_tracker" not in (entry.parent / "cmdline").read_bytes():
                parents.setdefault(parent, []).append(int(entry.parent.name))
    found, waiting = [], [process]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
