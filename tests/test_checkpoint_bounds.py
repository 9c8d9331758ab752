"""The entropy bound of a checkpoint holds for the attention of which it is said to hold."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from checks.properties.checkpoint import Head, read_heads
from checks.properties.checkpoint_map import read_map
from checks.properties.logits import Logits
from checks.spectral_concentration.checkpoint import least_entropy
from tests.small_checkpoint import DQ, HEADS, LAYERS, NAMES, D, Write, tensors, write_checkpoint

T = 5
NORMS = 'query_norm = "block.{layer}.gq"\nkey_norm = "block.{layer}.gk"\n'
KINDS = {
    "plain": "",
    "no scale (T5)": "scale = 1.0",
    "a scale a layer": "scale = [0.2, 2.0]",
    "rotary": "rotary = true",
    "soft cap": "softcap = 0.7",
    "rotary, soft cap, no scale": "rotary = true\nsoftcap = 3\nscale = 1.0",
    "ALiBi": "alibi = [0.9, 0.5]",
    "QK-norm": NORMS,
    "QK-norm, rotary": NORMS + "rotary = true",
    "QK-norm, gains of one and more": NORMS + "norm_offset = 1.0",
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return partial(write_checkpoint, tmp_path)


def rotation(position: int) -> np.ndarray:
    """Of the first two coordinates; the third stays, as in models that turn a part of them."""
    c, s = np.cos(position), np.sin(position)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


@dataclass(frozen=True)
class Model:
    """What the formulas of the models have beside the weights."""

    factor: float
    rotary: bool = False
    cap: float | None = None
    slope: float = 0.0
    gains: tuple[np.ndarray, np.ndarray] | None = None


def entropy(head: Head, X: np.ndarray, model: Model) -> float:
    """Of the last token's query, from the weights and the formulas of the models."""
    turns = [rotation(t if model.rotary else 0) for t in range(len(X))]
    q, keys = head.Wq @ X[-1] + head.bq, [head.Wk @ x + head.bk for x in X]
    if model.gains is not None:
        q, *keys = (
            g * v / np.sqrt((v**2).mean())
            for g, v in zip([model.gains[0], *[model.gains[1]] * len(X)], [q, *keys], strict=True)
        )
    turned = np.array([turn @ k for turn, k in zip(turns, keys, strict=True)])
    logits = model.factor * turned @ (turns[-1] @ q)
    logits = logits if model.cap is None else model.cap * np.tanh(logits / model.cap)
    logits = logits - model.slope * np.arange(len(X))[::-1]
    p = np.exp(logits - logits.max())
    p /= p.sum()
    return float(-(p * np.log(np.where(p > 0, p, 1))).sum() / np.log(len(X)))


def least_found(head: Head, r: float, model: Model) -> float:
    """The least entropy over tokens in the ball that a search with several starts finds."""
    random = np.random.default_rng(0)

    def at(flat: np.ndarray) -> float:
        X = flat.reshape(T, D)
        X = r * X / np.maximum(1, np.linalg.norm(X, axis=1, keepdims=True))
        return entropy(head, X, model)

    starts = [random.standard_normal(T * D) for _ in range(4)]
    found = [minimize(at, x, method="L-BFGS-B", options={"maxiter": 40}) for x in starts]
    return min(float(f.fun) for f in found)


@pytest.mark.parametrize("bias", [0.0, 1.0])
@pytest.mark.parametrize("kind", KINDS)
def test_a_search_finds_no_entropy_below_the_bound(write: Write, kind: str, bias: float) -> None:
    random, text = np.random.default_rng(3), NAMES + KINDS[kind]
    made = {name: 0.5 * w for name, w in tensors().items()}
    for k in range(LAYERS):
        for name in ("bq", "bk"):
            made[f"block.{k}.{name}"] = bias * random.standard_normal(HEADS * DQ)
        for name in ("gq", "gk"):
            made[f"block.{k}.{name}"] = random.uniform(0.5, 1.5, DQ)
    text += '\nquery_bias = "block.{layer}.bq"\nkey_bias = "block.{layer}.bk"\n'
    if "norm" not in kind:
        made = {name: w for name, w in made.items() if ".g" not in name}
    checkpoint, described = write(made, text)
    head = read_heads(checkpoint, read_map(described))[0]
    offset = 1.0 if "and more" in kind else 0.0
    gains = (made["block.0.gq"] + offset, made["block.0.gk"] + offset) if "norm" in kind else None
    model = Model(
        factor=0.2 if "a scale a" in kind else 1.0 if "no scale" in kind else DQ**-0.5,
        rotary="rotary" in kind,
        cap=0.7 if kind == "soft cap" else 3.0 if "cap" in kind else None,
        slope=0.9 if kind == "ALiBi" else 0.0,
        gains=gains,
    )
    for r in (0.3, 1.0):
        (bound,) = least_entropy(head, T, [r])
        assert bound <= least_found(head, r, model) + 1e-12


def by_hand(Wq: np.ndarray, Wk: np.ndarray, logits: Logits) -> Head:
    return Head(0, 0, Wq, Wk, np.eye(DQ), np.zeros(DQ), np.zeros(DQ), logits)


def test_the_usual_scale_would_be_no_bound_for_a_model_without_one() -> None:
    W, X = 2 * np.eye(DQ), np.eye(DQ)[0] * np.array([[-1.0]] * (T - 1) + [[1.0]])
    found = entropy(by_hand(W, W, Logits()), X, Model(1.0))
    assert least_entropy(by_hand(W, W, Logits()), T, [1.0])[0] > found
    assert least_entropy(by_hand(W, W, Logits(1.0)), T, [1.0])[0] <= found


def test_the_product_of_the_weights_would_bound_nothing_for_rotary_positions() -> None:
    Wq, Wk = np.zeros((DQ, DQ)), np.zeros((DQ, DQ))
    Wq[0, 0] = Wk[1, 0] = 4.0  # Wq^T Wk = 0, but not with a rotation between them
    found = entropy(
        by_hand(Wq, Wk, Logits()), np.tile(np.eye(DQ)[0], (T, 1)), Model(0.6, rotary=True)
    )
    assert least_entropy(by_hand(Wq, Wk, Logits()), T, [1.0])[0] > found
    assert least_entropy(by_hand(Wq, Wk, Logits(rotary=True)), T, [1.0])[0] <= found


def test_a_bound_without_the_slopes_of_alibi_or_the_norm_of_queries_would_be_none() -> None:
    small, X = 1e-3 * np.eye(DQ), np.eye(DQ)[0] * np.array([[-1.0]] * (T - 1) + [[1.0]])
    gains = (4 * np.ones(DQ), 4 * np.ones(DQ))
    for model, logits in (
        (Model(DQ**-0.5, slope=2.0), Logits(slope=2.0)),
        (Model(DQ**-0.5, gains=gains), Logits(gains=(4.0, 4.0), entries=(DQ, DQ))),
    ):
        found = entropy(by_hand(small, small, logits), X, model)
        assert least_entropy(by_hand(small, small, Logits()), T, [1.0])[0] > found
        assert least_entropy(by_hand(small, small, logits), T, [1.0])[0] <= found
