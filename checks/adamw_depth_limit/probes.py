"""What the depth limit of AdamW-trained transformers needs, and what happens without it."""

import jax
import numpy as np
from hypothesis import strategies as st
from jaxtyping import Bool, Float

from checks.properties import strategies as vs
from checks.properties.probe import Outside, Probe, require
from numerics.generated import adamw_depth_limit as generated

Real = float | int
Matrix = Float[np.ndarray, "_ _"]
Tokens = Float[np.ndarray, "_ _"]
History = Float[np.ndarray, "_ _"]
STEPS = 6

jacobian = jax.jit(generated.attention_token_jacobian)
drift = jax.jit(generated.self_attention)
largest_update = jax.jit(generated.largest_update)


def adamw(
    gradients: History, start: Real, eta: Real, decay: Real, beta1: Real, beta2: Real, eps: Real
) -> History:
    """Parameters after each step of AdamW with decoupled decay, from ``start`` in every entry."""
    m, v, theta, path = 0.0, 0.0, np.full(gradients.shape[1], float(start)), []
    for k, g in enumerate(gradients, start=1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        root = np.sqrt(v / (1 - beta2**k)) + eps
        update = np.where(root > 0, m / (1 - beta1**k) / np.where(root > 0, root, 1), 0.0)
        theta = (1 - eta * decay) * theta - eta * update
        path.append(theta)
    return np.stack(path)


def attention_is_lipschitz_in_the_query(x: Tokens, Y: Tokens, Q: Matrix, K: Matrix) -> None:
    """|dA/dx| <= 1 for heads with entries of at most 1 / 2 and tokens in the unit ball, V = I."""
    found = np.linalg.norm(np.asarray(jacobian(x[0], Y, Q, K, np.eye(2))), 2)
    require(found <= 1 + 1e-9, f"the Jacobian has norm {found:.4g}")


def permutation_of_tokens_is_a_permutation_of_outputs(
    mask: Bool[np.ndarray, "T T"], X: Tokens, Q: Matrix, order: tuple
) -> None:
    """Attention without a mask is a function of the law of the tokens; generated when unmasked."""

    def attend(at: Tokens) -> Tokens:
        if mask.all():
            return np.asarray(drift(at, Q, np.eye(2), np.eye(2)))
        logits = np.where(mask, at @ Q.T @ at.T / np.sqrt(2), -np.inf)
        weight = np.exp(logits - logits.max(axis=1, keepdims=True))
        return weight / weight.sum(axis=1, keepdims=True) @ at

    chosen = list(order)
    off = np.abs(attend(X[chosen]) - attend(X)[chosen]).max()
    require(off <= 1e-9, f"reordering the tokens changes an output by {off:.3g}")


def heads_average(joint: str, values: Float[np.ndarray, " H"]) -> None:
    """Var(mean of H heads, each +-v_h) <= max v^2 / H: the fluctuation of a layer is 1 / sqrt(H).

    Over all signs: independent, or one sign for all heads.
    """
    H = len(values)
    signs = np.array(np.meshgrid(*[(-1.0, 1.0)] * H)).reshape(H, -1)
    if joint == "tied":
        signs = np.repeat(signs[:1], H, axis=0)
    second = ((values @ signs / H) ** 2).mean()
    allowed = (values**2).max() / H
    require(second <= allowed + 1e-12, f"the mean square is {second:.3g}, allowed {allowed:.3g}")


def training_moves_a_bounded_way(gradients: History) -> None:
    """After at most six steps |theta - theta_0| <= 6 eta C_6, for any gradients and no decay."""
    eta, beta1, beta2 = 0.1, 0.9, 0.999
    moved = np.abs(adamw(gradients, 0.0, eta, 0.0, beta1, beta2, 0.0)).max()
    allowed = STEPS * eta * float(largest_update(STEPS, beta1, beta2))
    require(moved <= allowed + 1e-9, f"the parameters moved by {moved:.4g}, allowed {allowed:.4g}")


def update_does_not_see_the_size(gradients: History, layers: int, power: int) -> None:
    """The step from gradients / L with epsilon / L^power is that from gradients with epsilon."""
    whole = adamw(gradients, 0.0, 0.1, 0.0, 0.9, 0.999, 1e-2)
    small = adamw(gradients / layers, 0.0, 0.1, 0.0, 0.9, 0.999, 1e-2 / layers**power)
    off = np.abs(whole - small).max()
    require(off <= 1e-9, f"{layers} layers change the parameters by {off:.3g}")


def parameters_stay_in_a_box(
    gradients: History, start: Real, rate: Real, beta1: Real, beta2: Real
) -> None:
    """|theta| <= max(|theta_0|, C / lambda) for ever, with lambda = 1 and eta = rate.

    C is the largest C_n of the steps; the moments must obey |m| <= C_n sqrt(v).
    """
    path = np.abs(adamw(gradients, start, rate, 1.0, beta1, beta2, 0.0))
    C = max(float(largest_update(n, beta1, beta2)) for n in range(1, len(gradients) + 1))
    allowed = max(abs(start), C)
    require(path.max() <= allowed * (1 + 1e-9), f"|theta| = {path.max():.4g} > {allowed:.4g}")


tokens = vs.tokens(kinds=("sphere", "ball", "clustered", "antipodal", "repeated"))
half = st.lists(vs.vectors(2, -0.5, 0.5), min_size=2, max_size=2).map(np.array)
probes = (
    Probe(
        "compact-heads",
        r"Heads with entries of at most $1/2$ have $|d A/d x| \leq 1$, whatever the tokens in "
        "the ball.",
        {"x": tokens, "Y": tokens, "Q": half, "K": half},
        attention_is_lipschitz_in_the_query,
        outside=(
            Outside("Large heads have no common Lipschitz constant.",
                    {k: vs.weights(2, 2, scales=(10.0,)) for k in ("Q", "K")}),
        ),
    ),
    Probe(
        "independent-heads",
        r"The mean over $H$ independent heads has a mean square of at most $\max v^2 / H$.",
        {"joint": st.just("independent"), "values": vs.vectors(5)},
        heads_average,
        outside=(Outside("Heads tied to each other do not average.", {"joint": st.just("tied")}),),
    ),
    Probe(
        "no-mask",
        "Without a mask attention commutes with every reordering of the tokens.",
        {"mask": vs.masks(3, kinds=("none",)), "X": tokens, "Q": half,
         "order": st.permutations([0, 1, 2]).map(tuple)},
        permutation_of_tokens_is_a_permutation_of_outputs,
        outside=(
            Outside("A causal mask makes the order matter: no function of the token measure.",
                    {"mask": vs.masks(3, kinds=("causal",))}),
        ),
    ),
    Probe(
        "fixed-steps",
        r"Six steps move every parameter by at most $6 \eta C_6$, for any history of gradients.",
        {"gradients": vs.histories(STEPS)},
        training_moves_a_bounded_way,
        outside=(
            Outside("The bound grows with the number of steps: ten times as many exceed it.",
                    {"gradients": vs.histories(10 * STEPS, kinds=("zeros", "growing"))}),
        ),
    ),
    Probe(
        "scaled-epsilon",
        r"With $\epsilon / (L H)$ the update does not depend on $L H$.",
        {"gradients": vs.histories(3), "layers": st.sampled_from([2, 10, 1000]),
         "power": st.just(1)},
        update_does_not_see_the_size,
        outside=(
            Outside(
            r"With a fixed $\epsilon$ training freezes as $L H$ grows.", {"power": st.just(0)}),
        ),
    ),
    Probe(
        "weight-decay",
        r"With $\eta \lambda \leq 1$ and $\beta_1^2 < \beta_2$, $|\theta| \leq "
        r"\max(|\theta_0|, C / \lambda)$.",
        {"gradients": vs.histories(STEPS), "start": vs.numbers(-4, 4), "rate": vs.numbers(0.25, 1),
         "beta1": st.just(0.875), "beta2": vs.numbers(0.875, 0.9375)},
        parameters_stay_in_a_box,
        outside=(
            Outside(r"$\eta \lambda > 2$: decay overshoots and the parameters explode.",
                    {"rate": vs.numbers(2.25, 4)}),
        ),
    ),
)  # fmt: skip
