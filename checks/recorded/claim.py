"""Rates of recorded errors: the same rule, on numbers that no function measures anew."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np
import sympy as sp
from jaxtyping import Float

from checks.recorded.digits import digit_rounding
from checks.recorded.held import Recorded
from checks.recorded.monomials import read_rate
from checks.verdicts.claim import Claim, Mutant, Role
from checks.verdicts.conditions import (
    check_floor_share,
    check_margin,
    check_next_order,
    check_resolution,
    normal_rate,
)
from checks.verdicts.data import Data, Real
from checks.verdicts.finding import Finding, Undecided, plot_series
from checks.verdicts.fit import allowed
from checks.verdicts.floors import grows
from checks.verdicts.levels import Levels
from checks.verdicts.outcome import Test, number
from checks.verdicts.rated import RateRule, exact_errors, excess_exponents, rate_finding
from checks.verdicts.rounding import above_rounding
from checks.verdicts.shapes import finest_point, rate_shape
from checks.verdicts.sizes import check_levels
from checks.verdicts.slopes import ASSUMED, Slopes, above_floor, read_slopes
from checks.verdicts.values import ClaimError
from theory.language.rate import Kind, Rate

FLOOR = (
    "the errors may follow the claim down to a floor (of the reference, a tolerance, rounding): "
    "use levels above it, or name its size in resolution="
)


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordedRateClaim(Claim):
    """Recorded errors go to zero at the predicted rate.

    - ``recorded``: what ``vl.recorded(table, ...)`` returns; sizes and runs are its own.
    - ``predicted``: as in `RateClaim`, or a text such as ``"L^-1 + n^-1/2"`` or, in quadrature,
      ``"sqrt(L^-2 + n^-1)"``. A size of which the prediction has positive powers only (``h**2``) is
      a step that goes to 0, and held as 1/h, unless the table was read with ``steps=``.
    - ``kind``, ``margin``, ``next_order``, ``floor_share``, ``resolution``: as in `RateClaim`.

    With runs or standard errors the rule is that of `RateClaim` at one look. One error a size,
    without either, is read by its local slopes under a stated assumption, with no probability of
    error, for one monomial in one size; what may be a floor under the claimed rate then withholds
    support and refutes nothing.
    """

    recorded: Recorded
    predicted: Rate | sp.Expr | str
    kind: str | Kind | None = None
    margin: Real = 0.1
    next_order: Real | str | sp.Expr | None = "auto"
    floor_share: Real = 0.25
    resolution: Real | Callable[..., Real] | None = None

    def check(self) -> None:
        """Normalise the prediction, and take the sizes from the table."""
        if not isinstance(self.recorded, Recorded):
            raise ClaimError(
                f"claim {self.id}: expected recorded to be what recorded(...) returns, received a "
                f"{type(self.recorded).__name__}; read the table first"
            )
        claimed = self.predicted
        claimed = read_rate(claimed) if isinstance(claimed, str) else claimed
        kind, predicted = normal_rate(self.id, claimed, self.kind)
        data = self.recorded if self.recorded.declared else self.recorded.held(_steps(predicted))
        rate = Rate(_in_sizes(predicted.expression, data.sizes), kind)
        for name, value in (
            ("kind", kind), ("predicted", rate), ("recorded", data), ("points", data.points),
            ("seeds", 1), ("cap", 1),
        ):  # fmt: skip
            object.__setattr__(self, name, value)
        check_margin(self)
        check_floor_share(self)
        check_next_order(self)
        check_resolution(self)
        check_levels(self, rate, oriented=True)
        if confounded := data.confounded():
            raise ValueError(
                f"claim {self.id}: expected sizes that vary by themselves, received {confounded}; "
                "leave all but one of them out, or record more points"
            )
        one = len(rate.terms) == 1 and len(self.recorded.sizes) == 1
        if self.recorded.noise == "none" and not one:
            raise ValueError(
                f"claim {self.id}: one error a size, without runs or standard errors, decides one "
                f"monomial in one size; received {rate.expression} in the sizes "
                f"{', '.join(self.recorded.sizes)}; give runs, or the rows of one slice"
            )

    @property
    def rate(self) -> Rate:
        """The prediction, as a Rate whatever it was given as."""
        return cast(Rate, self.predicted)

    def default_statement(self) -> str:
        """The rate in words."""
        kind = "is exactly of order" if self.rate.kind is Kind.EXACT else "is at most of order"
        return f"The recorded error {kind} {self.rate.expression}."

    def roles(self) -> dict[str, Role]:
        """The table, one row at every size: the error, and its covariance with the others."""
        return {"error": Role(self.recorded, ((1 + len(self.recorded.points),),))}

    def levels(self, data: Data) -> Levels:
        """Logarithms of the errors and their covariance."""
        rows = np.array([row[0] for row in data.arrays["error"]])
        runs = min(self.recorded.runs)
        return Levels(np.log(rows[:, 0]), rows[:, 1:], runs, np.ones(len(rows)))

    def finding(self, data: Data) -> Finding:
        """The rule of rates on the table's levels, or local slopes where there is no noise."""
        try:
            found = self._of_levels(*self._resolved(data))
        except Undecided as reason:
            found = Finding((), {}, blocked=str(reason))
        notes = (*found.notes, *self.recorded.notes)
        return replace(found, notes=notes, counted=self.recorded.counted)

    def _of_levels(self, data: Data, notes: tuple[str, ...]) -> Finding:
        levels = self.levels(data)
        if self.recorded.noise == "none":
            found = self._of_slopes(levels, data)
            return replace(found, notes=(*notes, *found.notes))
        return rate_finding(self.rule, levels, data, 0, notes)

    @property
    def rule(self) -> RateRule:
        """What decides, where there is noise."""
        return RateRule(
            self.rate, self.margin, self.next_order, self.floor_share, planted=self.is_planted
        )

    def _resolved(self, data: Data) -> tuple[Data, tuple[str, ...]]:
        """The data without levels that are rounding, and a note on them."""
        rows = data.arrays["error"]
        values = Data(data.points, {"error": [row[:, 0] for row in rows]}, 1)
        above, notes = above_rounding(self.id, self.rate.sizes, self.resolution, values)
        kept = [k for k, point in enumerate(data.points) if point in above.points]
        columns = [0, *(k + 1 for k in kept)]
        part = data.select(kept)
        return part.mapped("error", lambda point, row: row[:, columns]), notes

    def _of_slopes(self, levels: Levels, data: Data) -> Finding:
        """Excess of the exponent by its range: inside supports, outside refutes, else open."""
        (name,) = self.rate.sizes
        shape = rate_shape(self.rate, None, data)
        order = None if self.next_order in ("auto", None) else float(cast(Real, self.next_order))
        rounding = digit_rounding(np.array([row[0, 0] for row in data.arrays["error"]]))
        logs = levels.log_mean - shape.log_terms[0]
        slopes = read_slopes(shape.log_sizes[0], logs, order, rounding)
        low, high = allowed(self.rate.kind, self.margin)
        values = np.exp(levels.log_mean)
        inside = slopes.low >= low and slopes.high <= high
        floored = (
            slopes.low
            > high
            >= above_floor(shape.log_sizes[0], levels.log_mean, shape.log_terms[0])
        )
        outside = slopes.high < low or (slopes.low > high and not floored)
        test = Test(
            f"excess exponent of {name}", slopes.exponent, 0.0, 1.0, low, high,
            refutation=0.0 if outside else 1.0, support=0.0 if inside else 1.0,
            exact=(slopes.low, slopes.high), assumed=True,
        )  # fmt: skip
        return Finding(
            (test,),
            self._estimates(slopes),
            plot_series("error", data.points, name, values, 0 * values, None),
            (slopes.words, ASSUMED),
            doubt=FLOOR if floored else "",
        )

    def _estimates(self, slopes: Slopes) -> dict[str, dict[str, Any]]:
        (name,) = self.rate.sizes
        power = float(self.rate.exponents()[0][name])
        moved = [number(power + slopes.low), number(power + slopes.high)]
        return {
            f"exponent of {name}": {
                "value": power + slopes.exponent, "interval": moved, "confidence": None, "unit": "",
                "predicted": power,
            }
        }  # fmt: skip

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """Wrong exponents; for a bound, errors that leave it."""
        if self.rate.kind is Kind.EXACT:
            return exact_errors(self.rate, self.margin)
        step = 2 * self.margin
        text = f"error on the bound, growing by the power {step:.3g} of every size"
        grown = partial(self._on_bound, step)
        return (Mutant("auto-growth", text, {"resolution": 0}, data=grown),)

    def always_planted(self) -> tuple[Mutant, ...]:
        """A floor like the finest error, where noise is known and one is tested for."""
        if grows(self.rate) or self.recorded.noise == "none":
            return ()
        exact = self.rate.kind is Kind.EXACT
        multiple = 1.0 if exact or len(self.rate.terms) == 1 else 4.0
        text = f"right rate to a wrong limit: {multiple:g} times the finest error added everywhere"
        raised = partial(self._raised, multiple, onto=not exact)
        return (Mutant("auto-floor", text, {"resolution": 0}, data=raised),)

    def _on_bound(self, step: Real, data: Data) -> Data:
        """Errors on the bound, times this power of every size."""
        data = self._resolved(data)[0]
        shape, levels = rate_shape(self.rate, None, data), self.levels(data)
        if self.recorded.noise == "none":
            slopes = read_slopes(shape.log_sizes[0], levels.log_mean - shape.log_terms[0])
            gamma = np.array([slopes.exponent])
        else:
            gamma = excess_exponents(self.rule, levels, data)
        moved = np.exp(levels.log_mean + (step - gamma) @ shape.log_sizes)
        return _with_values(data, moved, np.ones(len(moved)))

    def _raised(self, multiple: Real, data: Data, *, onto: bool) -> Data:
        """Errors, put onto the bound where one is claimed, plus a multiple of the finest."""
        data = self._on_bound(0.0, data) if onto else self._resolved(data)[0]
        values = np.exp(self.levels(data).log_mean)
        raised = values + multiple * values[finest_point(self.rate, data)]
        return _with_values(data, raised, values / raised)


def _with_values(
    data: Data, values: Float[np.ndarray, " K"], shrunk: Float[np.ndarray, " K"]
) -> Data:
    """Other errors, whose relative sampling errors are those of the data times ``shrunk``."""
    rows = [
        np.concatenate([[[value]], factor * shrunk * row[:, 1:]], axis=1)
        for value, factor, row in zip(values, shrunk, data.arrays["error"], strict=True)
    ]
    return replace(data, arrays={"error": rows})


def _steps(rate: Rate) -> frozenset[str]:
    """Sizes of which every monomial that has them has a positive power: they go to 0."""
    powers = {name: [term[name] for term in rate.exponents()] for name in rate.sizes}
    return frozenset(name for name, part in powers.items() if min(part) >= 0 < max(part))


def _in_sizes(expression: sp.Expr, sizes: tuple[str, ...]) -> sp.Expr:
    """A prediction in a step h, in the size 1/h under which the table holds it.

    The logarithm of h is that of 1/h up to its sign: constants are estimated and not claimed.
    """
    inverse = {name.removeprefix("1/"): name for name in sizes if name.startswith("1/")}
    for symbol in expression.free_symbols:
        if str(symbol) in inverse:
            size = sp.Symbol(inverse[str(symbol)], positive=True)
            expression = expression.subs(sp.log(symbol), sp.log(size)).subs(symbol, 1 / size)
    return expression
