"""Claims about training on AR(L) data: its law, and runs against networks written out."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from checks.shallow_transformer_gd.kernels import head
from checks.shallow_transformer_gd.statements import ROUNDING, experiment, state
from checks.verdicts import IdentityClaim, MomentClaim
from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.shallow_transformer_gd import initialize
from numerics.shallow_transformer_gd.autoregressive import ALPHA, NOISE, lagged_runs, windows

LAG, SAMPLES, SEEN, SHORT = 3, 40, 32, 3  # samples, those whose gradient is looked at, and steps
WEIGHT = 1.2
CLOCK = np.arange(LAG + 1)[:, None] / 10.0 ** np.arange(4)  # angles of the positions


# The law of the windows
def products(_: Size, keys: Keys) -> Table:
    """Products of the values of a window and the one that follows, averaged over 64 windows."""

    return {"products": _products(jnp.asarray(keys))}


@partial(quick_jit, level=0)
@jax.vmap
def _products(key: Array) -> Array:
    x, y = windows(key, 64, LAG)
    whole = jnp.concatenate([x, y[:, None]], axis=1)
    return (whole.T @ whole / len(y))[jnp.triu_indices(LAG + 2)]


def stationary(lag: int = LAG, variance: float = NOISE / (1 - ALPHA**2)) -> np.ndarray:
    """Covariance of LAG + 2 successive values of a stationary AR(lag) sequence."""
    apart = np.abs(np.subtract.outer(*2 * [np.arange(LAG + 2)]))
    powers = np.where(apart % lag, 0.0, ALPHA ** (apart / lag))
    return variance * powers[np.triu_indices(LAG + 2)]


# Runs
def recurrent(p: Any, x: Array, still: Any) -> Array:
    """m^(-1/2) sum_i c_i h_i; ``still``: the last step alone depends on w in its derivative."""
    c, u, w = p
    h = jnp.zeros(len(c))
    for value in x:
        h = jnp.tanh(w * jnp.where(still, jax.lax.stop_gradient(h), h) + u * value)
    return c @ h / np.sqrt(len(c))


def attention(p: Any, x: Array, still: Any) -> Array:
    """m^(-1/2) sum_i of softmax heads; ``still``: the positions stand still."""
    clock = jnp.where(still, 0.0, CLOCK)
    X = jnp.concatenate([x[:, None], jnp.sin(clock), jnp.cos(clock)], axis=1)
    return jax.vmap(partial(head, X, jnp.tanh))(*p).sum() / np.sqrt(len(p[0]))


@partial(quick_jit, level=0, static_argnames="recurs")
def _written_out(keys: Array, still: Any, power: Any, *, recurs: bool) -> tuple[Array, Array]:
    """Largest gradient and least held-out loss; the step size is ``SHORT`` to minus ``power``."""

    def one(key: Array) -> tuple[Array, Array]:
        first, second, third = jax.random.split(key, 3)
        (x, y), held_out = windows(first, SAMPLES, LAG), windows(second, SAMPLES, LAG)
        start = initialize(third, heads=4, dim=1 if recurs else 9)
        f, p = attention, tuple(start)
        if recurs:
            f, p = recurrent, (start.c, start.U[:, 0], WEIGHT * jnp.sign(start.W[:, 0, 0]))

        def loss(p: Any, x: Array, y: Array, still: Any = False) -> Array:
            return ((jax.vmap(lambda row: f(p, row, still))(x) - y) ** 2).mean()

        gradients, losses = [], []
        for _ in range(SHORT):
            slopes = jax.vmap(lambda row, p=p: jax.grad(f)(p, row, still)[2])(x[:SEEN])
            gradients.append(jnp.sqrt((slopes**2).sum() / SEEN))
            losses.append(loss(p, *held_out))
            moved = jax.grad(loss)(p, x, y)
            p = tuple(a - g / SHORT**power for a, g in zip(p, moved, strict=True))
        return jnp.stack(gradients).max(), jnp.stack(losses).min()

    return jax.vmap(one)(keys)


def runs(_: Size, keys: Keys) -> Table:
    """Relative distances of short runs from the same runs written out, right or wrong."""
    table, rows = {}, jnp.asarray(keys)
    slips = {"right": (False, 0.5), "still": (True, 0.5), "step": (False, 1.0)}
    for recurs in (True, False):
        sizes = {"recurrent": recurs, "lag": LAG, "samples": SAMPLES, "heads": 4, "steps": SHORT}
        found = np.stack(lagged_runs(rows, WEIGHT, **sizes))
        for name, (still, power) in slips.items():
            given = np.stack(_written_out(rows, still, power, recurs=recurs))
            far = np.abs(found / given - 1).max(0)
            table[name] = np.maximum(table.get(name, 0.0), far)
    return table


short_runs = experiment("lagged-runs", runs)
lag_claims = (
    state(
        MomentClaim, "lagged-windows",
        "Windows of AR($L$) data and the values that follow are stationary: covariances are "
        r"$\alpha^k \sigma^2 / (1 - \alpha^2)$ between values that are $k L$ apart, and zero "
        "between others",
        experiment("lagged-windows", products)["products"],
        {
            "lag": ("values that return one step too early", {"expected": stationary(LAG - 1)}),
            "variance": ("the variance of the noise", {"expected": stationary(variance=NOISE)}),
        },
        expected=stationary(),
        seeds={"smoke": 512, "standard": 1024, "full": 4096},
    ),
    state(
        IdentityClaim, "lagged-runs",
        r"Runs on AR($L$) data are gradient descent at step $1/\sqrt{\tau}$: for a recurrent and "
        "for a softmax network three steps have the gradients and losses of networks written out",
        short_runs["right"],
        {
            "still": (
                "the state held fixed in the derivative, or no positions", short_runs["still"]
            ),
            "step": (r"step $1/\tau$", short_runs["step"]),
        },
        tolerance=ROUNDING, seeds={"smoke": 8, "standard": 16, "full": 64},
    ),
)  # fmt: skip
