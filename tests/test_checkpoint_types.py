"""Types of tensors, several files, and what a checkpoint says of its attention by its names."""

import json
from functools import partial
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from checks.properties.checkpoint import read_heads
from checks.properties.checkpoint_map import read_map
from checks.suite.problem import InputProblem
from tests.small_checkpoint import NAMES, Write, probe, tensors, write_checkpoint

FLOATS = ["float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return partial(write_checkpoint, tmp_path)


def refused(write: Write, made: dict, text: str = NAMES) -> str:
    with pytest.raises(InputProblem) as problem:
        probe(*write(made, text))
    return str(problem.value)


@pytest.mark.parametrize("dtype", FLOATS)
def test_floating_point_numbers_of_every_type_are_read(write: Write, dtype: str) -> None:
    made = {name: w.astype(getattr(jnp, dtype)) for name, w in tensors().items()}
    checkpoint, described = write(made)
    head = read_heads(checkpoint, read_map(described))[1]
    assert np.array_equal(head.Wq, made["block.0.q"].astype(float)[3:])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "bool", "complex64"])
def test_numbers_of_other_types_are_no_weights(write: Write, dtype: str) -> None:
    made = {name: (10 * w).astype(dtype) for name, w in tensors().items()}
    assert "Quantised weights need their scales" in refused(write, made)


def test_floats_of_eight_bits_are_no_weights_where_scales_lie_beside_them(write: Write) -> None:
    made = {f"{n}.weight": w.astype(jnp.float8_e4m3fn) for n, w in tensors().items()}
    made["block.0.q.weight_scale_inv"] = np.ones((1, 1), "float32")
    text = NAMES.replace(".q", ".q.weight").replace(".k", ".k.weight").replace(".v", ".v.weight")
    assert "with scales in block.0.q.weight_scale_inv" in refused(write, made, text)


def test_an_index_reads_like_one_file(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, described = write(made := tensors())
    probe(checkpoint, described)
    whole, index = capsys.readouterr().out, tmp_path / "a.safetensors.index.json"
    place = {name: f"{name[6]}.safetensors" for name in made}
    for file in set(place.values()):
        save_file({n: w for n, w in made.items() if place[n] == file}, tmp_path / file)
    index.write_text(json.dumps({"metadata": {}, "weight_map": place}))
    probe(index, described)
    assert capsys.readouterr().out == whole
    for broken, reason in (
        ("[]", "with a weight_map"),
        (json.dumps({"weight_map": {"a": "none.safetensors"}}), "none.safetensors to be a safe"),
        (json.dumps({"weight_map": {**place, "block.0.q": "1.safetensors"}}), "as the index says"),
    ):
        index.write_text(broken)
        with pytest.raises(InputProblem, match=reason):
            probe(index, described)


def test_zeros_have_no_concentration_and_no_not_a_number(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    probe(*write({n: 0 * w for n, w in tensors().items()}))
    printed = capsys.readouterr().out
    assert "nan" not in printed.split()
    assert "is nan" not in printed
    assert "all products Wq^T Wk are zero" in printed
    assert "no  noise_synchronization/forcing" in printed
    assert "no  spectral_concentration/definite W" in printed


def test_the_printed_bound_says_for_which_attention_and_is_rounded_down(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert probe(*write(tensors(), NAMES + "rotary = true\nsoftcap = 9")) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert (
        "in attention softmax(9 tanh(0.5774 q.k / 9)) with q = Wq x, k = Wk x, both turned"
        in printed
    )
    assert "no bound for attention over fewer tokens" in printed
    assert probe(*write(tensors(), NAMES + "entropy = false")) == 0
    assert "H(" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("extra", "more", "reason"),
    [
        ("rotary_emb.inv_freq", "", "rotary = true or false in the map"),
        ("block.0.q_norm.weight", "", "entropy = true or false in the map"),
        ("block.0.relative_attention_bias.weight", "", "entropy = true or false in the map"),
        ("block.0.q.bias", "", "query_bias in the map of a checkpoint with block.0.q.bias"),
        ("block.0.k.bias", "rotary = true", "key_bias in the map"),
        ("block.0.k.bias", "", None),  # the softmax does not see it
        ("block_norm.weight", "", None),
    ],
)
def test_the_map_must_speak_of_what_changes_the_logits(
    write: Write, extra: str, more: str, reason: str | None
) -> None:
    made = {f"{n}.weight": w for n, w in tensors().items()} | {extra: np.ones(6)}
    text = NAMES.replace(".q", ".q.weight").replace(".k", ".k.weight").replace(".v", ".v.weight")
    if reason is None:
        assert probe(*write(made, text + more)) == 0
    else:
        assert reason in refused(write, made, text + more)
