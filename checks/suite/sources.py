"""What this process has loaded and read: a hash of every source it compiled and file it opened.

A number is what the code in memory made of the data that were read, whatever lies on disk before
or afterwards. So modules outside the installed libraries are compiled from the very bytes that
are hashed, never from bytecode that a timestamp vouches for, and every other file that is opened
for reading is hashed, too. `proof` is what a stored number is kept with.

This module imports the standard library alone: it must be there before what it watches.
"""

import hashlib
import os
import stat
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import source_from_cache
from types import ModuleType
from typing import Any

from checks.suite import reach
from verilimit_namesakes import namesake

ROOMS = "verilimit_rooms"  # the package of users' rooms (`checks.suite.roots`)
HOUSE = ("theory", "numerics", "checks", "verilimit", ROOMS)
READERS = (
    "module checks.app",
    "module checks.report",
)  # they read results and cannot change a number
ABSENT, CHANGED = "absent", "changed after it was loaded"
UNPROVED = "not to be proved"  # what no hash says: a number made with it is not kept
FRESH = 0.1  # seconds: a file so young may change again within the clock's resolution
LIBRARIES = tuple(
    {
        os.path.join(os.path.realpath(path), "")
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        for path in [sysconfig.get_path(name)]
    }
    | {os.path.join(p, "") for p in sys.path if p.endswith(("site-packages", "dist-packages"))}
)
SYSTEM = ("/proc/", "/sys/", "/dev/")
HYPOTHESIS = f"{os.sep}.hypothesis{os.sep}"  # what its search remembers, wherever it is kept

_seen: dict[str, str] = {}
_ignored: list[str] = []
_written: dict[str, str] = {}  # files opened for writing, with what they held before
_loaded: set[str] = set()  # sources noted as modules: a traceback that quotes one reads no data
_here = threading.local()
_start = os.getcwd()


def proof(run: str | None = None) -> dict[str, str]:
    """Hashes of what this process has loaded and read so far: ``module NAME``, ``file PATH``.

    With a run: of what can have a part in its numbers (`checks.suite.reach`).
    """
    seen = dict(_seen)
    return seen if run is None else {entry: seen[entry] for entry in reach.reached(run, seen)}


def current(entry: str) -> str:
    """The hash that an entry of a proof has now: as loaded here, else as on disk."""
    kind, _, name = entry.partition(" ")
    if kind in LOOKS:
        return LOOKS[kind](name)
    if name in sys.modules and entry in _seen:
        return _seen[entry]
    spec = _find_on_path(name) if kind == "module" else None
    return file_digest(_origin(spec)) if spec is not None else ABSENT


def ignore(folder: str) -> None:
    """Leave out what is read below a folder: programs that this run itself has compiled."""
    _ignored.append(os.path.join(os.path.abspath(folder), ""))


def ignored(path: str) -> bool:
    """Whether what is read there is no input of its own: of the system, a library, this run."""
    known = path.startswith((*SYSTEM, *_ignored)) or HYPOTHESIS in path
    return known or of_library_or_reader(path)


def in_library(path: str) -> bool:
    """Whether a file belongs to an installed library, whose version says what it is."""
    return os.path.realpath(path).startswith(LIBRARIES)


def file_digest(path: str) -> str:
    """SHA-256 of a file, remembered while its inode and times stay; `ABSENT` without one."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            return ABSENT
        times = (status.st_mtime_ns, status.st_ctime_ns)
        if time.time_ns() - max(times) < FRESH * 1e9:
            return _read_digest(path)
        return _remembered(path, status.st_dev, status.st_ino, status.st_size, *times)
    except OSError:
        return ABSENT


@cache
def _remembered(path: str, *_: int) -> str:
    return _read_digest(path)


def _read_digest(path: str) -> str:
    with unwatched(), open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


LOOKS: dict[str, Callable[[str], str]] = {"file": file_digest}  # how each kind of entry is hashed


class unwatched:
    """What this thread opens inside is no input of a number, or is noted otherwise."""

    def __enter__(self) -> None:
        """Begin."""
        _here.depth = getattr(_here, "depth", 0) + 1

    def __exit__(self, *_: object) -> None:
        """End."""
        _here.depth -= 1


def is_unwatched() -> bool:
    """Whether this thread looks at inputs itself."""
    return bool(getattr(_here, "depth", 0))


def note(entry: str, digest: str) -> None:
    """Remember an input; one that is met with two contents is `CHANGED` from then on.

    A file that was not there at first, and a folder, may have been written by what is measured:
    then nobody can say what a number was made of.
    """
    if is_reader(entry):
        return
    reach.met(entry)
    before = _seen.get(entry, digest)
    if before != digest:
        made_here = before in (ABSENT, UNPROVED) or entry.startswith("folder ")
        digest = UNPROVED if made_here else CHANGED
    _seen[entry] = digest


def is_reader(entry: str) -> bool:
    """Whether an input is a module that only reads results."""
    return entry in READERS or entry.startswith(tuple(f"{reader}." for reader in READERS))


class Compiled:
    """Mixed into a loader of sources: it compiles the bytes that it hashes, and no others."""

    def note(self, entry: str, digest: str) -> None:
        """Remember what was compiled."""
        note(entry, digest)

    def path_stats(self, path: str) -> Any:
        """No times: the import system then neither trusts nor writes bytecode."""
        raise OSError(f"{path} is compiled from its source")

    def get_data(self, path: str) -> bytes:
        """The bytes of a file; those of the source are noted when they are compiled."""
        loader: Any = super()
        if path != getattr(self, "path", None):
            return loader.get_data(path)
        with unwatched():
            return loader.get_data(path)

    def source_to_code(self, data: Any, path: Any, **options: Any) -> Any:
        """Compile, and note what was compiled."""
        loader: Any = super()
        name = getattr(self, "name")  # noqa: B009  (the loader's own, mixed in)
        _loaded.add(os.path.abspath(path))
        self.note(f"module {name}", hashlib.sha256(data).hexdigest())
        return loader.source_to_code(data, path, **options)


@cache
def compiled(kind: type) -> type:
    """The class of loaders ``kind``, noting what it compiles."""
    return type(kind.__name__, (Compiled, kind), {"__module__": kind.__module__})


class _Watcher(MetaPathFinder):
    """Asks the other finders, and lets what they find be compiled from hashed sources."""

    def find_spec(
        self, fullname: str, path: Any, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if _counts(fullname, spec):
                    _watch_module(spec)
                return spec
        return None


def _counts(name: str, spec: ModuleSpec) -> bool:
    """Whether the module is verilimit's or no library's."""
    house = name.partition(".")[0] in HOUSE
    return house or (spec.has_location and _is_source(_origin(spec)))


def _is_source(path: str) -> bool:
    return not in_library(path) or of_house(path)


def _watch_module(spec: ModuleSpec) -> None:
    loader: Any = spec.loader
    if isinstance(loader, Compiled):
        return
    if isinstance(loader, SourceFileLoader):
        loader.__class__ = compiled(type(loader))
    elif spec.has_location:  # an extension, an archive: nothing is compiled here
        _note_origin(spec)


def _note_origin(spec: ModuleSpec) -> None:
    _loaded.add(_origin(spec))
    note(f"module {spec.name}", file_digest(_origin(spec)))


def _origin(spec: ModuleSpec) -> str:
    """The file that holds a module: its source, or the archive with its source."""
    path = spec.origin or ""
    while path and not os.path.exists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def _find_on_path(name: str) -> ModuleSpec | None:
    """The spec of a module that is not loaded, without importing its parents."""
    parent, _, _ = name.rpartition(".")
    if not parent:
        return PathFinder.find_spec(name)
    known = sys.modules.get(parent)
    found = None if known is not None else _find_on_path(parent)
    path = getattr(known, "__path__", None) or (found and found.submodule_search_locations)
    spec = PathFinder.find_spec(name, list(path)) if path else None
    return spec or namesake(name)


def _audit(event: str, arguments: tuple) -> None:
    if event == "open" and not is_unwatched():
        path, _, flags = arguments
        if isinstance(path, str | bytes | os.PathLike):
            with unwatched():
                _opened(os.fsdecode(path), flags)


def _opened(path: str, flags: int) -> None:
    """Note a file that is read, or may be read later, as it was before this process wrote it."""
    full = os.path.abspath(path)
    if ignored(full):
        return
    name = path if os.getcwd() == _start else full
    if flags & (os.O_TRUNC | os.O_EXCL):
        _written.setdefault(full, "")  # what it then reads there is its own
    elif flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        before = _written.setdefault(full, file_digest(full))
        if before and not flags & os.O_WRONLY:
            note(f"file {name}", before)
    elif full in _written:
        if _written[full]:
            note(f"file {name}", _written[full])
    elif full not in _loaded and full not in sys.path:  # archives that imports look for
        if name.endswith(".pyc"):
            name = _source_of(name)
        note(f"file {name}", file_digest(name))


def of_library_or_reader(path: str) -> bool:
    """Whether a file lies among the installed libraries and is none of the house."""
    return path.startswith(LIBRARIES) and not of_house(path)


def own(folder: str) -> None:
    """Count what lies below a folder as rooms' code and data, also among installed libraries."""
    known = sys.modules[ROOMS].__path__
    if folder not in known:
        known.append(folder)


def of_house(path: str) -> bool:
    """Whether a file is verilimit's, or of a root of users' rooms."""
    return any(
        path.startswith(os.path.join(folder, ""))
        for name in HOUSE
        for folder in getattr(sys.modules.get(name), "__path__", ())
    )


def _source_of(bytecode: str) -> str:
    try:
        return source_from_cache(bytecode)
    except ValueError:
        return bytecode


def watch() -> None:
    """Begin to note what is loaded and read; what of verilimit is there already is read now."""
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if name != "__main__" and spec is not None and spec.has_location and _counts(name, spec):
            _note_origin(spec)
    if programs := os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        ignore(programs)
    rooms = sys.modules[ROOMS] = ModuleType(ROOMS, "Users' rooms, each under its root.")
    rooms.__path__ = []
    reach.watch()
    sys.meta_path.insert(0, _Watcher())
    sys.addaudithook(_audit)
