"""Phase diagrams as pictures: SVG without scripts."""

import sympy as sp

from theory.limits.phase import Phase
from theory.limits.plane import Face, Plane

COLOURS = {
    "UNSTABLE": "#d0662c", "SDE": "#3b7dbd", "ODE": "#3f9b6c", "SDE WITHOUT DRIFT": "#a559aa",
    "TRIVIAL": "#b9bdc2", "JUMPS": "#b58b00",
}  # fmt: skip
OTHER = "#7a7f87"


def drawing(diagram: Phase | Plane) -> str:
    """The regions of one exponent as bars, of two as polygons, lines and points."""
    return _plane(diagram) if isinstance(diagram, Plane) else _line(diagram)


def _line(diagram: Phase) -> str:
    low, high = diagram.regions[0].low, diagram.regions[-1].high
    width, left = 560, 40

    def place(x: sp.Expr) -> float:
        return left + float((x - low) / (high - low)) * width

    bars, marks = [], []
    for r in diagram.regions:
        colour = COLOURS.get(r.regime, OTHER)
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


def _plane(diagram: Plane) -> str:
    (x0, y0), (x1, y1), size, left = diagram.low, diagram.high, 420, 60

    def place(point: tuple[sp.Expr, sp.Expr]) -> tuple[float, float]:
        x, y = point
        return left + size * float((x - x0) / (x1 - x0)), 20 + size * float((y1 - y) / (y1 - y0))

    def shape(face: Face) -> str:
        at = [place(corner) for corner in face.corners]
        colour = COLOURS.get(face.regime, OTHER)
        title = f"<title>{_plain(diagram.where(face))}: {face.regime}</title>"
        if len(at) == 1:
            ((x, y),) = at
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}">{title}</circle>'
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        if len(at) == 2:
            return (
                f'<polyline points="{points}" stroke="{colour}" stroke-width="4">{title}</polyline>'
            )
        x, y = (sum(c[k] for c in at) / len(at) for k in (0, 1))
        return (f'<polygon points="{points}" fill="{colour}" fill-opacity="0.55">{title}</polygon>'
                f'<text x="{x:.1f}" y="{y:.1f}">{face.regime}</text>')  # fmt: skip

    used = sorted({f.regime for f in diagram.regions if len(f.corners) < 3})
    legend = "".join(
        f'<rect x="{left + size + 20}" y="{24 + 22 * k}" width="12" height="12" '
        f'fill="{COLOURS.get(regime, OTHER)}"/><text x="{left + size + 40}" y="{34 + 22 * k}" '
        f'text-anchor="start">{regime}</text>'
        for k, regime in enumerate(used)
    )
    p, q = diagram.exponents
    ends = "".join(
        f'<text x="{x:.1f}" y="{y:.1f}">{value}</text>'
        for value, x, y in ((x0, left, size + 38), (x1, left + size, size + 38),
                            (p, left + size / 2, size + 38), (y0, left - 20, size + 20),
                            (y1, left - 20, 26), (q, left - 20, 20 + size / 2))
    )  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size + left + 220} {size + 50}" '
        'font-family="sans-serif" font-size="13" text-anchor="middle" fill="currentColor">'
        f"{''.join(map(shape, diagram.regions))}{legend}{ends}</svg>\n"
    )


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
