"""A user's own attention with its own weights, of any framework, as the laws call it."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jaxtyping import Float

from checks.properties.frameworks import Framework, as_numpy, maker, precision, rounding
from checks.properties.probe import require
from checks.suite.problem import InputProblem

Real = float | int
Array = np.ndarray
SCALES = (1.0, 0.125, 3.0)


@dataclass(frozen=True)
class Sample:
    """Tokens that a seed gives: short to print, and as wide as the module is."""

    seed: int
    tokens: int
    batch: int
    scale: float

    @property
    def random(self) -> np.random.Generator:
        """A stream for what else a law draws, not that of the tokens."""
        return np.random.default_rng([self.seed, 1])

    def x(self, width: int) -> Float[np.ndarray, "batch tokens width"]:
        """Normal numbers of that scale; the first token is small, as near ties are."""
        found = np.random.default_rng(self.seed).standard_normal((self.batch, self.tokens, width))
        found[:, :1] *= 0.125 if self.seed % 2 else 1.0
        return self.scale * found


@dataclass(frozen=True, kw_only=True)
class AttentionModule:
    """An attention with weights of its own, and what else it offers; `probe_attention` takes it.

    All functions take and return arrays of ``framework``, ``"numpy"``, ``"jax"`` (so Equinox and
    Flax), ``"torch"``, or a function that makes the arrays of another from NumPy's; floats have the
    ``dtype``. Tokens x are (batch, tokens, width), or (tokens, width) with ``batched=False``.

    - ``call(x)``: outputs, a row a token. Give the module in evaluation mode, without dropout.
    - ``masked(x, keep)``: the same, for ``keep`` of truth values, (batch, tokens) or (tokens,):
      True for tokens that are there, False for padding.
    - ``weights(x)``: attention weights, whose last axis is over the tokens attended to.
    - ``cached(x, cache)``: outputs of one more token x, (batch, 1, width), and the new cache; the
      cache is None at first.
    - ``positioned(x, positions)``: as ``call``, tokens standing at these whole numbers, (tokens,).
    - ``grouped(q, k, v)`` with ``heads=(h, g)``: attention of h heads of queries, (batch, h,
      tokens, width), and g or h of keys and values.
    - ``in_dtype(x, dtype)``: ``call`` in another precision, one of ``dtypes``; x is in it.
    - ``gradient(x, c)``: gradient of the sum of c * call(x) in x; JAX and PyTorch have one.
    - ``lipschitz``: a constant on the unit ball, which `attention_lipschitz` computes of weights.
    - ``degree``: ``call(s * x)`` is ``s**degree * call(x)`` for s > 0.
    """

    call: Callable[..., Any]
    width: int
    framework: Framework = "numpy"
    dtype: str = "float32"
    batched: bool = True
    tokens: int = 4
    masked: Callable[..., Any] | None = None
    weights: Callable[..., Any] | None = None
    cached: Callable[..., Any] | None = None
    positioned: Callable[..., Any] | None = None
    grouped: Callable[..., Any] | None = None
    heads: tuple[int, int] | None = None
    in_dtype: Callable[..., Any] | None = None
    dtypes: tuple[str, ...] = ("bfloat16",)
    gradient: Callable[..., Any] | None = None
    lipschitz: Real | None = None
    degree: Real | None = None
    rounding: Real | None = None

    def __post_init__(self) -> None:
        """Refuse sizes without meaning, and a framework or dtype that is not there."""
        if self.width < 1 or self.tokens < 2:
            raise InputProblem(
                expected="width of at least 1 and tokens, the most that are drawn, of at least 2",
                received=f"width={self.width}, tokens={self.tokens}",
                remedy="Give the last axis of x as width.",
            )
        if self.heads and (min(self.heads) < 1 or self.heads[0] % self.heads[1]):
            raise InputProblem(
                expected="heads=(h, g): h heads of queries, g of keys, h a multiple of g",
                received=f"{self.heads}",
                remedy="Write, e.g., heads=(8, 2).",
            )
        maker(self.framework, self.dtype)

    @cached_property
    def array(self) -> Callable[[Array], Any]:
        """NumPy arrays to those of the module."""
        return maker(self.framework, self.dtype)

    def run(self, function: Callable[..., Any] | None, *arrays: Array) -> tuple[Array, float]:
        """What a function of the module gives for arrays, as doubles, and its rounding.

        What is returned may differ by ``rounding`` times (1 + its largest number).
        """
        with precision(self.framework, self.dtype):
            found = (function or self.call)(*(self.array(a) for a in arrays))
            return self.read(found)

    def read(self, found: Any) -> tuple[Array, float]:
        """An output as doubles, and what it may differ by; Violation for what is not finite."""
        values = as_numpy(found).astype(float)
        require(np.isfinite(values), "an output is not finite")
        size = 1 + float(np.abs(values).max(initial=0))
        return values, (rounding(found) if self.rounding is None else float(self.rounding)) * size

    def outputs(self, x: Array, *more: Array, of: Any = None) -> tuple[Array, float]:
        """``call``, or another function, on tokens (batch, tokens, width), batched or not."""
        if self.batched:
            found, slack = self.run(of, x, *more)
        else:
            rows = [self.run(of, *row) for row in zip(x, *_for_each(more, len(x)), strict=True)]
            found, slack = np.stack([row for row, _ in rows]), max(s for _, s in rows)
        require(found.shape[:2] == x.shape[:2], f"the output has shape {found.shape}")
        return found, slack

    def samples(self, least: int = 1) -> SearchStrategy[Sample]:
        """Tokens, at least so many of them; the first examples are the small ones."""
        return st.builds(
            Sample,
            seed=st.integers(0, 2**16),
            tokens=st.integers(least, self.tokens),
            batch=st.integers(1, 3),
            scale=st.sampled_from(SCALES),
        )

    def parts(self) -> tuple[str, ...]:
        """The names of what is given beyond ``call``."""
        given = {f.name for f in fields(self) if getattr(self, f.name) is not None}
        if self.framework in ("jax", "torch"):
            given.add("gradient")
        if self.batched:
            given.add("batched")
        return tuple(sorted(given))


def _for_each(more: tuple[Array, ...], batch: int) -> list[Any]:
    """Further arguments of single sequences: rows of what has a row each, else the same."""
    return [a if a.ndim > 1 and len(a) == batch else [a] * batch for a in more]
