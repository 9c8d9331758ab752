"""Every step of every second room holds; the other half is a file of its own, for another core."""

import pytest

from checks.suite.house import BUILT_IN
from tests.steps_law import assert_steps_hold


@pytest.mark.slow
@pytest.mark.parametrize("room", BUILT_IN.names()[1::2])
def test_every_step_holds_by_both_routes(room: str) -> None:
    assert_steps_hold(room)
