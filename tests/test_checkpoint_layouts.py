"""Every layout of the tensors gives the same heads, and none is guessed."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checks.properties.checkpoint import Head, read_heads
from checks.properties.checkpoint_map import read_map
from checks.suite.problem import InputProblem
from tests.small_checkpoint import DQ, NAMES, D, Write, write_checkpoint

HEADS, SHARED = 4, 2
BIASES = 'query_bias = "block.{layer}.bq"\nkey_bias = "block.{layer}.bk"\n'
FUSED = 'fused = "block.{layer}.c"\nfused_bias = "block.{layer}.bc"\n'
Pack = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return partial(write_checkpoint, tmp_path)


def parts(shared: int) -> dict[str, np.ndarray]:
    """q, k, v with an axis for the heads, and their biases."""
    random, counts = np.random.default_rng(5), {"q": HEADS, "k": shared, "v": shared}
    made = {n: random.standard_normal((count, DQ, D)) for n, count in counts.items()}
    return made | {f"b{n}": random.standard_normal((c, DQ)) for n, c in counts.items()}


def read(write: Write, made: dict[str, np.ndarray], text: str) -> tuple[Head, ...]:
    checkpoint, described = write({f"block.0.{n}": w for n, w in made.items()}, text)
    return read_heads(checkpoint, read_map(described))


def text_of(shared: int, more: str, names: str) -> str:
    return f"layers = 1\nheads = {HEADS}\nkey_heads = {shared}\n{more}\n{names}"


def flat(w: np.ndarray) -> np.ndarray:
    return w.reshape(-1, *w.shape[2:])


def grouped(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """[q q k v] for each group: (groups, (size + 2) dq, ...)."""
    size = len(q) // len(k)
    return np.stack([np.concatenate([*q[g * size : (g + 1) * size], k[g], v[g]])
                     for g in range(len(k))])  # fmt: skip


SEPARATE = NAMES[NAMES.index("query") : NAMES.index("tokens")]
LAYOUTS: dict[str, tuple[int, str, Any]] = {
    "outputs first": (SHARED, BIASES + SEPARATE, lambda m: {n: flat(w) for n, w in m.items()}),
    "inputs first": (SHARED, 'layout = "in_out"\n' + BIASES + SEPARATE, lambda m: {
        n: flat(w).T for n, w in m.items()}),
    "an axis of heads": (SHARED, BIASES + SEPARATE, lambda m: m),
    "an axis of heads, inputs first": (SHARED, 'layout = "in_out"\n' + BIASES + SEPARATE,
        lambda m: {n: w.swapaxes(1, 2) if w.ndim == 3 else w for n, w in m.items()}),
    "an axis of heads in the middle": (SHARED, 'layout = "in_out"\n' + BIASES + SEPARATE,
        lambda m: {n: w.transpose(2, 0, 1) if w.ndim == 3 else w for n, w in m.items()}),
    "fused": (SHARED, 'fused_order = "qkv"\n' + FUSED, lambda m: _fused(m, lambda q, k, v:
        np.concatenate([flat(q), flat(k), flat(v)]))),
    "fused, inputs first": (SHARED, 'layout = "in_out"\nfused_order = "qkv"\n' + FUSED,
        lambda m: _fused(m, lambda q, k, v: np.concatenate([flat(q), flat(k), flat(v)]).T)),
    "fused, the order not said": (SHARED, FUSED, lambda m: _fused(m, lambda q, k, v:
        np.concatenate([flat(q), flat(k), flat(v)]))),
    "fused a head": (HEADS, 'fused_order = "per head"\n' + FUSED,
        lambda m: _fused(m, lambda *parts: flat(grouped(*parts)))),
    "fused a group": (SHARED, 'fused_order = "per group"\n' + FUSED,
        lambda m: _fused(m, lambda *parts: flat(grouped(*parts)))),
    "fused a group, an axis of groups": (SHARED, 'fused_order = "per group"\n' + FUSED,
        lambda m: _fused(m, grouped)),
    "fused, its bias named as the query's": (SHARED, 'fused_order = "qkv"\n' + FUSED.replace(
        "fused_bias", "query_bias"), lambda m: _fused(m, lambda *parts: np.concatenate(
            [flat(p) for p in parts]))),
}  # fmt: skip


def _fused(made: dict[str, np.ndarray], pack: Pack) -> dict[str, np.ndarray]:
    return {"c": pack(made["q"], made["k"], made["v"]),
            "bc": pack(made["bq"], made["bk"], made["bv"])}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_heads(write: Write, layout: str) -> None:
    shared, names, arrange = LAYOUTS[layout]
    made = parts(shared)
    heads = read(write, arrange(made), text_of(shared, "", names))
    assert len(heads) == HEADS
    for h, head in enumerate(heads):
        group = h * shared // HEADS
        wanted = (
            made["q"][h],
            made["k"][group],
            made["v"][group],
            made["bq"][h],
            made["bk"][group],
        )
        found = (head.Wq, head.Wk, head.Wv, head.bq, head.bk)
        assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize(
    ("shared", "more", "names", "reason"),
    [
        (HEADS, "", FUSED.replace(".c", ".query_key_value"), "query_key_value without it"),
        *(
            (HEADS, "", FUSED.replace(".c", f".{name}"), f"{name} without it")
            for name in ("qvk", "kqv.weight", "key_query_value", "mixed_qkv", "qkv_proj", "Wqkv")
        ),
        (SHARED, 'fused_order = "per head"', FUSED, "'per group' where heads share keys"),
        (HEADS, 'fused_order = "kqv"', FUSED, "received 'kqv'"),
        (HEADS, 'fused_order = "qkv"', SEPARATE, "fused_order beside fused"),
        (3, "", SEPARATE, "heads to be a multiple of key_heads"),
        (1, 'fused_order = "qkv"', FUSED, "a fused tensor of 4 + 2 * 1 heads"),
        (HEADS, "rotery = true", SEPARATE, "rotery (did you mean rotary?)"),
        (HEADS, "rotary = 1", SEPARATE, "rotary to be true or false"),
        (HEADS, "scale = [1.0, 2.0]", SEPARATE, "a positive number or a list of one a layer"),
        (HEADS, "softcap = 0", SEPARATE, "softcap to be a positive number"),
    ],
)
def test_what_a_map_does_not_say_is_not_guessed(
    write: Write, shared: int, more: str, names: str, reason: str
) -> None:
    made = parts(HEADS)
    tensors = _fused(made, lambda *p: np.concatenate([flat(x) for x in p])[:-DQ]) if (
        shared == 1) else made  # fmt: skip
    with pytest.raises(InputProblem) as refused:
        read(write, tensors, text_of(shared, more, names))
    assert reason in str(refused.value)
