"""Arrays of a layer: expressions in ``@ * + .T`` with symbolic shapes, checked as they are written.

An array is a node: an operation and its arguments. Nothing is computed here; the compiler reads the
nodes as index notation, and the code generator as a network. Shapes follow NumPy's rules, with
sizes that are symbols: axes are aligned from the right, and two sizes fit when they are one symbol
or one of them is 1.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp

from theory.algebra.given import exact

Shape = tuple[sp.Expr, ...]
Operand = Any  # an array, a SymPy number or a Python number


class LayerError(ValueError):
    """A layer that cannot be what its author means; the message names the culprit."""


@dataclass(frozen=True, eq=False)
class Array:
    """An operation on arrays; ``data`` is what it needs besides: a leaf, an axis, a number."""

    op: str
    args: tuple[Array, ...]
    shape: Shape
    data: Any = None

    __array_priority__ = 1000

    @cached_property
    def _key(self) -> tuple[Hashable, ...]:
        return (self.op, self.args, self.shape, self.data)

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    def __hash__(self) -> int:
        """Equal expressions have equal hashes."""
        return self._hash

    def __eq__(self, other: object) -> bool:
        """The same expression, written once or twice."""
        return self is other or (isinstance(other, Array) and self._key == other._key)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **_: Any) -> Array:
        """NumPy has no business in a layer."""
        culprit = next((x for x in inputs if not isinstance(x, Array)), ufunc.__name__)
        raise TypeError(
            f"expected arrays of verilimit and its functions in a layer; received numpy's "
            f"{ufunc.__name__} with {type(culprit).__name__}. Use vl.tanh and the like, and "
            f"vl.fixed for an array of numbers (its values go to at=)"
        )

    @property
    def T(self) -> Array:
        """The array with its last two axes exchanged."""
        if len(self.shape) < 2:
            raise LayerError(
                f"only an array with two axes has a transpose; {self} has {self.shape}"
            )
        shape = (*self.shape[:-2], self.shape[-1], self.shape[-2])
        return self.args[0] if self.op == "transpose" else Array("transpose", (self,), shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __add__(self, other: Operand) -> Array:
        """Entry by entry."""
        return elementwise("add", self, as_array(other))

    __radd__ = __add__

    def __neg__(self) -> Array:
        """Entry by entry."""
        return self * sp.S.NegativeOne

    def __sub__(self, other: Operand) -> Array:
        """Entry by entry."""
        return self + -as_array(other)

    def __rsub__(self, other: Operand) -> Array:
        """Entry by entry."""
        return as_array(other) - self

    def __mul__(self, other: Operand) -> Array:
        """Entry by entry."""
        return elementwise("mul", self, as_array(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Operand) -> Array:
        """Entry by entry."""
        other = as_array(other)
        if other.op == "number":
            return self * (1 / other.data)
        return self * Array("function", (other,), other.shape, "reciprocal")

    def __rtruediv__(self, other: Operand) -> Array:
        """Entry by entry."""
        return as_array(other) / self

    def __pow__(self, exponent: int) -> Array:
        """Entry by entry."""
        if not (isinstance(exponent, int) and exponent > 0):
            raise LayerError(f"a power of an array is a positive integer; received {exponent}")
        return Array("power", (self,), self.shape, exponent)

    def __matmul__(self, other: Operand) -> Array:
        """The matrix product."""
        return matmul(self, as_array(other))

    def __rmatmul__(self, other: Operand) -> Array:
        """The matrix product."""
        return matmul(as_array(other), self)

    def __iter__(self) -> Iterator[Array]:
        """Refused: sizes are symbols."""
        raise TypeError(f"{self} is a symbolic array of shape {self.shape}: it cannot be iterated")

    def __bool__(self) -> bool:
        """Refused: entries are symbols."""
        raise TypeError(f"{self} is a symbolic array: it is neither true nor false")

    def __str__(self) -> str:
        """Short text of the expression."""
        if self.op in ("leaf", "number"):
            return str(getattr(self.data, "name", self.data))
        if self.op == "transpose":
            return f"{self.args[0]}.T"
        sign = {"add": " + ", "mul": " * ", "matmul": " @ "}.get(self.op)
        if sign:
            return "(" + sign.join(map(str, self.args)) + ")"
        label = self.data if self.op in ("function", "normal") else self.op
        return f"{label}({', '.join(map(str, self.args))})"

    __repr__ = __str__


def number(value: sp.Expr) -> Array:
    """A number as an array without axes."""
    return Array("number", (), (), value)


def as_array(value: Operand) -> Array:
    """An operand of an array; what is neither array nor exact number is refused."""
    if isinstance(value, Array):
        return value
    if isinstance(value, int | float | sp.Expr):
        return number(exact(value, "a number in a layer"))
    raise TypeError(
        f"expected an array of verilimit, a SymPy expression or a number in a layer; received "
        f"{type(value).__name__}. An array of numbers is vl.fixed, with its values in at="
    )


def broadcast(*shapes: Shape, what: str = "") -> Shape:
    """The common shape, axes aligned from the right."""
    length = max(map(len, shapes))
    found = []
    for k in range(length, 0, -1):
        sizes = {s[-k] for s in shapes if len(s) >= k} - {sp.S.One}
        if len(sizes) > 1:
            raise LayerError(
                f"shapes do not match in {what}: {' and '.join(map(str, shapes))}; axis -{k} is "
                f"{' and '.join(sorted(map(str, sizes)))}. Transpose one, or give both one size"
            )
        found.append(sizes.pop() if sizes else sp.S.One)
    return tuple(found)


def elementwise(op: str, left: Array, right: Array) -> Array:
    """A sum or product entry by entry."""
    what = f"{left} {'+' if op == 'add' else '*'} {right}"
    shape = broadcast(left.shape, right.shape, what=what)
    if left.op == right.op == "number":
        value = left.data + right.data if op == "add" else left.data * right.data
        return number(value)
    if op == "mul" and right.op == "number" and left.op == "mul" and left.args[1].op == "number":
        left, right = left.args[0], number(left.args[1].data * right.data)
    return Array(op, (left, right), shape)


def matmul(left: Array, right: Array) -> Array:
    """The matrix product, by NumPy's rules for one, two and more axes."""
    what = f"{left} @ {right}"
    if not left.shape or not right.shape:
        raise LayerError(f"{what}: a matrix product needs axes; multiply by a number with *")
    inner = right.shape[0] if right.ndim == 1 else right.shape[-2]
    if left.shape[-1] != inner:
        raise LayerError(
            f"shapes do not match in {what}: {left.shape} @ {right.shape}; the last axis of "
            f"{left} is {left.shape[-1]}, that of {right} which meets it is {inner}"
        )
    outer = broadcast(left.shape[:-2], right.shape[:-2], what=what)
    rows = left.shape[-2:-1] if left.ndim > 1 else ()
    columns = right.shape[-1:] if right.ndim > 1 else ()
    return Array("matmul", (left, right), (*outer, *rows, *columns))


def nodes(array: Array) -> Iterator[Array]:
    """All different nodes of an expression, arguments first."""
    seen: set[Array] = set()

    def visit(node: Array) -> Iterator[Array]:
        if node not in seen:
            seen.add(node)
            for a in node.args:
                yield from visit(a)
            yield node

    yield from visit(array)
