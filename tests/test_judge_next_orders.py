"""Orders of the next term that no claim names: what may support or refute, and how often."""

import numpy as np
import pytest
import sympy as sp

from checks.verdicts import RateClaim
from checks.verdicts.benchmark import calibrate_judge
from checks.verdicts.calibration import frequency
from checks.verdicts.claim import CAP
from checks.verdicts.data import Data
from checks.verdicts.hostile_rates import FIRST
from checks.verdicts.judge import SUPPORT_ERROR
from checks.verdicts.orders import Order, over_orders
from checks.verdicts.outcome import Test
from checks.verdicts.spending import support
from checks.verdicts.study import Hostile

n = sp.Symbol("n", positive=True)
LEVELS = [2**k for k in range(2, 10)]
REPLICATES = 30


def supported(truth, replicate: int) -> bool:
    """Whether one look of 512 seeds would support 1/n at the whole error."""
    claim = RateClaim(id="a/b", sizes={"n": LEVELS}, predicted=1 / n, error=lambda s, k: k)
    noise = np.random.default_rng([replicate, 7]).standard_normal((512, len(LEVELS)))
    errors = truth(np.array(LEVELS, dtype=float)) * np.exp(0.4 * noise)
    points = tuple({"n": level} for level in LEVELS)
    found = claim.finding(Data(points, {"error": list(errors.T)}, 512))
    return not (found.doubt or found.blocked) and support(found.tests) <= SUPPORT_ERROR


@pytest.mark.parametrize(("power", "half"), [(1.1, -0.3), (0.9, 0.3)])
def test_a_half_order_that_no_one_sees_lets_no_wrong_claim_pass(power: float, half: float) -> None:
    """Wrong by exactly the margin: the interval of the frequency is not above what is promised."""
    passed = sum(
        supported(lambda x: x**-power * (1 + half * x**-0.5), replicate)
        for replicate in range(REPLICATES)
    )
    assert frequency(passed, REPLICATES).low <= SUPPORT_ERROR


def test_a_power_law_is_supported_without_a_named_order() -> None:
    passed = sum(supported(lambda x: 1 / x, replicate) for replicate in range(10))
    assert frequency(passed, 10).high >= 0.95


@pytest.mark.parametrize("study", FIRST, ids=lambda study: study.name)
def test_the_first_claims_of_a_newcomer_are_decided_by_the_defaults(study: Hostile) -> None:
    (row,) = calibrate_judge(4, 7, studies=[study]).rows
    assert frequency(row.verdicts["SUPPORTED"].count, 4).high >= 0.95
    assert study.subject.at("smoke").looks[-1] == CAP


def order(name: float, p: float, misfit: float, claimed: float = 0.0) -> Order:
    test = Test("x", 0.0, 1.0, 10.0, -1.0, 1.0, refutation=p, support=p)
    return Order(name, misfit, max(misfit, claimed), (test,))


def test_two_ways_to_agree_share_the_error() -> None:
    """By its own test, p = 0.02, or by a misfit of z = 3: half of the error for each."""
    first = order(1.0, 1e-9, 1.0)
    (test,), _, _ = over_orders(first, [order(0.5, 0.02, 1.0)], 0)
    assert test.p_support == pytest.approx(0.04)
    assert test.p_refute == pytest.approx(0.04)
    (test,), _, _ = over_orders(first, [order(0.5, 0.5, 10.0)], 0)
    tail = 0.0013498980316301035  # of the normal law beyond 3
    assert test.p_support == pytest.approx(2 * tail)
    assert test.p_refute == pytest.approx(4 * tail)
    (test,), _, _ = over_orders(first, [order(0.5, 0.9, 1.0)], 0)
    assert test.p_support == 1.0


def test_every_order_must_agree_and_order_one_is_not_outvoted() -> None:
    first, agrees = order(1.0, 0.03, 1.0), order(0.5, 1e-6, 1.0)
    (test,), _, _ = over_orders(first, [agrees, order(2.0, 1e-6, 1.0)], 0)
    assert test.p_support == pytest.approx(0.03)
    (test,), _, doubt = over_orders(order(1.0, 1e-9, 1.0), [agrees, order(2.0, 0.6, 1.0)], 0)
    assert test.p_support == 1.0
    assert "form is in doubt" in doubt
