"""A user's own attention with its own weights, of any framework, as the laws call it."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jaxtyping import Float

from checks.properties.frameworks import (
    EPSILON,
    Framework,
    as_numpy,
    maker,
    precision,
    rounding,
)
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
    - ``grouped(q, k, v)`` with ``heads=(h, g)``, g < h: attention of h heads of queries, (batch,
      h, tokens, width), and g or h of keys and values.
    - ``in_dtype(x, dtype)``: ``call`` in another precision, one of ``dtypes``; x is in it.
    - ``gradient(x, c)``: gradient of the sum of c * call(x) in x; JAX and PyTorch have one.
    - ``lipschitz``: a constant on the unit ball, which `attention_lipschitz` computes of weights.
    - ``degree``: ``call(s * x)`` is ``s**degree * call(x)`` for s > 0.

    Laws draw up to ``tokens`` tokens. Outputs may differ by ``rounding``, by default that of their
    dtype, times their size. A module whose outputs do not depend on the tokens, as with an output
    projection that starts at zero, is refused: it would keep most laws, and nothing be seen.
    """

    call: Callable[..., Any]
    width: int
    framework: Framework = "numpy"
    dtype: str = "float32"
    batched: bool = True
    tokens: int = 7
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
        many, few = self.heads or (2, 1)
        if few < 1 or many <= few or many % few:
            raise InputProblem(
                expected="heads=(h, g): h heads of queries, g of keys, h a multiple of g and more",
                received=f"{self.heads}",
                remedy="Write, e.g., heads=(8, 2); without groups leave heads out.",
            )
        if not self.dtypes or any(name not in EPSILON for name in self.dtypes):
            raise InputProblem(
                expected=f"dtypes, at least one, among {', '.join(EPSILON)}",
                received=f"{self.dtypes}",
                remedy='Write, e.g., dtypes=("bfloat16",).',
            )
        maker(self.framework, self.dtype)

    @cached_property
    def array(self) -> Callable[[Array], Any]:
        """NumPy arrays to those of the module."""
        return maker(self.framework, self.dtype)

    @cached_property
    def size(self) -> float:
        """The largest output for normal tokens; InputProblem where nothing could be seen in it."""
        x = Sample(seed=0, tokens=self.tokens, batch=2, scale=1.0).x(self.width)
        y, slack = self.outputs(x, size=0.0)
        if not (np.ptp(y.reshape(-1, y.shape[-1]), axis=0) > slack).any():
            raise InputProblem(
                expected="outputs that depend on the tokens, by more than their rounding",
                received=f"outputs of at most {np.abs(y).max():.2g} that are the same for all",
                remedy="Nothing could be seen in them: probe it with weights that are not zero, "
                "e.g. random ones for an output projection that starts at zero.",
            )
        return float(np.abs(y).max())

    def run(
        self, function: Callable[..., Any] | None, *arrays: Array, size: float | None = None
    ) -> tuple[Array, float]:
        """What a function of the module gives for arrays, as doubles, and its rounding.

        What is returned may differ by ``rounding`` times (``size`` + its largest number).
        """
        with precision(self.framework, self.dtype):
            found = (function or self.call)(*(self.array(a) for a in arrays))
            return self.read(found, size)

    def read(self, found: Any, size: float | None = None) -> tuple[Array, float]:
        """An output as doubles, and what it may differ by; Violation for what is not finite."""
        values = as_numpy(found).astype(float)
        require(np.isfinite(values), "an output is not finite")
        largest = float(np.abs(values).max(initial=0)) + (self.size if size is None else size)
        relative = rounding(found) if self.rounding is None else float(self.rounding)
        return values, relative * largest

    def outputs(
        self, x: Array, *more: Array, of: Any = None, size: float | None = None
    ) -> tuple[Array, float]:
        """``call``, or another function, on tokens (batch, tokens, width), batched or not."""
        if self.batched:
            found, slack = self.run(of, x, *more, size=size)
        else:
            each = zip(x, *_for_each(more, len(x)), strict=True)
            rows = [self.run(of, *row, size=size) for row in each]
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
