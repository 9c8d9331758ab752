"""On a terminal, a run shows how fast it goes and how long the rest should take."""

import io
import re
import time

import pytest
from rich.console import Console

from checks.app.progress import reporter
from checks.suite.meter import Cost
from checks.verdicts import Task


def test_a_terminal_shows_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    screen = Console(file=written, force_terminal=True, width=120, color_system=None)
    monkeypatch.setattr("checks.app.progress.console", lambda stderr: screen)
    with reporter(quiet=False) as told:
        told.total(4)
        for _ in range(3):
            time.sleep(0.1)
            told.measured("my/claim", Task("x", (), 0, 1, 0), Cost())
            told.finished("my/claim", "SUPPORTED", 0.1)
    shown = written.getvalue()
    assert re.search(r"3/4 0:00:0\d \d+\.\d blocks/s left 0:00:0\d my/claim", shown), shown
