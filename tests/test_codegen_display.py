"""A displayed formula says what the code computes: signs and brackets survive the printing."""

import sympy as sp

from theory.calculus.indices import array, indices, size, total
from theory.codegen.latex import latex
from theory.codegen.lower import Lowering

n = size("n")
i, j = indices("i j", n)
X, A = array("X", n, n), array("A", n)
s, t = sp.symbols("s t", positive=True)


def test_the_minus_of_a_lone_term_stands_before_its_weight() -> None:
    text = latex(A[i] - s * t * A[i] * X[i, j] - total(X[i, j], j) / n)
    assert "- s t " in text
    assert not any(f"{weight} -" in text for weight in ("s t", r"\frac{1}{n}"))


def test_a_weight_that_is_a_sum_gets_brackets() -> None:
    assert latex(A[i] - (s + 1) * X[i, j]) in (
        rf"{latex(A[i])} - \left(s + 1\right) {latex(X[i, j])}",
        rf"- \left(s + 1\right) {latex(X[i, j])} + {latex(A[i])}",
    )


def test_a_scalar_case_distinction_becomes_a_where_with_a_safe_branch() -> None:
    r = sp.Symbol("r", real=True)
    lowering = Lowering(taken={"s", "r"})
    result = lowering.output(s + sp.Piecewise((0, r <= 0), (sp.sqrt(r), True)), ())
    assert result == f"s + {list(lowering.known.values())[-1]}"
    assert "jnp.sqrt(r)" not in " ".join(lowering.lines)
    assert lowering.lines[-1].startswith("t2 = jnp.where(r <= 0, 0, jnp.sqrt(t1))")
