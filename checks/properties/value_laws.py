"""Laws of an attention (X, V) -> outputs of tokens X, rows, and a matrix V of values."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from checks.properties import strategies as vs
from checks.properties.frameworks import Framework, as_numpy, maker, precision
from checks.properties.frameworks import rounding as of_dtype
from checks.properties.probe import require

Real = float | int
Matrix = Float[np.ndarray, "_ _"]
ROUNDING = 1e-9
LAWS = (
    "permutation equivariance", "Lipschitz on the ball", "bounded output", "homogeneity",
    "one token gives V x", "repeated tokens give V x", "rows are convex combinations",
    "large logits",
)  # fmt: skip
ORDERLESS, CAUSAL = "permutation equivariance", "later tokens change nothing"
CAUSAL_LAWS = (*(law for law in LAWS if law != ORDERLESS), CAUSAL)
MOST = 8  # tokens
LARGE = 1e4  # of tokens: their logits are of the order of its square


class Called:
    """A function of tokens and values in its framework, and the rounding of what it gives."""

    def __init__(
        self, attention: Callable[..., Any], framework: Framework, dtype: str, given: Real | None
    ) -> None:
        """Refuse a framework that is not there."""
        self.name = getattr(attention, "__name__", "attention")
        self._attention, self._given = attention, given
        self._make, self._scope = maker(framework, dtype), partial(precision, framework, dtype)
        self.rounding = ROUNDING if given is None else given

    def __call__(self, X: Matrix, V: Matrix) -> Matrix:
        """The outputs as doubles; Violation for what is no finite matrix with a row a token."""
        with self._scope():
            raw = self._attention(self._make(X), self._make(V))
        if self._given is None:
            self.rounding = max(ROUNDING, of_dtype(raw))
        found = as_numpy(raw).astype(float)
        require(found.ndim == 2 and len(found) == len(X), f"the output has shape {found.shape}")
        require(np.isfinite(found), "an output is not finite")
        return found


def drawn(d: int) -> Mapping[str, Mapping[str, Any]]:
    """What each law draws."""
    inside = vs.tokens(3, d, radius=0.5)
    any_tokens = {"X": vs.tokens(st.integers(1, MOST), d), "V": vs.weights(d, d, scales=(1.0, 1e3))}
    some_values = {"X": vs.tokens(st.integers(2, MOST), d), "V": vs.rotations(d)}
    return {
        "permutation equivariance": {**any_tokens, "turn": st.integers(1, MOST - 1)},
        "Lipschitz on the ball": {
            "X": inside,
            "move": inside,
            "size": st.sampled_from([1.0, 2.0**-10, 2.0**-20]),  # the small ones find jumps
            "V": vs.weights(d, d, scales=(1.0,)),
        },
        "bounded output": any_tokens,
        "homogeneity": {**any_tokens, "factor": vs.numbers(-4, 4)},
        "one token gives V x": {**any_tokens, "X": vs.tokens(1, d)},
        "repeated tokens give V x": {
            **any_tokens,
            "X": vs.tokens(st.integers(2, MOST), d, kinds=("repeated",)),
        },
        "rows are convex combinations": some_values,
        "large logits": some_values,
        CAUSAL: {**any_tokens, "kept": st.integers(1, MOST - 1)},
    }


def properties(
    values: Called, lipschitz: Real, bound: Real, causal: bool
) -> Mapping[str, Callable[..., None]]:
    """The laws as properties."""

    def equivariant(X: Matrix, V: Matrix, turn: int) -> None:
        order = np.roll(np.arange(len(X)), turn)
        off = np.abs(values(X[order], V) - values(X, V)[order]).max()
        require(off <= values.rounding * (1 + _norm(V)), f"an output changes by {off:.3g}")

    def continuous(X: Matrix, move: Matrix, size: Real, V: Matrix) -> None:
        X = np.broadcast_to(X, (max(len(X), len(move)), X.shape[1]))  # one token may be drawn
        Y = X + size * move
        moved = np.linalg.norm(values(Y, V) - values(X, V), axis=1).max()
        allowed = lipschitz * _norm(V) * np.linalg.norm(Y - X, axis=1).max()
        require(
            moved <= allowed + values.rounding, f"an output moves by {moved:.3g} > {allowed:.3g}"
        )

    def bounded(X: Matrix, V: Matrix) -> None:
        largest, allowed = np.linalg.norm(values(X, V), axis=1).max(), bound * _norm(V)
        require(largest <= allowed * (1 + values.rounding), f"an output has norm {largest:.3g}")

    def homogeneous(X: Matrix, V: Matrix, factor: Real) -> None:
        off = np.abs(values(X, factor * V) - factor * values(X, V)).max()
        require(off <= values.rounding * (1 + abs(factor) * _norm(V)), f"off by {off:.3g}")

    def averaging(X: Matrix, V: Matrix) -> None:
        found, wanted = values(X, V), X @ V.T
        require(found.shape == wanted.shape, f"the output has shape {found.shape}")
        off = np.abs(found - wanted).max()
        require(off <= values.rounding * (1 + _norm(V)), f"an output differs from V x by {off:.3g}")

    def convex(X: Matrix, V: Matrix) -> None:
        found, seen = values(X, V), X @ V.T
        require(found.shape == seen.shape, f"the output has shape {found.shape}")
        least, most = (
            f.accumulate(seen) if causal else f.reduce(seen) for f in (np.minimum, np.maximum)
        )
        beyond = max((least - found).max(), (found - most).max())
        require(
            beyond <= values.rounding * (1 + np.abs(seen).max()),
            f"an output is {beyond:.3g} beyond the values of the tokens",
        )

    def large(X: Matrix, V: Matrix) -> None:
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is judged
            convex(LARGE * X, V)

    def unforeseen(X: Matrix, V: Matrix, kept: int) -> None:
        first = X[:kept]
        off = np.abs(values(X, V)[:kept] - values(first, V)).max()
        require(off <= values.rounding * (1 + _norm(V)), f"an output changes by {off:.3g}")

    laws = (equivariant, continuous, bounded, homogeneous, averaging, averaging, convex, large)
    return {**dict(zip(LAWS, laws, strict=True)), CAUSAL: unforeseen}


def _norm(V: Matrix) -> float:
    return float(np.linalg.norm(V, 2))
