"""``verilimit store`` and ``verilimit history``: what is kept, is it sound, how it changed."""

import sqlite3
from contextlib import closing
from pathlib import Path

from rich.markup import escape

from checks.app.screen import coloured, console, print_table
from checks.suite.database import connect, guarded, reading
from checks.suite.problem import InputProblem
from checks.suite.store import PLACES, ROW, checksum_of

LONGEST = """SELECT json_extract(item, '$.experiment') AS name, count(*), total(seconds),
    max(seconds), max(memory) FROM items WHERE json_valid(item) GROUP BY name
    ORDER BY total(seconds) DESC LIMIT 5"""
OLD = """SELECT key, proof FROM (SELECT key, proof, row_number() OVER
    (PARTITION BY item ORDER BY made DESC, proof) AS age FROM items) WHERE age > ?"""


def info(path: Path) -> int:
    """Print what a store holds, and what took longest; returns the exit status."""
    with guarded(path), closing(reading(path)) as run:
        rows, size, seconds, first, last = run.execute(
            "SELECT count(*), total(length(value)), total(seconds), min(made), max(made) FROM items"
        ).fetchone()
        states, verdicts = (
            run.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("proofs", "verdicts")
        )
        longest = run.execute(LONGEST).fetchall()
    console().print(
        f"{path}: {rows} blocks, {size / 1e6:.1f} MB, that took {seconds:.0f} s to compute\n"
        f"made {first or 'never'} to {last or 'never'}, by {states} states of code and data; "
        f"{verdicts} verdicts",
        markup=False,
    )
    table = [
        (escape(name), str(blocks), f"{took:.1f}", f"{slowest:.1f}", _mebibytes(memory))
        for name, blocks, took, slowest, memory in longest
    ]
    if table:
        head = ("experiment", "blocks", "seconds", "slowest block", "peak MiB")
        print_table(console(), head, table)
    return 0


def _mebibytes(memory: int | None) -> str:
    return f"{memory / 2**20:.0f}" if memory else "unknown"


def verify(path: Path) -> int:
    """Verify the checksum of every row; returns 2 when one is damaged: it is measured anew."""
    damaged, rows = [], 0
    with guarded(path), closing(reading(path)) as run:
        sound = run.execute("PRAGMA integrity_check").fetchone()[0]
        for *row, checksum in run.execute(f"SELECT {ROW} FROM items"):
            rows += 1
            if checksum_of(*row) != checksum:
                damaged.append(row[2])
    for item in damaged:
        console().print(f"damaged: {item}", markup=False)
    words = "" if sound == "ok" else f"; the file itself: {sound}"
    console().print(f"{rows - len(damaged)} of {rows} blocks are sound{words}", markup=False)
    return 2 if damaged or sound != "ok" else 0


def prune(path: Path, keep: int) -> int:
    """Keep of each block the numbers of the ``keep`` newest states of the code."""
    with guarded(path), closing(_writing(path)) as run:
        with run:
            old = run.execute(OLD, (keep,)).fetchall()
            run.executemany("DELETE FROM items WHERE key = ? AND proof = ?", old)
            run.execute("DELETE FROM proofs WHERE id NOT IN (SELECT proof FROM items)")
        run.execute("VACUUM")
    console().print(f"{len(old)} blocks removed", markup=False)
    return 0


def export(path: Path, out: Path) -> int:
    """Copy a store, also one that a run is writing, into a new file."""
    if out.exists():
        raise InputProblem(
            expected="a new file to export to",
            received=f"{out}, which exists",
            remedy="Choose another path, or use `verilimit store import` there.",
        )
    with guarded(path), closing(reading(path)) as run, closing(sqlite3.connect(out)) as copy:
        run.backup(copy)
    return info(out)


def bring(path: Path, source: Path) -> int:
    """Add the sound blocks and the verdicts of another store to this one."""
    with guarded(source), closing(reading(source)) as there:
        blocks = there.execute(f"SELECT {ROW} FROM items").fetchall()
        proofs = there.execute("SELECT id, entries FROM proofs").fetchall()
        verdicts = there.execute("SELECT * FROM verdicts").fetchall()
    sound = [row for row in blocks if checksum_of(*row[:-1]) == row[-1]]
    with guarded(path), closing(_writing(path)) as run, run:
        before = run.total_changes
        run.executemany(f"INSERT OR IGNORE INTO items ({ROW}) VALUES {PLACES}", sound)
        new = run.total_changes - before
        run.executemany("INSERT OR IGNORE INTO proofs VALUES (?, ?)", proofs)
        run.executemany("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", verdicts)
        run.execute("""DELETE FROM verdicts WHERE rowid NOT IN
            (SELECT min(rowid) FROM verdicts GROUP BY made, claim, tier, seed, version)""")
    left = len(blocks) - len(sound)
    words = f"; {left} damaged blocks were left there" if left else ""
    console().print(f"{new} of {len(blocks)} blocks are new here{words}", markup=False)
    return 0


def history(path: Path, claim: str | None, against: str | None, *, slowest: bool) -> int:
    """Print verdicts over time: of one claim, or what differs from the version ``against``."""
    query = """SELECT made, version, claim, verdict, because, tier, seed, seconds FROM verdicts
        WHERE claim GLOB ? ORDER BY """ + ("seconds DESC, made" if slowest else "made, rowid")
    with guarded(path), closing(reading(path)) as run:
        rows = run.execute(query, (claim or "*",)).fetchall()
    if against is not None:
        rows = _changed(rows, against)
    if not rows:
        what = "changed verdict" if against is not None else "verdict"
        console().print(f"no {what} of {claim or 'any claim'} in {path}", markup=False)
        return 0
    table = [
        (
            *(made, escape(version), escape(name), coloured(verdict)),
            *(escape(because), tier, str(seed), f"{seconds:.1f}"),
        )
        for made, version, name, verdict, because, tier, seed, seconds in rows
    ]
    head = ("made", "version", "claim", "verdict", "because", "tier", "seed", "seconds")
    print_table(console(), head, table)
    return 0


def _changed(rows: list[tuple], against: str) -> list[tuple]:
    """The newest verdict of each claim, where that of the version is another."""
    then = {row[2]: row for row in rows if against in row[1]}
    if not then:
        raise InputProblem(
            expected="--against to name a version with verdicts in the store",
            received=against,
            remedy="`verilimit history` lists them.",
        )
    now = {row[2]: row for row in rows}
    pairs = [(then[name], now[name]) for name in then if then[name][3] != now[name][3]]
    return [row for pair in pairs for row in pair]


def _writing(path: Path) -> sqlite3.Connection:
    connection, writes = connect(path)
    if not writes:
        connection.close()
        raise InputProblem(
            expected="a store that can be written",
            received=str(path),
            remedy="Change its permissions, or export it to another place.",
        )
    return connection
