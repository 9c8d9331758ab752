"""Claims about how an error depends on the sizes of a network.

Rate, constant, independence and growth. Claims about samples, identities, inequalities
and decay in time are in ``observations``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import sympy as sp

from theory.language.rate import Kind, Rate

from .claim import Claim, Real, Size, check_common, declared_tiers
from .values import stated

STATISTICS = ("mean", "rms", "geometric", "weak")


@dataclass(frozen=True, kw_only=True, eq=False)
class RateClaim(Claim):
    """The error goes to zero at the predicted rate, and to zero, not to a floor.

    - ``predicted``: a ``Rate``, or a SymPy expression in the size names (a sum of
      monomials; constants are estimated, not claimed).
    - ``kind``: ``"exact"`` (the exponents are these, two-sided) or ``"upper bound"`` (the
      error grows in no size relative to the bound, one-sided).
    - ``margin``: half-width of the band of exponents that counts as equal, fixed before
      running, at most half the distance to the nearest competing exponent.
    - ``error(size, keys) -> (len(keys),)``: one nonnegative number a seed.
    - ``statistic``: what of the seeds' errors obeys the rate: their ``"mean"``, ``"rms"``,
      ``"geometric"`` mean, or ``"weak"``: the absolute value of the mean of signed errors
      (the only one that allows negative values).
    - ``next_order``: the error is fitted as rate * (1 + a N**-next_order). Default
      ``"auto"``: 1 for a rate of one monomial, none for a sum, whose terms correct each
      other. ``None``: no correction term, a sharper fit for data known to be asymptotic.
    - ``floor_share``: the largest share of the finest level's error that may be a
      constant; confidently more is convergence to a wrong limit.
    - ``resolution``: the absolute size of rounding of the measured quantity, in the unit of the
      error, or a function of the size dict. Levels with errors up to ten times as large are left
      out, and the finding names them; ``0`` says that the errors are exact. Default: errors that
      have stopped falling are compared with the roundings that a computation of so many steps
      can have.
    - ``planted_floor``, ``planted_growth``: used by automatic mutants, leave them alone.

    At least four levels of one size, or four points, are required in every tier.
    """

    predicted: Rate | sp.Expr
    error: Callable[..., Any]
    kind: str | Kind | None = None
    margin: Real = 0.1
    statistic: str = "mean"
    next_order: Real | str | sp.Expr | None = "auto"
    floor_share: Real = 0.25
    resolution: Real | Callable[..., Real] | None = None
    planted_floor: Real = 0.0
    planted_growth: Mapping[str, Real] | None = None

    def __post_init__(self) -> None:
        """Normalise the prediction and reject what cannot be tested."""
        kind, rate = normal_rate(self.predicted, self.kind)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "predicted", rate)
        check_common(self)
        _check_margin(self.id, self.margin)
        _check_statistic(self.id, self.statistic)
        _check_levels(self, rate)

    @property
    def rate(self) -> Rate:
        """The prediction, as a Rate whatever it was given as."""
        return cast(Rate, self.predicted)

    def roles(self) -> dict[str, Callable[..., Any]]:
        """The measuring functions by name."""
        return {"error": self.error}


@dataclass(frozen=True, kw_only=True, eq=False)
class ConstantClaim(Claim):
    """``error / predicted`` goes to a derived constant: sharper than any slope.

    ``predicted`` is one monomial; ``constant`` the derived value, or a function of the
    size dict; ``margin`` the relative deviation that counts as equal. The ratio is
    extrapolated with a next-order term ``N**-next_order`` in every size of the rate
    (None: no extrapolation). ``error``, ``statistic`` and ``resolution`` are as in RateClaim;
    with ``"weak"`` the mean keeps its sign. ``planted_factor`` is used by automatic mutants.
    """

    predicted: Rate | sp.Expr
    constant: Real | Callable[..., Any]
    error: Callable[..., Any]
    margin: Real = 0.1
    statistic: str = "mean"
    next_order: Real | sp.Expr | None = 1.0
    resolution: Real | Callable[..., Real] | None = None
    planted_factor: Real = 1.0

    def __post_init__(self) -> None:
        """Normalise the prediction and reject what cannot be tested."""
        rate = normal_rate(self.predicted, Kind.EXACT)[1]
        object.__setattr__(self, "predicted", rate)
        check_common(self)
        _check_margin(self.id, self.margin)
        _check_statistic(self.id, self.statistic)
        _check_levels(self, rate)
        if len(rate.terms) != 1:
            raise ValueError(f"claim {self.id}: a constant needs one monomial, not {rate.terms}")

    @property
    def rate(self) -> Rate:
        """The prediction, as a Rate whatever it was given as."""
        return cast(Rate, self.predicted)

    def constant_at(self, size: Size) -> float:
        """The derived constant at a size point, planted factor included."""
        value = self.constant(size) if callable(self.constant) else self.constant
        return self.planted_factor * float(stated(self.id, f"constant at size {size}", value))

    def roles(self) -> dict[str, Callable[..., Any]]:
        """The measuring functions by name."""
        return {"error": self.error}


@dataclass(frozen=True, kw_only=True, eq=False)
class IndependenceClaim(Claim):
    """The error does not depend on a size (tokens, embedding dimension, ...).

    ``size`` names it (default: the first one); over other sizes the per-seed slopes are
    averaged. ``margin`` is the total drift allowed over the whole range, as a fraction:
    0.25 allows a factor 1.25. ``kind``: ``"equivalent"`` (drift neither way) or
    ``"no growth"`` (one-sided). Errors must be positive: slopes are of their logarithm.
    The slope over all levels and the ratio of every level to the smallest are judged, so a
    drift up and down again is seen. ``planted_drift`` is used by automatic mutants: the
    factor put on the whole range.
    """

    error: Callable[..., Any]
    size: str = ""
    kind: str = "equivalent"
    margin: Real = 0.25
    planted_drift: Real = 1.0

    def __post_init__(self) -> None:
        """Choose the size and reject what cannot be tested."""
        check_common(self, least_seeds=2)
        _check_margin(self.id, self.margin)
        _check_choice(self.id, "kind", self.kind, ("equivalent", "no growth"))
        grid = self.grid(declared_tiers(self)[0])
        if not self.size:
            object.__setattr__(self, "size", next(iter(grid[0])))
        _check_level_count(self, self.size, 3)

    def roles(self) -> dict[str, Callable[..., Any]]:
        """The measuring functions by name."""
        return {"error": self.error}


@dataclass(frozen=True, kw_only=True, eq=False)
class GrowthClaim(Claim):
    """A quantity grows like ``log n`` and not like a power of n (or the reverse).

    ``value(size, keys) -> (len(keys),)``, any sign. Each seed is fitted by a quadratic in
    ``log n``; the curvature is the relative change of slope from end to end of the range:
    0 for a logarithm, about ``a log(n_max/n_min)`` for ``n**a``. ``law="log"``: the
    curvature is below ``margin``; ``law="power"``: above it. ``slope_bound``: when given,
    the slope in log n must stay below it. ``kind="exact"`` also asks for growth at all;
    ``"upper bound"`` does not. ``planted_power`` is used by automatic mutants.
    """

    value: Callable[..., Any]
    size: str = ""
    law: str = "log"
    kind: str | Kind = Kind.EXACT
    margin: Real = 0.5
    slope_bound: Real | None = None
    planted_power: Real = 0.0

    def __post_init__(self) -> None:
        """Choose the size and reject what cannot be tested."""
        object.__setattr__(self, "kind", Kind(self.kind))
        check_common(self, least_seeds=2)
        _check_choice(self.id, "law", self.law, ("log", "power"))
        grid = self.grid(declared_tiers(self)[0])
        if not self.size:
            object.__setattr__(self, "size", next(iter(grid[0])))
        _check_level_count(self, self.size, 4)

    def roles(self) -> dict[str, Callable[..., Any]]:
        """The measuring functions by name."""
        return {"value": self.value}


def normal_rate(predicted: Rate | sp.Expr, kind: str | Kind | None) -> tuple[Kind, Rate]:
    """A Rate of the wanted kind; plain symbols are taken to be positive sizes."""
    if isinstance(predicted, Rate):
        if kind is None or Kind(kind) is predicted.kind:
            return predicted.kind, predicted
        return Kind(kind), Rate(predicted.expression, Kind(kind))
    expression = sp.sympify(predicted, strict=True)
    symbols = {s: sp.Symbol(str(s), positive=True) for s in expression.free_symbols}
    kind = Kind.EXACT if kind is None else Kind(kind)
    return kind, Rate(sp.expand(expression.subs(symbols)), kind)


def _check_margin(name: str, margin: Real) -> None:
    if not 0 < margin < float("inf"):
        raise ValueError(f"claim {name}: expected a positive margin, received {margin}")


def _check_choice(name: str, what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"claim {name}: expected {what} in {choices}, received {value!r}")


def _check_statistic(name: str, statistic: str) -> None:
    _check_choice(name, "statistic", statistic, STATISTICS)


def _check_levels(claim: Claim, rate: Rate) -> None:
    for tier in declared_tiers(claim):
        grid = claim.grid(tier)
        missing = set(rate.sizes) - set(grid[0])
        if missing:
            raise ValueError(
                f"claim {claim.id}: the rate {rate.expression} depends on {sorted(missing)}, which "
                f"the sizes {sorted(grid[0])} do not have; add levels for it"
            )
        logs = {str(log.args[0]) for log in rate.expression.atoms(sp.log)}
        if any(point[name] < 2 for point in grid for name in logs):
            raise ValueError(f"claim {claim.id}: a logarithm of {logs} needs levels of at least 2")
        if len(grid) < 4:
            raise ValueError(
                f"claim {claim.id}: expected at least 4 size points in tier {tier}, got {len(grid)}"
            )
    for name in rate.sizes:
        _check_level_count(claim, name, 4 if len(rate.sizes) == 1 else 2)


def _check_level_count(claim: Claim, size: str, least: int) -> None:
    for tier in declared_tiers(claim):
        grid = claim.grid(tier)
        if any(size not in point for point in grid):
            raise ValueError(f"claim {claim.id}: no levels for {size!r} in {grid[0]}; add them")
        levels = {point[size] for point in grid}
        if len(levels) < least:
            raise ValueError(
                f"claim {claim.id}: expected at least {least} levels of {size} in tier {tier}, "
                f"received {sorted(levels)}; fewer cannot tell a law from an accident"
            )
