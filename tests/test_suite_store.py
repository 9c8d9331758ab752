"""The store gives back what was put, and nothing that other code has measured."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from checks.suite.fingerprint import environment, source_hash
from checks.suite.problem import InputProblem
from checks.suite.store import Store

ITEM = {"experiment": "a/b", "size": [["n", 8]], "start": 0, "count": 4, "seed": 0}
HERE = {"source": "1", "dtype": "float64"}


@given(
    hnp.arrays(
        np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=5), elements=st.floats()
    )
)
def test_an_array_comes_back_bit_for_bit(value: np.ndarray) -> None:
    store = Store(Path(":memory:"), HERE)
    store.put(ITEM, {"file": value, "b/c": value[:1]}, 0.1)
    found = store.get(ITEM)
    store.close()
    assert found is not None
    assert list(found) == ["file", "b/c"]
    back = found["file"]
    assert back.dtype == value.dtype
    assert back.shape == value.shape
    assert back.tobytes() == value.tobytes()


@pytest.mark.parametrize("change", [{"source": "2"}, {"dtype": "float32"}])
def test_another_environment_finds_nothing(change: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    store = Store(path, HERE)
    store.put(ITEM, {"a": np.ones(4)}, 0.1)
    store.close()
    other, same = Store(path, {**HERE, **change}), Store(path, HERE)
    assert other.get(ITEM) is None
    assert same.get(ITEM) is not None
    other.close()
    same.close()


@pytest.mark.parametrize("change", [{"seed": 1}, {"start": 4}, {"size": [["n", 9]]}])
def test_another_item_finds_nothing(change: dict, tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite", HERE)
    store.put(ITEM, {"a": np.ones(4)}, 0.1)
    assert store.get({**ITEM, **change}) is None
    store.close()


def test_the_source_hash_sees_a_changed_room_and_not_a_changed_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import checks
    import numerics

    before = source_hash()
    monkeypatch.setattr(numerics, "__path__", [*numerics.__path__, str(tmp_path)])
    assert source_hash() == before  # an empty folder adds nothing
    (tmp_path / "room.py").write_text("x = 1\n")
    one = source_hash()
    (tmp_path / "room.py").write_text("x = 2\n")
    assert len({before, one, source_hash()}) == 3
    monkeypatch.undo()
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(tmp_path / "c")])
    (tmp_path / "c" / "report").mkdir(parents=True)
    (tmp_path / "c" / "report" / "page.py").write_text("x = 1\n")
    assert source_hash() == before


def test_the_environment_records_precision_and_versions() -> None:
    assert environment()["dtype"] == "float64"
    assert environment()["jax"][0].isdigit()
    assert len(source_hash()) == 64


def _write(path: Path, start: int, count: int) -> None:
    store = Store(path, HERE)
    for i in range(start, start + count):
        store.put({**ITEM, "start": i}, {"a": np.full(3, float(i))}, 0.0)
    store.close()


def test_two_processes_write_one_file_without_loss(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write, args=(path, start, 60)) for start in (0, 30)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    store = Store(path, HERE)
    assert store.count() == 90
    found = store.get({**ITEM, "start": 89})
    assert found is not None
    assert found["a"] == pytest.approx(np.full(3, 89.0))
    store.close()


def test_a_text_file_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("a" * 5000)
    with pytest.raises(InputProblem, match="expected --store to name a result store"):
        Store(path, HERE)
    assert path.read_text() == "a" * 5000
