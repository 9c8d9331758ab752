"""Bad input: one message that says what was expected and received, exit 2, nothing written."""

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ended

Here = Callable[..., Ended]
CLAIM = """
import numpy as np, sympy as sp
from verilimit import RateClaim
claim = RateClaim(id="mine", sizes={"n": [4, 8, 16, 32]}, predicted=sp.Symbol("n") ** -1,
                  kind="exact", error=lambda size, keys: BODY)
"""
BAD_BODIES = {
    "exception": ("1 / 0", "ZeroDivisionError"),
    "nan": ("np.full(len(keys), np.nan)", "finite"),
    "shape": ("np.ones(3)", "shape (3,)"),
    "negative": ("-np.ones(len(keys))", "at least 0"),
}


def message_of(done: Ended) -> str:
    """The one line of complaint on stderr; what typer frames is joined to a line."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["derive", "no_room"], "expected a room, one of toy_limit"),
        (["check", "no-claim"], "received “no-claim”"),
        (["report", "no_room"], "received “no_room”"),
        (["generate", "no_room"], "received “no_room”"),
        (["check", "absent.py"], "which is no file"),
        (["check", "--tier", "huge"], "'huge' is not one of"),
        (["check", "--seed", "-1"], "--seed"),
        (["check", "--budget", "2"], "probability between 0 and 1"),
        (["check", "--json", "no/dir/x.json"], "directory does not exist"),
        (["check", "--junit", "."], "received the directory"),
        (["check", "--junit", "/proc/x"], "/proc/x, which is not writable"),
        (["check", "--jobs", "100000"], "less than or equal to 1024"),
        (["check", "--scheduler", "tcp://x:1"], "--executor dask"),
        (["report", "--out", "no/dir/r.html"], "directory does not exist"),
        (["report", "--latex", "notes.txt"], "--latex to name a directory"),
        (["check", "--store", "notes.txt"], "a result store"),
    ],
)
def test_a_bad_option_is_one_message(
    args: list[str], expected: str, toy_here: Here, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("not a database " * 99)
    before = sorted(tmp_path.iterdir())
    target = [] if args[0] != "check" or not args[1].startswith("--") else ["toy_limit"]
    assert expected in message_of(toy_here(*args, *target))
    assert [p for p in sorted(tmp_path.iterdir()) if p.name != ".verilimit"] == before


@pytest.mark.parametrize("name", sorted(BAD_BODIES))
def test_an_error_in_a_users_function_names_claim_size_and_seed(
    name: str, toy_here: Here, tmp_path: Path
) -> None:
    body, expected = BAD_BODIES[name]
    (tmp_path / "mine.py").write_text(CLAIM.replace("BODY", body))
    message = message_of(toy_here("check", "mine.py", "--json", "out.json", "-q"))
    assert expected in message
    assert "mine" in message
    assert re.search(r"'n': \d+", message)  # the longest blocks begin first
    assert "seed" in message
    record = json.loads((tmp_path / "out.json").read_text())
    assert (record["claims"], len(record["failed"])) == ([], 1)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1\nraise RuntimeError('boom')\n", "RuntimeError: boom, line 2"),
        ("import sys; sys.exit(0)\n", "SystemExit"),
        ("def f(:\n", "SyntaxError"),
        ("x = 1\n", "to define claims"),
    ],
)
def test_a_users_file_that_fails_is_bad_input(
    source: str, expected: str, toy_here: Here, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(source)
    assert expected in message_of(toy_here("check", "mine.py", "-q"))


def test_two_claims_with_one_id_are_refused(toy_here: Here, tmp_path: Path) -> None:
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(CLAIM.replace("BODY", "np.ones(len(keys))"))
    assert "two claims named “mine”" in message_of(toy_here("check", "one.py", "two.py"))


def test_a_database_of_another_kind_is_left_alone(toy_here: Here, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE precious (x)")
    other.close()
    before = (tmp_path / "other.sqlite").read_bytes()
    assert "another kind" in message_of(toy_here("check", "toy_limit", "--store", "other.sqlite"))
    assert (tmp_path / "other.sqlite").read_bytes() == before
