"""``verilimit list``: rooms, claims, sources."""

from checks.app.screen import complain, console
from checks.suite.house import House
from checks.suite.problem import InputProblem
from checks.verdicts import TIERS, tier_words


def print_listing(house: House) -> int:
    """Print every room with its theorem, the source of its statement, and its claims.

    The exit status is 2 when a room does not load, which is said on stderr.
    """
    screen = console()
    lost: list[InputProblem] = []
    names = house.names()
    for name in house.those_that_load(names, lost, house.room):
        room = house.room(name)
        screen.print(f"[bold]{name}[/]: {room.theorem.title}")
        screen.print(f"  {room.theorem.source.value}: {room.theorem.reference}", markup=False)
        for claim in room.claims:
            tiers = "" if all(map(claim.runs_at, TIERS)) else f", {tier_words(claim)}"
            screen.print(f"  - {claim.id} ({claim.source}{tiers}): {claim.statement}", markup=False)
    if not names:
        screen.print("no room exists; `verilimit new NAME` writes one")
    complain(lost)
    return 2 if lost else 0
