"""The rules in use elsewhere, each on data whose answer is known by hand."""

import numpy as np
import pytest
import sympy as sp
from scipy import optimize

from checks.verdicts import Data, LimitClaim, MomentClaim, RateClaim
from checks.verdicts.benchmark import calibrate_judge
from checks.verdicts.hostile import HOSTILE
from checks.verdicts.rivals import RIVALS, _largest_mean

n = sp.Symbol("n", positive=True)
LEVELS = [2**k for k in range(2, 10)]
POINTS = tuple({"n": level} for level in LEVELS)
ORDERS = ("slope 0.3", "SciML 0.2", "diffrax 0.9", "interval", "mlmc", "GCI")


def unmeasured(size, keys):
    return keys[:, 0]


def answers(law, **fields) -> dict[str, bool | None]:
    claim = RateClaim(id="user/x", error=unmeasured, sizes={"n": LEVELS}, **fields)
    data = Data(POINTS, {"error": [np.full(4, law(level)) for level in LEVELS]}, 4)
    return {name: RIVALS[name](claim, data) for name in ORDERS}


@pytest.mark.parametrize("power", [0.5, 1, 3])
def test_every_rule_accepts_an_exact_power_and_none_accepts_twice_its_order(power) -> None:
    claimed = n ** -sp.nsimplify(power)
    wave = dict(zip(LEVELS, (1, -1, -1, 1, 1, -1, -1, 1), strict=True))  # without a slope
    right = answers(lambda k: float(k) ** -power * (1 + 1e-4 * wave[k]), predicted=claimed)
    assert all(right.values())
    other = answers(lambda k: float(k) ** (-power - 1), predicted=claimed)
    assert not any(other.values())


def test_a_bound_admits_faster_errors_and_no_slower_ones() -> None:
    faster = answers(lambda k: k**-2.0, predicted=1 / n, kind="upper bound")
    assert all(faster.values())
    slower = answers(lambda k: k**-0.05, predicted=1 / n, kind="upper bound")
    assert not any(slower.values())


def test_each_tolerance_is_the_one_that_is_documented() -> None:
    for excess, accepted in (
        (0.05, set(ORDERS) - {"interval"}),
        (0.15, {*ORDERS[:3]}),
        (0.25, {ORDERS[0], ORDERS[2]}),
        (0.8, {"diffrax 0.9"}),
        (1.0, set()),
    ):
        found = answers(lambda k, e=excess: k ** (-1.0 - e), predicted=1 / n)
        assert {name for name in ORDERS if found[name]} == accepted, excess


def test_of_a_limit_the_rules_read_differences_and_gci_the_values() -> None:
    claim = LimitClaim(id="user/x", value=unmeasured, sizes={"n": LEVELS}, predicted=1 / n)
    data = Data(POINTS, {"value": [np.full(4, 3 + 1 / level) for level in LEVELS]}, 4)
    assert all(RIVALS[name](claim, data) for name in ORDERS)
    turning = [np.full(4, 3 + (-1) ** k / level) for k, level in enumerate(LEVELS)]
    assert RIVALS["GCI"](claim, Data(POINTS, {"value": turning}, 4)) is False


def test_the_largest_mean_in_the_band_is_that_of_a_linear_programme() -> None:
    values = np.sort(np.random.default_rng(0).random(12))
    envelope = 0.23
    # mass p at the values and at 1: the distribution function is at most `envelope` below
    count = len(values)
    below = np.tril(np.ones((count, count)))
    least = np.arange(1, count + 1) / count - envelope
    found = optimize.linprog(
        -np.append(values, 1.0),
        A_ub=-np.column_stack([below, np.zeros(count)]), b_ub=-least,
        A_eq=np.ones((1, count + 1)), b_eq=[1.0], bounds=(0, 1),
    )  # fmt: skip
    assert _largest_mean(values, envelope) == pytest.approx(-found.fun)


@pytest.mark.parametrize("rule", ["DKWM", "confseq"])
def test_means_of_bounded_observations_are_accepted_when_right_and_not_when_far(rule: str) -> None:
    draws = 2 + 3 * np.random.default_rng(1).random(512)
    for expected, accepted in ((3.5, True), (4.2, False), (2.8, False)):
        claim = MomentClaim(id="user/x", sample=unmeasured, expected=expected, bounds=(2, 5))
        assert RIVALS[rule](claim, Data(({},), {"sample": [draws]}, 512)) is accepted
        unbounded = MomentClaim(id="user/x", sample=unmeasured, expected=expected)
        assert RIVALS[rule](unbounded, Data(({},), {"sample": [draws]}, 512)) is None


def test_the_sequence_leaves_out_the_truth_as_seldom_as_it_says() -> None:
    claim = MomentClaim(id="user/x", sample=unmeasured, expected=0.3, bounds=(0, 1))
    draws = (np.random.default_rng(2).random((400, 256)) < 0.3).astype(float)
    missed = sum(not RIVALS["confseq"](claim, Data(({},), {"sample": [x]}, 256)) for x in draws)
    assert missed <= 20


def test_the_comparison_has_every_study_of_which_a_rule_says_something() -> None:
    by_quantile = next(study for study in HOSTILE if study.name == "quantile-of-one-law")
    table = calibrate_judge(1, 5, studies=[HOSTILE[0], by_quantile])
    assert table.to_markdown().count("\n") == 4
    assert table.rows[0].rivals
    assert not table.rows[1].rivals  # a quantile: no rule reads one
    assert table.rivals_to_markdown().count("\n") == 3
