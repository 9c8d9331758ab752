"""Claims about spectral concentration, collapse of attention entropy, and AdamW^2."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from checks.spectral_concentration import attention_bounds as bounds
from checks.spectral_concentration import collapse_bounds as collapse
from checks.spectral_concentration import late_events as late
from checks.spectral_concentration import network_events as events
from checks.spectral_concentration import spectral_bounds as spectral
from checks.spectral_concentration import wrong
from checks.spectral_concentration.capped_steps import (
    CAPPED,
    PLAIN,
    TAU,
    Networks,
    growth_events,
    weyl_slack,
)
from checks.spectral_concentration.offered_steps import offered_residual
from checks.spectral_concentration.statements import (
    LATER,
    MANY,
    NETWORKS,
    asked,
    frequency,
    identity,
    inequality,
    often,
    seldom,
    state,
)
from checks.spectral_concentration.written_out_claims import trained_claims
from checks.suite.picture import Picture
from checks.verdicts import Claim, Column, Experiment, IndependenceClaim, MomentClaim
from numerics.engine.measuring import Size
from numerics.spectral_concentration.reversal import Arm


def foretold() -> Claim:
    """How well what is recorded at half of a run tells which networks crash in the other half."""
    measured, slips = asked(
        "concentration-predicts-no-better", late.crash_areas,
        {
            "reversed": ("low values taken for high ones", {"sign": -1.0}),
            "early": ("looked at after 250 steps", {"step": 250}),
            "another": ("the crash of another network", {"other": 1}),
        },
        late.Groups,
    )  # fmt: skip
    return state(
        MomentClaim, "concentration-predicts-no-better",
        "Negation of “concentration singles out the networks that crash”: of networks that have "
        r"not crashed by step 1000 of 2000, with a cap of $\tau = 0.02$, one that will crash has "
        r"a higher SEC(4), $\sigma_1(W_q^\top W_k)$ and loss, and a lower effective rank, than one "
        "that will not with probabilities from 0.7 to 1 (areas under the curve), a lower "
        "entropy with one of 0.2 to 0.6; that of SEC(4) is below that of the loss, by 0.2 at most.",
        measured, slips, expected=np.array([0.85, 0.85, 0.85, 0.85, 0.4, 0.1]),
        tolerance=np.array([0.15, 0.15, 0.15, 0.15, 0.2, 0.1]), points=late.GROUPS,
        seeds={"full": 64}, cap=128,
    )  # fmt: skip


def real_data(model: str, what: str) -> Claim:
    """The cap in a small transformer on real data, with what else does as well."""
    _, share, small = events.MODELS[model]
    return frequency(
        f"{model.lower()}-on-{what}",
        f"A small {model}-style model on {what}, 200 steps at rate 0.1 without warm-up: with the "
        f"cap the held-out loss is below {share} times that without; without it attention "
        f"collapses malignantly and SEC(4) reaches 0.9 in a layer, with it not. A constant rate of "
        f"{small} without cap lowers the loss as well.",
        events.real_data_events,
        {"lower loss with cap": often, f"lower loss at rate {small} without cap": often,
         "SEC(4) at least 0.9 without cap": often, "SEC(4) at most 0.8 with cap": often,
         "malignant without cap": often, "malignant with cap": seldom},
        ((4, 5),), source="abstract", points=[{"steps": 200}], seeds=LATER,
        of=partial(events.Models, model=model),
        no_cap=("a cap that never binds", {"tau": np.inf}),
        small_rate=("a rate at which both learn", {"rate": small}),
    )  # fmt: skip


def bounded_logits(name: str, what: str, arm: Arm, gains: str) -> Claim:
    """Logits that do not grow with the weights do what the cap does."""
    label = what.partition(" ")[0]
    return frequency(
        f"{name}-does-as-well",
        f"Negation of “the cap is needed” and of “high SEC means crash”: with {what}, {gains}, and "
        "no cap crashes are rarer than without, networks learn, and attention does not collapse "
        "malignantly, though SEC(4) reaches 0.8. One layer, eight tokens.",
        partial(events.norm_events, arm=arm),
        {"crash": often, f"crash with {label}": (0.0, 1.0), f"accurate with {label}": often,
         f"malignant with {label}": seldom, f"SEC(4) at least 0.8 with {label}": often},
        ((0, 1),), seeds=LATER, cap=80, points=NETWORKS["smoke"],
        plain=("no norm", {"arm": PLAIN}),
        too_slow=("a rate at which nothing is learned", {"arm": arm._replace(rate=1e-4)}),
    )  # fmt: skip


delays = Experiment(state.name("delay"), events.waiting_time)


def delay_over(power: float, run: Experiment = delays) -> Column:
    """N^power over the steps that concentration takes under a cap of 1/N."""
    return run.column(lambda size, table: size["N"] ** power / table["steps"])


delay = state(
    IndependenceClaim, "delay",
    r"At rate 0.1 a cap of $\tau$ delays the concentration at least in proportion to $1/\tau$: the "
    r"steps until SEC(4) reaches 0.9, for $\tau$ from $1/14$ to $1/40$.",
    delay_over(1.0),
    {
        "square": (r"at least like $\tau^{-2}$", delay_over(2.0)),
        "no-cap": ("no cap", delay_over(1.0, delays.changed("no-cap", factor=np.inf))),
        "raw-gradient": (
            "the cap measures the raw gradient",
            delay_over(1.0, delays.changed("raw-gradient", arm=wrong.MISREAD)),
        ),
    },
    kind="no growth", sizes={"N": [14, 20, 28, 40]}, seeds={"standard": 32, "full": 64},
)  # fmt: skip

claims = (
    frequency(
        "cap-prevents-crash",
        "At rate 0.1 without warm-up training crashes without the cap and not with it.",
        events.crash_events,
        {"crash without cap": often, "crash with cap": seldom, "accurate with cap": often},
        ((0, 1),), source="abstract",
        raw_gradient=("the cap measures the raw gradient", {"capped": wrong.MISREAD}),
        no_cap=("no cap", {"capped": PLAIN}),
    ),
    identity(
        "gradients", "The derived attention and gradients of one layer are those of automatic "
        "differentiation.",
        bounds.gradient_residual, {"d": [5], "n": [6], "dq": [3], "dv": [4]},
        scale_by_dq=("logits divided by dq in place of its root", {"power": 1.0}),
        row_softmax=("the softmax normalises rows", {"rows": True}),
    ),
    *trained_claims,
    identity(
        "concentration-by-qr", r"SEC by thin QR is that of the singular values of $W_q^\top "
        "W_k$.",
        bounds.concentration_residual, {"dq": [4], "d": [6], "s": [2]},
        not_squared=("singular values not squared", {"power": 1}),
        fourth_power=("energies squared", {"power": 4}),
    ),
    inequality(
        "entropy-bound", "The entropy of a softmax is at least $B_T$ of its centred logits' "
        "norm.",
        bounds.entropy_slack, {"tokens": [2, 16, 64]},
        without_root=(
            r"$\sqrt{T / (T - 1)}$ left out of $\beta$", {"shrink": lambda T: ((T - 1) / T) ** 0.5}
        ),
        half_norm=("half the norm", {"shrink": lambda _: 0.5}),
    ),
    inequality(
        "entropy-bound-of-a-layer",
        r"Every column of attention has entropy at least $B_T(\sigma_1(X)^2 \sigma_1(W_q^\top "
        r"W_k)/\sqrt{d_q})$.",
        bounds.layer_entropy_slack, {"tokens": [8], "dq": [4]},
        scale_by_dq=(r"$1/d_q$ in place of $1/\sqrt{d_q}$", {"power": 1.0}),
        scale_twice=("$1/d_q^{3/2}$", {"power": 1.5}),
    ),
    inequality(
        "softmax-jacobian",
        r"The norm of the softmax Jacobian lies between $\max a (1 - a)$ and $1 - \exp(-H)$, and "
        "below $1/2$.",
        bounds.jacobian_slack, {"tokens": [2, 16]},
        half_too_small=("$0.45$ in place of $1/2$", {"half": 0.45}),
        half_entropy=(r"$1 - \exp(-H / 2)$", {"rate": 0.5}),
    ),
    inequality(
        "concentration-perturbed",
        r"A perturbation of relative Frobenius norm $\epsilon$ moves the root of SEC within its "
        "bounds.",
        spectral.perturbation_slack, {"m": [40], "n": [40], "s": [4]},
        spectral_norm=(r"$\epsilon$ by the spectral norm", {"spectral": True}),
        half=(r"half of $\epsilon$", {"part": 0.5}),
    ),
    inequality(
        "power-iteration", r"Power iteration lies between its lower bounds and $\sigma_1$, and "
        "rises.",
        spectral.power_slack, {"m": [5], "n": [7], "rounds": [1, 3]}, MANY,
        one_round_more=("one more round claimed than made", {"extra": 1}),
        half_exponent=("$c^{1/(4k+2)}$ in place of $c^{1/(2k+1)}$", {"exponent": 0.5}),
    ),
    inequality(
        "rank-one-malignant",
        r"A $W_q^\top W_k$ of rank one leaves attention near rank two: its third singular value "
        "is bounded by the gaps.",
        collapse.rank_one_slack, {"n": [8], "d": [5], "dq": [4]},
        no_scale=(r"$1/\sqrt{d_q}$ left out", {"power": 0.0}),
        rank_one=(r"rank one claimed: $\sigma_2(A)$", {"index": 2}),
    ),
    inequality(
        "hull-vertices",
        r"A $W_q^\top W_k$ of low rank at a huge scale leaves attention of rank at most the "
        "number of vertices of the hull of the projected tokens.",
        collapse.hull_slack, {"n": [24], "d": [5], "r": [2, 3]},
        one_fewer=("one vertex fewer", {"fewer": 1}),
        lower_dimension=("the hull in $r - 1$ dimensions", {"lost": 1}),
    ),
    inequality(
        "definite-benign",
        r"A definite $W_q^\top W_k$ and tokens of equal norm in it leave attention near the "
        "identity.",
        collapse.benign_slack, {"n": [8], "d": [5], "dq": [4]},
        no_half=("the factor $1/2$ of the exponent left out", {"half": 1.0}),
        no_scale=(r"$1/\sqrt{d_q}$ left out", {"power": 0.0}),
    ),
    identity(
        "collapse-indicators",
        "Entropy and effective rank are those of the rows of attention and of its singular values. "
        r"Below a tenth of $\log n$ collapse is benign above a rank of $3 n / 4$, malignant below "
        "$n / 3$, and attention is uniform above nine tenths.",
        collapse.indicator_residual, {"n": [6]},
        not_squared=("singular values not squared", {"power": 1}),
        nats=(r"entropy in nats for its share of $\log n$", {"nats": True}),
    ),
    inequality(
        "time-to-collapse",
        r"While $W_q$ and $W_k$ grow by $1 + \tau$ a step and tokens stay, orthonormal, no "
        r"column's entropy falls below $B_T(\nu_*)$ before $\ln(\nu_*/\nu_0)/(2 \ln(1 + \tau))$ "
        "steps.",
        collapse.delay_slack, {"tokens": [16], "dq": [4]},
        one_factor=("one factor grows in place of two", {"factors": 1.0}),
        scale_by_dq=(r"$1/d_q$ in place of $1/\sqrt{d_q}$", {"power": 1.0}),
    ),
    inequality(
        "time-to-collapse-vacuous",
        r"VACUOUS for the networks that are trained here: at their start $\sigma_1(X)^2 "
        r"\sigma_1(W_q) \sigma_1(W_k)/\sqrt{d_q}$ is beyond the $\nu_*$ of a tenth of $\log T$, "
        r"and at $\tau = 0.01$ the time is below $-50$ steps.",
        collapse.vacuous_slack, {"tokens": [8, 16]},
        centred=("the norm of the centred logits", {"centred": True}),
        more=("below $-400$ steps", {"steps": 400.0}),
    ),
    inequality(
        "gradient-spectrum",
        r"Singular values of $X \Omega X^\top$ obey Horn's bounds; the rank of $\Omega$ is at "
        "most $n - 1$.",
        spectral.horn_slack, {"n": [6], "d": [5], "dv": [4]},
        not_horn=(r"$\sigma_i(X)^2$ bounds $\sigma_{i-1}$", {"index": 1}),
        rank=(r"$\Omega$ of rank at most $n - 2$", {"rank": 2}),
    ),
    inequality(
        "adam-entries", "Entries of Adam's update are at most $R_t$.",
        spectral.entry_slack, {"steps": [40]},
        sign=("at most one, as if every step were a sign", {"corrected": False}),
        no_root=("the square root of the geometric sum left out", {"power": 0.25}),
    ),
    inequality(
        "capped-step",
        r"A capped step moves no singular value by more than $\tau \sigma_1$, exact norms.",
        weyl_slack, {"m": [6], "n": [4], "steps": [60]},
        raw_gradient=("the cap measures the raw gradient", {"under": wrong.capped_by_gradients}),
        off_by_one=(r"$\sigma_1$ after the step in place of before", {"late": True}),
        frobenius=("Frobenius norms, as LARS has them", {"frobenius": True}),
    ),
    identity(
        "offered-steps", "The steps of AdamW², as it is offered, are those of Adam's direction "
        r"with the decay, at the rate that $\tau \sigma_1(W)$ over $\sigma_1$ of the direction "
        "caps, three warm rounds of power iteration each: of a matrix, of two heads, of a vector, "
        "and of a matrix that begins at zero and has no cap.",
        offered_residual, {},
        frobenius=("Frobenius' norms, as LARS has them", {"frobenius": True}),
        no_decay=("no weight decay", {"decay": 0.0}),
        one_round=("one round of power iteration", {"rounds": 1}),
        no_cap=("no cap", {"tau": np.inf}),
    ),
    frequency(
        "power-iteration-exceeds-the-cap",
        "With three warm rounds some step exceeds the cap by more than 1 %, none by a factor of 2.",
        growth_events, {"a step above 1.01 tau": often, "a step above 2 tau": seldom},
        points=[{"m": 32, "n": 32, "steps": 60}], cap=40, of=None,
        average=("the audit takes the mean over steps", {"average": True}),
        raw_gradient=("the cap measures the raw gradient", {"under": wrong.capped_by_gradients}),
    ),
    frequency(
        "every-product-concentrates",
        r"Negation of “$W_q^\top W_k$ is singled out”: without the cap $W_v W_o$ and $W_q^\top "
        "W_v$, which the network never forms, concentrate as well.",
        events.product_events,
        {"SEC(4) of query and key at least 0.9": often,
         "SEC(4) of value and output at least 0.8": often,
         "SEC(4) of query and value at least 0.8": often},
        capped=("with the cap", {"arm": CAPPED}),
        low_rate=("a rate that needs no cap", {"arm": Arm(rate=0.005)}),
    ),
    frequency(
        "frobenius-cap-does-as-well",
        "Negation of “the spectral norm is what matters”: a cap on relative Frobenius norms, as in "
        "LARS, prevents the crash as well.",
        events.end_events,
        {"crash with Frobenius' cap": seldom, "accurate with Frobenius' cap": often},
        no_cap=("no cap", {"arm": PLAIN}),
        loose=(r"$\tau = 1$", {"arm": events.FROBENIUS._replace(tau=1.0)}),
    ),
    bounded_logits("qk-norm", "QK-norm", events.QK_NORM, "gains fixed at one"),
    bounded_logits(
        "sigma-reparam", "sigmaReparam of $W_q$ and $W_k$", events.REPARAMETRISED,
        "the product of its gains fixed at four",
    ),
    delay,
    frequency(
        "threshold",
        r"Between $\tau = 0.01$ and $0.02$ a threshold lies: in 2000 steps at rate 0.1 SEC(4) "
        r"reaches 0.9 with $\tau = 0.02$ and not with $0.01$, and crashes are more frequent with "
        "it. One layer, eight tokens.",
        late.threshold_events,
        {"SEC(4) reaches 0.9 at tau = 0.02": often, "SEC(4) reaches 0.9 at tau = 0.01": seldom,
         "crash at tau = 0.02": (0.0, 1.0), "crash at tau = 0.01": seldom},
        ((0, 1), (2, 3)), points=late.LATE, seeds={"standard": 48, "full": 96}, cap=192,
        exchanged=("caps exchanged", {"above": CAPPED, "below": late.ABOVE}),
        same=(r"$\tau = 0.02$ for both", {"below": late.ABOVE}),
    ),
    foretold(),
    frequency(
        "collapse-modes",
        "Without the cap attention collapses malignantly, with SEC(4) of 0.9 or more in a layer; "
        "with it benignly, with SEC(4) of 0.8 or less.",
        events.collapse_events,
        {"SEC(4) at least 0.9 without cap": often, "SEC(4) at most 0.8 with cap": often,
         "malignant without cap": (0.0, 1.0), "benign with cap": often,
         "malignant with cap": seldom},
        ((2, 4),), source="abstract",
        not_squared=("SEC with singular values not squared", {"share": wrong.not_squared}),
        exchanged=("arms exchanged", {"arms": (CAPPED, PLAIN)}),
    ),
    frequency(
        "cap-on-query-and-key",
        "With a cap on $W_q$ and $W_k$ alone networks learn more often than with a cap on all "
        "other parameters, with which they seldom learn.",
        partial(events.accurate_events, arms=(events.QUERY_KEY, events.OTHERS)),
        {"accurate, W_q and W_k capped": (0.0, 1.0), "accurate, all others capped": seldom},
        ((0, 1),),
        exchanged=("the two sets exchanged", {"arms": (events.OTHERS, events.QUERY_KEY)}),
        all_capped=("all capped in place of all others", {"arms": (events.QUERY_KEY, CAPPED)}),
    ),
    frequency(
        "any-rate",
        "With the cap rates from 0.003 to 1 all learn: 2.5 decades.",
        partial(events.accurate_events, **events.rates_with()),
        {f"accurate at rate {rate}": often for rate in events.RATES},
        no_cap=("no cap at rate 1", events.rates_with(tau=np.inf)),
        raw_gradient=(
            "at rate 1 the cap measures the raw gradient",
            events.rates_with(under=wrong.capped_by_gradients),
        ),
    ),
    frequency(
        "warm-up-to-a-high-rate",
        "Warm-up to rate 0.1 without decay learns and then worsens: not a substitute for the cap.",
        events.warmup_events, {"loss 1.2 times its lowest": often, "accurate": seldom}, cap=40,
        capped=("with the cap", {"tau": TAU}),
        low_rate=("warm-up to 0.005", {"rate": 0.005}),
    ),
    frequency(
        "uniform-rate-does-as-well",
        "Negation of “the cap is more than a smaller rate”: a constant rate equal to the mean that "
        "the cap allowed learns as well.",
        events.uniform_events,
        {"accurate at the mean rate": often, "crash at the mean rate": seldom},
        asked_rate=("20 times that rate", {"factor": 20.0}),
        far_too_low=("a thousandth of that rate", {"factor": 1e-3}),
    ),
    frequency(
        "loose-cap-does-not-help",
        r"Negation of “any cap prevents collapse”: with $\tau = 0.3$ training fails.",
        partial(events.accurate_events, arms=(Arm(tau=0.3),)), {"accurate at tau = 0.3": seldom},
        tight=(r"$\tau = 0.01$", {"arms": (CAPPED,)}),
        small_rate=("a rate at which the cap never binds", {"arms": (Arm(rate=0.005, tau=0.3),)}),
    ),
    frequency(
        "benign-to-malignant",
        r"With a cap of $\tau = 0.03$ networks of two layers learn, with benign attention, and "
        "crash later, with malignant attention.",
        events.transition_events,
        {"accurate at some time": often, "benign at some time": often, "crash at the end": often,
         "malignant at the end": often},
        points=[{"layers": 2, "tokens": 16, "steps": 1000}], seeds={"full": 10},
        tight=(r"$\tau = 0.01$", {"arm": CAPPED}),
        no_cap=("no cap: nothing is learned at any time", {"arm": PLAIN}),
    ),
    *(real_data(model, what) for model, what in (("GPT", "characters"), ("ViT", "digits"))),
    frequency(
        "concentration-without-crash",
        "Negation of “high SEC means crash”: from a standard deviation of 0.02 healthy runs reach "
        "an SEC(4) of 0.92.",
        events.concentrated_events, {"accurate and SEC(4) at least 0.92": often}, cap=40,
        unit_scale=("the usual standard deviation", {"arm": events.SMALL._replace(scale=1.0)}),
        not_squared=("singular values not squared", {"share": wrong.not_squared}),
    ),
    frequency(
        "low-entropy-without-crash",
        "Negation of “low entropy means crash”: capped runs end accurate with entropy below a "
        r"tenth of $\log T$ in a layer.",
        events.low_entropy_events, {"accurate and low entropy": often},
        no_cap=("no cap", {"arm": PLAIN}),
        too_slow=("a rate at which nothing is learned", {"arm": Arm(rate=1e-4)}),
    ),
)  # fmt: skip

not_checked = (
    "Theorem 1 of the paper (malignant collapse, Gaussian assumption): its text was not seen.",
    r"That $W_q^\top W_k$ concentrates before the crash in ViT, Swin or GPT at scale.",
    "Causality: whether concentration causes the crash or accompanies it; all products of the "
    "network's matrices concentrate with it.",
    "sigmaReparam and QK-norm with gains that are learned; the cap's threshold at other rates, "
    "widths and depths, or beyond 2000 steps; what foretells a crash at other caps or times.",
    r"The paper's threshold $\tau$, number of power iterations and values of $s$: they were "
    "not found.",
)


SHOWN: dict[str, Arm] = {"no cap": PLAIN, r"$\tau = 0.01$": CAPPED}
TRANSITION: dict[str, Arm] = {"tau = 0.03": events.LOOSE, r"$\tau = 0.01$": CAPPED}
PICTURE_TASK = {"layers": 1, "tokens": 16, "steps": 300}
TRANSITION_TASK = {"layers": 1, "tokens": 8, "steps": 1000}
PICTURE_KEYS = np.array([[2505, seed] for seed in range(8)], dtype=np.uint32)


def _curves(axes: Any, arms: Mapping[str, Arm], size: Size) -> None:
    """Loss, entropy, effective rank and SEC(4) along training: medians over eight seeds."""
    names = {
        "loss": "loss",
        "entropy": "entropy (nats)",
        "rank": "effective rank",
        "concentration": "SEC(4)",
    }
    networks = Networks(size, PICTURE_KEYS)
    for label, arm in arms.items():
        record = networks.history(arm)
        for ax, (field, title) in zip(axes, names.items(), strict=True):
            values = getattr(record, field)
            values = values if values.ndim == 2 else values[..., 0]
            steps = np.linspace(0, size["steps"], values.shape[1] + 1)[1:]
            ax.plot(steps, np.median(values, axis=0), label=label)
            ax.set_title(title)
            ax.set_xlabel("step")
    axes[0].legend()


pictures = (
    Picture(
        "Collapse with and without the cap",
        "Along training at rate 0.1 without warm-up: medians over 8 seeds, first layer. Both lower "
        "the entropy; only the uncapped run loses rank and concentrates its spectrum.",
        lambda axes, _: _curves(axes, SHOWN, PICTURE_TASK),
        axes=4,
    ),
    Picture(
        "From benign to malignant",
        "Both caps learn, with entropy near zero and an effective rank of all 8 tokens: benign. "
        "Under the loose one the spectrum goes on concentrating, and at some step the rank drops, "
        "the entropy stays and the loss rises: malignant. Medians over 8 seeds, one layer.",
        lambda axes, _: _curves(axes, TRANSITION, TRANSITION_TASK),
        axes=4,
    ),
)

equivalent_mutations = {
    ("numerics/spectral_concentration/__init__.py", "collapse_indicators", "1", "2", 1): "the mean "
    "over the rows of a square matrix of their sums is that over its columns",
    ("numerics/spectral_concentration/small_transformers.py", "", "1e9", "2000000000.0"): "the "
    "exponential of either is zero",
    (
        "numerics/spectral_concentration/matrices.py",
        "any_matrix",
        "matrix(random, m, n, str(random.choice(KINDS))) * 10.0 ** random.uniform(-6, 6)",
        "matrix(random, m, n, str(random.choice(KINDS))) / 10.0 ** random.uniform(-6, 6)",
    ): "the power is as often of one sign as of the other",
} | {
    ("numerics/spectral_concentration/small_transformers.py", "", number, other): "one more or "
    "less of the data that are held out: other data, of which the claims say the same"
    for number, other in (
        ("360", "361"),
        ("360", "359"),
        ("256", "257"),
        ("256", "255"),
        ("32", "33"),
        ("32", "31"),
    )
}
