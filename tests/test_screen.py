"""On a terminal, a run shows how fast it goes and how long the rest should take."""

import io
import re
import time

import pytest
from rich.console import Console

from checks.app.progress import reporter
from checks.app.screen import Screen, print_table
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


@pytest.mark.parametrize("width", [40, 80, 140])
def test_names_verdicts_and_numbers_are_whole_at_any_width(width: int) -> None:
    long = "a-room/of-a-claim-whose-name-alone-says-all-that-it-is-about-and-more-than-forty"
    because = "exponent -1.01, 93 % interval [-1.03, -0.983], within 0.1 of the claimed -1"
    rows = [(name, "INCONCLUSIVE", because, "3/3") for name in ("short", long)]
    written = io.StringIO()
    screen = Screen(file=written, width=width, force_terminal=True, color_system=None)
    print_table(screen, ("claim", "verdict", "because", "mutants refuted"), rows)
    shown = written.getvalue()
    assert all(word in shown for word in (long, "INCONCLUSIVE", "[-1.03,", "-0.983],", "3/3"))
    assert "…" not in shown
    assert all(len(line) <= width for line in shown.splitlines() if long not in line)


def test_a_table_may_have_no_rows() -> None:
    written = io.StringIO()
    print_table(Screen(file=written, width=80), ("claim", "verdict"), [])
    assert "verdict" in written.getvalue()
