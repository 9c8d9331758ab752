"""Claims about gradient descent on a shallow transformer: constants, widths, lengths, contrast.

Sizes: m heads, n samples, T tokens. One seed is one network with its data, or one random start of a
search. Claims of one experiment are questions to the same networks. Where the same law of
heads serves the target and the network, that is said (``pool``).
"""

from checks.shallow_transformer_gd.constants import added_claims
from checks.shallow_transformer_gd.contrast import (
    iteration_claims,
    memory_claims,
    recurrent_claims,
)
from checks.shallow_transformer_gd.descents import descent_claim
from checks.shallow_transformer_gd.heads import constant_claims, linear_claims
from checks.shallow_transformer_gd.kernels import kernel_claim
from checks.shallow_transformer_gd.lagged import lag_claims
from checks.shallow_transformer_gd.pictures import pictures as pictures
from checks.shallow_transformer_gd.pool import approximation_claims
from checks.shallow_transformer_gd.training import (
    certificate_claim,
    length_claims,
    near_limit_claim,
    theorem_claims,
    trained_width_claim,
    width_claims,
)

claims = (
    *constant_claims, *added_claims, *linear_claims, *approximation_claims, *width_claims,
    trained_width_claim, *length_claims, *recurrent_claims, *iteration_claims, *lag_claims,
    *memory_claims, kernel_claim, descent_claim, certificate_claim, near_limit_claim,
    *theorem_claims,
)  # fmt: skip

not_checked = (
    "Theorem 1 where it says something: with a run's own constants its right side is above two "
    "thirds of the loss at the start at the sizes that are run; the certificate is no better.",
    "How Lemma 5's bound depends on $n$ and $m$: on the sizes that are run it is far above "
    "the error.",
    "That the width a trained network needs grows with $n$ at all: the claim is of an upper bound, "
    "and heads are drawn from a pool of 128.",
    "How many steps a trained recurrent network needs for a given loss, against $T$: counted are "
    "those of its linearisation at the start, on two made inputs.",
    "That attention is flat on AR($L$) data: the held-out loss rises with $L$ as that of a "
    "recurrent network does, and the gradient in the attention matrices nearly doubles from "
    "$L = 2$ to $32$.",
    "Whether the linearisation error along a run of gradient descent is of order $1/m$.",
)

equivalent_mutations = {
    ("numerics/shallow_transformer_gd/trained_heads.py", "bounded", "4", "3", 1): "three tokens "
    "for four: other runs, of which the claims say the same",
    ("numerics/shallow_transformer_gd/trained_heads.py", "_certified", "16", "15", 1): "fifteen "
    "samples for sixteen: other runs, of which the claims say the same",
    (
        "numerics/shallow_transformer_gd/transport.py",
        "response.head",
        "U @ attention_head(X, W, X[-1])",
        "attention_head(X, W, X[-1]) @ U",
    ): "an inner product of two vectors",
}
