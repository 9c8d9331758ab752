"""What is measured is judged as it is: nothing is converted in silence, and no unit matters."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from checks.verdicts import (
    ClaimError,
    ConstantClaim,
    FrequencyClaim,
    IdentityClaim,
    MomentClaim,
    Mutant,
    judge,
)

n = sp.Symbol("n", positive=True)
LEVELS = {"n": [8, 16, 32, 64, 128, 256]}
FEW: dict[str, Any] = {"seeds": 32, "cap": 32}


def rows(kind, make):
    return lambda size, keys: kind([make(np.random.default_rng(key)) for key in keys])


REFUSED = {
    "complex": (lambda x: np.array(x) + 0j, "complex128"),
    "complex of JAX": (lambda x: jnp.array(x) + 0j, "complex128"),
    "masked": (lambda x: np.ma.array(x, mask=np.arange(len(x)) == 0), "masked"),
    "a list of masked arrays": (lambda x: [np.ma.array(y, mask=True) for y in x], "masked"),
    "a list with a masked entry": (lambda x: [*x[1:], np.ma.masked], "masked"),
    "objects": (lambda x: np.array([sp.Float(y) for y in x]), "object"),
    "text": (lambda x: [str(y) for y in x], "<U"),
    "truth values": (lambda x: np.array(x) > 0, "bool"),
    "single precision": (lambda x: np.array(x, np.float32), "float32"),
    "bfloat16": (lambda x: jnp.array(x, jnp.bfloat16), "bfloat16"),
    "extended precision": (lambda x: np.array(x, np.longdouble), str(np.dtype(np.longdouble))),
    "large integers": (lambda x: [2**60 + 1] * len(x), "beyond 2"),
    "dates": (lambda x: np.array([1] * len(x), "M8[s]"), "datetime64"),
    "single precision in a list": (lambda x: [*x[1:], np.float32(0.1)], "float32"),
    "single precision of JAX in a list": (lambda x: [*x[1:], jnp.float32(0.1)], "float32"),
    "a large integer in a list": (lambda x: [*x[1:], 2**60 + 1], "beyond 2"),
    "a larger integer in a list": (lambda x: [*x[1:], 2**80 + 1], "object"),
    "a truth value in a tuple": (lambda x: (*x[1:], True), "truth values"),
    "text in a list": (lambda x: [*x[1:], "0.5"], "<U"),
    "nothing": (lambda x: None, "object"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_real_double_data_is_refused_by_name(name: str) -> None:
    convert, word = REFUSED[name]
    function = rows(convert, lambda rng: float(rng.random()))
    for claim in (
        IdentityClaim(id="user/claim", residual=function, tolerance=2.0, **FEW),
        MomentClaim(id="user/claim", sample=function, expected=0.5, **FEW),
    ):
        with pytest.raises(ClaimError, match=r"claim user/claim, .*float64") as caught:
            judge(claim)
        assert word in str(caught.value)


def test_truth_values_are_events_and_whole_numbers_are_numbers() -> None:
    always = rows(np.array, lambda rng: True)
    never = Mutant("never", "it never happens", {"sample": rows(np.array, lambda rng: False)})
    claim = FrequencyClaim(id="a/b", sample=always, events=["it happens"], low=0.5, mutants=[never])
    assert judge(claim).verdict.name == "SUPPORTED"
    zero = rows(np.array, lambda rng: 0)
    assert judge(IdentityClaim(id="a/b", residual=zero)).verdict.name == "SUPPORTED"


@pytest.mark.parametrize("wrong", [1j, np.array([0.5 + 1j]), "half", np.ma.masked, None, np.nan])
def test_what_a_claim_states_is_not_converted_either(wrong: object) -> None:
    sample = rows(np.array, lambda rng: float(rng.random()))
    error = rows(np.array, lambda rng: 1.0)
    claims = (
        lambda: MomentClaim(id="a/b", sample=sample, expected=lambda size: wrong),
        lambda: MomentClaim(id="a/b", sample=sample, expected=0.5, tolerance=wrong),
        lambda: ConstantClaim(
            id="a/b", sizes=LEVELS, predicted=1 / n, constant=lambda size: wrong, error=error
        ),
    )
    for build in claims:
        with pytest.raises(ClaimError, match="claim a/b, "):
            judge(build())
