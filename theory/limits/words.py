"""What a verdict says beyond its name: maps and fixed points, fast variables, explosions, jumps."""

from collections.abc import Mapping

import sympy as sp

from theory.calculus.networks import Polynomial
from theory.limits.limit import Fluctuation
from theory.limits.moments import Moments
from theory.limits.normalised import Normalised
from theory.limits.remark import Remark
from theory.limits.singular import jumps
from theory.limits.sizes import exceeds, largest


def fixed_points(
    moments: Moments, name: str, level: Polynomial, step: sp.Expr, axes: tuple[sp.Idx, ...]
) -> list[str]:
    """The map at unit diagonal, its fixed points and multipliers, of a Gram matrix."""
    head = moments.reading.networks.heads[name]
    if not (head.symmetric and level) or step.has(sp.Sum):
        return []
    a, b = axes
    rho = sp.Symbol("rho", real=True)
    entry = moments.reading.statistics[name]
    unit = {entry(a, a): 1, entry(b, b): 1}
    at_one = sp.simplify(step.subs(unit).subs(entry(a, b), 1))
    moved = step.subs(unit).subs(entry(a, b), rho)
    if at_one != 0 or not moved.is_polynomial(rho):
        return []
    image = sp.factor(rho + moved)
    slope = sp.diff(moved, rho) + 1
    points = []
    for root in sorted(sp.roots(moved, rho), key=str):
        multiplier = sp.factor(slope.subs(rho, root))
        pull = sp.factor(slope.subs(rho, root) - 1)
        kind = "attracting" if pull.is_negative else "repelling" if pull.is_positive else "neutral"
        if pull.is_negative and not (multiplier + 1).is_nonnegative:
            kind += " while the multiplier is above -1"
        points.append((root, kind, multiplier))
    listed = ", ".join("${}$ ({}, multiplier ${}$)" for _ in points)
    template = f"at unit diagonal the map is ${{}} -> {{}}$, with the fixed points {listed}"
    return [Remark.of(template, rho, image, *(part for point in points for part in point))]


def explosion(
    moments: Moments, drift: Mapping[str, sp.Expr], axes: Mapping, covariance: Mapping
) -> list[str]:
    """The time of explosion of an ODE ``ds = c s**k dt``, from the entries that stand alone."""
    found = []
    for name, e in drift.items():
        if covariance.get((name, name), 0) != 0 or e == 0 or e.has(sp.Sum):
            continue
        indices = axes[name]
        one = e.subs({i: indices[0] for i in indices}) if indices else e
        s = moments.reading.statistics[name](*(indices[0] for _ in indices))
        k = sp.degree(one, s) if one.is_polynomial(s) else 0
        if k > 1 and sp.expand(one - one.coeff(s, k) * s**k) == 0:
            c = sp.factor(one.coeff(s, k))
            if c.is_positive and not c.has(sp.Indexed):
                state, start = sp.Symbol(name), sp.Symbol(f"{name}_0")
                time = 1 / (c * (k - 1) * start ** (k - 1))
                template = "LOCAL ONLY: $d{} = {} dt$ explodes at $t = {}$"
                found.append(Remark.of(template, state, c * state**k, time))
    return found


def jumps_at(moments: Moments, steps: sp.Expr) -> list[str]:
    """Whether the fourth moment over the steps does not vanish; only laws with growing kurtosis."""
    growing = [name for name, law in moments.reading.laws.items() if law.growing]
    if not growing:
        return []
    found = []
    for name in moments.layer.watch:
        orders = moments.orders(moments.fourth(name))
        if not orders:
            continue
        order = largest(orders)
        growth = sp.expand(steps + order)
        if growth == 0:
            tends = "$-> {} != 0$"
            what = moments.written(orders[order], moments.axes(name))
        elif exceeds(order, -steps):
            tends, what = "grows like $N**({})$", growth
        else:
            continue
        found.append(
            Remark.of(
                f"JUMPS: {', '.join(growing)} has a kurtosis that grows with N; $N**({{}})$ "
                f"E[step of {name}**4] {tends}. The limit is no diffusion",
                steps,
                what,
            )
        )
    return found


def zooms(moments: Moments, drift: Mapping[str, sp.Expr], fluctuation: Fluctuation) -> list[str]:
    """Scalar statistics at which the drift vanishes: the noise that decides there."""
    found = []
    for name, e in drift.items():
        if moments.layer.watch[name].shape or not e.is_polynomial():
            continue
        s = moments.reading.statistics[name]()
        noise = sp.factor(fluctuation.covariance[name].subs(s, 0))
        if e != 0 and e.subs(s, 0) == 0 and noise != 0:
            slope = sp.factor(sp.diff(e, s).subs(s, 0))
            template = (
                "zoom at ${0} = 0$, where its drift vanishes: "
                "$z = {1} {0}$ has $dz = {2} dt + {3} dB$"
            )
            z = slope * sp.Symbol("z")
            parts = sp.Symbol(name), fluctuation.scale, z, sp.sqrt(noise)
            found.append(Remark.of(template, *parts))
    return found


def inexact(moments: Moments) -> str:
    """Why the moments, once taken, are not exact at finite N; empty if they are."""
    if isinstance(moments, Normalised):
        return "the normalisation is expanded to second order in a step"
    reading = moments.reading
    if reading.networks.depth is not None:
        return "functions of small arguments are expanded"
    if set(reading.laws) - set(moments.layer.leaves) - set(reading.hidden):
        return "its random logits count as Gaussian, which they may be in the limit only"
    return ""


def hypotheses(
    moments: Moments, regime: str, assumed: bool, formulas: list[sp.Expr]
) -> dict[str, str]:
    """The status of H1 to H6 and why; of a limit with JUMPS the third fails."""
    reading = moments.reading
    why = inexact(moments)
    units = bool(reading.hidden)
    smooth = all(e.is_polynomial(*e.atoms(sp.Indexed), *_scalars(moments)) for e in formulas)
    growing = any(law.growing for law in reading.laws.values())
    how = f"ASSUMED: {{}}; {why}, what is left is of lower order on compacts"
    exact = how if why else "PROVED: {}, exact moments"
    return {
        "H1": exact.format("mean of a step"),
        "H2": exact.format("second moment of a step"),
        "H3": "FAILS: the fourth moment over the steps does not vanish"
        if regime == "JUMPS"
        else "ASSUMED: no jumps, features of polynomial growth on compacts"
        if units or why
        else "PROVED: the fourth moment over the steps vanishes"
        if growing
        else "PROVED: a step is a polynomial of bounded degree in variables of bounded kurtosis",
        "H4": "ASSUMED: delocalised states, max_i x_i**2 = o(|x|**2), and bounded fixed arrays"
        if assumed
        else "PROVED: the moments depend on the state through the statistics only",
        "H5": "ASSUMED: the statistics converge at the start",
        "H6": "PROVED: polynomial coefficients, locally Lipschitz"
        if smooth
        else "ASSUMED: a drift that jumps where noise crosses"
        if any(jumps(e) for e in formulas)
        else "ASSUMED: the coefficients are smooth where their roots and quotients are",
    }


def _scalars(moments: Moments) -> list[sp.Expr]:
    shapes = moments.layer.watch
    return [moments.reading.statistics[s]() for s in shapes if not shapes[s].shape]
