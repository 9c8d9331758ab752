"""Where a drift jumps: well posed only if it is crossed by noise."""

from collections.abc import Mapping

import sympy as sp

from theory.limits.moments import Moments
from theory.limits.remark import Remark


def ill_posed(moments: Moments, drift: Mapping[str, sp.Expr], covariance: Mapping) -> list[Remark]:
    """A sentence for the first drift that jumps at a place across which there is no noise."""
    for name, e in drift.items():
        places = [g for g in jumps(e) if _still(moments, name, g, covariance)]
        if places:
            where = ", ".join("${} = 0$" for _ in places)
            template = (
                f"the drift ${{}}$ of {name} is discontinuous at {where}, where the noise vanishes"
            )
            return [Remark.of(template, e, *places)]
    return []


def jumps(e: sp.Expr) -> list[sp.Expr]:
    """Functions at whose zeros an expression has two different values, one on each side."""
    found = []
    for step in sorted(e.atoms(sp.sign, sp.Heaviside), key=str):
        below = sp.S.NegativeOne if isinstance(step, sp.sign) else sp.S.Zero
        gap = e.xreplace({step: sp.S.One}) - e.xreplace({step: below})
        if sp.simplify(_at_zero(gap, step.args[0])) != 0:
            found.append(step.args[0])
    return found


def _still(moments: Moments, name: str, place: sp.Expr, covariance: Mapping) -> bool:
    """Whether a function of the statistics has no noise at its zeros.

    Of functions of matrices only the noise of the statistic that they drive is known.
    """
    scalars = {
        s: moments.reading.statistics[s]() for s, x in moments.layer.watch.items() if not x.shape
    }
    if place.atoms(sp.Indexed):
        return covariance[name, name] == 0
    slopes = {s: sp.diff(place, x) for s, x in scalars.items()}
    noise = sp.Add(
        *(a * b * covariance[s, t] for s, a in slopes.items() for t, b in slopes.items())
    )
    return sp.simplify(_at_zero(noise, place)) == 0


def _at_zero(e: sp.Expr, place: sp.Expr) -> sp.Expr:
    """An expression where a function is zero, as far as it is linear in one of its symbols."""
    for symbol in sorted(place.free_symbols, key=str):
        slope = sp.diff(place, symbol)
        if slope != 0 and not slope.has(symbol):
            return e.subs(symbol, sp.expand(symbol - place / slope))
    return e
