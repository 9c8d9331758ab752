"""The derivation as a graph: which steps and assumptions the statement rests on."""

from collections.abc import Iterable, Sequence

from theory.language.step import Step


def check_uses(title: str, assumptions: Iterable[str], steps: Sequence[Step]) -> None:
    """Raise ``ValueError`` unless each step uses assumptions and steps before it, by name."""
    known = list(assumptions)
    for step in steps:
        if step.name in known:
            raise ValueError(f"“{title}”: {step.name} is the name of two steps or assumptions")
        if unknown := [name for name in step.uses if name not in known]:
            raise ValueError(
                f"step {step.name} of “{title}” uses {', '.join(unknown)}: no assumption and no "
                f"earlier step of that name. There are {', '.join(known)}"
            )
        known.append(step.name)


def reached(ends: Iterable[str], steps: Sequence[Step]) -> set[str]:
    """The names of all on which the steps named ``ends`` rest, with their own."""
    found = set(ends)
    for step in reversed(steps):
        if step.name in found:
            found |= set(step.uses)
    return found
