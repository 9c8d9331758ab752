"""Each claim plants an error in what it is about, not only in the number that it claims."""

from collections.abc import Iterable

import pytest

from checks.suite.house import BUILT_IN
from checks.verdicts import Claim
from checks.verdicts.judge import mutants_of

# Claims without one, and why.
ANY_POOL = "true of any bounded responses; that those are a head's is the claim `responses`"
WITHOUT = {
    "noise-synchronization/relu-signs": "a sign that is derived for every dimension",
    "noise-synchronization/harmonics": "decay at a derived rate: another rate is planted",
    "noise-synchronization/sharp-rate": "decay at a derived rate: another rate is planted",
    "shaped-attention-sde/drift-bias": "the order of what `drift` itself measures",
    "shallow-transformer-gd/required-width": ANY_POOL,
    "shallow-transformer-gd/log-n": ANY_POOL,
    "shallow-transformer-gd/approximation": ANY_POOL,
}


def on_the_subject(claim: Claim) -> Iterable[str]:
    """The planted errors that are another network, limit or bound, or another derived value."""
    sides = {*claim.roles(), "expected"}
    return (mutant.id for mutant in mutants_of(claim) if sides & set(mutant.changes))


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_a_claim_plants_an_error_in_its_subject(room: str) -> None:
    without = [c.id for c in BUILT_IN.room(room).claims if not list(on_the_subject(c))]
    assert [name for name in without if name not in WITHOUT] == []


def test_what_is_excepted_exists() -> None:
    claims = {c.id for room in BUILT_IN.names() for c in BUILT_IN.room(room).claims}
    assert set(WITHOUT) <= claims
