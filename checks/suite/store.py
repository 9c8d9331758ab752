"""The result store: one SQLite file, one row a finished work item.

A row's key hashes the item together with `checks.suite.fingerprint.environment`, so a change of
code, libraries or precision never finds an old number. Each row is committed as soon as it is
measured: a killed run loses at most the items in flight. Write-ahead logging lets two runs share
a file; what both measure is the same number, and the first row stays.
"""

import hashlib
import io
import json
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from checks.suite.problem import InputProblem

LAYOUT = 1  # version of the table, in SQLite's user_version
BUSY_SECONDS = 60.0
TABLE = """
CREATE TABLE IF NOT EXISTS items (
    key TEXT PRIMARY KEY, item TEXT NOT NULL, value BLOB NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID
"""


class Store:
    """Finished work items by key; safe to use from several threads and several processes."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        """Open or create the file; raises `InputProblem` when it is not a store or not writable."""
        self._environment = dict(environment)
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
            self._prepare()
        except (OSError, sqlite3.DatabaseError) as error:
            raise InputProblem(
                expected="--store to name a result store or a new file that can be written",
                received=f"{path} ({error})",
                remedy="Choose another path; nothing was run.",
            ) from error

    def _prepare(self) -> None:
        run = self._connection.execute
        layout = run("PRAGMA user_version").fetchone()[0]
        tables = run("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if layout != LAYOUT and tables:
            raise sqlite3.DatabaseError(
                f"a database of another kind or layout: {layout}, expected {LAYOUT}"
            )
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=NORMAL")
        with self._connection:
            run(TABLE)
            run(f"PRAGMA user_version={LAYOUT}")

    def key(self, item: Mapping[str, Any]) -> str:
        """The hash under which the JSON-able ``item`` is kept, environment included."""
        text = json.dumps([dict(item), self._environment], sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def get(self, item: Mapping[str, Any]) -> np.ndarray | None:
        """The stored array, or None."""
        with self._lock:
            row = self._connection.execute(
                "SELECT value FROM items WHERE key = ?", (self.key(item),)
            ).fetchone()
        return None if row is None else np.load(io.BytesIO(row[0]), allow_pickle=False)

    def put(self, item: Mapping[str, Any], value: np.ndarray, seconds: float) -> None:
        """Keep an array; a row that another run has written meanwhile stays as it is."""
        buffer = io.BytesIO()
        np.save(buffer, value, allow_pickle=False)
        row = (self.key(item), json.dumps(dict(item), sort_keys=True), buffer.getvalue(), seconds)
        with self._lock, self._connection:
            self._connection.execute("INSERT OR IGNORE INTO items VALUES (?, ?, ?, ?)", row)

    def count(self) -> int:
        """Number of stored items."""
        with self._lock:
            return self._connection.execute("SELECT count(*) FROM items").fetchone()[0]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
