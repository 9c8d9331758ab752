"""Mutations that a room lists as changing nothing, found again when lines have moved."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

from checks.suite.problem import InputProblem

from .operators import Mutation

# File, function, before, after, and which of several that agree in all of these, from 1.
Place = tuple[str, str, str, str] | tuple[str, str, str, str, int]


def equivalent(
    room: str,
    listed: Mapping[Place, str],
    population: Sequence[Mutation],
    paths: Mapping[str, Path],
) -> dict[Mutation, str]:
    """The mutations that are listed, with the reason.

    A file is named by the end of its path, ``paths`` has that of each module. Raises `InputProblem`
    for an entry that is not exactly one of the ``population``: the source it was said of is gone.
    """
    reasons = {}
    for place, reason in listed.items():
        found = _fitting(place, population, paths)
        if len(found) != 1:
            where = f", on lines {', '.join(str(m.line) for m in found)}" if found else ""
            raise InputProblem(
                expected=f"each entry of equivalent_mutations of {room} to be one mutation: file, "
                "function, before, after, and which of several that agree",
                received=f"{place}, which is {len(found)} of them{where}",
                remedy="Add which of them, from 1." if found else "Look at it anew, or remove it.",
            )
        reasons[found[0]] = reason
    return reasons


def _fitting(
    place: Place, population: Sequence[Mutation], paths: Mapping[str, Path]
) -> list[Mutation]:
    file, *texts = place[:4]
    end = PurePath(file).parts
    found = [
        m
        for m in population
        if [m.function, m.before, m.after] == texts and paths[m.module].parts[-len(end) :] == end
    ]
    return found[place[4] - 1 : place[4]] if len(place) == 5 else found
