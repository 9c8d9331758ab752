"""What a checkpoint has by the names of its tensors, and its map does not speak of.

Nothing that may change queries, keys or logits is passed over: a tensor beside those of an
attention is named in the map, ignored by it, or of a kind that does not enter the logits.
"""

import re
from collections.abc import Set
from fnmatch import fnmatchcase
from itertools import takewhile

import numpy as np

from checks.properties.checkpoint_map import Map
from checks.properties.tensors import Tensors, problem

QUERY = {"q", "query", "queries", "wq", "bq"}
KEY = {"k", "key", "keys", "wk", "bk"}
BOTH = {"qk", "kv", "qkv", "wqkv", "bqkv"}
VALUE = {"v", "value", "values", "wv", "bv"}
BIAS = {"b", "bias", "biases", "bq", "bk", "bqkv"}
PLAIN = {"proj", "projection", "linear", "lin", "to", "self", "attn", "attention", "layer"}
NORM = {"norm", "ln", "layernorm", "rmsnorm", "rms"}
ROTARY = {"rotary", "rope", "freqs", "freq", "cis", "cos", "sin"}
ALIBI = {"alibi", "slope", "slopes"}
LOGITS = {*ALIBI, "sink", "sinks", "rel", "relative", "distance",
          "temperature", "tau", "logit", "logits", "qnorm", "knorm", "qknorm"}  # fmt: skip
ADAPTER = {"lora", "dora", "adapter", "adapters", "ia3"}
# Words, and whole parts of names, of what comes after the weights of attention or beside it.
AFTER = {"o", "out", "output", "wo", "bo", "dense", "mlp", "ffn", "ff", "fc", "feed", "feedforward",
         "intermediate", "gate", "up", "down", "dropout", "moe", "expert", "experts", "router",
         "ls", "cross", "crossattention", "masked", *NORM}  # fmt: skip
PARTS = {"proj", "c_proj", "w1", "w2", "w3", "linear1", "linear2", "lin1", "lin2"}
LEAVES = {"weight", "kernel", "w", "embedding"}
ENTROPY = "The bound of the entropy is not for such logits: docs/probes.md says which."


def require_said(tensors: Tensors, described: Map) -> None:
    """Raise `InputProblem` for a tensor that may change the logits and of which nothing is said."""
    layers = range(described.first_layer, described.first_layer + described.layers)
    mapped = {name.replace("{layer}", str(k)) for name in described.names.values() for k in layers}
    ignored = [n.replace("{layer}", str(k)) for n in described.ignore for k in layers]
    left = [
        name for name in sorted(tensors.files)
        if name not in mapped and not any(fnmatchcase(name, pattern) for pattern in ignored)
    ]  # fmt: skip
    for name in left:
        key = _sign(name)
        if key == "entropy" and "alibi" in described.said and ALIBI & set(_words(name)):
            continue
        if key is not None and key not in described.said:
            raise problem(
                f"{key} = true or false in the map of a checkpoint with {name}", "neither",
                f'{ENTROPY} Or say ignore = ["{name}"] if it belongs elsewhere.',
            )  # fmt: skip
        if ADAPTER & set(_words(name)):
            raise problem(
                f'weights with adapters merged into them, or ignore = ["{name}"] in the map', name
            )
    for k in layers:
        _require_named(tensors, described, k, [n for n in left if _sign(n) is None])


def _require_named(tensors: Tensors, described: Map, layer: int, left: list[str]) -> None:
    """Everything beside queries and keys in one layer is known to leave the logits alone."""
    names = {n: v.replace("{layer}", str(layer)) for n, v in described.names.items()}
    beside = _beside([names[n] for n in ("query", "key", "fused") if n in names], layer)
    made = described.logits[0]
    moved = made.rotary or made.softcap is not None or "query_norm" in described.names
    for name in left:
        if not name.startswith(beside):
            continue
        words = set(_words(name[len(beside) :]))
        parts = set(re.split(r"[./]", name[len(beside) :].lower()))
        within = [n for n in ("query", "key", "fused") if n in names and _within(name, names[n])]
        if _is_mask(tensors, name, words) or (
            not within and not words & (QUERY | KEY | BOTH) and (words & (VALUE | AFTER) or
                                                                  parts & PARTS)
        ):  # fmt: skip
            continue
        is_key = (within == ["key"] or words & KEY) and within != ["query"]
        is_bias = bool(words & BIAS)
        if is_bias and is_key and not moved and not words - KEY - BIAS - PLAIN:
            continue  # it moves all logits of a query alike
        kind = "fused" if "fused" in within else "key" if is_key else "query"
        known = is_bias and (within or words & (QUERY | KEY))
        raise problem(
            f"{kind}_bias in the map of a checkpoint with {name}" if known
            else f"to be told in the map what {name} is, which lies beside queries and keys",
            "none",
            f'Where it does not enter the logits, say ignore = ["{_pattern(name, layer)}"].',
        )  # fmt: skip


def _sign(name: str) -> str | None:
    """The key of the map that has to be given for a tensor of this name, wherever it is."""
    words = _words(name)
    if ROTARY & set(words) or "inv_freq" in name:
        return "rotary"
    near = [set(words[i : i + 2]) | set(words[i + 1 : i + 3]) for i in range(len(words))]
    normed = any(w & NORM and w & (QUERY | KEY | BOTH) for w in near)
    placed = any(w & {"pos", "position", "positional"} and w & {"bias", "biases"} for w in near)
    added = re.search(r"(^|[./])bias_[kv]$", name)  # torch's further key, no bias of the keys
    return "entropy" if LOGITS & set(words) or normed or placed or added else None


def _beside(names: list[str], layer: int) -> str:
    """The beginning of the names of tensors that lie beside these: a folder, if there is one."""
    split = [re.findall(r"[^./]*[./]?", n) for n in names]
    if len(names) == 1:
        parts = [p for p in split[0] if p]
        if parts[-1] in LEAVES and len(parts) > 2 and parts[-2].strip("./") != str(layer):
            parts = parts[:-1]
        return "".join(parts[:-1])
    common = "".join(a for a, _ in takewhile(lambda p: p[0] == p[1], zip(*split, strict=False)))
    if common:
        return common
    shared = "".join(a for a, _ in takewhile(lambda p: p[0] == p[1], zip(*names, strict=False)))
    return shared[: shared.rfind("_") + 1]


def _within(name: str, weight: str) -> bool:
    """Whether a tensor is of the same module as a weight: q.bias of q.kernel."""
    module, _, leaf = weight.rpartition("/" if "/" in weight else ".")
    generic = leaf.lower() in LEAVES and not module.rpartition(".")[2].isdigit()
    if generic:
        return name.startswith((module + ".", module + "/"))
    ends = [
        leaf.replace(a, b) for a, b in (("weight", "bias"), ("W", "b"), ("w", "b")) if a in leaf
    ]
    return name in {weight[: len(weight) - len(leaf)] + end for end in ends} | {weight + "_bias"}


def _words(name: str) -> list[str]:
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def _pattern(name: str, layer: int) -> str:
    return re.sub(rf"(?<!\d){layer}(?!\d)", "{layer}", name, count=1)


def _is_mask(tensors: Tensors, name: str, words: Set[str]) -> bool:
    """A causal mask that is kept as a buffer: ones below the diagonal."""
    if not words <= {"bias", "mask"}:
        return False
    shape, kind = tensors.shape_and_type(name)
    if len(shape) < 2 or shape[-1] != shape[-2] or any(n != 1 for n in shape[:-2]):
        return False
    if not kind.startswith(("F", "BF")):
        return True
    return bool((tensors.get(name).reshape(shape[-2:]) == np.tri(shape[-1])).all())
