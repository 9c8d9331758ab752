"""A layer at explicit sizes: the finite network, literally, for any kind of entries.

The route that shares nothing with the compiler: arrays are NumPy arrays, of floats or of objects
such as polynomials in the random entries.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
import sympy as sp

from theory.layers.arrays import Array
from theory.layers.functions import UNITS, x

Values = Mapping[str, Any]
Number = Callable[[sp.Expr], Any]


def explicit(node: Array, arrays: Values, number: Number) -> Any:
    """The value of an expression; ``number`` gives parameters and functions of sizes a value.

    Gradients are refused: they are taken symbolically.
    """
    return _once(node, arrays, number, {})


def _once(node: Array, arrays: Values, number: Number, known: dict[Array, Any]) -> Any:
    if node not in known:
        of = partial(_once, arrays=arrays, number=number, known=known)
        known[node] = _value(node, arrays, number, of)
    return known[node]


def _value(node: Array, arrays: Values, number: Number, of: Callable[[Array], Any]) -> Any:
    if node.op == "leaf":
        return np.asarray(arrays[node.data.name])
    if node.op == "number":
        return number(node.data)
    parts = [of(a) for a in node.args]
    first = parts[0]
    if node.op in ("add", "mul"):
        for other in parts[1:]:
            first = np.add(first, other) if node.op == "add" else np.multiply(first, other)
        return first
    if node.op == "matmul":
        return np.matmul(*parts) if node.ndim else np.dot(*parts)
    if node.op == "transpose":
        return np.swapaxes(first, -1, -2)
    if node.op == "power":
        return first**node.data
    if node.op == "sum":
        return np.sum(first, axis=node.data[0], keepdims=node.data[1])
    if node.op == "outer":
        for other in parts[1:]:
            first = np.multiply.outer(first, other)
        return first
    if node.op == "heads":
        return np.broadcast_to(first, (int(number(node.shape[0])), *first.shape))
    if node.op == "normal":
        square = np.sum(first**2, axis=-1, keepdims=True)
        return first / np.sqrt(square if node.data == "unit" else square / first.shape[-1])
    if node.op == "softmax":
        top = np.exp(first) * (parts[1] if len(parts) > 1 else 1)
        return top / top.sum(axis=-1, keepdims=True)
    if node.op == "function":
        return _compiled(node.data)(first)
    raise ValueError(f"no explicit value of {node.op} in {node}")


@cache
def _compiled(name: str) -> Callable[[Any], Any]:
    return sp.lambdify(x, UNITS[name], modules=["scipy", "numpy"])
