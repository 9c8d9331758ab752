"""Claims of the AdamW theorem: the bound, the sharper exponents, the constants, the symmetries.

Sizes: L is the depth, H the number of heads, S of sequences, N of tokens, d the embedding
dimension. One seed is one network; the problem is fixed, or drawn anew for each seed where it says
so. What is a bound can be refuted here, not proved: the grid and the set of inputs are finite.
"""

from checks.adamw_depth_limit.depth import depth_claims, limit_claims
from checks.adamw_depth_limit.dimension import dimension_claims, token_claim
from checks.adamw_depth_limit.exact import identity_claims, optimiser_claims
from checks.adamw_depth_limit.pictures import pictures as pictures
from checks.adamw_depth_limit.random_heads import head_claims, toy_claim

claims = (
    *head_claims,
    *limit_claims,
    *identity_claims,
    token_claim,
    *dimension_claims(),
    toy_claim(),
    *depth_claims,
    *optimiser_claims,
)

not_checked = (
    "The paper's theorem itself: only its abstract was at hand. Model, loss, scale of "
    r"$\epsilon$ and blockwise AdamW are reconstructed.",
    "That the bound holds: a finite grid can refute an upper bound, not prove it, and a finite set "
    "of inputs, or ascent, underestimates the largest error over a compact set.",
    "Initial laws that are not atomic, and batches: heads start at four atoms, every step uses all "
    "sequences that are trained on.",
    "Dependence on the number of training steps: constants may grow with it; it is fixed.",
    "Constants of the backpropagated variables: the derived ones are for hidden states.",
    "Dimensions above 16 at smoke and 64 at any tier, and training that moves the parameters less: "
    "with smaller steps entrywise AdamW's error does not grow, it only falls more slowly than "
    "blockwise AdamW's.",
    "More than 8 tokens at smoke tier, 64 at standard, 128 at any; tokens other than two clusters.",
)

equivalent_mutations = {
    ("numerics/adamw_depth_limit/__init__.py", "_solved", "1", "2"): "the most steps that the "
    "solver may take; it takes fewer",
    (
        "theory/adamw_depth_limit/__init__.py",
        "over_heads",
        "sp.Tuple(Q, K, V)",
        "sp.Tuple(K, Q, V)",
    ): "whose law the mean is over, in another order",
}
