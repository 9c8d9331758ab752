"""Decides the steps of a room's derivation; what is told of them is plain data."""

from typing import Any, Protocol, runtime_checkable

from checks.suite.house import House
from checks.suite.roots import Root
from theory.codegen.display import shown
from theory.codegen.unicode import unicode
from theory.language import Outcome, Theorem, counted, exit_status, lasting, run_steps
from theory.language.graph import reached
from theory.language.prose import plain


@runtime_checkable
class Listener(Protocol):
    """Is told the head of a derivation, and each step once it is decided."""

    def begins(self, head: list[str]) -> None:
        """Title, source and statement."""
        ...

    def step(self, step: dict[str, Any]) -> None:
        """A step and what became of it."""
        ...


def decided(
    room: str, roots: tuple[Root, ...], built_in: bool, listener: Listener
) -> tuple[dict[str, Any], bool]:
    """All that ``verilimit derive`` says of a room with its exit status; and whether that lasts."""
    theorem = House(roots, built_in).theorem(room)
    head = [
        theorem.title,
        f"{theorem.source.value}: {theorem.reference}",
        plain(theorem.statement),
    ]
    listener.begins(head)
    steps = theorem.derivation.steps
    main = reached(theorem.derivation.statement, steps) or {step.name for step in steps}
    outcomes, told = [], []
    for outcome in run_steps(steps):
        outcomes.append(outcome)
        told.append(_told(outcome, main=outcome.step.name in main))
        listener.step(told[-1])
    ends = "; ".join(theorem.derivation.statement) or "no step: the derivation names none"
    answer = {
        "head": head,
        "steps": told,
        "ends": f"The statement is: {plain(ends)}.",
        "beside": _beside(theorem),
        "counted": counted(outcomes),
        "seconds": sum(outcome.seconds for outcome in outcomes),
        "status": exit_status(outcome.status for outcome in outcomes),
    }
    return answer, lasting(outcomes)


def _told(outcome: Outcome, *, main: bool) -> dict[str, Any]:
    step = outcome.step
    form = shown(step.left, step.right)
    return {
        "name": plain(step.name),
        "kind": step.kind,
        "status": outcome.status.name,
        "broken": exit_status([outcome.status]) != 0,
        "main": main,
        "formula": [unicode(form.left), unicode(form.right)],
        "latex": [form.index_left, form.index_right],
        "because": plain(step.because),
        "uses": plain("; ".join(step.uses)),
        "detail": outcome.detail,
    }


def _beside(theorem: Theorem) -> list[str]:
    """What the statement does not rest on, with the reasons: one line for each reason."""
    return [
        plain(f"It does not rest on {'; '.join(names)}: {reason}.")
        for reason, names in theorem.beside_by_reason.items()
    ]
