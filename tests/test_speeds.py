"""`verilimit bench --speed`: rivals agree, growth and shares are those of what is timed."""

import json
from pathlib import Path

import jax.numpy as jnp
import pytest

from checks.app.speeds import bench_speed, subjects
from checks.bench import Compiling, Growth, Kernel, Program, Ratio
from checks.bench.by_hand import by_hand
from checks.suite.house import BUILT_IN, House
from checks.suite.problem import InputProblem

ROOMS = [room for room in BUILT_IN.names() if BUILT_IN.part(room, "benchmarks") is not None]


def square(m: int) -> Program:
    """A product of two matrices."""
    return Program(lambda a: a @ a, (jnp.ones((m, m)),))


@pytest.mark.parametrize("room", ROOMS)
def test_generated_functions_and_their_rivals_by_hand_agree(room: str) -> None:
    pairs = [b for b in subjects(BUILT_IN)[room] if isinstance(b, Ratio) and " 4 tokens" in b.name]
    assert pairs
    for pair in pairs:
        for program in (pair.first(), pair.second()):  # it raises where the two differ
            assert isinstance(program, Program)


def test_a_rival_that_differs_is_refused() -> None:
    (pair, *_) = by_hand("twice", lambda x: 2 * x, lambda x: 2.1 * x, lambda m: [(m,)], "by hand")
    with pytest.raises(AssertionError, match="Not equal"):
        pair.first()


def test_memory_grows_as_the_arrays_do() -> None:
    growth = Growth("square", (32, 64, 128), lambda m: Program(
        lambda a: (a @ a) @ a, (jnp.ones((m, m)),)), 2.0, of="memory",
    )  # fmt: skip
    (row,) = growth.rows()
    assert row.value == pytest.approx(2, abs=0.05)
    assert row.aim == "at most 2.1"


def test_a_loop_costs_more_than_its_first_turn() -> None:
    (row,) = Ratio("64 / 1", lambda: square(512), lambda: square(64), scale=1.0).rows()
    assert row.value > 10  # 512 operations for one: far above any noise


def test_a_kernel_has_a_share_of_what_the_machine_gives() -> None:
    (row,) = Kernel("product", lambda: square(1024), "itself").rows()
    assert 0.2 < row.value < 3  # against itself
    assert "GFLOP/s" in row.note


def test_compiling_twice_as_much_takes_longer() -> None:
    def chain(length: int) -> Program:
        def run(x):
            for k in range(length):
                x = jnp.sin(x) + k
            return x

        return Program(run, (1.0,))

    (row,) = Compiling("long / short", lambda: chain(200), lambda: chain(1)).rows()
    assert row.value > 1


def test_figures_are_printed_written_and_inserted(tmp_path: Path, monkeypatch) -> None:
    rows = (Ratio("one / one", lambda: square(8), lambda: square(8), "about 1"),)
    monkeypatch.setattr("checks.app.speeds.subjects", lambda house: {"toy": rows})
    table = tmp_path / "speed.md"
    table.write_text("before\n<!-- verilimit bench -->\n<!-- end of the bench -->\nafter\n")
    house, out = House((), built_in=False), tmp_path / "speed.json"
    assert bench_speed([], house, out=out, table=table, quiet=True) == 0
    (found,) = json.loads(out.read_text())["bench"]["toy"]
    assert found["name"] == "one / one"
    assert "| toy | one / one |" in table.read_text()
    assert table.read_text().endswith("after\n")
    with pytest.raises(InputProblem, match="toy"):
        bench_speed(["tou"], house, out=None, table=None, quiet=True)
