"""Queries, keys and values of a trained transformer, from a checkpoint and its map.

Nothing of the checkpoint is executed, and no layout is guessed: where a tensor can be read in two
ways, the map has to say which.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from checks.properties.checkpoint_map import Map
from checks.properties.logits import Logits
from checks.properties.tensors import Tensor, Tensors, open_checkpoint, problem
from checks.properties.unsaid import require_said

Parts = tuple[Any, ...]  # arrays of queries, keys and values


@dataclass(frozen=True)
class Head:
    """One head: maps from the embedding to queries, keys and values, biases, and its logits."""

    layer: int
    head: int
    Wq: Float[np.ndarray, "dq d"]
    Wk: Float[np.ndarray, "dq d"]
    Wv: Float[np.ndarray, "dv d"]
    bq: Float[np.ndarray, " dq"]
    bk: Float[np.ndarray, " dq"]
    logits: Logits


def read_heads(path: Path, described: Map) -> tuple[Head, ...]:
    """All heads of a checkpoint, layer by layer; raises `InputProblem` for a bad file or map."""
    return heads_of(open_checkpoint(path), described)


def heads_of(tensors: Tensors, described: Map) -> tuple[Head, ...]:
    """The same for tensors that are open."""
    heads = tuple(h for k in range(described.layers) for h in _layer(tensors, described, k))
    require_said(tensors, described)
    for head in heads:
        if _shapes(head) != _shapes(heads[0]):
            raise problem(
                f"layers of one shape: Wq, Wk, Wv of {_shapes(heads[0])} as in layer "
                f"{heads[0].layer}",
                f"{_shapes(head)} in layer {head.layer}",
                "Read layers of one shape alone: say first_layer and layers in a map.",
            )
    return heads


def _shapes(head: Head) -> Parts:
    return head.Wq.shape, head.Wk.shape, head.Wv.shape


def _layer(tensors: Tensors, described: Map, index: int) -> list[Head]:
    """The heads of one layer."""
    layer = described.first_layer + index
    counts = (described.heads, described.key_heads, described.key_heads)

    def get(name: str) -> Tensor:
        return tensors.get(described.names[name].replace("{layer}", str(layer)))

    if "fused" in described.names:
        weights = _split(_matrix(get("fused"), "fused", described, _blocks(described)), described)
    else:
        named = zip(("query", "key", "value"), counts, strict=True)
        weights = tuple(_matrix(get(name), name, described, count) for name, count in named)
    bq, bk = _biases(get, described, weights)
    for part, count, name in zip(weights, counts, ("query", "key", "value"), strict=True):
        if len(part) % count or part.shape[1] != weights[0].shape[1]:
            raise problem(
                f"{count} heads of one embedding in {name}",
                f"shape {part.shape}, beside {weights[0].shape} of query",
            )
    Wq, Wk, Wv = (np.split(part, count) for part, count in zip(weights, counts, strict=True))
    sizes = len(weights[0]), len(weights[1])
    if Wq[0].shape != Wk[0].shape or (bq.shape, bk.shape) != ((sizes[0],), (sizes[1],)):
        raise problem(
            "queries and keys of one size, and biases of theirs",
            f"{Wq[0].shape}, {Wk[0].shape} a head and biases of shapes {bq.shape}, {bk.shape}",
        )
    if described.head_dim not in (None, len(Wq[0])):
        raise problem(
            f"heads of dimension {described.head_dim}",
            f"{len(Wq[0])}: {len(weights[0])} queries and {described.heads} heads",
        )
    group = described.heads // described.key_heads
    logits = _logits(get, described, index, len(Wq[0]))
    bq, bk = np.split(bq, described.heads), np.split(bk, described.key_heads)
    return [
        Head(layer, h, Wq[h], Wk[h // group], Wv[h // group], bq[h], bk[h // group], logits[h])
        for h in range(described.heads)
    ]  # fmt: skip


def _logits(get: Any, described: Map, index: int, dq: int) -> list[Logits]:
    """How each head of a layer makes its logits."""
    alone = [replace(described.logits[index], slope=slope) for slope in described.slopes]
    if "query_norm" not in described.names:
        return alone
    (of_q, m), (of_k, n) = (
        _gains(get, name, described, count, dq)
        for name, count in (("query_norm", described.heads), ("key_norm", described.key_heads))
    )
    group = described.heads // described.key_heads
    return [
        replace(made, gains=(of_q[h], of_k[h // group]), entries=(m, n))
        for h, made in enumerate(alone)
    ]


def _gains(
    get: Any, name: str, described: Map, count: int, dq: int
) -> tuple[Float[np.ndarray, " heads"], int]:
    """The largest gain of each head's norm layer, and the number of entries that it normalises.

    One vector serves all heads, each normalised alone, or has a gain for each entry of all of them,
    normalised together; a matrix has a row for each head.
    """
    gains = get(name)
    if gains.shape not in ((dq,), (count * dq,), (count, dq)):
        raise problem(f"{name} to have {dq} gains, or {count} times as many", f"{gains.shape}")
    largest = np.abs(gains + described.norm_offset).reshape(-1, dq).max(axis=1)
    return np.broadcast_to(largest, count), gains.size if gains.ndim == 1 else dq


def _blocks(described: Map) -> int:
    """How many heads, or groups of them, an axis of a fused tensor may count."""
    both = described.heads + 2 * described.key_heads
    return both if described.fused_order == "qkv" else described.key_heads


def _matrix(found: Tensor, name: str, described: Map, count: int) -> Float[np.ndarray, "out d"]:
    """Rows are outputs, head after head; a third axis is that of the heads, known by its length."""
    if found.ndim == 3:
        axes = [axis for axis, size in enumerate(found.shape) if size == count]
        if axes not in ([0], [1]) or (axes == [1] and described.layout == "out_in"):
            raise problem(
                f"{name} to be a matrix, or with {count} heads along one axis, the first (or, with "
                f'layout = "in_out", the second)',
                f"shape {found.shape}",
            )
        found = np.moveaxis(found, axes[0], 0)
        found = found if described.layout == "out_in" else found.swapaxes(1, 2)
        return found.reshape(-1, found.shape[2])
    if found.ndim != 2:
        raise problem(
            f"{name} to be a matrix, or one with an axis of heads", f"shape {found.shape}"
        )
    return found if described.layout == "out_in" else found.T


def _split(fused: Tensor, described: Map) -> Parts:
    """Queries, keys and values of a fused tensor along its first axis, in the order of the map."""
    heads, shared, rest = described.heads, described.key_heads, fused.shape[1:]
    if len(fused) % (heads + 2 * shared):
        raise problem(
            f"a fused tensor of {heads} + 2 * {shared} heads of one size", f"shape {fused.shape}"
        )
    if described.fused_order == "qkv":
        size = len(fused) // (heads + 2 * shared)
        return tuple(np.split(fused, [heads * size, (heads + shared) * size]))
    groups = fused.reshape(shared, heads // shared + 2, -1, *rest)
    parts = groups[:, :-2], groups[:, -2], groups[:, -1]
    return tuple(part.reshape(-1, *rest) for part in parts)


def _biases(get: Any, described: Map, weights: Parts) -> tuple[Tensor, Tensor]:
    """Biases of queries and keys; zeros where there is none."""
    names, whole = described.names, sum(map(len, weights))
    bq, bk = np.zeros(len(weights[0])), np.zeros(len(weights[1]))

    def flat(name: str, count: int) -> Tensor:
        found = get(name)
        if found.ndim > 2 or (found.ndim == 2 and len(found) != count):
            raise problem(f"{name} to be a vector, or one for each head", f"shape {found.shape}")
        return found.ravel()

    if "fused_bias" in names:
        bias = flat("fused_bias", _blocks(described))
        if len(bias) != whole:
            raise problem(f"a fused_bias of {whole} entries", f"shape {bias.shape}")
        bq, bk, _ = _split(bias, described)
    if "query_bias" in names:
        bq = flat("query_bias", described.heads)
        if "fused" in names and len(bq) == whole:  # the bias of all three, under this name
            bq, bk, _ = _split(bq, described)
    return bq, flat("key_bias", described.key_heads) if "key_bias" in names else bk
