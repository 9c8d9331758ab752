"""Output files: refused early when they cannot be written, and never left half-written."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from checks.suite.problem import InputProblem


def require_writable(path: Path | None, option: str, begins: str = "") -> None:
    """Raise `InputProblem` unless a file can be written at ``path`` (None: nothing asked).

    A file that is there must be an earlier output, which ``begins`` with one of these characters:
    a source or a store is not written over. Devices and pipes are written into.
    """
    if path is None:
        return
    folder = path.resolve().parent
    if path.is_dir():
        received = f"the directory {path}"
    elif _is_stream(path):
        return
    elif path.exists() and not path.is_file():
        received = f"{path}, which is no file"
    elif begins and path.is_file() and _is_foreign(path, begins):
        received = f"{path}, which holds something else and would be lost"
    elif not folder.is_dir():
        received = f"{path}, whose directory does not exist"
    elif not _takes_files(folder) or (path.exists() and not os.access(path, os.W_OK)):
        received = f"{path}, which is not writable"
    else:
        return
    raise InputProblem(
        expected=f"{option} to name a file that can be written",
        received=received,
        remedy="Choose another path or create the directory; nothing was run.",
    )


def require_apart(**outputs: Path | None) -> None:
    """Raise `InputProblem` when two options name one file."""
    given = {name: path.resolve() for name, path in outputs.items() if path is not None}
    for name, path in given.items():
        for other, place in given.items():
            if name < other and path == place and not _is_stream(path):
                raise InputProblem(
                    expected=f"--{name} and --{other} to name two files",
                    received=f"{path} for both",
                    remedy="Choose another path; nothing was run.",
                )


def _is_stream(path: Path) -> bool:
    """A pipe, a device such as /dev/null, or what another process has opened: /dev/stdout."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    opened = path.is_relative_to("/dev") or path.is_relative_to("/proc")
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or (opened and stat.S_ISREG(mode))


def _takes_files(folder: Path) -> bool:
    """Whether a file can be made there: to root every folder looks writable, /proc too."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def takes_nothing(stream: Any) -> bool:
    """Whether what is written there is known to be lost: /dev/full, and files on a full disk.

    Nothing is written to find out. A quota, or a disk that others fill later, shows only then.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):  # a test's; Windows has neither
        found = os.fstat(stream.fileno())
        if stat.S_ISREG(found.st_mode):
            left = os.fstatvfs(stream.fileno())
            free = left.f_bavail if os.geteuid() else left.f_bfree
            return left.f_blocks > 0 == free  # without blocks it says nothing
        if stat.S_ISCHR(found.st_mode):
            return found.st_rdev == os.stat("/dev/full").st_rdev
    return False


def _is_foreign(path: Path, begins: str) -> bool:
    if not os.access(path, os.R_OK):
        return True  # nobody can tell what would be lost
    with path.open("rb") as stream:
        head = stream.read(64).lstrip()
    return bool(head) and chr(head[0]) not in begins


def require_directory(path: Path | None, option: str) -> None:
    """Make the directory ``path``; raises `InputProblem` unless files can be written in it."""
    if path is None:
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not _takes_files(path):
            raise PermissionError("not writable")
    except OSError as error:
        raise InputProblem(
            expected=f"{option} to name a directory that can be written",
            received=f"{path} ({error})",
            remedy="Choose another path; nothing was run.",
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write the whole text, in UTF-8, or nothing."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write all bytes or nothing: a temporary file beside the file is moved over it.

    A link stays one, and into a stream the bytes are written.
    """
    if _is_stream(path):
        with path.open("wb") as stream:
            stream.write(content)
        return
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
