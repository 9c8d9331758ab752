"""``verilimit derive``: a derivation; the main line in order, what lies beside it folded.

One of the same sources is not decided again: what became of its steps is kept.
"""

import textwrap
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from checks.app.screen import coloured, console
from checks.suite.kept import remembered
from checks.suite.roots import Root

LONGEST_FORMULA = 240  # characters; `--latex` and the report print formulas whole
MADE_OF = ("theory", "checks/app")  # of verilimit's sources


def print_derivation(
    room: str,
    roots: Sequence[Root],
    *,
    built_in: bool = True,
    latex: bool = False,
    whole: bool = False,
) -> int:
    """Print the steps of ``room``; returns 1 when a step failed, else 3 when one is undecided.

    A step on which the statement does not rest takes one line, unless ``whole`` or it has no proof.
    """
    screen = console()
    told = _Told(screen, latex=latex, whole=whole)

    def decide() -> tuple[dict[str, Any], bool]:
        from checks.app.deciding import decided  # which imports SymPy and the theory

        return decided(room, tuple(roots), built_in, told)

    asked = {"room": room, "built_in": built_in}
    found = remembered("derivations", asked, roots, decide, MADE_OF)
    kept = not told.steps
    if kept:
        told.begins(found["head"])
        for step in found["steps"]:
            told.step(step)
    screen.print(f"\n{found['ends']}", markup=False)
    for sentence in found["beside"]:
        screen.print(sentence, markup=False)
    screen.print(f"{found['counted']}; {found['seconds']:.1f} s", markup=False)
    if kept:
        screen.print("Decided before; nothing of what it came from has changed since.")
    return found["status"]


class _Told:
    """Prints a derivation, step by step as each is decided or read."""

    def __init__(self, screen: Console, *, latex: bool, whole: bool) -> None:
        self._screen, self._latex, self._whole = screen, latex, whole
        self.steps = 0

    def begins(self, head: Sequence[str]) -> None:
        """Title, source and statement."""
        title, *others = head
        self._screen.print(f"[bold]{title}[/]")
        for line in others:
            self._screen.print(line, markup=False)

    def step(self, step: dict[str, Any]) -> None:
        """One step, whole or in one line."""
        self.steps += 1
        in_full = self._whole or step["broken"] or step["main"]
        self._line(step, before="\n" if in_full else "")
        if not in_full:
            return
        if self._latex:
            text = f"   {' = '.join(step['latex'])}"
            self._screen.print(text, markup=False, soft_wrap=True)
        else:
            text = " = ".join(map(_short, step["formula"]))
            self._screen.print(textwrap.indent(text, "   "), markup=False, highlight=False)
        self._screen.print(f"   because {step['because']}", markup=False)
        if step["uses"]:
            self._screen.print(f"   uses {step['uses']}", markup=False)
        if step["detail"]:
            self._screen.print(f"   {step['detail']}", markup=False)

    def _line(self, step: dict[str, Any], before: str) -> None:
        status = coloured(step["status"])
        self._screen.print(
            f"{before}{self.steps}. {status} [bold]{escape(step['name'])}[/] ({step['kind']})",
            highlight=False,
        )


def _short(text: str) -> str:
    if len(text) <= LONGEST_FORMULA:
        return text
    return f"{text[:LONGEST_FORMULA]}… ({len(text)} characters)"
