"""What ``verilimit list`` says of each room, gathered from the rooms themselves."""

from typing import Any

from checks.suite.house import House
from checks.suite.problem import InputProblem
from checks.suite.roots import Root
from checks.verdicts import TIERS, Claim, tier_words
from theory.language.prose import plain


def contents(
    roots: tuple[Root, ...], built_in: bool, lost: list[InputProblem]
) -> list[dict[str, Any]]:
    """Theorem, source, claims and sentences of every room; what does not load is in ``lost``."""
    house = House(roots, built_in)
    found = []
    for name in house.those_that_load(house.names(), lost, house.room):
        room = house.room(name)
        theorem = room.theorem
        sentences = [
            {
                "word": sentence.word,
                "says": plain(sentence.says),
                "seen_by": sentence.seen_by,
                "missing": plain(sentence.missing),
            }
            for sentence in theorem.coverage
        ]
        found.append(
            {
                "name": name,
                "title": theorem.title,
                "source": theorem.source.value,
                "reference": theorem.reference,
                "claims": [_told(claim) for claim in room.claims],
                "sentences": sentences,
            }
        )
    return found


def _told(claim: Claim) -> str:
    tiers = "" if all(map(claim.runs_at, TIERS)) else f", {tier_words(claim)}"
    return f"{claim.id} ({claim.source}{tiers}): {plain(claim.statement)}"
