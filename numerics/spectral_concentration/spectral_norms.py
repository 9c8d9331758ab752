"""Largest singular values of the matrices in an array: estimated by power iteration, or exact.

Which axes are rows, which columns and which count matrices is said by one letter an axis, ``r``,
``c`` and ``s``; ``*`` stands for any number of axes ``s``. ``"*rc"`` is a stack of matrices in the
last two axes, ``"rsc"`` one matrix for each entry of the axis in the middle, ``"sc"`` a stack of
vectors, whose sigma_1 is their norm.
"""

from string import ascii_letters
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from numerics.engine.leaves import real, wide

STACK = "*rc"
Norms = Inexact[Array, "..."]  # one number a matrix
FRESH = 0.1  # how much of a generic vector is mixed into a warm start


def letters_of(shape: tuple[int, ...], axes: str = STACK) -> str:
    """One letter for each axis; a vector or number is one under ``STACK``.

    Raises ValueError for axes that do not fit the shape, or that have rows and no columns.
    """
    if axes == STACK and len(shape) < 2:
        return "c" * len(shape)
    found = axes.replace("*", "s" * (len(shape) - len(axes) + 1), 1)
    if len(found) != len(shape) or set(found) - set("src") or ("r" in found and "c" not in found):
        raise ValueError(
            f"expected a letter for each axis of a parameter of shape {shape}: r for rows, c for "
            f"columns, s for axes that count matrices (* for any number of these), received "
            f"{axes!r}; (embed, heads, head_dim) is 'rsc' with a matrix a head, 'rcc' as a whole"
        )
    return found


def spectral_norms(
    matrix: Inexact[Array, "..."], start: Inexact[Array, "..."], rounds: Any, axes: str = STACK
) -> tuple[Norms, Inexact[Array, "..."]]:
    """Estimates of sigma_1 from below by power iteration, and the vectors reached.

    ``start`` has the axes s and c. Each round is v <- W^* W v / norm; a vector in the null space,
    or one that ends in NaN, is kept as it was. Nothing of the size of W is formed.
    """
    letters = letters_of(matrix.shape, axes)
    if "r" not in letters:
        return length(matrix, _places(letters, "c")), start
    names = ascii_letters[: matrix.ndim]
    left, right = (
        "".join(n for n, letter in zip(names, letters, strict=True) if letter in kept)
        for kept in ("sr", "sc")
    )
    rows, columns = _places(letters.replace("c", ""), "r"), _places(letters.replace("r", ""), "c")

    def image(vector: Array) -> Array:
        return jnp.einsum(f"{names},{right}->{left}", matrix, vector)

    def turn(_: Any, vector: Array) -> Array:
        # The image has norm one when it is pulled back: squares would overflow or vanish.
        reached = _unit(image(vector), rows, 0)
        # The vector is conjugated and not the matrix, which would be copied.
        pulled = jnp.einsum(f"{names},{left}->{right}", matrix, reached.conj()).conj()
        return _unit(pulled, columns, vector)

    vector = jax.lax.fori_loop(0, rounds, turn, start)
    return length(image(vector), rows), vector


def warm_norms(
    matrix: Inexact[Array, "..."], start: Inexact[Array, "..."], rounds: Any, axes: str = STACK
) -> tuple[Norms, Inexact[Array, "..."]]:
    """`spectral_norms` for a matrix that may be quite another one than that of the start.

    Power iteration never leaves the space of its start, and a later matrix may have all of its norm
    outside: a part of a generic vector in the start sees it.
    """
    letters = letters_of(matrix.shape, axes)
    if "r" not in letters:
        return spectral_norms(matrix, start, rounds, axes)
    columns = _places(letters.replace("r", ""), "c")
    mixed = _unit(start + FRESH * starts(matrix, letters), columns, start)
    return spectral_norms(matrix, mixed, rounds, axes)


def exact_norms(
    matrix: Inexact[Array, "..."], start: Inexact[Array, "..."], axes: str = STACK
) -> tuple[Norms, Inexact[Array, "..."]]:
    """Largest singular values; the vectors stay as they were."""
    letters = letters_of(matrix.shape, axes)
    if "r" not in letters:
        return length(matrix, _places(letters, "c")), start
    if matrix.size == 0:
        return jnp.zeros(stack_of(matrix, letters), real(matrix)), start
    order = [k for letter in "src" for k in _places(letters, letter)]
    rows = int(np.prod([matrix.shape[k] for k in _places(letters, "r")]))
    stacked = matrix.transpose(order).reshape(*stack_of(matrix, letters), rows, -1)
    return jnp.linalg.norm(stacked, ord=2, axis=(-2, -1)), start


def frobenius_norms(
    matrix: Inexact[Array, "..."], start: Inexact[Array, "..."], axes: str = STACK
) -> tuple[Norms, Inexact[Array, "..."]]:
    """Frobenius norms, in the same form."""
    return length(matrix, _places(letters_of(matrix.shape, axes), "rc")), start


def length(vectors: Inexact[Array, "..."], axes: tuple[int, ...] = (-1,)) -> Norms:
    """Norms along axes, whose squares do not overflow and whose gradient at zero is zero."""
    largest = jnp.max(jnp.abs(vectors), axis=axes, initial=0, keepdims=True)
    scale = jax.lax.stop_gradient(jnp.where(largest > 0, largest, 1))
    squares = jnp.sum(jnp.real(vectors / scale * (vectors / scale).conj()), axis=axes)
    zero = squares == 0
    root = jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, squares)))
    return root * jnp.squeeze(scale, axes)


def stack_of(weight: Array, letters: str) -> tuple[int, ...]:
    """The lengths of the axes that count matrices."""
    return tuple(weight.shape[k] for k in _places(letters, "s"))


def spread(norms: Norms, letters: str) -> Array:
    """One number a matrix, to be multiplied with the array of the matrices."""
    lengths = iter(norms.shape)
    return norms.reshape([next(lengths) if letter == "s" else 1 for letter in letters])


def is_zero(weight: Array, letters: str) -> Array:
    """Which matrices are zero."""
    return jnp.all(weight == 0, axis=_places(letters, "rc"))


def starts(weight: Array, letters: str) -> Inexact[Array, "..."]:
    """A fixed start that is generic, the same for all matrices; vectors need none."""
    return jnp.asarray(start_of(weight.shape, letters), wide(weight))


def start_of(shape: tuple[int, ...], letters: str) -> Float[np.ndarray, "..."]:
    """The same in NumPy's doubles, for parameters of any framework."""
    if "r" not in letters:
        return np.zeros(())
    kept = [k for k, letter in enumerate(letters) if letter != "r"]
    alone = [shape[k] if letters[k] == "c" else 1 for k in kept]
    vector = np.random.default_rng(0).standard_normal(alone)
    return np.broadcast_to(vector / np.linalg.norm(vector), [shape[k] for k in kept])


def _unit(vectors: Array, axes: tuple[int, ...], otherwise: Any) -> Array:
    """Of norm one; ``otherwise`` where that is impossible."""
    size = jnp.expand_dims(length(vectors, axes), axes)
    good = (size > 0) & jnp.isfinite(size)
    return jnp.where(good, vectors / jnp.where(good, size, 1), otherwise)


def _places(letters: str, wanted: str) -> tuple[int, ...]:
    return tuple(k for k, letter in enumerate(letters) if letter in wanted)
