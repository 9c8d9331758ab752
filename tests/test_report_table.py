"""`report --table` puts what a run said into a Markdown file, and nowhere else in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from checks.report.table import MUTATIONS, VERDICTS, write_mutations
from tests.conftest import Ended

Here = Callable[..., Ended]
BEGIN, END = VERDICTS.begin, VERDICTS.end


def test_the_table_of_a_run_stands_between_the_two_lines(toy_here: Here, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before.\n\n{BEGIN}\nan old table\n{END}\n\nAfter \\1.\n")
    for _ in range(2):  # the second time in the place of the first
        assert toy_here("report", "--table", "page.md", "-q").returncode == 0
        text = page.read_text()
        assert text.startswith(f"Before.\n\n{BEGIN}\nTier smoke, seed 0: 1 claim: 1 SUPPORTED.")
        assert text.endswith(f"{END}\n\nAfter \\1.\n")
        assert "| `toy_limit` | 1 of 1 | 3 of 3 | 1 identity: 1 PROVED |" in text
        assert "an old table" not in text


@pytest.mark.parametrize("text", [None, "no place", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n"])
def test_a_file_without_one_place_is_refused_before_the_run(
    text: str | None, toy_here: Here, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "page.md").write_text(text)
    done = toy_here("report", "--table", "page.md", "-q")
    assert done.returncode == 2
    assert "expected --table to name a Markdown file" in done.stderr
    assert not (tmp_path / "report.html").exists()


def test_the_score_of_a_room_stands_among_those_of_the_others(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before.\n{MUTATIONS.begin}\n{MUTATIONS.end}\nAfter.\n")
    for room, score in (("second", "1 of 2"), ("first", "3 of 4"), ("second", "2 of 2")):
        write_mutations(room, [score, "none", "run"], page)
    assert page.read_text().splitlines()[2:-2] == [
        "| room | mutations noticed | survivors | run |",
        "|---|---|---|---|",
        "| `first` | 3 of 4 | none | run |",
        "| `second` | 2 of 2 | none | run |",
    ]
