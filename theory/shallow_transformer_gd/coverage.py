"""What of arXiv:2601.16514 is checked, sentence by sentence."""

from theory.language.coverage import Sentence

COVERAGE = (
    Sentence(
        r"The width that is needed grows like $\log n$ with the number $n$ of samples.",
        steps=("approximation error", "width condition", "price of one more sample"),
        claims=("log-n", "required-width", "mean-square", "approximation", "approximation-bound",
                "least-width", "responses", "trained-width"),
        missing="One claim, at the tiers standard and full, is about trained networks, and it is "
        r"an upper bound: that they need $\log n$ is not shown, and of powers of $n$ in the excess "
        r"$\sqrt{n}$ is planted and refuted, smaller ones are not tried. The others are about the "
        "approximation at the start, of a fixed pool of heads.",
    ),
    Sentence(
        "The optimisation error does not depend on the length T of the sequence.",
        steps=("no length in the variance", "largest gradient", "largest curvature", "replication"),
        claims=("length-neutral", "length-independent", "replication", "third-cumulant",
                "gradient", "curvature", "constants-attained", "attention-iterations"),
        missing="That the curvature is attained: no search comes near its bound. Trained networks "
        "have sixteen tokens at smoke, 128 at standard and full.",
    ),
    Sentence(
        r"The smallest training error over $\tau$ steps is at most a constant times $L_1^4 / "
        r"\sqrt{\tau} + L_1 (B_{\mathrm{app}} + B_{\mathrm{lin}})$, with the change of "
        "features in the brackets.",
        steps=("Theorem 1", "descent", "linearisation bound", "certificate"),
        claims=("training-bound", "training-bound-vacuous", "linearisation-bound", "added-bounds",
                "excess-loss", "certified-run", "certificate", "certificate-near-limit",
                "projection"),
        probes=("tokens-in-ball", "bounded-activation", "realisable", "radii", "symmetric-start",
                "step-size"),
        missing="A run where the right side says something: it is above two thirds of the loss at "
        "the start in all that are run.",
    ),
    Sentence(
        "The optimisation error of a recurrent network can grow exponentially with T.",
        steps=("recurrent derivative", "contracting regime", "expanding regime", "kick and cancel"),
        claims=("recurrent-gradient", "contrast", "softmax-gradient", "recurrent-iterations",
                "lag-recurrent"),
        missing="Gradients and iterations are those of one head on made inputs, iterations those "
        "of its linearisation at the largest step that is sure to descend: our reading of the "
        "iteration complexity that the paper quotes from arXiv:2402.12241, whose text was not "
        "seen. No recurrent network is trained to a given loss.",
    ),
    Sentence(
        "The memory of a transformer grows with the length of its input.",
        claims=("memory-last-token", "memory-fixed-query"),
    ),
    Sentence(
        "Transformers are compared with recurrent networks on an autoregressive task (the abstract "
        "of the second version, 2 April 2026; the first said that the rates are confirmed).",
        claims=("lag-recurrent", "lagged-windows", "lagged-runs"),
        missing="The paper's experiments are not repeated at their sizes.",
    ),
)  # fmt: skip

FOUND = (
    Sentence(
        "As a number the bound of Theorem 1 says next to nothing: in runs of 64 steps, with their "
        "own constants, it is above two thirds of the loss before the first step.",
        claims=("training-bound-vacuous",),
    ),
    Sentence(
        "With independent tokens the labels shrink as $T$ grows: the loss does not grow with $T$, "
        "the loss over its start does.",
        claims=("length-independent",),
    ),
)  # fmt: skip
