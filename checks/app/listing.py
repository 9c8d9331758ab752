"""``verilimit list``: rooms, claims, sources; what was listed before is not gathered again."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from checks.app.screen import coloured, complain, console
from checks.suite.kept import remembered
from checks.suite.problem import InputProblem
from checks.suite.roots import Root


def print_listing(roots: Sequence[Root], *, built_in: bool = True, coverage: bool = False) -> int:
    """Print every room with its theorem, the source of its statement, and its claims.

    With ``coverage`` the sentences of the paper, and what stands for each, in place of the claims.

    The exit status is 2 when a room does not load, which is said on stderr.
    """
    lost: list[InputProblem] = []

    def gather() -> tuple[dict[str, Any], bool]:
        from checks.app.contents import contents  # which imports all that a room needs

        return {"rooms": contents(tuple(roots), built_in, lost)}, not lost

    rooms = remembered("lists", {"built_in": built_in}, roots, gather)["rooms"]
    screen = console()
    for room in rooms:
        screen.print(f"[bold]{room['name']}[/]: {room['title']}")
        screen.print(f"  {room['source']}: {room['reference']}", markup=False)
        if coverage:
            _print_coverage(screen, room["sentences"])
            continue
        for claim in room["claims"]:
            screen.print(f"  - {claim}", markup=False)
    if not (rooms or lost):
        screen.print("no room exists; `verilimit new NAME` writes one")
    complain(lost)
    return 2 if lost else 0


def _print_coverage(screen: Console, sentences: Sequence[dict[str, str]]) -> None:
    for sentence in sentences:
        screen.print(f"  {coloured(sentence['word'])} {escape(sentence['says'])}")
        if sentence["seen_by"]:
            screen.print(f"      by {sentence['seen_by']}", markup=False)
        if sentence["missing"]:
            screen.print(f"      not checked: {sentence['missing']}", markup=False)
    if not sentences:
        screen.print("  This room does not say which sentences of its source are checked.")
