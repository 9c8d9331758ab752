"""The result store: one SQLite file, one row a finished work item: a block of an experiment.

A row's key hashes the item together with `checks.suite.fingerprint.environment`, and each row
points to the proof of what measured it: hashes of the code that was loaded and the data that were
read. A row is found only by a run whose snapshot agrees with that proof, so a number of other
code, data, libraries or precision is never given out; rows of several states of the code lie side
by side. Each row is committed as soon as it is measured: a killed run loses at most the items in
flight. It carries a checksum of all that it says, which is verified on reading: a damaged row is
measured anew. Write-ahead logging lets two runs share a file, and `checks.suite.leases` the work;
what both measure all the same is one number, and the first row stays. Where nothing can be written,
rows are read, and a run goes on.
"""

import hashlib
import io
import json
import logging
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from checks.suite.database import SAYS, connect, guarded
from checks.suite.leases import Leases
from checks.suite.snapshot import Snapshot

_log = logging.getLogger(__name__)
ROW = ", ".join((*SAYS, "checksum"))
PLACES = f"({', '.join('?' * (len(SAYS) + 1))})"


class Store:
    """Finished work items by key; safe to use from several threads and several processes."""

    def __init__(
        self, path: Path, environment: Mapping[str, str], snapshot: Snapshot | None = None
    ) -> None:
        """Open or create the file; raises `InputProblem` when it is not a store.

        ``snapshot``: the state of code and data whose numbers are given out, by default this
        process's own. Where nothing can be written, what is there is read.
        """
        self._path = path
        self._environment = dict(environment)
        self.snapshot = Snapshot() if snapshot is None else snapshot
        self._agrees: dict[str, bool] = {}
        self._lock = threading.Lock()
        self._connection, self._writes = connect(path)
        shared = self._writes and str(path) != ":memory:"
        self.leases = Leases(path) if shared else None
        self._damaged: set[tuple[str, str]] = set()
        self._silent = False

    def key(self, item: Mapping[str, Any]) -> str:
        """The hash under which the JSON-able ``item`` is kept, environment included."""
        text = json.dumps([dict(item), self._environment], sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def get(self, item: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
        """The stored columns that the snapshot's code and data have made, or None."""
        key = self.key(item)
        with self._lock, guarded(self._path):
            rows = self._connection.execute(
                f"SELECT {ROW} FROM items WHERE key = ?", (key,)
            ).fetchall()
            for *row, checksum in rows:
                if not self._current(row[1]):
                    continue
                if checksum_of(*row) == checksum:
                    return columns_of(row[3])
                if (key, row[1]) not in self._damaged:  # it may be asked for again
                    self._damaged.add((key, row[1]))
                    _log.warning(
                        "a damaged row of the store is measured anew: %s", json.dumps(item)
                    )
        return None

    def _current(self, proof: str) -> bool:
        if proof not in self._agrees:
            found = self._connection.execute(
                "SELECT entries FROM proofs WHERE id = ?", (proof,)
            ).fetchone()
            entries = "" if found is None else found[0]
            sound = _digest(entries) == proof
            self._agrees[proof] = sound and not self.snapshot.differences(json.loads(entries))
        return self._agrees[proof]

    def put(
        self,
        item: Mapping[str, Any],
        columns: Mapping[str, np.ndarray],
        seconds: float,
        proof: Mapping[str, str] | None = None,
        memory: int = 0,
    ) -> None:
        """Keep columns with their proof and what they cost: seconds, and peak memory in bytes.

        A sound row that another run has written stays as it is. Where it cannot be kept, a warning
        says so, once, and the run goes on.
        """
        buffer = io.BytesIO()
        # A column may be called like an argument of savez.
        arrays: dict[str, Any] = {f"_{name}": column for name, column in columns.items()}
        np.savez(buffer, **arrays)
        entries = json.dumps(dict(proof or {}), sort_keys=True)
        name = _digest(entries)
        text = json.dumps(dict(item), sort_keys=True)
        cost = float(seconds), now(), memory
        row = (self.key(item), name, text, buffer.getvalue(), *cost)
        verb = "REPLACE" if row[:2] in self._damaged else "IGNORE"
        whole = (*row, checksum_of(*row))
        self._write(
            ("INSERT OR REPLACE INTO proofs VALUES (?, ?)", (name, entries)),
            (f"INSERT OR {verb} INTO items ({ROW}) VALUES {PLACES}", whole),
        )

    def judged(self, *rows: tuple[str, str, str, str, int, str, float]) -> None:
        """Keep verdicts for `verilimit history`: claim, verdict, because, tier, seed, version,
        seconds.
        """  # fmt: skip
        made = now()
        self._write(
            *(("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (made, *r)) for r in rows)
        )

    def _write(self, *statements: tuple[str, tuple[Any, ...]]) -> None:
        why = "it cannot be written"
        with self._lock:
            if self._writes:
                try:
                    with self._connection:
                        for statement, values in statements:
                            self._connection.execute(statement, values)
                except sqlite3.Error as error:  # a full disk, a lock, damaged pages
                    why, self._writes = str(error), False
            if not self._writes and not self._silent:
                self._silent = True
                _log.warning("what is measured is not kept in %s: %s", self._path, why)

    def seconds(self) -> dict[str, float]:
        """What blocks took, by the text of their item without seeds, in any state of the code."""
        with self._lock, guarded(self._path):
            rows = self._connection.execute("SELECT item, seconds FROM items").fetchall()
        found: dict[str, list[float]] = {}
        for item, took in rows:
            found.setdefault(_without_seeds(json.loads(item)), []).append(took)
        return {item: sum(took) / len(took) for item, took in found.items()}

    def expected(self, item: Mapping[str, Any], seconds: Mapping[str, float]) -> float | None:
        """What a block should take, from ``seconds``; None where nothing like it was measured."""
        return seconds.get(_without_seeds(item))

    def computing(self, items: Sequence[Mapping[str, Any]]) -> float:
        """The seconds that those of the items took which are stored."""
        keys = [(self.key(item),) for item in items]
        query = "SELECT seconds FROM items WHERE key = ? ORDER BY made DESC LIMIT 1"
        with self._lock, guarded(self._path):
            rows = [self._connection.execute(query, key).fetchone() for key in keys]
        return sum(row[0] for row in rows if row is not None)

    def count(self) -> int:
        """Number of stored items."""
        with self._lock, guarded(self._path):
            return self._connection.execute("SELECT count(*) FROM items").fetchone()[0]

    def close(self) -> None:
        """Close the file, and give back the leases."""
        if self.leases is not None:
            self.leases.close()
        self._connection.close()


def columns_of(value: bytes) -> dict[str, np.ndarray]:
    """The columns of a row whose checksum was verified."""
    with np.load(io.BytesIO(value), allow_pickle=False) as columns:
        return {name[1:]: columns[name] for name in columns.files}


def checksum_of(*says: object) -> str:
    """A hash of all that a row says; whatever SQLite has in its place gives another one.

    Rows of an earlier layout say nothing of their memory.
    """
    digest = hashlib.sha256()
    for part in says if says[-1] is not None else says[:-1]:
        part = part if isinstance(part, bytes) else repr(part).encode(errors="replace")
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()


def now() -> str:
    """The time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _without_seeds(item: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in item.items() if name not in ("start", "seed")}
    return json.dumps(kept, sort_keys=True)


def _digest(text: object) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()
