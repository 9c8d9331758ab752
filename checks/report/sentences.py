"""What stands for a sentence of a room, in what it found and covers, and what became of that."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.report.content import RoomContent
from theory.language import Sentence, exit_status


@dataclass(frozen=True)
class Shown:
    """What stands for a sentence: a step, claim or probe, where it is found, and what became of it.

    ``place`` is empty where the report has none, ``word`` where it holds.
    """

    kind: str
    name: str
    place: str
    word: str


def seen_by(content: RoomContent, sentence: Sentence) -> list[Shown]:
    """The steps, claims and probes of a sentence."""
    return [
        Shown(kind, name, *known.get(name, ("", unknown)))
        for kind, names, known, unknown in (
            ("steps", sentence.steps, dict(_steps(content)), "no such step"),
            ("claims", sentence.claims, _claims(content), "no such claim"),
            ("probes", sentence.probes, dict(_probes(content)), "MISSING"),
        )
        for name in names
    ]


Found = tuple[str, tuple[str, str]]  # a name, its place, and a word where it does not hold


def _steps(content: RoomContent) -> Iterator[Found]:
    for number, outcome in enumerate(content.outcomes, start=1):
        word = outcome.status.name if exit_status([outcome.status]) else ""
        yield outcome.step.name, (f"{content.room.name}-step-{number}", word)


def _probes(content: RoomContent) -> Iterator[Found]:
    for probed in content.probed:
        name, word = probed.assumption.id, "" if probed.word == "HOLDS" else probed.word
        yield name, (f"{content.room.name}-assumes-{name}", word)


def _claims(content: RoomContent) -> dict[str, tuple[str, str]]:
    """By id, and by what follows its first part, which a user's room may call what it likes."""
    known = {claim.id: ("", "not at this tier") for claim in content.absent}
    known |= {claim.id: ("", "no verdict") for claim, _ in content.failed}
    for result in content.results:
        holds = result.verdict.holds
        known[result.claim_id] = (result.claim_id, "" if holds else result.verdict.name)
    # Of two that end alike, the one that does not hold is shown.
    worst_last = sorted(known.items(), key=lambda pair: bool(pair[1][1]))
    return {claim.partition("/")[2]: found for claim, found in worst_last} | known
