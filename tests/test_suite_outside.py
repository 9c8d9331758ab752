"""What a room depends on besides its code is noted, or its numbers are not kept."""

import json
import os
import sqlite3
from pathlib import Path

import pytest

from tests.conftest import Run

ROOM = Path("house/toy_limit/checks.py")
RETURN = "    return np.array([np.random.default_rng(k).lognormal(0, 0.3) / "
PROVED = {  # how a room may come to a shift that the file or folder has, or the variable MY_SHIFT
    "a variable": "os.environ['MY_SHIFT']",
    "a variable with a default": "os.getenv('MY_SHIFT', '0')",
    "a variable in bytes": "os.environb[b'MY_SHIFT']",
    "a variable in bytes with a default": "os.getenvb(b'MY_SHIFT', b'0')",
    "a folder": "len(os.listdir({folder!r})) - 1",
    "a folder by pathlib": "len(list(Path({folder!r}).iterdir())) - 1",
    "a file that is opened for more": "(lambda f: (f.seek(0), f.read())[1])(open({file!r}, 'a+'))",
    "a file that was opened for more": "(open({file!r}, 'a').close(), open({file!r}).read())[1]",
    "a descriptor": "os.read(os.open({file!r}, os.O_RDWR | os.O_CREAT), 99)",
}
UNPROVED = {
    "a database": "next(__import__('sqlite3').connect({base!r}).execute('SELECT * FROM t'))[0]",
    "a process": "__import__('subprocess').run(['cat', {file!r}], capture_output=True).stdout",
    "a shell": "os.popen('cat ' + {file!r}).read()",
    "a folder's descriptor": (
        "os.read(os.open('file', os.O_RDONLY, dir_fd=os.open({folder!r}, os.O_RDONLY)), 99)"
    ),
}
ABSENT = "read({file!r})"
HELP = """
def read(path):
    try:
        return open(path).read()
    except OSError:
        return 0

"""


def prepare(folder: Path, value: int) -> dict[str, str]:
    """Everything that a room may look at says ``value``; the variable comes back."""
    inner = folder / "data"
    inner.mkdir(exist_ok=True)
    (inner / "file").write_text(str(value))
    if value:
        (inner / "another").touch()
    (folder / "base").unlink(missing_ok=True)
    base = sqlite3.connect(folder / "base")
    with base:
        base.execute(f"CREATE TABLE t AS SELECT {value}")
    base.close()
    return {"MY_SHIFT": str(value)}


def studies(expression: str, toy: Run, folder: Path, absent: bool = False) -> list[tuple]:
    """Runs at 0, 0 and 1: whether each has measured, the errors it found, and what it said."""
    room = folder / ROOM
    names = {name: str(folder / place) for name, place in
             (("file", "data/file"), ("folder", "data"), ("base", "base"))}  # fmt: skip
    shift = f"    shift = float({expression.format(**names)})\n"
    text = room.read_text().replace(RETURN, f"{shift}{RETURN}1.0 * shift + 1 / ")
    room.write_text(text.replace("def error(", f"{HELP}def error("))
    found = []
    for k, value in enumerate([0, 0, 1]):
        variables = prepare(folder, value)
        if absent and not value:
            (folder / "data/file").unlink()
        log, out = folder / f"log{k}", f"o{k}.json"
        done = toy("check", "toy_limit", "--jobs", "1", "-q", "--json", out,
                   TOY_LOG=str(log), **variables)  # fmt: skip
        assert done.returncode in (0, 1, 3), done.stderr
        claim = json.loads((folder / out).read_text())["claims"][0]
        found.append((log.exists(), claim["verdict"], done.stderr))
    return found


@pytest.mark.parametrize("how", [*PROVED, "a file that is not there at first"])
def test_what_can_be_proved_is_proved(how: str, toy: Run, tmp_path: Path) -> None:
    found = studies(PROVED.get(how, ABSENT), toy, tmp_path, absent=how not in PROVED)
    assert [log for log, _, _ in found] == [True, False, True], found
    assert found[0][1] == found[1][1] == "SUPPORTED"
    assert found[2][1] != "SUPPORTED"


@pytest.mark.parametrize("how", UNPROVED)
def test_what_cannot_be_proved_is_not_kept_and_said(how: str, toy: Run, tmp_path: Path) -> None:
    found = studies(UNPROVED[how], toy, tmp_path)
    assert [log for log, _, _ in found] == [True, True, True], found
    assert found[0][1] == found[1][1] == "SUPPORTED"
    assert found[2][1] != "SUPPORTED"
    assert all("toy-limit/true: numbers are not kept: outside " in said for *_, said in found)


def test_a_variable_that_steers_the_run_only_is_no_input(toy: Run, tmp_path: Path) -> None:
    for k, sleep in enumerate(("0.001", "0")):
        toy("check", "toy_limit", "--jobs", "1", TOY_LOG=str(tmp_path / f"{k}"), TOY_SLEEP=sleep)
    assert [os.path.exists(tmp_path / f"{k}") for k in range(2)] == [True, False]
