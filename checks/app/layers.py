"""``verilimit derive FILE.py[:layer]``: the limit of the layers in a user's file."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import sympy as sp
from rich.markup import escape

from checks.app.screen import console
from checks.suite.claimfile import ClaimFile
from checks.suite.files import require_writable, write_text
from checks.suite.problem import InputProblem
from theory.layers.layer import Layer
from theory.limits.derive import derive
from theory.limits.limit import Limit
from theory.limits.monomials import monomial

LONGEST = 160  # characters of a term that is dropped


def print_limits(target: str, *, latex: bool, out: Path | None, steps: str | None = None) -> int:
    """Print the limits of ``FILE.py`` or ``FILE.py:layer``, and write them to a JSON file.

    ``steps`` takes the place of the declared number of steps; what the author expects is then left
    out. Returns 1 when an expectation of the author is contradicted, else 3 when a limit is
    UNDECIDED, else 0: a decided negative answer is an answer.
    """
    require_writable(out, "--json", "{[")
    found = {name: derive(steps_of(layer, steps)) for name, layer in chosen(target).items()}
    screen = console()
    for limit in found.values():
        _print(screen, limit, latex=latex)
    if out is not None:
        text = json.dumps({name: as_record(x) for name, x in found.items()}, indent=2)
        write_text(out, text + "\n")
    if any(limit.contradictions() for limit in found.values()):
        return 1
    return 3 if any(limit.regime == "UNDECIDED" for limit in found.values()) else 0


def chosen(target: str) -> dict[str, Layer]:
    """The layers that ``FILE.py`` or ``FILE.py:layer`` names; `InputProblem` if there is none."""
    path, _, name = target.partition(":")
    found = vars(ClaimFile(Path(path).resolve()).module)
    layers = {key: value for key, value in found.items() if isinstance(value, Layer)}
    if not layers:
        raise InputProblem(
            expected=f"{path} to define a vl.Layer at module level",
            received="none",
            remedy="Write layer = vl.Layer(..); docs/gallery has layers to start from.",
        )
    if name and name not in layers:
        raise InputProblem(
            expected=f"one of the layers {', '.join(layers)} of {path}",
            received=name,
            remedy=f"Name one of them, or write {path} alone.",
        )
    return {name: layers[name]} if name else layers


def steps_of(layer: Layer, steps: str | None) -> Layer:
    """The layer over another number of steps, without what its author expects of the declared one.

    Raises `InputProblem` for what is no monomial in N.
    """
    if steps is None:
        return layer
    try:
        return replace(layer, steps=monomial(steps), expect={})
    except ValueError as why:
        raise InputProblem(
            expected="--steps with a monomial in N", received=f"{steps!r}", remedy=f"{why}."
        ) from None


def _print(screen: Any, limit: Limit, *, latex: bool) -> None:
    screen.print(f"[bold]{escape(limit.layer.name)}[/]: [bold]{limit.regime}[/]")
    for sentence in limit.words:
        screen.print(f"   {sentence}", markup=False)
    for kind, table in (("drift", limit.drift), ("covariance", limit.covariance)):
        for key, e in table.items():
            at = ", ".join(map(str, limit.axes[key]))
            name = key if isinstance(key, str) else " and ".join(key)
            text = sp.latex(e) if latex else str(e)
            screen.print(f"   {kind} of {name} [{at}] = {text}", markup=False, soft_wrap=True)
    for what, parts in limit.dropped.items():
        for power, e in parts.items():
            text = sp.latex(e) if latex else str(e)
            screen.print(
                f"   dropped from {what}, smaller by N**({power}): {_short(text)}", markup=False
            )
    for name, status in limit.hypotheses.items():
        screen.print(f"   {name} {status}", markup=False)
    for sentence in limit.contradictions():
        screen.print(f"   CONTRADICTED: {sentence}", markup=False)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"


def as_record(limit: Limit) -> dict[str, Any]:
    """What is written as JSON: regime, words, hypotheses, LaTeX and SymPy text of the formulas."""

    def formulas(table: Any) -> dict[str, Any]:
        return {
            key if isinstance(key, str) else ",".join(key): {
                "axes": [str(i) for i in limit.axes[key]],
                "sympy": str(e),
                "latex": sp.latex(e),
            }
            for key, e in table.items()
        }

    fluctuation = limit.fluctuation
    return {
        "layer": limit.layer.name,
        "regime": limit.regime,
        "words": list(limit.words),
        "hypotheses": dict(limit.hypotheses),
        "dropped": {
            what: {str(power): str(e) for power, e in parts.items()}
            for what, parts in limit.dropped.items()
        },
        "drift": formulas(limit.drift),
        "covariance": formulas(limit.covariance),
        "fluctuation": fluctuation
        and {
            "scale": str(fluctuation.scale),
            "shifted": fluctuation.shifted,
            "covariance": formulas(fluctuation.covariance),
        },
        "contradictions": limit.contradictions(),
    }
