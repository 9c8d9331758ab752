"""Queries, keys and values of a trained transformer, from a safetensors file and a map of names.

The map is a TOML file (docs/probes.md): how many layers and heads there are, and the names of the
tensors, with ``{layer}`` for the number of the layer. Only NumPy reads the file, and nothing of it
is executed.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from safetensors import SafetensorError, safe_open

from checks.suite.problem import InputProblem

Tensor = Float[np.ndarray, "..."]
NAMES = ("query", "key", "value", "fused", "query_bias")
COUNTS = ("layers", "heads", "key_heads", "first_layer", "tokens")
KEYS = {*NAMES, *COUNTS, "layout", "token_norms"}
LAYOUTS = ("out_in", "in_out")
REMEDY = "docs/probes.md, “A trained checkpoint”, describes the map."


@dataclass(frozen=True)
class Map:
    """What the map says; ``layout`` is "out_in" (rows are outputs, as in torch) or "in_out"."""

    names: Mapping[str, str]
    layers: int
    heads: int
    key_heads: int
    first_layer: int
    layout: str
    tokens: int
    token_norms: tuple[float, ...]


@dataclass(frozen=True)
class Head:
    """One head: maps from the embedding to queries, keys and values, and the bias of the query.

    A bias of the keys moves all logits of a query alike, which the softmax does not see.
    """

    layer: int
    head: int
    Wq: Float[np.ndarray, "dq d"]
    Wk: Float[np.ndarray, "dq d"]
    Wv: Float[np.ndarray, "dv d"]
    bq: Float[np.ndarray, " dq"]


def read_map(path: Path) -> Map:
    """The map in a TOML file; raises `InputProblem` for anything that is missing or unknown."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _problem(f"{path} to be a TOML file", str(error)) from error
    if unknown := sorted(set(found) - KEYS):
        raise _problem(f"keys among {', '.join(sorted(KEYS))}", ", ".join(unknown))
    names = {name: found[name] for name in NAMES if name in found}
    if not ({"query", "key", "value"} <= set(names) or "fused" in names):
        raise _problem("names of query, key and value, or of fused", ", ".join(names) or "none")
    if wrong := [k for k, v in names.items() if not isinstance(v, str) or "{layer}" not in v]:
        raise _problem("names of tensors with {layer} in them", f"another {', '.join(wrong)}")
    counts = {"first_layer": 0, "tokens": 128, **{k: found[k] for k in COUNTS if k in found}}
    if wrong := [k for k, v in counts.items() if type(v) is not int or v < (k != "first_layer")]:
        raise _problem("positive whole numbers", f"{wrong[0]} = {counts[wrong[0]]!r}")
    if missing := {"layers", "heads"} - set(counts):
        raise _problem("layers and heads", f"no {' and no '.join(sorted(missing))}")
    norms = found.get("token_norms", [1.0])
    if not isinstance(norms, list) or not norms or not all(_is_positive(r) for r in norms):
        raise _problem("token_norms to be a list of positive numbers", repr(norms))
    layout = found.get("layout", "out_in")
    if layout not in LAYOUTS or counts["tokens"] < 2:
        raise _problem("a layout out_in or in_out and at least two tokens", repr(layout))
    key_heads = counts.setdefault("key_heads", counts["heads"])
    if counts["heads"] % key_heads:
        raise _problem("heads to be a multiple of key_heads", f"{counts['heads']}, {key_heads}")
    return Map(names=names, layout=layout, token_norms=tuple(map(float, norms)), **counts)


def read_heads(path: Path, described: Map) -> tuple[Head, ...]:
    """All heads of a checkpoint, layer by layer; raises `InputProblem` for a bad file or map."""
    try:
        with safe_open(path, framework="numpy") as tensors:
            known = set(tensors.keys())
            layers = range(described.first_layer, described.first_layer + described.layers)
            return tuple(h for k in layers for h in _layer(tensors, known, described, k))
    except (OSError, SafetensorError) as error:
        raise _problem(f"{path} to be a safetensors file", str(error)) from error
    except TypeError as error:  # e.g. bfloat16, which NumPy does not know
        raise _problem("tensors in a type of NumPy, such as float32", str(error)) from error


def _layer(tensors: Any, known: set, described: Map, layer: int) -> list[Head]:
    def get(name: str) -> Tensor:
        full = described.names[name].replace("{layer}", str(layer))
        if full not in known:
            near = ", ".join(sorted(n for n in known if f"{layer}" in n)[:4]) or "none alike"
            raise _problem(f"a tensor named {full}", f"a file without it ({near}, ...)")
        found = np.asarray(tensors.get_tensor(full), dtype=float)
        if not np.isfinite(found).all():
            raise _problem(f"finite numbers in {full}", "NaN or infinity")
        return found

    def matrix(name: str) -> Tensor:
        found = get(name)
        if found.ndim != 2:
            raise _problem(f"{name} to be a matrix", f"shape {found.shape}")
        return found if described.layout == "out_in" else found.T

    if "fused" in described.names:
        fused = matrix("fused")
        share = described.heads / (described.heads + 2 * described.key_heads)
        cut = round(len(fused) * share)
        parts = [fused[:cut], *np.array_split(fused[cut:], 2)]
    else:
        parts = [matrix(name) for name in ("query", "key", "value")]
    bias = get("query_bias") if "query_bias" in described.names else np.zeros(len(parts[0]))
    return _heads(described, layer, parts, bias)


def _heads(described: Map, layer: int, parts: list, bias: Tensor) -> list[Head]:
    counts = (described.heads, described.key_heads, described.key_heads)
    for part, count, name in zip(parts, counts, ("query", "key", "value"), strict=True):
        if len(part) % count or part.shape[1] != parts[0].shape[1]:
            raise _problem(
                f"{count} heads of one embedding in {name}",
                f"shape {part.shape}, beside {parts[0].shape} of query",
            )
    Wq, Wk, Wv = (np.split(part, count) for part, count in zip(parts, counts, strict=True))
    if Wq[0].shape != Wk[0].shape or bias.shape != (len(parts[0]),):
        raise _problem(
            "queries and keys of one size, and a bias of theirs",
            f"{Wq[0].shape}, {Wk[0].shape} a head and a bias of shape {bias.shape}",
        )
    group, bq = described.heads // described.key_heads, np.split(bias, described.heads)
    return [
        Head(layer, h, Wq[h], Wk[h // group], Wv[h // group], bq[h]) for h in range(described.heads)
    ]


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e300


def _problem(expected: str, received: str) -> InputProblem:
    return InputProblem(expected=expected, received=received, remedy=REMEDY)
