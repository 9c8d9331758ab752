"""What of the abstract of arXiv:2410.23610 is checked, sentence by sentence."""

from theory.language.coverage import Sentence

COVERAGE = (
    Sentence(
        "As width and depth grow, gradient flow on the transformer tends to a Wasserstein gradient "
        "flow, a partial differential equation.",
        steps=("functional derivative", "PDE, weak form", "PDE, strong form", "dissipation"),
        claims=("training", "gradients", "functional-derivative", "dissipation",
                "density-against-particles"),
        probes=("bounded-data", "growth", "local-lipschitz", "bounded-start", "independent-start"),
        missing="The PDE itself is solved for scalar tokens and attention only.",
    ),
    Sentence(
        "For each training time outputs and risks are within C (1/L + sqrt((delta + log(L+1))/M)) "
        "of their limits, with probability 1 - 3 exp(-delta).",
        steps=("depth defect",),
        claims=("output-in-width", "risk-in-width", "output-in-depth", "depth-coefficient",
                "depth-coefficient-of-a-moving-law", "particles-in-width", "clt-constant",
                "fluctuation-in-width-and-depth"),
        missing="The probability, the logarithm and the supremum over training times.",
    ),
    Sentence(
        "The flow reaches a global minimum when the weight decay is small enough.",
        steps=("virial balance", "virial balance of Q", "homogeneity"),
        claims=("monotone", "risk-against-decay", "penalised-against-decay", "ends-of-flows"),
        missing="Global convergence, the title of the paper: flows from different starts end "
        "within a tenth of the same Q, not at one; that it is the least is not shown.",
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
