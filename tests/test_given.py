"""What is no expression, array or name is refused by name; text is never read as a formula."""

import json
import os
import subprocess
import sys

import verilimit as vl

# Without the run-time type checks of the tests, which a user does not have.
TRIED = """
import json
import numpy as np
import verilimit as vl

WRONG = "__import__('os').getcwd()"
n, x, w = vl.sizes("n"), vl.state("x"), vl.gaussian("w")
found = {}
for name, *given in (
    ("latex", WRONG), ("canonical", None), ("large_limit", [1.0], vl.N), ("softmax", np.ones(3)),
    ("layer_norm", np.ones(3)), ("mean", 5), ("sizes", 5), ("indices", None, 2),
    ("expectation", vl.N, 6), ("attention_lipschitz", np.ones(3), np.ones(3), np.ones(3)),
    ("Layer", "x", 5, {}), ("define", "D", (), WRONG), ("mean", WRONG),
    ("Layer", "x", {x: x + w}, {"v": x}, {}, WRONG),
    ("Layer", "x", {x: x + w}, {"v": x}, {n: WRONG}),
):
    try:
        found[str((name, given))] = str(getattr(vl, name)(*given))
    except (TypeError, ValueError) as error:
        found[str((name, given))] = str(error)
print(json.dumps(found))
"""


def test_each_says_what_it_expects_and_what_it_received() -> None:
    """No AttributeError from within, and no text that is run as code."""
    done = subprocess.run([sys.executable, "-c", TRIED], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert all("expected" in said and "received" in said for said in found.values()), found
    assert not any(os.getcwd() in said for said in found.values())


def test_numbers_are_expressions() -> None:
    assert vl.latex(vl.N / 2) == r"\frac{N}{2}"
    assert vl.canonical(vl.N - vl.N) == 0
