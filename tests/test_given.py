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
step = vl.Step("a", vl.N, vl.N, "b")
theorem = ("a", "b", (), "c", vl.Source.RECONSTRUCTED, "d", (), None, list)
n, x, w = vl.sizes("n"), vl.state("x"), vl.gaussian("w")
found = {}
for name, *given in (
    ("latex", WRONG), ("canonical", None), ("large_limit", [1.0], vl.N), ("softmax", np.ones(3)),
    ("layer_norm", np.ones(3)), ("mean", 5), ("sizes", 5), ("indices", None, 2),
    ("expectation", vl.N, 6), ("attention_lipschitz", np.ones(3), np.ones(3), np.ones(3)),
    ("Layer", "x", 5, {}), ("define", "D", (), WRONG), ("mean", WRONG),
    ("Layer", "x", {x: x + w}, {"v": x}, {}, WRONG),
    ("Layer", "x", {x: x + w}, {"v": x}, {n: WRONG}),
    ("Step", "a", WRONG, vl.N, "b"), ("Step", "a", vl.N, vl.N, 5), ("Step", 5, vl.N, vl.N, "b"),
    ("Step", "a", vl.N, vl.N, "b", {}, "drift"), ("Step", "a", vl.N, vl.N, "b", 5),
    ("Derivation", step), ("Derivation", (5,)), ("Derivation", (step,), (step,)),
    ("Derivation", (step,), (), "a"), ("Sentence", 5), ("Sentence", "a", "drift"),
    ("Sentence", "a", (), (), (), 5),
    ("Function", WRONG, (), "b", "c"), ("Function", 5, (), "b", "c"),
    ("Function", vl.define("D", (), vl.N), vl.N, "b", "c"), ("Theorem", 5, *theorem[1:]),
    *(("Theorem", *theorem[:k], 5, *theorem[k + 1:]) for k in (1, 2, 3, 5, 6, 8)),
    ("Theorem", *theorem, "a sentence"),
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
