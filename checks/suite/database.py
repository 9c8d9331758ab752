"""The SQLite file of a store: opened for writing, or for reading where that is all one may do.

Whatever goes wrong with it, a lock, a full disk, damaged pages, ends in one `InputProblem`.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from checks.suite.problem import InputProblem

_log = logging.getLogger(__name__)
MOUNTS = Path("/proc/self/mountinfo")
NETWORK = (
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "afs",
    "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "pvfs2", "orangefs", "wekafs", "panfs",
)  # fmt: skip
LAYOUT, BEFORE = 5, 4  # versions of the tables, in SQLite's user_version
BUSY_SECONDS = 60.0
SAYS = ("key", "proof", "item", "value", "seconds", "made", "memory")  # what a checksum covers
COLUMNS = {
    "proofs": ("id", "entries"),
    "items": (*SAYS[:-1], "checksum", "memory"),
    "verdicts": ("made", "claim", "verdict", "because", "tier", "seed", "version", "seconds"),
}
TABLES = (
    "CREATE TABLE IF NOT EXISTS proofs (id TEXT PRIMARY KEY, entries TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS items (
    key TEXT NOT NULL, proof TEXT NOT NULL, item TEXT NOT NULL, value BLOB NOT NULL,
    seconds REAL NOT NULL, made TEXT NOT NULL, checksum TEXT NOT NULL, memory INTEGER,
    PRIMARY KEY (key, proof)
) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS verdicts (
    made TEXT NOT NULL, claim TEXT NOT NULL, verdict TEXT NOT NULL, because TEXT NOT NULL,
    tier TEXT NOT NULL, seed INTEGER NOT NULL, version TEXT NOT NULL, seconds REAL NOT NULL
)""",
)


def connect(path: Path) -> tuple[sqlite3.Connection, bool]:
    """A connection, and whether it can write; raises `InputProblem` for what is no store."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, BUSY_SECONDS, check_same_thread=False)
        try:
            return _prepared(connection, _journal(path)), True
        except sqlite3.DatabaseError:
            connection.close()
            raise
    except (OSError, sqlite3.DatabaseError) as error:
        if (path.is_file() and "readonly" in str(error)) or isinstance(error, PermissionError):
            return reading(path), False
        raise unusable(path, error) from error


def reading(path: Path) -> sqlite3.Connection:
    """A connection that only reads; raises `InputProblem` where there is no store.

    Of a store of the layout before, it is a copy in memory that was brought over.
    """
    last: Exception = FileNotFoundError(f"no file {path}")
    address = path.resolve().as_uri()
    modes = ["mode=ro"]
    if not path.with_name(f"{path.name}-wal").exists():
        # Where its log cannot be made; without the log of a write the file alone is all of it.
        modes.append("mode=ro&immutable=1")
    for mode in modes if path.is_file() else ():
        found = sqlite3.connect(f"{address}?{mode}", uri=True, check_same_thread=False)
        try:
            return _brought_over(found)
        except sqlite3.DatabaseError as error:
            found.close()
            last = error
    raise unusable(path, last) from last


def unusable(path: Path, error: Exception) -> InputProblem:
    """What to say of a store that cannot be used."""
    return InputProblem(
        expected="--store to name a result store or a new file that can be written",
        received=f"{path} ({error})",
        remedy="Choose another path, or move the file away; `verilimit store verify` says what "
        "is readable.",
    )


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn an error of the database into an `InputProblem`."""
    try:
        yield
    except sqlite3.Error as error:
        raise unusable(path, error) from error


def _journal(path: Path) -> str:
    """How writes are made whole: SQLite's write-ahead log needs memory that all who write share."""
    kind = file_system(path)
    if kind not in NETWORK:
        return "WAL"
    _log.warning(
        "%s is on a network file system (%s): it is kept without a write-ahead log, more slowly; "
        "let one machine at a time write it, or use a local disk", path, kind,
    )  # fmt: skip
    return "DELETE"


def file_system(path: Path) -> str:
    """What Linux calls the file system that a path is on, e.g. ``ext4``; elsewhere ``""``."""
    try:
        lines = MOUNTS.read_text().splitlines()
    except OSError:
        return ""
    found = ("", "")
    for line in lines:
        place, kind = line.split()[4], line.partition(" - ")[2].split()[0]
        for escaped in (r"\040", r"\011", r"\012", r"\134"):
            place = place.replace(escaped, chr(int(escaped[1:], 8)))
        if path.resolve().is_relative_to(place):
            found = max(found, (place, kind), key=lambda pair: len(pair[0]))
    return found[1]


def _prepared(connection: sqlite3.Connection, journal: str = "WAL") -> sqlite3.Connection:
    run = connection.execute
    layout, tables = _layout(connection)
    if layout == BEFORE and tables <= set(COLUMNS):  # rows that do not say what memory they took
        _add_memory(connection)
    elif 0 < layout < BEFORE and tables <= set(COLUMNS):  # rows without columns or checksums
        for table in tables:
            run(f"DROP TABLE {table}")
    elif tables:
        _require_layout(connection)
    run(f"PRAGMA journal_mode={journal}")
    run(f"PRAGMA synchronous={'NORMAL' if journal == 'WAL' else 'FULL'}")
    with connection:
        for table in TABLES:
            run(table)
        run(f"PRAGMA user_version={LAYOUT}")
    return connection


def _add_memory(connection: sqlite3.Connection) -> None:
    """Bring the layout before to this one, in one step; another run may do so at the same time."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if _layout(connection)[0] == BEFORE:
            connection.execute("ALTER TABLE items ADD COLUMN memory INTEGER")
            connection.execute(f"PRAGMA user_version={LAYOUT}")


def _brought_over(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A connection that may not write, or one to a copy where only the layout is of before."""
    layout, tables = _layout(connection)
    if layout != BEFORE or not tables <= set(COLUMNS):
        _require_layout(connection)
        return connection
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    connection.backup(copy)
    connection.close()
    return _prepared(copy)


def _layout(connection: sqlite3.Connection) -> tuple[int, set[str]]:
    query = "SELECT name FROM sqlite_master WHERE type != 'index'"
    tables = {name for (name,) in connection.execute(query).fetchall()}
    return connection.execute("PRAGMA user_version").fetchone()[0], tables


def _require_layout(connection: sqlite3.Connection) -> None:
    layout, tables = _layout(connection)
    if layout != LAYOUT:
        raise sqlite3.DatabaseError(
            f"a database of another kind or layout: {layout}, expected {LAYOUT}"
        )
    for table, columns in COLUMNS.items():
        found = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        kind = connection.execute(
            "SELECT type FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
        if table not in tables or tuple(found) != columns or kind != ("table",):
            raise sqlite3.DatabaseError(f"its table {table} is not what layout {LAYOUT} has")
