"""Output files: refused early when they cannot be written, and never left half-written."""

import os
import tempfile
from pathlib import Path

from checks.suite.problem import InputProblem


def require_writable(path: Path | None, option: str) -> None:
    """Raise `InputProblem` unless a file can be written at ``path`` (None: nothing asked)."""
    if path is None:
        return
    folder = path.resolve().parent
    if path.is_dir():
        received = f"the directory {path}"
    elif not folder.is_dir():
        received = f"{path}, whose directory does not exist"
    elif not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        received = f"{path}, which is not writable"
    else:
        return
    raise InputProblem(
        expected=f"{option} to name a file that can be written",
        received=received,
        remedy="Choose another path or create the directory; nothing was run.",
    )


def require_directory(path: Path | None, option: str) -> None:
    """Make the directory ``path``; raises `InputProblem` unless files can be written in it."""
    if path is None:
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
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
    """Write all bytes or nothing: a temporary file beside ``path`` is moved over it."""
    handle, name = tempfile.mkstemp(dir=path.resolve().parent, prefix=f".{path.name}.")
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
