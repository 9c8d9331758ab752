"""Bad fields of claims and bad tables are refused by what they are, not by a stranger's error."""

from dataclasses import fields
from fractions import Fraction
from typing import Any

import jaxtyping
import numpy as np
import pytest
import sympy as sp

from checks.recorded.claim import RecordedRateClaim
from checks.recorded.comparison import compare
from checks.recorded.estimates import estimate
from checks.recorded.recorded import recorded
from checks.suite.problem import InputProblem
from checks.verdicts import (
    CertifiedClaim,
    Claim,
    ClaimError,
    ConstantClaim,
    DecayClaim,
    FrequencyClaim,
    GrowthClaim,
    IdentityClaim,
    IndependenceClaim,
    InequalityClaim,
    LawClaim,
    LimitClaim,
    MomentClaim,
    MonotoneClaim,
    Mutant,
    RateClaim,
)
from tests.recorded_tables import table
from theory.certify.inequality import Inequality

n = sp.Symbol("n", positive=True)
LEVELS = {"n": [8, 16, 32, 64, 128]}


@pytest.fixture(autouse=True)
def as_users_run_it(monkeypatch) -> None:
    """Without the type checks of the tests, which would refuse a field before the claim does."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def ones(size, keys):
    return np.ones(len(keys))


KINDS: dict[type[Claim], dict[str, Any]] = {
    CertifiedClaim: {"inequality": Inequality("positive", "A square", n**2, {n: (0, 1)})},
    ConstantClaim: {"sizes": LEVELS, "predicted": 1 / n, "constant": 1.0, "error": ones},
    DecayClaim: {"curve": ones, "times": [0.0, 1.0, 2.0, 3.0], "rate": 1.0},
    FrequencyClaim: {"sample": ones, "events": ["it happens"], "low": 0.5},
    GrowthClaim: {"sizes": LEVELS, "value": ones},
    IdentityClaim: {"residual": ones},
    IndependenceClaim: {"sizes": LEVELS, "error": ones},
    InequalityClaim: {"slack": ones},
    LawClaim: {"left": ones, "right": ones, "margin": 0.5},
    LimitClaim: {"sizes": {"n": [2**k for k in range(3, 10)]}, "predicted": 1 / n, "value": ones},
    MomentClaim: {"sample": ones, "expected": 1.0},
    MonotoneClaim: {"sizes": LEVELS, "error": ones},
    RateClaim: {"sizes": LEVELS, "predicted": 1 / n, "error": ones},
    RecordedRateClaim: {"recorded": table(lambda k: 1 / k), "predicted": 1 / n},
}
BY_RATE = (RateClaim, LimitClaim, RecordedRateClaim, DecayClaim, GrowthClaim)
STRANGERS = (3, -1.5, 1j, "x", True, None, [3], [None], {"n": 3}, {"n": "8"}, {3: [8]}, {8}, ones,
             float("nan"), object(), Fraction(1, 3))  # fmt: skip


def problem(kind: type[Claim], field: str, value: Any) -> Exception | None:
    try:
        kind(id="user/x", **{**KINDS[kind], field: value})
    except (ValueError, InputProblem) as refusal:
        return refusal
    return None


NUMBERS = (Fraction(1, 3), sp.Rational(1, 3), sp.Float("0.3"), sp.pi / 8, np.float32(0.25),
           np.float64(0.25))  # fmt: skip
NONE = (float("nan"), float("inf"), -float("inf"), sp.nan, sp.oo, sp.zoo, sp.I, 1j, True, np.True_,
        "0.3", n, 10**400, Fraction(10**400, 3))  # fmt: skip
NUMERIC = [
    (kind, name) for kind in KINDS
    for name in ("margin", "joint_margin", "tolerance", "resolution", "floor_share", "next_order",
                 "transient", "rate", "constant", "expected", "slope_bound", "low")
    if name in {field.name for field in fields(kind)}
]  # fmt: skip


@pytest.mark.parametrize(("kind", "field"), NUMERIC, ids=lambda x: getattr(x, "__name__", x))
def test_numbers_of_any_origin_are_floats_once_the_claim_is_built(kind, field) -> None:
    for value in NUMBERS:
        claim = kind(id="user/x", **{**KINDS[kind], field: value})
        held = np.asarray(getattr(claim, field))
        assert held.dtype == np.float64
        np.testing.assert_allclose(held, float(value), rtol=1e-7)
        claim.planted(Mutant("same", "nothing", {field: value}))


@pytest.mark.parametrize(("kind", "field"), NUMERIC, ids=lambda x: getattr(x, "__name__", x))
def test_what_is_no_finite_number_is_refused_with_the_field(kind, field) -> None:
    for value in NONE:
        refusal = problem(kind, field, value)
        assert refusal is not None, value
        assert f" {field}" in str(refusal), (value, str(refusal))
        assert "expected" in str(refusal), (value, str(refusal))


NAMED = [
    (kind, field.name) for kind in KINDS for field in fields(kind)
    if field.name not in ("id", "statement", "theorem")
]  # fmt: skip


@pytest.mark.parametrize(("kind", "field"), NAMED, ids=lambda x: getattr(x, "__name__", x))
def test_any_field_of_any_kind_takes_a_value_or_refuses_it_by_name(kind, field) -> None:
    refused = [str(p) for value in STRANGERS if (p := problem(kind, field, value)) is not None]
    assert refused
    assert all("expected" in words for words in refused), refused


@pytest.mark.parametrize(
    ("kind", "choices"),
    [(k, "'exact', 'upper bound'") for k in BY_RATE]
    + [(IndependenceClaim, "'equivalent', 'no growth'"), (MonotoneClaim, "'falls', 'grows'")],
)
def test_an_unknown_kind_lists_the_choices(kind, choices) -> None:
    with pytest.raises(ClaimError, match=f"expected kind in .*{choices}.*, received 'roughly'"):
        kind(id="user/x", **{**KINDS[kind], "kind": "roughly"})


@pytest.mark.parametrize("kind", [RateClaim, RecordedRateClaim])
@pytest.mark.parametrize("share", [0, 1, -0.1, 2, float("nan"), True, "0.2", None])
def test_a_floor_share_is_between_nothing_and_everything(kind, share) -> None:
    with pytest.raises(ClaimError, match="expected floor_share above 0 and below 1"):
        kind(id="user/x", floor_share=share, **KINDS[kind])
    assert kind(id="user/x", floor_share=sp.Rational(1, 3), **KINDS[kind]).floor_share < 0.34


@pytest.mark.parametrize("sizes", [3, [3], {"n": 3}, {"n": []}, {"n": "48"}, {3: [8]}])
def test_sizes_are_names_with_levels(sizes) -> None:
    with pytest.raises(ClaimError, match=r"claim user/x: expected sizes .* received .*list of lev"):
        IdentityClaim(id="user/x", residual=ones, sizes=sizes)


def test_levels_without_an_order_are_refused() -> None:
    for unordered in ({8, 16, 32, 64}, frozenset({8, 16, 32, 64})):
        with pytest.raises(ClaimError, match=r"claim user/x: expected sizes .* list of levels"):
            IdentityClaim(id="user/x", residual=ones, sizes={"n": unordered})


@pytest.mark.parametrize("points", [3, [3], [], [{"n": 8}, {"m": 8}], {"smoke": 3}])
def test_points_are_sizes_by_name(points) -> None:
    with pytest.raises(ClaimError, match="claim user/x: expected points as a list of sizes"):
        IdentityClaim(id="user/x", residual=ones, points=points, seeds={"smoke": 4}, cap=4)


@pytest.mark.parametrize("kind", [GrowthClaim, IndependenceClaim, MonotoneClaim])
def test_a_slice_of_one_level_is_refused_by_its_name(kind) -> None:
    points = [{"n": k, "m": 1} for k in LEVELS["n"]] + [{"n": 8, "m": 2}]
    given = {**KINDS[kind], "sizes": None, "points": points}
    with pytest.raises(ClaimError, match=r"levels of n, each once, at m=2 .* received \[8\]"):
        kind(id="user/x", **given)
    kind(id="user/x", **{**given, "points": points[:-1]})


def test_a_logarithm_that_vanishes_or_is_negative_is_refused_with_its_size() -> None:
    steps = [0.1, 0.25, 1.0, 2.0]
    data = recorded({"h": steps, "e": [h**2 for h in steps]}, sizes="h", error="e")
    with pytest.raises(ClaimError, match=r"log.* at least 2, received 1/h = 0.5, 1/h = 1:"):
        RecordedRateClaim(id="user/x", recorded=data, predicted="h^2 log(h)")


@pytest.mark.parametrize("stranger", [{"n": [1]}, 3, None, "table.csv", [1.0]])
def test_what_is_no_recorded_table_is_refused_everywhere(stranger) -> None:
    with pytest.raises(ClaimError, match=r"expected .* what recorded\(...\) returns, received"):
        RecordedRateClaim(id="user/x", recorded=stranger, predicted=1 / n)
    good = table(lambda k: 1 / k)
    for use in (estimate, lambda x: compare(x, good), lambda x: compare(good, x)):
        with pytest.raises(InputProblem, match="expected a recorded table"):
            use(stranger)


@pytest.mark.parametrize("names", ["sizes", "steps", "error", "run", "standard_error", "count"])
@pytest.mark.parametrize("wrong", [3, [3], {"n": 3}, True])
def test_columns_are_named_by_texts(names, wrong) -> None:
    given = {"sizes": "n", "error": "e", **({"standard_error": "s"} if names == "count" else {})}
    columns = {"n": [4, 8], "e": [1, 2], "s": [0.1, 0.1]}
    with pytest.raises(InputProblem, match="expected"):
        recorded(columns, **{**given, names: wrong})


@pytest.mark.parametrize("beside", ["count", "run"])
def test_a_column_that_would_be_ignored_is_an_error(beside) -> None:
    columns = {"n": [4, 8], "e": [1, 2], "s": [0.1, 0.1], "k": [5, 6]}
    more = {"standard_error": "s"} if beside == "run" else {}
    with pytest.raises(InputProblem, match=beside):
        recorded(columns, sizes="n", error="e", **{beside: "k"}, **more)
