"""Property tests of a user's own attention: what the rooms assume of it, in one line of pytest.

``test_my_attention = probe_attention(my_attention)`` in a test file makes one test item a law.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from jaxtyping import Float

from checks.properties import strategies as vs
from checks.properties.probe import PROFILES, Found, as_code, require, search

Real = float | int
Matrix = Float[np.ndarray, "_ _"]
Attention = Callable[..., Any]  # (tokens, values) -> outputs; NumPy or JAX arrays, rows are tokens
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


def probe_attention(
    attention: Attention,
    *,
    d: int = 2,
    lipschitz: Real = 4.0,
    bound: Real = 1.0,
    rounding: Real = ROUNDING,
    causal: bool = False,
    laws: tuple | None = None,
    examples: int = 100,
) -> Callable[[str], None]:
    """A pytest test with one item a law, for ``attention(X, V)`` of tokens X (rows) and values V.

    X is (T, d) with T from 1 to 8 and V is (d, d); the result has one row a token. The laws:

    - permutation equivariance: reordering tokens reorders outputs (the McKean-Vlasov limits);
    - Lipschitz on the ball: tokens of the unit ball that move by at most s move an output by at
      most ``lipschitz`` |V| s; the default 4 is that of softmax attention with Q^T K = I;
    - bounded output: outputs of tokens in the unit ball have a norm of at most ``bound`` |V|;
    - homogeneity: of degree one in V (partial homogeneity, as mean-field limits want it);
    - one token gives V x: it can attend to itself only, with weight one. This sees values that are
      multiplied by V^T, and weights that do not sum to one;
    - repeated tokens give V x: so does any number of equal tokens, however they are weighted;
    - rows are convex combinations: with V a rotation, each output coordinate lies between
      the least and the largest of the values that the token may see. This finds weights that are
      normalised over the wrong axis, or over all tokens together, and negative ones;
    - large logits: so it is for tokens 1e4 times as large, whose exponentials overflow without a
      shift by the maximum of the row.

    With ``causal=True`` a token may see itself and those before it: the order matters, so that
    permutation equivariance is left out, and

    - later tokens change nothing: outputs are those of the tokens without the later ones,

    is added. ``laws`` chooses among these. No law knows the scale of the logits: 1/d in place of
    1/sqrt(d) is another attention, and obeys them all.

    ``rounding`` is allowed beyond each; choose 1e-5 or so for float32. Raises ValueError for a law
    that is not among these.
    """
    known = CAUSAL_LAWS if causal else LAWS
    laws = known if laws is None else laws
    if unknown := [law for law in laws if law not in known]:
        raise ValueError(f"expected laws among {', '.join(known)}; received {', '.join(unknown)}")
    checks = _checks(attention, lipschitz, bound, rounding, causal)
    profile = settings(PROFILES["ci"], max_examples=examples)

    @pytest.mark.parametrize("law", laws)
    def test_attention(law: str) -> None:
        holds, inputs = checks[law], _inputs(d)[law]
        found = search(holds, inputs, profile)
        if found.found is Found.FAILS:
            pytest.fail(_message(attention, law, found.counterexample or {}, found.message), False)

    return test_attention


def _message(attention: Attention, law: str, example: Mapping[str, Any], why: str) -> str:
    name = getattr(attention, "__name__", "attention")
    lines = [f"    {key} = {as_code(value)}" for key, value in example.items()]
    return "\n".join([f"{name} lacks {law}: {why}, for", *lines])


def _inputs(d: int) -> Mapping[str, Mapping[str, Any]]:
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


def _checks(
    attention: Attention, lipschitz: Real, bound: Real, rounding: Real, causal: bool
) -> Mapping[str, Callable[..., None]]:
    """The laws as properties."""

    def values(X: Matrix, V: Matrix) -> Matrix:
        found = np.asarray(attention(X, V), dtype=float)
        require(found.ndim == 2 and len(found) == len(X), f"the output has shape {found.shape}")
        require(np.isfinite(found), "an output is not finite")
        return found

    def equivariant(X: Matrix, V: Matrix, turn: int) -> None:
        order = np.roll(np.arange(len(X)), turn)
        off = np.abs(values(X[order], V) - values(X, V)[order]).max()
        require(off <= rounding * (1 + _norm(V)), f"an output changes by {off:.3g}")

    def continuous(X: Matrix, move: Matrix, size: Real, V: Matrix) -> None:
        X = np.broadcast_to(X, (max(len(X), len(move)), X.shape[1]))  # one token may be drawn
        Y = X + size * move
        moved = np.linalg.norm(values(Y, V) - values(X, V), axis=1).max()
        allowed = lipschitz * _norm(V) * np.linalg.norm(Y - X, axis=1).max()
        require(moved <= allowed + rounding, f"an output moves by {moved:.3g} > {allowed:.3g}")

    def bounded(X: Matrix, V: Matrix) -> None:
        largest, allowed = np.linalg.norm(values(X, V), axis=1).max(), bound * _norm(V)
        require(largest <= allowed * (1 + rounding), f"an output has norm {largest:.3g}")

    def homogeneous(X: Matrix, V: Matrix, factor: Real) -> None:
        off = np.abs(values(X, factor * V) - factor * values(X, V)).max()
        require(off <= rounding * (1 + abs(factor) * _norm(V)), f"off by {off:.3g}")

    def averaging(X: Matrix, V: Matrix) -> None:
        found, wanted = values(X, V), X @ V.T
        require(found.shape == wanted.shape, f"the output has shape {found.shape}")
        off = np.abs(found - wanted).max()
        require(off <= rounding * (1 + _norm(V)), f"an output differs from V x by {off:.3g}")

    def convex(X: Matrix, V: Matrix) -> None:
        found, seen = values(X, V), X @ V.T
        require(found.shape == seen.shape, f"the output has shape {found.shape}")
        least, most = (
            f.accumulate(seen) if causal else f.reduce(seen) for f in (np.minimum, np.maximum)
        )
        beyond = max((least - found).max(), (found - most).max())
        require(
            beyond <= rounding * (1 + np.abs(seen).max()),
            f"an output is {beyond:.3g} beyond the values of the tokens",
        )

    def large(X: Matrix, V: Matrix) -> None:
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is judged
            convex(LARGE * X, V)

    def unforeseen(X: Matrix, V: Matrix, kept: int) -> None:
        first = X[:kept]
        off = np.abs(values(X, V)[:kept] - values(first, V)).max()
        require(off <= rounding * (1 + _norm(V)), f"an output changes by {off:.3g}")

    laws = (equivariant, continuous, bounded, homogeneous, averaging, averaging, convex, large)
    return {**dict(zip(LAWS, laws, strict=True)), CAUSAL: unforeseen}


def _norm(V: Matrix) -> float:
    return float(np.linalg.norm(V, 2))
