"""One attention in the layout of every family, read by config.json alone, has the same figures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from checks.properties.families import FAMILIES
from checks.properties.weighed import Weighed, weigh
from checks.suite.house import BUILT_IN

LAYERS, HEADS, DQ, D = 2, 4, 6, 24
Arrays = Mapping[str, np.ndarray]
BERT = ["query", "key", "value"]


def attention(shared: int) -> list[Arrays]:
    """For each layer q, k, v of all heads (heads, dq, d), their biases and gains of a norm."""
    random, made = np.random.default_rng(7), []
    for _ in range(LAYERS):
        layer = {
            n: random.standard_normal((c, DQ, D))
            for n, c in zip("qkv", (HEADS, shared, shared), strict=True)
        }
        layer |= {f"b{n}": random.standard_normal(w.shape[:2]) for n, w in layer.items()}
        layer |= {f"g{n}": random.uniform(0.5, 1.5, DQ) for n in "qk"}
        made.append({n: w.astype(np.float32) for n, w in layer.items()})
    return made


def flat(w: np.ndarray) -> np.ndarray:
    return w.reshape(-1, *w.shape[2:])


def one_after_another(layer: Arrays, b: str = "") -> np.ndarray:
    return np.concatenate([flat(layer[b + n]) for n in "qkv"])


def head_by_head(layer: Arrays, b: str = "") -> np.ndarray:
    """Queries, keys and values of the first head, then those of the second, by hand."""
    return np.concatenate([layer[b + n][h] for h in range(HEADS) for n in "qkv"])


def separate(place: str, names: list[str], biases: str = "", gains: str = "") -> Any:
    def tensors(k: int, layer: Arrays) -> Arrays:
        at = place.replace("{layer}", str(k))
        found = {
            at + name + ".weight": flat(layer[n]) for n, name in zip("qkv", names, strict=True)
        }
        found |= {at + names["qkv".index(n)] + ".bias": flat(layer["b" + n]) for n in biases}
        return found | {at + n + "_norm.weight": layer["g" + n] for n in gains}

    return tensors


def fused(place: str, pack: Any, biased: bool = True) -> Any:
    def tensors(k: int, layer: Arrays) -> Arrays:
        at = place.replace("{layer}", str(k))
        found = {at + ".weight": pack(layer)}
        return found | ({at + ".bias": pack(layer, "b")} if biased else {})

    return tensors


def of_gpt2(k: int, layer: Arrays) -> Arrays:
    """Conv1D: a matrix has its inputs first."""
    at = f"transformer.h.{k}.attn.c_attn"
    return {f"{at}.weight": one_after_another(layer).T, f"{at}.bias": one_after_another(layer, "b"),
            f"transformer.h.{k}.attn.bias": np.tri(8, dtype=np.float32)[None, None]}  # fmt: skip


LLAMA, PROJECTIONS = "model.layers.{layer}.self_attn.", ["q_proj", "k_proj", "v_proj"]
SIZES = {"num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "hidden_size": D}
OLD = {"n_layer": LAYERS, "n_head": HEADS, "n_embd": D}
GROUPED, ROTARY = {**SIZES, "num_key_value_heads": 2}, {"rotary": True}
NORMED = {"query_norm": "l.{layer}.gq", "key_norm": "l.{layer}.gk"}
SCALAR = {**GROUPED, "query_pre_attn_scalar": 16}
plain = separate(LLAMA, PROJECTIONS)
# config.json, keys that share, tensors of a layer, biases that count, keys of the second route
CASES: dict[str, tuple[dict[str, Any], int, Any, str, dict[str, Any]]] = {
    "gpt2": (OLD, HEADS, of_gpt2, "qk", {}),
    "gpt2 with a scale a layer": ({**OLD, "scale_attn_by_inverse_layer_idx": True}, HEADS, of_gpt2,
                                  "qk", {"scale": [DQ**-0.5, DQ**-0.5 / 2]}),
    "gpt_neox": (SIZES, HEADS, fused("gpt_neox.layers.{layer}.attention.query_key_value",
                                     head_by_head), "qk", ROTARY),
    "bloom": ({**OLD, "n_embed": D}, HEADS, fused("h.{layer}.self_attention.query_key_value",
              head_by_head), "qk", {"alibi": [0.25, 0.0625, 0.015625, 0.00390625]}),
    "llama": (GROUPED, 2, plain, "", ROTARY),
    "llama without groups": (SIZES, HEADS, plain, "", ROTARY),
    "mistral": (GROUPED, 2, plain, "", ROTARY),
    "gemma": ({**GROUPED, "head_dim": DQ}, 2, plain, "", ROTARY),
    "qwen2": (GROUPED, 2, separate(LLAMA, PROJECTIONS, "qkv"), "qk", ROTARY),
    "qwen3": (GROUPED, 2, separate(LLAMA, PROJECTIONS, gains="qk"), "", {**ROTARY, **NORMED}),
    "gemma2": ({**SCALAR, "attn_logit_softcapping": 50.0}, 2, plain, "",
               {**ROTARY, "scale": 0.25, "softcap": 50.0}),
    "gemma3_text": ({**SCALAR, "attn_logit_softcapping": None}, 2, separate(LLAMA, PROJECTIONS,
                    gains="qk"), "", {**ROTARY, **NORMED, "scale": 0.25, "norm_offset": 1.0}),
    "phi3": (GROUPED, 2, fused(LLAMA + "qkv_proj", one_after_another, biased=False), "", ROTARY),
    "bert": (SIZES, HEADS, separate("bert.encoder.layer.{layer}.attention.self.", BERT, "qkv"),
             "qk", {}),
    "roberta": (SIZES, HEADS, separate("roberta.encoder.layer.{layer}.attention.self.", BERT,
                "qkv"), "qk", {}),
    "vit": (SIZES, HEADS, separate("vit.encoder.layer.{layer}.attention.attention.", BERT, "qkv"),
            "qk", {}),
}  # fmt: skip


def write(folder: Path, tensors: Arrays, config: Mapping[str, Any] | None = None) -> Path:
    folder.mkdir()
    save_file({n: np.ascontiguousarray(w) for n, w in tensors.items()}, folder / "m.safetensors")
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def by_family(folder: Path, name: str, beside: Arrays | None = None, **changes: Any) -> Path:
    config, shared, tensors, *_ = CASES[name]
    made = {n: w for k, layer in enumerate(attention(shared)) for n, w in tensors(k, layer).items()}
    config = {"model_type": name.split()[0], **config, **changes}
    return write(folder, made | dict(beside or {}), config)


def by_map(folder: Path, name: str) -> Weighed:
    """The second route: separate tensors under names of our own, and a map that says all."""
    _, shared, _, biases, keys = CASES[name]
    wanted = [*"qkv", *("b" + n for n in biases), *("gq", "gk")[: 2 * ("query_norm" in keys)]]
    made = {f"l.{k}.{n}": flat(layer[n]) if layer[n].ndim > 1 else layer[n]
            for k, layer in enumerate(attention(shared)) for n in wanted}  # fmt: skip
    names = {part: f"l.{{layer}}.{part[0]}" for part in BERT}
    names |= {f"{part}_bias": f"l.{{layer}}.b{part[0]}" for part in BERT if part[0] in biases}
    text = {
        "layers": LAYERS,
        "heads": HEADS,
        "key_heads": shared,
        "init_std": 0.02,
        **names,
        **keys,
    }
    described = folder / "map.toml"
    described.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in text.items()))
    return weigh(write(folder / "plain", made), described, BUILT_IN)


@pytest.mark.parametrize("name", CASES)
def test_the_layout_of_a_family_gives_the_figures_of_separate_matrices(
    tmp_path: Path, name: str
) -> None:
    first = weigh(by_family(tmp_path / "m", name, initializer_range=0.02), None, BUILT_IN)
    second, normed = by_map(tmp_path, name), "query_norm" in CASES[name][-1]
    assert first.family == name.split()[0]
    assert len(first.figures) == LAYERS * HEADS
    for rows in (zip(first.figures, second.figures, strict=True),
                 zip(first.start, second.start, strict=True)):  # fmt: skip
        for one, other in rows:
            assert one.keys() == other.keys()
            assert {n for n in one if one[n] is None} == ({"s1(logits)"} if normed else set())
            assert all(one[n] == pytest.approx(other[n] or 0.0, rel=1e-12) for n in one if one[n])
    assert [f for _, f in first.findings] == [f for _, f in second.findings]


def test_every_family_that_is_shipped_has_a_case() -> None:
    assert {name.split()[0] for name in CASES} == set(FAMILIES)


def test_the_wrong_order_of_a_fused_tensor_would_change_the_figures(tmp_path: Path) -> None:
    checkpoint = by_family(tmp_path / "m", "gpt_neox")
    right = weigh(checkpoint, None, BUILT_IN)
    described = tmp_path / "map.toml"
    described.write_text('fused_order = "qkv"\n')  # a map without names corrects the family's
    wrong = weigh(checkpoint, described, BUILT_IN)
    of_keys = [[row["s1(Wk)"] for row in weighed.figures] for weighed in (right, wrong)]
    assert all(a != pytest.approx(b, rel=0.01) for a, b in zip(*of_keys, strict=True))
