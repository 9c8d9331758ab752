"""``verilimit derive``: runs a derivation and prints what became of each step."""

from checks.app.screen import coloured, console
from checks.suite.house import House
from theory.codegen.latex import latex as to_latex
from theory.language import Outcome, Theorem, counted, exit_status, run_steps

LONGEST_FORMULA = 240  # characters; `--latex` and the report print formulas whole


def print_derivation(room: str, house: House, *, latex: bool) -> int:
    """Print the steps of ``room``; returns 1 when a step failed, else 3 when one is undecided."""
    theorem = house.theorem(room)
    screen = console()
    screen.print(f"[bold]{theorem.title}[/]")
    screen.print(f"{theorem.source.value}: {theorem.reference}", markup=False)
    screen.print(theorem.statement, markup=False)
    outcomes = []
    for number, outcome in enumerate(run_steps(theorem.derivation.steps), start=1):
        outcomes.append(outcome)
        _print_step(screen, number, outcome, latex=latex)
    _print_beside(screen, theorem)
    seconds = sum(o.seconds for o in outcomes)
    screen.print(f"{counted(outcomes)}; {seconds:.1f} s", markup=False)
    return exit_status(o.status for o in outcomes)


def _print_step(screen, number: int, outcome: Outcome, *, latex: bool) -> None:
    step = outcome.step
    status = coloured(outcome.status.name)
    screen.print(f"\n{number}. {status} [bold]{step.name}[/] ({step.kind})", highlight=False)
    screen.print(f"   because {step.because}", markup=False)
    if step.uses:
        screen.print(f"   uses {'; '.join(step.uses)}", markup=False)
    if outcome.detail:
        screen.print(f"   {outcome.detail}", markup=False)
    if latex:
        left, right = to_latex(step.left), to_latex(step.right)
        screen.print(f"   {left} = {right}", markup=False, soft_wrap=True)
    else:
        screen.print(f"   {_short(step.left)} = {_short(step.right)}", markup=False)


def _print_beside(screen, theorem: Theorem) -> None:
    """What the statement does not rest on, with the reasons: one line for each reason."""
    ends = "; ".join(theorem.derivation.statement) or "no step: the derivation names none"
    screen.print(f"\nThe statement is: {ends}.", markup=False)
    for reason, names in theorem.beside_by_reason.items():
        screen.print(f"It does not rest on {'; '.join(names)}: {reason}.", markup=False)


def _short(expression) -> str:
    text = str(expression)
    if len(text) <= LONGEST_FORMULA:
        return text
    return f"{text[:LONGEST_FORMULA]}… ({len(text)} characters)"
