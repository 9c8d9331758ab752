"""``verilimit list``: rooms, claims, sources."""

from checks.app.screen import console
from checks.suite.rooms import load, rooms
from checks.verdicts import TIERS, tier_words


def print_listing() -> None:
    """Print every room with its theorem, the source of its statement, and its claims."""
    screen = console()
    for name in rooms():
        room = load(name)
        screen.print(f"[bold]{name}[/]: {room.theorem.title}")
        screen.print(f"  {room.theorem.source.value}: {room.theorem.reference}", markup=False)
        for claim in room.claims:
            tiers = "" if all(map(claim.runs_at, TIERS)) else f", {tier_words(claim)}"
            screen.print(f"  - {claim.id} ({claim.source}{tiers}): {claim.statement}", markup=False)
    if not rooms():
        screen.print("no room exists; CONTRIBUTING says how to add a theorem")
