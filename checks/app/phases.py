"""``verilimit derive FILE.py --phase p,q``: regimes in exponents, as a table and a picture."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import sympy as sp
from rich.markup import escape

from checks.app.layers import as_record, chosen, steps_of
from checks.app.phase_pictures import drawing
from checks.app.screen import console
from checks.suite.files import require_writable, write_text
from checks.suite.problem import InputProblem
from theory.layers.layer import Layer
from theory.limits.derive import derive
from theory.limits.limit import LIMITS
from theory.limits.meetings import exponents_of
from theory.limits.monomials import exponent_ranges
from theory.limits.phase import Phase
from theory.limits.plane import Plane


def print_phases(
    target: str, wanted: str, *, steps: str | None, latex: bool, out: Path | None, svg: Path | None
) -> int:
    """Print the phase diagrams of the layers of a file that contain the exponents.

    Returns 3 when a region is UNDECIDED, else 0.
    """
    require_writable(out, "--json", "{")
    require_writable(svg, "--picture", "<")
    try:
        ranges = exponent_ranges(wanted)
    except ValueError as why:
        raise InputProblem(
            expected="--phase P, P:LOW:HIGH or P,Q", received=f"{wanted!r}", remedy=f"{why}."
        ) from None
    layers = {k: steps_of(x, steps) for k, x in chosen(target).items()}
    names = [name for name, *_ in ranges]
    found = {
        key: _phase(layer, [known[name] for name in names], ranges)
        for key, layer in layers.items()
        for known in [{str(s): s for s in layer.symbols}]
        if set(names) <= set(known)
    }
    if not found:
        known = sorted({str(s) for layer in layers.values() for s in exponents_of(layer)})
        raise InputProblem(
            expected=f"an exponent that a layer of {target} contains: {', '.join(known) or 'none'}",
            received=", ".join(names),
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


def _phase(layer: Layer, exponents: list[sp.Symbol], ranges: list) -> Phase | Plane:
    corners = [[r[k] for r in ranges] for k in (1, 2)]
    try:
        limit = derive(replace(layer, expect={}))
        if len(exponents) == 2:
            return limit.phase(tuple(exponents), *corners)
        return limit.phase(exponents[0], *(x for (x,) in corners))
    except ValueError as why:
        shown = " and ".join(map(str, exponents))
        raise InputProblem(
            expected=f"a layer with {shown} in powers of N, affine, and low < high",
            received=str(why),
            remedy="Choose another range, or another exponent.",
        ) from None


def _print(screen: Any, diagram: Phase | Plane, *, latex: bool) -> None:
    screen.print(f"[bold]{escape(diagram.layer.name)}[/]")
    for where, point, limit in diagram.rows:
        screen.print(f"{where:>20}  {limit.regime}", markup=False)
        if limit.regime in LIMITS:
            for kind, table in (("drift", limit.drift), ("covariance", limit.covariance)):
                for key, e in table.items():
                    if e != 0:
                        label = key if isinstance(key, str) else " and ".join(key)
                        text = sp.latex(e) if latex else str(e)
                        screen.print(f"{'':22}{kind} of {label} = {text}", markup=False,
                                     soft_wrap=True)  # fmt: skip
        elif limit.words:
            screen.print(f"{'':22}at {point}: {limit.words[0]}", markup=False)


def _record(diagram: Phase | Plane) -> dict[str, Any]:
    if isinstance(diagram, Plane):
        return {
            "exponents": [str(p) for p in diagram.exponents],
            "regions": [
                {
                    "where": diagram.where(f),
                    "corners": [[str(x) for x in corner] for corner in f.corners],
                    "at": [str(x) for x in f.at],
                    **as_record(f.limit),
                }
                for f in diagram.regions
            ],
        }
    return {
        "exponent": str(diagram.exponent),
        "critical": [str(x) for x in diagram.critical],
        "regions": [
            {"low": str(r.low), "high": str(r.high), "at": str(r.at), **as_record(r.limit)}
            for r in diagram.regions
        ],
    }
