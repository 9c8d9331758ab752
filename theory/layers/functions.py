"""Functions of arrays: units, softmax, normalisations, sums, gradients."""

import sympy as sp

from theory.algebra.given import exact
from theory.layers.arrays import Array, LayerError, Operand, as_array, broadcast
from theory.layers.leaves import Leaf

x = sp.Dummy("x", real=True)  # a dummy: no name of a layer can be captured
_normal_cdf = (1 + sp.erf(x / sp.sqrt(2))) / 2
_sigmoid = 1 / (1 + sp.exp(-x))

# Each unit by its formula in x; the one place where it is defined.
UNITS: dict[str, sp.Expr] = {
    "relu": sp.Max(x, 0),
    "gelu": x * _normal_cdf,
    "silu": x * _sigmoid,
    "sigmoid": _sigmoid,
    "softplus": sp.log(1 + sp.exp(x)),
    "tanh": sp.tanh(x),
    "erf": sp.erf(x),
    "exp": sp.exp(x),
    "sin": sp.sin(x),
    "cos": sp.cos(x),
    "sign": sp.sign(x),
    "absolute": sp.Abs(x),
    "reciprocal": 1 / x,
}


def _unit(name: str, array: Operand) -> Array:
    array = as_array(array)
    if array.op == "number":
        return as_array(UNITS[name].subs(x, array.data))
    return Array("function", (array,), array.shape, name)


def relu(array: Operand) -> Array:
    """max(x, 0)."""
    return _unit("relu", array)


def gelu(array: Operand) -> Array:
    """x times the normal distribution function of x."""
    return _unit("gelu", array)


def silu(array: Operand) -> Array:
    """x / (1 + exp(-x))."""
    return _unit("silu", array)


def sigmoid(array: Operand) -> Array:
    """1 / (1 + exp(-x))."""
    return _unit("sigmoid", array)


def softplus(array: Operand) -> Array:
    """log(1 + exp(x))."""
    return _unit("softplus", array)


def tanh(array: Operand) -> Array:
    """Hyperbolic tangent."""
    return _unit("tanh", array)


def erf(array: Operand) -> Array:
    """Error function."""
    return _unit("erf", array)


def exp(array: Operand) -> Array:
    """Exponential."""
    return _unit("exp", array)


def sin(array: Operand) -> Array:
    """Sine."""
    return _unit("sin", array)


def cos(array: Operand) -> Array:
    """Cosine."""
    return _unit("cos", array)


def sign(array: Operand) -> Array:
    """The sign, zero at zero."""
    return _unit("sign", array)


def absolute(array: Operand) -> Array:
    """The absolute value."""
    return _unit("absolute", array)


def _array(what: str, array: object) -> Array:
    if isinstance(array, Array):
        return array
    raise LayerError(
        f'{what}: expected an array of a layer, such as vl.state("x", n); received {array!r}'
    )


def softmax(array: Array, weights: Array | None = None) -> Array:
    """Softmax along the last axis: ``weights * exp(x)``, divided by its sum.

    ``weights`` (default 1 / size) is a fixed array whose rows sum to one, such as a causal mean, of
    the logits' shape or broadcast to it, its rows as long. Raises LayerError for other weights:
    expansions about zero logits begin at them.
    """
    if _array("softmax", array).ndim < 1:
        raise LayerError(f"softmax needs an axis; {array} has none")
    leaf = weights.data if weights is not None and weights.op == "leaf" else None
    if weights is not None and not (isinstance(leaf, Leaf) and leaf.rows):
        raise LayerError(
            f"softmax: expected weights as vl.fixed(name, m, m, rows_sum_to_one=True), received "
            f"{weights}; divide the rows of a mask by their sums"
        )
    if weights is not None:
        whole = broadcast(array.shape, weights.shape, what=f"softmax({array}, {weights})")
        if whole != array.shape or weights.shape[-1] != array.shape[-1]:
            raise LayerError(
                f"softmax: expected weights of the logits' shape {array.shape}, or broadcast to it "
                f"with rows as long; received {weights} of shape {weights.shape}. Give the logits "
                f"the full shape, such as logits + 0 * {weights}, or give weights of theirs"
            )
    return Array("softmax", (array,) if weights is None else (array, weights), array.shape)


def unit(array: Array) -> Array:
    """Divided by its Euclidean norm along the last axis."""
    return Array("normal", (_array("unit", array),), array.shape, "unit")


def rms_norm(array: Array) -> Array:
    """Divided by the root of the mean of its squares along the last axis."""
    return Array("normal", (_array("rms_norm", array),), array.shape, "rms_norm")


def layer_norm(array: Array) -> Array:
    """Centred along the last axis, then ``rms_norm``."""
    return Array("normal", (array - mean(array, -1, keepdims=True),), array.shape, "layer_norm")


def sum(array: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """The sum along an axis, or of all entries."""
    if axis is None:
        for _ in range(_array("sum", array).ndim):
            array = sum(array, 0)
        return array
    if not -_array("sum", array).ndim <= axis < array.ndim:
        raise LayerError(f"{array} of shape {array.shape} has no axis {axis}")
    axis %= array.ndim
    kept = (sp.S.One,) if keepdims else ()
    shape = (*array.shape[:axis], *kept, *array.shape[axis + 1 :])
    return Array("sum", (array,), shape, (axis, keepdims))


def mean(array: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """The mean along an axis, or of all entries."""
    shape = _array("mean", array).shape
    count = sp.Mul(*shape) if axis is None else shape[axis]
    return sum(array, axis, keepdims) / count


sums, means = sum, mean


def outer(*vectors: Array) -> Array:
    """The outer product of vectors: entry (i, j, ..) is the product of entries i, j, .."""
    for v in vectors:
        if _array("outer", v).ndim != 1:
            raise LayerError(f"outer takes vectors; {v} has shape {v.shape}")
    return Array("outer", vectors, tuple(s for v in vectors for s in v.shape))


def heads(array: Array, count: sp.Expr) -> Array:
    """One copy for each of ``count`` heads, as a new first axis."""
    return Array("heads", (_array("heads", array),), (exact(count, "heads"), *array.shape))


def gradient(loss: Array, variable: Array) -> Array:
    """The gradient of a number in a state."""
    if _array("gradient", loss).shape != ():
        raise LayerError(f"the gradient is that of a number; {loss} has shape {loss.shape}")
    if not (isinstance(_array("gradient", variable).data, Leaf) and variable.op == "leaf"):
        raise LayerError(f"the gradient is taken in a state; received {variable}")
    return Array("gradient", (loss, variable), variable.shape)


def gradient_flow(loss: Array, variable: Array, step: Operand) -> Array:
    """One step of gradient descent, ``variable - step * gradient(loss, variable)``."""
    return _array("gradient_flow", variable) - as_array(step) * gradient(loss, variable)
