"""Rule for constant claims: the extrapolated ratio of error to prediction."""

import numpy as np

from .claims import ConstantClaim
from .finding import Data, Finding, estimate_of, noise_floor, plot_series
from .levels import Levels, summarize
from .linear import level_weights, linear_solution
from .outcome import Test
from .rounding import Floored, above_rounding
from .shapes import finest_point, log_monomials, make_shape
from .values import common_unit, in_unit


def constant_finding(claim: ConstantClaim, data: Data) -> Finding:
    """Extrapolated ratio of error to prediction, against the derived constant."""
    try:
        data, notes = above_rounding(claim, data)
    except Floored as floor:
        return Finding((), {}, blocked=str(floor))
    unit = common_unit(data.matrix("error"))
    levels = summarize(in_unit(data.matrix("error"), unit), claim.statistic)
    finest = finest_point(claim, data)
    constants = np.array([claim.constant_at(point) for point in data.points])
    log_scale = log_monomials(claim.rate, data)[0] + np.log(np.abs(constants))
    logs = levels.log_mean + unit * np.log(2.0) - log_scale
    ratio = levels.sign * np.sign(constants) * np.exp(logs)
    shape = make_shape(
        log_scale[None],
        np.array([data.column(name) for name in claim.rate.sizes]),
        claim.next_order,
    )
    columns = np.concatenate([np.ones((1, len(ratio))), shape.corrections]).T
    scaled = Levels(ratio, levels.covariance * np.outer(ratio, ratio), levels.seeds, levels.sign)
    solution = linear_solution(columns, level_weights(levels), scaled, ratio)
    parameters = solution.projector @ ratio
    variance, df = solution.variance(np.eye(columns.shape[1])[:1])
    test = Test(
        "error / (predicted * constant) - 1, extrapolated",
        float(parameters[0]) - 1.0,
        float(np.sqrt(variance[0])),
        float(df[0]),
        -claim.margin,
        claim.margin,
    )
    notes = (*notes, f"lack of fit: p = {solution.misfit:.2g}")
    return Finding(
        (test,),
        {"relative deviation of the constant": estimate_of(test)},
        plot_series(
            "error / (predicted * constant)",
            data.points,
            claim.rate.sizes[0],
            ratio,
            np.abs(ratio) * levels.relative_error,
            columns @ parameters,
        ),
        notes,
        noise_floor(levels, finest, data.points[finest]),
    )
