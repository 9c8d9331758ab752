"""A checkpoint is read with NumPy alone, and its figures are those of its matrices."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from checks.properties.checkpoint import Head, read_heads
from checks.properties.checkpoint_map import read_map
from checks.properties.trained import findings, measure
from checks.spectral_concentration.checkpoint import sec
from checks.suite.house import BUILT_IN
from tests.small_checkpoint import DQ, HEADS, D, Write, tensors, write_checkpoint


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return partial(write_checkpoint, tmp_path)


def heads_of(written: tuple[Path, Path]) -> tuple[Head, ...]:
    return read_heads(written[0], read_map(written[1]))


def test_figures_are_those_of_the_matrices(write: Write) -> None:
    made = tensors()
    heads = heads_of(write(made))
    assert [(h.layer, h.head) for h in heads] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    Wq, Wk, Wv = (made[f"block.1.{n}"][DQ:] for n in "qkv")
    found = measure(heads[3])
    energy = np.linalg.svd(Wq.T @ Wk, compute_uv=False) ** 2
    norms = [np.linalg.norm(w, 2) for w in (Wq, Wk, Wv)]
    assert np.allclose([found.sigma_q, found.sigma_k, found.sigma_v], norms)
    assert np.isclose(found.sigma_logits or 0.0, np.sqrt(energy[0] / DQ))
    assert np.allclose(sec(heads[3]) or (), [energy[0] / energy.sum(), 1.0])


def findings_of(made: dict[str, np.ndarray], write: Write) -> dict[str, bool]:
    heads = heads_of(write(made))
    measured = [measure(head) for head in heads]
    return {
        f.assumption.split(" (")[0]: f.satisfied for _, f in findings(BUILT_IN, heads, measured)
    }


def test_assumptions_are_told_from_weights_of_known_kind(write: Write) -> None:
    random = findings_of(tensors(), write)
    assert random["gaussian-weights"]
    assert not random["fixed-attention"]
    assert not random["W of rank one"]
    assert not random["definite W"]
    one = np.tile(np.outer(np.ones(DQ), np.arange(D)), (HEADS, 1))
    same = findings_of({name: one for name in tensors()}, write)
    assert same["fixed-attention"]
    assert same["W of rank one"]
    spiked = np.zeros((HEADS * DQ, D))
    spiked[0, 0] = spiked[DQ, 0] = 50.0
    assert not findings_of({name: spiked for name in tensors()}, write)["gaussian-weights"]
    identity = {name: np.tile(2 * np.eye(D), (HEADS, 1)) for name in tensors()}
    known = findings_of(identity, write)
    assert known["forcing"]
    assert known["definite W"]
