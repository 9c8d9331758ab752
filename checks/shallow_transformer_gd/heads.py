"""Claims about single heads: constants of a head, and its linearisation."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from checks.shallow_transformer_gd import readings, wrong
from checks.shallow_transformer_gd.readings import curvature_bound, gradient_bound
from checks.shallow_transformer_gd.statements import HALF, ROUNDING, by_tier, experiment, m, state
from checks.verdicts import Column, InequalityClaim, RateClaim, With
from numerics.shallow_transformer_gd import fresh_heads as fresh
from theory.shallow_transformer_gd import KAPPA


# N1: constants of a head, by gradient ascent.
def constant_claim(
    quantity: str,
    what: str,
    bound: Callable[[float], float],
    slips: Mapping[str, tuple[str, Any]],
    B: bool = True,
) -> InequalityClaim:
    """A bound of one head, the same for every number of tokens."""
    search = experiment("searches", fresh.extremes, quantity, quantity=quantity)

    def below(bound: Callable[[float], float]) -> Column:
        return search.column(
            lambda size, table: float(bound(float(size.get("B", 1)))) - table["largest"]
        )

    wrong = {name: (text, below(slip)) for name, (text, slip) in slips.items()}
    return state(
        InequalityClaim,
        "third-cumulant" if quantity == "cumulant" else quantity,
        f"{what}, for every number of tokens",
        below(bound),
        wrong,
        sizes={"T": [2, 3, 6]} | ({"B": [2, 4]} if B else {}),
        tolerance=ROUNDING,
        seeds={"smoke": 32, "standard": 256, "full": 1024},
    )


constant_claims = (
    constant_claim(
        "cumulant", r"The third cumulant of tokens in the unit ball is at most $4/(3 \sqrt{3})$",
        lambda B: float(KAPPA),
        {
            "three-quarters": (r"$3/4$ for $4/(3 \sqrt{3})$", lambda B: 0.75),
            "a-half": ("$1/2$, as for a symmetric law", lambda B: 0.5),
        },
        B=False,
    ),
    constant_claim(
        "gradient", r"The gradient of a head is at most $\sigma_1 \max(1, B)$", gradient_bound,
        {
            "no-B": ("the norm of $U$ forgotten", lambda B: gradient_bound(1.0)),
            "half-B": ("half of $B$ for $B$", lambda B: gradient_bound(B / 2)),
        },
    ),
    constant_claim(
        "curvature", "The second derivative of a head is at most the derived $L_2$",
        curvature_bound,
        {
            "no-B": ("the norm of $U$ forgotten", lambda B: curvature_bound(1.0)),
            "first-order": ("the gradient's bound taken for it", gradient_bound),
        },
    ),
)  # fmt: skip

# N2: linearisation error at three points of the projection set.
moved = {
    "sizes": by_tier("m", *fresh.MOVED.values()),
    "seeds": {"smoke": 64, "standard": 256, "full": 1024},
}


def linear(place: str, name: str = "", **wrong: Any) -> Column:
    """The linearisation error of networks that are moved to a place."""
    run = experiment("linearisation", fresh.linearised, f"{place}{name}", "m", place=place, **wrong)
    return run.column(readings.linearisation)


coherent = linear("coherent").experiment
unprojected = replace(
    coherent, name=state.name("linearisation/unprojected"), simulate=wrong.unprojected, options={}
)


def linear_claim(
    point: str,
    power: sp.Expr,
    margin: float,
    why: str,
    slips: Mapping[str, tuple[str, Any]],
    **how: Any,
) -> RateClaim:
    """The linearisation error at one point falls like a power of m."""
    return state(
        RateClaim, f"linearisation-{point}",
        f"At {point} points the error is of order ${sp.latex(power)}$: {why}", linear(point), slips,
        predicted=power, kind="exact", margin=margin, **how, **moved,
    )  # fmt: skip


def asymmetric(point: str) -> tuple[str, Any]:
    """The slip in the initialisation."""
    return "heads drawn independently, not in pairs", linear(
        point, name="-asymmetric", pairs=wrong.one_by_one
    )


worst_case = (r"the paper's $1/\sqrt{m}$ as an exact rate", m**-HALF)
linear_claims = (
    linear_claim(
        "coherent", m**-HALF, 0.1, "all errors add up",
        {
            "one-over-m": ("$1/m$, as along a transport", 1 / m),
            "asymmetric": asymmetric("coherent"),
        },
    ),
    linear_claim(
        "random", 1 / m, 0.2, "random signs gain a square root over the paper's bound",
        {
            "worst-case": worst_case,
            "c-frozen": (
                "$c$ not trained in the linearisation", With(of_c=1.0)
            ),
        },
        next_order=1,  # a sum of m heads of random sign is symmetric: no term of order 1/2
    ),
    linear_claim(
        "transported", 1 / m, 0.2, "the two heads of a pair cancel at second order",
        {"worst-case": worst_case, "asymmetric": asymmetric("transported")},
        next_order=1,  # a pair's error is odd in its step of 1/sqrt(m): no term of order 1/2
    ),
    state(
        InequalityClaim, "linearisation-bound",
        "The linearisation error is at most the derived bound",
        coherent.column(readings.below_bound),
        {
            "no-projection": (
                "radii that do not shrink with $m$", unprojected.column(readings.below_bound)
            ),
            "averaged": ("the bound divided by $m$", With(averaged=True)),
        },
        source="quoted", **moved,
    ),
)  # fmt: skip
