"""Where a curve is least, or two cross: both directions, brackets, and what is refused."""

from functools import cache

import numpy as np
import pytest
from scipy import optimize

from checks.verdicts import ClaimError, LocationClaim, Verdict, judge
from checks.verdicts.kinds.location import exponents

SIZES = {"n": [8, 32, 128], "x": [2.0 ** (-k / 2) for k in range(-9, 24)]}


@cache
def shared_noise(keys: bytes) -> np.ndarray:
    rows = np.frombuffer(keys, np.uint32).reshape(-1, 2)
    return np.array([np.random.default_rng(key).standard_normal(2) for key in rows])


def placed(curve, power: float, spread: float = 0.05):
    """A curve of the distance in log x from 4 n**power, whose seeds share noise of all levels."""

    def value(size, keys):
        noise = shared_noise(keys.tobytes())
        u = np.log(size["x"]) - power * np.log(size["n"]) - np.log(4.7)
        return curve(u) + noise[:, 0] + spread * noise[:, 1] * u

    return value


def least(power: float, curve=lambda u: (1 + u**2) ** 0.5, **fields) -> LocationClaim:
    given = {
        "over": "x", "exponent": -1, "margin": 0.3, "sizes": SIZES, "cap": 1024,
        "value": placed(curve, power), **fields,
    }  # fmt: skip
    return LocationClaim(id="user/optimum", **given)


@pytest.mark.parametrize("curve", [lambda u: (1 + u**2) ** 0.5, lambda u: np.maximum(u, -4 * u)])
def test_an_optimum_that_moves_as_claimed_is_supported_and_others_are_refuted(curve) -> None:
    result = judge(least(-1.0, curve))
    assert result.verdict is Verdict.SUPPORTED, result.because
    assert {m.id for m in result.mutants} == {"auto-up", "auto-down", "auto-still"}
    for other in (0.0, -0.2, -1.8):
        assert judge(least(other, curve)).verdict is Verdict.REFUTED


def test_an_optimum_that_stays_is_exponent_zero() -> None:
    still = {"exponent": 0, "sizes": {**SIZES, "x": [2.0 ** (k / 2) for k in range(-20, 12)]}}
    result = judge(least(0.0, **still))
    assert result.verdict is Verdict.SUPPORTED, result.because
    assert judge(least(-0.7, **still)).verdict is Verdict.REFUTED
    place = result.estimates["optimum over x at n=8"]
    low, high = place["interval"]
    assert low <= 4.7 <= high
    assert place["value"] == pytest.approx(np.sqrt(low * high))
    assert result.planned == 0  # brackets have no standard error
    assert 0 < result.false_support["probability"] <= 0.05


def test_a_crossover_is_bracketed_by_one_spacing() -> None:
    def claim(power: float) -> LocationClaim:
        return LocationClaim(
            id="user/crossover", over="x", exponent=-1.0, margin=0.2, sizes=SIZES, cap=1024,
            value=placed(lambda u: u, power), other=placed(lambda u: -u, power),
        )  # fmt: skip

    result = judge(claim(-1.0))
    assert result.verdict is Verdict.SUPPORTED, result.because
    low, high = result.tests[0].interval()
    assert high - low == pytest.approx(2 * np.log(2) / 2 / np.log(16), abs=0.13)
    assert judge(claim(-0.5)).verdict is Verdict.REFUTED


def test_a_refutation_by_brackets_that_contradict_says_so() -> None:
    place = {8: 11.0, 32: 1400.0, 128: 176.0}

    def value(size, keys):
        return np.full(len(keys), abs(np.log(size["x"] / place[size["n"]])))

    sizes = {"n": list(place), "x": [2.0 ** (k / 2) for k in range(4, 24)]}
    result = judge(least(1.0, value=value, exponent=1.0, sizes=sizes, cap=64))
    assert result.verdict is Verdict.REFUTED
    assert result.because.startswith("no power law passes all brackets")
    assert result.estimates["exponent of the optimum"]["value"] is None


def test_levels_that_are_too_coarse_are_said_and_end_the_looks() -> None:
    result = judge(least(-1.0, margin=0.05, value=placed(np.abs, -1.0, spread=1e-3)))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "take denser or more levels of x" in result.because
    assert result.seeds == 64


def test_a_curve_of_two_valleys_and_a_crossing_from_above_decide_nothing() -> None:
    result = judge(least(-1.0, lambda u: np.abs(np.abs(u) - 1)))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "no one minimum" in result.because
    turned = LocationClaim(
        id="user/turned", over="x", exponent=-1.0, sizes=SIZES, cap=64,
        value=placed(lambda u: -u, -1.0), other=placed(lambda u: u, -1.0),
    )  # fmt: skip
    assert "one crossing, from below" in judge(turned).because


def test_the_exponents_of_lines_through_brackets_are_those_of_linear_programmes() -> None:
    rng = np.random.default_rng(3)
    logs = np.sort(rng.random(6) * 5)
    low = -logs + rng.random(6) - 1.2
    high = low + 0.5 + rng.random(6)
    design = np.column_stack([np.ones(6), logs])
    ends = [
        sign * optimize.linprog(
            [0, sign], A_ub=np.vstack([design, -design]), b_ub=np.append(high, -low),
            bounds=(None, None),
        ).fun
        for sign in (1, -1)
    ]  # fmt: skip
    assert exponents(logs, low, high) == pytest.approx(tuple(ends))


def test_without_noise_brackets_are_exact_and_flat_curves_have_none() -> None:
    exact = LocationClaim(
        id="user/exact", over="x", exponent=-1.0, margin=0.3, sizes=SIZES,
        value=lambda size, keys: np.full(len(keys), abs(np.log(size["x"] * size["n"] / 4))),
    )  # fmt: skip
    result = judge(exact)
    assert result.verdict is Verdict.SUPPORTED, result.because
    flat = LocationClaim(
        id="user/flat",
        over="x",
        exponent=-1.0,
        sizes=SIZES,
        value=lambda s, keys: np.ones(len(keys)),
    )
    unseen = judge(flat)
    assert unseen.verdict is Verdict.INCONCLUSIVE
    assert unseen.seeds == 64
    for estimate in unseen.estimates.values():  # no place is seen, and none is invented
        assert estimate["value"] is None
        assert estimate["interval"] == [None, None]


def test_other_sizes_than_two_and_names_that_are_not_there_are_refused() -> None:
    for fields in (
        {"over": "y"},
        {"size": "x"},
        {"sizes": {**SIZES, "m": [1, 2]}},
        {"sizes": {"x": SIZES["x"]}},
        {"exponent": np.nan},
    ):
        with pytest.raises(ClaimError, match="user/optimum"):
            least(-1.0, **fields)


def test_the_unit_of_the_values_does_not_matter() -> None:
    value = placed(np.abs, -1.0)
    plain = judge(least(-1.0, value=value))
    large = judge(least(-1.0, value=lambda size, keys: 2.0**990 * value(size, keys)))
    assert plain.tests[0].to_json() == large.tests[0].to_json()
    assert plain.verdict is large.verdict is Verdict.SUPPORTED


def test_places_off_every_power_law_are_not_supported_by_brackets_that_contradict() -> None:
    """Up and down again; at this noise the looks that see it come after those that see an end."""
    place = {8: 11.0, 32: 1400.0, 128: 176.0}

    def value(size, keys):
        rng = np.random.default_rng([*map(int, keys[0]), size["n"], int(1000 * size["x"])])
        away = np.log(size["x"] / place[size["n"]])
        return 0.6 * abs(away) + rng.standard_normal(len(keys))

    sizes = {"n": list(place), "x": [2.0 ** (k / 2) for k in range(4, 24)]}
    claim = least(1.0, value=value, exponent=1.0, sizes=sizes)
    verdicts = [judge(claim, seed=seed).verdict for seed in range(2)]
    assert verdicts.count(Verdict.SUPPORTED) == 0
    assert Verdict.REFUTED in verdicts
