"""Scaling collapse: an error depends on its sizes through one monomial alone, or not."""

import subprocess
import sys

import numpy as np
import pytest
import sympy as sp

from checks.verdicts import ClaimError, Data, IndependenceClaim, Verdict, judge
from checks.verdicts.trends import slices
from theory.language.rate import Rate

L, n = sp.symbols("L n", positive=True)
SIZES = {"L": [2, 4, 8, 16], "n": [4, 8, 16, 32]}


def collapse(truth, **fields) -> IndependenceClaim:
    def error(size, keys):
        draws = [np.random.default_rng([*key, *size.values()]).standard_normal() for key in keys]
        return truth(**size) * np.exp(0.2 * np.array(draws))

    given = {"sizes": SIZES, "size": "L", "through": L / n, "cap": 1024, **fields}
    return IndependenceClaim(id="user/collapse", error=error, **given)


def test_what_depends_on_the_quotient_alone_is_supported_though_it_varies() -> None:
    result = judge(collapse(lambda L, n: L / n / (1 + L / n)))
    assert result.verdict is Verdict.SUPPORTED, result.because
    assert any("alone with their L/n" in note for note in result.notes)
    assert all(m.verdict is Verdict.REFUTED for m in result.mutants)
    by_size = judge(collapse(lambda L, n: L / n / (1 + L / n), through=None))
    assert by_size.verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    "truth",
    [
        lambda L, n: L / n**1.4,
        lambda L, n: (L / n) ** 0.5 + L**-0.5,
        lambda L, n: L / n * (1.8 if L == n == 8 else 1.0),
    ],
)
def test_what_depends_on_another_combination_too_is_refuted(truth) -> None:
    assert judge(collapse(truth)).verdict is Verdict.REFUTED


def test_slices_are_the_points_of_one_value() -> None:
    result = judge(collapse(lambda L, n: 1.0, cap=64))
    compared = {test.name.split(" at ")[1] for test in result.tests}
    assert compared == {f"L/n={z}" for z in (0.125, 0.25, 0.5, 1.0, 2.0)}
    quotients = {size["L"] / size["n"] for size in result.sizes}
    assert len(quotients) == 7  # two corners are alone


def test_real_sizes_collapse_by_their_values_and_not_by_their_digits() -> None:
    sizes = {"L": [0.1, 0.2, 0.4, 0.8], "n": [0.3, 0.6, 1.2, 2.4]}
    result = judge(
        IndependenceClaim(
            id="user/real", sizes=sizes, size="L", through=L / n,
            error=lambda size, keys: np.full(len(keys), size["L"] / size["n"]),
        )
    )  # fmt: skip
    assert result.verdict is Verdict.SUPPORTED, result.because


@pytest.mark.parametrize(
    ("through", "sizes"),
    [
        (L / n**2, {"L": [4, 64, 256, 1024, 4096], "n": [1024, 2048, 4096, 8192]}),
        (L / n, {"L": [2.0**k for k in range(6)], "n": [1000 * 2.0**k for k in range(16)]}),
        ((L / n) ** 600, {"L": [2, 4, 8, 16], "n": [4, 8, 16, 32]}),
    ],
)
def test_slices_are_those_of_rational_arithmetic(through, sizes) -> None:
    """Rounding splits no diagonal, and no value is too large."""
    claim = collapse(lambda L, n: 1.0, through=through, sizes=sizes)
    points = claim.at("smoke").points
    exact: dict[sp.Expr, set[int]] = {}
    for k, point in enumerate(points):
        value = through.subs({L: int(point["L"]), n: int(point["n"])})
        exact.setdefault(value, set()).add(k)
    found = slices(Data(points, {}, 0), "L", Rate(through))
    assert sorted(sorted(map(int, members)) for _, members in found) == sorted(
        sorted(members) for members in exact.values() if len(members) > 1
    )
    assert len({str(rest) for rest, _ in found}) == len(found)


@pytest.mark.parametrize(
    "fields",
    [
        {"through": L / n + 1 / n},
        {"through": 1 / n},
        {"through": L / n, "size": "m"},
        {"sizes": {"L": [2, 3, 5], "n": [7, 11, 13]}},
    ],
)
def test_no_monomial_of_all_sizes_or_no_two_points_alike_are_refused(fields) -> None:
    with pytest.raises(ClaimError, match="user/collapse"):
        collapse(lambda L, n: 1.0, **fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"through": 2 * L / n}, "coefficient 1"),
        ({"through": sp.log(L) / n, "sizes": {**SIZES, "L": [1, 2, 4, 16]}}, "at least 2"),
        ({"sizes": {**SIZES, "T": [1, 2, 4]}, "through": L * sp.Symbol("T") / n}, "repeat others"),
    ],
)
def test_a_refusal_names_the_claim_and_what_is_wrong(fields, said) -> None:
    with pytest.raises(ClaimError, match=f"claim user/collapse: .*{said}"):
        collapse(lambda L, n: 1.0, **fields)


TYPES = """
from verilimit import ClaimError, IndependenceClaim, LocationClaim

collapse = dict(sizes={"L": [2, 4], "n": [4, 8]}, size="L", error=print)
optimum = dict(sizes={"x": [1, 2, 3], "n": [4, 8]}, over="x", exponent=-1, value=print)
for kind, fields, wrong in (
    (IndependenceClaim, collapse, {"through": "L/n"}),
    (IndependenceClaim, collapse, {"size": None}),
    (IndependenceClaim, collapse, {"size": ["L"]}),
    (LocationClaim, optimum, {"exponent": None}),
    (LocationClaim, optimum, {"over": ["x"]}),
    (LocationClaim, optimum, {"size": 3}),
):
    try:
        kind(id="user/of-types", **{**fields, **wrong})
    except ClaimError as error:
        assert str(error).startswith("claim user/of-types: expected"), error
    else:
        raise AssertionError(f"{kind.__name__} took {wrong}")
"""


def test_wrong_types_are_refused_by_name_where_nothing_checks_them() -> None:
    """The tests check annotations as they run; a user's process does not."""
    subprocess.run([sys.executable, "-c", TYPES], check=True)


def test_the_picture_has_one_curve_a_diagonal() -> None:
    result = judge(collapse(lambda L, n: L / n, cap=64))
    labels = [series["label"] for series in result.series]
    assert sorted(labels) == [f"mean error, L/n={z}" for z in (0.125, 0.25, 0.5, 1.0, 2.0)]
