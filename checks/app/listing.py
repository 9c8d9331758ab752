"""``verilimit list``: rooms, claims, sources."""

from checks.app.screen import console
from checks.suite.rooms import load, rooms


def print_listing() -> None:
    """Print every room with its theorem, the source of its statement, and its claims."""
    screen = console()
    for name in rooms():
        room = load(name)
        screen.print(f"[bold]{name}[/]: {room.theorem.title}")
        screen.print(f"  {room.theorem.source.value}: {room.theorem.reference}", markup=False)
        for claim in room.claims:
            screen.print(f"  - {claim.id} ({claim.source}): {claim.statement}", markup=False)
    if not rooms():
        screen.print("no room exists; CONTRIBUTING says how to add a theorem")
