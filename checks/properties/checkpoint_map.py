"""The map of a checkpoint: which tensors are queries, keys and values, and how logits are made.

It is a TOML file (docs/probes.md), or follows from the checkpoint's ``config.json``. What it does
not say is not guessed.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from checks.properties.logits import Logits, alibi_slopes
from checks.properties.tensors import LARGEST, problem

WEIGHTS = ("query", "key", "value", "fused")
NAMES = (*WEIGHTS, "query_bias", "key_bias", "fused_bias", "query_norm", "key_norm")
COUNTS = ("layers", "heads", "key_heads", "first_layer", "tokens", "head_dim")
MOST = {"layers": 10**5, "heads": 10**5}  # of which lists are made; of the others, 2^31
LOGITS = ("scale", "rotary", "softcap", "alibi", "norm_offset", "entropy")
KEYS = {*NAMES, *COUNTS, *LOGITS, "layout", "fused_order", "token_norms", "init_std", "ignore"}
LAYOUTS = ("out_in", "in_out")
ORDERS = {
    "qkv": "all queries, then all keys, then all values (GPT-2, ViT)",
    "per head": "query, key and value of each head (GPT-NeoX, BLOOM)",
    "per group": "those of each group of heads that share a key (Falcon, InternLM2)",
}


@dataclass(frozen=True)
class Map:
    """What the map says.

    ``layout`` is "out_in" (rows are outputs, as in torch) or "in_out"; ``fused_order`` says how
    queries, keys and values follow each other in a fused tensor; ``logits`` has one entry a layer,
    ``slopes`` (ALiBi) one a head; the gains of QK-norm are its weights and ``norm_offset``;
    ``init_std`` is that of the weights before training; without ``entropy`` no bound is computed;
    ``ignore`` has names of tensors, with ``*`` for any letters, that do not enter the logits.
    """

    names: Mapping[str, str]
    layers: int
    heads: int
    key_heads: int
    first_layer: int
    layout: str
    fused_order: str | None
    tokens: int
    token_norms: tuple[float, ...]
    logits: tuple[Logits, ...]
    slopes: tuple[float, ...]
    norm_offset: float
    head_dim: int | None
    init_std: float | None
    entropy: bool
    said: frozenset[str]
    ignore: tuple[str, ...]


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file says; raises `InputProblem` for another file and for unknown keys."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise problem(f"{path} to be a TOML file", str(error)) from error
    if unknown := sorted(set(found) - KEYS):
        raise problem(f"keys among {', '.join(sorted(KEYS))}", ", ".join(map(_meant, unknown)))
    return found


def read_map(path: Path) -> Map:
    """The map in a TOML file; raises `InputProblem` for anything that is missing or unknown."""
    return make_map(read_toml(path))


def make_map(found: Mapping[str, Any]) -> Map:
    """The map that these keys and values describe; raises `InputProblem` for one that is wrong."""
    names, counts = _names(found), _counts(found)
    norms = found.get("token_norms", [1.0])
    if not isinstance(norms, list) or not norms or not all(map(_is_positive, norms)):
        raise problem("token_norms to be a list of positive numbers", repr(norms))
    layout = found.get("layout", "out_in")
    if layout not in LAYOUTS or counts["tokens"] < 2:
        raise problem("a layout out_in or in_out and at least two tokens", repr(layout))
    for key in ("rotary", "entropy"):
        if not isinstance(found.get(key, True), bool):
            raise problem(f"{key} to be true or false", repr(found[key]))
    ignore = found.get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(n, str) for n in ignore):
        raise problem("ignore to be a list of names of tensors", repr(ignore))
    std, offset = found.get("init_std"), found.get("norm_offset", 0)
    if (std is not None and not _is_positive(std)) or not (offset == 0 or _is_positive(offset)):
        raise problem("init_std and norm_offset to be positive numbers", f"{std!r}, {offset!r}")
    if std is not None and std > LARGEST:
        raise problem(f"init_std of at most {LARGEST:.3g}", f"{std!r}")
    head_dim = counts.pop("head_dim", None)
    return Map(
        names=names, layout=layout, fused_order=_order(found, counts),
        token_norms=tuple(map(float, norms)), logits=_logits(found, counts["layers"]),
        slopes=_slopes(found, counts["heads"]), norm_offset=float(offset), head_dim=head_dim,
        init_std=std, entropy=found.get("entropy", True), said=frozenset(found),
        ignore=tuple(ignore), **counts,
    )  # fmt: skip


def _meant(key: str) -> str:
    near = get_close_matches(key, KEYS, 1)
    return f"{key} (did you mean {near[0]}?)" if near else key


def _names(found: Mapping[str, Any]) -> Mapping[str, str]:
    names = {name: found[name] for name in NAMES if name in found}
    separate, fused = {"query", "key", "value"} & set(names), "fused" in names
    if fused == bool(separate) or len(separate) not in (0, 3):
        raise problem("names of query, key and value, or of fused", ", ".join(names) or "none")
    if len({"query_norm", "key_norm"} & set(names)) == 1:
        raise problem("query_norm and key_norm, or none of them", "one of them")
    if not fused and "fused_bias" in names:
        raise problem("query_bias and key_bias beside query and key", "fused_bias")
    if wrong := [k for k, v in names.items() if not isinstance(v, str) or "{layer}" not in v]:
        raise problem("names of tensors with {layer} in them", f"another {', '.join(wrong)}")
    return names


def _counts(found: Mapping[str, Any]) -> dict[str, int]:
    counts = {"first_layer": 0, "tokens": 128, **{k: found[k] for k in COUNTS if k in found}}
    if wrong := [k for k, v in counts.items() if type(v) is not int or v < (k != "first_layer")]:
        raise problem("positive whole numbers", f"{wrong[0]} = {counts[wrong[0]]!r}")
    if large := [k for k, v in counts.items() if v > MOST.get(k, 2**31)]:
        k = large[0]
        raise problem(f"{k} of at most {MOST.get(k, 2**31)}", f"{k} = {counts[k]}")
    if missing := {"layers", "heads"} - set(counts):
        raise problem("layers and heads", f"no {' and no '.join(sorted(missing))}")
    key_heads = counts.setdefault("key_heads", counts["heads"])
    if counts["heads"] % key_heads:
        raise problem("heads to be a multiple of key_heads", f"{counts['heads']}, {key_heads}")
    return counts


def _order(found: Mapping[str, Any], counts: Mapping[str, int]) -> str | None:
    """The order in a fused tensor, which its shape does not tell; the plain one if not said."""
    order = found.get("fused_order")
    if "fused" not in found:
        if order is not None:
            raise problem("fused_order beside fused", "it alone")
        return None
    if order is None and _is_plain(found["fused"]):
        return "qkv"
    if order not in ORDERS:
        raise problem(
            f"fused_order, one of {'; '.join(f'{k!r}: {v}' for k, v in ORDERS.items())}",
            f"{found['fused']} without it" if order is None else repr(order),
        )
    if order == "per head" and counts["key_heads"] != counts["heads"]:
        raise problem("fused_order 'per group' where heads share keys", repr(order))
    return order


def _is_plain(name: str) -> bool:
    """Whether a name promises no order, or is one under which only the plain one is in use."""
    parts = re.split(r"[./]", name.replace("{layer}", "").lower())
    return all(part == "qkv" or not set("qkv") <= {*part} for part in parts)


def _logits(found: Mapping[str, Any], layers: int) -> tuple[Logits, ...]:
    """How each layer makes its logits."""
    given = found.get("scale")
    scales = given if isinstance(given, list) else [given] * layers
    if len(scales) != layers or not all(s is None or _is_positive(s) for s in scales):
        raise problem(
            "scale, the factor of q.k, to be a positive number or a list of one a layer",
            repr(given),
            "It is 1 / sqrt(dq) when left out.",
        )
    softcap = found.get("softcap")
    if softcap is not None and not _is_positive(softcap):
        raise problem("softcap to be a positive number", repr(softcap))
    return tuple(Logits(scale, found.get("rotary", False), softcap) for scale in scales)


def _slopes(found: Mapping[str, Any], heads: int) -> tuple[float, ...]:
    """What each head's logits lose for a token of distance."""
    given = found.get("alibi", False)
    if given is True:
        return alibi_slopes(heads)
    slopes = [0.0] * heads if given is False else given
    if not isinstance(slopes, list) or len(slopes) != heads or (
        given is not False and not all(map(_is_positive, slopes))
    ):  # fmt: skip
        raise problem("alibi to be true, false, or a list of one positive slope a head",
                      repr(given))  # fmt: skip
    if given is not False and "softcap" in found:
        raise problem("softcap or alibi: in which order they act is not known", "both")
    return tuple(map(float, slopes))


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e300
