"""A certificate has one form: what can be read in two ways, or without end, proves nothing."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.certify.certificate import (
    _certificate,
    certificate_text,
    certify,
    inequalities,
    parse,
    replay_certificate,
)
from theory.certify.form import Rejected
from theory.certify.inequality import Factored, Inequality, digest

x, y = sp.symbols("x y", real=True)
HALF = Factored("false", "x >= 1/2 on [0, 1]", x - sp.Rational(1, 2), {x: (0, 1)})
SHORT: Any = st.sampled_from(["0", "1", "-1/2", "1000000", "2/4", "1/0", "inf", " 1", "0.5", 1])
TERMS = st.lists(st.tuples(st.lists(st.integers(-1, 2), max_size=2), SHORT).map(list), max_size=4)


def reason(kind: str, proof: Any, claim: Any = HALF) -> str:
    with pytest.raises(Rejected) as refused:
        replay_certificate(_certificate(claim, kind, proof), claim)
    return str(refused.value)


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ([[[0], "1000000"], [[0], "-1/2"], [[1], "1"]], "each once"),
        ([[[1], "1"], [[0], "-1/2"]], "sorted"),
        ([[[0], "-1/2"], [[1], "2/2"]], "lowest terms"),
        ([[[0], "-1/2"], [[1], 1]], "lowest terms"),
        ([[[0], "-1/2"], [[1], "1/0"]], "lowest terms"),
        ([[[0], "-1/2"], [[True], "1"]], "an exponent"),
        ([[[0], "-1/2"], [[1, 0], "1"]], "exponents"),
        ([[[0], "-1/2"], [[1000000000], "1"]], "an exponent"),
        ([[[0], "0"], [[1], "1"]], "no coefficient zero"),
        ({"0": "1"}, "a list"),
        ([[[0], "-1/2"], [[1], "1"]], "-1/2 at the corner"),
    ],
)
def test_a_factor_that_can_be_read_in_two_ways_is_refused(terms: Any, why: str) -> None:
    assert why in reason("factors", {"constant": "1", "factors": [[1, terms]]})


@pytest.mark.parametrize("power", [0, -1, 2, 10**9, True, "1", 1.0])
def test_a_power_beyond_the_degree_of_the_claim_is_refused_before_anything_is_multiplied(
    power: Any,
) -> None:
    proof = {"constant": "1", "factors": [[power, [[[0], "-1/2"], [[1], "1"]]]]}
    assert "power" in reason("factors", proof)


@given(st.lists(st.tuples(st.integers(0, 3), TERMS).map(list), max_size=3), SHORT)
def test_no_list_of_factors_proves_a_falsehood(factors: list, constant: Any) -> None:
    reason("factors", {"constant": constant, "factors": factors})


@pytest.mark.parametrize(
    "proof",
    [
        {"box": [["1/0", "1"]]}, {"box": [["0", "1"]]}, {"box": [["2", "2"]]}, {"box": []}, {},
        {"box": [["1", "1"]]}, {"box": "0"}, {"box": [["0"]]}, None,
        {"box": [["0", "0"]], "more": 1},
    ],
)  # fmt: skip
def test_a_counterexample_is_a_point_of_the_box_where_the_polynomial_is_negative(
    proof: Any,
) -> None:
    reason("counter", proof)


@pytest.mark.parametrize("end", [float("inf"), float("nan"), True, "0", None, [0]])
def test_the_ends_of_a_counter_box_are_finite_numbers(end: Any) -> None:
    claim = Inequality("slope", "x >= 1/2", x - sp.Rational(1, 2), {x: (0, 1)})
    assert "finite numbers" in reason("counter", {"box": [[end, 1.0]]}, claim)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"claim": 1, "claim": 2}', "a key appears twice"),
        ('{"proof": NaN}', "finite numbers"),
        ('{"proof": ' + "9" * 5000 + "}", "cannot be read"),
        ("[]", "expected the keys"),
    ],
)
def test_text_of_any_origin_ends_in_a_reason(text: str, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        parse(text)


@pytest.mark.parametrize("part", ["claim", "kind", "fingerprint", "checksum", "statement"])
def test_each_part_of_a_certificate_has_its_type(part: str) -> None:
    outcome = certify(inequalities()["nu"])
    assert outcome.certificate is not None
    body = {k: v for k, v in {**outcome.certificate, part: {}}.items() if k != "checksum"}
    made = {**body, "checksum": {} if part == "checksum" else digest(body)}
    with pytest.raises(Rejected, match=f"its {part} to be a text"):
        parse(json.dumps(made))


def _places(value: Any) -> list[Callable[[Any], None]]:
    """For each part of plain data, what puts something else there."""
    found: list[Callable[[Any], None]] = []
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in pairs:
        found.append(lambda new, key=key: value.__setitem__(key, new))
        found += _places(part) if isinstance(part, list | dict) else []
    return found


@given(
    st.sampled_from(["nu", "third-cumulant"]),
    st.integers(0, 10**6),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.floats(), st.lists
    ),
)
def test_a_damaged_proof_is_refused_in_one_way(name: str, where: int, new: Any) -> None:
    outcome = certify(inequalities()[name])
    assert outcome.certificate is not None
    made = json.loads(certificate_text(outcome.certificate))
    places = _places(made["proof"])
    places[where % len(places)](new)
    with contextlib.suppress(Rejected):  # any other error ends the test
        replay_certificate(made)


def test_a_symbol_without_a_role_changes_nothing() -> None:
    claim = Factored("two", "x y >= 0", x * y, {x: (0, 1), y: (0, 1)})
    assert certify(claim).certificate is not None
