"""Claims about why one shapes: attention does not collapse, and the shaped ReLU is near linear."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from checks.shaped_attention_sde.statements import experiment, state
from checks.verdicts import IdentityClaim, InequalityClaim, With, dtype_tolerance
from numerics.engine.measuring import Size, Table
from numerics.generated.shaped_attention_sde import mlp_drift
from numerics.shaped_attention_sde import measurements as found


def collapse_gap(
    _: Size, table: Table, passed_off: str = "shaped", decades: float = 3
) -> np.ndarray:
    """Decades by which 1 - rho of shaped attention exceeds that of plain, less those claimed."""
    return table[passed_off] - table["plain"] - decades


def nu(rho: np.ndarray, c_plus: np.ndarray, c_minus: np.ndarray) -> np.ndarray:
    """What the MLP adds to the correlation, derived."""
    return np.asarray(_nu(rho, c_plus, c_minus))


def nu_slope(rho: np.ndarray, c_plus: np.ndarray, c_minus: np.ndarray) -> np.ndarray:
    """Its derivative in rho, one-sided at the ends."""
    return np.asarray(_nu_slope(rho, c_plus, c_minus))


def _of_pair(rho: jax.Array, c_plus: jax.Array, c_minus: jax.Array) -> jax.Array:
    return mlp_drift(jnp.array([[1.0, rho], [rho, 1.0]]), c_plus, c_minus, 1.0)[0, 1]


_nu, _nu_slope = (jax.jit(jax.vmap(f)) for f in (_of_pair, jax.grad(_of_pair)))


def nu_with_plus(rho: np.ndarray, c_plus: np.ndarray, c_minus: np.ndarray) -> np.ndarray:
    """Plus rho arccos(rho) for minus."""
    return nu(rho, c_plus, c_minus) + rho * np.arccos(rho) * (c_plus - c_minus) ** 2 / np.pi


def half_of_nu(*at: np.ndarray) -> np.ndarray:
    """Half of it."""
    return nu(*at) / 2


def clipped_slope(rho: np.ndarray, *slopes: np.ndarray) -> np.ndarray:
    """No derivative at the ends, as a correlation that is clipped has none."""
    return np.where(np.abs(rho) < 1, nu_slope(rho, *slopes), 0.0)


def relu_residual(
    size: Size,
    table: Table,
    nu: Callable[..., np.ndarray] = nu,
    slope: Callable[..., np.ndarray] = nu_slope,
) -> np.ndarray:
    """E[sigma sigma] against rho + c nu(rho) / n, with c E[sigma^2] = 1; and the derivatives."""
    rho, c = table["rho"], table["c"]
    at = rho, table["c_plus"], table["c_minus"]
    values = table["moment"] - (rho / c + nu(*at) / size["n"])
    slopes = table["slope"] - (1 / c + slope(*at) / size["n"])
    return np.maximum(np.abs(values), np.abs(slopes))


shaping_claims = (
    state(
        InequalityClaim, "rank-collapse",
        r"at depth and width 32, plain softmax attention has collapsed: $1 - \rho$ is at least "
        "three decades smaller than with shaped attention",
        experiment("rank-collapse", found.distances).column(collapse_gap),
        {
            "not-shaped": ("plain attention passed off as shaped", With(passed_off="plain")),
            "twelve-decades": ("a gap of twelve decades claimed", With(decades=12)),
        },
        sizes={"n": [32]}, seeds={"smoke": 16, "standard": 64, "full": 256},
    ),
    state(
        IdentityClaim, "shaped-relu",
        r"$c E[\sigma_s(x) \sigma_s(y)] = \rho + c \nu(\rho)/n$ at every width, exactly, for "
        r"$-1 \leq \rho \leq 1$, and so for the derivatives in $\rho$",
        experiment("shaped-relu", found.relu_moments).column(relu_residual),
        {
            "sign": (r"plus $\rho \arccos(\rho)$, as printed in the notes", With(nu=nu_with_plus)),
            "half": (r"half of $\nu$", With(nu=half_of_nu)),
            "clipped": (r"no derivative at $\rho = -1$ and $1$", With(slope=clipped_slope)),
        },
        sizes={"n": [1, 4, 16, 64]}, tolerance=dtype_tolerance(np.float64, 4, 24),
        seeds={"smoke": 64, "standard": 256, "full": 1024},
    ),
)  # fmt: skip
