"""``verilimit derive``: runs a derivation; the main line in order, what lies beside it folded."""

import textwrap

from rich.console import Console
from rich.markup import escape

from checks.app.screen import coloured, console
from checks.suite.house import House
from theory.codegen.display import shown
from theory.codegen.unicode import unicode
from theory.language import Outcome, Theorem, counted, exit_status, run_steps
from theory.language.graph import reached
from theory.language.prose import plain

LONGEST_FORMULA = 240  # characters; `--latex` and the report print formulas whole


def print_derivation(room: str, house: House, *, latex: bool, whole: bool = False) -> int:
    """Print the steps of ``room``; returns 1 when a step failed, else 3 when one is undecided.

    A step on which the statement does not rest takes one line, unless ``whole`` or it has no proof.
    """
    theorem = house.theorem(room)
    screen = console()
    screen.print(f"[bold]{theorem.title}[/]")
    screen.print(f"{theorem.source.value}: {theorem.reference}", markup=False)
    screen.print(plain(theorem.statement), markup=False)
    steps = theorem.derivation.steps
    main = reached(theorem.derivation.statement, steps) or {step.name for step in steps}
    outcomes = []
    for number, outcome in enumerate(run_steps(steps), start=1):
        outcomes.append(outcome)
        broken = exit_status([outcome.status]) != 0
        if whole or broken or outcome.step.name in main:
            _print_step(screen, number, outcome, latex=latex)
        else:
            _print_line(screen, number, outcome)
    _print_beside(screen, theorem)
    seconds = sum(o.seconds for o in outcomes)
    screen.print(f"{counted(outcomes)}; {seconds:.1f} s", markup=False)
    return exit_status(o.status for o in outcomes)


def _print_step(screen: Console, number: int, outcome: Outcome, *, latex: bool) -> None:
    step = outcome.step
    _print_line(screen, number, outcome, before="\n")
    form = shown(step.left, step.right)
    if latex:
        text = f"   {form.index_left} = {form.index_right}"
        screen.print(text, markup=False, soft_wrap=True)
    else:
        text = f"{_short(unicode(form.left))} = {_short(unicode(form.right))}"
        screen.print(textwrap.indent(text, "   "), markup=False, highlight=False)
    screen.print(f"   because {plain(step.because)}", markup=False)
    if step.uses:
        screen.print(f"   uses {plain('; '.join(step.uses))}", markup=False)
    if outcome.detail:
        screen.print(f"   {outcome.detail}", markup=False)


def _print_line(screen: Console, number: int, outcome: Outcome, before: str = "") -> None:
    step, status = outcome.step, coloured(outcome.status.name)
    screen.print(
        f"{before}{number}. {status} [bold]{escape(plain(step.name))}[/] ({step.kind})",
        highlight=False,
    )


def _print_beside(screen: Console, theorem: Theorem) -> None:
    """What the statement does not rest on, with the reasons: one line for each reason."""
    ends = "; ".join(theorem.derivation.statement) or "no step: the derivation names none"
    screen.print(f"\nThe statement is: {plain(ends)}.", markup=False)
    for reason, names in theorem.beside_by_reason.items():
        said = plain(f"It does not rest on {'; '.join(names)}: {reason}.")
        screen.print(said, markup=False)


def _short(text: str) -> str:
    if len(text) <= LONGEST_FORMULA:
        return text
    return f"{text[:LONGEST_FORMULA]}… ({len(text)} characters)"
