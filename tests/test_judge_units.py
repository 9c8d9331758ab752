"""No verdict depends on the unit in which errors or sizes are measured."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.verdicts import (
    ConstantClaim,
    DecayClaim,
    GrowthClaim,
    IndependenceClaim,
    InequalityClaim,
    LawClaim,
    MomentClaim,
    RateClaim,
    judge,
)

n = sp.Symbol("n", positive=True)
LEVELS = {"n": [8, 16, 32, 64, 128, 256]}
FEW: dict[str, Any] = {"seeds": 32, "cap": 32}
TIMES = np.linspace(0, 2, 6)


def rows(make):
    return lambda size, keys: np.array([make(np.random.default_rng(key)) for key in keys])


def scaled(kind: str, right: bool, unit: float, size_unit: float = 1.0):
    """A claim of the kind about quantities in the unit, right or wrong, and sizes in another."""

    def error(power: float):
        def values(size, keys):
            level = round(size["n"] / size_unit)
            draws = np.array([np.random.default_rng([*k, level]).normal() for k in keys])
            return unit * (float(level) ** power * np.exp(0.2 * draws))

        return values

    def curve(size, keys):
        draws = np.array([np.random.default_rng(k).normal(size=6) for k in keys])
        return unit * (np.exp(-TIMES * (1.0 if right else 0.5)) * np.exp(0.05 * draws))

    def sample(shift: float):
        return rows(lambda rng: unit * (shift + rng.normal(size=2)))

    def slack(least: float):
        return rows(lambda rng: unit * (least + abs(rng.normal()) - 0.5))

    wrong = 0.0 if right else 1.0
    levels = {"n": [size_unit * level for level in LEVELS["n"]]}
    common: dict[str, Any] = {"id": "user/claim", **FEW}
    # Exact errors: of some units they would look like rounding.
    rate: dict[str, Any] = {**common, "sizes": levels, "predicted": 1 / n, "resolution": 0}
    built = {
        "exact": lambda: RateClaim(kind="exact", error=error(-1 + wrong), **rate),
        "sixth": lambda: RateClaim(**{**rate, "predicted": n**-6}, error=error(-6 + wrong)),
        "bound": lambda: RateClaim(kind="upper bound", error=error(-1 + wrong), **rate),
        "rms": lambda: RateClaim(statistic="rms", error=error(-1 + wrong), **rate),
        "geometric": lambda: RateClaim(statistic="geometric", error=error(-1 + wrong), **rate),
        "sum": lambda: RateClaim(
            **{**rate, "predicted": 1 / n + n**-2}, kind="upper bound", error=error(-1 + wrong)
        ),
        "constant": lambda: ConstantClaim(
            constant=unit * size_unit * (1.02 + wrong), next_order=None, error=error(-1), **rate
        ),
        "independence": lambda: IndependenceClaim(sizes=levels, error=error(wrong), **common),
        "growth": lambda: GrowthClaim(
            sizes=levels, law="power", value=error(0.6) if right else error(0), **common
        ),
        "decay": lambda: DecayClaim(
            curve=curve, times=TIMES, rate=1.0, transient=None, resolution=0, **common
        ),
        "moment": lambda: MomentClaim(sample=sample(wrong), expected=0.0, margin=0.9, **common),
        "law": lambda: LawClaim(
            left=sample(3 * wrong), right=sample(0), margin=0.6, id="a/b", seeds=128, cap=128
        ),
        "inequality": lambda: InequalityClaim(slack=slack(1 - wrong), **common),
    }
    return built[kind]()


KINDS = (
    "exact", "sixth", "bound", "rms", "geometric", "sum", "constant", "independence", "growth",
    "decay", "moment", "law", "inequality",
)  # fmt: skip


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6)
@given(st.floats(-295, 295) | st.sampled_from([200.0, -200.0, -300.0, 299.0, -303.0]))
def test_a_verdict_does_not_depend_on_the_unit(kind: str, right: bool, power: float) -> None:
    here, there = (judge(scaled(kind, right, unit)) for unit in (1.0, 10.0**power))
    assert there.verdict is here.verdict, (here.because, there.because)
    assert [m.verdict for m in there.mutants] == [m.verdict for m in here.mutants]
    assert there.p_refute == pytest.approx(here.p_refute, rel=1e-3, abs=1e-12)


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("kind", KINDS[:9])
@settings(max_examples=5)
@given(st.floats(-30, 30) | st.sampled_from([18.0, -18.0]))
def test_a_verdict_does_not_depend_on_the_unit_of_a_size(
    kind: str, right: bool, power: float
) -> None:
    here, there = (judge(scaled(kind, right, 1.0, unit)) for unit in (1.0, 10.0**power))
    assert there.verdict is here.verdict, (here.because, there.because)
    assert [m.verdict for m in there.mutants] == [m.verdict for m in here.mutants]
    assert there.p_refute == pytest.approx(here.p_refute, rel=1e-3, abs=1e-12)


def test_true_rates_of_high_order_at_large_sizes_are_supported() -> None:
    for power, first in ((2, 512), (4, 16384), (6, 512), (8, 128)):

        def error(size, keys, power=power, first=first):
            draws = [np.random.default_rng([*key, size["n"]]).lognormal(0, 0.3) for key in keys]
            return np.array(draws) * (size["n"] / first) ** -float(power)

        levels = {"n": [first * 2**k for k in range(6)]}
        claim = RateClaim(id="user/high", sizes=levels, predicted=n**-power, error=error)
        assert judge(claim).verdict.name == "SUPPORTED", (power, judge(claim).because)
