"""The maps of known families, from a checkpoint's ``config.json`` in the form of Transformers.

A family is named by ``model_type`` and nothing else; another one is refused. What a configuration
may say that changes the logits is read, or refused where the map cannot say it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from checks.properties.checkpoint_map import MOST
from checks.properties.tensors import Tensors, problem

Config = Mapping[str, Any]
PARTS = ("query", "key", "value")
PLAIN_ROPE = {"default", "linear", "dynamic", "llama3"}  # rotations, no factor


def read_config(path: Path) -> Config:
    """What a ``config.json`` says; raises `InputProblem` for another file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise problem(f"{path} to be a JSON file", str(error)) from error
    if not isinstance(found, dict):
        raise problem(f"{path} to hold an object", type(found).__name__)
    return found


def map_of_family(config: Config, tensors: Tensors) -> dict[str, Any]:
    """The keys of the map of a known family; raises `InputProblem` for another one."""
    kind = str(config.get("model_type"))
    if kind not in FAMILIES:
        raise problem(
            f"a model_type among {', '.join(sorted(FAMILIES))} in config.json",
            kind,
            "Say which tensor is which with --map; docs/probes.md describes it.",
        )
    found = FAMILIES[kind](config)
    prefix, width = _prefix(tensors, found, kind), found.pop("width")
    biases = [name for name in ("query_bias", "key_bias", "fused_bias") if name in found]
    absent = [n for n in biases if prefix + found[n].replace("{layer}", "0") not in tensors.files]
    _require_biases(config, biases, absent)
    for name in absent:
        del found[name]
    _require_all_layers(tensors, prefix, found)
    _require_width(tensors, prefix, found, width)
    named = {name: prefix + value for name, value in found.items() if "{layer}" in str(value)}
    std = config.get("initializer_range")
    return {**found, **named, **({} if std is None else {"init_std": std})}


def _prefix(tensors: Tensors, found: Mapping[str, Any], kind: str) -> str:
    """What stands before the names of this family's tensors: a model may be a part of another."""
    weight = found.get("fused", found.get("query")).replace("{layer}", "0")
    before = [n.removesuffix(weight) for n in sorted(tensors.files) if n.endswith(weight)]
    whole = [p for p in before if p == "" or p.endswith(".")]
    if len(whole) != 1:
        raise problem(
            f"one tensor named {weight}, perhaps with a prefix, in a checkpoint of {kind}",
            ", ".join(p + weight for p in whole) or f"none ({next(iter(tensors.files), 'empty')})",
        )
    return whole[0]


def _require_all_layers(tensors: Tensors, prefix: str, found: Mapping[str, Any]) -> None:
    weight = prefix + found.get("fused", found.get("query"))
    if (beyond := weight.replace("{layer}", str(found["layers"]))) in tensors.files:
        raise problem(f"{found['layers']} layers, as config.json says", beyond)
    if (last := weight.replace("{layer}", str(found["layers"] - 1))) not in tensors.files:
        raise problem(
            f"{found['layers']} layers, as config.json says, and a tensor named {last}",
            f"a file of {len(tensors.files)} tensors without it",
        )


def _require_width(tensors: Tensors, prefix: str, found: Mapping[str, Any], width: int) -> None:
    name = prefix + found.get("fused", found.get("query")).replace("{layer}", "0")
    shape = tensors.shape_and_type(name)[0]
    if len(shape) == 2 and shape[0 if found.get("layout") == "in_out" else 1] != width:
        raise problem(f"an embedding of {width}, as config.json says", f"{name} of shape {shape}")


def _require_biases(config: Config, biases: list[str], absent: list[str]) -> None:
    """What a configuration says of biases is what the file has."""
    for key in ("attention_bias", "qkv_bias"):
        if config.get(key) is None:
            continue
        said = _flag(config, key, default=True)
        if biases and (absent if said else len(absent) < len(biases)):
            raise problem(
                f"{'a' if said else 'no'} bias of queries and keys, as {key} = {said} in "
                f"config.json says",
                "none in the file" if said else "one in the file",
            )


def _counts(config: Config, layers: str, heads: str, size: str) -> dict[str, Any]:
    deep, many, width = (_whole(config, key) for key in (layers, heads, size))
    given = config.get("head_dim")
    head_dim = width // many if given is None else _whole(config, "head_dim")
    if head_dim < 1:
        raise problem(f"{size} of at least {heads} in config.json", f"{width} and {many}")
    return {"layers": deep, "heads": many, "head_dim": head_dim, "width": width}


def _whole(config: Config, key: str) -> int:
    found = config.get(key)
    if type(found) is not int or not 1 <= found <= MOST["layers"]:
        raise problem(
            f"{key} to be a positive whole number in config.json, at most {MOST['layers']}",
            repr(found),
        )
    return found


def _flag(config: Config, key: str, default: bool) -> bool:
    found = config.get(key, default)
    if not isinstance(found, bool):
        raise problem(f"{key} to be true or false in config.json", repr(found))
    return found


def _require(config: Config, key: str, *allowed: Any) -> None:
    if key in config and config[key] not in allowed:
        raise problem(
            f"{key} to be {' or '.join(map(repr, allowed))} in config.json", repr(config[key]),
            "The shipped map does not hold for such a model; say yours with --map.",
        )  # fmt: skip


def _rope_kinds(said: Any) -> Iterator[str]:
    """Every kind of scaling that a configuration names, at any depth."""
    if isinstance(said, Mapping):
        for key, value in said.items():
            if key in ("type", "rope_type"):
                yield str(value)
            else:
                yield from _rope_kinds(value)


def _gpt2(config: Config) -> dict[str, Any]:
    found = _counts(config, "n_layer", "n_head", "n_embd")
    scale = found["head_dim"] ** -0.5 if _flag(config, "scale_attn_weights", True) else 1.0
    scales = [scale] * found["layers"]
    if _flag(config, "scale_attn_by_inverse_layer_idx", False):
        scales = [scale / (k + 1) for k in range(found["layers"])]
    attention = "h.{layer}.attn.c_attn."
    return {**found, "layout": "in_out", "fused_order": "qkv", "scale": scales,
            "fused": attention + "weight", "fused_bias": attention + "bias"}  # fmt: skip


def _gpt_neox(config: Config) -> dict[str, Any]:
    _require_plain_rope(config)
    attention = "layers.{layer}.attention.query_key_value."
    counts = _counts(config, "num_hidden_layers", "num_attention_heads", "hidden_size")
    share = config.get("rotary_pct", 1.0)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise problem("rotary_pct in config.json to be a number from 0 to 1", repr(share))
    turned = int(counts["head_dim"] * share) > 0  # entries of each query and key
    return {**counts, "fused_order": "per head", "rotary": turned,
            "fused": attention + "weight", "fused_bias": attention + "bias"}  # fmt: skip


def _bloom(config: Config) -> dict[str, Any]:
    size = "hidden_size" if "hidden_size" in config else "n_embed"
    heads = "n_head" if "n_head" in config else "num_attention_heads"
    attention = "h.{layer}.self_attention.query_key_value."
    return {**_counts(config, "n_layer", heads, size), "fused_order": "per head", "alibi": True,
            "fused": attention + "weight", "fused_bias": attention + "bias"}  # fmt: skip


def _llama(config: Config) -> dict[str, Any]:
    _require_plain_rope(config)
    found = _counts(config, "num_hidden_layers", "num_attention_heads", "hidden_size")
    found["key_heads"] = config.get("num_key_value_heads") or found["heads"]
    attention = "layers.{layer}.self_attn."
    names = {part: f"{attention}{part[0]}_proj.weight" for part in PARTS}
    biases = {f"{part}_bias": f"{attention}{part[0]}_proj.bias" for part in PARTS[:2]}
    return {**found, "rotary": True, **names, **biases}


def _qwen3(config: Config) -> dict[str, Any]:
    attention = "layers.{layer}.self_attn."
    norms = {f"{part}_norm": f"{attention}{part[0]}_norm.weight" for part in PARTS[:2]}
    return {**_llama(config), **norms}


def _gemma2(config: Config) -> dict[str, Any]:
    wanted, cap = config.get("query_pre_attn_scalar"), config.get("attn_logit_softcapping")
    if not isinstance(wanted, int | float) or isinstance(wanted, bool) or wanted <= 0:
        raise problem("a positive query_pre_attn_scalar in config.json", repr(wanted))
    if "attn_logit_softcapping" not in config:
        raise problem("attn_logit_softcapping in config.json, a number or null", "none")
    softcap = {} if cap is None else {"softcap": cap}
    return {**_llama(config), "scale": wanted**-0.5, **softcap}


def _gemma3(config: Config) -> dict[str, Any]:
    return {**_qwen3(config), **_gemma2(config), "norm_offset": 1.0}  # its gains are 1 + weight


def _phi3(config: Config) -> dict[str, Any]:
    found = {k: v for k, v in _llama(config).items() if "{layer}" not in str(v)}
    return {**found, "fused_order": "qkv", "fused": "layers.{layer}.self_attn.qkv_proj.weight"}


def _bert(config: Config, attention: str = "attention.self") -> dict[str, Any]:
    _require(config, "position_embedding_type", "absolute")
    place = f"encoder.layer.{{layer}}.{attention}."
    return {
        **_counts(config, "num_hidden_layers", "num_attention_heads", "hidden_size"),
        **{part: f"{place}{part}.weight" for part in PARTS},
        **{f"{part}_bias": f"{place}{part}.bias" for part in PARTS[:2]},
    }


def _vit(config: Config) -> dict[str, Any]:
    return _bert(config, "attention.attention")


def _require_plain_rope(config: Config) -> None:
    keys = ("rope_scaling", "rope_parameters")
    for key in keys:
        if not isinstance(config.get(key), Mapping | None):
            raise problem(f"{key} to be an object or null in config.json", repr(config[key]))
    kinds = {k for key in keys for k in _rope_kinds(config.get(key))}
    if other := sorted(kinds - PLAIN_ROPE):
        raise problem(
            f"rotary positions of a kind among {', '.join(sorted(PLAIN_ROPE))}", ", ".join(other),
            "Others multiply the logits; say by how much with scale in --map.",
        )  # fmt: skip


FAMILIES: Mapping[str, Callable[[Config], dict[str, Any]]] = {
    "gpt2": _gpt2, "gpt_neox": _gpt_neox, "bloom": _bloom,
    "llama": _llama, "mistral": _llama, "qwen2": _llama, "gemma": _llama,
    "qwen3": _qwen3, "gemma2": _gemma2, "gemma3_text": _gemma3, "phi3": _phi3,
    "bert": _bert, "roberta": _bert, "vit": _vit,
}  # fmt: skip
