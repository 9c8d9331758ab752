"""What a number depends on besides code and files: variables, folders, and what nobody can prove.

While a claim is measured, or its room imported, this notes the environment variables that code
outside the libraries reads, and the names in the folders that it lists. What comes from other
processes, sockets, databases, C libraries called by hand, or through a folder's descriptor cannot
be hashed: a number made with it is not kept. Python reports none of that for a mere look at a
file's status (``os.path.exists``).

This module imports the standard library alone: it must be there before what it watches.
"""

import hashlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from checks.suite import sources

# What is measured with these is not kept; the first word of an audit event, or all of it.
UNPROVED = (
    "sqlite3.connect", "subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork",
    "os.forkpty", "os.startfile", "socket.connect", "socket.bind", "socket.getaddrinfo",
    "ctypes.dlopen", "mmap.__new__", "winreg.OpenKey",
)  # fmt: skip
FOLDERS = ("os.listdir", "os.scandir")
# The house's own parts that compute no number: they start workers, keep results, decide steps.
MACHINERY = ("checks/suite/", "checks/app/", "checks/report/", "theory/language/")
ITSELF = ("/importlib/", "<frozen importlib", "/shutil.py", "/tempfile.py")
READING = ("/os.py", "/_collections_abc.py")  # where they are not frozen
# Variables named like these steer how a run goes, not what it finds.
HARMLESS = ("LOG", "LOGFILE", "DEBUG", "VERBOSE", "SLEEP", "DELAY", "TIMEOUT")

_depth = 0
_Environ: Any = type(os.environ)  # of texts, and of bytes
_plain = _Environ.__getitem__
_lock = threading.Lock()
_set: set[str] = set()  # variables that what is measured has set: their values are its own
_made: set[str] = set()  # folders that this process has made: what it finds there is its own
_root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_start = os.getcwd()


@contextmanager
def making() -> Iterator[None]:
    """Numbers are being made: note what they depend on."""
    global _depth
    with _lock:
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1


def variable(name: str) -> str:
    """The hash of an environment variable as it is now."""
    try:
        return _digest(os.fsencode(_plain(os.environ, name)))
    except KeyError:
        return sources.ABSENT


def folder(path: str) -> str:
    """The hash of the names in a folder as they are now."""
    try:
        with sources.unwatched():
            return _digest("\0".join(sorted(os.listdir(path))).encode(errors="surrogateescape"))
    except OSError:
        return sources.ABSENT


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _frames() -> Iterator[str]:
    """Files of the code that runs, innermost first, from whoever caused what is noted here."""
    frame = sys._getframe(1)
    while frame is not None:
        if (name := frame.f_code.co_filename) != __file__:
            yield name
        frame = frame.f_back


def cause(direct: tuple[str, ...] | None = None) -> str:
    """The file outside the libraries that asked for it; empty when the machinery or a library did.

    ``direct``: names of the only library files that may stand between.
    """
    for name in _frames():
        if name.startswith("<frozen importlib"):
            return ""  # what an import does belongs to the module
        if name.startswith("<") or sources.of_library_or_reader(name):
            if direct and not name.startswith("<") and not any(part in name for part in direct):
                return ""
            continue
        local = name.removeprefix(os.path.join(_root, "")).replace(os.sep, "/")
        return "" if local.startswith(MACHINERY) else name
    return ""


class _Variables(_Environ):
    """The environment, as text or bytes, noting what is read by code outside the libraries."""

    def __getitem__(self, key: Any) -> Any:
        name: Any = os.fsdecode(key) if isinstance(key, bytes) else key
        if _depth and _counts(name) and cause(READING):
            sources.note(f"variable {name}", variable(name))
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        if _depth:
            _set.add(os.fsdecode(key) if isinstance(key, bytes) else key)
        super().__setitem__(key, value)


def _counts(key: Any) -> bool:
    named = isinstance(key, str) and key.rpartition("_")[2] not in HARMLESS
    return named and key not in _set


def _audit(event: str, arguments: tuple) -> None:
    if event == "os.mkdir":
        _made.add(os.path.abspath(os.fsdecode(arguments[0])))
    elif not _depth or sources.is_unwatched():
        return
    elif event in UNPROVED:
        _unproved(event, arguments)
    elif event in FOLDERS:
        _listed(event, arguments[0])
    elif event == "open":
        _by_descriptor(*arguments)


def _by_descriptor(path: Any, mode: str | None, flags: int) -> None:
    """`os.open` does not say from which folder's descriptor a relative path starts."""
    relative = isinstance(path, str | bytes | os.PathLike) and not os.path.isabs(path)
    if mode is None and relative and not flags & os.O_WRONLY and _not_by_itself():
        _not_kept("os.open of a relative path")


def _unproved(event: str, arguments: tuple) -> None:
    if event == "sqlite3.connect" and arguments[0] in (":memory:", b":memory:", ""):
        return
    if event == "mmap.__new__" and not any("/shared_memory.py" in name for name in _frames()):
        return  # of a file, which was opened, or of none
    if cause(("/ctypes/", "ctypeslib")) if event == "ctypes.dlopen" else cause():
        _not_kept(event)


def _listed(event: str, path: Any) -> None:
    if isinstance(path, int):
        if _not_by_itself():
            _not_kept(f"{event} of a descriptor")
        return
    name = os.fsdecode(path if path is not None else ".")
    full = os.path.abspath(name)
    own = any(full == made or full.startswith(os.path.join(made, "")) for made in _made)
    if not own and not sources.ignored(full) and _not_by_itself():
        name = name if os.getcwd() == _start else full
        sources.note(f"folder {name}", folder(name))


def _not_by_itself() -> str:
    """The cause, unless Python's own import or removal of folders asks."""
    first = next((name for name in _frames() if name != sources.__file__), "")
    return "" if any(part in first for part in ITSELF) else cause()


def _not_kept(what: str) -> None:
    sources.note(f"outside {what}, by {os.path.basename(cause())}", sources.UNPROVED)


def watch() -> None:
    """Begin to note."""
    sources.LOOKS.update(variable=variable, folder=folder, outside=lambda name: sources.UNPROVED)
    os.environ.__class__ = _Variables
    as_bytes: Any = getattr(os, "environb", None)  # Windows has none
    if as_bytes is not None:
        as_bytes.__class__ = _Variables
    sys.addaudithook(_audit)
