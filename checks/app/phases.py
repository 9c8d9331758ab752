"""``verilimit derive FILE.py --phase p``: regimes in an exponent, as a table and a picture."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import sympy as sp
from rich.markup import escape

from checks.app.layers import as_record, chosen, steps_of
from checks.app.screen import console
from checks.suite.files import require_writable, write_text
from checks.suite.problem import InputProblem
from theory.layers.layer import Layer
from theory.limits.derive import derive
from theory.limits.limit import LIMITS
from theory.limits.monomials import exponent_range
from theory.limits.phase import Phase, exponents_of

COLOURS = {
    "UNSTABLE": "#d0662c", "SDE": "#3b7dbd", "ODE": "#3f9b6c", "SDE WITHOUT DRIFT": "#a559aa",
    "TRIVIAL": "#b9bdc2", "JUMPS": "#b58b00",
}  # fmt: skip


def print_phases(
    target: str, wanted: str, *, steps: str | None, latex: bool, out: Path | None, svg: Path | None
) -> int:
    """Print the phase diagrams of the layers of a file that contain the exponent.

    Returns 3 when a region is UNDECIDED, else 0.
    """
    require_writable(out, "--json", "{")
    require_writable(svg, "--picture", "<")
    try:
        name, low, high = exponent_range(wanted)
    except ValueError as why:
        raise InputProblem(
            expected="--phase P or P:LOW:HIGH", received=f"{wanted!r}", remedy=f"{why}."
        ) from None
    layers = {k: steps_of(x, steps) for k, x in chosen(target).items()}
    found = {
        key: _phase(layer, symbol, low, high)
        for key, layer in layers.items()
        for symbol in [next((s for s in layer.symbols if str(s) == name), None)]
        if symbol is not None
    }
    if not found:
        known = sorted({str(s) for layer in layers.values() for s in exponents_of(layer)})
        raise InputProblem(
            expected=f"an exponent that a layer of {target} contains: {', '.join(known) or 'none'}",
            received=name,
            remedy='Leave it symbolic, p = vl.positive("p"), as in vl.N ** (-p).',
        )
    if svg is not None and len(found) > 1:
        raise InputProblem(
            expected="one layer to draw",
            received=", ".join(found),
            remedy="Name one of them, FILE.py:layer.",
        )
    screen = console()
    for diagram in found.values():
        _print(screen, diagram, latex=latex)
        if svg is not None:
            write_text(svg, drawing(diagram))
            screen.print(f"picture written to {svg}", markup=False, soft_wrap=True)
    if out is not None:
        record = {key: _record(diagram) for key, diagram in found.items()}
        write_text(out, json.dumps(record, indent=2) + "\n")
    regimes = {r.regime for diagram in found.values() for r in diagram.regions}
    return 3 if "UNDECIDED" in regimes else 0


def _phase(layer: Layer, exponent: sp.Symbol, low: sp.Rational, high: sp.Rational) -> Phase:
    try:
        return derive(replace(layer, expect={})).phase(exponent, low, high)
    except ValueError as why:
        raise InputProblem(
            expected=f"a layer with {exponent} in powers of N, affine, and low < high",
            received=str(why),
            remedy="Choose another range, or another exponent.",
        ) from None


def _print(screen: Any, diagram: Phase, *, latex: bool) -> None:
    screen.print(f"[bold]{escape(diagram.layer.name)}[/]")
    for region in diagram.regions:
        screen.print(f"{diagram.where(region):>20}  {region.regime}", markup=False)
        limit = region.limit
        if region.regime in LIMITS:
            for kind, table in (("drift", limit.drift), ("covariance", limit.covariance)):
                for key, e in table.items():
                    if e != 0:
                        label = key if isinstance(key, str) else " and ".join(key)
                        text = sp.latex(e) if latex else str(e)
                        screen.print(f"{'':22}{kind} of {label} = {text}", markup=False,
                                     soft_wrap=True)  # fmt: skip
        elif limit.words:
            screen.print(
                f"{'':22}at {diagram.exponent} = {region.at}: {limit.words[0]}", markup=False
            )


def _record(diagram: Phase) -> dict[str, Any]:
    return {
        "exponent": str(diagram.exponent),
        "critical": [str(x) for x in diagram.critical],
        "regions": [
            {"low": str(r.low), "high": str(r.high), "at": str(r.at),
             **as_record(r.limit)}
            for r in diagram.regions
        ],
    }  # fmt: skip


def drawing(diagram: Phase) -> str:
    """The regions as bars over the exponent, SVG without scripts; points are lines."""
    low, high = diagram.regions[0].low, diagram.regions[-1].high
    width, left = 560, 40

    def place(x: sp.Expr) -> float:
        return left + float((x - low) / (high - low)) * width

    bars, marks = [], []
    for r in diagram.regions:
        colour = COLOURS.get(r.regime, "#7a7f87")
        x, y = place(r.low), place(r.high)
        if r.low == r.high:
            marks.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="30" y2="84" stroke="{colour}" '
                         f'stroke-width="5"/><text x="{x:.1f}" y="22">{r.regime}</text>'
                         f'<text x="{x:.1f}" y="116">{r.low}</text>')  # fmt: skip
        else:
            bars.append(f'<rect x="{x:.1f}" y="40" width="{y - x:.1f}" height="34" '
                        f'fill="{colour}" fill-opacity="0.55"/>'
                        f'<text x="{(x + y) / 2:.1f}" y="62">{r.regime}</text>')  # fmt: skip
    ends = "".join(f'<text x="{place(x):.1f}" y="100">{x}</text>' for x in (low, high))
    name = f'<text x="{left + width / 2}" y="138">{diagram.exponent}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 2 * left} 150" '
        'font-family="sans-serif" font-size="13" text-anchor="middle" fill="currentColor">'
        f"{''.join(bars)}{''.join(marks)}{ends}{name}</svg>\n"
    )
