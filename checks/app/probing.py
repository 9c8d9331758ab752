"""``verilimit probe``: looks for a counterexample to each assumption, inside and outside."""

from collections.abc import Iterable

from hypothesis import settings

from checks.app.screen import coloured, complain, console
from checks.properties.probe import PROFILES, Found
from checks.properties.probing import Probed, load_probes, run_probes
from checks.suite.house import House
from checks.suite.problem import InputProblem
from theory.language.prose import plain


def probe(
    room: str | None, house: House, *, profile: str, examples: int | None, seed: int | None
) -> int:
    """Print what became of each assumption.

    The exit status is 1 when a property fails on its domain, else 3 when an assumption has no
    probe or an expected counterexample was not found, else 0; 2 when a room does not load.
    """
    lost: list[InputProblem] = []
    asked = (house.require(room),) if room else house.names()
    chosen = tuple(house.those_that_load(asked, lost, lambda name: load_probes(name, house)))
    complain(lost)
    options = PROFILES[profile]
    if examples is not None:
        options = settings(options, max_examples=examples)
    found = []
    for probed in run_probes(chosen, house, options, seed):
        found.append(probed)
        _print(probed, house, first=len(found) == 1 or found[-2].room != probed.room)
    console().print(summary(found), markup=False)
    return 2 if lost else exit_status(found)


def exit_status(found: Iterable[Probed]) -> int:
    """0, 1 or 3; see `probe`."""
    listed = list(found)
    if any(p.word == "FAILS" for p in listed):
        return 1
    return 0 if all(p.word == "HOLDS" and p.expected for p in listed) else 3


def summary(found: Iterable[Probed]) -> str:
    """E.g. ``31 assumptions: 31 HOLDS, 0 FAILS, 0 MISSING; 33 of 33 counterexamples outside``."""
    listed = list(found)
    words = ", ".join(
        f"{sum(p.word == word for p in listed)} {word}" for word in ("HOLDS", "FAILS", "MISSING")
    )
    places = [b for p in listed for b in p.beyond]
    shown = sum(b.search.found is Found.FAILS for b in places)
    return f"{len(listed)} assumptions: {words}; {shown} of {len(places)} counterexamples outside"


def _print(probed: Probed, house: House, *, first: bool) -> None:
    screen = console()

    def say(text: str) -> None:
        screen.print(text, markup=False, soft_wrap=True)

    if first:
        screen.print(f"[bold]{probed.room}[/]")
    search = probed.inside
    tried = f" ({search.examples} examples)" if search and search.found is Found.HOLDS else ""
    screen.print(f"  {coloured(probed.word)}{tried} [bold]{probed.assumption.id}[/]", end=": ")
    say(plain(probed.assumption.statement))
    if probed.probe is None or search is None:
        say(f"    no probe; add one to {house.address(probed.room).file('probes')}")
        return
    say(f"    {plain(probed.probe.property)}")
    if search.found is Found.FAILS:
        say(f"    {search.message}; to see it again:")
        say(_indented(probed.code))
    for place in probed.beyond:
        if place.search.found is Found.FAILS:
            say(f"    outside: {plain(place.place.because)} {place.search.message}:")
            say(_indented(place.code))
        else:
            why = plain(place.place.because)
            say(f"    outside: NOT FOUND in {place.search.examples} examples: {why}")
    if not probed.beyond:
        say(f"    outside: {plain(probed.probe.no_outside)}")


def _indented(code: str) -> str:
    return "\n".join(f"      {line}".rstrip() for line in code.splitlines())
