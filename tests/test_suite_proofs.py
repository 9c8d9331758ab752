"""A stored number is what the code that was loaded has made of the data that were read."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from checks.suite import sources
from checks.suite.executors import Begins, Measured, always
from checks.suite.meter import Cost
from checks.suite.problem import InputProblem
from checks.suite.run import Blocks
from checks.suite.snapshot import Snapshot, own_proof
from checks.suite.store import Store
from checks.suite.targets import Located, Origin
from checks.verdicts import IdentityClaim, Task
from tests.conftest import ROOT, Run

ROOM = Path("house/toy_limit/checks.py")
RETURN = "    return np.array([np.random.default_rng(k).lognormal(0, 0.3) / "
READS = {
    "text": ("data.txt", "Path({path!r}).read_text()"),
    "an array": ("data.npy", "np.load({path!r})"),
    "a file run by hand": ("data.py", "__import__('runpy').run_path({path!r})['SHIFT']"),
    "a helper": ("toy_helper.py", "__import__('toy_helper').SHIFT"),
}


def write(path: Path, value: float) -> None:
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, value)
    else:
        path.write_text(f"SHIFT = {value}\n" if path.suffix == ".py" else f"{value}\n")


@pytest.mark.parametrize("how", READS)
def test_what_a_room_reads_or_imports_belongs_to_its_numbers(
    how: str, toy: Run, tmp_path: Path
) -> None:
    name, expression = READS[how]
    path, room = tmp_path / "lib" / name, tmp_path / ROOM
    shift = f"    shift = float({expression.format(path=str(path))})\n"
    room.write_text(room.read_text().replace(RETURN, f"{shift}{RETURN}1.0 * shift + 1 / "))
    where = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(path.parent)])}
    seen = []
    for k, value in enumerate([0.0, 0.0, 1.0]):
        write(path, value)
        log = tmp_path / f"log{k}"
        done = toy("check", "toy_limit", "--jobs", "1", "-q", TOY_LOG=str(log), **where)
        seen.append((done.returncode != 2, log.exists(), done.stderr))
    assert [s[:2] for s in seen] == [(True, True), (True, False), (True, True)], seen


def test_a_helper_found_elsewhere_is_another_helper(tmp_path: Path) -> None:
    entry = {"module toy_elsewhere": sources.ABSENT}
    assert not Snapshot(entry).differences(entry)
    assert Snapshot(entry).differences({"module toy_elsewhere": "0" * 64})


def test_a_source_of_the_same_size_and_time_is_compiled_anew(toy: Run, tmp_path: Path) -> None:
    room = tmp_path / ROOM
    room.write_text(room.read_text() + "\nprint('1st')\n")
    assert "1st" in toy("list").stdout
    status = room.stat()
    room.write_text(room.read_text().replace("1st", "2nd"))
    os.utime(room, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "2nd" in toy("list").stdout


def located() -> Located:
    claim = IdentityClaim(id="a/b", residual=lambda size, keys: np.zeros(len(keys)))
    return Located(claim, Origin(room="mean_field_flow"))


TASKS = [Task("a/b:residual", (), 0, 4, 0)]
HERE = {"python": "3", "module toy": "1", "file a.csv": sources.ABSENT}


def measure(store: Store, proof: dict[str, str]) -> int:
    """Measure one item as a worker with that proof does; returns how often it was computed."""
    computed = []

    def execute(
        located: Located, tasks: Sequence[Task], begins: Begins = always
    ) -> Iterator[tuple[int, Measured]]:
        for position, _ in enumerate(tasks):
            computed.append(position)
            yield position, Measured({"value": np.zeros(4)}, Cost(0.1), proof)

    Blocks(execute, store).measurer(located())(TASKS)
    return len(computed)


@pytest.mark.parametrize(
    "change",
    [
        {"module toy": "2"}, {"python": "4"}, {"module toy": sources.CHANGED},
        {"module other": "1"}, {"dtype": "float32"}, {"settings": "XLA_FLAGS=--fast"},
    ],
)  # fmt: skip
def test_a_worker_that_runs_something_else_is_refused_by_name(
    change: dict[str, str], tmp_path: Path
) -> None:
    store = Store(tmp_path / "s.sqlite", {}, Snapshot(HERE))
    with pytest.raises(InputProblem, match="a/b to be measured with the code") as caught:
        measure(store, {**HERE, **change})
    assert next(iter(change)) in str(caught.value)
    assert store.count() == 0
    assert measure(store, HERE) == 1
    assert measure(store, HERE) == 0
    store.close()


def test_numbers_of_several_states_of_the_code_lie_side_by_side(tmp_path: Path) -> None:
    path, states = tmp_path / "s.sqlite", [{**HERE, "module toy": state} for state in "121"]
    for state, expected in zip(states, [1, 1, 0], strict=True):
        store = Store(path, {}, Snapshot(state))
        assert measure(store, state) == expected
        store.close()


def test_a_number_made_with_a_file_that_nobody_finds_again_is_not_kept(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite", {}, Snapshot(HERE))
    for _ in range(2):
        assert measure(store, {**HERE, "file a.csv": "5"}) == 1
    store.close()


def test_files_that_are_read_are_noted_and_those_written_here_are_not(tmp_path: Path) -> None:
    read, own = tmp_path / "read.csv", tmp_path / "own.csv"
    own.write_text("1\n")
    os.system(f"echo 1 > {read}")
    assert read.read_text() == own.read_text()
    proof = own_proof()
    assert proof[f"file {read}"] == sources.current(f"file {read}")
    assert f"file {own}" not in proof
    os.system(f"echo 2 > {read}")
    assert read.read_text() == "2\n"
    assert own_proof()[f"file {read}"] == sources.CHANGED
    assert proof["module checks.verdicts.tasks"] == sources.file_digest(
        str(ROOT / "checks" / "verdicts" / "tasks.py")
    )
    Path(sources.__file__).read_text()  # as a traceback does
    assert f"file {sources.__file__}" not in own_proof()
    assert not any(entry.startswith(("module jax", "module checks.app")) for entry in proof)
