"""What commands keep for later ones, in a folder of the user's own: what sources alone decide.

A list, a derivation, a report of the same results follow from sources, versions and options. So an
answer is kept under a hash of these, with all else that was read on the way, and given again only
while every one of them is as it was. Entries are JSON with a checksum: no code is read from them,
and one that is damaged is made anew. What a busy machine has cut short is not kept.

This module imports neither JAX nor SymPy: an answer that is kept takes no more than to read it.
"""

import contextlib
import hashlib
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from checks.suite import sources
from checks.suite.files import write_bytes
from checks.suite.private import folder, is_plain, prune
from checks.suite.roots import HERE, Root

MOST = 2**26  # bytes of one kind of entries; the oldest go first
ALL = ("theory", "numerics", "checks")
Answer = dict[str, Any]  # what JSON can hold


def remembered(
    kind: str,
    asked: Mapping[str, Any],
    roots: Sequence[Root],
    make: Callable[[], tuple[Answer, bool]],
    packages: tuple[str, ...] = ALL,
) -> Answer:
    """The answer to what is ``asked``: kept, while all that it came from is the same, or made.

    ``packages`` are those of verilimit that it can come from, beside the rooms of the ``roots``;
    what else it reads is found out. ``make`` gives the answer, and whether it may be kept.
    """
    place = folder(kind)
    if place is None:
        return make()[0]
    asked = {**asked, "roots": [root.folder for root in roots], "verilimit": str(HERE)}
    name = _digest(json.dumps(asked, sort_keys=True))
    question = {"asked": name, "state": state(roots, packages)}
    path = place / f"{name}.json"
    for root in roots:
        root.mount()  # its modules are looked up by their names
    found = _read(path, question)
    if found is not None and all(sources.current(e) == d for e, d in found["read"].items()):
        return found["answer"]
    answer, lasts = make()
    read = _read_besides(packages)
    sure = not {sources.UNPROVED, sources.CHANGED}.intersection(read.values())
    # An edit meanwhile would be kept as what came of the sources before.
    if lasts and sure and state(roots, packages) == question["state"]:
        _write(path, {**question, "read": read, "answer": answer})
    return answer


def state(roots: Iterable[Root], packages: tuple[str, ...] = ALL) -> str:
    """The hash of verilimit's sources and of rooms' as they are on disk, and of what is installed.

    Installed distributions are named with their versions in their folders' names. All of a room's
    sources count, loaded or not: one that is not there yet may be looked for.
    """
    digest = hashlib.sha256(f"{sys.version} {platform.machine()}\n".encode())
    with sources.unwatched():
        for place in sys.path:
            with contextlib.suppress(OSError):
                found = sorted(name for name in os.listdir(place) if name.endswith("-info"))
                digest.update(f"{place}: {found}\n".encode())
        rooms = [Path(root.folder, name) for root in roots for name in root.names()]
        own = [path for package in packages for path in (HERE / package).rglob("*.*")]
        for path in sorted([*own, *(path for room in rooms for path in room.rglob("*.py"))]):
            if path.suffix != ".pyc":
                digest.update(f"{path} {sources.file_digest(str(path))}\n".encode())
    return digest.hexdigest()


def _read_besides(packages: tuple[str, ...]) -> dict[str, str]:
    """What this process has loaded and read beside those packages' own modules."""
    own = tuple(f"module {package}." for package in packages)
    return {entry: digest for entry, digest in sources.proof().items() if not entry.startswith(own)}


def _read(path: Path, question: Mapping[str, Any]) -> dict[str, Any] | None:
    """A sound entry that answers the question; damaged ones and those of other sources are none."""
    faults = (OSError, ValueError, LookupError, TypeError, RecursionError)
    with contextlib.suppress(*faults), sources.unwatched():
        if not is_plain(path):
            return None
        checksum, _, text = path.read_text(encoding="utf-8").partition("\n")
        if checksum == _digest(text):
            found = json.loads(text)
            if {name: found[name] for name in question} == question:
                return found
    return None


def _write(path: Path, entry: Mapping[str, Any]) -> None:
    text = json.dumps(entry, sort_keys=True)
    with contextlib.suppress(OSError), sources.unwatched():  # it saves time, no more
        if os.path.lexists(path) and not is_plain(path):
            path.unlink()
        write_bytes(path, f"{_digest(text)}\n{text}".encode())
        prune(path.parent, MOST)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
