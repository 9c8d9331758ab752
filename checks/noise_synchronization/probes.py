"""What synchronization by common noise needs, and what happens without it."""

from dataclasses import dataclass

import jax
import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from checks.properties import strategies as vs
from checks.properties.probe import Outside, Probe, require
from numerics.generated import noise_synchronization as generated
from numerics.noise_synchronization import fast_kernel

Real = float | int
Tokens = Float[np.ndarray, "_ _"]
Matrix = Float[np.ndarray, "_ _"]
# sup |phi'|; `verilimit certify` proves those of tanh, silu and gelu
STEEPEST = {
    "relu": 1.0, "tanh": 1.0, "sigmoid": 0.25, "silu": 1.1, "gelu": 1.13, "erf": 2 / np.pi**0.5,
}  # fmt: skip

tangent = jax.jit(generated.projected)
attention = jax.jit(generated.attention)
slope = jax.jit(generated.energy_slope)
second_order = jax.jit(generated.layer_norm_expansion)
density = jax.jit(generated.decay_density)
relu_kernel = jax.jit(generated.relu_kernel)


def drift_is_tangent(X: Tokens, Q: Matrix, V: Matrix) -> None:
    """x . (I - x x^T) Attn(x) = 0: the norm of a token does not move."""
    moved = np.asarray(tangent(X, attention(X, Q, np.eye(X.shape[1]), V)))
    radial = np.abs((X * moved).sum(axis=1)).max()
    require(radial <= 1e-9, f"a token leaves its sphere at speed {radial:.3g}")


def layer_norm_is_its_second_order(X: Tokens, G: Tokens, size: Real) -> None:
    """What is left of LN(x + w), w = size G, beyond second order is below |w|^2 / 8."""
    moved = X + size * G
    exact = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    error = np.linalg.norm(exact - np.asarray(second_order(X, G, size)), axis=1)
    excess = (error - (size * np.linalg.norm(G, axis=1)) ** 2 / 8).max()
    require(excess <= 1e-15, f"beyond second order is {excess:.3g} more than |w|^2 / 8")


@dataclass(frozen=True)
class Weights:
    """The law of one inner weight of the MLP, by nodes and probabilities; mean 0, variance 1."""

    name: str

    def mean(self, values: Float[np.ndarray, "k k"]) -> float:
        """The mean of values at pairs of nodes."""
        chances = self.table()[1]
        return float(chances @ values @ chances)

    def table(self) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
        """Nodes and probabilities; the Gaussian's are exact for polynomials of degree 9."""
        if self.name == "signs":
            return np.array([-1.0, 1.0]), np.array([0.5, 0.5])
        nodes, chances = np.polynomial.hermite_e.hermegauss(5)
        return nodes, chances / chances.sum()


def kernel_sees_only_the_angle(law: Weights, angle: Real, turn: Real, bend: Real) -> None:
    """E phi(w.x) phi(w.y) does not change when both tokens turn; phi(z) = z + bend z^2."""

    def kernel(shift: Real) -> float:
        nodes = law.table()[0]

        def feature(at: Real) -> Float[np.ndarray, "k k"]:
            z = nodes[:, None] * np.cos(at) + nodes[None, :] * np.sin(at)
            return z + bend * z**2

        return law.mean(feature(shift) * feature(shift + angle))

    off = abs(kernel(turn) - kernel(0.0))
    require(off <= 1e-9, f"turning both tokens moves the kernel by {off:.3g}")


def attention_is_lipschitz(X: Tokens, move: Tokens, Q: Matrix, V: Matrix) -> None:
    """Tokens that move by at most s move their attention by at most |V| (1 + 3 |Q|) s.

    With the tokens in the unit ball: 1 for the values, 2 |Q| for the keys, |Q| for the query.
    """
    eye = np.eye(X.shape[1])
    before, after = (np.asarray(attention(Z, Q, eye, V)) for Z in (X, X + move))
    constant = np.linalg.norm(V, 2) * (1 + 3 * np.linalg.norm(Q, 2))
    moved = np.linalg.norm(after - before, axis=1).max()
    allowed = constant * np.linalg.norm(move, axis=1).max()
    require(moved <= allowed + 1e-9, f"attention moves by {moved:.3g}, allowed {allowed:.3g}")


@dataclass(frozen=True)
class Power:
    """x^exponent: not Lipschitz on the line beyond exponent 1."""

    exponent: int

    def __call__(self, x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """Its values."""
        return x**self.exponent


def activation_is_lipschitz(phi: vs.Library | vs.Piecewise | Power, x: Real, y: Real) -> None:
    """|phi(x) - phi(y)| <= L |x - y|; a function without a known L is tried with 2."""
    known = STEEPEST[phi.name] if isinstance(phi, vs.Library) else 2.0
    L = phi.lipschitz if isinstance(phi, vs.Piecewise) else known
    values = phi(np.array([float(x), float(y)]))
    moved, allowed = abs(values[0] - values[1]), L * abs(x - y)
    require(moved <= allowed + 1e-9 * (1 + abs(values).max()), f"{moved:.3g} > {allowed:.3g}")


def pair_is_drawn_together(
    activation: str, d: int, excess: Real, share: Real, u: Real, beta: Real
) -> None:
    """F(u) > 0 for u < 1: noise alone lowers the energy of every pair of tokens.

    ReLU: sigma_u^2 + 2 sigma_w^2 exceeds the threshold 2 / (d (d - 3)) by that factor, of which
    ``share`` is the inner bias. Others are taken without biases.
    """
    bias = excess * 2 / (d * (d - 3)) if activation == "relu" else 0.0
    sigma_u, sigma_w = np.sqrt(share * bias), np.sqrt((1 - share) * bias / 2)
    if activation == "relu":
        at_u, at_one = (float(relu_kernel(x, d, sigma_u, sigma_w)) for x in (u, 1.0))
    else:
        kernel = fast_kernel(activation, d=d, sigma_u=0.0, sigma_w=0.0)
        at_u, at_one = (float(kernel(jax.numpy.asarray(float(x)))) for x in (u, 1.0))
    found = float(density(u, at_u, at_one, beta, d))
    require(found > 1e-9, f"the energy of a pair with <x, y> = {u:.6g} decays at rate {found:.3g}")


def attention_lowers_the_energy(X: Tokens, beta: Real, values: Real) -> None:
    """Along attention alone dE_beta/dt <= 0 for Q^T K = beta I and V = I (epsilon = 0)."""
    d = X.shape[1]
    A = np.asarray(attention(X, beta * np.eye(d), np.eye(d), values * np.eye(d)))
    rate = float(slope(X, A, X @ X.T, np.zeros((len(X), len(X))), 0.0, beta))
    require(rate <= 1e-9 * np.exp(beta), f"attention raises the energy at rate {rate:.3g}")


INSIDE = ("ball", "collinear", "clustered", "repeated")
SPHERE = ("sphere", "antipodal", "repeated")
matrices = vs.weights(2, 2, scales=(1.0, 2.0))
probes = (
    Probe(
        "tokens-on-the-sphere",
        "The drift of a unit token is tangent to the sphere: tokens stay unit vectors.",
        {"X": vs.tokens(kinds=SPHERE), "Q": matrices, "V": matrices},
        drift_is_tangent,
        outside=(
            Outside(
                r"Inside the ball $I - x x^\top$ is no projection: the norm drifts.",
                {"X": vs.tokens(kinds=("ball",))},
            ),
        ),
    ),
    Probe(
        "fresh-gaussian-weights",
        "The noise kernel depends on the angle between two tokens only.",
        {
            "law": st.just(Weights("gaussian")),
            "angle": vs.numbers(0, 3), "turn": vs.numbers(0, 3), "bend": vs.numbers(-1, 1),
        },
        kernel_sees_only_the_angle,
        outside=(Outside("Random signs prefer the axes.", {"law": st.just(Weights("signs"))}),),
    ),
    Probe(
        "fixed-attention",
        "On the unit ball attention is Lipschitz in all tokens, with |V| (1 + 3 |Q|).",
        {"X": vs.tokens(radius=0.5, kinds=INSIDE), "move": vs.tokens(radius=0.5, kinds=INSIDE),
         "Q": matrices, "V": matrices},
        attention_is_lipschitz,
        outside=(
            Outside(
                "Self-attention is not globally Lipschitz: far tokens break every constant.",
                {"X": vs.tokens(radius=100, kinds=("collinear",))},
            ),
        ),
    ),
    Probe(
        "small-remainders",
        "For branches below $1/64$ LayerNorm is its second order up to $|w|^2 / 8$.",
        {"X": vs.tokens(kinds=SPHERE), "G": vs.tokens(radius=1.0, kinds=INSIDE),
         "size": vs.numbers(2.0**-12, 2.0**-6)},
        layer_norm_is_its_second_order,
        outside=(
            Outside("Branches of order one: no order is negligible.", {"size": vs.numbers(2, 8)}),
        ),
    ),
    Probe(
        "lipschitz-activation",
        "The activation is Lipschitz with its constant (that it is no polynomial: not probed).",
        {"phi": vs.activations(), "x": vs.numbers(-50, 50), "y": vs.numbers(-50, 50)},
        activation_is_lipschitz,
        outside=(
            Outside("Powers are not Lipschitz.", {"phi": st.builds(Power, st.integers(2, 3))}),
        ),
    ),
    Probe(
        "coercivity",
        r"With $\sigma_u^2 + 2 \sigma_w^2$ above $2 / (d (d - 3))$, $d > 3$, the ReLU's noise "
        "lowers the energy of every pair: $F > 0$.",
        {
            "activation": st.just("relu"), "d": st.integers(4, 8),
            "excess": vs.numbers(1.125, 8), "share": vs.numbers(0, 1),
            "u": vs.numbers(-1, 1 - 2.0**-12), "beta": vs.numbers(0.25, 4),
        },
        pair_is_drawn_together,
        outside=(
            Outside(
                r"Below the threshold $\bar\lambda > 0$: the mean energy of close tokens grows.",
                {"excess": vs.numbers(0, 0.875), "u": st.just(1 - 2.0**-12)},
            ),
            Outside(
                "An odd activation without biases keeps antipodes antipodal: $F(-1) = 0$.",
                {"activation": st.just("tanh"), "u": st.just(-1.0)},
            ),
        ),
    ),
    Probe(
        "forcing",
        r"Along attention with $Q^\top K = \beta I$, $V = I$ the energy does not grow.",
        {"X": vs.tokens(kinds=SPHERE), "beta": vs.numbers(0.25, 4), "values": st.just(1.0)},
        attention_lowers_the_energy,
        outside=(
            Outside("Repulsive values, $V = -I$, drive tokens apart.", {"values": st.just(-1.0)}),
        ),
    ),
)  # fmt: skip
