"""What a program that imports verilimit keeps: its precision, warnings, random states and paths."""

import subprocess
import sys
from pathlib import Path

EVERYTHING = """
import os, pkgutil, random, sys, warnings
from importlib import import_module
import jax, numpy as np
for library in (  # some of them add filters of warnings
    "dask.distributed", "diffrax", "equinox", "flint", "hypothesis.extra.numpy", "jaxtyping",
    "matplotlib.pyplot", "optax", "pytest", "rich", "scipy.stats", "sklearn.datasets", "sympy",
):
    import_module(library)

def state():
    return {
        "jax": dict(jax.config.values), "warnings": list(warnings.filters), "path": sys.path[:],
        "random": random.getstate(), "numpy": str(np.random.get_state()),
        "errors": np.geterr(), "environment": dict(os.environ), "directory": os.getcwd(),
        "hook": sys.excepthook, "printing": np.get_printoptions(),
    }

before = state()
with jax.log_compiles():
    import verilimit as vl
    for name in dir(vl):
        getattr(vl, name)
    for package in ("theory", "numerics", "checks"):
        for info in pkgutil.walk_packages(import_module(package).__path__, package + "."):
            import_module(info.name)
after = state()
print({name: after[name] for name in before if after[name] != before[name]})
print({str(array.dtype) for array in jax.live_arrays()} - {"float64"})  # of our constants
"""

JUDGED = """
import jax, jax.numpy as jnp, numpy as np
import verilimit as vl

def residual(size, keys):
    seen.append(str(jnp.ones(1).dtype))
    return 1e-14 * np.asarray(jnp.ones(len(keys)))

seen = []
claim = vl.IdentityClaim(
    id="own/zero", sizes={"n": [1]}, residual=residual, tolerance=1e-12, statement="It is zero.",
    mutants=[vl.Mutant("one", "a difference of one", {"residual": lambda s, k: np.ones(len(k))})],
)
print(vl.judge(claim).verdict.name, set(seen), jnp.ones(1).dtype, jax.config.jax_enable_x64)
"""

IN_PYTEST = """
import jax, jax.numpy as jnp, numpy as np
import verilimit as vl

y = vl.state("y")
b = vl.gaussian("b")
layer = vl.Layer(
    "a walk", step={y: y - y / vl.N + b / vl.sqrt(vl.N)}, watch={"y": y}, steps=vl.N, at={y: 1.0}
)
test_layer = vl.pytest_claims(layer)

draws = vl.Experiment("own/draws", lambda size, keys: {"t": np.linspace(0, 9, len(keys))})
one = draws.column(lambda size, t: np.abs(jnp.sin(t["t"]) ** 2 + jnp.cos(t["t"]) ** 2 - 1))

def test_a_column_is_read_in_double_precision(judge_claim):
    judge_claim(vl.IdentityClaim(
        id="own/one", sizes={"n": [1]}, residual=one, tolerance=1e-12, statement="It is one.",
        mutants=[vl.Mutant("one", "one", {"residual": lambda s, k: np.ones(len(k))})],
    ))

def test_a_network_is_trained_in_the_precision_of_the_program():
    def build(width, seed):
        def step():
            seen.add(str(jnp.ones(1).dtype))
            return {"logits": jnp.ones(width) * (1 + seed % 7 / 10)}
        return step
    seen = set()
    vl.coordinate_check(build, widths=[2, 4, 8, 16], predict={"logits": 0}, steps=1)
    assert seen == {"float32"}

def test_the_program_keeps_its_precision():
    assert jnp.ones(1).dtype == "float32"
"""


def test_importing_everything_changes_no_global_state(tmp_path: Path) -> None:
    done = _run(EVERYTHING, tmp_path)
    assert done.stdout.splitlines() == ["{}", "set()"]
    assert "float64" in done.stderr  # what claims expect is computed, in double precision
    assert "float32" not in done.stderr


def test_a_claim_is_measured_in_double_precision_and_the_program_keeps_its_own(
    tmp_path: Path,
) -> None:
    said = _run(JUDGED, tmp_path).stdout
    assert said == "SUPPORTED {'float64'} float32 False\n"


def test_claims_of_layers_and_columns_hold_in_a_program_of_single_precision(
    tmp_path: Path,
) -> None:
    """The tests here run in double precision; a user's pytest does not."""
    (tmp_path / "test_mine.py").write_text(IN_PYTEST)
    program = "import pytest, sys; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider']))"
    assert "failed" not in _run(program, tmp_path).stdout


def _run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done
