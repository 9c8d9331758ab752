"""A result shows itself in a line, in a notebook and as a plot."""

import numpy as np
import pytest
import sympy as sp

from checks.verdicts import IdentityClaim, Mutant, RateClaim, judge

N = sp.Symbol("n", positive=True)


def error(size, keys):
    return np.array([np.random.default_rng(k).lognormal(0, 0.3) / size["n"] for k in keys])


@pytest.fixture(scope="module")
def result():
    return judge(
        RateClaim(
            id="my/rate", statement="It falls & <b>fast</b>, as $n^{-1}$.", kind="exact",
            predicted=1 / N, margin=0.1, sizes={"n": [8, 16, 32, 64, 128, 256]}, error=error,
        )
    )  # fmt: skip


def test_the_repr_is_one_line_with_the_verdict(result) -> None:
    assert repr(result).startswith("my/rate: SUPPORTED, exponent")
    assert "\n" not in repr(result)


def test_a_notebook_shows_verdict_and_planted_errors_and_obeys_no_statement(result) -> None:
    shown = result._repr_html_()
    assert "It falls &amp; &lt;b&gt;fast&lt;/b&gt;, as n⁻¹." in shown
    assert shown.count("<li>") == len(result.mutants)
    assert shown.count(": REFUTED</li>") == len(result.mutants)


def test_the_plot_has_what_was_measured_and_the_fit(result) -> None:
    axes = result.plot()
    assert axes.get_xscale() == axes.get_yscale() == "log"
    (bars,) = axes.containers
    assert bars.lines[0].get_xdata().tolist() == result.series[0]["x"]
    assert np.allclose(bars.lines[0].get_ydata(), result.series[0]["mean"])
    assert result.plot(axes) is axes
    axes.figure.savefig("/dev/null", format="svg")


def test_a_result_without_curves_says_so() -> None:
    claim = IdentityClaim(
        id="my/zero", sizes={"n": [1]}, residual=lambda s, k: np.zeros(len(k)), tolerance=1e-9,
        mutants=[Mutant("one", "one", {"residual": lambda s, k: np.ones(len(k))})],
    )  # fmt: skip
    found = judge(claim)
    if not found.series:
        with pytest.raises(ValueError, match="expected a result with curves"):
            found.plot()
