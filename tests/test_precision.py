"""Single precision is for claims that allow it, and a run, a record and a store say so."""

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from checks.verdicts import ClaimError, Experiment, Task, evaluate
from tests.conftest import Run

FILE = """import jax, jax.numpy as jnp, numpy as np, sympy as sp
import verilimit as vl
n = sp.Symbol("n", positive=True)

def error(size, keys):
    noise = jax.vmap(jax.random.normal)(jnp.asarray(keys))
    found = jnp.exp(0.3 * noise) * jnp.ones((), jnp.float64) / size["n"]
    open("dtypes", "a").write(f"{found.dtype} ")
    return found

sizes = {"n": [8, 16, 32, 64, 128, 256]}
claims = tuple(
    vl.RateClaim(id=f"my/{name}", sizes=sizes, predicted=1 / n, kind="exact", margin=0.1,
                 error=error, depends=(), single=single)
    for name, single in (("allows", True), ("refuses", False))
)
"""


def test_a_claim_that_does_not_allow_it_is_named_before_anything_runs(
    verilimit: Run, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(FILE)
    done = verilimit("check", "mine.py", "--precision", "float32", "--jobs", "1")
    assert done.returncode == 2
    assert "my/refuses, judged in double precision alone" in done.stderr
    assert "my/allows" not in done.stderr
    assert not (tmp_path / "dtypes").exists()


def test_a_run_in_single_precision_says_so_and_shares_no_row_with_one_in_double(
    verilimit: Run, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(FILE.replace(', ("refuses", False)', ","))
    for precision in ("float32", "float64", "float32"):
        out = f"{precision}.json"
        options = ("--precision", precision, "--json", out, "--jobs", "1", "-q")
        done = verilimit("check", "mine.py", *options)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads((tmp_path / out).read_text())["dtype"] == precision
    dtypes = (tmp_path / "dtypes").read_text().split()
    assert set(dtypes) == {"float32", "float64"}
    half = len(dtypes) // 2  # the third run measures nothing
    assert dtypes == ["float32"] * half + ["float64"] * half
    store = sqlite3.connect(tmp_path / ".verilimit" / "results.sqlite")
    items = [json.loads(item) for (item,) in store.execute("SELECT item FROM items")]
    versions = [version for (version,) in store.execute("SELECT version FROM verdicts")]
    store.close()
    assert sorted(item.get("precision", "") for item in items) == (
        [""] * (half - 1) + ["float32"] * (half - 1)  # the first block was measured twice
    )
    assert [version.endswith(" float32") for version in versions] == [True, False, True]


def test_what_single_precision_finds_is_read_as_doubles_and_else_refused() -> None:
    found = Experiment("x", lambda point, keys: {"value": np.ones(len(keys), np.float32)})
    task = Task("x", (("n", 8),), 0, 4, 0, "float32")
    assert evaluate(found, task)["value"].dtype == np.float64
    assert Task.from_json(task.to_json()) == task
    double = Task("x", (("n", 8),), 0, 4, 0)
    assert "precision" not in double.to_json()
    assert Task.from_json(double.to_json()) == double
    with pytest.raises(ClaimError, match="received float32"):
        evaluate(found, double)
