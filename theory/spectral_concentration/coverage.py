"""What of the abstract of arXiv:2505.21910 is checked, sentence by sentence."""

from theory.language.coverage import Sentence

COVERAGE = (
    Sentence(
        "Training without warm-up crashes, and then attention has collapsed: malignantly, into a "
        "sparse matrix of low rank, or benignly, into nearly the identity.",
        steps=("rank one is malignant", "mass off the maximiser", "a definite $W$ is benign"),
        claims=("cap-prevents-crash", "collapse-modes", "rank-one-malignant", "hull-vertices",
                "definite-benign", "collapse-indicators"),
        probes=("columns", "at-least-two-tokens"),
        missing="Networks of one or two layers on sixteen tokens at most.",
    ),
    Sentence(
        r"Spectral energy concentration of $W_q^\top W_k$ causes the malignant collapse.",
        steps=("high concentration without collapse of rank", r"$\Omega$"),
        claims=("concentration-by-qr", "gradient-spectrum", "concentration-without-crash",
                "every-product-concentrates", "qk-norm-does-as-well",
                "concentration-predicts-no-better"),
        missing="Causality: concentration tells which networks crash later, and so do the largest "
        "singular value, the effective rank and the loss, which tells it better. Theorem 1 of the "
        "paper was not seen.",
    ),
    Sentence(
        "Entropy that has collapsed stops the training of $W_q$ and $W_k$.",
        steps=("trace of the Jacobian", "the half", "one spike", "gradient of $W_q$"),
        claims=("entropy-bound", "entropy-bound-of-a-layer", "softmax-jacobian", "gradients",
                "low-entropy-without-crash"),
        missing="In a network that is trained gradients are not measured against entropy; networks "
        "with low entropy end accurate.",
    ),
    Sentence(
        r"By Weyl's inequality a step that is capped at $\tau \sigma_1(W)$ over $\sigma_1$ of "
        "the update keeps the spectrum smooth.",
        steps=("a pair of unit vectors", "growth of the largest singular value",
               "shrinkage of the largest singular value", "time to collapse"),
        claims=("capped-step", "offered-steps", "power-iteration",
                "power-iteration-exceeds-the-cap", "time-to-collapse",
                "time-to-collapse-vacuous", "delay", "concentration-perturbed", "adam-entries"),
        probes=("exact-norms", "decay-at-most-one"),
        missing=r"Weyl's inequality is derived for $\sigma_1$, and used for the others.",
    ),
    Sentence(
        "So the cap keeps the spectral energy from concentrating rapidly, and attention from the "
        "malignant collapse that crashes the model.",
        claims=("collapse-modes", "delay", "threshold", "cap-prevents-crash",
                "benign-to-malignant"),
        missing=r"It delays: with $\tau = 0.03$ the spectrum concentrates, and networks crash "
        "later. Networks of one or two layers on sixteen tokens at most.",
    ),
    Sentence(
        "With the cap, models train without warm-up as well as with it.",
        claims=("cap-prevents-crash", "any-rate", "warm-up-to-a-high-rate",
                "uniform-rate-does-as-well", "loose-cap-does-not-help", "threshold",
                "cap-on-query-and-key",
                "benign-to-malignant", "frobenius-cap-does-as-well",
                "qk-norm-does-as-well", "sigma-reparam-does-as-well"),
        missing="sigmaReparam and QK-norm with gains that are learned are not compared.",
    ),
    Sentence(
        "ViT, Swin and GPT train with the cap.",
        claims=("vit-on-digits", "gpt-on-characters"),
        missing="Small models on small data, at the tiers standard and full; no Swin.",
    ),
)  # fmt: skip

FOUND = (
    Sentence(
        "The entropy bound by the norm of the centred logits is attained, by a single spike. With "
        "the product of spectral norms in its place it is a bound as well, and falls as that "
        "product grows.",
        steps=("one spike", "the bound decreases"),
        claims=("entropy-bound", "entropy-bound-of-a-layer"),
    ),
    Sentence(
        r"With a loose cap, $\tau = 0.3$, at most 40 % of networks end accurate. With the cap "
        "in spectral norm at least 60 % do, and at most 40 % crash; so it is with a cap in "
        "Frobenius norm, and at a constant rate equal to the mean that the cap allowed.",
        claims=(
            "loose-cap-does-not-help", "cap-prevents-crash", "frobenius-cap-does-as-well",
            "uniform-rate-does-as-well",
        ),
    ),
    Sentence(
        "Concentration alone is no crash: healthy runs reach it, and products of weights that the "
        "network never forms concentrate as well.",
        claims=("every-product-concentrates", "concentration-without-crash"),
    ),
)  # fmt: skip
