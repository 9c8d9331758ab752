"""The law of every room's derivation: each step holds, by both routes where both have an answer."""

from checks.suite.house import BUILT_IN
from theory.language import Status, run_steps

MOST_UNSAMPLED = 1 / 20  # of the proved steps of a room: the second route must not fall silent


def assert_steps_hold(room: str) -> None:
    """Run the derivation of ``room``, with time for a machine that does other things, too."""
    outcomes = list(run_steps(BUILT_IN.theorem(room).derivation.steps, limit=120.0))
    held = (Status.PROVED, Status.SAMPLED)
    assert [f"{o.step.name}: {o}" for o in outcomes if o.status not in held] == []
    proved = [o for o in outcomes if o.status is Status.PROVED]
    unsampled = [f"{o.step.name}: {o}" for o in proved if o.routes < 2]
    assert len(unsampled) <= MOST_UNSAMPLED * len(proved), unsampled
