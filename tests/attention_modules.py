"""Attention with weights of its own, right and broken in one respect each, for NumPy and JAX."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from verilimit import AttentionModule, attention_lipschitz

WIDTH, HEADS, EACH = 8, 2, 4
RANDOM = np.random.default_rng(0)
QUERY, KEY, VALUE = RANDOM.standard_normal((3, HEADS, EACH, WIDTH)) / WIDTH**0.5
OUTPUT = RANDOM.standard_normal((WIDTH, HEADS * EACH)) / WIDTH**0.5
HEAD_OUTPUTS = OUTPUT.reshape(WIDTH, HEADS, EACH).transpose(1, 0, 2)
LIPSCHITZ = attention_lipschitz(QUERY, KEY, HEAD_OUTPUTS @ VALUE)


@dataclass(frozen=True)
class Slips:
    """What a module does wrong; nothing by default."""

    axis: int = -1  # over which the softmax is taken
    causal: bool = False
    order: float = 0.0  # how much a token's place in the batch of tokens changes its value
    mixing: float = 0.0  # of sequences in a batch
    fill: float = -1e30  # the logit of padding
    gain: float = 1.0  # of values
    stale: bool = False  # the cache forgets its first token
    absolute: bool = False  # positions enter one by one
    tiled: bool = False  # grouped heads in the wrong order
    stopped: bool = False  # no gradient through keys
    halved: bool = False  # logits in half precision have no scale


def heads_of(np_: Any, x: Any, weights: np.ndarray) -> Any:
    """(..., tokens, width) to (..., heads, tokens, each), in the precision of x."""
    return np_.einsum("hed,...td->...hte", np_.asarray(weights, dtype=x.dtype), x)


def softmax(np_: Any, z: Any, axis: int = -1) -> Any:
    w = np_.exp(z - z.max(axis=axis, keepdims=True))
    return w / w.sum(axis=axis, keepdims=True)


def rotated(np_: Any, x: Any, positions: Any) -> Any:
    """Rotary positions: pairs of coordinates turn with the position."""
    half = x.shape[-1] // 2
    angle = np_.asarray(positions)[:, None] * np_.asarray(0.5 ** np.arange(half), dtype=x.dtype)
    cos, sin = np_.cos(angle).astype(x.dtype), np_.sin(angle).astype(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return np_.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


def weights(np_: Any, slips: Slips, x: Any, keep: Any = None, positions: Any = None) -> Any:
    q, k = heads_of(np_, x, QUERY), heads_of(np_, x, KEY)
    if slips.stopped:
        k = jax.lax.stop_gradient(k)
    if positions is not None:
        q, k = (
            rotated(np_, q, positions),
            rotated(np_, k, 0 * positions if slips.absolute else positions),
        )
    scale = 1.0 if slips.halved and x.dtype != np.float32 else EACH**-0.5
    z = (q @ np_.swapaxes(k, -1, -2)) * np_.asarray(scale, dtype=x.dtype)
    n = x.shape[-2]
    if slips.causal:
        z = np_.where(np.tri(n, dtype=bool), z, -1e30)
    if keep is not None:
        z = np_.where(keep[..., None, None, :], z, slips.fill)
    return softmax(np_, z, slips.axis).astype(x.dtype)


def attend(np_: Any, slips: Slips, x: Any, keep: Any = None, positions: Any = None) -> Any:
    w, v = weights(np_, slips, x, keep, positions), heads_of(np_, x, VALUE)
    heads = np_.swapaxes(w @ v, -3, -2)
    flat = heads.reshape(*heads.shape[:-2], HEADS * EACH)
    y = slips.gain * (flat @ np_.asarray(OUTPUT.T, dtype=x.dtype))
    y = y + slips.order * np_.asarray(np.arange(x.shape[-2]), dtype=x.dtype)[:, None]
    return y + slips.mixing * x.mean(axis=0) if x.ndim == 3 else y


def next_token(np_: Any, slips: Slips, x: Any, cache: Any) -> tuple[Any, Any]:
    seen = x if cache is None else np_.concatenate([cache, x], axis=-2)
    y = attend(np_, slips, seen)[..., -1:, :]
    return y, seen[..., 1:, :] if slips.stale and seen.shape[-2] > 1 else seen


def grouped(np_: Any, slips: Slips, q: Any, k: Any, v: Any) -> Any:
    times, axis = q.shape[-3] // k.shape[-3], k.ndim - 3
    places = np.arange(q.shape[-3])
    places = places % k.shape[-3] if slips.tiled else places // times
    k, v = (np_.take(a, places, axis=axis) for a in (k, v))
    return softmax(np_, q @ np_.swapaxes(k, -1, -2)) @ v


def module(framework: str, slips: Slips = Slips(), **options: Any) -> AttentionModule:
    """The module of a framework, with all its parts."""
    np_ = {"numpy": np, "jax": jnp}[framework]
    compiled = jax.jit if framework == "jax" else lambda function: function
    parts = (attend, weights, next_token, grouped)
    of = {f.__name__: compiled(partial(f, np_, slips)) for f in parts}
    return AttentionModule(**{
        "call": of["attend"], "width": WIDTH, "framework": framework, "masked": of["attend"],
        "weights": of["weights"], "cached": of["next_token"], "heads": (4, 2),
        "positioned": lambda x, places: of["attend"](x, None, places),
        "grouped": of["grouped"], "in_dtype": lambda x, dtype: of["attend"](x),
        "dtypes": ("float16",), "lipschitz": LIPSCHITZ, "tokens": 3, **options,
    })  # fmt: skip


CAUSAL = Slips(causal=True)
BROKEN: Mapping[str, Slips] = {
    "permutation equivariance": Slips(order=0.01),
    "causality": Slips(),
    "padding invariance": Slips(fill=-1.0),
    "padding at the end": Slips(fill=-1.0),
    "mask invariance": Slips(),  # its mask is broken where it is made
    "batch consistency": Slips(mixing=0.01),
    "KV cache equals full": replace(CAUSAL, stale=True),
    "positions by differences": Slips(absolute=True),
    "grouped queries equal repeated heads": Slips(tiled=True),
    "row-stochastic weights": Slips(axis=-2),
    "Lipschitz on the ball": Slips(gain=20.0),
    "dtype agreement": Slips(halved=True),
}


def right(law: str) -> Slips:
    """What breaks nothing of the law."""
    return CAUSAL if law in ("causality", "KV cache equals full") else Slips()
