r"""A wide random layer keeps the norm of its input.

The finite model is one linear layer of width n with independent Gaussian weights of variance 1/n.
Mean and variance of the squared norm of its output are computed from it, not typed in: the mean is
the squared norm of the input, and the variance falls like 1/n.
"""

import sympy as sp

import verilimit as vl

n = vl.size("n", "width")
i, j, k, p, q, r = vl.indices("i j k p q r", n)
W, x = vl.array("W", n, n, meaning="weights"), vl.array("x", n, meaning="input")
v = vl.symbol("v", meaning="variance of the squared norm", real=True)
WEIGHTS = {W: 1}  # the variance of an entry; the layer divides by the square root of n


def output(at: sp.Idx, over: sp.Idx) -> sp.Expr:
    """The finite model: y = W x / sqrt(n)."""
    return vl.total(W[at, over] * x[over], over) / sp.sqrt(n)


def derivation() -> vl.Derivation:
    """Mean and variance of the squared norm, over the weights."""
    square = vl.total(output(i, j) * output(i, k), i)
    again = vl.total(output(p, q) * output(p, r), p)
    kept = vl.total(x[i] ** 2, i)
    variance = vl.covariance(square, again, WEIGHTS)
    steps = (
        vl.Step(
            "mean", vl.expectation(square, WEIGHTS), kept, "Wick: E W_ij W_ik = [j = k]",
            uses=("variance-one", "independence"), kind="derived",
        ),
        vl.Step(
            "variance", variance, 2 / n * kept * vl.total(x[j] ** 2, j),
            "Wick: two of the three pairings join the two norms, and share one row",
            uses=("mean", "variance-one", "independence"), kind="derived",
        ),
    )  # fmt: skip
    spread = vl.Function(
        vl.define("spread", (), vl.canonical(variance)), (x,),
        "Variance of the squared norm of the output, over the weights.", "the step “variance”",
    )  # fmt: skip
    return vl.Derivation(steps, (spread,), statement=("mean", "variance"))


theorem = vl.Theorem(
    title="A wide random layer keeps norms",
    statement="The squared norm of y = W x / sqrt(n) is that of x, up to an error of order "
    "n**-1/2 whose variance is 2/n times the fourth power of the norm of x.",
    equations=(sp.Eq(v, 2 / n * vl.total(x[i] ** 2, i) * vl.total(x[j] ** 2, j)),),
    reference="textbook",
    source=vl.Source.RECONSTRUCTED,
    source_note="Stated and derived here.",
    assumptions=(
        vl.Assumption("variance-one", "The entries of W have variance one."),
        vl.Assumption("independence", "The entries of W are independent."),
    ),
    rate=vl.Rate(n ** -sp.Rational(1, 2), vl.Kind.EXACT),
    derive=derivation,
)  # fmt: skip
