"""A finite layer follows the derived ODE: at the derived rate, with the derived fluctuation."""

from collections.abc import Callable

import numpy as np
import sympy as sp

from checks.layers.finite import SEEDS
from checks.layers.limiting import Limiting
from checks.layers.paths import FINEST, Paths
from checks.layers.planted import WRONG, short
from checks.layers.states import NotMeasured
from checks.verdicts import Experiment, MomentClaim, Mutant, RateClaim
from checks.verdicts.experiment import Table
from theory.layers.leaves import N

MOST = 6  # mutants of a rate
MARGIN = 0.2  # of an exponent, and at most half of the way to the next order


def rate_claim(slug: str, paths: Paths, ends: Experiment) -> tuple[RateClaim, list[str]]:
    """The distance from the ODE falls with N, and mutants that are not seen in words.

    Mutants are other equations and other rates.
    """
    limiting, start = paths.limiting, paths.start
    if len(paths.levels) < 4:
        raise NotMeasured(f"a rate needs four N up to {FINEST}; change the ratios in at=")
    power, kind = paths.limit.distance, "exact"
    if power is None:
        power, kind = -sp.Rational(1, 4), "upper bound"  # no rate is derived: that it falls
    times = {n: paths.time(n) for n in paths.levels}
    starts = {n: paths.finite.start(n) for n in paths.levels}

    def error(of: Limiting) -> Callable[[dict, Table], np.ndarray]:
        solved = {n: of.solution(starts[n], t) for n, t in times.items()}

        def distance(size: dict, table: Table) -> np.ndarray:
            return np.abs(table["end"] - solved[size["N"]]).max(axis=1)

        return distance

    n = paths.n
    truth = limiting.solution(start, times[n])
    near = 2 * _lag(paths) * (n / paths.levels[0]) ** float(power)
    mutants, hidden, name = [], [], f"{slug}/path-rate"
    for key, part, term in limiting.terms("drift", start):
        for words, factor in WRONG.items():
            wrong = limiting.changed("drift", key, factor * part)
            with np.errstate(all="ignore"):
                gap = np.abs(wrong.solution(start, times[n]) - truth).max()
            text = f"the term {short(term.text)} of the drift of {key} {words}"
            if not (gap > 2 * near and np.isfinite(gap)):
                hidden.append(
                    f"{name}: {text}: moves the end of the path by {gap:.2g}, and twice the "
                    f"distance of the finest layer, {near:.2g}, is seen"
                )
            elif len(mutants) == MOST:
                hidden.append(f"{name}: {text}: not tried, {MOST} others are")
            else:
                change = {"error": ends.column(error(wrong))}
                mutants.append(Mutant(f"term-{len(mutants) + 1}", text, change))
    # A bound leaves open what is below it: another order there is no error.
    others = [p for p in neighbours(power, paths) if kind == "exact" or p > power]
    for k, p in enumerate(others, start=1):
        if kind == "exact" and p < 0:
            mutants.append(Mutant(f"order-{k}", f"the order {p}", {"predicted": N**p}))
    margin = min(MARGIN, *(float(abs(p - power)) / 2 for p in others))
    told = " and ".join(f"N**({p})" for p in others)
    return RateClaim(
        id=name, error=ends.column(error(limiting)), predicted=N**power,
        kind=kind, statistic="rms", sizes={"N": paths.levels}, margin=margin, seeds=SEEDS,
        cap=8 * SEEDS, mutants=mutants, next_order=_correction(power, min(others), paths),
        statement=f"The distance of {', '.join(limiting.shapes)} from the derived ODE at "
        f"t = {times[n]:.4g} falls {'at least ' * (kind != 'exact')}like N**({power}), told from "
        f"{told}.",
    ), hidden  # fmt: skip


def _correction(power: sp.Expr, below: sp.Expr, paths: Paths) -> sp.Expr | str:
    """The relative order of the next term of the distance, where it is known.

    Where the distance is the fluctuation, its leading part is Gaussian, centred and symmetric. What
    comes next, a mean or a third cumulant, is odd in it and leaves its square alone to first order.
    Where nothing is drawn, the distance is that of a one-step method: a series in the powers of its
    shifts and their sums (Gragg).
    """
    limit, shifts = paths.limit, _shifts(paths)
    if not paths.finite.moving:
        later = {*shifts, *(p + q for p in shifts for q in shifts)}
        return power - max(p for p in later if p < power)
    if limit.fluctuation is None or sp.simplify(limit.fluctuation.scale * N**power - 1) != 0:
        return "auto"
    return 2 * (power - below)


def _shifts(paths: Paths) -> set[sp.Expr]:
    """Powers of N by which the mean step, and the steps themselves, are off the ODE."""
    moments, steps = paths.finite.moments, paths.finite.layer.steps_exponent or sp.S.One
    means = (e for mean in moments.means.values() for e in moments.orders(mean))
    return {-steps, *(p for e in means if (p := sp.expand(e + steps)) != 0)}


def neighbours(power: sp.Expr, paths: Paths) -> tuple[sp.Expr, sp.Expr]:
    """The orders next below and above that a finite layer's distance may have.

    Of noise, of the steps and of the terms of lower order of this layer; half an order off; or
    none: a distance that does not fall.
    """
    half, steps = sp.Rational(1, 2), paths.finite.layer.steps_exponent or sp.S.One
    moments = paths.finite.moments
    found = {power - half, power + half, sp.S.Zero, *_shifts(paths)}
    for s in moments.means:
        found |= {(e + steps) / 2 for e in moments.orders(moments.covariance(s, s))}
    return max(p for p in found if p < power), min(p for p in found if p > power)


def _lag(paths: Paths) -> float:
    """About how far the coarsest layer is off its ODE: the noise of its steps added up."""
    finite, n = paths.finite, paths.levels[0]
    flat = finite.pilot.reshape(-1, finite.pilot.shape[-1])
    steps = paths.steps(n)
    return float((flat.std(axis=0) * steps**0.5).max() + np.abs(flat.mean(axis=0)).max())


def fluctuation_claim(slug: str, paths: Paths, ends: Experiment) -> MomentClaim:
    """The covariance of the scaled distance solves dS = (J S + S J^T + a) dt."""
    limiting, n, start = paths.limiting, paths.n, paths.start
    assert paths.limit.fluctuation is not None
    time = paths.time(n)
    scale = float(paths.limit.fluctuation.scale.subs(N, n))
    centre, spread = limiting.solution(start, time), limiting.spread(start, time)
    entries = [k for k in paths.entries if spread[k, k] > 1e-9]
    pairs = [(i, j) for a, i in enumerate(entries) for j in entries[a:]]
    rows, columns = np.transpose(pairs)

    def products(size: dict, table: Table) -> np.ndarray:
        z = scale * (table["end"] - centre)
        return z[:, rows] * z[:, columns]

    expected = spread[rows, columns]
    still = limiting.covariance(start[None], paths.limit.fluctuation.covariance)[0] * time
    wrong = {
        "no-response": (still[rows, columns], "the noise added up, without the drift's response"),
        "doubled": (2 * expected, "doubled"),
        "halved": (expected / 2, "halved"),
        "root": (expected * n**-0.5, "smaller by the power N**(-1/2)"),
    }
    size = float(np.abs(expected).max())
    tolerance = 8 / n * size
    mutants = [
        Mutant(name, words, {"expected": value})
        for name, (value, words) in wrong.items()
        if np.abs(value - expected).max() > tolerance + 0.3 * size
    ]
    return MomentClaim(
        id=f"{slug}/path-fluctuation", sample=ends.column(products), expected=expected,
        statement=f"At N = {n} and t = {time:.4g} the distance from the ODE times "
        f"{paths.limit.fluctuation.scale} has the derived covariance.",
        sizes={"N": [n]}, seeds=2 * SEEDS, cap=8 * SEEDS, tolerance=tolerance, margin=0.2,
        mutants=mutants,
    )  # fmt: skip
