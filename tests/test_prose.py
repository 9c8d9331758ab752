"""Words with formulas: what is typeset, what stays as it is, and which symbols are declared."""

import pytest

from checks.report.mathml import mathml
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
        (r"{x^{y}}^{z} + {x_{i}}^{2} + x_{i}^{2}", "(xʸ)ᶻ + xᵢ² + xᵢ²"),
        (r"\frac{a}{b}! + \frac{1}{n!}", "(a/b)! + 1/(n!)"),
        (r"2{\binom{n}{k + 1}}^{2}", "2 binom(n, k + 1)²"),
        (r"\sqrt[k/2]{x} + \sqrt[k]{x + 1}", "root(k/2, x) + ᵏ√(x + 1)"),
        (r"\frac{1}{2n}", "1/(2n)"),
        (r"\frac{1}{\log n} + \frac{2n}{y_{1}^{3}}", "1/(log n) + 2n/y₁³"),
        (r"\frac{\sin\theta}{2} + \frac{1}{\exp(x)}", "(sin θ)/2 + 1/exp(x)"),
        (r"\frac{a}{b}c", "(a/b)c"),
        (r"c \frac{a}{b} - \frac12 \|x\|", "c a/b − (1/2) ‖x‖"),
        (r"\log\frac{a}{b}, \left(\frac{a}{b}\right)^2", "log(a/b), (a/b)²"),
        (r"\frac{a}{b}^{2} + \frac{\frac{a}{b}}{c}", "(a/b)² + (a/b)/c"),
        (r"\frac{d}{d x} f + \frac{\partial f}{\partial x}", "(d/dx) f + ∂f/∂x"),
        (r"(1 + \tau)^{T} A^{\top}", "(1 + τ)^T Aᵀ"),
        (r"\sqrt{2}x + \sqrt{2}\log n + \sqrt{2}^{3}", "√2 x + √2 log n + (√2)³"),
        (r"\left\lceil{\frac{a}{b}}\right\rceil", "⌈a/b⌉"),
        (r"\mathrm{attention}_{\mathrm{head}}^{i}", "attention_headⁱ"),
        (r"\tanh^{2}{\left(x\right)} \log^{2}n", "tanh²(x) log² n"),
        (
            r"\begin{cases} 0 & \text{for}\: x < 1 \\\frac{x}{2} & \text{otherwise} \end{cases}",
            "{0, for x < 1; x/2, otherwise}",
        ),
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
    "formula",
    [
        "a^b^c", "a_b_c", "a^b ^c", "x^2'", "x'_i^2", "x_", "x^", "{x_}", r"\hat", r"\hat^2",
        r"\bar\mathbf{x}", r"\frac{a}", r"\sqrt", r"x^\frac{a}{b}", r"x_\hat{a}", r"\left",
        r"x^\left(a\right)", r"\left\alpha x \right)", r"\left( {a \right) }", r"\text{a_b}",
        r"x_\,",
    ],
)  # fmt: skip
def test_what_latex_would_stop_at_is_no_formula(formula: str) -> None:
    text = f"so ${formula}$ it is"
    assert list(pieces(text)) == [(False, text)]


@pytest.mark.parametrize(
    "formula",
    [
        "a_i^2", "a^2_i", "x''_i", "x'^2", "^2", "x^*", "x^{y^z}", "{a^b}^c", r"\bar\lambda'",
        r"\left( a \right)^2", r"\left. a \right|_{x}", r"\frac12", r"\sqrt[3]{L}", r"\sqrt n",
        r"x_\mathrm{max}", r"x_{\text{if a}}", r"A^\top", r"\left\|x\right\|^2", r"\lceil x \rceil",
        r"\sum_{i=1}^n", r"\lim_{n \to \infty} x_+",
    ],
)  # fmt: skip
def test_what_latex_sets_is_a_formula_and_has_mathml(formula: str) -> None:
    assert list(pieces(f"${formula}$")) == [(True, formula)]
    assert mathml(formula)


@pytest.mark.parametrize("text", ["US$HOME/$USER", "$HOME/$USER", "the $n$th", "US$1 or A$2"])
def test_dollars_that_letters_touch_are_dollars(text: str) -> None:
    assert list(pieces(text)) == [(False, text)]
    assert list(pieces(f"{text} for $x$")) == [(False, f"{text} for "), (True, "x")]


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
