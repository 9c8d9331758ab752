"""What a store gives out is what was put: damage is seen, a full disk is said."""

import io
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from checks.suite.database import BEFORE, LAYOUT
from checks.suite.problem import InputProblem
from checks.suite.store import Store, checksum_of
from tests.conftest import Ended

ITEM = {"experiment": "a/b", "start": 0, "count": 4, "seed": 0}
HERE = {"dtype": "float64"}


def npz(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, _a=values)
    return buffer.getvalue()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A store with one row of each of two items."""
    path = tmp_path / "s.sqlite"
    with closing(Store(path, HERE)) as store:
        store.put(ITEM, {"a": np.arange(4.0)}, 0.1)
        store.put({**ITEM, "seed": 1}, {"a": np.ones(4)}, 0.1)
    return path


def change(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement, values)


@pytest.mark.parametrize(
    "value",
    [b"", b"text", "text", 7, npz(np.arange(4) * 10.0), npz(np.arange(4) * np.nan),
     npz(np.array(["a"] * 4))],
    ids=["empty", "bytes", "text", "number", "ten times", "nan", "strings"],
)  # fmt: skip
def test_a_damaged_row_is_measured_anew_and_replaced(
    kept: Path, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    change(kept, "UPDATE items SET value = ? WHERE item LIKE '%\"seed\": 0%'", value)
    with closing(Store(kept, HERE)) as store:
        assert store.get(ITEM) is None
        assert store.get(ITEM) is None
        assert caplog.text.count("a damaged row") == 1
        assert store.get({**ITEM, "seed": 1}) is not None
        store.put(ITEM, {"a": np.arange(4.0)}, 0.1)
    with closing(Store(kept, HERE)) as store:
        found = store.get(ITEM)
        assert found is not None
        assert list(found["a"]) == [0, 1, 2, 3]


def test_what_a_row_says_of_its_memory_is_covered_by_its_checksum(kept: Path) -> None:
    change(kept, "UPDATE items SET memory = memory + 1")
    with closing(Store(kept, HERE)) as store:
        assert store.get(ITEM) is None


def to_layout_before(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        query = "SELECT key, proof, item, value, seconds, made FROM items"
        for row in database.execute(query).fetchall():
            old = "UPDATE items SET checksum = ? WHERE key = ?"
            database.execute(old, (checksum_of(*row, None), row[0]))
        database.execute("ALTER TABLE items DROP COLUMN memory")
        database.execute(f"PRAGMA user_version = {BEFORE}")


def test_a_store_of_the_layout_before_keeps_its_rows(kept: Path) -> None:
    to_layout_before(kept)
    with closing(Store(kept, HERE)) as store, closing(Store(kept, HERE)) as another:
        assert store.get(ITEM) is not None
        another.put({**ITEM, "seed": 2}, {"a": np.ones(4)}, 0.1, memory=3)
        assert store.count() == 3


def test_rows_that_were_swapped_are_seen(kept: Path) -> None:
    with closing(sqlite3.connect(kept)) as database, database:
        rows = database.execute("SELECT key, value, checksum FROM items").fetchall()
        for (key, *_), (_, value, checksum) in zip(rows, rows[::-1], strict=True):
            database.execute(
                "UPDATE items SET value = ?, checksum = ? WHERE key = ?", (value, checksum, key)
            )
    with closing(Store(kept, HERE)) as store:
        assert store.get(ITEM) is None


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE items RENAME COLUMN value TO wert",
        "DROP TABLE verdicts",
        f"PRAGMA user_version = {LAYOUT + 1}",
        "ALTER TABLE proofs RENAME TO other",
    ],
)
def test_another_layout_is_refused_and_left_alone(kept: Path, statement: str) -> None:
    change(kept, statement)
    before = kept.read_bytes()
    with pytest.raises(InputProblem, match="layout"):
        Store(kept, HERE)
    assert kept.read_bytes() == before


def test_a_view_in_place_of_a_table_is_refused(kept: Path) -> None:
    change(kept, "DROP TABLE items")
    columns = "1 AS key, 2 AS proof, 3 AS item, 4 AS value, 5 AS seconds, 6 AS made, 7 AS checksum"
    change(kept, f"CREATE VIEW items AS SELECT {columns}")
    with pytest.raises(InputProblem, match="its table items"):
        Store(kept, HERE)


def test_a_file_cut_short_is_one_message(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[:5000])
    with pytest.raises(InputProblem), closing(Store(kept, HERE)) as store:
        store.get(ITEM)


def test_a_full_disk_ends_keeping_and_not_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Store(tmp_path / "s.sqlite", HERE)) as store:
        store._connection.execute("PRAGMA max_page_count = 12")
        for seed in range(40):
            store.put({**ITEM, "seed": seed}, {"a": np.arange(100.0)}, 0.1)
        assert store.get(ITEM) is not None
    assert caplog.text.count("is not kept") == 1


@pytest.mark.parametrize("made", [LAYOUT, BEFORE])
def test_a_store_that_cannot_be_written_is_read(
    kept: Path, environment: dict[str, str], tmp_path: Path, made: int
) -> None:
    if made == BEFORE:
        to_layout_before(kept)
    before = kept.read_bytes()
    kept.chmod(0o444)
    tmp_path.chmod(0o555)
    code = (
        "import sys; from pathlib import Path; from checks.suite.store import Store\n"
        f"s = Store(Path(sys.argv[1]), {HERE}); print(s.get({ITEM}) is not None)\n"
        f"s.put({{**{ITEM}, 'seed': 2}}, {{}}, 0.1); s.put({{**{ITEM}, 'seed': 3}}, {{}}, 0.1)"
    )
    right = "--bounding-set=-dac_override,-dac_read_search"  # root may write anywhere
    drop = ["setpriv", right] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*drop, sys.executable, "-c", code, str(kept)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    tmp_path.chmod(0o755)
    assert done.stdout == "True\n", done.stderr
    assert done.stderr.count("is not kept") == 1
    assert kept.read_bytes() == before


def test_a_network_file_system_has_no_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The shared folder is one that Linux is made to call so."""
    shared = tmp_path / "shared folder"
    mounts = tmp_path / "mounts"
    place = str(shared).replace(" ", r"\040")
    mounts.write_text(
        f"1 0 8:1 / / rw shared:1 - ext4 /dev/a rw\n2 1 0:9 / {place} rw - nfs4 a:/b rw\n"
    )
    monkeypatch.setattr("checks.suite.database.MOUNTS", mounts)
    for folder, journal in ((tmp_path / "here", "wal"), (shared, "delete")):
        with closing(Store(folder / "s.sqlite", HERE)) as store:
            store.put(ITEM, {"a": np.ones(4)}, 0.1)
            assert store._connection.execute("PRAGMA journal_mode").fetchone() == (journal,)
            assert store.get(ITEM) is not None
    assert caplog.text.count("is on a network file system (nfs4)") == 1


def test_the_store_is_looked_after(toy_here: Callable[..., Ended], tmp_path: Path) -> None:
    run = ["toy_limit", "--jobs", "1", "-q"]
    assert toy_here("check", *run, "--store", "a.sqlite").returncode == 0
    shown = toy_here("store", "info", "--store", "a.sqlite").stdout
    assert "blocks, " in shown
    row = next(line.split("│") for line in shown.splitlines() if "toy-limit/true:error" in line)
    assert float(row[5]) > 50  # MiB, of a process that has imported JAX
    sound = toy_here("store", "verify", "--store", "a.sqlite")
    assert sound.returncode == 0
    assert toy_here("store", "export", "b.sqlite", "--store", "a.sqlite").returncode == 0
    assert toy_here("store", "export", "b.sqlite", "--store", "a.sqlite").returncode == 2
    change(tmp_path / "b.sqlite", "UPDATE items SET seconds = 1e9 WHERE item LIKE '%\"n\", 8%'")
    hurt = toy_here("store", "verify", "--store", "b.sqlite")
    assert hurt.returncode == 2
    assert "damaged: " in hurt.stdout
    brought = toy_here("store", "import", "b.sqlite", "--store", "c.sqlite")
    assert "damaged blocks were left there" in brought.stdout
    again = toy_here("store", "import", "b.sqlite", "--store", "c.sqlite")
    assert again.stdout.startswith("0 of ")
    assert "0 blocks removed" in toy_here(
        "store", "prune", "--keep-newest", "1", "--store", "c.sqlite"
    ).stdout  # fmt: skip
    assert toy_here("store", "info", "--store", "no.sqlite").returncode == 2


def test_history_shows_verdicts_and_what_changed(
    toy_here: Callable[..., Ended], tmp_path: Path
) -> None:
    store = ["--store", "a.sqlite"]
    assert toy_here("history", *store).returncode == 2
    assert toy_here("check", "toy_limit", "--jobs", "1", "-q", *store).returncode == 0
    shown = toy_here("history", "toy-limit/*", *store).stdout
    assert "SUPPORTED" in shown
    change(
        tmp_path / "a.sqlite",
        "INSERT INTO verdicts SELECT '2000-01-01', claim, 'REFUTED', because, tier, seed, 'old', "
        "seconds FROM verdicts",
    )
    changed = toy_here("history", "--against", "old", *store).stdout
    assert "REFUTED" in changed
    assert toy_here("history", "--against", "nothing", *store).returncode == 2
