"""What of arXiv:2306.17759 is checked, sentence by sentence."""

from theory.language.coverage import Sentence

COVERAGE = (
    Sentence(
        "At proportional depth and width the covariance of the tokens has a limit, an SDE indexed "
        "by depth over width.",
        steps=("attention mean", "attention covariance", "drift", "noise factor"),
        claims=("drift", "drift-causal", "drift-bias", "covariance", "covariance-heads-causal",
                "noise", "path", "no-jumps", "law", "law-at-two-times", "law-heads-causal",
                "law-distance", "gram-sampler"),
        probes=("positive-definite-start", "rows-sum-to-one", "gaussian-weights",
                "fixed-branch-weight"),
        missing="Convergence itself is not derived, only moments of one layer, under what the "
        "limit compiler assumes: on compacts the remainders of the softmax's Taylor series are of "
        "lower order, and nothing jumps (the claim no-jumps). The law is measured at one time "
        "and at two.",
    ),
    Sentence(
        "The softmax must be centred at the identity and its logits scaled with the width: both, "
        "for a limit that is not degenerate.",
        steps=("covariance of the logits", "attention mean"),
        claims=("increment", "rank-collapse"),
    ),
    Sentence(
        "Shaping prevents the collapse of rank that plain softmax attention has.",
        claims=("rank-collapse",),
        missing="One depth, one width, one start.",
    ),
    Sentence(
        "Scales of drift and diffusion are controlled by the residual connections.",
        claims=("residual-branch",),
        missing="Three weights of the branch, over one layer; how long paths stay inside is not "
        "measured.",
    ),
    Sentence(
        "A whole block, with a shaped MLP, has a limit of the same kind.",
        steps=(r"$\nu$", "residual MLP", "block"),
        claims=("block", "noise", "law-of-blocks", "shaped-relu"),
        missing="One head and as many hidden units as the width; the mean of the MLP is derived "
        "as a scalar, and measured as a matrix.",
    ),
    Sentence(
        "The SDE describes finite networks well.",
        claims=("law", "law-at-two-times", "law-heads-causal", "law-distance"),
        missing="Three tokens; one and four heads; two times at most.",
    ),
)  # fmt: skip

FOUND = (
    Sentence(
        r"Slip in lecture notes on the shaped ReLU: the term $\rho \arccos \rho$ is printed with a "
        "plus. The derivation gives a minus; with it the identity holds to rounding at widths 1 "
        "to 64, and with the printed sign it does not.",
        steps=(r"$\nu$",), claims=("shaped-relu",),
    ),
    Sentence(
        "With several heads the exact sampler keeps a Gram matrix of each head's columns; with two "
        "its law is within a distance of 0.15 of that of the literal network. The SDE has $V$ "
        "alone: networks of four heads are within 0.2 of its law.",
        claims=("gram-sampler", "law-heads-causal"),
    ),
)  # fmt: skip
