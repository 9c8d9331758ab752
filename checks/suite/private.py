"""A folder of the user's own, where commands keep for later ones what saves time.

Nobody else may write there; where that is not so, or there can be no such folder, nothing is kept.
``VERILIMIT_CACHE`` names another one than ``~/.cache/verilimit``, or none when it is empty. This
module imports the standard library alone.
"""

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

VARIABLE = "VERILIMIT_CACHE"


def folder(kind: str) -> Path | None:
    """The private folder of one kind of entries, made if need be; None where there can be none."""
    usual = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    named = os.environ.get(VARIABLE, os.path.join(usual, "verilimit"))
    if not os.path.isabs(named):
        return None
    place = Path(named, kind)
    with contextlib.suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if all(map(_is_ours_alone, (place, place.parent))):
            return place
    return None


def _is_ours_alone(place: Path) -> bool:
    """Whether no other user can write there; Windows keeps a user's own folders so by itself."""
    found = place.stat()
    owner: Callable[[], int] | None = getattr(os, "geteuid", None)
    return owner is None or (found.st_uid == owner() and not found.st_mode & 0o022)


def is_plain(path: Path) -> bool:
    """Whether it is a file itself: a link leads elsewhere, and a pipe waits for a reader."""
    return stat.S_ISREG(path.lstat().st_mode)


def prune(place: Path, most: int) -> None:
    """Remove the oldest files of a folder until the others have at most so many bytes."""
    kept = 0
    files = [(path.stat().st_mtime, path.stat().st_size, path) for path in place.iterdir()]
    for _, size, path in sorted(files, reverse=True):
        kept += size
        if kept > most:
            path.unlink(missing_ok=True)
