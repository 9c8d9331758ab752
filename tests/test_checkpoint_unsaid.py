"""What lies beside queries and keys and may change the logits is named in the map, or refused."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from checks.properties.checkpoint import read_heads
from checks.properties.checkpoint_map import read_map
from checks.suite.problem import InputProblem
from tests.small_checkpoint import NAMES, Write, tensors, write_checkpoint


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return partial(write_checkpoint, tmp_path)


def renamed(pattern: str) -> tuple[dict[str, np.ndarray], str]:
    """The small checkpoint with tensors of other names, such as l.0.Q.kernel."""

    def of(layer: object, name: str) -> str:
        return pattern.replace("N", str(layer)).replace("Q", name)

    made = {of(n.split(".")[1], n[-1]): w for n, w in tensors().items()}
    text = NAMES
    for name in "qkv":
        text = text.replace(f"block.{{layer}}.{name}", of("{layer}", name))
    return made, text


def refusal(write: Write, extra: str, pattern: str = "l.N.attn.Q.weight", more: str = "") -> str:
    made, text = renamed(pattern)
    try:
        checkpoint, described = write(made | {extra: np.ones((3, 2), "float32")}, text + more)
        read_heads(checkpoint, read_map(described))
    except InputProblem as problem:
        return str(problem)
    return ""


@pytest.mark.parametrize(
    ("pattern", "bias"),
    [
        ("l.N.Q.kernel", "l.0.q.bias"),
        ("l.N.Q.kernel", "l.1.q.bias"),
        ("l/N/Q/kernel", "l/1/q/bias"),
        ("l.N.W_Q", "l.0.b_q"),
        ("l.N.Q.w", "l.1.q.b"),
        ("l.N.Q", "l.1.bq"),
        ("l.N.Q", "l.1.q_bias"),
        ("l.N.attn.Q_proj.weight", "l.1.attn.q_proj.bias"),
        ("layer_N_Q", "layer_1_bq"),
    ],
)
def test_the_bias_of_queries_is_named_in_the_map(write: Write, pattern: str, bias: str) -> None:
    assert f"expected query_bias in the map of a checkpoint with {bias}" in refusal(
        write, bias, pattern
    )
    assert refusal(write, bias.replace("q", "v"), pattern) == ""
    assert refusal(write, bias.replace("q", "k"), pattern) == ""  # the softmax does not see it
    assert "key_bias" in refusal(write, bias.replace("q", "k"), pattern, "rotary = true")
    assert refusal(write, bias, pattern, f'ignore = ["{bias}"]') == ""


@pytest.mark.parametrize("name", ["rope.freqs", "freqs_cis", "cos_cached", "l.1.attn.sin"])
def test_tables_of_rotary_positions_are_seen(write: Write, name: str) -> None:
    assert "rotary = true or false" in refusal(write, name)
    assert refusal(write, name, more="rotary = true") == ""


@pytest.mark.parametrize(
    "name",
    [
        *(f"l.1.attn.{n}.weight" for n in ("norm_q", "q_layer_norm", "qk_norm", "ln_q", "kNorm")),
        *("logit_scale", "l.1.attn.temperature", "rel_pos_bias", "l.0.attn.rel_pos_h"),
        *("l.1.attn.pos_bias_u", "l.1.attn.bias_k", "distance_embedding.weight", "attn_sink"),
    ],
)
def test_what_else_changes_the_logits_is_seen(write: Write, name: str) -> None:
    assert "entropy = true or false" in refusal(write, name)
    assert refusal(write, name, more="entropy = false") == ""


def test_adapters_and_unknown_tensors_beside_queries_are_seen(write: Write) -> None:
    assert "adapters merged" in refusal(write, "l.1.attn.q.lora_A.weight")
    assert "what l.1.attn.tilt is" in refusal(write, "l.1.attn.tilt")
    assert refusal(write, "l.1.attn.tilt", more='ignore = ["l.{layer}.attn.t*"]') == ""
    assert "ignore to be a list" in refusal(write, "tilt", more="ignore = 'tilt'")


@pytest.mark.parametrize(
    "name",
    [
        *("embeddings.word.weight", "lm_head.weight", "l.0.mlp.w_q.weight", "l.0.ln1.weight"),
        *(f"l.1.attn.{n}" for n in ("o.weight", "out_proj.bias", "c_proj.weight", "dense.bias")),
        *(f"l.1.attn.{n}" for n in ("proj.weight", "v.bias", "norm.weight", "dropout.p")),
    ],
)
def test_ordinary_parts_of_a_model_are_not_refused(write: Write, name: str) -> None:
    assert refusal(write, name) == ""


@pytest.mark.parametrize("dtype", ["bool", "uint8", "float32"])
def test_the_mask_of_a_fused_attention_is_no_bias(write: Write, dtype: str) -> None:
    fused = {f"h.{k}.attn.c_attn.weight": np.ones((18, 6)) for k in range(2)}
    mask = {f"h.{k}.attn.bias": np.tri(4, dtype=dtype)[None, None] for k in range(2)}
    text = 'layers = 2\nheads = 2\nfused = "h.{layer}.attn.c_attn.weight"'
    written = write(fused | mask, text)
    assert len(read_heads(written[0], read_map(written[1]))) == 4
    written = write(fused | mask | {"h.1.attn.c_attn.bias": np.ones(18)}, text)
    with pytest.raises(InputProblem, match=r"fused_bias in the map .* h\.1\.attn\.c_attn\.bias"):
        read_heads(written[0], read_map(written[1]))


@pytest.mark.parametrize("shape", [(0, 6), (6, 0)])
def test_a_tensor_without_entries_is_refused(write: Write, shape: tuple[int, int]) -> None:
    written = write(tensors() | {"block.0.q": np.ones(shape)})
    with pytest.raises(InputProblem, match=r"numbers in block\.0\.q; received none"):
        read_heads(written[0], read_map(written[1]))
