"""Claims that what is trained is what is said: networks, starts, training and records."""

import numpy as np

from checks.spectral_concentration import wrong
from checks.spectral_concentration.models_written_out import bounded_residual, model_residual
from checks.spectral_concentration.starts import start_slack
from checks.spectral_concentration.statements import FEW, identity, inequality
from checks.spectral_concentration.training_written_out import training_residual
from checks.spectral_concentration.written_out import network_residual

trained_claims = (
    identity(
        "network", "The network that is trained, and its loss, are LayerNorm, softmax attention by "
        "rows and a residual in each layer, and the cross-entropy of the reversed sequence.",
        network_residual, {},
        unscaled=("logits without $1/\\sqrt{d_q}$", {"logits_of": wrong.unscaled}),
        no_positions=("positions left out", {"broken": wrong.no_positions}),
        exchanged=("values and outputs exchanged", {"broken": wrong.exchanged}),
    ),
    identity(
        "training", "Networks are trained by Adam from scaled weights, with warm-up and with the "
        "cap on the matrices that have one; losses and rates are recorded as means, and a crash is "
        r"a last loss above $0.9 \ln T$.",
        training_residual, {}, seeds=FEW,
        all_capped=("all matrices capped", {"changed": wrong.all_capped}),
        no_warm_up=("no warm-up", {"changed": wrong.without_warm_up}),
        early=("a crash told by the first record", {"early": True}),
    ),
    identity(
        "models-on-data", "The models that are trained on data, of GPT's style and of ViT's, their "
        "losses in two steps and what is then recorded of them are attention with LayerNorm, MLP "
        "and residuals.",
        model_residual, {}, seeds=FEW,
        no_cap=("no cap", {"tau": np.inf}),
        exchanged=("values and outputs exchanged", {"order": (0, 1, 3, 2)}),
    ),
    identity(
        "bounded-logits", r"QK-norm's logits are $\sqrt{d_q}$ times cosines, sigmaReparam's "
        r"$4/\sqrt{d_q}$ times the products with both matrices over their largest singular values.",
        bounded_residual, {"n": [5], "d": [6], "dq": [4]},
        other_gain=("a gain of five", {"gain": 5.0}),
        scale_by_dq=("another power of $d_q$", {"power": 1.0}),
        frobenius=("Frobenius norms of the matrices", {"norm": "fro"}),
    ),
    inequality(
        "starts", "Networks start from Gaussian weights of variance one over the inputs, gains of "
        "one and uniform data, those that are observed not trained on: to seven standard errors.",
        start_slack, {},
        wider=("a variance larger by a tenth", {"begin": wrong.wider}),
        observed=("trained on what is observed", {"begin": wrong.observed}),
        same_data=("one datum a step", {"model": wrong.same_data}),
    ),
)  # fmt: skip
