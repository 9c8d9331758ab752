r"""What collapsed attention looks like: malignant for rank one, benign for definite W, and between.

The logits are X^T W X with tokens in the columns of X. Malignant collapse leaves few rows of
attention, benign collapse leaves the identity; a W of rank r leaves at most as many rows as the
tokens' projections have hull vertices.

Reference: Qi et al., ICLR 2025, arXiv:2505.21910, names the two modes; the statements here are
reconstructed.
"""

import sympy as sp

from theory.calculus.indices import array, define, indices, size, substitute, symbol, total
from theory.language import Step
from theory.spectral_concentration.entropy import tokens

d = size("d", "embedding dimension")
n = size("n", "number of tokens")
r = size("r")
e, f = indices("e f", d)
i, j, k = indices("i j k", n)
(c,) = indices("c", r)
X = array("X", d, n, meaning="tokens, one a column, d by n")
W = array("W", d, d)


def logits(row: sp.Idx, column: sp.Idx) -> sp.Expr:
    """P in terms of W."""
    return total(X[e, row] * W[e, f] * X[f, column], e, f)


def collapse_steps() -> tuple[Step, ...]:
    """Rank one, rank r, definite, and a counterexample."""
    return (*_rank_one_steps(), *_hull_steps(), *_benign_steps())


def _rank_one_steps() -> tuple[Step, ...]:
    left, right = array("u", d), array("v", d)
    strength, gap = symbol("sigma", latex=r"\sigma_1"), sp.Symbol("gap", positive=True)
    others = (tokens - 1) * sp.exp(-gap)
    return (
        Step(
            "rank one is malignant",
            substitute(logits(i, j), define(W, (e, f), strength * left[e] * right[f])),
            strength * total(left[e] * X[e, i], e) * total(right[e] * X[e, j], e),
            r"logits $\sigma a_i b_j$: every column ranks the tokens by $a_i$ or by $-a_i$, "
            "so $A$ is near a matrix with two rows that are not zero",
        ),
        Step(
            "mass off the maximiser", 1 - 1 / (1 + others), others / (1 + others),
            r"with all gaps at least gap, $1 - A_{\max} \leq (n - 1) \exp(-\mathrm{gap})$",
        ),
    )  # fmt: skip


def _hull_steps() -> tuple[Step, ...]:
    """Rank r: as the scale grows, columns point to vertices of the hull of the projections."""
    U, V, s = array("U", d, r), array("V", d, r), array("s", r, latex=r"\hat\sigma")
    factored = total(U[e, c] * s[c] * V[f, c], c)
    y, g, share = array("y", r, n), array("g", r, latex=r"\tilde g"), array("share", n)
    top = sp.Symbol("top", real=True)
    score = total(g[c] * y[c, k], c)
    return (
        Step(
            "rank $r$ sees projections", substitute(logits(i, j), define(W, (e, f), factored)),
            total(total(U[e, c] * X[e, i], e) * s[c] * total(V[f, c] * X[f, j], f), c),
            r"$W = U \operatorname{diag}(s) V^\top$: column $j$ scores the tokens by a linear "
            r"function of their projections $U^\top x_i$, with coefficients $g = s (V^\top "
            "x_j)$",
        ),
        Step(
            "inner tokens are outscored",
            top - total(g[c] * total(share[k] * y[c, k], k), c),
            total(share[k] * (top - score), k) + top * (1 - total(share[k], k)),
            "a projection that is a mean of others with shares that sum to one scores below the "
            "top by a mean of nonnegative numbers: only a vertex is a unique maximiser. As the "
            "scale grows every column becomes the indicator of its maximiser (the step above), so "
            "A tends to a matrix of rank at most the number of vertices",
            uses=("rank $r$ sees projections",),
        ),
    )  # fmt: skip


def _benign_steps() -> tuple[Step, ...]:
    form, angle = array("S", d, d, symmetric=True), sp.Symbol("theta")
    circle = sp.Matrix([sp.cos(angle), sp.sin(angle)])

    def product(one: sp.Idx, two: sp.Idx) -> sp.Expr:
        return total(X[e, one] * form[e, f] * X[f, two], e, f)

    apart = total((X[e, i] - X[e, j]) * form[e, f] * (X[f, i] - X[f, j]), e, f)
    return (
        Step(
            "a definite $W$ is benign", product(j, j) - product(i, j),
            apart / 2 + (product(j, j) - product(i, i)) / 2,
            "tokens of equal $S$-norm: $P_{jj} - P_{ij} = |x_i - x_j|_S^2 / 2 > 0$, so $A$ "
            "tends to $I$",
        ),
        Step(
            "high concentration without collapse of rank",
            1 - (circle.T * sp.diag(1, 1) * sp.Matrix([1, 0]))[0], 2 * sp.sin(angle / 2) ** 2,
            r"$W = \operatorname{diag}(1, 1, 0, \dots)$ has an SEC(2) of 1; for tokens on a "
            "circle the gap is positive, so $A$ tends to $I$, of rank $n$: only $s = 1$ "
            "forces low rank",
            uses=("a definite $W$ is benign",),
        ),
    )  # fmt: skip
