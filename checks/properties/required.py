"""What a user requires of trained weights: a figure on one side of a number, or an assumption."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.properties.weighed import Weighed
from checks.suite.problem import InputProblem

RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip


@dataclass(frozen=True)
class Required:
    """One requirement: ``FIGURE RELATION NUMBER`` for every head, or ``ROOM/ASSUMPTION``."""

    text: str
    figure: str | None = None
    relation: str = ""
    number: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What became of it: met, not met, or (None) no such figure exists for a head."""

    text: str
    met: bool | None
    words: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"required": self.text, "met": self.met, "words": self.words}


def read_required(text: str) -> Required:
    """A requirement from its text; raises `InputProblem` for one that is none."""
    found = re.fullmatch(r"\s*(\S.*?)\s*(<=|>=|<|>)\s*([-+0-9.eE]+)\s*", text)
    if found is None and re.fullmatch(r"\w+/\S.*", text):
        return Required(text)
    try:
        figure, relation, number = found.groups() if found else ("", "", "")
        return Required(text, figure, relation, float(number))
    except ValueError:
        raise _problem(
            "--require with a figure and a number, as 'SEC(1) <= 0.9', or ROOM/ASSUMPTION", text
        ) from None


def answer(required: Required, weighed: Weighed) -> Answer:
    """Whether every head obeys; raises `InputProblem` for an unknown figure or assumption."""
    if required.figure is None:
        return _assumed(required, weighed)
    if required.figure not in weighed.figures[0]:
        raise _problem(f"a figure among {', '.join(weighed.figures[0])}", required.figure)
    values = [row[required.figure] for row in weighed.figures]
    holds = RELATIONS[required.relation]
    known = [(x, h) for x, h in zip(values, weighed.heads, strict=True) if x is not None]
    if not known:
        return Answer(required.text, None, "the figure does not exist for any head")
    worst = max if required.relation.startswith("<") else min
    x, head = worst(known, key=lambda pair: pair[0])
    met: bool | None = holds(x, required.number)
    words = f"{x:.4g} in layer {head.layer}, head {head.head}"
    if met and len(known) < len(values):
        met, words = None, f"{words}, and the figure does not exist for some heads"
    return Answer(required.text, met, words)


def _assumed(required: Required, weighed: Weighed) -> Answer:
    known = {f"{room}/{f.assumption.split(' (')[0]}": f for room, f in weighed.findings}
    if required.text not in known:
        raise _problem(f"an assumption among {', '.join(known)}", required.text)
    finding = known[required.text]
    return Answer(required.text, finding.satisfied, finding.words)


def status_of(answers: Sequence[Answer]) -> int:
    """1 where a requirement is not met, else 3 where one is not decided, else 0."""
    if any(a.met is False for a in answers):
        return 1
    return 3 if any(a.met is None for a in answers) else 0


def _problem(expected: str, received: str) -> InputProblem:
    return InputProblem(expected=expected, received=received, remedy="Correct --require.")
