"""What optimisers must know of their arguments and of the leaves of a tree of parameters."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer
from jaxtyping import Array, PyTree


def allowed(value: Any, rule: Callable[[Any], Any]) -> bool:
    """Whether a number obeys the rule; a traced one is not known before it runs."""
    if isinstance(value, Tracer):
        return True
    # as NumPy: what JAX compares while a function is traced is traced, be the number known or not
    return isinstance(value, int | float | np.generic | np.ndarray | jax.Array) and bool(
        np.all(rule(np.asarray(value)))
    )


def is_decay(value: Any) -> bool:
    """Whether a number may be a rate of an exponential average: in [0, 1), or traced."""
    return allowed(value, lambda b: (b >= 0) & (b < 1))


def wide(leaf: Array) -> Any:
    """The type of moments and norms of a parameter: float32 at least, since squares of 16 bits end.

    Raises ValueError for a parameter whose entries are no floating-point numbers.
    """
    if not jnp.issubdtype(leaf.dtype, jnp.inexact):
        raise ValueError(
            f"expected parameters of floating-point numbers, received {leaf.dtype} of shape "
            f"{leaf.shape}; leave it out with optax.masked or optax.partition"
        )
    return jnp.promote_types(leaf.dtype, jnp.float32)


def real(leaf: Array) -> Any:
    """The type of the sizes of its entries."""
    return jnp.finfo(wide(leaf)).dtype


def cast(tree: PyTree, like: PyTree) -> PyTree:
    """Every leaf in the type of that of the other tree."""
    return jax.tree.map(lambda x, y: x.astype(y.dtype), tree, like)


def at(value: Any, count: Array) -> Any:
    """A number, or a schedule's after so many steps."""
    return value(count) if callable(value) else value


def checked(value: Any, rule: Callable[[Any], Any], expected: str) -> Any:
    """A number that obeys the rule, else ValueError; a traced one that does not becomes NaN.

    For what a schedule gives at a step: it is seen there first, and a compiled step cannot raise.
    """
    if not allowed(value, rule):
        raise ValueError(f"expected {expected}, received {value}; mend the schedule")
    return jnp.where(rule(value), value, jnp.nan) if isinstance(value, Tracer) else value


def marks(chosen: Any, params: PyTree) -> PyTree:
    """A mask as a tree like the parameters, with an entry a leaf.

    ``chosen`` is such a tree, a prefix of one, or a function from parameters to one. It may be the
    tree of all parameters where a wrapper (`optax.masked`, None) has taken some out. Raises
    ValueError for a tree that does not fit.
    """
    tree = chosen(params) if callable(chosen) else chosen
    for spread in (_along_a_prefix, _past_what_is_out):
        try:
            return spread(tree, params)
        except ValueError:  # JAX compares the structures
            continue
    raise ValueError(
        f"expected a mask with the structure of the parameters, {jax.tree.structure(params)}, or a "
        f"prefix of it; received {jax.tree.structure(tree)}"
    )


def _along_a_prefix(tree: PyTree, params: PyTree) -> PyTree:
    return jax.tree.map(lambda m, part: jax.tree.map(lambda _: m, part), tree, params)


def _past_what_is_out(tree: PyTree, params: PyTree) -> PyTree:
    def entry(leaf: Any, mark: Any) -> Any:
        return leaf if _is_out(leaf) else _along_a_prefix(mark, leaf)

    return jax.tree.map(entry, params, tree, is_leaf=_is_out)


def _is_out(leaf: Any) -> bool:
    return leaf is None or isinstance(leaf, optax.MaskedNode)
