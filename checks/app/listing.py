"""``verilimit list``: rooms, claims, sources."""

from rich.console import Console
from rich.markup import escape

from checks.app.screen import coloured, complain, console
from checks.suite.house import House
from checks.suite.problem import InputProblem
from checks.verdicts import TIERS, tier_words
from theory.language import Theorem
from theory.language.prose import plain


def print_listing(house: House, *, coverage: bool = False) -> int:
    """Print every room with its theorem, the source of its statement, and its claims.

    With ``coverage`` the sentences of the paper, and what stands for each, in place of the claims.

    The exit status is 2 when a room does not load, which is said on stderr.
    """
    screen = console()
    lost: list[InputProblem] = []
    names = house.names()
    for name in house.those_that_load(names, lost, house.room):
        room = house.room(name)
        screen.print(f"[bold]{name}[/]: {room.theorem.title}")
        screen.print(f"  {room.theorem.source.value}: {room.theorem.reference}", markup=False)
        if coverage:
            _print_coverage(screen, room.theorem)
            continue
        for claim in room.claims:
            tiers = "" if all(map(claim.runs_at, TIERS)) else f", {tier_words(claim)}"
            said = plain(claim.statement)
            screen.print(f"  - {claim.id} ({claim.source}{tiers}): {said}", markup=False)
    if not names:
        screen.print("no room exists; `verilimit new NAME` writes one")
    complain(lost)
    return 2 if lost else 0


def _print_coverage(screen: Console, theorem: Theorem) -> None:
    for sentence in theorem.coverage:
        screen.print(f"  {coloured(sentence.word)} {escape(plain(sentence.says))}")
        if sentence.seen_by:
            screen.print(f"      by {sentence.seen_by}", markup=False)
        if sentence.missing:
            screen.print(f"      not checked: {plain(sentence.missing)}", markup=False)
    if not theorem.coverage:
        screen.print("  This room does not say which sentences of its source are checked.")
