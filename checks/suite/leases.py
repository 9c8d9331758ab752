"""Who computes what, where several runs share a store: a lease an item, beside the store's file.

A run takes the lease of an item when it begins to compute it, renews it while it lives, and gives
it back when the row is kept. A lease that was not renewed in time, or whose process on this machine
is gone, is anybody's. Nothing but time rests on them: where the file cannot be used, each run
computes all that it needs.
"""

import contextlib
import os
import socket
import sqlite3
import threading
import time
import uuid
from pathlib import Path

LAST = 30.0  # seconds
RENEW = LAST / 3
TABLE = """CREATE TABLE IF NOT EXISTS leases (
    key TEXT PRIMARY KEY, host TEXT NOT NULL, process INTEGER NOT NULL, owner TEXT NOT NULL,
    until REAL NOT NULL
) WITHOUT ROWID"""
TAKE = """INSERT INTO leases VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE
    SET host = excluded.host, process = excluded.process, owner = excluded.owner,
        until = excluded.until"""


class Leases:
    """The leases of one run; safe to use from several threads."""

    def __init__(self, store: Path) -> None:
        """Beside a store's file; nothing is made before the first lease."""
        self._path = store.with_name(f"{store.name}-leases")
        self._owner, self._host = uuid.uuid4().hex, socket.gethostname()
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._ended = threading.Event()

    def take(self, key: str) -> bool:
        """Whether the item is this run's to compute."""
        try:
            with self._lock, self._opened() as run:
                run.execute("BEGIN IMMEDIATE")
                holder = run.execute(
                    "SELECT host, process, until FROM leases WHERE key = ? AND owner != ?",
                    (key, self._owner),
                ).fetchone()
                if holder is not None and self._holds(*holder):
                    return False
                until = time.time() + LAST
                run.execute(TAKE, (key, self._host, os.getpid(), self._owner, until))
        except (OSError, sqlite3.Error):
            pass
        return True

    def give_back(self, key: str) -> None:
        """The item is computed, or will not be."""
        self._run("DELETE FROM leases WHERE key = ? AND owner = ?", key, self._owner)

    def close(self) -> None:
        """Give all back."""
        self._ended.set()
        if self._connection is not None:
            self._run("DELETE FROM leases WHERE owner = ?", self._owner)
            self._connection.close()

    def _holds(self, host: str, process: int, until: float) -> bool:
        if until < time.time():
            return False
        return host != self._host or _lives(process)

    def _run(self, statement: str, *values: object) -> None:
        with contextlib.suppress(OSError, sqlite3.Error), self._lock, self._opened() as run:
            run.execute(statement, values)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            run = sqlite3.connect(self._path, LAST, check_same_thread=False)
            try:
                run.execute("PRAGMA synchronous=OFF")
                run.execute(TABLE)
            except sqlite3.Error:
                run.close()
                raise
            self._connection = run
            threading.Thread(target=self._renew, daemon=True).start()
        return self._connection

    def _renew(self) -> None:
        while not self._ended.wait(RENEW):
            until = time.time() + LAST
            self._run("UPDATE leases SET until = ? WHERE owner = ?", until, self._owner)


def _lives(process: int) -> bool:
    """Whether a process of this machine runs; one that ended and was not waited for does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    try:
        status = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:  # another system, or it has ended meanwhile
        return True
    state = status.rpartition(b")")[2].split()[0]  # the name before it may hold anything
    return state not in (b"Z", b"X")
