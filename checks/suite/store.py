"""The result store: one SQLite file, one row a finished work item: a block of an experiment.

A row's key hashes the item together with `checks.suite.fingerprint.environment`, and each row
points to the proof of what measured it: hashes of the code that was loaded and the data that were
read. A row is found only by a run whose snapshot agrees with that proof, so a number of other
code, data, libraries or precision is never given out; rows of several states of the code lie side
by side. Each row is committed as soon as it is measured: a killed run loses at most the items in
flight. Write-ahead logging lets two runs share a file; what both measure is the same number, and
the first row stays.
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
from checks.suite.snapshot import Snapshot

LAYOUT = 3  # version of the tables, in SQLite's user_version
BUSY_SECONDS = 60.0
TABLES = (
    "CREATE TABLE IF NOT EXISTS proofs (id TEXT PRIMARY KEY, entries TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS items (
    key TEXT NOT NULL, proof TEXT NOT NULL, item TEXT NOT NULL, value BLOB NOT NULL,
    seconds REAL NOT NULL, PRIMARY KEY (key, proof)
) WITHOUT ROWID""",
)


class Store:
    """Finished work items by key; safe to use from several threads and several processes."""

    def __init__(
        self, path: Path, environment: Mapping[str, str], snapshot: Snapshot | None = None
    ) -> None:
        """Open or create the file; raises `InputProblem` when it is not a store or not writable.

        ``snapshot``: the state of code and data whose numbers are given out, by default this
        process's own.
        """
        self._environment = dict(environment)
        self.snapshot = Snapshot() if snapshot is None else snapshot
        self._agrees: dict[str, bool] = {}
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
        tables = {name for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if layout in (1, 2) and tables <= {"items", "proofs"}:  # rows of claims, without columns
            for table in tables:
                run(f"DROP TABLE {table}")
        elif layout != LAYOUT and tables:
            raise sqlite3.DatabaseError(
                f"a database of another kind or layout: {layout}, expected {LAYOUT}"
            )
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=NORMAL")
        with self._connection:
            for table in TABLES:
                run(table)
            run(f"PRAGMA user_version={LAYOUT}")

    def key(self, item: Mapping[str, Any]) -> str:
        """The hash under which the JSON-able ``item`` is kept, environment included."""
        text = json.dumps([dict(item), self._environment], sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def get(self, item: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
        """The stored columns that the snapshot's code and data have made, or None."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT proof, value FROM items WHERE key = ?", (self.key(item),)
            ).fetchall()
            value = next((value for proof, value in rows if self._current(proof)), None)
        if value is None:
            return None
        with np.load(io.BytesIO(value), allow_pickle=False) as columns:
            return {name[1:]: columns[name] for name in columns.files}

    def _current(self, proof: str) -> bool:
        if proof not in self._agrees:
            (entries,) = self._connection.execute(
                "SELECT entries FROM proofs WHERE id = ?", (proof,)
            ).fetchone()
            self._agrees[proof] = not self.snapshot.differences(json.loads(entries))
        return self._agrees[proof]

    def put(
        self,
        item: Mapping[str, Any],
        columns: Mapping[str, np.ndarray],
        seconds: float,
        proof: Mapping[str, str] | None = None,
    ) -> None:
        """Keep columns with their proof; a row that another run has written stays as it is."""
        buffer = io.BytesIO()
        # A column may be called like an argument of savez.
        arrays: dict[str, Any] = {f"_{name}": column for name, column in columns.items()}
        np.savez(buffer, **arrays)
        entries = json.dumps(dict(proof or {}), sort_keys=True)
        name = hashlib.sha256(entries.encode()).hexdigest()
        text = json.dumps(dict(item), sort_keys=True)
        row = (self.key(item), name, text, buffer.getvalue(), seconds)
        with self._lock, self._connection:
            run = self._connection.execute
            run("INSERT OR IGNORE INTO proofs VALUES (?, ?)", (name, entries))
            run("INSERT OR IGNORE INTO items VALUES (?, ?, ?, ?, ?)", row)

    def count(self) -> int:
        """Number of stored items."""
        with self._lock:
            return self._connection.execute("SELECT count(*) FROM items").fetchone()[0]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
