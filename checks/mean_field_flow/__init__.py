"""Claims of the mean-field flow: rates in width and depth, laws of the flow, identities, the PDE.

Sizes: M is the width, L the depth, N a number of steps, cells or 1/decay. One seed is one network,
drawn from an atomic law whose infinite width is had exactly. Data: in-context regression, digits.
"""

from checks.mean_field_flow.depth import depth_claims
from checks.mean_field_flow.ends import decay_claims, end_claims
from checks.mean_field_flow.exact import identity_claims, scalar_claim
from checks.mean_field_flow.flow import flow_claims
from checks.mean_field_flow.fluctuation import (
    constant_claim,
    fluctuation_claim,
    growth_claim,
    law_claim,
    tails_claim,
)
from checks.mean_field_flow.pictures import pictures as pictures
from checks.mean_field_flow.width import digits_claims, on_data
from numerics.mean_field_flow import errors

claims = (
    *on_data(errors.PLAIN), fluctuation_claim, constant_claim, law_claim, tails_claim, growth_claim,
    *depth_claims, *flow_claims, *decay_claims, *end_claims, *identity_claims, scalar_claim,
    *digits_claims(),
)  # fmt: skip

not_checked = (
    "Weak convergence of the empirical measure along general sequences $(L, M)$: rates of "
    "outputs, risks and particles are measured, at fixed training time.",
    "How the constant depends on training time beyond time 16.",
    "Global convergence (Theorem 4.1): measured are the floor that follows from "
    r"equivariance, $R \sim \lambda^2$ where training ends, which assumes interpolation, and "
    "that flows from different starts end near one $Q$, and on one data set at one; on "
    "others no claim measures it.",
    "Continuous initial laws against their infinite width: only atomic laws have an exact limit.",
    "That the stationary points found by L-BFGS are those that the flow itself reaches.",
    "Outputs away from the training sequences.",
    "Depth, identities and the end of training on digits; without scikit-learn, digits at all.",
)

equivalent_mutations = {
    ("numerics/mean_field_flow/depths.py", "", "64", "63"): "2 f(63) - f(31) for 2 f(64) - f(32) "
    "moves the limit by 1/1953 of the coefficient of 1/L, where claims resolve a tenth at L = 16",
    ("numerics/mean_field_flow/first_order.py", "", "200", "201"): "one more step of flows that "
    "are at their end",
    ("numerics/mean_field_flow/scalar_tokens.py", "drift.one", "1", "2", 1): "of two tokens; JAX "
    "takes the last for an index beyond it",
}
