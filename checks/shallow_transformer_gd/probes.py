"""What projected gradient descent on a shallow transformer needs, and what happens without it."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from checks.properties import strategies as vs
from checks.properties.probe import Outside, Probe, require
from numerics.generated import shallow_transformer_gd as generated
from numerics.shallow_transformer_gd import Heads, network, paired
from theory import shallow_transformer_gd

Real = float | int
Matrix = Float[np.ndarray, "_ _"]
Vector = Float[np.ndarray, " _"]
KAPPA = float(shallow_transformer_gd.KAPPA)  # proved by `verilimit certify third-cumulant`
# sup |phi|, |phi'|, |phi''|
BOUNDS = {
    "tanh": (1.0, 1.0, KAPPA),
    "erf": (1.0, 2 / np.pi**0.5, 2 * 2**0.5 / np.pi**0.5 * np.exp(-0.5)),
    "sigmoid": (1.0, 0.25, 1 / (6 * 3**0.5)),
}

cumulant = jax.jit(generated.third_cumulant)
value = jax.jit(network)


def third_cumulant_is_bounded(X: Matrix, W: Matrix, q: Vector, U: Vector, w: Matrix) -> None:
    """|kappa_3[U, xi, xi]| <= 4 / (3 sqrt 3) |U| |xi|^2 with xi = w q, for any number of tokens."""
    found = abs(float(cumulant(X, W, q, U, w)))
    allowed = KAPPA * np.linalg.norm(U) * float((w @ q) @ (w @ q))
    require(found <= allowed + 1e-9, f"the third cumulant is {found:.4g}, allowed {allowed:.4g}")


def derivatives_are_bounded(phi: vs.Library, x: Real, h: Real) -> None:
    """Value and first and second differences of the activation stay below their constants."""
    s0, s1, s2 = BOUNDS.get(phi.name, (1.0, 1.2, 1.0))
    left, here, right = phi(np.array([x - h, x, x + h]))
    require(abs(here) <= s0 + 1e-12, f"|phi| = {abs(here):.4g} > {s0:.4g}")
    slope, bend = abs(right - left) / (2 * h), abs(right - 2 * here + left) / h**2
    require(slope <= s1 + 1e-9, f"|phi'| reaches {slope:.4g} > {s1:.4g}")
    require(bend <= s2 + 1e-9, f"|phi''| reaches {bend:.4g} > {s2:.4g}")


def some_transport_has_no_loss(X: Matrix, transport: Vector, noise: Vector) -> None:
    """Labels that are values of a transport in tangent features leave least squares no residual."""
    labels = X @ transport + noise
    fitted = X @ np.linalg.lstsq(X, labels, rcond=1e-10)[0]
    left = np.abs(labels - fitted).max()
    require(left <= 1e-8, f"the best transport leaves a residual of {left:.3g}")


def projection_moves_towards_the_target(theta: Vector, target: Vector, radius: Real) -> None:
    """Projection on the ball of that radius does not lengthen the way to the target."""
    length = np.linalg.norm(theta)
    projected = theta * min(1.0, radius / length) if length > 0 else theta
    before, after = np.linalg.norm(theta - target), np.linalg.norm(projected - target)
    require(after <= before + 1e-12, f"projection lengthens the way by {after - before:.3g}")


def the_start_is_zero(signs: str, X: Matrix, U: Vector, W: Matrix) -> None:
    """Heads in pairs with opposite signs: the network is zero on every input."""
    pair = paired(jnp.ones(1), jnp.asarray(U)[None], jnp.asarray(W)[None])
    heads = pair if signs == "opposite" else Heads(jnp.abs(pair.c), pair.U, pair.W)
    found = abs(float(value(heads, X)))
    require(found <= 1e-12, f"the network starts at {found:.3g}")


def a_step_does_not_lead_away(X: Matrix, target: Vector, theta: Vector, share: Real) -> None:
    """One step of gradient descent on the mean square loss, of size share / (4 Gamma^2)."""
    gamma = max(float(np.linalg.norm(X, axis=1).max()), 1e-6)
    gradient = 2 * X.T @ (X @ (theta - target)) / len(X)
    after = theta - share / (4 * gamma**2) * gradient
    longer = np.linalg.norm(after - target) - np.linalg.norm(theta - target)
    require(longer <= 1e-9, f"the distance to the target grows by {longer:.3g}")


rows = st.lists(vs.vectors(2), min_size=3, max_size=3).map(np.array)
unit = vs.weights(2, 2, scales=(1.0,))
probes = (
    Probe(
        "tokens-in-ball",
        r"Third cumulants of attention are at most $4 / (3 \sqrt{3}) \, |U| |\xi|^2$ (proved "
        "there, too).",
        {"X": vs.tokens(), "W": vs.weights(2, 2, scales=(1.0, 1e3)), "q": vs.vectors(2),
         "U": vs.vectors(2), "w": unit},
        third_cumulant_is_bounded,
        outside=(
            Outside("Tokens ten times as long have cumulants a thousand times as large.",
                    {"X": vs.tokens(radius=10, kinds=("sphere", "ball")),
                     "W": vs.weights(2, 2, scales=(1.0, 1e-3, 0.1))}),
        ),
    ),
    Probe(
        "bounded-activation",
        r"$\tanh$, erf and sigmoid and their first two derivatives stay below their constants.",
        {"phi": vs.activations(families=("library",), names=("tanh", "erf", "sigmoid")),
         "x": vs.numbers(-8, 8), "h": st.sampled_from([1.0, 2.0**-4])},
        derivatives_are_bounded,
        outside=(
            Outside("The ReLU has a kink, and grows.", {"phi": st.just(vs.Library("relu"))}),
        ),
    ),
    Probe(
        "realisable",
        "Labels that a transport produces leave the best transport no residual.",
        {"X": rows, "transport": vs.vectors(2), "noise": st.just(np.zeros(3))},
        some_transport_has_no_loss,
        outside=(
            Outside("Noise in the labels is a floor of the loss.", {"noise": vs.vectors(3)}),
        ),
    ),
    Probe(
        "radii",
        "Projection on a ball that holds the target never leads away from it.",
        {"theta": vs.vectors(2, -4, 4), "target": vs.vectors(2, -0.5, 0.5), "radius": st.just(1.0)},
        projection_moves_towards_the_target,
        outside=(
            Outside("A radius below the target's.", {"target": vs.vectors(2, -4, 4)}),
        ),
    ),
    Probe(
        "symmetric-start",
        "Paired heads with opposite signs are zero on every input.",
        {"signs": st.just("opposite"), "X": vs.tokens(), "U": vs.vectors(2), "W": unit},
        the_start_is_zero,
        outside=(Outside("Pairs with equal signs.", {"signs": st.just("equal")}),),
    ),
    Probe(
        "step-size",
        r"A step of at most $1 / (4 \Gamma^2)$ never leads away from a target with zero loss.",
        {"X": rows, "target": vs.vectors(2), "theta": vs.vectors(2), "share": vs.numbers(0, 1)},
        a_step_does_not_lead_away,
        outside=(
            Outside("Steps more than four times as long may overshoot.",
                    {"share": vs.numbers(4.25, 16)}),
        ),
    ),
)  # fmt: skip
