"""On a terminal, a run shows how fast it goes and how long the rest should take."""

import os
import re
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")

RUN = """
import time
from checks.app.screen import reporter
from checks.suite.meter import Cost
from checks.verdicts import Task

with reporter(quiet=False) as told:
    told.total(4)
    for i in range(3):
        for _ in range(5):
            time.sleep(0.05)
            told.measured("my/claim", Task("x", (), 0, 1, 0), Cost())
        told.finished("my/claim", "SUPPORTED", 0.1)
    time.sleep(0.3)
"""


def test_a_terminal_shows_rate_and_time_left(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(RUN)
    shown = bytearray()

    def read(descriptor: int) -> bytes:
        data = os.read(descriptor, 1024)
        shown.extend(data)
        return data

    command = ["env", "COLUMNS=120", f"PYTHONPATH={ROOT}", sys.executable, str(tmp_path / "run.py")]
    assert pty.spawn(command, read) == 0
    text = shown.decode()
    assert "3/4" in text
    assert re.search(r"\d+\.\d blocks/s", text)
    assert re.search(r"left \S*0:00:0\d", text.replace("\x1b[36m", "")), text
