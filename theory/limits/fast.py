"""Fast variables: a strictly stable linear part that relaxes long before the declared steps end."""

from collections.abc import Mapping

import sympy as sp

from theory.calculus.networks import Polynomial
from theory.limits.moments import Moments
from theory.limits.remark import Remark
from theory.limits.sizes import Orders, exceeds, largest


def fast_variables(
    moments: Moments, orders: Mapping[str, Orders], steps: sp.Expr | None
) -> list[Remark]:
    """A sentence, if what moves too far is a strictly stable linear map of some statistics.

    These relax in N**-mu steps, mu the order of their mean step, with 0 >= mu > -steps; the others
    must not move too far over the steps (if these are None: as many as they take), and noise must
    keep the fast ones of order one.
    """
    mu = {s: largest(o) for s, o in orders.items()}
    level = largest(dict.fromkeys(mu.values()))
    fast = [s for s, e in mu.items() if e == level]
    slow = [s for s in orders if s not in fast]
    if exceeds(level, sp.S.Zero) or not slow or any(moments.layer.watch[s].shape for s in orders):
        return []
    steps = -largest(dict.fromkeys(mu[s] for s in slow)) if steps is None else steps
    if any(exceeds(mu[s], -steps) for s in slow) or _noisy(moments, fast, slow, level, steps):
        return []
    inner = _slopes(moments, fast, {s: orders[s][level] for s in fast})
    if inner is None:
        return []
    values = [sp.factor(e) for e in inner.eigenvals()]
    if level == 0:
        values = [sp.factor(1 + e) for e in values]
    if not all((_inside(e) if level == 0 else sp.re(e).is_negative) for e in values):
        return []
    where = "" if all(e.is_number for e in values) else ", where these are below one in size"
    time, what = ("O(1)", "factors") if level == 0 else ("$N**({})$", "rates")
    listed = ", ".join("${}$" for _ in values) + (where if level == 0 else "")
    names = ", ".join(fast), ", ".join(slow)
    return [
        Remark.of(
            f"FAST: {names[0]} relaxes in {time} steps ({what} {listed}), {names[1]} is slow. "
            f"Watch {names[1]} with {names[0]} at rest",
            *([] if level == 0 else [-level]),
            *(values if level == 0 else [-e for e in values]),
        )
    ]


def _noisy(
    moments: Moments, fast: list[str], slow: list[str], level: sp.Expr, steps: sp.Expr
) -> bool:
    """Whether noise moves slow statistics too far, or fast ones, while they relax."""
    bounds = [*((s, level) for s in fast), *((s, -steps) for s in slow)]
    variances = ((moments.orders(moments.covariance(s, s)), bound) for s, bound in bounds)
    return any(found and exceeds(largest(found), bound) for found, bound in variances)


def _slopes(moments: Moments, fast: list[str], steps: Mapping[str, Polynomial]) -> sp.Matrix | None:
    """The matrix of a linear mean step of the fast statistics; none where it is not linear."""
    written = [moments.written(steps[s], moments.axes(s)) for s in fast]
    symbols = [moments.reading.statistics[s]() for s in moments.layer.watch]
    matrix = sp.Matrix([[sp.diff(e, x) for x in symbols] for e in written])
    if any(matrix.has(x) for x in symbols):
        return None
    places = [list(moments.layer.watch).index(s) for s in fast]
    return matrix.extract(list(range(len(fast))), places)


def _inside(factor: sp.Expr) -> bool:
    """Whether a multiplier may be inside the unit circle: known so, or of a symbol below one."""
    if factor.is_number:
        return bool(abs(factor) < 1)
    return all(s.is_positive for s in factor.free_symbols) and factor.is_polynomial()
