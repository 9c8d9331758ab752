"""Terms that are added in quadrature: e = sqrt(A^2 + B^2)."""

import numpy as np
import pytest
import sympy as sp

from checks.recorded.monomials import read_rate
from checks.suite.problem import InputProblem
from checks.verdicts import Data, Mutant, RateClaim, Verdict, judge, mutants_of
from checks.verdicts.levels import Levels
from checks.verdicts.rated import RateRule, excess_exponents
from checks.verdicts.shapes import log_prediction
from tests.recorded_tables import judged, table
from theory.language.rate import Kind, Rate, normal_form

n, L, H = sp.symbols("n L H", positive=True)
ROOT = sp.sqrt(L**-2 + 1 / (L * H))
GRID = {"L": [8, 16, 32, 64, 128], "H": [1, 2, 4, 8, 16]}
POINTS = tuple({"L": a, "H": b} for a in GRID["L"] for b in GRID["H"])


def root(L, H):
    return (L**-2.0 + 0.25 / (L * H)) ** 0.5


def signed(size, keys):
    """Two independent normal parts: their variances are added."""
    draws = np.array(
        [np.random.default_rng([*key, *size.values()]).standard_normal(2) for key in keys]
    )
    return np.abs(draws @ [1 / size["L"], 0.5 * (size["L"] * size["H"]) ** -0.5])


def claim(**fields) -> RateClaim:
    given = {"predicted": ROOT, "kind": "exact", "error": signed, "statistic": "rms", **fields}
    return RateClaim(id="user/root", sizes=GRID, seeds=64, cap=1024, **given)


def test_its_terms_are_those_of_the_error_and_its_sum_is_of_the_square() -> None:
    rate = Rate(ROOT, Kind.EXACT)
    assert set(rate.terms) == {1 / L, (L * H) ** sp.Rational(-1, 2)}
    assert rate.as_sum == Rate(L**-2 + 1 / (L * H), Kind.EXACT)
    assert rate.power == 2
    assert rate.as_sum.power == 1
    assert rate.times(sp.sqrt(L)) == sp.sqrt(1 / L + 1 / H)
    found = np.exp(log_prediction(rate, Data(POINTS, {}, 0)))
    expected = [(p["L"] ** -2.0 + 1 / (p["L"] * p["H"])) ** 0.5 for p in POINTS]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize(
    "written", [sp.sqrt(1 / L + 1 / H) / sp.sqrt(L), ROOT, sp.sqrt(L**-2 * (1 + L / H))]
)
def test_a_root_is_brought_to_one_form(written: sp.Expr) -> None:
    assert normal_form(written) == ROOT


@pytest.mark.parametrize(
    "wrong", [sp.sqrt(2 / L + 1 / H), (1 / L + 1 / H) ** sp.Rational(1, 3), 1 / L + ROOT]
)
def test_what_is_no_root_of_a_sum_is_refused(wrong: sp.Expr) -> None:
    with pytest.raises(ValueError, match="square root of one"):
        claim(predicted=wrong)


def test_variances_that_add_up_are_supported_and_every_planted_error_is_seen() -> None:
    result = judge(claim())
    assert result.verdict is Verdict.SUPPORTED, result.because
    names = {mutant.id for mutant in mutants_of(claim())}
    assert names == {
        "auto-faster-L",
        "auto-slower-L",
        "auto-faster-H",
        "auto-slower-H",
        "auto-floor",
    }
    (share,) = (test for test in result.tests if test.name.startswith("floor share"))
    assert "of the square" in share.name


WRONG = {
    "one product claimed": {"predicted": 1 / (L * sp.sqrt(H))},
    "1/H in place of its root": {"predicted": sp.sqrt(L**-2 + 1 / (L * H**2))},
    "a floor": {"error": lambda size, keys: signed(size, keys) + root(128, 16)},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_root_is_refuted(wrong: str) -> None:
    mutant = Mutant("wrong", wrong, WRONG[wrong])
    assert judge(claim().planted(mutant)).verdict is Verdict.REFUTED


def test_exponents_and_margins_are_those_of_the_error_and_not_of_its_square() -> None:
    data = Data(POINTS, {}, 0)
    logs = np.log([root(**p) * p["L"] ** 0.07 for p in POINTS])
    levels = Levels(logs, 1e-10 * np.eye(25), 1000, np.ones(25))
    rule = RateRule(Rate(ROOT, Kind.EXACT), 0.1, "auto", 0.25)
    gamma = dict(zip(rule.rate.sizes, excess_exponents(rule, levels, data), strict=True))
    assert gamma["L"] == pytest.approx(0.07, abs=1e-4)
    assert gamma["H"] == pytest.approx(0, abs=1e-4)
    found = judge(claim()).tests
    assert {t.high for t in found if t.name.startswith("excess")} == {0.1}


def test_a_text_is_a_root_of_a_sum() -> None:
    assert read_rate("sqrt(L^-2 + L^-1 H^-1)") == ROOT
    assert read_rate(" sqrt ( log(n)^2 n^-1 ) ") == sp.log(n) / sp.sqrt(n)
    for wrong in ("sqrt(n^-1) + n^-2", "sqrt(n^-1", "sqrt()", "sqrt(sqrt(n))", "n sqrt(n + 1)"):
        with pytest.raises(InputProblem, match="sum of monomials"):
            read_rate(wrong)


def test_runs_in_a_table_are_judged_in_quadrature() -> None:
    data = table(lambda k: (k**-2.0 + 0.1 / k) ** 0.5)
    assert judged(data, "sqrt(n^-2 + 1/n)").verdict is not Verdict.REFUTED
    assert judged(data, "sqrt(n^-4 + n^-3)").verdict is Verdict.REFUTED
