"""What of arXiv:2604.26898 is checked, sentence by sentence."""

from theory.language.coverage import Sentence

COVERAGE = (
    Sentence(
        "Layers of attention and a random MLP converge, pathwise, to tokens with a noise common to "
        "all of them: an interacting SDE on the sphere.",
        steps=("LayerNorm", "drift", "cross-bracket", "Stratonovich"),
        claims=("layer-norm", "attention", "one-step", "one-step-bias", "energy-identity",
                "strong-rate", "fresh-weights", "weak-limit-fixed-width"),
        probes=("fresh-gaussian-weights", "lipschitz-activation"),
        missing="Networks with fresh weights are held against the SDE on the path that their own "
        "weights drive: four tokens, at grid times, along $m = 4 L$.",
    ),
    Sentence(
        r"The mean square distance, its supremum over time, is at most $c (\log L / L + 1/m)$.",
        claims=("strong-rate", "fresh-weights", "between-grid-times", "width-rate"),
        missing="Between grid times features are frozen. No coupling is the optimal one.",
    ),
    Sentence(
        "The empirical measure solves a stochastic partial differential equation.",
        steps=("SPDE, drift", "SPDE, noise", "SPDE, modes"),
        claims=("spde-residual", "limits-commute"),
        missing="That the solution is unique. The steps hold for every test function; residuals "
        r"are measured on six, linear and quadratic, in $\mathbb{R}^3$.",
    ),
    Sentence(
        "Given the common noise, chaos propagates: many tokens are independent.",
        claims=("chaos-d3", "chaos-d5"),
        missing="The claims see how a sample represents its law; both sides share the dynamics.",
    ),
    Sentence(
        "If the noise is coercive relative to the attention drift, the mean energy decays "
        "exponentially: the tokens synchronize.",
        steps=("decay density", r"$\bar\lambda$", "attention near synchrony", "energy identity"),
        claims=("dissipation", "dissipation-with-attention", "dissipation-at-an-end",
                "repulsion-threshold", "sharp-rate"),
        probes=("coercivity", "forcing"),
        missing=r"From the identity to the exponential it is Gronwall's inequality, which is not a "
        r"step. An $\epsilon$ above zero is measured near synchrony only; that the least decay "
        "lies at an end is sampled, not certified.",
    ),
    Sentence(
        "Whether an activation is coercive is seen in its kernel.",
        steps=(r"$\bar\lambda$", "ReLU coercivity", r"Hermite $\bar\lambda$", r"$\lambda_1$"),
        claims=("relu-kernel", "harmonics", "relu-signs", "antipodes"),
        probes=("coercivity",),
        missing="The paper's 24 settings are computed and shown; its own table is compared in a "
        "test, for five of them and to three digits.",
    ),
)  # fmt: skip

FOUND = (
    Sentence(
        r"$\bar\lambda < 0$ alone does not synchronize: near synchrony values $V = -\delta I$ add "
        r"$2 \delta$ to $\bar\lambda$, so repulsive attention beats the noise from "
        r"$\delta = -\bar\lambda / 2$ on.",
        steps=("attention near synchrony",), claims=("repulsion-threshold",),
    ),
    Sentence(
        "Copies of the text disagree on the sign of the second order of LayerNorm. It is a minus; "
        "the plus is refuted.",
        steps=("LayerNorm",), claims=("layer-norm",),
    ),
    Sentence(
        r"Near synchrony the mean energy decays at exactly $-\bar\lambda$, which is not the rate "
        "of a typical path.",
        claims=("sharp-rate",),
    ),
)  # fmt: skip
