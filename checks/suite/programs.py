"""Programs that XLA has compiled, kept for later runs: of this processor, each with its checksum.

JAX finds a program by a hash of its code, options and versions, in the folder of one run. It writes
there in place, and what it reads it runs. So later runs have folders of their own: when a run ends,
the programs that are whole are kept under their hash, which is verified when the next begins. Who
may write there may have this user run anything; hence the folder is private.

This module imports neither JAX nor SymPy.
"""

import contextlib
import hashlib
import platform
import zlib
from functools import cache
from pathlib import Path

from checks.suite import sources
from checks.suite.files import write_bytes
from checks.suite.private import folder, is_plain, prune

MOST = 2**28  # bytes; the oldest go first
ENDS = "-cache"  # how JAX calls a program


@cache
def processor() -> str:
    """A hash of what this processor is and can do: a program may use all of it."""
    found = {platform.machine(), platform.processor()}
    with contextlib.suppress(OSError):  # Linux alone has it
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        found |= {line for line in lines if line.startswith(("model name", "flags", "Features"))}
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()[:16]


def take(run: str) -> None:
    """Copy the programs of this processor that are whole into the folder of a ``run``."""
    place = folder(f"programs-{processor()}")
    with contextlib.suppress(OSError), sources.unwatched():
        for path in filter(is_plain, sorted(place.iterdir()) if place is not None else ()):
            digest, _, name = path.name.partition("-")
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == digest:
                Path(run, name).write_bytes(content)
            else:
                path.unlink(missing_ok=True)


def give(run: str) -> None:
    """Keep the programs of a ``run`` that has ended; those that were taken count as used now."""
    place = folder(f"programs-{processor()}")
    if place is None:
        return
    with contextlib.suppress(OSError), sources.unwatched():  # it saves time, no more
        for path in Path(run).glob(f"*{ENDS}"):
            content = path.read_bytes()
            if not _is_whole(content):
                continue
            target = place / f"{hashlib.sha256(content).hexdigest()}-{path.name}"
            if target.exists():
                target.touch()
            else:
                write_bytes(target, content)
        prune(place, MOST)


def _is_whole(content: bytes) -> bool:
    """Whether a file of JAX has its end: a worker may have been ended while it wrote.

    Where JAX packs by another library than zlib, nobody can tell here, and nothing is kept.
    """
    unpacked = zlib.decompressobj()
    try:
        unpacked.decompress(content)
    except zlib.error:
        return False
    return unpacked.eof and not unpacked.unused_data
