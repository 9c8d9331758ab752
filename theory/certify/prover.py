"""The prover: cuts a box in two until interval arithmetic decides each piece.

It uses crival (module ``ival``), tight intervals of doubles, on many pieces at a time. What it
says is not believed: `theory.certify.replay` checks the tree that it leaves, in Arb.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from theory.certify.inequality import LARGEST_ORDER, Inequality
from theory.certify.program import Arithmetic, Program, run

Leaf = list  # ["value", its lower bound], or ["taylor", axis, order, "low" or "high"]
Ends = np.ndarray  # (axes, 2)
BATCH = 4096


@dataclass(frozen=True)
class Proof:
    """A tree, in order of visit: ["cut", axis] before its two parts, or a leaf."""

    tree: list
    boxes: int


@dataclass(frozen=True)
class Counter:
    """A box on which the expression is negative."""

    box: list
    boxes: int


@dataclass(frozen=True)
class Undecided:
    """The budget of boxes is spent."""

    boxes: int


@cache
def intervals() -> Arithmetic:
    """The arithmetic of crival, on arrays; a ModuleNotFoundError says how to install it."""
    ival = _module()
    operations = {
        "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b,
        "neg": lambda a: -a, "square": ival.sqr, "sqrt": ival.sqrt, "exp": ival.exp,
        "log": ival.log, "acos": ival.acos, "erf": ival.erf, "tanh": ival.tanh,
    }  # fmt: skip

    def constant(p: int, q: int) -> Any:
        return ival.Interval(p) / ival.Interval(q)

    return Arithmetic(constant, lambda: ival.acos(ival.Interval(-1.0)), operations)


def prove(claim: Inequality, budget: int) -> Proof | Counter | Undecided:
    """Search a proof with at most ``budget`` boxes."""
    root = np.array([[float(a), float(b)] for a, b in claim.ends])
    nodes: dict[int, Any] = {}  # index of a piece -> leaf, or the axis and the two parts
    waiting, boxes, used = [(0, root)], 1, 0
    while waiting:
        batch, waiting = waiting[:BATCH], waiting[BATCH:]
        used += len(batch)
        pieces = np.stack([piece for _, piece in batch])
        leaves, negative = _decide(claim, pieces)
        if negative is not None:
            return Counter(negative.tolist(), used)
        for (index, piece), leaf in zip(batch, leaves, strict=True):
            if leaf is not None:
                nodes[index] = leaf
                continue
            axis = _widest(piece, root)
            nodes[index] = (axis, boxes, boxes + 1)
            waiting += _halves(piece, axis, boxes)
            boxes += 2
        if boxes > budget:
            return Undecided(used)
    return Proof(_listed(nodes), boxes)


def _widest(piece: Ends, root: Ends) -> int:
    return int(np.argmax((piece[:, 1] - piece[:, 0]) / (root[:, 1] - root[:, 0])))


def _halves(piece: Ends, axis: int, first: int) -> list:
    middle = (piece[axis, 0] + piece[axis, 1]) / 2
    low, high = piece.copy(), piece.copy()
    low[axis, 1] = high[axis, 0] = middle
    return [(first, low), (first + 1, high)]


def _decide(claim: Inequality, pieces: np.ndarray) -> tuple[Sequence[Leaf | None], Ends | None]:
    """A leaf for each decided piece; or a box on which the expression is negative."""
    low, high = _bounds(claim.program, pieces)
    if (high < 0).any():
        return [], pieces[int(np.argmax(high < 0))]
    middle = pieces.mean(axis=2, keepdims=True).repeat(2, axis=2)
    _, at_middle = _bounds(claim.program, middle)
    if (at_middle < 0).any():
        return [], middle[int(np.argmax(at_middle < 0))]
    leaves: list[Leaf | None] = [["value", float(x)] if x >= 0 else None for x in low]
    for axis, programs in claim.derivatives.items():
        for end in ("low", "high"):
            open_ = np.array([leaf is None for leaf in leaves])
            if not open_.any():
                return leaves, None
            orders = _taylor(programs, pieces, axis, end)
            for k in np.flatnonzero(open_ & (orders > 0)):
                leaves[k] = ["taylor", axis, int(orders[k]), end]
    return leaves, None


def _taylor(programs: Sequence[Program], pieces: np.ndarray, axis: int, end: str) -> np.ndarray:
    """The order by which derivatives at an end decide each piece, or zero."""
    face = pieces.copy()
    side = 0 if end == "low" else 1
    face[:, axis, 1 - side] = face[:, axis, side]
    orders = np.zeros(len(pieces), dtype=int)
    going = np.ones(len(pieces), dtype=bool)
    for order in range(LARGEST_ORDER + 1):
        sign = -1 if end == "high" and order % 2 else 1
        if order > 0:
            whole = _bounds(programs[order], pieces)
            orders[going & (orders == 0) & (_least(whole, sign) >= 0)] = order
        going &= _least(_bounds(programs[order], face), sign) >= 0
    return orders


def _least(bounds: tuple[np.ndarray, np.ndarray], sign: int) -> np.ndarray:
    return bounds[0] if sign > 0 else -bounds[1]


def _bounds(program: Program, pieces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the program on each piece; an undefined value bounds nothing."""
    Interval = _module().Interval
    arguments = [Interval(p[:, 0].copy(), p[:, 1].copy()) for p in np.moveaxis(pieces, 1, 0)]
    found = run(program, arguments, intervals())
    shape = (len(pieces),)
    low, high = np.broadcast_to(found.inf, shape), np.broadcast_to(found.sup, shape)
    return np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)


def sample(claim: Inequality, points: int, seed: int) -> tuple[float, list, int]:
    """The smallest lower bound of the expression at random points, and where it is."""
    random = np.random.default_rng(seed)
    ends = np.array([[float(a), float(b)] for a, b in claim.ends])
    at = ends[:, 0] + random.random((points, len(ends))) * (ends[:, 1] - ends[:, 0])
    low, _ = _bounds(claim.program, np.stack([at, at], axis=2))
    worst = int(np.argmin(low))
    return float(low[worst]), at[worst].tolist(), points


def _listed(nodes: dict[int, Any]) -> list:
    """The tree in order of visit."""
    listed, stack = [], [0]
    while stack:
        node = nodes[stack.pop()]
        if isinstance(node, tuple):
            listed.append(["cut", node[0]])
            stack += [node[2], node[1]]
        else:
            listed.append(node)
    return listed


def _module() -> Any:
    try:
        import ival
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"proofs need crival: expected it to be installed, received “{error}”; install it "
            f"with: pip install 'verilimit[certify]'"
        ) from error
    return ival
