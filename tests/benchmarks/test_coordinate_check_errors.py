"""How often a coordinate check is right, on fresh seeds: a network in µP and one that only says so.

``make bench`` prints the table of docs/coordinate_check.md. A perceptron with two hidden layers is
trained by Adam on eight examples, with the defaults of `coordinate_check` and widths 16 to 256.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import verilimit as vl

pytestmark = pytest.mark.benchmark_suite
WIDTHS, BASE, RATE, REPLICATES = [16, 32, 64, 128, 256], 32, 0.003, 20
X, Y = (np.random.default_rng(0).standard_normal(shape) for shape in ((8, 16), (8, 4)))
PREDICTIONS: dict[str, dict[str, float]] = {
    "hidden, change of hidden, change of logits": {
        "hidden": 0, "change of hidden": 0, "change of logits": 0
    },
    "hidden": {"hidden": 0},
    "hidden, logits": {"hidden": 0, "logits": 0},
}  # fmt: skip


def start(width: int, seed: int, mup: bool) -> list[np.ndarray]:
    """Weights of the three layers; the readout of µP is smaller by the root of the width."""
    random = np.random.default_rng([seed, width])
    shapes = [(16, width), (width, width), (width, 4)]
    scales = [16**-0.5, width**-0.5, BASE**0.5 / width if mup else width**-0.5]
    return [scale * random.standard_normal(s) for s, scale in zip(shapes, scales, strict=True)]


def build(width: int, seed: int, *, mup: bool) -> Callable[[], dict[str, Any]]:
    weights = start(width, seed, mup)
    rates = [RATE, *[RATE * BASE / width if mup else RATE] * 2]
    means, squares = ([np.zeros_like(w) for w in weights] for _ in range(2))
    count = 0

    def step() -> dict[str, Any]:
        nonlocal count
        count += 1
        first = np.maximum(X @ weights[0], 0)
        hidden = np.maximum(first @ weights[1], 0)
        logits = hidden @ weights[2]
        slope = 2 * (logits - Y) / logits.size
        back = slope @ weights[2].T * (hidden > 0)
        slopes = [X.T @ (back @ weights[1].T * (first > 0)), first.T @ back, hidden.T @ slope]
        for i, g in enumerate(slopes):
            means[i] = 0.9 * means[i] + 0.1 * g
            squares[i] = 0.999 * squares[i] + 0.001 * g * g
            spread = np.sqrt(squares[i] / (1 - 0.999**count)) + 1e-12
            weights[i] = weights[i] - rates[i] * means[i] / (1 - 0.9**count) / spread
        return {"hidden": hidden, "logits": logits}

    return step


@pytest.mark.parametrize("name", PREDICTIONS)
@pytest.mark.parametrize("mup", [True, False])
def test_verdicts_on_fresh_seeds(name: str, mup: bool) -> None:
    found = Counter(
        vl.coordinate_check(
            partial(build, mup=mup), widths=WIDTHS, predict=PREDICTIONS[name], seed=1000 + run
        ).verdict.value
        for run in range(REPLICATES)
    )
    counts = " | ".join(str(found[v]) for v in ("SUPPORTED", "INCONCLUSIVE", "REFUTED"))
    print(f"\n| {'µP' if mup else 'standard'} | {name} | {counts} |", flush=True)
    wrong = "REFUTED" if mup else "SUPPORTED"
    assert not found[wrong], found
