"""What of the abstract of arXiv:2410.23610 is checked, sentence by sentence."""

from theory.language.coverage import Sentence

COVERAGE = (
    Sentence(
        "As width and depth grow, gradient flow on the transformer tends to a Wasserstein gradient "
        "flow, a partial differential equation.",
        steps=("functional derivative", "PDE, weak form", "PDE, strong form", "dissipation"),
        claims=("training", "gradients", "functional-derivative", "dissipation",
                "density-against-particles", "scalar-tokens"),
        probes=("bounded-data", "growth", "local-lipschitz", "bounded-start", "independent-start"),
        missing="Convergence is measured, not derived. The PDE itself is solved for scalar tokens "
        "and attention only.",
    ),
    Sentence(
        r"For each training time outputs and risks are within $C (1/L + \sqrt{(\delta + "
        r"\log(L + 1))/M})$ of their limits, with probability $1 - 3 \exp(-\delta)$.",
        steps=("depth defect",),
        claims=("output-in-width", "risk-in-width", "output-in-depth", "depth-coefficient",
                "depth-coefficient-of-a-moving-law", "particles-in-width", "clt-constant",
                "law-at-start", "fluctuation-in-width-and-depth", "tails", "growth-in-time"),
        missing="The logarithm and the supremum over training times; the probability is that of a "
        "Gaussian tail with the derived spread, which is known to be the spread before training.",
    ),
    Sentence(
        "The flow reaches a global minimum when the weight decay is small enough.",
        steps=("virial balance", "virial balance of $Q$", "homogeneity"),
        claims=("monotone", "risk-against-decay", "penalised-against-decay", "ends-of-flows",
                "one-end", "risk-falls-with-decay"),
        missing=("Global convergence, the title of the paper: on one data set flows from "
            "different starts end at one $Q$, on others within a tenth of it; that it is the "
            "least is not shown."),
    ),
    Sentence(
        "It is enough that blocks are partially homogeneous and locally Lipschitz.",
        steps=("outer layer is linear", "value is linear", "homogeneity"),
        probes=("local-lipschitz",),
        missing="Universality is shown to be needed by an example alone.",
    ),
    Sentence(
        "Blocks must be universal: equivariant ones are not.",
        claims=("equivariance-floor",),
        missing="One example, of a convex loss.",
    ),
)  # fmt: skip

FOUND = (
    Sentence(
        "Slip in (3.3), C.14 and D.18: the adjoint is the time-ordered exponential of the "
        "Jacobian, not the exponential of its integral. Two by two matrices tell them apart.",
        steps=("ordered exponential", "plain exponential"), claims=("adjoint",),
    ),
    Sentence(
        "Slip: the discrete adjoint is printed as all attention layers times all feed-forward "
        "layers; half-layers must be interleaved.",
        claims=("adjoint",),
    ),
    Sentence(
        "Slip in E.1, homogeneity: the printed term of the weight decay is linear in the scale; in "
        "the derivation it has a square.",
        steps=("homogeneity",),
    ),
    Sentence(
        "Slip in (D.25): the dissipation is printed without its minus sign.",
        steps=("dissipation",), claims=("dissipation",),
    ),
    Sentence(
        "Universality, A4 (ii), cannot hold for blocks that do not see the order of the tokens.",
        claims=("equivariance-floor",),
    ),
    Sentence(
        "Slip in G.3: a matrix and its transpose are exchanged in the gradient in the state.",
        claims=("gradients",),
    ),
)  # fmt: skip
