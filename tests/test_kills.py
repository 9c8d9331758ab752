"""Runs that are killed at random moments end like one that nobody disturbs."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.kills import kills


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files with a short name: sockets have some in it."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.slow
def test_twenty_kills_lose_nothing_and_leave_nothing(tmp_path: Path, temporary: Path) -> None:
    """Each of them stops a run before its end; faults raise."""
    kills(20, 0, tmp_path, temporary)
