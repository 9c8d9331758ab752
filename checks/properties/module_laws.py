"""Laws of an attention module: one function each, whose docstring is the law.

A law gets the module and what Hypothesis drew, and raises `Violation` through `require`. ``needs``
are the parts of the module without which it cannot be asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from checks.properties.derivatives import HALF, along_gradient, gradient_of, relative_step
from checks.properties.frameworks import EPSILON, as_numpy, maker, precision
from checks.properties.modules import AttentionModule, Sample
from checks.properties.probe import require

Array = np.ndarray


@dataclass(frozen=True)
class Law:
    """``holds(module, sample, **more)``, the parts that it needs, and what else it draws."""

    holds: Callable[..., None]
    needs: tuple[str, ...] = ()
    least: int = 2  # tokens
    more: Mapping[str, Any] = field(default_factory=dict)


def _same(found: Array, wanted: Array, slack: float, what: str = "an output changes") -> None:
    require(found.shape == wanted.shape, f"shapes {found.shape} and {wanted.shape} differ")
    off = float(np.abs(found - wanted).max(initial=0))
    require(off <= slack, f"{what} by {off:.3g}, more than the rounding {slack:.2g}")


def equivariant(module: AttentionModule, sample: Sample) -> None:
    """Reordering the tokens reorders the outputs: f(P x) = P f(x)."""
    x, order = sample.x(module.width), sample.random.permutation(sample.tokens)
    (y, slack), (turned, _) = module.outputs(x), module.outputs(x[:, order])
    _same(turned, y[:, order], slack)


def causal(module: AttentionModule, sample: Sample, seen: int) -> None:
    """An output depends on its token and those before it only."""
    x = sample.x(module.width)
    kept = 1 + seen % (sample.tokens - 1)
    other = x.copy()
    other[:, kept:] = sample.random.standard_normal(x[:, kept:].shape)
    (y, slack), (changed, _) = module.outputs(x), module.outputs(other)
    _same(changed[:, :kept], y[:, :kept], slack, "an earlier output changes")


def _as_if_not_there(module: AttentionModule, sample: Sample, keep: Array) -> None:
    x = sample.x(module.width)
    padded = np.where(keep[..., None], x, 16 * sample.random.standard_normal(x.shape))
    y, slack = module.outputs(padded, keep, of=module.masked)
    for b, kept in enumerate(keep):
        alone, _ = module.outputs(x[b : b + 1, kept])
        _same(y[b, kept], alone[0], slack, "with padding, an output changes")


def padding(module: AttentionModule, sample: Sample, where: str) -> None:
    """Padding at either end or between changes no output: whatever it holds, as if not there."""
    keep = np.sort(sample.random.random((sample.batch, sample.tokens)) < 0.5, axis=1)
    keep[:, -1] = True  # each sequence has a token
    if where == "end":
        keep = keep[:, ::-1]
    if where == "between":
        keep = sample.random.permuted(keep, axis=1)
    _as_if_not_there(module, sample, keep)


def padding_at_end(module: AttentionModule, sample: Sample) -> None:
    """Padding after the last token changes no output: what a module with positions promises."""
    padding(module, sample, "end")


def unmasked(module: AttentionModule, sample: Sample) -> None:
    """A mask that leaves nothing out changes nothing."""
    x = sample.x(module.width)
    everything = np.ones(x.shape[:2], dtype=bool)
    (y, slack), (masked, _) = module.outputs(x), module.outputs(x, everything, of=module.masked)
    _same(masked, y, slack, "with a mask of all, an output changes")


def batch(module: AttentionModule, sample: Sample) -> None:
    """Sequences of a batch do not see each other: each gives what it gives alone."""
    x = sample.x(module.width)
    y, slack = module.outputs(x)
    for b in range(len(x)):
        alone, _ = module.outputs(x[b : b + 1])
        _same(y[b], alone[0], slack, "in a batch, an output changes")


def cached(module: AttentionModule, sample: Sample) -> None:
    """Token after token with the KV cache gives what the whole sequence gives."""
    x = sample.x(module.width)
    y, slack = module.outputs(x)
    for b in range(1 if module.batched else len(x)):
        rows = x if module.batched else x[b]
        whole = y if module.batched else y[b]
        cache, axis = None, rows.ndim - 2
        for t in range(sample.tokens):
            token = rows.take([t], axis=axis)
            with precision(module.framework, module.dtype):
                found, cache = module.cached(module.array(token), cache)  # type: ignore[misc]
                one, _ = module.read(found)
            _same(one, whole.take([t], axis=axis), slack, f"with the cache, output {t} changes")


def differences(module: AttentionModule, sample: Sample, shift: int) -> None:
    """Positions enter by their differences only: all moved alike, nothing changes (RoPE, ALiBi)."""
    x, places = sample.x(module.width), np.arange(sample.tokens)
    y, slack = module.outputs(x, places, of=module.positioned)
    moved, _ = module.outputs(x, places + shift, of=module.positioned)
    _same(moved, y, slack, f"with positions moved by {shift}, an output changes")


def grouped(module: AttentionModule, sample: Sample) -> None:
    """Grouped queries are heads whose keys and values are repeated, head j using key j // (h/g)."""
    many, few = module.heads or (1, 1)
    shape = (sample.batch, many, sample.tokens, module.width)
    q, k, v = (sample.scale * a for a in sample.random.standard_normal((3, *shape)))
    k, v = k[:, :few], v[:, :few]
    repeated = [np.repeat(a, many // few, axis=1) for a in (k, v)]
    for b in (slice(None),) if module.batched else range(len(q)):
        few_heads, slack = module.run(module.grouped, q[b], k[b], v[b], size=0.0)
        all_heads, _ = module.run(module.grouped, q[b], *(a[b] for a in repeated), size=0.0)
        _same(few_heads, all_heads, slack, "with keys repeated, an output changes")


def stochastic(module: AttentionModule, sample: Sample) -> None:
    """Each token has a row of weights over all: none is negative, and they sum to one."""
    x = sample.x(module.width)
    for rows in (x,) if module.batched else x:
        weights, slack = module.run(module.weights, rows, size=1.0)
        each = rows.size // module.width * sample.tokens  # of a head
        require(
            weights.ndim and weights.shape[-1] == sample.tokens,
            f"weights have shape {weights.shape}, and {sample.tokens} tokens are attended to",
        )
        require(
            weights.size and weights.size % each == 0,
            f"weights have shape {weights.shape}, for tokens of shape {rows.shape}",
        )
        require(weights >= -slack, f"a weight is {weights.min():.3g}")
        _same(weights.sum(axis=-1), np.ones(weights.shape[:-1]), slack, "a row sums to one, off")


def lipschitz(module: AttentionModule, sample: Sample, size: float) -> None:
    """Tokens of the unit ball that move by at most s move no output by more than L s."""
    x, bound = _in_ball(sample.x(module.width)), float(module.lipschitz or 0)
    moved = _in_ball(x + size * sample.random.standard_normal(x.shape))
    (y, slack), (other, _) = module.outputs(x), module.outputs(moved)
    step = np.linalg.norm(moved - x, axis=2).max(axis=1)
    change = np.linalg.norm(other - y, axis=2).max(axis=1)
    allowed = bound * step + slack * module.width**0.5
    k = int(np.argmax(change - allowed))
    require(change <= allowed, f"an output moves by {change[k]:.3g}, more than {allowed[k]:.3g}")


def homogeneous(module: AttentionModule, sample: Sample, factor: float) -> None:
    """f(s x) = s^degree f(x) for s > 0."""
    x, power = sample.x(module.width), float(factor) ** float(module.degree or 0)
    (y, slack), (scaled, more) = module.outputs(x), module.outputs(factor * x)
    _same(scaled, power * y, max(power * slack, more), "s^degree f(x) is missed")


def precisions(module: AttentionModule, sample: Sample, dtype: int) -> None:
    """In another dtype outputs are the same, up to the rounding of the coarser."""
    name = module.dtypes[dtype % len(module.dtypes)]
    coarse = max(name, module.dtype, key=EPSILON.__getitem__)
    make = maker(module.framework, name)
    with precision(module.framework, coarse):
        x = as_numpy(maker(module.framework, coarse)(sample.x(module.width))).astype(float)
    y, _ = module.outputs(x)
    for b in (slice(None),) if module.batched else range(len(x)):
        with precision(module.framework, name):
            found = module.in_dtype(make(x[b]), name)  # type: ignore[misc]
            other, _ = module.read(found)
        slack = EPSILON[coarse] ** 0.75 * (module.size + float(np.abs(y).max()))
        _same(other, y[b], slack, f"in {name}, an output changes")


def differentiable(module: AttentionModule, sample: Sample) -> None:
    """The gradient is what outputs change by: it agrees with central differences."""
    x = sample.x(module.width)
    for tokens in (x,) if module.batched else x:
        u, c = sample.random.standard_normal((2, *tokens.shape))
        u, h = u / np.linalg.norm(u), relative_step(module.dtype) * sample.scale
        forward, _ = module.run(None, tokens + h * u)
        backward, _ = module.run(None, tokens - h * u)
        c = np.broadcast_to(c, forward.shape) / np.linalg.norm(c)
        slope = float((c * (forward - backward)).sum() / (2 * h))
        gradient = gradient_of(module, tokens, c)
        off = abs(slope - float((gradient * u).sum()))
        allowed = 30 * relative_step(module.dtype) ** 2 * (
            module.size + float(np.linalg.norm(forward)) / sample.scale
            + float(np.linalg.norm(gradient))
        )  # fmt: skip
        require(
            off <= allowed,
            f"a directional derivative is {slope:.4g}, and the gradient says "
            f"{float((gradient * u).sum()):.4g}",
        )
        if module.dtype in HALF:
            along_gradient(module, tokens, c, gradient, u, sample.scale)


def _in_ball(x: Float[np.ndarray, "batch tokens width"]) -> Float[np.ndarray, "batch tokens width"]:
    return x / np.maximum(1.0, np.linalg.norm(x, axis=2, keepdims=True))


MODULE_LAWS: Mapping[str, Law] = {
    "permutation equivariance": Law(equivariant),
    "causality": Law(causal, more={"seen": st.integers(0, 6)}),
    "padding invariance": Law(
        padding, ("masked",), more={"where": st.sampled_from(["end", "start", "between"])}
    ),
    "padding at the end": Law(padding_at_end, ("masked",)),
    "mask invariance": Law(unmasked, ("masked",)),
    "batch consistency": Law(batch, ("batched",), least=1),
    "KV cache equals full": Law(cached, ("cached",)),
    "positions by differences": Law(
        differences, ("positioned",), more={"shift": st.integers(1, 16)}
    ),
    "grouped queries equal repeated heads": Law(grouped, ("grouped", "heads"), least=1),
    "row-stochastic weights": Law(stochastic, ("weights",), least=1),
    "Lipschitz on the ball": Law(
        lipschitz, ("lipschitz",), least=1, more={"size": st.sampled_from([1.0, 0.125, 2.0**-7])}
    ),
    "homogeneity": Law(
        homogeneous, ("degree",), least=1, more={"factor": st.sampled_from([2.0, 0.25, 1.5])}
    ),
    "dtype agreement": Law(precisions, ("in_dtype",), least=1, more={"dtype": st.integers(0, 3)}),
    "gradient agrees with finite differences": Law(differentiable, ("gradient",), least=1),
}
