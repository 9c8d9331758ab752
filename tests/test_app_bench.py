"""`verilimit bench` says what more workers, devices and the store gain and cost."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from checks.app.benching import faster, heaviest
from checks.app.planning import experiments_of
from checks.suite.fingerprint import environment
from checks.suite.house import House
from checks.suite.roots import Root
from checks.suite.run import Plan
from checks.suite.store import Store
from checks.suite.targets import select
from checks.verdicts import Experiment, Task
from tests.conftest import Run, build_house


def test_runs_of_every_kind_have_one_record_and_are_compared(
    verilimit: Run, tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="the extra `cluster` is optional")
    build_house(tmp_path / "rooms")
    done = verilimit("bench", "toy_limit", "--rooms", "rooms", TOY_SLEEP="0.05")
    assert done.returncode == 0, done.stderr
    for line in (
        r"two workers against one: \d+\.\d\d times as fast",
        r"a second run with everything stored: \d+\.\d s",
        r"Dask on loopback against local workers: [+-]\d+%",
        r"eight devices against one: \d+\.\d\d times as fast",
        r"seconds of processors over those of one worker: two workers \d+\.\d\d, a second "
        r"run \d+\.\d\d, Dask with two workers \d+\.\d\d, eight devices \d+\.\d\d",
        r"the records are the same",
        r"of \d+\.\d s of computing 6 blocks: planning \d+\.\d\d%, the store \d+\.\d\d%",
    ):
        assert re.search(f"^{line}$", done.stdout, re.MULTILINE), done.stdout
    assert not (tmp_path / ".verilimit" / "results.sqlite").exists()


FILE = """import numpy as np, verilimit as vl
claim = vl.IdentityClaim(id="mine/zero", residual=lambda size, keys: np.zeros(len(keys)){})
"""


def test_of_a_users_file_nothing_is_said_that_was_not_measured(
    verilimit: Run, tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="the extra `cluster` is optional")
    for depends, words in (
        ("", "nothing was stored: numbers of these claims are not kept"),
        (", depends=()", "less than 0.1 s of computing: too little for shares of it"),
    ):
        (tmp_path / "mine.py").write_text(FILE.format(depends))
        done = verilimit("bench", "mine.py", "-q")
        assert done.returncode == 0, done.stderr
        assert "devices" not in done.stdout
        assert not re.search(r"^one worker: ", done.stdout, re.MULTILINE)
        assert ("everything stored" in done.stdout) is bool(depends)
        assert done.stdout.splitlines()[-1] == words


@pytest.mark.parametrize(
    ("options", "words"),
    [(("--store", "s.sqlite"), "--store without it"), (("--device", "--speed"), "both")],
)
def test_options_that_do_not_belong_together_are_refused(
    verilimit: Run, options: tuple[str, ...], words: str
) -> None:
    done = verilimit("bench", "spectral_concentration", *options)
    assert done.returncode == 2
    assert words in done.stderr


def test_without_an_accelerator_one_line_says_so(verilimit: Run, tmp_path: Path) -> None:
    build_house(tmp_path / "rooms")
    done = verilimit("bench", "--device", "toy_limit", "--rooms", "rooms", JAX_PLATFORMS="cpu")
    assert done.returncode == 0
    assert done.stdout == (
        "no accelerator: JAX sees the CPU alone, so there is nothing to compare it with\n"
    )


def test_timings_of_the_store_say_what_is_heavy(toy_house: Path, tmp_path: Path) -> None:
    claims = select(["toy_limit"], House((Root(str(toy_house)),), built_in=False))
    planned = experiments_of(claims, Plan())
    path = tmp_path / "s.sqlite"
    assert [task.point for task in heaviest(planned, path)] == [{"n": 256}]
    store = Store(path, environment())
    for of in planned.values():
        for task, item in of.blocks.items():
            slow = task.point == {"n": 16}
            store.put(item, {"value": np.ones(task.count)}, 9.0 if slow else 1.0)
    store.close()
    assert [task.point for task in heaviest(planned, path)] == [{"n": 16}]


def test_a_block_is_computed_on_both_devices() -> None:
    """The only device of this machine stands in for the other one."""
    seen = []

    def simulate(point: dict, keys: np.ndarray) -> dict:
        seen.extend(jnp.zeros(1).devices())
        return {"value": np.ones(len(keys))}

    task = Task("x", (("n", 8),), 0, 4, 0)
    (here,) = jax.local_devices()
    assert faster(Experiment("x", simulate), task, here, here) > 0
    assert seen == [here] * 4
