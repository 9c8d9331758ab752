"""What the claims read of an experiment's columns; options are planted errors.

Each function takes a size and a table and gives one number a seed.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from numerics.engine.measuring import Size, Table
from numerics.engine.quick import quick_jit
from numerics.generated.shallow_transformer_gd import (
    approximation_bound,
    certificate,
    training_bound,
)
from numerics.shallow_transformer_gd.extremes import head_bounds
from numerics.shallow_transformer_gd.fresh_heads import WIDTHS
from numerics.shallow_transformer_gd.trained_heads import BOUNDED_STEPS, STEPS, floors

CLOSE = 0.25  # a radius that descent without projection leaves


# Constants of a head
def gradient_bound(B: float) -> float:
    """sigma1 max(1, B)."""
    return float(head_bounds(B)[0])


def curvature_bound(B: float) -> float:
    """The derived L2; not attained."""
    return float(head_bounds(B)[1])


# The linearisation error
def linearisation(size: Size, table: Table, of_c: float = 0.0) -> np.ndarray:
    """sup over the samples of |f - f_lin|; with ``of_c`` 1 c is left out of the linearisation."""
    left = table["left/{m}".format_map(size)] + of_c * table["of_c/{m}".format_map(size)]
    return np.abs(left).max(1)


def below_bound(size: Size, table: Table, averaged: bool = False) -> np.ndarray:
    """The derived bound (over m when ``averaged``) minus the error."""
    share = table["bound/{m}".format_map(size)] / (size["m"] if averaged else 1)
    return share - linearisation(size, table)


# The approximation error
def approximation(size: Size, table: Table, what: str = "largest", m: int = 64) -> np.ndarray:
    """Largest or mean square error of m heads over n samples."""
    return table[f"{what}/{size['n']}"][:, WIDTHS.index(size.get("m", m))]


def sup_square(size: Size, table: Table) -> np.ndarray:
    """m eps_app^2 over twice its Gaussian slope 2 v, v = m times the largest variance, m = 64."""
    return 64 * approximation(size, table) ** 2 / (4 * table["variance"])


def bound_over_error(size: Size, table: Table, m: int = 64) -> np.ndarray:
    """The bound of the approximation error at probability 0.99 over that error, m heads."""
    # b = sigma0 nu_c + sigma1 (nu_u + nu_w) with radii of three, see `response_pool`.
    bound = float(approximation_bound(float(size["n"]), float(m), 0.01, 9.0))
    return bound / approximation(size, table, m=m)


def needed_width(size: Size, table: Table) -> np.ndarray:
    """The width at which a seed's error, made monotone in m, reaches half a unit."""
    errors = np.stack([approximation(size, table, m=m) for m in WIDTHS], axis=1)
    errors = errors / np.sqrt(table["variance"])[:, None]
    falling = np.log(np.maximum.accumulate(errors[:, ::-1], axis=1))
    rising = np.log(WIDTHS[::-1])
    return np.exp([np.interp(np.log(0.5), e, rising) for e in falling])


# Training loss against the number of heads
def excess(size: Size, table: Table, floor: float = 1.0, of_c: float = 1.0) -> np.ndarray:
    """Distance of the smallest loss of a run from that of infinitely many heads.

    Over the mean square of the labels; the root mean square over the networks of a seed.
    ``of_c`` weighs the kernel of c, ``floor`` what is taken off.
    """
    K = np.einsum("p,spij->sij", [of_c, 1.0, 1.0], table["kernels"])
    least = np.asarray(floors(K, table["labels"], int(table["steps"][0])))
    left = table["smallest/{m}".format_map(size)] - floor * least[:, None]
    return np.sqrt(np.mean(left**2, axis=1))


def above_floor(
    size: Size, table: Table, floor: str = "floor", share: float = 1.0, power: float = 0.0
) -> np.ndarray:
    """The same with a floor that the table holds, of which a share is taken off; times n^power."""
    left = table["smallest/{m}".format_map(size)] - share * table[floor][:, None]
    return size["n"] ** power * np.sqrt(np.mean(left**2, axis=1))


def room_left(size: Size, table: Table) -> np.ndarray:
    """CLOSE minus sqrt(m) times the longest way of a block."""
    return CLOSE - table["moved/{m}".format_map(size)]


# Long inputs
def relative_loss(size: Size, table: Table) -> np.ndarray:
    """The smallest loss of a run over the loss at its start."""
    return table["smallest/{T}".format_map(size)] / table["first/{T}".format_map(size)]


def kick(size: Size, table: Table, head: str = "recurrent", power: int = 0) -> np.ndarray:
    """Relative deviation of a gradient from w^(T-2) tanh |u|, times a power of w."""
    formula = table["formula/{T}".format_map(size)] * table["w"] ** power
    return np.abs(table[f"{head}/{size['T']}"] / formula - 1)


def contrast(
    size: Size, table: Table, head: str = "attention", per_token: bool = False
) -> np.ndarray:
    """Slack of sigma1 max(1, B) on the inputs that make the recurrent gradient grow."""
    bound = table["bound/{T}".format_map(size)]
    return bound / (size["T"] if per_token else 1) - np.abs(table[f"{head}/{size['T']}"])


def softmax_gradient(size: Size, table: Table, trained: tuple[int, ...] = (0, 1)) -> np.ndarray:
    """Relative deviation of the softmax head's gradient from that of the head written out.

    ``trained``: U and W, or one of them.
    """
    w, norm = jnp.asarray(table["w"]), jnp.asarray(table["norm"])
    plain = np.asarray(_plain_gradient(w, norm, length=size["T"], trained=trained))
    return np.abs(table[f"attention/{size['T']}"] / plain - 1)


@partial(quick_jit, static_argnames=("length", "trained"), level=0)
def _plain_gradient(w: Array, norm: Array, *, length: int, trained: tuple[int, ...]) -> Array:
    axis = jnp.array([1.0, 0.0])

    def one(w: Array, norm: Array) -> Array:
        first = jnp.stack([jnp.ones(()), -w * jnp.tanh(norm) / norm])
        X = jnp.zeros((length, 2)).at[:2, 0].set(first)

        def head(U: Array, W: Array) -> Array:
            return jnp.tanh(U @ (jax.nn.softmax(X @ W @ axis) @ X))

        slopes = jax.grad(head, trained)(norm * axis, w * jnp.eye(2))
        return jnp.linalg.norm(jnp.concatenate([slope.ravel() for slope in slopes]))

    return jax.vmap(one)(w, norm)


# Bounds of a run
def bound_room(_: Size, table: Table, distance: float = 1.0, defect: float = 1.0) -> np.ndarray:
    """The certificate minus the mean loss, relative to it: the smaller at two points."""
    terms = distance * table["distance2"], defect * table["defect2"]
    bound = _certificates(*map(jnp.asarray, terms), jnp.asarray(table["step"]))
    return (np.asarray(bound) / table["mean_loss"] - 1).min(axis=1)


def certificate_room(
    size: Size, table: Table, distance: float = 1.0, defect: float = 1.0
) -> np.ndarray:
    """The same, or the premise, whichever is smaller."""
    return np.minimum(bound_room(size, table, distance, defect), premise(table))


def premise(table: Table) -> np.ndarray:
    """1 - 4 eta Gamma^2, with the largest Gamma^2 of both runs."""
    return (1 - 4 * table["step"][:, None] * table["selfbound"]).min(axis=1)


def room_within(
    size: Size, table: Table, distance: float = 1.0, defect: float = 1.0, asked: bool = True
) -> np.ndarray:
    """Room of the bound; one where a run breaks the premise, of which the theorem is silent.

    Unless the premise is not ``asked`` for.
    """
    silent = asked & (premise(table) < 0)
    return np.where(silent, 1.0, bound_room(size, table, distance, defect))


def over_loss(
    _: Size, table: Table, loss: str = "mean_loss", times: float = 1.0, defect: float = 1.0
) -> np.ndarray:
    """How far Theorem 1's right side, times a number, is above a loss, relative to it."""
    names = ("radius2", "residual", "slope")
    bound = _bounds(*(table[name] for name in names), defect * table["defect"])
    return times * np.asarray(bound) / table[loss] - 1


_certificates = quick_jit(
    jax.vmap(
        lambda distance2, defect2, step: jax.vmap(lambda a, b: certificate(a, step, STEPS, b))(
            distance2, defect2
        )
    ),
    level=0,
)
_bounds = quick_jit(
    jax.vmap(lambda r, s, g, e: training_bound(r, s, g, float(BOUNDED_STEPS), e)), level=0
)
