"""Words with formulas: what is typeset, what stays as it is, and which symbols are declared."""

import pytest

from theory.codegen.unicode import unicode
from theory.language.prose import pieces, plain, undeclared


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"V A^\top", "V Aᵀ"),
        (r"\frac{1}{L} + \frac{a + b}{\sqrt[3]{L} \sqrt{H}}", "1/L + (a + b)/(∛L √H)"),
        (r"{V}^{\alpha \beta} = \sum_{\nu} {M}^{\alpha \nu}", "V^(α β) = Σ_ν M^(α ν)"),
        (r"\operatorname{tr}\left(A B\right)", "tr(A B)"),
        (r"x_{t+1}^{2} \log n", "xₜ₊₁² log n"),
        (r"\mathrm{heads} \gamma^{2} - \bar{\lambda}'", "heads γ² − λ̄'"),
        (r"L^{-1/3}", "L^(−1/3)"),
        (r"\unknown{x}", "unknown x"),
    ],
)
def test_a_formula_is_one_line_of_unicode(latex: str, text: str) -> None:
    assert unicode(latex) == text


def test_formulas_stand_between_dollars_that_touch_them() -> None:
    assert list(pieces("at $L^2$, or $5 and $6")) == [
        (False, "at "), (True, "L^2"), (False, ", or $5 and $6"),
    ]  # fmt: skip
    assert plain(r"at rate $L^{-1} + \tau_0$.") == "at rate L⁻¹ + τ₀."


@pytest.mark.parametrize(
    "text", [r"$\href{x}{y}$", r"$\input{x}$", "$a}{b$", r"$\left( a$", "$a & b$", "$a % b$"]
)
def test_what_does_more_than_print_is_no_formula(text: str) -> None:
    assert list(pieces(text)) == [(False, text)]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (r"$V_{ab} \to \log n$ and $c_+$", ["c_+"]),
        (r"$\bar\lambda' < 0$, $\lambda$", [r"\lambda"]),
        (r"$\tau_0 + \tau_1$", [r"\tau_1"]),
        (r"no formula, L^2", []),
        (r"$\exp(-x)$", ["x"]),
    ],
)
def test_symbols_in_words_are_those_of_the_notation(text: str, missing: list[str]) -> None:
    assert undeclared(text, ["V", "n", r"\bar{\lambda}'", r"\tau_{0}"]) == missing
